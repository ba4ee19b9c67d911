"""Media over HTTP: upload a file for a message, download one (docs/guide/media.md).

A transfer runs in a thread; cancelling the call ends it. ``progress`` is called on the loop, with the bytes that went
and all bytes.
"""

import asyncio
import contextlib
import http.client
import io
import logging
import mimetypes
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLContext
from typing import IO, TypeVar
from urllib.parse import urlsplit

import msgspec

from qunzhu.client import errors as err
from qunzhu.client.client import Client
from qunzhu.client.errors import CallFailed, failed
from qunzhu.client.transport import not_connected
from qunzhu.commands.media import RenewMediaLinks, RequestUpload, Uploaded, WantedMedia
from qunzhu.core.errors import MEDIA_TOO_LARGE, NOT_AN_IMAGE, ErrorRow
from qunzhu.core.media import SORTS, target_of

log = logging.getLogger("qunzhu.client")
CHUNK = 256 * 1024
MAX_ANSWER = 65536
STILL_SECONDS = 60.0
"""How long a transfer may stand still."""
Progress = Callable[[int, int], object]
"""Takes the bytes that went, and all of them; 0 for all where the other side does not say."""
T = TypeVar("T")
_decode_uploaded = msgspec.json.Decoder(Uploaded).decode


class _Refusal(msgspec.Struct, frozen=True):
    """What the server says of a transfer that it refuses."""

    ErrorCode: int = 0
    ErrorInfo: str = ""


_decode_refusal = msgspec.json.Decoder(_Refusal).decode


class TransferRefused(CallFailed):
    """A transfer that was answered with another HTTP status than success."""

    def __init__(self, code: int, text: str, status: int) -> None:
        super().__init__(code, text)
        self.status = status


async def upload(
    client: Client, source: str | Path | bytes, sort: str, progress: Progress | None = None, *, name: str | None = None,
    content_type: str | None = None, ssl: SSLContext | None = None,
) -> Uploaded:  # fmt: skip
    """Upload a file (a path, or its bytes) and return what a message element needs.

    ``sort`` is Image, Sound, Video, VideoThumb or File; ``name`` and ``content_type`` are told by the path where it has
    them. Raises ``CallFailed``: 7004 no such file, 7005 too large, 7006 empty, 7007 it cannot be opened, 6031 no usable
    image, 6008 the upload failed, and what ``call`` raises.
    """
    if isinstance(source, bytes):
        file: IO[bytes] = io.BytesIO(source)
    else:
        file = await asyncio.to_thread(_opened, Path(source))
        name = _clean(Path(source).name) if name is None else name
    with file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if size == 0:
            raise failed(err.FILE_EMPTY, name or "")
        kind = content_type or _guessed(sort, name or "")
        try:
            allowed = await client.call(RequestUpload(Sort=sort, Size=size, FileName=name, ContentType=kind))
        except CallFailed as fault:
            raise _known(fault) from None
        return await _run(
            _Transfer(allowed.UploadUrl, err.UPLOAD_FAILED, ssl or client.ssl), _put, file, size, _told(progress)
        )


async def download(
    client: Client, url: str, path: str | Path, progress: Progress | None = None, *, ssl: SSLContext | None = None
) -> int:
    """Download a URL of a message element to a file, and return its size. The file appears when it is whole.

    Where a link to the server's media has expired, or leads nowhere from here, a fresh one is asked for. Raises
    ``CallFailed``: 6009 the download failed, 6022 the file cannot be written, and what ``call`` raises.
    """
    tell = _told(progress)
    try:
        return await _run(_Transfer(url, err.DOWNLOAD_FAILED, ssl or client.ssl), _get, Path(path), tell)
    except CallFailed as fault:
        fresh = await _renewed(client, url, fault)
        if fresh is None:
            raise
    return await _run(_Transfer(fresh, err.DOWNLOAD_FAILED, ssl or client.ssl), _get, Path(path), tell)


async def _renewed(client: Client, url: str, fault: CallFailed) -> str | None:
    """Return a fresh link to the server's own media, or None where the fault is another one."""
    try:
        target = target_of(urlsplit(url).path)
    except ValueError:
        return None
    passing = (
        fault.status == http.HTTPStatus.FORBIDDEN if isinstance(fault, TransferRefused) else fault.code in err.PASSING
    )
    if target is None or not target.type or target.sdkappid != client.sdkappid or not passing:
        return None
    wanted = WantedMedia(UUID=target.uuid, Type=target.type)
    return (await client.call(RenewMediaLinks(MediaList=[wanted]))).MediaList[0].Url


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise failed(err.FILE_NOT_FOUND, str(path)) from None
    except OSError as fault:
        raise failed(err.FILE_NOT_OPENED, str(fault)) from None


def _clean(name: str) -> str:
    """Return a file's name as the server takes names: what cannot be shown is replaced."""
    return "".join(character if character.isprintable() else "_" for character in name)


def _guessed(sort: str, name: str) -> str | None:
    """Return the content type that a name suggests, where it suits the sort."""
    kind = mimetypes.guess_type(name)[0]
    return kind if kind and sort in SORTS and kind.startswith(SORTS[sort].types) else None


def _known(fault: CallFailed) -> CallFailed:
    """Give a file that is too large the code that the SDK has for it."""
    return CallFailed(err.FILE_TOO_LARGE.code, fault.text) if fault.code == MEDIA_TOO_LARGE.code else fault


def _told(progress: Progress | None) -> Progress:
    """Return a function for a thread that tells of progress on the loop."""
    if progress is None:
        return lambda current, total: None
    loop = asyncio.get_running_loop()

    def tell(current: int, total: int) -> None:
        try:
            progress(current, total)
        except Exception:
            log.exception("a progress callback failed")

    return lambda current, total: loop.call_soon_threadsafe(tell, current, total)


class _Transfer:
    """One request on a connection of its own, run by a thread; ``stop`` ends it from another."""

    def __init__(self, url: str, row: ErrorRow, ssl: SSLContext | None) -> None:
        try:
            parts, port = urlsplit(url), urlsplit(url).port
        except ValueError as fault:
            raise failed(row, f"{url[:200]!r}: {fault}") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise failed(row, f"{url[:200]!r} is not an http or https URL")
        self.row = row
        self._socket: socket.socket | None = None
        self.stopped = False
        self.path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        if parts.scheme == "https":
            self.connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, port, timeout=STILL_SECONDS, context=ssl
            )
        else:
            self.connection = http.client.HTTPConnection(parts.hostname, port, timeout=STILL_SECONDS)

    def stop(self) -> None:
        """Make what the thread waits for fail."""
        self.stopped = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def run(self, step: Callable[..., T], *args: object) -> T:
        """Connect, take a step, disconnect; turn what the network does into ``CallFailed``."""
        try:
            self.connection.connect()
            self._socket = self.connection.sock  # the connection lets go of it with the answer's head
        except OSError as fault:
            raise not_connected(fault) from None
        try:
            return step(self, *args)
        except (OSError, http.client.HTTPException, UnicodeError) as fault:
            raise failed(self.row, str(fault) or type(fault).__name__) from None
        finally:
            self.connection.close()

    def answer(self) -> http.client.HTTPResponse:
        """Return the answer where it is a success, or raise ``TransferRefused``."""
        answer = self.connection.getresponse()
        if answer.status == http.HTTPStatus.OK:
            return answer
        with answer:
            raise self._refusal(answer.status, answer.read(MAX_ANSWER))

    def _refusal(self, status: int, body: bytes) -> CallFailed:
        try:
            said = _decode_refusal(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            said = _Refusal()
        row = {MEDIA_TOO_LARGE.code: err.FILE_TOO_LARGE, NOT_AN_IMAGE.code: NOT_AN_IMAGE}.get(said.ErrorCode, self.row)
        return TransferRefused(row.code, said.ErrorInfo or f"{row.text}: HTTP status {status}", status)


async def _run(transfer: _Transfer, step: Callable[..., T], *args: object) -> T:
    """Run a transfer in a thread, to its end even where the caller does not wait for it any more."""
    running = asyncio.ensure_future(asyncio.to_thread(transfer.run, step, *args))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        transfer.stop()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()
        raise


def _put(transfer: _Transfer, file: IO[bytes], size: int, tell: Progress) -> Uploaded:
    headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    # A server that refuses may hang up before it has read everything: its answer is what counts.
    with contextlib.suppress(ConnectionError):
        transfer.connection.request("PUT", transfer.path, _chunks(file, size, tell), headers)
    with transfer.answer() as answer:
        body = answer.read(MAX_ANSWER)
    try:
        return _decode_uploaded(body)
    except msgspec.MsgspecError as fault:
        raise failed(err.BAD_REPLY, f"upload: {fault}") from None


def _chunks(file: IO[bytes], size: int, tell: Progress) -> Iterator[bytes]:
    sent = 0
    while sent < size and (chunk := file.read(min(CHUNK, size - sent))):
        yield chunk
        sent += len(chunk)
        tell(sent, size)


def _get(transfer: _Transfer, path: Path, tell: Progress) -> int:
    transfer.connection.request("GET", transfer.path)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with transfer.answer() as answer, _writing(path), part.open("xb") as file:
            size = _received(transfer, answer, file, tell)
        with _writing(path):
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return size


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn a fault of the disk into ``CallFailed``; those of the network have become one before."""
    try:
        yield
    except OSError as fault:
        raise failed(err.IO_FAILED, f"{path}: {fault.strerror}") from None


def _received(transfer: _Transfer, answer: http.client.HTTPResponse, file: IO[bytes], tell: Progress) -> int:
    total, current = answer.length or 0, 0
    while chunk := _read(transfer, answer):
        file.write(chunk)
        current += len(chunk)
        tell(current, total)
    if transfer.stopped or (total and current < total):
        raise failed(transfer.row, f"{current} of {total} bytes came")
    return current


def _read(transfer: _Transfer, answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(CHUNK)
    except (OSError, http.client.HTTPException) as fault:
        raise failed(transfer.row, str(fault) or type(fault).__name__) from None
