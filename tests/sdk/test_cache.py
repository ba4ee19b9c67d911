"""What the SDK keeps of groups: a kept answer is what the server would answer."""

from __future__ import annotations

import asyncio
import random

import pytest

from qunzhu.commands.sessions import GetUserProfiles
from qunzhu.tim.cache import Cache
from sdk.test_tim import created, names
from served import Server, signed_in, until


class Counted:
    """Counts the calls of an SDK's client."""

    def __init__(self, tim) -> None:
        self.number = 0
        self._client = tim._client
        self._call = tim._client.call
        tim._client.call = self.call

    async def call(self, *args, **more):
        """Count and pass on."""
        self.number += 1
        return await self._call(*args, **more)


async def read(tim, groups: list[str]) -> tuple:
    """Read through the SDK."""
    infos = await tim.TIMGroupGetGroupInfoList({"groupIds": groups})
    joined = await tim.TIMGroupGetJoinedGroupList()
    assert infos["code"] == joined["code"] == 0
    return infos["json_param"], joined["json_param"]


async def fresh(tim, groups: list[str]) -> tuple:
    """Read from the server: with nothing kept. Pushes of what happened before come before the answers."""
    kept, tim._cache = tim._cache, _Nothing(tim._client)
    try:
        return await read(tim, groups)
    finally:
        tim._cache = kept


class _Nothing(Cache):
    """Keeps nothing, and leaves the one that keeps alone."""

    def __init__(self, client) -> None:
        after = client.after_write
        listeners = list(client._listeners)
        super().__init__(client)
        client.after_write = after
        client._listeners[:] = listeners


def test_a_second_read_asks_nobody(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            groups = [await created(tim, group_type=number) for number in (0, 1, 5)]
            await fresh(tim, groups)
            first = await read(tim, groups)
            calls = Counted(tim)
            assert await read(tim, groups) == first
            assert await read(tim, groups[:1]) == (first[0][:1], first[1])
            assert calls.number == 0
            server.rest("group_open_http_svc/modify_group_base_info", GroupId=groups[0], Name="other")
            await tim._client.call(GetUserProfiles(To_Account=[alice]))
            calls.number = 0
            again = await read(tim, groups)
            assert calls.number == 3  # profile and fields of one group, and the list
            assert again == await fresh(tim, groups)

    asyncio.run(scenario())


def test_unknown_groups_and_those_of_others_are_not_kept(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, _), signed_in(server, bob) as (b, _):
            group = await created(a)
            [before], _ = await read(b, [group])
            await a.TIMGroupModifyGroupInfo({"params": {
                "group_modify_info_param_group_id": group, "group_modify_info_param_modify_flag": 1,
                "group_modify_info_param_group_name": "new",
            }})  # fmt: skip
            [after], _ = await read(b, [group])
            shown = [i["get_groups_info_result_info"]["group_detail_info_group_name"] for i in (before, after)]
            assert shown == ["a group", "new"]
            [gone], _ = await read(b, [f"nowhere-{bob}"])
            assert gone["get_groups_info_result_code"] == 10010
            await created(b, group_id=f"nowhere-{bob}")
            [there], _ = await read(b, [f"nowhere-{bob}"])
            assert there["get_groups_info_result_code"] == 0

    asyncio.run(scenario())


#: Changes by the server API, told and untold ones. ``u`` is the reader, ``v`` and ``w`` are others.
CHANGES = {
    "modify_group_base_info": [
        {"Name": "n1"}, {"Name": "n2"}, {"ApplyJoinOption": "FreeAccess"}, {"ApplyJoinOption": "DisableApply"},
        {"MuteAllMember": "On"}, {"MuteAllMember": "Off"}, {"MaxMemberNum": 77}, {"Introduction": "i"},
        {"AppDefinedData": [{"Key": "GroupTestData1", "Value": "x"}]}, {"InviteJoinOption": "NeedPermission"},
    ],
    "add_group_member": [{"Silence": 0}, {"Silence": 1}],
    "delete_group_member": [{"Silence": 0}, {"Silence": 1}],
    "change_group_owner": [{}],
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_kept_answer_is_a_fresh_one(server: Server, seed):
    async def scenario():
        rng = random.Random(seed)
        u, v, w = names("u", "v", "w")
        async with signed_in(server, u) as (tim, _), signed_in(server, v) as (other, _):
            for user in (v, w):
                server.rest("im_open_login_svc/account_import", UserID=user)
            members = [{"group_member_info_identifier": v}]
            groups = [await created(tim, group_type=n, group_member_array=members) for n in (0, 1, 2, 5)]
            asked = 0
            calls = Counted(tim)
            for step in range(60):
                name = rng.choice(list(CHANGES))
                group = rng.choice(groups)
                people = rng.sample([u, v, w], rng.randint(1, 2))
                fields = {"GroupId": group, **rng.choice(CHANGES[name])}
                if name == "add_group_member":
                    fields["MemberList"] = [{"Member_Account": user} for user in people]
                elif name == "delete_group_member":
                    fields["MemberToDel_Account"] = people
                elif name == "change_group_owner":
                    fields["NewOwner_Account"] = people[0]
                if rng.random() < 0.2:
                    who = rng.choice([tim, other])
                    await rng.choice([who.TIMGroupJoin, who.TIMGroupQuit])({"groupId": group})
                else:
                    await asyncio.to_thread(server.rest, f"group_open_http_svc/{name}", **fields)
                true = await fresh(tim, groups)
                before = calls.number
                assert await read(tim, groups) == true, (step, name, fields)
                asked += calls.number - before
                before = calls.number
                assert await read(tim, groups) == true, (step, name, fields)
                asked += calls.number - before
            assert asked < 60 * 5  # without keeping anything: six calls a step

    asyncio.run(scenario())


def test_another_session_of_the_same_user(server: Server):
    """A user who joins a meeting elsewhere sees it in his list here: nothing else would tell this session."""

    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, _), signed_in(server, bob) as (tim, _):
            group = await created(a, group_type=2)
            await read(tim, [group])
            assert (await read(tim, [group]))[1] == []
            added = {"GroupId": group, "MemberList": [{"Member_Account": bob}], "Silence": 1}
            await asyncio.to_thread(server.rest, "group_open_http_svc/add_group_member", **added)
            true = await fresh(tim, [group])
            assert len(true[1]) == 1
            assert await read(tim, [group]) == true

    asyncio.run(scenario())


def test_a_break_forgets_everything(tmp_path):
    served = Server(tmp_path)

    async def scenario():
        [alice] = names("alice")
        async with signed_in(served, alice) as (tim, ears):
            groups = [await created(tim)]
            await read(tim, groups)
            await asyncio.to_thread(served.stop)
            await until(lambda: 1 in ears.networks())
            result = await tim.TIMGroupGetGroupInfoList({"groupIds": groups})
            assert result["code"] == 9508
            await asyncio.to_thread(served.start)
            await asyncio.to_thread(
                served.rest, "group_open_http_svc/modify_group_base_info", GroupId=groups[0], MuteAllMember="On"
            )
            await until(lambda: ears.networks()[-1] == 0)
            [item], _ = await read(tim, groups)
            assert item["get_groups_info_result_info"]["group_detail_info_is_shutup_all"] is True

    try:
        asyncio.run(scenario())
    finally:
        served.stop()
