"""The load generator: one process, raw non-blocking sockets on epoll, a closed loop, and nothing built while it runs.

Each connection has exactly one request in flight: the next one is sent when the reply to the last one is complete.
Requests are ready bytes; a reply is read as far as its header, its content-length and a look for the expected text.
Latency runs from just before `send` to the moment when the last byte of the reply has been read.
"""

import gc
import multiprocessing
import select
import socket
import time
from array import array
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import msgspec

from bench.stats import micros, percentile

COUNTER = b"0000000000"
"""Ten digits in a request that stand for a running number, where a peer needs a new name each time."""
DRAIN_SECONDS = 10.0


class Job(msgspec.Struct, frozen=True):
    """What to send where, for how long, and what a good reply holds.

    `requests` are whole HTTP/1.1 requests, sent in turn. If `counter` is set, the first ten zeros of each become
    a number that starts at `first` and is never used twice. `expect` must be in the body, or be the body if `exact`.
    `warmup` seconds are sent but not counted.
    """

    host: str
    port: int
    connections: int
    seconds: float
    requests: tuple[bytes, ...]
    expect: bytes
    exact: bool = False
    counter: bool = False
    first: int = 0
    warmup: float = 1.0


class Measured(msgspec.Struct, frozen=True):
    """What came back. Rate in replies a second, latencies in microseconds, `cpu_share` of one core (1.0 is all of it).

    Latencies and rate are of good replies that were sent within the measured time; `sent` counts the warm-up too.
    """

    connections: int
    seconds: float
    rate: float
    p50_us: float
    p99_us: float
    max_us: float
    replies: int
    sent: int
    errors: int
    error_sample: str
    cpu_share: float


class BadReply(Exception):
    """Raised if a reply cannot be read at all: no content-length, or more bytes than it announced."""


class Connection:
    """One socket of the closed loop with the bytes of its unfinished reply."""

    __slots__ = ("pending", "sent_at", "socket")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.pending = b""
        self.sent_at = 0


def body_of(data: bytes) -> bytes | None:
    """Return the body of the reply in `data`, or None while it is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end].lower()
    at = head.find(b"content-length:")
    if at < 0:
        raise BadReply(f"a reply without content-length: {data[:200]!r}")
    stop = head.find(b"\r\n", at)
    length = int(head[at + 15 : stop if stop >= 0 else len(head)])
    body = data[end + 4 :]
    if len(body) > length:
        raise BadReply(f"more bytes than the announced {length}: {data[:200]!r}")
    return body if len(body) == length else None


class Generator:
    """The closed loop itself. `run` blocks until the time is over and every reply is in."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.parts = [split(request) if job.counter else (request, b"") for request in job.requests]
        self.sent = 0
        self.open_replies = 0
        self.errors = 0
        self.sample = ""
        self.latencies = array("q")
        self.begin = self.end = 0

    def run(self) -> Measured:
        for _ in range(self.job.connections):
            self.connect()
        gc.disable()
        self.begin = time.perf_counter_ns() + int(self.job.warmup * 1e9)
        self.end = self.begin + int(self.job.seconds * 1e9)
        for connection in list(self.connections.values()):
            self.send(connection)
        while time.perf_counter_ns() < self.begin:
            self.turn()
        cpu, at = time.process_time_ns(), time.perf_counter_ns()
        while time.perf_counter_ns() < self.end:
            self.turn()
        share = (time.process_time_ns() - cpu) / (time.perf_counter_ns() - at)
        self.drain()
        return self.measured(share)

    def connect(self) -> Connection:
        connection = Connection(self.job.host, self.job.port)
        self.connections[connection.socket.fileno()] = connection
        self.epoll.register(connection.socket.fileno(), select.EPOLLIN)
        return connection

    def next_request(self) -> bytes:
        before, after = self.parts[self.sent % len(self.parts)]
        number = self.job.first + self.sent
        self.sent += 1
        return b"%b%010d%b" % (before, number, after) if self.job.counter else before

    def send(self, connection: Connection) -> None:
        request = self.next_request()
        self.open_replies += 1
        connection.sent_at = time.perf_counter_ns()
        if connection.socket.send(request) != len(request):
            raise BadReply("the socket took only part of a request: the requests are too long for this load")

    def turn(self) -> None:
        for number, _ in self.epoll.poll(0.1):
            self.receive(self.connections[number])

    def receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            self.reconnect(connection)
            return
        connection.pending = connection.pending + data if connection.pending else data
        body = body_of(connection.pending)
        if body is not None:
            self.finish(connection, body)

    def finish(self, connection: Connection, body: bytes) -> None:
        now = time.perf_counter_ns()
        connection.pending = b""
        self.open_replies -= 1
        if not (body == self.job.expect if self.job.exact else self.job.expect in body):
            self.fail(body[:300].decode(errors="replace"))
        elif self.begin <= connection.sent_at and now <= self.end:
            self.latencies.append(now - connection.sent_at)
        if now < self.end:
            self.send(connection)

    def reconnect(self, connection: Connection) -> None:
        """Replace a connection that the server closed; the reply it owed counts as an error."""
        self.fail("the server closed the connection")
        self.open_replies -= 1
        del self.connections[connection.socket.fileno()]
        connection.socket.close()
        if time.perf_counter_ns() < self.end:
            self.send(self.connect())

    def fail(self, sample: str) -> None:
        self.errors += 1
        self.sample = self.sample or sample

    def drain(self) -> None:
        """Wait for replies still under way, so that the next measurement starts on a server at rest."""
        until = time.monotonic() + DRAIN_SECONDS
        while self.open_replies and time.monotonic() < until:
            self.turn()
        if self.open_replies:
            self.fail(f"{self.open_replies} replies did not come within {DRAIN_SECONDS:.0f} s")
        for connection in self.connections.values():
            connection.socket.close()

    def measured(self, share: float) -> Measured:
        ordered = sorted(self.latencies)
        return Measured(
            connections=self.job.connections,
            seconds=self.job.seconds,
            rate=round(len(ordered) / self.job.seconds, 1),
            p50_us=micros(percentile(ordered, 0.50)),
            p99_us=micros(percentile(ordered, 0.99)),
            max_us=micros(ordered[-1] if ordered else 0),
            replies=len(ordered),
            sent=self.sent,
            errors=self.errors,
            error_sample=self.sample,
            cpu_share=round(share, 3),
        )


def split(request: bytes) -> tuple[bytes, bytes]:
    """Cut a request at its counter; the running number goes between the two parts."""
    before, found, after = request.partition(COUNTER)
    if not found:
        raise ValueError(f"no counter {COUNTER!r} in the request")
    return before, after


def post(path: str, host: str, body: bytes) -> bytes:
    """Return the bytes of one HTTP/1.1 keep-alive POST with a JSON body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def generate(job: Job) -> Measured:
    """Run the load in this process."""
    return Generator(job).run()


def measure(job: Job) -> Measured:
    """Run the load in a new process of its own, so that it shares neither memory nor the interpreter lock."""
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(generate, job).result()


def total(runs: Sequence[Measured]) -> int:
    """Return how many requests these runs sent, which is where the next counter starts."""
    return sum(run.sent for run in runs)
