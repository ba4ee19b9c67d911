"""The door of the controls: where it is, who may come in, and what it says to what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.servers import Server as Plain
from double.conftest import Session
from qunzhu.core.errors import ERRORS
from qunzhu.core.token import make_usersig

if TYPE_CHECKING:
    from double.conftest import Double

CONTROLS = ("clock", "faults", "cut", "reset", "snapshot", "restore", "record", "seed")
OTHER, OTHER_KEY = 1400000077, "a-key-of-the-other-app"


def in_app(double: Double, sdkappid: int, key: str, admin: str) -> Double:
    """Return the server with another app to use controls of."""
    other = object.__new__(type(double))
    other.__dict__ |= double.__dict__
    other.sdkappid, other.key, other.admin = sdkappid, key, admin
    return other


@pytest.fixture(scope="module")
def other(one) -> Double:
    """Give the same server with a second app."""
    command = [sys.executable, "-m", "qunzhu", "app", "create", "--data", str(one.folder / "data"),
               "--sdkappid", str(OTHER), "--key", OTHER_KEY, "--admin", "root"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    time.sleep(1.1)  # an unknown app is not looked up again for a second
    return in_app(one, OTHER, OTHER_KEY, "root")


def test_without_the_setting_there_is_nothing(tmp_path, double: Double):
    served = Plain("--data", str(tmp_path / "data"))
    off = in_app(double, double.sdkappid, double.key, double.admin)
    off.port = int(served.url.rpartition(":")[2])
    try:
        for path in ("/double", "/double/", *(f"/double/{name}" for name in CONTROLS)):
            assert [off.http(method, path)[0] for method in ("GET", "POST")] == [404, 404], path
    finally:
        served.stop()
    assert not (tmp_path / "data" / "double").exists()


def test_the_setting_opens_them(tmp_path, double: Double):
    folder = str(tmp_path / "data")
    subprocess.run([sys.executable, "-m", "qunzhu", "app", "create", "--data", folder, "--sdkappid", str(OTHER),
                    "--key", OTHER_KEY, "--admin", "root"], check=True, capture_output=True)  # fmt: skip
    served = Plain("--data", folder, "--controls")
    try:
        on = in_app(double, OTHER, OTHER_KEY, "root")
        on.port = int(served.url.rpartition(":")[2])
        assert on.look()["controls"] == list(CONTROLS)
    finally:
        served.stop()


def test_only_administrators_come_in(double: Double):
    double.make("alice")
    for name in ("", *CONTROLS):
        answer = json.loads(double.http("POST", f"/double/{name}", b"{}", double.query("alice"))[1])
        assert answer["ErrorCode"] == 60010, name
    wrong = make_usersig("another key", double.sdkappid, double.admin, now=int(time.time()))
    old = make_usersig(double.key, double.sdkappid, double.admin, now=int(time.time()) - 100, expire=10)
    for changes, code in (
        ({"usersig": wrong}, 70009), ({"usersig": old}, 70001), ({"usersig": ""}, 70002), ({"sdkappid": "1"}, 70020),
        ({"sdkappid": "x"}, 60025), ({"identifier": ""}, 60025), ({"sdkappid": ""}, 60012),
    ):  # fmt: skip
        answer = json.loads(double.http("POST", "/double/reset", b"{}", double.query(**changes))[1])
        assert answer["ErrorCode"] == code, changes


def test_what_is_set_is_shown(double: Double):
    shown = double.look()
    assert shown["ErrorCode"] == 0
    assert (shown["faults"], shown["pushes"], shown["snapshots"]) == ([], [], [])
    assert shown["clock"]["real"]
    double.set("clock", advance=3600)
    double.set("faults", add=[{"command": "create_group", "code": 10002, "times": 3}])
    shown = double.look()
    assert shown["clock"]["ahead"] == pytest.approx(3600, abs=1)
    assert shown["faults"] == [{"number": 1, "command": "create_group", "code": 10002, "times": 3, "hits": 0}]


@pytest.mark.parametrize(
    ("control", "body", "code", "words"),
    [
        ("clock", {"advanced": 5}, 10004, "advanced"),
        ("clock", {"advance": "5"}, 10004, "advance"),
        ("clock", {"advance": 1e12}, 10004, "4294967295"),
        ("clock", {"set": -1}, 10004, "0 to 4294967295"),
        ("clock", {"set": 100, "advance": -200}, 10004, "0 to 4294967295"),
        ("clock", [], 60003, "object"),
        (
            "faults",
            {"add": [{"command": "create_grup", "code": 1}]},
            10004,
            "add[0].command: there is no 'create_grup'",
        ),
        ("faults", {"add": [{"command": "*"}]}, 10004, "add[0]: one of code, delay_ms and drop"),
        ("faults", {"add": [{"command": "*", "code": 5, "drop": True}]}, 10004, "exclude"),
        ("faults", {"add": [{"command": "*", "drop": True, "text": "x"}]}, 10004, "add[0].text: needs a code"),
        ("faults", {"add": [{"command": "*", "code": 0}]}, 10004, "add[0].code: 0 is not within"),
        ("faults", {"add": [{"command": "*", "drop": True, "times": 0}]}, 10004, "add[0].times"),
        ("faults", {"add": [{"command": "*", "drop": True, "probability": 1.5}]}, 10004, "add[0].probability: 1.5"),
        ("faults", {"add": [{"command": "*", "delay_ms": 600001}]}, 10004, "600000"),
        ("faults", {"add": [{"command": "*", "drop": True, "door": "media"}]}, 10004, "rest, gateway"),
        ("faults", {"pushes": [{"push": "tip", "lose": True}]}, 10004, "group_tip"),
        ("faults", {"pushes": [{"push": "*"}]}, 10004, "pushes[0]: one of lose and repeat"),
        ("faults", {"pushes": [{"push": "*", "lose": True, "repeat": 2}]}, 10004, "one of lose and repeat"),
        ("cut", {"code": 4444}, 10004, "4444 is not one of 1012"),
        ("cut", {"platform": "Amiga"}, 10004, "Web"),
        ("cut", {"user": "x" * 33}, 10004, "33 bytes"),
        ("snapshot", {"name": "../etc"}, 10004, "1 to 64 letters"),
        ("snapshot", {"name": "a/b"}, 10004, "1 to 64 letters"),
        ("snapshot", {"name": ""}, 10004, "at least 1"),
        ("snapshot", {"drop": "never"}, 10004, "no snapshot 'never'"),
        ("restore", {"name": "never"}, 10004, "no snapshot 'never'"),
        ("restore", {}, 10004, "name"),
        ("record", {"start": True, "stop": True}, 10004, "exclude"),
        ("reset", {"keep": ["messages"]}, 10004, "clock, faults"),
        ("rewind", {}, 60009, "clock"),
        ("seed", {"users": []}, 10004, "users"),
        ("seed", {"groups": [{"kind": "Public"}]}, 10004, "groups[0]: Object missing required field `name`"),
    ],
)
def test_refusals_name_field_and_limit(double: Double, control, body, code, words):
    double.set("faults", add=[{"command": "create_group", "code": 10002}])
    double.set("clock", freeze=1_800_000_000)
    answer = double.control(control, json.dumps(body).encode())
    assert answer["ErrorCode"] == code
    assert words in answer["ErrorInfo"]
    shown = double.look()
    assert len(shown["faults"]) == 1
    assert shown["clock"]["now"] == 1_800_000_000


def test_methods_and_sizes(double: Double):
    assert json.loads(double.http("PUT", "/double/clock", b"{}")[1])["ErrorCode"] == 60002
    assert json.loads(double.http("POST", "/double/seed", b" " * (16 << 20) + b"{}")[1])["ErrorCode"] == 60002
    assert json.loads(double.http("POST", "/double/clock", b"{")[1])["ErrorCode"] == 60003


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([
    "real", "set", "advance", "freeze", "clear", "add", "pushes", "seed", "command", "code", "user", "platform", "keep",
    "name", "drop", "start", "get", "accounts", "groups", "messages", "id", "kind", "members",
])  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(control=st.sampled_from(CONTROLS), body=st.dictionaries(FIELDS, VALUES, max_size=4) | VALUES, cut=st.integers(0))
def test_noise_is_refused_or_done(double: Double, control: str, body: Any, cut: int):
    raw = json.dumps(body).encode()
    for text in (raw, raw[: cut % (len(raw) + 1)]):
        answer = double.control(control, text)
        assert answer["ErrorCode"] == 0 or answer["ErrorCode"] in ERRORS, answer
        assert answer["ErrorCode"] not in {10002, 60018, 70169, 70500}, answer
    double.reset()


def test_one_app_is_not_touched_by_the_controls_of_another(double: Double, other: Double):
    other.reset()
    for app in (double, other):
        app.make("alice", "bob")
        app.group("team", "alice", "bob")
    listening = Session(other, "alice")
    double.set("record", start=True)
    double.set("snapshot", name="mine")
    double.set("clock", freeze=2_000_000_000)
    double.set("faults", add=[{"command": "*", "code": 60018}], pushes=[{"push": "*", "lose": True}])
    assert double.set("cut")["ended"] == 0
    assert other.say("team", "hello", "bob", 1)["MsgTime"] == pytest.approx(time.time(), abs=5)
    assert listening.told() == ["group_message"]
    assert listening.call("ping")["result"]["ServerTime"] == pytest.approx(time.time(), abs=5)
    assert other.look()["clock"]["real"]
    assert other.look()["snapshots"] == []
    assert other.control("restore", name="mine")["ErrorCode"] == 10004
    double.set("reset")
    assert other.groups() == ["team"]
    assert listening.told() == []
    assert {line["user"] for line in double.lines()} == {double.admin}
    double.set("snapshot", drop="mine")
