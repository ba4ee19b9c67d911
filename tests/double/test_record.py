"""The record: every call with its answer, every push and callback, and nothing secret."""

from __future__ import annotations

import contextlib
import http.client
import time
from typing import TYPE_CHECKING

import pytest

from double.conftest import Session
from double.test_moments import qunzhu_run
from receiver import receiving

if TYPE_CHECKING:
    from double.conftest import Double

assert qunzhu_run
GROUPS = "group_open_http_svc"


def shown(line: dict) -> tuple:
    """Return what a line is about."""
    return line["door"], line.get("user", ""), line["command"], line.get("code")


def test_calls_and_answers_at_both_doors(double: Double):
    double.make("alice", "bob")
    double.group("team", "alice", "bob")
    bob = Session(double, "bob")
    double.set("record", start=True)
    alice = Session(double, "alice")
    double.say("team", "hello", "alice", 1)
    alice.call("get_group_info", GroupIdList=["no such group"])
    alice.call("no_such_method")
    alice.call("ping")
    alice.call("logout")
    double.call(f"{GROUPS}/create_group", Type="Public")
    double.call("no/such")
    double.http("POST", f"/v4/{GROUPS}/create_group", b"{no json")
    double.set("record", stop=True)
    double.say("team", "unheard", "alice", 2)
    lines = double.lines()
    assert [line["num"] for line in lines] == list(range(1, len(lines) + 1))
    calls = [shown(line) for line in lines if line["door"] in {"rest", "gateway"}]
    assert calls == [
        ("gateway", "alice", "login", 0),
        ("rest", double.admin, "send_group_msg", 0),
        ("gateway", "alice", "get_group_info", 0),
        ("gateway", "alice", "no_such_method", -32601),
        ("gateway", "alice", "logout", 0),
        ("rest", double.admin, "create_group", 10004),
        ("rest", double.admin, "no/such", 60009),
        ("rest", double.admin, "create_group", 60003),
    ]
    sent = next(line for line in lines if line["command"] == "send_group_msg")
    assert sent["request"]["MsgBody"][0]["MsgContent"]["Text"] == "hello"
    assert sent["reply"]["MsgSeq"] == 2
    assert sent["time"] == pytest.approx(time.time(), abs=20)
    pushes = [(line["user"], line["platform"], line["command"]) for line in lines if line["door"] == "push"]
    assert sorted(pushes) == [("alice", "Linux", "group_message"), ("bob", "Linux", "group_message")]
    assert next(line for line in lines if line["command"] == "create_group")["reply"]["ErrorInfo"]
    assert lines[-1]["request"] == {"stop": True} or lines[-1]["door"] != "double"
    assert "result" in bob.call("ping")


def test_no_usersig_is_in_it(double: Double):
    double.make("alice")
    double.set("record", start=True)
    Session(double, "alice")
    double.call(f"{GROUPS}/get_appid_group_list")
    double.set("clock", advance=1)
    text = double.http("GET", "/double/record")[1]
    assert b"login" in text
    assert b"eJ" not in text  # how every UserSig begins
    assert b"usersig" not in text.lower()


def test_lost_and_repeated_pushes_and_unanswered_calls_are_noted(double: Double):
    double.make("alice", "bob")
    double.group("team", "alice", "bob")
    alice, bob = Session(double, "alice"), Session(double, "bob")
    double.set("record", start=True)
    double.set("faults", add=[{"command": "get_group_info", "drop": True}],
               pushes=[{"push": "*", "user": "bob", "lose": True}, {"push": "*", "repeat": 1}])  # fmt: skip
    double.say("team", "x", "alice", 1)
    assert (alice.told(), bob.told()) == (["group_message"] * 2, [])
    with contextlib.suppress(http.client.RemoteDisconnected, ConnectionResetError):
        double.call(f"{GROUPS}/get_group_info", GroupIdList=["team"])
    notes = {(line.get("user"), line["command"]): line["note"] for line in double.lines() if "note" in line}
    assert notes == {
        ("alice", "group_message"): "2 times", ("bob", "group_message"): "lost",
        (double.admin, "get_group_info"): "no answer: the connection was ended",
    }  # fmt: skip


def test_callbacks_are_in_it(double: Double, qunzhu_run):
    data = str(double.folder / "data")
    double.make("alice")
    with receiving() as app:
        qunzhu_run("app", "set", str(double.sdkappid), "--data", data, "--callback-url", app.url, "--callback",
                   "Group.CallbackBeforeCreateGroup", "--callback", "Group.CallbackAfterCreateGroup")  # fmt: skip
        try:
            time.sleep(1.2)  # the record takes effect
            double.set("record", start=True)
            double.set("clock", freeze=1_800_000_000)
            double.group("team", "alice")
            app.wait(2)
            time.sleep(0.2)
            told = [line for line in double.lines() if line["door"] == "callback"]
        finally:
            qunzhu_run("app", "set", str(double.sdkappid), "--data", data, "--callback-url", "")
            time.sleep(1.2)
    assert [line["command"] for line in told] == ["Group.CallbackBeforeCreateGroup", "Group.CallbackAfterCreateGroup"]
    assert all(line["code"] == 0 and line["reply"]["ActionStatus"] == "OK" for line in told)
    assert told[1]["request"]["GroupId"] == "team"
    assert str(told[1]["request"]["EventTime"]).startswith("1800000000")


def test_start_goes_on_and_clear_begins_anew(double: Double):
    for _ in range(2):
        double.set("record", start=True)
        double.call(f"{GROUPS}/get_appid_group_list")
        double.set("record", stop=True)
    assert [line["command"] for line in double.lines() if line["door"] == "rest"] == ["get_appid_group_list"] * 2
    assert double.set("record")["record"]["lines"] == len(double.lines())
    assert double.http("POST", "/double/record", b'{"get": true}')[1] == double.http("GET", "/double/record")[1]
    double.set("record", clear=True)
    assert double.lines() == []
    assert double.look()["record"]["on"] is False
