"""The client of the gateway: typed calls, events, reconnecting, and pulling what was missed."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from qunzhu.client import errors as err
from qunzhu.client.c2c import C2CLedger, catch_up_c2c
from qunzhu.client.errors import PASSING, CallFailed, failed
from qunzhu.client.events import (
    C2CReceived,
    ChangeReceived,
    ClientEvent,
    ConversationChanged,
    Expired,
    Kicked,
    MessageChanged,
    NoticeReceived,
    State,
    StateChanged,
)
from qunzhu.client.ledger import (
    CHANGE,
    NOTICE,
    STREAMED,
    Ledger,
    Push,
    Verdict,
    catch_up,
    enter_again,
    received,
)
from qunzhu.client.link import FAILS_WITH, Link
from qunzhu.client.transport import Closed, Dial, gateway_url, open_websocket
from qunzhu.commands.groups import CreatedGroup, CreateGroup, DestroyGroup, GetGroupInfo, InfoFilter
from qunzhu.commands.joining import HandleGroupApplication, JoinGroup, QuitGroup
from qunzhu.commands.members import GetSpecifiedGroupMemberInfo
from qunzhu.core import errors as server_err
from qunzhu.core.command import BY_NAME, Command, Reply, Request
from qunzhu.core.errors import ErrorRow
from qunzhu.core.kinds import BY_NAME as BY_KIND
from qunzhu.core.notices import Notice
from qunzhu.core.ports import GATEWAY
from qunzhu.core.pushes import C2C_MESSAGE, CONVERSATION_CHANGE, GROUP_SEQ, MESSAGE_CHANGE
from qunzhu.core.wire import ENDS, EXPIRED, KICKED, REVOKED, Login

log = logging.getLogger("qunzhu.client")
COMMAND_OF: dict[type[Request[Any]], Command] = {row.request: row for row in BY_NAME.values() if GATEWAY in row.doors}
_DECODERS: dict[type[Reply], msgspec.json.Decoder[Any]] = {}
TOLD: dict[str, Callable[[Notice], ClientEvent]] = {
    CHANGE: ChangeReceived, MESSAGE_CHANGE: MessageChanged, CONVERSATION_CHANGE: ConversationChanged,
}  # fmt: skip
"""Pushes that are told as they come."""
STEADY_SECONDS = 10.0
"""A connection that held this long counts as good: the next wait begins short again."""
GOODBYE_SECONDS = 2.0
T = TypeVar("T", bound=Reply)
Listener = Callable[[ClientEvent], object]


def backoff(attempt: int) -> float:
    """Return the seconds to wait before attempt number ``attempt`` (from 0): doubling to 30, half of it by chance."""
    return min(30.0, 0.5 * 2.0 ** min(attempt, 10)) * (0.5 + secrets.randbelow(1000) / 2000)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a client does otherwise than usual."""

    timeout: float = 10.0
    """Seconds that an answer may take."""
    known: Mapping[str, int] | None = None
    """``Client.known`` of an earlier process: what happened since then is told after the first login."""
    known_c2c: int | None = None
    """``Client.known_c2c`` of an earlier process: one-to-one messages since then are told after the first login."""
    dial: Dial = open_websocket
    """Opens connections; ``functools.partial(open_websocket, ssl=...)`` for a certificate of one's own."""
    ssl: SSLContext | None = None
    """Trust for ``https``, where media goes up and comes down; the system's roots without it."""
    delay: Callable[[int], float] = backoff


class Client:
    """A user's session that outlives its connections.

    ``open`` logs in; after it, ``call`` runs commands and listeners are told what happens. Where the connection breaks,
    or the server ends the session with a code whose row says "again", the client connects and logs in anew and tells
    what it missed, each stored tip once and in order. All methods belong to the event loop that ``open`` ran on.
    """

    def __init__(
        self, url: str, sdkappid: int, user: str, usersig: str, platform: str = "Linux", options: Options | None = None
    ) -> None:
        self.user = user
        self.sdkappid = sdkappid
        self.state = State.CLOSED
        self._options = options or Options()
        self._url = gateway_url(url)
        self._login = Login(sdkappid=sdkappid, identifier=user, usersig=usersig, platform=platform)
        self._ledger = Ledger(self._options.known)
        self._c2c = C2CLedger(self._options.known_c2c)
        self._listeners: list[Listener] = []
        self._held: list[Push] | None = []
        self._stale = asyncio.Event()
        self._link: Link | None = None
        self._root: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._clock: float | None = None
        self._heartbeat = 30.0
        self.after_write: Callable[[Request[Any]], object] | None = None
        """Told each writing command once it is answered or has failed, and before its caller."""

    async def open(self) -> None:
        """Connect, log in and learn the user's groups. Raises ``CallFailed`` with the server's or a network code."""
        if self._root is not None:
            raise RuntimeError("a client is opened once")
        self._change(State.CONNECTING)
        try:
            link = await self._connect()
        except CallFailed as fault:
            self._change(State.FAILED, fault.code, fault.text)
            raise
        self._ready = asyncio.get_running_loop().create_future()
        self._root = asyncio.create_task(self._live(link))
        try:
            await asyncio.shield(self._ready)
        except BaseException:
            await self.close()
            raise

    async def close(self, reason: ErrorRow = err.NOT_LOGGED_IN) -> None:
        """Log out and disconnect; calls in flight fail with ``reason``."""
        link, self._link = self._link, None
        if link is not None:
            try:
                await link.call("logout", {}, GOODBYE_SECONDS)
            except CallFailed as fault:
                log.debug("logout: %s", fault.text)
            link.fail(reason)
            await link.close()
        if self._root is not None and self._root is not asyncio.current_task():
            self._root.cancel()
            await asyncio.gather(self._root, return_exceptions=True)
        self._change(State.CLOSED)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def call(self, request: Request[T], *, timeout: float | None = None) -> T:  # noqa: ASYNC109 - part of the interface
        """Run a command and return its reply. ``timeout`` is in seconds.

        Raises ``CallFailed``: the server's code; 6012 no answer in time; 9508 no connection, or it broke before the
        answer came (the command may have taken effect: nothing is sent twice); 6206, 6208, 6014 the session ended.
        """
        command = COMMAND_OF.get(type(request))
        if command is None:
            raise TypeError(f"{type(request).__name__} is not a command of the gateway")
        link = self._link
        if link is None:
            raise failed(err.NOT_LOGGED_IN if self.state is State.CLOSED else err.DISCONNECTED, command.name)
        try:
            reply: T = await self._run(link, command, request, timeout or self._options.timeout)
        finally:
            if command.writes and self.after_write is not None:
                self.after_write(request)
        await self._follow(link, request, reply)
        return reply

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell ``listener`` every event from now on; call the result to stop. What it raises is logged."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def events(self) -> "Events":
        """Return an iterator over every event from now on. It keeps what is not yet taken, without a limit."""
        return Events(self)

    @property
    def known(self) -> dict[str, int]:
        """Return the user's groups, each with the newest seq told: what ``Options.known`` takes."""
        return dict(self._ledger.seen)

    @property
    def known_c2c(self) -> int:
        """Return the number of the newest one-to-one message told: what ``Options.known_c2c`` takes."""
        return self._c2c.seen

    @property
    def live(self) -> list[str]:
        """Return the live rooms that this client is in, in the order of entering; it enters them again after breaks."""
        return list(self._ledger.live)

    @property
    def ssl(self) -> SSLContext | None:
        """Return whom media trusts: ``Options.ssl``."""
        return self._options.ssl

    def server_time(self) -> int:
        """Return the server's clock in unix seconds, 0 before the first login."""
        return 0 if self._clock is None else int(time.time() + self._clock)

    async def _run(self, link: Link, command: Command, request: Request[T], seconds: float) -> T:
        raw = await link.call(command.name, request, seconds)
        decoder = _DECODERS.get(command.reply)
        if decoder is None:
            decoder = _DECODERS[command.reply] = msgspec.json.Decoder(command.reply)
        try:
            reply: T = decoder.decode(raw)
        except msgspec.MsgspecError as fault:
            raise failed(err.BAD_REPLY, f"{command.name}: {fault}") from None
        return reply

    async def _follow(self, link: Link, request: Request[Any], reply: Reply) -> None:
        """Follow groups that a call of this client made, entered or left, even if the push gets lost."""
        match request, reply:
            case CreateGroup(), CreatedGroup(GroupId=group, Type=kind, GroupInfo=info):
                if info and info.Owner_Account == self.user:
                    self._ledger.enter(group, kind)
                else:
                    self._ledger.leave(group)
            case ((QuitGroup() | DestroyGroup()), _):
                self._ledger.leave(request.GroupId)
            case ((JoinGroup() | HandleGroupApplication()), _) if not self._ledger.has(request.GroupId):
                await self._learn(link, request.GroupId)

    async def _learn(self, link: Link, group: str) -> None:
        """Follow a group from the seq at which the user became a member; a live room refuses to say."""
        wanted = GetSpecifiedGroupMemberInfo(
            GroupId=group, Member_List_Account=[self.user], MemberInfoFilter=["MsgSeq"]
        )
        command = COMMAND_OF[type(wanted)]
        try:
            reply = await self._run(link, command, wanted, self._options.timeout)
        except CallFailed as fault:
            log.debug("%s: %s", command.name, fault.text)
            if fault.code == server_err.NO_RIGHT.code:
                await self._learn_kind(link, group)
            return
        for member in reply.MemberList:
            self._ledger.seen.setdefault(group, member["MsgSeq"])

    async def _learn_kind(self, link: Link, group: str) -> None:
        """Remember a live room that the client entered."""
        wanted = GetGroupInfo(GroupIdList=[group], ResponseFilter=InfoFilter(GroupBaseInfoFilter=["Type"]))
        command = COMMAND_OF[type(wanted)]
        try:
            [info] = (await self._run(link, command, wanted, self._options.timeout)).GroupInfo
        except CallFailed as fault:
            log.debug("%s: %s", command.name, fault.text)
            return
        if info.Type and not BY_KIND[info.Type].stores_members:
            self._ledger.enter(group, info.Type)

    async def _connect(self) -> Link:
        """Open a connection and log in on it; pushes are held until the client has caught up."""
        if self._held is None:
            self._held = []
        transport = await self._options.dial(self._url)
        link = Link(transport, self._push)
        try:
            raw = await link.call("login", self._login, self._options.timeout)
        except BaseException:
            await link.close()
            raise
        opened = msgspec.json.decode(raw)
        self._heartbeat = float(opened["Heartbeat"])
        self._set_clock(opened)
        self._link = link
        self._c2c.stale = True
        self._stale.set()
        self._change(State.CONNECTED)
        return link

    async def _live(self, link: Link | None) -> None:
        """Serve one connection after the other until one ends for good."""
        attempt = 0
        closed = Closed(0)
        try:
            while link is not None:
                began = time.monotonic()
                closed = await self._serve(link)
                self._link = None
                end = ENDS.get(closed.code)
                if end is not None and not end.again:
                    self._finish(closed)
                    return
                row = FAILS_WITH.get(closed.code, err.DISCONNECTED)
                self._change(State.DISCONNECTED, row.code, end.name if end else f"connection lost ({closed.code})")
                attempt = 0 if time.monotonic() - began > STEADY_SECONDS else attempt
                link, attempt = await self._reconnect(attempt)
        except Exception:
            log.exception("the client of %s ends", self.user)
            self._link = None
            if link is not None:
                await link.close()
            self._change(State.CLOSED, err.BAD_REPLY.code, err.BAD_REPLY.text)
        finally:
            if self._ready is not None and not self._ready.done():
                self._ready.set_exception(failed(FAILS_WITH.get(closed.code, err.DISCONNECTED)))
                self._ready.exception()

    async def _serve(self, link: Link) -> Closed:
        async with asyncio.TaskGroup() as tasks:
            helpers = tasks.create_task(self._beat(link)), tasks.create_task(self._keep_current(link))
            try:
                return await link.ended()
            finally:
                for helper in helpers:
                    helper.cancel()

    async def _reconnect(self, attempt: int) -> tuple[Link | None, int]:
        """Try until a login succeeds; None where the server's refusal is final."""
        while True:
            await asyncio.sleep(self._options.delay(attempt))
            attempt += 1
            self._change(State.CONNECTING)
            try:
                return await self._connect(), attempt
            except CallFailed as fault:
                if fault.code not in PASSING:
                    self._refuse(fault)
                    return None, attempt
                self._change(State.FAILED, fault.code, fault.text)

    def _finish(self, closed: Closed) -> None:
        if closed.code in {KICKED.code, REVOKED.code}:
            self._emit(Kicked(ENDS[closed.code].name))
        elif closed.code == EXPIRED.code:
            self._emit(Expired())
        row = FAILS_WITH.get(closed.code, err.DISCONNECTED)
        self._change(State.CLOSED, row.code, ENDS[closed.code].name)

    def _refuse(self, fault: CallFailed) -> None:
        if fault.code == server_err.USERSIG_EXPIRED.code:
            self._emit(Expired())
        self._change(State.CLOSED, fault.code, fault.text)

    async def _beat(self, link: Link) -> None:
        """Send the signs of life that the server asks for; without an answer the connection is given up."""
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                self._set_clock(msgspec.json.decode(await link.call("ping", {}, self._options.timeout)))
            except CallFailed as fault:
                log.info("heartbeat: %s", fault.text)
                await link.close()
                return

    async def _keep_current(self, link: Link) -> None:
        """Compare with the server after each login and wherever a gap shows; then let held pushes go."""

        async def call(request: Request[T]) -> T:
            return await self._run(link, COMMAND_OF[type(request)], request, self._options.timeout)

        entered = False
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await catch_up(call, self._ledger, self._emit, self._held if self._held is not None else [])
                await catch_up_c2c(call, self._c2c, self._emit, self._held if self._held is not None else [])
                if not entered:
                    await enter_again(call, self._ledger, self._emit, self.server_time())
                    entered = True
            except CallFailed as fault:
                log.warning("catching up: %s", fault.text)
                if fault.code in PASSING:
                    await link.close()
                    return
            self._release()
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(None)

    def _push(self, method: str, params: Notice) -> None:
        if self._held is not None:
            self._held.append((method, params))
        elif method in STREAMED:
            self._take(method, params)
        elif method == NOTICE and self._ledger.note(params):
            self._emit(NoticeReceived(params))
        elif method == C2C_MESSAGE:
            self._take_c2c(params)
        elif method in TOLD:
            self._emit(TOLD[method](params))

    def _take_c2c(self, message: Notice) -> None:
        verdict = self._c2c.judge(message)
        if verdict is Verdict.NEW:
            self._emit(C2CReceived(message))
        elif verdict is Verdict.GAP:
            self._held = [(C2C_MESSAGE, message)]
            self._stale.set()

    def _take(self, method: str, push: Notice) -> None:
        verdict = self._ledger.judge(method, push)
        if verdict is Verdict.GAP:
            self._held = [(method, push)]
            self._stale.set()
        elif verdict is Verdict.NEW and method != GROUP_SEQ:
            self._emit(received(method, push))

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for push in held:
            self._push(*push)

    def _set_clock(self, answer: dict[str, Any]) -> None:
        self._clock = answer["ServerTime"] - time.time()

    def _change(self, state: State, code: int = 0, text: str = "") -> None:
        if state is not self.state:
            self.state = state
            self._emit(StateChanged(state, code, text))

    def _emit(self, event: ClientEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)


class Events(AsyncIterator[ClientEvent]):
    """Events in order; ends after the state ``CLOSED``."""

    def __init__(self, client: Client) -> None:
        self._queue: asyncio.Queue[ClientEvent] = asyncio.Queue()
        self._stop = client.listen(self._queue.put_nowait)
        self._over = False

    async def __anext__(self) -> ClientEvent:
        if self._over:
            raise StopAsyncIteration
        event = await self._queue.get()
        if isinstance(event, StateChanged) and event.state is State.CLOSED:
            self._over = True
            self._stop()
        return event


async def connect(
    url: str, sdkappid: int, user: str, usersig: str, platform: str = "Linux", options: Options | None = None
) -> Client:
    """Return an open client. ``url`` is the server's, such as ws://127.0.0.1:8140; raises what ``open`` raises."""
    client = Client(url, sdkappid, user, usersig, platform, options)
    await client.open()
    return client
