"""Streams of messages: a group's own, and one of each topic. Reads and writes that several message commands need."""

from typing import LiteralString

import msgspec

from qunzhu.commands._shared import GroupRow, MemberRow, TopicRow, find_group, topic_of
from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import MESSAGE_BITS, TOPIC_MESSAGE_BITS, Masks

OLDER_HISTORY, TOPIC_OLDER_HISTORY = min(MESSAGE_BITS), min(TOPIC_MESSAGE_BITS)


class Stream(msgspec.Struct, frozen=True):
    """Where messages go: a group, or a topic of it."""

    group: GroupRow
    topic: TopicRow | None = None

    @property
    def topic_num(self) -> int:
        """Return the topic's row number, 0 for the group's own stream."""
        return self.topic.num if self.topic else 0

    @property
    def topic_id(self) -> str:
        """Return the topic's id, empty for the group's own stream."""
        return self.topic.topic_id if self.topic else ""

    @property
    def next_seq(self) -> int:
        """Return the seq that the next message takes."""
        return self.topic.next_seq if self.topic else self.group.next_seq

    @property
    def cleared_seq(self) -> int:
        """Return the seq up to which nothing is shown any more."""
        return self.topic.cleared_seq if self.topic else self.group.cleared_seq

    @property
    def last_msg_at(self) -> int:
        """Return when the last message came, unix seconds."""
        return self.topic.last_msg_at if self.topic else self.group.last_msg_at

    @property
    def name(self) -> str:
        """Return the id by which users know the stream."""
        return self.topic_id or self.group.group_id


def find_stream(tx: Tx, who: Who, group_id: str, topic_id: str | None, error: ErrorRow = err.TOPIC_UNKNOWN) -> Stream:
    """Return a group's or topic's stream, or refuse: 10015, 10010 as for groups, 11000 where there can be no topics.

    A topic that is not there is 110003 unless said otherwise.
    """
    group = find_group(tx, group_id)
    if not topic_id:
        return Stream(group)
    if not who.app.communities_on or not group.support_topic:
        raise Refused(err.COMMUNITY_OFF, f"TopicId: {group.group_id!r} has no topics")
    topic = topic_of(tx, group, topic_id)
    if topic is None:
        raise Refused(error, f"TopicId: {topic_id[:100]!r} in {group.group_id!r}")
    return Stream(group, topic)


TAKE_GROUP_SEQ = (
    "UPDATE groups SET next_seq = next_seq + 1, last_msg_at = CASE WHEN last_msg_at < :at THEN :at ELSE last_msg_at END"
    " WHERE num = :num RETURNING next_seq"
)
TAKE_TOPIC_SEQ = (
    "UPDATE topics SET next_seq = next_seq + 1, last_msg_at = CASE WHEN last_msg_at < :at THEN :at ELSE last_msg_at END"
    " WHERE num = :num RETURNING next_seq"
)


def take_seq(tx: Tx, stream: Stream, at: int) -> int:
    """Take the stream's next seq; on PostgreSQL this also locks it until the commit."""
    if stream.topic:
        row = tx.one(TAKE_TOPIC_SEQ, num=stream.topic.num, at=at)
    else:
        row = tx.one(TAKE_GROUP_SEQ, num=stream.group.num, at=at)
    return int(row[0]) - 1 if row else 0


SEQ_AFTER = (
    "SELECT seq, at FROM messages WHERE group_num = :num AND topic_num = :topic AND seq >= :seq ORDER BY seq LIMIT 1"
)


def seq_at(tx: Tx, stream: Stream, at: int) -> int:
    """Return the first seq whose time is not before ``at``: times never fall along a stream, so halving finds it."""
    low, high = 1, stream.next_seq
    while low < high:
        middle = (low + high) // 2
        row = tx.one(SEQ_AFTER, num=stream.group.num, topic=stream.topic_num, seq=middle)
        if row is None or row[1] >= at:
            high = middle
        else:
            low = row[0] + 1
    return low


def first_kept(tx: Tx, who: Who, stream: Stream) -> int:
    """Return the first seq that is not past keeping; what is before it may not have been removed yet."""
    since, first = who.app.kept_since(who.now), stream.cleared_seq + 1
    if not since or stream.next_seq == first:
        return first
    oldest = tx.one(SEQ_AFTER, num=stream.group.num, topic=stream.topic_num, seq=first)
    return first if oldest is None or oldest[1] >= since else seq_at(tx, stream, since)


def first_visible(tx: Tx, who: Who, stream: Stream, member: MemberRow | None, masks: Masks) -> int:
    """Return the first seq that a member may read; an administrator of the app, who needs not be one, may read all.

    What came before he joined is for him only where the group's history is open, or a permission bit opens it.
    """
    first = stream.cleared_seq + 1
    if member is None:
        return first
    own = _cleared(tx, stream, member)
    if who.admin or stream.group.history_before_join or _opens(stream, masks):
        return max(first, own + 1)
    joined = joined_seq(tx, stream, member)
    return max(first, own + 1, joined)


def _opens(stream: Stream, masks: Masks) -> bool:
    if not masks.on:
        return False
    in_topic = stream.topic is not None and masks.topic >> TOPIC_OLDER_HISTORY & 1
    return bool(masks.group >> OLDER_HISTORY & 1 or in_topic)


SELECT_TOPIC_CLEARED = "SELECT cleared_seq FROM topic_members WHERE topic_num = :topic AND user_id = :user"


def _cleared(tx: Tx, stream: Stream, member: MemberRow) -> int:
    if not stream.topic:
        return member.cleared_seq
    row = tx.one(SELECT_TOPIC_CLEARED, topic=stream.topic.num, user=member.user_id)
    return int(row[0]) if row else 0


def joined_seq(tx: Tx, stream: Stream, member: MemberRow) -> int:
    """Return the first seq after a member joined. Topics keep no row of who came when: there his time decides."""
    if not stream.topic:
        return member.from_seq
    if stream.topic.last_msg_at < member.joined_at:
        return stream.next_seq
    if stream.topic.created_at >= member.joined_at:
        return 1
    return seq_at(tx, stream, member.joined_at)


SELECT_TOPIC_READ = "SELECT read_seq FROM topic_members WHERE topic_num = :topic AND user_id = :user"


def read_seq(tx: Tx, stream: Stream, member: MemberRow) -> int:
    """Return up to where a member has read; in a topic he never read, up to where it was when he joined."""
    if not stream.topic:
        return member.read_seq
    row = tx.one(SELECT_TOPIC_READ, topic=stream.topic.num, user=member.user_id)
    return topic_read_seq(tx, stream, member, row[0] if row else -1)


def topic_read_seq(tx: Tx, stream: Stream, member: MemberRow, stored: int) -> int:
    """Return up to where a member has read a topic, ``stored`` (-1: nothing) is known; imports count."""
    seen = joined_seq(tx, stream, member) - 1 if stored < 0 else stored
    return max(seen, stream.topic.imported_seq if stream.topic else 0)


COUNT_QUIET: LiteralString = (
    "SELECT count(*) FROM messages WHERE group_num = :num AND topic_num = :topic AND seq > :seq AND quiet = 1"
)


def unread(tx: Tx, stream: Stream, seen: int) -> int:
    """Return how many messages after seq ``seen`` count as unread."""
    waiting = stream.next_seq - 1 - max(seen, stream.cleared_seq)
    if waiting <= 0:
        return 0
    row = tx.one(COUNT_QUIET, num=stream.group.num, topic=stream.topic_num, seq=max(seen, stream.cleared_seq))
    return waiting - int(row[0] if row else 0)


def seq_leaving(tx: Tx, stream: Stream, number: int) -> int:
    """Return up to where somebody has read who has so many unread messages, or as many as there are."""
    low, high = stream.cleared_seq, stream.next_seq - 1
    if not number:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if unread(tx, stream, middle) >= number:
            low = middle
        else:
            high = middle - 1
    return low


MOVE_READ = (
    "UPDATE members SET read_seq = :seq WHERE group_num = :num AND user_id = :user AND read_seq < :seq RETURNING 1"
)
MOVE_TOPIC_READ = (
    "INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag) VALUES (:topic, :user, :seq, -1)"
    " ON CONFLICT (topic_num, user_id) DO UPDATE SET read_seq = :seq WHERE topic_members.read_seq < :seq RETURNING 1"
)


def move_read(tx: Tx, stream: Stream, user: str, seq: int) -> bool:
    """Say that a member has read up to ``seq``; return whether that is further than before."""
    if stream.topic:
        return tx.one(MOVE_TOPIC_READ, topic=stream.topic.num, user=user, seq=seq) is not None
    return tx.one(MOVE_READ, num=stream.group.num, user=user, seq=seq) is not None
