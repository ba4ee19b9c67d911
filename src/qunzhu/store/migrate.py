"""Numbered, forward-only migrations. A family (``app`` or ``control``) is the sequence of its numbered files."""

import importlib.resources
from collections.abc import Callable
from typing import LiteralString

from qunzhu.store.sql import schema

Run = Callable[[LiteralString], object]


def scripts(family: str) -> list[str]:
    """Return a family's scripts in order."""
    folder = importlib.resources.files("qunzhu.store") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith(f"{family}_"))
    return [(folder / name).read_text(encoding="utf-8") for name in names]


def migrate(family: str, present: int, words: dict[str, str], run: Run, upto: int | None = None) -> int:
    """Run what a database at version ``present`` lacks, inside the caller's transaction; return the new version.

    ``upto`` names an older version to end at.
    """
    todo = scripts(family)[present:upto]
    for script in todo:
        for statement in schema(script, words):
            run(statement)
    return present + len(todo)
