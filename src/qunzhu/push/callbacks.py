"""Sends the callbacks of one app that come after events (doc 1047/34354).

Rows of the table ``callbacks`` go out in the order of each lane, one at a time, several lanes side by side. One that is
answered is deleted, one that is not waits longer each time and is given up in the end; what is in the table goes out at
least once, whatever happens to the process.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
import structlog

from qunzhu.commands import _callback_letters as letters
from qunzhu.commands._callback_letters import Letter, Waiting
from qunzhu.commands._callbacks import on, tells
from qunzhu.core.events import Event
from qunzhu.core.meter import CALLED, CALLED_IN_VAIN
from qunzhu.core.ports import App, CallbackSettings, Tx
from qunzhu.push.hub import Tally
from qunzhu.push.lanes import LANE_ROWS, Lane, Lanes
from qunzhu.push.reach import Reach, wait
from qunzhu.store.batch import BatchStore, StoreClosed

log = structlog.get_logger("qunzhu.callbacks")
AT_ONCE = 16
SENT, GIVEN_UP = "sent", "given up"
"""Outcomes, beside the faults of single tries."""
PAGE = 512
OUT_OF_REACH = frozenset({"connect", "timeout", "closed", "forbidden address"})
STORE_SECONDS = 1.0
STOP_SECONDS = 3.0
LOOK_SECONDS = 2.0
"""How soon those are noticed that the command line wants tried again."""
EXPIRE_SECONDS = 3600.0
KEPT_MS, DEAD_KEPT_MS = 7 * 86_400_000, 30 * 86_400_000
_decode = msgspec.json.Decoder(dict[str, str]).decode


class Client(Protocol):
    """What posts a callback, and raises ``CallbackFailed`` where there is no valid answer."""

    async def post(
        self, settings: CallbackSettings, command: str, body: bytes, cause: Mapping[str, str], *, now: int
    ) -> dict[str, Any]:
        """Post one callback and return the answer."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Dispatcher:
    """Sends one app's callbacks. ``make_client`` is called when the first one goes out. Runs on the event loop."""

    def __init__(
        self, app: App, store: BatchStore, make_client: Callable[[], Client], now_ms: Callable[[], int], tally: Tally,
        app_ms: Callable[[], int] | None = None,
    ) -> None:  # fmt: skip
        self._app = app
        self._store = store
        self._make_client = make_client
        self._client: Client | None = None
        self._now_ms = now_ms
        """The real time: by it what has failed waits, and what is sent is signed."""
        self._app_ms = app_ms or now_ms
        self._tally = tally
        self._lanes = Lanes()
        self._reach = Reach()
        self._sending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._unread = True
        self._paging = asyncio.Lock()
        self._dead = True
        """Whether rows may be there that were given up: only then somebody can want one again."""
        self._look_at = self._expire_at = 0.0

    @property
    def _settings(self) -> CallbackSettings:
        return self._app.settings.callbacks

    def busy(self) -> bool:
        """Say that callbacks wait that can be sent."""
        return bool(self._settings.url) and (
            bool(self._lanes or self._sending) or self._unread or self._paging.locked()
        )

    @property
    def held(self) -> int:
        """Return how many callbacks that wait are in memory."""
        return self._lanes.held

    def follow(self, app: App) -> None:
        """Take the app's record as it is now. With other settings whatever waits is tried at once."""
        changed, self._app = app.settings.callbacks != self._settings, app
        if changed:
            self._reach.reached()
            self._lanes.hurry()
        if self._settings.url and self._task is None:
            self._task = asyncio.create_task(self._run())
        if changed:
            self._woken.set()

    def heard(self, events: "list[Event] | tuple[Event, ...]") -> None:
        """Look for new rows where one of the committed events may have written some."""
        if self._settings.url and any(tells(self._settings, event) for event in events):
            self.wake()

    def wake(self) -> None:
        """Look for new rows: a transaction that wrote some is committed."""
        self._unread = True
        self._woken.set()

    async def tend(self, clock: float) -> None:
        """Take in what the command line wants tried again, and remove what is too old. ``clock`` is in seconds."""
        if self._dead and clock >= self._look_at:
            self._look_at = clock + LOOK_SECONDS
            self._dead = False
            if await self._store.read(letters.any_dead):
                self._dead = True
                if self._settings.url:
                    await self._revive()
        if clock >= self._expire_at:
            self._expire_at = clock + EXPIRE_SECONDS
            await self._expire()

    async def _revive(self) -> None:
        while await self._store.read(_is_wanted):
            revived = await self._store.write(letters.revive, PAGE)
            async with self._paging:  # a page that was read before has none of them
                for row in revived:
                    if row.num <= self._lanes.seen:
                        self._lanes.take_back(row)
            self._woken.set()

    async def _expire(self) -> None:
        now_ms = self._app_ms()
        if await self._store.read(_is_any):
            gone = await self._store.write(_expire, now_ms, bool(self._settings.url))
            if gone:
                log.warning("old callbacks removed", sdkappid=self._app.sdkappid, number=gone)

    async def stop(self) -> None:
        """Let what is under way come to its end, if that is soon. What waits is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_SECONDS)
        for task in self._sending:
            task.cancel()
        if self._client is not None:
            await self._client.close()

    async def abandon(self) -> None:
        """Stop at once: what waits is going to be replaced, and what is under way is not written any more."""
        tasks = [*self._sending, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._client is not None:
            await self._client.close()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._read()
                if self._lanes and self._settings.url and self._client is None:
                    self._client = await asyncio.to_thread(self._make_client)
                self._start()
                self._tally.waiting[self._app.sdkappid] = self._lanes.held
                await self._rest()
            except StoreClosed:
                return
            except Exception:
                log.exception("callbacks cannot be sent; trying again", sdkappid=self._app.sdkappid)
                self._unread = True
                await asyncio.sleep(STORE_SECONDS)

    async def _read(self) -> None:
        while self._unread and self._lanes.room:
            async with self._paging:
                self._unread = False
                self._lanes.begin_page()
                page = await self._store.read(letters.page, self._lanes.seen, PAGE)
                self._lanes.take_in(page)
                self._unread |= len(page) == PAGE

    def _start(self) -> None:
        """Send what is due, as many as may be under way: one where the server is not reached."""
        if not self._settings.url:
            return
        now_ms = self._now_ms()
        if now_ms < self._reach.until_ms:
            return
        most = 1 if self._reach.lost else AT_ONCE
        while len(self._sending) < most and (lane := self._lanes.start(now_ms)) is not None:
            task = asyncio.create_task(self._send(lane))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._woken.set()

    async def _rest(self) -> None:
        """Wait until something happens or is due."""
        due = self._lanes.due_at()
        if due is None or not self._settings.url or len(self._sending) >= (1 if self._reach.lost else AT_ONCE):
            await self._woken.wait()
            return
        left = max(due, self._reach.until_ms) - self._now_ms()
        try:
            async with asyncio.timeout(max(left, 1) / 1000):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _send(self, lane: Lane) -> None:
        """Send the first row of a lane and write what came of it; where that cannot be written it is sent again."""
        row = lane.row
        if row is None:
            raise TypeError("the lane has nothing under way")
        try:
            later = await self._settle(row)
            if later is not None:
                self._lanes.put_off(lane, later)
            elif self._lanes.settle(lane):
                await self._refill(lane)
        except StoreClosed:
            pass
        except Exception:
            log.exception("what came of a callback cannot be written", sdkappid=self._app.sdkappid, number=row.num)
            late = self._now_ms() + int(1000 * STORE_SECONDS)
            self._lanes.put_off(lane, msgspec.structs.replace(row, next_ms=late))

    async def _refill(self, lane: Lane) -> None:
        again = True
        while again:
            rows = await self._store.read(letters.lane_page, lane.name, lane.last, LANE_ROWS)
            again = self._lanes.refill(lane, rows)

    async def _settle(self, row: Waiting) -> Waiting | None:
        """Send a row; return it as it waits for the next time, or None where it is done with."""
        letter = await self._store.read(letters.letter, row.num)
        if letter is None or letter.dead:
            return None
        settings, client = self._settings, self._client
        if not settings.url or client is None:
            return row
        if not on(settings, letter.command):
            await self._store.write(letters.remove, row.num)
            return None
        fault = await self._post(client, settings, letter)
        if fault is None:
            await self._store.write(_delivered, self._app, row.num, self._app_ms() // 1000)
            return None
        later = await self._failed(row, letter, fault)
        if later is not None and settings != self._settings:
            return msgspec.structs.replace(later, next_ms=0)  # it failed under other settings than there are now
        return later

    async def _post(self, client: Client, settings: CallbackSettings, letter: Letter) -> str | None:
        """Post a callback; return None, or why it has no valid answer."""
        from qunzhu.push.callback_client import CallbackFailed  # its library is there since the client was made

        cause, now = _decode(letter.query), self._now_ms() // 1000
        try:
            await client.post(settings, letter.command, letter.body.encode(), cause, now=now)
        except CallbackFailed as failed:
            self._tally.callbacks[letter.command, failed.fault] += 1
            if failed.fault in OUT_OF_REACH:
                self._reach.missed(self._now_ms())
            else:
                self._reach.reached()
            return str(failed)
        self._tally.callbacks[letter.command, SENT] += 1
        self._reach.reached()
        return None

    async def _failed(self, row: Waiting, letter: Letter, fault: str) -> Waiting | None:
        tries = row.tries + 1
        dead = tries >= self._settings.tries
        later = Waiting(row.num, row.lane, tries, self._now_ms() + int(1000 * wait(tries)))
        await self._store.write(_put_off, self._app, later, fault, dead, self._app_ms() // 1000)
        if not dead:
            return later
        self._tally.callbacks[letter.command, GIVEN_UP] += 1
        self._dead = True
        log.warning("callback given up", sdkappid=self._app.sdkappid, number=row.num, command=letter.command,
                    tries=tries, fault=fault)  # fmt: skip
        return None


def _is_any(tx: Tx) -> bool:
    return tx.one("SELECT 1 FROM callbacks ORDER BY num LIMIT 1") is not None


def _is_wanted(tx: Tx) -> bool:
    return tx.one("SELECT 1 FROM callbacks WHERE dead = 2 ORDER BY num LIMIT 1") is not None


def _expire(tx: Tx, now_ms: int, sent: bool) -> int:
    return letters.expire(tx, now_ms - KEPT_MS, now_ms - DEAD_KEPT_MS, sent=sent)


def _delivered(tx: Tx, app: App, num: int, now: int) -> None:
    """Remove a callback that was taken."""
    tx.meter(app.day(now), CALLED, 1)
    letters.remove(tx, num)


def _put_off(tx: Tx, app: App, row: Waiting, fault: str, dead: bool, now: int) -> None:
    """Write that a callback was not taken."""
    day = app.day(now)
    tx.meter(day, CALLED, 1)
    tx.meter(day, CALLED_IN_VAIN, 1)
    letters.put_off(tx, row, fault, dead=dead)
