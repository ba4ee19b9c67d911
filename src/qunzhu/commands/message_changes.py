"""Stored messages taken back (doc 1047/34965)."""

from typing import Annotated, LiteralString

import msgspec

from qunzhu.commands._history import Reader, StoredRow, find_visible, reader_of
from qunzhu.commands._shared import masks_of, role_of
from qunzhu.commands._streams import Stream, find_stream
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.history import HISTORY_REFUSALS, SeqNumber
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import MessagesRecalled
from qunzhu.core.limits import items, text
from qunzhu.core.messages import RECALLED, GroupMessage, Recall, encode_message
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action, acting, may, outranks

SERVICE = "group_open_http_svc"


class GivenSeq(msgspec.Struct, frozen=True, kw_only=True):
    """One message, by its seq."""

    MsgSeq: SeqNumber


class RecallRet(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message: 0, or an error code."""

    MsgSeq: int
    RetCode: int


class RecallRets(Reply, frozen=True, kw_only=True):
    """What became of each message."""

    RecallRetList: list[RecallRet]


class GroupMsgRecall(Request[RecallRets], frozen=True, kw_only=True):
    """Which messages to take back, and why."""

    GroupId: GroupIdText
    MsgSeqList: Annotated[list[GivenSeq], items(10, least=1, error=err.BAD_PARAMETER)]
    TopicId: TopicIdText | None = None
    Reason: Annotated[str, text(100, lines=True)] | None = None


@command(SERVICE, writes=True, doc="1047/34965",
         errors=(*HISTORY_REFUSALS, err.RECALL_UNKNOWN, err.RECALL_TOO_LATE, err.RECALL_KIND_OF_MESSAGE,
                 err.RECALL_KIND_OF_GROUP))  # fmt: skip
def group_msg_recall(tx: Tx, who: Who, req: GroupMsgRecall) -> RecallRets:
    """Take messages back: their places stay, with who did it and why.

    A user takes back his own messages for two minutes (setting `recall_seconds`), owner and administrators of the
    group those of lower members too, of any age, an app administrator all. What cannot be taken back has its code in
    its item: 10030 there is no such message, 10031 too late, 10032 a notice, 10007 somebody else's. One that was taken
    back before is done already (0).
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    if not stream.group.kind.stores_messages:
        raise Refused(err.RECALL_KIND_OF_GROUP, f"GroupId: {req.GroupId!r} is a {stream.group.kind_name} group")
    recaller = _Recaller(tx, who, stream)
    found = {item.MsgSeq: recaller.look(item.MsgSeq) for item in req.MsgSeqList}
    recall = Recall(who.user, who.now, req.Reason or "")
    rows = [row for row in found.values() if isinstance(row, StoredRow) and row.state != RECALLED]
    if rows:
        tx.many(SET_RECALLED, [
            {"num": stream.group.num, "topic": stream.topic_num, "seq": row.seq, "body": _without_content(row, recall)}
            for row in rows
        ])  # fmt: skip
        tx.emit(MessagesRecalled(
            group_id=stream.group.group_id, kind=stream.group.kind_name, operator=who.user, at=who.now,
            seqs=[row.seq for row in rows], topic_id=stream.topic_id, reason=req.Reason or "",
        ))  # fmt: skip
    return RecallRets(RecallRetList=[
        RecallRet(MsgSeq=seq, RetCode=row.code if isinstance(row, ErrorRow) else 0) for seq, row in found.items()
    ])  # fmt: skip


SET_RECALLED: LiteralString = (
    "UPDATE messages SET state = 2, body = :body WHERE group_num = :num AND topic_num = :topic AND seq = :seq"
)


class _Recaller:
    """Somebody who takes back messages of a stream."""

    def __init__(self, tx: Tx, who: Who, stream: Stream) -> None:
        self._tx, self._who, self._stream = tx, who, stream
        self._reader: Reader = reader_of(tx, who, stream)
        role, kind = self._reader.role, stream.group.kind
        masks = masks_of(tx, stream.group, who.user, role, stream.topic_num)
        self._acts_as = acting(Action.RECALL_OTHERS, role, masks)
        self._may_others = may(Action.RECALL_OTHERS, kind, role, app_admin=who.admin, masks=masks)

    def look(self, seq: int) -> StoredRow | ErrorRow:
        """Return the message at a seq where it may be taken back, else the code that says why not."""
        row = find_visible(self._tx, self._stream, self._reader, seq)
        if row is None:
            return err.RECALL_UNKNOWN
        if row.is_notice:
            return err.RECALL_KIND_OF_MESSAGE
        if row.sender != self._who.user:
            return row if self._may_take(row.sender) else err.NO_RIGHT
        late = self._who.now - row.at > self._who.app.settings.recall_seconds
        return err.RECALL_TOO_LATE if late and not self._may_others else row

    def _may_take(self, sender: str) -> bool:
        if self._who.admin or not self._may_others:
            return self._may_others
        return outranks(self._acts_as, role_of(self._tx, self._stream.group, sender))


def _without_content(row: StoredRow, recall: Recall) -> str:
    """Return what is left of a message that was taken back: its place, sender and time, but nothing that it said."""
    return encode_message(without_content(row.message(), recall)).decode()


def without_content(message: GroupMessage, recall: Recall) -> GroupMessage:
    """Return a message without all that it said."""
    return msgspec.structs.replace(
        message, MsgBody=[], CloudCustomData="", OfflinePushInfo=None, GroupAtInfo=(), Recalled=recall
    )
