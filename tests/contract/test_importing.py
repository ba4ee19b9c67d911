"""Imports: import_group, import_group_member (docs 1047/34967, 34969)."""

import pytest

from qunzhu.core.notices import system_notices, tip
from qunzhu.core.ports import GATEWAY
from worlds import DAY, NOW, WITH_MEMBERS, on_plan

PAST = NOW - 30 * DAY


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl", "dora", "emil")
    return world


def imported(world, kind="Public", **fields):
    given = {"Type": kind, "Name": "old times", "Owner_Account": "owner", "CreateTime": PAST, **fields}
    answer = world.call("import_group", **given)
    assert list(answer) == ["GroupId"]
    return answer["GroupId"]


def refused(world, code, kind="Public", **fields):
    given = {"Type": kind, "Name": "old times", "Owner_Account": "owner", "CreateTime": PAST, **fields}
    return world.refused(code, "import_group", **given)


def members(*given):
    return [{"Member_Account": user, **more} for user, more in given]


class TestGroup:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_as_it_was(self, peopled, kind):
        fields = {"Name": "n", "Introduction": "i\ni", "Notification": "no", "FaceUrl": "f",
                  "AppDefinedData": [{"Key": "admin_g", "Value": "v"}]}  # fmt: skip
        group = imported(peopled, kind, **fields, MaxMemberCount=50)
        read = peopled.info(group)
        wanted = {**fields, "Type": kind, "Owner_Account": "owner", "CreateTime": PAST, "MemberNum": 1,
                  "MaxMemberNum": 50, "NextMsgSeq": 1, "LastMsgTime": 0}  # fmt: skip
        assert read.items() >= wanted.items()
        assert peopled.member(group, "owner").items() >= {"Role": "Owner", "JoinTime": PAST}.items()

    def test_options(self, peopled):
        group = imported(peopled, GroupId="mine", ApplyJoinOption="DisableApply", MaxMemberNum=7)
        assert group == "mine"
        assert peopled.info(group).items() >= {"ApplyJoinOption": "DisableApply", "MaxMemberNum": 7}.items()
        many = imported(peopled, "Community", GroupId="@TGS#_many", SupportTopic=1)
        assert peopled.info(many)["SupportTopic"] == 1

    @pytest.mark.parametrize("fields", [{"CreateTime": None}, {"CreateTime": 0}, {"CreateTime": NOW}])
    def test_created_now(self, peopled, fields):
        assert peopled.info(imported(peopled, **fields))["CreateTime"] == NOW

    def test_nobody_is_told(self, peopled):
        for kind in WITH_MEMBERS:
            group = imported(peopled, kind)
            event = peopled.events[-1]
            assert (event.group_id, event.imported, event.told) == (group, True, False)
            assert tip(event) is None
            assert system_notices(event) == []
            assert peopled.stored(group) == []

    def test_a_work_group_is_in_use(self, peopled):
        group = imported(peopled, "Private")
        peopled.call("import_group_member", GroupId=group, MemberList=members(("bob", {})))
        listed = peopled.call("get_joined_group_list", Member_Account="bob")
        assert listed["GroupIdList"] == [{"GroupId": group}]
        peopled.call("add_group_member", GroupId=group, MemberList=members(("carl", {})))
        assert [notice["type"] for notice in peopled.stored(group)] == ["MembersJoined"]

    def test_without_owner(self, peopled):
        group = imported(peopled, Owner_Account=None)
        assert peopled.info(group).items() >= {"Owner_Account": "", "MemberNum": 0}.items()

    def test_refusals(self, peopled):
        refused(peopled, 10007, "AVChatRoom")
        assert "ghost" in refused(peopled, 10019, Owner_Account="ghost")
        assert "CreateTime" in refused(peopled, 10004, CreateTime=NOW + 1)
        for wrong in ({"Name": "x" * 31}, {"Introduction": "x" * 241}, {"Notification": "x" * 301},
                      {"FaceUrl": "x" * 101}, {"GroupId": "@TGS#x"}, {"Type": "Other"}, {"CreateTime": -1},
                      {"MaxMemberCount": 0}, {"SupportTopic": 1}, {"ApplyJoinOption": "x"},
                      {"AppDefinedData": [{"Key": "nothing", "Value": "v"}]}):  # fmt: skip
            assert next(iter(wrong)) in refused(peopled, 10004, **wrong)
        imported(peopled, GroupId="taken")
        refused(peopled, 10025, GroupId="taken")
        refused(peopled, 10021, GroupId="taken", Owner_Account="bob")

    def test_quotas_are_those_of_a_creation(self, peopled):
        peopled.app = on_plan(peopled.app, "legacy-trial")
        assert "20" in refused(peopled, 10038, MaxMemberCount=21)
        for _ in range(50):
            imported(peopled)
        refused(peopled, 10037)
        for number in range(50):
            imported(peopled, Owner_Account=None, Name=f"n{number}")
        refused(peopled, 10058, Owner_Account=None)

    def test_communities_follow_plan_and_switch(self, peopled):
        peopled.app = on_plan(peopled.app, "2025-standard")
        refused(peopled, 10059, "Community")
        peopled.app = on_plan(peopled.app, "open", community=False)
        refused(peopled, 11000, "Community")

    def test_it_counts_as_new_today(self, peopled):
        peopled.app = on_plan(peopled.app, "overseas-developer")
        cap = peopled.app.plan.net_groups_a_day
        for _ in range(cap):
            imported(peopled, Owner_Account=None)
        assert str(cap) in refused(peopled, 10006, Owner_Account=None)


class TestMembers:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_results_one_by_one(self, peopled, kind):
        group = imported(peopled, kind)
        answer = peopled.call(
            "import_group_member", GroupId=group,
            MemberList=members(("bob", {"JoinTime": PAST + 5}), ("owner", {}), ("ghost", {}), ("carl", {}),
                               ("bob", {"JoinTime": PAST + 9})),
        )  # fmt: skip
        assert [(item["Member_Account"], item["Result"]) for item in answer["MemberList"]] == [
            ("bob", 1), ("owner", 2), ("ghost", 0), ("carl", 1), ("bob", 1),
        ]  # fmt: skip
        assert peopled.info(group)["MemberNum"] == 3
        assert peopled.member(group, "bob").items() >= {"JoinTime": PAST + 5, "Role": "Member"}.items()
        assert peopled.member(group, "carl")["JoinTime"] == NOW

    def test_nobody_registered(self, peopled):
        group = imported(peopled)
        before = peopled.dump()
        answer = peopled.call("import_group_member", GroupId=group, MemberList=members(("ghost", {})))
        assert answer == {"MemberList": [{"Member_Account": "ghost", "Result": 0}]}
        assert peopled.dump() == before

    def test_nobody_is_told(self, peopled):
        group = imported(peopled)
        peopled.call("import_group_member", GroupId=group, MemberList=members(("bob", {"Role": "Admin"}), ("carl", {})))
        event = peopled.events[-1]
        assert (event.users, event.how, event.admins, event.member_num) == (["bob", "carl"], "Import", ["bob"], 3)
        assert tip(event) is None
        assert system_notices(event) == []
        assert peopled.stored(group) == []

    def test_roles(self, peopled):
        group = imported(peopled)
        peopled.call("import_group_member", GroupId=group,
                     MemberList=members(("bob", {"Role": "Admin"}), ("carl", {"Role": "Member"})))  # fmt: skip
        assert peopled.roles(group) == {"owner": "Owner", "bob": "Admin", "carl": "Member"}
        given = members(("dora", {"Role": "Owner"}))
        assert "Role" in peopled.refused(10004, "import_group_member", GroupId=group, MemberList=given)
        work = imported(peopled, "Private")
        given = members(("bob", {"Role": "Admin"}))
        assert "Role" in peopled.refused(10007, "import_group_member", GroupId=work, MemberList=given)

    @pytest.mark.parametrize(("at", "fine"), [(PAST - 1, False), (PAST, True), (NOW, True), (NOW + 1, False)])
    def test_times(self, peopled, at, fine):
        group = imported(peopled)
        given = members(("bob", {}), ("carl", {"JoinTime": at}))
        if fine:
            peopled.call("import_group_member", GroupId=group, MemberList=given)
            assert peopled.member(group, "carl")["JoinTime"] == at
        else:
            text = peopled.refused(10004, "import_group_member", GroupId=group, MemberList=given)
            assert "JoinTime" in text
            assert "carl" in text

    @pytest.mark.parametrize(("unread", "read"), [(None, 5), (0, 5), (2, 3), (5, 0), (6, 0), (4294967295, 0)])
    def test_unread(self, peopled, unread, read):
        """Unread messages are counted from the newest; there are no more than there are messages."""
        group = imported(peopled)
        for number in range(5):
            peopled.call("modify_group_base_info", GroupId=group, Name=f"n{number}")
        peopled.call("import_group_member", GroupId=group, MemberList=members(("bob", {"UnreadMsgNum": unread})))
        assert peopled.member(group, "bob")["MsgSeq"] == read

    def test_room(self, peopled):
        group = imported(peopled, MaxMemberCount=2)
        given = members(("bob", {}), ("carl", {}))
        peopled.refused(10014, "import_group_member", GroupId=group, MemberList=given)
        peopled.call("import_group_member", GroupId=group, MemberList=given[:1])

    def test_the_groups_of_one_user(self, peopled):
        peopled.app = on_plan(peopled.app, "legacy-trial")
        groups = [imported(peopled, Owner_Account=None) for _ in range(51)]
        for group in groups[:50]:
            peopled.call("import_group_member", GroupId=group, MemberList=members(("bob", {})))
        peopled.refused(10037, "import_group_member", GroupId=groups[50], MemberList=members(("bob", {})))

    def test_refusals(self, peopled):
        group = imported(peopled)
        one = members(("bob", {}))
        peopled.refused(10007, "import_group_member", GroupId=peopled.group("AVChatRoom"), MemberList=one)
        peopled.refused(10010, "import_group_member", GroupId="gone", MemberList=one)
        peopled.refused(10015, "import_group_member", GroupId="", MemberList=one)
        peopled.refused(10004, "import_group_member", GroupId=group, MemberList=[])
        peopled.refused(60015, "import_group_member", GroupId=group, MemberList=[{"Member_Account": 7}])
        many = members(*((f"u{n}", {}) for n in range(301)))
        assert "301" in peopled.refused(10005, "import_group_member", GroupId=group, MemberList=many)
        answer = peopled.call("import_group_member", GroupId=group, MemberList=many[:300])
        assert {item["Result"] for item in answer["MemberList"]} == {0}


@pytest.mark.parametrize("by", ["owner", "bob"])
def test_a_user_imports_nothing(peopled, by):
    """No door lets him; the rights table would not either."""
    group = imported(peopled)
    given = members(("carl", {}))
    peopled.refused(10007, "import_group", by, door=GATEWAY, Type="Public", Name="n")
    peopled.refused(10007, "import_group_member", by, door=GATEWAY, GroupId=group, MemberList=given)
