"""What an app used in a calendar day or month of its time zone, read from its meters.

What a level was at the end of a day is what there was when counting began, and what came and went up to that day; so a
period in which nothing happened has what it began with, as its peak too.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import LiteralString

import msgspec

from qunzhu.core.kinds import KINDS
from qunzhu.core.meter import (
    ACCOUNTS,
    BYTES,
    C2C,
    COUNTED,
    GROUPS,
    MEMBERS,
    ONLINE,
    PEAK,
    SORTS,
    SPOKEN_IN,
    Did,
    level_sums,
)
from qunzhu.core.ports import Tx

Rows = Mapping[str, int]


class Groups(msgspec.Struct, frozen=True):
    """Groups of one kind, or of all: made and dissolved in the period, there at its end, and at most at once in it."""

    created: int
    dissolved: int
    existing: int
    peak: int
    net: int
    """Created less dissolved."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What an app used in a period. Of one that is not over: up to now."""

    period: str
    """YYYY-MM-DD or YYYY-MM."""
    groups: Groups
    """All kinds together: its peak is not the sum of theirs."""
    kinds: dict[str, Groups]
    """By REST name of the kind."""
    members: int
    """Stored memberships at the end; live rooms store none."""
    members_peak: int
    joined: int
    """Memberships that began; the first members of new groups count."""
    left: int
    """Memberships that ended; those of dissolved groups count."""
    entered: int
    """Entries into live rooms."""
    messages: dict[str, int]
    """Messages sent, by kind of group, and ``C2C``."""
    imported: dict[str, int]
    """Messages imported, by kind of group, and ``C2C``."""
    deliveries: int
    """Pushes of any sort, once for each session that was given one."""
    delivered: dict[str, int]
    """Those of them that were messages: ``group`` and ``C2C``."""
    active: int
    """Users who had a session: in the day, or in the month."""
    active_max: int
    """In the day that had most; of a day as ``active``."""
    active_average: float
    """A day, over the month's days up to today; of a day as ``active``."""
    online_peak: int
    """Users who had a session at the same time."""
    logins: int
    accounts: int
    accounts_peak: int
    registered: int
    deleted: int
    bytes: int
    """Bytes of files at the end: uploads with their thumbnails, and hours' files of messages."""
    bytes_peak: int
    bytes_added: int
    callbacks_sent: int
    callbacks_failed: int
    more: dict[str, int] = {}
    """Other meters of a day by name: how many users logged in or sent, and in how many groups."""
    days: "list[Usage]" = []
    """Of a month: each of its days up to today."""


def month_of(day: str) -> str:
    """Return the month (YYYY-MM) of a day."""
    return day[:7]


def day_usage(tx: Tx, day: str, today: str) -> Usage:
    """Return what was used in a day (YYYY-MM-DD); ``today`` is the app's day now."""
    return _Ledger(tx, day, today).day(day)


def days_usage(tx: Tx, first: str, last: str, today: str) -> list[Usage]:
    """Return what was used in each day from one to another; today may be the last, and stands for the newest one."""
    ledger = _Ledger(tx, first, today)
    return [ledger.day(day) for day in _days(first, ledger.today if last == today else last)]


def month_usage(tx: Tx, month: str, today: str) -> Usage:
    """Return what was used in a month (YYYY-MM), with each of its days; ``today`` is the app's day now."""
    first = f"{month}-01"
    ledger = _Ledger(tx, first, today)
    last = min(_last_day(month), ledger.today)
    return ledger.month(month, [ledger.day(day) for day in _days(first, last)])


def metered_months(tx: Tx) -> list[str]:
    """Return the months in which anything was counted, oldest first."""
    rows = tx.all("SELECT DISTINCT substr(day, 1, 7) FROM meters WHERE day <> '' ORDER BY 1")
    return [month for (month,) in rows]


SELECT_BEFORE: LiteralString = "SELECT name, sum(value) FROM meters WHERE day < :first GROUP BY name"
SELECT_SINCE: LiteralString = "SELECT day, name, value FROM meters WHERE day >= :first OR day = :month ORDER BY day"


class _Ledger:
    """The meters from a day on, and levels as they were at the end of each day."""

    def __init__(self, tx: Tx, first: str, today: str) -> None:
        self._rows: dict[str, dict[str, int]] = {}
        for day, name, value in tx.all(SELECT_SINCE, first=first, month=month_of(first)):
            self._rows.setdefault(day, {})[name] = int(value)
        before = {str(name): int(value) for name, value in tx.all(SELECT_BEFORE, first=first)}
        self._ends = self._levels(before)
        self.today = max([today, *self._rows])
        """The newest day there is: after a change to an earlier time zone the one that had begun goes on."""

    def _levels(self, sums: dict[str, int]) -> dict[str, dict[str, int]]:
        """Return the levels at the end of each day in which anything happened; ``""`` is before the first."""
        ends = {"": level_sums(sums)}
        for day, rows in self._rows.items():
            if len(day) > len("YYYY-MM"):
                for name, value in rows.items():
                    sums[name] = sums.get(name, 0) + value
                ends[day] = level_sums(sums)
        return ends

    def _end(self, period: str) -> dict[str, int]:
        """Return the levels at the end of a day or month."""
        upto = f"{period}-31" if len(period) == len("YYYY-MM") else period
        return next(ends for day, ends in reversed(self._ends.items()) if day <= upto)

    def _begin(self, period: str) -> dict[str, int]:
        """Return the levels at the begin of a day or month."""
        return next(ends for day, ends in reversed(self._ends.items()) if day < period or not day)

    def day(self, day: str) -> Usage:
        """Return what was used in a day."""
        rows = self._rows.get(day, {})
        active = rows.get(COUNTED[Did.ACTIVE], 0)
        return self._usage(day, rows, (active, active, float(active)))

    def month(self, month: str, days: list[Usage]) -> Usage:
        """Return what was used in a month, of which the days are given."""
        rows = _together(self._rows.get(day.period, {}) for day in days)
        actives = [day.active for day in days] or [0]
        users = self._rows.get(month, {}).get(COUNTED[Did.ACTIVE], 0)
        active = users, max(actives), round(sum(actives) / len(actives), 2)
        return msgspec.structs.replace(self._usage(month, rows, active), more={}, days=days)

    def _usage(self, period: str, rows: Rows, active: tuple[int, int, float]) -> Usage:
        begin, end = self._begin(period), self._end(period)

        def peak(level: str) -> int:
            return max(rows.get(PEAK + level, 0), begin[level])

        def groups(level: str, names: Iterable[str]) -> Groups:
            created = sum(rows.get(f"created.{name}", 0) for name in names)
            dissolved = sum(rows.get(f"dissolved.{name}", 0) for name in names)
            return Groups(created, dissolved, end[level], peak(level), created - dissolved)

        kinds = [kind.name for kind in KINDS]
        return Usage(
            period=period,
            groups=groups(GROUPS, kinds),
            kinds={name: groups(f"{GROUPS}.{name}", (name,)) for name in kinds},
            members=end[MEMBERS], members_peak=peak(MEMBERS), joined=rows.get("joined", 0), left=rows.get("left", 0),
            entered=rows.get("entered", 0),
            messages={name: rows.get(f"messages.{name}", 0) for name in SORTS},
            imported={name: rows.get(f"imported.{name}", 0) for name in SORTS},
            deliveries=rows.get("deliveries", 0),
            delivered={name: rows.get(f"deliveries.{name}", 0) for name in ("group", C2C)},
            active=active[0], active_max=active[1], active_average=active[2],
            online_peak=rows.get(PEAK + ONLINE, 0), logins=rows.get("logins", 0),
            accounts=end[ACCOUNTS], accounts_peak=peak(ACCOUNTS), registered=rows.get("registered", 0),
            deleted=rows.get("deleted", 0),
            bytes=end[BYTES], bytes_peak=peak(BYTES), bytes_added=rows.get("bytes.added", 0),
            callbacks_sent=rows.get("callbacks.sent", 0), callbacks_failed=rows.get("callbacks.failed", 0),
            more={name: rows.get(name, 0) for name in (*COUNTED.values(), SPOKEN_IN)},
        )  # fmt: skip


def _together(some: Iterable[Rows]) -> dict[str, int]:
    """Return the meters of several days: what they add up to, and of peaks the highest."""
    total: dict[str, int] = {}
    for rows in some:
        for name, value in rows.items():
            before = total.get(name, 0)
            total[name] = max(before, value) if name.startswith(PEAK) else before + value
    return total


def _last_day(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    following = datetime.date(year + number // 12, number % 12 + 1, 1)
    return (following - datetime.timedelta(days=1)).isoformat()


def _days(first: str, last: str) -> Iterator[str]:
    day = datetime.date.fromisoformat(first)
    while day.isoformat() <= last:
        yield day.isoformat()
        day += datetime.timedelta(days=1)
