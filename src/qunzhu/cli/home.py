"""What the commands share: options made from the settings, the control store, and which app is meant."""

import contextlib
from collections.abc import Iterator

import click

from qunzhu.apps import DEMO_SDKAPPID, Home, StoreUnavailable, all_apps
from qunzhu.cli.settings import options
from qunzhu.cli.show import Failure
from qunzhu.config import load_config
from qunzhu.core.ports import App
from qunzhu.store.batch import BatchStore

place_options = options("data", "database")
"""Options that say where apps are kept; a command takes them as ``**place``."""


def home_of(*, data: str | None, database: str | None, file: str | None, **others: object) -> Home:
    """Return where the apps are kept, as flags, environment and config file say."""
    del others
    return Home(load_config({"data": data, "database": database}, file))


@contextlib.contextmanager
def control(home: Home, *, make: bool = False) -> Iterator[BatchStore]:
    """Open the control store; without ``make`` only where there is one."""
    if not make and not home.exists():
        raise Failure(
            f"{home.folder} is not a data folder: no server ever used it, and no app was made in it",
            "name the data folder with --data (or QUNZHU_DATA), or make an app with `qunzhu app create`",
        )
    try:
        store = home.open_control()
    except StoreUnavailable as fault:
        raise Failure(str(fault), "`qunzhu doctor` looks closer") from None
    with contextlib.closing(store):
        yield store


@contextlib.contextmanager
def app_store(home: Home, app: App) -> Iterator[BatchStore]:
    """Open an app's store for reading, beside a server that may have it open too."""
    if not home.used(app.sdkappid):
        raise Failure(f"app {app.sdkappid} was never used", "start a server, and call something")
    try:
        store = home.open_app(app.sdkappid)
    except Exception as fault:  # noqa: BLE001 - each engine has its own
        raise Failure(f"the store of app {app.sdkappid}: {fault}", "`qunzhu doctor` looks closer") from None
    with contextlib.closing(store):
        yield store


def chosen_app(home: Home, sdkappid: int | None) -> App:
    """Return the app of a number; without one the only app, or among several the demo app."""
    with control(home) as store:
        apps = store.read_now(all_apps)
    if sdkappid is not None:
        found = [app for app in apps if app.sdkappid == sdkappid]
    else:
        found = apps if len(apps) == 1 else [app for app in apps if app.sdkappid == DEMO_SDKAPPID]
    if found:
        return found[0]
    if sdkappid is not None:
        raise no_app(sdkappid)
    shown = ", ".join(str(app.sdkappid) for app in apps[:10])
    raise Failure(
        f"which app? there are {len(apps)}" + (f": {shown}" if shown else ""),
        "name one with --app" if apps else "make one with `qunzhu app create`",
    )


def no_app(sdkappid: int) -> Failure:
    """Say that there is no such app."""
    return Failure(f"there is no app {sdkappid}", "`qunzhu app list` lists them")


app_option = click.option(
    "--app", "sdkappid", type=int, envvar="QUNZHU_APP", show_envvar=True,
    help="SDKAppID; unless given the only app, or among several the demo app.",
)  # fmt: skip
