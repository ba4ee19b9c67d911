"""What the command line prints: tables for people, plain lines for pipes, JSON for programs; faults."""

import contextlib
import datetime
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click
import msgspec

from qunzhu.config import ConfigError

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINER = "\u200d"  # holds composed emoji together
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON; faults as JSON on standard error.")


class Failure(Exception):
    """Something did not work: what, what to do next, and details for programs."""

    def __init__(self, message: str, advice: str = "", **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.details = details


def report(fault: Exception, *, as_json: bool) -> int:
    """Print a fault on stderr and return the exit code; raise what nobody foresaw."""
    known = _describe(fault)
    if known is None:
        raise fault
    code, text, advice, details = known
    if as_json:
        error = {"message": text, "exit_code": code, **({"advice": advice} if advice else {}), **details}
        click.echo(msgspec.json.encode({"error": error}), err=True)
    elif isinstance(fault, click.ClickException):
        fault.show()
    else:
        click.echo(f"qunzhu: {clean(text)}" + (f"\n  {advice}" if advice else ""), err=True)
    return code


def _describe(fault: Exception) -> tuple[int, str, str, dict[str, object]] | None:
    """Return exit code, text, advice and details of a foreseen fault."""
    match fault:
        case Failure():
            return 1, fault.message, fault.advice, fault.details
        case ConfigError():
            return 2, str(fault), "", {}
        case click.ClickException():
            return fault.exit_code, fault.format_message(), "", {}
        case click.Abort():
            return 1, "stopped", "", {}
        case _:
            return None


def clean(value: object) -> str:
    """Return a value as text that cannot steer a terminal: control and direction characters become escapes."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in _STEERING and c != _JOINER else c
        for c in text
    )


def when(seconds: int) -> str:
    """Return a unix time as text in UTC; empty for 0."""
    if not seconds:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    click.echo(msgspec.json.encode(value))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], styles: Sequence[str] = ()) -> None:
    """Print a table to a terminal, or tab-separated lines with a heading to anything else."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(clean(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for number, row in enumerate(rows):
        style = styles[number] if styles else ""
        table.add_row(*(Text(clean(cell)) for cell in row), style=style)
    Console().print(table)


def wide() -> bool:
    """Say whether standard output is a terminal, where people look."""
    return sys.stdout.isatty()


def print_record(fields: dict[str, Any]) -> None:
    """Print named values, one a line."""
    aligned = max(map(len, fields)) if sys.stdout.isatty() else 0
    for name, value in fields.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        click.echo(f"{name:<{aligned}}  {clean(shown)}" if aligned else f"{name}\t{clean(shown)}")


@contextlib.contextmanager
def progress(title: str, total: float) -> Iterator[Callable[[float], None]]:
    """Show a bar on a terminal's stderr while something long runs; give the function that sets how far it is."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
