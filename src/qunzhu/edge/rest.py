"""The REST door: ``POST /v4/<service>/<command>?sdkappid=&identifier=&usersig=&random=&contenttype=json``.

Every application answer has HTTP status 200 and the envelope ActionStatus, ErrorCode, ErrorInfo (doc 1047/34620).
Live quirks are kept: any Content-Type, GET for POST, ``random`` absent, unknown fields ignored.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NoReturn, Protocol
from urllib.parse import unquote_plus, urlencode

import msgspec

from qunzhu.core import errors as err
from qunzhu.core.command import COMMANDS, Command, Reply
from qunzhu.core.errors import Dropped, ErrorRow, Refused
from qunzhu.core.limits import is_account
from qunzhu.core.media import MediaRules
from qunzhu.core.ports import REST, App, Who
from qunzhu.core.reference import REFERENCE_PATHS
from qunzhu.edge.auth import Caller, Gatekeeper
from qunzhu.edge.rates import Rates

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 1 << 20
MAX_REPLY = 1 << 20
MAX_PARSED = 1024
MAX_PARSED_BYTES = 2048
"""What is remembered of strangers' queries must stay small: at most so many, of at most so many bytes."""
PREFIX = "/v4/"
HANG_UP = "qunzhu.hang_up"
"""Extension of the ASGI scope: ends the connection."""
_encode = msgspec.json.Encoder().encode
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"*"),
]
_HEAD = b'{"ActionStatus":"%b","ErrorInfo":"","ErrorCode":0'
_OK = _HEAD % b"OK"
_DISPLAY = b',"ErrorDisplay":""'
DISPLAYED = frozenset({"sns", "profile", "recentcontact"})
"""Services whose envelope has ErrorDisplay as well, a text for people (doc 1047/34620); it is empty here."""


class Backend(Protocol):
    """What the edge needs of the server behind it."""

    address: str
    """Under which URL the server listens, for links in answers of the REST door."""
    media: MediaRules

    async def app(self, sdkappid: int) -> App | None:
        """Return an app by its SDKAppID."""
        ...

    def fresh_app(self, sdkappid: int) -> App | None:
        """Return an app whose record is at hand, or None where it must be looked up first."""
        ...

    async def run(self, command: Command, who: Who, request: Any) -> Reply:
        """Run a command in its app's store."""
        ...

    def start(self, command: Command, who: Who, request: Any, waiter: Any) -> None:
        """Run a command and give reply or fault to the waiter (``done``, ``set_result``, ``set_exception``)."""
        ...

    def refused(self, command: Command, fault: Exception) -> Refused:
        """Return a refusal as it is, and any other fault as the service's internal error."""
        ...

    def over_limit(self, who: Who, command: Command, limit: int, calls: Callable[[], int]) -> None:
        """Hear, once a second, that a command is called too often; ``calls`` returns how often so far."""
        ...

    def now_ms(self, sdkappid: int = 0) -> int:
        """Return an app's time, without one the server's, in unix milliseconds."""
        ...

    def count(self, door: str, command: str, code: int) -> None:
        """Count an answer."""
        ...

    def trace(self, sdkappid: int, door: str, command: str, user: str, request: object, refused: Refused) -> None:
        """Keep for administrators why a call was refused; ``request`` is its record, or the body that it came as."""
        ...


def envelope(reply: Reply, service: str = "") -> bytes:
    """Return the body of a successful answer."""
    fields = _encode(reply)
    head = _OK if reply.status == "OK" else _HEAD % reply.status.encode()
    head += _DISPLAY if service in DISPLAYED else b""
    return head + (b"}" if fields == b"{}" else b"," + fields[1:])


def failure(refused: Refused, service: str = "") -> bytes:
    """Return the body of a refusal."""
    more = {"ErrorDisplay": ""} if service in DISPLAYED else {}
    return _encode({"ActionStatus": "FAIL", "ErrorCode": refused.row.code, "ErrorInfo": refused.text, **more})


def client_of(scope: Scope) -> str:
    """Return the address that a request came from, empty where it is not known."""
    address: str = (scope.get("client") or ("",))[0]
    return address


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


class _Asked:
    """A query string without ``random``: its parameters, and who was let in by it last."""

    __slots__ = ("caller", "parameters", "sdkappid")

    def __init__(self, parameters: dict[str, str]) -> None:
        self.parameters = parameters
        self.sdkappid = sdkappid_of(parameters)
        self.caller: Caller | None = None


class Watch(Protocol):
    """Who looks on at what is asked and answered."""

    def rest(self, path: str, query: bytes, body: bytes) -> Callable[[bytes], None] | None:
        """Take a request; return what takes its answer, or None where nobody wants to know."""
        ...


async def read_body(receive: Receive, most: int) -> bytes:
    """Return a body; one of more bytes is read to its end, so that the client hears the refusal (60002)."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size <= most:
            parts.append(part)
    _check_size(size, most)
    return b"".join(parts)


async def hang_up(scope: Scope) -> None:
    """End a request's connection without an answer."""
    abort = scope.get("extensions", {}).get(HANG_UP)
    if abort is not None:
        abort()
        # Until the server has seen it: before that it answers for an application that does not.
        await asyncio.sleep(0.01)


class RestDoor:
    """The /v4/ paths, as an ASGI application and for the short way (``edge/direct.py``).

    An answer without a byte stands for none at all: the connection ends.
    """

    watch: Watch | None = None

    def __init__(self, backend: Backend, gatekeeper: Gatekeeper) -> None:
        self._backend = backend
        self._gatekeeper = gatekeeper
        self._rates = Rates(backend.over_limit)
        self._parsed: dict[bytes, _Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request the ASGI way."""
        path = scope["path"][len(PREFIX) :]
        try:
            body = await self._body(scope, receive)
        except Refused as refused:
            answer = self._refusal(path, refused)
        else:
            client = client_of(scope)
            told = self.watch and self.watch.rest(path, scope["query_string"], body)
            answer = await self._answer(path, scope["query_string"], body, client)
            if told:
                told(answer)
        if not answer:
            await hang_up(scope)
            return
        await send({
            "type": "http.response.start", "status": 200,
            "headers": [*_HEADERS, (b"content-length", b"%d" % len(answer))],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": answer})

    def answer_directly(
        self, path: str, query: bytes, body: bytes, done: Callable[[bytes], None], client: str = ""
    ) -> None:
        """Answer one POST by a callback; a task is made only where the app's record must be read first."""
        if self.watch is not None and (told := self.watch.rest(path, query, body)) is not None:
            done = _both(told, done)
        try:
            _check_size(len(body), MAX_BODY)
            asked = self._asked(query)
            app = self._backend.fresh_app(asked.sdkappid)
            if app is None:
                self._answer_in_task(path, query, body, done, client)
                return
            command, request, who = self._prepare(path, asked, app, body, client)
            self._backend.start(command, who, request, _Waiter(self, command, done, who, request))
        except Refused as refused:
            self._trace(path, query, body, refused)
            done(self._refusal(path, refused))

    def _answer_in_task(self, path: str, query: bytes, body: bytes, done: Callable[[bytes], None], client: str) -> None:
        async def answer() -> None:
            done(await self._answer(path, query, body, client))

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    async def _body(scope: Scope, receive: Receive) -> bytes:
        """Return the body; that of a GET may be left out."""
        if scope["method"] not in {"POST", "GET"}:
            raise Refused(err.HTTP_UNREADABLE, f"method {scope['method']}: only POST is served")
        body = await read_body(receive, MAX_BODY)
        if not body and scope["method"] == "GET":
            return b"{}"
        return body

    async def _answer(self, path: str, query: bytes, body: bytes, client: str) -> bytes:
        try:
            asked = self._asked(query)
            app = await self._backend.app(asked.sdkappid)
            command, request, who = self._prepare(path, asked, app or _no_app(asked.sdkappid), body, client)
            return self.success(command, await self._backend.run(command, who, request))
        except Refused as refused:
            self._trace(path, query, body, refused)
            return self._refusal(path, refused)

    def _trace(self, path: str, query: bytes, body: bytes, refused: Refused) -> None:
        """Keep why a call was refused, where its app is known; the caller is who it says it is."""
        try:
            asked = self._asked(query)
        except Refused:
            return
        self._backend.trace(
            asked.sdkappid, REST, name_of(path), asked.parameters.get("identifier", "")[:40], body, refused
        )

    def success(self, command: Command, reply: Reply) -> bytes:
        """Return the body of a successful answer, or of the refusal where it cannot be sent."""
        try:
            answer = envelope(reply, command.service)
        except (UnicodeEncodeError, msgspec.MsgspecError) as fault:
            return self._refusal(command.path, Refused(err.REPLY_UNENCODABLE, str(fault)[:200]))
        if len(answer) > MAX_REPLY:
            return self._refusal(
                command.path, Refused(err.REPLY_TOO_LARGE, f"{len(answer)} bytes, at most {MAX_REPLY} are sent")
            )
        self._backend.count(REST, command.name, 0)
        return answer

    def _refusal(self, path: str, refused: Refused) -> bytes:
        self._backend.count(REST, name_of(path), refused.row.code)
        return b"" if isinstance(refused, Dropped) else failure(refused, path.partition("/")[0])

    def _asked(self, query: bytes) -> _Asked:
        """Return what a query asks; remembered without ``random``, which is all that differs between requests."""
        head, mark, tail = query.partition(b"&random=")
        key = head + mark[:1] + tail.partition(b"&")[2]
        found = self._parsed.get(key)
        if found is None:
            found = _Asked(query_of(key))
            if len(key) <= MAX_PARSED_BYTES:
                if len(self._parsed) >= MAX_PARSED:
                    self._parsed.clear()
                self._parsed[key] = found
        return found

    def _prepare(self, path: str, asked: _Asked, app: App, body: bytes, client: str) -> tuple[Command, Any, Who]:
        """Check the caller, then find the command and decode its request."""
        command = COMMANDS.get(path)
        who = self._who(asked, app, command.not_admin if command else err.NOT_APP_ADMIN, client)
        return *self._opened(path, command, who, body), who

    def _opened(self, path: str, command: Command | None, who: Who, body: bytes) -> tuple[Command, Any]:
        """Return the command that a caller may have, and its request."""
        if command is None or who.door not in command.doors:
            raise _unknown(path)
        if command.name in who.app.settings.disabled_commands:
            raise Refused(err.COMMAND_DISABLED, command.path)
        if who.app.limits_requests and who.door == REST:
            self._rates.count(who, command)
        return command, command.decode(body)

    async def answer_for(self, path: str, who: Who, body: bytes) -> bytes:
        """Answer a call of an administrator who was let in at another door, in all else as if it had come here.

        The answer is empty where the connection is to end without one.
        """
        query = urlencode({"sdkappid": who.app.sdkappid, "identifier": who.user}).encode()
        told = self.watch and self.watch.rest(path, query, body)
        try:
            _check_size(len(body), MAX_BODY)
            command, request = self._opened(path, COMMANDS.get(path), who, body)
            answer = self.success(command, await self._backend.run(command, who, request))
        except Refused as refused:
            self._backend.trace(who.app.sdkappid, who.door, name_of(path), who.user, body, refused)
            answer = self._refusal(path, refused)
        if told:
            told(answer)
        return answer

    def _who(self, asked: _Asked, app: App, not_admin: ErrorRow, client: str) -> Who:
        """Return the caller, who is checked anew where anything changed since the same query came last."""
        now_ms, caller = self._backend.now_ms(app.sdkappid), asked.caller
        if caller is None or not self._gatekeeper.still(caller, app, now_ms // 1000):
            caller = asked.caller = self._check(asked.parameters, app, now_ms // 1000, not_admin)
        return administrator(self._backend, app, caller.user, now_ms, client)

    def _check(self, query: dict[str, str], app: App, now: int, not_admin: ErrorRow) -> Caller:
        """Check identifier and UserSig, then that the caller is an app administrator."""
        identifier = query.get("identifier", "")
        if not identifier:
            raise Refused(err.URL_PARAMETER, "identifier: missing")
        if not is_account(identifier):
            raise Refused(err.URL_PARAMETER, "identifier: 1 to 32 bytes of printable ASCII are allowed")
        if "usersig" not in query:
            raise Refused(err.URL_PARAMETER, "usersig: missing")
        caller = self._gatekeeper.check(app, identifier, query["usersig"], now)
        if identifier not in app.admins:
            raise Refused(not_admin, f"{identifier[:40]!r} is not")
        return caller

    def late_refusal(self, command: Command, fault: Exception, who: Who, request: Any) -> bytes:
        """Return the body of a refusal by the command itself."""
        refused = self._backend.refused(command, fault)
        self._backend.trace(who.app.sdkappid, who.door, command.name, who.user, request, refused)
        return self._refusal(command.path, refused)


def administrator(backend: Backend, app: App, user: str, now_ms: int, client: str, door: str = REST) -> Who:
    """Return an administrator of the app as a caller."""
    return Who(
        app=app, user=user, admin=True, door=door, now_ms=now_ms, random=os.urandom, address=backend.address,
        media=backend.media, client=client,
    )  # fmt: skip


class _Waiter:
    """Waits for a transaction as a future would, and answers its request."""

    __slots__ = ("_command", "_done", "_door", "_request", "_who")

    def __init__(
        self, door: RestDoor, command: Command, done: Callable[[bytes], None], who: Who, request: Any
    ) -> None:  # fmt: skip
        self._who = who
        self._request = request
        self._door = door
        self._command = command
        self._done = done

    def done(self) -> bool:
        """Say that the answer is still wanted."""
        return False

    def set_result(self, reply: Reply) -> None:
        """Answer with a reply."""
        self._done(self._door.success(self._command, reply))

    def set_exception(self, fault: Exception) -> None:
        """Answer with a refusal."""
        self._done(self._door.late_refusal(self._command, fault, self._who, self._request))


def name_of(path: str) -> str:
    """Return the name under which a command is counted, whoever asks for whatever."""
    command = COMMANDS.get(path)
    return command.name if command else "unknown"


def _both(first: Callable[[bytes], None], second: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def done(answer: bytes) -> None:
        first(answer)
        second(answer)

    return done


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise Refused(err.HTTP_UNREADABLE, f"body: {size} bytes, at most {most} are allowed")


def _no_app(number: int) -> NoReturn:
    raise Refused(err.APP_UNKNOWN, str(number))


def sdkappid_of(query: dict[str, str]) -> int:
    """Return the query's SDKAppID, or refuse what is none; contenttype is checked here too, before any look-up."""
    number = query.get("sdkappid", "")
    if not number:
        raise Refused(err.SDKAPPID_MISSING)
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Refused(err.URL_PARAMETER, f"sdkappid: {number[:40]!r} is not a number")
    if query.get("contenttype", "json") != "json":
        raise Refused(err.URL_PARAMETER, f"contenttype: {query['contenttype'][:40]!r}, only json is served")
    return int(number)


def _unknown(path: str) -> Refused:
    """Tell a documented command that is not built yet from one that does not exist."""
    if path in REFERENCE_PATHS:
        return Refused(err.COMMAND_DISABLED, f"{path[:100]} is not supported by this server yet")
    return Refused(err.COMMAND_UNKNOWN, path[:100])
