"""Callbacks at the console: how they are set, what waits, what was given up; tried again and dropped."""

from __future__ import annotations

import time

import pytest

from console.conftest import Browser
from console.test_users import second
from qunzhu.apps import change_app
from qunzhu.core.callbacks import CALLBACKS
from receiver import Raw, http, receiving
from served import SDKAPPID
from wire.doors import Door

CREATE = "group_open_http_svc/create_group"
MADE = "Group.CallbackAfterCreateGroup"


@pytest.fixture
def own(tmp_path):
    """Open a server of one's own with a signed-in administrator, and the app's own server."""
    door = Door(tmp_path)
    browser = Browser(door)
    browser.sign_in()
    with receiving() as receiver:
        yield door, browser, receiver
        switch(door, url="")
        door.close()


def switch(door, **callbacks):
    """Set how callbacks go, and let it take effect."""
    door.run(door.backend._control.write(change_app, SDKAPPID, {}, {}, callbacks))
    door.run(door.backend._tend_once())


def until(found, seconds=20.0):
    """Return what is found as soon as it is."""
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return result


def given_up(own, number=2):
    """Have so many callbacks given up; return them."""
    door, browser, receiver = own
    receiver.answer = Raw(http("500 No", b"no").data, close=False)
    switch(door, url=receiver.url, token="secret-token", commands=(MADE,), private=True, tries=1)
    for place in range(number):
        door.call(CREATE, {"Type": "Public", "Name": "<img src=x onerror=alert(1)>", "GroupId": f"g{place}"})
    return until(lambda: (found := browser.data("callbacks", "state=dead").json)["dead"] == number and found)


def test_how_they_are_set_without_the_secret(own):
    _, browser, receiver = own
    found = given_up(own, 1)
    settings = found["settings"]
    assert (settings["url"], settings["signed"]) == (receiver.url, True)
    assert (settings["private"], settings["tries"]) == (True, 1)
    assert "secret-token" not in browser.data("callbacks").body.decode()
    assert {one["name"] for one in settings["switches"]} == set(CALLBACKS)
    assert {one["name"] for one in settings["switches"] if one["on"]} == {MADE, "Group.CallbackAfterCreateTopic"}


def test_what_was_given_up_is_shown_with_its_body(own):
    _, browser, _ = own
    found = given_up(own)
    assert (found["waiting"], found["dead"], found["sent"], found["failed"]) == (0, 2, 2, 2)
    first, last = found["callbacks"]
    assert (first["command"], first["state"], first["tries"], first["cut"]) == (MADE, "dead", 1, False)
    assert "500" in first["fault"]
    assert "<img src=x onerror=alert(1)>" in first["body"]
    assert browser.data("callbacks").headers["content-type"] == "application/json"
    page = browser.data("callbacks", "state=dead&limit=1").json
    assert ([one["num"] for one in page["callbacks"]], page["next"]) == ([first["num"]], first["num"])
    page = browser.data("callbacks", f"state=dead&limit=1&next={first['num']}").json
    assert [one["num"] for one in page["callbacks"]] == [last["num"]]
    assert browser.data("callbacks").json["callbacks"] == []


def test_one_is_tried_again_and_arrives(own):
    _, browser, receiver = own
    first, last = given_up(own)["callbacks"]
    receiver.got.clear()
    receiver.answer = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
    assert browser.ask("/console/do/callbacks-retry", {"nums": [first["num"], 99]}).json == {"number": 1}
    door = own[0]
    until(lambda: door.run(door.backend._tend_once()) or receiver.got)
    left = until(lambda: (found := browser.data("callbacks", "state=dead").json)["dead"] == 1 and found)
    assert [one["num"] for one in left["callbacks"]] == [last["num"]]
    assert [got.body["GroupId"] for got in receiver.got] == ["g0"]


def test_some_are_dropped_and_all(own):
    _, browser, receiver = own
    first, *_ = given_up(own, 3)["callbacks"]
    before = len(receiver.got)
    assert browser.ask("/console/do/callbacks-drop", {"nums": [first["num"]]}).json == {"number": 1}
    assert browser.data("callbacks", "state=dead").json["dead"] == 2
    assert browser.ask("/console/do/callbacks-drop", {"all": True}).json == {"number": 2}
    assert browser.data("callbacks", "state=dead").json["callbacks"] == []
    assert len(receiver.got) == before


def test_another_apps_are_neither_seen_nor_touched(own):
    door, browser, _ = own
    [letter] = given_up(own, 1)["callbacks"]
    other = second(door)
    found = other.data("callbacks", "state=dead").json
    assert (found["dead"], found["callbacks"], found["settings"]["url"]) == (0, [], "")
    assert other.ask("/console/do/callbacks-drop", {"nums": [letter["num"]]}).json == {"number": 0}
    assert other.ask("/console/do/callbacks-retry", {"all": True}).json == {"number": 0}
    assert browser.data("callbacks", "state=dead").json["dead"] == 1


@pytest.mark.parametrize("name", ["callbacks-retry", "callbacks-drop"])
@pytest.mark.parametrize(
    "body",
    [{}, {"nums": []}, {"nums": [1], "all": True}, {"nums": ["1"]}, {"nums": [1] * 1001}, {"all": 1}, {"every": True}],
    ids=str,
)
def test_which_ones_must_be_said(admin, name, body):
    answer = admin.ask(f"/console/do/{name}", body)
    assert (answer.status, answer.code) == (200, 10004)
