"""Group counters through the SDK: every call, and what the listeners of two users are told, in order."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from qunzhu.tim import TimRender
from served import Server, signed_in, until

TOP = 2**63 - 1
_numbers = itertools.count(1)


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"{user}c{number}" for user in users]


def pairs(**values: Any) -> list[dict[str, Any]]:
    """Return GroupCounters."""
    return [{"group_counter_key": key, "group_counter_value": value} for key, value in values.items()]


async def ask(tim: TimRender, name: str, **param: Any) -> list[dict[str, Any]]:
    """Make a call that must succeed."""
    result = await getattr(tim, name)({**param, "user_data": "own"})
    assert result["code"] == 0, result
    assert result["user_data"] == "own"
    assert result["json_params"] == result["json_param"]
    return result["json_param"]


async def code(tim: TimRender, name: str, **param: Any) -> int:
    """Make a call and return its code."""
    return (await getattr(tim, name)(param))["code"]


async def group_of(server: Server, tim: TimRender, *members: str, kind: int = 0) -> str:
    """Create a group with members."""
    params = {"create_group_param_group_name": "a group", "create_group_param_group_type": kind}
    made = await tim.TIMGroupCreate({"params": params})
    assert made["code"] == 0, made
    group = made["json_param"]["create_group_result_groupid"]
    if members:
        wanted = [{"Member_Account": user} for user in members]
        assert server.rest("group_open_http_svc/add_group_member", GroupId=group, MemberList=wanted)["ErrorCode"] == 0
    return group


async def listen(tim: TimRender) -> list[tuple[str, str, int]]:
    """Listen; return the list in which group, key and value are written."""
    told: list[tuple[str, str, int]] = []

    def heard(args):
        group, key, value, data = args
        assert data == "listener's own"
        told.append((group, key, value))

    await tim.TIMSetGroupCounterChangedCallback({"callback": heard, "user_data": "listener's own"})
    return told


def test_every_call_and_both_listeners(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (first, _):
            group = await group_of(server, first, bob)
            told = [await listen(first), await listen(second)]
            params = {"group_id": group, "json_group_counter_array": pairs(views=7, likes=-1)}
            assert await ask(first, "TIMGroupSetGroupCounters", params=params) == pairs(views=7, likes=-1)
            step = {"group_id": group, "group_counter_key": "views", "group_counter_value": 5}
            assert await ask(second, "TIMGroupIncreaseGroupCounter", **step) == pairs(views=12)
            assert await ask(first, "TIMGroupDecreaseGroupCounter", **{**step, "group_counter_key": "new"}) == pairs(
                new=-5
            )
            everything = await ask(second, "TIMGroupGetGroupCounters", group_id=group, json_group_counter_key_array=[])
            assert everything == pairs(likes=-1, new=-5, views=12)
            assert await ask(first, "TIMGroupGetGroupCounters", group_id=group) == everything
            some = {"group_id": group, "json_group_counter_key_array": ["views", "nothing"]}
            assert await ask(first, "TIMGroupGetGroupCounters", **some) == pairs(views=12)
            server.rest("group_open_http_svc/delete_group_counter", GroupId=group, GroupCounterKeys=["views"])
            for mine in told:
                await until(lambda mine=mine: len(mine) == 5)
                assert mine == [
                    (group, "views", 7), (group, "likes", -1), (group, "views", 12), (group, "new", -5),
                    (group, "views", 0),
                ]  # fmt: skip

    asyncio.run(scenario())


def test_refusals(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (second, _), signed_in(server, alice) as (tim, _):
            group = await group_of(server, tim)
            step = {"group_id": group, "group_counter_key": "n", "group_counter_value": TOP}
            assert await ask(tim, "TIMGroupIncreaseGroupCounter", **step) == pairs(n=TOP)
            assert await code(tim, "TIMGroupIncreaseGroupCounter", **{**step, "group_counter_value": 1}) == 10004
            assert await code(tim, "TIMGroupIncreaseGroupCounter", **{**step, "group_counter_value": TOP + 1}) == 10004
            assert await code(second, "TIMGroupDecreaseGroupCounter", **step) == 10007
            assert await code(second, "TIMGroupGetGroupCounters", group_id=group) == 10007
            many = {"group_id": group, "json_group_counter_array": pairs(**{f"k{n}": 1 for n in range(20)})}
            assert await code(tim, "TIMGroupSetGroupCounters", params=many) == 10063
            community = await group_of(server, tim, kind=5)
            assert await code(tim, "TIMGroupGetGroupCounters", group_id=community) == 10007

    asyncio.run(scenario())


def test_wrong_parameters(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            group = await group_of(server, tim)
            assert await code(tim, "TIMGroupSetGroupCounters") == -3
            for wrong in (None, [], {}, [1], [{}], pairs(a=None), pairs(a="1"), pairs(a=True)):
                params = {"group_id": group, "json_group_counter_array": wrong}
                assert await code(tim, "TIMGroupSetGroupCounters", params=params) == -4
            assert await code(tim, "TIMGroupGetGroupCounters") == -4
            assert await code(tim, "TIMGroupGetGroupCounters", group_id=group, json_group_counter_key_array=[1]) == -4
            for name in ("TIMGroupIncreaseGroupCounter", "TIMGroupDecreaseGroupCounter"):
                step = {"group_id": group, "group_counter_key": "n", "group_counter_value": 0}
                assert await ask(tim, name, **step) == pairs(n=0)
                for key, wrong in (("group_id", ""), ("group_counter_key", ""), ("group_counter_key", 1),
                                   ("group_counter_value", None), ("group_counter_value", "1")):  # fmt: skip
                    assert await code(tim, name, **{**step, key: wrong}) == -4

    asyncio.run(scenario())
