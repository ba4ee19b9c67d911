"""Media of messages: what may be uploaded, what is kept of it, and the links under which it goes up and comes down.

A link is signed with HMAC-SHA256 under a key derived from the app's key for this use alone, over the SDKAppID, the
UUID, what the link is for and until when. So it cannot be guessed, made longer, or used for another app's file.
"""

import base64
import binascii
import hashlib
import hmac
import re

import msgspec

from qunzhu.core.errors import MEDIA_DENIED, Refused

PREFIX = "/media/"
_LABEL = b"qunzhu media links 1"
_PATH = re.compile(r"/media/([1-9][0-9]{0,9})/([0-9a-f]{32})(?:/([123]))?\Z")
_MB = 1 << 20
MAX_TOKEN = 4096
ORIGINAL, LARGE, THUMBNAIL = 1, 2, 3
"""``Type`` of an image's variants (doc 1047/33527)."""
EDGES = {LARGE: 720, THUMBNAIL: 198}
"""Most pixels of a variant's longer edge."""
FORMATS = {"JPEG": 1, "MPO": 1, "GIF": 2, "PNG": 3, "BMP": 4}
"""``ImageFormat`` of Pillow's names (doc 1047/33527)."""
OTHER_FORMAT = 255


class Sort(msgspec.Struct, frozen=True):
    """One sort of media: what its content type begins with, the rule that limits its size, what is made of it."""

    name: str
    types: str
    limit: str
    is_image: bool = False
    variants: tuple[int, ...] = ()


SORTS = {
    row.name: row
    for row in (
        Sort("Image", "image/", "image_bytes", is_image=True, variants=(LARGE, THUMBNAIL)),
        Sort("Sound", "audio/", "sound_bytes"),
        Sort("Video", "video/", "video_bytes"),
        Sort("VideoThumb", "image/", "image_bytes", is_image=True),
        Sort("File", "", "file_bytes"),
    )
}


class MediaRules(msgspec.Struct, frozen=True):
    """The server's settings for media. Sizes are those of ``TIMErrCode`` 7005: 28 MB, videos and files 100 MB."""

    public_url: str = ""
    """What links begin with; empty: the address under which the caller himself reaches the server."""
    image_bytes: int = 28 * _MB
    sound_bytes: int = 28 * _MB
    video_bytes: int = 100 * _MB
    file_bytes: int = 100 * _MB
    image_pixels: int = 50_000_000
    upload_seconds: int = 900
    link_seconds: int = 7 * 86400

    def most(self, sort: Sort) -> int:
        """Return how many bytes a file of a sort may have."""
        limit: int = getattr(self, sort.limit)
        return limit


class Grant(msgspec.Struct, frozen=True):
    """What an upload link allows, and until when (unix seconds)."""

    user: str
    sort: str
    name: str
    content_type: str
    size: int
    until: int


class Variant(msgspec.Struct, frozen=True):
    """One file of an upload. ``width`` and ``height`` are 0 where it is no image."""

    type: int
    file: str
    size: int
    content_type: str
    width: int = 0
    height: int = 0


class Card(msgspec.Struct, frozen=True):
    """What is kept beside the files of an upload. An upload without a card is not there."""

    sort: str
    name: str
    owner: str
    made_at: int
    format: int
    variants: list[Variant]


class Target(msgspec.Struct, frozen=True):
    """What the path of a link names; ``type`` is 0 in an upload link."""

    sdkappid: int
    uuid: str
    type: int


def target_of(path: str) -> Target | None:
    """Return what a path names, or None where it is no link's."""
    found = _PATH.match(path)
    return Target(int(found[1]), found[2], int(found[3] or 0)) if found else None


def is_uuid(value: str) -> bool:
    """Say whether a text can be a UUID of this server."""
    return re.fullmatch(r"[0-9a-f]{32}", value) is not None


_decode_grant = msgspec.json.Decoder(Grant).decode


class Links:
    """Makes and checks the links of one app. ``key`` is the app's."""

    def __init__(self, sdkappid: int, key: str) -> None:
        self._sdkappid = sdkappid
        self._key = hmac.digest(key.encode(), _LABEL, hashlib.sha256)

    def upload(self, uuid: str, grant: Grant) -> str:
        """Return path and query of a link for one upload."""
        claims = base64.urlsafe_b64encode(msgspec.json.encode(grant)).rstrip(b"=").decode()
        return f"{PREFIX}{self._sdkappid}/{uuid}?token={claims}.{self._seal('put', uuid, claims)}"

    def download(self, uuid: str, kind: int, until: int) -> str:
        """Return path and query of a link to one file of an upload."""
        return f"{PREFIX}{self._sdkappid}/{uuid}/{kind}?e={until}&k={self._seal('get', uuid, kind, until)}"

    def granted(self, uuid: str, token: str, now: int) -> Grant:
        """Return what an upload link allows, or refuse (114001) one that is not signed, or too old."""
        claims, _, seal = token.partition(".")
        if not token or len(token) > MAX_TOKEN or not self._same(seal, "put", uuid, claims):
            raise Refused(MEDIA_DENIED, "token: missing, or not signed for this upload")
        try:
            grant = _decode_grant(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        except (binascii.Error, msgspec.MsgspecError) as fault:
            raise Refused(MEDIA_DENIED, f"token: {fault}") from None
        _require_time(grant.until, now)
        return grant

    def require(self, target: Target, until: str, seal: str, now: int) -> int:
        """Return until when a download link holds, or refuse (114001) one that is not signed, or too old."""
        if not re.fullmatch(r"[0-9]{1,12}", until) or not self._same(seal, "get", target.uuid, target.type, until):
            raise Refused(MEDIA_DENIED, "e, k: missing, or not signed for this file")
        _require_time(int(until), now)
        return int(until)

    def _seal(self, *parts: object) -> str:
        text = "\n".join(map(str, (parts[0], self._sdkappid, *parts[1:])))
        return base64.urlsafe_b64encode(hmac.digest(self._key, text.encode(), hashlib.sha256)).rstrip(b"=").decode()

    def _same(self, seal: str, *parts: object) -> bool:
        return hmac.compare_digest(seal.encode(), self._seal(*parts).encode())


def _require_time(until: int, now: int) -> None:
    if now > until:
        raise Refused(MEDIA_DENIED, f"the link expired {now - until} s ago")
