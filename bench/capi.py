"""What the C library costs: to its first answer, for a call, and in memory; from C, and from Node as the npm package.

The programs that are measured are in ``hosts``; all run against one server. The Python SDK is the yardstick: the
library is that SDK, called from elsewhere.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import copy

import msgspec
from rich.console import Console
from rich.table import Table

from bench import report, sign
from bench.machine import Machine
from bench.process import stop, usage
from bench.rounds import Say, median
from bench.stats import micros, percentile
from bench.target import DEMO_KEY, SDKAPPID
from qunzhu.capi.build import NAME, build

HOSTS = Path(__file__).with_name("hosts")
PACKAGE = Path("node_modules/im_electron_sdk/lib/linux/lib")
WARM_UP = 100
LOAD_GOAL_MS = 150.0
CALL_GOAL = 1.5
PYTHON, C, NODE = "Python SDK", "C", "Node, npm package"


class Cost(msgspec.Struct, frozen=True):
    """One host: milliseconds to the first answer, microseconds of a call, mebibytes."""

    name: str
    load_ms: float
    load_worst_ms: float
    p50_us: float
    p99_us: float
    plain_mib: float
    """Resident without the interface; 0 where that says nothing."""
    loaded_mib: float
    """Resident after the login."""
    used_mib: float
    """Resident after all calls."""


class Result(msgspec.Struct, frozen=True):
    """The kept result."""

    benchmark: str
    at: str
    machine: Machine
    node: str
    loads: int
    calls: int
    costs: Sequence[Cost]
    ratios: Sequence[report.Ratio]


class Host:
    """A running program of ``hosts``, logged in."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=folder, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.load_ns = int(self._line())

    def calls(self, count: int) -> list[int]:
        """Make so many groups and return the nanoseconds that each took."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return list(json.loads(self._line()))

    def memory(self) -> float:
        """Return the resident mebibytes."""
        return usage(self.process.pid).memory_mib

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args}: ended with {self.process.wait()}")
        return line


@contextmanager
def running(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Iterator[Host]:
    """Run a host, and end it after."""
    host = Host(command, folder, env)
    try:
        yield host
    finally:
        stop(host.process)


def prepare(folder: Path) -> dict[str, list[str]]:
    """Build the library and the C host, install the npm package, and return how each host is started.

    The package brings libraries of its vendor. They are removed before anything runs; ours takes their place.
    """
    library = build(folder)
    for file in HOSTS.iterdir():
        if file.suffix in {".c", ".js", ".json", ".py"}:
            copy(file, folder)
    subprocess.run(["cc", "-O2", "host.c", "-o", "host", "-ldl", "-lpthread"], cwd=folder, check=True)
    subprocess.run(
        ["npm", "install", "--ignore-scripts", "--silent", "--no-fund", "--no-audit"], cwd=folder, check=True
    )
    for vendors in (folder / "node_modules/im_electron_sdk").rglob("*.so*"):
        vendors.unlink()
    copy(library, folder / PACKAGE / NAME)
    return {PYTHON: [sys.executable, "host.py"], C: ["./host"], NODE: ["node", "host.js"]}


def compare(
    port: int, folder: Path, env: Mapping[str, str], *, loads: int, calls: int, count: int, say: Say
) -> list[Cost]:
    """Measure loading in turn, then calls in turn, all hosts in each round."""
    commands = {
        name: [*command, user, sign.usersig(DEMO_KEY, user, SDKAPPID)]
        for (name, command), user in zip(
            prepare(folder).items(), ("bench-python", "bench-c", "bench-node"), strict=True
        )
    }
    env = {**env, "QUNZHU_SERVER": f"ws://127.0.0.1:{port}", "HOME": str(folder)}
    loading = load(commands, folder, env, loads)
    say(f"{loads} loads of each, after one that is not counted")
    with ExitStack() as stack:
        hosts = {name: stack.enter_context(running(command, folder, env)) for name, command in commands.items()}
        loaded = {name: host.memory() for name, host in hosts.items()}
        taken = call(hosts, calls, count, say)
        used = {name: host.memory() for name, host in hosts.items()}
    return [
        Cost(
            name, round(median(loading[name]), 1), max(loading[name]), micros(percentile(taken[name], 0.5)),
            micros(percentile(taken[name], 0.99)), plain(env) if name == NODE else 0.0, loaded[name], used[name],
        )
        for name in commands
    ]  # fmt: skip


def load(
    commands: Mapping[str, Sequence[str]], folder: Path, env: Mapping[str, str], loads: int
) -> dict[str, list[float]]:
    """Start each host in turn, and return the milliseconds from loading the interface to the login's answer."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(loads + 1):  # the first one finds nothing compiled and nothing in the page cache
        for name, command in commands.items():
            with running(command, folder, env) as host:
                found[name] += [round(host.load_ns / 1e6, 1)] if number else []
    return found


def call(hosts: Mapping[str, Host], calls: int, count: int, say: Say) -> dict[str, list[int]]:
    """Let each host make groups, in turn; return the nanoseconds of the calls in ascending order."""
    for host in hosts.values():
        host.calls(WARM_UP)
    taken: dict[str, list[int]] = {name: [] for name in hosts}
    for number in range(1, count + 1):
        for name, host in hosts.items():
            taken[name] += host.calls(calls)
        say(f"round {number} of {count}")
    return {name: sorted(each) for name, each in taken.items()}


def plain(env: Mapping[str, str]) -> float:
    """Return the resident mebibytes of a Node that does nothing."""
    program = "console.log(0); process.stdin.resume()"
    with running(["node", "-e", program], Path.cwd(), env) as host:
        time.sleep(0.5)
        return host.memory()


def result_of(costs: Sequence[Cost], machine: Machine, *, loads: int, calls: int) -> Result:
    """Return what is kept, with each ratio against its goal."""
    python, c, node = costs
    ratios = [
        report.at_most("C: load to first answer, ms", c.load_ms, LOAD_GOAL_MS),
        report.at_most("Node: load to first answer, ms", node.load_ms, LOAD_GOAL_MS),
        report.at_most("a call's median: C / Python SDK", round(c.p50_us / python.p50_us, 2), CALL_GOAL),
        report.at_most("a call's median: Node / Python SDK", round(node.p50_us / python.p50_us, 2), CALL_GOAL),
    ]
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return Result("capi", report.now(), machine, version, loads, calls, costs, ratios)


def show(result: Result, console: Console) -> None:
    """Print the costs and what they are compared with."""
    table = Table(
        title=f"load to the login's answer, medians of {result.loads}; create_group, {result.calls} calls; "
        f"resident MiB; Node {result.node}",
        title_justify="left",
    )
    for heading in ("host", "load ms", "worst", "call p50 us", "p99 us", "plain", "logged in", "after the calls"):
        table.add_column(heading, justify="left" if heading == "host" else "right")
    for cost in result.costs:
        table.add_row(
            cost.name, f"{cost.load_ms:.0f}", f"{cost.load_worst_ms:.0f}", f"{cost.p50_us:,.0f}",
            f"{cost.p99_us:,.0f}", f"{cost.plain_mib:.0f}" if cost.plain_mib else "", f"{cost.loaded_mib:.0f}",
            f"{cost.used_mib:.0f}",
        )  # fmt: skip
    console.print(table)
    for ratio in result.ratios:
        console.print(
            f"{ratio.name}: {ratio.value} ({ratio.goal}, {'met' if ratio.met else 'missed'})", highlight=False
        )


def keep(result: Result, folder: Path) -> Path:
    """Write the data under `folder`; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.at}-capi-{result.machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return file
