"""What happens to messages after they were sent: both users' SDKs and the server API agree, and listeners hear it."""

from __future__ import annotations

import asyncio

import pytest

from qunzhu.tim import TimRender
from sdk.talk import C2C, ELEMENTS, GROUP, Talk, talk, text
from sdk.test_tim import created, member, names
from served import Server, signed_in, until

BOTH = pytest.mark.parametrize("kind", [C2C, GROUP])


async def ok(call) -> object:
    """Return what a call that must succeed answers with."""
    result = await call
    assert result["code"] == 0, result
    return result["json_param"]


def rest_history(server: Server, they: Talk) -> list[dict]:
    """Return the messages of a conversation as the server API has them, newest first, recalled ones left out."""
    if they.kind == GROUP:
        answer = server.rest("group_open_http_svc/group_msg_get_simple", GroupId=they.group, ReqMsgNumber=20)
        return [item for item in answer["RspMsgList"] if not item.get("IsSystemMsg") and item["IsPlaceMsg"] == 0]
    answer = server.rest(
        "openim/admin_getroammsg", Operator_Account=they.bob_name, Peer_Account=they.alice_name, MaxCnt=20, MinTime=0,
        MaxTime=4000000000,
    )  # fmt: skip
    return [item for item in reversed(answer["MsgList"]) if item["MsgFlagBits"] != 8]


@BOTH
def test_a_message_is_taken_back(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.say("oh")
            came = await they.got("oh")
            refused = await they.bob.TIMMsgRevoke({**they.from_bob, "json_msg_param": came})
            assert refused["code"] == (90009 if kind == C2C else 10007), refused
            await ok(they.alice.TIMMsgRevoke({**they.from_alice, "json_msg_param": sent, "user_data": "r"}))
            await until(lambda: they.bob_ears.heard("Revoke"))
            [[[told]]] = they.bob_ears.heard("Revoke")
            for key in ("seq", "rand", "unique_id"):
                assert told[f"message_locator_{key}"] == came[f"message_{key}"]
            assert told["message_locator_time"] == came["message_server_time"]
            assert told["message_locator_is_revoked"] is True
            assert told["message_locator_conv_id"] == they.from_bob["conv_id"]
            assert told["message_revoker_user_id"] == they.alice_name
            assert rest_history(server, they) == []
            for tim in (they.alice, they.bob):
                read = (await they.history(tim, count=1))[0]
                assert (read["message_msg_id"], read["message_status"]) == (sent["message_msg_id"], 6)
                assert (read["message_elem_array"], read["message_revoker_user_id"]) == ([], they.alice_name)
                [found] = await ok(tim.TIMMsgFindMessages({"json_message_id_array": [sent["message_msg_id"]]}))
                assert found["message_status"] == 6

    asyncio.run(scenario())


@BOTH
def test_a_message_taken_back_by_the_server_api_is_told(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            await they.say("oh")
            came = await they.got("oh")
            seq, rand, at = (came[f"message_{key}"] for key in ("seq", "rand", "server_time"))
            if kind == GROUP:
                server.rest("group_open_http_svc/group_msg_recall", GroupId=they.group, Reason="rude",
                            MsgSeqList=[{"MsgSeq": seq}])  # fmt: skip
            else:
                server.rest("openim/admin_msgwithdraw", From_Account=they.alice_name, To_Account=they.bob_name,
                            MsgKey=f"{seq}_{rand}_{at}", Reason="rude")  # fmt: skip
            for ears in (they.alice_ears, they.bob_ears):
                await until(lambda ears=ears: ears.heard("Revoke"))
                [[[told]]] = ears.heard("Revoke")
                assert (told["message_revoker_user_id"], told["message_revoke_reason"]) == ("administrator", "rude")

    asyncio.run(scenario())


@BOTH
def test_a_message_is_modified(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.say("first")
            came = await they.got("first")
            change = {**sent, "message_elem_array": [text("second")], "message_cloud_custom_str": "c"}
            now = await ok(they.alice.TIMMsgModifyMessage({"params": change}))
            assert (now["message_version"], now["message_elem_array"]) == (1, [text("second")])
            await until(lambda: they.bob_ears.heard("Update"))
            [[[told]]] = they.bob_ears.heard("Update")
            assert told["message_msg_id"] == sent["message_msg_id"]
            assert (told["message_elem_array"], told["message_cloud_custom_str"]) == ([text("second")], "c")
            [listed] = rest_history(server, they)
            assert listed["MsgBody"] == [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "second"}}]
            assert (await they.history(they.bob, count=1))[0]["message_elem_array"] == [text("second")]

            late = await they.bob.TIMMsgModifyMessage({"params": {**came, "message_elem_array": [text("third")]}})
            assert late["code"] == 8006, late
            assert late["json_param"]["message_version"] == 1
            mine = {**late["json_param"], "message_elem_array": [text("third")]}
            now = await ok(they.bob.TIMMsgModifyMessage({"params": mine}))
            assert now["message_version"] == 2
            await until(lambda: they.alice_ears.heard("Update")[-1:] and they.alice_ears.heard("Update")[-1][0][0][
                "message_version"] == 2)  # fmt: skip

    asyncio.run(scenario())


@BOTH
def test_deleted_for_oneself_only(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            one, two, three = [await they.say(words) for words in ("one", "two", "three")]
            await they.got("three")

            async def texts(tim: TimRender) -> set[str]:
                read = await they.history(tim, count=20)
                return {e["text_elem_content"] for m in read for e in m["message_elem_array"] if e["elem_type"] == 0}

            here = {"msg_delete_param_msg": one, "msg_delete_param_is_ramble": False}
            await ok(they.alice.TIMMsgDelete({**they.from_alice, "params": here}))
            assert await texts(they.alice) == {"two", "three"}
            async with signed_in(server, they.alice_name) as (again, _):
                found = await ok(again.TIMMsgGetMsgList({**they.from_alice, "params": {}}))
                assert one["message_msg_id"] in {m["message_msg_id"] for m in found}

        async with talk(server, kind) as they:
            one, two, three = [await they.say(words) for words in ("one", "two", "three")]
            await they.got("three")
            there = {"msg_delete_param_msg": one, "msg_delete_param_is_ramble": True}
            await ok(they.alice.TIMMsgDelete({**they.from_alice, "params": there}))
            assert await texts(they.alice) == {"two", "three"}
            await ok(they.alice.TIMMsgListDelete({**they.from_alice, "params": [two, three]}))
            assert await texts(they.alice) == set()
            assert await texts(they.bob) == {"one", "two", "three"}
            if kind == C2C:  # rest_history reads as bob
                assert len(rest_history(server, they)) == 3
            assert await ok(they.alice.TIMMsgFindMessages({"json_message_id_array": [two["message_msg_id"]]})) == []
            await ok(they.bob.TIMMsgClearHistoryMessage(they.from_bob))
            assert await texts(they.bob) == set()
            if kind == C2C:
                assert rest_history(server, they) == []
            await they.say("four")
            await they.got("four")
            assert await texts(they.bob) == {"four"}
            assert await texts(they.alice) == {"four"}

    asyncio.run(scenario())


@BOTH
@pytest.mark.parametrize("elsewhere", [False, True])
def test_messages_of_a_deleted_conversation_are_gone(server: Server, kind, elsewhere):
    async def scenario():
        async with talk(server, kind) as they:
            await they.say("gone with it")
            came = await they.got("gone with it")
            ids = {"json_message_id_array": [came["message_msg_id"]]}
            assert len(await ok(they.bob.TIMMsgFindMessages(ids))) == 1
            if elsewhere:
                whom = {"To_Account": they.alice_name} if kind == C2C else {"ToGroupid": they.group}
                server.rest("recentcontact/delete", From_Account=they.bob_name, Type=kind, ClearRamble=1, **whom)
            else:
                where = {"convId": they.from_bob["conv_id"], "convType": kind}
                await ok(they.bob.TIMConvDelete(where))
            async with asyncio.timeout(10):
                while await ok(they.bob.TIMMsgFindMessages(ids)):
                    await asyncio.sleep(0.05)
            assert len(await ok(they.alice.TIMMsgFindMessages(ids))) == 1

    asyncio.run(scenario())


@BOTH
def test_reading_is_told_and_remembered(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            first = await they.say("one")
            await they.say("two")
            came = await they.got("two")
            assert came["message_is_read"] is False
            read = await they.history(they.bob, count=2)
            assert [m["message_is_read"] for m in read] == [False, False]
            await ok(they.bob.TIMMsgReportReaded({**they.from_bob, "json_msg_param": None}))
            read = await they.history(they.bob, count=2)
            assert [m["message_is_read"] for m in read] == [True, True]
            if kind == C2C:
                await until(lambda: they.alice_ears.heard("Readed"))
                [receipt] = they.alice_ears.heard("Readed")[-1][0]
                assert receipt["msg_receipt_conv_id"] == they.bob_name
                assert receipt["msg_receipt_is_peer_read"] is True
                assert receipt["msg_receipt_time_stamp"] >= first["message_server_time"]
                assert all(m["message_is_peer_read"] for m in await they.history(they.alice, count=2))
            await they.say("three")
            await they.got("three")
            await ok(they.bob.TIMMsgMarkAllMessageAsRead(""))
            assert [m["message_is_read"] for m in await they.history(they.bob, count=3)] == [True, True, True]
            async with signed_in(server, they.bob_name) as (again, _):
                found = await ok(again.TIMMsgGetMsgList({**they.from_bob, "params": {"msg_getmsglist_param_count": 3}}))
                assert [m["message_is_read"] for m in found] == [True, True, True]

    asyncio.run(scenario())


@BOTH
def test_receipts(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.say("did you see it?", need_read_receipt=True)
            came = await they.got("did you see it?")
            asked = {"json_msg_array": [sent]}
            [before] = await ok(they.alice.TIMMsgGetMessageReadReceipts(asked))
            assert before["msg_receipt_msg_id"] == sent["message_msg_id"]
            await ok(they.bob.TIMMsgSendMessageReadReceipts({"json_msg_array": [came], "user_data": "r"}))
            [found] = await ok(they.bob.TIMMsgFindMessages({"json_message_id_array": [came["message_msg_id"]]}))
            assert found["message_has_sent_receipt"] is True
            await until(lambda: they.alice_ears.heard("Readed"))
            [told] = they.alice_ears.heard("Readed")[-1][0]
            assert told["msg_receipt_msg_id"] == sent["message_msg_id"]
            [after] = await ok(they.alice.TIMMsgGetMessageReadReceipts(asked))
            if kind == C2C:
                assert (before["msg_receipt_is_peer_read"], after["msg_receipt_is_peer_read"]) == (False, True)
                assert told["msg_receipt_is_peer_read"] is True
                assert [item["IsPeerRead"] for item in rest_history(server, they)] == [1]
                return
            counts = [(r["msg_receipt_read_count"], r["msg_receipt_unread_count"]) for r in (before, told, after)]
            assert counts == [(0, 1), (1, 0), (1, 0)]
            seqs = [{"MsgSeq": sent["message_seq"]}]
            answer = server.rest("group_open_http_svc/get_group_msg_receipt", GroupId=they.group, MsgSeqList=seqs)
            [item] = answer["GroupMsgReceiptList"]
            assert (item["ReadNum"], item["UnreadNum"]) == (1, 0)
            for number, names_ in ((0, [they.bob_name]), (1, [])):
                page = await ok(they.alice.TIMMsgGetGroupMessageReadMemberList(
                    {"json_msg": sent, "filter": number, "next_seq": 0, "count": 10}
                ))  # fmt: skip
                assert [m["group_member_info_identifier"] for m in page["json_param"]] == names_
                assert (page["next_seq"], page["is_finished"]) == (0, True)

    asyncio.run(scenario())


def rest_extensions(server: Server, they: Talk, message: dict, **write) -> dict[str, str]:
    """Return the extensions of a message of alice's as the server API has them, or write some."""
    seq, rand, at = (message[f"message_{key}"] for key in ("seq", "rand", "server_time"))
    prefix = "group_" if they.kind == GROUP else ""
    named = {"GroupId": they.group, "MsgSeq": seq} if they.kind == GROUP else {
        "From_Account": they.alice_name, "To_Account": they.bob_name, "MsgKey": f"{seq}_{rand}_{at}",
    }  # fmt: skip
    command = f"openim_msg_ext_http_svc/{prefix}{'set' if write else 'get'}_key_values"
    answer = server.rest(command, **named, **write)
    assert answer["ErrorCode"] == 0, answer
    return {} if write else {item["Key"]: item["Value"] for item in answer["ExtensionList"]}


@BOTH
def test_extensions(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.say("vote", support_message_extension=True)
            came = await they.got("vote")
            pairs = [{"message_extension_key": key, "message_extension_value": "1"} for key in ("a", "b")]
            results = await ok(they.bob.TIMMsgSetMessageExtensions({"json_msg": came, "json_extension_array": pairs}))
            assert [r["message_extension_result_code"] for r in results] == [0, 0]
            assert [r["message_extension_item"]["message_extension_key"] for r in results] == ["a", "b"]
            await until(lambda: they.alice_ears.heard("ExtensionsChanged"))
            [[own_id, told]] = they.alice_ears.heard("ExtensionsChanged")
            assert own_id == sent["message_msg_id"]
            assert sorted(told, key=str) == sorted(pairs, key=str)
            read = await ok(they.alice.TIMMsgGetMessageExtensions({"json_msg": sent}))
            assert sorted(read, key=str) == sorted(pairs, key=str)
            assert rest_extensions(server, they, sent) == {"a": "1", "b": "1"}
            rest_extensions(server, they, sent, OperateType=1, ExtensionList=[{"Key": "c", "Value": "2"}])
            await until(lambda: len(they.bob_ears.heard("ExtensionsChanged")) == 2)
            assert they.bob_ears.heard("ExtensionsChanged")[1][1][0]["message_extension_key"] == "c"
            results = await ok(they.alice.TIMMsgDeleteMessageExtensions(
                {"json_msg": sent, "json_extension_key_array": ["a", "nothing"]}
            ))  # fmt: skip
            assert [r["message_extension_result_code"] for r in results] == [0, 23004]
            await until(lambda: they.bob_ears.heard("ExtensionsDeleted"))
            [[own_id, told]] = they.bob_ears.heard("ExtensionsDeleted")
            assert (own_id, [t["message_extension_key"] for t in told]) == (sent["message_msg_id"], ["a"])
            assert rest_extensions(server, they, sent) == {"b": "1", "c": "2"}
            await ok(they.bob.TIMMsgDeleteMessageExtensions({"json_msg": came, "json_extension_key_array": []}))
            assert rest_extensions(server, they, sent) == {}
            assert await ok(they.alice.TIMMsgGetMessageExtensions({"json_msg": sent})) == []
            plain = await they.say("no extensions")
            refused = await they.alice.TIMMsgSetMessageExtensions({"json_msg": plain, "json_extension_array": pairs})
            assert refused["code"] == 23002, refused

    asyncio.run(scenario())


@BOTH
def test_reactions(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            sent = await they.say("nice?")
            came = await they.got("nice?")
            await ok(they.bob.TIMMsgAddMessageReaction({"json_msg": came, "reaction_id": "👍"}))
            assert (await they.bob.TIMMsgAddMessageReaction({"json_msg": came, "reaction_id": "👍"}))["code"] == 23007
            await until(lambda: they.alice_ears.heard("Reactions"))
            [[[told]]] = they.alice_ears.heard("Reactions")
            assert told["message_reaction_change_info_msg_id"] == sent["message_msg_id"]
            [one] = told["message_reaction_change_info_reaction_list"]
            assert (one["message_reaction_id"], one["message_reaction_total_user_count"]) == ("👍", 1)
            assert one["message_reaction_reacted_by_myself"] is False
            [user] = one["message_reaction_partial_user_info_array"]
            assert user["user_profile_identifier"] == they.bob_name
            [[[mine]]] = they.bob_ears.heard("Reactions")
            assert mine["message_reaction_change_info_reaction_list"][0]["message_reaction_reacted_by_myself"] is True
            await ok(they.alice.TIMMsgAddMessageReaction({"json_msg": sent, "reaction_id": "👍"}))
            [item] = await ok(they.alice.TIMMsgGetMessageReactions(
                {"json_msg_array": [sent], "max_user_count_per_reaction": 1}
            ))  # fmt: skip
            assert item["message_reaction_result_msg_id"] == sent["message_msg_id"]
            [one] = item["message_reaction_result_reaction_list"]
            assert one["message_reaction_total_user_count"] == 2
            assert one["message_reaction_reacted_by_myself"] is True
            assert len(one["message_reaction_partial_user_info_array"]) == 1
            users = await ok(they.bob.TIMMsgGetAllUserListOfMessageReaction(
                {"json_msg": came, "reaction_id": "👍", "next_seq": 0, "count": 1}
            ))  # fmt: skip
            assert users["message_reaction_user_result_is_finished"] is False
            rest = await ok(they.bob.TIMMsgGetAllUserListOfMessageReaction({
                "json_msg": came, "reaction_id": "👍", "next_seq": users["message_reaction_user_result_next_seq"],
            }))  # fmt: skip
            found = [*users["message_reaction_user_result_user_info_array"],
                     *rest["message_reaction_user_result_user_info_array"]]  # fmt: skip
            assert [u["user_profile_identifier"] for u in found] == [they.bob_name, they.alice_name]
            await ok(they.bob.TIMMsgRemoveMessageReaction({"json_msg": came, "reaction_id": "👍"}))
            assert (await they.bob.TIMMsgRemoveMessageReaction({"json_msg": came, "reaction_id": "x"}))["code"] == 23008

    asyncio.run(scenario())


def test_ones_own_reaction_among_many_is_known(server: Server):
    async def scenario():
        async with talk(server, C2C) as they:
            first = [f"{they.bob_name}-{n}" for n in range(10)]
            they.group = await created(they.alice, group_member_array=[member(they.bob_name)])
            they.kind = GROUP
            server.rest("im_open_login_svc/multiaccount_import", AccountList=[{"UserID": user} for user in first])
            people = [{"Member_Account": user} for user in first]
            server.rest("group_open_http_svc/add_group_member", GroupId=they.group, MemberList=people)
            sent = await they.say("nice?")
            for user in first:
                async with signed_in(server, user) as (tim, _):
                    await ok(tim.TIMMsgAddMessageReaction({"json_msg": sent, "reaction_id": "x"}))
            await ok(they.alice.TIMMsgAddMessageReaction({"json_msg": sent, "reaction_id": "x"}))
            for ears, mine in ((they.alice_ears, True), (they.bob_ears, False)):
                await until(lambda ears=ears: len(ears.heard("Reactions")) == 11)
                [one] = ears.heard("Reactions")[-1][0][0]["message_reaction_change_info_reaction_list"]
                assert one["message_reaction_total_user_count"] == 11
                assert len(one["message_reaction_partial_user_info_array"]) == 10
                assert one["message_reaction_reacted_by_myself"] is mine

    asyncio.run(scenario())


def test_pins(server: Server):
    async def scenario():
        async with talk(server, GROUP) as they:
            sent = await they.say("important")
            came = await they.got("important")
            pin = {"group_id": they.group, "json_msg": sent, "is_pinned": True}
            assert (await they.bob.TIMPinGroupMessage({**pin, "json_msg": came}))["code"] == 10007
            await ok(they.alice.TIMPinGroupMessage(pin))
            assert (await they.alice.TIMPinGroupMessage(pin))["code"] == 10071
            await until(lambda: they.bob_ears.heard("Pinned"))
            [[group, told, pinned, operator]] = they.bob_ears.heard("Pinned")
            assert (group, pinned) == (they.group, True)
            assert told["message_msg_id"] == sent["message_msg_id"]
            assert operator["group_member_info_identifier"] == they.alice_name
            [listed] = await ok(they.bob.TIMGetPinnedGroupMessageList({"group_id": they.group}))
            assert listed["message_msg_id"] == sent["message_msg_id"]
            assert listed["message_pinner_user_id"] == they.alice_name
            await ok(they.alice.TIMPinGroupMessage({**pin, "is_pinned": False}))
            await until(lambda: len(they.bob_ears.heard("Pinned")) == 2)
            assert they.bob_ears.heard("Pinned")[1][2] is False
            assert they.bob_ears.heard("Pinned")[1][1]["message_seq"] == sent["message_seq"]
            assert await ok(they.bob.TIMGetPinnedGroupMessageList({"group_id": they.group})) == []

    asyncio.run(scenario())


def test_receive_options_of_users_and_of_all_messages(server: Server):
    async def scenario():
        async with talk(server, C2C) as they:
            users = {"params": [they.bob_name]}
            [found] = await ok(they.alice.TIMMsgGetC2CReceiveMessageOpt(users))
            assert found == {"msg_recv_msg_opt_result_identifier": they.bob_name, "msg_recv_msg_opt_result_opt": 0}
            await ok(they.alice.TIMMsgSetC2CReceiveMessageOpt({**users, "opt": 2}))
            [found] = await ok(they.alice.TIMMsgGetC2CReceiveMessageOpt(users))
            assert found["msg_recv_msg_opt_result_opt"] == 2
            for wrong in ({**users, "opt": 3}, {"params": [], "opt": 0}, {"params": ["x"] * 31, "opt": 0}):
                assert (await they.alice.TIMMsgSetC2CReceiveMessageOpt(wrong))["code"] == -4

            nothing = await ok(they.alice.TIMMsgGetAllReceiveMessageOpt(""))
            assert set(nothing.values()) == {0}
            daily = {"opt": 2, "start_hour": 22, "start_minute": 30, "start_second": 5, "duration": 3600}
            await ok(they.alice.TIMMsgSetAllReceiveMessageOpt(daily))
            await until(lambda: they.alice_ears.heard("ReceiveOption"))
            found = await ok(they.alice.TIMMsgGetAllReceiveMessageOpt(""))
            assert found == {
                "msg_all_recv_msg_opt_start_hour": 22, "msg_all_recv_msg_opt_start_minute": 30,
                "msg_all_recv_msg_opt_start_second": 5, "msg_all_recv_msg_opt_start_time_stamp": 0,
                "msg_all_recv_msg_duration": 3600, "msg_all_recv_msg_opt_level": 2,
            }  # fmt: skip
            assert they.alice_ears.heard("ReceiveOption")[-1] == [found]
            once = {"opt": 1, "start_time_stamp": 1700000000, "duration": 60}
            await ok(they.alice.TIMMsgSetAllReceiveMessageOpt2(once))
            found = await ok(they.alice.TIMMsgGetAllReceiveMessageOpt(""))
            assert found["msg_all_recv_msg_opt_start_time_stamp"] == 1700000000
            assert found["msg_all_recv_msg_opt_start_hour"] == 0
            for wrong in ({**daily, "start_hour": 24}, {**daily, "opt": 3}, {**daily, "start_minute": "1"}):
                assert (await they.alice.TIMMsgSetAllReceiveMessageOpt(wrong))["code"] == -4
            assert (await they.alice.TIMMsgSetAllReceiveMessageOpt({**daily, "duration": 86401}))["code"] == 10004
            assert (await they.alice.TIMMsgSetAllReceiveMessageOpt2({**once, "duration": -1}))["code"] == 10004

    asyncio.run(scenario())


def test_messages_of_several_conversations_are_refused_together(server: Server):
    async def scenario():
        async with talk(server, C2C) as they, talk(server, GROUP) as others:
            sent = [await they.say("one", need_read_receipt=True)]
            other = await others.say("two", need_read_receipt=True)
            mixed = {"json_msg_array": [*sent, other]}
            for call in ("TIMMsgGetMessageReadReceipts", "TIMMsgSendMessageReadReceipts", "TIMMsgGetMessageReactions"):
                assert (await getattr(they.alice, call)(mixed))["code"] == 6017

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["TIMMsgTranslateText", "TIMMsgConvertVoiceToText"])
def test_what_nobody_serves_says_so(server: Server, name):
    async def scenario():
        async with signed_in(server, names("alice")[0]) as (tim, _):
            result = await getattr(tim, name)({"user_data": "mine"})
            assert (result["code"], result["user_data"]) == (7013, "mine")
            assert "no such service" in result["desc"]

    asyncio.run(scenario())


def test_elements_are_of_all_kinds():
    assert {elem["elem_type"] for elem in ELEMENTS.values()} == {0, 1, 2, 3, 4, 6, 7, 9, 12}
