"""Prices of a month, computed by hand beside the functions; the price lists as data."""

from __future__ import annotations

import importlib.resources
import tomllib
from decimal import Decimal

import msgspec
import pytest

from qunzhu import prices
from qunzhu.cli.bill import choose
from qunzhu.config import ConfigError
from qunzhu.core.bill import BlockPrice, Used, begun, expected_peak, make_bill, month_days, quotas
from qunzhu.core.plans import EXTENSIONS, PLANS, Extension
from worlds import app_of

NOTHING = Used(0, 0, 0)


def billed(listed, plan, used=NOTHING, *extensions):
    return make_bill(prices.load(listed), PLANS[plan], extensions, used)


def line(bill, item):
    [found] = [one for one in bill.lines if one.item == item]
    return found


@pytest.mark.parametrize(
    ("peak", "blocks", "total"),
    [
        (0, 0, "449.99"), (99_999, 0, "449.99"), (100_000, 0, "449.99"),
        (100_001, 1, "899.98"), (200_000, 1, "899.98"), (200_001, 2, "1349.97"),
        (1_000_000, 9, "4499.90"), (1_000_001, 10, "4949.89"),
    ],
)  # fmt: skip
def test_groups_in_begun_blocks(peak, blocks, total):
    bill = billed("overseas-legacy", "legacy-pro", Used(peak, 0, 0))
    groups = line(bill, "groups")
    assert (groups.over, groups.blocks) == (max(0, peak - 100_000), blocks)
    assert groups.amount == Decimal("449.99") * blocks
    assert (bill.total, bill.partial) == (Decimal(total), False)


def test_mainland():
    bill = billed("mainland-legacy", "legacy-flagship", Used(250_000, 30_001, 99))
    assert [(one.item, one.amount) for one in bill.lines] == [
        ("plan", Decimal(2999)), ("groups", Decimal(2000)), ("daily_users", Decimal(3000)),
    ]  # fmt: skip
    assert bill.total == Decimal(7999)


def test_overseas_since_december_2022_bills_users_one_by_one_and_no_groups():
    bill = billed("overseas-2022-12", "overseas-standard", Used(5_000_000, 0, 10_001))
    assert [(one.item, one.amount) for one in bill.lines] == [
        ("plan", Decimal(399)), ("monthly_users", Decimal("0.015")),
    ]  # fmt: skip
    assert bill.total == Decimal("399.015")
    assert billed("overseas-2022-12", "overseas-premium", Used(0, 0, 1_010_000)).total == Decimal(699 + 15_000)


def test_what_no_page_says_is_unknown_and_the_total_partial():
    bill = billed("2025", "2025-pro", Used(100_001, 0, 5))
    assert [(one.item, one.amount) for one in bill.lines] == [("plan", None), ("groups", None), ("monthly_users", None)]
    assert (bill.total, bill.partial) == (0, True)
    within = billed("2025", "2025-pro", Used(100_000, 0, 5))
    assert line(within, "groups").amount == 0  # nothing above what is free costs nothing, whatever the price
    assert line(within, "monthly_users").free is None
    assert billed("overseas-2022-12", "overseas-developer").partial


def test_extensions():
    raised = (Extension("live_rooms", None), Extension("group_members", 2000), Extension("history_days", 90))
    bill = billed("overseas-legacy", "legacy-pro", NOTHING, *raised)
    assert bill.total == Decimal("449.99") + Decimal("449.99") + Decimal("239.99") + Decimal("179.99")
    here = billed("mainland-legacy", "legacy-pro", NOTHING, *raised)
    assert (here.total, here.partial) == (Decimal(999), True)
    assert line(here, "live_rooms").amount is None


@pytest.mark.parametrize(("number", "blocks"), [(0, 0), (1, 1), (99, 1), (100, 1), (101, 2)])
def test_begun_blocks(number, blocks):
    assert begun(number, 100) == blocks


@pytest.mark.parametrize(
    ("existing", "peak", "net", "day", "days", "expected"),
    [
        (100, 100, 100, 10, 30, 300),  # ten a day for twenty days more
        (100, 100, 100, 30, 30, 100),  # the last day
        (7, 7, 7, 3, 31, 73),  # 28 * 7/3 = 65.3, begun
        (50, 400, 0, 10, 30, 400),  # the peak was before
        (50, 400, -90, 10, 30, 400),  # falling numbers are expected to stay
        (50, 60, 20, 1, 30, 630),
    ],
)
def test_forecast(existing, peak, net, day, days, expected):
    assert expected_peak(existing, peak, net, day, days) == expected


def test_days_of_months():
    assert [month_days(month) for month in ("2023-02", "2024-02", "2100-02", "2026-12")] == [28, 29, 28, 31]


def test_quotas():
    most = {"net_groups_a_day": 10_001, "groups": 5, "live_rooms": 51, "communities": 0, "accounts": 7}
    found = {one.item: (one.used, one.cap, one.over) for one in quotas(PLANS["legacy-pro"], most)}
    assert found["net_groups_a_day"] == (10_001, 10_000, 1)
    assert found["live_rooms"] == (51, 50, 1)
    assert found["accounts"] == (7, None, 0)


def test_a_trial_is_not_billed_above_what_is_free():
    """What is above is refused there, so the free number is a quota."""
    bill = billed("overseas-legacy", "legacy-trial", Used(0, 101, 5))
    assert [(one.item, one.amount) for one in bill.lines] == [("plan", 0)]
    most = dict.fromkeys(("net_groups_a_day", "groups", "live_rooms", "communities", "accounts"), 0)
    found = quotas(PLANS["legacy-trial"], {**most, "free_daily_users": 101, "free_monthly_users": 5})
    assert [(one.item, one.cap, one.over) for one in found][5:] == [("free_daily_users", 100, 1)]


class TestLists:
    @pytest.mark.parametrize("name", prices.names())
    def test_no_price_is_a_binary_fraction(self, name):
        def never(text):
            raise AssertionError(f"{text} is not in quotes")

        raw = (importlib.resources.files("qunzhu.prices") / f"{name}.toml").read_text(encoding="utf-8")
        tomllib.loads(raw, parse_float=never)

    @pytest.mark.parametrize("name", prices.names())
    def test_names_and_sources(self, name):
        listed = prices.load(name)
        assert listed.assumed in listed.plans
        assert set(listed.plans) <= set(PLANS)
        assert all(source.startswith("1047/") for source in listed.sources)
        assert listed.overage.keys() <= {"groups", "daily_users", "monthly_users"}
        for plan in listed.plans:
            make_bill(listed, PLANS[plan], (), Used(10**7, 10**7, 10**7))

    def test_every_plan_has_a_list(self):
        assert {name for name in PLANS if name != "open"} == {
            plan for name in prices.names() for plan in prices.load(name).plans
        }

    def test_priced_extensions_are_those_that_are_sold(self):
        for name in prices.names():
            for one in prices.load(name).extensions:
                assert one.to in EXTENSIONS[one.plan][one.cap], one
        listed = prices.load("overseas-legacy").extensions
        assert len({(one.plan, one.cap, one.to) for one in listed}) == len(listed)
        sold = {(plan, cap, to) for plan, caps in EXTENSIONS.items() for cap, steps in caps.items() for to in steps}
        assert {(one.plan, one.cap, one.to) for one in listed} == sold

    def test_which_list_unless_another_is_named(self):
        assert prices.of_plan("open") == prices.of_plan("legacy-pro") == "overseas-legacy"
        assert prices.of_plan("overseas-premium") == "overseas-2022-12"
        assert prices.of_plan("2025-enterprise") == "2025"

    def test_a_plan_that_a_list_has_not_is_priced_as_its_like(self):
        def priced(plan, listed):
            found = choose(app_of(plan), listed, None)
            return found.plan.name, found.assumed

        assert priced("legacy-pro", "overseas-2022-12") == ("overseas-standard", True)
        assert priced("2025-pro", "mainland-legacy") == ("legacy-flagship", True)
        assert priced("2025-enterprise", "overseas-legacy") == ("legacy-flagship", True)
        assert priced("overseas-developer", "2025") == ("2025-trial", True)
        assert priced("open", "overseas-2022-12") == ("overseas-premium", True)
        assert priced("legacy-pro", "mainland-legacy") == ("legacy-pro", False)

    def test_no_such_list(self):
        with pytest.raises(ConfigError, match="mainland-legacy"):
            prices.load("../core/plans")

    def test_a_block_without_a_price_is_unknown(self):
        listed = prices.load("overseas-legacy")
        some = msgspec.structs.replace(listed, overage={"groups": BlockPrice(block=100_000)})
        assert make_bill(some, PLANS["legacy-pro"], (), Used(100_001, 0, 0)).partial
        assert not make_bill(some, PLANS["legacy-pro"], (), Used(100_000, 0, 0)).partial
