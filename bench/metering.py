"""What metering costs: groups are created on the server as it is and on one that counts nothing, turn by turn."""

import functools
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench import rounds, target
from bench.machine import Machine
from bench.rounds import Run, Say, Start, median

WITH, WITHOUT = "qunzhu", "qunzhu without meters"
MOST = 0.10


class Cost(msgspec.Struct, frozen=True):
    """Medians of the rounds at a number of connections.

    What metering costs is a part of what there is without it: the median of the rounds' own, each of two measurements
    that followed each other, so that a slow minute of the machine is in both or in neither.
    """

    connections: int
    rate: float
    rate_without: float
    cpu_us: float
    cpu_us_without: float
    rate_cost: float
    cpu_cost: float


class Result(msgspec.Struct, frozen=True):
    """The kept result."""

    benchmark: str
    at: str
    machine: Machine
    seconds: float
    rounds: int
    runs: Sequence[Run]
    costs: Sequence[Cost]


def measure(folder: Path, *, connections: Sequence[int], seconds: float, count: int, say: Say) -> list[Run]:
    """Measure both in each round, the one first in odd rounds and the other in even ones."""
    starts: list[tuple[str, Start]] = [
        (WITH, target.qunzhu), (WITHOUT, functools.partial(target.qunzhu, module="bench.unmetered")),
    ]  # fmt: skip
    runs = []
    for number in range(1, count + 1):
        for width in connections:
            for name, start in starts if number % 2 else reversed(starts):
                run = rounds.one(start, folder, width, seconds, number)
                runs.append(msgspec.structs.replace(run, target=name))
                say(
                    f"round {number}: {name}, {width} connections: {run.measured.rate:,.0f}/s, "
                    f"{run.server_cpu_us:.0f} us of processor time each, {run.measured.errors} errors"
                )
    return runs


def costs(runs: Sequence[Run]) -> list[Cost]:
    """Return what metering costs at each number of connections."""
    found = []
    for width in sorted({run.measured.connections for run in runs}):
        both = {name: [run for run in runs if run.target == name and run.measured.connections == width]
                for name in (WITH, WITHOUT)}  # fmt: skip
        rate = {name: [run.measured.rate for run in some] for name, some in both.items()}
        cpu = {name: [run.server_cpu_us for run in some] for name, some in both.items()}
        found.append(Cost(
            width, median(rate[WITH]), median(rate[WITHOUT]), median(cpu[WITH]), median(cpu[WITHOUT]),
            _middle(1 - ours / theirs for ours, theirs in zip(rate[WITH], rate[WITHOUT], strict=True)),
            _middle(ours / theirs - 1 for ours, theirs in zip(cpu[WITH], cpu[WITHOUT], strict=True)),
        ))  # fmt: skip
    return found


def _middle(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)
