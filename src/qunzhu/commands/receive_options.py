"""How all messages reach a user for a while: with a notice, without one, or not at all (SDK 7.4).

It is the user's own setting, which his clients heed and share; nothing is pushed to those who are offline. One
conversation's option is in ``contacts.py`` and ``member_info.py``.
"""

from typing import Annotated

from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import AllReceiveOptionSet
from qunzhu.core.limits import MSG_FLAGS, UINT32, number, one_of
from qunzhu.core.ports import GATEWAY, Tx, Who

DAY = 86400
OPTIONS = MSG_FLAGS[:3]


class AllReceiveOption(Reply, frozen=True, kw_only=True):
    """What holds, and when: every day from ``StartOfDay`` on (seconds after midnight), or once from ``StartTime`` on.

    Where nothing was set it is always the first option; 0 seconds mean that it does not end.
    """

    MsgFlag: str
    StartOfDay: int
    StartTime: int
    Duration: int


class SetAllReceiveOption(Request[Done], frozen=True, kw_only=True):
    """The option for all of the caller's messages, and when it holds; one of both starts is to be given."""

    MsgFlag: Annotated[str, one_of(*OPTIONS)]
    Duration: Annotated[int, number(0, UINT32)]
    StartOfDay: Annotated[int, number(0, DAY - 1)] | None = None
    StartTime: Annotated[int, number(1, UINT32)] | None = None


WRITE = (
    "INSERT INTO receive_options (user_id, msg_flag, start_of_day, start_at, seconds)"
    " VALUES (:user, :flag, :start_of_day, :start_at, :seconds) ON CONFLICT (user_id) DO UPDATE SET"
    " msg_flag = :flag, start_of_day = :start_of_day, start_at = :start_at, seconds = :seconds"
)


@command("gateway", writes=True, doors=(GATEWAY,), errors=(err.BAD_PARAMETER,))
def set_all_receive_option(tx: Tx, who: Who, req: SetAllReceiveOption) -> Done:
    """Set how all messages reach the caller, every day for some hours or once from a time on; his sessions hear it."""
    if (req.StartOfDay is None) is (req.StartTime is None):
        raise Refused(err.BAD_PARAMETER, "StartOfDay: this or StartTime must be there, not both")
    if req.StartOfDay is not None and req.Duration > DAY:
        raise Refused(err.BAD_PARAMETER, f"Duration: {req.Duration} seconds, at most {DAY} are allowed every day")
    start_of_day, start_at = req.StartOfDay or 0, req.StartTime or 0
    tx.run(
        WRITE, user=who.user, flag=OPTIONS.index(req.MsgFlag), start_of_day=start_of_day, start_at=start_at,
        seconds=req.Duration,
    )  # fmt: skip
    tx.emit(AllReceiveOptionSet(
        user=who.user, flag=req.MsgFlag, start_of_day=start_of_day, start_at=start_at, seconds=req.Duration
    ))  # fmt: skip
    return Done()


class GetAllReceiveOption(Request[AllReceiveOption], frozen=True, kw_only=True):
    """Nothing; the caller's own is meant."""


SELECT = "SELECT msg_flag, start_of_day, start_at, seconds FROM receive_options WHERE user_id = :user"


@command("gateway", writes=False, doors=(GATEWAY,))
def get_all_receive_option(tx: Tx, who: Who, req: GetAllReceiveOption) -> AllReceiveOption:
    """Read how all messages reach the caller."""
    del req
    flag, start_of_day, start_at, seconds = tx.one(SELECT, user=who.user) or (0, 0, 0, 0)
    return AllReceiveOption(MsgFlag=OPTIONS[flag], StartOfDay=start_of_day, StartTime=start_at, Duration=seconds)
