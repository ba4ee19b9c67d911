"""What only the SDK has of messages, messages in a broken connection, and searching."""

from __future__ import annotations

import asyncio
import json

import pytest

from qunzhu.client.transport import Closed
from qunzhu.core.pushes import C2C_MESSAGE, GROUP_MESSAGE
from qunzhu.tim import TimRender
from qunzhu.tim.message import Place
from sdk.talk import C2C, ELEMENTS, GROUP, Talk, hearing, talk, text
from sdk.test_tim import created, names
from served import Server, until

BOTH = pytest.mark.parametrize("kind", [C2C, GROUP])


async def ok(call) -> object:
    """Return what a call that must succeed answers with."""
    result = await call
    assert result["code"] == 0, result
    return result["json_param"]


def words(messages: list[dict]) -> list[str]:
    """Return the texts of messages."""
    elems = [elem for message in messages for elem in message["message_elem_array"]]
    return [elem["text_elem_content"] for elem in elems if elem["elem_type"] == 0]


@BOTH
def test_local_messages_stand_among_the_others(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            first = await they.say("first")
            at = first["message_server_time"]
            old = [{"message_elem_array": [text(f"old {n}")], "message_server_time": at - 100 + n,
                    "message_sender": they.bob_name} for n in range(3)]  # fmt: skip
            await ok(they.alice.TIMMsgImportMsgList({**they.from_alice, "params": old}))
            saved = await ok(they.alice.TIMMsgSaveMsg({
                **they.from_alice, "params": {"message_elem_array": [text("saved")], "message_sender": they.bob_name},
            }))  # fmt: skip
            assert (saved["message_status"], saved["message_is_from_self"]) == (5, False)
            expected = ["saved", "first", "old 2", "old 1", "old 0"]
            assert words(await they.history(they.alice, count=20)) == expected
            assert words(await they.history(they.bob, count=20)) == ["first"]
            seen: list[str] = []
            last = None
            while page := await they.history(they.alice, count=1, **({"last_msg": last} if last else {})):
                seen += words(page)
                last = page[-1]
            assert seen == expected
            last = (await they.history(they.alice, count=20))[-1]
            assert words(await they.history(they.alice, count=20, is_forward=True, last_msg=last)) == expected[-2::-1]
            [found] = await ok(they.alice.TIMMsgFindMessages({"json_message_id_array": [saved["message_msg_id"]]}))
            assert words([found]) == ["saved"]
            refused = await they.alice.TIMMsgRevoke({**they.from_alice, "json_msg_param": saved})
            assert refused["code"] == 6017
            await ok(they.alice.TIMMsgListDelete({**they.from_alice, "params": [saved, first]}))
            assert words(await they.history(they.alice, count=20)) == ["old 2", "old 1", "old 0"]
            await ok(they.alice.TIMMsgClearHistoryMessage(they.from_alice))
            assert words(await they.history(they.alice, count=20)) == []
            assert words(await they.history(they.bob, count=20)) == ["first"]

    asyncio.run(scenario())


@BOTH
def test_local_custom_data_stays_here(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            await they.say("mark me")
            came = await they.got("mark me")
            own = {**came, "message_custom_int": 7, "message_custom_str": "mine"}
            await ok(they.bob.TIMMsgSetLocalCustomData({"json_msg_param": own}))
            for tim, expected in ((they.bob, (7, "mine")), (they.alice, (0, ""))):
                [read] = await they.history(tim, count=1)
                assert (read["message_custom_int"], read["message_custom_str"]) == expected
                [found] = await ok(tim.TIMMsgFindMessages({"json_message_id_array": [came["message_msg_id"]]}))
                assert (found["message_custom_int"], found["message_custom_str"]) == expected
            wrong = await they.bob.TIMMsgSetLocalCustomData({"json_msg_param": {**own, "message_custom_int": "7"}})
            assert wrong["code"] == -4

    asyncio.run(scenario())


@BOTH
def test_a_message_that_was_not_sent_can_be_sent_again(tmp_path, kind):
    async def scenario():
        async with talk(server, kind) as they:
            await they.say("before")
            await they.got("before")
            server.stop()
            await until(lambda: 1 in they.alice_ears.networks())
            lost = await they.send([text("lost")])
            assert lost["code"] == 9508
            [failed] = [m for _, m in they.alice._kept(they.alice._client).local(place(they))]
            assert (failed["message_status"], words([failed])) == (3, ["lost"])
            server.start()
            await until(lambda: they.alice_ears.networks()[-1] == 0 and they.bob_ears.networks()[-1] == 0)
            assert words(await they.history(they.alice, count=20)) == ["lost", "before"]
            sent = await ok(they.alice.TIMMsgSendMessage({**they.from_alice, "params": failed}))
            assert (sent["message_rand"], sent["message_status"]) == (failed["message_rand"], 2)
            await they.got("lost")
            for tim in (they.alice, they.bob):
                assert words(await they.history(tim, count=20)) == ["lost", "before"]
            [found] = await ok(they.alice.TIMMsgFindMessages({"json_message_id_array": [failed["message_msg_id"]]}))
            assert found["message_msg_id"] == sent["message_msg_id"]

    server = Server(tmp_path, heartbeat=1)
    try:
        asyncio.run(scenario())
    finally:
        server.stop()


def place(they: Talk) -> Place:
    """Return the conversation as alice's SDK keeps it."""
    return Place(they.kind, they.from_alice["conv_id"])


class Cut(dict):
    """Calls in flight, one of which does not get its answer: the connection breaks instead."""

    def __init__(self, waiting: dict, number: int) -> None:
        super().__init__(waiting)
        self.number = number

    def get(self, number: object, default: object = None) -> object:
        """Return who waits for an answer, or break the connection."""
        if number == self.number:
            raise Closed(1006)
        return super().get(number, default)


def cut_at_the_answer(tim: TimRender, *, after_the_push: bool = False) -> None:
    """Break the connection when the next message is pushed or answered: it has arrived, and its sender is not told.

    Other pushes and answers are let through: one that comes before the message went out must not break anything.
    """
    link = tim._client._link
    send, on_push = link._transport.send, link._on_push

    def cut(method: str, params: dict) -> None:
        if method in {GROUP_MESSAGE, C2C_MESSAGE}:
            raise Closed(1006)
        on_push(method, params)

    async def sending(frame: bytes) -> None:
        call = json.loads(frame)
        if call["method"] in {"send_group_msg", "sendmsg"}:
            link._waiting = Cut(link._waiting, call["id"])
        await send(frame)

    link._transport.send = sending
    if not after_the_push:
        link._on_push = cut


def test_an_answer_that_gets_lost_after_the_push_is_no_failure(server: Server):
    """One-to-one messages are pushed before they are answered."""

    async def scenario():
        async with talk(server, C2C) as they:
            cut_at_the_answer(they.alice, after_the_push=True)
            result = await they.send([text("pushed")])
            assert (result["code"], result["json_param"]["message_status"]) == (0, 2)
            await until(lambda: they.alice_ears.networks()[-2:] == [2, 0])
            assert words(await they.history(they.alice, count=20)) == ["pushed"]
            assert they.alice_ears.texts() == []

    asyncio.run(scenario())


@BOTH
def test_a_message_whose_answer_got_lost_arrives_once(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            cut_at_the_answer(they.alice)
            result = await they.send([text("did it arrive?")])
            assert result["code"] == 9508
            await they.got("did it arrive?")
            await until(lambda: they.alice_ears.texts() == ["did it arrive?"])  # known to be sent now, and told
            assert they.alice_ears.messages[-1]["message_status"] == 2
            assert words(await they.history(they.alice, count=20)) == ["did it arrive?"]

    asyncio.run(scenario())


@BOTH
def test_a_message_whose_answer_got_lost_is_not_sent_twice(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            cut_at_the_answer(they.alice)
            assert (await they.send([text("once")]))["code"] == 9508
            [failed] = [m for _, m in they.alice._kept(they.alice._client).local(place(they))]
            await until(lambda: they.alice_ears.texts() == ["once"])
            await asyncio.sleep(1.1)  # one-to-one, the server knows its twin for a second only
            sent = await ok(they.alice.TIMMsgSendMessage({**they.from_alice, "params": failed}))
            assert sent["message_rand"] == failed["message_rand"]
            await they.say("twice")
            await they.got("twice")
            assert they.bob_ears.texts() == ["once", "twice"]

    asyncio.run(scenario())


@BOTH
def test_messages_of_a_break_come_afterwards(tmp_path, kind):
    async def scenario():
        async with talk(server, kind) as they:
            server.stop()
            await until(lambda: 1 in they.bob_ears.networks())
            server.start()
            await until(lambda: they.alice_ears.networks()[-1] == 0)
            sent = [await they.say(f"missed {n}") for n in range(3)]
            await they.got("missed 2")
            assert they.bob_ears.texts() == ["missed 0", "missed 1", "missed 2"]
            assert they.alice_ears.texts() == []
            assert [m["message_msg_id"] for m in they.bob_ears.messages if m["message_elem_array"][0]["elem_type"] == 0
                    ] == [m["message_msg_id"] for m in sent]  # fmt: skip

    server = Server(tmp_path, heartbeat=1)
    try:
        asyncio.run(scenario())
    finally:
        server.stop()


def test_a_push_of_ones_own_that_overtakes_its_answer_is_not_told(server: Server):
    async def scenario():
        async with talk(server, GROUP) as they:
            await asyncio.gather(*(they.say(f"{n}") for n in range(20)))
            await until(lambda: len(they.bob_ears.texts()) == 20)
            await asyncio.sleep(0.2)
            assert they.alice_ears.texts() == []

    asyncio.run(scenario())


def test_live_rooms_have_the_history_that_was_seen(server: Server):
    async def scenario():
        async with talk(server, GROUP) as they:
            they.group = await created(they.alice, group_type=4)
            assert (await they.bob.TIMGroupJoin({"groupId": they.group}))["code"] == 0
            for n in range(4):
                await they.say(f"live {n}")
            await they.got("live 3")
            expected = [f"live {n}" for n in range(3, -1, -1)]
            assert words(await they.history(they.bob, count=20)) == expected
            page = await they.history(they.bob, count=2)
            assert words(page) == expected[:2]
            assert words(await they.history(they.bob, count=20, last_msg=page[-1])) == expected[2:]
            they.bob._kept(they.bob._client).broken()
            ids = {"json_message_id_array": [page[0]["message_msg_id"]]}
            assert words(await ok(they.bob.TIMMsgFindMessages(ids))) == expected[:1]

    asyncio.run(scenario())


@BOTH
def test_what_was_seen_before_a_break_is_read_anew(tmp_path, kind):
    async def scenario():
        async with talk(server, kind) as they:
            await they.say("was")
            came = await they.got("was")
            await they.say("stays")
            stays = await they.got("stays")
            ids = {"json_message_id_array": [came["message_msg_id"], stays["message_msg_id"]]}
            server.stop()
            await until(lambda: 1 in they.bob_ears.networks())
            server.start()
            seq, rand, at = (came[f"message_{key}"] for key in ("seq", "rand", "server_time"))
            if kind == GROUP:
                server.rest("group_open_http_svc/group_msg_recall", GroupId=they.group, MsgSeqList=[{"MsgSeq": seq}])
            else:
                server.rest("openim/admin_msgwithdraw", From_Account=they.alice_name, To_Account=they.bob_name,
                            MsgKey=f"{seq}_{rand}_{at}")  # fmt: skip
            await until(lambda: they.bob_ears.networks()[-1] == 0)
            found = await ok(they.bob.TIMMsgFindMessages(ids))
            assert [m["message_status"] for m in found] == [6, 2]
            server.stop()
            await until(lambda: they.bob_ears.networks()[-1] != 0)
            found = await ok(they.bob.TIMMsgFindMessages(ids))
            assert [m["message_status"] for m in found] == [6, 2]  # what was seen, without a connection
            server.start()

    server = Server(tmp_path, heartbeat=1)
    try:
        asyncio.run(scenario())
    finally:
        server.stop()


def search(**more) -> dict:
    """Return the parameter of a search."""
    return {"params": {f"msg_search_param_{key}": value for key, value in more.items()}}


def found_in(result: dict) -> dict[str, list[str]]:
    """Return what a search found, by conversation."""
    return {item["msg_search_result_item_conv_id"]: words(item["msg_search_result_item_message_array"])
            for item in result["msg_search_result_item_array"]}  # fmt: skip


def test_searching_what_was_seen(server: Server):
    async def scenario():
        async with talk(server, GROUP) as they:
            other = await created(they.alice, group_member_array=[{"group_member_info_identifier": they.bob_name}])
            for said in ("Red apples", "green apples", "red wine"):
                await they.say(said)
            one = {"conv_id": other, "conv_type": GROUP, "params": {"message_elem_array": [text("apple pie")]}}
            await ok(they.alice.TIMMsgSendMessage(one))
            await they.send([ELEMENTS["face"]])
            await they.got("red wine")
            await until(lambda: "apple pie" in they.bob_ears.texts())
            await until(lambda: [m for m in they.bob_ears.messages if m["message_elem_array"][0]["elem_type"] == 6])
            here = {"conv_id": they.group, "conv_type": GROUP}
            for tim in (they.alice, they.bob):
                result = await ok(tim.TIMMsgSearchLocalMessages(search(keyword_array=["APPLE"], **here)))
                assert found_in(result) == {they.group: ["green apples", "Red apples"]}
                assert result["msg_search_result_total_count"] == 2
                both = search(keyword_array=["apple", "red"], keyword_list_match_type=1, **here)
                assert found_in(await ok(tim.TIMMsgSearchLocalMessages(both))) == {they.group: ["Red apples"]}
                result = await ok(tim.TIMMsgSearchLocalMessages(search(keyword_array=["apple"])))
                assert found_in(result) == {other: ["apple pie"], they.group: []}
                assert result["msg_search_result_total_count"] == 2
                counts = [
                    i["msg_search_result_item_total_message_count"] for i in result["msg_search_result_item_array"]
                ]
                assert sorted(counts) == [1, 2]
                page = search(keyword_array=["e"], page_index=1, page_size=2, **here)
                assert found_in(await ok(tim.TIMMsgSearchLocalMessages(page))) == {they.group: ["Red apples"]}
                faces = await ok(tim.TIMMsgSearchLocalMessages(search(message_type_array=[6], **here)))
                assert faces["msg_search_result_total_count"] == 1
                mine = search(keyword_array=["e"], send_identifier_array=[they.bob_name])
                assert found_in(await ok(tim.TIMMsgSearchLocalMessages(mine))) == {}
                past = search(keyword_array=["e"], search_time_position=1700000000)
                assert found_in(await ok(tim.TIMMsgSearchLocalMessages(past))) == {}
                for wrong in (
                    search(), search(keyword_array=[]), search(keyword_array=["x"] * 6), search(keyword_array=[5]),
                    search(keyword_array=["x"], page_index=-1), search(keyword_array=["x"], message_type_array=[99]),
                    search(keyword_array=["x"], keyword_list_match_type=2),
                ):  # fmt: skip
                    assert (await tim.TIMMsgSearchLocalMessages(wrong))["code"] == -4
                assert (await tim.TIMMsgSearchLocalMessages(search(keyword_array=["x"], conv_type=9)))["code"] == -5

    asyncio.run(scenario())


def test_searching_the_server(server: Server):
    async def scenario():
        [carol] = names("carol")
        async with talk(server, GROUP) as they, hearing(server, carol) as (_, _):
            for n in range(5):
                await they.say(f"apple {n}")
                await they.say("noise")
            to_carol = {"conv_id": carol, "conv_type": C2C, "params": {"message_elem_array": [text("apple of carol")]}}
            await ok(they.alice.TIMMsgSendMessage(to_carol))
            alice = they.alice_name
        async with hearing(server, alice) as (fresh, _):
            nothing = await ok(fresh.TIMMsgSearchLocalMessages(search(keyword_array=["apple"])))
            assert nothing["msg_search_result_total_count"] == 0
            here = search(keyword_array=["apple"], conv_id=they.group, conv_type=GROUP, search_count=2)
            pages: list[str] = []
            cursor = ""
            while True:
                here["params"]["msg_search_param_search_cursor"] = cursor
                result = await ok(fresh.TIMMsgSearchCloudMessages(here))
                pages += found_in(result).get(they.group, [])
                cursor = result["msg_search_result_search_cursor"]
                if not cursor:
                    break
                assert len(pages) % 2 == 0
            assert pages == [f"apple {n}" for n in range(4, -1, -1)]
            result = await ok(fresh.TIMMsgSearchCloudMessages(search(keyword_array=["apple"], search_count=100)))
            assert found_in(result) == {carol: ["apple of carol"], they.group: pages}
            wrong = search(keyword_array=["apple"], search_cursor="[1]")
            assert (await fresh.TIMMsgSearchCloudMessages(wrong))["code"] == -4

    asyncio.run(scenario())
