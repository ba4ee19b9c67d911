"""A private PostgreSQL for the tests: its own folder, its own socket, gone when the tests are.

Run as a program it only says, by its exit code, whether this machine has the engine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60
STOP_SECONDS = 30
DURABILITY_OFF = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"

# The engine lives as long as this shell's standard input: closing it, or the death of the tests in any way, stops it.
KEEPER = f"""
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 {DURABILITY_OFF} >"$2/log" 2>&1 &
engine=$!
cat >/dev/null
kill -INT $engine
wait $engine
rm -rf "$2"
"""


def binaries() -> Path | None:
    """Find the folder that holds `initdb` and `postgres`, the newest version first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


@contextmanager
def private_postgres() -> Iterator[str]:
    """Start a PostgreSQL of one's own and yield its URL; stop it and remove its folder afterwards.

    Without an engine on this machine the test that asks is skipped, or fails where CI=true.
    """
    found = binaries() or _no_engine()
    folder = Path(tempfile.mkdtemp(prefix="qunzhu-pg-"))
    account = _hand_over(folder)
    _initdb(found, folder, account)
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(found), str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests; they stop the engine when they are through
        **account,
    )
    try:
        url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
        _wait_until_ready(url, folder)
        yield url
    finally:
        keeper.stdin.close()
        keeper.wait(STOP_SECONDS)


def _version(folder: Path) -> float:
    match = re.search(r"[\d.]+", folder.parent.name)
    return float(match[0]) if match else 0.0


def _no_engine() -> Path:
    reason = "no PostgreSQL engine (initdb, postgres) on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI requires it", pytrace=False)
    pytest.skip(reason)


def _hand_over(folder: Path) -> dict[str, Any]:
    """Give the folder to the account the engine runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": folder}


def _initdb(found: Path, folder: Path, account: dict[str, Any]) -> None:
    command = [found / "initdb", "-D", folder / "data", "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust"]
    done = subprocess.run([*command, "--no-sync"], capture_output=True, text=True, check=False, **account)
    if done.returncode:
        shutil.rmtree(folder)
        pytest.fail(f"initdb failed:\n{done.stdout}{done.stderr}", pytrace=False)


def _wait_until_ready(url: str, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}", pytrace=False)


if __name__ == "__main__":
    sys.exit(0 if binaries() else 1)
