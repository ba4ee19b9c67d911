"""Reading one-to-one history: for the server API page by page back in time, for clients both ways (doc 1047/35478)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, LiteralString

import msgspec

from qunzhu.commands._c2c import (
    SERVICE,
    C2CRow,
    FromAccount,
    Key,
    ToAccount,
    as_caller,
    find_message,
    kept_since,
    key_of,
    pair,
    require_account,
    side,
)
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.elements import Element
from qunzhu.core.limits import UINT32, Account, Flag, items, number, text
from qunzhu.core.messages import RECALLED
from qunzhu.core.ports import GATEWAY, Tx, Who

ROAM_BYTES = 13 * 1024
PULL_BYTES = 512 * 1024
PAGE = 20
FLAG_RECALLED = 8
FIRST, LAST = Key(-1, -1, 0), Key(UINT32 + 1, 0, 0)
"""Before and after every message of their second."""
KeyText = Annotated[str, text(50)]
_at_time = number(0, 2**53, error=err.STATUS_BAD_JSON)

OLDER: LiteralString = (
    "SELECT * FROM c2c_messages WHERE low = :low AND high = :high AND (at, msg_seq, random) < (:at, :msg_seq, :random)"
    " AND at >= :since AND hidden & :mine = 0 ORDER BY at DESC, msg_seq DESC, random DESC LIMIT :limit"
)
NEWER: LiteralString = (
    "SELECT * FROM c2c_messages WHERE low = :low AND high = :high AND (at, msg_seq, random) > (:at, :msg_seq, :random)"
    " AND at >= :since AND hidden & :mine = 0 ORDER BY at, msg_seq, random LIMIT :limit"
)


class View(msgspec.Struct, frozen=True):
    """A conversation as one of its users sees it, from a time on."""

    user: str
    peer: str
    since: int

    @property
    def mine(self) -> int:
        """Return the user's bit of the column ``hidden``."""
        return side(self.user, min(self.user, self.peer))

    def walk(self, tx: Tx, start: Key, limit: int, *, newer: bool) -> list[C2CRow]:
        """Return messages from a place on, in walking order."""
        rows = tx.all(
            NEWER if newer else OLDER, **pair(self.user, self.peer), **msgspec.structs.asdict(start), mine=self.mine,
            since=self.since, limit=limit,
        )  # fmt: skip
        return [C2CRow(*row) for row in rows]

    def by_keys(self, tx: Tx, keys: Iterable[Key]) -> list[C2CRow]:
        """Return those of the messages that the user sees."""
        found = (find_message(tx, self.user, self.peer, key) for key in dict.fromkeys(keys))
        return [row for row in found if row is not None and row.at >= self.since and not row.hidden & self.mine]


def _fitting(rows: Sequence[C2CRow], most: int, size: Callable[[C2CRow], int]) -> int:
    """Return how many rows have up to ``most`` bytes together; one at least, so that nobody waits for ever."""
    total = 0
    for number_, row in enumerate(rows):
        total += size(row)
        if number_ and total > most:
            return number_
    return len(rows)


class RoamingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the history."""

    From_Account: str
    To_Account: str
    MsgSeq: int
    MsgRandom: int
    MsgTimeStamp: int
    MsgFlagBits: int
    IsPeerRead: int
    MsgKey: str
    MsgBody: Sequence[Element]
    CloudCustomData: str


class RoamingMessages(Reply, frozen=True, kw_only=True):
    """A page of history, in the order of time."""

    Complete: int
    MsgCnt: int
    LastMsgTime: int
    LastMsgKey: str
    MsgList: list[RoamingMessage]


class AdminGetRoamMsg(Request[RoamingMessages], frozen=True, kw_only=True):
    """Whose history with whom, and from when to when."""

    Operator_Account: FromAccount
    Peer_Account: ToAccount
    MaxCnt: Annotated[int, number(1, UINT32, error=err.STATUS_BAD_JSON)]
    MinTime: Annotated[int, _at_time]
    MaxTime: Annotated[int, _at_time]
    LastMsgKey: Annotated[str, text(50, error=err.STATUS_BAD_JSON)] | None = None


@command(
    SERVICE, writes=False, doc="1047/35478", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    old_fields={"From_Account": "Operator_Account", "To_Account": "Peer_Account"},
    field_errors={"Operator_Account": err.SENDER_INVALID, "Peer_Account": err.STATUS_BAD_ACCOUNT},
    errors=(err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN),
)  # fmt: skip
def admin_getroammsg(tx: Tx, who: Who, req: AdminGetRoamMsg) -> RoamingMessages:
    """Read the history of two users as one of them sees it, the newest page first and each page in the order of time.

    A page has about 13 KB. The next one is read with ``LastMsgTime`` as ``MaxTime``, and ``LastMsgKey``.
    """
    as_caller(who, "Operator_Account", req.Operator_Account)
    require_account(tx, who, "Operator_Account", req.Operator_Account, err.SENDER_INVALID)
    start = msgspec.structs.replace(LAST, at=req.MaxTime)
    if req.LastMsgKey:
        start = min(start, key_of(req.LastMsgKey, "LastMsgKey", err.STATUS_BAD_JSON), key=_in_order)
    most = min(req.MaxCnt, ROAM_BYTES // 32)
    since = max(req.MinTime, kept_since(tx, who, req.Operator_Account))
    rows = View(req.Operator_Account, req.Peer_Account, since).walk(tx, start, most + 1, newer=False)
    fits = _fitting(rows[:most], ROAM_BYTES, lambda row: len(row.body.encode()))
    page = [_roaming(row) for row in reversed(rows[:fits])]
    return RoamingMessages(
        Complete=int(fits == len(rows)), MsgCnt=len(page), LastMsgTime=page[0].MsgTimeStamp if page else 0,
        LastMsgKey=page[0].MsgKey if page else "", MsgList=page,
    )  # fmt: skip


def _in_order(key: Key) -> tuple[int, int, int]:
    return key.at, key.msg_seq, key.random


def _roaming(row: C2CRow) -> RoamingMessage:
    message = row.message
    return RoamingMessage(
        From_Account=row.sender, To_Account=row.peer, MsgSeq=row.msg_seq, MsgRandom=row.random, MsgTimeStamp=row.at,
        MsgFlagBits=FLAG_RECALLED if row.state == RECALLED else 0, IsPeerRead=message.IsPeerRead, MsgKey=str(row.key),
        MsgBody=message.MsgBody, CloudCustomData=message.CloudCustomData,
    )  # fmt: skip


class C2CMessages(Reply, frozen=True, kw_only=True):
    """Messages of a conversation, in walking order."""

    Items: list[Any]
    IsFinished: int


class PullC2CMessages(Request[C2CMessages], frozen=True, kw_only=True):
    """Where to begin, which way to go and how far; or messages by their keys."""

    Peer_Account: Account
    Limit: Annotated[int, number(1, 100)] | None = None
    MsgKey: KeyText | None = None
    Num: Annotated[int, number(0, 2**53)] | None = None
    Time: Annotated[int, number(0, 2**53)] | None = None
    Newer: Flag | None = None
    MsgKeys: Annotated[list[KeyText], items(100, error=err.BAD_PARAMETER)] | None = None


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def pull_c2c_messages(tx: Tx, who: Who, req: PullC2CMessages) -> C2CMessages:
    """Read messages with another user from a place on, older ones or newer ones, or some by their keys."""
    view = View(who.user, req.Peer_Account, kept_since(tx, who, who.user))
    if req.MsgKeys is not None:
        rows = view.by_keys(tx, [key_of(key, "MsgKeys", err.BAD_PARAMETER) for key in req.MsgKeys])
        return C2CMessages(Items=_shown(rows), IsFinished=1)
    limit = req.Limit or PAGE
    rows = view.walk(tx, _start(tx, who, req), limit + 1, newer=bool(req.Newer))
    fits = _fitting(rows[:limit], PULL_BYTES, lambda row: len(row.body.encode()))
    return C2CMessages(Items=_shown(rows[:fits]), IsFinished=int(fits == len(rows)))


def _shown(rows: Iterable[C2CRow]) -> list[msgspec.Raw]:
    return [msgspec.Raw(row.body.encode()) for row in rows]


SELECT_AT_NUM: LiteralString = (
    "SELECT msg_seq, random, at FROM c2c_messages WHERE low = :low AND high = :high AND num <= :num"
    " ORDER BY num DESC LIMIT 1"
)


def _start(tx: Tx, who: Who, req: PullC2CMessages) -> Key:
    """Return the place from which on to read: a message that is not read itself, a time that is, or an end."""
    if req.MsgKey:
        return key_of(req.MsgKey, error=err.BAD_PARAMETER)
    if req.Num is not None:
        row = tx.one(SELECT_AT_NUM, **pair(who.user, req.Peer_Account), num=req.Num)
        return Key(*row) if row else FIRST
    if req.Time is not None:
        return msgspec.structs.replace(FIRST if req.Newer else LAST, at=req.Time)
    return FIRST if req.Newer else msgspec.structs.replace(LAST, at=2**53)
