"""What carries a session's frames in a test: a client that reads, or does not."""

from __future__ import annotations

from qunzhu.edge.session import Session


class Line:
    """Keeps what is written. Once ``room`` bytes are taken it is full, until ``read`` makes room."""

    def __init__(self, room: int = 1 << 40) -> None:
        self.frames: list[bytes] = []
        self.closed = None
        self.session: Session | None = None
        self._room = self._left = room

    def pack(self, text: bytes) -> bytes:
        return text

    def write(self, frame: bytes) -> None:
        assert self.closed is None
        self.frames.append(frame)
        self._left -= len(frame)
        if self._left < 0:
            self.session.pause()

    def close(self, end) -> None:
        assert self.closed is None
        self.closed = end

    def read(self) -> None:
        """Let the client read all that was taken."""
        self._left = self._room
        self.session.resume()
