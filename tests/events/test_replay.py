"""Old state and the emitted events give the new state: nothing changes that no event tells."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.core.events import (
    AccountsChanged,
    AllReceiveOptionSet,
    ApplicationDecided,
    ApplicationMade,
    ApplicationsSeen,
    AttributesChanged,
    CountersChanged,
    DailyQuotaNear,
    GroupCreated,
    GroupDissolved,
    GroupInfoChanged,
    GroupWoken,
    HistoryCleared,
    LoginsRevoked,
    MarksChanged,
    MemberInfoChanged,
    MemberRoleChanged,
    MembersBanned,
    MembersJoined,
    MembersLeft,
    MembersMuted,
    MembersUnbanned,
    MessageDropped,
    MessageModified,
    MessagesDeleted,
    MessageSent,
    MessagesHidden,
    MessagesImported,
    MessagesRecalled,
    OwnerChanged,
    PermissionGroupChanged,
    PermissionGroupCreated,
    PermissionGroupDestroyed,
    PermissionMembersAdded,
    PermissionMembersRemoved,
    ReadMoved,
    ReceiptsGiven,
    RequestsOverLimit,
    TopicChanged,
    TopicCreated,
    TopicPermissionsAdded,
    TopicPermissionsChanged,
    TopicPermissionsRemoved,
    TopicsDestroyed,
    decode_event,
    encode_event,
)
from qunzhu.core.kinds import BY_NAME as KINDS_BY_NAME
from qunzhu.core.limits import MSG_FLAGS
from worlds import ADMIN, KINDS, NOW, World, on_plan

if TYPE_CHECKING:
    from collections.abc import Callable

USERS = [f"u{n}" for n in range(6)]
COLUMNS = {
    "Name": "name", "Introduction": "introduction", "Notification": "notification", "FaceUrl": "face_url",
    "MaxMemberNum": "max_member_num", "ApplyJoinOption": "apply_join", "InviteJoinOption": "invite_join",
    "MuteAllMember": "mute_all", "HistoryMsgBeforeJoin": "history_before_join",
    "EnablePermission": "enable_permission", "DefaultPermission": "default_permission",
}  # fmt: skip
TOPIC_COLUMNS = {
    "TopicName": "name", "Introduction": "introduction", "Notification": "notification", "FaceUrl": "face_url",
    "CustomString": "custom_string", "MuteAllMember": "mute_all",
}  # fmt: skip
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
ROLES = {200: "Member", 300: "Admin", 400: "Owner"}
State = dict[str, Any]


def state_of(world: World) -> State:
    """Read everything that events tell of."""
    columns = ["group_id", "kind_name", "owner", "member_num", "next_seq", "custom", "active", *COLUMNS.values()]
    groups = {}
    for row in world.rows(f"SELECT {', '.join(columns)} FROM groups ORDER BY num"):
        group = dict(zip(columns, row, strict=True))
        group["custom"] = json.loads(group["custom"])
        group["default_permission"] %= 2**64
        group["members"], group["topics"] = {}, {}
        groups[group.pop("group_id")] = group
    for room, user, role, flag, card, custom, seq in world.rows(
        "SELECT g.group_id, m.user_id, m.role, m.msg_flag, m.name_card, m.custom, m.read_seq"
        " FROM members m JOIN groups g ON g.num = m.group_num"
    ):
        groups[room]["members"][user] = {
            "Role": ROLES[role], "MsgFlag": MSG_FLAGS[flag], "NameCard": card, "custom": json.loads(custom),
            "read_seq": seq,
        }  # fmt: skip
    read_permissions(world, groups)
    read_keys(world, groups)
    read_live(world, groups)
    columns = ["topic_id", "creator", "next_seq", *TOPIC_COLUMNS.values()]
    for room, *row in world.rows(
        f"SELECT g.group_id, {', '.join(f't.{c}' for c in columns)} FROM topics t JOIN groups g ON g.num = t.group_num"
    ):
        topic = dict(zip(columns, row, strict=True))
        groups[room]["topics"][topic.pop("topic_id")] = topic
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
        "options": {
            user: tuple(row)
            for user, *row in world.rows(
                "SELECT user_id, msg_flag, start_of_day, start_at, seconds FROM receive_options"
            )
        },
        "mutes": {
            tuple(key): until
            for *key, until in world.rows(
                "SELECT g.group_id, coalesce(t.topic_id, ''), s.user_id, s.until FROM mutes s"
                " JOIN groups g ON g.num = s.group_num LEFT JOIN topics t ON t.num = s.topic_num"
            )
        },
        "accounts": dict(world.rows("SELECT user_id, revoked_before FROM accounts")),
        "stored": read_streams(world),
        **read_history(world),
        "read": read_topics(world),
    }


def read_streams(world: World) -> dict[tuple[str, str, int], Any]:
    """Read all that is stored in the streams of groups and topics that are there."""
    return {
        (room, topic, seq): (sender, num, flags, now, json.loads(body) if body else None)
        for room, topic, seq, sender, num, flags, now, body in world.rows(
            "SELECT g.group_id, coalesce(t.topic_id, ''), s.seq, s.sender, coalesce(s.random, 0), s.flags, s.state,"
            " s.body"
            " FROM messages s JOIN groups g ON g.num = s.group_num LEFT JOIN topics t ON t.num = s.topic_num"
            " WHERE s.topic_num = 0 OR t.num IS NOT NULL"
        )
    }


def read_history(world: World) -> State:
    """Read what was cleared, imported, hidden and receipted: what of it is in groups that are there."""
    places = {}
    for room, topic, cleared, imported in world.rows(
        "SELECT group_id, '', cleared_seq, imported_seq FROM groups UNION ALL SELECT g.group_id, t.topic_id,"
        " t.cleared_seq, t.imported_seq FROM topics t JOIN groups g ON g.num = t.group_num"
    ):
        places[room, topic] = (cleared, imported)
    return {
        "places": {place: seqs for place, seqs in places.items() if any(seqs)},
        "own": {
            (room, topic, user): seq
            for room, topic, user, seq in world.rows(
                "SELECT g.group_id, '', m.user_id, m.cleared_seq FROM members m JOIN groups g ON g.num = m.group_num"
                " WHERE m.cleared_seq > 0 UNION ALL SELECT g.group_id, t.topic_id, m.user_id, m.cleared_seq"
                " FROM topic_members m JOIN topics t ON t.num = m.topic_num JOIN groups g ON g.num = t.group_num"
                " WHERE m.cleared_seq > 0"
            )
        },
        "hidden": {
            tuple(row)
            for row in world.rows(
                "SELECT g.group_id, coalesce(t.topic_id, ''), h.seq, h.user_id FROM hidden_messages h"
                " JOIN groups g ON g.num = h.group_num LEFT JOIN topics t ON t.num = h.topic_num"
                " WHERE h.topic_num = 0 OR t.num IS NOT NULL"
            )
        },
        "receipts": {
            tuple(row)
            for row in world.rows(
                "SELECT g.group_id, r.seq, r.user_id FROM receipts r JOIN groups g ON g.num = r.group_num"
            )
        },
    }


HISTORY = (
    MessagesRecalled, MessageModified, MessagesDeleted, HistoryCleared, MessagesHidden, MessagesImported, ReceiptsGiven,
    ReadMoved,
)  # fmt: skip


def apply_history(state: State, event: Any) -> None:  # noqa: C901, PLR0912 - a row each
    """Let something happen to stored messages."""
    room, topic = event.group_id, getattr(event, "topic_id", "")
    place = room, topic
    match event:
        case MessagesRecalled():
            for seq in event.seqs:
                sender, num, flags, _, body = state["stored"][*place, seq]
                left = {k: v for k, v in body.items() if k not in {"CloudCustomData", "OfflinePushInfo", "GroupAtInfo"}}
                reason = {"Reason": event.reason} if event.reason else {}
                recalled = {"Operator_Account": event.operator, "Time": event.at, **reason}
                state["stored"][*place, seq] = (sender, num, flags, 2, left | {"MsgBody": [], "Recalled": recalled})
        case MessageModified():
            sender, num, _, now, _ = state["stored"][*place, event.msg_seq]
            body = json.loads(encode_event(event))["message"]
            state["stored"][*place, event.msg_seq] = (sender, num, event.flags, now, body)
        case MessagesDeleted():
            for seq in event.seqs:
                sender, num, flags, _, _ = state["stored"][*place, seq]
                state["stored"][*place, seq] = (sender, num, flags, 1, None)
        case HistoryCleared():
            state["places"][place] = (event.upto, state["places"].get(place, (0, 0))[1])
        case MessagesHidden(seqs=seqs) if seqs:
            state["hidden"] |= {(*place, seq, event.operator) for seq in seqs}
        case MessagesHidden(upto=upto):
            state["own"][*place, event.operator] = upto
            if topic:
                state["read"].setdefault((topic, event.operator), event.read)
            state["hidden"] = {
                one for one in state["hidden"] if (one[:2], one[3]) != (place, event.operator) or one[2] > upto
            }
        case MessagesImported():
            for body in json.loads(encode_event(event))["messages"]:
                stream = state["groups"][room]["topics"][topic] if topic else state["groups"][room]
                stream["next_seq"] = body["MsgSeq"] + 1
                stored = (body["From_Account"], body["MsgRandom"], event.flags, 0, body)
                state["stored"][*place, body["MsgSeq"]] = stored
                state["places"][place] = (state["places"].get(place, (0, 0))[0], body["MsgSeq"])
        case ReceiptsGiven():
            state["receipts"] |= {(room, one.seq, event.operator) for one in event.receipts}
        case ReadMoved() if topic:
            state["read"][topic, event.operator] = event.upto
        case ReadMoved():
            state["groups"][room]["members"][event.operator]["read_seq"] = event.upto


def forget_history(state: State, which: Callable[[tuple[Any, ...]], bool]) -> None:
    """Forget what hangs on streams that are gone; each place begins with group and topic."""
    for name in ("places", "own"):
        state[name] = {place: one for place, one in state[name].items() if not which(place)}
    state["hidden"] = {one for one in state["hidden"] if not which(one)}


def read_topics(world: World) -> dict[tuple[str, str], int]:
    """Read how far users have read in topics."""
    return {
        (topic, user): seq
        for topic, user, seq in world.rows(
            "SELECT t.topic_id, m.user_id, m.read_seq FROM topic_members m JOIN topics t ON t.num = m.topic_num"
        )
    }


def apply_message(state: State, event: MessageSent) -> None:
    """Let a message take its place, and its sender have read up to it."""
    key = event.group_id, event.topic_id
    group = state["groups"][event.group_id]
    if event.seq:
        stream = group["topics"][event.topic_id] if event.topic_id else group
        stream["next_seq"] = event.seq + 1
    if event.kept:
        body = json.loads(encode_event(event))["message"]
        state["stored"][*key, event.seq] = (event.operator, event.random, event.flags, 0, body)
        if event.member and event.topic_id:
            state["read"][event.topic_id, event.operator] = event.seq
        elif event.member:
            group["members"][event.operator]["read_seq"] = event.seq


def forget_reading(state: State, group: str, users: list[str] | None = None) -> None:
    """Forget how far those have read in topics who are no members any more, or all of them."""
    state["read"] = {
        (topic, user): seq
        for (topic, user), seq in state["read"].items()
        if not topic.startswith(f"{group}@TOPIC#_") or (users is not None and user not in users)
    }


def read_permissions(world: World, groups: dict[str, Any]) -> None:
    """Read permission groups with their members and topic permissions into the state of their communities."""
    for group in groups.values():
        group["permissions"] = {}
    for room, one, name, mask, custom, number in world.rows(
        "SELECT g.group_id, p.permission_group_id, p.name, p.permission, p.custom_string, p.member_num"
        " FROM permission_groups p JOIN groups g ON g.num = p.group_num"
    ):
        groups[room]["permissions"][one] = {
            "is": (name, mask % 2**64, custom), "number": number, "users": set(), "topics": {},
        }  # fmt: skip
    for room, one, user in world.rows(
        "SELECT g.group_id, p.permission_group_id, p.user_id FROM permission_group_members p"
        " JOIN groups g ON g.num = p.group_num"
    ):
        groups[room]["permissions"][one]["users"].add(user)
    for room, one, topic, mask in world.rows(
        "SELECT g.group_id, p.permission_group_id, t.topic_id, p.permission FROM topic_permissions p"
        " JOIN groups g ON g.num = p.group_num JOIN topics t ON t.num = p.topic_num"
    ):
        groups[room]["permissions"][one]["topics"][topic] = mask % 2**64
    for group in groups.values():
        assert all(one["number"] == len(one["users"]) for one in group["permissions"].values())


def read_keys(world: World, groups: dict[str, Any]) -> None:
    """Read attributes with their versions, and counters, into the state of their groups."""
    for group in groups.values():
        group |= {"attributes": {}, "version": 0, "counters": {}}
    for room, key, value, version in world.rows(
        "SELECT g.group_id, a.name, a.value, a.version FROM attributes a JOIN groups g ON g.num = a.group_num"
    ):
        groups[room]["attributes"][key] = (value, version)
    for room, version in world.rows(
        "SELECT g.group_id, v.version FROM attribute_versions v JOIN groups g ON g.num = v.group_num"
    ):
        groups[room]["version"] = version
    for room, key, value in world.rows(
        "SELECT g.group_id, c.name, c.value FROM group_counters c JOIN groups g ON g.num = c.group_num"
    ):
        groups[room]["counters"][key] = value


def read_live(world: World, groups: dict[str, Any]) -> None:
    """Read into the state of live rooms who administers them, who is banned, and who is there with which marks."""
    for room, group in groups.items():
        group["admins"], group["bans"] = set(), {}
        group["live"] = {one.user: set(one.marks) for one in world.hub.live.newest(room, 1000)}
        group["live"] |= {one.user: set(one.marks) for one in world.hub.live.newest(room, 1000, 600)}
    for room, user in world.rows(
        "SELECT g.group_id, a.user_id FROM live_admins a JOIN groups g ON g.num = a.group_num"
    ):
        groups[room]["admins"].add(user)
    for room, user, until in world.rows(
        "SELECT g.group_id, b.user_id, b.until FROM bans b JOIN groups g ON g.num = b.group_num"
    ):
        groups[room]["bans"][user] = until


def apply(state: State, event: Any, fresh: State) -> None:  # noqa: C901, PLR0912 - a row each
    """Let an event happen to a state. What a creation does not tell of a profile is taken from the fresh one."""
    if isinstance(event, AccountsChanged):
        state["accounts"] |= dict.fromkeys(event.registered, 0)
        for user in event.deleted:
            del state["accounts"][user]
            state["seen"].pop(user, None)
            state["options"].pop(user, None)
            state["hidden"] = {one for one in state["hidden"] if one[3] != user}
            forget_mutes(state, user=user)
            for group in state["groups"].values():
                group["live"].pop(user, None)
                group["bans"].pop(user, None)
        drop_waiting(state, lambda room, user, inviter: {user, inviter} & {*event.deleted})
    elif isinstance(event, ApplicationsSeen):
        state["seen"][event.user] = event.at_ms
    elif isinstance(event, AllReceiveOptionSet):
        flag = MSG_FLAGS.index(event.flag)
        state["options"][event.user] = (flag, event.start_of_day, event.start_at, event.seconds)
    elif isinstance(event, LoginsRevoked):
        state["accounts"][event.user] = event.before
    elif isinstance(event, GroupDissolved):
        del state["groups"][event.group_id]
        drop_waiting(state, lambda room, user, inviter: room == event.group_id)
        state["stored"] = {key: body for key, body in state["stored"].items() if key[0] != event.group_id}
        forget_reading(state, event.group_id)
        forget_history(state, lambda place: place[0] == event.group_id)
        state["receipts"] = {one for one in state["receipts"] if one[0] != event.group_id}
        forget_mutes(state, group=event.group_id)
    elif isinstance(event, MessageSent):
        apply_message(state, event)
    elif isinstance(event, HISTORY):
        apply_history(state, event)
    elif isinstance(event, MessageDropped | DailyQuotaNear | RequestsOverLimit):
        pass
    else:
        groups = state["groups"]
        apply_to_mutes(state, event)
        if isinstance(event, GroupCreated):
            groups[event.group_id] = created(event, fresh["groups"].get(event.group_id, {}))
            of_first = {key: until for key, until in fresh["mutes"].items() if key[0] == event.group_id}
            state["mutes"] |= of_first
        else:
            (apply_to_room if event.kind == "AVChatRoom" else apply_to_group)(groups[event.group_id], event)
            now = fresh["groups"].get(event.group_id, {})
            if isinstance(event, MembersJoined) and event.kind != "AVChatRoom":
                for user in event.users:
                    groups[event.group_id]["members"][user]["read_seq"] = event.seq or now["members"][user]["read_seq"]
            apply_to_topics(groups[event.group_id]["topics"], event, now.get("topics", {}))
            if isinstance(event, GroupWoken):
                groups[event.group_id]["active"] = 1
            for topic_id in getattr(event, "topic_ids", ()):
                state["read"] = {key: seq for key, seq in state["read"].items() if key[0] != topic_id}
                forget_history(state, lambda place, topic=topic_id: place[1] == topic)
                state["stored"] = {key: body for key, body in state["stored"].items() if key[1] != topic_id}
                for one in groups[event.group_id]["permissions"].values():
                    one["topics"].pop(topic_id, None)
        if isinstance(event, MembersLeft):
            forget_reading(state, event.group_id, users=event.users)
            state["own"] = {
                key: seq for key, seq in state["own"].items() if key[0] != event.group_id or key[2] not in event.users
            }
            drop_waiting(state, lambda room, user, inviter: room == event.group_id and {user, inviter} & {*event.users})
        apply_to_waiting(state["waiting"], event)
        if event.seq:
            assert event.told
            groups[event.group_id]["next_seq"] = event.seq + 1
            state["stored"][event.group_id, "", event.seq] = ("", 0, 0, 0, json.loads(encode_event(event)))


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


def forget_mutes(state: State, group: str | None = None, user: str | None = None) -> None:
    """Take mutes away: of a group, of a user, or of a user in a group."""
    state["mutes"] = {key: until for key, until in state["mutes"].items() if key[0] != (group or key[0])
                      or key[2] != (user or key[2])}  # fmt: skip


def apply_to_mutes(state: State, event: Any) -> None:
    """Let an event happen to the mutes."""
    mutes = state["mutes"]
    if isinstance(event, OwnerChanged) and event.new:
        forget_mutes(state, event.group_id, event.new)
    elif isinstance(event, TopicsDestroyed):
        state["mutes"] = {key: until for key, until in mutes.items() if key[1] not in event.topic_ids}
    elif isinstance(event, MembersMuted):
        for user in event.users:
            mutes.pop((event.group_id, event.topic_id, user), None)
            if event.until:
                mutes[event.group_id, event.topic_id, user] = event.until


def member(kind: str, role: str) -> dict[str, Any]:
    """Return a new member."""
    return {"Role": role, "MsgFlag": KINDS_BY_NAME[kind].msg_flag, "NameCard": "", "custom": {}}


def created(event: GroupCreated, fresh: dict[str, Any]) -> dict[str, Any]:
    """Return a new group: live rooms keep no members."""
    members = {event.owner: member(event.kind, "Owner")} if event.owner and event.kind != "AVChatRoom" else {}
    members |= {user: member(event.kind, "Member") for user in event.members}
    members = {user: fresh.get("members", {}).get(user, new) for user, new in members.items()}
    return {
        **fresh, "kind_name": event.kind, "name": event.name, "owner": event.owner, "members": members,
        "member_num": len(members), "next_seq": 1, "permissions": {}, "topics": {}, "attributes": {}, "version": 0,
        "counters": {},
        "admins": set(), "bans": {}, "live": {}, "active": int(event.imported or event.kind != "Private"),
    }  # fmt: skip


def apply_to_group(group: dict[str, Any], event: Any) -> None:
    """Let an event happen to a group that was there."""
    match event:
        case MembersJoined():
            for user in event.users:
                group["members"][user] = member(event.kind, "Admin" if user in event.admins else "Member")
            group["member_num"] = event.member_num
        case MembersLeft():
            for user in event.users:
                del group["members"][user]
                for one in group["permissions"].values():
                    one["users"].discard(user)
                    one["number"] = len(one["users"])
            group["member_num"] = event.member_num
        case OwnerChanged():
            apply_to_owners(group, event)
        case MemberRoleChanged() | MemberInfoChanged():
            apply_to_member(group["members"][event.user], event)
        case GroupInfoChanged():
            apply_changes(group, event.changes)
        case AttributesChanged() | CountersChanged():
            apply_keys(group, event)
        case _:
            apply_permissions(group["permissions"], event)


def apply_to_owners(group: dict[str, Any], event: OwnerChanged) -> None:
    """Give a group its new owner."""
    assert group["owner"] == event.old
    group["owner"] = event.new
    for user, role in ((event.old, "Member"), (event.new, "Owner")):
        if user in group["members"]:
            group["members"][user]["Role"] = role


def apply_keys(group: dict[str, Any], event: AttributesChanged | CountersChanged) -> None:
    """Let an event happen to a group's attributes or counters."""
    is_counters = isinstance(event, CountersChanged)
    present = group["counters" if is_counters else "attributes"]
    for key in event.removed:
        del present[key]
    if is_counters:
        present |= event.changed
        return
    present |= {key: (value, event.version) for key, value in event.changed.items()}
    assert group["version"] == event.version - 1
    group["version"] = event.version


def apply_to_room(group: dict[str, Any], event: Any) -> None:  # noqa: C901 - a row each
    """Let an event happen to a live room."""
    match event:
        case MembersJoined():
            group["live"] |= {user: group["live"].get(user, set()) for user in event.users if event.session}
        case MembersLeft():
            group["live"] = {user: marks for user, marks in group["live"].items() if user not in event.users}
        case MembersBanned():
            group["live"] = {user: marks for user, marks in group["live"].items() if user not in event.users}
            group["bans"] |= dict.fromkeys(event.users, event.until)
        case MembersUnbanned():
            for user in event.users:
                del group["bans"][user]
        case MemberRoleChanged(user=user, role="Admin"):
            group["admins"].add(user)
        case MemberRoleChanged(user=user):
            group["admins"].remove(user)
        case MarksChanged():
            for mark, users in event.marks.items():
                for user in users:
                    group["live"][user] ^= {mark}
        case _:
            apply_to_group(group, event)


def apply_permissions(present: dict[str, Any], event: Any) -> None:
    """Let an event happen to a community's permission groups."""
    match event:
        case PermissionGroupCreated():
            now = (event.name, event.permission, event.custom_string)
            present[event.permission_group_id] = {"is": now, "number": 0, "users": set(), "topics": {}}
        case PermissionGroupChanged():
            present[event.permission_group_id]["is"] = (event.name, event.permission, event.custom_string)
        case PermissionGroupDestroyed():
            for one in event.permission_group_ids:
                del present[one]
        case PermissionMembersAdded():
            present[event.permission_group_id]["users"] |= set(event.users)
            present[event.permission_group_id]["number"] = event.member_num
        case PermissionMembersRemoved():
            present[event.permission_group_id]["users"] -= set(event.users)
            present[event.permission_group_id]["number"] = event.member_num
        case TopicPermissionsAdded() | TopicPermissionsChanged():
            present[event.permission_group_id]["topics"] |= event.permissions
        case TopicPermissionsRemoved():
            for topic in event.topics:
                del present[event.permission_group_id]["topics"][topic]


def apply_to_topics(topics: dict[str, Any], event: Any, fresh: dict[str, Any]) -> None:
    """Let an event happen to a community's topics. What a creation does not tell is taken from the fresh ones."""
    match event:
        case TopicCreated():
            made = {"name": event.name, "creator": event.creator, "mute_all": 0}
            topics[event.topic_id] = {**fresh.get(event.topic_id, {}), **made}
        case TopicChanged():
            for name, value in event.changes.items():
                topics[event.topic_id][TOPIC_COLUMNS[name]] = {"On": 1, "Off": 0}.get(value, value)
        case TopicsDestroyed():
            for topic_id in event.topic_ids:
                del topics[topic_id]


def apply_to_member(one: dict[str, Any], event: MemberRoleChanged | MemberInfoChanged) -> None:
    """Give a member's role or fields their new values."""
    changes = {"Role": event.role} if isinstance(event, MemberRoleChanged) else event.changes
    for name, value in changes.items():
        if name == "AppMemberDefinedData":
            one["custom"] = {k: v for k, v in (one["custom"] | value).items() if v}
        else:
            assert name in one
            one[name] = value


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
    if fields["Type"] == "Community":
        fields["SupportTopic"] = 1
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


def some_member_change(rng: random.Random, group: str, some: list[str]) -> dict[str, Any]:
    """Return fields of modify_group_member_info."""
    choices = {
        "Role": rng.choice(["Admin", "Member"]), "MuteTime": rng.choice([0, 2, 100]), "NameCard": rng.choice(["", "c"]),
        "MsgFlag": rng.choice(MSG_FLAGS), "AppMemberDefinedData": [{"Key": "open_m", "Value": rng.choice(["", "v"])}],
    }  # fmt: skip
    chosen = {name: choices[name] for name in rng.sample(list(choices), rng.randint(1, 3))}
    return {"GroupId": group, "Member_Account": some[0], **chosen}


FIELDS: dict[str, Callable[[random.Random, str, list[str]], dict[str, Any]]] = {
    "create_group": some_creation,
    "send_group_msg": lambda rng, group, some: {
        "GroupId": group, "Random": rng.randint(1, 50), "MsgBody": HELLO, "OnlineOnlyFlag": rng.choice([0, 0, 0, 1]),
    },
    "modify_group_base_info": some_change,
    "add_group_member": lambda rng, group, some: {
        "GroupId": group, "MemberList": [{"Member_Account": u} for u in some], "Silence": rng.randint(0, 1),
    },
    "delete_group_member": lambda rng, group, some: {
        "GroupId": group, "MemberToDel_Account": some, "Silence": rng.randint(0, 1), "Reason": "r",
    },
    "modify_group_member_info": some_member_change,
    "forbid_send_msg": lambda rng, group, some: {
        "GroupId": group, "Members_Account": some, "MuteTime": rng.choice([0, 3, 4294967295]),
    },
    "import_group": lambda rng, group, some: {
        "Type": rng.choice(KINDS), "Name": "old", "Owner_Account": some[0], "CreateTime": 1000,
    },
    "import_group_member": lambda rng, group, some: {
        "GroupId": group, "MemberList": [{"Member_Account": u, "Role": rng.choice(["Admin", "Member"])} for u in some],
    },
    "send_group_system_notification": lambda rng, group, some: {
        "GroupId": group, "Content": "c", "ToMembers_Account": some,
    },
    "change_group_owner": lambda rng, group, some: {"GroupId": group, "NewOwner_Account": some[0]},
    "destroy_group": lambda rng, group, some: {"GroupId": group},
    "join_group": lambda rng, group, some: {"GroupId": group, "Message": rng.choice("ab")},
    "handle_group_application": lambda rng, group, some: {
        "GroupId": group, "ApplicationId": rng.randint(1, 8), "Accept": rng.randint(0, 1),
    },
    "report_group_applications_read": lambda rng, group, some: {"Time": rng.randrange(2**42)},
    "create_topic": lambda rng, group, some: {
        "GroupId": group, "TopicName": f"t{rng.randrange(100)}", "TopicId": f"{group}@TOPIC#_{rng.choice('abc')}",
    },
    "import_topic": lambda rng, group, some: {"GroupId": group, "TopicName": "old", "CreateTime": 5},
    "modify_topic": lambda rng, group, some: {
        "GroupId": group, "TopicId": f"{group}@TOPIC#_{rng.choice('abc')}",
        **rng.choice([{"TopicName": "x", "CustomString": "c"}, {"MuteAllMember": rng.choice(["On", "Off"])}]),
    },
    "destroy_topic": lambda rng, group, some: {
        "GroupId": group, "TopicIdList": [f"{group}@TOPIC#_{part}" for part in rng.sample("abc", 2)],
    },
    "quit_group": lambda rng, group, some: {"GroupId": group},
    "account_import": lambda rng, group, some: {"UserID": some[0]},
    "multiaccount_import": lambda rng, group, some: {"Accounts": some},
    "account_delete": lambda rng, group, some: {"DeleteItem": [{"UserID": some[0]}]},
    "kick": lambda rng, group, some: {"UserID": some[0]},
}  # fmt: skip
IDS = ["@PMG#_a", "@PMG#_b"]
TOPICS = [f"@TGS#_many@TOPIC#_{number}" for number in range(3)]
PERMISSION_FIELDS: dict[str, Callable[[random.Random, list[str]], dict[str, Any]]] = {
    "create_permission_group": lambda rng, some: {"Permission": rng.choice([0, 6, 2**64 - 1])},
    "modify_permission_group": lambda rng, some: {
        "Permission": rng.choice([0, 12, 2**63]), **({"PermissionGroupName": "n"} if rng.random() < 0.5 else {}),
    },
    "destroy_permission_group": lambda rng, some: {"PermissionGroupIdList": rng.sample(IDS, 1)},
    "add_permission_group_member": lambda rng, some: {"MemberList": [{"Member_Account": user} for user in some]},
    "delete_permission_group_member": lambda rng, some: {"MemberList": [{"Member_Account": user} for user in some]},
    "add_topic_permission_group": lambda rng, some: {"TopicPermissionList": masks(rng)},
    "set_topic_permission_group": lambda rng, some: {"TopicPermissionList": masks(rng)},
    "delete_topic_permission_group": lambda rng, some: {"TopicIdList": rng.sample(TOPICS, 2)},
    "add_group_member": lambda rng, some: {"MemberList": [{"Member_Account": user} for user in some]},
    "delete_group_member": lambda rng, some: {"MemberToDel_Account": some[:1]},
}  # fmt: skip

OFTEN = [name for name in PERMISSION_FIELDS for _ in range(1 if name == "destroy_permission_group" else 4)]


def masks(rng: random.Random) -> list[dict[str, Any]]:
    """Return bits for two of the topics."""
    return [{"TopicId": topic, "Permission": rng.choice([0, 2, 2**64 - 1])} for topic in rng.sample(TOPICS, 2)]


NAMES = [
    *FIELDS,
    *["send_group_msg"] * 5,
    *["join_group", "handle_group_application", "add_group_member"] * 3,
    "modify_group_member_info",
    "forbid_send_msg",
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


def replay(
    world: World, rng: random.Random, steps: int, draw: Callable[..., Any] = anything
) -> tuple[dict[str, int], set[type]]:
    """Run commands, and apply what they publish to the state before.

    Return how often each succeeded, and the sorts of events.
    """
    done: dict[str, int] = {}
    happened: set[type] = set()
    state = state_of(world)
    for step in range(steps):
        name, by, fields = draw(rng, list(state["groups"]), state["waiting"])
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
    return done, happened


@pytest.mark.parametrize("seed", range(4))
def test_old_state_and_events_give_the_new_state(world, seed):
    world.app = on_plan(world.app, "open", delete_accounts=True, invite_consent=("Private",))
    world.people(*USERS)
    done, happened = replay(world, random.Random(seed), 300)
    assert len(done) >= 14, done
    assert {ApplicationMade, ApplicationDecided, ApplicationsSeen, MembersJoined, GroupDissolved} <= happened
    assert {MemberInfoChanged, MembersMuted} <= happened


@pytest.mark.parametrize("seed", range(3))
def test_permission_groups(world, seed):
    """The same of one community whose members run what permission groups let them."""
    rng = random.Random(seed)
    world.people(*USERS)
    world.group(
        "Community", GroupId="@TGS#_many", owner=USERS[0], members=USERS[1:], SupportTopic=1, EnablePermission=1,
        DefaultPermission=4,
    )  # fmt: skip
    for topic in TOPICS:
        world.execute(
            "INSERT INTO topics (group_num, topic_id, name, introduction, notification, face_url, custom_string,"
            " creator, created_at, last_msg_at, next_seq, mute_all) SELECT num, :id, '', '', '', '', '', '', 0, 0, 1, 0"
            " FROM groups WHERE group_id = '@TGS#_many'", id=topic,
        )  # fmt: skip
    done: dict[str, int] = {}
    state = state_of(world)
    for step in range(300):
        name = rng.choice(OFTEN)
        fields = PERMISSION_FIELDS[name](rng, rng.sample(USERS[1:], 2))
        fields |= {"GroupId": "@TGS#_many", "PermissionGroupId": rng.choice(IDS)}
        before = len(world.events)
        code = world.code(name, rng.choice([None, None, *USERS[:3]]), **fields)
        fresh = state_of(world)
        for event in world.events[before:]:
            assert decode_event(encode_event(event)) == event
            apply(state, event, fresh)
        assert state == fresh, (step, name, fields, code)
        assert not code or len(world.events) == before
        done[name] = done.get(name, 0) + (code == 0 and len(world.events) > before)
        state = fresh
    assert all(done.values()), done


def test_topics(world):
    """The same with a community that lives long enough for its topics to come, change and go."""
    world.people(*USERS)
    club = world.group("Community", owner=USERS[0], members=USERS[1:3], SupportTopic=1)
    names = ["create_topic", "create_topic", "import_topic", "modify_topic", "destroy_topic", "send_group_msg"]

    def draw(rng: random.Random, *_: Any) -> tuple[str, str | None, dict[str, Any]]:
        name = rng.choice(names)
        by, fields = rng.choice([None, *USERS[:3]]), FIELDS[name](rng, club, [])
        if name == "send_group_msg":
            topics = [topic for (topic,) in world.rows("SELECT topic_id FROM topics")]
            fields["TopicId"] = rng.choice(topics or [f"{club}@TOPIC#_none"])
        return name, by, fields

    assert set(replay(world, random.Random(1), 60, draw)[0]) == set(names)


KEYS = {
    "modify_group_attr": lambda rng: {"GroupAttr": [{"key": key, "value": rng.choice("xyz")} for key in two(rng)]},
    "set_group_attr": lambda rng: {"GroupAttr": [{"key": key, "value": rng.choice("xyz")} for key in two(rng)]},
    "delete_group_attr": lambda rng: {"GroupAttr": [{"key": key} for key in two(rng)[:1]]},
    "clear_group_attr": lambda rng: {},
    "update_group_counter": lambda rng: {
        "GroupCounter": [{"Key": key, "Value": rng.choice([1, 7, 2**62])} for key in two(rng)],
        "Mode": rng.choice(["Set", "Increase", "Decrease"]),
    },
    "delete_group_counter": lambda rng: {"GroupCounterKeys": two(rng)},
    "destroy_group": lambda rng: {},
}  # fmt: skip
OFTEN_KEYS = [name for name in KEYS for _ in range(1 if name in {"destroy_group", "clear_group_attr"} else 8)]


def two(rng: random.Random) -> list[str]:
    """Return two of a few keys."""
    return rng.sample("abcd", 2)


@pytest.mark.parametrize("kind", ["Public", "AVChatRoom", "Private"])
def test_attributes_and_counters(world, kind):
    """The same of one group's attributes and counters, which now and then is dissolved and made anew."""

    def some_keys(rng: random.Random, groups: list[str], waiting: object) -> tuple[str, str | None, dict[str, Any]]:
        if not groups:
            return "create_group", None, {"Type": kind, "Name": "n", "GroupId": "one", "Owner_Account": USERS[0]}
        name = rng.choice(OFTEN_KEYS)
        return name, rng.choice([None, USERS[0], USERS[1]]), {"GroupId": "one", **KEYS[name](rng)}

    world.people(*USERS)
    done, happened = replay(world, random.Random(kind), 300, some_keys)
    assert set(done) == {"create_group", *KEYS}, done
    assert {AttributesChanged, CountersChanged} <= happened


LIVE_FIELDS: dict[str, Callable[[random.Random, str, list[str]], dict[str, Any]]] = {
    "join_group": FIELDS["join_group"],
    "quit_group": FIELDS["quit_group"],
    "ban_group_member": lambda rng, group, some: {
        "GroupId": group, "Members_Account": some, "Duration": rng.choice([0, 10**6, 2**32 - 1]),
    },
    "unban_group_member": lambda rng, group, some: {"GroupId": group, "Members_Account": some},
    "modify_admin": lambda rng, group, some: {
        "GroupId": group, "CommandType": rng.randint(1, 2), "Admin_Account": some,
    },
    "modify_user_info": lambda rng, group, some: {
        "GroupId": group, "CommandType": rng.randint(1, 2),
        "MemberList": [
            {"Member_Account": user, "Marks": rng.sample([500, 600, 1000, 1001, 1002], 2)} for user in some
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_live_rooms(world, seed):
    """The same of a live room that everybody enters and leaves."""
    world.people(*USERS)
    for user in USERS:
        world.online(user)
    room = world.group("AVChatRoom", owner=USERS[0])

    def draw(rng: random.Random, *_: Any) -> tuple[str, str | None, dict[str, Any]]:
        name = rng.choice([*LIVE_FIELDS, "join_group", "join_group", "modify_user_info"])
        user = rng.choice(USERS) if name in {"join_group", "quit_group"} else rng.choice([None, *USERS[:2]])
        return name, user, LIVE_FIELDS[name](rng, room, rng.sample(USERS[1:], 2))

    done, happened = replay(world, random.Random(seed), 200, draw)
    assert set(done) == set(LIVE_FIELDS)
    assert {MembersJoined, MembersLeft, MembersBanned, MembersUnbanned, MemberRoleChanged, MarksChanged} == happened


@pytest.mark.parametrize("seed", range(2))
def test_what_is_stored_is_consecutive(world, seed):
    rng = random.Random(100 + seed)
    world.people(*USERS)
    groups: list[str] = []
    for _ in range(150):
        name, by, fields = anything(rng, groups, {})
        world.code(name, by, **fields)
        groups = [group for (group,) in world.rows("SELECT group_id FROM groups ORDER BY num")]
    for (group,) in world.rows("SELECT group_id FROM groups WHERE kind_name <> 'AVChatRoom'"):
        [(last,)] = world.rows("SELECT next_seq - 1 FROM groups WHERE group_id = :id", id=group)
        assert [notice["at_seq"] for notice in world.stored(group)] == list(range(1, last + 1))


def of_messages(rng: random.Random, seqs: list[int]) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return fields of the commands about stored messages, by command."""
    some = rng.sample(seqs, min(2, len(seqs))) or [1]
    listed = [{"MsgSeq": seq} for seq in some]
    return {
        "send_group_msg": lambda: {"Random": rng.randrange(10**6), "MsgBody": HELLO, "CloudCustomData": "c",
                                   "NeedReadReceipt": rng.randint(0, 1)},
        "group_msg_recall": lambda: {"MsgSeqList": listed, "Reason": rng.choice(["", "typo"])},
        "modify_group_msg": lambda: {
            "MsgSeq": some[0], **rng.choice([{"MsgBody": HELLO * 2}, {"CloudCustomData": ""}]),
        },
        "delete_group_msg_by_sender": lambda: {"Sender_Account": rng.choice(USERS)},
        "clear_group_msg": lambda: {"MsgSeq": rng.randint(1, some[0])},
        "hide_group_messages": lambda: rng.choice([{"MsgSeqList": some}, {"Upto": some[0]}]),
        "import_group_msg": lambda: {"MsgList": [
            {"From_Account": rng.choice(USERS), "SendTime": NOW + 10**6, "Random": n, "MsgBody": HELLO} for n in (1, 2)
        ]},
        "set_unread_msg_num": lambda: {"Member_Account": rng.choice(USERS), "UnreadMsgNum": rng.randint(0, 9)},
        "group_msg_receipt": lambda: {"MsgSeqList": listed},
        "read_group_messages": lambda: {"MsgSeq": some[0]},
        "delete_group_member": lambda: {"MemberToDel_Account": [rng.choice(USERS[2:])]},
        "add_group_member": lambda: {"MemberList": [{"Member_Account": user} for user in USERS]},
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["Public", "Community"])
def test_stored_messages(world, kind, seed):
    """The same of what happens to messages that are stored, in a group or in a topic."""
    world.people(*USERS)
    world.app = on_plan(world.app, "open", messages_per_second=0)
    topic = {}
    room = world.group(kind, owner=USERS[0], members=USERS[1:], **({"SupportTopic": 1} if kind == "Community" else {}))
    if kind == "Community":
        topic = {"TopicId": world.call("create_topic", GroupId=room, TopicName="t")["TopicId"]}
    at_rest = {"delete_group_msg_by_sender", "clear_group_msg", "import_group_msg", "set_unread_msg_num",
               "add_group_member", "delete_group_member"}  # fmt: skip
    at_gateway = {"hide_group_messages", "read_group_messages"}

    def draw(rng: random.Random, *_: Any) -> tuple[str, str | None, dict[str, Any]]:
        seqs = [seq for (seq,) in world.rows("SELECT seq FROM messages WHERE sender <> '' ORDER BY seq DESC LIMIT 9")]
        fields = of_messages(rng, seqs)
        often = [
            *fields,
            *["send_group_msg"] * 6,
            *at_gateway,
            "group_msg_receipt",
            "group_msg_recall",
            *["modify_group_msg"] * 2,
        ]
        name = rng.choice(often)
        by = rng.choice(USERS) if name not in at_rest else None
        if name == "group_msg_recall":
            by = rng.choice([None, USERS[0], by])
        given = fields[name]()
        if name == "import_group_msg":
            given["MsgList"] = [{**one, "SendTime": world.now} for one in given["MsgList"]]
            given["MsgList"][1]["Random"] = rng.randrange(10**6)
        if kind == "Community":
            given.pop("NeedReadReceipt", None)
        inside = topic if "member" not in name and "receipt" not in name and name != "set_unread_msg_num" else {}
        return name, by, {"GroupId": room, **inside, **given}

    done, happened = replay(world, random.Random(seed), 250, draw)
    missing = set() if kind == "Public" else {"group_msg_receipt"}
    assert set(of_messages(random.Random(), [])) - set(done) == missing
    assert set(HISTORY) - happened == ({ReceiptsGiven} if kind == "Community" else set())
