"""A receiver of callbacks for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run an app's own server."""
    with receiving() as one:
        yield one
