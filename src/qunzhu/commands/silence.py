"""Muting accounts in the whole app, for one-to-one messages and for groups (docs 1047/34923, 34924)."""

from typing import Annotated

from qunzhu.commands._shared import registered, silenced_until
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import Silenced
from qunzhu.core.limits import UINT32, account, number
from qunzhu.core.ports import REST, Tx, Who

SERVICE = "openconfigsvr"
Seconds = Annotated[int, number(0, UINT32, error=err.CONFIG_BAD_JSON)]
SET_SILENCED = (
    "INSERT INTO silenced (user_id, c2c_until, group_until) VALUES (:user, :c2c, :group)"
    " ON CONFLICT (user_id) DO UPDATE SET c2c_until = :c2c, group_until = :group"
)


class SetNoSpeaking(Request[Done], frozen=True, kw_only=True):
    """Whom to mute, and for how long."""

    Set_Account: Annotated[str, account(err.SET_ACCOUNT_INVALID)]
    C2CmsgNospeakingTime: Seconds | None = None
    GroupmsgNospeakingTime: Seconds | None = None


@command(
    SERVICE, writes=True, doc="1047/34923", doors=(REST,), bad_input=err.CONFIG_BAD_JSON, internal=err.CONFIG_INTERNAL,
    field_errors={"Set_Account?": err.SET_ACCOUNT_MISSING, "Set_Account": err.SET_ACCOUNT_INVALID},
    errors=(err.CONFIG_BAD_JSON, err.SET_ACCOUNT_MISSING, err.SET_ACCOUNT_INVALID, err.SPEAKING_TIMES_MISSING),
)  # fmt: skip
def setnospeaking(tx: Tx, who: Who, req: SetNoSpeaking) -> Done:
    """Mute an account in the whole app for one-to-one messages, for groups, or for both; 0 seconds end a mute."""
    who.require_admin()
    if req.C2CmsgNospeakingTime is None and req.GroupmsgNospeakingTime is None:
        raise Refused(err.SPEAKING_TIMES_MISSING)
    user = req.Set_Account
    if not registered(tx, user):
        raise Refused(err.SET_ACCOUNT_INVALID, f"Set_Account: {user!r} is not registered")
    old = silenced_until(tx, user)
    c2c = _until(who, req.C2CmsgNospeakingTime, old[0])
    group = _until(who, req.GroupmsgNospeakingTime, old[1])
    if (c2c, group) != old:
        tx.run(SET_SILENCED, user=user, c2c=c2c, group=group)
        tx.emit(Silenced(user=user, c2c_until=c2c, group_until=group))
    return Done()


def _until(who: Who, seconds: int | None, old: int) -> int:
    """Return the end of a mute in unix seconds."""
    if seconds is None:
        return old
    return seconds if seconds in {0, UINT32} else min(who.now + seconds, UINT32)


class SpeakingTimes(Reply, frozen=True, kw_only=True):
    """Seconds that are left of an account's mutes."""

    C2CmsgNospeakingTime: int
    GroupmsgNospeakingTime: int


class GetNoSpeaking(Request[SpeakingTimes], frozen=True, kw_only=True):
    """Whose mutes to read."""

    Get_Account: Annotated[str, account(err.GET_ACCOUNT_INVALID)]


@command(
    SERVICE, writes=False, doc="1047/34924", doors=(REST,), bad_input=err.CONFIG_BAD_JSON, internal=err.CONFIG_INTERNAL,
    field_errors={"Get_Account?": err.GET_ACCOUNT_MISSING, "Get_Account": err.GET_ACCOUNT_INVALID},
    errors=(err.GET_ACCOUNT_MISSING, err.GET_ACCOUNT_INVALID),
)  # fmt: skip
def getnospeaking(tx: Tx, who: Who, req: GetNoSpeaking) -> SpeakingTimes:
    """Read for how long an account may not send one-to-one messages, and to groups."""
    who.require_admin()
    if not registered(tx, req.Get_Account):
        raise Refused(err.GET_ACCOUNT_INVALID, f"Get_Account: {req.Get_Account!r} is not registered")
    c2c, group = silenced_until(tx, req.Get_Account)
    return SpeakingTimes(C2CmsgNospeakingTime=_left(who, c2c), GroupmsgNospeakingTime=_left(who, group))


def _left(who: Who, until: int) -> int:
    return UINT32 if until == UINT32 else max(0, until - who.now)
