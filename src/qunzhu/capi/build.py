"""Making ``libImSDK.so``: C source out of the tables, by cffi's embedding mode, and one run of the C compiler."""

import contextlib
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.needs import CannotBuild, compiler, needs, shared_python
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
    place = shared_python()
    assert place is not None  # noqa: S101 - `needs` has looked
    done = subprocess.run(  # noqa: S603 - our own source
        [
            compiler() or "cc", "-shared", "-fPIC", "-O2", "-w", f"-I{sysconfig.get_path('include')}",
            f'-DQUNZHU_PYTHON="{sys.executable}"', str(source), "-o", str(made), f"-L{place.parent}",
            f"-Wl,-rpath,{place.parent}", f"-lpython{sysconfig.get_config_var('LDVERSION')}", "-ldl",
            "-Wl,-z,nodelete",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotBuild(f"the C compiler failed: {done.stderr.strip()[-2000:]}")
