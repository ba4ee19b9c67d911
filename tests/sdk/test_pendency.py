"""Applications and invitations through the SDK: each user hears of what concerns him, in order."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from sdk.test_tim import created, names
from served import SDKAPPID, Server, signed_in, until

if TYPE_CHECKING:
    from collections.abc import Iterator

ADD, ACCEPT, REFUSE, CREATE, INVITED, ASK, AGREED, DECLINED, ASK_ADMIN = 1, 2, 3, 6, 7, 12, 13, 14, 24
APPLIED, INVITE = 1, 2


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Serve an app in whose communities invited users must agree."""
    served = Server(tmp_path_factory.mktemp("server"))
    served.stop()
    command = [sys.executable, "-m", "qunzhu", "app", "set", str(SDKAPPID), "--invite-consent", "Community"]
    subprocess.run([*command, "--data", str(served.folder / "data")], check=True, stdout=subprocess.DEVNULL)
    served.start()
    yield served
    served.stop()


def heard(ears) -> list[tuple]:
    """Return what a user was told: reports as (type, operator, text), tips as (operator, join type, users)."""
    found = []
    for message in ears.messages:
        for elem in message["message_elem_array"]:
            if elem["elem_type"] == 8:
                keys = ("report_type", "op_user", "msg")
                found.append(tuple(elem[f"group_report_elem_{key}"] for key in keys))
            else:
                keys = ("op_user", "join_type", "user_array")
                found.append(tuple(elem[f"group_tips_elem_{key}"] for key in keys))
    return found


async def pendency(tim, start: int = 0, limit: int = 10) -> dict:
    """Read a page."""
    option = {"group_pendency_option_start_time": start, "group_pendency_option_max_limited": limit}
    result = await tim.TIMGroupGetPendencyList({"params": option, "data": "mine"})
    assert (result["code"], result["user_data"]) == (0, "mine"), result
    return result["json_param"]


async def waiting(tim) -> dict:
    """Read the one that waits."""
    [item] = (await pendency(tim))["group_pendency_result_pendency_array"]
    assert item["group_pendency_handled"] == 0
    return item


async def handle(tim, item: dict, *, accept: bool, text: str = "") -> int:
    """Decide one and return the code."""
    prefix = "group_handle_pendency_param_"
    param = {f"{prefix}is_accept": accept, f"{prefix}handle_msg": text, f"{prefix}pendency": item}
    result = await tim.TIMGroupHandlePendency({"params": param})
    assert result["json_param"] == ""
    return result["code"]


async def invite(tim, group: str, user: str, text: str = "") -> int:
    """Invite one user and return the result."""
    prefix = "group_invite_member_param_"
    result = await tim.TIMGroupInviteMember({
        "params": {f"{prefix}group_id": group, f"{prefix}identifier_array": [user], f"{prefix}user_data": text}
    })  # fmt: skip
    assert result["code"] == 0, result
    return result["json_param"][0]["group_invite_member_result_result"]


def run(server: Server, scenario, *users: str) -> None:
    """Run a scenario with users logged in, each in an SDK of his own."""

    async def whole() -> None:
        ids = names(*users)
        async with AsyncExitStack() as stack:
            sdks = [await stack.enter_async_context(signed_in(server, user)) for user in ids]
            await scenario(*zip(ids, *zip(*sdks, strict=True), strict=True))

    asyncio.run(whole())


def test_apply_and_accept(server: Server):
    async def scenario(alice, bob):
        (a, a_tim, a_ears), (b, b_tim, b_ears) = alice, bob
        group = await created(a_tim, group_type=0)
        joined = await b_tim.TIMGroupJoin({"groupId": group, "helloMsg": "let me in"})
        assert joined["code"] == 0
        await until(lambda: len(a_ears.messages) == 2)
        item = await waiting(a_tim)
        assert item == {
            "group_pendency_group_id": group, "group_pendency_form_identifier": b,
            "group_pendency_from_nick_name": "", "group_pendency_from_face_url": "",
            "group_pendency_to_identifier": "0", "group_pendency_add_time": item["group_pendency_add_time"],
            "group_pendency_pendency_type": 0, "group_pendency_handled": 0, "group_pendency_handle_result": 0,
            "group_pendency_apply_invite_msg": "let me in", "group_pendency_form_user_defined_data": "",
            "group_pendency_approval_msg": "", "group_pendency_to_user_defined_data": "",
            "group_pendency_key": item["group_pendency_key"], "group_pendency_authentication": "",
            "group_pendency_self_identifier": a,
        }  # fmt: skip
        assert await handle(b_tim, item, accept=True) == 10007
        assert await handle(a_tim, item, accept=True, text="welcome") == 0
        await until(lambda: len(b_ears.messages) == 2 and len(a_ears.messages) == 3)
        assert heard(b_ears) == [(ACCEPT, a, "welcome"), (a, APPLIED, [b])]
        assert heard(a_ears) == [(CREATE, a, ""), (ADD, b, "let me in"), (a, APPLIED, [b])]
        assert await handle(a_tim, item, accept=True) == 10024
        [done] = (await pendency(a_tim))["group_pendency_result_pendency_array"]
        assert (done["group_pendency_handled"], done["group_pendency_handle_result"]) == (2, 1)
        assert done["group_pendency_approval_msg"] == "welcome"
        [seen] = (await pendency(b_tim))["group_pendency_result_pendency_array"]
        assert (seen["group_pendency_handled"], seen["group_pendency_self_identifier"]) == (1, b)

    run(server, scenario, "alice", "bob")


def test_apply_and_refuse(server: Server):
    async def scenario(alice, bob):
        (a, a_tim, a_ears), (b, b_tim, b_ears) = alice, bob
        group = await created(a_tim, group_type=0)
        await b_tim.TIMGroupJoin({"groupId": group, "helloMsg": "please"})
        assert await handle(a_tim, await waiting(a_tim), accept=False, text="no") == 0
        await until(lambda: b_ears.messages)
        assert heard(b_ears) == [(REFUSE, a, "no")]
        assert (await b_tim.TIMGroupGetJoinedGroupList())["json_param"] == []
        await until(lambda: len(a_ears.messages) == 2)
        assert heard(a_ears) == [(CREATE, a, ""), (ADD, b, "please")]

    run(server, scenario, "alice", "bob")


@pytest.mark.parametrize("accept", [True, False])
def test_invite_and_consent(server: Server, accept):
    async def scenario(alice, bob):
        (a, a_tim, a_ears), (b, b_tim, b_ears) = alice, bob
        group = await created(a_tim, group_type=5)
        assert await invite(a_tim, group, b, "come") == 3
        await until(lambda: b_ears.messages)
        item = await waiting(b_tim)
        assert (item["group_pendency_pendency_type"], item["group_pendency_form_identifier"]) == (1, a)
        assert item["group_pendency_to_identifier"] == b
        assert await handle(a_tim, item, accept=True) == 10007
        assert await handle(b_tim, item, accept=accept, text="well") == 0
        came = [(a, INVITE, [b])] if accept else []
        await until(lambda: len(a_ears.messages) == 2 + accept and len(b_ears.messages) == 1 + accept)
        assert heard(b_ears) == [(ASK, a, "come"), *came]
        assert heard(a_ears) == [(CREATE, a, ""), (AGREED if accept else DECLINED, b, "well"), *came]
        mine = (await b_tim.TIMGroupGetJoinedGroupList())["json_param"]
        assert [g["group_base_info_group_id"] for g in mine] == ([group] if accept else [])

    run(server, scenario, "alice", "bob")


@pytest.mark.parametrize("accept", [True, False])
def test_invite_that_waits_for_an_administrator(server: Server, accept):
    async def scenario(alice, bob, carol):
        (a, a_tim, a_ears), (b, b_tim, b_ears), (c, _, c_ears) = alice, bob, carol
        first = {"group_member_info_identifier": b}
        group = await created(a_tim, group_type=0, approve_option=1, group_member_array=[first])
        assert await invite(b_tim, group, c, "a friend") == 3
        await until(lambda: len(a_ears.messages) == 3)
        item = await waiting(a_tim)
        assert (item["group_pendency_pendency_type"], item["group_pendency_form_identifier"]) == (2, b)
        assert item["group_pendency_to_identifier"] == c
        assert await handle(b_tim, item, accept=True) == 10007
        assert await handle(a_tim, item, accept=accept) == 0
        came = [(b, INVITE, [c])] if accept else []
        await until(lambda: len(a_ears.messages) == 3 + accept and len(b_ears.messages) == 3 + accept)
        made = (a, INVITE, [b])
        assert sorted(heard(a_ears)[:2], key=str) == sorted([(CREATE, a, ""), made], key=str)
        assert heard(a_ears)[2:] == [(ASK_ADMIN, b, "a friend"), *came]
        assert sorted(heard(b_ears)[:2], key=str) == sorted([(INVITED, a, ""), made], key=str)
        assert heard(b_ears)[2:] == [(AGREED if accept else DECLINED, a, ""), *came]
        await until(lambda: len(c_ears.messages) == 2 * accept)
        assert heard(c_ears) == ([*came, (INVITED, b, "")] if accept else [])

    run(server, scenario, "alice", "bob", "carol")


def test_pages_and_what_is_unread(server: Server):
    async def scenario(alice, bob, carol):
        (_, a_tim, _), (b, b_tim, _), (c, c_tim, _) = alice, bob, carol
        group = await created(a_tim, group_type=0)
        await b_tim.TIMGroupJoin({"groupId": group})
        await asyncio.sleep(0.002)  # applications of one millisecond stay on one page
        await c_tim.TIMGroupJoin({"groupId": group})
        first = await pendency(a_tim, limit=1)
        [newest] = first["group_pendency_result_pendency_array"]
        assert newest["group_pendency_form_identifier"] == c
        assert first["group_pendency_result_unread_num"] == 2
        assert first["group_pendency_result_read_time_seq"] == 0
        second = await pendency(a_tim, first["group_pendency_result_next_start_time"], limit=1)
        [oldest] = second["group_pendency_result_pendency_array"]
        assert oldest["group_pendency_form_identifier"] == b
        assert second["group_pendency_result_next_start_time"] == 0
        at = oldest["group_pendency_add_time"]
        assert await a_tim.TIMGroupReportPendencyReaded({"timeStamp": at, "data": "d"}) == {
            "code": 0, "desc": "", "json_param": "", "json_params": "", "user_data": "d",
        }  # fmt: skip
        page = await pendency(a_tim)
        assert page["group_pendency_result_unread_num"] == 1
        assert page["group_pendency_result_read_time_seq"] == at
        assert (await a_tim.TIMGroupReportPendencyReaded({"timeStamp": 0}))["code"] == 0
        assert (await pendency(a_tim, limit=1000))["group_pendency_result_unread_num"] == 0

    run(server, scenario, "alice", "bob", "carol")


def test_wrong_parameters(server: Server):
    async def scenario(alice):
        _, tim, _ = alice
        prefix = "group_handle_pendency_param_"
        for pendency_, code in (
            (None, -3), ({}, -4), ({"group_pendency_key": "x", "group_pendency_group_id": "g"}, -4),
            ({"group_pendency_key": "1"}, -4), ({"group_pendency_key": "1", "group_pendency_group_id": "none"}, 10010),
        ):  # fmt: skip
            result = await tim.TIMGroupHandlePendency({"params": {f"{prefix}pendency": pendency_}})
            assert result["code"] == code, pendency_
        assert (await tim.TIMGroupReportPendencyReaded({"timeStamp": "now"}))["code"] == -4
        assert (await tim.TIMGroupGetPendencyList({}))["code"] == -3

    run(server, scenario, "alice")
