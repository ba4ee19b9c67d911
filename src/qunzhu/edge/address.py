"""Under which address a caller reaches the server: links in answers begin with it."""

import re
import sys

from qunzhu.edge.rest import Scope

USUAL = "127.0.0.1:8140"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}\Z")


def host_of(scope: Scope) -> str:
    """Return host and port that the client asked for, or a usual one where it named none that can be."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return host if _HOST.match(host) else USUAL


def address_of(scope: Scope) -> str:
    """Return what links for this caller begin with. Connections share the text: most have come the same way."""
    return address(host_of(scope), secure=scope.get("scheme") in {"https", "wss"})


def address(host: str, *, secure: bool) -> str:
    """Return what links begin with where a client asked for a host."""
    return sys.intern(f"{'https' if secure else 'http'}://{host if _HOST.match(host) else USUAL}")
