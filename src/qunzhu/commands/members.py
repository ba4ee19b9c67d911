"""Members: add, remove, list, roles (docs 1047/34921, 34949, 34948, 34963)."""

from collections.abc import Mapping
from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._applications import (
    ApplyText,
    apply_for,
    drop_applications,
    leaders,
    whom_to_ask,
)
from qunzhu.commands._shared import (
    INSERT_MEMBER,
    MEMBERS_OF,
    GroupRow,
    allowed,
    find_group,
    find_member,
    member_limit,
    publish,
    registered,
    require_room_for_group,
    role_name,
    role_of,
)
from qunzhu.commands.groups import GroupIdText, dissolve, set_owner, shown_member
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import MembersJoined, MembersLeft, OwnerChanged
from qunzhu.core.kinds import COMMUNITY, Notice
from qunzhu.core.limits import MSG_FLAGS, UINT32, Account, Flag, items, number, one_of, text
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import ROLES_BY_NAME, Action, Role, outranks

SERVICE = "group_open_http_svc"
FAILED, ADDED, PRESENT, ASKED = 0, 1, 2, 3
ROLE_ORDER = ("Owner", "Admin", "Member")


class NewMember(msgspec.Struct, frozen=True, kw_only=True):
    """One account to add."""

    Member_Account: Account


class AddedMember(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one account: 0 failed, 1 added, 2 was a member already, 3 somebody must agree first."""

    Member_Account: str
    Result: int


class AddedMembers(Reply, frozen=True, kw_only=True):
    """One item per account of the request."""

    MemberList: list[AddedMember]


class AddGroupMember(Request[AddedMembers], frozen=True, kw_only=True):
    """Whom to add to which group; ``Silence`` 1 tells nobody."""

    GroupId: GroupIdText
    Silence: Flag | None = None
    MemberList: Annotated[list[NewMember], items(300, least=1)]
    Message: ApplyText | None = None

    @property
    def refused(self) -> frozenset[str]:
        """Return whom the app's own server does not want in; a request itself says it of nobody."""
        return frozenset()


@command(
    SERVICE, writes=True, doc="1047/34921",
    errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_FULL,
            err.GROUP_ID_INVALID, err.MEMBER_UNKNOWN, err.USER_GROUP_QUOTA),
)  # fmt: skip
def add_group_member(tx: Tx, who: Who, req: AddGroupMember) -> AddedMembers:
    """Add accounts to a group.

    Accounts that are not registered fail singly (0); where none of those given is, the call is refused (10019). Where
    InviteJoinOption is NeedPermission, invitations by members wait for owner or administrators (3); where the app's
    setting `invite_consent` names the kind, they wait for the invited user. An app administrator asks nobody.
    """
    group, role, results = may_add(tx, who, req)
    for user in req.refused & results.keys():
        results[user] = FAILED
    new = [user for user, result in results.items() if result == ADDED]
    sort = whom_to_ask(who, group, role)
    if sort is not None:
        deciders = leaders(tx, group)
        for user in new:
            apply_for(tx, who, group, sort, user, inviter=who.user, message=req.Message or "", admins=deciders)
            results[user] = ASKED
    elif new:
        join(tx, who, group, new, how="Invite", silent=who.admin and bool(req.Silence))
    return AddedMembers(
        MemberList=[
            AddedMember(Member_Account=m.Member_Account, Result=results[m.Member_Account]) for m in req.MemberList
        ]
    )


def may_add(tx: Tx, who: Who, req: AddGroupMember) -> tuple[GroupRow, Role, dict[str, int]]:
    """Return the group, what the caller is in it, and whom of those named he can add; refuse where it is nobody."""
    group = find_group(tx, req.GroupId)
    role = allowed(tx, who, group, Action.INVITE)
    users = list(dict.fromkeys(member.Member_Account for member in req.MemberList))
    results = {user: _addable(tx, group, user) for user in users}
    if set(results.values()) == {FAILED}:
        raise Refused(err.MEMBER_UNKNOWN, f"MemberList: {users[0]!r}")
    return group, role, results


def _addable(tx: Tx, group: GroupRow, user: str) -> int:
    if find_member(tx, group, user) is not None:
        return PRESENT
    return ADDED if registered(tx, user) else FAILED


def join(  # noqa: PLR0913 - how somebody got in
    tx: Tx, who: Who, group: GroupRow, users: list[str], *, how: str, operator: str = "", agreed: bool = False,
    silent: bool = False, columns: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:  # fmt: skip
    """Make users members, count them and tell the group; refuse (10014, 10037) where there is no room.

    ``columns`` are, by user, those that are not a new member's usual ones.
    """
    own = columns or {}
    cap = member_limit(who, group)
    if group.member_num + len(users) > cap:
        raise Refused(err.GROUP_FULL, f"{group.member_num} members and {len(users)} more, the group's limit is {cap}")
    require_room_for_group(tx, who, users)
    total = add_members_num(tx, group, len(users))
    event = publish(
        tx, group, MembersJoined(
            group_id=group.group_id, kind=group.kind_name, operator=operator or who.user, at=who.now, users=users,
            how=how, member_num=total, agreed=agreed,
            admins=[user for user in users if own.get(user, {}).get("role") == Role.ADMIN],
        ), group.kind.member_notice, silent=silent,
    )  # fmt: skip
    tx.many(INSERT_MEMBER, [
        {"num": group.num, "user": user, "role": int(Role.MEMBER), "at": who.now,
         "seq": event.seq or group.next_seq - 1, "flag": MSG_FLAGS.index(group.kind.msg_flag), "card": "",
         "custom": "{}", "from_seq": event.seq or group.next_seq,
         "imported_seq": group.imported_seq, **own.get(user, {})}
        for user in users
    ])  # fmt: skip


def add_members_num(tx: Tx, group: GroupRow, step: int) -> int:
    """Count members in or out and return the new number."""
    row = tx.one(
        "UPDATE groups SET member_num = member_num + :step WHERE num = :num RETURNING member_num",
        step=step,
        num=group.num,
    )
    return int(row[0]) if row else 0


class DeleteGroupMember(Request[Done], frozen=True, kw_only=True):
    """Whom to remove; ``Silence`` 1 tells only those who are removed."""

    GroupId: GroupIdText
    MemberToDel_Account: Annotated[list[Account], items(100, least=1)]
    Silence: Flag | None = None
    Reason: Annotated[str, text(1000, lines=True)] | None = None


@command(SERVICE, writes=True, doc="1047/34949",
         errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN,
                 err.GROUP_ID_INVALID))  # fmt: skip
def delete_group_member(tx: Tx, who: Who, req: DeleteGroupMember) -> Done:
    """Remove members. An account that is no member is passed over; the owner and equals cannot be removed (10007)."""
    group = find_group(tx, req.GroupId)
    role = allowed(tx, who, group, Action.KICK)
    users = []
    for user in dict.fromkeys(req.MemberToDel_Account):
        target = role_of(tx, group, user)
        if target is Role.OUTSIDER:
            continue
        if not outranks(role, target, app_admin=who.admin):
            raise Refused(err.NO_RIGHT, f"MemberToDel_Account: {user!r} is {role_name(target)} of the group")
        users.append(user)
    if users:
        leave(tx, who, group, users, how="Kick", reason=req.Reason or "", silent=who.admin and bool(req.Silence))
    return Done()


LEAVE_PERMISSION_GROUPS: tuple[LiteralString, ...] = (
    (
        "UPDATE permission_groups SET member_num = member_num - 1 WHERE group_num = :num AND permission_group_id IN"
        " (SELECT permission_group_id FROM permission_group_members WHERE group_num = :num AND user_id = :user)"
    ),
    "DELETE FROM permission_group_members WHERE group_num = :num AND user_id = :user",
)
LEAVE_TOPICS = (
    "DELETE FROM topic_members WHERE user_id = :user AND topic_num IN (SELECT num FROM topics WHERE group_num = :num)"
)


def leave(
    tx: Tx, who: Who, group: GroupRow, users: list[str], *, how: str, reason: str = "", silent: bool = False
) -> None:
    """Take members out, count them and tell those who stay; a group that the last one left is dissolved."""
    total = add_members_num(tx, group, -len(users))
    gone = [{"num": group.num, "user": user} for user in users]
    tx.many(
        "DELETE FROM members WHERE group_num = :num AND user_id = :user",
        gone,
    )
    if group.kind.has_permission_groups:
        for statement in LEAVE_PERMISSION_GROUPS:
            tx.many(statement, gone)
    if group.support_topic:
        tx.many(LEAVE_TOPICS, gone)
    drop_applications(tx, group, users)
    event = MembersLeft(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, users=users, how=how,
        member_num=total, reason=reason,
    )  # fmt: skip
    publish(tx, group, event, group.kind.member_notice, silent=silent)
    if group.owner in users:
        set_owner(tx, who.now, group, "")
        ownerless = OwnerChanged(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, old=group.owner, new=""
        )
        publish(tx, group, ownerless, Notice.OFF)
    if total == 0:
        dissolve(tx, who, msgspec.structs.replace(group, owner="", member_num=0))


class Members(Reply, frozen=True, kw_only=True):
    """A page of members; ``Next`` is the cursor of the next page, empty at the end."""

    MemberNum: int
    MemberList: list[dict[str, Any]]
    Next: str | UnsetType = UNSET


class GetGroupMemberInfo(Request[Members], frozen=True, kw_only=True):
    """Which members to list: by ``Offset``, or by ``Next`` (a Community only so, 100 at a time)."""

    GroupId: GroupIdText
    MemberInfoFilter: list[str] | None = None
    MemberRoleFilter: list[Annotated[str, one_of(*ROLE_ORDER)]] | None = None
    AppDefinedDataFilter_GroupMember: list[str] | None = None
    Limit: Annotated[int, number(0, 6000)] | None = None
    Offset: Annotated[int, number(0, UINT32)] | None = None
    Next: Annotated[str, text(64)] | None = None


PAGE_MEMBERS = (
    MEMBERS_OF + " AND m.user_id > :next"
    " AND m.role IN (:owner, :admin, :member) ORDER BY m.user_id LIMIT :limit OFFSET :offset"
)
COMMUNITY_PAGE = 100


@command(SERVICE, writes=False, doc="1047/34948",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                 err.REPLY_TOO_LARGE))  # fmt: skip
def get_group_member_info(tx: Tx, who: Who, req: GetGroupMemberInfo) -> Members:
    """List a group's members in the order of their ids, optionally only some roles and fields."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.READ_MEMBERS)
    by_cursor = group.kind is COMMUNITY or req.Next is not None
    if group.kind is COMMUNITY and (req.Limit or 0) > COMMUNITY_PAGE:
        raise Refused(err.BAD_PARAMETER, f"Limit: {req.Limit}, at most {COMMUNITY_PAGE} for a Community")
    if group.kind is COMMUNITY and req.Offset:
        raise Refused(err.BAD_PARAMETER, "Offset: a Community is paged with Next")
    limit = req.Limit or (COMMUNITY_PAGE if by_cursor else 2**31)
    rows = tx.all(
        PAGE_MEMBERS, num=group.num, next=req.Next or "", limit=limit + 1, offset=req.Offset or 0,
        **role_filter(req.MemberRoleFilter),
    )  # fmt: skip
    page = rows[:limit]
    return Members(
        MemberNum=group.member_num,
        MemberList=[
            shown_member(who.now, row, req.MemberInfoFilter, req.AppDefinedDataFilter_GroupMember) for row in page
        ],
        Next=(page[-1][0] if len(rows) > limit else "") if by_cursor else UNSET,
    )


def role_filter(names: list[str] | None) -> dict[str, int]:
    """Return the three role parameters of a listing: a role that is not wanted becomes one that nobody has."""
    wanted = names or ROLE_ORDER
    return {name.lower(): int(ROLES_BY_NAME[name]) if name in wanted else -1 for name in ROLE_ORDER}


class SpecifiedMembers(Reply, frozen=True, kw_only=True):
    """The named members."""

    GroupId: str
    MemberList: list[dict[str, Any]]


class GetSpecifiedGroupMemberInfo(Request[SpecifiedMembers], frozen=True, kw_only=True):
    """Which members to read; those who are none are left out of the answer."""

    GroupId: GroupIdText
    Member_List_Account: Annotated[list[Account], items(50, least=1)]
    MemberInfoFilter: list[str] | None = None
    MemberRoleFilter: list[Annotated[str, one_of(*ROLE_ORDER)]] | None = None
    AppDefinedDataFilter_GroupMember: list[str] | None = None


@command(SERVICE, writes=False, doc="client model",
         errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN,
                 err.GROUP_ID_INVALID))  # fmt: skip
def get_specified_group_member_info(tx: Tx, who: Who, req: GetSpecifiedGroupMemberInfo) -> SpecifiedMembers:
    """Read named members of one group."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.READ_MEMBERS)
    roles = role_filter(req.MemberRoleFilter).values()
    found = (find_member(tx, group, user) for user in dict.fromkeys(req.Member_List_Account))
    return SpecifiedMembers(
        GroupId=req.GroupId,
        MemberList=[
            shown_member(
                who.now, msgspec.structs.astuple(m), req.MemberInfoFilter, req.AppDefinedDataFilter_GroupMember
            )
            for m in found
            if m is not None and m.role in roles
        ],
    )


class Roles(Reply, frozen=True, kw_only=True):
    """One item per user of the request, NotMember for outsiders."""

    UserIdList: list[dict[str, str]]


class GetRoleInGroup(Request[Roles], frozen=True, kw_only=True):
    """Whose roles to read."""

    GroupId: GroupIdText
    User_Account: Annotated[list[Account], items(500, least=1)]


@command(SERVICE, writes=False, doc="1047/34963",
         errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN,
                 err.GROUP_ID_INVALID))  # fmt: skip
def get_role_in_group(tx: Tx, who: Who, req: GetRoleInGroup) -> Roles:
    """Tell which role each of the given users has in a group."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.READ_ROLES)
    return Roles(
        UserIdList=[{"Member_Account": user, "Role": role_name(role_of(tx, group, user))} for user in req.User_Account]
    )
