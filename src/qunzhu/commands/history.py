"""Reading stored messages: a page of a group's stream, or of a topic's (doc 1047/34971)."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._history import Reader, StoredRow, find_row, hidden, reader_of
from qunzhu.commands._streams import Stream, find_stream, seq_at
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.elements import Element
from qunzhu.core.limits import UINT32, Flag, items, number
from qunzhu.core.messages import PRIORITIES, RECALLED, Mention
from qunzhu.core.ports import GATEWAY, Tx, Who

SERVICE = "group_open_http_svc"
SIMPLE_PAGE = 20
SIMPLE_BYTES = 44 * 1024
"""So many bytes of messages one page may have; what is beyond them waits for the next."""
SYSTEM, TIP_ELEMENT = "@TIM#SYSTEM", "TIMGroupTipElem"
"""Sender and element of a stored notice, as the SDKs call them."""
STORED, GONE, TAKEN_BACK = range(3)
"""``IsPlaceMsg``: the message itself; it was deleted, has expired or is not for the caller; it was recalled."""
ALL_THERE, CUT, CUT_AND_EXPIRED = 1, 0, 2
"""``IsFinished``."""
BATCH = 100
SCANNED = 1000
"""Rows that one page looks at: where nearly all of them are not for the reader, it is shorter than asked for."""
SeqNumber = Annotated[int, number(1, UINT32)]
HISTORY_REFUSALS = (
    err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.COMMUNITY_OFF, err.TOPIC_UNKNOWN,
    err.TOPIC_ID_INVALID,
)  # fmt: skip


class RspMsg(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the stream. ``MsgPriority`` is 1 high, 2 normal, 3 low; of a placeholder only the seq counts."""

    From_Account: str
    IsPlaceMsg: int
    MsgBody: Sequence[Element]
    MsgPriority: int
    MsgRandom: int
    MsgSeq: int
    MsgTimeStamp: int
    IsSystemMsg: int | UnsetType = UNSET
    CloudCustomData: str | UnsetType = UNSET
    GroupAtInfo: Sequence[Mention] | UnsetType = UNSET
    To_Account: Sequence[str] | UnsetType = UNSET


class GroupMsgs(Reply, frozen=True, kw_only=True):
    """A page of messages, newest first."""

    GroupId: str
    IsFinished: int
    RspMsgList: list[RspMsg]
    TopicId: str | UnsetType = UNSET


class GroupMsgGetSimple(Request[GroupMsgs], frozen=True, kw_only=True):
    """How many messages to read, from which seq down."""

    GroupId: GroupIdText
    ReqMsgNumber: Annotated[int, number(1, UINT32)]
    ReqMsgSeq: Annotated[int, number(0, UINT32)] | None = None
    WithRecalledMsg: Flag | None = None
    TopicId: TopicIdText | None = None


SELECT_OLDER: LiteralString = (
    "SELECT seq, at, sender, state, flags, body FROM messages WHERE group_num = :num AND topic_num = :topic"
    " AND seq BETWEEN :first AND :seq ORDER BY seq DESC LIMIT :limit"
)
SELECT_NEWER: LiteralString = (
    "SELECT seq, at, sender, state, flags, body FROM messages WHERE group_num = :num AND topic_num = :topic"
    " AND seq >= :seq ORDER BY seq LIMIT :limit"
)


@command(SERVICE, writes=False, doc="1047/34971", errors=HISTORY_REFUSALS)
def group_msg_get_simple(tx: Tx, who: Who, req: GroupMsgGetSimple) -> GroupMsgs:
    """Read stored messages of a group or topic from a seq down, at most 20 a call.

    Every seq is there: what was deleted, has expired or is not for the caller is a placeholder. Recalled messages are
    left out unless asked for. A stored notice is a system message whose element is the tip.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    reader = reader_of(tx, who, stream)
    wanted, size = min(req.ReqMsgNumber, SIMPLE_PAGE), 0
    taken: list[RspMsg] = []
    for place in _places(tx, stream, reader, req.ReqMsgSeq or UINT32):
        if place.IsPlaceMsg == TAKEN_BACK and not req.WithRecalledMsg:
            continue
        size += len(msgspec.json.encode(place.MsgBody))
        if len(taken) == wanted or (taken and size > SIMPLE_BYTES):
            break
        taken.append(place)
    cut = taken and taken[-1].MsgSeq > 1 and (len(taken) < wanted or len(taken) < req.ReqMsgNumber)
    expired = all(place.IsPlaceMsg == GONE for place in taken)
    return GroupMsgs(
        GroupId=req.GroupId, IsFinished=ALL_THERE if not cut else CUT_AND_EXPIRED if expired else CUT,
        RspMsgList=taken, TopicId=req.TopicId or UNSET,
    )  # fmt: skip


def _places(tx: Tx, stream: Stream, reader: Reader, seq: int) -> Iterator[RspMsg]:
    """Go down a stream place by place, with a placeholder for each row that is not there for the reader."""
    seq = min(seq, stream.next_seq - 1)
    while seq > 0:
        low = max(seq - SIMPLE_PAGE + 1, 1)
        rows = {row.seq: row for row in _select(tx, stream, SELECT_OLDER, seq, SIMPLE_PAGE, low)}
        gone = hidden(tx, stream, reader.user, rows)
        for place in range(seq, low - 1, -1):
            row = rows.get(place)
            yield _place(row) if row and place not in gone and reader.sees(row) else _placeholder(place)
        seq = low - 1


def _select(
    tx: Tx, stream: Stream, statement: LiteralString, seq: int, limit: int, first: int | None = None
) -> list[StoredRow]:
    bound = {} if first is None else {"first": first}
    rows = tx.all(statement, num=stream.group.num, topic=stream.topic_num, seq=seq, limit=limit, **bound)
    return [StoredRow(*row) for row in rows]


def _placeholder(seq: int) -> RspMsg:
    return RspMsg(
        From_Account="", IsPlaceMsg=GONE, MsgBody=[], MsgPriority=PRIORITIES.index("Normal") + 1, MsgRandom=0,
        MsgSeq=seq, MsgTimeStamp=0,
    )  # fmt: skip


def _place(row: StoredRow) -> RspMsg:
    if row.is_notice:
        tip = row.shown_tip()
        return RspMsg(
            From_Account=SYSTEM, IsPlaceMsg=STORED, MsgBody=[Element(TIP_ELEMENT, tip)] if tip else [],
            MsgPriority=PRIORITIES.index("Normal") + 1, MsgRandom=0, MsgSeq=row.seq, MsgTimeStamp=row.at, IsSystemMsg=1,
        )  # fmt: skip
    message = row.message()
    return RspMsg(
        From_Account=message.From_Account, IsPlaceMsg=TAKEN_BACK if row.state == RECALLED else STORED,
        MsgBody=message.MsgBody, MsgPriority=PRIORITIES.index(message.MsgPriority) + 1, MsgRandom=message.MsgRandom,
        MsgSeq=row.seq, MsgTimeStamp=row.at, CloudCustomData=message.CloudCustomData or UNSET,
        GroupAtInfo=message.GroupAtInfo or UNSET, To_Account=message.To_Account or UNSET,
    )  # fmt: skip


class PulledMessages(Reply, frozen=True, kw_only=True):
    """Messages and tips in walking order. ``NextSeq`` is where the next page begins, 0 at the end."""

    Items: list[Any]
    IsFinished: int
    NextSeq: int


class PullGroupMessages(Request[PulledMessages], frozen=True, kw_only=True):
    """Where in a stream to begin and which way to walk, or which seqs to read."""

    GroupId: GroupIdText
    TopicId: TopicIdText | None = None
    Seq: SeqNumber | None = None
    Limit: Annotated[int, number(1, BATCH)] | None = None
    Newer: Flag | None = None
    Time: Annotated[int, number(0, UINT32)] | None = None
    Seqs: Annotated[list[SeqNumber], items(BATCH, least=1, error=err.BAD_PARAMETER)] | None = None


@command("gateway", writes=False, doors=(GATEWAY,), errors=HISTORY_REFUSALS)
def pull_group_messages(tx: Tx, who: Who, req: PullGroupMessages) -> PulledMessages:
    """Read messages and tips of a group or topic, walking from a seq, a time or the newest one, or those of given seqs.

    Where the walk begins is part of it. Recalled messages have ``Recalled`` and no element; what the caller may not
    see, or deleted for himself, is left out. A page may have fewer items than asked for: ``NextSeq`` goes on.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    reader = reader_of(tx, who, stream)
    if req.Seqs is not None:
        found = [row for seq in dict.fromkeys(req.Seqs) if (row := find_row(tx, stream, seq)) is not None]
        return PulledMessages(Items=[item for _, item in _items(tx, stream, reader, found)], IsFinished=1, NextSeq=0)
    shown, next_seq = _walk(tx, stream, reader, _begin(tx, stream, req), req)
    return PulledMessages(Items=shown, IsFinished=int(next_seq == 0), NextSeq=next_seq)


def _begin(tx: Tx, stream: Stream, req: PullGroupMessages) -> int:
    """Return the seq at which a walk begins."""
    if req.Seq is not None:
        return min(req.Seq, stream.next_seq)
    if req.Time is not None:
        return seq_at(tx, stream, req.Time) if req.Newer else seq_at(tx, stream, req.Time + 1) - 1
    return 1 if req.Newer else stream.next_seq - 1


def _walk(tx: Tx, stream: Stream, reader: Reader, seq: int, req: PullGroupMessages) -> tuple[list[Any], int]:
    """Return a page of items, and the seq at which the next page begins (0: there is none)."""
    limit, step = req.Limit or SIMPLE_PAGE, 1 if req.Newer else -1
    taken: list[Any] = []
    for batch in (limit, *[BATCH] * (SCANNED // BATCH)):
        if req.Newer:
            rows = _select(tx, stream, SELECT_NEWER, max(seq, reader.first), batch)
        else:
            rows = _select(tx, stream, SELECT_OLDER, seq, batch, reader.first)
        for row, item in _items(tx, stream, reader, rows):
            taken.append(item)
            if len(taken) == limit:
                return taken, _more(stream, reader, row.seq + step)
        if len(rows) < batch:
            return taken, 0
        seq = rows[-1].seq + step
    return taken, _more(stream, reader, seq)


def _more(stream: Stream, reader: Reader, seq: int) -> int:
    return seq if reader.first <= seq < stream.next_seq else 0


def _items(tx: Tx, stream: Stream, reader: Reader, rows: Sequence[StoredRow]) -> Iterator[tuple[StoredRow, Any]]:
    """Give what a reader sees of some rows, each with its row."""
    gone = hidden(tx, stream, reader.user, [row.seq for row in rows])
    for row in rows:
        if row.seq in gone or not reader.sees(row):
            continue
        if not row.is_notice:
            yield row, msgspec.Raw(row.body.encode())
        elif (tip := row.shown_tip()) is not None:
            yield row, tip
