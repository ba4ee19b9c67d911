"""Attributes of groups: writing, versions, conflicts, limits, and what is told (docs 1047/44187 to 44190, 59499)."""

from __future__ import annotations

import pytest

from qunzhu.core.events import AttributesChanged
from qunzhu.core.notices import change, system_notices, tip
from worlds import KINDS, NOW, WITH_MEMBERS

WRITES = ("modify_group_attr", "set_group_attr", "clear_group_attr", "delete_group_attr")


def pairs(**values: str) -> list[dict[str, str]]:
    """Return attributes as the wire has them."""
    return [{"key": key, "value": value} for key, value in values.items()]


def keys(*names: str) -> list[dict[str, str]]:
    """Return keys as the wire has them."""
    return [{"key": name} for name in names]


def seen(world, group: str, by: str | None = None) -> dict[str, str]:
    """Return a group's attributes."""
    reply = world.call("get_group_attr", by, GroupId=group)
    return {item["key"]: item["value"] for item in reply["GroupAttrAry"]}


def version(world, group: str) -> int:
    """Return the group's version as it is stored."""
    rows = world.rows(
        "SELECT v.version FROM attribute_versions v JOIN groups g ON g.num = v.group_num WHERE g.group_id = :id",
        id=group,
    )
    return rows[0][0] if rows else 0


def write(world, name: str, by: str | None = None, **fields):
    """Write in a second of its own."""
    world.now += 1
    return world.call(name, by, **fields)


@pytest.fixture
def furnished(world):
    """Register people."""
    world.people("owner", "bob", "carl")
    return world


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_from_nothing_to_nothing(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        assert world.call("get_group_attr", GroupId=group) == {"GroupAttrAry": []}
        assert write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(b="2", a="1")) == {}
        assert world.call("get_group_attr", GroupId=group) == {"GroupAttrAry": pairs(a="1", b="2")}
        write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(b="", c="3"))
        assert seen(world, group) == {"a": "1", "b": "", "c": "3"}
        write(world, "set_group_attr", GroupId=group, GroupAttr=pairs(c="4", d="5"))
        assert seen(world, group) == {"c": "4", "d": "5"}
        write(world, "delete_group_attr", GroupId=group, GroupAttr=keys("d"))
        assert seen(world, group) == {"c": "4"}
        write(world, "clear_group_attr", GroupId=group)
        assert seen(world, group) == {}
        assert version(world, group) == 5

    def test_the_owner_reads_and_writes(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        assert write(world, "modify_group_attr", "owner", GroupId=group, GroupAttr=pairs(a="1")) == {"MainSeq": 1}
        assert seen(world, group, "owner") == {"a": "1"}

    def test_strangers_may_nothing(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        world.refused(10007, "get_group_attr", "carl", GroupId=group)
        world.refused(10007, "modify_group_attr", "carl", GroupId=group, GroupAttr=pairs(a="1"))
        world.refused(10007, "set_group_attr", "carl", GroupId=group, GroupAttr=pairs(a="1"))
        world.refused(10007, "clear_group_attr", "carl", GroupId=group)
        world.refused(10007, "delete_group_attr", "carl", GroupId=group, GroupAttr=keys("a"))

    def test_nothing_is_left_of_a_dissolved_group(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        world.call("destroy_group", GroupId=group)
        assert world.rows("SELECT * FROM attributes") == world.rows("SELECT * FROM attribute_versions") == []


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_any_member_reads_and_writes(furnished, kind):
    world, group = furnished, furnished.group(kind, members=["bob"])
    write(world, "set_group_attr", "bob", GroupId=group, GroupAttr=pairs(a="1"))
    assert seen(world, group, "bob") == {"a": "1"}
    write(world, "delete_group_attr", "bob", GroupId=group, GroupAttr=keys("a"))
    write(world, "clear_group_attr", "bob", GroupId=group)
    assert version(world, group) == 3


@pytest.mark.parametrize("name", ["get_group_attr", *WRITES])
def test_groups_that_are_not_there(world, name):
    more = {} if name in {"get_group_attr", "clear_group_attr"} else {"GroupAttr": pairs(a="1")}
    world.refused(10010, name, GroupId="nowhere", **more)
    world.refused(10015, name, GroupId="é", **more)
    world.refused(10015, name, GroupId="", **more)


class TestVersions:
    def test_each_write_raises_the_groups_and_marks_what_it_wrote(self, furnished):
        world, group = furnished, furnished.group(members=["bob"])
        assert world.call("get_group_attr", "bob", GroupId=group) == {"GroupAttrAry": [], "MainSeq": 0}
        assert write(world, "modify_group_attr", "bob", GroupId=group, GroupAttr=pairs(a="1", b="1")) == {"MainSeq": 1}
        assert write(world, "modify_group_attr", "bob", GroupId=group, GroupAttr=pairs(b="1")) == {"MainSeq": 2}
        write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(c="1"))
        assert world.call("get_group_attr", "bob", GroupId=group) == {
            "GroupAttrAry": [
                {"key": "a", "value": "1", "seq": 1},
                {"key": "b", "value": "1", "seq": 2},
                {"key": "c", "value": "1", "seq": 3},
            ],
            "MainSeq": 3,
        }
        assert write(world, "delete_group_attr", "bob", GroupId=group, GroupAttr=keys("a")) == {"MainSeq": 4}
        assert write(world, "clear_group_attr", "bob", GroupId=group) == {"MainSeq": 5}

    def test_who_is_not_told_of_changes_gets_no_version_of_the_group(self, furnished):
        """An app administrator outside the group may read, but must not take what he read for lasting."""
        world, group = furnished, furnished.group()
        write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        reply = world.call("get_group_attr", "administrator", GroupId=group)
        assert reply == {"GroupAttrAry": [{"key": "a", "value": "1", "seq": 1}]}

    def test_the_owner_of_a_live_room_need_not_be_in_it(self, furnished):
        world, group = furnished, furnished.group("AVChatRoom")
        write(world, "modify_group_attr", "owner", GroupId=group, GroupAttr=pairs(a="1"))
        reply = world.call("get_group_attr", "owner", GroupId=group)
        assert reply == {"GroupAttrAry": [{"key": "a", "value": "1", "seq": 1}]}
        world.there(group, "owner")
        assert world.call("get_group_attr", "owner", GroupId=group)["MainSeq"] == 1

    def test_a_write_after_somebody_elses_is_refused(self, furnished):
        world, group = furnished, furnished.group(members=["bob", "carl"])
        write(world, "modify_group_attr", "bob", GroupId=group, GroupAttr=pairs(a="1", b="1"))
        write(world, "modify_group_attr", "carl", GroupId=group, GroupAttr=[{"key": "a", "value": "2", "seq": 1}])
        world.now += 1
        stale = [{"key": "b", "value": "3", "seq": 1}, {"key": "a", "value": "3", "seq": 1}]
        text = world.refused(10056, "modify_group_attr", "bob", GroupId=group, GroupAttr=stale)
        assert "'a'" in text
        assert "2" in text
        world.refused(10056, "set_group_attr", "bob", GroupId=group, GroupAttr=stale)
        world.refused(10056, "delete_group_attr", "bob", GroupId=group, GroupAttr=[{"key": "a", "seq": 1}])
        world.call("modify_group_attr", "bob", GroupId=group, GroupAttr=[{"key": "b", "value": "3", "seq": 1}])
        world.call("delete_group_attr", "bob", GroupId=group, GroupAttr=[{"key": "a", "seq": 2}])
        assert seen(world, group) == {"b": "3"}

    def test_zero_says_that_it_was_not_there(self, furnished):
        world, group = furnished, furnished.group(members=["bob", "carl"])
        mine = [{"key": "seat", "value": "bob", "seq": 0}]
        write(world, "modify_group_attr", "bob", GroupId=group, GroupAttr=mine)
        world.now += 1
        theirs = [{"key": "seat", "value": "carl", "seq": 0}]
        world.refused(10056, "modify_group_attr", "carl", GroupId=group, GroupAttr=theirs)
        world.call("delete_group_attr", GroupId=group, GroupAttr=keys("seat"))
        world.refused(10056, "modify_group_attr", "bob", GroupId=group, GroupAttr=[{**mine[0], "seq": 1}])
        world.refused(10056, "delete_group_attr", "bob", GroupId=group, GroupAttr=[{"key": "seat", "seq": 1}])
        world.call("modify_group_attr", "carl", GroupId=group, GroupAttr=theirs)
        assert seen(world, group) == {"seat": "carl"}

    def test_clearing_may_name_the_version_of_all(self, furnished):
        world, group = furnished, furnished.group(members=["bob"])
        write(world, "modify_group_attr", "bob", GroupId=group, GroupAttr=pairs(a="1"))
        world.now += 1
        assert "1" in world.refused(10056, "clear_group_attr", "bob", GroupId=group, MainSeq=0)
        assert world.call("clear_group_attr", "bob", GroupId=group, MainSeq=1) == {"MainSeq": 2}

    def test_the_server_api_overwrites_and_shows_no_versions(self, furnished):
        world, group = furnished, furnished.group()
        write(world, "modify_group_attr", GroupId=group, GroupAttr=[{"key": "a", "value": "1", "seq": 7}])
        write(world, "set_group_attr", GroupId=group, GroupAttr=[{"key": "b", "value": "1", "seq": 7}])
        write(world, "delete_group_attr", GroupId=group, GroupAttr=[{"key": "b", "seq": 7}])
        assert write(world, "clear_group_attr", GroupId=group, MainSeq=7) == {}
        assert version(world, group) == 4


class TestLimits:
    def test_keys(self, furnished):
        world, group = furnished, furnished.group()
        for key in ("x", "x" * 32, "键" * 10, "with space", "é-_.:"):
            write(world, "modify_group_attr", GroupId=group, GroupAttr=[{"key": key, "value": "v"}])
        world.now += 1
        for key in ("x" * 33, "键" * 11):
            for name in ("modify_group_attr", "set_group_attr", "delete_group_attr"):
                text = world.refused(10045, name, GroupId=group, GroupAttr=[{"key": key, "value": "v"}])
                assert "GroupAttr[0].key" in text
                assert "33 bytes" in text
                assert "32" in text
        for key in ("", "a\x00b", "a\nb", 7):
            for name in ("modify_group_attr", "set_group_attr", "delete_group_attr"):
                world.refused(10004, name, GroupId=group, GroupAttr=[{"key": key, "value": "v"}])

    def test_values(self, furnished):
        world, group = furnished, furnished.group()
        for value in ("", "x" * 4000, "值" * 1333, "a\nb\tc", '{"seat":1}'):
            write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(a=value))
            assert seen(world, group) == {"a": value}
        world.now += 1
        for value in ("x" * 4001, "值" * 1333 + "é"):
            for name in ("modify_group_attr", "set_group_attr"):
                text = world.refused(10046, name, GroupId=group, GroupAttr=pairs(a=value))
                assert "GroupAttr[0].value: 4001 bytes" in text
                assert "4000" in text
        for value in ("a\x00b", "a\x07", 7, ["x"]):
            for name in ("modify_group_attr", "set_group_attr"):
                world.refused(10004, name, GroupId=group, GroupAttr=[{"key": "a", "value": value}])
        world.refused(10004, "modify_group_attr", GroupId=group, GroupAttr=keys("a"))

    def test_sixteen_keys(self, furnished):
        world, group = furnished, furnished.group()
        sixteen = pairs(**{f"k{n}": "v" for n in range(16)})
        world.refused(10047, "set_group_attr", GroupId=group, GroupAttr=[*sixteen, *pairs(more="v")])
        write(world, "modify_group_attr", GroupId=group, GroupAttr=sixteen)
        world.now += 1
        assert "17" in world.refused(10047, "modify_group_attr", GroupId=group, GroupAttr=pairs(more="v"))
        world.refused(10047, "delete_group_attr", GroupId=group, GroupAttr=keys(*(f"k{n}" for n in range(17))))
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(k3="other"))
        world.call("set_group_attr", GroupId=group, GroupAttr=pairs(**{f"m{n}": "v" for n in range(16)}))
        world.call("delete_group_attr", GroupId=group, GroupAttr=keys("m0"))
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(more="v"))
        assert len(seen(world, group)) == 16

    def test_sixteen_thousand_bytes(self, furnished):
        world, group = furnished, furnished.group()
        write(world, "set_group_attr", GroupId=group, GroupAttr=pairs(**{f"k{n}": "x" * 4000 for n in range(4)}))
        world.now += 1
        text = world.refused(10048, "modify_group_attr", GroupId=group, GroupAttr=pairs(more="x"))
        assert "16001" in text
        assert "16000" in text
        five = pairs(**{f"m{n}": "值" * 1100 for n in range(5)})
        assert "16500" in world.refused(10048, "set_group_attr", GroupId=group, GroupAttr=five)
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(k0="", more="x" * 4000))
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(empty=""))
        world.refused(10048, "modify_group_attr", GroupId=group, GroupAttr=pairs(empty="x"))
        world.call("set_group_attr", GroupId=group, GroupAttr=five[:4])

    @pytest.mark.parametrize("value", [[], None, {}, "a", [1], [None]])
    def test_no_attributes(self, furnished, value):
        world, group = furnished, furnished.group()
        for name in ("modify_group_attr", "set_group_attr", "delete_group_attr"):
            world.refused(10004, name, GroupId=group, GroupAttr=value)
            world.refused(10004, name, GroupId=group)

    @pytest.mark.parametrize("seq", [-1, 2**53 + 1, 1.5, "1", True])
    def test_versions(self, furnished, seq):
        world, group = furnished, furnished.group()
        world.refused(10004, "modify_group_attr", GroupId=group, GroupAttr=[{"key": "a", "value": "1", "seq": seq}])
        world.refused(10004, "delete_group_attr", GroupId=group, GroupAttr=[{"key": "a", "seq": seq}])
        world.refused(10004, "clear_group_attr", GroupId=group, MainSeq=seq)

    def test_an_absent_one_cannot_be_deleted(self, furnished):
        world, group = furnished, furnished.group()
        write(world, "modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        world.now += 1
        assert "'b'" in world.refused(10050, "delete_group_attr", GroupId=group, GroupAttr=keys("a", "b"))
        world.call("delete_group_attr", GroupId=group, GroupAttr=keys("a", "a"))
        world.refused(10050, "delete_group_attr", GroupId=group, GroupAttr=keys("a"))

    def test_a_key_named_twice_has_the_later_value(self, furnished):
        world, group = furnished, furnished.group()
        world.call("modify_group_attr", GroupId=group, GroupAttr=[*pairs(a="1"), *pairs(a="2")])
        assert seen(world, group) == {"a": "2"}


class TestFrequency:
    def test_five_writes_a_second_of_all_sorts_and_by_all(self, furnished):
        world, group, other = furnished, furnished.group(members=["bob"]), furnished.group()
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        world.call("set_group_attr", "bob", GroupId=group, GroupAttr=pairs(a="1", b="2"))
        world.call("delete_group_attr", "owner", GroupId=group, GroupAttr=keys("a"))
        world.call("clear_group_attr", GroupId=group)
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        for by in (None, "bob"):
            assert "5" in world.refused(10049, "modify_group_attr", by, GroupId=group, GroupAttr=pairs(a="1"))
            world.refused(10049, "set_group_attr", by, GroupId=group, GroupAttr=pairs(a="1"))
            world.refused(10049, "delete_group_attr", by, GroupId=group, GroupAttr=keys("a"))
            world.refused(10049, "clear_group_attr", by, GroupId=group)
        world.call("modify_group_attr", GroupId=other, GroupAttr=pairs(a="1"))
        world.now += 1
        for _ in range(5):
            world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        world.refused(10049, "modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        assert version(world, group) == 10

    def test_refused_ones_do_not_count(self, furnished):
        world, group = furnished, furnished.group()
        for _ in range(9):
            world.refused(10050, "delete_group_attr", GroupId=group, GroupAttr=keys("a"))
        for _ in range(5):
            world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        assert version(world, group) == 5

    def test_a_write_that_waited_does_not_begin_a_new_count(self, furnished):
        """Around the end of a second the writes of both come in any order."""
        world, group = furnished, furnished.group()
        codes = []
        for late in (0, 1) * 8:
            world.now = NOW - late
            codes.append(world.code("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1")))
        assert codes == [0] * 5 + [10049] * 11
        world.now = NOW + 1
        world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))

    def test_a_clock_that_was_put_back_stops_nobody(self, furnished):
        world, group = furnished, furnished.group()
        for now in (NOW + 100, NOW, NOW + 1):
            world.now = now
            for _ in range(5):
                world.call("modify_group_attr", GroupId=group, GroupAttr=pairs(a="1"))
        assert version(world, group) == 15


class TestTold:
    @pytest.mark.parametrize("kind", KINDS)
    def test_everybody_in_the_group_hears_and_nothing_is_stored(self, furnished, kind):
        world, group = furnished, furnished.group(kind)
        stored = world.stored(group)
        before = len(world.events)
        world.call("modify_group_attr", "owner", GroupId=group, GroupAttr=pairs(a="1", b="2"))
        world.call("set_group_attr", GroupId=group, GroupAttr=pairs(b="3"))
        world.call("delete_group_attr", GroupId=group, GroupAttr=keys("b"))
        world.call("clear_group_attr", GroupId=group)
        events = world.events[before:]
        assert all(isinstance(event, AttributesChanged) for event in events)
        assert [tip(event) for event in events] == [None] * 4
        assert [system_notices(event) for event in events] == [[]] * 4
        base = {"GroupId": group, "GroupType": kind, "Operator_Account": "administrator", "Time": world.now}
        base["ChangeType"] = "AttributesChanged"
        both = [{"key": "a", "value": "1", "seq": 1}, {"key": "b", "value": "2", "seq": 1}]
        assert [change(event) for event in events] == [
            {**base, "Operator_Account": "owner", "OptionType": "modify", "MainSeq": 1, "GroupAttr": both,
             "RemovedKeys": []},
            {**base, "OptionType": "set", "MainSeq": 2, "GroupAttr": [{"key": "b", "value": "3", "seq": 2}],
             "RemovedKeys": ["a"]},
            {**base, "OptionType": "delete", "MainSeq": 3, "GroupAttr": [], "RemovedKeys": ["b"]},
            {**base, "OptionType": "clear", "MainSeq": 4, "GroupAttr": [], "RemovedKeys": []},
        ]  # fmt: skip
        assert world.stored(group) == stored
