"""``qunzhu import reference`` from a second qunzhu: equal by what can be known, whatever happens on the way."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.between import CUT, between, refused
from cli.servers import Server
from moved import KEY, fill, make_app, told
from qunzhu.apps import Home
from qunzhu.commands._recount import recount
from qunzhu.config import Config
from qunzhu.moving import calls, reading
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


def test_a_service_that_fails_now_and_then(qunzhu, source, words, monkeypatch):
    """Calls over a limit, cut connections and pages of a proxy: the same calls are made again. It knows nicknames."""
    monkeypatch.setattr(calls, "FIRST_WAIT", 0.01)
    numbers = itertools.count(1)

    def change(command, request, ask):
        number = next(numbers)
        if command == "portrait_get":
            return {"ActionStatus": "OK", "ErrorCode": 0, "UserProfileItem": [
                {"To_Account": user, "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": f"nick of {user}"}]}
                for user in request["To_Account"]
            ]}  # fmt: skip
        if number % 7 == 1:
            return refused(60007)
        if number % 11 == 2:
            return CUT
        return "bad gateway" if number % 13 == 3 else ask()

    with between(source[0].url, change) as url:
        answer = qunzhu(*words(url), "--data", "there", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["repeated_calls"] > 50
    assert answer.json["missing"] == []
    same(source, "there")
    with contextlib.closing(Home(Config(data="there")).open_app(SDKAPPID)) as store:
        assert store.read_now(lambda tx: tx.one("SELECT nick FROM accounts WHERE user_id = 'u1'")) == ("nick of u1",)
        [body] = store.read_now(lambda tx: tx.one("SELECT body FROM messages WHERE sender = 'u1' ORDER BY seq LIMIT 1"))
        assert json.loads(body)["Nick"] == "nick of u1"


class TestWhatIsNotToBeHad:
    """It is named in the report, and the rest is there."""

    @pytest.fixture
    def imported(self, qunzhu, source, words, tmp_path):
        """Return a function that imports through a change; it gives the report, and what is there."""

        def run(change, *more: str, **settings: str):
            with between(source[0].url, change) as url:
                answer = qunzhu(*words(url), "--data", "there", "--json", *more)
            assert answer.code == 0, answer.err
            missing = {(one["what"], one["why"].split()[0]): one for one in answer.json["missing"]}
            missing.pop(("nicknames and avatars", "60017"), None)
            return missing, told(Home(Config(data="there", **settings)), SDKAPPID)

        return run

    def test_a_group_that_is_too_large_for_an_answer(self, imported, source):
        """It comes without the custom fields that are not known yet, and says so."""

        def change(command, request, ask):
            large = command == "get_group_info" and "large" in request["GroupIdList"]
            return refused(10018) if large and "ResponseFilter" not in request else ask()

        missing, copy = imported(change)
        assert missing.keys() == {("custom fields that are not known yet", "10018")}
        assert missing["custom fields that are not known yet", "10018"]["where"] == ["large"]
        original = told(Home(Config(data=str(source[1]))), SDKAPPID)
        assert copy["members"] == original["members"]
        assert [one | {"custom": ""} for one in copy["groups"]] == [one | {"custom": ""} for one in original["groups"]]

    def test_what_the_plan_has_not_is_asked_for_once(self, imported):
        asked = []

        def change(command, request, ask):
            asked.append(command)
            return refused(10059) if command == "get_group_counter" else ask()

        missing, copy = imported(change)
        assert missing.keys() == {("counters", "10059")}
        assert missing["counters", "10059"]["where"] == []
        assert asked.count("get_group_counter") <= 50
        assert copy["group_counters"] == []

    def test_one_answer_of_many(self, imported, source):
        """Answers that are refused, or not as documented."""

        def change(command, request, ask):
            if command == "get_group_attr" and request["GroupId"] == "last":
                return refused(10007)
            if command == "group_msg_get_simple" and request["GroupId"] == "small3":
                return {"ActionStatus": "OK", "ErrorCode": 0, "RspMsgList": [{"MsgSeq": "many"}]}
            answer = ask()
            if command == "group_msg_get_simple" and request["GroupId"] == "small4":
                [message] = [one for one in answer["RspMsgList"] if one["From_Account"] == "bob"]
                message["MsgPriority"], message["MsgBody"][0]["MsgContent"] = "Low", "words"
            if command == "account_check":
                answer["ResultItem"] = [one for one in answer["ResultItem"] if one["UserID"] != "u20"]
            return answer

        missing, copy = imported(change)
        assert missing.keys() == {("attributes", "10007"), ("messages", "0"), ("member or owner", "'u20'")}
        assert missing["messages", "0"]["where"] == ["small3"]
        assert {one["group_num"] for one in copy["messages"]} >= {f"small{n}" for n in range(60) if n != 3}
        [message] = [one["body"] for one in copy["messages"] if one["group_num"] == "small4"]
        assert (message["MsgPriority"], message["MsgBody"][0]["MsgContent"]) == ("Low", {"Data": "words"})
        assert "u20" not in {one["user_id"] for one in copy["members"]}

    def test_what_the_database_cannot_keep(self, qunzhu, imported, postgres_url):
        def change(command, request, ask):
            answer = ask()
            if command == "get_group_info":
                for one in answer["GroupInfo"]:
                    one["Name"] += "\x00" if one["GroupId"] == "small5" else ""
            return answer

        place = ("--database", postgres_url)
        missing, copy = imported(change, *place, database=postgres_url)
        assert missing["group", "the"]["where"] == ["small5"]
        assert len(copy["groups"]) == 65
        assert qunzhu("app", "erase", SDKAPPID, "--yes", "--wait", 0, "--data", "there", *place).code == 0

    def test_what_has_expired(self, imported, monkeypatch):
        """After many places with nothing left no more are asked for."""
        monkeypatch.setattr(reading, "EXPIRED_PLACES", 40)

        def change(command, request, ask):
            answer = ask()
            for one in answer.get("RspMsgList", ()):
                if request["GroupId"] == "large" and one["MsgSeq"] < 70:
                    one.update(IsPlaceMsg=1, MsgBody=[], From_Account="")
            return answer

        missing, copy = imported(change)
        assert missing.keys() == {("messages", "nothing")}
        assert min(one["seq"] for one in copy["messages"] if one["group_num"] == "large") >= 70


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

    def test_no_right_to_ask(self, qunzhu, words, source):
        def change(command, request, ask):
            return refused(70403) if command == "account_check" else ask()

        with between(source[0].url, change) as url:
            answer = qunzhu(*words(url), "--data", "there", "--json")
        assert "account_check: 70403" in answer.error["message"]

    @pytest.mark.parametrize("lost", [1, 2])
    def test_an_end_in_the_middle_of_the_end(self, qunzhu, words, source, tmp_path, lost):
        """Killed after the last message: the next one only puts it into service."""
        assert qunzhu(*words(), "--data", "there").code == 0
        state = tmp_path / "there" / f"import-{SDKAPPID}.jsonl"
        state.write_bytes(b"".join(state.read_bytes().splitlines(keepends=True)[:-lost]))
        with contextlib.closing(Home(Config(data="there")).open_control()) as control:
            control.write_now(lambda tx: tx.run("UPDATE apps SET erased = 2"))
        answer = qunzhu(*words(), "--data", "there", "--json")
        assert answer.code == 0, answer.err
        assert answer.json["groups"] == 66
        assert answer.json["calls"] < 5
        same(source, "there")
        assert len(qunzhu("app", "list", "--json", "--data", "there").json) == 1

    def test_erased_since(self, qunzhu, words, tmp_path):
        assert qunzhu(*words(), "--data", "there").code == 0
        assert qunzhu("app", "erase", SDKAPPID, "--yes", "--wait", 0, "--data", "there").code == 0
        answer = qunzhu(*words(), "--data", "there", "--json")
        assert "there is no app" in answer.error["message"]
        assert "remove that file" in answer.error["advice"]

    def test_state_of_another_import(self, qunzhu, words, tmp_path):
        assert qunzhu(*words(), "--data", "there", "--state", "notes").code == 0
        answer = qunzhu(*words("http://127.0.0.1:1"), "--data", "there", "--state", "notes", "--json")
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


def test_stopped(words, tmp_path):
    """Stopped by hand it says that it goes on."""
    process = subprocess.Popen([sys.executable, "-m", "qunzhu", *words(), "--data", "there", "--rate", "5"],
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    state = tmp_path / "there" / f"import-{SDKAPPID}.jsonl"
    while not state.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told_by_it = process.communicate(timeout=20)
    assert (process.returncode, "it goes on" in told_by_it) == (1, True), told_by_it
