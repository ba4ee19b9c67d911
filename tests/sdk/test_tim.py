"""Every call of the SDK interface against a real server."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qunzhu import __version__
from qunzhu.tim import (
    GroupInfoCustemString,
    GroupInfoCustomString,
    GroupMemberInfoCustemString,
    GroupMemberInfoCustomString,
    TIMGroupModifyInfoFlag,
    TIMGroupTipType,
    TIMLoginStatus,
    TIMNetworkStatus,
    TimRender,
)
from served import SDKAPPID, Server, signed_in, until, usersig

EXAMPLE = Path(__file__).parents[2] / "examples" / "create_group.py"
_numbers = itertools.count(1)


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"{user}{number}" for user in users]


def params(name: str = "a group", **more) -> dict:
    """Return the parameter of a creation."""
    fields = {f"create_group_param_{key}": value for key, value in more.items()}
    return {"params": {"create_group_param_group_name": name, **fields}, "data": "my own"}


async def created(tim: TimRender, **more) -> str:
    """Create a group and return its id."""
    result = await tim.TIMGroupCreate(params(**more))
    assert result["code"] == 0, result
    return result["json_param"]["create_group_result_groupid"]


def member(user: str, **more) -> dict:
    """Return a first member."""
    return {
        "group_member_info_identifier": user,
        **{f"group_member_info_{key}": value for key, value in more.items()},
    }


def test_create_gives_back_the_group_as_created(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob), signed_in(server, alice) as (tim, _):
            result = await tim.TIMGroupCreate(
                params(
                    "群主的群",
                    group_type=0,
                    introduction="intro",
                    notification="note",
                    face_url="http://face",
                    add_option=2,
                    max_member_num=50,
                    custom_info=[
                        {
                            "group_info_custom_string_info_key": "GroupTestData1",
                            "group_info_custom_string_info_value": "red",
                        }
                    ],
                    group_member_array=[
                        member(
                            bob,
                            member_role=300,
                            name_card="Bob",
                            custom_info=[
                                {
                                    "group_member_info_custom_string_info_key": "MemberDefined1",
                                    "group_member_info_custom_string_info_value": "blue",
                                }
                            ],
                        )
                    ],
                )
            )
            assert result["code"] == 0, result
            assert result["desc"] == ""
            assert result["user_data"] == "my own"
            assert result["json_params"] == result["json_param"]
            made = result["json_param"]
            group = made["create_group_result_groupid"]
            assert group.startswith("@TGS#2")
            assert made["create_group_param_group_name"] == "群主的群"
            assert made["create_group_param_add_option"] == 2
            assert made["create_group_param_max_member_num"] == 50
            listed = await tim.TIMGroupGetGroupInfoList({"groupIds": [group, "nowhere"], "data": "x"})
            known, unknown = listed["json_param"]
            info = known["get_groups_info_result_info"]
            assert known["get_groups_info_result_code"] == 0
            assert info["group_detail_info_owner_identifier"] == alice
            assert info["group_detail_info_introduction"] == "intro"
            assert info["group_detail_info_notification"] == "note"
            assert info["group_detail_info_face_url"] == "http://face"
            assert info["group_detail_info_member_num"] == 2
            assert info["group_detail_info_custom_info"] == [
                {"group_info_custom_string_info_key": "GroupTestData1", "group_info_custom_string_info_value": "red"}
            ]
            assert unknown["get_groups_info_result_code"] == 10010
            people = await tim.TIMGroupGetMemberInfoList(
                {"params": {"group_get_members_info_list_param_group_id": group}}
            )
            by_name = {
                m["group_member_info_identifier"]: m
                for m in people["json_param"]["group_get_member_info_list_result_info_array"]
            }
            assert by_name[alice]["group_member_info_member_role"] == 400
            assert by_name[bob]["group_member_info_member_role"] == 300
            assert by_name[bob]["group_member_info_name_card"] == "Bob"
            assert by_name[bob]["group_member_info_custom_info"] == [
                {
                    "group_member_info_custom_string_info_key": "MemberDefined1",
                    "group_member_info_custom_string_info_value": "blue",
                }
            ]
            assert (
                server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["GroupInfo"][0]["MemberNum"] == 2
            )

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("number", "prefix"), [(0, "@TGS#2"), (1, "@TGS#1"), (2, "@TGS#3"), (4, "@TGS#a"), (5, "@TGS#_@TGS#c")]
)
def test_each_kind_can_be_created(server: Server, number: int, prefix: str):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, ears):
            group = await created(tim, group_type=number)
            assert group.startswith(prefix)
            await until(lambda: (6, group) in ears.reports())
            dissolved = await tim.TIMGroupDelete({"groupId": group, "data": "d"})
            assert dissolved["code"] == (10007 if number == 1 else 0)
            assert dissolved["user_data"] == "d"

    asyncio.run(scenario())


def test_an_id_is_taken_once(server: Server):
    async def scenario():
        alice, bob, wanted = names("alice", "bob", "wanted")
        async with signed_in(server, alice) as (tim, _), signed_in(server, bob) as (other, _):
            assert await created(tim, group_id=wanted) == wanted
            assert (await tim.TIMGroupCreate(params(group_id=wanted)))["code"] == 10025
            assert (await other.TIMGroupCreate(params(group_id=wanted)))["code"] == 10021
            await tim.TIMGroupDelete({"groupId": wanted})
            assert await created(other, group_id=wanted) == wanted

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        (8501, {"group_id": "@TGS#mine"}),
        (8501, {"group_id": "x" * 49}),
        (8502, {"group_name": ""}),
        (8502, {"group_name": "群" * 11}),
        (8503, {"introduction": "x" * 241}),
        (8504, {"notification": "x" * 301}),
        (8505, {"face_url": "x" * 101}),
        (8506, {"group_member_array": [member("bob", name_card="x" * 51)]}),
        (8507, {"group_member_array": [member(f"user{number}") for number in range(21)]}),
        (8509, {"group_member_array": [member("bob", member_role=400)]}),
        (8509, {"group_member_array": [member("bob", member_role=3)]}),
        (-4, {"group_type": 3}),
        (-4, {"group_type": "0"}),
        (-4, {"group_name": 5}),
        (-4, {"add_option": 9}),
        (-4, {"group_member_array": ["bob"]}),
        (-4, {"group_member_array": [member("bob", member_role=7)]}),
        (-4, {"group_member_array": [member("bob", msg_flag=9)]}),
        (10019, {"group_member_array": [member("nobody of that name")]}),
        (10007, {"group_type": 4, "group_member_array": [member("bob")]}),
        (10004, {"custom_info": [{"group_info_custom_string_info_key": "unheard_of"}]}),
    ],
)
def test_a_refused_creation_says_why(server: Server, code: int, wrong: dict):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            result = await tim.TIMGroupCreate(params(**{"group_name": "a group", **wrong}))
            assert result["code"] == code, result
            assert result["desc"]
            assert result["user_data"] == "my own"

    asyncio.run(scenario())


def test_calls_before_init_and_login(server: Server):
    async def scenario():
        tim = TimRender(SDKAPPID, server.url)
        assert (await tim.TIMGroupCreate(params()))["code"] == -1
        assert (await tim.TIMLogin({"userID": "a", "userSig": "b"}))["code"] == -1
        assert (await tim.TIMGetLoginUserID())["code"] == -1
        assert await tim.TIMUninit() == -1
        assert await tim.TIMInit() == 0
        assert await tim.TIMGetSDKVersion() == __version__
        assert await tim.TIMGetServerTime() == 0
        assert await tim.TIMGetLoginStatus() == TIMLoginStatus.kTIMLoginStatus_UnLogined
        assert (await tim.TIMGroupCreate(params()))["code"] == -2
        assert (await tim.TIMLogout())["code"] == -2
        assert (await tim.TIMLogin({"userID": "a"}))["code"] == -4
        assert (await tim.TIMLogin("a"))["code"] == -3
        assert (await tim.TIMLogin({"userID": "alice", "userSig": "nonsense"}))["code"] == 70003
        assert (await tim.TIMLogin({"userID": "alice", "userSig": usersig("bob")}))["code"] == 70013
        assert (await tim.TIMLogin({"userID": "alice", "userSig": usersig("alice", expire=-10)}))["code"] == 70001
        assert (await tim.TIMLogin({"userID": "alice", "userSig": usersig("alice")}))["code"] == 0
        assert await tim.TIMGetLoginStatus() == TIMLoginStatus.kTIMLoginStatus_Logined
        assert (await tim.TIMGetLoginUserID())["json_param"] == "alice"
        assert await tim.TIMGetServerTime() > 1_700_000_000
        assert (await tim.TIMGroupCreate({"params": None}))["code"] == -3
        assert (await tim.TIMLogout({"userData": "u"}))["user_data"] == "u"
        assert await tim.TIMGetLoginStatus() == TIMLoginStatus.kTIMLoginStatus_UnLogined
        assert await tim.TIMUninit() == 0

    asyncio.run(scenario())


def test_no_server_is_a_network_code():
    async def scenario():
        tim = TimRender(SDKAPPID, "ws://127.0.0.1:9")
        await tim.TIMInit()
        assert (await tim.TIMLogin({"userID": "alice", "userSig": usersig("alice")}))["code"] == 9511

    asyncio.run(scenario())


def test_join_quit_invite_and_kick_are_told(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        async with (
            signed_in(server, alice) as (a, a_ears),
            signed_in(server, bob) as (b, b_ears),
            signed_in(server, carol) as (_, c_ears),
        ):
            open_group = await created(a, add_option=2)
            joined = await b.TIMGroupJoin({"groupId": open_group, "helloMsg": "hi", "data": "j"})
            assert joined["code"] == 0
            assert joined["user_data"] == "j"
            await until(lambda: a_ears.tips and b_ears.tips)
            tip = a_ears.tips[0]
            assert tip["group_tips_elem_tip_type"] == TIMGroupTipType.kTIMGroupTip_Invite
            assert tip["group_tips_elem_join_type"] == 1
            assert tip["group_tips_elem_user_array"] == [bob]
            assert tip["group_tips_elem_member_num"] == 2
            assert tip["group_tips_elem_op_user_info"]["user_profile_identifier"] == bob
            assert (await b.TIMGroupJoin({"groupId": open_group}))["code"] == 10013
            mine = (await b.TIMGroupGetJoinedGroupList("mine"))["json_param"]
            assert [item["group_base_info_group_id"] for item in mine] == [open_group]
            assert mine[0]["group_base_info_self_info"]["group_self_info_role"] == 200
            assert (await a.TIMGroupQuit({"groupId": open_group}))["code"] == 10009
            assert (await b.TIMGroupQuit({"groupId": open_group}))["code"] == 0
            await until(lambda: (8, open_group) in b_ears.reports() and len(a_ears.tips) == 2)
            assert a_ears.tips[1]["group_tips_elem_tip_type"] == TIMGroupTipType.kTIMGroupTip_Quit

            community = await created(a, group_type=5)
            invited = await a.TIMGroupInviteMember({
                "params": {
                    "group_invite_member_param_group_id": community,
                    "group_invite_member_param_identifier_array": [bob, carol, alice],
                }
            })  # fmt: skip
            assert [item["group_invite_member_result_result"] for item in invited["json_param"]] == [1, 1, 2]
            await until(lambda: (7, community) in b_ears.reports() and (7, community) in c_ears.reports())
            empty = {"params": {"group_invite_member_param_group_id": community}}
            assert (await a.TIMGroupInviteMember(empty))["code"] == 8510
            kick = {
                "params": {
                    "group_delete_member_param_group_id": community,
                    "group_delete_member_param_identifier_array": [carol, "stranger"],
                    "group_delete_member_param_user_data": "noise",
                }
            }
            assert (await b.TIMGroupDeleteMember(kick))["code"] == 10007
            removed = await a.TIMGroupDeleteMember(kick)
            assert [item["group_delete_member_result_result"] for item in removed["json_param"]] == [1, 0]
            await until(lambda: (4, community) in c_ears.reports())
            await until(lambda: any(t["group_tips_elem_tip_type"] == 3 for t in b_ears.tips))
            assert (await a.TIMGroupDelete({"groupId": community}))["code"] == 0
            await until(lambda: (5, community) in b_ears.reports())
            assert (5, community) not in c_ears.reports()

    asyncio.run(scenario())


def test_changes_and_transfer(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        prefix = "group_modify_info_param_"
        async with signed_in(server, bob) as (b, b_ears), signed_in(server, alice) as (a, a_ears):
            group = await created(a, group_member_array=[member(bob)])
            await until(lambda: b_ears.tips)
            change = {
                f"{prefix}group_id": group,
                f"{prefix}modify_flag": int(
                    TIMGroupModifyInfoFlag.kTIMGroupModifyInfoFlag_Name
                    | TIMGroupModifyInfoFlag.kTIMGroupModifyInfoFlag_ShutupAll
                ),
                f"{prefix}group_name": "renamed",
                f"{prefix}introduction": "not flagged",
                f"{prefix}is_shutup_all": True,
            }
            assert (await b.TIMGroupModifyGroupInfo({"params": change}))["code"] == 10007
            assert (await a.TIMGroupModifyGroupInfo({"params": change, "data": "m"}))["user_data"] == "m"
            await until(lambda: len(b_ears.tips) == 2)
            flags = {
                c["group_tips_group_change_info_flag"]
                for c in b_ears.tips[1]["group_tips_elem_group_change_info_array"]
            }
            assert flags == {1, 8}
            [item] = (await b.TIMGroupGetGroupInfoList({"groupIds": [group]}))["json_param"]
            info = item["get_groups_info_result_info"]
            assert info["group_detail_info_group_name"] == "renamed"
            assert info["group_detail_info_introduction"] == ""
            assert info["group_detail_info_is_shutup_all"] is True
            hidden = {f"{prefix}group_id": group, f"{prefix}modify_flag": 64, f"{prefix}visible": 0}
            assert (await a.TIMGroupModifyGroupInfo({"params": hidden}))["code"] == 7013
            give = {f"{prefix}group_id": group, f"{prefix}modify_flag": 2147483648, f"{prefix}owner": bob}
            assert (await a.TIMGroupModifyGroupInfo({"params": {**give, f"{prefix}modify_flag": 2147483649}}))[
                "code"
            ] == -4
            assert (await a.TIMGroupModifyGroupInfo({"params": give}))["code"] == 0
            back = {**give, f"{prefix}modify_flag": -2147483648, f"{prefix}owner": alice}
            assert (await b.TIMGroupModifyGroupInfo({"params": back}))["code"] == 0
            await until(lambda: len(a_ears.tips) == 4)

    asyncio.run(scenario())


def test_members_are_paged_by_number(server: Server):
    async def scenario():
        [alice] = names("alice")
        people = [f"{alice}-{number:03d}" for number in range(130)]
        for start in (0, 100):
            server.rest("im_open_login_svc/multiaccount_import", Accounts=people[start : start + 100])
        async with signed_in(server, alice) as (tim, _):
            group = await created(tim)
            for start in (0, 100):
                added = [{"Member_Account": user} for user in people[start : start + 100]]
                server.rest("group_open_http_svc/add_group_member", GroupId=group, MemberList=added)
            prefix, seen, cursor = "group_get_members_info_list_param_", [], 0
            while True:
                page = (
                    await tim.TIMGroupGetMemberInfoList(
                        {"params": {f"{prefix}group_id": group, f"{prefix}next_seq": cursor}}
                    )
                )["json_param"]
                seen += [
                    m["group_member_info_identifier"] for m in page["group_get_member_info_list_result_info_array"]
                ]
                cursor = page["group_get_member_info_list_result_next_seq"]
                if not cursor:
                    break
            assert sorted(seen) == sorted([alice, *people])
            owners = await tim.TIMGroupGetMemberInfoList({
                "params": {
                    f"{prefix}group_id": group,
                    f"{prefix}option": {
                        "group_member_get_info_option_role_flag": 1,
                        "group_member_get_info_option_info_flag": 8,
                    },
                }
            })  # fmt: skip
            [owner] = owners["json_param"]["group_get_member_info_list_result_info_array"]
            assert owner["group_member_info_identifier"] == alice
            assert "group_member_info_join_time" not in owner
            named = await tim.TIMGroupGetMemberInfoList(
                {"params": {f"{prefix}group_id": group, f"{prefix}identifier_array": [people[5], "stranger"]}}
            )
            assert len(named["json_param"]["group_get_member_info_list_result_info_array"]) == 1

    asyncio.run(scenario())


def test_a_second_login_kicks_the_first(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (first, ears), signed_in(server, alice) as (second, _):
            await until(lambda: ("kicked", ["k"]) in ears.calls)
            assert await first.TIMGetLoginStatus() == TIMLoginStatus.kTIMLoginStatus_UnLogined
            assert (await first.TIMGroupCreate(params()))["code"] == -2
            assert (await second.TIMGroupCreate(params()))["code"] == 0

    asyncio.run(scenario())


def test_a_revoked_login_and_an_expired_sig_are_told(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (_, ears):
            await asyncio.sleep(1.1)  # the signature must be older than the second of the kick
            assert server.rest("im_open_login_svc/kick", UserID=alice)["ErrorCode"] == 0
            await until(lambda: ("kicked", ["k"]) in ears.calls)
        async with signed_in(server, bob) as (tim, ears):
            await tim.TIMLogout()
            await tim.TIMLogin({"userID": bob, "userSig": usersig(bob, expire=1)})
            await until(lambda: ("expired", ["e"]) in ears.calls)

    asyncio.run(scenario())


def test_online_status_follows_sessions(server: Server):
    async def scenario():
        [alice] = names("alice")
        ask = {"To_Account": [alice], "IsNeedDetail": 1}
        async with signed_in(server, alice):
            [state] = server.rest("openim/query_online_status", **ask)["QueryResult"]
            assert state["Status"] == state["State"] == "Online"
            assert state["Detail"] == [{"Platform": "PC", "Status": "Online"}]
        [state] = server.rest("openim/query_online_status", **ask)["QueryResult"]
        assert state["Status"] == "Offline"

    asyncio.run(scenario())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_happened_while_away_is_told_once(tmp_path, how: signal.Signals):
    server = Server(tmp_path)

    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (b, b_ears), signed_in(server, alice) as (a, _):
            kept = await created(a, group_member_array=[member(bob)])
            gone = await created(a, group_member_array=[member(bob)])
            await until(lambda: len(b_ears.tips) == 2)
            client = b._client
            await client._link.close()  # bob's connection breaks ...
            change = {
                "group_modify_info_param_group_id": kept, "group_modify_info_param_modify_flag": 1,
                "group_modify_info_param_group_name": "while away",
            }  # fmt: skip
            await a.TIMGroupModifyGroupInfo({"params": change})
            await a.TIMGroupDelete({"groupId": gone})
            new = await created(a, group_member_array=[member(bob)])
            server.stop(how)  # ... and then the server ends
            server.start()
            await until(
                lambda: b_ears.networks()[-1:] == [TIMNetworkStatus.kTIMConnected] and len(b_ears.networks()) > 2
            )
            await until(lambda: (7, new) in b_ears.reports() and (5, gone) in b_ears.reports())
            await until(lambda: any(t["group_tips_elem_tip_type"] == 6 for t in b_ears.tips))
            await asyncio.sleep(0.5)
            kinds = [t["group_tips_elem_tip_type"] for t in b_ears.tips if t["group_tips_elem_group_id"] == kept]
            assert kinds == [1, 6]
            assert b_ears.reports().count((5, gone)) == 1
            assert b_ears.reports().count((7, new)) == 1

    try:
        asyncio.run(scenario())
    finally:
        assert server.stop() == 0


def test_user_data_comes_back_untouched(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            for data in ("", "群主 \x00 \ud83d\ude00", "x" * 100_000):
                for call in (
                    tim.TIMGroupCreate({"params": {"create_group_param_group_name": ""}, "data": data}),
                    tim.TIMGroupDelete({"groupId": "nowhere", "data": data}),
                    tim.TIMGroupJoin({"groupId": "", "data": data}),
                    tim.TIMGroupQuit({"data": data}),
                    tim.TIMGroupInviteMember({"data": data}),
                    tim.TIMGroupDeleteMember({"data": data}),
                    tim.TIMGroupGetJoinedGroupList(data),
                    tim.TIMGroupGetGroupInfoList({"groupIds": [], "data": data}),
                    tim.TIMGroupModifyGroupInfo({"params": {}, "data": data}),
                    tim.TIMGroupGetMemberInfoList({"params": {}, "data": data}),
                ):
                    result = await call
                    assert list(result) == ["code", "desc", "json_param", "json_params", "user_data"]
                    assert result["user_data"] == data

    asyncio.run(scenario())


def test_older_roles_and_both_spellings_are_taken(server: Server):
    async def scenario():
        alice, bob, carol, dave = names("alice", "bob", "carol", "dave")
        async with signed_in(server, bob), signed_in(server, carol), signed_in(server, dave):
            pass
        async with signed_in(server, alice) as (tim, _):
            people = [member(bob, member_role=2), member(carol, member_role=0), member(dave)]
            result = await tim.TIMGroupCreate(params(group_member_array=people))
            shown = result["json_param"]["create_group_param_group_member_array"]
            assert [m["group_member_info_member_role"] for m in shown] == [300, 200, 200]
            assert GroupInfoCustomString is GroupInfoCustemString
            assert GroupMemberInfoCustomString is GroupMemberInfoCustemString

    asyncio.run(scenario())


def test_joining_and_inviting_are_checked_before_they_are_sent(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, _), signed_in(server, bob) as (b, _):
            work = await created(a, group_type=1)
            assert (await b.TIMGroupJoin({"groupId": work}))["code"] == 8508
            assert (await a.TIMGroupJoin({"groupId": work}))["code"] == 10013
            many = {
                "group_invite_member_param_group_id": work,
                "group_invite_member_param_identifier_array": [f"user{number}" for number in range(21)],
            }
            assert (await a.TIMGroupInviteMember({"params": many}))["code"] == 8507
            assert (await b.TIMGroupJoin({"groupId": ""}))["code"] == -4
            ban = {"group_delete_member_param_group_id": work, "group_delete_member_param_duration": 60}
            ban["group_delete_member_param_identifier_array"] = [bob]
            assert (await a.TIMGroupDeleteMember({"params": ban}))["code"] == 7013

    asyncio.run(scenario())


def test_a_login_can_only_be_under_way_once(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        tim = TimRender(SDKAPPID, server.url)
        await tim.TIMInit()
        logins = [tim.TIMLogin({"userID": alice, "userSig": usersig(alice)}) for _ in range(2)]
        assert sorted(result["code"] for result in await asyncio.gather(*logins)) == [0, 7501]
        assert (await tim.TIMLogin({"userID": alice, "userSig": usersig(alice)}))["code"] == 0
        assert (await tim.TIMLogin({"userID": bob, "userSig": usersig(bob)}))["code"] == 0
        assert (await tim.TIMGetLoginUserID())["json_param"] == bob
        calls = [asyncio.create_task(tim.TIMGroupCreate(params())) for _ in range(20)]
        await asyncio.sleep(0)
        assert await tim.TIMUninit() == 0
        codes = {result["code"] for result in await asyncio.gather(*calls)}
        assert codes <= {0, 6013, 6014}
        assert (await tim.TIMGroupCreate(params()))["code"] == -1

    asyncio.run(scenario())


def test_logins_that_end_another_do_not_cross(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        async with signed_in(server, alice) as (tim, _):
            logins = [tim.TIMLogin({"userID": user, "userSig": usersig(user)}) for user in (bob, carol)]
            assert [result["code"] for result in await asyncio.gather(*logins)] == [0, 7502]
            assert (await tim.TIMGetLoginUserID())["json_param"] == bob
            assert (await tim.TIMGroupCreate(params()))["code"] == 0

    asyncio.run(scenario())


def test_a_login_that_is_under_way_when_the_sdk_stops_leaves_nobody_logged_in(server: Server):
    async def scenario():
        [alice] = names("alice")
        tim = TimRender(SDKAPPID, server.url)
        server.rest("im_open_login_svc/account_import", UserID=alice)
        await tim.TIMInit()
        login = asyncio.create_task(tim.TIMLogin({"userID": alice, "userSig": usersig(alice)}))
        await asyncio.sleep(0)
        assert await tim.TIMUninit() == 0
        assert (await login)["code"] == 6013
        assert await tim.TIMGetLoginStatus() == 3
        assert (await tim.TIMGroupCreate(params()))["code"] == -1
        [state] = server.rest("openim/query_online_status", To_Account=[alice])["QueryResult"]
        assert state["Status"] == "Offline"

    asyncio.run(scenario())


def test_messages_have_the_shape_of_the_interface(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        assert (
            server.rest("im_open_login_svc/account_import", UserID=alice, Nick="Alice", FaceUrl="http://a")["ErrorCode"]
            == 0
        )
        async with signed_in(server, bob) as (b, ears), signed_in(server, alice) as (a, _):
            group = await created(a, group_member_array=[member(bob)])
            await until(lambda: len(ears.messages) == 2)
            tip, report = ears.messages
            assert tip["message_conv_id"] == group
            assert (tip["message_conv_type"], tip["message_seq"], tip["message_sender"]) == (2, 1, alice)
            assert not tip["message_is_from_self"]
            [elem] = tip["message_elem_array"]
            assert elem["elem_type"] == 5
            assert elem["group_tips_elem_op_user_info"] == {
                "user_profile_identifier": alice,
                "user_profile_nick_name": "Alice",
                "user_profile_face_url": "http://a",
            }
            assert [u["user_profile_identifier"] for u in elem["group_tips_elem_changed_user_info_array"]] == [bob]
            [of_bob] = elem["group_tips_elem_changed_group_memberinfo_array"]
            assert of_bob["group_member_info_identifier"] == bob
            assert report["message_conv_type"] == 3
            [elem] = report["message_elem_array"]
            assert (elem["elem_type"], elem["group_report_elem_report_type"]) == (8, 7)
            assert elem["group_report_elem_group_name"] == "a group"
            ids = [(m["message_unique_id"], m["message_msg_id"]) for m in ears.messages]
            assert len(set(ids)) == 2
            assert all(0 <= number < 2**53 for number, _ in ids)
            await b.TIMSetGroupTipsEventCallback({"callback": None})
            heard = len(ears.tips)
            change = {
                "group_modify_info_param_group_id": group, "group_modify_info_param_modify_flag": 4096 | 16 | 1,
                "group_modify_info_param_group_name": "n", "group_modify_info_param_add_option": 2,
                "group_modify_info_param_approve_option": 2,
            }  # fmt: skip
            assert (await a.TIMGroupModifyGroupInfo({"params": change}))["code"] == 0
            await until(lambda: len(ears.messages) == 3)
            changes = ears.messages[2]["message_elem_array"][0]["group_tips_elem_group_change_info_array"]
            shown = {c["group_tips_group_change_info_flag"]: c for c in changes}
            assert shown[1]["group_tips_group_change_info_value"] == "n"
            assert shown[11]["group_tips_group_change_info_int_value"] == 2
            assert shown[12]["group_tips_group_change_info_int_value"] == 2
            assert len(ears.tips) == heard

    asyncio.run(scenario())


def test_calls_without_a_connection_are_a_network_code(tmp_path):
    server = Server(tmp_path)

    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, ears):
            server.stop(signal.SIGKILL)
            await until(lambda: TIMNetworkStatus.kTIMDisconnected in ears.networks())
            assert (await tim.TIMGroupCreate(params()))["code"] == 9508
            assert await tim.TIMGetLoginStatus() == TIMLoginStatus.kTIMLoginStatus_Logined
            await until(lambda: TIMNetworkStatus.kTIMConnectFailed in ears.networks())
            assert all(args[-1] == "n" for name, args in ears.calls if name == "network")

    asyncio.run(scenario())


def test_the_example_runs_as_it_is(server: Server):
    def run(*args: str) -> str:
        command = [sys.executable, str(EXAMPLE), "--server", server.url, *args]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert run().startswith("0 @TGS#2")
    assert run("--group-id", "example-group") == "0 example-group\n"
    assert run("--group-id", "example-group").startswith("10025 ")
    assert run("--group-id", "example-group", "--user", "bob").startswith("10021 ")
