"""``qunzhu sdk``: the C library, its header, and its place in an Electron app."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from qunzhu.cli.show import Failure, json_option, print_json, print_record

FOLDER = "qunzhu-sdk"


@click.group()
def sdk() -> None:
    """Make libImSDK.so, the C interface of the SDK, for programs in C, C++, C#, Go, Dart and for Electron apps."""


@sdk.command()
@click.option("--out", default=FOLDER, show_default=True, metavar="DIR", help="Where to put it. Made if missing.")
@json_option
def build(*, out: str, as_json: bool) -> None:
    """Make the library, for this machine and this Python environment: it needs both where it is loaded.

    With --json: library, bytes, python (whose environment it loads), compiled (whether all bytecode could be written).
    """
    from qunzhu.capi import build as capi
    from qunzhu.capi.needs import CannotBuild, compile_package

    try:
        library = capi.build(Path(out)).resolve()
    except CannotBuild as fault:
        raise _cannot(fault.text, fault.missing) from None
    except OSError as fault:
        raise Failure(f"{out}: {fault.strerror}", "name another folder with --out") from None
    made: dict[str, Any] = {
        "library": str(library), "bytes": library.stat().st_size, "python": sys.executable,
        "compiled": compile_package(),
    }  # fmt: skip
    if as_json:
        print_json(made)
        return
    print_record({"Library": made["library"], "Python": made["python"]})
    if not made["compiled"]:
        click.echo("The first start will be slow: the bytecode of the package cannot be written.", err=True)
    click.echo(f"\nElectron:  qunzhu sdk install APP_DIR --library {library}")
    click.echo(
        "C, C++:    qunzhu sdk header, then: cc app.c -L" + f"{library.parent} -lImSDK -Wl,-rpath,{library.parent}"
    )
    click.echo("Server:    QUNZHU_SERVER=ws://HOST:PORT in the program's environment; unset: ws://127.0.0.1:8140")


def _cannot(text: str, missing: list[Any]) -> Failure:
    """Say what is missing, and what to type."""
    if not missing:
        return Failure(text)
    packages = sorted({name for need in missing for name in need.debian.split()})
    advice = [f"apt-get install {' '.join(packages)}"] if packages else []
    advice += [need.advice for need in missing if not need.debian]
    return Failure(
        f"{text}: missing {', '.join(need.what for need in missing)}", "\n  ".join(advice),
        missing=[need.what for need in missing], packages=packages,
    )  # fmt: skip


@sdk.command()
@click.argument("app_dir", metavar="APP_DIR")
@click.option("--library", default=f"{FOLDER}/libImSDK.so", show_default=True, metavar="FILE", help="What to install.")
@click.option("--undo", is_flag=True, help="Put the original back.")
@json_option
def install(app_dir: str, *, library: str, undo: bool, as_json: bool) -> None:
    """Put the library where the npm package im_electron_sdk of the app in APP_DIR looks for its own.

    That is node_modules/im_electron_sdk/lib/linux/lib in an app's sources, and resources/linux/lib in a packaged app.
    The original is kept beside it. With --json: places, each with path, state and original.
    """
    from qunzhu.capi import install as capi

    app = Path(app_dir).resolve()
    try:
        placed = capi.undo(app) if undo else capi.install(app, Path(library).resolve())
    except capi.CannotInstall as fault:
        raise Failure(fault.text, fault.advice) from None
    except OSError as fault:
        raise Failure(f"{fault.filename or app}: {fault.strerror}", "may you write there?") from None
    if as_json:
        print_json({"places": [msgspec.to_builtins(one, enc_hook=str) for one in placed]})
        return
    for one in placed:
        print_record({one.state: one.path, **({"original": one.original} if one.original else {})})
    if not undo:
        click.echo("\nTell the app where the server is: QUNZHU_SERVER=ws://HOST:PORT, or qunzhu.json (see the guide).")


@sdk.command()
@click.option(
    "--out", default="TIMCloud.h", show_default=True, metavar="FILE", help="Where to write it; - for standard output."
)
@json_option
def header(*, out: str, as_json: bool) -> None:
    """Write the C header: enums, keys of the JSON, types of callbacks, functions.

    With --json: header (the path) and the numbers of functions, callbacks, enums and keys.
    """
    from qunzhu.capi import header as capi

    if out == "-":
        click.echo(capi.header(), nl=False)
        return
    path = Path(out).resolve()
    try:
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(capi.MARK):
            raise Failure(f"{path} is there, and was not made by qunzhu", "name another file with --out")
        path.write_text(capi.header(), encoding="utf-8")
    except OSError as fault:
        raise Failure(f"{path}: {fault.strerror}", "name another file with --out") from None
    counts = capi.counts()
    if as_json:
        print_json({"header": str(path), **counts})
    else:
        print_record({"Header": path, **{name.capitalize(): count for name, count in counts.items()}})
