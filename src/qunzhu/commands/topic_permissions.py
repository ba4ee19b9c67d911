"""What a permission group may do in single topics (docs 1047/61236 to 61239)."""

import functools
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._shared import GroupRow, allowed, find_group, publish, signed, unsigned
from qunzhu.commands.groups import GroupIdText, Mask
from qunzhu.commands.permissions import COMMON, PermissionGroupIdText, enter, find_permission_group, held_by
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import TopicPermissionsAdded, TopicPermissionsChanged, TopicPermissionsRemoved
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import items, text
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action, require_held

SERVICE = "group_open_http_svc"
TopicIdText = Annotated[str, text(96, min_bytes=1, error=err.TOPIC_ID_INVALID)]
ERRORS = (*COMMON, err.TOPIC_UNKNOWN, err.PERMISSION_GROUP_UNKNOWN, err.TOPIC_ID_INVALID)


class TopicPermission(msgspec.Struct, frozen=True, kw_only=True):
    """A topic and the bits for it."""

    TopicId: TopicIdText
    Permission: Mask


class TopicPermissionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one topic, or what the permission group has for it."""

    TopicId: str
    ErrorCode: int = 0
    ErrorInfo: str = ""
    Permission: int | UnsetType = UNSET


class TopicPermissionResults(Reply, frozen=True, kw_only=True):
    """One item per topic."""

    TopicPermissionResultList: list[TopicPermissionResult]


class AddTopicPermissionGroup(Request[TopicPermissionResults], frozen=True, kw_only=True):
    """Bits for topics that the permission group has none for."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    TopicPermissionList: Annotated[list[TopicPermission], items(50, least=1, error=err.BAD_PARAMETER)]


@command(SERVICE, writes=True, doc="1047/61236", errors=(*ERRORS, err.TOPIC_IN_PERMISSION_GROUP))
def add_topic_permission_group(tx: Tx, who: Who, req: AddTopicPermissionGroup) -> TopicPermissionResults:
    """Give a permission group bits for topics of the community.

    Each topic fails singly: 110013 no topic id of this community, 110003 no such topic, 110010 it is in the permission
    group already, 10007 the caller has not got these bits himself.
    """
    group = _enter(tx, who, req.GroupId, [item.TopicId for item in req.TopicPermissionList])
    target = find_permission_group(tx, group, req.PermissionGroupId).permission_group_id
    added: dict[str, int] = {}

    def add(item: TopicPermission) -> None:
        topic = _topic_num(tx, group, item.TopicId)
        require_held(item.Permission, held_by(tx, who, group, topic).topic, "Permission")
        made = tx.one(
            "INSERT INTO topic_permissions (group_num, permission_group_id, topic_num, permission)"
            " VALUES (:num, :id, :topic, :permission) ON CONFLICT DO NOTHING RETURNING 1",
            num=group.num, id=target, topic=topic, permission=signed(item.Permission),
        )  # fmt: skip
        if made is None:
            raise Refused(err.TOPIC_IN_PERMISSION_GROUP)
        added[item.TopicId] = item.Permission

    results = [_result(item.TopicId, functools.partial(add, item)) for item in req.TopicPermissionList]
    if added:
        event = TopicPermissionsAdded(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, permission_group_id=target,
            permissions=added,
        )  # fmt: skip
        publish(tx, group, event, Notice.PUSHED)
    return TopicPermissionResults(TopicPermissionResultList=results)


class SetTopicPermissionGroup(Request[TopicPermissionResults], frozen=True, kw_only=True):
    """New bits for topics that the permission group has bits for."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    TopicPermissionList: Annotated[list[TopicPermission], items(50, least=1, error=err.BAD_PARAMETER)]


@command(SERVICE, writes=True, doc="1047/61237", errors=(*ERRORS, err.TOPIC_NOT_IN_PERMISSION_GROUP))
def set_topic_permission_group(tx: Tx, who: Who, req: SetTopicPermissionGroup) -> TopicPermissionResults:
    """Change the bits that a permission group has for topics.

    Each topic fails singly, as when adding; 110011 where it is not in the permission group.
    """
    group = _enter(tx, who, req.GroupId, [item.TopicId for item in req.TopicPermissionList])
    target = find_permission_group(tx, group, req.PermissionGroupId).permission_group_id
    changed: dict[str, int] = {}

    def change(item: TopicPermission) -> None:
        topic = _topic_num(tx, group, item.TopicId)
        before = _mask(tx, group, target, topic)
        require_held(item.Permission & ~before, held_by(tx, who, group, topic).topic, "Permission")
        if item.Permission == before:
            return
        tx.run(
            "UPDATE topic_permissions SET permission = :permission WHERE group_num = :num AND permission_group_id = :id"
            " AND topic_num = :topic",
            num=group.num, id=target, topic=topic, permission=signed(item.Permission),
        )  # fmt: skip
        changed[item.TopicId] = item.Permission

    results = [_result(item.TopicId, functools.partial(change, item)) for item in req.TopicPermissionList]
    if changed:
        event = TopicPermissionsChanged(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, permission_group_id=target,
            permissions=changed,
        )  # fmt: skip
        publish(tx, group, event, Notice.PUSHED)
    return TopicPermissionResults(TopicPermissionResultList=results)


class DeleteTopicPermissionGroup(Request[TopicPermissionResults], frozen=True, kw_only=True):
    """For which topics the permission group shall have no bits any more."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    TopicIdList: Annotated[list[TopicIdText], items(50, least=1, error=err.BAD_PARAMETER)]


@command(SERVICE, writes=True, doc="1047/61238", errors=(*ERRORS, err.TOPIC_PERMISSION_GONE))
def delete_topic_permission_group(tx: Tx, who: Who, req: DeleteTopicPermissionGroup) -> TopicPermissionResults:
    """Take topics out of a permission group.

    Each topic fails singly: 110013 no topic id of this community, 110003 no such topic, 110014 it is not in the
    permission group.
    """
    group = _enter(tx, who, req.GroupId, req.TopicIdList)
    target = find_permission_group(tx, group, req.PermissionGroupId).permission_group_id
    gone: list[str] = []

    def delete(topic_id: str) -> None:
        row = tx.one(
            "DELETE FROM topic_permissions WHERE group_num = :num AND permission_group_id = :id AND topic_num = :topic"
            " RETURNING 1",
            num=group.num, id=target, topic=_topic_num(tx, group, topic_id),
        )  # fmt: skip
        if row is None:
            raise Refused(err.TOPIC_PERMISSION_GONE)
        gone.append(topic_id)

    results = [_result(topic_id, functools.partial(delete, topic_id)) for topic_id in req.TopicIdList]
    if gone:
        event = TopicPermissionsRemoved(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, permission_group_id=target,
            topics=gone,
        )  # fmt: skip
        publish(tx, group, event, Notice.PUSHED)
    return TopicPermissionResults(TopicPermissionResultList=results)


class GetTopicPermissionGroup(Request[TopicPermissionResults], frozen=True, kw_only=True):
    """Whose topic permissions to read; without ``TopicIdList`` all."""

    GroupId: GroupIdText
    PermissionGroupId: PermissionGroupIdText
    TopicIdList: Annotated[list[TopicIdText], items(50, error=err.BAD_PARAMETER)] | None = None


@command(SERVICE, writes=False, doc="1047/61239", errors=(*ERRORS, err.TOPIC_NOT_IN_PERMISSION_GROUP))
def get_topic_permission_group(tx: Tx, who: Who, req: GetTopicPermissionGroup) -> TopicPermissionResults:
    """Read the bits that a permission group has for topics.

    A named topic fails singly: 110013, 110003, or 110011 where it is not in the permission group.
    """
    group = enter(tx, who, req.GroupId, Action.READ_PERMISSIONS)
    target = find_permission_group(tx, group, req.PermissionGroupId).permission_group_id
    if req.TopicIdList:
        found = [_result(one, functools.partial(_mask_of, tx, group, target, one)) for one in req.TopicIdList]
        return TopicPermissionResults(TopicPermissionResultList=found)
    rows = tx.all(
        "SELECT t.topic_id, p.permission FROM topic_permissions p JOIN topics t ON t.num = p.topic_num"
        " WHERE p.group_num = :num AND p.permission_group_id = :id ORDER BY p.topic_num",
        num=group.num,
        id=target,
    )
    return TopicPermissionResults(
        TopicPermissionResultList=[
            TopicPermissionResult(TopicId=topic_id, Permission=unsigned(mask)) for topic_id, mask in rows
        ]
    )


def _enter(tx: Tx, who: Who, group_id: str, topics: list[str]) -> GroupRow:
    """Return the community; refuse (10007) a caller who may not change the topic permissions of one of the topics."""
    group = find_group(tx, group_id)
    for topic in dict.fromkeys(topics):
        row = tx.one("SELECT num FROM topics WHERE group_num = :num AND topic_id = :id", num=group.num, id=topic)
        allowed(tx, who, group, Action.EDIT_TOPIC_PERMISSIONS, topic_num=int(row[0]) if row else 0)
    if not who.app.communities_on:
        raise Refused(err.COMMUNITY_OFF, f"GroupId: {group_id!r}")
    return group


def _topic_num(tx: Tx, group: GroupRow, topic_id: str) -> int:
    if not topic_id.startswith(f"{group.group_id}@TOPIC#_"):
        raise Refused(err.TOPIC_ID_INVALID, f"TopicId: {topic_id!r} is no topic of {group.group_id!r}")
    row = tx.one("SELECT num FROM topics WHERE group_num = :num AND topic_id = :id", num=group.num, id=topic_id)
    if row is None:
        raise Refused(err.TOPIC_UNKNOWN, f"TopicId: {topic_id!r}")
    return int(row[0])


def _mask_of(tx: Tx, group: GroupRow, permission_group_id: str, topic_id: str) -> int:
    return _mask(tx, group, permission_group_id, _topic_num(tx, group, topic_id))


def _mask(tx: Tx, group: GroupRow, permission_group_id: str, topic_num: int) -> int:
    row = tx.one(
        "SELECT permission FROM topic_permissions WHERE group_num = :num AND permission_group_id = :id"
        " AND topic_num = :topic",
        num=group.num, id=permission_group_id, topic=topic_num,
    )  # fmt: skip
    if row is None:
        raise Refused(err.TOPIC_NOT_IN_PERMISSION_GROUP)
    return unsigned(row[0])


def _result(topic_id: str, work: Callable[[], int | None]) -> TopicPermissionResult:
    """Do something with one topic of several, and say what became of it."""
    try:
        mask = work()
    except Refused as refusal:
        return TopicPermissionResult(TopicId=topic_id, ErrorCode=refusal.row.code, ErrorInfo=refusal.text)
    return TopicPermissionResult(TopicId=topic_id, Permission=UNSET if mask is None else mask)
