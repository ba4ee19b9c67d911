"""Ten thousand calls through C leave nothing behind."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from capi.library import compiled, sig

if TYPE_CHECKING:
    from pathlib import Path

CALLS = 10_000
KILOBYTES = 1024
"""A tenth of a kilobyte a call would be seen."""


def test_calls_leave_nothing_behind(library_file, server, tmp_path: Path):
    program = compiled("memory.c", tmp_path)
    done = subprocess.run(
        [program, library_file, "memory", sig("memory"), str(CALLS)], env={"QUNZHU_SERVER": server.url},
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    grown, a_second, before = map(int, done.stdout.split())
    assert grown < KILOBYTES, (grown, a_second, before)
