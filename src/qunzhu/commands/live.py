"""Live rooms: who is there, and marks; entering and leaving.

Doc 1047/38521, and the pages of group_open_avchatroom_http_svc.
"""

import functools
from collections.abc import Collection, Mapping
from typing import Annotated, Any, LiteralString

import msgspec

from qunzhu.commands._shared import (
    GroupRow,
    allowed,
    entering,
    find_group,
)
from qunzhu.commands.groups import GroupIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import MarksChanged, MembersLeft
from qunzhu.core.limits import UINT32, Account, items, number
from qunzhu.core.live import ALWAYS_THERE, FIRST_MARK, HIDDEN, MARKS_A_ROOM, MEMBERS_A_MARK, Present
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action, Role

SERVICE = "group_open_http_svc"
ROOMS = "group_open_avchatroom_http_svc"
PAGE = 500
SET, CLEAR = 1, 2
SetOrClear = Annotated[int, number(SET, CLEAR)]
ROOM_ERRORS = (err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID)


def find_room(tx: Tx, who: Who, group_id: str, action: Action) -> tuple[GroupRow, Role]:
    """Return a live room and the caller's role in it; refuse (10007) other kinds and who may not do ``action``."""
    group = find_group(tx, group_id)
    if group.kind.stores_members:
        raise Refused(err.NO_RIGHT, f"GroupId: {group_id!r} is a {group.kind_name} group, not a live room")
    return group, allowed(tx, who, group, action)


class OnlineMembers(Reply, frozen=True, kw_only=True):
    """How many are in the room now."""

    OnlineMemberNum: int


class GetOnlineMemberNum(Request[OnlineMembers], frozen=True, kw_only=True):
    """Which room."""

    GroupId: GroupIdText


@command(SERVICE, writes=False, doc="1047/38521", errors=ROOM_ERRORS)
def get_online_member_num(tx: Tx, who: Who, req: GetOnlineMemberNum) -> OnlineMembers:
    """Count who is in a live room now."""
    group, _ = find_room(tx, who, req.GroupId, Action.READ_ONLINE)
    return OnlineMembers(OnlineMemberNum=group.member_num)


class LiveMembers(Reply, frozen=True, kw_only=True):
    """A page of members. ``NextTimestamp`` is 0 at the end."""

    MemberList: list[dict[str, Any]]
    NextTimestamp: int


class GetMembers(Request[LiveMembers], frozen=True, kw_only=True):
    """Which page; ``Timestamp`` is 0 for the first. With ``Mark`` only members who have it."""

    GroupId: GroupIdText
    Timestamp: Annotated[int, number(0, 2**63 - 1)]
    Mark: Annotated[int, number(0, UINT32)] | None = None


@command(ROOMS, writes=False, doc="official page", errors=(*ROOM_ERRORS, err.REPLY_TOO_LARGE))
def get_members(tx: Tx, who: Who, req: GetMembers) -> LiveMembers:
    """List who is in a live room, newest first, 500 at a time.

    Without `Mark` the plan's number of newest ones, less those with mark 600.
    """
    group, _ = find_room(tx, who, req.GroupId, Action.READ_ONLINE)
    most = who.app.plan.live_members_listed if not req.Mark else MEMBERS_A_MARK
    listed = tx.presence.live.newest(group.group_id, most, req.Mark or None)
    rest = [each for each in listed if each.place < req.Timestamp] if req.Timestamp else listed
    page = rest[:PAGE]
    return LiveMembers(
        MemberList=_shown_members(tx, page), NextTimestamp=page[-1].place if len(rest) > PAGE else 0
    )  # fmt: skip


def _shown_members(tx: Tx, page: Collection[Present]) -> list[dict[str, Any]]:
    profiles = profiles_of(tx, [each.user for each in page])
    return [
        {"Member_Account": each.user, "JoinTime": each.joined_at, **shown_profile(profiles, each.user)} for each in page
    ]


def shown_profile(profiles: Mapping[str, tuple[str, str]], user: str) -> dict[str, str]:
    """Return nickname and avatar under the names that live rooms have for them."""
    nick, face = profiles.get(user, ("", ""))
    return {"NickName": nick, "Avatar": face}


def profiles_of(tx: Tx, users: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return nickname and avatar of users, by user."""
    names = {f"user_{index}": user for index, user in enumerate(users)}
    rows = tx.all(_select_profiles(len(names)), **names) if names else []
    return {user: (nick, face) for user, nick, face in rows}


@functools.lru_cache(maxsize=PAGE)
def _select_profiles(size: int) -> LiteralString:
    names = ", ".join(f":user_{index}" for index in range(size))
    return f"SELECT user_id, nick, face_url FROM accounts WHERE user_id IN ({names})"  # noqa: S608 - names made above


class PresentAccounts(Reply, frozen=True, kw_only=True):
    """Those of the accounts asked for who are in the room."""

    Member_Account: list[str]


class CheckMembers(Request[PresentAccounts], frozen=True, kw_only=True):
    """Whom to look for."""

    GroupId: GroupIdText
    Member_Account: Annotated[list[Account], items(500, least=1, error=err.BAD_PARAMETER)]


@command(ROOMS, writes=False, doc="client model", errors=ROOM_ERRORS)
def check_members(tx: Tx, who: Who, req: CheckMembers) -> PresentAccounts:
    """Tell which of the given users are in a live room now."""
    group, _ = find_room(tx, who, req.GroupId, Action.READ_ONLINE)
    users = dict.fromkeys(req.Member_Account)
    return PresentAccounts(
        Member_Account=[user for user in users if tx.presence.live.present(group.group_id, user) is not None]
    )


class MarkedMember(msgspec.Struct, frozen=True, kw_only=True):
    """One member and the marks to give or to take."""

    Member_Account: Account
    Marks: Annotated[list[Annotated[int, number(ALWAYS_THERE, UINT32)]], items(12, error=err.BAD_PARAMETER)]


class MarkedMembers(Reply, frozen=True, kw_only=True):
    """Those of the request who are in the room."""

    CommandType: int
    MemberList: list[MarkedMember]


class ModifyUserInfo(Request[MarkedMembers], frozen=True, kw_only=True):
    """Marks to give (``CommandType`` 1) or to take (2)."""

    GroupId: GroupIdText
    CommandType: SetOrClear
    MemberList: Annotated[list[MarkedMember], items(500, least=1, error=err.BAD_PARAMETER)]


@command(ROOMS, writes=True, doc="official page", errors=ROOM_ERRORS)
def modify_user_info(tx: Tx, who: Who, req: ModifyUserInfo) -> MarkedMembers:
    """Give marks to members of a live room, or take them; who is not there is left out of the answer.

    Marks of one's own begin with 1000, at most 10 different ones in a room; 500 keeps a member in the room for three
    days after his last session, 600 hides him from the list. A mark has 1000 members at most and goes with its member.
    """
    group, _ = find_room(tx, who, req.GroupId, Action.MARK)
    live, enabled = tx.presence.live, req.CommandType == SET
    for item in req.MemberList:
        for mark in item.Marks:
            if mark < FIRST_MARK and mark not in {ALWAYS_THERE, HIDDEN}:
                raise Refused(
                    err.BAD_PARAMETER,
                    f"MemberList: Marks: {mark} is neither {ALWAYS_THERE} nor {HIDDEN}, nor {FIRST_MARK} or more",
                )
    there = {item.Member_Account: live.present(group.group_id, item.Member_Account) for item in req.MemberList}
    changes: dict[int, dict[str, None]] = {}
    for item in req.MemberList:
        member = there[item.Member_Account]
        for mark in item.Marks if member is not None else ():
            if member is not None and (mark in member.marks) is not enabled:
                changes.setdefault(mark, {})[item.Member_Account] = None
    if enabled:
        _require_room_for_marks(live.marks(group.group_id), changes)
    if changes:
        tx.emit(
            MarksChanged(
                group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, enabled=enabled,
                marks={mark: list(users) for mark, users in changes.items()},
            ), keep=False,
        )  # fmt: skip
    return MarkedMembers(
        CommandType=req.CommandType,
        MemberList=[item for item in req.MemberList if there[item.Member_Account] is not None],
    )


def _require_room_for_marks(present: Mapping[int, int], new: Mapping[int, Collection[str]]) -> None:
    """Refuse (10004) what would be over the documented numbers."""
    own = {mark for mark in (*present, *new) if mark >= FIRST_MARK}
    if len(own) > MARKS_A_ROOM:
        raise Refused(err.BAD_PARAMETER, f"Marks: {len(own)} different ones, at most {MARKS_A_ROOM} are allowed")
    for mark, users in new.items():
        if (total := present.get(mark, 0) + len(users)) > MEMBERS_A_MARK:
            raise Refused(
                err.BAD_PARAMETER, f"Marks: {mark} would have {total} members, at most {MEMBERS_A_MARK} are allowed"
            )


def enter_live_room(tx: Tx, who: Who, group: GroupRow, role: Role) -> None:
    """Let the caller's session in, also where it is in already; refuse (10007) outsiders where nobody may enter."""
    if group.apply_join == "DisableApply" and role is Role.OUTSIDER and not who.admin:
        raise Refused(err.NO_RIGHT, "ApplyJoinOption: the room lets nobody in")
    tx.emit(entering(who, group.group_id, group.kind), keep=False)


def leave_live_room(tx: Tx, who: Who, group: GroupRow) -> None:
    """Let the caller go out with all sessions."""
    tx.emit(gone(who, group, [who.user], how="Quit"), keep=False)


def gone(who: Who, group: GroupRow, users: list[str], *, how: str, reason: str = "") -> MembersLeft:
    """Return the event by which users leave a live room. Not to be kept."""
    return MembersLeft(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, users=users, how=how,
        member_num=0, reason=reason,
    )  # fmt: skip
