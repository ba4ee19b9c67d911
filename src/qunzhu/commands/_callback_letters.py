"""Callbacks that wait to be sent, and those that were given up: how their rows are read and changed."""

from collections.abc import Sequence
from typing import LiteralString

import msgspec

from qunzhu.core.ports import Tx

WAITING, DEAD, REVIVED = range(3)
"""The column ``dead``: to be sent, given up, and given up but wanted again (which a server takes in soon)."""


class Waiting(msgspec.Struct, frozen=True):
    """What is known of a row until it is its turn. ``next_ms`` (unix milliseconds): not before."""

    num: int
    lane: str
    tries: int
    next_ms: int


class Letter(msgspec.Struct, frozen=True):
    """A row of ``callbacks``, in column order. ``query`` and ``body`` are JSON; ``fault`` is that of the last try."""

    num: int
    lane: str
    command: str
    query: str
    body: str
    at_ms: int
    tries: int
    next_ms: int
    dead: int
    fault: str


PAGE: LiteralString = (
    "SELECT num, lane, tries, next_ms FROM callbacks WHERE dead = 0 AND num > :after ORDER BY num LIMIT :limit"
)
LANE_PAGE: LiteralString = (
    "SELECT num, lane, tries, next_ms FROM callbacks WHERE lane = :lane AND dead = 0 AND num > :after"
    " ORDER BY num LIMIT :limit"
)
COUNT: LiteralString = "SELECT dead, count(*) FROM callbacks GROUP BY dead"
ANY_DEAD: LiteralString = "SELECT 1 FROM callbacks WHERE dead <> 0 ORDER BY dead, num LIMIT 1"
LIST: LiteralString = "SELECT * FROM callbacks ORDER BY num LIMIT :limit"
LIST_DEAD: LiteralString = "SELECT * FROM callbacks WHERE dead <> 0 ORDER BY num LIMIT :limit"


def page(tx: Tx, after: int, limit: int) -> list[Waiting]:
    """Return rows that wait, in their order, from behind a number on."""
    return [Waiting(*row) for row in tx.all(PAGE, after=after, limit=limit)]


def lane_page(tx: Tx, lane: str, after: int, limit: int) -> list[Waiting]:
    """Return rows of one lane that wait, in their order, from behind a number on."""
    return [Waiting(*row) for row in tx.all(LANE_PAGE, lane=lane, after=after, limit=limit)]


def letter(tx: Tx, num: int) -> Letter | None:
    """Return a whole row, or None where there is none any more."""
    row = tx.one("SELECT * FROM callbacks WHERE num = :num", num=num)
    return Letter(*row) if row else None


def letters(tx: Tx, limit: int, *, dead: bool = False) -> list[Letter]:
    """Return whole rows, the oldest first: all, or those that were given up."""
    return [Letter(*row) for row in tx.all(LIST_DEAD if dead else LIST, limit=limit)]


def any_dead(tx: Tx) -> bool:
    """Say whether some were given up."""
    return tx.one(ANY_DEAD) is not None


def counts(tx: Tx) -> tuple[int, int]:
    """Return how many wait, and how many were given up."""
    found: dict[int, int] = {dead: number for dead, number in tx.all(COUNT)}  # noqa: C416 - rows are of any length
    return found.get(WAITING, 0), found.get(DEAD, 0) + found.get(REVIVED, 0)


def remove(tx: Tx, num: int) -> bool:
    """Remove a row; say whether it was there."""
    return tx.one("DELETE FROM callbacks WHERE num = :num RETURNING num", num=num) is not None


def remove_dead(tx: Tx) -> int:
    """Remove all that were given up, and return how many."""
    return len(tx.all("DELETE FROM callbacks WHERE dead <> 0 RETURNING num"))


def put_off(tx: Tx, row: Waiting, fault: str, *, dead: bool) -> None:
    """Write that a try failed, and when the next one is; or that there is none."""
    tx.run(
        "UPDATE callbacks SET tries = :tries, next_ms = :next_ms, dead = :dead, fault = :fault WHERE num = :num",
        num=row.num, tries=row.tries, next_ms=row.next_ms, dead=DEAD if dead else WAITING, fault=fault,
    )  # fmt: skip


def want(tx: Tx, nums: Sequence[int] | None) -> int:
    """Want some that were given up tried again, or all; return how many they are. A server takes them in soon."""
    if nums is None:
        return len(tx.all("UPDATE callbacks SET dead = 2 WHERE dead <> 0 RETURNING num"))
    found = [
        tx.one("UPDATE callbacks SET dead = 2 WHERE num = :num AND dead <> 0 RETURNING 1", num=num) for num in nums
    ]
    return len([row for row in found if row is not None])


def revive(tx: Tx, limit: int) -> list[Waiting]:
    """Let some of those that are wanted again wait like new ones, and return them in their order."""
    nums = [num for (num,) in tx.all("SELECT num FROM callbacks WHERE dead = 2 ORDER BY num LIMIT :limit", limit=limit)]
    rows = [
        tx.one("UPDATE callbacks SET dead = 0, tries = 0, next_ms = 0 WHERE num = :num RETURNING lane", num=num)
        for num in nums
    ]
    return [Waiting(num, row[0], 0, 0) for num, row in zip(nums, rows, strict=True) if row is not None]


def expire(tx: Tx, before_ms: int, dead_before_ms: int, *, sent: bool) -> int:
    """Remove what nobody will take any more, and return how many.

    That are those given up long ago and, where callbacks are not ``sent`` for want of a URL, those that wait for long.
    """
    gone = tx.all("DELETE FROM callbacks WHERE dead <> 0 AND at_ms < :before RETURNING num", before=dead_before_ms)
    if not sent:
        gone += tx.all("DELETE FROM callbacks WHERE dead = 0 AND at_ms < :before RETURNING num", before=before_ms)
    return len(gone)
