"""What an app's meters count, and what each event adds to them. Pure functions and tables.

A meter counts what happens in a calendar day of the app, a level what there is at a moment; a level's highest value in
a day and in a month is its peak, which is what groups are billed by (doc 1047/34350). Whoever was active is marked once
a day, so that users are counted once.
"""

import enum
from collections.abc import Callable, Iterable, Mapping

import msgspec

from qunzhu.core.events import (
    AccountsChanged,
    C2CSent,
    Event,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    MembersJoined,
    MembersLeft,
    MessageSent,
    MessagesImported,
)
from qunzhu.core.kinds import BY_NAME, KINDS
from qunzhu.core.messages import Mark
from qunzhu.core.pushes import C2C_MESSAGE, GROUP_MESSAGE

Steps = Iterable[tuple[str, int]]
C2C = "C2C"
"""What stands for one-to-one messages where meters of messages name a kind of group."""
SORTS = (*(kind.name for kind in KINDS), C2C)
GROUPS = "groups"
"""The level of existing groups; with a dot and a kind's name, those of the kind."""
MEMBERS = "members"
"""The level of stored memberships: live rooms store none."""
ACCOUNTS = "accounts"
"""The level of registered accounts, the app's administrators among them."""
BYTES = "bytes"
"""The level of bytes of files: what users uploaded, with the thumbnails, and the hours' files of messages."""
ONLINE = "online"
"""Users with a session. Only its peak is kept: how many they are now is in memory."""
CALLED, CALLED_IN_VAIN = "callbacks.sent", "callbacks.failed"
"""Meters of callbacks: every one that was posted, tries counted each, and those that had no valid answer."""
PEAK = "peak."
"""What stands before a level's name in that of its peak."""
BASE = "base."
"""What stands before a level's name in that of what there was when counting began."""
DELIVERIES = "deliveries"
"""Pushes of any sort, once for each session that was given one."""
DELIVERED = {GROUP_MESSAGE: "deliveries.group", C2C_MESSAGE: "deliveries.C2C"}
"""By push, the meter of those that are messages."""


class Flow(msgspec.Struct, frozen=True):
    """The meters that move a level: what each counts comes to the level or goes from it."""

    comes: str
    goes: str


FLOWS: dict[str, Flow] = {
    **{f"{GROUPS}.{kind.name}": Flow(f"created.{kind.name}", f"dissolved.{kind.name}") for kind in KINDS},
    MEMBERS: Flow("joined", "left"),
    ACCOUNTS: Flow("registered", "deleted"),
    BYTES: Flow("bytes.added", "bytes.removed"),
}
MOVES: dict[str, tuple[tuple[tuple[str, str], ...], int]] = {
    name: (tuple((one, PEAK + one) for one in ((level, GROUPS) if level.startswith(GROUPS) else (level,))), sign)
    for level, flow in FLOWS.items()
    for name, sign in ((flow.comes, 1), (flow.goes, -1), (BASE + level, 1))
}
"""By meter, the levels that it moves, each with the name of its peak, and in which direction.

What moves a kind's groups moves all groups. What is found later of what there was when counting began is added to the
base, of day ``""``.
"""


class Did(enum.IntFlag):
    """What a user did in a day; each bit counts him once in a meter of its own."""

    ACTIVE = 1
    """Had a session."""
    LOGGED_IN = 2
    """Began one."""
    SENT_C2C = 4
    SENT_GROUP = 8
    SENT = 16
    """Sent a message of either sort."""


COUNTED = {
    Did.ACTIVE: "active", Did.LOGGED_IN: "logged_in", Did.SENT_C2C: "senders.C2C", Did.SENT_GROUP: "senders.group",
    Did.SENT: "senders",
}  # fmt: skip
"""The meter that counts users of each bit. ``active`` is kept for months as well."""
SENT_TO_GROUP, SENT_TO_USER = Did.SENT | Did.SENT_GROUP, Did.SENT | Did.SENT_C2C
SPOKEN_IN = "groups_spoken_in"
"""Groups in which something was said in a day; a topic's community counts."""


def level_sums(sums: Mapping[str, int]) -> dict[str, int]:
    """Return the levels that come of the sums of all meters up to a day: what was there at first, came, and went."""
    levels = {
        level: sums.get(BASE + level, 0) + sums.get(flow.comes, 0) - sums.get(flow.goes, 0)
        for level, flow in FLOWS.items()
    }
    return with_all(levels)


def with_all(levels: Mapping[str, int]) -> dict[str, int]:
    """Return levels with that of all groups."""
    return {**levels, GROUPS: sum(levels[f"{GROUPS}.{kind.name}"] for kind in KINDS)}


def added(event: Event) -> Steps:
    """Return what an event adds to the meters of its day."""
    found = _ADDED.get(type(event))
    return () if found is None else found(event)


def did(event: Event) -> tuple[str, Did, str] | None:
    """Return which user did what, and in which group (empty: in none), or None."""
    if isinstance(event, MessageSent):
        return event.operator, SENT_TO_GROUP, event.group_id
    if isinstance(event, C2CSent) and not event.flags & Mark.IMPORTED:
        return event.sender, SENT_TO_USER, ""
    return None


def _created(event: GroupCreated) -> Steps:
    return ((f"created.{event.kind}", 1), ("joined", _stored(event, len(event.members) + bool(event.owner))))


def _dissolved(event: GroupDissolved) -> Steps:
    return ((f"dissolved.{event.kind}", 1), ("left", _stored(event, event.member_num)))


def _joined(event: MembersJoined) -> Steps:
    return (("joined" if _stored(event, 1) else "entered", len(event.users)),)


def _left(event: MembersLeft) -> Steps:
    return (("left", _stored(event, len(event.users))),)


def _stored(event: GroupEvent, members: int) -> int:
    """Return how many members are stored: in live rooms they are there without it."""
    return members if BY_NAME[event.kind].stores_members else 0


def _sent(event: MessageSent) -> Steps:
    return ((f"messages.{event.kind}", 1),)


def _written(event: C2CSent) -> Steps:
    return ((f"imported.{C2C}" if event.flags & Mark.IMPORTED else f"messages.{C2C}", 1),)


def _imported(event: MessagesImported) -> Steps:
    return ((f"imported.{event.kind}", len(event.messages)),)


def _accounts(event: AccountsChanged) -> Steps:
    return (("registered", len(event.registered)), ("deleted", len(event.deleted)))


_ADDED: dict[type[Event], Callable[..., Steps]] = {
    GroupCreated: _created, GroupDissolved: _dissolved, MembersJoined: _joined, MembersLeft: _left,
    MessageSent: _sent, C2CSent: _written, MessagesImported: _imported, AccountsChanged: _accounts,
}  # fmt: skip
