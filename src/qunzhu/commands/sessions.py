"""Sessions: opening one, catching up after an absence, and who is online (doc 1047/35477)."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._shared import registered
from qunzhu.commands.accounts import register
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import decode_event
from qunzhu.core.ids import is_group_id
from qunzhu.core.limits import STATUS_ACCOUNTS, Account, items, number
from qunzhu.core.notices import tip
from qunzhu.core.ports import GATEWAY, Tx, Who

SHOWN_PLATFORM = {"iOS": "iPhone", "Windows": "PC", "Linux": "PC"}
"""Platforms that query_online_status calls otherwise (doc 1047/35477); the rest under their own name."""
PAGE = 100
"""Notices of one group that one catching-up returns."""


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
         errors=(err.ACCOUNT_UNKNOWN, err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.STATUS_TOO_MANY),
         internal=err.STATUS_INTERNAL)  # fmt: skip
def query_online_status(tx: Tx, who: Who, req: QueryOnlineStatus) -> Statuses:
    """Tell who of up to 500 users is online, and on which platforms."""
    who.require_admin()
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
    RevokedBefore: int


class OpenSession(Request[Opened], frozen=True, kw_only=True):
    """Nothing; the caller is the user."""


@command("gateway", writes=True, doors=(), errors=(err.ACCOUNT_QUOTA, err.ACCOUNT_DELETED_LATELY))
def open_session(tx: Tx, who: Who, req: OpenSession) -> Opened:
    """Begin a session: a first login registers the account. Run by the gateway itself after it checked the UserSig."""
    del req
    row = tx.one("SELECT nick, face_url, revoked_before FROM accounts WHERE user_id = :user", user=who.user)
    if row is None:
        register(tx, who, who.user)
        row = ("", "", 0)
    rooms = tx.all(
        "SELECT g.group_id FROM members m JOIN groups g ON g.num = m.group_num WHERE m.user_id = :user"
        " AND (g.active = 1 OR m.role = 400) ORDER BY g.num",
        user=who.user,
    )
    return Opened(
        ServerTime=who.now, Nick=row[0], FaceUrl=row[1], RevokedBefore=row[2], Rooms=[room for (room,) in rooms]
    )


class Missed(Reply, frozen=True, kw_only=True):
    """What changed in a user's absence."""

    ServerTime: int
    Groups: dict[str, int]
    """All groups of the user, with the seq of the newest stored notice or message."""
    Tips: list[dict[str, Any]]
    """Stored tips after the given seqs, group by group, in order."""
    Gone: list[dict[str, Any]]
    """Groups the client knew and the user is no longer in: ``GroupId`` and ``Reason`` (Dissolved or Left)."""
    More: list[str]
    """Groups with further tips: call again with the newest seq received."""


class Sync(Request[Missed], frozen=True, kw_only=True):
    """The groups a client knows, each with the newest seq it has seen (0: none)."""

    Groups: dict[str, Annotated[int, number(0, 2**53)]] | None = None


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def sync(tx: Tx, who: Who, req: Sync) -> Missed:
    """Tell a returning client what it missed: new groups, stored tips by seq, and groups that are gone."""
    known = req.Groups or {}
    if len(known) > 10000:
        raise Refused(err.BAD_PARAMETER, f"Groups: {len(known)} items, at most 10000 are allowed")
    joined = tx.all(
        "SELECT g.num, g.group_id, g.next_seq FROM members m JOIN groups g ON g.num = m.group_num"
        " WHERE m.user_id = :user AND (g.active = 1 OR m.role = 400) ORDER BY g.num",
        user=who.user,
    )
    tips: list[dict[str, Any]] = []
    more = []
    for num, group_id, next_seq in joined:
        seen = known.get(group_id)
        if seen is None or seen >= next_seq - 1:
            continue
        rows = tx.all(
            "SELECT body FROM messages WHERE group_num = :num AND seq > :seen ORDER BY seq LIMIT :limit",
            num=num, seen=seen, limit=PAGE + 1,
        )  # fmt: skip
        tips += [told for (body,) in rows[:PAGE] if (told := tip(decode_event(body)))]
        if len(rows) > PAGE:
            more.append(group_id)
    present = {group_id for _, group_id, _ in joined}
    return Missed(
        ServerTime=who.now,
        Groups={group_id: next_seq - 1 for _, group_id, next_seq in joined},
        Tips=tips,
        Gone=[_gone(tx, group_id) for group_id in known if group_id not in present],
        More=more,
    )


def _gone(tx: Tx, group_id: str) -> dict[str, Any]:
    if not is_group_id(group_id):
        return {"GroupId": group_id, "Reason": "Left"}
    row = tx.one("SELECT kind_name, name, operator, at FROM dissolved WHERE group_id = :group_id", group_id=group_id)
    alive = tx.one("SELECT 1 FROM groups WHERE group_id = :group_id", group_id=group_id)
    if row is None or alive is not None:
        return {"GroupId": group_id, "Reason": "Left"}
    kind, name, operator, at = row
    return {
        "GroupId": group_id, "Reason": "Dissolved", "GroupType": kind, "GroupName": name, "Operator_Account": operator,
        "Time": at,
    }  # fmt: skip


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
