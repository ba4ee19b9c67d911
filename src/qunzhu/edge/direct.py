"""The short way of an API request: uvicorn's HTTP protocol, without a task and an ASGI scope for each request.

uvicorn takes a protocol class through its ``http=`` setting. This one leaves parsing, keep-alive, time-outs, pipelining
and shutdown to uvicorn's and only answers ``POST /v4/...`` itself: head and body in one write, from a callback. All
else, and every request that comes in an unusual way, goes the ordinary ASGI way, which answers the same.
"""

from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Done = Callable[[bytes], None]
PREFIX = b"/v4/"
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\n"
    b"access-control-allow-methods: POST\r\naccess-control-allow-headers: *\r\ncontent-length: %d\r\n%b\r\n%b"
)


class Direct(Protocol):
    """What answers an API request: calls ``done`` once with the reply's body, now or later on this loop."""

    def answer_directly(self, path: str, query: bytes, body: bytes, done: Done) -> None:
        """Answer a POST."""
        ...


class _NoEvent:
    """Stands where the ASGI cycle has the event that wakes its task."""

    def set(self) -> None:
        """Wake nobody."""


class _Cycle:
    """One request and its reply, with the attributes that uvicorn's protocol looks at."""

    __slots__ = ("body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete", "size")

    message_event: _NoEvent

    def __init__(self) -> None:
        self.body = bytearray()
        self.size = 0
        self.more_body = True
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False
        self.message_event = _NO_EVENT


_NO_EVENT = _NoEvent()


class ApiProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the short way for the API."""

    direct: Direct
    max_body: int

    def on_headers_complete(self) -> None:
        """Choose the short way for a plain POST to the API with nothing before it in the pipeline."""
        parser = self.parser
        cycle: Any = self.cycle
        if (
            not self.url.startswith(PREFIX)
            or parser.get_method() != b"POST"
            or parser.should_upgrade()
            or self.expect_100_continue
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or b"#" in self.url
            or not (cycle is None or cycle.response_complete)
        ):
            super().on_headers_complete()
            return
        self.cycle = cast("Any", _Cycle())

    def on_body(self, body: bytes) -> None:
        """Gather the body up to the limit; what is over is counted, so that the refusal can name the size."""
        cycle: Any = self.cycle
        if not isinstance(cycle, _Cycle):
            super().on_body(body)
            return
        cycle.size += len(body)
        if cycle.size <= self.max_body:
            cycle.body += body

    def on_message_complete(self) -> None:
        """Hand a whole request over."""
        cycle: Any = self.cycle
        if not isinstance(cycle, _Cycle):
            super().on_message_complete()
            return
        cycle.more_body = False
        path, _, query = self.url[len(PREFIX) :].partition(b"?")
        body = bytes(cycle.body) if cycle.size <= self.max_body else b"\0" * cycle.size
        cycle.body.clear()
        self.direct.answer_directly(path.decode("latin-1"), query, body, lambda answer: self._reply(cycle, answer))

    def _reply(self, cycle: _Cycle, answer: bytes) -> None:
        cycle.response_complete = True
        if cycle.disconnected or self.transport.is_closing():
            return
        self.transport.write(_HEAD % (len(answer), b"" if cycle.keep_alive else b"connection: close\r\n", answer))
        if cycle.keep_alive:
            self.on_response_complete()
        else:
            self.transport.close()
