"""Random sequences of all group commands by random actors, against the rules in plain Python.

After each command the server and the model must agree: code, reply, everything stored, and what was published; and the
state before with the published events must be the state now. ``QUNZHU_SEQUENCES`` says how many sequences to run.
"""

from __future__ import annotations

import os
import random
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from contract.draws import COMMANDS, NAMES, USERS, drawn
from contract.model import ADMIN, Fields, Who
from contract.model_communities import Model
from events.test_replay import apply, state_of
from ledger import agree
from qunzhu.commands._sweep import sweep
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import Refused
from qunzhu.core.limits import MSG_FLAGS
from worlds import TABLES, World, documented, switched

if TYPE_CHECKING:
    from qunzhu.core.live import Present
    from qunzhu.core.ports import Tx

SEQUENCES = int(os.environ.get("QUNZHU_SEQUENCES", "150"))
FEW, MANY = 100, 1000
BURST = 0.15
"""How often somebody goes on: to write attributes in one second, to ban one after the other."""
STEPS = 30
#: Kinds of the groups that a sequence begins with, besides a random one.
BEGINNINGS = (
    ("Community", "AVChatRoom"), ("Public", "AVChatRoom"), ("ChatRoom", "Public"), ("Community", "Private"),
    ("Community", "Public"),
)  # fmt: skip
CONSENT = ("ChatRoom",)
#: Tables that outlive the groups.
KEPT = {
    "accounts", "counters", "outbox", "dissolved", "deleted_accounts", "applications_seen", "meters", "active_users",
    "active_groups",
}  # fmt: skip
#: Group commands that have tests of their own instead: what they do is in memory, or asks nobody's standing.
ELSEWHERE = {
    "send_group_msg", "send_broadcast_msg",
    # Their machine is that of messages.
    "group_msg_get_simple", "group_msg_recall", "delete_group_msg_by_sender", "clear_group_msg",
    "import_group_msg", "set_unread_msg_num", "group_msg_receipt", "get_group_msg_receipt",
    "get_group_msg_receipt_detail",
}  # fmt: skip
ROLES = {200: "Member", 300: "Admin", 400: "Owner"}
GROUP_COLUMNS = (
    "num", "group_id", "kind_name", "name", "introduction", "notification", "face_url", "owner", "created_at",
    "info_seq", "info_at", "last_msg_at", "next_seq", "member_num", "max_member_num", "apply_join", "invite_join",
    "mute_all", "custom", "support_topic", "enable_permission", "default_permission", "history_before_join", "active",
)  # fmt: skip
MEMBER_COLUMNS = ("role", "joined_at", "read_seq", "msg_flag", "name_card", "last_msg_at", "custom")
TOPIC_COLUMNS = (
    "name", "introduction", "notification", "face_url", "custom_string", "creator", "created_at", "mute_all",
)  # fmt: skip
APPLICATION = (
    "sort", "user", "inviter", "message", "at_ms", "handled_by", "accepted", "answer", "handled_at",
)  # fmt: skip


def there(tx: Tx, room: str) -> list[Present]:
    """Return who is in a live room, in the order of entering."""
    live = tx.presence.live
    both = {one.user: one for one in [*live.newest(room, 1000), *live.newest(room, 1000, 600)]}
    return sorted(both.values(), key=lambda one: one.place)


def read_small_tables(tx: Tx, groups: dict[int, Fields]) -> None:
    """Read what hangs on a group and is a value by a key."""
    for num, user, at in tx.all("SELECT group_num, user_id, at FROM live_admins"):
        groups[num]["admins"][user] = at
    for num, user, until, why in tx.all("SELECT group_num, user_id, until, description FROM bans"):
        groups[num]["bans"][user] = (until, why)
    for num, key, value, version in tx.all("SELECT group_num, name, value, version FROM attributes"):
        groups[num]["attributes"][key] = (value, version)
    for num, version, at, writes in tx.all("SELECT group_num, version, at, writes FROM attribute_versions"):
        groups[num] |= {"version": version, "writes": (at, writes)}
    for num, key, value in tx.all("SELECT group_num, name, value FROM group_counters"):
        groups[num]["counters"][key] = value


def stored(tx: Tx) -> Fields:  # noqa: C901 - a table each
    """Read all groups and applications, in the model's shape."""
    groups: dict[int, Fields] = {}
    for row in tx.all(f"SELECT {', '.join(GROUP_COLUMNS)} FROM groups ORDER BY num"):
        g: Fields = dict(zip(GROUP_COLUMNS, row, strict=True))
        groups[g.pop("num")] = g
        g |= {
            "custom": msgspec.json.decode(g["custom"]), "default_permission": g["default_permission"] % 2**64,
            "members": {}, "mutes": {}, "topics": {}, "permissions": {}, "stored": {}, "admins": {}, "bans": {},
            "attributes": {}, "version": 0, "writes": (0, 0), "counters": {},
            "live": {one.user: {"at": one.joined_at, "marks": set(one.marks)} for one in there(tx, g["group_id"])},
        }  # fmt: skip
    for num, user, *row in tx.all(f"SELECT group_num, user_id, {', '.join(MEMBER_COLUMNS)} FROM members"):
        m = groups[num]["members"][user] = dict(zip(MEMBER_COLUMNS, row, strict=True))
        m |= {
            "role": ROLES[m["role"]],
            "msg_flag": MSG_FLAGS[m["msg_flag"]],
            "custom": msgspec.json.decode(m["custom"]),
        }
    for g in groups.values():
        if g["kind_name"] != "AVChatRoom":
            assert g.pop("member_num") == len(g["members"])
            assert [u for u, m in g["members"].items() if m["role"] == "Owner"] == [g["owner"]] * bool(g["owner"])
        else:
            assert g.pop("member_num") == 0
    topics = {0: ""}
    for num, group_num, topic_id, *row in tx.all(
        f"SELECT num, group_num, topic_id, {', '.join(TOPIC_COLUMNS)} FROM topics ORDER BY num"
    ):
        groups[group_num]["topics"][topic_id] = dict(zip(TOPIC_COLUMNS, row, strict=True))
        topics[num] = topic_id
    for num, topic, user, until in tx.all("SELECT group_num, topic_num, user_id, until FROM mutes"):
        groups[num]["mutes"][topics[topic], user] = until
    read_small_tables(tx, groups)
    for num, one, name, mask, custom, number, at in tx.all(
        "SELECT group_num, permission_group_id, name, permission, custom_string, member_num, created_at"
        " FROM permission_groups"
    ):
        groups[num]["permissions"][one] = {
            "name": name, "permission": mask % 2**64, "custom_string": custom, "created_at": at, "users": set(),
            "topics": {}, "number": number,
        }  # fmt: skip
    for num, user, one in tx.all("SELECT group_num, user_id, permission_group_id FROM permission_group_members"):
        groups[num]["permissions"][one]["users"].add(user)
    for num, one, topic, mask in tx.all(
        "SELECT group_num, permission_group_id, topic_num, permission FROM topic_permissions"
    ):
        groups[num]["permissions"][one]["topics"][topics[topic]] = mask % 2**64
    for num, seq, at, body in tx.all(
        "SELECT m.group_num, m.seq, m.at, m.body FROM messages m JOIN groups g ON g.num = m.group_num"
        " WHERE m.topic_num = 0 ORDER BY m.group_num, m.seq"
    ):
        record = groups[num]["stored"][seq] = msgspec.json.decode(body)
        assert record["at"] == at
    for g in groups.values():
        assert all(one.pop("number") == len(one["users"]) for one in g["permissions"].values())
        assert list(g["stored"]) == list(range(1, g["next_seq"])), "seqs are consecutive"
    return {
        "groups": {g["group_id"]: g for g in groups.values()},
        "applications": {
            num: {"group": groups[group]["group_id"], **dict(zip(APPLICATION, row, strict=True))}
            for num, group, *row in tx.all(
                "SELECT num, group_num, sort, user_id, inviter, message, at_ms, handled_by, accepted, answer,"
                " handled_at FROM applications"
            )
        },
        "accounts": {user for (user,) in tx.all("SELECT user_id FROM accounts")},
        "seen": dict(tx.all("SELECT user_id, at_ms FROM applications_seen")),
    }


def expected(model: Model) -> Fields:
    """Return the model's state."""
    return {
        "groups": model.groups, "applications": model.applications, "accounts": model.accounts, "seen": model.seen,
    }  # fmt: skip


def plain(reply: Any) -> Any:
    """Return a reply without the texts of codes, and results for each of several things as tuples."""
    if isinstance(reply, list):
        return [plain(item) for item in reply]
    if not isinstance(reply, dict):
        return reply
    lists = {"DestroyResultItem": "TopicId", "PermissionGroupResultList": "PermissionGroupId"}
    short: Fields = {}
    for name, value in reply.items():
        if name in lists:
            short[name] = [(item[lists[name]], item["ErrorCode"]) for item in value]
        elif name == "TopicPermissionResultList":
            short[name] = [(item["TopicId"], item["ErrorCode"], item.get("Permission")) for item in value]
        elif name == "ResultItem":
            short[name] = [item["ResultCode"] for item in value]
        elif name != "ErrorInfo":
            short[name] = plain(value)
    return short


def differ(server: Any, model: Any, path: str = "") -> list[str]:
    """Return where two values differ."""
    if isinstance(server, dict) and isinstance(model, dict):
        both = [key for key in server if key in model]
        found = [line for key in both for line in differ(server[key], model[key], f"{path}.{key}")]
        found += [f"{path}.{key}: only the server has {server[key]}" for key in server if key not in model]
        return found + [f"{path}.{key}: only the model has {model[key]}" for key in model if key not in server]
    if isinstance(server, list) and isinstance(model, list) and len(server) == len(model):
        pairs = enumerate(zip(server, model, strict=True))
        return [line for index, (one, other) in pairs for line in differ(one, other, f"{path}[{index}]")]
    return [] if server == model else [f"{path}: server {server!r}, model {model!r}"]


def holding(state: Fields, now: int) -> Fields:
    """Return a state without the bans that are over: they may go at any time, and nobody is told."""
    for g in state["groups"].values():
        g["bans"] = {user: ban for user, ban in g["bans"].items() if (ban if isinstance(ban, int) else ban[0]) > now}
    return state


class Within:
    """Reads in one transaction what ``state_of`` reads from a world."""

    def __init__(self, tx: Tx, world: World) -> None:
        self.rows, self.hub = tx.all, world.hub


class Machine(RuleBasedStateMachine):
    """Server and model side by side."""

    world: World
    counts: dict[str, dict[int, int]]

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        for (left,) in world.rows("SELECT group_id FROM groups"):  # of a sequence that failed
            world.call("destroy_group", GroupId=left)
        for table in ("deleted_accounts", "applications_seen", "dissolved"):
            world.execute(f"DELETE FROM {table}")
        world.people(*USERS)
        self.agree = True
        world.events.clear()
        self.model = Model(USERS, CONSENT, world.now)
        self.sessions = {user: world.online(user) for user in (ADMIN, *USERS)}
        self.model.sessions = {user: session.number for user, session in self.sessions.items()}
        self.replayed, self.before = state_of(world), world.store.read_now(stored)

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """Make some groups, a community with topics among them."""
        self.seed, rng = seed, random.Random(seed)
        self.run("create_group", *drawn(rng, self.model, "create_group"))
        for kind in rng.choice(BEGINNINGS):
            owner, *some = rng.sample(USERS, 4)
            more: Fields = {"SupportTopic": 1, "EnablePermission": rng.randint(0, 1)} if kind == "Community" else {}
            if kind in {"Public", "ChatRoom", "Private"}:
                more["InviteJoinOption"] = "NeedPermission"
            members = [{"Member_Account": user} for user in some]
            if kind == "AVChatRoom":
                self.run("create_group", Who(owner, gateway=True), {"Type": kind, "Name": "n"})
                continue
            if kind != "Private":
                members[0]["Role"] = "Admin"
            self.run("create_group", Who(ADMIN, gateway=False), {
                "Type": kind, "Name": "n", "Owner_Account": owner, "MemberList": members, **more,
            })  # fmt: skip
            if kind == "Community":
                self.furnish(list(self.model.groups)[-1], owner, some)
        group_id = list(self.model.groups)[-1]
        pairs = [{"key": key, "value": "x"} for key in "ab"]
        self.run("modify_group_attr", Who(ADMIN, gateway=False), {"GroupId": group_id, "GroupAttr": pairs})

    def furnish(self, group_id: str, owner: str, some: list[str]) -> None:
        """Give a community topics, and a permission group with a member."""
        who = Who(owner, gateway=True)
        for part in "ab":
            fields = {"GroupId": group_id, "TopicName": part, "TopicId": f"{group_id}@TOPIC#_{part}"}
            self.run("create_topic", who, fields)
        muted = {"Members_Account": some[1:], "MuteTime": 1000, "TopicId": f"{group_id}@TOPIC#_a"}
        self.run("forbid_send_msg", who, {"GroupId": group_id, **muted})
        fields = {"GroupId": group_id, "PermissionGroupId": "@PMG#_a", "Permission": 0b101110}
        self.run("create_permission_group", who, fields)
        self.run("add_permission_group_member", who, {
            "GroupId": group_id, "PermissionGroupId": "@PMG#_a", "MemberList": [{"Member_Account": some[-1]}],
        })  # fmt: skip

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """Let somebody do something. Equal numbers mean the same within a sequence only, so that few are repeated."""
        rng = random.Random(f"{self.seed} {seed}")
        name = rng.choice(NAMES)
        self.world.now += rng.choice([0, 0, 0, 0, 1, 3])
        many = name in {"modify_group_attr", "ban_group_member"} and rng.random() < BURST
        for _ in range(6 if many else 1):
            self.run(name, *drawn(rng, self.model, name))

    def run(self, name: str, who: Who, fields: Fields) -> None:
        """Run one command on both sides and compare."""
        world, model = self.world, self.model
        model.now, self.last = world.now, (name, who, fields)
        before = len(world.events)
        code, reply = 0, None
        try:
            reply = world.call(name, who.user if who.gateway else None, **fields)
        except Refused as refused:
            code = refused.row.code
            assert code in documented(BY_NAME[name])
        published = world.events[before:]
        told = [msgspec.to_builtins(event) for event in published]
        made = [reply[key] for key in ("GroupId", "TopicId", "PermissionGroupId") if reply and key in reply]
        asked = [event["num"] for event in told if event["type"] == "ApplicationMade"]
        made += [num for num in asked if num not in model.applications]
        wanted = model.run(name, who, fields, made)
        self.compare("reply", [code, plain(reply)], list(wanted))
        self.compare("events", {"": told}, {"": model.events})
        now, fresh = world.store.read_now(
            lambda tx: (stored(tx), state_of(Within(tx, world)) if published else self.replayed)
        )
        self.compare("state", now, expected(model))
        if published:
            for event in published:
                apply(self.replayed, event, fresh)
            self.compare("events upon the state before", holding(fresh, world.now), holding(self.replayed, world.now))
        else:
            self.compare("state without an event", holding(now, world.now), holding(self.before, world.now))
        self.before = now
        world.events.clear()
        for session in self.sessions.values():
            session.frames.clear()
        self.counts.setdefault(name, {}).setdefault(code, 0)
        self.counts[name][code] += 1

    def compare(self, what: str, server: Any, model: Any) -> None:
        """Fail where server and model differ, and say where."""
        if server != model:
            self.agree = False
            lines = [f"{line}" for line in differ(server, model)] or [f"server {server!r}, model {model!r}"]
            raise AssertionError("\n".join([f"{what} of {self.last}", *lines[:20]]))

    def teardown(self) -> None:
        """Dissolve everything: nothing of any group may be left."""
        if not self.agree:
            return
        for group_id in list(self.model.groups):
            self.run("destroy_group", Who(ADMIN, gateway=False), {"GroupId": group_id})
        while self.world.store.write_now(sweep, self.world.app, self.world.now):
            pass
        agree(self.world)
        hanging = [table for table in TABLES if table not in KEPT]
        left = {table: rows for table in hanging if (rows := self.world.rows(f"SELECT * FROM {table}"))}
        assert not left


def run_machine(world: World, sequences: int) -> dict[str, dict[int, int]]:
    """Run sequences in a world; return how often each command ended with which code."""
    world.app = switched(world.app, invite_consent=CONSENT, delete_accounts=True)

    class Here(Machine):
        pass

    Here.world, Here.counts = world, {}
    run_state_machine_as_test(Here, settings=settings(
        max_examples=sequences, stateful_step_count=STEPS, deadline=None, database=None, derandomize=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
    return Here.counts


@pytest.mark.timeout(0)
def test_the_server_does_what_the_rules_say(sqlite_world):
    """Nearly every command succeeds somewhere, in many sequences all do; ``-s`` shows how often, and other codes."""
    counts = run_machine(sqlite_world, SEQUENCES)
    for name, codes in sorted(counts.items()):
        sys.stdout.write(f"{name:34} {sum(codes.values()):7}  {dict(sorted(codes.items()))}\n")
    done = {name for name, codes in counts.items() if codes.get(0)}
    assert len(done) >= 0.9 * len(COMMANDS) or SEQUENCES < FEW
    assert done == set(COMMANDS) or SEQUENCES < MANY


def test_postgresql_does_the_same(make_world):
    """A few sequences on the other engine."""
    assert run_machine(make_world("postgres"), max(3, SEQUENCES // 50))


def test_no_group_command_is_missing():
    """A new command needs its rules in the model."""
    services = {
        "group_open_http_svc",
        "million_group_open_http_svc",
        "group_open_avchatroom_http_svc",
        "group_open_attr_http_svc",
    }
    built = {command.name for command in BY_NAME.values() if command.service in services}
    assert built - ELSEWHERE <= set(COMMANDS)
