"""The console and the controls of a double: it meets the same faults, follows the clock, stands in the record."""

from __future__ import annotations

import http.client
import json
import time

import pytest

from qunzhu.core.token import make_usersig
from served import ADMIN, KEY, SDKAPPID, server, usersig

__all__ = ["server"]

CREATE = "group_open_http_svc/create_group"
HEADERS = {"X-Qunzhu-Console": "1"}


class Visitor:
    """A browser's HTTP towards a real server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cookie = ""

    def ask(self, path: str, body=None) -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", f"/console/{path}", json.dumps(body or {}), {**HEADERS, "Cookie": self.cookie})
            answer = connection.getresponse()
            self.cookie = (answer.getheader("Set-Cookie") or self.cookie).partition(";")[0]
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def sign_in(self, **changes) -> tuple[int, dict]:
        given = {"sdkappid": SDKAPPID, "identifier": ADMIN, "usersig": usersig(ADMIN), **changes}
        return self.ask("session", given)


@pytest.fixture
def visitor(server):
    """Sign in at a real server, whose app is as new."""
    control(server, "reset")
    visitor = Visitor(server.port)
    assert visitor.sign_in()[0] == 200
    yield visitor
    control(server, "clock", real=True)
    control(server, "faults", clear=True)


def control(server, name, **fields):
    """Use a control of the double."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    query = f"sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={usersig(ADMIN)}"
    connection.request("POST", f"/double/{name}?{query}", json.dumps(fields))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["ErrorCode"] == 0, answer
    return answer


def test_a_fault_is_met_here_too(server, visitor):
    control(server, "faults", add=[{"command": "create_group", "code": 10002, "times": 1}])
    codes = [visitor.ask(f"api/{CREATE}", {"Type": "Public", "Name": "x"})[1]["ErrorCode"] for _ in range(2)]
    assert codes == [10002, 0]


def test_a_connection_that_is_to_end_ends(server, visitor):
    control(server, "faults", add=[{"command": "create_group", "drop": True, "times": 1}])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        visitor.ask(f"api/{CREATE}", {"Type": "Public", "Name": "x"})
    assert visitor.ask(f"api/{CREATE}", {"Type": "Public", "Name": "x"})[1]["ErrorCode"] == 0


def test_commands_run_at_the_apps_time_and_the_session_lasts(server, visitor):
    later = int(time.time()) + 30 * 86400
    control(server, "clock", set=later)
    group = visitor.ask(f"api/{CREATE}", {"Type": "Public", "Name": "x"})[1]["GroupId"]
    status, answer = visitor.ask("api/group_open_http_svc/get_group_info", {"GroupIdList": [group]})
    assert status == 200
    assert later <= answer["GroupInfo"][0]["CreateTime"] <= later + 60


def test_a_usersig_expires_at_the_apps_time(server, visitor):
    now = int(time.time())
    short = make_usersig(KEY, SDKAPPID, ADMIN, now=now, expire=3600)
    control(server, "clock", advance=7200)
    status, answer = Visitor(server.port).sign_in(usersig=short)
    assert (status, answer["ErrorCode"]) == (403, 70001)


def test_what_the_console_does_stands_in_the_record(server, visitor):
    control(server, "record", clear=True, start=True)
    visitor.ask(f"api/{CREATE}", {"Type": "Public", "Name": "noted"})
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", f"/double/record?sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={usersig(ADMIN)}")
    lines = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    connection.close()
    control(server, "record", stop=True, clear=True)
    line = next(line for line in lines if line.get("command") == "create_group")
    assert (line["door"], line["user"], line["request"]["Name"]) == ("rest", ADMIN, "noted")
