"""A demo server in this process, and a browser's worth of HTTP towards its console."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from served import ADMIN, SDKAPPID
from wire.doors import Door, signed

HOST = b"127.0.0.1:8140"
OWN = {"host": HOST, "x-qunzhu-console": b"1", "origin": b"http://" + HOST, "sec-fetch-site": b"same-origin"}


class Answer(NamedTuple):
    """What the console answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """Return the envelope's code, 0 where there is none."""
        return self.json.get("ErrorCode", 0)


class Browser:
    """Asks the console as a browser does, and keeps its cookie."""

    def __init__(self, door: Door, client: tuple[str, int] = ("127.0.0.1", 1), scheme: str = "http") -> None:
        self.door = door
        self.cookie = ""
        self._client = client
        self._scheme = scheme

    def ask(self, path: str, body: Any = None, *, method: str | None = None, query: str = "", **headers: Any) -> Answer:
        """Send a request; headers are those of the console's own pages, changed by the ones given (None: left out)."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {**OWN, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookie:
            given.setdefault("cookie", f"other=1; qunzhu_console={self.cookie}".encode())
        sent: list[dict[str, Any]] = []
        messages = [{"type": "http.request", "body": raw, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": method or ("GET" if body is None else "POST"), "path": path,
            "raw_path": path.encode(), "query_string": query.encode(), "client": self._client, "scheme": self._scheme,
            "server": ("127.0.0.1", 8140), "http_version": "1.1",
            "headers": [(name.encode(), value) for name, value in given.items() if value is not None],
        }  # fmt: skip
        self.door.run(self.door.application(scope, receive, send))
        start, end = sent
        names = [name for name, _ in start["headers"]]
        assert len(names) == len(set(names))
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].partition(";")[0].partition("=")[2]
        return Answer(start["status"], found, end["body"])

    def sign_in(self, user: str = ADMIN, **changes: Any) -> Answer:
        """Sign in with a UserSig."""
        return self.ask(
            "/console/session", {"sdkappid": SDKAPPID, "identifier": user, "usersig": signed(user), **changes}
        )

    def api(self, command: str, body: Any = None, **headers: Any) -> Answer:
        """Call a command."""
        return self.ask(f"/console/api/{command}", {} if body is None else body, **headers)

    def data(self, name: str, query: str = "", **headers: Any) -> Answer:
        """Read what no command tells."""
        return self.ask(f"/console/data/{name}", query=query, **headers)


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """Open the doors of a demo server, with a few accounts."""
    opened = Door(tmp_path_factory.mktemp("console"))
    opened.call("im_open_login_svc/multiaccount_import", {"Accounts": ["alice", "bob", "carol"]})
    yield opened
    opened.close()


@pytest.fixture
def stranger(door) -> Browser:
    """Give a browser that is not signed in."""
    return Browser(door)


@pytest.fixture
def admin(door) -> Browser:
    """Give a browser in which the administrator is signed in."""
    browser = Browser(door)
    assert browser.sign_in().status == 200
    return browser
