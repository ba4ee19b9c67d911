"""Something that stands between a client of the REST API and a server, and does not only pass calls on."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Change = "Callable[[str, dict[str, Any], Callable[[], dict[str, Any]]], Any]"
CUT = object()
"""What a change returns that ends the connection without an answer."""


def refused(code: int) -> dict[str, Any]:
    """Return the answer of a refusal."""
    return {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": "as the test wants it"}


@contextmanager
def between(target: str, change: Change) -> Iterator[str]:
    """Yield the URL of a server that answers what ``change`` makes of a command, a request and the server's answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            """Say nothing."""

        def do_POST(self):
            """Answer a call."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            command = urlsplit(self.path).path.rpartition("/")[2]
            answer = change(command, json.loads(body), lambda: self.ask(body))
            if answer is CUT:
                self.close_connection = True
                return
            raw = json.dumps(answer).encode()
            self.send_response(502 if isinstance(answer, str) else 200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def ask(self, body: bytes) -> dict[str, Any]:
            """Pass the call on."""
            connection = http.client.HTTPConnection(urlsplit(target).netloc)
            connection.request("POST", self.path, body)
            answer = json.loads(connection.getresponse().read())
            connection.close()
            return answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
