"""``qunzhu doctor``: what this machine lacks as a server."""

import asyncio
import contextlib
import http.client
import os
import platform
import pwd
import shutil
import socket
import ssl
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import click
import msgspec

from qunzhu import __version__
from qunzhu.apps import Home, all_apps
from qunzhu.cli.home import app_store, control
from qunzhu.cli.settings import options
from qunzhu.cli.show import Failure, json_option, print_json, print_table
from qunzhu.commands._recount import Difference, recount
from qunzhu.config import Config, ConfigError, load_config
from qunzhu.core.ports import App
from qunzhu.store.media import CARD, MediaUnavailable

OK, WARN, FAIL = "ok", "warn", "fail"
STYLES = {OK: "green", WARN: "yellow", FAIL: "bold red"}
GIB = 1 << 30
SYNCS = 50
SLOW_SYNC_MS = 10.0
WANTED_FILES = 65536
LEAST_FILES = 256
MAX_DRIFT = 0.02
FIRST_YEAR = 2025
REMOTE = frozenset({"9p", "afs", "ceph", "cifs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf"})
FLEETING = frozenset({"ramfs", "tmpfs"})


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    check: str
    state: str
    found: str
    advice: str = ""


@click.command()
@options("listen", "data", "database", "tls_cert", "tls_key", "media_store", "media_s3_endpoint", "media_s3_key")
@json_option
def doctor(*, file: str | None, as_json: bool, **flags: Any) -> None:
    """Check what a server needs here: data folder, disk, port, limits, clock, versions, apps, the place for media.

    Each row is ok, warn (it runs, but read the advice) or fail (it does not run so). Exit status 1 if any row fails.
    """
    config = load_config(flags, file)
    findings = [check(config) for check in CHECKS]
    failed = any(finding.state == FAIL for finding in findings)
    if as_json:
        print_json({"ok": not failed, "findings": findings})
    else:
        print_table(
            ("Check", "State", "Found", "Advice"),
            [msgspec.structs.astuple(finding) for finding in findings],
            [STYLES[finding.state] for finding in findings],
        )
    if failed:
        sys.exit(1)


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _folder(config: Config) -> Path:
    return Path(config.data).resolve()


def data_folder(config: Config) -> Finding:
    """Look whether the data folder is one, and whether it can be written."""
    name, folder = "data folder", _folder(config)
    place = _nearest(folder)
    if not place.is_dir():
        return Finding(name, FAIL, f"{place} is a file", "name a folder with --data")
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding(name, FAIL, f"{place} cannot be written by {_user(os.geteuid())}",
                       "change its owner, or name another with --data")  # fmt: skip
    if place != folder:
        return Finding(name, OK, f"{folder} is not there yet; it is made at the first start")
    owner = folder.stat().st_uid
    found = f"{folder}, owner {_user(owner)}"
    if owner != os.geteuid():
        return Finding(name, WARN, found, f"you are {_user(os.geteuid())}: run server and commands as one user")
    return Finding(name, OK, found)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def free_space(config: Config) -> Finding:
    """Look how much the data folder's disk still takes."""
    free = shutil.disk_usage(_nearest(_folder(config))).free
    found = f"{free / GIB:.1f} GiB free"
    if free < GIB / 10:
        return Finding("disk space", FAIL, found, "free some: writes fail when the disk is full")
    if free < GIB:
        return Finding("disk space", WARN, found, "free some: a million groups with four members take about 1 GiB")
    return Finding("disk space", OK, found)


def filesystem(config: Config) -> Finding:
    """Look whether the data folder's filesystem keeps what it is given."""
    kind = _filesystem(_nearest(_folder(config)))
    if kind in REMOTE:
        return Finding("filesystem", FAIL, kind, "use a local disk: SQLite's log does not work across a network")
    if kind in FLEETING:
        return Finding("filesystem", WARN, kind, "it is in memory: the data is gone after a restart of the machine")
    if kind == "overlay":
        return Finding("filesystem", WARN, kind, "in a container: mount a volume, or the data goes with the container")
    return Finding("filesystem", OK, kind)


def _filesystem(path: Path) -> str:
    """Return the type of the mount a path is on, as Linux names it."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    best, kind = "", "unknown"
    for line in lines:
        left, _, right = line.partition(" - ")
        mounted = left.split()[4].encode().decode("unicode_escape")
        if path.is_relative_to(mounted) and len(mounted) >= len(best):
            best, kind = mounted, right.split()[0]
    return kind


def sync_speed(config: Config) -> Finding:
    """Measure how long a durable write takes: the median of 50."""
    sync = getattr(os, "fdatasync", os.fsync)
    block, took = bytes(4096), []
    try:
        with tempfile.TemporaryFile(dir=_nearest(_folder(config))) as file:
            for _ in range(SYNCS):
                os.write(file.fileno(), block)
                start = time.perf_counter()
                sync(file.fileno())
                took.append((time.perf_counter() - start) * 1000)
    except OSError as fault:
        return Finding("durable write", FAIL, str(fault), "name a folder that can be written with --data")
    median = statistics.median(took)
    found = f"fdatasync takes {median:.2f} ms (median of {SYNCS}; slowest {max(took):.2f} ms)"
    if median > SLOW_SYNC_MS:
        return Finding("durable write", WARN, found,
                       "a slow disk: every acknowledged write waits for it; a local SSD helps most")  # fmt: skip
    return Finding("durable write", OK, found)


def port(config: Config) -> Finding:
    """Look whether the address can be listened on, or who answers there."""
    host, number = config.address
    if number == 0:
        return Finding("port", OK, "any free one, chosen at start")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as fault:
        if version := _qunzhu_at(host, number):
            return Finding("port", OK, f"{config.listen}: {version} answers")
        return Finding("port", FAIL, f"{config.listen}: {fault.strerror or fault}",
                       "stop what listens there, or name another address with --listen")  # fmt: skip
    return Finding("port", OK, f"{config.listen} is free")


def _qunzhu_at(host: str, number: int) -> str:
    """Return name and version of the qunzhu that answers there; empty where something else does."""
    unchecked = ssl._create_unverified_context()  # noqa: S323 - it is only asked for its name
    for connection in (
        http.client.HTTPConnection(host, number, timeout=2),
        http.client.HTTPSConnection(host, number, timeout=2, context=unchecked),
    ):
        with (
            contextlib.suppress(OSError, http.client.HTTPException, msgspec.MsgspecError),
            contextlib.closing(connection),
        ):
            connection.request("GET", "/health")
            health = msgspec.json.decode(connection.getresponse().read(), type=dict[str, str])
            connection.request("GET", "/")
            if health.get("status") == "ok" and b"qunzhu" in connection.getresponse().read():
                return f"qunzhu {health.get('version', '')}".rstrip()
    return ""


def file_limit(config: Config) -> Finding:
    """Look how many connections this process could hold."""
    del config
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = f"{soft} open files (hard limit {hard})"
    if soft < WANTED_FILES and soft != resource.RLIM_INFINITY:
        advice = f"each connection takes one: `ulimit -n {WANTED_FILES}` before the start, LimitNOFILE= under systemd"
        return Finding("open files", FAIL if soft < LEAST_FILES else WARN, found, advice)
    return Finding("open files", OK, found)


def clock(config: Config) -> Finding:
    """Compare the wall clock with the steady one for a moment, and look at the year."""
    del config
    wall, steady = time.time(), time.monotonic()
    time.sleep(0.1)
    drift = (time.time() - wall) - (time.monotonic() - steady)
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC%z")
    if time.gmtime().tm_year < FIRST_YEAR:
        return Finding("clock", FAIL, found, "set the clock: UserSigs carry times")
    if abs(drift) > MAX_DRIFT:
        return Finding("clock", WARN, f"{found}; it jumped by {drift * 1000:.0f} ms while watched",
                       "let one time service slew the clock (chrony, systemd-timesyncd)")  # fmt: skip
    return Finding("clock", OK, found)


def versions(config: Config) -> Finding:
    """Name the versions in use."""
    del config
    found = (
        f"qunzhu {__version__}, Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
        f" (apsw {apsw.apsw_version()}), {platform.system()} {platform.release()}"
    )
    return Finding("versions", OK, found)


def holder(config: Config) -> Finding:
    """Say which process serves the data folder."""
    pid = Home(config).holder()
    return Finding(
        "server", OK, "none serves this data folder" if pid is None else f"pid {pid} serves this data folder"
    )


def apps(config: Config) -> Finding:
    """Open the control store and count the apps."""
    home, hint = Home(config), "make one with `qunzhu app create`, or start with `qunzhu serve --demo`"
    if not home.exists():
        return Finding("apps", WARN, "none", hint)
    try:
        with control(home) as store:
            count = len(store.read_now(all_apps))
    except Failure as fault:
        return Finding("apps", FAIL, fault.message, "is it a data folder of qunzhu, and is there a backup?")
    return Finding("apps", OK, str(count)) if count else Finding("apps", WARN, "none", hint)


def media(config: Config) -> Finding:
    """Keep, read and remove a file where media is kept, under an SDKAppID that no app has."""
    name = "media"
    if not config.media_store:
        return Finding(name, OK, "in the data folder")
    found = f"{config.media_store} at {config.media_s3_endpoint or config.media_s3_region}"
    try:
        store = Home(config).open_media()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, CARD).write_bytes(b"{}")
            asyncio.run(store.keep(0, "0" * 32, Path(folder)))
        there = asyncio.run(store.card(0, "0" * 32)) == b"{}"
        store.erase(0)
    except (ConfigError, MediaUnavailable) as fault:
        return Finding(name, FAIL, f"{found}: {fault}", "look at the settings media_store and media_s3_*")
    if not there:
        return Finding(name, FAIL, f"{found} does not give back what it was given", "use another store")
    return Finding(name, OK, found)


def meters(config: Config) -> Finding:
    """Count the levels and peaks of every app anew; messages, which are many, are for ``qunzhu meter --check``."""
    home, name = Home(config), "meters"
    if not home.exists():
        return Finding(name, OK, "none")
    try:
        with control(home) as store:
            found = {app.sdkappid: _differing(home, app) for app in store.read_now(all_apps)}
    except Failure as fault:
        return Finding(name, FAIL, fault.message, "is it a data folder of qunzhu, and is there a backup?")
    if wrong := [f"app {number}: {len(some)} differ" for number, some in found.items() if some]:
        return Finding(name, FAIL, "; ".join(wrong), "`qunzhu meter --check --app NUMBER` shows them")
    return Finding(name, OK, "what was counted is what a recount finds")


def _differing(home: Home, app: App) -> list[Difference]:
    if not home.used(app.sdkappid):
        return []
    with app_store(home, app) as store:
        return store.read_now(partial(recount, messages=False), app, int(time.time()))


CHECKS = (
    data_folder, free_space, filesystem, sync_speed, port, file_limit, clock, versions, holder, apps, meters, media,
)  # fmt: skip
