"""What is hard to test against a real service: waiting, outages, lost answers. The double's controls do it."""

import pytest
from shop import BUSY, Desk, Refused

HOUR = 3600


@pytest.fixture
def desk(qunzhu):
    """Give a customer service whose reference service is the double."""
    desk = Desk(qunzhu.sdkappid, qunzhu.key, qunzhu.admin, qunzhu.url)
    yield desk
    desk.close()


@pytest.fixture
def ticket(desk):
    """Open a ticket of ann, whom bob looks after."""
    return desk.open_ticket(1001, "ann", "bob")


def test_an_hour_is_over_at_once(desk, ticket, qunzhu):
    qunzhu.clock.freeze()
    desk.hush(ticket, "ann", HOUR)
    qunzhu.clock.advance(HOUR - 1)
    assert desk.hushed(ticket) == ["ann"]
    qunzhu.clock.advance(2)
    assert desk.hushed(ticket) == []


@pytest.mark.parametrize(("times", "said"), [(1, True), (2, True), (3, False)])
def test_a_busy_service_is_asked_three_times(desk, ticket, qunzhu, times, said):
    qunzhu.faults.add("send_group_msg", code=BUSY, times=times)
    if said:
        desk.say(ticket, "Hello")
    else:
        with pytest.raises(Refused, match="60018"):
            desk.say(ticket, "Hello")
    assert desk.transcript(ticket) == (["Hello"] if said else [])


def test_an_answer_that_is_lost(desk, ticket, qunzhu):
    qunzhu.faults.add("send_group_msg", drop=True, after=True, times=1)
    with pytest.raises(OSError, match="onnection"):
        desk.say(ticket, "Hello")
    assert desk.transcript(ticket) == ["Hello"]  # it was said: who says it again must say it with the same Random


def test_a_morning_that_many_tests_begin_with(desk, ticket, qunzhu):
    qunzhu.snapshot("morning")
    desk.settle(ticket)
    qunzhu.restore("morning")
    assert desk.open_tickets() == [ticket]


def test_what_the_shop_asked_for(desk, ticket, qunzhu):
    qunzhu.record.start()
    desk.rename(ticket, "Order 1001 (late)")
    [line] = qunzhu.record.lines("rest")
    assert (line["command"], line["request"]["Name"]) == ("modify_group_base_info", "Order 1001 (late)")
