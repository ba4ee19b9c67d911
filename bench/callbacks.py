"""What an app notices of another one whose own server does not answer callbacks.

App A sends messages at a fixed rate, an open loop: a new one goes out whether the others were answered or not. App B
makes groups in a closed loop, and its latency is what is measured: while A has no callbacks, while A's server answers
them at once, and while it takes connections and says nothing.
"""

import asyncio
import http.client
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench import process, sign, target
from bench.load import COUNTER, Job, Measured, body_of, measure, post
from bench.machine import Machine
from bench.report import Ratio
from bench.rounds import median

CALLBACK = "Group.CallbackBeforeSendMsg"
OTHER, OTHER_KEY = 1400000001, "a-key-of-the-benchmark-only"
GROUPS = 100
CYCLE_SECONDS = 3.0
"""How often each of A's connections sends: less often than a callback can take."""
FOLLOW_SECONDS = 3.0
"""In so long a running server follows a change of an app's settings."""
GOAL = 1.2
ANSWER = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}'
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
STATES = ("none", "answers", "hangs")
_spawn = multiprocessing.get_context("spawn")


class Loaded(msgspec.Struct, frozen=True):
    """One measurement: what A's server did, what B measured, how many of A's messages went out and were answered."""

    state: str
    round: int
    measured: Measured
    sent: int
    answered: int
    memory_mib: float


class Result(msgspec.Struct, frozen=True):
    """What is kept: latencies in microseconds, memory in mebibytes."""

    benchmark: str
    at: str
    machine: Machine
    seconds: float
    rate: float
    connections: int
    runs: Sequence[Loaded]
    ratios: Sequence[Ratio]


class _Receiver(asyncio.Protocol):
    """A's own server: a path that begins with /hang is never answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._data.startswith(b"POST /hang"):
            return
        while (body := body_of(self._data)) is not None:
            self._data = self._data[self._data.index(b"\r\n\r\n") + 4 + len(body) :]
            self._transport.write(REPLY)


def _receive(port: int) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Receiver, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


def _talk(port: int, requests: Sequence[bytes], rate: float, stop: Event, counts: Any) -> None:
    """Send at a rate until told to stop; ``counts`` becomes how many messages were sent, and answered with OK."""

    async def speak(number: int, start: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = 0
        while not stop.is_set():
            await asyncio.sleep(max(0.0, start + number / rate + turn * CYCLE_SECONDS - time.monotonic()))
            random = b"%010d" % (1_000_000_000 + turn * 100_000 + number)
            writer.write(requests[number % len(requests)].replace(COUNTER, random))
            counts[0] += 1
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            counts[1] += b'"ErrorCode":0' in await reader.readexactly(length)
            turn += 1
        writer.close()

    async def crowd() -> None:
        await asyncio.gather(*(speak(number, time.monotonic()) for number in range(int(rate * CYCLE_SECONDS))))

    asyncio.run(crowd())


@contextmanager
def talking(port: int, requests: Sequence[bytes], rate: float) -> Iterator[Any]:
    """Let app A send at a rate, from a process of its own, while the block runs."""
    stop, counts = _spawn.Event(), _spawn.Array("l", 2)
    speaker = _spawn.Process(target=_talk, args=(port, requests, rate, stop, counts), daemon=True)
    speaker.start()
    try:
        yield counts
    finally:
        stop.set()
        speaker.join(2 * CYCLE_SECONDS + 10)
        speaker.terminate()


def _cli(place: Path, *args: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "qunzhu", "app", *args, "--data", f"{place}/data"], check=True, env=os.environ,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _messages(port: int) -> list[bytes]:
    """Return requests of app A: a message to each of its groups; the load puts a number in for Random."""
    signature = target.signatures(1)[0]
    text = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
    found = []
    for number in range(GROUPS):
        body = json.dumps({"GroupId": f"talk-{number}", "Random": 0, "MsgBody": text}, separators=(",", ":"))
        body = body.replace('"Random":0', f'"Random":{COUNTER.decode()}')
        path = f"/v4/group_open_http_svc/send_group_msg?{target.query(signature, number)}"
        found.append(post(path, f"127.0.0.1:{port}", body.encode()))
    return found


def _others(port: int) -> tuple[bytes, ...]:
    """Return requests of app B: a group to create."""
    signature = sign.usersig(OTHER_KEY, target.ADMIN, OTHER)
    query = f"sdkappid={OTHER}&identifier={target.ADMIN}&usersig={signature}&random=1&contenttype=json"
    body = b'{"Type":"Public","Name":"group"}'
    return (post(f"/v4/group_open_http_svc/create_group?{query}", f"127.0.0.1:{port}", body),)


def _make_groups(port: int) -> None:
    signature = target.signatures(1)[0]
    requests = tuple(
        post(f"/v4/group_open_http_svc/create_group?{target.query(signature, number)}", f"127.0.0.1:{port}",
             json.dumps({"Type": "Public", "Name": "talk", "GroupId": f"talk-{number}"}).encode())
        for number in range(GROUPS)
    )  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        connection.request("POST", head.split(b" ")[1].decode(), body)
        if (answer := json.loads(connection.getresponse().read()))["ErrorCode"]:
            raise RuntimeError(f"a group was not made: {answer}")
    connection.close()


def compare(folder: Path, *, rate: float, seconds: float, connections: int, count: int, say: Any) -> list[Loaded]:
    """Measure app B in each state of app A's server, in turn, so that all meet the same machine."""
    receiving = process.free_port()
    server = _spawn.Process(target=_receive, args=(receiving,), daemon=True)
    server.start()
    found: list[Loaded] = []
    try:
        with tempfile.TemporaryDirectory(prefix="qunzhu-callbacks-", dir=folder) as place:
            _cli(Path(place), "create", "--sdkappid", str(OTHER), "--key", OTHER_KEY)
            with target.served(Path(place)) as up:
                _make_groups(up.job.port)
                for number in range(count):
                    turn = number % len(STATES)
                    for state in (*STATES[turn:], *STATES[:turn]):
                        _switch(Path(place), state, receiving)
                        found.append(_measured(up, state, number, rate, seconds, connections))
                        say(_line(found[-1]))
    finally:
        server.terminate()
    return found


def _switch(place: Path, state: str, port: int) -> None:
    url = "" if state == "none" else f"http://127.0.0.1:{port}/{state}"
    _cli(place, "set", str(target.SDKAPPID), "--callback-url", url, "--callback", CALLBACK)
    time.sleep(FOLLOW_SECONDS)


def _measured(up: target.Target, state: str, number: int, rate: float, seconds: float, connections: int) -> Loaded:
    with talking(up.job.port, _messages(up.job.port), rate) as counts:
        while not counts[0]:  # a process takes its time to start
            time.sleep(0.05)
        time.sleep(CYCLE_SECONDS)  # by then as many wait as ever will
        job = Job("127.0.0.1", up.job.port, connections, seconds, _others(up.job.port), expect=b'"ErrorCode":0')
        measured = measure(job)
        memory = process.usage(up.session).memory_mib
    return Loaded(state, number, measured, counts[0], counts[1], memory)


def _line(one: Loaded) -> str:
    return (
        f"round {one.round + 1}, A's server {one.state}: B's p50 {one.measured.p50_us:.0f} µs, p99"
        f" {one.measured.p99_us:.0f} µs; A sent {one.sent}, answered {one.answered}; {one.memory_mib} MiB"
    )


def ratios(runs: Sequence[Loaded]) -> list[Ratio]:
    """Return by how much B's p99 is higher while A's server hangs, in the medians of the rounds."""
    p99 = {state: median(run.measured.p99_us for run in runs if run.state == state) for state in STATES}
    found = []
    for other in ("none", "answers"):
        value = round(p99["hangs"] / p99[other], 3)
        found.append(Ratio(f"B's p99, A's server hangs / {other}", f"at most {GOAL}", value, value <= GOAL))
    lost = sum(run.sent - run.answered for run in runs)
    found.append(Ratio("messages of A that were not answered with OK", "0", float(lost), lost == 0))
    return found


def show(result: Result, console: Console) -> None:
    """Print the medians and the ratios."""
    table = Table(title=f"app B beside app A, {result.rate:g} messages a second of A")
    for name in ("A's server", "B's requests/s", "B's p50 µs", "B's p99 µs", "memory MiB"):
        table.add_column(name, justify="right")
    for state in STATES:
        runs = [run for run in result.runs if run.state == state]
        table.add_row(
            state, f"{median(run.measured.rate for run in runs):.0f}",
            f"{median(run.measured.p50_us for run in runs):.0f}", f"{median(run.measured.p99_us for run in runs):.0f}",
            f"{max(run.memory_mib for run in runs):.1f}",
        )  # fmt: skip
    console.print(table)
    for ratio in result.ratios:
        console.print(f"{ratio.name}: {ratio.value} (goal: {ratio.goal}; {'met' if ratio.met else 'MISSED'})")


def keep(result: Result, out: Path) -> Path:
    """Write the result, and return the file."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{result.at}-callbacks-{result.machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return file
