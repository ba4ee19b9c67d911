"""Sending messages to groups, topics and live rooms (docs 1047/34959, 49440)."""

from collections.abc import Sequence
from typing import Annotated, Any, LiteralString

import msgspec

from qunzhu.commands._callbacks import report_refusal
from qunzhu.commands._shared import (
    GroupRow,
    MemberRow,
    allowed,
    find_member,
    registered,
    role_of,
    silenced_until,
)
from qunzhu.commands._streams import Stream, find_stream, move_read, take_seq
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.muting import TopicIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.elements import Element, check_body, check_size
from qunzhu.core.errors import Refused
from qunzhu.core.events import GroupWoken, MessageDropped, MessageRepeated, MessageSent
from qunzhu.core.kinds import LIVE
from qunzhu.core.limits import UINT32, Account, Flag, items, number, one_of, text
from qunzhu.core.messages import CONTROLS, PRIORITIES, GroupMessage, Mark, Mention, encode_message, marks_of
from qunzhu.core.ports import REST, Tx, Who
from qunzhu.core.rights import Action, Role

SERVICE = "group_open_http_svc"
MAX_MENTIONS = 30
MAX_TARGETS = 50
RECEIPT_MEMBERS = 200
DROPPED = "MsgFreqCtrl"
TOO_MANY = 10023
"""What a callback calls a message that was dropped; to its sender the answer is OK."""
NOT_BEFORE, NO_CALLBACK = CALLBACKS = ("ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback")
Random = Annotated[int, number(0, UINT32)]
CloudText = Annotated[str, text(12288, binary=True, long=err.MESSAGE_TOO_LONG)]
Controls = Annotated[list[Annotated[str, one_of(*CONTROLS)]], items(len(CONTROLS), error=err.BAD_PARAMETER)]
Forbidden = Annotated[list[Annotated[str, one_of(*CALLBACKS)]], items(len(CALLBACKS), error=err.BAD_PARAMETER)]


class GivenMention(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the text mentions: one account, or everybody."""

    GroupAtAllFlag: Flag = 0
    GroupAt_Account: Account | None = None


class SentMessage(Reply, frozen=True, kw_only=True):
    """When and where the message stands in the stream; ``MsgDropReason`` is empty where it stands there."""

    MsgTime: int
    MsgSeq: int
    MsgDropReason: str = ""


class SendGroupMsg(Request[SentMessage], frozen=True, kw_only=True):
    """A message to a group, or to a topic of it."""

    GroupId: GroupIdText
    Random: Random
    MsgBody: list[Element]
    From_Account: Account | None = None
    MsgPriority: Annotated[str, one_of(*PRIORITIES)] | None = None
    OnlineOnlyFlag: Flag | None = None
    SendMsgControl: Controls | None = None
    ForbidCallbackControl: Forbidden | None = None
    GroupAtInfo: Annotated[list[GivenMention], items(MAX_MENTIONS, error=err.TOO_MANY_MENTIONS)] | None = None
    To_Account: Annotated[list[Account], items(MAX_TARGETS, error=err.BAD_PARAMETER)] | None = None
    CloudCustomData: CloudText | None = None
    SupportMessageExtension: Flag | None = None
    NeedReadReceipt: Flag | None = None
    OfflinePushInfo: dict[str, Any] | None = None
    TopicId: TopicIdText | None = None


@command(
    SERVICE, writes=True, doc="1047/34959", old_fields={"IsNeedReadReceipt": "NeedReadReceipt"},
    errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.SENDER_MUTED,
            err.TOO_MANY_MENTIONS, err.HIGHER_PLAN, err.GROUP_TOO_LARGE_FOR_RECEIPTS, err.RECEIPT_ONLINE_ONLY,
            err.MESSAGE_TOO_LONG, err.COMMUNITY_OFF, err.TOPIC_UNKNOWN, err.TOPIC_ID_INVALID),
)  # fmt: skip
def send_group_msg(tx: Tx, who: Who, req: SendGroupMsg) -> SentMessage:
    """Send a message to a group or topic.

    An app administrator sends in his own name or any registered account's, member or not; a user in his own, as a
    member. The same sender's message with the same Random within five minutes is answered as the first one, and not
    sent again. Over 40 messages a second the lower priorities are dropped first: OK with ``MsgDropReason``.
    """
    stream, sender = may_send(tx, who, req)
    member = find_member(tx, stream.group, sender) if stream.group.kind.stores_members else None
    if (first := _first_of_its_kind(tx, who, stream, sender, req.Random)) is not None:
        again = MessageRepeated(
            command=send_group_msg.__name__, sender=sender, target=stream.name, random=req.Random, at=who.now
        )
        tx.emit(again, keep=False)
        return first
    priority = req.MsgPriority or "Normal"
    if not may_pass(tx, who, stream.name, priority):
        tx.emit(MessageDropped(**_place(who, stream, sender), priority=priority), keep=False)
        most = who.app.settings.messages_per_second
        report_refusal(tx, who, send_group_msg.__name__, req, TOO_MANY, f"{stream.name}: {most} messages a second")
        return SentMessage(MsgTime=who.now, MsgSeq=0, MsgDropReason=DROPPED)
    reported = not forbids(who, NO_CALLBACK, req.ForbidCallbackControl)
    return _send(tx, who, stream, _message(tx, who, stream, req, sender, member), member, reported=reported)


def forbids(who: Who, what: str, given: list[str] | None) -> bool:
    """Say whether a message's ForbidCallbackControl takes it out of a callback: only administrators may."""
    return who.admin and what in (given or ())


def may_send(tx: Tx, who: Who, req: SendGroupMsg) -> tuple[Stream, str]:
    """Return where a message goes and in whose name, or refuse what may not be sent there."""
    stream = find_stream(tx, who, req.GroupId, req.TopicId)
    sender = _sender(tx, who, req.From_Account)
    _require_rights(tx, who, stream, req)
    _check(who, stream.group, req)
    require_voice(tx, who, stream, sender)
    return stream, sender


def _sender(tx: Tx, who: Who, named: str | None) -> str:
    """Return in whose name the message goes out."""
    if named in {None, who.user}:
        return who.user
    if not who.admin:
        raise Refused(err.NO_RIGHT, f"From_Account: {who.user!r} may not send as {named!r}")
    if not registered(tx, named or ""):
        raise Refused(err.BAD_PARAMETER, f"From_Account: {named!r} is not registered")
    return named or ""


def _require_rights(tx: Tx, who: Who, stream: Stream, req: SendGroupMsg) -> None:
    """Refuse (10007) who may not send there, or not mention everybody."""
    allowed(tx, who, stream.group, Action.SEND, topic_num=stream.topic_num)
    if any(mention.GroupAtAllFlag for mention in req.GroupAtInfo or ()):
        allowed(tx, who, stream.group, Action.MENTION_ALL, topic_num=stream.topic_num)


def _check(who: Who, group: GroupRow, req: SendGroupMsg) -> None:
    """Refuse what a message may not be, in this kind of group and under the app's plan."""
    check_body(req.MsgBody, err.BAD_PARAMETER)
    check_size(req.MsgBody, req.CloudCustomData, who.app.settings.message_bytes, err.MESSAGE_TOO_LONG)
    for index, mention in enumerate(req.GroupAtInfo or ()):
        if not mention.GroupAtAllFlag and mention.GroupAt_Account is None:
            raise Refused(err.BAD_PARAMETER, f"GroupAtInfo[{index}].GroupAt_Account: required, but absent")
    if req.SendMsgControl and req.OnlineOnlyFlag:
        raise Refused(err.BAD_PARAMETER, "SendMsgControl: not together with OnlineOnlyFlag 1")
    if not group.kind.counts_unread and "NoUnread" in (req.SendMsgControl or ()):
        raise Refused(err.BAD_PARAMETER, f"SendMsgControl: NoUnread: a {group.kind_name} group counts no unread ones")
    if req.To_Account or req.NeedReadReceipt:
        _check_special(who, group, req)


def _check_special(who: Who, group: GroupRow, req: SendGroupMsg) -> None:
    """Refuse messages to some members only, and receipts, where kind, plan or size do not allow them."""
    field = "To_Account" if req.To_Account else "NeedReadReceipt"
    if not group.kind.targets_members or req.TopicId:
        raise Refused(err.BAD_PARAMETER, f"{field}: not for {group.kind_name} groups")
    if not who.app.plan.special_messages:
        raise Refused(err.HIGHER_PLAN, f"{field}: plan {who.app.plan_name} has none")
    if req.NeedReadReceipt and req.OnlineOnlyFlag:
        raise Refused(err.RECEIPT_ONLINE_ONLY, "NeedReadReceipt: not together with OnlineOnlyFlag 1")
    if req.NeedReadReceipt and group.member_num > RECEIPT_MEMBERS:
        raise Refused(err.GROUP_TOO_LARGE_FOR_RECEIPTS, f"NeedReadReceipt: the group has {group.member_num} members")


SELECT_MUTES = (
    "SELECT max(until) FROM mutes WHERE group_num = :num AND (topic_num = 0 OR topic_num = :topic) AND user_id = :user"
)


def require_voice(tx: Tx, who: Who, stream: Stream, sender: str) -> None:
    """Refuse (10017) a sender who is muted himself, or where all but owner and administrators are."""
    group = stream.group
    row = tx.one(SELECT_MUTES, num=group.num, topic=stream.topic_num, user=sender)
    _, silenced = silenced_until(tx, sender)
    until = max(int((row and row[0]) or 0), silenced)
    if until > who.now:
        raise Refused(err.SENDER_MUTED, f"{sender!r} until {until}")
    if (group.mute_all or (stream.topic and stream.topic.mute_all)) and sender not in who.app.admins:
        role = role_of(tx, group, sender)
        if role not in {Role.OWNER, Role.ADMIN}:
            raise Refused(err.SENDER_MUTED, "everybody but the owner and administrators is")


# The list is looked up in its index alone: by the table's key, SQLite would read the whole stream.
SELECT_SAME = (
    "SELECT seq, at FROM messages WHERE group_num = :num AND topic_num = :topic AND seq IN (SELECT seq FROM messages"
    " WHERE group_num = :num AND topic_num = :topic AND random = :random)"
    " AND sender = :sender AND at > :since ORDER BY seq DESC LIMIT 1"
)


def _first_of_its_kind(tx: Tx, who: Who, stream: Stream, sender: str, random: int) -> SentMessage | None:
    """Return the answer to the same message sent before, or None: a client that got no answer sends again."""
    window = who.app.settings.duplicate_seconds
    if not stream.group.kind.stores_messages:
        known: SentMessage | None = tx.recall(f"sent:{stream.name}:{sender}:{random}")
        return known if known is not None and known.MsgTime > who.now - window else None
    row = tx.one(
        SELECT_SAME, num=stream.group.num, topic=stream.topic_num, random=random, sender=sender, since=who.now - window
    )
    return None if row is None else SentMessage(MsgTime=row[1], MsgSeq=row[0])


class Pace(msgspec.Struct, frozen=True):
    """How many messages of each priority, highest first, a stream had in a second and wanted in the one before."""

    second: int
    passed: tuple[int, ...] = (0,) * len(PRIORITIES)
    wanted: tuple[int, ...] = (0,) * len(PRIORITIES)
    before: tuple[int, ...] = (0,) * len(PRIORITIES)


def may_pass(tx: Tx, who: Who, name: str, priority: str) -> bool:
    """Count a message of a stream and say whether its frequency lets it through.

    A priority has what the higher ones leave of the limit: what they have sent in this second, or, if that was more,
    wanted in the last one. So lower ones give way as soon as there are higher ones, and never take their place.
    """
    most = who.app.settings.messages_per_second
    if not most:
        return True
    pace: Pace = tx.recall(f"pace:{name}") or Pace(0)
    if pace.second != who.now:
        pace = Pace(who.now, before=pace.wanted if pace.second == who.now - 1 else Pace(0).before)
    at = PRIORITIES.index(priority)
    higher = sum(max(sent, min(kept, most)) for sent, kept in zip(pace.passed[:at], pace.before[:at], strict=True))
    passes = higher + pace.passed[at] < most
    tx.remember(f"pace:{name}", Pace(
        pace.second, _one_more(pace.passed, at) if passes else pace.passed, _one_more(pace.wanted, at), pace.before
    ))  # fmt: skip
    return passes


def _one_more(counts: tuple[int, ...], at: int) -> tuple[int, ...]:
    return *counts[:at], counts[at] + 1, *counts[at + 1 :]


def _place(who: Who, stream: Stream, sender: str) -> dict[str, Any]:
    return {
        "group_id": stream.group.group_id, "kind": stream.group.kind_name, "operator": sender,
        "at": max(who.now, stream.last_msg_at),
    }  # fmt: skip


SELECT_PROFILE = "SELECT nick, face_url FROM accounts WHERE user_id = :user"


def _message(
    tx: Tx, who: Who, stream: Stream, req: SendGroupMsg, sender: str, member: MemberRow | None
) -> GroupMessage:
    """Return the message as it will be stored and pushed, without its seq."""
    group = stream.group
    nick, face_url = tx.one(SELECT_PROFILE, user=sender) or ("", "")
    return GroupMessage(
        GroupId=group.group_id, GroupType=group.kind_name, TopicId=stream.topic_id, From_Account=sender, MsgSeq=0,
        MsgTime=max(who.now, stream.last_msg_at), MsgRandom=req.Random, MsgPriority=req.MsgPriority or "Normal",
        MsgBody=req.MsgBody, CloudCustomData=req.CloudCustomData or "", Nick=nick, FaceUrl=face_url,
        NameCard=member.name_card if member else "", SendMsgControl=req.SendMsgControl or (),
        GroupAtInfo=tuple(Mention(m.GroupAtAllFlag, m.GroupAt_Account or "") for m in req.GroupAtInfo or ()),
        To_Account=_targets(tx, group, req.To_Account), SupportMessageExtension=req.SupportMessageExtension or 0,
        NeedReadReceipt=req.NeedReadReceipt or 0, OfflinePushInfo=req.OfflinePushInfo,
        OnlineOnlyFlag=(req.OnlineOnlyFlag or 0) if group.kind.stores_messages else 0,
    )  # fmt: skip


def _targets(tx: Tx, group: GroupRow, users: Sequence[str] | None) -> Sequence[str]:
    """Return those named who are members, or refuse (10004) where none of them is."""
    if not users:
        return ()
    members = [user for user in dict.fromkeys(users) if find_member(tx, group, user) is not None]
    if not members:
        raise Refused(err.BAD_PARAMETER, "To_Account: none of them is a member of the group")
    return members


INSERT_MESSAGE: LiteralString = (
    "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
    " VALUES (:num, :topic, :seq, :at, :sender, :random, 0, :flags, :quiet, :body)"
)
TOUCH_SENDER = "UPDATE members SET last_msg_at = :at WHERE group_num = :num AND user_id = :user"
QUIET = Mark.NO_UNREAD | Mark.TARGETED


def _send(
    tx: Tx, who: Who, stream: Stream, message: GroupMessage, member: MemberRow | None, *, reported: bool
) -> SentMessage:
    """Give a message its place in the stream, store it where the kind does, and tell the members."""
    if message.OnlineOnlyFlag:
        return _emit(tx, who, stream, message, member, kept=False, reported=reported)
    seq = take_seq(tx, stream, message.MsgTime)
    message = msgspec.structs.replace(message, MsgSeq=seq)
    _wake(tx, who, stream.group, message.From_Account)
    sent = _emit(
        tx, who, stream, message, member, kept=stream.group.kind.stores_messages, reported=reported
    )  # fmt: skip
    if not stream.group.kind.stores_messages:
        tx.remember(f"sent:{stream.name}:{message.From_Account}:{message.MsgRandom}", sent)
    return sent


def _emit(
    tx: Tx, who: Who, stream: Stream, message: GroupMessage, member: MemberRow | None, *, kept: bool, reported: bool
) -> SentMessage:
    body, flags, sender = encode_message(message), marks_of(message), message.From_Account
    place = {"num": stream.group.num, "topic": stream.topic_num, "seq": message.MsgSeq, "at": message.MsgTime}
    if kept:
        tx.run(
            INSERT_MESSAGE, **place, sender=sender, random=message.MsgRandom, flags=int(flags),
            quiet=int(bool(flags & QUIET)), body=body.decode(),
        )  # fmt: skip
        if member is not None:
            tx.run(TOUCH_SENDER, num=stream.group.num, user=sender, at=message.MsgTime)
            move_read(tx, stream, sender, message.MsgSeq)
    event = MessageSent(
        **_place(who, stream, sender), seq=message.MsgSeq, message=msgspec.Raw(body), topic_id=stream.topic_id,
        users=_receivers(stream.group, message), random=message.MsgRandom, flags=int(flags), kept=kept,
        member=member is not None, told=_is_seen(stream.group, sender), reported=reported,
    )  # fmt: skip
    tx.emit(event, keep=kept)
    return SentMessage(MsgTime=message.MsgTime, MsgSeq=message.MsgSeq)


def _is_seen(group: GroupRow, sender: str) -> bool:
    """Say whether the members see what is sent: not in a group that sleeps, unless its owner wakes it."""
    return bool(group.active) or sender == group.owner


def _receivers(group: GroupRow, message: GroupMessage) -> list[str]:
    """Return the only ones who get a message, none where all do: a group that sleeps shows its owner's alone."""
    sender = message.From_Account
    if not _is_seen(group, sender):
        return [user for user in dict.fromkeys([sender, group.owner]) if user]
    return list(dict.fromkeys([sender, *message.To_Account])) if message.To_Account else []


WAKE = "UPDATE groups SET active = 1 WHERE num = :num"


def _wake(tx: Tx, who: Who, group: GroupRow, sender: str) -> None:
    """Let the members see a group whose owner sent his first message (doc 1047/33529, Work groups)."""
    if group.active or not _is_seen(group, sender):
        return
    tx.run(WAKE, num=group.num)
    rows = tx.all("SELECT user_id FROM members WHERE group_num = :num ORDER BY user_id", num=group.num)
    tx.emit(GroupWoken(
        group_id=group.group_id, kind=group.kind_name, operator=sender, at=who.now, users=[user for (user,) in rows],
        told=False,
    ))  # fmt: skip


class Broadcast(Reply, frozen=True, kw_only=True):
    """The broadcast's number."""

    MsgSeq: int


class SendBroadcastMsg(Request[Broadcast], frozen=True, kw_only=True):
    """A message to every live room of the app."""

    Random: Random
    MsgBody: list[Element]
    From_Account: Account | None = None
    CloudCustomData: CloudText | None = None


@command(SERVICE, writes=True, doc="1047/49440", doors=(REST,), per_second=1,
         errors=(err.BAD_PARAMETER, err.HIGHER_PLAN, err.MESSAGE_TOO_LONG))  # fmt: skip
def send_broadcast_msg(tx: Tx, who: Who, req: SendBroadcastMsg) -> Broadcast:
    """Send a message to everybody who is in a live room; it is not stored."""
    who.require_admin()
    if not who.app.plan.special_messages:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no broadcasts")
    sender = _sender(tx, who, req.From_Account)
    check_body(req.MsgBody, err.BAD_PARAMETER)
    check_size(req.MsgBody, req.CloudCustomData, who.app.settings.message_bytes, err.MESSAGE_TOO_LONG)
    key = f"broadcast:{sender}:{req.Random}"
    if (known := tx.recall(key)) is not None and known[0] > who.now - who.app.settings.duplicate_seconds:
        return Broadcast(MsgSeq=known[1])
    seq = tx.count("last-broadcast", 1)
    tx.remember(key, (who.now, seq))
    nick, face_url = tx.one(SELECT_PROFILE, user=sender) or ("", "")
    message = GroupMessage(
        GroupId="", GroupType=LIVE.name, From_Account=sender, MsgSeq=seq, MsgTime=who.now, MsgRandom=req.Random,
        MsgBody=req.MsgBody, CloudCustomData=req.CloudCustomData or "", Nick=nick, FaceUrl=face_url,
    )  # fmt: skip
    tx.emit(MessageSent(
        group_id="", kind=LIVE.name, operator=sender, at=who.now, seq=seq, message=msgspec.Raw(encode_message(message)),
        random=req.Random,
    ), keep=False)  # fmt: skip
    return Broadcast(MsgSeq=seq)
