"""Who listens to an SDK, and telling them in the order in which things happened."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.events import (
    C2CReceived,
    ChangeReceived,
    ClientEvent,
    ConversationChanged,
    Expired,
    Kicked,
    MessageChanged,
    MessageReceived,
    NoticeReceived,
    State,
    StateChanged,
    TipReceived,
)
from qunzhu.client.ledger import LEFT
from qunzhu.core.notices import Notice
from qunzhu.tim import notices
from qunzhu.tim.attribute_cache import AttributeCache
from qunzhu.tim.changes import CHANGES
from qunzhu.tim.enums import TIMNetworkStatus
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.message import from_told
from qunzhu.tim.message_changes import MessageTeller
from qunzhu.tim.params import Callback
from qunzhu.tim.profiles import Profiles
from qunzhu.tim.pulled import Reading

log = logging.getLogger("qunzhu.tim")
_NETWORK = {
    State.CONNECTED: TIMNetworkStatus.kTIMConnected, State.CONNECTING: TIMNetworkStatus.kTIMConnecting,
    State.DISCONNECTED: TIMNetworkStatus.kTIMDisconnected, State.FAILED: TIMNetworkStatus.kTIMConnectFailed,
}  # fmt: skip


class Listeners:
    """One listener of each sort, any number for messages. What one raises is logged and stops nothing."""

    def __init__(self, profiles: Profiles, ended: Callable[[Client], None], messages: dict[str, LocalMessages]) -> None:
        self._profiles = profiles
        self._ended = ended
        self._kept = messages
        self._single: dict[str, tuple[Callback, Any]] = {}
        self._messages: list[tuple[Callback, Any]] = []
        self.attributes = AttributeCache()

    def set(self, what: str, callback: Callback | None, data: Any) -> None:
        """Make a callback the listener of its sort; None clears it."""
        if callback is None:
            self._single.pop(what, None)
        else:
            self._single[what] = (callback, data)

    def hears(self, *whats: str) -> bool:
        """Say whether there is a listener of one of some sorts."""
        return any(what in self._single for what in whats)

    def add(self, callback: Callback | None, data: Any) -> None:
        """Add a listener for messages."""
        if callback is not None:
            self._messages.append((callback, data))

    def remove(self, callback: Callback | None) -> None:
        """Take a listener for messages away, as often as it was added."""
        self._messages = [(one, data) for one, data in self._messages if one != callback]

    def clear(self) -> None:
        """Forget all."""
        self._single.clear()
        self._messages.clear()

    async def tell_all(self, client: Client, events: "asyncio.Queue[ClientEvent]") -> None:
        """Tell what a client reports until this is cancelled."""
        self.attributes.clear()
        while True:
            event = await events.get()
            try:
                await self._tell(client, event)
            except Exception:
                log.exception("telling %s failed", type(event).__name__)

    async def _tell(self, client: Client, event: ClientEvent) -> None:
        match event:
            case TipReceived(tip=tip):
                await self._tell_tip(client, tip)
            case NoticeReceived(notice=notice):
                if notice["ReportType"] in LEFT:
                    self.attributes.forget(notice["GroupId"])
                await self._tell_notice(client, notice)
            case ChangeReceived(change=change):
                heard = "attributes" in self._single
                self._changed(await self.attributes.completed(client, change, heard=heard))
            case StateChanged():
                await self._tell_state(client, event)
            case Kicked():
                log.info("the login has ended: another one, or an administrator, ended it")
                self._ended(client)
                self.tell("kicked")
            case Expired():
                log.info("the login has ended: the UserSig has expired")
                self._ended(client)
                self.tell("expired")
            case _:
                await self._tell_messages(client, event)

    async def _tell_messages(self, client: Client, event: ClientEvent) -> None:
        match event:
            case MessageReceived(message=told) | C2CReceived(message=told):
                self._arrived(client, told)
            case MessageChanged(change=change):
                await self._teller(client).message_changed(change)
            case ConversationChanged(change=change):
                self._teller(client).conversation_changed(change)

    async def _tell_state(self, client: Client, event: StateChanged) -> None:
        if event.state is State.CLOSED:
            self._ended(client)
        elif event.state in _NETWORK:
            log.info("network: %s%s", event.state.value, f" ({event.code} {event.text})" if event.code else "")
            self.tell("network", int(_NETWORK[event.state]), event.code, event.text)
        await self._after_break(client, event.state)

    async def _tell_tip(self, client: Client, tip: Notice) -> None:
        known = await self._profiles.of(client, [tip["Operator_Account"], *tip.get("UserList", [])])
        elem = notices.tips_elem(tip, known)
        self.tell("tips", msgspec.json.encode(elem).decode())
        self._new_message(self._kept_of(client).see(notices.message(elem, tip, client.user)))

    def _kept_of(self, client: Client) -> LocalMessages:
        return self._kept.setdefault(client.user, LocalMessages())

    def _teller(self, client: Client) -> MessageTeller:
        kept = self._kept_of(client)
        return MessageTeller(client.user, kept, Reading(client, self._profiles, kept), self.tell, self.hears)

    def _arrived(self, client: Client, told: Notice) -> None:
        """Tell of a message, but not of one that this SDK has sent and knows to be sent."""
        kept = self._kept_of(client)
        message = from_told(told, client.user)
        if not kept.is_own(message):
            self._new_message(kept.see(message))
        elif kept.was_lost(message):
            self._new_message(kept.sent(message))
        else:
            kept.sent(message)

    async def _tell_notice(self, client: Client, notice: Notice) -> None:
        known = await self._profiles.of(client, [notice["Operator_Account"]])
        elem = notices.report_elem(notice, known)
        self._new_message(notices.message(elem, notice, client.user))
        if notice["ReportType"] == "UserDefine" and notice.get("TopicId"):
            self.tell("topic_custom_data", notice["TopicId"], notice["Content"])

    def _changed(self, change: Notice) -> None:
        for what, args in CHANGES[change["ChangeType"]](change):
            self.tell(what, *args)

    async def _after_break(self, client: Client, state: State) -> None:
        """Find out whose attributes are others after a break: changes are not stored."""
        if state is not State.CONNECTED:
            self.attributes.broken()
            self._kept_of(client).broken()
            return
        for change in await self.attributes.missed(client, heard="attributes" in self._single):
            self._changed(change)

    def tell(self, what: str, *args: Any) -> None:
        """Call the listener of a sort, if there is one."""
        if (listener := self._single.get(what)) is not None:
            _run(listener[0], [*args, listener[1]])

    def _new_message(self, message: dict[str, Any]) -> None:
        if not self._messages:
            return
        text = msgspec.json.encode([message]).decode()
        for callback, data in tuple(self._messages):
            _run(callback, [text, data])


def _run(callback: Callback, args: list[Any]) -> None:
    try:
        callback(args)
    except Exception:
        log.exception("a listener failed")
