"""What a user's conversations become by what a client tells. No I/O.

Where what is told does not say enough, the conversation is named as stale: to be read from the server again.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from qunzhu.client.events import (
    C2CReceived,
    ChangeReceived,
    ClientEvent,
    ConversationChanged,
    MessageChanged,
    MessageReceived,
    NoticeReceived,
    TipReceived,
)
from qunzhu.client.ledger import ENTERED, LEFT
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.notices import REFRESH, Notice
from qunzhu.tim.conversations import (
    AT_ALL,
    AT_ME,
    C2C,
    GROUP,
    MENTIONS_KEPT,
    Conversation,
    Conversations,
    Key,
    Mention,
)

Stale = Iterable[Key]
Change = Callable[[Conversation], Conversation]
DEAF = MSG_FLAGS.index("Discard")
NO_UNREAD, NO_LAST = "NoUnread", "NoLastMsg"
_PROFILE = {"Name": "name", "FaceUrl": "face_url"}
_SEQ, _NUM = "MsgSeq", "Num"
_PLACE = {C2C: _NUM, GROUP: _SEQ}
"""By which field a message has its place in a conversation."""


def take(known: Conversations, user: str, event: ClientEvent) -> Stale:
    """Change the conversations of a user by an event, and return those that must be read again."""
    if isinstance(event, MessageChanged):
        row = MESSAGE_CHANGES.get(event.change["ChangeType"])
        return row(known, user, event.change) if row else ()
    if isinstance(event, ConversationChanged):
        row = CONVERSATION_CHANGES.get(event.change["ChangeType"])
        return row(known, user, event.change) if row else ()
    return _arrival(known, user, event)


def _arrival(known: Conversations, user: str, event: ClientEvent) -> Stale:
    match event:
        case MessageReceived(message=message):
            return _message(known, user, message)
        case C2CReceived(message=message):
            return _c2c_message(known, user, message)
        case TipReceived(tip=tip):
            return _tip(known, tip)
        case NoticeReceived(notice=notice):
            return _notice(known, notice)
        case ChangeReceived(change=change) if change["ChangeType"] == REFRESH:
            return _known(known, Key(GROUP, change["GroupId"]))
    return ()


def _known(known: Conversations, key: Key) -> Stale:
    return [key] if known.get(key) else ()


def _arrived(known: Conversations, key: Key, place: int, change: Change) -> Stale:
    """Change a conversation by something stored, unless it knows it already; one that is not there is read."""
    one = known.get(key)
    if one is None:
        return [key]
    if place > one.newest:
        known.put(replace(change(one), newest=place))
    return ()


def _message(known: Conversations, user: str, message: Notice) -> Stale:
    """Take a message of a group; topics and live rooms have no conversation in the list."""
    if message.get("TopicId") or not message["MsgSeq"] or not BY_NAME[message["GroupType"]].stores_messages:
        return ()
    seq = message["MsgSeq"]

    def change(one: Conversation) -> Conversation:
        one = _with_last(one, message)
        if message["From_Account"] == user:
            return replace(one, unread=0, read=seq, mentions=())
        whom = _whom(message, user)
        quiet = NO_UNREAD in message.get("SendMsgControl", ()) or "To_Account" in message or not one.counts_unread
        mentions = (*one.mentions, Mention(seq, whom))[-MENTIONS_KEPT:] if whom else one.mentions
        return replace(one, unread=one.unread + (not quiet), mentions=mentions)

    return _arrived(known, Key(GROUP, message["GroupId"]), seq, change)


def _whom(message: Notice, user: str) -> int:
    """Return whom a message mentions: the user (1), everybody (2), both (3) or neither."""
    mentions = message.get("GroupAtInfo", ())
    me = any(not mention["GroupAtAllFlag"] and mention.get("GroupAt_Account") == user for mention in mentions)
    return AT_ME * me | AT_ALL * any(mention["GroupAtAllFlag"] for mention in mentions)


def _c2c_message(known: Conversations, user: str, message: Notice) -> Stale:
    if not message.get("Num"):
        return ()
    own = message["From_Account"] == user
    peer = message["To_Account"] if own else message["From_Account"]

    def change(one: Conversation) -> Conversation:
        one = _with_last(one, message)
        if own:
            return one
        quiet = NO_UNREAD in message.get("SendMsgControl", ())
        one = replace(one, name=message.get("Nick") or peer, face_url=message.get("FaceUrl", ""))
        return replace(one, unread=one.unread + (not quiet))

    return _arrived(known, Key(C2C, peer), message["Num"], change)


def _with_last(one: Conversation, message: Notice) -> Conversation:
    """Make a message the last one, unless it shall not be."""
    if NO_LAST in message.get("SendMsgControl", ()):
        return one
    return replace(one, last=message, at=max(one.at, message["MsgTime"]))


def _tip(known: Conversations, tip: Notice) -> Stale:
    """Take a stored tip: it has a place in the stream, and counts as unread like a message."""
    changed = {_PROFILE[name]: value for name, value in tip.get("Changes", {}).items() if name in _PROFILE}

    def change(one: Conversation) -> Conversation:
        return replace(one, unread=one.unread + one.counts_unread, last=tip, at=max(one.at, tip["Time"]), **changed)

    if not tip["Seq"] or tip.get("TopicId"):
        return ()
    return _arrived(known, Key(GROUP, tip["GroupId"]), tip["Seq"], change)


def _notice(known: Conversations, notice: Notice) -> Stale:
    key, report = Key(GROUP, notice["GroupId"]), notice["ReportType"]
    if report in LEFT:
        known.drop(key)
    elif report in ENTERED:
        return [key]
    elif "MsgFlag" in notice and not notice.get("TopicId"):
        return _received(known, key, MSG_FLAGS.index(notice["MsgFlag"]))
    return ()


def _received(known: Conversations, key: Key, flag: int) -> Stale:
    """Take over how messages of a group reach the user; what he did not get up to now is to be read."""
    one = known.get(key)
    known.change(key, lambda now: replace(now, flag=flag))
    return [key] if flag != DEAF and (one is None or one.flag == DEAF) else ()


def key_of(told: Notice, user: str) -> Key:
    """Return which conversation something pushed is about; a topic stands for itself."""
    if "GroupId" in told:
        return Key(GROUP, told.get("TopicId") or told["GroupId"])
    if "Peer_Account" in told:
        peer: str = told["Peer_Account"]
        return Key(C2C, str(told.get("Reader_Account", peer)) if peer == user else peer)
    if "From_Account" in told:
        return Key(C2C, told["To_Account"] if told["From_Account"] == user else told["From_Account"])
    return Key(C2C, told["To_Account"])


def _recalled(known: Conversations, user: str, change: Notice) -> Stale:
    """Show of the last message only that it was taken back; how many are unread now the server says."""
    key = key_of(change, user)
    one = known.get(key)
    if one is None:
        return ()
    places = change["MsgSeqList"] if key.sort == GROUP else [change["Num"]]
    last = one.last
    if last is not None and last.get(_PLACE[key.sort]) in places:
        recall = {name: change[name] for name in ("Operator_Account", "Time", "Reason") if name in change}
        last = {**last, "MsgBody": [], "Recalled": recall}
    left = tuple(mention for mention in one.mentions if mention.seq not in places)
    known.put(replace(one, last=last, mentions=left))
    return [key] if one.unread else ()


def _modified(known: Conversations, user: str, change: Notice) -> Stale:
    message = change["Message"]
    key = key_of(message, user)
    place = _PLACE[key.sort]
    one = known.get(key)
    if one is not None and one.last is not None and one.last.get(place) == message[place]:
        known.put(replace(one, last=message))
    return ()


def _read_by_peer(known: Conversations, user: str, change: Notice) -> Stale:
    """Show of the last message, if it is the user's own, that the peer has read it."""
    one = known.get(key_of(change, user))
    last = one.last if one is not None and one.key.peer != user else None
    if one is not None and last is not None and last["From_Account"] == user and last["Num"] <= change["Num"]:
        known.put(replace(one, last={**last, "IsPeerRead": 1}))
    return ()


def _gone(known: Conversations, user: str, change: Notice) -> Stale:
    return _known(known, key_of(change, user))


Take = Callable[[Conversations, str, Notice], Stale]
MESSAGE_CHANGES: dict[str, Take] = {"Recalled": _recalled, "Modified": _modified, "Read": _read_by_peer}


def _contacts(change: Notice) -> Iterable[Notice]:
    """Return the conversations that a change names: several, or one in the change itself."""
    listed: Iterable[Notice] = change.get("ConvList", [change])
    return listed


def _read(known: Conversations, user: str, change: Notice) -> Stale:
    """Take over up to where the user has read; how many are left, short of the end, is the server's to say.

    In a single group the change has a number of unread messages: there an administrator may also have moved it back.
    """
    stale: list[Key] = []
    for item in _contacts(change):
        key = key_of(item, user)
        one, place = known.get(key), item[_PLACE[key.sort]]
        if one is None or not ("UnreadMsgNum" in item or place >= one.read):
            continue
        left = tuple(mention for mention in one.mentions if mention.seq > place)
        now = replace(one, read=place, mentions=left, unread=0 if place >= one.newest else one.unread)
        read_at = _time_read(now) if place > one.read else one.read_at
        known.put(replace(now, read_at=one.read_at if read_at is None else read_at))
        if place < one.newest or read_at is None:
            stale.append(key)
    return stale


def _time_read(one: Conversation) -> int | None:
    """Return the time of the newest message that was read, None where that is another than the last one."""
    if one.key.sort == GROUP:
        return 0
    last = one.last or {}
    return int(last["MsgTime"]) if last.get("Num") == one.newest == one.read else None


def _deleted(known: Conversations, user: str, change: Notice) -> Stale:
    for item in _contacts(change):
        known.drop(key_of(item, user))
    return ()


def _set(known: Conversations, user: str, change: Notice) -> Stale:
    """Take over what a user has set of conversations.

    A pin puts one on the list that was not there; whether one without a pin is there the server knows.
    """
    stale: list[Key] = []
    for item in _contacts(change):
        key, values = key_of(item, user), settings(item)
        one = known.get(key)
        was_pinned = one is not None and one.pinned
        if one is not None:
            known.put(replace(one, **values))
        if values.get("pinned", was_pinned) is not was_pinned:
            stale.append(key)
    return stale


def settings(item: Notice) -> dict[str, Any]:
    """Return what a user has set of a conversation, as fields of its record; absent ones are not set anew.

    The receive option of a group is his as a member: a notice tells of it.
    """
    values: dict[str, Any] = {}
    for name, field, convert in (
        ("Pinned", "pinned", bool), ("Marks", "marks", int), ("CustomData", "custom", str),
        ("MsgFlag", "flag", MSG_FLAGS.index),
    ):  # fmt: skip
        if name in item and not (name == "MsgFlag" and "GroupId" in item):
            values[field] = convert(item[name])
    return values


def _foldered(known: Conversations, user: str, change: Notice) -> Stale:
    """Put conversations into a conversation group, or take them out; those that are not on the list stay off it."""
    name, took = change["GroupName"], change["ChangeType"] == "GroupRemoved"
    for item in _contacts(change):
        known.change(key_of(item, user), lambda one: replace(one, folders=_folders(one.folders, name, take=took)))
    return ()


def _folders(folders: tuple[str, ...], name: str, *, take: bool) -> tuple[str, ...]:
    rest = tuple(folder for folder in folders if folder != name)
    return rest if take else tuple(sorted((*rest, name)))


def _folder_gone(known: Conversations, user: str, change: Notice) -> Stale:
    del user
    for one in known:
        if change["GroupName"] in one.folders:
            known.put(replace(one, folders=_folders(one.folders, change["GroupName"], take=True)))
    return ()


def _folder_renamed(known: Conversations, user: str, change: Notice) -> Stale:
    del user
    old, new = change["OldGroupName"], change["GroupName"]
    for one in known:
        if old in one.folders:
            known.put(replace(one, folders=_folders(_folders(one.folders, old, take=True), new, take=False)))
    return ()


CONVERSATION_CHANGES: dict[str, Take] = {
    "Read": _read, "Deleted": _deleted, "Pinned": _set, "Marked": _set, "Custom": _set, "MsgFlag": _set,
    "GroupCreated": _foldered, "GroupAdded": _foldered, "GroupRemoved": _foldered, "GroupDeleted": _folder_gone,
    "GroupRenamed": _folder_renamed, "MessagesDeleted": _gone, "Hidden": _gone,
}  # fmt: skip
