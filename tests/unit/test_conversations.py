"""A user's conversations, and what becomes of them by what a client tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qunzhu.client.events import (
    C2CReceived,
    ChangeReceived,
    ConversationChanged,
    MessageChanged,
    MessageReceived,
    NoticeReceived,
    StateChanged,
    TipReceived,
)
from qunzhu.client.events import State as LinkState
from qunzhu.tim.conversation_events import take
from qunzhu.tim.conversations import EVERYTHING, Conversation, Conversations, Draft, Filter, Key, counted

ME = "alice"
TEAM, BOB = Key(2, "team"), Key(1, "bob")


def known(*some: Conversation) -> Conversations:
    """Return a list that was told already."""
    found = Conversations()
    found.take(some or (team(), bob()))
    found.changes()
    return found


def team(**more: Any) -> Conversation:
    """Return a group's conversation."""
    return Conversation(key=TEAM, **{"kind": "Public", "name": "Team", "newest": 10, "read": 10, "at": 1000, **more})


def bob(**more: Any) -> Conversation:
    """Return a conversation with a user."""
    return Conversation(key=BOB, **{"name": "Bob", "newest": 100, "read": 100, "at": 900, **more})


def message(seq: int, sender: str = "bob", **more: Any) -> MessageReceived:
    """Return a message of the group."""
    return MessageReceived({
        "GroupId": "team", "GroupType": "Public", "From_Account": sender, "MsgSeq": seq, "MsgTime": 2000 + seq,
        "MsgRandom": seq, "MsgBody": [], **more,
    })  # fmt: skip


def c2c(num: int, sender: str = "bob", to: str = ME, **more: Any) -> C2CReceived:
    """Return a one-to-one message."""
    return C2CReceived({
        "From_Account": sender, "To_Account": to, "Num": num, "MsgSeq": num, "MsgTime": 2000 + num, "MsgRandom": num,
        "MsgKey": f"{num}_{num}_{2000 + num}", "MsgBody": [], **more,
    })  # fmt: skip


def tip(seq: int, **more: Any) -> TipReceived:
    """Return a tip of the group."""
    return TipReceived({
        "GroupId": "team", "GroupType": "Public", "Operator_Account": "bob", "Time": 3000, "Seq": seq,
        "TipType": "GroupInfoChange", **more,
    })  # fmt: skip


def changed(kind: str, **more: Any) -> ConversationChanged:
    """Return what another session of the user did."""
    return ConversationChanged({"ChangeType": kind, "Time": 5000, **more})


def altered(kind: str, **more: Any) -> MessageChanged:
    """Return what happened to messages of the group."""
    return MessageChanged({"GroupId": "team", **more, "ChangeType": kind})


def test_a_message_counts_once_and_is_the_last():
    now = known()
    assert list(take(now, ME, message(11))) == []
    assert list(take(now, ME, message(11))) == []
    assert list(take(now, ME, message(9))) == []
    one = now.get(TEAM)
    assert (one.unread, one.newest, one.at, one.last["MsgSeq"]) == (1, 11, 2011, 11)
    told = now.changes()
    assert (told.added, told.removed, told.updated, told.counts) == ([], [], [one], [(EVERYTHING, 1)])
    assert now.changes().updated == []


def test_ones_own_message_moves_the_read_position():
    now = known(team(unread=3, newest=13))
    take(now, ME, message(14, sender=ME))
    one = now.get(TEAM)
    assert (one.unread, one.read, one.last["From_Account"]) == (0, 14, ME)


@pytest.mark.parametrize(
    ("more", "kind", "unread", "last"),
    [
        ({"SendMsgControl": ["NoUnread"]}, "Public", 0, 11),
        ({"SendMsgControl": ["NoLastMsg"]}, "Public", 1, None),
        ({"SendMsgControl": ["NoLastMsg", "NoUnread"]}, "Public", 0, None),
        ({"To_Account": [ME]}, "Public", 0, 11),
        ({}, "ChatRoom", 0, 11),
    ],
)
def test_messages_that_do_not_count(more, kind, unread, last):
    now = known(team(kind=kind))
    take(now, ME, message(11, **more))
    one = now.get(TEAM)
    assert (one.unread, one.newest, one.last and one.last["MsgSeq"]) == (unread, 11, last)
    assert one.at == (2011 if last else 1000)


@pytest.mark.parametrize(
    "event",
    [
        message(0, OnlineOnlyFlag=1),
        message(11, TopicId="@TGS#_a@TOPIC#_b"),
        message(11, GroupId="room", GroupType="AVChatRoom"),
        c2c(0, OnlineOnlyFlag=1),
        tip(0),
        altered("Receipt", MsgSeq=3),
        changed("SomethingNew", ConvList=[]),
        ChangeReceived({"ChangeType": "CountersChanged", "GroupId": "team"}),
        NoticeReceived({"ReportType": "GrantAdmin", "GroupId": "team"}),
        StateChanged(LinkState.CONNECTED),
    ],
)
def test_what_changes_nothing(event):
    now = known()
    before = list(now)
    assert list(take(now, ME, event)) == []
    assert list(now) == before


def test_what_is_not_there_is_to_be_read():
    now = known()
    for event, key in (
        (message(1, GroupId="other"), Key(2, "other")),
        (c2c(101, sender="carol"), Key(1, "carol")),
        (c2c(101, sender=ME, to="carol"), Key(1, "carol")),
        (tip(1, GroupId="other"), Key(2, "other")),
        (NoticeReceived({"ReportType": "Invite", "GroupId": "other"}), Key(2, "other")),
        (changed("Pinned", ConvList=[{"Type": 1, "To_Account": "carol", "Pinned": True}]), Key(1, "carol")),
    ):
        assert list(take(now, ME, event)) == [key]
    carol = {"Type": 1, "To_Account": "carol"}
    for event in (
        changed("GroupAdded", GroupName="work", ConvList=[carol]),
        changed("Marked", ConvList=[{**carol, "Pinned": False, "Marks": 1}]),
        changed("Deleted", ConvList=[carol]),
    ):
        assert list(take(now, ME, event)) == []
    assert list(take(now, ME, altered("Recalled", MsgSeqList=[1], GroupId="other"))) == []
    for kind, where in (("Hidden", {"GroupId": "team"}), ("MessagesDeleted", {"Peer_Account": "bob"})):
        assert list(take(now, ME, changed(kind, **where))) == [BOB if "Peer_Account" in where else TEAM]
    assert list(take(now, ME, changed("Hidden", GroupId="other", Upto=4))) == []
    assert list(take(now, ME, ChangeReceived({"ChangeType": "Refresh", "GroupId": "team"}))) == [TEAM]
    assert list(take(now, ME, ChangeReceived({"ChangeType": "Refresh", "GroupId": "other"}))) == []


def test_mentions_wait_until_they_are_read():
    now = known()
    everybody, me, another = (
        {"GroupAtAllFlag": 1}, {"GroupAtAllFlag": 0, "GroupAt_Account": ME},
        {"GroupAtAllFlag": 0, "GroupAt_Account": "carol"},
    )  # fmt: skip
    for seq, mentions in ((11, [me]), (12, [everybody]), (13, [another, me, everybody]), (14, [another]), (15, [])):
        take(now, ME, message(seq, GroupAtInfo=mentions))
    assert now.get(TEAM).mentions == ((11, 1), (12, 2), (13, 3))
    assert list(take(now, ME, changed("Read", GroupId="team", MsgSeq=12, UnreadMsgNum=3))) == [TEAM]
    assert (now.get(TEAM).mentions, now.get(TEAM).read) == (((13, 3),), 12)
    assert list(take(now, ME, altered("Recalled", MsgSeqList=[13], Operator_Account="bob", Time=1))) == [TEAM]
    assert now.get(TEAM).mentions == ()
    take(now, ME, message(16, sender=ME, GroupAtInfo=[me]))
    assert now.get(TEAM).mentions == ()


def test_reading_to_the_end_and_reading_a_part():
    now = known(team(newest=15, unread=5), bob(newest=105, unread=5))
    part = {"ChangeType": "Read", "Peer_Account": "bob", "ReadTime": 2103, "Num": 103}
    assert list(take(now, ME, ConversationChanged(part))) == [BOB]
    assert (now.get(BOB).read, now.get(BOB).read_at, now.get(BOB).unread) == (103, 0, 5)
    take(now, ME, c2c(106))
    read = ConversationChanged({**part, "Num": 106, "ReadTime": 9999})  # when he read, not what
    assert list(take(now, ME, read)) == []
    assert (now.get(BOB).read, now.get(BOB).read_at, now.get(BOB).unread) == (106, 2106, 0)
    assert list(take(now, ME, read)) == []
    take(now, ME, c2c(107))
    take(now, ME, c2c(108, SendMsgControl=["NoLastMsg"]))
    assert list(take(now, ME, ConversationChanged({**part, "Num": 108}))) == [BOB]  # that one is not at hand
    assert (now.get(BOB).read_at, now.get(BOB).unread) == (2106, 0)
    everything = [{"Type": 2, "GroupId": "team", "MsgSeq": 15}, {"Type": 1, "To_Account": "carol", "Num": 3}]
    assert list(take(now, ME, changed("Read", ConvList=everything))) == []
    assert (now.get(TEAM).read, now.get(TEAM).unread) == (15, 0)
    take(now, ME, message(16))
    back = changed("Read", GroupId="team", MsgSeq=12, UnreadMsgNum=4)
    assert list(take(now, ME, back)) == [TEAM]
    assert (now.get(TEAM).read, now.get(TEAM).unread) == (12, 1)
    assert list(take(now, ME, changed("Read", ConvList=[{"Type": 2, "GroupId": "team", "MsgSeq": 3}]))) == []
    assert (now.get(TEAM).read, now.get(TEAM).unread) == (12, 1)
    assert list(take(now, ME, changed("Read", ConvList=[{"Type": 2, "GroupId": "team", "MsgSeq": 16}]))) == []
    assert (now.get(TEAM).read, now.get(TEAM).unread) == (16, 0)
    take(now, ME, message(17))
    topic = changed("Read", GroupId="team", TopicId="@TGS#_a@TOPIC#_b", MsgSeq=99, UnreadMsgNum=0)
    assert list(take(now, ME, topic)) == []
    assert now.get(TEAM).unread == 1


def test_one_to_one_messages():
    now = known()
    take(now, ME, c2c(101, Nick="Bobby", FaceUrl="http://b"))
    take(now, ME, c2c(101))
    one = now.get(BOB)
    assert (one.unread, one.newest, one.name, one.face_url) == (1, 101, "Bobby", "http://b")
    take(now, ME, c2c(102, sender=ME, to="bob", Nick="Alice"))
    one = now.get(BOB)
    assert (one.unread, one.name, one.last["From_Account"]) == (1, "Bobby", ME)
    read = {"ChangeType": "Read", "Reader_Account": "bob", "Peer_Account": ME, "ReadTime": 1, "Num": 101}
    take(now, ME, MessageChanged(read))
    assert "IsPeerRead" not in now.get(BOB).last
    take(now, ME, MessageChanged({**read, "Num": 102}))
    assert now.get(BOB).last["IsPeerRead"] == 1
    take(now, ME, c2c(103, SendMsgControl=["NoUnread"]))
    assert (now.get(BOB).unread, now.get(BOB).last["Num"]) == (1, 103)
    names = {"From_Account": "bob", "To_Account": ME, "MsgKey": "k", "Num": 103, "Operator_Account": "bob", "Time": 7}
    assert list(take(now, ME, MessageChanged({"ChangeType": "Recalled", **names}))) == [BOB]
    assert now.get(BOB).last["Recalled"] == {"Operator_Account": "bob", "Time": 7}


def test_a_conversation_with_oneself():
    myself = Key(1, ME)
    now = known(Conversation(key=myself, newest=5))
    take(now, ME, c2c(6, sender=ME, to=ME))
    assert (now.get(myself).unread, now.get(myself).newest) == (0, 6)
    read = {"ChangeType": "Read", "Reader_Account": ME, "Peer_Account": ME, "ReadTime": 1, "Num": 6}
    assert list(take(now, ME, MessageChanged(read))) == []
    assert list(take(now, ME, changed("Read", Peer_Account=ME, ReadTime=9, Num=6))) == []
    assert now.get(myself).read_at == 2006


def test_recalled_and_changed_messages_change_the_last_one():
    now = known()
    take(now, ME, message(11, MsgBody=[{"MsgType": "TIMTextElem"}]))
    altering = {**message(11).message, "MsgBody": ["new"], "Version": 1}
    take(now, ME, MessageChanged({"ChangeType": "Modified", "Message": altering}))
    assert now.get(TEAM).last["MsgBody"] == ["new"]
    take(now, ME, MessageChanged({"ChangeType": "Modified", "Message": {**altering, "MsgSeq": 10, "MsgBody": ["x"]}}))
    assert now.get(TEAM).last["MsgBody"] == ["new"]
    recall = altered("Recalled", MsgSeqList=[10, 11], Operator_Account="carol", Time=9, Reason="spam")
    assert list(take(now, ME, recall)) == [TEAM]
    assert now.get(TEAM).last["MsgBody"] == []
    assert now.get(TEAM).last["Recalled"] == {"Operator_Account": "carol", "Time": 9, "Reason": "spam"}
    take(now, ME, changed("Read", GroupId="team", MsgSeq=11, UnreadMsgNum=0))
    assert list(take(now, ME, recall)) == []


def test_tips_count_and_carry_names():
    now = known()
    take(now, ME, tip(11, Changes={"Name": "Crew", "FaceUrl": "http://f", "Introduction": "x"}))
    one = now.get(TEAM)
    assert (one.unread, one.newest, one.name, one.face_url, one.at) == (1, 11, "Crew", "http://f", 3000)
    assert one.last["TipType"] == "GroupInfoChange"


@pytest.mark.parametrize("report", ["Delete", "BeKicked", "Quit"])
def test_who_leaves_a_group_has_its_conversation_no_more(report):
    now = known(team(unread=2, newest=12), bob())
    assert list(take(now, ME, NoticeReceived({"ReportType": report, "GroupId": "team"}))) == []
    told = now.changes()
    assert [one.key for one in told.removed] == [TEAM]
    assert told.counts == [(EVERYTHING, 0)]


def test_what_the_user_sets_elsewhere():
    now = known()
    values = {"Pinned": True, "Marks": 5, "CustomData": "mine", "MsgFlag": "Discard"}
    listed = [{"Type": 2, "GroupId": "team", **values}, {"Type": 1, "To_Account": "bob", **values}]
    assert list(take(now, ME, changed("Marked", ConvList=listed))) == [TEAM, BOB]
    assert list(take(now, ME, changed("Marked", ConvList=listed))) == []
    for key in (TEAM, BOB):
        one = now.get(key)
        assert (one.pinned, one.marks, one.custom, one.flag) == (True, 5, "mine", int(key == BOB))
    # Without its pin it may be one that was deleted: the server knows.
    assert list(take(now, ME, changed("Pinned", ConvList=[{"Type": 2, "GroupId": "team", "Pinned": False}]))) == [TEAM]
    assert (now.get(TEAM).pinned, now.get(TEAM).marks) == (False, 5)
    notice = {"ReportType": "GroupMessageRecvOption", "GroupId": "team", "MsgFlag": "AcceptNotNotify"}
    take(now, ME, NoticeReceived(notice))
    assert now.get(TEAM).flag == 2
    take(now, ME, NoticeReceived({**notice, "MsgFlag": "Discard", "TopicId": "@TGS#_a@TOPIC#_b"}))
    assert now.get(TEAM).flag == 2
    assert list(take(now, ME, NoticeReceived({**notice, "MsgFlag": "Discard"}))) == []
    assert list(take(now, ME, NoticeReceived({**notice, "MsgFlag": "AcceptAndNotify"}))) == [TEAM]
    other = {**notice, "GroupId": "other"}
    assert list(take(now, ME, NoticeReceived({**other, "MsgFlag": "Discard"}))) == []
    assert list(take(now, ME, NoticeReceived({**other, "MsgFlag": "AcceptAndNotify"}))) == [Key(2, "other")]
    take(now, ME, changed("Deleted", ConvList=listed))
    assert list(now) == []
    assert [one.key for one in now.changes().removed] == [TEAM, BOB]
    assert list(take(now, ME, message(11))) == [TEAM]


def test_conversation_groups():
    now = known()
    both = [{"Type": 2, "GroupId": "team"}, {"Type": 1, "To_Account": "bob"}]
    take(now, ME, changed("GroupCreated", GroupName="work", ConvList=both))
    take(now, ME, changed("GroupAdded", GroupName="home", ConvList=both[1:]))
    assert (now.get(TEAM).folders, now.get(BOB).folders) == (("work",), ("home", "work"))
    take(now, ME, changed("GroupRenamed", OldGroupName="work", GroupName="a", ConvList=[]))
    assert (now.get(TEAM).folders, now.get(BOB).folders) == (("a",), ("a", "home"))
    take(now, ME, changed("GroupRemoved", GroupName="a", ConvList=both[:1]))
    take(now, ME, changed("GroupDeleted", GroupName="home", ConvList=[]))
    assert (now.get(TEAM).folders, now.get(BOB).folders) == ((), ("a",))


def test_the_order_and_its_pages():
    now = known(team(at=5), bob(at=9), *(Conversation(key=Key(1, f"u{n}"), at=n, pinned=n == 2) for n in range(4)))
    order = ["u2", "bob", "team", "u3", "u1", "u0"]
    found = now.page()
    assert [one.key.peer for one in found] == order
    assert [one.key.peer for one in now.page(after=found[2].order)] == order[3:]
    draft = Draft({"message_elem_array": []}, "", 10)
    now.change(TEAM, lambda one: replace(one, draft=draft))
    assert [one.key.peer for one in now.page()][:2] == ["u2", "team"]
    assert [one.key.peer for one in now.page(Filter(sort=2))] == ["team"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), "abcd"), (Filter(sort=1), "ab"), (Filter(sort=2), "cd"), (Filter(folder="f"), "a"),
        (Filter(folder=""), "bcd"), (Filter(mark=1), "ab"), (Filter(mark=4), "a"), (Filter(mark=0), "cd"),
        (Filter(unread=True), "c"), (Filter(unread=False), "abd"), (Filter(mentioned=True), "d"),
        (Filter(mentioned=False), "abc"), (Filter(sort=1, mark=4, folder="f"), "a"), (Filter(sort=2, mark=4), ""),
    ],
)  # fmt: skip
def test_filters(wanted, found):
    now = known(
        Conversation(key=Key(1, "a"), marks=5, folders=("f",)), Conversation(key=Key(1, "b"), marks=1),
        Conversation(key=Key(2, "c"), unread=4), Conversation(key=Key(2, "d"), mentions=((3, 1),)),
    )  # fmt: skip
    assert sorted(one.key.peer for one in now.page(wanted)) == list(found)


def test_counts_leave_out_what_does_not_notify():
    now = known(team(unread=3), bob(unread=2, flag=2), Conversation(key=Key(2, "club"), unread=8, flag=1))
    assert now.count() == 3
    assert now.count(Filter(sort=1)) == 0
    for flag, number in ((0, 5), (3, 5), (1, 3)):
        now.change(BOB, lambda one, flag=flag: replace(one, flag=flag))
        assert now.count() == number


def test_watched_filters_are_told():
    now, of_users = known(team(unread=3), bob(unread=2)), Filter(sort=1)
    now.watch(of_users)
    now.watch(EVERYTHING)
    assert now.changes().counts == []
    take(now, ME, c2c(101))
    assert sorted(now.changes().counts, key=repr) == sorted([(EVERYTHING, 6), (of_users, 3)], key=repr)
    take(now, ME, message(11))
    assert now.changes().counts == [(EVERYTHING, 7)]
    now.unwatch(of_users)
    now.unwatch(EVERYTHING)
    take(now, ME, c2c(102))
    assert now.changes().counts == [(EVERYTHING, 8)]
    assert now.watched == set()


def test_what_the_server_says_is_taken_over_but_drafts_stay():
    draft = Draft({}, "later", 4000)
    now = known(team(), bob(), Conversation(key=Key(1, "carol"), made_here=True), Conversation(key=Key(1, "dan")))
    for key in (TEAM, BOB):
        now.change(key, lambda one: replace(one, draft=draft))
    now.take([bob(unread=7)])
    assert {one.key.peer for one in now} == {"team", "bob", "carol"}
    assert (now.get(BOB).unread, now.get(BOB).draft) == (7, draft)
    assert (now.get(TEAM).newest, now.get(TEAM).name, now.get(TEAM).draft) == (0, "Team", draft)
    now.take([], [BOB, Key(1, "nobody")])
    assert now.get(BOB).unread == 0
    now.take([replace(team(), listed=False, key=Key(2, "club"))], [Key(2, "club")])
    assert now.get(Key(2, "club")) is None
    now.take([team(unread=1)], [TEAM])
    assert (now.get(TEAM).unread, now.get(TEAM).draft) == (1, draft)


def test_nothing_is_told_of_what_came_and_went():
    now = known()
    take(now, ME, message(11))
    now.drop(TEAM)
    now.put(team())
    told = now.changes()
    assert (told.added, told.removed, told.updated, told.counts) == ([], [], [], [])


seqs, peers = st.integers(1, 30), st.sampled_from(["team", "club"])
events = st.one_of(
    st.builds(lambda s, g, who: message(s, sender=who, GroupId=g), seqs, peers, st.sampled_from([ME, "bob"])),
    st.builds(lambda s, g: message(s, GroupId=g, SendMsgControl=["NoUnread"]), seqs, peers),
    st.builds(lambda n, who: c2c(n, sender=who, to=ME if who == "bob" else "bob"), st.integers(90, 130),
              st.sampled_from([ME, "bob"])),
    st.builds(lambda s, g: tip(s, GroupId=g, Changes={"Name": str(s)}), seqs, peers),
    st.builds(lambda s, g, left: changed("Read", GroupId=g, MsgSeq=s, UnreadMsgNum=left), seqs, peers,
              st.integers(0, 5)),
    st.builds(lambda on, g: changed("Pinned", ConvList=[{"Type": 2, "GroupId": g, "Pinned": on}]), st.booleans(),
              peers),
    st.builds(lambda g, flag: NoticeReceived({"ReportType": "GroupMessageRecvOption", "GroupId": g, "MsgFlag": flag}),
              peers, st.sampled_from(["AcceptAndNotify", "Discard"])),
    st.builds(lambda g: NoticeReceived({"ReportType": "Quit", "GroupId": g}), peers),
    st.builds(lambda: changed("Deleted", ConvList=[{"Type": 1, "To_Account": "bob"}])),
)  # fmt: skip


@given(st.lists(st.tuples(events, st.booleans()), max_size=40))
def test_who_only_hears_the_changes_has_the_same_list_and_counts(drawn):
    club = replace(team(), key=Key(2, "club"))
    now = known(team(), club, bob())
    now.watch(Filter(sort=1))
    heard = {one.key: one for one in now}
    counts = {EVERYTHING: 0, Filter(sort=1): 0}
    for event, tell in [*drawn, (StateChanged(LinkState.CONNECTED), True)]:
        stale = take(now, ME, event)
        now.take([], stale)
        if tell:
            told = now.changes()
            assert not {one.key for one in told.added} & heard.keys()
            assert all(heard[one.key] != one for one in told.updated)
            heard |= {one.key: one for one in (*told.added, *told.updated)}
            for one in told.removed:
                del heard[one.key]
            assert all(counts[wanted] != number for wanted, number in told.counts)
            counts |= dict(told.counts)
    assert heard == {one.key: one for one in now}
    for wanted, number in counts.items():
        assert number == now.count(wanted) == sum(counted(one, wanted) for one in now)
