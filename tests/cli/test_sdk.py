"""``qunzhu sdk``: making the library, its header, and its place in an app."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from c_machine import need_c
from qunzhu import __version__
from qunzhu.capi import needs
from qunzhu.capi.build import NAME
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.install import name_here

SOURCES, PACKAGED = "node_modules/im_electron_sdk/lib/linux/lib", "resources/linux/lib"


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Make the library once, by the command."""
    need_c()
    folder = tmp_path_factory.mktemp("library")
    done = subprocess.run(
        [sys.executable, "-m", "qunzhu", "sdk", "build", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    made = json.loads(done.stdout)
    assert made["library"] == str(folder / "qunzhu-sdk" / NAME)
    assert made["bytes"] == Path(made["library"]).stat().st_size
    assert (made["python"], made["compiled"]) == (sys.executable, True)
    assert [path.name for path in (folder / "qunzhu-sdk").iterdir()] == [NAME]
    return Path(made["library"])


@pytest.fixture
def app(tmp_path) -> Path:
    """Make an app's folder with the package and a library that stands for the original."""
    place = tmp_path / "app" / SOURCES
    place.mkdir(parents=True)
    (place / name_here()).write_bytes(b"\x7fELF the original")
    return tmp_path / "app"


def test_the_library_has_every_function(library):
    code = f"import ctypes; x = ctypes.CDLL({str(library)!r}); print([n for n in {list(BY_NAME)} if not hasattr(x, n)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_program_in_c_is_made_as_the_command_says(library, qunzhu, tmp_path):
    assert qunzhu("sdk", "header").code == 0
    Path("app.c").write_text(
        '#include "TIMCloud.h"\n#include <stdio.h>\n'
        'int main(void) { printf("%s %d\\n", TIMGetSDKVersion(), TIMLogout(0, 0)); return 0; }\n'
    )
    place = library.parent
    command = ["cc", "app.c", "-o", "app", f"-L{place}", "-lImSDK", f"-Wl,-rpath,{place}"]
    subprocess.run(command, check=True)
    assert (
        subprocess.run([tmp_path / "app"], capture_output=True, text=True, check=True).stdout == f"{__version__} -1\n"
    )


def test_what_is_printed_says_what_to_do_next(library, qunzhu):
    answer = qunzhu("sdk", "build", "--out", "here")
    assert answer.code == 0
    assert answer.out.startswith(f"Library\t{Path('here').resolve() / NAME}\n")
    for what in ("qunzhu sdk install", "qunzhu sdk header", "QUNZHU_SERVER", sys.executable):
        assert what in answer.out
    first = Path("here", NAME).stat().st_ino
    assert qunzhu("sdk", "build", "--out", "here").code == 0
    assert Path("here", NAME).stat().st_ino != first  # who has the old one loaded keeps it


def test_what_is_missing_is_named_with_what_to_install(qunzhu, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "/nowhere" if name == "LIBDIR" else "3.99")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: f"/nowhere/{name}")
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda name: None)
    error = qunzhu("sdk", "build", "--json", CC="/nowhere/cc").error
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert error["missing"] == [
        "a C compiler", "Python's headers", "Python's shared library", "the Python package cffi",
    ]  # fmt: skip
    assert error["packages"] == ["gcc", "libc6-dev", f"libpython{version}-dev"]
    assert f"apt-get install gcc libc6-dev libpython{version}-dev" in error["advice"]
    assert error["advice"].endswith(f"install --python {sys.executable} 'cffi>=2.1.1'")


def test_a_folder_that_cannot_be_made(qunzhu, tmp_path):
    need_c()
    (tmp_path / "file").write_text("")
    answer = qunzhu("sdk", "build", "--out", "file/below")
    assert (answer.code, "--out" in answer.err) == (1, True)


def test_a_compiler_that_fails_is_quoted(qunzhu, tmp_path):
    need_c()
    bad = tmp_path / "bad-cc"
    bad.write_text("#!/bin/sh\necho 'no room left' >&2\nexit 1\n")
    bad.chmod(0o755)
    answer = qunzhu("sdk", "build", CC=str(bad))
    assert (answer.code, "no room left" in answer.err) == (1, True)
    assert list(Path("qunzhu-sdk").iterdir()) == []


def test_into_an_app_and_out_again(library, app, qunzhu):
    target = app / SOURCES / name_here()
    aside = target.with_name(target.name + ".original")
    for _ in range(2):
        [place] = qunzhu("sdk", "install", app, "--library", library, "--json").json["places"]
        assert place == {"path": str(target), "state": "installed", "original": str(aside)}
        assert target.read_bytes() == library.read_bytes()
        assert aside.read_bytes() == b"\x7fELF the original"
        assert stat.S_IMODE(target.stat().st_mode) == 0o755
        assert len(list(target.parent.iterdir())) == 2
    [place] = qunzhu("sdk", "install", app, "--undo", "--json").json["places"]
    assert place == {"path": str(target), "state": "restored", "original": None}
    assert target.read_bytes() == b"\x7fELF the original"
    assert not aside.exists()
    assert qunzhu("sdk", "install", app, "--undo", "--json").json["places"][0]["state"] == "untouched"
    assert target.read_bytes() == b"\x7fELF the original"


def test_an_original_that_npm_put_back_is_kept(library, app, qunzhu):
    target = app / SOURCES / name_here()
    qunzhu("sdk", "install", app, "--library", library)
    target.write_bytes(b"\x7fELF a newer original")
    assert qunzhu("sdk", "install", app, "--undo", "--json").json["places"][0]["state"] == "untouched"
    assert target.read_bytes() == b"\x7fELF a newer original"
    qunzhu("sdk", "install", app, "--library", library)
    qunzhu("sdk", "install", app, "--undo")
    assert target.read_bytes() == b"\x7fELF a newer original"


def test_a_packaged_app_and_a_package_without_a_library(library, qunzhu, tmp_path):
    (tmp_path / "app" / PACKAGED).mkdir(parents=True)
    (tmp_path / "app" / SOURCES).mkdir(parents=True)
    answer = qunzhu("sdk", "install", "app", "--library", library)
    assert answer.out.count("installed\t") == 2
    assert "QUNZHU_SERVER" in answer.out
    states = [place["state"] for place in qunzhu("sdk", "install", "app", "--undo", "--json").json["places"]]
    assert states == ["removed", "removed"]
    assert [path for path in (tmp_path / "app").rglob("*") if path.is_file()] == []


def test_the_name_on_arm64(library, app, qunzhu, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    [place] = qunzhu("sdk", "install", app, "--library", library, "--json").json["places"]
    assert place["path"].endswith("libImSDK_arm64.so")


def test_folders_that_are_no_such_app(library, qunzhu, tmp_path):
    (tmp_path / "empty").mkdir()
    answer = qunzhu("sdk", "install", "empty", "--library", library)
    assert answer.code == 1
    assert f"no {SOURCES} or {PACKAGED}" in answer.err
    assert "is not a folder" in qunzhu("sdk", "install", "nowhere", "--library", library).err
    (tmp_path / "half/node_modules/im_electron_sdk").mkdir(parents=True)
    assert "not whole" in qunzhu("sdk", "install", "half", "--library", library).err


def test_libraries_that_are_none_of_ours(app, qunzhu, tmp_path):
    answer = qunzhu("sdk", "install", app)
    assert (answer.code, "qunzhu sdk build" in answer.err) == (1, True)
    (tmp_path / "other.so").write_bytes(b"\x7fELF somebody else's")
    (tmp_path / "empty.so").write_bytes(b"")
    for name in ("other.so", "empty.so"):
        assert "no library of qunzhu" in qunzhu("sdk", "install", app, "--library", name).err
    assert (app / SOURCES / name_here()).read_bytes() == b"\x7fELF the original"


def test_a_place_that_cannot_be_written(library, app, qunzhu):
    target = app / SOURCES / name_here()
    target.unlink()
    target.mkdir()
    answer = qunzhu("sdk", "install", app, "--library", library)
    assert (answer.code, answer.err) == (1, f"qunzhu: {target}: Is a directory\n  may you write there?\n")
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_the_header_is_written_and_renewed_but_nothing_else_is(qunzhu, tmp_path):
    made = qunzhu("sdk", "header", "--json").json
    assert made == {
        "header": str(tmp_path / "TIMCloud.h"), "functions": 240, "callbacks": 72, "enums": 57, "keys": 793,
    }  # fmt: skip
    text = Path("TIMCloud.h").read_text()
    assert "Functions\t240" in qunzhu("sdk", "header").out
    assert qunzhu("sdk", "header", "--out", "-").out == text
    Path("other.h").write_text("/* mine */\n")
    answer = qunzhu("sdk", "header", "--out", "other.h")
    assert (answer.code, Path("other.h").read_text()) == (1, "/* mine */\n")
    assert qunzhu("sdk", "header", "--out", "no/folder.h").code == 1
