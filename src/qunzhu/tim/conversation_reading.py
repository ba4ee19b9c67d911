"""Calls that mark conversations as read."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.c2c_reading import AdminSetMsgRead
from qunzhu.commands.receipts import ReadGroupMessages
from qunzhu.core.ids import TOPIC_MARK, group_of_topic
from qunzhu.tim import conversation_info as info
from qunzhu.tim.calls import mapping
from qunzhu.tim.conversations import C2C, GROUP, Filter, Key
from qunzhu.tim.convert import take
from qunzhu.tim.params import CommonResult
from qunzhu.tim.reading_all import ReadAllCalls

_ALL_OF = {"c2c": C2C, "group": GROUP}


class ConversationReadingCalls(ReadAllCalls):
    """Calls that mark conversations as read."""

    async def TIMConvCleanConversationUnreadMessageCount(self, param: Mapping[str, Any]) -> CommonResult:
        """Mark ``conversation_id`` as read, with a user up to ``clean_timestamp``, in a group to ``clean_sequence``.

        0 is all of it. ``c2c`` and ``group`` stand for all with users and all of groups, an empty id for both.
        """

        async def work(client: Client) -> str:
            given = mapping(param)
            name = take(given, "conversation_id", str, "")
            at, seq = (take(given, f"clean_{key}", int, 0) for key in ("timestamp", "sequence"))
            if not name:
                await self._read_everything(client)
            elif name in _ALL_OF:
                waiting = (await self._conversations(client)).page(Filter(sort=_ALL_OF[name], unread=True))
                for one in waiting:
                    await self._read_one(client, one.key, 0, 0)
            else:
                await self._read_one(client, info.key_of(name), at, seq)
            return ""

        return await self._do(param, work)

    async def _read_one(self, client: Client, key: Key, at: int, seq: int) -> None:
        """Mark one conversation as read. What is left the server says again: something new may have come meanwhile."""
        if key.sort == C2C:
            await client.call(
                AdminSetMsgRead(Report_Account=client.user, Peer_Account=key.peer, MsgReadTime=at or None)
            )
        elif TOPIC_MARK in key.peer:
            await client.call(ReadGroupMessages(GroupId=group_of_topic(key.peer), TopicId=key.peer, MsgSeq=seq or None))
        else:
            await client.call(ReadGroupMessages(GroupId=key.peer, MsgSeq=seq or None))
        await self._keeping(client).look_again([key])
