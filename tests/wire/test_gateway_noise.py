"""Noise through the gateway: every call gets one answer, no answer is an internal error, nothing hangs or breaks."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunzhu.core.command import BY_NAME
from qunzhu.core.ports import GATEWAY
from served import SDKAPPID
from wire.doors import Door, signed
from wire.gate import Gate

INTERNAL = {10002, 70500, 90994, 60013, -32603}
METHODS = sorted(name for name, command in BY_NAME.items() if GATEWAY in command.doors)
FIELDS = sorted({field for name in METHODS for field in BY_NAME[name].request.__struct_fields__})
noise = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), database=None)
ids = st.none() | st.integers(-(2**70), 2**70) | st.text(max_size=5) | st.floats(allow_nan=False) | st.booleans()
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
params = values | st.dictionaries(st.sampled_from(FIELDS), values, max_size=4)
methods = st.sampled_from([*METHODS, "ping", "login", "open_session", "kick", "", "nothing"]) | st.text(max_size=9)
calls = st.fixed_dictionaries(
    {}, optional={"jsonrpc": st.just("2.0") | values, "id": ids, "method": methods | values, "params": params}
).map(json.dumps)  # fmt: skip


@pytest.fixture(scope="module")
def gate(door: Door):
    """Log a user in."""
    opened = Gate(door).login("alice")
    yield opened
    opened.close()


def flush(gate: Gate) -> list[dict]:
    """Return all that was answered up to now: reads and writes wait in one line each, so one of both ends the wait."""
    before = len(gate.pushes)
    gate.call("get_joined_group_list", Member_Account="alice")
    gate.call("quit_group", GroupId="nothing")
    gate.call("ping")
    return gate.pushes[before:]


@noise
@given(frames=st.lists(calls, min_size=1, max_size=5))
def test_any_call_of_a_logged_in_session(gate: Gate, frames: list[str]):
    for frame in frames:
        gate.send(frame)
    for answer in flush(gate):
        assert answer["jsonrpc"] == "2.0"
        assert answer.get("error", {"code": 0})["code"] not in INTERNAL, (frames, answer)
    assert gate.closed is None


@pytest.mark.parametrize("name", METHODS)
def test_every_call_with_an_id_has_one_answer(gate: Gate, name: str):
    for number, body in enumerate(("{}", "null", "[]", "1", '"x"', '{"GroupId":"\\u0000"}')):
        mark = f"{name}{number}"
        gate.send(f'{{"jsonrpc":"2.0","id":"{mark}","method":"{name}","params":{body}}}')
        gate.send(f'{{"jsonrpc":"2.0","method":"{name}","params":{body}}}')
        answers = [answer for answer in flush(gate) if answer.get("id") == mark]
        assert len(answers) == 1, (name, body)
        assert answers[0].get("error", {"code": 0})["code"] not in INTERNAL


@noise
@given(frame=st.binary(max_size=120) | st.text(max_size=120))
def test_any_frame_is_answered_or_ends_the_session_by_name(door: Door, frame: str | bytes):
    gate = Gate(door)
    gate.send(frame)
    gate.send('{"jsonrpc":"2.0","id":"end","method":"ping"}')
    while (answer := gate.next()) is not None:
        if answer.get("id") == "end":
            assert answer["result"]["ServerTime"] > 0
            break
        assert answer.get("error", {"code": -32700})["code"] not in INTERNAL
    assert gate.closed in {None, (4000, "bad_frame")}
    gate.close()


@noise
@given(fields=st.fixed_dictionaries({}, optional={
    "sdkappid": st.just(SDKAPPID) | st.integers(-(2**70), 2**70) | values, "identifier": st.just("carol") | values,
    "usersig": st.just(signed("carol")) | values, "platform": st.just("Web") | values, "protocol": st.just(1) | values,
}))  # fmt: skip
def test_any_login_is_answered(door: Door, fields: dict):
    gate = Gate(door)
    answer = gate.call("login", **fields)
    assert answer.get("error", {"code": 0})["code"] not in INTERNAL, answer
    gate.close()


@pytest.mark.parametrize("frame", [
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":{"identifier":"\xff"}}',
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":{"x":"\xff"}}',
    b'{"jsonrpc":"2.0","id":7,"method":"create_group","params":{"Name":"\xff"}}',
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":{"identifier":"\\ud800"}}',
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":{"identifier":"\\u0000"}}',
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":null}',
    b'{"jsonrpc":"2.0","id":7,"method":"login"}',
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"jsonrpc":"2.0","id":7,"method":"login","params":{"sdkappid":' + b"9" * 400 + b"}}",
], ids=lambda frame: frame[27:80].decode("latin-1"))  # fmt: skip
def test_frames_that_only_the_method_can_judge(door: Door, frame: bytes):
    """What stands in ``params`` is decoded late, and is answered all the same."""
    gate = Gate(door)
    gate.send(frame)
    answer = gate.next()
    assert answer["error"]["code"] not in INTERNAL
    assert answer["id"] in {7, None}
    gate.close()


def test_a_session_that_hangs_up_before_its_answers_come(door: Door):
    """Calls under way when the client goes are finished or dropped, and break nothing."""
    for _ in range(10):
        gate = Gate(door).login("bob")
        for number in range(50):
            gate.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": "create_group", "params": {
                "Type": "Public", "Name": "n"}}))  # fmt: skip
        gate.close()
    assert Gate(door).login("bob").call("ping")["result"]["ServerTime"] > 0


def test_another_path_is_no_gateway(door: Door):
    gate = Gate(door, "/elsewhere")
    assert gate.next() is None
    assert gate.refused.status_code == 403
    assert b"/gateway" in gate.refused.body
