"""Keeps the conversations of a client's user true, from its login to its end, and tells those who listen.

One task does it all, in order: it reads the list, again after each break, and then follows what the client tells. A
call that asks for conversations first waits until everything told before it was taken in.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.errors import DISCONNECTED, CallFailed, failed
from qunzhu.client.events import ClientEvent, ConversationChanged, State, StateChanged
from qunzhu.core.errors import ErrorRow
from qunzhu.core.notices import Notice
from qunzhu.tim import conversation_events, conversation_info
from qunzhu.tim.conversation_reads import read_all, read_some
from qunzhu.tim.conversations import EVERYTHING, Conversation, Conversations, Key
from qunzhu.tim.enums import TIMConvEvent
from qunzhu.tim.listeners import Listeners

log = logging.getLogger("qunzhu.tim")
encode = msgspec.json.Encoder().encode
LIST, TOTAL, COUNT = "conversations", "unread_total", "unread_count"
FOLDERS = {
    "GroupCreated": "folder_created", "GroupDeleted": "folder_deleted", "GroupRenamed": "folder_renamed",
    "GroupAdded": "folder_added", "GroupRemoved": "folder_removed",
}  # fmt: skip
BY_THE_USER = 0
"""Why conversations left a conversation group: the only reason there is here."""


class ConversationKeeper:
    """The conversations of one client's user."""

    def __init__(self, client: Client, listeners: Listeners) -> None:
        self.client = client
        self.known = Conversations()
        self._listeners = listeners
        self._inbox: asyncio.Queue[ClientEvent | asyncio.Future[None]] = asyncio.Queue()
        self._fault: CallFailed | None = None
        self._loaded = False
        """There is a list; after a break it may be behind until it is read anew."""
        self._behind = True
        self._stale: set[Key] = set()
        self._waiting: set[asyncio.Future[None]] = set()
        self._deaf = client.listen(self._inbox.put_nowait)
        self._task = asyncio.create_task(self._keep())

    def close(self, reason: ErrorRow) -> None:
        """Stop; calls that wait fail with ``reason``."""
        self._deaf()
        self._task.cancel()
        for one in self._waiting:
            if not one.done():
                one.set_exception(failed(reason, "conversations"))

    async def settled(self) -> Conversations:
        """Return the conversations as they are after all that was told up to now.

        Raises ``CallFailed`` where they could not be read.
        """
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        self._inbox.put_nowait(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
        return self.known

    async def did(self, change: Notice) -> None:
        """Take in what a call of this client has changed: the server tells it to the user's other sessions only."""
        self._inbox.put_nowait(ConversationChanged(change))
        with contextlib.suppress(CallFailed):  # what the call was for is done
            await self.settled()

    async def look_again(self, keys: Iterable[Key]) -> None:
        """Read conversations from the server again: a call of this client has changed them."""
        self._stale.update(keys)
        with contextlib.suppress(CallFailed):
            await self.settled()

    async def _keep(self) -> None:
        batch: list[ClientEvent | asyncio.Future[None]] = []
        while True:
            try:
                await self._follow([event for event in batch if isinstance(event, ClientEvent)])
            except Exception:
                log.exception("keeping conversations failed")
            self._answer(waiting for waiting in batch if isinstance(waiting, asyncio.Future))
            batch = [await self._inbox.get()]
            while not self._inbox.empty():
                batch.append(self._inbox.get_nowait())

    async def _follow(self, events: Iterable[ClientEvent]) -> None:
        """Take in events, read from the server what they leave open, and tell what is different now."""
        folders: list[Notice] = []
        for event in events:
            if isinstance(event, StateChanged):
                self._behind |= event.state is State.CONNECTED
                continue
            if self._loaded:
                self._stale.update(conversation_events.take(self.known, self.client.user, event))
            if isinstance(event, ConversationChanged) and event.change["ChangeType"] in FOLDERS:
                folders.append(event.change)
        if self.client.state is State.CONNECTED and (self._behind or self._stale):
            await self._read()
        self._tell_changes()
        for change in folders:
            self._tell_folder(change)

    async def _read(self) -> None:
        """Read the list, or what of it is stale; what fails is tried again with the next event or call."""
        behind, stale, self._stale = self._behind, self._stale, set()
        try:
            if not behind:
                self.known.take(await read_some(self.client, stale), stale)
            else:
                self._listeners.tell(LIST, int(TIMConvEvent.kTIMConvEvent_Start), "")
                self.known.take(await self._read_all())
                self._loaded = True
                self._tell_changes()
                self._listeners.tell(LIST, int(TIMConvEvent.kTIMConvEvent_Finish), "")
        except CallFailed as fault:
            log.info("reading conversations: %s", fault.text)
            self._fault = fault
            self._stale |= stale
            return
        self._behind, self._fault = False, None

    async def _read_all(self) -> list[Conversation]:
        """Read the list. One that is renewed meanwhile may be on no page: those that are missed are asked for."""
        found = await read_all(self.client)
        missed = {one.key for one in self.known} - {one.key for one in found}
        return [*found, *(await read_some(self.client, missed) if missed else ())]

    def _tell_changes(self) -> None:
        changes = self.known.changes()
        for event, some in (
            (TIMConvEvent.kTIMConvEvent_Add, changes.added),
            (TIMConvEvent.kTIMConvEvent_Del, changes.removed),
            (TIMConvEvent.kTIMConvEvent_Update, changes.updated),
        ):
            if some and self._listeners.hears(LIST):
                self._listeners.tell(LIST, int(event), self._text(some))
        for wanted, number in changes.counts:
            if wanted == EVERYTHING:
                self._listeners.tell(TOTAL, number)
            if wanted in self.known.watched:
                self._listeners.tell(COUNT, encode(conversation_info.shown_filter(wanted)).decode(), number)

    def _tell_folder(self, change: Notice) -> None:
        kind, name = change["ChangeType"], change["GroupName"]
        keys = [conversation_events.key_of(item, self.client.user) for item in change.get("ConvList", ())]
        some = self._text([one for key in keys if (one := self.known.get(key)) is not None])
        args: dict[str, list[Any]] = {
            "GroupCreated": [name, some], "GroupDeleted": [name], "GroupRenamed": [change.get("OldGroupName"), name],
            "GroupAdded": [name, some], "GroupRemoved": [name, some, BY_THE_USER],
        }  # fmt: skip
        self._listeners.tell(FOLDERS[kind], *args[kind])

    def _text(self, some: Iterable[Conversation]) -> str:
        return encode(conversation_info.listed(some, self.client.user)).decode()

    def _answer(self, waiting: Iterable["asyncio.Future[None]"]) -> None:
        for one in waiting:
            if one.done():
                continue
            if self._loaded:
                one.set_result(None)
            else:
                one.set_exception(self._fault or failed(DISCONNECTED, "conversations"))
