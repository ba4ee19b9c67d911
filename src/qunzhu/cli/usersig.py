"""``qunzhu usersig``: what a user signs in with."""

import time
from typing import Any

import click

from qunzhu.cli.home import app_option, chosen_app, home_of, place_options
from qunzhu.cli.show import json_option, print_json
from qunzhu.core.token import DEFAULT_EXPIRE, make_usersig


@click.command()
@click.argument("user")
@app_option
@click.option("--expire", type=click.IntRange(min=1), default=DEFAULT_EXPIRE, show_default="180 days",
              metavar="SECONDS", help="How long it holds.")  # fmt: skip
@place_options
@json_option
def usersig(user: str, *, sdkappid: int | None, expire: int, as_json: bool, **place: Any) -> None:
    """Print a UserSig of USER, made with the app's key.

    It is made here, without asking the server; whether USER has an account shows when it is used. With --json:
    identifier, sdkappid, usersig and expires_at (unix seconds).
    """
    if not 0 < len(user) <= 32 or not user.isascii() or not user.isprintable():
        raise click.BadParameter("1 to 32 bytes of printable ASCII are needed", param_hint="USER")
    app = chosen_app(home_of(**place), sdkappid)
    now = int(time.time())
    sig = make_usersig(app.key, app.sdkappid, user, now=now, expire=expire)
    if as_json:
        print_json({"identifier": user, "sdkappid": app.sdkappid, "usersig": sig, "expires_at": now + expire})
    else:
        click.echo(sig)
