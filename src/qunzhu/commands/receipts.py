"""Who has read what: one's own read position."""

from typing import Annotated

from qunzhu.commands._history import Reader, reader_of
from qunzhu.commands._streams import Stream, find_stream, move_read, read_seq, unread
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.history import HISTORY_REFUSALS
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import ReadMoved
from qunzhu.core.limits import UINT32, number
from qunzhu.core.ports import GATEWAY, Tx, Who


class ReadUpTo(Reply, frozen=True, kw_only=True):
    """Up to where the caller has read now, and what is left."""

    MsgSeq: int
    UnreadMsgNum: int


class ReadGroupMessages(Request[ReadUpTo], frozen=True, kw_only=True):
    """Which group or topic was read, and up to which seq."""

    GroupId: GroupIdText
    TopicId: TopicIdText | None = None
    MsgSeq: Annotated[int, number(0, UINT32)] | None = None


@command("gateway", writes=True, doors=(GATEWAY,), errors=HISTORY_REFUSALS)
def read_group_messages(tx: Tx, who: Who, req: ReadGroupMessages) -> ReadUpTo:
    """Say that the caller has read a group or topic up to a seq, or all of it; never back."""
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    reader = reader_of(tx, who, stream)
    if reader.member is None:
        raise Refused(err.NO_RIGHT, f"{who.user!r} is no member of {stream.group.group_id!r}")
    newest = stream.next_seq - 1
    seq = newest if req.MsgSeq is None else min(req.MsgSeq, newest)
    moved = seq > read_seq(tx, stream, reader.member) and move_read(tx, stream, who.user, seq)
    upto = seq if moved else read_seq(tx, stream, reader.member)
    left = unread_of(tx, stream, reader, upto)
    if moved:
        tx.emit(ReadMoved(
            group_id=stream.group.group_id, kind=stream.group.kind_name, operator=who.user, at=who.now, upto=upto,
            topic_id=stream.topic_id, unread=left,
        ))  # fmt: skip
    return ReadUpTo(MsgSeq=upto, UnreadMsgNum=left)


def unread_of(tx: Tx, stream: Stream, reader: Reader, upto: int) -> int:
    """Return how many messages after a seq a reader has not read; kinds that do not count have none."""
    return unread(tx, stream, upto) if stream.group.kind.counts_unread else 0
