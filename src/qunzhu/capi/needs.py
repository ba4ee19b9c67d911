"""What making the library needs on a machine, and what makes its first start quick."""

import compileall
import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import msgspec


class Need(msgspec.Struct, frozen=True):
    """Something that is missing on this machine, and how to get it."""

    what: str
    advice: str
    debian: str = ""
    """The Debian packages that have it."""


class CannotBuild(Exception):
    """There is no library: why, and what is missing."""

    def __init__(self, text: str, missing: list[Need] | None = None) -> None:
        super().__init__(text, missing)
        self.text = text
        self.missing = missing or []


def needs() -> list[Need]:
    """Return what is missing on this machine for making the library."""
    if sys.platform != "linux":
        return [Need(f"Linux: this is {sys.platform}", "make and use the library on Linux")]
    found = [Need("a C compiler", "install one, or name it in CC", "gcc libc6-dev")] if compiler() is None else []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    debian = f"libpython{version}-dev" if sys.base_prefix == "/usr" else ""
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        found.append(Need("Python's headers", f"install those of Python {version}", debian))
    if shared_python() is None:
        advice = "use a Python that has one: Debian's, or one that was configured with --enable-shared"
        found.append(Need("Python's shared library", advice, debian))
    if importlib.util.find_spec("cffi") is None:
        has_pip = importlib.util.find_spec("pip") is not None
        pip = f"{sys.executable} -m pip install" if has_pip else f"uv pip install --python {sys.executable}"
        found.append(Need("the Python package cffi", f"{pip} 'cffi>=2.1.1'"))
    return found


def compiler() -> str | None:
    """Return the path of the C compiler: the one that CC names, else cc."""
    return shutil.which(os.environ.get("CC") or "cc")


def shared_python() -> Path | None:
    """Return Python's shared library that a compiler can link with."""
    name = f"libpython{sysconfig.get_config_var('LDVERSION')}.so"
    folders = (sysconfig.get_config_var("LIBDIR"), Path(sys.base_prefix) / "lib")
    return next((path for folder in folders if folder and (path := Path(folder) / name).is_file()), None)


def compile_package() -> bool:
    """Compile what the library loads to bytecode, so that its first start is quick; say whether it all is."""
    package = Path(__file__).parents[1]
    folders = [package / name for name in ("capi", "tim", "client", "commands", "core")]
    for name in ("msgspec", "websockets"):
        spec = importlib.util.find_spec(name)
        folders += map(Path, (spec and spec.submodule_search_locations) or ())
    done = [compileall.compile_dir(folder, quiet=2) for folder in folders]
    done += [compileall.compile_file(path, quiet=2) for path in package.glob("*.py")]
    return all(done)
