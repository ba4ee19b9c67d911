"""Sending one-to-one messages, to one user or to many (docs 1047/34919, 34920)."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import (
    BODY_ERRORS,
    LAST,
    SERVICE,
    TOUCH_CONTACT,
    CloudText,
    Flag,
    FromAccount,
    Key,
    Random,
    ToAccount,
    as_caller,
    has_account,
    newest_num,
    pair,
    require_account,
    side,
    touched,
)
from qunzhu.commands._shared import accounts_among
from qunzhu.commands.messages import CALLBACKS, SELECT_PROFILE
from qunzhu.commands.sessions import DISCARD
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.elements import Element, check_body, check_size
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import C2CSent
from qunzhu.core.limits import UINT32, is_account, items, number, one_of
from qunzhu.core.messages import C2C_CONTROLS, C2CMessage, Mark, encode_message, marks_of
from qunzhu.core.ports import GATEWAY, REST, Tx, Who

LIFE_SECONDS = 604800
MAX_RECEIVERS = 500
SYNCED, NOT_SYNCED = 1, 2
"""``SyncOtherMachine``: the sender's own sessions and history get the message too, or neither does."""
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
    sender = sender_of(tx, who, req.From_Account)
    if not has_account(tx, who, req.To_Account):
        raise Refused(UNKNOWN_RECEIVER[who.door], f"To_Account: {req.To_Account!r} is not registered")
    _require_voice(tx, who)
    check_message(who, req.MsgBody, req.CloudCustomData, err.C2C_TOO_LONG)
    message = _message(tx, who, req, sender)
    message = msgspec.structs.replace(message, To_Account=req.To_Account)
    repeats = who.app.settings.duplicate_seconds if who.door == GATEWAY else 0
    [sent] = send(tx, [Draft(message, sync=_sync(who, req), repeats=repeats)])
    return SentC2C(MsgTime=sent.at, MsgKey=str(sent))


def sender_of(tx: Tx, who: Who, named: str | None) -> str:
    """Return in whose name a message goes out, or refuse: 90009 a user in another's, 90008 nobody's."""
    sender = who.user if named is None else named
    as_caller(who, "From_Account", sender)
    if sender != who.user:
        require_account(tx, who, "From_Account", sender, err.SENDER_INVALID)
    return sender


SELECT_SILENCED = "SELECT c2c_until FROM silenced WHERE user_id = :user"


def _require_voice(tx: Tx, who: Who) -> None:
    """Refuse (20012) a user who is muted; the server API is not held up by mutes (doc 1047/34919)."""
    if who.door == REST or who.admin:
        return
    row = tx.one(SELECT_SILENCED, user=who.user)
    if row and row[0] > who.now:
        raise Refused(err.C2C_MUTED, f"{who.user!r} until {row[0]}")


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
    sent = send(tx, [Draft(msgspec.structs.replace(message, To_Account=user), sync=sync) for user in reached])
    missed = [NotReached(To_Account=user, ErrorCode=err.ACCOUNT_UNKNOWN.code) for user in wanted if user not in known]
    return SentToMany(MsgKey=str(sent[0]), ErrorList=missed or UNSET)


def _sync(who: Who, req: SendMsg | BatchSendMsg) -> int | None:
    """Return what the sender's sessions get: a user's own sessions hear of what he sends unless he says otherwise."""
    return SYNCED if req.SyncOtherMachine is None and who.door == GATEWAY else req.SyncOtherMachine


def _message(tx: Tx, who: Who, req: SendMsg | BatchSendMsg, sender: str) -> C2CMessage:
    """Return the message as it will be stored and pushed, but for its receiver and number."""
    key = Key(new_seq(who) if req.MsgSeq is None else req.MsgSeq, req.MsgRandom, who.now)
    nick, face_url = tx.one(SELECT_PROFILE, user=sender) or ("", "")
    return C2CMessage(
        From_Account=sender, To_Account="", MsgSeq=key.msg_seq, MsgRandom=key.random, MsgTime=key.at, MsgKey=str(key),
        MsgBody=req.MsgBody, CloudCustomData=req.CloudCustomData or "", Nick=nick, FaceUrl=face_url,
        OfflinePushInfo=req.OfflinePushInfo, SendMsgControl=req.SendMsgControl or (),
        IsNeedReadReceipt=req.IsNeedReadReceipt or 0, SupportMessageExtension=req.SupportMessageExtension or 0,
        OnlineOnlyFlag=int(bool(req.OnlineOnlyFlag) or req.MsgLifeTime == 0),
    )  # fmt: skip


def new_seq(who: Who) -> int:
    """Return the MsgSeq of a message that came without one."""
    return int.from_bytes(who.random(4))


class Draft(msgspec.Struct, frozen=True):
    """A message that is complete but for its number; ``sync`` is SyncOtherMachine, ``marks`` go beside its own.

    ``repeats`` is for how many seconds the same MsgSeq and MsgRandom are the same message, beyond its own second.
    """

    message: C2CMessage
    sync: int | None = None
    marks: Mark = Mark(0)
    repeats: int = 0

    @property
    def holders(self) -> list[str]:
        """Return those who have a copy of it."""
        sender, peer = self.message.From_Account, self.message.To_Account
        return list(dict.fromkeys([peer] if self.sync == NOT_SYNCED else [peer, sender]))

    @property
    def listeners(self) -> list[str]:
        """Return those of them whose sessions are told."""
        silent = (Mark.PEER_NOT_TOLD, self.message.To_Account), (Mark.SENDER_NOT_TOLD, self.message.From_Account)
        return [user for user in self.holders if user not in {user for mark, user in silent if self.flags & mark}]

    @property
    def flags(self) -> Mark:
        """Return the bits of the message's row. Who writes to himself is told as the receiver."""
        told = self.sync == SYNCED or self.message.From_Account == self.message.To_Account
        untold = Mark(0) if told else Mark.SENDER_NOT_TOLD
        return marks_of(self.message) | self.marks | untold


# All that it asks for is in one index: by the table's key SQLite would read all that was written in these minutes.
SELECT_SAME: LiteralString = (
    "SELECT msg_seq, at FROM c2c_messages WHERE low = :low AND high = :high AND random = :random AND at >= :since"
    " AND (at = :at AND from_low = :from_low OR at = :at AND msg_seq = :msg_seq"
    " OR from_low = :from_low AND msg_seq = :msg_seq) ORDER BY at LIMIT 1"
)
INSERT_MESSAGE: LiteralString = (
    "INSERT INTO c2c_messages (low, high, at, msg_seq, random, num, from_low, state, hidden, flags, quiet, body)"
    " VALUES (:low, :high, :at, :msg_seq, :random, :num, :from_low, 0, :hidden, :flags, :quiet, :body)"
)


def send(tx: Tx, drafts: Iterable[Draft], *, exactly: bool = False) -> list[Key]:
    """Store messages and tell those whom they are for; return their keys, of one sent before that one's.

    ``exactly`` says that they are known to be new, MsgRandom or not.
    """
    keys: list[Key] = []
    rows: list[dict[str, Any]] = []
    contacts: list[dict[str, Any]] = []
    newest: dict[str, int] = {}
    for given in drafts:
        draft = _as_wanted(tx, given)
        message = draft.message
        if not exactly and (first := _sent_before(tx, message, draft.repeats)) is not None:
            keys.append(first)
            continue
        keys.append(Key(message.MsgSeq, message.MsgRandom, message.MsgTime))
        if message.OnlineOnlyFlag:
            _tell_those_online(tx, draft)
            continue
        event = _numbered(tx, draft, newest)
        rows.append(_row(draft, event))
        contacts += touched(event, event.flags, event.holders)
        tx.emit(event)
    tx.many(INSERT_MESSAGE, rows)
    tx.many(TOUCH_CONTACT, contacts)
    return keys


SELECT_FLAG = "SELECT msg_flag FROM contacts WHERE user_id = :user AND sort = 1 AND peer = :peer"


def _as_wanted(tx: Tx, draft: Draft) -> Draft:
    """Return a message as its receiver wants messages of this sender: he is not told of one that he discards."""
    sender, peer = draft.message.From_Account, draft.message.To_Account
    row = tx.one(SELECT_FLAG, user=peer, peer=sender) if sender != peer else None
    if row is None or row[0] != DISCARD:
        return draft
    return msgspec.structs.replace(draft, marks=draft.marks | Mark.PEER_NOT_TOLD)


def _sent_before(tx: Tx, message: C2CMessage, repeats: int) -> Key | None:
    """Return the key of the same message sent before, or None.

    In its second MsgRandom says that it is the same; after it, for a client that got no answer, with MsgSeq.
    """
    sender, peer, at = message.From_Account, message.To_Account, message.MsgTime
    if message.OnlineOnlyFlag:
        known: Key | None = tx.recall(_memory(message))
        return known if known is not None and known.at == at else None
    both = pair(sender, peer)
    row = tx.one(
        SELECT_SAME, **both, at=at, since=at - repeats, random=message.MsgRandom, from_low=int(sender == both["low"]),
        msg_seq=message.MsgSeq,
    )  # fmt: skip
    return None if row is None else Key(row[0], message.MsgRandom, row[1])


def _memory(message: C2CMessage) -> str:
    return f"c2c:{message.From_Account}:{message.To_Account}:{message.MsgRandom}"


def _named(message: C2CMessage) -> dict[str, Any]:
    return {"sender": message.From_Account, "peer": message.To_Account, "at": message.MsgTime,
            "msg_seq": message.MsgSeq, "random": message.MsgRandom}  # fmt: skip


def _tell_those_online(tx: Tx, draft: Draft) -> None:
    """Push a message that nobody keeps."""
    message = draft.message
    tx.remember(_memory(message), Key(message.MsgSeq, message.MsgRandom, message.MsgTime))
    event = C2CSent(
        **_named(message), message=msgspec.Raw(encode_message(message)), told=dict.fromkeys(draft.listeners, 0)
    )
    tx.emit(event, keep=False)


def _numbered(tx: Tx, draft: Draft, newest: dict[str, int]) -> C2CSent:
    """Return what happens by a message that takes the next number; ``newest`` are users' numbers in this command."""
    num = tx.count(LAST, 1)
    message = msgspec.structs.replace(draft.message, Num=num)
    told = {user: newest[user] if user in newest else newest_num(tx, user) for user in draft.listeners}
    newest.update(dict.fromkeys(draft.holders, num))
    flags = draft.flags
    return C2CSent(
        **_named(message), num=num, message=msgspec.Raw(encode_message(message)), flags=int(flags), told=told,
        quiet=bool(flags & (Mark.NO_UNREAD | Mark.IMPORTED)), holders=draft.holders,
    )  # fmt: skip


def _row(draft: Draft, event: C2CSent) -> dict[str, Any]:
    both = pair(event.sender, event.peer)
    hidden = 0 if event.sender in event.holders else side(event.sender, both["low"])
    return {
        **both, "at": event.at, "msg_seq": event.msg_seq, "random": event.random, "num": event.num,
        "from_low": int(event.sender == both["low"]), "hidden": hidden, "flags": event.flags,
        "quiet": int(event.quiet), "body": bytes(event.message).decode(),
    }  # fmt: skip
