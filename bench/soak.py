"""A crowd in one group, messages at the limit, sessions cut at random and the server killed.

Each member is the SDK's own client, on a socket that costs less than a library's, so that one process can be a thousand
of them. Every acknowledged message must have reached every member exactly once and in the order of its seq, whatever
was cut or killed meanwhile, and unread counts must equal a recount. `python -m bench soak` is the long run; the tests
do a short one.
"""

import asyncio
import base64
import http.client
import itertools
import json
import os
import random
import subprocess
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apsw
import msgspec
from websockets.frames import Frame, Opcode

from bench import kills, sign, target
from bench.process import free_port
from qunzhu.client import errors as err
from qunzhu.client.client import Client, Options
from qunzhu.client.errors import CallFailed, failed
from qunzhu.client.events import ClientEvent, MessageReceived, State
from qunzhu.client.transport import ABNORMAL, Closed
from qunzhu.commands.messages import SendGroupMsg
from qunzhu.core.elements import Element

GROUP = "crowd"
CUT_SECONDS = 0.1
SETTLE_SECONDS = 60.0
OPENING = 50
"""Clients that log in at once."""
LIMIT = 40
SENDERS = 20


class Outcome(msgspec.Struct, frozen=True):
    """What a run found; `faults` is empty where all is well."""

    members: int
    acknowledged: int
    stored: int
    deliveries: int
    missed: int
    """Of the deliveries: those that were pulled after a break."""
    cuts: int
    kills: int
    faults: list[str]


class Raw(asyncio.Protocol):
    """A WebSocket as the SDK's client wants it, without what a browser's needs: the server's frames come whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._greeted = False
        self._over: Closed | None = None
        self._transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take frames out of what came."""
        self._buffer += data
        if not self._greeted:
            head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not found:
                return
            self._greeted = True
            self._buffer = bytearray(rest)
            if b" 101 " not in head:
                self._end(Closed(ABNORMAL, "not upgraded"))
        while (taken := self._take()) is not None:
            opcode, payload = taken
            if opcode == Opcode.TEXT:
                self._frames.append(payload)
            elif opcode == Opcode.CLOSE:
                self._end(Closed(int.from_bytes(payload[:2]) if len(payload) > 1 else ABNORMAL))
        self._wake()

    def _take(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if not self._greeted or len(buffer) < 2:
            return None
        start, size = 2, buffer[1] & 0x7F
        if size > 125:
            wide = 2 if size == 126 else 8
            start, size = 2 + wide, int.from_bytes(buffer[2 : 2 + wide])
        if len(buffer) < start + size:
            return None
        frame = buffer[0] & 0x0F, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return frame

    def connection_lost(self, exc: Exception | None) -> None:
        """End without a goodbye."""
        del exc
        self._end(Closed(ABNORMAL))

    def _end(self, closed: Closed) -> None:
        self._over = self._over or closed
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def write(self, data: bytes) -> None:
        """Write raw bytes."""
        self._transport.write(data)

    async def greeted(self) -> None:
        """Wait for the upgrade."""
        while not self._greeted and self._over is None:
            await self._something()
        if self._over is not None:
            raise failed(err.DISCONNECTED, self._over.reason)

    async def _something(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def cut(self) -> None:
        """Break the connection as a lost network does."""
        self._transport.abort()

    async def send(self, frame: bytes) -> None:
        """Send one frame."""
        if self._over is not None:
            raise self._over
        self._transport.write(Frame(Opcode.TEXT, frame).serialize(mask=True))

    async def receive(self) -> bytes:
        """Return the next frame."""
        while not self._frames:
            if self._over is not None:
                raise self._over
            await self._something()
        return self._frames.popleft()

    async def close(self) -> None:
        """Say goodbye and leave."""
        if self._over is None:
            self._transport.write(Frame(Opcode.CLOSE, (1000).to_bytes(2)).serialize(mask=True))
        self._transport.close()
        self._end(Closed(1000))


async def dial(url: str) -> Raw:
    """Connect and ask for the upgrade."""
    parts = urlsplit(url)
    try:
        _, raw = await asyncio.get_running_loop().create_connection(Raw, parts.hostname, parts.port)
    except OSError as fault:
        raise failed(err.CONNECT_REFUSED, str(fault)) from None
    key = base64.b64encode(os.urandom(16)).decode()
    raw.write(
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    await raw.greeted()
    return raw


class Crowd:
    """The members, what each was told, and what was acknowledged."""

    def __init__(self, port: int, count: int, dice: random.Random) -> None:
        self.port, self.dice = port, dice
        self.users = target.accounts(count)
        self.clients: list[Client] = []
        self.raws: dict[str, Raw] = {}
        self.told: dict[str, list[int]] = {user: [] for user in self.users}
        self.missed = self.cuts = 0
        self.random_of: dict[int, int] = {}
        """The Random of the message at each seq, as it was told first."""
        self.acknowledged: dict[int, int] = {}
        """The seq at which each Random was acknowledged."""
        self.faults: list[str] = []
        self._randoms = itertools.count(1)

    def _client(self, user: str) -> Client:
        async def own(url: str) -> Raw:
            self.raws[user] = raw = await dial(url)
            return raw

        sig = sign.usersig(target.DEMO_KEY, user, target.SDKAPPID, issued=int(time.time()) - 60)
        delay: Callable[[int], float] = lambda attempt: self.dice.uniform(0.05, 0.5) * min(4, 1 + attempt)  # noqa: E731
        options = Options(dial=own, delay=delay, timeout=30.0)
        client = Client(f"ws://127.0.0.1:{self.port}", target.SDKAPPID, user, sig, options=options)
        client.listen(lambda event: self._hear(user, event))
        return client

    def _hear(self, user: str, event: ClientEvent) -> None:
        if isinstance(event, MessageReceived):
            seq, number = event.message["MsgSeq"], event.message["MsgRandom"]
            if self.random_of.setdefault(seq, number) != number:
                self.faults.append(f"{user}: seq {seq} is {number}, others were told {self.random_of[seq]}")
            self.told[user].append(seq)
            self.missed += event.missed

    async def gather(self) -> None:
        """Let everybody come online."""
        self.clients = [self._client(user) for user in self.users]
        for start in range(0, len(self.clients), OPENING):
            await asyncio.gather(*(client.open() for client in self.clients[start : start + OPENING]))

    async def talk(self, seconds: float, rate: float) -> None:
        """Send at the group's limit from random members; what got no answer is sent again until it has one."""
        gap, until = SENDERS / rate, time.monotonic() + seconds

        async def one(phase: float) -> None:
            due = time.monotonic() + phase
            while due < until:
                await asyncio.sleep(due - time.monotonic())
                due += gap
                await self._say(self.dice.choice(self.clients))

        await asyncio.gather(*(one(gap * number / SENDERS) for number in range(SENDERS)))

    async def _say(self, client: Client) -> None:
        number = next(self._randoms)
        body = [Element("TIMTextElem", {"Text": f"message {number} ".ljust(200, "x")})]
        while True:
            try:
                sent = await client.call(SendGroupMsg(GroupId=GROUP, Random=number, MsgBody=body))
            except CallFailed as fault:
                if fault.code not in {err.DISCONNECTED.code, err.TIMED_OUT.code}:
                    self.faults.append(f"message {number} was refused: {fault.code} {fault.text}")
                    return
                await asyncio.sleep(0.1)
                continue
            if not sent.MsgDropReason:
                self.acknowledged[number] = sent.MsgSeq
            return

    async def cut(self) -> None:
        """Break one connection after another."""
        while True:
            await asyncio.sleep(CUT_SECONDS)
            self.raws[self.dice.choice(self.users)].cut()
            self.cuts += 1

    async def settle(self) -> int:
        """Wait until everybody has heard everything; return the newest seq."""
        newest = max([0, *self.acknowledged.values()])
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            newest = max([newest, *(client.known.get(GROUP, 0) for client in self.clients)])
            if all(c.state is State.CONNECTED and c.known.get(GROUP) == newest for c in self.clients):
                break
            await asyncio.sleep(0.1)
        return newest

    def check(self, newest: int) -> None:
        """Say what somebody missed, was told twice or out of order, and what is acknowledged and not there."""
        every = list(range(1, newest + 1))
        for user, seqs in self.told.items():
            if seqs != every:
                twice = len(seqs) - len(set(seqs))
                lost = sorted(set(every) - set(seqs))
                self.faults.append(
                    f"{user}: {len(lost)} missing {lost[:5]}, {twice} twice, in order: {seqs == sorted(seqs)}"
                )
        for number, seq in self.acknowledged.items():
            if self.random_of.get(seq) != number:
                self.faults.append(
                    f"message {number} was acknowledged at seq {seq}, where {self.random_of.get(seq)} is"
                )


def furnish(port: int, users: list[str]) -> None:
    """Make the group with all members, whom nobody is told of."""
    first = {"Type": "Public", "Name": "crowd", "GroupId": GROUP, "Owner_Account": users[0]}
    _rest(port, "create_group", first)
    for start in range(1, len(users), 300):
        members = [{"Member_Account": user} for user in users[start : start + 300]]
        _rest(port, "import_group_member", {"GroupId": GROUP, "MemberList": members})


def _rest(port: int, command: str, body: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    query = target.query(target.signatures(1)[0], 1)
    connection.request("POST", f"/v4/group_open_http_svc/{command}?{query}", json.dumps(body))
    reply = json.loads(connection.getresponse().read())
    connection.close()
    if reply["ErrorCode"]:
        raise RuntimeError(f"{command}: {reply}")


def recount(database: Path) -> tuple[int, list[str]]:
    """Return how many messages are stored, and every member whose unread number is not what a count gives."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    [(num, next_seq)] = connection.execute("SELECT num, next_seq FROM groups WHERE group_id = ?", (GROUP,)).fetchall()
    seqs = [seq for (seq,) in connection.execute("SELECT seq FROM messages WHERE group_num = ? ORDER BY seq", (num,))]
    faults = [] if seqs == list(range(1, next_seq)) else [f"seqs have holes: {len(seqs)} of {next_seq - 1}"]
    rows = connection.execute(
        "SELECT m.user_id, m.read_seq, (SELECT count(*) FROM messages s WHERE s.group_num = m.group_num"
        " AND s.topic_num = 0 AND s.seq > m.read_seq AND s.quiet = 0) FROM members m WHERE m.group_num = ?",
        (num,),
    ).fetchall()
    connection.close()
    faults += [
        f"{user}: unread {next_seq - 1 - read}, a recount {counted}"
        for user, read, counted in rows
        if next_seq - 1 - read != counted
    ]
    return len(seqs), faults


class Killer:
    """Kills the server and starts it again on the same folder and port."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self.done = 0
        self.server, _ = kills.start(folder, port)

    def start_again(self) -> None:
        """Kill with -9, then start."""
        self.stop(self.server.kill)
        self.server, _ = kills.start(self._folder, self._port)
        self.done += 1

    def stop(self, how: Callable[[], None]) -> None:
        """End the server one way or the other, and wait for its end."""
        how()
        self.server.wait()
        if self.server.stdout:
            self.server.stdout.close()

    def end(self) -> None:
        """Stop the server for good."""
        try:
            self.stop(self.server.terminate)
        except subprocess.TimeoutExpired:
            self.stop(self.server.kill)


def run(
    folder: Path, *, members: int, seconds: float, kill: int, rate: float = LIMIT, seed: int = 1,
    progress: Callable[[str], object] = print,
) -> Outcome:  # fmt: skip
    """Let a crowd talk for some seconds while connections are cut and the server is killed; return what was found."""
    dice, port = random.Random(seed), free_port()
    killer = Killer(folder, port)
    crowd = Crowd(port, members, dice)
    try:
        target.import_accounts(port, crowd.users)
        furnish(port, crowd.users)
        newest = _loop(_run(crowd, killer, seconds, kill, rate, progress))
    finally:
        killer.end()
    crowd.check(newest)
    stored, faults = recount(folder / "data" / "apps" / str(target.SDKAPPID) / "app.db")
    return Outcome(
        members=members, acknowledged=len(crowd.acknowledged), stored=stored,
        deliveries=sum(map(len, crowd.told.values())), missed=crowd.missed, cuts=crowd.cuts, kills=killer.done,
        faults=crowd.faults + faults,
    )  # fmt: skip


def _loop(work: Coroutine[None, None, int]) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def _run(
    crowd: Crowd, killer: Killer, seconds: float, kill: int, rate: float, progress: Callable[[str], object]
) -> int:
    progress(f"{len(crowd.users)} members come online")
    await crowd.gather()
    progress("they talk")
    talking = asyncio.create_task(crowd.talk(seconds, rate))
    cutting = asyncio.create_task(crowd.cut())
    for _ in range(kill):
        await asyncio.sleep(seconds / (kill + 1) * crowd.dice.uniform(0.6, 1.0))
        await asyncio.to_thread(killer.start_again)
        progress(f"killed and started again, {len(crowd.acknowledged)} messages acknowledged")
    await talking
    cutting.cancel()
    progress("everybody catches up")
    newest = await crowd.settle()
    await asyncio.gather(*(client.close() for client in crowd.clients))
    return newest
