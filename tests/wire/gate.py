"""A gateway connection with the server in this process: its real protocol on a transport that is no socket."""

from __future__ import annotations

import asyncio
import json
import queue
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from qunzhu.edge.sockets import SocketProtocol
from served import SDKAPPID
from wire.doors import signed

if TYPE_CHECKING:
    from wire.doors import Door

WAIT = 30


class _Transport(asyncio.Transport):
    """Hands what the server writes to the client's side."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate
        self._closing = False

    def write(self, data: bytes) -> None:
        assert not self._closing, "written to a closed connection"
        self._gate.hear(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close


class Gate:
    """One WebSocket on the gateway of a door."""

    def __init__(self, door: Door, path: str = "/gateway") -> None:
        self._door = door
        self._out: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._ids = 0
        self.pushes: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.refused: Response | None = None
        self._client = ClientProtocol(parse_uri(f"ws://localhost{path}"), max_size=None)
        door.run(self._connect())

    async def _connect(self) -> None:
        class Protocol(SocketProtocol):
            door = self._door.application.gateway

        state = SimpleNamespace(connections=set())
        self._server = Protocol(config=None, server_state=state, app_state=None)
        self._transport = _Transport(self)
        self._server.connection_made(self._transport)
        self._client.send_request(self._client.connect())
        self._speak()

    def _speak(self) -> None:
        """Give the server what the client's side has to say."""
        for data in self._client.data_to_send():
            if data and not self._transport.is_closing():
                self._server.data_received(data)

    def hear(self, data: bytes) -> None:
        """Take what the server wrote."""
        self._client.receive_data(data)
        self._door.loop.call_soon(self._speak)
        for event in self._client.events_received():
            if isinstance(event, Response):
                self.refused = event if event.status_code != 101 else None
                if self.refused:
                    self._out.put(None)
            elif event.opcode in {Opcode.TEXT, Opcode.CLOSE}:
                self._out.put(event)
            else:
                assert event.opcode is Opcode.PONG, event

    def _do(self, act: Any, *args: Any) -> None:
        async def act_and_speak() -> None:
            if self._client.state is State.OPEN:
                act(*args)
                self._speak()

        self._door.run(act_and_speak())

    def send(self, frame: str | bytes) -> None:
        """Send a frame as it is."""
        if isinstance(frame, bytes):
            self._do(self._client.send_binary, frame)
        else:
            self._do(self._client.send_text, frame.encode())

    def next(self) -> dict[str, Any] | None:
        """Return the next frame, or None where the server closed."""
        frame = self._out.get(timeout=WAIT)
        if frame is None:
            return None
        if frame.opcode is Opcode.TEXT:
            return json.loads(frame.data)
        self.closed = (self._client.close_rcvd.code, self._client.close_rcvd.reason)
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
        """Hang up; the server must take it without a fault."""

        async def hang_up() -> None:
            self._transport.close()
            self._server.connection_lost(None)

        self._door.run(hang_up())
