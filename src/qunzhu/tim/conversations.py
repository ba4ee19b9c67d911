"""A user's conversations as an SDK keeps them: read from the server once, then kept true by what is told. No I/O.

A conversation is an immutable record. What listeners are to be told comes from comparing the records with those told
last, so that whatever changes a record cannot be forgotten in the telling.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from qunzhu.core.kinds import BY_NAME
from qunzhu.core.limits import MSG_FLAGS

C2C, GROUP = 1, 2
NOTIFY = MSG_FLAGS.index("AcceptAndNotify")
SILENT = frozenset({MSG_FLAGS.index("Discard"), MSG_FLAGS.index("AcceptNotNotify")})
"""Receive options of conversations whose unread messages are in no total."""
MENTIONS_KEPT = 30
AT_ME, AT_ALL = 1, 2
"""Bits of ``TIMGroupAtType``."""


class Key(NamedTuple):
    """Which conversation: with a user (1), or of a group (2)."""

    sort: int
    peer: str


class Mention(NamedTuple):
    """A message that mentions the user, and whom it mentions: him (1), everybody (2) or both."""

    seq: int
    whom: int


class Draft(msgspec.Struct, frozen=True):
    """A message that is not sent yet, as the user gave it. ``at`` is unix seconds."""

    message: dict[str, Any]
    user_define: str
    at: int


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation. Times are unix seconds."""

    key: Key
    name: str = ""
    face_url: str = ""
    kind: str = ""
    """Kind of the group; empty for a user."""
    newest: int = 0
    """Seq of the newest thing in the group's stream, or number of the newest one-to-one message."""
    unread: int = 0
    read: int = 0
    """Seq up to which the user has read the group's stream."""
    read_at: int = 0
    """Time of the newest message of the peer that the user has read."""
    last: dict[str, Any] | None = None
    """The last message, or tip, as the server tells it."""
    at: int = 0
    flag: int = NOTIFY
    """``TIMReceiveMessageOpt``."""
    mentions: tuple[Mention, ...] = ()
    pinned: bool = False
    marks: int = 0
    custom: str = ""
    folders: tuple[str, ...] = ()
    draft: Draft | None = None
    listed: bool = True
    """It is on the list: not a topic's, nor one that was deleted and in which nothing new was said."""
    made_here: bool = False
    """The server need not know of it: the app wanted it, though nobody said anything yet."""

    @property
    def active(self) -> int:
        """Return when something was last done in it: a message, or work on the draft."""
        return max(self.at, self.draft.at if self.draft else 0)

    @property
    def order(self) -> tuple[bool, int, str, int]:
        """Return what the list is sorted by, highest first: pinned ones, then the active ones."""
        return self.pinned, self.active, self.key.peer, self.key.sort

    @property
    def counts_unread(self) -> bool:
        """Say whether messages count as unread there at all."""
        return not self.kind or BY_NAME[self.kind].counts_unread


class Filter(msgspec.Struct, frozen=True):
    """Which conversations: None of a field lets all through, an empty folder and mark 0 those without any."""

    sort: int | None = None
    folder: str | None = None
    mark: int | None = None
    unread: bool | None = None
    mentioned: bool | None = None

    def __call__(self, one: Conversation) -> bool:
        """Say whether a conversation is one of them."""
        return (
            (self.sort is None or one.key.sort == self.sort)
            and (self.folder is None or (self.folder in one.folders if self.folder else not one.folders))
            and (self.mark is None or (one.marks & self.mark == self.mark if self.mark else not one.marks))
            and (self.unread is None or (one.unread > 0) is self.unread)
            and (self.mentioned is None or bool(one.mentions) is self.mentioned)
        )


EVERYTHING = Filter()


def bare(one: Conversation) -> Conversation:
    """Return a conversation in which nothing was said yet."""
    return Conversation(
        key=one.key, name=one.name, face_url=one.face_url, kind=one.kind, draft=one.draft, made_here=one.made_here
    )


def counted(one: Conversation | None, wanted: Filter = EVERYTHING) -> int:
    """Return what a conversation adds to the unread messages of a filter; one that notifies nobody adds nothing."""
    return one.unread if one is not None and one.flag not in SILENT and wanted(one) else 0


class Changes(msgspec.Struct, frozen=True):
    """What listeners are to be told."""

    added: list[Conversation]
    removed: list[Conversation]
    updated: list[Conversation]
    counts: list[tuple[Filter, int]]
    """Unread messages of each filter whose number changed."""


class Conversations:
    """The list, and what of it was told already."""

    def __init__(self) -> None:
        self._now: dict[Key, Conversation] = {}
        self._told: dict[Key, Conversation] = {}
        self._touched: set[Key] = set()
        self._counts = {EVERYTHING: 0}
        self._counts_told = {EVERYTHING: 0}
        self.watched: set[Filter] = set()
        """Filters whose number of unread messages somebody wants to hear of."""

    def get(self, key: Key) -> Conversation | None:
        """Return one, or None where it is not in the list."""
        return self._now.get(key)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(list(self._now.values()))

    def put(self, one: Conversation) -> None:
        """Add a conversation, or give it a new record."""
        self._set(one.key, one)

    def drop(self, key: Key) -> None:
        """Take a conversation off the list."""
        self._set(key, None)

    def change(self, key: Key, change: Callable[[Conversation], Conversation]) -> bool:
        """Change a conversation; False where it is not in the list."""
        before = self._now.get(key)
        if before is not None:
            self._set(key, change(before))
        return before is not None

    def take(self, read: Iterable[Conversation], asked: Iterable[Key] | None = None) -> None:
        """Take over what the server says: of all conversations, or of those asked for.

        Drafts are kept, and those that are only here: made here, or with a draft.
        """
        found = {one.key: one for one in read if one.listed}
        for key in list(self._now) if asked is None else asked:
            before = self._now.get(key)
            if key in found:
                one = found.pop(key)
                self._set(key, replace(one, draft=before.draft) if before and before.draft else one)
            elif before is not None:
                self._set(key, bare(before) if before.draft or before.made_here else None)
        for one in found.values():
            self._set(one.key, one)

    def _set(self, key: Key, one: Conversation | None) -> None:
        before = self._now.get(key)
        self._touched.add(key)
        if one is None:
            self._now.pop(key, None)
        else:
            self._now[key] = one
        for wanted in self._counts:
            self._counts[wanted] += counted(one, wanted) - counted(before, wanted)

    def page(self, wanted: Filter = EVERYTHING, after: tuple[Any, ...] | None = None) -> list[Conversation]:
        """Return those of a filter, in order, from after a place in that order."""
        found = [one for one in self._now.values() if wanted(one) and (after is None or one.order < after)]
        return sorted(found, key=lambda one: one.order, reverse=True)

    def count(self, wanted: Filter = EVERYTHING) -> int:
        """Return the number of unread messages of a filter."""
        if wanted in self._counts:
            return self._counts[wanted]
        return sum(counted(one, wanted) for one in self._now.values())

    def watch(self, wanted: Filter) -> None:
        """Tell from now on when the number of unread messages of a filter changes."""
        self.watched.add(wanted)
        if wanted not in self._counts:
            self._counts[wanted] = self._counts_told[wanted] = self.count(wanted)

    def unwatch(self, wanted: Filter) -> None:
        """Tell it no longer."""
        self.watched.discard(wanted)
        if wanted != EVERYTHING:
            self._counts.pop(wanted, None)
            self._counts_told.pop(wanted, None)

    def changes(self) -> Changes:
        """Return what changed since this was asked last."""
        told = Changes([], [], [], [])
        for key in self._touched:
            before, now = self._told.get(key), self._now.get(key)
            if now is None:
                if before is not None:
                    told.removed.append(self._told.pop(key))
                continue
            if before is None:
                told.added.append(now)
            elif before != now:
                told.updated.append(now)
            self._told[key] = now
        self._touched.clear()
        for wanted, number in self._counts.items():
            if self._counts_told[wanted] != number:
                told.counts.append((wanted, number))
                self._counts_told[wanted] = number
        for some in (told.added, told.removed, told.updated):
            some.sort(key=lambda one: one.order, reverse=True)
        return told
