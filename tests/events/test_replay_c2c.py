"""One-to-one messages: old state and events give the new state, and a client that loses pushes misses nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from qunzhu.client.c2c import C2CLedger
from qunzhu.client.ledger import Verdict
from qunzhu.core.events import (
    AccountsChanged,
    C2CHidden,
    C2CModified,
    C2CRead,
    C2CRecalled,
    C2CReceiptGiven,
    C2CSent,
    MessageRepeated,
    Silenced,
    decode_event,
    encode_event,
)
from qunzhu.core.messages import RECALLED, Mark
from worlds import World

USERS = ["ann", "ben", "cem"]
State = dict[str, Any]


def state_of(world: World) -> State:
    """Read everything that the events tell of."""
    messages = {}
    for low, high, at, seq, rand, num, from_low, state, hidden, flags, quiet, body in world.rows(
        "SELECT low, high, at, msg_seq, random, num, from_low, state, hidden, flags, quiet, body FROM c2c_messages"
    ):
        users = (low, high) if from_low else (high, low)
        gone = {user for user, bit in ((low, 1), (high, 2)) if hidden & bit}
        messages[num] = {
            "users": users, "key": (seq, rand, at), "state": state, "gone": gone, "flags": flags, "quiet": bool(quiet),
            "body": json.loads(body),
        }  # fmt: skip
    return {
        "messages": messages,
        "contacts": {
            (user, peer): [last, at, read]
            for user, peer, last, at, read in world.rows("SELECT user_id, peer, last_num, at, read_num FROM contacts")
        },
        "silenced": {user: times for user, *times in world.rows("SELECT * FROM silenced")},
        "accounts": {user for (user,) in world.rows("SELECT user_id FROM accounts")},
    }


def apply(state: State, event: Any) -> None:
    """Let an event happen to a state."""
    messages, contacts = state["messages"], state["contacts"]
    match event:
        case C2CSent():
            apply_sent(messages, contacts, event)
        case C2CRecalled() | C2CModified() | C2CReceiptGiven():
            one = messages[event.num]
            assert (one["users"], one["key"]) == ((event.sender, event.peer), (event.msg_seq, event.random, event.at))
            one["body"] = json.loads(bytes(event.message))
            one["state"] = RECALLED if isinstance(event, C2CRecalled) else one["state"]
            one["flags"] |= {C2CModified: Mark.MODIFIED, C2CReceiptGiven: Mark.PEER_READ}.get(type(event), 0)
        case C2CRead():
            assert contacts[event.reader, event.peer][2] < event.num
            contacts[event.reader, event.peer][2] = event.num
        case C2CHidden():
            for num, key in zip(event.nums, event.keys, strict=True):
                assert key == "_".join(map(str, messages[num]["key"]))
                messages[num]["gone"].add(event.user)
        case Silenced():
            state["silenced"][event.user] = [event.c2c_until, event.group_until]
        case AccountsChanged():
            state["accounts"] |= {*event.registered}
            state["accounts"] -= {*event.deleted}
            for user in event.deleted:
                state["silenced"].pop(user, None)
                state["contacts"] = {key: row for key, row in state["contacts"].items() if key[0] != user}
        case MessageRepeated():
            pass
        case _:
            raise AssertionError(event)


def apply_sent(messages: dict[int, Any], contacts: dict[Any, list[int]], event: C2CSent) -> None:
    """Let a message come; one that is not stored changes nothing."""
    if not event.num:
        return
    assert event.num > max(messages, default=0)
    users = (event.sender, event.peer)
    messages[event.num] = {
        "users": users, "key": (event.msg_seq, event.random, event.at), "state": 0, "gone": {*users} - {*event.holders},
        "flags": event.flags, "quiet": event.quiet, "body": json.loads(bytes(event.message)),
    }  # fmt: skip
    for user in event.holders:
        row = contacts.setdefault((user, event.peer if user == event.sender else event.sender), [0, 0, 0])
        row[0] = event.num
        row[1] = row[1] if event.flags & Mark.NO_LAST else max(row[1], event.at)


def some_sending(rng: random.Random, now: int) -> tuple[str, str | None, dict[str, Any]]:
    """Draw a call that sends a message."""
    sender, peer = rng.choice(USERS), rng.choice(USERS)
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": str(rng.random())}}]
    fields = {"MsgRandom": rng.randint(1, 4), "MsgSeq": rng.randint(1, 4), "MsgBody": body}
    name = rng.choice(["sendmsg", "sendmsg", "sendmsg", "batchsendmsg", "importmsg"])
    if name == "importmsg":
        times = {"SyncFromOldSystem": rng.choice([2, 5]), "MsgTimeStamp": now - rng.randint(0, 3)}
        return name, None, {"From_Account": sender, "To_Account": peer, **fields, **times}
    fields |= {
        "SendMsgControl": [one for one in ("NoUnread", "NoLastMsg") if rng.random() < 0.2],
        "IsNeedReadReceipt": rng.randint(0, 1), "OnlineOnlyFlag": int(rng.random() < 0.1),
    }  # fmt: skip
    if rng.random() < 0.7:
        fields["SyncOtherMachine"] = rng.randint(1, 2)
    if name == "batchsendmsg":
        return name, None, {"From_Account": sender, "To_Account": rng.sample([*USERS, "nobody"], 2), **fields}
    return name, rng.choice([sender, None]), {"From_Account": sender, "To_Account": peer, **fields}


def some_change(rng: random.Random, state: State) -> tuple[str, str | None, dict[str, Any]]:
    """Draw a call about messages that are there."""
    one = rng.choice([*state["messages"].values()])
    sender, peer = one["users"]
    key = "_".join(map(str, one["key"]))
    mine, other = rng.sample([sender, peer], 2)
    both = {"From_Account": sender, "To_Account": peer, "MsgKey": key}
    return rng.choice([
        ("admin_msgwithdraw", None, {**both, "Reason": rng.choice(["", "why"])}),
        ("modify_c2c_msg", mine, {**both, "CloudCustomData": str(rng.random())}),
        ("modify_c2c_msg", None, {**both, "MsgBody": [{"MsgType": "TIMFaceElem", "MsgContent": {"Index": 1}}]}),
        ("delete_c2c_msg_ramble", mine, {"Operator_Account": mine, "Peer_Account": other, "MsgKeyList": [key]}),
        ("c2c_msg_read_receipt", peer,
         {"Operator_Account": peer, "Peer_Account": sender, "C2CMsgInfo": [{"MsgKey": key}]}),
        ("admin_set_msg_read", mine, {"Report_Account": mine, "Peer_Account": other}),
        ("admin_set_msg_read", None, {"Report_Account": mine, "Peer_Account": other, "MsgReadTime": one["key"][2]}),
        ("setnospeaking", None, {"Set_Account": mine, "C2CmsgNospeakingTime": rng.randint(0, 2)}),
        ("setnospeaking", None, {"Set_Account": mine, "GroupmsgNospeakingTime": rng.randint(0, 2)}),
    ])  # fmt: skip


def drawn(rng: random.Random, state: State, now: int) -> tuple[str, str | None, dict[str, Any]]:
    """Draw any call."""
    roll = rng.random()
    if roll < 0.02:
        return "account_delete", None, {"DeleteItem": [{"UserID": rng.choice(USERS)}]}
    if roll < 0.08:
        return "multiaccount_import", None, {"Accounts": USERS}
    return some_sending(rng, now) if roll < 0.5 or not state["messages"] else some_change(rng, state)


@pytest.mark.parametrize("seed", range(4))
def test_old_state_and_events_give_the_new_state(world: World, seed: int):
    rng = random.Random(seed)
    world.people(*USERS)
    state, happened = state_of(world), set()
    for step in range(300):
        world.now += rng.random() < 0.3
        name, by, fields = drawn(rng, state, world.now)
        before = len(world.events)
        code = world.code(name, by, **fields)
        fresh = state_of(world)
        for event in world.events[before:]:
            assert decode_event(encode_event(event)) == event
            happened.add(type(event))
            apply(state, event)
        assert state == fresh, (step, name, by, fields, code)
        assert not code or len(world.events) == before
    assert happened == {C2CSent, C2CRecalled, C2CModified, C2CReceiptGiven, C2CRead, C2CHidden, Silenced,
                        AccountsChanged, MessageRepeated}  # fmt: skip


class Ear:
    """A client of a user whose pushes get lost at times: what it tells must be everything, once and in order."""

    def __init__(self, world: World, user: str) -> None:
        self._world, self._user = world, user
        self._session = world.online(user)
        self._ledger = C2CLedger(0)
        self.told: list[int] = []
        self.pulled = 0

    def hear(self, rng: random.Random, loss: float) -> None:
        """Take what was pushed, but for what gets lost."""
        frames, self._session.frames = self._session.frames, []
        for push in [frame["params"] for frame in frames if frame["method"] == "c2c_message"]:
            if rng.random() < loss:
                continue
            verdict = self._ledger.judge(push)
            if verdict is Verdict.GAP:
                self.catch_up()
                assert self._ledger.judge(push) is Verdict.OLD
            elif verdict is Verdict.NEW and push.get("Num"):
                self.told.append(push["Num"])

    def catch_up(self) -> None:
        """Ask for what was missed."""
        page = self._world.call("sync", self._user, C2C=self._ledger.seen)
        for message in page["C2CMessages"]:
            assert self._ledger.accept(message)
            self.told.append(message["Num"])
            self.pulled += 1
        self._ledger.seen = max(self._ledger.seen, page["C2C"])


@pytest.mark.parametrize("seed", range(4))
def test_who_loses_pushes_is_told_everything_once_and_in_order(world: World, seed: int):
    rng = random.Random(seed)
    world.people(*USERS)
    ears = {user: Ear(world, user) for user in USERS}
    for _ in range(300):
        world.now += rng.random() < 0.3
        name, by, fields = some_sending(rng, world.now)
        world.call(name, by, **fields)
        for ear in ears.values():
            ear.hear(rng, 0.3)
    for user, ear in ears.items():
        ear.catch_up()
        wanted = sorted(event.num for event in world.events if isinstance(event, C2CSent) and event.num
                        and user in event.told)  # fmt: skip
        assert ear.told == wanted
        assert 0 < ear.pulled < len(wanted)
