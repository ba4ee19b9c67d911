"""Calls that search messages: among those that the SDK has seen, and on the server."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.commands.conversations import GetConversations
from qunzhu.core.limits import UINT32
from qunzhu.tim.calls import mapping
from qunzhu.tim.convert import Json, WrongParameter, take, texts
from qunzhu.tim.enums import TIMElemType, TIMKeywordListMatchType, TIMMsgStatus, TIMResult
from qunzhu.tim.message import C2C, Message, Place
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_params import Ref, object_given, place_given, ref_of, require_number
from qunzhu.tim.params import CommonResult
from qunzhu.tim.pulled import Start
from qunzhu.tim.seen_messages import place_of

PARAM, ITEM, RESULT = "msg_search_param_", "msg_search_result_item_", "msg_search_result_"
MOST_KEYWORDS = 5
PAGE = 20
MOST_PAGE = 100
READ_AT_ONCE = 2000
"""Messages that one call reads on the server; the cursor goes on from there."""
_SEARCHED = (
    "text_elem_content", "custom_elem_desc", "custom_elem_data", "file_elem_file_name", "location_elem_desc",
    "merge_elem_title",
)  # fmt: skip
"""Keys whose texts are searched, beside the lines of merged messages."""


class Search(msgspec.Struct, frozen=True):
    """What is searched. Times are unix seconds."""

    keywords: tuple[str, ...]
    all_of_them: bool
    senders: frozenset[str]
    types: frozenset[int]
    earliest: int
    latest: int
    place: Place | None

    def finds(self, message: Message) -> bool:
        """Say whether a message is one of those that are searched."""
        kinds = {elem["elem_type"] for elem in message["message_elem_array"]}
        return (
            message["message_status"] != TIMMsgStatus.kTIMMsg_Revoked
            and self.earliest <= message["message_server_time"] <= self.latest
            and (self.place is None or place_of(message) == self.place)
            and (not self.senders or message["message_sender"] in self.senders)
            and (not self.types or bool(kinds & self.types))
            and self._has_keywords(message)
        )

    def _has_keywords(self, message: Message) -> bool:
        if not self.keywords:
            return True
        said = [text.casefold() for elem in message["message_elem_array"] for text in _texts(elem)]
        found = [any(keyword in text for text in said) for keyword in self.keywords]
        return all(found) if self.all_of_them else any(found)


def _texts(elem: Json) -> Iterable[str]:
    yield from (elem[key] for key in _SEARCHED if isinstance(elem.get(key), str))
    yield from (line for line in elem.get("merge_elem_abstract_array", ()) if isinstance(line, str))


class SearchMessageCalls(MessageCalls):
    """Calls that search messages."""

    async def TIMMsgSearchLocalMessages(self, param: Mapping[str, Any]) -> CommonResult:
        """Search what the SDK has seen in this process; ``json_param`` is a ``MessageSearchResult``.

        In one conversation its messages come, newest first and page by page; in all, how many of each conversation
        match, with the message itself where it is the only one.
        """

        async def work(client: Client) -> dict[str, Any]:
            asked = object_given(mapping(param), "params", "json_search_message_param")
            search = _search(asked, client.server_time())
            found = [message for message in self._kept(client).all() if search.finds(message)]
            found.sort(key=self._kept(client).position, reverse=True)
            if search.place is not None:
                return _result([_item(search.place, len(found), _paged(asked, found))], len(found))
            grouped = _grouped(found)
            return _result(
                [_item(place, len(some), some if len(some) == 1 else []) for place, some in _paged(asked, grouped)],
                len(grouped),
            )

        return await self._do(param, work)

    async def TIMMsgSearchCloudMessages(self, param: Mapping[str, Any]) -> CommonResult:
        """Search what the server has, in one conversation or all of the user's, newest first in each.

        ``json_param`` is a ``MessageSearchResult`` with up to ``msg_search_param_search_count`` messages. A call reads
        some 2000 messages: give its cursor back to go on, until an empty one comes. Topics are searched by themselves.
        """

        async def work(client: Client) -> dict[str, Any]:
            asked = object_given(mapping(param), "params", "json_search_message_param")
            count = take(asked, f"{PARAM}search_count", int, 0) or PAGE
            require_number(count, f"{PARAM}search_count", MOST_PAGE)
            search, cursor = (
                _search(asked, client.server_time()),
                _cursor(take(asked, f"{PARAM}search_cursor", str, "")),
            )
            found: list[Message] = []
            read, last = 0, Cursor()
            async for message in self._cloud(client, search, cursor):
                read += 1
                if search.finds(message):
                    found.append(message)
                if len(found) == count or read == READ_AT_ONCE:
                    last = Cursor.after(message)
                    break
            items = [_item(place, len(some), some) for place, some in _grouped(found)]
            return {**_result(items, len(found)), f"{RESULT}search_cursor": last.text}

        return await self._do(param, work)

    async def _cloud(self, client: Client, search: Search, cursor: "Cursor") -> AsyncIterator[Message]:
        """Give the messages of the conversations that are searched, from the cursor on."""
        places = [search.place] if search.place else await _conversations(client)
        names = [place.id for place in places]
        first = names.index(cursor.conv_id) if cursor.conv_id in names else 0
        for place in places[first:]:
            begun = cursor.ref(place) if place.id == cursor.conv_id else None
            start = Start(beside=begun) if begun else Start(at=search.latest)
            async for message in self._reading(client).walk(place, start):
                if message["message_server_time"] < search.earliest:
                    break
                yield message


class Cursor(msgspec.Struct, frozen=True):
    """A message up to which a search has come; without a conversation it is at its end."""

    conv_id: str = ""
    seq: int = 0
    random: int = 0
    at: int = 0
    sender: str = ""

    @classmethod
    def after(cls, message: Message) -> "Cursor":
        """Return the place behind a message."""
        ref = ref_of(message)
        return cls(ref.place.id, ref.seq, ref.random, ref.at, ref.sender)

    def ref(self, place: Place) -> Ref:
        """Return the message."""
        return Ref(place, self.seq, self.random, self.at, self.sender)

    @property
    def text(self) -> str:
        """Return the cursor as callers see it."""
        return msgspec.json.encode(msgspec.structs.astuple(self)).decode() if self.conv_id else ""


_decode_cursor = msgspec.json.Decoder(tuple[str, int, int, int, str]).decode


def _cursor(text: str) -> Cursor:
    try:
        return Cursor(*_decode_cursor(text)) if text else Cursor()
    except (msgspec.MsgspecError, UnicodeEncodeError):
        raise WrongParameter(
            TIMResult.TIM_ERR_PARAM, f"{PARAM}search_cursor: {text[:40]!r} was not given out"
        ) from None


async def _conversations(client: Client) -> list[Place]:
    """Return all conversations of the user, those with users and those of groups, always in the same order."""
    found: list[Place] = []
    cursor = ""
    while True:
        page = await client.call(GetConversations(Next=cursor or None, Limit=100))
        found += [Place(one.Type, str(one.To_Account if one.Type == C2C else one.GroupId)) for one in page.ConvList]
        cursor = page.Next
        if not cursor:
            return sorted(found, key=lambda place: (place.type, place.id))


def _search(asked: Json, now: int) -> Search:
    """Return what is searched, or refuse (-4)."""
    keywords = texts(asked, f"{PARAM}keyword_array")
    if len(keywords) > MOST_KEYWORDS or not all(keywords):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}keyword_array: up to {MOST_KEYWORDS} texts are allowed")
    senders, types = texts(asked, f"{PARAM}send_identifier_array"), take(asked, f"{PARAM}message_type_array", list, [])
    if not keywords and not senders and not types:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}keyword_array: required")
    if not all(isinstance(item, int) and item in set(TIMElemType) for item in types):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}message_type_array: must hold element types")
    latest = take(asked, f"{PARAM}search_time_position", int, 0) or UINT32
    period = take(asked, f"{PARAM}search_time_period", int, 0)
    if not 0 < latest <= UINT32 or not 0 <= period <= UINT32:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}search_time_position, {PARAM}search_time_period")
    return Search(
        tuple(keyword.casefold() for keyword in keywords), _matches_all(asked), frozenset(senders), frozenset(types),
        max(min(latest, now) - period, 0) if period else 0, latest, _place(asked),
    )  # fmt: skip


def _matches_all(asked: Json) -> bool:
    number = take(asked, f"{PARAM}keyword_list_match_type", int, 0)
    if number not in set(TIMKeywordListMatchType):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}keyword_list_match_type: {number} is not one of 0, 1")
    return bool(number == TIMKeywordListMatchType.TIMKeywordListMatchType_And)


def _place(asked: Json) -> Place | None:
    if not take(asked, f"{PARAM}conv_type", int, 0):
        return None
    return place_given({"conv_type": asked.get(f"{PARAM}conv_type"), "conv_id": asked.get(f"{PARAM}conv_id")})


def _grouped(found: Iterable[Message]) -> list[tuple[Place, list[Message]]]:
    groups: dict[Place, list[Message]] = {}
    for message in found:
        groups.setdefault(place_of(message), []).append(message)
    return list(groups.items())


def _paged(asked: Json, found: list[Any]) -> list[Any]:
    """Return the page that is asked for; a size of 0 is everything."""
    index, size = (take(asked, f"{PARAM}page_{key}", int, 0) for key in ("index", "size"))
    if index < 0 or size < 0:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}page_index, {PARAM}page_size: less than 0")
    return found[index * size : (index + 1) * size] if size else found


def _item(place: Place, total: int, messages: list[Message]) -> dict[str, Any]:
    return {
        f"{ITEM}conv_id": place.id, f"{ITEM}conv_type": place.type, f"{ITEM}total_message_count": total,
        f"{ITEM}message_array": messages,
    }  # fmt: skip


def _result(found: list[dict[str, Any]], total: int) -> dict[str, Any]:
    return {f"{RESULT}total_count": total, f"{RESULT}item_array": found, f"{RESULT}search_cursor": ""}
