"""Pages for people and machines beside the API: index, health, metrics and the reference."""

from collections import Counter

from qunzhu import __version__
from qunzhu.edge.rest import Receive, Scope, Send


class Pages:
    """ASGI application of everything that is not the API."""

    def __init__(self, answers: "Counter[tuple[str, str, int]]") -> None:
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        status, kind, body = self._page(scope["path"])
        await send({
            "type": "http.response.start", "status": status,
            "headers": [(b"content-type", kind), (b"content-length", b"%d" % len(body))],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _page(self, path: str) -> tuple[int, bytes, bytes]:
        if path == "/health":
            return 200, b"application/json", b'{"status":"ok"}'
        if path == "/":
            return 200, b"text/plain; charset=utf-8", f"qunzhu {__version__}\n".encode()
        return 404, b"text/plain; charset=utf-8", b"There is no such page. The API is under /v4/.\n"
