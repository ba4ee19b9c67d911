"""Lanes against a table of rows: whatever comes when, each lane's rows are started in order, once, and all of them."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from qunzhu.commands._callback_letters import Waiting
from qunzhu.push import lanes as module
from qunzhu.push import reach as reaching
from qunzhu.push.lanes import Lane, Lanes
from qunzhu.push.reach import UNREACHED, Reach

PAGE = 8


class Table:
    """Rows that wait, and pages of them as the store would read them."""

    def __init__(self) -> None:
        self.rows: dict[int, Waiting] = {}
        self._last = 0

    def add(self, lane: str) -> None:
        self._last += 1
        self.rows[self._last] = Waiting(self._last, lane, 0, 0)

    def page(self, after: int) -> list[Waiting]:
        return [row for num, row in sorted(self.rows.items()) if num > after][:PAGE]

    def lane_page(self, lane: str, after: int, limit: int) -> list[Waiting]:
        return [row for num, row in sorted(self.rows.items()) if num > after and row.lane == lane][:limit]


class Sender:
    """Does what the dispatcher does, in any order of its steps."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.table, self.lanes = Table(), Lanes()
        self.busy: list[Lane] = []
        self.filling: list[tuple[Lane, list[Waiting]]] = []
        self.page: list[Waiting] | None = None
        self.again = 0
        self.started: defaultdict[str, list[int]] = defaultdict(list)
        self.written: defaultdict[str, list[int]] = defaultdict(list)

    def step(self, names: list[str]) -> None:
        rng = self.rng
        match rng.randrange(6):
            case 0:
                for _ in range(rng.randrange(6)):
                    lane = rng.choice(names)
                    self.table.add(lane)
                    self.written[lane].append(max(self.table.rows))
            case 1:
                self.read()
            case 2:
                self.start()
            case 3 if self.busy:
                self.end(self.busy.pop(rng.randrange(len(self.busy))), fails=rng.random() < 0.3)
            case 4 if self.filling:
                self.fill()
            case _:
                pass

    def read(self) -> None:
        """Begin to read a page, or take in the one that was read."""
        if self.page is not None:
            self.lanes.take_in(self.page)
            self.page = None
        elif self.lanes.room:
            self.lanes.begin_page()
            self.page = self.table.page(self.lanes.seen)

    def start(self) -> None:
        lane = self.lanes.start(0)
        if lane is not None:
            assert lane.row.num in self.table.rows
            assert lane not in self.busy
            self.busy.append(lane)
            if not self.started[lane.name] or self.started[lane.name][-1] != lane.row.num:
                self.started[lane.name].append(lane.row.num)

    def end(self, lane: Lane, *, fails: bool) -> None:
        if fails:
            self.lanes.put_off(lane, lane.row)
            return
        del self.table.rows[lane.row.num]
        if self.lanes.settle(lane):
            rows = self.table.lane_page(lane.name, lane.last, module.LANE_ROWS)
            self.filling.append((lane, rows))

    def fill(self) -> None:
        lane, rows = self.filling.pop(self.rng.randrange(len(self.filling)))
        if self.lanes.refill(lane, rows):
            self.filling.append((lane, self.table.lane_page(lane.name, lane.last, module.LANE_ROWS)))
            self.again += 1

    def finish(self) -> None:
        """Go on until nothing waits any more."""
        for _ in range(100_000):
            if not self.table.rows:
                return
            while self.filling:
                self.fill()
            self.read()
            self.start()
            if self.busy:
                self.end(self.busy.pop(), fails=False)
        raise AssertionError(f"{len(self.table.rows)} rows are never sent")


@pytest.mark.parametrize("seed", range(60))
def test_every_row_is_started_once_and_in_the_order_of_its_lane(seed, monkeypatch):
    monkeypatch.setattr(module, "LANE_ROWS", 3)
    monkeypatch.setattr(module, "ROWS", 12)
    sender = Sender(seed)
    names = [f"lane {number}" for number in range(sender.rng.choice([1, 2, 5, 30]))]
    for _ in range(600):
        sender.step(names)
        assert sender.lanes.held <= 12 + PAGE + 3 * len(names)
    sender.finish()
    assert sender.started == sender.written
    while sender.filling:
        sender.fill()
    if sender.page is not None:
        sender.read()
    assert (bool(sender.lanes), sender.lanes.held) == (False, 0)


def test_a_lane_whose_rows_come_while_it_is_read_is_read_again(monkeypatch):
    monkeypatch.setattr(module, "LANE_ROWS", 1)
    lanes = Lanes()
    lanes.take_in([Waiting(1, "a", 0, 0), Waiting(2, "a", 0, 0)])
    lane = lanes.start(0)
    assert lanes.settle(lane)
    lanes.take_in([Waiting(3, "a", 0, 0)])  # after the lane was read, where row 2 was dropped by hand
    assert lanes.refill(lane, [])
    assert not lanes.refill(lane, [Waiting(3, "a", 0, 0)])
    assert lanes.start(0).row.num == 3


def test_a_lane_that_cannot_be_read_is_tried_again(monkeypatch):
    monkeypatch.setattr(module, "LANE_ROWS", 1)
    lanes = Lanes()
    lanes.take_in([Waiting(num, "a", 0, 0) for num in (1, 2, 3)])
    lane, found = lanes.start(0), []
    assert lanes.settle(lane)
    lanes.put_off(lane, lane.row)  # the store failed
    for rows in ([Waiting(2, "a", 0, 0)], [Waiting(3, "a", 0, 0)], []):
        assert lanes.start(0) is lane
        found.append(lane.row.num)
        assert lanes.settle(lane)
        assert not lanes.refill(lane, rows)
    assert found == [1, 2, 3]
    assert (bool(lanes), lanes.held) == (False, 0)


def test_the_lane_that_waits_longest_is_next_and_none_before_its_time():
    lanes = Lanes()
    lanes.take_in([Waiting(1, "a", 1, 500), Waiting(2, "b", 1, 200), Waiting(3, "b", 0, 0), Waiting(4, "c", 0, 900)])
    assert lanes.due_at() == 200
    assert lanes.start(199) is None
    assert [lane.name for lane in iter(lambda: lanes.start(600), None)] == ["b", "a"]
    lanes.hurry()
    assert lanes.start(0).name == "c"


def test_rows_that_are_wanted_again_come_at_their_place():
    lanes = Lanes()
    lanes.take_in([Waiting(num, "a", 0, 0) for num in (2, 5, 9)])
    for num in (3, 7):
        lanes.take_back(Waiting(num, "a", 0, 0))
        lanes.take_back(Waiting(num, "a", 0, 0))  # a page had it as well
    lanes.take_back(Waiting(1, "b", 0, 0))
    found = []
    while (lane := lanes.start(0)) is not None:
        found.append(lane.row.num)
        lanes.settle(lane)
    assert found == [1, 2, 3, 5, 7, 9]


def test_a_server_that_is_not_reached_is_left_alone_for_longer_each_time(monkeypatch):
    monkeypatch.setattr(reaching, "JITTER", 0.0)
    reach, now = Reach(), 1_000
    for _ in range(UNREACHED - 1):
        reach.missed(now)
        assert (reach.lost, reach.until_ms) == (False, 0)
    pauses = []
    for _ in range(12):
        reach.missed(now)
        reach.missed(now)
        pauses.append((reach.until_ms - now) // 1000)
        now = reach.until_ms
    assert reach.lost
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    reach.reached()
    assert (reach.lost, reach.until_ms) == (False, 0)


def test_waits_are_spread():
    waits = {round(reaching.wait(3), 6) for _ in range(100)}
    assert len(waits) > 90
    assert all(3.2 <= seconds <= 4.8 for seconds in waits)
