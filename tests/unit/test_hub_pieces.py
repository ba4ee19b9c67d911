"""What a room is told by several events goes out in one piece, and nobody hears anything else or in another order."""

from __future__ import annotations

import json
import random

import msgspec
import pytest

from qunzhu.core.events import (
    AccountsChanged,
    GroupDissolved,
    GroupInfoChanged,
    LoginsRevoked,
    MemberInfoChanged,
    MembersJoined,
    MembersLeft,
    MessageSent,
    NoticeSent,
)
from qunzhu.push.hub import DEAF, Hub

USERS, ROOMS = ("ann", "bob", "cid", "dan"), ("red", "blue")


class Listener:
    """A session that keeps the pieces it is offered, and when it ended."""

    def __init__(self, user: str) -> None:
        self.user, self.platform, self.made_at, self.number = user, "Web", 100, 1
        self.client = "203.0.113.7"
        self.pieces: list[bytes] = []

    def offer(self, frame: bytes) -> None:
        self.pieces.append(frame)

    def end(self, reason) -> None:
        self.pieces.append(json.dumps({"ended": reason.name}).encode() + b"\n")

    def texts(self) -> list[dict]:
        """Return what was in the pieces, one after the other."""
        return [json.loads(line) for line in b"".join(self.pieces).splitlines()]


def joined_lines(texts) -> tuple[bytes, ...]:
    return (b"".join(text + b"\n" for text in texts),)


def crowd(*rooms: str) -> tuple[Hub, dict[str, Listener]]:
    hub, sessions = Hub(bundle=joined_lines), {}
    for user in USERS:
        session = sessions[user] = Listener(user)
        hub.attach(session)
        hub.enter(session, rooms)
    return hub, sessions


def about(event, room: str = "red", **fields):
    return event(group_id=room, kind="Public", operator="ann", at=1, **fields)


def message(seq: int, room: str = "red", users: tuple[str, ...] = ()):
    body = msgspec.Raw(b'{"MsgSeq":%d}' % seq)
    return about(MessageSent, room, seq=seq, message=body, users=list(users))


def test_messages_of_one_room_are_one_piece():
    hub, sessions = crowd("red")
    hub.tell(*(message(seq) for seq in range(1, 6)))
    for session in sessions.values():
        assert len(session.pieces) == 1
        assert [text["params"]["MsgSeq"] for text in session.texts()] == [1, 2, 3, 4, 5]
    assert hub.tally.deliveries == 5 * len(USERS)


def test_each_event_alone_is_a_piece_of_its_own():
    hub, sessions = crowd("red")
    for seq in (1, 2):
        hub.tell(message(seq))
    assert len(sessions["bob"].pieces) == 2


def test_a_newcomer_hears_what_comes_after_him():
    hub, sessions = crowd()
    hub.tell(about(MembersJoined, users=["ann"], how="Invite", member_num=1, told=False))
    sessions["ann"].pieces.clear()
    hub.tell(
        message(1), about(MembersJoined, users=["bob"], how="Invite", member_num=2, told=False), message(2),
        about(MembersLeft, users=["ann"], how="Quit", member_num=1, told=False), message(3),
    )  # fmt: skip
    seqs = {user: [text["params"]["MsgSeq"] for text in session.texts() if text["method"] == "group_message"]
            for user, session in sessions.items()}  # fmt: skip
    assert seqs == {"ann": [1, 2], "bob": [2, 3], "cid": [], "dan": []}


def test_an_event_that_cannot_be_told_keeps_nothing_back():
    hub, sessions = crowd("red")
    broken = about(MessageSent, seq=2, message=object(), users=[])
    with pytest.raises(TypeError):
        hub.tell(message(1), broken)
    assert [text["params"]["MsgSeq"] for text in sessions["cid"].texts()] == [1]


def some_event(dice: random.Random):
    """Return an event that somebody is told of."""
    room, user = dice.choice(ROOMS), dice.choice(USERS)
    return dice.choice([
        lambda: message(dice.randrange(100), room), lambda: message(dice.randrange(100), room),
        lambda: message(dice.randrange(100), room, (user,)),
        lambda: about(GroupInfoChanged, room, changes={"Name": f"n{dice.random()}"}, seq=1),
        lambda: about(NoticeSent, room, users=[], content=f"to all {dice.random()}"),
        lambda: about(NoticeSent, room, users=[user], content=f"to one {dice.random()}"),
        lambda: about(MembersJoined, room, users=[user], how="Invite", member_num=2),
        lambda: about(MembersLeft, room, users=[user], how="Kick", member_num=2),
        lambda: about(MemberInfoChanged, room, user=user, changes={"MsgFlag": dice.choice([DEAF, "AcceptAndNotify"])}),
        lambda: about(GroupDissolved, room, name="n", owner="ann", member_num=1),
        lambda: LoginsRevoked(user=user, before=200), lambda: AccountsChanged(deleted=[user]),
    ])()  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_together_is_the_same_as_one_after_the_other(seed):
    dice = random.Random(seed)
    events = [some_event(dice) for _ in range(60)]
    (hub, together), (other, alone) = crowd("red"), crowd("red")
    while events:
        some = events[: dice.randrange(1, 12)]
        del events[: len(some)]
        hub.tell(*some)
        for event in some:
            other.tell(event)
    assert {user: session.texts() for user, session in together.items()} == {
        user: session.texts() for user, session in alone.items()
    }
    assert hub.tally.deliveries == other.tally.deliveries
