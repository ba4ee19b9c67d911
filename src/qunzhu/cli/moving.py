"""``qunzhu export`` and ``qunzhu import``: whole apps to files and back, and from the reference service."""

import secrets
from pathlib import Path
from typing import Any

import click
import msgspec

from qunzhu.apps import StoreUnavailable, find_app
from qunzhu.cli.counting import counting
from qunzhu.cli.home import control, home_of, no_app, place_options
from qunzhu.cli.show import Failure, json_option, print_json, print_record, print_table, progress
from qunzhu.moving import CannotMove
from qunzhu.moving.files import Arrival, export_app, without_callbacks
from qunzhu.moving.package import new_package, open_package, read_manifest
from qunzhu.store.media import MediaUnavailable


@click.command()
@click.argument("sdkappid", type=int, metavar="SDKAPPID")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--with-key", is_flag=True, help="Write the app's secret key as well.")
@place_options
@json_option
def export(sdkappid: int, out: Path, *, with_key: bool, as_json: bool, **place: Any) -> None:
    """Write an app as files: its settings, its data, its media.

    OUT is a new folder, or one archive where its name ends in .qunzhu. A server may run meanwhile.
    """
    home = home_of(**place)
    with control(home) as store:
        app = store.read_now(find_app, sdkappid)
    if app is None:
        raise no_app(sdkappid)
    try:
        with new_package(out) as sink:
            made = export_app(home, app, sink, with_key=with_key, bar=progress)
    except CannotMove as fault:
        raise Failure(str(fault), fault.advice) from None
    except MediaUnavailable as fault:
        raise Failure(f"media_store: {fault}") from None
    told = {"sdkappid": sdkappid, "to": str(out), "rows": made.rows, "uploads": made.files, "with_key": with_key}
    if as_json:
        print_json(told)
    else:
        key = "with its key: keep it safe" if with_key else "without its key"
        click.echo(f"app {sdkappid} is in {out}, {key}: {made.rows} rows, {made.files} uploads")


class Import(click.Group):
    """``import FILES``, and ``import reference``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what is no command's name for the files."""
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "files", self.commands["files"], args


@click.group(
    "import", cls=Import, context_settings={"ignore_unknown_options": True},
    subcommand_metavar="FILES [OPTIONS] | reference [OPTIONS]",
)  # fmt: skip
def import_() -> None:
    """Make an app of files that `qunzhu export` wrote, or of an app of the reference service."""


@import_.command()
@click.argument("files", type=click.Path(path_type=Path, exists=True))
@click.option("--as", "sdkappid", type=int, metavar="SDKAPPID", help="Its number. Unset: the one it had.")
@click.option("--key", envvar="QUNZHU_KEY", show_envvar=True,
              help="Its secret key. Unset: the one in the files, or else a random one.")  # fmt: skip
@click.option("--no-callbacks", is_flag=True, help="Leave out where its callbacks go: of a copy nobody is told.")
@click.option("--replace", is_flag=True, help="Take the place of an app that is there; all its data goes.")
@place_options
@json_option
def files(
    files: Path, *, sdkappid: int | None, key: str | None, no_callbacks: bool, replace: bool, as_json: bool,
    **place: Any,
) -> None:  # fmt: skip
    """Make an app of files that `qunzhu export` wrote, exact.

    A server may run meanwhile, unless the app takes the place of one that is there.
    """
    home = home_of(**place)
    try:
        with open_package(files) as source, control(home, make=True) as store:
            manifest, header = read_manifest(source)
            made = not key and not manifest.app.key
            app = msgspec.structs.replace(
                manifest.app, sdkappid=sdkappid or manifest.app.sdkappid,
                key=key or manifest.app.key or secrets.token_hex(32),
            )  # fmt: skip
            if no_callbacks:
                app = without_callbacks(app)
            rows = Arrival(home, store, source, progress).take(app, manifest, header, replace=replace)
    except CannotMove as fault:
        raise Failure(str(fault), fault.advice) from None
    except StoreUnavailable as fault:
        raise Failure(str(fault)) from None
    told = {"sdkappid": app.sdkappid, "name": app.name, "rows": rows, "uploads": manifest.files}
    if made:
        told["key"] = app.key
    if as_json:
        print_json(told)
    else:
        print_record(told)


@import_.command()
@click.option("--url", required=True, metavar="URL", help="The service, such as https://console.tim.qq.com.")
@click.option("--sdkappid", required=True, type=int, help="The app's number there.")
@click.option("--key", required=True, envvar="QUNZHU_KEY", show_envvar=True, help="The app's secret key there.")
@click.option("--admin", required=True, metavar="USER", help="An administrator of the app there.")
@click.option("--app", "target", type=int, metavar="SDKAPPID", help="The app's number here. Unset: the same.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1),
    metavar="NUMBER",
    help="Most calls of one command in a second. Unset: as documented, 200 of most.",
)
@click.option(
    "--ca", envvar="QUNZHU_CA", show_envvar=True, metavar="FILE", help="Certificate (PEM) to trust for https."
)
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where is noted what is done. Unset: import-<SDKAPPID>.jsonl in the data folder.")  # fmt: skip
@place_options
@json_option
def reference(  # noqa: PLR0913 - an option each
    *,
    url: str,
    sdkappid: int,
    key: str,
    admin: str,
    target: int | None,
    rate: float | None,
    ca: str | None,
    state: Path | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Read an app of the reference service, or of another qunzhu, through its REST API.

    Groups, members, topics and messages come with their ids, times and places; whoever stops it or kills it calls it
    again, and it goes on. The app is served when all of it is here; a new one has the key and administrator it had.
    """
    from qunzhu.moving.arrival import Plan, import_reference  # aiohttp takes a tenth of a second

    home = home_of(**place)
    number = target or sdkappid
    plan = Plan(
        url=url.rstrip("/"), sdkappid=sdkappid, key=key, admin=admin, target=number, rate=rate, ca=ca,
        state=state or home.folder / f"import-{number}.jsonl",
    )  # fmt: skip
    try:
        with control(home, make=True) as store, counting(f"app {sdkappid}") as seen:
            report = import_reference(home, store, plan, seen)
    except CannotMove as fault:
        raise Failure(str(fault), fault.advice) from None
    except KeyboardInterrupt:
        raise Failure("stopped", "call the same command again: it goes on where it stopped") from None
    if as_json:
        print_json(report)
        return
    missing: Any = report.pop("missing")
    print_record(report)
    if missing:
        click.echo()
        print_table(
            ("Missing", "Number", "Why", "Where"),
            [(one["what"], one["number"], one["why"], ", ".join(one["where"])) for one in missing],
        )
