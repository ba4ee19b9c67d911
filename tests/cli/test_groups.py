"""``qunzhu group`` against a real server."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@pytest.fixture
def group(qunzhu, demo, demo_folder):
    """Return ``qunzhu group`` for the demo server."""
    return lambda *words, **more: qunzhu("group", *words, QUNZHU_URL=demo.url, QUNZHU_DATA=str(demo_folder), **more)


def test_create_show_members_destroy(group):
    made = group(
        "create", "--type", "Public", "--name", "群", "--id", "first", "--owner", "ann", "--member", "bo:Admin",
        "--member", "c:d", "--introduction", "about", "--apply-join", "FreeAccess", "--max-members", "9",
        "--custom", "GroupTestData1=a=b", "--register", "--json",
    )  # fmt: skip
    assert made.json == {"GroupId": "first", "Type": "Public"}
    [profile] = group("show", "first", "--json").json["GroupInfo"]
    assert (profile["Name"], profile["Introduction"], profile["ApplyJoinOption"]) == ("群", "about", "FreeAccess")
    assert (profile["MaxMemberNum"], profile["MemberNum"]) == (9, 3)
    assert profile["AppDefinedData"] == [{"Key": "GroupTestData1", "Value": "a=b"}]
    assert "MemberList" not in profile
    text = group("show", "first").out
    assert "Name\t群\n" in text
    assert "GroupTestData1=a=b" in text
    listed = group("members", "first", "--json").json
    assert {one["Member_Account"]: one["Role"] for one in listed["MemberList"]} == {
        "ann": "Owner", "bo": "Admin", "c:d": "Member",
    }  # fmt: skip
    assert listed["MemberNum"] == 3
    assert [line.split("\t")[0] for line in group("members", "first").out.splitlines()] == [
        "Member",
        "ann",
        "bo",
        "c:d",
    ]
    assert group("destroy", "first", stdin="n\n").code == 1
    assert group("destroy", "first", stdin="y\n").out == "first is dissolved\n"
    gone = group("show", "first", "--json")
    assert (gone.code, gone.error["ErrorCode"]) == (1, 10010)


@pytest.mark.parametrize("kind", ["Work", "Private", "public", "Meeting", "AVChatRoom", "Community"])
def test_every_kind_is_made_and_listed(group, kind):
    made = group("create", "--type", kind, "--name", "n", "--json").json
    assert made["GroupId"] in group("list", "--type", kind, "--json").json
    assert group("destroy", made["GroupId"], "--yes", "--json").json == {"GroupId": made["GroupId"]}


def test_list_pages_through_all(group, monkeypatch):
    monkeypatch.setattr("qunzhu.cli.groups.PAGE", 2)
    assert group("list", "--type", "Meeting", "--json").json == []
    assert group("list", "--type", "Meeting").out == ""
    ids = [group("create", "--type", "Meeting", "--name", "n", "--json").json["GroupId"] for _ in range(5)]
    answer = group("list", "--type", "Meeting", "--json")
    assert answer.json == ids
    assert len(answer.out.splitlines()) == 5
    assert group("list", "--type", "Meeting").out.splitlines() == ids
    for limit in range(1, 7):
        assert group("list", "--type", "Meeting", "--json", "--limit", limit).json == ids[:limit]
    assert group("show", *ids, "--json").json["GroupInfo"][4]["GroupId"] == ids[4]
    mixed = group("show", ids[0], "nope", "--json")
    assert mixed.code == 1
    assert [one["ErrorCode"] for one in mixed.json["GroupInfo"]] == [0, 10010]


def test_members_pages_through_all(group, monkeypatch):
    monkeypatch.setattr("qunzhu.cli.groups.MEMBER_PAGE", 2)
    users = [word for n in range(5) for word in ("--member", f"u{n}")]
    made = group("create", "--type", "Community", "--name", "n", *users, "--register", "--json").json
    listed = group("members", made["GroupId"], "--json").json
    assert [one["Member_Account"] for one in listed["MemberList"]] == [f"u{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["create", "--type", "Public", "--name", "n", "--owner", "nobody"], 10019),
        (["create", "--type", "Public", "--name", "x" * 31], 10004),
        (["create", "--type", "Public", "--name", "n", "--id", "@TGS#1"], 10004),
        (["create", "--type", "AVChatRoom", "--name", "n", "--member", "administrator"], 10007),
        (["show", "nope"], 10010),
        (["members", "nope"], 10010),
        (["destroy", "nope", "--yes"], 10010),
        (["list", "--admin", "nobody"], 60010),
        (["list", "--key", "another-key"], 70009),
        (["list", "--app", "5", "--key", "another-key"], 70020),
    ],
)
def test_refusals_say_code_text_and_what_next(group, words, code):
    answer = group(*words, "--json")
    assert answer.code == 1
    assert answer.error["ErrorCode"] in {code, 10015} if code == 10004 else answer.error["ErrorCode"] == code
    assert answer.error["ErrorInfo"]
    plain = group(*words)
    assert plain.err.startswith(f"qunzhu: {answer.error['ErrorCode']} {answer.error['ErrorInfo']}")
    if code != 10004:
        assert answer.error["advice"] in plain.err


def test_taken_id(group):
    create = ("create", "--type", "Public", "--name", "n", "--id", "mine", "--json")
    assert group(*create, "--owner", "administrator").code == 0
    assert group(*create, "--owner", "administrator").error["ErrorCode"] == 10025
    assert group(*create, "--owner", "zed", "--register").error["ErrorCode"] in {10021, 10025}


@pytest.mark.parametrize(
    "words",
    [
        ["create", "--type", "Club", "--name", "n"],
        ["create", "--type", "Public"],
        ["create", "--type", "Public", "--name", "n", "--custom", "novalue"],
        ["list", "--limit", "0"],
        ["list", "--url", "ftp://x"],
        ["list", "--url", "https://127.0.0.1", "--ca", "missing.pem"],
        ["show"],
        ["shout"],
    ],
)
def test_wrong_options(group, words):
    answer = group(*words, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert answer.error["message"]
    assert group(*words).code == 2


def test_no_server(group):
    answer = group("list", "--json", "--url", "http://127.0.0.1:1")
    assert answer.code == 1
    assert "qunzhu serve" in answer.error["advice"]


def test_no_key(qunzhu, demo):
    answer = qunzhu("group", "list", "--json", "--url", demo.url, "--data", "nowhere")
    assert answer.code == 1
    assert "--key" in answer.error["advice"]


def test_another_server(group):
    class Other(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.handle_request, daemon=True).start()
        answer = group("list", "--json", "--url", f"http://127.0.0.1:{other.server_port}")
    assert answer.code == 1
    assert "without the API's envelope" in answer.error["message"]


def test_values_cannot_steer_the_terminal(group):
    made = group(
        "create", "--type", "Public", "--name", "n", "--custom", "GroupTestData1=\x1b[31mred\u202e", "--json"
    ).json
    text = group("show", made["GroupId"]).out
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mred\\u202e" in text
    shown = json.loads(group("show", made["GroupId"], "--json").out)
    assert shown["GroupInfo"][0]["AppDefinedData"][0]["Value"] == "\x1b[31mred\u202e"
