"""The example in C, made as its first lines say, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from c_machine import need_c
from qunzhu.capi.build import build
from qunzhu.capi.header import NAME, header
from served import usersig

EXAMPLE = Path(__file__).parents[2] / "examples/c/create_group.c"


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """Compile the example."""
    need_c()
    folder = tmp_path_factory.mktemp("example")
    (folder / NAME).write_text(header())
    library = build(folder)
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{folder}", str(EXAMPLE), "-o",
               str(folder / "create_group"), f"-L{folder}", "-lImSDK", f"-Wl,-rpath,{folder}", "-pthread"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert library.is_file()
    return folder / "create_group"


def run(program: Path, *words: object, **env: str) -> tuple[int, str, str]:
    """Run the example; return exit status, output and what stands on standard error."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUNZHU_", "PYTHON"))}
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, env=clean | env, timeout=60,
                          check=False)  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_it_creates_a_group_on_the_server_of_the_environment(program, server):
    code, out, err = run(program, "alice", usersig("alice"), QUNZHU_SERVER=server.url)
    assert (code, err) == (0, ""), (out, err)
    answer = json.loads(out.removeprefix("0 "))
    group = answer["create_group_result_groupid"]
    [info] = server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["GroupInfo"]
    assert (info["Name"], info["Owner_Account"]) == ("a first group", "alice")


def test_the_server_of_a_file(program, server, tmp_path):
    (tmp_path / "qunzhu.json").write_text(json.dumps({"server": server.url}))
    assert run(program, "bob", usersig("bob"), tmp_path)[0] == 0
    code, out, _ = run(program, "bob", usersig("bob"), tmp_path, QUNZHU_SERVER="ws://127.0.0.1:9")
    assert (code, out.startswith("9511 ")) == (1, True), out


def test_wrong_values_are_told(program, server, tmp_path):
    code, out, _ = run(program, "bob", "wrong", QUNZHU_SERVER=server.url)
    assert (code, out.startswith("70")) == (1, True), out
    code, out, _ = run(program, "bob", usersig("bob"), QUNZHU_SERVER="ftp://127.0.0.1")
    assert (code, out) == (1, "-4 server: 'ftp://127.0.0.1' is not a URL such as ws://127.0.0.1:8140\n")
    code, out, _ = run(program, "bob", usersig("bob"), QUNZHU_CA=str(tmp_path / "no.pem"))
    assert (code, "no.pem: No such file" in out) == (1, True), out
    (tmp_path / "qunzhu.json").write_text("{")
    code, out, err = run(program, "bob", usersig("bob"), tmp_path)
    assert (code, out) == (1, "start: -4\n")
    assert f"{tmp_path}/qunzhu.json" in err
