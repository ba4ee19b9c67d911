"""`python -m bench`: see `bench/README.md`."""

import functools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from bench import (
    callbacks,
    capi,
    ceiling,
    fanout,
    fanout_report,
    groups,
    grow,
    kills,
    limits,
    metering,
    report,
    rounds,
    send,
    soak,
    target,
    views,
)
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


@main.command("send")
@click.option("--seconds", default=5.0, show_default=True, help="Measured seconds of each load, after 1 s of warm-up.")
@click.option(
    "--connections", default="1,8,64", show_default=True, callback=widths, help="Connections of the closed loop."
)
@click.option("--rounds", "count", default=3, show_default=True, help="Rounds; the tables show their medians.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--serve-option", "options", multiple=True, help="One more argument for `qunzhu serve`; may be repeated.")
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def send_command(
    seconds: float, connections: tuple[int, ...], count: int, folder: Path, options: tuple[str, ...], out: Path
) -> None:
    """Send messages to groups over REST, and measure the limits that the rate is compared with."""
    runs, bounds = rounds.rounds(
        [fixed, functools.partial(send.qunzhu, options=options)],
        send.workload(target.accounts()),
        connections=connections,
        seconds=seconds,
        count=count,
        folder=folder,
        say=lambda line: console.print(line, highlight=False),
    )
    compared = report.ratios(runs, bounds, peers=False)
    result = report.Result("send", report.now(), machine(folder), seconds, count, runs, bounds, compared)
    report.show(result, console)
    console.print(f"kept as {report.keep(result, out)} and .png")


@main.command("meters")
@click.option("--seconds", default=3.0, show_default=True, help="Measured seconds of each load, after 1 s of warm-up.")
@click.option(
    "--connections", default="1,8,64", show_default=True, callback=widths, help="Connections of the closed loop."
)
@click.option("--rounds", "count", default=5, show_default=True, help="Rounds; the table shows their medians.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def meters_command(seconds: float, connections: tuple[int, ...], count: int, folder: Path, out: Path) -> None:
    """Create groups with and without metering, turn by turn, and say what counting costs."""
    runs = metering.measure(
        folder, connections=connections, seconds=seconds, count=count,
        say=lambda line: console.print(line, highlight=False),
    )  # fmt: skip
    result = metering.Result("meters", report.now(), machine(folder), seconds, count, runs, metering.costs(runs))
    for cost in result.costs:
        console.print(
            f"{cost.connections} connections: {cost.rate:,.0f}/s with, {cost.rate_without:,.0f}/s without, "
            f"{cost.rate_cost:+.1%} (goal: at most {metering.MOST:.0%}); processor time {cost.cpu_us:.0f} and "
            f"{cost.cpu_us_without:.0f} us, {cost.cpu_cost:+.1%}",
            highlight=False,
        )
    out.mkdir(parents=True, exist_ok=True)
    place = out / f"{result.at}-meters-{result.machine.label()}.json"
    place.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    console.print(f"kept as {place}")


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


@main.command("capi")
@click.option("--loads", default=10, show_default=True, help="Starts of each program.")
@click.option("--calls", default=100, show_default=True, help="Calls of each program in a round.")
@click.option("--rounds", "count", default=10, show_default=True, help="Rounds; the table shows all their calls.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--serve-option", "options", multiple=True, help="One more argument for `qunzhu serve`; may be repeated.")
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def capi_command(loads: int, calls: int, count: int, folder: Path, options: tuple[str, ...], out: Path) -> None:
    """Load the C library and call it from C and from Node, beside the Python SDK (cc, node, npm)."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with target.qunzhu(folder, options) as server, tempfile.TemporaryDirectory(prefix="qunzhu-capi-") as place:
        found = capi.compare(
            server.job.port,
            Path(place),
            env,
            loads=loads,
            calls=calls,
            count=count,
            say=lambda line: console.print(line, highlight=False),
        )
    result = capi.result_of(found, machine(folder), loads=loads, calls=calls * count)
    capi.show(result, console)
    console.print(f"kept as {capi.keep(result, out)}")


@main.command("fanout")
@click.option("--members", default=1000, show_default=True, help="Members of the group, all online.")
@click.option("--rate", default=40.0, show_default=True, help="Messages a second of the open loop.")
@click.option("--seconds", default=8.0, show_default=True, help="Measured seconds of the open loop.")
@click.option("--flood", default=4.0, show_default=True, help="Measured seconds of the closed loop.")
@click.option("--window", default=8, show_default=True, help="Messages under way in the closed loop.")
@click.option("--bytes", "size", default=200, show_default=True, help="Text of a message.")
@click.option("--rounds", "count", default=3, show_default=True, help="Rounds; 0: only what else is asked for.")
@click.option("--ejabberd", is_flag=True, help="Also install and measure ejabberd (Debian, root).")
@click.option("--prosody", is_flag=True, help="Also install and measure Prosody (Debian, root).")
@click.option("--slow", default=0, show_default=True, help="Members that stop reading; the others are compared.")
@click.option("--slow-bytes", default=4000, show_default=True, help="Text of a message in that comparison.")
@click.option("--idle", default=0, show_default=True, help="Idle sessions whose memory is measured.")
@click.option("--community", default=0, show_default=True, help="Members of a community of which 100 are online.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--serve-option", "options", multiple=True, help="One more argument for `qunzhu serve`; may be repeated.")
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def fanout_command(
    members: int, rate: float, seconds: float, flood: float, window: int, size: int, count: int,
    ejabberd: bool, prosody: bool, slow: int, slow_bytes: int, idle: int, community: int, folder: Path,
    options: tuple[str, ...], out: Path,
) -> None:  # fmt: skip
    """Send messages to a group whose members are all online, and compare with other servers and with a bare loop."""
    runs = fanout.rounds(
        fanout.starts(members, size, options, ejabberd=ejabberd, prosody=prosody), folder, members=members,
        flood=flood, window=window, seconds=seconds, rate=rate, count=count,
        say=lambda line: console.print(line, highlight=False),
    )  # fmt: skip
    lazy = slow and fanout.slow(
        folder, members=members, count=slow, size=slow_bytes, rate=rate, seconds=seconds, turns=3, options=options
    )
    waiting = idle and fanout.idle(folder, sessions=idle, first=idle // 10, options=options)
    large = community and fanout.community(folder, large=community, online=100, messages=200, count=5, options=options)
    found = (lazy or None, waiting or None, large or None)
    result = fanout_report.Result(
        "fanout", report.now(), machine(folder), members, rate, seconds, flood, window, count, size, runs, *found,
        fanout_report.ratios(runs, *found),
    )  # fmt: skip
    fanout_report.show(result, console)
    console.print(f"kept as {fanout_report.keep(result, out)}")


@main.command("callbacks")
@click.option("--rate", default=100.0, show_default=True, help="Messages a second of the app with callbacks.")
@click.option("--seconds", default=6.0, show_default=True, help="Measured seconds of each state of its server.")
@click.option("--connections", default=4, show_default=True, help="Connections of the other app's closed loop.")
@click.option("--rounds", "count", default=3, show_default=True, help="Rounds; the table shows their medians.")
@click.option("--folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True)
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def callbacks_command(rate: float, seconds: float, connections: int, count: int, folder: Path, out: Path) -> None:
    """Measure what an app notices of another one whose own server does not answer callbacks."""
    runs = callbacks.compare(
        folder, rate=rate, seconds=seconds, connections=connections, count=count,
        say=lambda line: console.print(line, highlight=False),
    )  # fmt: skip
    result = callbacks.Result(
        "callbacks", report.now(), machine(folder), seconds, rate, connections, runs, callbacks.ratios(runs)
    )
    callbacks.show(result, console)
    console.print(f"kept as {callbacks.keep(result, out)}")


@main.command("console")
@click.option("--groups", default=1_000_000, show_default=True, help="Groups that are stored while it is measured.")
@click.option(
    "--times", default=5, show_default=True, help="How often each address is opened, each time without cache."
)
@click.option(
    "--folder",
    default="bench/console-data",
    type=click.Path(file_okay=False, path_type=Path),
    show_default=True,
    help="Made, or used again with the groups that are in it.",
)
@click.option("--out", default="bench/results", type=click.Path(path_type=Path), show_default=True)
def console_command(groups: int, times: int, folder: Path, out: Path) -> None:
    """Measure the console's first view in headless Chromium: bytes, and time with many groups stored."""
    folder.mkdir(parents=True, exist_ok=True)
    result = views.run(
        folder, machine(folder), groups=groups, times=times, say=lambda line: console.print(line, highlight=False)
    )
    views.show(result, console)
    console.print(f"kept as {views.keep(result, out)}")


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
        f"{found.messages} messages and {found.dissolved} ends of groups acknowledged, "
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
