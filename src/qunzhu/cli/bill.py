"""``qunzhu bill``: what an app used in a month, beside its quotas, beside prices; while a server runs, or without."""

import re
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from qunzhu import prices
from qunzhu.apps import Home
from qunzhu.cli.bill_text import print_statement
from qunzhu.cli.home import app_option, app_store, chosen_app, home_of, place_options
from qunzhu.cli.show import json_option, print_json
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


@click.command()
@click.option("--month", metavar="YYYY-MM", help="In the app's time zone. Unset: the running month.")
@app_option
@click.option("--prices", "listed", type=click.Choice(prices.names()),
              help="By which price list. Unset: the one that has the plan, or overseas-legacy.")  # fmt: skip
@click.option("--plan", "plan_name", type=click.Choice([name for name in PLANS if name != "open"]),
              help="As if on this plan. Unset: the app's, or where the list lacks that, the one it names.")  # fmt: skip
@click.option("--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png",
              help="Draw the month's groups into a picture. Needs the extra `plot`.")  # fmt: skip
@place_options
@json_option
def bill(
    *, month: str | None, sdkappid: int | None, listed: str | None, plan_name: str | None, picture: Path | None,
    as_json: bool, **place: Any,
) -> None:  # fmt: skip
    """Show what an app used in a month, beside its quotas, and what it would have cost at the reference service.

    Groups are billed by the month's peak, in begun blocks above what is free. What no page says is shown as unknown,
    and the total is then partial. For the running month there is a forecast: the groups there are, and each day left
    the mean growth of the month's days so far.
    """
    home = home_of(**place)
    app = chosen_app(home, sdkappid)
    found = statement(app, read_usage(home, app, month, int(time.time())), choose(app, listed, plan_name))
    if picture is not None:
        from qunzhu.cli.plot import draw

        draw(picture, found.usage, PLANS[found.plan].free_groups, app.sdkappid)
    if as_json:
        print_json(found)
    else:
        print_statement(found)


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


def read_usage(home: Home, app: App, month: str | None, now: int) -> tuple[Usage, bool, str]:
    """Return what an app used in a month, whether the month is over, and since which month it is counted."""
    today = app.day(now)
    month = month or today[:7]
    if not MONTH.match(month):
        raise click.BadParameter(f"{month!r} is not YYYY-MM", param_hint="--month")
    if month > today[:7]:
        raise click.BadParameter(f"{month} has not begun in the app's time zone", param_hint="--month")
    with app_store(home, app) as store:
        usage, months = store.read_now(lambda tx: _read(tx, month, today))
    return usage, month < today[:7], min(months, default=month)


def _read(tx: Tx, month: str, today: str) -> tuple[Usage, list[str]]:
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
