"""The pytest plugin, as test files of others use it: each run is a pytest of its own."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from qunzhu.testing import Server

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/testing"
NAME = "qunzhu.testing.plugin"
REVERSED = """
def pytest_collection_modifyitems(items):
    items.reverse()
"""
TWO = """
def groups(double):
    return [one["GroupId"] for one in double.rest("get_appid_group_list")["GroupIdList"]]

def test_one(qunzhu):
    assert groups(qunzhu) == []
    qunzhu.rest("create_group", Type="Public", Name="a group", GroupId="same")

def test_two(qunzhu):
    assert groups(qunzhu) == {second}
"""


def run(folder: Path, *words: str, **env: str) -> tuple[dict[str, int], str]:
    """Run pytest in a process of its own; return its counts by outcome, and what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "QUNZHU_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", NAME, "-p", "no:cacheprovider", "-q", "--rootdir", str(folder), *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100, env=clean | env,
    )  # fmt: skip
    counts = re.findall(r"(\d+) (passed|failed|errors?|skipped)", done.stdout.rpartition("\n\n")[2] or done.stdout)
    return {outcome: int(number) for number, outcome in counts}, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path):
    """Name a folder with a pytest.ini of its own."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    return tmp_path


def test_it_is_what_the_package_says():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"qunzhu": NAME}
    assert callable(importlib.import_module(NAME).pytest_addoption)


def test_it_costs_a_run_without_it_little():
    code = f"import sys, {NAME}\nprint(*(name for name in sys.modules if name.startswith('qunzhu')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["qunzhu", "qunzhu.testing", NAME]


@pytest.mark.parametrize("words", [(), ("-p", "backwards"), ("-n", "2")], ids=["forwards", "backwards", "parallel"])
def test_the_example(tmp_path, words):
    (tmp_path / "backwards.py").write_text(REVERSED)
    counts, out = run(EXAMPLE, "test_shop.py", *words, PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert counts == {"passed": 50}, out


def test_the_example_of_the_controls():
    counts, out = run(EXAMPLE, "test_hard_days.py")
    assert counts == {"passed": 7}, out


def test_an_app_for_each_test(folder):
    (folder / "test_it.py").write_text(TWO.format(second=[]))
    assert run(folder)[0] == {"passed": 2}


@pytest.mark.parametrize("way", ["option", "ini", "marker"])
def test_an_app_for_the_run(folder, way):
    text = TWO.format(second=["same"])
    if way == "marker":
        text = "import pytest\npytestmark = pytest.mark.qunzhu(scope='session')\n" + text
    if way == "ini":
        (folder / "pytest.ini").write_text("[pytest]\nqunzhu_scope = session\n")
    (folder / "test_it.py").write_text(text)
    counts, out = run(folder, *(("--qunzhu-scope", "session") if way == "option" else ()))
    assert counts == {"passed": 2}, out


def test_values_of_a_marker(folder):
    (folder / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.qunzhu(admins=('boss', 'other'), plan='2025-trial')\n"
        "def test_values(qunzhu):\n"
        "    group = qunzhu.rest('create_group', Type='Public', Name='a group')['GroupId']\n"
        "    [info] = qunzhu.rest('get_group_info', GroupIdList=[group])['GroupInfo']\n"
        "    assert (qunzhu.admin, info['MaxMemberNum']) == ('boss', 20)\n"
        "@pytest.mark.qunzhu(scope='session', plan='2025-trial')\n"
        "def test_wrong(qunzhu):\n"
        "    pass\n"
    )
    counts, out = run(folder)
    assert counts == {"passed": 1, "error": 1}, out
    assert "scope 'session' with {'plan': '2025-trial'}" in out


def test_https(folder):
    (folder / "pytest.ini").write_text("[pytest]\nqunzhu_https = true\n")
    (folder / "test_it.py").write_text(
        "import requests\n"
        "def test_fixed_host(qunzhu, monkeypatch):\n"
        "    for name, value in qunzhu.environ.items():\n"
        "        monkeypatch.setenv(name, value)\n"
        "    assert requests.get('https://console.tim.qq.com/health').json()['status'] == 'ok'\n"
    )
    counts, out = run(folder)
    assert counts == {"passed": 1}, out


def test_a_server_that_runs_already(folder):
    (folder / "test_it.py").write_text(TWO.format(second=[]))
    with Server() as server:
        place = ("--qunzhu-url", server.url, "--qunzhu-data", str(server.folder / "data"))
        counts, out = run(folder, *place)
        assert counts == {"passed": 2}, out
        counts, out = run(folder, *place, "-n", "2")
        assert counts == {"passed": 2}, out
    assert "give --qunzhu-data as well" in run(folder, "--qunzhu-url", server.url, "-n", "2")[1]


def test_an_app_elsewhere_is_reset_for_each_test(folder):
    (folder / "test_it.py").write_text(TWO.format(second=[]))
    with Server() as server, server.app() as app:
        named = ("--qunzhu-app", str(app.sdkappid), "--qunzhu-key", app.key, "--qunzhu-admin", app.admin)
        counts, out = run(folder, "--qunzhu-url", server.url, *named)
        assert counts == {"passed": 2}, out


def test_a_wrong_setting(folder):
    (folder / "pytest.ini").write_text("[pytest]\nqunzhu_scope = module\n")
    assert "qunzhu_scope: 'module' is not one of test, session" in run(folder)[1]
