"""Links to the console: the one that `serve` prints, and `qunzhu console`."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.servers import DEMO, Server


def post(url, body):
    """Sign in; return status and what the console says."""
    request = urllib.request.Request(f"{url}/console/session", json.dumps(body).encode(), {"x-qunzhu-console": "1"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code, json.load(fault)


@pytest.mark.parametrize("options", [["--demo"], ["--demo", "--console-link"]])
def test_serve_prints_a_link_that_signs_in_once(tmp_path, options):
    server = Server(*options, "--data", str(tmp_path / "data"))
    try:
        assert server.line.startswith("qunzhu ready http://")
        word, link = server.process.stdout.readline().split()
        assert (word, link.partition("/console/#code=")[0]) == ("console", server.url)
        code = link.partition("#code=")[2]
        status, who = post(server.url, {"code": code})
        assert (status, who["sdkappid"], who["identifier"]) == (200, int(DEMO), "administrator")
        assert post(server.url, {"code": code})[0] == 400
    finally:
        assert server.stop()[0] == 0


def test_without_demo_only_where_asked(qunzhu, tmp_path):
    place = ("--data", str(tmp_path / "data"))
    qunzhu("app", "create", "--name", "mine", "--sdkappid", "77", "--admin", "boss", *place)
    server = Server(*place)
    assert server.stop()[:2] == (0, "")
    server = Server(*place, "--console-link", "--public-url", "https://im.example.com")
    try:
        link = server.process.stdout.readline().split()[1]
        assert link.startswith("https://im.example.com/console/#code=")
        status, who = post(server.url, {"code": link.partition("#code=")[2]})
        assert (status, who["sdkappid"], who["identifier"]) == (200, 77, "boss")
    finally:
        assert server.stop()[0] == 0


def test_no_app_no_link(tmp_path):
    server = Server("--console-link", "--data", str(tmp_path / "data"))
    assert server.stop()[:2] == (0, "")


def test_qunzhu_console_prints_a_link(qunzhu, tmp_path):
    place = ("--data", str(tmp_path / "data"))
    server = Server("--demo", *place)
    try:
        link = qunzhu("console", "--url", server.url, *place).out.strip()
        assert link.startswith(f"{server.url}/console/#")
        given = {name: value for name, [value] in parse_qs(urlsplit(link).fragment).items()}
        status, who = post(server.url, {**given, "sdkappid": int(given["sdkappid"])})
        assert (status, who["identifier"]) == (200, "administrator")
        shown = qunzhu("console", "--json", *place).json
        assert set(shown) == {"url", "sdkappid", "identifier", "expires_at"}
    finally:
        assert server.stop()[0] == 0


def test_qunzhu_console_for_who_is_none(qunzhu, tmp_path):
    place = ("--data", str(tmp_path / "data"))
    qunzhu("app", "create", "--name", "mine", *place)
    answer = qunzhu("console", "--admin", "nobody", "--json", *place)
    assert answer.code == 1
    assert "nobody" in answer.error["message"]
    assert qunzhu("console", "--data", str(tmp_path / "elsewhere")).code == 1
