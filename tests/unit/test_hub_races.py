"""Whatever happens while a session's rooms are being read, it ends up in the rooms its user is a member of."""

from __future__ import annotations

import json
import random

import pytest

from qunzhu.core.events import (
    AccountsChanged,
    GroupCreated,
    GroupDissolved,
    GroupInfoChanged,
    MembersJoined,
    MembersLeft,
)
from qunzhu.core.wire import KICKED, REVOKED, STOPPING
from qunzhu.push.hub import Hub


class Listener:
    """A session that keeps what it is given."""

    def __init__(self, user: str, platform: str = "Web", made_at: int = 100) -> None:
        self.user, self.platform, self.made_at = user, platform, made_at
        self.client = "203.0.113.7"
        self.frames: list[dict] = []
        self.ended = None

    def offer(self, frame: bytes) -> None:
        """Keep a frame."""
        self.frames.append(json.loads(frame))

    def end(self, reason) -> None:
        """Keep the reason."""
        self.ended = reason


def about(event, room: str = "room", **fields):
    return event(group_id=room, kind="Public", operator="ann", at=1, **fields)


def joined(*users: str, room: str = "room"):
    return about(MembersJoined, room, users=[*users], how="Invite", member_num=1)


def left(*users: str, room: str = "room", how: str = "Kick"):
    return about(MembersLeft, room, users=[*users], how=how, member_num=1)


def dissolved(room: str = "room"):
    return about(GroupDissolved, room, name="n", owner="ann", member_num=1)


def created(owner: str, *members: str, room: str = "room"):
    return about(GroupCreated, room, name="n", owner=owner, members=[*members])


def inside(hub: Hub, *sessions: Listener, room: str = "room") -> set[Listener]:
    """Return the sessions that hear what is told in a room."""
    before = {session: len(session.frames) for session in sessions}
    hub.tell(about(GroupInfoChanged, room, changes={"Name": "n"}))
    return {session for session in sessions if len(session.frames) > before[session]}


@pytest.mark.parametrize(("rooms", "meanwhile", "there"), [
    ((), [], False), (("room",), [], True),
    ((), [joined("bob")], True), (("room",), [joined("bob")], True),
    (("room",), [left("bob")], False), ((), [left("bob")], False),
    (("room",), [left("bob"), joined("bob")], True), ((), [joined("bob"), left("bob")], False),
    (("room",), [joined("bob"), left("bob")], False), ((), [left("bob"), joined("bob")], True),
    (("room",), [dissolved()], False), ((), [created("bob"), dissolved()], False),
    ((), [created("ann", "bob")], True), ((), [created("bob", "ann")], True), ((), [created("ann", "cid")], False),
    (("room",), [dissolved(), created("ann")], False), (("room",), [dissolved(), created("bob")], True),
    (("room",), [left("cid"), joined("dan")], True),
])  # fmt: skip
def test_what_happens_between_attach_and_enter_counts(rooms, meanwhile, there):
    hub, bob = Hub(), Listener("bob")
    hub.attach(bob)
    for event in meanwhile:
        hub.tell(event)
    hub.enter(bob, rooms)
    assert inside(hub, bob) == ({bob} if there else set())


def test_a_second_login_ends_the_first_even_while_it_enters():
    hub, first, second = Hub(), Listener("bob"), Listener("bob")
    hub.attach(first)
    hub.attach(second)
    assert first.ended is KICKED
    hub.tell(joined("bob"))
    hub.enter(first, ["room", "other"])
    hub.enter(second, [])
    assert inside(hub, first, second) == {second}
    assert inside(hub, first, second, room="other") == set()
    hub.detach(first)
    assert hub.platforms("bob") == ("Web",)
    assert hub.sessions() == 1


def test_leaving_before_enter():
    hub, bob = Hub(), Listener("bob")
    hub.attach(bob)
    hub.detach(bob)
    hub.enter(bob, ["room"])
    assert inside(hub, bob) == set()
    assert hub.sessions() == 0
    hub.detach(bob)


def test_a_deleted_account_and_the_end_of_all():
    hub, sessions = Hub(), [Listener(user) for user in ("bob", "cid", "dan")]
    for session in sessions:
        hub.attach(session)
        if session.user != "dan":
            hub.enter(session, ["room"])
    hub.tell(AccountsChanged(deleted=["bob"]))
    assert sessions[0].ended is REVOKED
    hub.end_all(STOPPING)
    assert [s.ended for s in sessions[1:]] == [STOPPING] * 2
    assert hub.sessions() == 0
    assert inside(hub, *sessions) == set()


class Story:
    """Random comings and goings, and who should be where."""

    USERS, ROOMS = ("ann", "bob", "cid"), ("red", "blue")

    def __init__(self, seed: int) -> None:
        self.rng, self.hub = random.Random(seed), Hub()
        self.members: dict[str, set[str]] = {room: set() for room in self.ROOMS}
        self.alive: dict[tuple[str, str], Listener] = {}
        self.entering: dict[Listener, list[str] | None] = {}

    def member_changes(self) -> None:
        """Let a user join or leave a room, or a room be dissolved."""
        room, user = self.rng.choice(self.ROOMS), self.rng.choice(self.USERS)
        inside = self.members[room]
        if self.rng.random() < 0.1:
            inside.clear()
            self.hub.tell(dissolved(room))
        elif user in inside:
            inside.remove(user)
            self.hub.tell(left(user, room=room, how=self.rng.choice(["Quit", "Kick"])))
        else:
            inside.add(user)
            self.hub.tell(joined(user, room=room))

    def attach(self) -> None:
        """Let a session begin, on a platform where the user may have one."""
        session = Listener(self.rng.choice(self.USERS), self.rng.choice(["Web", "iOS"]))
        older = self.alive.get((session.user, session.platform))
        if older is not None:
            self.entering.pop(older, None)
        self.alive[session.user, session.platform] = session
        self.entering[session] = None
        self.hub.attach(session)

    def read_rooms(self) -> None:
        """Read the rooms of some session that is entering."""
        if self.entering:
            session = self.rng.choice(list(self.entering))
            self.entering[session] = [room for room in self.ROOMS if session.user in self.members[room]]

    def enter(self) -> None:
        """Let all enter whose rooms were read."""
        for session, rooms in list(self.entering.items()):
            if rooms is not None:
                del self.entering[session]
                self.hub.enter(session, rooms)

    def detach(self) -> None:
        """Let a session go away."""
        if self.alive and self.rng.random() < 0.3:
            session = self.alive.pop(self.rng.choice(list(self.alive)))
            self.entering.pop(session, None)
            self.hub.detach(session)

    def step(self) -> None:
        """Let something happen."""
        changes = self.member_changes
        self.rng.choice([changes, changes, changes, self.attach, self.read_rooms, self.enter, self.detach])()


@pytest.mark.parametrize("seed", range(30))
def test_any_order_of_comings_and_goings(seed):
    """Rooms are read at any moment between attach and enter."""
    story = Story(seed)
    for _ in range(400):
        story.step()
        here = set(story.alive.values()) - set(story.entering)
        for room in story.ROOMS:
            assert inside(story.hub, *here, room=room) == {s for s in here if s.user in story.members[room]}
    assert story.hub.sessions() == len(story.alive)
