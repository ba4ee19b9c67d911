"""Who may do what in which kind of group, as a table (doc 1047/33529, "permissions", edition 2025).

Letters: ``A`` app administrator (in any group, member or not), ``O`` owner, ``D`` group administrator, ``M`` member,
``U`` any other user of the app. A small ``o d m`` means: only where the group's InviteJoinOption lets members invite.
"""

import enum

from qunzhu.core.errors import BAD_PARAMETER, NO_RIGHT, OWNER_MAY_NOT_LEAVE, ErrorRow, Refused
from qunzhu.core.kinds import KINDS, LIVE, Kind


class Role(enum.IntEnum):
    """A user's standing in one group; the numbers are ``TIMGroupMemberRole`` of the C headers."""

    OUTSIDER = 0
    MEMBER = 200
    ADMIN = 300
    OWNER = 400


ROLE_NAMES = {Role.OUTSIDER: "NotMember", Role.MEMBER: "Member", Role.ADMIN: "Admin", Role.OWNER: "Owner"}
ROLES_BY_NAME = {name: role for role, name in ROLE_NAMES.items()}
_LETTER = {Role.OWNER: "O", Role.ADMIN: "D", Role.MEMBER: "M", Role.OUTSIDER: "U"}


class Action(enum.Enum):
    """What somebody does with a group."""

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
}  # fmt: skip

_KIND_AT = {kind.name: index for index, kind in enumerate(KINDS)}
_LIVE_KICK: dict[tuple[Action, str], ErrorRow] = {(Action.KICK, LIVE.name): BAD_PARAMETER}
"""Documented codes that differ from 10007: removing somebody from a live room (doc 1047/34949)."""


def may(action: Action, kind: Kind, role: Role, *, app_admin: bool = False, invites_open: bool = True) -> bool:
    """Say whether the table lets this role do ``action``; an app administrator also counts as one.

    Joining and leaving are always one's own act, so the administrator's letter helps there only where it is listed.
    """
    letters = RIGHTS[action][_KIND_AT[kind.name]]
    letter = _LETTER[role]
    return letter in letters or (app_admin and "A" in letters) or (invites_open and letter.lower() in letters)


def require(action: Action, kind: Kind, role: Role, *, app_admin: bool = False, invites_open: bool = True) -> None:
    """Refuse with the documented code unless ``may`` allows it."""
    if may(action, kind, role, app_admin=app_admin, invites_open=invites_open):
        return
    if action is Action.QUIT and role is Role.OWNER:
        raise Refused(OWNER_MAY_NOT_LEAVE, f"{kind.name}: transfer or dissolve the group first")
    row = _LIVE_KICK.get((action, kind.name), NO_RIGHT)
    raise Refused(row, f"{ROLE_NAMES[role]} may not {action.value} in a {kind.name} group")


def outranks(role: Role, target: Role, *, app_admin: bool = False) -> bool:
    """Say whether a role may act upon a member of role ``target``: upon lower ones only; app admins count as owner."""
    return (Role.OWNER if app_admin else role) > target
