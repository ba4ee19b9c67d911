"""Asks an app's own server before something happens. Nothing waits for it but the call itself.

What is asked about is read in a transaction of its own, which is over before the server is asked.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from qunzhu.commands._before import Before, Unusable
from qunzhu.commands._callbacks import cause
from qunzhu.core.command import Reply
from qunzhu.core.errors import Refused
from qunzhu.core.meter import CALLED, CALLED_IN_VAIN
from qunzhu.core.ports import Who
from qunzhu.push.callback_client import GARBAGE, TIMEOUT, CallbackFailed
from qunzhu.push.callbacks import Client
from qunzhu.push.hub import Tally
from qunzhu.store.batch import BatchStore

log = structlog.get_logger("qunzhu.callbacks")
MAX_ASKED = 100
"""Calls of one app that may wait for its server. More count as not answered: they would fill memory and sockets."""
MAX_UNHEARD, MAX_TRYING = 20, 8
"""After so many calls in a row that waited in vain only so many wait at once, until one of them is answered: what a
server that hangs costs is paid by the other apps too."""
CROWDED = "crowded"
ALLOWED, CHANGED, DROPPED, REFUSED = "allowed", "changed", "dropped", "refused"
LOG_SECONDS = 10.0
"""Failures of an app are logged once in so long, with their number."""
encode = msgspec.json.Encoder().encode


class Asker:
    """Asks one app's server."""

    def __init__(
        self, store: BatchStore, client: Client, tally: Tally, now_ms: Callable[[], int],
        vetoed: Callable[[Before, Who, Any], None] = lambda row, who, req: None,
    ) -> None:  # fmt: skip
        self._store = store
        self._client = client
        self._tally = tally
        self._now_ms = now_ms
        """The app's time."""
        self._vetoed = vetoed
        """Hears of each message that the app's server drops."""
        self._asked = self._unheard = 0
        self._counts: Counter[str] = Counter()
        self._turns: dict[int, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent_until = 0.0
        self._unlogged = 0

    def start(self, row: Before, who: Who, req: Any, go: Callable[[Who, Any], None], waiter: Any) -> None:
        """Ask, then let ``go`` run what is left of the request, or give reply or refusal to the waiter."""
        task = asyncio.get_running_loop().create_task(self._run(row, who, req, go, waiter))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def take_counts(self) -> "Counter[str]":
        """Return what was asked since the last call, by meter."""
        taken, self._counts = self._counts, Counter()
        return taken

    async def stop(self) -> None:
        """Ask no more, and wait for the calls that are under way."""
        await self._client.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, row: Before, who: Who, req: Any, go: Callable[[Who, Any], None], waiter: Any) -> None:
        """Ask at once; what is left of a session's calls runs in the order in which they came."""
        before, mine = self._turns.get(who.session), asyncio.Event()
        if who.session:
            self._turns[who.session] = mine
        try:
            left = await self._ask(row, who, req)
            if before is not None:
                await before.wait()
            if isinstance(left, Reply):
                if not waiter.done():
                    waiter.set_result(left)
            else:
                go(who if row.named else self._later(who), left)
        except Exception as fault:  # noqa: BLE001 - given to the caller
            if not waiter.done():
                waiter.set_exception(fault)
        finally:
            if before is not None:
                await before.wait()  # who was refused is answered at once, and still keeps his place
            mine.set()
            if self._turns.get(who.session) is mine:
                del self._turns[who.session]

    async def _ask(self, row: Before, who: Who, req: Any) -> Any:
        """Return what the app's server leaves of a request, or the reply to it; refuse what it refuses."""
        if row.named is not None:
            req = row.named(who, req)
        most = MAX_TRYING if self._unheard >= MAX_UNHEARD else MAX_ASKED
        if self._asked >= most:
            return self._unanswered(row, who, req, CallbackFailed(CROWDED, f"{most} calls wait already"))
        self._asked += 1
        try:
            left = await self._answered(row, who, req)
        except CallbackFailed as failed:
            self._unheard = self._unheard + 1 if failed.fault == TIMEOUT else 0
            return self._unanswered(row, who, req, failed)
        else:
            self._unheard = 0
            return left
        finally:
            self._asked -= 1

    def _unanswered(self, row: Before, who: Who, req: Any, failed: CallbackFailed) -> Any:
        """Return the request as it is, unless the app holds back what its server has not answered."""
        self._failed(row, who, failed)
        row.failed(who.app.settings.callbacks, str(failed))
        return req

    async def _answered(self, row: Before, who: Who, req: Any) -> Any:
        body = await self._store.read(row.ask, who, req)
        if body is None:
            return req
        self._counts[CALLED] += 1
        answer = await self._client.post(
            who.app.settings.callbacks, row.command, encode({"CallbackCommand": row.command, **body}), cause(who),
            now=int(time.time()),
        )  # fmt: skip
        try:
            left = row.passed(who, req, answer)
        except Unusable as fault:
            raise CallbackFailed(GARBAGE, str(fault)) from None
        except Refused:
            self._tally.callbacks[row.command, REFUSED] += 1
            raise
        result = DROPPED if isinstance(left, Reply) else ALLOWED if left is req else CHANGED
        self._tally.callbacks[row.command, result] += 1
        if result == DROPPED:
            self._vetoed(row, who, req)
        return left

    def _failed(self, row: Before, who: Who, failed: CallbackFailed) -> None:
        """Count a failure, and log it unless one was logged lately."""
        self._tally.callbacks[row.command, failed.fault] += 1
        self._counts[CALLED_IN_VAIN] += failed.fault != CROWDED
        now = time.monotonic()
        if now < self._silent_until:
            self._unlogged += 1
            return
        settings, more = who.app.settings.callbacks, self._unlogged
        self._silent_until, self._unlogged = now + LOG_SECONDS, 0
        log.warning(
            "callback not answered", sdkappid=who.app.sdkappid, command=row.command, fault=failed.fault,
            detail=failed.detail, passed=not (settings.block and row.message), others_since=more,
        )  # fmt: skip

    def _later(self, who: Who) -> Who:
        """Return the caller with the time that it is now: others may have been served meanwhile."""
        return msgspec.structs.replace(who, now_ms=max(who.now_ms, self._now_ms()))
