"""``qunzhu callbacks``: what waits to be told to an app's own server, what was given up, and a server for trying."""

import contextlib
from collections.abc import Iterator
from typing import Any

import apsw
import click
import msgspec

from qunzhu.apps import Home
from qunzhu.cli.callbacks_listen import listen, replay
from qunzhu.cli.home import app_option, chosen_app, home_of, place_options
from qunzhu.cli.show import Failure, json_option, print_json, print_table, when
from qunzhu.commands import _callback_letters as letters
from qunzhu.commands._callback_letters import DEAD, WAITING, Letter
from qunzhu.core.ports import App
from qunzhu.store.batch import BatchStore

STATES = {WAITING: "waiting", DEAD: "given up"}
WANTED = "to be tried again"


@click.group()
def callbacks() -> None:
    """Show what waits to be told to an app's own server, and what was given up; try callbacks out.

    list, retry and drop work on the data folder, also while a server runs.
    """


callbacks.add_command(listen)
callbacks.add_command(replay)


@contextlib.contextmanager
def _store(home: Home, app: App) -> Iterator[BatchStore]:
    """Open an app's store."""
    try:
        store = home.open_app(app.sdkappid)
    except (apsw.Error, OSError) as fault:
        raise Failure(f"app {app.sdkappid}: {fault}", "`qunzhu doctor` looks closer") from None
    with contextlib.closing(store):
        yield store


def _chosen(home: Home, sdkappid: int | None) -> App:
    app = chosen_app(home, sdkappid)
    if not home.database and not (home.folder / "apps" / str(app.sdkappid) / "app.db").is_file():
        raise Failure(f"app {app.sdkappid} has no data yet", "it begins with the app's first request")
    return app


def _selection(nums: tuple[int, ...], *, everything: bool) -> list[int] | None:
    """Return the numbers that are meant, or None for all that were given up."""
    if bool(nums) == everything:
        raise click.UsageError("give numbers, as `qunzhu callbacks list` shows them, or --all")
    return None if everything else list(nums)


@callbacks.command("list")
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@app_option
@place_options
@json_option
def list_(*, dead: bool, limit: int, sdkappid: int | None, as_json: bool, **place: Any) -> None:
    """List what waits to be sent and what was given up, the oldest first.

    With --json: waiting and dead (how many there are of each), and the callbacks with body and query.
    """
    home = home_of(**place)
    app = _chosen(home, sdkappid)
    with _store(home, app) as store:
        waiting, given_up = store.read_now(letters.counts)
        found = store.read_now(lambda tx: letters.letters(tx, limit, dead=dead))
    if as_json:
        print_json({"waiting": waiting, "dead": given_up, "callbacks": [_shown(one) for one in found]})
        return
    columns = ("NUM", "STATE", "COMMAND", "LANE", "SINCE", "TRIES", "NEXT TRY", "FAULT")
    print_table(columns, [_row(one) for one in found], ["" if one.dead == WAITING else "red" for one in found])
    click.echo(f"{waiting} waiting, {given_up} given up", err=True)


def _row(one: Letter) -> tuple[object, ...]:
    due = when(one.next_ms // 1000) if one.dead == WAITING else ""
    state = STATES.get(one.dead, WANTED)
    return one.num, state, one.command, one.lane, when(one.at_ms // 1000), one.tries, due, one.fault


def _shown(one: Letter) -> dict[str, Any]:
    return {
        "num": one.num, "state": STATES.get(one.dead, WANTED), "command": one.command, "lane": one.lane,
        "at_ms": one.at_ms, "tries": one.tries, "next_ms": one.next_ms, "fault": one.fault,
        "query": msgspec.Raw(one.query.encode()), "body": msgspec.Raw(one.body.encode()),
    }  # fmt: skip


@callbacks.command()
@click.argument("nums", metavar="[NUM]...", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
@app_option
@place_options
@json_option
def retry(nums: tuple[int, ...], *, everything: bool, sdkappid: int | None, as_json: bool, **place: Any) -> None:
    """Have callbacks that were given up tried again, as often as new ones.

    A running server takes them in within some seconds. They come after what was sent meanwhile. With --json: number.
    """
    wanted, home = _selection(nums, everything=everything), home_of(**place)
    with _store(home, _chosen(home, sdkappid)) as store:
        number = store.write_now(letters.want, wanted)
    _done(number, wanted, "to be tried again", as_json=as_json)


@callbacks.command()
@click.argument("nums", metavar="[NUM]...", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that were given up; what still waits stays.")
@app_option
@place_options
@json_option
def drop(nums: tuple[int, ...], *, everything: bool, sdkappid: int | None, as_json: bool, **place: Any) -> None:
    """Remove callbacks for good, so that they are never sent: those named, or all that were given up.

    With --json: number.
    """
    wanted, home = _selection(nums, everything=everything), home_of(**place)
    with _store(home, _chosen(home, sdkappid)) as store:
        if wanted is None:
            number = store.write_now(letters.remove_dead)
        else:
            number = store.write_now(lambda tx: sum(letters.remove(tx, num) for num in wanted))
    _done(number, wanted, "removed", as_json=as_json)


def _done(number: int, wanted: list[int] | None, what: str, *, as_json: bool) -> None:
    if wanted is not None and not number:
        raise Failure(f"there is none of {', '.join(map(str, wanted))}", "`qunzhu callbacks list` lists them")
    if as_json:
        print_json({"number": number})
    else:
        click.echo(f"{number} {what}")
