"""The page of settings: those of the server, and those of one app."""

import importlib
from collections.abc import Sequence
from typing import Any

import click
import msgspec
from msgspec import inspect as mi

from qunzhu.config import Config
from qunzhu.core.fields import about
from qunzhu.core.ports import LEVELS, AppSettings, CallbackSettings
from qunzhu.reference.blocks import Heading, Page, Table, Text


def settings_page() -> Page:
    """Return the page of settings."""
    return Page("settings", "Settings", [
        Heading("Server"),
        Text("Each setting may stand in a TOML file (`--config FILE` or `QUNZHU_CONFIG`), in the environment, or on the"
             " command line of `qunzhu serve`; the later wins."),
        Table(("Setting", "Environment", "Flag", "Default", "Meaning"), _server_rows()),
        Heading("App"),
        Text("Each app has settings of its own, kept with its record."),
        Table(("Setting", "Default", "Meaning"), [*_rows(AppSettings), *_rows(CallbackSettings, "callbacks.")]),
        Text("A custom field has a `key`, the `kinds` it is for (REST names; none: all) and `write`, who may write it:"
             f" {', '.join(f'`{level}`' for level in LEVELS)}, narrowest first."),
    ])  # fmt: skip


def _rows(record: type[msgspec.Struct], prefix: str = "") -> list[tuple[str, ...]]:
    return [
        (f"`{prefix}{field.name}`", _shown(field.default), about(record.__name__, field.name))
        for field in msgspec.structs.fields(record)
        if not isinstance(field.default, msgspec.Struct)
    ]


def _server_rows() -> Sequence[tuple[str, ...]]:
    node, flags = mi.type_info(Config), _flags()
    rows = []
    for field in node.fields if isinstance(node, mi.StructType) else ():
        meaning = (
            (field.type.extra_json_schema or {}).get("description", "") if isinstance(field.type, mi.Metadata) else ""
        )
        rows.append(
            (
                f"`{field.name}`",
                f"`QUNZHU_{field.name.upper()}`",
                flags.get(field.name, "–"),
                _shown(field.default),
                meaning,
            )
        )
    return rows


def _flags() -> dict[str, str]:
    """Return the flags of ``qunzhu serve`` by the setting they stand for."""
    command: click.Command = importlib.import_module("qunzhu.cli.serve").serve
    return {param.name or "": f"`{param.opts[0]}`" for param in command.params}


def _shown(value: Any) -> str:
    if value in {"", (), None}:
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
