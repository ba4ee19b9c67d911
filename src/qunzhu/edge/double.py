"""The door of a double's controls: ``POST /double/<control>`` with the query of the REST API, ``GET /double`` to look.

Only there where the server was asked for it; the caller is an administrator of the app. Controls of one app are run one
after the other. Answers have the envelope of the REST API.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import msgspec
import structlog

from qunzhu.core import errors as err
from qunzhu.core.double import Clock, checked_fault, checked_push
from qunzhu.core.errors import Refused
from qunzhu.core.ports import App
from qunzhu.core.wire import CUT, ENDS
from qunzhu.edge.auth import Gatekeeper
from qunzhu.edge.double_bodies import (
    Body,
    ClockBody,
    CutBody,
    FaultsBody,
    RecordBody,
    ResetBody,
    RestoreBody,
    SnapshotBody,
    decode,
    milliseconds,
    snapshot_name,
)
from qunzhu.edge.rest import Receive, Scope, Send, failure, query_of, read_body, sdkappid_of
from qunzhu.edge.seeding import SeedBackend, seed
from qunzhu.push.double import Double, shown_clock
from qunzhu.push.hub import Hub
from qunzhu.push.recorder import as_json
from qunzhu.push.snapshots import Snapshots, nothing
from qunzhu.store.batch import EngineTx

log = structlog.get_logger("qunzhu.double")
DOOR = "double"
PREFIX = "/double"
SEED = "seed"
MAX_BODY = 16 << 20
LINES = b"application/x-ndjson; charset=utf-8"
JSON = b"application/json"


class DoubleBackend(SeedBackend, Protocol):
    """What the door needs of the server behind it."""

    async def app(self, sdkappid: int) -> App | None:
        """Return an app by its SDKAppID, its store open."""
        ...

    async def hub(self, app: App) -> Hub:
        """Return the hub of an app."""
        ...

    def double(self, sdkappid: int) -> Double:
        """Return what tests have set for an app."""
        ...

    async def time_moves(self, sdkappid: int) -> None:
        """Count what happened at an app's time as it is, before it is another."""
        ...

    async def time_moved(self, sdkappid: int) -> None:
        """Do at once what an app's new time makes due."""
        ...

    async def replace(self, sdkappid: int, put: Callable[[EngineTx], Any]) -> Any:
        """Put other data in the place of an app's."""
        ...

    async def snapshot(self, sdkappid: int, take: Callable[[EngineTx], Any]) -> Any:
        """Have an app's data read."""
        ...

    def count(self, door: str, command: str, code: int) -> None:
        """Count an answer."""
        ...

    def revoked_before(self, sdkappid: int, user: str) -> int:
        """Return the time before which UserSigs of a user do not hold; 0 for none."""
        ...


class Asked(msgspec.Struct, frozen=True):
    """Whose control is used, by whom."""

    app: App
    user: str
    double: Double


Fields = dict[str, Any]
Run = Callable[[Asked, Any], Awaitable[Fields]]


class DoubleDoor:
    """ASGI application of the /double paths. ``time_moved`` has the gateway look at an app's sessions anew."""

    def __init__(self, backend: DoubleBackend, time_moved: Callable[[int], None]) -> None:
        self._backend = backend
        self._time_moved = time_moved
        self._gatekeeper = Gatekeeper(self._revoked_before)
        self._locks: dict[int, asyncio.Lock] = {}
        self._controls: dict[str, tuple[type[Body], Run]] = {
            "clock": (ClockBody, self._clock), "faults": (FaultsBody, self._faults), "cut": (CutBody, self._cut),
            "reset": (ResetBody, self._reset), "snapshot": (SnapshotBody, self._snapshot),
            "restore": (RestoreBody, self._restore), "record": (RecordBody, self._record),
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name, code = scope["path"].removeprefix(PREFIX).strip("/"), 0
        lines: Iterator[bytes] | None = None
        try:
            body = await _body(scope, receive)
            asked = await self._asked(scope["query_string"])
            answer, lines = await self._run(asked, scope["method"], name, body)
        except Refused as refused:
            code, answer = refused.row.code, failure(refused)
        self._backend.count(DOOR, name if name in {*self._controls, SEED, ""} else "unknown", code)
        if lines is None:
            await _send(send, JSON, iter((answer,)))
        else:
            await _send(send, LINES, lines)

    async def answer_for(
        self, app: App, user: str, method: str, name: str, body: bytes
    ) -> tuple[bytes, Iterator[bytes] | None]:
        """Use a control for an administrator who was let in at another door; return the answer, or its lines."""
        return await self._run(Asked(app, user, self._backend.double(app.sdkappid)), method, name, body)

    async def _run(self, asked: Asked, method: str, name: str, body: bytes) -> tuple[bytes, Iterator[bytes] | None]:
        """Use a control, after those of the same app that came before; return its answer, or the lines of a record."""
        lines: Iterator[bytes] | None = None
        if name == "record" and (method == "GET" or _gets(body)):
            lines = asked.double.record.pieces()
        async with self._locks.setdefault(asked.app.sdkappid, asyncio.Lock()):
            try:
                return await self._answer(method, name, asked, body), lines
            except Refused:
                raise
            except Exception:
                log.exception("internal error", control=name[:40])
                raise Refused(err.GROUP_INTERNAL, name[:40]) from None

    async def _asked(self, query: bytes) -> Asked:
        """Return the caller, who is an administrator of the app."""
        fields = query_of(query)
        number = sdkappid_of(fields)
        app = await self._backend.app(number)
        if app is None:
            raise Refused(err.APP_UNKNOWN, str(number))
        user = fields.get("identifier", "")
        if not user:
            raise Refused(err.URL_PARAMETER, "identifier: missing")
        self._check(app, user, fields.get("usersig", ""))
        if user not in app.admins:
            raise Refused(err.NOT_APP_ADMIN, f"{user[:40]!r} is not")
        return Asked(app, user, self._backend.double(app.sdkappid))

    def _check(self, app: App, user: str, usersig: str) -> None:
        """Check a UserSig by the real time or by the app's: no clock locks out who would set it right."""
        real, shown = self._backend.now_ms() // 1000, self._backend.now_ms(app.sdkappid) // 1000
        try:
            self._gatekeeper.check(app, user, usersig, real)
        except Refused as refused:
            if refused.row is not err.USERSIG_EXPIRED or real == shown:
                raise
            self._gatekeeper.check(app, user, usersig, shown)

    def _revoked_before(self, sdkappid: int, user: str) -> int:
        """Return when logins were revoked; what lies in the future only a moved clock did."""
        before = self._backend.revoked_before(sdkappid, user)
        return before if before <= self._backend.now_ms() // 1000 else 0

    async def _answer(self, method: str, name: str, asked: Asked, body: bytes) -> bytes:
        fields: Fields
        if method == "GET" and not name:
            fields = {"controls": [*self._controls, SEED], **asked.double.shown(), "snapshots": self._kept(asked)}
        elif name == SEED and method == "POST":
            fields = {"made": await seed(self._backend, asked.app, asked.user, body)}
        elif name in self._controls:
            record, run = self._controls[name]
            fields = await run(asked, decode(record, body if method == "POST" else b""))
        else:
            raise Refused(err.COMMAND_UNKNOWN, f"{name[:100]!r} is not one of {', '.join((*self._controls, SEED))}")
        if method == "POST":
            request = None if name == SEED else as_json(body or b"{}")
            asked.double.note(DOOR, name, user=asked.user, request=request, code=0)
        return msgspec.json.encode({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0, **fields})

    async def _clock(self, asked: Asked, body: ClockBody) -> Fields:
        await self._backend.time_moves(asked.app.sdkappid)
        clock, before, state = asked.double.clock, asked.double.clock.now_ms(), asked.double.clock.state()
        try:
            _turn(clock, body)
        except Refused:
            clock.back(state)
            raise
        if clock.now_ms() != before:
            self._time_moved(asked.app.sdkappid)
            await self._backend.time_moved(asked.app.sdkappid)
        return {"clock": shown_clock(clock)}

    async def _faults(self, asked: Asked, body: FaultsBody) -> Fields:
        double = asked.double
        faults = [checked_fault(f"add[{place}]", rule) for place, rule in enumerate(body.add)]
        pushes = [checked_push(f"pushes[{place}]", rule) for place, rule in enumerate(body.pushes)]
        if body.clear:
            double.faults.clear()
            double.pushes.clear()
        double.faults.add(faults, body.seed)
        double.pushes.add(pushes, body.seed)
        return {"faults": double.faults.shown(), "pushes": double.pushes.shown()}

    async def _cut(self, asked: Asked, body: CutBody) -> Fields:
        end = CUT if body.code is None else ENDS.get(body.code)
        if end is None:
            raise Refused(err.BAD_PARAMETER, f"code: {body.code} is not one of {', '.join(map(str, ENDS))}")
        hub = await self._backend.hub(asked.app)
        return {"ended": hub.cut(end, body.user, body.platform)}

    async def _reset(self, asked: Asked, body: ResetBody) -> Fields:
        double = asked.double
        if "clock" not in body.keep:
            double.clock.reset()
        if "faults" not in body.keep:
            double.faults.clear()
            double.pushes.clear()
        await self._backend.replace(asked.app.sdkappid, nothing)
        return {}

    async def _snapshot(self, asked: Asked, body: SnapshotBody) -> Fields:
        kept, fields = self._snapshots(asked), {}
        if body.drop is not None:
            kept.require(snapshot_name("drop", body.drop))
            kept.drop(body.drop)
        if body.name is not None:
            name, at = snapshot_name("name", body.name), asked.double.clock.now_ms() // 1000
            take: Callable[[EngineTx], int] = lambda tx: kept.take(tx, name, at)  # noqa: E731 - with its type
            fields = {"rows": await self._backend.snapshot(asked.app.sdkappid, take)}
        return {**fields, "snapshots": self._kept(asked)}

    async def _restore(self, asked: Asked, body: RestoreBody) -> Fields:
        kept = self._snapshots(asked)
        kept.require(snapshot_name("name", body.name))
        put: Callable[[EngineTx], int] = lambda tx: kept.put(tx, body.name)  # noqa: E731 - with its type
        return {"rows": await self._backend.replace(asked.app.sdkappid, put)}

    async def _record(self, asked: Asked, body: RecordBody) -> Fields:
        record = asked.double.record
        if body.start and body.stop:
            raise Refused(err.BAD_PARAMETER, "start and stop exclude each other")
        if body.clear:
            record.clear()
        if body.start:
            record.start()
        if body.stop:
            record.stop()
        return {"record": record.shown()}

    @staticmethod
    def _snapshots(asked: Asked) -> Snapshots:
        return Snapshots(asked.double.folder, asked.app.sdkappid)

    def _kept(self, asked: Asked) -> list[Any]:
        return [msgspec.structs.asdict(one) for one in self._snapshots(asked).found()]


def _turn(clock: Clock, body: ClockBody) -> None:
    if body.real:
        clock.reset()
    if body.set is not None:
        clock.put(milliseconds("set", body.set))
    if body.advance is not None:
        clock.put(clock.now_ms() + milliseconds("advance", body.advance))
    if body.freeze is False:
        clock.run_on()
    elif body.freeze is not None:
        clock.freeze(None if body.freeze is True else milliseconds("freeze", body.freeze))


def _gets(body: bytes) -> bool:
    """Say whether a body for the record asks for its lines."""
    return b'"get"' in body and bool(decode(RecordBody, body).get)


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Return the body of a method that is served."""
    if scope["method"] not in {"POST", "GET"}:
        raise Refused(err.HTTP_UNREADABLE, f"method {scope['method']}: GET and POST are served")
    return await read_body(receive, MAX_BODY)


async def _send(send: Send, kind: bytes, pieces: Iterator[bytes]) -> None:
    await send({
        "type": "http.response.start", "status": 200,
        "headers": [(b"content-type", kind), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")],
    })  # fmt: skip
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
