"""Marks of conversations, and reading them with the conversation groups (docs 1047/53438, 53440, 53442).

They stay when a conversation leaves the list. Marks are numbers from 1 to 64: mark n is bit n - 1 of the SDK's mask.
"""

from collections.abc import Sequence
from typing import Annotated, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._contact_items import (
    BATCH,
    CONTACT_ERRORS,
    ITEM_ERRORS,
    MOST_CONTACTS,
    ContactItem,
    FolderItem,
    NamedContact,
    Place,
    folders_of,
    named_fields,
    place_of,
    require_plan,
    result_of,
)
from qunzhu.commands._contacts import Contact, find_contact, owner_of, refusal_of, write_contacts
from qunzhu.commands.contacts import SERVICE, ContactAccount, contact_groups_of, mark_text, named_peer
from qunzhu.commands.conversations import Conversations
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import items, number, text
from qunzhu.core.ports import GATEWAY, Tx, Who

PAGE = 100
STANDARD, CUSTOM, BOTH = 1, 2, 3
Mark = Annotated[int, number(1, 64, error=err.CONTACT_BAD_PARAMETER)]
Marks = Annotated[list[Mark], items(64, error=err.CONTACT_BAD_PARAMETER)]
CustomText = Annotated[str, text(256, lines=True, error=err.CONTACT_BAD_PARAMETER)]


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
    MarkItem: Annotated[list[MarkItem], BATCH]


@command(SERVICE, writes=True, doc="1047/53438", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*CONTACT_ERRORS, *ITEM_ERRORS, err.CONTACT_HIGHER_PLAN))  # fmt: skip
def mark_contact(tx: Tx, who: Who, req: MarkContact) -> MarkResults:
    """Set and clear marks of a user's conversations, 100 at most in one call and 1000 in all (51008).

    Marks 1 to 32 have a meaning of their own (1 favourite, 2 unread, 3 folded, 4 hidden), 33 to 64 are the app's. A
    group that he is not in has 51007 in its item, an unknown account 50001; the others are marked.
    """
    user = owner_of(tx, who, req.From_Account)
    if any(item.OptType != CUSTOM for item in req.MarkItem):
        require_plan(who, "standard marks")
    changed: dict[Place, Contact] = {}
    results = []
    for item in req.MarkItem:
        place = place_of(item.ContactItem)
        result = result_of(place, _unmarkable(tx, who, user, place, gives=bool(item.SetMark or item.CustomMark)))
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
         errors=(err.CONTACT_BAD_PARAMETER, err.CONTACT_ACCOUNT_UNKNOWN, *ITEM_ERRORS))  # fmt: skip
def set_conversation_data(tx: Tx, who: Who, req: SetConversationData) -> MarkResults:
    """Keep a text with conversations of the caller's, empty for none: what mark_contact calls the custom mark."""
    changed, results = [], []
    for one in req.ConvList:
        place = one.Type, named_peer(one.Type, one.To_Account, one.GroupId, "GroupId")
        result = result_of(place, _unmarkable(tx, who, who.user, place, gives=bool(req.CustomData)))
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
         errors=CONTACT_ERRORS)  # fmt: skip
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
    return [FolderItem(GroupName=name, GroupId=num) for num, name in folders_of(tx, user).items()]


def _marks_of(tx: Tx, user: str, places: Sequence[Place]) -> list[MarkedContact]:
    folders = contact_groups_of(tx, user)
    contacts = ((place, find_contact(tx, user, *place)) for place in places)
    return [
        MarkedContact(
            **named_fields(place), StandardMark=mark_text(contact.marks) or UNSET,
            CustomMark=contact.custom_mark or UNSET, ContactGroupId=folders.get(place) or UNSET,
            Timestamp=contact.changed_at,
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
         errors=(*CONTACT_ERRORS, err.CONTACT_NUMBER))  # fmt: skip
def search_contact_group(tx: Tx, who: Who, req: SearchContactGroup) -> FoundContacts:
    """Read the conversation groups and marks of up to 300 conversations of a user."""
    user = owner_of(tx, who, req.From_Account)
    places = list(dict.fromkeys(map(place_of, req.ContactItem)))
    return FoundContacts(ContactResultItem=_marks_of(tx, user, places), GroupItem=_items(tx, user))
