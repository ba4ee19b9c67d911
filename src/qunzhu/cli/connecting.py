"""What commands share that call a running server: the options that say which server and app, and the client."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from qunzhu.apps import DEMO_ADMIN
from qunzhu.cli.home import app_option, chosen_app, home_of, place_options
from qunzhu.cli.rest import Client
from qunzhu.cli.show import Failure, json_option

F = TypeVar("F", bound=Callable[..., Any])
_SERVER = (
    click.option("--url", envvar="QUNZHU_URL", show_envvar=True, default="http://127.0.0.1:8140", show_default=True,
                 help="The server."),
    app_option,
    click.option("--admin", envvar="QUNZHU_ADMIN", show_envvar=True,
                 help="The app administrator to call as; unless given the app's first."),
    click.option("--key", envvar="QUNZHU_KEY", show_envvar=True,
                 help="The app's secret key; unless given it is read from the data folder."),
    click.option("--ca", envvar="QUNZHU_CA", show_envvar=True, metavar="FILE",
                 help="Certificate (PEM) to trust for https."),
    place_options,
    json_option,
)  # fmt: skip


def server_options(command: F) -> F:
    """Give a command the options that say which server and app; it takes them as ``**where``."""
    for option in reversed(_SERVER):
        command = option(command)
    return command


def connect(
    *, url: str, sdkappid: int | None, admin: str | None, key: str | None, ca: str | None, **place: Any
) -> Client:
    """Return a client; what the options leave out is read from the data folder."""
    if key and sdkappid:
        return Client(url, sdkappid, admin or DEMO_ADMIN, key, ca)
    try:
        app = chosen_app(home_of(**place), sdkappid)
    except Failure as fault:
        raise Failure(
            fault.message, "for a server elsewhere give --app and --key; else name its --data folder"
        ) from None
    return Client(url, app.sdkappid, admin or app.admins[0], key or app.key, ca)
