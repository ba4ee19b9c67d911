"""Groups: create, read, list, change, transfer, dissolve.

Docs 1047/34895, 34961, 34960, 34925, 34962, 34966, 34896.
"""

from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._alerts import tell_quota_near
from qunzhu.commands._shared import (
    INSERT_MEMBER,
    MEMBERS_OF,
    ON_OFF,
    PLAIN_MEMBER,
    READ_SEQ,
    SELECT_GROUP,
    SET_MUTE,
    CustomFields,
    GroupField,
    GroupRow,
    MemberField,
    allowed,
    count_of_kind,
    custom_fields,
    decode_custom,
    entering,
    find_group,
    find_member,
    first_unregistered,
    flag_name,
    insert_plain,
    masks_of,
    publish,
    registered,
    require_room_for_group,
    role_name,
    role_of,
    shown_fields,
    signed,
    store_notice,
    stored_fields,
    unsigned,
)
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import GroupCreated, GroupDissolved, GroupInfoChanged, OwnerChanged
from qunzhu.core.ids import check_chosen_id, new_group_id
from qunzhu.core.kinds import BY_NAME, COMMUNITY, KIND_NAMES, KINDS, Kind, Notice
from qunzhu.core.limits import (
    APPLY_OPTIONS,
    INVITE_OPTIONS,
    MSG_FLAGS,
    UINT32,
    Account,
    FaceUrlText,
    Flag,
    GroupName,
    IntroductionText,
    MaybeAccount,
    NameCardText,
    NotificationText,
    items,
    number,
    one_of,
    text,
)
from qunzhu.core.plans import OPEN_CAP
from qunzhu.core.ports import GATEWAY, Tx, Who
from qunzhu.core.rights import (
    ADMIN,
    ALL_BITS,
    MEMBER,
    OUTSIDER,
    OWNER,
    Action,
    Masks,
    Role,
    acting,
    held,
    require,
    require_held,
)

SERVICE = "group_open_http_svc"
MEMBER_CAP = 100_000_000
KindName = Annotated[str, one_of(*KIND_NAMES)]
ApplyOption = Annotated[str, one_of(*APPLY_OPTIONS)]
InviteOption = Annotated[str, one_of(*INVITE_OPTIONS)]
GroupFields = Annotated[list[GroupField], items(10, error=err.BAD_PARAMETER)]
Mask = Annotated[int, number(0, ALL_BITS)]
GroupIdText = Annotated[str, text(96, min_bytes=1, error=err.GROUP_ID_INVALID)]


class FirstMember(msgspec.Struct, frozen=True, kw_only=True):
    """One initial member. ``JoinTime`` and ``MsgSeq`` count from an app administrator only."""

    Member_Account: Account
    Role: Annotated[str, one_of("Admin", "Member")] | None = None
    NameCard: NameCardText | None = None
    AppMemberDefinedData: Annotated[list[MemberField], items(5, error=err.BAD_PARAMETER)] | None = None
    MsgFlag: Annotated[str, one_of(*MSG_FLAGS)] | None = None
    MuteTime: Annotated[int, number(0, UINT32)] | None = None
    JoinTime: Annotated[int, number(0, UINT32)] | None = None
    MsgSeq: Annotated[int, number(0, UINT32)] | None = None


class GroupProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A group's profile as read back. Fields that a filter leaves out are absent."""

    ErrorCode: int = 0
    ErrorInfo: str = ""
    GroupId: str
    Type: str | UnsetType = UNSET
    Appid: int | UnsetType = UNSET
    Name: str | UnsetType = UNSET
    Introduction: str | UnsetType = UNSET
    Notification: str | UnsetType = UNSET
    FaceUrl: str | UnsetType = UNSET
    Owner_Account: str | UnsetType = UNSET
    CreateTime: int | UnsetType = UNSET
    InfoSeq: int | UnsetType = UNSET
    LastInfoTime: int | UnsetType = UNSET
    LastMsgTime: int | UnsetType = UNSET
    NextMsgSeq: int | UnsetType = UNSET
    MemberNum: int | UnsetType = UNSET
    MaxMemberNum: int | UnsetType = UNSET
    ApplyJoinOption: str | UnsetType = UNSET
    InviteJoinOption: str | UnsetType = UNSET
    MuteAllMember: str | UnsetType = UNSET
    ShutUpAllMember: str | UnsetType = UNSET
    HistoryMsgBeforeJoin: str | UnsetType = UNSET
    SupportTopic: int | UnsetType = UNSET
    EnablePermission: int | UnsetType = UNSET
    DefaultPermission: int | UnsetType = UNSET
    AppDefinedData: list[dict[str, str]] | UnsetType = UNSET
    MemberList: list[dict[str, Any]] | UnsetType = UNSET


class CreatedGroup(Reply, frozen=True, kw_only=True):
    """The new group's id; through the gateway also the group as created."""

    GroupId: str
    Type: str
    HugeGroupFlag: int | UnsetType = UNSET
    GroupInfo: GroupProfile | UnsetType = UNSET


class CreateGroup(Request[CreatedGroup], frozen=True, kw_only=True):
    """A group to create. Absent options take the kind's and the plan's defaults."""

    Type: KindName
    Name: GroupName
    Owner_Account: MaybeAccount | None = None
    GroupId: Annotated[str, text(48)] | None = None
    Introduction: IntroductionText | None = None
    Notification: NotificationText | None = None
    FaceUrl: FaceUrlText | None = None
    MaxMemberCount: Annotated[int, number(1, MEMBER_CAP)] | None = None
    ApplyJoinOption: ApplyOption | None = None
    InviteJoinOption: InviteOption | None = None
    AppDefinedData: GroupFields | None = None
    MemberList: Annotated[list[FirstMember], items(100)] | None = None
    SupportTopic: Flag | None = None
    EnablePermission: Flag | None = None
    DefaultPermission: Mask | None = None


INSERT_GROUP = (
    "INSERT INTO groups (num, group_id, kind_name, name, introduction, notification, face_url, owner, created_at,"
    " info_seq, info_at, last_msg_at, next_seq, member_num, max_member_num, apply_join, invite_join, mute_all, custom,"
    " support_topic, enable_permission, default_permission, history_before_join, active)"
    " VALUES (:num, :group_id, :kind, :name, :introduction, :notification, :face_url, :owner, :at, 0, :at, :msg_at,"
    " :next_seq, :member_num, :max_member_num, :apply_join, :invite_join, 0, :custom, :topic, :permission,"
    " :default_permission, :history, :active)"
)
_CREATE, _OFF, _STORED = Action.CREATE, Notice.OFF, Notice.STORED
ROWS_AT_ONCE = 10
"""Few enough that the statements of all sizes stay prepared."""
ALARM_PERCENT = 70
LAST_NUM = "last-group"
"""Counter that numbers the groups' rows: to have the engine number them costs a creation a twentieth more."""


@command(
    SERVICE, writes=True, doc="1047/34895", old_fields={"MaxMemberNum": "MaxMemberCount"},
    errors=(err.BAD_PARAMETER, err.TOO_MANY_ACCOUNTS, err.TOO_FREQUENT, err.NO_RIGHT, err.MEMBER_UNKNOWN,
            err.GROUP_ID_TAKEN, err.GROUP_ID_OWN, err.LIVE_ROOM_QUOTA, err.USER_GROUP_QUOTA, err.MEMBER_QUOTA,
            err.GROUP_QUOTA, err.HIGHER_PLAN, err.COMMUNITY_OFF),
)  # fmt: skip
def create_group(tx: Tx, who: Who, req: CreateGroup) -> CreatedGroup:
    """Create a group: profile, owner, initial members, notice and counts in one transaction, or nothing.

    The id is the caller's or a generated one; 10025 when the caller's group has that id already, 10021 when another's
    has.
    """
    group_id, kind = make_group(tx, who, req, _CREATE), BY_NAME[req.Type]
    reply = CreatedGroup(GroupId=group_id, Type=kind.name, HugeGroupFlag=0 if req.SupportTopic else UNSET)
    if who.door != GATEWAY:
        return reply
    group = find_group(tx, group_id)
    if _enters(who, kind, group.owner):  # takes effect with the commit
        group = msgspec.structs.replace(group, member_num=1)
    return msgspec.structs.replace(reply, GroupInfo=_info(who, group))


def _enters(who: Who, kind: Kind, owner: str) -> bool:
    """Say whether the creator's session enters the new group at once: his live room, whose members are not stored."""
    return bool(who.session) and owner == who.user and not kind.stores_members


def make_group(
    tx: Tx, who: Who, req: CreateGroup, action: Action, *, created_at: int | None = None, kept_id: str = ""
) -> str:
    """Make a group and return its id.

    One with a ``created_at`` is imported: it was in use elsewhere, so it does not wait for a first message, and nobody
    is told of it. ``kept_id`` is the id it had there, which may be one that nobody can choose.
    """
    kind, imported, at = BY_NAME[req.Type], created_at is not None, who.now if created_at is None else created_at
    active = imported or not kind.needs_activation
    owner, members, custom, cap = may_make(tx, who, req, action)
    others = [user for user in members if user != owner]
    told = bool(others) and active and not imported and kind.member_notice is not _OFF
    seq = 1 if told and kind.member_notice is _STORED else 0
    group_id, num = _insert_group(tx, who, kind, req, {
        "owner": owner, "custom": stored_fields(custom), "max_member_num": cap, "member_num": len(members),
        "next_seq": 1 + seq, "at": at, "msg_at": at if seq else 0, "active": int(active),
    }, kept_id)  # fmt: skip
    _insert_members(tx, members, {"num": num, "at": at, "flag": MSG_FLAGS.index(kind.msg_flag)}, owner)
    _count_created(tx, who, kind)
    event = GroupCreated(
        group_id=group_id, kind=kind.name, operator=who.user, at=who.now, seq=seq, told=told,
        silent=imported or kind.needs_activation, name=req.Name, owner=owner, members=others, imported=imported,
    )  # fmt: skip
    if seq:
        store_notice(tx, num, event)
    tx.emit(event)
    if _enters(who, kind, owner):
        tx.emit(entering(who, group_id, kind, told=False), keep=False)
    return group_id


Members = dict[str, dict[str, Any]]
"""Users, each with the columns of his row that are not a new member's usual ones."""


def may_make(tx: Tx, who: Who, req: CreateGroup, action: Action) -> tuple[str, Members, CustomFields, int]:
    """Return a new group's owner, first members, custom fields and MaxMemberNum, or refuse what may not be made."""
    kind, owner = BY_NAME[req.Type], _new_owner(who, req)
    _require_kind_open(who, kind, req, action)
    members = _first_members(who, kind, req, owner)
    custom = custom_fields(
        req.AppDefinedData, who.app.settings.group_fields, kind, OWNER if owner == who.user else OUTSIDER,
        who, "AppDefinedData",
    )  # fmt: skip
    cap = _member_cap(who, kind, req.MaxMemberCount, len(members))
    _require_accounts(tx, owner, members)
    require_room_for_group(tx, who, members)
    return owner, members, custom, cap


def _new_owner(who: Who, req: CreateGroup) -> str:
    """Return who will own the group: a user always owns what he makes, an app admin may name anybody or nobody."""
    if who.admin:
        return req.Owner_Account or (who.user if who.door == GATEWAY and req.Owner_Account is None else "")
    if req.Owner_Account not in {None, "", who.user}:
        raise Refused(err.NO_RIGHT, f"Owner_Account: {who.user!r} may not create a group for another owner")
    return who.user


def _require_kind_open(who: Who, kind: Kind, req: CreateGroup, action: Action) -> None:
    """Check what the kind and the app's plan and switches allow."""
    require(action, kind, OUTSIDER, app_admin=who.admin)
    if kind is COMMUNITY:
        if who.app.plan.communities == 0:
            raise Refused(err.HIGHER_PLAN, f"Type: plan {who.app.plan_name} has no communities")
        if not who.app.communities_on:
            raise Refused(err.COMMUNITY_OFF, "Type: Community")
    elif req.SupportTopic:
        raise Refused(err.BAD_PARAMETER, f"SupportTopic: a {kind.name} group has no topics, only a Community")
    if req.EnablePermission and not req.SupportTopic:
        raise Refused(err.BAD_PARAMETER, "EnablePermission: needs a Community with SupportTopic 1")
    if req.DefaultPermission and not req.EnablePermission:
        raise Refused(err.BAD_PARAMETER, "DefaultPermission: needs EnablePermission 1")
    if req.MemberList and not kind.stores_members:
        raise Refused(err.NO_RIGHT, f"MemberList: a {kind.name} group takes no initial members")


def _member_cap(who: Who, kind: Kind, wanted: int | None, first: int) -> int:
    """Return MaxMemberNum, or refuse (10038) what is over the plan or too small for the first members."""
    if not kind.member_cap:
        return wanted or 0
    plan_cap: int | None = getattr(who.app.plan, kind.member_cap)
    cap = wanted or plan_cap or OPEN_CAP[kind.member_cap]
    if plan_cap is not None and cap > plan_cap:
        raise Refused(err.MEMBER_QUOTA, f"MaxMemberCount: {cap}, plan {who.app.plan_name} allows {plan_cap}")
    if first > cap:
        raise Refused(err.MEMBER_QUOTA, f"MemberList: {first} members with the owner, the group's limit is {cap}")
    return cap


def _first_members(who: Who, kind: Kind, req: CreateGroup, owner: str) -> dict[str, dict[str, Any]]:
    """Return the first members, the owner first, each with the columns that the request sets; of most there are none.

    One named twice counts once, as he is named first.
    """
    if not kind.stores_members:
        return {}
    members: dict[str, dict[str, Any]] = {owner: {}} if owner else {}
    named = set()
    for given in req.MemberList or ():
        user = given.Member_Account
        if user not in named:
            named.add(user)
            plain = given == FirstMember(Member_Account=user)
            members[user] = {} if plain else _given_columns(who, kind, given, is_owner=user == owner)
    return members


def _insert_members(tx: Tx, members: dict[str, dict[str, Any]], plain: dict[str, Any], owner: str) -> None:
    """Insert the first members' rows, many to a statement where nothing but the user differs."""
    others = [user for user, columns in members.items() if not columns]
    for start in range(0, len(others), ROWS_AT_ONCE):
        some = others[start : start + ROWS_AT_ONCE]
        names, statement = insert_plain(len(some), owned=some[0] == owner)
        tx.many(statement, [plain | dict(zip(names, some, strict=True))])
    if len(others) == len(members):
        return
    rows = [
        {**PLAIN_MEMBER, **plain, "topic": 0, "user": user, "role": int(OWNER if user == owner else MEMBER), **columns}
        for user, columns in members.items() if columns
    ]  # fmt: skip
    tx.many(INSERT_MEMBER, rows)
    tx.many(SET_MUTE, [row for row in rows if row["until"]])


def _given_columns(who: Who, kind: Kind, given: FirstMember, *, is_owner: bool) -> dict[str, Any]:
    """Return the columns that a first member's fields set: they count where the creator has the right to set them."""
    mutes = kind.mutes_members and not is_owner
    columns: dict[str, Any] = {"until": muted_until(who, given.MuteTime or 0) if mutes else 0}
    if given.Role == "Admin" and not is_owner:
        if not kind.has_admins:
            raise Refused(err.NO_RIGHT, f"MemberList: Role: a {kind.name} group has no administrators")
        columns["role"] = int(ADMIN)
    if given.MsgFlag and (who.admin or given.Member_Account == who.user):
        columns["flag"] = MSG_FLAGS.index(given.MsgFlag)
    if who.admin:
        columns |= {"at": given.JoinTime or who.now, "seq": given.MsgSeq or 0}
    if given.NameCard:
        columns["card"] = given.NameCard
    if given.AppMemberDefinedData:
        columns["custom"] = stored_fields(custom_fields(
            given.AppMemberDefinedData, who.app.settings.member_fields, kind, OWNER, who, "AppMemberDefinedData"
        ))  # fmt: skip
    return columns


def muted_until(who: Who, seconds: int) -> int:
    """Return when a mute that begins now ends: 0 where there is none, the largest number for one without end."""
    return min(UINT32, who.now + seconds) if seconds else 0


def _require_accounts(tx: Tx, owner: str, members: dict[str, dict[str, Any]]) -> None:
    """Refuse (10019) an owner or a member who has no account."""
    missing = first_unregistered(tx, members or ([owner] if owner else ()))
    if missing is not None:
        field = "Owner_Account" if missing == owner else "MemberList: Member_Account"
        raise Refused(err.MEMBER_UNKNOWN, f"{field}: {missing!r}")


def _insert_group(
    tx: Tx, who: Who, kind: Kind, req: CreateGroup, columns: dict[str, Any], kept_id: str
) -> tuple[str, int]:
    """Insert the group's row under the kept, the chosen or a generated id; return id and row number."""
    if req.GroupId:
        check_chosen_id(kind, req.GroupId)
    chosen, fixed = kept_id or req.GroupId, kind.fixed_apply
    if chosen:
        _require_free(tx, who, chosen, columns["owner"])
    group_id, num = chosen or new_group_id(kind, who.now_ms, who.random), tx.count(LAST_NUM, 1)
    tx.many(INSERT_GROUP, [{
        "num": num, "group_id": group_id, "kind": kind.name, "name": req.Name, "introduction": req.Introduction or "",
        "notification": req.Notification or "", "face_url": req.FaceUrl or "",
        "apply_join": kind.default_apply if fixed or req.ApplyJoinOption is None else req.ApplyJoinOption,
        "invite_join": (
            kind.default_invite if kind.fixed_invite or req.InviteJoinOption is None else req.InviteJoinOption
        ),
        "topic": req.SupportTopic or 0, "permission": req.EnablePermission or 0,
        "default_permission": signed(req.DefaultPermission or 0), "history": int(kind.history_before_join), **columns,
    }])  # fmt: skip
    return group_id, num


def _require_free(tx: Tx, who: Who, group_id: str, owner: str) -> None:
    """Refuse an id in use: 10025 where the caller (or the named owner) has it, 10021 where another has."""
    row = tx.one(SELECT_GROUP, group_id=group_id)
    if row is not None:
        present = GroupRow(*row).owner
        own = present and present in {owner, who.user}
        raise Refused(err.GROUP_ID_OWN if own else err.GROUP_ID_TAKEN, f"GroupId: {group_id!r}")


def _count_created(tx: Tx, who: Who, kind: Kind) -> None:
    """Count the new group, and refuse what is over the plan: 10058 and 10036 existing groups, 10006 net new today."""
    plan = who.app.plan
    existing = tx.count(count_of_kind(kind), 1)
    today, cap = tx.count(_net_counter(who, kind.counts_daily), 1), plan.net_groups_a_day
    if not plan.daily_excludes_communities:
        today += tx.count(_net_counter(who, not kind.counts_daily), 0)
    counts = kind.counts_daily or not plan.daily_excludes_communities
    if counts and cap is not None and today > cap:
        raise Refused(err.TOO_FREQUENT, f"net new groups today: plan {who.app.plan_name} allows {cap}")
    if counts and cap is not None and today * 100 >= cap * ALARM_PERCENT:
        tell_quota_near(tx, who, today, cap)
    group_cap: int | None = getattr(plan, kind.group_cap)
    if group_cap is None:
        return
    others = (other for other in KINDS if other is not kind and other.group_cap == kind.group_cap)
    if existing + sum(tx.count(count_of_kind(other), 0) for other in others) > group_cap:
        row = err.LIVE_ROOM_QUOTA if kind.group_cap == "live_rooms" else err.GROUP_QUOTA
        raise Refused(row, f"existing groups: plan {who.app.plan_name} allows {group_cap}")


BASE_FIELDS = (
    "Type", "Appid", "Name", "Introduction", "Notification", "FaceUrl", "Owner_Account", "CreateTime", "InfoSeq",
    "LastInfoTime", "LastMsgTime", "NextMsgSeq", "MemberNum", "MaxMemberNum", "ApplyJoinOption", "InviteJoinOption",
    "MuteAllMember", "ShutUpAllMember", "HistoryMsgBeforeJoin", "SupportTopic", "EnablePermission",
    "DefaultPermission",
)  # fmt: skip


def base_info(who: Who, group: GroupRow) -> dict[str, Any]:
    """Return the profile fields of a group under their wire names, the pre-2022 name of MuteAllMember among them."""
    mute = ON_OFF[group.mute_all]
    return {
        "Type": group.kind_name, "Appid": who.app.sdkappid, "Name": group.name, "Introduction": group.introduction,
        "Notification": group.notification, "FaceUrl": group.face_url, "Owner_Account": group.owner,
        "CreateTime": group.created_at, "InfoSeq": group.info_seq, "LastInfoTime": group.info_at,
        "LastMsgTime": group.last_msg_at, "NextMsgSeq": group.next_seq, "MemberNum": group.member_num,
        "MaxMemberNum": group.max_member_num, "ApplyJoinOption": group.apply_join,
        "InviteJoinOption": group.invite_join, "MuteAllMember": mute, "ShutUpAllMember": mute,
        "HistoryMsgBeforeJoin": ON_OFF[group.history_before_join], "SupportTopic": group.support_topic,
        "EnablePermission": group.enable_permission, "DefaultPermission": unsigned(group.default_permission),
    }  # fmt: skip


def _info(who: Who, group: GroupRow) -> GroupProfile:
    return GroupProfile(GroupId=group.group_id, AppDefinedData=shown_fields(group.custom), **base_info(who, group))


class InfoFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts and fields to return. Without a base filter all base fields come; members only if asked for."""

    GroupBaseInfoFilter: list[str] | None = None
    MemberInfoFilter: list[str] | None = None
    AppDefinedDataFilter_Group: list[str] | None = None
    AppDefinedDataFilter_GroupMember: list[str] | None = None
    SelfInfoFilter: list[str] | None = None


class GroupInfos(Reply, frozen=True, kw_only=True):
    """One item per requested group, each with its own ErrorCode."""

    GroupInfo: list[GroupProfile]


class GetGroupInfo(Request[GroupInfos], frozen=True, kw_only=True):
    """Which groups to read."""

    GroupIdList: Annotated[list[str], items(50, least=1, error=err.BAD_PARAMETER)]
    ResponseFilter: InfoFilter | None = None


@command(SERVICE, writes=False, doc="1047/34961", errors=(err.BAD_PARAMETER, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                                                          err.NO_RIGHT, err.REPLY_TOO_LARGE))  # fmt: skip
def get_group_info(tx: Tx, who: Who, req: GetGroupInfo) -> GroupInfos:
    """Read the profiles of up to 50 groups, with members and custom fields as the filter asks.

    Member lists of live rooms and communities are not part of it: page them with get_group_member_info.
    """
    return GroupInfos(GroupInfo=[_one_info(tx, who, group_id, req.ResponseFilter) for group_id in req.GroupIdList])


def _one_info(tx: Tx, who: Who, group_id: str, wanted: InfoFilter | None) -> GroupProfile:
    try:
        group = find_group(tx, group_id)
        role = allowed(tx, who, group, Action.READ_INFO)
    except Refused as refusal:
        return GroupProfile(GroupId=group_id, ErrorCode=refusal.row.code, ErrorInfo=refusal.text)
    inside = who.admin or role is not Role.OUTSIDER
    fields = base_info(who, group)
    if wanted is not None and wanted.GroupBaseInfoFilter is not None:
        fields = {name: fields[name] for name in wanted.GroupBaseInfoFilter if name in fields}
    keys = None if wanted is None else (wanted.AppDefinedDataFilter_Group or [])
    if keys is None or keys:
        fields["AppDefinedData"] = shown_fields(group.custom, keys)
    members_asked = wanted is None or wanted.MemberInfoFilter is not None
    if members_asked and inside and group.kind.stores_members and group.kind is not COMMUNITY:
        fields["MemberList"] = members_of(tx, who.now, group, wanted)
    return GroupProfile(GroupId=group_id, **fields)


def members_of(tx: Tx, now: int, group: GroupRow, wanted: InfoFilter | None) -> list[dict[str, Any]]:
    """Return all members of a group as the wire shows them."""
    rows = tx.all(MEMBERS_OF + " ORDER BY m.user_id", num=group.num)
    fields = None if wanted is None else wanted.MemberInfoFilter
    keys = None if wanted is None else (wanted.AppDefinedDataFilter_GroupMember or [])
    return [shown_member(now, row, fields, keys) for row in rows]


def shown_member(now: int, row: tuple[Any, ...], fields: list[str] | None, keys: list[str] | None) -> dict[str, Any]:
    """Return a member under wire names, filtered; ``Member_Account`` always comes, old names beside the new."""
    user, role, joined, seq, flag, card, until, last, custom, *_ = row
    mute = until if until > now else 0
    shown: dict[str, Any] = {
        "Role": role_name(role), "JoinTime": joined, "MsgSeq": seq, "MsgFlag": flag_name(flag),
        "LastSendMsgTime": last, "NameCard": card, "MuteUntil": mute, "ShutUpUntil": mute,
    }  # fmt: skip
    if fields is not None:
        shown = {name: shown[name] for name in fields if name in shown}
    if keys is None or keys:
        shown["AppMemberDefinedData"] = shown_fields(custom, keys)
    return {"Member_Account": user, **shown}


class GroupIds(Reply, frozen=True, kw_only=True):
    """A page of group ids. ``Next`` is 0 at the end."""

    TotalCount: int
    GroupIdList: list[dict[str, Any]]
    Next: int


class GetAppidGroupList(Request[GroupIds], frozen=True, kw_only=True):
    """Which page of the app's groups to list. ``Next`` is the cursor of the page before, 0 for the first."""

    Limit: Annotated[int, number(1, 10000)] | None = None
    Next: Annotated[int, number(0, 2**63 - 1)] | None = None
    GroupType: Annotated[str, one_of(*KIND_NAMES, "BChatRoom")] | None = None


LIST_ALL = "SELECT num, group_id FROM groups WHERE num > :next ORDER BY num LIMIT :limit"
LIST_KIND = "SELECT num, group_id FROM groups WHERE kind_name = :kind AND num > :next ORDER BY num LIMIT :limit"


@command(SERVICE, writes=False, doc="1047/34960", errors=(err.BAD_PARAMETER, err.NOT_APP_ADMIN),
         per_second=1, too_frequent=err.TOO_FREQUENT)  # fmt: skip
def get_appid_group_list(tx: Tx, who: Who, req: GetAppidGroupList) -> GroupIds:
    """List the ids of all groups of the app, page by page, optionally of one kind."""
    who.require_admin()
    limit = req.Limit or 10000
    kinds = KINDS if req.GroupType is None else tuple(k for k in KINDS if req.GroupType in {k.name, k.new_name})
    if req.GroupType is None:
        rows = tx.all(LIST_ALL, next=req.Next or 0, limit=limit + 1)
    else:
        name = kinds[0].name if kinds else req.GroupType
        rows = tx.all(LIST_KIND, kind=name, next=req.Next or 0, limit=limit + 1)
    page = rows[:limit]
    return GroupIds(
        TotalCount=sum(tx.count(count_of_kind(kind), 0) for kind in kinds),
        GroupIdList=[{"GroupId": group_id} for _, group_id in page],
        Next=page[-1][0] if len(rows) > limit else 0,
    )


class JoinedGroups(Reply, frozen=True, kw_only=True):
    """The groups of one user."""

    TotalCount: int
    GroupIdList: list[dict[str, Any]]


class GetJoinedGroupList(Request[JoinedGroups], frozen=True, kw_only=True):
    """Whose groups to list, and which."""

    Member_Account: Account
    WithHugeGroups: Flag | None = None
    WithNoActiveGroups: Flag | None = None
    Limit: Annotated[int, number(1, 5000)] | None = None
    Offset: Annotated[int, number(0, UINT32)] | None = None
    GroupType: KindName | None = None
    SupportTopic: Flag | None = None
    ResponseFilter: InfoFilter | None = None


_JOINED_FROM = (
    " FROM members m JOIN groups g ON g.num = m.group_num WHERE m.user_id = :user"
    " AND (g.active = 1 OR :sleeping = 1 OR (:own = 1 AND m.role = 400))"
    " AND (:kind = '' OR g.kind_name = :kind) AND (:topic = 0 OR g.support_topic = 1)"
)
COUNT_JOINED = "SELECT count(*)" + _JOINED_FROM
SELECT_JOINED = (
    "SELECT m.role, m.joined_at, " + READ_SEQ + ", m.msg_flag, g.*" + _JOINED_FROM
    + " ORDER BY m.group_num LIMIT :limit OFFSET :offset"
)  # fmt: skip


@command(SERVICE, writes=False, doc="1047/34925", errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.REPLY_TOO_LARGE))
def get_joined_group_list(tx: Tx, who: Who, req: GetJoinedGroupList) -> JoinedGroups:
    """List the groups a user belongs to.

    A Work group that its owner has not yet activated with a first message is left out unless asked for; through the
    gateway the owner sees it.
    """
    if not who.admin and req.Member_Account != who.user:
        raise Refused(err.NO_RIGHT, "Member_Account: only one's own groups can be listed")
    if req.SupportTopic and req.GroupType != COMMUNITY.name:
        raise Refused(err.BAD_PARAMETER, "SupportTopic: needs GroupType Community")
    where: dict[str, Any] = {
        "user": req.Member_Account, "sleeping": req.WithNoActiveGroups or 0, "own": int(who.door == GATEWAY),
        "kind": BY_NAME[req.GroupType].name if req.GroupType else "", "topic": req.SupportTopic or 0,
    }  # fmt: skip
    total = tx.one(COUNT_JOINED, **where)
    rows = tx.all(SELECT_JOINED, limit=req.Limit or 2**31, offset=req.Offset or 0, **where)
    return JoinedGroups(
        TotalCount=int(total[0]) if total else 0,
        GroupIdList=[_joined(who, row, req.ResponseFilter) for row in rows],
    )


def _joined(who: Who, row: tuple[Any, ...], wanted: InfoFilter | None) -> dict[str, Any]:
    role, joined, seq, flag = row[:4]
    group = GroupRow(*row[4:])
    shown: dict[str, Any] = {"GroupId": group.group_id}
    if wanted is None:
        return shown
    base, own = base_info(who, group), {
        "Role": role_name(role), "JoinTime": joined, "MsgSeq": seq, "MsgFlag": flag_name(flag),
    }  # fmt: skip
    shown |= {name: base[name] for name in wanted.GroupBaseInfoFilter or () if name in base}
    if wanted.SelfInfoFilter:
        shown["SelfInfo"] = {name: own[name] for name in wanted.SelfInfoFilter if name in own}
    return shown


class ModifyGroupBaseInfo(Request[Done], frozen=True, kw_only=True):
    """New values of a group's profile; absent fields stay. An empty custom value deletes the key."""

    GroupId: GroupIdText
    Name: GroupName | None = None
    Introduction: IntroductionText | None = None
    Notification: NotificationText | None = None
    FaceUrl: FaceUrlText | None = None
    MaxMemberNum: Annotated[int, number(1, MEMBER_CAP)] | None = None
    ApplyJoinOption: ApplyOption | None = None
    InviteJoinOption: InviteOption | None = None
    MuteAllMember: Annotated[str, one_of("On", "Off")] | None = None
    AppDefinedData: GroupFields | None = None
    HistoryMsgBeforeJoin: Annotated[str, one_of("On", "Off")] | None = None
    From_Account: Account | None = None
    EnablePermission: Flag | None = None
    DefaultPermission: Mask | None = None


PROFILE_COLUMNS = {
    "Name": "name", "Introduction": "introduction", "Notification": "notification", "FaceUrl": "face_url",
}  # fmt: skip
OPTION_COLUMNS = {
    "MaxMemberNum": "max_member_num", "ApplyJoinOption": "apply_join", "InviteJoinOption": "invite_join",
    "HistoryMsgBeforeJoin": "history_before_join", "EnablePermission": "enable_permission",
    "DefaultPermission": "default_permission",
}  # fmt: skip
QUIET = frozenset({"MuteAllMember", "ApplyJoinOption", "InviteJoinOption", "MaxMemberNum", "HistoryMsgBeforeJoin"})
"""Changes of these alone are told to nobody (doc 1047/33529: mute-all and join-option notices are off by default)."""
UPDATE_GROUP = (
    "UPDATE groups SET name = :name, introduction = :introduction, notification = :notification, face_url = :face_url,"
    " max_member_num = :max_member_num, apply_join = :apply_join, invite_join = :invite_join, mute_all = :mute_all,"
    " custom = :custom, history_before_join = :history_before_join, enable_permission = :enable_permission,"
    " default_permission = :default_permission, info_seq = info_seq + 1, info_at = :at WHERE num = :num"
)


@command(
    SERVICE, writes=True, doc="1047/34962",
    old_fields={"ShutUpAllMember": "MuteAllMember", "MaxMemberCount": "MaxMemberNum"},
    errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.MEMBER_UNKNOWN,
            err.MEMBER_QUOTA),
)  # fmt: skip
def modify_group_base_info(tx: Tx, who: Who, req: ModifyGroupBaseInfo) -> Done:
    """Change a group's profile, options, mute-all or custom fields."""
    group = find_group(tx, req.GroupId)
    role = role_of(tx, group, who.user)
    if role is Role.OUTSIDER and not who.admin:
        raise Refused(err.NO_RIGHT, f"{who.user!r} is not in the group")
    changes = _changes(tx, who, group, role, req)
    operator = who.user
    if req.From_Account is not None and who.admin:
        if not registered(tx, req.From_Account):
            raise Refused(err.MEMBER_UNKNOWN, f"From_Account: {req.From_Account!r}")
        operator = req.From_Account
    if not changes:
        return Done()
    custom = stored_fields(decode_custom(group.custom) | changes.get("AppDefinedData", {}))
    columns = {PROFILE_COLUMNS.get(n) or OPTION_COLUMNS.get(n): v for n, v in changes.items()}
    mute = changes.get("MuteAllMember")
    before = {name: getattr(group, name) for name in (*PROFILE_COLUMNS.values(), *OPTION_COLUMNS.values())}
    before |= {name: columns[name] for name in before if name in columns}
    before["history_before_join"] = int(before["history_before_join"] in {"On", 1})
    before["default_permission"] = signed(before["default_permission"])
    tx.run(
        UPDATE_GROUP, num=group.num, at=who.now, custom=custom,
        mute_all=group.mute_all if mute is None else ON_OFF.index(mute), **before,
    )  # fmt: skip
    event = GroupInfoChanged(
        group_id=group.group_id, kind=group.kind_name, operator=operator, at=who.now, changes=changes
    )
    publish(tx, group, event, group.kind.profile_notice, silent=QUIET.issuperset(changes))
    return Done()


def _changes(tx: Tx, who: Who, group: GroupRow, role: Role, req: ModifyGroupBaseInfo) -> dict[str, Any]:
    """Return the given new values by wire name, each checked against the rights table and the kind."""
    given = {name: value for name in req.__struct_fields__ if (value := getattr(req, name)) is not None}
    del given["GroupId"]
    given.pop("From_Account", None)
    kind, masks = group.kind, masks_of(tx, group, who.user, role)
    for action, names in (
        (Action.EDIT_PROFILE, PROFILE_COLUMNS),
        (Action.EDIT_OPTIONS, OPTION_COLUMNS),
        (Action.MUTE_ALL, ("MuteAllMember",)),
    ):
        if any(name in given for name in names):
            require(action, kind, role, app_admin=who.admin, masks=masks)
    if req.AppDefinedData is not None:
        given["AppDefinedData"] = custom_fields(
            req.AppDefinedData, who.app.settings.group_fields, kind, acting(Action.EDIT_PROFILE, role, masks), who,
            "AppDefinedData",
        )  # fmt: skip
    if not kind.member_cap:
        given.pop("MaxMemberNum", None)  # documented: ignored for AVChatRoom
    elif req.MaxMemberNum is not None:
        _member_cap(who, kind, req.MaxMemberNum, 0)
    if kind.fixed_apply and req.ApplyJoinOption is not None:
        raise Refused(err.BAD_PARAMETER, f"ApplyJoinOption: cannot be changed for a {kind.name} group")
    if kind.fixed_invite and req.InviteJoinOption is not None:
        raise Refused(err.BAD_PARAMETER, f"InviteJoinOption: cannot be changed for a {kind.name} group")
    if req.HistoryMsgBeforeJoin is not None and not kind.history_option:
        raise Refused(err.BAD_PARAMETER, f"HistoryMsgBeforeJoin: not an option of {kind.name} groups")
    _require_permissions(who, group, role, masks, req)
    return given


def _require_permissions(who: Who, group: GroupRow, role: Role, masks: Masks, req: ModifyGroupBaseInfo) -> None:
    """Refuse permissions where there are no topics (10004), and bits that the caller has not himself (10007)."""
    if (req.EnablePermission or req.DefaultPermission) and not group.support_topic:
        raise Refused(err.BAD_PARAMETER, "EnablePermission: needs a Community with topics")
    if req.DefaultPermission is not None:
        own = held(role, masks, app_admin=who.admin).group
        require_held(req.DefaultPermission & ~unsigned(group.default_permission), own, "DefaultPermission")


class ChangeGroupOwner(Request[Done], frozen=True, kw_only=True):
    """Who shall own the group: one of its members."""

    GroupId: GroupIdText
    NewOwner_Account: Account


SET_ROLE = "UPDATE members SET role = :role WHERE group_num = :num AND user_id = :user"


@command(SERVICE, writes=True, doc="1047/34966",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID))  # fmt: skip
def change_group_owner(tx: Tx, who: Who, req: ChangeGroupOwner) -> Done:
    """Give a group to another of its members, or an ownerless group to one."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.TRANSFER)
    if find_member(tx, group, req.NewOwner_Account) is None:
        raise Refused(err.BAD_PARAMETER, f"NewOwner_Account: {req.NewOwner_Account!r} is not a member of the group")
    if req.NewOwner_Account == group.owner:
        return Done()
    if group.owner:
        tx.run(SET_ROLE, role=int(Role.MEMBER), num=group.num, user=group.owner)
    tx.run(SET_ROLE, role=int(Role.OWNER), num=group.num, user=req.NewOwner_Account)
    tx.run("DELETE FROM mutes WHERE group_num = :num AND user_id = :user", num=group.num, user=req.NewOwner_Account)
    set_owner(tx, who.now, group, req.NewOwner_Account)
    event = OwnerChanged(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, old=group.owner,
        new=req.NewOwner_Account,
    )  # fmt: skip
    publish(tx, group, event, group.kind.profile_notice)
    return Done()


def set_owner(tx: Tx, now: int, group: GroupRow, owner: str) -> None:
    """Write a group's owner; empty for none."""
    tx.run(
        "UPDATE groups SET owner = :owner, info_seq = info_seq + 1, info_at = :at WHERE num = :num",
        owner=owner,
        at=now,
        num=group.num,
    )


class DestroyGroup(Request[Done], frozen=True, kw_only=True):
    """Which group to dissolve."""

    GroupId: GroupIdText


@command(SERVICE, writes=True, doc="1047/34896",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID))  # fmt: skip
def destroy_group(tx: Tx, who: Who, req: DestroyGroup) -> Done:
    """Dissolve a group for good: profile, members and messages go, and its id is free again."""
    group = find_group(tx, req.GroupId)
    allowed(tx, who, group, Action.DISSOLVE)
    dissolve(tx, who, group)
    return Done()


REMOVE_GROUP: tuple[LiteralString, ...] = (
    "INSERT INTO doomed (group_num, topic_num) VALUES (:num, -1)",
    "DELETE FROM members WHERE group_num = :num",
    "DELETE FROM mutes WHERE group_num = :num",
    "DELETE FROM applications WHERE group_num = :num",
    "DELETE FROM bans WHERE group_num = :num",
    "DELETE FROM live_admins WHERE group_num = :num",
    "DELETE FROM attributes WHERE group_num = :num",
    "DELETE FROM attribute_versions WHERE group_num = :num",
    "DELETE FROM group_counters WHERE group_num = :num",
    "DELETE FROM pinned_messages WHERE group_num = :num",
    "DELETE FROM topic_members WHERE topic_num IN (SELECT num FROM topics WHERE group_num = :num)",
    "DELETE FROM topics WHERE group_num = :num",
    "DELETE FROM permission_groups WHERE group_num = :num",
    "DELETE FROM permission_group_members WHERE group_num = :num",
    "DELETE FROM topic_permissions WHERE group_num = :num",
    "DELETE FROM groups WHERE num = :num",
)
"""Every table whose rows hang on a group; the group itself last."""


def dissolve(tx: Tx, who: Who, group: GroupRow) -> None:
    """Remove a group with all that hangs on it, count it out and tell its members."""
    tx.emit(GroupDissolved(  # first: whoever is told of it may read who was in it
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, name=group.name,
        owner=group.owner, member_num=group.member_num,
    ))  # fmt: skip
    for statement in REMOVE_GROUP:
        tx.run(statement, num=group.num)
    tx.run(
        "INSERT INTO dissolved (group_id, kind_name, name, operator, at) VALUES (:group_id, :kind, :name, :who, :at)"
        " ON CONFLICT (group_id) DO UPDATE SET kind_name = :kind, name = :name, operator = :who, at = :at",
        group_id=group.group_id, kind=group.kind_name, name=group.name, who=who.user, at=who.now,
    )  # fmt: skip
    _count_dissolved(tx, who, group.kind)


def _count_dissolved(tx: Tx, who: Who, kind: Kind) -> None:
    """Take a group out of the counts: a dissolved one frees a place in the day's net increase."""
    tx.count(count_of_kind(kind), -1)
    tx.count(_net_counter(who, kind.counts_daily), -1)


def _net_counter(who: Who, daily: bool) -> str:
    """Return the name of the day's net increase: communities have one of their own, as some plans leave them out."""
    return f"{'net' if daily else 'net-communities'}:{who.app.day(who.now)}"
