"""``qunzhu meter``: what an app used, read from its store; it works while a server runs."""

import datetime
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from qunzhu.cli.home import app_option, app_store, chosen_app, home_of, place_options
from qunzhu.cli.show import json_option, print_json, print_record, print_table
from qunzhu.commands._recount import Difference, recount
from qunzhu.commands._usage import Groups, Usage, day_usage, month_usage
from qunzhu.core.kinds import BY_NAME


def _period(form: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return what checks a day or month of a form."""

    def check(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
        del ctx, param
        if text is not None and not _is_date(text, form):
            raise click.BadParameter(f"{text!r} is not of the form {form}, such as {_SAMPLES[form]}")
        return text

    return check


_SAMPLES = {"YYYY-MM-DD": "2026-01-31", "YYYY-MM": "2026-01"}


def _is_date(text: str, form: str) -> bool:
    try:
        datetime.date.fromisoformat(text + "-01" * (form == "YYYY-MM"))
    except ValueError:
        return False
    return len(text) == len(form)


@click.command()
@app_option
@click.option("--day", callback=_period("YYYY-MM-DD"), help="A day of the app's time zone, as YYYY-MM-DD.")
@click.option("--month", callback=_period("YYYY-MM"), help="A month, as YYYY-MM; unless given the running one.")
@click.option("--days", is_flag=True, help="Show each day of the month.")
@click.option("--check", is_flag=True, help="Count anew from the data instead, and show where that differs.")
@place_options
@json_option
def meter(
    *, sdkappid: int | None, day: str | None, month: str | None, days: bool, check: bool, as_json: bool, **place: Any
) -> None:
    """Show what an app used in a month or day: groups and their peak, members, messages, users, bytes, callbacks.

    Of a month that is not over: up to now. With --check the meters are counted anew from the data; exit status 1 where
    they differ.
    """
    if day and (month or days):
        raise click.UsageError("--day goes with neither --month nor --days")
    home = home_of(**place)
    app, now = chosen_app(home, sdkappid), int(time.time())
    with app_store(home, app) as store:
        if check:
            _show_check(store.read_now(recount, app, now), as_json=as_json)
            return
        today = app.day(now)
        if day:
            usage = store.read_now(day_usage, day, today)
        else:
            usage = store.read_now(month_usage, month or today[: len("YYYY-MM")], today)
    if as_json:
        print_json({"sdkappid": app.sdkappid, **_plain(usage)})
    elif days:
        print_table(DAY_COLUMNS, [_day_row(one) for one in usage.days])
    else:
        _show(usage)


def _plain(usage: Usage) -> dict[str, Any]:
    return {name: getattr(usage, name) for name in usage.__struct_fields__}


def _show(usage: Usage) -> None:
    rows = [_group_row(BY_NAME[name].new_name, found, usage.messages[name], usage.imported[name])
            for name, found in usage.kinds.items()]  # fmt: skip
    rows.append(_group_row("one-to-one", None, usage.messages["C2C"], usage.imported["C2C"]))
    rows.append(_group_row("all", usage.groups, sum(usage.messages.values()), sum(usage.imported.values())))
    print_table((usage.period, "Created", "Dissolved", "Net", "Existing", "Peak", "Messages", "Imported"), rows)
    print_record({
        "members": usage.members, "members, peak": usage.members_peak, "joined": usage.joined, "left": usage.left,
        "entered live rooms": usage.entered, "deliveries": usage.deliveries, "active users": usage.active,
        "active a day, most": usage.active_max, "active a day, average": usage.active_average,
        "online at once, most": usage.online_peak, "logins": usage.logins, "accounts": usage.accounts,
        "registered": usage.registered, "deleted": usage.deleted, "bytes of files": usage.bytes,
        "bytes of files, peak": usage.bytes_peak, "callbacks sent": usage.callbacks_sent,
        "callbacks failed": usage.callbacks_failed,
    })  # fmt: skip


def _group_row(name: str, found: Groups | None, messages: int, imported: int) -> tuple[object, ...]:
    if found is None:
        return name, "", "", "", "", "", messages, imported
    return name, found.created, found.dissolved, found.net, found.existing, found.peak, messages, imported


DAY_COLUMNS = (
    "Day", "Created", "Dissolved", "Net", "Existing", "Peak", "Joined", "Left", "Messages", "Deliveries", "Active",
    "Online", "Bytes",
)  # fmt: skip


def _day_row(day: Usage) -> tuple[object, ...]:
    groups = day.groups
    return (
        day.period, groups.created, groups.dissolved, groups.net, groups.existing, groups.peak, day.joined, day.left,
        sum(day.messages.values()), day.deliveries, day.active, day.online_peak, day.bytes,
    )  # fmt: skip


def _show_check(found: list[Difference], *, as_json: bool) -> None:
    if as_json:
        print_json({"ok": not found, "differences": found})
    elif found:
        print_table(
            ("Day", "Meter", "Counted", "Recounted"),
            [(one.day or "now", one.name, one.meter, expected(one)) for one in found],
        )
    else:
        click.echo("what was counted is what a recount finds")
    if found:
        sys.exit(1)


def expected(found: Difference) -> str:
    """Return what a meter should be."""
    return str(found.least) if found.least == found.most else f"{found.least} to {found.most}"
