"""Under which address a caller reaches the server: links in answers begin with it."""

import re

import msgspec

from qunzhu.core.media import MediaRules
from qunzhu.edge.rest import Scope

HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}\Z")
_SECURE = frozenset({"https", "wss"})


def host_of(scope: Scope) -> str:
    """Return host and port that the client asked for, or a usual one where it named none that can be."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return host if HOST.match(host) else "127.0.0.1:8140"


def rules_for(rules: MediaRules, scope: Scope) -> MediaRules:
    """Return the rules with the address of this caller, unless the settings name one for all."""
    if rules.base:
        return rules
    scheme = "https" if scope.get("scheme") in _SECURE else "http"
    return msgspec.structs.replace(rules, base=f"{scheme}://{host_of(scope)}")
