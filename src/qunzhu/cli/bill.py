"""``qunzhu bill``: what an app used in a month, beside its quotas, beside prices; while a server runs, or without."""

import time
from pathlib import Path
from typing import Any

import click

from qunzhu import prices
from qunzhu.apps import Home
from qunzhu.cli.bill_text import print_statement
from qunzhu.cli.home import app_option, app_store, chosen_app, home_of, place_options
from qunzhu.cli.show import json_option, print_json
from qunzhu.commands._usage import Usage
from qunzhu.config import ConfigError
from qunzhu.core.plans import PLANS
from qunzhu.core.ports import App
from qunzhu.prices.statements import choose, chosen_month, read_month, statement


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


def read_usage(home: Home, app: App, month: str | None, now: int) -> tuple[Usage, bool, str]:
    """Return what an app used in a month, whether the month is over, and since which month it is counted."""
    today = app.day(now)
    try:
        month = chosen_month(month, today)
    except ConfigError as fault:
        raise click.BadParameter(str(fault).removeprefix("month: "), param_hint="--month") from None
    with app_store(home, app) as store:
        usage, months = store.read_now(lambda tx: read_month(tx, month, today))
    return usage, month < today[:7], min(months, default=month)
