"""The apps of a server: made, changed, listed and erased in the control store; the demo app."""

import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import IO

import msgspec

from qunzhu.config import Config, ConfigError
from qunzhu.core.plans import PLANS
from qunzhu.core.ports import App, AppSettings, CustomField, Presence, Tx
from qunzhu.store.batch import BatchStore, Publish
from qunzhu.store.sqlite import open_sqlite

DEMO_SDKAPPID = 1400000000
DEMO_ADMIN = "administrator"
DEMO_KEY = "qunzhu-demo-key-for-local-use-only"
DEMO_SETTINGS = AppSettings(
    group_fields=(CustomField("GroupTestData1"), CustomField("GroupTestData2")),
    member_fields=(CustomField("MemberDefined1"), CustomField("MemberDefined2")),
)
"""The custom fields are those of the reference documentation's samples."""
FIRST_SDKAPPID = 1400000001
MAX_ADMINS = 10
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(App).decode


class Home:
    """Where a server keeps its stores: a data folder, or a PostgreSQL database."""

    def __init__(self, config: Config) -> None:
        self.folder = Path(config.data).resolve()
        self.database = config.database

    def lock(self) -> IO[str]:
        """Take the data folder for this process, or refuse: two servers on one folder would not see each other."""
        self.folder.mkdir(parents=True, exist_ok=True)
        held = (self.folder / "lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            raise ConfigError(f"another qunzhu serves the data folder {self.folder}; stop it, or name another --data") from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        return held

    def open_control(self) -> BatchStore:
        """Open the control store."""
        if self.database:
            from qunzhu.store.postgres import open_postgres

            return open_postgres(self.database, "qunzhu_control", "control")
        return open_sqlite(self.folder / "control.db", "control")

    def open_app(self, sdkappid: int, presence: Presence | None = None, publish: Publish | None = None) -> BatchStore:
        """Open an app's store."""
        if self.database:
            from qunzhu.store.postgres import open_postgres

            return open_postgres(self.database, f"qunzhu_app_{sdkappid}", presence=presence, publish=publish)
        return open_sqlite(self.folder / "apps" / str(sdkappid) / "app.db", presence=presence, publish=publish)

    def erase_app(self, sdkappid: int) -> None:
        """Remove all data of an app. Its store must be closed."""
        if self.database:
            from qunzhu.store.postgres import drop_schema

            drop_schema(self.database, f"qunzhu_app_{sdkappid}")
        else:
            shutil.rmtree(self.folder / "apps" / str(sdkappid), ignore_errors=True)


def all_apps(tx: Tx) -> list[App]:
    """Return every app that is not being erased, by SDKAppID."""
    return [_decode(body) for (body,) in tx.all("SELECT body FROM apps WHERE erased = 0 ORDER BY sdkappid")]


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


def create_app(
    tx: Tx, *, name: str, plan: str, admins: tuple[str, ...], key: str | None, sdkappid: int | None, now: int,
    settings: AppSettings | None = None,
) -> App:  # fmt: skip
    """Make an app; without a number it takes the next free one, without a key a random one."""
    if plan not in PLANS:
        raise ConfigError(f"plan: {plan!r} is not one of {', '.join(PLANS)}")
    if not 0 < len(admins) <= MAX_ADMINS:
        raise ConfigError(f"admins: {len(admins)}, an app has 1 to {MAX_ADMINS}")
    for admin in admins:
        if not 0 < len(admin) <= 32 or not admin.isascii() or not admin.isprintable():
            raise ConfigError(f"admins: {admin!r} is not 1 to 32 bytes of printable ASCII")
    if sdkappid is None:
        row = tx.one("SELECT max(sdkappid) FROM apps")
        sdkappid = max(FIRST_SDKAPPID, (row[0] or 0) + 1) if row else FIRST_SDKAPPID
    elif not 0 < sdkappid < 2**32:
        raise ConfigError(f"sdkappid: {sdkappid} is not within 1 to {2**32 - 1}")
    if tx.one("SELECT 1 FROM apps WHERE sdkappid = :id", id=sdkappid):
        raise ConfigError(f"sdkappid: {sdkappid} exists already")
    return save_app(tx, App(
        sdkappid=sdkappid, name=name, key=key or secrets.token_hex(32), admins=admins, plan_name=plan,
        settings=settings or AppSettings(), created_at=now,
    ))  # fmt: skip


def demo_app(tx: Tx, now: int) -> App:
    """Return the demo app, made the first time."""
    return find_app(tx, DEMO_SDKAPPID) or create_app(
        tx, name="demo", plan="open", admins=(DEMO_ADMIN,), key=DEMO_KEY, sdkappid=DEMO_SDKAPPID, now=now,
        settings=DEMO_SETTINGS,
    )  # fmt: skip


def mark_erased(tx: Tx, sdkappid: int) -> bool:
    """Take an app out of service; its data goes once no server has it open."""
    return tx.one("UPDATE apps SET erased = 1 WHERE sdkappid = :id RETURNING 1", id=sdkappid) is not None


def forget_app(tx: Tx, sdkappid: int) -> None:
    """Remove an erased app's record, after its data."""
    tx.run("DELETE FROM apps WHERE sdkappid = :id AND erased = 1", id=sdkappid)


def ensure_admins(tx: Tx, app: App, now: int) -> None:
    """Register the app's administrators as accounts."""
    for admin in app.admins:
        made = tx.one(
            "INSERT INTO accounts (user_id, nick, face_url, created_at, revoked_before)"
            " VALUES (:user, '', '', :at, 0) ON CONFLICT DO NOTHING RETURNING 1",
            user=admin, at=now,
        )  # fmt: skip
        if made:
            tx.run(
                "INSERT INTO counters (name, value) VALUES ('accounts', 1)"
                " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"
            )
