"""What a call costs does not depend on how long a conversation is: steps of the engine are counted, never time."""

from __future__ import annotations

from typing import Any

import msgspec

from contract.test_many_messages import steps
from qunzhu.core.command import BY_NAME
from worlds import World

FEW, MANY = 200, 102_400
BODY = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]
BOTH = {"From_Account": "alice", "To_Account": "bob"}
AS_BOB = {"Operator_Account": "bob", "Peer_Account": "alice"}
DOUBLE = (
    "INSERT INTO c2c_messages (low, high, at, msg_seq, random, num, from_low, state, hidden, flags, quiet, body)"
    " SELECT low, high, at + :number, msg_seq, random + :number, num + :number, from_low, state, hidden, flags, quiet,"
    " body FROM c2c_messages WHERE num <= :number"
)


def fill(world: World, number: int) -> None:
    """Let two users write so many messages to each other, one a second."""
    world.people("alice", "bob")
    for num in range(1, FEW + 1):
        world.write("bob", "x", "alice", MsgSeq=1, MsgRandom=num, IsNeedReadReceipt=1)
    world.execute("UPDATE c2c_messages SET at = 1000000 + num")
    stored = FEW
    while stored < number:
        world.execute(DOUBLE, number=stored)
        stored *= 2
    world.execute("UPDATE contacts SET last_num = :num, read_num = :read", num=number, read=number - 20)
    world.execute("UPDATE counters SET value = :num WHERE name = 'last-c2c'", num=number)
    world.now = 1_000_001 + number


def calls(number: int) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return calls about the end and the middle of a conversation."""
    middle = number // 2
    key = f"1_{middle}_{1_000_000 + middle}"
    span = {"MinTime": 0, "MaxTime": 2**32}
    return [
        ("pull_c2c_messages", "bob", {"Peer_Account": "alice"}),
        ("pull_c2c_messages", "bob", {"Peer_Account": "alice", "MsgKey": key, "Newer": 1}),
        ("pull_c2c_messages", "bob", {"Peer_Account": "alice", "Num": middle}),
        ("pull_c2c_messages", "bob", {"Peer_Account": "alice", "Time": 1_000_000 + middle}),
        ("admin_getroammsg", None, {**AS_BOB, "MaxCnt": 20, **span}),
        ("get_c2c_unread_msg_num", None, {"To_Account": "bob"}),
        ("get_c2c_unread_msg_num", None, {"To_Account": "bob", "Peer_Account": ["alice"]}),
        ("get_conversations", "bob", {}),
        ("sync", "bob", {"C2C": number - 20}),
        ("admin_msgwithdraw", None, {**BOTH, "MsgKey": f"1_{middle - 1}_{1_000_000 + middle - 1}"}),
        ("modify_c2c_msg", "alice", {**BOTH, "MsgKey": key, "MsgBody": BODY}),
        ("c2c_msg_read_receipt", "bob", {**AS_BOB, "C2CMsgInfo": [{"MsgKey": key}]}),
        ("delete_c2c_msg_ramble", "bob", {**AS_BOB, "MsgKeyList": [key]}),
        ("importmsg", None, {**BOTH, "SyncFromOldSystem": 5, "MsgRandom": 1, "MsgTimeStamp": 5, "MsgBody": BODY}),
        ("sendmsg", "alice", {"To_Account": "bob", "MsgRandom": middle, "MsgSeq": 2, "MsgBody": BODY}),
        ("admin_set_msg_read", "bob", {"Report_Account": "bob", "Peer_Account": "alice",
                                       "MsgReadTime": 1_000_000 + number - 10}),
        ("admin_set_msg_read", "bob", {"Report_Account": "bob", "Peer_Account": "alice"}),
    ]  # fmt: skip


def test_a_long_conversation_costs_no_more(make_world):
    costs = []
    for number in (FEW, MANY):
        world = make_world("sqlite")
        fill(world, number)
        costs.append([])
        for name, by, fields in calls(number):
            command = BY_NAME[name]
            request = command.decode(msgspec.json.encode(fields))
            costs[-1].append(steps(world, command.run, world.who(by), request))
    for call, few, many in zip(calls(FEW), *costs, strict=True):
        assert many <= few + 15, (call, few, many)
