"""``qunzhu double``: the controls of a server for tests (docs/guide/double.md)."""

from typing import Any, BinaryIO

import click
import msgspec

from qunzhu.cli.connecting import connect, server_options
from qunzhu.cli.show import print_json, print_record, print_table, when
from qunzhu.core.ports import GATEWAY, REST

_CONDITIONS = (
    click.option("--user", help="Only of this user."),
    click.option("--times", type=int, help="So often; unset: until it is cleared."),
    click.option("--probability", type=float, metavar="0..1", help="Not always: on so many of what matches."),
    click.option("--seed", type=int, default=0, show_default=True, help="Of chance: the same draws the same."),
)


def _conditions(command: Any) -> Any:
    for option in reversed(_CONDITIONS):
        command = option(command)
    return command


def _use(where: dict[str, Any], control: str, /, **fields: Any) -> dict[str, Any]:
    """Use a control with the fields that are given, and return what it answers."""
    given = {field: value for field, value in fields.items() if value is not None}
    return connect(**where).control(control, msgspec.json.encode(given))


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        print_record({name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
                      for name, value in answer.items()})  # fmt: skip


@click.group()
def double() -> None:
    """Use the controls of a running server, as an administrator of the app.

    The server must have been started with --controls or --demo. They are HTTP calls: any language can make them.
    """


@double.command()
@server_options
def show(*, as_json: bool, **where: Any) -> None:
    """Show what is set: clock, faults, record, snapshots."""
    _show(connect(**where).look(), as_json=as_json)


@double.command()
@click.option("--real", is_flag=True, help="Show the real time again.")
@click.option("--set", "to", type=float, metavar="UNIXTIME", help="Show this time.")
@click.option("--advance", type=float, metavar="SECONDS", help="Show a time so much later; negative: earlier.")
@click.option("--freeze/--run", default=None, help="Stand still, or go on from the time that is shown.")
@server_options
def clock(*, real: bool, to: float | None, advance: float | None, freeze: bool | None, as_json: bool,
          **where: Any) -> None:  # fmt: skip
    """Set the app's clock, or without options look at it."""
    answer = _use(where, "clock", real=real or None, set=to, advance=advance, freeze=freeze)["clock"]
    if as_json:
        print_json(answer)
    else:
        print_record({**answer, "now": when(int(answer["now"]))})


@double.command()
@click.argument("command")
@click.option("--code", type=int, help="Answer this code.")
@click.option("--text", help="With this ErrorInfo.")
@click.option("--delay-ms", type=int, help="Wait so long.")
@click.option("--drop", is_flag=True, help="End the connection without an answer.")
@click.option("--after", is_flag=True, help="Run the command first: only its answer is lost.")
@click.option("--door", type=click.Choice([REST, GATEWAY]), help="Only at this door.")
@_conditions
@server_options
def fault(*, seed: int, as_json: bool, **given: Any) -> None:
    """Set a fault of a command: its name, login, or "*" for all."""
    rule, where = _split(given, "command", "code", "text", "delay_ms", "drop", "after", "door")
    _show_rules(_use(where, "faults", add=[rule], seed=seed), as_json=as_json)


@double.command()
@click.argument("push")
@click.option("--lose", is_flag=True, help="Sessions do not get it.")
@click.option("--repeat", type=int, help="So many more times they get it.")
@_conditions
@server_options
def push(*, seed: int, as_json: bool, **given: Any) -> None:
    """Set a fault of a push: its name, or "*" for all."""
    rule, where = _split(given, "push", "lose", "repeat")
    _show_rules(_use(where, "faults", pushes=[rule], seed=seed), as_json=as_json)


def _split(given: dict[str, Any], *names: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of a rule that are given, and which server is meant."""
    names = (*names, "user", "times", "probability")
    rule = {name: given[name] for name in names if given[name] not in {None, False}}
    return rule, {name: value for name, value in given.items() if name not in names}


@double.command()
@click.option("--clear", is_flag=True, help="Drop all.")
@server_options
def faults(*, clear: bool, as_json: bool, **where: Any) -> None:
    """List the faults that are set, with how often each took effect."""
    _show_rules(_use(where, "faults", clear=clear or None), as_json=as_json)


def _show_rules(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    rows = []
    for sort in ("faults", "pushes"):
        for rule in answer[sort]:
            number, what, hits = rule.pop("number"), rule.pop("command", "") or rule.pop("push", ""), rule.pop("hits")
            rows.append((sort, number, what, msgspec.json.encode(rule).decode(), hits))
    print_table(("sort", "number", "of", "rule", "hits"), rows)


@double.command()
@click.option("--user", help="Only of this user.")
@click.option("--platform", help="Only on this platform.")
@click.option("--code", type=int, help="Close code of the gateway. Unset: 4009, after which clients come again.")
@server_options
def cut(*, user: str | None, platform: str | None, code: int | None, as_json: bool, **where: Any) -> None:
    """End sessions."""
    _show(_use(where, "cut", user=user, platform=platform, code=code), as_json=as_json)


@double.command()
@click.option("--keep", multiple=True, type=click.Choice(["clock", "faults"]), help="What stays as it is.")
@server_options
def reset(*, keep: tuple[str, ...], as_json: bool, **where: Any) -> None:
    """Empty the app. Its record and the administrators' accounts stay."""
    _show(_use(where, "reset", keep=list(keep)), as_json=as_json)


@double.command()
@click.argument("name", required=False)
@click.option("--drop", metavar="NAME", help="Remove a snapshot.")
@server_options
def snapshot(*, name: str | None, drop: str | None, as_json: bool, **where: Any) -> None:
    """Keep the app's data under a name; without one list what is kept."""
    answer = _use(where, "snapshot", name=name, drop=drop)
    if as_json:
        print_json(answer)
    else:
        rows = [(one["name"], when(one["at"]), one["bytes"]) for one in answer["snapshots"]]
        print_table(("name", "taken", "bytes"), rows)


@double.command()
@click.argument("name")
@server_options
def restore(*, name: str, as_json: bool, **where: Any) -> None:
    """Put a snapshot in the place of the app's data."""
    _show(_use(where, "restore", name=name), as_json=as_json)


@double.command()
@click.argument("action", type=click.Choice(["start", "stop", "clear", "get"]))
@server_options
def record(*, action: str, as_json: bool, **where: Any) -> None:
    """Start, stop or clear the record of all calls, pushes and callbacks; get prints its lines."""
    if action == "get":
        click.echo(connect(**where).record(), nl=False)
    else:
        _show(_use(where, "record", **{action: True}), as_json=as_json)


@double.command()
@click.argument("document", metavar="FILE", type=click.File("rb"))
@server_options
def seed(*, document: BinaryIO, as_json: bool, **where: Any) -> None:
    """Make accounts, groups and messages from a file in YAML or JSON; - is standard input."""
    made = connect(**where).control("seed", document.read())["made"]
    if as_json:
        print_json(made)
    else:
        print_record(made)
