"""Putting the library where an Electron app's package of the reference SDK looks for its own, and taking it away."""

import contextlib
import mmap
import platform
import shutil
import tempfile
from pathlib import Path

import msgspec

PACKAGE = Path("node_modules/im_electron_sdk")
PLACES = (PACKAGE / "lib/linux/lib", Path("resources/linux/lib"))
"""Where the library stands below an app's folder: as long as it is developed, and once it is packaged."""
ASIDE = ".original"
_OURS = b"qunzhu.capi"
"""In each library of ours: what it imports first."""


class CannotInstall(Exception):
    """Nothing was done: why, and what to do."""

    def __init__(self, text: str, advice: str = "") -> None:
        super().__init__(text, advice)
        self.text = text
        self.advice = advice


class Placed(msgspec.Struct, frozen=True):
    """What became of one place."""

    path: Path
    state: str
    """installed, restored, removed (there was no original) or untouched (it is no library of ours)."""
    original: Path | None = None
    """Where the original is kept."""


def name_here() -> str:
    """Return the name under which the package looks for its library on this machine."""
    return "libImSDK_arm64.so" if platform.machine() in {"aarch64", "arm64"} else "libImSDK.so"


def install(app: Path, library: Path) -> list[Placed]:
    """Put a library of ours into an app; the original is kept beside it. Doing it again renews ours only."""
    if not library.is_file():
        raise CannotInstall(f"there is no library {library}", "make one with `qunzhu sdk build`, or name it: --library")
    if not is_ours(library):
        raise CannotInstall(f"{library} is no library of qunzhu", "make one with `qunzhu sdk build`")
    return [_install(target, library) for target in targets(app)]


def undo(app: Path) -> list[Placed]:
    """Put the originals back."""
    return [_undo(target) for target in targets(app)]


def targets(app: Path) -> list[Path]:
    """Return the paths at which an app's package looks; refuse a folder that is no such app."""
    if not app.is_dir():
        raise CannotInstall(f"{app} is not a folder")
    found = [app / place / name_here() for place in PLACES if (app / place).is_dir()]
    if found:
        return found
    if (app / PACKAGE).is_dir():
        raise CannotInstall(f"{app / PACKAGE} has no folder lib/linux/lib", "install the package anew: it is not whole")
    looked = " or ".join(str(place) for place in PLACES)
    raise CannotInstall(
        f"{app} is no Electron app with im_electron_sdk: there is no {looked} in it",
        "name the folder with the app's node_modules (after `npm install`), or a packaged app's with its resources",
    )


def is_ours(library: Path) -> bool:
    """Say whether a file is a library of qunzhu."""
    with library.open("rb") as file:
        if not file.seek(0, 2):
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_OURS) >= 0


def _install(target: Path, library: Path) -> Placed:
    aside = _aside(target)
    if target.exists() and not is_ours(target):
        target.replace(aside)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as temporary:
        made = Path(temporary.name)
    try:
        shutil.copy(library, made)
        made.chmod(0o755)
        made.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            made.unlink()
    return Placed(target, "installed", aside if aside.exists() else None)


def _undo(target: Path) -> Placed:
    aside = _aside(target)
    if not target.exists() and not aside.exists():
        return Placed(target, "untouched")
    if target.exists() and not is_ours(target):
        return Placed(target, "untouched", aside if aside.exists() else None)
    if aside.exists():
        aside.replace(target)
        return Placed(target, "restored")
    target.unlink()
    return Placed(target, "removed")


def _aside(target: Path) -> Path:
    return target.with_name(target.name + ASIDE)
