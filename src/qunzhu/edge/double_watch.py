"""Looks on at both doors, and writes what is asked and answered into the records of the apps that have one."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from qunzhu.core import wire
from qunzhu.core.command import COMMANDS
from qunzhu.core.errors import Refused
from qunzhu.core.ports import GATEWAY, REST, App
from qunzhu.core.wire import Call
from qunzhu.edge.rest import query_of
from qunzhu.edge.session import Session
from qunzhu.push.double import Double
from qunzhu.push.recorder import as_json

UNANSWERED = "no answer: the connection was ended"


class Recorded(Protocol):
    """What knows the records."""

    @property
    def records(self) -> bool:
        """Whether any app has a record that is being written."""
        ...

    def recorded(self, sdkappid: int) -> Double | None:
        """Return what tests have set for an app whose record is being written."""
        ...


class DoubleWatch:
    """Takes requests and answers of both doors."""

    def __init__(self, backend: Recorded) -> None:
        self._backend = backend

    def rest(self, path: str, query: bytes, body: bytes) -> Callable[[bytes], None] | None:
        """Take a request; return what takes its answer, or None where the app has no record."""
        if not self._backend.records:
            return None
        try:
            asked = query_of(query)
        except Refused:
            return None
        number = asked.get("sdkappid", "")
        double = self._backend.recorded(int(number)) if number.isascii() and number.isdigit() else None
        if double is None:
            return None
        command = COMMANDS.get(path)

        def told(answer: bytes) -> None:
            double.note(
                REST, command.name if command else path[:100], user=asked.get("identifier", ""), request=as_json(body),
                **_of_envelope(answer),
            )  # fmt: skip

        return told

    def gateway(self, app: App | None, session: Session, call: Call, answer: bytes) -> None:
        """Take a call and its answer; signs of life are left out."""
        if not self._backend.records or call.method == "ping":
            return
        user, sdkappid = (session.user, app.sdkappid) if app else _who_logs_in(call)
        double = self._backend.recorded(sdkappid)
        if double is not None:
            left = call.method == "logout" and not answer
            double.note(
                GATEWAY, call.method[:100], user=user, platform=session.platform, request=as_json(bytes(call.params)),
                **({"code": 0, "reply": {}} if left else _of_frame(answer)),
            )  # fmt: skip


def _who_logs_in(call: Call) -> tuple[str, int]:
    try:
        login = wire.decode_login(call.params)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "", 0
    return login.identifier, login.sdkappid


def _of_envelope(answer: bytes) -> dict[str, Any]:
    if not answer:
        return {"note": UNANSWERED}
    reply = msgspec.json.decode(answer)
    return {"code": reply["ErrorCode"], "reply": reply}


def _of_frame(answer: bytes) -> dict[str, Any]:
    """Return code and reply of a JSON-RPC answer."""
    if not answer:
        return {"note": UNANSWERED}
    frame = wire.decode_answer(answer)
    if frame.error is not None:
        return {"code": frame.error.code, "reply": {"message": frame.error.message}}
    return {"code": 0, "reply": frame.result}
