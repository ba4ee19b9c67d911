"""Messages through real servers: every kind of element in groups and one-to-one, history, and what the SDK keeps."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from qunzhu.tim import TimRender
from sdk.talk import C2C, ELEMENTS, GROUP, hearing, talk, text
from sdk.test_tim import created, names
from served import Server, signed_in, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "send_message.py"
CALLS = [
    name for name in dir(TimRender) if name.startswith(("TIMMsg", "TIMPin", "TIMGetPinned")) and not name.endswith("V2")
]
BOTH = pytest.mark.parametrize("kind", [C2C, GROUP])


def essence(message: dict) -> dict:
    """Return what sender, receiver and history must agree on."""
    own = {
        "message_conv_id", "message_is_from_self", "message_is_read", "message_target_group_member_array",
        "message_sender_group_member_info", "message_sender_profile", "message_has_sent_receipt",
        "message_is_peer_read",
    }  # fmt: skip
    return {key: value for key, value in message.items() if key not in own}


@BOTH
@pytest.mark.parametrize("name", ELEMENTS)
def test_an_element_arrives_as_it_was_sent(server: Server, kind, name):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.send([ELEMENTS[name]], cloud_custom_str="cloud")
            assert sent["code"] == 0, sent
            assert sent["user_data"] == "s"
            mine = sent["json_param"]
            await until(lambda: [m for m in they.bob_ears.messages if m["message_cloud_custom_str"] == "cloud"])
            came = they.bob_ears.messages[-1]
            assert essence(came) == essence(mine)
            assert (mine["message_status"], mine["message_is_from_self"], came["message_is_from_self"]) == (
                2,
                True,
                False,
            )
            assert mine["message_conv_id"] == they.from_alice["conv_id"]
            assert came["message_conv_id"] == they.from_bob["conv_id"]
            assert came["message_sender"] == they.alice_name
            [elem] = came["message_elem_array"]
            assert {key: elem.get(key) for key in ELEMENTS[name] if key != "merge_elem_message_array"} == {
                key: value for key, value in ELEMENTS[name].items() if key != "merge_elem_message_array"
            }
            if name == "merged":
                [inside] = elem["merge_elem_message_array"]
                assert inside["message_elem_array"] == [text("inside")]
                assert inside["message_msg_id"] == "someone-7-8"
            for tim in (they.alice, they.bob):
                read = (await they.history(tim, count=1))[0]
                assert essence(read) == essence(came)

    asyncio.run(scenario())


@BOTH
def test_several_elements_and_all_fields_of_a_message(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            elems = [ELEMENTS["text"], ELEMENTS["face"], ELEMENTS["custom"]]
            push = {"offline_push_config_desc": "d", "offline_push_config_flag": 1}
            more = {"need_read_receipt": True} if kind == C2C else {
                "priority": 0, "group_at_user_array": ["__kImSDK_MessageAtALL__", they.bob_name],
            }  # fmt: skip
            sent = await they.send(
                elems, support_message_extension=True, is_excluded_from_unread_count=True,
                excluded_from_last_message=True, offline_push_config=push, **more,
            )  # fmt: skip
            assert sent["code"] == 0, sent
            await until(lambda: len([m for m in they.bob_ears.messages if len(m["message_elem_array"]) == 3]) == 1)
            came = they.bob_ears.messages[-1]
            assert essence(came) == essence(sent["json_param"])
            for key, value in more.items():
                assert came[f"message_{key}"] == value, key
            for key in ("support_message_extension", "is_excluded_from_unread_count", "excluded_from_last_message"):
                assert came[f"message_{key}"] is True
            assert came["message_offline_push_config"]["offline_push_config_desc"] == "d"

    asyncio.run(scenario())


@BOTH
def test_ones_own_messages_come_from_elsewhere_only(server: Server, kind):
    asyncio.run(_own_messages(server, kind))


async def _own_messages(server: Server, kind: int) -> None:
    async with talk(server, kind) as they:
        await they.say("one")
        await they.got("one")
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "in her name"}}]
        if kind == GROUP:
            server.rest(
                "group_open_http_svc/send_group_msg", GroupId=they.group, From_Account=they.alice_name, Random=5,
                MsgBody=body,
            )  # fmt: skip
        else:
            server.rest(
                "openim/sendmsg", From_Account=they.alice_name, To_Account=they.bob_name, MsgRandom=5, MsgBody=body,
                SyncOtherMachine=1,
            )  # fmt: skip
        await they.got("in her name")
        await until(they.alice_ears.texts)
        assert they.alice_ears.texts() == ["in her name"]
        assert they.alice_ears.messages[-1]["message_is_from_self"] is True


@BOTH
def test_history_goes_both_ways_and_page_by_page(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = [await they.say(f"number {n}") for n in range(7)]
            await they.got("number 6")
            for tim in (they.alice, they.bob):
                whole = [m for m in await they.history(tim, count=50) if m["message_elem_array"][0]["elem_type"] == 0]
                said = sorted(m["message_elem_array"][0]["text_elem_content"] for m in whole)
                assert said == [f"number {n}" for n in range(7)]
                newest_first = [m["message_msg_id"] for m in whole]
                if kind == GROUP:
                    assert newest_first == [m["message_msg_id"] for m in reversed(sent)]
                pages: list[str] = []
                last = None
                while page := await they.history(tim, count=3, **({"last_msg": last} if last else {})):
                    assert len(page) <= 3
                    pages += [m["message_msg_id"] for m in page if m["message_elem_array"][0]["elem_type"] == 0]
                    last = page[-1]
                assert pages == newest_first
                newer = await they.history(tim, count=50, is_forward=True, last_msg=whole[-1])
                assert [m["message_msg_id"] for m in newer] == newest_first[-2::-1]
                begin = whole[-1]["message_server_time"]
                all_newer = await they.history(tim, count=50, is_forward=True, time_begin=begin)
                assert [m["message_msg_id"] for m in all_newer if m["message_seq"] and m["message_elem_array"][0][
                    "elem_type"] == 0] == newest_first[::-1]  # fmt: skip
                assert await they.history(tim, count=5, time_begin=begin - 100) == []
                assert await they.history(tim, count=5, time_begin=begin - 100, time_period=50, is_forward=True) == []

    asyncio.run(scenario())


def test_group_history_by_seq_and_by_type(server: Server):
    async def scenario():
        async with talk(server, GROUP) as they:
            sent = [await they.say("one"), await they.say("two"), (await they.send([ELEMENTS["face"]]))["json_param"]]
            seqs = [m["message_seq"] for m in sent]
            found = await they.history(they.bob, message_seq_array=[seqs[2], seqs[0]])
            assert [m["message_seq"] for m in found] == [seqs[2], seqs[0]]
            found = await they.history(they.bob, last_msg_seq=seqs[1], count=2)
            assert [m["message_seq"] for m in found] == [seqs[1], seqs[0]]
            found = await they.history(they.bob, message_type_array=[6], count=5)
            assert [m["message_seq"] for m in found] == [seqs[2]]
            tips = await they.history(they.bob, message_type_array=[5], count=5)
            assert [m["message_elem_array"][0]["group_tips_elem_tip_type"] for m in tips] == [1]

    asyncio.run(scenario())


def test_a_note_to_oneself(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with hearing(server, alice) as (tim, _):
            place = {"conv_id": alice, "conv_type": C2C}
            sent = await tim.TIMMsgSendMessage({**place, "params": {"message_elem_array": [text("remember")]}})
            assert (sent["code"], sent["json_param"]["message_conv_id"]) == (0, alice)
            read = await tim.TIMMsgGetMsgList({**place, "params": {}})
            assert [m["message_msg_id"] for m in read["json_param"]] == [sent["json_param"]["message_msg_id"]]
            assert (await tim.TIMMsgRevoke({**place, "json_msg_param": sent["json_param"]}))["code"] == 0

    asyncio.run(scenario())


def test_messages_of_topics_are_the_topics(server: Server):
    async def scenario():
        async with talk(server, GROUP, group_type=5) as they:
            community = await created(they.alice, group_type=5, is_support_topic=True)
            await they.alice.TIMGroupInviteMember({"params": {
                "group_invite_member_param_group_id": community,
                "group_invite_member_param_identifier_array": [they.bob_name],
            }})  # fmt: skip
            made = await they.alice.TIMGroupCreateTopicInCommunity({
                "group_id": community, "json_topic_info": {"group_topic_info_topic_name": "t"},
            })  # fmt: skip
            they.group = made["json_param"]
            sent = await they.say("in the topic")
            came = await they.got("in the topic")
            assert came["message_conv_id"] == sent["message_conv_id"] == they.group
            assert [m["message_msg_id"] for m in await they.history(they.bob, count=5)] == [sent["message_msg_id"]]

    asyncio.run(scenario())


def test_only_those_named_get_a_message_for_some(server: Server):
    async def scenario():
        [carol] = names("carol")
        async with hearing(server, carol) as (_, c_ears), talk(server, GROUP) as they:
            server.rest("group_open_http_svc/add_group_member", GroupId=they.group,
                        MemberList=[{"Member_Account": carol}])  # fmt: skip
            await they.say("for bob", target_group_member_array=[they.bob_name])
            await they.say("for all")
            came = await they.got("for bob")
            assert came["message_target_group_member_array"] == [they.bob_name]
            await until(lambda: "for all" in c_ears.texts())
            assert c_ears.texts() == ["for all"]

    asyncio.run(scenario())


@BOTH
def test_online_messages_are_in_no_history(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            await they.say("only now", is_online_msg=True)
            came = await they.got("only now")
            assert came["message_is_online_msg"] is True
            assert "only now" not in str(await they.history(they.bob, count=5))

    asyncio.run(scenario())


@BOTH
def test_listeners_are_added_and_removed(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            heard: list[list] = []
            await they.bob.TIMAddRecvNewMsgCallback({"callback": heard.append, "user_data": "x"})
            await they.say("first")
            await they.got("first")
            assert "first" in heard[-1][0]
            number = len(heard)
            await they.bob.TIMRemoveRecvNewMsgCallback({"callback": heard.append})
            await they.say("second")
            await they.got("second")
            assert len(heard) == number
            assert heard[0][1] == "x"

    asyncio.run(scenario())


@BOTH
def test_found_by_id_and_by_locator(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.say("find me")
            came = await they.got("find me")
            for tim in (they.alice, they.bob):
                found = await tim.TIMMsgFindMessages({"json_message_id_array": [sent["message_msg_id"], "nobody-1-1"]})
                assert [m["message_msg_id"] for m in found["json_param"]] == [sent["message_msg_id"]]
            locator = {
                "message_locator_is_revoked": False, "message_locator_time": came["message_server_time"],
                "message_locator_seq": came["message_seq"], "message_locator_is_self": False,
                "message_locator_rand": came["message_rand"], "message_locator_unique_id": came["message_unique_id"],
            }  # fmt: skip
            gone = {**locator, "message_locator_seq": 4000000000}
            async with signed_in(server, they.bob_name) as (fresh, _):
                found = await fresh.TIMMsgFindByMsgLocatorList({**they.from_bob, "params": [gone, locator]})
                assert [m["message_msg_id"] for m in found["json_param"]] == [sent["message_msg_id"]]

    asyncio.run(scenario())


def test_one_message_to_many(server: Server):
    async def scenario():
        async with talk(server, C2C) as they:
            result = await they.alice.TIMMsgBatchSend({
                "params": {
                    "msg_batch_send_param_identifier_array": [they.bob_name, "nobody of that name"],
                    "msg_batch_send_param_msg": {"message_elem_array": [text("to many")]},
                }
            })  # fmt: skip
            assert result["code"] == 0, result
            reached, missed = result["json_param"]
            assert (reached["msg_batch_send_result_identifier"], reached["msg_batch_send_result_code"]) == (
                they.bob_name,
                0,
            )
            assert missed["msg_batch_send_result_code"] == 20003
            assert missed["msg_batch_send_result_desc"]
            params = {
                "msg_batch_send_param_identifier_array": ["nobody of that name"],
                "msg_batch_send_param_msg": {"message_elem_array": [text("to none")]},
            }
            nobody = await they.alice.TIMMsgBatchSend({"params": params})
            assert nobody["code"] == 6003
            assert nobody["json_param"][0]["msg_batch_send_result_code"] == 20003
            came = await they.got("to many")
            assert came["message_msg_id"] == reached["msg_batch_send_result_msg"]["message_msg_id"]

    asyncio.run(scenario())


@BOTH
def test_the_id_is_known_before_the_message_is_sent(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            told: list[list] = []
            param = {**they.from_alice, "json_msg_param": {"message_elem_array": [text("old form")]}, "user_data": "u"}
            result = await they.alice.TIMMsgSendNewMsgEx({**param, "msgid_cb": told.append, "res_cb": told.append})
            assert result["code"] == 0, result
            (code, _, own_id, data), (final, _, whole, _) = told
            assert (code, final, data) == (0, 0, "u")
            assert result["json_param"]["message_msg_id"] in whole
            [found] = (await they.alice.TIMMsgFindMessages({"json_message_id_array": [own_id]}))["json_param"]
            assert found["message_msg_id"] == result["json_param"]["message_msg_id"]
            assert (await they.alice.TIMMsgSendNewMsg(param))["code"] == 0
            outcome: list[list] = []
            own_id = await they.alice.TIMMsgSendMessageV2({**param, "callback": outcome.append})
            assert own_id.startswith(f"{they.alice_name}-")
            await until(lambda: outcome)
            assert outcome[0][0] == 0
            assert await they.alice.TIMMsgSendMessageV2({"conv_id": "", "callback": outcome.append}) == ""
            assert outcome[1][0] == -5

    asyncio.run(scenario())


def test_a_flooded_group_says_so(tmp_path):
    async def scenario():
        async with talk(server, GROUP) as they:
            results = await asyncio.gather(*(they.send([text(f"{n}")], priority=2) for n in range(60)))
            codes = {result["code"] for result in results}
            assert codes <= {0, 10023}
            assert 10023 in codes

    server = Server(tmp_path)
    try:
        asyncio.run(scenario())
    finally:
        server.stop()


ENDLESS = text("x")
ENDLESS["elem_other_fields"] = {"again": ENDLESS}
WRONG = [
    (-5, {"conv_type": 3}), (-5, {"conv_id": ""}), (-5, {"conv_type": 0}), (-4, {"conv_id": 5}),
    (-4, {"conv_type": "2"}),
    (-3, {"params": None}), (-3, {"params": []}), (-3, {"params": "{"}), (6016, {"params": {}}),
    (-4, {"params": {"message_elem_array": "x"}}), (-4, {"params": {"message_elem_array": [5]}}),
    (6016, {"params": {"message_elem_array": [{"elem_type": 8}]}}),
    (-4, {"params": {"message_elem_array": [{"elem_type": 0}]}}),
    (-3, {"params": {"message_elem_array": [{"elem_type": 0, "text_elem_content": "\ud800"}]}}),
    (-4, {"params": {"message_elem_array": [text("x")], "message_cloud_custom_str": 9}}),
    (-3, {"params": {"message_elem_array": [{**text("x"), "elem_other_fields": {"A": object()}}]}}),
    (-3, {"params": {"message_elem_array": [ENDLESS]}}),
    (7004, {"params": {"message_elem_array": [{"elem_type": 4, "file_elem_file_path": "/no/such/file"}]}}),
    (7007, {"params": {"message_elem_array": [{"elem_type": 4, "file_elem_file_path": "/"}]}}),
    (-4, {"params": {"message_elem_array": [{"elem_type": 1, "image_elem_orig_path": "/a\0b"}]}}),
    (-4, {"params": {"message_elem_array": [{"elem_type": 9, "video_elem_video_path": "/a\0b"}]}}),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(("code", "wrong"), WRONG)
def test_a_wrong_parameter_says_why(server: Server, kind, code, wrong):
    async def scenario():
        async with talk(server, kind) as they:
            param = {**they.from_alice, "params": {"message_elem_array": [text("x")]}, "user_data": "mine", **wrong}
            result = await they.alice.TIMMsgSendMessage(param)
            assert result["code"] == code, result
            assert result["desc"]
            assert result["user_data"] == "mine"

    asyncio.run(scenario())


def test_what_the_server_refuses_has_its_code(server: Server):
    async def scenario():
        async with talk(server, GROUP) as they:
            long = {"params": {"message_elem_array": [text("x" * 13000)]}}
            assert (await they.alice.TIMMsgSendMessage({**they.from_alice, **long}))["code"] == 80002
            nowhere = {"conv_id": "nowhere", "conv_type": 2, "params": {"message_elem_array": [text("x")]}}
            assert (await they.alice.TIMMsgSendMessage(nowhere))["code"] == 10010
            for place, code in (({"conv_id": "nowhere", "conv_type": 2}, 10010),
                                ({"conv_id": "x" * 5000, "conv_type": 2}, 10015),
                                ({"conv_id": "é", "conv_type": 1}, 10004)):  # fmt: skip
                assert (await they.alice.TIMMsgGetMsgList({**place, "params": {}}))["code"] == code
            nobody = {"conv_id": "nobody of that name", "conv_type": 1, "params": {"message_elem_array": [text("x")]}}
            assert (await they.alice.TIMMsgSendMessage(nobody))["code"] == 20003

    asyncio.run(scenario())


def test_calls_before_init_and_login(server: Server):
    async def scenario():
        tim = TimRender(1400000000, server.url)
        assert len(CALLS) >= 40
        for name in CALLS:
            result = await getattr(tim, name)({"user_data": "u"})
            assert (result["code"], result["user_data"]) == (-1, "u"), name
        await tim.TIMInit()
        for name in CALLS:
            assert (await getattr(tim, name)({}))["code"] == -2, name
        assert await tim.TIMMsgSendMessageV2({}) == ""

    asyncio.run(scenario())


def test_no_call_fails_otherwise_than_with_a_code(server: Server):
    """Whatever is given, a call answers with a code and a text."""
    odd = [None, 5, "x", [], {}, {"params": 5}, {"params": {}}, {"json_msg": {}}, {"json_msg_array": [{}]},
           {"conv_id": "a", "conv_type": 1, "params": {}}, {"conv_id": "a", "conv_type": 2, "params": [{}]},
           {"conv_id": "a" * 5000, "conv_type": 1, "params": {"message_elem_array": [text("x")]}},
           {"json_msg": {"message_conv_id": "g", "message_conv_type": 2, "message_seq": 10**30}},
           {"json_msg": {"message_conv_id": "g", "message_conv_type": 1, "message_seq": 1, "message_rand": 2}},
           {"json_msg": "{{", "json_msg_array": "[", "params": "nul"}]  # fmt: skip

    async def scenario():
        [alice] = names("alice")
        async with signed_in(server, alice) as (tim, _):
            for name in CALLS:
                for param in odd:
                    result = await getattr(tim, name)(param)
                    assert result["code"] == 0 or result["desc"], (name, param, result)

    asyncio.run(scenario())


def test_the_example_runs_as_it_is(server: Server, tmp_path):
    def run(*args: str) -> list[str]:
        command = [sys.executable, str(EXAMPLE), "--server", server.url, *args]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    (tmp_path / "notes.txt").write_text("some notes")
    sent, heard, file, newest = run("Hello", "--file", str(tmp_path / "notes.txt"))
    assert sent.startswith("sent alice-")
    assert (heard, file) == ("alice: Hello", "notes.txt: 10 bytes")
    assert newest.removeprefix("newest in the history: ") == sent.removeprefix("sent ")
    for _ in range(2):
        assert run("To all", "--group", "example-talk")[1] == "alice: To all"
