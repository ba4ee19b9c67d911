"""The SQLite engine: write-ahead log, ``synchronous=FULL``, checkpoints between two commits."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString

import apsw
import structlog

from qunzhu.core.ports import Row
from qunzhu.store.batch import Around, BatchStore, LoopLane, ThreadLane
from qunzhu.store.migrate import migrate
from qunzhu.store.sql import SQLITE_WORDS, positional

log = structlog.get_logger("qunzhu.store")
CHECKPOINT_PAGES = 12_000
"""Size of the log (pages of 4 KiB) from which it is copied into the database, about every 3,000 creations. The file
keeps its largest size, for a log that is overwritten costs half of what a growing one does for each commit."""
WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024
COPIES, FEW_PAGES = 3, 500
"""Beside transactions the log is copied up to so many times, each time what came meanwhile, until that is little: it
slows the commits beside it; where few write, one is enough."""
BUSY_MS = 10_000
OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
"""Without the engine's own lock, which each parameter takes: a lane uses its connection from one thread at a time."""


def copy_log(connection: apsw.Connection) -> None:
    """Copy what can be copied of the log into the database; what cannot stays in the log, and nothing is lost."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.Error as fault:
        log.warning("the log was not copied, next time", fault=str(fault))


class LogCopier:
    """Copies the log into the database in a thread of its own, while transactions go on.

    What they add meanwhile is copied at the end between two commits: only then does the log start anew.
    """

    def __init__(self, path: Path, log_pages: Callable[[], int]) -> None:
        self._path = path
        self._log_pages = log_pages
        self._thread: threading.Thread | None = None

    @property
    def done(self) -> bool:
        """Say that a copy was begun and is finished."""
        return self._thread is not None and not self._thread.is_alive()

    @property
    def begun(self) -> bool:
        """Say that a copy was begun."""
        return self._thread is not None

    def begin(self) -> None:
        """Begin to copy."""
        self._thread = threading.Thread(target=self._copy, name=f"{self._path.stem}-copy", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of a copy and forget it."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _copy(self) -> None:
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.pragma("user_version")  # before it has read, a connection knows of no log and copies nothing
            for _ in range(COPIES):
                before = self._log_pages()
                copy_log(connection)
                if self._log_pages() - before < FEW_PAGES:
                    break
        finally:
            connection.close()


class SqliteEngine:
    """One SQLite connection. ``upto`` has a new database made as an older version would."""

    def __init__(self, path: Path, family: str, *, writes: bool, upto: int | None = None) -> None:
        self._upto = upto
        self._copier = LogCopier(path, lambda: self._log_pages)
        self._connection = apsw.Connection(str(path), flags=OPEN, statementcachesize=64)
        self._connection.set_busy_timeout(BUSY_MS)
        self._cursor = self._connection.cursor()
        self._execute = self._cursor.execute
        self._log_pages = 0
        try:
            self._prepare(family, writes=writes)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, family: str, *, writes: bool) -> None:
        cache = WRITER_CACHE_KIB if writes else READER_CACHE_KIB
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = -{cache}", "wal_autocheckpoint = 0"):
            self._execute(f"PRAGMA {pragma}").fetchall()
        if writes:
            self._migrate(family)
            self._connection.set_wal_hook(self._log_grew)
        else:
            self._execute("PRAGMA query_only = 1")

    def _migrate(self, family: str) -> None:
        self._execute("BEGIN IMMEDIATE")
        present = self._connection.pragma("user_version")
        version = migrate(family, present, SQLITE_WORDS, self._run, self._upto)
        if version != present:
            self._execute(f"PRAGMA user_version = {version}")
        self._execute("COMMIT")

    def _run(self, statement: LiteralString) -> None:
        self._execute(statement).fetchall()

    def query(self, sql: LiteralString, params: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        return self._execute(sql, positional(sql)(params)).fetchall()

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once per set of parameters."""
        if len(rows) == 1:
            self._execute(sql, positional(sql)(rows[0]))
        else:
            self._cursor.executemany(sql, map(positional(sql), rows))

    def begin(self, *, writes: bool) -> None:
        """Begin a transaction."""
        self._execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def commit(self) -> None:
        """Make the transaction durable: with FULL the log is synced before this returns."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, unless the engine already did (as it does on a full disk)."""
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    def save(self) -> None:
        """Set the savepoint."""
        self._execute("SAVEPOINT one")

    def release(self) -> None:
        """Drop the savepoint, keeping what was done since."""
        self._execute("RELEASE one")

    def restore(self) -> None:
        """Undo what was done since the savepoint, and drop it."""
        self._execute("ROLLBACK TO one")
        self._execute("RELEASE one")

    def last_number(self, table: str) -> int:
        """Return the last number of a table's ``{serial}`` column."""
        row = self._execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return row[0] if row else 0

    def number_after(self, table: str, last: int) -> None:
        """Go on after a number; the engine itself goes on after the highest that is inserted."""
        self._execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self._execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    def _log_grew(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        self._log_pages = pages
        return int(apsw.SQLITE_OK)

    @property
    def due(self) -> bool:
        """Say that the rest of a grown log is to be copied into the database."""
        return self._copier.done

    def between(self) -> None:
        """Have a grown log copied into the database, then the rest; the next transaction then starts it anew."""
        if self.due:
            self._copier.finish()
            copy_log(self._connection)
            self._log_pages = 0
        elif self._log_pages >= CHECKPOINT_PAGES and not self._copier.begun:
            self._copier.begin()

    def close(self) -> None:
        """Close the connection; the last one empties the log into the database."""
        self._copier.finish()
        self._connection.close()


def open_sqlite(path: Path, family: str = "app", around: Around | None = None) -> BatchStore:
    """Open (and make or migrate) a database file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    around = around or Around()
    writer = LoopLane(f"{path.stem}-commit", lambda: SqliteEngine(path, family, writes=True), around)
    return BatchStore(writer, ThreadLane(f"{path.stem}-read", lambda: SqliteEngine(path, family, writes=False), around))


def file_version(path: Path) -> int:
    """Return the number of the newest migration that a database file has seen; 0 where there is none."""
    if not path.is_file():
        return 0
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(BUSY_MS)
        return int(connection.pragma("user_version"))
    finally:
        connection.close()
