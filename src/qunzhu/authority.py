"""A certificate authority of one's own, made on first use, and certificates by it: for development and tests."""

import contextlib
import datetime
import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qunzhu.config import ConfigError

if TYPE_CHECKING:
    import trustme

LOCAL = ("localhost", "127.0.0.1", "::1")
REFERENCE_HOSTS = (
    "console.tim.qq.com",
    *(f"adminapi{region}.im.qcloud.com" for region in ("sgp", "kr", "jpn", "ger", "ind", "usa", "idn", "ksa")),
)
"""Under which the reference service's server API is reached, by region (doc 1047/34620). Clients have one fixed."""
ORGANISATION = "qunzhu local authority"
DAYS = 397
"""Longer ones are refused by some systems, even of an authority that they trust."""
_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z", re.IGNORECASE)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class Made(NamedTuple):
    """Files in PEM: the authority to trust, a server's certificate and its key. ``until`` is in unix seconds."""

    ca: Path
    cert: Path
    key: Path
    hosts: tuple[str, ...]
    until: int
    new_authority: bool


def make_certificate(folder: Path, hosts: tuple[str, ...] = (), name: str = "server") -> Made:
    """Make a certificate for this machine's names and ``hosts`` in a folder, by the folder's authority.

    An authority that is there is used again, so that it has to be trusted once. Keys can be read by their owner only
    (0600). No file is ever overwritten: ``ConfigError`` names the one that is there.
    """
    names = tuple(dict.fromkeys((*LOCAL, *map(_checked, hosts))))
    if not _FILE.match(name) or name == "ca":
        raise ConfigError(f"name: {name!r}, 1 to 64 letters, digits, ., _ or - are needed, and not ca")
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    for path in (cert, key):
        if path.exists():
            raise ConfigError(f"{path} is there already and is not overwritten; give another name, or move it away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        authority, new = _authority(folder)
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        end = start + datetime.timedelta(days=DAYS)
        leaf = authority.issue_cert(*names, not_before=start, not_after=end, organization_name=ORGANISATION)
        _write(key, leaf.private_key_pem.bytes(), 0o600)
        _write(cert, b"".join(blob.bytes() for blob in leaf.cert_chain_pems), 0o644)
    except OSError as fault:
        raise ConfigError(f"{folder}: {fault}") from None
    return Made(folder / "ca.pem", cert, key, names, int(end.timestamp()), new)


def _authority(folder: Path) -> "tuple[trustme.CA, bool]":
    try:
        import trustme
    except ImportError:
        raise ConfigError("certificates need the extra `testing`: pip install 'qunzhu[testing]'") from None
    cert, key = folder / "ca.pem", folder / "ca-key.pem"
    if cert.exists() and key.exists():
        try:
            return trustme.CA.from_pem(cert.read_bytes(), key.read_bytes()), False
        except ValueError as fault:
            raise ConfigError(f"{cert}, {key}: not an authority: {fault}; move them away") from None
    if cert.exists() or key.exists():
        raise ConfigError(f"{folder} has only one of ca.pem and ca-key.pem; bring the other back, or move it away")
    made = trustme.CA(organization_name=ORGANISATION)
    _write(key, made.private_key_pem.bytes(), 0o600)
    _write(cert, made.cert_pem.bytes(), 0o644)
    return made, True


def _checked(host: str) -> str:
    """Return a host's name or address as it stands in a certificate."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    try:
        name = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        name = ""
    if len(name) > 253 or not _NAME.match(name):
        raise ConfigError(f"host: {host!r} is not a name such as im.example.com, or an address")
    return name.lower()


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that must not be there yet; it never is readable for more than the mode says."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
