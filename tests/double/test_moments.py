"""Resetting an app, and snapshots of it, on both engines."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest

from cli.servers import Server as Plain
from double.conftest import Session
from double.test_double import in_app
from receiver import ALLOW, Hang, receiving

if TYPE_CHECKING:
    from double.conftest import Double

GROUPS = "group_open_http_svc"
AFTER = "Group.CallbackAfterCreateGroup"


def filled(double: Double) -> None:
    """Make some of everything that a writer remembers."""
    double.make("alice", "bob")
    double.group("team", "alice", "bob")
    double.say("team", "hello", "alice", 1)
    double.call("group_open_attr_http_svc/set_group_attr", GroupId="team", GroupAttr=[{"key": "a", "value": "1"}])
    double.call("openim/sendmsg", From_Account="alice", To_Account="bob", MsgRandom=1,
                MsgBody=[{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}])  # fmt: skip


def newest(double: Double) -> list[str]:
    """Return the texts of the team's messages."""
    found = double.call(f"{GROUPS}/group_msg_get_simple", GroupId="team", ReqMsgNumber=20)
    texts = [one["MsgBody"][0]["MsgContent"].get("Text") for one in found["RspMsgList"] if one["MsgBody"]]
    return [text for text in texts if text is not None]


def test_reset_leaves_the_administrators_only(on_both: Double):
    filled(on_both)
    on_both.set("clock", advance=3600)
    on_both.set("faults", add=[{"command": "create_group", "code": 10002}])
    alice = Session(on_both, "alice")
    on_both.set("reset")
    assert alice.end() == 4009
    assert on_both.groups() == []
    checked = on_both.call(
        "im_open_login_svc/account_check", CheckItem=[{"UserID": "alice"}, {"UserID": on_both.admin}]
    )
    assert [one["AccountStatus"] for one in checked["ResultItem"]] == ["NotImported", "Imported"]
    shown = on_both.look()
    assert (shown["clock"]["real"], shown["faults"]) == (True, [])
    filled(on_both)  # with the same ids, Randoms and keys as before: nothing is remembered of them
    assert newest(on_both) == ["hello"]


def test_reset_may_keep_clock_and_faults(double: Double):
    double.set("clock", freeze=1_800_000_000)
    double.set("faults", add=[{"command": "create_group", "code": 10002}])
    double.set("reset", keep=["clock", "faults"])
    assert double.look()["clock"]["now"] == 1_800_000_000
    assert len(double.look()["faults"]) == 1


def test_restore_brings_back_what_was(on_both: Double):
    filled(on_both)
    before = on_both.set("snapshot", name="start")
    assert before["snapshots"][0]["name"] == "start"
    on_both.say("team", "later", "bob", 2)
    on_both.group("other", "alice")
    on_both.call("im_open_login_svc/account_delete", DeleteItem=[{"UserID": "bob"}])
    alice = Session(on_both, "alice")
    restored = on_both.set("restore", name="start")
    assert restored["rows"] == before["rows"]
    assert alice.end() == 4009
    assert on_both.groups() == ["team"]
    assert newest(on_both) == ["hello"]
    assert on_both.say("team", "hello", "alice", 1)["MsgSeq"] == on_both.say("team", "new", "alice", 3)["MsgSeq"] - 1
    again = Session(on_both, "bob")
    on_both.say("team", "to bob", "alice", 4)
    assert "group_message" in again.told()  # who comes again is in his rooms
    on_both.set("restore", name="start")
    assert newest(on_both) == ["hello"]
    on_both.set("snapshot", drop="start")


def test_logins_revoked_since_a_snapshot_hold_again(on_both: Double):
    on_both.make("alice")
    on_both.set("snapshot", name="before")
    on_both.set("clock", advance=10)
    on_both.call("im_open_login_svc/kick", UserID="alice")
    assert Session(on_both, "alice").login["error"]["code"] == 70001
    on_both.set("restore", name="before")
    assert "result" in Session(on_both, "alice").login
    on_both.set("snapshot", drop="before")


def test_live_rooms_are_empty_after_a_reset(on_both: Double):
    on_both.make("alice")
    on_both.group("live", kind="AVChatRoom")
    alice = Session(on_both, "alice")
    alice.call("join_group", GroupId="live")
    on_both.set("snapshot", name="live")
    on_both.set("restore", name="live")
    assert on_both.call("group_open_http_svc/get_online_member_num", GroupId="live")["OnlineMemberNum"] == 0
    on_both.set("snapshot", drop="live")


def test_snapshots_are_listed_replaced_and_dropped(double: Double):
    double.make("alice")
    double.set("clock", freeze=1_800_000_000)
    for name in ("b", "a.1", "b"):
        double.set("snapshot", name=name)
    kept = double.set("snapshot")["snapshots"]
    assert [(one["name"], one["at"]) for one in kept] == [("a.1", 1_800_000_000), ("b", 1_800_000_000)]
    assert [one["name"] for one in double.set("snapshot", drop="a.1")["snapshots"]] == ["b"]
    double.set("reset")
    assert [one["name"] for one in double.set("snapshot", drop="b")["snapshots"]] == []


def test_a_broken_snapshot_changes_nothing(on_both: Double):
    filled(on_both)
    on_both.set("snapshot", name="broken")
    file = on_both.folder / "data" / "double" / str(on_both.sdkappid) / "broken.jsonl"
    file.write_bytes(file.read_bytes()[:-40])
    on_both.group("other", "alice")
    answer = on_both.control("restore", name="broken")
    assert answer["ErrorCode"] == 10004
    assert "broken" in answer["ErrorInfo"]
    assert sorted(on_both.groups()) == ["other", "team"]
    on_both.say("team", "goes on", "alice", 9)
    assert "goes on" in newest(on_both)
    file.unlink()


def test_reset_and_restore_take_no_time(on_both: Double):
    filled(on_both)
    on_both.set("snapshot", name="fast")
    took: dict[str, list[float]] = {"reset": [], "restore": []}
    for _ in range(7):
        for control, fields in (("reset", {}), ("restore", {"name": "fast"})):
            start = time.perf_counter()
            on_both.set(control, **fields)
            took[control].append(time.perf_counter() - start)
    on_both.set("snapshot", drop="fast")
    assert statistics.median(took["reset"]) < 0.05
    assert statistics.median(took["restore"]) < 0.05


def test_snapshots_outlive_the_server_and_go_with_the_app(tmp_path, double: Double, qunzhu_run):
    folder = str(tmp_path / "data")
    qunzhu_run("app", "create", "--data", folder, "--sdkappid", "1400000078", "--key", "a-long-key", "--admin", "root")
    other = in_app(double, 1400000078, "a-long-key", "root")
    for turn in range(2):
        served = Plain("--data", folder, "--controls")
        other.port = int(served.url.rpartition(":")[2])
        try:
            if turn == 0:
                other.make("alice")
                other.set("snapshot", name="kept")
            else:
                other.set("reset")
                other.set("restore", name="kept")
                checked = other.call("im_open_login_svc/account_check", CheckItem=[{"UserID": "alice"}])
                assert checked["ResultItem"][0]["AccountStatus"] == "Imported"
        finally:
            served.stop()
    place = tmp_path / "data" / "double" / "1400000078"
    assert (place / "kept.jsonl").is_file()
    qunzhu_run("app", "erase", "1400000078", "--data", folder, "--yes")
    assert not place.exists()


def test_callbacks_that_wait_go_with_the_data(double: Double, qunzhu_run):
    data = str(double.folder / "data")
    with receiving() as app:
        qunzhu_run("app", "set", str(double.sdkappid), "--data", data, "--callback-url", f"http://127.0.0.1:{app.port}/",
                   "--callback", AFTER)  # fmt: skip
        try:
            time.sleep(1.2)  # the record takes effect
            double.make("alice")
            app.answer = Hang(1.5)
            double.group("first", "alice")
            double.group("second", "alice")
            start = time.monotonic()
            double.set("reset")
            assert time.monotonic() - start < 1
            app.got.clear()
            app.answer = ALLOW
            double.make("alice")
            double.group("third", "alice")
            assert [one.body["GroupId"] for one in app.wait(1)] == ["third"]
            time.sleep(0.5)
            assert len(app.got) == 1  # what hung is not sent again, nor what waited behind it
        finally:
            qunzhu_run("app", "set", str(double.sdkappid), "--data", data, "--callback-url", "")
            time.sleep(1.2)


@pytest.fixture(scope="session")
def qunzhu_run():
    """Run the command line as a process."""
    import subprocess
    import sys

    return lambda *words: subprocess.run([sys.executable, "-m", "qunzhu", *words], check=True, capture_output=True)
