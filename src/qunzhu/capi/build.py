"""Making ``libImSDK.so``: C source out of the tables, by cffi's embedding mode, and one run of the C compiler."""

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

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


class CannotBuild(Exception):
    """There is no library: what is missing, and how to get it."""


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
        ffi.emit_c_code(str(path))
        return path.read_text()


def build(folder: Path) -> Path:
    """Make the library in a folder and return its path."""
    get = sysconfig.get_config_var
    if not get("Py_ENABLE_SHARED"):
        raise CannotBuild("this Python has no shared library")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / NAME
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "imsdk.c"
        source.write_text(c_source())
        subprocess.run(  # noqa: S603 - our own source
            [  # noqa: S607 - the compiler is the one on PATH
                "cc", "-shared", "-fPIC", "-O2", "-w", f"-I{get('INCLUDEPY')}", f'-DQUNZHU_PYTHON="{sys.executable}"',
                str(source), "-o", str(target), f"-L{get('LIBDIR')}", f"-Wl,-rpath,{get('LIBDIR')}",
                f"-lpython{get('LDVERSION')}", "-ldl", "-Wl,-z,nodelete",
            ],
            check=True,
        )  # fmt: skip
    return target
