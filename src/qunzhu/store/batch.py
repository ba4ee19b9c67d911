"""The thread that runs an app's transactions, many to a commit. Engines say how to begin, save and commit.

Waiting transactions share one commit: each runs behind a savepoint of its own, so that one that is refused leaves no
trace, and none is answered before the commit is on disk.
"""

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, LiteralString, Protocol, TypeVar

import msgspec

from qunzhu.core.errors import OVERLOADED, Refused
from qunzhu.core.events import AnyEvent, Event, decode_event, encode_event
from qunzhu.core.ports import Presence, Row

T = TypeVar("T")
Publish = Callable[[Sequence[tuple[int, Event]]], None]
"""Takes committed events with their outbox ids, in order; called from the store's thread."""
MAX_BATCH = 128
MAX_WAITING = 20_000
FORGET_STEP = 512


class StoreClosed(Exception):
    """The store was closed before the transaction ran."""


class Nobody:
    """The presence of a store that serves no sessions."""

    def platforms(self, user: str) -> Sequence[str]:
        """Return no platform for anybody."""
        del user
        return ()


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

    def between(self) -> None:
        """Do upkeep between two commits."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class EngineTx:
    """``Tx`` on an engine."""

    __slots__ = ("_many", "_query", "lost", "kept", "presence")

    def __init__(self, engine: Engine, presence: Presence) -> None:
        self._query = engine.query
        self._many = engine.many
        self.presence = presence
        self.kept: list[Event] = []
        self.lost: list[Event] = []

    def one(self, sql: LiteralString, **params: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self._query(sql, params)
        return rows[0] if rows else None

    def all(self, sql: LiteralString, **params: Any) -> list[Row]:
        """Return all rows."""
        return self._query(sql, params)

    def run(self, sql: LiteralString, **params: Any) -> None:
        """Execute a statement that returns nothing."""
        self._query(sql, params)

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement once for each set of parameters."""
        if rows:
            self._many(sql, rows)

    def emit(self, event: Event, *, keep: bool = True) -> None:
        """Publish an event with this transaction."""
        (self.kept if keep else self.lost).append(event)


class _Job(msgspec.Struct):
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    future: Any
    loop: asyncio.AbstractEventLoop | None
    value: Any = None
    fault: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():
            return
        if self.fault is not None:
            self.future.set_exception(self.fault)
        else:
            self.future.set_result(self.value)


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle()


class Lane:
    """A thread with one connection and a queue of transactions."""

    def __init__(
        self,
        name: str,
        opening: Callable[[], Engine],
        presence: Presence,
        *,
        writes: bool = False,
        publish: Publish | None = None,
    ) -> None:
        self._writes = writes
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._presence = presence
        self._publish = publish
        self._closed = False
        self._next_event = 0
        self._delivered = self._forgotten = 0
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._work, args=(opening, ready), name=name, daemon=True)
        self._thread.start()
        ready.result()

    async def submit(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction and return its result after the commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Job(fn, args, future, loop))
        return await future

    def submit_now(self, fn: Callable[..., T], *args: Any) -> T:
        """Run a transaction from a thread without a loop, and wait for it."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._put(_Job(fn, args, future, None))
        return future.result()

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise StoreClosed
        if self._queue.qsize() >= MAX_WAITING:
            raise Refused(OVERLOADED, f"{MAX_WAITING} transactions")
        self._queue.put(job)

    def delivered(self, upto: int) -> None:
        """Say that all events up to this outbox id reached their sinks; their rows go with a later commit."""
        self._delivered = upto

    def close(self) -> None:
        """Finish what waits, then close the connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _work(self, opening: Callable[[], Engine], ready: "concurrent.futures.Future[None]") -> None:
        try:
            engine = opening()
        except BaseException as fault:  # noqa: BLE001 - handed to the thread that waits for the store
            ready.set_exception(fault)
            return
        if self._publish is not None:
            self._next_event = engine.query("SELECT coalesce(max(id), 0) FROM outbox", {})[0][0] + 1
        ready.set_result(None)
        going = True
        while going:
            batch, going = self._collect()
            if batch:
                self._run(engine, batch)
                engine.between()
        if self._publish is not None and self._delivered > self._forgotten:
            self._run(engine, [_Job(lambda tx: None, (), concurrent.futures.Future(), None)], forget=True)
        engine.close()

    def _collect(self) -> tuple[list[_Job], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, False
            batch.append(job)
        return batch, True

    def _run(self, engine: Engine, batch: list[_Job], *, forget: bool = False) -> None:
        events: list[tuple[int, Event]] = []
        try:
            engine.begin(writes=self._writes)
            for job in batch:
                events += self._run_one(engine, job)
            if self._publish is not None:
                self._forget(engine, now=forget)
            engine.commit()
        except BaseException as fault:  # noqa: BLE001 - the whole commit failed: nobody's transaction happened
            engine.rollback()
            events = []
            for job in batch:
                job.fault = fault
        if events and self._publish is not None:
            self._publish(events)
        self._answer(batch)

    def _run_one(self, engine: Engine, job: _Job) -> list[tuple[int, Event]]:
        """Run one transaction behind a savepoint; on a fault undo it and keep the fault for its caller."""
        tx = EngineTx(engine, self._presence)
        if not self._writes:
            try:
                job.value = job.fn(tx, *job.args)
            except Exception as fault:  # noqa: BLE001 - given back to the caller
                job.fault = fault
            return []
        engine.save()
        try:
            job.value = job.fn(tx, *job.args)
            numbered = self._store_events(engine, tx.kept)
        except Exception as fault:  # noqa: BLE001 - given back to the caller
            engine.restore()
            job.fault = fault
            return []
        engine.release()
        return numbered + [(0, event) for event in tx.lost]

    def _store_events(self, engine: Engine, events: list[Event]) -> list[tuple[int, Event]]:
        if events and self._publish is None:
            raise TypeError("a store without a publisher takes no events")
        numbered = []
        for event in events:
            engine.query(
                "INSERT INTO outbox (id, body) VALUES (:id, :body)",
                {"id": self._next_event, "body": encode_event(event).decode()},
            )
            numbered.append((self._next_event, event))
            self._next_event += 1
        return numbered

    def _forget(self, engine: Engine, *, now: bool) -> None:
        upto = self._delivered
        if upto - self._forgotten >= FORGET_STEP or (now and upto > self._forgotten):
            engine.query("DELETE FROM outbox WHERE id <= :upto", {"upto": upto})
            self._forgotten = upto

    @staticmethod
    def _answer(batch: list[_Job]) -> None:
        """Settle a batch's futures, waking each event loop once."""
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in batch:
            if job.loop is None:
                job.settle()
            else:
                by_loop.setdefault(job.loop, []).append(job)
        for loop, jobs in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, jobs)


class BatchStore:
    """A store of two lanes: one that writes, one that reads."""

    def __init__(
        self,
        name: str,
        opening: Callable[[bool], Engine],
        *,
        presence: Presence | None = None,
        publish: Publish | None = None,
    ) -> None:
        who = presence or Nobody()
        self._writer = Lane(f"{name}-write", lambda: opening(True), who, writes=True, publish=publish)
        try:
            self._reader = Lane(f"{name}-read", lambda: opening(False), who)
        except BaseException:
            self._writer.close()
            raise
        self.write = self._writer.submit
        self.read = self._reader.submit
        self.write_now = self._writer.submit_now
        self.read_now = self._reader.submit_now
        self.delivered = self._writer.delivered

    def undelivered(self) -> list[tuple[int, AnyEvent]]:
        """Return the events that a former run committed and did not deliver."""
        rows = self.read_now(lambda tx: tx.all("SELECT id, body FROM outbox ORDER BY id"))
        return [(number, decode_event(body)) for number, body in rows]

    def close(self) -> None:
        """Finish what waits and close both connections."""
        self._reader.close()
        self._writer.close()
