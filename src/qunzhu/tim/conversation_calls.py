"""Calls about conversations: the list, one of them, unread numbers, drafts, and what the user sets of them."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from qunzhu.client import Client
from qunzhu.commands.contacts import Delete, PinConversation
from qunzhu.tim import conversation_info as info
from qunzhu.tim.calls import mapping
from qunzhu.tim.conversation_keeping import KeepingCalls, keys_given, named, one_by_one
from qunzhu.tim.conversations import C2C, Filter, Key
from qunzhu.tim.convert import WrongParameter, take
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.message import Place
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_params import object_given, objects_given
from qunzhu.tim.params import CommonResult

PAGE, MOST = 20, 100
_ID, _TYPE = "get_conversation_list_param_conv_id", "get_conversation_list_param_conv_type"
_UNREAD = "conv_get_total_unread_message_count_result_unread_count"


class ConversationCalls(KeepingCalls, MessageCalls):
    """Calls about conversations."""

    async def TIMConvGetConvList(self, param: Any = "") -> CommonResult:
        """List all conversations as ``ConvInfo``, pinned ones first, then the newest; the parameter is user data."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return info.listed((await self._conversations(client)).page(), client.user)

        return await self._do(param, work)

    async def TIMConvGetConvInfo(self, param: Mapping[str, Any]) -> CommonResult:
        """Read conversations named by ``json_get_conv_list_param``, an array of ``GetConversationListParam``.

        Those of topics, and deleted ones, are found as well. What is none is left out.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given = objects_given(mapping(param), "json_get_conv_list_param", most=MOST)
            keys = list(dict.fromkeys(info.given_key(item, _ID, _TYPE) for item in given))
            found = await self._found(client, keys)
            return info.listed([found[key] for key in keys if key in found], client.user)

        return await self._do(param, work)

    async def TIMConvGetConversationListByFilter(self, param: Mapping[str, Any]) -> CommonResult:
        """Page through the conversations of a ``TIMConversationListFilter``, 20 at a time unless ``..._count`` says.

        ``..._next_seq`` is 0 first; give back what came until ``..._is_finished``.
        """

        async def work(client: Client) -> dict[str, Any]:
            given = object_given(mapping(param), "params", "filter")
            wanted, count = info.wanted(given), take(given, f"{info.FILTER}count", int, PAGE)
            if not 0 < count <= MOST:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{info.FILTER}count: {count}, 1 to {MOST} are allowed")
            after = info.place_of(self._cursor(take(given, f"{info.FILTER}next_seq", int, 0)))
            rest = (await self._conversations(client)).page(wanted, after)
            page, finished = rest[:count], len(rest) <= count
            values = {
                "conv_list": info.listed(page, client.user), "is_finished": finished,
                "next_seq": 0 if finished else self._number(info.cursor(page[-1])),
            }  # fmt: skip
            return {f"conversation_list_result_{key}": value for key, value in values.items()}

        return await self._do(param, work)

    async def TIMConvCreate(self, param: Mapping[str, Any]) -> CommonResult:
        """Return the conversation ``convId``, ``convType``; one in which nothing was said yet is put on the list."""

        async def work(client: Client) -> dict[str, Any]:
            key, kept = named(mapping(param)), await self._conversations(client)
            one = kept.get(key)
            if one is None:
                one = replace(await self._there(client, key), made_here=True)
                kept.put(one)
                await self._keeping(client).settled()
            return info.shown(one, client.user)

        return await self._do(param, work)

    async def TIMConvDelete(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete the conversation ``convId``, ``convType`` with the user's copies of its messages."""

        async def work(client: Client) -> str:
            await self._delete_conversation(client, named(mapping(param)), clear=True)
            return ""

        return await self._do(param, work)

    async def TIMConvDeleteConversationList(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete up to 100 conversations ``conversation_id_array``; with ``clearMessage`` their messages too.

        ``json_param`` is a list of ``TIMConversationOperationResult``.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            clear = take(given, "clearMessage", bool, take(given, "clear_message", bool, default=False))
            asked = keys_given(given)
            return await one_by_one(asked, lambda key: self._delete_conversation(client, key, clear=clear))

        return await self._do(param, work)

    async def _delete_conversation(self, client: Client, key: Key, *, clear: bool) -> None:
        who = {"To_Account": key.peer} if key.sort == C2C else {"ToGroupid": key.peer}
        await client.call(Delete(From_Account=client.user, Type=key.sort, ClearRamble=int(clear), **who))
        if clear:
            self._kept(client).clear(Place(key.sort, key.peer))
        await self._keeping(client).did({"ChangeType": "Deleted", "ConvList": [info.item(key)]})

    async def TIMConvPinConversation(self, param: Mapping[str, Any]) -> CommonResult:
        """Pin the conversation ``convId``, ``convType``, or take the pin off (``isPinned``); 50 at most (51012)."""

        async def work(client: Client) -> str:
            given = mapping(param)
            key, pinned = named(given), take(given, "isPinned", bool, default=False)
            await client.call(PinConversation(Pinned=pinned, **info.item(key)))
            now = {**info.item(key), "Pinned": pinned}
            await self._keeping(client).did({"ChangeType": "Pinned", "ConvList": [now]})
            return ""

        return await self._do(param, work)

    async def TIMConvSetDraft(self, param: Mapping[str, Any]) -> int:
        """Keep the ``Draft`` ``draftParam`` of the conversation ``convId``, ``convType``; 0, or what is wrong.

        It stays in this object's memory: neither the server nor the user's other devices see it.
        """

        async def work(client: Client) -> str:
            given = mapping(param)
            key, draft = named(given), info.draft(object_given(given, "draftParam"), client.server_time())
            kept = await self._conversations(client)
            if not kept.change(key, lambda one: replace(one, draft=draft)):
                kept.put(replace(await self._there(client, key), draft=draft))
            await self._keeping(client).settled()
            return ""

        return (await self._do(param, work))["code"]

    async def TIMConvCancelDraft(self, param: Mapping[str, Any]) -> int:
        """Forget the draft of the conversation ``convId``, ``convType``; 0, or what is wrong."""

        async def work(client: Client) -> str:
            kept = await self._conversations(client)
            kept.change(named(mapping(param)), lambda one: replace(one, draft=None))
            await self._keeping(client).settled()
            return ""

        return (await self._do(param, work))["code"]

    async def TIMConvGetTotalUnreadMessageCount(self, param: Any = "") -> CommonResult:
        """Count all unread messages, but for conversations that do not notify; the parameter is user data."""

        async def work(client: Client) -> dict[str, int]:
            return {_UNREAD: (await self._conversations(client)).count()}

        return await self._do(param, work)

    async def TIMConvGetUnreadMessageCountByFilter(self, param: Mapping[str, Any]) -> CommonResult:
        """Count the unread messages of a ``TIMConversationListFilter``."""

        async def work(client: Client) -> dict[str, int]:
            return {_UNREAD: (await self._conversations(client)).count(_filter(param))}

        return await self._do(param, work)

    async def TIMConvSubscribeUnreadMessageCountByFilter(self, param: Mapping[str, Any]) -> int:
        """Tell from now on when the number of a ``TIMConversationListFilter`` changes; 0, or what is wrong."""

        async def work(client: Client) -> str:
            (await self._conversations(client)).watch(_filter(param))
            return ""

        return (await self._do(param, work))["code"]

    async def TIMConvUnsubscribeUnreadMessageCountByFilter(self, param: Mapping[str, Any]) -> int:
        """Tell it no longer; 0, or what is wrong."""

        async def work(client: Client) -> str:
            (await self._conversations(client)).unwatch(_filter(param))
            return ""

        return (await self._do(param, work))["code"]


def _filter(param: Any) -> Filter:
    return info.wanted(object_given(mapping(param), "params", "filter"))
