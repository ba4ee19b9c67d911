"""Makes the files with all messages of one hour, a page at a time, and removes them after seven days."""

import asyncio
import gzip
import hashlib
import hmac
import shutil
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.commands.archive import Archive, Due, due, expired, forget, page, record
from qunzhu.core.media import ORIGINAL, OTHER_FORMAT, Card, Variant
from qunzhu.core.ports import App
from qunzhu.store.batch import BatchStore
from qunzhu.store.media import CARD, MediaStore, gathering

FILE = "original"
TYPE = "application/gzip"
_LABEL = b"qunzhu archives 1"
encode = msgspec.json.Encoder().encode


class Packer:
    """Writes ``{"MsgList": [...]}`` through gzip into a file, and counts and sums both. Not for the loop: it waits."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._gzip = gzip.GzipFile(fileobj=self._file, mode="wb", filename="", mtime=0)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = self.messages = 0
        self._write(b'{"MsgList":[')

    def _write(self, data: bytes) -> None:
        self._gzip.write(data)
        self._md5.update(data)
        self._size += len(data)

    def add(self, messages: list[dict[str, Any]]) -> None:
        """Write messages."""
        for message in messages:
            self._write((b"," if self.messages else b"") + encode(message))
            self.messages += 1

    def finish(self, what: Due, uuid: str) -> Archive:
        """Write the end, and return what the file is."""
        self._write(b"]}")
        self._gzip.close()
        self._file.close()
        with self._path.open("rb") as packed:
            digest = hashlib.file_digest(packed, lambda: hashlib.md5(usedforsecurity=False))
        return Archive(
            what.sort, what.hour, uuid, self._size, self._md5.hexdigest(), self._path.stat().st_size, digest.hexdigest()
        )


class Archivist:
    """Keeps the files of one app's hours."""

    def __init__(self, store: BatchStore, media: MediaStore, data: Path) -> None:
        self._store = store
        self._media = media
        self._data = data

    async def tend(self, app: App, now: int) -> None:
        """Make the files that are due, and remove those whose time is over."""
        await self._clear(app, now)
        hours = await self._store.read(due, app, now)
        silent = [Archive(one.sort, one.hour) for one in hours if not one.any]
        if silent:
            await self._store.write(record, app, now, silent)
        for one in hours:
            if one.any:
                await self._store.write(record, app, now, [await self._make(app, one, now)])

    async def _clear(self, app: App, now: int) -> None:
        gone = await self._store.read(expired, now)
        for uuid in filter(None, gone):
            await self._media.remove(app.sdkappid, uuid)
        if gone:
            await self._store.write(forget, app, now)

    async def _make(self, app: App, what: Due, now: int) -> Archive:
        uuid = uuid_of(app, what)
        folder = await asyncio.to_thread(gathering, self._data, app.sdkappid, uuid)
        try:
            packer = await asyncio.to_thread(Packer, folder / FILE)
            place: tuple[Any, ...] | None = None
            while True:
                messages, place = await self._store.read(page, what, place)
                await asyncio.to_thread(packer.add, messages)
                if place is None:
                    break
            made = await asyncio.to_thread(packer.finish, what, uuid)
            if not packer.messages:
                return Archive(what.sort, what.hour)
            await asyncio.to_thread((folder / CARD).write_bytes, encode(_card(made, now)))
            await self._media.remove(app.sdkappid, uuid)  # of a server that died before it took note of the file
            await self._media.keep(app.sdkappid, uuid, folder)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return made


def uuid_of(app: App, what: Due) -> str:
    """Return the name of an hour's file: nobody can guess it, and made again it is the same."""
    text = f"{app.sdkappid}/{what.sort}/{what.hour}".encode()
    return hmac.digest(app.key.encode() + _LABEL, text, hashlib.sha256).hex()[:32]


def _card(made: Archive, now: int) -> Card:
    return Card(
        sort="File", name=f"history-{made.sort}-{made.hour}.json.gz", owner="", made_at=now, format=OTHER_FORMAT,
        variants=[Variant(ORIGINAL, FILE, made.gzip_size, TYPE)],
    )  # fmt: skip
