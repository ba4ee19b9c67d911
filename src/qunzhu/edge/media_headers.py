"""What a file is sent with: a type that cannot run, a name that is only a name, and which part was asked for.

Whatever was uploaded, a browser that is given it must not take it for a page of this server: types come from a list,
sniffing is off, and the policy lets nothing run even where a type should be mistaken.
"""

import re
from urllib.parse import quote

from qunzhu.core.media import SORTS, Card, Variant

SAFE_TYPES = frozenset({
    "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp",
    "audio/3gpp", "audio/aac", "audio/amr", "audio/flac", "audio/m4a", "audio/mp3", "audio/mp4", "audio/mpeg",
    "audio/ogg", "audio/opus", "audio/wav", "audio/wave", "audio/webm", "audio/x-m4a", "audio/x-wav",
    "video/3gpp", "video/mp4", "video/mpeg", "video/ogg", "video/quicktime", "video/webm", "video/x-matroska",
})  # fmt: skip
"""What is sent as what it is; everything else as bytes without a meaning."""
BYTES = "application/octet-stream"
POLICY = (
    b"default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)
_CORS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"accept-ranges, content-disposition, content-length, content-range, etag"),
)
ALWAYS = (
    *_CORS, (b"x-content-type-options", b"nosniff"), (b"content-security-policy", POLICY),
    (b"referrer-policy", b"no-referrer"), (b"cross-origin-resource-policy", b"cross-origin"),
)  # fmt: skip
PREFLIGHT = (
    *_CORS, (b"access-control-allow-methods", b"GET, HEAD, PUT"), (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"), (b"allow", b"GET, HEAD, PUT, OPTIONS"),
)  # fmt: skip
Headers = list[tuple[bytes, bytes]]
_RANGE = re.compile(rb"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


class Unsatisfiable(Exception):
    """A range that begins behind the file's end."""


def header(headers: Headers, name: bytes) -> bytes | None:
    """Return a header of a request, or None."""
    return next((value for key, value in headers if key == name), None)


def file_headers(uuid: str, card: Card, variant: Variant, seconds: int) -> Headers:
    """Return the headers of all answers about a file. It never changes, so it may be kept as long as the link."""
    kind = variant.content_type if variant.content_type in SAFE_TYPES else BYTES
    shown = "inline" if kind != BYTES and card.sort != "File" else "attachment"
    return [
        *ALWAYS,
        (b"content-type", kind.encode()),
        (b"content-disposition", f"{shown}; {_file_name(uuid, card, variant)}".encode()),
        (b"etag", etag(uuid, variant)),
        (b"cache-control", b"private, max-age=%d, immutable" % seconds),
        (b"accept-ranges", b"bytes"),
    ]


def etag(uuid: str, variant: Variant) -> bytes:
    """Return the tag of a file: its contents are fixed by its UUID."""
    return f'"{uuid}-{variant.file}"'.encode()


def _file_name(uuid: str, card: Card, variant: Variant) -> str:
    """Return the name to save as, for clients old and new (RFC 6266)."""
    name = card.name or uuid
    if SORTS[card.sort].is_image and variant.file != "original":
        name = f"{name.rpartition('.')[0] or name}-{variant.file}.{variant.content_type.rpartition('/')[2]}"
    name = "".join(character for character in name if character.isprintable())  # marks that turn the direction round
    plain = re.sub(r"[^ !#-\[\]-~]|[%/]", "_", name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def is_known(asked: bytes | None, tag: bytes) -> bool:
    """Say whether If-None-Match names the tag."""
    return asked is not None and any(
        one.strip().removeprefix(b"W/") in {tag, b"*"} for one in asked.split(b",")
    )  # fmt: skip


def part_of(asked: bytes | None, unchanged: bytes | None, tag: bytes, size: int) -> tuple[int, int] | None:
    """Return the part that Range asks for, as start and stop (not included), or None for the whole file.

    Several ranges, units other than bytes, what cannot be read, and a range of another version (If-Range) give the
    whole file, as RFC 9110 (14.2) allows. Raises ``Unsatisfiable``.
    """
    found = _RANGE.match(asked) if asked is not None and unchanged in {None, tag} else None
    if found is None or found[0] == b"bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise Unsatisfiable
    return start, stop
