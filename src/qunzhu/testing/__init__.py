"""A server for tests: ``Server`` starts one, ``Double`` is one app on it; the fixtures of pytest are in ``plugin``."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qunzhu.testing.calls import CallRefused, NoAnswer
    from qunzhu.testing.double import Double
    from qunzhu.testing.process import ServerFailed
    from qunzhu.testing.server import RunningServer, Server

__all__ = ["CallRefused", "Double", "NoAnswer", "RunningServer", "Server", "ServerFailed"]
_MODULES = {
    "CallRefused": "calls", "NoAnswer": "calls", "Double": "double", "ServerFailed": "process",
    "RunningServer": "server", "Server": "server",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: every run of pytest imports this package, for its plugin."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
