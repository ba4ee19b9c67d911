"""The meters once more, in plain Python: from the events of a run one by one, and from the tables at its end.

What events add is written down here anew, not taken from ``qunzhu.core.meter``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from qunzhu.commands._recount import recount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qunzhu.core.events import Event
    from worlds import World

IMPORTED = 32


class Ledger:
    """What was counted, by day and name; levels as they are now; the highest that each level was in a day."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.levels: Counter[str] = Counter()
        self.peaks: dict[str, dict[str, int]] = defaultdict(dict)
        self.senders: dict[str, set[str]] = defaultdict(set)
        self.last = ""

    def register(self, day: str, number: int) -> None:
        """Take accounts that no command registers: those of the app's administrators."""
        self.last = day
        self._count(day, "registered", number)
        self._move(day, number, "accounts")

    def see(self, day: str, events: Iterable[Event]) -> None:
        """Take events of a day in their order. A day that is over stays so, also where a test sets its clock back."""
        day = self.last = max(day, self.last)
        for event in events:
            take = getattr(self, f"_{type(event).__name__}", None)
            if take is not None:
                take(day, msgspec.structs.asdict(event))

    def _move(self, day: str, step: int, *levels: str) -> None:
        for level in levels if step else ():
            before, after = self.levels[level], self.levels[level] + step
            self.levels[level] = after
            self.peaks[day][level] = max(self.peaks[day].get(level, 0), before, after)

    def _count(self, day: str, name: str, number: int = 1) -> None:
        if number:
            self.counts[day][name] += number

    def _GroupCreated(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802 - the event's name
        kind = event["kind"]
        first = 0 if kind == "AVChatRoom" else len(set(event["members"]) | {event["owner"]} - {""})
        self._count(day, f"created.{kind}")
        self._count(day, "joined", first)
        self._move(day, 1, "groups", f"groups.{kind}")
        self._move(day, first, "members")

    def _GroupDissolved(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        self._count(day, f"dissolved.{event['kind']}")
        self._move(day, -1, "groups", f"groups.{event['kind']}")
        last = 0 if event["kind"] == "AVChatRoom" else event["member_num"]
        self._count(day, "left", last)
        self._move(day, -last, "members")

    def _MembersJoined(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        if event["kind"] == "AVChatRoom":
            self._count(day, "entered", len(event["users"]))
        else:
            self._count(day, "joined", len(event["users"]))
            self._move(day, len(event["users"]), "members")

    def _MembersLeft(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        if event["kind"] != "AVChatRoom":
            self._count(day, "left", len(event["users"]))
            self._move(day, -len(event["users"]), "members")

    def _MessageSent(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        self._count(day, f"messages.{event['kind']}")
        self._sent(day, "group", event["operator"])
        if event["group_id"]:
            self.senders[f"{day} in"].add(event["group_id"])

    def _C2CSent(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        if event["flags"] & IMPORTED:
            self._count(day, "imported.C2C")
        else:
            self._count(day, "messages.C2C")
            self._sent(day, "C2C", event["sender"])

    def _MessagesImported(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        self._count(day, f"imported.{event['kind']}", len(event["messages"]))

    def _AccountsChanged(self, day: str, event: dict[str, Any]) -> None:  # noqa: N802
        self._count(day, "registered", len(event["registered"]))
        self._move(day, len(event["registered"]), "accounts")
        self._count(day, "deleted", len(event["deleted"]))
        self._move(day, -len(event["deleted"]), "accounts")

    def _sent(self, day: str, sort: str, user: str) -> None:
        self.senders[f"{day} {sort}"].add(user)
        self.senders[f"{day} any"].add(user)

    def rows(self) -> dict[tuple[str, str], int]:
        """Return all as the table of meters has it."""
        found = {(day, name): number for day, counts in self.counts.items() for name, number in counts.items()}
        found |= {(day, f"peak.{level}"): high for day, peaks in self.peaks.items() for level, high in peaks.items()}
        names = {"in": "groups_spoken_in", "group": "senders.group", "C2C": "senders.C2C", "any": "senders"}
        return found | {
            (key.split()[0], names[key.split()[1]]): len(users) for key, users in self.senders.items()
        }  # fmt: skip


#: Meters that no event moves: of sessions and files, and what the server counts by itself.
BESIDE = {
    "active", "logged_in", "logins", "peak.online", "uploads", "bytes", "bytes.added", "bytes.removed", "peak.bytes",
    "callbacks.sent", "callbacks.failed", "base.bytes",
}  # fmt: skip


def agree(world: World) -> None:
    """Fail where the meters differ from what the events come to, or from a recount of the tables."""
    rows = world.rows("SELECT day, name, value FROM meters")
    metered = {(day, name): value for day, name, value in rows if value and name not in BESIDE}
    expected = {key: value for key, value in world.ledger.rows().items() if value}
    assert metered == expected
    found = world.store.read_now(recount, world.app, world.now)
    assert found == [], found
