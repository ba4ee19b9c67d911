"""Making ``libImSDK.so``: C source out of the tables, by cffi's embedding mode, and one run of the C compiler."""

import contextlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from qunzhu import __version__
from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.needs import CannotBuild, compiler, needs, shared_python
from qunzhu.capi.results import LOGGED_OUT, NOT_INITIALIZED
from qunzhu.capi.rows import Function, Param

NAME = "libImSDK.so"
C_TYPES = {"const char*", "const void*", "char*", "bool", "int32_t", "uint32_t", "int64_t", "uint64_t", *CALLBACKS}
INIT = """
from _imsdk import ffi, lib
from qunzhu.capi.start import start
start(ffi, lib)
"""
START = Path(__file__).with_name("start.c")
EXPORTS = "{ global: TIM*; callExperimentalAPI; local: *; };"
WITHOUT_PYTHON = {"TIMGetSDKVersion": "QUNZHU_VERSION", "TIMGetServerTime": "0", "TIMGetLoginStatus": str(LOGGED_OUT)}
"""What functions return where there is no Python to run them: all others that they are not initialized."""


def callback_types() -> str:
    """Return the C declarations of all callback types."""
    return "\n".join(f"typedef void (*{name})({_list(params)});" for name, params in CALLBACKS.items())


def functions() -> str:
    """Return the C declarations of what runs in Python, a function for each of the interface; an enum is an int."""
    return "\n".join(f"{_plain(row.returns)} py_{row.name}({_arguments(row)});" for row in BY_NAME.values())


def _exported(row: Function) -> str:
    """Return a function of the interface: it asks its Python side, if there is one."""
    returns, names = _plain(row.returns), ", ".join(name for _, name in row.arguments)
    if returns == "void":
        body = f"if (usable()) py_{row.name}({names});"
    else:
        otherwise = WITHOUT_PYTHON.get(row.name, str(NOT_INITIALIZED))
        body = f"return usable() ? py_{row.name}({names}) : {otherwise};"
    return f"EXPORT {returns} {row.name}({_arguments(row)}) {{ {body} }}"


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
    ffi.cdef("extern int attached; extern const int own; void keep_openssl(const char *module, int flags);")
    ffi.cdef(f'extern "Python" {{ {functions()} }}')
    ffi.embedding_api("")
    declared = "\n".join(f"static {line}" for line in functions().splitlines())
    exported = "\n".join(map(_exported, BY_NAME.values()))
    ffi.set_source("_imsdk", f"{_macros()}\n{START.read_text()}\n{callback_types()}\n{declared}\n{exported}")
    ffi.embedding_init_code(INIT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "imsdk.c"
        with contextlib.redirect_stdout(None):  # cffi tells what it writes
            ffi.emit_c_code(str(path))
        return path.read_text()


def _macros() -> str:
    """Return what the C part has to know: all of it belongs to the Python that runs this."""
    found = {
        "PYTHON": sys.executable,
        "PYTHON_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
        "PYTHON_FLAGS": sys.abiflags,
        "SITE": sysconfig.get_path("purelib"),
        "VERSION": __version__,
    }
    return "\n".join(f"#define QUNZHU_{name} {_c_text(value)}" for name, value in found.items())


def _c_text(value: str) -> str:
    """Return a text as a C literal: everything but plain ASCII in octal."""
    plain = {byte: chr(byte) for byte in range(32, 127) if chr(byte) not in '"\\?'}
    return '"' + "".join(plain.get(byte, f"\\{byte:03o}") for byte in os.fsencode(value)) + '"'


def build(folder: Path) -> Path:
    """Make the library in a folder and return its path. A process that has an earlier one loaded keeps that.

    Raises ``CannotBuild`` where something is missing on this machine, or the compiler fails.
    """
    if missing := needs():
        raise CannotBuild("cannot make the library here", missing)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / NAME
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as temporary:
        source, exports, made = (Path(temporary) / name for name in ("imsdk.c", "exports", NAME))
        source.write_text(c_source())
        exports.write_text(EXPORTS)
        _compile(source, exports, made)
        made.replace(target)
    return target


def _compile(source: Path, exports: Path, made: Path) -> None:
    place = shared_python()
    assert place is not None  # noqa: S101 - `needs` has looked
    done = subprocess.run(  # noqa: S603 - our own source
        [
            compiler() or "cc", "-shared", "-fPIC", "-O2", "-w", f"-I{sysconfig.get_path('include')}",
            str(source), "-o", str(made), f"-Wl,-soname,{NAME}", f"-Wl,--version-script,{exports}", "-Wl,-z,nodelete",
            f"-L{place.parent}", f"-Wl,-rpath,{place.parent}", f"-lpython{sysconfig.get_config_var('LDVERSION')}",
            "-ldl", "-lpthread",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotBuild(f"the C compiler failed: {done.stderr.strip()[-2000:]}")
