"""Keeps the files that users upload, and counts their bytes: exactly, whenever the server dies."""

import asyncio
import contextlib
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

    async def keep(self, app: App, uuid: str, size: int, folder: Path, now: int) -> None:
        """Have a folder's files, so many bytes, kept as an upload; what the place cannot do is raised as it raises it.

        A place that does not answer may have kept them all the same: the next start looks.
        """
        await self._write(note_upload, uuid, size)
        try:
            await self._media.keep(app.sdkappid, uuid, folder)
        except KeptAlready:
            await self._write(count_upload, app, now, uuid)
            raise
        await self._write(count_upload, app, now, uuid)

    async def _write(self, fn: Callable[..., None], *args: Any) -> None:
        """Run a transaction; a store that cannot run it is a place for media that does not answer."""
        try:
            await self._store.write(fn, *args)
        except Exception as fault:
            raise MediaUnavailable(f"{fn.__name__}: {fault!r}") from fault

    async def settle(self, app: App, now: int) -> None:
        """Look up what a server that died left noted, and once what is there from before there were notes."""
        with contextlib.suppress(MediaUnavailable):
            await self._settle(app, now)
            return
        log.warning("the place for media does not answer: its bytes are counted later", sdkappid=app.sdkappid)

    async def _settle(self, app: App, now: int) -> None:
        for uuid in await self._store.read(left_noted):
            if await self._media.card(app.sdkappid, uuid) is None:
                await self._store.write(forget_upload, uuid)
            else:
                await self._store.write(count_upload, app, now, uuid)
        if not await self._store.read(looked):
            found = await asyncio.to_thread(self._media.sizes, app.sdkappid)
            await self._store.write(enter_found, sorted(found.items()))
