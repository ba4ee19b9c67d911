"""Kill the server at random moments under create load, over and over on one data folder, and look for what is wrong.

Every acknowledged group must be there with all its members and its notice, no group may be half there, and the
counters must equal a recount. `python -m bench kills --times 200` is the long run; the tests do a short one.
"""

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from bench import target
from bench.process import free_port

CONNECTIONS = 4
MEMBERS = 4
"""Owner and three others."""


class Outcome(msgspec.Struct, frozen=True):
    """What a run found; `faults` is empty where all is well. Times are in seconds."""

    kills: int
    acknowledged: int
    stored: int
    slowest_start: float
    faults: list[str]


class Creator(threading.Thread):
    """One connection that creates groups until the server dies, and remembers the acknowledged ids."""

    def __init__(self, port: int, pool: list[str], seed: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._pool = pool
        self._dice = random.Random(seed)
        self.acknowledged: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        path = f"/v4/group_open_http_svc/create_group?{target.query(target.signatures(1)[0], 1)}"
        try:
            while True:
                connection.request("POST", path, target.create_body(self._pool, 0, self._dice))
                reply = json.loads(connection.getresponse().read())
                if reply["ErrorCode"] == 0:
                    self.acknowledged.append(reply["GroupId"])
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()  # the server is gone: what was not read is not acknowledged


def start(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], float]:
    """Start the server on a folder; return it and the seconds to the ready line."""
    command = [sys.executable, "-m", "qunzhu", "serve", "--demo", "--data", str(folder / "data")]
    began = time.perf_counter()
    with (folder / "output.log").open("ab") as log:
        server = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, stderr=log, env=os.environ
        )
    line = server.stdout.readline() if server.stdout else b""
    if not line.startswith(target.READY):
        raise RuntimeError((folder / "output.log").read_text(errors="replace")[-2000:])
    return server, time.perf_counter() - began


def run(folder: Path, times: int, *, seed: int = 1, progress: Callable[[int], object] = lambda done: None) -> Outcome:
    """Kill the server `times` times under load in `folder`, then check what it stored."""
    dice, port, pool = random.Random(seed), free_port(), target.accounts(200)
    acknowledged: list[str] = []
    slowest = 0.0
    server, _ = start(folder, port)
    target.import_accounts(port, pool)
    for number in range(times):
        creators = [Creator(port, pool, dice.getrandbits(32)) for _ in range(CONNECTIONS)]
        for creator in creators:
            creator.start()
        time.sleep(dice.uniform(0.005, 0.4))
        server.kill()
        server.wait()
        if server.stdout:
            server.stdout.close()
        for creator in creators:
            creator.join()
            acknowledged += creator.acknowledged
        server, seconds = start(folder, port)
        slowest = max(slowest, seconds)
        progress(number + 1)
    server.terminate()
    server.wait()
    if server.stdout:
        server.stdout.close()
    stored, faults = check(folder / "data" / "apps" / str(target.SDKAPPID) / "app.db", acknowledged)
    return Outcome(times, len(acknowledged), stored, slowest, faults)


def check(database: Path, acknowledged: list[str]) -> tuple[int, list[str]]:
    """Return how many groups a database holds and everything that is wrong with them."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    groups = {row[0]: row[1:] for row in connection.execute("SELECT group_id, num, member_num, next_seq FROM groups")}
    members = dict(connection.execute("SELECT group_num, count(*) FROM members GROUP BY group_num"))
    by_user = connection.execute(
        "SELECT count(*) FROM members INDEXED BY members_by_user WHERE user_id > ''"
    ).fetchall()
    notices = dict(connection.execute("SELECT group_num, count(*) FROM messages GROUP BY group_num"))
    counters = dict(connection.execute("SELECT name, value FROM counters"))
    accounts = connection.execute("SELECT count(*) FROM accounts").fetchall()[0][0]
    connection.close()
    nums = {num for num, _, _ in groups.values()}
    faults = [f"acknowledged, but not there: {group}" for group in acknowledged if group not in groups]
    faults += [f"an id was given out twice: {len(acknowledged)} acknowledged"] * (
        len(set(acknowledged)) < len(acknowledged)
    )
    for group, (num, member_num, next_seq) in groups.items():
        found = members.get(num, 0), member_num, notices.get(num, 0), next_seq
        if found != (MEMBERS, MEMBERS, 1, 2):
            faults.append(f"half a group: {group}: members, member_num, notices, next_seq are {found}")
    faults += [f"members of no group: {num}" for num in members.keys() - nums]
    faults += [f"notices of no group: {num}" for num in notices.keys() - nums]
    recount = {"groups:Public": len(groups), "accounts": accounts, "last-group": max(nums, default=0)}
    recount["net"] = len(groups)
    told = {name: value for name, value in counters.items() if not name.startswith("net:")}
    told["net"] = sum(value for name, value in counters.items() if name.startswith("net:"))
    if told != recount:
        faults.append(f"counters say {told}, a recount {recount}")
    if by_user[0][0] != sum(members.values()):
        faults.append(f"the index by user has {by_user[0][0]} rows, the members {sum(members.values())}")
    return len(groups), faults
