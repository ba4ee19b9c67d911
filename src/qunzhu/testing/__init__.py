"""A server for tests: ``Server`` starts one, ``Double`` is one app on it; the fixtures of pytest are in ``plugin``."""

from qunzhu.testing.calls import CallRefused, NoAnswer
from qunzhu.testing.double import Double
from qunzhu.testing.server import RunningServer, Server, ServerFailed

__all__ = ["CallRefused", "Double", "NoAnswer", "RunningServer", "Server", "ServerFailed"]
