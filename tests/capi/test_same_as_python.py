"""One scenario through the npm package and through the Python SDK: every result and every event is the same.

In the package one user has a page, the other does without Electron.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from capi.calls import BASE_LISTENERS
from capi.scenario import NAMED, NEXT_SECOND, SCENARIO, Step
from npm_package import SECONDS, heard_as, opened
from qunzhu.tim import TimRender
from served import SDKAPPID, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from npm_package import Page
    from served import Server

USERS = {"alice": "page", "bob": "plain"}
"""Users, and by which way of the package they go."""
QUIET_SECONDS = 0.04
"""So long nothing may come before what a step causes counts as told."""
VOLATILE = re.compile(r"_(rand|unique_id|seq|pendency_key|file_id)$")
"""Keys of numbers and names that differ from run to run."""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
SMALL = 10_000
NOTHING = (None, "", {}, [])
"""What the package makes of an empty text depends on what it expects."""
TIME = re.compile(r"\b1[67]\d{8}(\d{3}|\d{6})?\b")
MESSAGE_ID = re.compile(r"-1[67]\d{8}-\d+\b")
NO_USER_DATA = {"TIMSetMsgExtensionsChangedCallback", "TIMSetMsgExtensionsDeletedCallback"}
"""The package leaves the user data out of what it tells these."""
WITHOUT_PARAMETER = {"TIMGetLoginUserID"}
"""What takes nothing in Python, and an object in the package."""
AT_ONCE = {-1, -2, -3}
"""Codes that a C function returns: nothing goes with them."""
SILENT = {"TIMSetUserSigExpiredCallback"}
"""What nothing is told of in the scenario."""
BY_TIME = {"TIMConvGetConvList", "TIMConvGetConversationListByFilter"}
"""Lists in the order of times in whole seconds."""
OWN = {"TIMSetLogCallback"}
"""What tells of the process, and not of what the users do."""
LISTENERS = [call.c for call in BASE_LISTENERS if hasattr(TimRender, call.c) and call.c not in OWN]
Event = tuple[str, list[Any]]


class InPython:
    """A user of the Python SDK."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server) -> None:
        self._loop = loop
        self._tim = TimRender(SDKAPPID, server.url)
        self.events: list[Event] = []

    def call(self, method: str, *args: Any) -> Any:
        """Call a method and wait for its result."""
        args = () if method in WITHOUT_PARAMETER else args
        return asyncio.run_coroutine_threadsafe(getattr(self._tim, method)(*args), self._loop).result(SECONDS)

    def listen(self, name: str, data: str) -> None:
        """Listen to one thing."""
        heard = lambda args: self.events.append((name, args))  # noqa: E731 - as short as it is
        self.call(name, {"callback": heard, "user_data": data})


class InNode:
    """A user of the npm package."""

    def __init__(self, page: Page, kind: str) -> None:
        self.call = page.call
        self._page = page
        self._kind = kind

    @property
    def events(self) -> list[Event]:
        """Return what was told: a page's listener has one argument, an array of all."""
        return [(name, args[0] if self._kind == "page" else args) for name, args in self._page.events]

    def listen(self, name: str, data: str) -> None:
        """Listen to one thing; the key of the user data differs from one to the next."""
        given = dict.fromkeys(("data", "userData", "user_data"), data)
        self.call(name, {"callback": heard_as(name), **given})


@contextmanager
def in_python(server: Server) -> Iterator[dict[str, Any]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sides = {user: InPython(loop, server) for user in USERS}
    try:
        yield sides
    finally:
        for side in sides.values():
            side.call("TIMUninit")
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


@contextmanager
def in_node(server: Server, package, folder) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        homes = {user: folder / user for user in USERS}
        for home in homes.values():
            home.mkdir()
        pages = {user: stack.enter_context(opened(package, homes[user], server, kind)) for user, kind in USERS.items()}
        yield {user: InNode(page, USERS[user]) for user, page in pages.items()}


class Run:
    """The scenario through one SDK: results, and events, with names in place of what differs from run to run."""

    def __init__(self, prefix: str, sides: dict[str, Any], server: Server, file: Path) -> None:
        self.prefix = prefix
        self.sides = sides
        self.server = server
        self.patience = 2.0
        self.names: dict[str, Any] = {name: f"{prefix}{name}" for name in NAMED}
        self.names |= {"club": f"@TGS#_{self.names['club']}", "file": str(file)}
        for user in ("alice", "bob", "carol"):
            server.rest("im_open_login_svc/account_import", UserID=self.names[user])
        for user, side in sides.items():
            assert side.call("TIMInit") == 0
            for name in LISTENERS:
                side.listen(name, f"{name} of {user}")
            login = {"userID": self.names[user], "userSig": usersig(self.names[user]), "userData": ""}
            assert side.call("TIMLogin", login)["code"] == 0
        self.results: list[Any] = []

    def step(self, step: Step) -> None:
        """Make one call, and keep its result."""
        if step is NEXT_SECOND:
            time.sleep(1.01 - time.time() % 1)
            return
        if step.who == "rest":
            self.results.append((step.method, self.server.rest(step.method, **self.filled(step.param))))
            return
        result = self.sides[step.who].call(step.method, *([] if step.param is None else [self.filled(step.param)]))
        plain = plain_result(result)
        if plain.get("code") in AT_ONCE:
            plain = {"code": plain["code"]}
        for name, path in step.saved:
            self.names[name] = at(plain["json"], path)
        if step.method in BY_TIME:
            plain["json"] = sorted(conversations(plain["json"]), key=lambda one: one["conv_id"])
        self.results.append((step.who, step.method, self.tidy(plain)))

    def counts(self) -> dict[str, int]:
        """Return how many events each user was told."""
        return {user: len(side.events) for user, side in self.sides.items()}

    def events(self, user: str) -> dict[str, list[Any]]:
        """Return what each listener of a user was told, in order."""
        told: dict[str, list[Any]] = {name: [] for name in LISTENERS}
        for name, args in self.sides[user].events:
            assert args[-1] in {f"{name} of {user}", ""} or name in NO_USER_DATA
            own = args[:2] if name in NO_USER_DATA else args[:-1]
            told[name].append(self.tidy([parsed(arg) for arg in own]))
        return told

    def filled(self, value: Any) -> Any:
        """Return a parameter with what its names stand for."""
        if isinstance(value, dict):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if value[1:] in self.names and value[:1] == "$":
            return self.names[value[1:]]
        filled = re.sub(r"\$text:(\w+)", lambda match: json.dumps(self.names[match[1]]), value)
        return re.sub(r"\$(\w+)", lambda match: self.names[match[1]], filled)

    def tidy(self, value: Any) -> Any:
        """Return a value without what differs from run to run."""
        if isinstance(value, dict):
            return {key: mark(inner) if VOLATILE.search(key) else self.tidy(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.tidy(inner) for inner in value]
        if isinstance(value, str):
            for name in ("meeting", "topic", "role"):
                if isinstance(self.names.get(name), str):
                    value = value.replace(self.names[name], f"<{name}>")
            value = LINK.sub("<link>", value)
            return TIME.sub("<time>", MESSAGE_ID.sub("-<id>", value.replace(self.prefix, "")))
        return "<time>" if isinstance(value, int) and TIME.search(str(value)) else value


def mark(value: Any) -> Any:
    """Return what stands for what differs from run to run; small numbers do not."""
    return "some" if (isinstance(value, int) and value > SMALL) or (isinstance(value, str) and value) else value


def plain_result(result: Any) -> dict[str, Any]:
    """Return code, text and JSON of a result, whichever of its keys hold them."""
    if not isinstance(result, dict):
        return {"result": result}
    values = [parsed(result.get(key)) for key in ("json_param", "json_params")]
    found = next((value for value in values if value not in NOTHING), "")
    return {
        "code": result.get("code"),
        "desc": result.get("desc", ""),
        "json": found,
        "data": result.get("user_data", ""),
    }


def conversations(found: Any) -> list[dict[str, Any]]:
    """Return the conversations of a list, or of a page of one."""
    return found if isinstance(found, list) else found["conversation_list_result_conv_list"]


def parsed(value: Any) -> Any:
    """Return what a text says where it is JSON of an object or array."""
    return json.loads(value) if isinstance(value, str) and value[:1] in {"[", "{"} else value


def at(value: Any, path: str) -> Any:
    """Return the part of a value that a path leads to."""
    for key in filter(None, path.split(".")):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def settle(run: Run) -> dict[str, int]:
    """Wait until nothing more is told."""
    counts, since = run.counts(), time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        time.sleep(0.005)
        if (now := run.counts()) != counts:
            counts, since = now, time.monotonic()
    return counts


def reach(run: Run, counts: dict[str, int]) -> None:
    """Wait until as much has been told as the other SDK told; too little shows later, and is waited for once."""
    deadline = time.monotonic() + run.patience
    while any(run.counts()[user] < number for user, number in counts.items()):
        if time.monotonic() > deadline:
            run.patience = QUIET_SECONDS
            return
        time.sleep(0.002)


def played_in_python(server: Server, file: Path) -> tuple[Run, list[dict[str, int]]]:
    """Play the scenario through the Python SDK; return how much had been told after each step, too."""
    with in_python(server) as sides:
        run = Run("px-", sides, server, file)
        counts = [settle(run)]
        for step in SCENARIO:
            run.step(step)
            counts.append(settle(run))
    return run, counts


def played_in_node(server: Server, package: Path, file: Path, counts: list[dict[str, int]]) -> Run:
    """Play the scenario through the npm package, each step when all is told that the one before it caused."""
    with in_node(server, package, file.parent) as sides:
        run = Run("nx-", sides, server, file)
        reach(run, counts[0])
        for step, wanted in zip(SCENARIO, counts[1:], strict=True):
            run.step(step)
            reach(run, wanted)
        settle(run)
    return run


def test_every_result_and_every_event_is_the_same(package, tmp_path, server):
    file = tmp_path / "a.txt"
    file.write_text("abc")
    python, counts = played_in_python(server, file)
    node = played_in_node(server, package, file, counts)
    for ours, theirs in zip(python.results, node.results, strict=True):
        assert theirs == ours
    for user in USERS:
        assert node.events(user) == python.events(user), user
    heard = {name for user in USERS for name, told in node.events(user).items() if told}
    assert set(LISTENERS) - heard == SILENT
