"""The query of a request, its envelope and its quirks: each documented code of the common and account areas."""

from __future__ import annotations

import json
import socket

import msgspec
import pytest

from qunzhu.apps import find_app, save_app
from qunzhu.core.reference import REFERENCE_PATHS
from served import ADMIN, SDKAPPID, Server, usersig
from wire.doors import CREATE, Door, signed

GOOD = {"Type": "Public", "Name": "a group"}
LIST = "group_open_http_svc/get_appid_group_list"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (60012, {"sdkappid": None}),
        (60012, {"sdkappid": ""}),
        (60025, {"sdkappid": "abc"}),
        (60025, {"sdkappid": "-1"}),
        (60025, {"sdkappid": "1" * 40}),
        (70020, {"sdkappid": "1499999999"}),
        (70020, {"sdkappid": "999999999999"}),
        (60025, {"identifier": None}),
        (60025, {"identifier": ""}),
        (60025, {"usersig": None}),
        (60025, {"contenttype": "xml"}),
        (70002, {"usersig": ""}),
        (70003, {"usersig": "nonsense"}),
        (70003, {"usersig": "x" * 5000}),
        (70003, {"usersig": "eJwrzk0tKk4FAAbjAkg_"}),
        (70013, {"usersig": signed("alice")}),
        (70014, {"usersig": signed(sdkappid=1400000001)}),
        (70009, {"usersig": signed(key="another key")}),
        (70001, {"usersig": signed(age=100, expire=50)}),
        (60010, {"identifier": "alice", "usersig": signed("alice")}),
        (60002, {"identifier": "%ff%fe"}),
        (0, {"random": None}),
        (0, {"random": "not a number"}),
        (0, {"contenttype": None}),
        (0, {"sdkappid": "01400000000"}),
    ],
)
def test_the_query(door: Door, code: int, changes: dict):
    assert door.code(LIST, query=door.query(**changes)) == code


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (60003, b""), (60003, b"[]"), (60003, b'"text"'), (60003, b"null"), (60003, b"{"), (60003, b'{"Type":"Public"'),
        (60003, b'{"Name":"\xff"}'), (60003, b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        (60003, b'\xef\xbb\xbf{}'), (60003, b'{"Type":"Public","Name":"a"} {}'), (60003, b'{"Name":"\\ud800"}'),
        (60002, b" " * (2**20 + 1)), (10004, b" " * (2**20 - 2) + b"{}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("parts", [1, 3])
def test_bodies_that_cannot_be_read(door: Door, code: int, body: bytes, parts: int):
    assert door.code(CREATE, body, parts=parts) == code


def test_paths_and_methods(door: Door):
    assert door.code("group_open_http_svc/no_such_command") == 60009
    assert door.code("no_such_service/create_group") == 60009
    assert door.code("create_group") == 60009
    assert door.code(CREATE, GOOD, method="PUT") == 60002
    assert door.code(LIST, b"", method="GET") == 0
    assert door.code("gateway/join_group", {"GroupId": "x"}) == 60009
    answer = door.call("sns/friend_add")
    assert answer["ErrorCode"] == 60017
    assert "not supported" in answer["ErrorInfo"]


def test_every_documented_command_answers(door: Door):
    codes = {path: door.code(path) for path in REFERENCE_PATHS}
    assert 60009 not in codes.values()


@pytest.mark.parametrize("kind", [b"application/json", b"text/plain", b"application/x-www-form-urlencoded", b""])
def test_any_content_type(door: Door, kind: bytes):
    assert door.code(CREATE, GOOD, headers=((b"content-type", kind),)) == 0


def test_old_names_of_fields_and_commands(door: Door):
    assert door.code("im_open_login_svc/account_import", {"Identifier": "old-name", "Nick": "Old"}) == 0
    assert door.code("im_open_login_svc/kick", {"Identifier": "old-name"}) == 0
    assert door.call("openim/querystate", {"To_Account": ["old-name"]})["QueryResult"][0]["State"] == "Offline"
    group = door.call(CREATE, {**GOOD, "MaxMemberNum": 7, "Unknown": {"deep": [1]}})["GroupId"]
    assert door.code("group_open_http_svc/modify_group_base_info", {"GroupId": group, "ShutUpAllMember": "On"}) == 0
    [info] = door.call("group_open_http_svc/get_group_info", {"GroupIdList": [group]})["GroupInfo"]
    assert info["MaxMemberNum"] == 7
    assert info["MuteAllMember"] == info["ShutUpAllMember"] == "On"


def test_sdkappid_in_a_body_may_be_text_or_number(door: Door):
    for value in (SDKAPPID, str(SDKAPPID)):
        assert door.code(LIST, {"sdkappid": value, "SdkAppid": value}) == 0


def test_kick_revokes_older_signatures_only(door: Door):
    before = door.query(usersig=signed(age=5))
    assert door.code(LIST, query=before) == 0
    assert door.code("im_open_login_svc/kick", {"UserID": ADMIN}) == 0
    assert door.code(LIST, query=before) == 70001
    assert door.code(LIST, query=door.query(usersig=signed())) == 0
    door.signature = signed()


def test_too_many_failures_and_a_good_signature_between(tmp_path):
    door = Door(tmp_path)
    try:
        wrong = door.query(usersig=signed(key="another key"))
        codes = [door.code(LIST, query=wrong) for _ in range(125)]
        assert codes[0] == 70009
        assert codes[-1] == 70050
        assert door.code(LIST) == 0
    finally:
        door.close()


def test_a_disabled_app_and_a_disabled_command(tmp_path):
    door = Door(tmp_path)

    def change(tx, **fields):
        return save_app(tx, msgspec.structs.replace(find_app(tx, SDKAPPID), **fields))

    async def refreshed(**fields):
        await door.backend._control.write(lambda tx: change(tx, **fields))
        await door.backend._tend_once()

    try:
        app = door.run(door.backend.app(SDKAPPID))
        settings = msgspec.structs.replace(app.settings, disabled_commands=("create_group",))
        door.run(refreshed(settings=settings))
        assert door.code(CREATE, GOOD) == 60017
        assert door.code(LIST) == 0
        door.run(refreshed(enabled=False))
        assert door.code(LIST) == 60016
    finally:
        door.close()


class Wire:
    """A raw connection to a real server, where the short way answers."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.rest = b""

    def head(self, command: str, *lines: str, version: str = "1.1", method: str = "POST") -> bytes:
        """Return a request's head."""
        query = f"sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={usersig(ADMIN)}&random=7&contenttype=json"
        first = f"{method} /v4/{command}?{query} HTTP/{version}"
        return "\r\n".join([first, "Host: x", *lines, "", ""]).encode()

    def post(self, command: str, body: bytes, *lines: str, **more) -> bytes:
        """Return a whole request."""
        return self.head(command, f"Content-Length: {len(body)}", *lines, **more) + body

    def answer(self) -> dict:
        """Read one answer."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))[15:])
        assert head.startswith(b"HTTP/1.1 200 OK")
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return {**json.loads(body), "head": head.lower()}

    def _more(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the server closed the connection"
        self.rest += data

    def closed(self) -> bool:
        """Say that the server closed the connection after what was read."""
        return self.socket.recv(1) == b""


@pytest.fixture
def wire(server: Server):
    """Connect to the real server."""
    connection = Wire(server)
    yield connection
    connection.socket.close()


def test_keep_alive_and_pipelined_requests(wire: Wire):
    good, bad = json.dumps(GOOD).encode(), b"{"
    wire.socket.sendall(wire.post(CREATE, good) + wire.post(CREATE, bad) + wire.post(LIST, b"{}"))
    assert [wire.answer()["ErrorCode"] for _ in range(3)] == [0, 60003, 0]
    wire.socket.sendall(wire.post(LIST, b"{}"))
    assert wire.answer()["ErrorCode"] == 0


def test_chunked_bodies_and_bytes_one_by_one(wire: Wire):
    body = json.dumps(GOOD).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
    wire.socket.sendall(wire.head(CREATE, "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
    assert wire.answer()["ErrorCode"] == 0
    for byte in wire.post(CREATE, body):
        wire.socket.sendall(bytes([byte]))
    assert wire.answer()["ErrorCode"] == 0


def test_expect_continue_close_and_old_http(server: Server):
    for lines, version in ((("Expect: 100-continue",), "1.1"), (("Connection: close",), "1.1"), ((), "1.0")):
        wire = Wire(server)
        wire.socket.sendall(wire.post(LIST, b"{}", *lines, version=version))
        if lines[:1] == ("Expect: 100-continue",):
            while b"\r\n\r\n" not in wire.rest:
                wire._more()
            assert wire.rest.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
            wire.rest = wire.rest.partition(b"\r\n\r\n")[2]
        assert wire.answer()["ErrorCode"] == 0
        if lines[:1] != ("Expect: 100-continue",):
            assert wire.closed()
        wire.socket.close()


def test_a_body_over_the_limit_is_answered(wire: Wire):
    wire.socket.sendall(wire.post(CREATE, b" " * (3 << 20)))
    answer = wire.answer()
    assert answer["ErrorCode"] == 60002
    assert "1048576" in answer["ErrorInfo"]
    assert str(3 << 20) in answer["ErrorInfo"]
    wire.socket.sendall(wire.post(LIST, b"{}"))
    assert wire.answer()["ErrorCode"] == 0


def test_a_client_that_goes_away_harms_nobody(server: Server):
    for _ in range(20):
        wire = Wire(server)
        wire.socket.sendall(wire.post(CREATE, json.dumps(GOOD).encode()))
        wire.socket.close()
    wire = Wire(server)
    wire.socket.sendall(wire.post(LIST, b"{}"))
    assert wire.answer()["ErrorCode"] == 0
    wire.socket.close()
