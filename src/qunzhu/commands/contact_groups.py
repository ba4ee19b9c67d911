"""Conversation groups and marks: how a user sorts his conversations (docs 1047/53437 to 53442).

They stay when a conversation leaves the list. Marks are numbers from 1 to 64: mark n is bit n - 1 of the SDK's mask.
"""

from collections.abc import Sequence
from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import C2C
from qunzhu.commands._contacts import (
    Contact,
    find_contact,
    owner_of,
    refusal_of,
    session_of,
    write_contacts,
)
from qunzhu.commands.contacts import (
    SERVICE,
    ContactAccount,
    ContactGroupText,
    Sort,
    contact_groups_of,
    mark_text,
    named_peer,
)
from qunzhu.commands.conversations import Conversations
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import ContactGroupChanged
from qunzhu.core.limits import items, number, text
from qunzhu.core.ports import GATEWAY, Tx, Who

MOST_GROUPS = 20
MOST_CONTACTS = 1000
MOST_AT_ONCE = 100
PAGE = 100
STANDARD, CUSTOM, BOTH = 1, 2, 3
ADD, REMOVE = 1, 2
RENAME, CONTENTS = 1, 2
FolderName = Annotated[str, text(32, min_bytes=1, error=err.CONTACT_BAD_PARAMETER, long=err.CONTACT_GROUP_NAME)]
_batch = items(MOST_AT_ONCE, least=1, error=err.CONTACT_NUMBER, empty=err.CONTACT_NUMBER)
_one = items(1, least=1, error=err.CONTACT_BAD_PARAMETER, empty=err.CONTACT_BAD_PARAMETER)
Mark = Annotated[int, number(1, 64, error=err.CONTACT_BAD_PARAMETER)]
Marks = Annotated[list[Mark], items(64, error=err.CONTACT_BAD_PARAMETER)]
CustomText = Annotated[str, text(256, lines=True, error=err.CONTACT_BAD_PARAMETER)]
Place = tuple[int, str]
"""Which conversation: its sort, and with whom or what it is."""


class ContactItem(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversation: with a user (``Type`` 1), or of a group (2)."""

    Type: Sort
    To_Account: ContactAccount | None = None
    ToGroupId: ContactGroupText | None = None


class NamedContact(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversation."""

    Type: int
    To_Account: str | UnsetType = UNSET
    ToGroupId: str | UnsetType = UNSET


class ContactResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one conversation of the request."""

    ContactItem: NamedContact
    ResultCode: int = 0
    ResultInfo: str = ""


class FolderItem(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation group."""

    GroupName: str
    GroupId: int


def _place(item: ContactItem) -> Place:
    return item.Type, named_peer(item.Type, item.To_Account, item.ToGroupId, "ToGroupId")


def _named(place: Place) -> dict[str, Any]:
    sort, peer = place
    return {"Type": sort, "To_Account" if sort == C2C else "ToGroupId": peer}


def _result(place: Place, refused: tuple[ErrorRow, str] | None) -> ContactResult:
    named = NamedContact(**_named(place))
    if refused is None:
        return ContactResult(ContactItem=named)
    row, detail = refused
    return ContactResult(ContactItem=named, ResultCode=row.code, ResultInfo=f"{row.text}: {detail}")


def _require_plan(who: Who, what: str) -> None:
    if not who.app.plan.special_messages:
        raise Refused(err.CONTACT_HIGHER_PLAN, f"plan {who.app.plan_name} has no {what}")


_errors = (err.CONTACT_ACCOUNT_UNKNOWN, err.CONTACT_BAD_PARAMETER, err.CONTACT_NOT_ADMIN)
_item_errors = (err.CONTACT_NUMBER, err.CONTACT_GROUP_GONE, err.TOO_MANY_CONTACTS)


class NewFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation group to make, and what is in it."""

    GroupName: FolderName
    ContactItem: Annotated[list[ContactItem], _batch]


class CreatedFolder(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation group made, with one item per conversation of the request."""

    GroupItem: FolderItem
    ResultItem: list[ContactResult]


class CreatedFolders(Reply, frozen=True, kw_only=True):
    """The conversation group made."""

    GroupResultItem: list[CreatedFolder]


class CreateContactGroup(Request[CreatedFolders], frozen=True, kw_only=True):
    """Whose conversation group to make; one at a time."""

    From_Account: ContactAccount
    GroupContactItem: Annotated[list[NewFolder], _one]


@command(SERVICE, writes=True, doc="1047/53437", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*_errors, *_item_errors, err.TOO_MANY_CONTACT_GROUPS, err.CONTACT_GROUP_NAME,
                 err.CONTACT_HIGHER_PLAN))  # fmt: skip
def create_contact_group(tx: Tx, who: Who, req: CreateContactGroup) -> CreatedFolders:
    """Make a conversation group of a user's: 20 at most (51010), with 1000 conversations together (51008).

    A group that he is not in has 51007 in its item, an unknown account 50001; the others are put in.
    """
    user = owner_of(tx, who, req.From_Account)
    _require_plan(who, "conversation groups")
    [given] = req.GroupContactItem
    folders = _folders(tx, user)
    if given.GroupName in folders.values():
        raise Refused(err.CONTACT_BAD_PARAMETER, f"GroupName: {given.GroupName!r} is there already")
    if len(folders) >= MOST_GROUPS:
        raise Refused(err.TOO_MANY_CONTACT_GROUPS, f"{user!r} has {len(folders)}")
    num = max(folders, default=0) + 1
    tx.run("INSERT INTO contact_groups (user_id, num, name) VALUES (:user, :num, :name)",
           user=user, num=num, name=given.GroupName)  # fmt: skip
    results, put = _sorted(tx, who, user, given.ContactItem)
    _put(tx, who, user, num, put)
    folder = FolderItem(GroupName=given.GroupName, GroupId=num)
    _tell(tx, who, user, "Created", folder, put)
    return CreatedFolders(GroupResultItem=[CreatedFolder(GroupItem=folder, ResultItem=results)])


def _folders(tx: Tx, user: str) -> dict[int, str]:
    rows = tx.all("SELECT num, name FROM contact_groups WHERE user_id = :user ORDER BY num", user=user)
    return {num: name for num, name in rows}  # noqa: C416 - rows are of any length to the checker


def _find_folder(tx: Tx, user: str, name: str) -> int:
    """Return the number of a user's conversation group, or refuse (51009) where he has none of that name."""
    for num, present in _folders(tx, user).items():
        if present == name:
            return num
    raise Refused(err.CONTACT_GROUP_UNKNOWN, f"{name!r} of {user!r}")


def _sorted(tx: Tx, who: Who, user: str, given: Sequence[ContactItem]) -> tuple[list[ContactResult], list[Place]]:
    """Return what becomes of each conversation, and those that something can be set of."""
    refused = {place: refusal_of(tx, who, user, *place) for place in dict.fromkeys(map(_place, given))}
    results = [_result(place, why) for place, why in refused.items()]
    return results, [place for place, why in refused.items() if why is None]


COUNT_IN_FOLDERS = (
    "SELECT count(*) FROM (SELECT DISTINCT sort, peer FROM contact_group_items WHERE user_id = :user) AS found"
)
PUT_IN = (
    "INSERT INTO contact_group_items (user_id, num, sort, peer) VALUES (:user, :num, :sort, :peer)"
    " ON CONFLICT (user_id, num, sort, peer) DO NOTHING"
)
TAKE_OUT = "DELETE FROM contact_group_items WHERE user_id = :user AND num = :num AND sort = :sort AND peer = :peer"
TOUCH = (
    "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
    " custom_data, msg_flag, changed_at) VALUES (:user, :sort, :peer, 0, 0, 0, 0, 0, 0, '', '', 0, :at)"
    " ON CONFLICT (user_id, sort, peer) DO UPDATE SET changed_at = :at"
)


def _put(tx: Tx, who: Who, user: str, num: int, places: Sequence[Place]) -> None:
    """Put conversations into a conversation group, or refuse (51008) where more than 1000 would be in any."""
    tx.many(PUT_IN, [{"user": user, "num": num, "sort": sort, "peer": peer} for sort, peer in places])
    row = tx.one(COUNT_IN_FOLDERS, user=user)
    if row and row[0] > MOST_CONTACTS:
        raise Refused(err.TOO_MANY_CONTACTS, f"{row[0]} conversations would be in groups, at most {MOST_CONTACTS}")
    _touch(tx, who, user, places)


def _touch(tx: Tx, who: Who, user: str, places: Sequence[Place]) -> None:
    tx.many(TOUCH, [{"user": user, "sort": sort, "peer": peer, "at": who.now} for sort, peer in places])


def _tell(
    tx: Tx, who: Who, user: str, change: str, folder: FolderItem, places: Sequence[Place] = (), old: str = ""
) -> None:
    tx.emit(ContactGroupChanged(
        user=user, at=who.now, change=change, num=folder.GroupId, name=folder.GroupName, old_name=old,
        items=list(places), session=session_of(who, user),
    ))  # fmt: skip


class UpdatedContact(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation to put in (1) or take out (2)."""

    ContactOptType: Annotated[int, number(ADD, REMOVE, error=err.CONTACT_BAD_PARAMETER)]
    ContactItem: ContactItem


class FolderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a conversation group: its name (1), or what is in it (2)."""

    UpdateGroupType: Annotated[int, number(RENAME, CONTENTS, error=err.CONTACT_BAD_PARAMETER)]
    OldGroupName: FolderName
    NewGroupName: FolderName | None = None
    ContactUpdateItem: Annotated[list[UpdatedContact], _batch] | None = None


class UpdatedFolder(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation group after the change."""

    UpdateGroupType: int
    GroupName: str
    OldGroupName: str
    GroupId: int
    ContactResultItem: list[ContactResult]


class UpdatedFolders(Reply, frozen=True, kw_only=True):
    """What was changed."""

    UpdateType: int
    UpdateGroupResult: UpdatedFolder


class UpdateContactGroup(Request[UpdatedFolders], frozen=True, kw_only=True):
    """Whose conversation group to change, and how."""

    From_Account: ContactAccount
    UpdateType: Annotated[int, number(1, 1, error=err.CONTACT_BAD_PARAMETER)]
    UpdateGroup: FolderUpdate


@command(SERVICE, writes=True, doc="1047/53439", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*_errors, *_item_errors, err.CONTACT_GROUP_UNKNOWN, err.CONTACT_GROUP_NAME,
                 err.CONTACT_HIGHER_PLAN))  # fmt: skip
def update_contact_group(tx: Tx, who: Who, req: UpdateContactGroup) -> UpdatedFolders:
    """Rename a conversation group of a user's, or put conversations in and take some out."""
    user, update = owner_of(tx, who, req.From_Account), req.UpdateGroup
    _require_plan(who, "conversation groups")
    num = _find_folder(tx, user, update.OldGroupName)
    name, results = update.OldGroupName, list[ContactResult]()
    if update.UpdateGroupType == RENAME:
        name = _rename(tx, who, user, num, update)
    else:
        results = _refill(tx, who, user, num, update)
    return UpdatedFolders(UpdateType=req.UpdateType, UpdateGroupResult=UpdatedFolder(
        UpdateGroupType=update.UpdateGroupType, GroupName=name, OldGroupName=update.OldGroupName, GroupId=num,
        ContactResultItem=results,
    ))  # fmt: skip


def _rename(tx: Tx, who: Who, user: str, num: int, update: FolderUpdate) -> str:
    name = update.NewGroupName
    if name is None:
        raise Refused(err.CONTACT_BAD_PARAMETER, "NewGroupName: required for UpdateGroupType 1, but absent")
    if name in _folders(tx, user).values():
        raise Refused(err.CONTACT_BAD_PARAMETER, f"NewGroupName: {name!r} is there already")
    tx.run("UPDATE contact_groups SET name = :name WHERE user_id = :user AND num = :num", user=user, num=num, name=name)
    _tell(tx, who, user, "Renamed", FolderItem(GroupName=name, GroupId=num), old=update.OldGroupName)
    return name


def _refill(tx: Tx, who: Who, user: str, num: int, update: FolderUpdate) -> list[ContactResult]:
    """Put conversations in, if they are the user's, and take others out, whatever became of them."""
    if update.ContactUpdateItem is None:
        raise Refused(err.CONTACT_NUMBER, "ContactUpdateItem: required for UpdateGroupType 2, but absent")
    given = update.ContactUpdateItem
    results, put = _sorted(tx, who, user, [one.ContactItem for one in given if one.ContactOptType == ADD])
    out = list(dict.fromkeys(_place(one.ContactItem) for one in given if one.ContactOptType == REMOVE))
    tx.many(TAKE_OUT, [{"user": user, "num": num, "sort": sort, "peer": peer} for sort, peer in out])
    _touch(tx, who, user, out)
    _put(tx, who, user, num, put)
    for change, places in (("Removed", out), ("Added", put)):
        if places:
            _tell(tx, who, user, change, FolderItem(GroupName=update.OldGroupName, GroupId=num), places)
    return [*results, *(_result(place, None) for place in out)]


class DeletedFolders(Reply, frozen=True, kw_only=True):
    """The conversation group that is no more."""

    GroupItem: list[FolderItem]


class DelContactGroup(Request[DeletedFolders], frozen=True, kw_only=True):
    """Whose conversation group to delete; one at a time."""

    From_Account: ContactAccount
    GroupName: Annotated[list[FolderName], _one]


@command(SERVICE, writes=True, doc="1047/53441", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*_errors, err.CONTACT_GROUP_UNKNOWN, err.CONTACT_GROUP_NAME, err.CONTACT_HIGHER_PLAN))  # fmt: skip
def del_contact_group(tx: Tx, who: Who, req: DelContactGroup) -> DeletedFolders:
    """Delete a conversation group of a user's; what was in it stays in the list."""
    user, [name] = owner_of(tx, who, req.From_Account), req.GroupName
    _require_plan(who, "conversation groups")
    num = _find_folder(tx, user, name)
    tx.run("DELETE FROM contact_groups WHERE user_id = :user AND num = :num", user=user, num=num)
    tx.run("DELETE FROM contact_group_items WHERE user_id = :user AND num = :num", user=user, num=num)
    folder = FolderItem(GroupName=name, GroupId=num)
    _tell(tx, who, user, "Deleted", folder)
    return DeletedFolders(GroupItem=[folder])


class MarkItem(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, and the marks to set and clear (``OptType`` 1), the custom mark (2), or both (3)."""

    OptType: Annotated[int, number(STANDARD, BOTH, error=err.CONTACT_BAD_PARAMETER)]
    ContactItem: ContactItem
    SetMark: Marks | None = None
    ClearMark: Marks | None = None
    CustomMark: CustomText | None = None


class MarkResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one conversation of the request."""

    OptType: int
    ContactItem: NamedContact
    ResultCode: int = 0
    ResultInfo: str = ""


class MarkResults(Reply, frozen=True, kw_only=True):
    """One item per conversation of the request, in its order."""

    ResultItem: list[MarkResult]


class MarkContact(Request[MarkResults], frozen=True, kw_only=True):
    """Whose conversations to mark."""

    From_Account: ContactAccount
    MarkItem: Annotated[list[MarkItem], _batch]


@command(SERVICE, writes=True, doc="1047/53438", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*_errors, *_item_errors, err.CONTACT_HIGHER_PLAN))  # fmt: skip
def mark_contact(tx: Tx, who: Who, req: MarkContact) -> MarkResults:
    """Set and clear marks of a user's conversations, 100 at most in one call and 1000 in all (51008).

    Marks 1 to 32 have a meaning of their own (1 favourite, 2 unread, 3 folded, 4 hidden), 33 to 64 are the app's. A
    group that he is not in has 51007 in its item, an unknown account 50001; the others are marked.
    """
    user = owner_of(tx, who, req.From_Account)
    if any(item.OptType != CUSTOM for item in req.MarkItem):
        _require_plan(who, "standard marks")
    changed: dict[Place, Contact] = {}
    results = []
    for item in req.MarkItem:
        place = _place(item.ContactItem)
        result = _result(place, _unmarkable(tx, who, user, place, gives=bool(item.SetMark or item.CustomMark)))
        if not result.ResultCode:
            changed[place] = _marked(who, changed.get(place) or find_contact(tx, user, *place), item)
        results.append(MarkResult(
            OptType=item.OptType, ContactItem=result.ContactItem, ResultCode=result.ResultCode,
            ResultInfo=result.ResultInfo,
        ))  # fmt: skip
    _write_marks(tx, who, user, "Marked", list(changed.values()))
    return MarkResults(ResultItem=results)


def _unmarkable(tx: Tx, who: Who, user: str, place: Place, *, gives: bool) -> tuple[ErrorRow, str] | None:
    """Say why a conversation cannot be marked; marks of one that is no more can still be taken away."""
    if not gives and find_contact(tx, user, *place).changed_at:
        return None
    return refusal_of(tx, who, user, *place)


def _marked(who: Who, contact: Contact, item: MarkItem) -> Contact:
    marks, custom = contact.marks, contact.custom_mark
    if item.OptType != CUSTOM:
        marks = marks & ~_mask(item.ClearMark) | _mask(item.SetMark)
    if item.OptType != STANDARD and item.CustomMark is not None:
        custom = item.CustomMark
    return msgspec.structs.replace(contact, marks=marks, custom_mark=custom, changed_at=who.now)


def _mask(marks: Sequence[int] | None) -> int:
    mask = 0
    for mark in marks or ():
        mask |= 1 << mark - 1
    return mask


COUNT_MARKED = (
    "SELECT count(*) FROM contacts WHERE user_id = :user AND changed_at > 0 AND (marks <> 0 OR custom_mark <> '')"
)


def _write_marks(tx: Tx, who: Who, user: str, change: str, contacts: list[Contact]) -> None:
    """Write marks, or refuse (51008) where more than 1000 conversations would have some."""
    write_contacts(tx, who, user, change, contacts)
    row = tx.one(COUNT_MARKED, user=user)
    if row and row[0] > MOST_CONTACTS:
        raise Refused(err.TOO_MANY_CONTACTS, f"{row[0]} conversations would have marks, at most {MOST_CONTACTS}")


class SetConversationData(Request[MarkResults], frozen=True, kw_only=True):
    """Conversations of the caller's, and the text to keep with each."""

    ConvList: Conversations
    CustomData: CustomText


@command("gateway", writes=True, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER,
         errors=(err.CONTACT_BAD_PARAMETER, err.CONTACT_ACCOUNT_UNKNOWN, *_item_errors))  # fmt: skip
def set_conversation_data(tx: Tx, who: Who, req: SetConversationData) -> MarkResults:
    """Keep a text with conversations of the caller's, empty for none: what mark_contact calls the custom mark."""
    changed, results = [], []
    for one in req.ConvList:
        place = one.Type, named_peer(one.Type, one.To_Account, one.GroupId, "GroupId")
        result = _result(place, _unmarkable(tx, who, who.user, place, gives=bool(req.CustomData)))
        if not result.ResultCode:
            contact = find_contact(tx, who.user, *place)
            changed.append(msgspec.structs.replace(contact, custom_mark=req.CustomData, changed_at=who.now))
        results.append(MarkResult(
            OptType=CUSTOM, ContactItem=result.ContactItem, ResultCode=result.ResultCode, ResultInfo=result.ResultInfo
        ))  # fmt: skip
    _write_marks(tx, who, who.user, "Custom", changed)
    return MarkResults(ResultItem=results)


class MarkedContact(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with its marks and conversation groups."""

    Type: int
    To_Account: str | UnsetType = UNSET
    ToGroupId: str | UnsetType = UNSET
    StandardMark: str | UnsetType = UNSET
    CustomMark: str | UnsetType = UNSET
    ContactGroupId: list[int] | UnsetType = UNSET
    Timestamp: int


class MarkedContacts(Reply, frozen=True, kw_only=True):
    """A page of conversations with marks or in groups, and all conversation groups."""

    ContactItem: list[MarkedContact]
    GroupItem: list[FolderItem]
    CompleteFlag: int
    NextStartIndex: int


class GetContactGroup(Request[MarkedContacts], frozen=True, kw_only=True):
    """Whose groups and marks to read, and from where on: 0 first, then ``NextStartIndex``."""

    From_Account: ContactAccount
    StartIndex: Annotated[int, number(0, 2**31, error=err.CONTACT_BAD_PARAMETER)]


SELECT_MARKED: LiteralString = (
    "SELECT c.sort, c.peer FROM contacts c WHERE c.user_id = :user AND c.changed_at > 0 AND (c.marks <> 0"
    " OR c.custom_mark <> '' OR EXISTS (SELECT 1 FROM contact_groups g JOIN contact_group_items i"
    " ON i.user_id = g.user_id AND i.num = g.num AND i.sort = c.sort AND i.peer = c.peer WHERE g.user_id = c.user_id))"
    " ORDER BY c.sort, c.peer LIMIT :limit OFFSET :start"
)


@command(SERVICE, writes=False, doc="1047/53440", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=_errors)  # fmt: skip
def get_contact_group(tx: Tx, who: Who, req: GetContactGroup) -> MarkedContacts:
    """Read a user's conversation groups and the conversations that are in some or have marks, 100 on a page."""
    user = owner_of(tx, who, req.From_Account)
    rows = tx.all(SELECT_MARKED, user=user, limit=PAGE + 1, start=req.StartIndex)
    finished = len(rows) <= PAGE
    return MarkedContacts(
        ContactItem=_marks_of(tx, user, [(sort, peer) for sort, peer in rows[:PAGE]]), GroupItem=_items(tx, user),
        CompleteFlag=int(finished), NextStartIndex=0 if finished else req.StartIndex + PAGE,
    )  # fmt: skip


def _items(tx: Tx, user: str) -> list[FolderItem]:
    return [FolderItem(GroupName=name, GroupId=num) for num, name in _folders(tx, user).items()]


def _marks_of(tx: Tx, user: str, places: Sequence[Place]) -> list[MarkedContact]:
    folders = contact_groups_of(tx, user)
    contacts = ((place, find_contact(tx, user, *place)) for place in places)
    return [
        MarkedContact(
            **_named(place), StandardMark=mark_text(contact.marks) or UNSET, CustomMark=contact.custom_mark or UNSET,
            ContactGroupId=folders.get(place) or UNSET, Timestamp=contact.changed_at,
        )
        for place, contact in contacts
    ]  # fmt: skip


class FoundContacts(Reply, frozen=True, kw_only=True):
    """One item per conversation of the request, in its order, and all conversation groups."""

    ContactResultItem: list[MarkedContact]
    GroupItem: list[FolderItem]


class SearchContactGroup(Request[FoundContacts], frozen=True, kw_only=True):
    """Whose groups and marks to read, and of which conversations."""

    From_Account: ContactAccount
    ContactItem: Annotated[list[ContactItem], items(300, least=1, error=err.CONTACT_NUMBER, empty=err.CONTACT_NUMBER)]


@command(SERVICE, writes=False, doc="1047/53442", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*_errors, err.CONTACT_NUMBER))  # fmt: skip
def search_contact_group(tx: Tx, who: Who, req: SearchContactGroup) -> FoundContacts:
    """Read the conversation groups and marks of up to 300 conversations of a user."""
    user = owner_of(tx, who, req.From_Account)
    places = list(dict.fromkeys(map(_place, req.ContactItem)))
    return FoundContacts(ContactResultItem=_marks_of(tx, user, places), GroupItem=_items(tx, user))
