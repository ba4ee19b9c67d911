"""Reading stored messages: pages, placeholders, what members see, recalling, and read positions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from worlds import ADMIN, DAY, NOW, WITH_MEMBERS, World, on_plan, switched


def text(words: str) -> list[dict]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


@pytest.fixture
def public(world: World) -> str:
    world.people("owner", "alice", "bob", "eve")
    return world.group("Public", members=["alice", "bob"])


def page(world: World, group: str, number: int = 20, by: str | None = None, **more: Any) -> list[dict]:
    return world.call("group_msg_get_simple", by, GroupId=group, ReqMsgNumber=number, **more)["RspMsgList"]


def places(world: World, group: str, by: str | None = None, **more: Any) -> list[tuple[int, int]]:
    """Return seq and placeholder mark of a page."""
    return [(one["MsgSeq"], one["IsPlaceMsg"]) for one in page(world, group, by=by, **more)]


def pulled(world: World, group: str, by: str, **more: Any) -> list[int]:
    """Return the seqs of a pulled page: those of tips are negative."""
    items = world.call("pull_group_messages", by, GroupId=group, **more)["Items"]
    return [-item["Seq"] if "TipType" in item else item["MsgSeq"] for item in items]


def walked(world: World, group: str, by: str, **more: Any) -> list[int]:
    """Walk a stream to its end, page by page."""
    seqs: list[int] = []
    while True:
        answer = world.call("pull_group_messages", by, GroupId=group, **more)
        seqs += [item.get("MsgSeq") or -item["Seq"] for item in answer["Items"]]
        assert answer["IsFinished"] == (answer["NextSeq"] == 0)
        if answer["IsFinished"]:
            return seqs
        more |= {"Seq": answer["NextSeq"]}


class TestPages:
    def test_the_newest_come_first_with_all_their_fields(self, world: World, public):
        world.say(public, "one", "alice", MsgPriority="High", CloudCustomData="c", Random=77)
        world.now += 3
        world.say(public, "two", "bob", MsgPriority="Low", GroupAtInfo=[{"GroupAtAllFlag": 1}], Random=78)
        answer = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=2)
        assert answer == {
            "GroupId": public, "IsFinished": 1,
            "RspMsgList": [
                {"From_Account": "bob", "IsPlaceMsg": 0, "MsgBody": text("two"), "MsgPriority": 3, "MsgRandom": 78,
                 "MsgSeq": 3, "MsgTimeStamp": NOW + 3, "GroupAtInfo": [{"GroupAtAllFlag": 1}]},
                {"From_Account": "alice", "IsPlaceMsg": 0, "MsgBody": text("one"), "MsgPriority": 1, "MsgRandom": 77,
                 "MsgSeq": 2, "MsgTimeStamp": NOW, "CloudCustomData": "c"},
            ],
        }  # fmt: skip

    def test_a_stored_notice_is_a_system_message(self, world: World, public):
        [notice] = page(world, public)
        assert (notice["From_Account"], notice["IsSystemMsg"], notice["IsPlaceMsg"]) == ("@TIM#SYSTEM", 1, 0)
        [element] = notice["MsgBody"]
        assert element["MsgType"] == "TIMGroupTipElem"
        assert element["MsgContent"]["UserList"] == ["alice", "bob"]

    def test_a_page_has_twenty_at_most_and_the_next_begins_below(self, world: World, public):
        for number in range(44):
            world.now += number % 2
            world.say(public, str(number), "alice")
        answer = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=500)
        assert ([one["MsgSeq"] for one in answer["RspMsgList"]], answer["IsFinished"]) == (
            list(range(45, 25, -1)), 0,
        )  # fmt: skip
        assert places(world, public, ReqMsgSeq=25)[-1] == (6, 0)
        answer = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=20, ReqMsgSeq=5)
        assert ([one["MsgSeq"] for one in answer["RspMsgList"]], answer["IsFinished"]) == ([5, 4, 3, 2, 1], 1)

    def test_a_page_ends_where_it_would_be_too_large(self, world: World, public):
        for _ in range(6):
            world.say(public, "x" * 12000, "alice")
        answer = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=6)
        assert (len(answer["RspMsgList"]), answer["IsFinished"]) == (3, 0)

    def test_a_topic_has_pages_of_its_own(self, world: World):
        world.people("owner", "alice")
        group = world.group("Community", members=["alice"], SupportTopic=1)
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        world.say(group, "in the topic", "alice", TopicId=topic)
        answer = world.call("group_msg_get_simple", GroupId=group, ReqMsgNumber=5, TopicId=topic)
        assert (answer["TopicId"], answer["RspMsgList"][0]["MsgBody"]) == (topic, text("in the topic"))
        assert len(answer["RspMsgList"]) == 1
        assert "TIMTextElem" not in str(page(world, group))

    def test_who_may_read(self, world: World, public):
        world.say(public, "x", "alice")
        for name, fields in (("group_msg_get_simple", {"ReqMsgNumber": 1}), ("pull_group_messages", {}),
                             ("read_group_messages", {})):  # fmt: skip
            world.refused(10007, name, "eve", GroupId=public, **fields)
            world.refused(10010, name, "alice", GroupId="nobody", **fields)
        room = world.group("AVChatRoom")
        world.there(room, "alice")
        world.refused(10007, "group_msg_get_simple", GroupId=room, ReqMsgNumber=1)
        world.refused(10007, "read_group_messages", ADMIN, GroupId=public)


class TestWalking:
    @pytest.fixture
    def spoken(self, world: World, public) -> str:
        for number in range(9):
            world.now += 10
            world.say(public, str(number), "alice")
        return public

    def test_both_ways(self, world: World, spoken):
        for limit in (1, 2, 3, 10, 100):
            assert walked(world, spoken, "alice", Limit=limit) == [10, 9, 8, 7, 6, 5, 4, 3, 2, -1]
            assert walked(world, spoken, "alice", Limit=limit, Newer=1) == [-1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

    def test_where_it_begins_is_part_of_it(self, world: World, spoken):
        assert pulled(world, spoken, "bob", Seq=5, Limit=2) == [5, 4]
        assert pulled(world, spoken, "bob", Seq=5, Limit=2, Newer=1) == [5, 6]
        assert pulled(world, spoken, "bob", Seq=99, Limit=2, Newer=1) == []
        assert pulled(world, spoken, "bob", Seq=99, Limit=2) == [10, 9]

    def test_by_time(self, world: World, spoken):
        assert pulled(world, spoken, "bob", Time=NOW + 30, Limit=2) == [4, 3]
        assert pulled(world, spoken, "bob", Time=NOW + 29, Limit=1) == [3]
        assert pulled(world, spoken, "bob", Time=NOW + 29, Limit=2, Newer=1) == [4, 5]
        assert pulled(world, spoken, "bob", Time=NOW + 10**6, Newer=1) == []
        assert pulled(world, spoken, "bob", Time=0) == []

    def test_given_seqs(self, world: World, spoken):
        assert pulled(world, spoken, "bob", Seqs=[7, 3, 99, 1, 3]) == [7, 3, -1]

    def test_an_item_is_the_message_as_it_was_pushed(self, world: World, spoken):
        bob = world.online("bob")
        world.say(spoken, "the same", "alice", CloudCustomData="c", NeedReadReceipt=1)
        [item] = world.call("pull_group_messages", "bob", GroupId=spoken, Limit=1)["Items"]
        assert item == bob.frames[-1]["params"]


class TestWhatMembersSee:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_nothing_from_before_unless_the_history_is_open(self, world: World, kind):
        world.people("owner", "alice", "bob")
        group = world.group(kind, members=["alice"])
        before = world.say(group, "before", "owner")["MsgSeq"]
        world.now += 5
        world.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "bob"}])
        after = world.say(group, "after", "alice")["MsgSeq"]
        found = [seq for seq in walked(world, group, "bob") if seq > 0]
        assert found == ([after, before] if kind == "ChatRoom" else [after])
        assert [seq for seq in walked(world, group, "alice") if seq > 0] == [after, before]
        shown = dict(places(world, group, "bob"))
        assert (shown[after], shown[before]) == (0, 0 if kind == "ChatRoom" else 1)
        world.call("delete_group_member", GroupId=group, MemberToDel_Account=["bob"])
        world.refused(10007, "pull_group_messages", "bob", GroupId=group)

    def test_the_option_opens_and_closes_it(self, world: World, public):
        world.say(public, "before", "alice")
        world.call("add_group_member", GroupId=public, MemberList=[{"Member_Account": "eve"}])
        assert walked(world, public, "eve") == [-3]
        world.call("modify_group_base_info", GroupId=public, HistoryMsgBeforeJoin="On")
        assert 2 in walked(world, public, "eve")

    def test_a_bit_opens_the_older_history_of_a_community(self, world: World):
        world.people("owner", "alice")
        group = world.group("Community", SupportTopic=1, EnablePermission=1, DefaultPermission=0)
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        for more in ({}, {"TopicId": topic}):
            world.say(group, "before", "owner", **more)
        world.now += 5
        world.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "alice"}])
        helpers = {"GroupId": group, "PermissionGroupId": "@PMG#_helpers"}
        world.call("create_permission_group", **helpers)
        world.call("add_permission_group_member", **helpers, MemberList=[{"Member_Account": "alice"}])

        def seen() -> tuple[int, int]:
            own = [seq for seq in walked(world, group, "alice") if seq > 0]
            return len(own), len(walked(world, group, "alice", TopicId=topic))

        assert seen() == (0, 0)
        world.call("add_topic_permission_group", **helpers, TopicPermissionList=[{"TopicId": topic, "Permission": 16}])
        assert seen() == (0, 1)
        world.call("modify_permission_group", **helpers, Permission=1 << 8)
        assert seen() == (1, 1)

    def test_a_message_to_some_is_for_them(self, world: World, public):
        seq = world.say(public, "psst", "alice", To_Account=["bob"])["MsgSeq"]
        seen = {user: pulled(world, public, user, Limit=1) for user in ("owner", "alice", "bob", ADMIN)}
        assert seen == {"owner": [-1], "alice": [seq], "bob": [seq], ADMIN: [seq]}
        assert page(world, public, 1)[0]["To_Account"] == ["bob"]
        assert places(world, public, "owner")[0] == (seq, 1)

    def test_a_group_that_sleeps_has_nothing_to_show(self, world: World):
        world.people("owner", "alice")
        group = world.group("Private", members=["alice"])
        world.say(group, "not yet", From_Account="alice")
        assert walked(world, group, "alice") == []
        assert walked(world, group, "owner") == [1]
        world.say(group, "now", "owner")
        assert walked(world, group, "alice") == [2, 1]

    def test_what_is_past_keeping_is_not_shown(self, world: World, public):
        world.app = on_plan(world.app, "2025-trial")
        world.say(public, "old", "alice")
        world.now += 5 * DAY
        world.say(public, "young", "alice")
        assert walked(world, public, "bob") == [3, 2, -1]
        world.now += 3 * DAY
        assert walked(world, public, "bob") == [3]
        assert walked(world, public, "bob", Newer=1) == [3]
        assert places(world, public) == [(3, 0), (2, 1), (1, 1)]
        assert world.call("group_msg_recall", GroupId=public, MsgSeqList=[{"MsgSeq": 2}]) == codes({2: 10030})
        world.now += 7 * DAY
        answer = world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=21)
        assert (len(answer["RspMsgList"]), answer["IsFinished"]) == (3, 1)
        for _ in range(30):
            world.say(public, "x", "alice")
        world.now += 8 * DAY
        assert world.call("group_msg_get_simple", GroupId=public, ReqMsgNumber=21)["IsFinished"] == 2


def codes(given: dict[int, int]) -> dict[str, Any]:
    return {"RecallRetList": [{"MsgSeq": seq, "RetCode": code} for seq, code in given.items()]}


class TestRecall:
    def recall(self, world: World, group: str, *seqs: int, by: str | None = None, **more: Any) -> dict[int, int]:
        answer = world.call("group_msg_recall", by, GroupId=group, MsgSeqList=[{"MsgSeq": s} for s in seqs], **more)
        return {item["MsgSeq"]: item["RetCode"] for item in answer["RecallRetList"]}

    def test_its_place_stays_and_says_who_and_why(self, world: World, public):
        bob = world.online("bob")
        world.say(public, "a", "alice", CloudCustomData="c", OfflinePushInfo={"Desc": "a"}, Random=5)
        world.now += 10
        bob.frames.clear()
        assert self.recall(world, public, 2, by="alice", Reason="typo") == {2: 0}
        told = {"MsgSeqList": [2], "Operator_Account": "alice", "Time": NOW + 10, "Reason": "typo"}
        [frame] = bob.frames
        assert (frame["method"], frame["params"]) == (
            "message_change", {"ChangeType": "Recalled", "GroupId": public, **told},
        )  # fmt: skip
        [item] = world.call("pull_group_messages", "bob", GroupId=public, Limit=1)["Items"]
        assert item == {
            "GroupId": public, "GroupType": "Public", "From_Account": "alice", "MsgSeq": 2, "MsgTime": NOW,
            "MsgRandom": 5, "MsgBody": [],
            "Recalled": {"Operator_Account": "alice", "Time": NOW + 10, "Reason": "typo"},
        }  # fmt: skip
        assert places(world, public) == [(1, 0)]
        assert places(world, public, WithRecalledMsg=1) == [(2, 2), (1, 0)]
        assert page(world, public, WithRecalledMsg=1)[0]["MsgBody"] == []
        assert world.call("sync", "bob", Groups={public: 1})["Messages"] == [item]

    def test_a_page_without_recalled_ones_is_as_long(self, world: World, public):
        for number in range(30):
            world.say(public, str(number), "alice")
        self.recall(world, public, *range(20, 30))
        assert [seq for seq, _ in places(world, public)] == [31, 30, *range(19, 1, -1)]

    def test_each_has_its_code(self, world: World, public):
        world.say(public, "hers", "alice")
        world.say(public, "his", "bob")
        assert self.recall(world, public, 1, 2, 3, 9, by="alice") == {1: 10032, 2: 0, 3: 10007, 9: 10030}
        before = len(world.events)
        assert self.recall(world, public, 2, by="alice") == {2: 0}
        assert len(world.events) == before

    def test_a_users_own_for_two_minutes(self, world: World, public):
        world.say(public, "x", "alice")
        world.now += 121
        assert self.recall(world, public, 2, by="alice") == {2: 10031}
        world.app = switched(world.app, recall_seconds=121)
        assert self.recall(world, public, 2, by="alice") == {2: 0}

    def test_owner_and_administrators_those_of_lower_members(self, world: World, public):
        world.call("modify_group_member_info", GroupId=public, Member_Account="alice", Role="Admin")
        world.call("modify_group_member_info", GroupId=public, Member_Account="bob", Role="Admin")
        seqs = {user: world.say(public, "x", user)["MsgSeq"] for user in ("owner", "alice", "bob")}
        world.now += 10**6
        assert self.recall(world, public, seqs["owner"], seqs["bob"], by="alice") == {
            seqs["owner"]: 10007, seqs["bob"]: 10007,
        }  # fmt: skip
        assert self.recall(world, public, seqs["alice"], by="alice") == {seqs["alice"]: 0}
        assert self.recall(world, public, seqs["bob"], by="owner") == {seqs["bob"]: 0}
        assert self.recall(world, public, seqs["owner"]) == {seqs["owner"]: 0}

    def test_a_bit_lets_a_member(self, world: World):
        world.people("owner", "alice", "bob")
        group = world.group("Community", members=["alice", "bob"], SupportTopic=1, EnablePermission=1,
                            DefaultPermission=1 << 6)  # fmt: skip
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        own, inside = (world.say(group, "x", "bob", **more)["MsgSeq"] for more in ({}, {"TopicId": topic}))
        helpers = {"GroupId": group, "PermissionGroupId": "@PMG#_helpers"}
        world.call("create_permission_group", **helpers)
        world.call("add_permission_group_member", **helpers, MemberList=[{"Member_Account": "alice"}])
        assert self.recall(world, group, inside, by="alice", TopicId=topic) == {inside: 10007}
        world.call("add_topic_permission_group", **helpers, TopicPermissionList=[{"TopicId": topic, "Permission": 32}])
        assert self.recall(world, group, inside, by="alice", TopicId=topic) == {inside: 0}
        assert self.recall(world, group, own, by="alice") == {own: 10007}
        world.call("modify_permission_group", **helpers, Permission=1 << 9)
        assert self.recall(world, group, own, by="alice") == {own: 0}

    def test_not_what_one_does_not_see(self, world: World, public):
        seq = world.say(public, "psst", "bob", To_Account=["alice"])["MsgSeq"]
        assert self.recall(world, public, seq, by="owner") == {seq: 10030}

    def test_refused(self, world: World, public):
        world.people("x")
        room = world.group("AVChatRoom")
        one = [{"MsgSeq": 1}]
        world.refused(10033, "group_msg_recall", GroupId=room, MsgSeqList=one)
        world.refused(10007, "group_msg_recall", "eve", GroupId=public, MsgSeqList=one)
        world.refused(10004, "group_msg_recall", GroupId=public, MsgSeqList=one * 11)
        world.refused(10004, "group_msg_recall", GroupId=public, MsgSeqList=[])
        world.refused(10004, "group_msg_recall", GroupId=public, MsgSeqList=one, Reason="x" * 101)


class TestReading:
    def test_it_moves_forward_and_tells_ones_own_sessions(self, world: World, public):
        for _ in range(5):
            world.say(public, "x", "alice")
        bob, alice = world.online("bob"), world.online("alice")
        assert world.call("read_group_messages", "bob", GroupId=public, MsgSeq=4) == {"MsgSeq": 4, "UnreadMsgNum": 2}
        assert [frame["params"] for frame in bob.frames] == [
            {"ChangeType": "Read", "GroupId": public, "MsgSeq": 4, "UnreadMsgNum": 2}
        ]
        assert bob.frames[0]["method"] == "conversation_change"
        assert world.call("read_group_messages", "bob", GroupId=public, MsgSeq=2) == {"MsgSeq": 4, "UnreadMsgNum": 2}
        assert len(bob.frames) == 1
        assert world.member(public, "bob")["MsgSeq"] == 4
        assert world.call("read_group_messages", "bob", GroupId=public) == {"MsgSeq": 6, "UnreadMsgNum": 0}
        assert world.call("read_group_messages", "bob", GroupId=public, MsgSeq=99) == {"MsgSeq": 6, "UnreadMsgNum": 0}
        assert alice.frames == []

    def test_topics_have_positions_of_their_own(self, world: World):
        world.people("owner", "alice")
        group = world.group("Community", members=["alice"], SupportTopic=1)
        topic = world.call("create_topic", GroupId=group, TopicName="t")["TopicId"]
        for _ in range(3):
            world.say(group, "x", "owner", TopicId=topic)
        fields = {"GroupId": group, "TopicId": topic}
        assert world.call("read_group_messages", "alice", MsgSeq=1, **fields) == {"MsgSeq": 1, "UnreadMsgNum": 2}
        assert world.call("read_group_messages", "alice", MsgSeq=0, **fields) == {"MsgSeq": 1, "UnreadMsgNum": 2}
        [shown] = world.call("get_topic", "alice", GroupId=group, From_Account="alice")["TopicAndSelfInfo"]
        assert shown["SelfInfo"]["MsgSeq"] == 1

    def test_what_counts_as_unread(self, world: World, public):
        world.say(public, "x", "alice", SendMsgControl=["NoUnread"])
        world.say(public, "y", "alice")
        read = world.call("read_group_messages", "bob", GroupId=public, MsgSeq=0)
        assert (read["MsgSeq"], read["UnreadMsgNum"]) == (0, 2)  # the notice of the creation, and y

    def test_a_meeting_counts_none(self, world: World):
        world.people("owner", "alice")
        group = world.group("ChatRoom", members=["alice"])
        world.say(group, "x", "owner")
        assert world.call("read_group_messages", "alice", GroupId=group, MsgSeq=0)["UnreadMsgNum"] == 0


def test_every_message_is_json(world: World, public):
    world.say(public, "x", "alice")
    for (body,) in world.rows("SELECT body FROM messages"):
        assert msgspec.json.decode(body)
