"""Conversation groups: how a user sorts his conversations (docs 1047/53437, 53439, 53441).

They stay when a conversation leaves the list.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from qunzhu.commands._contact_items import (
    BATCH,
    CONTACT_ERRORS,
    ITEM_ERRORS,
    MOST_CONTACTS,
    ContactItem,
    ContactResult,
    FolderItem,
    Place,
    folders_of,
    place_of,
    require_plan,
    result_of,
)
from qunzhu.commands._contacts import owner_of, refusal_of, session_of
from qunzhu.commands.contacts import SERVICE, ContactAccount
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import ContactGroupChanged
from qunzhu.core.limits import items, number, text
from qunzhu.core.ports import Tx, Who

MOST_GROUPS = 20
ADD, REMOVE = 1, 2
RENAME, CONTENTS = 1, 2
FolderName = Annotated[str, text(32, min_bytes=1, error=err.CONTACT_BAD_PARAMETER, long=err.CONTACT_GROUP_NAME)]
_one = items(1, least=1, error=err.CONTACT_BAD_PARAMETER, empty=err.CONTACT_BAD_PARAMETER)


class NewFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation group to make, and what is in it."""

    GroupName: FolderName
    ContactItem: Annotated[list[ContactItem], BATCH]


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
         errors=(*CONTACT_ERRORS, *ITEM_ERRORS, err.TOO_MANY_CONTACT_GROUPS, err.CONTACT_GROUP_NAME,
                 err.CONTACT_HIGHER_PLAN))  # fmt: skip
def create_contact_group(tx: Tx, who: Who, req: CreateContactGroup) -> CreatedFolders:
    """Make a conversation group of a user's: 20 at most (51010), with 1000 conversations together (51008).

    A group that he is not in has 51007 in its item, an unknown account 50001; the others are put in.
    """
    user = owner_of(tx, who, req.From_Account)
    require_plan(who, "conversation groups")
    [given] = req.GroupContactItem
    folders = folders_of(tx, user)
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


def _find_folder(tx: Tx, user: str, name: str) -> int:
    """Return the number of a user's conversation group, or refuse (51009) where he has none of that name."""
    for num, present in folders_of(tx, user).items():
        if present == name:
            return num
    raise Refused(err.CONTACT_GROUP_UNKNOWN, f"{name!r} of {user!r}")


def _sorted(tx: Tx, who: Who, user: str, given: Sequence[ContactItem]) -> tuple[list[ContactResult], list[Place]]:
    """Return what becomes of each conversation, and those that something can be set of."""
    refused = {place: refusal_of(tx, who, user, *place) for place in dict.fromkeys(map(place_of, given))}
    results = [result_of(place, why) for place, why in refused.items()]
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
    " msg_flag, changed_at) VALUES (:user, :sort, :peer, 0, 0, 0, 0, 0, 0, '', 0, :at)"
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
    ContactUpdateItem: Annotated[list[UpdatedContact], BATCH] | None = None


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
         errors=(*CONTACT_ERRORS, *ITEM_ERRORS, err.CONTACT_GROUP_UNKNOWN, err.CONTACT_GROUP_NAME,
                 err.CONTACT_HIGHER_PLAN))  # fmt: skip
def update_contact_group(tx: Tx, who: Who, req: UpdateContactGroup) -> UpdatedFolders:
    """Rename a conversation group of a user's, or put conversations in and take some out."""
    user, update = owner_of(tx, who, req.From_Account), req.UpdateGroup
    require_plan(who, "conversation groups")
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
    if name in folders_of(tx, user).values():
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
    out = list(dict.fromkeys(place_of(one.ContactItem) for one in given if one.ContactOptType == REMOVE))
    tx.many(TAKE_OUT, [{"user": user, "num": num, "sort": sort, "peer": peer} for sort, peer in out])
    _touch(tx, who, user, out)
    _put(tx, who, user, num, put)
    for change, places in (("Removed", out), ("Added", put)):
        if places:
            _tell(tx, who, user, change, FolderItem(GroupName=update.OldGroupName, GroupId=num), places)
    return [*results, *(result_of(place, None) for place in out)]


class DeletedFolders(Reply, frozen=True, kw_only=True):
    """The conversation group that is no more."""

    GroupItem: list[FolderItem]


class DelContactGroup(Request[DeletedFolders], frozen=True, kw_only=True):
    """Whose conversation group to delete; one at a time."""

    From_Account: ContactAccount
    GroupName: Annotated[list[FolderName], _one]


@command(SERVICE, writes=True, doc="1047/53441", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=(*CONTACT_ERRORS, err.CONTACT_GROUP_UNKNOWN, err.CONTACT_GROUP_NAME,
                 err.CONTACT_HIGHER_PLAN))  # fmt: skip
def del_contact_group(tx: Tx, who: Who, req: DelContactGroup) -> DeletedFolders:
    """Delete a conversation group of a user's; what was in it stays in the list."""
    user, [name] = owner_of(tx, who, req.From_Account), req.GroupName
    require_plan(who, "conversation groups")
    num = _find_folder(tx, user, name)
    tx.run("DELETE FROM contact_groups WHERE user_id = :user AND num = :num", user=user, num=num)
    tx.run("DELETE FROM contact_group_items WHERE user_id = :user AND num = :num", user=user, num=num)
    folder = FolderItem(GroupName=name, GroupId=num)
    _tell(tx, who, user, "Deleted", folder)
    return DeletedFolders(GroupItem=[folder])
