"""The bytes of uploads are counted exactly, wherever a server dies on the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ledger import agree
from qunzhu.apps import Home
from qunzhu.commands._uploads import left_noted, note_upload
from qunzhu.commands._usage import day_usage
from qunzhu.config import Config
from qunzhu.push.uploads import Uploads
from qunzhu.store.media import CARD, KeptAlready, MediaUnavailable, gathering
from worlds import SDKAPPID

if TYPE_CHECKING:
    from pathlib import Path

UUID, OTHER = "a" * 32, "b" * 32


class Place:
    """A world, and a place for its media."""

    def __init__(self, world, folder: Path, **settings) -> None:
        self.world, self.data = world, folder
        self.media = Home(Config(data=str(folder), **settings)).open_media()
        self.uploads = Uploads(world.store, self.media)

    def gathered(self, uuid: str, size: int) -> Path:
        """Gather an upload of two files."""
        folder = gathering(self.data, SDKAPPID, uuid)
        (folder / "original").write_bytes(b"x" * (size - 1))
        (folder / "thumb").write_bytes(b"x")
        (folder / CARD).write_bytes(b"{}")
        return folder

    def keep(self, uuid: str, size: int) -> None:
        """Keep an upload and count it."""
        asyncio.run(self.uploads.keep(self.world.app, uuid, size, self.gathered(uuid, size), self.world.now))

    def only_keep(self, uuid: str, size: int) -> None:
        """Keep an upload of which nobody takes note."""
        asyncio.run(self.media.keep(SDKAPPID, uuid, self.gathered(uuid, size)))

    def settle(self) -> None:
        """Do what the start of a server does."""
        asyncio.run(self._settle())

    async def _settle(self) -> None:
        await self.uploads.remember()
        await self.uploads.settle(self.world.app, self.world.now)

    def bytes(self) -> tuple[int, int, int]:
        """Return the level, its peak of today, and what came today."""
        today = self.world.app.day(self.world.now)
        used = self.world.store.read_now(day_usage, today, today)
        agree(self.world)
        return used.bytes, used.bytes_peak, used.bytes_added


@pytest.fixture
def kept(place, world, request, tmp_path):
    """Give an empty place of each sort, with each engine."""
    found = Place(world, tmp_path, **(request.getfixturevalue("s3_settings")() if place == "s3" else {}))
    found.settle()
    return found


def test_an_upload_counts_with_all_its_files(kept):
    kept.keep(UUID, 1000)
    kept.keep(OTHER, 20)
    assert kept.bytes() == (1020, 1020, 1020)
    kept.settle()
    assert kept.bytes() == (1020, 1020, 1020)


def test_the_same_again_counts_once(kept, place):
    kept.keep(UUID, 1000)
    if place == "local":
        with pytest.raises(KeptAlready):
            kept.keep(UUID, 1000)
    else:
        kept.keep(UUID, 1000)
    assert kept.bytes() == (1000, 1000, 1000)


def test_a_server_that_dies_before_the_file_is_kept_leaves_nothing(kept):
    kept.world.store.write_now(note_upload, UUID, 1000)
    assert kept.bytes() == (0, 0, 0)
    kept.settle()
    assert kept.world.store.read_now(left_noted) == []
    assert kept.bytes() == (0, 0, 0)
    kept.keep(UUID, 30)
    assert kept.bytes() == (30, 30, 30)


def test_a_server_that_dies_before_it_counts_counts_at_the_next_start(kept):
    kept.world.store.write_now(note_upload, UUID, 1000)
    kept.only_keep(UUID, 1000)
    assert kept.bytes() == (0, 0, 0)
    for _ in range(2):
        kept.settle()
        assert kept.bytes() == (1000, 1000, 1000)


def test_a_second_try_of_another_size_is_what_counts(kept):
    kept.world.store.write_now(note_upload, UUID, 1000)
    kept.keep(UUID, 30)
    assert kept.bytes() == (30, 30, 30)


def test_files_from_before_are_what_counting_begins_with(place, world, request, tmp_path):
    settings = request.getfixturevalue("s3_settings")() if place == "s3" else {}
    found = Place(world, tmp_path, **settings)
    found.only_keep(UUID, 1000)
    found.settle()
    assert found.bytes() == (1000, 1000, 0)
    found.keep(OTHER, 20)
    assert found.bytes() == (1020, 1020, 20)
    found.settle()
    assert found.bytes() == (1020, 1020, 20)


def test_a_place_that_is_away_is_asked_at_the_next_start(world, s3_settings, tmp_path):
    settings = s3_settings()
    here = Place(world, tmp_path, **settings)
    world.store.write_now(note_upload, UUID, 1000)
    here.only_keep(UUID, 1000)
    away = Place(world, tmp_path, **{**settings, "media_s3_endpoint": "http://127.0.0.1:1"})
    away.settle()
    assert world.store.read_now(left_noted) == [UUID]
    assert not away.uploads.settled
    assert here.bytes() == (0, 0, 0)
    here.settle()
    assert here.uploads.settled
    assert here.bytes() == (1000, 1000, 1000)


def test_a_link_that_is_used_again_while_its_first_try_is_looked_up(kept):
    """Noted by a server that died, and now both looked up and kept: it counts once, whoever comes first."""
    kept.world.store.write_now(note_upload, UUID, 1000)
    folder, world = kept.gathered(UUID, 30), kept.world

    async def both() -> None:
        await kept.uploads.remember()
        await asyncio.gather(
            kept.uploads.settle(world.app, world.now), kept.uploads.keep(world.app, UUID, 30, folder, world.now)
        )

    asyncio.run(both())
    assert kept.uploads.settled
    assert kept.bytes() == (30, 30, 30)


def test_a_store_that_cannot_take_note_keeps_nothing(sqlite_world, tmp_path):
    found = Place(sqlite_world, tmp_path)
    sqlite_world.execute("ALTER TABLE uploads RENAME TO away")
    with pytest.raises(MediaUnavailable, match="note_upload"):
        found.keep(UUID, 1000)
    assert asyncio.run(found.media.card(SDKAPPID, UUID)) is None
