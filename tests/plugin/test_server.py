"""`qunzhu.testing` without pytest: a server of one's own, apps on it, what it leaves behind; the proxy."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import pytest

from qunzhu.testing import CallRefused, Double, NoAnswer, RunningServer, Server, ServerFailed
from qunzhu.tim import TimRender

SECONDS = 15.0
MORTAL = """
import sys, time
from qunzhu.testing import Server
server = Server()
print(server.pid, server.folder, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def server():
    """Serve to all tests of this module."""
    with Server() as served:
        yield served


@pytest.fixture(scope="module")
def https_server():
    """Serve HTTPS, with the proxy."""
    with Server(https=True, hosts=("im.shop.test",)) as served:
        yield served


def wait_until(condition):
    """Wait until a condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def groups(double: Double) -> list[str]:
    """Return the groups of an app."""
    return [one["GroupId"] for one in double.rest("get_appid_group_list")["GroupIdList"]]


def test_apps_know_nothing_of_each_other(server):
    with server.app() as one, server.app() as other:
        one.rest("create_group", Type="Public", Name="a group", GroupId="only-here")
        assert (groups(one), groups(other)) == (["only-here"], [])
        assert one.sdkappid != other.sdkappid
        assert one.key != other.key


def test_a_number_is_never_given_again(server):
    numbers = []
    for _ in range(3):
        with server.app() as double:
            double.rest("create_group", Type="Public", Name="a group", GroupId="same")
            assert groups(double) == ["same"]
            numbers.append(double.sdkappid)
        folder = server.folder / "data" / "apps" / str(double.sdkappid)
        wait_until(lambda folder=folder: not folder.exists())
    assert numbers == sorted(set(numbers))


def test_an_app_that_was_closed_is_out_of_service(server):
    double = server.app()
    double.rest("get_appid_group_list")
    double.close()
    double.close()
    wait_until(lambda: double.rest("get_appid_group_list", ok=False)["ErrorCode"] == 70020)


def test_an_app_with_values(server):
    values = {"plan": "2025-trial", "admins": ["boss"], "key": "a-key-of-our-own", "messages_per_second": 1}
    with server.app(**values, disabled_commands=("destroy_group",)) as double:
        assert (double.admin, double.key) == ("boss", "a-key-of-our-own")
        group = double.rest("create_group", Type="Public", Name="a group")["GroupId"]
        with pytest.raises(CallRefused) as refused:
            double.rest("destroy_group", GroupId=group)
        assert refused.value.code == 60017
    with server.app(group_fields=[{"key": "colour", "kinds": ["Public"]}]) as double:
        fields = [{"Key": "colour", "Value": "red"}]
        double.rest("create_group", Type="Public", Name="a group", GroupId="red", AppDefinedData=fields)
        [info] = double.rest("get_group_info", GroupIdList=["red"])["GroupInfo"]
        assert info["AppDefinedData"] == fields
    with pytest.raises(TypeError, match="colour"):
        server.app(colour="red")


def test_calls(server):
    with server.app() as double:
        made = double.rest("group_open_http_svc/create_group", Type="Public", Name="a group", GroupId="one")
        assert (made["GroupId"], made["ErrorCode"]) == ("one", 0)
        with pytest.raises(CallRefused, match="10021") as refused:
            double.rest("create_group", Type="Public", Name="a group", GroupId="one")
        answer = double.rest("create_group", ok=False, Type="Public", Name="a group", GroupId="one")
        assert (refused.value.code, refused.value.reply) == (10021, answer)
        with pytest.raises(ValueError, match="make_group"):
            double.rest("make_group")
        with pytest.raises(NoAnswer):
            Double("http://127.0.0.1:9", double.sdkappid, double.key).rest("get_appid_group_list")
        with pytest.raises(ValueError, match="ftp"):
            Double("ftp://127.0.0.1", double.sdkappid, double.key)


async def _sign_in(double: Double, user: str, usersig: str, *where: str) -> int:
    tim = TimRender(double.sdkappid, *where)
    await tim.TIMInit()
    try:
        return (await tim.TIMLogin({"userID": user, "userSig": usersig}))["code"]
    finally:
        await tim.TIMUninit()


def test_users_sign_in(server):
    with server.app() as double:
        double.rest("account_import", UserID="ann")
        assert asyncio.run(_sign_in(double, "ann", double.usersig("ann"), double.ws_url)) == 0
        assert asyncio.run(_sign_in(double, "ann", double.usersig("bob"), double.ws_url)) == 70013


def test_the_environment_leads_an_sdk_here(https_server, monkeypatch):
    with https_server.app() as double:
        double.rest("account_import", UserID="ann")
        for name, value in double.environ.items():
            monkeypatch.setenv(name, value)
        assert asyncio.run(_sign_in(double, "ann", double.usersig("ann"))) == 0


def test_the_environment_leads_the_command_line_here(server):
    with server.app() as double:
        double.rest("create_group", Type="Public", Name="a group", GroupId="seen")
        command = [sys.executable, "-m", "qunzhu", "group", "list"]
        done = subprocess.run(command, env=os.environ | double.environ, capture_output=True, text=True, check=True)
        assert done.stdout == "seen\n"


def test_nothing_is_left_and_nothing_was_touched(monkeypatch):
    monkeypatch.setenv("QUNZHU_DATABASE", "mysql://nowhere")
    monkeypatch.setenv("PYTHONWARNINGS", "error::DeprecationWarning")

    def state():
        watched = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
        return threading.enumerate(), watched, list(logging.root.handlers), logging.root.level

    before = state()
    with Server() as server, server.app() as double:
        double.rest("create_group", Type="Public", Name="a group")
        pid = server.pid
        assert os.getsid(pid) != os.getsid(0)  # what comes from the terminal comes to the tests alone
        assert state() == before
    assert not server.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert state() == before


def test_it_ends_with_the_process_that_started_it():
    started = subprocess.Popen([sys.executable, "-c", MORTAL], stdout=subprocess.PIPE, text=True)
    pid, folder = started.stdout.readline().split()
    assert Path(folder).is_dir()
    started.kill()
    started.communicate()
    wait_until(lambda: not Path(folder).exists())

    def gone() -> bool:
        # In a container nobody may collect the exit status of an orphan, which then stays as a zombie.
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return True

    wait_until(gone)


def test_a_server_that_does_not_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr("qunzhu.testing.server.MEMORY", tmp_path / "none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ServerFailed, match="heartbeat: 0, at least 1 second"):
        Server(settings={"heartbeat": 0})
    assert list(tmp_path.iterdir()) == []


def test_with_unittest():
    class Case(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.server = Server()
            cls.addClassCleanup(cls.server.close)

        def setUp(self):
            self.double = self.enterContext(self.server.app())

        def test_one(self):
            assert groups(self.double) == []
            self.double.rest("create_group", Type="Public", Name="a group")

        test_another = test_one

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert (result.testsRun, result.errors, result.failures) == (2, [], [])


def test_a_server_that_runs_already(server, tmp_path):
    with server.app() as named, RunningServer(named, server.folder / "data") as running:
        with running.app(plan="2025-trial") as one, running.app() as other:
            one.rest("create_group", Type="Public", Name="a group")
            assert (len(groups(one)), groups(other)) == (1, [])
            assert len({named.sdkappid, one.sdkappid, other.sdkappid}) == 3
        with pytest.raises(FileNotFoundError, match="not the data folder"):
            RunningServer(named, tmp_path / "elsewhere").app()
        assert not (tmp_path / "elsewhere").exists()
        with pytest.raises(TypeError, match="plan"):
            RunningServer(named).app(plan="2025-trial")


def test_https_with_an_authority_of_its_own(https_server):
    with https_server.app() as double:
        assert double.url.startswith("https://127.0.0.1:")
        double.rest("create_group", Type="Public", Name="a group")
        untrusting = Double(double.url, double.sdkappid, double.key)
        with pytest.raises(NoAnswer, match="certificate verify failed"):
            untrusting.rest("get_appid_group_list")
        assert {double.environ[name] for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")} == {https_server.ca}


def _through(proxy: str, head: bytes) -> bytes:
    host, _, port = proxy.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(head)
        return connection.recv(1000).split(b"\r\n")[0]


@pytest.mark.parametrize("host", ["console.tim.qq.com", "adminapisgp.im.qcloud.com", "im.shop.test"])
def test_the_proxy_leads_fixed_hosts_here(https_server, host):
    _, _, port = https_server.proxy.rpartition(":")
    trusted = ssl.create_default_context(cafile=https_server.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", int(port), timeout=SECONDS, context=trusted)
    connection.set_tunnel(host, 443)
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()


def test_the_proxy_lets_nothing_else_out(https_server):
    connect = b"CONNECT %b HTTP/1.1\r\n\r\n"
    assert _through(https_server.proxy, connect % b"example.com:443") == b"HTTP/1.1 403 Forbidden"
    assert _through(https_server.proxy, connect % b"console.tim.qq.com.example:443") == b"HTTP/1.1 403 Forbidden"
    assert _through(https_server.proxy, b"GET http://x/ HTTP/1.1\r\n\r\n") == b"HTTP/1.1 405 Method Not Allowed"
    assert _through(https_server.proxy, b"x" * 70_000) == b"HTTP/1.1 400 Bad Request"
    assert _through(https_server.proxy, connect % b"CONSOLE.tim.qq.com:443").startswith(b"HTTP/1.1 200 ")
