"""Uploads in a bucket of an S3-compatible store (extra ``s3``): ``<prefix>/<sdkappid>/<uuid>/<file>``.

The card is written last, so an upload is seen when it is whole. Files without a card, left by a server that died in
between, are never seen; a new try with the same link overwrites them.
"""

import asyncio
import datetime
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from qunzhu.store.media import CARD, CHUNK, MediaUnavailable

TIMEOUT = "60s"
CONNECT_TIMEOUT = "5s"
_RETRIES = 2
_SHOWN = 200
FAULTS = (BaseError, OSError)
"""obstore raises what Python has a name for as that: FileNotFoundError where the bucket is missing."""


class S3Place:
    """Bucket, prefix, and how to reach the store. An empty endpoint is Amazon's of the region."""

    def __init__(self, url: str, endpoint: str, region: str, key: str, secret: str) -> None:
        self.bucket, _, self.prefix = url.removeprefix("s3://").partition("/")
        self.endpoint, self.region, self.key, self.secret = endpoint, region, key, secret


class S3Media:
    """Uploads in a bucket."""

    def __init__(self, place: S3Place) -> None:
        second = datetime.timedelta(seconds=1)
        self._store = S3Store(
            place.bucket, prefix=place.prefix.strip("/") or None, region=place.region, access_key_id=place.key,
            secret_access_key=place.secret, virtual_hosted_style_request=False,
            client_options={
                "timeout": TIMEOUT, "connect_timeout": CONNECT_TIMEOUT,
                "allow_http": place.endpoint.startswith("http://"),
            },
            retry_config={
                "max_retries": _RETRIES, "retry_timeout": 10 * second,
                "backoff": {"init_backoff": 0.1 * second, "max_backoff": second, "base": 2},
            },
            config={"endpoint": place.endpoint} if place.endpoint else None,
        )  # fmt: skip

    async def keep(self, sdkappid: int, uuid: str, folder: Path) -> None:
        """Put the files, and the card last."""
        for name in await asyncio.to_thread(_names, folder):
            try:
                await obstore.put_async(self._store, f"{sdkappid}/{uuid}/{name}", folder / name)
            except FAULTS as fault:
                raise _unavailable(fault) from None

    async def card(self, sdkappid: int, uuid: str) -> bytes | None:
        """Get the card."""
        try:
            found = await obstore.get_async(self._store, f"{sdkappid}/{uuid}/{CARD}")
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except FAULTS as fault:
            raise _unavailable(fault) from None

    async def read(self, sdkappid: int, uuid: str, file: str, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Get a part of a file as it comes."""
        try:
            found = await obstore.get_async(self._store, f"{sdkappid}/{uuid}/{file}", options={"range": (start, stop)})
            async for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)
        except FAULTS as fault:
            raise _unavailable(fault) from None

    async def remove(self, sdkappid: int, uuid: str) -> None:
        """Delete the upload's objects."""
        await asyncio.to_thread(self._erase, f"{sdkappid}/{uuid}/")

    def uuids(self, sdkappid: int) -> Iterator[str]:
        """List the app's objects, which come in the order of their names."""
        try:
            for page in obstore.list(self._store, f"{sdkappid}/"):
                for item in page:
                    _, uuid, name = item["path"].rsplit("/", 2)
                    if name == CARD:
                        yield uuid
        except FAULTS as fault:
            raise _unavailable(fault) from None

    def erase(self, sdkappid: int) -> None:
        """Delete every object of the app."""
        self._erase(f"{sdkappid}/")

    def sizes(self, sdkappid: int) -> dict[str, int]:
        """List every object of the app; what has no card is no upload."""
        found: dict[str, int] = {}
        cards: set[str] = set()
        try:
            for page in obstore.list(self._store, f"{sdkappid}/"):
                for item in page:
                    uuid, name = item["path"].split("/")[-2:]
                    cards.update([uuid] if name == CARD else [])
                    found[uuid] = found.get(uuid, 0) + (0 if name == CARD else item["size"])
        except FAULTS as fault:
            raise _unavailable(fault) from None
        return {uuid: size for uuid, size in found.items() if uuid in cards}

    def _erase(self, prefix: str) -> None:
        try:
            for page in obstore.list(self._store, prefix):
                obstore.delete(self._store, [item["path"] for item in page])
        except FAULTS as fault:
            raise _unavailable(fault) from None


def _names(folder: Path) -> list[str]:
    return sorted((path.name for path in folder.iterdir()), key=lambda name: (name == CARD, name))


def _unavailable(fault: Exception) -> MediaUnavailable:
    """Say in one line what the store answered."""
    return MediaUnavailable(" ".join(str(fault).split())[:_SHOWN])
