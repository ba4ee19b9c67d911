"""All of an app's store as a readable file, and back: exact, on any engine, a page of rows in memory at a time.

A file is lines of JSON: a header (``Header``); for each table an object (``TableHead``) and its rows as arrays in the
order of the primary key; at the end an object with the number of rows, without which a file is not whole. The outbox is
not in it: what waits there is told to sessions, which no copy has.
"""

import contextlib
import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from qunzhu.core.ports import Row
from qunzhu.store.batch import EngineTx
from qunzhu.store.tables import PAGE_ROWS, Table, tables, version

FORMAT = 1
NOT_KEPT = frozenset({"outbox"})
PACKED = ".gz"
_LEVEL = 6
Seen = Callable[[int], None]
_encode = msgspec.json.Encoder().encode


class DumpFault(Exception):
    """A file cannot be read back; the text says why."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. ``migration`` is the number of the schema's newest migration, ``at`` a unix time."""

    qunzhu: int
    """The number of this format."""
    migration: int
    sdkappid: int
    at: int


class TableHead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the rows of a table. ``last`` is the last number that the engine handed out in it."""

    table: str
    columns: tuple[str, ...]
    last: int | None = None


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The last line: how many rows all tables have."""

    rows: int


_header = msgspec.json.Decoder(Header).decode
_table_head = msgspec.json.Decoder(TableHead).decode
_end = msgspec.json.Decoder(End).decode
_row = msgspec.json.Decoder(tuple[int | str | None, ...]).decode


def unseen(rows: int) -> None:
    """Take no note of how many rows there are so far."""
    del rows


def count_rows(tx: EngineTx) -> int:
    """Return how many rows a dump would have."""
    return sum(tx.all(table.count)[0][0] for table in kept_tables())


def kept_tables(upto: int | None = None) -> tuple[Table, ...]:
    """Return the tables that a dump has, one of now or of an older version."""
    return tuple(table for table in tables(upto) if table.name not in NOT_KEPT)


@contextlib.contextmanager
def dump_file(path: Path, *, write: bool = False) -> Iterator[IO[bytes]]:
    """Open a dump, packed where its name ends in ``.gz``; the same content gives the same bytes."""
    with path.open("wb" if write else "rb") as file:
        if path.name.endswith(PACKED):
            with gzip.GzipFile("", "wb" if write else "rb", _LEVEL, file, mtime=0) as packed:
                yield cast("IO[bytes]", packed)
        else:
            yield file


def write_dump(tx: EngineTx, file: IO[bytes], *, sdkappid: int, at: int, seen: Seen = unseen) -> int:
    """Write everything that a transaction sees, and return the number of rows; ``seen`` is told of those so far."""
    _line(file, Header(qunzhu=FORMAT, migration=version(), sdkappid=sdkappid, at=at))
    rows = 0
    for table in kept_tables():
        _line(file, TableHead(table=table.name, columns=table.columns, last=_last(tx, table)))
        for page in _pages(tx, table):
            file.writelines(_encode(row) + b"\n" for row in page)
            rows += len(page)
            seen(rows)
    _line(file, End(rows=rows))
    return rows


def read_dump(tx: EngineTx, file: IO[bytes], seen: Seen = unseen) -> int:
    """Put a dump in the place of everything a store holds, and return the number of rows.

    To be run with ``BatchStore.replace``, for the writer remembers what is stored; a fault (``DumpFault``) leaves all
    as it was. An older version's dump is none of these tables: ``store.older`` makes one of it.
    """
    if (header := read_header(file)).migration != version():
        raise DumpFault(
            f"the file has the tables of migration {header.migration}, this version of qunzhu those of {version()}"
        )
    return read_rows(tx, file, version(), seen)


def read_rows(tx: EngineTx, file: IO[bytes], upto: int, seen: Seen = unseen) -> int:
    """Read what comes after the header into the tables of a version, and return the number of rows."""
    empty(tx, upto)
    known = {table.name: table for table in kept_tables(upto)}
    table, begun, found = None, 0, _Rows(tx, seen)
    for line in _lines(file):
        if line.startswith(b"["):
            found.take(table, line)
        elif line.startswith(b'{"rows"'):
            _finish(file, line, found, known)
            return found.number
        else:
            table = _begin(tx, line, known)
            begun += 1
    raise DumpFault(f"the file ends after {begun} tables and {found.number} rows: it is not whole")


def read_header(file: IO[bytes]) -> Header:
    """Return a dump's header, or say (``DumpFault``) why the rest cannot be read here."""
    try:
        header = _header(file.readline())
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError, EOFError):
        raise DumpFault("this is no dump of an app: its first line is no header") from None
    if header.qunzhu != FORMAT:
        raise DumpFault(f"the file has format {header.qunzhu}, this version of qunzhu reads {FORMAT}")
    if not 0 < header.migration <= version():
        raise DumpFault(
            f"the file has the tables of migration {header.migration}, this version of qunzhu knows {version()}"
        )
    return header


def empty(tx: EngineTx, upto: int | None = None) -> None:
    """Delete all rows of all tables, and let numbers begin at 1 again. To be run with ``BatchStore.replace``."""
    for table in tables(upto):
        tx.run(table.clear)
        if table.serial:
            tx.number_after(table.name, 0)


class _Rows:
    """Rows on their way into the tables, a page at a time."""

    def __init__(self, tx: EngineTx, seen: Seen) -> None:
        self._tx = tx
        self._seen = seen
        self._table: Table | None = None
        self._page: list[dict[str, Any]] = []
        self.number = 0

    def take(self, table: Table | None, line: bytes) -> None:
        """Take a row of a table."""
        if table is None:
            raise DumpFault("there is a row before the first table")
        if table is not self._table or len(self._page) >= PAGE_ROWS:
            self.flush()
            self._table = table
        try:
            self._page.append(dict(zip(table.columns, _row(line), strict=True)))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            raise DumpFault(f"row {self.number + 1}, of table {table.name}: {line[:80]!r} is no row of it") from None
        self.number += 1

    def flush(self) -> None:
        """Insert what was taken."""
        if self._table is not None:
            self._tx.many(self._table.insert, self._page)
        self._page = []
        self._seen(self.number)


def _begin(tx: EngineTx, line: bytes, known: dict[str, Table]) -> Table:
    """Return the table whose rows follow, with its columns in the order of the file. It comes once."""
    try:
        head = _table_head(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise DumpFault(f"{line[:80]!r} is no table") from None
    table = known.pop(head.table, None)
    if table is None or sorted(head.columns) != sorted(table.columns):
        raise DumpFault(
            f"table {head.table}: there is none with the columns {', '.join(head.columns)}, or it stands twice"
        )
    if table.serial:
        tx.number_after(table.name, head.last or 0)
    return msgspec.structs.replace(table, columns=head.columns)


def _finish(file: IO[bytes], line: bytes, found: _Rows, left: dict[str, Table]) -> None:
    """Insert the last rows, and refuse a file that is not whole or goes on."""
    found.flush()
    try:
        promised = _end(line).rows
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise DumpFault(f"{line[:80]!r} is no end") from None
    if left or promised != found.number or file.read(1):
        raise DumpFault(
            f"the file has {found.number} rows and promises {promised}"
            + (f"; it lacks {', '.join(sorted(left))}" if left else "")
        )


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    try:
        yield from file
    except (OSError, EOFError) as fault:
        raise DumpFault(f"the file cannot be read on: {fault}") from None


def _line(file: IO[bytes], record: msgspec.Struct) -> None:
    file.write(_encode(record) + b"\n")


def _last(tx: EngineTx, table: Table) -> int | None:
    """Return the last number handed out, in a table with numbers of its own also where the engine handed out none."""
    if not table.serial:
        return None
    row = tx.one(table.highest)
    return max(tx.last_number(table.name), row[0] if row else 0)


def _pages(tx: EngineTx, table: Table) -> Iterator[Sequence[Row]]:
    places = [table.columns.index(column) for column in table.key]
    page = tx.all(table.page(first=True))
    while page:
        yield page
        if len(page) < PAGE_ROWS:
            return
        page = tx.all(table.page(first=False), **{table.columns[place]: page[-1][place] for place in places})
