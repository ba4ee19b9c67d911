"""The one-to-one messages that a returning client missed: its part of ``sync``."""

from typing import LiteralString

import msgspec

from qunzhu.commands._c2c import kept_since
from qunzhu.core.ports import Tx, Who

PAGE = 200
SELECT_MISSED: LiteralString = (
    "SELECT m.num, m.body FROM contacts c JOIN c2c_messages m"
    " ON m.low = CASE WHEN c.peer < c.user_id THEN c.peer ELSE c.user_id END"
    " AND m.high = CASE WHEN c.peer < c.user_id THEN c.user_id ELSE c.peer END"
    " WHERE c.user_id = :user AND c.sort = 1 AND c.last_num > :seen AND m.num > :seen AND +m.at >= :since"
    " AND m.hidden & CASE WHEN m.low = :user THEN 1 ELSE 2 END = 0"
    " AND m.flags & CASE WHEN m.from_low = CASE WHEN m.low = :user THEN 1 ELSE 0 END THEN 256 ELSE 512 END = 0"
    " ORDER BY m.num LIMIT :limit"
)
"""256 and 512 are Mark.SENDER_NOT_TOLD and Mark.PEER_NOT_TOLD."""


def missed_c2c(tx: Tx, who: Who, seen: int, most: int) -> tuple[list[msgspec.Raw], bool]:
    """Return the messages after number ``seen`` in their order, up to ``most`` bytes of them, and whether that is all.

    One at least, where there are any. What was sent without the sender's sessions being told, and imported history, is
    read by pulling.
    """
    rows = tx.all(SELECT_MISSED, user=who.user, seen=seen, since=kept_since(tx, who, who.user), limit=PAGE + 1)
    found: list[msgspec.Raw] = []
    size = 0
    for _, body in rows[:PAGE]:
        raw = body.encode()
        size += len(raw)
        if found and size > most:
            return found, False
        found.append(msgspec.Raw(raw))
    return found, len(rows) <= PAGE
