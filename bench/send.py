"""Sending messages over REST: the load, and the SQL of one message for the bare store loop."""

import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import apsw
import msgspec

import qunzhu.commands
from bench import target
from bench.groups import Caller
from bench.limits import BATCH, Bindings, Workload
from bench.load import COUNTER, Job, post
from qunzhu.core.command import BY_NAME
from qunzhu.core.events import encode_event
from qunzhu.core.ports import REST, App, AppSettings, Who
from qunzhu.store.batch import WRITE_COUNTER, EngineTx, Memory, Nobody
from qunzhu.store.migrate import scripts
from qunzhu.store.sql import SQLITE_WORDS, schema
from qunzhu.store.sqlite import WRITER_CACHE_KIB

GROUPS = 1000
"""Messages go to them in turn: so none comes near the 40 in a second that a group may have."""
TEXT_BYTES = 200
FIRST = 1_000_000_000
"""Where the running number begins: it stands for Random, and a JSON number has no zeros in front."""


def crew(number: int, pool: Sequence[str]) -> list[str]:
    """Return the owner and the three members of a group, all four different."""
    return random.Random(number).sample(pool, target.MEMBERS + 1)


def group(number: int, pool: Sequence[str]) -> dict[str, Any]:
    """Return the create_group body of one group."""
    owner, *others = crew(number, pool)
    members = [{"Member_Account": user} for user in others]
    return {
        "Type": "Public",
        "Name": "send",
        "GroupId": f"send-{number}",
        "Owner_Account": owner,
        "MemberList": members,
    }


def message(number: int, pool: Sequence[str], dice: random.Random) -> dict[str, Any]:
    """Return a send_group_msg body: one of the members says something to his group."""
    place = number % GROUPS
    content = {"MsgType": "TIMTextElem", "MsgContent": {"Text": f"message {number} ".ljust(TEXT_BYTES, "x")}}
    return {
        "GroupId": f"send-{place}",
        "From_Account": dice.choice(crew(place, pool)),
        "Random": 0,
        "MsgBody": [content],
    }


def requests(port: int, pool: Sequence[str], count: int = target.REQUESTS) -> tuple[bytes, ...]:
    """Return ready requests whose Random is the load's running number."""
    dice, signed = random.Random(20_240), target.signatures()
    found = []
    for number in range(count):
        query = target.query(signed[number % len(signed)], dice.getrandbits(32))
        body = json.dumps(message(number, pool, dice), separators=(",", ":"))
        body = body.replace('"Random":0', f'"Random":{COUNTER.decode()}')
        found.append(post(f"/v4/group_open_http_svc/send_group_msg?{query}", f"127.0.0.1:{port}", body.encode()))
    return tuple(found)


@contextmanager
def qunzhu(folder: Path, options: Sequence[str] = ()) -> Iterator[target.Target]:
    """Start qunzhu with its accounts and the groups; a good reply is one of a message that has its place."""
    pool = target.accounts()
    with (
        tempfile.TemporaryDirectory(prefix="send-bench-", dir=folder) as place,
        target.served(Path(place), options) as up,
    ):
        port = up.job.port
        target.import_accounts(port, pool)
        call = Caller(port)
        for number in range(GROUPS):
            call("group_open_http_svc/create_group", **group(number, pool))
        job = Job("127.0.0.1", port, 1, 1.0, requests(port, pool), expect=GOOD, counter=True, first=FIRST)
        yield target.Target("qunzhu", up.session, job)


GOOD = b'"MsgDropReason":""'


class Shadow:
    """A store in memory on which messages are sent, and which keeps the statements that did it."""

    def __init__(self) -> None:
        self._database = apsw.Connection(":memory:")
        self.statements: list[tuple[str, Bindings]] = []

    def query(self, sql: str, params: Mapping[str, object]) -> list[Any]:
        """Run a statement and keep it."""
        self.statements.append((sql, params))
        return list(self._database.execute(sql, dict(params)).fetchall())

    def many(self, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Run a statement once per row, and keep it as often."""
        for row in rows:
            self.query(sql, row)

    def taken(self) -> list[tuple[str, Bindings]]:
        """Return what was run since the last time."""
        found, self.statements = self.statements, []
        return found


class Sender:
    """Runs commands on a shadow as the server would, and returns their statements."""

    def __init__(self, pool: Sequence[str]) -> None:
        settings = AppSettings(messages_per_second=0)
        self._app = App(sdkappid=target.SDKAPPID, name="bench", key="", admins=(target.ADMIN,), settings=settings)
        self._pool, self._dice = pool, random.Random(20_240)
        self._shadow, self._memory = Shadow(), Memory()
        self._counters = {"accounts": len(pool)}
        self._events: list[Any] = []
        for statement in tables(pool):
            self._shadow.query(statement, {})
        self._shadow.taken()
        for number in range(GROUPS):
            self._run("create_group", group(number, pool))
        self.prepared = self._shadow.taken()
        self._events.clear()

    def _run(self, name: str, body: dict[str, Any]) -> None:
        command = BY_NAME[name]
        tx = EngineTx(cast("Any", self._shadow), Nobody(), self._counters, self._memory)
        now_ms = time.time_ns() // 1_000_000
        who = Who(app=self._app, user=target.ADMIN, admin=True, door=REST, now_ms=now_ms, random=os.urandom)
        command.run(tx, who, command.decode(msgspec.json.encode(body)))
        self._memory.settle()
        self._events += [event for event, keep in tx.events if keep]

    def operation(self, number: int) -> list[tuple[str, Bindings]]:
        """Return the statements of one message; counters and the outbox row come once per batch, as in the server."""
        self._run("send_group_msg", message(number, self._pool, self._dice) | {"Random": number})
        if (number + 1) % BATCH == 0:
            body = encode_event(self._events).decode()
            self._events.clear()
            self._shadow.many(WRITE_COUNTER, [{"name": name, "value": n} for name, n in self._counters.items()])
            self._shadow.query("INSERT INTO outbox (id, body) VALUES (:id, :body)", {"id": number, "body": body})
        return self._shadow.taken()


def tables(pool: Sequence[str]) -> list[str]:
    """Return the statements that make the tables and the accounts."""
    accounts = ", ".join(f"('{user}', '', '', 0, 0)" for user in pool)
    return [
        *(statement for script in scripts("app") for statement in schema(script, SQLITE_WORDS)),
        f"INSERT INTO accounts (user_id, nick, face_url, created_at, revoked_before) VALUES {accounts}",
    ]


def workload(pool: Sequence[str]) -> Workload:
    """Return the SQL of send_group_msg as the server runs it, recorded from the command itself."""
    first, senders = Sender(pool), list[Sender]()

    def operation(number: int) -> Sequence[tuple[str, Bindings]]:
        if number == 0:  # a new loop begins on new tables
            senders[:] = [Sender(pool)]
        return senders[0].operation(number)

    return Workload(
        name="send_group_msg",
        schema=tables(pool),
        prepared=first.prepared,
        operation=operation,
        pragmas=("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", f"PRAGMA cache_size = -{WRITER_CACHE_KIB}"),
        checkpointer=True,
    )
