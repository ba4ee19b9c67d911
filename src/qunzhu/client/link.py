"""One connection: calls go out, answers find their call, pushes are handed on."""

import asyncio
import itertools
import logging
from collections.abc import Callable

import msgspec

from qunzhu.client import errors as err
from qunzhu.client.errors import CallFailed, failed
from qunzhu.client.transport import ABNORMAL, Closed, Transport
from qunzhu.core import wire
from qunzhu.core.errors import ErrorRow
from qunzhu.core.notices import Notice
from qunzhu.core.wire import EXPIRED, KICKED, LOGGED_OUT, MAX_FRAME, REVOKED

log = logging.getLogger("qunzhu.client")
FAILS_WITH: dict[int, ErrorRow] = {
    KICKED.code: err.KICKED_OFFLINE,
    REVOKED.code: err.KICKED_OFFLINE,
    EXPIRED.code: err.USERSIG_EXPIRED,
    LOGGED_OUT.code: err.NOT_LOGGED_IN,
}
"""What calls in flight fail with, by close code; all others with 9508."""
OnPush = Callable[[str, Notice], None]


class Link:
    """The shell around one transport. Nothing is sent twice: what became of a call in a break is unknown."""

    def __init__(self, transport: Transport, on_push: OnPush) -> None:
        self._transport = transport
        self._on_push = on_push
        self._numbers = itertools.count(1)
        self._waiting: dict[int | str | None, asyncio.Future[msgspec.Raw]] = {}
        self._said: int | None = None
        self._over: ErrorRow | None = None
        self._reader = asyncio.create_task(self._read())

    async def ended(self) -> Closed:
        """Wait for the connection's end and say why it came."""
        return await asyncio.shield(self._reader)

    async def call(self, method: str, params: object, seconds: float) -> msgspec.Raw:
        """Send a call and return its result; raise ``CallFailed`` with the server's code, 6012 or 9508."""
        if self._over is not None:
            raise failed(self._over, method)
        number = next(self._numbers)
        frame = wire.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        if len(frame) > MAX_FRAME:
            raise failed(err.REQUEST_TOO_LARGE, f"{method}: {len(frame)} bytes")
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._transport.send(frame)
                result: msgspec.Raw = await answer
                return result
        except TimeoutError:
            raise failed(err.TIMED_OUT, f"{method}: {seconds:g} s") from None
        except Closed:
            raise failed(err.DISCONNECTED, method) from None
        finally:
            del self._waiting[number]
            answer.cancel()

    async def close(self) -> None:
        """Close the connection and wait until it is over."""
        await self._transport.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    def fail(self, row: ErrorRow) -> None:
        """Let calls in flight, and later ones, fail with a row."""
        self._over = self._over or row
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(failed(self._over))

    async def _read(self) -> Closed:
        end = Closed(ABNORMAL)
        try:
            while True:
                self._take(wire.decode_answer(await self._transport.receive()))
        except Closed as closed:
            code = closed.code if self._said is None else self._said
            end = Closed(code, closed.reason)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as fault:
            log.warning("unreadable frame from the server: %r", fault)
            end = Closed(ABNORMAL, "unreadable frame")
            await self._transport.close()
        self.fail(FAILS_WITH.get(end.code, err.DISCONNECTED))
        return end

    def _take(self, answer: wire.Answer) -> None:
        if answer.method is not None:
            params = msgspec.json.decode(answer.params or b"{}")
            if answer.method == "session_end":
                self._said = params["Code"]
            else:
                self._on_push(answer.method, params)
            return
        waiting = self._waiting.get(answer.id)
        if waiting is None or waiting.done():
            return
        if answer.error is not None:
            waiting.set_exception(CallFailed(answer.error.code, answer.error.message))
        else:
            waiting.set_result(answer.result or msgspec.Raw(b"{}"))
