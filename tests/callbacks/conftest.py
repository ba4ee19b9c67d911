"""An app whose callbacks go to a receiver, called through both doors."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from qunzhu.apps import change_app
from qunzhu.core.ports import CallbackSettings
from receiver import receiving
from served import SDKAPPID
from wire.doors import Door
from wire.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        settings = CallbackSettings(url=self.receiver.url, commands=commands, **more)
        control = self.door.backend._control
        self.door.run(control.write(change_app, SDKAPPID, {}, {"callbacks": settings}))
        self.door.run(self.door.backend._refresh(SDKAPPID))
        self.receiver.got.clear()

    def setting(self, **changes: Any) -> None:
        """Change other settings of the app."""
        self.door.run(self.door.backend._control.write(change_app, SDKAPPID, {}, changes))
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


@pytest.fixture
def asking(tmp_path, receiver) -> Iterator[Asking]:
    """Open the demo app, whose callbacks go to the receiver once they are switched on."""
    door = Door(tmp_path)
    app = Asking(door, receiver)
    yield app
    app.close()
    door.close()


def changed(answer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an answer with some fields changed."""
    return msgspec.json.decode(msgspec.json.encode({**answer, **changes}))
