"""Accounts at the console: found by the begin of their ids, shown, and given a UserSig."""

from __future__ import annotations

import time

import pytest

from console.conftest import Browser
from console.test_session import changed
from qunzhu.apps import create_app
from qunzhu.core.token import check_usersig
from served import ADMIN, KEY, SDKAPPID
from wire.doors import Door, signed
from wire.gate import Gate

ACCOUNTS = "im_open_login_svc"
CREATE = "group_open_http_svc/create_group"
OTHER, OTHER_KEY = 1400000009, "second-app-key"


@pytest.fixture
def own(tmp_path):
    """Open a server of one's own with a signed-in administrator."""
    door = Door(tmp_path)
    door.call(f"{ACCOUNTS}/multiaccount_import", {"Accounts": ["alice", "bob", "bobby", "Bob", "zoe"]})
    browser = Browser(door)
    browser.sign_in()
    yield door, browser
    door.close()


def second(door) -> Browser:
    """Give the administrator of a second app."""
    door.run(door.backend._control.write(
        lambda tx: create_app(tx, name="second", plan="open", admins=(ADMIN,), key=OTHER_KEY, sdkappid=OTHER, now=1)
    ))  # fmt: skip
    browser = Browser(door)
    answer = browser.ask(
        "/console/session", {"sdkappid": OTHER, "identifier": ADMIN, "usersig": signed(key=OTHER_KEY, sdkappid=OTHER)}
    )
    assert answer.status == 200
    return browser


def found(browser, query=""):
    """Return the ids of a page, and where the next one begins."""
    page = browser.data("users", query).json
    return [one["user_id"] for one in page["accounts"]], page["next"]


def test_accounts_come_by_the_begin_of_their_ids_page_by_page(own):
    _, admin = own
    assert found(admin) == (["Bob", ADMIN, "alice", "bob", "bobby", "zoe"], "")
    assert found(admin, "limit=4") == (["Bob", ADMIN, "alice", "bob"], "bob")
    assert found(admin, "limit=4&next=bob") == (["bobby", "zoe"], "")
    assert found(admin, "q=bob") == (["bob", "bobby"], "")
    assert found(admin, "q=bob&limit=1") == (["bob"], "bob")
    assert found(admin, "q=bob&limit=1&next=bob") == (["bobby"], "bobby")
    assert found(admin, "q=bob&limit=1&next=bobby") == ([], "")
    assert found(admin, "q=%25") == ([], "")
    page = admin.data("users", "q=bo").json
    assert page["total"] == 6
    assert [one["admin"] for one in admin.data("users").json["accounts"]] == [False, True, False, False, False, False]


def test_an_account_is_shown_with_what_holds_for_it(own):
    door, admin = own
    door.call(f"{ACCOUNTS}/account_import", {"UserID": "bob", "Nick": "<b>Bob</b>", "FaceUrl": "javascript:alert(1)"})
    door.call(CREATE, {"Type": "Public", "Name": "a", "Owner_Account": "bob"})
    mutes = {"C2CmsgNospeakingTime": 4294967295, "GroupmsgNospeakingTime": 600}
    admin.api("openconfigsvr/setnospeaking", {"Set_Account": "bob", **mutes})
    answer = admin.data("user", "user=bob")
    shown, now = answer.json, int(time.time())
    assert (shown["account"]["nick"], shown["account"]["face_url"]) == ("<b>Bob</b>", "javascript:alert(1)")
    assert answer.headers["content-type"] == "application/json"
    assert (shown["c2c_muted_until"], shown["groups"], shown["deleted_at"]) == (4294967295, 1, 0)
    assert now + 590 <= shown["group_muted_until"] <= now + 600
    admin.api(f"{ACCOUNTS}/kick", {"UserID": "bob"})
    assert abs(admin.data("user", "user=bob").json["account"]["revoked_before"] - now) < 5
    admin.api(f"{ACCOUNTS}/account_delete", {"DeleteItem": [{"UserID": "bob"}]})
    gone = admin.data("user", "user=bob").json
    assert (gone["account"], gone["groups"]) == (None, 0)
    assert abs(gone["deleted_at"] - now) < 5
    assert admin.data("user", "user=nobody").json == {
        "account": None, "c2c_muted_until": 0, "group_muted_until": 0, "deleted_at": 0, "groups": 0,
    }  # fmt: skip


def test_accounts_of_another_app_are_not_seen(own):
    door, _ = own
    other = second(door)
    assert found(other)[0] == [ADMIN]
    assert other.data("user", "user=alice").json["account"] is None


def test_a_usersig_that_is_made_signs_its_user_in(own):
    door, admin = own
    answer = admin.ask("/console/do/usersig", {"user": "alice", "expire": 3600})
    made = answer.json
    assert (answer.status, made["identifier"]) == (200, "alice")
    assert answer.headers["cache-control"] == "no-store"
    signature = check_usersig(KEY, SDKAPPID, "alice", made["usersig"], now=int(time.time()))
    assert signature.valid_until == made["expires_at"]
    assert abs(made["expires_at"] - time.time() - 3600) < 5
    gate = Gate(door)
    login = {"sdkappid": SDKAPPID, "identifier": "alice", "usersig": made["usersig"], "platform": "Web"}
    assert "result" in gate.call("login", **login)
    gate.close()


def test_none_is_made_of_an_administrator(own):
    door, admin = own
    changed(door, admins=(ADMIN, "zoe"))
    for user in (ADMIN, "zoe"):
        answer = admin.ask("/console/do/usersig", {"user": user})
        assert (answer.status, answer.code) == (200, 60010)
        assert "usersig" not in answer.json


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 10004),
        ({"user": ""}, 10004),
        ({"user": "x" * 33}, 10004),
        ({"user": "\u00fc"}, 10004),
        ({"user": "alice", "expire": 0}, 10004),
        ({"user": "alice", "expire": 15552001}, 10004),
        ({"user": "alice", "expires": 5}, 10004),
        ({"user": 5}, 10004),
        ([], 10004),
        (b"nonsense", 60003),
        (b"\xff", 60003),
    ],
    ids=str,
)
def test_what_is_no_wish_for_a_usersig(admin, body, code):
    answer = admin.ask("/console/do/usersig", body)
    assert (answer.status, answer.code) == (200, code)


@pytest.mark.parametrize("name", ["usersig", "callbacks-retry", "callbacks-drop"])
def test_nothing_is_done_for_who_may_not(admin, stranger, name):
    body = {"user": "alice"} if name == "usersig" else {"all": True}
    assert stranger.ask(f"/console/do/{name}", body).status == 401
    for headers in ({"x_qunzhu_console": None}, {"origin": b"https://evil.example"}, {"sec_fetch_site": b"cross-site"}):
        assert admin.ask(f"/console/do/{name}", body, **headers).status == 403
    assert admin.ask(f"/console/do/{name}", method="GET").status == 405


@pytest.mark.parametrize("name", ["nowhere", "", "usersig/x", "../session"])
def test_what_cannot_be_done(door, admin, name):
    assert admin.ask(f"/console/do/{name}", {}).status == 404
    assert not {command for _, command, _ in door.backend.answers if command.startswith("do/") and "nowhere" in command}


@pytest.mark.parametrize("name", ["users", "user", "callbacks", "month", "trace"])
def test_nothing_is_read_without_a_session(stranger, admin, name):
    assert stranger.data(name).status == 401
    assert admin.data(name, sec_fetch_site=b"cross-site").status == 403
    assert admin.ask(f"/console/data/{name}", {}).status == 405


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("users", "limit=201"),
        ("users", f"q={'x' * 33}"),
        ("users", f"next={'x' * 33}"),
        ("user", f"user={'x' * 33}"),
        ("callbacks", "limit=x"),
        ("callbacks", "next=-1"),
        ("callbacks", "next=1000000000000000000"),
        ("trace", "how=why"),
        ("trace", "code=x"),
        ("trace", "limit=1001"),
        ("trace", "after=-1"),
        ("month", "month=2026"),
        ("month", "month=2026-13"),
        ("month", "month=2999-01"),
        ("month", "prices=../../x"),
        ("month", "plan=nowhere"),
    ],
)
def test_a_strange_query_is_refused(admin, name, query):
    answer = admin.data(name, query)
    assert (answer.status, answer.code) == (400, 60025)
