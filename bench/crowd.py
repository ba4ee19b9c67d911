"""The load of a fan-out: many members' sockets in one process, one of whom speaks; every copy that arrives is counted.

Raw non-blocking sockets on epoll. Nothing is parsed: a message carries a mark with its number, and what counts is how
often each mark came in. The clock of a message runs from when it was due to be sent to when its last copy was read.

* `flood`: a closed loop. So many messages are under way at once; for as many copies as one has, the next is sent.
* `pace`: an open loop. Messages are sent on time whatever comes back, so a server that falls behind shows it.
"""

import gc
import multiprocessing
import re
import resource
import select
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Protocol, TypeVar

import msgspec

from bench import process
from bench.stats import micros, percentile

WORD = b"mark:"
MARK = re.compile(rb"mark:(\d{8})")
TAIL = 12
"""One byte less than a mark: what may be the beginning of one at the end of what was read."""
DRAIN_SECONDS = 10.0
READ = 1 << 15
T = TypeVar("T")


class Dialect(Protocol):
    """How a server is spoken to: what a member does to be there, and what the first member sends to say something."""

    fault: bytes
    """In what the speaker reads: something was refused."""

    def join(self, number: int) -> socket.socket:
        """Return the socket of a member who is there."""
        ...

    def say(self, number: int) -> bytes:
        """Return what the speaker sends so that everybody gets the mark of this number."""
        ...


def mark(number: int, size: int) -> str:
    """Return a text of some bytes with the mark in it."""
    return f"mark:{number:08d} ".ljust(size, "x")


class Flood(msgspec.Struct, frozen=True):
    """What came of a closed loop. Rates a second; bytes and microseconds of the server's CPU for each copy."""

    deliveries_per_second: float
    messages_per_second: float
    bytes_per_delivery: float
    server_cpu_us: float
    server_cpu_share: float
    load_cpu_share: float
    faults: int
    fault_sample: str


class Pace(msgspec.Struct, frozen=True):
    """What came of an open loop: from when a message was due to its last copy, microseconds; CPU as in `Flood`."""

    messages: int
    p50_us: float
    p99_us: float
    max_us: float
    missing: int
    server_cpu_us: float
    server_cpu_share: float
    load_cpu_share: float
    faults: int
    fault_sample: str


class Crowd:
    """The members. `session` is the server's process session, whose CPU time is measured."""

    def __init__(self, dialect: Dialect, session: int) -> None:
        self.dialect = dialect
        self.session = session
        self.epoll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.tails: dict[int, bytes] = {}
        self.speaker: socket.socket | None = None
        self.unsent = b""
        self.buffer = bytearray(READ)
        self.left: dict[int, int] = {}
        self.ended: dict[int, int] = {}
        self.heard = self.bytes = self.faults = 0
        self.sample = ""
        self.number = 0

    def gather(self, count: int) -> None:
        """Let so many members come in, the speaker first."""
        for _ in range(count):
            self.add(self.dialect.join(len(self.sockets)))

    def add(self, member: socket.socket) -> None:
        """Listen to a member; the first one is the speaker."""
        member.setblocking(False)
        self.speaker = self.speaker or member
        self.sockets[member.fileno()] = member
        self.tails[member.fileno()] = b""
        self.epoll.register(member.fileno(), select.EPOLLIN)

    def say(self) -> int:
        """Send the next message, and return its number."""
        self.number += 1
        self.left[self.number] = len(self.sockets)
        self.unsent += self.dialect.say(self.number)
        self._send()
        return self.number

    def _send(self) -> None:
        if self.unsent and self.speaker is not None:
            try:
                self.unsent = self.unsent[self.speaker.send(self.unsent) :]
            except BlockingIOError:
                return

    def turn(self, timeout: float) -> None:
        """Read what is there, and note when the last copy of a message came in."""
        if self.unsent:
            self._send()
        for number, _ in self.epoll.poll(timeout, len(self.sockets)):
            data = self.sockets[number].recv(READ)
            if not data:
                raise self._closed(number)
            self.bytes += len(data)
            text = self.tails[number] + data
            self.tails[number] = text[-TAIL:]
            for found in MARK.findall(text):
                self.heard += 1
                told = int(found)
                self.left[told] -= 1
                if not self.left[told]:
                    self.ended[told] = time.perf_counter_ns()
            if self.sockets[number] is self.speaker and self.dialect.fault in data:
                self.faults += 1
                self.sample = self.sample or data[:300].decode(errors="replace")

    def count(self, timeout: float) -> None:
        """Read what is there, and count copies only: the least that a crowd can do."""
        if self.unsent:
            self._send()
        buffer, sockets, tails = self.buffer, self.sockets, self.tails
        for number, _ in self.epoll.poll(timeout, len(sockets)):
            size = sockets[number].recv_into(buffer)
            if not size:
                raise self._closed(number)
            self.bytes += size
            self.heard += buffer.count(WORD, 0, size)
            if tails[number]:
                self.heard += (tails[number] + buffer[: len(WORD) - 1]).count(WORD)
            tails[number] = bytes(buffer[max(size - len(WORD) + 1, 0) : size]) if buffer[size - 1] in WORD else b""

    def _closed(self, number: int) -> ConnectionError:
        return ConnectionError(f"the server closed a member's connection: {self.tails[number]!r}")

    def flood(self, seconds: float, window: int, warmup: float = 1.0) -> Flood:
        """Keep `window` messages under way for some seconds, and count the copies of the measured time."""
        said = self.number - self.heard / len(self.sockets)
        self._flood_until(time.perf_counter() + warmup, window + said)
        usage, cpu, began = process.usage(self.session), time.process_time(), time.perf_counter()
        heard, size, number = self.heard, self.bytes, self.number
        self._flood_until(began + seconds, window + said)
        spent = process.usage(self.session).cpu_seconds - usage.cpu_seconds
        took = time.perf_counter() - began
        copies, share = self.heard - heard, (time.process_time() - cpu) / took
        result = Flood(
            deliveries_per_second=round(copies / took, 1),
            messages_per_second=round((self.number - number) / took, 1),
            bytes_per_delivery=round((self.bytes - size) / max(copies, 1), 1),
            server_cpu_us=round(spent * 1e6 / max(copies, 1), 2),
            server_cpu_share=round(spent / took, 3),
            load_cpu_share=round(share, 3),
            faults=self.faults,
            fault_sample=self.sample,
        )
        until = time.monotonic() + DRAIN_SECONDS
        while self.heard < (self.number - said) * len(self.sockets) and time.monotonic() < until:
            self.count(0.05)
        return result

    def _flood_until(self, end: float, window: float) -> None:
        members = len(self.sockets)
        while time.perf_counter() < end:
            while self.number - self.heard / members < window:
                self.say()
            self.count(0.05)

    def pace(self, seconds: float, rate: float) -> Pace:
        """Send `rate` messages a second for some seconds, each on time."""
        usage, cpu, began = process.usage(self.session), time.process_time(), time.perf_counter()
        heard = self.heard
        due = self.send_on_time(seconds, rate)
        took = time.perf_counter() - began
        spent = process.usage(self.session).cpu_seconds - usage.cpu_seconds
        share, copies = (time.process_time() - cpu) / took, self.heard - heard
        taken = self.taken(due)
        return Pace(
            messages=len(taken),
            p50_us=micros(percentile(taken, 0.50)),
            p99_us=micros(percentile(taken, 0.99)),
            max_us=micros(taken[-1] if taken else 0),
            missing=len(due) - len(taken),
            server_cpu_us=round(spent * 1e6 / max(copies, 1), 2),
            server_cpu_share=round(spent / took, 3),
            load_cpu_share=round(share, 3),
            faults=self.faults,
            fault_sample=self.sample,
        )

    def send_on_time(self, seconds: float, rate: float) -> dict[int, int]:
        """Send `rate` messages a second for some seconds; return when each was due."""
        due: dict[int, int] = {}
        began = time.perf_counter_ns()
        for place in range(int(seconds * rate)):
            at = began + int((place + 1) * 1e9 / rate)
            while (wait := at - time.perf_counter_ns()) > 0:
                self.turn(wait / 1e9)
            due[self.say()] = at
        return due

    def taken(self, due: dict[int, int]) -> list[int]:
        """Wait for what is under way, and return how long the last copies took, nanoseconds, shortest first."""
        until = time.monotonic() + DRAIN_SECONDS
        while any(number not in self.ended for number in due) and time.monotonic() < until:
            self.turn(0.05)
        return sorted(self.ended[number] - at for number, at in due.items() if number in self.ended)

    def one(self) -> int:
        """Send one message and return how long its last copy took, nanoseconds."""
        began, number = time.perf_counter_ns(), self.say()
        until = time.monotonic() + DRAIN_SECONDS
        while number not in self.ended:
            self.turn(0.05)
            if time.monotonic() > until:
                raise TimeoutError(f"{self.left[number]} copies of a message did not come; {self.sample}")
        return self.ended[number] - began


def in_own_process(work: Callable[..., T], *args: Any) -> T:
    """Run some load in a new process, so that it shares neither memory nor the interpreter lock with anything."""
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_at_once, work, args).result()


def _at_once(work: Callable[..., T], args: Sequence[Any]) -> T:
    gc.disable()
    more_files()
    return work(*args)


def more_files() -> None:
    """Allow this process, and those it starts, as many open files as the system lets it have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
