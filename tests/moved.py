"""Filling an app with everything that the REST API gives away, and comparing two apps by what can be known of them."""

from __future__ import annotations

import contextlib
import io
import json
import time
from typing import TYPE_CHECKING, Any

import msgspec

from qunzhu.apps import Home, ensure_admins, save_app
from qunzhu.config import Config
from qunzhu.core.meter import BYTES, level_sums
from qunzhu.store import dump, tables
from qunzhu.store.batch import EngineTx, Nobody
from qunzhu.store.sqlite import SqliteEngine
from worlds import World

if TYPE_CHECKING:
    from pathlib import Path

TEXT = ("group_id", "name", "introduction", "notification", "face_url", "owner", "apply_join", "invite_join", "custom",
        "user_id", "name_card")  # fmt: skip
KEY = "a-key-of-these-tests"
#: Columns that no command of the API tells; of tables that are not named here nothing is told.
TOLD = {
    "accounts": ("user_id",),
    "groups": (
        "group_id", "kind_name", "name", "introduction", "notification", "face_url", "owner", "created_at", "info_seq",
        "info_at", "last_msg_at", "next_seq", "member_num", "max_member_num", "apply_join", "invite_join", "mute_all",
        "custom", "support_topic", "enable_permission", "default_permission", "history_before_join",
    ),
    "members": (
        "group_num", "user_id", "role", "joined_at", "read_seq", "msg_flag", "name_card", "last_msg_at", "custom",
    ),
    "mutes": ("group_num", "topic_num", "user_id", "until"),
    "bans": ("group_num", "user_id", "until"),
    "live_admins": ("group_num", "user_id"),
    "attributes": ("group_num", "name", "value"),
    "group_counters": ("group_num", "name", "value"),
    "topics": (
        "group_num", "topic_id", "name", "introduction", "notification", "face_url", "custom_string", "created_at",
        "last_msg_at", "next_seq", "mute_all",
    ),
    "permission_groups": (
        "group_num", "permission_group_id", "name", "permission", "custom_string", "member_num", "created_at",
    ),
    "permission_group_members": ("group_num", "user_id", "permission_group_id"),
    "topic_permissions": ("group_num", "permission_group_id", "topic_num", "permission"),
    "messages": ("group_num", "topic_num", "seq", "at", "sender", "random", "state", "body"),
}  # fmt: skip
LEFT_OUT = ("Nick", "FaceUrl", "NameCard", "OfflinePushInfo", "Recalled", "Version", "NeedReadReceipt",
            "SupportMessageExtension", "SendMsgControl")  # fmt: skip


def make_app(folder: Path, *, now: int | None = None) -> World:
    """Make an app in a data folder, its store open."""
    home, world = Home(Config(data=str(folder))), World("sqlite")
    world.app, world.now = msgspec.structs.replace(world.app, key=KEY), now or int(time.time()) - 100_000
    with contextlib.closing(home.open_control()) as control:
        control.write_now(save_app, world.app)
    world.store = home.open_app(world.app.sdkappid, world.around)
    world.store.write_now(ensure_admins, world.app, world.now)
    return world


def fill(world: World) -> None:
    """Make groups of every kind with whatever hangs on them."""
    people = [f"u{n}" for n in range(230)]
    world.people("ann", "bob", "cid", "gone", *people)
    world.group("Public", owner="ann", GroupId="large", Introduction="about", Notification="news", FaceUrl="http://a/b",
                MaxMemberCount=300, ApplyJoinOption="FreeAccess",
                AppDefinedData=[{"Key": "open_g", "Value": "値 \x01"}])  # fmt: skip
    for start in (0, 100, 200):
        world.now += 10
        world.call("add_group_member", GroupId="large",
                   MemberList=[{"Member_Account": user} for user in people[start : start + 100]])  # fmt: skip
        for n in range(15):
            world.say("large", f"hello {start + n}", people[(start + n) % 60])
    _members(world)
    _messages(world)
    generated = world.group("Private", owner="bob", members=["ann"])
    world.say(generated, "awake", "bob")
    world.group("ChatRoom", owner=None, members=["ann", "bob"], GroupId="ownerless")
    _room(world)
    _community(world)
    world.group("Public", owner="cid", GroupId="passing")
    world.call("destroy_group", GroupId="passing")
    world.group("Public", owner="cid", GroupId="last")
    world.call("modify_group_attr", GroupId="last", GroupAttr=[{"key": "k", "value": "v"}, {"key": "l", "value": ""}])
    world.call("update_group_counter", GroupId="last", GroupCounter=[{"Key": "likes", "Value": -(2**63)}])
    world.call("modify_group_base_info", GroupId="last", MuteAllMember="On", HistoryMsgBeforeJoin="On")
    world.call("account_delete", DeleteItem=[{"UserID": "gone"}])


def _members(world: World) -> None:
    world.call("modify_group_member_info", GroupId="large", Member_Account="u1", Role="Admin", NameCard="卡",
               MsgFlag="Discard", AppMemberDefinedData=[{"Key": "open_m", "Value": "x"}])  # fmt: skip
    until = 10_000_000
    world.call("forbid_send_msg", GroupId="large", Members_Account=["u2", "u3"], MuteTime=until)
    world.call("delete_group_member", GroupId="large", MemberToDel_Account=["u3"])


def _messages(world: World) -> None:
    world.call("add_group_member", GroupId="large", MemberList=[{"Member_Account": "gone"}])
    world.say("large", "of one who is gone", "gone", CloudCustomData="cloud")
    seqs = [world.say("large", f"number {n}", "ann", MsgPriority="High")["MsgSeq"] for n in range(30)]
    world.call("group_msg_recall", GroupId="large", MsgSeqList=[{"MsgSeq": seqs[3]}])
    world.say("large", "to some", "ann", To_Account=["u5"])
    world.say("large", "@all", "ann", GroupAtInfo=[{"GroupAtAllFlag": 1}])
    world.call("delete_group_msg_by_sender", GroupId="large", Sender_Account="u7")


def _room(world: World) -> None:
    world.group("AVChatRoom", owner="ann", GroupId="room")
    world.call("modify_admin", GroupId="room", CommandType=1, Admin_Account=["bob", "cid"])
    world.call("ban_group_member", GroupId="room", Members_Account=["u1", "u2"], Duration=10_000_000)
    world.call("forbid_send_msg", GroupId="room", Members_Account=["u4"], MuteTime=10_000_000)


def _community(world: World) -> None:
    name = "@TGS#_club"
    world.group("Community", owner="ann", GroupId=name, SupportTopic=1, EnablePermission=1,
                DefaultPermission=2**63 + 5)  # fmt: skip
    world.call("add_group_member", GroupId=name, MemberList=[{"Member_Account": f"u{n}"} for n in range(150)])
    topics = [world.call("create_topic", GroupId=name, TopicName=f"t{n}", CustomString="c")["TopicId"] for n in (1, 2)]
    for n in range(25):
        world.say(name, f"in topic {n}", From_Account=f"u{n}", TopicId=topics[0])
    world.say(name, "in the community", From_Account="u1")
    world.call("forbid_send_msg", GroupId=name, TopicId=topics[1], Members_Account=["u9"], MuteTime=10_000_000)
    world.call("modify_topic", GroupId=name, TopicId=topics[1], MuteAllMember="On")
    made = world.call("create_permission_group", GroupId=name, PermissionGroupName="p", Permission=3)
    where = {"GroupId": name, "PermissionGroupId": made["PermissionGroupId"]}
    world.call("add_permission_group_member", **where, MemberList=[{"Member_Account": "u1"}, {"Member_Account": "u2"}])
    world.call("add_topic_permission_group", **where, TopicPermissionList=[{"TopicId": topics[0], "Permission": 7}])


def told(home: Home, sdkappid: int) -> dict[str, Any]:
    """Return what the API tells of an app, rows named by ids instead of numbers."""
    with contextlib.closing(home.open_app(sdkappid)) as store:
        ask = lambda sql: store.read_now(lambda tx: tx.all(sql))  # noqa: E731
        groups, topics = dict(ask("SELECT num, group_id FROM groups")), dict(ask("SELECT num, topic_id FROM topics"))
        found: dict[str, Any] = {}
        for table, columns in TOLD.items():
            more = " WHERE sender <> '' AND state <> 1" if table == "messages" else ""
            rows = [
                dict(zip(columns, row, strict=True)) for row in ask(f"SELECT {', '.join(columns)} FROM {table}{more}")
            ]
            found[table] = sorted((_named(one, groups, topics) for one in rows), key=repr)
        found["first"] = _first_visible(ask, groups)
        found["counters"] = sorted(
            ask("SELECT name, value FROM counters WHERE name LIKE 'groups:%' OR name = 'accounts'")
        )
        found["levels"] = level_sums(dict(ask("SELECT name, sum(value) FROM meters GROUP BY name"))) | {BYTES: 0}
        return found


def older_dump(folder: Path, monkeypatch: Any, *, upto: int = 3) -> bytes:
    """Return the dump that an older version would have written: two groups, three members."""
    file = io.BytesIO()
    now = tables.tables
    engine = SqliteEngine(folder / "then.db", "app", writes=True, upto=upto)
    tx = EngineTx(engine, Nobody(), {})
    for table in now(upto):
        for number in range({"groups": 2, "members": 3}.get(table.name, 0)):
            row = {column: f"{column}{number}" if column in TEXT else number + 1 for column in table.columns}
            row |= {"kind_name": "Public"} if table.name == "groups" else {}
            tx.run(table.insert, **row)
    with monkeypatch.context() as patch:
        patch.setattr(dump, "tables", lambda number=None: now(number or upto))
        patch.setattr(dump, "version", lambda: upto)
        dump.write_dump(tx, file, sdkappid=1400000000, at=1)
    engine.close()
    return file.getvalue()


def _named(row: dict[str, Any], groups: dict[int, str], topics: dict[int, str]) -> dict[str, Any]:
    if "group_num" in row:
        row["group_num"] = groups.get(row["group_num"], "no group")
    if row.get("topic_num"):
        row["topic_num"] = topics.get(row["topic_num"], "no topic")
    if "body" in row:
        body = json.loads(row["body"])
        row["body"] = {key: value for key, value in body.items() if key not in LEFT_OUT}
    return row


def _first_visible(ask: Any, groups: dict[int, str]) -> list[tuple[Any, ...]]:
    """Return the first message that each member may read: notices take seqs, but are not moved."""
    rows = ask(
        "SELECT m.group_num, m.user_id, (SELECT min(seq) FROM messages s WHERE s.group_num = m.group_num"
        " AND s.topic_num = 0 AND s.sender <> '' AND s.state <> 1 AND s.seq >= m.from_seq) FROM members m"
    )
    return sorted((groups[num], user, seq) for num, user, seq in rows)
