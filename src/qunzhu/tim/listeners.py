"""Who listens to an SDK, and telling them in the order in which things happened."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.client.events import (
    ChangeReceived,
    ClientEvent,
    Expired,
    Kicked,
    NoticeReceived,
    State,
    StateChanged,
    TipReceived,
)
from qunzhu.client.ledger import LEFT
from qunzhu.commands.sessions import GetUserProfiles
from qunzhu.core.notices import Notice
from qunzhu.tim import notices
from qunzhu.tim.attribute_cache import AttributeCache
from qunzhu.tim.changes import CHANGES
from qunzhu.tim.convert import Json
from qunzhu.tim.enums import TIMNetworkStatus
from qunzhu.tim.params import Callback

log = logging.getLogger("qunzhu.tim")
PROFILES_KEPT = 10000
PROFILE_SECONDS = 600.0
"""How long a nickname or avatar may be out of date."""
_NETWORK = {
    State.CONNECTED: TIMNetworkStatus.kTIMConnected, State.CONNECTING: TIMNetworkStatus.kTIMConnecting,
    State.DISCONNECTED: TIMNetworkStatus.kTIMDisconnected, State.FAILED: TIMNetworkStatus.kTIMConnectFailed,
}  # fmt: skip


class Profiles:
    """Nicknames and avatars, read where they are first needed and remembered for a while."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Json]] = {}

    async def of(self, client: Client, users: Iterable[str]) -> dict[str, Json]:
        """Return profiles by user. Without a connection, what is known: things are told all the same."""
        wanted, now = [user for user in dict.fromkeys(users) if user], time.monotonic()
        unknown = [user for user in wanted if self._known.get(user, (0.0,))[0] < now]
        if len(self._known) + len(unknown) > PROFILES_KEPT:
            self._known.clear()
            unknown = wanted
        try:
            for start in range(0, len(unknown), 100):
                reply = await client.call(GetUserProfiles(To_Account=unknown[start : start + 100]))
                self._known |= {item["UserID"]: (now + PROFILE_SECONDS, item) for item in reply.UserList}
        except CallFailed as fault:
            log.debug("profiles: %s", fault.text)
        return {user: self._known[user][1] for user in wanted if user in self._known}


class Listeners:
    """One listener of each sort, any number for messages. What one raises is logged and stops nothing."""

    def __init__(self, profiles: Profiles, ended: Callable[[Client], None]) -> None:
        self._profiles = profiles
        self._ended = ended
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

    def tell(self, what: str, *args: Any) -> None:
        """Call the listener of a sort, if there is one."""
        self._call(what, *args)

    def add(self, callback: Callback | None, data: Any) -> None:
        """Add a listener for messages."""
        if callback is not None:
            self._messages.append((callback, data))

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
                known = await self._profiles.of(client, [tip["Operator_Account"], *tip.get("UserList", [])])
                elem = notices.tips_elem(tip, known)
                self._call("tips", msgspec.json.encode(elem).decode())
                self._new_message(notices.message(elem, tip, client.user))
            case NoticeReceived(notice=notice):
                if notice["ReportType"] in LEFT:
                    self.attributes.forget(notice["GroupId"])
                await self._tell_notice(client, notice)
            case ChangeReceived(change=change):
                heard = "attributes" in self._single
                self._changed(await self.attributes.completed(client, change, heard=heard))
            case StateChanged(state=state, code=code, text=text):
                if state is State.CLOSED:
                    self._ended(client)
                elif state in _NETWORK:
                    self._call("network", int(_NETWORK[state]), code, text)
                await self._after_break(client, state)
            case Kicked():
                self._ended(client)
                self._call("kicked")
            case Expired():
                self._ended(client)
                self._call("expired")

    async def _tell_notice(self, client: Client, notice: Notice) -> None:
        known = await self._profiles.of(client, [notice["Operator_Account"]])
        elem = notices.report_elem(notice, known)
        self._new_message(notices.message(elem, notice, client.user))
        if notice["ReportType"] == "UserDefine" and notice.get("TopicId"):
            self._call("topic_custom_data", notice["TopicId"], notice["Content"])

    def _changed(self, change: Notice) -> None:
        for what, args in CHANGES[change["ChangeType"]](change):
            self._call(what, *args)

    async def _after_break(self, client: Client, state: State) -> None:
        """Find out whose attributes are others after a break: changes are not stored."""
        if state is not State.CONNECTED:
            self.attributes.broken()
            return
        for change in await self.attributes.missed(client, heard="attributes" in self._single):
            self._changed(change)

    def _call(self, what: str, *args: Any) -> None:
        if (listener := self._single.get(what)) is not None:
            _run(listener[0], [*args, listener[1]])

    def _new_message(self, message: dict[str, Any]) -> None:
        text = msgspec.json.encode([message]).decode()
        for callback, data in tuple(self._messages):
            _run(callback, [text, data])


def _run(callback: Callback, args: list[Any]) -> None:
    try:
        callback(args)
    except Exception:
        log.exception("a listener failed")
