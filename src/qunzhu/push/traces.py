"""What is kept of a call that was refused and of a message that was not sent, for administrators who ask why."""

from typing import Any

from qunzhu.commands._before import COMMAND_OF, Before
from qunzhu.commands.messages import send_group_msg
from qunzhu.core.errors import Refused
from qunzhu.core.events import Event, MessageDropped, MessageRepeated
from qunzhu.core.ports import Who
from qunzhu.core.trace import DROPPED, REFUSED, REPEATED, VETOED, Traced, named_in


def of_refusal(at_ms: int, door: str, command: str, user: str, request: object, refused: Refused) -> Traced:
    """Return what is kept of a refused call; ``request`` is its record, or the body that it came as."""
    target, sender = named_in(request)
    return Traced(
        at_ms=at_ms, how=REFUSED, door=door, command=command, user=user, target=target,
        sender=sender if sender != user else "", code=refused.row.code, text=refused.text,
    )  # fmt: skip


def of_event(at_ms: int, event: Event) -> Traced | None:
    """Return what is kept of a message whose sender was told OK although it was not sent, None of other events."""
    if isinstance(event, MessageDropped):
        return Traced(
            at_ms=at_ms, how=DROPPED, command=send_group_msg.__name__, user=event.operator, target=event.group_id,
            text=f"priority {event.priority}",
        )  # fmt: skip
    if isinstance(event, MessageRepeated):
        return Traced(
            at_ms=at_ms, how=REPEATED, command=event.command, user=event.sender, target=event.target,
            text=f"Random {event.random}",
        )  # fmt: skip
    return None


def of_veto(row: Before, who: Who, request: Any) -> Traced:
    """Return what is kept of a message that the app's own server dropped."""
    target, sender = named_in(request)
    return Traced(
        at_ms=who.now_ms, how=VETOED, door=who.door, command=COMMAND_OF[type(request)], user=who.user,
        sender=sender if sender != who.user else "", target=target, text=row.command,
    )  # fmt: skip
