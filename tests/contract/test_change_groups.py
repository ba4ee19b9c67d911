"""Changing groups: modify_group_base_info, change_group_owner, destroy_group (docs 1047/34962, 34966, 34896)."""

import pytest

from worlds import ADMIN, KINDS, NOW, WITH_MEMBERS


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl")
    return world


class TestModify:
    @pytest.mark.parametrize("kind", KINDS)
    def test_profile_fields(self, peopled, kind):
        group = peopled.group(kind)
        new = {"Name": "新名", "Introduction": "i\ni", "Notification": "n", "FaceUrl": "f"}
        peopled.now += 10
        assert peopled.call("modify_group_base_info", GroupId=group, **new) == {}
        read = peopled.info(group)
        assert read.items() >= new.items()
        assert (read["LastInfoTime"], read["CreateTime"]) == (NOW + 10, NOW)

    def test_absent_fields_stay_and_empty_ones_empty(self, peopled):
        group = peopled.group("Public", Introduction="i", Notification="n", FaceUrl="f")
        peopled.call("modify_group_base_info", GroupId=group, Introduction="", FaceUrl=None)
        read = peopled.info(group)
        assert (read["Introduction"], read["Notification"], read["FaceUrl"]) == ("", "n", "f")

    @pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
    def test_options(self, peopled, kind):
        group = peopled.group(kind)
        new = {"MaxMemberNum": 9, "ApplyJoinOption": "DisableApply", "InviteJoinOption": "FreeAccess",
               "HistoryMsgBeforeJoin": "On"}  # fmt: skip
        peopled.call("modify_group_base_info", GroupId=group, **new)
        assert peopled.info(group).items() >= new.items()
        peopled.call("modify_group_base_info", GroupId=group, HistoryMsgBeforeJoin="Off", Name="n")
        assert peopled.info(group).items() >= (new | {"HistoryMsgBeforeJoin": "Off", "Name": "n"}).items()

    def test_info_seq_grows_with_each_change(self, peopled):
        group = peopled.group("Public")
        seqs = []
        for n in range(3):
            peopled.call("modify_group_base_info", GroupId=group, Name=f"n{n}")
            seqs.append(peopled.info(group)["InfoSeq"])
        assert seqs == sorted(set(seqs))

    def test_live_room_ignores_max_member_num(self, peopled):
        group = peopled.group("AVChatRoom")
        before = peopled.info(group)["MaxMemberNum"]
        peopled.call("modify_group_base_info", GroupId=group, MaxMemberNum=5)
        assert peopled.info(group)["MaxMemberNum"] == before

    @pytest.mark.parametrize(("kind", "fields"), [
        ("Community", {"ApplyJoinOption": "FreeAccess"}),
        ("Community", {"HistoryMsgBeforeJoin": "On"}),
        ("AVChatRoom", {"InviteJoinOption": "FreeAccess"}),
        ("AVChatRoom", {"HistoryMsgBeforeJoin": "On"}),
        ("Public", {"EnablePermission": 1}),
    ])  # fmt: skip
    def test_options_that_a_kind_does_not_have(self, peopled, kind, fields):
        text = peopled.refused(10004, "modify_group_base_info", GroupId=peopled.group(kind), **fields)
        assert next(iter(fields)) in text

    @pytest.mark.parametrize("name", ["MuteAllMember", "ShutUpAllMember"])
    def test_mute_all(self, peopled, name):
        group = peopled.group("Public")
        for value in ("On", "Off"):
            peopled.call("modify_group_base_info", GroupId=group, **{name: value})
            assert peopled.info(group)["MuteAllMember"] == value
        for value in ("on", "", 1, True):
            assert "MuteAllMember" in peopled.refused(10004, "modify_group_base_info", GroupId=group, **{name: value})

    def test_the_new_name_wins(self, sqlite_world):
        group = sqlite_world.group(owner=None)
        sqlite_world.call("modify_group_base_info", GroupId=group, ShutUpAllMember="Off", MuteAllMember="On")
        assert sqlite_world.info(group)["MuteAllMember"] == "On"

    def test_the_old_name_of_the_cap(self, sqlite_world):
        group = sqlite_world.group(owner=None)
        sqlite_world.call("modify_group_base_info", GroupId=group, MaxMemberCount=5)
        assert sqlite_world.info(group)["MaxMemberNum"] == 5

    def test_custom_fields(self, peopled):
        group = peopled.group("Public", members=["bob"], AppDefinedData=[{"Key": "open_g", "Value": "1"}])

        def write(key, value, by=None):
            return {"by": by, "GroupId": group, "AppDefinedData": [{"Key": key, "Value": value}]}

        peopled.call("modify_group_base_info", **write("any_g", "2"))
        assert peopled.info(group)["AppDefinedData"] == [
            {"Key": "open_g", "Value": "1"},
            {"Key": "any_g", "Value": "2"},
        ]
        peopled.call("modify_group_base_info", **write("open_g", ""))
        assert peopled.info(group)["AppDefinedData"] == [{"Key": "any_g", "Value": "2"}]
        for key in ("nothing", "work_g"):
            assert key in peopled.refused(10004, "modify_group_base_info", **write(key, "v"))
        peopled.refused(10007, "modify_group_base_info", **write("owner_g", "v", "bob"))
        peopled.refused(10007, "modify_group_base_info", **write("open_g", "v", "carl"))
        peopled.call("modify_group_base_info", **write("open_g", "v", "bob"))
        peopled.call("modify_group_base_info", **write("owner_g", "v", "owner"))
        assert len(peopled.info(group)["AppDefinedData"]) == 3

    def test_from_account_is_the_apparent_operator(self, peopled):
        group = peopled.group("Public")
        assert "From_Account" in peopled.refused(
            10019, "modify_group_base_info", GroupId=group, Name="n", From_Account="ghost"
        )
        peopled.call("modify_group_base_info", GroupId=group, Name="n", From_Account="bob")
        assert peopled.events[-1].operator == "bob"
        peopled.call("modify_group_base_info", "owner", GroupId=group, Name="n", From_Account="bob")
        assert peopled.events[-1].operator == "owner"

    def test_permissions_of_a_community_with_topics(self, peopled):
        group = peopled.group("Community", SupportTopic=1)
        peopled.call("modify_group_base_info", GroupId=group, EnablePermission=1, DefaultPermission=2**62)
        assert peopled.info(group).items() >= {"EnablePermission": 1, "DefaultPermission": 2**62}.items()

    def test_a_refused_part_changes_nothing(self, peopled):
        group = peopled.group("Private", members=["bob"])
        peopled.refused(10007, "modify_group_base_info", "bob", GroupId=group, Name="n", MaxMemberNum=5)


class TestTransfer:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_the_old_owner_becomes_a_member(self, peopled, kind):
        group = peopled.group(kind, members=["bob"])
        assert peopled.call("change_group_owner", GroupId=group, NewOwner_Account="bob") == {}
        assert peopled.roles(group) == {"owner": "Member", "bob": "Owner"}
        assert peopled.info(group)["Owner_Account"] == "bob"

    def test_by_the_owner_who_then_has_no_such_right(self, peopled):
        group = peopled.group("Public", members=["bob"])
        peopled.call("change_group_owner", "owner", GroupId=group, NewOwner_Account="bob")
        peopled.refused(10007, "change_group_owner", "owner", GroupId=group, NewOwner_Account="owner")
        peopled.call("quit_group", "owner", GroupId=group)

    def test_an_ownerless_group_gets_one(self, peopled):
        group = peopled.group("Public", owner=None, members=["bob"])
        peopled.call("change_group_owner", GroupId=group, NewOwner_Account="bob")
        assert peopled.roles(group) == {"bob": "Owner"}
        assert (peopled.events[-1].old, peopled.events[-1].new) == ("", "bob")

    @pytest.mark.parametrize("user", ["carl", "ghost", ADMIN])
    def test_the_new_owner_must_be_a_member(self, peopled, user):
        group = peopled.group("Public")
        assert "NewOwner_Account" in peopled.refused(10004, "change_group_owner", GroupId=group, NewOwner_Account=user)

    def test_to_the_owner_himself_changes_nothing(self, peopled):
        group = peopled.group("Public")
        before = peopled.dump()
        peopled.call("change_group_owner", GroupId=group, NewOwner_Account="owner")
        assert peopled.dump() == before

    def test_live_room_and_bad_requests(self, peopled):
        peopled.refused(10007, "change_group_owner", GroupId=peopled.group("AVChatRoom"), NewOwner_Account="owner")
        group = peopled.group("Public")
        peopled.refused(10004, "change_group_owner", GroupId=group)
        peopled.refused(10004, "change_group_owner", GroupId=group, NewOwner_Account="")
        peopled.refused(60015, "change_group_owner", GroupId=group, NewOwner_Account=1)


class TestDestroy:
    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_is_left(self, peopled, kind):
        members = [] if kind == "AVChatRoom" else ["bob"]
        group = peopled.group(kind, members=members)
        kept = peopled.group(kind, members=members)
        assert peopled.call("destroy_group", GroupId=group) == {}
        assert peopled.info(group)["ErrorCode"] == 10010
        assert peopled.info(kept)["ErrorCode"] == 0
        assert peopled.call("get_appid_group_list")["GroupIdList"] == [{"GroupId": kept}]
        joined = peopled.call("get_joined_group_list", Member_Account="owner", WithNoActiveGroups=1, WithHugeGroups=1)
        assert group not in str(joined)
        live = {row[0] for row in peopled.rows("SELECT num FROM groups")}
        assert {row[0] for row in peopled.rows("SELECT group_num FROM members")} <= live
        doomed = {row[0] for row in peopled.rows("SELECT group_num FROM doomed")}
        assert {row[0] for row in peopled.rows("SELECT group_num FROM messages")} <= live | doomed
        assert not live & doomed

    @pytest.mark.parametrize("kind", ["Public", "ChatRoom", "AVChatRoom", "Community"])
    def test_by_the_owner_once(self, peopled, kind):
        group = peopled.group(kind)
        peopled.call("destroy_group", "owner", GroupId=group)
        peopled.refused(10010, "destroy_group", "owner", GroupId=group)


def test_counts_equal_a_recount_after_a_long_story(world):
    """Counters and member numbers are kept, not counted; they must stay what a count would give."""
    users = [f"u{n}" for n in range(8)]
    world.people("owner", *users)
    for n in range(60):
        kind = KINDS[n % 5]
        group = world.group(kind, members=[] if kind == "AVChatRoom" else users[: n % 6])
        if n % 3 == 0:
            world.code("add_group_member", GroupId=group, MemberList=[{"Member_Account": u} for u in users])
        if n % 4 == 0:
            world.code("delete_group_member", GroupId=group, MemberToDel_Account=users[:3])
        if n % 7 == 0:
            world.call("destroy_group", GroupId=group)
        world.code("create_group", Type=kind, Name="n", GroupId=group)
    world.call("account_delete", DeleteItem=[{"UserID": user} for user in (*users[:3], "owner")])
    counters = dict(world.rows("SELECT name, value FROM counters"))
    recount = dict(world.rows("SELECT kind_name, count(*) FROM groups GROUP BY kind_name"))
    assert {f"groups:{kind}": number for kind, number in recount.items()}.items() <= counters.items()
    assert counters["accounts"] == world.rows("SELECT count(*) FROM accounts")[0][0]
    assert counters["net:2023-11-15"] + counters["net-communities:2023-11-15"] == sum(recount.values())
    wrong = world.rows(
        "SELECT g.group_id FROM groups g"
        " WHERE g.member_num <> (SELECT count(*) FROM members m WHERE m.group_num = g.num)"
    )
    assert wrong == []
