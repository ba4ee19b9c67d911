"""A month's statement of an app: what was used, beside its quotas, beside prices."""

import re

import msgspec

from qunzhu import prices
from qunzhu.commands._usage import Usage, metered_months, month_usage
from qunzhu.config import ConfigError
from qunzhu.core.bill import (
    DAILY_USERS,
    FREE,
    MONTHLY_USERS,
    Bill,
    Forecast,
    PriceList,
    Quota,
    Used,
    expected_peak,
    make_bill,
    month_days,
    quotas,
)
from qunzhu.core.kinds import COMMUNITY, KINDS
from qunzhu.core.plans import PLANS, TIERS, Plan, extended
from qunzhu.core.ports import App, Tx

MONTH = re.compile(r"[2-9]\d{3}-(0[1-9]|1[0-2])\Z")
ASSUMED = "the app is on plan {}, which this list does not have: priced as if on {}"
EARLY = "nothing was counted before {}: what there was is what counting began with"
NOW = "priced by the plan and the extensions of today; a plan that was changed within the month is not split"
UNTAXED = "prices as they were published, without tax"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A month of an app: what was used, what the plan caps, what it would have cost."""

    sdkappid: int
    month: str
    finished: bool
    plan: str
    assumed: bool
    """True where the app is on another plan, which the price list does not have."""
    list_name: str
    prices: PriceList
    usage: Usage
    quotas: tuple[Quota, ...]
    bill: Bill
    forecast: Forecast | None
    """Of the running month."""
    notes: tuple[str, ...]


class Chosen(msgspec.Struct, frozen=True):
    """Which price list, and which plan of it."""

    name: str
    prices: PriceList
    plan: Plan
    assumed: bool


def choose(app: App, listed: str | None, plan_name: str | None) -> Chosen:
    """Return the price list and its plan: the one named, the app's, what stands for that, or the one the list names."""
    name = listed or prices.of_plan(plan_name or app.plan_name)
    found = prices.load(name)
    if plan_name is not None and plan_name not in found.plans:
        raise ConfigError(f"plan: price list {name} has {', '.join(found.plans)}, not {plan_name}")
    plan = plan_name or app.plan_name
    if plan in found.plans:
        return Chosen(name, found, PLANS[plan], assumed=False)
    like = [other for tier in TIERS if plan in tier for other in tier if other in found.plans]
    return Chosen(name, found, PLANS[like[0] if like else found.assumed], assumed=True)


def chosen_month(month: str | None, today: str) -> str:
    """Return the month that is meant, the running one unless named, or say (``ConfigError``) what is wrong with it."""
    month = month or today[:7]
    if not MONTH.match(month):
        raise ConfigError(f"month: {month!r} is not YYYY-MM")
    if month > today[:7]:
        raise ConfigError(f"month: {month} has not begun in the app's time zone")
    return month


def read_month(tx: Tx, month: str, today: str) -> tuple[Usage, list[str]]:
    """Return what was used in a month, and the months in which anything was counted."""
    return month_usage(tx, month, today), metered_months(tx)


def statement(app: App, read: tuple[Usage, bool, str], chosen: Chosen) -> Statement:
    """Return a month's statement."""
    usage, finished, since = read
    own = app.settings.extensions if chosen.plan.name == app.plan_name else ()
    used = Used(usage.groups.peak, usage.active_max, usage.active)
    notes = [ASSUMED.format(app.plan_name, chosen.plan.name)] if chosen.assumed else []
    notes += [EARLY.format(since)] if usage.period < since else []
    peak = None if finished else _expected(usage)
    return Statement(
        sdkappid=app.sdkappid, month=usage.period, finished=finished, plan=chosen.plan.name, assumed=chosen.assumed,
        list_name=chosen.name, prices=chosen.prices, usage=usage,
        quotas=quotas(extended(chosen.plan, own), _most(usage, chosen.plan)),
        bill=make_bill(chosen.prices, chosen.plan, own, used),
        forecast=None if peak is None else Forecast(
            peak, make_bill(chosen.prices, chosen.plan, own, msgspec.structs.replace(used, groups=peak))
        ),
        notes=(*notes, *chosen.prices.notes, NOW, UNTAXED),
    )  # fmt: skip


def _expected(usage: Usage) -> int:
    groups = usage.groups
    return expected_peak(groups.existing, groups.peak, groups.net, len(usage.days), month_days(usage.period))


def _most(usage: Usage, plan: Plan) -> dict[str, int]:
    """Return the most there was of what plans cap."""
    counted = [kind.name for kind in KINDS if kind.counts_daily or not plan.daily_excludes_communities]
    ordinary = [kind.name for kind in KINDS if kind.group_cap == "groups"]
    return {
        "net_groups_a_day": max(sum(day.kinds[name].net for name in counted) for day in usage.days),
        "groups": max(sum(day.kinds[name].existing for name in ordinary) for day in usage.days),
        "live_rooms": max(usage.kinds[kind.name].peak for kind in KINDS if kind.group_cap == "live_rooms"),
        "communities": usage.kinds[COMMUNITY.name].peak,
        "accounts": usage.accounts_peak,
        FREE[DAILY_USERS]: usage.active_max,
        FREE[MONTHLY_USERS]: usage.active,
    }
