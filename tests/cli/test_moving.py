"""``qunzhu export`` and ``qunzhu import``: whole apps to files and back."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

import msgspec
import pytest

from cli.servers import Server
from contract.refusals import furnish
from moved import older_dump
from qunzhu.apps import Home, ensure_admins, save_app
from qunzhu.config import Config
from qunzhu.core.media import Card, Variant
from qunzhu.core.token import make_usersig
from qunzhu.store.media import CARD, gathering, media_folder
from qunzhu.store.tables import version
from s3_server import private_s3
from worlds import ADMIN, NOW, SDKAPPID, World

UUIDS = [f"{n:032x}" for n in (1, 2**127)]
OTHER = 1400000777
KEY = "a-key-of-these-tests"


def furnished(folder: Path, **settings: str) -> None:
    """Make an app with something of everything, and two uploads."""
    home = Home(Config(data=str(folder), **settings))
    world = World("sqlite")
    world.app = msgspec.structs.replace(world.app, key=KEY)
    with contextlib.closing(home.open_control()) as control:
        control.write_now(save_app, world.app)
    world.store = home.open_app(SDKAPPID, world.around)
    world.store.write_now(ensure_admins, world.app, NOW)
    furnish(world)
    world.store.close()
    for uuid in UUIDS:
        upload(home, uuid, b"\x00\xff\n" * 100_000)


def upload(home: Home, uuid: str, content: bytes, sdkappid: int = SDKAPPID) -> None:
    folder = gathering(home.folder, sdkappid, uuid)
    (folder / "original").write_bytes(content)
    card = Card("File", "f", "ann", NOW, 255, [Variant(1, "original", len(content), "text/plain")])
    (folder / CARD).write_bytes(msgspec.json.encode(card))
    asyncio.run(home.open_media().keep(sdkappid, uuid, folder))


def content(path: Path) -> dict[str, bytes]:
    """Return all files of an export, without the time of its header."""
    if path.is_dir():
        found = {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    else:
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
    head, rest = found["data.jsonl"].split(b"\n", 1)
    found["data.jsonl"] = json.dumps(json.loads(head) | {"at": 0}).encode() + b"\n" + rest
    return found


@pytest.fixture
def place(request, tmp_path):
    """Return a function that gives the options of a fresh place on an engine."""

    def options(engine: str, name: str) -> tuple[str, ...]:
        found = ("--data", str(tmp_path / name))
        return (*found, "--database", request.getfixturevalue("postgres_url")) if engine == "postgres" else found

    return options


@pytest.fixture
def exported(qunzhu, tmp_path) -> Path:
    """Export an app with its key, and return its files."""
    furnished(tmp_path / "source")
    answer = qunzhu("export", SDKAPPID, "first", "--with-key", "--data", tmp_path / "source", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["uploads"] == 2
    assert answer.json["rows"] > 100
    return tmp_path / "first"


@pytest.mark.parametrize("middle", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", ["again", "again.qunzhu"])
def test_out_and_in_and_out_again(qunzhu, exported, place, middle, name):
    """Through each engine, as a folder and as an archive: nothing changes but the time of the export."""
    where = place(middle, "middle")
    made = qunzhu("import", exported, *where, "--json")
    assert made.code == 0, made.err
    assert (made.json["sdkappid"], "key" in made.json) == (SDKAPPID, False)
    assert qunzhu("export", SDKAPPID, name, "--with-key", *where).code == 0
    assert content(Path(name)) == content(exported)
    back = place("sqlite", "back")
    assert qunzhu("import", name, *back).code == 0
    assert qunzhu("export", SDKAPPID, "third", "--with-key", *back).code == 0
    assert content(Path("third")) == content(exported)
    if middle == "postgres":
        assert qunzhu("app", "erase", SDKAPPID, "--yes", "--wait", 0, *where).code == 0
    manifest = json.loads((exported / "app.json").read_text())
    assert manifest["app"]["key"] == KEY


def ask(url: str, sdkappid: int, command: str, **fields) -> dict:
    sig = make_usersig(KEY, sdkappid, ADMIN, now=int(time.time()), expire=600)
    query = f"sdkappid={sdkappid}&identifier={ADMIN}&usersig={sig}&random=1&contenttype=json"
    with urlopen(Request(f"{url}/v4/{command}?{query}", json.dumps(fields).encode())) as answer:
        return json.load(answer)


def test_a_server_answers_the_same(qunzhu, exported, tmp_path):
    assert qunzhu("import", exported, "--data", "copy").code == 0
    answers = []
    for folder in (tmp_path / "source", tmp_path / "copy"):
        server = Server("--data", str(folder))
        try:
            ids = [
                one["GroupId"]
                for one in ask(server.url, SDKAPPID, "group_open_http_svc/get_appid_group_list")["GroupIdList"]
            ]
            found = [ids, ask(server.url, SDKAPPID, "group_open_http_svc/get_group_info", GroupIdList=ids)]
            found += [
                ask(server.url, SDKAPPID, "group_open_http_svc/group_msg_get_simple", GroupId=one, ReqMsgNumber=20)
                for one in ids
            ]
            made = ask(
                server.url, SDKAPPID, "group_open_http_svc/create_group", Type="Public", Name="n", GroupId="later"
            )
            found += [made, ask(server.url, SDKAPPID, "group_open_http_svc/get_group_info", GroupIdList=ids)]
        finally:
            server.stop()
        answers.append(found)
    assert answers[0] == answers[1]
    assert len(answers[0][0]) > 3


class TestKey:
    def test_without_it(self, qunzhu, exported, tmp_path):
        """Key and token are secrets: they are in no file unless they were asked for."""
        qunzhu("app", "set", SDKAPPID, "--callback-url", "http://a.example", "--callback-token", "secret-token",
               "--data", "source")  # fmt: skip
        assert qunzhu("export", SDKAPPID, "all", "--data", "source", "--with-key").code == 0
        assert any(b"secret-token" in found for found in content(Path("all")).values())
        assert qunzhu("export", SDKAPPID, "plain", "--data", "source").code == 0
        for secret in (KEY.encode(), b"secret-token"):
            assert not any(secret in found for found in content(Path("plain")).values())
        random = qunzhu("import", "plain", "--data", "a", "--json").json["key"]
        assert len(random) == 64
        assert qunzhu("app", "show", SDKAPPID, "--show-key", "--json", "--data", "a").json["key"] == random
        given = qunzhu("import", "plain", "--data", "b", "--key", "a-key-of-ones-own", "--json").json
        assert "key" not in given
        shown = qunzhu("app", "show", SDKAPPID, "--show-key", "--json", "--data", "b").json
        assert shown["key"] == "a-key-of-ones-own"
        before = qunzhu("app", "show", SDKAPPID, "--json", "--data", "source").json
        del shown["key"]
        assert shown == before | {"callbacks": before["callbacks"] | {"signed": False}}

    def test_a_copy_that_tells_nobody(self, qunzhu, exported):
        qunzhu("app", "set", SDKAPPID, "--callback-url", "http://a.example", "--data", "source")
        assert qunzhu("export", SDKAPPID, "all", "--data", "source").code == 0
        for more, url in (((), "http://a.example"), (("--no-callbacks",), "")):
            assert qunzhu("import", "all", "--data", "copy", "--replace", *more).code == 0
            assert qunzhu("app", "show", SDKAPPID, "--json", "--data", "copy").json["callbacks"]["url"] == url

    def test_a_key_that_cannot_be(self, qunzhu, exported):
        answer = qunzhu("import", exported, "--data", "a", "--key", "short", "--json")
        assert (answer.code, qunzhu("app", "list", "--json", "--data", "a").json) == (2, [])


class TestPlaces:
    def test_another_number(self, qunzhu, exported):
        assert qunzhu("import", exported, "--as", OTHER, "--data", "source").code == 0
        assert [one["sdkappid"] for one in qunzhu("app", "list", "--json", "--data", "source").json] == [
            SDKAPPID,
            OTHER,
        ]
        assert qunzhu("export", OTHER, "other", "--with-key", "--data", "source").code == 0
        first, other = content(exported), content(Path("other"))
        assert first.keys() == other.keys()
        assert first["data.jsonl"] == other["data.jsonl"].replace(str(OTHER).encode(), str(SDKAPPID).encode(), 1)

    def test_no_app_is_overwritten_unless_told(self, qunzhu, exported, tmp_path):
        qunzhu("app", "create", "--sdkappid", SDKAPPID, "--name", "mine", "--data", "there")
        home = Home(Config(data=str(tmp_path / "there")))
        upload(home, "c" * 32, b"of the old one")
        upload(home, UUIDS[0], b"another content")
        answer = qunzhu("import", exported, "--data", "there", "--json")
        assert answer.code == 1
        assert f"there is an app {SDKAPPID} already" in answer.error["message"]
        assert "--replace" in answer.error["advice"]
        assert qunzhu("app", "show", SDKAPPID, "--data", "there", "--json").json["name"] == "mine"
        assert qunzhu("import", exported, "--data", "there", "--replace").code == 0
        assert qunzhu("export", SDKAPPID, "after", "--with-key", "--data", "there").code == 0
        assert content(Path("after")) == content(exported)

    def test_where_a_server_runs(self, qunzhu, exported, tmp_path):
        """A new app comes into service by itself; one that the server has open is not touched."""
        server = Server("--data", str(tmp_path / "source"))
        try:
            assert ask(server.url, OTHER, "group_open_http_svc/get_appid_group_list")["ErrorCode"] == 70020
            busy = qunzhu("import", exported, "--data", "source", "--replace", "--json")
            assert busy.code == 1
            assert f"pid {server.process.pid}" in busy.error["message"]
            assert "app erase" in busy.error["advice"]
            assert qunzhu("import", exported, "--as", OTHER, "--data", "source").code == 0
            deadline = time.monotonic() + 10
            while (answer := ask(server.url, OTHER, "group_open_http_svc/get_appid_group_list"))["ErrorCode"]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert answer["TotalCount"] > 3
            assert ask(server.url, SDKAPPID, "group_open_http_svc/get_appid_group_list") == answer
            assert qunzhu("export", SDKAPPID, "live", "--with-key", "--data", "source").code == 0
        finally:
            server.stop()
        assert content(Path("live")).keys() == content(exported).keys()

    def test_out_of_service_until_it_is_whole(self, qunzhu, exported, tmp_path):
        """Killed in the middle, nothing of it is served; done again it is whole."""
        script = (
            "import os, sys, qunzhu.moving.files as m\n"
            "m.Arrival._copy_in = lambda self, n: (os.kill(os.getpid(), 9))\n"
            "from qunzhu.cli import main\nmain(sys.argv[1:])"
        )
        code = subprocess.run(
            [sys.executable, "-c", script, "import", str(exported), "--data", "there"], check=False
        ).returncode
        assert code == -signal.SIGKILL
        assert qunzhu("app", "list", "--json", "--data", "there").json == []
        assert "exists already" in qunzhu("app", "create", "--sdkappid", SDKAPPID, "--data", "there").err
        assert qunzhu("import", exported, "--data", "there").code == 0
        assert qunzhu("export", SDKAPPID, "after", "--with-key", "--data", "there").code == 0
        assert content(Path("after")) == content(exported)

    def test_files_of_an_older_version(self, qunzhu, exported, tmp_path, monkeypatch):
        (exported / "data.jsonl").write_bytes(older_dump(tmp_path, monkeypatch))
        assert qunzhu("import", exported, "--data", "there").code == 0
        assert [path.name for path in Path("there").iterdir() if path.name.startswith("older")] == []
        assert qunzhu("export", SDKAPPID, "after", "--data", "there").code == 0
        lines = [json.loads(line) for line in Path("after/data.jsonl").read_bytes().splitlines()]
        assert lines[0]["migration"] == version()
        assert ["user_id1" in line for line in lines if isinstance(line, list)].count(True) == 1

    def test_one_at_a_time(self, qunzhu, exported, tmp_path):
        (tmp_path / "there").mkdir()
        with (tmp_path / "there" / "lock-import").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert "another import" in qunzhu("import", exported, "--data", "there", "--json").error["message"]
        assert qunzhu("import", exported, "--data", "there").code == 0

    def test_media_in_a_bucket(self, qunzhu, exported, tmp_path):
        with private_s3("moving") as url:
            env = {
                "QUNZHU_MEDIA_STORE": "s3://moving/here", "QUNZHU_MEDIA_S3_ENDPOINT": url,
                "QUNZHU_MEDIA_S3_KEY": "key", "QUNZHU_MEDIA_S3_SECRET": "secret",
            }  # fmt: skip
            assert qunzhu("import", exported, "--data", "there", **env).code == 0
            assert not list(media_folder(tmp_path / "there", SDKAPPID).rglob(CARD))
            assert qunzhu("export", SDKAPPID, "after", "--with-key", "--data", "there", **env).code == 0
        assert content(Path("after")) == content(exported)


class TestFaults:
    @pytest.mark.parametrize(
        ("harm", "told"),
        [
            (lambda path: shutil.rmtree(path) or path.mkdir(), "there is no app.json"),
            (lambda path: (path / "data.jsonl").unlink(), "there is no data.jsonl"),
            (lambda path: (path / "app.json").write_text("{}"), "app.json"),
            (lambda path: (path / "app.json").write_text((path / "app.json").read_text().replace(
                '"qunzhu": 1', '"qunzhu": 9')), "format 9"),
            (lambda path: (path / "data.jsonl").write_bytes((path / "data.jsonl").read_bytes()[:-30]), "data.jsonl"),
            (lambda path: (path / "media" / UUIDS[0] / CARD).unlink(), "not whole"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("there", [False, True])
    def test_files_that_are_not_whole(self, qunzhu, exported, harm, told, there):
        """They leave no trace, or the app as it was."""
        if there:
            assert qunzhu("import", exported, "--data", "there").code == 0
        harm(exported)
        answer = qunzhu("import", exported, "--data", "there", "--replace", "--json")
        assert answer.code == 1
        assert told in answer.error["message"]
        listed = [one["sdkappid"] for one in qunzhu("app", "list", "--json", "--data", "there").json]
        assert listed == ([SDKAPPID] if there else [])
        if there:
            assert qunzhu("export", SDKAPPID, "after", "--data", "there", "--json").json["rows"] > 100
        else:
            assert not Path("there/apps").exists() or not list(Path("there/apps").iterdir())

    def test_what_the_database_cannot_keep(self, qunzhu, exported, postgres_url):
        """PostgreSQL has no character NUL, in which a text of SQLite may end."""
        data = (exported / "data.jsonl").read_bytes()
        (exported / "data.jsonl").write_bytes(data.replace(b'["ann",""', b'["ann","\\u0000"', 1))
        place = ("--data", "there", "--database", postgres_url, "--json")
        answer = qunzhu("import", exported, "--as", OTHER, *place)
        assert answer.code == 1
        assert "cannot be kept" in answer.error["message"]
        assert OTHER not in [one["sdkappid"] for one in qunzhu("app", "list", *place).json]
        assert qunzhu("import", exported, "--data", "there").code == 0

    def test_an_archive_that_is_none(self, qunzhu, tmp_path):
        (tmp_path / "x.qunzhu").write_bytes(b"PK\x03\x04 and no more")
        answer = qunzhu("import", "x.qunzhu", "--json")
        assert answer.code == 1
        assert "x.qunzhu" in answer.error["message"]
        assert qunzhu("import", "nowhere").code == 2

    def test_where_something_is_already(self, qunzhu, exported):
        before = content(exported)
        for words in (["first"], ["first/app.json"]):
            answer = qunzhu("export", SDKAPPID, *words, "--data", "source", "--json")
            assert (answer.code, "is there already" in answer.error["message"]) == (1, True)
        assert content(exported) == before
        assert qunzhu("export", 1, "new", "--data", "source").code == 1
        Path("empty").mkdir()
        assert qunzhu("export", SDKAPPID, "empty", "--data", "source").code == 0

    def test_a_failed_export_leaves_nothing(self, qunzhu, exported, tmp_path):
        [found] = media_folder(tmp_path / "source", SDKAPPID).glob(f"*/{UUIDS[1]}/original")
        found.unlink()
        for out in ("a", "a.qunzhu"):
            assert qunzhu("export", SDKAPPID, out, "--data", "source").code == 1
        assert not list(tmp_path.glob("a*"))

    def test_an_older_server_runs(self, qunzhu, exported, tmp_path):
        """Its tables are not changed under it."""
        import apsw

        database = str(tmp_path / "source" / "apps" / str(SDKAPPID) / "app.db")
        apsw.Connection(database).pragma("user_version", 3)
        with contextlib.closing(Home(Config(data=str(tmp_path / "source"))).lock()):
            answer = qunzhu("export", SDKAPPID, "new", "--data", "source", "--json")
        assert "older version" in answer.error["message"]
        assert apsw.Connection(database).pragma("user_version") == 3
