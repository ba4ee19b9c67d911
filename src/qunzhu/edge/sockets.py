"""The gateway's WebSocket connections: uvicorn's ``ws=`` protocol on the core of ``websockets``, which does no I/O.

uvicorn hands an upgraded connection to a protocol class. This one leaves handshake, frames, pings and the closing to
the library, and gives whole texts to the gateway's connection. A frame that many sessions get is made once and written
to each transport as it is: no task, queue or ASGI scope stands between, and an idle connection costs its few objects.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import SEND_EOF
from websockets.protocol import State as Stage
from websockets.server import ServerProtocol

from qunzhu.core.wire import MAX_FRAME, SLOW, STOPPING, End
from qunzhu.edge.address import address
from qunzhu.edge.gateway import Connection, GatewayDoor

PATHS = frozenset({"/gateway", "/"})
WRITE_BUFFER = 1 << 16
"""Bytes in a transport from which on frames wait in the session, where they can be dropped."""
SEND_BUFFER = 1 << 17
"""Bytes that the system keeps for a client that does not read; it doubles them. Without a limit these are megabytes."""
CLOSE_SECONDS = 10.0
"""How long a client may take for its side of the closing."""
SLOW_SECONDS = 30.0
"""The same for one that did not read: it may come to itself, and find the reason after what was under way."""
STOP_SECONDS = 1.0
_log = logging.getLogger("qunzhu.websocket")
_log.setLevel(logging.WARNING)  # below that the library shows frames, and with them UserSigs


def pack(text: bytes) -> bytes:
    """Return a text as a frame of the server."""
    return Frame(Opcode.TEXT, text).serialize(mask=False, extensions=[])


def bundle(texts: Sequence[bytes]) -> Sequence[bytes]:
    """Return several texts as one piece to write."""
    return (b"".join([pack(text) for text in texts]),)


class SocketProtocol(asyncio.Protocol):
    """One connection, from its handshake to its end."""

    __slots__ = (
        "_binary", "_closing", "_connection", "_connections", "_core", "_loop", "_parts", "_timer", "_transport",
    )  # fmt: skip
    door: GatewayDoor

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:
        del config, app_state
        self._connections: set[Any] = server_state.connections
        self._loop = asyncio.get_running_loop()
        self._core = ServerProtocol(max_size=MAX_FRAME, logger=_log)
        self._connection: Connection | None = None
        self._binary = False
        self._parts: list[bytes] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER)
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Be over."""
        del exc
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        self._leave()

    def pause_writing(self) -> None:
        """Let the session keep its frames: the client does not read as fast as it is told."""
        if self._connection is not None:
            self._connection.session.pause()

    def resume_writing(self) -> None:
        """Let the session go on."""
        if self._connection is not None:
            self._connection.session.resume()

    def data_received(self, data: bytes) -> None:
        """Take bytes: a handshake, frames, or parts of them."""
        self._core.receive_data(data)
        for event in self._core.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()

    def _shake_hands(self, request: Request) -> None:
        response = self._core.accept(request)
        welcome = response.status_code == HTTPStatus.SWITCHING_PROTOCOLS
        if welcome and unquote(request.path.partition("?")[0]) not in PATHS:
            welcome, response = False, self._core.reject(HTTPStatus.FORBIDDEN, "The gateway is at /gateway.\n")
        self._core.send_response(response)
        if welcome:
            self._transport.write(b"".join(self._core.data_to_send()))
            host = next(iter(request.headers.get_all("Host")), "")
            secure = self._transport.get_extra_info("sslcontext") is not None
            peer = self._transport.get_extra_info("peername")
            client = str(peer[0]) if isinstance(peer, tuple) else ""
            self._connection = self.door.connect(self, address(host, secure=secure), client)

    def _take(self, frame: Frame) -> None:
        """Gather the parts of a text, and hand it over with the last one."""
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
            self._binary, self._parts = frame.opcode is Opcode.BINARY, [bytes(frame.data)]
        elif frame.opcode is Opcode.CONT and self._parts is not None:
            self._parts.append(bytes(frame.data))
        else:
            return
        if frame.fin:
            data, self._parts = b"".join(self._parts), None
            self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        """Give a text to the connection; a binary one with the same bytes is read alike, but may be no text at all."""
        try:
            text = data if self._binary else data.decode()
        except UnicodeDecodeError as fault:
            self._core.fail(CloseCode.INVALID_DATA, f"{fault.reason} at byte {fault.start}")
            self._leave()
            return
        if self._connection is not None:
            self._connection.receive(text)

    def _flush(self) -> None:
        """Send what the library has to say: pongs like any frame, and its part of the closing."""
        said = self._core.data_to_send()
        if not said:
            return
        if self._core.state is Stage.OPEN and self._connection is not None:
            self._connection.session.offer(b"".join(said))
            return
        if not self._closing:
            self._transport.write(b"".join(said))
            self._await_close(CLOSE_SECONDS)
            self._leave()
        if SEND_EOF in said:
            self._half_close()

    def _half_close(self) -> None:
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def pack(self, text: bytes) -> bytes:
        """Return a text as a frame."""
        return pack(text)

    def write(self, frame: bytes) -> None:
        """Send a frame, or several in one piece."""
        self._transport.write(frame)

    def close(self, end: End) -> None:
        """Close with a code: what the transport holds goes first, and the client has some seconds for it."""
        if self._closing or self._core.state is not Stage.OPEN:
            return
        self._core.send_close(end.code, end.name)
        self._transport.write(b"".join(self._core.data_to_send()))
        self._await_close(SLOW_SECONDS if end is SLOW else CLOSE_SECONDS)
        self._loop.call_soon(self._leave)

    def drop(self) -> None:
        """Let the connection break."""
        self._transport.abort()

    def _await_close(self, seconds: float) -> None:
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._transport.abort)

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.leave()

    def shutdown(self) -> None:
        """Close soon, because the server stops; a client that does not take its part in that is not waited for."""
        if self._connection is not None:
            self._connection.session.end(STOPPING)
        if not self._closing:
            self._transport.close()
        self._await_close(STOP_SECONDS)
