"""The meters counted anew from the data, as far as the data tells, and where the two differ.

What is there must be what there was when counting began, and what came since, less what went. A peak can be no lower
than what there was before and after, and no higher than if all that came had come first. Who was active is kept for
two months, user by user. Of messages there are at least as many counted as are still stored. Deliveries and callbacks
leave nothing to count anew.
"""

import datetime
from collections.abc import Iterator
from typing import LiteralString

import msgspec

from qunzhu.commands._metering import kept_since
from qunzhu.core.kinds import KINDS
from qunzhu.core.messages import Mark
from qunzhu.core.meter import (
    ACCOUNTS,
    BYTES,
    C2C,
    COUNTED,
    FLOWS,
    GROUPS,
    MEMBERS,
    PEAK,
    SPOKEN_IN,
    Did,
    level_sums,
    with_all,
)
from qunzhu.core.ports import App, Tx

Rows = dict[str, dict[str, int]]
"""The meters by day and name."""


class Difference(msgspec.Struct, frozen=True):
    """A meter that is not what a recount finds: ``least`` to ``most``, usually one number."""

    day: str
    name: str
    meter: int
    least: int
    most: int


def recount(tx: Tx, app: App, now: int, *, messages: bool = True) -> list[Difference]:
    """Return where the meters differ from the data; none where all is well. ``messages`` may take long: all are read.

    Like all reading it sees the data as of one moment; ``now`` is unix seconds.
    """
    rows: Rows = {}
    for day, name, value in tx.all("SELECT day, name, value FROM meters ORDER BY day"):
        rows.setdefault(day, {})[name] = int(value)
    found = [*_levels(tx, rows), *_peaks(rows), *_active(tx, rows, kept_since(app, now))]
    return [*found, *(_messages(tx, app, rows) if messages else ())]


def _differ(day: str, name: str, meter: int, least: int, most: int | None = None) -> Iterator[Difference]:
    most = least if most is None else most
    if not least <= meter <= most:
        yield Difference(day, name, meter, least, most)


SELECT_LEVELS: dict[str, LiteralString] = {
    GROUPS: "SELECT count(*) FROM groups",
    MEMBERS: "SELECT count(*) FROM members",
    ACCOUNTS: "SELECT count(*) FROM accounts",
    BYTES: "SELECT (SELECT coalesce(sum(bytes), 0) FROM uploads WHERE kept = 1)"
           " + (SELECT coalesce(sum(gzip_size), 0) FROM archives)",
}  # fmt: skip


def _levels(tx: Tx, rows: Rows) -> Iterator[Difference]:
    """Compare levels with what is there."""
    there = {name: int(row[0]) for name, sql in SELECT_LEVELS.items() if (row := tx.one(sql)) is not None}
    kinds: dict[str, int] = dict(tx.all("SELECT kind_name, count(*) FROM groups GROUP BY kind_name"))
    there |= {f"{GROUPS}.{kind.name}": int(kinds.get(kind.name, 0)) for kind in KINDS}
    sums: dict[str, int] = {}
    for of_day in rows.values():
        for name, value in of_day.items():
            sums[name] = sums.get(name, 0) + value
    levels = level_sums(sums)
    for name, number in there.items():
        yield from _differ("", name, levels[name], number)


def _days(rows: Rows) -> list[str]:
    return [day for day in rows if len(day) > len("YYYY-MM")]


def _peaks(rows: Rows) -> Iterator[Difference]:
    """Compare the peaks of days with the levels before and after."""
    sums = dict(rows.get("", {}))
    for day in _days(rows):
        of_day, before = rows[day], level_sums(sums)
        for name, value in of_day.items():
            sums[name] = sums.get(name, 0) + value
        after = level_sums(sums)
        come = with_all({level: of_day.get(flow.comes, 0) for level, flow in FLOWS.items()})
        gone = with_all({level: of_day.get(flow.goes, 0) for level, flow in FLOWS.items()})
        for level in after:
            if come[level] or gone[level]:
                least, most = max(before[level], after[level]), before[level] + come[level]
                yield from _differ(day, PEAK + level, of_day.get(PEAK + level, 0), least, most)


SELECT_ACTIVE: LiteralString = (
    "SELECT day, marks, count(*) FROM active_users WHERE day >= :since GROUP BY day, marks ORDER BY day"
)
SELECT_SPOKEN: LiteralString = "SELECT day, count(*) FROM active_groups WHERE day >= :since GROUP BY day ORDER BY day"


def _active(tx: Tx, rows: Rows, since: str) -> Iterator[Difference]:
    """Compare the numbers of active users, senders and groups spoken in with those that are kept one by one."""
    found: dict[tuple[str, str], int] = {}
    for day, marks, number in tx.all(SELECT_ACTIVE, since=since):
        for mark in Did(int(marks)):
            found[day, COUNTED[mark]] = found.get((day, COUNTED[mark]), 0) + int(number)
    found |= {(day, SPOKEN_IN): int(number) for day, number in tx.all(SELECT_SPOKEN, since=since)}
    counted = {
        (day, name) for day in rows if day >= since for name in (*COUNTED.values(), SPOKEN_IN) if name in rows[day]
    }
    for day, name in sorted(counted | found.keys()):
        yield from _differ(day, name, rows.get(day, {}).get(name, 0), found.get((day, name), 0))


STORED: LiteralString = (
    "SELECT g.kind_name, count(*) FROM messages m JOIN groups g ON g.num = m.group_num"
    " WHERE m.random IS NOT NULL AND m.at >= :since AND m.flags & :imported = 0 GROUP BY g.kind_name"
)
STORED_C2C: LiteralString = "SELECT count(*) FROM c2c_messages WHERE at >= :since AND flags & :imported = 0"
SETTLED_DAYS = 3
"""So long after the first day with meters messages are compared: by then all were counted, whatever the time zone."""


def _messages(tx: Tx, app: App, rows: Rows) -> Iterator[Difference]:
    """Compare the numbers of messages with what is stored of them; of one that is gone nobody knows."""
    days = _days(rows)
    if not days:
        return
    begin = datetime.date.fromisoformat(min(days)) + datetime.timedelta(days=SETTLED_DAYS)
    zone = datetime.timezone(datetime.timedelta(minutes=app.settings.utc_offset_minutes))
    since = int(datetime.datetime(begin.year, begin.month, begin.day, tzinfo=zone).timestamp())
    imported = int(Mark.IMPORTED)
    stored = {str(kind): int(number) for kind, number in tx.all(STORED, since=since, imported=imported)}
    row = tx.one(STORED_C2C, since=since, imported=imported)
    stored[C2C] = int(row[0]) if row else 0
    for name, number in stored.items():
        counted = sum(rows[day].get(f"messages.{name}", 0) for day in days)
        yield from _differ("", f"messages.{name}", counted, number, max(number, counted))
