"""A month under a plan and its bill, beside a computation by hand: quotas, peaks, month ends, time zones."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from qunzhu import prices
from qunzhu.cli.bill import Chosen, choose, statement
from qunzhu.commands._usage import metered_months, month_usage
from qunzhu.core.bill import BlockPrice
from qunzhu.core.events import DailyQuotaNear
from qunzhu.core.plans import PLANS
from worlds import DAY, on_plan

if TYPE_CHECKING:
    from worlds import World

UTC = datetime.UTC


def at(world: World, text: str) -> None:
    """Set the clock to a local time of the app."""
    zone = datetime.timezone(datetime.timedelta(minutes=world.app.settings.utc_offset_minutes))
    world.now = int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def billed(world: World, month: str, chosen: Chosen | None = None):
    """Return a month's statement as the command line makes it."""
    today = world.app.day(world.now)
    usage = world.store.read_now(month_usage, month, today)
    months = world.store.read_now(metered_months)
    read = (usage, month < today[:7], min(months, default=month))
    return statement(world.app, read, chosen or choose(world.app, None, None))


def test_the_ten_thousand_and_first_group_of_a_day(sqlite_world):
    """Plan Pro: the day's net 10,001st group is refused (10006); dissolving one frees one; the next day is free."""
    world = sqlite_world
    world.app = on_plan(world.app, "legacy-pro", community=None)
    at(world, "2024-02-28T00:00:00")
    ids = []
    for n in range(10_000):
        world.now += n % 8 == 0  # all day long
        ids.append(world.group(("Public", "Private", "ChatRoom")[n % 3], owner=None))
    at(world, "2024-02-28T23:59:59")
    assert "10000" in world.refused(10006, "create_group", Type="Public", Name="n")
    world.call("destroy_group", GroupId=ids.pop())
    world.group(owner=None)
    world.refused(10006, "create_group", Type="AVChatRoom", Name="n")
    [alarm] = [event for event in world.events if isinstance(event, DailyQuotaNear)]
    assert (alarm.used, alarm.quota) == (7000, 10_000)
    world.now += 1
    world.group(owner=None)
    found = billed(world, "2024-02")
    assert (found.usage.groups.peak, found.usage.groups.existing) == (10_001, 10_001)
    net = next(one for one in found.quotas if one.item == "net_groups_a_day")
    assert (net.used, net.cap, net.over) == (10_000, 10_000, 0)
    assert found.bill.total == Decimal("449.99")
    assert (found.finished, found.forecast.groups) == (False, 10_001)  # the 29th is the last day


#: What happens, in the app's time: created and dissolved. The month's ends are where a day off would show.
DAYS = (
    ("2023-12-30T12:00:00", 6, 0),
    ("2023-12-31T23:59:59", 9, 2),  # 13 at the year's end
    ("2024-01-01T00:00:00", 0, 13),  # the year begins with 13, which is its peak so far; then none
    ("2024-01-15T08:00:00", 10, 0),
    ("2024-01-31T23:59:59", 10, 5),  # 20 at most, 15 at the end
    ("2024-02-01T00:00:00", 3, 0),
    ("2024-02-29T23:59:59", 9, 9),  # 27 at most: February has a 29th
    ("2024-03-01T00:00:00", 1, 19),
)


@pytest.mark.parametrize("minutes", [480, -210, 840, 0])
def test_month_ends_and_time_zones(make_world, minutes):
    """Prices of a plan whose free number and blocks are ten, so that few groups are a bill."""
    world = make_world("sqlite" if minutes else "postgres")
    world.app = on_plan(world.app, "legacy-pro", utc_offset_minutes=minutes)
    ids = []
    for when, created, dissolved in DAYS:
        at(world, when)
        ids += [world.group(owner=None) for _ in range(created)]
        for _ in range(dissolved):
            world.call("destroy_group", GroupId=ids.pop())
    by_hand = {
        #           created, dissolved, existing at the end, peak, blocks of ten above ten
        "2023-12": (15, 2, 13, 15, 1),
        "2024-01": (20, 18, 15, 20, 1),
        "2024-02": (12, 9, 18, 27, 2),
        "2024-03": (1, 19, 0, 19, 1),
    }
    small = msgspec.structs.replace(PLANS["legacy-pro"], free_groups=10)
    listed = prices.load("overseas-legacy")
    listed = msgspec.structs.replace(listed, overage={"groups": BlockPrice(10, Decimal("449.99"))})
    for month, (created, dissolved, existing, peak, blocks) in by_hand.items():
        found = billed(world, month, Chosen("tests", listed, small, assumed=False))
        groups = found.usage.groups
        assert (groups.created, groups.dissolved, groups.existing, groups.peak) == (created, dissolved, existing, peak)
        line = next(one for one in found.bill.lines if one.item == "groups")
        assert (line.used, line.over, line.blocks, line.amount) == (
            peak, peak - 10, blocks, Decimal("449.99") * blocks,
        )  # fmt: skip
        assert found.bill.total == Decimal("449.99") * (1 + blocks)
        assert found.finished is (month < "2024-03")
        assert (found.forecast is None) is found.finished
    assert len(billed(world, "2024-02").usage.days) == 29
    assert len(billed(world, "2024-03").usage.days) == 1


def test_a_month_of_chance(world):
    """A second count, made with the clock in another way, has the same days and peaks."""
    world.app = on_plan(world.app, "overseas-premium", utc_offset_minutes=-210)
    chance, zone = random.Random(7), datetime.timezone(datetime.timedelta(minutes=-210))
    at(world, "2024-01-30T00:00:00")
    ids, days = [], {}
    for _ in range(120):
        world.now += chance.randrange(DAY // 2)
        day = datetime.datetime.fromtimestamp(world.now, zone).date().isoformat()
        if ids and chance.random() < 0.4:
            world.call("destroy_group", GroupId=ids.pop(chance.randrange(len(ids))))
        else:
            kind = chance.choice(("Public", "Private", "AVChatRoom", "Community"))
            ids.append(world.group(kind, owner=None))
        days.setdefault(day, []).append(len(ids))
    month = max(days)[:7]
    found = billed(world, month)
    level = [numbers[-1] for day, numbers in sorted(days.items()) if day < month]
    before = level[-1] if level else 0
    inside = [number for day, numbers in days.items() if day.startswith(month) for number in numbers]
    assert found.usage.groups.peak == max(before, *inside)
    for day in found.usage.days:
        numbers = days.get(day.period, [])
        assert (day.groups.peak, day.groups.existing) == (max([before, *numbers]), [before, *numbers][-1])
        before = [before, *numbers][-1]


def test_an_app_in_plan_open_is_priced_as_if_on_the_lists_plan(sqlite_world):
    world = sqlite_world
    world.group(owner=None)
    found = billed(world, world.app.day(world.now)[:7])
    assert (found.plan, found.assumed, found.bill.total) == ("legacy-flagship", True, Decimal("899.99"))
    assert "plan open" in found.notes[0]


def test_a_month_before_the_first_that_was_counted(sqlite_world):
    world = sqlite_world
    world.group(owner=None)
    found = billed(world, "2020-01")
    assert (found.finished, found.usage.groups.peak) == (True, 0)
    assert any(note.startswith("nothing was counted before 2023-11") for note in found.notes)


def test_communities_are_outside_the_days_growth_where_the_plan_says_so(sqlite_world):
    world = sqlite_world
    for plan, most in (("2025-pro", 2), ("legacy-flagship", 5)):
        world.app = on_plan(world.app, plan)
        at(world, "2024-05-01T10:00:00" if plan == "2025-pro" else "2024-06-01T10:00:00")
        for kind in ("Community", "Public", "Community", "AVChatRoom", "Community"):
            world.group(kind, owner=None)
        found = billed(world, world.app.day(world.now)[:7])
        assert next(one.used for one in found.quotas if one.item == "net_groups_a_day") == most
