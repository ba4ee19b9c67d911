"""The short way of an API request: uvicorn's HTTP protocol, without a task and an ASGI scope for each request.

uvicorn takes a protocol class through its ``http=`` setting. This one leaves parsing, keep-alive, time-outs, pipelining
and shutdown to uvicorn's and only answers ``POST /v4/...`` itself: head and body in one write, from a callback. All
else, and every request that comes in an unusual way, goes the ordinary ASGI way, which answers the same.
"""

from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from qunzhu.edge.rest import HANG_UP

Done = Callable[[bytes], None]
PREFIX = b"/v4/"
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\n"
    b"access-control-allow-methods: POST\r\naccess-control-allow-headers: *\r\ncontent-length: %d\r\n%b\r\n%b"
)


class Direct(Protocol):
    """What answers an API request: calls ``done`` once with the reply's body, now or later on this loop.

    An empty one ends the connection.
    """

    def answer_directly(self, path: str, query: bytes, body: bytes, done: Done, client: str = "") -> None:
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
    _active_at = 0.0

    def on_message_begin(self) -> None:
        """Begin a request; its ASGI scope is made only where the ordinary way is taken."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def _begin_ordinary(self) -> None:
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        self.scope["headers"] = headers
        cast("Any", self.scope)["extensions"] = {HANG_UP: self.transport.abort}

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the keep-alive timer with the connection."""
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().connection_lost(exc)

    def _unset_keepalive_if_required(self) -> None:
        """Note a sign of life. One timer runs on and looks at the note: none is made for each request."""
        self._active_at = self.loop.time()

    def on_response_complete(self) -> None:
        """Go on with the next request of the pipeline, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for as long as keep-alive lasts."""
        self.timeout_keep_alive_task = None
        left = self._active_at + self.timeout_keep_alive - self.loop.time()
        cycle: Any = self.cycle
        if left > 0:
            self._wait(left)
        elif cycle is not None and not cycle.response_complete:
            self._wait(self.timeout_keep_alive)
        elif not self.transport.is_closing():
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, and let go of it."""
        super().handle_websocket_upgrade()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        self.parser = cast("Any", None)  # they hold each other

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
            if isinstance(cycle, _Cycle) and cycle.response_complete:
                self.cycle = cast("Any", None)
            self._begin_ordinary()
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
        client = self.client[0] if self.client else ""
        self.direct.answer_directly(
            path.decode("latin-1"), query, body, lambda answer: self._reply(cycle, answer), client
        )

    def _reply(self, cycle: _Cycle, answer: bytes) -> None:
        cycle.response_complete = True
        if cycle.disconnected or self.transport.is_closing():
            return
        if not answer:
            self.transport.abort()
            return
        self.transport.write(_HEAD % (len(answer), b"" if cycle.keep_alive else b"connection: close\r\n", answer))
        if cycle.keep_alive:
            self.on_response_complete()
        else:
            self.transport.close()
