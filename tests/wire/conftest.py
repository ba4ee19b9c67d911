"""The application in this process, and a real server."""

import pytest

from served import server
from wire.doors import Door

__all__ = ["server"]


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """Open the doors of a demo server, with a few accounts."""
    opened = Door(tmp_path_factory.mktemp("door"))
    opened.call("im_open_login_svc/multiaccount_import", {"Accounts": ["alice", "bob", "carol"]})
    yield opened
    opened.close()
