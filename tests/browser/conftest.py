"""One server for a process, one browser for a module's journeys, and visits that must end without a fault."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from browser.chromium import SECONDS, Visit, launched, need_chromium
from served import SDKAPPID, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

PEOPLE = ["alice", "bob", "carol", "dave"]
_numbers = itertools.count(1)


def operate(folder: Path, *command: str) -> None:
    """Do what the server's operator does in a terminal; a running server follows within a second."""
    subprocess.run(
        [sys.executable, "-m", "qunzhu", *command, "--data", str(folder / "data")], check=True, capture_output=True
    )


def wait(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def followed(visit: Visit, url: str) -> None:
    """Wait until the running server knows where its operator has callbacks go now."""
    wait(lambda: visit.context.request.get("/console/data/callbacks?limit=1").json()["settings"]["url"] == url)


@contextmanager
def called_back(server: Server, url: str, *names: str) -> Iterator[None]:
    """Have callbacks go to a URL, and given up after one try; nothing is left of them in the end."""
    switches = [part for name in names for part in ("--callback", name)]
    operate(server.folder, "app", "set", str(SDKAPPID), "--callback-url", url, *switches, "--callback-tries", "1")
    yield
    operate(server.folder, "app", "set", str(SDKAPPID), "--callback-url", "", "--callback", "")
    operate(server.folder, "callbacks", "drop", "--all", "--app", str(SDKAPPID))


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """Serve the demo, with custom fields, to all browser tests of this process."""
    need_chromium()
    served = Server(tmp_path_factory.mktemp("console"))
    operate(served.folder, "app", "set", str(SDKAPPID), "--group-field", "colour", "--member-field", "team")
    answer = served.rest("im_open_login_svc/multiaccount_import", Accounts=PEOPLE)
    assert answer["ErrorCode"] == 0, answer
    field = {"Type": "Public", "Name": "Painted", "AppDefinedData": [{"Key": "colour", "Value": "red"}]}
    wait(lambda: served.rest("group_open_http_svc/create_group", **field)["ErrorCode"] == 0)
    yield served
    served.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium. It ends with the module: its driver keeps a loop running, beside which no other can run."""
    with launched(need_chromium()) as started:
        yield started


@pytest.fixture(params=["en", "zh"])
def language(request) -> str:
    """Say each journey in both languages."""
    return request.param


@pytest.fixture
def visits(browser, server) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a visit; each must end without a fault."""
    opened: list[Visit] = []

    def visit(language: str = "en", **options) -> Visit:
        opened.append(Visit(browser, f"http://127.0.0.1:{server.port}", language, **options))
        return opened[-1]

    yield visit
    for one in opened:
        one.check()
        one.close()


@pytest.fixture
def visit(visits, language) -> Visit:
    """Open the console as its administrator, in each language."""
    return visits(language).sign_in()


@pytest.fixture
def group(server) -> str:
    """Make a public group of alice's with bob and carol in it."""
    group_id = f"team-{next(_numbers)}"
    members = [{"Member_Account": "bob"}, {"Member_Account": "carol"}]
    answer = server.rest(
        "group_open_http_svc/create_group", Type="Public", Name=f"Team {group_id}", GroupId=group_id,
        Owner_Account="alice", MemberList=members, Introduction="What we do", Notification="On Monday",
    )  # fmt: skip
    assert answer["ErrorCode"] == 0, answer
    return group_id
