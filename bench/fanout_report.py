"""The results of a fan-out as tables, a picture and a data file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

from bench import report
from bench.fanout import Community, Idle, Run, Slow
from bench.machine import Machine
from bench.report import Ratio
from bench.rounds import median

PEER_FACTOR = 2.0
BARE_SHARE = 0.5
LAST_MS = 50.0
SESSION_KIB = 25.0
SAME = 1.2
GROWTH_MIB = 2.0
GENERATOR_SHARE = 0.95
OURS, LIMIT = "qunzhu", "bare loop"


class Result(msgspec.Struct, frozen=True):
    """The kept result. Latencies in microseconds; `window` messages under way in the closed loop."""

    benchmark: str
    at: str
    machine: Machine
    members: int
    rate: float
    seconds: float
    flood_seconds: float
    window: int
    rounds: int
    bytes: int
    runs: Sequence[Run]
    slow: Slow | None
    idle: Idle | None
    community: Community | None
    ratios: Sequence[Ratio]


def middle(runs: Iterable[Run], name: str, figure: Callable[[Run], float]) -> float | None:
    """Return the median of a server's rounds, or None where it was not measured."""
    found = [figure(run) for run in runs if run.target == name]
    return median(found) if found else None


def rate(runs: Iterable[Run], name: str) -> float | None:
    """Return deliveries a second."""
    return middle(runs, name, lambda run: run.flood.deliveries_per_second)


def fan_ratios(runs: Sequence[Run]) -> Iterator[Ratio]:
    """Give the comparisons of the servers."""
    ours = rate(runs, OURS)
    for peer in ("ejabberd", "prosody"):
        if (theirs := rate(runs, peer)) is not None:
            yield report.at_least(f"deliveries/s / {peer}'s", report.over(ours, theirs), PEER_FACTOR)
    yield report.at_least("deliveries/s / bare loop's", report.over(ours, rate(runs, LIMIT)), BARE_SHARE)
    each = report.over(middle(runs, LIMIT, _paced_cpu), middle(runs, OURS, _paced_cpu))
    yield report.at_least("CPU of a copy, one message at a time: bare loop / qunzhu", each, BARE_SHARE)
    last = middle(runs, OURS, lambda run: round(run.pace.p99_us / 1000, 2))
    yield report.under("p99 to the last copy, ms", last, LAST_MS)
    busy = max((run.flood.load_cpu_share for run in runs if run.target == OURS), default=None)
    yield report.under("largest CPU share of the load generator on qunzhu", busy, GENERATOR_SHARE)
    lost = sum(run.pace.missing + run.pace.faults + run.flood.faults for run in runs if run.target == OURS)
    yield report.at_most("messages of qunzhu's that were refused or did not reach all", lost if ours else None, 0)


def _paced_cpu(run: Run) -> float:
    return run.pace.server_cpu_us


def slow_ratios(slow: Slow) -> Iterator[Ratio]:
    """Give what is asked of a server with members that do not read."""
    more = round(slow.growth_beside_mib - slow.growth_without_mib, 1)
    good = sum(code == 4004 for code in slow.codes)
    yield report.at_most("p99 of the others: beside slow members / without", slow.p99_ratio, SAME)
    yield report.at_most("memory that slow members add, MiB", more, GROWTH_MIB)
    yield report.at_least("share of slow members ended with 4004", good / len(slow.codes), 1.0)
    yield report.at_least("share of them that caught up", slow.caught_up / len(slow.codes), 1.0)


def ratios(runs: Sequence[Run], slow: Slow | None, idle: Idle | None, community: Community | None) -> list[Ratio]:
    """Return all comparisons with their goals."""
    found = list(fan_ratios(runs)) if runs else []
    if slow is not None:
        found += slow_ratios(slow)
    if idle is not None:
        found.append(
            report.under(f"memory of one of {idle.sessions:,} idle sessions, KiB", idle.session_kib, SESSION_KIB)
        )
    if community is not None:
        name = f"message to {community.online} of {community.large:,} members / of {community.small:,}"
        found.append(report.at_most(f"{name}, median", community.p50_ratio, SAME))
        found.append(report.at_most(f"{name}, server CPU", community.cpu_ratio, SAME))
    return found


COLUMNS: dict[str, Callable[[Run], float]] = {
    "copies/s": lambda run: run.flood.deliveries_per_second,
    "bytes": lambda run: run.flood.bytes_per_delivery,
    "CPU us": lambda run: run.flood.server_cpu_us,
    "CPU": lambda run: run.flood.server_cpu_share,
    "load CPU": lambda run: run.flood.load_cpu_share,
    "p50 ms": lambda run: run.pace.p50_us / 1000,
    "p99 ms": lambda run: run.pace.p99_us / 1000,
    "max ms": lambda run: run.pace.max_us / 1000,
    "CPU us, paced": lambda run: run.pace.server_cpu_us,
    "missing": lambda run: run.pace.missing,
    "KiB/member": lambda run: run.member_kib,
}
WHOLE = {"copies/s", "bytes", "missing"}


def fan_table(result: Result) -> Table:
    """Return the table of the servers: medians of the rounds."""
    table = Table(
        title=f"{result.members:,} members, {result.bytes} bytes of text: closed loop of {result.window} messages, "
        f"{result.rate:g} messages/s; medians of {result.rounds} rounds",
        title_justify="left",
    )
    table.add_column("server")
    for heading in COLUMNS:
        table.add_column(heading, justify="right")
    for name in dict.fromkeys(run.target for run in result.runs):
        row = {heading: middle(result.runs, name, figure) or 0 for heading, figure in COLUMNS.items()}
        table.add_row(name, *(f"{value:,.0f}" if head in WHOLE else f"{value:.1f}" for head, value in row.items()))
    return table


def show(result: Result, console: Console) -> None:
    """Print the tables, and a sample of what was refused."""
    if result.runs:
        console.print(fan_table(result))
    for one in (result.slow, result.idle, result.community):
        if one is not None:
            values = ", ".join(f"{name} {value}" for name, value in msgspec.structs.asdict(one).items())
            console.print(f"{type(one).__name__.lower()}: {values}", highlight=False)
    table = Table(
        title=f"{result.machine.cpu}, {result.machine.cores} cores, {result.machine.python}", title_justify="left"
    )
    for heading in ("comparison", "goal", "value", ""):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for ratio in result.ratios:
        word = {None: "", True: "met", False: "missed"}[ratio.met]
        table.add_row(ratio.name, ratio.goal, "-" if ratio.value is None else f"{ratio.value:.2f}", word)
    console.print(table)
    for sample in {run.flood.fault_sample for run in result.runs} - {""}:
        console.print(f"refused, for example: {sample}", markup=False, highlight=False)


def plot(result: Result, file: Path) -> None:
    """Draw copies a second (left), and median and p99 to the last copy (right), a bar for each server."""
    names = list(dict.fromkeys(run.target for run in result.runs))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    spots = range(len(names))
    left.bar(spots, [rate(result.runs, name) or 0 for name in names], 0.6, color="tab:blue")
    for place, (word, column) in enumerate((("median", "p50 ms"), ("p99", "p99 ms"))):
        heights = [middle(result.runs, name, COLUMNS[column]) or 0 for name in names]
        right.bar([spot + (place - 0.5) * 0.35 for spot in spots], heights, 0.35, label=word)
    right.axhline(LAST_MS, color="0.3", ls="--", label=f"goal: p99 under {LAST_MS:g} ms")
    left.set(title="copies delivered per second, closed loop")
    right.set(title=f"ms to the last of {result.members:,} copies at {result.rate:g} messages/s", yscale="log")
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.set_xticks(list(spots), names)
        axes.grid(axis="y", alpha=0.3)
    figure.suptitle(f"{result.machine.cpu}, {result.machine.cores} cores, {result.at}", fontsize=9)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def keep(result: Result, folder: Path) -> Path:
    """Write the data, and where servers were compared the picture, under `folder`; return the data file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.at}-fanout-{result.machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    if result.runs:
        plot(result, file.with_suffix(".png"))
    return file
