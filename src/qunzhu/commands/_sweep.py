"""Removing stored messages that nobody can read any more, with all that hangs on them, a little at a time.

Three sorts go: of groups and topics that are gone, what was cleared, and what is older than the app's plan keeps
messages. Reads show none of them, whether they were removed yet or not; so this changes nothing that anybody sees.
"""

from collections.abc import Iterable, Sequence
from typing import LiteralString

import msgspec

from qunzhu.commands._c2c import sweep_c2c
from qunzhu.commands._metering import has_old, sweep_active
from qunzhu.core.messages import Mark
from qunzhu.core.ports import App, Tx

STEP = 200
"""Rows of messages that one step removes."""
STREAMS = 50
"""Streams that are gone, or were cleared, of which one step takes some."""
ALL = 2**62
WHOLE_GROUP = -1
CURSOR = "sweep"


class Row(msgspec.Struct, frozen=True):
    """A message or notice to remove."""

    group_num: int
    topic_num: int
    seq: int
    sender: str
    flags: int


SOME_DOOMED = "SELECT 1 FROM doomed ORDER BY group_num LIMIT 1"


def has_work(tx: Tx, app: App, now: int) -> bool:
    """Say whether there may be anything to remove."""
    if tx.one(SOME_DOOMED) is not None or has_old(tx, app, now):
        return True
    return app.kept_since(now) != 0


def sweep(tx: Tx, app: App, now: int) -> int:
    """Remove some messages; return how many, 0 where there were none. Streams take turns: a long one holds up none.

    Who was active in days long over goes as well.
    """
    removed = _sweep_doomed(tx, STEP)
    before = app.kept_since(now)
    if before and removed < STEP:
        removed += _sweep_old(tx, before, STEP - removed)
        removed += sweep_c2c(tx, before, STEP)
    return removed + sweep_active(tx, app, now)


NEXT_DOOMED = (
    "SELECT group_num, topic_num FROM doomed WHERE (group_num, topic_num) > (:num, :topic)"
    " ORDER BY group_num, topic_num LIMIT 1"
)
ROWS_OF_GROUP: LiteralString = (
    "SELECT group_num, topic_num, seq, sender, flags FROM messages WHERE group_num = :num ORDER BY topic_num, seq"
    " LIMIT :limit"
)
ROWS_OF_STREAM: LiteralString = (
    "SELECT group_num, topic_num, seq, sender, flags FROM messages WHERE group_num = :num AND topic_num = :topic"
    " AND seq <= :upto ORDER BY seq LIMIT :limit"
)
CLEARED_OF_GROUP = "SELECT cleared_seq FROM groups WHERE num = :num"
CLEARED_OF_TOPIC = "SELECT cleared_seq FROM topics WHERE num = :topic AND group_num = :num"
LEAVE_TO_SWEEP = (
    "INSERT INTO doomed (group_num, topic_num) VALUES (:num, :topic) ON CONFLICT (group_num, topic_num) DO NOTHING"
)
DONE = "DELETE FROM doomed WHERE group_num = :num AND topic_num = :topic"


def _sweep_doomed(tx: Tx, limit: int) -> int:
    """Remove rows of the streams whose turn it is; those of which none are left have no further turn."""
    removed = 0
    for _ in range(STREAMS):
        num, topic = tx.recall(CURSOR) or (0, WHOLE_GROUP)
        row = tx.one(NEXT_DOOMED, num=num, topic=topic) or tx.one(NEXT_DOOMED, num=0, topic=WHOLE_GROUP)
        if row is None or removed >= limit:
            break
        tx.remember(CURSOR, (row[0], row[1]))
        removed += _sweep_stream(tx, row[0], row[1], limit - removed)
    return removed


def _sweep_stream(tx: Tx, num: int, topic: int, limit: int) -> int:
    if topic == WHOLE_GROUP:
        found = tx.all(ROWS_OF_GROUP, num=num, limit=limit)
    else:
        found = tx.all(ROWS_OF_STREAM, num=num, topic=topic, upto=_upto(tx, num, topic), limit=limit)
    remove(tx, [Row(*one) for one in found])
    if len(found) < limit:
        tx.run(DONE, num=num, topic=topic)
    return len(found)


def _upto(tx: Tx, num: int, topic: int) -> int:
    """Return the seq up to which a stream's rows go: all of them where it is gone."""
    row = tx.one(CLEARED_OF_TOPIC, num=num, topic=topic) if topic else tx.one(CLEARED_OF_GROUP, num=num)
    return int(row[0]) if row else ALL


OLDEST: LiteralString = (
    "SELECT group_num, topic_num, seq, sender, flags FROM messages WHERE at < :before AND random IS NOT NULL"
    " ORDER BY at, group_num, topic_num, seq LIMIT :limit"
)
CLEAR_GROUP = "UPDATE groups SET cleared_seq = :seq WHERE num = :num AND cleared_seq < :seq"
CLEAR_TOPIC = "UPDATE topics SET cleared_seq = :seq WHERE num = :topic AND cleared_seq < :seq"


def _sweep_old(tx: Tx, before: int, limit: int) -> int:
    """Remove the app's oldest messages that are past keeping; their streams begin after them.

    The notices between them go as what was cleared does. A stream without messages keeps its notices: they are few.
    """
    rows = [Row(*one) for one in tx.all(OLDEST, before=before, limit=limit)]
    remove(tx, rows)
    ends = {(row.group_num, row.topic_num): row.seq for row in sorted(rows, key=lambda row: row.seq)}
    tx.many(CLEAR_GROUP, [{"num": num, "seq": seq} for (num, topic), seq in ends.items() if not topic])
    tx.many(CLEAR_TOPIC, [{"topic": topic, "seq": seq} for (_, topic), seq in ends.items() if topic])
    tx.many(LEAVE_TO_SWEEP, [{"num": num, "topic": topic} for num, topic in ends])
    return len(rows)


REMOVE_MESSAGE = "DELETE FROM messages WHERE group_num = :num AND topic_num = :topic AND seq = :seq"
REMOVE_RECEIPTS = "DELETE FROM receipts WHERE group_num = :num AND topic_num = :topic AND seq = :seq"
REMOVE_BY_MESSAGE: tuple[LiteralString, ...] = (
    "DELETE FROM pinned_messages WHERE group_num = :num AND topic_num = :topic AND seq = :seq",
    "DELETE FROM hidden_messages WHERE group_num = :num AND topic_num = :topic AND seq = :seq",
)
REMOVE_REACTIONS = "DELETE FROM reactions WHERE owner = :owner"
REMOVE_EXTENSIONS: tuple[LiteralString, ...] = (
    "DELETE FROM extensions WHERE owner = :owner",
    "DELETE FROM extension_versions WHERE owner = :owner",
)


def remove(tx: Tx, rows: Sequence[Row]) -> None:
    """Remove messages and notices with all that hangs on them."""
    tx.many(REMOVE_MESSAGE, _keys(rows))
    for statement in REMOVE_BY_MESSAGE:
        tx.many(statement, _keys(rows))
    messages = [row for row in rows if row.sender]
    tx.many(REMOVE_RECEIPTS, _keys(row for row in messages if row.flags & Mark.RECEIPT))
    tx.many(REMOVE_REACTIONS, _owners(messages))
    for statement in REMOVE_EXTENSIONS:
        tx.many(statement, _owners(row for row in messages if row.flags & Mark.EXTENSION))


def _keys(rows: Iterable[Row]) -> list[dict[str, int]]:
    return [{"num": row.group_num, "topic": row.topic_num, "seq": row.seq} for row in rows]


def _owners(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Return by which names extensions and reactions know the messages that they hang on."""
    return [{"owner": f"g:{row.group_num}:{row.topic_num}:{row.seq}"} for row in rows]
