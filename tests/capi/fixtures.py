"""Fixtures with the C library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from c_machine import need_c
from capi.library import Library, built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def library_file(tmp_path_factory) -> Path:
    """Make the library once."""
    need_c("cc", "nm")
    return built(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="session")
def loaded(library_file) -> Library:
    """Load the library into this process, for all its tests: it is one SDK."""
    return Library(library_file)


@pytest.fixture
def library(loaded) -> Iterator[Library]:
    """Give the library as it is before TIMInit; it is stopped after the test."""
    loaded.TIMUninit()
    yield loaded
    loaded.TIMUninit()
