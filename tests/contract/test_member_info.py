"""One member's fields: modify_group_member_info (doc 1047/34900)."""

import pytest

from qunzhu.core.notices import system_notices, tip
from worlds import ADMIN, NOW, WITH_ADMINS, WITH_MEMBERS

NAME = "modify_group_member_info"
FOREVER = 4294967295


@pytest.fixture
def peopled(world):
    world.people("owner", "anna", "adam", "bob", "carl", "dora")
    return world


def staffed(world, kind="Public"):
    """Return a group with an owner, two administrators where the kind has them, and two members."""
    admins = [{"Member_Account": user, "Role": "Admin"} for user in ("anna", "adam") if kind in WITH_ADMINS]
    return world.group(kind, MemberList=[*admins, {"Member_Account": "bob"}, {"Member_Account": "carl"}])


def change(world, group, user, by=None, **fields):
    return world.call(NAME, by, GroupId=group, Member_Account=user, **fields)


def refused(world, code, group, user, by=None, **fields):
    return world.refused(code, NAME, by, GroupId=group, Member_Account=user, **fields)


def test_a_refusal_leaves_no_trace(peopled):
    """The first of several fields is allowed, the second is not: nothing is written."""
    group = staffed(peopled)
    peopled.refused(10007, "modify_group_member_info", "bob", GroupId=group, Member_Account="bob", NameCard="n",
                    Role="Admin")  # fmt: skip
    assert peopled.member(group, "bob")["NameCard"] == ""


class TestOwnFields:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_a_member_changes_his_own(self, peopled, kind):
        group = staffed(peopled, kind)
        fields = {"NameCard": "群名片", "MsgFlag": "Discard", "AppMemberDefinedData": [{"Key": "open_m", "Value": "v"}]}
        assert change(peopled, group, "bob", "bob", **fields) == {}
        assert peopled.member(group, "bob").items() >= fields.items()
        assert peopled.member(group, "carl")["NameCard"] == ""

    def test_absent_fields_stay_and_empty_ones_empty(self, peopled):
        group = staffed(peopled)
        change(peopled, group, "bob", NameCard="n", MsgFlag="Discard")
        change(peopled, group, "bob", NameCard="", MsgFlag=None)
        assert peopled.member(group, "bob").items() >= {"NameCard": "", "MsgFlag": "Discard"}.items()

    @pytest.mark.parametrize(
        "flag", ["AcceptAndNotify", "AcceptNotNotify", "Discard", "AcceptNotNotifyExceptAt"]
    )  # fmt: skip
    def test_receive_options(self, peopled, flag):
        group = staffed(peopled)
        change(peopled, group, "bob", "bob", MsgFlag=flag)
        assert peopled.member(group, "bob")["MsgFlag"] == flag
        [(users, notice)] = system_notices(peopled.events[-1])
        assert (users, notice["ReportType"], notice["MsgFlag"]) == (["bob"], "GroupMessageRecvOption", flag)

    def test_the_group_is_not_told(self, peopled):
        group = staffed(peopled)
        before = peopled.stored(group)
        change(peopled, group, "bob", "bob", NameCard="n")
        event = peopled.events[-1]
        assert (event.user, event.changes, event.operator, event.at) == ("bob", {"NameCard": "n"}, "bob", NOW)
        assert tip(event) is None
        assert system_notices(event) == []
        assert peopled.stored(group) == before

    def test_custom_fields(self, peopled):
        group = staffed(peopled)

        def write(key, value, by=None):
            return {"by": by, "AppMemberDefinedData": [{"Key": key, "Value": value}]}

        change(peopled, group, "bob", **write("open_m", "\x00\x7f"))
        change(peopled, group, "bob", **write("pub_m", "2"))
        change(peopled, group, "bob", **write("admin_m", "3"))
        shown = peopled.member(group, "bob")["AppMemberDefinedData"]
        assert {item["Key"]: item["Value"] for item in shown} == {"open_m": "\x00\x7f", "pub_m": "2", "admin_m": "3"}
        change(peopled, group, "bob", **write("open_m", "", "bob"))
        assert [item["Key"] for item in peopled.member(group, "bob")["AppMemberDefinedData"]] == ["pub_m", "admin_m"]
        refused(peopled, 10007, group, "bob", **write("admin_m", "4", "bob"))
        assert "unheard" in refused(peopled, 10004, group, "bob", **write("unheard", "v"))
        assert "65" in refused(peopled, 10004, group, "bob", **write("open_m", "x" * 65))
        change(peopled, group, "bob", **write("open_m", "x" * 64))

    def test_a_field_of_another_kind(self, peopled):
        group = staffed(peopled, "ChatRoom")
        fields = {"AppMemberDefinedData": [{"Key": "pub_m", "Value": "v"}]}
        assert "pub_m" in refused(peopled, 10004, group, "bob", **fields)

    def test_limits(self, peopled):
        group = staffed(peopled)
        change(peopled, group, "bob", NameCard="x" * 50)
        text = refused(peopled, 10004, group, "bob", NameCard="群" * 17)
        assert "NameCard" in text
        assert "51" in text
        many = [{"Key": "open_m", "Value": "v"}] * 6
        for wrong in ({"MsgFlag": "No"}, {"Role": "Owner"}, {"Role": "NotMember"}, {"MuteTime": -1},
                      {"MuteTime": FOREVER + 1}, {"AppMemberDefinedData": many}):  # fmt: skip
            assert next(iter(wrong)) in refused(peopled, 10004, group, "bob", **wrong)
        refused(peopled, 60015, group, 7, NameCard="n")


class TestOthers:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_an_app_administrator_changes_anybody(self, peopled, kind):
        group = staffed(peopled, kind)
        for user in ("owner", "bob", *(("anna",) if kind in WITH_ADMINS else ())):
            change(peopled, group, user, NameCard="n", MsgFlag="Discard")
            assert peopled.member(group, user).items() >= {"NameCard": "n", "MsgFlag": "Discard"}.items()
        change(peopled, group, "owner", ADMIN, NameCard="at the gateway")
        assert peopled.member(group, "owner")["NameCard"] == "at the gateway"

    @pytest.mark.parametrize("kind", WITH_ADMINS)
    def test_higher_ones_change_lower_ones(self, peopled, kind):
        group = staffed(peopled, kind)
        change(peopled, group, "anna", "owner", NameCard="a")
        change(peopled, group, "bob", "anna", NameCard="b", AppMemberDefinedData=[{"Key": "open_m", "Value": "v"}])
        for user, by in (("adam", "anna"), ("owner", "anna"), ("anna", "bob"), ("carl", "bob"), ("bob", "dora")):
            refused(peopled, 10007, group, user, by, NameCard="n")
            refused(peopled, 10007, group, user, by, AppMemberDefinedData=[{"Key": "open_m", "Value": "n"}])
        for user, by in (("bob", "owner"), ("bob", "anna"), ("carl", "bob")):
            assert "MsgFlag" in refused(peopled, 10007, group, user, by, MsgFlag="Discard")

    def test_the_owner_of_a_work_group_changes_cards(self, peopled):
        group = staffed(peopled, "Private")
        change(peopled, group, "bob", "owner", NameCard="n")
        refused(peopled, 10007, group, "carl", "bob", NameCard="n")

    def test_who_is_no_member(self, peopled):
        group = staffed(peopled)
        for user in ("dora", "ghost"):
            assert "Member_Account" in refused(peopled, 10004, group, user, NameCard="n")
            refused(peopled, 10004, group, user)
        refused(peopled, 10007, group, "dora", "dora", NameCard="n")
        refused(peopled, 10007, group, "bob", "dora")

    def test_nothing_given_changes_nothing(self, peopled):
        group = staffed(peopled)
        before, told = peopled.dump(), len(peopled.events)
        assert change(peopled, group, "bob") == {}
        assert (peopled.dump(), len(peopled.events)) == (before, told)

    def test_groups_that_are_not_there(self, peopled):
        refused(peopled, 10010, "gone", "bob", NameCard="n")
        refused(peopled, 10015, "", "bob", NameCard="n")

    @pytest.mark.parametrize("fields", [{}, {"NameCard": "n"}, {"Role": "Admin"}, {"MuteTime": 5}])
    def test_a_live_room_keeps_nothing_of_members(self, peopled, fields):
        group = peopled.group("AVChatRoom")
        for user, by in (("owner", None), ("bob", None), ("owner", "owner"), ("bob", "owner")):
            refused(peopled, 10007, group, user, by, **fields)


class TestRole:
    @pytest.mark.parametrize("kind", WITH_ADMINS)
    def test_appointed_and_removed(self, peopled, kind):
        group = staffed(peopled, kind)
        for role, by, told, report in (
            ("Admin", None, "SetAdmin", "GrantAdmin"), ("Member", "owner", "CancelAdmin", "CancelAdmin"),
        ):  # fmt: skip
            before = len(peopled.stored(group))
            change(peopled, group, "bob", by, Role=role)
            assert peopled.roles(group)["bob"] == role
            event = peopled.events[-1]
            assert (event.user, event.role, event.operator) == ("bob", role, by or ADMIN)
            [(users, notice)] = system_notices(event)
            assert (users, notice["ReportType"]) == (["bob"], report)
            if kind == "ChatRoom":
                assert tip(event) is None
                assert len(peopled.stored(group)) == before
            else:
                shown = tip(event)
                assert (shown["TipType"], shown["UserList"], shown["Seq"]) == (told, ["bob"], event.seq)
                assert len(peopled.stored(group)) == before + 1

    def test_the_same_role_again_is_told_to_nobody(self, peopled):
        group = staffed(peopled)
        told = len(peopled.events)
        change(peopled, group, "anna", Role="Admin")
        change(peopled, group, "bob", Role="Member")
        assert len(peopled.events) == told

    def test_the_owner_stays_owner(self, peopled):
        group = staffed(peopled)
        for role in ("Admin", "Member"):
            for by in (None, "owner"):
                refused(peopled, 10007, group, "owner", by, Role=role)

    def test_administrators_do_not_appoint(self, peopled):
        group = staffed(peopled)
        for user, by in (("bob", "anna"), ("adam", "anna"), ("anna", "anna"), ("bob", "bob"), ("bob", "dora")):
            refused(peopled, 10007, group, user, by, Role="Member" if user in {"adam", "anna"} else "Admin")

    def test_a_work_group_has_none(self, peopled):
        group = staffed(peopled, "Private")
        for by in (None, "owner"):
            refused(peopled, 10007, group, "bob", by, Role="Admin")

    def test_several_fields_at_once(self, peopled):
        group = staffed(peopled)
        told = len(peopled.events)
        change(peopled, group, "bob", Role="Admin", NameCard="n", MuteTime=60)
        assert peopled.member(group, "bob").items() >= {"Role": "Admin", "NameCard": "n", "MuteUntil": NOW + 60}.items()
        names = [type(event).__name__ for event in peopled.events[told:]]
        assert names == ["MemberInfoChanged", "MemberRoleChanged", "MembersMuted"]
        assert [notice["at_seq"] for notice in peopled.stored(group)] == [1, 2, 3]


class TestMute:
    @pytest.mark.parametrize("name", ["MuteTime", "ShutUpTime"])
    def test_set_and_lifted(self, peopled, name):
        group = staffed(peopled)
        change(peopled, group, "bob", "anna", **{name: 60})
        assert peopled.member(group, "bob").items() >= {"MuteUntil": NOW + 60, "ShutUpUntil": NOW + 60}.items()
        change(peopled, group, "bob", "anna", **{name: 0})
        assert peopled.member(group, "bob")["MuteUntil"] == 0
        assert (peopled.events[-1].users, peopled.events[-1].seconds) == (["bob"], 0)

    def test_by_whom_and_whom(self, peopled):
        group = staffed(peopled)
        change(peopled, group, "anna", "owner", MuteTime=60)
        for user, by in (("owner", None), ("owner", "owner"), ("owner", "anna"), ("adam", "anna"), ("anna", "anna"),
                         ("carl", "bob"), ("bob", "bob"), ("bob", "dora")):  # fmt: skip
            refused(peopled, 10007, group, user, by, MuteTime=60)

    def test_a_work_group_has_none(self, peopled):
        group = staffed(peopled, "Private")
        for by in (None, "owner"):
            for seconds in (0, 60):
                refused(peopled, 10007, group, "bob", by, MuteTime=seconds)


def test_a_permission_group_makes_one_as_an_administrator(peopled):
    """Bit 1 is members, bit 5 mutes: both act upon members, not upon administrators or the owner."""
    group = peopled.group(
        "Community", SupportTopic=1, EnablePermission=1, DefaultPermission=0,
        MemberList=[{"Member_Account": "anna", "Role": "Admin"}, {"Member_Account": "bob"}, {"Member_Account": "carl"}],
    )  # fmt: skip
    for fields in ({"NameCard": "n"}, {"MuteTime": 60}):
        refused(peopled, 10007, group, "carl", "bob", **fields)
    peopled.call("modify_group_base_info", GroupId=group, DefaultPermission=1 << 1 | 1 << 5)
    for fields in ({"NameCard": "n"}, {"MuteTime": 60}):
        change(peopled, group, "carl", "bob", **fields)
        refused(peopled, 10007, group, "anna", "bob", **fields)
        refused(peopled, 10007, group, "owner", "bob", **fields)
    refused(peopled, 10007, group, "carl", "bob", Role="Admin")
    refused(peopled, 10007, group, "carl", "dora", MuteTime=60)
