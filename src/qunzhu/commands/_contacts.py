"""Conversations of a user: with others (a row of ``contacts`` each), and of the groups he is in.

A group's conversation needs no row: there is one only where he has set something of it. Nothing up to ``hidden_num`` is
in sight of him, who deleted the conversation then; in a group that he left and entered again it is as if he had not.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, LiteralString

import msgspec

from qunzhu.commands._c2c import C2C, has_account, kept_since
from qunzhu.commands._shared import READ_SEQ, GroupRow, MemberRow, find_member, signed, topic_of, unsigned
from qunzhu.commands._streams import Stream, read_seq
from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import ContactNow, ContactsChanged
from qunzhu.core.ids import is_group_id
from qunzhu.core.ports import Row, Tx, Who

GROUP = 2
"""The column ``sort`` of conversations with a group or topic."""
END = 2**62
CHUNK = 100


class Contact(msgspec.Struct, frozen=True):
    """A row of ``contacts``, as far as this user's own state goes. ``marks`` has no sign."""

    sort: int
    peer: str
    last_num: int = 0
    at: int = 0
    read_num: int = 0
    hidden_num: int = 0
    hidden_at: int = 0
    top_at: int = 0
    marks: int = 0
    custom_mark: str = ""
    msg_flag: int = 0
    changed_at: int = 0


class Joined(msgspec.Struct, frozen=True):
    """A stream, and what a member has of it: of a topic, his read position, receive option and clearing there."""

    stream: Stream
    member: MemberRow


class Seat(msgspec.Struct, frozen=True):
    """A conversation's place in the list: when something last happened in it, and how much of it is unread."""

    contact: Contact
    at: int
    unread: int
    name: str
    face_url: str
    joined: Joined | None = None
    """None for a conversation with a user."""

    @property
    def newest(self) -> int:
        """Return the number or seq of the newest thing in it."""
        return self.contact.last_num if self.joined is None else self.joined.stream.next_seq - 1

    @property
    def msg_flag(self) -> int:
        """Return how messages of it reach the user."""
        return self.contact.msg_flag if self.joined is None else self.joined.member.msg_flag

    @property
    def is_there(self) -> bool:
        """Say whether it is in the list: one with a user from the first message on, until it is deleted."""
        hidden = self.contact.hidden_num if self.joined is None else hidden_of(self.contact, self.joined.member)
        deleted = self.joined is None or self.joined.member.joined_at <= self.contact.hidden_at
        return bool(self.contact.top_at) or not (deleted and self.newest <= hidden)

    @property
    def is_listed(self) -> bool:
        """Say whether the list shows it: topics are in none."""
        return self.is_there and (self.joined is None or self.joined.stream.topic is None)


def hidden_of(contact: Contact, member: MemberRow) -> int:
    """Return up to where a group's conversation is out of sight: what was hidden before he joined does not count."""
    return contact.hidden_num if member.joined_at <= contact.hidden_at else 0


COLUMNS: LiteralString = (
    "c.sort, c.peer, c.last_num, c.at, c.read_num, c.hidden_num, c.hidden_at, c.top_at, c.marks, c.custom_mark,"
    " c.msg_flag, c.changed_at"
)
WIDTH = len(Contact.__struct_fields__)
UNREAD_C2C: LiteralString = (
    "(SELECT count(*) FROM c2c_messages q WHERE q.low = CASE WHEN c.peer < c.user_id THEN c.peer ELSE c.user_id END"
    " AND q.high = CASE WHEN c.peer < c.user_id THEN c.user_id ELSE c.peer END"
    " AND q.num > CASE WHEN c.hidden_num > c.read_num THEN c.hidden_num ELSE c.read_num END"
    " AND q.from_low = CASE WHEN c.peer < c.user_id THEN 1 ELSE 0 END AND c.peer <> c.user_id"
    " AND q.state = 0 AND q.quiet = 0 AND +q.at >= :since"
    " AND q.hidden & CASE WHEN c.user_id < c.peer THEN 1 ELSE 2 END = 0)"
)
WITH_USERS: LiteralString = (
    f"SELECT {COLUMNS}, {UNREAD_C2C}, coalesce(a.nick, ''), coalesce(a.face_url, '')"  # noqa: S608 - names of columns
    " FROM contacts c LEFT JOIN accounts a ON a.user_id = c.peer WHERE c.user_id = :user AND c.sort = 1"
)
ONE_WITH_USER: LiteralString = WITH_USERS + " AND c.peer = :peer"
PINNED_USERS: LiteralString = WITH_USERS + " AND c.top_at > 0"
UNREAD_USERS: LiteralString = WITH_USERS + " AND c.last_num > c.read_num"
NEWEST_USERS: LiteralString = (
    WITH_USERS + " AND (c.at, c.peer) < (:at, :peer) AND c.last_num > c.hidden_num"
    " ORDER BY c.at DESC, c.peer DESC LIMIT :limit"
)
QUIET_IN_GROUP: LiteralString = (
    # By the sign the index is searched from what was read on, and not from one of the other bounds.
    "(SELECT count(*) FROM messages q WHERE q.group_num = g.num AND q.topic_num = 0 AND q.quiet = 1"  # noqa: S608
    " AND q.seq > " + READ_SEQ + " AND +q.seq > m.cleared_seq AND +q.seq > g.cleared_seq"
    " AND +q.seq > CASE WHEN m.joined_at <= c.hidden_at THEN c.hidden_num ELSE 0 END)"
)
OF_GROUPS: LiteralString = (
    "SELECT 2, g.group_id, coalesce(c.last_num, 0), coalesce(c.at, 0), coalesce(c.read_num, 0),"  # noqa: S608
    " coalesce(c.hidden_num, 0), coalesce(c.hidden_at, 0), coalesce(c.top_at, 0), coalesce(c.marks, 0),"
    " coalesce(c.custom_mark, ''), coalesce(c.msg_flag, 0), coalesce(c.changed_at, 0), " + QUIET_IN_GROUP + ","
    " m.user_id, m.role, m.joined_at, " + READ_SEQ + ", m.msg_flag, m.name_card, 0, m.last_msg_at, m.custom,"
    " m.from_seq, m.cleared_seq, g.* FROM members m JOIN groups g ON g.num = m.group_num"
    " LEFT JOIN contacts c ON c.user_id = m.user_id AND c.sort = 2 AND c.peer = g.group_id"
    " WHERE m.user_id = :user AND (g.active = 1 OR m.role = 400)"
)
ONE_GROUP: LiteralString = OF_GROUPS + " AND g.group_id = :peer"
MEMBER_WIDTH = len(MemberRow.__struct_fields__)


def _contact(row: Row) -> Contact:
    return Contact(*(*row[:8], unsigned(row[8]), *row[9:WIDTH]))


def _with_user(row: Row) -> Seat:
    contact, (unread, name, face_url) = _contact(row), row[WIDTH:]
    return Seat(contact, contact.at, unread, name, face_url)


def _of_group(row: Row) -> Seat:
    contact, quiet = _contact(row), row[WIDTH]
    member = MemberRow(*row[WIDTH + 1 : WIDTH + 1 + MEMBER_WIDTH])
    joined = Joined(Stream(GroupRow(*row[WIDTH + 1 + MEMBER_WIDTH :])), member)
    group = joined.stream.group
    return Seat(
        contact, max(group.last_msg_at, member.joined_at), unread_of(contact, joined, quiet), group.name,
        group.face_url, joined,
    )  # fmt: skip


def seen_seq(contact: Contact, joined: Joined) -> int:
    """Return the seq after which a stream's messages are unread."""
    member = joined.member
    return max(member.read_seq, member.cleared_seq, joined.stream.cleared_seq, hidden_of(contact, member))


def unread_of(contact: Contact, joined: Joined, quiet: int) -> int:
    """Return how many messages are unread, of which ``quiet`` do not count; none where the kind counts none."""
    if not joined.stream.group.kind.counts_unread:
        return 0
    return max(joined.stream.next_seq - 1 - seen_seq(contact, joined) - quiet, 0)


class Position(msgspec.Struct, frozen=True):
    """How far a list was read: so many pinned ones, and the others down to this one. Groups of a second come first."""

    pinned: int = 0
    at: int = END
    sort: int = GROUP + 1
    peer: str = ""

    @property
    def place(self) -> tuple[int, int, str]:
        """Return where that is in the order of the list."""
        return self.at, self.sort, self.peer


def pinned_seats(tx: Tx, who: Who, user: str, groups: Iterable[Seat], sort: int = 0) -> list[Seat]:
    """Return the conversations that a user has pinned, the newest first."""
    users = (
        [_with_user(row) for row in tx.all(PINNED_USERS, user=user, since=kept_since(tx, who, user))]
        if sort != GROUP
        else []
    )
    seats = [*users, *(seat for seat in groups if seat.contact.top_at)]
    return sorted(seats, key=lambda seat: (-seat.at, seat.contact.sort, seat.contact.peer))


def group_seats(tx: Tx, user: str) -> list[Seat]:
    """Return the conversations of all groups that a user is in and sees."""
    return [seat for row in tx.all(OF_GROUPS, user=user) if (seat := _of_group(row)).is_there]


def unread_with_users(tx: Tx, who: Who, user: str) -> list[Seat]:
    """Return the conversations with users in which there may be something unread."""
    return [_with_user(row) for row in tx.all(UNREAD_USERS, user=user, since=kept_since(tx, who, user))]


def walk(tx: Tx, who: Who, user: str, start: Position, *, pinned_first: bool = True, sort: int = 0) -> Iterator[
    tuple[Seat, Position]
]:  # fmt: skip
    """Go through a user's conversations from a place on: pinned ones, then the newest; each with the place after it.

    ``sort`` 1: only those with users, 2: only those of groups, 0: both.
    """
    groups = group_seats(tx, user) if sort != C2C else []
    pinned = pinned_seats(tx, who, user, groups, sort) if pinned_first else []
    for number in range(start.pinned, len(pinned)):
        yield pinned[number], msgspec.structs.replace(start, pinned=number + 1)
    position = msgspec.structs.replace(start, pinned=max(start.pinned, len(pinned)))
    below = (seat for seat in groups if _place(seat) < start.place)
    users = _newest_users(tx, who, user, start) if sort != GROUP else ()
    for seat in heapq.merge(sorted(below, key=_place, reverse=True), users, key=_place, reverse=True):
        if not (pinned_first and seat.contact.top_at):
            at, of_sort, peer = _place(seat)
            yield seat, msgspec.structs.replace(position, at=at, sort=of_sort, peer=peer)


def _place(seat: Seat) -> tuple[int, int, str]:
    return seat.at, seat.contact.sort, seat.contact.peer


def _newest_users(tx: Tx, who: Who, user: str, start: Position) -> Iterator[Seat]:
    since = kept_since(tx, who, user)
    # After a group, all users of its second are still to come.
    at, peer = (start.at, start.peer) if start.sort == C2C else (start.at + 1, "")
    while True:
        rows = tx.all(NEWEST_USERS, user=user, since=since, at=at, peer=peer, limit=CHUNK)
        seats = [_with_user(row) for row in rows]
        yield from seats
        if len(rows) < CHUNK:
            return
        at, peer = seats[-1].at, seats[-1].contact.peer


SELECT_GROUP_OF_TOPIC = "SELECT g.* FROM topics t JOIN groups g ON g.num = t.group_num WHERE t.topic_id = :topic_id"
SELECT_TOPIC_MEMBER = "SELECT msg_flag, cleared_seq FROM topic_members WHERE topic_num = :topic AND user_id = :user"
COUNT_QUIET: LiteralString = (
    "SELECT count(*) FROM messages WHERE group_num = :num AND topic_num = :topic AND quiet = 1 AND seq > :seq"
)


def find_seat(tx: Tx, who: Who, user: str, sort: int, peer: str) -> Seat | None:
    """Return one conversation, whether it is in the list or not: with a user, of a group or of a topic; or None."""
    if sort == C2C:
        row = tx.one(ONE_WITH_USER, user=user, peer=peer, since=kept_since(tx, who, user))
        return _with_user(row) if row else None
    if not is_group_id(peer):
        return None
    row = tx.one(ONE_GROUP, user=user, peer=peer)
    return _of_group(row) if row else _of_topic(tx, user, peer)


def _of_topic(tx: Tx, user: str, topic_id: str) -> Seat | None:
    row = tx.one(SELECT_GROUP_OF_TOPIC, topic_id=topic_id)
    group = GroupRow(*row) if row else None
    topic = topic_of(tx, group, topic_id) if group else None
    member = find_member(tx, group, user) if group else None
    if group is None or topic is None or member is None:
        return None
    stream, contact = Stream(group, topic), find_contact(tx, user, GROUP, topic_id)
    flag, cleared = tx.one(SELECT_TOPIC_MEMBER, topic=topic.num, user=user) or (-1, 0)
    joined = Joined(stream, msgspec.structs.replace(
        member, read_seq=read_seq(tx, stream, member), cleared_seq=cleared,
        msg_flag=member.msg_flag if flag < 0 else flag,
    ))  # fmt: skip
    quiet = tx.one(COUNT_QUIET, num=group.num, topic=topic.num, seq=seen_seq(contact, joined)) or (0,)
    return Seat(contact, topic.last_msg_at, unread_of(contact, joined, quiet[0]), topic.name, topic.face_url, joined)


SELECT_CONTACT: LiteralString = (
    f"SELECT {COLUMNS} FROM contacts c WHERE c.user_id = :user AND c.sort = :sort AND c.peer = :peer"  # noqa: S608
)


def find_contact(tx: Tx, user: str, sort: int, peer: str) -> Contact:
    """Return what a user has set of a conversation, nothing where there is no row."""
    row = tx.one(SELECT_CONTACT, user=user, sort=sort, peer=peer)
    return _contact(row) if row else Contact(sort, peer)


WRITE_CONTACT = (
    "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
    " msg_flag, hidden_at, changed_at) VALUES (:user, :sort, :peer, 0, 0, 0, :hidden_num, :top_at, :marks,"
    " :custom_mark, :msg_flag, :hidden_at, :changed_at) ON CONFLICT (user_id, sort, peer) DO UPDATE SET"
    " hidden_num = :hidden_num, top_at = :top_at, marks = :marks, custom_mark = :custom_mark, msg_flag = :msg_flag,"
    " hidden_at = :hidden_at, changed_at = :changed_at"
)


def write_contacts(tx: Tx, who: Who, user: str, change: str, contacts: list[Contact], cleared: int = 0) -> None:
    """Write what a user has set of conversations, and tell his other sessions."""
    if not contacts:
        return
    now = [as_set(contact) for contact in contacts]
    tx.many(WRITE_CONTACT, [{"user": user, **_stored(one)} for one in now])
    tx.emit(ContactsChanged(
        user=user, at=who.now, change=change, contacts=now, session=session_of(who, user), cleared=cleared
    ))  # fmt: skip


def as_set(contact: Contact) -> ContactNow:
    """Return what a user has set of a conversation, as an event has it."""
    return ContactNow(**{name: getattr(contact, name) for name in ContactNow.__struct_fields__})


def _stored(one: ContactNow) -> dict[str, Any]:
    fields = msgspec.structs.asdict(one)
    return {**fields, "marks": signed(one.marks)}


def session_of(who: Who, user: str) -> int:
    """Return the session that is not told what it does itself."""
    return who.session if who.user == user else 0


def owner_of(tx: Tx, who: Who, user: str) -> str:
    """Return whose conversations are meant, or refuse: 50003 another user's, 50001 an account that is not there."""
    if user != who.user and not who.admin:
        raise Refused(err.CONTACT_NOT_ADMIN, f"From_Account: {user!r} is not the caller")
    if not has_account(tx, who, user):
        raise Refused(err.CONTACT_ACCOUNT_UNKNOWN, f"From_Account: {user!r}")
    return user


def refusal_of(tx: Tx, who: Who, user: str, sort: int, peer: str) -> tuple[ErrorRow, str] | None:
    """Say why a user can set nothing of a conversation: no such account (50001), or no group of his (51007)."""
    if sort == C2C:
        return None if has_account(tx, who, peer) else (err.CONTACT_ACCOUNT_UNKNOWN, f"To_Account: {peer[:100]!r}")
    if find_seat(tx, who, user, sort, peer) is None:
        return err.CONTACT_GROUP_GONE, f"{peer[:100]!r} of {user!r}"
    return None
