"""Permission groups of a community: create, destroy, change, read (docs 1047/61232 to 61235)."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._shared import (
    GroupRow,
    allowed,
    find_group,
    masks_of,
    publish,
    role_of,
    signed,
    unsigned,
)
from qunzhu.commands.groups import GroupIdText, Mask
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import (
    PermissionGroupChanged,
    PermissionGroupCreated,
    PermissionGroupDestroyed,
)
from qunzhu.core.ids import check_chosen_permission_group_id, new_permission_group_id
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import items, number, text
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Action, Masks, held, require_held

SERVICE = "group_open_http_svc"
GROUPS_A_PAGE = 20
PermissionGroupIdText = Annotated[str, text(96, min_bytes=1)]
PermissionGroupIds = Annotated[list[PermissionGroupIdText], items(20, error=err.BAD_PARAMETER)]
NameText = Annotated[str, text(150)]
CustomText = Annotated[str, text(3000, lines=True)]
COMMON = (err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.COMMUNITY_OFF)


class PermissionRow(msgspec.Struct, frozen=True):
    """A row of ``permission_groups``, in column order."""

    group_num: int
    permission_group_id: str
    name: str
    permission: int
    custom_string: str
    member_num: int
    created_at: int


def enter(tx: Tx, who: Who, group_id: str, action: Action, *, topic_num: int = 0) -> GroupRow:
    """Return a community in which the caller may do ``action``; refuse (11000) where communities are off."""
    group = find_group(tx, group_id)
    allowed(tx, who, group, action, topic_num=topic_num)
    if not who.app.communities_on:
        raise Refused(err.COMMUNITY_OFF, f"GroupId: {group_id!r}")
    return group


def find_permission_group(tx: Tx, group: GroupRow, permission_group_id: str) -> PermissionRow:
    """Return a permission group, or refuse (110006)."""
    row = tx.one(
        "SELECT * FROM permission_groups WHERE group_num = :num AND permission_group_id = :id",
        num=group.num,
        id=permission_group_id,
    )
    if row is None:
        raise Refused(err.PERMISSION_GROUP_UNKNOWN, f"PermissionGroupId: {permission_group_id!r}")
    return PermissionRow(*row)


def held_by(tx: Tx, who: Who, group: GroupRow, topic_num: int = 0) -> Masks:
    """Return the bits that the caller may give to others."""
    role = role_of(tx, group, who.user)
    return held(role, masks_of(tx, group, who.user, role, topic_num), app_admin=who.admin)


class CreatedPermissionGroup(Reply, frozen=True, kw_only=True):
    """The new permission group's id."""

    PermissionGroupId: str


class CreatePermissionGroup(Request[CreatedPermissionGroup], frozen=True, kw_only=True):
    """A permission group to create, without members."""

    GroupId: GroupIdText
    PermissionGroupId: Annotated[str, text(48)] | None = None
    PermissionGroupName: NameText | None = None
    Permission: Mask | None = None
    CustomString: CustomText | None = None


INSERT_PERMISSION_GROUP = (
    "INSERT INTO permission_groups (group_num, permission_group_id, name, permission, custom_string, member_num,"
    " created_at) VALUES (:num, :id, :name, :permission, :custom, 0, :at) ON CONFLICT DO NOTHING RETURNING 1"
)


@command(SERVICE, writes=True, doc="1047/61232", errors=(*COMMON, err.GROUP_ID_TAKEN))
def create_permission_group(tx: Tx, who: Who, req: CreatePermissionGroup) -> CreatedPermissionGroup:
    """Create a permission group in a community, also before permission groups are switched on there.

    Who is neither owner nor app administrator may give it only bits that he has himself.
    """
    group = enter(tx, who, req.GroupId, Action.EDIT_PERMISSIONS)
    mask = req.Permission or 0
    require_held(mask, held_by(tx, who, group).group, "Permission")
    if req.PermissionGroupId:
        check_chosen_permission_group_id(req.PermissionGroupId)
    while True:
        chosen = req.PermissionGroupId or new_permission_group_id(who.now_ms, who.random)
        event = PermissionGroupCreated(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, permission_group_id=chosen,
            name=req.PermissionGroupName or "", permission=mask, custom_string=req.CustomString or "",
        )  # fmt: skip
        made = tx.one(
            INSERT_PERMISSION_GROUP, num=group.num, id=chosen, name=event.name, permission=signed(mask),
            custom=event.custom_string, at=who.now,
        )  # fmt: skip
        if made is not None:
            publish(tx, group, event, Notice.PUSHED)
            return CreatedPermissionGroup(PermissionGroupId=chosen)
        if req.PermissionGroupId:
            raise Refused(err.GROUP_ID_TAKEN, f"PermissionGroupId: {chosen!r}")


class PermissionGroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one permission group."""

    PermissionGroupId: str
    ErrorCode: int
    ErrorInfo: str


class PermissionGroupResults(Reply, frozen=True, kw_only=True):
    """One item per id of the request."""

    PermissionGroupResultList: list[PermissionGroupResult]


class DestroyPermissionGroup(Request[PermissionGroupResults], frozen=True, kw_only=True):
    """Which permission groups to destroy."""

    GroupId: GroupIdText
    PermissionGroupIdList: Annotated[list[PermissionGroupIdText], items(20, least=1, error=err.BAD_PARAMETER)]


@command(SERVICE, writes=True, doc="1047/61233", errors=(*COMMON, err.PERMISSION_GROUP_UNKNOWN))
def destroy_permission_group(tx: Tx, who: Who, req: DestroyPermissionGroup) -> PermissionGroupResults:
    """Destroy permission groups with their topic permissions; their members stay in the community.

    An unknown one fails singly (110006).
    """
    group = enter(tx, who, req.GroupId, Action.EDIT_PERMISSIONS)
    gone, results = [], []
    for one in req.PermissionGroupIdList:
        refusal = None if _destroy(tx, group, one) else Refused(err.PERMISSION_GROUP_UNKNOWN)
        results.append(
            PermissionGroupResult(
                PermissionGroupId=one,
                ErrorCode=refusal.row.code if refusal else 0,
                ErrorInfo=refusal.text if refusal else "",
            )
        )
        if refusal is None:
            gone.append(one)
    if gone:
        event = PermissionGroupDestroyed(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, permission_group_ids=gone
        )
        publish(tx, group, event, Notice.PUSHED)
    return PermissionGroupResults(PermissionGroupResultList=results)


def _destroy(tx: Tx, group: GroupRow, permission_group_id: str) -> bool:
    where = {"num": group.num, "id": permission_group_id}
    if tx.one(
        "DELETE FROM permission_groups WHERE group_num = :num AND permission_group_id = :id RETURNING 1", **where
    ) is None:  # fmt: skip
        return False
    tx.run("DELETE FROM permission_group_members WHERE group_num = :num AND permission_group_id = :id", **where)
    tx.run("DELETE FROM topic_permissions WHERE group_num = :num AND permission_group_id = :id", **where)
    return True


class ModifyPermissionGroup(Request[Done], frozen=True, kw_only=True):
    """New values of a permission group; absent fields stay."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    PermissionGroupName: NameText | None = None
    Permission: Mask | None = None
    CustomString: CustomText | None = None


@command(SERVICE, writes=True, doc="1047/61234", errors=(*COMMON, err.PERMISSION_GROUP_UNKNOWN))
def modify_permission_group(tx: Tx, who: Who, req: ModifyPermissionGroup) -> Done:
    """Change a permission group's name, bits or custom text; bits added must be the caller's own."""
    group = enter(tx, who, req.GroupId, Action.EDIT_PERMISSIONS)
    old = find_permission_group(tx, group, req.PermissionGroupId)
    before = unsigned(old.permission)
    mask = before if req.Permission is None else req.Permission
    require_held(mask & ~before, held_by(tx, who, group).group, "Permission")
    name = old.name if req.PermissionGroupName is None else req.PermissionGroupName
    custom = old.custom_string if req.CustomString is None else req.CustomString
    if (name, mask, custom) == (old.name, before, old.custom_string):
        return Done()
    tx.run(
        "UPDATE permission_groups SET name = :name, permission = :permission, custom_string = :custom"
        " WHERE group_num = :num AND permission_group_id = :id",
        name=name, permission=signed(mask), custom=custom, num=group.num, id=old.permission_group_id,
    )  # fmt: skip
    event = PermissionGroupChanged(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now,
        permission_group_id=old.permission_group_id, name=name, permission=mask, custom_string=custom,
        member_num=old.member_num,
    )  # fmt: skip
    publish(tx, group, event, Notice.PUSHED)
    return Done()


class PermissionGroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A permission group as read back. The samples call its number of members MemberCount, the table MemberNum."""

    PermissionGroupId: str
    ErrorCode: int = 0
    ErrorInfo: str = ""
    PermissionGroupName: str | UnsetType = UNSET
    Permission: int | UnsetType = UNSET
    CustomString: str | UnsetType = UNSET
    MemberCount: int | UnsetType = UNSET
    MemberNum: int | UnsetType = UNSET
    CreateTime: int | UnsetType = UNSET


class PermissionGroupInfos(Reply, frozen=True, kw_only=True):
    """A page of permission groups, or those asked for; ``Next`` is empty at the end."""

    PermissionGroupInfoList: list[PermissionGroupInfo]
    Next: str


class GetPermissionGroup(Request[PermissionGroupInfos], frozen=True, kw_only=True):
    """Which permission groups to read: named ones, or all, page by page."""

    GroupId: GroupIdText
    PermissionGroupIdList: PermissionGroupIds | None = None
    Limit: Annotated[int, number(1, GROUPS_A_PAGE)] | None = None
    Next: Annotated[str, text(96)] | None = None


@command(SERVICE, writes=False, doc="1047/61235", errors=(*COMMON, err.PERMISSION_GROUP_UNKNOWN))
def get_permission_group(tx: Tx, who: Who, req: GetPermissionGroup) -> PermissionGroupInfos:
    """Read permission groups of a community, in the order of their ids; an unknown one fails singly (110006)."""
    group = enter(tx, who, req.GroupId, Action.READ_PERMISSIONS)
    if req.PermissionGroupIdList:
        return PermissionGroupInfos(
            PermissionGroupInfoList=[_one_info(tx, group, one) for one in req.PermissionGroupIdList], Next=""
        )
    limit = req.Limit or GROUPS_A_PAGE
    rows = tx.all(
        "SELECT * FROM permission_groups WHERE group_num = :num AND permission_group_id > :next"
        " ORDER BY permission_group_id LIMIT :limit",
        num=group.num, next=req.Next or "", limit=limit + 1,
    )  # fmt: skip
    page = [PermissionRow(*row) for row in rows[:limit]]
    return PermissionGroupInfos(
        PermissionGroupInfoList=[_info(row) for row in page],
        Next=page[-1].permission_group_id if len(rows) > limit else "",
    )


def _one_info(tx: Tx, group: GroupRow, permission_group_id: str) -> PermissionGroupInfo:
    try:
        return _info(find_permission_group(tx, group, permission_group_id))
    except Refused as refusal:
        return PermissionGroupInfo(
            PermissionGroupId=permission_group_id, ErrorCode=refusal.row.code, ErrorInfo=refusal.text
        )


def _info(row: PermissionRow) -> PermissionGroupInfo:
    return PermissionGroupInfo(
        PermissionGroupId=row.permission_group_id, PermissionGroupName=row.name, Permission=unsigned(row.permission),
        CustomString=row.custom_string, MemberCount=row.member_num, MemberNum=row.member_num,
        CreateTime=row.created_at,
    )  # fmt: skip


class GetJoinedPermissionGroups(Request[PermissionGroupInfos], frozen=True, kw_only=True):
    """In which community."""

    GroupId: GroupIdText


@command("gateway", writes=False, doors=(GATEWAY,), errors=COMMON)
def get_joined_permission_groups(tx: Tx, who: Who, req: GetJoinedPermissionGroups) -> PermissionGroupInfos:
    """Read the permission groups of a community that the caller is in."""
    group = enter(tx, who, req.GroupId, Action.READ_PERMISSIONS)
    rows = tx.all(
        "SELECT g.* FROM permission_group_members m JOIN permission_groups g ON g.group_num = m.group_num"
        " AND g.permission_group_id = m.permission_group_id WHERE m.group_num = :num AND m.user_id = :user"
        " ORDER BY g.permission_group_id",
        num=group.num,
        user=who.user,
    )
    return PermissionGroupInfos(PermissionGroupInfoList=[_info(PermissionRow(*row)) for row in rows], Next="")
