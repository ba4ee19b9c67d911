"""Reading groups: get_group_info, get_appid_group_list, get_joined_group_list (docs 1047/34961, 34960, 34925)."""

import pytest

from worlds import KINDS, NOW, paged


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl")
    return world


class TestInfo:
    def test_items_in_the_order_asked_each_with_its_code(self, peopled):
        group = peopled.group("Public")
        answer = peopled.call("get_group_info", GroupIdList=["nothing", group, "é", group, ""])["GroupInfo"]
        assert [(item["GroupId"], item["ErrorCode"]) for item in answer] == [
            ("nothing", 10010), (group, 0), ("é", 10015), (group, 0), ("", 10015),
        ]  # fmt: skip
        assert all(item["ErrorInfo"] for item in answer if item["ErrorCode"])
        assert "Name" not in answer[0]

    def test_any_text_is_an_item(self, peopled):
        """An item that no group can have is answered as such, whatever stands in it."""
        for group in ("\u0000", "a\u0000b", "\U0001f600", "x" * 5000, "'; DROP TABLE groups; --", "%s", ":num"):
            assert peopled.info(group)["ErrorCode"] in {10010, 10015}

    def test_limits(self, peopled):
        group = peopled.group("Public")
        text = peopled.refused(10004, "get_group_info", GroupIdList=[group] * 51)
        assert "GroupIdList" in text
        assert "50" in text
        assert len(peopled.call("get_group_info", GroupIdList=[group] * 50)["GroupInfo"]) == 50
        peopled.refused(10004, "get_group_info", GroupIdList=[])
        peopled.refused(10004, "get_group_info")
        peopled.refused(10004, "get_group_info", GroupIdList="x")

    def test_filters(self, peopled):
        fields = [{"Key": "open_g", "Value": "1"}, {"Key": "owner_g", "Value": "2"}]
        group = peopled.group("Public", Name="n", members=["bob"], AppDefinedData=fields)
        shown = peopled.info(group, GroupBaseInfoFilter=["Name", "MemberNum", "nothing"])
        assert shown == {"ErrorCode": 0, "ErrorInfo": "", "GroupId": group, "Name": "n", "MemberNum": 2}
        shown = peopled.info(group, GroupBaseInfoFilter=[], MemberInfoFilter=["Role"])
        assert shown["MemberList"] == [
            {"Member_Account": "bob", "Role": "Member"},
            {"Member_Account": "owner", "Role": "Owner"},
        ]
        shown = peopled.info(group, GroupBaseInfoFilter=[], AppDefinedDataFilter_Group=["owner_g"])
        assert shown["AppDefinedData"] == [{"Key": "owner_g", "Value": "2"}]
        everything = peopled.info(group)
        assert everything["AppDefinedData"] == fields
        assert [m["Member_Account"] for m in everything["MemberList"]] == ["bob", "owner"]

    def test_member_custom_fields(self, peopled):
        members = [{"Member_Account": "bob", "AppMemberDefinedData": [{"Key": "open_m", "Value": "1"}]}]
        group = peopled.group("Public", owner=None, MemberList=members)
        shown = peopled.info(
            group, GroupBaseInfoFilter=[], MemberInfoFilter=[], AppDefinedDataFilter_GroupMember=["open_m"]
        )
        [bob] = shown["MemberList"]
        assert bob == {"Member_Account": "bob", "AppMemberDefinedData": [{"Key": "open_m", "Value": "1"}]}

    def test_old_names(self, peopled):
        group = peopled.group("Public")
        peopled.call("modify_group_base_info", GroupId=group, MuteAllMember="On")
        shown = peopled.info(group)
        assert shown["MuteAllMember"] == shown["ShutUpAllMember"] == "On"

    def test_a_live_room_has_no_members(self, peopled):
        assert "MemberList" not in peopled.info(peopled.group("AVChatRoom"))

    def test_outsiders_see_no_members(self, peopled):
        group = peopled.group("Public", members=["bob"])
        assert "MemberList" not in peopled.info(group, "carl")
        assert "MemberList" in peopled.info(group, "bob")


class TestAllGroups:
    def test_pages_through_2500_groups(self, world):
        """Every id once, in every page size, with and without a kind, the counts as they are."""
        kinds = dict.fromkeys(KINDS, 500)
        ids = {kind: [] for kind in KINDS}
        for n in range(2500):
            kind = KINDS[n % 5]
            ids[kind].append(world.group(kind, owner=None))
        for size in (1000, 999, 10000, None):
            more = {"Limit": size} if size else {}
            pages = list(paged(world, "get_appid_group_list", "GroupIdList", Next=0, **more))
            found = [item["GroupId"] for page in pages for item in page]
            assert len(found) == 2500
            assert set(found) == {group for mine in ids.values() for group in mine}
            assert all(len(page) == size for page in pages[:-1])
        for kind, number in kinds.items():
            pages = paged(world, "get_appid_group_list", "GroupIdList", Next=0, Limit=77, GroupType=kind)
            assert [item["GroupId"] for page in pages for item in page] == ids[kind]
            assert world.call("get_appid_group_list", GroupType=kind, Limit=1)["TotalCount"] == number
        assert world.call("get_appid_group_list", Limit=1)["TotalCount"] == 2500

    def test_last_page_that_is_full(self, world):
        for _ in range(4):
            world.group(owner=None)
        pages = list(paged(world, "get_appid_group_list", "GroupIdList", Next=0, Limit=2))
        assert [len(page) for page in pages] == [2, 2]

    def test_groups_made_and_dissolved_while_paging(self, world):
        """What existed all the time comes exactly once."""
        ids = [world.group(owner=None) for _ in range(10)]
        first = world.call("get_appid_group_list", Limit=5)
        seen = [item["GroupId"] for item in first["GroupIdList"]]
        world.call("destroy_group", GroupId=seen[-1])
        world.call("destroy_group", GroupId=next(i for i in ids if i not in seen))
        world.group(owner=None)
        for page in paged(world, "get_appid_group_list", "GroupIdList", Next=first["Next"], Limit=2):
            seen += [item["GroupId"] for item in page]
        assert len(seen) == len(set(seen))
        assert len(set(ids) & set(seen)) == 9

    def test_new_names_and_the_legacy_kind(self, world):
        group = world.group("Private", owner=None)
        for name in ("Private", "Work"):
            assert world.call("get_appid_group_list", GroupType=name)["GroupIdList"] == [{"GroupId": group}]
        assert world.call("get_appid_group_list", GroupType="BChatRoom") == {
            "TotalCount": 0,
            "GroupIdList": [],
            "Next": 0,
        }

    def test_limits(self, world):
        for fields in ({"Limit": 0}, {"Limit": 10001}, {"Limit": -1}, {"Next": -1}, {"Next": 2**63}, {"GroupType": "X"},
                       {"Limit": "5"}, {"Next": "0"}):  # fmt: skip
            assert next(iter(fields)) in world.refused(10004, "get_appid_group_list", **fields)
        assert world.call("get_appid_group_list", Next=2**63 - 1)["GroupIdList"] == []


class TestJoined:
    def test_ids_only_unless_asked_for_more(self, peopled):
        first, second = peopled.group("Public", members=["bob"], Name="a"), peopled.group("ChatRoom", owner="bob")
        assert peopled.call("get_joined_group_list", Member_Account="bob") == {
            "TotalCount": 2, "GroupIdList": [{"GroupId": first}, {"GroupId": second}],
        }  # fmt: skip
        answer = peopled.call("get_joined_group_list", Member_Account="bob", ResponseFilter={
            "GroupBaseInfoFilter": ["Name", "Type"], "SelfInfoFilter": ["Role", "JoinTime", "MsgFlag", "MsgSeq"],
        })  # fmt: skip
        assert answer["GroupIdList"][0] == {
            "GroupId": first, "Name": "a", "Type": "Public",
            "SelfInfo": {"Role": "Member", "JoinTime": NOW, "MsgFlag": "AcceptAndNotify", "MsgSeq": 0},
        }  # fmt: skip
        assert answer["GroupIdList"][1]["SelfInfo"]["Role"] == "Owner"

    @pytest.mark.parametrize("size", [1, 3, 10])
    def test_paging(self, peopled, size):
        ids = [peopled.group("Public", members=["bob"]) for _ in range(10)]
        found = []
        for offset in range(0, 10, size):
            answer = peopled.call("get_joined_group_list", Member_Account="bob", Limit=size, Offset=offset)
            assert answer["TotalCount"] == 10
            found += [item["GroupId"] for item in answer["GroupIdList"]]
        assert found == ids

    def test_by_kind_and_topics(self, peopled):
        public = peopled.group("Public", members=["bob"])
        peopled.group("Community", members=["bob"])
        topics = peopled.group("Community", members=["bob"], SupportTopic=1)
        fields = {"Member_Account": "bob"}
        assert peopled.call("get_joined_group_list", **fields, GroupType="Public")["GroupIdList"] == [
            {"GroupId": public}
        ]
        assert peopled.call("get_joined_group_list", **fields, GroupType="Community")["TotalCount"] == 2
        answer = peopled.call("get_joined_group_list", **fields, GroupType="Community", SupportTopic=1)
        assert (answer["TotalCount"], [item["GroupId"] for item in answer["GroupIdList"]]) == (1, [topics])
        assert "GroupType" in peopled.refused(10004, "get_joined_group_list", **fields, SupportTopic=1)

    def test_of_an_unknown_user_and_bad_requests(self, peopled):
        assert peopled.call("get_joined_group_list", Member_Account="ghost") == {"TotalCount": 0, "GroupIdList": []}
        for fields in ({}, {"Member_Account": None}, {"Member_Account": ""}, {"Member_Account": "x" * 33},
                       {"Member_Account": "bob", "Limit": 5001}, {"Member_Account": "bob", "Limit": 0},
                       {"Member_Account": "bob", "Offset": -1}, {"Member_Account": "bob", "WithHugeGroups": 2},
                       {"Member_Account": "bob", "GroupType": "nothing"}):  # fmt: skip
            peopled.refused(10004, "get_joined_group_list", **fields)
        peopled.refused(60015, "get_joined_group_list", Member_Account=7)
