"""The clock: everything of the app follows it, on both engines."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from typing import TYPE_CHECKING

import pytest

from double.conftest import Session
from double.test_double import in_app
from double.test_moments import qunzhu_run
from qunzhu.core.token import make_usersig
from served import SDKAPPID
from wire.doors import Door, signed

if TYPE_CHECKING:
    from double.conftest import Double

assert qunzhu_run
GROUPS = "group_open_http_svc"
NOON = 1_800_000_000
DAY = 86400


def test_freeze_advance_set_and_real(double: Double):
    assert double.set("clock", freeze=True)["clock"]["frozen"]
    before = double.set("clock")["clock"]["now"]
    time.sleep(0.05)
    assert double.set("clock")["clock"]["now"] == before
    assert double.set("clock", advance=90.5)["clock"]["now"] == before + 90.5
    assert double.set("clock", set=NOON)["clock"] == {
        "now": NOON, "frozen": True, "real": False, "ahead": pytest.approx(NOON - time.time(), abs=5),
    }  # fmt: skip
    double.set("clock", freeze=False)
    time.sleep(0.05)
    now = double.set("clock")["clock"]["now"]
    assert NOON < now < NOON + 5
    assert double.set("clock", freeze=NOON, advance=-60)["clock"]["now"] == NOON
    clock = double.set("clock", real=True)["clock"]
    assert (clock["real"], clock["frozen"], clock["ahead"]) == (True, False, 0)
    assert clock["now"] == pytest.approx(time.time(), abs=5)


def test_what_is_made_has_the_time_of_the_clock(on_both: Double):
    on_both.set("clock", freeze=NOON)
    on_both.make("alice", "bob")
    on_both.group("team", "alice", "bob", Owner_Account="alice")
    info = on_both.call(f"{GROUPS}/get_group_info", GroupIdList=["team"])["GroupInfo"][0]
    assert info["CreateTime"] == NOON
    assert on_both.say("team", "hello", "bob", 1)["MsgTime"] == NOON
    on_both.set("clock", advance=1)
    sent = on_both.call("openim/sendmsg", From_Account="alice", To_Account="bob", MsgRandom=1,
                        MsgBody=[{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}])  # fmt: skip
    assert sent["MsgTime"] == NOON + 1
    assert Session(on_both, "alice").login["result"]["ServerTime"] == NOON + 1


def test_a_mute_ends_when_its_time_has_come(on_both: Double):
    on_both.make("alice")
    on_both.group("team", "alice")
    on_both.call(f"{GROUPS}/forbid_send_msg", GroupId="team", Members_Account=["alice"], MuteTime=3600)
    alice = Session(on_both, "alice")
    words = {"GroupId": "team", "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]}
    assert alice.call("send_group_msg", Random=1, **words)["error"]["code"] == 10017
    on_both.set("clock", advance=3590)
    assert alice.call("send_group_msg", Random=2, **words)["error"]["code"] == 10017
    on_both.set("clock", advance=11)
    assert "result" in alice.call("send_group_msg", Random=3, **words)


def test_the_duplicate_window_closes(on_both: Double):
    on_both.make("alice")
    on_both.group("team", "alice")
    first = on_both.say("team", "once", "alice", 7)["MsgSeq"]
    assert on_both.say("team", "once", "alice", 7)["MsgSeq"] == first
    on_both.set("clock", advance=301)
    assert on_both.say("team", "once", "alice", 7)["MsgSeq"] == first + 1


def test_recall_has_two_minutes(on_both: Double):
    on_both.make("alice")
    on_both.group("team", "alice")
    seq = on_both.say("team", "oh", "alice", 7)["MsgSeq"]
    alice = Session(on_both, "alice")
    on_both.set("clock", advance=121)
    late = alice.call("group_msg_recall", GroupId="team", MsgSeqList=[{"MsgSeq": seq}])
    assert late["result"]["RecallRetList"][0]["RetCode"] != 0
    on_both.set("clock", advance=-60)
    soon = alice.call("group_msg_recall", GroupId="team", MsgSeqList=[{"MsgSeq": seq}])
    assert soon["result"]["RecallRetList"] == [{"MsgSeq": seq, "RetCode": 0}]


def test_a_session_ends_when_its_usersig_expires(on_both: Double):
    on_both.make("alice", "bob")
    short, long = Session(on_both, "alice", expire=3600), Session(on_both, "bob", expire=30 * DAY)
    on_both.set("clock", advance=3590)
    assert "result" in short.call("ping")
    on_both.set("clock", advance=20)
    assert short.end() == 4003
    assert "result" in long.call("ping")
    assert Session(on_both, "alice", expire=3600).login["error"]["code"] == 70001


def test_no_clock_locks_an_administrator_out(double: Double):
    double.set("clock", advance=400 * DAY)
    answer = double.call(f"{GROUPS}/get_appid_group_list")
    assert answer["ErrorCode"] == 70001
    assert double.set("clock", advance=-400 * DAY)
    assert double.call(f"{GROUPS}/get_appid_group_list")["ErrorCode"] == 0
    double.set("clock", set=1_000_000_000)
    at_that_time = make_usersig(double.key, double.sdkappid, double.admin, now=1_000_000_000, expire=60)
    assert (
        double.http("POST", "/double/clock", b"{}", double.query(usersig=at_that_time))[1][:22]
        == b'{"ActionStatus":"OK","'
    )
    double.set("clock", set=2_000_000_000)
    assert double.call("im_open_login_svc/kick", UserID=double.admin)["ErrorCode"] == 70001
    double.set("clock", real=True)


def test_logins_revoked_in_a_future_do_not_lock_out(double: Double):
    double.set("clock", advance=3600)
    assert double.call("im_open_login_svc/kick", UserID=double.admin)["ErrorCode"] == 0
    assert double.call(f"{GROUPS}/get_appid_group_list")["ErrorCode"] == 70001
    double.set("reset")
    assert double.call(f"{GROUPS}/get_appid_group_list")["ErrorCode"] == 0


def test_a_frozen_second_has_room_for_forty_messages(double: Double):
    double.set("clock", freeze=NOON)
    double.make("alice")
    double.group("team", "alice")
    low = [double.say("team", str(n), "alice", n + 1).get("MsgSeq", 0) for n in range(42)]
    assert len(set(low)) > 40
    assert (
        double.call(f"{GROUPS}/group_msg_get_simple", GroupId="team", ReqMsgNumber=1)["RspMsgList"][0]["MsgSeq"] <= 41
    )
    double.set("clock", advance=1)
    double.say("team", "again", "alice", 99)
    newest = double.call(f"{GROUPS}/group_msg_get_simple", GroupId="team", ReqMsgNumber=1)["RspMsgList"][0]
    assert newest["MsgBody"][0]["MsgContent"]["Text"] == "again"


def test_the_clock_may_go_back(on_both: Double):
    on_both.set("clock", freeze=NOON)
    on_both.make("alice")
    on_both.group("team", "alice")
    first = on_both.say("team", "later", "alice", 1)
    on_both.set("clock", advance=-DAY)
    second = on_both.say("team", "earlier", "alice", 2)
    assert (second["MsgSeq"], second["MsgTime"]) == (first["MsgSeq"] + 1, NOON)  # times of one group never go back
    on_both.group("earlier", "alice")
    assert on_both.say("earlier", "x", "alice", 3)["MsgTime"] == NOON - DAY


@pytest.fixture(scope="module")
def week(one, qunzhu_run) -> Double:
    """Give the same server with an app whose plan keeps seven days of history."""
    qunzhu_run("app", "create", "--data", str(one.folder / "data"), "--sdkappid", "1400000079", "--key", "week-key",
               "--admin", "root", "--plan", "legacy-pro")  # fmt: skip
    time.sleep(1.1)
    return in_app(one, 1400000079, "week-key", "root")


def stored(double: Double) -> int:
    """Return how many messages are in the store."""
    double.set("snapshot", name="full")
    file = double.folder / "data" / "double" / str(double.sdkappid) / "full.jsonl"
    lines = file.read_text().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith('{"table":"messages"')) + 1
    return next(place for place, line in enumerate(lines[start:]) if line.startswith("{"))


def test_what_is_older_than_the_plan_keeps_goes_at_once(week: Double):
    week.reset()
    week.make("alice")
    week.group("team", "alice")
    for number in range(30):
        week.say("team", str(number), "alice", number + 1)
    assert stored(week) >= 30
    week.set("clock", advance=31 * DAY)
    assert stored(week) == 0
    week.set("snapshot", drop="full")


def test_the_file_of_an_hour_is_there_when_the_clock_says_so(double: Double):
    double.set("clock", freeze=NOON)  # an hour of the app's time zone begins
    double.make("alice")
    double.group("team", "alice")
    double.say("team", "hello", "alice", 1)
    name = time.strftime("%Y%m%d%H", time.gmtime(NOON + 8 * 3600))
    wanted = {"ChatType": "Group", "MsgTime": name}
    assert double.call("open_msg_svc/get_history", **wanted)["ErrorCode"] == 1004
    double.set("clock", advance=2 * 3600)
    file = double.call("open_msg_svc/get_history", **wanted)["File"][0]
    connection = http.client.HTTPConnection("127.0.0.1", double.port, timeout=10)
    connection.request("GET", file["URL"].partition(f":{double.port}")[2])
    kept = json.loads(gzip.decompress(connection.getresponse().read()))
    assert "hello" in json.dumps(kept)
    double.set("clock", advance=8 * DAY)
    connection.request("GET", file["URL"].partition(f":{double.port}")[2])
    assert connection.getresponse().status == 403
    connection.close()
    assert double.call("open_msg_svc/get_history", **wanted)["ErrorCode"] == 1005


def test_a_new_day_has_a_new_quota(one: Double, qunzhu_run):
    qunzhu_run("app", "create", "--data", str(one.folder / "data"), "--sdkappid", "1400000080", "--key", "small-key",
               "--admin", "root", "--plan", "overseas-developer", "--community")  # fmt: skip
    time.sleep(1.1)
    small = in_app(one, 1400000080, "small-key", "root")
    small.set("clock", freeze=NOON)
    create = {"Type": "Community", "Name": "c"}
    codes = [small.call(f"{GROUPS}/create_group", **create)["ErrorCode"] for _ in range(101)]
    assert (codes[:100], codes[100] > 0) == ([0] * 100, True)
    small.set("clock", advance=DAY)
    assert small.call(f"{GROUPS}/create_group", **create)["ErrorCode"] == 0


def test_meters_follow_the_day(on_both: Double):
    on_both.set("clock", freeze=NOON)
    on_both.make("alice")
    on_both.group("first", "alice")
    on_both.set("clock", advance=3 * DAY)
    on_both.group("second", "alice")
    on_both.group("third", "alice")
    days = on_both.call("openconfigsvr/getappinfo", RequestField=["GroupNewGroupNum"])["Result"]
    made = {one["Date"]: one["GroupNewGroupNum"] for one in days}
    first, second = (time.strftime("%Y%m%d", time.gmtime(NOON + 8 * 3600 + ahead)) for ahead in (0, 3 * DAY))
    assert (int(made[first]), int(made[second])) == (1, 2)
    on_both.set("reset")
    on_both.set("clock", freeze=NOON)
    days = on_both.call("openconfigsvr/getappinfo", RequestField=["GroupNewGroupNum"])["Result"]
    assert [int(one["GroupNewGroupNum"]) for one in days] == [0] * len(days)


def test_an_app_that_was_closed_keeps_its_clock(tmp_path):
    door = Door(tmp_path / "data")
    try:
        door.backend.double(SDKAPPID).clock.freeze(1000 * NOON)
        door.signature = signed(expire=180 * DAY)
        door.run(door.backend._close_app(door.backend._open[SDKAPPID]))
        assert door.code(f"{GROUPS}/create_group", {"Type": "Public", "Name": "g", "GroupId": "g"}) == 0
        info = door.call(f"{GROUPS}/get_group_info", {"GroupIdList": ["g"]})["GroupInfo"][0]
        assert info["CreateTime"] == NOON
        assert door.backend._open[SDKAPPID].hub.outgoing is not None
    finally:
        door.close()
