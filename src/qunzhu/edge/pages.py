"""Pages for people and machines beside the API: index, health, metrics, OpenAPI and the reference.

What they need is imported when first asked for: a server that nobody looks at starts without it.
"""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec

from qunzhu import __version__
from qunzhu.edge.rest import Receive, Scope, Send
from qunzhu.push.hub import Tally

HTML = b"text/html; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
JSON = b"application/json"
METRICS = b"text/plain; version=0.0.4; charset=utf-8"
POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
CONTROLS = "/double"
"""Where the controls are, on a server that has them; on any other there is nothing, whatever the method."""
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


class Answer(msgspec.Struct, frozen=True):
    """What a page answers."""

    status: int
    kind: bytes
    body: bytes
    more: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return all headers. A page may show itself with its own styles and nothing else."""
        found = [
            (b"content-type", self.kind),
            (b"content-length", b"%d" % len(self.body)),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            *self.more,
        ]
        return [*found, (b"content-security-policy", POLICY)] if self.kind == HTML else found


NOT_FOUND = Answer(404, TEXT, b"There is no such page. The API is under /v4/, the reference under /docs.\n")
NOT_ALLOWED = Answer(405, TEXT, b"Pages are for GET. The API is under /v4/.\n", ((b"allow", b"GET, HEAD"),))
LOCAL_ONLY = Answer(403, TEXT, b"Metrics are shown to this machine only.\n")


class Pages:
    """ASGI application of everything that is not the API.

    All it is given is for the metrics: ``census`` returns how many apps are open and how many sessions they have,
    ``ends`` are the sessions that the server ended, by reason.
    """

    def __init__(
        self,
        answers: "Counter[tuple[str, str, int]]",
        ends: "Counter[str]",
        tally: Tally,
        *,
        census: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        self._answers = answers
        self._ends = ends
        self._tally = tally
        self._census = census
        self._started = time.monotonic()
        self._kept: dict[str, Any] = {}
        self._pages: dict[str, Callable[[Scope], Answer]] = {
            "/": self._index,
            "/health": self._health,
            "/metrics": self._metrics,
            "/openapi.json": self._openapi,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = self._answer(scope)
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Scope) -> Answer:
        path = scope["path"].rstrip("/") or "/"
        if path == CONTROLS or path.startswith(f"{CONTROLS}/"):
            return NOT_FOUND
        if scope["method"] not in {"GET", "HEAD"}:
            return NOT_ALLOWED
        if path == "/docs" or path.startswith("/docs/"):
            return self._docs(path.removeprefix("/docs").removeprefix("/") or "commands", scope)
        page = self._pages.get(path)
        return NOT_FOUND if page is None else page(scope)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what was made at the first request for it."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def _index(self, scope: Scope) -> Answer:
        from qunzhu.edge.address import host_of
        from qunzhu.edge.index import index_body
        from qunzhu.reference.html import frame

        return Answer(200, HTML, frame("qunzhu", index_body(scope["scheme"], host_of(scope)), "en", ""))

    @staticmethod
    def _health(scope: Scope) -> Answer:
        del scope
        return Answer(200, JSON, b'{"status":"ok","version":"%b"}' % __version__.encode())

    def _metrics(self, scope: Scope) -> Answer:
        if not is_local(scope):
            return LOCAL_ONLY
        from qunzhu.edge import metrics

        given = (self._answers, self._ends, self._tally, self._census, self._started)
        found = self._once("metrics", lambda: metrics.registry(*given))
        return Answer(200, METRICS, metrics.render(found))

    def _openapi(self, scope: Scope) -> Answer:
        del scope
        from qunzhu.edge.openapi import openapi

        return Answer(200, JSON, self._once("openapi", openapi), ((b"access-control-allow-origin", b"*"),))

    def _docs(self, name: str, scope: Scope) -> Answer:
        from qunzhu.edge.docs import PAGES, document

        if name not in PAGES:
            return NOT_FOUND
        lang = "zh" if parse_qs(scope["query_string"].decode("latin-1")).get("lang") == ["zh"] else "en"
        return Answer(200, HTML, self._once(f"docs/{name}/{lang}", lambda: document(name, lang)))


def is_local(scope: Scope) -> bool:
    """Say that a request comes from this machine itself, not through a proxy on it."""
    client = scope.get("client")
    if client is None or any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
