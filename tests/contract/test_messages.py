"""Sending messages to groups: seqs, duplicates, frequency, mutes, who gets them and what is stored."""

from __future__ import annotations

import msgspec
import pytest

from worlds import ADMIN, NOW, WITH_MEMBERS, World, on_plan, switched


def text(words: str) -> list[dict]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


def streams(world: World, topic: int = 0) -> list[tuple[int, str, dict]]:
    """Return the stored messages of the only group, or of a topic of it: seq, sender, body."""
    rows = world.rows("SELECT seq, sender, body FROM messages WHERE topic_num = :topic ORDER BY seq", topic=topic)
    return [(seq, sender, msgspec.json.decode(body)) for seq, sender, body in rows]


@pytest.fixture
def public(world: World) -> str:
    world.people("owner", "alice", "bob", "eve")
    return world.group("Public", members=["alice", "bob"])


def test_messages_and_notices_share_one_row_of_seqs(world: World, public):
    sent = [world.say(public, f"number {i}", "alice") for i in range(3)]
    world.call("add_group_member", GroupId=public, MemberList=[{"Member_Account": "eve"}])
    sent.append(world.say(public, "welcome", "bob"))
    assert [one["MsgSeq"] for one in sent] == [2, 3, 4, 6]
    assert [seq for seq, *_ in streams(world)] == [1, 2, 3, 4, 5, 6]
    assert world.info(public)["NextMsgSeq"] == 7


def test_a_message_is_stored_as_it_was_given(world: World, public):
    body = [
        *text("你好"), {"MsgType": "TIMFaceElem", "MsgContent": {"Index": 3, "Data": "smile", "Unknown": [1]}},
        {"MsgType": "TIMCustomElem", "MsgContent": {"Data": "\x00d", "Desc": "e", "Ext": "f", "Sound": "g"}},
    ]  # fmt: skip
    push = {"PushFlag": 0, "Desc": "d", "ApnsInfo": {"BadgeMode": 1}}
    reply = world.call(
        "send_group_msg", GroupId=public, Random=4294967295, MsgBody=body, From_Account="alice", MsgPriority="High",
        CloudCustomData="cloud", GroupAtInfo=[{"GroupAtAllFlag": 1}, {"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}],
        SupportMessageExtension=1, NeedReadReceipt=1, ForbidCallbackControl=["ForbidAfterSendMsgCallback"],
        OfflinePushInfo=push, SendMsgControl=["NoUnread", "NoLastMsg"],
    )  # fmt: skip
    assert reply == {"MsgTime": NOW, "MsgSeq": 2, "MsgDropReason": ""}
    [_, (seq, sender, stored)] = streams(world)
    assert (seq, sender) == (2, "alice")
    assert stored == {
        "GroupId": public, "GroupType": "Public", "From_Account": "alice", "MsgSeq": 2, "MsgTime": NOW,
        "MsgRandom": 4294967295, "MsgPriority": "High", "MsgBody": body, "CloudCustomData": "cloud",
        "GroupAtInfo": [{"GroupAtAllFlag": 1}, {"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}],
        "SupportMessageExtension": 1, "NeedReadReceipt": 1, "OfflinePushInfo": push,
        "SendMsgControl": ["NoUnread", "NoLastMsg"],
    }  # fmt: skip


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_members_get_the_message_and_nobody_else(world: World, kind):
    world.people("owner", "alice", "bob", "eve")
    group = world.group(kind, members=["alice", "bob"])
    world.say(group, "awake", "owner")
    sessions = {user: world.online(user) for user in ("owner", "alice", "bob", "eve")}
    world.say(group, "hello", "alice")
    for user, session in sessions.items():
        got = [frame["params"]["MsgBody"] for frame in session.frames if frame["method"] == "group_message"]
        assert got == ([] if user == "eve" else [text("hello")]), user


def test_a_work_group_wakes_with_its_owners_first_message(world: World):
    world.people("owner", "alice")
    alice = world.online("alice")
    group = world.group("Private", members=["alice"])
    world.say(group, "not yet", ADMIN, From_Account="alice")
    assert [frame["method"] for frame in alice.frames] == ["group_message"]  # her own
    alice.frames.clear()
    world.say(group, "not yet", "administrator", From_Account="administrator")
    assert alice.frames == []
    assert world.call("get_joined_group_list", Member_Account="alice")["TotalCount"] == 0
    world.say(group, "now", "owner")
    assert [frame["method"] for frame in alice.frames] == ["group_message"]
    assert world.call("get_joined_group_list", Member_Account="alice")["TotalCount"] == 1
    world.say(group, "again", "alice")
    assert len(alice.frames) == 2


def test_the_same_random_of_the_same_sender_is_the_same_message(world: World, public):
    bob = world.online("bob")
    first = world.say(public, "once", "alice", Random=7)
    world.now += 299
    assert world.say(public, "once", "alice", Random=7) == first
    assert world.say(public, "hers", "owner", Random=7)["MsgSeq"] == first["MsgSeq"] + 1
    assert len([f for f in bob.frames if f["method"] == "group_message"]) == 2
    world.now += 2
    assert world.say(public, "later", "alice", Random=7)["MsgSeq"] == first["MsgSeq"] + 2


def test_over_forty_a_second_lower_priorities_give_way(world: World, public):
    def burst(**numbers: int) -> dict[str, int]:
        passed = {}
        for priority, number in numbers.items():
            replies = [world.say(public, "x", "alice", MsgPriority=priority) for _ in range(number)]
            passed[priority] = sum(not reply["MsgDropReason"] for reply in replies)
            assert {r["MsgDropReason"] for r in replies} <= {"", "MsgFreqCtrl"}
        world.now += 1
        return passed

    assert burst(Low=100) == {"Low": 40}
    assert burst(Low=10, Normal=10, High=10) == {"Low": 10, "Normal": 10, "High": 10}
    assert burst(Low=40, Normal=40, High=15) == {"Low": 20, "Normal": 30, "High": 15}
    assert burst(Low=40, Normal=40, High=15) == {"Low": 0, "Normal": 25, "High": 15}
    world.now += 1
    assert burst(Low=50) == {"Low": 40}
    seqs = [seq for seq, *_ in streams(world)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert world.hub.tally.dropped == {"Low": 60 + 20 + 40 + 10, "Normal": 10 + 15}


def test_the_limit_is_a_setting(world: World, public):
    world.app = switched(world.app, messages_per_second=0)
    assert all(not world.say(public, "x", "alice")["MsgDropReason"] for _ in range(100))


def test_a_message_to_some_is_for_them_and_its_sender(world: World, public):
    sessions = {user: world.online(user) for user in ("owner", "alice", "bob")}
    sent = world.say(public, "psst", "alice", To_Account=["bob", "eve"])
    methods = {user: [frame["method"] for frame in session.frames] for user, session in sessions.items()}
    assert methods == {"owner": ["group_seq"], "alice": ["group_message"], "bob": ["group_message"]}
    assert sessions["owner"].frames[0]["params"] == {"GroupId": public, "Seq": sent["MsgSeq"]}
    assert streams(world)[-1][2]["To_Account"] == ["bob"]
    for user, expected in (("owner", 0), ("bob", 1), ("alice", 1)):
        missed = world.call("sync", user, Groups={public: 1})
        assert len(missed["Messages"]) == expected, user
    world.app = on_plan(world.app, "legacy-pro")
    world.refused(10059, "send_group_msg", GroupId=public, Random=1, MsgBody=text("x"), To_Account=["bob"])


def test_who_discards_a_groups_messages_gets_none_but_its_tips(world: World, public):
    alice = world.online("alice")
    world.call("modify_group_member_info", "alice", GroupId=public, Member_Account="alice", MsgFlag="Discard")
    alice.frames.clear()
    world.say(public, "unheard", "bob")
    assert [frame["method"] for frame in alice.frames] == ["group_seq"]
    assert world.call("sync", "alice", Groups={public: 1})["Messages"] == []
    again = world.online("alice", "iPad")
    world.say(public, "unheard", "bob")
    assert [frame["method"] for frame in again.frames] == ["group_seq"]
    world.call("modify_group_member_info", "alice", GroupId=public, Member_Account="alice", MsgFlag="AcceptAndNotify")
    again.frames.clear()
    world.say(public, "heard", "bob")
    assert [frame["method"] for frame in again.frames] == ["group_message"]


def test_a_message_for_those_who_are_online_leaves_no_trace(world: World, public):
    bob = world.online("bob")
    before = world.info(public)["NextMsgSeq"]
    assert world.say(public, "now", "alice", OnlineOnlyFlag=1)["MsgSeq"] == 0
    assert bob.frames[-1]["params"]["OnlineOnlyFlag"] == 1
    assert world.info(public)["NextMsgSeq"] == before
    assert len(streams(world)) == 1


def test_mutes_hold_for_messages(world: World, public):
    body = {"GroupId": public, "Random": 1, "MsgBody": text("x")}
    world.call("forbid_send_msg", GroupId=public, Members_Account=["alice"], MuteTime=60)
    assert "alice" in world.refused(10017, "send_group_msg", "alice", **body)
    world.refused(10017, "send_group_msg", From_Account="alice", **body)
    world.now += 60
    world.say(public, "free again", "alice")
    world.call("modify_group_base_info", GroupId=public, MuteAllMember="On")
    world.refused(10017, "send_group_msg", "alice", **body)
    world.say(public, "the owner may", "owner")
    world.say(public, "so may the administrator")
    world.refused(10007, "send_group_msg", "eve", **body)
    world.refused(10007, "send_group_msg", "alice", From_Account="bob", **body)


def test_topics_have_streams_of_their_own(world: World):
    world.people("owner", "alice", "bob")
    group = world.group("Community", members=["alice"], SupportTopic=1)
    topics = [world.call("create_topic", GroupId=group, TopicName=name)["TopicId"] for name in ("one", "two")]
    alice = world.online("alice")
    for topic in topics:
        assert [world.say(group, "x", "owner", TopicId=topic)["MsgSeq"] for _ in range(2)] == [1, 2]
    assert {frame["params"]["TopicId"] for frame in alice.frames} == set(topics)
    missed = world.call("sync", "alice", Topics={topics[0]: 1, topics[1]: 0})
    assert [(m["TopicId"], m["MsgSeq"]) for m in missed["Messages"]] == [
        (topics[0], 2), (topics[1], 1), (topics[1], 2),
    ]  # fmt: skip
    assert missed["Topics"] == dict.fromkeys(topics, 2)
    world.now += 5
    world.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "bob"}])
    assert world.call("sync", "bob", Topics={topics[0]: 0})["Messages"] == []
    world.say(group, "after", "owner", TopicId=topics[0])
    assert [m["MsgSeq"] for m in world.call("sync", "bob", Topics={topics[0]: 0})["Messages"]] == [3]


def test_messages_of_live_rooms_are_numbered_and_not_stored(world: World):
    world.people("owner", "alice")
    room = world.group("AVChatRoom")
    [alice] = world.there(room, "alice")
    assert [world.say(room, "hi", "alice", Random=n)["MsgSeq"] for n in (1, 2, 2)] == [1, 2, 2]
    assert [frame["params"]["MsgSeq"] for frame in alice.frames] == [1, 2]
    assert world.rows("SELECT count(*) FROM messages") == [(0,)]
    assert world.rows("SELECT count(*) FROM outbox") == world.rows("SELECT count(*) FROM outbox")
    world.refused(10007, "send_group_msg", "owner2", GroupId=room, Random=1, MsgBody=text("x"))
    world.refused(10007, "send_group_msg", "alice", GroupId=room, Random=1, MsgBody=text("x"),
                  GroupAtInfo=[{"GroupAtAllFlag": 1}])  # fmt: skip


def test_a_broadcast_reaches_every_live_room_once_a_session(world: World):
    world.people("owner", "alice", "bob")
    rooms = [world.group("AVChatRoom") for _ in range(2)]
    [alice] = world.there(rooms[0], "alice")
    [bob] = world.there(rooms[1], "bob")
    world.call("join_group", "bob", GroupId=rooms[0])
    bob.frames.clear(), alice.frames.clear()
    first = world.call("send_broadcast_msg", Random=1, MsgBody=text("all"))
    assert [len(session.frames) for session in (alice, bob)] == [1, 1]
    assert world.call("send_broadcast_msg", Random=1, MsgBody=text("all")) == first
    assert world.call("send_broadcast_msg", Random=2, MsgBody=text("all"))["MsgSeq"] == first["MsgSeq"] + 1
    world.app = on_plan(world.app, "legacy-pro")
    assert "legacy-pro" in world.refused(10059, "send_broadcast_msg", Random=3, MsgBody=text("all"))


@pytest.mark.parametrize(("body", "field"), [
    ([], "MsgBody"), ([{"MsgType": "Nope", "MsgContent": {}}], "MsgBody[0].MsgType"),
    ([*text("a"), {"MsgType": "TIMTextElem", "MsgContent": {}}], "MsgBody[1].MsgContent"),
    ([{"MsgType": "TIMTextElem", "MsgContent": {"Text": 1}}], "MsgBody[0].MsgContent"),
    ([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": "a"}}] * 2, "TIMCustomElem"),
    ([{"MsgType": "TIMSoundElem", "MsgContent": {"Download_Flag": 1}}], "Download_Flag"),
    ([{"MsgType": "TIMImageElem", "MsgContent": {"ImageInfoArray": []}}], "ImageInfoArray"),
])  # fmt: skip
def test_a_wrong_element_is_refused_by_name(world: World, public, body, field):
    assert field in world.refused(10004, "send_group_msg", GroupId=public, Random=1, MsgBody=body)


def test_the_size_counts_bytes_of_utf8(world: World, public):
    frame = len(b'{"Text":""}')
    exact = "你" * ((12288 - frame) // 3)
    world.say(public, exact, "alice")
    error = world.refused(80002, "send_group_msg", GroupId=public, Random=1, MsgBody=text(exact + "你"))
    assert "12288" in error
    world.refused(80002, "send_group_msg", GroupId=public, Random=1, MsgBody=text(exact), CloudCustomData="1234")


def test_without_the_bit_a_member_of_a_community_with_permission_groups_may_not_talk(world: World):
    world.people("owner", "alice")
    group = world.group("Community", members=["alice"], SupportTopic=1, EnablePermission=1, DefaultPermission=1 << 7)
    body = {"GroupId": group, "Random": 1, "MsgBody": text("x")}
    world.refused(10007, "send_group_msg", "alice", **body)
    world.say(group, "the owner may", "owner")
    world.call("modify_group_base_info", GroupId=group, DefaultPermission=1 << 6)
    world.say(group, "now she may", "alice")
    world.refused(10007, "send_group_msg", "alice", GroupAtInfo=[{"GroupAtAllFlag": 1}], **body)
