"""Calls that take messages back, change or delete them, and those that write local ones."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.c2c_changes import AdminMsgWithdraw, DeleteC2CMsgRamble, ModifyC2CMsg
from qunzhu.commands.message_changes import GroupMsgRecall, HideGroupMessages, ModifyGroupMsg
from qunzhu.commands.receipts import GivenSeq
from qunzhu.core.errors import ERRORS
from qunzhu.core.limits import UINT32
from qunzhu.tim.calls import mapping
from qunzhu.tim.convert import Json, WrongParameter, take
from qunzhu.tim.elements import body_to_wire
from qunzhu.tim.enums import TIMErrCode, TIMMsgStatus, TIMResult
from qunzhu.tim.message import C2C, Message, Place, from_told
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_params import Ref, known, object_given, objects_given, place_given, ref_of
from qunzhu.tim.params import CommonResult
from qunzhu.tim.pulled import Start

MOST_DELETED = 50
KEYS_AT_ONCE = 30
MOST_IMPORTED = 1000
MODIFIED_MEANWHILE = 20027
"""What the server says where somebody else was faster."""


class EditCalls(MessageCalls):
    """Calls that take messages back, change or delete them, and those that write local ones."""

    async def TIMMsgRevoke(self, param: Mapping[str, Any]) -> CommonResult:
        """Take a sent message back; one's own while it is young, others' where the group gives the right."""

        async def work(client: Client) -> str:
            given = mapping(param)
            message = object_given(given, "json_msg_param", "params")
            ref = self._ref(client, message, place_given(given))
            if ref.place.type == C2C:
                await client.call(AdminMsgWithdraw(**ref.parties(client.user), MsgKey=ref.key))
                return ""
            reply = await client.call(GroupMsgRecall(**ref.place.group, MsgSeqList=[GivenSeq(MsgSeq=ref.seq)]))
            if code := reply.RecallRetList[0].RetCode:
                raise CallFailed(code, f"{ERRORS[code].text}: seq {ref.seq} in {ref.place.id!r}")
            return ""

        return await self._do(param, work)

    async def TIMMsgModifyMessage(self, param: Mapping[str, Any]) -> CommonResult:
        """Replace elements and custom data of a sent message; ``json_param`` is it as it is then.

        8006 says that somebody else was faster: ``json_param`` is then the message as it is now.
        """

        async def work(client: Client) -> Message:
            given = object_given(mapping(param), "params", "json_msg_param")
            ref = self._ref(client, given)
            try:
                await self._modify(client, ref, given)
            except CallFailed as fault:
                if fault.code != MODIFIED_MEANWHILE:
                    raise
                newest = await self._message(client, ref)
                raise WrongParameter(TIMErrCode.ERR_SDK_MSG_MODIFY_CONFLICT, fault.text, newest) from None
            return await self._message(client, ref)

        return await self._do(param, work)

    async def _modify(self, client: Client, ref: Ref, given: Json) -> None:
        body, cloud = body_to_wire(given, client.user), take(given, "message_cloud_custom_str", str)
        version = take(given, "message_version", int)
        if ref.place.type == C2C:
            parties = ref.parties(client.user)
            request = ModifyC2CMsg(**parties, MsgKey=ref.key, MsgBody=body, CloudCustomData=cloud, Version=version)
            await client.call(request)
        else:
            await client.call(
                ModifyGroupMsg(**ref.place.group, MsgSeq=ref.seq, MsgBody=body, CloudCustomData=cloud, Version=version)
            )

    async def TIMMsgDelete(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete a message for the user: here only, or (``msg_delete_param_is_ramble``) on the server too."""

        async def work(client: Client) -> str:
            given, prefix = mapping(param), "msg_delete_param_"
            place, asked = place_given(given), object_given(mapping(param), "params", "json_msgdel_param")
            message = object_given(asked, f"{prefix}msg")
            if take(asked, f"{prefix}is_ramble", bool, default=False):
                await self._delete(client, place, [message])
            else:
                self._kept(client).hide(await self._shown(client, place, message))
            return ""

        return await self._do(param, work)

    async def TIMMsgListDelete(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete up to 50 messages of a conversation for the user, here and on the server."""

        async def work(client: Client) -> str:
            given = mapping(param)
            messages = objects_given(given, "params", "json_msg_array", most=MOST_DELETED)
            await self._delete(client, place_given(given), messages)
            return ""

        return await self._do(param, work)

    async def TIMMsgClearHistoryMessage(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete all messages of a conversation for the user, here and on the server; the conversation stays."""

        async def work(client: Client) -> str:
            place = place_given(mapping(param))
            if place.type == C2C:
                await self._delete_all(client, place)
            else:
                await client.call(HideGroupMessages(**place.group, Upto=UINT32))
            self._kept(client).clear(place)
            return ""

        return await self._do(param, work)

    async def _delete_all(self, client: Client, place: Place) -> None:
        """Delete all messages with a user, the newest first."""
        found = [ref_of(message) async for message in self._reading(client).walk(place, Start())]
        for start in range(0, len(found), KEYS_AT_ONCE):
            await _delete_keys(client, place, found[start : start + KEYS_AT_ONCE])

    async def _shown(self, client: Client, place: Place, given: Json) -> Message:
        """Return a message that is given, as it is kept, or as the server has it."""
        message = known(given, self._kept(client), place)
        return await self._message(client, self._ref(client, given, place)) if message is None else message

    async def _delete(self, client: Client, place: Place, given: Sequence[Json]) -> None:
        """Delete messages: local ones here, others where the server has them."""
        kept = self._kept(client)
        local = [one for item in given if (one := known(item, kept, place)) is not None and kept.is_local(one)]
        refs = [self._ref(client, item, place) for item in given if known(item, kept, place) not in local]
        if place.type == C2C:
            for start in range(0, len(refs), KEYS_AT_ONCE):
                await _delete_keys(client, place, refs[start : start + KEYS_AT_ONCE])
        elif refs:
            await client.call(HideGroupMessages(**place.group, MsgSeqList=[ref.seq for ref in refs]))
        gone = [kept.by_seq(place, ref.seq) if place.type != C2C else kept.at(place, ref.id) for ref in refs]
        kept.drop([*local, *(message for message in gone if message is not None)])

    async def TIMMsgSaveMsg(self, param: Mapping[str, Any]) -> CommonResult:
        """Put a message of the app's own making into the conversation here only; ``json_param`` is it as kept."""

        async def work(client: Client) -> Message:
            given = mapping(param)
            return self._local(client, place_given(given), object_given(given, "params", "json_msg_param"))

        return await self._do(param, work)

    async def TIMMsgImportMsgList(self, param: Mapping[str, Any]) -> CommonResult:
        """Put up to 1000 messages from elsewhere into the conversation here only, at the times they have."""

        async def work(client: Client) -> str:
            given = mapping(param)
            place = place_given(given)
            for message in objects_given(given, "params", "json_msg_array", most=MOST_IMPORTED):
                self._local(client, place, message)
            return ""

        return await self._do(param, work)

    async def TIMMsgSetLocalCustomData(self, param: Mapping[str, Any]) -> CommonResult:
        """Keep ``message_custom_int`` and ``message_custom_str`` of a message, here only."""

        async def work(client: Client) -> str:
            given = object_given(mapping(param), "json_msg_param", "params")
            number, text = take(given, "message_custom_int", int, 0), take(given, "message_custom_str", str, "")
            kept, message = self._kept(client), known(given, self._kept(client))
            if message is None:
                message = await self._message(client, self._ref(client, given))
            kept.set_custom(message, number, text)
            return ""

        return await self._do(param, work)

    def _local(self, client: Client, place: Place, given: Json) -> Message:
        """Keep a message that is given as a local one."""
        kept = self._kept(client)
        return kept.add(_imported(client, place, given, kept.now(place, client.server_time())))


async def _delete_keys(client: Client, place: Place, refs: Sequence[Ref]) -> None:
    keys = [ref.key for ref in refs]
    await client.call(DeleteC2CMsgRamble(Operator_Account=client.user, Peer_Account=place.id, MsgKeyList=keys))


def _imported(client: Client, place: Place, given: Json, now: int) -> Message:
    """Return a message that is given as a local one: at its own time, else now, and of the sender it names."""
    at = take(given, "message_server_time", int, 0) or take(given, "message_client_time", int, 0) or now
    random = take(given, "message_rand", int, 0) or 1 + secrets.randbelow(UINT32)
    if not 0 <= at <= UINT32 or not 0 <= random <= UINT32:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, "message_server_time, message_rand: 32 bits")
    sender = take(given, "message_sender", str) or client.user
    told = {
        "From_Account": sender, "MsgTime": at, "MsgRandom": random, "MsgSeq": 0,
        "MsgBody": [msgspec.structs.asdict(element) for element in body_to_wire(given, client.user)],
        "CloudCustomData": take(given, "message_cloud_custom_str", str, ""),
        **({"To_Account": place.id, "MsgKey": ""} if place.type == C2C else place.group),
    }  # fmt: skip
    shown = {**from_told(told, client.user), "message_conv_id": place.id}
    return {**shown, "message_status": int(TIMMsgStatus.kTIMMsg_LocalImported), "message_is_read": True}
