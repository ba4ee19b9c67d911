"""Messages that a group or topic has pinned (SDK 7.9, ``TIMPinGroupMessage``)."""

import msgspec

from qunzhu.commands._attached import UNPIN, Seq, message_at
from qunzhu.commands._history import reader_of
from qunzhu.commands._shared import allowed
from qunzhu.commands._streams import Stream, find_stream, first_kept
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import NULL, MessagePinned
from qunzhu.core.messages import Mark
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import Action

MOST = 10
_errors = (
    err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.HIGHER_PLAN, err.COMMUNITY_OFF,
    err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID,
)  # fmt: skip


class PinGroupMessage(Request[Done], frozen=True, kw_only=True):
    """Which message to pin, or not to pin any more."""

    GroupId: GroupIdText
    MsgSeq: Seq
    Pinned: bool
    TopicId: TopicIdText | None = None


@command("gateway", writes=True, doors=(GATEWAY,), errors=(*_errors, err.TOO_MANY_PINS, err.PINNED_ALREADY))
def pin_group_message(tx: Tx, who: Who, req: PinGroupMessage) -> Done:
    """Pin a message of a group or topic, or take the pin off; at most 10 are pinned (10070).

    Taking it off a message that has none changes nothing.
    """
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    reader = reader_of(tx, who, stream, Action.PIN)
    _require_plan(who)
    where = {"num": stream.group.num, "topic": stream.topic_num}
    pinned = {seq for seq, *_ in tx.all(SELECT_PINS, **where, first=first_kept(tx, who, stream))}
    if not req.Pinned:
        if req.MsgSeq in pinned:
            tx.run(UNPIN, **where, seq=req.MsgSeq)
            _emit(tx, who, stream, req)
        return Done()
    message = message_at(tx, stream, reader, req.MsgSeq, err.BAD_PARAMETER)
    if message.flags & Mark.TARGETED:
        raise Refused(err.BAD_PARAMETER, f"MsgSeq: {req.MsgSeq} is for some members only")
    if req.MsgSeq in pinned:
        raise Refused(err.PINNED_ALREADY, f"MsgSeq: {req.MsgSeq} in {stream.name!r}")
    if len(pinned) >= MOST:
        raise Refused(err.TOO_MANY_PINS, f"{stream.name!r} has {len(pinned)}")
    tx.run(INSERT_PIN, **where, seq=req.MsgSeq, user=who.user, at=who.now)
    _emit(tx, who, stream, req, msgspec.Raw(message.body.encode()))
    return Done()


INSERT_PIN = (
    "INSERT INTO pinned_messages (group_num, topic_num, seq, user_id, at) VALUES (:num, :topic, :seq, :user, :at)"
)


def _require_plan(who: Who) -> None:
    if not who.app.plan.special_messages:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no pinned messages")


def _emit(tx: Tx, who: Who, stream: Stream, req: PinGroupMessage, message: msgspec.Raw = NULL) -> None:
    tx.emit(MessagePinned(
        group_id=stream.group.group_id, kind=stream.group.kind_name, operator=who.user, at=who.now,
        topic_id=stream.topic_id, msg_seq=req.MsgSeq, pinned=req.Pinned, message=message,
    ))  # fmt: skip


class PinnedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A pinned message, and who pinned it when."""

    Message: msgspec.Raw
    Pinner_Account: str
    PinTime: int


class PinnedMessages(Reply, frozen=True, kw_only=True):
    """The pinned messages, the one pinned last first."""

    Items: list[PinnedMessage]


class GetPinnedGroupMessages(Request[PinnedMessages], frozen=True, kw_only=True):
    """Whose pinned messages to read."""

    GroupId: GroupIdText
    TopicId: TopicIdText | None = None


SELECT_PINS = (
    "SELECT p.seq, p.user_id, p.at, m.body FROM pinned_messages p JOIN messages m ON m.group_num = p.group_num"
    " AND m.topic_num = p.topic_num AND m.seq = p.seq AND m.state = 0"
    " WHERE p.group_num = :num AND p.topic_num = :topic AND p.seq >= :first ORDER BY p.at DESC, p.seq DESC"
)


@command("gateway", writes=False, doors=(GATEWAY,), errors=_errors)
def get_pinned_group_messages(tx: Tx, who: Who, req: GetPinnedGroupMessages) -> PinnedMessages:
    """Read the messages that a group or topic has pinned; those from before the caller joined are for him too."""
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    allowed(tx, who, stream.group, Action.READ_HISTORY, topic_num=stream.topic_num)
    _require_plan(who)
    rows = tx.all(SELECT_PINS, num=stream.group.num, topic=stream.topic_num, first=first_kept(tx, who, stream))
    return PinnedMessages(Items=[
        PinnedMessage(Message=msgspec.Raw(body.encode()), Pinner_Account=user, PinTime=at)
        for _, user, at, body in rows
    ])  # fmt: skip
