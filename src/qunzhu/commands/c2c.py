"""Sending one-to-one messages, to one user or to many (docs 1047/34919, 34920)."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import (
    BODY_ERRORS,
    SERVICE,
    CloudText,
    Flag,
    FromAccount,
    Key,
    Random,
    ToAccount,
    as_caller,
    has_account,
    require_account,
)
from qunzhu.commands._c2c_sending import NOT_SYNCED, SYNCED, Draft, send
from qunzhu.commands._shared import accounts_among, silenced_until
from qunzhu.commands.messages import CALLBACKS, NO_CALLBACK, SELECT_PROFILE, forbids
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.elements import Element, check_body, check_size
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import UINT32, is_account, items, number, one_of
from qunzhu.core.messages import C2C_CONTROLS, C2CMessage
from qunzhu.core.ports import GATEWAY, REST, Tx, Who

LIFE_SECONDS = 604800
MAX_RECEIVERS = 500
_bad_json = err.STATUS_BAD_JSON
Controls = Annotated[
    list[Annotated[str, one_of(*C2C_CONTROLS, error=_bad_json)]], items(len(C2C_CONTROLS), error=_bad_json)
]
Forbidden = Annotated[list[Annotated[str, one_of(*CALLBACKS, error=_bad_json)]], items(len(CALLBACKS), error=_bad_json)]
SyncOther = Annotated[int, number(SYNCED, NOT_SYNCED, error=err.SYNC_OTHER_INVALID)]
LifeTime = Annotated[int, number(0, LIFE_SECONDS, error=err.LIFE_TIME_TOO_LARGE)]
FIELD_ERRORS = {
    **BODY_ERRORS, "To_Account": err.STATUS_BAD_ACCOUNT, "From_Account": err.SENDER_INVALID,
    "MsgRandom": err.MSG_RANDOM_INVALID, "MsgLifeTime": err.LIFE_TIME_INVALID,
    "SyncOtherMachine": err.SYNC_OTHER_INVALID,
}  # fmt: skip
UNKNOWN_RECEIVER = {REST: err.RECEIVER_UNKNOWN, GATEWAY: err.C2C_ACCOUNT_INVALID}


class SentC2C(Reply, frozen=True, kw_only=True):
    """When the message was sent, and what names it from now on."""

    MsgTime: int
    MsgKey: str


class SendMsg(Request[SentC2C], frozen=True, kw_only=True):
    """A message to one user."""

    To_Account: ToAccount
    MsgRandom: Random
    MsgBody: list[Element]
    From_Account: FromAccount | None = None
    SyncOtherMachine: SyncOther | None = None
    MsgSeq: Annotated[int, number(0, UINT32, error=_bad_json)] | None = None
    MsgLifeTime: LifeTime | None = None
    OnlineOnlyFlag: Flag | None = None
    ForbidCallbackControl: Forbidden | None = None
    SendMsgControl: Controls | None = None
    CloudCustomData: CloudText | None = None
    SupportMessageExtension: Flag | None = None
    IsNeedReadReceipt: Flag | None = None
    OfflinePushInfo: dict[str, Any] | None = None


@command(
    SERVICE, writes=True, doc="1047/34919", bad_input=_bad_json, internal=err.OPENIM_INTERNAL,
    field_errors=FIELD_ERRORS,
    errors=(err.C2C_ACCOUNT_INVALID, err.C2C_MUTED, _bad_json, err.BODY_MALFORMED, err.STATUS_BAD_ACCOUNT,
            err.MSG_RANDOM_INVALID, err.BODY_NOT_ARRAY, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN, err.ELEMENT_INVALID,
            err.RECEIVER_UNKNOWN, err.LIFE_TIME_TOO_LARGE, err.SYNC_OTHER_INVALID, err.LIFE_TIME_INVALID,
            err.C2C_TOO_LONG),
)  # fmt: skip
def sendmsg(tx: Tx, who: Who, req: SendMsg) -> SentC2C:
    """Send a message to one user.

    An app administrator sends in his own name or any registered account's, a user in his own. The same sender's
    message to the same user with the same MsgRandom in the same second is answered as the first one, and not sent
    again; through the gateway also one with the same MsgSeq and MsgRandom within five minutes. Administrators are not
    held up by the sender's mute.
    """
    message = _message(tx, who, req, may_write(tx, who, req))
    message = msgspec.structs.replace(message, To_Account=req.To_Account)
    repeats = who.app.settings.duplicate_seconds if who.door == GATEWAY else 0
    reported = not forbids(who, NO_CALLBACK, req.ForbidCallbackControl)
    [sent] = send(tx, [Draft(message, sync=_sync(who, req), repeats=repeats, reported=reported)])
    return SentC2C(MsgTime=sent.at, MsgKey=str(sent))


def may_write(tx: Tx, who: Who, req: SendMsg) -> str:
    """Return in whose name a message to one user goes out, or refuse what may not be sent."""
    sender = sender_of(tx, who, req.From_Account)
    if not has_account(tx, who, req.To_Account):
        raise Refused(UNKNOWN_RECEIVER[who.door], f"To_Account: {req.To_Account!r} is not registered")
    _require_voice(tx, who)
    check_message(who, req.MsgBody, req.CloudCustomData, err.C2C_TOO_LONG)
    return sender


def sender_of(tx: Tx, who: Who, named: str | None) -> str:
    """Return in whose name a message goes out, or refuse: 90009 a user in another's, 90008 nobody's."""
    sender = who.user if named is None else named
    as_caller(who, "From_Account", sender)
    if sender != who.user:
        require_account(tx, who, "From_Account", sender, err.SENDER_INVALID)
    return sender


def _require_voice(tx: Tx, who: Who) -> None:
    """Refuse (20012) a user who is muted; the server API is not held up by mutes (doc 1047/34919)."""
    if who.door == REST or who.admin:
        return
    until, _ = silenced_until(tx, who.user)
    if until > who.now:
        raise Refused(err.C2C_MUTED, f"{who.user!r} until {until}")


def check_message(who: Who, body: Sequence[Element], cloud_data: str | None, too_long: ErrorRow) -> None:
    """Refuse a message whose elements are wrong (90010), or that is too long."""
    check_body(body, err.ELEMENT_INVALID)
    check_size(body, cloud_data, who.app.settings.message_bytes, too_long)


class NotReached(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver who did not get the message."""

    To_Account: str
    ErrorCode: int


class SentToMany(Reply, frozen=True, kw_only=True):
    """What names the message, and who did not get it."""

    statuses: ClassVar[tuple[str, ...]] = ("OK", "SomeError")
    MsgKey: str
    ErrorList: list[NotReached] | UnsetType = UNSET

    @property
    def status(self) -> str:
        """Return what the envelope calls an answer where some did not get the message."""
        return self.statuses[bool(self.ErrorList)]


class BatchSendMsg(Request[SentToMany], frozen=True, kw_only=True):
    """One message to up to 500 users."""

    To_Account: Annotated[
        list[Annotated[str, msgspec.Meta(extra={"account": True})]],
        items(MAX_RECEIVERS, least=1, error=err.STATUS_TOO_MANY, empty=err.RECEIVERS_EMPTY),
    ]
    MsgRandom: Random
    MsgBody: list[Element]
    From_Account: FromAccount | None = None
    SyncOtherMachine: SyncOther | None = None
    MsgSeq: Annotated[int, number(0, UINT32, error=err.MSG_SEQ_INVALID)] | None = None
    MsgLifeTime: LifeTime | None = None
    OnlineOnlyFlag: Flag | None = None
    SendMsgControl: Controls | None = None
    CloudCustomData: CloudText | None = None
    SupportMessageExtension: Flag | None = None
    IsNeedReadReceipt: Flag | None = None
    OfflinePushInfo: dict[str, Any] | None = None


@command(
    SERVICE, writes=True, doc="1047/34920", doors=(REST,), bad_input=_bad_json, internal=err.OPENIM_INTERNAL,
    field_errors={**FIELD_ERRORS, "To_Account": err.RECEIVERS_NOT_ARRAY, "To_Account[]": err.STATUS_BAD_ACCOUNT,
                  "MsgSeq": err.MSG_SEQ_INVALID},
    errors=(err.ACCOUNT_UNKNOWN, _bad_json, err.BODY_MALFORMED, err.STATUS_BAD_ACCOUNT, err.MSG_SEQ_INVALID,
            err.MSG_RANDOM_INVALID, err.BODY_NOT_ARRAY, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN, err.ELEMENT_INVALID,
            err.STATUS_TOO_MANY, err.LIFE_TIME_TOO_LARGE, err.RECEIVERS_NOT_ARRAY, err.RECEIVERS_EMPTY,
            err.SYNC_OTHER_INVALID, err.LIFE_TIME_INVALID, err.OPENIM_ACCOUNT_UNKNOWN, err.BATCH_TOO_LONG,
            err.C2C_TOO_LONG),
)  # fmt: skip
def batchsendmsg(tx: Tx, who: Who, req: BatchSendMsg) -> SentToMany:
    """Send one message to up to 500 users; those without an account are named in the answer (70107).

    Where nobody has an account nothing is sent (90048).
    """
    who.require_admin(err.OPENIM_NOT_ADMIN)
    sender = sender_of(tx, who, req.From_Account)
    check_message(who, req.MsgBody, req.CloudCustomData, err.BATCH_TOO_LONG)
    wanted = list(dict.fromkeys(req.To_Account))
    known = accounts_among(tx, [user for user in wanted if is_account(user)]) | set(who.app.admins)
    reached = [user for user in wanted if user in known]
    if not reached:
        raise Refused(err.OPENIM_ACCOUNT_UNKNOWN, f"To_Account: none of {len(wanted)} users is registered")
    message, sync = _message(tx, who, req, sender), _sync(who, req)
    name = batchsendmsg.__name__
    sent = send(tx, [
        Draft(msgspec.structs.replace(message, To_Account=user), sync=sync, command=name) for user in reached
    ])  # fmt: skip
    missed = [NotReached(To_Account=user, ErrorCode=err.ACCOUNT_UNKNOWN.code) for user in wanted if user not in known]
    return SentToMany(MsgKey=str(sent[0]), ErrorList=missed or UNSET)


def _sync(who: Who, req: SendMsg | BatchSendMsg) -> int | None:
    """Return what the sender's sessions get: a user's own sessions hear of what he sends unless he says otherwise."""
    return SYNCED if req.SyncOtherMachine is None and who.door == GATEWAY else req.SyncOtherMachine


def _message(tx: Tx, who: Who, req: SendMsg | BatchSendMsg, sender: str) -> C2CMessage:
    """Return the message as it will be stored and pushed, but for its receiver and number."""
    key = key_of(who, req)
    nick, face_url = tx.one(SELECT_PROFILE, user=sender) or ("", "")
    return C2CMessage(
        From_Account=sender, To_Account="", MsgSeq=key.msg_seq, MsgRandom=key.random, MsgTime=key.at, MsgKey=str(key),
        MsgBody=req.MsgBody, CloudCustomData=req.CloudCustomData or "", Nick=nick, FaceUrl=face_url,
        OfflinePushInfo=req.OfflinePushInfo, SendMsgControl=req.SendMsgControl or (),
        IsNeedReadReceipt=req.IsNeedReadReceipt or 0, SupportMessageExtension=req.SupportMessageExtension or 0,
        OnlineOnlyFlag=online_only(req),
    )  # fmt: skip


def key_of(who: Who, req: SendMsg | BatchSendMsg) -> Key:
    """Return what names a message; one that came without MsgSeq gets one of chance."""
    return Key(new_seq(who) if req.MsgSeq is None else req.MsgSeq, req.MsgRandom, who.now)


def online_only(req: SendMsg | BatchSendMsg) -> int:
    """Return 1 for a message that nobody keeps."""
    return int(bool(req.OnlineOnlyFlag) or req.MsgLifeTime == 0)


def new_seq(who: Who) -> int:
    """Return the MsgSeq of a message that came without one."""
    return int.from_bytes(who.random(4))
