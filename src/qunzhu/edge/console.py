"""The console's door: the pages under /console/, sign-in, and what the pages ask of the server.

``/console/api/<service>/<command>`` runs a command as the REST door does for the same administrator. What no command
tells is read under ``/console/data/<name>`` (``console_reads.py``). Everything else are files.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import structlog

from qunzhu import __version__
from qunzhu.core import errors as err
from qunzhu.core.command import COMMANDS
from qunzhu.core.errors import Refused
from qunzhu.core.limits import is_account
from qunzhu.core.ports import GATEWAY, REST, App, Who
from qunzhu.edge.auth import Gatekeeper
from qunzhu.edge.console_acts import ACTS, Doer, act
from qunzhu.edge.console_files import INDEX, File, load_files
from qunzhu.edge.console_guard import ALWAYS, Barred, cookie_of, header, require_own, set_cookie
from qunzhu.edge.console_reads import CHECKED, READS, SERVER_READS, Sight
from qunzhu.edge.console_sessions import PREFIX, Session, Sessions
from qunzhu.edge.rest import (
    MAX_BODY,
    Backend,
    Receive,
    RestDoor,
    Scope,
    Send,
    administrator,
    client_of,
    failure,
    hang_up,
    query_of,
    read_body,
)

if TYPE_CHECKING:
    from qunzhu.edge.double import DoubleDoor

DOOR = "console"
API, CHECK, DATA, DO, DOUBLE = "api/", "check/", "data/", "do/", "double"
MAX_SIGN_IN = 8192
DOUBLE_BODY = 16 << 20
"""Bytes of a body for a control, as at its own door."""
LINES = b"application/x-ndjson; charset=utf-8"
GATEWAY_TOO = frozenset({"gateway/handle_group_application"})
"""Commands without a REST path that an administrator can call through the gateway, and the console for him."""
JSON = b"application/json"
Headers = tuple[tuple[bytes, bytes], ...]
log = structlog.get_logger("qunzhu.console")


class ConsoleBackend(Backend, Sight, Doer, Protocol):
    """What the console needs of the server behind it."""

    async def read(self, app: App, run: Callable[..., Any], *args: Any) -> Any:
        """Read in an app's store."""
        ...

    async def try_out(self, command: Any, who: Who, request: Any) -> None:
        """Run a command and undo it."""
        ...


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody signs in with: the code of a link, or an administrator's UserSig."""

    code: str = ""
    sdkappid: int = 0
    identifier: str = ""
    usersig: str = ""


class Reply(msgspec.Struct, frozen=True):
    """What is answered."""

    body: bytes
    kind: bytes = JSON
    status: HTTPStatus = HTTPStatus.OK
    more: Headers = ((b"cache-control", b"no-store"),)
    pieces: Iterator[bytes] | None = None
    """What is sent in the body's place, piece by piece, where it may be long."""
    code: int = 0
    """What it is counted as."""


_sign_in = msgspec.json.Decoder(SignIn)
_encode = msgspec.json.Encoder().encode
HUNG_UP = b""
"""The body of an answer that is none: a test has the connection end."""
NOT_FOUND = b"There is no such page.\n"
TEXT = b"text/plain; charset=utf-8"


class ConsoleDoor:
    """ASGI application of the /console paths."""

    def __init__(
        self, backend: ConsoleBackend, gatekeeper: Gatekeeper, rest: RestDoor, sessions: Sessions,
        double: "DoubleDoor | None" = None,
    ) -> None:  # fmt: skip
        self._backend = backend
        self._gatekeeper = gatekeeper
        self._rest = rest
        self.sessions = sessions
        self.double = double
        """The controls' own door, where the server has them."""
        self._files: dict[str, File] | None = None
        self._session_methods: dict[str, Callable[[Scope, Receive], Awaitable[Reply]]] = {
            "GET": self._who_is_it, "HEAD": self._who_is_it, "POST": self._come, "DELETE": self._go,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        reply = await self._answer(scope, receive)
        if (reply.status, reply.kind, reply.body) == (HTTPStatus.OK, JSON, HUNG_UP):
            await hang_up(scope)
            return
        headers = [*ALWAYS, (b"content-type", reply.kind), *reply.more]
        if reply.status != HTTPStatus.NOT_MODIFIED and reply.pieces is None:
            headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": int(reply.status), "headers": headers})
        for piece in reply.pieces or ():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        path = scope["path"].removeprefix(PREFIX)
        if not path:
            return Reply(b"", TEXT, HTTPStatus.PERMANENT_REDIRECT, ((b"location", f"{PREFIX}/".encode()),))
        name = path[1:]
        if name not in {"session", DOUBLE} and not name.startswith((API, CHECK, DATA, DO, f"{DOUBLE}/")):
            return await self._file(scope, name or INDEX)
        try:
            require_own(scope, self._backend.media.public_url)
            reply = await self._ask(scope, receive, name)
        except Refused as refused:
            status = refused.status if isinstance(refused, Barred) else HTTPStatus.BAD_REQUEST
            self._backend.count(DOOR, _counted(name), refused.row.code)
            return Reply(failure(refused), status=status)
        if not name.startswith(API):
            self._backend.count(DOOR, _counted(name), reply.code)
        return reply

    async def _ask(self, scope: Scope, receive: Receive, name: str) -> Reply:
        """Answer what is asked of the server itself."""
        if name == "session":
            method = self._session_methods.get(scope["method"])
            if method is None:
                raise _not_allowed("GET, POST, DELETE")
            return await method(scope, receive)
        if name.startswith(DATA):
            return await self._data(scope, name.removeprefix(DATA))
        if name.partition("/")[0] == DOUBLE:
            return await self._use_double(scope, receive, name.removeprefix(DOUBLE).strip("/"))
        if scope["method"] != "POST":
            raise _not_allowed("POST")
        body = await _body(receive, MAX_BODY)
        app, session = await self._signed_in(scope)
        if name.startswith(CHECK):
            return await self._check(self._who(scope, app, session), name.removeprefix(CHECK), body)
        if name.startswith(DO):
            return await self._do(self._who(scope, app, session), name.removeprefix(DO), body)
        path = name.removeprefix(API)
        who = self._who(scope, app, session, GATEWAY if path in GATEWAY_TOO else REST)
        return Reply(await self._rest.answer_for(path, who, body))

    async def _file(self, scope: Scope, name: str) -> Reply:
        if scope["method"] not in {"GET", "HEAD"}:
            return Reply(b"Pages are for GET.\n", TEXT, HTTPStatus.METHOD_NOT_ALLOWED, ((b"allow", b"GET, HEAD"),))
        if self._files is None:
            self._files = await asyncio.to_thread(load_files)
        file = self._files.get(name)
        if file is None:
            return Reply(NOT_FOUND, TEXT, HTTPStatus.NOT_FOUND)
        kept: Headers = ((b"etag", file.etag), (b"cache-control", b"no-cache"))
        if header(scope, b"if-none-match") == file.etag:
            return Reply(b"", file.kind, HTTPStatus.NOT_MODIFIED, kept)
        if file.packed and b"gzip" in (header(scope, b"accept-encoding") or b""):
            return Reply(file.packed, file.kind, more=(*kept, (b"content-encoding", b"gzip")))
        return Reply(file.body, file.kind, more=kept)

    async def _signed_in(self, scope: Scope) -> tuple[App, Session]:
        """Return app and session of a request, or refuse it (401)."""
        token = cookie_of(scope)
        session = self.sessions.find(token) if token else None
        if session is not None:
            app = await self._backend.app(session.sdkappid)
            if app is not None and self.sessions.holds(session, app, self._now):
                return app, session
            self.sessions.close(token)
        raise Barred(HTTPStatus.UNAUTHORIZED, err.NOT_APP_ADMIN, "nobody is signed in, or the session is over")

    @property
    def _now(self) -> int:
        """Return the server's own time: how long a session lasts is no matter of an app's clock."""
        return self._backend.now_ms() // 1000

    def _now_of(self, app: App) -> int:
        """Return an app's time, which its UserSigs and revocations follow."""
        return self._backend.now_ms(app.sdkappid) // 1000

    async def _who_is_it(self, scope: Scope, receive: Receive) -> Reply:
        """Say who is signed in; nobody is no fault."""
        del receive
        try:
            found = self._told(*await self._signed_in(scope))
        except Barred:
            found = {}
        return Reply(_encode(found))

    def _told(self, app: App, session: Session) -> dict[str, Any]:
        """Return what a page shows of who is signed in, and of the app."""
        return {
            "sdkappid": app.sdkappid, "identifier": session.user, "app_name": app.name, "plan": app.plan_name,
            "admins": app.admins, "utc_offset_minutes": app.settings.utc_offset_minutes, "until": session.until,
            "group_fields": [field.key for field in app.settings.group_fields],
            "version": __version__, "now_ms": self._backend.now_ms(), "controls": self.double is not None,
        }  # fmt: skip

    async def _come(self, scope: Scope, receive: Receive) -> Reply:
        """Sign somebody in."""
        given = _read_sign_in(await _body(receive, MAX_SIGN_IN))
        app, user, made_at = await (self._by_code(given) if given.code else self._by_usersig(given))
        self.sessions.close(cookie_of(scope))
        token = self.sessions.open(app, user, made_at, self._now)
        session = self.sessions.find(token)
        assert session is not None  # noqa: S101 - it was just made
        log.info("signed in", sdkappid=app.sdkappid, identifier=user)
        more = ((b"cache-control", b"no-store"), set_cookie(scope, token))
        return Reply(_encode(self._told(app, session)), more=more)

    async def _by_code(self, given: SignIn) -> tuple[App, str, int]:
        code = self.sessions.redeem(given.code, self._now)
        app = await self._backend.app(code.sdkappid)
        if app is None or not app.enabled or app.key != code.key or code.user not in app.admins:
            raise Barred(HTTPStatus.FORBIDDEN, err.NOT_APP_ADMIN, "code: its app has changed since")
        return app, code.user, self._now_of(app)

    async def _by_usersig(self, given: SignIn) -> tuple[App, str, int]:
        """Check an administrator's UserSig as the other doors do."""
        if not is_account(given.identifier):
            raise Refused(err.URL_PARAMETER, "identifier: 1 to 32 bytes of printable ASCII are allowed")
        app = await self._backend.app(given.sdkappid)
        if app is None:
            raise Barred(HTTPStatus.FORBIDDEN, err.APP_UNKNOWN, str(given.sdkappid))
        try:
            caller = self._gatekeeper.check(app, given.identifier, given.usersig, self._now_of(app))
        except Refused as refused:
            raise Barred(HTTPStatus.FORBIDDEN, refused.row, refused.detail) from None
        if caller.user not in app.admins:
            raise Barred(HTTPStatus.FORBIDDEN, err.NOT_APP_ADMIN, f"{caller.user!r} is not")
        return app, caller.user, caller.signature.made_at

    async def _go(self, scope: Scope, receive: Receive) -> Reply:
        """Sign out; who was not signed in is told the same."""
        del receive
        self.sessions.close(cookie_of(scope))
        return Reply(b"{}", more=((b"cache-control", b"no-store"), set_cookie(scope, "")))

    async def _data(self, scope: Scope, name: str) -> Reply:
        """Answer what no command tells."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise _not_allowed("GET")
        app, session = await self._signed_in(scope)
        who, query = self._who(scope, app, session), query_of(scope["query_string"])
        if (of_server := SERVER_READS.get(name)) is not None:
            return Reply(_encode(await of_server(self._backend, scope, who, query)))
        if (read := READS.get(name)) is None:
            raise Barred(HTTPStatus.NOT_FOUND, err.COMMAND_UNKNOWN, name[:100])
        try:
            found = await self._backend.read(app, read, who, query)
        except Refused as refused:
            if refused.row is err.URL_PARAMETER:
                raise
            return _as_a_commands(refused)
        return Reply(_encode(found))

    async def _do(self, who: Who, name: str, body: bytes) -> Reply:
        """Do what is no command."""
        if name not in ACTS:
            raise Barred(HTTPStatus.NOT_FOUND, err.COMMAND_UNKNOWN, name[:100])
        try:
            return Reply(_encode(await act(self._backend, who, name, body)))
        except Refused as refused:
            return _as_a_commands(refused)

    async def _use_double(self, scope: Scope, receive: Receive, name: str) -> Reply:
        """Use a control of the double as its own door does; where there are none there is no such page."""
        if self.double is None:
            raise Barred(HTTPStatus.NOT_FOUND, err.COMMAND_UNKNOWN, DOUBLE)
        if scope["method"] not in {"GET", "POST"}:
            raise _not_allowed("GET, POST")
        body = await _body(receive, DOUBLE_BODY)
        app, session = await self._signed_in(scope)
        try:
            found, lines = await self.double.answer_for(app, session.user, scope["method"], name, body)
        except Refused as refused:
            return _as_a_commands(refused)
        if lines is not None:
            return Reply(b"", LINES, pieces=lines)
        return Reply(found)

    def _who(self, scope: Scope, app: App, session: Session, door: str = REST) -> Who:
        client = client_of(scope)
        return administrator(self._backend, app, session.user, self._backend.now_ms(app.sdkappid), client, door)

    async def _check(self, who: Who, path: str, body: bytes) -> Reply:
        """Say what a command would be answered, without doing it. Always an envelope with status 200."""
        command = COMMANDS.get(path)
        if command is None or command.path not in CHECKED:
            raise Barred(HTTPStatus.NOT_FOUND, err.COMMAND_UNKNOWN, path[:100])
        try:
            await self._backend.try_out(command, who, command.decode(body))
        except Refused as refused:
            return Reply(failure(refused), code=refused.row.code)
        return Reply(b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}')


def _as_a_commands(refused: Refused) -> Reply:
    """Return the answer to what was asked well and still refused, with status 200 as a command's is."""
    return Reply(failure(refused), code=refused.row.code)


def _counted(name: str) -> str:
    """Return under which name an answer is counted: only names of this server, however many are asked for."""
    kind, _, rest = name.partition("/")
    known = {"data": {*READS, *SERVER_READS}, "do": ACTS}.get(kind, ())
    return name if rest in known else kind


def _not_allowed(methods: str) -> Barred:
    return Barred(HTTPStatus.METHOD_NOT_ALLOWED, err.HTTP_UNREADABLE, f"only {methods}")


def _read_sign_in(body: bytes) -> SignIn:
    try:
        return _sign_in.decode(body)
    except msgspec.MsgspecError as fault:
        raise Refused(err.BODY_NOT_JSON, str(fault)[:200]) from None


async def _body(receive: Receive, most: int) -> bytes:
    """Return a body, or refuse (413) one of more bytes."""
    try:
        return await read_body(receive, most)
    except Refused as fault:
        raise Barred(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, fault.row, fault.detail) from None
