"""What plans refuse, counted exactly in the creating transaction (docs 1047/33529, 34349, 34350, 34381)."""

import msgspec
import pytest

from qunzhu.core.plans import PLANS, Plan
from worlds import ADMIN, DAY, NOW, on_plan, switched


@pytest.fixture
def capped(world, monkeypatch):
    """Return a function that puts the app on a plan with given caps."""

    def put(**caps):
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", **caps))
        world.app = on_plan(world.app, "tests")
        return world

    return put


def create(kind="Public", **more):
    return {"Type": kind, "Name": "n", **more}


class TestExistingGroups:
    def test_trial_hundred_groups_of_three_kinds_together(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        for n in range(100):
            world.group(("Private", "Public", "ChatRoom")[n % 3], owner=None)
        for kind in ("Private", "Public", "ChatRoom"):
            text = world.refused(10058, "create_group", **create(kind))
            assert "100" in text
        world.group("AVChatRoom", owner=None)

    def test_dissolving_frees_a_place(self, capped):
        world = capped(groups=2)
        first, _ = world.group(owner=None), world.group("Private", owner=None)
        world.refused(10058, "create_group", **create())
        world.call("destroy_group", GroupId=first)
        world.group("ChatRoom", owner=None)
        world.refused(10058, "create_group", **create())

    def test_live_rooms(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        rooms = [world.group("AVChatRoom", owner=None) for _ in range(10)]
        assert "10" in world.refused(10036, "create_group", **create("AVChatRoom"))
        world.group("Public", owner=None)
        world.call("destroy_group", GroupId=rooms[0])
        world.group("AVChatRoom", owner=None)

    def test_communities(self, capped):
        world = capped(communities=1)
        world.group("Community", owner=None)
        world.refused(10058, "create_group", **create("Community"))

    def test_a_plan_without_communities(self, world):
        world.app = on_plan(world.app, "legacy-pro")
        world.refused(10059, "create_group", **create("Community"))

    def test_a_plan_with_communities_that_are_not_switched_on(self, world):
        world.app = on_plan(world.app, "legacy-flagship", community=None)
        world.refused(11000, "create_group", **create("Community"))
        world.app = switched(world.app, community=True)
        world.group("Community", owner=None)


class TestDailyNet:
    def test_day_boundary_in_the_apps_time_zone(self, capped):
        """22:13:20 UTC is past six in the morning of the next day in UTC+8; midnight there is 16:00 UTC."""
        world = capped(net_groups_a_day=2)
        midnight = NOW // DAY * DAY + 16 * 3600
        world.now = midnight - 1
        for _ in range(2):
            world.group(owner=None)
        assert "2" in world.refused(10006, "create_group", **create())
        world.now = midnight
        for _ in range(2):
            world.group(owner=None)
        world.refused(10006, "create_group", **create())
        world.now = midnight + DAY - 1
        world.refused(10006, "create_group", **create("AVChatRoom"))
        world.now = midnight + DAY
        world.group(owner=None)

    @pytest.mark.parametrize(("minutes", "offset"), [(0, 0), (480, 8 * 3600), (-210, -210 * 60), (840, 14 * 3600)])
    def test_other_time_zones(self, sqlite_world, monkeypatch, minutes, offset):
        world = sqlite_world
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", net_groups_a_day=1))
        world.app = on_plan(world.app, "tests", utc_offset_minutes=minutes)
        midnight = (NOW // DAY + 3) * DAY - offset
        world.now = midnight - 1
        world.group(owner=None)
        world.refused(10006, "create_group", **create())
        world.now = midnight
        world.group(owner=None)
        world.refused(10006, "create_group", **create())

    def test_dissolving_frees_one(self, capped):
        """Net new = created minus dissolved in one calendar day, whenever the dissolved one was made."""
        world = capped(net_groups_a_day=2)
        old = world.group(owner=None)
        world.now += DAY
        first = world.group(owner=None)
        world.group(owner=None)
        world.refused(10006, "create_group", **create())
        world.call("destroy_group", GroupId=first)
        world.group(owner=None)
        world.refused(10006, "create_group", **create())
        world.call("destroy_group", GroupId=old)
        world.group(owner=None)
        world.refused(10006, "create_group", **create())

    def test_refused_ones_do_not_count(self, capped):
        world = capped(net_groups_a_day=2)
        world.group(owner=None, GroupId="a")
        for _ in range(5):
            world.refused(10021, "create_group", **create(GroupId="a"))
        world.group(owner=None)
        world.refused(10006, "create_group", **create())

    def test_communities_of_2025_are_excluded(self, capped):
        world = capped(net_groups_a_day=1)
        world.group("Community", owner=None)
        world.group("Community", owner=None)
        world.group("Public", owner=None)
        world.refused(10006, "create_group", **create())
        assert world.code("create_group", **create("Community")) == 0

    def test_communities_of_older_plans_count(self, capped):
        world = capped(net_groups_a_day=1, daily_excludes_communities=False)
        world.group("Community", owner=None)
        world.refused(10006, "create_group", **create())

    def test_hundred_of_the_overseas_developer_plan(self, sqlite_world):
        sqlite_world.app = on_plan(sqlite_world.app, "overseas-developer")
        for n in range(100):
            sqlite_world.group("Community" if n % 2 else "Public", owner=None)
        sqlite_world.refused(10006, "create_group", **create("Community"))


class TestMembersPerGroup:
    def test_default_and_most(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        assert world.info(world.group(owner=None))["MaxMemberNum"] == 20
        world.group(owner=None, MaxMemberCount=20)
        assert "20" in world.refused(10038, "create_group", **create(MaxMemberCount=21))

    def test_first_members_over_the_plan(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        users = [f"u{n}" for n in range(20)]
        world.people("owner", *users)
        fields = create(Owner_Account="owner")
        world.refused(10038, "create_group", **fields, MemberList=[{"Member_Account": user} for user in users])
        world.call("create_group", **fields, MemberList=[{"Member_Account": user} for user in users[:19]])

    def test_not_raised_by_a_later_upgrade_until_modified(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        group = world.group(owner=None)
        world.app = on_plan(world.app, "legacy-pro")
        assert world.info(group)["MaxMemberNum"] == 20
        world.refused(10038, "modify_group_base_info", GroupId=group, MaxMemberNum=201)
        world.call("modify_group_base_info", GroupId=group, MaxMemberNum=200)
        assert world.info(group)["MaxMemberNum"] == 200

    def test_full(self, world):
        users = [f"u{n}" for n in range(4)]
        world.people("owner", *users)
        group = world.group("Public", MaxMemberCount=3, members=users[:1])
        fields = {"GroupId": group}
        two = [{"Member_Account": user} for user in users[1:3]]
        assert "3" in world.refused(10014, "add_group_member", **fields, MemberList=two)
        world.call("add_group_member", **fields, MemberList=two[:1])
        world.refused(10014, "add_group_member", **fields, MemberList=two[1:])
        world.call("modify_group_base_info", **fields, ApplyJoinOption="FreeAccess")
        world.refused(10014, "join_group", "u2", **fields)
        world.call("delete_group_member", **fields, MemberToDel_Account=["u1"])
        world.call("join_group", "u2", **fields)

    def test_members_already_in_take_no_room(self, world):
        world.people("owner", "bob")
        group = world.group("Public", MaxMemberCount=2, members=["bob"])
        answer = world.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "bob"}])
        assert answer == {"MemberList": [{"Member_Account": "bob", "Result": 2}]}


class TestGroupsPerUser:
    def test_owner_member_invited_and_joining(self, capped):
        world = capped(groups_per_user=2)
        world.people("alice", "bob")
        first = world.group("Public", owner="alice")
        world.group("Community", owner="alice")
        assert "2" in world.refused(10037, "create_group", **create(Owner_Account="alice"))
        world.refused(10037, "create_group", "alice", **create())
        world.refused(10037, "create_group", **create(MemberList=[{"Member_Account": "alice"}]))
        third = world.group("ChatRoom", owner="bob")
        world.refused(10037, "add_group_member", GroupId=third, MemberList=[{"Member_Account": "alice"}])
        world.refused(10037, "join_group", "alice", GroupId=third)
        world.call("destroy_group", GroupId=first)
        world.call("join_group", "alice", GroupId=third)

    def test_without_owner_and_members_there_is_no_such_limit(self, capped):
        world = capped(groups_per_user=1)
        for _ in range(5):
            world.group(owner=None)

    def test_live_rooms_keep_no_members_and_do_not_count(self, capped):
        world = capped(groups_per_user=1)
        world.people("alice")
        for _ in range(3):
            world.group("AVChatRoom", owner="alice")
        world.group("Public", owner="alice")

    @pytest.mark.parametrize(("plan", "most"), [("legacy-trial", 50), ("overseas-standard", 500)])
    def test_documented_numbers(self, sqlite_world, plan, most):
        world = sqlite_world
        world.people("alice")
        world.app = on_plan(world.app, plan)
        for _ in range(most):
            world.group("Public", owner="alice")
        world.refused(10037, "create_group", **create(Owner_Account="alice"))


class TestAccounts:
    def test_hundred_on_a_trial(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        world.people(*[f"u{n}" for n in range(98)])  # and the administrator
        world.call("account_import", UserID="last")
        assert "100" in world.refused(70398, "account_import", UserID="over")
        world.call("account_import", UserID="last", Nick="again")
        answer = world.call("multiaccount_import", Accounts=["u1", "over", "last", "more"])
        assert answer == {"FailAccounts": ["over", "more"]}
        world.call("account_delete", DeleteItem=[{"UserID": "last"}])
        world.call("account_import", UserID="over")
        world.refused(70398, "account_import", UserID="more")

    def test_deleting_is_for_trials(self, world):
        world.people("bob")
        world.app = on_plan(world.app, "legacy-pro")
        world.refused(71000, "account_delete", DeleteItem=[{"UserID": "bob"}])
        world.app = switched(world.app, delete_accounts=True)
        assert world.call("account_delete", DeleteItem=[{"UserID": "bob"}])["ResultItem"][0]["ResultCode"] == 0

    def test_no_new_import_for_three_months(self, world):
        world.people("bob")
        world.app = on_plan(world.app, "legacy-pro", delete_accounts=True)
        world.call("account_delete", DeleteItem=[{"UserID": "bob"}])
        world.now += 90 * DAY - 1
        world.refused(70399, "account_import", UserID="bob")
        assert world.call("multiaccount_import", Accounts=["bob", "carl"]) == {"FailAccounts": ["bob"]}
        world.now += 1
        world.call("account_import", UserID="bob")

    def test_a_trial_may_import_again_at_once(self, world):
        world.app = on_plan(world.app, "legacy-trial")
        world.people("bob")
        world.call("account_delete", DeleteItem=[{"UserID": "bob"}])
        world.call("account_import", UserID="bob")


@pytest.mark.parametrize(("plan", "accounts", "members", "live", "net", "communities"), [
    #                     accounts members live   net     communities: members, or 0 for none
    ("legacy-trial",       100,    20,     10,    10_000, 0),
    ("legacy-pro",         None,   200,    50,    10_000, 0),
    ("legacy-flagship",    None,   2000,   None,  10_000, 100_000),
    ("overseas-developer", 100,    20,     10,    100,    None),
    ("overseas-standard",  None,   200,    50,    10_000, 0),
    ("overseas-premium",   None,   2000,   None,  10_000, None),
    ("2025-trial",         100,    20,     50,    10_000, 100_000),
    ("2025-standard",      None,   500,    50,    10_000, 0),
    ("2025-pro",           None,   2000,   None,  10_000, 100_000),
    ("2025-pro-plus",      None,   5000,   None,  10_000, 1_000_000),
    ("2025-enterprise",    None,   6000,   None,  10_000, 1_000_000),
])  # fmt: skip
def test_the_table_of_plans(plan, accounts, members, live, net, communities):
    row = PLANS[plan]
    assert (row.accounts, row.group_members, row.live_rooms, row.net_groups_a_day) == (accounts, members, live, net)
    assert row.groups == (100 if accounts else None)
    assert row.daily_excludes_communities == plan.startswith("2025")
    if communities == 0:
        assert row.communities == 0
    else:
        assert row.communities != 0
        assert communities is None or row.community_members == communities


def test_open_is_the_default_and_has_no_caps(sqlite_world):
    row = PLANS["open"]
    caps = set(msgspec.structs.asdict(row)) - {
        "name",
        "daily_excludes_communities",
        "counters",
        "deletes_accounts",
        "reimport_days",
        "live_members_listed",
        "live_bans",
        "special_messages",
        "limits_requests",
    }
    assert all(getattr(row, cap) is None for cap in caps)
    assert not row.limits_requests
    assert sqlite_world.app.plan is row
    assert ADMIN in sqlite_world.app.admins
