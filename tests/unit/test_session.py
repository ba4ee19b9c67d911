"""A session's frames keep their order, whatever the client reads; one that does not read ends by name and lets go."""

from __future__ import annotations

import json
import random

import pytest

from lines import Line
from qunzhu.core.wire import KICKED, SLOW
from qunzhu.edge.session import MAX_WAITING, Session, State


def opened(room: int = 1 << 40) -> tuple[Session, Line]:
    line = Line(room)
    session = line.session = Session(line)
    session.open("bob", "Web", 1)
    return session, line


def goodbye(line: Line) -> dict:
    """Return the reason of the last push."""
    _, begins, rest = line.frames[-1].partition(b'{"jsonrpc":"2.0","method":"session_end"')
    return json.loads(begins + rest)["params"]


def test_frames_go_straight_to_a_line_that_takes_them():
    session, line = opened()
    for number in range(5000):
        session.offer(b"%d" % number)
    assert line.frames == [b"%d" % number for number in range(5000)]
    assert session.state is State.OPENING


@pytest.mark.parametrize("seed", range(20))
def test_the_order_stays_when_a_client_reads_in_bursts(seed):
    dice, (session, line) = random.Random(seed), opened(200)
    for number in range(2000):
        session.offer(b"<%d>" % number)
        if dice.random() < 0.05:
            line.read()
    while len(line.frames) < 2000:
        line.read()
    assert line.frames == [b"<%d>" % number for number in range(2000)]


def test_as_much_waits_as_the_limit_says_and_not_a_byte_more():
    session, line = opened(10)
    session.offer(b"x" * 11)
    session.offer(b"y" * MAX_WAITING)
    assert (session.state, line.closed) == (State.OPENING, None)
    session.offer(b"z")
    assert line.closed is SLOW
    assert session.ended is SLOW
    assert goodbye(line) == {"Code": 4004, "Reason": "slow"}
    assert line.frames[0] == b"x" * 11
    assert len(line.frames) == 2  # what waited is dropped, and the goodbye does not wait


def test_a_slow_session_takes_and_holds_nothing_more():
    session, line = opened(10)
    for _ in range(3):
        session.offer(b"x" * MAX_WAITING)
    assert session.ended is SLOW
    before = list(line.frames)
    session.offer(b"more")
    session.answer(b"more")
    session.end(KICKED)
    session.resume()
    session.offer(b"more")
    assert session.receive('{"jsonrpc":"2.0","id":1,"method":"ping"}') is None
    assert line.frames == before
    assert session.ended is SLOW


def test_what_was_sent_and_read_does_not_count():
    session, line = opened(10)
    for _ in range(10):
        session.offer(b"x" * (MAX_WAITING // 2))
        session.offer(b"x" * (MAX_WAITING // 2))
        line.read()
        line.read()
    assert session.ended is None


def test_another_end_comes_after_what_waits():
    session, line = opened(10)
    session.offer(b"x" * 11)
    session.offer(b"waits")
    session.end(KICKED)
    assert line.frames[1].startswith(b"waits{")
    assert goodbye(line) == {"Code": 4001, "Reason": "kicked"}


def test_a_session_that_is_cut_is_silent():
    session, line = opened(10)
    session.offer(b"x" * 11)
    session.offer(b"waits")
    session.cut()
    session.resume()
    session.offer(b"more")
    session.end(KICKED)
    assert line.frames == [b"x" * 11]
    assert line.closed is None
