"""What a client does with media, against the application in this process, and pictures to do it with."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from PIL import Image

from wire.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from wire.doors import Door

WAIT = 60
HOST = b"im.example.com:8140"


class Answer(NamedTuple):
    """An answer of the media door."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Return the body of an answer that is no file."""
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """Return the code of a refusal, or of success."""
        return self.json["ErrorCode"]


class Request:
    """A request whose body a test sends piece by piece."""

    def __init__(self, door: Door, method: str, url: str, headers: dict[str, str]) -> None:
        self._door = door
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: list[dict[str, Any]] = []
        parts = urlsplit(url)
        scope = {
            "type": "http", "method": method, "path": parts.path, "query_string": parts.query.encode(),
            "headers": [(b"host", HOST), *((name.lower().encode(), value.encode()) for name, value in headers.items())],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8140), "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        self.done: Future[None] = asyncio.run_coroutine_threadsafe(
            door.application(scope, self._in.get, self._take), door.loop
        )

    async def _take(self, message: dict[str, Any]) -> None:
        self._sent.append(message)

    def put(self, body: bytes, *, more: bool = True) -> None:
        """Send a piece."""
        message = {"type": "http.request", "body": body, "more_body": more}
        self._door.loop.call_soon_threadsafe(self._in.put_nowait, message)

    def hang_up(self) -> None:
        """Break the connection; nothing may be answered, and nothing may fail."""
        self._door.loop.call_soon_threadsafe(self._in.put_nowait, {"type": "http.disconnect"})
        self.done.result(WAIT)
        assert self._sent == []

    def answer(self) -> Answer:
        """Wait for the whole answer; it must be one that HTTP allows."""
        self.done.result(WAIT)
        start, *rest = self._sent
        assert start["type"] == "http.response.start"
        assert {message["type"] for message in rest} == {"http.response.body"}
        assert [message.get("more_body", False) for message in rest] == [True] * (len(rest) - 1) + [False]
        names = [name for name, _ in start["headers"]]
        assert len(set(names)) == len(names)
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(int(start["status"]), headers, b"".join(message["body"] for message in rest))


class Files:
    """A user with a session, and requests to the links that he gets."""

    def __init__(self, door: Door, user: str = "alice") -> None:
        self.door = door
        self._gate = Gate(door).login(user)

    def close(self) -> None:
        """End the session."""
        self._gate.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a gateway method that must succeed."""
        return self._gate.call(method, **params)["result"]

    def allow(self, body: bytes, sort: str = "File", **fields: Any) -> dict[str, Any]:
        """Ask for leave to upload these bytes."""
        return self.call("request_upload", Sort=sort, **{"Size": len(body), **fields})

    def begin(self, method: str, url: str, **headers: str) -> Request:
        """Begin a request."""
        return Request(self.door, method, url, {name.replace("_", "-"): value for name, value in headers.items()})

    def put(self, url: str, body: bytes, pieces: int = 1, **headers: str) -> Answer:
        """Upload, in pieces."""
        request = self.begin("PUT", url, **{"Content_Length": str(len(body)), **headers})
        step = max(1, -(-len(body) // pieces))
        for start in range(0, max(1, len(body)), step):
            request.put(body[start : start + step], more=start + step < len(body))
        return request.answer()

    def get(self, url: str, method: str = "GET", **headers: str) -> Answer:
        """Download."""
        request = self.begin(method, url, **headers)
        request.put(b"", more=False)
        return request.answer()

    def upload(self, body: bytes, sort: str = "File", pieces: int = 1, **fields: Any) -> dict[str, Any]:
        """Ask and upload; return the answer, which must be a success."""
        allowed = self.allow(body, sort, **fields)
        answer = self.put(allowed["UploadUrl"], body, pieces)
        assert answer.status == 200, answer
        assert answer.json["UUID"] == allowed["UUID"]
        return answer.json


def picture(width: int, height: int, kind: str = "JPEG", mode: str = "RGB", **more: Any) -> bytes:
    """Return an image: a gradient, so that it does not shrink to nothing; something shows through where it can."""
    gradient = Image.linear_gradient("L").resize((width, height))
    image = gradient.convert(mode)
    if mode in {"RGBA", "LA"}:
        image.putalpha(gradient)
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def size_of(body: bytes) -> tuple[int, int]:
    """Return width and height of an image."""
    with Image.open(io.BytesIO(body)) as image:
        return image.size


def kinds_of(images: Iterable[dict[str, Any]]) -> list[int]:
    """Return the types of variants."""
    return [one["Type"] for one in images]
