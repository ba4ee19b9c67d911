"""One benchmark: rounds of measurements, interleaved, a fresh server for each, and the medians of the rounds."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from bench import limits, load, process
from bench.load import Measured
from bench.target import Target

SETTLE_SECONDS = 1.0

Start = Callable[[Path], AbstractContextManager[Target]]
"""Starts a fresh server with its files under the given folder, and stops and removes it when the block ends."""
Say = Callable[[str], None]


class Run(msgspec.Struct, frozen=True):
    """One measurement: what the load saw, and what the server spent (0 where it is not known)."""

    target: str
    round: int
    measured: Measured
    server_cpu_us: float
    server_memory_mib: float


class Limits(msgspec.Struct, frozen=True):
    """The limits of one round; `store` is None while the benchmark does not know the server's SQL."""

    round: int
    append: limits.Latency
    append_create: limits.Latency | None
    commit: limits.Latency
    store: limits.StoreRate | None
    store_eight: limits.StoreRate | None


def one(start: Start, folder: Path, connections: int, seconds: float, number: int) -> Run:
    """Start a fresh server, load it once, and stop it."""
    with start(folder) as target:
        time.sleep(SETTLE_SECONDS)
        before = process.usage(target.session)
        measured = load.measure(msgspec.structs.replace(target.job, connections=connections, seconds=seconds))
        after = process.usage(target.session)
        spent = (after.cpu_seconds - before.cpu_seconds) * 1e6 / max(measured.sent, 1)
        return Run(target.name, number, measured, round(spent, 1), after.memory_mib)


def measure_limits(folder: Path, workload: limits.Workload | None, seconds: float, number: int) -> Limits:
    """Measure the disk, and the store if its SQL is known; then also the disk with the bytes that one create logs."""
    store = limits.store_loop(folder, workload, seconds=seconds) if workload else None
    eight = limits.store_loop(folder, workload, seconds=seconds, batch=8) if workload else None
    alone = limits.store_loop(folder, workload, seconds=1, batch=1) if workload else None
    return Limits(
        round=number,
        append=limits.append_sync(folder, seconds=seconds),
        append_create=limits.append_sync(folder, size=alone.log_bytes, seconds=seconds) if alone else None,
        commit=limits.commit_latency(folder, seconds=seconds),
        store=store,
        store_eight=eight,
    )


def rounds(
    starts: Sequence[Start],
    workload: limits.Workload | None,
    *,
    connections: Sequence[int],
    seconds: float,
    count: int,
    folder: Path,
    say: Say,
) -> tuple[list[Run], list[Limits]]:
    """Measure everything once per round, in the same order, so that a slow minute of the machine hits all alike."""
    runs, bounds = [], []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place:
        for number in range(1, count + 1):
            bounds.append(measure_limits(Path(place), workload, seconds, number))
            say(f"round {number}: {bounds[-1].append.p50_us:.0f} us for an append and fdatasync")
            for width in connections:
                for start in starts:
                    run = one(start, Path(place), width, seconds, number)
                    runs.append(run)
                    say(f"round {number}: {run.target}, {width} connections: {run.measured.rate:,.0f}/s")
    return runs, bounds


def median(values: Iterable[float]) -> float:
    """Return the median of the rounds with one decimal."""
    return round(statistics.median(values), 1)


def select(runs: Iterable[Run], target: str, connections: int) -> list[Measured]:
    """Return the measurements of one target at one number of connections."""
    return [run.measured for run in runs if run.target.startswith(target) and run.measured.connections == connections]
