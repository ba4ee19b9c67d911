"""Accounts and who is online (docs 1047/34953 to 34957, 35477)."""

import pytest

from qunzhu.core.errors import Refused
from worlds import ADMIN, NOW, WITH_MEMBERS

SERVICE = {
    "account_import": {"UserID": "bob"}, "multiaccount_import": {"Accounts": ["bob"]},
    "account_delete": {"DeleteItem": [{"UserID": "bob"}]}, "account_check": {"CheckItem": [{"UserID": "bob"}]},
    "kick": {"UserID": "bob"}, "query_online_status": {"To_Account": ["bob"]}, "get_appid_group_list": {},
}  # fmt: skip


def status(world, *users):
    answer = world.call("account_check", CheckItem=[{"UserID": user} for user in users])
    return [item["AccountStatus"] for item in answer["ResultItem"]]


@pytest.mark.parametrize("command", SERVICE)
def test_for_app_admins_only(world, command):
    world.people("bob")
    world.refused(90009 if command == "query_online_status" else 60010, command, "bob", **SERVICE[command])


class TestImport:
    def test_and_again(self, world):
        assert world.call("account_import", UserID="bob", Nick="Bob", FaceUrl="http://x") == {}
        assert world.call("account_import", UserID="bob") == {}
        assert world.rows("SELECT nick, face_url FROM accounts WHERE user_id = 'bob'") == [("Bob", "http://x")]
        world.call("account_import", UserID="bob", Nick="B")
        assert world.rows("SELECT nick, face_url FROM accounts WHERE user_id = 'bob'") == [("B", "http://x")]
        assert len([e for e in world.events if getattr(e, "registered", None) == ["bob"]]) == 1

    def test_old_name(self, world):
        world.call("account_import", Identifier="bob")
        assert status(world, "bob") == ["Imported"]

    @pytest.mark.parametrize("user", ["a", "x" * 32, "!~ @#", "@RBT#bot", "@TOA#_x"])
    def test_printable_ascii_to_32_bytes(self, world, user):
        world.call("account_import", UserID=user)
        assert status(world, user) == ["Imported"]

    @pytest.mark.parametrize("user", ["", "x" * 33, "é", "a\n", "\u0000", "名", None, [], True])
    def test_others_are_refused(self, world, user):
        assert "UserID" in world.refused(70402, "account_import", UserID=user)

    def test_missing_and_a_number(self, world):
        assert "UserID" in world.refused(70402, "account_import")
        assert "UserID" in world.refused(60015, "account_import", UserID=7)
        world.refused(70402, "account_import", UserID="bob", Nick="x" * 501)
        world.call("account_import", UserID="bob", Nick="x" * 500)

    def test_case_matters(self, world):
        world.people("Bob")
        assert status(world, "Bob", "bob") == ["Imported", "NotImported"]


class TestImportMany:
    def test_bad_ones_are_named_and_the_others_are_in(self, world):
        world.people("old")
        answer = world.call("multiaccount_import", Accounts=["new", "old", "x" * 33, "é", "", "new"])
        assert answer == {"FailAccounts": ["x" * 33, "é", ""]}
        assert status(world, "new", "old") == ["Imported", "Imported"]

    def test_list_form(self, world):
        answer = world.call("multiaccount_import", AccountList=[{"UserID": "bob", "Nick": "B"}, {"UserID": "carl"}])
        assert answer == {"FailAccounts": []}
        assert status(world, "bob", "carl") == ["Imported", "Imported"]

    def test_limits(self, world):
        users = [f"u{n}" for n in range(101)]
        assert "100" in world.refused(70402, "multiaccount_import", Accounts=users)
        assert world.call("multiaccount_import", Accounts=users[:100]) == {"FailAccounts": []}
        for fields in ({}, {"Accounts": []}, {"Accounts": None}, {"Accounts": "x"}, {"Accounts": {}}):
            world.refused(70402, "multiaccount_import", **fields)
        world.refused(60015, "multiaccount_import", Accounts=["a", 7])


class TestCheck:
    def test_items_in_the_order_asked(self, world):
        world.people("bob")
        answer = world.call("account_check", CheckItem=[{"UserID": "ghost"}, {"UserID": "bob"}, {"UserID": ADMIN}])
        assert [(i["UserID"], i["ResultCode"], i["ResultInfo"], i["AccountStatus"]) for i in answer["ResultItem"]] == [
            ("ghost", 0, "", "NotImported"), ("bob", 0, "", "Imported"), (ADMIN, 0, "", "Imported"),
        ]  # fmt: skip

    @pytest.mark.parametrize("command", ["account_check", "account_delete"])
    def test_limits(self, world, command):
        name = {"account_check": "CheckItem", "account_delete": "DeleteItem"}[command]
        items = [{"UserID": f"u{n}"} for n in range(101)]
        assert "100" in world.refused(70402, command, **{name: items})
        assert len(world.call(command, **{name: items[:100]})["ResultItem"]) == 100
        for fields in ({}, {name: []}, {name: None}, {name: ["bob"]}, {name: [{}]}):
            world.refused(70402, command, **fields)
        world.refused(60015, command, **{name: [{"UserID": 7}]})


class TestDelete:
    def test_results(self, world):
        world.people("bob")
        answer = world.call("account_delete", DeleteItem=[{"UserID": u} for u in ("bob", "ghost", ADMIN, "bob")])
        assert [(i["UserID"], i["ResultCode"]) for i in answer["ResultItem"]] == [
            ("bob", 0), ("ghost", 70107), (ADMIN, 70402), ("bob", 70107),
        ]  # fmt: skip
        assert all(bool(i["ResultInfo"]) == bool(i["ResultCode"]) for i in answer["ResultItem"])
        assert status(world, "bob", ADMIN) == ["NotImported", "Imported"]

    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_leaves_his_groups(self, world, kind):
        world.people("owner", "bob", "carl")
        first = world.group(kind, owner="bob", members=["carl"])
        second = world.group(kind, members=["bob", "carl"])
        world.call("account_delete", DeleteItem=[{"UserID": "bob"}])
        assert world.roles(first) == {"carl": "Member"}
        assert world.roles(second) == {"owner": "Owner", "carl": "Member"}
        assert world.info(first)["Owner_Account"] == ""
        assert [world.info(group)["MemberNum"] for group in (first, second)] == [1, 2]
        world.people("bob")
        assert world.call("get_joined_group_list", Member_Account="bob", WithNoActiveGroups=1)["TotalCount"] == 0

    def test_live_rooms_lose_their_owner(self, world):
        world.people("bob")
        room = world.group("AVChatRoom", owner="bob")
        world.call("account_delete", DeleteItem=[{"UserID": "bob"}])
        assert world.info(room)["Owner_Account"] == ""
        world.people("bob")
        world.refused(10007, "destroy_group", "bob", GroupId=room)

    def test_nobody_can_be_added_any_more(self, world):
        world.people("owner", "bob")
        group = world.group("Public")
        world.call("account_delete", DeleteItem=[{"UserID": "bob"}])
        world.refused(10019, "add_group_member", GroupId=group, MemberList=[{"Member_Account": "bob"}])
        world.refused(10019, "create_group", Type="Public", Name="n", Owner_Account="bob")


class TestKick:
    def test_revokes_what_was_issued(self, world):
        world.people("bob")
        for name in ("UserID", "Identifier"):
            assert world.call("kick", **{name: "bob"}) == {}
        assert world.events[-1].user == "bob"
        assert world.events[-1].before == NOW
        assert world.rows("SELECT revoked_before FROM accounts WHERE user_id = 'bob'") == [(NOW,)]

    def test_unknown_and_bad(self, world):
        assert "ghost" in world.refused(70107, "kick", UserID="ghost")
        for fields in ({}, {"UserID": ""}, {"UserID": None}, {"UserID": "é"}):
            world.refused(70402, "kick", **fields)
        world.refused(60015, "kick", UserID=7)


class TestStatus:
    def test_known_and_unknown(self, world):
        world.people("bob")
        answer = world.call("query_online_status", To_Account=["bob", "ghost"], IsNeedDetail=1)
        assert answer == {
            "QueryResult": [{"To_Account": "bob", "Status": "Offline", "State": "Offline"}],
            "ErrorList": [{"To_Account": "ghost", "ErrorCode": 70107}],
        }  # fmt: skip
        assert "ErrorList" not in world.call("query_online_status", To_Account=["bob"])

    def test_any_text_is_an_account_that_is_not_there(self, world):
        texts = ["", "\u0000", "é", "x" * 1000, "%s"]
        assert [i["ErrorCode"] for i in world.call("query_online_status", To_Account=texts)["ErrorList"]] == [70107] * 5

    def test_limits(self, world):
        users = [f"u{n}" for n in range(501)]
        assert "500" in world.refused(90011, "query_online_status", To_Account=users)
        assert len(world.call("query_online_status", To_Account=users[:500])["ErrorList"]) == 500
        world.refused(90001, "query_online_status", To_Account=[])
        for fields in ({}, {"To_Account": None}, {"To_Account": "bob"}):
            world.refused(90003, "query_online_status", **fields)
        world.refused(60015, "query_online_status", To_Account=[7])

    @pytest.mark.parametrize("value", [2, -1, "1", True])
    def test_detail_flag(self, world, value):
        """Whatever code it gets is one of that service's own."""
        with pytest.raises(Refused) as refused:
            world.call("query_online_status", To_Account=["bob"], IsNeedDetail=value)
        assert 90000 <= refused.value.row.code < 100000

    def test_old_name_of_the_command(self, world):
        world.people("bob")
        assert world.call("querystate", To_Account=["bob"])["QueryResult"][0]["State"] == "Offline"


class TestGatewayOnly:
    def test_profiles(self, world):
        world.people("bob")
        world.call("account_import", UserID="bob", Nick="B", FaceUrl="f")
        answer = world.call("get_user_profiles", "bob", To_Account=["bob", "ghost", "bob"])
        assert answer == {"UserList": [{"UserID": "bob", "Nick": "B", "FaceUrl": "f"}]}
        world.refused(10004, "get_user_profiles", "bob", To_Account=[])

    def test_sync_tells_what_was_missed(self, world):
        world.people("owner", "bob")
        group, gone, left = (world.group("Public", members=["bob"], Name=name) for name in ("a", "b", "c"))
        for n in range(250):
            world.call("modify_group_base_info", GroupId=group, Name=f"n{n}")
        world.call("destroy_group", GroupId=gone)
        world.call("quit_group", "bob", GroupId=left)
        answer = world.call("sync", "bob", Groups={group: 100, gone: 1, left: 1, "never": 0})
        assert answer["Groups"] == {group: 251}
        assert [tip["Seq"] for tip in answer["Tips"]] == list(range(101, 201))
        assert answer["More"] == [group]
        assert {item["GroupId"]: item["Reason"] for item in answer["Gone"]} == {
            gone: "Dissolved",
            left: "Left",
            "never": "Left",
        }
        answer = world.call("sync", "bob", Groups={group: 251})
        assert (answer["Tips"], answer["More"], answer["Gone"]) == ([], [], [])

    @pytest.mark.parametrize("seq", [-1, -(2**70), 2**70, 1.5, "1", None])
    def test_sync_with_impossible_seqs(self, world, seq):
        world.people("owner", "bob")
        group = world.group("Public", members=["bob"])
        world.refused(10004, "sync", "bob", Groups={group: seq})

    @pytest.mark.parametrize("group", ["", "\u0000", "é", "x" * 5000])
    def test_sync_with_impossible_groups(self, world, group):
        world.people("bob")
        assert world.code("sync", "bob", Groups={group: 1}) in {0, 10004, 10015}

    def test_first_login_registers(self, world):
        answer = world.call("open_session", "new")
        assert answer == {"ServerTime": NOW, "Nick": "", "FaceUrl": "", "Rooms": [], "Deaf": [], "RevokedBefore": 0}
        assert status(world, "new") == ["Imported"]
