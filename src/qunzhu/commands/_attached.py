"""What hangs on one message: extensions, reactions, pins. Which message is meant, who may see it, and forgetting all.

All of it is kept under the message's ``owner``, a text made of its place: ``g:<group>:<topic>:<seq>`` with row numbers,
or ``c:<num>`` of a message from one user to another.
"""

import re
from typing import Annotated

import msgspec

from qunzhu.commands._shared import allowed, find_member, masks_of
from qunzhu.commands._streams import Stream, find_stream, first_visible
from qunzhu.commands.syncing import is_for
from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import number, text
from qunzhu.core.messages import THERE, Mark, decode_group_message
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import NO_MASKS, Action, Role

_MSG_KEY = re.compile(r"(\d{1,10})_(\d{1,10})_(\d{1,10})\Z", re.ASCII)
MsgKeyText = Annotated[str, text(50, min_bytes=1)]
Seq = Annotated[int, number(1, 2**53)]


class Attached(msgspec.Struct, frozen=True):
    """A stored message that the caller may see: in a stream, or (``stream`` None) from one user to another."""

    owner: str
    flags: int
    sender: str
    body: str
    stream: Stream | None = None
    seq: int = 0
    receiver: str = ""
    msg_key: str = ""
    num: int = 0

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


def visible_stream(tx: Tx, who: Who, action: Action, group_id: str, topic_id: str | None) -> tuple[Stream, int]:
    """Return a stream in which the caller may do ``action``, and its first seq that he sees."""
    stream = find_stream(tx, who, group_id, topic_id)
    role = allowed(tx, who, stream.group, action, topic_num=stream.topic_num)
    member = find_member(tx, stream.group, who.user) if role is not Role.OUTSIDER else None
    masks = masks_of(tx, stream.group, who.user, Role(member.role), stream.topic_num) if member else NO_MASKS
    return stream, first_visible(tx, who, stream, member, masks)


SELECT_MESSAGE = (
    "SELECT sender, state, flags, body FROM messages WHERE group_num = :num AND topic_num = :topic AND seq = :seq"
)


def message_at(
    tx: Tx, who: Who, stream: Stream, first: int, seq: int, error: ErrorRow = err.EXTENSION_UNKNOWN
) -> Attached:
    """Return the message at a place of a stream, or refuse (23004 unless said otherwise) what the caller sees not."""
    row = tx.one(SELECT_MESSAGE, num=stream.group.num, topic=stream.topic_num, seq=seq)
    sender, state, flags, body = row or ("", THERE, 0, "")
    if not sender or state != THERE or seq < first or not (who.admin or is_for(who.user, flags, body)):
        raise Refused(error, f"MsgSeq: {seq} in {stream.name!r}")
    owner = group_owner(stream.group.num, stream.topic_num, seq)
    return Attached(owner=owner, flags=flags, sender=sender, body=body, stream=stream, seq=seq)


SELECT_C2C = (
    "SELECT num, from_low, state, hidden, flags, body FROM c2c_messages WHERE low = :low AND high = :high AND at = :at"
    " AND msg_seq = :seq AND random = :random"
)


def between(tx: Tx, who: Who, one: str, other: str, msg_key: str) -> Attached:
    """Return a message between two users by its MsgKey, or refuse: 10004 what is no MsgKey, 23004 what is not there.

    A user sees only messages of his own that he has not deleted; an administrator of the app sees all.
    """
    parts = _MSG_KEY.match(msg_key)
    if parts is None:
        raise Refused(err.BAD_PARAMETER, f"MsgKey: {msg_key!r} is not <MsgSeq>_<MsgRandom>_<MsgTime>")
    low, high = sorted((one, other))
    row = tx.one(SELECT_C2C, low=low, high=high, seq=int(parts[1]), random=int(parts[2]), at=int(parts[3]))
    num, from_low, state, hidden, flags, body = row or (0, 0, THERE, 0, 0, "")
    mine = who.admin or (who.user in {low, high} and not hidden & (1 if who.user == low else 2))
    if not num or state != THERE or not mine:
        raise Refused(err.EXTENSION_UNKNOWN, f"MsgKey: {msg_key!r} between {low!r} and {high!r}")
    sender, receiver = (low, high) if from_low else (high, low)
    return Attached(
        owner=c2c_owner(num), flags=flags, sender=sender, body=body, receiver=receiver, msg_key=msg_key, num=num
    )


FORGET = (
    "DELETE FROM extensions WHERE owner = :owner",
    "DELETE FROM extension_versions WHERE owner = :owner",
    "DELETE FROM reactions WHERE owner = :owner",
)
UNPIN = "DELETE FROM pinned_messages WHERE group_num = :num AND topic_num = :topic AND seq = :seq"


def forget_attached(tx: Tx, owner: str) -> None:
    """Drop all that hangs on a message which is no more, or was taken back."""
    for statement in FORGET:
        tx.run(statement, owner=owner)
    if owner.startswith("g:"):
        group_num, topic_num, seq = map(int, owner.split(":")[1:])
        tx.run(UNPIN, num=group_num, topic=topic_num, seq=seq)
