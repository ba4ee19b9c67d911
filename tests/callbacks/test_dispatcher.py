"""What waits goes out: in the order of each lane, at least once, later where the server does not take it."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from callbacks.sending import by_lane, changed, dispatcher, idle, sending, to, until, waiting, write, write_beside
from qunzhu.commands import _callback_letters as letters
from qunzhu.commands._callbacks import OVER_LIMIT
from qunzhu.core.events import AccountsChanged, GroupDissolved, GroupWoken, MessagesDeleted, TopicsDestroyed
from qunzhu.push import callbacks, lanes, reach
from qunzhu.push.hub import Tally
from receiver import ALLOW, Hang, Raw, http, receiving

GROUPS = [f"group {number}" for number in range(10)]


@pytest.fixture
def soon(monkeypatch):
    """Let what failed wait for hundredths of seconds instead of seconds."""
    monkeypatch.setattr(reach, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(reach, "MOST_SECONDS", 0.2)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def run(coroutine) -> None:
    asyncio.run(coroutine)


def test_what_waits_is_sent_in_the_order_of_each_lane_and_deleted(world, receiver):
    write(world, GROUPS, 200)

    async def test():
        async with sending(world, to(world.app, receiver.url)) as one:
            await idle(one)

    run(test())
    assert by_lane(receiver.got) == {group: list(range(20)) for group in GROUPS}
    assert len(receiver.got) == 200
    assert waiting(world) == 0
    [first] = [got for got in receiver.got if got.body["Lane"] == GROUPS[0] and got.body["Number"] == 0]
    assert first.query == {
        "SdkAppid": "1400000000", "CallbackCommand": "Group.CallbackAfterSendMsg", "contenttype": "json",
        "ClientIP": "203.0.113.7", "OptPlatform": "RESTAPI",
    }  # fmt: skip
    assert first.body == {"CallbackCommand": "Group.CallbackAfterSendMsg", "Lane": GROUPS[0], "Number": 0}


def test_of_a_lane_one_is_under_way_and_several_lanes_are(world, receiver):
    """Each answer takes its time: as many are open at once as there are lanes, and of each lane one."""
    open_now, most, together = set(), 0, []
    write(world, GROUPS, 40)

    def answer(got):
        nonlocal most
        if got.body["Lane"] in open_now:
            together.append(got.body)
        open_now.add(got.body["Lane"])
        most = max(most, len(open_now))
        return Slow(got.body["Lane"])

    class Slow(Hang):
        """Takes its time, and notes when it is over."""

        def __init__(self, lane):
            object.__setattr__(self, "lane", lane)

        @property
        def seconds(self):
            asyncio.get_running_loop().call_later(0.045, open_now.discard, self.lane)
            return 0.05

    receiver.answer = answer

    async def test():
        async with sending(world, to(world.app, receiver.url)) as one:
            await idle(one)

    run(test())
    assert together == []
    assert most == len(GROUPS)
    assert by_lane(receiver.got) == {group: list(range(4)) for group in GROUPS}


def test_what_is_written_later_is_sent_at_once(world, receiver):
    async def test():
        async with sending(world, to(world.app, receiver.url)) as one:
            await idle(one)
            for number in range(3):
                began = time.monotonic()
                await write_beside(world, ["g"], 1)
                one.wake()
                await until(lambda wanted=number + 1: len(receiver.got) == wanted)
                assert time.monotonic() - began < 1
            await idle(one)

    run(test())
    assert waiting(world) == 0


@pytest.mark.parametrize(
    ("event", "looks"),
    [
        (GroupDissolved(group_id="g", kind="Public", operator="bob", at=1, name="g", owner="bob", member_num=1), True),
        (TopicsDestroyed(group_id="g", kind="Community", operator="bob", at=1, topic_ids=[]), True),
        (MessagesDeleted(group_id="g", kind="Public", operator="bob", at=1, seqs=[1]), False),
        (GroupWoken(group_id="g", kind="Private", operator="bob", at=1, users=[]), False),
        (AccountsChanged(registered=["bob"]), True),
    ],
)
def test_it_looks_for_rows_after_events_that_may_have_come_with_some(sqlite_world, receiver, event, looks):
    """Of groups and messages it is known which; beside others the alarms of limits may have been written."""

    async def test():
        app = to(sqlite_world.app, receiver.url, commands=("Group.CallbackAfterGroupDestroyed", OVER_LIMIT))
        async with sending(sqlite_world, app) as one:
            await idle(one)
            await write_beside(sqlite_world, ["g"], 1, OVER_LIMIT)
            one.heard([event])
            assert one.busy() is looks
            one.wake()
            await idle(one)

    run(test())
    assert len(receiver.got) == 1


def test_a_server_that_is_down_gets_all_when_it_is_up(world, soon):
    port = free_port()
    write(world, GROUPS, 200)
    tally = Tally()

    async def test():
        async with sending(world, to(world.app, f"http://127.0.0.1:{port}/", tries=99), tally) as one:
            await until(lambda: tally.callbacks.total() > callbacks.AT_ONCE)
            assert waiting(world) == 200
            with receiving(port=port) as receiver:
                await idle(one)
                return receiver.got

    got = asyncio.run(test())
    assert by_lane(got) == {group: list(range(20)) for group in GROUPS}
    assert waiting(world) == 0


def test_while_it_is_down_one_at_a_time_tries(sqlite_world, monkeypatch):
    """100 lanes wait: at first 16 try, then none for a second, then one."""
    monkeypatch.setattr(reach, "FIRST_SECONDS", 0.5)
    write(sqlite_world, [f"group {number}" for number in range(100)], 100)
    tally = Tally()

    async def test():
        app = to(sqlite_world.app, f"http://127.0.0.1:{free_port()}/", tries=99)
        async with sending(sqlite_world, app, tally):
            await until(lambda: tally.callbacks.total() >= callbacks.AT_ONCE)
            began = tally.callbacks.total()
            await asyncio.sleep(0.35)
            assert tally.callbacks.total() == began
            await until(lambda: tally.callbacks.total() > began)
            await asyncio.sleep(0.2)
            assert tally.callbacks.total() == began + 1

    run(test())
    assert set(tally.callbacks) == {("Group.CallbackAfterSendMsg", "connect")}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (http("500 No", b"{}"), "status: HTTP status 500"),
        (http("302 Found", b"{}", "location: http://127.0.0.1/"), "status: HTTP status 302"),
        (http("200 OK", b"hello"), "garbage: not JSON"),
        (http("200 OK", b"[]"), "garbage: not a JSON object"),
        (Raw(b""), "closed"),
        (Raw(b"nonsense\r\n\r\n"), "garbage"),
    ],
)
def test_what_is_never_answered_is_given_up_and_the_lane_goes_on(world, soon, receiver, answer, fault):
    receiver.answer = lambda got: answer if got.body["Number"] == 1 else ALLOW
    write(world, ["a", "b"], 6)
    tally = Tally()

    async def test():
        async with sending(world, to(world.app, receiver.url, tries=3), tally) as one:
            await idle(one)

    run(test())
    assert by_lane(receiver.got) == {"a": [0, 1, 2], "b": [0, 1, 2]}
    tried = [got for got in receiver.got if got.body["Number"] == 1]
    assert len(tried) == 6
    dead = world.store.read_now(letters.letters, 10)
    assert [(letter.lane, letter.tries, letter.dead) for letter in dead] == [("a", 3, 1), ("b", 3, 1)]
    assert all(letter.fault.startswith(fault) for letter in dead), [letter.fault for letter in dead]
    meters = world.rows(
        "SELECT name, sum(value) FROM meters WHERE name LIKE 'callbacks.%' AND day <> '' GROUP BY name ORDER BY name"
    )
    assert [(name, int(value)) for name, value in meters] == [("callbacks.failed", 6), ("callbacks.sent", 10)]
    command = "Group.CallbackAfterSendMsg"
    assert tally.callbacks == {(command, "sent"): 4, (command, fault.partition(":")[0]): 6, (command, "given up"): 2}


def test_codes_of_answers_are_without_meaning(world, receiver):
    receiver.answer = {"ActionStatus": "FAIL", "ErrorCode": 1, "ErrorInfo": "no"}
    write(world, ["g"], 3)

    async def test():
        async with sending(world, to(world.app, receiver.url)) as one:
            await idle(one)

    run(test())
    assert (len(receiver.got), waiting(world)) == (3, 0)


def test_a_lane_that_is_held_up_holds_no_other_up(world, soon, receiver):
    receiver.answer = lambda got: http("500 No", b"") if got.body["Lane"] == "stuck" else ALLOW
    write(world, ["stuck", *GROUPS], 110)

    async def test():
        async with sending(world, to(world.app, receiver.url, tries=99)):
            await until(lambda: sum(got.body["Lane"] != "stuck" for got in receiver.got) == 100)

    run(test())
    assert {number for lane, numbers in by_lane(receiver.got).items() for number in numbers if lane == "stuck"} == {0}


def test_a_slow_server_is_asked_again(sqlite_world, soon, receiver):
    """One answer comes too late; it is sent again, and what is behind it in the lane comes after it."""
    late = iter([Hang(2.5)])
    receiver.answer = lambda got: next(late, ALLOW) if got.body["Number"] == 1 else ALLOW
    write(sqlite_world, ["g"], 3)

    async def test():
        async with sending(sqlite_world, to(sqlite_world.app, receiver.url)) as one:
            await idle(one)

    run(test())
    assert [got.body["Number"] for got in receiver.got] == [0, 1, 1, 2]


def test_two_apps_do_not_disturb_each_other(make_world, receiver):
    """The server of one app answers nothing at all; that of the other gets its own at once."""
    stuck, free = make_world(), make_world()
    write(stuck, [f"group {number}" for number in range(50)], 50)
    write(free, GROUPS, 200)

    async def test():
        with receiving() as silent:
            silent.answer = Hang(60)
            async with sending(stuck, to(stuck.app, silent.url)), sending(free, to(free.app, receiver.url)) as one:
                await until(lambda: len(silent.got) == callbacks.AT_ONCE)
                began = time.monotonic()
                await idle(one)
                assert time.monotonic() - began < 1.8

    run(test())
    assert by_lane(receiver.got) == {group: list(range(20)) for group in GROUPS}
    assert (waiting(stuck), waiting(free)) == (50, 0)


def test_ten_thousand_wait_and_few_are_in_memory(sqlite_world, receiver):
    """Half of them in one lane, the others in a thousand."""
    write(sqlite_world, ["long"], 5000)
    write(sqlite_world, [f"group {number}" for number in range(1000)], 5000)
    most = 0

    async def test():
        nonlocal most
        async with sending(sqlite_world, to(sqlite_world.app, receiver.url)) as one:
            while one.busy():
                most = max(most, one.held)
                await asyncio.sleep(0.01)

    run(test())
    found = by_lane(receiver.got)
    assert found.pop("long") == list(range(5000))
    assert found == {f"group {number}": list(range(5)) for number in range(1000)}
    assert len(receiver.got) == 10_000
    assert callbacks.AT_ONCE < most < lanes.ROWS + callbacks.PAGE
    assert waiting(sqlite_world) == 0


def test_it_stops_with_what_is_under_way_and_goes_on_after_the_next_start(world, receiver):
    receiver.answer = Hang(0.2)
    write(world, GROUPS, 40)

    async def some():
        one = dispatcher(world, to(world.app, receiver.url))
        one.follow(to(world.app, receiver.url))
        await until(lambda: len(receiver.got) == len(GROUPS))
        await one.stop()

    run(some())
    assert waiting(world) == 30
    receiver.answer = ALLOW

    async def rest():
        async with sending(world, to(world.app, receiver.url)) as one:
            await idle(one)

    run(rest())
    assert by_lane(receiver.got) == {group: list(range(4)) for group in GROUPS}
    assert len(receiver.got) == 40


def test_without_a_url_all_waits_until_there_is_one_again(world, receiver):
    write(world, GROUPS, 20)

    async def test():
        app = to(world.app, "")
        async with sending(world, app) as one:
            await asyncio.sleep(0.1)
            assert not one.busy()
            one.follow(changed(app, url=receiver.url))
            await idle(one)
            one.follow(app)
            await write_beside(world, GROUPS, 20)
            one.wake()
            await asyncio.sleep(0.1)
            assert (len(receiver.got), waiting(world)) == (20, 20)
            one.follow(changed(app, url=receiver.url))
            await idle(one)

    run(test())
    assert (len(receiver.got), waiting(world)) == (40, 0)


def test_another_url_is_tried_at_once(world, receiver):
    """The first one is not reached, and all wait for a second or more; the other one gets them without that wait."""
    write(world, GROUPS, 20)
    tally = Tally()

    async def test():
        app = to(world.app, f"http://127.0.0.1:{free_port()}/")
        async with sending(world, app, tally) as one:
            await until(lambda: tally.callbacks.total() >= len(GROUPS))
            began = time.monotonic()
            one.follow(changed(app, url=receiver.url))
            await idle(one)
            assert time.monotonic() - began < 0.7

    run(test())
    assert by_lane(receiver.got) == {group: [0, 1] for group in GROUPS}


def test_what_was_switched_off_meanwhile_is_not_sent(world, receiver):
    write(world, ["g"], 3, "Group.CallbackAfterTopicDestroyed")
    write(world, ["g"], 3, "Group.CallbackAfterGroupInfoChanged")

    async def test():
        app = to(world.app, receiver.url, commands=("Group.CallbackAfterGroupDestroyed",))
        async with sending(world, app) as one:
            await idle(one)

    run(test())
    assert [got.query["CallbackCommand"] for got in receiver.got] == ["Group.CallbackAfterTopicDestroyed"] * 3
    assert waiting(world) == 0


def test_what_was_given_up_is_sent_when_it_is_wanted_again(world, soon, receiver):
    receiver.answer = http("500 No", b"")
    write(world, ["g", "h"], 8)
    tally = Tally()

    async def test():
        async with sending(world, to(world.app, receiver.url, tries=1), tally) as one:
            await idle(one)
            receiver.answer = ALLOW
            receiver.got.clear()
            [first, *_] = world.store.read_now(letters.letters, 1)
            assert await world.store.write(letters.want, [first.num, 10**9]) == 1
            await one.tend(1000.0)
            await idle(one)
            assert by_lane(receiver.got) == {"g": [0]}
            assert await world.store.write(letters.want, None) == 7
            await one.tend(2000.0)
            await idle(one)

    run(test())
    assert by_lane(receiver.got) == {"g": [0, 1, 2, 3], "h": [0, 1, 2, 3]}
    assert waiting(world) == 0


def test_what_is_old_goes(world):
    """What waits for a URL goes after seven days, what was given up after thirty, and what can be sent never."""
    write(world, ["waits", "dead"], 4)
    world.execute("UPDATE callbacks SET dead = 1 WHERE lane = 'dead'")
    [(sent,)] = world.rows("SELECT DISTINCT at_ms FROM callbacks")
    day = 86_400_000

    def left(days: float, *, url: bool) -> list[str]:
        world.store.write_now(callbacks._expire, int(sent + days * day), url)
        return [lane for (lane,) in world.rows("SELECT lane FROM callbacks ORDER BY num")]

    assert left(29.9, url=True) == ["waits", "dead", "waits", "dead"]
    assert left(6.9, url=False) == ["waits", "dead", "waits", "dead"]
    assert left(30.1, url=True) == ["waits", "waits"]
    assert left(7.1, url=False) == []


def test_a_row_that_was_dropped_by_hand_is_not_sent(world, receiver):
    write(world, ["g"], 4)

    async def test():
        receiver.answer = Hang(0.2)
        async with sending(world, to(world.app, receiver.url)) as one:
            await until(lambda: len(receiver.got) == 1)
            assert await world.store.write(letters.remove, 3)
            receiver.answer = ALLOW
            await idle(one)

    run(test())
    assert by_lane(receiver.got) == {"g": [0, 1, 3]}


def test_addresses_of_this_machine_are_refused_unless_allowed(world, soon, receiver):
    write(world, ["g"], 1)

    async def test():
        async with sending(world, to(world.app, receiver.url, private=False, tries=2)) as one:
            await idle(one)

    run(test())
    [letter] = world.store.read_now(letters.letters, 10)
    assert letter.fault.startswith("forbidden address")
    assert receiver.got == []
