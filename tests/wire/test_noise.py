"""Noise of every sort: never an exception, a 500, an internal error or a dropped connection."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lines import Line
from qunzhu.core.command import COMMANDS
from qunzhu.core.errors import Refused
from qunzhu.core.ports import REST
from qunzhu.core.token import check_usersig
from qunzhu.edge.session import Session
from wire.doors import Door

INTERNAL = {10002, 70500, 90994, 60013}
PATHS = sorted(path for path, command in COMMANDS.items() if REST in command.doors)
FIELDS = {path: list(COMMANDS[path].request.__struct_fields__) for path in PATHS}
noise = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60) | st.sampled_from(["alice", "bob", "Public", "On", "x" * 300, "@TGS#_a", "\x00"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["Member_Account", "UserID", "Key", "Value", "Role"]) | st.text(max_size=8),
        inner, max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@noise
@given(data=st.data())
def test_any_json_in_any_field(door: Door, path: str, data: st.DataObject):
    body = data.draw(st.dictionaries(st.sampled_from(FIELDS[path]), values, max_size=6))
    if data.draw(st.booleans()):
        body = {"Type": "Public", "Name": "n", "GroupId": "noise", **body}
    answer = door.call(path, json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode(errors="surrogatepass"))
    assert answer["ErrorCode"] not in INTERNAL, (body, answer)


@noise
@given(body=st.binary(max_size=400), path=st.sampled_from(PATHS))
def test_any_bytes(door: Door, body: bytes, path: str):
    assert door.code(path, body) not in INTERNAL


@noise
@given(query=st.binary(max_size=200), path=st.text(max_size=60))
def test_any_query_and_path(door: Door, query: bytes, path: str):
    status, _ = door.send("/v4/" + path.encode(errors="replace").decode(), b"{}", query=query)
    assert status == 200


@noise
@given(usersig=st.text(max_size=300) | st.binary(max_size=200).map(lambda b: b.hex()))
def test_any_usersig(usersig: str):
    with pytest.raises(Refused):
        check_usersig("key", 1, "alice", usersig, 1_700_000_000)


@noise
@given(frames=st.lists(st.binary(max_size=100) | st.text(max_size=100) | values.map(json.dumps), max_size=6))
def test_any_frames(frames: list):
    line = Line()
    session = Session(line)
    for frame in frames:
        call = session.receive(frame)
        if call is not None:
            assert call.jsonrpc == "2.0"
    for frame in line.frames:
        assert json.loads(frame)["jsonrpc"] == "2.0"
