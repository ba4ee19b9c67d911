"""Results as a table, a picture and a data file."""

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib as mpl
import msgspec
from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

from bench.machine import Machine
from bench.rounds import Limits, Run, median, select

mpl.use("Agg")

STORE_SHARE = 0.4
PEER_FACTOR = 2.0
SYNC_FACTOR = 5.0
GENERATOR_FACTOR = 2.0
GENERATOR_SHARE = 0.9
MADE = {"create": "groups created per second", "send": "messages sent per second"}


class Ratio(msgspec.Struct, frozen=True):
    """One comparison with its goal; `value` is None where a side of it was not measured."""

    name: str
    goal: str
    value: float | None
    met: bool | None


class Result(msgspec.Struct, frozen=True):
    """Everything that is kept of a benchmark. Rates in requests a second, latencies in microseconds."""

    benchmark: str
    at: str
    machine: Machine
    seconds: float
    rounds: int
    runs: Sequence[Run]
    limits: Sequence[Limits]
    ratios: Sequence[Ratio]


def now() -> str:
    """Return the UTC date and minute, as files and results are named by it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H%MZ")


def rate(runs: Iterable[Run], target: str, connections: int) -> float | None:
    """Return the median rate of the rounds, or None if this was not measured."""
    found = select(runs, target, connections)
    return median(one.rate for one in found) if found else None


def p99(runs: Iterable[Run], target: str, connections: int) -> float | None:
    """Return the median of the rounds' p99 in microseconds, or None if this was not measured."""
    found = select(runs, target, connections)
    return median(one.p99_us for one in found) if found else None


def over(above: float | None, below: float | None) -> float | None:
    """Return a quotient with three decimals, or None if a side is missing."""
    return round(above / below, 3) if above is not None and below else None


def ratios(runs: Sequence[Run], bounds: Sequence[Limits], *, peers: bool = True) -> list[Ratio]:
    """Return the comparisons that the project has set itself goals for, each within this one benchmark."""
    ours, stores = rate(runs, "qunzhu", 64), [bound.store.rate for bound in bounds if bound.store]
    store = over(ours, median(stores) if stores else None)
    peer = over(ours, rate(runs, "ejabberd", 64))
    sync = over(p99(runs, "qunzhu", 8), median(bound.append.p50_us for bound in bounds))
    eights = [bound.store_eight.p99_us for bound in bounds if bound.store_eight]
    eight = over(median(eights) if eights else None, median(bound.append.p50_us for bound in bounds))
    share = max((run.measured.cpu_share for run in runs if run.target == "qunzhu"), default=None)
    spare = over(rate(runs, "fixed", 64), ours)
    against = [at_least("rate at 64 connections / ejabberd's", peer, PEER_FACTOR)]
    return [
        at_least("rate at 64 connections / bare store loop", store, STORE_SHARE),
        *(against if peers else ()),
        under("p99 at 8 connections / median append and fdatasync", sync, SYNC_FACTOR),
        under("the bare store loop's p99 for 8 at once / median append and fdatasync", eight, SYNC_FACTOR),
        at_least("rate at 64 of the fixed-reply server / qunzhu's", spare, GENERATOR_FACTOR),
        under("largest CPU share of the load generator on qunzhu", share, GENERATOR_SHARE),
    ]


def at_least(name: str, value: float | None, goal: float) -> Ratio:
    """Return a comparison that is met from its goal on."""
    return Ratio(name, f">= {goal}", value, None if value is None else value >= goal)


def at_most(name: str, value: float | None, goal: float) -> Ratio:
    """Return a comparison that is met up to its goal."""
    return Ratio(name, f"<= {goal}", value, None if value is None else value <= goal)


def under(name: str, value: float | None, goal: float) -> Ratio:
    """Return a comparison that is met below its goal."""
    return Ratio(name, f"< {goal}", value, None if value is None else value < goal)


def groups(runs: Sequence[Run]) -> list[tuple[str, int]]:
    """Return the pairs of target and connections in the order in which they were first measured, target by target."""
    pairs = dict.fromkeys((run.target, run.measured.connections) for run in runs)
    names = list(dict.fromkeys(name for name, _ in pairs))
    return sorted(pairs, key=lambda pair: (names.index(pair[0]), pair[1]))


def load_table(result: Result) -> Table:
    """Return the table of the load: medians of the rounds; errors are summed."""
    runs = result.runs
    table = Table(title=f"{result.benchmark}: medians of the rounds", title_justify="left")
    for heading in (
        "target",
        "conn",
        "rate/s",
        "p50 us",
        "p99 us",
        "max us",
        "errors",
        "load CPU",
        "CPU us/req",
        "MiB",
    ):
        table.add_column(heading, justify="left" if heading == "target" else "right")
    for name, width in groups(runs):
        mine = [run for run in runs if (run.target, run.measured.connections) == (name, width)]
        seen = [run.measured for run in mine]
        table.add_row(
            name,
            str(width),
            f"{median(one.rate for one in seen):,.0f}",
            f"{median(one.p50_us for one in seen):,.0f}",
            f"{median(one.p99_us for one in seen):,.0f}",
            f"{median(one.max_us for one in seen):,.0f}",
            f"{sum(one.errors for one in seen)}",
            f"{median(one.cpu_share * 100 for one in seen):.0f} %",
            f"{median(run.server_cpu_us for run in mine):,.0f}",
            f"{median(run.server_memory_mib for run in mine):,.0f}",
        )
    return table


def limits_table(bounds: Sequence[Limits]) -> Table:
    """Return the table of the limits: medians of the rounds."""
    table = Table(title="limits: medians of the rounds", title_justify="left")
    for heading in ("limit", "rate/s", "p50 us", "p99 us"):
        table.add_column(heading, justify="left" if heading == "limit" else "right")
    rows = [(f"append {bounds[0].append.size} bytes, fdatasync", [bound.append for bound in bounds])]
    if created := [bound.append_create for bound in bounds if bound.append_create]:
        rows.append((f"append what one operation logs ({created[0].size} bytes), fdatasync", created))
    rows.append(("SQLite commit of one row, WAL, FULL", [bound.commit for bound in bounds]))
    for name, found in rows:
        table.add_row(
            name, *(f"{median(getattr(one, key) for one in found):,.0f}" for key in ("rate", "p50_us", "p99_us"))
        )
    for stores in ([bound.store for bound in bounds], [bound.store_eight for bound in bounds]):
        known = [one for one in stores if one]
        if known:
            name = f"bare store loop ({known[0].workload}), {known[0].batch} to a commit; latency of the commit"
            table.add_row(
                name, *(f"{median(getattr(one, key) for one in known):,.0f}" for key in ("rate", "p50_us", "p99_us"))
            )
        else:
            table.add_row("bare store loop", "not measured", "", "")
    return table


def ratio_table(result: Result) -> Table:
    """Return the table of the comparisons with their goals."""
    table = Table(
        title=f"{result.machine.cpu}, {result.machine.cores} cores, {result.machine.filesystem.split()[0]}, "
        f"{result.machine.python}",
        title_justify="left",
    )
    for heading in ("comparison", "goal", "value", ""):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for one in result.ratios:
        word = {None: "", True: "met", False: "missed"}[one.met]
        table.add_row(one.name, one.goal, "-" if one.value is None else f"{one.value:.2f}", word)
    return table


def show(result: Result, console: Console) -> None:
    """Print the tables, and one sample of what went wrong for each target with errors."""
    for table in (load_table(result), limits_table(result.limits), ratio_table(result)):
        console.print(table)
    samples = {run.target: run.measured.error_sample for run in result.runs if run.measured.errors}
    for name, sample in samples.items():
        console.print(f"[red]{name}: errors, for example:[/red] {sample}", markup=True, highlight=False)


def plot(result: Result, file: Path) -> None:
    """Draw rate (left) and p99 (right) by connections, a bar per target, with the limits as lines."""
    names = [name for name in dict.fromkeys(run.target for run in result.runs) if name != "fixed reply"]
    widths = sorted({run.measured.connections for run in result.runs})
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for place, name in enumerate(names):
        at = [spot + (place - (len(names) - 1) / 2) * 0.8 / len(names) for spot in range(len(widths))]
        left.bar(at, [rate(result.runs, name, width) or 0 for width in widths], 0.8 / len(names), label=name)
        right.bar(at, [(p99(result.runs, name, width) or 0) / 1000 for width in widths], 0.8 / len(names), label=name)
    stores = [bound.store.rate for bound in result.limits if bound.store]
    if stores:
        left.axhline(median(stores), color="0.3", ls="--", label="bare store loop, 64 to a commit")
    sync = [bound.append for bound in result.limits]
    left.axhline(median(one.rate for one in sync), color="0.6", ls=":", label="append + fdatasync, one at a time")
    right.axhline(median(one.p50_us for one in sync) / 1000, color="0.6", ls=":", label="append + fdatasync, median")
    for axes, title in ((left, MADE.get(result.benchmark, "operations per second")), (right, "p99 latency, ms")):
        axes.set_xticks(range(len(widths)), [str(width) for width in widths])
        axes.set(title=title, xlabel="connections")
        axes.grid(axis="y", alpha=0.3)
    # Latencies span three powers of ten; rates need head room for the legend.
    right.set_yscale("log")
    left.set_ylim(0, left.get_ylim()[1] * 1.25)
    for axes in (left, right):
        axes.legend(fontsize=8, loc="upper left")
    figure.suptitle(
        f"{result.machine.cpu}, {result.machine.cores} cores, {result.machine.filesystem.split()[0]}, {result.at}",
        fontsize=9,
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


def keep(result: Result, folder: Path) -> Path:
    """Write the data and the picture under `folder`, named by date, benchmark and machine; return the data file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.at}-{result.benchmark}-{result.machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    plot(result, file.with_suffix(".png"))
    return file
