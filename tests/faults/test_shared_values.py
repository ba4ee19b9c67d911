"""Attributes and counters under 64 writers at once: nothing lost, nothing counted twice, nothing left of refusals."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from qunzhu.client import connect
from qunzhu.client.errors import CallFailed
from qunzhu.commands.attributes import GetGroupAttr, ModifyGroupAttr, NewAttribute
from qunzhu.commands.counters import Counter as One
from qunzhu.commands.counters import UpdateGroupCounter
from qunzhu.core.token import make_usersig
from served import ADMIN, KEY, SDKAPPID, Server, usersig

if TYPE_CHECKING:
    from qunzhu.client import Client

WRITERS = 64
COUNTS_EACH = 40
TRIES_EACH = 15
KEYS = ("a", "b", "c")


def group_of(server: Server, writers: list[str]) -> str:
    """Make a group of all writers."""
    server.rest("im_open_login_svc/multiaccount_import", Accounts=writers)
    members = [{"Member_Account": user} for user in writers]
    answer = server.rest("group_open_http_svc/create_group", Type="Public", Name="all", MemberList=members)
    assert answer["ErrorCode"] == 0, answer
    return answer["GroupId"]


def count_by_rest(server: Server, bodies: list[list[dict]]) -> list[int]:
    """Send each list of update_group_counter bodies over a connection of its own, all at once; return the codes."""
    signed = make_usersig(KEY, SDKAPPID, ADMIN, now=int(time.time()))
    query = f"sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={signed}&random=1"

    def worker(mine: list[dict]) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        found = []
        for body in mine:
            connection.request("POST", f"/v4/group_open_http_svc/update_group_counter?{query}", json.dumps(body))
            found.append(json.loads(connection.getresponse().read())["ErrorCode"])
        connection.close()
        return found

    with ThreadPoolExecutor(len(bodies)) as pool:
        return [code for codes in pool.map(worker, bodies) for code in codes]


def totals(server: Server, group: str) -> dict[str, int]:
    """Read all counters."""
    answer = server.rest("group_open_http_svc/get_group_counter", GroupId=group)
    return {item["Key"]: item["Value"] for item in answer["GroupCounter"]}


def steps(rng: random.Random, group: str) -> list[dict]:
    """Return increases and decreases of some counters."""
    return [
        {
            "GroupId": group,
            "Mode": rng.choice(["Increase", "Decrease"]),
            "GroupCounter": [{"Key": key, "Value": rng.randint(0, 9)} for key in rng.sample(KEYS, 2)],
        }
        for _ in range(COUNTS_EACH)
    ]


def summed(bodies: list[dict]) -> dict[str, int]:
    """Return what increases and decreases come to."""
    found = dict.fromkeys(KEYS, 0)
    for body in bodies:
        for item in body["GroupCounter"]:
            found[item["Key"]] += item["Value"] * (1 if body["Mode"] == "Increase" else -1)
    return found


def test_counters_over_the_server_api_are_exact(server: Server):
    group = group_of(server, ["w0"])
    rng = random.Random(1)
    bodies = [steps(rng, group) for _ in range(WRITERS)]
    assert Counter(count_by_rest(server, bodies)) == {0: WRITERS * COUNTS_EACH}
    assert totals(server, group) == summed([body for part in bodies for body in part])


def test_a_counter_at_its_end_takes_as_many_as_there_is_room_for(server: Server):
    """Of 64 times 10 steps only 100 fit: the rest is refused, and the neighbour in the same request is not counted."""
    group, room = group_of(server, ["w0"]), 100
    start = [{"Key": "full", "Value": 2**63 - 1 - room}]
    assert server.rest("group_open_http_svc/update_group_counter", GroupId=group, GroupCounter=start)["ErrorCode"] == 0
    both = [{"Key": "beside", "Value": 1}, {"Key": "full", "Value": 1}]
    body = {"GroupId": group, "Mode": "Increase", "GroupCounter": both}
    codes = Counter(count_by_rest(server, [[body] * 10] * WRITERS))
    assert codes == {0: room, 10004: WRITERS * 10 - room}
    assert totals(server, group) == {"full": 2**63 - 1, "beside": room}


def test_counters_over_the_gateway_are_exact(server: Server):
    users = [f"g{n}" for n in range(WRITERS)]
    group = group_of(server, users)
    rng = random.Random(2)
    bodies = {user: steps(rng, group) for user in users}

    async def worker(client: Client, mine: list[dict]) -> None:
        for body in mine:
            counters = [One(Key=item["Key"], Value=item["Value"]) for item in body["GroupCounter"]]
            await client.call(UpdateGroupCounter(GroupId=group, GroupCounter=counters, Mode=body["Mode"]))

    async def scenario():
        clients = [await connect(server.url, SDKAPPID, user, usersig(user)) for user in users]
        await asyncio.gather(*(worker(client, bodies[client.user]) for client in clients))
        for client in clients:
            await client.close()

    asyncio.run(scenario())
    assert totals(server, group) == summed([body for part in bodies.values() for body in part])


def test_each_acknowledged_write_of_attributes_is_one_version(server: Server):
    """Writers name the version they have read: whoever is told yes was the next after exactly that one."""
    users = [f"a{n}" for n in range(WRITERS)]
    group = group_of(server, users)
    taken: list[tuple[int, str, int, str]] = []
    refused: list[int] = []

    async def worker(client: Client) -> None:
        rng = random.Random(client.user)
        for number in range(TRIES_EACH):
            key, value = rng.choice(KEYS), f"{client.user}-{number}"
            read = {item.key: item.seq for item in (await client.call(GetGroupAttr(GroupId=group))).GroupAttrAry}
            wanted = NewAttribute(key=key, value=value, seq=read.get(key, 0))
            try:
                answer = await client.call(ModifyGroupAttr(GroupId=group, GroupAttr=[wanted]))
            except CallFailed as fault:
                refused.append(fault.code)
            else:
                taken.append((answer.MainSeq, key, wanted.seq, value))

    async def scenario():
        clients = [await connect(server.url, SDKAPPID, user, usersig(user)) for user in users]
        began = int(time.time())
        await asyncio.gather(*(worker(client) for client in clients))
        seconds = int(time.time()) - began + 1
        read = await clients[0].call(GetGroupAttr(GroupId=group))
        for client in clients:
            await client.close()
        return read, seconds

    read, seconds = asyncio.run(scenario())
    taken.sort()
    assert [version for version, *_ in taken] == list(range(1, len(taken) + 1))
    assert len(taken) + len(refused) == WRITERS * TRIES_EACH
    assert set(refused) <= {10049, 10056}
    assert 5 <= len(taken) <= 5 * seconds
    newest: dict[str, tuple[str, int]] = {}
    for version, key, seen, value in taken:
        assert newest.get(key, ("", 0))[1] == seen
        newest[key] = (value, version)
    assert read.MainSeq == len(taken)
    assert {item.key: (item.value, item.seq) for item in read.GroupAttrAry} == newest
