"""One app while its store is open: what it has, and its upkeep."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from qunzhu.commands._metering import STEP, count_deliveries, still_online
from qunzhu.commands._sweep import has_work, sweep
from qunzhu.core.ports import App
from qunzhu.edge.sockets import bundle
from qunzhu.push.archive import Archivist
from qunzhu.push.asides import Asides
from qunzhu.push.callbacks import Dispatcher
from qunzhu.push.hub import Hub, Tally
from qunzhu.push.uploads import Uploads
from qunzhu.store.batch import BatchStore, StoreClosed
from qunzhu.store.media import MediaStore, MediaUnavailable

if TYPE_CHECKING:
    from qunzhu.push.before import Asker

log = structlog.get_logger("qunzhu")
SWEEP_STEPS = 5
"""Steps of removing messages that a second has time for; each is a transaction of its own."""
SWEEP_REST_SECONDS = 10.0
"""How long after there was nothing to remove the server looks again."""
ARCHIVE_SECONDS = 10.0
"""How often the server looks for hours that are over, whose messages go into a file."""
GET_HISTORY = "get_history"


class OpenApp:
    """An app whose store is open: its record, store and hub, and what is done for it every second."""

    def __init__(self, app: App, tally: Tally, now_ms: Callable[[], int], media: MediaStore, folder: Path) -> None:
        self.app = app
        self.now_ms = now_ms
        """The app's time."""
        self.hub = Hub(
            lambda: now_ms() / 1000, bundle, tally, moved=lambda gone, by: self.asides.moved(self.app, gone, by)
        )
        self._media = media
        self._folder = folder
        self.used_at = time.monotonic()
        self._sweep_at = self._archive_at = self._settle_at = 0.0
        self._archiving: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None
        self.day = ""
        """The app's day of which it is noted who is still online."""
        self.store: BatchStore
        self.asker: Asker | None = None
        """Asks before something happens; None where the app has never had a URL for it."""
        self.callbacks: Dispatcher
        self.asides: Asides
        self.uploads: Uploads

    def wake(self) -> None:
        """Have new callbacks sent."""
        self.callbacks.wake()

    async def meter(self) -> None:
        """Count what sessions were given since the last second, and in a new day those who are still online."""
        try:
            await self._count_deliveries()
            await self._begin_day()
        except Exception as fault:  # noqa: BLE001 - other apps do not wait for it
            log.error("not counted yet, next time", sdkappid=self.app.sdkappid, fault=str(fault))  # noqa: TRY400

    async def _count_deliveries(self) -> None:
        counts = self.hub.take_deliveries()
        if self.asker is not None:
            counts += self.asker.take_counts()
        if counts:
            try:
                await self.store.write(count_deliveries, self.app, self.now_ms() // 1000, counts)
            except BaseException:
                self.hub.give_back(counts)
                raise

    async def _begin_day(self) -> None:
        now = self.now_ms() // 1000
        if (day := self.app.day(now)) != self.day:
            users = self.hub.names()
            for start in range(0, len(users), STEP):
                await self.store.write(still_online, self.app, now, users[start : start + STEP])
            self.day = day

    async def sweep(self) -> None:
        """Remove what nobody can read any more, between other writes."""
        clock, now = time.monotonic(), self.now_ms() // 1000
        if clock < self._sweep_at:
            return
        if not await self.store.read(has_work, self.app, now):
            self._sweep_at = clock + SWEEP_REST_SECONDS
            return
        for _ in range(SWEEP_STEPS):
            if not await self.store.write(sweep, self.app, now):
                self._sweep_at = clock + SWEEP_REST_SECONDS
                return

    def archive(self) -> None:
        """Have the files of hours that are over made, which takes its time: one task an app, beside everything else."""
        clock, running = time.monotonic(), self._archiving is not None and not self._archiving.done()
        if running or clock < self._archive_at or GET_HISTORY in self.app.settings.disabled_commands:
            return
        self._archive_at = clock + ARCHIVE_SECONDS
        self._archiving = asyncio.create_task(self.make_archives())

    def settle(self) -> None:
        """Have looked up which uploads a server that died had kept, beside everything else: the place may be away."""
        clock, running = time.monotonic(), self._settling is not None and not self._settling.done()
        if running or clock < self._settle_at or self.uploads.settled:
            return
        self._settle_at = clock + ARCHIVE_SECONDS
        self._settling = asyncio.create_task(self.uploads.settle(self.app, self.now_ms() // 1000))

    async def make_archives(self) -> None:
        """Make the files of hours that are over."""
        archivist = Archivist(self.store, self._media, self._folder)
        try:
            await archivist.tend(self.app, self.now_ms() // 1000)
        except StoreClosed:
            return
        except (MediaUnavailable, OSError) as fault:
            log.error("history file not made yet", sdkappid=self.app.sdkappid, fault=str(fault))  # noqa: TRY400 - it says enough
        except Exception:
            log.exception("history file not made yet", sdkappid=self.app.sdkappid)

    async def leave_tasks(self) -> None:
        """Give up what runs beside everything else; it is begun anew later."""
        for task in filter(None, (self._archiving, self._settling)):
            task.cancel()
            await asyncio.wait([task])
        self._archiving = self._settling = None

    async def archive_now(self) -> None:
        """Make the files of hours that are over before anything else happens."""
        if self._archiving is not None:
            await asyncio.wait([self._archiving])
        if GET_HISTORY not in self.app.settings.disabled_commands:
            await self.make_archives()
