"""``qunzhu doctor``, in good and bad situations."""

from __future__ import annotations

import resource
import shutil
import socket

import pytest

from qunzhu.cli import doctor as checks

NAMES = {
    "data folder", "disk space", "filesystem", "durable write", "port", "open files", "clock", "versions", "server",
    "apps", "meters", "media",
}  # fmt: skip


@pytest.fixture
def doctor(qunzhu):
    """Return a function that runs the doctor and gives exit code and rows by check."""

    def run(*words: object):
        answer = qunzhu("doctor", "--json", *words)
        rows = {row["check"]: row for row in answer.json["findings"]}
        assert set(rows) == NAMES
        assert all(row["state"] in {"ok", "warn", "fail"} for row in rows.values())
        assert all(row["advice"] for row in rows.values() if row["state"] != "ok")
        assert answer.json["ok"] is (answer.code == 0)
        return answer.code, rows

    return run


def test_a_good_place(qunzhu, doctor):
    qunzhu("app", "create")
    code, rows = doctor("--listen", "127.0.0.1:0")
    assert code == 0
    for name in ("data folder", "port", "clock", "versions", "server", "apps"):
        assert rows[name]["state"] == "ok", rows[name]
    assert "median of 50" in rows["durable write"]["found"]
    assert rows["apps"]["found"] == "1"


def test_an_empty_place_is_left_as_it_is(doctor, tmp_path):
    code, rows = doctor("--listen", "127.0.0.1:0", "--data", "some/where")
    assert code == 0
    assert "not there yet" in rows["data folder"]["found"]
    assert rows["apps"]["state"] == "warn"
    assert not (tmp_path / "some").exists()


def test_a_file_for_a_folder(doctor, tmp_path):
    (tmp_path / "file").write_text("")
    code, rows = doctor("--data", "file", "--listen", "127.0.0.1:0")
    assert code == 1
    assert rows["data folder"]["state"] == "fail"


def test_a_spoilt_control_store(doctor, tmp_path):
    (tmp_path / "control.db").write_text("this is no database, and longer than a header of one" * 40)
    code, rows = doctor("--data", tmp_path, "--listen", "127.0.0.1:0")
    assert (code, rows["apps"]["state"]) == (1, "fail")


def test_a_port_of_another_program(doctor):
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, rows = doctor("--listen", f"127.0.0.1:{other.getsockname()[1]}")
    assert (code, rows["port"]["state"]) == (1, "fail")
    assert "--listen" in rows["port"]["advice"]


def test_an_address_of_another_machine(doctor):
    code, rows = doctor("--listen", "192.0.2.1:8140")
    assert (code, rows["port"]["state"]) == (1, "fail")


def test_a_running_server(qunzhu, doctor, demo, demo_folder):
    port = demo.url.rpartition(":")[2]
    code, rows = doctor("--data", demo_folder, "--listen", f"127.0.0.1:{port}")
    assert code == 0
    assert "answers" in rows["port"]["found"]
    assert f"pid {demo.process.pid} " in rows["server"]["found"]
    lines = qunzhu("doctor", "--data", demo_folder, "--listen", f"127.0.0.1:{port}").out.splitlines()
    assert lines[0].split("\t") == ["Check", "State", "Found", "Advice"]
    assert len(lines) == len(NAMES) + 1


def test_few_open_files(doctor):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for limit, state in ((1024, "warn"), (200, "fail")):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            row = doctor("--listen", "127.0.0.1:0")[1]["open files"]
            assert (row["state"], "65536" in row["advice"]) == (state, True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_disk(doctor, monkeypatch):
    for free, state in ((50 << 20, "fail"), (500 << 20, "warn"), (5 << 30, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(1 << 40, 0, free))
        assert doctor("--listen", "127.0.0.1:0")[1]["disk space"]["state"] == state


@pytest.mark.parametrize(("kind", "state"), [("nfs4", "fail"), ("tmpfs", "warn"), ("overlay", "warn"), ("ext4", "ok")])
def test_filesystems(doctor, monkeypatch, kind, state):
    monkeypatch.setattr(checks, "_filesystem", lambda _: kind)
    assert doctor("--listen", "127.0.0.1:0")[1]["filesystem"]["state"] == state


def test_a_slow_disk_and_a_jumping_clock(doctor, monkeypatch):
    monkeypatch.setattr(checks, "SLOW_SYNC_MS", 0.0)
    monkeypatch.setattr(checks, "MAX_DRIFT", -1.0)
    code, rows = doctor("--listen", "127.0.0.1:0")
    assert code == 0
    assert (rows["durable write"]["state"], rows["clock"]["state"]) == ("warn", "warn")
