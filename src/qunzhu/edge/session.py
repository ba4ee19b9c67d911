"""One gateway session without I/O: frames in, frames out, and the rules between (docs/guide/gateway.md)."""

import enum
import itertools
from collections import deque
from typing import Protocol

import msgspec

from qunzhu.core import wire
from qunzhu.core.wire import BAD_FRAME, SLOW, Call, End

MAX_WAITING = 1 << 20
"""Bytes that may wait here for a client to read, beside the little that its connection has taken already."""
MAX_RUNNING = 64
_numbers = itertools.count(1)


class State(enum.Enum):
    """Where a session stands."""

    NEW = "before login"
    OPENING = "login under way"
    OPEN = "logged in"
    ENDED = "ended"


class Line(Protocol):
    """What carries a session's frames. It says with ``pause`` and ``resume`` whether the client keeps up with them."""

    def pack(self, text: bytes) -> bytes:
        """Return a text as the frame that is written."""
        ...

    def write(self, frame: bytes) -> None:
        """Send a frame, or several in one piece, at once; ``pause`` may be called meanwhile."""
        ...

    def close(self, end: End) -> None:
        """Close the connection with the code of an end, after what was written."""
        ...

    def drop(self) -> None:
        """Let the connection break, at once."""
        ...


class Session:
    """Decides what a frame means and what is sent; a line moves the bytes.

    A frame goes straight to the line as long as the client keeps up. Then frames wait here, in their order, up to
    ``MAX_WAITING`` bytes: what the line has taken cannot be taken back, what waits here can be dropped.
    """

    __slots__ = (
        "_flowing", "_line", "_waiting", "_weight", "client", "ended", "made_at", "number", "platform", "running",
        "state", "user",
    )  # fmt: skip

    def __init__(self, line: Line, client: str = "") -> None:
        self.client = client
        self.number = next(_numbers)
        self.state = State.NEW
        self.user = ""
        self.platform = ""
        self.made_at = 0
        self.ended: End | None = None
        self.running = 0
        self._line = line
        self._flowing = True
        self._waiting: deque[bytes] | None = None
        self._weight = 0

    def receive(self, text: str | bytes) -> Call | None:
        """Take a frame; return a call to run, or None where the frame was answered or ended the session."""
        if self.state is State.ENDED:
            return None
        try:
            call = wire.decode_call(text)
        except msgspec.ValidationError as fault:
            self.answer(wire.error(None, wire.INVALID_REQUEST, str(fault)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            self.answer(wire.error(None, wire.PARSE_ERROR, str(fault)[:200]))
            self.end(BAD_FRAME)
        else:
            if call.jsonrpc == "2.0":
                return call
            self.answer(wire.error(call.id, wire.INVALID_REQUEST, "jsonrpc: must be 2.0"))
        return None

    def open(self, user: str, platform: str, made_at: int) -> None:
        """Become a user's session."""
        self.state = State.OPENING
        self.user, self.platform, self.made_at = user, platform, made_at

    def answer(self, text: bytes) -> None:
        """Send a text that is for this session alone."""
        self.offer(self._line.pack(text))

    def offer(self, frame: bytes) -> None:
        """Send a frame as the line packs it; a session whose client does not read ends as slow."""
        if self._flowing:
            self._line.write(frame)
        else:
            self._hold(frame)

    def _hold(self, frame: bytes) -> None:
        if self.state is State.ENDED:
            return
        if self._weight + len(frame) > MAX_WAITING:
            self._waiting = None
            self.end(SLOW)
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(frame)
        self._weight += len(frame)

    def pause(self) -> None:
        """Keep frames from now on: the line has as much as it takes."""
        self._flowing = False

    def resume(self) -> None:
        """Send what waits, until the line has enough again."""
        self._flowing = self.state is not State.ENDED
        while self._flowing and self._waiting:
            frame = self._waiting.popleft()
            self._weight -= len(frame)
            self._line.write(frame)
        if not self._waiting:
            self._waiting = None

    def end(self, reason: End) -> None:
        """End the session: after what waits a last push names the reason, then the connection closes with its code."""
        if self.state is State.ENDED:
            return
        last = self._line.pack(wire.push("session_end", {"Code": reason.code, "Reason": reason.name}))
        waiting, self.ended = self._waiting or (), reason
        self.cut()
        self._line.write(b"".join((*waiting, last)))
        self._line.close(reason)

    def drop(self) -> None:
        """Be over because the connection breaks: nothing more is sent."""
        self.cut()
        self._line.drop()

    def cut(self) -> None:
        """Be over without a word: the connection is gone, or goes by itself."""
        self.state = State.ENDED
        self._flowing = False
        self._waiting = None
