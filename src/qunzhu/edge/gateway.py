"""The gateway door: a WebSocket on /gateway that speaks JSON-RPC 2.0 (docs/guide/gateway.md).

The first call is ``login``. After it a user calls the same commands as REST has, with his own rights, and receives
``group_tip``, ``group_notice`` and ``session_end`` pushes.
"""

import asyncio
import itertools
import os
from collections import defaultdict
from typing import Protocol

import msgspec
import structlog

from qunzhu.commands._callbacks import StateChanged
from qunzhu.commands.sessions import Opened, OpenSession, open_session
from qunzhu.core import errors as err
from qunzhu.core import wire
from qunzhu.core.command import BY_NAME, Command, Reply
from qunzhu.core.errors import Dropped, Refused
from qunzhu.core.limits import is_account
from qunzhu.core.media import MediaRules
from qunzhu.core.ports import GATEWAY, App, Who
from qunzhu.core.wire import EXPIRED, IDLE, KICKED, LOGGED_OUT, LOGIN_TIMEOUT, REVOKED, Call, End
from qunzhu.edge.auth import Caller, Gatekeeper
from qunzhu.edge.rest import Backend
from qunzhu.edge.session import MAX_RUNNING, Line, Session, State
from qunzhu.push.hub import Hub

log = structlog.get_logger("qunzhu.gateway")
LOGIN_SECONDS = 15
LOST = ("Disconnect", "LinkClose")
ENDINGS: dict[End | None, tuple[str, str] | None] = {
    LOGGED_OUT: ("Logout", "Unregister"), REVOKED: ("Logout", "Unregister"), IDLE: ("Disconnect", "TimeOut"),
    KICKED: None,
}  # fmt: skip
"""What the callback State.StateChange calls the end of a session; any other is a lost connection."""


class GatewayBackend(Backend, Protocol):
    """What the gateway needs besides: the app's hub, and running ``open_session``."""

    heartbeat: int
    media: MediaRules

    def count_end(self, end: End) -> None:
        """Count a connection that the server ended, with its reason."""
        ...

    async def hub(self, app: App) -> Hub:
        """Return the hub of an app."""
        ...

    def report(self, who: Who, change: StateChanged) -> None:
        """Have the app's own server told that a user is there no more."""
        ...


class Watch(Protocol):
    """Who looks on at what is asked and answered."""

    def gateway(self, app: App | None, session: Session, call: Call, answer: bytes) -> None:
        """Take a call and its answer, which is empty where the session ended instead."""
        ...


class GatewayDoor:
    """Where connections begin, and the clock that looks after them: one timer for all of them."""

    watch: Watch | None = None

    def __init__(self, backend: GatewayBackend, gatekeeper: Gatekeeper) -> None:
        self.backend = backend
        self.gatekeeper = gatekeeper
        self._new: dict[Connection, float] = {}
        """Connections that have yet to log in, with the end of their time, in that order."""
        self._turns: defaultdict[int, set[Connection]] = defaultdict(set)
        """Sessions by the second of each heartbeat in which they are looked at."""
        self._turn = 0
        self._timer: asyncio.TimerHandle | None = None

    def connect(self, line: Line, address: str, client: str = "") -> "Connection":
        """Return the gateway's side of a new WebSocket to an address of this server, from a client's address."""
        loop = asyncio.get_running_loop()
        connection = Connection(self, line, address, client)
        self._new[connection] = loop.time() + LOGIN_SECONDS
        if self._timer is None:
            self._timer = loop.call_later(1, self._tick, loop)
        return connection

    def look_after(self, connection: "Connection") -> None:
        """Look at a session that is open now in every heartbeat."""
        self._new.pop(connection, None)
        connection.turn = self._turn
        self._turns[self._turn].add(connection)

    def forget(self, connection: "Connection") -> None:
        """Look no more at a connection that ended."""
        self._new.pop(connection, None)
        sharing = self._turns.get(connection.turn, set())
        sharing.discard(connection)
        if not sharing:
            self._turns.pop(connection.turn, None)

    def time_moved(self, sdkappid: int) -> None:
        """End the sessions of an app whose UserSigs do not hold at its time."""
        for connection in [one for sharing in self._turns.values() for one in sharing]:
            if connection.sdkappid == sdkappid:
                connection.expire()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(itertools.takewhile(lambda late: self._new[late] <= now, self._new)):
            connection.login_late()
        self._turn = (self._turn + 1) % self.backend.heartbeat
        for connection in tuple(self._turns.get(self._turn, ())):
            connection.look(now)
        self._timer = loop.call_later(1, self._tick, loop) if self._new or self._turns else None


class Connection:
    """The shell around a session: runs calls, and is looked at by the door's clock."""

    __slots__ = ("_address", "_caller", "_door", "_heard", "_hub", "_tasks", "session", "turn")

    def __init__(self, door: GatewayDoor, line: Line, address: str, client: str) -> None:
        self._address = address
        self.session = Session(line, client)
        self.turn = 0
        self._door = door
        self._caller: Caller | None = None
        self._hub: Hub | None = None
        self._tasks: set[asyncio.Task[None]] | None = None
        self._heard = 0.0

    @property
    def _backend(self) -> GatewayBackend:
        return self._door.backend

    @property
    def sdkappid(self) -> int:
        """Return the app's, 0 before the login."""
        return self._caller.app.sdkappid if self._caller else 0

    def receive(self, text: str | bytes) -> None:
        """Take a text of the client."""
        self._heard = asyncio.get_running_loop().time()
        call = self.session.receive(text)
        if call is not None:
            self._start(call)

    def leave(self) -> None:
        """Be over: the connection is closing, or gone."""
        self.session.cut()
        if (end := self.session.ended) is not None:
            self._backend.count_end(end)
        self._door.forget(self)
        if self._hub is not None:
            self._hub.detach(self.session)
            if self._caller is not None:
                self._report_end(self._caller.app)
        for task in self._tasks or ():
            task.cancel()

    def _report_end(self, app: App) -> None:
        """Have the app's server told that a session is over, unless the user's next one on the platform ended it."""
        how = ENDINGS.get(self.session.ended, LOST)
        if how is not None:
            self._backend.report(self._who(app), StateChanged(self.session.user, *how))

    def _start(self, call: Call) -> None:
        if call.method == "ping":
            self._reply(call, wire.result(call.id, {"ServerTime": self._backend.now_ms(self.sdkappid) // 1000}))
        elif self.session.running >= MAX_RUNNING:
            self._reply(call, wire.refusal(call.id, Refused(err.OVERLOADED, f"{MAX_RUNNING} calls of this session")))
        else:
            self.session.running += 1
            task = asyncio.create_task(self._run(call))
            self._tasks = self._tasks or set()
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, call: Call) -> None:
        code = 0
        try:
            answer = await self._answer(call)
        except Dropped as refused:
            code, answer = refused.row.code, b""
            self.session.drop()
        except Refused as refused:
            code = refused.row.code
            answer = wire.refusal(call.id, refused)
        except Exception:
            log.exception("internal error", method=call.method[:40])
            code = err.GROUP_INTERNAL.code
            answer = wire.refusal(call.id, Refused(err.GROUP_INTERNAL, call.method[:40]))
        finally:
            self.session.running -= 1
        if call.method in BY_NAME:
            self._backend.count(GATEWAY, call.method, code)
        self._reply(call, answer)

    def _reply(self, call: Call, answer: bytes) -> None:
        """Answer a call; a notification has no answer, and one that is too large becomes a refusal."""
        if self._door.watch is not None:
            self._door.watch.gateway(self._caller.app if self._caller else None, self.session, call, answer)
        if not answer or call.id is None:
            return
        if len(answer) > wire.MAX_FRAME:
            detail = f"{len(answer)} bytes, at most {wire.MAX_FRAME} are sent"
            answer = wire.refusal(call.id, Refused(err.REPLY_TOO_LARGE, detail))
        self.session.answer(answer)

    async def _answer(self, call: Call) -> bytes:
        if call.method == "login":
            return await self._login(call)
        if self._caller is None or self.session.state is not State.OPEN:
            raise Refused(err.GROUP_NOT_LOGGED_IN, f"{call.method[:40]}: login comes first")
        if call.method == "logout":
            self.session.answer(wire.result(call.id, {}))
            self.session.end(LOGGED_OUT)
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
        user = self.session.user
        return Who(
            app=app, user=user, admin=user in app.admins, door=GATEWAY, now_ms=self._backend.now_ms(app.sdkappid),
            random=os.urandom, platform=self.session.platform, session=self.session.number,
            address=self._address, media=self._backend.media, client=self.session.client,
        )  # fmt: skip

    async def _login(self, call: Call) -> bytes:
        if self.session.state is not State.NEW:
            raise Refused(err.BAD_PARAMETER, "login: the session is logged in already")
        self.session.state = State.OPENING
        try:
            return await self._logged_in(call)
        finally:
            if self._caller is None and self.session.state is State.OPENING:
                self.session.state = State.NEW

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
        now = self._backend.now_ms(app.sdkappid) // 1000
        caller = self._door.gatekeeper.check(app, login.identifier, login.usersig, now)
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
        if self.session.state is State.ENDED:
            raise Refused(err.GROUP_NOT_LOGGED_IN, "the session ended meanwhile")
        self.session.open(caller.user, platform, caller.signature.made_at)
        hub = self._hub = await self._backend.hub(caller.app)
        opening = OpenSession(Kicked=hub.attach(self.session))
        try:
            opened = await self._backend.run(BY_NAME[open_session.__name__], self._who(caller.app), opening)
        except BaseException as fault:
            hub.detach(self.session)
            self._hub = None
            if isinstance(fault, asyncio.CancelledError):  # the connection is gone; the login may be told already
                self._report_end(caller.app)
            raise
        if not isinstance(opened, Opened):
            raise TypeError(type(opened))
        hub.enter(self.session, opened.Rooms, opened.Deaf)
        self._caller = caller
        if self.session.state is State.OPENING:
            self.session.state = State.OPEN
            self._door.look_after(self)
            self._look_at_expiry()
        else:
            self._report_end(caller.app)
        return opened

    def look(self, now: float) -> None:
        """End the session where it was silent for too long; called once in a heartbeat."""
        if now - self._heard > 2.5 * self._backend.heartbeat:
            self.session.end(IDLE)
        else:
            self._look_at_expiry()

    def _look_at_expiry(self) -> None:
        """End the session on time where its UserSig expires before it is looked at again."""
        if (left := self._left()) <= self._backend.heartbeat:
            asyncio.get_running_loop().call_later(max(left + 1, 0), self.expire)

    def expire(self) -> None:
        """End the session where its UserSig does not hold any more."""
        if self._left() < 0:
            self.session.end(EXPIRED)

    def _left(self) -> int:
        caller = self._caller
        return caller.signature.valid_until - self._backend.now_ms(self.sdkappid) // 1000 if caller else 0

    def login_late(self) -> None:
        """End the session where no login came in time; one that is under way may finish."""
        if self.session.state is State.NEW:
            self.session.end(LOGIN_TIMEOUT)
