"""Members: add, remove, list, roles, joining and leaving (docs 1047/34921, 34949, 34948, 34963)."""

import pytest

from worlds import NOW, WITH_ADMINS, WITH_MEMBERS, paged


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl", "dora", "emil")
    return world


def accounts(*users):
    return [{"Member_Account": user} for user in users]


class TestAdd:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_results_one_by_one(self, peopled, kind):
        group = peopled.group(kind, members=["bob"])
        answer = peopled.call("add_group_member", GroupId=group, MemberList=accounts("carl", "bob", "ghost", "carl"))
        assert answer == {"MemberList": [
            {"Member_Account": "carl", "Result": 1}, {"Member_Account": "bob", "Result": 2},
            {"Member_Account": "ghost", "Result": 0}, {"Member_Account": "carl", "Result": 1},
        ]}  # fmt: skip
        assert peopled.roles(group) == {"owner": "Owner", "bob": "Member", "carl": "Member"}
        assert peopled.info(group)["MemberNum"] == 3
        assert peopled.member(group, "carl").items() >= {"JoinTime": NOW, "NameCard": "", "MuteUntil": 0}.items()

    def test_nobody_registered(self, peopled):
        group = peopled.group("Public")
        assert "ghost" in peopled.refused(10019, "add_group_member", GroupId=group, MemberList=accounts("ghost"))

    def test_live_room(self, peopled):
        peopled.refused(10007, "add_group_member", GroupId=peopled.group("AVChatRoom"), MemberList=accounts("bob"))

    def test_batch_of_300(self, peopled):
        users = [f"u{n}" for n in range(301)]
        peopled.people(*users)
        group = peopled.group("Public")
        text = peopled.refused(10005, "add_group_member", GroupId=group, MemberList=accounts(*users))
        assert "MemberList" in text
        assert "300" in text
        answer = peopled.call("add_group_member", GroupId=group, MemberList=accounts(*users[:300]))
        assert {item["Result"] for item in answer["MemberList"]} == {1}
        assert peopled.info(group)["MemberNum"] == 301

    def test_bad_requests(self, peopled):
        group = peopled.group("Public")
        peopled.refused(10004, "add_group_member", GroupId=group, MemberList=[])
        peopled.refused(10004, "add_group_member", GroupId=group)
        peopled.refused(10004, "add_group_member", GroupId=group, MemberList=accounts("bob"), Silence=2)
        peopled.refused(60015, "add_group_member", GroupId=group, MemberList=[{"Member_Account": 7}])

    def test_one_who_left_and_returns_is_new(self, peopled):
        group = peopled.group("Public", MemberList=[{"Member_Account": "bob", "Role": "Admin", "NameCard": "old"}])
        peopled.call("quit_group", "bob", GroupId=group)
        peopled.now += 5
        peopled.call("add_group_member", GroupId=group, MemberList=accounts("bob"))
        assert peopled.member(group, "bob").items() >= {"Role": "Member", "NameCard": "", "JoinTime": NOW + 5}.items()


class TestDelete:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_members_go_and_strangers_are_passed_over(self, peopled, kind):
        group = peopled.group(kind, members=["bob", "carl"])
        told = len(peopled.events)
        assert peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["dora", "ghost"]) == {}
        assert len(peopled.events) == told
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["bob", "ghost", "bob"])
        assert peopled.roles(group) == {"owner": "Owner", "carl": "Member"}
        assert peopled.info(group)["MemberNum"] == 2
        assert peopled.call("get_joined_group_list", Member_Account="bob", WithNoActiveGroups=1)["TotalCount"] == 0

    def test_live_room(self, peopled):
        group = peopled.group("AVChatRoom")
        peopled.refused(10004, "delete_group_member", GroupId=group, MemberToDel_Account=["bob"])
        peopled.refused(10004, "delete_group_member", "owner", GroupId=group, MemberToDel_Account=["bob"])

    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_the_owner_stays(self, peopled, kind):
        group = peopled.group(kind, members=["bob"])
        text = peopled.refused(10007, "delete_group_member", GroupId=group, MemberToDel_Account=["bob", "owner"])
        assert "owner" in text
        peopled.refused(10007, "delete_group_member", "owner", GroupId=group, MemberToDel_Account=["owner"])

    @pytest.mark.parametrize("kind", WITH_ADMINS)
    def test_an_admin_may_not_remove_equals(self, peopled, kind):
        members = [
            {"Member_Account": "bob", "Role": "Admin"},
            {"Member_Account": "carl", "Role": "Admin"},
            *accounts("dora"),
        ]
        group = peopled.group(kind, MemberList=members)
        for target in ("carl", "owner", "bob"):
            peopled.refused(10007, "delete_group_member", "bob", GroupId=group, MemberToDel_Account=[target, "dora"])
        peopled.call("delete_group_member", "bob", GroupId=group, MemberToDel_Account=["dora"])
        peopled.call("delete_group_member", "owner", GroupId=group, MemberToDel_Account=["carl"])
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["bob"])
        assert peopled.roles(group) == {"owner": "Owner"}

    def test_batch_of_100(self, peopled):
        group = peopled.group("Public")
        users = [f"u{n}" for n in range(101)]
        assert "100" in peopled.refused(10005, "delete_group_member", GroupId=group, MemberToDel_Account=users)
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=users[:100])

    def test_bad_requests(self, peopled):
        group = peopled.group("Public")
        peopled.refused(10004, "delete_group_member", GroupId=group, MemberToDel_Account=[])
        peopled.refused(10004, "delete_group_member", GroupId=group)
        peopled.refused(60015, "delete_group_member", GroupId=group, MemberToDel_Account=[7])


class TestList:
    def test_all_and_by_role(self, peopled):
        group = peopled.group(
            "Public", MemberList=[{"Member_Account": "bob", "Role": "Admin"}, *accounts("carl", "dora")]
        )
        answer = peopled.call("get_group_member_info", GroupId=group)
        assert answer["MemberNum"] == 4
        assert [m["Member_Account"] for m in answer["MemberList"]] == ["bob", "carl", "dora", "owner"]
        assert set(answer["MemberList"][0]) >= {
            "Member_Account", "Role", "JoinTime", "MsgSeq", "MsgFlag", "LastSendMsgTime", "NameCard", "MuteUntil",
            "AppMemberDefinedData",
        }  # fmt: skip
        for roles, users in ((["Owner"], ["owner"]), (["Admin"], ["bob"]), (["Member"], ["carl", "dora"]),
                             (["Admin", "Owner"], ["bob", "owner"])):  # fmt: skip
            assert [m["Member_Account"] for m in peopled.members(group, MemberRoleFilter=roles)] == users
        peopled.refused(10004, "get_group_member_info", GroupId=group, MemberRoleFilter=["NotMember"])

    def test_filters(self, peopled):
        fields = [{"Key": "open_m", "Value": "1"}, {"Key": "pub_m", "Value": "2"}]
        group = peopled.group(
            "Public", owner=None, MemberList=[{"Member_Account": "bob", "AppMemberDefinedData": fields}]
        )
        [bob] = peopled.members(
            group, MemberInfoFilter=["Role", "NameCard", "nothing"], AppDefinedDataFilter_GroupMember=[]
        )
        assert bob == {"Member_Account": "bob", "Role": "Member", "NameCard": ""}
        [bob] = peopled.members(group, MemberInfoFilter=[], AppDefinedDataFilter_GroupMember=["pub_m", "nothing"])
        assert bob == {"Member_Account": "bob", "AppMemberDefinedData": [{"Key": "pub_m", "Value": "2"}]}

    @pytest.mark.parametrize("size", [1, 7, 100, 6000])
    def test_by_offset(self, world, size):
        users = [f"u{n:03}" for n in range(60)]
        world.people(*users)
        group = world.group("Public", owner=None, members=users)
        found = []
        for offset in range(0, 60 + size, size):
            answer = world.call("get_group_member_info", GroupId=group, Limit=size, Offset=offset)
            assert answer["MemberNum"] == 60
            assert "Next" not in answer
            assert len(answer["MemberList"]) == max(0, min(size, 60 - offset))
            found += [m["Member_Account"] for m in answer["MemberList"]]
        assert found == users

    @pytest.mark.parametrize("size", [1, 7, 100, None])
    def test_by_cursor(self, world, size):
        users = [f"u{n:03}" for n in range(230)]
        world.people(*users)
        group = world.group("Community", owner=None)
        world.call("add_group_member", GroupId=group, MemberList=accounts(*users))
        more = {"Limit": size} if size else {}
        pages = list(paged(world, "get_group_member_info", "MemberList", Next="", GroupId=group, **more))
        assert [m["Member_Account"] for page in pages for m in page] == users
        assert {len(page) for page in pages[:-1]} == {size or 100}
        assert pages[-1]

    def test_community_is_paged_by_cursor_only(self, peopled):
        group = peopled.group("Community")
        assert "100" in peopled.refused(10004, "get_group_member_info", GroupId=group, Limit=101, Next="")
        assert "Offset" in peopled.refused(10004, "get_group_member_info", GroupId=group, Offset=1)
        assert peopled.call("get_group_member_info", GroupId=group)["Next"] == ""

    def test_limits(self, peopled):
        group = peopled.group("Public")
        assert "6000" in peopled.refused(10004, "get_group_member_info", GroupId=group, Limit=6001)
        peopled.refused(10004, "get_group_member_info", GroupId=group, Limit=-1)
        peopled.refused(10004, "get_group_member_info", GroupId=group, Offset=-1)

    def test_live_room(self, peopled):
        peopled.refused(10007, "get_group_member_info", GroupId=peopled.group("AVChatRoom"))

    def test_specified(self, peopled):
        group = peopled.group("Public", members=["bob", "carl"])
        answer = peopled.call(
            "get_specified_group_member_info", GroupId=group, Member_List_Account=["carl", "ghost", "owner"],
            MemberInfoFilter=["Role"], AppDefinedDataFilter_GroupMember=[],
        )  # fmt: skip
        assert answer == {"GroupId": group, "MemberList": [
            {"Member_Account": "carl", "Role": "Member"}, {"Member_Account": "owner", "Role": "Owner"},
        ]}  # fmt: skip


class TestRoles:
    def test_in_the_order_asked(self, peopled):
        group = peopled.group("Public", MemberList=[{"Member_Account": "bob", "Role": "Admin"}, *accounts("carl")])
        answer = peopled.call(
            "get_role_in_group", GroupId=group, User_Account=["ghost", "carl", "bob", "owner", "dora"]
        )
        assert answer == {"UserIdList": [
            {"Member_Account": "ghost", "Role": "NotMember"}, {"Member_Account": "carl", "Role": "Member"},
            {"Member_Account": "bob", "Role": "Admin"}, {"Member_Account": "owner", "Role": "Owner"},
            {"Member_Account": "dora", "Role": "NotMember"},
        ]}  # fmt: skip

    def test_limits(self, peopled):
        group = peopled.group("Public")
        users = [f"u{n}" for n in range(501)]
        assert "500" in peopled.refused(10005, "get_role_in_group", GroupId=group, User_Account=users)
        assert len(peopled.call("get_role_in_group", GroupId=group, User_Account=users[:500])["UserIdList"]) == 500
        peopled.refused(10004, "get_role_in_group", GroupId=group, User_Account=[])
        peopled.refused(60015, "get_role_in_group", GroupId=group, User_Account=[1])
        peopled.refused(10007, "get_role_in_group", GroupId=peopled.group("AVChatRoom"), User_Account=["owner"])


class TestJoinAndQuit:
    @pytest.mark.parametrize("kind", ["ChatRoom", "Community"])
    def test_free_kinds(self, peopled, kind):
        group = peopled.group(kind)
        peopled.call("join_group", "bob", GroupId=group)
        assert peopled.roles(group) == {"owner": "Owner", "bob": "Member"}
        peopled.refused(10013, "join_group", "bob", GroupId=group)

    def test_a_greeting_has_a_limit(self, peopled):
        group = peopled.group("ChatRoom")
        assert "300" in peopled.refused(10004, "join_group", "bob", GroupId=group, Message="x" * 301)
        peopled.call("join_group", "bob", GroupId=group, Message="群" * 100)

    def test_options_of_a_public_group(self, peopled):
        group = peopled.group("Public", ApplyJoinOption="DisableApply")
        peopled.refused(10007, "join_group", "bob", GroupId=group)
        peopled.call("modify_group_base_info", GroupId=group, ApplyJoinOption="FreeAccess")
        peopled.call("join_group", "bob", GroupId=group)
        assert peopled.roles(group)["bob"] == "Member"

    def test_a_meeting_that_takes_no_applications(self, peopled):
        peopled.refused(10007, "join_group", "bob", GroupId=peopled.group("ChatRoom", ApplyJoinOption="DisableApply"))

    @pytest.mark.parametrize("option", ["FreeAccess", "NeedPermission", "DisableApply"])
    def test_work_groups_never(self, peopled, option):
        peopled.refused(10007, "join_group", "bob", GroupId=peopled.group("Private", ApplyJoinOption=option))

    def test_the_owner_of_a_work_group_leaves_it_ownerless(self, peopled):
        group = peopled.group("Private", members=["bob"])
        peopled.call("quit_group", "owner", GroupId=group)
        assert peopled.roles(group) == {"bob": "Member"}
        assert peopled.info(group)["Owner_Account"] == ""
        peopled.call("change_group_owner", GroupId=group, NewOwner_Account="bob")
        assert peopled.roles(group) == {"bob": "Owner"}

    @pytest.mark.parametrize("kind", ["Public", "ChatRoom", "AVChatRoom", "Community"])
    def test_other_owners_may_not_leave(self, peopled, kind):
        peopled.refused(10009, "quit_group", "owner", GroupId=peopled.group(kind))

    def test_a_group_that_all_members_left_is_dissolved(self, peopled):
        """ "Never, unless all members leave" (1047/33529, lifecycle)."""
        group = peopled.group("Private", members=["bob"])
        peopled.call("quit_group", "owner", GroupId=group)
        assert peopled.info(group)["ErrorCode"] == 0
        peopled.call("quit_group", "bob", GroupId=group)
        assert peopled.info(group)["ErrorCode"] == 10010
        assert peopled.call("get_appid_group_list")["TotalCount"] == 0


@pytest.mark.parametrize(("command", "fields"), [
    ("add_group_member", {"MemberList": [{"Member_Account": "bob"}]}),
    ("delete_group_member", {"MemberToDel_Account": ["bob"]}),
    ("get_group_member_info", {}),
    ("get_specified_group_member_info", {"Member_List_Account": ["bob"]}),
    ("get_role_in_group", {"User_Account": ["bob"]}),
    ("modify_group_base_info", {"Name": "n"}),
    ("destroy_group", {}),
    ("change_group_owner", {"NewOwner_Account": "bob"}),
    ("join_group", {}),
    ("quit_group", {}),
])  # fmt: skip
def test_groups_that_are_not_there(peopled, command, fields):
    """10010 for an id that a group could have, or had; 10015 for one that none can have; 10004 for none at all."""
    by = "bob" if command in {"join_group", "quit_group"} else None
    gone = peopled.group("Public", members=["bob"])
    peopled.call("destroy_group", GroupId=gone)
    for group in (gone, "never", "@TGS#2NEVER", "@TGS#_never"):
        assert group in peopled.refused(10010, command, by, GroupId=group, **fields)
    for group in ("", "x" * 97, "é", "a\nb"):
        assert "GroupId" in peopled.refused(10015, command, by, GroupId=group, **fields)
    for body in ({}, {"GroupId": None}, {"GroupId": 7}, {"GroupId": ["a"]}):
        assert "GroupId" in peopled.refused(10004, command, by, **body, **fields)
