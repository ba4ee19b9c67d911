"""How the members of a fan-out speak to qunzhu: WebSocket and JSON-RPC as raw bytes, written once more on purpose."""

import json
import socket
import struct
import time
from collections.abc import Sequence

import msgspec

from bench import sign
from bench.crowd import mark
from bench.target import DEMO_KEY, SDKAPPID

HANDSHAKE = (
    b"GET /gateway HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PORTS = 20_000
"""Connections from one address of this machine; more come from the next one."""


def frame(text: bytes) -> bytes:
    """Return a client's frame. The mask is zero, which leaves the text as it is."""
    size = len(text)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0x80 | 126, size)
    return head + b"\0\0\0\0" + text


def call(number: int, method: str, **params: object) -> bytes:
    """Return the frame of a call."""
    body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return frame(json.dumps(body, separators=(",", ":")).encode())


def read_until(sock: socket.socket, wanted: bytes) -> bytes:
    """Read until something came; raise with what came instead."""
    data = b""
    while wanted not in data:
        more = sock.recv(65_536)
        data += more
        if not more:
            raise ConnectionError(f"{wanted!r} did not come: {data[-300:]!r}")
    return data


class Gateway(msgspec.Struct, frozen=True):
    """Members of one group at qunzhu's gateway. `size` is that of a message's text, `receive_buffer` a socket's own."""

    port: int
    group: str
    size: int = 200
    prefix: str = "m"
    receive_buffer: int = 0
    fault: bytes = b'"error"'

    def user(self, number: int) -> str:
        """Return a member's name."""
        return f"{self.prefix}{number:06d}"

    def connect(self, number: int) -> socket.socket:
        """Return a connected socket that has asked for its upgrade."""
        sock = socket.socket()
        if self.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        sock.bind((f"127.0.0.{1 + number // PORTS}", 0))
        sock.settimeout(30)
        sock.connect(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(HANDSHAKE)
        return sock

    def login(self, sock: socket.socket, number: int) -> None:
        """Send a member's login."""
        user = self.user(number)
        sock.sendall(call(0, "login", sdkappid=SDKAPPID, identifier=user, usersig=signature(user)))

    def join(self, number: int) -> socket.socket:
        """Return the socket of a member who is logged in."""
        return self.join_many([number])[0]

    def join_many(self, numbers: Sequence[int]) -> list[socket.socket]:
        """Let several members log in side by side."""
        socks = [self.connect(number) for number in numbers]
        for sock in socks:
            read_until(sock, b"\r\n\r\n")
        for sock, number in zip(socks, numbers, strict=True):
            self.login(sock, number)
        for sock in socks:
            read_until(sock, b'"Protocol"')
        return socks

    def say(self, number: int) -> bytes:
        """Return the call that sends one message."""
        content = {"MsgType": "TIMTextElem", "MsgContent": {"Text": mark(number, self.size)}}
        return call(number, "send_group_msg", GroupId=self.group, Random=number, MsgBody=[content])


def signature(user: str) -> str:
    """Return a UserSig of the demo app."""
    return sign.usersig(DEMO_KEY, user, SDKAPPID, issued=int(time.time()) - 1)
