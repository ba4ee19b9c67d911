"""Calls over HTTP with the standard library: a connection a call, so any thread, fork and event loop may make them."""

import http.client
import json
import ssl
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0


class CallRefused(Exception):
    """The server refused a call: ``code`` and ``info`` are ErrorCode and ErrorInfo, ``reply`` is all of it."""

    def __init__(self, command: str, reply: dict[str, Any]) -> None:
        self.code: int = reply.get("ErrorCode", 0)
        self.info: str = reply.get("ErrorInfo", "")
        self.reply = reply
        super().__init__(f"{command}: {self.code} {self.info}")


class NoAnswer(Exception):
    """The server did not answer, or not as the API does; the text says what came. ``status`` is HTTP's, 0 for none."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Caller:
    """Posts to one server. ``ca`` is a file with the authority to trust."""

    def __init__(self, url: str, ca: str | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"url: {url!r} is not like http://127.0.0.1:8140")
        self._url = url.rstrip("/")
        self._place = parts.netloc
        self._path = parts.path.rstrip("/")
        self._timeout = timeout
        self._trusted = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of the answer to a request; raise ``NoAnswer`` where none comes, or one that is not 200."""
        try:
            connection = self._connect()
            try:
                connection.request(method, self._path + path, body or None, {"Content-Type": "application/json"})
                response = connection.getresponse()
                raw = response.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as fault:
            raise NoAnswer(f"{self._url}: {str(fault) or type(fault).__name__}") from fault
        if response.status != http.client.OK:
            asked = f"{self._url}{path.partition('?')[0]}"
            raise NoAnswer(f"{asked} answers HTTP {response.status}: {_start(raw)}", response.status)
        return raw

    def _connect(self) -> http.client.HTTPConnection:
        if self._trusted is not None:
            return http.client.HTTPSConnection(self._place, timeout=self._timeout, context=self._trusted)
        return http.client.HTTPConnection(self._place, timeout=self._timeout)

    def reply(self, method: str, path: str, command: str, body: bytes, *, ok: bool = True) -> dict[str, Any]:
        """Return a JSON reply; with ``ok`` a refusal raises ``CallRefused``."""
        raw = self.call(method, path, body)
        try:
            answer: dict[str, Any] = json.loads(raw)
            refused = answer["ErrorCode"] != 0
        except (ValueError, KeyError, TypeError):
            raise NoAnswer(f"{self._url} answers without the API's envelope: {_start(raw)}") from None
        if ok and refused:
            raise CallRefused(command, answer)
        return answer


class Closing:
    """Closed at the end of ``with``."""

    def close(self) -> None:
        """Give back what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _start(raw: bytes) -> str:
    return raw[:200].decode(errors="replace")
