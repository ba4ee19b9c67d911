"""``qunzhu import reference`` from a second qunzhu: equal by what can be known, whatever happens on the way."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.servers import Server
from moved import KEY, fill, make_app, told
from qunzhu.apps import Home
from qunzhu.commands._recount import recount
from qunzhu.config import Config
from qunzhu.moving import calls
from worlds import ADMIN, SDKAPPID, app_of

OTHER = 1400000888


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Serve an app with everything; give its server and its data folder."""
    folder = tmp_path_factory.mktemp("source") / "data"
    world = make_app(folder)
    fill(world)
    for n in range(60):
        world.group("Public", owner="ann", members=["bob"], GroupId=f"small{n}")
        world.say(f"small{n}", "one", "bob")
    world.store.close()
    server = Server("--data", str(folder))
    yield server, folder
    server.stop()


@pytest.fixture
def words(source):
    """Return the command's words for the service."""
    return lambda url=source[0].url, key=KEY: [
        "import", "reference", "--url", url, "--sdkappid", str(SDKAPPID), "--key", key, "--admin", ADMIN,
    ]  # fmt: skip


def same(source, folder, sdkappid: int = SDKAPPID, **settings: str) -> None:
    """Compare an app with its original, table by table."""
    original = told(Home(Config(data=str(source[1]))), SDKAPPID)
    copy = told(Home(Config(data=str(folder), **settings)), sdkappid)
    with contextlib.closing(Home(Config(data=str(folder), **settings)).open_app(sdkappid)) as store:
        assert store.read_now(recount, app_of(), int(time.time())) == []
    for table, rows in original.items():
        assert copy[table] == rows, table
    assert len(original["messages"]) > 150
    assert len(original["groups"]) == 66


def test_everything_that_the_api_tells(qunzhu, source, words):
    answer = qunzhu(*words(), "--data", "there", "--json")
    assert answer.code == 0, answer.err
    report = answer.json
    assert (report["groups"], report["sdkappid"], report["repeated_calls"]) == (66, SDKAPPID, 0)
    assert report["messages"] > 150
    assert {one["what"] for one in report["missing"]} == {"nicknames and avatars"}
    same(source, "there")
    shown = qunzhu("app", "show", SDKAPPID, "--show-key", "--json", "--data", "there").json
    assert (shown["key"], shown["admins"]) == (KEY, [ADMIN])
    assert [field["key"] for field in shown["group_fields"]] == ["open_g"]
    assert [field["key"] for field in shown["member_fields"]] == ["open_m"]

    again = qunzhu(*words(), "--data", "there", "--json").json
    assert {**again, "calls": 0} == {**report, "calls": 0}
    assert again["calls"] == 0


def test_into_postgres_under_another_number(qunzhu, source, words, postgres_url):
    place = ("--data", "there", "--database", postgres_url)
    answer = qunzhu(*words(), "--app", OTHER, *place)
    assert answer.code == 0, answer.err
    assert "nicknames and avatars" in answer.out
    same(source, "there", OTHER, database=postgres_url)
    assert qunzhu("app", "erase", OTHER, "--yes", "--wait", 0, *place).code == 0


def test_killed_again_and_again(qunzhu, source, words, tmp_path):
    """Wherever it is killed, it goes on; nothing is there twice, and nothing is missing."""
    draw, state = random.Random(8), tmp_path / "there" / f"import-{SDKAPPID}.jsonl"
    lines = kills = 0
    while kills < 6:
        process = subprocess.Popen([sys.executable, "-m", "qunzhu", *words(), "--data", "there", "--rate", "150"],
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        wanted = lines + draw.randrange(1, 16)
        while (lines := len(state.read_bytes().splitlines()) if state.exists() else 0) < wanted:
            assert process.poll() is None, "it was not killed in time"
            time.sleep(0.005)
        process.kill()
        process.wait()
        kills += 1
        assert qunzhu("app", "list", "--json", "--data", "there").json == [], "it is not served before it is whole"
    with state.open("ab") as file:
        file.write(b'{"type":"done","gro')  # half a line
    answer = qunzhu(*words(), "--data", "there", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["groups"] == 66
    same(source, "there")


class Unreliable(BaseHTTPRequestHandler):
    """Stands before a service: most calls go through, some are refused, cut, or answered by something else."""

    protocol_version = "HTTP/1.1"
    target = ""
    calls = 0
    nick = ""
    lock = threading.Lock()

    def log_message(self, *args):
        """Say nothing."""

    def do_POST(self):
        """Pass a call on, or not."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            type(self).calls += 1
            number = self.calls
        if "/portrait_get" in self.path and self.nick:
            self.answer(200, {"ActionStatus": "OK", "ErrorCode": 0, "UserProfileItem": [
                {"To_Account": user, "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": self.nick + user}]}
                for user in json.loads(body)["To_Account"]
            ]})  # fmt: skip
        elif number % 7 == 1:
            self.answer(200, {"ActionStatus": "FAIL", "ErrorCode": 60007, "ErrorInfo": "too often"})
        elif number % 11 == 2:
            self.close_connection = True
        elif number % 13 == 3:
            self.answer(502, "bad gateway")
        else:
            connection = http.client.HTTPConnection(urlsplit(self.target).netloc)
            connection.request("POST", self.path, body)
            answer = connection.getresponse()
            self.send(answer.status, answer.read())
            connection.close()

    def answer(self, status, value):
        """Send JSON, or a page."""
        self.send(status, json.dumps(value).encode())

    def send(self, status, body):
        """Send an answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def unreliable(source):
    """Put something unreliable before the service; give its class."""
    handler = type("Handler", (Unreliable,), {"target": source[0].url, "calls": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_that_fails_now_and_then(qunzhu, source, words, unreliable, monkeypatch):
    monkeypatch.setattr(calls, "FIRST_WAIT", 0.01)
    unreliable.nick = "nick of "
    answer = qunzhu(*words(unreliable.url), "--data", "there", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["repeated_calls"] > 50
    assert answer.json["missing"] == []
    same(source, "there")
    with contextlib.closing(Home(Config(data="there")).open_app(SDKAPPID)) as store:
        assert store.read_now(lambda tx: tx.one("SELECT nick FROM accounts WHERE user_id = 'u1'")) == ("nick of u1",)
        [body] = store.read_now(lambda tx: tx.one("SELECT body FROM messages WHERE sender = 'u1' ORDER BY seq LIMIT 1"))
        assert json.loads(body)["Nick"] == "nick of u1"


class TestFaults:
    def test_no_answer(self, qunzhu, words, monkeypatch):
        """It says how to go on, and later does."""
        monkeypatch.setattr(calls, "FIRST_WAIT", 0.001)
        monkeypatch.setattr(calls, "MOST_WAIT", 0.001)
        answer = qunzhu(*words("http://127.0.0.1:1"), "--data", "there", "--json")
        assert answer.code == 1
        assert "no answer" in answer.error["message"]
        assert "goes on" in answer.error["advice"]

    def test_wrong_key(self, qunzhu, words, source):
        answer = qunzhu(*words(key="another-key"), "--data", "there", "--json")
        assert answer.code == 1
        assert "700" in answer.error["message"]
        assert "--key" in answer.error["advice"]
        assert qunzhu(*words(), "--data", "there", "--json").code == 0
        assert qunzhu("app", "show", SDKAPPID, "--show-key", "--json", "--data", "there").json["key"] == KEY

    def test_url_that_is_none(self, qunzhu, words):
        assert (
            "is not like https://" in qunzhu(*words("console.tim.qq.com"), "--data", "there", "--json").error["message"]
        )

    def test_state_of_another_import(self, qunzhu, words, unreliable, tmp_path):
        assert qunzhu(*words(), "--data", "there", "--state", "notes").code == 0
        answer = qunzhu(*words(unreliable.url), "--data", "there", "--state", "notes", "--json")
        assert "is of the import of app" in answer.error["message"]
        (tmp_path / "other").write_text("something\n")
        assert "is no state" in qunzhu(*words(), "--data", "there", "--state", "other", "--json").error["message"]

    def test_half_imported_and_the_state_lost(self, qunzhu, words, tmp_path, monkeypatch):
        monkeypatch.setattr(calls, "FIRST_WAIT", 0.001)
        monkeypatch.setattr(calls, "TRIES", 1)
        qunzhu(*words("http://127.0.0.1:1"), "--data", "there")
        Path("there", f"import-{SDKAPPID}.jsonl").unlink()
        answer = qunzhu(*words(), "--data", "there", "--json")
        assert "half imported" in answer.error["message"]
        assert qunzhu("app", "erase", SDKAPPID, "--yes", "--wait", 0, "--data", "there").code == 0
        assert qunzhu(*words(), "--data", "there").code == 0


class TestIntoAnAppThatIsThere:
    @pytest.fixture
    def there(self, tmp_path):
        """Make an app with a group whose id the service's app has, too."""
        world = make_app(tmp_path / "there")
        world.people("zoe")
        world.group("Public", owner="zoe", GroupId="last", Name="mine")
        world.group("Public", owner="zoe", GroupId="mine")
        world.store.close()

    def test_beside_what_it_has(self, qunzhu, words, there, source):
        answer = qunzhu(*words(), "--data", "there", "--json")
        assert answer.code == 0, answer.err
        [taken] = [one for one in answer.json["missing"] if one["what"] == "group"]
        assert (taken["number"], taken["where"]) == (1, ["last"])
        copy = {one["group_id"]: one for one in told(Home(Config(data="there")), SDKAPPID)["groups"]}
        assert len(copy) == 67
        assert (copy["last"]["name"], copy["last"]["owner"]) == ("mine", "zoe")

    def test_a_fault_leaves_it_served(self, qunzhu, words, there, monkeypatch):
        monkeypatch.setattr(calls, "TRIES", 1)
        assert qunzhu(*words("http://127.0.0.1:1"), "--data", "there").code == 1
        assert [one["sdkappid"] for one in qunzhu("app", "list", "--json", "--data", "there").json] == [SDKAPPID]

    def test_not_while_a_server_has_it(self, qunzhu, words, there, tmp_path):
        server = Server("--data", str(tmp_path / "there"))
        try:
            answer = qunzhu(*words(), "--data", "there", "--json")
            assert f"pid {server.process.pid}" in answer.error["message"]
            assert qunzhu(*words(), "--app", OTHER, "--data", "there").code == 0
        finally:
            server.stop()


def test_as_fast_as_is_allowed(qunzhu, words, source):
    """A rate holds for each command: 66 groups have 65 questions for attributes after the first."""
    start = time.monotonic()
    assert qunzhu(*words(), "--data", "there", "--rate", "40").code == 0
    assert time.monotonic() - start > 65 / 40
