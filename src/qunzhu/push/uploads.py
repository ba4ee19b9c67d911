"""Keeps the files that users upload, and counts their bytes: exactly, whenever the server dies."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from qunzhu.commands._uploads import count_upload, enter_found, forget_upload, left_noted, looked, note_upload
from qunzhu.core.ports import App
from qunzhu.store.batch import BatchStore
from qunzhu.store.media import KeptAlready, MediaStore, MediaUnavailable

log = structlog.get_logger("qunzhu.media")


class Uploads:
    """The uploads of one app."""

    def __init__(self, store: BatchStore, media: MediaStore) -> None:
        self._store = store
        self._media = media
        self._left: list[str] = []
        """What a server that died left noted, and nobody has looked up yet."""
        self._looked = True
        self._under_way: set[str] = set()

    async def remember(self) -> None:
        """Read what is to be settled; comes before the first upload."""
        self._left = await self._store.read(left_noted)
        self._looked = await self._store.read(looked)

    @property
    def settled(self) -> bool:
        """Say that nothing is left of the time before this start."""
        return self._looked and not self._left

    async def keep(self, app: App, uuid: str, size: int, folder: Path, now: int) -> None:
        """Have a folder's files, so many bytes, kept as an upload; what the place cannot do is raised as it raises it.

        A place that does not answer may have kept them all the same: the next start looks.
        """
        self._under_way.add(uuid)
        try:
            await self._write(note_upload, uuid, size)
            try:
                await self._media.keep(app.sdkappid, uuid, folder)
            except KeptAlready:
                await self._write(count_upload, app, now, uuid)
                raise
            await self._write(count_upload, app, now, uuid)
        finally:
            self._under_way.discard(uuid)

    async def _write(self, fn: Callable[..., None], *args: Any) -> None:
        """Run a transaction; a store that cannot run it is a place for media that does not answer."""
        try:
            await self._store.write(fn, *args)
        except Exception as fault:
            raise MediaUnavailable(f"{fn.__name__}: {fault!r}") from fault

    async def settle(self, app: App, now: int) -> None:
        """Look up what was left noted, and once what is there from before there were notes; later, if need be."""
        try:
            while self._left:
                await self._settle_one(app, now, self._left[-1])
                self._left.pop()
            if not self._looked:
                found = await asyncio.to_thread(self._media.sizes, app.sdkappid)
                await self._write(enter_found, sorted(found.items()))
                self._looked = True
        except MediaUnavailable as fault:
            log.warning("bytes of media are counted later", sdkappid=app.sdkappid, fault=str(fault))

    async def _settle_one(self, app: App, now: int, uuid: str) -> None:
        card = await self._media.card(app.sdkappid, uuid)
        if uuid in self._under_way:
            return  # somebody uses the link again, and will have counted
        if card is None:
            await self._write(forget_upload, uuid)
        else:
            await self._write(count_upload, app, now, uuid)
