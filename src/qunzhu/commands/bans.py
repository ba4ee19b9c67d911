"""Bans from live rooms (docs 1047/50295, 50296, 50297)."""

from typing import Annotated, Any

from qunzhu.commands._shared import publish, role_name, role_of
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.live import ROOM_ERRORS, SERVICE, find_room, gone
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import MembersBanned, MembersUnbanned
from qunzhu.core.limits import UINT32, Account, items, number, text
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action, outranks


class BannedMembers(Reply, frozen=True, kw_only=True):
    """A page of bans that hold now. ``NextOffset`` is 0 at the end."""

    BannedAccountList: list[dict[str, Any]]
    NextOffset: int


class GetGroupBanMember(Request[BannedMembers], frozen=True, kw_only=True):
    """Which page."""

    GroupId: GroupIdText
    Offset: Annotated[int, number(0, UINT32)]
    Limit: Annotated[int, number(1, 100)] | None = None


PAGE_BANS = (
    "SELECT user_id, until FROM bans WHERE group_num = :num AND until > :now ORDER BY user_id"
    " LIMIT :limit OFFSET :offset"
)
SET_BAN = (
    "INSERT INTO bans (group_num, user_id, until, description) VALUES (:num, :user, :until, :description)"
    " ON CONFLICT (group_num, user_id) DO UPDATE SET until = :until, description = :description"
)
LIFT_BAN = "DELETE FROM bans WHERE group_num = :num AND user_id = :user RETURNING until"


@command(SERVICE, writes=False, doc="1047/50295", errors=ROOM_ERRORS)
def get_group_ban_member(tx: Tx, who: Who, req: GetGroupBanMember) -> BannedMembers:
    """List who may not be in a live room."""
    group, _ = find_room(tx, who, req.GroupId, Action.BAN)
    limit = req.Limit or 100
    rows = tx.all(PAGE_BANS, num=group.num, now=who.now, limit=limit + 1, offset=req.Offset)
    return BannedMembers(
        BannedAccountList=[{"Member_Account": user, "BannedUntil": until} for user, until in rows[:limit]],
        NextOffset=req.Offset + limit if len(rows) > limit else 0,
    )


BannedAccounts = Annotated[list[Account], items(20, least=1)]


class BanGroupMember(Request[Done], frozen=True, kw_only=True):
    """Whom to ban, and for how many seconds; 4294967295: for good, 0: only put out of the room."""

    GroupId: GroupIdText
    Members_Account: BannedAccounts
    Duration: Annotated[int, number(0, UINT32)]
    Description: Annotated[str, text(1000, lines=True)] | None = None


@command(SERVICE, writes=True, doc="1047/50296", errors=(*ROOM_ERRORS, err.TOO_MANY_ACCOUNTS, err.HIGHER_PLAN))
def ban_group_member(tx: Tx, who: Who, req: BanGroupMember) -> Done:
    """Put users out of a live room and do not let them in again for a time; they need not be there.

    A new ban replaces an older one. The owner and equals cannot be banned (10007).
    """
    group, role = find_room(tx, who, req.GroupId, Action.BAN)
    if not who.app.plan.live_bans:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no bans")
    users = list(dict.fromkeys(req.Members_Account))
    for user in users:
        if not outranks(role, target := role_of(tx, group, user), app_admin=who.admin):
            raise Refused(err.NO_RIGHT, f"Members_Account: {user!r} is {role_name(target)} of the room")
    if not req.Duration:
        tx.emit(gone(who, group, users, how="Kick", reason=req.Description or ""), keep=False)
        return Done()
    until, description = UINT32 if req.Duration == UINT32 else who.now + req.Duration, req.Description or ""
    tx.many(SET_BAN, [{"num": group.num, "user": u, "until": until, "description": description} for u in users])
    event = MembersBanned(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, users=users, until=until,
        reason=description,
    )  # fmt: skip
    publish(tx, group, event, group.kind.member_notice)
    return Done()


class UnbanGroupMember(Request[Done], frozen=True, kw_only=True):
    """Whose bans to lift."""

    GroupId: GroupIdText
    Members_Account: BannedAccounts


@command(SERVICE, writes=True, doc="1047/50297", errors=(*ROOM_ERRORS, err.TOO_MANY_ACCOUNTS))
def unban_group_member(tx: Tx, who: Who, req: UnbanGroupMember) -> Done:
    """Lift bans of a live room. Who is not banned is passed over."""
    group, _ = find_room(tx, who, req.GroupId, Action.BAN)
    lifted = {user: tx.one(LIFT_BAN, num=group.num, user=user) for user in dict.fromkeys(req.Members_Account)}
    users = [user for user, ban in lifted.items() if ban is not None and ban[0] > who.now]
    if users:
        event = MembersUnbanned(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, users=users
        )
        publish(tx, group, event, group.kind.member_notice)
    return Done()
