"""An app to files and back, exact: its record, its store, its media."""

import asyncio
import contextlib
import fcntl
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import apsw
import msgspec

from qunzhu.apps import Home, StoreUnavailable, checked, ensure_admins, forget_app, mark_coming, save_app
from qunzhu.config import ConfigError
from qunzhu.core.media import Card
from qunzhu.core.ports import App
from qunzhu.moving import CannotMove
from qunzhu.moving.package import DATA, MANIFEST, Manifest, Sink, Source, media_name, uploads
from qunzhu.store.batch import BatchStore
from qunzhu.store.dump import FORMAT, DumpFault, Header, count_rows, read_dump, write_dump
from qunzhu.store.media import CARD, CHUNK, MediaStore, MediaUnavailable, gathering
from qunzhu.store.older import renewed
from qunzhu.store.tables import version

Bar = Callable[[str, float], AbstractContextManager[Callable[[float], None]]]
"""Shows how far something is: a title and a total give the function that sets it."""
ELSEWHERE_SECONDS = 3.0
"""How long a server on another machine has to let go of an app in a shared database: it looks every second."""
_decode_card = msgspec.json.Decoder(Card).decode
_format = msgspec.json.format


def export_app(home: Home, app: App, sink: Sink, *, with_key: bool, bar: Bar) -> Manifest:
    """Write an app's files. A server may run: what is written is what is there at one moment."""
    present = home.app_version(app.sdkappid)
    if 0 < present < version() and home.holder() is not None:
        raise CannotMove(
            f"the server (pid {home.holder()}) is of an older version than this command, whose tables are others",
            "restart the server with this version first",
        )
    with closing(home.open_app(app.sdkappid)) as store:
        if not present:
            store.write_now(ensure_admins, app, int(time.time()))
        rows = _write_data(store, app, sink, bar)
    files = asyncio.run(_copy_out(home.open_media(), app.sdkappid, sink, bar))
    shown = app if with_key else without_secrets(app)
    manifest = Manifest(qunzhu=FORMAT, rows=rows, files=files, app=shown)
    with sink.file(MANIFEST) as file:
        file.write(_format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return manifest


def without_secrets(app: App) -> App:
    """Return an app's record without its key and the secret of its callbacks' signatures."""
    callbacks = msgspec.structs.replace(app.settings.callbacks, token="")
    return msgspec.structs.replace(app, key="", settings=msgspec.structs.replace(app.settings, callbacks=callbacks))


def without_callbacks(app: App) -> App:
    """Return an app's record that says of no place where callbacks go."""
    callbacks = msgspec.structs.replace(app.settings.callbacks, url="")
    return msgspec.structs.replace(app, settings=msgspec.structs.replace(app.settings, callbacks=callbacks))


def store_faults(home: Home) -> tuple[type[Exception], ...]:
    """Return what the engine raises that cannot keep something."""
    if not home.database:
        return apsw.Error, OSError
    import psycopg

    return psycopg.Error, OSError


def value_faults(home: Home) -> tuple[type[Exception], ...]:
    """Return what the engine raises of a value that it cannot keep, such as a NUL in a text of PostgreSQL."""
    if not home.database:
        return OverflowError, UnicodeError
    import psycopg

    return psycopg.DataError, OverflowError, UnicodeError


def _write_data(store: BatchStore, app: App, sink: Sink, bar: Bar) -> int:
    total = store.read_now(count_rows)
    with sink.file(DATA) as file, bar(f"data of app {app.sdkappid}", total) as at:
        return store.read_now(lambda tx: write_dump(tx, file, sdkappid=app.sdkappid, at=int(time.time()), seen=at))


async def _copy_out(media: MediaStore, sdkappid: int, sink: Sink, bar: Bar) -> int:
    """Copy the files of all uploads, and return how many uploads there are."""
    uuids = await asyncio.to_thread(lambda: list(media.uuids(sdkappid)))
    number = 0
    with bar("media", len(uuids)) as at:
        for done, uuid in enumerate(uuids):
            at(done)
            if (card := await media.card(sdkappid, uuid)) is not None:  # it may have gone meanwhile
                number += 1
                await _copy_upload(media, sdkappid, uuid, card, sink)
    return number


async def _copy_upload(media: MediaStore, sdkappid: int, uuid: str, card: bytes, sink: Sink) -> None:
    for variant in _decode_card(card).variants:
        with sink.file(media_name(uuid, variant.file)) as file:
            async for chunk in media.read(sdkappid, uuid, variant.file, 0, variant.size):
                file.write(chunk)
    with sink.file(media_name(uuid, CARD)) as file:
        file.write(card)


class Arrival:
    """An app whose data comes in from files."""

    def __init__(self, home: Home, control: BatchStore, source: Source, bar: Bar) -> None:
        self._home = home
        self._control = control
        self._source = source
        self._bar = bar

    def take(self, app: App, manifest: Manifest, header: Header, *, replace: bool) -> int:
        """Put files in the place of an app's data, and return the rows. Out of service meanwhile; a fault undoes it."""
        checked(app)
        with alone(self._home), contextlib.ExitStack() as held:
            before = self._claim(app, held, replace=replace)
            try:
                rows = self._fill(app, manifest, header)
            except BaseException:
                self._undo(app, before)
                raise
            self._control.write_now(save_app, app)
            asyncio.run(self._remove_others(app.sdkappid))
            return rows

    def _claim(self, app: App, held: contextlib.ExitStack, *, replace: bool) -> App | None:
        """Take the app out of service; one that is there only where it may be replaced and nobody serves it."""
        known = self._control.read_now(
            lambda tx: tx.one("SELECT erased FROM apps WHERE sdkappid = :id", id=app.sdkappid)
        )
        if known is None or known[0]:
            before = self._control.write_now(mark_coming, app)
            self._home.erase_app(app.sdkappid)  # what an import left that was killed
            return before
        if not replace:
            raise CannotMove(
                f"there is an app {app.sdkappid} already",
                "--as gives the one in the files another number; --replace puts it in the place of this one",
            )
        return take_out_of_service(self._home, self._control, app, held)

    def _fill(self, app: App, manifest: Manifest, header: Header) -> int:
        try:
            asyncio.run(self._copy_in(app.sdkappid))
            with closing(self._home.open_app(app.sdkappid)) as store:
                with self._data(header) as file, self._bar(f"data of app {app.sdkappid}", manifest.rows) as at:
                    rows = store.replace_now(read_dump, file, at)
                store.write_now(ensure_admins, app, int(time.time()))
        except (DumpFault, zipfile.BadZipFile) as fault:
            raise CannotMove(f"{DATA}: {fault}") from None
        except MediaUnavailable as fault:
            raise StoreUnavailable(f"media_store: {fault}") from None
        except store_faults(self._home) as fault:
            raise CannotMove(f"the data cannot be kept: {str(fault).partition(chr(10))[0]}") from None
        return rows

    @contextlib.contextmanager
    def _data(self, header: Header) -> Iterator[IO[bytes]]:
        """Open the dump; one of an older version becomes one of this in a folder that goes afterwards."""
        with self._source.file(DATA) as file:
            if header.migration == version():
                yield file
                return
            with (
                TemporaryDirectory(prefix="older-", dir=self._home.folder) as folder,
                renewed(file, Path(folder)) as new,
            ):
                yield new

    async def _copy_in(self, sdkappid: int) -> None:
        """Keep the files of all uploads beside those that are there."""
        media, coming = self._home.open_media(), uploads(self._source)
        with self._bar("media", len(coming)) as at:
            for done, (uuid, names) in enumerate(coming.items()):
                at(done)
                await self._copy_upload(media, sdkappid, uuid, names)

    async def _copy_upload(self, media: MediaStore, sdkappid: int, uuid: str, names: list[str]) -> None:
        folder = await asyncio.to_thread(gathering, self._home.folder, sdkappid, uuid)
        try:
            for name in names:
                with self._source.file(media_name(uuid, name)) as file, (folder / name).open("xb") as copy:
                    await asyncio.to_thread(shutil.copyfileobj, file, copy, CHUNK)
            if await media.card(sdkappid, uuid) != await asyncio.to_thread((folder / CARD).read_bytes):
                await media.remove(sdkappid, uuid)  # the file of an hour is made again under its old UUID
                await media.keep(sdkappid, uuid, folder)
        except FileNotFoundError:
            raise CannotMove(f"upload {uuid} has no {CARD}: the files are not whole") from None
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _remove_others(self, sdkappid: int) -> None:
        """Remove uploads of the app whose place was taken."""
        media, coming = self._home.open_media(), uploads(self._source)
        for uuid in await asyncio.to_thread(lambda: list(media.uuids(sdkappid))):
            if uuid not in coming:
                await media.remove(sdkappid, uuid)

    def _undo(self, app: App, before: App | None) -> None:
        """Leave an app as it was, or no trace of one that was not there."""
        if before is not None:
            self._control.write_now(save_app, before)
        else:
            self._home.erase_app(app.sdkappid)
            self._control.write_now(forget_app, app.sdkappid)


def take_out_of_service(home: Home, control: BatchStore, app: App, held: contextlib.ExitStack) -> App | None:
    """Keep servers from an app that is there, as long as the lock is held; return what it was."""
    try:
        held.enter_context(closing(home.lock()))
    except ConfigError:
        raise CannotMove(
            f"the server (pid {home.holder()}) has app {app.sdkappid} open",
            f"stop the server, or erase the app first: `qunzhu app erase {app.sdkappid}`",
        ) from None
    before = control.write_now(mark_coming, app)
    if home.database:
        time.sleep(ELSEWHERE_SECONDS)
    return before


@contextlib.contextmanager
def alone(home: Home) -> Iterator[IO[Any]]:
    """Let one import at a time go on in a data folder."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "lock-import").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotMove(f"another import goes on in {home.folder}", "wait for its end") from None
        yield held
