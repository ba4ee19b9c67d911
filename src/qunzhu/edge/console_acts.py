"""What the console does that is no command: ``POST /console/do/<name>``, one row each. All of it is logged.

Callbacks are retried and dropped by the same functions as the command line's.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import msgspec
import structlog

from qunzhu.core import errors as err
from qunzhu.core.errors import Refused
from qunzhu.core.limits import Account, Check, compile_checks, items, number
from qunzhu.core.ports import App, Who
from qunzhu.core.token import make_usersig
from qunzhu.edge import console_callbacks as callbacks

log = structlog.get_logger("qunzhu.console")
MOST_EXPIRE = 180 * 86400
MOST_NUMS = 1000
ADMIN_SIG = "UserSigs of administrators are made on the server's machine: `qunzhu usersig`"


class Doer(Protocol):
    """What is needed of the server."""

    def now_ms(self, sdkappid: int = 0) -> int:
        """Return an app's time, without one the server's, in unix milliseconds."""
        ...

    async def write(self, app: App, run: Callable[..., Any], *args: Any) -> Any:
        """Write in an app's store."""
        ...


class SigBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose UserSig, and for how many seconds."""

    user: Account
    expire: Annotated[int, number(1, MOST_EXPIRE)] = 86400


class NumsBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which callbacks, by number; or ``all`` that were given up."""

    nums: Annotated[list[int], items(MOST_NUMS, error=err.BAD_PARAMETER)] = []
    all: bool = False

    def chosen(self) -> list[int] | None:
        """Return the numbers, None for all, or refuse both and neither."""
        if bool(self.nums) == self.all:
            raise Refused(err.BAD_PARAMETER, "nums: numbers, or all: true, are needed")
        return None if self.all else self.nums


async def _usersig(doer: Doer, who: Who, body: SigBody) -> dict[str, Any]:
    """Make a UserSig of a user. None of an administrator: it would outlast the session, and who was dismissed."""
    app = who.app
    if body.user in app.admins:
        raise Refused(err.NOT_APP_ADMIN, f"user: {body.user!r}: {ADMIN_SIG}")
    now = doer.now_ms(app.sdkappid) // 1000
    sig = make_usersig(app.key, app.sdkappid, body.user, now=now, expire=body.expire)
    return {"identifier": body.user, "usersig": sig, "expires_at": now + body.expire}


async def _retry(doer: Doer, who: Who, body: NumsBody) -> dict[str, Any]:
    return dict(await doer.write(who.app, callbacks.retry, body.chosen()))


async def _drop(doer: Doer, who: Who, body: NumsBody) -> dict[str, Any]:
    return dict(await doer.write(who.app, callbacks.drop, body.chosen()))


Act = Callable[[Any, Who, Any], Awaitable[dict[str, Any]]]
ACTS: dict[str, tuple[type[msgspec.Struct], Act]] = {
    "usersig": (SigBody, _usersig), "callbacks-retry": (NumsBody, _retry), "callbacks-drop": (NumsBody, _drop),
}  # fmt: skip
_CHECKS: dict[str, Check | None] = {name: compile_checks(record) for name, (record, _) in ACTS.items()}


async def act(doer: Doer, who: Who, name: str, raw: bytes) -> dict[str, Any]:
    """Do one of them, or refuse a body (60003, 10004) that cannot be it."""
    record, run = ACTS[name]
    try:
        body = msgspec.json.decode(raw or b"{}", type=record)
    except msgspec.ValidationError as fault:
        raise Refused(err.BAD_PARAMETER, str(fault)[:200]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refused(err.BODY_NOT_JSON, str(fault)[:200]) from None
    if (check := _CHECKS[name]) is not None:
        check("", body)
    done = await run(doer, who, body)
    told = {field: value for field, value in done.items() if field != "usersig"}
    log.info("done", what=name, sdkappid=who.app.sdkappid, by=who.user, **told)
    return done
