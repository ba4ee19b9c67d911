"""What events add to an app's meters. Pure functions.

A meter counts what happens in a calendar day of the app, a level what there is at a moment; a level's highest value in
a day and in a month is its peak, which is what groups are billed by (doc 1047/34350).
"""

from collections.abc import Callable, Iterable

from qunzhu.core.events import (
    C2CSent,
    Event,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    MembersJoined,
    MembersLeft,
    MessageSent,
)
from qunzhu.core.kinds import BY_NAME

Steps = Iterable[tuple[str, int]]
GROUPS = "groups"
"""The level of existing groups; with a dot and a kind's name, those of the kind."""
MEMBERS = "members"
"""The level of stored memberships: live rooms store none."""


def added(event: Event) -> Steps:
    """Return what an event adds to the meters of its day."""
    found = _ADDED.get(type(event))
    return () if found is None else found(event)


def moved(event: Event) -> Steps:
    """Return by what an event moves levels."""
    found = _MOVED.get(type(event))
    return () if found is None else found(event)


def _created(event: GroupCreated) -> Steps:
    return ((f"created.{event.kind}", 1), ("joined", _stored(event, len(event.members) + 1)))


def _dissolved(event: GroupDissolved) -> Steps:
    return ((f"dissolved.{event.kind}", 1), ("left", _stored(event, event.member_num)))


def _joined(event: MembersJoined) -> Steps:
    return (("joined", len(event.users)),)


def _left(event: MembersLeft) -> Steps:
    return (("left", len(event.users)),)


def _sent(event: MessageSent) -> Steps:
    return ((f"messages.{event.kind}", 1),)


def _written(event: C2CSent) -> Steps:
    del event
    return (("messages.C2C", 1),)


def _more_groups(event: GroupCreated) -> Steps:
    return (GROUPS, 1), (f"{GROUPS}.{event.kind}", 1), (MEMBERS, _stored(event, len(event.members) + 1))


def _fewer_groups(event: GroupDissolved) -> Steps:
    return (GROUPS, -1), (f"{GROUPS}.{event.kind}", -1), (MEMBERS, -_stored(event, event.member_num))


def _more_members(event: MembersJoined) -> Steps:
    return ((MEMBERS, _stored(event, len(event.users))),)


def _fewer_members(event: MembersLeft) -> Steps:
    return ((MEMBERS, -_stored(event, len(event.users))),)


def _stored(event: GroupEvent, number: int) -> int:
    return number if BY_NAME[event.kind].stores_members else 0


_ADDED: dict[type[Event], Callable[..., Steps]] = {
    GroupCreated: _created, GroupDissolved: _dissolved, MembersJoined: _joined, MembersLeft: _left,
    MessageSent: _sent, C2CSent: _written,
}  # fmt: skip
_MOVED: dict[type[Event], Callable[..., Steps]] = {
    GroupCreated: _more_groups, GroupDissolved: _fewer_groups, MembersJoined: _more_members,
    MembersLeft: _fewer_members,
}  # fmt: skip
