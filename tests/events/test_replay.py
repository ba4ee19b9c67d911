"""Old state and the emitted events give the new state: nothing changes that no event tells."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.core.events import (
    AccountsChanged,
    ApplicationDecided,
    ApplicationMade,
    ApplicationsSeen,
    GroupCreated,
    GroupDissolved,
    GroupInfoChanged,
    LoginsRevoked,
    MembersJoined,
    MembersLeft,
    OwnerChanged,
    decode_event,
    encode_event,
)
from worlds import ADMIN, KINDS, World, on_plan

if TYPE_CHECKING:
    from collections.abc import Callable

USERS = [f"u{n}" for n in range(6)]
COLUMNS = {
    "Name": "name", "Introduction": "introduction", "Notification": "notification", "FaceUrl": "face_url",
    "MaxMemberNum": "max_member_num", "ApplyJoinOption": "apply_join", "InviteJoinOption": "invite_join",
    "MuteAllMember": "mute_all", "HistoryMsgBeforeJoin": "history_before_join",
    "EnablePermission": "enable_permission", "DefaultPermission": "default_permission",
}  # fmt: skip
State = dict[str, Any]


def state_of(world: World) -> State:
    """Read everything that events tell of."""
    columns = ["group_id", "kind_name", "owner", "member_num", "next_seq", "custom", *COLUMNS.values()]
    groups = {}
    for row in world.rows(f"SELECT {', '.join(columns)} FROM groups ORDER BY num"):
        group = dict(zip(columns, row, strict=True))
        group["custom"] = json.loads(group["custom"])
        group["members"] = {}
        groups[group.pop("group_id")] = group
    for room, user, role in world.rows(
        "SELECT g.group_id, m.user_id, m.role FROM members m JOIN groups g ON g.num = m.group_num"
    ):
        groups[room]["members"][user] = role == 400
    return {
        "groups": groups,
        "waiting": {
            num: (room, sort, user, inviter, message, at_ms)
            for num, room, sort, user, inviter, message, at_ms in world.rows(
                "SELECT a.num, g.group_id, a.sort, a.user_id, a.inviter, a.message, a.at_ms FROM applications a"
                " JOIN groups g ON g.num = a.group_num WHERE a.handled_by = ''"
            )
        },
        "seen": dict(world.rows("SELECT user_id, at_ms FROM applications_seen")),
        "accounts": dict(world.rows("SELECT user_id, revoked_before FROM accounts")),
        "stored": {
            (room, seq): json.loads(body)
            for room, seq, body in world.rows(
                "SELECT g.group_id, s.seq, s.body FROM messages s JOIN groups g ON g.num = s.group_num"
            )
        },
    }


def apply(state: State, event: Any, fresh: State) -> None:
    """Let an event happen to a state. What a creation does not tell of a profile is taken from the fresh one."""
    if isinstance(event, AccountsChanged):
        state["accounts"] |= dict.fromkeys(event.registered, 0)
        for user in event.deleted:
            del state["accounts"][user]
            state["seen"].pop(user, None)
        drop_waiting(state, lambda room, user, inviter: {user, inviter} & {*event.deleted})
    elif isinstance(event, ApplicationsSeen):
        state["seen"][event.user] = event.at_ms
    elif isinstance(event, LoginsRevoked):
        state["accounts"][event.user] = event.before
    elif isinstance(event, GroupDissolved):
        del state["groups"][event.group_id]
        drop_waiting(state, lambda room, user, inviter: room == event.group_id)
        state["stored"] = {key: body for key, body in state["stored"].items() if key[0] != event.group_id}
    else:
        groups = state["groups"]
        if isinstance(event, GroupCreated):
            groups[event.group_id] = created(event, fresh["groups"].get(event.group_id, {}))
        else:
            apply_to_group(groups[event.group_id], event)
        if isinstance(event, MembersLeft):
            drop_waiting(state, lambda room, user, inviter: room == event.group_id and {user, inviter} & {*event.users})
        apply_to_waiting(state["waiting"], event)
        if event.seq:
            assert event.told
            groups[event.group_id]["next_seq"] = event.seq + 1
            state["stored"][event.group_id, event.seq] = json.loads(encode_event(event))


def drop_waiting(state: State, which: Callable[[str, str, str], object]) -> None:
    """Drop open applications by group, user and inviter."""
    state["waiting"] = {
        num: row for num, row in state["waiting"].items() if not which(row[0], row[2], row[3])
    }  # fmt: skip


def apply_to_waiting(waiting: dict[int, Any], event: Any) -> None:
    """Let an event happen to the open applications."""
    match event:
        case ApplicationMade():
            for num in event.dropped:
                del waiting[num]
            assert waiting.get(event.num, (event.group_id, event.sort, event.user, event.inviter))[:4] == (
                event.group_id, event.sort, event.user, event.inviter,
            )  # fmt: skip
            waiting[event.num] = (
                event.group_id, event.sort, event.user, event.inviter, event.message, event.at_ms,
            )  # fmt: skip
        case ApplicationDecided():
            assert waiting.pop(event.num)[:4] == (event.group_id, event.sort, event.user, event.inviter)


def created(event: GroupCreated, fresh: dict[str, Any]) -> dict[str, Any]:
    """Return a new group: live rooms keep no members."""
    members = {event.owner: True} if event.owner and event.kind != "AVChatRoom" else {}
    members |= dict.fromkeys(event.members, False)
    return {
        **fresh, "kind_name": event.kind, "name": event.name, "owner": event.owner, "members": members,
        "member_num": len(members), "next_seq": 1,
    }  # fmt: skip


def apply_to_group(group: dict[str, Any], event: Any) -> None:
    """Let an event happen to a group that was there."""
    match event:
        case MembersJoined():
            group["members"] |= dict.fromkeys(event.users, False)
            group["member_num"] = event.member_num
        case MembersLeft():
            for user in event.users:
                del group["members"][user]
            group["member_num"] = event.member_num
        case OwnerChanged():
            assert group["owner"] == event.old
            group["owner"] = event.new
            for user, owns in ((event.old, False), (event.new, True)):
                if user in group["members"]:
                    group["members"][user] = owns
        case GroupInfoChanged():
            apply_changes(group, event.changes)


def apply_changes(group: dict[str, Any], changes: dict[str, Any]) -> None:
    """Give a group's profile its new values."""
    for name, value in changes.items():
        if name == "AppDefinedData":
            group["custom"] = {k: v for k, v in (group["custom"] | value).items() if v}
        else:
            group[COLUMNS[name]] = {"On": 1, "Off": 0}.get(value, value)


def some_creation(rng: random.Random, group: str, some: list[str]) -> dict[str, Any]:
    """Return fields of create_group, at times with an id that may be taken."""
    fields: dict[str, Any] = {"Type": rng.choice(KINDS), "Name": f"n{rng.randrange(10**6)}"}
    if rng.random() < 0.8:
        fields["Owner_Account"] = rng.choice(USERS)
    if rng.random() < 0.5:
        fields["MemberList"] = [{"Member_Account": user} for user in some]
    if rng.random() < 0.3:
        fields["GroupId"] = rng.choice(["one", "two", "three"])
    return fields


def some_change(rng: random.Random, group: str, some: list[str]) -> dict[str, Any]:
    """Return fields of modify_group_base_info."""
    choices = {
        "Name": "x", "Introduction": "y", "Notification": "z", "FaceUrl": "f", "MuteAllMember": "On",
        "ApplyJoinOption": rng.choice(["FreeAccess", "NeedPermission"]),
        "InviteJoinOption": rng.choice(["FreeAccess", "NeedPermission"]), "MaxMemberNum": 50,
        "HistoryMsgBeforeJoin": rng.choice(["On", "Off"]),
        "AppDefinedData": [{"Key": "open_g", "Value": rng.choice(["", "v", "w"])}],
    }  # fmt: skip
    return {"GroupId": group, **{name: choices[name] for name in rng.sample(list(choices), rng.randint(1, 3))}}


FIELDS: dict[str, Callable[[random.Random, str, list[str]], dict[str, Any]]] = {
    "create_group": some_creation,
    "modify_group_base_info": some_change,
    "add_group_member": lambda rng, group, some: {
        "GroupId": group, "MemberList": [{"Member_Account": u} for u in some], "Silence": rng.randint(0, 1),
    },
    "delete_group_member": lambda rng, group, some: {
        "GroupId": group, "MemberToDel_Account": some, "Silence": rng.randint(0, 1), "Reason": "r",
    },
    "change_group_owner": lambda rng, group, some: {"GroupId": group, "NewOwner_Account": some[0]},
    "destroy_group": lambda rng, group, some: {"GroupId": group},
    "join_group": lambda rng, group, some: {"GroupId": group, "Message": rng.choice("ab")},
    "handle_group_application": lambda rng, group, some: {
        "GroupId": group, "ApplicationId": rng.randint(1, 8), "Accept": rng.randint(0, 1),
    },
    "report_group_applications_read": lambda rng, group, some: {"Time": rng.randrange(2**42)},
    "quit_group": lambda rng, group, some: {"GroupId": group},
    "account_import": lambda rng, group, some: {"UserID": some[0]},
    "multiaccount_import": lambda rng, group, some: {"Accounts": some},
    "account_delete": lambda rng, group, some: {"DeleteItem": [{"UserID": some[0]}]},
    "kick": lambda rng, group, some: {"UserID": some[0]},
}  # fmt: skip
NAMES = [
    *FIELDS,
    *["join_group", "handle_group_application", "add_group_member"] * 2,
    "create_group",
    "create_group",
    "modify_group_base_info",
    "add_group_member",
]


def anything(rng: random.Random, groups: list[str], waiting: dict[int, Any]) -> tuple[str, str | None, dict[str, Any]]:
    """Return some command, some caller (None: the server API) and some fields."""
    name = rng.choice(NAMES)
    fields = FIELDS[name](rng, rng.choice(groups) if groups else "none", rng.sample(USERS, rng.randint(1, 3)))
    by = rng.choice([None, None, None, *USERS, ADMIN])
    if name == "handle_group_application" and waiting:
        num, (group, sort, user, *_) = rng.choice(list(waiting.items()))
        return name, user if sort == 1 else None, {**fields, "GroupId": group, "ApplicationId": num}
    if name in {"join_group", "quit_group", "report_group_applications_read"}:
        by = rng.choice(USERS)
    elif by in USERS and "Owner_Account" in fields:
        fields["Owner_Account"] = by
    return name, by, fields


@pytest.mark.parametrize("seed", range(4))
def test_old_state_and_events_give_the_new_state(world, seed):
    rng = random.Random(seed)
    world.app = on_plan(world.app, "open", delete_accounts=True, invite_consent=("Private",))
    happened: set[type] = set()
    world.people(*USERS)
    done: dict[str, int] = {}
    state = state_of(world)
    for step in range(200):
        name, by, fields = anything(rng, list(state["groups"]), state["waiting"])
        world.now += rng.randint(0, 3)
        before = len(world.events)
        code = world.code(name, by, **fields)
        assert code != 10002
        fresh = state_of(world)
        happened |= {type(event) for event in world.events[before:]}
        for event in world.events[before:]:
            assert decode_event(encode_event(event)) == event
            apply(state, event, fresh)
        assert state == fresh, (step, name, by, fields, code)
        if code:
            assert len(world.events) == before
        else:
            done[name] = done.get(name, 0) + 1
        state = fresh
    assert len(done) >= 9, done
    assert {ApplicationMade, ApplicationDecided, ApplicationsSeen, MembersJoined, GroupDissolved} <= happened


@pytest.mark.parametrize("seed", range(2))
def test_stored_notices_are_consecutive(world, seed):
    rng = random.Random(100 + seed)
    world.people(*USERS)
    groups: list[str] = []
    for _ in range(150):
        name, by, fields = anything(rng, groups, {})
        world.code(name, by, **fields)
        groups = [group for (group,) in world.rows("SELECT group_id FROM groups ORDER BY num")]
    for group in groups:
        [(last,)] = world.rows("SELECT next_seq - 1 FROM groups WHERE group_id = :id", id=group)
        assert [notice["at_seq"] for notice in world.stored(group)] == list(range(1, last + 1))
