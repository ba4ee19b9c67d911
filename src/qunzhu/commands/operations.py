"""The figures of an app's last thirty days, read from its meters (doc 1047/34886)."""

import datetime
from collections.abc import Callable
from typing import Annotated

from qunzhu.commands._usage import Usage, days_usage
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.limits import items, one_of
from qunzhu.core.meter import COUNTED, SPOKEN_IN, Did
from qunzhu.core.ports import REST, App, Tx, Who

DAYS = 30
Figure = Callable[[App, Usage], object]


def _never(app: App, day: Usage) -> int:
    """Return 0: this server pushes nothing to phones that are offline, and knows no friends."""
    del app, day
    return 0


FIGURES: dict[str, Figure] = {
    "AppName": lambda app, day: app.name,
    "AppId": lambda app, day: app.sdkappid,
    "Company": lambda app, day: "",
    "ActiveUserNum": lambda app, day: day.active,
    "RegistUserNumOneDay": lambda app, day: day.registered,
    "RegistUserNumTotal": lambda app, day: day.accounts,
    "LoginTimes": lambda app, day: day.logins,
    "LoginUserNum": lambda app, day: day.more[COUNTED[Did.LOGGED_IN]],
    "UpMsgNum": lambda app, day: sum(day.messages.values()),
    "SendMsgUserNum": lambda app, day: day.more[COUNTED[Did.SENT]],
    "APNSMsgNum": _never,
    "C2CUpMsgNum": lambda app, day: day.messages["C2C"],
    "C2CDownMsgNum": lambda app, day: day.delivered["C2C"],
    "C2CSendMsgUserNum": lambda app, day: day.more[COUNTED[Did.SENT_C2C]],
    "C2CAPNSMsgNum": _never,
    "MaxOnlineNum": lambda app, day: day.online_peak,
    "DownMsgNum": lambda app, day: sum(day.delivered.values()),
    "ChainIncrease": _never,
    "ChainDecrease": _never,
    "GroupUpMsgNum": lambda app, day: sum(day.messages.values()) - day.messages["C2C"],
    "GroupDownMsgNum": lambda app, day: day.delivered["group"],
    "GroupSendMsgUserNum": lambda app, day: day.more[COUNTED[Did.SENT_GROUP]],
    "GroupAPNSMsgNum": _never,
    "GroupSendMsgGroupNum": lambda app, day: day.more[SPOKEN_IN],
    "GroupJoinGroupTimes": lambda app, day: day.joined + day.entered,
    "GroupQuitGroupTimes": lambda app, day: day.left,
    "GroupNewGroupNum": lambda app, day: day.groups.created,
    "GroupAllGroupNum": lambda app, day: day.groups.existing,
    "GroupDestroyGroupNum": lambda app, day: day.groups.dissolved,
    "CallBackReq": lambda app, day: day.callbacks_sent,
    "CallBackRsp": lambda app, day: day.callbacks_sent - day.callbacks_failed,
    "Date": lambda app, day: day.period.replace("-", ""),
}
"""Each documented field, and what it is."""
DATE = "Date"
OLD_FIELDS = ("QQ", "TextMsgInNum", "TextMsgOutNum", "VoiceMsgInNum", "VoiceMsgOutNum")
"""Fields of editions before these: asked for they are left out."""
FieldName = Annotated[str, one_of(*FIGURES, *OLD_FIELDS, error=err.CONFIG_BAD_JSON)]


class AppFigures(Reply, frozen=True, kw_only=True):
    """One object for each day, all its values texts."""

    Result: list[dict[str, str]]


class GetAppInfo(Request[AppFigures], frozen=True, kw_only=True):
    """Which figures to give: all unless some are named. The date always comes with them."""

    RequestField: (
        Annotated[list[FieldName], items(len(FIGURES) + len(OLD_FIELDS), error=err.CONFIG_BAD_JSON)] | None
    ) = None


@command(
    "openconfigsvr", writes=False, doc="1047/34886", doors=(REST,), bad_input=err.CONFIG_BAD_JSON,
    internal=err.CONFIG_QUERY, errors=(err.CONFIG_BAD_JSON,),
)  # fmt: skip
def getappinfo(tx: Tx, who: Who, req: GetAppInfo) -> AppFigures:
    """Give the figures of the last 30 days in the app's time zone, the oldest first, today up to now.

    Days before the app was made are left out.
    """
    who.require_admin()
    wanted = [name for name in FIGURES if not req.RequestField or name == DATE or name in req.RequestField]
    today = who.app.day(who.now)
    first = datetime.date.fromisoformat(today) - datetime.timedelta(days=DAYS - 1)
    begun = who.app.day(who.app.created_at) if who.app.created_at else ""
    days = days_usage(tx, max(first.isoformat(), min(begun, today)), today, today)
    return AppFigures(Result=[{name: str(FIGURES[name](who.app, day)) for name in wanted} for day in days])
