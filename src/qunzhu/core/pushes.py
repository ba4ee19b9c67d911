"""What is pushed to whom when messages and conversations change, as a table: one row an event.

Tips and notices of groups are in ``notices.py``.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from qunzhu.core.events import Event, GroupEvent, MessageSent

GROUP_MESSAGE, GROUP_SEQ, C2C_MESSAGE = "group_message", "group_seq", "c2c_message"
MESSAGE_CHANGE, CONVERSATION_CHANGE = "message_change", "conversation_change"


class Push(msgspec.Struct, frozen=True):
    """One push: its method, its params (a record, a dict, or JSON made already), and who gets it."""

    method: str
    params: Any
    users: Sequence[str] | None = None
    """None: everybody in the group of the event."""


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
