"""How an app's transactions run, many to a commit. Engines say how to begin, save and commit.

Waiting transactions share one commit, and none is answered before it is on disk. They run one after the other without
savepoints; when one of them is refused, all is rolled back and the batch runs again with each behind a savepoint, so
that the refused one leaves no trace. A handler is a function of its arguments and the store: running it twice is safe.
"""

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, LiteralString, Protocol, TypeVar

import msgspec

from qunzhu.core.errors import OVERLOADED, Refused
from qunzhu.core.events import Event, decode_events, encode_event
from qunzhu.core.live import Present
from qunzhu.core.meter import Did
from qunzhu.core.ports import Presence, Row, Tx, Who
from qunzhu.store.meter import Meters

T = TypeVar("T")
Publish = Callable[[Sequence[tuple[int, Event]]], None]
"""Takes committed events with their outbox ids, in order; called from the store's thread."""
Report = Callable[[Tx, Who, Event], None]
"""Writes, in the transaction of an event, what the app's server is to be told of it."""
MAX_BATCH = 32
CAREFUL_BATCHES = 64
"""So many batches after a refusal run with savepoints from the start: refusals come in swarms."""
MAX_WAITING = 20_000
FORGET_STEP = 512
MAX_REMEMBERED = 20_000
MAX_ACCOUNTS = 50_000
"""So many accounts are known to exist without a look; then all are looked up anew."""
SELECT_COUNTER: LiteralString = "SELECT value FROM counters WHERE name = :name"
WRITE_COUNTER: LiteralString = (
    "INSERT INTO counters (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"
)


class StoreClosed(Exception):
    """The store was closed before the transaction ran."""


class Nobody:
    """The presence of a store that serves no sessions: nobody is online, and all live rooms are empty."""

    @property
    def live(self) -> "Nobody":
        """Return itself."""
        return self

    def online(self, room: str) -> int:
        """Return 0 for any room."""
        del room
        return 0

    def present(self, room: str, user: str) -> Present | None:
        """Return no member."""
        del room, user
        return None

    def lost(self, room: str, user: str) -> bool:
        """Return that nobody was."""
        del room, user
        return False

    def newest(self, room: str, most: int, mark: int | None = None) -> list[Present]:
        """Return no members."""
        del room, most, mark
        return []

    def marks(self, room: str) -> Mapping[int, int]:
        """Return no marks."""
        del room
        return {}

    def platforms(self, user: str) -> Sequence[str]:
        """Return no platform for anybody."""
        del user
        return ()

    def users(self) -> int:
        """Return 0."""
        return 0


class Around(msgspec.Struct, frozen=True):
    """What a store knows of what is around it."""

    presence: Presence = Nobody()
    publish: Publish | None = None
    """Without it the store takes no events."""
    report: Report | None = None
    """Without it nothing is told to the apps' own servers."""


class Engine(Protocol):
    """One connection. All calls come from the thread that runs the batch."""

    def query(self, sql: LiteralString, params: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        ...

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once per set of parameters."""
        ...

    def begin(self, *, writes: bool) -> None:
        """Begin a transaction."""
        ...

    def commit(self) -> None:
        """Make the transaction durable."""
        ...

    def rollback(self) -> None:
        """Undo the transaction."""
        ...

    def save(self) -> None:
        """Set the savepoint."""
        ...

    def release(self) -> None:
        """Drop the savepoint, keeping what was done since."""
        ...

    def restore(self) -> None:
        """Undo what was done since the savepoint, and drop it."""
        ...

    def last_number(self, table: str) -> int:
        """Return the last number that was handed out for the ``{serial}`` column of a table."""
        ...

    def number_after(self, table: str, last: int) -> None:
        """Go on after a number in the ``{serial}`` column (``num``) of a table; undone with the transaction."""
        ...

    @property
    def due(self) -> bool:
        """Say that ``between`` has work that takes time."""
        ...

    def between(self) -> None:
        """Do upkeep between two commits."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Memory:
    """What the one writer remembers between transactions without storing it, undone with them."""

    def __init__(self) -> None:
        self.accounts: set[str] = set()
        self._values: dict[str, Any] = {}
        self._undo: list[tuple[str, Any]] = []

    def get(self, key: str) -> Any:
        """Return a value, or None."""
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Remember a value; where there are too many, the oldest half is forgotten."""
        self._undo.append((key, self._values.pop(key, None)))
        self._values[key] = value
        if len(self._values) > MAX_REMEMBERED:
            for old in list(self._values)[: MAX_REMEMBERED // 2]:
                del self._values[old]

    def mark(self) -> int:
        """Return a place to go back to."""
        return len(self._undo)

    def back(self, mark: int = 0) -> None:
        """Undo what was remembered since a place; accounts that were found by what is undone may not be there."""
        self.accounts.clear()
        while len(self._undo) > mark:
            key, value = self._undo.pop()
            self._values.pop(key, None)
            if value is not None:
                self._values[key] = value

    def clear(self) -> None:
        """Forget everything."""
        self.accounts.clear()
        self._values.clear()
        self._undo.clear()

    def settle(self) -> None:
        """Let what was remembered stand."""
        self._undo.clear()
        if len(self.accounts) > MAX_ACCOUNTS:
            self.accounts.clear()


class EngineTx:
    """``Tx`` on an engine. Counters are kept in memory by the one writer and written once per commit."""

    __slots__ = (
        "_counters", "_engine", "_memory", "_report", "accounts", "counted", "events", "presence", "undo", "who",
    )  # fmt: skip

    def __init__(
        self,
        engine: Engine,
        presence: Presence,
        counters: dict[str, int] | None,
        memory: Memory | None = None,
        report: Report | None = None,
    ) -> None:
        self._engine = engine
        self._counters = counters
        self._memory = memory
        self._report = report
        self.who: Who | None = None
        self.accounts = set() if memory is None else memory.accounts
        self.presence = presence
        self.events: list[tuple[Event, bool]] = []
        self.counted: list[Callable[[Meters], None]] = []
        self.undo: dict[str, int] = {}

    def one(self, sql: LiteralString, /, **params: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self._engine.query(sql, params)
        return rows[0] if rows else None

    def all(self, sql: LiteralString, /, **params: Any) -> list[Row]:
        """Return all rows."""
        return self._engine.query(sql, params)

    def run(self, sql: LiteralString, /, **params: Any) -> None:
        """Execute a statement that returns nothing."""
        self._engine.many(sql, (params,))

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement once for each set of parameters."""
        if rows:
            self._engine.many(sql, rows)

    def count(self, name: str, step: int) -> int:
        """Add to a counter of the app (0 reads it) and return its new value."""
        cached = self._counters
        value = None if cached is None else cached.get(name)
        if value is None:
            row = self.one(SELECT_COUNTER, name=name)
            value = int(row[0]) if row else 0
        if step:
            if cached is None:
                raise TypeError("a reading transaction cannot count")
            self.undo.setdefault(name, value)
            value += step
            cached[name] = value
        return value

    def last_number(self, table: str) -> int:
        """Return the last number that the engine handed out in a table."""
        return self._engine.last_number(table)

    def number_after(self, table: str, last: int) -> None:
        """Have the engine go on after a number in a table."""
        self._engine.number_after(table, last)

    def recall(self, key: str) -> Any:
        """Return what the writer remembers."""
        return None if self._memory is None else self._memory.get(key)

    def remember(self, key: str, value: Any) -> None:
        """Have the writer remember a value."""
        if self._memory is None:
            raise TypeError("a reading transaction remembers nothing")
        self._memory.put(key, value)

    def emit(self, event: Event, *, keep: bool = True) -> None:
        """Publish an event with this transaction, and report it where the app's server wants to know."""
        self.events.append((event, keep))
        who = self.who
        if who is None:
            return
        day = who.app.day(who.now)
        self.counted.append(lambda meters: meters.see(day, event))
        if self._report is not None and who.app.settings.callbacks.url:
            self._report(self, who, event)

    def meter(self, day: str, name: str, step: int) -> None:
        """Add to a meter of a day."""
        self.counted.append(lambda meters: meters.add(day, name, step))

    def peak(self, day: str, level: str, value: int) -> None:
        """Raise a level's peak of a day."""
        self.counted.append(lambda meters: meters.rise(day, level, value))

    def mark(self, day: str, user: str, marks: Did) -> None:
        """Count a user in the meters of what he did."""
        self.counted.append(lambda meters: meters.mark(day, user, marks))


class Job(msgspec.Struct):
    """A transaction that waits, and what came of it."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    future: Any
    loop: asyncio.AbstractEventLoop | None
    alone: bool = False
    """It puts other data in the place of the store's: it has a commit of its own, and the writer forgets before it."""
    value: Any = None
    fault: BaseException | None = None

    def run(self, tx: "EngineTx") -> Any:
        """Run the transaction; a command's first argument is who calls."""
        first = self.args[0] if self.args else None
        tx.who = first if isinstance(first, Who) else None
        return self.fn(tx, *self.args)

    def settle(self) -> None:
        """Give the result to whoever waits."""
        if self.future.done():
            return
        if self.fault is not None:
            self.future.set_exception(self.fault)
        else:
            self.future.set_result(self.value)


def together(waiting: Sequence[Job]) -> int:
    """Return how many of those that wait share the next commit."""
    for number, job in enumerate(waiting[:MAX_BATCH]):
        if job.alone:
            return number or 1
    return min(len(waiting), MAX_BATCH)


def settle(jobs: Iterable[Job]) -> None:
    """Give results to all who wait."""
    for job in jobs:
        job.settle()


class Batch:
    """Runs batches on one connection: ``run`` up to the commit, ``commit``, then ``take_events``."""

    def __init__(self, engine: Engine, around: Around, *, writes: bool) -> None:
        self.engine = engine
        self.delivered = 0
        self._presence = around.presence
        self._writes = writes
        self._keeps_events = writes and around.publish is not None
        self._counters: dict[str, int] | None = {} if writes else None
        self._counted: set[str] = set()
        self._meters = Meters(engine)
        self._report = around.report
        self._memory = Memory() if writes else None
        self._events: list[tuple[int, Event]] = []
        self._careful = 0
        self._undone = False
        self._forgotten = self._last_event = 0
        if self._keeps_events:
            self._last_event = engine.query("SELECT coalesce(max(id), 0) FROM outbox", {})[0][0]

    def run(self, jobs: Sequence[Job]) -> None:
        """Run transactions up to, not including, the commit. A fault of one is kept for its caller only."""
        self._undone = False
        self._meters.settle()
        if self._memory is not None:
            self._memory.settle()
        if jobs[0].alone:
            self._forget_data()
        try:
            self.engine.begin(writes=self._writes)
            if not self._writes or self._careful or not self._run_together(jobs):
                self._careful = max(0, self._careful - 1)
                for job in jobs:
                    self._run_alone(job)
            if self._writes:
                self._write_counters()
                self._meters.write()
                self._write_events()
                self._forget()
        except BaseException as fault:  # noqa: BLE001 - the whole batch failed: nobody's transaction happened
            self._undo(jobs, fault)

    def commit(self, jobs: Sequence[Job]) -> None:
        """Make the batch durable, or give every caller the fault."""
        if self._undone:
            return
        try:
            self.engine.commit()
        except BaseException as fault:  # noqa: BLE001 - given to every caller
            self._undo(jobs, fault)

    def take_events(self) -> list[tuple[int, Event]]:
        """Return the committed events with their outbox ids (0: not kept), in order."""
        events, self._events = self._events, []
        return events

    def forget_now(self) -> None:
        """Remove all delivered events from the outbox."""
        if self._keeps_events and self.delivered > self._forgotten:
            self.engine.begin(writes=True)
            self._forget(step=1)
            self.engine.commit()

    def _forget_data(self) -> None:
        """Forget what is remembered of the stored data; between two commits all of it is stored."""
        self._meters.forget()
        if self._counters is not None:
            self._counters.clear()
        if self._memory is not None:
            self._memory.clear()

    def _run_together(self, jobs: Sequence[Job]) -> bool:
        """Run a batch without savepoints; on the first fault undo it all and say that it must run again."""
        tx = self._tx()
        try:
            for job in jobs:
                job.value = job.run(tx)
        except Exception as fault:  # noqa: BLE001 - given back to the caller
            self._rollback()
            self.engine.begin(writes=True)
            if len(jobs) == 1:
                jobs[0].fault = fault
                return True
            self._careful = CAREFUL_BATCHES
            return False
        self._keep(tx)
        return True

    def _run_alone(self, job: Job) -> None:
        """Run one transaction behind a savepoint; on a fault undo it."""
        tx = self._tx()
        mark = self._memory.mark() if self._memory is not None else 0
        if self._writes:
            self.engine.save()
        try:
            job.value, job.fault = job.run(tx), None
        except Exception as fault:  # noqa: BLE001 - given back to the caller
            job.fault = fault
            if self._writes and self._counters is not None:
                self.engine.restore()
                self._counters.update(tx.undo)
                if self._memory is not None:
                    self._memory.back(mark)
            return
        if self._writes:
            self.engine.release()
            self._keep(tx)

    def _tx(self) -> EngineTx:
        return EngineTx(self.engine, self._presence, self._counters, self._memory, self._report)

    def _keep(self, tx: EngineTx) -> None:
        self._counted.update(tx.undo)
        for count in tx.counted:
            count(self._meters)
        for event, keep in tx.events:
            if keep:
                self._last_event += 1
            self._events.append((self._last_event if keep else 0, event))

    def _rollback(self) -> None:
        self.engine.rollback()
        self._meters.clear()
        if self._memory is not None:
            self._memory.back()
        if self._counters is not None:
            self._counters.clear()
        self._counted.clear()

    def _undo(self, jobs: Sequence[Job], fault: BaseException) -> None:
        self._undone = True
        self._forgotten = 0  # the commit may have been the one that removed delivered events
        self._rollback()
        self._events.clear()
        for job in jobs:
            job.fault = fault

    def _write_counters(self) -> None:
        if self._counted and self._counters is not None:
            self.engine.many(
                WRITE_COUNTER, [{"name": name, "value": self._counters[name]} for name in sorted(self._counted)]
            )
            self._counted.clear()

    def _write_events(self) -> None:
        """Store a commit's events as one outbox row, under the id of the last of them."""
        kept = [event for number, event in self._events if number]
        if kept:
            if not self._keeps_events:
                raise TypeError("a store without a publisher takes no events")
            row = {"id": self._last_event, "body": encode_event(kept).decode()}
            self.engine.many("INSERT INTO outbox (id, body) VALUES (:id, :body)", [row])

    def _forget(self, step: int = FORGET_STEP) -> None:
        upto = self.delivered
        if upto - self._forgotten >= step:
            self.engine.query("DELETE FROM outbox WHERE id <= :upto", {"upto": upto})
            self._forgotten = upto


class ThreadLane:
    """A thread with one connection and a queue of transactions."""

    def __init__(
        self,
        name: str,
        opening: Callable[[], Engine],
        around: Around,
        *,
        writes: bool = False,
    ) -> None:
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._held: Job | None = None
        self._publish = around.publish if writes else None
        self._closed = False
        self._batch: Batch
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()

        def opened() -> Batch:
            return Batch(opening(), around, writes=writes)

        self._thread = threading.Thread(target=self._work, args=(opened, ready), name=name, daemon=True)
        self._thread.start()
        ready.result()

    async def submit(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction and return its result after the commit."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.start(fn, args, future)
        return await future

    def start(self, fn: Callable[..., Any], args: tuple[Any, ...], waiter: Any) -> None:
        """Run a transaction and, after the commit, give its result to a waiter on this loop."""
        self._put(Job(fn, args, waiter, asyncio.get_running_loop()))

    def submit_now(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction from a thread without a loop, and wait for it."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._put(Job(fn, args, future, None))
        return future.result()

    async def replace(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction that puts other data in the place of the store's."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(Job(fn, args, future, loop, alone=True))
        return await future

    def replace_now(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction that replaces the store's data from a thread without a loop, and wait for it."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._put(Job(fn, args, future, None, alone=True))
        return future.result()

    def _put(self, job: Job) -> None:
        if self._closed:
            raise StoreClosed
        if self._queue.qsize() >= MAX_WAITING:
            raise Refused(OVERLOADED, f"{MAX_WAITING} transactions")
        self._queue.put(job)

    def delivered(self, upto: int) -> None:
        """Say that all events up to this outbox id reached their sinks; their rows go with a later commit."""
        self._batch.delivered = upto

    def close(self) -> None:
        """Finish what waits, then close the connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _work(self, opened: Callable[[], Batch], ready: "concurrent.futures.Future[None]") -> None:
        try:
            batch = self._batch = opened()
        except BaseException as fault:  # noqa: BLE001 - handed to the thread that waits for the store
            ready.set_exception(fault)
            return
        ready.set_result(None)
        going = True
        while going:
            jobs, going = self._collect()
            if jobs:
                batch.run(jobs)
                batch.commit(jobs)
                if (events := batch.take_events()) and self._publish is not None:
                    self._publish(events)
                self._answer(jobs)
                batch.engine.between()
        batch.forget_now()
        batch.engine.close()

    def _collect(self) -> tuple[list[Job], bool]:
        first, self._held = self._held or self._queue.get(), None
        if first is None:
            return [], False
        jobs = [first]
        while len(jobs) < MAX_BATCH and not first.alone:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, False
            if job.alone:
                self._held = job
                break
            jobs.append(job)
        return jobs, True

    @staticmethod
    def _answer(jobs: list[Job]) -> None:
        """Settle a batch's futures, waking each event loop once."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        for job in jobs:
            if job.loop is None:
                job.settle()
            else:
                by_loop.setdefault(job.loop, []).append(job)
        for loop, mine in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, mine)


class LoopLane:
    """Runs writing transactions on the event loop and commits in a thread.

    For an engine whose statements are calls into this process: what two threads would lose to each other at the
    interpreter's lock is more than the statements cost. Only the commit waits for the disk, and it does so elsewhere.
    """

    def __init__(self, name: str, opening: Callable[[], Engine], around: Around) -> None:
        self._publish = around.publish
        self._batch = Batch(opening(), around, writes=True)
        self._waiting: list[Job] = []
        self._busy = False
        self._closed = False
        self._commits: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._commit, name=name, daemon=True)
        self._thread.start()
        self._idle = threading.Event()
        self._idle.set()

    async def submit(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction and return its result after the commit."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.start(fn, args, future)
        return await future

    def start(self, fn: Callable[..., Any], args: tuple[Any, ...], waiter: Any) -> None:
        """Run a transaction and, after the commit, give its result to a waiter on this loop."""
        loop = asyncio.get_running_loop()
        self._put(Job(fn, args, waiter, loop), loop)

    async def replace(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction that puts other data in the place of the store's."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(Job(fn, args, future, loop, alone=True), loop)
        return await future

    def _put(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            raise StoreClosed
        if len(self._waiting) >= MAX_WAITING:
            raise Refused(OVERLOADED, f"{MAX_WAITING} transactions")
        self._waiting.append(job)
        if not self._busy:
            self._busy = True
            self._idle.clear()
            loop.call_soon(self._flush, loop)

    def submit_now(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction where no loop uses the store, and return its result after the commit."""
        return self._now(fn, args, alone=False)

    def replace_now(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction that replaces the store's data where no loop uses the store."""
        return self._now(fn, args, alone=True)

    def _now(self, fn: Callable[..., T], args: tuple[Any, ...], *, alone: bool) -> T:
        self._idle.wait()
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        job = Job(fn, args, future, None, alone=alone)
        self._batch.run([job])
        self._batch.commit([job])
        self._give(self._batch.take_events(), [job])
        self._batch.engine.between()
        return future.result()

    def delivered(self, upto: int) -> None:
        """Say that all events up to this outbox id reached their sinks; their rows go with a later commit."""
        self._batch.delivered = upto

    def close(self) -> None:
        """Finish what waits, then close the connection. Not to be called on the loop while transactions wait."""
        if not self._closed:
            self._closed = True
            self._idle.wait()
            self._commits.put(None)
            self._thread.join()
            self._batch.forget_now()
            self._batch.engine.close()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run what waits, all in one batch, and hand the commit to the thread."""
        number = together(self._waiting)
        jobs, self._waiting = self._waiting[:number], self._waiting[number:]
        if not jobs:
            self._busy = False
            self._idle.set()
            return
        self._batch.run(jobs)
        self._commits.put(jobs)

    def _commit(self) -> None:
        """Commit batch after batch in the thread; upkeep comes after the replies and before the next batch."""
        batch, engine = self._batch, self._batch.engine
        while (jobs := self._commits.get()) is not None:
            batch.commit(jobs)
            loop, events = jobs[0].loop, batch.take_events()
            if loop is None or loop.is_closed():
                self._idle.set()
            elif engine.due:
                loop.call_soon_threadsafe(self._give, events, jobs)
                engine.between()
                loop.call_soon_threadsafe(self._flush, loop)
            else:
                engine.between()
                loop.call_soon_threadsafe(self._committed, loop, events, jobs)

    def _committed(self, loop: asyncio.AbstractEventLoop, events: list[tuple[int, Event]], jobs: Sequence[Job]) -> None:
        """Give a batch's results out; when a full batch waits, first let it run, so that its commit does not wait."""
        crowded = len(self._waiting) >= MAX_BATCH
        if crowded:
            self._flush(loop)
        self._give(events, jobs)
        if not crowded:
            loop.call_soon(self._flush, loop)

    def _give(self, events: list[tuple[int, Event]], jobs: Sequence[Job]) -> None:
        if events and self._publish is not None:
            self._publish(events)
        settle(jobs)


class BatchStore:
    """A store of two lanes: one that writes, one that reads."""

    def __init__(self, writer: "ThreadLane | LoopLane", reader: ThreadLane) -> None:
        self._writer = writer
        self._reader = reader
        self.write = writer.submit
        self.read = reader.submit
        self.start_write = writer.start
        self.start_read = reader.start
        self.replace = writer.replace
        self.write_now = writer.submit_now
        self.replace_now = writer.replace_now
        self.read_now = reader.submit_now
        self.delivered = writer.delivered

    def undelivered(self) -> list[tuple[int, Event]]:
        """Return the events that a former run committed and did not deliver."""
        rows = self.read_now(lambda tx: tx.all("SELECT id, body FROM outbox ORDER BY id"))
        found: list[tuple[int, Event]] = []
        for last, body in rows:
            events = decode_events(body)
            found += zip(range(last - len(events) + 1, last + 1), events, strict=True)
        return found

    def close(self) -> None:
        """Finish what waits and close both connections."""
        self._reader.close()
        self._writer.close()
