"""Where a loaded library begins: every C function gets what runs when it is called."""

import sys
from typing import Any

from qunzhu.capi.bridge import Bridge
from qunzhu.capi.functions import BY_NAME

SWITCH_SECONDS = 0.001
"""A thread that computes keeps a caller waiting no longer than this."""


def start(ffi: Any) -> None:
    """Attach every function of the interface."""
    sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))
    bridge = Bridge(ffi)
    for row in BY_NAME.values():
        ffi.def_extern(name=row.name)(bridge.entry(row))
