"""Pinned messages: who may pin, how many, in what order they come, and when a pin goes by itself."""

from __future__ import annotations

import pytest

from qunzhu.commands._attached import forget_attached, group_owner
from worlds import ADMIN, WITH_ADMINS, World, on_plan


@pytest.fixture
def group(world: World) -> str:
    world.people("owner", "alice", "bob", "eve")
    return world.group("Public", members=["alice", "bob"])


def pin(world: World, group: str, seq: int, by: str = "owner", *, pinned: bool = True, **more: str) -> None:
    world.call("pin_group_message", by, GroupId=group, MsgSeq=seq, Pinned=pinned, **more)
    world.now += 1


def pins(world: World, group: str, by: str = "alice", **more: str) -> list[tuple[int, str]]:
    items = world.call("get_pinned_group_messages", by, GroupId=group, **more)["Items"]
    return [(item["Message"]["MsgSeq"], item["Pinner_Account"]) for item in items]


def test_the_one_pinned_last_comes_first(world: World, group):
    seqs = [world.say(group, f"number {n}", "alice")["MsgSeq"] for n in range(3)]
    for seq in (seqs[1], seqs[0], seqs[2]):
        pin(world, group, seq)
    assert pins(world, group) == [(seqs[2], "owner"), (seqs[0], "owner"), (seqs[1], "owner")]
    pin(world, group, seqs[0], pinned=False)
    pin(world, group, seqs[0], pinned=False)  # no pin there: nothing to do
    assert [seq for seq, _ in pins(world, group)] == [seqs[2], seqs[1]]
    [first, _] = world.call("get_pinned_group_messages", "bob", GroupId=group)["Items"]
    assert first["Message"]["MsgBody"] == [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "number 2"}}]
    assert first["PinTime"] == world.now - 3


def test_ten_and_no_more(world: World, group):
    seqs = [world.say(group, "x", "alice")["MsgSeq"] for _ in range(11)]
    for seq in seqs[:10]:
        pin(world, group, seq)
    fields = {"GroupId": group, "MsgSeq": seqs[10], "Pinned": True}
    assert f"'{group}' has 10" in world.refused(10070, "pin_group_message", "owner", **fields)
    world.refused(10071, "pin_group_message", "owner", **{**fields, "MsgSeq": seqs[0]})
    pin(world, group, seqs[0], pinned=False)
    pin(world, group, seqs[10])
    assert len(pins(world, group)) == 10


@pytest.mark.parametrize("kind", WITH_ADMINS)
def test_owner_and_administrators_pin(world: World, kind):
    world.people("owner", "admin", "alice")
    group = world.group(kind, MemberList=[{"Member_Account": "admin", "Role": "Admin"}, {"Member_Account": "alice"}])
    for user in ("owner", "admin", ADMIN):
        pin(world, group, world.say(group, "x", "alice")["MsgSeq"], user)
    fields = {"GroupId": group, "MsgSeq": world.say(group, "x", "alice")["MsgSeq"], "Pinned": True}
    assert "Member may not pin messages" in world.refused(10007, "pin_group_message", "alice", **fields)
    assert len(pins(world, group)) == 3


def test_everybody_in_the_group_is_told(world: World, group):
    seq = world.say(group, "look", "alice")["MsgSeq"]
    sessions = {user: world.online(user) for user in ("alice", "eve")}
    at = world.now
    pin(world, group, seq)
    pin(world, group, seq, pinned=False)
    put, taken = [frame["params"] for frame in sessions["alice"].frames]
    assert put.pop("Message")["MsgSeq"] == seq
    assert put == {
        "ChangeType": "Pinned", "GroupId": group, "MsgSeq": seq, "Pinned": True, "Operator_Account": "owner",
        "Time": at,
    }  # fmt: skip
    assert taken == {**put, "Pinned": False, "Time": at + 1}
    assert sessions["eve"].frames == []


def test_in_a_topic(world: World):
    world.people("owner", "alice")
    club = world.group("Community", GroupId="@TGS#_club", members=["alice"], SupportTopic=1)
    topic = f"{club}@TOPIC#_news"
    world.call("create_topic", GroupId=club, TopicId=topic, TopicName="n")
    seq = world.say(club, "hi", "owner", TopicId=topic)["MsgSeq"]
    pin(world, club, seq, TopicId=topic)
    assert pins(world, club, TopicId=topic) == [(seq, "owner")]
    assert pins(world, club) == []
    world.refused(110003, "pin_group_message", "owner", GroupId=club, MsgSeq=1, Pinned=True, TopicId=f"{topic}2")
    world.call("destroy_topic", GroupId=club, TopicIdList=[topic])
    assert world.rows("SELECT * FROM pinned_messages") == []


def test_a_dissolved_group_leaves_no_pins(world: World, group):
    pin(world, group, world.say(group, "look", "alice")["MsgSeq"])
    world.call("destroy_group", GroupId=group)
    assert world.rows("SELECT * FROM pinned_messages") == []


def test_a_message_that_is_no_more_loses_all_that_hangs_on_it(world: World, group):
    seq = world.say(group, "look", "alice", SupportMessageExtension=1)["MsgSeq"]
    pin(world, group, seq)
    world.call("add_message_reaction", "bob", GroupId=group, MsgSeq=seq, ReactionId="smile")
    world.call("group_set_key_values", GroupId=group, MsgSeq=seq, OperateType=1, ExtensionList=[
        {"Key": "k", "Value": "v"},
    ])  # fmt: skip
    [(num,)] = world.rows("SELECT num FROM groups")
    world.store.write_now(lambda tx: forget_attached(tx, group_owner(num, 0, seq)))
    for table in ("extensions", "extension_versions", "reactions", "pinned_messages"):
        assert world.dump()[table] == [], table


def test_refusals(world: World, group):
    seq = world.say(group, "psst", "alice", To_Account=["bob"])["MsgSeq"]
    fields = {"GroupId": group, "Pinned": True}
    assert "for some members only" in world.refused(10004, "pin_group_message", ADMIN, **fields, MsgSeq=seq)
    world.refused(10004, "pin_group_message", "owner", **fields, MsgSeq=99)
    world.refused(10004, "pin_group_message", "owner", **fields, MsgSeq=0)
    for name, more in (("pin_group_message", {"MsgSeq": seq, "Pinned": True}), ("get_pinned_group_messages", {})):
        world.refused(10010, name, "owner", GroupId="nobody", **more)
        world.refused(10015, name, "owner", GroupId="é", **more)
        world.refused(10007, name, "eve", GroupId=group, **more)
        world.refused(11000, name, "owner", GroupId=group, TopicId="t", **more)
        world.refused(110013, name, "owner", GroupId=group, TopicId="x" * 97, **more)
    world.app = on_plan(world.app, "legacy-pro")
    world.refused(10059, "pin_group_message", "owner", **fields, MsgSeq=seq)
    world.refused(10059, "get_pinned_group_messages", "owner", GroupId=group)
