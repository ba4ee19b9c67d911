"""A month's statement for people: a table of uses, quotas and prices, and the month's groups as bars."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from qunzhu.cli.show import print_table, wide
from qunzhu.commands._usage import Usage
from qunzhu.core.bill import DAILY_USERS, FREE, GROUPS, MONTHLY_USERS, Bill, Line, Quota
from qunzhu.core.plans import PLANS

if TYPE_CHECKING:
    from qunzhu.cli.bill import Statement

UNKNOWN = "unknown"
NAMES = {
    "plan": "Plan", GROUPS: "Groups, at the month's peak", DAILY_USERS: "Active users, on the day that had most",
    MONTHLY_USERS: "Active users, of the month", "net_groups_a_day": "Net new groups, on the day that had most",
    "live_rooms": "Live rooms, at the peak", "communities": "Communities, at the peak",
    "accounts": "Accounts, at the peak", "group_members": "Members of a group", "groups_per_user": "Groups of a user",
    "history_days": "Days of history",
}  # fmt: skip
CAPPED = NAMES | {
    "groups": "Work, Public and Meeting groups, at a day's end", FREE[DAILY_USERS]: NAMES[DAILY_USERS],
    FREE[MONTHLY_USERS]: NAMES[MONTHLY_USERS],
}  # fmt: skip
BAR_WIDTH = 50
EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"


def print_statement(found: "Statement") -> None:
    """Print a month's statement: to a terminal with bars, else in tab-separated lines."""
    dates = (("from", found.prices.since), ("until", found.prices.until))
    span = "".join(f", {word} {date}" for word, date in dates if date)
    so_far = "" if found.finished else f", so far: day {len(found.usage.days)}"
    click.echo(f"App {found.sdkappid}, {found.month}{so_far}, plan {found.plan}{' (assumed)' if found.assumed else ''}")
    click.echo(f"Price list {found.list_name}: {found.prices.title}{span}")
    print_table(("", "Used", "Free or quota", "Over", "Price", "Amount"), list(_rows(found)))
    for line in _below(found):
        click.echo(line)
    _print_days(found.usage, PLANS[found.plan].free_groups)


def _rows(found: "Statement") -> Iterator[tuple[str, ...]]:
    yield from map(_capped, found.quotas)
    yield from map(_priced, found.bill.lines)
    yield "Total", "", "", "", "", total(found.bill, found.prices.currency)


def _priced(line: Line) -> tuple[str, ...]:
    blocks = f"{line.blocks:,} of {line.block:,}" if line.block and line.block > 1 and line.over else ""
    over = f"{line.over:,}" + (f" ({blocks})" if blocks else "") if line.over else ""
    plain = line.item in {GROUPS, DAILY_USERS, MONTHLY_USERS}
    free = "" if not plain else UNKNOWN if line.free is None else f"{line.free:,}"
    used = "" if line.item == "plan" else "no cap" if line.used is None else f"{line.used:,}"
    return NAMES[line.item], used, free, over, money(line.price), money(line.amount)


def _capped(quota: Quota) -> tuple[str, ...]:
    over = f"{quota.over:,}, would be refused" if quota.over else ""
    return CAPPED[quota.item], f"{quota.used:,}", "no cap" if quota.cap is None else f"{quota.cap:,}", over, "", ""


def money(amount: Decimal | None) -> str:
    """Return an amount with two decimals, or more where it has more."""
    if amount is None:
        return UNKNOWN
    return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount.normalize():,f}"


def total(bill: Bill, currency: str) -> str:
    """Return a total with its currency, marked where it is partial; of nothing known there is none."""
    if not any(line.amount for line in bill.lines) and bill.partial:
        return UNKNOWN
    return f"{money(bill.total)} {currency or 'of unknown currency'}" + (" and what is unknown" if bill.partial else "")


def _below(found: "Statement") -> Iterator[str]:
    if found.forecast is not None:
        yield (
            f"Forecast for the whole month: {found.forecast.groups:,} groups at the peak (those there are, and each day"
            f" left the mean net growth of the days so far), users as so far:"
            f" {total(found.forecast.bill, found.prices.currency)}"
        )
    yield from (f"- {note}" for note in found.notes)
    yield f"- sources: {'; '.join(found.prices.sources)}"


def _print_days(usage: Usage, free: int | None) -> None:
    """Print the groups of each day."""
    if not wide():
        print_table(
            ("Day", "Created", "Dissolved", "Existing", "Peak"),
            [(day.period, *(getattr(day.groups, name) for name in ("created", "dissolved", "existing", "peak")))
             for day in usage.days],
        )  # fmt: skip
        return
    top = max(usage.groups.peak, 1)
    shown = free is not None and free <= 2 * top
    scale = max(top, free or 0) if shown else top
    line = "" if free is None else f"; │ {free:,} are free" if shown else f"; {free:,} are free, far to the right"
    click.echo(f"\nGroups at each day's end, and the day's peak{line}")
    for day in usage.days:
        mark = free if shown else None
        bar = bar_of(day.groups.existing, scale, mark)
        click.echo(f"{day.period[8:]} {bar} {day.groups.existing:>9,}  peak {day.groups.peak:,}")


def bar_of(value: int, scale: int, mark: int | None, width: int = BAR_WIDTH) -> str:
    """Return a bar of at most ``width`` characters for ``scale``, with an upright line where ``mark`` is."""
    eighths = value * width * 8 // scale
    cells = list((FULL * (eighths // 8) + EIGHTHS[eighths % 8]).ljust(width + 1)[: width + 1])
    if mark is not None:
        place = min(width, mark * width // scale)
        cells[place] = "│" if cells[place] != FULL else "┃"
    return "".join(cells)
