"""Extensions of messages: versions, who may, limits, pages, and what others are told."""

from __future__ import annotations

import pytest

from contract.one_to_one import write
from worlds import ADMIN, World, on_plan


@pytest.fixture
def poll(world: World) -> dict:
    """Send a message that may have extensions, and return what names it."""
    world.people("owner", "alice", "bob", "eve")
    group = world.group("Public", members=["alice", "bob"])
    seq = world.say(group, "which day?", "alice", SupportMessageExtension=1)["MsgSeq"]
    return {"GroupId": group, "MsgSeq": seq}


def pairs(*keys: str, value: str = "v", seq: int | None = None) -> list[dict]:
    return [{"Key": key, "Value": value, **({} if seq is None else {"Seq": seq})} for key in keys]


def put(world: World, poll: dict, by: str | None, *keys: str, value: str = "v", seq: int | None = None) -> list[int]:
    """Set extensions; return the codes of the items."""
    given = pairs(*keys, value=value, seq=seq)
    items = world.call("group_set_key_values", by, **poll, OperateType=1, ExtensionList=given)["ExtensionList"]
    return [item["ErrorCode"] for item in items]


def test_each_write_is_a_version(world: World, poll):
    assert put(world, poll, None, "mon", "tue") == [0, 0]
    assert put(world, poll, None, "wed") == [0]
    assert world.call("group_get_key_values", **poll) == {
        "ExtensionList": [*pairs("mon", "tue", seq=1), *pairs("wed", seq=2)], "CompleteFlag": 1, "LatestSeq": 2,
        "ClearSeq": 0,
    }  # fmt: skip
    assert world.call("group_get_key_values", "bob", **poll, StartSeq=2)["ExtensionList"] == pairs("wed", seq=2)


def test_a_user_writes_what_he_has_read(world: World, poll):
    assert put(world, poll, "bob", "mon", seq=0) == [0]
    assert put(world, poll, "alice", "mon", value="late", seq=0) == [23001]
    answer = world.call(
        "group_set_key_values", "alice", **poll, OperateType=1, ExtensionList=pairs("mon", "tue", value="w", seq=0)
    )
    stale, fine = answer["ExtensionList"]
    assert (stale["Extension"], stale["ErrorCode"]) == ({"Key": "mon", "Value": "v", "Seq": 1}, 23001)
    assert "'mon' Seq 0, it is at 1" in stale["ErrorInfo"]
    assert fine == {"Extension": {"Key": "tue", "Value": "w", "Seq": 2}, "ErrorCode": 0, "ErrorInfo": ""}
    assert put(world, poll, "alice", "mon", value="better", seq=1) == [0]
    assert put(world, poll, None, "mon", value="administrators need no version") == [0]


def test_removing_and_clearing(world: World, poll):
    put(world, poll, None, "mon", "tue")
    answer = world.call("group_set_key_values", "bob", **poll, OperateType=2, ExtensionList=[
        {"Key": "mon", "Seq": 1}, {"Key": "none", "Seq": 0}, {"Key": "tue", "Seq": 9},
    ])  # fmt: skip
    assert [item["ErrorCode"] for item in answer["ExtensionList"]] == [0, 23004, 23001]
    assert world.call("group_get_key_values", **poll)["ExtensionList"] == pairs("tue", seq=1)
    assert world.call("group_set_key_values", "alice", **poll, OperateType=3) == {"ExtensionList": []}
    assert world.call("group_get_key_values", **poll) == {
        "ExtensionList": [], "CompleteFlag": 1, "LatestSeq": 3, "ClearSeq": 3,
    }  # fmt: skip
    told = len(world.events)
    world.call("group_set_key_values", "alice", **poll, OperateType=3)  # nothing there: nothing to tell
    assert len(world.events) == told


def test_the_same_key_twice_in_one_call(world: World, poll):
    put(world, poll, None, "mon")
    given = [*pairs("mon", seq=1), *pairs("mon", value="again", seq=1)]
    answer = world.call("group_set_key_values", "bob", **poll, OperateType=1, ExtensionList=given)
    assert [item["ErrorCode"] for item in answer["ExtensionList"]] == [0, 23001]


def test_the_members_are_told(world: World, poll):
    sessions = {user: world.online(user) for user in ("alice", "bob", "eve")}
    put(world, poll, "bob", "mon", seq=0)
    change = {
        "ChangeType": "Extensions", **poll, "ExtensionList": pairs("mon", seq=1), "RemovedKeys": [], "LatestSeq": 1,
        "Operator_Account": "bob",
    }  # fmt: skip
    for user, session in sessions.items():
        expected = [] if user == "eve" else [{"jsonrpc": "2.0", "method": "message_change", "params": change}]
        assert session.frames == expected, user
        session.frames.clear()
    world.call("group_set_key_values", "alice", **poll, OperateType=3)
    [frame] = sessions["bob"].frames
    assert frame["params"] == {
        "ChangeType": "Extensions", **poll, "ExtensionList": [], "RemovedKeys": ["mon"], "LatestSeq": 2, "Cleared": 1,
        "Operator_Account": "alice",
    }  # fmt: skip


def test_a_message_to_some_is_theirs_alone(world: World, poll):
    sessions = {user: world.online(user) for user in ("owner", "alice", "bob")}
    sent = world.say(poll["GroupId"], "psst", "alice", To_Account=["bob"], SupportMessageExtension=1)
    for session in sessions.values():
        session.frames.clear()
    poll = {**poll, "MsgSeq": sent["MsgSeq"]}
    assert put(world, poll, "bob", "mon", seq=0) == [0]
    assert {user for user, session in sessions.items() if session.frames} == {"alice", "bob"}
    world.refused(23004, "group_get_key_values", "owner", **poll)


def test_what_a_message_holds(world: World, poll):
    for start in range(0, 300, 20):
        assert put(world, poll, None, *[f"k{start + n:03}" for n in range(20)]) == [0] * 20
    assert put(world, poll, None, "k000", "more") == [0, 10004]
    first = world.call("group_get_key_values", **poll)
    assert (len(first["ExtensionList"]), first["CompleteFlag"], first["LatestSeq"]) == (200, 0, 16)
    rest = world.call("group_get_key_values", **poll, StartSeq=first["ExtensionList"][-1]["Seq"])
    assert rest["CompleteFlag"] == 1
    keys = {item["Key"] for item in (*first["ExtensionList"], *rest["ExtensionList"])}
    assert len(keys) == 300
    put(world, poll, None, "v" * 100, value="w" * 1000)
    world.refused(10004, "group_set_key_values", **poll, OperateType=1, ExtensionList=pairs("v" * 101))
    world.refused(10004, "group_set_key_values", **poll, OperateType=1, ExtensionList=pairs("v", value="w" * 1001))


def test_two_hundred_writes_a_minute(world: World, poll):
    world.now -= world.now % 60
    for number in range(200):
        assert put(world, poll, None, "mon", value=str(number)) == [0]
    text = world.refused(23003, "group_set_key_values", **poll, OperateType=3)
    assert "the message had 200 in this minute" in text
    world.now += 60
    assert put(world, poll, None, "mon") == [0]


def test_refusals(world: World, poll):
    other = world.say(poll["GroupId"], "no poll", "alice")["MsgSeq"]
    late = {"OperateType": 1, "ExtensionList": pairs("k", seq=0)}
    assert "SupportMessageExtension" in world.refused(
        23002, "group_set_key_values", "bob", **{**poll, "MsgSeq": other}, **late
    )
    for seq in (1, 99):  # a notice, nothing
        world.refused(23004, "group_set_key_values", **{**poll, "MsgSeq": seq}, **late)
        world.refused(23004, "group_get_key_values", **{**poll, "MsgSeq": seq})
    world.refused(10007, "group_set_key_values", "eve", **poll, **late)
    world.refused(10007, "group_get_key_values", "eve", **poll)
    text = world.refused(10004, "group_set_key_values", "bob", **poll, OperateType=1, ExtensionList=pairs("k"))
    assert "ExtensionList[0].Seq: required of users" in text
    assert "required for OperateType 2" in world.refused(10004, "group_set_key_values", **poll, OperateType=2)
    many = pairs(*[f"k{n}" for n in range(21)])
    assert "21 items, at most 20" in world.refused(
        10004, "group_set_key_values", **poll, OperateType=1, ExtensionList=many
    )
    world.app = on_plan(world.app, "legacy-pro")
    world.refused(10059, "group_set_key_values", **poll, **late)
    world.refused(10059, "group_get_key_values", **poll)


def test_a_later_member_sees_no_earlier_message(world: World, poll):
    world.call("add_group_member", GroupId=poll["GroupId"], MemberList=[{"Member_Account": "eve"}])
    world.refused(23004, "group_get_key_values", "eve", **poll)


def test_a_message_between_two(world: World):
    world.people("alice", "bob", "eve")
    key = write(world, "alice", "bob", SupportMessageExtension=1)
    sessions = {user: world.online(user) for user in ("alice", "bob", "eve")}
    names = {"From_Account": "alice", "To_Account": "bob", "MsgKey": key}
    asked = {"OperateType": 1, "ExtensionList": pairs("k", seq=0)}
    answer = world.call("set_key_values", "bob", **names, **asked)
    assert answer["ExtensionList"] == [
        {"Extension": {"Key": "k", "Value": "v", "Seq": 1}, "ErrorCode": 0, "ErrorInfo": ""}
    ]
    change = {
        "ChangeType": "Extensions", **names, "Num": 1, "ExtensionList": pairs("k", seq=1), "RemovedKeys": [],
        "LatestSeq": 1, "Operator_Account": "bob",
    }  # fmt: skip
    assert {user: [frame["params"] for frame in session.frames] for user, session in sessions.items()} == {
        "alice": [change], "bob": [change], "eve": [],
    }  # fmt: skip
    read = world.call("get_key_values", "alice", To_Account="bob", MsgKey=key, StartSeq=1)
    assert read == {"ExtensionList": pairs("k", seq=1), "CompleteFlag": 1, "LatestSeq": 1, "ClearSeq": 0}
    assert world.call("get_key_values", ADMIN, **names) == read
    for name, more in (("set_key_values", asked), ("get_key_values", {})):
        world.refused(23004, name, "eve", **names, **more)
        world.refused(23004, name, "alice", To_Account="bob", MsgKey="9_9_9", **more)
        assert "'9_9' is not <MsgSeq>" in world.refused(10004, name, "alice", To_Account="bob", MsgKey="9_9", **more)
    plain = write(world, "alice", "bob")
    world.refused(23002, "set_key_values", "bob", To_Account="alice", MsgKey=plain, **asked)
    world.execute("UPDATE c2c_messages SET hidden = 2 WHERE num = 1")  # bob deleted his copy
    world.refused(23004, "get_key_values", "bob", **names)
    assert world.call("get_key_values", "alice", **names) == read
    world.app = on_plan(world.app, "legacy-pro")
    world.refused(10059, "set_key_values", **names, **asked)
    world.refused(10059, "get_key_values", **names)


def test_two_hundred_writes_a_minute_between_two(world: World):
    world.people("alice", "bob")
    names = {
        "From_Account": "alice",
        "To_Account": "bob",
        "MsgKey": write(world, "alice", "bob", SupportMessageExtension=1),
    }
    asked = {"OperateType": 1, "ExtensionList": pairs("k")}
    for _ in range(200):
        world.call("set_key_values", **names, **asked)
    world.refused(23003, "set_key_values", **names, **asked)
