"""The REST door: ``POST /v4/<service>/<command>?sdkappid=&identifier=&usersig=&random=&contenttype=json``.

Every application answer has HTTP status 200 and the envelope ActionStatus, ErrorCode, ErrorInfo (doc 1047/34620).
Live quirks are kept: any Content-Type, GET for POST, ``random`` absent, unknown fields ignored.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import unquote_plus

import msgspec

from qunzhu.core import errors as err
from qunzhu.core.command import COMMANDS, Command, Reply
from qunzhu.core.errors import Refused
from qunzhu.core.ports import REST, App, Who
from qunzhu.core.reference import REFERENCE_PATHS
from qunzhu.edge.auth import Gatekeeper

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 1 << 20
MAX_REPLY = 1 << 20
PREFIX = "/v4/"
_encode = msgspec.json.Encoder().encode
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"*"),
]
_OK = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0'


class Backend(Protocol):
    """What the edge needs of the server behind it."""

    async def app(self, sdkappid: int) -> App | None:
        """Return an app by its SDKAppID."""
        ...

    async def run(self, command: Command, who: Who, request: Any) -> Reply:
        """Run a command in its app's store."""
        ...

    def now_ms(self) -> int:
        """Return the server's time in unix milliseconds."""
        ...

    def count(self, door: str, command: str, code: int) -> None:
        """Count an answer."""
        ...


def envelope(reply: Reply) -> bytes:
    """Return the body of a successful answer."""
    fields = _encode(reply)
    return _OK + (b"}" if fields == b"{}" else b"," + fields[1:])


def failure(refused: Refused) -> bytes:
    """Return the body of a refusal."""
    return _encode({"ActionStatus": "FAIL", "ErrorCode": refused.row.code, "ErrorInfo": refused.text})


def query_of(raw: bytes) -> dict[str, str]:
    """Return the parameters of a query string; the first of a name counts. Refuse (60002) what is not text."""
    found: dict[str, str] = {}
    try:
        for part in raw.split(b"&"):
            name, _, value = part.partition(b"=")
            text = value.decode("ascii")
            if "%" in text or "+" in text:
                text = unquote_plus(text, errors="strict")
            found.setdefault(name.decode("ascii"), text)
    except UnicodeDecodeError:
        raise Refused(err.HTTP_UNREADABLE, "the query string is not UTF-8 text") from None
    return found


class RestDoor:
    """ASGI application of the /v4/ paths."""

    def __init__(self, backend: Backend, gatekeeper: Gatekeeper) -> None:
        self._backend = backend
        self._gatekeeper = gatekeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"][len(PREFIX) :]
        name, code = path, 0
        try:
            body = await self._body(scope, receive)
            answer, name = await self._answer(path, scope, body)
        except Refused as refused:
            code = refused.row.code
            answer = failure(refused)
        self._backend.count(REST, name if name in COMMANDS else "unknown", code)
        await send({
            "type": "http.response.start", "status": 200,
            "headers": [*_HEADERS, (b"content-length", b"%d" % len(answer))],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": answer})

    @staticmethod
    async def _body(scope: Scope, receive: Receive) -> bytes:
        """Read the body; a larger one than the limit is read to its end, so that the client hears the answer."""
        if scope["method"] not in {"POST", "GET"}:
            raise Refused(err.HTTP_UNREADABLE, f"method {scope['method']}: only POST is served")
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            parts, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                part = message.get("body", b"")
                size += len(part)
                if size <= MAX_BODY:
                    parts.append(part)
            if size > MAX_BODY:
                raise Refused(err.HTTP_UNREADABLE, f"body: {size} bytes, at most {MAX_BODY} are allowed")
            body = b"".join(parts)
        if not body and scope["method"] == "GET":
            return b"{}"
        return body

    async def _answer(self, path: str, scope: Scope, body: bytes) -> tuple[bytes, str]:
        who = await self._who(scope)
        command = COMMANDS.get(path)
        if command is None or REST not in command.doors:
            raise _unknown(path)
        if command.name in who.app.settings.disabled_commands:
            raise Refused(err.COMMAND_DISABLED, command.path)
        request = command.decode(body)
        reply = await self._backend.run(command, who, request)
        try:
            answer = envelope(reply)
        except (UnicodeEncodeError, msgspec.MsgspecError) as fault:
            raise Refused(err.REPLY_UNENCODABLE, str(fault)[:200]) from None
        if len(answer) > MAX_REPLY:
            raise Refused(err.REPLY_TOO_LARGE, f"{len(answer)} bytes, at most {MAX_REPLY}")
        return answer, command.path

    async def _who(self, scope: Scope) -> Who:
        """Check the query: app, identifier, UserSig, then that the caller is an app administrator."""
        query = query_of(scope["query_string"])
        number = query.get("sdkappid", "")
        if not number:
            raise Refused(err.SDKAPPID_MISSING)
        if not (number.isascii() and number.isdigit() and len(number) <= 19):
            raise Refused(err.URL_PARAMETER, f"sdkappid: {number[:40]!r} is not a number")
        if query.get("contenttype", "json") != "json":
            raise Refused(err.URL_PARAMETER, f"contenttype: {query['contenttype'][:40]!r}, only json is served")
        app = await self._backend.app(int(number))
        if app is None:
            raise Refused(err.APP_UNKNOWN, number)
        identifier = query.get("identifier", "")
        if not identifier:
            raise Refused(err.URL_PARAMETER, "identifier: missing")
        if "usersig" not in query:
            raise Refused(err.URL_PARAMETER, "usersig: missing")
        now_ms = self._backend.now_ms()
        self._gatekeeper.check(app, identifier, query["usersig"], now_ms // 1000)
        if identifier not in app.admins:
            raise Refused(err.NOT_APP_ADMIN, f"{identifier[:40]!r} is not")
        return Who(app=app, user=identifier, admin=True, door=REST, now_ms=now_ms, random=os.urandom)


def _unknown(path: str) -> Refused:
    """Tell a documented command that is not built yet from one that does not exist."""
    if path in REFERENCE_PATHS:
        return Refused(err.COMMAND_DISABLED, f"{path[:100]} is not supported by this server yet")
    return Refused(err.COMMAND_UNKNOWN, path[:100])

