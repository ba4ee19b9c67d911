"""How much the console's first view weighs and how long it takes, with many groups stored: in headless Chromium."""

import http.client
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench import grow, report, target
from bench.machine import Machine
from bench.rounds import Say, median
from bench.target import Target

ENOUGH = 0.99
"""Share of the wanted groups with which a kept folder is used as it is."""
STEP_SECONDS = 5.0
CONNECTIONS = 64
SHOWN = {
    "first view": ("", "() => /\\d/.test(document.querySelector('.tile-value')?.textContent ?? '')"),
    "groups": ("#/groups", "() => document.querySelectorAll('tbody td .mono').length > 0"),
    "a group by its id": (
        "#/groups?q={group}",
        "() => document.querySelector('tbody td .mono') !== null",
    ),
    "create group": ("#/create", "() => document.querySelectorAll('pre code').length === 4"),
}
"""What is opened with an empty cache, and what says that it is there."""


class View(msgspec.Struct, frozen=True):
    """One address: bytes that came over the wire, requests, and milliseconds until it was there (median, slowest)."""

    name: str
    kilobytes: float
    requests: int
    ms: float
    slowest_ms: float


class Result(msgspec.Struct, frozen=True):
    """The kept result."""

    at: str
    machine: Machine
    browser: str
    groups: int
    views: list[View]


@contextmanager
def filled(place: Path, groups: int, say: Say) -> Iterator[Target]:
    """Serve a data folder in which so many groups are stored; what is missing is created first."""
    place.mkdir(parents=True, exist_ok=True)
    with target.served(place) as up:
        missing = groups - stored(up)
        if missing > groups * (1 - ENOUGH):
            pool = target.accounts()
            target.import_accounts(up.job.port, pool)
            job = Target("qunzhu", up.session, target.create_job(up.job.port, pool))
            grow.grow(job, groups=missing, seconds=STEP_SECONDS, connections=CONNECTIONS, say=say)
        yield up


def ask(up: Target, command: str, **fields: Any) -> dict[str, Any]:
    """Call a command as the administrator."""
    connection = http.client.HTTPConnection("127.0.0.1", up.job.port, timeout=60)
    connection.request("POST", f"/v4/{command}?{target.query(target.signatures(1)[0], 1)}", json.dumps(fields))
    reply: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    if reply["ErrorCode"]:
        raise RuntimeError(f"{command}: {reply}")
    return reply


def stored(up: Target) -> int:
    """Return how many groups there are."""
    return int(ask(up, "group_open_http_svc/get_appid_group_list", Limit=1)["TotalCount"])


def views(up: Target, times: int) -> tuple[str, list[View]]:
    """Open each address so many times, each in a browser without cache; return the browser's version too."""
    from playwright.sync_api import sync_playwright

    one = ask(up, "group_open_http_svc/get_appid_group_list", Limit=1)["GroupIdList"][0]["GroupId"]
    url = f"http://127.0.0.1:{up.job.port}"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        found = [
            _view(name, lambda: _once(browser, url, place.format(group=one), there), times)  # noqa: B023 (called at once)
            for name, (place, there) in SHOWN.items()
        ]
        version = browser.version
        browser.close()
    return version, found


def _view(name: str, once: Callable[[], tuple[float, int, int]], times: int) -> View:
    once()  # the browser's own first steps
    runs = [once() for _ in range(times)]
    return View(
        name, round(max(size for _, size, _ in runs) / 1000, 1), runs[0][2], round(median(ms for ms, _, _ in runs), 1),
        round(max(ms for ms, _, _ in runs), 1),
    )  # fmt: skip


def _once(browser: Any, url: str, place: str, there: str) -> tuple[float, int, int]:
    """Return milliseconds, bytes and requests until an address is shown to who is signed in."""
    context = browser.new_context(base_url=url)
    given = {"sdkappid": target.SDKAPPID, "identifier": target.ADMIN, "usersig": target.signatures(1)[0]}
    if not context.request.post("/console/session", data=given, headers={"x-qunzhu-console": "1"}).ok:
        raise RuntimeError("not signed in")
    page = context.new_page()
    wire = context.new_cdp_session(page)
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    began = time.perf_counter()
    page.goto(f"/console/{place}", wait_until="commit")
    page.wait_for_function(there)
    took = (time.perf_counter() - began) * 1000
    context.close()
    return took, sum(sizes), len(sizes)


def show(result: Result, console: Console) -> None:
    """Print the table."""
    table = Table(title=f"console, {result.groups:,} groups stored, Chromium {result.browser}")
    for column in ("view", "kB", "requests", "ms", "slowest ms"):
        table.add_column(column, justify="left" if column == "view" else "right")
    for view in result.views:
        table.add_row(
            view.name, f"{view.kilobytes:.1f}", str(view.requests), f"{view.ms:.0f}", f"{view.slowest_ms:.0f}"
        )
    console.print(table)


def keep(result: Result, folder: Path) -> Path:
    """Write the data under `folder`; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.at}-console-{result.machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return file


def run(place: Path, machine: Machine, *, groups: int, times: int, say: Say) -> Result:
    """Fill the folder where it is not filled yet, and measure."""
    with filled(place, groups, say) as up:
        version, found = views(up, times)
        return Result(report.now(), machine, version, stored(up), found)
