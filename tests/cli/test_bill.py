"""``qunzhu bill``: on a data folder while its server runs, without one, on PostgreSQL; as text, JSON, picture, bars."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from cli.servers import DEMO
from qunzhu.apps import Home, ensure_admins, find_app
from qunzhu.cli.bill_text import bar_of, money
from qunzhu.config import Config
from worlds import World

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def month():
    """Return the running month in the default time zone."""
    return time.strftime("%Y-%m", time.gmtime(time.time() + 8 * 3600))


@contextlib.contextmanager
def filled(home: Home, sdkappid: int, groups: int):
    """Put groups into an app's store, opened as a server opens it."""
    world = World("sqlite")
    store = home.open_control()
    world.app = store.read_now(find_app, sdkappid)
    store.close()
    world.now = int(time.time())
    world.store = home.open_app(sdkappid, world.around)
    world.store.write_now(ensure_admins, world.app, world.now)
    for _ in range(groups):
        world.group(owner=None)
    yield world
    world.store.close()


def test_while_the_server_runs(qunzhu, demo, demo_folder, month):
    place = ("--url", demo.url, "--data", demo_folder)
    ids = [
        qunzhu("group", "create", "--type", "Public", "--name", f"g{n}", "--json", *place).json["GroupId"]
        for n in range(3)
    ]
    assert qunzhu("group", "destroy", ids[0], "--yes", *place).code == 0
    found = qunzhu("bill", "--json", "--data", demo_folder).json
    assert (found["sdkappid"], found["month"], found["finished"]) == (int(DEMO), month, False)
    groups = found["usage"]["groups"]
    assert groups == {"created": 3, "dissolved": 1, "existing": 2, "peak": 3, "net": 2}
    assert (found["plan"], found["assumed"], found["list_name"]) == ("legacy-flagship", True, "overseas-legacy")
    assert (found["bill"]["total"], found["bill"]["partial"]) == ("899.99", False)
    assert [line["item"] for line in found["bill"]["lines"]] == ["plan", "groups", "daily_users"]
    assert found["forecast"]["groups"] >= 3
    assert found["usage"]["days"][-1]["groups"]["peak"] == 3
    assert qunzhu("group", "create", "--type", "Public", "--name", "after", *place).code == 0  # nothing was locked


def test_text(qunzhu, demo, demo_folder):
    lines = qunzhu("bill", "--data", demo_folder, "--prices", "2025").out.splitlines()
    assert lines[0].endswith("plan 2025-pro (assumed)")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines if "\t" in line}
    assert rows["Plan"][-1] == rows["Total"][-1] == "unknown"
    assert rows["Groups, at the month's peak"][1] == "100,000"
    assert rows["Active users, of the month"][1] == "unknown"
    assert any("priced as if on 2025-pro" in line for line in lines)


def test_a_plan_and_its_list(qunzhu, tmp_path):
    qunzhu("app", "create", "--sdkappid", 7, "--plan", "legacy-pro", "--extend", "live_rooms=unlimited",
           "--data", tmp_path / "d")  # fmt: skip
    home = Home(Config(data=str(tmp_path / "d")))
    with filled(home, 7, 60):
        found = qunzhu("bill", "--json", "--data", tmp_path / "d").json
    assert (found["plan"], found["assumed"], found["bill"]["total"]) == ("legacy-pro", False, "899.98")
    assert [line["item"] for line in found["bill"]["lines"]] == ["plan", "groups", "daily_users", "live_rooms"]
    assert next(one for one in found["quotas"] if one["item"] == "live_rooms")["cap"] is None
    trial = qunzhu("bill", "--json", "--data", tmp_path / "d", "--plan", "overseas-developer").json
    assert (trial["list_name"], trial["assumed"], trial["bill"]["partial"]) == ("overseas-2022-12", False, True)
    both = ("--plan", "2025-pro", "--prices", "mainland-legacy")
    assert "mainland-legacy has legacy-trial" in qunzhu("bill", "--data", tmp_path / "d", *both).err


def test_an_app_that_was_never_used(qunzhu, tmp_path):
    qunzhu("app", "create", "--data", tmp_path / "d")
    answer = qunzhu("bill", "--json", "--data", tmp_path / "d")
    assert (answer.code, "was never used" in answer.error["message"]) == (1, True)


def test_a_month_that_is_over(qunzhu, demo, demo_folder):
    found = qunzhu("bill", "--month", "2024-02", "--json", "--data", demo_folder).json
    assert (found["finished"], found["forecast"], found["usage"]["groups"]["peak"]) == (True, None, 0)
    assert len(found["usage"]["days"]) == 29


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--month", "2024-13"], 2, "YYYY-MM"), (["--month", "24-1"], 2, "YYYY-MM"),
        (["--month", "2999-01"], 2, "has not begun"), (["--prices", "gold"], 2, "--prices"),
        (["--plan", "open"], 2, "--plan"), (["--app", "5"], 1, "no app 5"),
    ],
)  # fmt: skip
def test_wrong_options(qunzhu, demo, demo_folder, options, code, named):
    answer = qunzhu("bill", "--json", "--data", demo_folder, *options)
    assert (answer.code, answer.out) == (code, "")
    assert named in answer.error["message"]


def test_picture(qunzhu, demo, demo_folder, tmp_path):
    file = tmp_path / "month.png"
    assert qunzhu("bill", "--data", demo_folder, "--plot", file).code == 0
    assert file.read_bytes().startswith(PNG)
    assert "--plot" in qunzhu("bill", "--data", demo_folder, "--plot", tmp_path / "month.nope").err
    assert "--plot" in qunzhu("bill", "--data", demo_folder, "--plot", tmp_path / "none" / "month.png").err


def test_picture_without_the_extra(qunzhu, demo, demo_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    answer = qunzhu("bill", "--json", "--data", demo_folder, "--plot", tmp_path / "month.png")
    assert (answer.code, "qunzhu[plot]" in answer.error["advice"]) == (1, True)


def test_bars_on_a_terminal(demo, demo_folder):
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "qunzhu", "bill", "--data", str(demo_folder)], stdout=slave, env=os.environ
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal that nobody writes to
            while part := os.read(master, 65536):
                shown += part
        assert process.wait(30) == 0
    os.close(master)
    text = shown.decode()
    assert "Groups at each day's end" in text
    assert "█" in text
    assert "100,000 are free" in text


def test_in_postgres(qunzhu, postgres_url):
    made = qunzhu("app", "create", "--json", "--database", postgres_url).json
    home = Home(Config(database=postgres_url))
    with filled(home, made["sdkappid"], 4):
        found = qunzhu("bill", "--json", "--database", postgres_url, "--app", made["sdkappid"]).json
    assert found["usage"]["groups"]["peak"] == 4


@pytest.mark.parametrize(
    ("value", "bar"),
    [(0, "          │"), (5, "█████     │"), (3.5, "███▌      │"), (10, "██████████│"), (20, "██████████┃")],
)
def test_bars(value, bar):
    shown = bar_of(int(value * 8), 160, 80, width=20)
    assert shown[:11] == bar
    assert len(shown) == 21


@pytest.mark.parametrize(
    ("amount", "text"),
    [("449.99", "449.99"), ("0", "0.00"), ("1000", "1,000.00"), ("399.015", "399.015"), ("1E+3", "1,000.00")],
)
def test_money(amount, text):
    assert money(Decimal(amount)) == text


def test_money_that_is_not_known():
    assert money(None) == "unknown"
