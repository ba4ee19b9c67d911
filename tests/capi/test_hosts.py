"""Programs in C that are bad hosts: their environment, their symbols, their signals, and the ways in which they end."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from c_machine import need_c
from capi.library import HOSTS, WAIT, compiled, run_host, sig
from served import Server

HOSTILE = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere", "LANG": "C", "LC_ALL": "C"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Give a folder for programs."""
    return tmp_path_factory.mktemp("programs")


def run(*command: object, status: int = 0, env: dict[str, str] | None = None, **options) -> str:
    """Run a program and return what it printed, faults included."""
    done = subprocess.run(
        [str(part) for part in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=90, check=False, **options,
    )  # fmt: skip
    assert done.returncode == status, (done.returncode, done.stdout[-3000:])
    return done.stdout


def environment(server: Server, **more: str) -> dict[str, str]:
    """Return an environment that has only what is asked for."""
    return {"QUNZHU_SERVER": server.url, **more}


@pytest.fixture(scope="module")
def journey(folder) -> Path:
    """Make the program that logs in, makes a group and writes into it."""
    return compiled("journey.c", folder)


@pytest.mark.parametrize(
    "more", [{}, HOSTILE, {**HOSTILE, "HOME": "/nowhere", "PATH": "/nowhere", "TMPDIR": "/nowhere"}]
)
def test_a_hostile_environment(journey, library_file, server, more, tmp_path):
    assert run(journey, library_file, "env", sig("env").decode(), env=environment(server, **more), cwd=tmp_path) == ""


def test_no_working_folder(journey, library_file, server, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["/bin/sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", journey, library_file, "cwd", sig("cwd").decode()]
    assert run(*command, env=environment(server), cwd=gone) == ""


def test_no_standard_streams(journey, library_file, server):
    command = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", journey, library_file, "closed", sig("closed").decode()]
    assert run(*command, env=environment(server)) == ""


def test_a_name_beyond_ascii_and_a_long_path(journey, library_file, server, tmp_path):
    place = tmp_path / "群主 'lib\" \\x" / ("x" * 200)
    place.mkdir(parents=True)
    shutil.copy(library_file, place)
    run(journey, place / library_file.name, "path", sig("path").decode(), env=environment(server))


@pytest.mark.parametrize("kilobytes", [128, 8192])
def test_deep_json_and_little_stack(folder, library_file, server, kilobytes):
    program = compiled("stack.c", folder)
    printed = run(program, library_file, "deep", sig("deep").decode(), kilobytes, env=environment(server))
    codes = printed.split()
    assert codes[0] == codes[-1] == "-3"  # an array, and JSON too deep
    assert "0" not in codes


def test_a_child_of_fork(folder, library_file, server):
    run(compiled("forks.c", folder), library_file, "fork", sig("fork").decode(), env=environment(server))


@pytest.mark.parametrize("how", ["exit", "return", "_exit", "thread", "callback", "static"])
def test_the_end_of_the_process_amid_calls(folder, library_file, server, how):
    program = compiled("exits.c", folder)
    for milliseconds in (0, 1, 3, 10, 40):
        command = [program, library_file, "exits", sig("exits").decode(), milliseconds, how]
        assert run(*command, env=environment(server), status=7) == ""


def test_outages_do_not_end_a_host(folder, library_file, tmp_path):
    program, served = compiled("outage.c", folder), Server(tmp_path)
    host = subprocess.Popen(
        [program, library_file, "outage", sig("outage")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment(served),
    )  # fmt: skip
    lines = iter(host.stdout.readline, "")
    until(lines, "blocked 1", "code 0")
    for _ in range(5):
        served.process.kill()
        served.process.wait(WAIT)
        served.process.stdout.close()
        until(lines, "network 1")
        served.start()
        until(lines, "code 0")
    host.stdin.close()
    assert host.wait(WAIT) == 0
    host.stdout.close()
    served.stop()


def until(lines, *wanted: str) -> None:
    """Read until all wanted lines have come, in their order."""
    for one in wanted:
        assert any(line.strip() == one for line in lines), one


def broken(folder: Path, code: str) -> Path:
    """Make a library after some code that changes what the build finds."""
    folder.mkdir(exist_ok=True)
    build = "import sys, sysconfig\nfrom pathlib import Path\nfrom qunzhu.capi import build\n"
    subprocess.run([sys.executable, "-c", f"{build}{code}\nbuild.build(Path(sys.argv[1]))", folder], check=True)
    return folder / "libImSDK.so"


def test_without_the_environment_functions_answer_codes(folder, tmp_path):
    library = broken(
        tmp_path / "gone", "sys.executable = '/nowhere/bin/python'\nbuild.sysconfig.get_path = lambda name: "
        "'/nowhere/lib' if name in ('purelib', 'platlib') else sysconfig.get_paths()[name]",
    )  # fmt: skip
    printed = run(compiled("broken.c", folder), library).splitlines()
    from qunzhu import __version__

    assert printed[-1] == f"{__version__} -1 -1 -1 -1 3 0 -1 kept"
    assert len(printed) == 2
    assert printed[0].startswith(f"libImSDK.so {__version__} cannot be used: ModuleNotFoundError: ")
    assert "/nowhere/lib" in printed[0]


OTHER = """
import ctypes, sys, threading
library, came, told = ctypes.CDLL(sys.argv[1]), threading.Event(), []
library.TIMGetSDKVersion.restype = ctypes.c_char_p
@ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
def hear(*args):
    told.append(args)
    came.set()
print(library.TIMGetSDKVersion().decode(), library.TIMInit(ctypes.c_uint64(1400000000), b"{}"))
code = library.TIMLogin(b"other", sys.argv[2].encode(), hear, 5)
print(code)
if not code and came.wait(10):
    print(told)
"""


def pythons(*, same: bool) -> list[Path]:
    """Return other Pythons of this machine: of the same version, or of others."""
    homes = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions"), Path("/usr/bin")]
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = [path for home in homes for path in (*home.glob("3.*/bin/python3.*"), *home.glob("python3.*"))]
    found = [path for path in found if path.name.removeprefix("python").replace(".", "").isdigit()]
    newer = [path for path in found if int(path.name.rpartition(".")[2]) >= 8]
    return sorted(path for path in newer if (path.name == f"python{own}") is same)


@pytest.mark.parametrize("python", pythons(same=True), ids=str)
def test_a_python_with_other_packages(library_file, server, python):
    printed = run(python, "-c", OTHER, library_file, sig("other").decode(), env=environment(server)).splitlines()
    assert printed[1:] == ["0", "[(0, b'', b'', 5)]"]


@pytest.mark.parametrize("python", pythons(same=False), ids=str)
def test_another_python_is_refused(library_file, server, python):
    printed = run(python, "-c", OTHER, library_file, "", env=environment(server)).splitlines()
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    refusals = [line for line in printed if "cannot be used" in line]
    assert len(refusals) == 1
    assert f"made for Python {own}, but the program that loads it is Python {python.name[6:]}." in refusals[0]
    assert any(line.endswith(" -1") for line in printed)


def foreign(folder: Path) -> Path:
    """Make the journey as a host that exports the names of OpenSSL and zlib, as Node does: each aborts.

    Where zlib is a part of Python's own library, as in Debian's, the host's is used instead: it need not abort there.
    """
    names: set[str] = set()
    for path in (importlib.util.find_spec(module).origin for module in ("_ssl", "zlib")):
        if path == "built-in":
            continue
        linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout.split()
        for library in (part for part in linked if part.startswith("/") and any(one in part for one in LIBRARIES)):
            told = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
            rows = (line.split() for line in told.stdout.splitlines())
            names |= {row[2].split("@")[0] for row in rows if row[1] in "TWi"}
    assert {"SSL_CTX_new", "SSL_new", "EVP_DigestInit_ex"} <= names
    source = folder / "foreign.c"
    functions = (f'void {name}(void) {{ stop("{name}"); }}' for name in sorted(names - {"_init", "_fini"}))
    head = "#include <stdio.h>\n#include <stdlib.h>\nstatic void stop(const char *name) { puts(name); abort(); }"
    source.write_text("\n".join([head, *functions]))
    target = folder / "foreign"
    command = [
        "cc",
        "-w",
        "-O0",
        "-fno-builtin",
        "-rdynamic",
        source,
        HOSTS / "journey.c",
        "-o",
        target,
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(command, check=True)
    return target


LIBRARIES = ("libssl", "libcrypto", "libz.")


def test_a_host_that_exports_openssl(folder, library_file, tmp_path):
    need_c("ldd", "openssl")
    cert, key, file = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "file"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_bytes(b"x" * 100_000)
    served = Server(tmp_path, "--tls-cert", str(cert), "--tls-key", str(key))
    env = {"QUNZHU_SERVER": served.url.replace("ws:", "wss:"), "SSL_CERT_FILE": str(cert)}
    command = [library_file, "foreign", sig("foreign").decode(), file]
    run(foreign(folder), *command, env=env)
    for how in ("exit", "return", "static"):  # OpenSSL has its own end in exit()
        run(compiled("exits.c", folder), library_file, "f", sig("f").decode(), 20, how, env=env, status=7)
    served.stop()


def test_a_host_with_an_allocator_of_its_own(folder, library_file, server, tmp_path):
    program, file = folder / "allocator", tmp_path / "file"
    sources = [HOSTS / "allocator.c", HOSTS / "journey.c"]
    command = ["cc", "-w", "-O1", "-fno-builtin", "-rdynamic", *sources, "-o", program, "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    file.write_bytes(b"x" * 100_000)
    run(program, library_file, "own", sig("own").decode(), file, env=environment(server))


@pytest.mark.parametrize("how", ["end", "exit", "raise", "thread"])
def test_the_end_of_a_python_amid_calls(library_file, server, how):
    for _ in range(4):
        printed, faults = run_host("leaves.py", library_file, server.url, how)
        assert (printed, faults) == ("", "")
