"""Reactions: what users give a message with one touch, such as an emoji (SDK 7.4, ``TIMMsgAddMessageReaction``)."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._attached import Attached, MsgKeyText, Seq, between, message_at
from qunzhu.commands._c2c import named
from qunzhu.commands._history import reader_of
from qunzhu.commands._streams import find_stream
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import C2CReactionChanged, Reacting, ReactionChanged
from qunzhu.core.limits import Account, items, number, text
from qunzhu.core.ports import GATEWAY, Row, Tx, Who
from qunzhu.core.rights import Action

MOST = 10
MOST_USERS = 100
MOST_MESSAGES = 20
FIRST_USERS = 10
PAGE = 100
ReactionIdText = Annotated[str, text(64, min_bytes=1)]
_errors = (
    err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.HIGHER_PLAN, err.COMMUNITY_OFF,
    err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID, err.EXTENSION_UNKNOWN,
)  # fmt: skip


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """Which message: of a group or topic, or (``Peer_Account``) between the caller and a user."""

    ReactionId: ReactionIdText
    GroupId: GroupIdText | None = None
    TopicId: TopicIdText | None = None
    MsgSeq: Seq | None = None
    Peer_Account: Account | None = None
    MsgKey: MsgKeyText | None = None


class AddMessageReaction(_Named, Request[Done], frozen=True, kw_only=True):
    """A message, of a group or (``Peer_Account``) between the caller and a user, and the reaction to give it."""


class RemoveMessageReaction(_Named, Request[Done], frozen=True, kw_only=True):
    """A message, as in adding, and the reaction of the caller's to take back."""


Given = dict[str, int]
"""By user: when he gave it, unix milliseconds."""
SELECT_GIVEN = "SELECT user_id, at_ms FROM reactions WHERE owner = :owner AND reaction = :reaction"
COUNT_REACTIONS = "SELECT count(DISTINCT reaction) FROM reactions WHERE owner = :owner"
INSERT_REACTION = "INSERT INTO reactions (owner, reaction, user_id, at_ms) VALUES (:owner, :reaction, :user, :at_ms)"


@command("gateway", writes=True, doors=(GATEWAY,),
         errors=(*_errors, err.TOO_MANY_REACTIONS, err.TOO_MANY_REACTING, err.REACTED_ALREADY))  # fmt: skip
def add_message_reaction(tx: Tx, who: Who, req: AddMessageReaction) -> Done:
    """Give a message a reaction: 10 different ones at most (23005), each from at most 100 users (23006)."""
    message = _message(tx, who, req)
    given: Given = dict(_rows(tx, message, req.ReactionId))
    if who.user in given:
        raise Refused(err.REACTED_ALREADY, f"ReactionId: {req.ReactionId!r} of {who.user!r}")
    if len(given) >= MOST_USERS:
        raise Refused(err.TOO_MANY_REACTING, f"ReactionId: {req.ReactionId!r} has {len(given)}")
    if not given:
        _require_room(tx, message)
    tx.run(INSERT_REACTION, owner=message.owner, reaction=req.ReactionId, user=who.user, at_ms=who.now_ms)
    _emit(tx, who, message, req.ReactionId, {**given, who.user: who.now_ms}, given=True)
    return Done()


def _require_room(tx: Tx, message: Attached) -> None:
    row = tx.one(COUNT_REACTIONS, owner=message.owner)
    if row and row[0] >= MOST:
        raise Refused(err.TOO_MANY_REACTIONS, f"the message has {row[0]}")


@command("gateway", writes=True, doors=(GATEWAY,),
         errors=(*_errors, err.REACTION_UNKNOWN, err.NOT_REACTED))  # fmt: skip
def remove_message_reaction(tx: Tx, who: Who, req: RemoveMessageReaction) -> Done:
    """Take back a reaction that the caller has given."""
    message = _message(tx, who, req)
    given: Given = dict(_rows(tx, message, req.ReactionId))
    if not given:
        raise Refused(err.REACTION_UNKNOWN, f"ReactionId: {req.ReactionId!r}")
    if who.user not in given:
        raise Refused(err.NOT_REACTED, f"ReactionId: {req.ReactionId!r} of {who.user!r}")
    del given[who.user]
    tx.run(
        "DELETE FROM reactions WHERE owner = :owner AND reaction = :reaction AND user_id = :user",
        owner=message.owner, reaction=req.ReactionId, user=who.user,
    )  # fmt: skip
    _emit(tx, who, message, req.ReactionId, given, given=False)
    return Done()


def _rows(tx: Tx, message: Attached, reaction: str) -> list[tuple[str, int]]:
    return [(user, at) for user, at in tx.all(SELECT_GIVEN, owner=message.owner, reaction=reaction)]


def _message(tx: Tx, who: Who, req: _Named) -> Attached:
    """Return the message that a request names, or refuse one that it does not name in full."""
    if req.GroupId is not None:
        if req.MsgSeq is None:
            raise Refused(err.BAD_PARAMETER, "MsgSeq: required with GroupId, but absent")
        stream = find_stream(tx, who, req.GroupId, req.TopicId)
        reader = reader_of(tx, who, stream, Action.REACT)
        _require_plan(who)
        return message_at(tx, stream, reader, req.MsgSeq)
    if req.Peer_Account is None or req.MsgKey is None:
        raise Refused(err.BAD_PARAMETER, "GroupId with MsgSeq, or Peer_Account with MsgKey: required, but absent")
    _require_plan(who)
    return between(tx, who, who.user, req.Peer_Account, req.MsgKey)


def _require_plan(who: Who) -> None:
    if not who.app.plan.special_messages:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no message reactions")


def _emit(tx: Tx, who: Who, message: Attached, reaction: str, users: Given, *, given: bool) -> None:
    first = sorted(users, key=lambda user: (users[user], user))[:FIRST_USERS]
    now = Reacting(reaction, len(users), [_profile(tx, user) for user in first])
    what: dict[str, Any] = {"operator": who.user, "at_ms": who.now_ms, "now": now, "given": given}
    if message.row is not None:
        tx.emit(C2CReactionChanged(**named(message.row), **what))
    elif message.stream is not None:
        group = message.stream.group
        tx.emit(ReactionChanged(
            group_id=group.group_id, kind=group.kind_name, at=who.now, msg_seq=message.seq,
            topic_id=message.stream.topic_id, users=message.users, **what,
        ))  # fmt: skip


def _profile(tx: Tx, user: str) -> dict[str, str]:
    nick, face_url = tx.one("SELECT nick, face_url FROM accounts WHERE user_id = :user", user=user) or ("", "")
    return {"UserID": user, "Nick": nick, "FaceUrl": face_url}


class ShortProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A user as lists show him."""

    UserID: str
    Nick: str
    FaceUrl: str


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """One reaction to a message, with those who gave it first."""

    ReactionId: str
    TotalUserCount: int
    UserList: list[ShortProfile]
    ReactedByMyself: int


class MessageReactions(msgspec.Struct, frozen=True, kw_only=True):
    """The reactions to one message, in the order in which they were first given."""

    MsgSeq: int | UnsetType = UNSET
    MsgKey: str | UnsetType = UNSET
    ErrorCode: int = 0
    ErrorInfo: str = ""
    ReactionList: list[Reaction] = []


class ReactionsOfMessages(Reply, frozen=True, kw_only=True):
    """One item per message of the request, in its order."""

    MessageList: list[MessageReactions]


class GetMessageReactions(Request[ReactionsOfMessages], frozen=True, kw_only=True):
    """Messages of one conversation: ``MsgSeqList`` of a group or topic, or ``MsgKeyList`` with a user."""

    GroupId: GroupIdText | None = None
    TopicId: TopicIdText | None = None
    MsgSeqList: Annotated[list[Seq], items(MOST_MESSAGES, least=1, error=err.BAD_PARAMETER)] | None = None
    Peer_Account: Account | None = None
    MsgKeyList: Annotated[list[MsgKeyText], items(MOST_MESSAGES, least=1, error=err.BAD_PARAMETER)] | None = None
    MaxUserCountPerReaction: Annotated[int, number(0, FIRST_USERS)] | None = None


@command("gateway", writes=False, doors=(GATEWAY,), errors=_errors)
def get_message_reactions(tx: Tx, who: Who, req: GetMessageReactions) -> ReactionsOfMessages:
    """Read the reactions to up to 20 messages of one conversation, each with the first users who gave it.

    A message that is not there, or not for the caller, has 23004 in its item.
    """
    most = FIRST_USERS if req.MaxUserCountPerReaction is None else req.MaxUserCountPerReaction
    return ReactionsOfMessages(MessageList=[_item(tx, who, most, blank, find) for blank, find in _asked(tx, who, req)])


Find = Callable[[], Attached]


def _asked(tx: Tx, who: Who, req: GetMessageReactions) -> list[tuple[MessageReactions, Find]]:
    """Return an empty item for each message of the request, and what finds the message."""
    if req.GroupId is not None:
        if req.MsgSeqList is None:
            raise Refused(err.BAD_PARAMETER, "MsgSeqList: required with GroupId, but absent")
        stream = find_stream(tx, who, req.GroupId, req.TopicId)
        reader = reader_of(tx, who, stream, Action.REACT)
        _require_plan(who)
        return [
            (MessageReactions(MsgSeq=seq), functools.partial(message_at, tx, stream, reader, seq))
            for seq in req.MsgSeqList
        ]
    if req.Peer_Account is None or req.MsgKeyList is None:
        raise Refused(err.BAD_PARAMETER, "GroupId with MsgSeqList, or Peer_Account with MsgKeyList: required")
    _require_plan(who)
    return [
        (MessageReactions(MsgKey=key), functools.partial(between, tx, who, who.user, req.Peer_Account, key))
        for key in req.MsgKeyList
    ]


def _item(tx: Tx, who: Who, most: int, blank: MessageReactions, find: Find) -> MessageReactions:
    try:
        message = find()
    except Refused as refused:
        return msgspec.structs.replace(blank, ErrorCode=refused.row.code, ErrorInfo=refused.text)
    return msgspec.structs.replace(blank, ReactionList=_reactions(tx, who, message, most))


SELECT_FIRST = (
    "SELECT r.reaction, r.total, r.user_id, r.place, coalesce(a.nick, ''), coalesce(a.face_url, '') FROM"
    " (SELECT reaction, user_id, min(at_ms) OVER (PARTITION BY reaction) AS begun,"
    " count(*) OVER (PARTITION BY reaction) AS total,"
    " row_number() OVER (PARTITION BY reaction ORDER BY at_ms, user_id) AS place"
    " FROM reactions WHERE owner = :owner) r LEFT JOIN accounts a ON a.user_id = r.user_id"
    " WHERE r.place = 1 OR r.place <= :most OR r.user_id = :me ORDER BY r.begun, r.reaction, r.place"
)


def _reactions(tx: Tx, who: Who, message: Attached, most: int) -> list[Reaction]:
    rows = tx.all(SELECT_FIRST, owner=message.owner, most=most, me=who.user)
    return [_one(who, most, list(group)) for _, group in itertools.groupby(rows, key=lambda row: row[0])]


def _one(who: Who, most: int, rows: Sequence[Row]) -> Reaction:
    """Return one reaction from its first users' rows, and the caller's wherever it stands."""
    return Reaction(
        ReactionId=rows[0][0], TotalUserCount=rows[0][1],
        UserList=[
            ShortProfile(UserID=user, Nick=nick, FaceUrl=url) for _, _, user, at, nick, url in rows if at <= most
        ],
        ReactedByMyself=int(any(row[2] == who.user for row in rows)),
    )  # fmt: skip


class ReactingUsers(Reply, frozen=True, kw_only=True):
    """Users in the order in which they gave the reaction."""

    UserList: list[ShortProfile]
    Next: int
    IsFinished: int


class GetReactionUsers(_Named, Request[ReactingUsers], frozen=True, kw_only=True):
    """A message, as in adding, and which of its reactions."""

    Next: Annotated[int, number(0, MOST_USERS)] | None = None
    Limit: Annotated[int, number(1, PAGE)] | None = None


SELECT_USERS: LiteralString = (
    "SELECT r.user_id, coalesce(a.nick, ''), coalesce(a.face_url, '') FROM reactions r"
    " LEFT JOIN accounts a ON a.user_id = r.user_id WHERE r.owner = :owner AND r.reaction = :reaction"
    " ORDER BY r.at_ms, r.user_id LIMIT :limit OFFSET :start"
)


@command("gateway", writes=False, doors=(GATEWAY,), errors=(*_errors, err.REACTION_UNKNOWN))
def get_reaction_users(tx: Tx, who: Who, req: GetReactionUsers) -> ReactingUsers:
    """Read who has given a message a reaction, 100 at most."""
    message = _message(tx, who, req)
    start, limit = req.Next or 0, req.Limit or PAGE
    rows = tx.all(SELECT_USERS, owner=message.owner, reaction=req.ReactionId, limit=limit + 1, start=start)
    if not rows and not start:
        raise Refused(err.REACTION_UNKNOWN, f"ReactionId: {req.ReactionId!r}")
    finished = len(rows) <= limit
    return ReactingUsers(
        UserList=[ShortProfile(UserID=user, Nick=nick, FaceUrl=url) for user, nick, url in rows[:limit]],
        Next=0 if finished else start + limit, IsFinished=int(finished),
    )  # fmt: skip
