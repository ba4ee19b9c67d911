"""An exported app as files: in a folder, or in one archive (a ZIP file named ``*.qunzhu``).

``app.json`` is the manifest, ``data.jsonl`` the store's dump, ``media/<uuid>/<file>`` the files of uploads.
"""

import contextlib
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

import msgspec

from qunzhu.core.ports import App
from qunzhu.moving import CannotMove
from qunzhu.store.dump import FORMAT, DumpFault, Header, read_header
from qunzhu.store.media import sync

ARCHIVE = ".qunzhu"
MANIFEST, DATA, MEDIA = "app.json", "data.jsonl", "media"
_UNFINISHED = ".part"
_FILE = re.compile(r"media/([0-9a-f]{32})/([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})\Z")
_MADE = (1980, 1, 1, 0, 0, 0)
"""Files of an archive carry one time, so that the same app gives the same bytes."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the files. The app's key is empty unless it was asked for."""

    qunzhu: int
    rows: int
    files: int
    app: App


class Sink(Protocol):
    """Where files go."""

    def file(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a new file."""
        ...


class Source(Protocol):
    """Where files come from."""

    def file(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a file."""
        ...

    def names(self) -> list[str]:
        """Return the names of all files, in their order."""
        ...


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def new(self, name: str) -> Iterator[IO[bytes]]:
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            yield file
        sync(path)

    @contextlib.contextmanager
    def old(self, name: str) -> Iterator[IO[bytes]]:
        with (self._path / name).open("rb") as file:
            yield file


class FolderSink(_Folder):
    """Files in a folder."""

    def file(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Make a file."""
        return self.new(name)


class FolderSource(_Folder):
    """Files of a folder."""

    def file(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a file."""
        return self.old(name)

    def names(self) -> list[str]:
        """Look through the folder."""
        return sorted(p.relative_to(self._path).as_posix() for p in self._path.rglob("*") if p.is_file())


class ArchiveSink:
    """Files in an archive, one after the other; media as they are, for they are packed already."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """Begin a file."""
        entry = zipfile.ZipInfo(name, _MADE)
        entry.compress_type = zipfile.ZIP_STORED if name.startswith(MEDIA) else zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self._archive.open(entry, "w", force_zip64=True) as file:
            yield file


class ArchiveSource:
    """Files of an archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file."""
        try:
            with self._archive.open(name) as file:
                yield file
        except KeyError:
            raise FileNotFoundError(name) from None

    def names(self) -> list[str]:
        """Read the archive's list."""
        return sorted(self._archive.namelist())


@contextlib.contextmanager
def new_package(out: Path) -> Iterator[Sink]:
    """Give a place for files that becomes ``out`` when all are there; nothing stays of one that does not get there."""
    if out.exists() and (out.name.endswith(ARCHIVE) or not out.is_dir() or any(out.iterdir())):
        raise CannotMove(f"{out} is there already", "name a new folder or file")
    part = out.with_name(out.name + _UNFINISHED)
    _remove(part)
    try:
        if out.name.endswith(ARCHIVE):
            part.touch(mode=0o600, exist_ok=False)  # the key may be in it
            with zipfile.ZipFile(part, "w") as archive:
                yield ArchiveSink(archive)
            sync(part)
        else:
            part.mkdir(mode=0o700, parents=True)
            yield FolderSink(part)
            if out.exists():
                out.rmdir()
        part.rename(out)
        sync(out.absolute().parent)
    except OSError as fault:
        raise CannotMove(f"{out}: {fault.strerror or fault}") from None
    finally:
        _remove(part)


@contextlib.contextmanager
def open_package(files: Path) -> Iterator[Source]:
    """Open a folder or an archive."""
    if files.is_dir():
        yield FolderSource(files)
        return
    try:
        archive = zipfile.ZipFile(files)
    except (OSError, zipfile.BadZipFile) as fault:
        raise CannotMove(f"{files}: {fault}", "name a folder or file that `qunzhu export` made") from None
    with archive:
        yield ArchiveSource(archive)


def read_manifest(source: Source) -> tuple[Manifest, Header]:
    """Return what is in files, or say why it cannot come in here."""
    try:
        with source.file(MANIFEST) as file:
            manifest = msgspec.json.decode(file.read(), type=Manifest)
        with source.file(DATA) as file:
            header = read_header(file)
    except FileNotFoundError as fault:
        raise CannotMove(
            f"there is no {Path(str(fault.filename or fault)).name}: these are no files of an app"
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, zipfile.BadZipFile) as fault:
        raise CannotMove(f"{MANIFEST}: {fault}") from None
    except DumpFault as fault:
        raise CannotMove(f"{DATA}: {fault}") from None
    if manifest.qunzhu != FORMAT:
        raise CannotMove(f"{MANIFEST}: format {manifest.qunzhu}, this version of qunzhu reads {FORMAT}")
    return manifest, header


def uploads(source: Source) -> dict[str, list[str]]:
    """Return the files of each upload by its UUID. What is named otherwise is left out."""
    found: dict[str, list[str]] = {}
    for name in source.names():
        if (parts := _FILE.match(name)) is not None:
            found.setdefault(parts[1], []).append(parts[2])
    return found


def media_name(uuid: str, file: str) -> str:
    """Return the name of an upload's file, or refuse one that could lead elsewhere."""
    name = f"{MEDIA}/{uuid}/{file}"
    if not _FILE.match(name):
        raise CannotMove(f"{name!r} is no name of an upload's file")
    return name


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
