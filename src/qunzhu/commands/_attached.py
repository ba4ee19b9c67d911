"""What hangs on one message: extensions, reactions, pins. Which message is meant, who may see it, and forgetting all.

All of it is kept under the message's ``owner``, a text made of its place: ``g:<group>:<topic>:<seq>`` with row numbers,
or ``c:<num>`` of a message from one user to another.
"""

from typing import Annotated, LiteralString

import msgspec

from qunzhu.commands._c2c import MSG_KEY, C2CRow, Key, find_message, kept_since
from qunzhu.commands._history import Reader, find_visible
from qunzhu.commands._streams import Stream
from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import number, text
from qunzhu.core.messages import THERE, Mark, decode_group_message
from qunzhu.core.ports import Tx, Who

MsgKeyText = Annotated[str, text(50, min_bytes=1)]
Seq = Annotated[int, number(1, 2**53)]


class Attached(msgspec.Struct, frozen=True):
    """A stored message that the caller may see: of a stream (``stream`` and ``seq``), or of two users (``row``)."""

    owner: str
    flags: int
    sender: str
    body: str
    stream: Stream | None = None
    seq: int = 0
    row: C2CRow | None = None

    @property
    def users(self) -> list[str]:
        """Return those who alone see a message to a group, none where all do."""
        if not self.flags & Mark.TARGETED:
            return []
        return list(dict.fromkeys([self.sender, *decode_group_message(self.body).To_Account]))


def group_owner(group_num: int, topic_num: int, seq: int) -> str:
    """Return the key of what hangs on a message of a stream."""
    return f"g:{group_num}:{topic_num}:{seq}"


def c2c_owner(num: int) -> str:
    """Return the key of what hangs on a message from one user to another."""
    return f"c:{num}"


def message_at(tx: Tx, stream: Stream, reader: Reader, seq: int, error: ErrorRow = err.EXTENSION_UNKNOWN) -> Attached:
    """Return the message at a place of a stream, or refuse (23004 unless said otherwise) one the reader sees not."""
    row = find_visible(tx, stream, reader, seq)
    if row is None or row.is_notice or row.state != THERE:
        raise Refused(error, f"MsgSeq: {seq} in {stream.name!r}")
    owner = group_owner(stream.group.num, stream.topic_num, seq)
    return Attached(owner=owner, flags=row.flags, sender=row.sender, body=row.body, stream=stream, seq=seq)


def between(tx: Tx, who: Who, one: str, other: str, msg_key: str) -> Attached:
    """Return a message between two users by its MsgKey, or refuse: 10004 what is no MsgKey, 23004 what is not there.

    A user sees only messages of his own that he has not deleted; an administrator of the app sees all.
    """
    parts = MSG_KEY.fullmatch(msg_key)
    if parts is None:
        raise Refused(err.BAD_PARAMETER, f"MsgKey: {msg_key!r} is not <MsgSeq>_<MsgRandom>_<MsgTime>")
    row = find_message(tx, one, other, Key(*map(int, parts.groups())))
    if row is None or row.state != THERE or not (who.admin or _holds(tx, who, row)):
        raise Refused(err.EXTENSION_UNKNOWN, f"MsgKey: {msg_key!r} between {one!r} and {other!r}")
    return Attached(owner=c2c_owner(row.num), flags=row.flags, sender=row.sender, body=row.body, row=row)


def _holds(tx: Tx, who: Who, row: C2CRow) -> bool:
    return who.user in row.holders and row.at >= kept_since(tx, who, who.user)


FORGET: tuple[LiteralString, ...] = (
    "DELETE FROM extensions WHERE owner = :owner",
    "DELETE FROM extension_versions WHERE owner = :owner",
    "DELETE FROM reactions WHERE owner = :owner",
)
UNPIN = "DELETE FROM pinned_messages WHERE group_num = :num AND topic_num = :topic AND seq = :seq"


def forget_attached(tx: Tx, *owners: str) -> None:
    """Drop all that hangs on messages that are no more, or were taken back."""
    for statement in FORGET:
        tx.many(statement, [{"owner": owner} for owner in owners])
    places = [map(int, owner.split(":")[1:]) for owner in owners if owner.startswith("g:")]
    tx.many(UNPIN, [{"num": num, "topic": topic, "seq": seq} for num, topic, seq in places])
