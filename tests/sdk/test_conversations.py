"""Conversations of the SDK against a real server: the list, unread numbers, and what other devices see of changes."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qunzhu.client.errors import CallFailed
from qunzhu.commands.c2c import SendMsg
from qunzhu.commands.conversations import GetUnreadTotal
from qunzhu.commands.message_changes import HideGroupMessages
from qunzhu.commands.messages import GivenMention, SendGroupMsg
from qunzhu.core.elements import Element
from qunzhu.tim import TIMConversationMarkType, TIMConvEvent, TimRender
from sdk.test_tim import created, member, names
from served import SDKAPPID, Server, signed_in, until, usersig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ADD, DEL, UPDATE, START, FINISH = TIMConvEvent
STAR, FOLD = TIMConversationMarkType.kTIMConversationMarkTypeStar, TIMConversationMarkType.kTIMConversationMarkTypeFold
FILTER = "conversation_list_filter_"
_randoms = itertools.count(1)


class Heard:
    """What the conversation listeners of one SDK were told."""

    def __init__(self) -> None:
        self.events: list[tuple[int, list[str]]] = []
        self.totals: list[int] = []
        self.counts: list[tuple[dict[str, Any], int]] = []
        self.folders: list[tuple[Any, ...]] = []

    async def attach(self, tim: TimRender) -> None:
        """Listen to everything."""
        await tim.TIMSetConvEventCallback({"callback": self._event, "user_data": "own"})
        await tim.TIMSetConvTotalUnreadMessageCountChangedCallback(
            {"callback": lambda args: self.totals.append(args[0])}
        )
        await tim.TIMSetConvUnreadMessageCountChangedByFilterCallback(
            {"callback": lambda args: self.counts.append((json.loads(args[0]), args[1]))}
        )
        for name in ("Created", "Deleted", "NameChanged"):
            setter = getattr(tim, f"TIMSetConvConversationGroup{name}Callback")
            await setter({"callback": self._folder(name), "data": "mine"})
        await tim.TIMSetConvConversationsAddedToGroupCallback({"callback": self._folder("Added"), "data": "mine"})
        await tim.TIMSetConvConversationsDeletedFromGroupCallback({"callback": self._folder("Taken"), "data": "mine"})

    def _event(self, args: list[Any]) -> None:
        event, text, data = args
        assert data == "own"
        self.events.append((event, [one["conv_id"] for one in json.loads(text)] if text else []))

    def _folder(self, name: str):
        def heard(args: list[Any]) -> None:
            assert args[-1] == "mine"
            told = [self._ids(arg) for arg in args[:-1]]
            self.folders.append((name, *told))

        return heard

    @staticmethod
    def _ids(arg: Any) -> Any:
        is_list = isinstance(arg, str) and arg.startswith("[")
        return [one["conv_id"] for one in json.loads(arg)] if is_list else arg


@asynccontextmanager
async def device(server: Server, user: str, platform: str = "Linux") -> AsyncIterator[tuple[TimRender, Heard]]:
    """Give an SDK in which a user is logged in, with listeners for conversations."""
    tim, heard = TimRender(SDKAPPID, server.url, platform), Heard()
    await tim.TIMInit()
    await heard.attach(tim)
    result = await tim.TIMLogin({"userID": user, "userSig": usersig(user)})
    assert result["code"] == 0, result
    try:
        yield tim, heard
    finally:
        await tim.TIMUninit()


def text(words: str) -> list[Element]:
    """Return a body."""
    return [Element(MsgType="TIMTextElem", MsgContent={"Text": words})]


async def say(tim: TimRender, group: str, words: str = "hi", **more: Any) -> int:
    """Send a message to a group and return its seq."""
    request = SendGroupMsg(GroupId=group, Random=next(_randoms), MsgBody=text(words), **more)
    return (await tim._client.call(request)).MsgSeq


async def write(tim: TimRender, user: str, words: str = "hi", **more: Any) -> int:
    """Send a message to a user and return its time."""
    request = SendMsg(To_Account=user, MsgRandom=next(_randoms), MsgBody=text(words), **more)
    return (await tim._client.call(request)).MsgTime


async def convs(tim: TimRender) -> dict[str, dict[str, Any]]:
    """Return the conversations in order, by id."""
    result = await tim.TIMConvGetConvList("mine")
    assert (result["code"], result["user_data"]) == (0, "mine"), result
    return {one["conv_id"]: one for one in result["json_param"]}


async def unread(tim: TimRender) -> int:
    """Return the total as the SDK has it; the server's must be the same once all is told."""
    result = await tim.TIMConvGetTotalUnreadMessageCount({"user_data": "x"})
    return result["json_param"]["conv_get_total_unread_message_count_result_unread_count"]


async def recount(tim: TimRender) -> int:
    """Return the total as the server counts it."""
    return (await tim._client.call(GetUnreadTotal())).UnreadMsgNum


async def eventually(condition) -> None:
    """Wait until a condition that asks holds."""
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.02)


def by_id(*ids: str) -> dict[str, Any]:
    """Return a parameter that names conversations."""
    return {"conversation_id_array": list(ids), "user_data": "u"}


def codes(result: dict[str, Any]) -> dict[str, int]:
    """Return what became of each conversation."""
    assert result["code"] == 0, result
    prefix = "conversation_operation_result_"
    return {item[f"{prefix}conversation_id"]: item[f"{prefix}result_code"] for item in result["json_param"]}


def test_messages_make_and_renew_conversations(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with device(server, bob) as (b, heard), device(server, alice) as (a, a_heard):
            group = await created(a, group_member_array=[member(bob)])
            await until(lambda: (ADD, [group]) in heard.events and (ADD, [group]) in a_heard.events)
            before = (await convs(b))[group]["conv_unread_num"]
            await say(a, group, "first")
            await say(a, group, "second", GroupAtInfo=[GivenMention(GroupAt_Account=bob)])
            at = await write(a, bob, "to you")
            await until(lambda: (ADD, [alice]) in heard.events)
            await eventually(lambda: same_total(b, before + 3))
            found = await convs(b)
            assert set(found) == {group, alice}
            one = found[group]
            assert (one["conv_type"], one["conv_show_name"], one["conv_group_type"]) == (2, "a group", 0)
            assert one["conv_unread_num"] == before + 2
            assert one["conv_is_has_lastmsg"] is True
            last = one["conv_last_msg"]
            assert last["message_elem_array"][0]["text_elem_content"] == "second"
            assert (last["message_sender"], last["message_is_read"], last["message_conv_id"]) == (alice, False, group)
            assert [m["conv_group_at_info_at_type"] for m in one["conv_group_at_info_array"]] == [1]
            other = found[alice]
            assert (other["conv_type"], other["conv_unread_num"], other["conv_active_time"]) == (1, 1, at)
            assert "conv_group_type" not in other
            assert heard.totals[-1] == before + 3
            assert (await convs(a))[group]["conv_unread_num"] == 0
            assert (await convs(a))[bob]["conv_unread_num"] == 0
            assert (await convs(a))[bob]["conv_last_msg"]["message_is_from_self"] is True

    asyncio.run(scenario())


async def same_total(tim: TimRender, number: int) -> bool:
    """Say whether the SDK and the server both count so many."""
    return await unread(tim) == await recount(tim) == number


def test_reading_a_part_and_all(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        async with (
            device(server, bob) as (b, _),
            device(server, bob, "Web") as (phone, told),
            device(server, carol) as (c, _),
            device(server, alice) as (a, _),
        ):
            group = await created(a, group_member_array=[member(bob)])
            seqs = [await say(a, group, mention) for mention in "123"]
            await write(a, bob)
            await write(c, bob)
            clean = b.TIMConvCleanConversationUnreadMessageCount
            await eventually(lambda: holds(b, {group: 3, alice: 1, carol: 1}, {group}))
            assert (await clean({"conversation_id": f"group_{group}", "clean_sequence": seqs[0]}))["code"] == 0
            assert (await convs(b))[group]["conv_unread_num"] == 2
            assert (await convs(b))[group]["conv_group_read_sequence"] == seqs[0]
            await eventually(lambda: holds(phone, {group: 2, alice: 1, carol: 1}))
            assert (await clean({"conversation_id": f"c2c_{alice}"}))["code"] == 0
            assert await holds(b, {group: 2, alice: 0, carol: 1})
            assert (await convs(b))[alice]["conv_c2c_read_timestamp"] > 0
            await eventually(lambda: holds(phone, {group: 2, alice: 0, carol: 1}))
            assert (await clean({"conversation_id": "group"}))["code"] == 0
            assert await holds(b, {group: 0, alice: 0, carol: 1})
            assert (await clean({"conversation_id": "c2c"}))["code"] == 0
            assert await holds(b, {group: 0, alice: 0, carol: 0})
            await say(a, group)
            await write(c, bob)
            await eventually(lambda: holds(b, {group: 1, alice: 0, carol: 1}))
            assert (await clean({"conversation_id": "", "user_data": "e"}))["user_data"] == "e"
            assert await holds(b, {group: 0, alice: 0, carol: 0})
            await eventually(lambda: holds(phone, {group: 0, alice: 0, carol: 0}))
            await eventually(lambda: same_total(phone, 0))
            assert told.totals[-1] == 0
            assert (await clean({"conversation_id": "nonsense"}))["code"] == 6004
            assert (await clean({"conversation_id": f"group_{group}x"}))["code"] == 10010

    asyncio.run(scenario())


async def holds(tim: TimRender, numbers: dict[str, int], at_least: set[str] = frozenset()) -> bool:
    """Say whether conversations have so many unread messages; some may have more: notices count as well."""
    found = await convs(tim)
    return all(
        name in found
        and (found[name]["conv_unread_num"] == number or (name in at_least and found[name]["conv_unread_num"] > number))
        for name, number in numbers.items()
    )


def test_what_one_device_sets_the_other_hears(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with (
            device(server, bob) as (desk, own),
            device(server, bob, "Web") as (phone, told),
            device(server, alice) as (a, _),
        ):
            group = await created(a, group_member_array=[member(bob)])
            await say(a, group)
            await write(a, bob)
            await eventually(lambda: listed(desk, {group, alice}))
            await eventually(lambda: listed(phone, {group, alice}))

            pin = {"convId": group, "convType": 2, "isPinned": True, "user_data": "p"}
            assert (await desk.TIMConvPinConversation(pin))["user_data"] == "p"
            assert list(await convs(desk)) == [group, alice]
            both = by_id(f"group_{group}", f"c2c_{alice}")
            marks = int(STAR | FOLD | 1 << 40)
            marked = await desk.TIMConvMarkConversation({**both, "mark_type": marks, "enable_mark": True})
            assert codes(marked) == {f"group_{group}": 0, f"c2c_{alice}": 0}
            await desk.TIMConvMarkConversation({**both, "mark_type": int(FOLD), "enable_mark": False})
            kept = await desk.TIMConvSetConversationCustomData({**both, "custom_data": "mine"})
            assert set(codes(kept).values()) == {0}
            for tim in (desk, phone):
                await eventually(lambda tim=tim: with_data(tim, "mine"))
                one = (await convs(tim))[group]
                assert (one["conv_is_pinned"], one["conv_mark_array"]) == (True, [1, 1 << 40])
                assert list(await convs(tim)) == [group, alice]
            for heard in (own, told):
                assert any(event == UPDATE and group in ids for event, ids in heard.events)

            made = await desk.TIMConvCreateConversationGroup({"group_name": "work", **both})
            assert set(codes(made).values()) == {0}
            await desk.TIMConvRenameConversationGroup({"old_name": "work", "new_name": "home"})
            await desk.TIMConvDeleteConversationsFromGroup({"group_name": "home", **by_id(f"c2c_{alice}")})
            assert (await convs(desk))[group]["conv_conversation_group_array"] == ["home"]
            assert (await convs(desk))[alice]["conv_conversation_group_array"] == []
            await desk.TIMConvAddConversationsToGroup({"group_name": "home", **by_id(f"c2c_{alice}")})
            await until(lambda: len(told.folders) == 4)
            assert (await convs(phone))[alice]["conv_conversation_group_array"] == ["home"]
            names_of = (await phone.TIMConvGetConversationGroupList({"user_data": "l"}))["json_param"]
            assert names_of == ["home"]
            assert (await phone.TIMConvDeleteConversationGroup({"group_name": "home"}))["code"] == 0
            await until(lambda: len(own.folders) == 5)
            assert own.folders == told.folders
            kinds = [name for name, *_ in told.folders]
            assert kinds == ["Created", "NameChanged", "Taken", "Added", "Deleted"]
            assert told.folders[0][1] == "work"
            assert set(told.folders[0][2]) == {group, alice}
            assert told.folders[1:] == [
                ("NameChanged", "work", "home"), ("Taken", "home", [alice], 0), ("Added", "home", [alice]),
                ("Deleted", "home"),
            ]  # fmt: skip
            assert (await convs(desk))[group]["conv_conversation_group_array"] == []
            assert (await desk.TIMConvPinConversation({**pin, "isPinned": False}))["code"] == 0
            await eventually(lambda: unpinned(phone, group))

    asyncio.run(scenario())


async def listed(tim: TimRender, wanted: set[str]) -> bool:
    """Say whether just these conversations are on the list."""
    return set(await convs(tim)) == wanted


async def with_data(tim: TimRender, data: str) -> bool:
    """Say whether all conversations have this custom data."""
    return all(one["conv_custom_data"] == data for one in (await convs(tim)).values())


async def unpinned(tim: TimRender, name: str) -> bool:
    """Say whether a conversation is not pinned."""
    return not (await convs(tim))[name]["conv_is_pinned"]


def test_a_deleted_conversation_comes_back_with_a_message(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with (
            device(server, bob) as (desk, own),
            device(server, bob, "Web") as (phone, told),
            device(server, alice) as (a, _),
        ):
            group = await created(a, group_member_array=[member(bob)])
            await say(a, group, "old")
            await write(a, bob, "old")
            for tim in (desk, phone):
                await eventually(lambda tim=tim: listed(tim, {group, alice}))
            deleted = {"convId": alice, "convType": 1, "userData": "d"}
            assert (await desk.TIMConvDelete(deleted))["user_data"] == "d"
            gone = await desk.TIMConvDeleteConversationList({**by_id(f"group_{group}", "x"), "clearMessage": False})
            assert codes(gone) == {f"group_{group}": 0, "x": 6004}
            for tim, heard in ((desk, own), (phone, told)):
                await eventually(lambda tim=tim: listed(tim, set()))
                assert (DEL, [group]) in heard.events
                assert (DEL, [alice]) in heard.events
                assert heard.totals[-1] == 0
            await write(a, bob, "new")
            await say(a, group, "new")
            for tim in (desk, phone):
                await eventually(lambda tim=tim: holds(tim, {alice: 1, group: 1}))
                await eventually(lambda tim=tim: same_total(tim, 2))
                for one in (await convs(tim)).values():
                    assert one["conv_last_msg"]["message_elem_array"][0]["text_elem_content"] == "new"

    asyncio.run(scenario())


def test_a_break_is_made_up_for(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        async with (
            device(server, bob) as (b, heard),
            device(server, bob, "Web") as (phone, _),
            device(server, carol) as (c, _),
            device(server, alice) as (a, _),
        ):
            group = await created(a, group_member_array=[member(bob)])
            await write(a, bob)
            await eventually(lambda: listed(b, {group, alice}))
            assert [event for event, _ in heard.events[:2]] == [START, FINISH]
            draft = {"draft_msg": {"message_elem_array": []}, "draft_user_define": "later"}
            assert await b.TIMConvSetDraft({"convId": group, "convType": 2, "draftParam": draft}) == 0
            seen = len(heard.events)
            await b._client._link.close()
            await write(c, bob)
            await say(a, group)
            await phone.TIMConvDelete({"convId": alice, "convType": 1})
            await phone.TIMConvPinConversation({"convId": carol, "convType": 1, "isPinned": True})
            await until(lambda: any(event == FINISH for event, _ in heard.events[seen:]))
            await eventually(lambda: listed(b, {group, carol}))
            told = heard.events[seen:]
            assert [event for event, _ in told].count(START) == 1
            assert (ADD, [carol]) in told
            assert (DEL, [alice]) in told
            found = await convs(b)
            assert found[carol]["conv_is_pinned"] is True
            assert found[group]["conv_draft"]["draft_user_define"] == "later"
            await eventually(lambda: alike(b, phone))

    asyncio.run(scenario())


def test_a_server_that_is_killed_loses_no_conversation(tmp_path):
    server = Server(tmp_path)

    async def scenario():
        alice, bob = names("alice", "bob")
        async with device(server, bob) as (b, heard), device(server, alice) as (a, _):
            group = await created(a, group_member_array=[member(bob)])
            await write(a, bob)
            both = by_id(f"group_{group}", f"c2c_{alice}")
            await eventually(lambda: listed(b, {group, alice}))
            assert set(codes(await b.TIMConvCreateConversationGroup({"group_name": "g", **both})).values()) == {0}
            await b.TIMConvPinConversation({"convId": alice, "convType": 1, "isPinned": True})
            before, seen = await picture(b), len(heard.events)
            server.stop(signal.SIGKILL)
            server.start()
            await until(lambda: any(event == FINISH for event, _ in heard.events[seen:]))
            assert await picture(b) == before
            assert [event for event, _ in heard.events[seen:] if event in {ADD, DEL, UPDATE}] == []
            await until(lambda: a._client._link is not None)
            await say(a, group)
            await eventually(lambda: same_total(b, before[1] + 1))

    try:
        asyncio.run(scenario())
    finally:
        assert server.stop() == 0


async def alike(one: TimRender, other: TimRender) -> bool:
    """Say whether two devices of a user have the same list and total, and the server the same total."""
    return await picture(one) == await picture(other)


async def picture(tim: TimRender) -> tuple[Any, ...]:
    """Return the list in order, the total, and whether the server has the same one."""
    return (
        [bare(conv) for conv in (await convs(tim)).values()],
        await unread(tim),
        await unread(tim) == await recount(tim),
    )


def differences(one: tuple[Any, ...], other: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return in what two pictures differ."""
    if [conv["conv_id"] for conv in one[0]] != [conv["conv_id"] for conv in other[0]]:
        return [tuple([conv["conv_id"] for conv in some] for some in (one[0], other[0]))]
    pairs = zip(one[0], other[0], strict=True)
    found = [(key, a.get(key), b.get(key)) for a, b in pairs for key in a | b if a.get(key) != b.get(key)]
    return found + ([(one[1:], other[1:])] if one[1:] != other[1:] else [])


def bare(conv: dict[str, Any]) -> dict[str, Any]:
    """Return a conversation with its last message, without what is a device's own."""
    own = {"conv_draft", "conv_is_has_draft", "conv_active_time", "conv_last_msg"}
    return {key: value for key, value in conv.items() if key not in own} | conv.get("conv_last_msg", {})


def test_drafts_stay_here(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with device(server, alice) as (a, heard), device(server, bob) as (b, _):
            where = {"convId": bob, "convType": 1}
            draft = {"draft_msg": {"message_conv_id": bob}, "draft_user_define": "x", "draft_edit_time": 4_000_000_000}
            assert await a.TIMConvSetDraft({**where, "draftParam": draft}) == 0
            assert (await convs(a))[bob]["conv_draft"] == draft
            assert (await convs(a))[bob]["conv_is_has_draft"] is True
            assert (await convs(a))[bob]["conv_active_time"] == 4_000_000_000
            assert (ADD, [bob]) in heard.events
            await write(b, alice)
            await eventually(lambda: holds(a, {bob: 1}))
            assert (await convs(a))[bob]["conv_draft"] == draft
            assert await a.TIMConvCancelDraft(where) == 0
            one = (await convs(a))[bob]
            assert (one["conv_is_has_draft"], "conv_draft" in one) == (False, False)
            assert await a.TIMConvCancelDraft({"convId": "", "convType": 1}) == -5
            assert await a.TIMConvSetDraft({"convId": bob, "convType": 3, "draftParam": draft}) == -5
            assert await a.TIMConvSetDraft({**where, "draftParam": 5}) == -3
            assert await a.TIMConvSetDraft({**where, "convId": "no one of that name", "draftParam": draft}) == 6004

    asyncio.run(scenario())


def test_filters_pages_and_subscriptions(server: Server):
    async def scenario():
        alice, bob, *others = names("alice", "bob", "u1", "u2", "u3")
        async with device(server, bob) as (b, heard), device(server, alice) as (a, _):
            group = await created(a, group_member_array=[member(bob)])
            server.rest("im_open_login_svc/multiaccount_import", Accounts=others)
            for user in (*others, alice):
                server.rest("openim/sendmsg", From_Account=user, To_Account=bob, MsgRandom=next(_randoms),
                            MsgBody=[{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}])  # fmt: skip
            everything = {group, alice, *others}
            await eventually(lambda: listed(b, everything))
            seen, cursor = [], 0
            while True:
                params = {f"{FILTER}next_seq": cursor, f"{FILTER}count": 2}
                page = (await b.TIMConvGetConversationListByFilter({"params": params}))["json_param"]
                seen += [one["conv_id"] for one in page["conversation_list_result_conv_list"]]
                cursor = page["conversation_list_result_next_seq"]
                if page["conversation_list_result_is_finished"]:
                    break
            assert cursor == 0
            assert seen == list(await convs(b))
            assert len(seen) == len(everything)

            wanted = {f"{FILTER}conv_type": 1}
            assert await b.TIMConvSubscribeUnreadMessageCountByFilter({"params": wanted}) == 0
            count = await b.TIMConvGetUnreadMessageCountByFilter({"params": wanted})
            assert count["json_param"] == {"conv_get_total_unread_message_count_result_unread_count": 4}
            await say(a, group)
            await write(a, bob)
            await until(lambda: heard.counts)
            assert heard.counts == [(wanted, 5)]
            assert await b.TIMConvUnsubscribeUnreadMessageCountByFilter({"params": wanted}) == 0
            await write(a, bob)
            await eventually(lambda: holds(b, {alice: 3}))
            assert len(heard.counts) == 1

            await b.TIMConvMarkConversation({**by_id(f"c2c_{alice}"), "mark_type": 2, "enable_mark": True})
            for more, found in (
                ({"mark_type": 2}, {alice}),
                ({"mark_type": 0}, everything - {alice}),
                ({"conv_type": 2}, {group}),
                ({"conversation_group": "none"}, set()),
                ({"conversation_group": ""}, everything),
                ({"has_group_at_info": True}, set()),
                ({"has_unread_count": True, "conv_type": 1}, {alice, *others}),
            ):
                params = {FILTER + key: value for key, value in more.items()}
                page = (await b.TIMConvGetConversationListByFilter({"params": params}))["json_param"]
                assert {one["conv_id"] for one in page["conversation_list_result_conv_list"]} == found, more
            for wrong in ({f"{FILTER}count": 0}, {f"{FILTER}next_seq": 77}, {f"{FILTER}conv_type": 9}):
                assert (await b.TIMConvGetConversationListByFilter({"params": wrong}))["code"] == -4

    asyncio.run(scenario())


def test_one_conversation_by_its_name(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        async with device(server, carol), device(server, bob) as (b, heard), device(server, alice) as (a, _):
            group = await created(a, group_member_array=[member(bob)])
            community = await created(a, group_type=5, is_support_topic=True, group_member_array=None)
            await write(a, bob)
            await eventually(lambda: listed(b, {group, alice}))

            async def asked(tim: TimRender, *wanted: tuple[str, int]) -> list[str]:
                prefix = "get_conversation_list_param_conv_"
                items = [{f"{prefix}id": name, f"{prefix}type": kind} for name, kind in wanted]
                result = await tim.TIMConvGetConvInfo({"json_get_conv_list_param": items})
                assert result["code"] == 0, result
                return [one["conv_id"] for one in result["json_param"]]

            assert await asked(b, (alice, 1), (carol, 1), (group, 2), (community, 2)) == [alice, group]
            await b.TIMConvDelete({"convId": alice, "convType": 1})
            assert await asked(b, (alice, 1)) == [alice]
            assert alice not in await convs(b)
            topic = (
                await a.TIMGroupCreateTopicInCommunity({
                    "group_id": community, "json_topic_info": {"group_topic_info_topic_name": "t"}
                })
            )["json_param"]  # fmt: skip
            assert await asked(a, (topic, 2)) == [topic]
            assert topic not in await convs(a)

            one = (await b.TIMConvCreate({"convId": carol, "convType": 1}))["json_param"]
            assert (one["conv_id"], one["conv_is_has_lastmsg"], one["conv_unread_num"]) == (carol, False, 0)
            assert (ADD, [carol]) in heard.events
            assert carol in await convs(b)
            assert (await b.TIMConvCreate({"convId": "nobody at all", "convType": 1}))["code"] == 6004
            assert (await b.TIMConvCreate({"convId": community, "convType": 2}))["code"] == 6004
            assert (await b.TIMConvCreate({"convId": "", "convType": 2}))["code"] == -5
            wrong = {"json_get_conv_list_param": [{"get_conversation_list_param_conv_id": "x"}]}
            assert (await b.TIMConvGetConvInfo(wrong))["code"] == -5
            assert (await b.TIMConvGetConvInfo({"json_get_conv_list_param": 3}))["code"] == -3

    asyncio.run(scenario())


def test_refusals_of_the_server_come_one_by_one_or_as_a_whole(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with device(server, alice) as (a, _):
            group = await created(a)
            some = by_id(f"group_{group}", "group_nowhere", "c2c_nobody at all", "nonsense")
            results = [
                await a.TIMConvMarkConversation({**some, "mark_type": 1, "enable_mark": True}),
                await a.TIMConvSetConversationCustomData({**some, "custom_data": "x"}),
                await a.TIMConvCreateConversationGroup({**some, "group_name": "g"}),
                await a.TIMConvAddConversationsToGroup({**some, "group_name": "g"}),
            ]
            for result in results:
                assert list(codes(result).values()) == [0, 51007, 50001, 6004]
                assert result["user_data"] == "u"
            assert (await a.TIMConvSetConversationCustomData({**some, "custom_data": "x" * 257}))["code"] == 50002
            assert (await a.TIMConvAddConversationsToGroup({**some, "group_name": "none"}))["code"] == 51009
            assert (await a.TIMConvDeleteConversationGroup({"group_name": "none"}))["code"] == 51009
            assert (await a.TIMConvCreateConversationGroup({**some, "group_name": "x" * 33}))["code"] == 51011
            assert (await a.TIMConvCreateConversationGroup({**by_id(), "group_name": "x"}))["code"] == -4
            assert (await a.TIMConvMarkConversation({**some, "mark_type": 0}))["code"] == -4
            assert (await a.TIMConvMarkConversation({**some, "mark_type": 1 << 64}))["code"] == -4
            pin = {"convId": "nowhere", "convType": 2, "isPinned": True}
            assert (await a.TIMConvPinConversation(pin))["code"] == 51007

    asyncio.run(scenario())


def test_a_list_that_cannot_be_read_is_read_later(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (tim, _), device(server, bob) as (b, _):
            await write(b, alice)
            await tim._client._link.close()
            answers = [tim.TIMConvGetConvList("x"), tim.TIMConvGetTotalUnreadMessageCount({"user_data": "x"})]
            for result in await asyncio.gather(*answers):
                assert (result["code"], result["user_data"]) == (9508, "x")
                assert result["desc"]
            await eventually(lambda: readable(tim))
            assert list(await convs(tim)) == [bob]
            await tim._client._link.close()
            assert list(await convs(tim)) == [bob]  # a list that is there is shown without a connection, too
            await write(b, alice)
            await eventually(lambda: holds(tim, {bob: 2}))

    asyncio.run(scenario())


async def readable(tim: TimRender) -> bool:
    """Say whether the list can be read."""
    return (await tim.TIMConvGetConvList())["code"] == 0


def test_user_data_comes_back_whatever_was_wrong(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with device(server, alice) as (tim, _):
            no_numbers = {"TIMConvSetDraft", "TIMConvCancelDraft"}
            calls = [
                getattr(tim, name)
                for name in dir(tim)
                if name.startswith("TIMConv") and name not in no_numbers and "ubscribe" not in name
            ]
            assert len(calls) == 18
            for call in calls:
                for wrong in ({}, {"params": 5}, {"conversation_id_array": [1], "group_name": 5, "convId": []}):
                    result = await call({**wrong, "user_data": "群主"})
                    assert list(result) == ["code", "desc", "json_param", "json_params", "user_data"], call
                    assert result["user_data"] == "群主"
                    assert result["code"] == 0 or (result["code"] < 0 and result["desc"]), (call, result)
            for name in no_numbers | {f"TIMConv{word}scribeUnreadMessageCountByFilter" for word in ("Sub", "Unsub")}:
                assert await getattr(tim, name)("nothing") == -3

    asyncio.run(scenario())


def test_without_a_login(server: Server):
    async def scenario():
        tim = TimRender(SDKAPPID, server.url)
        assert await tim.TIMConvSetDraft({}) == -1
        assert await tim.TIMInit({"platform": "Web"}) == 0
        assert await tim.TIMConvCancelDraft({}) == -2
        assert await tim.TIMConvSubscribeUnreadMessageCountByFilter({}) == -2
        assert (await tim.TIMConvGetConvList())["code"] == -2
        assert await tim.TIMInit({"platform": 5}) == -4
        [alice] = names("alice")
        await tim.TIMInit({"platform": "Fridge"})
        assert (await tim.TIMLogin({"userID": alice, "userSig": usersig(alice)}))["code"] == 60025
        await tim.TIMInit({"platform": "Web"})
        await tim.TIMLogin({"userID": alice, "userSig": usersig(alice)})
        waiting = asyncio.create_task(tim.TIMConvGetConvList())
        await asyncio.sleep(0)
        await tim.TIMUninit()
        assert (await waiting)["code"] in {0, 6013}

    asyncio.run(scenario())


@pytest.mark.parametrize("late", [False, True])
def test_a_listener_may_come_before_the_login_or_after(server: Server, late: bool):
    async def scenario():
        [alice] = names("alice")
        heard = Heard()
        async with signed_in(server, alice) as (tim, _):
            if not late:
                await tim.TIMLogout()
            await heard.attach(tim)
            if not late:
                await tim.TIMLogin({"userID": alice, "userSig": usersig(alice)})
            await until(lambda: [event for event, _ in heard.events] == [START, FINISH])
            assert heard.totals == []

    asyncio.run(scenario())


SETS = [
    ("delete", True), ("delete", False), ("pin", True), ("pin", False), ("mark", True), ("mark", False), ("hide",),
    ("read", "one"), ("read", "part"), ("read", ""), ("read", "c2c"), ("sort", True), ("sort", False),
]  # fmt: skip
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.booleans(), st.sampled_from([(), ("NoUnread",), ("NoLastMsg",)])),
        st.tuples(st.just("write"), st.booleans(), st.sampled_from([(), ("NoUnread",)])),
        st.tuples(st.just("read"), st.sampled_from(["group", "c2c", "", "one", "part"])),
        st.tuples(st.just("recall"), st.booleans()),
        st.tuples(st.just("delete"), st.booleans()),
        st.tuples(st.just("pin"), st.booleans()),
        st.tuples(st.just("mark"), st.booleans()),
        st.tuples(st.just("flag"), st.sampled_from([0, 1, 2])),
        st.tuples(st.just("rename")),
        st.tuples(st.just("modify")),
        st.tuples(st.just("rejoin")),
        st.tuples(st.just("set_unread"), st.integers(0, 3)),
        st.tuples(st.just("hide")),
        st.tuples(st.just("sort"), st.booleans()),
        st.tuples(st.just("elsewhere"), st.sampled_from(SETS)),
        st.tuples(
            st.just("interrupt"),
            st.sampled_from(
                [
                    ("say", False, ()),
                    ("write", False, ()),
                    ("recall", True),
                    ("recall", False),
                    ("rename",),
                    ("rejoin",),
                ]
                + [("elsewhere", one) for one in SETS]
            ),
        ),
    ),
    min_size=3,
    max_size=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes here
)  # fmt: skip
@given(acts=ACTS)
def test_what_is_kept_is_what_a_new_device_reads(server: Server, acts: list[tuple[Any, ...]]):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with (
            device(server, bob) as (b, heard),
            device(server, bob, "iPad") as (pad, _),
            device(server, alice) as (a, _),
        ):
            group = await created(a, group_member_array=[member(bob)])
            await eventually(lambda: listed(b, {group}))
            await eventually(lambda: listed(pad, {group}))
            world = World(server, a, b, group, alice, bob)
            world.pad = pad
            for act, *more in [*acts, ("flag", 0)]:  # what does not reach him he cannot know
                await getattr(world, act)(*more)
            async with device(server, bob, "Web") as (fresh, _):
                for tim in (b, pad):
                    with suppress(TimeoutError):  # the comparison says more
                        await eventually(lambda tim=tim: alike(tim, fresh))
                    assert differences(await picture(tim), await picture(fresh)) == []
                assert (heard.totals or [0])[-1] == await unread(fresh)

    asyncio.run(scenario())


class World:
    """What may happen between two users who share a group; the list of the second one is looked at."""

    def __init__(self, server: Server, a: TimRender, b: TimRender, group: str, alice: str, bob: str) -> None:
        self.server, self.a, self.b, self.group, self.alice, self.bob = server, a, b, group, alice, bob
        self.pad: TimRender | None = None
        self.seqs: list[int] = []
        self.keys: list[str] = []

    async def say(self, mine: bool, control: tuple[str, ...]) -> None:
        self.seqs.append(await say(self.b if mine else self.a, self.group, SendMsgControl=list(control) or None))

    async def write(self, mine: bool, control: tuple[str, ...]) -> None:
        sender, to = (self.b, self.alice) if mine else (self.a, self.bob)
        request = SendMsg(
            To_Account=to, MsgRandom=next(_randoms), MsgBody=text("x"), SendMsgControl=list(control) or None
        )
        key = (await sender._client.call(request)).MsgKey
        if not mine:
            self.keys.append(key)

    async def read(self, which: str) -> None:
        name, seq = which, 0
        if which in {"one", "part"}:
            name, seq = f"group_{self.group}", self.seqs[-2] if which == "part" and len(self.seqs) > 1 else 0
        given = {"conversation_id": name, "clean_timestamp": 0, "clean_sequence": seq}
        assert (await self.b.TIMConvCleanConversationUnreadMessageCount(given))["code"] == 0

    async def recall(self, in_group: bool) -> None:
        if in_group and self.seqs:
            self.server.rest("group_open_http_svc/group_msg_recall", GroupId=self.group,
                             MsgSeqList=[{"MsgSeq": self.seqs[-1]}])  # fmt: skip
        elif self.keys:
            self.server.rest("openim/admin_msgwithdraw", From_Account=self.alice, To_Account=self.bob,
                             MsgKey=self.keys.pop())  # fmt: skip

    async def delete(self, group: bool) -> None:
        where = {"convId": self.group, "convType": 2} if group else {"convId": self.alice, "convType": 1}
        assert (await self.b.TIMConvDelete(where))["code"] == 0

    async def pin(self, on: bool) -> None:
        given = {"convId": self.group, "convType": 2, "isPinned": on}
        assert (await self.b.TIMConvPinConversation(given))["code"] == 0

    async def mark(self, on: bool) -> None:
        given = {**by_id(f"group_{self.group}"), "mark_type": 5, "enable_mark": on}
        assert codes(await self.b.TIMConvMarkConversation(given)) == {f"group_{self.group}": 0}

    async def flag(self, option: int) -> None:
        prefix = "group_modify_member_info_"
        given = {"group_id": self.group, "identifier": self.bob, "modify_flag": 1, "msg_flag": option}
        result = await self.b.TIMGroupModifyMemberInfo({"params": {prefix + k: v for k, v in given.items()}})
        assert result["code"] == 0, result

    async def rename(self) -> None:
        prefix = "group_modify_info_param_"
        given = {"group_id": self.group, "modify_flag": 1, "group_name": f"n{next(_randoms)}"}
        result = await self.a.TIMGroupModifyGroupInfo({"params": {prefix + k: v for k, v in given.items()}})
        assert result["code"] == 0, result

    async def modify(self) -> None:
        if self.seqs:
            body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": f"m{next(_randoms)}"}}]
            self.server.rest("openim/modify_group_msg", GroupId=self.group, MsgSeq=self.seqs[-1], MsgBody=body)

    async def rejoin(self) -> None:
        for command in ("delete_group_member", "add_group_member"):
            who = {"MemberToDel_Account": [self.bob], "MemberList": [{"Member_Account": self.bob}]}
            self.server.rest(f"group_open_http_svc/{command}", GroupId=self.group, **who)
        self.seqs.clear()

    async def set_unread(self, number: int) -> None:
        self.server.rest("group_open_http_svc/set_unread_msg_num", GroupId=self.group, Member_Account=self.bob,
                         UnreadMsgNum=number)  # fmt: skip

    async def hide(self) -> None:
        if self.seqs:
            with suppress(CallFailed):  # it may be hidden already
                await self.b._client.call(HideGroupMessages(GroupId=self.group, MsgSeqList=[self.seqs[-1]]))

    async def sort(self, put: bool) -> None:
        given = {"group_name": "g", **by_id(f"group_{self.group}")}
        if put:
            await self.b.TIMConvCreateConversationGroup(given)
            await self.b.TIMConvAddConversationsToGroup(given)
        else:
            await self.b.TIMConvDeleteConversationsFromGroup(given)

    async def elsewhere(self, act: tuple[Any, ...]) -> None:
        """Let the other device do something."""
        name, *more = act
        self.b, self.pad = self.pad, self.b
        await getattr(self, name)(*more)
        self.b, self.pad = self.pad, self.b

    async def interrupt(self, meanwhile: tuple[Any, ...]) -> None:
        """Break the connection; something happens before it is there again."""
        client, link = self.b._client, self.b._client._link
        await link.close()
        act, *more = meanwhile
        await getattr(self, act)(*more)
        await until(lambda: client._link not in {None, link})
