"""``qunzhu callbacks``: over a real server, and over real ports."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from callbacks.sending import switch, wait
from cli.servers import Server
from qunzhu.cli.callback_rules import load_rules
from qunzhu.cli.show import Failure
from qunzhu.push.callback_client import sign
from receiver import ALLOW, receiving
from receiver import http as raw
from served import SDKAPPID, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEND = "Group.CallbackBeforeSendMsg"
MADE = "Group.CallbackAfterCreateGroup"
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


class Listener:
    """A `qunzhu callbacks listen` of one's own on a free port."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qunzhu", "callbacks", "listen", "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        line = self.process.stderr.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line + self.process.stderr.read()
        self.url = line.split()[2]

    def post(self, command: str, body: Any, **query: str) -> tuple[int, Any]:
        """Post a callback; return status and answer."""
        fields = {"SdkAppid": "1", "CallbackCommand": command, "OptPlatform": "iOS", "ClientIP": "203.0.113.7", **query}
        url = f"{self.url}?{'&'.join(f'{name}={value}' for name, value in fields.items())}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text.startswith("{") else text
        except urllib.error.HTTPError as fault:
            return fault.code, fault.read().decode()

    def stop(self) -> str:
        """Stop it and return all that it printed."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=15)
        assert (self.process.returncode, err) == (0, "")
        return out


@contextlib.contextmanager
def listening(*options: object) -> Iterator[Listener]:
    """Listen until the end of the block."""
    one = Listener(*map(str, options))
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[Server, Path]]:
    """Run a demo server of the module's own."""
    folder = tmp_path_factory.mktemp("callbacks") / "data"
    server = Server("--demo", "--data", str(folder))
    yield server, folder
    server.stop()


def create(server: Server, name: str) -> dict[str, Any]:
    """Make a group."""
    return rest(server, "group_open_http_svc/create_group", Type="Public", Name=name)


def rest(server: Server, path: str, **body: Any) -> dict[str, Any]:
    """Call the REST API."""
    connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=20)
    query = f"sdkappid={SDKAPPID}&identifier=administrator&usersig={usersig('administrator')}&random=1"
    connection.request("POST", f"/v4/{path}?{query}", json.dumps(body))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_list_retry_and_drop_while_the_server_runs(qunzhu, served):
    server, folder = served
    place = ("--data", folder)

    def listed(*more: str) -> dict[str, Any]:
        return qunzhu("callbacks", "list", *more, *place, "--json").json

    with receiving() as receiver:
        receiver.answer = raw("500 No", b"")
        switch(folder, url=receiver.url, tries=1, commands=(MADE,))
        wait(lambda: create(server, "first") and receiver.got)
        for name in ("second", "third", "fourth"):
            create(server, name)
        wait(lambda: listed()["dead"] >= 4)
        answer = listed("--dead")
        assert answer["waiting"] == 0
        first, *others = answer["callbacks"]
        assert (first["state"], first["command"], first["tries"]) == ("given up", MADE, 1)
        assert first["fault"] == "status: HTTP status 500"
        assert first["body"]["Name"] == "first"
        assert first["query"] == {"ClientIP": "127.0.0.1", "OptPlatform": "RESTAPI"}

        shown = qunzhu("callbacks", "list", *place)
        lines = shown.out.splitlines()
        assert lines[0].split("\t")[:3] == ["NUM", "STATE", "COMMAND"]
        assert len(lines) == len(answer["callbacks"]) + 1
        assert shown.err == f"0 waiting, {answer['dead']} given up\n"

        receiver.answer = ALLOW
        receiver.got.clear()
        assert qunzhu("callbacks", "retry", first["num"], *place, "--json").json == {"number": 1}
        wait(lambda: receiver.got)
        assert receiver.got[0].body == first["body"]
        assert qunzhu("callbacks", "drop", others[0]["num"], *place).out == "1 removed\n"
        assert qunzhu("callbacks", "retry", "--all", *place).out == f"{len(others) - 1} to be tried again\n"
        wait(lambda: len(receiver.got) == len(others))
        again = sorted(got.body["Name"] for got in receiver.got[1:])  # each group is a lane of its own
        assert again == sorted(one["body"]["Name"] for one in others[1:])
        wait(lambda: listed() == {"waiting": 0, "dead": 0, "callbacks": []})
        assert qunzhu("callbacks", "drop", "--all", *place, "--json").json == {"number": 0}


def test_wrong_uses_are_told(qunzhu, served, tmp_path):
    _, folder = served
    place = ("--data", folder)
    assert qunzhu("callbacks", "retry", *place).code == 2
    assert qunzhu("callbacks", "drop", 1, "--all", *place).code == 2
    gone = qunzhu("callbacks", "retry", 10**6, *place, "--json")
    assert (gone.code, gone.error["message"]) == (1, "there is none of 1000000")
    assert "no app 5" in qunzhu("callbacks", "list", "--app", 5, *place, "--json").error["message"]
    made = qunzhu("app", "create", "--json", "--data", tmp_path / "other").json
    nothing = qunzhu("callbacks", "list", "--data", tmp_path / "other", "--json")
    assert nothing.error["message"] == f"app {made['sdkappid']} has no data yet"


def test_listen_prints_and_answers(tmp_path):
    record = tmp_path / "record.jsonl"
    with listening("--record", record) as one:
        body = {"CallbackCommand": SEND, "Name": "好\u202e\u001b[31m", "MsgBody": HELLO}
        assert one.post(SEND, body) == (200, ALLOW)
        assert one.post("State.StateChange", b"no JSON") == (200, ALLOW)
        out = one.stop()
    head, *lines = out.splitlines()
    assert f"  {SEND}  iOS 203.0.113.7  -> " in head
    assert head.startswith("#1 ")
    assert any("好" in line for line in lines)
    assert "\u202e" not in out
    assert "\u001b" not in out
    first, second = (json.loads(line) for line in record.read_text(encoding="utf-8").splitlines())
    assert (first["body"], first["status"], first["answer"]) == (body, 200, ALLOW)
    assert first["query"] == {
        "SdkAppid": "1", "CallbackCommand": SEND, "OptPlatform": "iOS", "ClientIP": "203.0.113.7"
    }  # fmt: skip
    assert second["body"] == "no JSON"


RULES = """
[[rules]]
command = "Group.*"
match = {"MsgBody.*.MsgContent.Text" = "*spam*", OnlineOnlyFlag = 0}
answer = {ErrorCode = 1, ErrorInfo = "no spam"}

[[rules]]
command = "Once"
times = 1
answer = {ErrorCode = 10100}

[[rules]]
command = "Late"
delay = 0.3

[[rules]]
command = "Status"
status = 503

[[rules]]
command = "Garbage"
garbage = true

[[rules]]
command = "Close"
close = true
"""


def test_listen_answers_by_its_rules(tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, encoding="utf-8")
    spam = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "buy spam now"}}]
    with listening("--rules", rules, "--json") as one:
        refused = {"ActionStatus": "FAIL", "ErrorCode": 1, "ErrorInfo": "no spam"}
        assert one.post(SEND, {"MsgBody": spam, "OnlineOnlyFlag": 0}) == (200, refused)
        for other in ({"MsgBody": spam, "OnlineOnlyFlag": 1}, {"MsgBody": HELLO, "OnlineOnlyFlag": 0}, {}, []):
            assert one.post(SEND, other) == (200, ALLOW)
        assert one.post("Once", {})[1]["ErrorCode"] == 10100
        assert one.post("Once", {})[1]["ErrorCode"] == 0
        began = time.monotonic()
        assert one.post("Late", {}) == (200, ALLOW)
        assert time.monotonic() - began >= 0.3
        assert one.post("Status", {})[0] == 503
        assert one.post("Garbage", {})[1].startswith("<html>")
        with pytest.raises((urllib.error.URLError, http.client.HTTPException, ConnectionError)):
            one.post("Close", {})
        printed = [json.loads(line) for line in one.stop().splitlines()]
    assert [line["query"]["CallbackCommand"] for line in printed] == [SEND] * 5 + [
        "Once", "Once", "Late", "Status", "Garbage", "Close"
    ]  # fmt: skip
    assert printed[0]["answer"] == refused
    assert printed[-1]["answer"] is None


def test_rules_as_json_and_yaml_and_what_is_wrong_with_them(tmp_path):
    for name, text in (
        ("rules.json", '{"rules": [{"command": "X", "answer": {"ErrorCode": 2}}]}'),
        ("rules.yaml", "rules:\n- command: X\n  answer: {ErrorCode: 2}\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert load_rules(tmp_path / name).rule_for("X", {}).answer == {"ErrorCode": 2}
        assert load_rules(tmp_path / name).rule_for("Y", {}).answer == {}
    for name, text, fault in (
        ("bad.json", '{"rules": [{"comand": "X"}]}', "comand"),
        ("bad.toml", "[[rules]]\nstatus = 'x'\n", "Expected `int`"),
        ("bad.txt", "", "must end in one of"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(Failure, match=fault):
            load_rules(tmp_path / name)


def test_listen_checks_signatures():
    now = str(int(time.time()))
    with listening("--token", "secret") as one:
        assert one.post(SEND, {}, Sign=sign("secret", int(now)), RequestTime=now) == (200, ALLOW)
        assert one.post(SEND, {}, Sign=sign("other", int(now)), RequestTime=now)[0] == 403
        assert one.post(SEND, {}) == (403, "no signature: Sign and RequestTime are missing")
        old = str(int(now) - 4000)
        assert one.post(SEND, {}, Sign=sign("secret", int(old)), RequestTime=old)[0] == 403
        assert "the signature is wrong" in one.stop()


def test_a_port_that_is_taken(qunzhu):
    with receiving() as receiver:
        answer = qunzhu("callbacks", "listen", "--port", receiver.port, "--json")
    assert answer.code == 1
    assert "cannot listen on" in answer.error["message"]


def test_a_server_is_listened_to_and_what_came_is_replayed(qunzhu, served, tmp_path):
    """A server tells a listener, which refuses some; what it recorded goes to another listener once more."""
    server, folder = served
    rules, record = tmp_path / "rules.toml", tmp_path / "record.jsonl"
    rules.write_text(RULES, encoding="utf-8")
    with listening("--rules", rules, "--record", record, "--token", "secret") as one:
        switch(folder, url=one.url, token="secret", commands=(SEND, "Group.CallbackAfterSendMsg"))
        group = create(server, "talk")["GroupId"]
        wait(lambda: say(server, group, "hello") == 0 and record.read_text(encoding="utf-8").count("AfterSendMsg") > 1)
        assert say(server, group, "buy spam now") == 10016
        switch(folder, url="")
        time.sleep(1.3)
        one.stop()
    recorded = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert {line["status"] for line in recorded} == {200}

    again = tmp_path / "again.jsonl"
    with listening("--record", again, "--token", "other") as two:
        answer = qunzhu("callbacks", "replay", record, "--to", two.url, "--token", "other", "--json")
        assert answer.code == 0
        outcomes = [json.loads(line) for line in answer.out.splitlines()]
        assert [one["nth"] for one in outcomes] == list(range(1, len(recorded) + 1))
        assert {one["answer"]["ErrorCode"] for one in outcomes} == {0}
        assert "3  " in qunzhu("callbacks", "replay", record, "--to", two.url, "--token", "other", "--nth", 3).out
        failed = qunzhu("callbacks", "replay", record, "--to", two.url, "--nth", 1, "--json")
        assert (failed.code, failed.error["message"]) == (1, "1 of 1 had no valid answer")
        two.stop()
    bodies = [json.loads(line)["body"] for line in again.read_text(encoding="utf-8").splitlines()]
    assert bodies == [line["body"] for line in (*recorded, recorded[2], recorded[0])]
    missing = qunzhu("callbacks", "replay", record, "--nth", 999, "--json")
    assert "no number 999" in missing.error["message"]
    gone = qunzhu("callbacks", "replay", record, "--to", two.url, "--nth", 1)
    assert (gone.code, "1 of 1 had no valid answer" in gone.err) == (1, True)


def say(server: Server, group: str, words: str) -> int:
    """Send a text; return the code."""
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]
    message = {"GroupId": group, "Random": time.time_ns() % 2**32, "MsgBody": body}
    return rest(server, "group_open_http_svc/send_group_msg", **message)["ErrorCode"]


def test_a_wrong_target_and_a_wrong_record(qunzhu, tmp_path):
    record = tmp_path / "record.jsonl"
    record.write_text("{}\n", encoding="utf-8")
    assert qunzhu("callbacks", "replay", record, "--to", "ftp://x/").code == 2
    assert "line 1 is no recorded callback" in qunzhu("callbacks", "replay", record, "--json").error["message"]
