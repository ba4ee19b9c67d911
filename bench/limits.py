"""The limits that a create rate is compared with: the disk alone, and the store alone.

* `append_sync`: append some bytes to a file and `fdatasync` it, over and over. Nothing durable can answer faster than
  one of these, and nothing that shares it among n callers can make more than n times as many.
* `commit_latency`: the same through SQLite: one small row, WAL, `synchronous=FULL`.
* `store_loop`: the SQL of one operation, with the durability of the server, in batches of 64 to a commit: no HTTP, no
  JSON, no signature, no rights, no waiting callers. What a server reaches of this rate is its own efficiency.
"""

import os
import random
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import apsw
import msgspec

import qunzhu.commands  # noqa: F401 - fills the command table
from bench import target
from bench.stats import micros, percentile
from qunzhu.core.command import BY_NAME
from qunzhu.core.events import encode_event
from qunzhu.core.ports import REST, App, Who
from qunzhu.store.batch import WRITE_COUNTER, EngineTx, Memory, Nobody
from qunzhu.store.migrate import scripts
from qunzhu.store.sql import SQLITE_WORDS, schema
from qunzhu.store.sqlite import WRITER_CACHE_KIB

PAGE = 4_096
BATCH = 64
CHECKPOINT_PAGES = 1_000
"""A checkpoint is due at this many pages in the log, SQLite's own default."""

Bindings = Mapping[str, object]
Operation = Callable[[int], Sequence[tuple[str, Bindings]]]
"""Given a running number, returns the statements of one operation with their named parameters, in order."""


class Latency(msgspec.Struct, frozen=True):
    """How long one durable step took. Rate in steps a second, latencies in microseconds, `size` in bytes a step."""

    size: int
    rate: float
    p50_us: float
    p99_us: float
    max_us: float


class StoreRate(msgspec.Struct, frozen=True):
    """What the store alone does. Rate in operations a second; latencies in microseconds a commit of `batch` operations.

    `log_bytes` is what one operation adds to the write-ahead log at this batch size, frame headers included.
    """

    workload: str
    batch: int
    rate: float
    p50_us: float
    p99_us: float
    operations: int
    log_bytes: int


class Workload(msgspec.Struct, frozen=True):
    """What `store_loop` runs.

    `schema`: statements that make the tables and the rows which operations expect (accounts, counters).
    `prepared`: statements with parameters that fill the tables before the clock starts.
    `operation`: see `Operation`. Its texts must be the server's own constants, not copies.
    `pragmas`: statements for the connection, before the schema: the server's own durability.
    `checkpointer`: checkpoints run in a thread with a connection of its own, as a server may choose to do.
    """

    name: str
    schema: Sequence[str]
    operation: Operation
    prepared: Sequence[tuple[str, Bindings]] = ()
    pragmas: Sequence[str] = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
    checkpointer: bool = False


class Recorder:
    """Stands in for the engine while a command runs, and keeps the statements it is given."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Bindings]] = []

    def query(self, sql: str, params: Bindings) -> list[tuple[object, ...]]:
        """Keep a statement and answer as a store with all accounts would."""
        self.statements.append((sql, params))
        return [(len(params),)] if "FROM accounts" in sql else []

    def many(self, sql: str, rows: Sequence[Bindings]) -> None:
        """Keep a statement once per row."""
        self.statements += [(sql, row) for row in rows]


def qunzhu_workload(users: Sequence[str]) -> Workload:
    """Return the SQL of create_group (an owner and three members out of `users`) as the server runs it.

    The statements are recorded from the command itself, each with its own parameters. Counters and the outbox row are
    written once per batch, as the server does.
    """
    command = BY_NAME["create_group"]
    app = App(sdkappid=target.SDKAPPID, name="bench", key="", admins=(target.ADMIN,))
    dice, counters, memory = random.Random(20_240), {"accounts": len(users)}, Memory()
    waiting: list[tuple[object, bool]] = []

    def operation(number: int) -> list[tuple[str, Bindings]]:
        recorder = Recorder()
        tx = EngineTx(cast("Any", recorder), Nobody(), counters, memory)
        now_ms = time.time_ns() // 1_000_000
        who = Who(app=app, user=target.ADMIN, admin=True, door=REST, now_ms=now_ms, random=os.urandom)
        command.run(tx, who, command.decode(target.create_body(users, number, dice)))
        waiting.extend(tx.events)
        if (number + 1) % BATCH == 0:
            body = encode_event([event for event, _ in waiting]).decode()
            waiting.clear()
            recorder.many(WRITE_COUNTER, [{"name": name, "value": value} for name, value in counters.items()])
            recorder.query("INSERT INTO outbox (id, body) VALUES (:id, :body)", {"id": number, "body": body})
        return recorder.statements

    accounts = ", ".join(f"('{user}', '', '', 0, 0)" for user in users)
    return Workload(
        name="create_group",
        schema=(
            *(statement for script in scripts("app") for statement in schema(script, SQLITE_WORDS)),
            f"INSERT INTO accounts (user_id, nick, face_url, created_at, revoked_before) VALUES {accounts}",
        ),
        operation=operation,
        pragmas=("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", f"PRAGMA cache_size = -{WRITER_CACHE_KIB}"),
        checkpointer=True,
    )


def plain_workload() -> Workload:
    """Return a stand-in with the least that a group needs: six rows (group, four members, event), no other index.

    It shows what the loop itself and this disk can do. It is no limit of the server and is never used as one.
    """
    schema = (
        "CREATE TABLE groups (id TEXT PRIMARY KEY, kind INTEGER, name TEXT, owner TEXT, made INTEGER) WITHOUT ROWID",
        "CREATE TABLE members (id TEXT, user TEXT, role INTEGER, at INTEGER, PRIMARY KEY (id, user)) WITHOUT ROWID",
        "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, body TEXT)",
    )
    group = "INSERT INTO groups VALUES (:id, 1, :name, :user, :at)"
    member = "INSERT INTO members VALUES (:id, :user, :role, :at)"
    event = "INSERT INTO outbox (body) VALUES (:body)"

    def operation(number: int) -> list[tuple[str, Bindings]]:
        # Scattered ids, because the server's ids must not be guessable from one another.
        key = f"@TGS#{number * 2_654_435_761 % 2**40:010X}"
        users = [f"user{(number * 7 + place * 501) % 2_000:05d}" for place in range(4)]
        common = {"id": key, "at": 1_700_000_000 + number}
        rows = [(member, common | {"user": user, "role": 200}) for user in users]
        return [(group, common | {"name": f"group {number}", "user": users[0]}), *rows, (event, {"body": "e" * 200})]

    return Workload("stand-in", schema, operation)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give a new folder under `folder`, so on the file system that is measured; remove it after."""
    with tempfile.TemporaryDirectory(prefix="limits-", dir=folder) as place:
        yield Path(place)


def append_sync(folder: Path, *, size: int = PAGE, seconds: float = 3.0) -> Latency:
    """Append `size` bytes and fdatasync, for `seconds`. The file grows, as a log does; nothing is preallocated."""
    data, taken = os.urandom(size), array("q")
    with scratch(folder) as place, (place / "log").open("ab", buffering=0) as file:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = time.perf_counter_ns()
            file.write(data)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter_ns() - before)
    return _latency(size, taken)


def commit_latency(folder: Path, *, seconds: float = 3.0) -> Latency:
    """Insert and commit one row of 100 bytes, for `seconds`: apsw, WAL, synchronous FULL, checkpoints as by default."""
    workload = Workload(
        "one row",
        ("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)",),
        lambda number: [("INSERT INTO rows VALUES (:id, :body)", {"id": number, "body": "r" * 100})],
    )
    with scratch(folder) as place:
        taken, _ = _run(place, workload, seconds, batch=1)
    return _latency(100, taken)


def store_loop(folder: Path, workload: Workload, *, seconds: float = 3.0, batch: int = BATCH) -> StoreRate:
    """Run the workload's operations for `seconds`, `batch` of them to a commit, in one thread.

    The parameters of a batch are made before its clock starts: only the work of the store counts.
    """
    with scratch(folder) as place:
        taken, written = _run(place, workload, seconds, batch=batch)
    ordered, operations = sorted(taken), len(taken) * batch
    return StoreRate(
        workload=workload.name,
        batch=batch,
        rate=round(operations / (sum(taken) / 1e9), 1),
        p50_us=micros(percentile(ordered, 0.50)),
        p99_us=micros(percentile(ordered, 0.99)),
        operations=operations,
        log_bytes=written,
    )


def _run(place: Path, workload: Workload, seconds: float, *, batch: int) -> tuple[Sequence[int], int]:
    """Return nanoseconds per commit, and log bytes per operation at the end, when the tables have grown."""
    database = apsw.Connection(str(place / "bench.db"))
    for statement in (*workload.pragmas, *workload.schema):
        database.execute(statement).fetchall()
    with database:
        for text, values in workload.prepared:
            database.execute(text, values).fetchall()
    taken, number = array("q"), 0
    with _checkpoints(place / "bench.db", database, workload):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            taken.append(_commit(database, workload, number, batch))
            number += batch
    written = _log_bytes(database, place / "bench.db-wal", workload, number, batch)
    database.close()
    return taken, written


def _commit(database: apsw.Connection, workload: Workload, first: int, batch: int) -> int:
    """Run a batch in one transaction and return its nanoseconds."""
    statements = [statement for number in range(first, first + batch) for statement in workload.operation(number)]
    execute = database.execute
    before = time.perf_counter_ns()
    execute("BEGIN IMMEDIATE")
    for text, values in statements:
        execute(text, values).fetchall()
    execute("COMMIT")
    return time.perf_counter_ns() - before


def _log_bytes(database: apsw.Connection, log: Path, workload: Workload, first: int, batch: int) -> int:
    """Return what one operation of a batch adds to an empty write-ahead log."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    _commit(database, workload, first, batch)
    return log.stat().st_size // batch


@contextmanager
def _checkpoints(file: Path, database: apsw.Connection, workload: Workload) -> Iterator[None]:
    """Run checkpoints in a thread of their own while the block runs, if the workload says so."""
    if not workload.checkpointer:
        yield
        return
    due, over = threading.Event(), threading.Event()

    def committed(_: apsw.Connection, __: str, pages: int) -> int:
        if pages >= CHECKPOINT_PAGES:
            due.set()
        return apsw.SQLITE_OK

    # Setting the hook also turns SQLite's own checkpoints off: they are a hook themselves.
    database.set_wal_hook(committed)
    thread = threading.Thread(target=_checkpoint_loop, args=(file, due, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        due.set()
        thread.join()


def _checkpoint_loop(file: Path, due: threading.Event, over: threading.Event) -> None:
    own = apsw.Connection(str(file))
    own.pragma("user_version")  # before it has read, a connection knows of no log and copies nothing
    while due.wait() and not over.is_set():
        due.clear()
        own.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    own.close()


def _latency(size: int, taken: Sequence[int]) -> Latency:
    ordered = sorted(taken)
    return Latency(
        size=size,
        rate=round(len(ordered) / (sum(ordered) / 1e9), 1),
        p50_us=micros(percentile(ordered, 0.50)),
        p99_us=micros(percentile(ordered, 0.99)),
        max_us=micros(ordered[-1]),
    )
