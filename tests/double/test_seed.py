"""Filling an app from a document: the example, every field, and what is said of what cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from double.conftest import Session

if TYPE_CHECKING:
    from double.conftest import Double

GROUPS = "group_open_http_svc"
EXAMPLE = Path(__file__).parents[2] / "examples" / "seed.yaml"


def texts(double: Double, **place: str) -> list[str]:
    """Return the texts of a group's messages, oldest first."""
    found = double.call(f"{GROUPS}/group_msg_get_simple", ReqMsgNumber=20, **place)["RspMsgList"]
    said = [one["MsgBody"][0]["MsgContent"].get("Text") for one in reversed(found) if one["MsgBody"]]
    return [text for text in said if text]


def test_the_example_is_all_there(on_both: Double):
    made = on_both.set("seed", EXAMPLE.read_bytes())["made"]
    assert made == {"accounts": 4, "groups": 3, "members": 5, "topics": 1, "messages": 6}
    team = on_both.call(f"{GROUPS}/get_group_info", GroupIdList=["team"])["GroupInfo"][0]
    assert (team["Name"], team["Owner_Account"], team["ApplyJoinOption"]) == ("The team", "alice", "NeedPermission")
    assert {"Key": "GroupTestData1", "Value": "since 2020"} in team["AppDefinedData"]
    members = {
        one["Member_Account"]: one
        for one in on_both.call(f"{GROUPS}/get_group_member_info", GroupId="team")["MemberList"]
    }
    assert {user: one["Role"] for user, one in members.items()} == {
        "alice": "Owner", "bob": "Member", "carol": "Admin", "dave": "Member",
    }  # fmt: skip
    assert members["carol"]["NameCard"] == "Carol (on call)"
    assert members["dave"]["AppMemberDefinedData"] == [{"Key": "MemberDefined1", "Value": "guest"}]
    assert members["dave"]["MuteUntil"] > 1_700_000_000
    attributes = on_both.call("group_open_attr_http_svc/get_group_attr", GroupId="team")["GroupAttrAry"]
    assert {one["key"]: one["value"] for one in attributes} == {"color": "blue", "mode": "On"}
    counters = on_both.call(f"{GROUPS}/get_group_counter", GroupId="team")["GroupCounter"]
    assert counters == [{"Key": "visits", "Value": 12}]
    assert texts(on_both, GroupId="team") == ["Good morning", "Morning!"]
    first = on_both.call(f"{GROUPS}/group_msg_get_simple", GroupId="team", ReqMsgNumber=20)["RspMsgList"]
    assert [
        one["MsgTimeStamp"] for one in first if one["From_Account"] == "alice" and "Text" in str(one["MsgBody"])
    ] == [1_700_000_000]
    assert texts(on_both, GroupId="@TGS#_square", TopicId="@TGS#_square@TOPIC#_news") == ["We are open"]
    talk = on_both.call("openim/admin_getroammsg", Operator_Account="alice", Peer_Account="bob", MaxCnt=10, MinTime=0,
                        MaxTime=4_000_000_000)  # fmt: skip
    assert [one["MsgBody"][0]["MsgContent"]["Text"] for one in talk["MsgList"]] == ["Are you there?", "I am"]


def test_json_does_as_well_and_many_go_in(double: Double):
    users = [f"u{number}" for number in range(450)]
    document = {
        "accounts": users,
        "groups": [{
            "id": "crowd", "kind": "ChatRoom", "name": "crowd", "at": 1_600_000_000,
            "members": [*users[:449], {"user": users[449], "role": "Admin", "card": "the last"}],
            "messages": [{"from": users[number % 450], "text": str(number)} for number in range(120)],
        }],
    }  # fmt: skip
    made = double.set("seed", json.dumps(document).encode())["made"]
    assert (made["members"], made["messages"]) == (450, 120)
    info = double.call(f"{GROUPS}/get_group_info", GroupIdList=["crowd"])["GroupInfo"][0]
    assert (info["MemberNum"], info["CreateTime"]) == (450, 1_600_000_000)
    last = double.call(f"{GROUPS}/get_specified_group_member_info", GroupId="crowd", Member_List_Account=[users[449]])
    assert last["MemberList"][0]["Role"] == "Admin" if "MemberList" in last else last
    newest = double.call(f"{GROUPS}/group_msg_get_simple", GroupId="crowd", ReqMsgNumber=2)["RspMsgList"]
    assert [one["MsgBody"][0]["MsgContent"]["Text"] for one in newest] == ["119", "118"]  # none was over a frequency


def test_a_second_document_says_its_own(double: Double):
    double.set(
        "seed", b"accounts: [a]\ngroups: [{id: g, kind: Public, name: g, owner: a, messages: [{from: a, text: one}]}]"
    )
    more = b"groups: [{id: h, kind: Public, name: h, owner: a, messages: [{from: a, text: two}]}]"
    double.set("seed", more)
    double.set("seed", b"messages: [{from: a, to: administrator, text: x}, {from: a, to: administrator, text: y}]")
    assert (texts(double, GroupId="g"), texts(double, GroupId="h")) == (["one"], ["two"])


def test_seeds_meet_no_faults_and_their_members_hear_of_it(double: Double):
    double.make("alice")
    alice = Session(double, "alice")
    double.set("faults", add=[{"command": "*", "code": 60018}])
    double.set("seed", b"groups: [{id: g, kind: Public, name: g, owner: alice, messages: [{from: alice, text: hi}]}]")
    assert "group_message" in alice.told()


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (b"accounts: [{nick: x}]", 10004, "accounts[0]: Object missing required field `id`"),
        (b"accounts: [123]", 10004, "accounts[0]"),
        (b"accounts: [a, {id: b, nik: c}]", 10004, "nik"),
        (b"groups: [{kind: Publik, name: x}]", 10004, "groups[0] (x): create_group: Type: 'Publik'"),
        (b"groups: [{kind: Public, name: x, owner: nobody}]", 10019, "groups[0] (x): create_group"),
        (b"accounts: [a]\ngroups: [{kind: Public, name: x, members: [{user: a, mute: -1}]}]", 10004,
         "groups[0] (x).members[0] (a): modify_group_member_info: MuteTime"),
        (b"accounts: [a]\nmessages: [{from: a, to: b, text: x}]", 90012, "messages[0]: sendmsg"),
        (b"accounts: [a\n", 60003, "not YAML either"),
        (b"{\"accounts\": [", 60003, ""),
        (b"- a", 60003, "Expected `object`"),
        (b"a: &x [1]\nb: *x", 60003, "aliases"),
        (b"accounts: !!python/object/apply:os.system [x]", 60003, "not YAML either"),
        (b"\xff\xfe", 60003, "not YAML either"),
    ],
)  # fmt: skip
def test_refusals_name_the_entry(double: Double, document: bytes, code: int, words: str):
    answer = double.control("seed", document)
    assert answer["ErrorCode"] == code, answer
    assert words in answer["ErrorInfo"]


def test_a_refusal_says_what_was_made(double: Double):
    answer = double.control(
        "seed", b"accounts: [a, b]\ngroups: [{id: one, kind: Public, name: one}, {id: one, kind: Public, name: two}]"
    )
    assert answer["ErrorCode"] in {10021, 10025}
    assert "made before it: 2 accounts, 1 groups" in answer["ErrorInfo"]
    assert double.groups() == ["one"]
