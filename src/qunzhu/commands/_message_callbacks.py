"""What the app's own server is told of messages: the bodies of the callbacks (docs 1047/34365, 34375, 43465, 49462)."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import msgspec

from qunzhu.commands._c2c import all_unread_c2c
from qunzhu.core.events import C2CRead, C2CRecalled, C2CSent, ConversationsRead, MessageSent, MessagesRecalled
from qunzhu.core.ids import is_group_id
from qunzhu.core.ports import Tx, Who

Body = Mapping[str, Any] | None
SELECT_KIND: LiteralString = "SELECT kind_name FROM groups WHERE group_id = :group"


class _Content(msgspec.Struct, frozen=True):
    """The part of a stored message that callbacks carry on as it is."""

    MsgBody: Sequence[msgspec.Raw] = ()
    CloudCustomData: str = ""
    OnlineOnlyFlag: int = 0
    GroupAtInfo: Sequence[msgspec.Raw] = ()


_content = msgspec.json.Decoder(_Content).decode


def pair_lane(one: str, other: str) -> str:
    """Return what keeps the order of the callbacks of one conversation of two users."""
    return f"users {min(one, other)} {max(one, other)}"


def sent(tx: Tx, who: Who, event: MessageSent) -> Body:
    """Tell of a message to a group or topic; not of a broadcast, nor where its sender wants none told."""
    del tx
    if not event.reported or not event.group_id:
        return None
    content = _content(bytes(event.message))
    return {
        "GroupId": event.group_id, "Type": event.kind, "From_Account": event.operator, "Operator_Account": who.user,
        "Random": event.random, "MsgSeq": event.seq, "MsgTime": event.at, "OnlineOnlyFlag": content.OnlineOnlyFlag,
        "MsgBody": content.MsgBody, "CloudCustomData": content.CloudCustomData,
        **({"TopicId": event.topic_id} if event.topic_id else {}),
        **({"GroupAtInfo": content.GroupAtInfo} if content.GroupAtInfo else {}), "EventTime": str(who.now_ms),
    }  # fmt: skip


def not_sent(tx: Tx, who: Who, req: Any, code: int, text: str) -> Body:
    """Tell of a message that a group did not get; of a group that there is not, nothing."""
    row = tx.one(SELECT_KIND, group=req.GroupId) if is_group_id(req.GroupId) else None
    return None if row is None else {
        "GroupId": req.GroupId, "Type": row[0], "From_Account": req.From_Account or who.user,
        "Operator_Account": who.user, "Random": req.Random, "OnlineOnlyFlag": req.OnlineOnlyFlag or 0,
        "MsgBody": req.MsgBody, "CloudCustomData": req.CloudCustomData or "", "ErrorCode": code, "ErrorInfo": text,
        "EventTime": str(who.now_ms),
    }  # fmt: skip


def recalled(tx: Tx, who: Who, event: MessagesRecalled) -> Body:
    """Tell which messages of a group or topic were taken back."""
    del tx
    return {
        "Operator_Account": event.operator, "GroupId": event.group_id, "Type": event.kind,
        "MsgSeqList": [{"MsgSeq": seq} for seq in event.seqs],
        **({"TopicId": event.topic_id} if event.topic_id else {}), "EventTime": str(who.now_ms),
    }  # fmt: skip


def c2c_sent(tx: Tx, who: Who, event: C2CSent) -> Body:
    """Tell of a message to a user, which he has got."""
    if not event.reported:
        return None
    content = _content(bytes(event.message))
    return {
        "From_Account": event.sender, "To_Account": event.peer, "MsgSeq": event.msg_seq, "MsgRandom": event.random,
        "MsgTime": event.at, "MsgKey": event.key, "OnlineOnlyFlag": content.OnlineOnlyFlag, "SendMsgResult": 0,
        "ErrorInfo": "", "UnreadMsgNum": all_unread_c2c(tx, who, event.peer), "MsgBody": content.MsgBody,
        "CloudCustomData": content.CloudCustomData,
    }  # fmt: skip


def c2c_not_sent(tx: Tx, who: Who, req: Any, code: int, text: str) -> Body:
    """Tell of a message that a user did not get."""
    del tx
    seq, online = req.MsgSeq or 0, bool(req.OnlineOnlyFlag) or req.MsgLifeTime == 0
    return {
        "From_Account": req.From_Account or who.user, "To_Account": req.To_Account, "MsgSeq": seq,
        "MsgRandom": req.MsgRandom, "MsgTime": who.now, "MsgKey": f"{seq}_{req.MsgRandom}_{who.now}",
        "OnlineOnlyFlag": int(online), "SendMsgResult": code, "ErrorInfo": text, "UnreadMsgNum": -1,
        "MsgBody": req.MsgBody, "CloudCustomData": req.CloudCustomData or "",
    }  # fmt: skip


def c2c_read(tx: Tx, who: Who, event: C2CRead) -> Body:
    """Tell up to when a user has read what another wrote him."""
    return {
        "Report_Account": event.reader, "Peer_Account": event.peer, "LastReadTime": event.at,
        "UnreadMsgNum": all_unread_c2c(tx, who, event.reader),
    }  # fmt: skip


def all_read(event: ConversationsRead) -> Sequence[C2CRead]:
    """Return what a user read at once as what he read of each other user."""
    return [
        C2CRead(reader=event.user, peer=peer, num=num, at=event.at, unread=0) for peer, (num, _) in event.peers.items()
    ]


def c2c_recalled(tx: Tx, who: Who, event: C2CRecalled) -> Body:
    """Tell of a message to a user that was taken back."""
    return {
        "From_Account": event.sender, "To_Account": event.peer, "MsgKey": event.key,
        "UnreadMsgNum": all_unread_c2c(tx, who, event.peer),
    }  # fmt: skip
