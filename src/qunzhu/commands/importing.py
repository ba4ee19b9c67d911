"""Importing what was elsewhere before: groups and their members, without notices (docs 1047/34967, 34969)."""

from typing import Annotated, Any

import msgspec

from qunzhu.commands._shared import GroupRow, accounts_among, allowed, find_group, roles_of
from qunzhu.commands._streams import Stream, seq_at, seq_leaving
from qunzhu.commands.groups import (
    MEMBER_CAP,
    ApplyOption,
    CreateGroup,
    GroupFields,
    GroupIdText,
    KindName,
    make_group,
)
from qunzhu.commands.members import ADDED, FAILED, PRESENT, AddedMember, AddedMembers, join
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.limits import (
    UINT32,
    Account,
    FaceUrlText,
    Flag,
    GroupName,
    IntroductionText,
    MaybeAccount,
    NotificationText,
    items,
    number,
    one_of,
    text,
)
from qunzhu.core.ports import REST, Tx, Who
from qunzhu.core.rights import Action, Role

SERVICE = "group_open_http_svc"


class ImportedGroup(Reply, frozen=True, kw_only=True):
    """The group's id."""

    GroupId: str


class ImportGroup(Request[ImportedGroup], frozen=True, kw_only=True):
    """A group that existed elsewhere. Absent options take the kind's and the plan's defaults."""

    Type: KindName
    Name: GroupName
    Owner_Account: MaybeAccount | None = None
    GroupId: Annotated[str, text(48)] | None = None
    Introduction: IntroductionText | None = None
    Notification: NotificationText | None = None
    FaceUrl: FaceUrlText | None = None
    MaxMemberCount: Annotated[int, number(1, MEMBER_CAP)] | None = None
    ApplyJoinOption: ApplyOption | None = None
    AppDefinedData: GroupFields | None = None
    CreateTime: Annotated[int, number(0, UINT32)] | None = None
    SupportTopic: Flag | None = None


SHARED = tuple(name for name in ImportGroup.__struct_fields__ if name in CreateGroup.__struct_fields__)


@command(
    SERVICE, writes=True, doc="1047/34967", doors=(REST,), old_fields={"MaxMemberNum": "MaxMemberCount"},
    errors=(err.BAD_PARAMETER, err.TOO_FREQUENT, err.NO_RIGHT, err.MEMBER_UNKNOWN, err.GROUP_ID_TAKEN,
            err.GROUP_ID_OWN, err.USER_GROUP_QUOTA, err.MEMBER_QUOTA, err.GROUP_QUOTA, err.HIGHER_PLAN,
            err.COMMUNITY_OFF),
)  # fmt: skip
def import_group(tx: Tx, who: Who, req: ImportGroup) -> ImportedGroup:
    """Make a group that existed elsewhere, with the time it was created there; nobody is told.

    It counts as in use: a Work group is seen by its members at once. Live rooms cannot be imported (10007).
    """
    created = req.CreateTime or who.now
    if created > who.now:
        raise Refused(err.BAD_PARAMETER, f"CreateTime: {created}, now is {who.now}")
    group = CreateGroup(**{name: getattr(req, name) for name in SHARED})
    return ImportedGroup(GroupId=make_group(tx, who, group, Action.IMPORT, created_at=created))


class ImportedMember(msgspec.Struct, frozen=True, kw_only=True):
    """One member to import."""

    Member_Account: Account
    Role: Annotated[str, one_of("Admin", "Member")] | None = None
    JoinTime: Annotated[int, number(0, UINT32)] | None = None
    UnreadMsgNum: Annotated[int, number(0, UINT32)] | None = None


class ImportGroupMember(Request[AddedMembers], frozen=True, kw_only=True):
    """Which members to import into which group."""

    GroupId: GroupIdText
    MemberList: Annotated[list[ImportedMember], items(300, least=1)]


@command(
    SERVICE, writes=True, doc="1047/34969", doors=(REST,),
    errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_FULL,
            err.GROUP_ID_INVALID, err.USER_GROUP_QUOTA),
)  # fmt: skip
def import_group_member(tx: Tx, who: Who, req: ImportGroupMember) -> AddedMembers:
    """Make accounts members as they were elsewhere, with join time and unread count; nobody is told.

    Accounts that are not registered fail singly (0). One named twice counts as named first.
    """
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.IMPORT)
    given = {member.Member_Account: member for member in reversed(req.MemberList)}
    known, roles = accounts_among(tx, given), roles_of(tx, group, given)
    results = {
        user: PRESENT if role is not Role.OUTSIDER else ADDED if user in known else FAILED
        for user, role in roles.items()
    }
    new = {user: _columns(tx, who, group, given[user]) for user, result in reversed(results.items()) if result == ADDED}
    if new:
        join(tx, who, group, list(new), how="Import", silent=True, columns=new)
    return AddedMembers(
        MemberList=[
            AddedMember(Member_Account=m.Member_Account, Result=results[m.Member_Account]) for m in req.MemberList
        ]
    )


def _columns(tx: Tx, who: Who, group: GroupRow, member: ImportedMember) -> dict[str, Any]:
    """Return a member's own columns, or refuse a role or a time that cannot be."""
    if member.Role == "Admin" and not group.kind.has_admins:
        raise Refused(err.NO_RIGHT, f"MemberList: Role: a {group.kind_name} group has no administrators")
    joined = member.JoinTime or who.now
    if not group.created_at <= joined <= who.now:
        raise Refused(
            err.BAD_PARAMETER,
            f"MemberList: JoinTime: {joined} of {member.Member_Account!r}, the group was created {group.created_at},"
            f" now is {who.now}",
        )
    role = Role.ADMIN if member.Role == "Admin" else Role.MEMBER
    return {
        "role": int(role),
        "at": joined,
        "seq": seq_leaving(tx, Stream(group), member.UnreadMsgNum or 0),
        "from_seq": seq_at(tx, Stream(group), joined),
    }
