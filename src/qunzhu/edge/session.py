"""One gateway session without I/O: frames in, frames out, and the rules between (docs/guide/gateway.md)."""

import enum
import itertools
from collections import deque
from collections.abc import Callable

import msgspec

from qunzhu.core import wire
from qunzhu.core.wire import BAD_FRAME, SLOW, Call, End

MAX_QUEUED_BYTES = 4 << 20
MAX_QUEUED_FRAMES = 4096
MAX_RUNNING = 64
_numbers = itertools.count(1)


class State(enum.Enum):
    """Where a session stands."""

    NEW = "before login"
    OPENING = "login under way"
    OPEN = "logged in"
    ENDED = "ended"


class Session:
    """Decides what a frame means and what is sent; a shell moves the bytes.

    The shell calls ``receive`` with each text and runs the calls it returns, takes what is to be sent from ``drain``
    whenever ``wake`` was called, and closes the connection once ``ended`` is set and the queue is empty.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.number = next(_numbers)
        self.state = State.NEW
        self.user = ""
        self.platform = ""
        self.made_at = 0
        self.ended: End | None = None
        self.running = 0
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._wake = wake

    def receive(self, text: str | bytes) -> Call | None:
        """Take a frame; return a call to run, or None where the frame was answered or ended the session."""
        if self.ended is not None:
            return None
        try:
            call = wire.decode_call(text)
        except msgspec.ValidationError as fault:
            self.offer(wire.error(None, wire.INVALID_REQUEST, str(fault)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            self.offer(wire.error(None, wire.PARSE_ERROR, str(fault)[:200]))
            self.end(BAD_FRAME)
        else:
            if call.jsonrpc == "2.0":
                return call
            self.offer(wire.error(call.id, wire.INVALID_REQUEST, "jsonrpc: must be 2.0"))
        return None

    def open(self, user: str, platform: str, made_at: int) -> None:
        """Become a user's session."""
        self.state = State.OPENING
        self.user, self.platform, self.made_at = user, platform, made_at

    def offer(self, frame: bytes) -> None:
        """Queue a frame; a session whose client does not read ends as slow."""
        if self.ended is not None:
            return
        if self._queued + len(frame) > MAX_QUEUED_BYTES or len(self._queue) >= MAX_QUEUED_FRAMES:
            self._queue.clear()
            self._queued = 0
            self.end(SLOW)
            return
        self._queue.append(frame)
        self._queued += len(frame)
        self._wake()

    def drain(self) -> list[bytes]:
        """Return and forget what is to be sent now."""
        frames = list(self._queue)
        self._queue.clear()
        self._queued = 0
        return frames

    def end(self, reason: End) -> None:
        """End the session: a last push names the reason, then the connection closes with its code."""
        if self.ended is None:
            self._queue.append(wire.push("session_end", {"Code": reason.code, "Reason": reason.name}))
            self.ended = reason
            self.state = State.ENDED
            self._wake()
