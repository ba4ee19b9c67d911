"""Reading messages from the server: some by their places, and walking a conversation page by page."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.commands.c2c_history import PullC2CMessages
from qunzhu.commands.history import PullGroupMessages
from qunzhu.commands.reactions import GetMessageReactions
from qunzhu.core.limits import UINT32
from qunzhu.core.notices import Notice
from qunzhu.tim import notices
from qunzhu.tim.convert import Json
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.message import C2C, Message, Place, from_told
from qunzhu.tim.message_params import Ref
from qunzhu.tim.profiles import Profiles

AT_ONCE = 100


class Start(msgspec.Struct, frozen=True):
    """Where a walk begins, and which way it goes.

    It begins beside a message (which is not part of it), at a seq or time (which is), or at an end.
    """

    beside: Ref | None = None
    seq: int | None = None
    at: int | None = None
    newer: bool = False


def reactions_of(refs: Sequence[Ref]) -> dict[str, Any]:
    """Return the fields that name messages of one conversation whose reactions are wanted."""
    place = refs[0].place
    if place.type == C2C:
        return {"Peer_Account": place.id, "MsgKeyList": [ref.key for ref in refs]}
    return {**place.group, "MsgSeqList": [ref.seq for ref in refs]}


class Reading:
    """Reads messages of one client's user, and keeps what it has read."""

    def __init__(self, client: Client, profiles: Profiles, kept: LocalMessages) -> None:
        self._client, self._profiles, self._kept = client, profiles, kept

    async def profiles(self, users: Iterable[str]) -> dict[str, Json]:
        """Return nicknames and avatars by user."""
        return await self._profiles.of(self._client, users)

    async def shown(self, items: Sequence[Notice]) -> list[Message]:
        """Return messages and tips of the wire as ``Message``, and keep them."""
        tips = [item for item in items if "TipType" in item]
        named = [user for tip in tips for user in (tip["Operator_Account"], *tip.get("UserList", []))]
        known = await self._profiles.of(self._client, named) if tips else {}
        return [self._kept.see(self._message(item, known)) for item in items]

    def _message(self, item: Notice, known: dict[str, Any]) -> Message:
        if "TipType" in item:
            return notices.message(notices.tips_elem(item, known), item, self._client.user)
        return from_told(item, self._client.user)

    async def at(self, place: Place, refs: Sequence[Ref]) -> list[Message]:
        """Return those of some messages of a conversation that are there, in the order given."""
        found: list[Message] = []
        for start in range(0, len(refs), AT_ONCE):
            some = refs[start : start + AT_ONCE]
            if place.type == C2C:
                reply = await self._client.call(
                    PullC2CMessages(Peer_Account=place.id, MsgKeys=[ref.key for ref in some])
                )
                found += await self.shown(reply.Items)
            else:
                page = await self._client.call(PullGroupMessages(**place.group, Seqs=[ref.seq for ref in some]))
                found += await self.shown(page.Items)
        return found

    async def one(self, place: Place, ref: Ref) -> Message | None:
        """Return a message, from what is kept or from the server; None where it is not there."""
        kept = self._kept.at(place, ref.id) if place.type == C2C else self._kept.by_seq(place, ref.seq)
        if kept is not None:
            return kept
        return next(iter(await self.at(place, [ref])), None)

    async def own_reactions(self, ref: Ref) -> set[str]:
        """Return the reactions that the user has given a message."""
        wanted = GetMessageReactions(**reactions_of([ref]), MaxUserCountPerReaction=0)
        [item] = (await self._client.call(wanted)).MessageList
        return {one.ReactionId for one in item.ReactionList if one.ReactedByMyself}

    async def walk(self, place: Place, start: Start, page: int = AT_ONCE) -> AsyncIterator[Message]:
        """Give the messages of a conversation from a place on, reading ``page`` of them at a time."""
        steps = self._peer_pages if place.type == C2C else self._group_pages
        async for items in steps(place, start, page):
            for message in await self.shown(items):
                yield message

    async def _group_pages(self, place: Place, start: Start, page: int) -> AsyncIterator[list[Notice]]:
        seq, at = start.seq, start.at
        if start.beside is not None:
            seq = start.beside.seq + (1 if start.newer else -1)
        while seq is None or 0 < seq <= UINT32:
            where = {"Seq": seq} if seq is not None else {"Time": at}
            reply = await self._client.call(
                PullGroupMessages(**place.group, **where, Limit=page, Newer=int(start.newer))
            )
            yield reply.Items
            seq, at = reply.NextSeq, None

    async def _peer_pages(self, place: Place, start: Start, page: int) -> AsyncIterator[list[Notice]]:
        key, at = start.beside.key if start.beside else None, start.at
        finished = False
        while not finished:
            reply = await self._client.call(
                PullC2CMessages(Peer_Account=place.id, MsgKey=key, Time=at, Limit=page, Newer=int(start.newer))
            )
            yield reply.Items
            finished = bool(reply.IsFinished) or not reply.Items
            key, at = reply.Items[-1]["MsgKey"] if reply.Items else None, None
