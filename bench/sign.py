"""UserSig (TLSSigAPIv2), written a second time here on purpose: the load must not trust the code that it measures."""

import base64
import hashlib
import hmac
import json
import time
import zlib

PACKING = bytes.maketrans(b"+/=", b"*-_")


def mac(key: str, identifier: str, sdkappid: int, issued: int, expire: int) -> str:
    """Return `TLS.sig`: HMAC-SHA256 over four LF-ended lines, in standard base64."""
    lines = f"TLS.identifier:{identifier}\nTLS.sdkappid:{sdkappid}\nTLS.time:{issued}\nTLS.expire:{expire}\n"
    return base64.b64encode(hmac.digest(key.encode(), lines.encode(), hashlib.sha256)).decode()


def usersig(key: str, identifier: str, sdkappid: int, *, issued: int | None = None, expire: int = 86_400) -> str:
    """Return a packed signature; `issued` is in Unix seconds (now by default), `expire` in seconds after it."""
    at = int(time.time()) if issued is None else issued
    document = {
        "TLS.ver": "2.0",
        "TLS.identifier": identifier,
        "TLS.sdkappid": sdkappid,
        "TLS.expire": expire,
        "TLS.time": at,
        "TLS.sig": mac(key, identifier, sdkappid, at, expire),
    }
    packed = base64.b64encode(zlib.compress(json.dumps(document).encode()))
    return packed.translate(PACKING).decode()
