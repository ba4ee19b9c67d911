"""What the console shows of a month: use, quotas, and what it would have cost, as ``qunzhu bill`` does."""

from typing import Any

import msgspec

from qunzhu import prices
from qunzhu.config import ConfigError
from qunzhu.core import errors as err
from qunzhu.core.errors import Refused
from qunzhu.core.plans import PLANS
from qunzhu.core.ports import App, Tx, Who
from qunzhu.prices.statements import Statement, choose, chosen_month, read_month, statement


class MonthShown(msgspec.Struct, frozen=True, kw_only=True):
    """A month's statement, and what else can be chosen. ``caps`` are those of the app's own plan."""

    statement: Statement
    months: list[str]
    lists: dict[str, str]
    """Title of each price list, by its name."""
    plans: list[str]
    """Plans that the chosen price list has."""
    app_plan: str
    caps: dict[str, Any]


def month_in(tx: Tx, who: Who, month: str, listed: str, plan: str) -> MonthShown:
    """Return a month of an app; empty texts stand for the running month, and for list and plan of the app."""
    who.require_admin()
    today = who.app.day(who.now)
    try:
        month = chosen_month(month, today)
        chosen = choose(who.app, listed or None, plan or None)
    except ConfigError as fault:
        raise Refused(err.URL_PARAMETER, str(fault)) from None
    usage, months = read_month(tx, month, today)
    since = min(months, default=month)
    return MonthShown(
        statement=statement(who.app, (usage, month < today[:7], since), chosen),
        months=sorted({*months, today[:7]}, reverse=True),
        lists={name: prices.load(name).title for name in prices.names()},
        plans=[name for name in PLANS if name in chosen.prices.plans], app_plan=who.app.plan_name,
        caps=_caps(who.app),
    )  # fmt: skip


def _caps(app: App) -> dict[str, Any]:
    """Return what the app's plan allows, with its extensions; None: no cap."""
    found = msgspec.structs.asdict(app.plan)
    del found["name"]
    return found
