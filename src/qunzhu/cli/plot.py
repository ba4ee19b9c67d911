"""The month's groups as a picture: existing at each day's end, peaks, and what is free. Needs the extra ``plot``."""

from pathlib import Path
from typing import Any

import click

from qunzhu.cli.show import Failure
from qunzhu.commands._usage import Usage
from qunzhu.core.bill import month_days

SIZE, DOTS = (10, 5), 120
BLUE, ORANGE, RED = "#3b6ea5", "#d98032", "#a33b3b"
NEAR = 2
"""The line of what is free is drawn where it is at most so many times the peak; else it would flatten the rest."""


def draw(path: Path, usage: Usage, free: int | None, sdkappid: int) -> None:
    """Draw a month into a file, whose ending says the format."""
    try:
        import matplotlib as mpl

        mpl.use("agg")
        from matplotlib import pyplot as plt
    except ImportError as fault:
        raise Failure(f"--plot: {fault}", "a picture needs the extra `plot`: pip install 'qunzhu[plot]'") from None
    figure, axes = plt.subplots(figsize=SIZE, dpi=DOTS, layout="constrained")
    try:
        _bars(axes, usage)
        _lines(axes, usage, free)
        figure.suptitle(f"Groups of app {sdkappid} in {usage.period}")
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
        _save(figure, path)
    finally:
        plt.close(figure)


def _bars(axes: Any, usage: Usage) -> None:
    days = [int(day.period[8:]) for day in usage.days]
    axes.bar(days, [day.groups.existing for day in usage.days], color=BLUE, label="existing at the day's end")
    axes.step(
        days, [day.groups.peak for day in usage.days], where="mid", color=ORANGE, linewidth=1.5, label="the day's peak"
    )
    last = month_days(usage.period)
    axes.set_xticks(range(1, last + 1))
    axes.set_xlim(0.3, last + 0.7)
    axes.set_xlabel("day")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)


def _lines(axes: Any, usage: Usage, free: int | None) -> None:
    peak = usage.groups.peak
    axes.axhline(peak, color=ORANGE, linestyle=":", linewidth=1, label=f"the month's peak, {peak:,}")
    near = free is not None and free <= NEAR * max(peak, 1)
    if free is not None and near:
        axes.axhline(free, color=RED, linestyle="--", linewidth=1, label=f"free, {free:,}")
    elif free is not None:
        axes.plot([], [], color=RED, linestyle="--", linewidth=1, label=f"free, {free:,}, far above")
    axes.set_ylim(0, max(peak, free or 0 if near else 0, 1) * 1.1)


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path)
    except ValueError as fault:
        raise click.BadParameter(str(fault), param_hint="--plot") from None
    except OSError as fault:
        raise Failure(f"--plot: {fault}", "name a file in a folder that can be written to") from None
