"""Joining and leaving by oneself; applications and invitations that somebody must decide.

Through the gateway only: the reference service has no REST commands for them (C headers: TIMGroupJoin, TIMGroupQuit,
TIMGroupGetPendencyList, TIMGroupHandlePendency, TIMGroupReportPendencyReaded).
"""

from typing import Annotated, Any

from qunzhu.commands._applications import (
    ApplicationRow,
    ApplyText,
    apply_for,
    find_application,
    leaders,
    set_decided,
)
from qunzhu.commands._shared import GroupRow, allowed, find_group, find_member, role_of
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.live import enter_live_room, leave_live_room
from qunzhu.commands.members import join, leave
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import ApplicationDecided, ApplicationsSeen, Sort
from qunzhu.core.kinds import Apply
from qunzhu.core.limits import Flag, number
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Action, Role, require

UNDECIDED, BY_OTHER, BY_SELF = 0, 1, 2
FAR = 2**53 - 1
Milliseconds = Annotated[int, number(0, FAR)]


class JoinGroup(Request[Done], frozen=True, kw_only=True):
    """Which group to join, with a greeting for those who decide."""

    GroupId: GroupIdText
    Message: ApplyText | None = None


@command("gateway", writes=True, doors=(GATEWAY,),
         errors=(err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.ALREADY_MEMBER, err.GROUP_FULL,
                 err.USER_GROUP_QUOTA))  # fmt: skip
def join_group(tx: Tx, who: Who, req: JoinGroup) -> Done:
    """Join a group, or apply for it where ApplyJoinOption is NeedPermission (``TIMGroupJoin``).

    The answer to an application is the same; `group_notice` tells what becomes of it. Only Public groups ask. Into a
    live room it lets this session, also where the user is there already.
    """
    group, role = may_ask(tx, who, req)
    if not group.kind.stores_members:
        enter_live_room(tx, who, group, role)
        return Done()
    if group.kind.apply is Apply.BY_OPTION and group.apply_join == "NeedPermission":
        apply_for(tx, who, group, Sort.APPLY, who.user, message=req.Message or "", admins=leaders(tx, group))
    else:
        join(tx, who, group, [who.user], how="Apply")
    return Done()


def may_ask(tx: Tx, who: Who, req: JoinGroup) -> tuple[GroupRow, Role]:
    """Return a group that the caller may ask to join, and what he is in it: in a live room he may be there already."""
    group = find_group(tx, req.GroupId)
    role = role_of(tx, group, who.user)
    if role is not Role.OUTSIDER and group.kind.stores_members:
        raise Refused(err.ALREADY_MEMBER, f"{who.user!r} in {group.group_id!r}")
    require(Action.JOIN, group.kind, Role.OUTSIDER)
    _require_not_banned(tx, who, group, who.user)
    if group.kind.stores_members and group.apply_join == "DisableApply":
        raise Refused(err.NO_RIGHT, "ApplyJoinOption: the group takes no applications")
    return group, role


def _require_not_banned(tx: Tx, who: Who, group: GroupRow, user: str) -> None:
    """Refuse (10007) a user who is banned from the group."""
    row = tx.one("SELECT until FROM bans WHERE group_num = :num AND user_id = :user", num=group.num, user=user)
    if row and row[0] > who.now:
        raise Refused(err.NO_RIGHT, f"{user!r} is banned from the group until {row[0]}")


class QuitGroup(Request[Done], frozen=True, kw_only=True):
    """Which group to leave."""

    GroupId: GroupIdText


@command("gateway", writes=True, doors=(GATEWAY,),
         errors=(err.NO_RIGHT, err.OWNER_MAY_NOT_LEAVE, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID))  # fmt: skip
def quit_group(tx: Tx, who: Who, req: QuitGroup) -> Done:
    """Leave a group (``TIMGroupQuit``), a live room with all sessions.

    The owner may leave a Work group only, which is then without owner.
    """
    group = find_group(tx, req.GroupId)
    require(Action.QUIT, group.kind, role_of(tx, group, who.user))
    if not group.kind.stores_members:
        leave_live_room(tx, who, group)
        return Done()
    leave(tx, who, group, [who.user], how="Quit")
    return Done()


class Application(Reply, frozen=True, kw_only=True):
    """An application or invitation."""

    ApplicationId: int
    GroupId: str
    Sort: int
    User_Account: str
    Inviter_Account: str
    Message: str
    AddTime: int
    Handled: int
    Handler_Account: str
    Accepted: int
    Answer: str


class Applications(Reply, frozen=True, kw_only=True):
    """A page of applications, newest first."""

    Applications: list[Application]
    Next: int
    SeenTime: int
    UnreadNum: int


class GetGroupApplications(Request[Applications], frozen=True, kw_only=True):
    """Which page to read."""

    StartTime: Milliseconds | None = None
    Limit: Annotated[int, number(0, 100)] | None = None


_TO_DECIDE = (
    "SELECT num FROM applications WHERE user_id = :user AND sort = 1 AND at_ms BETWEEN :low AND :high"
    " UNION SELECT b.num FROM members m JOIN applications b ON b.group_num = m.group_num AND b.sort <> 1"
    " AND b.at_ms BETWEEN :low AND :high WHERE m.user_id = :user AND m.role > 200 AND b.inviter <> :user"
)
_MADE = (
    " UNION SELECT num FROM applications WHERE user_id = :user AND sort = 0 AND at_ms BETWEEN :low AND :high"
    " UNION SELECT num FROM applications WHERE inviter = :user AND inviter <> '' AND at_ms BETWEEN :low AND :high"
)
_NOT_IN_YET = (
    ") AND (a.handled_by <> '' OR NOT EXISTS"
    " (SELECT 1 FROM members x WHERE x.group_num = a.group_num AND x.user_id = a.user_id))"
)
"""What waits for somebody who came in meanwhile is out of sight."""
_SHOWN = (
    "SELECT a.num, g.group_id, a.sort, a.user_id, a.inviter, a.message, a.at_ms, a.handled_by, a.accepted, a.answer"
    " FROM applications a JOIN groups g ON g.num = a.group_num WHERE a.num IN ("
)
_COUNTED = "SELECT count(*) FROM applications a WHERE a.num IN ("
PAGE = _SHOWN + _TO_DECIDE + _MADE + _NOT_IN_YET + " ORDER BY a.at_ms DESC, a.num DESC LIMIT :limit"
UNREAD = _COUNTED + _TO_DECIDE + _NOT_IN_YET
SEEN = "SELECT at_ms FROM applications_seen WHERE user_id = :user"


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def get_group_applications(tx: Tx, who: Who, req: GetGroupApplications) -> Applications:
    """List what the caller has to decide and what he asked for himself, newest first.

    He decides applications and members' invitations for groups that he owns or administers, and invitations of himself.
    Those of one millisecond come on one page, even if it then is longer than ``Limit``.
    """
    limit = req.Limit or 50
    rows = _page(tx, who, 0, req.StartTime or FAR, limit)
    following = 0
    if len(rows) == limit:
        last = rows[-1][6]
        rows = [row for row in rows if row[6] > last] + _page(tx, who, last, last, 2**31)
        more = _page(tx, who, 0, last - 1, 1)
        following = more[0][6] if more else 0
    seen = tx.one(SEEN, user=who.user)
    seen_at = int(seen[0]) if seen else 0
    unread = tx.one(UNREAD, user=who.user, low=seen_at + 1, high=FAR)
    return Applications(
        Applications=[_shown(who, row) for row in rows], Next=following, SeenTime=seen_at,
        UnreadNum=int(unread[0]) if unread else 0,
    )  # fmt: skip


def _page(tx: Tx, who: Who, low: int, high: int, limit: int) -> list[tuple[Any, ...]]:
    return tx.all(PAGE, user=who.user, low=low, high=high, limit=limit)


def _shown(who: Who, row: tuple[Any, ...]) -> Application:
    num, group, sort, user, inviter, message, at_ms, handler, accepted, answer = row
    return Application(
        ApplicationId=num, GroupId=group, Sort=sort, User_Account=user, Inviter_Account=inviter, Message=message,
        AddTime=at_ms, Handled=UNDECIDED if not handler else BY_SELF if handler == who.user else BY_OTHER,
        Handler_Account=handler, Accepted=accepted, Answer=answer,
    )  # fmt: skip


class HandleGroupApplication(Request[Done], frozen=True, kw_only=True):
    """Which application or invitation to decide, and how."""

    GroupId: GroupIdText
    ApplicationId: Annotated[int, number(1, FAR)]
    Accept: Flag
    Message: ApplyText | None = None


@command("gateway", writes=True, doors=(GATEWAY,),
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.GROUP_FULL,
                 err.ALREADY_HANDLED, err.USER_GROUP_QUOTA))  # fmt: skip
def handle_group_application(tx: Tx, who: Who, req: HandleGroupApplication) -> Done:
    """Accept or refuse an application or invitation.

    An acceptance that is refused, for want of room or another reason, leaves it open. Somebody who came in meanwhile
    stays a member, whatever is decided.
    """
    group = find_group(tx, req.GroupId)
    row = find_application(tx, group, req.ApplicationId)
    if row is None or row.sort != Sort.ASK_INVITEE:
        allowed(tx, who, group, Action.DECIDE)
    elif row.user_id != who.user:
        raise Refused(err.NO_RIGHT, "the invited user decides")
    if row is None:
        raise Refused(err.BAD_PARAMETER, f"ApplicationId: the group has no application {req.ApplicationId}")
    if row.handled_by:
        raise Refused(err.ALREADY_HANDLED, f"ApplicationId: {row.num} by {row.handled_by!r}")
    accepted, sort = bool(req.Accept), Sort(row.sort)
    enters = accepted and find_member(tx, group, row.user_id) is None
    hand_on = enters and sort is Sort.ASK_ADMINS and group.kind_name in who.app.settings.invite_consent
    set_decided(tx, who, row, req.Message or "", accepted=accepted)
    tx.emit(ApplicationDecided(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, told=False, num=row.num,
        sort=sort, user=row.user_id, inviter=row.inviter, accepted=accepted, message=req.Message or "",
        final=not hand_on,
    ))  # fmt: skip
    if hand_on:
        apply_for(tx, who, group, Sort.ASK_INVITEE, row.user_id, inviter=row.inviter, message=row.message)
    elif enters:
        _let_in(tx, who, group, row)
    return Done()


def _let_in(tx: Tx, who: Who, group: GroupRow, row: ApplicationRow) -> None:
    """Make an accepted user a member; the tip of an invitation names who invited him."""
    _require_not_banned(tx, who, group, row.user_id)
    how = "Invite" if row.inviter else "Apply"
    join(tx, who, group, [row.user_id], how=how, operator=row.inviter, agreed=row.sort == Sort.ASK_INVITEE)


class ReportGroupApplicationsRead(Request[Done], frozen=True, kw_only=True):
    """Up to which time the caller has seen what he is to decide."""

    Time: Milliseconds


@command("gateway", writes=True, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def report_group_applications_read(tx: Tx, who: Who, req: ReportGroupApplicationsRead) -> Done:
    """Count applications and invitations up to a time as read. The time never goes back."""
    at_ms = min(req.Time, who.now_ms) or who.now_ms
    row = tx.one(
        "INSERT INTO applications_seen (user_id, at_ms) VALUES (:user, :at) ON CONFLICT (user_id) DO UPDATE SET"
        " at_ms = :at WHERE applications_seen.at_ms < :at RETURNING at_ms",
        user=who.user, at=at_ms,
    )  # fmt: skip
    if row is not None:
        tx.emit(ApplicationsSeen(user=who.user, at_ms=at_ms))
    return Done()
