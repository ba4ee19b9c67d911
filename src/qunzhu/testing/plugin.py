"""The pytest plugin: fixtures ``qunzhu_server`` (a server for the whole run) and ``qunzhu`` (an app for each test)."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from qunzhu.testing.double import Double
    from qunzhu.testing.server import RunningServer, Server

SCOPES = ("test", "session")
MARKER = (
    "qunzhu(scope=..., **values): how the fixture qunzhu makes the app: scope 'test' (one for each test) or 'session',"
    " and an app's values, such as plan='2025-pro'"
)
DEMO_SDKAPPID, DEMO_KEY, DEMO_ADMIN = 1400000000, "qunzhu-demo-key-for-local-use-only", "administrator"
_SERVER = (
    ("url", "A running server, whose controls are on, instead of one of the run's own."),
    ("data", "Its data folder, if it is on this machine: each test then has an app of its own there."),
    ("app", "SDKAppID of the app there that is reset for each test, unless --qunzhu-data is given; else the demo app."),
    ("key", "That app's secret key."),
    ("admin", "That app's administrator."),
)
"""Options that name a running server."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings."""
    group = parser.getgroup("qunzhu", "a group messaging server for tests")
    for name, text in _SERVER:
        group.addoption(f"--qunzhu-{name}", metavar=name.upper(), help=text)
    group.addoption("--qunzhu-scope", choices=SCOPES, help="One app for each test, or one for the run.")
    parser.addini("qunzhu_scope", "One app for each test (test), or one for the run (session).", default="test")
    parser.addini("qunzhu_https", "Serve HTTPS with an authority made for the run.", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse what cannot be isolated."""
    config.addinivalue_line("markers", MARKER)
    if (scope := config.getini("qunzhu_scope")) not in SCOPES:
        raise pytest.UsageError(f"qunzhu_scope: {scope!r} is not one of {', '.join(SCOPES)}")
    alone = config.getoption("qunzhu_data") or len(config.getoption("tx", None) or ()) < 2
    if config.getoption("qunzhu_url") and not alone:
        raise pytest.UsageError("--qunzhu-url: workers would reset each other's app; give --qunzhu-data as well")


@pytest.fixture(scope="session")
def qunzhu_server(pytestconfig: pytest.Config) -> "Iterator[Server | RunningServer]":
    """Serve to all tests of this process: on a free port of 127.0.0.1, data in a temporary folder."""
    from qunzhu.testing.double import Double
    from qunzhu.testing.server import RunningServer, Server

    named = {name: pytestconfig.getoption(f"qunzhu_{name}") for name, _ in _SERVER}
    if named["url"]:
        app = Double(
            named["url"], int(named["app"] or DEMO_SDKAPPID), named["key"] or DEMO_KEY, named["admin"] or DEMO_ADMIN,
            ca=os.environ.get("QUNZHU_CA"),
        )  # fmt: skip
        yield RunningServer(app, named["data"])
        return
    with Server(https=pytestconfig.getini("qunzhu_https")) as server:
        yield server


@pytest.fixture(scope="session")
def _qunzhu_of_the_run(qunzhu_server: "Server | RunningServer") -> "Iterator[Double]":
    with qunzhu_server.app() as app:
        yield app


@pytest.fixture
def qunzhu(request: pytest.FixtureRequest, qunzhu_server: "Server | RunningServer") -> "Iterator[Double]":
    """Give an app of the test's own, or the run's: url, sdkappid, key, usersig(), rest(), and the double's controls."""
    marker = request.node.get_closest_marker("qunzhu")
    values = dict(marker.kwargs) if marker else {}
    config = request.config
    scope = values.pop("scope", None) or config.getoption("qunzhu_scope") or config.getini("qunzhu_scope")
    if scope not in SCOPES or (scope == "session" and values):
        pytest.fail(
            f"marker qunzhu: scope {scope!r} with {values}; it is test, or session without values", pytrace=False
        )
    if scope == "session":
        yield request.getfixturevalue("_qunzhu_of_the_run")
        return
    with qunzhu_server.app(**values) as app:
        yield app
