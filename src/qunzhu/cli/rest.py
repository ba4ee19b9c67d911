"""A small client of the REST API for the command line: one connection, a UserSig of its own, faults with advice."""

import http.client
import ssl
import time
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import click
import msgspec

from qunzhu.cli.show import Failure
from qunzhu.core.token import make_usersig

TIMEOUT_SECONDS = 30
_NO_CONTROLS = "has no controls"
SIGNED_SECONDS = 86400
_PLAN = "`qunzhu app show SDKAPPID` shows the plan, `qunzhu app set SDKAPPID --plan open` takes its caps away"
ADVICE = {
    10006: _PLAN, 10036: _PLAN, 10037: _PLAN, 10038: _PLAN, 10058: _PLAN, 10059: _PLAN,
    10007: "the text says who may; an app administrator may not do what the kind of group has not",
    10010: "`qunzhu group list` lists the groups there are",
    10014: "raise MaxMemberNum with modify_group_base_info",
    10015: "an id is 1 to 48 printable ASCII characters; it may not start with @TGS#, a Community's starts with @TGS#_",
    10019: "register the account first: account_import, or `qunzhu group create --register`",
    10021: "choose another --id, or leave it out to have one made",
    10025: "the group is there already: `qunzhu group show ID`",
    11000: "`qunzhu app set SDKAPPID --community` switches communities on",
    60007: "call it less often; `qunzhu app set SDKAPPID --rate COMMAND=NUMBER` sets another limit",
    60010: "name an administrator of the app with --admin; `qunzhu app show SDKAPPID` lists them",
    60016: "`qunzhu app set SDKAPPID --enable`",
    60018: "try again in a moment",
    70001: "is the clock of this machine right? `qunzhu doctor` looks",
    70009: "give the app's key with --key; `qunzhu app show SDKAPPID --show-key` shows it",
    70020: "`qunzhu app list` lists the apps of a data folder; is --url the server you mean?",
    70050: "give the app's key with --key, and wait a minute",
}  # fmt: skip
"""What to do next, by error code."""


class Refusal(Failure):
    """The server refused a call."""

    def __init__(self, code: int, info: str) -> None:
        super().__init__(f"{code} {info}", ADVICE.get(code, ""), ErrorCode=code, ErrorInfo=info)
        self.code = code


class Client:
    """Calls of one app administrator, until the command ends."""

    def __init__(self, url: str, sdkappid: int, admin: str, key: str, ca: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise click.BadParameter(f"{url!r} is not like http://127.0.0.1:8140", param_hint="--url")
        self._url = url
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            try:
                trusted = ssl.create_default_context(cafile=ca)
            except OSError as fault:
                raise click.BadParameter(f"{ca}: {fault}", param_hint="--ca") from None
            self._connection = http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT_SECONDS, context=trusted)
        else:
            self._connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
        click.get_current_context().call_on_close(self._connection.close)
        sig = make_usersig(key, sdkappid, admin, now=int(time.time()), expire=SIGNED_SECONDS)
        query = {"sdkappid": sdkappid, "identifier": admin, "usersig": sig, "random": 0, "contenttype": "json"}
        self._path = f"{parts.path.rstrip('/')}/v4/{{}}?{urlencode(query, quote_via=quote)}"
        self._control = self._path.replace("/v4/", "/double/", 1)

    def call(self, command: str, **fields: Any) -> dict[str, Any]:
        """Call ``service/command`` and return the reply's fields, or say what went wrong."""
        return self._reply(self._exchange(self._path.format(command), msgspec.json.encode(fields)))

    def control(self, name: str, body: bytes) -> dict[str, Any]:
        """Use a control of the server, which must have them, and return the reply's fields."""
        return self._reply(self._exchange(self._control.format(name), body, _NO_CONTROLS))

    def look(self) -> dict[str, Any]:
        """Return what is set."""
        return self._reply(self._exchange(self._control.format(""), None, _NO_CONTROLS))

    def record(self) -> bytes:
        """Return the lines of the record."""
        status, raw = self._raw(self._control.format("record"), None)
        if status != http.HTTPStatus.OK or raw.startswith(b'{"ActionStatus":"FAIL"'):
            self._reply(self._read(status, raw, _NO_CONTROLS))
        return raw

    @staticmethod
    def _reply(answer: dict[str, Any]) -> dict[str, Any]:
        code = answer.pop("ErrorCode", 0)
        info = answer.pop("ErrorInfo", "")
        if answer.pop("ActionStatus", None) != "OK":
            raise Refusal(code, info)
        return answer

    def _exchange(self, path: str, body: bytes | None, unknown: str = "") -> dict[str, Any]:
        """Post a body, or without one get; ``unknown`` is what a server means that has no such path."""
        return self._read(*self._raw(path, body), unknown)

    def _raw(self, path: str, body: bytes | None) -> tuple[int, bytes]:
        method = "GET" if body is None else "POST"
        try:
            self._connection.request(method, path, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            return response.status, response.read()
        except ssl.SSLCertVerificationError as fault:
            raise Failure(f"{self._url}: {fault.verify_message}", "name the certificate to trust with --ca") from None
        except (OSError, http.client.HTTPException) as fault:
            raise Failure(
                f"no answer from {self._url}: {str(fault) or type(fault).__name__}",
                "start a server with `qunzhu serve`, or name one with --url (or QUNZHU_URL)",
            ) from None

    def _read(self, status: int, raw: bytes, unknown: str) -> dict[str, Any]:
        if unknown and status == http.HTTPStatus.NOT_FOUND:
            raise Failure(f"{self._url} {unknown}", "start it with --controls, or with --demo")
        try:
            answer: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.MsgspecError:
            answer = {}
        if "ErrorCode" not in answer:
            raise Failure(
                f"{self._url} answers HTTP {status} without the API's envelope",
                "is --url the server you mean?",
            )
        return answer
