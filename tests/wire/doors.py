"""The ASGI application in this process, and what a test sends to it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from qunzhu.app import Application
from qunzhu.backend import Backend
from qunzhu.config import Config
from qunzhu.core.token import make_usersig
from served import ADMIN, KEY, SDKAPPID

if TYPE_CHECKING:
    from pathlib import Path

CREATE = "group_open_http_svc/create_group"


def signed(user: str = ADMIN, *, key: str = KEY, sdkappid: int = SDKAPPID, expire: int = 86400, age: int = 0) -> str:
    """Return a UserSig."""
    return make_usersig(key, sdkappid, user, now=int(time.time()) - age, expire=expire)


class Door:
    """The application on a loop of its own thread, called from the test's."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.backend = Backend(Config(data=str(folder), demo=True, **settings))
        self.run(self.backend.prepare(demo=True))
        self.application = Application(self.backend)
        self.signature = signed()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the application's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def close(self) -> None:
        """Close stores and loop."""
        self.run(self.backend.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def query(self, **changes: str | None) -> bytes:
        """Return the query string of an administrator's request; None leaves a parameter out."""
        fields: dict[str, str | None] = {
            "sdkappid": str(SDKAPPID), "identifier": ADMIN, "usersig": self.signature, "random": "1",
            "contenttype": "json", **changes,
        }  # fmt: skip
        return "&".join(f"{name}={value}" for name, value in fields.items() if value is not None).encode()

    def send(
        self,
        path: str,
        body: bytes,
        *,
        query: bytes | None = None,
        method: str = "POST",
        parts: int = 1,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> tuple[int, bytes]:
        """Send a request to the ASGI application; return status and body."""
        step = max(1, -(-len(body) // parts))
        chunks = [body[i : i + step] for i in range(0, len(body), step)] or [b""]
        messages = [
            {"type": "http.request", "body": chunk, "more_body": n < len(chunks) - 1} for n, chunk in enumerate(chunks)
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": self.query() if query is None else query, "headers": list(headers),
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8140), "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        self.run(self.application(scope, receive, send))
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        return sent[0]["status"], sent[1]["body"]

    def call(self, command: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """Call a command; return the envelope, which every answer has."""
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        status, answer = self.send(f"/v4/{command}", raw, **more)
        assert status == 200
        found = json.loads(answer)
        partly = command == "openim/batchsendmsg" and "ErrorList" in found
        assert found["ActionStatus"] == ("FAIL" if found["ErrorCode"] else "SomeError" if partly else "OK")
        assert isinstance(found["ErrorInfo"], str)
        return found

    def code(self, command: str, body: Any = None, **more: Any) -> int:
        """Call a command; return its code."""
        return self.call(command, body, **more)["ErrorCode"]
