"""Signing in at the console, and what ends a session."""

from __future__ import annotations

import time

import msgspec
import pytest

from console.conftest import Browser
from qunzhu.apps import DEMO_SDKAPPID, change_app
from qunzhu.core.errors import Refused
from qunzhu.core.token import make_usersig
from qunzhu.edge.console_sessions import CODE_SECONDS, MAX_FAILURES, MAX_PER_ADMIN, SESSION_SECONDS, Sessions
from served import ADMIN, KEY, SDKAPPID
from wire.doors import Door, signed


@pytest.fixture
def own_door(tmp_path):
    """Open a server of one's own, whose app a test may change."""
    opened = Door(tmp_path)
    yield opened
    opened.close()


def changed(door, settings=None, **changes):
    """Change the demo app, and let the change take effect as the server does within a second."""
    backend = door.backend
    door.run(backend._control.write(change_app, DEMO_SDKAPPID, changes, settings or {}))
    door.run(backend._tend_once())


def test_a_usersig_signs_in_and_the_cookie_is_out_of_reach_of_scripts(stranger):
    answer = stranger.sign_in()
    assert answer.status == 200
    assert (answer.json["sdkappid"], answer.json["identifier"]) == (SDKAPPID, ADMIN)
    cookie = answer.headers["set-cookie"]
    value, *attributes = [part.strip() for part in cookie.split(";")]
    assert value.startswith("qunzhu_console=")
    assert len(value.partition("=")[2]) >= 43  # 32 bytes of chance
    assert set(attributes) == {"Path=/console", "HttpOnly", "SameSite=Strict", f"Max-Age={SESSION_SECONDS}"}
    assert KEY.encode() not in answer.body
    assert stranger.ask("/console/session").json["identifier"] == ADMIN


def test_the_cookie_is_secure_where_the_browser_came_by_https(door):
    assert "Secure" in Browser(door, scheme="https").sign_in().headers["set-cookie"]
    behind_proxy = Browser(door).ask(
        "/console/session", {"sdkappid": SDKAPPID, "identifier": ADMIN, "usersig": signed()},
        origin=b"https://127.0.0.1:8140",
    )  # fmt: skip
    assert "Secure" in behind_proxy.headers["set-cookie"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"usersig": "nonsense"}, 403, 70003),
        ({"usersig": ""}, 403, 70002),
        ({"usersig": signed("alice")}, 403, 70013),
        ({"usersig": make_usersig("another key", SDKAPPID, ADMIN, now=int(time.time()), expire=600)}, 403, 70009),
        ({"usersig": signed(expire=60, age=3600)}, 403, 70001),
        ({"identifier": "alice", "usersig": signed("alice")}, 403, 60010),
        ({"identifier": "x" * 33}, 400, 60025),
        ({"sdkappid": 1}, 403, 70020),
        ({"sdkappid": -5}, 403, 70020),
        ({"sdkappid": "x"}, 400, 60003),
    ],
)
def test_who_is_refused(stranger, changes, status, code):
    answer = stranger.sign_in(**changes)
    assert (answer.status, answer.code) == (status, code), answer.body
    assert "set-cookie" not in answer.headers
    assert stranger.ask("/console/session").json == {}


def test_nobody_sees_anything_without_a_session(stranger):
    for path in ("/console/data/overview", "/console/data/groups", "/console/data/create-form"):
        answer = stranger.ask(path)
        assert (answer.status, answer.code) == (401, 60010)
    for path in ("api/group_open_http_svc/get_appid_group_list", "check/group_open_http_svc/create_group"):
        assert stranger.ask(f"/console/{path}", {}).status == 401
    stranger.cookie = "guess"
    assert stranger.data("groups").status == 401


def test_signing_out_ends_the_session_itself(admin):
    kept = admin.cookie
    answer = admin.ask("/console/session", method="DELETE")
    assert answer.status == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    admin.cookie = kept
    assert admin.data("groups").status == 401


def test_a_new_sign_in_of_a_browser_ends_its_old_session(admin):
    old = admin.cookie
    admin.sign_in()
    assert admin.data("groups").status == 200
    admin.cookie = old
    assert admin.data("groups").status == 401


def test_a_link_signs_in_once(door, stranger):
    app = door.run(door.backend.app(SDKAPPID))
    sessions = door.application.sessions
    code = sessions.link(app, ADMIN, int(time.time()))
    assert len(code) >= 43
    assert stranger.ask("/console/session", {"code": code}).json["identifier"] == ADMIN
    assert stranger.data("groups").status == 200
    again = Browser(door).ask("/console/session", {"code": code})
    assert (again.status, again.code) == (400, 70003)


def test_a_link_is_old_after_ten_minutes(door, stranger):
    app = door.run(door.backend.app(SDKAPPID))
    sessions = door.application.sessions
    code = sessions.link(app, ADMIN, int(time.time()) - CODE_SECONDS - 1)
    assert stranger.ask("/console/session", {"code": code}).code == 70003


def test_a_link_is_worth_nothing_once_the_key_has_changed(own_door):
    app = own_door.run(own_door.backend.app(SDKAPPID))
    code = own_door.application.sessions.link(app, ADMIN, int(time.time()))
    changed(own_door, key="another-key-of-the-app")
    assert Browser(own_door).ask("/console/session", {"code": code}).status == 403


def test_guessing_codes_is_slowed_down():
    sessions = Sessions(lambda sdkappid, user: 0)
    codes = []
    for number in range(MAX_FAILURES + 5):
        with pytest.raises(Refused) as refused:
            sessions.redeem(f"guess {number}", 6000)
        codes.append(refused.value.row.code)
    assert codes == [70003] * MAX_FAILURES + [70050] * 5


def test_guessing_usersigs_is_slowed_down(own_door):
    browser = Browser(own_door)
    codes = {browser.sign_in(usersig="nonsense").code for _ in range(122)}
    assert codes == {70003, 70050}


def test_a_changed_key_ends_sessions(own_door):
    browser = Browser(own_door)
    browser.sign_in()
    changed(own_door, key="another-key-of-the-app")
    assert browser.data("groups").status == 401


def test_who_is_no_administrator_any_more_is_out(own_door):
    own_door.call("im_open_login_svc/account_import", {"UserID": "second"})
    changed(own_door, admins=(ADMIN, "second"))
    browser = Browser(own_door)
    assert browser.sign_in("second").status == 200
    changed(own_door, admins=(ADMIN,))
    assert browser.data("groups").status == 401
    assert browser.api("group_open_http_svc/get_appid_group_list").status == 401


def test_a_revoked_login_is_out(own_door):
    browser = Browser(own_door)
    assert browser.sign_in(usersig=signed(age=10)).status == 200
    assert own_door.code("im_open_login_svc/kick", {"UserID": ADMIN}) == 0
    assert browser.data("groups").status == 401


def test_an_app_switched_off_is_out(own_door):
    browser = Browser(own_door)
    browser.sign_in()
    changed(own_door, enabled=False)
    assert browser.data("groups").status == 401


def test_a_session_lasts_twelve_hours(own_door):
    app = own_door.run(own_door.backend.app(SDKAPPID))
    sessions = own_door.application.sessions
    session = sessions.find(sessions.open(app, ADMIN, 1000, 1000))
    assert sessions.holds(session, app, 1000 + SESSION_SECONDS - 1)
    assert not sessions.holds(session, app, 1000 + SESSION_SECONDS)
    assert not sessions.holds(session, msgspec.structs.replace(app, admins=("other",)), 1001)


def test_one_administrator_has_so_many_sessions(own_door):
    app = own_door.run(own_door.backend.app(SDKAPPID))
    sessions = Sessions(lambda sdkappid, user: 0)
    tokens = [sessions.open(app, ADMIN, 1, 1) for _ in range(MAX_PER_ADMIN + 3)]
    assert [sessions.find(token) is not None for token in tokens] == [False] * 3 + [True] * MAX_PER_ADMIN


def test_cookies_and_codes_are_not_kept_as_they_are(own_door):
    app = own_door.run(own_door.backend.app(SDKAPPID))
    sessions = Sessions(lambda sdkappid, user: 0)
    token, code = sessions.open(app, ADMIN, 1, 1), sessions.link(app, ADMIN, 1)
    kept = repr(vars(sessions))
    assert token not in kept
    assert code not in kept
