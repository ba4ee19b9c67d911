"""The alarm of the day's quota, a change of plan while groups exist, and caps that were raised for a price."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from qunzhu.commands.sessions import OpenSession, open_session
from qunzhu.core.errors import Refused
from qunzhu.core.events import DailyQuotaNear
from qunzhu.core.plans import EXTENSIONS, PLANS, Extension, Plan
from qunzhu.core.ports import CallbackSettings
from worlds import DAY, NOW, on_plan, switched

if TYPE_CHECKING:
    from worlds import World

ALARM = "Group.CallbackOnDailyGroupQuotaAlarm"
ALL = CallbackSettings(url="http://127.0.0.1:1/hook", commands=(ALARM,))


@pytest.fixture
def capped(world, monkeypatch) -> World:
    """Put an app on a plan of ten new groups a day, with the callback of the alarm on."""
    monkeypatch.setitem(PLANS, "tests", Plan(name="tests", net_groups_a_day=10))
    world.app = on_plan(world.app, "tests", callbacks=ALL)
    return world


def told(world: World) -> list[dict[str, object]]:
    """Return the alarms that the app's server is to hear of."""
    rows = world.rows("SELECT command, body FROM callbacks ORDER BY num")
    return [msgspec.json.decode(body) for command, body in rows if command == ALARM]


class TestAlarm:
    def test_at_seventy_percent_with_the_documented_fields(self, capped):
        for _ in range(6):
            capped.group(owner=None)
        assert told(capped) == []
        capped.group(owner=None)
        body = {"CallbackCommand": ALARM, "QuotaUsed": 7, "Quota": 10, "EventTime": str(NOW * 1000 + 123)}
        assert told(capped) == [body]
        [event] = [event for event in capped.events if isinstance(event, DailyQuotaNear)]
        assert (event.used, event.quota, event.sdkappid) == (7, 10, capped.app.sdkappid)
        assert capped.hub.tally.alerts == {"DailyQuotaNear": 1}

    def test_once_a_day_over_dissolving_and_creating_again(self, capped):
        groups = [capped.group(owner=None) for _ in range(7)]
        for _ in range(3):
            capped.call("destroy_group", GroupId=groups.pop())
            groups.append(capped.group(owner=None))
        for _ in range(3):
            capped.group(owner=None)
        capped.refused(10006, "create_group", Type="Public", Name="n")
        assert len(told(capped)) == 1
        capped.now += DAY
        for _ in range(7):
            capped.group(owner=None)
        assert [one["QuotaUsed"] for one in told(capped)] == [7, 7]

    def test_a_refused_creation_raises_none(self, capped):
        capped.group(owner=None, GroupId="a")
        for _ in range(5):
            capped.group(owner=None)
        capped.refused(10021, "create_group", Type="Public", Name="n", GroupId="a")
        assert told(capped) == []
        capped.group(owner=None)
        assert len(told(capped)) == 1

    def test_only_what_counts(self, capped):
        for _ in range(20):
            capped.group("Community", owner=None)  # outside the quota of this plan
        assert told(capped) == []

    def test_the_operator_hears_of_it_without_a_callback(self, capped):
        capped.app = switched(capped.app, callbacks=CallbackSettings())
        for _ in range(8):
            capped.group(owner=None)
        assert told(capped) == []
        assert capped.hub.tally.alerts == {"DailyQuotaNear": 1}

    def test_a_larger_plan_on_the_same_day_raises_no_second(self, capped):
        for _ in range(7):
            capped.group(owner=None)
        capped.app = on_plan(capped.app, "overseas-developer", callbacks=ALL)
        for _ in range(70):
            capped.group(owner=None)
        assert len(told(capped)) == 1


class TestSmallerPlan:
    """What exists stays, whatever the plan; what is new is refused."""

    def test_groups_rooms_members_and_communities(self, world):
        users = [f"u{n}" for n in range(25)]
        world.people("owner", "late", *users)
        world.app = on_plan(world.app, "legacy-flagship")
        team = world.group("Public", members=users)
        rooms = [world.group("AVChatRoom", owner=None) for _ in range(11)]
        club = world.group("Community", members=users[:2])
        world.app = on_plan(world.app, "legacy-trial")
        assert (world.info(team)["MemberNum"], world.info(team)["MaxMemberNum"]) == (26, 2000)
        assert world.info(club)["MemberNum"] == 3
        late = [{"Member_Account": "late"}]
        assert "20" in world.refused(10014, "add_group_member", GroupId=team, MemberList=late)
        world.refused(10014, "add_group_member", GroupId=club, MemberList=late)
        world.refused(10059, "create_group", Type="Community", Name="n")
        world.refused(10036, "create_group", Type="AVChatRoom", Name="n")
        world.call("destroy_group", GroupId=rooms.pop())
        world.refused(10036, "create_group", Type="AVChatRoom", Name="n")  # ten are there still
        world.call("destroy_group", GroupId=rooms.pop())
        world.group("AVChatRoom", owner=None)
        world.say(team, "still here", "owner")
        world.call("delete_group_member", GroupId=team, MemberToDel_Account=users[:7])
        world.call("add_group_member", GroupId=team, MemberList=late)
        world.app = on_plan(world.app, "legacy-flagship")
        world.call("add_group_member", GroupId=team, MemberList=[{"Member_Account": users[0]}])

    def test_groups_of_a_user(self, world):
        world.people("owner")
        world.app = on_plan(world.app, "legacy-pro")
        for _ in range(51):
            world.group("Public")
        world.app = on_plan(world.app, "legacy-trial")
        assert world.call("get_joined_group_list", Member_Account="owner")["TotalCount"] == 51
        assert "50" in world.refused(10037, "create_group", Type="Public", Name="n", Owner_Account="owner")


class TestExtensions:
    def test_each_raises_its_cap(self, world):
        world.app = on_plan(world.app, "legacy-pro")
        assert (world.app.plan.live_rooms, world.app.plan.history_days) == (50, 7)
        raised = (Extension("live_rooms", None), Extension("group_members", 2000), Extension("history_days", 90))
        world.app = switched(world.app, extensions=raised)
        assert (world.app.plan.live_rooms, world.app.plan.history_days) == (None, 90)
        assert world.app.kept_since(NOW) == NOW - 90 * DAY
        for _ in range(51):
            world.group("AVChatRoom", owner=None)
        assert world.info(world.group(owner=None))["MaxMemberNum"] == 2000
        assert "2000" in world.refused(10038, "create_group", Type="Public", Name="n", MaxMemberCount=2001)
        world.app = switched(world.app, extensions=())
        assert "50" in world.refused(10036, "create_group", Type="AVChatRoom", Name="n")

    def test_steps_are_above_what_the_plan_has(self):
        for plan, sold in EXTENSIONS.items():
            for cap, steps in sold.items():
                own = getattr(PLANS[plan], cap)
                assert all(step is None or step > own for step in steps), (plan, cap)


class TestActiveUsersOfATrial:
    """A trial costs nothing: active users above its number are refused, where other plans bill them."""

    @pytest.mark.parametrize(
        ("caps", "code", "free_again"),
        [({"free_daily_users": 3}, 72000, DAY), ({"free_monthly_users": 3}, 72002, 30 * DAY)],
    )
    def test_the_fourth_waits_for_the_next_day_or_month(self, world, monkeypatch, caps, code, free_again):
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", accounts=100, **caps))
        world.people("a", "b", "c", "d")
        world.app = on_plan(world.app, "tests")
        for user in ("a", "b", "c", "a"):
            world.call("open_session", user)
        text = world.refused(code, "open_session", "d")
        assert "3 users in 2023-11" in text
        assert "plan tests allows 3" in text
        world.call("open_session", "b")  # he was here already
        world.now += free_again
        world.call("open_session", "d")

    def test_who_came_before_the_plan_was_a_trial_counts(self, world, monkeypatch):
        world.people("a", "b", "c")
        for user in ("a", "b"):
            world.call("open_session", user)
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", accounts=100, free_daily_users=2))
        world.app = on_plan(world.app, "tests")
        world.refused(72000, "open_session", "c")
        world.call("open_session", "a")

    def test_many_at_once_are_counted_each(self, world, monkeypatch):
        """Those of one commit know of each other."""
        users = [f"u{n}" for n in range(12)]
        world.people(*users)
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", accounts=100, free_daily_users=5))
        world.app = on_plan(world.app, "tests")

        def all_of_them(tx):
            inside = 0
            for user in users * 2:
                with contextlib.suppress(Refused):
                    open_session(tx, world.who(user), OpenSession())
                    inside += 1
            return inside

        assert world.store.write_now(all_of_them) == 10

    def test_a_plan_that_is_paid_for_refuses_nobody(self, world, monkeypatch):
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", free_daily_users=1, free_monthly_users=1))
        world.people("a", "b")
        world.app = on_plan(world.app, "tests")
        for user in ("a", "b"):
            world.call("open_session", user)

    def test_the_trials_numbers(self):
        trials = {
            plan.name: (plan.free_daily_users, plan.free_monthly_users) for plan in PLANS.values() if plan.is_trial
        }
        assert trials == {
            "legacy-trial": (100, None), "overseas-developer": (None, 100), "2025-trial": (None, 100),
        }  # fmt: skip
