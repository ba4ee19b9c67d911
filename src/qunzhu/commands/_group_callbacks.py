"""What the app's own server is told of groups: the bodies of the callbacks (docs 1047/34369 to 34378, 49464 to 49466).

A time is unix milliseconds, as text in the older callbacks and as a number in the newer ones, as their pages have it;
those of topics have none.
"""

from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

from qunzhu.commands._shared import shown_fields
from qunzhu.core.events import (
    AttributesChanged,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    GroupInfoChanged,
    MemberInfoChanged,
    MemberRoleChanged,
    MembersBanned,
    MembersJoined,
    MembersLeft,
    OwnerChanged,
    ReceiptsGiven,
    TopicChanged,
    TopicCreated,
    TopicsDestroyed,
)
from qunzhu.core.ids import is_group_id
from qunzhu.core.kinds import BY_NAME, COMMUNITY
from qunzhu.core.ports import HUB, Tx, Who

Body = Mapping[str, Any] | None
JOINED = {"Apply": "Apply", "Invite": "Invited"}
LEFT = {"Quit": "Quit", "AccountDeleted": "Quit", "Kick": "Kicked", "Ban": "Kicked"}
PROFILE = {"Name": "Name", "Introduction": "Introduction", "Notification": "Notification", "FaceUrl": "FaceUrl"}
TOPIC_PROFILE = {**PROFILE, "TopicName": "Name"}
SELECT_CUSTOM: LiteralString = "SELECT custom FROM groups WHERE group_id = :group"
SELECT_OWNER: LiteralString = "SELECT owner FROM groups WHERE group_id = :group"
SELECT_CAP: LiteralString = "SELECT max_member_num FROM groups WHERE group_id = :group"
SELECT_MEMBERS: LiteralString = (
    "SELECT m.user_id FROM members m JOIN groups g ON g.num = m.group_num WHERE g.group_id = :group ORDER BY m.user_id"
)


def group_lane(event: GroupEvent) -> str:
    """Return what keeps the order of a group's callbacks, its topics' among them."""
    return f"group {event.group_id}"


def created(tx: Tx, who: Who, event: GroupCreated) -> Body:
    """Tell of a new group; not of an imported one."""
    if event.imported:
        return None
    row = tx.one(SELECT_CUSTOM, group=event.group_id)
    fields = shown_fields(row[0]) if row else []
    return {
        "GroupId": event.group_id, "Operator_Account": event.operator, "Owner_Account": event.owner,
        "Type": event.kind, "Name": event.name, "MemberList": _members(event.members),
        **({"UserDefinedDataList": fields} if fields else {}), **_time(who),
    }  # fmt: skip


def joined(tx: Tx, who: Who, event: MembersJoined) -> Body:
    """Tell who came in. Who enters a live room with another session, or comes back to it, does not."""
    how = JOINED.get(event.how)
    if how is None or (_lives(event) and (not event.told or _was_there(tx, event))):
        return None
    return {
        **_place(event), "JoinType": how, "Operator_Account": event.operator, "NewMemberList": _members(event.users),
        **_time(who),
    }  # fmt: skip


def returned(tx: Tx, who: Who, event: MembersJoined) -> Body:
    """Tell who is back in a live room after he lost the connection."""
    del who
    live, room = tx.presence.live, event.group_id
    back = [user for user in event.users if live.present(room, user) is None and live.lost(room, user)]
    return _state(event, "Online", back) if _lives(event) and back else None


def _was_there(tx: Tx, event: MembersJoined) -> bool:
    live, room = tx.presence.live, event.group_id
    return any(live.present(room, user) is not None or live.lost(room, user) for user in event.users)


def left(tx: Tx, who: Who, event: MembersLeft) -> Body:
    """Tell who went or was put out; of a live room only those who were there."""
    how = LEFT.get(event.how)
    users = event.users if who.door == HUB else _there(tx, event, event.users)
    return None if how is None or not users else _gone(who, event, how, users)


def banned(tx: Tx, who: Who, event: MembersBanned) -> Body:
    """Tell who was put out of a live room by a ban."""
    users = _there(tx, event, event.users)
    return _gone(who, event, "Kicked", users) if users else None


def _gone(who: Who, event: GroupEvent, how: str, users: Iterable[str]) -> Body:
    return {
        **_place(event), "ExitType": how, "Operator_Account": event.operator, "ExitMemberList": _members(users),
        **_time(who),
    }  # fmt: skip


def dropped(tx: Tx, who: Who, event: MembersLeft) -> Body:
    """Tell who lost the connection in a live room."""
    del tx, who
    return _state(event, "Offline", event.users) if event.how == "Offline" else None


def _state(event: GroupEvent, how: str, users: Iterable[str]) -> Body:
    return {"GroupId": event.group_id, "EventType": how, "MemberList": _members(users)}


def filled(tx: Tx, who: Who, event: MembersJoined) -> Body:
    """Tell that a group is full now."""
    row = tx.one(SELECT_CAP, group=event.group_id)
    if row is None or _lives(event) or event.how not in JOINED or event.member_num < row[0]:
        return None
    return {"GroupId": event.group_id, **_time(who)}


def found_full(tx: Tx, who: Who, group_id: str) -> Body:
    """Tell that nobody more had room in a group."""
    del tx
    return {"GroupId": group_id, **_time(who)} if is_group_id(group_id) else None


def dissolved(tx: Tx, who: Who, event: GroupDissolved) -> Body:
    """Tell of a group's end, with those who were in it; a community's are too many, a live room's are not stored."""
    members: Mapping[str, Any] = {}
    if event.kind != COMMUNITY.name and not _lives(event):
        rows = tx.all(SELECT_MEMBERS, group=event.group_id)
        members = {"MemberList": _members(user for (user,) in rows)}
    return {**_place(event), "Owner_Account": event.owner, "Name": event.name, **members, **_time(who)}


def info_changed(tx: Tx, who: Who, event: GroupInfoChanged) -> Body:
    """Tell of a new name, introduction, notice or avatar; of nothing else."""
    del tx
    changes = _renamed(event.changes, PROFILE)
    return {**_place(event), "Operator_Account": event.operator, **changes, **_time(who)} if changes else None


def _renamed(changes: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in changes.items() if name in names}


def topic_created(tx: Tx, who: Who, event: TopicCreated) -> Body:
    """Tell of a new topic; not of an imported one."""
    del who
    if event.silent:
        return None
    row = tx.one(SELECT_OWNER, group=event.group_id)
    return {
        "GroupId": event.group_id, "TopicId": event.topic_id, "Operator_Account": event.operator,
        "Owner_Account": row[0] if row else "", "Type": event.kind, "Name": event.name,
    }  # fmt: skip


def topics_destroyed(tx: Tx, who: Who, event: TopicsDestroyed) -> Body:
    """Tell of the end of topics."""
    del tx, who
    return {**_place(event), "TopicIdList": event.topic_ids}


def topic_changed(tx: Tx, who: Who, event: TopicChanged) -> Body:
    """Tell of a topic's new name, introduction, notice or avatar. TopicId says whose; the page leaves that open."""
    del tx, who
    changes = _renamed(event.changes, TOPIC_PROFILE)
    topic = {"TopicId": event.topic_id, "Operator_Account": event.operator}
    return {**_place(event), **topic, **changes} if changes else None


def role_changed(tx: Tx, who: Who, event: MemberRoleChanged) -> Body:
    """Tell of a member's new role."""
    del tx
    return _member(who, event, event.user, {"Role": event.role})


def card_changed(tx: Tx, who: Who, event: MemberInfoChanged) -> Body:
    """Tell of a member's new card."""
    del tx
    card = event.changes.get("NameCard")
    return None if card is None else _member(who, event, event.user, {"NameCard": card})


def _member(who: Who, event: GroupEvent, user: str, changes: Mapping[str, Any]) -> Body:
    operator = {"Operator_Account": event.operator, "Modified_Account": user}
    return {**_place(event), **operator, **changes, "EventTime": who.now_ms}


def attributes_changed(tx: Tx, who: Who, event: AttributesChanged) -> Body:
    """Tell of attributes with their new values; of deleted ones the keys, with empty ones."""
    del tx
    gone = event.removed if event.option == "delete" else ()
    values = {**event.changed, **dict.fromkeys(gone, "")}
    return {
        **_place(event), "Operator_Account": event.operator, "OptionType": event.option,
        "GroupAttr": [{"key": key, "value": value} for key, value in values.items()], "EventTime": who.now_ms,
    }  # fmt: skip


def receipts_given(tx: Tx, who: Who, event: ReceiptsGiven) -> Body:
    """Tell how many have read messages now."""
    del tx
    items = [{"MsgSeq": one.seq, "ReadNum": one.read, "UnreadNum": one.unread} for one in event.receipts]
    return {**_place(event), "GroupMsgReceiptList": items, "EventTime": who.now_ms}


def owner_changed(tx: Tx, who: Who, event: OwnerChanged) -> Body:
    """Tell of a new owner; a group whose owner left has none, which the callback of his exit tells."""
    del tx
    owners = {"OldOwner_Account": event.old, "NewOwner_Account": event.new}
    if not event.new:
        return None
    return {**_place(event), "Operator_Account": event.operator, **owners, "EventTime": who.now_ms}


def _place(event: GroupEvent) -> dict[str, Any]:
    return {"GroupId": event.group_id, "Type": event.kind}


def _time(who: Who) -> dict[str, str]:
    return {"EventTime": str(who.now_ms)}


def _members(users: Iterable[str]) -> list[dict[str, str]]:
    return [{"Member_Account": user} for user in users]


def _lives(event: GroupEvent) -> bool:
    return not BY_NAME[event.kind].stores_members


def _there(tx: Tx, event: GroupEvent, users: list[str]) -> list[str]:
    """Return those of the users who are in a live room; elsewhere all."""
    if not _lives(event):
        return users
    return [user for user in users if tx.presence.live.present(event.group_id, user) is not None]
