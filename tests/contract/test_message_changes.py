"""Stored messages modified, deleted, cleared, hidden and swept away."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from qunzhu.commands._sweep import STEP, sweep
from worlds import ADMIN, DAY, NOW, World, on_plan

HANGERS = ("messages", "receipts", "extensions", "extension_versions", "reactions", "pinned_messages",
           "hidden_messages", "doomed")  # fmt: skip


def text(words: str) -> list[dict]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


@pytest.fixture
def public(world: World) -> str:
    world.people("owner", "alice", "bob", "eve")
    return world.group("Public", members=["alice", "bob"])


def seen(world: World, group: str, by: str, **more: Any) -> list[int]:
    """Return the seqs of all messages that somebody sees."""
    items = world.call("pull_group_messages", by, GroupId=group, Limit=100, **more)["Items"]
    return [item["MsgSeq"] for item in items if "MsgSeq" in item]


def newest(world: World, group: str, by: str = "bob") -> dict[str, Any]:
    """Return the newest message that somebody sees."""
    return world.call("pull_group_messages", by, GroupId=group, Limit=1)["Items"][0]


def unread(world: World, group: str, by: str) -> int:
    """Return how many messages somebody has not read."""
    return world.call("read_group_messages", by, GroupId=group, MsgSeq=0)["UnreadMsgNum"]


class TestModify:
    def test_elements_and_data_are_overwritten_and_told(self, world: World, public):
        world.say(public, "a", "alice", CloudCustomData="c", Random=5)
        bob = world.online("bob")
        world.call("modify_group_msg", GroupId=public, MsgSeq=2, MsgBody=text("b"))
        message = {
            "GroupId": public, "GroupType": "Public", "From_Account": "alice", "MsgSeq": 2, "MsgTime": NOW,
            "MsgRandom": 5, "MsgBody": text("b"), "CloudCustomData": "c", "Version": 1,
        }  # fmt: skip
        [frame] = bob.frames
        assert (frame["method"], frame["params"]) == ("message_change", {"ChangeType": "Modified", "Message": message})
        assert newest(world, public) == message
        world.call("modify_group_msg", GroupId=public, MsgSeq=2, CloudCustomData="d")
        assert newest(world, public) == {**message, "CloudCustomData": "d", "Version": 2}
        world.call("modify_group_msg", GroupId=public, MsgSeq=2, CloudCustomData="", MsgBody=text("e"))
        last = newest(world, public)
        assert ("CloudCustomData" in last, last["MsgBody"], last["Version"]) == (False, text("e"), 3)
        assert world.rows("SELECT flags FROM messages WHERE seq = 2") == [(64,)]

    def test_any_member_who_may_talk(self, world: World, public):
        world.say(public, "a", "alice")
        fields = {"GroupId": public, "MsgSeq": 2, "MsgBody": text("b")}
        world.call("modify_group_msg", "bob", **fields)
        world.refused(10007, "modify_group_msg", "eve", **fields)
        world.call("forbid_send_msg", GroupId=public, Members_Account=["bob"], MuteTime=60)
        world.refused(10017, "modify_group_msg", "bob", **fields)
        image = [{"MsgType": "TIMImageElem", "MsgContent": {"ImageInfoArray": [{"Type": 1, "URL": "u"}]}}]
        world.refused(90010, "modify_group_msg", "alice", **{**fields, "MsgBody": image})
        world.call("modify_group_msg", **{**fields, "MsgBody": image})

    def test_a_version_that_is_old_is_refused(self, world: World, public):
        world.say(public, "a", "alice")
        fields = {"GroupId": public, "MsgSeq": 2, "MsgBody": text("b")}
        world.call("modify_group_msg", "bob", Version=0, **fields)
        assert "at 1" in world.refused(20027, "modify_group_msg", "alice", Version=0, **fields)
        world.call("modify_group_msg", "alice", Version=1, **fields)

    def test_one_to_some_is_told_to_them(self, world: World, public):
        world.say(public, "a", "alice", To_Account=["bob"])
        sessions = {user: world.online(user) for user in ("owner", "alice", "bob")}
        world.refused(20022, "modify_group_msg", "owner", GroupId=public, MsgSeq=2, MsgBody=text("b"))
        world.call("modify_group_msg", GroupId=public, MsgSeq=2, MsgBody=text("b"))
        assert {user: len(s.frames) for user, s in sessions.items()} == {"owner": 0, "alice": 1, "bob": 1}

    def test_refused(self, world: World, public):
        world.say(public, "a", "alice")
        one = {"GroupId": public, "MsgSeq": 2}
        world.refused(90001, "modify_group_msg", **one)
        world.refused(90001, "modify_group_msg", GroupId=public, MsgSeq=0, MsgBody=text("b"))
        world.refused(90010, "modify_group_msg", **one, MsgBody=[])
        world.refused(90007, "modify_group_msg", **one, MsgBody="b")
        world.refused(90002, "modify_group_msg", **one, MsgBody=["b"])
        world.refused(93000, "modify_group_msg", **one, MsgBody=text("x" * 12288))
        world.refused(93000, "modify_group_msg", **one, CloudCustomData="x" * 12289)
        world.refused(20022, "modify_group_msg", GroupId=public, MsgSeq=9, MsgBody=text("b"))
        world.refused(20022, "modify_group_msg", GroupId=public, MsgSeq=1, MsgBody=text("b"))
        world.call("group_msg_recall", GroupId=public, MsgSeqList=[{"MsgSeq": 2}])
        world.refused(20023, "modify_group_msg", **one, MsgBody=text("b"))
        room = world.group("AVChatRoom")
        world.refused(10007, "modify_group_msg", GroupId=room, MsgSeq=1, MsgBody=text("b"))


class TestDeleteBySender:
    def test_it_is_silent_and_leaves_placeholders(self, world: World, public):
        for user in ("alice", "bob", "alice"):
            world.say(public, "x", user)
        before, bob = unread(world, public, "owner"), world.online("bob")
        world.call("delete_group_msg_by_sender", GroupId=public, Sender_Account="alice")
        assert bob.frames == []
        assert seen(world, public, "bob") == [3]
        places = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=4)["RspMsgList"]
        assert [(p["MsgSeq"], p["IsPlaceMsg"]) for p in places] == [(4, 1), (3, 0), (2, 1), (1, 0)]
        assert unread(world, public, "owner") == before - 2
        assert world.rows("SELECT body FROM messages WHERE state = 1") == [("",), ("",)]
        assert world.call("sync", "bob", Groups={public: 1})["Messages"][0]["MsgSeq"] == 3

    def test_the_last_thousand_only(self, world: World, public):
        world.execute("UPDATE groups SET next_seq = 2001")
        for seq in (1000, 1001, 2000):
            world.execute(
                "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
                " VALUES ((SELECT num FROM groups), 0, :seq, 1, 'alice', 1, 0, 0, 0, '{}')", seq=seq,
            )  # fmt: skip
        world.call("delete_group_msg_by_sender", GroupId=public, Sender_Account="alice")
        assert world.rows("SELECT seq, state FROM messages WHERE seq > 1 ORDER BY seq") == [
            (1000, 0), (1001, 1), (2000, 1),
        ]  # fmt: skip

    def test_in_a_topic_and_in_a_live_room(self, world: World):
        world.people("owner", "alice")
        group = world.group("Community", members=["alice"], SupportTopic=1)
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        world.say(group, "x", "alice", TopicId=topic)
        world.say(group, "x", "alice")
        world.call("delete_group_msg_by_sender", GroupId=group, Sender_Account="alice", TopicId=topic)
        assert (len(seen(world, group, "alice")), seen(world, group, "alice", TopicId=topic)) == (1, [])
        world.call("delete_group_msg_by_sender", GroupId=world.group("AVChatRoom"), Sender_Account="alice")
        world.refused(10010, "delete_group_msg_by_sender", GroupId="nobody", Sender_Account="alice")


def swept(world: World) -> None:
    """Sweep until there is nothing left."""
    while world.store.write_now(sweep, world.app, world.now):
        pass
    assert world.rows("SELECT count(*) FROM doomed") == [(0,)]


def hang(world: World) -> None:
    """Hang something of each sort on every message, and let somebody hide each."""
    for num, topic, seq in world.rows("SELECT group_num, topic_num, seq FROM messages WHERE sender <> ''"):
        owner, place = f"g:{num}:{topic}:{seq}", {"num": num, "topic": topic, "seq": seq}
        world.execute("UPDATE messages SET flags = 12 WHERE group_num = :num AND topic_num = :topic AND seq = :seq",
                      **place)  # fmt: skip
        world.execute("INSERT INTO receipts VALUES (:num, :topic, :seq, 'bob')", **place)
        world.execute("INSERT INTO pinned_messages VALUES (:num, :topic, :seq, 'bob', 1)", **place)
        world.execute("INSERT INTO hidden_messages VALUES ('bob', :num, :topic, :seq)", **place)
        world.execute("INSERT INTO extensions VALUES (:owner, 'k', 'v', 1)", owner=owner)
        world.execute("INSERT INTO extension_versions VALUES (:owner, 1, 0, 0, 0)", owner=owner)
        world.execute("INSERT INTO reactions VALUES (:owner, 'smile', 'bob', 1)", owner=owner)


def left(world: World) -> dict[str, int]:
    """Count what is stored about messages."""
    return {table: world.rows(f"SELECT count(*) FROM {table}")[0][0] for table in HANGERS}


class TestClear:
    def test_it_is_gone_at_once_and_later_also_from_the_store(self, world: World, public):
        for _ in range(5):
            world.say(public, "x", "alice")
        hang(world)
        world.execute("DELETE FROM hidden_messages")
        world.call("clear_group_msg", GroupId=public, MsgSeq=4)
        assert (seen(world, public, "bob"), unread(world, public, "bob")) == ([6, 5], 2)
        assert left(world)["messages"] == 6
        places = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=6)["RspMsgList"]
        assert [p["IsPlaceMsg"] for p in places] == [0, 0, 1, 1, 1, 1]
        assert world.call("sync", "bob", Groups={public: 0})["Tips"] == []
        before = [seen(world, public, "bob"), unread(world, public, "bob"), places]
        swept(world)
        places = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=6)["RspMsgList"]
        assert [seen(world, public, "bob"), unread(world, public, "bob"), places] == before
        assert set(left(world).values()) == {2, 0}
        assert (left(world)["messages"], left(world)["doomed"]) == (2, 0)
        world.call("clear_group_msg", GroupId=public)
        assert seen(world, public, "bob") == []
        assert unread(world, public, "bob") == 0
        swept(world)
        assert set(left(world).values()) == {0}
        assert world.say(public, "again", "alice")["MsgSeq"] == 7
        assert unread(world, public, "bob") == 1

    def test_a_topic_alone(self, world: World):
        world.people("owner", "alice")
        group = world.group("Community", members=["alice"], SupportTopic=1)
        topics = [world.call("create_topic", GroupId=group, TopicName=name)["TopicId"] for name in "ab"]
        for topic in topics:
            world.say(group, "x", "owner", TopicId=topic)
        world.call("clear_group_msg", GroupId=group, TopicId=topics[0])
        swept(world)
        assert [seen(world, group, "alice", TopicId=topic) for topic in topics] == [[], [1]]
        world.call("clear_group_msg", GroupId=group, TopicId=topics[1])
        world.call("destroy_topic", GroupId=group, TopicIdList=topics)
        swept(world)
        assert (left(world)["messages"], left(world)["doomed"]) == (1, 0)  # the community's own notice

    def test_refused(self, world: World, public):
        world.refused(10035, "clear_group_msg", GroupId=world.group("AVChatRoom"))
        world.refused(10004, "clear_group_msg", GroupId=public, MsgSeq=0)
        world.refused(10010, "clear_group_msg", GroupId="nobody")


class TestSweep:
    def test_groups_that_are_gone_leave_nothing(self, world: World, public):
        group = world.group("Community", members=["bob"], SupportTopic=1)
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        for number in range(60):
            world.now += number % 2
            world.say(public, "x", "alice")
            world.say(group, "x", "owner", TopicId=topic)
        hang(world)
        world.call("destroy_topic", GroupId=group, TopicIdList=[topic])
        swept(world)
        assert {table: number for table, number in left(world).items() if table not in {"messages", "doomed"}} == (
            dict.fromkeys(HANGERS[1:-1], 60)
        )
        world.call("destroy_group", GroupId=public)
        world.call("destroy_group", GroupId=group)
        assert left(world)["doomed"] == 2
        swept(world)
        assert set(left(world).values()) == {0}

    def test_what_is_past_keeping_goes_with_the_notices_between(self, world: World, public):
        world.app = on_plan(world.app, "legacy-pro")
        world.say(public, "old", "alice")
        world.call("modify_group_base_info", GroupId=public, Name="renamed")
        world.say(public, "old too", "alice")
        world.now += 8 * 86400
        last = world.say(public, "new", "alice")["MsgSeq"]
        assert seen(world, public, "bob") == [last]
        swept(world)
        assert world.rows("SELECT seq FROM messages") == [(last,)]
        assert seen(world, public, "bob") == [last]
        assert unread(world, public, "bob") == 1

    def test_long_streams_take_turns(self, world: World):
        world.people("owner")
        for _ in range(2):
            group = world.group("Public")
            rows = [{"id": group, "seq": seq} for seq in range(2, 402)]
            world.store.write_now(lambda tx, rows: tx.many(
                "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
                " SELECT num, 0, :seq, 1, 'owner', 1, 0, 0, 0, '{}' FROM groups WHERE group_id = :id", rows,
            ), rows)  # fmt: skip
            world.call("destroy_group", GroupId=group)
        numbers = []
        for _ in range(4):
            assert world.store.write_now(sweep, world.app, world.now) == STEP
            rows = world.rows("SELECT count(*) FROM messages GROUP BY group_num ORDER BY group_num")
            numbers.append([number for (number,) in rows])
        assert numbers == [[200, 400], [200, 200], [200], []]
        assert left(world)["doomed"] == 2  # each is found empty once more
        assert world.store.write_now(sweep, world.app, world.now) == 0
        assert left(world)["doomed"] == 0

    def test_what_is_past_keeping_goes(self, world: World, public):
        other = world.group("Public", members=["bob"])
        world.say(public, "old", "alice")
        world.say(other, "old", "owner")
        hang(world)
        world.now += 5 * DAY
        world.say(public, "young", "alice")
        assert world.store.write_now(sweep, world.app, world.now) == 0
        world.app = on_plan(world.app, "2025-trial")
        assert world.store.write_now(sweep, world.app, world.now) == 0
        world.now += 3 * DAY

        def shown() -> list[Any]:
            return [
                [seen(world, group, "bob"), world.call("group_msg_get_simple", GroupId=group, ReqMsgNumber=20)]
                for group in (public, other)
            ]  # fmt: skip

        before = shown()
        assert [one[0] for one in before] == [[3], []]
        swept(world)
        assert shown() == before
        assert left(world)["messages"] == 1
        assert set(left(world).values()) == {0, 1}
        assert unread(world, public, "bob") == 1
        assert unread(world, other, "bob") == 0

    def test_what_a_dissolved_group_was_called_can_be_used_again(self, world: World, public):
        world.say(public, "x", "alice")
        world.call("destroy_group", GroupId=public)
        world.group("Public", GroupId="again", members=["bob"])
        world.say("again", "y", "owner")
        swept(world)
        assert seen(world, "again", "bob") == [1] or seen(world, "again", "bob") == [2]


class TestHide:
    def test_one_is_gone_for_oneself_only(self, world: World, public):
        for _ in range(4):
            world.say(public, "x", "alice")
        bob, alice = world.online("bob"), world.online("alice")
        world.call("hide_group_messages", "bob", GroupId=public, MsgSeqList=[3, 5, 99])
        assert [frame["params"] for frame in bob.frames] == [
            {"ChangeType": "Hidden", "GroupId": public, "MsgSeqList": [3, 5]}
        ]
        assert alice.frames == []
        assert seen(world, public, "bob") == [4, 2]
        assert seen(world, public, "alice") == [5, 4, 3, 2]
        places = world.call("group_msg_get_simple", "bob", GroupId=public, ReqMsgNumber=4)["RspMsgList"]
        assert [p["IsPlaceMsg"] for p in places] == [1, 0, 1, 0]
        assert [m["MsgSeq"] for m in world.call("sync", "bob", Groups={public: 1})["Messages"]] == [2, 4]
        world.refused(10052, "hide_group_messages", "bob", GroupId=public, MsgSeqList=[3, 77])

    def test_all_up_to_a_seq_take_one_number(self, world: World, public):
        for _ in range(4):
            world.say(public, "x", "alice")
        world.call("hide_group_messages", "bob", GroupId=public, MsgSeqList=[2, 5])
        bob = world.online("bob")
        world.call("hide_group_messages", "bob", GroupId=public, Upto=3)
        assert [frame["params"].get("ChangeType") for frame in bob.frames] == ["Hidden", "Read"]
        assert seen(world, public, "bob") == [4]
        assert world.rows("SELECT seq FROM hidden_messages") == [(5,)]
        assert unread(world, public, "bob") == 2
        bob.frames.clear()
        world.call("hide_group_messages", "bob", GroupId=public, Upto=2)
        assert bob.frames == []
        assert seen(world, public, "owner") == [5, 4, 3, 2]

    def test_in_a_topic(self, world: World):
        world.people("owner", "alice")
        group = world.group("Community", members=["alice"], SupportTopic=1)
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        for _ in range(3):
            world.say(group, "x", "owner", TopicId=topic)
        world.call("hide_group_messages", "alice", GroupId=group, TopicId=topic, MsgSeqList=[3])
        world.call("hide_group_messages", "alice", GroupId=group, TopicId=topic, Upto=1)
        assert seen(world, group, "alice", TopicId=topic) == [2]
        assert seen(world, group, "owner", TopicId=topic) == [3, 2, 1]

    def test_refused(self, world: World, public):
        room = world.group("AVChatRoom")
        world.refused(10035, "hide_group_messages", "alice", GroupId=room, Upto=1)
        world.refused(10007, "hide_group_messages", "eve", GroupId=public, Upto=1)
        world.refused(10007, "hide_group_messages", ADMIN, GroupId=public, Upto=1)
        world.refused(10004, "hide_group_messages", "alice", GroupId=public)
        world.refused(10004, "hide_group_messages", "alice", GroupId=public, Upto=1, MsgSeqList=[1])
        world.refused(10051, "hide_group_messages", "alice", GroupId=public, MsgSeqList=list(range(1, 102)))


def test_events_about_messages_are_json(world: World, public):
    world.say(public, "x", "alice")
    world.call("modify_group_msg", GroupId=public, MsgSeq=2, MsgBody=text("b"))
    assert all(msgspec.json.encode(event) for event in world.events)
