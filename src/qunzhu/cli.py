"""The command line: ``qunzhu serve`` and its sisters."""

import sys

import click

from qunzhu.config import ConfigError, load_config


@click.group()
def main() -> None:
    """Run qunzhu."""


@main.command()
@click.option("--listen")
@click.option("--data")
@click.option("--database")
@click.option("--tls-cert")
@click.option("--tls-key")
@click.option("--config", "file")
@click.option("--demo", is_flag=True, default=None)
def serve(file: str | None, **flags: str | None) -> None:
    """Serve until stopped."""
    from qunzhu.app import run

    try:
        run(load_config(flags, file))
    except ConfigError as fault:
        click.echo(f"qunzhu: {fault}", err=True)
        sys.exit(2)
