"""The PostgreSQL engine: a schema per app, the same statements as SQLite. Needs the extra ``postgres``."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql as pg

from qunzhu.core.ports import Row
from qunzhu.store.batch import Around, BatchStore, ThreadLane
from qunzhu.store.migrate import migrate
from qunzhu.store.sql import POSTGRES_WORDS, pyformat


class PostgresEngine:
    """One PostgreSQL connection, bound to one schema."""

    due = False

    def __init__(self, url: str, schema: str, family: str, *, writes: bool) -> None:
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=2)
        self._cursor = self._connection.cursor()
        try:
            self._prepare(schema, family, writes=writes)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, schema: str, family: str, *, writes: bool) -> None:
        name = pg.Identifier(schema)
        if writes:
            self._cursor.execute(pg.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        self._cursor.execute(pg.SQL("SET search_path TO {}").format(name))
        self._cursor.execute("SET synchronous_commit = on")
        if writes:
            self._migrate(schema, family)

    def _migrate(self, schema: str, family: str) -> None:
        with self._connection.transaction():
            self._cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (schema,))
            self._cursor.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
            row = self._cursor.execute("SELECT version FROM schema_version").fetchone()
            present = row[0] if row else 0
            version = migrate(family, present, POSTGRES_WORDS, self._cursor.execute)
            if version != present:
                self._cursor.execute("DELETE FROM schema_version")
                self._cursor.execute("INSERT INTO schema_version VALUES (%s)", (version,))

    def query(self, sql: LiteralString, params: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        cursor = self._cursor.execute(pyformat(sql), params)
        return cursor.fetchall() if cursor.description else []

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once per set of parameters, in one round trip."""
        if len(rows) == 1:
            self._cursor.execute(pyformat(sql), rows[0])
        else:
            self._cursor.executemany(pyformat(sql), rows)

    def begin(self, *, writes: bool) -> None:
        """Begin a transaction; a reading one sees one snapshot."""
        self._cursor.execute("BEGIN" if writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        """Make the transaction durable."""
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction."""
        if not self._connection.closed:
            self._cursor.execute("ROLLBACK")

    def save(self) -> None:
        """Set the savepoint."""
        self._cursor.execute("SAVEPOINT one")

    def release(self) -> None:
        """Drop the savepoint, keeping what was done since."""
        self._cursor.execute("RELEASE one")

    def restore(self) -> None:
        """Undo what was done since the savepoint, and drop it."""
        self._cursor.execute("ROLLBACK TO one")
        self._cursor.execute("RELEASE one")

    def last_number(self, table: str) -> int:
        """Return the last number of a table's identity column."""
        asked = pg.SQL("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM {}")
        row = self._cursor.execute(asked.format(pg.Identifier(f"{table}_num_seq"))).fetchone()
        return row[0] if row else 0

    def number_after(self, table: str, last: int) -> None:
        """Go on after a number; unlike ``setval`` this is undone with the transaction."""
        restart = pg.SQL("ALTER TABLE {} ALTER COLUMN num RESTART WITH {}")
        self._cursor.execute(restart.format(pg.Identifier(table), pg.Literal(last + 1)))

    def between(self) -> None:
        """Do nothing: the server keeps its own log."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def open_postgres(url: str, schema: str, family: str = "app", around: Around | None = None) -> BatchStore:
    """Open (and make or migrate) a schema."""
    around = around or Around()
    writer = ThreadLane(
        f"{schema}-write", lambda: PostgresEngine(url, schema, family, writes=True), around, writes=True
    )
    return BatchStore(
        writer, ThreadLane(f"{schema}-read", lambda: PostgresEngine(url, schema, family, writes=False), around)
    )


def drop_schema(url: str, schema: str) -> None:
    """Remove a schema with all it holds."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(pg.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(pg.Identifier(schema)))


def schema_version(url: str, schema: str) -> int:
    """Return the number of the newest migration that a schema has seen; 0 where there is none."""
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            asked = pg.SQL("SELECT version FROM {}.schema_version").format(pg.Identifier(schema))
            row = connection.execute(asked).fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return row[0] if row else 0
