"""Where the files of uploads are kept: what the door asks of such a place, and the local one.

An upload is a few files and a card (``core.media.Card``). They are gathered in a folder under ``incoming`` first and
then kept as one: what is half there is never seen. Files are never changed, so they can be read without a lock.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import IO, Protocol

CARD = "card.json"
CHUNK = 256 * 1024
"""Bytes read and sent at a time."""
INCOMING = "incoming"


class MediaUnavailable(Exception):
    """The place does not answer; the text says why."""


class KeptAlready(Exception):
    """There is an upload of this UUID."""


class MediaStore(Protocol):
    """A place for uploads. All methods raise ``MediaUnavailable`` where the place does not answer."""

    async def keep(self, sdkappid: int, uuid: str, folder: Path) -> None:
        """Keep the files of a folder as an upload, the card last; raise ``KeptAlready`` where there is one."""
        ...

    async def card(self, sdkappid: int, uuid: str) -> bytes | None:
        """Return the card of an upload, or None where there is no such upload."""
        ...

    def read(self, sdkappid: int, uuid: str, file: str, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Return bytes ``start`` to ``stop`` (not included) of a file of an upload, in chunks."""
        ...

    async def remove(self, sdkappid: int, uuid: str) -> None:
        """Remove one upload, if it is there."""
        ...

    def uuids(self, sdkappid: int) -> Iterator[str]:
        """Return the UUIDs of all uploads of an app, in their order. Not for the loop: it waits."""
        ...

    def erase(self, sdkappid: int) -> None:
        """Remove all uploads of an app. Not for the loop: it waits."""
        ...

    def sizes(self, sdkappid: int) -> dict[str, int]:
        """Return every upload of an app with the bytes of its files but the card. Not for the loop: it waits."""
        ...


def media_folder(data: Path, sdkappid: int) -> Path:
    """Return the folder of an app's uploads, where they are gathered, and kept unless they are kept elsewhere."""
    return data / "apps" / str(sdkappid) / "media"


def gathering(data: Path, sdkappid: int, uuid: str) -> Path:
    """Make the folder in which an upload is gathered; what an earlier try left there goes."""
    folder = media_folder(data, sdkappid) / INCOMING / uuid
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def clear_incoming(data: Path) -> None:
    """Remove what uploads left that a dead server was taking. One server serves a data folder, so none is under way."""
    for folder in data.glob(f"apps/*/media/{INCOMING}"):
        shutil.rmtree(folder, ignore_errors=True)


class LocalMedia:
    """Uploads in the data folder: ``apps/<sdkappid>/media/<first two digits>/<uuid>/``."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def _folder(self, sdkappid: int, uuid: str) -> Path:
        return media_folder(self._data, sdkappid) / uuid[:2] / uuid

    async def keep(self, sdkappid: int, uuid: str, folder: Path) -> None:
        """Move the folder to its place, everything on disk before and after."""
        await asyncio.to_thread(_move, folder, self._folder(sdkappid, uuid))

    async def card(self, sdkappid: int, uuid: str) -> bytes | None:
        """Read the card."""
        try:
            return await asyncio.to_thread((self._folder(sdkappid, uuid) / CARD).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise MediaUnavailable(str(fault)) from None

    async def read(self, sdkappid: int, uuid: str, file: str, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Read a part of a file, a chunk at a time, in threads."""
        path = self._folder(sdkappid, uuid) / file
        try:
            opened = await asyncio.to_thread(_open_at, path, start)
        except OSError as fault:
            raise MediaUnavailable(str(fault)) from None
        with opened:
            while start < stop:
                chunk = await asyncio.to_thread(opened.read, min(CHUNK, stop - start))
                if not chunk:
                    raise MediaUnavailable(f"{path} is shorter than its card says")
                start += len(chunk)
                yield chunk

    async def remove(self, sdkappid: int, uuid: str) -> None:
        """Remove the folder."""
        await asyncio.to_thread(shutil.rmtree, self._folder(sdkappid, uuid), ignore_errors=True)

    def uuids(self, sdkappid: int) -> Iterator[str]:
        """Look through the app's folder of uploads."""
        for card in sorted(media_folder(self._data, sdkappid).glob(f"??/*/{CARD}")):
            yield card.parent.name

    def erase(self, sdkappid: int) -> None:
        """Remove the app's folder of uploads."""
        shutil.rmtree(media_folder(self._data, sdkappid), ignore_errors=True)

    def sizes(self, sdkappid: int) -> dict[str, int]:
        """Look at every folder that has a card."""
        try:
            cards = media_folder(self._data, sdkappid).glob(f"??/*/{CARD}")
            return {card.parent.name: _bytes_beside(card) for card in cards}
        except OSError as fault:
            raise MediaUnavailable(str(fault)) from None


def _bytes_beside(card: Path) -> int:
    return sum(path.stat().st_size for path in card.parent.iterdir() if path != card)


def _open_at(path: Path, start: int) -> IO[bytes]:
    opened = path.open("rb")
    opened.seek(start)
    return opened


def _move(folder: Path, place: Path) -> None:
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    place.parent.mkdir(exist_ok=True)
    sync(place.parent.parent)
    try:
        folder.rename(place)
    except OSError:
        if place.exists():
            raise KeptAlready(place.name) from None
        raise
    sync(place.parent)


def sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
