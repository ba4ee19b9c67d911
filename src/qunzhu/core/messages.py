"""A message as it is stored, pushed and pulled: one JSON form, made once. Absent fields have their usual value."""

import enum
from collections.abc import Sequence
from typing import Any

import msgspec

from qunzhu.core.elements import Element

PRIORITIES = ("High", "Normal", "Low")
CONTROLS = ("NoUnread", "NoLastMsg")
C2C_CONTROLS = (*CONTROLS, "WithMuteNotifications")
THERE, DELETED, RECALLED = range(3)
"""What became of a stored message: the column ``state``."""


class Mark(enum.IntFlag):
    """Bits of the column ``flags``: what a query must know of a message without reading it."""

    NO_UNREAD = 1
    NO_LAST = 2
    RECEIPT = 4
    EXTENSION = 8
    TARGETED = 16
    IMPORTED = 32
    MODIFIED = 64
    PEER_READ = 128
    SENDER_NOT_TOLD = 256
    """A one-to-one message that the sender's sessions are not told of."""
    PEER_NOT_TOLD = 512
    MENTION = 1024


class Mention(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom a message mentions: one member, or (1) everybody."""

    GroupAtAllFlag: int
    GroupAt_Account: str = ""


class Recall(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who took a message back, when (unix seconds) and why."""

    Operator_Account: str
    Time: int
    Reason: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What messages to groups and to users have in common. ``MsgTime`` is unix seconds, ``Nick`` the sender's."""

    From_Account: str
    MsgSeq: int
    MsgTime: int
    MsgRandom: int
    MsgBody: Sequence[Element]
    CloudCustomData: str = ""
    Nick: str = ""
    FaceUrl: str = ""
    SendMsgControl: Sequence[str] = ()
    SupportMessageExtension: int = 0
    OnlineOnlyFlag: int = 0
    OfflinePushInfo: dict[str, Any] | None = None
    Version: int = 0
    """How often it was modified."""
    Recalled: Recall | None = None


class GroupMessage(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A message to a group or topic. ``MsgSeq`` is its place in the stream, 0 for one that takes none."""

    GroupId: str
    GroupType: str
    TopicId: str = ""
    MsgPriority: str = "Normal"
    NameCard: str = ""
    GroupAtInfo: Sequence[Mention] = ()
    To_Account: Sequence[str] = ()
    """The only ones who get it; none: all members."""
    NeedReadReceipt: int = 0


class C2CMessage(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A message to one user. ``Num`` grows with every stored one of the app, 0: it was not stored."""

    To_Account: str
    MsgKey: str
    Num: int = 0
    IsNeedReadReceipt: int = 0
    IsPeerRead: int = 0


encode_message = msgspec.json.Encoder().encode
decode_group_message = msgspec.json.Decoder(GroupMessage).decode
decode_c2c_message = msgspec.json.Decoder(C2CMessage).decode


def marks_of(message: GroupMessage | C2CMessage) -> Mark:
    """Return the bits that a message's fields stand for."""
    marks = Mark(0)
    for given, mark in (
        ("NoUnread" in message.SendMsgControl, Mark.NO_UNREAD),
        ("NoLastMsg" in message.SendMsgControl, Mark.NO_LAST),
        (message.SupportMessageExtension, Mark.EXTENSION),
    ):
        if given:
            marks |= mark
    if isinstance(message, C2CMessage):
        return marks | (Mark.RECEIPT if message.IsNeedReadReceipt else Mark(0))
    marks |= Mark.RECEIPT if message.NeedReadReceipt else Mark(0)
    marks |= Mark.MENTION if message.GroupAtInfo else Mark(0)
    return marks | (Mark.TARGETED if message.To_Account else Mark(0))
