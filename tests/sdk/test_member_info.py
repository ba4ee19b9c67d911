"""The SDK's calls about one member's fields, and what listeners hear of roles, mutes and custom notices."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from qunzhu.client.events import NoticeReceived
from qunzhu.client.ledger import Ledger
from qunzhu.tim import TIMGroupMemberModifyInfoFlag, TIMGroupReportType, TIMGroupTipType, TimRender
from served import ADMIN, Ears, Server, signed_in, until

_numbers = itertools.count(1)
FLAG = TIMGroupMemberModifyInfoFlag
REPORT = TIMGroupReportType
TIP = TIMGroupTipType
SVC = "group_open_http_svc"


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"{user}-info{number}" for user in users]


async def created(tim: TimRender, *members: str) -> str:
    """Create a group with members and return its id."""
    array = [{"group_member_info_identifier": user} for user in members]
    result = await tim.TIMGroupCreate(
        {"params": {"create_group_param_group_name": "g", "create_group_param_group_member_array": array}}
    )
    assert result["code"] == 0, result
    return result["json_param"]["create_group_result_groupid"]


async def modify(tim: TimRender, group: str, user: str, flags: int, **fields: Any) -> dict[str, Any]:
    """Call TIMGroupModifyMemberInfo."""
    given = {"group_id": group, "identifier": user, "modify_flag": int(flags), **fields}
    result = await tim.TIMGroupModifyMemberInfo(
        {"params": {f"group_modify_member_info_{key}": value for key, value in given.items()}, "data": "own"}
    )
    assert (result["user_data"], result["json_param"]) == ("own", "")
    return result


async def done(tim: TimRender, group: str, user: str, flags: int, **fields: Any) -> None:
    """Change a member, which must succeed."""
    result = await modify(tim, group, user, flags, **fields)
    assert result["code"] == 0, result


async def read(tim: TimRender, group: str, user: str) -> dict[str, Any]:
    """Read one member."""
    prefix = "group_get_members_info_list_param_"
    result = await tim.TIMGroupGetMemberInfoList(
        {"params": {f"{prefix}group_id": group, f"{prefix}identifier_array": [user]}}
    )
    [shown] = result["json_param"]["group_get_member_info_list_result_info_array"]
    return {key.removeprefix("group_member_info_"): value for key, value in shown.items()}


def elems(ears: Ears, *kinds: int) -> list[dict[str, Any]]:
    """Return the report elements of some kinds, in the order in which they came."""
    found = [elem for message in ears.messages for elem in message["message_elem_array"] if elem["elem_type"] == 8]
    return [elem for elem in found if elem["group_report_elem_report_type"] in kinds]


def test_fields_of_a_member(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (b, b_ears), signed_in(server, alice) as (a, _):
            group = await created(a, bob)
            prefix = "group_member_info_custom_string_info_"
            custom = [{f"{prefix}key": "MemberDefined1", f"{prefix}value": "blue"}]
            flags = FLAG.kTIMGroupMemberModifyFlag_NameCard | FLAG.kTIMGroupMemberModifyFlag_Custom
            await done(a, group, bob, flags, name_card="by alice", custom_info=custom, msg_flag=1)
            shown = await read(a, group, bob)
            assert (shown["name_card"], shown["custom_info"], shown["msg_flag"]) == ("by alice", custom, 0)
            await done(b, group, bob, FLAG.kTIMGroupMemberModifyFlag_MsgFlag, msg_flag=2)
            await done(b, group, bob, FLAG.kTIMGroupMemberModifyFlag_NameCard, name_card="")
            set_it = await b.TIMMsgSetGroupReceiveMessageOpt({"group_id": group, "opt": 1, "user_data": "u"})
            assert (set_it["code"], set_it["user_data"]) == (0, "u")
            shown = await read(b, group, bob)
            assert (shown["name_card"], shown["msg_flag"]) == ("", 1)
            await until(lambda: len(elems(b_ears, REPORT.kTIMGroupReport_GroupMessageRecvOption)) == 2)
            told = elems(b_ears, REPORT.kTIMGroupReport_GroupMessageRecvOption)
            assert [elem["group_report_elem_group_message_receive_option"] for elem in told] == [2, 1]

    asyncio.run(scenario())


def test_role_and_mute_are_heard_in_order(server: Server):
    """Both hear the tips; only the one it happened to hears the notices."""

    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (_, b_ears), signed_in(server, alice) as (a, a_ears):
            group = await created(a, bob)
            await done(a, group, bob, FLAG.kTIMGroupMemberModifyFlag_MemberRole, member_role=300)
            assert (await read(a, group, bob))["member_role"] == 300
            await done(a, group, bob, FLAG.kTIMGroupMemberModifyFlag_MemberRole, member_role=200)
            await done(a, group, bob, FLAG.kTIMGroupMemberModifyFlag_ShutupTime, shutup_time=600)
            assert (await read(a, group, bob))["shutup_time"] > 1_600_000_000
            await done(a, group, bob, FLAG.kTIMGroupMemberModifyFlag_ShutupTime, shutup_time=0)
            assert (await read(a, group, bob))["shutup_time"] == 0
            for ears in (a_ears, b_ears):
                await until(lambda ears=ears: len(ears.tips) == 5)
                tips = ears.tips[1:]
                assert [tip["group_tips_elem_tip_type"] for tip in tips] == [
                    TIP.kTIMGroupTip_SetAdmin, TIP.kTIMGroupTip_CancelAdmin, TIP.kTIMGroupTip_MemberInfoChange,
                    TIP.kTIMGroupTip_MemberInfoChange,
                ]  # fmt: skip
                assert [tip["group_tips_elem_user_array"] for tip in tips] == [[bob]] * 4
                prefix = "group_tips_member_change_info_"
                mutes = [[{f"{prefix}identifier": bob, f"{prefix}shutupTime": seconds}] for seconds in (600, 0)]
                assert [tip["group_tips_elem_member_change_info_array"] for tip in tips] == [[], [], *mutes]
            kinds = (
                REPORT.kTIMGroupReport_GrantAdmin, REPORT.kTIMGroupReport_CancelAdmin,
                REPORT.kTIMGroupReport_ShutUpMember,
            )  # fmt: skip
            await until(lambda: len(elems(b_ears, *kinds)) == 4)
            told = elems(b_ears, *kinds)
            assert [elem["group_report_elem_report_type"] for elem in told] == [*kinds, kinds[-1]]
            assert [elem["group_report_elem_shut_up_time"] for elem in told] == [0, 0, 600, 0]
            assert {elem["group_report_elem_op_user"] for elem in told} == {alice}
            assert elems(a_ears, *kinds) == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "flags", "fields"),
    [
        (-4, 0, {}),
        (-4, 32, {}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_NameCard, {"group_id": ""}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_NameCard, {"identifier": ""}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_NameCard, {"name_card": 5}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_MemberRole, {"member_role": 400}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_MsgFlag, {"msg_flag": 9}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_MsgFlag, {}),
        (-4, FLAG.kTIMGroupMemberModifyFlag_ShutupTime, {"shutup_time": "5"}),
        (8506, FLAG.kTIMGroupMemberModifyFlag_NameCard, {"name_card": "x" * 51}),
        (10004, FLAG.kTIMGroupMemberModifyFlag_ShutupTime, {"shutup_time": -1}),
        (10004, FLAG.kTIMGroupMemberModifyFlag_NameCard, {"identifier": "nobody of that name", "name_card": "n"}),
        (10007, FLAG.kTIMGroupMemberModifyFlag_MemberRole, {"member_role": 200}),
        (10010, FLAG.kTIMGroupMemberModifyFlag_NameCard, {"group_id": "nowhere"}),
    ],
)
def test_a_refused_change_says_why(server: Server, code: int, flags: int, fields: dict):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            group = await created(tim)
            given = {"group_id": group, "identifier": alice, "modify_flag": int(flags), **fields}
            result = await tim.TIMGroupModifyMemberInfo(
                {"params": {f"group_modify_member_info_{key}": value for key, value in given.items()}}
            )
            assert result["code"] == code, result
            assert result["desc"]

    asyncio.run(scenario())


def test_custom_notices_are_heard_by_those_named(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (_, b_ears), signed_in(server, alice) as (a, a_ears):
            group = await created(a, bob)
            for fields in ({"Content": "one", "ToMembers_Account": [bob]}, {"Content": "all"}):
                answer = server.rest(f"{SVC}/send_group_system_notification", GroupId=group, **fields)
                assert answer["ErrorCode"] == 0
            for ears, wanted in ((a_ears, ["all"]), (b_ears, ["one", "all"])):
                kind, number = REPORT.kTIMGroupReport_UserDefine, len(wanted)
                await until(lambda ears=ears, kind=kind, number=number: len(elems(ears, kind)) == number)
                told = elems(ears, kind)
                assert [elem["group_report_elem_user_data"] for elem in told] == wanted
                assert {elem["group_report_elem_group_id"] for elem in told} == {group}
                assert {elem["group_report_elem_op_user"] for elem in told} == {ADMIN}

    asyncio.run(scenario())


def test_a_notice_about_a_topic_has_a_listener_of_its_own(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, ears):
            heard: list[Any] = []
            await tim.TIMSetCommunityReceiveTopicRESTCustomDataCallback({"callback": heard.append, "user_data": "u"})
            notice = {
                "GroupId": "@TGS#_club", "GroupType": "Community", "Operator_Account": ADMIN, "Time": 1767225600,
                "ReportType": "UserDefine", "TopicId": "@TGS#_club@TOPIC#_news", "Content": "hello",
            }  # fmt: skip
            tim._client._emit(NoticeReceived(dict(notice)))
            del notice["Content"]
            tim._client._emit(NoticeReceived({**notice, "ReportType": "ShutUpMember", "MuteTime": 60}))
            await until(lambda: len(ears.reports()) == 2)
            assert ears.reports() == [(16, "@TGS#_club@TOPIC#_news"), (17, "@TGS#_club@TOPIC#_news")]
            assert heard == [["@TGS#_club@TOPIC#_news", "hello", "u"]]

    asyncio.run(scenario())


def test_imports_are_heard_by_nobody(server: Server):
    """Members of an imported group hear nothing of the import, but all that comes after it."""

    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (b, b_ears), signed_in(server, alice) as (a, a_ears):
            made = server.rest(f"{SVC}/import_group", Type="Public", Name="old", Owner_Account=alice, CreateTime=1000)
            group = made["GroupId"]
            answer = server.rest(
                f"{SVC}/import_group_member", GroupId=group, MemberList=[{"Member_Account": bob, "Role": "Admin"}]
            )
            assert answer["MemberList"] == [{"Member_Account": bob, "Result": 1}]
            assert (await read(b, group, bob))["member_role"] == 300
            await done(a, group, bob, FLAG.kTIMGroupMemberModifyFlag_MemberRole, member_role=200)
            for ears in (a_ears, b_ears):
                await until(lambda ears=ears: ears.tips)
                assert [tip["group_tips_elem_tip_type"] for tip in ears.tips] == [TIP.kTIMGroupTip_CancelAdmin]
            await until(b_ears.reports)
            assert (a_ears.reports(), b_ears.reports()) == ([], [(REPORT.kTIMGroupReport_CancelAdmin, group)])

    asyncio.run(scenario())


def test_what_was_found_out_about_a_group_is_not_mixed_up_with_other_notices():
    """A client that found a group gone tells a late notice about a role, and not the end a second time."""
    ledger = Ledger({"g": 3})
    ledger.derive({"GroupId": "g", "ReportType": "Delete", "Time": 10})
    assert ledger.note({"GroupId": "g", "ReportType": "GrantAdmin", "Time": 9})
    assert not ledger.note({"GroupId": "g", "ReportType": "Delete", "Time": 10})
