"""Command-line options made from the settings tree: one for each field, its description as help."""

import typing
from collections.abc import Callable
from typing import Any, TypeVar

import click

from qunzhu.config import Config

F = TypeVar("F", bound=Callable[..., Any])
CHOICES = {"log_format": ("console", "json"), "log_level": ("debug", "info", "warning", "error")}
_HINTS = typing.get_type_hints(Config, include_extras=True)
_DEFAULTS = dict(zip(Config.__struct_fields__, Config.__struct_defaults__, strict=True))
_file_option = click.option(
    "--config", "file", metavar="FILE", help="Settings file (TOML), the weakest: names as here. [env: QUNZHU_CONFIG]"
)


def options(*names: str) -> Callable[[F], F]:
    """Return the decorator that adds the options of the named settings, and ``--config``."""

    def add(command: F) -> F:
        command = _file_option(command)
        for name in reversed(names):
            command = _option(name)(command)
        return command

    return add


def _option(name: str) -> Callable[[F], F]:
    """Make one option. Its default stays unset: only then do environment and file count."""
    kind, doc = _HINTS[name].__origin__, _HINTS[name].__metadata__[0].description
    default = _DEFAULTS[name]
    known = f"env: QUNZHU_{name.upper()}" + (f"; default: {default}" if default not in {"", False} else "")
    flag = f"--{name.replace('_', '-')}"
    if kind is bool:
        return click.option(flag, is_flag=True, default=None, help=f"{doc} [{known}]")
    choice = click.Choice(CHOICES[name]) if name in CHOICES else kind
    return click.option(flag, type=choice, help=f"{doc} [{known}]")
