"""A bar with counts, for what takes long and is made of groups and messages."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def counting(title: str) -> Iterator[Callable[[int, int, int], None]]:
    """Show on a terminal's stderr how far an import is; give the function that sets groups, done ones and messages."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda groups, done, messages: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[counts]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, counts="")

        def seen(groups: int, done: int, messages: int) -> None:
            bar.update(
                task, total=groups or None, completed=done, counts=f"{done}/{groups} groups, {messages} messages"
            )

        yield seen
