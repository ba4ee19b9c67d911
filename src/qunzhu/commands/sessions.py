"""Sessions: opening one, catching up after an absence, and who is online (doc 1047/35477)."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._callbacks import StateChanged, report
from qunzhu.commands._shared import registered
from qunzhu.commands._usage import month_of
from qunzhu.commands.accounts import register
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import MSG_FLAGS, STATUS_ACCOUNTS, Account, items, number
from qunzhu.core.meter import COUNTED, ONLINE, Did
from qunzhu.core.ports import GATEWAY, Tx, Who

DISCARD = MSG_FLAGS.index("Discard")
SHOWN_PLATFORM = {"iOS": "iPhone", "Windows": "PC", "Linux": "PC"}
"""Platforms that query_online_status calls otherwise (doc 1047/35477); the rest under their own name."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One user's state. The samples of the reference call it State, its table Status: both come."""

    To_Account: str
    Status: str
    State: str
    Detail: list[dict[str, str]] | UnsetType = UNSET


class Statuses(Reply, frozen=True, kw_only=True):
    """States of known accounts, and the unknown ones."""

    QueryResult: list[Status]
    ErrorList: list[dict[str, Any]] | UnsetType = UNSET


class QueryOnlineStatus(Request[Statuses], frozen=True, kw_only=True):
    """Whose state to read; ``IsNeedDetail`` 1 adds the platforms."""

    To_Account: Annotated[list[Annotated[str, msgspec.Meta(extra={"account": True})]], STATUS_ACCOUNTS]
    IsNeedDetail: Annotated[int, number(0, 1, error=err.STATUS_BAD_JSON)] | None = None


@command("openim", writes=False, doc="1047/35477", aliases=("openim/querystate",), bad_input=err.STATUS_BAD_ACCOUNT,
         errors=(err.ACCOUNT_UNKNOWN, err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.OPENIM_NOT_ADMIN,
                 err.STATUS_TOO_MANY),
         internal=err.STATUS_INTERNAL)  # fmt: skip
def query_online_status(tx: Tx, who: Who, req: QueryOnlineStatus) -> Statuses:
    """Tell who of up to 500 users is online, and on which platforms."""
    who.require_admin(err.OPENIM_NOT_ADMIN)
    known, unknown = [], []
    for user in dict.fromkeys(req.To_Account):
        if registered(tx, user):
            known.append(_status(tx, user, detail=bool(req.IsNeedDetail)))
        else:
            unknown.append({"To_Account": user, "ErrorCode": err.ACCOUNT_UNKNOWN.code})
    return Statuses(QueryResult=known, ErrorList=unknown or UNSET)


def _status(tx: Tx, user: str, *, detail: bool) -> Status:
    platforms = sorted({SHOWN_PLATFORM.get(name, name) for name in tx.presence.platforms(user)})
    state = "Online" if platforms else "Offline"
    shown = [{"Platform": name, "Status": "Online"} for name in platforms]
    return Status(To_Account=user, Status=state, State=state, Detail=shown if detail and shown else UNSET)


class Opened(Reply, frozen=True, kw_only=True):
    """What a session begins with: the server's time, the user's profile and rooms."""

    ServerTime: int
    Nick: str
    FaceUrl: str
    Rooms: list[str]
    Deaf: list[str]
    """Those of the rooms whose messages the user does not want (MsgFlag Discard)."""
    RevokedBefore: int


SELECT_ACTIVE = "SELECT 1 FROM active_users WHERE day = :period AND user_id = :user"
SELECT_METERED = "SELECT value FROM meters WHERE day = :period AND name = :name"


class OpenSession(Request[Opened], frozen=True, kw_only=True):
    """The platforms whose sessions end for it; the caller is the user."""

    Kicked: list[str] = []  # noqa: RUF012 - records copy it


@command("gateway", writes=True, doors=(), errors=(err.ACCOUNT_QUOTA, err.ACCOUNT_DELETED_LATELY, err.DAILY_USERS_QUOTA,
                                                      err.MONTHLY_USERS_QUOTA))  # fmt: skip
def open_session(tx: Tx, who: Who, req: OpenSession) -> Opened:
    """Begin a session: a first login registers the account. Run by the gateway itself after it checked the UserSig."""
    day, plan = who.app.day(who.now), who.app.plan
    if plan.is_trial:
        _require_active(tx, who, day, plan.free_daily_users, err.DAILY_USERS_QUOTA)
        _require_active(tx, who, month_of(day), plan.free_monthly_users, err.MONTHLY_USERS_QUOTA)
    tx.meter(day, "logins", 1)
    tx.mark(day, who.user, Did.ACTIVE | Did.LOGGED_IN)
    tx.peak(day, ONLINE, tx.presence.users())
    row = tx.one("SELECT nick, face_url, revoked_before FROM accounts WHERE user_id = :user", user=who.user)
    if row is None:
        register(tx, who, who.user)
        row = ("", "", 0)
    if who.app.settings.callbacks.url:
        report(tx, who, StateChanged(who.user, "Login", "Register", req.Kicked))
    rooms = tx.all(
        "SELECT g.group_id, m.msg_flag FROM members m JOIN groups g ON g.num = m.group_num WHERE m.user_id = :user"
        " AND (g.active = 1 OR m.role = 400) ORDER BY g.num",
        user=who.user,
    )
    return Opened(
        ServerTime=who.now, Nick=row[0], FaceUrl=row[1], RevokedBefore=row[2], Rooms=[room for room, _ in rooms],
        Deaf=[room for room, flag in rooms if flag == DISCARD],
    )  # fmt: skip


def _require_active(tx: Tx, who: Who, period: str, cap: int | None, error: ErrorRow) -> None:
    """Refuse one who was not active in a day or month yet, where as many were as a trial may have (doc 1047/34350).

    They are counted here as well: the meters have those of the commit under way only when it is over.
    """
    name, key = f"active:{period}", f"active:{period}:{who.user}"
    if cap is None or tx.recall(key) or tx.one(SELECT_ACTIVE, period=period, user=who.user):
        return
    counted, metered = tx.count(name, 0), tx.one(SELECT_METERED, period=period, name=COUNTED[Did.ACTIVE])
    have = max(counted, metered[0] if metered else 0)
    if have >= cap:
        raise Refused(error, f"{have} users in {period}, plan {who.app.plan_name} allows {cap}")
    tx.count(name, have + 1 - counted)
    tx.remember(key, True)


class Profiles(Reply, frozen=True, kw_only=True):
    """Short profiles of known accounts."""

    UserList: list[dict[str, str]]


class GetUserProfiles(Request[Profiles], frozen=True, kw_only=True):
    """Whose nickname and avatar to read."""

    To_Account: Annotated[list[Account], items(100, least=1)]


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def get_user_profiles(tx: Tx, who: Who, req: GetUserProfiles) -> Profiles:
    """Read nickname and avatar of up to 100 users, as tips and member lists show them."""
    found = []
    for user in dict.fromkeys(req.To_Account):
        row = tx.one("SELECT nick, face_url FROM accounts WHERE user_id = :user", user=user)
        if row:
            found.append({"UserID": user, "Nick": row[0], "FaceUrl": row[1]})
    return Profiles(UserList=found)
