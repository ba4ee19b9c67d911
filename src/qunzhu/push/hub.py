"""The sessions of one app on this node, the rooms they are in, and what each is told of an event.

A text is encoded once and the same bytes are offered to every session of a room. What a room is told by neighbouring
events goes out in one piece. Runs on the event loop; only ``platforms``, ``users`` and what reads ``live`` may
be called from other threads.

Into most rooms a user comes with all his sessions, as the store says. Into a live room a session comes by itself, and
its user is a member as long as one of his sessions is there.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from qunzhu.core import wire
from qunzhu.core.events import (
    AccountsChanged,
    DailyQuotaNear,
    Event,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    GroupWoken,
    LoginsRevoked,
    MarksChanged,
    MemberInfoChanged,
    MembersBanned,
    MembersJoined,
    MembersLeft,
    MessageDropped,
    MessageRepeated,
    MessageSent,
    RequestsOverLimit,
)
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.live import ALWAYS_THERE
from qunzhu.core.meter import DELIVERED, DELIVERIES
from qunzhu.core.notices import change, system_notices, tip, unsaid
from qunzhu.core.pushes import pushes, skipped
from qunzhu.core.wire import KICKED, REVOKED, End
from qunzhu.push.live import LiveRooms

log = structlog.get_logger("qunzhu.push")
_ALERTS: dict[type[Event], str] = {
    DailyQuotaNear: "70 % of the day's quota of new groups is used",
    RequestsOverLimit: "a command is called more often than the app may",
}
DEAF = MSG_FLAGS[1]
"""The receive option of members who get no messages, only tips."""


class Member(Protocol):
    """A session as the hub sees it."""

    number: int
    """Its own, in this process."""
    user: str
    platform: str
    client: str
    """Address that it comes from."""
    made_at: int
    """When its UserSig was made, unix seconds."""

    def offer(self, frame: bytes) -> None:
        """Send a frame, or end the session as slow where too much waits. Whoever it ends is detached later."""
        ...

    def end(self, reason: End) -> None:
        """End the session."""
        ...


Moved = Callable[[MembersLeft, "Member | None"], None]
"""Takes who left a live room without a command, and the session with which he was there, if there is one."""
Outgoing = Callable[[str, Any, Collection["Member"]], Collection["Member"]]
"""Takes a push by method and params, and whom it is for; returns to whom it goes, each as often as he gets it."""
Bundle = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Given texts in their order, returns what is offered: as many frames, or fewer that hold several of them."""


class Tally:
    """What the hubs of a server have done since its start."""

    def __init__(self) -> None:
        self.deliveries = 0
        """Texts given to sessions, each counted once for every session."""
        self.dropped: Counter[str] = Counter()
        """Messages that were over the frequency of their group, by priority."""
        self.alerts: Counter[str] = Counter()
        """What the log warned of, by event."""
        self.callbacks: Counter[tuple[str, str]] = Counter()
        """Callbacks by command and what became of them."""
        self.waiting: dict[int, int] = {}
        """Callbacks that wait, as far as they are in memory, by SDKAppID."""

    def note(self, event: MessageDropped | MessageRepeated | DailyQuotaNear | RequestsOverLimit) -> None:
        """Count what only operators hear of, and log what they should look at."""
        if isinstance(event, MessageDropped):
            self.dropped[event.priority] += 1
        elif (text := _ALERTS.get(type(event))) is not None:
            self.alerts[type(event).__name__] += 1
            log.warning(text, **msgspec.structs.asdict(event))


class Hub:
    """Who is connected, and in which rooms."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        bundle: Bundle = tuple,
        tally: Tally | None = None,
        moved: Moved | None = None,
        unsent: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.live = LiveRooms()
        self.outgoing: Outgoing | None = None
        self._moved = moved
        self.unsent = unsent
        """Takes the events of messages that were not sent, among what only operators hear of."""
        self.tally = tally or Tally()
        self._now = now
        self._bundle = bundle
        self._audience: Collection[Member] = ()
        self._unsent: list[bytes] = []
        """What the audience is to be told in one piece."""
        self._users: dict[str, dict[str, Member]] = {}
        self._rooms: dict[str, set[Member]] = {}
        self._in: dict[Member, set[str]] = {}
        self._entering: dict[Member, list[Event]] = {}
        self._deaf: dict[str, set[str]] = {}
        self.revoked: dict[str, int] = {}
        self._delivered: Counter[str] = Counter()

    def platforms(self, user: str) -> Collection[str]:
        """Return the platforms on which a user has a session now."""
        return tuple(self._users.get(user, {}))

    def users(self) -> int:
        """Return how many users have a session now."""
        return len(self._users)

    def sessions(self) -> int:
        """Return the number of sessions."""
        return len(self._in)

    def names(self) -> list[str]:
        """Return the users who have a session now."""
        return list(self._users)

    def take_deliveries(self) -> "Counter[str]":
        """Return what sessions were given since the last call, by meter."""
        taken, self._delivered = self._delivered, Counter()
        return taken

    def give_back(self, deliveries: "Counter[str]") -> None:
        """Take deliveries back that could not be counted elsewhere."""
        self._delivered.update(deliveries)

    def busy(self) -> bool:
        """Say whether anybody is there: with a session, or in a live room by his mark."""
        return bool(self._in) or self.live.someone()

    def attach(self, session: Member) -> list[str]:
        """Register a session, ending an older one of the same user and platform; return the platforms of ended ones.

        Until ``enter`` names its rooms, joins and leaves that happen meanwhile are kept for it.
        """
        older = self._users.setdefault(session.user, {}).get(session.platform)
        if older is not None:
            self.detach(older)
            older.end(KICKED)
        self._users.setdefault(session.user, {})[session.platform] = session
        self._in[session] = set()
        self._entering[session] = []
        return [] if older is None else [older.platform]

    def enter(self, session: Member, rooms: Iterable[str], deaf: Iterable[str] = ()) -> None:
        """Put a session into its rooms, then let it live through what happened while they were read.

        In those that are ``deaf`` its user wants no messages.
        """
        missed = self._entering.pop(session, None)
        if missed is None:
            return
        for room in rooms:
            self._put(session, room)
        for room in deaf:
            self._deaf.setdefault(room, set()).add(session.user)
        for event in missed:
            self._move(event, only=session)

    def detach(self, session: Member) -> None:
        """Forget a session; its user leaves the live rooms in which he has no other."""
        self._send()
        rooms = self._in.pop(session, set())
        for room in rooms:
            self._leave_room(session, room)
        self._entering.pop(session, None)
        mine = self._users.get(session.user)
        if mine is not None and mine.get(session.platform) is session:
            del mine[session.platform]
            if not mine:
                del self._users[session.user]
                for room in rooms:
                    self._hears(room, session.user, heard=True)
        for room in self.live.rooms_of(session.user):
            if room in rooms and not self._sessions_in(room, session.user):
                self._left_alone(room, session)
        self._send()

    def end_all(self, reason: End) -> None:
        """End every session; all live rooms are empty then."""
        self.live.clear()
        for session in list(self._in):
            self.detach(session)
            session.end(reason)

    def cut(self, reason: End, user: str | None = None, platform: str | None = None) -> int:
        """End the sessions of a user, of a platform, or all, as if their connections broke; return how many."""
        meant = [one for one in self._in if user in {None, one.user} and platform in {None, one.platform}]
        for session in meant:
            self.detach(session)
            session.end(reason)
        return len(meant)

    def tell(self, *events: Event) -> None:
        """Let events take effect in their order: rooms change, sessions are told or ended."""
        try:
            for event in events:
                self._happen(event)
        finally:
            self._send()

    def _happen(self, event: Event) -> None:
        if isinstance(event, LoginsRevoked):
            self.revoked[event.user] = event.before
            self._end_user(event.user, event.before)
        elif isinstance(event, AccountsChanged):
            for user in event.deleted:
                self._end_user(user)
                for room in self.live.rooms_of(user):
                    self._drop(room, user)
        elif isinstance(event, MessageSent):
            self._tell_message(event)
        elif isinstance(event, MessageDropped | MessageRepeated | DailyQuotaNear | RequestsOverLimit):
            self.tally.note(event)
            self.unsent(event)
        elif isinstance(event, GroupEvent):
            if not BY_NAME[event.kind].stores_members:
                self._tell_live(event)
            elif self._in:
                self._tell_group(event)
        else:
            self._push(event)

    def sweep(self) -> None:
        """Let those go whom a mark kept in a live room for as long as it does."""
        now = int(self._now())
        for room, user in self.live.overstayed(now):
            self._drop(room, user)
        self.live.forget_lost(now)
        self._send()

    def _drop(self, room: str, user: str) -> None:
        """Let somebody go who has no session in a live room any more."""
        gone = self._departure(room, user)
        self._report(gone)
        self._leave_live(gone, [user])

    def _tell_group(self, event: GroupEvent) -> None:
        leaving = isinstance(event, GroupDissolved)
        if not leaving:
            self._move(event)
        self._announce(event)
        if leaving:
            self._move(event)

    def _announce(self, event: GroupEvent) -> None:
        self._tell_room(event)
        self._notify(event)
        self._push(event)

    def _push(self, event: Event) -> None:
        room = event.group_id if isinstance(event, GroupEvent) else ""
        for push in pushes(event):
            told = self._told(room, push.users)
            self._offer([s for s in told if s.number != push.but] if push.but else told, push.method, push.params)

    def _tell_message(self, event: MessageSent) -> None:
        """Give a message to those in the room whom it is for; a broadcast has no room, and is for all live rooms."""
        if not self._in:
            return
        [push] = pushes(event)
        if not event.group_id:
            room: Collection[Member] = {s for name in self.live.names() for s in self._rooms.get(name, ())}
        else:
            room = self._rooms.get(event.group_id, ())
        deaf = self._deaf.get(event.group_id, ())
        if not deaf and not event.users:
            self._offer(room, push.method, push.params)
            return
        out = [s for s in room if s.user in deaf or (event.users and s.user not in event.users)]
        self._offer(self._of(event.users) if event.users else set(room).difference(out), push.method, push.params)
        if event.kept and event.told:
            other = skipped(event)
            self._offer(out, other.method, other.params)

    def _tell_room(self, event: GroupEvent) -> None:
        if (told := tip(event)) is not None:
            self._offer(self._told(event.group_id, None), "group_tip", told)
        if (changed := change(event)) is not None:
            self._offer(self._told(event.group_id, None), "group_change", changed)
        if (stale := unsaid(event)) is not None:
            self._offer(self._told(event.group_id, stale[0]), "group_change", stale[1])

    def _notify(self, event: GroupEvent) -> None:
        for users, notice in system_notices(event):
            self._offer(self._told(event.group_id, users), "group_notice", notice)

    def _tell_live(self, event: GroupEvent) -> None:
        """Let an event of a live room happen to those who are there, and tell what came of it."""
        room = event.group_id
        match event:
            case MembersJoined(users=[user]):
                self._enter_live(event, user)
            case MembersLeft(users=users):
                self._leave_live(event, users)
            case MembersBanned(users=users):
                self._announce(event)
                gone = self._departure(room, event.operator, how="Ban", kind=event.kind)
                self._leave_live(gone, users)
            case MarksChanged():
                self._mark_live(event)
            case GroupDissolved():
                self._announce(event)
                self._left(room, tuple(self._rooms.get(room, ())), None)
                self.live.close(room)
            case _:
                self._announce(event)

    def _enter_live(self, event: MembersJoined, user: str) -> None:
        room, session = event.group_id, next((s for s in self._of([user]) if s.number == event.session), None)
        if session is None:
            return  # it ended before the answer
        self._put(session, room)
        if not self.live.enter(room, event.kind, user, event.at):
            return
        for other in self.live.rooms_of(user)[: -event.most] if event.most else ():
            quitting = self._departure(other, user, how="Quit")
            self._report(quitting, session)
            self._leave_live(quitting, [user])
        self._announce_move(event)

    def _leave_live(self, event: MembersLeft, users: Iterable[str]) -> None:
        room = event.group_id
        gone = [user for user in users if self.live.leave(room, user)]
        self._left(room, self._of(gone), None)
        if gone:
            self._announce_move(msgspec.structs.replace(event, users=gone))

    def _left_alone(self, room: str, session: Member) -> None:
        gone = self._departure(room, session.user)
        if self.live.without_session(room, session.user, gone.at):
            self._report(gone, session)
            self._announce_move(gone)

    def _report(self, gone: MembersLeft, session: Member | None = None) -> None:
        if self._moved is not None:
            self._moved(gone, session)

    def _mark_live(self, event: MarksChanged) -> None:
        room, on = event.group_id, event.enabled
        marks = {
            mark: done
            for mark, users in event.marks.items()
            if (done := [user for user in users if self.live.mark(room, user, mark, on=on)])
        }
        if marks:
            self._announce(msgspec.structs.replace(event, marks=marks))
        for user in () if on else marks.get(ALWAYS_THERE, ()):
            if self.live.stays_on(room, user):
                self._drop(room, user)

    def _announce_move(self, event: MembersJoined | MembersLeft) -> None:
        """Tell who came or went, and how many there are now; a crowd is told by some of its movements."""
        event = msgspec.structs.replace(event, member_num=self.live.online(event.group_id))
        if event.told and self.live.may_tell(event.group_id, int(self._now())):
            self._tell_room(event)
        self._notify(event)

    def _departure(self, room: str, operator: str, *, how: str = "Offline", kind: str = "") -> MembersLeft:
        """Return the event of somebody's leaving a live room that no command is about."""
        return MembersLeft(
            group_id=room, kind=kind or self.live.kind(room), operator=operator, at=int(self._now()),
            users=[operator], how=how, member_num=0,
        )  # fmt: skip

    def _sessions_in(self, room: str, user: str) -> bool:
        return any(room in self._in.get(session, ()) for session in self._of([user]))

    def _offer(self, sessions: Collection[Member], method: str, params: Any) -> None:
        """Tell sessions something; what the same room is told next goes out with it."""
        if self.outgoing is not None:
            sessions = self.outgoing(method, params, sessions)
        if not sessions:
            return
        if sessions is not self._audience:
            self._send()
            self._audience = sessions
        self._unsent.append(wire.push(method, params))
        self._delivered[DELIVERIES] += len(sessions)
        if (name := DELIVERED.get(method)) is not None:
            self._delivered[name] += len(sessions)

    def _send(self) -> None:
        """Let go what waits for more of its kind. Comes before any session goes, ends or changes its rooms."""
        texts, audience = self._unsent, self._audience
        if not texts:
            return
        self._unsent, self._audience = [], ()
        self.tally.deliveries += len(texts) * len(audience)
        for frame in self._bundle(texts):
            for session in audience:
                session.offer(frame)

    def _told(self, room: str, users: Iterable[str] | None) -> Collection[Member]:
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
                for user in users if only is None else ():
                    self._hears(event.group_id, user, heard=True)
                self._left(event.group_id, self._of(users), only)
            case GroupWoken(users=users):
                self._joined(event.group_id, users, only)
            case MemberInfoChanged(user=user, changes={"MsgFlag": flag}):
                self._hears(event.group_id, user, heard=flag != DEAF)
            case GroupDissolved(group_id=room):
                self._deaf.pop(room, None)
                self._left(room, tuple(self._rooms.get(room, ())), only)
            case _:
                pass

    def _hears(self, room: str, user: str, *, heard: bool) -> None:
        deaf = self._deaf.get(room, set())
        if heard:
            deaf.discard(user)
            if not deaf:
                self._deaf.pop(room, None)
        elif user in self._users:
            self._deaf.setdefault(room, deaf).add(user)

    def _joined(self, room: str, users: Iterable[str], only: Member | None) -> None:
        for session in self._of(users):
            if only in {None, session} and session not in self._entering:
                self._put(session, room)

    def _left(self, room: str, sessions: Iterable[Member], only: Member | None) -> None:
        for session in sessions:
            if only in {None, session}:
                self._in.get(session, set()).discard(room)
                self._leave_room(session, room)

    def _put(self, session: Member, room: str) -> None:
        self._send()
        self._rooms.setdefault(room, set()).add(session)
        self._in[session].add(room)

    def _leave_room(self, session: Member, room: str) -> None:
        self._send()
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
