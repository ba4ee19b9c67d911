"""An app's meters, written in the commit of what they count: a recount of the data equals them at any moment.

The one writer keeps in memory the rows of the days that it writes to, and the levels, so a commit reads nothing and
writes all that it counted with one statement. Levels are not written: they are what came less what went. Nor are the
peaks of months, which are those of their days. So what a commit writes stands in one place, where the newest day is.
"""

import datetime
import functools
from typing import TYPE_CHECKING, Any, LiteralString

from qunzhu.core.events import Event
from qunzhu.core.meter import COUNTED, MOVES, PEAK, SPOKEN_IN, Did, added, did, level_sums

if TYPE_CHECKING:
    from qunzhu.store.batch import Engine

SELECT_LAST: LiteralString = "SELECT coalesce(max(day), '') FROM meters"
SELECT_SUMS: LiteralString = "SELECT name, sum(value) FROM meters GROUP BY name"
SELECT_DAY: LiteralString = "SELECT name, value FROM meters WHERE day = :day"
SELECT_MARKS: LiteralString = "SELECT marks FROM active_users WHERE day = :day AND user_id = :user"
SELECT_SPOKEN: LiteralString = "SELECT 1 FROM active_groups WHERE day = :day AND group_id = :group_id"
MARK: LiteralString = (
    "INSERT INTO active_users (day, user_id, marks) VALUES (:day, :user, :marks)"
    " ON CONFLICT (day, user_id) DO UPDATE SET marks = :marks"
)
SPOKEN: LiteralString = "INSERT INTO active_groups (day, group_id) VALUES (:day, :group_id)"
ROWS_AT_ONCE = 16
MAX_DAYS = 8
"""So many days' rows are kept in memory; a server that runs for long forgets those that are over."""
MAX_BACK = datetime.timedelta(days=2)
"""A day that is over stays so: after a change to an earlier time zone, or where the clock was set back by less than
this, what follows counts in the day that had begun. A clock that was wrong by more is believed as it is now."""
MAX_MARKED = 200_000
"""So many users and groups of the day are known without a look; then all are looked up anew."""


@functools.cache
def put(number: int) -> tuple[tuple[tuple[str, str, str], ...], LiteralString]:
    """Return names of parameters for some meters, and the statement that gives them their values."""
    names = tuple((f"day_{index}", f"name_{index}", f"value_{index}") for index in range(number))
    rows = ", ".join(f"(:{day}, :{name}, :{value})" for day, name, value in names)
    return names, (
        f"INSERT INTO meters (day, name, value) VALUES {rows}"  # noqa: S608 - names of parameters
        " ON CONFLICT (day, name) DO UPDATE SET value = excluded.value"
    )


@functools.lru_cache(maxsize=4)
def just_before(day: str, last: str) -> bool:
    """Say whether a day is before another, but not by more than days can go back."""
    return day < last and datetime.date.fromisoformat(last) - datetime.date.fromisoformat(day) <= MAX_BACK


class Meters:
    """The meters of one store as its writer sees them. Nothing is written before ``write``."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._last = ""
        """The newest day that anything was counted in."""
        self._days: dict[str, dict[str, int]] = {}
        self._levels: dict[str, int] = {}
        self._touched = False
        """True where something here may not be committed yet."""
        self._changed: dict[tuple[str, str], None] = {}
        self._marks: dict[tuple[str, str], int] = {}
        self._marked: dict[tuple[str, str], None] = {}
        self._spoken: set[tuple[str, str]] = set()
        self._newly_spoken: dict[tuple[str, str], None] = {}

    def see(self, day: str, event: Event) -> None:
        """Count an event of a day."""
        day = self._touch(day)
        for name, step in added(event):
            if step:
                self._add(day, name, step)
        if (done := did(event)) is not None:
            user, marks, group_id = done
            self.mark(day, user, marks)
            if group_id:
                self._speak(day, group_id)

    def add(self, day: str, name: str, step: int) -> None:
        """Add to a meter of a day; the levels that it moves move with it."""
        self._add(self._touch(day), name, step)

    def rise(self, day: str, level: str, value: int) -> None:
        """Raise a level's peak of a day to a value, where it is lower or not there."""
        self._rise(self._touch(day), PEAK + level, value)

    def mark(self, day: str, user: str, marks: Did) -> None:
        """Count a user in the meters of what he did, each once a day, and of being active once a month as well."""
        day = self._touch(day)
        key, wanted = (day, user), int(marks)
        known = self._marks.get(key)
        if known is None:
            found = self._engine.query(SELECT_MARKS, {"day": day, "user": user})
            known = self._marks[key] = int(found[0][0]) if found else 0
        if known & wanted == wanted:
            return
        self._marks[key] = known | wanted
        self._marked[key] = None
        new = Did(wanted & ~known)
        for mark in new:
            self._add(day, COUNTED[mark], 1)
        if Did.ACTIVE in new and len(day) > len("YYYY-MM"):
            self.mark(day[:7], user, Did.ACTIVE)

    def write(self) -> None:
        """Write what was counted, inside the transaction."""
        if not self._changed:
            return
        self._write_meters()
        if self._marked:
            rows = [{"day": day, "user": user, "marks": self._marks[day, user]} for day, user in self._marked]
            self._engine.many(MARK, rows)
            self._marked.clear()
        if self._newly_spoken:
            self._engine.many(SPOKEN, [{"day": day, "group_id": one} for day, one in self._newly_spoken])
            self._newly_spoken.clear()
        self._trim()

    def settle(self) -> None:
        """Let what was written stand: it is committed."""
        self._touched = False

    def clear(self) -> None:
        """Forget what was counted, and what was written in a transaction that is undone."""
        if self._touched:
            self.forget()

    def forget(self) -> None:
        """Forget everything, also what is stored: it is going to be replaced."""
        for one in (
            self._days, self._levels, self._changed, self._marks, self._marked, self._spoken, self._newly_spoken,
        ):  # fmt: skip
            one.clear()
        self._last = ""

    def _touch(self, day: str) -> str:
        """Return the day in which something is counted that happens in a day; months, and no day, stay as they are."""
        self._touched = True
        if not self._levels:
            sums = self._engine.query(SELECT_SUMS, {})
            self._levels = level_sums({str(name): int(value) for name, value in sums})
        if day == self._last or len(day) < len("YYYY-MM-DD"):
            return day
        last = self._last or str(self._engine.query(SELECT_LAST, {})[0][0])
        self._last = last if len(last) == len(day) and just_before(day, last) else day
        return self._last

    def _add(self, day: str, name: str, step: int) -> None:
        rows = self._day(day)
        rows[name] = rows.get(name, 0) + step
        self._changed[day, name] = None
        if (moved := MOVES.get(name)) is not None:
            levels, sign = moved
            for level, peak in levels:
                before = self._levels[level]
                after = self._levels[level] = before + sign * step
                if day:  # what there was before counts for the peak too: a day may begin with its highest
                    self._rise(day, peak, max(before, after))

    def _rise(self, day: str, name: str, value: int) -> None:
        rows = self._day(day)
        if rows.get(name, -1) < value:
            rows[name] = value
            self._changed[day, name] = None

    def _write_meters(self) -> None:
        changed = list(self._changed)
        for start in range(0, len(changed), ROWS_AT_ONCE):
            some = changed[start : start + ROWS_AT_ONCE]
            names, statement = put(len(some))
            params: dict[str, Any] = {}
            for (day, name, value), (of_day, meter) in zip(names, some, strict=True):
                params[day], params[name], params[value] = of_day, meter, self._days[of_day][meter]
            self._engine.many(statement, (params,))
        self._changed.clear()

    def _trim(self) -> None:
        """Forget some of what is written."""
        if len(self._days) > MAX_DAYS:
            self._days.clear()
        if len(self._marks) + len(self._spoken) > MAX_MARKED:
            self._marks.clear()
            self._spoken.clear()

    def _speak(self, day: str, group_id: str) -> None:
        key = (day, group_id)
        if key in self._spoken:
            return
        self._spoken.add(key)
        if not self._engine.query(SELECT_SPOKEN, {"day": day, "group_id": group_id}):
            self._newly_spoken[key] = None
            self._add(day, SPOKEN_IN, 1)

    def _day(self, day: str) -> dict[str, int]:
        rows = self._days.get(day)
        if rows is None:
            rows = self._days[day] = dict(self._engine.query(SELECT_DAY, {"day": day}))
        return rows
