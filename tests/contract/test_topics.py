"""Topics of communities: create, read, change, delete, import (docs 1047/49471, 49469, 49468, 49470, 53448)."""

from __future__ import annotations

import re

import pytest

from qunzhu.core.notices import change, system_notices, tip
from worlds import ADMIN, DAY, KINDS, NOW, on_plan, switched

CLUB = "@TGS#_club"
NEWS = f"{CLUB}@TOPIC#_news"
GONE = f"{CLUB}@TOPIC#_gone"


@pytest.fixture
def club(world):
    """Return a world with a community that has topics: an owner, an administrator, a member."""
    world.people("owner", "ann", "bob", "eve")
    people = [{"Member_Account": "ann", "Role": "Admin"}, {"Member_Account": "bob"}]
    world.group("Community", GroupId=CLUB, SupportTopic=1, MemberList=people)
    return world


@pytest.fixture
def news(club):
    """Return a world with a topic in it."""
    club.call("create_topic", "ann", GroupId=CLUB, TopicName="News", TopicId=NEWS)
    return club


def read(world, by=None, **fields):
    """Return the items of get_topic; through REST as bob."""
    more = {} if by else {"From_Account": "bob"}
    return world.call("get_topic", by, GroupId=CLUB, **{**more, **fields})["TopicAndSelfInfo"]


def since(world, before):
    """Return the events since a number of them."""
    return world.events[before:]


def may(world, bits, *, topic=None):
    """Put bob into a permission group: bits for the community, or for one topic."""
    world.call("modify_group_base_info", GroupId=CLUB, EnablePermission=1)
    world.execute(
        "INSERT INTO permission_groups (group_num, permission_group_id, name, permission, custom_string, member_num,"
        " created_at) SELECT num, '@PMG#_p', 'p', :bits, '', 1, 0 FROM groups WHERE group_id = :id",
        bits=0 if topic else bits, id=CLUB,
    )  # fmt: skip
    world.execute(
        "INSERT INTO permission_group_members (group_num, user_id, permission_group_id)"
        " SELECT num, 'bob', '@PMG#_p' FROM groups WHERE group_id = :id", id=CLUB,
    )  # fmt: skip
    if topic:
        world.execute(
            "INSERT INTO topic_permissions (group_num, permission_group_id, topic_num, permission)"
            " SELECT group_num, '@PMG#_p', num, :bits FROM topics WHERE topic_id = :id", bits=bits, id=topic,
        )  # fmt: skip


class TestCreate:
    def test_as_created(self, club):
        club.now += 5
        made = club.call(
            "create_topic", GroupId=CLUB, TopicName="新闻", From_Account="eve", CustomString="{\"a\":\n1}",
            FaceUrl="http://face", Notification="note\nline", Introduction="intro",
        )  # fmt: skip
        topic = made["TopicId"]
        assert re.fullmatch(re.escape(f"{CLUB}@TOPIC#_@TOPIC#c") + "[0-9A-Z]{17}", topic)
        assert made == {"TopicId": topic}
        assert read(club) == [{
            "ErrorCode": 0, "ErrorInfo": "",
            "TopicInfo": {
                "GroupID": CLUB, "GroupId": CLUB, "TopicId": topic, "TopicName": "新闻", "FaceUrl": "http://face",
                "Notification": "note\nline", "Introduction": "intro", "CustomString": "{\"a\":\n1}", "NextMsgSeq": 1,
                "CreateTime": NOW + 5, "LastMsgTime": 0, "MuteAllMember": "Off",
            },
            "SelfInfo": {"ShutUpTime": 0, "MsgSeq": 0, "MsgFlag": "AcceptAndNotify"},
        }]  # fmt: skip

    def test_ids_differ_and_come_in_order(self, club):
        made = [club.call("create_topic", GroupId=CLUB, TopicName=f"t{n}")["TopicId"] for n in range(20)]
        assert len(set(made)) == 20
        assert [item["TopicInfo"]["TopicId"] for item in read(club)] == made
        assert max(map(len, made)) <= 96

    def test_an_id_of_ones_own(self, news):
        assert read(news)[0]["TopicInfo"]["TopicId"] == NEWS
        fields = {"GroupId": CLUB, "TopicName": "n", "TopicId": NEWS}
        news.refused(10025, "create_topic", "ann", **fields)
        news.refused(10021, "create_topic", "owner", **fields)
        news.refused(10021, "create_topic", **fields)
        news.refused(10025, "create_topic", From_Account="ann", **fields)
        assert news.call("create_topic", GroupId=CLUB, TopicName="n", TopicId="")["TopicId"].startswith(CLUB)

    @pytest.mark.parametrize("part", ["", "é", "a\n", "@TGS#_x", "@TOPIC#x", "a@TOPIC#_@TOPIC#b", "x" * 79])
    def test_ids_that_cannot_be_chosen(self, club, part):
        text = club.refused(10004, "create_topic", GroupId=CLUB, TopicName="n", TopicId=f"{CLUB}@TOPIC#_{part}")
        assert "TopicId" in text
        club.refused(10004, "create_topic", GroupId=CLUB, TopicName="n", TopicId=f"@TGS#_other@TOPIC#_{part}")

    def test_the_longest_id(self, club):
        longest = f"{CLUB}@TOPIC#_".ljust(96, "x")
        assert club.call("create_topic", GroupId=CLUB, TopicName="n", TopicId=longest)["TopicId"] == longest
        big = club.group("Community", GroupId="@TGS#_".ljust(48, "y"), SupportTopic=1)
        assert len(club.call("create_topic", GroupId=big, TopicName="n")["TopicId"]) <= 96

    @pytest.mark.parametrize(("field", "most"), [
        ("TopicName", 30), ("Introduction", 240), ("Notification", 300), ("FaceUrl", 100), ("CustomString", 3000),
    ])  # fmt: skip
    def test_limits(self, news, field, most):
        for name, fields in (
            ("create_topic", {"GroupId": CLUB, "TopicName": "n"}),
            ("import_topic", {"GroupId": CLUB, "TopicName": "n"}),
            ("modify_topic", {"GroupId": CLUB, "TopicId": NEWS}),
        ):
            text = news.refused(10004, name, **{**fields, field: "é" * (most // 2) + "xx"})
            assert field in text
            assert str(most) in text
            assert str(most // 2 * 2 + 2) in text
            news.call(name, **{**fields, field: "é" * (most // 2)})

    def test_wrong_fields(self, club):
        assert "TopicName" in club.refused(10004, "create_topic", GroupId=CLUB)
        club.refused(10004, "create_topic", GroupId=CLUB, TopicName="")
        club.refused(10004, "create_topic", GroupId=CLUB, TopicName="a\nb")
        club.refused(10004, "create_topic", GroupId=CLUB, TopicName="n", From_Account="ghost")
        club.refused(60015, "create_topic", GroupId=CLUB, TopicName="n", From_Account=7)

    def test_where_there_are_no_topics(self, club):
        for kind in KINDS:
            if kind != "Community":
                group = club.group(kind)
                club.refused(10007, "create_topic", GroupId=group, TopicName="n")
        plain = club.group("Community", members=["bob"])
        for name, fields in (
            ("create_topic", {"TopicName": "n"}), ("import_topic", {"TopicName": "n"}),
            ("get_topic", {"From_Account": "bob"}), ("modify_topic", {"TopicId": NEWS}),
            ("destroy_topic", {"TopicIdList": [NEWS]}),
        ):  # fmt: skip
            club.refused(11000, name, GroupId=plain, **fields)
            club.refused(10010, name, GroupId="nowhere", **fields)
            club.refused(10015, name, GroupId="é", **fields)
        club.app = switched(club.app, community=False)
        club.refused(11000, "create_topic", GroupId=CLUB, TopicName="n")
        club.refused(11000, "get_topic", "bob", GroupId=CLUB)

    def test_the_plan_caps_them(self, club):
        club.app = on_plan(club.app, "2025-pro")
        for n in range(200):
            club.call("create_topic", GroupId=CLUB, TopicName=f"t{n}")
        assert "200" in club.refused(10037, "create_topic", GroupId=CLUB, TopicName="n")
        club.refused(10037, "import_topic", GroupId=CLUB, TopicName="n")
        last = read(club)[-1]["TopicInfo"]["TopicId"]
        club.call("destroy_topic", GroupId=CLUB, TopicIdList=[last])
        club.call("create_topic", GroupId=CLUB, TopicName="n")
        other = club.group("Community", SupportTopic=1)
        club.call("create_topic", GroupId=other, TopicName="n")

    def test_by_a_permission_group(self, club):
        club.refused(10007, "create_topic", "bob", GroupId=CLUB, TopicName="n")
        may(club, 16)
        club.call("create_topic", "bob", GroupId=CLUB, TopicName="n")
        club.refused(10007, "create_topic", "eve", GroupId=CLUB, TopicName="n")

    def test_everybody_is_told_and_nothing_stored(self, club):
        before, stored = len(club.events), club.stored(CLUB)
        topic = club.call("create_topic", "ann", GroupId=CLUB, TopicName="News")["TopicId"]
        [event] = since(club, before)
        base = {"GroupId": CLUB, "GroupType": "Community", "Operator_Account": "ann", "Time": NOW}
        more = {"TopicId": topic, "TopicName": "News"}
        assert tip(event) is None
        assert system_notices(event) == [(None, {**base, "ReportType": "TopicCreate", **more})]
        assert change(event) == {**base, "ChangeType": "TopicCreated", **more}
        assert (event.seq, event.creator, club.stored(CLUB)) == (0, "ann", stored)

    def test_a_user_does_not_name_another(self, club):
        club.call("create_topic", "ann", GroupId=CLUB, TopicName="n", From_Account="bob")
        assert club.events[-1].operator == "ann"
        club.call("create_topic", ADMIN, GroupId=CLUB, TopicName="n", From_Account="bob")
        assert club.events[-1].operator == "bob"


class TestImport:
    def test_with_its_time_and_in_silence(self, club):
        before = len(club.events)
        made = club.call(
            "import_topic", GroupId=CLUB, TopicName="Old", TopicId=NEWS, Type="Community", From_Account="ann",
            CustomString="c", FaceUrl="f", Notification="n", Introduction="i", CreateTime=NOW - DAY,
        )  # fmt: skip
        assert made == {"TopicId": NEWS}
        [item] = read(club)
        assert item["TopicInfo"]["CreateTime"] == NOW - DAY
        assert [item["TopicInfo"][key] for key in ("CustomString", "FaceUrl")] == ["c", "f"]
        [event] = since(club, before)
        assert (tip(event), change(event), system_notices(event)) == (None, None, [])
        club.call("import_topic", GroupId=CLUB, TopicName="now")
        assert read(club)[-1]["TopicInfo"]["CreateTime"] == NOW

    def test_refusals(self, news):
        news.refused(10021, "import_topic", GroupId=CLUB, TopicName="n", TopicId=NEWS)
        news.refused(10025, "import_topic", GroupId=CLUB, TopicName="n", TopicId=NEWS, From_Account="ann")
        news.refused(10004, "import_topic", GroupId=CLUB, TopicName="n", Type="Public")
        news.refused(10004, "import_topic", GroupId=CLUB, TopicName="n", CreateTime=-1)
        news.refused(10007, "import_topic", "owner", GroupId=CLUB, TopicName="n")
        news.refused(10007, "import_topic", GroupId=news.group("Public"), TopicName="n")


class TestRead:
    def test_named_ones_each_with_its_code(self, news):
        second = news.call("create_topic", GroupId=CLUB, TopicName="Second")["TopicId"]
        items = read(news, TopicIdList=[second, GONE, NEWS, "\x00é", second])
        assert [(item["TopicInfo"]["TopicId"], item["ErrorCode"]) for item in items] == [
            (second, 0), (GONE, 110003), (NEWS, 0), ("\x00é", 110003),
        ]  # fmt: skip
        assert items[1]["ErrorInfo"]
        assert items[1]["TopicInfo"] == {"GroupID": CLUB, "GroupId": CLUB, "TopicId": GONE}
        assert "SelfInfo" not in items[1]

    def test_another_communitys_topic_is_none_of_this(self, news):
        other = news.group("Community", SupportTopic=1)
        foreign = news.call("create_topic", GroupId=other, TopicName="n")["TopicId"]
        assert read(news, TopicIdList=[foreign])[0]["ErrorCode"] == 110003
        news.refused(10010, "modify_topic", GroupId=CLUB, TopicId=foreign, TopicName="x")
        assert news.call("destroy_topic", GroupId=CLUB, TopicIdList=[foreign])["DestroyResultItem"][0]["ErrorCode"]

    def test_filter(self, news):
        [item] = read(news, ResponseFilter=["TopicName", "NextMsgSeq", "Nonsense"])
        assert item["TopicInfo"] == {
            "GroupID": CLUB, "GroupId": CLUB, "TopicId": NEWS, "TopicName": "News", "NextMsgSeq": 1,
        }  # fmt: skip
        assert item["SelfInfo"]["MsgSeq"] == 0

    def test_whose_state(self, news):
        news.execute("UPDATE topics SET next_seq = 8, last_msg_at = :at", at=NOW + 10)
        news.execute(
            "INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag) SELECT num, 'bob', 5, 1 FROM topics"
        )
        for user, until in (("bob", NOW + 60), ("ann", NOW - 1)):
            news.execute(
                "INSERT INTO mutes (group_num, topic_num, user_id, until)"
                " SELECT group_num, num, :user, :until FROM topics",
                user=user, until=until,
            )  # fmt: skip
        news.execute(
            "INSERT INTO mutes (group_num, topic_num, user_id, until) SELECT num, 0, 'ann', 9999999999 FROM groups"
        )
        bobs = {"ShutUpTime": NOW + 60, "MsgSeq": 5, "MsgFlag": "Discard"}
        anns = {"ShutUpTime": 0, "MsgSeq": 0, "MsgFlag": "AcceptAndNotify"}
        assert read(news)[0]["SelfInfo"] == bobs
        assert read(news, From_Account="ann", TopicIdList=[NEWS])[0]["SelfInfo"] == anns
        assert read(news, "bob")[0]["SelfInfo"] == bobs
        assert read(news, "bob", From_Account="ann")[0]["SelfInfo"] == bobs
        assert read(news, ADMIN, From_Account="ann")[0]["SelfInfo"] == anns
        assert "SelfInfo" not in read(news, ADMIN)[0]
        assert "SelfInfo" not in read(news, From_Account="eve")[0]

    def test_what_came_before_one_joined_is_read(self, news):
        news.execute("UPDATE topics SET next_seq = 8, last_msg_at = :at", at=NOW + 10)
        news.now += 20
        news.call("join_group", "eve", GroupId=CLUB)
        assert read(news, "eve")[0]["SelfInfo"]["MsgSeq"] == 7

    def test_who_leaves_and_returns_is_new(self, news):
        news.execute("INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag)"
                     " SELECT num, user_id, 5, 1 FROM topics, accounts")  # fmt: skip
        news.call("quit_group", "bob", GroupId=CLUB)
        assert {user for (user,) in news.rows("SELECT user_id FROM topic_members")} == {"owner", "ann", "eve", ADMIN}
        news.call("join_group", "bob", GroupId=CLUB)
        assert read(news)[0]["SelfInfo"] == {"ShutUpTime": 0, "MsgSeq": 0, "MsgFlag": "AcceptAndNotify"}

    def test_refusals(self, news):
        assert "From_Account" in news.refused(10004, "get_topic", GroupId=CLUB)
        news.refused(10004, "get_topic", GroupId=CLUB, From_Account="ghost")
        news.refused(10004, "get_topic", GroupId=CLUB, From_Account="bob", TopicIdList=[])
        news.refused(10004, "get_topic", GroupId=CLUB, From_Account="bob", TopicIdList=["x"] * 201)
        news.refused(10007, "get_topic", "eve", GroupId=CLUB)
        news.refused(10007, "get_topic", GroupId=news.group("Public"), From_Account="bob")

    def test_a_community_without_any(self, club):
        assert read(club) == []


class TestModify:
    def test_each_field(self, news):
        given = {
            "TopicName": "Other", "FaceUrl": "f", "Notification": "n", "Introduction": "i", "CustomString": "c",
            "MuteAllMember": "On",
        }  # fmt: skip
        for name, value in given.items():
            before = len(news.events)
            assert news.call("modify_topic", "ann", GroupId=CLUB, TopicId=NEWS, **{name: value}) == {}
            [event] = since(news, before)
            assert event.changes == {name: value}
            assert read(news)[0]["TopicInfo"][name] == value
        assert read(news)[0]["TopicInfo"].items() >= given.items()
        news.call("modify_topic", GroupId=CLUB, TopicId=NEWS, CustomString="", MuteAllMember="Off")
        assert read(news)[0]["TopicInfo"].items() >= {"CustomString": "", "MuteAllMember": "Off"}.items()

    def test_only_the_named_topic_changes(self, news):
        second = news.call("create_topic", GroupId=CLUB, TopicName="Second")["TopicId"]
        news.call("modify_topic", GroupId=CLUB, TopicId=second, TopicName="2", MuteAllMember="On")
        assert [(i["TopicInfo"]["TopicName"], i["TopicInfo"]["MuteAllMember"]) for i in read(news)] == [
            ("News", "Off"), ("2", "On"),
        ]  # fmt: skip

    def test_how_it_is_told(self, news):
        before, stored = len(news.events), news.stored(CLUB)
        news.call("modify_topic", GroupId=CLUB, TopicId=NEWS, From_Account="bob", TopicName="x", MuteAllMember="On")
        [event] = since(news, before)
        base = {"GroupId": CLUB, "GroupType": "Community", "Operator_Account": "bob", "Time": NOW}
        more = {"TopicId": NEWS, "Changes": {"TopicName": "x", "MuteAllMember": "On"}}
        assert tip(event) == {**base, "TipType": "TopicInfoChange", **more, "Seq": 0}
        assert change(event) == {**base, "ChangeType": "TopicChanged", **more}
        assert system_notices(event) == []
        assert news.stored(CLUB) == stored

    def test_nothing_to_change(self, news):
        before = news.dump()
        assert news.call("modify_topic", GroupId=CLUB, TopicId=NEWS) == {}
        assert news.dump() == before

    def test_refusals(self, news):
        news.refused(10010, "modify_topic", GroupId=CLUB, TopicId=GONE, TopicName="x")
        news.refused(10004, "modify_topic", GroupId=CLUB, TopicId="", TopicName="x")
        news.refused(10004, "modify_topic", GroupId=CLUB, TopicId=NEWS, TopicName="")
        news.refused(10004, "modify_topic", GroupId=CLUB, TopicId=NEWS, MuteAllMember="on")
        news.refused(10004, "modify_topic", GroupId=CLUB, TopicId=NEWS, TopicName="x", From_Account="ghost")
        news.refused(10007, "modify_topic", "bob", GroupId=CLUB, TopicId=GONE, TopicName="x")
        news.refused(10007, "modify_topic", "eve", GroupId=CLUB, TopicId=NEWS)

    @pytest.mark.parametrize(("bits", "topic"), [(16, None), (1, NEWS)])
    def test_by_a_permission_group(self, news, bits, topic):
        second = news.call("create_topic", GroupId=CLUB, TopicName="Second")["TopicId"]
        may(news, bits, topic=topic)
        news.call("modify_topic", "bob", GroupId=CLUB, TopicId=NEWS, TopicName="bob's")
        news.refused(10007, "modify_topic", "bob", GroupId=CLUB, TopicId=NEWS, MuteAllMember="On")
        if topic:
            news.refused(10007, "modify_topic", "bob", GroupId=CLUB, TopicId=second, TopicName="bob's")
            news.refused(10007, "destroy_topic", "bob", GroupId=CLUB, TopicIdList=[NEWS, second])
        else:
            news.call("modify_topic", "bob", GroupId=CLUB, TopicId=second, TopicName="bob's")
        news.call("destroy_topic", "bob", GroupId=CLUB, TopicIdList=[NEWS])

    def test_muting_by_a_permission_group(self, news):
        may(news, 4, topic=NEWS)
        news.call("modify_topic", "bob", GroupId=CLUB, TopicId=NEWS, MuteAllMember="On")
        news.refused(10007, "modify_topic", "bob", GroupId=CLUB, TopicId=NEWS, TopicName="x", MuteAllMember="On")


class TestDestroy:
    def test_one_result_each(self, news):
        second = news.call("create_topic", GroupId=CLUB, TopicName="Second")["TopicId"]
        before = len(news.events)
        answer = news.call("destroy_topic", "owner", GroupId=CLUB, TopicIdList=[NEWS, GONE, second, NEWS])
        assert [(i["TopicId"], i["ErrorCode"]) for i in answer["DestroyResultItem"]] == [
            (NEWS, 0), (GONE, 110003), (second, 0),
        ]  # fmt: skip
        assert answer["DestroyResultItem"][0]["ErrorInfo"] == ""
        assert answer["DestroyResultItem"][1]["ErrorInfo"]
        assert read(news) == []
        [event] = since(news, before)
        base = {"GroupId": CLUB, "GroupType": "Community", "Operator_Account": "owner", "Time": NOW}
        assert system_notices(event) == [(None, {**base, "ReportType": "TopicDelete", "TopicIdList": [NEWS, second]})]
        assert change(event) == {**base, "ChangeType": "TopicsDestroyed", "TopicIdList": [NEWS, second]}
        assert tip(event) is None
        assert news.call("create_topic", GroupId=CLUB, TopicName="again", TopicId=NEWS) == {"TopicId": NEWS}

    def test_none_of_them_there(self, news):
        before, told = news.dump(), len(news.events)
        answer = news.call("destroy_topic", GroupId=CLUB, TopicIdList=[GONE])
        assert answer["DestroyResultItem"][0]["ErrorCode"] == 110003
        assert (news.dump(), len(news.events)) == (before, told)

    def test_what_hangs_on_it_goes_and_the_rest_stays(self, news):
        second = news.call("create_topic", GroupId=CLUB, TopicName="Second")["TopicId"]
        for statement in (
            "INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag) SELECT num, 'bob', 5, 1 FROM topics",
            "INSERT INTO mutes (group_num, topic_num, user_id, until) SELECT group_num, num, 'bob', 9 FROM topics",
            "INSERT INTO mutes (group_num, topic_num, user_id, until) SELECT num, 0, 'bob', 9 FROM groups",
            "INSERT INTO topic_permissions (group_num, permission_group_id, topic_num, permission)"  # noqa: ISC004
            " SELECT group_num, 'p', num, 1 FROM topics",
        ):
            news.execute(statement)
        [(left,)] = news.rows("SELECT num FROM topics WHERE topic_id = :id", id=second)
        news.call("destroy_topic", GroupId=CLUB, TopicIdList=[NEWS])
        assert news.rows("SELECT topic_num FROM topic_members") == [(left,)]
        assert news.rows("SELECT topic_num FROM mutes ORDER BY topic_num") == [(0,), (left,)]
        assert news.rows("SELECT topic_num FROM topic_permissions") == [(left,)]

    def test_refusals(self, news):
        news.refused(10004, "destroy_topic", GroupId=CLUB, TopicIdList=[])
        news.refused(10004, "destroy_topic", GroupId=CLUB)
        news.refused(10004, "destroy_topic", GroupId=CLUB, TopicIdList=["x"] * 201)
        news.refused(10007, "destroy_topic", "bob", GroupId=CLUB, TopicIdList=[NEWS])
        news.refused(10007, "destroy_topic", "bob", GroupId=CLUB, TopicIdList=[GONE])
        news.refused(10007, "destroy_topic", GroupId=news.group("Public"), TopicIdList=[NEWS])

    def test_dissolving_the_community_takes_them_along(self, news):
        other = news.group("Community", SupportTopic=1)
        kept = news.call("create_topic", GroupId=other, TopicName="n")["TopicId"]
        news.execute("INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag)"
                     " SELECT num, 'bob', 5, 1 FROM topics")  # fmt: skip
        news.call("destroy_group", "owner", GroupId=CLUB)
        assert news.rows("SELECT topic_id FROM topics") == [(kept,)]
        assert len(news.rows("SELECT topic_num FROM topic_members")) == 1
