"""A gateway session with the application in this process: frames in, frames out, no socket."""

from __future__ import annotations

import asyncio
import json
import queue
from typing import TYPE_CHECKING, Any

from served import SDKAPPID
from wire.doors import signed

if TYPE_CHECKING:
    from wire.doors import Door

WAIT = 30


class Gate:
    """One WebSocket on the application of a door."""

    def __init__(self, door: Door, path: str = "/gateway") -> None:
        self._door = door
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._ids = 0
        self.pushes: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": [], "client": ("127.0.0.1", 1)}
        self._put({"type": "websocket.connect"})
        self._task = asyncio.run_coroutine_threadsafe(door.application(scope, self._in.get, self._take), door.loop)

    async def _take(self, message: dict[str, Any]) -> None:
        self._out.put(message)

    def _put(self, message: dict[str, Any]) -> None:
        self._door.loop.call_soon_threadsafe(self._in.put_nowait, message)

    def send(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        self._put({"type": "websocket.receive", "bytes" if isinstance(frame, bytes) else "text": frame})

    def next(self) -> dict[str, Any] | None:
        """Return the next frame, or None where the server closed."""
        while True:
            message = self._out.get(timeout=WAIT)
            if message["type"] == "websocket.send":
                return json.loads(message["text"])
            if message["type"] == "websocket.close":
                self.closed = (message["code"], message["reason"])
                return None

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method and return its answer; pushes on the way are kept."""
        self._ids += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params}))
        while (frame := self.next()) is not None:
            if frame.get("id") == self._ids:
                return frame
            self.pushes.append(frame)
        raise AssertionError(f"closed: {self.closed}")

    def login(self, user: str) -> Gate:
        """Log in."""
        answer = self.call("login", sdkappid=SDKAPPID, identifier=user, usersig=signed(user))
        assert "error" not in answer, answer
        return self

    def close(self) -> None:
        """Hang up; the application must end without a fault."""
        self._put({"type": "websocket.disconnect", "code": 1000})
        self._task.result(WAIT)
