"""Counting everything as read, as a call about messages and as one about conversations."""

from qunzhu.client import Client
from qunzhu.commands.conversations import ReadAllConversations
from qunzhu.tim import conversation_info as info
from qunzhu.tim.conversation_keeping import KeepingCalls
from qunzhu.tim.conversations import C2C
from qunzhu.tim.message_calls import MessageCalls


class ReadAllCalls(KeepingCalls, MessageCalls):
    """What both calls share."""

    async def _read_everything(self, client: Client) -> None:
        """Count all conversations as read, but for topics; the server tells it to the user's other sessions only."""
        while not (await client.call(ReadAllConversations())).IsFinished:
            pass
        self._kept(client).read_all(client.server_time())
        kept = await self._conversations(client)
        listed = [{**info.item(one.key), info.PLACE[one.key.sort]: one.newest} for one in kept]
        new = [one.key for one in kept if one.key.sort == C2C and one.read < one.newest]
        await self._keeping(client).did({"ChangeType": "Read", "ConvList": listed})
        await self._keeping(client).look_again(new)  # the time of what was read is the server's to say
