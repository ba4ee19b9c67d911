"""The table of plans against the documented one, column by column."""

from __future__ import annotations

import pytest

from qunzhu.core.plans import PLANS

#: Page 1047/33529 and the price pages: accounts, groups per user, members, communities, groups, live rooms, per day.
#: For the plans of 2025 the caps per user are not stated.
DOCUMENTED = {
    "legacy-trial": (100, 50, 20, 100, 10, 10_000),
    "legacy-pro": (None, 500, 200, None, 50, 10_000),
    "legacy-flagship": (None, 1000, 2000, None, None, 10_000),
    "overseas-developer": (100, 50, 20, 100, 10, 100),
    "overseas-standard": (None, 500, 200, None, 50, 10_000),
    "overseas-premium": (None, 1000, 2000, None, None, 10_000),
    "2025-trial": (100, ..., 20, 100, 50, 10_000),
    "2025-standard": (None, ..., 500, None, 50, 10_000),
    "2025-pro": (None, ..., 2000, None, None, 10_000),
    "2025-pro-plus": (None, ..., 5000, None, None, 10_000),
    "2025-enterprise": (None, ..., 6000, None, None, 10_000),
}
COLUMNS = ("accounts", "groups_per_user", "group_members", "groups", "live_rooms", "net_groups_a_day")
COMMUNITY_MEMBERS = {
    "legacy-flagship": 100_000, "2025-trial": 100_000, "2025-pro": 100_000, "2025-pro-plus": 1_000_000,
    "2025-enterprise": 1_000_000,
}  # fmt: skip
WITHOUT_COMMUNITIES = {"legacy-trial", "legacy-pro", "overseas-standard", "2025-standard"}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_caps(name):
    plan = PLANS[name]
    for column, cap in zip(COLUMNS, DOCUMENTED[name], strict=True):
        assert cap is ... or getattr(plan, column) == cap, column
    assert (plan.communities == 0) == (name in WITHOUT_COMMUNITIES)
    assert plan.community_members == COMMUNITY_MEMBERS.get(name, plan.community_members)
    assert plan.daily_excludes_communities == name.startswith("2025")


def test_the_open_plan_has_no_caps():
    plan = PLANS["open"]
    assert {getattr(plan, column) for column in (*COLUMNS, "communities", "community_members")} == {None}


def test_no_other_plans():
    assert PLANS.keys() == {"open", *DOCUMENTED}
