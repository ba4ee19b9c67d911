"""Who may do what in which kind of group, as a table (doc 1047/33529, "permissions", edition 2025).

Letters: ``A`` app administrator (in any group, member or not), ``O`` owner, ``D`` group administrator, ``M`` member,
``U`` any other user of the app. A small ``o d m`` means: only where the group's InviteJoinOption lets members invite.
"""

import enum

import msgspec

from qunzhu.core.errors import BAD_PARAMETER, NO_RIGHT, OWNER_MAY_NOT_LEAVE, ErrorRow, Refused
from qunzhu.core.kinds import KINDS, LIVE, Kind


class Role(enum.IntEnum):
    """A user's standing in one group; the numbers are ``TIMGroupMemberRole`` of the C headers."""

    OUTSIDER = 0
    MEMBER = 200
    ADMIN = 300
    OWNER = 400
    __hash__ = int.__hash__


OUTSIDER, MEMBER, ADMIN, OWNER = Role
"""For paths that are taken often: up to Python 3.11, reading a member from its class runs Python code."""
ROLE_NAMES = {Role.OUTSIDER: "NotMember", Role.MEMBER: "Member", Role.ADMIN: "Admin", Role.OWNER: "Owner"}
ROLES_BY_NAME = {name: role for role, name in ROLE_NAMES.items()}
_LETTER = {Role.OWNER: "O", Role.ADMIN: "D", Role.MEMBER: "M", Role.OUTSIDER: "U"}


class Action(enum.Enum):
    """What somebody does with a group."""

    __hash__ = object.__hash__

    CREATE = "create a group"
    READ_INFO = "read the group's profile"
    READ_MEMBERS = "read the member list"
    READ_ROLES = "read members' roles"
    EDIT_PROFILE = "change name, introduction, notice or avatar"
    EDIT_OPTIONS = "change join options, member limit or permissions"
    MUTE_ALL = "mute everybody"
    INVITE = "add other users"
    JOIN = "join by oneself"
    QUIT = "leave"
    KICK = "remove a member"
    TRANSFER = "give the group to another owner"
    DISSOLVE = "dissolve the group"
    DECIDE = "decide applications"
    SET_ROLE = "appoint or remove administrators"
    EDIT_SELF = "change one's own card, receive option or custom fields"
    EDIT_MEMBER = "change another member's card or custom fields"
    MUTE = "mute a member"
    READ_MUTED = "read who is muted"
    BAN = "ban a member"
    READ_ATTRIBUTES = "read the group's attributes"
    EDIT_ATTRIBUTES = "change the group's attributes"
    READ_COUNTERS = "read the group's counters"
    EDIT_COUNTERS = "change the group's counters"
    SEND_NOTICE = "send a custom system notice"
    READ_ONLINE = "read who is in the live room"
    MARK = "mark members"
    READ_TOPICS = "read topics"
    CREATE_TOPIC = "create a topic"
    EDIT_TOPIC = "change a topic"
    MUTE_TOPIC = "mute a topic or a member in it"
    DESTROY_TOPIC = "delete a topic"
    READ_PERMISSIONS = "read permission groups"
    EDIT_PERMISSIONS = "change permission groups"
    EDIT_PERMISSION_MEMBERS = "change who is in a permission group"
    EDIT_TOPIC_PERMISSIONS = "change the topic permissions of a permission group"
    SEND = "send messages"
    MENTION_ALL = "mention everybody"
    READ_HISTORY = "read messages"
    EXTEND = "read or write extensions of messages"
    REACT = "see or give reactions to messages"
    PIN = "pin messages"
    RECALL_OTHERS = "recall others' messages"
    MODIFY_MESSAGE = "modify messages"
    PURGE = "delete messages for everybody"
    SET_UNREAD = "set a member's unread messages"
    READ_RECEIPTS = "give or read read receipts"
    IMPORT = "import a group, its members or topics"


RIGHTS: dict[Action, tuple[str, ...]] = {
    #                     Work    Public   Meeting  AVChatRoom  Community
    Action.CREATE:       ("AU",   "AU",    "AU",    "AU",       "AU"),
    Action.READ_INFO:    ("AODM", "AODMU", "AODMU", "AODMU",    "AODMU"),
    Action.READ_MEMBERS: ("AODM", "AODM",  "AODM",  "",         "AODM"),
    Action.READ_ROLES:   ("AODM", "AODM",  "AODM",  "",         "AODM"),
    Action.EDIT_PROFILE: ("AODM", "AOD",   "AO",    "AO",       "AOD"),
    Action.EDIT_OPTIONS: ("AO",   "AOD",   "AO",    "AO",       "AOD"),
    Action.MUTE_ALL:     ("",     "AOD",   "AOD",   "AO",       "AOD"),
    Action.INVITE:       ("Aodm", "Aodm",  "Aodm",  "",         "AODM"),
    Action.JOIN:         ("",     "AU",    "AU",    "AU",       "AU"),
    Action.QUIT:         ("ODM",  "DM",    "DM",    "DM",       "DM"),
    Action.KICK:         ("AO",   "AOD",   "AOD",   "",         "AOD"),
    Action.TRANSFER:     ("AO",   "AO",    "AO",    "",         "AO"),
    Action.DISSOLVE:     ("A",    "AO",    "AO",    "AO",       "AO"),
    Action.DECIDE:       ("AO",   "AOD",   "AOD",   "",         ""),
    Action.SET_ROLE:     ("",     "AO",    "AO",    "AO",       "AO"),
    Action.EDIT_SELF:    ("AODM", "AODM",  "AODM",  "",         "AODM"),
    Action.EDIT_MEMBER:  ("AO",   "AOD",   "AOD",   "",         "AOD"),
    Action.MUTE:         ("",     "AOD",   "AOD",   "AOD",      "AOD"),
    Action.READ_MUTED:   ("AO",   "AOD",   "AOD",   "AOD",      "AOD"),
    Action.BAN:          ("",     "",      "",      "AOD",      ""),
    Action.READ_ATTRIBUTES: ("AODM", "AODM", "AODM", "AODM",    "AODM"),
    Action.EDIT_ATTRIBUTES: ("AODM", "AODM", "AODM", "AODM",    "AODM"),
    Action.READ_COUNTERS: ("AODM", "AODM", "AODM",  "AODM",     ""),
    Action.EDIT_COUNTERS: ("AODM", "AODM", "AODM",  "AODM",     ""),
    Action.SEND_NOTICE:  ("A",    "A",     "A",     "A",        "A"),
    Action.READ_ONLINE:  ("",     "",      "",      "AODMU",    ""),
    Action.MARK:         ("",     "",      "",      "AO",       ""),
    Action.READ_TOPICS:  ("",     "",      "",      "",         "AODM"),
    Action.CREATE_TOPIC: ("",     "",      "",      "",         "AOD"),
    Action.EDIT_TOPIC:   ("",     "",      "",      "",         "AOD"),
    Action.MUTE_TOPIC:   ("",     "",      "",      "",         "AOD"),
    Action.DESTROY_TOPIC: ("",    "",      "",      "",         "AOD"),
    Action.READ_PERMISSIONS: ("", "",      "",      "",         "AODM"),
    Action.EDIT_PERMISSIONS: ("", "",      "",      "",         "AOD"),
    Action.EDIT_PERMISSION_MEMBERS: ("", "", "",    "",         "AOD"),
    Action.EDIT_TOPIC_PERMISSIONS: ("", "", "",     "",         "AOD"),
    Action.SEND:         ("AODM", "AODM",  "AODM",  "AODM",     "AODM"),
    Action.MENTION_ALL:  ("AODM", "AODM",  "AODM",  "",         "AODM"),
    Action.READ_HISTORY: ("AODM", "AODM",  "AODM",  "",         "AODM"),
    Action.EXTEND:       ("AODM", "AODM",  "AODM",  "",         ""),
    Action.REACT:        ("AODM", "AODM",  "AODM",  "",         "AODM"),
    Action.PIN:          ("AO",   "AOD",   "AOD",   "",         "AOD"),
    Action.RECALL_OTHERS: ("AO",  "AOD",   "AOD",   "",         "AOD"),
    Action.MODIFY_MESSAGE: ("AODM", "AODM", "AODM", "",       "AODM"),
    Action.PURGE:        ("A",    "A",     "A",     "A",        "A"),
    Action.SET_UNREAD:   ("A",    "A",     "A",     "A",        "A"),
    Action.READ_RECEIPTS: ("AODM", "AODM", "AODM",  "",         ""),
    Action.IMPORT:       ("A",    "A",     "A",     "",         "A"),
}  # fmt: skip

ALL_BITS = 2**64 - 1
GROUP_BITS: dict[Action, int] = {
    Action.EDIT_PROFILE: 0, Action.EDIT_OPTIONS: 0, Action.KICK: 1, Action.EDIT_MEMBER: 1,
    Action.EDIT_PERMISSIONS: 2, Action.EDIT_TOPIC_PERMISSIONS: 2, Action.EDIT_PERMISSION_MEMBERS: 3,
    Action.CREATE_TOPIC: 4, Action.EDIT_TOPIC: 4, Action.DESTROY_TOPIC: 4, Action.MUTE: 5, Action.MUTE_ALL: 5,
    Action.READ_MUTED: 5, Action.MUTE_TOPIC: 5, Action.SEND: 6, Action.MENTION_ALL: 7, Action.RECALL_OTHERS: 9,
    Action.BAN: 10,
}  # fmt: skip
"""Bit of a permission group's mask (doc 1047/59829, "community"). It counts in every topic of the community."""
MESSAGE_BITS = {8: "read older history"}
TOPIC_BITS: dict[Action, int] = {
    Action.EDIT_TOPIC: 0, Action.DESTROY_TOPIC: 0, Action.EDIT_TOPIC_PERMISSIONS: 1, Action.MUTE_TOPIC: 2,
    Action.SEND: 3, Action.MENTION_ALL: 6, Action.RECALL_OTHERS: 5,
}  # fmt: skip
"""Bit of the mask that a permission group has for one topic."""
TOPIC_MESSAGE_BITS = {4: "read older history"}
NEEDS_BIT = frozenset({Action.SEND, Action.MENTION_ALL})
"""What every member may, until permission groups are in use: then only those who have the bit."""
WIDER_BIT = {0: 4, 1: 2, 2: 5, 3: 6, 4: 8, 5: 9, 6: 7}
"""The bit of the whole community that holds the same right as a topic's bit in every topic."""


class Masks(msgspec.Struct, frozen=True):
    """What permission groups give one member: bits for the whole community, and bits for the topic in question.

    ``on`` says that the community uses permission groups; administrators then count as members.
    """

    on: bool = False
    group: int = 0
    topic: int = 0

    def give(self, action: Action) -> bool:
        """Say whether a bit gives the right to ``action``."""
        bit, topic_bit = GROUP_BITS.get(action), TOPIC_BITS.get(action)
        return (bit is not None and bool(self.group >> bit & 1)) or (
            topic_bit is not None and bool(self.topic >> topic_bit & 1)
        )


NO_MASKS = Masks()


def acting(action: Action, role: Role, masks: Masks) -> Role:
    """Return the role as which a user does ``action``.

    Where permission groups are in use, a bit makes a member act as an administrator, and an administrator without it
    is a member (doc 1047/59829).
    """
    if not masks.on or role in {Role.OUTSIDER, Role.OWNER}:
        return role
    return Role.ADMIN if masks.give(action) else Role.MEMBER


def held(role: Role, masks: Masks, *, app_admin: bool) -> Masks:
    """Return the bits that a user has, and so may give to others: owner and app administrator all of them.

    An administrator has all while permission groups are not in use.
    """
    if app_admin or role is Role.OWNER or (role is Role.ADMIN and not masks.on):
        return Masks(on=masks.on, group=ALL_BITS, topic=ALL_BITS)
    wider = sum(1 << bit for bit, group_bit in WIDER_BIT.items() if masks.group >> group_bit & 1)
    return Masks(on=masks.on, group=masks.group, topic=masks.topic | wider)


def require_held(given: int, own: int, field: str) -> None:
    """Refuse (10007) bits that the caller has not himself: nobody gives away more than he may."""
    if beyond := given & ~own:
        raise Refused(NO_RIGHT, f"{field}: bits {beyond:#x} are not the caller's to give")


_KIND_AT = {kind.name: index for index, kind in enumerate(KINDS)}
_LIVE_KICK: dict[tuple[Action, str], ErrorRow] = {(Action.KICK, LIVE.name): BAD_PARAMETER}
"""Documented codes that differ from 10007: removing somebody from a live room (doc 1047/34949)."""


def may(
    action: Action, kind: Kind, role: Role, *, app_admin: bool = False, invites_open: bool = True,
    masks: Masks = NO_MASKS,
) -> bool:  # fmt: skip
    """Say whether the table lets this role do ``action``; an app administrator also counts as one.

    Joining and leaving are always one's own act, so the administrator's letter helps there only where it is listed.
    ``masks`` are what permission groups give a member.
    """
    letters = RIGHTS[action][_KIND_AT[kind.name]]
    if masks.on and action in NEEDS_BIT and role not in {Role.OUTSIDER, Role.OWNER} and not app_admin:
        return masks.give(action)
    letter = _LETTER[acting(action, role, masks)]
    return letter in letters or (app_admin and "A" in letters) or (invites_open and letter.lower() in letters)


def require(
    action: Action, kind: Kind, role: Role, *, app_admin: bool = False, invites_open: bool = True,
    masks: Masks = NO_MASKS,
) -> None:  # fmt: skip
    """Refuse with the documented code unless ``may`` allows it."""
    if may(action, kind, role, app_admin=app_admin, invites_open=invites_open, masks=masks):
        return
    if action is Action.QUIT and role is Role.OWNER:
        raise Refused(OWNER_MAY_NOT_LEAVE, f"{kind.name}: transfer or dissolve the group first")
    row = _LIVE_KICK.get((action, kind.name), NO_RIGHT)
    raise Refused(row, f"{ROLE_NAMES[role]} may not {action.value} in a {kind.name} group")


def outranks(role: Role, target: Role, *, app_admin: bool = False) -> bool:
    """Say whether a role may act upon a member of role ``target``: upon lower ones only; app admins count as owner."""
    return (Role.OWNER if app_admin else role) > target
