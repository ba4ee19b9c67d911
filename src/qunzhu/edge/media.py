"""The media door: ``PUT`` takes an upload, ``GET`` and ``HEAD`` give a file (docs/guide/media.md).

Bytes go through in pieces, never a whole file. Refusals have the API's envelope and an HTTP status of their own.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import structlog

from qunzhu.commands.media import uploaded
from qunzhu.core import errors as err
from qunzhu.core.errors import Refused
from qunzhu.core.media import SORTS, Card, Grant, Links, MediaRules, Target, Variant, target_of
from qunzhu.core.ports import App
from qunzhu.edge.address import address_of
from qunzhu.edge.images import examine
from qunzhu.edge.media_body import STILL_SECONDS, Declined, Gone, receive_file, require_length
from qunzhu.edge.media_headers import (
    ALWAYS,
    PREFLIGHT,
    Headers,
    Unsatisfiable,
    etag,
    file_headers,
    header,
    is_known,
    part_of,
)
from qunzhu.edge.rest import Receive, Scope, Send, envelope, failure, query_of
from qunzhu.push.uploads import Uploads
from qunzhu.store.media import CARD, KeptAlready, MediaStore, MediaUnavailable, gathering

log = structlog.get_logger("qunzhu.media")
DOOR = "media"
STATUS = {
    err.HTTP_UNREADABLE: HTTPStatus.BAD_REQUEST, err.APP_UNKNOWN: HTTPStatus.NOT_FOUND,
    err.APP_DISABLED: HTTPStatus.FORBIDDEN, err.NOT_AN_IMAGE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    err.MEDIA_UNKNOWN: HTTPStatus.NOT_FOUND, err.MEDIA_DENIED: HTTPStatus.FORBIDDEN,
    err.MEDIA_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE, err.MEDIA_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    err.MEDIA_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT, err.MEDIA_PARAMETER: HTTPStatus.BAD_REQUEST,
}  # fmt: skip
T = TypeVar("T")
_decode_card = msgspec.json.Decoder(Card).decode


class MediaBackend(Protocol):
    """What the door needs of the server behind it."""

    media: MediaRules

    async def app(self, sdkappid: int) -> App | None:
        """Return an app by its SDKAppID."""
        ...

    def now_ms(self, sdkappid: int = 0) -> int:
        """Return an app's time, without one the server's, in unix milliseconds."""
        ...

    def count(self, door: str, command: str, code: int) -> None:
        """Count an answer."""
        ...

    async def uploads(self, app: App) -> Uploads:
        """Return what takes note of an app's uploads."""
        ...


class MediaDoor:
    """ASGI application of the /media paths. ``data`` is where uploads are gathered until the store keeps them."""

    def __init__(self, backend: MediaBackend, store: MediaStore, data: Path) -> None:
        self._backend = backend
        self._store = store
        self._data = data
        self._under_way: set[tuple[int, str]] = set()
        self._examiner = ThreadPoolExecutor(1, "images")  # one image at a time has its pixels in memory
        self._methods: dict[str, tuple[str, Callable[[Scope, Receive, Send], Awaitable[int]]]] = {
            "PUT": ("upload", self._put),
            "GET": ("download", self._get),
            "HEAD": ("download", self._get),
            "OPTIONS": ("preflight", self._preflight),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        name, method = self._methods.get(scope["method"], ("other", self._other))
        try:
            code = await method(scope, receive, send)
        except Refused as refused:
            code = refused.row.code
            await _refuse(scope, send, refused)
        except (Gone, TimeoutError) as fault:
            log.debug("transfer broken off", what=name, fault=repr(fault))
            return
        self._backend.count(DOOR, name, code)

    @staticmethod
    async def _other(scope: Scope, receive: Receive, send: Send) -> int:
        raise Declined(HTTPStatus.METHOD_NOT_ALLOWED, err.HTTP_UNREADABLE, f"method {scope['method']}: GET, HEAD, PUT")

    @staticmethod
    async def _preflight(scope: Scope, receive: Receive, send: Send) -> int:
        """Tell a browser that pages of any origin may use the links: who has one needs no cookie."""
        await _send(scope, send, HTTPStatus.NO_CONTENT, [*PREFLIGHT])
        return 0

    async def _put(self, scope: Scope, receive: Receive, send: Send) -> int:
        target = _target(scope)
        if target.type:
            raise Refused(err.MEDIA_DENIED, "the link is for downloads")
        app = await self._app(target)
        token = query_of(scope["query_string"]).get("token", "")
        grant = Links(app.sdkappid, app.key).granted(target.uuid, token, self._now(target))
        require_length(scope, grant.size)
        with self._claim(target):
            if await self._card(target) is not None:
                raise _used(target)
            card = await self._take(target, grant, receive)
        rules, links = self._backend.media, Links(app.sdkappid, app.key)
        base, until = rules.public_url or address_of(scope), self._now(target) + rules.link_seconds
        reply = uploaded(links, base, target.uuid, card, until)
        await _answer(scope, send, HTTPStatus.OK, envelope(reply))
        return 0

    @contextlib.contextmanager
    def _claim(self, target: Target) -> Iterator[None]:
        """Let one request at a time use an upload link."""
        key = (target.sdkappid, target.uuid)
        if key in self._under_way:
            raise _used(target)
        self._under_way.add(key)
        try:
            yield
        finally:
            self._under_way.discard(key)

    async def _take(self, target: Target, grant: Grant, receive: Receive) -> Card:
        """Gather an upload in a folder of its own, and have it kept; whatever happens, the folder goes."""
        folder = await asyncio.to_thread(_on_disk, gathering, self._data, target.sdkappid, target.uuid)
        try:
            await receive_file(receive, folder / "original", grant.size)
            card = await self._examined(folder, grant, self._now(target))
            await asyncio.to_thread(_on_disk, (folder / CARD).write_bytes, msgspec.json.encode(card))
            app = await self._app(target)  # it may have been erased meanwhile
            uploads = await self._backend.uploads(app)
            size = sum({one.file: one.size for one in card.variants}.values())
            await uploads.keep(app, target.uuid, size, folder, self._now(target))
        except KeptAlready:
            raise _used(target) from None
        except (MediaUnavailable, OSError) as fault:
            raise _unavailable(fault) from None
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return card

    async def _examined(self, folder: Path, grant: Grant, now: int) -> Card:
        sort, kind = SORTS[grant.sort], 0
        variants = [Variant(1, "original", grant.size, grant.content_type)]
        if sort.is_image:
            kind, variants = await asyncio.get_running_loop().run_in_executor(
                self._examiner, examine, folder, sort, self._backend.media.image_pixels
            )
        return Card(sort=sort.name, name=grant.name, owner=grant.user, made_at=now, format=kind, variants=variants)

    async def _get(self, scope: Scope, receive: Receive, send: Send) -> int:
        target = _target(scope)
        app = await self._app(target)
        query, now = query_of(scope["query_string"]), self._now(target)
        until = Links(app.sdkappid, app.key).require(target, query.get("e", ""), query.get("k", ""), now)
        card = await self._card(target)
        variant = next((one for one in card.variants if one.type == target.type), None) if card else None
        if card is None or variant is None:
            raise Refused(err.MEDIA_UNKNOWN, f"{target.uuid}/{target.type}")
        await self._give(scope, send, target, variant, file_headers(target.uuid, card, variant, until - now))
        return 0

    async def _give(self, scope: Scope, send: Send, target: Target, variant: Variant, headers: Headers) -> None:
        asked, tag = scope["headers"], etag(target.uuid, variant)
        if is_known(header(asked, b"if-none-match"), tag):
            await _send(scope, send, HTTPStatus.NOT_MODIFIED, headers)
            return
        try:
            wanted = header(asked, b"range") if scope["method"] == "GET" else None
            part = part_of(wanted, header(asked, b"if-range"), tag, variant.size)
        except Unsatisfiable:
            raise Declined(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, err.MEDIA_PARAMETER,
                f"range: {variant.size} bytes are there", (b"content-range", b"bytes */%d" % variant.size),
            ) from None  # fmt: skip
        start, stop = part or (0, variant.size)
        headers.append((b"content-length", b"%d" % (stop - start)))
        if part:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, variant.size)))
        status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK
        await self._stream(scope, send, status, headers, (target, variant.file, start, stop))

    async def _stream(
        self, scope: Scope, send: Send, status: int, headers: Headers, part: tuple[Target, str, int, int]
    ) -> None:
        """Send a part of a file; headers go out once the first bytes are there, so that a fault is still told."""
        if scope["method"] == "HEAD":
            await _send(scope, send, status, headers)
            return
        target, file, start, stop = part
        begun = False
        try:
            async with contextlib.aclosing(self._store.read(target.sdkappid, target.uuid, file, start, stop)) as chunks:
                async for chunk in chunks:
                    if not begun:
                        await send({"type": "http.response.start", "status": status, "headers": headers})
                        begun = True
                    async with asyncio.timeout(STILL_SECONDS):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except MediaUnavailable as fault:
            if begun:
                raise Gone(str(fault)) from None
            raise _unavailable(fault) from None
        await send({"type": "http.response.body", "body": b""})

    async def _app(self, target: Target) -> App:
        app = await self._backend.app(target.sdkappid)
        if app is None:
            raise Refused(err.APP_UNKNOWN, str(target.sdkappid))
        if not app.enabled:
            raise Refused(err.APP_DISABLED, str(target.sdkappid))
        return app

    async def _card(self, target: Target) -> Card | None:
        try:
            body = await self._store.card(target.sdkappid, target.uuid)
        except MediaUnavailable as fault:
            raise _unavailable(fault) from None
        try:
            return None if body is None else _decode_card(body)
        except msgspec.MsgspecError as fault:
            raise _unavailable(fault) from None

    def _now(self, target: Target) -> int:
        return self._backend.now_ms(target.sdkappid) // 1000


def _target(scope: Scope) -> Target:
    target = target_of(scope["path"])
    if target is None:
        raise Refused(err.MEDIA_UNKNOWN, "the path is not one of a link")
    return target


def _used(target: Target) -> Refused:
    return Declined(HTTPStatus.CONFLICT, err.MEDIA_DENIED, f"{target.uuid}: the link is used already")


def _unavailable(fault: Exception) -> Refused:
    """Log what happened; the caller hears no paths and no addresses."""
    log.error("media store", fault=repr(fault))
    return Refused(err.MEDIA_UNAVAILABLE)


def _on_disk(run: Callable[..., T], *args: object) -> T:
    """Do something on the disk; where it fails, the place for uploads is not available."""
    try:
        return run(*args)
    except OSError as fault:
        raise _unavailable(fault) from None


async def _refuse(scope: Scope, send: Send, refused: Refused) -> None:
    """Answer with a refusal. Who waits for 100 Continue, or has stopped sending, must not go on with the body."""
    status, more = (refused.status, refused.more) if isinstance(refused, Declined) else (STATUS[refused.row], ())
    if header(scope["headers"], b"expect") is not None or refused.row is err.MEDIA_TIMEOUT:
        more = (*more, (b"connection", b"close"))
    await _answer(scope, send, status, failure(refused), *more)


async def _answer(scope: Scope, send: Send, status: int, body: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [
        *ALWAYS, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"), *more,
    ]  # fmt: skip
    await _send(scope, send, status, headers, body)


async def _send(scope: Scope, send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
