"""Who is calling: app, identifier and UserSig, checked the same way at every door (rules: docs 1047/34620, 34385)."""

from collections.abc import Callable

import msgspec

from qunzhu.core import errors as err
from qunzhu.core.errors import Refused
from qunzhu.core.ports import App
from qunzhu.core.token import Signature, check_usersig

MAX_REMEMBERED = 4096
MAX_FAILURES = 120
"""Failed checks of one identifier within a minute after which further failures are answered 70050."""


class Caller(msgspec.Struct, frozen=True):
    """A caller whose UserSig holds."""

    app: App
    user: str
    signature: Signature


class Gatekeeper:
    """Checks UserSigs and remembers the good ones, so that the usual request costs a look-up."""

    def __init__(self, revoked_before: Callable[[int, str], int]) -> None:
        self._revoked_before = revoked_before
        self._good: dict[tuple[int, str, str, str], Signature] = {}
        self._failures: dict[tuple[int, str], tuple[int, int]] = {}
        """By app and identifier: a minute of the app's clock, and how many checks failed in it."""

    def check(self, app: App, identifier: str, usersig: str, now: int) -> Caller:
        """Return the caller, or refuse with the documented code of what is wrong with the UserSig."""
        if not app.enabled:
            raise Refused(err.APP_DISABLED, str(app.sdkappid))
        known = (app.sdkappid, app.key, identifier, usersig)
        signature = self._good.get(known)
        if signature is None:
            signature = self._verify(app, identifier, usersig, now)
            if len(self._good) >= MAX_REMEMBERED:
                self._good.clear()
            self._good[known] = signature
        elif now > signature.valid_until:
            raise Refused(err.USERSIG_EXPIRED, f"expired {now - signature.valid_until} s ago")
        before = self._revoked_before(app.sdkappid, identifier)
        if signature.made_at < before:
            raise Refused(err.USERSIG_EXPIRED, "made before the account's logins were revoked")
        return Caller(app, identifier, signature)

    def still(self, caller: Caller, app: App, now: int) -> bool:
        """Say that one who was let in comes in again without another look: the app's record and his UserSig stand."""
        signature = caller.signature
        return (
            caller.app is app
            and now <= signature.valid_until
            and signature.made_at >= self._revoked_before(app.sdkappid, caller.user)
        )

    def _verify(self, app: App, identifier: str, usersig: str, now: int) -> Signature:
        try:
            return check_usersig(app.key, app.sdkappid, identifier, usersig, now)
        except Refused:
            if len(self._failures) >= MAX_REMEMBERED:
                self._failures.clear()
            key, minute = (app.sdkappid, identifier), now // 60
            before, number = self._failures.get(key, (minute, 0))
            number = number + 1 if before == minute else 1
            self._failures[key] = minute, number
            if number > MAX_FAILURES:
                raise Refused(err.USERSIG_TOO_MANY_FAILURES, f"{identifier[:40]!r}") from None
            raise
