"""Making ``libImSDK.so``: C source out of the tables, by cffi's embedding mode, and one run of the C compiler."""

import compileall
import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import msgspec

from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.rows import Function, Param

NAME = "libImSDK.so"
C_TYPES = {"const char*", "const void*", "char*", "bool", "int32_t", "uint32_t", "int64_t", "uint64_t", *CALLBACKS}
INIT = """
try:
    from qunzhu.capi.start import start
    start(ffi)
except BaseException:
    import traceback
    traceback.print_exc()
"""
START = """
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

/* The host loads this library for itself alone, but Python's extension modules look for Python's symbols everywhere. */
static void share_python(void)
{
    Dl_info info;
    if (dladdr((void *)&Py_IsInitialized, &info) && info.dli_fname)
        dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

/* Python of its own environment, whatever the host's variables and working folder are; a host that is Python stays. */
__attribute__((constructor)) static void start_python(void)
{
    PyPreConfig before;
    PyConfig config;
    PyStatus status;

    share_python();
    if (Py_IsInitialized())
        return;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    if (PyStatus_Exception(Py_PreInitialize(&before)))
        return;
    PyConfig_InitIsolatedConfig(&config);
    status = PyConfig_SetBytesString(&config, &config.program_name, QUNZHU_PYTHON);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (!PyStatus_Exception(status))
        PyEval_SaveThread();
}
"""


class Need(msgspec.Struct, frozen=True):
    """Something that is missing on this machine, and how to get it."""

    what: str
    advice: str
    debian: str = ""
    """The Debian package that has it."""


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
    found = [Need("a C compiler", "install one, or name it in CC", "gcc")] if _compiler() is None else []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    debian = f"libpython{version}-dev" if sys.base_prefix == "/usr" else ""
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        found.append(Need("Python's headers", f"install those of Python {version}", debian))
    if _shared() is None:
        advice = "use a Python that has one: Debian's, or one that was configured with --enable-shared"
        found.append(Need("Python's shared library", advice, debian))
    if importlib.util.find_spec("cffi") is None:
        pip = f"{sys.executable} -m pip" if importlib.util.find_spec("pip") else f"uv pip --python {sys.executable}"
        found.append(Need("the Python package cffi", f"{pip} install 'cffi>=2.1.1'"))
    return found


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CC") or "cc")


def _shared() -> Path | None:
    """Return Python's shared library that a compiler can link with."""
    name = f"libpython{sysconfig.get_config_var('LDVERSION')}.so"
    folders = (sysconfig.get_config_var("LIBDIR"), Path(sys.base_prefix) / "lib")
    return next((path for folder in folders if folder and (path := Path(folder) / name).is_file()), None)


def compile_package() -> bool:
    """Compile what the library loads to bytecode, so that its first start is quick; say whether it all is."""
    package = Path(__file__).parents[1]
    folders = [package / name for name in ("capi", "tim", "client", "commands", "core")]
    done = [compileall.compile_dir(folder, quiet=2) for folder in folders]
    for name in ("msgspec", "websockets"):
        spec = importlib.util.find_spec(name)
        done += (
            [compileall.compile_dir(folder, quiet=2) for folder in (spec.submodule_search_locations or ())]
            if spec
            else []
        )
    return all(done) and all(compileall.compile_file(path, quiet=2) for path in package.glob("*.py"))


def callback_types() -> str:
    """Return the C declarations of all callback types."""
    return "\n".join(f"typedef void (*{name})({_list(params)});" for name, params in CALLBACKS.items())


def functions() -> str:
    """Return the C declarations of all functions; an enum is an int."""
    return "\n".join(f"{_plain(row.returns)} {row.name}({_arguments(row)});" for row in BY_NAME.values())


def _arguments(row: Function) -> str:
    return ", ".join(f"{_plain(kind)} {name}" for kind, name in row.arguments) or "void"


def _list(params: tuple[Param, ...]) -> str:
    return ", ".join([f"{_plain(param.type)} {param.name}" for param in params] + ["const void* user_data"])


def _plain(c_type: str) -> str:
    """Return a type that cffi knows: an enum is an int."""
    return c_type if c_type in C_TYPES or c_type in {"int", "void"} else "int"


def c_source() -> str:
    """Return the library's C source."""
    import cffi

    ffi = cffi.FFI()
    ffi.cdef(callback_types())
    ffi.embedding_api(functions())
    ffi.set_source("_imsdk", START + callback_types())
    ffi.embedding_init_code("from _imsdk import ffi\n" + INIT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "imsdk.c"
        with contextlib.redirect_stdout(None):  # cffi tells what it writes
            ffi.emit_c_code(str(path))
        return path.read_text()


def build(folder: Path) -> Path:
    """Make the library in a folder and return its path. A process that has an earlier one loaded keeps that.

    Raises ``CannotBuild`` where something is missing on this machine, or the compiler fails.
    """
    if missing := needs():
        raise CannotBuild("cannot make the library here", missing)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / NAME
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as temporary:
        source, made = Path(temporary) / "imsdk.c", Path(temporary) / NAME
        source.write_text(c_source())
        _compile(source, made)
        made.replace(target)
    return target


def _compile(source: Path, made: Path) -> None:
    place = _shared()
    assert place is not None  # noqa: S101 - `needs` has looked
    done = subprocess.run(  # noqa: S603 - our own source
        [
            _compiler() or "cc", "-shared", "-fPIC", "-O2", "-w", f"-I{sysconfig.get_path('include')}",
            f'-DQUNZHU_PYTHON="{sys.executable}"', str(source), "-o", str(made), f"-L{place.parent}",
            f"-Wl,-rpath,{place.parent}", f"-lpython{sysconfig.get_config_var('LDVERSION')}", "-ldl",
            "-Wl,-z,nodelete",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotBuild(f"the C compiler failed: {done.stderr.strip()[-2000:]}")
