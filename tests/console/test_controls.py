"""The double's controls at the console: what their own door answers, for who is signed in; where it is closed, none."""

from __future__ import annotations

import json

import pytest

from console.conftest import Browser
from console.test_users import second
from qunzhu.app import Application
from wire.doors import Door

CREATE = "group_open_http_svc/create_group"
LIST = "group_open_http_svc/get_appid_group_list"


@pytest.fixture
def own(tmp_path):
    """Open a server of one's own with a signed-in administrator."""
    door = Door(tmp_path)
    browser = Browser(door)
    browser.sign_in()
    yield door, browser
    door.close()


def use(browser, name="", body=None, **headers):
    """Use a control; without a name look."""
    return browser.ask(f"/console/double/{name}" if name else "/console/double", body, **headers)


def sent(door, path, body=b"", method="GET", query=b"", headers=()):
    """Ask for something that comes in pieces; return headers and the whole of it."""
    messages: list[dict] = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        messages.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": query, "client": ("127.0.0.1", 1),
        "scheme": "http", "headers": list(headers),
    }  # fmt: skip
    door.run(door.application(scope, receive, send))
    return dict(messages[0]["headers"]), b"".join(one["body"] for one in messages[1:])


def test_it_looks_as_through_its_own_door(own):
    door, browser = own
    use(browser, "clock", {"freeze": 1_900_000_000})
    use(browser, "faults", {"add": [{"command": "login", "code": 6014}], "pushes": [{"push": "*", "lose": True}]})
    use(browser, "snapshot", {"name": "one"})
    _, raw = sent(door, "/double", query=door.query())
    here, there = use(browser).json, json.loads(raw)
    assert here["clock"].pop("ahead") == pytest.approx(there["clock"].pop("ahead"), abs=5)  # the real time goes on
    assert here == there
    assert here["clock"]["now"] == 1_900_000_000
    assert browser.ask("/console/session").json["controls"] is True


def test_data_of_the_app_goes_and_comes_back(own):
    door, browser = own
    browser.api(CREATE, {"Type": "Public", "Name": "a", "GroupId": "a"})
    assert use(browser, "snapshot", {"name": "full"}).status == 200
    assert use(browser, "reset", {}).json["ErrorCode"] == 0
    assert browser.api(LIST).json["TotalCount"] == 0
    assert use(browser, "restore", {"name": "full"}).json["ErrorCode"] == 0
    assert browser.api(LIST).json["TotalCount"] == 1
    assert use(browser, "seed", b"accounts: [carol]\n").json["made"]["accounts"] == 1
    checked = door.call("im_open_login_svc/account_check", {"CheckItem": [{"UserID": "carol"}]})
    assert checked["ResultItem"][0]["AccountStatus"] == "Imported"


def test_the_record_comes_as_lines(own):
    door, browser = own
    use(browser, "record", {"start": True})
    door.call(LIST)
    cookie = f"qunzhu_console={browser.cookie}".encode()
    headers, body = sent(door, "/console/double/record", headers=[(b"host", b"127.0.0.1:8140"), (b"cookie", cookie)])
    assert headers[b"content-type"] == b"application/x-ndjson; charset=utf-8"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert [json.loads(line)["command"] for line in body.splitlines()][:2] == ["record", "get_appid_group_list"]
    assert use(browser, "record", {"stop": True}).json["record"]["on"] is False


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("clock", {"set": -1}),
        ("clock", {"wind": 1}),
        ("restore", {"name": "none"}),
        ("faults", {"add": [{"command": "x"}]}),
        ("nowhere", {}),
        ("seed", b"["),
    ],
)
def test_what_cannot_be_is_refused_as_there(own, name, body):
    door, browser = own
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    _, there = sent(door, f"/double/{name}", raw, "POST", query=door.query())
    answer = use(browser, name, body)
    assert (answer.status, answer.json) == (200, json.loads(there))


def test_who_may_not(own):
    door, browser = own
    stranger = Browser(door)
    assert use(stranger).status == use(stranger, "reset", {}).status == 401
    for headers in ({"x_qunzhu_console": None}, {"origin": b"https://evil.example"}, {"sec_fetch_site": b"cross-site"}):
        assert use(browser, "reset", {}, **headers).status == 403
    assert use(browser, sec_fetch_site=b"cross-site").status == 403
    assert browser.ask("/console/double/reset", method="PUT").status == 405


def test_another_apps_clock_is_its_own(own):
    door, browser = own
    other = second(door)
    use(browser, "clock", {"freeze": 1_900_000_000})
    use(browser, "snapshot", {"name": "ours"})
    assert use(other).json["clock"]["real"] is True
    assert use(other).json["snapshots"] == []
    assert use(other, "restore", {"name": "ours"}).code == 10004


def test_the_session_outlives_a_moved_clock(own):
    _, browser = own
    assert use(browser, "clock", {"advance": 400 * 86400}).status == 200
    assert browser.api(LIST).json["ErrorCode"] == 0
    assert use(browser, "clock", {"real": True}).json["clock"]["real"] is True


def test_without_controls_there_are_none(own):
    door, _ = own
    door.backend.controls = False
    door.application = Application(door.backend)
    browser = Browser(door)
    browser.sign_in()
    assert browser.ask("/console/session").json["controls"] is False
    for name, body in (("", None), ("reset", {}), ("clock", {"real": True}), ("record", None)):
        assert use(browser, name, body).status == 404
