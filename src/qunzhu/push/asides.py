"""Has an app's server told what happens outside commands: sessions, live rooms, refusals, calls over a limit."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import structlog

from qunzhu.commands._alerts import tell_over_limit
from qunzhu.commands._callbacks import StateChanged, report_all, report_refusal, tells, tells_refusal
from qunzhu.core.errors import Refused, RefusedByApp
from qunzhu.core.events import Event, MembersLeft, RequestsOverLimit
from qunzhu.core.ports import HUB, App, Who
from qunzhu.push.hub import Member
from qunzhu.store.batch import BatchStore, StoreClosed

log = structlog.get_logger("qunzhu.callbacks")


class Asides:
    """Has the app's server told what happens outside commands: sessions, live rooms, refusals, calls over a limit.

    All that happens in one turn of the loop is written in one transaction.
    """

    def __init__(self, store: BatchStore, now_ms: Callable[[], int], written: Callable[[], None]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._written = written
        self._told: list[tuple[Who, Event | StateChanged]] = []

    def tell(self, who: Who, event: Event | StateChanged) -> None:
        """Have something told, in its turn."""
        if not self._told:
            asyncio.get_running_loop().call_soon(self.flush)
        self._told.append((who, event))

    def moved(self, app: App, gone: MembersLeft, session: Member | None) -> None:
        """Have it told that somebody left a live room without a command."""
        if tells(app.settings.callbacks, gone):
            platform, client = ("", "") if session is None else (session.platform, session.client)
            who = Who(
                app=app, user=gone.operator, admin=False, door=HUB, now_ms=self._now_ms(), random=os.urandom,
                platform=platform, client=client,
            )  # fmt: skip
            self.tell(who, gone)

    def refused(self, who: Who, name: str, request: Any, fault: Exception) -> None:
        """Have it told that a command was refused, where that is a callback's business; what it refused it knows."""
        if not isinstance(fault, Refused) or isinstance(fault, RefusedByApp):
            return
        if tells_refusal(who.app.settings.callbacks, name, fault.row.code):
            self._write(report_refusal, who, name, request, fault.row.code, fault.text)

    def over_limit(self, who: Who, event: RequestsOverLimit) -> None:
        """Have it told that a command was called too often."""
        self._write(tell_over_limit, who, event)

    def flush(self) -> None:
        """Write what is to be told."""
        told, self._told = self._told, []
        if told:
            self._write(report_all, told)

    def _write(self, write: Callable[..., Any], *args: Any) -> None:
        try:
            self._store.start_write(write, args, self)
        except (StoreClosed, Refused) as fault:
            log.warning("a callback cannot be written", fault=str(fault))

    def done(self) -> bool:
        """Say that the outcome of a write is still wanted."""
        return False

    def set_result(self, value: object) -> None:
        """Have what was written sent."""
        del value
        self._written()

    def set_exception(self, fault: BaseException) -> None:
        """Note that a write failed."""
        log.error("a callback cannot be written", exc_info=fault)


class Watched:
    """Waits for a command in the place of whoever does, and has its refusal told to the app's server."""

    __slots__ = ("_asides", "_name", "_waiter", "_who", "request")

    def __init__(self, waiter: Any, asides: Asides, who: Who, name: str, request: Any) -> None:
        self._waiter = waiter
        self._asides = asides
        self._who = who
        self._name = name
        self.request = request

    def done(self) -> bool:
        """Say that the outcome is still wanted, if only for the callback."""
        return False

    def set_result(self, value: object) -> None:
        """Hand a reply on."""
        if not self._waiter.done():
            self._waiter.set_result(value)

    def set_exception(self, fault: Exception) -> None:
        """Hand a fault on."""
        self._asides.refused(self._who, self._name, self.request, fault)
        if not self._waiter.done():
            self._waiter.set_exception(fault)
