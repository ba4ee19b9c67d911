"""Calls that read messages: history page by page, and single ones."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.conversations import GetConversations, GivenConversation
from qunzhu.core.limits import UINT32
from qunzhu.tim.calls import mapping
from qunzhu.tim.convert import Json, WrongParameter, take
from qunzhu.tim.enums import TIMElemType, TIMErrCode, TIMResult
from qunzhu.tim.local_messages import LocalMessages, Position
from qunzhu.tim.message import C2C, GROUP, Message, Place
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_params import (
    Ref,
    known,
    object_given,
    objects_given,
    place_given,
    ref_given,
    ref_of,
    require_number,
    texts_given,
)
from qunzhu.tim.params import CommonResult
from qunzhu.tim.pulled import AT_ONCE, Start
from qunzhu.tim.seen_messages import place_of

log = logging.getLogger("qunzhu.tim")
PAGE = 20
MOST_IDS = 1000
PARAM, LOCATOR = "msg_getmsglist_param_", "message_locator_"
FIRST: Position = (-1, 0, 0, 0)
LAST: Position = (UINT32 + 1, 0, 0, 0)


class Wanted(msgspec.Struct, frozen=True):
    """Which part of a conversation to read. Times are unix seconds."""

    start: Start
    count: int
    anchor: Position
    """Nothing but what comes after it, in walking order."""
    earliest: int
    latest: int
    types: frozenset[int]

    def takes(self, message: Message) -> bool:
        """Say whether a message is wanted, if it is in time."""
        return not self.types or any(elem["elem_type"] in self.types for elem in message["message_elem_array"])


class HistoryCalls(MessageCalls):
    """Calls that read messages."""

    async def TIMMsgGetMsgList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read a page of the conversation ``conv_id``, ``conv_type``; ``json_param`` is a list of ``Message``.

        Older ones come newest first, newer ones (``is_forward``) oldest first. The next page begins at ``last_msg``.
        The server is always read: there is no local history but messages that only the SDK has, which stand among them.
        """

        async def work(client: Client) -> list[Message]:
            given = mapping(param)
            place, kept = place_given(given), self._kept(client)
            asked = object_given(given, "params", "json_get_msg_param")
            if place.id not in client.live:
                await self._learn_read(client, place)
            if seqs := _seqs(asked, place):
                found = await self._reading(client).at(place, [Ref(place, seq, 0, 0, "") for seq in seqs])
                return [message for message in found if not kept.is_hidden(message)]
            return await self._page(client, place, _wanted(asked, place, kept, client.user))

        return await self._do(param, work)

    async def TIMMsgFindMessages(self, param: Mapping[str, Any]) -> CommonResult:
        """Find messages that the SDK has seen in this process by their ids; ``json_param`` is a list of ``Message``."""

        async def work(client: Client) -> list[Message]:
            ids = texts_given(mapping(param), "json_message_id_array", most=MOST_IDS)
            found = [message for one in dict.fromkeys(ids) for message in self._kept(client).find(one)]
            return await self._certain(client, found)

        return await self._do(param, work)

    async def TIMMsgFindByMsgLocatorList(self, param: Mapping[str, Any]) -> CommonResult:
        """Find messages of a conversation by ``MsgLocator``; those that are not there are left out."""

        async def work(client: Client) -> list[Message]:
            given = mapping(param)
            place, kept = place_given(given), self._kept(client)
            locators = objects_given(given, "params", "json_msg_Locator_array", most=AT_ONCE)
            refs = [_located(item, place, kept, client.user) for item in locators]
            found = await self._reading(client).at(place, refs)
            by_seq = {(ref_of(one).seq, ref_of(one).random if place.type == C2C else 0): one for one in found}
            keys = dict.fromkeys((ref.seq, ref.random if place.type == C2C else 0) for ref in refs)
            return [by_seq[key] for key in keys if key in by_seq]

        return await self._do(param, work)

    async def _learn_read(self, client: Client, place: Place) -> None:
        """Find out up to where the user has read a conversation, and the other user, where it is not known yet."""
        kept = self._kept(client)
        if kept.knows_read(place):
            return
        peer = {"To_Account" if place.type == C2C else "GroupId": place.id}
        wanted = GetConversations(ConvList=[GivenConversation(Type=place.type, **peer)])
        try:
            conversations = (await client.call(wanted)).ConvList
        except CallFailed as fault:
            log.debug("up to where %r was read: %s", place.id, fault.text)
            return
        for found in conversations:
            kept.read_up_to(place, (found.ReadTime if place.type == C2C else found.ReadSeq) or 0)
            kept.peer_read_up_to(place, found.PeerReadTime or 0)

    async def _page(self, client: Client, place: Place, wanted: Wanted) -> list[Message]:
        found: list[Message] = []
        async for message in self._merged(client, place, wanted):
            at = message["message_server_time"]
            if at > wanted.latest if wanted.start.newer else at < wanted.earliest:
                break
            if wanted.earliest <= at <= wanted.latest and wanted.takes(message):
                found.append(message)
                if len(found) == wanted.count:
                    break
        return found

    async def _merged(self, client: Client, place: Place, wanted: Wanted) -> AsyncIterator[Message]:
        """Give what the server has and what only the SDK has, in walking order."""
        kept, newer = self._kept(client), wanted.start.newer
        local = [item for item in kept.local(place) if _after(item[0], wanted.anchor, newer=newer)]
        local.sort(key=lambda item: item[0], reverse=not newer)
        # With a filter it cannot be known how many must be read: then as many at once as there may be.
        page = AT_ONCE if wanted.types else min(wanted.count, AT_ONCE)
        async for message in self._stored(client, place, wanted, page):
            position = kept.position(message)
            while local and _after(position, local[0][0], newer=newer):
                yield local.pop(0)[1]
            begun = wanted.start.beside is not None or _after(position, wanted.anchor, newer=newer)
            if begun and not kept.is_hidden(message):
                yield message
        for _, message in local:
            yield message

    async def _stored(self, client: Client, place: Place, wanted: Wanted, page: int) -> AsyncIterator[Message]:
        """Give what the server has; live rooms have no history but what this SDK has seen."""
        if place.id not in client.live:
            async for message in self._reading(client).walk(place, wanted.start, page):
                yield message
            return
        kept = self._kept(client)
        seen = [one for one in kept.all() if place_of(one) == place and not kept.is_local(one)]
        seen.sort(key=kept.position, reverse=not wanted.start.newer)
        for message in seen:
            if wanted.start.beside is None or _after(kept.position(message), wanted.anchor, newer=wanted.start.newer):
                yield message


def _after(one: Position, other: Position, *, newer: bool) -> bool:
    return one > other if newer else one < other


def _wanted(asked: Json, place: Place, kept: LocalMessages, user: str) -> Wanted:
    """Return which part of a conversation is asked for, or refuse (-4)."""
    newer = take(asked, f"{PARAM}is_forward", bool, default=False)
    count = take(asked, f"{PARAM}count", int, PAGE)
    if not 0 < count <= UINT32:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}count: {count}, 1 or more are needed")
    begin, period = _time(asked, "time_begin"), _time(asked, "time_period")
    start, anchor = _start(asked, place, kept, user, begin)
    earliest, latest = _window(begin, period, newer=newer)
    return Wanted(start, count, anchor or (FIRST if newer else LAST), earliest, latest, frozenset(_types(asked)))


def _window(begin: int, period: int, *, newer: bool) -> tuple[int, int]:
    """Return the first and the last second wanted: so many from ``begin`` on or back, all without one of them."""
    if not begin:
        return 0, UINT32
    if newer:
        return begin, begin + period if period else UINT32
    return max(begin - period, 0) if period else 0, begin


def _time(asked: Json, key: str) -> int:
    value: int = take(asked, PARAM + key, int, 0)
    if not 0 <= value <= UINT32:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}{key}: {value} is no number of seconds")
    return value


def _start(asked: Json, place: Place, kept: LocalMessages, user: str, begin: int) -> tuple[Start, Position | None]:
    """Return where to begin: beside the message given, at the seq given, at a time, or at an end."""
    newer = take(asked, f"{PARAM}is_forward", bool, default=False)
    last = take(asked, f"{PARAM}last_msg", dict)
    if last:
        message = known(last, kept, place)
        if message is not None and kept.is_local(message):
            return Start(at=message["message_server_time"], newer=newer), kept.position(message)
        ref = ref_given(last, kept, user, place)
        position = None if message is None else kept.position(message)
        return Start(beside=ref, newer=newer), position or (ref.at, 0, ref.seq, ref.random)
    seq = take(asked, f"{PARAM}last_msg_seq", int, 0)
    if seq and place.type == GROUP:
        require_number(seq, f"{PARAM}last_msg_seq", UINT32)
        return Start(seq=seq, newer=newer), None
    return Start(at=begin or None, newer=newer), None


def _types(asked: Json) -> list[int]:
    found = take(asked, f"{PARAM}message_type_array", list, [])
    if not all(isinstance(item, int) and item in set(TIMElemType) for item in found):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}message_type_array: must hold element types")
    return list(found)


def _seqs(asked: Json, place: Place) -> list[int]:
    """Return the seqs asked for by themselves; only groups have them."""
    found = take(asked, f"{PARAM}message_seq_array", list, [])
    if not found:
        return []
    if place.type != GROUP:
        raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, f"{PARAM}message_seq_array: only for groups")
    require_number(len(found), f"{PARAM}message_seq_array", AT_ONCE)
    if not all(isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq <= UINT32 for seq in found):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}message_seq_array: must hold seqs")
    return list(found)


def _located(item: Json, place: Place, kept: LocalMessages, user: str) -> Ref:
    """Return which message a ``MsgLocator`` means."""
    values = {f"message_{key}": item.get(LOCATOR + key) for key in ("seq", "rand")}
    mine = take(item, f"{LOCATOR}is_self", bool, default=False)
    more = {"message_server_time": item.get(f"{LOCATOR}time"), "message_is_from_self": mine}
    return ref_given({**values, **more}, kept, user, place)
