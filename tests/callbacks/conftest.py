"""An app whose callbacks go to a receiver, called through both doors."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from conftest import ENGINES
from qunzhu.apps import change_app
from qunzhu.push import callback_client
from qunzhu.store.postgres import drop_schema
from receiver import receiving
from served import SDKAPPID
from wire.doors import Door
from wire.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from receiver import Got, Receiver

HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run an app's own server."""
    with receiving() as one:
        yield one


class Asking:
    """The demo app with its own server, people and groups."""

    def __init__(self, door: Door, receiver: Receiver) -> None:
        self.door = door
        self.receiver = receiver
        self._gates: dict[str, Gate] = {}
        self._random = itertools.count(1)
        self.rest("im_open_login_svc/multiaccount_import", Accounts=["ann", "ben", "eve", "tom"])

    def set(self, *commands: str, **more: Any) -> None:
        """Switch callbacks on, and let that take effect."""
        self.setting(callbacks={"url": self.receiver.url, "commands": commands, **more})
        self.receiver.got.clear()

    def setting(self, **changes: Any) -> None:
        """Change settings of the app."""
        called = changes.pop("callbacks", {})
        self.door.run(self.door.backend._control.write(change_app, SDKAPPID, {}, changes, called))
        self.door.run(self.door.backend._refresh(SDKAPPID))

    def rest(self, path: str, **fields: Any) -> dict[str, Any]:
        """Call a command as an administrator, and return the answer, which must be OK."""
        answer = self.door.call(path, fields)
        assert answer["ErrorCode"] == 0, answer
        return answer

    def refused(self, path: str, **fields: Any) -> tuple[int, str]:
        """Call a command as an administrator, and return code and text of its refusal."""
        answer = self.door.call(path, fields)
        assert answer["ErrorCode"] != 0, answer
        return answer["ErrorCode"], answer["ErrorInfo"]

    def gate(self, user: str) -> Gate:
        """Return a user's session."""
        if user not in self._gates:
            self._gates[user] = Gate(self.door).login(user)
        return self._gates[user]

    def user(self, user: str, name: str, **fields: Any) -> dict[str, Any]:
        """Call a command as a user, and return what the answer has: ``result`` or ``error``."""
        answer = self.gate(user).call(name, **fields)
        return answer.get("result", answer.get("error"))

    def group(self, kind: str = "Public", owner: str = "ann", **fields: Any) -> str:
        """Make a group."""
        made = self.rest("group_open_http_svc/create_group", Type=kind, Name="club", Owner_Account=owner, **fields)
        return made["GroupId"]

    def message(self, group: str, **fields: Any) -> dict[str, Any]:
        """Return the fields of a message to a group."""
        return {"GroupId": group, "Random": next(self._random), "MsgBody": HELLO, **fields}

    def history(self, group: str) -> list[dict[str, Any]]:
        """Return the messages that a group has, newest first."""
        page = self.rest("group_open_http_svc/group_msg_get_simple", GroupId=group, ReqMsgNumber=20)
        return page["RspMsgList"]

    def counted(self, command: str) -> dict[str, int]:
        """Return what became of a callback, and how often."""
        return {
            result: number for (name, result), number in self.door.backend.tally.callbacks.items() if name == command
        }

    def only(self) -> Got:
        """Return the only callback that came."""
        [got] = self.receiver.got
        return got

    def close(self) -> None:
        for gate in self._gates.values():
            gate.close()


def opened(folder: Path, receiver: Receiver, **settings: Any) -> Iterator[Asking]:
    """Open the demo app, whose callbacks go to the receiver once they are switched on."""
    door = Door(folder, **settings)
    app = Asking(door, receiver)
    try:
        yield app
    finally:
        app.close()
        door.close()


@pytest.fixture
def asking(tmp_path, receiver) -> Iterator[Asking]:
    """Open the app where the engine cannot matter."""
    yield from opened(tmp_path, receiver)


@pytest.fixture(params=ENGINES)
def either(request, tmp_path, receiver) -> Iterator[Asking]:
    """Open the app on each engine."""
    if request.param == "sqlite":
        yield from opened(tmp_path, receiver)
        return
    url = request.getfixturevalue("postgres_url")
    try:
        yield from opened(tmp_path, receiver, database=url)
    finally:
        drop_schema(url, f"qunzhu_app_{SDKAPPID}")
        drop_schema(url, "qunzhu_control")


@pytest.fixture
def soon(monkeypatch):
    """Let callbacks that are not answered fail after a shorter time than two seconds."""
    monkeypatch.setattr(callback_client, "SECONDS", 0.3)
