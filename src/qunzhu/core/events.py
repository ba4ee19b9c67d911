"""What happened, as records. A command publishes them with ``tx.emit``; there is no second way.

Old state plus the emitted events equals a fresh read. ``at`` is unix seconds. ``seq`` is the place of the stored
notice in the group's message stream, 0 where the kind stores none.
"""

import enum
from collections.abc import Callable
from typing import Any, Union

import msgspec


class Event(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Something that happened in one app."""


class GroupEvent(Event, frozen=True, kw_only=True):
    """Something that happened to one group; ``operator`` did it."""

    group_id: str
    kind: str
    operator: str
    at: int
    seq: int = 0
    told: bool = True
    """False where the group is not told: the kind's notices are off, or the event is silent."""
    silent: bool = False
    """True where those who were put in are not told either: the caller asked for silence, or the group sleeps."""


class GroupCreated(GroupEvent, frozen=True, kw_only=True):
    """A group exists. ``members`` are those who were put in besides the owner; of an imported one nobody is told."""

    name: str
    owner: str
    members: list[str]
    imported: bool = False


class MembersJoined(GroupEvent, frozen=True, kw_only=True):
    """Users became members, those in ``admins`` administrators. ``how`` is Invite, Apply or Import.

    ``agreed`` says that the invited ones were asked first.

    One user enters a live room with the session of this number; the hub, which alone knows who is there, fills in
    ``member_num``.
    """

    users: list[str]
    how: str
    member_num: int
    agreed: bool = False
    admins: list[str] = []
    session: int = 0
    most: int = 0
    """Live rooms that the user may be in at once, 0: any number. He leaves those entered first."""


class MembersLeft(GroupEvent, frozen=True, kw_only=True):
    """Users are members no more. ``how`` is Quit, Kick or AccountDeleted; in a live room also Ban, or Offline.

    Of a live room the hub leaves out who was not there, and fills in ``member_num``.
    """

    users: list[str]
    how: str
    member_num: int
    reason: str = ""


class MembersBanned(GroupEvent, frozen=True, kw_only=True):
    """Users may not be in a live room before ``until`` (unix seconds; 4294967295: ever)."""

    users: list[str]
    until: int
    reason: str = ""


class MembersUnbanned(GroupEvent, frozen=True, kw_only=True):
    """Users may enter a live room again."""

    users: list[str]


class MarksChanged(GroupEvent, frozen=True, kw_only=True):
    """Members of a live room got marks, or lost them: users by mark. The hub leaves out what changes nothing."""

    marks: dict[int, list[str]]
    enabled: bool


class GroupInfoChanged(GroupEvent, frozen=True, kw_only=True):
    """Fields of a group's profile have new values; ``changes`` has wire names."""

    changes: dict[str, Any]


class OwnerChanged(GroupEvent, frozen=True, kw_only=True):
    """A group has another owner. ``old`` is empty where it had none, ``new`` where it has none now.

    The mutes of the new one end: nobody in the group could lift them.
    """

    old: str
    new: str


class MemberRoleChanged(GroupEvent, frozen=True, kw_only=True):
    """A member was made an administrator, or is one no more. ``role`` is Admin or Member."""

    user: str
    role: str


class MemberInfoChanged(GroupEvent, frozen=True, kw_only=True):
    """A member's card, receive option or custom fields have new values; ``changes`` has wire names."""

    user: str
    changes: dict[str, Any]


class MembersMuted(GroupEvent, frozen=True, kw_only=True):
    """Users may not talk until ``until``, in the group or in one topic of it. ``seconds`` 0: they may again."""

    users: list[str]
    seconds: int
    until: int
    topic_id: str = ""


class NoticeSent(GroupEvent, frozen=True, kw_only=True):
    """An app administrator sends a notice of his own to ``users``, or to all members where none are named."""

    users: list[str]
    content: str
    topic_id: str = ""


class MessageSent(GroupEvent, frozen=True, kw_only=True):
    """A message was sent to a group or topic; ``operator`` sent it.

    ``message`` is the JSON that is stored, pushed and pulled; its place in the stream is ``seq``, 0 where it takes
    none. ``users`` are the only ones who get it, all where none are named. A stored one is ``kept``.
    """

    message: msgspec.Raw
    topic_id: str = ""
    users: list[str] = []
    random: int = 0
    flags: int = 0
    kept: bool = False
    member: bool = False
    """True where the sender is a member: he has read the stream up to his message then."""
    reported: bool = True
    """False where an administrator wants the app's server not to hear of it."""


class MessageDropped(GroupEvent, frozen=True, kw_only=True):
    """A message was over the frequency of its stream. Nothing but a counter of the operator's knows of it."""

    priority: str


# What happens to stored messages.


class MessagesRecalled(GroupEvent, frozen=True, kw_only=True):
    """``operator`` took messages back: what is left of each says so and has no elements any more."""

    seqs: list[int]
    topic_id: str = ""
    reason: str = ""


class MessageModified(GroupEvent, frozen=True, kw_only=True):
    """``operator`` gave a message other elements or data; ``message`` is its JSON now.

    ``users`` are the only ones whom it is for, all where none are named.
    """

    message: msgspec.Raw
    msg_seq: int
    flags: int
    topic_id: str = ""
    users: list[str] = []


class MessagesDeleted(GroupEvent, frozen=True, kw_only=True):
    """Messages are gone for everybody. Nobody is told."""

    seqs: list[int]
    topic_id: str = ""


class HistoryCleared(GroupEvent, frozen=True, kw_only=True):
    """Everything up to the seq ``upto`` is gone for everybody. Nobody is told."""

    upto: int
    topic_id: str = ""


class MessagesHidden(GroupEvent, frozen=True, kw_only=True):
    """``operator`` deleted messages for himself: those of ``seqs``, or all up to the seq ``upto``.

    ``read`` is up to where he had read, which is kept from then on where it was not before.
    """

    seqs: list[int] = []
    upto: int = 0
    topic_id: str = ""
    read: int = 0


class MessagesImported(GroupEvent, frozen=True, kw_only=True):
    """Messages from elsewhere were put at the end of a stream. Nobody is told, and all members have read all of it."""

    messages: list[msgspec.Raw]
    flags: int
    topic_id: str = ""


class Receipt(msgspec.Struct, frozen=True):
    """A message that was read, its sender, and how many of those whom it reached have read it and have not."""

    seq: int
    sender: str
    read: int
    unread: int


class ReceiptsGiven(GroupEvent, frozen=True, kw_only=True):
    """``operator`` has read messages whose senders wanted to know."""

    receipts: list[Receipt]


class ReadMoved(GroupEvent, frozen=True, kw_only=True):
    """``operator`` has read a group, or a topic of it, up to the seq ``upto``."""

    upto: int
    topic_id: str = ""
    unread: int = 0
    """How many messages he has not read now."""


class GroupWoken(GroupEvent, frozen=True, kw_only=True):
    """The owner of a group that slept sent his first message: its members see it from now on."""

    users: list[str]


class GroupDissolved(GroupEvent, frozen=True, kw_only=True):
    """A group is no more."""

    name: str
    owner: str
    member_num: int


class PermissionGroupCreated(GroupEvent, frozen=True, kw_only=True):
    """A community has a new permission group; nobody is in it."""

    permission_group_id: str
    name: str
    permission: int
    custom_string: str


class PermissionGroupChanged(GroupEvent, frozen=True, kw_only=True):
    """Name, bits or custom text of a permission group have the values given here."""

    permission_group_id: str
    name: str
    permission: int
    custom_string: str
    member_num: int


class PermissionGroupDestroyed(GroupEvent, frozen=True, kw_only=True):
    """Permission groups are no more."""

    permission_group_ids: list[str]


class PermissionMembersAdded(GroupEvent, frozen=True, kw_only=True):
    """Members of a community are in one of its permission groups now."""

    permission_group_id: str
    users: list[str]
    member_num: int


class PermissionMembersRemoved(GroupEvent, frozen=True, kw_only=True):
    """Members are no longer in a permission group. Those who leave the community itself are in none, without this."""

    permission_group_id: str
    users: list[str]
    member_num: int


class TopicPermissionsAdded(GroupEvent, frozen=True, kw_only=True):
    """A permission group has bits for topics where it had none; ``permissions`` by topic id."""

    permission_group_id: str
    permissions: dict[str, int]


class TopicPermissionsChanged(GroupEvent, frozen=True, kw_only=True):
    """A permission group has other bits for topics; ``permissions`` by topic id."""

    permission_group_id: str
    permissions: dict[str, int]


class TopicPermissionsRemoved(GroupEvent, frozen=True, kw_only=True):
    """A permission group has no bits for these topics any more."""

    permission_group_id: str
    topics: list[str]


class Sort(enum.IntEnum):
    """What is to be decided, and by whom; the numbers are ``TIMGroupPendencyType`` of the C headers."""

    APPLY = 0
    ASK_INVITEE = 1
    ASK_ADMINS = 2


class ApplicationMade(GroupEvent, frozen=True, kw_only=True):
    """Somebody must decide whether ``user`` gets in: he applied, or ``inviter`` invited him.

    The same one again has the same ``num``; ``dropped`` are the oldest of the user's, which fell out for it.
    """

    num: int
    sort: Sort
    user: str
    inviter: str
    message: str
    at_ms: int
    deciders: list[str]
    dropped: list[int] = []


class ApplicationDecided(GroupEvent, frozen=True, kw_only=True):
    """An application or invitation was decided; ``final`` is False where the invited user must now agree himself."""

    num: int
    sort: Sort
    user: str
    inviter: str
    accepted: bool
    message: str
    final: bool = True


class ApplicationsSeen(Event, frozen=True, kw_only=True):
    """A user has seen the applications made up to ``at_ms``, unix milliseconds."""

    user: str
    at_ms: int


class TopicCreated(GroupEvent, frozen=True, kw_only=True):
    """A community has one more topic."""

    topic_id: str
    name: str
    creator: str


class TopicChanged(GroupEvent, frozen=True, kw_only=True):
    """Fields of a topic have new values; ``changes`` has wire names."""

    topic_id: str
    changes: dict[str, Any]


class TopicsDestroyed(GroupEvent, frozen=True, kw_only=True):
    """Topics of a community are no more."""

    topic_ids: list[str]


class AttributesChanged(GroupEvent, frozen=True, kw_only=True):
    """A group's attributes were written: ``changed`` has new values by key, ``removed`` the keys that are gone.

    ``version`` is the group's after it, and that of each changed attribute. ``option`` is set, modify, clear or delete.
    """

    version: int
    option: str
    changed: dict[str, str] = {}
    removed: list[str] = []


class CountersChanged(GroupEvent, frozen=True, kw_only=True):
    """A group's counters have the values given here by key; those ``removed`` are no more."""

    changed: dict[str, int] = {}
    removed: list[str] = []


class AccountsChanged(Event, frozen=True, kw_only=True):
    """Accounts were registered or deleted."""

    registered: list[str] = []
    deleted: list[str] = []


class AllReceiveOptionSet(Event, frozen=True, kw_only=True):
    """A user set how all messages reach him; unix seconds, or seconds after midnight."""

    user: str
    flag: str
    start_of_day: int
    start_at: int
    seconds: int


class LoginsRevoked(Event, frozen=True, kw_only=True):
    """UserSigs of a user made before ``before`` (unix seconds) no longer hold."""

    user: str
    before: int


# One-to-one messages


class C2CEvent(Event, frozen=True, kw_only=True):
    """Something that happened to one message: its users, and the numbers that name it. ``at`` is its MsgTime."""

    sender: str
    peer: str
    at: int
    msg_seq: int
    random: int
    num: int = 0
    """Its place in the app's one-to-one messages; 0: it is not stored."""

    @property
    def key(self) -> str:
        """Return the message's MsgKey."""
        return f"{self.msg_seq}_{self.random}_{self.at}"


class C2CSent(C2CEvent, frozen=True, kw_only=True):
    """A user got a message, or one was imported.

    ``told`` are those whose sessions hear of it, each with the number of the newest message that he had before;
    ``holders`` those who have a copy. One that is ``reported`` is told to the app's server.
    """

    message: msgspec.Raw
    flags: int = 0
    quiet: bool = False
    holders: list[str] = []
    told: dict[str, int] = {}
    reported: bool = False


class C2CRecalled(C2CEvent, frozen=True, kw_only=True):
    """A message was taken back; ``message`` is what is left of it, ``holders`` have a copy."""

    operator: str
    time: int
    reason: str
    message: msgspec.Raw
    holders: list[str]


class C2CModified(C2CEvent, frozen=True, kw_only=True):
    """A message has another body or custom data; ``holders`` have a copy."""

    message: msgspec.Raw
    holders: list[str]


class C2CReceiptGiven(C2CEvent, frozen=True, kw_only=True):
    """The receiver has read a message that asked for it."""

    message: msgspec.Raw


class C2CRead(Event, frozen=True, kw_only=True):
    """A user has read what another sent him, up to number ``num`` and time ``at`` (unix seconds)."""

    reader: str
    peer: str
    num: int
    at: int
    unread: int
    """Messages after it that count as unread."""


class C2CHidden(Event, frozen=True, kw_only=True):
    """A user removed his copies of messages with another, which have these numbers and keys."""

    user: str
    peer: str
    nums: list[int]
    keys: list[str]


class Silenced(Event, frozen=True, kw_only=True):
    """A user may not send before these times (unix seconds; 4294967295: ever; 0: he may)."""

    user: str
    c2c_until: int
    group_until: int


# What hangs on messages, and users' conversations


class ExtensionsChanged(GroupEvent, frozen=True, kw_only=True):
    """A message's extensions were written: ``changed`` by key, ``removed`` keys, or all ``cleared``.

    ``latest`` is their version after it, and that of each changed one. ``users`` alone see the message, all where none
    are named.
    """

    msg_seq: int
    latest: int
    topic_id: str = ""
    users: list[str] = []
    changed: dict[str, str] = {}
    removed: list[str] = []
    cleared: bool = False


class C2CExtensionsChanged(C2CEvent, frozen=True, kw_only=True):
    """The same of a one-to-one message."""

    operator: str
    latest: int
    changed: dict[str, str] = {}
    removed: list[str] = []
    cleared: bool = False


class Reacting(msgspec.Struct, frozen=True):
    """One reaction after a change: how many users gave it, and who was first, with their short profiles."""

    reaction: str
    total: int
    first: list[dict[str, str]]


class ReactionChanged(GroupEvent, frozen=True, kw_only=True):
    """``operator`` gave a message a reaction, or took his back (``given`` False)."""

    msg_seq: int
    now: Reacting
    given: bool
    at_ms: int
    topic_id: str = ""
    users: list[str] = []


class C2CReactionChanged(C2CEvent, frozen=True, kw_only=True):
    """The same of a one-to-one message."""

    operator: str
    at_ms: int
    now: Reacting
    given: bool


NULL = msgspec.Raw(b"null")


class MessagePinned(GroupEvent, frozen=True, kw_only=True):
    """A message was pinned (``message`` is its JSON), or is so no more (null)."""

    msg_seq: int
    pinned: bool
    topic_id: str = ""
    message: msgspec.Raw = NULL


class ContactNow(msgspec.Struct, frozen=True):
    """What a user has set of one of his conversations. ``sort`` 1: with user ``peer``, 2: group or topic ``peer``."""

    sort: int
    peer: str
    top_at: int
    marks: int
    custom_mark: str
    msg_flag: int
    hidden_num: int
    hidden_at: int
    changed_at: int


class ContactsChanged(Event, frozen=True, kw_only=True):
    """A user changed conversations of his: ``change`` is Pinned, Marked, Custom, MsgFlag or Deleted.

    ``session`` is the one that did it, 0 where none did. ``cleared`` is the seq or number up to which he deleted his
    copies of the messages as well, 0: he did not.
    """

    user: str
    at: int
    change: str
    contacts: list[ContactNow]
    session: int = 0
    cleared: int = 0


class ContactGroupChanged(Event, frozen=True, kw_only=True):
    """A user's conversation group changed: ``change`` is Created, Renamed, Deleted, Added or Removed.

    ``items`` are the conversations put in or taken out, as ``sort`` and ``peer``.
    """

    user: str
    at: int
    change: str
    num: int
    name: str
    old_name: str = ""
    items: list[tuple[int, str]] = []
    session: int = 0


class ConversationsRead(Event, frozen=True, kw_only=True):
    """A user has read everything: groups up to a seq, other users' messages up to a number and its time, all by id."""

    user: str
    at: int
    groups: dict[str, int]
    peers: dict[str, tuple[int, int]]
    session: int = 0


class DailyQuotaNear(Event, frozen=True, kw_only=True):
    """The day's new groups less dissolved ones have reached 70 % of the plan's ``quota``: told once a day.

    For the operator's log, as the app's server has a callback; users hear nothing of it.
    """

    sdkappid: int
    used: int
    quota: int


class RequestsOverLimit(Event, frozen=True, kw_only=True):
    """A command was called ``requests`` times in a second, the unix time ``second``, of which ``limit`` were allowed.

    For the operator's log, as the app's server has a callback; users hear nothing of it.
    """

    sdkappid: int
    service: str
    command: str
    requests: int
    limit: int
    second: int


def _last(event: type[Event]) -> list[type[Event]]:
    below = event.__subclasses__()
    return [one for part in below for one in _last(part)] if below else [event]


_every: Any = Union[tuple(_last(Event))]  # noqa: UP007 - made of all records above
encode_event = msgspec.json.Encoder().encode
decode_event: Callable[[bytes | str], Event] = msgspec.json.Decoder(_every).decode
decode_events: Callable[[bytes | str], list[Event]] = msgspec.json.Decoder(list[_every]).decode
