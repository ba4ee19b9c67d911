"""Where a loaded library begins: every C function gets what runs when it is called."""

import sys
from typing import Any

from qunzhu.capi.bridge import Bridge
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.results import BAD_PARAMETER

SWITCH_SECONDS = 0.001
"""A thread that computes keeps a caller waiting no longer than this."""


def start(ffi: Any, lib: Any) -> None:
    """Attach every function of the interface."""
    if lib.own:
        sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))
    bridge = Bridge(ffi, before=lambda: _keep_openssl(ffi, lib))
    for row in BY_NAME.values():
        error = {"error": BAD_PARAMETER} if row.returns == "int" else {}
        ffi.def_extern(name=f"py_{row.name}", **error)(bridge.entry(row))
    lib.attached = 1


def _keep_openssl(ffi: Any, lib: Any) -> None:
    """See to it that the SDK may use OpenSSL until the process has ended; before ``ssl`` is loaded."""
    import importlib.util

    found = importlib.util.find_spec("_ssl")
    if found is not None and found.has_location and found.origin:
        lib.keep_openssl(ffi.new("char[]", found.origin.encode()), sys.getdlopenflags())
