"""``qunzhu double`` over a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.servers import DEMO, Server

EXAMPLE = Path(__file__).parents[2] / "examples" / "seed.yaml"


@pytest.fixture
def double(qunzhu, demo, demo_folder):
    """Run a subcommand against the demo server; the app is empty before."""

    def run(*words: object, stdin: str = ""):
        return qunzhu("double", *words, "--url", demo.url, "--data", demo_folder, stdin=stdin)

    assert run("reset").code == 0
    run("record", "stop")
    run("record", "clear")
    return run


def test_clock(double):
    assert double("clock", "--set", 1_800_000_000, "--freeze", "--json").json["now"] == 1_800_000_000
    assert double("clock", "--advance", 60, "--json").json["now"] == 1_800_000_060
    assert "now\t2027-01-15 08:01:00Z" in double("clock").out
    assert double("clock", "--run", "--json").json["frozen"] is False
    assert double("clock", "--real", "--json").json["real"] is True


def test_faults(double, qunzhu, demo, demo_folder):
    assert double("fault", "get_appid_group_list", "--code", 10002, "--times", 1, "--door", "rest").code == 0
    where = ("--url", demo.url, "--data", demo_folder, "--json")
    assert qunzhu("group", "list", *where).error["ErrorCode"] == 10002
    assert qunzhu("group", "list", *where).code == 0
    assert double("push", "*", "--lose", "--user", "alice", "--probability", 0.5).code == 0
    shown = double("faults", "--json").json
    assert shown["faults"][0]["hits"] == 1
    assert shown["pushes"] == [{"number": 1, "push": "*", "user": "alice", "probability": 0.5, "lose": True, "hits": 0}]
    assert double("faults").out.splitlines()[1].split("\t")[:3] == ["faults", "1", "get_appid_group_list"]
    assert double("faults", "--clear", "--json").json == {"faults": [], "pushes": []}
    refused = double("fault", "get_appid_group_list", "--json")
    assert (refused.code, refused.error["ErrorCode"]) == (1, 10004)


def test_seed_snapshot_reset_restore_cut(double, qunzhu, demo, demo_folder):
    def ids() -> list[str]:
        return qunzhu("group", "list", "--url", demo.url, "--data", demo_folder).out.split()

    assert double("seed", EXAMPLE, "--json").json["groups"] == 3
    assert double("snapshot", "full").out.splitlines()[1].split("\t")[0] == "full"
    assert double("reset").code == 0
    assert "team" not in ids()
    assert double("restore", "full", "--json").json["rows"] > 10
    assert "team" in ids()
    assert double("snapshot", "--drop", "full", "--json").json == {"snapshots": []}
    assert double("restore", "full").code == 1
    assert double("cut", "--platform", "Web", "--json").json == {"ended": 0}
    assert double("seed", "-", "--json", stdin="accounts: [zoe]").json["accounts"] == 1


def test_record_and_show(double, qunzhu, demo, demo_folder):
    assert json.loads(double("record", "start", "--json").out)["record"]["on"] is True
    qunzhu("group", "list", "--url", demo.url, "--data", demo_folder)
    double("record", "stop")
    lines = [json.loads(line) for line in double("record", "get").out.splitlines()]
    assert "get_appid_group_list" in [line["command"] for line in lines]
    assert double("show", "--json").json["record"]["lines"] == len(lines)
    assert "clock" in double("show").out


def test_a_server_without_controls(qunzhu, tmp_path):
    folder = tmp_path / "data"
    qunzhu("app", "create", "--data", folder)
    served = Server("--data", str(folder))
    try:
        for words in (("show",), ("reset",), ("record", "get")):
            answer = qunzhu("double", *words, "--url", served.url, "--data", folder)
            assert answer.code == 1
            assert "has no controls" in answer.err
            assert "--controls" in answer.err
    finally:
        served.stop()
    assert DEMO
