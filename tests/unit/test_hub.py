"""Rooms follow events, also while a session is entering; what is told goes to whom it concerns."""

import json

from qunzhu.core.events import GroupCreated, GroupDissolved, LoginsRevoked, MembersJoined, MembersLeft
from qunzhu.core.wire import KICKED, REVOKED
from qunzhu.push.hub import Hub

FACTS = {"group_id": "g", "kind": "Public", "operator": "alice", "at": 1}


class Listener:
    """A session that keeps what it is offered."""

    def __init__(self, user: str, platform: str = "Linux", made_at: int = 10) -> None:
        self.user, self.platform, self.made_at = user, platform, made_at
        self.client = "203.0.113.7"
        self.frames: list[dict] = []
        self.ended = None

    def offer(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    def end(self, reason) -> None:
        self.ended = reason

    def told(self) -> list[str]:
        """Return the kinds of what was pushed."""
        return [f["params"].get("TipType") or f["params"]["ReportType"] for f in self.frames]


def entered(hub: Hub, user: str, *rooms: str, **more) -> Listener:
    """Let a session in."""
    session = Listener(user, **more)
    hub.attach(session)
    hub.enter(session, rooms)
    return session


def test_a_life_of_a_group():
    hub = Hub()
    alice, bob, carol = (entered(hub, user) for user in ("alice", "bob", "carol"))
    hub.tell(GroupCreated(**FACTS, name="n", owner="alice", members=["bob"], seq=1))
    hub.tell(MembersJoined(**FACTS, users=["carol"], how="Invite", member_num=3, seq=2))
    hub.tell(MembersLeft(**FACTS, users=["bob"], how="Kick", member_num=2, seq=3))
    hub.tell(GroupDissolved(**FACTS, name="n", owner="alice", member_num=2))
    hub.tell(MembersJoined(**FACTS, users=["bob"], how="Invite", member_num=1, seq=1))
    assert alice.told() == ["Invite", "Create", "Invite", "Kick", "Delete"]
    assert bob.told() == ["Invite", "Invite", "Invite", "BeKicked", "Invite", "Invite"]
    assert carol.told() == ["Invite", "Invite", "Kick", "Delete"]


def test_what_happens_while_a_session_enters_is_not_lost():
    for events, inside in (
        ([MembersJoined(**FACTS, users=["bob"], how="Apply", member_num=2)], True),
        ([MembersLeft(**FACTS, users=["bob"], how="Quit", member_num=1)], False),
        ([GroupDissolved(**FACTS, name="n", owner="alice", member_num=1)], False),
    ):
        for read_before in (True, False):
            hub = Hub()
            bob = Listener("bob")
            hub.attach(bob)
            for event in events:
                hub.tell(event)
            hub.enter(bob, ["g"] if read_before != inside else ["g"] * inside)
            bob.frames.clear()
            hub.tell(MembersJoined(**FACTS, users=["dora"], how="Apply", member_num=2))
            assert bob.told() == ["Invite"] * inside


def test_one_session_a_platform():
    hub = Hub()
    first, phone = entered(hub, "bob", "g"), entered(hub, "bob", "g", platform="iOS")
    second = entered(hub, "bob", "g")
    assert (first.ended, phone.ended, second.ended) == (KICKED, None, None)
    assert sorted(hub.platforms("bob")) == ["Linux", "iOS"]
    hub.detach(second)
    hub.detach(phone)
    assert hub.platforms("bob") == ()
    assert hub.sessions() == 0


def test_revoked_logins_end_older_sessions():
    hub = Hub()
    old, new = entered(hub, "bob", made_at=10), entered(hub, "bob", platform="Web", made_at=20)
    hub.tell(LoginsRevoked(user="bob", before=20))
    assert (old.ended, new.ended) == (REVOKED, None)
    assert hub.revoked == {"bob": 20}
