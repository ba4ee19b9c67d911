"""Reads and writes that several group commands need."""

import functools
import operator
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, LiteralString, TypeVar

import msgspec

from qunzhu.core.errors import (
    BAD_PARAMETER,
    GROUP_UNKNOWN,
    NO_RIGHT,
    TOPIC_UNKNOWN,
    USER_GROUP_QUOTA,
    ErrorRow,
    Refused,
)
from qunzhu.core.events import GroupEvent, MembersJoined, encode_event
from qunzhu.core.ids import check_group_id, is_group_id
from qunzhu.core.kinds import BY_NAME, Kind, Notice
from qunzhu.core.limits import MSG_FLAGS, is_account, key, text
from qunzhu.core.ports import LEVELS, CustomField, Tx, Who
from qunzhu.core.rights import ALL_BITS, NO_MASKS, ROLE_NAMES, Action, Masks, Role, acting, require

ON_OFF = ("Off", "On")


class GroupField(msgspec.Struct, frozen=True, kw_only=True):
    """A custom field of a group; the value may hold any character ("binary")."""

    Key: Annotated[str, key(16)]
    Value: Annotated[str, text(512, binary=True)]


class MemberField(msgspec.Struct, frozen=True, kw_only=True):
    """A custom field of a member."""

    Key: Annotated[str, key(16)]
    Value: Annotated[str, text(64, binary=True)]


CustomFields = dict[str, str]
NO_FIELDS = "{}"
"""Custom fields as stored where there are none."""
encode_custom = msgspec.json.Encoder().encode
decode_custom = msgspec.json.Decoder(CustomFields).decode


class GroupRow(msgspec.Struct, frozen=True):
    """A row of ``groups``, in column order. ``custom`` is JSON text."""

    num: int
    group_id: str
    kind_name: str
    name: str
    introduction: str
    notification: str
    face_url: str
    owner: str
    created_at: int
    info_seq: int
    info_at: int
    last_msg_at: int
    next_seq: int
    member_num: int
    max_member_num: int
    apply_join: str
    invite_join: str
    mute_all: int
    custom: str
    support_topic: int
    enable_permission: int
    default_permission: int
    history_before_join: int
    active: int
    cleared_seq: int
    imported_seq: int

    @property
    def kind(self) -> Kind:
        """Return the group's row in the table of kinds."""
        return BY_NAME[self.kind_name]


class TopicRow(msgspec.Struct, frozen=True):
    """A row of ``topics``, in column order."""

    num: int
    group_num: int
    topic_id: str
    name: str
    introduction: str
    notification: str
    face_url: str
    custom_string: str
    creator: str
    created_at: int
    last_msg_at: int
    next_seq: int
    mute_all: int
    cleared_seq: int
    imported_seq: int


class MemberRow(msgspec.Struct, frozen=True):
    """A row of ``members`` without its group, in column order. ``read_seq`` is past what was imported."""

    user_id: str
    role: int
    joined_at: int
    read_seq: int
    msg_flag: int
    name_card: str
    mute_until: int
    last_msg_at: int
    custom: str
    from_seq: int
    cleared_seq: int


SELECT_GROUP = "SELECT * FROM groups WHERE group_id = :group_id"
READ_SEQ = (
    "CASE WHEN m.imported_seq < g.imported_seq AND m.read_seq < g.imported_seq THEN g.imported_seq ELSE m.read_seq END"
)
"""Up to where a member ``m`` of a group ``g`` has read."""
MEMBERS_OF = (
    "SELECT m.user_id, m.role, m.joined_at, " + READ_SEQ + ", m.msg_flag, m.name_card, coalesce(s.until, 0),"  # noqa: S608 - a part of it
    " m.last_msg_at, m.custom, m.from_seq, m.cleared_seq FROM members m JOIN groups g ON g.num = m.group_num"
    " LEFT JOIN mutes s ON s.group_num = m.group_num AND s.topic_num = 0 AND s.user_id = m.user_id"
    " WHERE m.group_num = :num"
)
"""All members ``m`` of a group, in the columns of ``MemberRow``; readers of some of them add their condition."""
SELECT_MEMBER = MEMBERS_OF + " AND m.user_id = :user"
SELECT_TOPIC = "SELECT * FROM topics WHERE topic_id = :topic_id AND group_num = :num"
SELECT_LIVE_ADMIN = "SELECT 1 FROM live_admins WHERE group_num = :num AND user_id = :user"
SELECT_SILENCED = "SELECT c2c_until, group_until FROM silenced WHERE user_id = :user"
SELECT_ACCOUNT = "SELECT 1 FROM accounts WHERE user_id = :user"
INSERT_MEMBER = (
    "INSERT INTO members (group_num, user_id, role, joined_at, read_seq, msg_flag, name_card, last_msg_at, custom,"
    " from_seq, imported_seq)"
    " VALUES (:num, :user, :role, :at, :seq, :flag, :card, 0, :custom, :from_seq, :imported_seq)"
)
PLAIN_MEMBER = {"seq": 0, "card": "", "custom": NO_FIELDS, "from_seq": 0, "imported_seq": 0}
"""What a first member has of whom nothing more is said."""
SET_MUTE = (
    "INSERT INTO mutes (group_num, topic_num, user_id, until) VALUES (:num, :topic, :user, :until)"
    " ON CONFLICT (group_num, topic_num, user_id) DO UPDATE SET until = :until"
)
INSERT_NOTICE = (
    "INSERT INTO messages (group_num, topic_num, seq, at, sender, random, state, flags, quiet, body)"
    " VALUES (:num, 0, :seq, :at, '', NULL, 0, 0, 0, :body)"
)
NEXT_SEQ = "UPDATE groups SET next_seq = next_seq + 1, last_msg_at = :at WHERE num = :num RETURNING next_seq"


def find_group(tx: Tx, group_id: str) -> GroupRow:
    """Return a group, or refuse: 10015 for an impossible id, 10010 where there is none.

    The members of a live room are those who are in it now.
    """
    check_group_id(group_id)
    row = tx.one(SELECT_GROUP, group_id=group_id)
    if row is None:
        raise Refused(GROUP_UNKNOWN, f"GroupId: {group_id!r}")
    group = GroupRow(*row)
    if group.kind.stores_members:
        return group
    return msgspec.structs.replace(group, member_num=tx.presence.live.online(group_id))


def find_topic(tx: Tx, group: GroupRow, topic_id: str, error: ErrorRow = TOPIC_UNKNOWN) -> TopicRow:
    """Return a topic of a community, or refuse (110003 unless said otherwise) where it has none of that id."""
    topic = topic_of(tx, group, topic_id)
    if topic is None:
        raise Refused(error, f"TopicId: {topic_id[:100]!r}")
    return topic


def topic_of(tx: Tx, group: GroupRow, topic_id: str) -> TopicRow | None:
    """Return a topic of a community, or None."""
    row = tx.one(SELECT_TOPIC, num=group.num, topic_id=topic_id) if is_group_id(topic_id) else None
    return TopicRow(*row) if row else None


def find_member(tx: Tx, group: GroupRow, user: str) -> MemberRow | None:
    """Return one member of a group, or None."""
    row = tx.one(SELECT_MEMBER, num=group.num, user=user)
    return MemberRow(*row) if row else None


def role_of(tx: Tx, group: GroupRow, user: str) -> Role:
    """Return a user's role in a group. Owner and administrators of a live room are it without being there."""
    if not group.kind.stores_members:
        return _role_in_room(tx, group, user)
    member = find_member(tx, group, user)
    return Role(member.role) if member else Role.OUTSIDER


def roles_of(tx: Tx, group: GroupRow, users: Collection[str]) -> dict[str, Role]:
    """Return the roles of many users in a group."""
    if not group.kind.stores_members:
        return {user: role_of(tx, group, user) for user in users}
    if not users:
        return {}
    names, statement = _select_roles(len(users))
    rows = tx.all(statement, num=group.num, **dict(zip(names, users, strict=True)))
    return dict.fromkeys(users, Role.OUTSIDER) | {user: Role(role) for user, role in rows}


def _role_in_room(tx: Tx, group: GroupRow, user: str) -> Role:
    if user and user == group.owner:
        return Role.OWNER
    if tx.one(SELECT_LIVE_ADMIN, num=group.num, user=user) is not None:
        return Role.ADMIN
    return Role.OUTSIDER if tx.presence.live.present(group.group_id, user) is None else Role.MEMBER


def entering(who: Who, group_id: str, kind: Kind, *, told: bool = True) -> MembersJoined:
    """Return the event by which the caller's session enters a live room. Not to be kept: it lives with the session."""
    return MembersJoined(
        group_id=group_id, kind=kind.name, operator=who.user, at=who.now, users=[who.user], how="Apply", member_num=0,
        session=who.session, most=who.app.plan.live_rooms_per_user or 0, told=told,
    )  # fmt: skip


def allowed(tx: Tx, who: Who, group: GroupRow, action: Action, *, topic_num: int = 0) -> Role:
    """Return the role as which the caller acts, or refuse what neither role nor permission group gives him."""
    role = role_of(tx, group, who.user)
    masks = masks_of(tx, group, who.user, role, topic_num)
    require(
        action, group.kind, role, app_admin=who.admin, invites_open=group.invite_join != "DisableInvite", masks=masks
    )
    return acting(action, role, masks)


def allowed_in(tx: Tx, who: Who, group: GroupRow, action: Action, topic_id: str | None) -> tuple[Role, int]:
    """Return the caller's role and a topic's row number (0: none was named), or refuse.

    A right that is not there is refused before a topic that is not there (110003).
    """
    row = tx.one(SELECT_TOPIC, num=group.num, topic_id=topic_id) if topic_id else (0,)
    role = allowed(tx, who, group, action, topic_num=row[0] if row else 0)
    if row is None:
        raise Refused(TOPIC_UNKNOWN, f"TopicId: {topic_id!r} in {group.group_id!r}")
    return role, row[0]


SELECT_MASKS = (
    "SELECT g.permission, coalesce(t.permission, 0) FROM permission_group_members m"
    " JOIN permission_groups g ON g.group_num = m.group_num AND g.permission_group_id = m.permission_group_id"
    " LEFT JOIN topic_permissions t ON t.group_num = g.group_num AND t.permission_group_id = g.permission_group_id"
    " AND t.topic_num = :topic WHERE m.group_num = :num AND m.user_id = :user"
)


def masks_of(tx: Tx, group: GroupRow, user: str, role: Role, topic_num: int = 0) -> Masks:
    """Return what a member has by permission groups: the default's bits and those of all his groups together."""
    if not group.enable_permission or role in {Role.OUTSIDER, Role.OWNER}:
        return NO_MASKS
    rows = tx.all(SELECT_MASKS, num=group.num, topic=topic_num, user=user)
    return Masks(
        on=True,
        group=unsigned(functools.reduce(operator.or_, (m for m, _ in rows), group.default_permission)),
        topic=unsigned(functools.reduce(operator.or_, (t for _, t in rows), 0)),
    )


def signed(mask: int) -> int:
    """Return a 64-bit mask as engines store it: their integers have a sign."""
    return mask - 2**64 if mask >= 2**63 else mask


def unsigned(stored: int) -> int:
    """Return a stored mask as it was given."""
    return stored & ALL_BITS


def registered(tx: Tx, user: str) -> bool:
    """Say whether an account exists; a text that can be no UserID has none."""
    return is_account(user) and tx.one(SELECT_ACCOUNT, user=user) is not None


def silenced_until(tx: Tx, user: str) -> tuple[int, int]:
    """Return until when a user may not send in the whole app: one-to-one, and to groups; 0: he may."""
    row = tx.one(SELECT_SILENCED, user=user)
    return (int(row[0]), int(row[1])) if row else (0, 0)


def first_unregistered(tx: Tx, users: Collection[str]) -> str | None:
    """Return one of the users who has no account, or None where all have one."""
    if tx.accounts.issuperset(users):
        return None
    names, statement = _count_accounts(len(users))
    row = tx.one(statement, **dict(zip(names, users, strict=True)))
    if row and row[0] == len(users):
        tx.accounts.update(users)
        return None
    return next(user for user in users if not registered(tx, user))


def accounts_among(tx: Tx, users: Collection[str]) -> set[str]:
    """Return those of the users who have an account; none is named twice."""
    if not users:
        return set()
    names, statement = _select_accounts(len(users))
    return {user for (user,) in tx.all(statement, **dict(zip(names, users, strict=True)))}


def _numbered(number: int) -> tuple[tuple[str, ...], str]:
    names = tuple(f"user_{index}" for index in range(number))
    return names, ", ".join(f":{name}" for name in names)


@functools.lru_cache(maxsize=512)
def _select_accounts(number: int) -> tuple[tuple[str, ...], LiteralString]:
    names, listed = _numbered(number)
    return names, f"SELECT user_id FROM accounts WHERE user_id IN ({listed})"  # noqa: S608 - names of parameters


@functools.lru_cache(maxsize=512)
def _select_roles(number: int) -> tuple[tuple[str, ...], LiteralString]:
    names, listed = _numbered(number)
    return names, f"SELECT user_id, role FROM members WHERE group_num = :num AND user_id IN ({listed})"  # noqa: S608


@functools.lru_cache(maxsize=512)
def _count_accounts(number: int) -> tuple[tuple[str, ...], LiteralString]:
    names = tuple(f"user_{index}" for index in range(number))
    # One look-up each: a list for IN would first be sorted into a table of its own.
    found = " + ".join(f"(SELECT count(*) FROM accounts WHERE user_id = :{name})" for name in names)  # noqa: S608
    return names, f"SELECT {found}"


@functools.lru_cache(maxsize=512)
def insert_plain(number: int, *, owned: bool) -> tuple[tuple[str, ...], LiteralString]:
    """Return names of parameters for new members, and what inserts them in one statement, the first as owner if so."""
    names, _ = _numbered(number)
    insert, _, row = INSERT_MEMBER.partition(" VALUES ")
    for column, value in PLAIN_MEMBER.items():
        row = re.sub(rf":{column}\b", repr(value), row)
    roles = [int(Role.OWNER if owned and name == names[0] else Role.MEMBER) for name in names]
    rows = [
        row.replace(":user", f":{name}").replace(":role", str(role)) for name, role in zip(names, roles, strict=True)
    ]
    return names, f"{insert} VALUES {', '.join(rows)}"


def count_of_kind(kind: Kind) -> str:
    """Return the name of the counter of existing groups of a kind."""
    return f"groups:{kind.name}"


def member_limit(who: Who, group: GroupRow) -> int:
    """Return how many members a group may have: its own number, and no more than the plan of today allows."""
    cap: int | None = getattr(who.app.plan, group.kind.member_cap) if group.kind.member_cap else None
    return group.max_member_num if cap is None else min(cap, group.max_member_num)


def require_room_for_group(tx: Tx, who: Who, users: Iterable[str], error: ErrorRow = USER_GROUP_QUOTA) -> None:
    """Refuse (10037) where one more group would take a user over the plan's groups per user."""
    cap = who.app.plan.groups_per_user
    if cap is None:
        return
    for user in users:
        row = tx.one("SELECT count(*) FROM members WHERE user_id = :user", user=user)
        if row and row[0] >= cap:
            raise Refused(error, f"{user!r} is in {row[0]} groups, plan {who.app.plan_name} allows {cap}")


def custom_fields(
    given: Sequence[GroupField | MemberField] | None,
    configured: Sequence[CustomField],
    group_kind: Kind,
    role: Role,
    who: Who,
    where: str,
) -> CustomFields:
    """Return given custom fields by key, or refuse (10004) a key that is not configured, (10007) one not writable."""
    if not given:
        return {}
    known = {field.key: field for field in configured if not field.kinds or group_kind.name in field.kinds}
    fields: CustomFields = {}
    for item in given:
        if (field := known.get(item.Key)) is None:
            raise Refused(
                BAD_PARAMETER, f"{where}: key {item.Key!r} is not configured for {group_kind.name} groups of this app"
            )
        if LEVELS.index(field.write) < _level(role, who):
            raise Refused(NO_RIGHT, f"{where}: {item.Key!r} may be written by {field.write} and above")
        fields[item.Key] = item.Value
    return fields


def _level(role: Role, who: Who) -> int:
    """Return where a caller stands in ``LEVELS``: 0 app administrator ... 4 anyone."""
    if who.admin:
        return 0
    return {Role.OWNER: 1, Role.ADMIN: 2, Role.MEMBER: 3}.get(role, 4)


def stored_fields(fields: CustomFields) -> str:
    """Return custom fields as they are stored; an empty value is no value (doc 1047/34962)."""
    if not fields:
        return NO_FIELDS
    return encode_custom({key: value for key, value in fields.items() if value}).decode()


def shown_fields(custom: str, only: Iterable[str] | None = None) -> list[dict[str, str]]:
    """Return stored custom fields as the ``{Key, Value}`` array of the wire, optionally only some keys."""
    if custom == NO_FIELDS:
        return []
    wanted = None if only is None else set(only)
    return [{"Key": k, "Value": v} for k, v in decode_custom(custom).items() if wanted is None or k in wanted]


E = TypeVar("E", bound=GroupEvent)


def publish(tx: Tx, group: GroupRow, event: E, notice: Notice, *, silent: bool = False) -> E:
    """Emit an event of a group, and store it as a notice in the group's message stream if the kind stores such ones.

    Nobody is told of it where the kind's notices are off, the caller wants silence, or the group was never activated.
    """
    silent = silent or not group.active
    if silent or notice is Notice.OFF:
        event = msgspec.structs.replace(event, told=False, silent=silent)
    elif notice is Notice.STORED:
        row = tx.one(NEXT_SEQ, num=group.num, at=event.at)
        event = msgspec.structs.replace(event, seq=int(row[0]) - 1 if row else 0)
        store_notice(tx, group.num, event)
    tx.emit(event)
    return event


def store_notice(tx: Tx, num: int, event: GroupEvent) -> None:
    """Write an event into the message stream at its seq."""
    tx.run(INSERT_NOTICE, num=num, seq=event.seq, at=event.at, body=encode_event(event).decode())


def flag_name(flag: int) -> str:
    """Return the wire name of a stored receive option."""
    return MSG_FLAGS[flag]


def role_name(role: int) -> str:
    """Return the wire name of a stored role."""
    return ROLE_NAMES[Role(role)]
