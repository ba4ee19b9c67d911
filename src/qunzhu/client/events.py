"""What a client tells its listeners, as records."""

import enum

import msgspec

from qunzhu.core.notices import Notice


class State(enum.Enum):
    """Where a client stands."""

    CONNECTING = "connecting"
    CONNECTED = "logged in"
    DISCONNECTED = "connection lost, will try again"
    FAILED = "an attempt to connect failed"
    CLOSED = "over for good"


class ClientEvent(msgspec.Struct, frozen=True):
    """Something that a client tells."""


class TipReceived(ClientEvent, frozen=True):
    """Something happened to one of the user's groups; ``tip`` has the fields of the ``group_tip`` push.

    Stored tips (``Seq`` above 0) come once each and in the order of their seq within a group. ``missed`` says that it
    was pulled afterwards.
    """

    tip: Notice
    missed: bool = False


class MessageReceived(ClientEvent, frozen=True):
    """A message came to a group or topic; ``message`` has the fields of the ``group_message`` push.

    Stored messages (``MsgSeq`` above 0, but in live rooms) come once each and in the order of their seq within a group
    or topic, those the user sent himself included. ``missed`` says that it was pulled afterwards.
    """

    message: Notice
    missed: bool = False


class MessageChanged(ClientEvent, frozen=True):
    """Something happened to messages that are there: the fields of the ``message_change`` push. Never stored."""

    change: Notice


class ConversationChanged(ClientEvent, frozen=True):
    """The user changed a conversation of his elsewhere: the fields of the ``conversation_change`` push."""

    change: Notice


class NoticeReceived(ClientEvent, frozen=True):
    """Something happened to the user; ``notice`` has the fields of the ``group_notice`` push.

    ``derived`` says that the push was missed and the client found out by comparing: ``Invite`` for a group it did not
    know, ``Delete`` for a dissolved one, ``Quit`` for one the user is no longer in, for whatever reason. The operator
    is then empty where the server does not know it.
    """

    notice: Notice
    derived: bool = False


class ChangeReceived(ClientEvent, frozen=True):
    """A group's attributes, counters, topics or permission groups changed: the fields of the ``group_change`` push.

    Such pushes are not stored: after a reconnect, read what matters anew.
    """

    change: Notice


class C2CReceived(ClientEvent, frozen=True):
    """A one-to-one message to or from the user; ``message`` has the fields of the ``c2c_message`` push.

    Stored messages (``Num`` above 0) come once each and in the order of their number, those the user sent himself
    included. ``missed`` says that it was pulled afterwards.
    """

    message: Notice
    missed: bool = False


class StateChanged(ClientEvent, frozen=True):
    """The client's connection has another state; ``code`` and ``text`` say why, 0 and empty where all is well."""

    state: State
    code: int = 0
    text: str = ""


class Kicked(ClientEvent, frozen=True):
    """The session was ended by a login elsewhere (``reason`` kicked) or by an administrator (revoked)."""

    reason: str


class Expired(ClientEvent, frozen=True):
    """The UserSig holds no longer: log in again with a new one."""
