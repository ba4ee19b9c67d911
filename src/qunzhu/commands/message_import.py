"""Importing messages that were sent elsewhere, and how many of them a member has not read (docs 1047/34968, 34909)."""

from typing import Annotated, LiteralString

import msgspec

from qunzhu.commands._shared import allowed, find_group, find_member, registered
from qunzhu.commands._streams import Stream, find_stream, seq_leaving, take_seq, unread
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.history import HISTORY_REFUSALS
from qunzhu.commands.messages import INSERT_MESSAGE, SELECT_PROFILE
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.elements import IMPORTABLE, Element, check_body, check_size
from qunzhu.core.errors import Refused
from qunzhu.core.events import MessagesImported, ReadMoved
from qunzhu.core.kinds import COMMUNITY
from qunzhu.core.limits import UINT32, Account, Flag, items, number
from qunzhu.core.messages import GroupMessage, Mark, encode_message
from qunzhu.core.ports import REST, Tx, Who
from qunzhu.core.rights import Action

SERVICE = "group_open_http_svc"
IMPORTED = int(Mark.IMPORTED)


class ImportedMsg(msgspec.Struct, frozen=True, kw_only=True):
    """One message to import."""

    From_Account: Account
    SendTime: Annotated[int, number(0, UINT32)]
    MsgBody: list[Element]
    Random: Annotated[int, number(0, UINT32)] | None = None


class ImportMsgResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message: its place, or (``Result``) an error code."""

    MsgSeq: int
    MsgTime: int
    Result: int


class ImportMsgResults(Reply, frozen=True, kw_only=True):
    """What became of each message, in the order of the request."""

    ImportMsgResult: list[ImportMsgResult]


class ImportGroupMsg(Request[ImportMsgResults], frozen=True, kw_only=True):
    """Messages of one group or topic, in the order of their times."""

    GroupId: GroupIdText
    MsgList: Annotated[list[ImportedMsg], items(7, least=1, error=err.BAD_PARAMETER)]
    RecentContactFlag: Flag | None = None
    TopicId: TopicIdText | None = None


@command(SERVICE, writes=True, doc="1047/34968", doors=(REST,), errors=HISTORY_REFUSALS)
def import_group_msg(tx: Tx, who: Who, req: ImportGroupMsg) -> ImportMsgResults:
    """Put messages that were sent elsewhere at the end of a group's or topic's stream; nobody is told.

    A message's time must not be before the group's creation nor before the newest message, and not in the future. One
    that cannot be imported has its code: 10004 its time, sender or elements, 80002 too long. All members count as
    having read everything then.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    allowed(tx, who, stream.group, Action.IMPORT)
    if req.RecentContactFlag and stream.group.kind is COMMUNITY:
        raise Refused(err.BAD_PARAMETER, "RecentContactFlag: not for a Community")
    importer = _Importer(tx, who, stream)
    results = [importer.take(given) for given in req.MsgList]
    importer.finish()
    return ImportMsgResults(ImportMsgResult=results)


SELECT_SAME_TIME: LiteralString = (
    "SELECT seq, at FROM messages WHERE group_num = :num AND topic_num = :topic AND seq IN (SELECT seq FROM messages"
    " WHERE group_num = :num AND topic_num = :topic AND random = :random)"
    " AND sender = :sender AND at BETWEEN :since AND :until ORDER BY seq LIMIT 1"
)
READ_BY_ALL = "UPDATE groups SET imported_seq = :seq WHERE num = :num"
READ_BY_ALL_IN_TOPIC = "UPDATE topics SET imported_seq = :seq WHERE num = :num"


class _Importer:
    """Puts messages at the end of a stream."""

    def __init__(self, tx: Tx, who: Who, stream: Stream) -> None:
        self._tx, self._who, self._stream = tx, who, stream
        created = stream.topic.created_at if stream.topic else stream.group.created_at
        self._newest = max(stream.last_msg_at, created)
        self._bodies: list[bytes] = []
        self._seq = 0

    def take(self, given: ImportedMsg) -> ImportMsgResult:
        """Store a message, and return where; one that is there already is not stored again."""
        place = self._same(given)
        if place is None:
            try:
                self._check(given)
            except Refused as refused:
                return ImportMsgResult(MsgSeq=0, MsgTime=given.SendTime, Result=refused.row.code)
            place = self._store(given), given.SendTime
        return ImportMsgResult(MsgSeq=place[0], MsgTime=place[1], Result=0)

    def finish(self) -> None:
        """Let everybody have read it all: one number, whatever the number of members."""
        if not self._bodies:
            return
        stream, seq = self._stream, self._seq
        if stream.topic:
            self._tx.run(READ_BY_ALL_IN_TOPIC, num=stream.topic.num, seq=seq)
        else:
            self._tx.run(READ_BY_ALL, num=stream.group.num, seq=seq)
        self._tx.emit(MessagesImported(
            group_id=stream.group.group_id, kind=stream.group.kind_name, operator=self._who.user, at=self._who.now,
            told=False, messages=[msgspec.Raw(body) for body in self._bodies], flags=IMPORTED,
            topic_id=stream.topic_id,
        ))  # fmt: skip

    def _same(self, given: ImportedMsg) -> tuple[int, int] | None:
        """Return the place of the same message (sender and Random within five minutes), or None."""
        if given.Random is None:
            return None
        window = self._who.app.settings.duplicate_seconds
        row = self._tx.one(
            SELECT_SAME_TIME, num=self._stream.group.num, topic=self._stream.topic_num, random=given.Random,
            sender=given.From_Account, since=given.SendTime - window, until=given.SendTime + window,
        )  # fmt: skip
        return None if row is None else (row[0], row[1])

    def _check(self, given: ImportedMsg) -> None:
        if not self._newest <= given.SendTime <= self._who.now:
            raise Refused(err.BAD_PARAMETER, f"SendTime: {given.SendTime}")
        if not registered(self._tx, given.From_Account):
            raise Refused(err.BAD_PARAMETER, f"From_Account: {given.From_Account!r} is not registered")
        check_body(given.MsgBody, err.BAD_PARAMETER, IMPORTABLE)
        check_size(given.MsgBody, None, self._who.app.settings.message_bytes, err.MESSAGE_TOO_LONG)

    def _store(self, given: ImportedMsg) -> int:
        tx, group, sender = self._tx, self._stream.group, given.From_Account
        random = int.from_bytes(self._who.random(4), "big") if given.Random is None else given.Random
        nick, face_url = tx.one(SELECT_PROFILE, user=sender) or ("", "")
        self._seq, self._newest = take_seq(tx, self._stream, given.SendTime), given.SendTime
        body = encode_message(GroupMessage(
            GroupId=group.group_id, GroupType=group.kind_name, TopicId=self._stream.topic_id, From_Account=sender,
            MsgSeq=self._seq, MsgTime=given.SendTime, MsgRandom=random, MsgBody=given.MsgBody, Nick=nick,
            FaceUrl=face_url,
        ))  # fmt: skip
        tx.run(
            INSERT_MESSAGE, num=group.num, topic=self._stream.topic_num, seq=self._seq, at=given.SendTime,
            sender=sender, random=random, flags=IMPORTED, quiet=0, body=body.decode(),
        )  # fmt: skip
        self._bodies.append(body)
        return self._seq


class SetUnreadMsgNum(Request[Done], frozen=True, kw_only=True):
    """How many messages a member has not read."""

    GroupId: GroupIdText
    Member_Account: Account
    UnreadMsgNum: Annotated[int, number(0, UINT32)]


SET_READ = (
    "UPDATE members SET read_seq = :seq, imported_seq = :imported WHERE group_num = :num AND user_id = :user"
)  # fmt: skip


@command(SERVICE, writes=True, doc="1047/34909", doors=(REST,),
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID))  # fmt: skip
def set_unread_msg_num(tx: Tx, who: Who, req: SetUnreadMsgNum) -> Done:
    """Say how many messages a member has not read; more than there are count as all.

    Kinds that count none take it without effect.
    """
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.SET_UNREAD)
    if not group.kind.counts_unread:
        return Done()
    if find_member(tx, group, req.Member_Account) is None:
        raise Refused(err.BAD_PARAMETER, f"Member_Account: {req.Member_Account!r} is no member of {req.GroupId!r}")
    stream = Stream(group)
    seq = seq_leaving(tx, stream, req.UnreadMsgNum)
    tx.run(SET_READ, num=group.num, user=req.Member_Account, seq=seq, imported=group.imported_seq)
    tx.emit(ReadMoved(
        group_id=group.group_id, kind=group.kind_name, operator=req.Member_Account, at=who.now, upto=seq,
        unread=unread(tx, stream, seq),
    ))  # fmt: skip
    return Done()
