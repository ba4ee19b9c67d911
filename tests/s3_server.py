"""A private S3-compatible store for the tests (moto's server), gone when the tests are."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60
STOP_SECONDS = 20

# The store lives as long as this shell's standard input: closing it, or the death of the tests in any way, stops it.
KEEPER = """
"$1" -m moto.server -H 127.0.0.1 -p 0 >"$2" 2>&1 </dev/null &
store=$!
cat >/dev/null
kill $store
wait $store
"""


@contextmanager
def private_s3(bucket: str) -> Iterator[str]:
    """Start a store with one bucket and yield its URL; stop it afterwards."""
    with TemporaryDirectory(prefix="qunzhu-s3-") as folder:
        log = Path(folder, "log")
        log.touch()
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", sys.executable, log], stdin=subprocess.PIPE, start_new_session=True
        )
        try:
            port = _port(log)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STOP_SECONDS)
            connection.request("PUT", f"/{bucket}")
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            connection.close()
            yield f"http://127.0.0.1:{port}"
        finally:
            keeper.stdin.close()
            keeper.wait(STOP_SECONDS)


def _port(log: Path) -> int:
    """Wait until the store says where it serves."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"Running on http://127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8")):
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError("the store did not start:\n" + log.read_text(encoding="utf-8"))
