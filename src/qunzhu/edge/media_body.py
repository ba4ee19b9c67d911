"""The body of an upload: as long as its link says, written as it comes, given up where nothing comes any more."""

import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.edge.media_headers import header
from qunzhu.edge.rest import Receive, Scope

STILL_SECONDS = 60.0
"""How long a transfer may stand still."""
BUFFER = 1 << 18
"""Bytes that are gathered before a thread writes them."""


class Declined(Refused):
    """A refusal with an HTTP status other than its row's usual one, and headers of its own."""

    def __init__(self, status: int, row: ErrorRow, detail: str, *more: tuple[bytes, bytes]) -> None:
        super().__init__(row, detail)
        self.status = status
        self.more = more


class Gone(Exception):
    """The client is not there any more: nobody hears an answer."""


def require_length(scope: Scope, size: int) -> None:
    """Refuse a body whose length is not told, or is not what the link is for."""
    told = header(scope["headers"], b"content-length")
    if told is None:
        raise Declined(HTTPStatus.LENGTH_REQUIRED, err.MEDIA_PARAMETER, "Content-Length: missing")
    if not told.isdigit() or len(told) > 18:
        raise Refused(err.MEDIA_PARAMETER, "Content-Length: not a number")
    if int(told) > size:
        raise Refused(err.MEDIA_TOO_LARGE, f"Content-Length: {int(told)} bytes, the link is for {size}")
    if int(told) < size:
        raise Refused(err.MEDIA_PARAMETER, f"Content-Length: {int(told)} bytes, the link is for {size}")


async def receive_file(receive: Receive, path: Path, size: int) -> None:
    """Write a body to a file as it comes; it must have exactly so many bytes."""
    with await asyncio.to_thread(path.open, "xb") as file:
        gathered, written, more = bytearray(), 0, True
        while more:
            message = await _next_part(receive)
            gathered += message.get("body", b"")
            more = message.get("more_body", False)
            if written + len(gathered) > size:
                raise Refused(err.MEDIA_TOO_LARGE, f"more than the {size} bytes that the link is for")
            if gathered and (len(gathered) >= BUFFER or not more):
                await asyncio.to_thread(_write, file, gathered)
                written += len(gathered)
                gathered.clear()
        if written < size:
            raise Refused(err.MEDIA_PARAMETER, f"{written} bytes came, the link is for {size}")


def _write(file: IO[bytes], data: bytearray) -> None:
    file.write(data)


async def _next_part(receive: Receive) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(STILL_SECONDS):
            message = await receive()
    except TimeoutError:
        raise Refused(err.MEDIA_TIMEOUT, f"{STILL_SECONDS:g} s without a byte") from None
    if message["type"] == "http.disconnect":
        raise Gone("the client hung up")
    return message
