"""Recalling and changing one-to-one messages, what was read of them, receipts, and mutes of the whole app."""

from __future__ import annotations

from typing import Any

import pytest

from worlds import ADMIN, NOW, World, switched

BOTH = {"From_Account": "alice", "To_Account": "bob"}


def text(words: str) -> list[dict]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


def changes(session) -> list[dict[str, Any]]:
    """Return what a session was told of changes since the last call."""
    frames, session.frames = session.frames, []
    return [frame["params"] for frame in frames if frame["method"] in {"message_change", "conversation_change"}]


def seen(world: World, user: str, peer: str) -> list[dict]:
    return world.call("pull_c2c_messages", user, Peer_Account=peer)["Items"]


@pytest.fixture
def peopled(world: World) -> World:
    world.people("alice", "bob", "carol")
    return world


def test_a_recalled_message_leaves_a_stone(peopled: World):
    world = peopled
    alice, bob = world.online("alice"), world.online("bob")
    key = world.write("bob", "oops", "alice", CloudCustomData="c", OfflinePushInfo={"Desc": "oops"})["MsgKey"]
    alice.frames, bob.frames = [], []
    world.now += 5
    world.call("admin_msgwithdraw", MsgKey=key, Reason="wrong person", **BOTH)
    told = {
        "ChangeType": "Recalled", **BOTH, "MsgKey": key, "Num": 1, "Operator_Account": ADMIN, "Time": NOW + 5,
        "Reason": "wrong person",
    }  # fmt: skip
    assert changes(alice) == changes(bob) == [told]
    [one] = seen(world, "bob", "alice")
    assert one["MsgBody"] == []
    assert one["Recalled"] == {"Operator_Account": ADMIN, "Time": NOW + 5, "Reason": "wrong person"}
    assert not {"CloudCustomData", "OfflinePushInfo"} & set(one)
    [roamed] = world.call(
        "admin_getroammsg", Operator_Account="alice", Peer_Account="bob", MaxCnt=1, MinTime=0, MaxTime=NOW
    )["MsgList"]  # fmt: skip
    assert (roamed["MsgFlagBits"], roamed["MsgBody"]) == (8, [])
    assert world.call("get_c2c_unread_msg_num", To_Account="bob") == {"AllC2CUnreadMsgNum": 0}
    world.refused(20023, "admin_msgwithdraw", MsgKey=key, **BOTH)
    world.refused(20023, "modify_c2c_msg", MsgKey=key, CloudCustomData="x", **BOTH)


def test_who_may_recall(peopled: World):
    world = peopled
    key = world.write("bob", "x", "alice")["MsgKey"]
    world.refused(90009, "admin_msgwithdraw", "bob", MsgKey=key, **BOTH)
    world.refused(20022, "admin_msgwithdraw", "bob", MsgKey=key, From_Account="bob", To_Account="alice")
    world.refused(20022, "admin_msgwithdraw", MsgKey=f"8_8_{NOW}", **BOTH)
    world.refused(90054, "admin_msgwithdraw", MsgKey="1_1", **BOTH)
    world.now += 121
    assert "121 seconds" in world.refused(20016, "admin_msgwithdraw", "alice", MsgKey=key, **BOTH)
    world.app = switched(world.app, recall_seconds=200)
    world.call("admin_msgwithdraw", "alice", MsgKey=key, **BOTH)
    old = world.write("bob", "y", "alice")["MsgKey"]
    world.now += 10**6
    world.call("admin_msgwithdraw", MsgKey=old, **BOTH)


def test_a_change_overwrites_what_it_names(peopled: World):
    world = peopled
    key = world.write("bob", "old", "alice", CloudCustomData="c")["MsgKey"]
    alice, bob = world.online("alice"), world.online("bob")
    world.call("modify_c2c_msg", MsgKey=key, MsgBody=text("new"), **BOTH)
    [one] = seen(world, "bob", "alice")
    assert (one["MsgBody"], one["CloudCustomData"], one["Version"]) == (text("new"), "c", 1)
    assert changes(alice) == changes(bob) == [{"ChangeType": "Modified", "Message": one}]
    world.call("modify_c2c_msg", "bob", MsgKey=key, CloudCustomData="d", Version=1, **BOTH)
    [one] = seen(world, "alice", "bob")
    assert (one["MsgBody"], one["CloudCustomData"], one["Version"]) == (text("new"), "d", 2)
    assert "the message has 2" in world.refused(
        20027, "modify_c2c_msg", MsgKey=key, CloudCustomData="e", Version=1, **BOTH
    )
    world.refused(90009, "modify_c2c_msg", "carol", MsgKey=key, CloudCustomData="e", **BOTH)
    world.refused(20022, "modify_c2c_msg", MsgKey=f"8_8_{NOW}", CloudCustomData="e", **BOTH)
    world.refused(90001, "modify_c2c_msg", MsgKey=key, **BOTH)
    world.refused(93000, "modify_c2c_msg", MsgKey=key, MsgBody=text("x" * 12300), **BOTH)


def unread(world: World, user: str, *peers: str) -> Any:
    if not peers:
        return world.call("get_c2c_unread_msg_num", To_Account=user)["AllC2CUnreadMsgNum"]
    items = world.call("get_c2c_unread_msg_num", To_Account=user, Peer_Account=list(peers))["C2CUnreadMsgNumList"]
    return {item["Peer_Account"]: item["C2CUnreadMsgNum"] for item in items}


def test_unread_messages_are_counted(peopled: World):
    world = peopled
    for number in range(3):
        world.write("bob", str(number), "alice")
    world.write("bob", "silent", "alice", SendMsgControl=["NoUnread"])
    world.write("bob", "hers", "carol")
    world.write("alice", "mine", "bob")
    assert unread(world, "bob") == 4
    assert unread(world, "bob", "alice", "carol", "bob") == {"alice": 3, "carol": 1, "bob": 0}
    assert unread(world, "alice") == 1
    answer = world.call("get_c2c_unread_msg_num", "bob", To_Account="bob", Peer_Account=["alice", "nobody"])
    assert answer == {
        "C2CUnreadMsgNumList": [{"Peer_Account": "alice", "C2CUnreadMsgNum": 3}],
        "ErrorList": [{"Peer_Account": "nobody", "ErrorCode": 70107}],
    }  # fmt: skip
    world.refused(90003, "get_c2c_unread_msg_num", To_Account="nobody")
    world.refused(90009, "get_c2c_unread_msg_num", "alice", To_Account="bob")


def test_reading_a_conversation_is_told_to_both(peopled: World):
    world = peopled
    world.write("bob", "one", "alice")
    world.write("bob", "two", "alice")
    alice, bob = world.online("alice"), world.online("bob")
    world.now += 5
    world.call("admin_set_msg_read", "bob", Report_Account="bob", Peer_Account="alice")
    read = {"Peer_Account": "alice", "ReadTime": NOW + 5, "Num": 2}
    assert changes(alice) == [{"ChangeType": "Read", "Reader_Account": "bob", **read}]
    assert changes(bob) == [{"ChangeType": "Read", **read, "UnreadMsgNum": 0}]
    assert unread(world, "bob") == 0
    told = len(world.events)
    world.call("admin_set_msg_read", Report_Account="bob", Peer_Account="alice")
    world.call("admin_set_msg_read", Report_Account="bob", Peer_Account="carol")
    assert len(world.events) == told
    world.refused(90009, "admin_set_msg_read", "alice", Report_Account="bob", Peer_Account="alice")
    world.refused(90008, "admin_set_msg_read", Report_Account="nobody", Peer_Account="alice")
    world.refused(90003, "admin_set_msg_read", Report_Account="bob", Peer_Account="nobody")


def test_reading_up_to_a_time_and_never_back(peopled: World):
    world = peopled
    for number in range(5):
        world.write("bob", str(number), "alice")
        world.write("alice", "between", "bob")
        world.now += 10

    def read(time: Any) -> int:
        world.call("admin_set_msg_read", Report_Account="bob", Peer_Account="alice", MsgReadTime=time)
        return int(unread(world, "bob"))

    assert read(NOW - 1) == 5
    assert read(str(NOW + 20)) == 2
    assert read(NOW) == 2
    assert read("") == 0
    world.write("bob", "later", "alice")
    assert read(NOW + 40) == 1
    for wrong in ("soon", "-1", -1, 1.5):
        world.refused(90001, "admin_set_msg_read", Report_Account="bob", Peer_Account="alice", MsgReadTime=wrong)


def test_what_is_recalled_or_removed_is_not_unread(peopled: World):
    world = peopled
    keys = [world.write("bob", str(number), "alice")["MsgKey"] for number in range(4)]
    world.call("admin_msgwithdraw", MsgKey=keys[0], **BOTH)
    world.call("delete_c2c_msg_ramble", Operator_Account="bob", Peer_Account="alice", MsgKeyList=[keys[1]])
    assert unread(world, "bob") == 2


def receipt(world: World, by: str | None, *keys: str, **more: Any) -> None:
    items = [{"MsgKey": key, **more} for key in keys]
    world.call("c2c_msg_read_receipt", by, Operator_Account="bob", Peer_Account="alice", C2CMsgInfo=items)


def test_receipts_reach_the_sender(peopled: World):
    world = peopled
    wanted = world.write("bob", "read me", "alice", IsNeedReadReceipt=1)["MsgKey"]
    plain = world.write("bob", "whatever", "alice")["MsgKey"]
    alice, bob = world.online("alice"), world.online("bob")
    receipt(world, "bob", wanted, plain, **BOTH)
    assert changes(alice) == [{"ChangeType": "Receipt", **BOTH, "MsgKey": wanted, "Num": 1}]
    assert changes(bob) == []
    assert [one.get("IsPeerRead", 0) for one in seen(world, "alice", "bob")] == [0, 1]
    told = len(world.events)
    receipt(world, None, wanted)
    assert len(world.events) == told
    fields = {"Operator_Account": "alice", "Peer_Account": "bob", "C2CMsgInfo": [{"MsgKey": wanted}]}
    world.refused(20022, "c2c_msg_read_receipt", "alice", **fields)
    world.refused(90009, "c2c_msg_read_receipt", "bob", **fields)
    world.refused(90001, "c2c_msg_read_receipt", Operator_Account="bob", Peer_Account="alice",
                  C2CMsgInfo=[{"MsgKey": wanted, "From_Account": "carol"}])  # fmt: skip


def test_mutes_of_the_whole_app(peopled: World):
    world = peopled

    def left(user: str = "alice") -> tuple[int, int]:
        answer = world.call("getnospeaking", Get_Account=user)
        return answer["C2CmsgNospeakingTime"], answer["GroupmsgNospeakingTime"]

    assert left() == (0, 0)
    world.call("setnospeaking", Set_Account="alice", C2CmsgNospeakingTime=100, GroupmsgNospeakingTime=4294967295)
    assert left() == (100, 4294967295)
    world.now += 40
    assert left() == (60, 4294967295)
    world.call("setnospeaking", Set_Account="alice", GroupmsgNospeakingTime=0)
    assert left() == (60, 0)
    world.now += 100
    assert left() == (0, 0)
    assert left("bob") == (0, 0)
    world.refused(130008, "setnospeaking", Set_Account="alice")
    world.refused(130005, "setnospeaking", Set_Account="nobody", C2CmsgNospeakingTime=1)
    world.refused(130003, "getnospeaking", Get_Account="nobody")


def test_a_mute_of_groups_holds_in_groups(peopled: World):
    world = peopled
    group = world.group("Public", owner="alice")
    world.call("setnospeaking", Set_Account="alice", GroupmsgNospeakingTime=60)
    fields = {"GroupId": group, "Random": 1, "MsgBody": text("x")}
    world.refused(10017, "send_group_msg", "alice", **fields)
    world.write("bob", "x", "alice")
    world.call("setnospeaking", Set_Account="alice", GroupmsgNospeakingTime=0)
    world.call("send_group_msg", "alice", **fields)
