"""What is pushed to whom when messages and conversations change, as a table: one row an event.

Tips and notices of groups are in ``notices.py``.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from qunzhu.core.events import (
    AllReceiveOptionSet,
    C2CEvent,
    C2CExtensionsChanged,
    C2CHidden,
    C2CModified,
    C2CReactionChanged,
    C2CRead,
    C2CRecalled,
    C2CReceiptGiven,
    C2CSent,
    ContactGroupChanged,
    ContactNow,
    ContactsChanged,
    ConversationsRead,
    Event,
    ExtensionsChanged,
    GroupEvent,
    MessageModified,
    MessagePinned,
    MessageSent,
    MessagesHidden,
    MessagesRecalled,
    Reacting,
    ReactionChanged,
    ReadMoved,
    ReceiptsGiven,
)
from qunzhu.core.limits import MSG_FLAGS

GROUP_MESSAGE, GROUP_SEQ, C2C_MESSAGE = "group_message", "group_seq", "c2c_message"
MESSAGE_CHANGE, CONVERSATION_CHANGE = "message_change", "conversation_change"


class Push(msgspec.Struct, frozen=True):
    """One push: its method, its params (a record, a dict, or JSON made already), and who gets it."""

    method: str
    params: Any
    users: Sequence[str] | None = None
    """None: everybody in the group of the event."""
    but: int = 0
    """Number of the session that is not told: what is pushed is what it has just done."""


E = TypeVar("E", bound=Event)
_ROWS: dict[type[Event], Callable[[Any], list[Push]]] = {}


def pushed(kind: type[E]) -> Callable[[Callable[[E], list[Push]]], Callable[[E], list[Push]]]:
    """Enter what is pushed for one kind of event."""

    def enter(row: Callable[[E], list[Push]]) -> Callable[[E], list[Push]]:
        _ROWS[kind] = row
        return row

    return enter


def pushes(event: Event) -> list[Push]:
    """Return the pushes of an event, none where it has none."""
    row = _ROWS.get(type(event))
    return [] if row is None else row(event)


def place(event: GroupEvent, topic_id: str = "") -> dict[str, Any]:
    """Return the fields that say where something happened."""
    return {"GroupId": event.group_id, **({"TopicId": topic_id} if topic_id else {})}


@pushed(MessageSent)
def _sent(event: MessageSent) -> list[Push]:
    return [Push(GROUP_MESSAGE, event.message, event.users or None)]


def skipped(event: MessageSent) -> Push:
    """Return what those in the group are told whom a stored message is not for: its seq is no gap."""
    return Push(GROUP_SEQ, {**place(event, event.topic_id), "Seq": event.seq})


# What happens to stored messages.


@pushed(MessagesRecalled)
def _recalled(event: MessagesRecalled) -> list[Push]:
    reason = {"Reason": event.reason} if event.reason else {}
    told = {"MsgSeqList": event.seqs, "Operator_Account": event.operator, "Time": event.at, **reason}
    return [Push(MESSAGE_CHANGE, {"ChangeType": "Recalled", **place(event, event.topic_id), **told})]


@pushed(ReadMoved)
def _read(event: ReadMoved) -> list[Push]:
    told = {"ChangeType": "Read", **place(event, event.topic_id), "MsgSeq": event.upto, "UnreadMsgNum": event.unread}
    return [Push(CONVERSATION_CHANGE, told, [event.operator])]


@pushed(MessageModified)
def _modified(event: MessageModified) -> list[Push]:
    return [Push(MESSAGE_CHANGE, {"ChangeType": "Modified", "Message": event.message}, event.users or None)]


@pushed(ReceiptsGiven)
def _receipts(event: ReceiptsGiven) -> list[Push]:
    return [
        Push(MESSAGE_CHANGE, {
            "ChangeType": "Receipt", **place(event), "MsgSeq": one.seq, "ReadNum": one.read, "UnreadNum": one.unread,
        }, [one.sender])
        for one in event.receipts
    ]  # fmt: skip


@pushed(MessagesHidden)
def _hidden(event: MessagesHidden) -> list[Push]:
    which: dict[str, Any] = {"MsgSeqList": event.seqs} if event.seqs else {"Upto": event.upto}
    return [
        Push(CONVERSATION_CHANGE, {"ChangeType": "Hidden", **place(event, event.topic_id), **which}, [event.operator])
    ]


# One-to-one messages


def _names(event: C2CEvent) -> dict[str, Any]:
    """Return the fields that say which message something happened to."""
    return {"From_Account": event.sender, "To_Account": event.peer, "MsgKey": event.key, "Num": event.num}


@pushed(C2CSent)
def _c2c_sent(event: C2CSent) -> list[Push]:
    if not event.num:
        return [Push(C2C_MESSAGE, event.message, list(event.told))]
    # The number before it is each user's own: by it he sees whether he missed one.
    rest = bytes(event.message)[1:]
    return [
        Push(C2C_MESSAGE, msgspec.Raw(b'{"Prev":%d,' % before + rest), [user]) for user, before in event.told.items()
    ]


@pushed(C2CRecalled)
def _c2c_recalled(event: C2CRecalled) -> list[Push]:
    more = {"Operator_Account": event.operator, "Time": event.time}
    more |= {"Reason": event.reason} if event.reason else {}
    return [Push(MESSAGE_CHANGE, {"ChangeType": "Recalled", **_names(event), **more}, event.holders)]


@pushed(C2CModified)
def _c2c_modified(event: C2CModified) -> list[Push]:
    return [Push(MESSAGE_CHANGE, {"ChangeType": "Modified", "Message": event.message}, event.holders)]


@pushed(C2CReceiptGiven)
def _c2c_receipt_given(event: C2CReceiptGiven) -> list[Push]:
    return [Push(MESSAGE_CHANGE, {"ChangeType": "Receipt", **_names(event)}, [event.sender])]


@pushed(C2CRead)
def _c2c_read(event: C2CRead) -> list[Push]:
    read = {"Reader_Account": event.reader, "Peer_Account": event.peer, "ReadTime": event.at, "Num": event.num}
    mine = {"Peer_Account": event.peer, "ReadTime": event.at, "Num": event.num, "UnreadMsgNum": event.unread}
    return [
        Push(MESSAGE_CHANGE, {"ChangeType": "Read", **read}, [event.peer]),
        Push(CONVERSATION_CHANGE, {"ChangeType": "Read", **mine}, [event.reader]),
    ]


@pushed(C2CHidden)
def _c2c_hidden(event: C2CHidden) -> list[Push]:
    change = {"ChangeType": "Hidden", "Peer_Account": event.peer, "MsgKeyList": event.keys}
    return [Push(CONVERSATION_CHANGE, change, [event.user])]


# What hangs on messages, and users' conversations

CONTACT_FIELD = {1: "To_Account", 2: "GroupId"}
"""By whom or what a conversation is with, by its sort."""
Fields = dict[str, Any]


def _extended(event: ExtensionsChanged | C2CExtensionsChanged) -> Fields:
    pairs = [{"Key": key, "Value": value, "Seq": event.latest} for key, value in event.changed.items()]
    return {
        "ExtensionList": pairs, "RemovedKeys": event.removed, "LatestSeq": event.latest,
        **({"Cleared": 1} if event.cleared else {}), "Operator_Account": event.operator,
    }  # fmt: skip


def _in_group(event: ExtensionsChanged | ReactionChanged | MessagePinned) -> Fields:
    return {**place(event, event.topic_id), "MsgSeq": event.msg_seq}


@pushed(ExtensionsChanged)
def _extensions(event: ExtensionsChanged) -> list[Push]:
    params = {"ChangeType": "Extensions", **_in_group(event), **_extended(event)}
    return [Push(MESSAGE_CHANGE, params, event.users or None)]


@pushed(C2CExtensionsChanged)
def _c2c_extensions(event: C2CExtensionsChanged) -> list[Push]:
    params = {"ChangeType": "Extensions", **_names(event), **_extended(event)}
    return [Push(MESSAGE_CHANGE, params, _both(event))]


def _both(event: C2CEvent) -> list[str]:
    return list(dict.fromkeys([event.sender, event.peer]))


def _reacted(now: Reacting, operator: str) -> Fields:
    one = {"ReactionId": now.reaction, "TotalUserCount": now.total, "UserList": now.first}
    return {"ReactionList": [one], "Operator_Account": operator}


@pushed(ReactionChanged)
def _reaction(event: ReactionChanged) -> list[Push]:
    params = {"ChangeType": "Reactions", **_in_group(event), **_reacted(event.now, event.operator)}
    return [Push(MESSAGE_CHANGE, params, event.users or None)]


@pushed(C2CReactionChanged)
def _c2c_reaction(event: C2CReactionChanged) -> list[Push]:
    params = {"ChangeType": "Reactions", **_names(event), **_reacted(event.now, event.operator)}
    return [Push(MESSAGE_CHANGE, params, _both(event))]


@pushed(MessagePinned)
def _pinned(event: MessagePinned) -> list[Push]:
    params = {
        "ChangeType": "Pinned", **_in_group(event), "Pinned": event.pinned, "Operator_Account": event.operator,
        "Time": event.at, **({"Message": event.message} if event.pinned else {}),
    }  # fmt: skip
    return [Push(MESSAGE_CHANGE, params)]


def contact(sort: int, peer: str) -> Fields:
    """Return the fields that say which conversation is meant."""
    return {"Type": sort, CONTACT_FIELD[sort]: peer}


def _set(now: ContactNow) -> Fields:
    return {
        **contact(now.sort, now.peer), "Pinned": bool(now.top_at), "Marks": now.marks, "CustomData": now.custom_mark,
        "MsgFlag": MSG_FLAGS[now.msg_flag],
    }  # fmt: skip


@pushed(ContactsChanged)
def _contacts(event: ContactsChanged) -> list[Push]:
    cleared = {"ClearRamble": 1} if event.cleared else {}
    params = {
        "ChangeType": event.change, "ConvList": [_set(now) for now in event.contacts], "Time": event.at, **cleared,
    }  # fmt: skip
    return [Push(CONVERSATION_CHANGE, params, [event.user], event.session)]


@pushed(ContactGroupChanged)
def _contact_group(event: ContactGroupChanged) -> list[Push]:
    params = {
        "ChangeType": f"Group{event.change}", "ContactGroupId": event.num, "GroupName": event.name,
        **({"OldGroupName": event.old_name} if event.old_name else {}),
        "ConvList": [contact(sort, peer) for sort, peer in event.items], "Time": event.at,
    }  # fmt: skip
    return [Push(CONVERSATION_CHANGE, params, [event.user], event.session)]


@pushed(ConversationsRead)
def _all_read(event: ConversationsRead) -> list[Push]:
    groups = [{**contact(2, group), "MsgSeq": seq} for group, seq in event.groups.items()]
    peers = [{**contact(1, peer), "Num": num, "ReadTime": at} for peer, (num, at) in event.peers.items()]
    own = {"ChangeType": "Read", "ConvList": [*peers, *groups], "Time": event.at}
    told = [
        Push(MESSAGE_CHANGE, {
            "ChangeType": "Read", "Reader_Account": event.user, "Peer_Account": peer, "ReadTime": at, "Num": num,
        }, [peer])
        for peer, (num, at) in event.peers.items()
    ]  # fmt: skip
    return [Push(CONVERSATION_CHANGE, own, [event.user], event.session), *told]


# How all messages reach a user


@pushed(AllReceiveOptionSet)
def _all_receive_option(event: AllReceiveOptionSet) -> list[Push]:
    params = {
        "ChangeType": "AllReceiveOption", "MsgFlag": event.flag, "StartOfDay": event.start_of_day,
        "StartTime": event.start_at, "Duration": event.seconds,
    }  # fmt: skip
    return [Push(CONVERSATION_CHANGE, params, [event.user])]
