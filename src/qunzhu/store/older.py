"""Dumps of older versions: read into a database as it was then, which is migrated and written anew."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from qunzhu.store.batch import EngineTx, Nobody
from qunzhu.store.dump import Header, read_header, read_rows, write_dump
from qunzhu.store.sqlite import SqliteEngine, open_sqlite


@contextlib.contextmanager
def renewed(file: IO[bytes], folder: Path) -> Iterator[IO[bytes]]:
    """Give a dump of this version with the content of an older one, made in an empty folder."""
    path, new = folder / "older.db", folder / "renewed.jsonl"
    header = read_header(file)
    _fill(path, file, header)
    with contextlib.closing(open_sqlite(path)) as store, new.open("wb") as written:
        store.read_now(lambda tx: write_dump(tx, written, sdkappid=header.sdkappid, at=header.at))
    with new.open("rb") as read:
        yield read


def _fill(path: Path, file: IO[bytes], header: Header) -> None:
    engine = SqliteEngine(path, "app", writes=True, upto=header.migration)
    try:
        engine.begin(writes=True)
        read_rows(EngineTx(engine, Nobody(), {}), file, header.migration)
        engine.commit()
    finally:
        engine.close()
