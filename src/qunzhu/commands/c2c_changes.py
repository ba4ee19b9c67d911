"""Changes to one-to-one messages: recalling, changing and removing one's copies (docs 1047/35015, 47722)."""

from typing import Annotated

import msgspec

from qunzhu.commands._attached import c2c_owner, forget_attached
from qunzhu.commands._c2c import (
    BODY_ERRORS,
    SERVICE,
    C2CRow,
    CloudText,
    FromAccount,
    MsgKeyText,
    ToAccount,
    as_caller,
    find_message,
    hide,
    key_of,
    named,
    pair,
    require_account,
    side,
)
from qunzhu.commands.c2c import check_message
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.elements import Element
from qunzhu.core.errors import Refused
from qunzhu.core.events import C2CModified, C2CRecalled
from qunzhu.core.limits import items, number, text
from qunzhu.core.messages import RECALLED, C2CMessage, Mark, Recall, encode_message
from qunzhu.core.ports import Tx, Who

MAX_REMOVED = 30
FIELD_ERRORS = {"From_Account": err.SENDER_INVALID, "To_Account": err.STATUS_BAD_ACCOUNT, "MsgKey": err.MSG_KEY_INVALID}
ReasonText = Annotated[str, text(100, lines=True, error=err.STATUS_BAD_JSON)]
UPDATE_MESSAGE = (
    "UPDATE c2c_messages SET state = :state, flags = :flags, body = :body WHERE low = :low AND high = :high"
    " AND at = :at AND msg_seq = :msg_seq AND random = :random"
)


def rewrite(tx: Tx, row: C2CRow, message: C2CMessage, flags: Mark, *, state: int) -> msgspec.Raw:
    """Store a message anew; return its JSON."""
    body = encode_message(message)
    tx.run(
        UPDATE_MESSAGE, **pair(row.low, row.high), **msgspec.structs.asdict(row.key), state=state, flags=int(flags),
        body=body.decode(),
    )  # fmt: skip
    return msgspec.Raw(body)


class AdminMsgWithdraw(Request[Done], frozen=True, kw_only=True):
    """The message to take back."""

    From_Account: FromAccount
    To_Account: ToAccount
    MsgKey: MsgKeyText
    Reason: ReasonText | None = None


@command(
    SERVICE, writes=True, doc="1047/35015", bad_input=err.STATUS_BAD_JSON, field_errors=FIELD_ERRORS,
    internal=err.OPENIM_INTERNAL,
    errors=(err.C2C_RECALL_LATE, err.C2C_MESSAGE_UNKNOWN, err.C2C_RECALLED, err.STATUS_BAD_JSON,
            err.STATUS_BAD_ACCOUNT, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN, err.MSG_KEY_INVALID),
)  # fmt: skip
def admin_msgwithdraw(tx: Tx, who: Who, req: AdminMsgWithdraw) -> Done:
    """Take a one-to-one message back: of any age for an administrator, for a user his own while it is young."""
    as_caller(who, "From_Account", req.From_Account)
    row = find_message(tx, req.From_Account, req.To_Account, key_of(req.MsgKey))
    if row is None or row.sender != req.From_Account:
        raise Refused(err.C2C_MESSAGE_UNKNOWN, f"MsgKey: {req.MsgKey!r} from {req.From_Account!r}")
    if row.state == RECALLED:
        raise Refused(err.C2C_RECALLED, f"MsgKey: {req.MsgKey!r}")
    most = who.app.settings.recall_seconds
    if not who.admin and who.now - row.at > most:
        raise Refused(err.C2C_RECALL_LATE, f"MsgKey: sent {who.now - row.at} seconds ago, at most {most} are allowed")
    recall = Recall(Operator_Account=who.user, Time=who.now, Reason=req.Reason or "")
    message = msgspec.structs.replace(
        row.message, MsgBody=(), CloudCustomData="", OfflinePushInfo=None, Recalled=recall
    )
    forget_attached(tx, c2c_owner(row.num))
    tx.emit(C2CRecalled(
        **named(row), operator=who.user, time=who.now, reason=recall.Reason, holders=row.holders,
        message=rewrite(tx, row, message, Mark(row.flags), state=RECALLED),
    ))  # fmt: skip
    return Done()


class ModifyC2CMsg(Request[Done], frozen=True, kw_only=True):
    """The message to change, and what it shall hold."""

    From_Account: FromAccount
    To_Account: ToAccount
    MsgKey: MsgKeyText
    MsgBody: list[Element] | None = None
    CloudCustomData: CloudText | None = None
    Version: Annotated[int, number(0, 2**31, error=err.STATUS_BAD_JSON)] | None = None


@command(
    SERVICE, writes=True, doc="1047/47722", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    field_errors={**FIELD_ERRORS, **BODY_ERRORS},
    errors=(err.C2C_MESSAGE_UNKNOWN, err.C2C_RECALLED, err.C2C_CONFLICT, err.STATUS_BAD_JSON, err.BODY_MALFORMED,
            err.STATUS_BAD_ACCOUNT, err.BODY_NOT_ARRAY, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN, err.ELEMENT_INVALID,
            err.MSG_KEY_INVALID, err.C2C_TOO_LONG),
)  # fmt: skip
def modify_c2c_msg(tx: Tx, who: Who, req: ModifyC2CMsg) -> Done:
    """Replace body or custom data of a stored one-to-one message; through the gateway either of its users may.

    ``Version`` names what was read: where somebody else was faster nothing is changed (20027).
    """
    if not who.admin and who.user not in {req.From_Account, req.To_Account}:
        raise Refused(err.OPENIM_NOT_ADMIN, f"{who.user!r} neither sent nor got the message")
    if req.MsgBody is None and req.CloudCustomData is None:
        raise Refused(err.STATUS_BAD_JSON, "MsgBody: required where CloudCustomData is absent")
    row = find_message(tx, req.From_Account, req.To_Account, key_of(req.MsgKey))
    if row is None or row.sender != req.From_Account:
        raise Refused(err.C2C_MESSAGE_UNKNOWN, f"MsgKey: {req.MsgKey!r} from {req.From_Account!r}")
    if row.state == RECALLED:
        raise Refused(err.C2C_RECALLED, f"MsgKey: {req.MsgKey!r}")
    old = row.message
    if req.Version is not None and req.Version != old.Version:
        raise Refused(err.C2C_CONFLICT, f"Version: {req.Version}, the message has {old.Version}")
    body = old.MsgBody if req.MsgBody is None else req.MsgBody
    cloud = old.CloudCustomData if req.CloudCustomData is None else req.CloudCustomData
    check_message(who, body, cloud, err.C2C_TOO_LONG)
    message = msgspec.structs.replace(old, MsgBody=body, CloudCustomData=cloud, Version=old.Version + 1)
    tx.emit(C2CModified(
        **named(row), holders=row.holders,
        message=rewrite(tx, row, message, Mark(row.flags) | Mark.MODIFIED, state=row.state),
    ))  # fmt: skip
    return Done()


class InvalidKeys(Reply, frozen=True, kw_only=True):
    """Keys that name no message because of their form."""

    InvalidMsgKeyList: list[str]


class DeleteC2CMsgRamble(Request[InvalidKeys], frozen=True, kw_only=True):
    """Whose copies of which messages with whom to remove."""

    Operator_Account: FromAccount
    Peer_Account: ToAccount
    MsgKeyList: Annotated[list[str], items(MAX_REMOVED, least=1, error=err.STATUS_BAD_JSON, empty=err.STATUS_BAD_JSON)]


@command(
    SERVICE, writes=True, doc="269/101439", bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    field_errors={"Operator_Account": err.SENDER_INVALID, "Peer_Account": err.STATUS_BAD_ACCOUNT},
    errors=(err.STATUS_BAD_JSON, err.STATUS_BAD_ACCOUNT, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN),
)  # fmt: skip
def delete_c2c_msg_ramble(tx: Tx, who: Who, req: DeleteC2CMsgRamble) -> InvalidKeys:
    """Remove up to 30 of one user's copies of messages with another; the other keeps his."""
    as_caller(who, "Operator_Account", req.Operator_Account)
    require_account(tx, who, "Operator_Account", req.Operator_Account, err.SENDER_INVALID)
    user, peer = req.Operator_Account, req.Peer_Account
    rows, invalid, mine = [], [], side(user, min(user, peer))
    for text_ in dict.fromkeys(req.MsgKeyList):
        try:
            row = find_message(tx, user, peer, key_of(text_))
        except Refused:
            invalid.append(text_)
        else:
            if row is not None and not row.hidden & mine:
                rows.append(row)
    hide(tx, user, peer, rows)
    return InvalidKeys(InvalidMsgKeyList=invalid)
