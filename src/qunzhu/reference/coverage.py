"""The page of coverage: which commands and functions of the reference service this server has."""

import importlib
from collections.abc import Iterable

from qunzhu.core.callbacks import CALLBACKS
from qunzhu.core.command import COMMANDS
from qunzhu.core.ports import REST
from qunzhu.core.reference import REFERENCE
from qunzhu.reference.blocks import Block, Heading, Page, Table, Text
from qunzhu.reference.commands import commands

Counts = dict[str, dict[str, bool]]
"""By service or header: each name, and whether it is there."""


def command_counts() -> Counts:
    """Return which commands of the reference service's server API are there."""
    return {service: {name: _served(f"{service}/{name}") for name in names} for service, names in REFERENCE.items()}


def _served(path: str) -> bool:
    row = COMMANDS.get(path)
    return row is not None and REST in row.doors


def callback_counts() -> Counts:
    """Return which callbacks of the reference service this server sends."""
    counts: Counts = {}
    for name, row in CALLBACKS.items():
        counts.setdefault(name.partition(".")[0], {})[name] = row.there
    return counts


def function_counts() -> Counts:
    """Return which functions of the C headers the SDK has; one that only says that nobody serves it does not count."""
    # By name: the server shows pages of this package, and imports nothing of the SDK.
    headers = importlib.import_module("qunzhu.capi.functions").FUNCTIONS
    sdk = importlib.import_module("qunzhu.tim").TimRender
    return {
        header.removesuffix(".h"): {row.name: hasattr(sdk, row.name) and row.name not in sdk.UNSERVED for row in rows}
        for header, rows in headers.items()
    }


def total(counts: Counts) -> tuple[int, int]:
    """Return how many are there, of how many."""
    flags = [done for names in counts.values() for done in names.values()]
    return sum(flags), len(flags)


def coverage_page(*, functions: bool = True) -> Page:
    """Return the page of coverage, with or without the SDK's part."""
    blocks = [*_part("Server API", "Service", "commands", command_counts()), *_own()]
    blocks += _part("Callbacks", "Service", "callbacks", callback_counts())
    if functions:
        blocks += _part("SDK", "Header", "functions", function_counts())
    return Page("coverage", "Coverage", blocks)


def _part(title: str, group: str, what: str, counts: Counts) -> list[Block]:
    done, all_of = total(counts)
    rows = [
        (f"`{name}`", f"{sum(found.values())} of {len(found)}", _names(n for n, there in found.items() if there),
         _names(n for n, there in found.items() if not there))
        for name, found in counts.items()
    ]  # fmt: skip
    return [Heading(title), Text(f"{done} of {all_of} {what}."), Table((group, "Done", "There", "Not yet"), rows)]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def _own() -> list[Block]:
    own = [row.name for row in commands() if REST not in row.doors]
    return [Text(f"Besides them the gateway has methods for what is no command of the server API: {_names(own)}.")]
