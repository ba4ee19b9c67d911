"""One message, many sockets: deliveries a second, time to the last copy; slow members, idle ones, large groups."""

import http.client
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from bench import process, target
from bench.bare import bare
from bench.crowd import Crowd, Dialect, Flood, Pace, in_own_process, more_files
from bench.groups import Caller
from bench.peers.ejabberd import rooms_of
from bench.peers.prosody import prosody as start_prosody
from bench.rounds import Say, median
from bench.stats import micros, percentile
from bench.talk import Gateway, call, read_until
from qunzhu.apps import DEMO_SDKAPPID, Home, change_app
from qunzhu.cli.home import control
from qunzhu.config import Config

SERVICE = "group_open_http_svc"
ADD_AT_ONCE = 300
GROUP = "fanout"
BARE_BYTES = 400
SIDE_BY_SIDE = 200
SETTLE_SECONDS = 2.0
QUIET_SECONDS = "3600"
"""Heartbeat of the server: the members of a load say nothing by themselves."""
GOODBYE = re.compile(rb'"session_end","params":\{[^{}]*\}\}\x88[\x02-\x7d](..)', re.DOTALL)
NARROW = 1 << 15
"""Receive buffer of a member who will not read."""
FILL = 4000
LANES = 16
AT_ONCE = 20
"""Messages to one community before the other has its turn."""
Setting = tuple[Dialect, int]
"""How to speak to a server that is ready for its members, and its process session."""
Start = Callable[[Path], AbstractContextManager[Setting]]


class Run(msgspec.Struct, frozen=True):
    """One server in one round. Memory is what each member added to the server's resident set, KiB."""

    target: str
    round: int
    flood: Flood
    pace: Pace
    member_kib: float


class Slow(msgspec.Struct, frozen=True):
    """The others' latency and the server's memory without and beside members that do not read, in turn, at one rate.

    `growth_...`: of the server's memory while as many messages were stored and sent; its caches fill by these too.
    `codes`: what the slow ones found when they read again; `caught_up`: how many then pulled what they had missed.
    """

    members: int
    slow: int
    rounds: int
    bytes: int
    rate: float
    messages: int
    p50_without_us: float
    p99_without_us: float
    p50_beside_us: float
    p99_beside_us: float
    p99_ratio: float
    growth_without_mib: float
    growth_beside_mib: float
    codes: Sequence[int]
    caught_up: int
    seconds_to_end: float


class Idle(msgspec.Struct, frozen=True):
    """What an idle session keeps in the server: its resident set from `first` sessions to all, KiB each."""

    sessions: int
    first: int
    session_kib: float
    memory_mib: float
    cpu_share: float


class Community(msgspec.Struct, frozen=True):
    """One message to `online` members of a large and of a small community; microseconds, medians of the rounds."""

    large: int
    small: int
    online: int
    messages: int
    small_p50_us: float
    large_p50_us: float
    small_cpu_us: float
    large_cpu_us: float
    p50_ratio: float
    cpu_ratio: float


@contextmanager
def server(folder: Path, options: Sequence[str] = ()) -> Iterator[target.Target]:
    """Start qunzhu without accounts and without a limit on the frequency of messages."""
    more_files()
    options = ("--heartbeat", QUIET_SECONDS, *options)
    with tempfile.TemporaryDirectory(prefix="fanout-", dir=folder) as place, target.served(Path(place), options) as up:
        with control(Home(Config(data=f"{place}/data"))) as store:
            store.write_now(change_app, DEMO_SDKAPPID, {}, {"messages_per_second": 0})
        time.sleep(SETTLE_SECONDS)  # a running server follows within a second
        yield up


def people(caller: Caller, port: int, group: str, users: Sequence[str], kind: str = "Community", size: int = 0) -> None:
    """Make a group with these members, the first one its owner, and so many more who are never there."""
    target.import_accounts(port, users)
    caller(f"{SERVICE}/create_group", Type=kind, Name="bench", GroupId=group, Owner_Account=users[0])
    others = [*users[1:], *(f"{group[-8:]}{number:07d}" for number in range(size - len(users)))]
    target.import_accounts(port, others[len(users) - 1 :])
    for start in range(0, len(others), ADD_AT_ONCE):
        batch = [{"Member_Account": user} for user in others[start : start + ADD_AT_ONCE]]
        caller(f"{SERVICE}/add_group_member", GroupId=group, MemberList=batch, Silence=1)


@contextmanager
def qunzhu(folder: Path, members: int, size: int, options: Sequence[str] = ()) -> Iterator[Setting]:
    """Start qunzhu with a group of so many members."""
    with server(folder, options) as up:
        gateway = Gateway(up.job.port, GROUP, size)
        people(Caller(up.job.port), up.job.port, GROUP, [gateway.user(number) for number in range(members)], "Public")
        yield gateway, up.session


def fan(
    dialect: Dialect, session: int, members: int, flood: float, window: int, seconds: float, rate: float
) -> tuple[Flood, Pace, float]:
    """Let the members in, and measure the open loop, then the closed one."""
    before = process.usage(session).memory_mib
    crowd = Crowd(dialect, session)
    crowd.gather(members)
    each = (process.usage(session).memory_mib - before) * 1024 / members
    crowd.pace(1.0, rate)
    paced = crowd.pace(seconds, rate)
    return crowd.flood(flood, window), paced, round(each, 1)


def rounds(
    starts: dict[str, Callable[[float], Start]],
    folder: Path,
    *,
    members: int,
    flood: float,
    window: int,
    seconds: float,
    rate: float,
    count: int,
    say: Say,
) -> list[Run]:
    """Measure every server once a round, each freshly started, so that a slow minute of the machine hits all alike."""
    runs: list[Run] = []
    for number in range(1, count + 1):
        for name, start in starts.items():
            sizes = [run.flood.bytes_per_delivery for run in runs if run.target.startswith("qunzhu")]
            with start(sizes[-1] if sizes else BARE_BYTES)(folder) as (dialect, session):
                found, paced, each = in_own_process(fan, dialect, session, members, flood, window, seconds, rate)
            runs.append(Run(name, number, found, paced, each))
            say(
                f"round {number}: {name}: {found.deliveries_per_second:,.0f} deliveries/s, "
                f"p99 {paced.p99_us / 1000:.1f} ms to the last of {members:,} at {rate:g}/s"
            )
    return runs


def starts(
    members: int, size: int, options: Sequence[str], *, ejabberd: bool, prosody: bool
) -> dict[str, Callable[[float], Start]]:
    """Return how each server is started; the bare loop is told how long a frame of qunzhu's is."""
    found: dict[str, Callable[[float], Start]] = {
        "qunzhu": lambda _: lambda folder: qunzhu(folder, members, size, options),
        "bare loop": lambda frame: lambda _: bare(members, int(frame)),
    }
    if ejabberd:
        found["ejabberd"] = lambda _: lambda folder: rooms_of(folder, size)
    if prosody:
        found["prosody"] = lambda _: lambda folder: start_prosody(folder, size)
    return found


def slow(
    folder: Path,
    *,
    members: int,
    count: int,
    size: int,
    rate: float,
    seconds: float,
    turns: int,
    options: Sequence[str],
) -> Slow:
    """Compare the others' latency without and beside members that stop reading, on one server."""
    with qunzhu(folder, members + count, size, options) as (dialect, session):
        fill_caches(dialect.port)
        return in_own_process(_slow, dialect, session, members, count, rate, seconds, turns)


def fill_caches(port: int) -> None:
    """Store messages that nobody hears, until the server's caches of the store have grown as large as they may."""
    Caller(port)(f"{SERVICE}/create_group", Type="Public", Name="fill", GroupId="fill")
    content = {"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * 11_000}}

    def some(lane: int) -> None:
        caller = Caller(port)
        for number in range(lane, FILL, LANES):
            caller(f"{SERVICE}/send_group_msg", GroupId="fill", Random=number, MsgBody=[content])

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(some, range(LANES)))


def _slow(dialect: Gateway, session: int, members: int, count: int, rate: float, seconds: float, turns: int) -> Slow:
    crowd, absent = Crowd(dialect, session), range(members, members + count)
    crowd.gather(members)
    crowd.taken(crowd.send_on_time(2.0, rate))
    seen = Seen()
    for _ in range(turns):
        before = process.usage(session).memory_mib
        seen.without += crowd.taken(crowd.send_on_time(seconds, rate))
        between, ends, first = process.usage(session).memory_mib, slow_ends(dialect.port), crowd.number
        deaf, began = msgspec.structs.replace(dialect, receive_buffer=NARROW).join_many(absent), time.monotonic()
        seen.beside += crowd.taken(crowd.send_on_time(seconds, rate))
        while slow_ends(dialect.port) < ends + count and time.monotonic() - began < 10 * seconds:
            crowd.taken(crowd.send_on_time(0.5, rate))
        seen.took.append(time.monotonic() - began)
        seen.messages_beside += crowd.number - first
        seen.growth_without += between - before
        seen.growth_beside += process.usage(session).memory_mib - between
        seen.codes += [_read_to_end(sock) for sock in deaf]
        seen.caught_up += sum(_caught_up(dialect, number, first) for number in absent)
    return _slow_of(seen, dialect, members, count, rate, turns)


class Seen(msgspec.Struct):
    """What is gathered over the turns: latencies in nanoseconds, memory in MiB, seconds until the slow ones ended."""

    without: list[int] = []
    beside: list[int] = []
    messages_beside: int = 0
    growth_without: float = 0.0
    growth_beside: float = 0.0
    codes: list[int] = []
    caught_up: int = 0
    took: list[float] = []


def _slow_of(seen: Seen, dialect: Gateway, members: int, count: int, rate: float, turns: int) -> Slow:
    without, beside = sorted(seen.without), sorted(seen.beside)
    alike = seen.growth_without * seen.messages_beside / max(len(without), 1)
    p99, p99_beside = micros(percentile(without, 0.99)), micros(percentile(beside, 0.99))
    return Slow(
        members=members, slow=count, rounds=turns, bytes=dialect.size, rate=rate, messages=len(without),
        p50_without_us=micros(percentile(without, 0.5)), p99_without_us=p99,
        p50_beside_us=micros(percentile(beside, 0.5)), p99_beside_us=p99_beside,
        p99_ratio=round(p99_beside / p99, 3), growth_without_mib=round(alike, 1),
        growth_beside_mib=round(seen.growth_beside, 1), codes=seen.codes, caught_up=seen.caught_up,
        seconds_to_end=median(seen.took),
    )  # fmt: skip


def _caught_up(dialect: Gateway, number: int, first: int) -> bool:
    """Say that a member who comes back is told of what was sent while he was away, and can pull it."""
    sock = dialect.join(number)
    sock.sendall(call(7, "sync", Groups={dialect.group: first}))
    missed = read_until(sock, b'"Gone"')
    sock.close()
    return b"mark:" in missed


def slow_ends(port: int) -> int:
    """Return how many sessions the server has ended as slow."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = [line for line in text.splitlines() if line.startswith('qunzhu_session_ends_total{reason="slow"}')]
    return int(float(found[0].split()[-1])) if found else 0


def _read_to_end(sock: socket.socket) -> int:
    """Read what a session was sent up to its close frame, and return that frame's code; 0 where there was none."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # a narrow one is read at the pace of probes
    data = b""
    try:
        while (found := GOODBYE.search(data)) is None and (more := sock.recv(65_536)):
            data = data[-2000:] + more
    except OSError:
        return 0
    finally:
        sock.close()
    return int.from_bytes(found[1]) if found else 0


def idle(folder: Path, *, sessions: int, first: int, options: Sequence[str]) -> Idle:
    """Let many users log in who do nothing, and see what the server keeps for each."""
    with server(folder, options) as up:
        return in_own_process(_idle, Gateway(up.job.port, GROUP), up.session, sessions, first)


def _idle(gateway: Gateway, session: int, sessions: int, first: int) -> Idle:
    socks, memory = [], {}
    for goal in (first, sessions):
        while len(socks) < goal:
            socks += gateway.join_many(range(len(socks), min(len(socks) + SIDE_BY_SIDE, goal)))
        time.sleep(SETTLE_SECONDS)
        memory[goal] = process.usage(session).memory_mib
    before = process.usage(session).cpu_seconds
    time.sleep(5.0)
    share = (process.usage(session).cpu_seconds - before) / 5.0
    for sock in socks:
        sock.close()
    each = (memory[sessions] - memory[first]) * 1024 / (sessions - first)
    return Idle(sessions, first, round(each, 2), memory[sessions], round(share, 3))


def community(folder: Path, *, large: int, online: int, messages: int, count: int, options: Sequence[str]) -> Community:
    """Compare a message to a large community with one to a small one; the same members are there in both."""
    with server(folder, options) as up:
        gateway = Gateway(up.job.port, "@TGS#_small")
        users = [gateway.user(number) for number in range(online)]
        caller = Caller(up.job.port)
        people(caller, up.job.port, "@TGS#_small", users)
        people(caller, up.job.port, "@TGS#_large", users, size=large)
        return in_own_process(_community, gateway, up.session, large, online, messages, count)


def _community(gateway: Gateway, session: int, large: int, online: int, messages: int, count: int) -> Community:
    crowd = Crowd(gateway, session)
    crowd.gather(online)
    dialects = {"small": gateway, "large": msgspec.structs.replace(gateway, group="@TGS#_large")}
    p50: dict[str, list[float]] = {name: [] for name in dialects}
    cpu: dict[str, list[float]] = {name: [] for name in dialects}
    for number in range(-1, count):
        taken: dict[str, list[int]] = {name: [] for name in dialects}
        spent = dict.fromkeys(dialects, 0.0)
        for turn in range(messages // AT_ONCE):
            for name in sorted(dialects, reverse=bool(turn % 2)):
                crowd.dialect, before = dialects[name], process.usage(session).cpu_seconds
                taken[name] += [crowd.one() for _ in range(AT_ONCE)]
                spent[name] += process.usage(session).cpu_seconds - before
        for name in dialects if number >= 0 else ():  # the first one warms up
            p50[name].append(micros(percentile(sorted(taken[name]), 0.5)))
            cpu[name].append(spent[name] * 1e6 / messages)
    small, large_ = ((median(p50[name]), median(cpu[name])) for name in ("small", "large"))
    return Community(
        large=large, small=online, online=online, messages=messages, small_p50_us=small[0], large_p50_us=large_[0],
        small_cpu_us=small[1], large_cpu_us=large_[1], p50_ratio=round(large_[0] / small[0], 3),
        cpu_ratio=round(large_[1] / small[1], 3),
    )  # fmt: skip
