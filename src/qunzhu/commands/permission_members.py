"""Who is in a permission group (docs 1047/61240 to 61242)."""

from typing import Annotated, Any

import msgspec

from qunzhu.commands._shared import MEMBERS_OF, GroupRow, find_member, publish, registered, unsigned
from qunzhu.commands.groups import GroupIdText, shown_member
from qunzhu.commands.permissions import (
    COMMON,
    PermissionGroupIdText,
    PermissionRow,
    enter,
    find_permission_group,
    held_by,
)
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.events import PermissionMembersAdded, PermissionMembersRemoved
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import Account, items, number, text
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import ALL_BITS, Action, require_held

SERVICE = "group_open_http_svc"
MEMBERS_A_PAGE = 50


class PermissionMember(msgspec.Struct, frozen=True, kw_only=True):
    """One member of the community."""

    Member_Account: Account


class PermissionMemberResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one member."""

    Member_Account: str
    Result: int


class PermissionMemberResults(Reply, frozen=True, kw_only=True):
    """One item per member of the request."""

    MemberList: list[PermissionMemberResult]


class AddPermissionGroupMember(Request[PermissionMemberResults], frozen=True, kw_only=True):
    """Whom to put into which permission group."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    MemberList: Annotated[list[PermissionMember], items(100, least=1)]


@command(SERVICE, writes=True, doc="1047/61240",
         errors=(*COMMON, err.TOO_MANY_ACCOUNTS, err.ALREADY_MEMBER, err.MEMBER_UNKNOWN,
                 err.PERMISSION_GROUP_UNKNOWN))  # fmt: skip
def add_permission_group_member(tx: Tx, who: Who, req: AddPermissionGroupMember) -> PermissionMemberResults:
    """Put members of the community into one of its permission groups.

    Each fails singly: 10013 is in it already, 10007 is no member of the community, 10019 has no account. Who is neither
    owner nor app administrator must have the permission group's bits himself.
    """
    group = enter(tx, who, req.GroupId, Action.EDIT_PERMISSION_MEMBERS)
    target = find_permission_group(tx, group, req.PermissionGroupId)
    _require_held_by_caller(tx, who, group, target)
    results = {user: _added(tx, group, target, user) for user in _users(req.MemberList)}
    if new := [user for user, result in results.items() if result == 0]:
        event = PermissionMembersAdded(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now,
            permission_group_id=target.permission_group_id, users=new, member_num=_count(tx, target, len(new)),
        )  # fmt: skip
        publish(tx, group, event, Notice.PUSHED)
    return _results(req.MemberList, results)


def _require_held_by_caller(tx: Tx, who: Who, group: GroupRow, target: PermissionRow) -> None:
    """Refuse (10007) to let somebody into a permission group that has bits which the caller has not."""
    own = held_by(tx, who, group)
    require_held(unsigned(target.permission), own.group, "PermissionGroupId")
    if own.topic == ALL_BITS:
        return
    rows = tx.all(
        "SELECT topic_num, permission FROM topic_permissions WHERE group_num = :num AND permission_group_id = :id",
        num=group.num,
        id=target.permission_group_id,
    )
    mine: dict[int, int] = {}
    for topic, mask in tx.all(
        "SELECT t.topic_num, t.permission FROM permission_group_members m JOIN topic_permissions t"
        " ON t.group_num = m.group_num AND t.permission_group_id = m.permission_group_id"
        " WHERE m.group_num = :num AND m.user_id = :user",
        num=group.num,
        user=who.user,
    ):
        mine[topic] = mine.get(topic, 0) | unsigned(mask)
    for topic, mask in rows:
        require_held(unsigned(mask), own.topic | mine.get(topic, 0), "PermissionGroupId")


def _added(tx: Tx, group: GroupRow, target: PermissionRow, user: str) -> int:
    if find_member(tx, group, user) is None:
        return err.NO_RIGHT.code if registered(tx, user) else err.MEMBER_UNKNOWN.code
    made = tx.one(
        "INSERT INTO permission_group_members (group_num, user_id, permission_group_id) VALUES (:num, :user, :id)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        num=group.num, user=user, id=target.permission_group_id,
    )  # fmt: skip
    return 0 if made else err.ALREADY_MEMBER.code


def _count(tx: Tx, target: PermissionRow, step: int) -> int:
    row = tx.one(
        "UPDATE permission_groups SET member_num = member_num + :step WHERE group_num = :num"
        " AND permission_group_id = :id RETURNING member_num",
        step=step, num=target.group_num, id=target.permission_group_id,
    )  # fmt: skip
    return int(row[0]) if row else 0


def _users(members: list[PermissionMember]) -> list[str]:
    return list(dict.fromkeys(member.Member_Account for member in members))


def _results(members: list[PermissionMember], results: dict[str, int]) -> PermissionMemberResults:
    return PermissionMemberResults(
        MemberList=[
            PermissionMemberResult(Member_Account=m.Member_Account, Result=results[m.Member_Account]) for m in members
        ]
    )


class DeletePermissionGroupMember(Request[PermissionMemberResults], frozen=True, kw_only=True):
    """Whom to take out of which permission group."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    MemberList: Annotated[list[PermissionMember], items(100, least=1)]


@command(SERVICE, writes=True, doc="1047/61241",
         errors=(*COMMON, err.TOO_MANY_ACCOUNTS, err.PERMISSION_GROUP_UNKNOWN))  # fmt: skip
def delete_permission_group_member(tx: Tx, who: Who, req: DeletePermissionGroupMember) -> PermissionMemberResults:
    """Take members out of a permission group. One who is not in it is passed over, with success."""
    group = enter(tx, who, req.GroupId, Action.EDIT_PERMISSION_MEMBERS)
    target = find_permission_group(tx, group, req.PermissionGroupId)
    users = _users(req.MemberList)
    gone = [user for user in users if _removed(tx, target, user)]
    if gone:
        event = PermissionMembersRemoved(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now,
            permission_group_id=target.permission_group_id, users=gone, member_num=_count(tx, target, -len(gone)),
        )  # fmt: skip
        publish(tx, group, event, Notice.PUSHED)
    return _results(req.MemberList, dict.fromkeys(users, 0))


def _removed(tx: Tx, target: PermissionRow, user: str) -> bool:
    row = tx.one(
        "DELETE FROM permission_group_members WHERE group_num = :num AND user_id = :user AND permission_group_id = :id"
        " RETURNING 1",
        num=target.group_num, user=user, id=target.permission_group_id,
    )  # fmt: skip
    return row is not None


class PermissionGroupMembers(Reply, frozen=True, kw_only=True):
    """A page of a permission group's members; ``Next`` is empty at the end."""

    MemberNum: int
    MemberList: list[dict[str, Any]]
    Next: str


class GetPermissionGroupMemberList(Request[PermissionGroupMembers], frozen=True, kw_only=True):
    """Which page of which permission group's members to read."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    Limit: Annotated[int, number(1, MEMBERS_A_PAGE)] | None = None
    Next: Annotated[str, text(64)] | None = None


IN_PERMISSION_GROUP = (
    " AND m.user_id IN (SELECT user_id FROM permission_group_members WHERE group_num = :num"
    " AND permission_group_id = :id AND user_id > :next ORDER BY user_id LIMIT :limit) ORDER BY m.user_id"
)


@command(SERVICE, writes=False, doc="1047/61242", errors=(*COMMON, err.PERMISSION_GROUP_UNKNOWN))
def get_permission_group_member_list(tx: Tx, who: Who, req: GetPermissionGroupMemberList) -> PermissionGroupMembers:
    """List the members of a permission group with their data as members of the community, in the order of their ids."""
    group = enter(tx, who, req.GroupId, Action.READ_PERMISSIONS)
    target = find_permission_group(tx, group, req.PermissionGroupId)
    limit = req.Limit or MEMBERS_A_PAGE
    rows = tx.all(
        MEMBERS_OF + IN_PERMISSION_GROUP,
        num=group.num,
        id=target.permission_group_id,
        next=req.Next or "",
        limit=limit + 1,
    )
    page = rows[:limit]
    return PermissionGroupMembers(
        MemberNum=target.member_num,
        MemberList=[shown_member(who.now, row, None, None) for row in page],
        Next=page[-1][0] if len(rows) > limit else "",
    )
