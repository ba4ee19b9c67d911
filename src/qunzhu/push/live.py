"""Who is in which live room. Changed on the event loop only, read from any thread."""

import itertools
import threading
from collections.abc import Mapping

import msgspec

from qunzhu.core.live import ALWAYS_SECONDS, ALWAYS_THERE, FIRST_MARK, HIDDEN, MARKS_A_ROOM, MEMBERS_A_MARK, Present

TIPS_A_SECOND = 40
"""Comings and goings that a room is told in a second: the documented frequency of a group's messages."""
PUSHES_A_SECOND = 20_000
"""A large room is told so many fewer that no more than these pushes come of it: a crowd costs no crowd squared."""
PLACES_A_SECOND = 1_000_000
LOST_SECONDS = 300
"""For so long one who comes back to a room after he lost the connection returns, and does not join anew."""
MAX_LOST = 100_000


class _Room:
    __slots__ = ("kind", "last_place", "marked", "people", "second", "tips")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.people: dict[str, Present] = {}
        """In the order of entering."""
        self.marked: dict[int, set[str]] = {}
        self.last_place = self.second = self.tips = 0


class LiveRooms:
    """The members of all live rooms of one app, in memory. ``now`` of the methods is unix seconds."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._of: dict[str, dict[str, None]] = {}
        self._kept: dict[tuple[str, str], int] = {}
        """Rooms and users without a session there, with the end of their stay, soonest first."""
        self._lost: dict[tuple[str, str], int] = {}
        """Rooms and users who lost the connection there, with when they did, in that order."""
        self._lock = threading.Lock()

    def online(self, room: str) -> int:
        """Return how many are in a room."""
        with self._lock:
            found = self._rooms.get(room)
            return len(found.people) if found else 0

    def present(self, room: str, user: str) -> Present | None:
        """Return a member of a room, or None."""
        with self._lock:
            found = self._rooms.get(room)
            return found.people.get(user) if found else None

    def newest(self, room: str, most: int, mark: int | None = None) -> list[Present]:
        """Return those who came last, newest first: all who are not hidden, or all who have a mark."""
        with self._lock:
            found = self._rooms.get(room)
            if found is None:
                return []
            if mark is None:
                shown = (each for each in reversed(found.people.values()) if HIDDEN not in each.marks)
                return list(itertools.islice(shown, most))
            marked = [found.people[user] for user in found.marked.get(mark, ())]
        return sorted(marked, key=lambda each: -each.place)[:most]

    def marks(self, room: str) -> Mapping[int, int]:
        """Return the marks that members of a room have, each with their number."""
        with self._lock:
            found = self._rooms.get(room)
            return {mark: len(users) for mark, users in found.marked.items()} if found else {}

    def lost(self, room: str, user: str) -> bool:
        """Say whether a user was in a room a short while ago and lost the connection."""
        return (room, user) in self._lost

    def forget_lost(self, now: int) -> None:
        """Forget those who did not come back soon."""
        while self._lost and (len(self._lost) > MAX_LOST or next(iter(self._lost.values())) <= now - LOST_SECONDS):
            del self._lost[next(iter(self._lost))]

    def rooms_of(self, user: str) -> list[str]:
        """Return the rooms that a user is in, in the order of entering."""
        return list(self._of.get(user, ()))

    def names(self) -> list[str]:
        """Return the rooms in which somebody is."""
        return list(self._rooms)

    def kind(self, room: str) -> str:
        """Return the kind of a room that somebody is in."""
        return self._rooms[room].kind

    def enter(self, room: str, kind: str, user: str, now: int) -> bool:
        """Let a user in; False where he is there already."""
        with self._lock:
            found = self._rooms.get(room) or self._rooms.setdefault(room, _Room(kind))
            self._kept.pop((room, user), None)
            self._lost.pop((room, user), None)
            if user in found.people:
                return False
            found.last_place = max(found.last_place + 1, now * PLACES_A_SECOND)
            found.people[user] = Present(user, now, found.last_place)
            self._of.setdefault(user, {})[room] = None
            return True

    def leave(self, room: str, user: str) -> bool:
        """Let a user go, with his marks; False where he is not there."""
        with self._lock:
            found = self._rooms.get(room)
            return found is not None and self._leave(room, found, user)

    def without_session(self, room: str, user: str, now: int) -> bool:
        """Let a user go whose last session in a room ended; False where he stays on by his mark."""
        with self._lock:
            found = self._rooms[room]
            if ALWAYS_THERE in found.people[user].marks:
                self._kept[room, user] = now + ALWAYS_SECONDS
                return False
            self._lost.pop((room, user), None)
            self._lost[room, user] = now
            return self._leave(room, found, user)

    def overstayed(self, now: int) -> list[tuple[str, str]]:
        """Return rooms and users whose stay without a session is over."""
        return [place for place, _ in itertools.takewhile(lambda kept: kept[1] <= now, self._kept.items())]

    def mark(self, room: str, user: str, mark: int, *, on: bool) -> bool:
        """Give or take a mark; False where that changes nothing, the user is not there, or a limit is reached."""
        with self._lock:
            found = self._rooms.get(room)
            member = found.people.get(user) if found else None
            if found is None or member is None or (mark in member.marks) is on:
                return False
            users = found.marked.get(mark, set())
            if on:
                own = sum(number >= FIRST_MARK for number in found.marked)
                if len(users) >= MEMBERS_A_MARK or (mark >= FIRST_MARK and not users and own >= MARKS_A_ROOM):
                    return False
                found.marked.setdefault(mark, users).add(user)
            else:
                _unmark(found, user, mark)
            found.people[user] = msgspec.structs.replace(member, marks=member.marks ^ {mark})
            return True

    def stays_on(self, room: str, user: str) -> bool:
        """Say whether a user is in a room by his mark alone."""
        return (room, user) in self._kept

    def close(self, room: str) -> None:
        """Let all in a room go."""
        with self._lock:
            found = self._rooms.get(room)
            for user in list(found.people) if found else ():
                if found is not None:
                    self._leave(room, found, user)

    def someone(self) -> bool:
        """Say whether anybody is in any room."""
        return bool(self._rooms)

    def clear(self) -> None:
        """Let everybody go."""
        with self._lock:
            self._rooms.clear()
            self._of.clear()
            self._kept.clear()
            self._lost.clear()

    def may_tell(self, room: str, now: int) -> bool:
        """Say whether a room may be told one more coming or going in this second, and count it."""
        found = self._rooms.get(room)
        if found is None:
            return False
        if now != found.second:
            found.second, found.tips = now, 0
        if found.tips >= max(1, min(TIPS_A_SECOND, PUSHES_A_SECOND // len(found.people))):
            return False
        found.tips += 1
        return True

    def _leave(self, room: str, found: _Room, user: str) -> bool:
        member = found.people.pop(user, None)
        if member is None:
            return False
        for mark in member.marks:
            _unmark(found, user, mark)
        self._kept.pop((room, user), None)
        rooms = self._of[user]
        del rooms[room]
        if not rooms:
            del self._of[user]
        if not found.people:
            del self._rooms[room]
        return True


def _unmark(found: _Room, user: str, mark: int) -> None:
    users = found.marked[mark]
    users.discard(user)
    if not users:
        del found.marked[mark]
