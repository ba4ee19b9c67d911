"""Messages that were sent elsewhere, and how many of them members have not read."""

from __future__ import annotations

from typing import Any

import pytest

from worlds import NOW, World, switched

BORN = NOW - 10_000


def one(sender: str, at: int, words: str = "x", **more: Any) -> dict[str, Any]:
    """Return a message to import."""
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]
    return {"From_Account": sender, "SendTime": at, "MsgBody": body, **more}


@pytest.fixture
def old(world: World) -> str:
    """Import a group as it was elsewhere."""
    world.people("owner", "alice", "bob")
    group = world.call("import_group", Type="Public", Name="old", Owner_Account="owner", CreateTime=BORN)["GroupId"]
    world.call("import_group_member", GroupId=group, MemberList=[{"Member_Account": "alice", "JoinTime": BORN}])
    return group


def brought(world: World, group: str, *messages: dict[str, Any], **more: Any) -> list[tuple[int, int]]:
    """Import messages; return seq and result of each."""
    answer = world.call("import_group_msg", GroupId=group, MsgList=list(messages), **more)
    assert [item["MsgTime"] for item in answer["ImportMsgResult"]] == [message["SendTime"] for message in messages]
    return [(item["MsgSeq"], item["Result"]) for item in answer["ImportMsgResult"]]


def unread(world: World, group: str, by: str) -> int:
    return world.call("read_group_messages", by, GroupId=group, MsgSeq=0)["UnreadMsgNum"]


class TestImport:
    def test_they_stand_in_the_stream_and_nobody_is_told(self, world: World, old):
        alice = world.online("alice")
        assert brought(world, old, one("bob", BORN + 5, "a", Random=9), one("owner", BORN + 5, "b")) == [(1, 0), (2, 0)]
        assert alice.frames == []
        items = world.call("pull_group_messages", "alice", GroupId=old)["Items"]
        assert [(item["From_Account"], item["MsgTime"], item["MsgRandom"]) for item in items[1:]] == [
            ("bob", BORN + 5, 9)
        ]
        assert world.info(old)["LastMsgTime"] == BORN + 5
        world.say(old, "now", "alice")
        items = world.call("pull_group_messages", "alice", GroupId=old, Time=BORN + 5, Newer=1)["Items"]
        assert [item["MsgSeq"] for item in items] == [1, 2, 3]

    def test_each_has_its_result(self, world: World, old):
        wrong = {**one("owner", BORN + 20), "MsgBody": [{"MsgType": "TIMFileElem", "MsgContent": {"FileName": "f"}}]}
        assert brought(
            world, old, one("owner", BORN - 1), one("owner", BORN + 10), one("owner", BORN + 9),
            one("owner", NOW + 1), one("nobody", BORN + 20), one("owner", BORN + 20, "x" * 12288), wrong,
        ) == [(0, 10004), (1, 0), (0, 10004), (0, 10004), (0, 10004), (0, 80002), (0, 10004)]  # fmt: skip
        assert world.info(old)["NextMsgSeq"] == 2

    def test_the_same_is_not_imported_twice(self, world: World, old):
        first = one("owner", BORN + 10, Random=7)
        assert brought(world, old, first, first) == [(1, 0), (1, 0)]
        [later] = world.call("import_group_msg", GroupId=old, MsgList=[{**first, "SendTime": BORN + 200}])[
            "ImportMsgResult"
        ]
        assert later == {"MsgSeq": 1, "MsgTime": BORN + 10, "Result": 0}
        assert brought(world, old, one("alice", BORN + 10, Random=7), one("owner", BORN + 311, Random=7)) == [
            (2, 0), (3, 0),
        ]  # fmt: skip

    def test_all_have_read_it_whatever_the_number_of_members(self, world: World, old):
        brought(world, old, one("owner", BORN + 10), one("owner", BORN + 11))
        assert [unread(world, old, user) for user in ("owner", "alice")] == [0, 0]
        assert world.member(old, "alice")["MsgSeq"] == 2
        assert world.rows("SELECT read_seq FROM members") == [(0,), (0,)]
        world.say(old, "now", "owner")
        assert [unread(world, old, user) for user in ("owner", "alice")] == [0, 1]

    def test_in_a_topic(self, world: World):
        world.people("owner", "alice")
        group = world.call("import_group", Type="Community", Name="c", Owner_Account="owner", CreateTime=BORN,
                           SupportTopic=1)["GroupId"]  # fmt: skip
        world.call("import_group_member", GroupId=group, MemberList=[{"Member_Account": "alice", "JoinTime": BORN}])
        topic = world.call("import_topic", GroupId=group, TopicName="t", CreateTime=BORN)["TopicId"]
        assert brought(world, group, one("owner", BORN + 1), TopicId=topic) == [(1, 0)]
        read = world.call("read_group_messages", "alice", GroupId=group, TopicId=topic, MsgSeq=0)
        assert read == {"MsgSeq": 1, "UnreadMsgNum": 0}
        [shown] = world.call("get_topic", "alice", GroupId=group)["TopicAndSelfInfo"]
        assert (shown["SelfInfo"]["MsgSeq"], shown["TopicInfo"]["NextMsgSeq"]) == (1, 2)

    def test_refused(self, world: World, old):
        world.refused(10007, "import_group_msg", GroupId=world.group("AVChatRoom"), MsgList=[one("owner", NOW)])
        world.refused(10004, "import_group_msg", GroupId=old, MsgList=[one("owner", NOW)] * 8)
        world.refused(10004, "import_group_msg", GroupId=old, MsgList=[])
        club = world.group("Community")
        world.refused(10004, "import_group_msg", GroupId=club, MsgList=[one("owner", NOW)], RecentContactFlag=1)
        assert brought(world, old, one("owner", NOW), RecentContactFlag=1) == [(1, 0)]


class TestUnread:
    def test_it_is_what_was_said(self, world: World, old):
        brought(world, old, *(one("owner", BORN + 10 + n) for n in range(6)))
        for number, left in ((4, 4), (0, 0), (6, 6), (99, 6)):
            alice = world.online("alice")
            world.call("set_unread_msg_num", GroupId=old, Member_Account="alice", UnreadMsgNum=number)
            assert unread(world, old, "alice") == left
            assert alice.frames[-1]["params"]["UnreadMsgNum"] == left
            assert world.member(old, "alice")["MsgSeq"] == 6 - left
        assert unread(world, old, "owner") == 0
        world.call("read_group_messages", "alice", GroupId=old, MsgSeq=3)
        assert unread(world, old, "alice") == 3
        brought(world, old, one("owner", BORN + 20))
        assert unread(world, old, "alice") == 0

    def test_members_come_with_their_own(self, world: World, old):
        brought(world, old, *(one("owner", BORN + 10 + n) for n in range(6)))
        world.call("import_group_member", GroupId=old, MemberList=[
            {"Member_Account": "bob", "JoinTime": BORN + 1, "UnreadMsgNum": 2}
        ])  # fmt: skip
        assert unread(world, old, "bob") == 2

    def test_messages_that_do_not_count_are_passed_over(self, world: World, old):
        world.app = switched(world.app, messages_per_second=0)
        for number in range(50):
            world.say(old, "x", "owner", **({"SendMsgControl": ["NoUnread"]} if number % 3 else {}))
        for number in (0, 1, 5, 16, 17, 18):
            world.call("set_unread_msg_num", GroupId=old, Member_Account="alice", UnreadMsgNum=number)
            assert unread(world, old, "alice") == min(number, 17)

    def test_kinds_that_count_none(self, world: World):
        world.people("owner", "alice")
        for kind in ("ChatRoom", "AVChatRoom"):
            group = world.group(kind)
            world.call("set_unread_msg_num", GroupId=group, Member_Account="alice", UnreadMsgNum=3)

    def test_refused(self, world: World, old):
        world.refused(10004, "set_unread_msg_num", GroupId=old, Member_Account="bob", UnreadMsgNum=3)
        world.refused(10004, "set_unread_msg_num", GroupId=old, Member_Account="alice", UnreadMsgNum=-1)
        world.refused(10010, "set_unread_msg_num", GroupId="nobody", Member_Account="alice", UnreadMsgNum=1)
