"""The C library as a C program sees it, by ctypes: types out of the tables, answers to wait for, ears for listeners."""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import BY_NAME
from qunzhu.core.token import make_usersig

if TYPE_CHECKING:
    from collections.abc import Callable

    from qunzhu.capi.rows import Param

TESTS = Path(__file__).parents[1]
HOSTS = Path(__file__).with_name("hosts")
APP = 1400000000
KEY = "qunzhu-demo-key-for-local-use-only"
WAIT = 20.0
USER_DATA = ctypes.c_void_p
TYPES: dict[str, Any] = {
    "void": None, "const char*": ctypes.c_char_p, "char*": ctypes.c_char_p, "const void*": ctypes.c_void_p,
    "bool": ctypes.c_bool, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
}  # fmt: skip


def built(folder: Path) -> Path:
    """Make the library, in a process of its own: this one may have another loaded."""
    code = "import sys, pathlib; from qunzhu.capi.build import build; build(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, folder], check=True)
    return folder / "libImSDK.so"


def sig(user: str) -> bytes:
    """Return a UserSig of the demo app."""
    return make_usersig(KEY, APP, user, now=int(time.time())).encode()


def ctype(name: str) -> Any:
    """Return a type of C by its name; an enum is an int."""
    return PROTOTYPES.get(name) or TYPES.get(name, ctypes.c_int if name not in TYPES else None)


def _prototype(params: tuple[Param, ...]) -> Any:
    return ctypes.CFUNCTYPE(None, *(TYPES.get(param.type, ctypes.c_int) for param in params), ctypes.c_void_p)


PROTOTYPES = {name: _prototype(params) for name, params in CALLBACKS.items()}


def _c(value: Any) -> Any:
    """Return a value as C takes it: texts in UTF-8, objects and arrays as JSON."""
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value).encode() if isinstance(value, dict | list) else value


class Answer:
    """What a call's callback was given, once it was."""

    def __init__(self) -> None:
        self.given: list[tuple[Any, ...]] = []
        self.came = threading.Event()

    def hear(self, *args: Any) -> None:
        """Keep what a callback was given."""
        self.given.append(args)
        self.came.set()

    def result(self) -> tuple[Any, ...]:
        """Wait for the answer and return it: it came once."""
        assert self.came.wait(WAIT), "no answer"
        assert len(self.given) == 1
        return self.given[0]


class Library:
    """A loaded library."""

    def __init__(self, path: str | Path) -> None:
        self.dll = ctypes.CDLL(str(path))
        self._kept: list[Any] = []
        self._numbers = itertools.count(1)
        for row in BY_NAME.values():
            function = getattr(self.dll, row.name)
            function.restype = ctype(row.returns)
            function.argtypes = [ctype(kind) for kind, _ in row.arguments]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dll, name)

    def callback(self, kind: str, hear: Callable[..., None]) -> Any:
        """Return a C function that stays, of a callback type of the headers."""
        made = PROTOTYPES[kind](hear)
        self._kept.append(made)
        return made

    def begin(self, name: str, *args: Any) -> tuple[int, Answer]:
        """Begin a call with its arguments before the callback; its user data must come back."""
        answer, number = Answer(), next(self._numbers)
        kind = next(param.type for param in reversed(BY_NAME[name].params) if param.kind == "callback")

        def hear(*given: Any) -> None:
            assert given[-1] == number
            answer.hear(*given[:-1])

        return getattr(self.dll, name)(*map(_c, args), self.callback(kind, hear), number), answer

    def call(self, name: str, *args: Any) -> Any:
        """Run a call that must succeed, and return its JSON, decoded."""
        code, answer = self.begin(name, *args)
        assert code == 0, (name, code)
        code, desc, text = answer.result()
        assert code == 0, (name, code, desc)
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text.decode()

    def fails(self, name: str, *args: Any) -> int:
        """Run a call that begins and must fail; return the code."""
        code, answer = self.begin(name, *args)
        assert code == 0, (name, code)
        code, desc, _ = answer.result()
        assert code != 0, name
        assert desc, name
        return code

    def start(self, server: str) -> None:
        """TIMInit, towards a server."""
        folder = Path(tempfile.mkdtemp())
        (folder / "qunzhu.json").write_text(json.dumps({"server": server}))
        config = {"sdk_config_config_file_path": str(folder), "sdk_config_log_file_path": str(folder)}
        kept = os.environ.pop("QUNZHU_SERVER", None)
        assert self.dll.TIMInit(APP, json.dumps(config).encode()) == 0
        if kept:
            os.environ["QUNZHU_SERVER"] = kept

    def login(self, user: str) -> None:
        """Log a user in."""
        self.call("TIMLogin", user.encode(), sig(user))


class Heard:
    """What the listeners of a library were told, by the setter's name: the arguments before the user data."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._all: list[tuple[str, tuple[Any, ...]]] = []

    def listen(self, *names: str) -> None:
        """Set listeners, each with user data of its own."""
        for number, name in enumerate(names, len(self._library._kept) + 1):
            kind = BY_NAME[name].params[0].type
            getattr(self._library.dll, name)(self._library.callback(kind, self._hearing(name, number)), number)

    def _hearing(self, name: str, number: int) -> Callable[..., None]:
        def hear(*args: Any) -> None:
            assert args[-1] == number
            self._all.append((name, args[:-1]))

        return hear

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """Return what one listener was told."""
        return [args for one, args in self._all if one == name]

    def wait(self, name: str, meets: Callable[..., bool] = lambda *_: True) -> tuple[Any, ...]:
        """Wait until a listener was told something that meets a condition, and return that."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            for args in self.of(name):
                if meets(*args):
                    return args
            time.sleep(0.01)
        raise AssertionError((name, self.of(name)))


def run_host(host: str, *args: object) -> tuple[str, str]:
    """Run a Python program of ``hosts``, in a folder of its own, with this project; return what it printed."""
    env = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, HOSTS / host, *map(str, args)], env=env, cwd=folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout[-3000:], done.stderr[-6000:])
    return done.stdout, done.stderr


def compiled(source: str, folder: Path, *options: str | Path) -> Path:
    """Compile a C program of ``hosts``."""
    target = folder / Path(source).stem
    subprocess.run(
        [
            "cc",
            "-O1",
            "-g",
            "-Wall",
            "-Wno-unused-function",
            "-Werror",
            HOSTS / source,
            "-o",
            target,
            "-ldl",
            "-lpthread",
            *options,
        ],
        check=True,
    )
    return target
