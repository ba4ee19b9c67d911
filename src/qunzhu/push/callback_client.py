"""Posts callbacks to an app's own server (doc 1047/34354).

Imported when the first app with callbacks is opened: aiohttp takes a tenth of a second and 14 MB.
"""

import asyncio
import hashlib
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from qunzhu.core.ports import CallbackSettings
from qunzhu.push.addresses import MAY_NOT, Sockets

SECONDS = 2.0
"""In so long a callback must be answered, its connection included."""
MAX_ANSWER = 1 << 18
IDLE_SECONDS = 4.0
"""How long a connection is kept for the next callback: less than servers usually keep it, so that none is lost to a
server that closes it at that moment. A callback is not sent again: nobody knows whether it was read."""
NAMES_SECONDS = 10
"""How long an address that a name was found to have is used for new connections."""
LOOK_UPS = 2
"""Threads of an app that look names up: others' callbacks do not wait for a name server that does not answer."""
TIMEOUT, CONNECT, CLOSED, STATUS, GARBAGE, TOO_LARGE, FORBIDDEN = FAULTS = (
    "timeout", "connect", "closed", "status", "garbage", "too large", "forbidden address",
)  # fmt: skip
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}


class CallbackFailed(Exception):
    """A callback has no valid answer: which of ``FAULTS`` it was, and what is known of it."""

    def __init__(self, fault: str, detail: str) -> None:
        super().__init__(f"{fault}: {detail}" if detail else fault)
        self.fault = fault
        self.detail = detail


def sign(token: str, request_time: int) -> str:
    """Return ``Sign`` of a callback's URL: SHA-256 of token and RequestTime, in hexadecimal digits."""
    return hashlib.sha256(f"{token}{request_time}".encode()).hexdigest()


def query_of(
    sdkappid: int, settings: CallbackSettings, command: str, cause: Mapping[str, str], now: int
) -> dict[str, str]:
    """Return what stands in a callback's URL. ``cause`` has ClientIP and OptPlatform, ``now`` is unix seconds."""
    query = {
        "SdkAppid": str(sdkappid), "CallbackCommand": command, "contenttype": "json",
        "ClientIP": cause.get("ClientIP", ""), "OptPlatform": cause.get("OptPlatform", ""),
    }  # fmt: skip
    if settings.token:
        query |= {"Sign": sign(settings.token, now), "RequestTime": str(now)}
    return query


class _Names(AbstractResolver):
    """Looks names up in threads of one app's own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="callback-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        return [
            ResolveResult(hostname=host, host=str(place[0]), port=port, family=kind, proto=protocol,
                          flags=socket.AI_NUMERICHOST)
            for kind, _, protocol, _, place in found
        ]  # fmt: skip

    async def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class CallbackClient:
    """Posts one app's callbacks, over connections that are kept. ``demo`` allows loopback addresses."""

    def __init__(self, sdkappid: int, *, demo: bool = False) -> None:
        self._sdkappid = sdkappid
        self._demo = demo
        self._made_for: tuple[str, bool] | None = None
        self._closed = False
        self._session: aiohttp.ClientSession

    async def post(
        self, settings: CallbackSettings, command: str, body: bytes, cause: Mapping[str, str], *, now: int
    ) -> dict[str, Any]:
        """Post one callback and return the answer, a JSON object, or raise ``CallbackFailed``.

        It is posted once, redirects are not followed, and an answer over 256 KiB or without status 200 is none.
        """
        query = urlencode(query_of(self._sdkappid, settings, command, cause, now))
        session = await self._open(settings)
        timeout = aiohttp.ClientTimeout(total=SECONDS, sock_connect=SECONDS)
        try:
            async with session.post(
                f"{settings.url}?{query}", data=body, headers=_HEADERS, timeout=timeout,
                allow_redirects=False,
            ) as response:  # fmt: skip
                return _answer(await _body(response))
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            raise _failed(fault) from None

    async def _open(self, settings: CallbackSettings) -> aiohttp.ClientSession:
        """Return the session, a new one where the URL or what it may reach is another now."""
        if self._closed:
            raise CallbackFailed(CLOSED, "the app is closed")
        wanted = settings.url, settings.private
        if self._made_for == wanted:
            return self._session
        old, self._session = self._session if self._made_for else None, self._new(settings)
        self._made_for = wanted
        if old is not None:
            await old.close()
        return self._session

    def _new(self, settings: CallbackSettings) -> aiohttp.ClientSession:
        sockets = Sockets(private=settings.private, loopback=self._demo)
        connector = aiohttp.TCPConnector(
            resolver=_Names(), socket_factory=sockets.make, ttl_dns_cache=NAMES_SECONDS, limit=0,
            keepalive_timeout=IDLE_SECONDS,
        )  # fmt: skip
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)

    async def close(self) -> None:
        """Close every connection; callbacks under way fail, and there are no more."""
        self._closed = True
        if self._made_for is not None:
            self._made_for = None
            await self._session.close()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an answer with status 200, as long as it is not too large."""
    if response.status != 200:
        raise CallbackFailed(STATUS, f"HTTP status {response.status}")
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_ANSWER:
            raise CallbackFailed(TOO_LARGE, f"over {MAX_ANSWER} bytes")
    return bytes(body)


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise CallbackFailed(GARBAGE, f"not JSON: {str(fault)[:100]}") from None
    if not isinstance(answer, dict):
        raise CallbackFailed(GARBAGE, "not a JSON object")
    return answer


def _failed(fault: Exception) -> CallbackFailed:
    """Name a fault of the connection or of what came over it."""
    if isinstance(fault, TimeoutError):
        return CallbackFailed(TIMEOUT, f"no answer within {SECONDS:g} s")
    if isinstance(fault, aiohttp.ClientConnectorError):
        reason = str(fault.os_error)
        return CallbackFailed(FORBIDDEN if MAY_NOT in reason else CONNECT, reason[:200])
    if isinstance(fault, aiohttp.InvalidURL):
        return CallbackFailed(CONNECT, f"the URL leads nowhere: {str(fault)[:200]}")
    if isinstance(fault, aiohttp.ClientResponseError):
        return CallbackFailed(GARBAGE, f"not HTTP: {str(fault)[:200]}")
    return CallbackFailed(CLOSED, f"{type(fault).__name__}: {str(fault)[:200]}")
