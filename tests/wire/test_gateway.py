"""The gateway byte by byte, as a client in another language would meet it."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from served import SDKAPPID, Server, usersig


class Peer:
    """A WebSocket that speaks the protocol by hand."""

    def __init__(self, server: Server) -> None:
        self._stack = ExitStack()
        self.socket = self._stack.enter_context(connect(f"{server.url}/gateway", compression=None, close_timeout=5))
        self.pushes: list[dict] = []

    def close(self) -> None:
        """Close the connection."""
        self._stack.close()

    def raw(self, text: str) -> dict:
        """Send a frame and return the next answer; pushes are kept."""
        self.socket.send(text)
        return self.answer()

    def answer(self) -> dict:
        """Return the next frame that is an answer."""
        while True:
            frame = json.loads(self.socket.recv(timeout=20))
            if "method" not in frame:
                return frame
            self.pushes.append(frame)

    def call(self, method: str, **params) -> dict:
        """Call a method."""
        return self.raw(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))

    def login(self, user: str, **changes) -> dict:
        """Log in."""
        fields = {"sdkappid": SDKAPPID, "identifier": user, "usersig": usersig(user), **changes}
        return self.call("login", **fields)

    def end(self) -> tuple[int, str]:
        """Read to the end; return close code and reason."""
        try:
            while True:
                self.pushes.append(json.loads(self.socket.recv(timeout=20)))
        except ConnectionClosed as closed:
            code, reason = closed.rcvd.code, closed.rcvd.reason
        last = self.pushes[-1]
        assert (last["method"], last["params"]) == ("session_end", {"Code": code, "Reason": reason})
        self.close()
        return code, reason


@pytest.fixture
def peer(server: Server):
    """Connect."""
    opened = Peer(server)
    yield opened
    opened.close()


def test_login_and_calls(peer: Peer):
    assert peer.call("create_group", Type="Public", Name="n")["error"]["code"] == 10001
    opened = peer.login("gw-alice", platform="iOS")
    assert opened["id"] == 1
    assert opened["result"]["Protocol"] == 1
    assert opened["result"]["ServerTime"] > 1_700_000_000
    assert peer.login("gw-alice")["error"]["code"] == 10004
    made = peer.call("create_group", Type="Public", Name="n")["result"]
    assert made["GroupInfo"]["Owner_Account"] == "gw-alice"
    assert peer.call("get_role_in_group", GroupId=made["GroupId"], User_Account=["gw-alice"])["result"] == {
        "UserIdList": [{"Member_Account": "gw-alice", "Role": "Owner"}]
    }
    assert peer.call("ping")["result"]["ServerTime"] > 0
    assert peer.call("get_appid_group_list")["error"]["code"] == 60010
    assert peer.call("account_import", UserID="x")["error"]["code"] == 60010
    assert peer.call("kick", UserID="gw-alice")["error"]["code"] == -32601
    assert peer.call("open_session")["error"]["code"] == -32601
    assert peer.call("no_such_method")["error"]["code"] == -32601
    assert peer.call("create_group", Type="Public")["error"]["code"] == 10004
    other = peer.call("create_group", Type="Public", Name="n", Owner_Account="somebody")
    assert other["error"]["code"] == 10007
    peer.socket.send('{"jsonrpc":"2.0","method":"ping"}')  # a notification has no answer
    assert peer.raw('{"jsonrpc":"2.0","id":"text","method":"ping"}')["id"] == "text"
    assert peer.call("logout")["result"] == {}
    assert peer.end() == (4008, "logged_out")
    reports = [push["params"]["ReportType"] for push in peer.pushes if push["method"] == "group_notice"]
    assert reports == ["Create"]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (70003, {"usersig": "nonsense"}), (70013, {"identifier": "another"}), (70020, {"sdkappid": 1}),
        (70020, {"sdkappid": 2**63}), (60025, {"identifier": "群"}), (60025, {"identifier": "x" * 33}),
        (60025, {"platform": "Toaster"}), (60025, {"protocol": 2}), (60025, {"sdkappid": "text"}),
        (70001, {"usersig": usersig("gw-bob", expire=-5)}),
    ],
)  # fmt: skip
def test_refused_logins(peer: Peer, code: int, changes: dict):
    assert peer.login("gw-bob", **changes)["error"]["code"] == code
    assert "result" in peer.login("gw-bob")


def test_frames_that_are_no_calls(peer: Peer):
    assert peer.raw('{"jsonrpc":"1.0","id":1,"method":"ping"}')["error"]["code"] == -32600
    assert peer.raw('{"jsonrpc":"2.0","id":1}')["error"]["code"] == -32600
    assert peer.raw("[1]")["error"]["code"] == -32600
    assert peer.raw("no json")["error"]["code"] == -32700
    assert peer.end() == (4000, "bad_frame")


def test_a_second_login_and_a_revocation(server: Server):
    first, second = Peer(server), Peer(server)
    first.login("gw-carol")
    second.login("gw-carol")
    assert first.end() == (4001, "kicked")
    time.sleep(1.1)  # the signature must be older than the second of the kick
    assert server.rest("im_open_login_svc/kick", UserID="gw-carol")["ErrorCode"] == 0
    assert second.end() == (4002, "revoked")


def test_a_stop_and_silence_end_sessions(tmp_path):
    server = Server(tmp_path, heartbeat=1)
    quiet, alive = Peer(server), Peer(server)
    quiet.login("gw-dora")
    alive.login("gw-emil")
    until = time.monotonic() + 60
    while quiet.socket.protocol.state.name == "OPEN" and time.monotonic() < until:
        alive.call("ping")
        time.sleep(0.2)
    assert quiet.end() == (4005, "idle")
    server.process.terminate()
    assert alive.end() == (1012, "stopping")
    assert server.process.wait(20) == 0
    server.process.stdout.close()
