"""Which listener hears of a ``group_change`` push, and with which arguments: one row per ``ChangeType``. No I/O."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from qunzhu.core.notices import REFRESH, Notice
from qunzhu.tim import topic_info

Call = tuple[str, list[Any]]
"""A sort of listener, and the arguments before its user data; JSON in them is text."""


def permission_group(group: str, own_id: str, name: Any, custom: Any, mask: Any, members: Any) -> dict[str, Any]:
    """Return a permission group as ``PermissionGroupInfo``."""
    return {
        "community_group_id": group, "permission_group_id": own_id, "permission_group_name": name,
        "permission_custom_data": custom, "group_permission": mask, "permission_group_member_count": members,
    }  # fmt: skip


def _told(what: str, change: Notice, value: Any) -> Sequence[Call]:
    return [(what, [change["GroupId"], msgspec.json.encode(value).decode()])]


def _info(change: Notice) -> dict[str, Any]:
    return permission_group(
        change["GroupId"], change["PermissionGroupId"], change["PermissionGroupName"], change["CustomString"],
        change["Permission"], change["MemberNum"],
    )  # fmt: skip


def _of_group(change: Notice, key: str, value: Any) -> dict[str, Any]:
    """Return a ``PermissionGroupCallback``: which permission group, and what happened in it."""
    return {"permission_group_id": change["PermissionGroupId"], key: value}


def _topics(change: Notice) -> dict[str, Any]:
    pairs = [
        {"topic_permission_key": item["TopicId"], "topic_permission_value": item["Permission"]}
        for item in change["TopicPermissionList"]
    ]
    return _of_group(change, "topic_permission_map", pairs)


def _both(name: str, twin: str, change: Notice, told: Any) -> Sequence[Call]:
    """Return the calls of a listener of the group header and of its twin of the community header."""
    args = [change["GroupId"], told]
    return [(name, args), (twin, args)]


def _counters(change: Notice) -> Sequence[Call]:
    """Return a call for each counter; one that was deleted counts as 0, where it would begin again."""
    values = [(item["Key"], item["Value"]) for item in change["GroupCounter"]]
    values += [(key, 0) for key in change["RemovedKeys"]]
    return [("counter", [change["GroupId"], key, value]) for key, value in values]


CHANGES: dict[str, Callable[[Notice], Sequence[Call]]] = {
    "PermissionGroupCreated": lambda c: _told("permission_group_created", c, _info(c)),
    "PermissionGroupChanged": lambda c: _told("permission_group_changed", c, _info(c)),
    "PermissionGroupDestroyed": lambda c: _told("permission_groups_destroyed", c, c["PermissionGroupIdList"]),
    "PermissionMembersAdded": lambda c: _told(
        "permission_members_added", c, _of_group(c, "member_id_list", c["UserList"])
    ),
    "PermissionMembersRemoved": lambda c: _told(
        "permission_members_removed", c, _of_group(c, "member_id_list", c["UserList"])
    ),
    "TopicPermissionsAdded": lambda c: _told("topic_permissions_added", c, _topics(c)),
    "TopicPermissionsChanged": lambda c: _told("topic_permissions_changed", c, _topics(c)),
    "TopicPermissionsRemoved": lambda c: _told(
        "topic_permissions_removed", c, _of_group(c, "topic_id_list", c["TopicIdList"])
    ),
    "AttributesChanged": lambda c: _told("attributes", c, c["All"]) if "All" in c else (),
    "CountersChanged": _counters,
    REFRESH: lambda c: (),
    "TopicCreated": lambda change: _both("topic_created", "community_topic_created", change, change["TopicId"]),
    "TopicChanged": lambda change: _both(
        "topic_changed", "community_topic_changed", change, topic_info.changed(change)
    ),
    "TopicsDestroyed": lambda change: _both(
        "topics_deleted", "community_topics_deleted", change, msgspec.json.encode(change["TopicIdList"]).decode()
    ),
}
