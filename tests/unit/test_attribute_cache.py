"""What an SDK keeps of attributes: in order, with a gap, overtaken, and after a break."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import UNSET

from qunzhu.client.errors import CallFailed
from qunzhu.commands.attributes import Attribute, Attributes, GetGroupAttr, Written
from qunzhu.tim.attribute_cache import AttributeCache


class Group:
    """The attributes of one group on a server, and what is asked for."""

    def __init__(self, version: int | None, **values: str) -> None:
        self.version = version
        self.values = values
        self.asked = 0
        self.gone = False

    async def call(self, request: GetGroupAttr) -> Attributes:
        """Answer as the server does, a moment later."""
        assert request.GroupId == "g"
        self.asked += 1
        read = [Attribute(key=key, value=value, seq=self.version or 1) for key, value in self.values.items()]
        answer = Attributes(GroupAttrAry=read, MainSeq=UNSET if self.version is None else self.version)
        await asyncio.sleep(0)
        if self.gone:
            raise CallFailed(10007, "no permission")
        return answer


def pushed(version: int, *removed: str, **values: str) -> dict[str, Any]:
    """Return a push of changed attributes."""
    return {
        "GroupId": "g", "ChangeType": "AttributesChanged", "MainSeq": version, "RemovedKeys": list(removed),
        "GroupAttr": [{"key": key, "value": value, "seq": version} for key, value in values.items()],
    }  # fmt: skip


def told(change: dict[str, Any]) -> dict[str, str]:
    """Return what a completed change shows."""
    return {item["group_attribute_key"]: item["group_attribute_value"] for item in change["All"]}


async def seen(cache: AttributeCache, server: Group) -> dict[str, str]:
    """Return values as a call of the SDK gets them."""
    return {key: value for key, (value, _) in (await cache.of(server, "g")).values.items()}


def test_the_next_version_is_worked_in_and_an_old_one_is_not():
    async def scenario():
        cache, server = AttributeCache(), Group(3, a="1", b="1")
        assert await seen(cache, server) == {"a": "1", "b": "1"}
        for heard in (True, False):
            await cache.completed(server, pushed(3, "a", b="old"), heard=heard)
        change = await cache.completed(server, pushed(4, "a", c="2"), heard=True)
        assert told(change) == await seen(cache, server) == {"b": "1", "c": "2"}
        assert (await cache.of(server, "g")).values == {"b": ("1", 3), "c": ("2", 4)}
        assert server.asked == 1

    asyncio.run(scenario())


def test_a_gap_is_read_anew():
    async def scenario():
        cache, server = AttributeCache(), Group(3, a="1")
        await seen(cache, server)
        server.version, server.values = 5, {"a": "5", "b": "4"}
        assert told(await cache.completed(server, pushed(5, a="5"), heard=True)) == {"a": "5", "b": "4"}
        assert server.asked == 2

    asyncio.run(scenario())


def test_nothing_is_read_for_nobody():
    async def scenario():
        cache, server = AttributeCache(), Group(5, a="5")
        assert "All" not in await cache.completed(server, pushed(5, a="5"), heard=False)
        assert server.asked == 0

    asyncio.run(scenario())


def test_an_answer_that_a_push_overtook_is_not_kept():
    async def scenario():
        cache, server = AttributeCache(), Group(3, a="3")
        reading = asyncio.create_task(cache.of(server, "g"))
        await asyncio.sleep(0)
        await cache.completed(server, pushed(4, a="4"), heard=False)
        server.version, server.values = 4, {"a": "4"}
        assert (await reading).values == {"a": ("3", 3)}
        assert await seen(cache, server) == {"a": "4"}

    asyncio.run(scenario())


def test_ones_own_write_counts_before_its_push():
    async def scenario():
        cache, server = AttributeCache(), Group(3, a="1", b="1")
        cache.wrote("g", Written(MainSeq=3), {"a": "unknown yet"}, ())
        await seen(cache, server)
        cache.wrote("g", Written(MainSeq=4), {"a": "2"}, ())
        assert await seen(cache, server) == {"a": "2", "b": "1"}
        cache.wrote("g", Written(MainSeq=5), {"c": "3"}, None)
        assert await seen(cache, server) == {"c": "3"}
        cache.wrote("g", Written(MainSeq=6), {}, ["c"])
        assert await seen(cache, server) == {}
        assert server.asked == 1
        cache.wrote("g", Written(MainSeq=8), {"d": "4"}, ())
        server.version, server.values = 8, {"d": "4", "e": "5"}
        assert await seen(cache, server) == {"d": "4", "e": "5"}

    asyncio.run(scenario())


def test_who_is_not_told_reads_each_time():
    async def scenario():
        cache, server = AttributeCache(), Group(None, a="1")
        assert await seen(cache, server) == await seen(cache, server) == {"a": "1"}
        assert server.asked == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(("version", "values", "tells"), [(3, {"a": "1"}, []), (4, {"a": "2"}, [{"a": "2"}])])
def test_after_a_break_only_other_versions_are_told(version, values, tells):
    async def scenario():
        cache, server = AttributeCache(), Group(3, a="1")
        await seen(cache, server)
        cache.broken()
        cache.broken()
        server.version, server.values = version, values
        assert [told(change) for change in await cache.missed(server, heard=True)] == tells
        assert await seen(cache, server) == values
        assert server.asked == 2
        assert await cache.missed(server, heard=True) == []

    asyncio.run(scenario())


def test_after_a_break_nothing_is_read_for_nobody_or_of_what_is_gone():
    async def scenario():
        cache, server = AttributeCache(), Group(3, a="1")
        await seen(cache, server)
        cache.broken()
        assert await cache.missed(server, heard=False) == []
        assert server.asked == 1
        await seen(cache, server)
        cache.broken()
        server.gone = True
        assert await cache.missed(server, heard=True) == []
        assert "All" not in await cache.completed(server, pushed(9, a="1"), heard=True)
        cache.forget("g")
        with pytest.raises(CallFailed):
            await cache.of(server, "g")

    asyncio.run(scenario())


def test_a_group_made_anew_begins_again():
    async def scenario():
        cache, server = AttributeCache(), Group(9, a="old")
        await seen(cache, server)
        await cache.completed(server, pushed(10, a="older"), heard=False)
        cache.forget("g")
        server.version, server.values = 1, {"a": "new"}
        assert await seen(cache, server) == await seen(cache, server) == {"a": "new"}
        assert server.asked == 2

    asyncio.run(scenario())
