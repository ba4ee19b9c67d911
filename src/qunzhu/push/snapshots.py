"""The snapshots of one app: dumps of its store under names, files of a folder."""

from pathlib import Path
from typing import Any

import msgspec

from qunzhu.core.errors import BAD_PARAMETER, Refused
from qunzhu.store.batch import EngineTx
from qunzhu.store.dump import DumpFault, dump_file, empty, read_dump, read_header, write_dump

SUFFIX = ".jsonl"
MOST = 1000


class Snapshot(msgspec.Struct, frozen=True):
    """One of them. ``at`` is the app's time when it was taken, unix seconds."""

    name: str
    at: int
    bytes: int


class Snapshots:
    """All of one app. Its functions that take a transaction are for the store."""

    def __init__(self, folder: Path, sdkappid: int) -> None:
        self._folder = folder
        self._sdkappid = sdkappid

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"

    def found(self) -> list[Snapshot]:
        """Return them by name; what cannot be read here any more is left out."""
        kept = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                with dump_file(path) as file:
                    header = read_header(file)
            except DumpFault:
                continue
            kept.append(Snapshot(path.name.removesuffix(SUFFIX), header.at, path.stat().st_size))
        return kept

    def require(self, name: str) -> None:
        """Refuse (10004) a name under which there is none."""
        if not self._path(name).is_file():
            raise Refused(BAD_PARAMETER, f"name: there is no snapshot {name!r}")

    def take(self, tx: EngineTx, name: str, at: int) -> int:
        """Write what a transaction sees under a name, in the place of what was there; return the number of rows."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._path(name).exists() and len(list(self._folder.glob(f"*{SUFFIX}"))) >= MOST:
            raise Refused(BAD_PARAMETER, f"name: {MOST} snapshots are there, more are not kept")
        fresh = self._folder / f"{name}.new"
        with dump_file(fresh, write=True) as file:
            rows = write_dump(tx, file, sdkappid=self._sdkappid, at=at)
        fresh.replace(self._path(name))
        return rows

    def put(self, tx: EngineTx, name: str) -> int:
        """Put one in the place of all data; return the number of rows."""
        try:
            with dump_file(self._path(name)) as file:
                return read_dump(tx, file)
        except (DumpFault, OSError) as fault:
            raise Refused(BAD_PARAMETER, f"name: snapshot {name!r}: {fault}") from None

    def drop(self, name: str) -> None:
        """Remove one."""
        self._path(name).unlink()


def nothing(tx: EngineTx) -> Any:
    """Put nothing in the place of all data."""
    empty(tx)
