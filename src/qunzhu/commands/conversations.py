"""Conversations as a client shows them: the list with last messages and unread numbers, and reading all of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import C2C, kept_since, pair, side
from qunzhu.commands._contacts import (
    END,
    GROUP,
    Contact,
    Joined,
    Position,
    Seat,
    find_seat,
    group_seats,
    hidden_of,
    seen_seq,
    session_of,
    unread_with_users,
    walk,
)
from qunzhu.commands._history import is_for
from qunzhu.commands._shared import masks_of
from qunzhu.commands._streams import first_kept, first_visible
from qunzhu.commands.contacts import ContactAccount, ContactGroupText, Sort, named_peer
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import ConversationsRead, decode_event
from qunzhu.core.limits import MSG_FLAGS, items, number, text
from qunzhu.core.messages import decode_group_message
from qunzhu.core.notices import tip
from qunzhu.core.ports import GATEWAY, Row, Tx, Who
from qunzhu.core.rights import Role

PAGE = 100
EXAMINED = 500
"""So many conversations one call looks at: with a filter that few pass, a page may hold fewer than asked for."""
LOOK_BACK = 500
"""In so many messages the last one is looked for, and unread mentions."""
TRIED = 10
"""So many messages are tried for the last one that the user sees."""
MENTIONS = 30
ME, ALL = 1, 2
PINNED_FIRST = 2**40
SILENT = frozenset({MSG_FLAGS.index("Discard"), MSG_FLAGS.index("AcceptNotNotify")})
MOST_READ = 1000


class GivenConversation(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversation: with a user (``Type`` 1), or of a group or topic (2)."""

    Type: Sort
    To_Account: ContactAccount | None = None
    GroupId: ContactGroupText | None = None


Conversations = Annotated[
    list[GivenConversation], items(PAGE, least=1, error=err.CONTACT_NUMBER, empty=err.CONTACT_NUMBER)
]


class ConversationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What conversations must have; absent: anything."""

    Type: Sort | None = None
    MarkType: Annotated[int, number(0, 2**64 - 1, error=err.CONTACT_BAD_PARAMETER)] | None = None
    GroupName: Annotated[str, text(32, error=err.CONTACT_BAD_PARAMETER)] | None = None
    HasUnread: bool | None = None
    HasGroupAt: bool | None = None


class MentionOfMe(msgspec.Struct, frozen=True, kw_only=True):
    """An unread message that mentions the caller (1), everybody (2), or both (3)."""

    MsgSeq: int
    AtType: int


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation. Of a topic, ``GroupId`` is its community."""

    Type: int
    To_Account: str | UnsetType = UNSET
    GroupId: str | UnsetType = UNSET
    GroupType: str | UnsetType = UNSET
    TopicId: str | UnsetType = UNSET
    ShowName: str
    FaceUrl: str
    MsgTime: int
    OrderKey: int
    LastMessage: msgspec.Raw | UnsetType = UNSET
    UnreadMsgNum: int
    NewestSeq: int | UnsetType = UNSET
    ReadSeq: int | UnsetType = UNSET
    NewestNum: int | UnsetType = UNSET
    ReadNum: int | UnsetType = UNSET
    ReadTime: int | UnsetType = UNSET
    PeerReadNum: int | UnsetType = UNSET
    PeerReadTime: int | UnsetType = UNSET
    MsgFlag: str
    Listed: bool
    Pinned: bool
    Marks: int
    CustomData: str
    ContactGroupName: list[str]
    GroupAtInfo: list[MentionOfMe]


class ConversationPage(Reply, frozen=True, kw_only=True):
    """A page of conversations; ``Next`` is empty at the end of the list."""

    ConvList: list[Conversation]
    Next: str


Folders = Mapping[tuple[int, str], Sequence[str]]
"""Names of conversation groups, by conversation."""


class GetConversations(Request[ConversationPage], frozen=True, kw_only=True):
    """Which conversations to read: those of ``ConvList``, or all that pass the filter, page by page."""

    Next: Annotated[str, text(200, error=err.CONTACT_BAD_PARAMETER)] | None = None
    Limit: Annotated[int, number(1, PAGE, error=err.CONTACT_BAD_PARAMETER)] | None = None
    Filter: ConversationFilter | None = None
    ConvList: Conversations | None = None


@command("gateway", writes=False, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER,
         errors=(err.CONTACT_BAD_PARAMETER, err.CONTACT_NUMBER))  # fmt: skip
def get_conversations(tx: Tx, who: Who, req: GetConversations) -> ConversationPage:
    """Read the caller's conversations as a list shows them: pinned ones first, then the newest; 100 on a page.

    Those named in ``ConvList`` come whether they are in the list or not; topics come only so.
    """
    folders = _folders(tx, who.user)
    if req.ConvList is not None:
        return ConversationPage(ConvList=_named(tx, who, req.ConvList, folders), Next="")
    wanted, limit, position = req.Filter or ConversationFilter(), req.Limit or PAGE, _position(req.Next)
    page: list[Conversation] = []
    for looked, (seat, after) in enumerate(walk(tx, who, who.user, position, sort=wanted.Type or 0)):
        if len(page) == limit or looked == EXAMINED:
            return ConversationPage(ConvList=page, Next=_cursor(position))
        if _passes(tx, who, seat, wanted, folders):
            page.append(_shown(tx, who, seat, folders))
        position = after
    return ConversationPage(ConvList=page, Next="")


def _named(tx: Tx, who: Who, asked: Sequence[GivenConversation], folders: Folders) -> list[Conversation]:
    """Return those of the conversations asked for that the caller has."""
    named = dict.fromkeys((one.Type, named_peer(one.Type, one.To_Account, one.GroupId, "GroupId")) for one in asked)
    seats = (find_seat(tx, who, who.user, sort, peer) for sort, peer in named)
    return [_shown(tx, who, seat, folders) for seat in seats if seat is not None]


def _cursor(position: Position) -> str:
    return ":".join(map(str, msgspec.structs.astuple(position)))


def _position(cursor: str | None) -> Position:
    if not cursor:
        return Position()
    numbers, peer = cursor.split(":")[:3], cursor.split(":", 3)[3:]
    if not peer or not all(part.isascii() and part.isdigit() and int(part) <= END for part in numbers):
        raise Refused(err.CONTACT_BAD_PARAMETER, f"Next: {cursor!r} is not of an earlier page")
    pinned, at, sort = map(int, numbers)
    return Position(pinned, at, sort, peer[0])


SELECT_FOLDERS = (
    "SELECT i.sort, i.peer, g.name FROM contact_group_items i JOIN contact_groups g ON g.user_id = i.user_id"
    " AND g.num = i.num WHERE i.user_id = :user ORDER BY i.sort, i.peer, g.name"
)


def _folders(tx: Tx, user: str) -> Folders:
    """Return the names of the conversation groups of each conversation that is in any."""
    found: dict[tuple[int, str], list[str]] = {}
    for sort, peer, name in tx.all(SELECT_FOLDERS, user=user):
        found.setdefault((sort, peer), []).append(name)
    return found


def _passes(tx: Tx, who: Who, seat: Seat, wanted: ConversationFilter, folders: Folders) -> bool:
    contact, mark, folder = seat.contact, wanted.MarkType, wanted.GroupName
    names = folders.get((contact.sort, contact.peer), ())
    return (
        (wanted.Type is None or contact.sort == wanted.Type)
        and (mark is None or (contact.marks & mark == mark if mark else not contact.marks))
        and (folder is None or (folder in names if folder else not names))
        and (wanted.HasUnread is None or (seat.unread > 0) is wanted.HasUnread)
        and (wanted.HasGroupAt is None or bool(_mentions(tx, who, seat)) is wanted.HasGroupAt)
    )


def _shown(tx: Tx, who: Who, seat: Seat, folders: Folders) -> Conversation:
    contact = seat.contact
    special = _of_user(tx, who, seat) if seat.joined is None else _of_group(tx, who, seat, seat.joined)
    return Conversation(
        Type=contact.sort, ShowName=seat.name, FaceUrl=seat.face_url, MsgTime=seat.at,
        OrderKey=seat.at + (PINNED_FIRST if contact.top_at else 0), UnreadMsgNum=seat.unread,
        MsgFlag=MSG_FLAGS[seat.msg_flag], Listed=seat.is_listed, Pinned=bool(contact.top_at), Marks=contact.marks,
        CustomData=contact.custom_mark, ContactGroupName=list(folders.get((contact.sort, contact.peer), ())),
        GroupAtInfo=_mentions(tx, who, seat), **special,
    )  # fmt: skip


OF_C2C: LiteralString = (
    " FROM c2c_messages WHERE low = :low AND high = :high AND num <= :num AND num > :hidden AND state <> 1"
    " AND at >= :since AND hidden & :mine = 0 AND flags & 2 = 0"
)
LAST_C2C: LiteralString = (
    # The last second by the table's key, and in it the one that came last.
    "SELECT body" + OF_C2C + " AND at = (SELECT at" + OF_C2C + " ORDER BY at DESC, msg_seq DESC, random DESC LIMIT 1)"
    " ORDER BY num DESC LIMIT 1"
)
READ_TIME: LiteralString = (
    "SELECT at FROM c2c_messages WHERE low = :low AND high = :high AND num <= :num ORDER BY num DESC LIMIT 1"
)
SELECT_READ = "SELECT read_num FROM contacts WHERE user_id = :user AND sort = 1 AND peer = :peer"


def _of_user(tx: Tx, who: Who, seat: Seat) -> dict[str, Any]:
    """Return what only a conversation with a user has."""
    user, peer, contact = who.user, seat.contact.peer, seat.contact
    both = pair(user, peer)
    low = both["low"]
    last = tx.one(
        LAST_C2C,
        **both,
        num=contact.last_num,
        hidden=contact.hidden_num,
        since=kept_since(tx, who, user),
        mine=side(user, low),
    )
    peer_read = (tx.one(SELECT_READ, user=peer, peer=user) or (0,))[0]
    read_at = tx.one(READ_TIME, **both, num=contact.read_num) if contact.read_num else None
    seen_at = tx.one(READ_TIME, **both, num=peer_read) if peer_read else None
    return {
        "To_Account": peer, "LastMessage": msgspec.Raw(last[0].encode()) if last else UNSET,
        "NewestNum": contact.last_num, "ReadNum": contact.read_num, "ReadTime": read_at[0] if read_at else 0,
        "PeerReadNum": peer_read, "PeerReadTime": seen_at[0] if seen_at else 0,
    }  # fmt: skip


LAST_IN_GROUP: LiteralString = (
    "SELECT sender, flags, body FROM messages m WHERE group_num = :num AND topic_num = :topic AND seq > :after"
    " AND state <> 1 AND flags & 2 = 0 AND NOT EXISTS (SELECT 1 FROM hidden_messages h WHERE h.user_id = :user"
    " AND h.group_num = m.group_num AND h.topic_num = m.topic_num AND h.seq = m.seq) ORDER BY seq DESC LIMIT :limit"
)


def _of_group(tx: Tx, who: Who, seat: Seat, joined: Joined) -> dict[str, Any]:
    """Return what only a conversation of a group or topic has."""
    stream = joined.stream
    return {
        "GroupId": stream.group.group_id, "GroupType": stream.group.kind_name, "TopicId": stream.topic_id or UNSET,
        "LastMessage": _last(tx, who, seat.contact, joined), "NewestSeq": stream.next_seq - 1,
        "ReadSeq": joined.member.read_seq,
    }  # fmt: skip


def _last(tx: Tx, who: Who, contact: Contact, joined: Joined) -> msgspec.Raw | UnsetType:
    """Return the newest message or tip that the caller sees, unset where the last few are not for him."""
    stream, member = joined.stream, joined.member
    masks = masks_of(tx, stream.group, who.user, Role(member.role), stream.topic_num)
    first = max(first_visible(tx, who, stream, member, masks), first_kept(tx, who, stream))
    rows = tx.all(
        LAST_IN_GROUP, num=stream.group.num, topic=stream.topic_num, user=who.user, limit=TRIED,
        after=max(first - 1, hidden_of(contact, member), stream.next_seq - 1 - LOOK_BACK),
    )  # fmt: skip
    return next((shown for row in rows if (shown := _as_last(who, row)) is not None), UNSET)


def _as_last(who: Who, row: Row) -> msgspec.Raw | None:
    sender, flags, body = row
    if sender:
        return msgspec.Raw(body.encode()) if is_for(who.user, flags, body) else None
    told = tip(decode_event(body))
    return None if told is None else msgspec.Raw(msgspec.json.encode(told))


SELECT_MENTIONS: LiteralString = (
    "SELECT seq, flags, body FROM messages WHERE group_num = :num AND topic_num = :topic AND seq > :after"
    " AND state = 0 AND sender <> :user AND flags & 1024 <> 0 ORDER BY seq DESC LIMIT :limit"
)


def _mentions(tx: Tx, who: Who, seat: Seat) -> list[MentionOfMe]:
    """Return the unread messages that mention the caller or everybody, among the newest 500, in their order."""
    joined = seat.joined
    if joined is None or seat.newest <= (seen := seen_seq(seat.contact, joined)):
        return []
    stream = joined.stream
    rows = tx.all(
        SELECT_MENTIONS, num=stream.group.num, topic=stream.topic_num, after=max(seen, seat.newest - LOOK_BACK),
        user=who.user, limit=MENTIONS,
    )  # fmt: skip
    found = ((seq, _whom(who.user, body)) for seq, flags, body in reversed(rows) if is_for(who.user, flags, body))
    return [MentionOfMe(MsgSeq=seq, AtType=whom) for seq, whom in found if whom]


def _whom(user: str, body: str) -> int:
    """Return whom of both a message mentions: the user (1), everybody (2), both (3), or neither."""
    mentions = decode_group_message(body).GroupAtInfo
    everybody = any(mention.GroupAtAllFlag for mention in mentions)
    him = any(not mention.GroupAtAllFlag and mention.GroupAt_Account == user for mention in mentions)
    return ME * him + ALL * everybody


class UnreadTotal(Reply, frozen=True, kw_only=True):
    """How many messages are unread."""

    UnreadMsgNum: int


class GetUnreadTotal(Request[UnreadTotal], frozen=True, kw_only=True):
    """Of which conversations to count the unread messages."""

    Filter: ConversationFilter | None = None


@command("gateway", writes=False, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER,
         errors=(err.CONTACT_BAD_PARAMETER,))  # fmt: skip
def get_unread_total(tx: Tx, who: Who, req: GetUnreadTotal) -> UnreadTotal:
    """Count the caller's unread messages, without those of conversations whose messages notify him of nothing."""
    wanted = req.Filter or ConversationFilter()
    folders = _folders(tx, who.user) if wanted.GroupName is not None else {}
    seats = [
        *(group_seats(tx, who.user) if wanted.Type != C2C else ()),
        *(unread_with_users(tx, who, who.user) if wanted.Type != GROUP else ()),
    ]
    return UnreadTotal(UnreadMsgNum=sum(
        seat.unread
        for seat in seats
        if seat.unread and seat.msg_flag not in SILENT and _passes(tx, who, seat, wanted, folders)
    ))  # fmt: skip


class AllRead(Reply, frozen=True, kw_only=True):
    """Whether everything is read now; if not, call again."""

    IsFinished: int


class ReadAllConversations(Request[AllRead], frozen=True, kw_only=True):
    """Nothing; the caller's own are meant."""


UNREAD_GROUPS = (
    "SELECT g.num, g.group_id FROM members m JOIN groups g ON g.num = m.group_num"
    " WHERE m.user_id = :user AND m.read_seq < g.next_seq - 1 AND (g.active = 1 OR m.role = 400)"
)
READ_GROUPS = (
    "UPDATE members SET read_seq = (SELECT g.next_seq - 1 FROM groups g WHERE g.num = members.group_num)"
    " WHERE user_id = :user AND EXISTS (SELECT 1 FROM groups g WHERE g.num = members.group_num"
    " AND g.next_seq - 1 > members.read_seq AND (g.active = 1 OR members.role = 400)) RETURNING group_num, read_seq"
)
UNREAD_USERS: LiteralString = (
    "SELECT last_num FROM contacts WHERE user_id = :user AND sort = 1 AND last_num > read_num"
    " ORDER BY last_num DESC LIMIT :limit"
)
READ_USERS = (
    "UPDATE contacts SET read_num = last_num WHERE user_id = :user AND sort = 1 AND last_num > read_num"
    " AND last_num >= :oldest RETURNING peer, read_num, (SELECT q.at FROM c2c_messages q"
    " WHERE q.low = CASE WHEN contacts.peer < contacts.user_id THEN contacts.peer ELSE contacts.user_id END"
    " AND q.high = CASE WHEN contacts.peer < contacts.user_id THEN contacts.user_id ELSE contacts.peer END"
    " AND q.num = contacts.last_num)"
)


@command("gateway", writes=True, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER)
def read_all_conversations(tx: Tx, who: Who, req: ReadAllConversations) -> AllRead:
    """Mark everything as read: all groups, and with one call up to 1000 users, the newest first. Topics stay."""
    del req
    names = {num: group_id for num, group_id in tx.all(UNREAD_GROUPS, user=who.user)}  # noqa: C416 - rows are of any length
    unread = [num for (num,) in tx.all(UNREAD_USERS, user=who.user, limit=MOST_READ + 1)]
    groups = tx.all(READ_GROUPS, user=who.user) if names else []
    peers = tx.all(READ_USERS, user=who.user, oldest=unread[:MOST_READ][-1]) if unread else []
    if groups or peers:
        tx.emit(ConversationsRead(
            user=who.user, at=who.now, groups={names[num]: seq for num, seq in groups},
            peers={peer: (num, at or 0) for peer, num, at in peers}, session=session_of(who, who.user),
        ))  # fmt: skip
    return AllRead(IsFinished=int(len(unread) <= MOST_READ))
