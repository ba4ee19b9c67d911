"""One-to-one messages: reads and writes that several of their commands need.

The messages of two users stand under both in the order of their ids, ``low`` and ``high``. Each has a key of its own
in the conversation (MsgSeq, MsgRandom, MsgTime), and a number that grows with every stored one of the app.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, LiteralString

import msgspec

from qunzhu.commands._shared import registered
from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import C2CEvent, C2CHidden
from qunzhu.core.limits import UINT32, account, number, text
from qunzhu.core.messages import C2CMessage, Mark, decode_c2c_message
from qunzhu.core.ports import Tx, Who

SERVICE = "openim"
LAST = "last-c2c"
C2C = 1
"""The column ``sort`` of conversations with a user."""
MSG_KEY = re.compile(r"([0-9]{1,10})_([0-9]{1,10})_([0-9]{1,10})")
ToAccount = Annotated[str, account(err.STATUS_BAD_ACCOUNT)]
FromAccount = Annotated[str, account(err.SENDER_INVALID)]
MsgKeyText = Annotated[str, text(50, error=err.MSG_KEY_INVALID)]
Random = Annotated[int, number(0, UINT32, error=err.MSG_RANDOM_INVALID)]
Flag = Annotated[int, number(0, 1, error=err.STATUS_BAD_JSON)]
CloudText = Annotated[str, text(12288, binary=True, error=err.STATUS_BAD_JSON, long=err.C2C_TOO_LONG)]
BODY_ERRORS = {"MsgBody": err.BODY_NOT_ARRAY, "MsgBody[]": err.BODY_MALFORMED}


class Key(msgspec.Struct, frozen=True):
    """What names a message in its conversation."""

    msg_seq: int
    random: int
    at: int

    def __str__(self) -> str:
        return f"{self.msg_seq}_{self.random}_{self.at}"


class C2CRow(msgspec.Struct, frozen=True):
    """A row of ``c2c_messages``, in column order."""

    low: str
    high: str
    at: int
    msg_seq: int
    random: int
    num: int
    from_low: int
    state: int
    hidden: int
    flags: int
    quiet: int
    body: str

    @property
    def sender(self) -> str:
        """Return who sent it."""
        return self.low if self.from_low else self.high

    @property
    def peer(self) -> str:
        """Return who got it."""
        return self.high if self.from_low else self.low

    @property
    def key(self) -> Key:
        """Return what names it."""
        return Key(self.msg_seq, self.random, self.at)

    @property
    def message(self) -> C2CMessage:
        """Return the message."""
        return decode_c2c_message(self.body)

    @property
    def holders(self) -> list[str]:
        """Return those of its users who have a copy."""
        users = dict.fromkeys((self.sender, self.peer))
        return [user for user in users if not self.hidden & side(user, self.low)]


def pair(one: str, other: str) -> dict[str, str]:
    """Return two users as the columns that their messages stand under."""
    return {"low": min(one, other), "high": max(one, other)}


def side(user: str, low: str) -> int:
    """Return the bit of the column ``hidden`` that is a user's."""
    return 1 if user == low else 2


def as_caller(who: Who, field: str, named: str) -> None:
    """Refuse (90009) a user who names another as the one who acts."""
    if named != who.user and not who.admin:
        raise Refused(err.OPENIM_NOT_ADMIN, f"{field}: {who.user!r} may not act as {named!r}")


def has_account(tx: Tx, who: Who, user: str) -> bool:
    """Say whether a user can send and get messages; administrators of the app need no account for it."""
    return user in who.app.admins or registered(tx, user)


def require_account(tx: Tx, who: Who, field: str, user: str, error: ErrorRow) -> None:
    """Refuse a user who has no account."""
    if not has_account(tx, who, user):
        raise Refused(error, f"{field}: {user!r} is not registered")


def key_of(text: str, field: str = "MsgKey", error: ErrorRow = err.MSG_KEY_INVALID) -> Key:
    """Return a MsgKey's parts, or refuse (90054 unless said otherwise) what is none."""
    if (found := MSG_KEY.fullmatch(text)) is None:
        raise Refused(error, f"{field}: {text!r} is not <MsgSeq>_<MsgRandom>_<MsgTime>")
    return Key(*(int(part) for part in found.groups()))


SELECT_MESSAGE = (
    "SELECT * FROM c2c_messages WHERE low = :low AND high = :high AND at = :at AND msg_seq = :msg_seq"
    " AND random = :random"
)


def find_message(tx: Tx, one: str, other: str, key: Key) -> C2CRow | None:
    """Return a message of two users, whoever sent it, or None."""
    row = tx.one(SELECT_MESSAGE, **pair(one, other), **msgspec.structs.asdict(key))
    return C2CRow(*row) if row else None


def named(row: C2CRow) -> dict[str, Any]:
    """Return the fields by which an event names its message."""
    return {"sender": row.sender, "peer": row.peer, "at": row.at, "msg_seq": row.msg_seq, "random": row.random,
            "num": row.num}  # fmt: skip


SELECT_DELETED = "SELECT at FROM deleted_accounts WHERE user_id = :user"


def kept_since(tx: Tx, who: Who, user: str) -> int:
    """Return the MsgTime from which on a user sees messages: what the plan keeps, and nothing of a former account."""
    deleted = tx.one(SELECT_DELETED, user=user)
    return max(who.app.kept_since(who.now), int(deleted[0]) + 1 if deleted else 0)


SELECT_NEWEST: LiteralString = (
    "SELECT last_num FROM contacts WHERE user_id = :user AND sort = 1 ORDER BY last_num DESC LIMIT 1"
)


def newest_num(tx: Tx, user: str) -> int:
    """Return the number of the newest one-to-one message of a user, 0 where he has none."""
    row = tx.one(SELECT_NEWEST, user=user)
    return int(row[0]) if row else 0


TOUCH_CONTACT = (
    "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
    " msg_flag) VALUES (:user, 1, :peer, :num, :at, 0, 0, 0, 0, '', 0)"
    " ON CONFLICT (user_id, sort, peer) DO UPDATE SET last_num = :num,"
    " at = CASE WHEN contacts.at < :at THEN :at ELSE contacts.at END"
)


def touched(event: C2CEvent, flags: int, holders: Iterable[str]) -> list[dict[str, Any]]:
    """Return the conversations that a stored message renews; one that shall not be the last does not move them up."""
    at = 0 if flags & Mark.NO_LAST else event.at
    return [
        {"user": user, "peer": event.peer if user == event.sender else event.sender, "num": event.num, "at": at}
        for user in holders
    ]


SEEN = "CASE WHEN hidden_num > read_num THEN hidden_num ELSE read_num END"
"""Up to which number nothing counts as unread: what was read, and what a conversation held that was deleted."""
SELECT_READ: LiteralString = (
    "SELECT " + SEEN + " FROM contacts WHERE user_id = :user AND sort = 1 AND peer = :peer"  # noqa: S608 - a part of it
)
# A plus keeps a column out of the choice of an index.
COUNT_UNREAD: LiteralString = (
    "SELECT count(*) FROM c2c_messages WHERE low = :low AND high = :high AND num > :num AND from_low = :from_low"
    " AND state = 0 AND quiet = 0 AND +at >= :since AND hidden & :mine = 0"
)


def read_num(tx: Tx, user: str, peer: str) -> int | None:
    """Return up to which number a user has read a conversation, None where he has none with that peer."""
    row = tx.one(SELECT_READ, user=user, peer=peer)
    return None if row is None else int(row[0])


def unread_c2c(tx: Tx, user: str, peer: str, seen: int, since: int) -> int:
    """Return how many messages of ``peer`` after number ``seen`` count as unread; ``since`` is ``kept_since``."""
    if user == peer:
        return 0
    low = min(user, peer)
    row = tx.one(
        COUNT_UNREAD, **pair(user, peer), num=seen, from_low=int(peer == low), since=since, mine=side(user, low)
    )
    return int(row[0]) if row else 0


SELECT_UNREAD: LiteralString = (
    "SELECT peer, " + SEEN + " FROM contacts WHERE user_id = :user AND sort = 1"  # noqa: S608 - a part of it
    " AND last_num > read_num ORDER BY peer"
)


def all_unread_c2c(tx: Tx, who: Who, user: str) -> int:
    """Return how many messages of all others count as unread for a user."""
    since = kept_since(tx, who, user)
    return sum(unread_c2c(tx, user, peer, seen, since) for peer, seen in tx.all(SELECT_UNREAD, user=user))


HIDE = (
    "UPDATE c2c_messages SET hidden = hidden | :mine WHERE low = :low AND high = :high AND at = :at"
    " AND msg_seq = :msg_seq AND random = :random"
)


def hide(tx: Tx, user: str, peer: str, rows: Sequence[C2CRow]) -> None:
    """Remove a user's copies of messages with another; the other keeps his."""
    if not rows:
        return
    both = pair(user, peer)
    mine = side(user, both["low"])
    tx.many(HIDE, [{**both, **msgspec.structs.asdict(row.key), "mine": mine} for row in rows])
    nums, keys = [row.num for row in rows], [str(row.key) for row in rows]
    tx.emit(C2CHidden(user=user, peer=peer, nums=nums, keys=keys))


def forget_user(tx: Tx, user: str) -> None:
    """Remove what an account that is deleted has of conversations; those it wrote to keep their messages."""
    tx.run("DELETE FROM contacts WHERE user_id = :user", user=user)
    tx.run("DELETE FROM contact_groups WHERE user_id = :user", user=user)
    tx.run("DELETE FROM contact_group_items WHERE user_id = :user", user=user)
    tx.run("DELETE FROM silenced WHERE user_id = :user", user=user)


SWEPT = "c2c-swept"
PAIRS_AT_ONCE = 100
NEXT_PAIR: LiteralString = (
    "SELECT low, high FROM c2c_messages WHERE (low, high) > (:low, :high) ORDER BY low, high LIMIT 1"
)
SELECT_OLD: LiteralString = (
    "SELECT at, msg_seq, random, num FROM c2c_messages WHERE low = :low AND high = :high AND at < :before"
    " ORDER BY at, msg_seq, random LIMIT :limit"
)
DELETE_OLD = (
    "DELETE FROM c2c_messages WHERE low = :low AND high = :high AND at = :at AND msg_seq = :msg_seq"
    " AND random = :random"
)
OF_MESSAGE: tuple[LiteralString, ...] = (
    "DELETE FROM extensions WHERE owner = :owner",
    "DELETE FROM extension_versions WHERE owner = :owner",
    "DELETE FROM reactions WHERE owner = :owner",
)


def sweep_c2c(tx: Tx, before: int, limit: int) -> int:
    """Remove up to ``limit`` messages older than ``before`` (unix seconds), with what hangs on them; return how many.

    It goes from conversation to conversation, some at each call, and begins anew after the last one: no index by time
    has to be kept for it.
    """
    removed = 0
    low, high = tx.recall(SWEPT) or ("", "")
    for _ in range(PAIRS_AT_ONCE):
        row = tx.one(NEXT_PAIR, low=low, high=high)
        if row is None:
            tx.remember(SWEPT, ("", ""))
            return removed
        both = {"low": row[0], "high": row[1]}
        rows = tx.all(SELECT_OLD, **both, before=before, limit=limit - removed)
        tx.many(DELETE_OLD, [{**both, "at": at, "msg_seq": seq, "random": random} for at, seq, random, _ in rows])
        for statement in OF_MESSAGE:
            tx.many(statement, [{"owner": f"c:{num}"} for *_, num in rows])
        removed += len(rows)
        if removed >= limit:
            break
        low, high = row[0], row[1]
    tx.remember(SWEPT, (low, high))
    return removed
