"""Prosody's multi-user chat rooms under the fan-out load. Debian's package, a process of its own on a loopback port.

What is equal and what is not stands in `bench/README.md`: the two XMPP servers are measured alike.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import process
from bench.peers import debian
from bench.peers.xmpp import Room

CONFIG = """\
run_as_root = true
daemonize = false
pidfile = "{place}/prosody.pid"
data_path = "{place}/data"
log = {{ warn = "{place}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{}}
http_ports = {{}}
https_ports = {{}}
modules_enabled = {{ "saslauth", "disco" }}
modules_disabled = {{ "s2s", "tls", "http", "limits" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
storage = "memory"
VirtualHost "localhost"
    authentication = "anonymous"
Component "conference.localhost" "muc"
    muc_room_locking = false
    muc_room_default_history_length = 0
    muc_room_default_presence_broadcast = {{ visitor = false, participant = false, moderator = false }}
"""


def version() -> str:
    """Return the installed package version, or an empty text."""
    return debian.version("prosody")


@contextmanager
def prosody(folder: Path, size: int) -> Iterator[tuple[Room, int]]:
    """Start a fresh Prosody in a new folder under `folder`; give how to speak to it, and its process session."""
    debian.install("prosody")
    port = process.free_port()
    with tempfile.TemporaryDirectory(prefix="prosody-bench-", dir=folder) as place:
        (Path(place) / "data").mkdir()
        config = Path(place) / "prosody.cfg.lua"
        config.write_text(CONFIG.format(place=place, port=port))
        with process.started(
            ["prosody", "-F", "--config", str(config)], env=os.environ, log=Path(place) / "output.log"
        ) as server:
            debian.await_port(server, port, Path(place) / "output.log")
            yield Room(port, "localhost", "bench@conference.localhost", size), server.pid
