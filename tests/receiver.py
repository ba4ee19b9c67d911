"""An app's own server for callbacks: a real HTTP server in a thread, which answers as a test says."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

ALLOW = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}


@dataclass(frozen=True)
class Raw:
    """Bytes to send as they are, ``pause`` seconds apart; ``close`` ends the connection after them."""

    data: bytes
    close: bool = True
    pause: float = 0.0


@dataclass(frozen=True)
class Hang:
    """Nothing is sent for so many seconds, then the answer."""

    seconds: float = 60.0


def http(status: str, body: bytes, *headers: str) -> Raw:
    """Return an HTTP answer as bytes."""
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"content-length: {len(body)}", "", ""])
    return Raw(head.encode() + body)


@dataclass(frozen=True)
class Got:
    """One request as it came. ``peer`` is the port of the connection it came over."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    peer: int


@dataclass
class Receiver:
    """What came, and what is answered: a JSON object, ``Raw`` or ``Hang``, or a function of the request that says."""

    answer: dict[str, Any] | Raw | Hang | Callable[[Got], Any] = field(default_factory=lambda: ALLOW)
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/callback"

    def of(self, command: str) -> list[Got]:
        """Return what came of one callback command."""
        return [one for one in self.got if one.query["CallbackCommand"] == command]

    def wait(self, number: int, seconds: float = 10.0) -> list[Got]:
        """Wait until so many requests have come."""
        until = time.monotonic() + seconds
        while len(self.got) < number:
            assert time.monotonic() < until, f"{len(self.got)} callbacks came, not {number}"
            time.sleep(0.005)
        return self.got

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = head[0].split(" ")
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        got = Got(
            method, url.path, query, headers, json.loads(body) if body else None, time.time(),
            writer.get_extra_info("peername")[1],
        )  # fmt: skip
        self.got.append(got)
        return await self._send(writer, self.answer(got) if callable(self.answer) else self.answer)

    async def _send(self, writer: asyncio.StreamWriter, answer: Any) -> bool:
        if isinstance(answer, Hang):
            await asyncio.sleep(answer.seconds)
            answer = ALLOW
        if isinstance(answer, dict | list):
            body = json.dumps(answer).encode()
            answer = Raw(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body), close=False)
        pieces = [answer.data] if not answer.pause else [bytes([byte]) for byte in answer.data]
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(answer.pause)
        return not answer.close


@contextmanager
def receiving(host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver until the end of the block."""
    receiver, ready, end = Receiver(), threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(receiver.serve, host, port, ssl=tls)
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.to_thread(end.wait)
        server.close()
        mine = asyncio.all_tasks() - {asyncio.current_task()}
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        await asyncio.sleep(0)

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        end.set()
        thread.join(10)
