"""The limit of a fan-out: one process that writes the same bytes to so many sockets in a bare loop, and nothing else.

No protocol, JSON, storage, rights or rooms. The speaker sends a mark; the loop puts it into a text as long as a frame
of qunzhu's and sends that to each socket with one call. What a server reaches of this rate is its own efficiency.
"""

import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import msgspec

from bench.crowd import mark, more_files

RECORD = len(mark(0, 0))


class Bare(msgspec.Struct, frozen=True):
    """Members of the bare loop: they only connect, and the first one's marks go to all."""

    port: int
    fault: bytes = b"\0"

    def join(self, number: int) -> socket.socket:
        """Return a connected socket."""
        del number
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.recv(1)
        return sock

    def say(self, number: int) -> bytes:
        """Return a mark."""
        return mark(number, RECORD).encode()


def loop(ready: Connection, members: int, size: int) -> None:
    """Let the members in, then write whatever the first one sends to all of them, until he goes."""
    more_files()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    ready.send(listener.getsockname()[1])
    socks = []
    for _ in range(members):
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.send(b"!")
        socks.append(sock)
    speaker, pending = socks[0], b""
    while data := speaker.recv(65_536):
        pending += data
        while len(pending) >= RECORD:
            text, pending = pending[:RECORD].ljust(size, b"x"), pending[RECORD:]
            for sock in socks:
                sock.send(text)


@contextmanager
def bare(members: int, size: int) -> Iterator[tuple[Bare, int]]:
    """Start the loop in a process session of its own; give how to speak to it, and its session."""
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe()
    server = spawn.Process(target=_alone, args=(theirs, members, size), daemon=True)
    server.start()
    try:
        yield Bare(mine.recv()), server.pid or 0
    finally:
        server.terminate()
        server.join()


def _alone(ready: Connection, members: int, size: int) -> None:
    import os

    os.setsid()
    loop(ready, members, size)
