"""Who is signed in at the console: sessions behind a cookie, and links that sign in once. All of it in memory only.

A session is bound to an app, one of its administrators and the app's key, and ends with any of them. Cookies and codes
are kept as hashes, so that neither a look into memory nor the time of a look-up tells one.
"""

import hashlib
import secrets
from collections.abc import Callable

import msgspec

from qunzhu.core import errors as err
from qunzhu.core.errors import Refused
from qunzhu.core.ports import App

PREFIX = "/console"
COOKIE = "qunzhu_console"
SESSION_SECONDS = 12 * 3600
CODE_SECONDS = 600
CODE_BYTES = 32
MAX_SESSIONS = 1000
MAX_PER_ADMIN = 20
"""Of one administrator of an app; a further sign-in ends his oldest session."""
MAX_CODES = 100
MAX_FAILURES = 120
"""Wrong codes in a minute after which further ones are answered 70050, as wrong UserSigs of an identifier are."""


class Session(msgspec.Struct, frozen=True):
    """One browser that is signed in."""

    sdkappid: int
    user: str
    key: str
    """The app's at the sign-in."""
    made_at: int
    """When what he signed in with was made, unix seconds: logins revoked later end the session."""
    until: int


class Code(msgspec.Struct, frozen=True):
    """What a link that signs in once stands for."""

    sdkappid: int
    user: str
    key: str
    until: int


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Sessions:
    """All sessions and links of a server. ``revoked_before`` is asked of apps that are open."""

    def __init__(self, revoked_before: Callable[[int, str], int]) -> None:
        self._revoked_before = revoked_before
        self._sessions: dict[bytes, Session] = {}
        self._codes: dict[bytes, Code] = {}
        self._failures = (0, 0)

    def link(self, app: App, user: str, now: int) -> str:
        """Make a code that signs an administrator in once, within ten minutes."""
        code = secrets.token_urlsafe(CODE_BYTES)
        self._codes = {key: one for key, one in self._codes.items() if one.until > now}
        if len(self._codes) >= MAX_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[_hash(code)] = Code(app.sdkappid, user, app.key, now + CODE_SECONDS)
        return code

    def redeem(self, code: str, now: int) -> Code:
        """Take a code, which is worth nothing afterwards, or refuse it (70003; 70050 after many wrong ones)."""
        found = self._codes.pop(_hash(code), None)
        if found is not None and now < found.until:
            return found
        minute, failures = self._failures
        failures = failures + 1 if minute == now // 60 else 1
        self._failures = (now // 60, failures)
        if failures > MAX_FAILURES:
            raise Refused(err.USERSIG_TOO_MANY_FAILURES, "links")
        raise Refused(err.USERSIG_MALFORMED, "code: not one of this server, used already or older than ten minutes")

    def open(self, app: App, user: str, made_at: int, now: int) -> str:
        """Begin a session of an administrator; return the cookie's value."""
        self._make_room(app.sdkappid, user, now)
        token = secrets.token_urlsafe(32)
        self._sessions[_hash(token)] = Session(app.sdkappid, user, app.key, made_at, now + SESSION_SECONDS)
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of a cookie, whether it still holds or not."""
        return self._sessions.get(_hash(token))

    def holds(self, session: Session, app: App | None, now: int) -> bool:
        """Say that a session is good for one more request: its app, key, administrator and logins stand."""
        return (
            app is not None
            and app.enabled
            and app.key == session.key
            and session.user in app.admins
            and now < session.until
            and session.made_at >= self._revoked_before(app.sdkappid, session.user)
        )

    def close(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(_hash(token), None)

    def _make_room(self, sdkappid: int, user: str, now: int) -> None:
        """Drop sessions that are over, and the oldest where there would be too many."""
        self._sessions = {key: one for key, one in self._sessions.items() if one.until > now}
        own = [key for key, one in self._sessions.items() if (one.sdkappid, one.user) == (sdkappid, user)]
        for key in own[: max(0, len(own) - MAX_PER_ADMIN + 1)]:
            del self._sessions[key]
        if len(self._sessions) >= MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
