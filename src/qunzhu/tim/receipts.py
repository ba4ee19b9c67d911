"""Calls about what was read: one's own reading, and read receipts."""

from collections.abc import Mapping, Sequence
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.c2c_reading import AdminSetMsgRead, C2CMsgReadReceipt, ReadMessage
from qunzhu.commands.receipts import (
    GetGroupMsgReceipt,
    GetGroupMsgReceiptDetail,
    GivenSeq,
    GroupMsgReceipt,
    ReadGroupMessages,
)
from qunzhu.tim import convert
from qunzhu.tim.calls import mapping
from qunzhu.tim.convert import Json, WrongParameter, take
from qunzhu.tim.enums import TIMErrCode, TIMResult
from qunzhu.tim.message import C2C, GROUP, Message, Place
from qunzhu.tim.message_changes import receipt
from qunzhu.tim.message_params import Ref, decoded, object_given, objects_given, place_given
from qunzhu.tim.params import CommonResult
from qunzhu.tim.reading_all import ReadAllCalls

MOST_RECEIPTS = 30
MEMBERS_A_PAGE = 200


class ReceiptCalls(ReadAllCalls):
    """Calls about what was read: one's own reading, and read receipts."""

    async def TIMMsgReportReaded(self, param: Mapping[str, Any]) -> CommonResult:
        """Count a conversation as read: up to the ``Message`` ``json_msg_param``, or all of it."""

        async def work(client: Client) -> str:
            given = mapping(param)
            place = place_given(given)
            upto = self._ref(client, object_given(given, "json_msg_param"), place) if _has_message(given) else None
            await self._read_up_to(client, place, upto)
            return ""

        return await self._do(param, work)

    async def _read_up_to(self, client: Client, place: Place, upto: Ref | None) -> None:
        kept = self._kept(client)
        if place.type == C2C:
            at = None if upto is None else upto.at
            await client.call(AdminSetMsgRead(Report_Account=client.user, Peer_Account=place.id, MsgReadTime=at))
            kept.read_up_to(place, kept.now(place, client.server_time()) if at is None else at)
        else:
            seq = None if upto is None else upto.seq
            reply = await client.call(ReadGroupMessages(**place.group, MsgSeq=seq))
            kept.read_up_to(place, reply.MsgSeq)

    async def TIMMsgMarkAllMessageAsRead(self, param: Any = "") -> CommonResult:
        """Count all conversations as read, but for topics."""

        async def work(client: Client) -> str:
            await self._read_everything(client)
            return ""

        return await self._do(param, work)

    async def TIMMsgSendMessageReadReceipts(self, param: Mapping[str, Any]) -> CommonResult:
        """Tell the senders of up to 30 messages of one conversation, who asked for it, that they were read."""

        async def work(client: Client) -> str:
            refs = self._refs(client, mapping(param))
            place, kept = refs[0].place, self._kept(client)
            if place.type == C2C:
                infos = [ReadMessage(MsgKey=ref.key) for ref in refs]
                await client.call(
                    C2CMsgReadReceipt(Operator_Account=client.user, Peer_Account=place.id, C2CMsgInfo=infos)
                )
            else:
                seqs = [GivenSeq(MsgSeq=ref.seq) for ref in refs]
                await client.call(GroupMsgReceipt(GroupId=_group(place), MsgSeqList=seqs))
            for message in await self._all(client, refs):
                kept.gave_receipt(message)
            return ""

        return await self._do(param, work)

    async def TIMMsgGetMessageReadReceipts(self, param: Mapping[str, Any]) -> CommonResult:
        """Read who many have read up to 30 messages of one conversation; a list of ``MessageReceipt``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            refs = self._refs(client, mapping(param))
            place = refs[0].place
            if place.type == C2C:
                found = await self._reading(client).at(place, refs)
                return [_of_peer(place, message) for message in found]
            seqs = [GivenSeq(MsgSeq=ref.seq) for ref in refs]
            reply = await client.call(GetGroupMsgReceipt(GroupId=_group(place), MsgSeqList=seqs))
            counts = {item.MsgSeq: item for item in reply.GroupMsgReceiptList if not item.Code}
            return [
                receipt(
                    place, message["message_msg_id"], read_count=counts[message["message_seq"]].ReadNum,
                    unread_count=counts[message["message_seq"]].UnreadNum,
                )
                for message in await self._all(client, refs)
                if message["message_seq"] in counts
            ]  # fmt: skip

        return await self._do(param, work)

    async def TIMMsgGetGroupMessageReadMemberList(self, param: Mapping[str, Any]) -> CommonResult:
        """List who has read ``json_msg`` (``filter`` 0), or who has not (1), ``count`` of them from ``next_seq`` on.

        ``json_param`` has ``next_seq`` (0 at the end), ``is_finished`` and, as its own ``json_param``, the list of
        ``GroupMemberInfo``.
        """

        async def work(client: Client) -> dict[str, Any]:
            given = mapping(param)
            ref = self._ref(client, object_given(given, "json_msg"))
            page = await client.call(
                GetGroupMsgReceiptDetail(
                    GroupId=_group(ref.place), MsgSeq=ref.seq, Filter=_filter(given), Count=_count(given),
                    Cursor=self._cursor(take(given, "next_seq", int, 0)),
                )
            )  # fmt: skip
            users = [one.Read_Account for one in page.ReadList or ()]
            users += [one.Unread_Account for one in page.UnreadList or ()]
            known = await self._profiles.of(client, users)
            return {
                "next_seq": self._number(page.Cursor), "is_finished": bool(page.IsFinished),
                "json_param": [
                    convert.member(ref.place.id, {"Member_Account": user}, known.get(user, {})) for user in users
                ],
            }  # fmt: skip

        return await self._do(param, work)

    def _refs(self, client: Client, given: Json) -> list[Ref]:
        """Return which messages of one conversation are given (6017 where they are of several)."""
        refs = [
            self._ref(client, item) for item in objects_given(given, "json_msg_array", "params", most=MOST_RECEIPTS)
        ]
        if len({ref.place for ref in refs}) > 1:
            raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, "json_msg_array: of several conversations")
        return refs

    async def _all(self, client: Client, refs: Sequence[Ref]) -> list[Message]:
        """Return messages, from what is kept or from the server, in the order given; those that are not there not."""
        found = [await self._reading(client).one(ref.place, ref) for ref in refs]
        return [message for message in found if message is not None]


def _has_message(given: Json) -> bool:
    return bool(decoded(given, "json_msg_param"))


def _group(place: Place) -> str:
    """Return the id of a group; only groups have receipts by member, topics have none (6017)."""
    if place.type != GROUP or "TopicId" in place.group:
        raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, f"{place.id!r} is no group with read receipts")
    return place.id


def _of_peer(place: Place, message: Message) -> dict[str, Any]:
    read = bool(message["message_receipt_peer_read"])
    return receipt(place, message["message_msg_id"], is_peer_read=read)


def _filter(given: Json) -> int:
    value: int = take(given, "filter", int, 0)
    if value not in {0, 1}:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"filter: {value} is not one of 0, 1")
    return value


def _count(given: Json) -> int:
    value: int = take(given, "count", int, 100)
    if not 1 <= value <= MEMBERS_A_PAGE:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"count: {value}, 1 to {MEMBERS_A_PAGE} are allowed")
    return value
