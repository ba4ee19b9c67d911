"""The tables of an app's store as its migrations make them: names, columns in order, keys. There is no second list."""

import functools
from typing import LiteralString

import apsw
import msgspec

from qunzhu.store.migrate import migrate, scripts
from qunzhu.store.sql import SQLITE_WORDS

_NAMES = "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
PAGE_ROWS = 500
"""Rows read and written at a time: with the longest messages some 20 MB."""


class Table(msgspec.Struct, frozen=True):
    """One table. ``serial``: the engine hands out its numbers (``{serial}`` in the schema)."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    serial: bool

    @property
    def insert(self) -> LiteralString:
        """Return the statement that inserts a row by the names of its columns."""
        values = ", ".join(f":{column}" for column in self.columns)
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({values})"  # noqa: S608 - names of the schema

    @property
    def clear(self) -> LiteralString:
        """Return the statement that deletes all rows."""
        return f"DELETE FROM {self.name}"  # noqa: S608 - a name of the schema

    @property
    def count(self) -> LiteralString:
        """Return the question for the number of rows."""
        return f"SELECT count(*) FROM {self.name}"  # noqa: S608 - a name of the schema

    @property
    def highest(self) -> LiteralString:
        """Return the question for the highest number of a ``serial`` table."""
        return f"SELECT coalesce(max({self.key[0]}), 0) FROM {self.name}"  # noqa: S608 - names of the schema

    def page(self, *, first: bool) -> LiteralString:
        """Return the question for a page of rows by key: the first, or the one after the key in the parameters."""
        key = ", ".join(self.key)
        after = "" if first else f" WHERE ({key}) > ({', '.join(f':{column}' for column in self.key)})"
        return f"SELECT {', '.join(self.columns)} FROM {self.name}{after} ORDER BY {key} LIMIT {PAGE_ROWS}"  # noqa: S608 - names


def version() -> int:
    """Return the number of the newest migration of an app's store."""
    return len(scripts("app"))


def tables(upto: int | None = None) -> tuple[Table, ...]:
    """Return all tables by name, those of now or of an older version."""
    return _tables(version() if upto is None else upto)


@functools.cache
def _tables(upto: int) -> tuple[Table, ...]:
    """Read the tables from a database in memory in which the migrations ran."""
    connection = apsw.Connection(":memory:")
    try:
        migrate("app", 0, SQLITE_WORDS, lambda statement: connection.execute(statement).fetchall(), upto)
        found = sorted(connection.execute(_NAMES).fetchall())
        return tuple(_table(connection, str(name), serial=bool(serial)) for name, serial in found)
    finally:
        connection.close()


def _table(connection: apsw.Connection, name: str, *, serial: bool) -> Table:
    columns = connection.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", (name,)).fetchall()
    key = sorted((pk, column) for column, pk in columns if pk)
    return Table(name, tuple(str(column) for column, _ in columns), tuple(str(column) for _, column in key), serial)
