"""`python -m bench`: see `bench/README.md`."""

import functools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from bench import ceiling, groups, grow, kills, limits, report, rounds, soak, target
from bench.machine import machine
from bench.peers.ejabberd import ejabberd
from bench.target import Target

console = Console() if sys.stdout.isatty() else Console(width=120)


@click.group()
def main() -> None:
    """Measure qunzhu on this machine."""


def widths(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...]:
    """Read a comma-separated list of connection counts."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter("numbers with commas between them, such as 1,8,64") from None


@contextmanager
def fixed(_: Path) -> Iterator[Target]:
    """Start the fixed-reply server, which needs no folder."""
    with ceiling.fixed() as server:
        yield server


@main.command()
@click.option("--seconds", default=5.0, show_default=True, help="Measured seconds of each load, after 1 s of warm-up.")
@click.option(
    "--connections", default="1,8,64", show_default=True, callback=widths, help="Connections of the closed loop."
)
@click.option("--rounds", "count", default=3, show_default=True, help="Rounds; the tables show their medians.")
@click.option("--ejabberd", "peer", is_flag=True, help="Also install and measure ejabberd (Debian, root).")
@click.option("--qunzhu/--no-qunzhu", "ours", default=True, show_default=True, help="Measure qunzhu.")
@click.option(
    "--folder",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    show_default=True,
    help="Where the servers' files go while they run: the file system that is measured.",
)
@click.option("--serve-option", "options", multiple=True, help="One more argument for `qunzhu serve`; may be repeated.")
@click.option(
    "--out", default="bench/results", type=click.Path(path_type=Path), show_default=True, help="Where results are kept."
)
def create(
    seconds: float,
    connections: tuple[int, ...],
    count: int,
    peer: bool,
    ours: bool,
    folder: Path,
    options: tuple[str, ...],
    out: Path,
) -> None:
    """Create groups over REST, and measure the limits and peers that the rate is compared with."""
    starts: list[rounds.Start] = [fixed]
    starts += [functools.partial(target.qunzhu, options=options)] if ours else []
    starts += [ejabberd] if peer else []
    runs, bounds = rounds.rounds(
        starts,
        limits.qunzhu_workload(target.accounts()) if ours else None,
        connections=connections,
        seconds=seconds,
        count=count,
        folder=folder,
        say=lambda line: console.print(line, highlight=False),
    )
    result = report.Result(
        "create", report.now(), machine(folder), seconds, count, runs, bounds, report.ratios(runs, bounds)
    )
    report.show(result, console)
    console.print(f"kept as {report.keep(result, out)} and .png")


@main.command("grow")
@click.option("--groups", default=1_000_000, show_default=True, help="Stop when this many groups are stored.")
@click.option("--seconds", default=5.0, show_default=True, help="Seconds of each step.")
@click.option("--connections", default=64, show_default=True, help="Connections of the closed loop.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--serve-option", "options", multiple=True, help="One more argument for `qunzhu serve`; may be repeated.")
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def grow_command(
    groups: int, seconds: float, connections: int, folder: Path, options: tuple[str, ...], out: Path
) -> None:
    """Create groups until many are stored, and compare the rate at the end with the rate at the start."""
    with target.qunzhu(folder, options) as server:
        steps = grow.grow(
            server,
            groups=groups,
            seconds=seconds,
            connections=connections,
            say=lambda line: console.print(line, highlight=False),
        )
        pages = grow.page_through(server, say=lambda line: console.print(line, highlight=False))
    console.print(f"rate held: {grow.held(steps):.2f}")
    console.print(f"kept as {grow.keep(steps, pages, machine(folder), out)} and .png")


@main.command("groups")
@click.option("--members", default=100_000, show_default=True, help="Members of the large community.")
@click.option("--topics", default=200, show_default=True, help="Its topics.")
@click.option(
    "--calls", default=1000, show_default=True, help="Calls of each kind to each of the two groups in a round."
)
@click.option("--rounds", "count", default=5, show_default=True, help="Rounds; the table shows their medians.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--serve-option", "options", multiple=True, help="One more argument for `qunzhu serve`; may be repeated.")
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def groups_command(
    members: int, topics: int, calls: int, count: int, folder: Path, options: tuple[str, ...], out: Path
) -> None:
    """Compare what commands cost in a large community with what they cost in a small one."""
    with target.qunzhu(folder, options) as server:
        found = groups.compare(
            server.job.port,
            members=members,
            topics=topics,
            calls=calls,
            count=count,
            say=lambda line: console.print(line, highlight=False),
        )
    result = groups.result_of(found, machine(folder), members=members, topics=topics, calls=calls, count=count)
    groups.show(result, console)
    console.print(f"kept as {groups.keep(result, out)} and .png")


@main.command("kills")
@click.option("--times", default=200, show_default=True, help="How often the server is killed.")
@click.option("--seed", default=1, show_default=True, help="Of the moments of the kills.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
def kills_command(times: int, seed: int, folder: Path) -> None:
    """Kill the server with -9 under create load, over and over on one data folder, and check what it stored."""
    with tempfile.TemporaryDirectory(prefix="kills-", dir=folder) as place, Progress(console=console) as shown:
        task = shown.add_task("kills", total=times)
        found = kills.run(Path(place), times, seed=seed, progress=lambda done: shown.update(task, completed=done))
    console.print(
        f"{found.kills} kills, {found.acknowledged} groups acknowledged, {found.stored} stored, "
        f"slowest start {found.slowest_start:.2f} s, {len(found.faults)} faults"
    )
    for fault in found.faults[:20]:
        console.print(f"[red]{fault}[/red]")
    sys.exit(bool(found.faults))


@main.command("soak")
@click.option("--members", default=1000, show_default=True, help="Members of the group, all online.")
@click.option("--seconds", default=60.0, show_default=True, help="How long they talk.")
@click.option("--rate", default=40.0, show_default=True, help="Messages a second, all senders together.")
@click.option("--kills", "kill", default=3, show_default=True, help="How often the server is killed meanwhile.")
@click.option("--seed", default=1, show_default=True, help="Of what is cut and killed when.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
def soak_command(members: int, seconds: float, rate: float, kill: int, seed: int, folder: Path) -> None:
    """Let a crowd talk while connections are cut and the server is killed, and check what everybody was told."""
    with tempfile.TemporaryDirectory(prefix="soak-", dir=folder) as place:
        found = soak.run(
            Path(place), members=members, seconds=seconds, kill=kill, rate=rate, seed=seed, progress=console.print
        )
    console.print(
        f"{found.members} members, {found.acknowledged} messages acknowledged, {found.stored} stored, "
        f"{found.deliveries} told, {found.missed} of them after a break, {found.cuts} cuts, {found.kills} kills, "
        f"{len(found.faults)} faults"
    )
    for fault in found.faults[:20]:
        console.print(f"[red]{fault}[/red]")
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main(prog_name="python -m bench")
