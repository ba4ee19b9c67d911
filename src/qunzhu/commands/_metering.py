"""What the server itself counts in an app's meters, beside what commands do: deliveries, and who is still online."""

from collections.abc import Iterable, Mapping
from typing import LiteralString

from qunzhu.core.meter import ONLINE, Did
from qunzhu.core.ports import App, Tx

KEPT_DAYS = 62
"""For so long it is kept who was active in a day: what was counted can be recounted for two months."""
STEP = 500
"""Users of whom one step takes note, and rows that one step removes."""


def count_deliveries(tx: Tx, app: App, now: int, counts: Mapping[str, int]) -> None:
    """Add what sessions were given to the meters of the day; ``now`` is unix seconds."""
    day = app.day(now)
    for name, number in counts.items():
        tx.meter(day, name, number)


def still_online(tx: Tx, app: App, now: int, users: Iterable[str]) -> None:
    """Count users as active who have had a session since before the day began."""
    day = app.day(now)
    for user in users:
        tx.mark(day, user, Did.ACTIVE)
    tx.peak(day, ONLINE, tx.presence.users())


OLD_USERS: LiteralString = (
    "SELECT day, user_id FROM active_users WHERE day < :before ORDER BY day, user_id LIMIT :limit"
)
OLD_GROUPS: LiteralString = (
    "SELECT day, group_id FROM active_groups WHERE day < :before ORDER BY day, group_id LIMIT :limit"
)


def kept_since(app: App, now: int) -> str:
    """Return the day since which it is kept who was active."""
    return app.day(now - KEPT_DAYS * 86400)


def sweep_active(tx: Tx, app: App, now: int) -> int:
    """Remove some rows of who was active in days long over; return how many. What was counted of them stays."""
    before = kept_since(app, now)
    users = tx.all(OLD_USERS, before=before, limit=STEP)
    tx.many(
        "DELETE FROM active_users WHERE day = :day AND user_id = :user",
        [{"day": day, "user": user} for day, user in users],
    )
    groups = tx.all(OLD_GROUPS, before=before, limit=STEP)
    tx.many(
        "DELETE FROM active_groups WHERE day = :day AND group_id = :group_id",
        [{"day": day, "group_id": group_id} for day, group_id in groups],
    )
    return len(users) + len(groups)


def has_old(tx: Tx, app: App, now: int) -> bool:
    """Say whether ``sweep_active`` has anything to remove."""
    before = kept_since(app, now)
    return bool(tx.all(OLD_USERS, before=before, limit=1) or tx.all(OLD_GROUPS, before=before, limit=1))
