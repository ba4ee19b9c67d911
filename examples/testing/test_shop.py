"""The shop's tests: each has a server app of its own through the fixture ``qunzhu``, so they need no cleaning up."""

import pytest
from shop import Desk, Refused


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


def test_nothing_is_open_in_the_morning(desk):
    assert desk.open_tickets() == []


@pytest.mark.parametrize("order", [1, 7, 42, 1001, 999_999])
def test_a_ticket_is_named_after_its_order(desk, order):
    assert desk.describe(desk.open_ticket(order, "ann", "bob"))["Name"] == f"Order {order}"


@pytest.mark.parametrize(("person", "role"), [("ann", "Member"), ("bob", "Owner")])
def test_who_is_in_a_ticket(desk, ticket, person, role):
    assert desk.people(ticket)[person] == role


def test_nobody_joins_by_himself(desk, ticket):
    assert desk.describe(ticket)["ApplyJoinOption"] == "DisableApply"


@pytest.mark.parametrize("number", [1, 2, 5])
def test_every_ticket_is_listed(desk, number):
    opened = {desk.open_ticket(order, "ann", "bob") for order in range(number)}
    assert len(opened) == number
    assert set(desk.open_tickets()) == opened
    assert set(desk.tickets_of("ann")) == opened


def test_tickets_of_other_customers_are_not_ones_own(desk, ticket):
    other = desk.open_ticket(1002, "cid", "bob")
    assert desk.tickets_of("ann") == [ticket]
    assert desk.tickets_of("cid") == [other]
    assert set(desk.tickets_of("bob")) == {ticket, other}


@pytest.mark.parametrize("name", ["eve", "eve@shop", "x" * 32])
def test_people_may_be_welcomed_twice(desk, name):
    desk.welcome(name, name)
    assert desk.tickets_of(name) == []


@pytest.mark.parametrize("agent", ["bea", "cal", "dee"])
def test_a_second_agent_is_called_in(desk, ticket, agent):
    desk.call_in(ticket, agent)
    assert desk.people(ticket) == {"ann": "Member", "bob": "Owner", agent: "Admin"}


def test_a_ticket_is_handed_over(desk, ticket):
    desk.call_in(ticket, "cal")
    desk.hand_over(ticket, "cal")
    assert desk.people(ticket)["cal"] == "Owner"
    assert desk.describe(ticket)["Owner_Account"] == "cal"


def test_a_ticket_is_handed_over_to_who_is_in_it_only(desk, ticket):
    desk.welcome("cal")
    with pytest.raises(Refused):
        desk.hand_over(ticket, "cal")
    assert desk.people(ticket)["bob"] == "Owner"


def test_the_second_agent_leaves(desk, ticket):
    desk.call_in(ticket, "cal")
    desk.send_away(ticket, "cal")
    assert set(desk.people(ticket)) == {"ann", "bob"}


@pytest.mark.parametrize("seconds", [1, 60, 86_400])
def test_an_angry_customer_is_hushed(desk, ticket, seconds):
    desk.hush(ticket, "ann", seconds)
    assert desk.hushed(ticket) == ["ann"]


def test_a_calm_customer_may_talk_again(desk, ticket):
    desk.hush(ticket, "ann", 60)
    desk.hush(ticket, "ann", 0)
    assert desk.hushed(ticket) == []


def test_nobody_is_hushed_from_the_start(desk, ticket):
    assert desk.hushed(ticket) == []


@pytest.mark.parametrize("name", ["Order 1001 (late)", "订单 1001", "x" * 30])
def test_a_ticket_is_renamed(desk, ticket, name):
    desk.rename(ticket, name)
    assert desk.describe(ticket)["Name"] == name


@pytest.mark.parametrize("name", ["x" * 101, "群" * 34])
def test_a_name_that_is_too_long_is_refused(desk, ticket, name):
    with pytest.raises(Refused) as refused:
        desk.rename(ticket, name)
    assert refused.value.code == 10004
    assert desk.describe(ticket)["Name"] == "Order 1001"


@pytest.mark.parametrize("text", ["Hello", "你好", "🙂" * 100, '{"a": 1}', "<b>bold</b>"])
def test_what_is_said_is_kept(desk, ticket, text):
    desk.say(ticket, text)
    assert desk.transcript(ticket) == [text]


def test_messages_have_numbers_without_holes(desk, ticket):
    first = desk.say(ticket, "one")
    assert [desk.say(ticket, text) for text in ("two", "three")] == [first + 1, first + 2]
    assert desk.transcript(ticket) == ["one", "two", "three"]


def test_the_same_words_twice_are_two_messages(desk, ticket):
    desk.say(ticket, "Hello?")
    desk.say(ticket, "Hello?")
    assert desk.transcript(ticket) == ["Hello?", "Hello?"]


def test_what_was_said_is_taken_back(desk, ticket):
    desk.say(ticket, "stays")
    desk.take_back(ticket, desk.say(ticket, "goes"))
    assert desk.transcript(ticket) == ["stays"]


@pytest.mark.parametrize("number", [1, 3])
def test_settled_tickets_are_gone(desk, number):
    opened = [desk.open_ticket(order, "ann", "bob") for order in range(number + 1)]
    for ticket in opened[1:]:
        desk.settle(ticket)
    assert desk.open_tickets() == opened[:1]


@pytest.mark.parametrize("act", ["describe", "people", "settle", "hushed"])
def test_a_ticket_that_is_gone_is_refused(desk, ticket, act):
    desk.settle(ticket)
    with pytest.raises(Refused) as refused:
        getattr(desk, act)(ticket)
    assert refused.value.code in {10010, 10015}


def test_a_wrong_key_is_refused(qunzhu):
    desk = Desk(qunzhu.sdkappid, "another-key", qunzhu.admin, qunzhu.url)
    with pytest.raises(Refused) as refused:
        desk.open_tickets()
    desk.close()
    assert refused.value.code == 70009


def test_only_administrators_may_call(qunzhu):
    qunzhu.rest("account_import", UserID="ann")
    desk = Desk(qunzhu.sdkappid, qunzhu.key, "ann", qunzhu.url)
    with pytest.raises(Refused) as refused:
        desk.open_tickets()
    desk.close()
    assert refused.value.code == 60010


def test_the_fixture_sees_what_the_shop_did(desk, ticket, qunzhu):
    assert qunzhu.rest("get_appid_group_list")["GroupIdList"] == [{"GroupId": ticket}]


@pytest.mark.qunzhu(plan="2025-trial")
def test_a_trial_has_small_tickets(desk, ticket):
    assert desk.describe(ticket)["MaxMemberNum"] == 20
