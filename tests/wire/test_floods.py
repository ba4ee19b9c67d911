"""What strangers send must not stay in memory: nobody without a good signature may make the server grow."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from wire.doors import Door

LIST = "group_open_http_svc/get_appid_group_list"
MEGABYTE = 1 << 20


def weight(thing: Any) -> int:
    """Return about how many bytes a container of texts holds."""
    if isinstance(thing, Mapping):
        return sys.getsizeof(thing) + sum(weight(key) + weight(value) for key, value in thing.items())
    if isinstance(thing, tuple | list | set):
        return sys.getsizeof(thing) + sum(weight(item) for item in thing)
    return sys.getsizeof(thing)


def held(door: Door) -> int:
    """Return the weight of what the REST door and its gatekeeper remember."""
    rest = door.application.rest
    parts = [*vars(rest).values(), *vars(rest._gatekeeper).values()]
    return sum(weight(part) for part in parts if isinstance(part, dict))


def test_long_queries_of_strangers(tmp_path):
    door = Door(tmp_path)
    try:
        before = held(door)
        for number in range(2000):
            assert door.code(LIST, query=b"x=%b&n=%d" % (b"y" * 20_000, number)) == 60012
        assert held(door) - before < 8 * MEGABYTE
    finally:
        door.close()


def test_failures_under_many_names(tmp_path):
    door = Door(tmp_path)
    try:
        before = held(door)
        for number in range(2000):
            changes = {"identifier": f"{number:05}" + "y" * 20_000, "usersig": "x"}
            assert door.code(LIST, query=door.query(**changes)) in {60025, 70003}
        assert held(door) - before < 8 * MEGABYTE
    finally:
        door.close()
