"""How frames travel: the client's only seam, and its real side on a WebSocket."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed, WebSocketException

from qunzhu.client import errors as err
from qunzhu.client.errors import CallFailed, failed
from qunzhu.core.wire import MAX_FRAME

ABNORMAL = 1006
"""Close code of a connection that ended without a goodbye."""
MAX_ANSWER = 16 * MAX_FRAME
CLOSE_SECONDS = 2.0


class Closed(Exception):
    """The connection is over; ``code`` is the WebSocket close code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Transport(Protocol):
    """One connection, carrying whole frames."""

    async def send(self, frame: bytes) -> None:
        """Send one frame; raise ``Closed`` where the connection is over."""
        ...

    async def receive(self) -> bytes:
        """Return the next frame; raise ``Closed`` where the connection is over."""
        ...

    async def close(self) -> None:
        """Close the connection, at the latest after ``CLOSE_SECONDS``."""
        ...


Dial = Callable[[str], Awaitable[Transport]]
"""Opens a connection to a URL, or raises ``CallFailed`` with a network code."""


class _WebSocket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        try:
            await self._connection.send(frame, text=True)
        except ConnectionClosed as fault:
            raise _closed(fault) from None

    async def receive(self) -> bytes:
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as fault:
            raise _closed(fault) from None

    async def close(self) -> None:
        await self._connection.close()


def _closed(fault: ConnectionClosed) -> Closed:
    return Closed(ABNORMAL) if fault.rcvd is None else Closed(fault.rcvd.code, fault.rcvd.reason)


def gateway_url(server: str) -> str:
    """Return the WebSocket URL of a server given as ws, wss, http or https URL; the path is /gateway unless given."""
    parts = urlsplit(server if "//" in server else f"ws://{server}")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in {"ws", "wss"} or not parts.hostname:
        raise ValueError(f"server: {server!r} is not a URL such as ws://127.0.0.1:8140")
    path = parts.path if parts.path.strip("/") else "/gateway"
    return parts._replace(scheme=scheme, path=path).geturl()


async def open_websocket(url: str, *, ssl: SSLContext | None = None) -> Transport:
    """Connect to a gateway; ``ssl`` replaces the default trust for wss URLs, and is not used for others.

    Raises ``CallFailed``: 9510 too slow, 9511 refused, 9512 no route, 9516 unknown name, 9508 anything else.
    """
    parts = urlsplit(url)
    try:
        connection = await open_connection(
            url, ssl=(ssl or True) if parts.scheme == "wss" else None, compression=None, ping_interval=None,
            close_timeout=CLOSE_SECONDS, max_size=MAX_ANSWER,
            proxy=None if _is_loopback(parts.hostname or "") else True,
        )  # fmt: skip
    except (OSError, WebSocketException) as fault:
        raise not_connected(fault) from None
    return _WebSocket(connection)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def not_connected(fault: OSError | WebSocketException) -> CallFailed:
    """Return the network code of a connection that could not be made."""
    if isinstance(fault, TimeoutError | asyncio.TimeoutError):
        return failed(err.CONNECT_TIMED_OUT)
    if isinstance(fault, ConnectionRefusedError):
        return failed(err.CONNECT_REFUSED)
    if isinstance(fault, socket.gaierror):
        return failed(err.UNKNOWN_HOST, str(fault))
    if isinstance(fault, OSError) and fault.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        return failed(err.UNREACHABLE)
    return failed(err.DISCONNECTED, str(fault) or type(fault).__name__)
