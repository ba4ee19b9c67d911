"""The five kinds of group, as a table (doc 1047/33529; edition 2025 where editions differ).

Nothing outside this table and ``rights.py`` asks which kind a group is.
"""

import enum

import msgspec


class Notice(enum.Enum):
    """What happens to a notice about a change: stored in the history, pushed only, or not made at all."""

    STORED = "pushed and stored"
    PUSHED = "pushed, not stored"
    OFF = "off"


class Apply(enum.Enum):
    """How a user gets in by applying."""

    NEVER = "users cannot apply"
    BY_OPTION = "as ApplyJoinOption says"
    FREE = "without approval, unless ApplyJoinOption is DisableApply"


class Kind(msgspec.Struct, frozen=True):
    """One kind of group. ``name`` is the REST name, ``new_name`` the one of newer documents."""

    name: str
    new_name: str
    id_prefix: str
    """Start of a generated id; a random tail of upper-case letters and digits follows."""
    sdk_number: int
    """``TIMGroupType`` of the C headers."""
    apply: Apply
    default_apply: str
    fixed_apply: bool
    """True where ApplyJoinOption cannot be changed."""
    default_invite: str
    fixed_invite: bool
    stores_members: bool
    has_admins: bool
    owner_may_leave: bool
    mutes_members: bool
    needs_activation: bool
    """True where the group stays out of its members' sight until the owner's first message."""
    history_before_join: bool
    history_option: bool
    """True where HistoryMsgBeforeJoin can be changed."""
    member_notice: Notice
    profile_notice: Notice
    role_notice: Notice
    msg_flag: str
    """Default receive option of a new member."""
    member_cap: str
    """Which column of the plan caps its members; empty: none does."""
    group_cap: str
    """Which column of the plan caps the number of such groups."""
    counts_daily: bool
    """True where a new group counts against the day's net increase."""
    has_permission_groups: bool
    """True where members may be put into permission groups."""
    stores_messages: bool
    counts_unread: bool
    targets_members: bool
    """True where a message can be for some members only, and can ask for read receipts."""


WORK = Kind(
    name="Private", new_name="Work", id_prefix="@TGS#1", sdk_number=1, apply=Apply.NEVER, default_apply="DisableApply",
    fixed_apply=False, default_invite="FreeAccess", fixed_invite=False, stores_members=True, has_admins=False,
    owner_may_leave=True, mutes_members=False, needs_activation=True, history_before_join=False,
    history_option=True,
    member_notice=Notice.STORED, profile_notice=Notice.STORED, role_notice=Notice.STORED, msg_flag="AcceptAndNotify",
    member_cap="group_members", group_cap="groups", counts_daily=True,
    has_permission_groups=False, stores_messages=True,
    counts_unread=True, targets_members=True,
)  # fmt: skip
PUBLIC = Kind(
    name="Public", new_name="Public", id_prefix="@TGS#2", sdk_number=0, apply=Apply.BY_OPTION,
    default_apply="NeedPermission", fixed_apply=False, default_invite="DisableInvite", fixed_invite=False,
    stores_members=True, has_admins=True, owner_may_leave=False, mutes_members=True, needs_activation=False,
    history_before_join=False,
    history_option=True, member_notice=Notice.STORED, profile_notice=Notice.STORED, role_notice=Notice.STORED,
    msg_flag="AcceptAndNotify", member_cap="group_members", group_cap="groups", counts_daily=True,
    has_permission_groups=False, stores_messages=True,
    counts_unread=True, targets_members=True,
)  # fmt: skip
MEETING = Kind(
    name="ChatRoom", new_name="Meeting", id_prefix="@TGS#3", sdk_number=2, apply=Apply.FREE,
    default_apply="FreeAccess", fixed_apply=False, default_invite="DisableInvite", fixed_invite=False,
    stores_members=True, has_admins=True, owner_may_leave=False, mutes_members=True, needs_activation=False,
    history_before_join=True,
    history_option=True, member_notice=Notice.OFF, profile_notice=Notice.STORED, role_notice=Notice.OFF,
    msg_flag="AcceptNotNotify", member_cap="group_members", group_cap="groups", counts_daily=True,
    has_permission_groups=False, stores_messages=True,
    counts_unread=False, targets_members=True,
)  # fmt: skip
LIVE = Kind(
    name="AVChatRoom", new_name="AVChatRoom", id_prefix="@TGS#a", sdk_number=4, apply=Apply.FREE,
    default_apply="FreeAccess", fixed_apply=False, default_invite="DisableInvite", fixed_invite=True,
    stores_members=False, has_admins=True, owner_may_leave=False, mutes_members=True, needs_activation=False,
    history_before_join=False,
    history_option=False, member_notice=Notice.PUSHED, profile_notice=Notice.PUSHED, role_notice=Notice.OFF,
    msg_flag="AcceptNotNotify", member_cap="", group_cap="live_rooms", counts_daily=True,
    has_permission_groups=False, stores_messages=False,
    counts_unread=False, targets_members=False,
)  # fmt: skip
COMMUNITY = Kind(
    name="Community", new_name="Community", id_prefix="@TGS#_@TGS#c", sdk_number=5, apply=Apply.FREE,
    default_apply="FreeAccess", fixed_apply=True, default_invite="FreeAccess", fixed_invite=True,
    stores_members=True, has_admins=True, owner_may_leave=False, mutes_members=True, needs_activation=False,
    history_before_join=False,
    history_option=False, member_notice=Notice.STORED, profile_notice=Notice.STORED, role_notice=Notice.STORED,
    msg_flag="AcceptAndNotify", member_cap="community_members", group_cap="communities", counts_daily=False,
    has_permission_groups=True, stores_messages=True,
    counts_unread=True, targets_members=False,
)  # fmt: skip

KINDS = (WORK, PUBLIC, MEETING, LIVE, COMMUNITY)
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS} | {kind.new_name: kind for kind in KINDS}
KIND_NAMES = tuple(BY_NAME)
