"""The SDK's client of the gateway: ``connect``, then ``await client.call(CreateGroup(...))`` (docs/guide/sdk.md)."""

from qunzhu.client.client import Client, Events, Options, backoff, connect
from qunzhu.client.errors import CallFailed
from qunzhu.client.events import (
    C2CReceived,
    ClientEvent,
    ConversationChanged,
    Expired,
    Kicked,
    MessageChanged,
    NoticeReceived,
    State,
    StateChanged,
    TipReceived,
)
from qunzhu.client.transport import Closed, Dial, Transport, open_websocket

__all__ = [
    "C2CReceived",
    "CallFailed",
    "Client",
    "ClientEvent",
    "Closed",
    "ConversationChanged",
    "Dial",
    "Events",
    "Expired",
    "Kicked",
    "MessageChanged",
    "NoticeReceived",
    "Options",
    "State",
    "StateChanged",
    "TipReceived",
    "Transport",
    "backoff",
    "connect",
    "open_websocket",
]
