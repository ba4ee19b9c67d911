"""A server removes the messages of a group that is gone, beside its other work, and goes on after a crash."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from typing import TYPE_CHECKING

from served import WAIT, Server

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 2500
GROUPS = "group_open_http_svc/"


def left(path: Path) -> tuple[int, int]:
    """Count messages, and streams that are still to be removed."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        [(messages,)] = store.execute("SELECT count(*) FROM messages").fetchall()
        [(doomed,)] = store.execute("SELECT count(*) FROM doomed").fetchall()
    return messages, doomed


def until(path: Path, most: int) -> int:
    """Wait until no more than so many messages are there."""
    end = time.monotonic() + WAIT
    while (messages := left(path)[0]) > most:
        assert time.monotonic() < end, messages
        time.sleep(0.05)
    return messages


def test_it_goes_on_after_a_crash(tmp_path):
    server = Server(tmp_path)
    for name in ("gone", "kept"):
        answer = server.rest(GROUPS + "create_group", Type="Public", Name="n", GroupId=name)
        assert answer["ErrorCode"] == 0, answer
    server.stop()
    [path] = [path for path in (tmp_path / "data").rglob("*.db") if "control" not in path.name]
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.executemany(
            "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
            " SELECT num, 0, ?, 1, 'alice', 1, 0, 0, 0, '{}' FROM groups", [(seq,) for seq in range(2, ROWS + 2)],
        )  # fmt: skip
        store.commit()
    server.start()
    assert server.rest(GROUPS + "destroy_group", GroupId="gone")["ErrorCode"] == 0
    assert until(path, 2 * ROWS - 100) > ROWS
    server.stop(signal.SIGKILL)
    before = left(path)
    assert before[0] > ROWS
    assert before[1] == 1
    server.start()
    assert until(path, ROWS) == ROWS
    answer = server.rest(GROUPS + "get_group_info", GroupIdList=["kept"])
    assert answer["GroupInfo"][0]["ErrorCode"] == 0
    server.stop()
    assert left(path) == (ROWS, 0)
