"""Live rooms through the SDK and the client: entering, leaving, marks, bans, and coming back after a break."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal

import pytest

from qunzhu.client import CallFailed, Client, NoticeReceived, Options, State, TipReceived, connect
from qunzhu.commands.bans import BanGroupMember
from qunzhu.commands.groups import CreateGroup, DestroyGroup, ModifyGroupBaseInfo
from qunzhu.commands.joining import JoinGroup, QuitGroup
from qunzhu.commands.live import GetMembers, GetOnlineMemberNum
from qunzhu.tim import TimRender
from served import SDKAPPID, Server, signed_in, until, usersig

_numbers = itertools.count(1)
QUICK = Options(delay=lambda _: 0.05)
LIVE = 4


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"l{user}{number}" for user in users]


async def made(tim: TimRender, kind: int = LIVE, **more) -> str:
    """Make a group and return its id."""
    fields = {"group_name": "room", "group_type": kind, **more}
    params = {f"create_group_param_{key}": value for key, value in fields.items()}
    result = await tim.TIMGroupCreate({"params": params})
    assert result["code"] == 0, result
    return result["json_param"]["create_group_result_groupid"]


async def entered(tim: TimRender, room: str) -> None:
    """Enter a room."""
    result = await tim.TIMGroupJoin({"groupId": room, "helloMsg": ""})
    assert result["code"] == 0, result


async def online(tim: TimRender, room: str, **option) -> list[str]:
    """Return who is in a room, as the SDK lists them."""
    fields = {"group_id": room, "option": {f"group_member_get_info_option_{k}": v for k, v in option.items()}}
    params = {f"group_get_members_info_list_param_{key}": value for key, value in fields.items()}
    result = await tim.TIMGroupGetMemberInfoList({"params": params})
    assert result["code"] == 0, result
    found = result["json_param"]["group_get_member_info_list_result_info_array"]
    return [item["group_member_info_identifier"] for item in found]


def tips(ears, room: str) -> list[tuple[int, list[str], int]]:
    """Return the tips of a room: type, users, and how many are there."""
    return [
        (
            tip["group_tips_elem_tip_type"],
            tip["group_tips_elem_user_array"],
            tip["group_tips_elem_member_num"],
        )
        for tip in ears.tips
        if tip["group_tips_elem_group_id"] == room
    ]


def test_who_makes_a_room_is_in_it_and_others_come_and_go(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, ears), signed_in(server, bob) as (b, heard):
            room = await made(a)
            await entered(b, room)
            await until(lambda: tips(ears, room))
            assert tips(ears, room) == tips(heard, room) == [(1, [bob], 2)]
            count = await b.TIMGroupGetOnlineMemberCount({"groupId": room, "data": "own"})
            assert count["json_param"] == {"group_get_online_member_count_result": 2}
            assert count["user_data"] == "own"
            [info] = (await b.TIMGroupGetGroupInfoList({"groupIds": [room]}))["json_param"]
            assert info["get_groups_info_result_info"]["group_detail_info_member_num"] == 2
            assert await online(b, room) == [bob, alice]
            for tim in (a, b):
                assert (await tim.TIMGroupGetJoinedGroupList())["json_param"] == []
            await entered(b, room)
            assert (await b.TIMGroupQuit({"groupId": room}))["code"] == 0
            assert (await b.TIMGroupQuit({"groupId": room}))["code"] == 10007
            assert (await a.TIMGroupQuit({"groupId": room}))["code"] == 10009
            await until(lambda: (8, room) in heard.reports())
            await until(lambda: len(tips(ears, room)) == 2)
            assert tips(ears, room)[-1] == (2, [bob], 1)
            assert await online(a, room) == [alice]

    asyncio.run(scenario())


def test_named_members_and_profiles(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        server.rest("im_open_login_svc/account_import", UserID=bob, Nick="Bob", FaceUrl="http://bob")
        async with signed_in(server, alice) as (a, _), signed_in(server, bob) as (b, _):
            room = await made(a)
            await entered(b, room)
            prefix = "group_get_members_info_list_param_"
            for users in ([], [bob, "nobody"]):
                params = {f"{prefix}group_id": room, f"{prefix}identifier_array": users}
                result = (await a.TIMGroupGetMemberInfoList({"params": params}))["json_param"]
                assert result["group_get_member_info_list_result_next_seq"] == 0
                first = result["group_get_member_info_list_result_info_array"][0]
                assert first.items() >= {
                    "group_member_info_identifier": bob, "group_member_info_group_id": room,
                    "group_member_info_nick_name": "Bob", "group_member_info_face_url": "http://bob",
                }.items()  # fmt: skip
                assert ("group_member_info_join_time" in first) is not bool(users)

    asyncio.run(scenario())


def test_pages_of_the_list(server: Server):
    """The cursor is the server's own, so any SDK may go on where another stopped."""

    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (a, _):
            room = await made(a)
            prefix = "group_get_members_info_list_param_"
            params = {f"{prefix}group_id": room, f"{prefix}next_seq": 1}
            result = (await a.TIMGroupGetMemberInfoList({"params": params}))["json_param"]
            assert result == {
                "group_get_member_info_list_result_next_seq": 0, "group_get_member_info_list_result_info_array": [],
            }  # fmt: skip

    asyncio.run(scenario())


def test_marks(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, ears), signed_in(server, bob) as (b, heard):
            room = await made(a)
            await entered(b, room)
            given = {"group_id": room, "member_array": [bob, "nobody"], "mark_type": 1000, "enable_mark": True}
            result = await a.TIMGroupMarkGroupMemberList({**given, "user_data": "own"})
            assert (result["code"], result["json_param"], result["user_data"]) == (0, "", "own")
            assert await online(a, room, role_flag=1000) == [bob]
            assert await online(a, room, role_flag=1001) == []
            assert (await a.TIMGroupMarkGroupMemberList({**given, "enable_mark": False}))["code"] == 0
            assert (await b.TIMGroupMarkGroupMemberList(given))["code"] == 10007
            assert (await a.TIMGroupMarkGroupMemberList({**given, "mark_type": 7}))["code"] == 10004
            for wrong in ({"member_array": []}, {"mark_type": None}, {"group_id": ""}, {"enable_mark": 1}):
                assert (await a.TIMGroupMarkGroupMemberList({**given, **wrong}))["code"] == -4
            await until(lambda: [tip[0] for tip in tips(heard, room)] == [1, 8, 8])
            prefix = "group_tips_member_mark_change_info_"
            assert [tip["group_tips_elem_member_mark_info_array"] for tip in heard.tips] == [
                [],
                [{f"{prefix}enableMark": True, f"{prefix}markType": 1000, f"{prefix}userIDList": [bob]}],
                [{f"{prefix}enableMark": False, f"{prefix}markType": 1000, f"{prefix}userIDList": [bob]}],
            ]
            assert tips(ears, room) == tips(heard, room)

    asyncio.run(scenario())


def test_removing_is_keeping_out(server: Server):
    async def scenario():
        alice, bob, carl = names("alice", "bob", "carl")
        async with (
            signed_in(server, alice) as (a, ears),
            signed_in(server, bob) as (b, heard),
            signed_in(server, carl) as (c, _),
        ):
            room = await made(a, group_id=f"room-{alice}")
            await entered(b, room)
            params = {
                "group_delete_member_param_group_id": room, "group_delete_member_param_identifier_array": [bob, carl],
                "group_delete_member_param_user_data": "why",
            }  # fmt: skip
            result = await a.TIMGroupDeleteMember({"params": params})
            assert [item["group_delete_member_result_result"] for item in result["json_param"]] == [1, 0]
            await until(lambda: (4, room) in heard.reports())
            await entered(b, room)
            params["group_delete_member_param_duration"] = 3600
            assert (await c.TIMGroupDeleteMember({"params": params}))["code"] == 10007
            result = await a.TIMGroupDeleteMember({"params": params})
            assert result["json_param"] == [
                {"group_delete_member_result_identifier": bob, "group_delete_member_result_result": 1},
                {"group_delete_member_result_identifier": carl, "group_delete_member_result_result": 0},
            ]
            await until(lambda: (22, room) in heard.reports())
            assert heard.messages[-1]["message_elem_array"][0]["group_report_elem_msg"] == "why"
            await until(lambda: tips(ears, room)[-1] == (3, [bob], 1))
            assert (await b.TIMGroupJoin({"groupId": room}))["code"] == 10007
            assert await online(c, room) == [alice]
            lifted = server.rest("group_open_http_svc/unban_group_member", GroupId=room, Members_Account=[bob])
            assert lifted["ErrorCode"] == 0
            await until(lambda: (23, room) in heard.reports())
            await entered(b, room)
            stored = await made(a, 0)
            params["group_delete_member_param_group_id"] = stored
            assert (await a.TIMGroupDeleteMember({"params": params}))["code"] == 7013

    asyncio.run(scenario())


def test_calls_for_live_rooms_only(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (a, _):
            group = await made(a, 0)
            assert (await a.TIMGroupGetOnlineMemberCount({"groupId": group}))["code"] == 10007
            assert (await a.TIMGroupGetOnlineMemberCount({"groupId": "never"}))["code"] == 10010
            assert (await a.TIMGroupGetOnlineMemberCount({}))["code"] == -4
            marks = {"group_id": group, "member_array": [alice], "mark_type": 1000, "enable_mark": True}
            assert (await a.TIMGroupMarkGroupMemberList(marks))["code"] == 10007

    asyncio.run(scenario())


async def logged_in(server: Server, user: str, platform: str = "Linux") -> tuple[Client, list]:
    """Return an open client and what it tells."""
    client = Client(server.url, SDKAPPID, user, usersig(user), platform, QUICK)
    told: list = []
    client.listen(told.append)
    await client.open()
    return client, told


def reports(told: list, room: str) -> list[tuple[str, bool]]:
    """Return the notices of a room, and whether they were derived."""
    notices = [e for e in told if isinstance(e, NoticeReceived) and e.notice["GroupId"] == room]
    return [(e.notice["ReportType"], e.derived) for e in notices]


def test_a_user_leaves_with_the_last_session_that_entered(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        web, _ = await logged_in(server, bob, "Web")
        phone, on_phone = await logged_in(server, bob, "iOS")
        tablet, on_tablet = await logged_in(server, bob, "iPad")
        room = (await a.call(CreateGroup(Type="AVChatRoom", Name="l"))).GroupId
        for client in (web, phone):
            await client.call(JoinGroup(GroupId=room))
        assert a.live == web.live == phone.live == [room]
        assert a.known == web.known == {}

        async def number() -> int:
            return (await a.call(GetOnlineMemberNum(GroupId=room))).OnlineMemberNum

        assert await number() == 2
        await web.close()
        assert await number() == 2
        await a.call(ModifyGroupBaseInfo(GroupId=room, Name="new"))
        await until(lambda: any(isinstance(e, TipReceived) and "Changes" in e.tip for e in on_phone))
        assert not [e for e in on_tablet if isinstance(e, TipReceived)]
        await phone.close()
        assert await number() == 1
        await tablet.close()
        await a.close()

    asyncio.run(scenario())


def test_quitting_on_one_device_is_leaving_on_all(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        web, on_web = await logged_in(server, bob, "Web")
        phone, _ = await logged_in(server, bob, "iOS")
        room = (await a.call(CreateGroup(Type="AVChatRoom", Name="l"))).GroupId
        for client in (web, phone):
            await client.call(JoinGroup(GroupId=room))
        await phone.call(QuitGroup(GroupId=room))
        assert phone.live == []
        await until(lambda: web.live == [])
        assert reports(on_web, room) == [("Quit", False)]
        for client in (a, web, phone):
            await client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_forgets_members_and_they_come_back_by_themselves(tmp_path, how: signal.Signals):
    server = Server(tmp_path)

    async def scenario():
        alice, bob, carl = names("alice", "bob", "carl")
        a, _ = await logged_in(server, alice)
        b, on_b = await logged_in(server, bob)
        c, on_c = await logged_in(server, carl)
        kept = (await a.call(CreateGroup(Type="AVChatRoom", Name="kept"))).GroupId
        gone = (await a.call(CreateGroup(Type="AVChatRoom", Name="gone"))).GroupId
        shut = (await a.call(CreateGroup(Type="AVChatRoom", Name="shut"))).GroupId
        for client in (b, c):
            for room in (kept, gone, shut):
                await client.call(JoinGroup(GroupId=room))
        server.stop(how)
        await until(lambda: b.state is not State.CONNECTED and c.state is not State.CONNECTED)
        server.start()
        assert server.rest("group_open_http_svc/destroy_group", GroupId=gone)["ErrorCode"] == 0
        ban = {"GroupId": shut, "Members_Account": [bob, carl], "Duration": 60}
        assert server.rest("group_open_http_svc/ban_group_member", **ban)["ErrorCode"] == 0

        async def there() -> set[str]:
            reply = server.rest("group_open_avchatroom_http_svc/get_members", GroupId=kept, Timestamp=0)
            return {item["Member_Account"] for item in reply["MemberList"]}

        async with asyncio.timeout(20):
            while await there() != {alice, bob, carl}:
                await asyncio.sleep(0.05)
        await until(lambda: b.live == [kept] and c.live == [kept])
        assert a.live[:1] == [kept]
        for told in (on_b, on_c):
            assert reports(told, kept) == []
            assert len(reports(told, gone)) == 1
            assert reports(told, gone)[0][0] == "Delete"
            assert reports(told, shut)[-1][0] in {"Quit", "BannedFromGroup"}
        on_b.clear()
        await a.call(ModifyGroupBaseInfo(GroupId=kept, Name="again"))
        await until(lambda: any(isinstance(e, TipReceived) for e in on_b))
        for client in (a, b, c):
            await client.close()

    try:
        asyncio.run(scenario())
    finally:
        server.stop()


def test_rooms_that_are_gone_after_a_break(server: Server):
    """What the client may not enter again, it tells of."""

    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        b, told = await logged_in(server, bob)
        gone = (await a.call(CreateGroup(Type="AVChatRoom", Name="gone"))).GroupId
        shut = (await a.call(CreateGroup(Type="AVChatRoom", Name="shut"))).GroupId
        for room in (gone, shut):
            await b.call(JoinGroup(GroupId=room))
        dial, ready = b._options.dial, asyncio.Event()

        async def late(url: str):
            await ready.wait()
            return await dial(url)

        b._options = Options(delay=QUICK.delay, dial=late)
        await b._link._transport.close()
        await until(lambda: b.state is not State.CONNECTED)
        with pytest.raises(CallFailed):
            await b.call(GetMembers(GroupId=shut, Timestamp=0))
        await a.call(DestroyGroup(GroupId=gone))
        await a.call(BanGroupMember(GroupId=shut, Members_Account=[bob], Duration=60))
        ready.set()
        await until(lambda: b.live == [] and len(reports(told, shut)) == 1)
        assert reports(told, gone) == [("Delete", True)]
        assert reports(told, shut) == [("Quit", True)]
        derived = next(e.notice for e in told if isinstance(e, NoticeReceived) and e.derived)
        assert derived["GroupType"] == "AVChatRoom"
        for client in (a, b):
            await client.close()

    asyncio.run(scenario())


def test_tips_of_a_room_are_messages_that_are_not_stored(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, ears):
            room = await made(a)
            other = await connect(server.url, SDKAPPID, bob, usersig(bob))
            await other.call(JoinGroup(GroupId=room))
            await until(lambda: tips(ears, room))
            message = ears.messages[-1]
            assert message["message_conv_id"] == room
            assert message["message_is_online_msg"] is True
            assert message["message_seq"] == 0
            assert json.dumps(message)
            await other.close()
            await until(lambda: len(tips(ears, room)) == 2)
            assert tips(ears, room)[-1] == (2, [bob], 1)

    asyncio.run(scenario())
