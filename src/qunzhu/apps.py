"""The apps of a server: made, changed, listed and erased in the control store; the demo app."""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import apsw
import msgspec

from qunzhu.config import Config, ConfigError
from qunzhu.core.callbacks import unknown_switch, wrong_url
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.plans import EXTENSIONS, PLANS, Extension
from qunzhu.core.ports import (
    ALL_COMMANDS,
    LEVELS,
    App,
    AppSettings,
    CallbackSettings,
    CustomField,
    Rate,
    Tx,
)
from qunzhu.core.reference import REFERENCE
from qunzhu.push.addresses import forbidden
from qunzhu.store.batch import Around, BatchStore
from qunzhu.store.media import LocalMedia, MediaStore, MediaUnavailable
from qunzhu.store.sqlite import file_version, open_sqlite

DEMO_SDKAPPID = 1400000000
DEMO_ADMIN = "administrator"
DEMO_KEY = "qunzhu-demo-key-for-local-use-only"
DEMO_SETTINGS = AppSettings(
    group_fields=(CustomField("GroupTestData1"), CustomField("GroupTestData2")),
    member_fields=(CustomField("MemberDefined1"), CustomField("MemberDefined2")),
)
"""The custom fields are those of the reference documentation's samples."""
FIRST_SDKAPPID = 1400000001
MAX_SDKAPPID = 2**32 - 1
MAX_ADMINS = 10
MAX_FIELDS = {"group_fields": 10, "member_fields": 5}
"""Custom fields that an app can have (doc 1047/33529)."""
UNLIMITED = "unlimited"
MAX_RATE = 1_000_000
MAX_UTC_OFFSET = 14 * 60
RANGES = {
    "message_bytes": (1024, 32768),
    "messages_per_second": (0, 10000),
    "duplicate_seconds": (0, 86400),
    "recall_seconds": (0, 31536000),
}
"""Smallest and largest values of the settings of messages. A page of 20 of the largest still fits into an answer."""
MAX_TRIES = 100
_TOKEN = re.compile(r"[!-~]{1,256}\Z")
_KEY = re.compile(r"[!-~]{8,256}\Z")
_FIELD_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,15}\Z")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(App).decode


class StoreUnavailable(Exception):
    """The place where the apps are kept cannot be opened; the text says why."""


class Home:
    """Where a server keeps its stores: a data folder, or a PostgreSQL database."""

    def __init__(self, config: Config) -> None:
        self.folder = Path(config.data).resolve()
        self.database = config.database
        self._config = config

    def lock(self) -> IO[str]:
        """Take the data folder for this process, or refuse: two servers on one folder would not see each other."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            held = (self.folder / "lock").open("a+", encoding="ascii")
        except OSError as fault:
            raise ConfigError(f"data: {fault}; name another data folder with --data") from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            raise ConfigError(
                f"another qunzhu serves the data folder {self.folder}; stop it, or name another --data"
            ) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        return held

    def holder(self) -> int | None:
        """Return the process id of the server that holds the data folder, or None; 0 where it cannot be read."""
        try:
            with (self.folder / "lock").open(encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    text = file.read(20)
                    return int(text) if text.isdigit() else 0
        except OSError:
            pass
        return None

    def exists(self) -> bool:
        """Say whether there is anything to open: with a database always."""
        return bool(self.database) or (self.folder / "control.db").is_file()

    def open_control(self) -> BatchStore:
        """Open the control store, or say (``StoreUnavailable``) why it cannot be opened."""
        if self.database:
            return self._open_postgres()
        try:
            return open_sqlite(self.folder / "control.db", "control")
        except (apsw.Error, OSError) as fault:
            raise StoreUnavailable(f"data folder {self.folder}: {fault}") from None

    def _open_postgres(self) -> BatchStore:
        try:
            import psycopg

            from qunzhu.store.postgres import open_postgres
        except ImportError as fault:
            raise ConfigError(f"database: {fault}; PostgreSQL needs the extra `postgres`") from None
        try:
            return open_postgres(self.database, "qunzhu_control", "control")
        except psycopg.Error as fault:
            raise StoreUnavailable(f"database: {str(fault).partition(chr(10))[0]}") from None

    def used(self, sdkappid: int) -> bool:
        """Say whether an app's store was ever opened; with a database nobody looks."""
        return bool(self.database) or (self.folder / "apps" / str(sdkappid) / "app.db").is_file()

    def open_app(self, sdkappid: int, around: Around | None = None) -> BatchStore:
        """Open an app's store."""
        if self.database:
            from qunzhu.store.postgres import open_postgres

            return open_postgres(self.database, f"qunzhu_app_{sdkappid}", around=around)
        return open_sqlite(self._file(sdkappid), around=around)

    def app_version(self, sdkappid: int) -> int:
        """Return the number of the newest migration that an app's store has seen; 0 where there is none yet."""
        if self.database:
            from qunzhu.store.postgres import schema_version

            return schema_version(self.database, f"qunzhu_app_{sdkappid}")
        return file_version(self._file(sdkappid))

    def _file(self, sdkappid: int) -> Path:
        return self.folder / "apps" / str(sdkappid) / "app.db"

    def open_media(self) -> MediaStore:
        """Open the place for media."""
        config = self._config
        if not config.media_store:
            return LocalMedia(self.folder)
        try:
            from qunzhu.store.media_s3 import S3Media, S3Place
        except ImportError as fault:
            raise ConfigError(f"media_store: {fault}; an S3-compatible store needs the extra `s3`") from None
        return S3Media(S3Place(
            config.media_store, config.media_s3_endpoint, config.media_s3_region, config.media_s3_key,
            config.media_s3_secret,
        ))  # fmt: skip

    def erase_app(self, sdkappid: int) -> None:
        """Remove all data of an app, its media first. Its store must be closed."""
        try:
            self.open_media().erase(sdkappid)
        except MediaUnavailable as fault:
            raise StoreUnavailable(f"media_store: {fault}") from None
        if self.database:
            from qunzhu.store.postgres import drop_schema

            drop_schema(self.database, f"qunzhu_app_{sdkappid}")
        else:
            shutil.rmtree(self.folder / "apps" / str(sdkappid), ignore_errors=True)
        shutil.rmtree(self.double(sdkappid), ignore_errors=True)

    def double(self, sdkappid: int) -> Path:
        """Return the folder for an app's snapshots and record."""
        return self.folder / "double" / str(sdkappid)


def all_apps(tx: Tx) -> list[App]:
    """Return every app that is not being erased, by SDKAppID."""
    return [_decode(body) for (body,) in tx.all("SELECT body FROM apps WHERE erased = 0 ORDER BY sdkappid")]


def is_known(tx: Tx, sdkappid: int) -> bool:
    """Say whether there is a record of an app, also of one that is being erased (``erased`` 1) or comes in (2)."""
    return tx.one("SELECT 1 FROM apps WHERE sdkappid = :id", id=sdkappid) is not None


def erased_apps(tx: Tx) -> list[int]:
    """Return the SDKAppIDs whose data is still to be removed."""
    return [number for (number,) in tx.all("SELECT sdkappid FROM apps WHERE erased = 1 ORDER BY sdkappid")]


def find_app(tx: Tx, sdkappid: int) -> App | None:
    """Return one app."""
    row = tx.one("SELECT body FROM apps WHERE sdkappid = :id AND erased = 0", id=sdkappid)
    return _decode(row[0]) if row else None


def save_app(tx: Tx, app: App) -> App:
    """Write an app's record."""
    tx.run(
        "INSERT INTO apps (sdkappid, body, erased) VALUES (:id, :body, 0)"
        " ON CONFLICT (sdkappid) DO UPDATE SET body = :body, erased = 0",
        id=app.sdkappid,
        body=_encode(app).decode(),
    )
    return app


def create_app(  # noqa: PLR0913 - an app's values
    tx: Tx, *, name: str, plan: str, admins: tuple[str, ...], key: str | None, sdkappid: int | None, now: int,
    settings: AppSettings | None = None,
) -> App:  # fmt: skip
    """Make an app; without a number it takes the next free one, without a key a random one."""
    if sdkappid is None:
        row = tx.one("SELECT max(sdkappid) FROM apps")
        sdkappid = max(FIRST_SDKAPPID, ((row and row[0]) or 0) + 1)
    app = checked(App(
        sdkappid=sdkappid, name=name, key=secrets.token_hex(32) if key is None else key, admins=admins, plan_name=plan,
        settings=settings or AppSettings(), created_at=now,
    ))  # fmt: skip
    made = tx.one(
        "INSERT INTO apps (sdkappid, body, erased) VALUES (:id, :body, 0) ON CONFLICT DO NOTHING RETURNING 1",
        id=sdkappid,
        body=_encode(app).decode(),
    )
    if made is None:
        raise ConfigError(f"sdkappid: {sdkappid} exists already")
    return app


def change_app(
    tx: Tx, sdkappid: int, changes: Mapping[str, Any], settings: Mapping[str, Any],
    callbacks: Mapping[str, Any] | None = None,
) -> App | None:  # fmt: skip
    """Give an app new values of ``App``, ``AppSettings`` and ``CallbackSettings`` fields; return None without one."""
    app = find_app(tx, sdkappid)
    if app is None:
        return None
    called = msgspec.structs.replace(app.settings.callbacks, **(callbacks or {}))
    changed = msgspec.structs.replace(app.settings, callbacks=called, **settings)
    return save_app(tx, checked(msgspec.structs.replace(app, settings=changed, **changes)))


def checked(app: App) -> App:
    """Return an app whose values can be served, or say (``ConfigError``) which cannot."""
    if not 0 < app.sdkappid <= MAX_SDKAPPID:
        raise ConfigError(f"sdkappid: {app.sdkappid} is not within 1 to {MAX_SDKAPPID}")
    if app.plan_name not in PLANS:
        raise ConfigError(f"plan: {app.plan_name!r} is not one of {', '.join(PLANS)}")
    if not _KEY.match(app.key):
        raise ConfigError("key: 8 to 256 printable ASCII characters without spaces are needed")
    if not 0 < len(app.admins) <= MAX_ADMINS:
        raise ConfigError(f"admins: {len(app.admins)}, an app has 1 to {MAX_ADMINS}")
    for admin in app.admins:
        if not 0 < len(admin) <= 32 or not admin.isascii() or not admin.isprintable():
            raise ConfigError(f"admins: {admin!r} is not 1 to 32 bytes of printable ASCII")
    _check_settings(app.settings)
    _check_extensions(app.plan_name, app.settings.extensions)
    _check_callbacks(app.settings.callbacks, demo=app.sdkappid == DEMO_SDKAPPID)
    return app


def _check_extensions(plan: str, extensions: Sequence[Extension]) -> None:
    """Check that a plan's caps are raised to steps that are sold with it."""
    sold = EXTENSIONS.get(plan, {})
    for one in extensions:
        if one.cap not in sold:
            others = ", ".join(sold) or "nothing"
            raise ConfigError(f"extend: plan {plan} does not sell {one.cap!r}, it sells {others}; --extend '' for none")
        if one.to not in sold[one.cap]:
            steps = ", ".join(map(step_name, sold[one.cap]))
            raise ConfigError(f"extend: {one.cap} to {step_name(one.to)}: plan {plan} sells {steps}")
    if len({one.cap for one in extensions}) < len(extensions):
        raise ConfigError("extend: a cap stands twice")


def step_name(step: int | None) -> str:
    """Return how a step of an extension is written."""
    return UNLIMITED if step is None else str(step)


def _check_settings(settings: AppSettings) -> None:
    for name, most in MAX_FIELDS.items():
        fields: tuple[CustomField, ...] = getattr(settings, name)
        if len(fields) > most:
            raise ConfigError(f"{name}: {len(fields)}, at most {most}")
        if len({field.key for field in fields}) < len(fields):
            raise ConfigError(f"{name}: a key stands twice")
        for field in fields:
            _check_field(name, field)
    for name, (low, high) in RANGES.items():
        if not low <= getattr(settings, name) <= high:
            raise ConfigError(f"{name.replace('_', ' ')}: {getattr(settings, name)} is not within {low} to {high}")
    if abs(settings.utc_offset_minutes) > MAX_UTC_OFFSET:
        raise ConfigError(f"utc offset: {settings.utc_offset_minutes} minutes, at most 14 hours either way")
    rest_names = sorted({kind.name for kind in BY_NAME.values()})
    if unknown := sorted(set(settings.invite_consent) - set(rest_names)):
        raise ConfigError(f"invite consent: {', '.join(unknown)} is not one of {', '.join(rest_names)}")
    known = {command for commands in REFERENCE.values() for command in commands}
    if unknown := sorted(set(settings.disabled_commands) - known):
        raise ConfigError(f"disabled commands: there is no {', '.join(unknown)}")
    _check_rates(settings.rates, known)


def _check_rates(rates: Sequence[Rate], known: set[str]) -> None:
    if unknown := sorted({rate.command for rate in rates} - known - {ALL_COMMANDS}):
        raise ConfigError(f"rate: there is no {', '.join(unknown)}")
    for rate in rates:
        if not 0 <= rate.per_second <= MAX_RATE:
            raise ConfigError(f"rate: {rate.command}: {rate.per_second} is not within 0 to {MAX_RATE}")
    if len({rate.command for rate in rates}) < len(rates):
        raise ConfigError("rate: a command stands twice")


def _check_field(name: str, field: CustomField) -> None:
    if not _FIELD_KEY.match(field.key):
        raise ConfigError(
            f"{name}: {field.key!r} is not a key: 1 to 16 letters, digits or _, not starting with a digit"
        )
    rest_names = sorted({kind.name for kind in BY_NAME.values()})
    if unknown := sorted(set(field.kinds) - set(rest_names)):
        raise ConfigError(f"{name}: {field.key}: {', '.join(unknown)} is not one of {', '.join(rest_names)}")
    if field.write not in LEVELS:
        raise ConfigError(f"{name}: {field.key}: {field.write!r} is not one of {', '.join(LEVELS)}")


def _check_callbacks(settings: CallbackSettings, *, demo: bool) -> None:
    """Refuse settings with which no callback could be sent. A server that runs with --demo may call its own machine."""
    if settings.url:
        if wrong := wrong_url(settings.url):
            raise ConfigError(f"callback url: {settings.url!r} {wrong}")
        host = urlsplit(settings.url).hostname or ""
        sort = _inside(host)
        if sort and not settings.private and not (demo and sort == "loopback"):
            raise ConfigError(f"callback url: {host} is {sort}; --callback-private allows that")
    if settings.token and not _TOKEN.match(settings.token):
        raise ConfigError("callback token: 1 to 256 printable ASCII characters without spaces are needed")
    for name in settings.commands:
        if wrong := unknown_switch(name):
            raise ConfigError(f"callback: {wrong}")
    if not 1 <= settings.tries <= MAX_TRIES:
        raise ConfigError(f"callback tries: {settings.tries} is not within 1 to {MAX_TRIES}")


def _inside(host: str) -> str:
    """Return what forbids a host that is an address, or that means this machine everywhere."""
    try:
        return forbidden("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return ""


def demo_app(tx: Tx, now: int) -> App:
    """Return the demo app, made the first time."""
    return find_app(tx, DEMO_SDKAPPID) or create_app(
        tx, name="demo", plan="open", admins=(DEMO_ADMIN,), key=DEMO_KEY, sdkappid=DEMO_SDKAPPID, now=now,
        settings=DEMO_SETTINGS,
    )  # fmt: skip


def mark_erased(tx: Tx, sdkappid: int) -> bool:
    """Take an app out of service; its data goes once no server has it open."""
    return tx.one("UPDATE apps SET erased = 1 WHERE sdkappid = :id RETURNING 1", id=sdkappid) is not None


def mark_coming(tx: Tx, app: App) -> App | None:
    """Take the number of an app whose data comes in: until it is saved it is out of service. Return what it was."""
    before = find_app(tx, app.sdkappid)
    taken = tx.one(
        "INSERT INTO apps (sdkappid, body, erased) VALUES (:id, :body, 2)"
        " ON CONFLICT (sdkappid) DO UPDATE SET erased = 2 WHERE apps.erased <> 1 RETURNING 1",
        id=app.sdkappid,
        body=_encode(app).decode(),
    )
    if taken is None:
        raise ConfigError(f"sdkappid: {app.sdkappid} is being erased; try again in a moment")
    return before


def incoming_app(tx: Tx, sdkappid: int) -> App | None:
    """Return an app whose data comes in."""
    row = tx.one("SELECT body FROM apps WHERE sdkappid = :id AND erased = 2", id=sdkappid)
    return _decode(row[0]) if row else None


def change_incoming(tx: Tx, app: App) -> None:
    """Write the record of an app whose data comes in."""
    tx.run("UPDATE apps SET body = :body WHERE sdkappid = :id AND erased = 2", id=app.sdkappid,
           body=_encode(app).decode())  # fmt: skip


def forget_app(tx: Tx, sdkappid: int) -> None:
    """Remove the record of an app that is erased, or whose data did not come in; its data is gone before."""
    tx.run("DELETE FROM apps WHERE sdkappid = :id AND erased <> 0", id=sdkappid)


def ensure_admins(tx: Tx, app: App, now: int) -> None:
    """Register the app's administrators as accounts."""
    for admin in app.admins:
        made = tx.one(
            "INSERT INTO accounts (user_id, nick, face_url, created_at, revoked_before)"
            " VALUES (:user, '', '', :at, 0) ON CONFLICT DO NOTHING RETURNING 1",
            user=admin, at=now,
        )  # fmt: skip
        if made:
            tx.count("accounts", 1)
            tx.meter(app.day(now), "registered", 1)
