"""Writes what an app was asked, what it answered, and what it pushed and called back, as lines of JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

MOST_BYTES = 64 << 20
"""Then nothing more is written, only counted."""
PIECE = 1 << 16
SECRETS = frozenset({"usersig"})
"""Fields of a request that are left out, in small letters."""
encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One line of a record. ``time`` is the app's, in unix seconds."""

    num: int
    time: float
    door: str
    """rest, gateway, push, callback or double."""
    user: str = ""
    platform: str = ""
    command: str
    request: Any = None
    """JSON as it came; text where it was none."""
    code: int | None = None
    reply: Any = None
    note: str = ""


class Recorder:
    """The record of one app: a file, written only between start and stop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._size = 0
        self.lines = self.left_out = 0

    @property
    def on(self) -> bool:
        """Say that it is being written."""
        return self._file is not None

    def start(self) -> None:
        """Write from now on, after what is there."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self.lines:
                self._path.unlink(missing_ok=True)  # of a server that ran before
            self._file = self._path.open("ab", buffering=0)
            self._size = self._path.stat().st_size

    def stop(self) -> None:
        """Write no more; the file stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def clear(self) -> None:
        """Begin anew."""
        on = self.on
        self.stop()
        self._path.unlink(missing_ok=True)
        self.lines = self.left_out = 0
        if on:
            self.start()

    def write(self, now_ms: int, door: str, command: str, **fields: Any) -> None:
        """Write a line, where the record is on and has room."""
        if self._file is None:
            return
        line = encode(Line(num=self.lines + 1, time=now_ms / 1000, door=door, command=command, **fields)) + b"\n"
        if self._size + len(line) > MOST_BYTES:
            self.left_out += 1
            return
        self._file.write(line)
        self._size += len(line)
        self.lines += 1

    def pieces(self) -> Iterator[bytes]:
        """Read what is written so far, a piece at a time."""
        if not self.lines:
            return
        with self._path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def shown(self) -> dict[str, Any]:
        """Return how it stands."""
        return {
            "on": self.on, "lines": self.lines, "bytes": self._size if self.lines else 0, "left_out": self.left_out,
            "file": str(self._path) if self.lines else "",
        }  # fmt: skip


def as_json(body: bytes) -> Any:
    """Return a body for a line, without secrets: JSON, or text where it is none."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body.decode(errors="replace")
    if isinstance(found, dict):
        return {name: value for name, value in found.items() if name.lower() not in SECRETS}
    return found
