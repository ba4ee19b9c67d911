"""Ids of groups, topics and permission groups: the documented forms, and new ones that nobody can guess.

Docs 1047/33529, 34895, 49471, 61232.
"""

import functools
import re
from collections.abc import Callable

from qunzhu.core.errors import BAD_PARAMETER, GROUP_ID_INVALID, Refused
from qunzhu.core.kinds import COMMUNITY, Kind

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PRINTABLE = re.compile(r"[\x20-\x7e]+\Z")
MAX_GROUP_ID = 48
MAX_TOPIC_ID = 96
GENERATED_PREFIX = "@TGS#"
COMMUNITY_PREFIX = "@TGS#_"
GENERATED_COMMUNITY_PREFIX = "@TGS#_@TGS#"
PERMISSION_GROUP_PREFIX = "@PMG#_"
GENERATED_PERMISSION_GROUP_PREFIX = "@PMG#_@PMG#"
TOPIC_MARK = "@TOPIC#_"
GENERATED_TOPIC_MARK = "@TOPIC#_@TOPIC#"


_DIGIT_OF = bytes(ord(_DIGITS[byte & 31]) for byte in range(256))
"""A digit for each byte of chance: five of its bits."""


def new_group_id(kind: Kind, now_ms: int, random_bytes: Callable[[int], bytes]) -> str:
    """Return a generated id: the kind's prefix, then 17 upper-case letters and digits.

    Seven of them are the time in steps of 32 ms, so that neighbours in time are neighbours in the index; the other
    ten are 50 random bits, so that one id tells nothing about the next, and none is made a second time.
    """
    return f"{kind.id_prefix}{_tail(now_ms, random_bytes)}"


def new_topic_id(group_id: str, now_ms: int, random_bytes: Callable[[int], bytes]) -> str:
    """Return a generated id of a topic: its community's and the mark, then made like those of groups."""
    return f"{group_id}{GENERATED_TOPIC_MARK}c{_tail(now_ms, random_bytes)}"


def new_permission_group_id(now_ms: int, random_bytes: Callable[[int], bytes]) -> str:
    """Return a generated id of a permission group, made like those of groups."""
    return f"{GENERATED_PERMISSION_GROUP_PREFIX}c{_tail(now_ms, random_bytes)}"


def _tail(now_ms: int, random_bytes: Callable[[int], bytes]) -> str:
    return _when(now_ms >> 5) + random_bytes(10).translate(_DIGIT_OF).decode("ascii")


@functools.lru_cache(maxsize=16)
def _when(step: int) -> str:
    """Return seven digits of a time, which hundreds of ids in a row have in common."""
    return "".join(_DIGITS[step >> shift & 31] for shift in range(30, -1, -5))


def check_chosen_id(kind: Kind, group_id: str) -> None:
    """Refuse (10004) an id that a caller may not choose for a group of this kind."""
    size = len(group_id.encode())
    if not 0 < size <= MAX_GROUP_ID or not _PRINTABLE.match(group_id):
        raise Refused(BAD_PARAMETER, f"GroupId: {size} bytes, 1 to {MAX_GROUP_ID} bytes of printable ASCII are allowed")
    if kind is COMMUNITY:
        if not group_id.startswith(COMMUNITY_PREFIX) or group_id.startswith(GENERATED_COMMUNITY_PREFIX):
            raise Refused(
                BAD_PARAMETER,
                f"GroupId: a Community's must start with {COMMUNITY_PREFIX} and not with {GENERATED_COMMUNITY_PREFIX}",
            )
        if len(group_id) == len(COMMUNITY_PREFIX):
            raise Refused(BAD_PARAMETER, f"GroupId: nothing follows {COMMUNITY_PREFIX}")
        if TOPIC_MARK in group_id:
            raise Refused(BAD_PARAMETER, f"GroupId: {TOPIC_MARK} is reserved for topics")
    elif group_id.startswith(GENERATED_PREFIX):
        raise Refused(BAD_PARAMETER, f"GroupId: must not start with {GENERATED_PREFIX}")


def check_chosen_permission_group_id(chosen: str) -> None:
    """Refuse (10004) an id that a caller may not choose for a permission group."""
    size = len(chosen.encode())
    if not 0 < size <= MAX_GROUP_ID or not _PRINTABLE.match(chosen):
        raise Refused(
            BAD_PARAMETER, f"PermissionGroupId: {size} bytes, 1 to {MAX_GROUP_ID} bytes of printable ASCII are allowed"
        )
    prefix, generated = PERMISSION_GROUP_PREFIX, GENERATED_PERMISSION_GROUP_PREFIX
    if not chosen.startswith(prefix) or chosen.startswith(generated) or chosen == prefix:
        raise Refused(BAD_PARAMETER, f"PermissionGroupId: must be {prefix} and more, and not start with {generated}")


def check_topic_id(group_id: str, topic_id: str) -> None:
    """Refuse (10004) an id that a caller may not choose for a topic of this community."""
    size, start = len(topic_id.encode()), group_id + TOPIC_MARK
    if not 0 < size <= MAX_TOPIC_ID or not _PRINTABLE.match(topic_id):
        raise Refused(BAD_PARAMETER, f"TopicId: {size} bytes, 1 to {MAX_TOPIC_ID} bytes of printable ASCII are allowed")
    if not topic_id.startswith(start) or topic_id == start:
        raise Refused(BAD_PARAMETER, f"TopicId: must be {start} and a part of one's own")
    if COMMUNITY_PREFIX in topic_id[len(start) :] or GENERATED_TOPIC_MARK in topic_id:
        raise Refused(BAD_PARAMETER, f"TopicId: {COMMUNITY_PREFIX} and {GENERATED_TOPIC_MARK} may not stand in it")


def group_of_topic(topic_id: str) -> str:
    """Return the id of a topic's community: a community's own id never holds the mark."""
    return topic_id.partition(TOPIC_MARK)[0]


def is_group_id(group_id: str) -> bool:
    """Say whether a group can have this id."""
    return 0 < len(group_id) <= MAX_TOPIC_ID and _PRINTABLE.match(group_id) is not None


def check_group_id(group_id: str) -> None:
    """Refuse (10015) an id that no group can have."""
    if not is_group_id(group_id):
        size = len(group_id.encode())
        raise Refused(
            GROUP_ID_INVALID, f"GroupId: {size} bytes, 1 to {MAX_GROUP_ID} bytes of printable ASCII are allowed"
        )
