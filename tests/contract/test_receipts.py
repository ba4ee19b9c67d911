"""Read receipts: who has read a message, and who hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from worlds import World, on_plan


@pytest.fixture
def public(world: World) -> str:
    world.people("owner", "alice", "bob", "cid", "eve")
    return world.group("Public", members=["alice", "bob", "cid"])


def asked(world: World, group: str, by: str = "alice", **more: Any) -> int:
    """Send a message whose sender wants to know who reads it."""
    return world.say(group, "read me", by, NeedReadReceipt=1, **more)["MsgSeq"]


def seqs(*numbers: int) -> list[dict[str, int]]:
    return [{"MsgSeq": number} for number in numbers]


def counts(world: World, group: str, *numbers: int, by: str | None = None) -> list[tuple[int, int, int, int]]:
    """Return seq, code, readers and others of messages."""
    answer = world.call("get_group_msg_receipt", by, GroupId=group, MsgSeqList=seqs(*numbers))
    return [
        (item["MsgSeq"], item["Code"], item["ReadNum"], item["UnreadNum"]) for item in answer["GroupMsgReceiptList"]
    ]


def listed(world: World, group: str, seq: int, which: int, count: int = 200, by: str | None = None) -> list[str]:
    """Follow the pages of those who have read a message (0), or have not (1)."""
    users, cursor = [], ""
    while True:
        page = world.call(
            "get_group_msg_receipt_detail", by, GroupId=group, MsgSeq=seq, Filter=which, Cursor=cursor, Count=count
        )
        assert page["IsFinish"] == page["IsFinished"]
        assert ("ReadList" in page, "UnreadList" in page) == (which == 0, which == 1)
        items = page["UnreadList" if which else "ReadList"]
        users += [item["Unread_Account" if which else "Read_Account"] for item in items]
        if page["IsFinished"]:
            assert page["Cursor"] == ""
            return users
        assert len(items) == count
        cursor = page["Cursor"]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_the_sender_hears_who_reads(world: World, kind):
    world.people("owner", "alice", "bob", "cid")
    group = world.group(kind, members=["alice", "bob", "cid"])
    world.say(group, "awake", "owner")
    seq = asked(world, group)
    alice, bob = world.online("alice"), world.online("bob")
    assert counts(world, group, seq) == [(seq, 0, 0, 3)]
    world.call("group_msg_receipt", "bob", GroupId=group, MsgSeqList=seqs(seq))
    world.call("group_msg_receipt", GroupId=group, From_Account="cid", MsgSeqList=seqs(seq))
    world.call("group_msg_receipt", "bob", GroupId=group, MsgSeqList=seqs(seq))
    assert [(frame["method"], frame["params"]) for frame in alice.frames] == [
        ("message_change", {"ChangeType": "Receipt", "GroupId": group, "MsgSeq": seq, "ReadNum": n, "UnreadNum": 3 - n})
        for n in (1, 2)
    ]
    assert bob.frames == []
    assert counts(world, group, seq, by="alice") == [(seq, 0, 2, 1)]
    for count in (1, 2, 200):
        assert listed(world, group, seq, 0, count) == ["bob", "cid"]
        assert listed(world, group, seq, 1, count, by="alice") == ["owner"]


def test_who_came_later_does_not_count(world: World, public):
    seq = asked(world, public)
    world.call("add_group_member", GroupId=public, MemberList=[{"Member_Account": "eve"}])
    assert counts(world, public, seq) == [(seq, 0, 0, 3)]
    later = asked(world, public)
    assert counts(world, public, seq, later) == [(seq, 0, 0, 3), (later, 0, 0, 4)]
    assert "eve" not in listed(world, public, seq, 1)
    world.refused(10062, "group_msg_receipt", GroupId=public, From_Account="eve", MsgSeqList=seqs(seq))
    world.call("delete_group_member", GroupId=public, MemberToDel_Account=["bob"])
    assert counts(world, public, seq) == [(seq, 0, 0, 2)]


def test_a_message_to_some_reaches_only_them(world: World, public):
    seq = asked(world, public, To_Account=["bob", "cid"])
    assert counts(world, public, seq) == [(seq, 0, 0, 2)]
    world.refused(10062, "group_msg_receipt", "owner", GroupId=public, MsgSeqList=seqs(seq))
    world.call("group_msg_receipt", "cid", GroupId=public, MsgSeqList=seqs(seq))
    assert (listed(world, public, seq, 0), listed(world, public, seq, 1)) == (["cid"], ["bob"])
    assert counts(world, public, seq) == [(seq, 0, 1, 1)]


def test_messages_without_receipts(world: World, public):
    plain, with_one = world.say(public, "x", "alice")["MsgSeq"], asked(world, public)
    assert counts(world, public, plain, with_one, 1, 99) == [
        (plain, 10062, 0, 0), (with_one, 0, 0, 3), (1, 10062, 0, 0), (99, 10062, 0, 0),
    ]  # fmt: skip
    world.call("group_msg_receipt", "bob", GroupId=public, MsgSeqList=seqs(plain, with_one, 99))
    assert counts(world, public, with_one) == [(with_one, 0, 1, 2)]
    world.refused(10062, "group_msg_receipt", "bob", GroupId=public, MsgSeqList=seqs(plain))
    world.refused(10062, "group_msg_receipt", "alice", GroupId=public, MsgSeqList=seqs(with_one))
    detail = {"GroupId": public, "Filter": 0, "Cursor": "", "Count": 1}
    world.refused(10062, "get_group_msg_receipt_detail", MsgSeq=plain, **detail)
    world.call("group_msg_recall", "alice", GroupId=public, MsgSeqList=seqs(with_one))
    assert counts(world, public, with_one) == [(with_one, 10062, 0, 0)]


def test_refused(world: World, public):
    seq = asked(world, public)
    detail = {"MsgSeq": seq, "Filter": 0, "Cursor": "", "Count": 1}
    club = world.group("Community")
    for name, fields in (("group_msg_receipt", {"MsgSeqList": seqs(seq), "From_Account": "bob"}),
                         ("get_group_msg_receipt", {"MsgSeqList": seqs(seq)}),
                         ("get_group_msg_receipt_detail", detail)):  # fmt: skip
        world.refused(10007, name, GroupId=club, **fields)
        world.refused(10007, name, "eve", GroupId=public, **fields)
        world.app = on_plan(world.app, "legacy-pro")
        world.refused(10059, name, GroupId=public, **fields)
        world.app = on_plan(world.app, "open")
    world.refused(10004, "group_msg_receipt", GroupId=public, MsgSeqList=seqs(seq))
    world.refused(10004, "group_msg_receipt", GroupId=public, MsgSeqList=seqs(seq), From_Account="eve")
    world.refused(10007, "group_msg_receipt", "bob", GroupId=public, MsgSeqList=seqs(seq), From_Account="cid")
    for most in (0, 51):
        world.refused(10004, "group_msg_receipt", "bob", GroupId=public, MsgSeqList=seqs(*range(1, most + 1)))
        world.refused(10004, "get_group_msg_receipt", GroupId=public, MsgSeqList=seqs(*range(1, most + 1)))
    world.refused(10004, "get_group_msg_receipt_detail", GroupId=public, **{**detail, "Count": 201})
