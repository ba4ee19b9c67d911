"""What a command printed, and servers as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any, NamedTuple

DEMO = "1400000000"
READY_SECONDS = 20


class Answer(NamedTuple):
    """What a command printed, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """Return the JSON fault on standard error; nothing else stands there."""
        return json.loads(self.err)["error"]


class Server:
    """A `qunzhu serve` of one's own on a free port."""

    def __init__(self, *options: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qunzhu", "serve", "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | (env or {}),
        )  # fmt: skip
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        self.line = self.process.stdout.readline()
        watchdog.cancel()
        self.url = self.line.split()[2] if self.line else ""

    def stop(self) -> tuple[int, str, str]:
        """Stop it; return exit status, the rest of stdout, and stderr."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=15)
        return self.process.returncode, out, err
