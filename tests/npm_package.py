"""The reference SDK's npm package with the project's library in it, and pages of it that run in Node."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.capi.build import build
from qunzhu.capi.install import install
from qunzhu.capi.needs import needs
from served import SDKAPPID, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from served import Server

EXAMPLE = Path(__file__).parents[1] / "examples/electron"
PAGE = Path(__file__).parent / "capi/node/page.js"
LIBRARIES = "node_modules/im_electron_sdk/lib"
SECONDS = 20.0
INSTALL_SECONDS = 90
INSTALL = (
    "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)  # fmt: skip
FAULT = re.compile(r"^Traceback .*|.* was destroyed but it is pending.*", re.MULTILINE)
"""What the library writes where something of its own went wrong."""
UNREACHABLE = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENETWORK)\b")


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> Path:
    """Return a folder in which the package is installed, once for all processes of a test run.

    Where the library cannot be made, or Node, npm or the registry is missing, tests are skipped, or fail where CI=true.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "npm"
    folder.mkdir(exist_ok=True)
    done, missing = folder / "done", folder / "missing"
    with locked(folder):
        if not done.exists() and not missing.exists():
            reason = _reason() or _install(folder / "example")
            (missing if reason else done).write_text(reason)
    if missing.exists():
        _skip(missing.read_text())
    return folder / "example"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process of a test run at a time work in a folder."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _reason() -> str:
    missing = [need.what for need in needs()] + [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"missing on this machine: {', '.join(missing)}" if missing else ""


def _install(folder: Path) -> str:
    """Install what the example asks for, and put the library in; return why that cannot be done here."""
    kept = shutil.ignore_patterns("node_modules", "out", "package-lock.json")
    shutil.copytree(EXAMPLE, folder, ignore=kept, dirs_exist_ok=True)
    try:
        ran = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm reaches no registry in {INSTALL_SECONDS} s"
    if ran.returncode and UNREACHABLE.search(ran.stderr):
        return f"npm reaches no registry: {ran.stderr.strip().splitlines()[0]}"
    assert ran.returncode == 0, ran.stderr
    for theirs in [path for path in (folder / LIBRARIES).rglob("*") if path.is_file()]:
        theirs.unlink()  # they are big, and none may be loaded by mistake
    install(folder, build(folder.parent / "library"))
    return ""


def _skip(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; CI requires it", pytrace=False)
    pytest.skip(reason)


class Ended(Exception):
    """The Node process is gone: its exit status, and what it wrote last."""


class Page:
    """A Node process with the package in it: ``page``, the way through Electron's stub, or ``plain``, without it.

    What listeners are told is in ``events``: the name given to `heard_as`, then a list of arguments.
    """

    def __init__(self, package: Path, home: Path, server: Server, kind: str = "page") -> None:
        self._home = home
        self.log = home / "log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["node", str(PAGE), kind, str(SDKAPPID)], cwd=package, text=True, encoding="utf-8",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, "HOME": str(home), "QUNZHU_SERVER": server.url},
            )  # fmt: skip
        self.events: list[tuple[str, list[Any]]] = []
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._early: dict[int, dict[str, Any]] = {}
        self._ids = itertools.count(1)
        threading.Thread(target=self._read, daemon=True).start()
        assert self._answers.get(timeout=SECONDS) == {"ready": True}

    def _read(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            if "event" in said:
                self.events.append((said["event"], said["args"]))
            else:
                self._answers.put(said)
        self._answers.put(None)

    def begin(self, **order: Any) -> int:
        """Give an order, and return its number."""
        number = next(self._ids)
        try:
            self._process.stdin.write(json.dumps({"id": number, **order}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return number

    def end(self, number: int) -> dict[str, Any]:
        """Wait for the answer to an order: ``result`` or ``fault`` is in it."""
        deadline = time.monotonic() + SECONDS
        while number not in self._early:
            try:
                answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise Ended(f"no answer in {SECONDS} s: {self._tail()}") from None
            if answer is None:
                raise self._ended()
            self._early[answer["id"]] = answer
        return self._early.pop(number)

    def call(self, method: str, *args: Any) -> Any:
        """Call a method, and return what it resolves to or is rejected with."""
        answer = self.end(self.begin(method=method, args=args))
        return answer.get("result", answer.get("fault"))

    def enter(self, user: str) -> None:
        """Start the SDK and log a user in."""
        assert self.call("TIMInit") == 0
        answer = self.call("TIMLogin", {"userID": user, "userSig": usersig(user), "userData": "login's own"})
        assert answer == {"code": 0, "desc": "", "json_param": "", "user_data": "login's own"}

    def until(self, condition: Any) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, (self.events, self._tail())
            time.sleep(0.005)

    def close(self) -> int:
        """Let the process end itself; return its exit status."""
        if self._process.poll() is None:
            self.begin(exit=0)
        code = self._process.wait(SECONDS)
        self._process.stdin.close()
        self._process.stdout.close()
        return code

    def faults(self) -> list[str]:
        """Return what the library wrote of faults of its own, to standard error or to its log."""
        logs = [self.log, *self._home.rglob("*.log*")]
        return [fault for log in logs for fault in FAULT.findall(log.read_text(errors="replace"))]

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def _ended(self) -> Ended:
        return Ended(f"Node ended with {self._process.wait(SECONDS)}: {self._tail()}")


def heard_as(name: str) -> dict[str, str]:
    """Return what stands for a callback in a call's arguments."""
    return {"$": "callback", "name": name}


@contextmanager
def opened(package: Path, home: Path, server: Server, kind: str = "page") -> Iterator[Page]:
    """Open a page; in the end its process must end by itself, and well."""
    page = Page(package, home, server, kind)
    try:
        yield page
    except BaseException:
        page._process.kill()
        page.close()
        raise
    assert page.close() == 0, page._tail()
    assert page.faults() == []
