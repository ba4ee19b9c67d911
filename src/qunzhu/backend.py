"""The apps of a server: their stores are opened when first used and closed when idle, and commands run in them."""

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog

import qunzhu.commands  # noqa: F401 - fills the command table
from qunzhu.apps import (
    DEMO_SDKAPPID,
    Home,
    StoreUnavailable,
    all_apps,
    demo_app,
    ensure_admins,
    erased_apps,
    find_app,
    forget_app,
)
from qunzhu.commands._before import BEFORE, Before
from qunzhu.commands._callbacks import REFUSED, STATE, StateChanged, on, report
from qunzhu.commands._sweep import sweep
from qunzhu.config import Config
from qunzhu.core.command import Command, Reply, Tried, tried
from qunzhu.core.errors import GROUP_INTERNAL, OVERLOADED, Refused
from qunzhu.core.events import Event, RequestsOverLimit
from qunzhu.core.limits import UINT32
from qunzhu.core.ports import App, Tx, Who
from qunzhu.core.trace import Traces
from qunzhu.core.wire import APP_GONE, CUT, STOPPING, End
from qunzhu.open_app import OpenApp
from qunzhu.push import traces
from qunzhu.push.asides import Asides, Watched
from qunzhu.push.callbacks import Client, Dispatcher
from qunzhu.push.double import Double, RecordedClient, meet
from qunzhu.push.hub import Hub, Tally
from qunzhu.push.uploads import Uploads
from qunzhu.store.batch import Around, BatchStore, EngineTx, StoreClosed
from qunzhu.store.media import clear_incoming

if TYPE_CHECKING:
    from qunzhu.push.before import Asker

log = structlog.get_logger("qunzhu")
REFRESH_SECONDS = 1.0
"""How old an app's record may be: changes made with the command line take effect within this time."""
IDLE_SECONDS = 300.0
MAX_UNKNOWN = 1000
Put = Callable[[EngineTx], Any]


class Backend:
    """Apps and their stores, opened when first used and closed when idle."""

    def __init__(self, config: Config) -> None:
        self.home = Home(config)
        self.heartbeat = config.heartbeat
        self.media = config.media
        self._demo = config.demo
        self.address = config.url
        """Under which URL the server listens."""
        self._kept = self.home.open_media()
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.ends: Counter[str] = Counter()
        self.tally = Tally()
        self.traces = Traces()
        self._control = self.home.open_control()
        self._open: dict[int, OpenApp] = {}
        self._opening: dict[int, asyncio.Lock] = {}
        self._unknown: dict[int, float] = {}
        self.controls = config.controls or config.demo
        """Whether tests may set anything."""
        self._doubles: dict[int, Double] = {}
        """What tests have set for apps, from the first time that one of their controls is used."""

    def now_ms(self, sdkappid: int = 0) -> int:
        """Return an app's time, without one the server's, in unix milliseconds."""
        if self._doubles and (double := self._doubles.get(sdkappid)) is not None:
            return double.clock.now_ms()
        return time.time_ns() // 1_000_000

    def count(self, door: str, command: str, code: int) -> None:
        """Count an answer."""
        self.answers[door, command, code] += 1

    def trace(self, sdkappid: int, door: str, command: str, user: str, request: object, refused: Refused) -> None:
        """Keep for administrators of an app why a call was refused; of apps that are not open nothing is kept."""
        if (opened := self._open.get(sdkappid)) is not None:
            self.traces.add(sdkappid, traces.of_refusal(opened.now_ms(), door, command, user, request, refused))

    def _trace_unsent(self, opened: OpenApp, event: Event) -> None:
        if (one := traces.of_event(opened.now_ms(), event)) is not None:
            self.traces.add(opened.app.sdkappid, one)

    def _trace_veto(self, row: Before, who: Who, request: Any) -> None:
        self.traces.add(who.app.sdkappid, traces.of_veto(row, who, request))

    def count_end(self, end: End) -> None:
        """Count a session that the server ended."""
        self.ends[end.name] += 1

    def revoked_before(self, sdkappid: int, user: str) -> int:
        """Return the time before which UserSigs of a user do not hold; 0 for none."""
        return self._open[sdkappid].hub.revoked.get(user, 0)

    def fresh_app(self, sdkappid: int) -> App | None:
        """Return an app whose store is open, or None where it must be opened first."""
        opened = self._open.get(sdkappid)
        if opened is None:
            return None
        opened.used_at = time.monotonic()
        return opened.app

    async def app(self, sdkappid: int) -> App | None:
        """Return an app by its SDKAppID, its store open."""
        if (app := self.fresh_app(sdkappid)) is not None:
            return app
        if not 0 < sdkappid <= UINT32:
            return None
        now = time.monotonic()
        if now - self._unknown.get(sdkappid, -REFRESH_SECONDS) < REFRESH_SECONDS:
            return None
        async with self._opening.setdefault(sdkappid, asyncio.Lock()):
            return await self._refresh(sdkappid)

    async def _refresh(self, sdkappid: int) -> App | None:
        """Read an app's record; open its store if it is new, close it if the app is gone."""
        app = await self._control.read(find_app, sdkappid)
        opened = self._open.get(sdkappid)
        if app is None:
            if opened is not None:
                await self._close_app(opened)
            if len(self._unknown) > MAX_UNKNOWN:
                self._unknown.clear()
            self._unknown[sdkappid] = time.monotonic()
            self._opening.pop(sdkappid, None)
        elif opened is None:
            await self._open_app(app)
        else:
            if app.admins != opened.app.admins:
                await opened.store.write(ensure_admins, app, opened.now_ms() // 1000)
            await self._call_back(opened, app)
            opened.app = app
            if not app.enabled:
                opened.hub.end_all(APP_GONE)
        return app

    async def _open_app(self, app: App) -> OpenApp:
        loop = asyncio.get_running_loop()
        opened = OpenApp(app, self.tally, lambda: self.now_ms(app.sdkappid), self._kept, self.home.folder)

        def publish(events: Sequence[tuple[int, Event]]) -> None:
            loop.call_soon_threadsafe(self._deliver, opened, events)

        opened.hub.unsent = functools.partial(self._trace_unsent, opened)
        around = Around(opened.hub, publish, report)
        opened.store = await asyncio.to_thread(self.home.open_app, app.sdkappid, around)
        await opened.store.write(ensure_admins, app, opened.now_ms() // 1000)
        opened.hub.revoked = dict(await opened.store.read(_revoked))
        opened.uploads = Uploads(opened.store, self._kept)
        await opened.uploads.remember()
        opened.settle()
        left = await asyncio.to_thread(opened.store.undelivered)
        opened.callbacks = self._dispatcher(opened)
        opened.asides = Asides(opened.store, opened.now_ms, opened.wake)
        self._deliver(opened, left)
        await self._call_back(opened, app)
        self._open[app.sdkappid] = opened
        if (double := self._doubles.get(app.sdkappid)) is not None:
            opened.hub.outgoing = double.outgoing
        return opened

    def _dispatcher(self, opened: OpenApp) -> Dispatcher:
        make = functools.partial(self._client, opened.app.sdkappid)
        return Dispatcher(opened.app, opened.store, make, self.now_ms, self.tally, opened.now_ms)

    async def _call_back(self, opened: OpenApp, app: App) -> None:
        """Make ready for an app's callbacks where it has any; the library is imported then, in a thread."""
        if app.settings.callbacks.url and opened.asker is None:
            opened.asker = await asyncio.to_thread(self._asker, opened)
        opened.callbacks.follow(app)

    def _asker(self, opened: OpenApp) -> "Asker":
        from qunzhu.push.before import Asker

        return Asker(opened.store, self._client(opened.app.sdkappid), self.tally, opened.now_ms, self._trace_veto)

    def _client(self, sdkappid: int) -> Client:
        """Return what posts an app's callbacks; its library is imported when the first one goes out."""
        from qunzhu.push.callback_client import CallbackClient

        client = CallbackClient(sdkappid, demo=self._demo)
        return RecordedClient(client, self.double(sdkappid)) if self.controls else client

    @staticmethod
    def _deliver(opened: OpenApp, events: Sequence[tuple[int, Event]]) -> None:
        """Hand committed events to the hub, in order; their outbox rows may go then."""
        opened.hub.tell(*(event for _, event in events))
        opened.callbacks.heard([event for _, event in events])
        for number, _ in events:
            if number:
                opened.store.delivered(number)

    def census(self) -> tuple[int, int]:
        """Return how many apps are open, and how many sessions they have."""
        return len(self._open), sum(opened.hub.sessions() for opened in self._open.values())

    async def hub(self, app: App) -> Hub:
        """Return the hub of an app."""
        await self.app(app.sdkappid)
        return self._open[app.sdkappid].hub

    def report(self, who: Who, change: StateChanged) -> None:
        """Have the app's own server told that a session began or ended."""
        opened = self._open.get(who.app.sdkappid)
        if opened is not None and on(opened.app.settings.callbacks, STATE):
            opened.asides.tell(who, change)

    async def uploads(self, app: App) -> Uploads:
        """Return what takes note of an app's uploads."""
        await self.app(app.sdkappid)
        return self._open[app.sdkappid].uploads

    async def read(self, app: App, run: Callable[..., Any], *args: Any) -> Any:
        """Read in an app's store."""
        return await self._in_store(app, run, lambda store: store.read(run, *args))

    async def write(self, app: App, run: Callable[..., Any], *args: Any) -> Any:
        """Write in an app's store what is no command."""
        return await self._in_store(app, run, lambda store: store.write(run, *args))

    async def _in_store(self, app: App, run: Callable[..., Any], submit: Callable[[BatchStore], Awaitable[Any]]) -> Any:
        await self.app(app.sdkappid)
        try:
            return await submit(self._open[app.sdkappid].store)
        except Refused:
            raise
        except StoreClosed:
            raise Refused(OVERLOADED, "the app's store is closing") from None
        except Exception:
            log.exception("internal error", run=run.__name__)
            raise Refused(GROUP_INTERNAL, run.__name__) from None

    async def try_out(self, command: Command, who: Who, request: Any) -> None:
        """Run a command and undo it: refuse what it would refuse, or return where it would be done."""
        await self.app(who.app.sdkappid)
        try:
            await self._open[who.app.sdkappid].store.write(tried, who, command, request)
        except Tried:
            return
        except Exception as fault:  # noqa: BLE001 - turned into what the caller may know
            raise self.refused(command, fault) from None

    async def run(self, command: Command, who: Who, request: Any) -> Reply:
        """Run a command in its app's store."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.start(command, who, request, future)
        return await self._outcome(command, future)

    async def run_plainly(self, command: Command, who: Who, request: Any) -> Reply:
        """Run a command that meets none of the faults that tests have set."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._begin(self._open[who.app.sdkappid], command, future, who, request)
        return await self._outcome(command, future)

    async def _outcome(self, command: Command, future: "asyncio.Future[Reply]") -> Reply:
        try:
            return await future
        except Exception as fault:  # noqa: BLE001 - turned into what the caller may know
            raise self.refused(command, fault) from None

    def start(self, command: Command, who: Who, request: Any, waiter: Any) -> None:
        """Run a command and give reply or fault to the waiter."""
        opened = self._open.get(who.app.sdkappid)
        if opened is None:
            raise Refused(OVERLOADED, "the app's store is closing")
        if self._doubles and (double := self._doubles.get(who.app.sdkappid)) is not None:
            rule = double.fault(who, command.name)
            if rule is not None:
                meet(rule, waiter, lambda waiter: self._begin(opened, command, waiter, who, request))
                return
        self._begin(opened, command, waiter, who, request)

    def _begin(self, opened: OpenApp, command: Command, waiter: Any, who: Who, request: Any) -> None:
        if who.app.settings.callbacks.url and command.name in REFUSED:
            waiter = Watched(waiter, opened.asides, who, command.name, request)
        if opened.asker is not None and (row := BEFORE.get(command.name)) is not None and row.wanted(who, request):
            go = functools.partial(self._go, opened, command, waiter)
            opened.asker.start(row, who, request, go, waiter)
        else:
            self._go(opened, command, waiter, who, request)

    @staticmethod
    def _go(opened: OpenApp, command: Command, waiter: Any, who: Who, request: Any) -> None:
        if isinstance(waiter, Watched):
            waiter.request = request
        try:
            (opened.store.start_write if command.writes else opened.store.start_read)(
                command.run, (who, request), waiter
            )
        except StoreClosed:
            raise Refused(OVERLOADED, "the app's store is closing") from None

    def refused(self, command: Command, fault: Exception) -> Refused:
        """Return a refusal as it is, and any other fault as the service's internal error, which is logged."""
        if isinstance(fault, Refused):
            return fault
        if isinstance(fault, StoreClosed):
            return Refused(OVERLOADED, "the app's store is closing")
        log.error("internal error", command=command.path, exc_info=fault)
        return Refused(command.internal, command.path)

    def over_limit(self, who: Who, command: Command, limit: int, calls: Callable[[], int]) -> None:
        """Tell, when the second is over, how often a command was called in it."""

        def tell() -> None:
            opened = self._open.get(who.app.sdkappid)
            if opened is not None:
                opened.asides.over_limit(who, RequestsOverLimit(
                    sdkappid=who.app.sdkappid, service=command.service, command=command.name, requests=calls(),
                    limit=limit, second=who.now,
                ))  # fmt: skip

        asyncio.get_running_loop().call_later(1 - who.now_ms % 1000 / 1000, tell)

    async def prepare(self, *, demo: bool) -> list[App]:
        """Finish erasures, make the demo app if asked, and return all apps."""
        await asyncio.to_thread(clear_incoming, self.home.folder)
        for sdkappid in await self._control.read(erased_apps):
            await self._erase(sdkappid)
        if demo:
            await self._control.write(demo_app, self.now_ms() // 1000)
            await self.app(DEMO_SDKAPPID)
        apps = await self._control.read(all_apps)
        for app in apps:
            if app.settings.callbacks.url:
                await self._open_for_callbacks(app)
        return apps

    async def _open_for_callbacks(self, app: App) -> None:
        """Open an app whose callbacks may have been left waiting."""
        try:
            await self.app(app.sdkappid)
        except Exception:
            log.exception("app not opened yet", sdkappid=app.sdkappid)

    async def tend(self) -> None:
        """Every second: let changed app records take effect, close what nobody uses, erase what was marked."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self._tend_once()
            except Exception:
                log.exception("the apps' records cannot be read; trying again")

    async def _tend_once(self) -> None:
        for sdkappid in await self._control.read(erased_apps):
            await self._refresh(sdkappid)
            await self._erase(sdkappid)
        now = time.monotonic()
        for sdkappid, opened in list(self._open.items()):
            opened.hub.sweep()
            if now - opened.used_at > IDLE_SECONDS and not opened.hub.busy() and not opened.callbacks.busy():
                await self._close_app(opened)
            else:
                await self._refresh(sdkappid)
                await opened.meter()
                await opened.sweep()
                opened.archive()
                opened.settle()
                await opened.callbacks.tend(now)

    async def _erase(self, sdkappid: int) -> None:
        try:
            await asyncio.to_thread(self.home.erase_app, sdkappid)
        except StoreUnavailable as fault:
            log.error("app not erased yet", sdkappid=sdkappid, fault=str(fault))  # noqa: TRY400 - it says enough
            return
        self.traces.drop(sdkappid)
        await self._control.write(forget_app, sdkappid)
        log.info("app erased", sdkappid=sdkappid)

    async def _close_app(self, opened: OpenApp) -> None:
        self._open.pop(opened.app.sdkappid, None)
        opened.hub.end_all(APP_GONE)
        await opened.leave_tasks()
        if opened.asker is not None:
            await opened.asker.stop()
        await opened.callbacks.stop()
        opened.asides.flush()
        self.tally.waiting.pop(opened.app.sdkappid, None)
        await opened.meter()
        await asyncio.to_thread(opened.store.close)

    def double(self, sdkappid: int) -> Double:
        """Return what tests have set for an app."""
        double = self._doubles.get(sdkappid)
        if double is None:
            double = self._doubles[sdkappid] = Double(self.home.double(sdkappid), self.now_ms)
            if (opened := self._open.get(sdkappid)) is not None:
                opened.hub.outgoing = double.outgoing
        return double

    @property
    def records(self) -> bool:
        """Say whether any app has a record that is being written."""
        return any(double.record.on for double in self._doubles.values())

    def recorded(self, sdkappid: int) -> Double | None:
        """Return what tests have set for an app whose record is being written."""
        double = self._doubles.get(sdkappid)
        return double if double is not None and double.record.on else None

    async def time_moves(self, sdkappid: int) -> None:
        """Count what happened at an app's time as it is, before it is another."""
        await self._open[sdkappid].meter()

    async def time_moved(self, sdkappid: int) -> None:
        """Do at once what an app's new time makes due."""
        opened = self._open[sdkappid]
        opened.hub.sweep()
        await opened.meter()
        while await opened.store.write(sweep, opened.app, opened.now_ms() // 1000):
            pass
        await opened.archive_now()

    async def replace(self, sdkappid: int, put: Put) -> Any:
        """Put other data in the place of an app's; whoever is connected is asked to come again."""
        opened = self._open[sdkappid]
        await opened.leave_tasks()
        opened.asides.flush()
        await opened.callbacks.abandon()
        opened.hub.end_all(CUT)
        opened.hub.take_deliveries()  # they are counted nowhere: what they are of is gone
        if opened.asker is not None:
            opened.asker.take_counts()
        try:
            done, revoked = await opened.store.replace(_replaced, put, opened.app, opened.now_ms() // 1000)
            opened.hub.revoked = dict(revoked)
            opened.day = ""
            await opened.uploads.remember()
        finally:
            opened.callbacks = self._dispatcher(opened)
            opened.callbacks.follow(opened.app)
        return done

    async def snapshot(self, sdkappid: int, take: Put) -> Any:
        """Have an app's data read."""
        opened = self._open[sdkappid]
        opened.asides.flush()
        await opened.meter()
        await opened.store.write(_nothing)
        return await opened.store.read(take)

    def end_sessions(self) -> None:
        """End every session because the server stops."""
        for opened in self._open.values():
            opened.hub.end_all(STOPPING)

    async def close(self) -> None:
        """Finish what waits and close every store."""
        for opened in list(self._open.values()):
            await self._close_app(opened)
        await asyncio.to_thread(self._control.close)


def _revoked(tx: Tx) -> list[Any]:
    return tx.all("SELECT user_id, revoked_before FROM accounts WHERE revoked_before > 0")


def _replaced(tx: EngineTx, put: Put, app: App, now: int) -> tuple[Any, list[Any]]:
    """Put other data in the place of what there is; the administrators have their accounts in it."""
    done = put(tx)
    ensure_admins(tx, app, now)
    return done, _revoked(tx)


def _nothing(tx: Tx) -> None:
    """Come after whatever was to be written."""
