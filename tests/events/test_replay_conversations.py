"""Old state and events give the new state, of conversations and of what hangs on messages."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.core.events import (
    C2CExtensionsChanged,
    C2CReactionChanged,
    C2CRead,
    C2CRecalled,
    C2CSent,
    ContactGroupChanged,
    ContactNow,
    ContactsChanged,
    ConversationsRead,
    ExtensionsChanged,
    MessagePinned,
    MessageRepeated,
    MessageSent,
    MessagesRecalled,
    ReactionChanged,
    decode_event,
    encode_event,
)
from worlds import ADMIN

if TYPE_CHECKING:
    from worlds import World

USERS = ["ann", "ben", "cid"]
GROUPS = ["one", "two"]
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
OWN = ("top_at", "marks", "custom_mark", "msg_flag", "hidden_num", "hidden_at", "changed_at")
UNTOUCHED = (0, 0, "", 0, 0, 0, 0)
State = dict[str, Any]


def places(world: World) -> dict[str, tuple[Any, ...]]:
    """Return what the owners of extensions and reactions stand for: a seq of a group, or the number of a message."""
    return {
        **{f"g:{num}:0:{seq}": (group, seq) for num, group, seq in world.rows(
            "SELECT g.num, g.group_id, m.seq FROM messages m JOIN groups g ON g.num = m.group_num"
        )},
        **{f"c:{num}": ("", num) for (num,) in world.rows("SELECT num FROM c2c_messages")},
    }  # fmt: skip


def state_of(world: World) -> State:
    """Read everything that the events tell of."""
    where = places(world)
    extensions: dict[Any, Any] = {}
    for owner, latest, cleared in world.rows("SELECT owner, latest, cleared FROM extension_versions"):
        extensions[where[owner]] = {"latest": latest, "cleared": cleared, "pairs": {}}
    for owner, name, value, seq in world.rows("SELECT owner, name, value, seq FROM extensions"):
        extensions[where[owner]]["pairs"][name] = (value, seq)
    contacts = {
        (user, sort, peer): (top, marks % 2**64, *rest)
        for user, sort, peer, top, marks, *rest in world.rows(
            "SELECT user_id, sort, peer, top_at, marks, custom_mark, msg_flag, hidden_num, hidden_at, changed_at"
            " FROM contacts"
        )
    }
    return {
        "contacts": {key: own for key, own in contacts.items() if own != UNTOUCHED},
        "folders": {(user, num): name for user, num, name in world.rows("SELECT * FROM contact_groups")},
        "items": {tuple(row) for row in world.rows("SELECT user_id, num, sort, peer FROM contact_group_items")},
        "read": {(user, peer): num for user, peer, num in world.rows(
            "SELECT user_id, peer, read_num FROM contacts WHERE sort = 1 AND read_num > 0"
        )},
        "seen": {(group, user): (seq, cleared) for group, user, seq, cleared in world.rows(
            "SELECT g.group_id, m.user_id, m.read_seq, m.cleared_seq FROM members m JOIN groups g"
            " ON g.num = m.group_num"
        )},
        "copies": {num: (low, high, hidden) for num, low, high, hidden in world.rows(
            "SELECT num, low, high, hidden FROM c2c_messages"
        )},
        "extensions": extensions,
        "reactions": {(*where[owner], reaction, user): at for owner, reaction, user, at in world.rows(
            "SELECT owner, reaction, user_id, at_ms FROM reactions"
        )},
        "pins": {(group, seq): (user, at) for group, seq, user, at in world.rows(
            "SELECT g.group_id, p.seq, p.user_id, p.at FROM pinned_messages p JOIN groups g ON g.num = p.group_num"
        )},
    }  # fmt: skip


def forget(state: State, where: tuple[Any, ...]) -> None:
    """Drop what hangs on a message."""
    state["extensions"].pop(where, None)
    state["pins"].pop(where, None)
    state["reactions"] = {key: at for key, at in state["reactions"].items() if key[:2] != where}


def place_of(event: Any) -> tuple[Any, ...]:
    """Return which message an event is about."""
    return (event.group_id, event.msg_seq) if hasattr(event, "group_id") else ("", event.num)


def apply(state: State, event: Any) -> None:  # noqa: C901, PLR0912 - a row each
    """Let an event happen to a state."""
    match event:
        case ExtensionsChanged() | C2CExtensionsChanged():
            one = state["extensions"].setdefault(place_of(event), {"latest": 0, "cleared": 0, "pairs": {}})
            assert event.latest == one["latest"] + 1
            one["latest"] = event.latest
            one["cleared"] = event.latest if event.cleared else one["cleared"]
            for name in event.removed:
                del one["pairs"][name]
            one["pairs"] |= {name: (value, event.latest) for name, value in event.changed.items()}
        case ReactionChanged() | C2CReactionChanged():
            key = (*place_of(event), event.now.reaction, event.operator)
            if event.given:
                state["reactions"][key] = event.at_ms
            else:
                del state["reactions"][key]
            given = [each[3] for each in state["reactions"] if each[:3] == key[:3]]
            assert event.now.total == len(given)
            assert {user["UserID"] for user in event.now.first} <= set(given)
        case MessagePinned():
            if event.pinned:
                state["pins"][place_of(event)] = (event.operator, event.at)
            else:
                del state["pins"][place_of(event)]
        case MessagesRecalled():
            for seq in event.seqs:
                forget(state, (event.group_id, seq))
        case C2CRecalled():
            forget(state, ("", event.num))
        case MessageSent():
            if event.member:
                _, cleared = state["seen"][event.group_id, event.operator]
                state["seen"][event.group_id, event.operator] = (event.seq, cleared)
        case C2CSent():
            low, high = sorted((event.sender, event.peer))
            state["copies"][event.num] = (low, high, 0)
        case C2CRead():
            state["read"][event.reader, event.peer] = event.num
        case MessageRepeated():
            pass
        case _:
            apply_to_contacts(state, event)


def apply_to_contacts(state: State, event: Any) -> None:
    """Let an event happen to a user's conversations."""
    match event:
        case ContactsChanged():
            for now in event.contacts:
                state["contacts"][event.user, now.sort, now.peer] = tuple(getattr(now, name) for name in OWN)
                if event.cleared:
                    clear(state, event.user, now, event.cleared)
        case ContactGroupChanged():
            apply_to_folders(state, event)
        case ConversationsRead():
            for group, seq in event.groups.items():
                _, cleared = state["seen"][group, event.user]
                state["seen"][group, event.user] = (seq, cleared)
            state["read"] |= {(event.user, peer): num for peer, (num, _) in event.peers.items()}
        case _:
            raise AssertionError(f"nobody expects {event}")
    state["contacts"] = {key: own for key, own in state["contacts"].items() if own != UNTOUCHED}


def clear(state: State, user: str, now: ContactNow, upto: int) -> None:
    """Delete a user's copies of the messages of a conversation, up to a seq or number."""
    if now.sort == 2:
        seen, _ = state["seen"][now.peer, user]
        state["seen"][now.peer, user] = (seen, upto)
        return
    for num, (low, high, hidden) in state["copies"].items():
        if num <= upto and {low, high} == {user, now.peer}:
            state["copies"][num] = (low, high, hidden | (1 if user == low else 2))


def apply_to_folders(state: State, event: ContactGroupChanged) -> None:
    """Let an event happen to a user's conversation groups."""
    items = {(event.user, event.num, sort, peer) for sort, peer in event.items}
    match event.change:
        case "Deleted":
            del state["folders"][event.user, event.num]
            state["items"] = {row for row in state["items"] if row[:2] != (event.user, event.num)}
        case "Removed":
            state["items"] -= items
        case "Added" | "Created" | "Renamed":
            assert state["folders"].get((event.user, event.num), "") == (
                event.old_name or ("" if event.change == "Created" else event.name)
            )
            state["folders"][event.user, event.num] = event.name
            state["items"] |= items
    for sort, peer in event.items:
        own = state["contacts"].get((event.user, sort, peer), UNTOUCHED)
        state["contacts"][event.user, sort, peer] = (*own[:-1], event.at)


def item(rng: random.Random, group_field: str) -> dict[str, Any]:
    """Name some conversation, at times one that is not there."""
    if rng.random() < 0.5:
        return {"Type": 1, "To_Account": rng.choice([*USERS, "nobody"])}
    return {"Type": 2, group_field: rng.choice([*GROUPS, "none"])}


def message(rng: random.Random, world: World, by: str) -> dict[str, Any]:
    """Name some message of a group, or one of a user's with another."""
    keys = world.rows("SELECT low, high, msg_seq, random, at FROM c2c_messages WHERE low = :by OR high = :by", by=by)
    if keys and rng.random() < 0.5:
        low, high, *key = rng.choice(keys)
        return {"Peer_Account": high if low == by else low, "MsgKey": "_".join(map(str, key))}
    return {"GroupId": rng.choice(GROUPS), "MsgSeq": rng.randint(1, 9)}


def extension(rng: random.Random, world: World, by: str) -> tuple[str, dict[str, Any]]:
    """Return some write of extensions; a user often guesses the version wrong."""
    named = message(rng, world, by)
    pairs = [{"Key": key, "Value": rng.choice("xyz"), "Seq": rng.randint(0, 2)} for key in rng.sample("abc", 2)]
    more = {"OperateType": rng.choice([1, 1, 1, 2, 3]), "ExtensionList": pairs}
    if "GroupId" in named:
        return "group_set_key_values", {**named, **more}
    return "set_key_values", {"To_Account": named["Peer_Account"], "MsgKey": named["MsgKey"], **more}


def folder(rng: random.Random, by: str) -> tuple[str, dict[str, Any]]:
    """Return some change of conversation groups."""
    name, new = rng.sample("fgh", 2)
    some = [item(rng, "ToGroupId") for _ in range(2)]
    update: dict[str, Any] = {"UpdateGroupType": 1, "OldGroupName": name, "NewGroupName": new}
    if rng.random() < 0.7:
        update = {"UpdateGroupType": 2, "OldGroupName": name, "ContactUpdateItem": [
            {"ContactOptType": rng.randint(1, 2), "ContactItem": one} for one in some
        ]}  # fmt: skip
    return rng.choice([
        ("create_contact_group", {"From_Account": by, "GroupContactItem": [{"GroupName": name, "ContactItem": some}]}),
        ("update_contact_group", {"From_Account": by, "UpdateType": 1, "UpdateGroup": update}),
        ("update_contact_group", {"From_Account": by, "UpdateType": 1, "UpdateGroup": update}),
        ("del_contact_group", {"From_Account": by, "GroupName": [name]}),
    ])  # fmt: skip


def recall(rng: random.Random, world: World) -> tuple[str, str, dict[str, Any]]:
    """Take some message back, as an administrator may at any time."""
    rows = world.rows("SELECT low, high, from_low, msg_seq, random, at FROM c2c_messages WHERE state = 0")
    if rows and rng.random() < 0.5:
        low, high, from_low, *key = rng.choice(rows)
        sender, receiver = (low, high) if from_low else (high, low)
        named = {"From_Account": sender, "To_Account": receiver, "MsgKey": "_".join(map(str, key))}
        return "admin_msgwithdraw", ADMIN, named
    seqs = [{"MsgSeq": rng.randint(2, 17)}]
    return "group_msg_recall", ADMIN, {"GroupId": rng.choice(GROUPS), "MsgSeqList": seqs}


def anything(rng: random.Random, world: World, step: int) -> tuple[str, str, dict[str, Any]]:
    """Return some call of some user's, at times an administrator's."""
    if rng.random() < 0.05:
        return recall(rng, world)
    by = rng.choice(USERS)
    peer = rng.choice([user for user in USERS if user != by])
    marks = {"OptType": 3, "ContactItem": item(rng, "ToGroupId"), "SetMark": [rng.randint(1, 64)], "CustomMark": "c"}
    cleared = {"ClearRamble": rng.randint(0, 1)}
    reaction = {**message(rng, world, by), "ReactionId": rng.choice("rs")}
    name, fields = rng.choice([
        ("send_group_msg", {"GroupId": rng.choice(GROUPS), "Random": step, "MsgBody": HELLO,
                            "SupportMessageExtension": 1}),
        ("sendmsg", {"To_Account": peer, "MsgRandom": step, "MsgBody": HELLO, "SupportMessageExtension": 1}),
        extension(rng, world, by), extension(rng, world, by), extension(rng, world, by), folder(rng, by),
        folder(rng, by), ("add_message_reaction", reaction), ("add_message_reaction", reaction),
        ("remove_message_reaction", reaction), ("remove_message_reaction", reaction), ("read_all_conversations", {}),
        ("pin_group_message", {"GroupId": rng.choice(GROUPS), "MsgSeq": rng.randint(1, 9),
                               "Pinned": rng.random() < 0.7}),
        ("mark_contact", {"From_Account": by, "MarkItem": [marks]}),
        ("set_conversation_data", {"ConvList": [item(rng, "GroupId")], "CustomData": rng.choice(["", "d"])}),
        ("pin_conversation", {**item(rng, "GroupId"), "Pinned": rng.random() < 0.6}),
        ("delete", {"From_Account": by, **item(rng, "ToGroupid"), **cleared}),
        ("set_c2c_receive_option", {"To_Account": [peer], "MsgFlag": rng.choice(["Discard", "AcceptAndNotify"])}),
    ])  # fmt: skip
    return name, by, fields


@pytest.mark.parametrize("seed", range(3))
def test_old_state_and_events_give_the_new_state(world: World, seed: int):
    rng = random.Random(seed)
    world.people(*USERS)
    for group in GROUPS:
        world.group("Public", GroupId=group, owner="ann", members=USERS[1:])
        for number in range(15):
            world.say(group, "hello", USERS[number % 3], SupportMessageExtension=1)
    done: dict[str, int] = {}
    happened: set[type] = set()
    state = state_of(world)
    for step in range(300):
        name, by, fields = anything(rng, world, step)
        world.now += rng.randint(0, 2)
        before = len(world.events)
        code = world.code(name, by, **fields)
        fresh = state_of(world)
        for event in world.events[before:]:
            assert decode_event(encode_event(event)) == event
            apply(state, event)
            happened.add(type(event))
        assert state == fresh, (step, name, by, fields, code)
        assert not code or len(world.events) == before
        done[name] = done.get(name, 0) + (code == 0 and len(world.events) > before)
    assert sum(map(bool, done.values())) >= 15, done
    assert {
        ExtensionsChanged, C2CExtensionsChanged, ReactionChanged, C2CReactionChanged, MessagePinned, ContactsChanged,
        ContactGroupChanged, ConversationsRead, MessagesRecalled, C2CRecalled,
    } <= happened  # fmt: skip
