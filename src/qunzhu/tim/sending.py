"""Calls that send messages."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.c2c import SendMsg
from qunzhu.commands.messages import GivenMention, SendGroupMsg
from qunzhu.core.elements import Element
from qunzhu.core.limits import UINT32
from qunzhu.core.notices import Notice
from qunzhu.tim import media
from qunzhu.tim.calls import data_of, mapping, result_of
from qunzhu.tim.convert import Json, WrongParameter, items, need, take
from qunzhu.tim.elements import body_to_wire
from qunzhu.tim.enums import TIMErrCode, TIMMsgStatus
from qunzhu.tim.local_messages import LocalMessages, unsent
from qunzhu.tim.message import C2C, Message, Place, from_told, message_id, sent_fields
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_params import object_given, place_given, texts_given
from qunzhu.tim.params import CommonResult
from qunzhu.tim.pulled import Start

log = logging.getLogger("qunzhu.tim")
MOST_RECEIVERS = 500
WINDOW = 60
"""Seconds before and after a try in which a message may have arrived."""
Started = Callable[[str], object]
"""Told the id of a message once it is on its way."""


class Draft(msgspec.Struct, frozen=True):
    """A message that is to be sent, as it was given; ``at`` is unix seconds."""

    place: Place
    given: Json
    user: str
    random: int
    at: int
    again: bool = False
    """It was tried before, and may have arrived."""

    @property
    def id(self) -> str:
        """Return the id that the message has until the server gives it its time."""
        return message_id(self.user, self.at, self.random)

    def shown(self) -> Message:
        """Return the message while it is being sent."""
        values = {
            "conv_type": self.place.type, "conv_id": self.place.id, "sender": self.user, "is_from_self": True,
            "client_time": self.at, "server_time": self.at, "seq": 0, "rand": self.random, "msg_id": self.id,
            "unique_id": self.at << 20 ^ self.random, "status": int(TIMMsgStatus.kTIMMsg_Sending), "is_read": True,
        }  # fmt: skip
        return {**self.given, **{f"message_{key}": value for key, value in values.items()}}


class SendCalls(MessageCalls):
    """Calls that send messages."""

    _uploads: dict[tuple[Place, str], asyncio.Task[list[Element]]]
    """What is being made ready to be sent, and can still be cancelled."""
    _in_the_background: set[asyncio.Task[Any]]

    async def TIMMsgSendMessage(self, param: Mapping[str, Any]) -> CommonResult:
        """Send the ``Message`` ``params`` to the conversation ``conv_id``, ``conv_type``; ``json_param`` is it as sent.

        Files that it names are uploaded first. 10023 says that the group is flooded, 8021 that it was cancelled.
        """
        return await self._do(param, lambda client: self._send(client, mapping(param)))

    async def TIMMsgSendMessageV2(self, param: Mapping[str, Any]) -> str:
        """Send as ``TIMMsgSendMessage`` does, and return the message's id at once: ``callback`` is told the outcome.

        Its list is code, text, the ``Message`` as text, user data. Where sending cannot begin the id is empty.
        """
        begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            try:
                result = await self._do(param, lambda client: self._send(client, mapping(param), begun.set_result))
            finally:
                if not begun.done():
                    begun.set_result("")
            _tell(param, "callback", result)

        work = asyncio.create_task(run())
        self._in_the_background.add(work)
        work.add_done_callback(self._in_the_background.discard)
        return await begun

    async def TIMMsgSendNewMsg(self, param: Mapping[str, Any]) -> CommonResult:
        """Send the ``Message`` ``json_msg_param``: an older form of ``TIMMsgSendMessage``."""
        return await self.TIMMsgSendMessage(param)

    async def TIMMsgSendNewMsgEx(self, param: Mapping[str, Any]) -> CommonResult:
        """Send as ``TIMMsgSendNewMsg`` does; ``msgid_cb`` is told the message's id first, ``res_cb`` the outcome.

        The list of either is code, text, id or ``Message`` as text, user data.
        """

        def started(own_id: str) -> None:
            _tell(param, "msgid_cb", result_of(0, "", own_id, data_of(param)))

        result = await self._do(param, lambda client: self._send(client, mapping(param), started))
        _tell(param, "res_cb", result)
        return result

    async def TIMMsgBatchSend(self, param: Mapping[str, Any]) -> CommonResult:
        """Send one ``Message`` to up to 500 users; ``json_param`` is a list of ``MsgBatchSendResult``.

        6003 says that nobody got it; the list says why.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = object_given(mapping(param), "params", "json_batch_send_param"), "msg_batch_send_param_"
            users = texts_given(given, f"{prefix}identifier_array", most=MOST_RECEIVERS)
            message = object_given(given, f"{prefix}msg")
            ready = {**message, "message_elem_array": await self._with_files(client, message, None)}
            results = [await self._send_one(client, user, ready) for user in users]
            if all(one["msg_batch_send_result_code"] for one in results):
                raise WrongParameter(TIMErrCode.ERR_NO_SUCC_RESULT, "nobody got the message", results)
            return results

        return await self._do(param, work)

    async def TIMMsgCancelSend(self, param: Mapping[str, Any]) -> CommonResult:
        """Stop sending ``message_id`` while its files go up; 8020 where it is not there, or sent already."""

        async def work(client: Client) -> str:
            del client
            given = mapping(param)
            wanted = place_given(given), need(given, "message_id", str)
            if wanted not in self._uploads or not self._uploads[wanted].cancel():
                raise WrongParameter(TIMErrCode.ERR_SDK_INVALID_CANCEL_MESSAGE, f"message_id: {wanted[1][:100]!r}")
            return ""

        return await self._do(param, work)

    async def _send_one(self, client: Client, user: str, message: Json) -> dict[str, Any]:
        """Send one message of a batch, and say what became of it."""
        prefix, given = "msg_batch_send_result_", {"conv_id": user, "conv_type": C2C, "params": message}
        told = {f"{prefix}identifier": user, f"{prefix}code": 0, f"{prefix}desc": ""}
        try:
            return {**told, f"{prefix}msg": await self._send(client, given)}
        except (WrongParameter, CallFailed) as fault:
            return {
                **told,
                f"{prefix}code": int(fault.code),
                f"{prefix}desc": fault.text,
                f"{prefix}msg": dict(message),
            }

    async def _send(self, client: Client, given: Json, started: Started | None = None) -> Message:
        place, message = place_given(given), object_given(given, "params", "json_msg_param")
        fields, kept = sent_fields(message, place), self._kept(client)
        draft = _draft(client, place, message, kept.now(place, client.server_time()))
        if not any(media.has_files(elem) for elem in items(message, "message_elem_array")):
            body_to_wire(message, client.user)
        kept.sends(place, draft.random, draft.id)
        if started is not None:
            started(draft.id)
        if draft.again and (found := await self._sent_before(client, draft)) is not None:
            return kept.sent(found)
        try:
            body = await self._made_ready(client, draft)
            told = await _deliver(client, draft, body, fields)
        except CallFailed:
            # The answer may get lost after the push has come.
            if (arrived := kept.arrived(place, draft.random)) is not None:
                return _with_paths(arrived, message)
            _keep_unsent(kept, draft, cancelled=False)
            raise
        profile = (await self._profiles.of(client, [client.user])).get(client.user, {})
        sent = from_told({**told, **profile}, client.user)
        # The push may have come first, and has more: the sender's name card.
        return kept.sent(_with_paths(kept.at(place, sent["message_msg_id"]) or sent, message))

    async def _sent_before(self, client: Client, draft: Draft) -> Message | None:
        """Return a message that was taken for not sent, where the server has it all the same."""
        start = Start(at=max(draft.at - WINDOW, 1), newer=True)
        try:
            async for message in self._reading(client).walk(draft.place, start):
                if message["message_server_time"] > draft.at + WINDOW:
                    break
                if message["message_is_from_self"] and message["message_rand"] == draft.random:
                    return message
        except CallFailed as fault:
            log.debug("looking for a message that was perhaps sent: %s", fault.text)
        return None

    async def _made_ready(self, client: Client, draft: Draft) -> list[Element]:
        """Upload what a message names, and return its elements; 8021 where it was cancelled meanwhile."""
        work = asyncio.create_task(self._elements(client, draft))
        self._uploads[draft.place, draft.id] = work
        try:
            return await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not work.cancelled() or (task is not None and task.cancelling()):
                work.cancel()
                raise
            _keep_unsent(self._kept(client), draft, cancelled=True)
            raise WrongParameter(TIMErrCode.ERR_SDK_SEND_MESSAGE_FAILED_WITH_CANCEL, draft.id) from None
        finally:
            self._uploads.pop((draft.place, draft.id), None)

    async def _elements(self, client: Client, draft: Draft) -> list[Element]:
        elems = await self._with_files(client, draft.given, draft)
        return await media.with_merged_apart(client, body_to_wire({"message_elem_array": elems}, client.user))

    async def _with_files(self, client: Client, message: Json, draft: Draft | None) -> list[Json]:
        """Return a message's elements with their files uploaded; the listener for progress is told of a draft's."""
        elems: list[Json] = []
        for index, elem in enumerate(items(message, "message_elem_array")):
            elems.append(await media.with_files(client, elem, self._progress(draft, index)))
        return elems

    def _progress(self, draft: Draft | None, index: int) -> Callable[[int, int], None]:
        def told(current: int, total: int) -> None:
            if draft is not None:
                text = msgspec.json.encode(draft.shown()).decode()
                self._listeners.tell("upload_progress", text, index, current, total)

        return told


def _draft(client: Client, place: Place, given: Json, now: int) -> Draft:
    """Return a message to send: one that failed before keeps its random number and time, and so its id."""
    tried = take(given, "message_status", int) == TIMMsgStatus.kTIMMsg_SendFail
    random, at = (take(given, f"message_{key}", int, 0) for key in ("rand", "client_time"))
    if tried and 0 < random <= UINT32 and 0 < at <= UINT32:
        return Draft(place, given, client.user, random, at, again=True)
    return Draft(place, given, client.user, 1 + secrets.randbelow(UINT32), now)


async def _deliver(client: Client, draft: Draft, body: list[Element], fields: dict[str, Any]) -> Notice:
    """Send a message, and return it as the server tells of it."""
    wire = {name: value for name, value in fields.items() if value is not None}
    told: Notice = {
        "From_Account": draft.user, "MsgRandom": draft.random, **wire,
        "MsgBody": [msgspec.structs.asdict(element) for element in body],
    }  # fmt: skip
    if draft.place.type == C2C:
        sent = await client.call(SendMsg(To_Account=draft.place.id, MsgRandom=draft.random, MsgBody=body, **wire))
        seq = int(sent.MsgKey.partition("_")[0])
        return {**told, "To_Account": draft.place.id, "MsgTime": sent.MsgTime, "MsgKey": sent.MsgKey, "MsgSeq": seq}
    mentions = [GivenMention(**mention) for mention in wire.pop("GroupAtInfo", [])] or None
    reply = await client.call(
        SendGroupMsg(**draft.place.group, Random=draft.random, MsgBody=body, GroupAtInfo=mentions, **wire)
    )
    if reply.MsgDropReason:
        raise CallFailed(TIMErrCode.ERR_SVR_GROUP_SEND_MSG_FREQ_LIMIT, f"{draft.place.id!r}: {reply.MsgDropReason}")
    return {**told, **draft.place.group, "MsgTime": reply.MsgTime, "MsgSeq": reply.MsgSeq}


def _with_paths(sent: Message, given: Json) -> Message:
    """Return a message as sent with what only the sender's machine knows: the paths of its files.

    It may have been taken back meanwhile, and have no elements any more.
    """
    elems = [
        {**elem, **{key: value for key, value in own.items() if key.endswith("_path") and key in elem}}
        for elem, own in zip(sent["message_elem_array"], items(given, "message_elem_array"), strict=False)
    ]
    return {**sent, "message_elem_array": elems}


def _keep_unsent(kept: LocalMessages, draft: Draft, *, cancelled: bool) -> None:
    """Keep a message that was not sent among the local ones, as long as there is room."""
    try:
        kept.add(unsent(draft.shown(), cancelled=cancelled))
    except WrongParameter as fault:
        log.warning("a message that was not sent is not kept: %s", fault.text)


def _tell(param: Any, key: str, result: CommonResult) -> None:
    """Call a callback of a call's own with the arguments of the C interface."""
    callback = param.get(key) if isinstance(param, Mapping) else None
    if not callable(callback):
        return
    value = result["json_param"]
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    try:
        callback([result["code"], result["desc"], text, result["user_data"]])
    except Exception:
        log.exception("a callback failed")
