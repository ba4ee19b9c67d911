"""The gateway door: a WebSocket on /gateway that speaks JSON-RPC 2.0 (docs/guide/gateway.md).

The first call is ``login``. After it a user calls the same commands as REST has, with his own rights, and receives
``group_tip``, ``group_notice`` and ``session_end`` pushes.
"""

import asyncio
import os
from typing import Protocol

import msgspec
import structlog

from qunzhu.commands.sessions import Opened, OpenSession, open_session
from qunzhu.core import errors as err
from qunzhu.core import wire
from qunzhu.core.command import BY_NAME, Command, Reply
from qunzhu.core.errors import Refused
from qunzhu.core.limits import is_account
from qunzhu.core.media import MediaRules
from qunzhu.core.ports import GATEWAY, App, Who
from qunzhu.core.wire import EXPIRED, IDLE, LOGGED_OUT, LOGIN_TIMEOUT, Call
from qunzhu.edge.address import address_of
from qunzhu.edge.auth import Caller, Gatekeeper
from qunzhu.edge.rest import Backend, Receive, Scope, Send
from qunzhu.edge.session import MAX_RUNNING, Session, State
from qunzhu.push.hub import Hub

log = structlog.get_logger("qunzhu.gateway")
LOGIN_SECONDS = 15
MAX_TIMER = 86400


class GatewayBackend(Backend, Protocol):
    """What the gateway needs besides: the app's hub, and running ``open_session``."""

    heartbeat: int
    media: MediaRules

    async def hub(self, app: App) -> Hub:
        """Return the hub of an app."""
        ...


class GatewayDoor:
    """ASGI application of the WebSocket path."""

    def __init__(self, backend: GatewayBackend, gatekeeper: Gatekeeper) -> None:
        self._backend = backend
        self._gatekeeper = gatekeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one session to its end."""
        await receive()
        await send({"type": "websocket.accept"})
        await _Connection(self._backend, self._gatekeeper, receive, send, address_of(scope)).serve()


class _Connection:
    """The shell around a session: moves frames, runs calls, keeps the timers."""

    def __init__(
        self, backend: GatewayBackend, gatekeeper: Gatekeeper, receive: Receive, send: Send, address: str
    ) -> None:
        self._backend = backend
        self._address = address
        self._gatekeeper = gatekeeper
        self._receive = receive
        self._send = send
        self._something = asyncio.Event()
        self._session = Session(self._something.set)
        self._caller: Caller | None = None
        self._hub: Hub | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._timers = [self._loop.call_later(LOGIN_SECONDS, self._login_late)]

    async def serve(self) -> None:
        """Read, run and write until either side ends."""
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for timer in self._timers:
                timer.cancel()
            if self._hub is not None:
                self._hub.detach(self._session)
            for task in (reader, writer, *self._tasks):
                task.cancel()
            await asyncio.gather(reader, writer, *self._tasks, return_exceptions=True)

    async def _write(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            for frame in self._session.drain():
                await self._send({"type": "websocket.send", "text": frame.decode()})
            if (end := self._session.ended) is not None:
                await self._send({"type": "websocket.close", "code": end.code, "reason": end.name})
                return

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            self._heard = self._loop.time()
            text = message.get("text")
            call = self._session.receive(message.get("bytes") or b"" if text is None else text)
            if call is not None:
                self._start(call)
            if self._session.ended is not None:
                await asyncio.Event().wait()  # the writer says goodbye

    def _start(self, call: Call) -> None:
        if call.method == "ping":
            self._reply(call, wire.result(call.id, {"ServerTime": self._backend.now_ms() // 1000}))
        elif self._session.running >= MAX_RUNNING:
            self._reply(call, wire.refusal(call.id, Refused(err.OVERLOADED, f"{MAX_RUNNING} calls of this session")))
        else:
            self._session.running += 1
            task = asyncio.create_task(self._run(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, call: Call) -> None:
        code = 0
        try:
            answer = await self._answer(call)
        except Refused as refused:
            code = refused.row.code
            answer = wire.refusal(call.id, refused)
        except Exception:
            log.exception("internal error", method=call.method[:40])
            code = err.GROUP_INTERNAL.code
            answer = wire.refusal(call.id, Refused(err.GROUP_INTERNAL, call.method[:40]))
        finally:
            self._session.running -= 1
        if call.method in BY_NAME:
            self._backend.count(GATEWAY, call.method, code)
        self._reply(call, answer)

    def _reply(self, call: Call, answer: bytes) -> None:
        """Answer a call; a notification has no answer, and one that is too large becomes a refusal."""
        if not answer or call.id is None:
            return
        if len(answer) > wire.MAX_FRAME:
            detail = f"{len(answer)} bytes, at most {wire.MAX_FRAME} are sent"
            answer = wire.refusal(call.id, Refused(err.REPLY_TOO_LARGE, detail))
        self._session.offer(answer)

    async def _answer(self, call: Call) -> bytes:
        if call.method == "login":
            return await self._login(call)
        if self._caller is None or self._session.state is not State.OPEN:
            raise Refused(err.GROUP_NOT_LOGGED_IN, f"{call.method[:40]}: login comes first")
        if call.method == "logout":
            self._session.offer(wire.result(call.id, {}))
            self._session.end(LOGGED_OUT)
            return b""
        command = BY_NAME.get(call.method)
        if command is None or GATEWAY not in command.doors:
            return wire.error(call.id, wire.METHOD_NOT_FOUND, f"method: {call.method[:80]!r} is not one of this server")
        return wire.result(call.id, await self._command(command, bytes(call.params)))

    async def _command(self, command: Command, params: bytes) -> Reply:
        caller = self._caller
        if caller is None:
            raise Refused(err.GROUP_NOT_LOGGED_IN)
        app = await self._backend.app(caller.app.sdkappid)
        if app is None:
            raise Refused(err.APP_UNKNOWN)
        if not app.enabled:
            raise Refused(err.APP_DISABLED, str(app.sdkappid))
        if command.name in app.settings.disabled_commands:
            raise Refused(err.COMMAND_DISABLED, command.path)
        return await self._backend.run(command, self._who(app), command.decode(params))

    def _who(self, app: App) -> Who:
        user = self._session.user
        return Who(
            app=app, user=user, admin=user in app.admins, door=GATEWAY, now_ms=self._backend.now_ms(),
            random=os.urandom, platform=self._session.platform, session=self._session.number,
            address=self._address, media=self._backend.media,
        )  # fmt: skip

    async def _login(self, call: Call) -> bytes:
        if self._session.state is not State.NEW:
            raise Refused(err.BAD_PARAMETER, "login: the session is logged in already")
        self._session.state = State.OPENING
        try:
            return await self._logged_in(call)
        finally:
            if self._caller is None and self._session.state is State.OPENING:
                self._session.state = State.NEW

    async def _logged_in(self, call: Call) -> bytes:
        """Check a login and open the session; until it is open, another login may follow a refused one."""
        try:
            login = wire.decode_login(call.params)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise Refused(err.URL_PARAMETER, str(fault)) from None
        if login.protocol != wire.PROTOCOL:
            raise Refused(err.URL_PARAMETER, f"protocol: {login.protocol}, this server speaks {wire.PROTOCOL}")
        if login.platform not in wire.PLATFORMS:
            raise Refused(err.URL_PARAMETER, f"platform: not one of {', '.join(wire.PLATFORMS)}")
        app = await self._backend.app(login.sdkappid)
        if app is None:
            raise Refused(err.APP_UNKNOWN, str(login.sdkappid))
        if not is_account(login.identifier):
            raise Refused(err.URL_PARAMETER, "identifier: 1 to 32 bytes of printable ASCII are allowed")
        now = self._backend.now_ms() // 1000
        caller = self._gatekeeper.check(app, login.identifier, login.usersig, now)
        opened = await self._open(caller, login.platform)
        return wire.result(
            call.id,
            {
                "ServerTime": opened.ServerTime, "Nick": opened.Nick, "FaceUrl": opened.FaceUrl,
                "Heartbeat": self._backend.heartbeat, "Protocol": wire.PROTOCOL, "Groups": len(opened.Rooms),
            },
        )  # fmt: skip

    async def _open(self, caller: Caller, platform: str) -> Opened:
        """Register the session, read its rooms, and only then count it as open."""
        self._session.open(caller.user, platform, caller.signature.made_at)
        hub = self._hub = await self._backend.hub(caller.app)
        hub.attach(self._session)
        try:
            opened = await self._backend.run(BY_NAME[open_session.__name__], self._who(caller.app), OpenSession())
        except BaseException:
            hub.detach(self._session)
            self._hub = None
            raise
        if not isinstance(opened, Opened):
            raise TypeError(type(opened))
        hub.enter(self._session, opened.Rooms, opened.Deaf)
        self._caller = caller
        if self._session.ended is None:
            self._session.state = State.OPEN
            self._start_timers(caller)
        return opened

    def _start_timers(self, caller: Caller) -> None:
        left = caller.signature.valid_until - self._backend.now_ms() // 1000
        self._timers += [
            self._loop.call_later(min(left + 1, MAX_TIMER), self._expire, caller),
            self._loop.call_later(self._backend.heartbeat, self._check_heard),
        ]

    def _expire(self, caller: Caller) -> None:
        left = caller.signature.valid_until - self._backend.now_ms() // 1000
        if left < 0:
            self._session.end(EXPIRED)
        else:
            self._timers[1:2] = [self._loop.call_later(min(left + 1, MAX_TIMER), self._expire, caller)]

    def _check_heard(self) -> None:
        if self._loop.time() - self._heard > 2.5 * self._backend.heartbeat:
            self._session.end(IDLE)
        else:
            self._timers[2:3] = [self._loop.call_later(self._backend.heartbeat, self._check_heard)]

    def _login_late(self) -> None:
        if self._session.state is State.NEW:
            self._session.end(LOGIN_TIMEOUT)
