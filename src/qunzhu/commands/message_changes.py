"""Changes to stored messages: taken back, modified, deleted (docs 1047/34965, 47948, 34970)."""

from collections.abc import Sequence
from typing import Annotated, Any, LiteralString

import msgspec

from qunzhu.commands._attached import forget_attached, group_owner
from qunzhu.commands._c2c import BODY_ERRORS
from qunzhu.commands._history import Reader, StoredRow, find_visible, reader_of
from qunzhu.commands._shared import MemberRow, allowed, masks_of, role_of
from qunzhu.commands._streams import Stream, find_stream, read_seq
from qunzhu.commands._sweep import LEAVE_TO_SWEEP
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.history import HISTORY_REFUSALS, SeqNumber
from qunzhu.commands.messages import require_voice
from qunzhu.commands.muting import TopicIdText
from qunzhu.commands.receipts import GivenSeq, read_up_to
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.elements import ELEMENTS, IMPORTABLE, Element, check_body, check_size
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import HistoryCleared, MessageModified, MessagesDeleted, MessagesHidden, MessagesRecalled
from qunzhu.core.limits import UINT32, Account, items, number, text
from qunzhu.core.messages import RECALLED, GroupMessage, Mark, Recall, encode_message
from qunzhu.core.ports import GATEWAY, REST, Tx, Who
from qunzhu.core.rights import Action, acting, may, outranks

SERVICE = "group_open_http_svc"


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
        _forget(tx, stream, [row.seq for row in rows])
        tx.emit(MessagesRecalled(**_place(who, stream), seqs=[row.seq for row in rows], reason=req.Reason or ""))
    return RecallRets(RecallRetList=[
        RecallRet(MsgSeq=seq, RetCode=row.code if isinstance(row, ErrorRow) else 0) for seq, row in found.items()
    ])  # fmt: skip


def _forget(tx: Tx, stream: Stream, seqs: Sequence[int]) -> None:
    """Drop what hangs on messages that are no more."""
    forget_attached(tx, *[group_owner(stream.group.num, stream.topic_num, seq) for seq in seqs])


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


OPENIM = "openim"
MODIFIED_SEQ = number(1, UINT32, error=err.STATUS_BAD_JSON)
CloudText = Annotated[str, text(12288, binary=True, long=err.C2C_TOO_LONG)]


class ModifyGroupMsg(Request[Done], frozen=True, kw_only=True):
    """A message's new elements, its new custom data, or both; ``Version`` is the one that was read."""

    GroupId: GroupIdText
    MsgSeq: Annotated[int, MODIFIED_SEQ]
    MsgBody: list[Element] | None = None
    CloudCustomData: CloudText | None = None
    TopicId: TopicIdText | None = None
    Version: Annotated[int, number(0, UINT32, error=err.STATUS_BAD_JSON)] | None = None


SET_MODIFIED: LiteralString = (
    "UPDATE messages SET flags = :flags, body = :body WHERE group_num = :num AND topic_num = :topic AND seq = :seq"
)


@command(OPENIM, writes=True, doc="1047/47948", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
         field_errors=BODY_ERRORS,
         errors=(err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.SENDER_MUTED, err.COMMUNITY_OFF,
                 err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID, err.C2C_MESSAGE_UNKNOWN, err.C2C_RECALLED, err.C2C_CONFLICT,
                 err.BODY_MALFORMED, err.BODY_NOT_ARRAY, err.ELEMENT_INVALID, err.C2C_TOO_LONG))  # fmt: skip
def modify_group_msg(tx: Tx, who: Who, req: ModifyGroupMsg) -> Done:
    """Overwrite a stored message's elements, its custom data, or both, for good; the members are told.

    Every member who may talk modifies any message that he sees, with texts, faces, locations and custom elements; an
    app administrator with any element. With ``Version`` only where nobody else has modified it meanwhile (20027).
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    reader = reader_of(tx, who, stream, Action.MODIFY_MESSAGE)
    if not who.admin:
        allowed(tx, who, stream.group, Action.SEND, topic_num=stream.topic_num)
        require_voice(tx, who, stream, who.user)
    if req.MsgBody is None and req.CloudCustomData is None:
        raise Refused(err.STATUS_BAD_JSON, "MsgBody: this or CloudCustomData must be there")
    if req.MsgBody is not None:
        check_body(req.MsgBody, err.ELEMENT_INVALID, tuple(ELEMENTS) if who.admin else IMPORTABLE)
    row = find_visible(tx, stream, reader, req.MsgSeq)
    if row is None or row.is_notice:
        raise Refused(err.C2C_MESSAGE_UNKNOWN, f"MsgSeq: {req.MsgSeq}")
    if row.state == RECALLED:
        raise Refused(err.C2C_RECALLED, f"MsgSeq: {req.MsgSeq}")
    message = row.message()
    if req.Version is not None and req.Version != message.Version:
        raise Refused(err.C2C_CONFLICT, f"Version: {req.Version}, it is at {message.Version}")
    _modify(tx, who, stream, row, msgspec.structs.replace(
        message, Version=message.Version + 1, MsgBody=message.MsgBody if req.MsgBody is None else req.MsgBody,
        CloudCustomData=message.CloudCustomData if req.CloudCustomData is None else req.CloudCustomData,
    ))  # fmt: skip
    return Done()


def _modify(tx: Tx, who: Who, stream: Stream, row: StoredRow, message: GroupMessage) -> None:
    check_size(message.MsgBody, message.CloudCustomData, who.app.settings.message_bytes, err.C2C_TOO_LONG)
    body, flags = encode_message(message), row.flags | Mark.MODIFIED
    tx.run(
        SET_MODIFIED, num=stream.group.num, topic=stream.topic_num, seq=row.seq, flags=int(flags), body=body.decode()
    )
    tx.emit(MessageModified(
        **_place(who, stream), message=msgspec.Raw(body), msg_seq=row.seq, flags=int(flags),
        users=list(dict.fromkeys([message.From_Account, *message.To_Account])) if message.To_Account else [],
    ))  # fmt: skip


def _place(who: Who, stream: Stream) -> dict[str, Any]:
    return {
        "group_id": stream.group.group_id, "kind": stream.group.kind_name, "operator": who.user, "at": who.now,
        "topic_id": stream.topic_id,
    }  # fmt: skip


class DeleteGroupMsgBySender(Request[Done], frozen=True, kw_only=True):
    """Whose messages to delete."""

    GroupId: GroupIdText
    Sender_Account: Account
    TopicId: TopicIdText | None = None


LAST = 1000
DELETE_BY_SENDER: LiteralString = (
    "UPDATE messages SET state = 1, quiet = 1, body = '' WHERE group_num = :num AND topic_num = :topic AND seq > :seq"
    " AND sender = :sender AND state = 0 RETURNING seq"
)


@command(SERVICE, writes=True, doc="1047/34970", doors=(REST,), errors=HISTORY_REFUSALS)
def delete_group_msg_by_sender(tx: Tx, who: Who, req: DeleteGroupMsgBySender) -> Done:
    """Delete what one sender wrote among the last 1000 messages of a group or topic; nobody is told.

    Whoever reads the history later finds placeholders. In a live room there is nothing to delete.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    allowed(tx, who, stream.group, Action.PURGE, topic_num=stream.topic_num)
    rows = tx.all(
        DELETE_BY_SENDER, num=stream.group.num, topic=stream.topic_num, seq=stream.next_seq - 1 - LAST,
        sender=req.Sender_Account,
    )  # fmt: skip
    if rows:
        _forget(tx, stream, [seq for (seq,) in rows])
        tx.emit(MessagesDeleted(**_place(who, stream), seqs=sorted(seq for (seq,) in rows), told=False))
    return Done()


class ClearGroupMsg(Request[Done], frozen=True, kw_only=True):
    """Up to which seq to delete everything; absent: all there is."""

    GroupId: GroupIdText
    MsgSeq: SeqNumber | None = None
    TopicId: TopicIdText | None = None


CLEAR_GROUP = "UPDATE groups SET cleared_seq = :seq WHERE num = :num"
CLEAR_TOPIC = "UPDATE topics SET cleared_seq = :seq WHERE num = :num"


@command(SERVICE, writes=True, doc="client model", doors=(REST,),
         errors=(*HISTORY_REFUSALS, err.HISTORY_KIND_OF_GROUP))  # fmt: skip
def clear_group_msg(tx: Tx, who: Who, req: ClearGroupMsg) -> Done:
    """Delete the stored history of a group or topic, all of it or up to a seq; nobody is told.

    It is gone at once for everybody; the rows go a little at a time.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    allowed(tx, who, stream.group, Action.PURGE, topic_num=stream.topic_num)
    _require_history(stream)
    upto = min(req.MsgSeq or UINT32, stream.next_seq - 1)
    if upto > stream.cleared_seq:
        num = stream.topic.num if stream.topic else stream.group.num
        tx.run(CLEAR_TOPIC if stream.topic else CLEAR_GROUP, seq=upto, num=num)
        tx.run(LEAVE_TO_SWEEP, num=stream.group.num, topic=stream.topic_num)
        tx.emit(HistoryCleared(**_place(who, stream), upto=upto, told=False))
    return Done()


def _require_history(stream: Stream) -> None:
    if not stream.group.kind.stores_messages:
        name = stream.group.group_id
        raise Refused(err.HISTORY_KIND_OF_GROUP, f"GroupId: {name!r} is a {stream.group.kind_name} group")


HIDDEN_AT_ONCE = 100


class HideGroupMessages(Request[Done], frozen=True, kw_only=True):
    """Which messages to delete for oneself: some, or all up to a seq."""

    GroupId: GroupIdText
    TopicId: TopicIdText | None = None
    MsgSeqList: Annotated[list[SeqNumber], items(HIDDEN_AT_ONCE, least=1, error=err.DELETION_TOO_LARGE)] | None = None
    Upto: SeqNumber | None = None


@command("gateway", writes=True, doors=(GATEWAY,),
         errors=(*HISTORY_REFUSALS, err.HISTORY_KIND_OF_GROUP, err.DELETION_TOO_LARGE,
                 err.DELETION_UNKNOWN))  # fmt: skip
def hide_group_messages(tx: Tx, who: Who, req: HideGroupMessages) -> Done:
    """Delete messages of a group or topic for oneself, some of them or all up to a seq; the others keep theirs.

    Those up to a seq count as read.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    _require_history(stream)
    reader = reader_of(tx, who, stream)
    if reader.member is None:
        raise Refused(err.NO_RIGHT, f"{who.user!r} is no member of {req.GroupId!r}")
    if (req.MsgSeqList is None) is (req.Upto is None):
        raise Refused(err.BAD_PARAMETER, "MsgSeqList: this or Upto must be there, not both")
    if req.Upto is not None:
        _hide_upto(tx, who, stream, reader.member, min(req.Upto, stream.next_seq - 1))
        return Done()
    seqs = [seq for seq in dict.fromkeys(req.MsgSeqList or ()) if find_visible(tx, stream, reader, seq)]
    if not seqs:
        raise Refused(err.DELETION_UNKNOWN, f"MsgSeqList: none of them is a message in {stream.name!r}")
    where = {"num": stream.group.num, "topic": stream.topic_num, "user": who.user}
    tx.many(HIDE, [{**where, "seq": seq} for seq in seqs])
    tx.emit(MessagesHidden(**_place(who, stream), seqs=seqs, told=False))
    return Done()


HIDE = (
    "INSERT INTO hidden_messages (user_id, group_num, topic_num, seq) VALUES (:user, :num, :topic, :seq)"
    " ON CONFLICT (user_id, group_num, topic_num, seq) DO NOTHING"
)
UNHIDE_OLDER = (
    "DELETE FROM hidden_messages WHERE user_id = :user AND group_num = :num AND topic_num = :topic AND seq <= :seq"
)
CLEAR_OWN = (
    "UPDATE members SET cleared_seq = :seq WHERE group_num = :num AND user_id = :user AND cleared_seq < :seq"
    " RETURNING 1"
)
CLEAR_OWN_TOPIC = (
    "INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag, cleared_seq)"
    " VALUES (:topic, :user, :read, -1, :seq) ON CONFLICT (topic_num, user_id)"
    " DO UPDATE SET cleared_seq = :seq WHERE topic_members.cleared_seq < :seq RETURNING 1"
)


def _hide_upto(tx: Tx, who: Who, stream: Stream, member: MemberRow, seq: int) -> None:
    """Let a member see nothing up to a seq: one number instead of a row a message."""
    read = read_seq(tx, stream, member)
    if stream.topic:
        cleared = tx.one(CLEAR_OWN_TOPIC, topic=stream.topic.num, user=who.user, seq=seq, read=read)
    else:
        cleared = tx.one(CLEAR_OWN, num=stream.group.num, user=who.user, seq=seq)
    if cleared is None:
        return
    tx.run(UNHIDE_OLDER, num=stream.group.num, topic=stream.topic_num, user=who.user, seq=seq)
    tx.emit(MessagesHidden(**_place(who, stream), upto=seq, read=read, told=False))
    read_up_to(tx, who, stream, member, seq)
