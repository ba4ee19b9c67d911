"""The SQLite engine: write-ahead log, ``synchronous=FULL``, checkpoints between two commits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString

import apsw

from qunzhu.core.ports import Presence, Row
from qunzhu.store.batch import BatchStore, LoopLane, Nobody, Publish, ThreadLane
from qunzhu.store.migrate import migrate
from qunzhu.store.sql import SQLITE_WORDS, positional

CHECKPOINT_PAGES = 12_000
"""Size of the log (pages of 4 KiB) from which it is copied into the database: about 14 ms every 3,000 creations. The
file keeps its largest size, for a log that is overwritten costs half of what a growing one does for each commit."""
WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024
BUSY_MS = 10_000


class SqliteEngine:
    """One SQLite connection."""

    def __init__(self, path: Path, family: str, *, writes: bool) -> None:
        self._connection = apsw.Connection(str(path), statementcachesize=200)
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
        version = migrate(family, present, SQLITE_WORDS, lambda statement: self._execute(statement).fetchall())
        if version != present:
            self._execute(f"PRAGMA user_version = {version}")
        self._execute("COMMIT")

    def query(self, sql: LiteralString, params: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        return self._execute(sql, positional(sql)(params)).fetchall()

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once per set of parameters."""
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

    def _log_grew(self, connection: apsw.Connection, name: str, pages: int) -> int:
        del connection, name
        self._log_pages = pages
        return int(apsw.SQLITE_OK)

    @property
    def due(self) -> bool:
        """Say that the log has grown enough to be copied into the database."""
        return self._log_pages >= CHECKPOINT_PAGES

    def between(self) -> None:
        """Copy a grown log into the database; the next transaction then starts it anew."""
        if self.due:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._log_pages = 0

    def close(self) -> None:
        """Close the connection; the last one empties the log into the database."""
        self._connection.close()


def open_sqlite(
    path: Path, family: str = "app", *, presence: Presence | None = None, publish: Publish | None = None
) -> BatchStore:
    """Open (and make or migrate) a database file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    who = presence or Nobody()
    writer = LoopLane(f"{path.stem}-commit", lambda: SqliteEngine(path, family, writes=True), who, publish)
    return BatchStore(writer, ThreadLane(f"{path.stem}-read", lambda: SqliteEngine(path, family, writes=False), who))
