"""A real server in a process of its own, and logged-in SDKs."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.core.token import make_usersig
from qunzhu.tim import TimRender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SDKAPPID = 1400000000
KEY = "qunzhu-demo-key-for-local-use-only"
ADMIN = "administrator"
WAIT = 20.0


def usersig(user: str, expire: int = 86400) -> str:
    """Return a UserSig of the demo app."""
    return make_usersig(KEY, SDKAPPID, user, now=int(time.time()), expire=expire)


class Server:
    """A `qunzhu serve --demo` process that can be stopped, killed and started again on the same port and folder."""

    def __init__(self, folder: Path, *options: str, heartbeat: int = 5) -> None:
        self.folder = folder
        self._options = options
        self._heartbeat = str(heartbeat)
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start, and wait for the ready line."""
        command = [sys.executable, "-m", "qunzhu", "serve", "--demo", "--data", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{self.port}", *self._options], stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, "QUNZHU_HEARTBEAT": self._heartbeat},
            )  # fmt: skip
        line = self.process.stdout.readline().decode()
        assert line.startswith("qunzhu ready"), (self.folder / "log").read_text()
        self.port = int(line.split()[2].rpartition(":")[2])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit status."""
        self.process.send_signal(how)
        code = self.process.wait(WAIT)
        self.process.stdout.close()
        return code

    @property
    def url(self) -> str:
        """Return the gateway's address."""
        return f"ws://127.0.0.1:{self.port}"

    def rest(self, path: str, **body: Any) -> dict[str, Any]:
        """Call the server API as the app administrator."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        query = f"sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={usersig(ADMIN)}&random=1&contenttype=json"
        connection.request("POST", f"/v4/{path}?{query}", json.dumps(body))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Serve to all tests of a module."""
    served = Server(tmp_path_factory.mktemp("server"))
    yield served
    served.stop()


class Ears:
    """Collects what listeners of one SDK are told."""

    def __init__(self) -> None:
        self.tips: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.calls: list[tuple[str, list[Any]]] = []

    async def attach(self, tim: TimRender) -> None:
        """Listen to everything."""
        await tim.TIMSetGroupTipsEventCallback({"callback": self._tip, "data": "tips' own"})
        await tim.TIMAddRecvNewMsgCallback({"callback": self._message, "user_data": "messages' own"})
        await tim.TIMSetKickedOfflineCallback({"callback": self._named("kicked"), "userData": "k"})
        await tim.TIMSetUserSigExpiredCallback({"callback": self._named("expired"), "userData": "e"})
        await tim.TIMSetNetworkStatusListenerCallback({"callback": self._named("network"), "userData": "n"})

    def _tip(self, args: list[Any]) -> None:
        text, data = args
        assert data == "tips' own"
        self.tips.append(json.loads(text))

    def _message(self, args: list[Any]) -> None:
        text, data = args
        assert data == "messages' own"
        self.messages += json.loads(text)

    def _named(self, name: str) -> Callable[[list[Any]], None]:
        return lambda args: self.calls.append((name, args))

    def reports(self) -> list[tuple[int, str]]:
        """Return the system notices: type and group."""
        elems = [elem for message in self.messages for elem in message["message_elem_array"] if elem["elem_type"] == 8]
        return [(elem["group_report_elem_report_type"], elem["group_report_elem_group_id"]) for elem in elems]

    def networks(self) -> list[int]:
        """Return the network states told."""
        return [args[0] for name, args in self.calls if name == "network"]


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(WAIT):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def signed_in(server: Server, user: str) -> AsyncIterator[tuple[TimRender, Ears]]:
    """Give an SDK in which a user is logged in, with ears."""
    tim, ears = TimRender(SDKAPPID, server.url), Ears()
    await tim.TIMInit()
    await ears.attach(tim)
    result = await tim.TIMLogin({"userID": user, "userSig": usersig(user), "userData": "login's own"})
    assert result["code"] == 0, result
    assert result["user_data"] == "login's own"
    try:
        yield tim, ears
    finally:
        await tim.TIMUninit()
