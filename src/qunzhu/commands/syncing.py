"""Catching up after an absence: what a returning client missed of its user's groups and topics."""

from collections.abc import Mapping
from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import newest_num
from qunzhu.commands._history import hidden, is_for
from qunzhu.commands._missed_c2c import missed_c2c
from qunzhu.commands._shared import READ_SEQ, GroupRow, MemberRow, TopicRow, masks_of
from qunzhu.commands._streams import Stream, first_kept, first_visible
from qunzhu.commands.sessions import DISCARD
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import decode_event
from qunzhu.core.ids import is_group_id
from qunzhu.core.limits import number
from qunzhu.core.messages import DELETED
from qunzhu.core.notices import tip
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Role

PAGE = 100
"""Notices and messages of one stream that one catching-up returns."""
MAX_BYTES = 512 * 1024
"""So many bytes of them all; a stream whose turn comes after it waits for the next call."""
Seqs = dict[str, Annotated[int, number(0, 2**53)]]


class Missed(Reply, frozen=True, kw_only=True):
    """What changed in a user's absence."""

    ServerTime: int
    Groups: dict[str, int]
    """All groups of the user, with the seq of the newest stored notice or message."""
    Tips: list[Any]
    """Stored tips after the given seqs, group by group, in order."""
    Messages: list[Any]
    """Messages after the given seqs, stream by stream, in order."""
    Gone: list[dict[str, Any]]
    """Groups the client knew and the user is no longer in: ``GroupId`` and ``Reason`` (Dissolved or Left)."""
    More: list[str]
    """Groups and topics of which there is more: call again with what ``Upto`` says."""
    Upto: dict[str, int]
    """Of those in ``More``: the seq up to which this answer goes."""
    Since: dict[str, int] | UnsetType = UNSET
    """Of groups that the request does not name, where it names any: the seq before the first after the user joined."""
    Topics: dict[str, int] | UnsetType = UNSET
    """All topics of the user's communities, with their newest seq; only where ``Topics`` was asked for."""
    C2C: int = 0
    """Number of the user's newest one-to-one message."""
    C2CMessages: list[Any] | UnsetType = UNSET
    """One-to-one messages after the given number, in order; only where ``C2C`` was asked for."""
    MoreC2C: int | UnsetType = UNSET
    """1: there are more of them, call again with the newest number received."""


class Sync(Request[Missed], frozen=True, kw_only=True):
    """The groups and topics a client knows, each with the newest seq it has seen (0: none)."""

    Groups: Seqs | None = None
    Topics: Seqs | None = None
    C2C: Annotated[int, number(0, 2**53)] | None = None


SELECT_GROUPS = (
    "SELECT m.user_id, m.role, m.joined_at, " + READ_SEQ + ", m.msg_flag, m.name_card, 0, m.last_msg_at,"  # noqa: S608 - a part of it
    " m.custom, m.from_seq, m.cleared_seq, g.* FROM members m JOIN groups g ON g.num = m.group_num"
    " WHERE m.user_id = :user AND (g.active = 1 OR m.role = 400) ORDER BY g.num"
)
MEMBER_COLUMNS = len(MemberRow.__struct_fields__)
SELECT_TOPICS = "SELECT * FROM topics WHERE group_num = :num ORDER BY num"
SELECT_MISSED: LiteralString = (
    "SELECT seq, sender, state, flags, body FROM messages WHERE group_num = :num AND topic_num = :topic"
    " AND seq > :seen ORDER BY seq LIMIT :limit"
)


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def sync(tx: Tx, who: Who, req: Sync) -> Missed:
    """Tell a returning client what it missed: new groups, stored tips and messages by seq, and groups that are gone."""
    known, known_topics = req.Groups or {}, req.Topics or {}
    for name, given in (("Groups", known), ("Topics", known_topics)):
        if len(given) > 10000:
            raise Refused(err.BAD_PARAMETER, f"{name}: {len(given)} items, at most 10000 are allowed")
    only_c2c = req.C2C is not None and req.Groups is None and req.Topics is None
    joined = [
        (MemberRow(*row[:MEMBER_COLUMNS]), Stream(GroupRow(*row[MEMBER_COLUMNS:])))
        for row in (() if only_c2c else tx.all(SELECT_GROUPS, user=who.user))
    ]
    missed = _Missed(tx, who)
    for member, stream in joined:
        missed.take(member, stream, known)
    topics: dict[str, int] = {}
    for member, stream in joined if req.Topics is not None else ():
        for topic in _topics(tx, who, stream.group):
            topics[topic.name] = topic.next_seq - 1
            missed.take(member, topic, known_topics)
    present = {stream.name for _, stream in joined}
    c2c, all_told = (UNSET, True) if req.C2C is None else missed_c2c(tx, who, req.C2C, missed.room)
    return Missed(
        ServerTime=who.now,
        Groups={stream.name: stream.next_seq - 1 for _, stream in joined},
        Tips=missed.tips,
        Messages=missed.messages,
        Gone=[_gone(tx, group_id) for group_id in known if group_id not in present],
        More=list(missed.upto),
        Upto=missed.upto,
        Since=UNSET if req.Groups is None else {
            stream.name: max(0, member.from_seq - 1) for member, stream in joined if stream.name not in known
        },
        Topics=UNSET if req.Topics is None else topics,
        C2C=newest_num(tx, who.user),
        C2CMessages=c2c,
        MoreC2C=UNSET if req.C2C is None else int(not all_told),
    )  # fmt: skip


def _topics(tx: Tx, who: Who, group: GroupRow) -> list[Stream]:
    if not group.support_topic or not who.app.communities_on:
        return []
    return [Stream(group, TopicRow(*row)) for row in tx.all(SELECT_TOPICS, num=group.num)]


class _Missed:
    """Collects what a user missed, until there is as much as one answer may hold."""

    def __init__(self, tx: Tx, who: Who) -> None:
        self._tx, self._who = tx, who
        self._bytes = 0
        self.tips: list[dict[str, Any]] = []
        self.messages: list[msgspec.Raw] = []
        self.upto: dict[str, int] = {}

    @property
    def room(self) -> int:
        """Return how many bytes the answer still may have."""
        return max(0, MAX_BYTES - self._bytes)

    def take(self, member: MemberRow, stream: Stream, known: Mapping[str, int]) -> None:
        """Take what came after the seq that the client knows; nothing of a stream that it does not know."""
        seen = known.get(stream.name)
        if seen is None or seen >= stream.next_seq - 1:
            return
        seen = max(seen, first_kept(self._tx, self._who, stream) - 1)
        if self._bytes >= MAX_BYTES:
            self.upto[stream.name] = seen
            return
        tx, group = self._tx, stream.group
        masks = masks_of(tx, group, member.user_id, Role(member.role), stream.topic_num)
        first = first_visible(tx, self._who, stream, member, masks)
        rows = tx.all(SELECT_MISSED, num=group.num, topic=stream.topic_num, seen=seen, limit=PAGE + 1)
        gone = hidden(tx, stream, member.user_id, [row[0] for row in rows])
        for place, (seq, sender, state, flags, body) in enumerate(rows):
            if place == PAGE or (self._bytes >= MAX_BYTES and place):
                self.upto[stream.name] = rows[place - 1][0]
                return
            if seq in gone:
                continue
            if not sender:
                self._tip(body)
            elif seq >= first and state != DELETED and member.msg_flag != DISCARD:
                self._message(member.user_id, flags, body)

    def _tip(self, body: str) -> None:
        if (told := tip(decode_event(body))) is not None:
            self.tips.append(told)
            self._bytes += len(body)

    def _message(self, user: str, flags: int, body: str) -> None:
        if is_for(user, flags, body):
            self.messages.append(msgspec.Raw(body.encode()))
            self._bytes += len(body)


def _gone(tx: Tx, group_id: str) -> dict[str, Any]:
    if not is_group_id(group_id):
        return {"GroupId": group_id, "Reason": "Left"}
    row = tx.one("SELECT kind_name, name, operator, at FROM dissolved WHERE group_id = :group_id", group_id=group_id)
    alive = tx.one("SELECT 1 FROM groups WHERE group_id = :group_id", group_id=group_id)
    if row is None or alive is not None:
        return {"GroupId": group_id, "Reason": "Left"}
    kind, name, operator, at = row
    return {
        "GroupId": group_id, "Reason": "Dissolved", "GroupType": kind, "GroupName": name, "Operator_Account": operator,
        "Time": at,
    }  # fmt: skip
