"""Mutes: set and lift them, read who is muted, in a group or in one of its topics (docs 1047/34951, 34964)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from qunzhu.commands._shared import SET_MUTE, GroupRow, accounts_among, allowed_in, find_group, publish, roles_of
from qunzhu.commands.groups import GroupIdText, muted_until
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import MembersMuted
from qunzhu.core.ids import MAX_TOPIC_ID
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import UINT32, Account, items, number, text
from qunzhu.core.ports import Row, Tx, Who
from qunzhu.core.rights import ROLE_NAMES, Action, Role, outranks

SERVICE = "group_open_http_svc"
MuteSeconds = Annotated[int, number(0, UINT32)]
TopicIdText = Annotated[str, text(MAX_TOPIC_ID, error=err.TOPIC_ID_INVALID)]


class ForbidSendMsg(Request[Done], frozen=True, kw_only=True):
    """Whom to mute for how long; 0 lifts the mute."""

    GroupId: GroupIdText
    Members_Account: Annotated[list[Account], items(500, least=1)]
    MuteTime: MuteSeconds
    TopicId: TopicIdText | None = None


@command(SERVICE, writes=True, doc="1047/34951", old_fields={"ShutUpTime": "MuteTime"},
         errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                 err.MEMBER_UNKNOWN, err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID))  # fmt: skip
def forbid_send_msg(tx: Tx, who: Who, req: ForbidSendMsg) -> Done:
    """Mute members of a group or of a topic, or let them talk again.

    A mute is the account's, not the membership's: it survives leaving and coming back, and who is not in the group now
    can be muted too. Accounts that are not registered are passed over; where none of those given is, the call is
    refused (10019). The owner and equals cannot be muted (10007).
    """
    group = find_group(tx, req.GroupId)
    role, topic = allowed_in(tx, who, group, Action.MUTE_TOPIC if req.TopicId else Action.MUTE, req.TopicId)
    known = accounts_among(tx, set(req.Members_Account))
    if not known:
        raise Refused(err.MEMBER_UNKNOWN, f"Members_Account: {req.Members_Account[0]!r}")
    users = [user for user in dict.fromkeys(req.Members_Account) if user in known]
    for user, target in roles_of(tx, group, users).items():
        require_outranked(who, role, target, f"Members_Account: {user!r}")
    mute(tx, who, group, users, req.MuteTime, topic, req.TopicId or "")
    return Done()


def require_outranked(who: Who, role: Role, target: Role, what: str) -> None:
    """Refuse (10007) to act upon the owner or an equal."""
    if not outranks(role, target, app_admin=who.admin):
        raise Refused(err.NO_RIGHT, f"{what} is {ROLE_NAMES[target]} of the group")


def mute(
    tx: Tx, who: Who, group: GroupRow, users: Sequence[str], seconds: int, topic: int = 0, topic_id: str = ""
) -> None:
    """Write mutes (0 seconds: take them away) and tell of them; one in a topic is told to those users only."""
    until = muted_until(who, seconds)
    rows = [{"num": group.num, "topic": topic, "user": user, "until": until} for user in users]
    tx.many(SET_MUTE if seconds else LIFT_MUTE, rows)
    event = MembersMuted(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, users=list(users),
        seconds=seconds, until=until, topic_id=topic_id,
    )  # fmt: skip
    publish(tx, group, event, Notice.OFF if topic else group.kind.role_notice)


LIFT_MUTE = "DELETE FROM mutes WHERE group_num = :num AND topic_num = :topic AND user_id = :user"
SELECT_MUTED = (
    "SELECT user_id, until FROM mutes WHERE group_num = :num AND topic_num = :topic AND until > :now ORDER BY user_id"
)


class MutedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Who is muted, and until when."""

    Member_Account: str
    MutedUntil: int


class MutedAccounts(Reply, frozen=True, kw_only=True):
    """Everybody whose mute is in force."""

    GroupId: str
    MutedAccountList: list[MutedAccount]


class GetGroupMutedAccount(Request[MutedAccounts], frozen=True, kw_only=True):
    """Of which group, or of which topic of it, to read the mutes."""

    GroupId: GroupIdText
    TopicId: TopicIdText | None = None


@command(SERVICE, writes=False, doc="1047/34964",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.REPLY_TOO_LARGE,
                 err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID))  # fmt: skip
def get_group_muted_account(tx: Tx, who: Who, req: GetGroupMutedAccount) -> MutedAccounts:
    """List who is muted in a group or in a topic, in the order of ids; users who left stay in the list."""
    rows = _muted(tx, who, req.GroupId, req.TopicId)
    return MutedAccounts(
        GroupId=req.GroupId,
        MutedAccountList=[MutedAccount(Member_Account=user, MutedUntil=until) for user, until in rows],
    )


class ShuttedUin(msgspec.Struct, frozen=True, kw_only=True):
    """Who is muted, and until when, under the names of before 2022."""

    Member_Account: str
    ShuttedUntil: int


class ShuttedUins(Reply, frozen=True, kw_only=True):
    """Everybody whose mute is in force, under the names of before 2022."""

    GroupId: str
    ShuttedUinList: list[ShuttedUin]


class GetGroupShuttedUin(Request[ShuttedUins], frozen=True, kw_only=True):
    """Of which group to read the mutes."""

    GroupId: GroupIdText


@command(SERVICE, writes=False, doc="1047/34964",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                 err.REPLY_TOO_LARGE))  # fmt: skip
def get_group_shutted_uin(tx: Tx, who: Who, req: GetGroupShuttedUin) -> ShuttedUins:
    """List who is muted in a group: get_group_muted_account as it was called before 2022."""
    rows = _muted(tx, who, req.GroupId, None)
    return ShuttedUins(
        GroupId=req.GroupId,
        ShuttedUinList=[ShuttedUin(Member_Account=user, ShuttedUntil=until) for user, until in rows],
    )


def _muted(tx: Tx, who: Who, group_id: str, topic_id: str | None) -> list[Row]:
    group = find_group(tx, group_id)
    _, topic = allowed_in(tx, who, group, Action.MUTE_TOPIC if topic_id else Action.READ_MUTED, topic_id)
    return tx.all(SELECT_MUTED, num=group.num, topic=topic, now=who.now)
