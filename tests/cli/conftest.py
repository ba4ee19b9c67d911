"""The command line as a function, and a real server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cli.servers import Answer, Server
from qunzhu.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """Take the caller's settings away, and work in an empty folder."""
    for name in list(os.environ):
        if name.startswith("QUNZHU_") and name not in {"QUNZHU_PYTHON", "QUNZHU_VENV"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def qunzhu() -> Callable[..., Answer]:
    """Run the command line in this process."""

    def run(*words: object, stdin: str = "", **env: str) -> Answer:
        result = CliRunner(env=env).invoke(main, [str(word) for word in words], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory) -> Path:
    """Name the data folder of the demo server."""
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def demo(demo_folder) -> Server:
    """Run one demo server for a module."""
    server = Server("--demo", "--data", str(demo_folder))
    yield server
    server.stop()
