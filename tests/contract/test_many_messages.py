"""What a call costs does not depend on how long a stream is: steps of the engine are counted, never time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from qunzhu.commands import _sweep
from qunzhu.core.command import BY_NAME
from worlds import DAY, NOW, World, on_plan

FEW, MANY = 200, 204_800
BODY = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]
DOUBLE = (
    "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
    " SELECT group_num, topic_num, seq + :number, at + :number, sender, random + :number, state, flags, quiet,"
    " replace(body, '\"MsgSeq\":' || seq, '\"MsgSeq\":' || (seq + :number)) FROM messages WHERE seq <= :number"
)  # fmt: skip


def fill(world: World, number: int) -> str:
    """Make a group with so many messages of alice's, one a second; every tenth counts for nobody."""
    world.people("owner", "alice", "bob")
    group = world.group("ChatRoom", GroupId="long", members=["alice", "bob"])
    world.app = on_plan(world.app, "open", messages_per_second=0)
    for seq in range(1, FEW + 1):
        more = {"SendMsgControl": ["NoLastMsg"]} if seq % 10 else {"NeedReadReceipt": 1}
        world.call("send_group_msg", "alice", GroupId=group, Random=seq, MsgBody=BODY, **more)
    world.execute("UPDATE messages SET at = 1000000 + seq")
    stored = FEW
    while stored < number:
        world.execute(DOUBLE, number=stored)
        stored *= 2
    world.execute("UPDATE groups SET next_seq = :next, last_msg_at = :at", next=number + 1, at=1_000_000 + number)
    world.now = 1_000_000 + number
    world.execute("DELETE FROM outbox")
    return group


def calls(number: int) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return calls about the end and the middle of a stream."""
    middle = number // 2 // 10 * 10
    one = [{"MsgSeq": middle}]
    return [
        ("group_msg_get_simple", None, {"ReqMsgNumber": 20}),
        ("group_msg_get_simple", "bob", {"ReqMsgNumber": 20, "ReqMsgSeq": middle}),
        ("pull_group_messages", "bob", {"Limit": 100}),
        ("pull_group_messages", "bob", {"Limit": 100, "Seq": middle}),
        ("pull_group_messages", "bob", {"Limit": 100, "Seq": middle, "Newer": 1}),
        ("pull_group_messages", "bob", {"Seqs": [1, middle, number]}),
        ("pull_group_messages", "bob", {"Time": 1_000_000 + middle}),
        ("group_msg_recall", None, {"MsgSeqList": [{"MsgSeq": middle - 1}]}),
        ("modify_group_msg", "alice", {"MsgSeq": middle, "MsgBody": BODY}),
        ("group_msg_receipt", "bob", {"MsgSeqList": one}),
        ("get_group_msg_receipt", None, {"MsgSeqList": one}),
        ("get_group_msg_receipt_detail", None, {"MsgSeq": middle, "Filter": 1, "Cursor": "", "Count": 10}),
        ("hide_group_messages", "bob", {"MsgSeqList": [middle]}),
        ("import_group_msg", None, {"MsgList": [
            {"From_Account": "alice", "SendTime": 1_000_000 + number, "Random": 10**8, "MsgBody": BODY},
        ]}),
        ("send_group_msg", "alice", {"Random": 10**7, "MsgBody": BODY}),
        ("read_group_messages", "bob", {"MsgSeq": middle}),
        ("hide_group_messages", "bob", {"Upto": middle}),
        ("clear_group_msg", None, {"MsgSeq": middle}),
    ]  # fmt: skip


def steps(world: World, fn: Any, *args: Any) -> int:
    """Run a transaction and return how many tens of steps SQLite took for it."""
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 1
        return False

    def run(tx: Any) -> None:
        connection = tx._engine._connection
        connection.set_progress_handler(count, 10)
        try:
            fn(tx, *args)
        finally:
            connection.set_progress_handler(None)

    world.store.write_now(run)
    return taken


def cost(world: World, name: str, by: str | None, fields: dict[str, Any]) -> int:
    """Return what a call costs."""
    command = BY_NAME[name]
    request = command.decode(msgspec.json.encode({"GroupId": "long", **fields}))
    return steps(world, command.run, world.who(by), request)


def test_a_thousand_times_as_many_messages_cost_no_more(make_world):
    costs = []
    for number in (FEW, MANY):
        world = make_world("sqlite")
        fill(world, number)
        costs.append([cost(world, *call) for call in calls(number)])
    for call, few, many in zip(calls(FEW), *costs, strict=True):
        # Finding a time halves the stream: ten more look-ups. The rest is the same but for a deeper tree.
        assert many <= few + (60 if "Time" in call[2] else 15), (call, few, many)


def test_unread_messages_are_counted_by_those_that_do_not_count(make_world):
    """What is read is the index of quiet messages, of which there are few."""
    world = make_world("sqlite")
    fill(world, MANY)
    assert cost(world, "read_group_messages", "bob", {"MsgSeq": 1}) < 100
    assert cost(world, "set_unread_msg_num", None, {"Member_Account": "bob", "UnreadMsgNum": 9}) < 200


def test_a_step_of_the_sweep_is_small_whatever_there_is(make_world):
    costs = []
    for number in (800, MANY):
        world = make_world("sqlite")
        fill(world, number)
        world.app, now = on_plan(world.app, "2025-trial"), world.now + 30 * DAY
        old = steps(world, _sweep.sweep, world.app, now)
        world.call("destroy_group", GroupId="long")
        costs.append((old, steps(world, _sweep.sweep, world.app, NOW)))
    (few_old, few_gone), (many_old, many_gone) = costs
    assert many_old <= few_old * 1.2
    assert many_gone <= few_gone * 1.2


def test_postgresql_looks_up_by_keys(make_world):
    """The plan of every statement of a page, for a stream that has most of the table's rows."""
    world = make_world("postgres")
    fill(world, 51_200)
    world.execute("ANALYZE messages")
    plans: list[str] = []

    def run(tx: Any, command: Any, who: Any, request: Any) -> None:
        engine = tx._engine

        class Explained:
            def query(self, sql: Any, params: Any) -> Any:
                if "FROM messages" in sql and sql.startswith("SELECT"):
                    plans.append("\n".join(row[0] for row in engine.query("EXPLAIN " + sql, params)))
                return engine.query(sql, params)

            def __getattr__(self, name: str) -> Any:
                return getattr(engine, name)

        tx._engine = Explained()
        try:
            command.run(tx, who, request)
        finally:
            tx._engine = engine

    for name, by, fields in calls(51_200)[:7]:
        command = BY_NAME[name]
        request = command.decode(msgspec.json.encode({"GroupId": "long", **fields}))
        world.store.write_now(run, command, world.who(by), request)
    assert plans
    assert [plan for plan in plans if "Seq Scan on messages" in plan] == []


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_the_sweep_finds_what_is_old_by_its_index(make_world, engine):
    world = make_world(engine)
    fill(world, 6_400)
    if engine == "postgres":
        world.execute("ANALYZE messages")
    prefix = "EXPLAIN QUERY PLAN " if engine == "sqlite" else "EXPLAIN "
    rows = world.rows(prefix + _sweep.OLDEST, before=1_000_100, limit=50)
    assert "messages_by_time" in str(rows)
