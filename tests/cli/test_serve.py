"""``qunzhu serve``: settings, one server a folder, logs, the ready line; help."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request

import pytest

from cli.servers import Server
from qunzhu.cli import COMMANDS
from qunzhu.config import SECRETS, Config, load_config


def test_help_names_every_setting(qunzhu):
    text = qunzhu("serve", "--help").out
    for name in Config.__struct_fields__:
        assert (f"--{name.replace('_', '-')}" in text) is (name not in SECRETS)
        assert f"QUNZHU_{name.upper()}" in text.replace("\n", "").replace(" ", "")
    top = qunzhu("--help").out
    assert all(name in top for name in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["serve"], ["app"], *(["app", name] for name in ("create", "list", "show", "set", "erase")), ["usersig"],
        ["console"], ["group"], *(["group", name] for name in ("create", "list", "show", "members", "destroy")),
        ["doctor"], ["cert"],
    ],
)  # fmt: skip
def test_every_command_has_help(qunzhu, words):
    answer = qunzhu(*words, "--help")
    assert answer.code == 0
    assert answer.out.startswith("Usage:")


def test_help_and_serve_load_little():
    code = (
        "import sys; from qunzhu.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(','.join(sorted({'rich', 'psycopg', 'apsw', 'structlog', 'uvicorn', 'asyncio'} & set(sys.modules))))\n"
        "try: main(['serve', '--listen', '192.0.2.1:1'])\nexcept SystemExit: pass\n"
        "print(','.join(sorted({'rich', 'psycopg', 'http.client'} & set(sys.modules))))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert out[-2:] == ["", ""]


def test_precedence(tmp_path):
    file = tmp_path / "q.toml"
    file.write_text('listen = "127.0.0.1:1"\ndata = "from-file"\nheartbeat = 7\n')
    environ = {"QUNZHU_DATA": "from-env", "QUNZHU_LISTEN": "127.0.0.1:2", "QUNZHU_CONFIG": str(file)}
    for named in (str(file), None):
        config = load_config({"listen": "127.0.0.1:3", "data": None}, named, environ)
        assert (config.heartbeat, config.data, config.listen) == (7, "from-env", "127.0.0.1:3")


def test_precedence_seen_by_a_command(qunzhu, tmp_path):
    for name in ("file", "env", "flag"):
        qunzhu("app", "create", "--name", name, "--data", name)
    (tmp_path / "q.toml").write_text('data = "file"\n')
    listing = ("app", "list", "--json", "--config", "q.toml")
    assert [one["name"] for one in qunzhu(*listing).json] == ["file"]
    assert [one["name"] for one in qunzhu(*listing, QUNZHU_DATA="env").json] == ["env"]
    assert [one["name"] for one in qunzhu(*listing, "--data", "flag", QUNZHU_DATA="env").json] == ["flag"]


@pytest.mark.parametrize(
    ("words", "env", "named"),
    [
        (["--listen", "8140"], {}, "listen"),
        (["--listen", "127.0.0.1:99999"], {}, "listen"),
        (["--demo", "--listen", "0.0.0.0:0"], {}, "loopback"),
        (["--demo", "--listen", "[::]:0"], {}, "loopback"),
        (["--listen", "0.0.0.0:0"], {"QUNZHU_DEMO": "true"}, "loopback"),
        (["--tls-cert", "a.pem"], {}, "tls_key"),
        (["--tls-cert", "a.pem", "--tls-key", "b.pem"], {}, "a.pem"),
        (["--database", "mysql://x"], {}, "database"),
        (["--heartbeat", "0"], {}, "heartbeat"),
        (["--heartbeat", "soon"], {}, "heartbeat"),
        ([], {"QUNZHU_HEARTBEAT": "soon"}, "heartbeat"),
        (["--log-level", "loud"], {}, "log-level"),
        ([], {"QUNZHU_LOG_LEVEL": "loud"}, "log_level"),
        ([], {"QUNZHU_LOG_FORMAT": "xml"}, "log_format"),
        (["--config", "missing.toml"], {}, "missing.toml"),
        (["--lisen", "x"], {}, "--lisen"),
        (["--listen", "192.0.2.1:1"], {}, "--listen"),
        (["--data", "a-file"], {}, "data"),
    ],
)
def test_wrong_settings(qunzhu, tmp_path, words, env, named):
    (tmp_path / "a-file").write_text("")
    answer = qunzhu("serve", *words, **env)
    assert (answer.code, answer.out) == (2, "")
    assert named in answer.err


def test_unknown_setting_in_the_file(qunzhu, tmp_path):
    (tmp_path / "q.toml").write_text('lissen = "127.0.0.1:0"\n')
    answer = qunzhu("serve", "--config", "q.toml")
    assert answer.code == 2
    assert "lissen" in answer.err


def test_two_servers_on_one_folder(tmp_path):
    first = Server("--demo", "--data", str(tmp_path / "data"))
    second = Server("--demo", "--data", str(tmp_path / "data"))
    out, err = second.process.communicate(timeout=10)
    assert (second.line, out, second.process.returncode) == ("", "", 2)
    assert "another qunzhu" in err
    assert first.process.stdout.readline().startswith(f"console {first.url}/console/#code=")
    code, out, err = first.stop()
    assert (code, out) == (0, ""), err
    third = Server("--demo", "--data", str(tmp_path / "data"))
    assert third.line.startswith("qunzhu ready http://127.0.0.1:")
    assert "app 1400000000 admin administrator" in third.line
    assert third.stop()[0] == 0


def test_json_logs_on_stderr(tmp_path):
    server = Server("--data", str(tmp_path / "data"), "--log-format", "json")
    assert json.load(urllib.request.urlopen(f"{server.url}/health"))["status"] == "ok"
    code, out, err = server.stop()
    assert (code, out) == (0, "")
    assert [json.loads(line)["event"] for line in err.splitlines()][-1] == "stopped"


def test_quiet_logs(tmp_path):
    server = Server("--data", str(tmp_path / "data"), env={"QUNZHU_LOG_LEVEL": "error"})
    assert server.stop() == (0, "", "")


def test_tls(qunzhu, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "k.pem", "-out", "c.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    place = ("--data", str(tmp_path / "data"))
    server = Server("--demo", *place, "--tls-cert", "c.pem", "--tls-key", "k.pem")
    try:
        assert server.url.startswith("https://")
        assert qunzhu("group", "list", "--json", "--url", server.url, "--ca", "c.pem", *place).json == []
        untrusted = qunzhu("group", "list", "--json", "--url", server.url, *place)
        assert untrusted.code == 1
        assert "--ca" in untrusted.error["advice"]
        port = server.url.rpartition(":")[2]
        rows = qunzhu("doctor", "--json", "--listen", f"127.0.0.1:{port}", *place).json["findings"]
        assert next(row for row in rows if row["check"] == "port")["state"] == "ok"
    finally:
        assert server.stop()[0] == 0


def test_certificate_that_is_none(tmp_path):
    (tmp_path / "c.pem").write_text("nothing")
    server = Server("--demo", "--data", str(tmp_path / "data"), "--tls-cert", "c.pem", "--tls-key", "c.pem")
    _, err = server.process.communicate(timeout=10)
    assert server.process.returncode == 1
    assert "Traceback" not in err
