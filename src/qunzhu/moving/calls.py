"""Calls of the reference service's REST API: paced as documented, signed anew in time, tried again where that helps."""

import asyncio
import random
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from qunzhu.core.token import make_usersig
from qunzhu.moving import CannotMove

USUAL_RATE = 200.0
RATES = {"get_appid_group_list": 1.0, "account_check": 100.0}
"""Calls of a command that the documentation allows in a second, where they are not 200."""
TOO_MANY = frozenset({60007, 60011, 60018, 60019, 70050})
"""Over a limit: the same call is taken later."""
AGAIN = TOO_MANY | {10002, 20004, 60004, 60008, 60014, 70169, 70202, 70500, 40006}
NO_ENTRY = frozenset({60006, 60010, 60012, 60013, 60016, 70001, 70002, 70003, 70005, 70009, 70013, 70014, 70020, 70051})
"""Nothing can be read with this key, administrator or SDKAppID."""
TRIES = 10
FIRST_WAIT, MOST_WAIT = 0.5, 30.0
TIMEOUT_SECONDS = 30
AT_ONCE = 16
"""Connections."""
SIGNED_SECONDS = 86400
SIGN_AGAIN_SECONDS = 3600
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Unreadable(Exception):
    """The service refuses to give something: the code and what it says."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}".rstrip())
        self.code = code


class _NotNow(Exception):
    """A call that may succeed later; the text says what went wrong."""


class Pace:
    """Lets calls of one command go so many times a second."""

    def __init__(self, rate: float) -> None:
        self._step = 1 / rate
        self._next = 0.0

    async def wait(self) -> None:
        """Wait for this call's turn."""
        now = time.monotonic()
        turn = max(self._next, now)
        self._next = turn + self._step
        if turn > now:
            await asyncio.sleep(turn - now)

    def rest(self, seconds: float) -> None:
        """Let nobody go for a while."""
        self._next = max(self._next, time.monotonic() + seconds)


class Reference:
    """An app of the reference service, read as one of its administrators."""

    def __init__(
        self, url: str, sdkappid: int, admin: str, key: str, rate: float | None, ca: str | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise CannotMove(f"{url!r} is not like https://console.tim.qq.com")
        try:
            self._trusted = ssl.create_default_context(cafile=ca)
        except OSError as fault:
            raise CannotMove(f"{ca}: {fault}", "name a certificate (PEM) with --ca") from None
        self.url = url.rstrip("/")
        self.sdkappid, self.admin, self._key, self._rate = sdkappid, admin, key, rate
        self._paces: dict[str, Pace] = {}
        self._signature, self._signed_at = "", 0.0
        self._session: aiohttp.ClientSession
        self.calls = self.repeats = 0

    async def __aenter__(self) -> "Reference":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE, ssl=self._trusted),
            timeout=aiohttp.ClientTimeout(sock_connect=TIMEOUT_SECONDS, sock_read=TIMEOUT_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(self, path: str, read: Callable[[dict[str, Any]], Any], **fields: Any) -> Any:
        """Call ``service/command`` and return the answer, or raise ``Unreadable``.

        ``read`` turns the answer into what is wanted of it; an answer that it cannot read is none. Where there is no
        answer after many tries, all of it ends (``CannotMove``).
        """
        command = path.rpartition("/")[2]
        pace = self._paces.setdefault(command, Pace(self._allowed(command)))
        body, wait = _encode(fields), FIRST_WAIT
        for left in range(TRIES - 1, -1, -1):
            await pace.wait()
            try:
                return read(await self._once(path, body))
            except _NotNow as fault:
                if not left:
                    raise CannotMove(
                        f"{self.url}/v4/{path}: {fault}, {TRIES} times one after the other",
                        "call the same command again later: it goes on where it stopped",
                    ) from None
            except (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError) as fault:
                raise Unreadable(0, f"{path}: an answer that is not as documented: {fault}") from None
            self.repeats += 1
            pause = wait * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            pace.rest(pause)
            await asyncio.sleep(pause)
            wait = min(2 * wait, MOST_WAIT)
        raise AssertionError

    def _allowed(self, command: str) -> float:
        usual = RATES.get(command, USUAL_RATE)
        if self._rate is None or command == "get_appid_group_list":
            return usual
        return self._rate

    async def _once(self, path: str, body: bytes) -> dict[str, Any]:
        self.calls += 1
        query = {
            "sdkappid": str(self.sdkappid), "identifier": self.admin, "usersig": self._sign(),
            "random": str(random.getrandbits(32)), "contenttype": "json",
        }  # fmt: skip
        try:
            async with self._session.post(
                f"{self.url}/v4/{path}", params=query, data=body, allow_redirects=False
            ) as response:
                raw, status = await response.read(), response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            raise _NotNow(f"no answer: {str(fault) or type(fault).__name__}") from None
        try:
            answer = _decode(raw)
            code, text = int(answer.get("ErrorCode", -1)), str(answer.get("ErrorInfo", ""))
        except (msgspec.MsgspecError, UnicodeDecodeError, TypeError, ValueError):
            raise _NotNow(f"HTTP {status} without the API's envelope") from None
        if code in AGAIN:
            raise _NotNow(f"{code} {text}")
        if code in NO_ENTRY:
            raise CannotMove(f"{self.url} refuses: {code} {text}", "look at --sdkappid, --admin and --key")
        if code:
            raise Unreadable(code, text)
        return answer

    def _sign(self) -> str:
        now = time.time()
        if now - self._signed_at > SIGN_AGAIN_SECONDS:
            self._signature = make_usersig(self._key, self.sdkappid, self.admin, now=int(now), expire=SIGNED_SECONDS)
            self._signed_at = now
        return self._signature
