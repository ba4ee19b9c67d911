"""Reading what a C caller gives, without trusting it, and writing into the room it leaves."""

import bisect
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.capi.results import BAD_JSON, BAD_PARAMETER, Refused
from qunzhu.capi.rows import ROOM

MAPS = Path("/proc/self/maps")
SHALLOW = 100
"""JSON with no more brackets is read where it comes: each level takes some hundred bytes of the caller's stack."""


class Memory:
    """Which addresses hold code.

    Bindings that have no value for "no callback" leave what happens to stand in the register: often the address of
    a text. Calling it would end the process, so a pointer counts as a function only where it points at code.
    """

    def __init__(self) -> None:
        self._spans: tuple[list[int], list[int]] = ([], [])
        """Where code starts, and where it ends: exchanged as one, because many threads read it."""

    def is_code(self, address: int) -> bool:
        """Say whether an address is in a mapping that may be executed; true where the system does not tell."""
        if self._has(address):
            return True
        try:
            self._read()
        except OSError:
            return True
        return self._has(address)

    def _has(self, address: int) -> bool:
        starts, ends = self._spans
        at = bisect.bisect_right(starts, address) - 1
        return at >= 0 and address < ends[at]

    def _read(self) -> None:
        rows = (line.split(maxsplit=2)[:2] for line in MAPS.read_text(errors="replace").splitlines())
        found = sorted(tuple(int(end, 16) for end in span.split("-")) for span, mode in rows if "x" in mode)
        self._spans = [start for start, _ in found], [end for _, end in found]


class Pointers:
    """What the pointers of one library's callers point to."""

    def __init__(self, ffi: Any) -> None:
        self._ffi = ffi
        self._memory = Memory()

    def text(self, name: str, pointer: Any) -> str | None:
        """Return a text, None for NULL; -4 for what is not UTF-8."""
        if not pointer:
            return None
        try:
            text: str = self._ffi.string(pointer).decode()
        except UnicodeDecodeError as fault:
            raise Refused(BAD_PARAMETER, f"{name}: not UTF-8 at byte {fault.start}") from None
        return text

    def json(self, name: str, pointer: Any) -> Any:
        """Return what a JSON text says, None for NULL and for an empty text; -3 for what is no JSON."""
        raw = self._ffi.string(pointer) if pointer else b""
        try:
            return _decoded(raw) if raw else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise Refused(BAD_JSON, f"{name}: {str(fault)[:200]}") from None

    def address(self, pointer: Any) -> int:
        """Return a pointer's number."""
        return int(self._ffi.cast("uintptr_t", pointer))

    def runnable(self, pointer: Any) -> bool:
        """Say whether a function pointer is one."""
        return bool(pointer) and self._memory.is_code(self.address(pointer))

    def fill(self, pointer: Any, text: str) -> None:
        """Write a text and a zero into a buffer of ``ROOM`` bytes; nothing into NULL."""
        if pointer:
            raw = text.encode(errors="replace")[: ROOM - 1] + b"\0"
            self._ffi.memmove(pointer, raw, len(raw))


def _decoded(raw: bytes) -> Any:
    """Read JSON, on a stack of its own where it may be deep: that of a caller's thread may be small."""
    if raw.count(b"[") + raw.count(b"{") <= SHALLOW:
        return msgspec.json.decode(raw)
    done: Future[Any] = Future()

    def decode() -> None:
        try:
            done.set_result(msgspec.json.decode(raw))
        except (ValueError, RecursionError) as fault:
            done.set_exception(fault)

    threading.Thread(target=decode, name="qunzhu-json", daemon=True).start()
    return done.result()
