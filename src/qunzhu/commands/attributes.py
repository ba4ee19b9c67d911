"""Attributes of a group: texts by key that members share, such as the seats of a voice room.

Docs 1047/44187, 44188, 44190, 44189, 59499.
"""

from collections.abc import Collection, Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._shared import GroupRow, allowed, find_group
from qunzhu.commands.groups import GroupIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import AttributesChanged
from qunzhu.core.limits import items, number, text
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Action, Role

SERVICE = "group_open_http_svc"
MOST = 16
MOST_BYTES = 16000
WRITES_A_SECOND = 5
LATE_SECONDS = 10
"""A write whose clock is behind the last one's by no more than this waited for its turn and counts in that second."""
Key = Annotated[str, text(32, min_bytes=1, long=err.ATTRIBUTE_KEY)]
Value = Annotated[str, text(4000, lines=True, long=err.ATTRIBUTE_VALUE)]
Version = Annotated[int, number(0, 2**53)]


class NewAttribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute to write."""

    key: Key
    value: Value
    seq: Version | None = None


class AttributeKey(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute to remove."""

    key: Key
    seq: Version | None = None


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute."""

    key: str
    value: str
    seq: int | UnsetType = UNSET


class Attributes(Reply, frozen=True, kw_only=True):
    """All attributes, in the order of their keys."""

    GroupAttrAry: list[Attribute]
    MainSeq: int | UnsetType = UNSET


class GetGroupAttr(Request[Attributes], frozen=True, kw_only=True):
    """Whose attributes to read."""

    GroupId: GroupIdText


SELECT_VERSION = "SELECT version, at, writes FROM attribute_versions WHERE group_num = :num"
SELECT_ATTRIBUTES = "SELECT name, value, version FROM attributes WHERE group_num = :num ORDER BY name"


@command("group_open_attr_http_svc", writes=False, doc="1047/44187",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID))  # fmt: skip
def get_group_attr(tx: Tx, who: Who, req: GetGroupAttr) -> Attributes:
    """Read all attributes of a group.

    Through the gateway each comes with the version at which it was written, and those who are in the group, and so
    hear of every change, get the group's version as well.
    """
    group = find_group(tx, req.GroupId)
    role = allowed(tx, who, group, Action.READ_ATTRIBUTES)
    inside = group.kind.stores_members or tx.presence.live.present(group.group_id, who.user) is not None
    versions, told = who.door == GATEWAY, role is not Role.OUTSIDER and inside
    rows = tx.all(SELECT_ATTRIBUTES, num=group.num)
    return Attributes(
        GroupAttrAry=[Attribute(key=k, value=v, seq=at if versions else UNSET) for k, v, at in rows],
        MainSeq=_version(tx, group)[0] if versions and told else UNSET,
    )


class Written(Reply, frozen=True, kw_only=True):
    """Through the gateway: the group's version now, which is also that of each attribute written."""

    MainSeq: int | UnsetType = UNSET


class ModifyGroupAttr(Request[Written], frozen=True, kw_only=True):
    """Attributes to add or change; the others stay."""

    GroupId: GroupIdText
    GroupAttr: Annotated[list[NewAttribute], items(MOST, least=1, error=err.TOO_MANY_ATTRIBUTES)]


_WRITE_ERRORS = (
    err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.ATTRIBUTE_KEY, err.ATTRIBUTE_VALUE,
    err.TOO_MANY_ATTRIBUTES, err.ATTRIBUTES_TOO_LARGE, err.ATTRIBUTES_TOO_FREQUENT, err.ATTRIBUTE_CONFLICT,
)  # fmt: skip


@command(SERVICE, writes=True, doc="1047/44188", errors=_WRITE_ERRORS)
def modify_group_attr(tx: Tx, who: Who, req: ModifyGroupAttr) -> Written:
    """Add attributes to a group, or change their values."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.EDIT_ATTRIBUTES)
    present = _present(tx, group)
    _require_seen(who, req.GroupAttr, present)
    changed = {item.key: item.value for item in req.GroupAttr}
    return _write(tx, who, group, "modify", present, changed)


class SetGroupAttr(Request[Written], frozen=True, kw_only=True):
    """The attributes that a group shall have, and no others."""

    GroupId: GroupIdText
    GroupAttr: Annotated[list[NewAttribute], items(MOST, least=1, error=err.TOO_MANY_ATTRIBUTES)]


@command(SERVICE, writes=True, doc="1047/44190", errors=_WRITE_ERRORS)
def set_group_attr(tx: Tx, who: Who, req: SetGroupAttr) -> Written:
    """Replace all attributes of a group."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.EDIT_ATTRIBUTES)
    present = _present(tx, group)
    _require_seen(who, req.GroupAttr, present)
    changed = {item.key: item.value for item in req.GroupAttr}
    return _write(tx, who, group, "set", present, changed, [key for key in present if key not in changed])


class ClearGroupAttr(Request[Written], frozen=True, kw_only=True):
    """Whose attributes to remove."""

    GroupId: GroupIdText
    MainSeq: Version | None = None


@command(SERVICE, writes=True, doc="1047/44189",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.ATTRIBUTES_TOO_FREQUENT,
                 err.ATTRIBUTE_CONFLICT))  # fmt: skip
def clear_group_attr(tx: Tx, who: Who, req: ClearGroupAttr) -> Written:
    """Remove all attributes of a group."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.EDIT_ATTRIBUTES)
    version = _version(tx, group)[0]
    if who.door == GATEWAY and req.MainSeq not in {None, version}:
        raise Refused(err.ATTRIBUTE_CONFLICT, f"MainSeq: {req.MainSeq} was read, the group is at {version}")
    present = _present(tx, group)
    return _write(tx, who, group, "clear", present, {}, list(present))


class DeleteGroupAttr(Request[Written], frozen=True, kw_only=True):
    """Keys of the attributes to remove; all must be there."""

    GroupId: GroupIdText
    GroupAttr: Annotated[list[AttributeKey], items(MOST, least=1, error=err.TOO_MANY_ATTRIBUTES)]


@command(SERVICE, writes=True, doc="1047/59499",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.ATTRIBUTE_KEY,
                 err.TOO_MANY_ATTRIBUTES, err.ATTRIBUTES_TOO_FREQUENT, err.ATTRIBUTE_UNKNOWN,
                 err.ATTRIBUTE_CONFLICT))  # fmt: skip
def delete_group_attr(tx: Tx, who: Who, req: DeleteGroupAttr) -> Written:
    """Remove named attributes of a group."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.EDIT_ATTRIBUTES)
    present = _present(tx, group)
    _require_seen(who, req.GroupAttr, present)
    removed = list(dict.fromkeys(item.key for item in req.GroupAttr))
    for key in removed:
        if key not in present:
            raise Refused(err.ATTRIBUTE_UNKNOWN, f"GroupAttr: {key!r}")
    return _write(tx, who, group, "delete", present, {}, removed)


Present = Mapping[str, tuple[int, int]]
"""Bytes of the value and version of each attribute, by key."""


def _present(tx: Tx, group: GroupRow) -> Present:
    return {k: (len(v.encode()), at) for k, v, at in tx.all(SELECT_ATTRIBUTES, num=group.num)}


def _version(tx: Tx, group: GroupRow) -> tuple[int, int, int]:
    """Return the group's version, the second of its last write and the number of writes in that second."""
    row = tx.one(SELECT_VERSION, num=group.num)
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def _require_seen(who: Who, given: Collection[NewAttribute | AttributeKey], present: Present) -> None:
    """Refuse (10056) where an attribute has another version than the caller last saw; the server API always wins."""
    if who.door != GATEWAY:
        return
    for item in given:
        version = present.get(item.key, (0, 0))[1]
        if item.seq not in {None, version}:
            raise Refused(err.ATTRIBUTE_CONFLICT, f"GroupAttr: {item.key!r} seq {item.seq}, but it is at {version}")


def _write(
    tx: Tx, who: Who, group: GroupRow, option: str, present: Present, changed: dict[str, str],
    removed: Collection[str] = (),
) -> Written:  # fmt: skip
    """Write and remove attributes under a new version, within the limits of a group and of a second."""
    sizes = {key: size for key, (size, _) in present.items() if key not in removed}
    sizes |= {key: len(value.encode()) for key, value in changed.items()}
    if len(sizes) > MOST:
        raise Refused(err.TOO_MANY_ATTRIBUTES, f"GroupAttr: {len(sizes)} keys with those there, at most {MOST}")
    if changed and (total := sum(sizes.values())) > MOST_BYTES:
        raise Refused(err.ATTRIBUTES_TOO_LARGE, f"GroupAttr: {total} bytes of all values, at most {MOST_BYTES}")
    version, at, writes = _version(tx, group)
    same = who.now <= at <= who.now + LATE_SECONDS
    at, writes = (at, writes + 1) if same else (who.now, 1)
    if writes > WRITES_A_SECOND:
        raise Refused(err.ATTRIBUTES_TOO_FREQUENT, f"{group.group_id!r} had {WRITES_A_SECOND} in this second")
    version += 1
    tx.run(
        "INSERT INTO attribute_versions (group_num, version, at, writes) VALUES (:num, :version, :at, :writes)"
        " ON CONFLICT (group_num) DO UPDATE SET version = :version, at = :at, writes = :writes",
        num=group.num, version=version, at=at, writes=writes,
    )  # fmt: skip
    tx.many(
        "DELETE FROM attributes WHERE group_num = :num AND name = :name",
        [{"num": group.num, "name": key} for key in removed],
    )
    tx.many(
        "INSERT INTO attributes (group_num, name, value, version) VALUES (:num, :name, :value, :version)"
        " ON CONFLICT (group_num, name) DO UPDATE SET value = :value, version = :version",
        [{"num": group.num, "name": key, "value": value, "version": version} for key, value in changed.items()],
    )
    tx.emit(AttributesChanged(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, version=version, option=option,
        changed=changed, removed=list(removed),
    ))  # fmt: skip
    return Written(MainSeq=version if who.door == GATEWAY else UNSET)
