"""ejabberd under the same load: rooms by `create_room_with_opts` over its HTTP API.

Debian's package, a node of its own: private configuration, spool and log in a temporary folder, one loopback port, no
distribution (so no port mapper), ended and removed afterwards. The system service of the package is never used.

What is equal: the machine, the load generator, connections, seconds, HTTP/1.1 keep-alive with a JSON body, a new stored
room or group for every request, a fresh server for every round, default settings for storage.

What is not:

* ejabberd stores an empty room: a row with its options. qunzhu stores a group, four members, counters and an event.
* ejabberd's reply does not wait for the disk. Mnesia keeps the table in memory and appends the write to a log that is
  flushed later; a crash loses the last moments. qunzhu answers after fdatasync.
* ejabberd also starts a process for every room, which stays in memory; qunzhu keeps nothing in memory for a group.
* ejabberd lets callers in by their address. qunzhu checks a signature in every request.
* ejabberd runs on all cores, qunzhu on one for its Python code. The load generator shares the same cores with both.
* In ejabberd the caller chooses the name of the room; qunzhu makes the group id.

So the comparison is of two ways to answer "make a group for my back end", each with its product's defaults; it leans
towards ejabberd. It says nothing about messages, where ejabberd may well be the faster one.
"""

import http.client
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import process
from bench.load import COUNTER, Job, post
from bench.peers import debian
from bench.peers.xmpp import Room
from bench.target import Target

SERVICE = "conference.localhost"
PATH = "/api/create_room_with_opts"
START_SECONDS = 60.0

CONFIG = """\
hosts: [localhost]
loglevel: error
listen:
  -
    port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /api: mod_http_api
api_permissions:
  "loopback admin":
    from: mod_http_api
    who:
      access:
        allow:
          - ip: 127.0.0.0/8
    what: "*"
auth_method: internal
modules:
  mod_muc: {{}}
  mod_muc_admin: {{}}
"""

ROOMS = """\
hosts: [localhost]
loglevel: error
listen:
  -
    port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 65536
    shaper: none
    access: all
auth_method: anonymous
anonymous_protocol: sasl_anon
allow_multiple_connections: true
modules:
  mod_muc:
    access: all
    history_size: 0
    max_users: 100000
    max_users_admin_threshold: 100
    min_message_interval: 0
    user_message_shaper: none
    room_shaper: none
    default_room_options:
      presence_broadcast: []
      max_users: 100000
"""


def version() -> str:
    """Return the installed package version, or an empty text."""
    return debian.version("ejabberd")


def environment(place: Path) -> dict[str, str]:
    """Return the environment of the node, with the limits that the package's own start script sets."""
    return os.environ | {
        "EJABBERD_CONFIG_PATH": f"{place}/ejabberd.yml",
        "EJABBERD_LOG_PATH": f"{place}/ejabberd.log",
        "ERL_CRASH_DUMP": f"{place}/crash.dump",
        "ERL_LIBS": str(next(Path("/usr/lib").glob("*-linux-gnu/ejabberd-*/ebin")).parent.parent),
        "ERL_MAX_PORTS": "32000",
        "ERL_MAX_ETS_TABLES": "1400",
        "HOME": str(place),
    }


def command(place: Path) -> list[str]:
    """Return the command line of the node; +K and +P are the package's own settings (kernel poll, most processes).

    +P is higher than the package's 250,000 because every room is a process, and the load must not run into the limit.
    """
    return ["erl", "+K", "true", "+P", "2000000", "-noinput", "-mnesia", "dir", f'"{place}/spool"', "-s", "ejabberd"]


def await_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the API answers; raise with the node's output if it ends or takes too long."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            call(port, "/api/status", {})
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"ejabberd did not become ready:\n{log.read_text(errors='replace')[-2000:]}")


def call(port: int, path: str, body: dict[str, object]) -> object:
    """Make one API call and return its decoded reply."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply: object = json.loads(connection.getresponse().read())
    connection.close()
    return reply


def create_request(port: int) -> bytes:
    """Return the request for one room: persistent, with a title; its name ends in the load's counter."""
    options = [{"name": "persistent", "value": "true"}, {"name": "title", "value": "bench"}]
    room = {"name": f"room{COUNTER.decode()}", "service": SERVICE, "host": "localhost", "options": options}
    return post(PATH, f"127.0.0.1:{port}", json.dumps(room, separators=(",", ":")).encode())


def create_job(port: int) -> Job:
    """Return the job against `port`: ejabberd answers a good creation with the body `0`."""
    return Job("127.0.0.1", port, 1, 1.0, (create_request(port),), expect=b"0", exact=True, counter=True)


def rooms(target: Target) -> int:
    """Return how many rooms the service has, to compare with the number of good replies."""
    listed = call(target.job.port, "/api/muc_online_rooms", {"service": SERVICE})
    return len(listed) if isinstance(listed, list) else -1


@contextmanager
def ejabberd(folder: Path) -> Iterator[Target]:
    """Start a fresh node in a new folder under `folder`; stop and remove it after."""
    debian.install("ejabberd")
    port = process.free_port()
    with tempfile.TemporaryDirectory(prefix="ejabberd-bench-", dir=folder) as place:
        log = Path(place) / "output.log"
        (Path(place) / "spool").mkdir()
        (Path(place) / "ejabberd.yml").write_text(CONFIG.format(port=port))
        with process.started(command(Path(place)), env=environment(Path(place)), log=log) as server:
            await_ready(server, port, log)
            yield Target(f"ejabberd {version()}", server.pid, create_job(port))


@contextmanager
def rooms_of(folder: Path, size: int) -> Iterator[tuple[Room, int]]:
    """Start a fresh node with multi-user chat; give how to speak to it, and its process session."""
    debian.install("ejabberd")
    port = process.free_port()
    with tempfile.TemporaryDirectory(prefix="ejabberd-bench-", dir=folder) as place:
        log = Path(place) / "output.log"
        (Path(place) / "spool").mkdir()
        (Path(place) / "ejabberd.yml").write_text(ROOMS.format(port=port))
        with process.started(command(Path(place)), env=environment(Path(place)), log=log) as server:
            debian.await_port(server, port, log)
            yield Room(port, "localhost", "bench@conference.localhost", size), server.pid
