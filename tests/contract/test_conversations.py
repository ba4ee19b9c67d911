"""The list of conversations as a client reads it: last messages, unread numbers, mentions, filters, pages."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contract import test_many_messages as many_messages
from contract.one_to_one import write
from qunzhu.core.command import BY_NAME
from worlds import NOW, World, on_plan


@pytest.fixture
def talk(world: World) -> World:
    """Let alice talk with bob, and in two groups."""
    world.people("alice", "bob", "eve", "owner")
    world.call("account_import", UserID="bob", Nick="Bob", FaceUrl="bob.png")
    write(world, "bob", "alice", "hello")
    world.now += 10
    world.group("Public", GroupId="team", Name="Team", FaceUrl="team.png", members=["alice", "bob"])
    world.execute("UPDATE members SET read_seq = 1")  # the tip of the creation counts too
    world.now += 10
    world.group("ChatRoom", GroupId="meeting", Name="Meeting", members=["alice"])
    return world


def conversations(world: World, by: str = "alice", **more: Any) -> list[dict]:
    """Read all pages."""
    found, cursor = [], ""
    while True:
        answer = world.call("get_conversations", by, Next=cursor, **more)
        found += answer["ConvList"]
        cursor = answer["Next"]
        if not cursor:
            return found


def names(found: list[dict]) -> list[str]:
    return [one.get("To_Account") or one.get("TopicId") or one["GroupId"] for one in found]


def one(world: World, peer: str, by: str = "alice") -> dict:
    [found] = [found for found in conversations(world, by) if peer in {found.get("To_Account"), found.get("GroupId")}]
    return found


def words(found: dict) -> str | None:
    """Return the text of the last message, or the sort of the last tip."""
    last = found.get("LastMessage")
    return None if last is None else last.get("TipType") or last["MsgBody"][0]["MsgContent"]["Text"]


def test_what_a_list_shows(talk: World):
    talk.now += 10
    sent = talk.say("team", "news", "owner")
    meeting, team, bob = (
        sorted(conversations(talk), key=lambda found: found["ShowName"] != "Meeting")[0],
        *(one(talk, name) for name in ("team", "bob")),
    )
    assert names(conversations(talk)) == ["team", "meeting", "bob"]
    assert team.pop("LastMessage")["MsgSeq"] == sent["MsgSeq"] == 2
    assert team == {
        "Type": 2, "GroupId": "team", "GroupType": "Public", "ShowName": "Team", "FaceUrl": "team.png",
        "MsgTime": NOW + 30, "OrderKey": NOW + 30, "UnreadMsgNum": 1, "NewestSeq": 2, "ReadSeq": 1,
        "MsgFlag": "AcceptAndNotify", "Listed": True, "Pinned": False, "Marks": 0, "CustomData": "",
        "ContactGroupName": [], "GroupAtInfo": [],
    }  # fmt: skip
    assert bob.pop("LastMessage")["MsgKey"] == f"1_1_{NOW}"
    assert bob == {
        "Type": 1, "To_Account": "bob", "ShowName": "Bob", "FaceUrl": "bob.png", "MsgTime": NOW, "OrderKey": NOW,
        "UnreadMsgNum": 1, "NewestNum": 1, "ReadNum": 0, "ReadTime": 0, "PeerReadNum": 0, "PeerReadTime": 0,
        "MsgFlag": "AcceptAndNotify", "Listed": True, "Pinned": False, "Marks": 0, "CustomData": "",
        "ContactGroupName": [], "GroupAtInfo": [],
    }  # fmt: skip
    assert (meeting["NewestSeq"], words(meeting), meeting["MsgFlag"]) == (0, None, "AcceptNotNotify")


def test_pinned_ones_first_then_the_newest(talk: World):
    talk.call("pin_conversation", "alice", Type=1, To_Account="bob", Pinned=True)
    talk.call("pin_conversation", "alice", Type=1, To_Account="eve", Pinned=True)  # nothing said yet
    found = conversations(talk)
    assert names(found) == ["bob", "eve", "meeting", "team"]
    assert [one["Pinned"] for one in found] == [True, True, False, False]
    keys = [one["OrderKey"] for one in found]
    assert keys == sorted(keys, reverse=True)
    assert names(conversations(talk, Limit=1)) == names(found)
    assert "eve" not in names(conversations(talk, "bob"))


class TestLastMessage:
    def test_one_that_shall_not_be_it_is_not(self, talk: World):
        talk.say("team", "news", "owner")
        talk.say("team", "quietly", "owner", SendMsgControl=["NoLastMsg"])
        write(talk, "bob", "alice", "quietly", SendMsgControl=["NoLastMsg"])
        assert words(one(talk, "team")) == "news"
        assert words(one(talk, "bob")) == "hello"

    def test_one_for_others_is_not(self, talk: World):
        talk.say("team", "news", "owner")
        talk.say("team", "psst", "owner", To_Account=["bob"])
        assert words(one(talk, "team")) == "news"
        assert words(one(talk, "team", "bob")) == "psst"

    def test_one_that_was_deleted_is_not(self, talk: World):
        talk.say("team", "news", "owner")
        gone = talk.say("team", "gone", "owner")["MsgSeq"]
        mine = talk.say("team", "hidden", "owner")["MsgSeq"]
        talk.execute("UPDATE messages SET state = 1 WHERE seq = :seq", seq=gone)
        talk.execute("INSERT INTO hidden_messages SELECT 'alice', num, 0, :seq FROM groups WHERE group_id = 'team'",
                     seq=mine)  # fmt: skip
        assert words(one(talk, "team")) == "news"
        assert words(one(talk, "team", "bob")) == "hidden"
        write(talk, "bob", "alice", "gone")
        talk.execute("UPDATE c2c_messages SET hidden = 1 WHERE num = 2")
        assert words(one(talk, "bob")) == "hello"
        assert words(one(talk, "alice", "bob")) == "gone"

    def test_one_that_was_taken_back_is(self, talk: World):
        seq = talk.say("team", "gone", "owner")["MsgSeq"]
        [(body,)] = talk.rows("SELECT body FROM messages WHERE seq = :seq", seq=seq)
        left = {**msgspec.json.decode(body), "MsgBody": [], "Recalled": {"Operator_Account": "owner", "Time": NOW}}
        talk.execute("UPDATE messages SET state = 2, body = :body WHERE seq = :seq", seq=seq,
                     body=msgspec.json.encode(left).decode())  # fmt: skip
        assert one(talk, "team")["LastMessage"]["Recalled"]["Operator_Account"] == "owner"

    def test_tips_count(self, talk: World):
        talk.say("team", "news", "owner")
        talk.call("modify_group_base_info", GroupId="team", Name="Crew")
        assert (words(one(talk, "team")), one(talk, "team")["ShowName"]) == ("GroupInfoChange", "Crew")

    def test_nothing_from_before_one_joined(self, talk: World):
        talk.say("team", "news", "owner")
        talk.call("add_group_member", GroupId="team", MemberList=[{"Member_Account": "eve"}], Silence=1)
        assert words(one(talk, "team", "eve")) is None
        talk.call("modify_group_base_info", GroupId="team", HistoryMsgBeforeJoin="On")
        assert words(one(talk, "team", "eve")) is not None

    def test_of_a_deleted_conversation_only_newer_ones(self, talk: World):
        talk.say("team", "news", "owner")
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="team")
        talk.call("delete", From_Account="alice", Type=1, To_Account="bob")
        assert names(conversations(talk)) == ["meeting"]
        asked = [{"Type": 2, "GroupId": "team"}, {"Type": 1, "To_Account": "bob"}]
        found = conversations(talk, ConvList=asked)
        assert [(words(each), each["UnreadMsgNum"]) for each in found] == [(None, 0)] * 2
        talk.say("team", "more", "owner")
        write(talk, "bob", "alice", "again")
        assert (words(one(talk, "team")), one(talk, "team")["UnreadMsgNum"]) == ("more", 1)
        assert (words(one(talk, "bob")), one(talk, "bob")["UnreadMsgNum"]) == ("again", 1)
        counted = talk.call("get_c2c_unread_msg_num", "alice", To_Account="alice")
        assert counted["AllC2CUnreadMsgNum"] == 1


class TestUnread:
    def test_of_groups(self, talk: World):
        talk.say("team", "1", "owner")
        talk.say("team", "2", "owner", SendMsgControl=["NoUnread"])
        talk.say("team", "3", "owner")
        talk.say("meeting", "counts none", "owner")
        assert [one(talk, name)["UnreadMsgNum"] for name in ("team", "meeting")] == [2, 0]
        talk.say("team", "seen", "alice")
        assert (one(talk, "team")["UnreadMsgNum"], one(talk, "team")["ReadSeq"]) == (0, 5)

    def test_of_users(self, talk: World):
        write(talk, "alice", "bob", "mine")
        write(talk, "bob", "alice", "quiet", SendMsgControl=["NoUnread"])
        write(talk, "bob", "alice")
        assert one(talk, "bob")["UnreadMsgNum"] == 2
        assert one(talk, "alice", "bob")["UnreadMsgNum"] == 1
        talk.execute("UPDATE contacts SET read_num = 2 WHERE user_id = 'bob'")
        talk.execute("UPDATE contacts SET read_num = 3 WHERE user_id = 'alice'")
        found = one(talk, "bob")
        assert (found["UnreadMsgNum"], found["ReadNum"], found["PeerReadNum"]) == (1, 3, 2)
        assert (found["ReadTime"], found["PeerReadTime"]) == (talk.now, talk.now)
        talk.execute("UPDATE c2c_messages SET hidden = 1 WHERE num = 4")
        assert one(talk, "bob")["UnreadMsgNum"] == 0

    def test_with_oneself(self, talk: World):
        write(talk, "alice", "alice", "a note")
        assert (one(talk, "alice")["UnreadMsgNum"], words(one(talk, "alice"))) == (0, "a note")

    def test_the_total(self, talk: World):
        def total(by: str = "alice", **wanted: Any) -> int:
            more = {"Filter": wanted} if wanted else {}
            return talk.call("get_unread_total", by, **more)["UnreadMsgNum"]

        assert total() == 1
        for _ in range(3):
            talk.say("team", "x", "owner")
            write(talk, "eve", "alice")
        assert total() == 7
        assert (total(Type=1), total(Type=2)) == (4, 3)
        talk.call("create_contact_group", From_Account="alice", GroupContactItem=[
            {"GroupName": "work", "ContactItem": [{"Type": 1, "To_Account": "eve"}]},
        ])  # fmt: skip
        talk.call("mark_contact", From_Account="alice", MarkItem=[
            {"OptType": 1, "ContactItem": {"Type": 2, "ToGroupId": "team"}, "SetMark": [1]},
        ])  # fmt: skip
        assert (total(GroupName="work"), total(GroupName=""), total(MarkType=1), total(MarkType=0)) == (3, 4, 3, 4)
        talk.call("set_c2c_receive_option", "alice", To_Account=["eve"], MsgFlag="AcceptNotNotify")
        assert total() == 4
        talk.call("modify_group_member_info", "alice", GroupId="team", Member_Account="alice", MsgFlag="Discard")
        assert total() == 1
        assert "33 bytes" in talk.refused(50002, "get_unread_total", "alice", Filter={"GroupName": "n" * 33})

    def test_reading_everything(self, talk: World):
        phone, bob = talk.online("alice", "iOS"), talk.online("bob")
        web = talk.online("alice")
        talk.say("team", "x", "owner")
        for session in (phone, web, bob):
            session.frames.clear()
        assert talk.call("read_all_conversations", "alice") == {"IsFinished": 1}
        assert talk.call("get_unread_total", "alice")["UnreadMsgNum"] == 0
        assert talk.call("get_unread_total", "bob")["UnreadMsgNum"] == 1
        assert web.frames == []
        [told] = [frame["params"] for frame in phone.frames]
        assert told == {"ChangeType": "Read", "Time": talk.now, "ConvList": [
            {"Type": 1, "To_Account": "bob", "Num": 1, "ReadTime": NOW}, {"Type": 2, "GroupId": "team", "MsgSeq": 2},
        ]}  # fmt: skip
        [told] = [frame["params"] for frame in bob.frames]
        assert told == {
            "ChangeType": "Read", "Reader_Account": "alice", "Peer_Account": "bob", "ReadTime": NOW, "Num": 1,
        }  # fmt: skip
        assert one(talk, "alice", "bob")["PeerReadNum"] == 1
        events = len(talk.events)
        assert talk.call("read_all_conversations", "alice") == {"IsFinished": 1}
        assert len(talk.events) == events

    def test_reading_more_than_a_thousand(self, talk: World):
        insert = (
            "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
            " msg_flag) VALUES ('alice', 1, :peer, :num, 1, 0, 0, 0, 0, '', 0)"
        )
        rows = [{"peer": f"m{number}", "num": number} for number in range(100, 1150)]
        talk.store.write_now(lambda tx: tx.many(insert, rows))
        assert talk.call("read_all_conversations", "alice") == {"IsFinished": 0}
        assert talk.call("read_all_conversations", "alice") == {"IsFinished": 1}
        assert talk.rows("SELECT count(*) FROM contacts WHERE user_id = 'alice' AND read_num < last_num") == [(0,)]


class TestMentions:
    def test_unread_ones_of_the_caller_or_everybody(self, talk: World):
        def mention(*mentions: dict, by: str = "owner", **more: Any) -> int:
            return talk.say("team", "x", by, GroupAtInfo=list(mentions), **more)["MsgSeq"]

        me = {"GroupAtAllFlag": 0, "GroupAt_Account": "alice"}
        everybody, bob = {"GroupAtAllFlag": 1}, {"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}
        seqs = [mention(me), mention(everybody), mention(me, everybody), mention(bob), mention(me, To_Account=["bob"])]
        expected = [{"MsgSeq": seq, "AtType": sort} for seq, sort in zip(seqs, (1, 2, 3), strict=False)]
        assert one(talk, "team")["GroupAtInfo"] == expected
        assert names(conversations(talk, Filter={"HasGroupAt": True})) == ["team"]
        assert names(conversations(talk, Filter={"HasGroupAt": False})) == ["meeting", "bob"]
        assert one(talk, "team", "owner")["GroupAtInfo"] == []
        talk.say("team", "seen", "alice")
        assert one(talk, "team")["GroupAtInfo"] == []
        mention(me, by="alice")
        assert one(talk, "team")["GroupAtInfo"] == []


class TestFilters:
    def test_each(self, talk: World):
        talk.call("create_contact_group", From_Account="alice", GroupContactItem=[
            {"GroupName": "work", "ContactItem": [{"Type": 2, "ToGroupId": "team"}, {"Type": 1, "To_Account": "bob"}]},
        ])  # fmt: skip
        talk.call("mark_contact", From_Account="alice", MarkItem=[
            {"OptType": 3, "ContactItem": {"Type": 1, "To_Account": "bob"}, "SetMark": [1, 2], "CustomMark": "c"},
        ])  # fmt: skip
        assert one(talk, "team")["ContactGroupName"] == ["work"]
        assert (one(talk, "bob")["Marks"], one(talk, "bob")["CustomData"]) == (3, "c")
        for wanted, expected in (
            ({"GroupName": "work"}, ["team", "bob"]), ({"GroupName": ""}, ["meeting"]), ({"MarkType": 2}, ["bob"]),
            ({"MarkType": 0}, ["meeting", "team"]), ({"HasUnread": True}, ["bob"]), ({"Type": 1}, ["bob"]),
            ({"HasUnread": False}, ["meeting", "team"]), ({"Type": 2}, ["meeting", "team"]),
            ({"Type": 2, "GroupName": "work"}, ["team"]), ({}, ["meeting", "team", "bob"]),
        ):  # fmt: skip
            assert names(conversations(talk, Filter=wanted)) == expected, wanted

    def test_exact_ones_come_wherever_they_are(self, talk: World):
        asked = [
            {"Type": 1, "To_Account": "bob"}, {"Type": 1, "To_Account": "eve"}, {"Type": 2, "GroupId": "team"},
            {"Type": 2, "GroupId": "gone"}, {"Type": 2, "GroupId": "é"}, {"Type": 1, "To_Account": "bob"},
        ]  # fmt: skip
        assert names(conversations(talk, ConvList=asked)) == ["bob", "team"]
        assert names(conversations(talk, "eve", ConvList=asked)) == []

    def test_topics_come_only_so(self, talk: World):
        club = talk.group("Community", GroupId="@TGS#_club", members=["alice"], SupportTopic=1)
        topic = f"{club}@TOPIC#_news"
        talk.call("create_topic", GroupId=club, TopicId=topic, TopicName="News", FaceUrl="news.png")
        talk.say(club, "1", "owner", TopicId=topic)
        talk.say(club, "2", "owner", TopicId=topic, SendMsgControl=["NoUnread"])
        talk.say(club, "3", "owner", TopicId=topic, GroupAtInfo=[{"GroupAtAllFlag": 1}])
        assert topic not in names(conversations(talk))
        asked = [{"Type": 2, "GroupId": topic}]
        [found] = conversations(talk, ConvList=asked)
        assert (found["GroupId"], found["TopicId"], found["ShowName"], found["FaceUrl"]) == (
            club, topic, "News", "news.png",
        )  # fmt: skip
        assert (words(found), found["UnreadMsgNum"], found["NewestSeq"]) == ("3", 2, 3)
        assert (found["GroupAtInfo"], found["Listed"]) == ([{"MsgSeq": 3, "AtType": 2}], False)
        talk.call("pin_conversation", "alice", Type=2, GroupId=topic, Pinned=True)
        talk.call("delete", "alice", From_Account="alice", Type=2, ToGroupid=topic, ClearRamble=1)
        [found] = conversations(talk, ConvList=asked)
        assert (words(found), found["UnreadMsgNum"], found["Pinned"]) == (None, 0, False)
        assert conversations(talk, "eve", ConvList=asked) == []

    def test_those_named_say_whether_they_are_in_the_list(self, talk: World):
        asked = [{"Type": 2, "GroupId": "team"}, {"Type": 1, "To_Account": "bob"}]

        def listed() -> list[bool]:
            found = [one["Listed"] for one in conversations(talk, ConvList=asked)]
            assert found == [name in names(conversations(talk)) for name in ("team", "bob")]
            return found

        assert listed() == [True, True]
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="team")
        talk.call("delete", From_Account="alice", Type=1, To_Account="bob")
        assert listed() == [False, False]
        talk.call("pin_conversation", "alice", **asked[0], Pinned=True)
        assert listed() == [True, False]
        talk.call("pin_conversation", "alice", **asked[0], Pinned=False)
        write(talk, "bob", "alice", "again")
        assert listed() == [False, True]

    def test_pages_are_short_where_few_pass(self, world: World):
        world.people("alice")
        rows = [{"peer": f"m{number}", "num": number} for number in range(1, 1201)]
        insert = (
            "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
            " msg_flag) VALUES ('alice', 1, :peer, :num, 1, 0, 0, 0, CASE WHEN :num = 1 THEN 1 ELSE 0 END,"
            " '', 0)"
        )
        world.store.write_now(lambda tx: tx.many(insert, rows))
        first = world.call("get_conversations", "alice", Filter={"MarkType": 1})
        assert first["ConvList"] == []
        assert first["Next"]
        assert names(conversations(world, Filter={"MarkType": 1})) == ["m1"]
        everything = names(conversations(world))
        assert len(everything) == len(set(everything)) == 1200

    def test_refusals(self, talk: World):
        talk.refused(50002, "get_conversations", "alice", Limit=101)
        talk.refused(50002, "get_conversations", "alice", Next="1:2:x:4")
        talk.refused(50002, "get_conversations", "alice", Next="1:2")
        talk.refused(50002, "get_conversations", "alice", ConvList=[{"Type": 1}])
        talk.refused(51006, "get_conversations", "alice", ConvList=[])
        talk.refused(51006, "get_conversations", "alice", ConvList=[{"Type": 1, "To_Account": "bob"}] * 101)


def test_a_thousand_groups(sqlite_world: World):
    """A page of a hundred costs a few statements each, whatever the number of groups."""
    world = sqlite_world
    world.app = on_plan(world.app, "open")
    world.people("alice", "owner")
    for number in range(1000):
        world.group("Public", GroupId=f"g{number:04}", members=["alice"])
    world.say("g0500", "hello", "owner")
    counted = []

    class Counting:
        """A transaction that counts its statements."""

        def __init__(self, tx: Any) -> None:
            self._tx = tx

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._tx, name)
            if name in {"one", "all"}:
                counted.append(name)
            return found

    command = BY_NAME["get_conversations"]
    request = command.decode(b"{}")
    page = world.store.read_now(lambda tx: command.run(Counting(tx), world.who("alice"), request))
    assert len(page.ConvList) == 100
    assert page.ConvList[0].GroupId == "g0500" or page.ConvList[0].MsgTime == page.ConvList[1].MsgTime
    assert len(counted) < 3 * 100
    assert len(set(names(conversations(world)))) == 1000


def test_a_long_stream_costs_no_more(make_world):
    """Steps of the engine: who has read all of it pays as for a short one, who has read nothing a bounded look back."""
    costs: dict[str, list[list[int]]] = {"alice": [], "bob": []}
    for number in (many_messages.FEW, many_messages.MANY):
        world = make_world("sqlite")
        many_messages.fill(world, number)
        world.execute("UPDATE members SET read_seq = :seq WHERE user_id = 'alice'", seq=number)
        named = {"From_Account": "alice", "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0}
        place = {"GroupId": "long", "MsgSeq": number // 2 // 10 * 10}
        for user, calls in (
            ("alice", [
                ("get_conversations", {}), ("get_list", {**named, "AssistFlags": 63}), ("get_unread_total", {}),
                ("add_message_reaction", {**place, "ReactionId": "r"}), ("read_all_conversations", {}),
                ("get_message_reactions", {"GroupId": "long", "MsgSeqList": [place["MsgSeq"]]}),
                ("delete", {"From_Account": "alice", "Type": 2, "ToGroupid": "long", "ClearRamble": 1}),
            ]),
            ("bob", [("get_conversations", {}), ("get_unread_total", {}), ("read_all_conversations", {})]),
        ):  # fmt: skip
            costs[user].append([])
            for name, fields in calls:
                command = BY_NAME[name]
                request = command.decode(msgspec.json.encode(fields))
                costs[user][-1].append(many_messages.steps(world, command.run, world.who(user), request))
    assert all(many <= few + 15 for few, many in zip(*costs["alice"], strict=True)), costs
    assert all(many <= 3 * few + 15 for few, many in zip(*costs["bob"], strict=True)), costs
