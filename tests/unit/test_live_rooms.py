"""Live rooms in memory: any order of comings and goings leaves what a plain model has, also while others read."""

from __future__ import annotations

import random
import threading

import pytest

from qunzhu.core.events import GroupDissolved, LoginsRevoked, MarksChanged, MembersBanned, MembersJoined, MembersLeft
from qunzhu.core.live import ALWAYS_SECONDS, ALWAYS_THERE, HIDDEN
from qunzhu.push.hub import Hub
from qunzhu.push.live import LiveRooms
from worlds import Listener

KIND = "AVChatRoom"
MARKS = (ALWAYS_THERE, HIDDEN, 1000, 1001)


class Story:
    """Random comings and goings of sessions and users, and who should be where with which marks."""

    USERS, ROOMS, PLATFORMS = ("ann", "bob", "cid"), ("red", "blue", "green"), ("Web", "iOS")

    def __init__(self, seed: int, most: int) -> None:
        self.rng, self.most, self.now = random.Random(seed), most, 1000
        self.hub = Hub(lambda: self.now)
        self.alive: dict[tuple[str, str], Listener] = {}
        self.inside: dict[tuple[str, str], set[Listener]] = {}
        self.marks: dict[tuple[str, str], set[int]] = {}
        self.kept: dict[tuple[str, str], int] = {}

    def facts(self, room: str) -> dict:
        return {"group_id": room, "kind": KIND, "operator": "ann", "at": self.now}

    def gone(self, place: tuple[str, str]) -> None:
        """Forget a user of a room."""
        self.inside.pop(place, None)
        self.marks.pop(place, None)
        self.kept.pop(place, None)

    def session_ends(self, session: Listener) -> None:
        """Let a session out of all rooms; a user whom nothing keeps goes with the last."""
        for place, sessions in list(self.inside.items()):
            if session in sessions:
                sessions.remove(session)
                if not sessions and ALWAYS_THERE in self.marks[place]:
                    self.kept[place] = self.now + ALWAYS_SECONDS
                elif not sessions:
                    self.gone(place)

    def attach(self) -> None:
        """Let a session begin, which ends another of the same user and platform."""
        session = Listener(self.rng.choice(self.USERS), self.rng.choice(self.PLATFORMS))
        older = self.alive.get((session.user, session.platform))
        self.alive[session.user, session.platform] = session
        if older is not None:
            self.session_ends(older)
        self.hub.attach(session)
        self.hub.enter(session, [])

    def detach(self) -> None:
        """Let a session end."""
        if self.alive and self.rng.random() < 0.5:
            session = self.alive.pop(self.rng.choice(list(self.alive)))
            self.session_ends(session)
            self.hub.detach(session)

    def join(self) -> None:
        """Let some session enter a room, or one that ended meanwhile."""
        room = self.rng.choice(self.ROOMS)
        session = self.rng.choice([*self.alive.values(), Listener("ann")])
        self.hub.tell(
            MembersJoined(
                **self.facts(room), users=[session.user], how="Apply", member_num=0, session=session.number,
                most=self.most,
            )
        )  # fmt: skip
        if self.alive.get((session.user, session.platform)) is not session:
            return
        place = (room, session.user)
        new = place not in self.inside
        self.inside.setdefault(place, set()).add(session)
        self.marks.setdefault(place, set())
        self.kept.pop(place, None)
        mine = [other for other in self.inside if other[1] == session.user]
        for other in mine[: -self.most] if self.most and new else ():
            self.gone(other)

    def leave(self) -> None:
        """Let users leave, be banned, or the room be dissolved."""
        room, users = self.rng.choice(self.ROOMS), self.rng.sample(self.USERS, 2)
        which = self.rng.random()
        if which < 0.2:
            self.hub.tell(GroupDissolved(**self.facts(room), name="n", owner="ann", member_num=0))
            users = list(self.USERS)
        elif which < 0.5:
            self.hub.tell(MembersBanned(**self.facts(room), users=users, until=2000))
        else:
            self.hub.tell(MembersLeft(**self.facts(room), users=users, how="Quit", member_num=0))
        for user in users:
            self.gone((room, user))

    def mark(self) -> None:
        """Let marks be given or taken."""
        room, mark, on = self.rng.choice(self.ROOMS), self.rng.choice(MARKS), self.rng.random() < 0.6
        users = self.rng.sample(self.USERS, 2)
        self.hub.tell(MarksChanged(**self.facts(room), marks={mark: users}, enabled=on))
        for place in [(room, user) for user in users if (room, user) in self.marks]:
            (self.marks[place].add if on else self.marks[place].discard)(mark)
            if mark == ALWAYS_THERE and not on and place in self.kept:
                self.gone(place)

    def time_goes(self) -> None:
        """Let time pass, at times more than a mark keeps anybody."""
        self.now += self.rng.choice([0, 1, ALWAYS_SECONDS // 2])
        self.hub.sweep()
        for place in [place for place, until in self.kept.items() if until <= self.now]:
            self.gone(place)

    def revoke(self) -> None:
        """Let all sessions of a user end."""
        if self.rng.random() < 0.2:
            user = self.rng.choice(self.USERS)
            self.hub.tell(LoginsRevoked(user=user, before=0))
            for key in [key for key in self.alive if key[0] == user]:
                self.session_ends(self.alive.pop(key))

    def step(self) -> None:
        """Let something happen."""
        happens = [self.attach, self.detach, self.leave, self.mark, self.mark, self.time_goes, self.revoke]
        self.rng.choice([*happens, *[self.join] * 5])()

    def check(self) -> None:
        """Compare with the hub: members, marks, order and who hears a room."""
        live = self.hub.live
        for room in self.ROOMS:
            users = [user for name, user in self.inside if name == room]
            assert live.online(room) == len(users)
            assert [one.user for one in live.newest(room, 100)] == [
                user for user in reversed(users) if HIDDEN not in self.marks[room, user]
            ]
            for mark in MARKS:
                marked = [user for user in reversed(users) if mark in self.marks[room, user]]
                assert [one.user for one in live.newest(room, 100, mark)] == marked
                assert live.marks(room).get(mark, 0) == len(marked)
            heard = {session for session in self.alive.values() if room in self.hub._in[session]}
            assert heard == {s for (name, _), sessions in self.inside.items() if name == room for s in sessions}
        for user in self.USERS:
            assert live.rooms_of(user) == [room for room, name in self.inside if name == user]


@pytest.mark.parametrize("most", [0, 1, 2])
@pytest.mark.parametrize("seed", range(15))
def test_any_order_of_comings_and_goings(seed, most):
    story = Story(seed, most)
    for _ in range(400):
        story.step()
        story.check()


def test_nothing_is_left_behind():
    rooms = LiveRooms()
    for number in range(100):
        user, room = f"u{number}", f"r{number % 3}"
        assert rooms.enter(room, KIND, user, 5)
        assert rooms.mark(room, user, 1000 + number % 2, on=True)
        assert rooms.mark(room, user, ALWAYS_THERE, on=True)
    assert not rooms.without_session("r0", "u0", 5)
    for number in range(100):
        assert rooms.leave(f"r{number % 3}", f"u{number}")
    assert not rooms.leave("r0", "u0")
    assert not rooms.someone()
    assert (rooms._rooms, rooms._of, rooms._kept) == ({}, {}, {})


def test_places_grow_also_when_the_clock_goes_back():
    rooms = LiveRooms()
    for user, now in (("a", 10), ("b", 10), ("c", 9), ("d", 11)):
        rooms.enter("room", KIND, user, now)
    found = rooms.newest("room", 10)
    assert [one.user for one in found] == ["d", "c", "b", "a"]
    assert [one.place for one in found] == sorted((one.place for one in found), reverse=True)
    assert [one.joined_at for one in found] == [11, 9, 10, 10]


def test_other_threads_read_while_the_room_changes():
    """Handlers read in threads of their own: whatever they see is some state that was."""
    rooms, over, faults = LiveRooms(), threading.Event(), []

    def read() -> None:
        try:
            while not over.is_set():
                places = [one.place for one in rooms.newest("room", 1000)]
                assert places == sorted(places, reverse=True)
                assert rooms.marks("room").get(1000, 0) <= 300
                assert len(rooms.newest("room", 1000, 1000)) <= 300
                rooms.present("room", "u7")
                assert 0 <= rooms.online("room") <= 300
        except (AssertionError, KeyError, RuntimeError) as fault:
            faults.append(fault)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(30):
        for number in range(300):
            rooms.enter("room", KIND, f"u{number}", turn)
            rooms.mark("room", f"u{number}", 1000, on=True)
        for number in range(300):
            rooms.leave("room", f"u{number}")
    over.set()
    for reader in readers:
        reader.join()
    assert faults == []
