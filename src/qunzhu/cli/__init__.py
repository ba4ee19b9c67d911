"""The command line: ``qunzhu serve`` and its sisters. A command's module is imported when it is called."""

import importlib
import keyword
import sys
from collections.abc import Sequence
from typing import Any

import click

from qunzhu import __version__
from qunzhu.cli.show import report

COMMANDS = {
    "serve": ("qunzhu.cli.serve", "Serve until stopped."),
    "app": ("qunzhu.cli.apps", "Make, list, change and erase apps (SDKAppIDs)."),
    "usersig": ("qunzhu.cli.usersig", "Print a UserSig, with which a user signs in."),
    "console": ("qunzhu.cli.console", "Print a link that signs in at the console."),
    "group": ("qunzhu.cli.groups", "Create, list, show and dissolve groups of a running server."),
    "callbacks": ("qunzhu.cli.callbacks", "List callbacks that wait or were given up; a server to try them with."),
    "meter": ("qunzhu.cli.meter", "Show what an app used in a day or month, and check the count."),
    "bill": ("qunzhu.cli.bill", "Show what an app used in a month, and what it would have cost."),
    "cert": ("qunzhu.cli.cert", "Make a certificate for HTTPS on this machine."),
    "sdk": ("qunzhu.cli.sdk", "Make the C library and its header; put it into an Electron app."),
    "double": ("qunzhu.cli.double", "Reset, rewind, break and record an app of a server for tests."),
    "export": ("qunzhu.cli.moving", "Write a whole app as files."),
    "import": ("qunzhu.cli.moving", "Make an app of files, or of an app of the reference service."),
    "doctor": ("qunzhu.cli.doctor", "Check data folder, port, limits and clock, with advice."),
}
"""Each command's module, which has it under its own name (``import_`` where Python has the name), and the line that
``--help`` shows without importing it."""


class Main(click.Group):
    """The group of all commands. Faults come out as text or, with ``--json``, as one JSON object; both on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module and return the command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *others: Any, **extra: Any) -> Any:
        """Run, and leave with 0, 1 for what failed, or 2 for a wrong option or setting."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, *others, **extra | {"standalone_mode": False})
        except Exception as fault:  # noqa: BLE001 - known faults are told, others raised again
            code = report(fault, as_json="--json" in words)
        sys.exit(code)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qunzhu")
def main() -> None:
    """Run and manage a group messaging server that speaks Tencent Cloud IM's interfaces.

    Exit status: 0 done, 1 failed, 2 a wrong option or setting. With --json the result is one JSON document on standard
    output, and a fault is one JSON object {"error": ...} on standard error.
    """
