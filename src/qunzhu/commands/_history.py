"""What of a stream somebody may read: one stored row, and who sees it."""

from collections.abc import Collection
from typing import Any, LiteralString

import msgspec

from qunzhu.commands._shared import MemberRow, allowed, find_member, masks_of
from qunzhu.commands._streams import Stream, first_kept, first_visible
from qunzhu.core.events import decode_event
from qunzhu.core.messages import DELETED, GroupMessage, Mark, decode_group_message
from qunzhu.core.notices import tip
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Action, Role


class StoredRow(msgspec.Struct, frozen=True):
    """A message, or a notice (no sender), as it is stored; in the order of the columns that are read."""

    seq: int
    at: int
    sender: str
    state: int
    flags: int
    body: str

    @property
    def is_notice(self) -> bool:
        """Say that it is the group's notice, not somebody's message."""
        return not self.sender

    def message(self) -> GroupMessage:
        """Return the message; a notice is none."""
        return decode_group_message(self.body)

    def shown_tip(self) -> dict[str, Any] | None:
        """Return the tip that a notice is to its readers, or None where there is nothing to say."""
        return tip(decode_event(self.body))


SELECT_ONE: LiteralString = (
    "SELECT seq, at, sender, state, flags, body FROM messages WHERE group_num = :num AND topic_num = :topic"
    " AND seq = :seq"
)
SELECT_HIDDEN = (
    "SELECT seq FROM hidden_messages WHERE user_id = :user AND group_num = :num AND topic_num = :topic"
    " AND seq BETWEEN :low AND :high"
)


class Reader(msgspec.Struct, frozen=True):
    """Somebody who reads a stream: an app administrator reads all, a member what is his to see."""

    user: str
    all: bool
    first: int
    """The first seq he may read; what is past keeping comes before it, whether it was removed yet or not."""
    role: Role
    member: MemberRow | None

    def sees(self, row: StoredRow) -> bool:
        """Say whether a row is there for him; what he deleted for himself is left to ``hidden``."""
        if row.seq < self.first or row.state == DELETED:
            return False
        return self.all or row.is_notice or is_for(self.user, row.flags, row.body)


def reader_of(tx: Tx, who: Who, stream: Stream, action: Action = Action.READ_HISTORY) -> Reader:
    """Return the caller as a reader of a stream, or refuse (10007) who may not read there."""
    group = stream.group
    role = allowed(tx, who, group, action, topic_num=stream.topic_num)
    member = find_member(tx, group, who.user)
    masks = masks_of(tx, group, who.user, role, stream.topic_num)
    first = max(first_visible(tx, who, stream, member, masks), first_kept(tx, who, stream))
    if not group.active and not who.admin and who.user != group.owner:
        first = stream.next_seq  # a group that sleeps has nothing to show but to its owner
    user = who.user if who.door == GATEWAY else ""
    return Reader(user=user, all=who.admin, first=first, role=role, member=member)


def find_row(tx: Tx, stream: Stream, seq: int) -> StoredRow | None:
    """Return what is stored at a seq, or None."""
    row = tx.one(SELECT_ONE, num=stream.group.num, topic=stream.topic_num, seq=seq)
    return StoredRow(*row) if row else None


def hidden(tx: Tx, stream: Stream, user: str, seqs: Collection[int]) -> set[int]:
    """Return those of some seqs that a user deleted for himself; nobody (an empty name) deleted any."""
    if not seqs or not user:
        return set()
    found = tx.all(
        SELECT_HIDDEN, user=user, num=stream.group.num, topic=stream.topic_num, low=min(seqs), high=max(seqs)
    )
    return {seq for (seq,) in found}


def is_for(user: str, flags: int, body: str) -> bool:
    """Say whether a stored message is for a member: one that names its receivers is for them and its sender."""
    if not flags & Mark.TARGETED:
        return True
    message = decode_group_message(body)
    return user == message.From_Account or user in message.To_Account


def find_visible(tx: Tx, stream: Stream, reader: Reader, seq: int) -> StoredRow | None:
    """Return what is stored at a seq where the reader sees it, or None."""
    row = find_row(tx, stream, seq)
    if row is None or not reader.sees(row) or hidden(tx, stream, reader.user, [seq]):
        return None
    return row
