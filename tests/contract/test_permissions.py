"""Permission groups of a community: made, changed, filled, read, told of; what masks give and cannot give."""

from __future__ import annotations

import re

import pytest

from contract.rights_second import BITS
from qunzhu.core.notices import change, system_notices, tip
from worlds import ADMIN, NOW, paged, switched

TOP = 2**64 - 1
HELPERS = "@PMG#_helpers"


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl", "dora", "guest")
    return world


def community(world, *members, **more) -> str:
    """Make a community with topics in which permission groups are in use."""
    fields = {"SupportTopic": 1, "EnablePermission": 1, **more}
    return world.group("Community", members=members or ["bob", "carl"], **fields)


def helpers(world, group, permission=0, members=(), permission_group=HELPERS) -> str:
    """Make a permission group and fill it."""
    world.call(
        "create_permission_group", GroupId=group, PermissionGroupId=permission_group, PermissionGroupName="Helpers",
        Permission=permission,
    )  # fmt: skip
    if members:
        put_in(world, group, *members, permission_group=permission_group)
    return permission_group


def put_in(world, group, *users, by=None, permission_group=HELPERS) -> list[int]:
    answer = world.call(
        "add_permission_group_member", by, GroupId=group, PermissionGroupId=permission_group,
        MemberList=[{"Member_Account": user} for user in users],
    )  # fmt: skip
    return [item["Result"] for item in answer["MemberList"]]


def topic(world, group, name="news") -> str:
    """Make a topic by hand."""
    topic_id = f"{group}@TOPIC#_{name}"
    world.execute(
        "INSERT INTO topics (group_num, topic_id, name, introduction, notification, face_url, custom_string, creator,"
        " created_at, last_msg_at, next_seq, mute_all) SELECT num, :id, 't', '', '', '', '', 'owner', :at, 0, 1, 0"
        " FROM groups WHERE group_id = :group", id=topic_id, at=NOW, group=group,
    )  # fmt: skip
    return topic_id


def infos(world, group, by=None, **more):
    return world.call("get_permission_group", by, GroupId=group, **more)["PermissionGroupInfoList"]


def topics_of(world, group, by=None, **more):
    answer = world.call("get_topic_permission_group", by, GroupId=group, PermissionGroupId=HELPERS, **more)
    return {item["TopicId"]: item.get("Permission", item["ErrorCode"]) for item in answer["TopicPermissionResultList"]}


def set_topics(world, command, group, masks, by=None):
    answer = world.call(
        command, by, GroupId=group, PermissionGroupId=HELPERS,
        TopicPermissionList=[{"TopicId": one, "Permission": mask} for one, mask in masks.items()],
    )  # fmt: skip
    return [item["ErrorCode"] for item in answer["TopicPermissionResultList"]]


def changes(world, since=0):
    """Return what sessions in the group were told, and see that nothing of it was a tip, a notice or stored."""
    for event in world.events[since:]:
        assert tip(event) is None
        assert system_notices(event) == []
        assert event.seq == 0
    return [change(event) for event in world.events[since:]]


class TestGroups:
    def test_made_and_read(self, peopled):
        group, before = community(peopled), len(peopled.events)
        answer = peopled.call(
            "create_permission_group", GroupId=group, PermissionGroupId=HELPERS, PermissionGroupName="帮手" * 25,
            Permission=TOP, CustomString="x" * 3000,
        )  # fmt: skip
        assert answer == {"PermissionGroupId": HELPERS}
        assert infos(peopled, group) == [
            {
                "PermissionGroupId": HELPERS, "ErrorCode": 0, "ErrorInfo": "", "PermissionGroupName": "帮手" * 25,
                "Permission": TOP, "CustomString": "x" * 3000, "MemberCount": 0, "MemberNum": 0, "CreateTime": NOW,
            }
        ]  # fmt: skip
        assert changes(peopled, before) == [
            {
                "GroupId": group, "GroupType": "Community", "Operator_Account": ADMIN, "Time": NOW,
                "ChangeType": "PermissionGroupCreated", "PermissionGroupId": HELPERS,
                "PermissionGroupName": "帮手" * 25, "Permission": TOP, "CustomString": "x" * 3000, "MemberNum": 0,
            }
        ]  # fmt: skip

    def test_generated_ids(self, peopled):
        group = community(peopled)
        made = {
            peopled.call("create_permission_group", GroupId=group, PermissionGroupId=given)["PermissionGroupId"]
            for given in (None, "", None)
        }
        assert len(made) == 3
        assert all(re.fullmatch(r"@PMG#_@PMG#c[0-9A-Z]{17}", one) for one in made)

    def test_before_permission_groups_are_switched_on_and_in_a_community_without_topics(self, peopled):
        for more in ({"SupportTopic": 1}, {}):
            group = peopled.group("Community", members=["bob"], **more)
            helpers(peopled, group, 1, ["bob"])
            peopled.refused(10007, "modify_group_base_info", "bob", GroupId=group, Name="n")

    @pytest.mark.parametrize("chosen", [
        "helpers", "@PMG#_", "@PMG#_@PMG#x", "@PMG#_é", "@PMG#_\x7f", "@PMG#_" + "x" * 43, "@TGS#_x",
    ])  # fmt: skip
    def test_ids_that_cannot_be_chosen(self, peopled, chosen):
        group = community(peopled)
        text = peopled.refused(10004, "create_permission_group", GroupId=group, PermissionGroupId=chosen)
        assert "PermissionGroupId" in text

    def test_the_longest_id_and_a_taken_one(self, peopled):
        group, other = community(peopled), community(peopled)
        longest = "@PMG#_" + "x" * 42
        for one in (group, other):
            peopled.call("create_permission_group", GroupId=one, PermissionGroupId=longest)
        peopled.refused(10021, "create_permission_group", GroupId=group, PermissionGroupId=longest)

    @pytest.mark.parametrize(("field", "value"), [
        ("PermissionGroupName", "x" * 151), ("PermissionGroupName", "é" * 76), ("CustomString", "x" * 3001),
        ("CustomString", "\x00"), ("Permission", 2**64), ("Permission", -1), ("Permission", "1"), ("Permission", 1.5),
    ])  # fmt: skip
    def test_limits(self, peopled, field, value):
        group = community(peopled)
        helpers(peopled, group)
        for command in ("create_permission_group", "modify_permission_group"):
            more = {"PermissionGroupId": HELPERS} if command.startswith("modify") else {}
            assert field in peopled.refused(10004, command, GroupId=group, **more, **{field: value})

    def test_changed(self, peopled):
        group = community(peopled)
        helpers(peopled, group, 5, ["bob"])
        since = len(peopled.events)
        where = {"GroupId": group, "PermissionGroupId": HELPERS}
        peopled.call("modify_permission_group", **where, PermissionGroupName="Other")
        peopled.call("modify_permission_group", **where, Permission=2**63)
        peopled.call("modify_permission_group", **where, CustomString="c\n\td")
        peopled.call("modify_permission_group", **where)
        peopled.call("modify_permission_group", **where, PermissionGroupName="Other")
        told = changes(peopled, since)
        assert [
            (c["ChangeType"], c["PermissionGroupName"], c["Permission"], c["CustomString"], c["MemberNum"])
            for c in told
        ] == [
            ("PermissionGroupChanged", "Other", 5, "", 1),
            ("PermissionGroupChanged", "Other", 2**63, "", 1),
            ("PermissionGroupChanged", "Other", 2**63, "c\n\td", 1),
        ]
        [info] = infos(peopled, group)
        assert (info["PermissionGroupName"], info["Permission"], info["CustomString"]) == ("Other", 2**63, "c\n\td")
        peopled.call("modify_permission_group", **where, Permission=0, CustomString="", PermissionGroupName="")
        [info] = infos(peopled, group)
        assert (info["PermissionGroupName"], info["Permission"], info["CustomString"]) == ("", 0, "")

    def test_destroyed(self, peopled):
        group = community(peopled)
        news = topic(peopled, group)
        for one in (HELPERS, "@PMG#_two", "@PMG#_three"):
            helpers(peopled, group, 1, ["bob"], one)
        set_topics(peopled, "add_topic_permission_group", group, {news: 1})
        since = len(peopled.events)
        answer = peopled.call(
            "destroy_permission_group", GroupId=group, PermissionGroupIdList=[HELPERS, "@PMG#_no", "@PMG#_two"]
        )
        assert [(r["PermissionGroupId"], r["ErrorCode"]) for r in answer["PermissionGroupResultList"]] == [
            (HELPERS, 0), ("@PMG#_no", 110006), ("@PMG#_two", 0),
        ]  # fmt: skip
        assert [c["PermissionGroupIdList"] for c in changes(peopled, since)] == [[HELPERS, "@PMG#_two"]]
        assert peopled.rows("SELECT permission_group_id FROM permission_group_members") == [("@PMG#_three",)]
        assert peopled.rows("SELECT * FROM topic_permissions") == []
        assert [info["PermissionGroupId"] for info in infos(peopled, group)] == ["@PMG#_three"]
        assert "bob" in peopled.roles(group)
        since = len(peopled.events)
        peopled.call("destroy_permission_group", GroupId=group, PermissionGroupIdList=["@PMG#_no"])
        assert len(peopled.events) == since

    def test_batches_of_destroying(self, peopled):
        group = community(peopled)
        ids = [f"@PMG#_{number:02}" for number in range(20)]
        for one in ids:
            helpers(peopled, group, permission_group=one)
        for wrong in ([], [*ids, "@PMG#_x"]):
            text = peopled.refused(10004, "destroy_permission_group", GroupId=group, PermissionGroupIdList=wrong)
            assert str(len(wrong)) in text
        answer = peopled.call("destroy_permission_group", GroupId=group, PermissionGroupIdList=ids)
        assert {item["ErrorCode"] for item in answer["PermissionGroupResultList"]} == {0}

    def test_pages(self, peopled):
        group = community(peopled)
        ids = [f"@PMG#_{number:02}" for number in range(25)]
        for one in reversed(ids):
            helpers(peopled, group, permission_group=one)
        pages = list(paged(peopled, "get_permission_group", "PermissionGroupInfoList", GroupId=group, Next="", Limit=7))
        assert [len(page) for page in pages] == [7, 7, 7, 4]
        assert [info["PermissionGroupId"] for page in pages for info in page] == ids
        assert len(infos(peopled, group)) == 20
        for limit in (0, 21):
            peopled.refused(10004, "get_permission_group", GroupId=group, Limit=limit)

    def test_named_ones(self, peopled):
        group = community(peopled)
        helpers(peopled, group, 3)
        one, unknown = infos(peopled, group, "carl", PermissionGroupIdList=[HELPERS, "@PMG#_no"])
        assert (one["ErrorCode"], one["Permission"]) == (0, 3)
        assert (unknown["PermissionGroupId"], unknown["ErrorCode"]) == ("@PMG#_no", 110006)
        assert "Permission" not in unknown
        assert len(infos(peopled, group, PermissionGroupIdList=[])) == 1
        peopled.refused(10004, "get_permission_group", GroupId=group, PermissionGroupIdList=["@PMG#_x"] * 21)

    def test_unknown_groups(self, peopled):
        group = community(peopled)
        more = {"PermissionGroupId": "@PMG#_no"}
        some = [{"Member_Account": "bob"}]
        for command, fields in {
            "modify_permission_group": {},
            "add_permission_group_member": {"MemberList": some},
            "delete_permission_group_member": {"MemberList": some},
            "get_permission_group_member_list": {},
            "add_topic_permission_group": {"TopicPermissionList": [{"TopicId": "t", "Permission": 1}]},
            "set_topic_permission_group": {"TopicPermissionList": [{"TopicId": "t", "Permission": 1}]},
            "delete_topic_permission_group": {"TopicIdList": ["t"]},
            "get_topic_permission_group": {},
        }.items():
            peopled.refused(110006, command, GroupId=group, **more, **fields)
            peopled.refused(10010, command, GroupId="@TGS#_no", **more, **fields)
            peopled.refused(10007, command, GroupId=peopled.group("Public"), **more, **fields)
            peopled.refused(10007, command, "guest", GroupId=group, **more, **fields)
        peopled.refused(10010, "create_permission_group", GroupId="@TGS#_no")
        peopled.refused(10015, "create_permission_group", GroupId="\x7f")
        peopled.refused(10010, "get_joined_permission_groups", "bob", GroupId="@TGS#_no")
        peopled.refused(10007, "get_joined_permission_groups", "guest", GroupId=group)

    def test_where_communities_are_switched_off(self, peopled):
        group = community(peopled)
        helpers(peopled, group)
        peopled.app = switched(peopled.app, community=False)
        peopled.refused(11000, "create_permission_group", GroupId=group)
        peopled.refused(11000, "destroy_permission_group", GroupId=group, PermissionGroupIdList=[HELPERS])
        peopled.refused(11000, "get_permission_group", "bob", GroupId=group)
        peopled.refused(
            11000, "delete_topic_permission_group", GroupId=group, PermissionGroupId=HELPERS, TopicIdList=["x"]
        )

    def test_a_dissolved_community_takes_its_permission_groups_along(self, peopled):
        group = community(peopled)
        helpers(peopled, group, 1, ["bob"])
        set_topics(peopled, "add_topic_permission_group", group, {topic(peopled, group): 1})
        peopled.call("destroy_group", GroupId=group)
        for table in ("permission_groups", "permission_group_members", "topic_permissions"):
            assert peopled.rows(f"SELECT * FROM {table}") == []


class TestMembers:
    def test_in_and_out(self, peopled):
        group = community(peopled)
        helpers(peopled, group)
        since = len(peopled.events)
        assert put_in(peopled, group, "bob", "guest", "ghost", "carl") == [0, 10007, 10019, 0]
        assert put_in(peopled, group, "bob", "owner", "owner") == [10013, 0, 0]
        assert put_in(peopled, group, "bob") == [10013]
        answer = peopled.call(
            "delete_permission_group_member", GroupId=group, PermissionGroupId=HELPERS,
            MemberList=[{"Member_Account": user} for user in ("carl", "guest", "ghost", "carl")],
        )  # fmt: skip
        assert answer["MemberList"] == [
            {"Member_Account": user, "Result": 0} for user in ("carl", "guest", "ghost", "carl")
        ]
        assert [
            (c["ChangeType"], c["PermissionGroupId"], c["UserList"], c["MemberNum"]) for c in changes(peopled, since)
        ] == [
            ("PermissionMembersAdded", HELPERS, ["bob", "carl"], 2),
            ("PermissionMembersAdded", HELPERS, ["owner"], 3),
            ("PermissionMembersRemoved", HELPERS, ["carl"], 2),
        ]
        assert infos(peopled, group)[0]["MemberCount"] == 2
        peopled.call(
            "delete_permission_group_member", GroupId=group, PermissionGroupId=HELPERS,
            MemberList=[{"Member_Account": "carl"}],
        )  # fmt: skip
        assert len(changes(peopled, since)) == 3

    @pytest.mark.parametrize("command", ["add_permission_group_member", "delete_permission_group_member"])
    def test_batches(self, peopled, command):
        group = community(peopled)
        helpers(peopled, group)
        where = {"GroupId": group, "PermissionGroupId": HELPERS}
        users = [{"Member_Account": f"u{number}"} for number in range(101)]
        assert "101" in peopled.refused(10005, command, **where, MemberList=users)
        peopled.refused(10004, command, **where, MemberList=[])
        assert len(peopled.call(command, **where, MemberList=users[:100])["MemberList"]) == 100

    def test_listed_with_their_data_as_members(self, peopled):
        users = [f"m{number:02}" for number in range(60)]
        peopled.people(*users)
        group = community(peopled, *users)
        helpers(peopled, group, members=users[:55])
        where = {"GroupId": group, "PermissionGroupId": HELPERS}
        first = peopled.call("get_permission_group_member_list", "m59", **where)
        assert first["MemberNum"] == 55
        assert len(first["MemberList"]) == 50
        by_member = {member["Member_Account"]: member for member in peopled.members(group)}
        assert first["MemberList"][0] == by_member["m00"]
        pages = list(
            paged(peopled, "get_permission_group_member_list", "MemberList", **where, Next="", Limit=20)
        )  # fmt: skip
        assert [len(page) for page in pages] == [20, 20, 15]
        assert [member["Member_Account"] for page in pages for member in page] == users[:55]
        for limit in (0, 51):
            peopled.refused(10004, "get_permission_group_member_list", **where, Limit=limit)

    def test_joined(self, peopled):
        group, other = community(peopled), community(peopled)
        helpers(peopled, group, 1, ["bob"])
        helpers(peopled, group, 2, ["bob", "carl"], "@PMG#_two")
        helpers(peopled, other, 2, ["bob"])

        def joined(user):
            answer = peopled.call("get_joined_permission_groups", user, GroupId=group)
            assert answer["Next"] == ""
            return [(one["PermissionGroupId"], one["Permission"]) for one in answer["PermissionGroupInfoList"]]

        assert joined("bob") == [(HELPERS, 1), ("@PMG#_two", 2)]
        assert joined("carl") == [("@PMG#_two", 2)]
        assert joined("owner") == []

    @pytest.mark.parametrize("how", ["quit", "kick", "account"])
    def test_who_leaves_the_community_leaves_its_permission_groups(self, peopled, how):
        peopled.app = switched(peopled.app, delete_accounts=True)
        group, other = community(peopled), community(peopled)
        for one in (group, other):
            helpers(peopled, one, 1, ["bob", "carl"])
            helpers(peopled, one, 2, ["bob"], "@PMG#_two")
        if how == "quit":
            peopled.call("quit_group", "bob", GroupId=group)
        elif how == "kick":
            peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["bob", "guest"])
        else:
            peopled.call("account_delete", DeleteItem=[{"UserID": "bob"}])
        numbers = {one: {i["PermissionGroupId"]: i["MemberNum"] for i in infos(peopled, one)} for one in (group, other)}
        assert numbers[group] == {HELPERS: 1, "@PMG#_two": 0}
        assert numbers[other] == ({HELPERS: 1, "@PMG#_two": 0} if how == "account" else {HELPERS: 2, "@PMG#_two": 1})
        if how != "account":
            peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "bob"}])
            assert peopled.call("get_joined_permission_groups", "bob", GroupId=group)["PermissionGroupInfoList"] == []


class TestTopics:
    def test_added_changed_removed(self, peopled):
        group = community(peopled)
        helpers(peopled, group)
        news, talk, far = topic(peopled, group), topic(peopled, group, "talk"), topic(peopled, community(peopled))
        since = len(peopled.events)
        masks = {news: 1, talk: TOP, far: 1, f"{group}@TOPIC#_no": 1}
        assert set_topics(peopled, "add_topic_permission_group", group, masks) == [0, 0, 110013, 110003]
        assert set_topics(peopled, "add_topic_permission_group", group, {news: 2}) == [110010]
        assert topics_of(peopled, group, "carl") == {news: 1, talk: TOP}
        masks = {news: 2**63, far: 1, f"{group}@TOPIC#_no": 1}
        assert set_topics(peopled, "set_topic_permission_group", group, masks) == [0, 110013, 110003]
        assert set_topics(peopled, "set_topic_permission_group", group, {news: 2**63}) == [0]
        answer = peopled.call(
            "delete_topic_permission_group", GroupId=group, PermissionGroupId=HELPERS,
            TopicIdList=[talk, far, f"{group}@TOPIC#_no", talk],
        )  # fmt: skip
        codes = [item["ErrorCode"] for item in answer["TopicPermissionResultList"]]
        assert codes == [0, 110013, 110003, 110014]
        assert set_topics(peopled, "set_topic_permission_group", group, {talk: 1}) == [110011]
        assert topics_of(peopled, group, TopicIdList=[news, talk, far, f"{group}@TOPIC#_no"]) == {
            news: 2**63, talk: 110011, far: 110013, f"{group}@TOPIC#_no": 110003,
        }  # fmt: skip
        assert [
            (c["ChangeType"], c["PermissionGroupId"], c.get("TopicPermissionList") or c["TopicIdList"])
            for c in changes(peopled, since)
        ] == [
            (
                "TopicPermissionsAdded", HELPERS,
                [{"TopicId": news, "Permission": 1}, {"TopicId": talk, "Permission": TOP}],
            ),
            ("TopicPermissionsChanged", HELPERS, [{"TopicId": news, "Permission": 2**63}]),
            ("TopicPermissionsRemoved", HELPERS, [talk]),
        ]  # fmt: skip

    @pytest.mark.parametrize("command", ["add_topic_permission_group", "set_topic_permission_group"])
    def test_batches(self, peopled, command):
        group = community(peopled)
        helpers(peopled, group)
        where = {"GroupId": group, "PermissionGroupId": HELPERS}
        some = [{"TopicId": f"{group}@TOPIC#_{number}", "Permission": 1} for number in range(51)]
        assert "51" in peopled.refused(10004, command, **where, TopicPermissionList=some)
        peopled.refused(10004, command, **where, TopicPermissionList=[])
        peopled.refused(10004, command, **where, TopicPermissionList=[{"TopicId": "x", "Permission": 2**64}])
        peopled.refused(110013, command, **where, TopicPermissionList=[{"TopicId": "x" * 97, "Permission": 1}])
        assert set_topics(peopled, command, group, {item["TopicId"]: 1 for item in some[:50]}) == [110003] * 50

    def test_batches_of_removing(self, peopled):
        group = community(peopled)
        helpers(peopled, group)
        where = {"GroupId": group, "PermissionGroupId": HELPERS}
        for wrong in ([], ["x"] * 51):
            peopled.refused(10004, "delete_topic_permission_group", **where, TopicIdList=wrong)
        peopled.refused(10004, "get_topic_permission_group", **where, TopicIdList=["x"] * 51)
        peopled.refused(110013, "get_topic_permission_group", **where, TopicIdList=[""])


def request(world, name, group) -> dict:
    """Return fields that make a command a plain question of rights in a furnished community."""
    where = {"GroupId": group, "PermissionGroupId": "@PMG#_target"}
    news, talk = f"{group}@TOPIC#_news", f"{group}@TOPIC#_talk"
    return {
        "modify_group_base_info": {"GroupId": group, "Name": "n", "Introduction": "i"},
        "modify_group_base_info of the rest": {"GroupId": group, "MaxMemberNum": 50},
        "modify_group_base_info of MuteAllMember": {"GroupId": group, "MuteAllMember": "On"},
        "delete_group_member": {"GroupId": group, "MemberToDel_Account": ["carl"]},
        "create_permission_group": {"GroupId": group},
        "modify_permission_group": {**where, "PermissionGroupName": "n"},
        "destroy_permission_group": {"GroupId": group, "PermissionGroupIdList": ["@PMG#_target"]},
        "add_permission_group_member": {**where, "MemberList": [{"Member_Account": "carl"}]},
        "delete_permission_group_member": {**where, "MemberList": [{"Member_Account": "dora"}]},
        "add_topic_permission_group": {**where, "TopicPermissionList": [{"TopicId": news, "Permission": 0}]},
        "set_topic_permission_group": {**where, "TopicPermissionList": [{"TopicId": talk, "Permission": 0}]},
        "delete_topic_permission_group": {**where, "TopicIdList": [talk]},
    }[name]


class TestRights:
    @pytest.fixture
    def furnished(self, peopled):
        """Give a function that makes a community with two topics and a permission group to work upon."""

        def make() -> str:
            group = community(peopled, "bob", "carl", "dora")
            topic(peopled, group), topic(peopled, group, "talk")
            helpers(peopled, group, 0, ["dora"], "@PMG#_target")
            peopled.call(
                "add_topic_permission_group", GroupId=group, PermissionGroupId="@PMG#_target",
                TopicPermissionList=[{"TopicId": f"{group}@TOPIC#_talk", "Permission": 0}],
            )  # fmt: skip
            return group

        peopled.make = make
        return peopled

    def code(self, world, name, group, by="bob") -> int:
        return world.code(name.partition(" of ")[0], by, **request(world, name, group))

    @pytest.mark.parametrize("name", BITS)
    def test_by_the_mask_of_a_permission_group(self, furnished, name):
        bits, _ = BITS[name]
        for bit in (*range(12), 31, 63):
            group = furnished.make()
            helpers(furnished, group, 1 << bit, ["bob"])
            assert self.code(furnished, name, group, "carl") == 10007
            wanted = 0 if bit in bits else 10007
            assert self.code(furnished, name, group) == wanted, bit
            if not wanted:
                self.check_taken_away(furnished, name)

    def check_taken_away(self, world, name):
        """Out of the permission group, with another mask, or with permission groups switched off: no right is left."""
        mask = 1 << BITS[name][0][0]
        for how in ("out", "mask", "gone", "off"):
            group = world.make()
            helpers(world, group, mask, ["bob"])
            where = {"GroupId": group, "PermissionGroupId": HELPERS}
            if how == "out":
                world.call("delete_permission_group_member", **where, MemberList=[{"Member_Account": "bob"}])
            elif how == "mask":
                world.call("modify_permission_group", **where, Permission=2**64 - 1 - mask)
            elif how == "gone":
                world.call("destroy_permission_group", GroupId=group, PermissionGroupIdList=[HELPERS])
            else:
                world.call("modify_group_base_info", GroupId=group, EnablePermission=0)
            wanted = 0 if how == "mask" and len(BITS[name][0]) > 1 else 10007
            assert self.code(world, name, group) == wanted, how

    @pytest.mark.parametrize("name", BITS)
    def test_by_the_default_mask(self, furnished, name):
        bits, _ = BITS[name]
        mask = 1 << bits[0]
        group = furnished.make()
        helpers(furnished, group, 0, ["bob"])
        furnished.call("modify_group_base_info", GroupId=group, DefaultPermission=mask)
        assert self.code(furnished, name, group) == 0
        group = furnished.make()
        furnished.call("modify_group_base_info", GroupId=group, DefaultPermission=TOP)
        assert self.code(furnished, name, group) == 0
        for without in (TOP - sum(1 << bit for bit in bits), 0):
            group = furnished.make()
            furnished.call("modify_group_base_info", GroupId=group, DefaultPermission=without)
            assert self.code(furnished, name, group) == 10007

    @pytest.mark.parametrize("name", BITS)
    def test_by_the_mask_of_a_topic(self, furnished, name):
        _, bits = BITS[name]
        for mask in (*(1 << bit for bit in range(8)), TOP):
            group = furnished.make()
            helpers(furnished, group, 0, ["bob"])
            masks = {f"{group}@TOPIC#_{one}": mask for one in ("news", "talk")}
            assert set_topics(furnished, "add_topic_permission_group", group, masks) == [0, 0]
            wanted = 0 if any(mask >> bit & 1 for bit in bits) else 10007
            assert self.code(furnished, name, group) == wanted, mask
        if bits:
            group = furnished.make()
            helpers(furnished, group, 0, ["bob"])
            masks = {f"{group}@TOPIC#_{one}": 1 << bits[0] for one in ("news", "talk")}
            set_topics(furnished, "add_topic_permission_group", group, masks)
            furnished.call(
                "delete_topic_permission_group", GroupId=group, PermissionGroupId=HELPERS, TopicIdList=list(masks)
            )
            assert self.code(furnished, name, group) == 10007

    def test_a_topics_bit_counts_in_that_topic_only(self, furnished):
        group = furnished.make()
        helpers(furnished, group, 0, ["bob"])
        set_topics(furnished, "add_topic_permission_group", group, {f"{group}@TOPIC#_news": 2})
        assert self.code(furnished, "add_topic_permission_group", group) == 0
        assert self.code(furnished, "set_topic_permission_group", group) == 10007
        furnished.refused(
            10007, "delete_topic_permission_group", "bob", GroupId=group, PermissionGroupId=HELPERS,
            TopicIdList=[f"{group}@TOPIC#_news", f"{group}@TOPIC#_talk"],
        )  # fmt: skip
        furnished.refused(
            10007, "delete_topic_permission_group", "bob", GroupId=group, PermissionGroupId=HELPERS,
            TopicIdList=[f"{group}@TOPIC#_unknown"],
        )  # fmt: skip

    @pytest.mark.parametrize("name", BITS)
    def test_administrators_count_as_members_while_permission_groups_are_in_use(self, furnished, name):
        def with_admin() -> str:
            group = furnished.make()
            furnished.execute(
                "UPDATE members SET role = 300 WHERE user_id = 'bob'"
                " AND group_num = (SELECT num FROM groups WHERE group_id = :id)", id=group,
            )  # fmt: skip
            return group

        group = with_admin()
        assert self.code(furnished, name, group) == 10007
        furnished.call("modify_group_base_info", GroupId=group, EnablePermission=0)
        assert self.code(furnished, name, group) == 0
        group = with_admin()
        helpers(furnished, group, 1 << BITS[name][0][0], ["bob"])
        assert self.code(furnished, name, group) == 0
        assert self.code(furnished, name, furnished.make(), "owner") == 0

    def test_masks_add_up(self, furnished):
        group = furnished.make()
        helpers(furnished, group, 1, ["bob"])
        helpers(furnished, group, 4, ["bob"], "@PMG#_two")
        furnished.call("modify_group_base_info", GroupId=group, DefaultPermission=8)
        for name in ("modify_group_base_info", "modify_permission_group", "add_permission_group_member"):
            assert self.code(furnished, name, group) == 0
        assert self.code(furnished, "delete_group_member", group) == 10007

    def test_a_member_with_a_bit_acts_upon_ordinary_members_only(self, furnished):
        """He ranks as an administrator, whatever he is otherwise."""
        group = furnished.make()
        helpers(furnished, group, 2, ["bob"])
        for user in ("owner", "dora"):
            furnished.execute("UPDATE members SET role = 300 WHERE user_id = 'dora'")
            furnished.refused(10007, "delete_group_member", "bob", GroupId=group, MemberToDel_Account=[user])
        assert furnished.code("delete_group_member", "bob", GroupId=group, MemberToDel_Account=["carl"]) == 0
        assert furnished.code("delete_group_member", "owner", GroupId=group, MemberToDel_Account=["dora"]) == 0

    def test_an_outsider_has_no_default_mask(self, furnished):
        group = furnished.make()
        furnished.call("modify_group_base_info", GroupId=group, DefaultPermission=TOP)
        for name in BITS:
            assert self.code(furnished, name, group, "guest") == 10007


class TestNobodyGivesWhatHeHasNot:
    @pytest.fixture
    def group(self, peopled):
        """Make a community in which bob may write permission groups, fill them, and edit the profile: 1, 4 and 8."""
        group = community(peopled, "bob", "carl")
        helpers(peopled, group, 13, ["bob"])
        return group

    def test_masks_of_groups(self, peopled, group):
        where = {"GroupId": group, "PermissionGroupId": "@PMG#_own"}
        assert "0x2" in peopled.refused(10007, "create_permission_group", "bob", **where, Permission=15)
        peopled.call("create_permission_group", "bob", **where, Permission=5)
        peopled.refused(10007, "modify_permission_group", "bob", **where, Permission=2**63)
        peopled.call("modify_permission_group", "bob", **where, Permission=13)
        peopled.call("modify_permission_group", "owner", **where, Permission=TOP)
        peopled.call("modify_permission_group", "bob", **where, Permission=TOP - 1)
        peopled.refused(10007, "modify_permission_group", "carl", **where, Permission=0)

    def test_the_default_mask(self, peopled, group):
        peopled.refused(10007, "modify_group_base_info", "bob", GroupId=group, DefaultPermission=2)
        peopled.call("modify_group_base_info", "bob", GroupId=group, DefaultPermission=4)
        peopled.call("modify_group_base_info", "owner", GroupId=group, DefaultPermission=TOP)
        assert peopled.info(group)["DefaultPermission"] == TOP
        peopled.call("modify_group_base_info", "bob", GroupId=group, DefaultPermission=2)

    def test_letting_somebody_in(self, peopled, group):
        helpers(peopled, group, 2, permission_group="@PMG#_kick")
        peopled.refused(
            10007, "add_permission_group_member", "bob", GroupId=group, PermissionGroupId="@PMG#_kick",
            MemberList=[{"Member_Account": "bob"}],
        )  # fmt: skip
        assert put_in(peopled, group, "carl", by="bob") == [0]
        assert put_in(peopled, group, "bob", by="owner", permission_group="@PMG#_kick") == [0]
        assert put_in(peopled, group, "carl", by="bob", permission_group="@PMG#_kick") == [0]

    def test_letting_somebody_into_a_group_with_topic_bits(self, peopled, group):
        news = topic(peopled, group)
        helpers(peopled, group, permission_group="@PMG#_topics")
        peopled.call(
            "add_topic_permission_group", GroupId=group, PermissionGroupId="@PMG#_topics",
            TopicPermissionList=[{"TopicId": news, "Permission": 4}],
        )  # fmt: skip
        carl = {
            "GroupId": group,
            "PermissionGroupId": "@PMG#_topics",
            "MemberList": [{"Member_Account": "carl"}],
        }
        peopled.refused(10007, "add_permission_group_member", "bob", **carl)
        assert set_topics(peopled, "add_topic_permission_group", group, {news: 4}) == [0]
        peopled.call("add_permission_group_member", "bob", **carl)

    def test_topic_masks(self, peopled, group):
        news, talk = topic(peopled, group), topic(peopled, group, "talk")
        assert set_topics(peopled, "add_topic_permission_group", group, {news: 2, talk: 6}, "bob") == [0, 10007]
        assert set_topics(peopled, "set_topic_permission_group", group, {news: 6}, "bob") == [10007]
        assert set_topics(peopled, "set_topic_permission_group", group, {news: 6}, "owner") == [0]
        assert set_topics(peopled, "set_topic_permission_group", group, {news: 4}, "bob") == [0]
        assert topics_of(peopled, group) == {news: 4}

    def test_a_bit_of_the_community_counts_for_every_topic(self, peopled, group):
        """2 manages topic permissions, 4 topics, 5 mutes, 6 sends, 7 calls all, 8 reads older ones, 9 recalls."""
        news = topic(peopled, group)
        for group_bit, topic_bit in {4: 0, 2: 1, 5: 2, 6: 3, 8: 4, 9: 5, 7: 6}.items():
            peopled.call(
                "modify_permission_group", GroupId=group, PermissionGroupId=HELPERS, Permission=4 | 1 << group_bit
            )
            for bit in range(7):
                wanted = 0 if bit in {topic_bit, 1} else 10007
                assert set_topics(peopled, "add_topic_permission_group", group, {news: 1 << bit}, "bob") == [wanted]
                if not wanted:
                    peopled.call(
                        "delete_topic_permission_group", GroupId=group, PermissionGroupId=HELPERS, TopicIdList=[news]
                    )

    def test_an_administrator_gives_all_before_permission_groups_are_switched_on(self, peopled):
        group = peopled.group("Community", SupportTopic=1, MemberList=[{"Member_Account": "bob", "Role": "Admin"}])
        peopled.call("create_permission_group", "bob", GroupId=group, PermissionGroupId=HELPERS, Permission=TOP)
        peopled.call("modify_group_base_info", "bob", GroupId=group, EnablePermission=1, DefaultPermission=TOP)


def test_masks_of_64_bits_in_a_creation(peopled):
    group = community(peopled, DefaultPermission=TOP)
    assert peopled.info(group)["DefaultPermission"] == TOP
    assert peopled.code("modify_group_base_info", "carl", GroupId=group, Name="n") == 0
    assert peopled.events[-1].changes == {"Name": "n"}
    peopled.refused(10004, "create_group", Type="Community", Name="n", SupportTopic=1, EnablePermission=1,
                    DefaultPermission=2**64)  # fmt: skip
