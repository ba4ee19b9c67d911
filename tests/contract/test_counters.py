"""Counters of groups: set, increase, decrease, delete; limits, plans and what is told (docs 1047/53427 to 53429)."""

from __future__ import annotations

import pytest

from qunzhu.core.events import CountersChanged
from qunzhu.core.notices import change, system_notices, tip
from worlds import KINDS, on_plan

LOW, HIGH = -(2**63), 2**63 - 1
COUNTED = tuple(kind for kind in KINDS if kind != "Community")


def counters(**values: int) -> list[dict[str, object]]:
    """Return counters as the wire has them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def update(world, group: str, mode: str | None = None, by: str | None = None, **values: int) -> dict[str, int]:
    """Update counters and return what is answered, by key."""
    more = {"Mode": mode} if mode else {}
    reply = world.call("update_group_counter", by, GroupId=group, GroupCounter=counters(**values), **more)
    return {item["Key"]: item["Value"] for item in reply["GroupCounter"]}


def seen(world, group: str, *keys: str, by: str | None = None) -> dict[str, int]:
    """Return counters of a group."""
    more = {"GroupCounterKeys": list(keys)} if keys else {}
    reply = world.call("get_group_counter", by, GroupId=group, **more)
    return {item["Key"]: item["Value"] for item in reply["GroupCounter"]}


@pytest.fixture
def furnished(world):
    """Register people."""
    world.people("owner", "bob", "carl")
    return world


@pytest.mark.parametrize("kind", COUNTED)
class TestEveryKind:
    def test_from_nothing_to_nothing(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        assert world.call("get_group_counter", GroupId=group) == {"GroupCounter": []}
        assert update(world, group, likes=5, views=-7) == {"likes": 5, "views": -7}
        assert update(world, group, "Increase", views=10, gifts=2) == {"views": 3, "gifts": 2}
        assert update(world, group, "Decrease", likes=1, minus=4) == {"likes": 4, "minus": -4}
        assert update(world, group, "Set", likes=0) == {"likes": 0}
        assert list(seen(world, group).items()) == [("gifts", 2), ("likes", 0), ("minus", -4), ("views", 3)]
        assert seen(world, group, "views", "nothing", "gifts") == {"gifts": 2, "views": 3}
        assert seen(world, group, "nothing") == {}
        assert world.call("get_group_counter", GroupId=group, GroupCounterKeys=[]) == world.call(
            "get_group_counter", GroupId=group
        )
        assert world.call("delete_group_counter", GroupId=group, GroupCounterKeys=["likes", "nothing"]) == {}
        assert set(seen(world, group)) == {"gifts", "minus", "views"}
        assert update(world, group, "Increase", likes=1) == {"likes": 1}
        world.call("delete_group_counter", GroupId=group)
        assert seen(world, group) == {}

    def test_members_read_and_write_strangers_do_not(self, furnished, kind):
        world, group = furnished, furnished.group(kind, members=["bob"] if kind != "AVChatRoom" else [])
        for by in ("owner", "bob")[: 1 if kind == "AVChatRoom" else 2]:
            update(world, group, "Increase", by, likes=1)
            assert seen(world, group, by=by)["likes"] >= 1
            world.call("delete_group_counter", by, GroupId=group, GroupCounterKeys=["other"])
        world.refused(10007, "get_group_counter", "carl", GroupId=group)
        world.refused(10007, "update_group_counter", "carl", GroupId=group, GroupCounter=counters(a=1))
        world.refused(10007, "delete_group_counter", "carl", GroupId=group)

    def test_nothing_is_left_of_a_dissolved_group(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        update(world, group, likes=1)
        world.call("destroy_group", GroupId=group)
        assert world.rows("SELECT * FROM group_counters") == []


def test_communities_have_none(furnished):
    world, group = furnished, furnished.group("Community")
    for by in (None, "owner"):
        world.refused(10007, "get_group_counter", by, GroupId=group)
        world.refused(10007, "update_group_counter", by, GroupId=group, GroupCounter=counters(a=1))
        world.refused(10007, "delete_group_counter", by, GroupId=group)


def test_groups_that_are_not_there(world):
    for code, group in ((10010, "nowhere"), (10015, "é"), (10015, "")):
        world.refused(code, "get_group_counter", GroupId=group)
        world.refused(code, "update_group_counter", GroupId=group, GroupCounter=counters(a=1))
        world.refused(code, "delete_group_counter", GroupId=group)


class TestRange:
    def test_a_counter_holds_sixty_four_bits(self, furnished):
        world, group = furnished, furnished.group()
        assert update(world, group, low=LOW, high=HIGH) == {"low": LOW, "high": HIGH}
        assert seen(world, group) == {"low": LOW, "high": HIGH}
        assert update(world, group, "Increase", low=HIGH) == {"low": -1}
        assert update(world, group, "Decrease", high=HIGH) == {"high": 0}

    def test_past_the_end_is_refused_and_nothing_is_written(self, furnished):
        world, group = furnished, furnished.group()
        update(world, group, low=LOW, high=HIGH, fine=1)
        for mode, values, wanted in (
            ("Increase", {"fine": 1, "high": 1}, HIGH + 1),
            ("Decrease", {"fine": 1, "low": 1}, LOW - 1),
            ("Decrease", {"new": LOW}, HIGH + 1),
            ("Increase", {"low": LOW}, 2 * LOW),
        ):
            text = world.refused(
                10004, "update_group_counter", GroupId=group, GroupCounter=counters(**values), Mode=mode
            )
            assert "GroupCounter" in text
            for number in (wanted, LOW, HIGH):
                assert str(number) in text
        assert seen(world, group) == {"low": LOW, "high": HIGH, "fine": 1}

    @pytest.mark.parametrize("value", [HIGH + 1, LOW - 1, 2**70, 1.5, "1", True, None])
    def test_values(self, furnished, value):
        world, group = furnished, furnished.group()
        for mode in ("Set", "Increase", "Decrease"):
            item = [{"Key": "a", "Value": value}]
            assert "Value" in world.refused(10004, "update_group_counter", GroupId=group, GroupCounter=item, Mode=mode)

    def test_a_key_named_twice_is_worked_twice(self, furnished):
        world, group = furnished, furnished.group()
        twice = [*counters(a=2), *counters(a=3)]
        world.call("update_group_counter", GroupId=group, GroupCounter=twice, Mode="Increase")
        assert seen(world, group) == {"a": 5}
        world.call("update_group_counter", GroupId=group, GroupCounter=twice)
        assert seen(world, group) == {"a": 3}


class TestLimits:
    def test_keys(self, furnished):
        world, group = furnished, furnished.group()
        for key in ("x", "x" * 128, "键" * 42, "with space"):
            update(world, group, **{key: 1})
            world.call("delete_group_counter", GroupId=group, GroupCounterKeys=[key])
        for key in ("x" * 129, "键" * 43, "", "a\x00b", "a\nb", 7):
            world.refused(10004, "update_group_counter", GroupId=group, GroupCounter=[{"Key": key, "Value": 1}])
            world.refused(10004, "get_group_counter", GroupId=group, GroupCounterKeys=[key])
            world.refused(10004, "delete_group_counter", GroupId=group, GroupCounterKeys=[key])
        text = world.refused(10004, "get_group_counter", GroupId=group, GroupCounterKeys=["x" * 129])
        assert "GroupCounterKeys[0]: 129 bytes" in text
        assert "128" in text

    def test_twenty_counters(self, furnished):
        world, group = furnished, furnished.group()
        twenty = {f"k{n}": n for n in range(20)}
        many = counters(**twenty, more=1)
        world.refused(10063, "update_group_counter", GroupId=group, GroupCounter=many)
        update(world, group, **twenty)
        for mode in ("Set", "Increase", "Decrease"):
            text = world.refused(
                10063, "update_group_counter", GroupId=group, GroupCounter=counters(a=1, b=1), Mode=mode
            )
            assert "22" in text
            assert "20" in text
        update(world, group, "Increase", k0=1)
        world.call("delete_group_counter", GroupId=group, GroupCounterKeys=["k0"])
        update(world, group, "Increase", more=1)
        assert len(seen(world, group)) == 20
        too_many = [f"k{n}" for n in range(21)]
        world.refused(10004, "get_group_counter", GroupId=group, GroupCounterKeys=too_many)
        world.refused(10004, "delete_group_counter", GroupId=group, GroupCounterKeys=too_many)

    @pytest.mark.parametrize("mode", ["set", "Add", "", 1, []])
    def test_modes(self, furnished, mode):
        world, group = furnished, furnished.group()
        assert "Mode" in world.refused(
            10004, "update_group_counter", GroupId=group, GroupCounter=counters(a=1), Mode=mode
        )

    def test_nothing_to_write_or_to_delete(self, furnished):
        world, group = furnished, furnished.group()
        update(world, group, a=1)
        world.refused(10004, "update_group_counter", GroupId=group, GroupCounter=[])
        world.refused(10004, "update_group_counter", GroupId=group)
        world.refused(10004, "delete_group_counter", GroupId=group, GroupCounterKeys=[])
        assert seen(world, group) == {"a": 1}


@pytest.mark.parametrize(
    ("plan", "counts"),
    [
        ("open", True), ("legacy-trial", False), ("legacy-pro", False), ("legacy-flagship", True),
        ("overseas-developer", False), ("overseas-standard", False), ("overseas-premium", True),
        ("2025-trial", False), ("2025-standard", False), ("2025-pro", True), ("2025-pro-plus", True),
        ("2025-enterprise", True),
    ],
)  # fmt: skip
def test_plans(furnished, plan, counts):
    """Premium editions only; since 2025 Pro, Pro Plus and Enterprise."""
    world, group = furnished, furnished.group()
    world.app = on_plan(world.app, plan)
    if counts:
        assert update(world, group, a=1) == seen(world, group) == {"a": 1}
        return
    assert plan in world.refused(10059, "get_group_counter", GroupId=group)
    world.refused(10059, "update_group_counter", GroupId=group, GroupCounter=counters(a=1))
    world.refused(10059, "delete_group_counter", GroupId=group)
    world.refused(10007, "get_group_counter", "carl", GroupId=group)


@pytest.mark.parametrize("kind", COUNTED)
def test_everybody_in_the_group_hears_and_nothing_is_stored(furnished, kind):
    world, group = furnished, furnished.group(kind)
    stored, before = world.stored(group), len(world.events)
    update(world, group, "Increase", "owner", likes=2, views=1)
    world.call("delete_group_counter", GroupId=group, GroupCounterKeys=["nothing"])
    world.call("delete_group_counter", GroupId=group)
    world.call("delete_group_counter", GroupId=group)
    events = world.events[before:]
    assert all(isinstance(event, CountersChanged) for event in events)
    assert [tip(event) for event in events] == [None, None]
    assert [system_notices(event) for event in events] == [[], []]
    base = {"GroupId": group, "GroupType": kind, "Time": world.now, "ChangeType": "CountersChanged"}
    assert [change(event) for event in events] == [
        {**base, "Operator_Account": "owner", "GroupCounter": counters(likes=2, views=1), "RemovedKeys": []},
        {**base, "Operator_Account": "administrator", "GroupCounter": [], "RemovedKeys": ["likes", "views"]},
    ]
    assert world.stored(group) == stored
