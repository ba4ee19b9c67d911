"""What users have read of one-to-one messages: positions, numbers of unread ones, receipts (docs 1047/38996, 41046)."""

from typing import Annotated, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import (
    SERVICE,
    FromAccount,
    MsgKeyText,
    ToAccount,
    all_unread_c2c,
    as_caller,
    find_message,
    has_account,
    kept_since,
    key_of,
    named,
    pair,
    read_num,
    require_account,
    unread_c2c,
)
from qunzhu.commands.c2c_changes import rewrite
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import C2CRead, C2CReceiptGiven
from qunzhu.core.limits import items
from qunzhu.core.messages import Mark
from qunzhu.core.ports import Tx, Who

MAX_PEERS = 10
MAX_RECEIPTS = 30


class AdminSetMsgRead(Request[Done], frozen=True, kw_only=True):
    """Who has read what whom sent him, and up to when."""

    Report_Account: FromAccount
    Peer_Account: ToAccount
    MsgReadTime: int | str | None = None


@command(
    SERVICE, writes=True, doc="1047/38996", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    field_errors={"Report_Account": err.SENDER_INVALID, "Peer_Account": err.STATUS_BAD_ACCOUNT},
    errors=(err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN),
)  # fmt: skip
def admin_set_msg_read(tx: Tx, who: Who, req: AdminSetMsgRead) -> Done:
    """Count a one-to-one conversation as read, all of it or up to a time; what was read stays read."""
    as_caller(who, "Report_Account", req.Report_Account)
    require_account(tx, who, "Report_Account", req.Report_Account, err.SENDER_INVALID)
    require_account(tx, who, "Peer_Account", req.Peer_Account, err.STATUS_BAD_ACCOUNT)
    mark_read(tx, who, req.Report_Account, req.Peer_Account, _time_of(req.MsgReadTime))
    return Done()


def _time_of(given: int | str | None) -> int | None:
    """Return a time, which the documentation wants as text, or None where there is none."""
    if given is None or given == "":
        return None
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refused(err.STATUS_BAD_JSON, f"MsgReadTime: {text[:40]!r} is not a unix time in seconds")
    return int(text)


FIRST_LATER: LiteralString = (
    "SELECT min(num) FROM c2c_messages WHERE low = :low AND high = :high AND at > :at AND num > :seen"
    " AND from_low = :from_low"
)
SELECT_CONTACT = "SELECT last_num, read_num FROM contacts WHERE user_id = :user AND sort = 1 AND peer = :peer"
MOVE_READ = "UPDATE contacts SET read_num = :num WHERE user_id = :user AND sort = 1 AND peer = :peer"


def mark_read(tx: Tx, who: Who, user: str, peer: str, time: int | None) -> None:
    """Move a user's reading position up to his newest message with a peer, or before the first one after ``time``."""
    row = tx.one(SELECT_CONTACT, user=user, peer=peer)
    if row is None:
        return
    num, seen = int(row[0]), int(row[1])
    if time is not None:
        both = pair(user, peer)
        later = tx.one(FIRST_LATER, **both, at=time, seen=seen, from_low=int(peer == both["low"]))
        if later and later[0] is not None:
            num = int(later[0]) - 1
    if num <= seen:
        return
    tx.run(MOVE_READ, user=user, peer=peer, num=num)
    unread = unread_c2c(tx, user, peer, num, kept_since(tx, who, user))
    at = who.now if time is None else min(time, who.now)
    tx.emit(C2CRead(reader=user, peer=peer, num=num, at=at, unread=unread))


class C2CUnread(msgspec.Struct, frozen=True, kw_only=True):
    """Unread messages of one conversation."""

    Peer_Account: str
    C2CUnreadMsgNum: int


class UnknownPeer(msgspec.Struct, frozen=True, kw_only=True):
    """A peer who has no account."""

    Peer_Account: str
    ErrorCode: int


class C2CUnreadNums(Reply, frozen=True, kw_only=True):
    """Numbers of unread messages: of all conversations, or of those asked for."""

    AllC2CUnreadMsgNum: int | UnsetType = UNSET
    C2CUnreadMsgNumList: list[C2CUnread] | UnsetType = UNSET
    ErrorList: list[UnknownPeer] | UnsetType = UNSET


class GetC2CUnreadMsgNum(Request[C2CUnreadNums], frozen=True, kw_only=True):
    """Whose unread messages to count."""

    To_Account: ToAccount
    Peer_Account: Annotated[list[ToAccount], items(MAX_PEERS, error=err.STATUS_BAD_JSON)] | None = None


@command(
    SERVICE, writes=False, doc="1047/41046", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    field_errors={"To_Account": err.STATUS_BAD_ACCOUNT},
    errors=(err.ACCOUNT_UNKNOWN, err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.OPENIM_NOT_ADMIN),
)  # fmt: skip
def get_c2c_unread_msg_num(tx: Tx, who: Who, req: GetC2CUnreadMsgNum) -> C2CUnreadNums:
    """Count a user's unread one-to-one messages: all of them, or those of up to 10 peers."""
    user = req.To_Account
    as_caller(who, "To_Account", user)
    require_account(tx, who, "To_Account", user, err.STATUS_BAD_ACCOUNT)
    if not req.Peer_Account:
        return C2CUnreadNums(AllC2CUnreadMsgNum=all_unread_c2c(tx, who, user))
    since = kept_since(tx, who, user)
    found, unknown = [], []
    for peer in dict.fromkeys(req.Peer_Account):
        seen = read_num(tx, user, peer)
        if seen is None and not has_account(tx, who, peer):
            unknown.append(UnknownPeer(Peer_Account=peer, ErrorCode=err.ACCOUNT_UNKNOWN.code))
        else:
            number = 0 if seen is None else unread_c2c(tx, user, peer, seen, since)
            found.append(C2CUnread(Peer_Account=peer, C2CUnreadMsgNum=number))
    return C2CUnreadNums(C2CUnreadMsgNumList=found, ErrorList=unknown or UNSET)


class ReadMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was read."""

    MsgKey: MsgKeyText
    From_Account: FromAccount | None = None
    To_Account: ToAccount | None = None


class C2CMsgReadReceipt(Request[Done], frozen=True, kw_only=True):
    """Who has read which messages of whom."""

    Operator_Account: FromAccount
    Peer_Account: ToAccount
    C2CMsgInfo: Annotated[
        list[ReadMessage], items(MAX_RECEIPTS, least=1, error=err.STATUS_BAD_JSON, empty=err.STATUS_BAD_JSON)
    ]


@command(
    SERVICE, writes=True, doc="1047/77776", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    field_errors={"Operator_Account": err.SENDER_INVALID, "Peer_Account": err.STATUS_BAD_ACCOUNT},
    errors=(err.C2C_MESSAGE_UNKNOWN, err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.SENDER_INVALID,
            err.OPENIM_NOT_ADMIN, err.MSG_KEY_INVALID),
)  # fmt: skip
def c2c_msg_read_receipt(tx: Tx, who: Who, req: C2CMsgReadReceipt) -> Done:
    """Tell the sender that up to 30 messages that asked for receipts were read; others are passed over."""
    as_caller(who, "Operator_Account", req.Operator_Account)
    require_account(tx, who, "Operator_Account", req.Operator_Account, err.SENDER_INVALID)
    for index, info in enumerate(req.C2CMsgInfo):
        _require_parties(req, info, f"C2CMsgInfo[{index}]")
        row = find_message(
            tx, req.Operator_Account, req.Peer_Account, key_of(info.MsgKey, f"C2CMsgInfo[{index}].MsgKey")
        )
        if row is None or row.peer != req.Operator_Account or row.sender != req.Peer_Account:
            raise Refused(err.C2C_MESSAGE_UNKNOWN, f"C2CMsgInfo[{index}].MsgKey: {info.MsgKey!r}")
        flags = Mark(row.flags)
        if flags & Mark.RECEIPT and not flags & Mark.PEER_READ:
            message = msgspec.structs.replace(row.message, IsPeerRead=1)
            body = rewrite(tx, row, message, flags | Mark.PEER_READ, state=row.state)
            tx.emit(C2CReceiptGiven(**named(row), message=body))
    return Done()


def _require_parties(req: C2CMsgReadReceipt, info: ReadMessage, where: str) -> None:
    """Refuse (90001) an item that names other users than the request does."""
    wanted = {"From_Account": req.Peer_Account, "To_Account": req.Operator_Account}
    for field, user in wanted.items():
        if (given := getattr(info, field)) not in {None, user}:
            raise Refused(err.STATUS_BAD_JSON, f"{where}.{field}: {given!r}, not {user!r}")
