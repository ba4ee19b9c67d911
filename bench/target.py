"""What is measured: qunzhu as a process of its own, with a data folder of its own, and the requests to load it with."""

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import process, sign
from bench.load import Job, post

SDKAPPID = 1400000000
ADMIN = "administrator"
DEMO_KEY = "qunzhu-demo-key-for-local-use-only"
ACCOUNTS = 2_000
IMPORT_AT_ONCE = 100
MEMBERS = 3
REQUESTS = 4_096
SIGNATURES = 16
READY = b"qunzhu ready"
START_SECONDS = 30.0


class Target(msgspec.Struct, frozen=True):
    """A running server: its name in the tables, its process session (0 if none), and a job without load or time."""

    name: str
    session: int
    job: Job


def accounts(count: int = ACCOUNTS) -> list[str]:
    """Return the user names of the pool."""
    return [f"user{number:05d}" for number in range(count)]


def query(signature: str, number: int) -> str:
    """Return the query string of a server REST call."""
    return f"sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={signature}&random={number}&contenttype=json"


def signatures(count: int = SIGNATURES) -> list[str]:
    """Return different valid signatures, as the machines of one back end would hold them."""
    now = int(time.time())
    return [sign.usersig(DEMO_KEY, ADMIN, SDKAPPID, issued=now - age) for age in range(count)]


def create_body(pool: Sequence[str], number: int, dice: random.Random) -> bytes:
    """Return a create_group body: a Public group with an owner and three members, all four different."""
    owner, *others = dice.sample(pool, MEMBERS + 1)
    members = [{"Member_Account": user} for user in others]
    body = {"Type": "Public", "Name": f"group {number}", "Owner_Account": owner, "MemberList": members}
    return json.dumps(body, separators=(",", ":")).encode()


def create_requests(port: int, pool: Sequence[str], count: int = REQUESTS) -> tuple[bytes, ...]:
    """Return ready create_group requests. The seed is fixed: every run and every version gets the same ones."""
    dice = random.Random(20_240)
    signed = signatures()
    return tuple(
        post(
            f"/v4/group_open_http_svc/create_group?{query(signed[number % len(signed)], dice.getrandbits(32))}",
            f"127.0.0.1:{port}",
            create_body(pool, number, dice),
        )
        for number in range(count)
    )


def import_accounts(port: int, pool: Sequence[str]) -> None:
    """Import the pool, a hundred at a time, and fail on the first reply that is not OK."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    path = f"/v4/im_open_login_svc/multiaccount_import?{query(signatures(1)[0], 1)}"
    for start in range(0, len(pool), IMPORT_AT_ONCE):
        body = json.dumps({"Accounts": list(pool[start : start + IMPORT_AT_ONCE])})
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        reply = json.loads(connection.getresponse().read())
        if reply.get("ErrorCode") != 0 or reply.get("FailAccounts"):
            raise RuntimeError(f"the accounts of the pool were not imported: {reply}")
    connection.close()


def create_job(port: int, pool: Sequence[str]) -> Job:
    """Return the create_group job against `port`; connections and seconds are filled in by the caller."""
    return Job("127.0.0.1", port, 1, 1.0, create_requests(port, pool), expect=b'"ErrorCode":0')


def await_ready(server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the line that says that the server is ready; raise with its output if it ends or takes too long."""
    until = time.monotonic() + START_SECONDS
    while not any(line.startswith(READY) for line in log.read_bytes().splitlines()):
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the server did not become ready:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


@contextmanager
def served(place: Path, options: Sequence[str] = (), module: str = "qunzhu") -> Iterator[Target]:
    """Start `qunzhu serve --demo` with its data in a folder that is there; stop it after. `module` stands for it."""
    port, log = process.free_port(), place / "output.log"
    command = [
        sys.executable,
        "-m",
        module,
        "serve",
        "--demo",
        "--data",
        f"{place}/data",
        "--listen",
        f"127.0.0.1:{port}",
        *options,
    ]
    with process.started(command, env=os.environ, log=log) as server:
        await_ready(server, log)
        yield Target("qunzhu", server.pid, Job("127.0.0.1", port, 1, 1.0, (), expect=b'"ErrorCode":0'))


@contextmanager
def qunzhu(folder: Path, options: Sequence[str] = (), module: str = "qunzhu") -> Iterator[Target]:
    """Start `qunzhu serve --demo` in a new folder under `folder`, import the accounts, and stop and remove it after."""
    pool = accounts()
    with (
        tempfile.TemporaryDirectory(prefix="qunzhu-bench-", dir=folder) as place,
        served(Path(place), options, module) as up,
    ):
        import_accounts(up.job.port, pool)
        yield Target("qunzhu", up.session, create_job(up.job.port, pool))
