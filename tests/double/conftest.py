"""A real server with its controls, on both engines."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from qunzhu.core.token import make_usersig
from served import ADMIN, KEY, SDKAPPID, WAIT, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 180 * 86400


class Session:
    """A user's session over a real WebSocket."""

    def __init__(self, server: Double, user: str, *, sign_at: int | None = None, expire: int = LONG) -> None:
        self.socket = connect(f"ws://127.0.0.1:{server.port}/gateway", proxy=None, open_timeout=WAIT).__enter__()
        server.sessions.append(self)
        self._ids = 0
        self.pushes: list[dict[str, Any]] = []
        sig = make_usersig(server.key, server.sdkappid, user, now=sign_at or int(time.time()), expire=expire)
        self.login = self.call("login", sdkappid=server.sdkappid, identifier=user, usersig=sig)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method and return its answer."""
        self._ids += 1
        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params}))
        while True:
            frame = json.loads(self.socket.recv(WAIT))
            if frame.get("id") == self._ids:
                return frame
            self.pushes.append(frame)

    def told(self) -> list[str]:
        """Return the methods of the pushes since the last call.

        An answer may come before the pushes of what it is about, but not two.
        """
        self.call("ping")
        self.call("ping")
        pushes, self.pushes = self.pushes, []
        return [one["method"] for one in pushes]

    def end(self) -> int:
        """Wait for the end and return its close code; 1006 where the connection broke."""
        try:
            while True:
                self.socket.recv(WAIT)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


class Double(Server):
    """A server with its controls, and the app of which they are used."""

    sdkappid, key, admin = SDKAPPID, KEY, ADMIN
    sessions: ClassVar[list[Session]] = []

    def query(self, user: str | None = None, **changes: Any) -> str:
        """Return the query of a call."""
        user = user or self.admin
        sig = make_usersig(self.key, self.sdkappid, user, now=int(time.time()), expire=LONG)
        return urlencode({"sdkappid": self.sdkappid, "identifier": user, "usersig": sig, **changes})

    def http(self, method: str, path: str, body: bytes = b"", query: str | None = None) -> tuple[int, bytes]:
        """Send one request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            connection.request(method, f"{path}?{self.query() if query is None else query}", body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def control(self, control: str, body: bytes | None = None, /, **fields: Any) -> dict[str, Any]:
        """Use a control; return the envelope."""
        raw = json.dumps(fields).encode() if body is None else body
        status, answer = self.http("POST", f"/double/{control}", raw)
        assert status == 200, answer
        return json.loads(answer)

    def set(self, control: str, body: bytes | None = None, /, **fields: Any) -> dict[str, Any]:
        """Use a control that must take it."""
        answer = self.control(control, body, **fields)
        assert answer["ErrorCode"] == 0, answer
        return answer

    def look(self) -> dict[str, Any]:
        """Return what is set."""
        return json.loads(self.http("GET", "/double")[1])

    def lines(self) -> list[dict[str, Any]]:
        """Return the record."""
        return [json.loads(line) for line in self.http("GET", "/double/record")[1].splitlines()]

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        """Call the server API; return the envelope."""
        return json.loads(self.http("POST", f"/v4/{path}", json.dumps(body).encode())[1])

    def make(self, *users: str) -> None:
        """Register accounts."""
        assert not self.call("im_open_login_svc/multiaccount_import", Accounts=list(users))["ErrorCode"]

    def group(self, group_id: str, *members: str, kind: str = "Public", **more: Any) -> None:
        """Create a group."""
        listed = [{"Member_Account": user} for user in members]
        answer = self.call("group_open_http_svc/create_group", Type=kind, Name=group_id, GroupId=group_id,
                           MemberList=listed, **more)  # fmt: skip
        assert not answer["ErrorCode"], answer

    def groups(self) -> list[str]:
        """Return the ids of all groups."""
        return [one["GroupId"] for one in self.call("group_open_http_svc/get_appid_group_list")["GroupIdList"]]

    def say(self, group_id: str, words: str, by: str, random: int) -> dict[str, Any]:
        """Send a text to a group."""
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]
        return self.call("group_open_http_svc/send_group_msg", GroupId=group_id, From_Account=by, Random=random,
                         MsgBody=body)  # fmt: skip

    def reset(self) -> None:
        """Empty the app and take everything back."""
        self.set("record", clear=True, stop=True)
        self.set("reset")


@contextmanager
def serving(engine: str, request, tmp_path_factory, *options: str) -> Iterator[Double]:
    """Serve on an engine; a PostgreSQL's schemas are dropped in the end."""
    more = () if engine == "sqlite" else ("--database", request.getfixturevalue("postgres_url"))
    served = Double(tmp_path_factory.mktemp("double"), *more, *options)
    try:
        yield served
    finally:
        served.stop()
        if more:
            with psycopg.connect(more[1], autocommit=True) as connection:
                for (schema,) in connection.execute(
                    "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'qunzhu%'"
                ).fetchall():
                    connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def both(request, tmp_path_factory) -> Iterator[Double]:
    """Serve on each engine."""
    with serving(request.param, request, tmp_path_factory) as served:
        yield served


@pytest.fixture(scope="module")
def one(request, tmp_path_factory) -> Iterator[Double]:
    """Serve on SQLite, where the engine cannot matter."""
    with serving("sqlite", request, tmp_path_factory) as served:
        yield served


@pytest.fixture
def double(one) -> Iterator[Double]:
    """Give the server with an empty app and nothing set."""
    one.reset()
    yield one
    hang_up(one)


@pytest.fixture
def on_both(both) -> Iterator[Double]:
    """Give a server on each engine, with an empty app and nothing set."""
    both.reset()
    yield both
    hang_up(both)


def hang_up(double: Double) -> None:
    """Close the sessions of a test."""
    while double.sessions:
        double.sessions.pop().socket.close()
