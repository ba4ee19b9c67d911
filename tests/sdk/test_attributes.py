"""Group attributes through the SDK: every call, what two users' listeners are told, and what is kept."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from qunzhu.tim import TimRender
from served import Server, signed_in, until

ATTR = "group_open_http_svc/modify_group_attr"
_numbers = itertools.count(1)


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"{user}t{number}" for user in users]


def pairs(**values: str) -> list[dict[str, str]]:
    """Return GroupAttributes."""
    return [{"group_attribute_key": key, "group_attribute_value": value} for key, value in values.items()]


def plain(found: list[dict[str, str]]) -> dict[str, str]:
    """Return GroupAttributes by key."""
    assert all(set(item) == {"group_attribute_key", "group_attribute_value"} for item in found)
    return {item["group_attribute_key"]: item["group_attribute_value"] for item in found}


async def group_of(server: Server, tim: TimRender, *members: str) -> str:
    """Create a group with members."""
    made = await tim.TIMGroupCreate({"params": {"create_group_param_group_name": "a group"}})
    assert made["code"] == 0, made
    group = made["json_param"]["create_group_result_groupid"]
    if members:
        wanted = [{"Member_Account": user} for user in members]
        assert server.rest("group_open_http_svc/add_group_member", GroupId=group, MemberList=wanted)["ErrorCode"] == 0
    return group


async def call(tim: TimRender, name: str, group: str, **param: Any) -> int:
    """Make a call that has nothing to tell; return its code."""
    result = await getattr(tim, name)({"groupId": group, "data": "own", **param})
    assert result["user_data"] == "own"
    assert result["json_param"] == result["json_params"] == ""
    assert bool(result["desc"]) == bool(result["code"])
    return result["code"]


async def write(tim: TimRender, group: str, **values: str) -> int:
    """Set attributes."""
    return await call(tim, "TIMGroupSetGroupAttributes", group, attributes=pairs(**values))


async def read(tim: TimRender, group: str, *keys: str) -> dict[str, str]:
    """Get attributes."""
    result = await tim.TIMGroupGetGroupAttributes({"groupId": group, "attributesKey": list(keys), "data": "own"})
    assert result["code"] == 0, result
    assert result["user_data"] == "own"
    return plain(result["json_param"])


async def listen(tim: TimRender) -> list[tuple[str, dict[str, str]]]:
    """Listen; return the list in which group and attributes are written."""
    told: list[tuple[str, dict[str, str]]] = []

    def heard(args):
        group, text, data = args
        assert data == "listener's own"
        told.append((group, plain(json.loads(text))))

    await tim.TIMSetGroupAttributeChangedCallback({"callback": heard, "data": "listener's own"})
    return told


class Asked:
    """Counts what an SDK asks the server."""

    def __init__(self, tim: TimRender) -> None:
        self.names: list[str] = []
        self._call = tim._client.call
        tim._client.call = self._counted

    async def _counted(self, request, **more):
        self.names.append(type(request).__name__)
        return await self._call(request, **more)


def test_both_hear_all_attributes_after_each_change(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (first, _):
            group = await group_of(server, first, bob)
            told = [await listen(first), await listen(second)]
            assert await read(second, group) == {}
            assert await call(first, "TIMGroupInitGroupAttributes", group, attributes=pairs(b="1", a="1")) == 0
            assert await read(first, group) == {"a": "1", "b": "1"}
            await until(lambda: len(told[1]) == 1)
            assert await write(second, group, a="2", c="2") == 0
            assert await read(second, group) == {"a": "2", "b": "1", "c": "2"}
            assert await call(second, "TIMGroupDeleteGroupAttributes", group, attributesKey=["a", "b"]) == 0
            await until(lambda: len(told[0]) == 3)
            assert await call(first, "TIMGroupInitGroupAttributes", group, attributes=pairs(z="3")) == 0
            assert await call(first, "TIMGroupDeleteGroupAttributes", group) == 0
            wanted = [
                {"a": "1", "b": "1"}, {"a": "2", "b": "1", "c": "2"}, {"c": "2"}, {"z": "3"}, {},
            ]  # fmt: skip
            for mine in told:
                await until(lambda mine=mine: len(mine) == 5)
                assert [group_told for group_told, _ in mine] == [group] * 5
            assert [values for _, values in told[1]] == wanted
            # whoever writes knows what he wrote before the push says so, and may hear the later state twice
            assert [values for _, values in told[0]][-1] == {}
            assert await read(first, group) == await read(second, group) == {}
            await first.TIMSetGroupAttributeChangedCallback({"callback": None})
            more = {"GroupId": group, "GroupAttr": [{"key": "q", "value": "4"}]}
            await until(lambda: server.rest(ATTR, **more)["ErrorCode"] != 10049)
            await until(lambda: len(told[1]) == 6)
            assert len(told[0]) == 5

    asyncio.run(scenario())


def test_some_keys_in_order(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            group = await group_of(server, tim)
            assert await write(tim, group, b="2", a="1", c="") == 0
            result = await tim.TIMGroupGetGroupAttributes({"groupId": group})
            assert result["json_param"] == pairs(a="1", b="2", c="")
            assert await read(tim, group, "c", "a", "nothing") == {"a": "1", "c": ""}
            assert await read(tim, group, "nothing") == {}

    asyncio.run(scenario())


def test_what_was_read_is_kept_and_kept_true(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (first, _):
            group = await group_of(server, first, bob)
            assert await read(first, group) == {}
            asked = Asked(first)
            assert await write(second, group, seat="bob") == 0
            await until(lambda: first._listeners.attributes._known[group].version == 1)
            assert await read(first, group) == {"seat": "bob"}
            assert await write(first, group, seat="alice") == 0
            assert await read(first, group) == {"seat": "alice"}
            assert asked.names == ["ModifyGroupAttr"]

    asyncio.run(scenario())


def test_only_the_first_of_two_writers_gets_it(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (first, _):
            group = await group_of(server, first, bob)
            assert await read(first, group) == await read(second, group) == {}
            codes = await asyncio.gather(write(first, group, seat=alice), write(second, group, seat=bob))
            assert sorted(codes) == [0, 10056]
            winner, loser = (alice, second) if codes[0] == 0 else (bob, first)
            assert await read(loser, group) == {"seat": winner}
            assert await write(loser, group, seat="taken over") == 0
            await until(lambda: all(
                tim._listeners.attributes._known[group].version == 2 for tim in (first, second)
            ))  # fmt: skip
            codes = await asyncio.gather(
                call(first, "TIMGroupDeleteGroupAttributes", group, attributesKey=["seat"]),
                call(second, "TIMGroupDeleteGroupAttributes", group, attributesKey=["seat"]),
            )
            assert sorted(codes) == [0, 10056]

    asyncio.run(scenario())


def test_clearing_what_somebody_else_just_changed(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (first, _):
            group = await group_of(server, first, bob)
            assert await read(first, group) == await read(second, group) == {}
            codes = await asyncio.gather(
                write(first, group, a="1"), call(second, "TIMGroupDeleteGroupAttributes", group)
            )
            assert sorted(codes) == [0, 10056]

    asyncio.run(scenario())


def test_ones_own_writes_do_not_meet(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            group = await group_of(server, tim)
            codes = await asyncio.gather(*(write(tim, group, seat=str(number)) for number in range(5)))
            assert codes == [0] * 5
            assert await read(tim, group) == {"seat": "4"}
            assert await write(tim, group, seat="6") in {0, 10049}

    asyncio.run(scenario())


def test_the_servers_codes_come_through(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (tim, _):
            group = await group_of(server, tim)
            assert await write(tim, group, **{"k" * 33: "v"}) == 10045
            assert await write(tim, group, k="v" * 4001) == 10046
            assert await write(tim, group, **{f"k{n}": "v" for n in range(17)}) == 10047
            assert await write(tim, group, **{f"k{n}": "v" * 3201 for n in range(5)}) == 10048
            assert await call(tim, "TIMGroupDeleteGroupAttributes", group, attributesKey=["k"]) == 10050
            assert await write(second, group, k="v") == 10007
            assert (await second.TIMGroupGetGroupAttributes({"groupId": group}))["code"] == 10007
            assert (await tim.TIMGroupGetGroupAttributes({"groupId": "nowhere"}))["code"] == 10010

    asyncio.run(scenario())


def test_wrong_parameters(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            group = await group_of(server, tim)
            for name in ("TIMGroupInitGroupAttributes", "TIMGroupSetGroupAttributes"):
                for wrong in (None, [], [1], {}, "[]", [{}], [{"group_attribute_key": 1}],
                              [{"group_attribute_key": "a", "group_attribute_value": 1}]):  # fmt: skip
                    assert await call(tim, name, group, attributes=wrong) == -4
                assert await call(tim, name, "", attributes=pairs(a="1")) == -4
            for wrong in ([], [1], "a", {}):
                assert await call(tim, "TIMGroupDeleteGroupAttributes", group, attributesKey=wrong) == -4
            assert (await tim.TIMGroupGetGroupAttributes({"groupId": group, "attributesKey": [1]}))["code"] == -4
            assert (await tim.TIMGroupGetGroupAttributes({}))["code"] == -4
            assert (await tim.TIMGroupGetGroupAttributes("x"))["code"] == -3

    asyncio.run(scenario())


def test_who_leaves_forgets(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, ears), signed_in(server, alice) as (first, _):
            group = await group_of(server, first, bob)
            assert await write(first, group, a="1") == 0
            assert await read(second, group) == {"a": "1"}
            server.rest("group_open_http_svc/delete_group_member", GroupId=group, MemberToDel_Account=[bob])
            await until(lambda: (4, group) in ears.reports())
            assert (await second.TIMGroupGetGroupAttributes({"groupId": group}))["code"] == 10007

    asyncio.run(scenario())


def test_an_outsider_with_rights_keeps_nothing(server: Server):
    """An app administrator reads what he is not told about: each time from the server."""

    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _), signed_in(server, "administrator") as (admin, _):
            group = await group_of(server, tim)
            assert await write(tim, group, a="1") == 0
            assert await read(admin, group) == {"a": "1"}
            assert await write(tim, group, a="2") == 0
            assert await read(admin, group) == {"a": "2"}
            assert await write(admin, group, a="3") == 0
            assert await call(admin, "TIMGroupDeleteGroupAttributes", group, attributesKey=["a"]) == 0

    asyncio.run(scenario())


@pytest.fixture
def own_server(tmp_path):
    """Serve to one test, which may end it."""
    served = Server(tmp_path)
    yield served
    served.stop()


def test_after_a_break_what_changed_is_told(own_server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(own_server, alice) as (tim, ears), signed_in(own_server, bob) as (silent, quiet):
            group = await group_of(own_server, tim, bob)
            still = await group_of(own_server, tim)
            assert await write(tim, group, a="1") == 0
            assert await write(tim, still, a="1") == 0
            assert await read(silent, group) == {"a": "1"}
            told = await listen(tim)
            own_server.stop()
            await until(lambda: 2 in ears.networks() or 1 in ears.networks())
            own_server.start()
            assert own_server.rest(ATTR, GroupId=group, GroupAttr=[{"key": "b", "value": "2"}])["ErrorCode"] == 0
            await until(lambda: (group, {"a": "1", "b": "2"}) in told)
            assert await read(tim, group) == {"a": "1", "b": "2"}
            assert await read(tim, still) == {"a": "1"}
            assert {told_of for told_of, _ in told} == {group}
            await until(lambda: quiet.networks()[-1:] == [0])
            assert await read(silent, group) == {"a": "1", "b": "2"}

    asyncio.run(scenario())
