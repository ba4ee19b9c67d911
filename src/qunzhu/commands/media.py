"""Media of messages: leave to upload a file, and fresh links to files that are there (docs/guide/media.md).

Both only sign: the bytes go through the server's /media paths, and what is kept of a file is kept beside it.
"""

import re
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.limits import items, number, one_of, text
from qunzhu.core.media import ORIGINAL, SORTS, THUMBNAIL, Card, Grant, Links, Sort, is_uuid
from qunzhu.core.ports import GATEWAY, Tx, Who

NAME_BYTES = 255
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")
UNKNOWN_TYPE = "application/octet-stream"


class UploadAllowed(Reply, frozen=True, kw_only=True):
    """The link to upload to, and the one under which the file will be found."""

    UUID: str
    UploadUrl: str
    UploadUntil: int
    Url: str
    UrlUntil: int


class RequestUpload(Request[UploadAllowed], frozen=True, kw_only=True):
    """What is to be uploaded."""

    Sort: Annotated[str, one_of(*SORTS, error=err.MEDIA_PARAMETER)]
    Size: Annotated[int, number(1, 2**53, error=err.MEDIA_PARAMETER)]
    FileName: Annotated[str, text(NAME_BYTES, error=err.MEDIA_PARAMETER)] | None = None
    ContentType: Annotated[str, text(100, error=err.MEDIA_PARAMETER)] | None = None


class ImageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One variant of an image, as ``TIMImageElem`` has it (doc 1047/33527)."""

    Type: int
    Size: int
    Width: int
    Height: int
    URL: str


class Uploaded(Reply, frozen=True, kw_only=True):
    """What an upload is answered with: the fields of the message element."""

    UUID: str
    Size: int
    Url: str
    UrlUntil: int
    ImageFormat: int | UnsetType = UNSET
    ImageInfoArray: list[ImageInfo] | UnsetType = UNSET


class MediaLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to a file."""

    UUID: str
    Type: int
    Url: str


class MediaLinks(Reply, frozen=True, kw_only=True):
    """Fresh links, in the order of the request."""

    MediaList: list[MediaLink]
    UrlUntil: int


class WantedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A file, by the UUID of its message element; of an image, which variant."""

    UUID: Annotated[str, text(100, error=err.MEDIA_PARAMETER)]
    Type: Annotated[int, number(ORIGINAL, THUMBNAIL, error=err.MEDIA_PARAMETER)] | None = None


class RenewMediaLinks(Request[MediaLinks], frozen=True, kw_only=True):
    """Which files to give links to."""

    MediaList: Annotated[list[WantedMedia], items(100, least=1, error=err.MEDIA_PARAMETER, empty=err.MEDIA_PARAMETER)]


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.MEDIA_TOO_LARGE, err.MEDIA_PARAMETER),
         bad_input=err.MEDIA_PARAMETER)  # fmt: skip
def request_upload(tx: Tx, who: Who, req: RequestUpload) -> UploadAllowed:
    """Allow one upload: give a UUID, a link for the bytes, and the link under which they will be found.

    ``Size`` is the exact number of bytes. At most 28 MB for images, sounds and snapshots of videos, 100 MB for videos
    and files, unless the server's settings say otherwise (114002). ``ContentType`` must suit ``Sort`` (114011).
    """
    del tx
    sort = SORTS[req.Sort]
    if req.Size > (most := who.media.most(sort)):
        raise Refused(err.MEDIA_TOO_LARGE, f"Size: {req.Size} bytes, {sort.name} may have {most}")
    uuid, until = who.random(16).hex(), who.now + who.media.upload_seconds
    grant = Grant(
        user=who.user, sort=sort.name, name=_base_name(req.FileName or ""),
        content_type=_content_type(sort, req.ContentType), size=req.Size, until=until,
    )  # fmt: skip
    links, last = Links(who.app.sdkappid, who.app.key), who.now + who.media.link_seconds
    return UploadAllowed(
        UUID=uuid, UploadUrl=who.base + links.upload(uuid, grant), UploadUntil=until,
        Url=who.base + links.download(uuid, ORIGINAL, last), UrlUntil=last,
    )  # fmt: skip


def _base_name(name: str) -> str:
    """Return the last part of a path: folders of the uploader's machine are nobody's business."""
    return re.split(r"[/\\]", name)[-1]


def _content_type(sort: Sort, given: str | None) -> str:
    """Return a content type without parameters, or refuse (114011) what is none, or does not suit the sort."""
    found = (given or UNKNOWN_TYPE).partition(";")[0].strip().lower()
    if not _TYPE.match(found):
        raise Refused(err.MEDIA_PARAMETER, f"ContentType: {found[:40]!r} is not of the form type/subtype")
    if found != UNKNOWN_TYPE and not found.startswith(sort.types):
        raise Refused(err.MEDIA_PARAMETER, f"ContentType: {found[:40]!r}, {sort.name} takes {sort.types}*")
    return found


@command("gateway", writes=False, doors=(GATEWAY,), errors=(err.MEDIA_PARAMETER,), bad_input=err.MEDIA_PARAMETER)
def renew_media_links(tx: Tx, who: Who, req: RenewMediaLinks) -> MediaLinks:
    """Give fresh links to up to 100 files, for messages whose links have expired.

    Whoever knows the UUID of a file may have a link: it cannot be guessed, and only messages tell it. That there is
    such a file is not looked up here; a link to none is answered 404.
    """
    del tx
    links, last = Links(who.app.sdkappid, who.app.key), who.now + who.media.link_seconds
    found = []
    for index, wanted in enumerate(req.MediaList):
        if not is_uuid(wanted.UUID):
            raise Refused(
                err.MEDIA_PARAMETER, f"MediaList[{index}].UUID: {wanted.UUID[:40]!r} is not one of this server"
            )
        kind = wanted.Type or ORIGINAL
        found.append(MediaLink(UUID=wanted.UUID, Type=kind, Url=who.base + links.download(wanted.UUID, kind, last)))
    return MediaLinks(MediaList=found, UrlUntil=last)


def uploaded(links: Links, base: str, uuid: str, card: Card, until: int) -> Uploaded:
    """Return what a finished upload is answered with."""
    urls = {one.type: base + links.download(uuid, one.type, until) for one in card.variants}
    images = [
        ImageInfo(Type=one.type, Size=one.size, Width=one.width, Height=one.height, URL=urls[one.type])
        for one in card.variants
    ]
    is_image = SORTS[card.sort].is_image
    return Uploaded(
        UUID=uuid, Size=card.variants[0].size, Url=urls[ORIGINAL], UrlUntil=until,
        ImageFormat=card.format if is_image else UNSET, ImageInfoArray=images if is_image else UNSET,
    )  # fmt: skip
