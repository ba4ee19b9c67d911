"""The double's controls through `qunzhu.testing`, and from another language."""

from __future__ import annotations

import asyncio
import datetime
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from qunzhu.testing import CallRefused, NoAnswer, Server
from qunzhu.tim import TimRender
from served import until

EXAMPLE = Path(__file__).parents[2] / "examples/testing"
DAY = 86400
SEED = {
    "accounts": ["ann", {"id": "bob", "nick": "Bob"}],
    "groups": [{
        "kind": "Public", "name": "Tea", "id": "tea", "owner": "ann", "members": ["bob"],
        "messages": [{"from": "bob", "text": "Hello"}],
    }],
}  # fmt: skip
YAML = """
accounts: [ann, bob]
groups:
  - {kind: Public, name: Tea, id: tea, owner: ann, members: [bob]}
"""


@pytest.fixture(scope="module")
def server():
    """Serve to all tests of this module."""
    with Server() as served:
        yield served


@pytest.fixture
def double(server):
    """Give an app in which are ann and bob."""
    with server.app() as app:
        app.rest("multiaccount_import", AccountList=[{"UserID": "ann"}, {"UserID": "bob"}])
        yield app


def groups(double) -> list[str]:
    """Return the groups of an app."""
    return [one["GroupId"] for one in double.rest("get_appid_group_list")["GroupIdList"]]


def make(double, group: str) -> None:
    """Create a group of ann and bob."""
    member = [{"Member_Account": "bob"}]
    double.rest("create_group", Type="Public", Name=group, GroupId=group, Owner_Account="ann", MemberList=member)


def test_off_unless_asked_for():
    with Server(controls=False) as server, server.app() as double:
        for control in (double.reset, double.controls, double.clock.freeze):
            with pytest.raises(NoAnswer, match="--controls") as missing:
                control()
            assert missing.value.status == 404


def test_reset(double):
    make(double, "tea")
    double.faults.add("create_group", code=10006)
    double.clock.advance(DAY)
    double.reset(keep=["clock"])
    assert groups(double) == []
    assert double.clock.now() == pytest.approx(double.controls()["clock"]["now"], abs=5)
    assert double.controls()["clock"]["ahead"] == pytest.approx(DAY, abs=5)
    double.reset()
    assert double.controls()["clock"]["real"] is True
    assert double.clock.now() == pytest.approx(double.controls()["clock"]["now"], abs=5)


def test_a_mute_ends_when_the_clock_says_so(double):
    make(double, "tea")
    double.clock.freeze()
    double.rest("forbid_send_msg", GroupId="tea", Members_Account=["bob"], MuteTime=3600)

    def muted() -> list[str]:
        return [
            one["Member_Account"] for one in double.rest("get_group_muted_account", GroupId="tea")["MutedAccountList"]
        ]

    double.clock.advance(3599)
    assert muted() == ["bob"]
    double.clock.advance(datetime.timedelta(seconds=2))
    assert muted() == []


def test_usersigs_follow_the_clock(double):
    old = double.usersig("ann", expire=DAY)
    at = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    assert double.clock.freeze(at) == at.timestamp() == double.clock.now()
    assert double.clock.run() == pytest.approx(at.timestamp(), abs=1)

    async def sign_in(usersig: str) -> int:
        tim = TimRender(double.sdkappid, double.ws_url)
        await tim.TIMInit()
        try:
            return (await tim.TIMLogin({"userID": "ann", "userSig": usersig}))["code"]
        finally:
            await tim.TIMUninit()

    assert asyncio.run(sign_in(old)) == 70001
    assert asyncio.run(sign_in(double.usersig("ann", expire=DAY))) == 0
    double.clock.set(at.timestamp() - 20 * 365 * DAY)
    double.clock.real()
    assert asyncio.run(sign_in(old)) == 0


def test_faults(double):
    double.faults.add("create_group", code=10006, text="enough", times=1)
    with pytest.raises(CallRefused) as refused:
        make(double, "tea")
    assert (refused.value.code, "enough" in refused.value.info) == (10006, True)
    make(double, "tea")
    double.faults.add(drop=True)
    with pytest.raises(NoAnswer):
        groups(double)
    double.faults.clear()
    assert groups(double) == ["tea"]
    with pytest.raises(CallRefused, match="there is no 'make_tea'"):
        double.faults.add("make_tea", code=1)


def test_pushes_and_cuts(double):
    make(double, "tea")

    async def listen() -> list[str]:
        tim, heard = TimRender(double.sdkappid, double.ws_url), []
        await tim.TIMInit()
        await tim.TIMSetNetworkStatusListenerCallback({"callback": lambda args: heard.append(args[0])})
        assert (await tim.TIMLogin({"userID": "bob", "userSig": double.usersig("bob")}))["code"] == 0
        before = heard.count(0)
        assert await asyncio.to_thread(double.cut, user="ann") == 0
        assert await asyncio.to_thread(double.cut, user="bob") == 1
        await until(lambda: heard.count(0) > before and heard[-1] == 0)
        await tim.TIMUninit()
        return heard

    asyncio.run(listen())
    double.faults.push("group_message", lose=True, times=1)
    assert double.controls()["pushes"][0]["lose"] is True


def test_snapshots(double):
    make(double, "tea")
    double.snapshot("tea-only")
    make(double, "milk")
    double.restore("tea-only")
    assert groups(double) == ["tea"]
    with pytest.raises(CallRefused):
        double.restore("unknown")


def test_seeds(double, tmp_path):
    assert double.seed(SEED)["groups"] == 1
    assert groups(double) == ["tea"]
    messages = double.rest("group_msg_get_simple", GroupId="tea", ReqMsgNumber=5)["RspMsgList"]
    assert messages[0]["From_Account"] == "bob"
    double.reset()
    (tmp_path / "seed.yaml").write_text(YAML)
    assert double.seed(tmp_path / "seed.yaml")["groups"] == 1
    assert groups(double) == ["tea"]


def test_the_record(double):
    double.record.start()
    make(double, "tea")
    double.record.stop()
    make(double, "milk")
    [line] = double.record.lines("rest")
    assert (line["command"], line["request"]["GroupId"], line["code"]) == ("create_group", "tea", 0)
    double.record.clear()
    assert double.record.lines() == []


def test_controls_from_many_threads(double):
    threads = [threading.Thread(target=double.snapshot, args=(f"s{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one["name"] for one in double.controls()["snapshots"]} == {f"s{number}" for number in range(8)}


@pytest.mark.parametrize("program", ["node", "sh"])
def test_the_controls_from_another_language(double, program):
    if shutil.which(program) is None or (program == "sh" and shutil.which("curl") is None):
        pytest.skip(f"{program} or curl is not on this machine")
    script = EXAMPLE / {"node": "controls.mjs", "sh": "controls.sh"}[program]
    done = subprocess.run(
        [program, str(script)], capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **double.environ, "QUNZHU_USERSIG": double.usersig()},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["10006 enough for today", "10 days ahead", "0 groups"]
