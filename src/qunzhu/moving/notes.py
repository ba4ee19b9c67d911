"""What an import has done, in a file beside it: after any end, kill -9 included, the next one goes on from there.

Lines of JSON, only ever added. A group is noted as begun before it is put into the app, which is one transaction, and
as done after its last message; in between a line says down to where its messages are there. So what is in the app is
never taken for somebody else's, and nothing is put in twice: a message has its place.
"""

import os
from pathlib import Path
from typing import IO

import msgspec

from qunzhu.moving import CannotMove

_MISSING_SHOWN = 20


class Task(msgspec.Struct, frozen=True, kw_only=True, tag="task"):
    """The first line: what is imported into which app."""

    url: str
    source: int
    target: int
    existed: bool
    """The app was there before, so it stays whatever becomes of the import."""


class Begun(msgspec.Struct, frozen=True, kw_only=True, tag="begun"):
    """Groups that are about to be put into the app."""

    groups: list[str]


class Down(msgspec.Struct, frozen=True, kw_only=True, tag="down"):
    """All messages of a group or topic from this seq on are there, and so many notices were left out."""

    group: str
    topic: str
    seq: int
    notices: int


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """A group that is there with all its messages."""

    group: str
    members: int
    messages: int
    notices: int


class Missing(msgspec.Struct, frozen=True, kw_only=True, tag="missing"):
    """Something that could not be read or taken: where (empty: everywhere), what, and why."""

    where: str
    what: str
    why: str


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """Everything is there."""

    accounts: int


class Served(msgspec.Struct, frozen=True, kw_only=True, tag="served"):
    """The app may be served: what becomes of it from now on is not this import's."""


Line = Task | Begun | Down | Done | Missing | Finished | Served
_decode = msgspec.json.Decoder(Line).decode
_encode = msgspec.json.Encoder().encode


class Notes:
    """What is done so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.task: Task | None = None
        self.begun: set[str] = set()
        self.down: dict[tuple[str, str], Down] = {}
        self.done: dict[str, Done] = {}
        self.missing: dict[tuple[str, str, str], None] = {}
        self.finished: Finished | None = None
        self.served = False
        self._read()

    def open(self) -> None:
        """Begin to write; half a line, of a process that was killed, goes."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
            self._file.truncate(self._whole)
        except OSError as fault:
            raise CannotMove(f"{self._path}: {fault.strerror}", "name another file with --state") from None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def note(self, line: Line, *, safe: bool = False) -> None:
        """Add a line; ``safe`` where it must be on disk before what follows."""
        if self._file is None:
            raise TypeError("the notes are not open")
        self._take(line)
        self._file.write(_encode(line) + b"\n")
        self._file.flush()
        if safe:
            os.fsync(self._file.fileno())

    def miss(self, where: str, what: str, why: str) -> None:
        """Take note of something that could not be read, once."""
        if (where, what, why) not in self.missing:
            self.note(Missing(where=where, what=what, why=why))

    def report(self) -> dict[str, object]:
        """Return what is there, and what is missing, each sort with a few places."""
        found: dict[tuple[str, str], list[str]] = {}
        for where, what, why in self.missing:
            found.setdefault((what, why), []).append(where)
        done = self.done.values()
        return {
            "groups": len(done), "members": sum(one.members for one in done),
            "messages": sum(one.messages for one in done), "notices_left_out": sum(one.notices for one in done),
            "missing": [
                {"what": what, "why": why, "number": len(places), "where": [p for p in places[:_MISSING_SHOWN] if p]}
                for (what, why), places in found.items()
            ],
        }  # fmt: skip

    def _read(self) -> None:
        self._whole = 0
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                try:
                    self._take(_decode(line))
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    raise CannotMove(f"{self._path} is no state of an import", "name another with --state") from None
                self._whole += len(line)

    def _take(self, line: Line) -> None:
        match line:
            case Task():
                self.task = line
            case Begun():
                self.begun.update(line.groups)
            case Down():
                self.down[line.group, line.topic] = line
            case Done():
                self.done[line.group] = line
                for place in [place for place in self.down if place[0] == line.group]:
                    del self.down[place]
            case Missing():
                self.missing[line.where, line.what, line.why] = None
            case Finished():
                self.finished = line
            case Served():
                self.served = True
