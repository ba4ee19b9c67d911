"""What the app's server is asked: the vectors are written after the public documentation, field by field."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from qunzhu.commands._before import BEFORE
from qunzhu.commands._callbacks import AFTER, OVER_LIMIT, QUOTA, REFUSED
from qunzhu.core.callbacks import CALLBACKS
from qunzhu.tim import TimRender
from receiver import receiving
from served import SDKAPPID, Server, usersig

FOLDER = Path(__file__).parent / "vectors"
VECTORS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
CASES = [(name, number) for name, cases in sorted(VECTORS.items()) for number in range(len(cases))]
TOWN, TALK = "@TGS#_town", "@TGS#_town@TOPIC#_talk"


def furnish(app) -> None:
    """Make the groups that the vectors are about."""
    ben = [{"Member_Account": "ben"}]
    app.group(GroupId="club", MemberList=ben, ApplyJoinOption="NeedPermission")
    app.group("AVChatRoom", GroupId="room")
    app.group("Community", GroupId=TOWN, SupportTopic=1, MemberList=ben)
    app.rest("million_group_open_http_svc/create_topic", GroupId=TOWN, TopicId=TALK, TopicName="talk")


def filled(expected: Any, got: dict[str, Any], began: float) -> Any:
    """Return a vector with what differs from run to run: ``$ms``, ``$s`` and ``$seq`` as they came, if they can be."""
    if isinstance(expected, dict):
        return {name: filled(value, got, began) for name, value in expected.items()}
    if expected == "$ms":
        assert re.fullmatch(r"\d{13}", got["EventTime"])
        assert began - 1 <= int(got["EventTime"]) / 1000 <= time.time() + 1
        return got["EventTime"]
    if expected == "$s":
        assert began - 1 <= got["MsgTime"] <= time.time() + 1
        return got["MsgTime"]
    if expected == "$seq":
        assert 0 <= got["MsgSeq"] < 2**32
        return got["MsgSeq"]
    if isinstance(expected, str):
        return expected.replace("$seq", str(got.get("MsgSeq"))).replace("$s", str(got.get("MsgTime")))
    return expected


@pytest.fixture
def furnished(either):
    furnish(either)
    return either


@pytest.mark.parametrize(("name", "number"), CASES)
def test_the_body_is_the_documented_one(furnished, name, number):
    case, began = VECTORS[name][number], time.time()
    furnished.set(*(one for one, row in CALLBACKS.items() if row.phase == "before" and row.there and not row.switch))
    if case["by"] is None:
        furnished.rest(case["command"], **case["request"])
        cause = {"ClientIP": "127.0.0.1", "OptPlatform": "RESTAPI"}
    else:
        answer = furnished.user(case["by"], case["command"].rpartition("/")[2], **case["request"])
        assert "code" not in answer, answer
        cause = {"ClientIP": "", "OptPlatform": "Unknown"}
    got = furnished.only()
    assert got.query == {"SdkAppid": str(SDKAPPID), "CallbackCommand": name, "contenttype": "json", **cause}
    assert got.body == filled(case["body"], got.body, began)
    assert next(iter(got.body)) == "CallbackCommand"
    assert furnished.counted(name) == {"allowed": 1}


def test_every_before_callback_has_a_vector():
    assert set(VECTORS) == {row.command for row in BEFORE.values()}
    assert {row.command: row.switch for row in BEFORE.values()} == {
        name: row.switch for name, row in CALLBACKS.items() if row.phase == "before" and row.there
    }


def test_the_table_says_what_is_sent():
    told = {row.command for rows in AFTER.values() for row in rows} | {row.command for row in REFUSED.values()}
    asked = {row.command for row in BEFORE.values()}
    assert {name for name, row in CALLBACKS.items() if row.there} == told | asked | {QUOTA, OVER_LIMIT}


def test_the_vectors_have_the_documented_fields():
    """The list of fields stands beside the project where it is developed; elsewhere there is nothing to compare."""
    path = Path(__file__).parents[3] / "shared/spec/webhooks.yaml"
    if not path.exists():
        pytest.skip("the list of fields is not on this machine")
    documented = {one["command"]: one for one in yaml.safe_load(path.read_text(encoding="utf-8"))["webhooks"]}
    assert set(documented) == set(CALLBACKS)
    assert {name: row.phase for name, row in CALLBACKS.items()} == {name: o["phase"] for name, o in documented.items()}
    for name, cases in VECTORS.items():
        fields = {field["name"] for field in documented[name]["request_body"]}
        for case in cases:
            assert fields - set(case["body"]) <= {"TopicId"}, case["about"]
            assert set(case["body"]) <= fields


def cli(server: Server, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qunzhu", *args, "--data", str(server.folder / "data")], capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_a_running_server_asks(tmp_path):
    server = Server(tmp_path)
    try:
        with receiving() as receiver:
            done = cli(server, "app", "set", str(SDKAPPID), "--callback-url", receiver.url, "--callback-token", "t0k3n",
                       "--callback", "Group.CallbackBeforeCreateGroup")  # fmt: skip
            assert done.returncode == 0, done.stderr
            time.sleep(2.5)  # a running server follows within a second
            server.rest("im_open_login_svc/account_import", UserID="ann")

            async def create() -> dict[str, Any]:
                tim = TimRender(SDKAPPID, server.url, platform="Mac")
                await tim.TIMInit()
                await tim.TIMLogin({"userID": "ann", "userSig": usersig("ann")})
                made = await tim.TIMGroupCreate(
                    {"params": {"create_group_param_group_name": "club", "create_group_param_group_type": 0}}
                )
                await tim.TIMUninit()
                return made

            assert asyncio.run(create())["code"] == 0
            [got] = receiver.got
            assert (got.query["ClientIP"], got.query["OptPlatform"]) == ("127.0.0.1", "macOS")
            assert set(got.query) >= {"Sign", "RequestTime"}
            assert (got.body["Operator_Account"], got.body["Name"]) == ("ann", "club")
    finally:
        assert server.stop() == 0
