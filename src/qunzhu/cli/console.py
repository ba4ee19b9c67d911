"""``qunzhu console``: a link that signs an administrator in at the console of a running server."""

import time
from typing import Any
from urllib.parse import quote, urlencode

import click

from qunzhu.cli.home import app_option, chosen_app, home_of, place_options
from qunzhu.cli.show import Failure, json_option, print_json
from qunzhu.core.token import make_usersig

EXPIRE = 600


@click.command()
@click.option("--url", envvar="QUNZHU_URL", show_envvar=True, default="http://127.0.0.1:8140", show_default=True,
              help="The server.")  # fmt: skip
@app_option
@click.option("--admin", envvar="QUNZHU_ADMIN", show_envvar=True,
              help="The app administrator to sign in as; unless given the app's first.")  # fmt: skip
@place_options
@json_option
def console(*, url: str, sdkappid: int | None, admin: str | None, as_json: bool, **place: Any) -> None:
    """Print a link that signs an administrator of the app in at the console.

    It holds a UserSig of ten minutes, made here with the app's key, behind the # that browsers send to no server.
    Whoever has the link within that time signs in as well. With --json: url, sdkappid, identifier and expires_at (unix
    seconds).
    """
    app = chosen_app(home_of(**place), sdkappid)
    user = admin or app.admins[0]
    if user not in app.admins:
        raise Failure(
            f"{user!r} is no administrator of app {app.sdkappid}", "`qunzhu app show SDKAPPID` lists its administrators"
        )
    now = int(time.time())
    given = {
        "sdkappid": app.sdkappid, "identifier": user,
        "usersig": make_usersig(app.key, app.sdkappid, user, now=now, expire=EXPIRE),
    }  # fmt: skip
    link = f"{url.rstrip('/')}/console/#{urlencode(given, quote_via=quote)}"
    if as_json:
        print_json({"url": link, "sdkappid": app.sdkappid, "identifier": user, "expires_at": now + EXPIRE})
    else:
        click.echo(link)
