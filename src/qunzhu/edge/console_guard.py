"""What every answer of the console carries, and which requests may come in at all.

A page of another site can send a browser's cookies along but not a header of its own, which the browser would have to
ask this server for first; and the browser says where a request comes from. Both are looked at.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.edge.address import host_of
from qunzhu.edge.console_sessions import COOKIE, PREFIX, SESSION_SECONDS
from qunzhu.edge.rest import Scope

OWN_HEADER = b"x-qunzhu-console"
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https: http:; connect-src 'self';"
    b" manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
ALWAYS = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"vary", b"accept-encoding, cookie"),
)
_OWN_SITES = frozenset({b"same-origin", b"none"})
"""What Sec-Fetch-Site says of requests by the console's own pages, and of an address that somebody typed."""
_COOKIE = f"{COOKIE}=".encode()


class Barred(Refused):
    """A refusal with an HTTP status of its own."""

    def __init__(self, status: HTTPStatus, row: ErrorRow, detail: str) -> None:
        super().__init__(row, detail)
        self.status = status


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return a header of a request, or None."""
    return next((value for key, value in scope["headers"] if key == name), None)


def require_own(scope: Scope, public_url: str) -> None:
    """Refuse (403) what a page of another site had a browser send: reading as well, changing all the more."""
    site = header(scope, b"sec-fetch-site")
    if site is not None and site not in _OWN_SITES:
        raise _foreign("sec-fetch-site")
    if scope["method"] in {"GET", "HEAD"}:
        return
    if header(scope, OWN_HEADER) != b"1":
        raise _foreign(f"{OWN_HEADER.decode()}: must be 1")
    origin = header(scope, b"origin")
    if origin is not None and not _is_own(origin.decode("latin-1"), scope, public_url):
        raise _foreign("origin")


def _is_own(origin: str, scope: Scope, public_url: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    own_scheme = parts.scheme in {"http", "https"}
    return own_scheme and (parts.netloc == host_of(scope) or (bool(public_url) and origin == public_url))


def _foreign(what: str) -> Barred:
    return Barred(HTTPStatus.FORBIDDEN, err.HTTP_UNREADABLE, f"{what}: only the console's own pages may ask this")


def cookie_of(scope: Scope) -> str:
    """Return the value of the console's cookie, empty where there is none."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            for part in value.split(b";"):
                if part.strip().startswith(_COOKIE):
                    return bytes(part.strip()[len(_COOKIE) :]).decode("latin-1")
    return ""


def set_cookie(scope: Scope, token: str) -> tuple[bytes, bytes]:
    """Return the header that gives a browser the cookie, or with an empty token takes it away.

    It is Secure where the browser came by https, to this server or to a proxy before it.
    """
    origin = header(scope, b"origin") or b""
    secure = "; Secure" if scope.get("scheme") == "https" or origin.startswith(b"https://") else ""
    age = SESSION_SECONDS if token else 0
    text = f"{COOKIE}={token}; Path={PREFIX}; HttpOnly; SameSite=Strict; Max-Age={age}{secure}"
    return b"set-cookie", text.encode()
