"""Kill the server at random moments under load, over and over on one data folder, and look for what is wrong.

Groups are created; in some somebody then says something, others are dissolved. Every acknowledged group must be there
with all its members and its notice, every acknowledged message too, no group may be half there, and counters and
meters must equal a recount: the meters after each kill, before the server starts again. `python -m bench kills
--times 200` is the long run; the tests do a short one.
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
from typing import Any

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
    messages: int
    dissolved: int
    """Acknowledged, as the messages."""
    slowest_start: float
    faults: list[str]


TALKS, DISSOLVES = 0.3, 0.25
"""In which part of the groups something is said, and which part is dissolved at once."""


class Creator(threading.Thread):
    """One connection that creates groups until the server dies, and remembers what was acknowledged."""

    def __init__(self, port: int, pool: list[str], seed: int) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._pool = pool
        self._dice = random.Random(seed)
        self._query = target.query(target.signatures(1)[0], 1)
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []
        """Groups whose end was asked for, but not acknowledged."""
        self.messages = self.dissolved = 0

    def run(self) -> None:
        try:
            while True:
                self._create()
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()  # the server is gone: what was not read is not acknowledged

    def _create(self) -> None:
        reply = self._call("create_group", target.create_body(self._pool, 0, self._dice))
        if reply["ErrorCode"]:
            return
        group, fate = reply["GroupId"], self._dice.random()
        self.acknowledged.append(group)
        if fate < DISSOLVES:
            self.unsure.append(self.acknowledged.pop())
            if self._call("destroy_group", json.dumps({"GroupId": group}).encode())["ErrorCode"] == 0:
                self.unsure.pop()
                self.dissolved += 1
        elif fate < DISSOLVES + TALKS:
            body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
            message = {"GroupId": group, "Random": self._dice.getrandbits(32), "MsgBody": body}
            self.messages += self._call("send_group_msg", json.dumps(message).encode())["ErrorCode"] == 0

    def _call(self, command: str, body: bytes) -> Any:
        self._connection.request("POST", f"/v4/group_open_http_svc/{command}?{self._query}", body)
        return json.loads(self._connection.getresponse().read())


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


class Kept:
    """What was acknowledged in all, and what is wrong."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []
        self.messages = self.dissolved = 0
        self.faults: list[str] = []

    def take(self, creators: list[Creator]) -> None:
        """Take what connections had acknowledged when the server died."""
        for creator in creators:
            creator.join()
            self.acknowledged += creator.acknowledged
            self.unsure += creator.unsure
            self.messages += creator.messages
            self.dissolved += creator.dissolved


def run(folder: Path, times: int, *, seed: int = 1, progress: Callable[[int], object] = lambda done: None) -> Outcome:
    """Kill the server `times` times under load in `folder`, and check what it stored."""
    dice, port, pool = random.Random(seed), free_port(), target.accounts(200)
    kept, slowest = Kept(), 0.0
    database = folder / "data" / "apps" / str(target.SDKAPPID) / "app.db"
    server, _ = start(folder, port)
    target.import_accounts(port, pool)
    for number in range(times):
        creators = [Creator(port, pool, dice.getrandbits(32)) for _ in range(CONNECTIONS)]
        for creator in creators:
            creator.start()
        time.sleep(dice.uniform(0.005, 0.4))
        server.kill()
        _end(server)
        kept.take(creators)
        kept.faults += [f"kill {number + 1}: {fault}" for fault in metered(database, kept)]
        server, seconds = start(folder, port)
        slowest = max(slowest, seconds)
        progress(number + 1)
    server.terminate()
    _end(server)
    stored, faults = check(database, kept)
    return Outcome(
        times, len(kept.acknowledged), stored, kept.messages, kept.dissolved, slowest, [*kept.faults, *faults]
    )


def _end(server: subprocess.Popen[bytes]) -> None:
    server.wait()
    if server.stdout:
        server.stdout.close()


def metered(database: Path, kept: Kept) -> list[str]:
    """Return where the meters differ from a recount of a database that no server has open."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)  # which leaves the log as it is
    rows = list(connection.execute("SELECT day, name, value FROM meters"))

    def one(sql: str) -> int:
        return int(connection.execute(sql).fetchall()[0][0])

    def total(name: str) -> int:
        return sum(value for day, meter, value in rows if meter == name and len(day) == len("YYYY-MM-DD"))

    groups, members = one("SELECT count(*) FROM groups"), one("SELECT count(*) FROM members")
    accounts, messages = one("SELECT count(*) FROM accounts"), one("SELECT count(random) FROM messages")
    created, peak = total("created.Public"), max((value for _, name, value in rows if name == "peak.groups"), default=0)
    connection.close()
    pairs = {
        "created less dissolved": (created - total("dissolved.Public"), groups),
        "joined less left": (total("joined") - total("left"), members),
        "joined": (total("joined"), MEMBERS * created),
        "registered": (total("registered"), accounts),
        "messages": (total("messages.Public"), messages),
    }
    found = [
        f"meter {name} is {meter}, a recount {counted}" for name, (meter, counted) in pairs.items() if meter != counted
    ]
    if not groups <= peak <= created:
        found.append(f"the peak of groups is {peak}, with {groups} there and {created} created")
    if messages < kept.messages or total("dissolved.Public") < kept.dissolved:
        found.append(
            f"{kept.messages} messages and {kept.dissolved} ends of groups were acknowledged, not all are there"
        )
    return found


def check(database: Path, kept: Kept) -> tuple[int, list[str]]:
    """Return how many groups a database holds and everything that is wrong with them."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    groups = {row[0]: row[1:] for row in connection.execute("SELECT group_id, num, member_num, next_seq FROM groups")}
    members = dict(connection.execute("SELECT group_num, count(*) FROM members GROUP BY group_num"))
    by_user = connection.execute(
        "SELECT count(*) FROM members INDEXED BY members_by_user WHERE user_id > ''"
    ).fetchall()
    rows = "SELECT group_num, count(*) - count(random), count(random) FROM messages GROUP BY group_num"
    stream = {num: (notices, messages) for num, notices, messages in connection.execute(rows)}
    doomed = {num for (num,) in connection.execute("SELECT group_num FROM doomed")}
    counters = dict(connection.execute("SELECT name, value FROM counters"))
    accounts = connection.execute("SELECT count(*) FROM accounts").fetchall()[0][0]
    created = connection.execute("SELECT sum(value) FROM meters WHERE name = 'created.Public'").fetchall()[0][0]
    connection.close()
    acknowledged, nums = kept.acknowledged, {num for num, _, _ in groups.values()}
    faults = [f"acknowledged, but not there: {group}" for group in acknowledged if group not in groups]
    faults += [f"an id was given out twice: {len(acknowledged)} acknowledged"] * (
        len(set(acknowledged)) < len(acknowledged)
    )
    for group, (num, member_num, next_seq) in groups.items():
        notices, messages = stream.get(num, (0, 0))
        found = members.get(num, 0), member_num, notices, next_seq
        if found != (MEMBERS, MEMBERS, 1, 2 + messages):
            faults.append(f"half a group: {group}: members, member_num, notices, next_seq are {found}")
    faults += [f"members of no group: {num}" for num in members.keys() - nums]
    faults += [f"messages of no group: {num}" for num in stream.keys() - nums - doomed]
    recount = {"groups:Public": len(groups), "accounts": accounts, "last-group": created, "net": len(groups)}
    told = {name: value for name, value in counters.items() if name in recount}
    told["net"] = sum(value for name, value in counters.items() if name.startswith("net:"))
    if told != recount:
        faults.append(f"counters say {told}, a recount {recount}")
    if by_user[0][0] != sum(members.values()):
        faults.append(f"the index by user has {by_user[0][0]} rows, the members {sum(members.values())}")
    return len(groups), faults
