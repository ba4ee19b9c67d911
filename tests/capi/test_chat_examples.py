"""The chats in C and in ctypes: two processes talk, read the history and leave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from capi.library import WAIT, sig
from qunzhu.capi.header import NAME, header

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def programs(library_file, tmp_path_factory) -> dict[str, list[object]]:
    """Make the chat in C as its first lines say; return what starts each, the other by a Python without packages."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / NAME).write_text(header())
    subprocess.run(
        ["cc", "-Wall", "-Wextra", "-Werror", f"-I{folder}", EXAMPLES / "c/chat.c", "-o", folder / "chat",
         f"-L{library_file.parent}", "-lImSDK", f"-Wl,-rpath,{library_file.parent}", "-pthread"], check=True,
    )  # fmt: skip
    python = [sys._base_executable, "-I", EXAMPLES / "ctypes_chat.py", library_file]
    return {"c": [folder / "chat"], "ctypes": python}


class Chatter:
    """A chat of one user in a process of its own."""

    def __init__(self, command: list[object], server: str, user: str, *group: str) -> None:
        self.process = subprocess.Popen(
            [*map(str, command), user, sig(user).decode(), *group], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**os.environ, "QUNZHU_SERVER": server},
        )  # fmt: skip

    def writes(self, line: str) -> None:
        """Write a line to it."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def reads(self, wanted: str) -> str:
        """Read until a line that begins so; return it."""
        line = next((line for line in iter(self.process.stdout.readline, "") if line.startswith(wanted)), None)
        assert line is not None, self.process.stderr.read()
        return line.rstrip("\n")

    def ends(self) -> None:
        """End its input and see that it leaves in peace."""
        _, faults = self.process.communicate(timeout=WAIT)
        assert (self.process.returncode, faults) == (0, "")


@pytest.mark.parametrize(("first", "second"), [("c", "ctypes"), ("ctypes", "c")])
def test_two_talk(programs, server, first, second):
    alice = Chatter(programs[first], server.url, f"alice-{first}")
    group = alice.reads("in ").removeprefix("in ")
    bob = Chatter(programs[second], server.url, f"bob-{second}", group)
    bob.reads("in ")
    alice.writes('你好 "bob" \\ {[')
    bob.reads(f'alice-{first}: 你好 "bob" \\ {{[')
    bob.writes("hi")
    alice.reads(f"bob-{second}: hi")
    for one in (alice, bob):
        one.writes("/history")
        one.reads("-- history")
        one.reads(f"alice-{first}: 你好")
        one.reads(f"bob-{second}: hi")
    bob.writes("/quit")
    bob.ends()
    members = server.rest("group_open_http_svc/get_group_member_info", GroupId=group)["MemberList"]
    assert [one["Member_Account"] for one in members] == [f"alice-{first}"]
    alice.ends()


def test_faults_are_told(programs, server):
    for name, command in programs.items():
        done = subprocess.run(
            [*map(str, command), "eve", "wrong"], env={**os.environ, "QUNZHU_SERVER": server.url}, capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, ""), name
        assert ": 70" in done.stderr, name
