"""Topics through the SDK: one makes them, another hears of it."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest

from qunzhu.tim import TIMCommunityTopicModifyInfoFlag, TIMGroupReportType, TIMGroupTipType, TimRender
from served import SDKAPPID, Server, signed_in, until

LISTENERS = {
    "created": ("TIMSetGroupTopicCreatedCallback", "TIMSetCommunityCreateTopicCallback"),
    "deleted": ("TIMSetGroupTopicDeletedCallback", "TIMSetCommunityDeleteTopicCallback"),
    "changed": ("TIMSetGroupTopicChangedCallback", "TIMSetCommunityChangeTopicInfoCallback"),
}
FLAG = TIMCommunityTopicModifyInfoFlag
_numbers = itertools.count(1)


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"t-{user}{number}" for user in users]


async def heard_by(tim: TimRender) -> list[tuple[str, list]]:
    """Listen for everything about topics; return what is heard, in order."""
    told: list[tuple[str, list]] = []
    for what, pair in LISTENERS.items():
        for header, call in zip(("group", "community"), pair, strict=True):
            name = f"{header} {what}"
            listen = getattr(tim, call)
            await listen({"callback": lambda args, name=name: told.append((name, args)), "user_data": "mine"})
    return told


async def club(tim: TimRender, *others: str) -> str:
    """Create a community with topics."""
    made = await tim.TIMCommunityCreate({
        "json_group_create_param": {
            "create_group_param_group_name": "Club",
            "create_group_param_group_member_array": [{"group_member_info_identifier": user} for user in others],
        },
        "user_data": "own",
    })  # fmt: skip
    assert made["code"] == 0, made
    assert made["user_data"] == "own"
    assert made["json_param"]["create_group_param_is_support_topic"] is True
    assert made["json_param"]["create_group_param_group_type"] == 5
    return made["json_param"]["create_group_result_groupid"]


def info(**fields) -> dict:
    """Return a topic object."""
    return {f"group_topic_info_{key}": value for key, value in fields.items()}


@pytest.mark.parametrize("family", ["Group", "Community"])
def test_a_topics_life(server: Server, family: str):
    create, delete, change, read = {
        "Group": ("TIMGroupCreateTopicInCommunity", "TIMGroupDeleteTopicFromCommunity", "TIMGroupSetTopicInfo",
                  "TIMGroupGetTopicInfoList"),
        "Community": ("TIMCommunityCreateTopicInCommunity", "TIMCommunityDeleteTopicFromCommunity",
                      "TIMCommunitySetTopicInfo", "TIMCommunityGetTopicInfoList"),
    }[family]  # fmt: skip

    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (other, ears), signed_in(server, alice) as (tim, _):
            told = await heard_by(other)
            group = await club(tim, bob)
            chosen = f"{group}@TOPIC#_news"
            given = info(topic_name="News", topic_id=chosen, introduction="i", custom_string="c")
            made = await getattr(tim, create)({"group_id": group, "json_topic_info": given, "user_data": "own"})
            assert (made["code"], made["json_param"], made["user_data"]) == (0, chosen, "own")
            second = await getattr(tim, create)({"group_id": group, "json_topic_info": info(topic_name="Second")})
            assert second["json_param"].startswith(f"{group}@TOPIC#_@TOPIC#")

            listed = await getattr(other, read)({"group_id": group, "json_topic_id_array": []})
            first, _ = listed["json_param"]
            shown = first["group_topic_info_result_topic_info"]
            assert first["group_topic_info_result_error_code"] == 0
            assert shown.pop("topic_create_time") > 1_700_000_000
            assert shown == {
                **info(topic_id=chosen, topic_name="News", introduction="i", notification="", topic_face_url="",
                       is_all_muted=False, self_mute_time=0, custom_string="c", recv_opt=0, draft_text="",
                       unread_count=0, group_at_info_array=[]),
                "topic_info_read_sequence": 0,
            }  # fmt: skip

            flags = FLAG.kTIMCommunityTopicModifyInfoFlag_Name | FLAG.kTIMCommunityTopicModifyInfoFlag_MuteALl
            changed = await getattr(tim, change)({
                "json_topic_info": {
                    **info(topic_id=chosen, topic_name="Newer", introduction="not this", is_all_muted=True),
                    "group_modify_info_param_modify_flag": int(flags),
                },
            })  # fmt: skip
            assert (changed["code"], changed["json_param"]) == (0, "")
            one = await getattr(other, read)({"group_id": group, "json_topic_id_array": [chosen, "gone"]})
            found, gone = one["json_param"]
            shown = found["group_topic_info_result_topic_info"]
            assert shown["group_topic_info_topic_name"] == "Newer"
            assert shown["group_topic_info_is_all_muted"] is True
            assert shown["group_topic_info_introduction"] == "i"
            assert gone["group_topic_info_result_error_code"] == 110003
            assert gone["group_topic_info_result_topic_info"] == info(topic_id="gone")

            deleted = await getattr(tim, delete)({"group_id": group, "json_topic_id_array": [chosen, "gone"]})
            prefix = "group_topic_operation_result_"
            assert [(i[f"{prefix}topic_id"], i[f"{prefix}error_code"]) for i in deleted["json_param"]] == [
                (chosen, 0), ("gone", 110003),
            ]  # fmt: skip

            await until(lambda: len(told) == 8)
            assert [name for name, _ in told] == [
                f"{header} {what}" for what in ("created", "created", "changed", "deleted")
                for header in ("group", "community")
            ]  # fmt: skip
            assert told[0][1] == [group, chosen, "mine"]
            where, what, data = told[4][1]
            assert (where, data) == (group, "mine")
            assert json.loads(what) == info(topic_id=chosen, topic_name="Newer", is_all_muted=True)
            assert told[6][1] == [group, json.dumps([chosen]), "mine"]

            tips = [tip for tip in ears.tips if tip["group_tips_elem_tip_type"] == 9]
            assert [tip["group_tips_elem_group_id"] for tip in tips] == [chosen]
            assert tips[0]["group_tips_elem_tip_type"] == TIMGroupTipType.kTIMGroupTip_TopicInfoChange
            assert tips[0]["group_tips_elem_group_change_info_array"][0] == {
                "group_tips_group_change_info_flag": 1, "group_tips_group_change_info_value": "Newer",
            }  # fmt: skip
            wanted = [TIMGroupReportType.kTIMGroupReport_TopicCreate] * 2
            wanted.append(TIMGroupReportType.kTIMGroupReport_TopicDelete)
            await until(lambda: len([kind for kind, _ in ears.reports() if kind >= 18]) == 3)
            assert [(kind, where) for kind, where in ears.reports() if kind >= 18] == [(int(k), group) for k in wanted]

    asyncio.run(scenario())


def test_joined_communities_are_those_with_topics(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (other, _), signed_in(server, alice) as (tim, _):
            group = await club(tim, bob)
            for kind in (0, 5):
                plain = {"create_group_param_group_name": "plain", "create_group_param_group_type": kind}
                assert (await other.TIMGroupCreate({"params": plain}))["code"] == 0
            for call in (other.TIMGroupGetJoinedCommunityList, other.TIMCommunityGetJoinedCommunityList):
                mine = (await call({"user_data": "own"}))["json_param"]
                assert [item["group_base_info_group_id"] for item in mine] == [group]
                assert mine[0]["group_base_info_self_info"]["group_self_info_role"] == 200

    asyncio.run(scenario())


def test_refusals(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (other, _), signed_in(server, alice) as (tim, _):
            group = await club(tim, bob)
            good = {"group_id": group, "json_topic_info": info(topic_name="n")}
            assert (await other.TIMGroupCreateTopicInCommunity(good))["code"] == 10007
            assert (await tim.TIMGroupCreateTopicInCommunity({"group_id": group}))["code"] == -3
            assert (await tim.TIMGroupCreateTopicInCommunity({**good, "json_topic_info": {}}))["code"] == -4
            assert (await tim.TIMGroupCreateTopicInCommunity({**good, "group_id": ""}))["code"] == -4
            assert (await tim.TIMGroupDeleteTopicFromCommunity({"group_id": group}))["code"] == -4
            topic = (await tim.TIMGroupCreateTopicInCommunity(good))["json_param"]
            for flags, code in ((0, -4), (FLAG.kTIMCommunityTopicModifyInfoFlag_Draft, 7013), (1, 10004)):
                given = {**info(topic_id=topic), "group_modify_info_param_modify_flag": int(flags)}
                assert (await tim.TIMGroupSetTopicInfo({"json_topic_info": given}))["code"] == code
            wrong = {"create_group_param_group_name": "n", "create_group_param_group_type": 0}
            assert (await tim.TIMCommunityCreate({"json_group_create_param": wrong}))["code"] == -4
            outside = TimRender(SDKAPPID, server.url)
            assert (await outside.TIMGroupGetTopicInfoList({"group_id": group}))["code"] == -1

    asyncio.run(scenario())


def test_what_the_back_end_says_in_a_topic(server: Server):
    """A custom notice with a topic goes to the listener for it; one without a topic does not."""

    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, bob) as (other, ears), signed_in(server, alice) as (tim, _):
            told: list[list] = []
            listen = other.TIMSetCommunityReceiveTopicRESTCustomDataCallback
            await listen({"callback": told.append, "user_data": "mine"})
            group = await club(tim, bob)
            good = {"group_id": group, "json_topic_info": info(topic_name="n")}
            topic = (await tim.TIMGroupCreateTopicInCommunity(good))["json_param"]
            for content, more in (("to all", {}), ("in the topic", {"TopicId": topic})):
                answer = await asyncio.to_thread(
                    server.rest, "group_open_http_svc/send_group_system_notification", GroupId=group, Content=content,
                    **more,
                )  # fmt: skip
                assert answer["ErrorCode"] == 0, answer
            await until(lambda: len([kind for kind, _ in ears.reports() if kind == 16]) == 2)
            assert told == [[topic, "in the topic", "mine"]]

    asyncio.run(scenario())
