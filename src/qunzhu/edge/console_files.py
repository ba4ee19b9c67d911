"""The console's own files: read once, compressed once, and sent with an ETag. Nothing but them can be asked for."""

import gzip
import hashlib
from pathlib import Path

import msgspec

ROOT = Path(__file__).parent.parent / "console"
TYPES = {
    ".html": b"text/html; charset=utf-8", ".js": b"text/javascript; charset=utf-8", ".css": b"text/css; charset=utf-8",
    ".json": b"application/json", ".svg": b"image/svg+xml",
}  # fmt: skip
INDEX = "index.html"
PRELOADED = ("lib/", "parts/")
"""Folders with what every screen needs: fetched beside the page, not one after the other."""
_MARK = b"<!--preload-->"


class File(msgspec.Struct, frozen=True):
    """A file as it is sent."""

    kind: bytes
    body: bytes
    packed: bytes
    """The body with gzip; empty where that is not smaller."""
    etag: bytes


def load_files(root: Path = ROOT) -> dict[str, File]:
    """Return all files by their path below /console/."""
    bodies = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in TYPES and path.is_file()
    }
    links = "".join(f'<link rel="modulepreload" href="{name}">' for name in bodies if name.startswith(PRELOADED))
    bodies[INDEX] = bodies[INDEX].replace(_MARK, links.encode())
    return {name: _file(name, body) for name, body in bodies.items()}


def _file(name: str, body: bytes) -> File:
    packed = gzip.compress(body, 9, mtime=0)
    return File(
        kind=TYPES[Path(name).suffix], body=body, packed=packed if len(packed) < len(body) else b"",
        etag=b'"%b"' % hashlib.sha256(body).hexdigest()[:20].encode(),
    )  # fmt: skip
