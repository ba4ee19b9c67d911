"""Importing one-to-one messages from another system (doc 1047/35014)."""

from typing import Annotated

from qunzhu.commands._c2c import (
    BODY_ERRORS,
    SERVICE,
    CloudText,
    FromAccount,
    Key,
    Random,
    ToAccount,
    find_message,
    require_account,
)
from qunzhu.commands._c2c_sending import Draft, send
from qunzhu.commands.c2c import check_message, new_seq
from qunzhu.commands.messages import SELECT_PROFILE
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Request, command
from qunzhu.core.elements import Element
from qunzhu.core.errors import Refused
from qunzhu.core.limits import UINT32, number
from qunzhu.core.messages import C2CMessage, Mark
from qunzhu.core.ports import REST, Tx, Who

HISTORY, LIVE, OLD_LIVE = 2, 5, 1
"""``SyncFromOldSystem``: read already and not pushed; or as if it was sent now, which editions before 2021 call 1."""
UNTOLD = Mark.IMPORTED | Mark.SENDER_NOT_TOLD | Mark.PEER_NOT_TOLD


class ImportMsg(Request[Done], frozen=True, kw_only=True):
    """A message that was sent elsewhere."""

    SyncFromOldSystem: Annotated[int, number(0, UINT32, error=err.SYNC_FROM_INVALID)]
    From_Account: FromAccount
    To_Account: ToAccount
    MsgRandom: Random
    MsgTimeStamp: Annotated[int, number(0, UINT32, error=err.MSG_TIME_INVALID)]
    MsgBody: list[Element]
    MsgSeq: Annotated[int, number(0, UINT32, error=err.STATUS_BAD_JSON)] | None = None
    CloudCustomData: CloudText | None = None


@command(
    SERVICE, writes=True, doc="1047/35014", doors=(REST,), old_fields={"MsgTimestamp": "MsgTimeStamp"},
    bad_input=err.STATUS_BAD_JSON, internal=err.OPENIM_INTERNAL,
    field_errors={**BODY_ERRORS, "SyncFromOldSystem": err.SYNC_FROM_INVALID, "From_Account": err.SENDER_INVALID,
                  "To_Account": err.STATUS_BAD_ACCOUNT, "MsgRandom": err.MSG_RANDOM_INVALID,
                  "MsgTimeStamp": err.MSG_TIME_INVALID},
    errors=(err.STATUS_BAD_JSON, err.BODY_MALFORMED, err.STATUS_BAD_ACCOUNT, err.MSG_RANDOM_INVALID,
            err.MSG_TIME_INVALID, err.BODY_NOT_ARRAY, err.SENDER_INVALID, err.OPENIM_NOT_ADMIN, err.ELEMENT_INVALID,
            err.RECEIVER_UNKNOWN, err.SYNC_FROM_INVALID, err.C2C_TOO_LONG),
)  # fmt: skip
def importmsg(tx: Tx, who: Who, req: ImportMsg) -> Done:
    """Import a one-to-one message.

    One with MsgSeq, MsgRandom and MsgTimeStamp of another in the conversation, whoever sent it, is the same: the first
    one stays.
    """
    who.require_admin(err.OPENIM_NOT_ADMIN)
    if req.SyncFromOldSystem not in {HISTORY, LIVE, OLD_LIVE}:
        raise Refused(err.SYNC_FROM_INVALID, f"SyncFromOldSystem: {req.SyncFromOldSystem} is not one of 1, 2, 5")
    require_account(tx, who, "From_Account", req.From_Account, err.SENDER_INVALID)
    require_account(tx, who, "To_Account", req.To_Account, err.RECEIVER_UNKNOWN)
    check_message(who, req.MsgBody, req.CloudCustomData, err.C2C_TOO_LONG)
    key = Key(new_seq(who) if req.MsgSeq is None else req.MsgSeq, req.MsgRandom, req.MsgTimeStamp)
    if find_message(tx, req.From_Account, req.To_Account, key) is None:
        marks = UNTOLD if req.SyncFromOldSystem == HISTORY else Mark(0)
        send(tx, [Draft(_message(tx, req, key), marks=marks)], exactly=True)
    return Done()


def _message(tx: Tx, req: ImportMsg, key: Key) -> C2CMessage:
    nick, face_url = tx.one(SELECT_PROFILE, user=req.From_Account) or ("", "")
    return C2CMessage(
        From_Account=req.From_Account, To_Account=req.To_Account, MsgSeq=key.msg_seq, MsgRandom=key.random,
        MsgTime=key.at, MsgKey=str(key), MsgBody=req.MsgBody, CloudCustomData=req.CloudCustomData or "", Nick=nick,
        FaceUrl=face_url,
    )  # fmt: skip
