"""Every field of create_group, and those of its sisters, against its limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wire.doors import CREATE, Door

G = "group_open_http_svc/"
ONE = [{"Member_Account": "a"}]
GROUP = {"Type": "Public", "Name": "a group"}
#: Field, its limit in bytes, and whether line breaks may stand in it.
TEXTS = [("Name", 30, False), ("Introduction", 240, True), ("Notification", 300, True), ("FaceUrl", 100, False)]
NUMBERS = [("MaxMemberCount", 1, 100_000_000), ("SupportTopic", 0, 1), ("EnablePermission", 0, 1),
           ("DefaultPermission", 0, 2**64 - 1)]  # fmt: skip
OPTIONS = ["Type", "ApplyJoinOption", "InviteJoinOption"]
OPTIONAL = ["Owner_Account", "GroupId", "Introduction", "Notification", "FaceUrl", "MaxMemberCount", "ApplyJoinOption",
            "InviteJoinOption", "AppDefinedData", "MemberList", "SupportTopic", "EnablePermission",
            "DefaultPermission"]  # fmt: skip


def refused(door: Door, code: int, *words: str, command: str = CREATE, **fields: Any) -> str:
    """Call with these fields; the answer must have this code and name these words."""
    body = fields if command != CREATE else {**GROUP, **fields}
    answer = door.call(command, body)
    assert answer["ErrorCode"] == code, answer
    for word in words:
        assert word in answer["ErrorInfo"], answer
    return answer["ErrorInfo"]


def made(door: Door, **fields: Any) -> dict[str, Any]:
    """Create a group with these fields and read it back."""
    answer = door.call(CREATE, {**GROUP, **fields})
    assert answer["ErrorCode"] == 0, answer
    [info] = door.call(G + "get_group_info", {"GroupIdList": [answer["GroupId"]]})["GroupInfo"]
    return info


@pytest.mark.parametrize(("field", "most", "lines"), TEXTS)
class TestTexts:
    def test_under_and_at_the_limit(self, door: Door, field: str, most: int, lines: bool):
        for value in ("x" * (most - 1), "x" * most, "群" * (most // 3), "é" * (most // 2), "😀" * (most // 4)):
            assert made(door, **{field: value})[field] == value

    def test_over_the_limit(self, door: Door, field: str, most: int, lines: bool):
        for value in ("x" * (most + 1), "群" * (most // 3) + "é", "x" * (most - 1) + "é", "x" * (most - 2) + "群"):
            refused(door, 10004, field, str(most), f"{len(value.encode())} bytes", **{field: value})

    def test_a_megabyte(self, door: Door, field: str, most: int, lines: bool):
        refused(door, 10004, field, str(most), "1000000", **{field: "x" * 1_000_000})

    @pytest.mark.parametrize("value", [1, 1.5, True, [], {}, ["x"]])
    def test_wrong_type(self, door: Door, field: str, most: int, lines: bool, value: Any):
        refused(door, 10004, field, **{field: value})

    @pytest.mark.parametrize("character", ["\x00", "\x01", "\x1b", "\x7f"])
    def test_control_characters(self, door: Door, field: str, most: int, lines: bool, character: str):
        refused(door, 10004, field, f"U+{ord(character):04X}", **{field: f"a{character}b"})

    def test_line_breaks(self, door: Door, field: str, most: int, lines: bool):
        if lines:
            assert made(door, **{field: "a\nb\tc"})[field] == "a\nb\tc"
        else:
            refused(door, 10004, field, "U+000A", **{field: "a\nb"})


@pytest.mark.parametrize("field", OPTIONAL)
def test_null_is_absent(door: Door, field: str):
    assert made(door, **{field: None})["ErrorCode"] == 0


@pytest.mark.parametrize("field", ["Type", "Name"])
def test_required_fields(door: Door, field: str):
    refused(door, 10004, field, **{field: None})
    body = {name: value for name, value in GROUP.items() if name != field}
    answer = door.call(CREATE, body)
    assert answer["ErrorCode"] == 10004
    assert field in answer["ErrorInfo"]
    refused(door, 10004, field, **{field: ""})


@pytest.mark.parametrize(("field", "low", "high"), NUMBERS)
def test_numbers(door: Door, field: str, low: int, high: int):
    for value in (low - 1, high + 1, -(2**70), 2**70):
        refused(door, 10004, field, **{field: value})
    for value in ("1", 1.5, True, [], {}):
        refused(door, 10004, field, **{field: value})


@pytest.mark.parametrize("field", OPTIONS)
@pytest.mark.parametrize("value", ["", "nonsense", "public", "FREEACCESS", "x" * 1000])
def test_options(door: Door, field: str, value: str):
    refused(door, 10004, field, "FreeAccess" if "Option" in field else "Public", **{field: value})


def test_bchatroom_is_no_kind(door: Door):
    refused(door, 10004, "Type", Type="BChatRoom")


class TestGroupId:
    @pytest.mark.parametrize("value", ["x" * 49, "群", "a\nb", "tab\t", "@TGS#mine", "@TGS#_mine", "\x7f"])
    def test_refused(self, door: Door, value: str):
        refused(door, 10004, "GroupId", GroupId=value)

    @pytest.mark.parametrize("value", ["TGS#plain", "@TGS#", "@TGS#_", "@TGS#_@TGS#mine", "@TGS#_" + "x" * 43,
                                       "@TGS#_a@TOPIC#_b"])  # fmt: skip
    def test_refused_for_a_community(self, door: Door, value: str):
        refused(door, 10004, "GroupId", Type="Community", GroupId=value)

    @pytest.mark.parametrize("kind", ["Public", "Private", "ChatRoom", "AVChatRoom", "Community", "Work", "Meeting"])
    def test_taken_as_it_is(self, door: Door, kind: str):
        prefix = "@TGS#_" if kind == "Community" else ""
        wanted = f"{prefix}{kind} ~!#$%^&*()_+ 1".ljust(48, "x")
        assert made(door, Type=kind, GroupId=wanted)["GroupId"] == wanted

    def test_wrong_type_and_empty(self, door: Door):
        refused(door, 10004, "GroupId", GroupId=5)
        assert made(door, GroupId="")["GroupId"].startswith("@TGS#2")


class TestMembers:
    def test_too_many(self, door: Door):
        people = [f"m{number}" for number in range(101)]
        refused(door, 10005, "MemberList", "101", "100", MemberList=[{"Member_Account": user} for user in people])

    @pytest.mark.parametrize("account", ["", "x" * 33, "群", "a\x00"])
    def test_accounts(self, door: Door, account: str):
        refused(door, 10004, "Member_Account", "32", MemberList=[{"Member_Account": account}])

    @pytest.mark.parametrize("account", [1, 1.5])
    def test_an_account_as_number(self, door: Door, account: Any):
        refused(door, 60015, "Member_Account", MemberList=[{"Member_Account": account}])
        refused(door, 60015, "Owner_Account", Owner_Account=account)

    @pytest.mark.parametrize("value", [None, True, [], {}])
    def test_an_account_of_another_type(self, door: Door, value: Any):
        refused(door, 10004, "Member_Account", MemberList=[{"Member_Account": value}])

    def test_unregistered(self, door: Door):
        refused(door, 10019, "stranger", MemberList=[{"Member_Account": "stranger"}])
        refused(door, 10019, "stranger", Owner_Account="stranger")
        refused(door, 10004, "Owner_Account", "32", Owner_Account="x" * 33)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("Role", "Owner"), ("Role", "admin"), ("Role", 300), ("NameCard", "x" * 51), ("NameCard", "a\nb"),
         ("MsgFlag", "Loud"), ("MuteTime", -1), ("MuteTime", 2**32), ("JoinTime", "now"), ("MsgSeq", -1),
         ("AppMemberDefinedData", {}), ("AppMemberDefinedData", [{"Key": "MemberDefined1"}]),
         ("AppMemberDefinedData", [{"Key": "MemberDefined1", "Value": "x" * 65}]),
         ("AppMemberDefinedData", [{"Key": "unheard_of", "Value": "x"}]),
         ("AppMemberDefinedData", [{"Key": "MemberDefined1", "Value": "x"}] * 6)],
    )  # fmt: skip
    def test_fields_of_a_member(self, door: Door, field: str, value: Any):
        refused(door, 10004, field, MemberList=[{"Member_Account": "alice", field: value}])

    def test_what_an_administrator_may_set(self, door: Door):
        first = {
            "Member_Account": "alice", "Role": "Admin", "NameCard": "群" * 16 + "xx", "MsgFlag": "Discard",
            "MuteTime": 4294967295, "JoinTime": 1_600_000_000, "MsgSeq": 1,
            "AppMemberDefinedData": [{"Key": "MemberDefined1", "Value": "x" * 63 + "\u0000"}],
        }  # fmt: skip
        info = made(door, Owner_Account="bob", MemberList=[first, {"Member_Account": "bob"}])
        assert info["MemberNum"] == 2
        [alice, bob] = info["MemberList"]
        assert alice["Role"] == "Admin"
        assert alice["NameCard"] == first["NameCard"]
        assert (alice["MsgFlag"], alice["MuteUntil"], alice["JoinTime"]) == ("Discard", 4294967295, 1_600_000_000)
        assert alice["AppMemberDefinedData"] == first["AppMemberDefinedData"]
        assert (bob["Role"], bob["MuteUntil"]) == ("Owner", 0)


class TestCustomFields:
    @pytest.mark.parametrize("key", ["", "1abc", "a b", "x" * 17, "群", "a-b"])
    def test_keys(self, door: Door, key: str):
        refused(door, 10004, "AppDefinedData", "16", AppDefinedData=[{"Key": key, "Value": "x"}])

    def test_values(self, door: Door):
        for value in ("x" * 511, "x" * 512, "群" * 170, "abc\u0000\u0001"):
            fields = [{"Key": "GroupTestData1", "Value": value}]
            assert made(door, AppDefinedData=fields)["AppDefinedData"] == fields
        for value in ("x" * 513, "群" * 170 + "xxx"):
            refused(door, 10004, "AppDefinedData", "512", AppDefinedData=[{"Key": "GroupTestData1", "Value": value}])
        refused(door, 10004, "unheard_of", AppDefinedData=[{"Key": "unheard_of", "Value": "x"}])
        refused(door, 10004, "AppDefinedData", "11", AppDefinedData=[{"Key": "GroupTestData1", "Value": "x"}] * 11)


def test_of_two_equal_keys_the_last_counts(door: Door):
    raw = b'{"Type":"Public","Name":"first","Name":"second"}'
    group = door.call(CREATE, raw)["GroupId"]
    [info] = door.call(G + "get_group_info", {"GroupIdList": [group]})["GroupInfo"]
    assert info["Name"] == "second"
    assert door.code(CREATE, b'{"Type":"Public","Name":"first","Name":5}') == 10004


@pytest.mark.parametrize(
    ("command", "code", "word", "fields"),
    [
        (G + "add_group_member", 10005, "300", {"GroupId": "g", "MemberList": ONE * 301}),
        (G + "add_group_member", 10004, "MemberList", {"GroupId": "g", "MemberList": []}),
        (G + "add_group_member", 10004, "Silence", {"GroupId": "g", "Silence": 2, "MemberList": ONE}),
        (G + "add_group_member", 60015, "Member_Account", {"GroupId": "g", "MemberList": [{"Member_Account": 5}]}),
        (G + "delete_group_member", 10005, "100", {"GroupId": "g", "MemberToDel_Account": ["a"] * 101}),
        (G + "delete_group_member", 60015, "MemberToDel_Account", {"GroupId": "g", "MemberToDel_Account": [5]}),
        (G + "modify_group_base_info", 10004, "Name", {"GroupId": "g", "Name": "x" * 31}),
        (G + "modify_group_base_info", 10015, "GroupId", {"GroupId": "x" * 97, "Name": "x"}),
        (G + "modify_group_base_info", 10015, "GroupId", {"GroupId": "群", "Name": "x"}),
        (G + "modify_group_base_info", 10010, "GroupId", {"GroupId": "nowhere", "Name": "x"}),
        (G + "destroy_group", 10015, "GroupId", {"GroupId": ""}),
        (G + "destroy_group", 10004, "GroupId", {}),
        (G + "get_group_info", 10004, "50", {"GroupIdList": ["g"] * 51}),
        (G + "get_appid_group_list", 10004, "10000", {"Limit": 10001}),
        (G + "get_role_in_group", 10005, "500", {"GroupId": "g", "User_Account": ["a"] * 501}),
        ("im_open_login_svc/account_import", 70402, "UserID", {}),
        ("im_open_login_svc/account_import", 70402, "UserID", {"UserID": "x" * 33}),
        ("im_open_login_svc/account_import", 60015, "UserID", {"UserID": 5}),
        ("im_open_login_svc/account_import", 70402, "Nick", {"UserID": "u", "Nick": "x" * 501}),
        ("im_open_login_svc/multiaccount_import", 70402, "100", {"Accounts": ["u"] * 101}),
        ("im_open_login_svc/multiaccount_import", 70402, "Accounts", {}),
        ("im_open_login_svc/account_check", 70402, "100", {"CheckItem": [{"UserID": "u"}] * 101}),
        ("im_open_login_svc/account_delete", 70402, "DeleteItem", {}),
        ("im_open_login_svc/kick", 70107, "UserID", {"UserID": "stranger"}),
        ("openim/query_online_status", 90011, "500", {"To_Account": ["u"] * 501}),
        ("openim/query_online_status", 90001, "To_Account", {"To_Account": []}),
        ("openim/query_online_status", 90003, "To_Account", {}),
    ],
)  # fmt: skip
def test_fields_of_other_commands(door: Door, command: str, code: int, word: str, fields: dict):
    answer = door.call(command, fields)
    assert answer["ErrorCode"] == code, answer
    assert word in answer["ErrorInfo"], answer


def test_deep_nesting_in_an_unknown_field(door: Door):
    nested: Any = "x"
    for _ in range(400):
        nested = [nested]
    assert door.code(CREATE, json.dumps({**GROUP, "Unknown": nested}).encode()) == 0
