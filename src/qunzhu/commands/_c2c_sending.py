"""How one-to-one messages are stored and told, whoever sends them: one user, an administrator, an import."""

from collections.abc import Iterable
from typing import Any, LiteralString

import msgspec

from qunzhu.commands._c2c import LAST, TOUCH_CONTACT, Key, newest_num, pair, side, touched
from qunzhu.commands.sessions import DISCARD
from qunzhu.core.events import C2CSent
from qunzhu.core.messages import C2CMessage, Mark, encode_message, marks_of
from qunzhu.core.ports import Tx

SYNCED, NOT_SYNCED = 1, 2
"""``SyncOtherMachine``: the sender's own sessions and history get the message too, or neither does."""


class Draft(msgspec.Struct, frozen=True):
    """A message that is complete but for its number; ``sync`` is SyncOtherMachine, ``marks`` go beside its own.

    ``repeats`` is for how many seconds the same MsgSeq and MsgRandom are the same message, beyond its own second. One
    that is ``reported`` is told to the app's server.
    """

    message: C2CMessage
    sync: int | None = None
    marks: Mark = Mark(0)
    repeats: int = 0
    reported: bool = False

    @property
    def holders(self) -> list[str]:
        """Return those who have a copy of it."""
        sender, peer = self.message.From_Account, self.message.To_Account
        return list(dict.fromkeys([peer] if self.sync == NOT_SYNCED else [peer, sender]))

    @property
    def listeners(self) -> list[str]:
        """Return those of them whose sessions are told."""
        silent = (Mark.PEER_NOT_TOLD, self.message.To_Account), (Mark.SENDER_NOT_TOLD, self.message.From_Account)
        return [user for user in self.holders if user not in {user for mark, user in silent if self.flags & mark}]

    @property
    def flags(self) -> Mark:
        """Return the bits of the message's row. Who writes to himself is told as the receiver."""
        told = self.sync == SYNCED or self.message.From_Account == self.message.To_Account
        untold = Mark(0) if told else Mark.SENDER_NOT_TOLD
        return marks_of(self.message) | self.marks | untold


# All that it asks for is in one index: by the table's key SQLite would read all that was written in these minutes.
SELECT_SAME: LiteralString = (
    "SELECT msg_seq, at FROM c2c_messages WHERE low = :low AND high = :high AND random = :random AND at >= :since"
    " AND (at = :at AND from_low = :from_low OR at = :at AND msg_seq = :msg_seq"
    " OR from_low = :from_low AND msg_seq = :msg_seq) ORDER BY at LIMIT 1"
)
INSERT_MESSAGE: LiteralString = (
    "INSERT INTO c2c_messages (low, high, at, msg_seq, random, num, from_low, state, hidden, flags, quiet, body)"
    " VALUES (:low, :high, :at, :msg_seq, :random, :num, :from_low, 0, :hidden, :flags, :quiet, :body)"
)


def send(tx: Tx, drafts: Iterable[Draft], *, exactly: bool = False) -> list[Key]:
    """Store messages and tell those whom they are for; return their keys, of one sent before that one's.

    ``exactly`` says that they are known to be new, MsgRandom or not.
    """
    keys: list[Key] = []
    rows: list[dict[str, Any]] = []
    contacts: list[dict[str, Any]] = []
    newest: dict[str, int] = {}
    events: list[C2CSent] = []
    for given in drafts:
        draft = _as_wanted(tx, given)
        message = draft.message
        if not exactly and (first := _sent_before(tx, message, draft.repeats)) is not None:
            keys.append(first)
            continue
        keys.append(Key(message.MsgSeq, message.MsgRandom, message.MsgTime))
        if message.OnlineOnlyFlag:
            _tell_those_online(tx, draft)
            continue
        event = _numbered(tx, draft, newest)
        rows.append(_row(draft, event))
        contacts += touched(event, event.flags, event.holders)
        events.append(event)
    tx.many(INSERT_MESSAGE, rows)
    tx.many(TOUCH_CONTACT, contacts)
    for event in events:  # once they are stored: whoever is told of one is told how many are unread
        tx.emit(event)
    return keys


SELECT_FLAG = "SELECT msg_flag FROM contacts WHERE user_id = :user AND sort = 1 AND peer = :peer"


def _as_wanted(tx: Tx, draft: Draft) -> Draft:
    """Return a message as its receiver wants messages of this sender: he is not told of one that he discards."""
    sender, peer = draft.message.From_Account, draft.message.To_Account
    row = tx.one(SELECT_FLAG, user=peer, peer=sender) if sender != peer else None
    if row is None or row[0] != DISCARD:
        return draft
    return msgspec.structs.replace(draft, marks=draft.marks | Mark.PEER_NOT_TOLD)


def _sent_before(tx: Tx, message: C2CMessage, repeats: int) -> Key | None:
    """Return the key of the same message sent before, or None.

    In its second MsgRandom says that it is the same; after it, for a client that got no answer, with MsgSeq.
    """
    sender, peer, at = message.From_Account, message.To_Account, message.MsgTime
    if message.OnlineOnlyFlag:
        known: Key | None = tx.recall(_memory(message))
        return known if known is not None and known.at == at else None
    both = pair(sender, peer)
    row = tx.one(
        SELECT_SAME, **both, at=at, since=at - repeats, random=message.MsgRandom, from_low=int(sender == both["low"]),
        msg_seq=message.MsgSeq,
    )  # fmt: skip
    return None if row is None else Key(row[0], message.MsgRandom, row[1])


def _memory(message: C2CMessage) -> str:
    return f"c2c:{message.From_Account}:{message.To_Account}:{message.MsgRandom}"


def _named(message: C2CMessage) -> dict[str, Any]:
    return {"sender": message.From_Account, "peer": message.To_Account, "at": message.MsgTime,
            "msg_seq": message.MsgSeq, "random": message.MsgRandom}  # fmt: skip


def _tell_those_online(tx: Tx, draft: Draft) -> None:
    """Push a message that nobody keeps."""
    message = draft.message
    tx.remember(_memory(message), Key(message.MsgSeq, message.MsgRandom, message.MsgTime))
    event = C2CSent(
        **_named(message),
        message=msgspec.Raw(encode_message(message)),
        told=dict.fromkeys(draft.listeners, 0),
        reported=draft.reported,
    )
    tx.emit(event, keep=False)


def _numbered(tx: Tx, draft: Draft, newest: dict[str, int]) -> C2CSent:
    """Return what happens by a message that takes the next number; ``newest`` are users' numbers in this command."""
    num = tx.count(LAST, 1)
    message = msgspec.structs.replace(draft.message, Num=num)
    told = {user: newest[user] if user in newest else newest_num(tx, user) for user in draft.listeners}
    newest.update(dict.fromkeys(draft.holders, num))
    flags = draft.flags
    return C2CSent(
        **_named(message), num=num, message=msgspec.Raw(encode_message(message)), flags=int(flags), told=told,
        quiet=bool(flags & (Mark.NO_UNREAD | Mark.IMPORTED)), holders=draft.holders, reported=draft.reported,
    )  # fmt: skip


def _row(draft: Draft, event: C2CSent) -> dict[str, Any]:
    both = pair(event.sender, event.peer)
    hidden = 0 if event.sender in event.holders else side(event.sender, both["low"])
    return {
        **both, "at": event.at, "msg_seq": event.msg_seq, "random": event.random, "num": event.num,
        "from_low": int(event.sender == both["low"]), "hidden": hidden, "flags": event.flags,
        "quiet": int(event.quiet), "body": bytes(event.message).decode(),
    }  # fmt: skip
