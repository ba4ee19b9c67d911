"""What reads request bodies is made when it is needed, and by whom it is needed."""

import subprocess
import sys

import qunzhu.commands  # noqa: F401 - fills the command table
from qunzhu.core.command import BY_NAME

MADE = {"decoder", "check", "quick", "accounts", "old_marks"}
LEFT_OUT = """
import qunzhu.tim
from qunzhu.core.command import BY_NAME
print(len(BY_NAME), [name for name, row in BY_NAME.items() if vars(row)])
"""


def test_a_client_makes_nothing_that_reads_requests():
    found = subprocess.run([sys.executable, "-c", LEFT_OUT], check=True, capture_output=True, text=True).stdout
    commands, made = found.split(maxsplit=1)
    assert int(commands) > 100
    assert made.strip() == "[]"


def test_a_server_can_make_it_beforehand():
    for command in BY_NAME.values():
        command.prepare()
        assert vars(command).keys() == MADE
