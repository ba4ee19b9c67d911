"""A process of ours beside the tests: started with a clean environment, watched until it is ready, ended with them."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

READY_SECONDS = 20.0
STOP_SECONDS = 10.0
_PYTHON = frozenset({
    "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX",
})  # fmt: skip
_OTHERS = ("QUNZHU_", "PYTHON", "COV_", "COVERAGE_")


class ServerFailed(Exception):
    """A process did not start; the text has what it wrote."""


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment without what would change our process: servers' settings, debugging, coverage."""
    return {name: value for name, value in environ.items() if name in _PYTHON or not name.startswith(_OTHERS)}


class Process:
    """A module of ours, run with some words: see ``qunzhu.cli.tethered``.

    It has a session of its own, so that Ctrl-C comes to the tests alone, and ends with this process however that ends.
    """

    def __init__(self, words: Sequence[str], log: Path, environ: Mapping[str, str]) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", "qunzhu.cli.tethered", *words], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, env=clean_environment() | dict(environ), start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def ready(self) -> str:
        """Wait until it says that it is ready, and return the line with which it does; raise ``ServerFailed``."""
        out = self._process.stdout
        assert out is not None  # noqa: S101 - it is a pipe
        deadline, seen = time.monotonic() + READY_SECONDS, b""
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while not seen.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise ServerFailed(f"not ready in {READY_SECONDS:g} s: {self._wrote()}")
                piece = os.read(out.fileno(), 4096)
                if not piece:
                    raise ServerFailed(self._wrote())
                seen += piece
        return seen.decode().strip()

    def _wrote(self) -> str:
        with contextlib.suppress(OSError):
            return self._log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()
        return "it ended at once"

    def stop(self) -> int:
        """End it, by force if it does not, and return its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return code
