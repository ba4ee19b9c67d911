"""The sessions of one app on this node, the rooms they are in, and what each is told of an event.

A frame is encoded once and the same bytes are offered to every session of a room. Runs on the event loop; only
``platforms`` may be called from other threads.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

from qunzhu.core import wire
from qunzhu.core.events import (
    AccountsChanged,
    Event,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    LoginsRevoked,
    MembersJoined,
    MembersLeft,
)
from qunzhu.core.notices import Notice, change, system_notices, tip, unsaid
from qunzhu.core.wire import KICKED, REVOKED, End


class Member(Protocol):
    """A session as the hub sees it."""

    user: str
    platform: str
    made_at: int
    """When its UserSig was made, unix seconds."""

    def offer(self, frame: bytes) -> None:
        """Send a frame, or end the session as slow where its queue is full."""
        ...

    def end(self, reason: End) -> None:
        """End the session."""
        ...


class Hub:
    """Who is connected, and in which rooms."""

    def __init__(self) -> None:
        self._users: dict[str, dict[str, Member]] = {}
        self._rooms: dict[str, set[Member]] = {}
        self._in: dict[Member, set[str]] = {}
        self._entering: dict[Member, list[Event]] = {}
        self.revoked: dict[str, int] = {}

    def platforms(self, user: str) -> Collection[str]:
        """Return the platforms on which a user has a session now."""
        return tuple(self._users.get(user, {}))

    def sessions(self) -> int:
        """Return the number of sessions."""
        return len(self._in)

    def attach(self, session: Member) -> None:
        """Register a session, ending an older one of the same user and platform.

        Until ``enter`` names its rooms, joins and leaves that happen meanwhile are kept for it.
        """
        older = self._users.setdefault(session.user, {}).get(session.platform)
        if older is not None:
            self.detach(older)
            older.end(KICKED)
        self._users.setdefault(session.user, {})[session.platform] = session
        self._in[session] = set()
        self._entering[session] = []

    def enter(self, session: Member, rooms: Iterable[str]) -> None:
        """Put a session into its rooms, then let it live through what happened while they were read."""
        missed = self._entering.pop(session, None)
        if missed is None:
            return
        for room in rooms:
            self._rooms.setdefault(room, set()).add(session)
            self._in[session].add(room)
        for event in missed:
            self._move(event, only=session)

    def detach(self, session: Member) -> None:
        """Forget a session."""
        for room in self._in.pop(session, ()):
            self._leave_room(session, room)
        self._entering.pop(session, None)
        mine = self._users.get(session.user)
        if mine is not None and mine.get(session.platform) is session:
            del mine[session.platform]
            if not mine:
                del self._users[session.user]

    def end_all(self, reason: End) -> None:
        """End every session."""
        for session in list(self._in):
            self.detach(session)
            session.end(reason)

    def tell(self, event: Event) -> None:
        """Let an event take effect: rooms change, sessions are told or ended."""
        if isinstance(event, LoginsRevoked):
            self.revoked[event.user] = event.before
            self._end_user(event.user, event.before)
        elif isinstance(event, AccountsChanged):
            for user in event.deleted:
                self._end_user(user)
        elif self._in and isinstance(event, GroupEvent):
            self._tell_group(event)

    def _tell_group(self, event: GroupEvent) -> None:
        leaving = isinstance(event, GroupDissolved)
        if not leaving:
            self._move(event)
        if (told := tip(event)) is not None:
            self._offer(self._rooms.get(event.group_id, ()), "group_tip", told)
        if (changed := change(event)) is not None:
            self._offer(self._rooms.get(event.group_id, ()), "group_change", changed)
        if (stale := unsaid(event)) is not None:
            self._offer(self._told(event.group_id, stale[0]), "group_change", stale[1])
        for users, notice in system_notices(event):
            self._offer(self._told(event.group_id, users), "group_notice", notice)
        if leaving:
            self._move(event)

    def _offer(self, sessions: Iterable[Member], method: str, notice: Notice) -> None:
        frame = b""
        for session in tuple(sessions):
            frame = frame or wire.push(method, notice)
            session.offer(frame)

    def _told(self, room: str, users: Iterable[str] | None) -> Iterable[Member]:
        return self._rooms.get(room, ()) if users is None else self._of(users)

    def _of(self, users: Iterable[str]) -> list[Member]:
        return [session for user in users for session in self._users.get(user, {}).values()]

    def _move(self, event: Event, *, only: Member | None = None) -> None:
        """Change rooms as an event says, for all sessions or for one that just entered."""
        if only is None:
            for waiting in self._entering.values():
                waiting.append(event)
        match event:
            case GroupCreated(owner=owner, members=members):
                self._joined(event.group_id, [owner, *members], only)
            case MembersJoined(users=users):
                self._joined(event.group_id, users, only)
            case MembersLeft(users=users):
                self._left(event.group_id, self._of(users), only)
            case GroupDissolved(group_id=room):
                self._left(room, tuple(self._rooms.get(room, ())), only)
            case _:
                pass

    def _joined(self, room: str, users: Iterable[str], only: Member | None) -> None:
        for session in self._of(users):
            if only in {None, session} and session not in self._entering:
                self._rooms.setdefault(room, set()).add(session)
                self._in[session].add(room)

    def _left(self, room: str, sessions: Iterable[Member], only: Member | None) -> None:
        for session in sessions:
            if only in {None, session}:
                self._in.get(session, set()).discard(room)
                self._leave_room(session, room)

    def _leave_room(self, session: Member, room: str) -> None:
        inside = self._rooms.get(room)
        if inside is not None:
            inside.discard(session)
            if not inside:
                del self._rooms[room]

    def _end_user(self, user: str, made_before: int | None = None) -> None:
        for session in tuple(self._users.get(user, {}).values()):
            if made_before is None or session.made_at < made_before or made_before == 0:
                self.detach(session)
                session.end(REVOKED)
