"""Reading conversations from the server, as the SDK's records."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import UNSET

from qunzhu.client import Client
from qunzhu.commands import conversations as server
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.tim.conversations import C2C, GROUP, Conversation, Key, Mention

PAGE = 100


async def read_all(client: Client) -> list[Conversation]:
    """Read the whole list of a client's user."""
    found: list[Conversation] = []
    place: str | None = None
    while place != "":
        page = await client.call(server.GetConversations(Next=place))
        found += map(record, page.ConvList)
        place = page.Next
    return found


async def read_some(client: Client, keys: Collection[Key]) -> list[Conversation]:
    """Read conversations by their keys, whether they are on the list or not; those that are none are left out."""
    found: list[Conversation] = []
    wanted = [named(key) for key in keys]
    for start in range(0, len(wanted), PAGE):
        page = await client.call(server.GetConversations(ConvList=wanted[start : start + PAGE]))
        found += map(record, page.ConvList)
    return found


def named(key: Key) -> server.GivenConversation:
    """Return a conversation as requests name it."""
    if key.sort == C2C:
        return server.GivenConversation(Type=C2C, To_Account=key.peer)
    return server.GivenConversation(Type=GROUP, GroupId=key.peer)


def record(item: server.Conversation) -> Conversation:
    """Return a conversation of the server as the SDK keeps it."""
    of = _of_user(item) if item.Type == C2C else _of_group(item)
    return Conversation(
        name=item.ShowName, face_url=item.FaceUrl, unread=item.UnreadMsgNum, at=item.MsgTime,
        last=None if item.LastMessage is UNSET else msgspec.json.decode(item.LastMessage),
        flag=MSG_FLAGS.index(item.MsgFlag), pinned=item.Pinned, listed=item.Listed, marks=item.Marks,
        custom=item.CustomData, folders=tuple(sorted(item.ContactGroupName)),
        mentions=tuple(Mention(mention.MsgSeq, mention.AtType) for mention in item.GroupAtInfo), **of,
    )  # fmt: skip


def _of_user(item: server.Conversation) -> dict[str, Any]:
    return {
        "key": Key(C2C, _set(item.To_Account, "")), "newest": _set(item.NewestNum, 0), "read": _set(item.ReadNum, 0),
        "read_at": _set(item.ReadTime, 0),
    }  # fmt: skip


def _of_group(item: server.Conversation) -> dict[str, Any]:
    return {
        "key": Key(GROUP, _set(item.TopicId, "") or _set(item.GroupId, "")), "kind": _set(item.GroupType, ""),
        "newest": _set(item.NewestSeq, 0), "read": _set(item.ReadSeq, 0),
    }  # fmt: skip


def _set(value: Any, otherwise: Any) -> Any:
    return otherwise if value is UNSET else value
