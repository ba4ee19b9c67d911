"""Transactions that put what was read into a local app: a group with all that hangs on it, then its messages."""

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

from qunzhu.commands._shared import (
    ON_OFF,
    SET_MUTE,
    accounts_among,
    find_group,
    signed,
    stored_fields,
    topic_of,
)
from qunzhu.commands._streams import Stream, seq_at
from qunzhu.commands.accounts import register
from qunzhu.commands.bans import SET_BAN
from qunzhu.commands.groups import CreateGroup, make_group
from qunzhu.commands.live_admins import APPOINT
from qunzhu.commands.messages import QUIET, SELECT_PROFILE
from qunzhu.commands.permissions import INSERT_PERMISSION_GROUP
from qunzhu.commands.topics import INSERT_TOPIC
from qunzhu.core.elements import Element
from qunzhu.core.errors import GROUP_ID_TAKEN, Refused
from qunzhu.core.events import MembersJoined
from qunzhu.core.kinds import BY_NAME, Kind
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.messages import PRIORITIES, RECALLED, THERE, GroupMessage, Mark, Recall, encode_message, marks_of
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import ROLES_BY_NAME, Action, Role
from qunzhu.moving.found import Field, Group, Info, Member, Said, Topic
from qunzhu.moving.reading import GONE

TAKEN_BACK = 2
"""``IsPlaceMsg`` of what was recalled."""
OWNER, MEMBER = int(Role.OWNER), int(Role.MEMBER)
SET_GROUP = (
    "UPDATE groups SET info_seq = :info_seq, info_at = :info_at, last_msg_at = :last_msg_at, next_seq = :next_seq,"
    " member_num = member_num + :more, max_member_num = :max, apply_join = :apply, invite_join = :invite,"
    " mute_all = :mute, custom = :custom, history_before_join = :history WHERE num = :num"
)
PUT_MEMBER = (
    "INSERT INTO members (group_num, user_id, role, joined_at, read_seq, msg_flag, name_card, last_msg_at, custom)"
    " VALUES (:num, :user, :role, :at, :seq, :flag, :card, :last, :custom) ON CONFLICT (group_num, user_id) DO UPDATE"
    " SET role = :role, joined_at = :at, read_seq = :seq, msg_flag = :flag, name_card = :card, last_msg_at = :last,"
    " custom = :custom"
)
SET_TOPIC = "UPDATE topics SET next_seq = :next_seq, last_msg_at = :at, mute_all = :mute WHERE num = :num"
PUT_ATTRIBUTE = "INSERT INTO attributes (group_num, name, value, version) VALUES (:num, :name, :value, 1)"
PUT_VERSION = "INSERT INTO attribute_versions (group_num, version, at, writes) VALUES (:num, 1, 0, 0)"
PUT_COUNTER = "INSERT INTO group_counters (group_num, name, value) VALUES (:num, :name, :value)"
PUT_PERMITTED = (
    "INSERT INTO permission_group_members (group_num, user_id, permission_group_id) VALUES (:num, :user, :id)"
)
COUNT_PERMITTED = (
    "UPDATE permission_groups SET member_num = (SELECT count(*) FROM permission_group_members WHERE group_num = :num"
    " AND permission_group_id = :id) WHERE group_num = :num AND permission_group_id = :id"
)
PUT_TOPIC_BITS = (
    "INSERT INTO topic_permissions (group_num, permission_group_id, topic_num, permission)"
    " VALUES (:num, :id, :topic, :bits)"
)
PUT_MESSAGE: LiteralString = (
    "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
    " VALUES (:num, :topic, :seq, :at, :sender, :random, :state, :flags, :quiet, :body) ON CONFLICT DO NOTHING"
)
SET_FROM = "UPDATE members SET from_seq = :seq WHERE group_num = :num AND joined_at = :at"


def is_there(tx: Tx, group_id: str) -> bool:
    """Say whether there is a group of this id."""
    return tx.one("SELECT 1 FROM groups WHERE group_id = :id", id=group_id) is not None


def streams_of(tx: Tx, group_id: str) -> list[tuple[str, int]]:
    """Return the streams of a group, its own (an empty topic) and its topics', each with its newest seq."""
    group = find_group(tx, group_id)
    own = [("", group.next_seq - 1)] if group.kind.stores_messages else []
    return own + tx.all("SELECT topic_id, next_seq - 1 FROM topics WHERE group_num = :num ORDER BY num", num=group.num)


def count_accounts(tx: Tx) -> int:
    """Return how many accounts there are."""
    row = tx.one("SELECT count(*) FROM accounts")
    return int(row[0]) if row else 0


def take_accounts(tx: Tx, who: Who, users: dict[str, tuple[str, str]]) -> None:
    """Register accounts with nickname and avatar; those that are there keep theirs where none is given."""
    for user, (nick, face_url) in users.items():
        register(tx, who, user, nick or None, face_url or None)


def take_group(tx: Tx, who: Who, group: Group) -> list[str]:
    """Make a group with everything but its messages, and return the users who were left out: they have no account."""
    info, kind = group.info, BY_NAME[group.info.Type]
    known = accounts_among_many(tx, {user for user in group.users() if user})
    owner = info.Owner_Account if info.Owner_Account in known else ""
    make_group(
        tx, who, CreateGroup(
            Type=kind.name, Name=info.Name, Owner_Account=owner, Introduction=info.Introduction,
            Notification=info.Notification, FaceUrl=info.FaceUrl, MaxMemberCount=info.MaxMemberNum or None,
            SupportTopic=info.SupportTopic, EnablePermission=info.EnablePermission,
            DefaultPermission=info.DefaultPermission,
        ), Action.CREATE, created_at=info.CreateTime, kept_id=info.GroupId,
    )  # fmt: skip
    row = find_group(tx, info.GroupId)
    members = [one for one in group.members if one.Member_Account in known] if kind.stores_members else []
    more = len({one.Member_Account for one in members} - {owner})
    tx.run(SET_GROUP, num=row.num, more=more, **_options(info, kind, row.max_member_num))
    _put_members(tx, who, group, row.num, members, owner)
    _put_mutes(tx, row.num, 0, ((one.Member_Account, one.MutedUntil) for one in group.muted), known)
    _put_room(tx, row.num, group, known)
    _put_values(tx, row.num, group)
    topics = {topic.TopicId: _put_topic(tx, row.num, topic) for topic in group.topics}
    for topic_id, muted in group.topic_mutes.items():
        _put_mutes(tx, row.num, topics[topic_id], ((one.Member_Account, one.MutedUntil) for one in muted), known)
    _put_permissions(tx, row.num, group, known, topics)
    return sorted({user for user in group.users() if user} - known)


def accounts_among_many(tx: Tx, users: Iterable[str]) -> set[str]:
    """Return those of any number of users who have an account."""
    every, found = sorted(users), set[str]()
    for start in range(0, len(every), 100):
        found |= accounts_among(tx, every[start : start + 100])
    return found


def _options(info: Info, kind: Kind, cap: int) -> dict[str, Any]:
    """Return the columns that a new group does not have from its creation."""
    history = info.HistoryMsgBeforeJoin
    return {
        "info_seq": info.InfoSeq, "info_at": info.LastInfoTime or info.CreateTime, "last_msg_at": info.LastMsgTime,
        "next_seq": max(info.NextMsgSeq, 1), "max": info.MaxMemberNum if info.MaxMemberNum is not None else cap,
        "apply": info.ApplyJoinOption or kind.default_apply, "invite": info.InviteJoinOption or kind.default_invite,
        "mute": int("On" in {info.MuteAllMember, info.ShutUpAllMember}), "custom": _fields(info.AppDefinedData),
        "history": int(kind.history_before_join if history is None else history == "On"),
    }  # fmt: skip


def _fields(given: Iterable[Field]) -> str:
    return stored_fields({field.Key: field.Value for field in given})


def _put_members(tx: Tx, who: Who, group: Group, num: int, members: Sequence[Member], owner: str) -> None:
    info, kind = group.info, BY_NAME[group.info.Type]
    tx.many(PUT_MEMBER, [
        {"num": num, "user": one.Member_Account, "at": one.JoinTime or info.CreateTime, "seq": one.MsgSeq,
         "role": OWNER if one.Member_Account == owner else _role(one),
         "flag": MSG_FLAGS.index(one.MsgFlag if one.MsgFlag in MSG_FLAGS else kind.msg_flag), "card": one.NameCard,
         "last": one.LastSendMsgTime, "custom": _fields(one.AppMemberDefinedData)}
        for one in members
    ])  # fmt: skip
    _put_mutes(tx, num, 0, ((one.Member_Account, one.MuteUntil or one.ShutUpUntil) for one in members), None)
    joined = [one.Member_Account for one in members if one.Member_Account != owner]
    if joined:
        tx.emit(MembersJoined(
            group_id=info.GroupId, kind=kind.name, operator=who.user, at=who.now, silent=True, told=False,
            users=joined, how="Import", member_num=len(joined) + bool(owner),
        ))  # fmt: skip


def _role(member: Member) -> int:
    """Return a member's role; a second owner is a member."""
    role = int(ROLES_BY_NAME.get(member.Role, Role.MEMBER))
    return MEMBER if role == OWNER else role


def _put_mutes(tx: Tx, num: int, topic: int, muted: Iterable[tuple[str, int]], known: set[str] | None) -> None:
    tx.many(SET_MUTE, [
        {"num": num, "topic": topic, "user": user, "until": until}
        for user, until in muted if until and (known is None or user in known)
    ])  # fmt: skip


def _put_room(tx: Tx, num: int, group: Group, known: set[str]) -> None:
    """Put what a live room stores: bans and administrators, in the order of their appointment."""
    tx.many(SET_BAN, [
        {"num": num, "user": one.Member_Account, "until": one.BannedUntil, "description": ""}
        for one in group.banned if one.Member_Account in known
    ])  # fmt: skip
    for place, user in enumerate(user for user in group.admins if user in known):
        tx.one(APPOINT, num=num, user=user, at=group.info.CreateTime + place)


def _put_values(tx: Tx, num: int, group: Group) -> None:
    tx.many(PUT_ATTRIBUTE, [
        {"num": num, "name": name, "value": value}
        for name, value in {one.key: one.value for one in group.attributes}.items()
    ])  # fmt: skip
    if group.attributes:
        tx.run(PUT_VERSION, num=num)
    tx.many(PUT_COUNTER, [
        {"num": num, "name": name, "value": value}
        for name, value in {one.Key: one.Value for one in group.counters}.items()
    ])  # fmt: skip


def _put_topic(tx: Tx, num: int, topic: Topic) -> int:
    row = tx.one(
        INSERT_TOPIC, num=num, topic_id=topic.TopicId, name=topic.TopicName, introduction=topic.Introduction,
        notification=topic.Notification, face_url=topic.FaceUrl, custom=topic.CustomString, creator="",
        at=topic.CreateTime,
    )  # fmt: skip
    if row is None:
        raise Refused(GROUP_ID_TAKEN, f"TopicId: {topic.TopicId!r}")
    tx.run(
        SET_TOPIC, num=row[0], next_seq=max(topic.NextMsgSeq, 1), at=topic.LastMsgTime,
        mute=ON_OFF.index("On" if topic.MuteAllMember == "On" else "Off"),
    )  # fmt: skip
    return int(row[0])


def _put_permissions(tx: Tx, num: int, group: Group, known: set[str], topics: dict[str, int]) -> None:
    for one in group.permissions:
        base, where = one.base, {"num": num, "id": one.base.PermissionGroupId}
        tx.one(
            INSERT_PERMISSION_GROUP, name=base.PermissionGroupName, permission=signed(base.Permission),
            custom=base.CustomString, at=base.CreateTime, **where,
        )  # fmt: skip
        tx.many(PUT_PERMITTED, [{**where, "user": user} for user in known.intersection(one.members)])
        tx.run(COUNT_PERMITTED, **where)
        tx.many(PUT_TOPIC_BITS, [
            {**where, "topic": topics[topic], "bits": signed(bits)}
            for topic, bits in one.topics.items() if topic in topics
        ])  # fmt: skip


def take_messages(tx: Tx, who: Who, group_id: str, topic_id: str, page: Sequence[Said]) -> None:
    """Put messages at their places; those that are there already stay."""
    del who
    group = find_group(tx, group_id)
    topic = topic_of(tx, group, topic_id) if topic_id else None
    stream = Stream(group, topic)
    tx.many(PUT_MESSAGE, [_message(tx, stream, one) for one in page if is_message(one)])


def is_message(place: Said) -> bool:
    """Say that a place has a message: not a system's notice, and not one that is gone."""
    return place.IsPlaceMsg != GONE and not place.IsSystemMsg and bool(place.From_Account)


def _message(tx: Tx, stream: Stream, one: Said) -> dict[str, Any]:
    recalled = one.IsPlaceMsg == TAKEN_BACK
    nick, face_url = tx.one(SELECT_PROFILE, user=one.From_Account) or ("", "")
    message = GroupMessage(
        GroupId=stream.group.group_id, GroupType=stream.group.kind_name, TopicId=stream.topic_id,
        From_Account=one.From_Account, MsgSeq=one.MsgSeq, MsgTime=one.MsgTimeStamp, MsgRandom=one.MsgRandom,
        MsgPriority=_priority(one.MsgPriority), MsgBody=[_element(given) for given in one.MsgBody],
        CloudCustomData=one.CloudCustomData, GroupAtInfo=tuple(one.GroupAtInfo), To_Account=tuple(one.To_Account),
        Nick=nick, FaceUrl=face_url, Recalled=Recall("", 0) if recalled else None,
    )  # fmt: skip
    flags = marks_of(message) | Mark.IMPORTED
    return {
        "num": stream.group.num, "topic": stream.topic_num, "seq": one.MsgSeq, "at": one.MsgTimeStamp,
        "sender": one.From_Account, "random": one.MsgRandom, "state": RECALLED if recalled else THERE,
        "flags": int(flags), "quiet": int(bool(flags & QUIET)), "body": encode_message(message).decode(),
    }  # fmt: skip


def _priority(given: int | str) -> str:
    """Return the name of a priority: 1 is high, what is lower than low is low."""
    if isinstance(given, str):
        return given if given in PRIORITIES else "Normal"
    return PRIORITIES[min(max(given, 1), len(PRIORITIES)) - 1]


def _element(given: dict[str, Any]) -> Element:
    """Return an element as it was given, whatever is in it."""
    content = given.get("MsgContent")
    return Element(str(given.get("MsgType", "")), content if isinstance(content, dict) else {"Data": content})


def finish_group(tx: Tx, who: Who, group_id: str) -> tuple[int, int]:
    """Say from which seq on each member may read, now that all messages are there; return members and messages."""
    del who
    group = find_group(tx, group_id)
    stream = Stream(group)
    joined = tx.all("SELECT DISTINCT joined_at FROM members WHERE group_num = :num", num=group.num)
    tx.many(SET_FROM, [{"num": group.num, "at": at, "seq": seq_at(tx, stream, at)} for (at,) in joined])
    counted = tx.one(
        "SELECT (SELECT count(*) FROM members WHERE group_num = :num),"
        " (SELECT count(*) FROM messages WHERE group_num = :num)", num=group.num,
    ) or (0, 0)  # fmt: skip
    return int(counted[0]), int(counted[1])
