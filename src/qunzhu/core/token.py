"""UserSig, algorithm TLSSigAPIv2 (doc 1047/34385): making and checking.

A UserSig is a JSON document with an HMAC-SHA256 of its fields, zlib-packed, in base64 with ``+ / =`` written as
``* - _``.
"""

import base64
import binascii
import hashlib
import hmac
import zlib
from typing import Any

import msgspec

from qunzhu.core.errors import (
    USERSIG_EMPTY,
    USERSIG_EXPIRED,
    USERSIG_MALFORMED,
    USERSIG_OTHER_APP,
    USERSIG_OTHER_USER,
    USERSIG_WRONG,
    Refused,
)

DEFAULT_EXPIRE = 180 * 86400
_MAX_TEXT = 4096
_MAX_JSON = 16384
_TO_URL = bytes.maketrans(b"+/=", b"*-_")
_FROM_URL = bytes.maketrans(b"*-_", b"+/=")


class _Document(msgspec.Struct):
    identifier: str = msgspec.field(name="TLS.identifier")
    sdkappid: int = msgspec.field(name="TLS.sdkappid")
    expire: int = msgspec.field(name="TLS.expire")
    time: int = msgspec.field(name="TLS.time")
    sig: str = msgspec.field(name="TLS.sig")
    ver: str = msgspec.field(name="TLS.ver", default="2.0")
    userbuf: str | None = msgspec.field(name="TLS.userbuf", default=None)


class Signature(msgspec.Struct, frozen=True):
    """A checked UserSig: when it was made and until when it holds, in unix seconds."""

    made_at: int
    valid_until: int


_decoder = msgspec.json.Decoder(_Document)


def _mac(key: str, identifier: str, sdkappid: int, made_at: int, expire: int, userbuf: str | None) -> bytes:
    signed = f"TLS.identifier:{identifier}\nTLS.sdkappid:{sdkappid}\nTLS.time:{made_at}\nTLS.expire:{expire}\n"
    if userbuf is not None:
        signed += f"TLS.userbuf:{userbuf}\n"
    return base64.b64encode(hmac.digest(key.encode(), signed.encode(), hashlib.sha256))


def make_usersig(
    key: str, sdkappid: int, identifier: str, *, now: int, expire: int = DEFAULT_EXPIRE, userbuf: bytes | None = None
) -> str:
    """Return a UserSig for ``identifier``, valid for ``expire`` seconds from ``now``."""
    buf = None if userbuf is None else base64.b64encode(userbuf).decode()
    document: dict[str, Any] = {
        "TLS.ver": "2.0",
        "TLS.identifier": identifier,
        "TLS.sdkappid": sdkappid,
        "TLS.expire": expire,
        "TLS.time": now,
        "TLS.sig": _mac(key, identifier, sdkappid, now, expire, buf).decode(),
    }
    if buf is not None:
        document["TLS.userbuf"] = buf
    return base64.b64encode(zlib.compress(msgspec.json.encode(document))).translate(_TO_URL).decode()


def _unpack(usersig: str) -> _Document:
    if len(usersig) > _MAX_TEXT:
        raise Refused(USERSIG_MALFORMED, f"usersig: {len(usersig)} bytes, at most {_MAX_TEXT} are read")
    try:
        packed = base64.b64decode(usersig.encode().translate(_FROM_URL), validate=True)
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(packed, _MAX_JSON)
        if not unpacker.eof:
            raise Refused(USERSIG_MALFORMED, "usersig: truncated or too large")
        return _decoder.decode(raw)
    except (ValueError, binascii.Error, zlib.error, RecursionError) as fault:
        raise Refused(USERSIG_MALFORMED, f"usersig: {type(fault).__name__}") from None


def check_usersig(key: str, sdkappid: int, identifier: str, usersig: str, now: int) -> Signature:
    """Return the signature's dates, or refuse: 70002 empty, 70003 unreadable, 70013, 70014, 70009 or 70001 expired."""
    if not usersig:
        raise Refused(USERSIG_EMPTY)
    document = _unpack(usersig)
    if document.identifier != identifier:
        raise Refused(USERSIG_OTHER_USER, f"made for {document.identifier[:40]!r}, used by {identifier[:40]!r}")
    if document.sdkappid != sdkappid:
        raise Refused(USERSIG_OTHER_APP, f"made for {document.sdkappid}, used with {sdkappid}")
    wanted = _mac(key, identifier, sdkappid, document.time, document.expire, document.userbuf)
    if not hmac.compare_digest(wanted, document.sig.encode()):
        raise Refused(USERSIG_WRONG)
    until = document.time + document.expire
    if now > until:
        raise Refused(USERSIG_EXPIRED, f"expired {now - until} s ago")
    return Signature(made_at=document.time, valid_until=until)
