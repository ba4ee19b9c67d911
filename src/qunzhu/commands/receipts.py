"""Who has read what: one's own read position, and receipts of messages (docs 269/77694, 1047/49438)."""

from collections.abc import Sequence
from typing import Annotated, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._history import Reader, StoredRow, find_visible, reader_of
from qunzhu.commands._shared import MemberRow, find_group, find_member
from qunzhu.commands._streams import Stream, find_stream, first_kept, move_read, read_seq, unread
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.history import HISTORY_REFUSALS, SERVICE, SeqNumber
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import ReadMoved, Receipt, ReceiptsGiven
from qunzhu.core.limits import UINT32, Account, Flag, items, number, text
from qunzhu.core.messages import RECALLED, Mark
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Action


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
    return read_up_to(tx, who, stream, reader.member, seq)


def read_up_to(tx: Tx, who: Who, stream: Stream, member: MemberRow, seq: int) -> ReadUpTo:
    """Move the caller's read position to a seq where that is further, tell his sessions, and return where it is."""
    before = read_seq(tx, stream, member)
    upto = seq if seq > before and move_read(tx, stream, who.user, seq) else before
    kept = first_kept(tx, who, stream) - 1
    left = unread(tx, stream, max(upto, kept)) if stream.group.kind.counts_unread else 0
    if upto > before:
        tx.emit(ReadMoved(
            group_id=stream.group.group_id, kind=stream.group.kind_name, operator=who.user, at=who.now, upto=upto,
            topic_id=stream.topic_id, unread=left,
        ))  # fmt: skip
    return ReadUpTo(MsgSeq=upto, UnreadMsgNum=left)


class GivenSeq(msgspec.Struct, frozen=True, kw_only=True):
    """One message, by its seq."""

    MsgSeq: SeqNumber


RECEIPT_REFUSALS = (
    err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.HIGHER_PLAN, err.NO_RECEIPT
)  # fmt: skip
GivenSeqs = Annotated[list[GivenSeq], items(50, least=1, error=err.BAD_PARAMETER)]


class GroupMsgReceipt(Request[Done], frozen=True, kw_only=True):
    """Who has read which messages; through the gateway always the caller."""

    GroupId: GroupIdText
    MsgSeqList: GivenSeqs
    From_Account: Account | None = None


@command(SERVICE, writes=True, doc="client model", errors=RECEIPT_REFUSALS)
def group_msg_receipt(tx: Tx, who: Who, req: GroupMsgReceipt) -> Done:
    """Say that a member has read messages whose senders wanted to know; they are told.

    Messages that asked for nothing and one's own are passed over; where no other is among them, it is 10062.
    """
    stream = Stream(find_group(tx, req.GroupId))
    reader = _reader_of_receipts(tx, who, stream)
    user = _who_read(who, req.From_Account)
    member = find_member(tx, stream.group, user)
    if member is None:
        raise Refused(err.BAD_PARAMETER, f"From_Account: {user!r} is no member of {req.GroupId!r}")
    found = [find_visible(tx, stream, reader, seq) for seq in dict.fromkeys(item.MsgSeq for item in req.MsgSeqList)]
    wanted = [row for row in found if row is not None and has_receipts(row) and reaches(row, member)]
    if not wanted:
        raise Refused(err.NO_RECEIPT, f"MsgSeqList: none of them asks {user!r} for a receipt")
    where = {"num": stream.group.num, "user": user}
    new = [row for row in wanted if tx.one(INSERT_RECEIPT, seq=row.seq, **where) is not None]
    if new:
        tx.emit(ReceiptsGiven(
            group_id=stream.group.group_id, kind=stream.group.kind_name, operator=user, at=who.now, told=False,
            receipts=[Receipt(row.seq, row.sender, *_counts(tx, stream, row)) for row in new],
        ))  # fmt: skip
    return Done()


def _reader_of_receipts(tx: Tx, who: Who, stream: Stream) -> Reader:
    """Return the caller as a reader, or refuse (10007) him, or (10059) the app's plan."""
    reader = reader_of(tx, who, stream, Action.READ_RECEIPTS)
    if not who.app.plan.special_messages:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no read receipts")
    return reader


def _who_read(who: Who, named: str | None) -> str:
    if named is None and who.door != GATEWAY:
        raise Refused(err.BAD_PARAMETER, "From_Account: required, but absent")
    if named not in {None, who.user} and not who.admin:
        raise Refused(err.NO_RIGHT, f"From_Account: {who.user!r} may not read for {named!r}")
    return named or who.user


def has_receipts(row: StoredRow) -> bool:
    """Say whether a message's sender wanted to know who reads it."""
    return bool(row.flags & Mark.RECEIPT) and row.state != RECALLED


def reaches(row: StoredRow, member: MemberRow) -> bool:
    """Say whether a message counts on a member as a reader: not his own, not for others only, not from before him."""
    if row.sender == member.user_id or row.seq < member.from_seq:
        return False
    return not row.flags & Mark.TARGETED or member.user_id in row.message().To_Account


INSERT_RECEIPT: LiteralString = (
    "INSERT INTO receipts (group_num, topic_num, seq, user_id) VALUES (:num, 0, :seq, :user)"
    " ON CONFLICT (group_num, topic_num, seq, user_id) DO NOTHING RETURNING 1"
)
COUNT_READERS: LiteralString = (
    "SELECT count(*) FROM receipts WHERE group_num = :num AND topic_num = 0 AND seq = :seq"
)  # fmt: skip
COUNT_OTHERS: LiteralString = (
    "SELECT count(*) FROM members m WHERE m.group_num = :num AND m.from_seq <= :seq AND m.user_id <> :sender"
    " AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.group_num = :num AND r.topic_num = 0 AND r.seq = :seq"
    " AND r.user_id = m.user_id)"
)


def _counts(tx: Tx, stream: Stream, row: StoredRow) -> tuple[int, int]:
    """Return how many have read a message, and how many have not of those who were there when it came."""
    readers = tx.one(COUNT_READERS, num=stream.group.num, seq=row.seq)
    if row.flags & Mark.TARGETED:
        return int(readers[0]) if readers else 0, len(_others(tx, stream, row))
    others = tx.one(COUNT_OTHERS, num=stream.group.num, seq=row.seq, sender=row.sender)
    return int(readers[0]) if readers else 0, int(others[0]) if others else 0


LIST_READERS: LiteralString = (
    "SELECT user_id FROM receipts WHERE group_num = :num AND topic_num = 0 AND seq = :seq AND user_id > :after"
    " ORDER BY user_id LIMIT :limit"
)
LIST_OTHERS: LiteralString = (
    "SELECT m.user_id FROM members m WHERE m.group_num = :num AND m.user_id > :after AND m.from_seq <= :seq"
    " AND m.user_id <> :sender AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.group_num = :num AND r.topic_num = 0"
    " AND r.seq = :seq AND r.user_id = m.user_id) ORDER BY m.user_id LIMIT :limit"
)
IS_READER: LiteralString = (
    "SELECT 1 FROM receipts WHERE group_num = :num AND topic_num = 0 AND seq = :seq AND user_id = :user"
)


def _others(tx: Tx, stream: Stream, row: StoredRow, after: str = "", limit: int = 201) -> list[str]:
    """Return those who have not read a message, in the order of their ids."""
    group = stream.group
    if not row.flags & Mark.TARGETED:
        rows = tx.all(LIST_OTHERS, num=group.num, seq=row.seq, sender=row.sender, after=after, limit=limit)
        return [user for (user,) in rows]
    targets = sorted(user for user in row.message().To_Account if user > after and user != row.sender)
    return [
        user for user in targets
        if find_member(tx, group, user) and tx.one(IS_READER, num=group.num, seq=row.seq, user=user) is None
    ][:limit]  # fmt: skip


class GroupMsgReceiptItem(msgspec.Struct, frozen=True, kw_only=True):
    """How many have read one message; ``Code`` 10062 where it has no receipts."""

    MsgSeq: int
    Code: int
    ReadNum: int = 0
    UnreadNum: int = 0


class GroupMsgReceipts(Reply, frozen=True, kw_only=True):
    """How many have read each message."""

    GroupMsgReceiptList: list[GroupMsgReceiptItem]


class GetGroupMsgReceipt(Request[GroupMsgReceipts], frozen=True, kw_only=True):
    """Of which messages to read the receipts."""

    GroupId: GroupIdText
    MsgSeqList: GivenSeqs


@command(SERVICE, writes=False, doc="269/77694",
         errors=tuple(row for row in RECEIPT_REFUSALS if row is not err.NO_RECEIPT))  # fmt: skip
def get_group_msg_receipt(tx: Tx, who: Who, req: GetGroupMsgReceipt) -> GroupMsgReceipts:
    """Tell how many have read each of up to 50 messages, and how many have not.

    Neither the sender counts nor who joined after the message. One without receipts is 10062 in its item.
    """
    stream = Stream(find_group(tx, req.GroupId))
    reader = _reader_of_receipts(tx, who, stream)
    return GroupMsgReceipts(
        GroupMsgReceiptList=[
            _receipt_item(tx, stream, seq, find_visible(tx, stream, reader, seq))
            for seq in dict.fromkeys(item.MsgSeq for item in req.MsgSeqList)
        ]
    )


def _receipt_item(tx: Tx, stream: Stream, seq: int, row: StoredRow | None) -> GroupMsgReceiptItem:
    if row is None or not has_receipts(row):
        return GroupMsgReceiptItem(MsgSeq=seq, Code=err.NO_RECEIPT.code)
    read, left = _counts(tx, stream, row)
    return GroupMsgReceiptItem(MsgSeq=seq, Code=0, ReadNum=read, UnreadNum=left)


class ReadAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Who has read it."""

    Read_Account: str


class UnreadAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Who has not read it."""

    Unread_Account: str


class ReceiptDetail(Reply, frozen=True, kw_only=True):
    """A page of those who have read a message, or who have not. Its end has two names: samples and table differ."""

    MsgSeq: int
    IsFinish: int
    IsFinished: int
    Cursor: str
    ReadList: list[ReadAccount] | UnsetType = UNSET
    UnreadList: list[UnreadAccount] | UnsetType = UNSET


class GetGroupMsgReceiptDetail(Request[ReceiptDetail], frozen=True, kw_only=True):
    """Of which message to list those who have read it (``Filter`` 0), or who have not (1)."""

    GroupId: GroupIdText
    MsgSeq: SeqNumber
    Filter: Flag
    Cursor: Annotated[str, text(32)]
    Count: Annotated[int, number(1, 200)]


@command(SERVICE, writes=False, doc="1047/49438", errors=RECEIPT_REFUSALS)
def get_group_msg_receipt_detail(tx: Tx, who: Who, req: GetGroupMsgReceiptDetail) -> ReceiptDetail:
    """List who has read a message, or who has not of those who were there when it came, in the order of their ids."""
    stream = Stream(find_group(tx, req.GroupId))
    row = find_visible(tx, stream, _reader_of_receipts(tx, who, stream), req.MsgSeq)
    if row is None or not has_receipts(row):
        raise Refused(err.NO_RECEIPT, f"MsgSeq: {req.MsgSeq}")
    users = _page(tx, stream, row, req)
    done = int(len(users) <= req.Count)
    page = users[: req.Count]
    return ReceiptDetail(
        MsgSeq=req.MsgSeq, IsFinish=done, IsFinished=done, Cursor="" if done else page[-1],
        ReadList=UNSET if req.Filter else [ReadAccount(Read_Account=user) for user in page],
        UnreadList=[UnreadAccount(Unread_Account=user) for user in page] if req.Filter else UNSET,
    )  # fmt: skip


def _page(tx: Tx, stream: Stream, row: StoredRow, req: GetGroupMsgReceiptDetail) -> Sequence[str]:
    """Return one more than a page of users."""
    if req.Filter:
        return _others(tx, stream, row, req.Cursor, req.Count + 1)
    rows = tx.all(LIST_READERS, num=stream.group.num, seq=row.seq, after=req.Cursor, limit=req.Count + 1)
    return [user for (user,) in rows]
