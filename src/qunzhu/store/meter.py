"""An app's meters, written in the commit of what they count: a recount of the data equals them at any moment."""

from typing import TYPE_CHECKING, LiteralString

from qunzhu.core.events import C2CEvent, Event, GroupEvent
from qunzhu.core.meter import added, moved
from qunzhu.core.ports import App

if TYPE_CHECKING:
    from qunzhu.store.batch import Engine

ADD: LiteralString = (
    "INSERT INTO meters (day, name, value) VALUES (:day, :name, :step)"
    " ON CONFLICT (day, name) DO UPDATE SET value = meters.value + :step"
)
MOVE: LiteralString = (
    "INSERT INTO meters (day, name, value) VALUES ('', :name, :step)"
    " ON CONFLICT (day, name) DO UPDATE SET value = meters.value + :step RETURNING value"
)
RAISE: LiteralString = (
    "INSERT INTO meters (day, name, value) VALUES (:day, :name, :value) ON CONFLICT (day, name) DO UPDATE"
    " SET value = CASE WHEN meters.value < :value THEN :value ELSE meters.value END"
)


class Move:
    """How a level went in a day of one commit: by how much in the end, and how high at most meanwhile."""

    def __init__(self) -> None:
        self.step = self.highest = 0

    def add(self, step: int) -> None:
        """Go up or down."""
        self.step += step
        self.highest = max(self.highest, self.step)


class Meters:
    """What the transactions of one commit count, until it is written with them."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._added: dict[tuple[str, str], int] = {}
        self._moves: dict[tuple[str, str], Move] = {}
        self._peaks: dict[tuple[str, str], int] = {}

    def see(self, app: App, event: Event) -> None:
        """Count an event."""
        if isinstance(event, GroupEvent | C2CEvent) and (steps := added(event)):
            day = app.day(event.at)
            for name, step in steps:
                self._added[day, name] = self._added.get((day, name), 0) + step
            for name, step in moved(event):
                self._moves.setdefault((day, name), Move()).add(step)

    def write(self) -> None:
        """Write what was counted, inside the transaction."""
        if self._added:
            rows = [{"day": day, "name": name, "step": step} for (day, name), step in self._added.items() if step]
            self._engine.many(ADD, rows)
            self._added.clear()
        if self._moves:
            self._engine.many(RAISE, self._raised())
            self._moves.clear()

    def clear(self) -> None:
        """Forget what was counted, and what was written in a transaction that is undone."""
        self._added.clear()
        self._moves.clear()
        self._peaks.clear()

    def _raised(self) -> list[dict[str, str | int]]:
        """Move the levels, and return the peaks of days and months that are higher now."""
        rows: list[dict[str, str | int]] = []
        for (day, name), move in self._moves.items():
            after = int(self._engine.query(MOVE, {"name": name, "step": move.step})[0][0])
            highest = after - move.step + move.highest
            for period in (day, day[:7]):
                if self._peaks.get((period, name), -1) < highest:
                    self._peaks[period, name] = highest
                    rows.append({"day": period, "name": f"peak.{name}", "value": highest})
        return rows
