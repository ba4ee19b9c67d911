"""Between the C interface's JSON and the server's records. Pure functions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qunzhu.commands._shared import GroupField, MemberField
from qunzhu.commands.groups import (
    CreateGroup,
    FirstMember,
    GroupProfile,
    ModifyGroupBaseInfo,
)
from qunzhu.core.errors import Refused
from qunzhu.core.ids import check_chosen_id
from qunzhu.core.kinds import BY_NAME, KINDS
from qunzhu.core.limits import APPLY_OPTIONS, INVITE_OPTIONS, MSG_FLAGS
from qunzhu.tim.enums import (
    TIMErrCode,
    TIMGroupMemberRole,
    TIMGroupModifyInfoFlag,
    TIMResult,
)

Json = Mapping[str, Any]
_APPLY = dict(enumerate(reversed(APPLY_OPTIONS)))
_INVITE = dict(enumerate(reversed(INVITE_OPTIONS)))
APPLY_NUMBER = {name: number for number, name in _APPLY.items()}
INVITE_NUMBER = {name: number for number, name in _INVITE.items()}
_KIND = {kind.sdk_number: kind for kind in KINDS}
_OLD_ROLES = {1: 200, 2: 300, 3: 400}
_ROLE_NUMBER = {"Member": 200, "Admin": 300, "Owner": 400}
MEMBERS_AT_ONCE = 20
"""Users that one creation or invitation may name, as the C headers have it; the server itself takes more."""
GROUP, MEMBER = "create_group_param_", "group_member_info_"


class WrongParameter(Exception):
    """A parameter that the SDK refuses itself: the code, what is wrong, and what there is to tell all the same."""

    def __init__(self, code: int, text: str, json: Any = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.json = json


def mapping(param: Any, name: str = "param") -> Json:
    """Return a parameter that must be an object, or refuse it."""
    if not isinstance(param, Mapping):
        raise WrongParameter(TIMResult.TIM_ERR_JSON, f"{name}: must be an object, is {type(param).__name__}")
    return param


def take(given: Json, key: str, kind: type, default: Any = None) -> Any:
    """Return a value of a parameter, or refuse one of another type (-4). None counts as absent."""
    value = given.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: must be {kind.__name__}, is {type(value).__name__}")
    return value


def need(given: Json, key: str, kind: type) -> Any:
    """Return a value that must be there and not empty (-4)."""
    value = take(given, key, kind)
    if value is None or value in {"", 0}:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: required")
    return value


def path_given(given: Json, key: str) -> str | None:
    """Return the path of a file, or None where there is none; refuse (-4) what no file system takes."""
    value: str | None = take(given, key, str)
    if value and "\0" in value:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: no path has a NUL in it")
    return value or None


def items(given: Json, key: str) -> list[Json]:
    """Return an array of objects."""
    found: list[Json] = []
    for item in take(given, key, list, []):
        if not isinstance(item, Mapping):
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: must hold objects")
        found.append(item)
    return found


def texts(given: Json, key: str) -> list[str]:
    """Return an array of texts."""
    found = take(given, key, list, [])
    if not all(isinstance(item, str) for item in found):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: must hold strings")
    return list(found)


def require_few(users: int, key: str) -> None:
    """Refuse (8507) more users than one call of the interface takes."""
    if users > MEMBERS_AT_ONCE:
        code = TIMErrCode.ERR_SDK_GROUP_MEMBER_COUNT_LIMIT
        raise WrongParameter(code, f"{key}: {users} users, at most {MEMBERS_AT_ONCE} are allowed")


def _enum(given: Json, key: str, names: Mapping[int, str]) -> str | None:
    """Return the wire name of a numbered option; 3 is "unknown", which leaves it to the server."""
    number = take(given, key, int)
    if number is None or number == 3:
        return None
    if number not in names:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {number} is not one of {', '.join(map(str, names))}")
    return names[number]


def limited(given: Json, key: str, most: int, code: TIMErrCode) -> str | None:
    """Return a text, or refuse one that is too long with the SDK's own code for it."""
    value: str | None = take(given, key, str)
    if value is not None and (size := len(value.encode(errors="surrogatepass"))) > most:
        raise WrongParameter(code, f"{key}: {size} bytes, at most {most} bytes of UTF-8 are allowed")
    return value


def pairs(given: Json, key: str, prefix: str) -> list[tuple[str, str]] | None:
    """Return custom fields as keys and values; None where there are none."""
    found = [(take(item, f"{prefix}key", str, ""), take(item, f"{prefix}value", str, "")) for item in items(given, key)]
    return found or None


def create_request(given: Json) -> CreateGroup:
    """Return the command of a creation, or refuse: -4, or 8501 to 8507 and 8509 for what the SDK checks itself."""
    number = take(given, f"{GROUP}group_type", int, 0)
    if number not in _KIND:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{GROUP}group_type: {number} is no kind that can be created")
    kind = _KIND[number]
    name = limited(given, f"{GROUP}group_name", 30, TIMErrCode.ERR_SDK_GROUP_INVALID_NAME)
    if not name:
        raise WrongParameter(TIMErrCode.ERR_SDK_GROUP_INVALID_NAME, f"{GROUP}group_name: required")
    group_id = take(given, f"{GROUP}group_id", str) or None
    if group_id is not None:
        try:
            check_chosen_id(kind, group_id)
        except (Refused, UnicodeEncodeError) as refused:
            text = refused.detail if isinstance(refused, Refused) else "not UTF-8 text"
            raise WrongParameter(TIMErrCode.ERR_SDK_GROUP_INVALID_ID, text) from None
    members = items(given, f"{GROUP}group_member_array")
    require_few(len(members), f"{GROUP}group_member_array")
    fields = pairs(given, f"{GROUP}custom_info", "group_info_custom_string_info_")
    topic, permission = (take(given, f"{GROUP}{key}", bool) for key in ("is_support_topic", "enable_permission_group"))
    return CreateGroup(
        Type=kind.name,
        Name=name,
        GroupId=group_id,
        Introduction=limited(given, f"{GROUP}introduction", 240, TIMErrCode.ERR_SDK_GROUP_INVALID_INTRODUCTION),
        Notification=limited(given, f"{GROUP}notification", 300, TIMErrCode.ERR_SDK_GROUP_INVALID_NOTIFICATION),
        FaceUrl=limited(given, f"{GROUP}face_url", 100, TIMErrCode.ERR_SDK_GROUP_INVALID_FACE_URL),
        MaxMemberCount=take(given, f"{GROUP}max_member_num", int) or None,
        ApplyJoinOption=_enum(given, f"{GROUP}add_option", _APPLY),
        InviteJoinOption=_enum(given, f"{GROUP}approve_option", _INVITE),
        AppDefinedData=None if fields is None else [GroupField(Key=key, Value=value) for key, value in fields],
        MemberList=[_first_member(item) for item in members] or None,
        SupportTopic=int(topic) if topic else None,
        EnablePermission=int(permission) if permission else None,
        DefaultPermission=take(given, f"{GROUP}default_permissions", int) or None,
    )


def _role(given: Json) -> int:
    """Return a first member's role as 200, 300 or 400; older texts write 1, 2 and 3."""
    number: int = take(given, f"{MEMBER}member_role", int, 0)
    return _OLD_ROLES.get(number, number)


def _first_member(given: Json) -> FirstMember:
    number = _role(given)
    if number == TIMGroupMemberRole.kTIMMemberRole_Owner:
        raise WrongParameter(
            TIMErrCode.ERR_SDK_GROUP_INVITE_SUPER_DENY, f"{MEMBER}member_role: the creator is the owner"
        )
    if number not in {0, 200, 300}:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{MEMBER}member_role: {number} is no role")
    flag = take(given, f"{MEMBER}msg_flag", int)
    if flag is not None and not 0 <= flag < len(MSG_FLAGS):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{MEMBER}msg_flag: {flag} is no receive option")
    fields = pairs(given, f"{MEMBER}custom_info", "group_member_info_custom_string_info_")
    return FirstMember(
        Member_Account=need(given, f"{MEMBER}identifier", str),
        Role="Admin" if number == TIMGroupMemberRole.kTIMMemberRole_Admin else None,
        NameCard=limited(given, f"{MEMBER}name_card", 50, TIMErrCode.ERR_SDK_GROUP_INVALID_NAME_CARD),
        AppMemberDefinedData=None if fields is None else [MemberField(Key=key, Value=value) for key, value in fields],
        MsgFlag=None if flag is None else MSG_FLAGS[flag],
        MuteTime=take(given, f"{MEMBER}shutup_time", int) or None,
        JoinTime=take(given, f"{MEMBER}join_time", int) or None,
        MsgSeq=take(given, f"{MEMBER}msg_seq", int) or None,
    )


def created(given: Json, info: GroupProfile) -> dict[str, Any]:
    """Return a creation's result: the id, and the group's fields as they were created."""
    return {
        "create_group_result_groupid": info.GroupId,
        f"{GROUP}group_id": info.GroupId,
        f"{GROUP}group_name": info.Name,
        f"{GROUP}group_type": BY_NAME[info.Type or ""].sdk_number,
        f"{GROUP}is_support_topic": bool(info.SupportTopic),
        f"{GROUP}group_member_array": [
            {**item, f"{MEMBER}member_role": _role(item) or 200} for item in items(given, f"{GROUP}group_member_array")
        ],
        f"{GROUP}notification": info.Notification,
        f"{GROUP}introduction": info.Introduction,
        f"{GROUP}face_url": info.FaceUrl,
        f"{GROUP}add_option": APPLY_NUMBER[info.ApplyJoinOption or ""],
        f"{GROUP}approve_option": INVITE_NUMBER[info.InviteJoinOption or ""],
        f"{GROUP}max_member_num": info.MaxMemberNum,
        f"{GROUP}custom_info": group_fields(info.AppDefinedData or []),
        f"{GROUP}enable_permission_group": bool(info.EnablePermission),
        f"{GROUP}default_permissions": info.DefaultPermission,
    }


def group_fields(fields: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return custom fields of a group under the C keys."""
    return [
        {"group_info_custom_string_info_key": field["Key"], "group_info_custom_string_info_value": field["Value"]}
        for field in fields
    ]


_F = TIMGroupModifyInfoFlag
_Change = Callable[[Json], Any]
_CHANGES: dict[TIMGroupModifyInfoFlag, tuple[str, _Change]] = {
    _F.kTIMGroupModifyInfoFlag_Name: (
        "Name",
        lambda p: limited(p, "group_modify_info_param_group_name", 30, TIMErrCode.ERR_SDK_GROUP_INVALID_NAME),
    ),
    _F.kTIMGroupModifyInfoFlag_Notification: (
        "Notification",
        lambda p: limited(
            p, "group_modify_info_param_notification", 300, TIMErrCode.ERR_SDK_GROUP_INVALID_NOTIFICATION
        ),
    ),
    _F.kTIMGroupModifyInfoFlag_Introduction: (
        "Introduction",
        lambda p: limited(
            p, "group_modify_info_param_introduction", 240, TIMErrCode.ERR_SDK_GROUP_INVALID_INTRODUCTION
        ),
    ),
    _F.kTIMGroupModifyInfoFlag_FaceUrl: (
        "FaceUrl",
        lambda p: limited(p, "group_modify_info_param_face_url", 100, TIMErrCode.ERR_SDK_GROUP_INVALID_FACE_URL),
    ),
    _F.kTIMGroupModifyInfoFlag_AddOption: (
        "ApplyJoinOption",
        lambda p: _enum(p, "group_modify_info_param_add_option", _APPLY),
    ),
    _F.kTIMGroupModifyInfoFlag_ApproveOption: (
        "InviteJoinOption",
        lambda p: _enum(p, "group_modify_info_param_approve_option", _INVITE),
    ),
    _F.kTIMGroupModifyInfoFlag_MaxMemberNum: (
        "MaxMemberNum",
        lambda p: take(p, "group_modify_info_param_max_member_num", int),
    ),
    _F.kTIMGroupModifyInfoFlag_ShutupAll: (
        "MuteAllMember",
        lambda p: "On" if take(p, "group_modify_info_param_is_shutup_all", bool) else "Off",
    ),
    _F.kTIMGroupModifyInfoFlag_Custom: (
        "AppDefinedData",
        lambda p: [
            GroupField(Key=key, Value=value)
            for key, value in pairs(p, "group_modify_info_param_custom_info", "group_info_custom_string_info_") or ()
        ],
    ),
    _F.kTIMGroupModifyInfoFlag_EnablePermissionGroup: (
        "EnablePermission",
        lambda p: int(bool(take(p, "group_modify_info_param_enable_permission_group", bool))),
    ),
    _F.kTIMGroupModifyInfoFlag_DefaultPermissions: (
        "DefaultPermission",
        lambda p: take(p, "group_modify_info_param_default_permissions", int),
    ),
}


def modify_request(given: Json) -> ModifyGroupBaseInfo:
    """Return the command of a change: the fields whose flags are set. A flag that is not served is 7013."""
    left = take(given, "group_modify_info_param_modify_flag", int, 0)
    fields: dict[str, Any] = {}
    for flag, (name, value) in _CHANGES.items():
        if left & flag:
            fields[name] = value(given)
            left &= ~flag
    if left:
        raise WrongParameter(
            TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"group_modify_info_param_modify_flag: bits {left:#x}"
        )
    if not fields:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, "group_modify_info_param_modify_flag: no flag is set")
    return ModifyGroupBaseInfo(GroupId=need(given, "group_modify_info_param_group_id", str), **fields)


def detail(info: GroupProfile) -> dict[str, Any]:
    """Return a group's profile as ``GetGroupInfoResult``."""
    result: dict[str, Any] = {
        "get_groups_info_result_code": info.ErrorCode,
        "get_groups_info_result_desc": info.ErrorInfo,
    }
    if info.ErrorCode:
        return result | {"get_groups_info_result_info": {"group_detail_info_group_id": info.GroupId}}
    values = {
        "group_id": info.GroupId, "group_type": BY_NAME[info.Type or ""].sdk_number, "group_name": info.Name,
        "is_support_topic": bool(info.SupportTopic), "notification": info.Notification,
        "introduction": info.Introduction, "face_url": info.FaceUrl, "create_time": info.CreateTime,
        "info_seq": info.InfoSeq, "last_info_time": info.LastInfoTime, "next_msg_seq": info.NextMsgSeq,
        "last_msg_time": info.LastMsgTime, "member_num": info.MemberNum, "max_member_num": info.MaxMemberNum,
        "add_option": APPLY_NUMBER[info.ApplyJoinOption or ""],
        "approve_option": INVITE_NUMBER[info.InviteJoinOption or ""], "is_shutup_all": info.MuteAllMember == "On",
        "owner_identifier": info.Owner_Account, "custom_info": group_fields(info.AppDefinedData or []),
        "enable_permission_group": bool(info.EnablePermission), "default_permissions": info.DefaultPermission,
    }  # fmt: skip
    return result | {
        "get_groups_info_result_info": {f"group_detail_info_{key}": value for key, value in values.items()}
    }


JOINED_FIELDS = ["Name", "Type", "FaceUrl", "InfoSeq", "NextMsgSeq", "MuteAllMember", "SupportTopic"]
SELF_FIELDS = ["Role", "JoinTime", "MsgFlag", "MsgSeq"]


def joined(item: Json) -> dict[str, Any]:
    """Return one of the user's groups as ``GroupBaseInfo``."""
    own = item["SelfInfo"]
    latest, flag = item["NextMsgSeq"] - 1, MSG_FLAGS.index(own["MsgFlag"])
    values = {
        "group_id": item["GroupId"], "group_name": item["Name"], "group_type": BY_NAME[item["Type"]].sdk_number,
        "face_url": item["FaceUrl"], "info_seq": item["InfoSeq"], "latest_seq": latest, "readed_seq": own["MsgSeq"],
        "msg_flag": flag, "is_shutup_all": item["MuteAllMember"] == "On",
        "self_info": {
            "group_self_info_join_time": own["JoinTime"], "group_self_info_role": _ROLE_NUMBER[own["Role"]],
            "group_self_info_unread_num": max(0, latest - own["MsgSeq"]), "group_self_info_msg_flag": flag,
        },
    }  # fmt: skip
    return {f"group_base_info_{key}": value for key, value in values.items()}


MEMBER_FIELDS = {1: "JoinTime", 2: "MsgFlag", 4: "MsgSeq", 8: "Role", 16: "MuteUntil", 32: "NameCard"}
ROLE_FLAGS = {1: "Owner", 2: "Admin", 4: "Member"}


def member(group: str, item: Json, profile: Json) -> dict[str, Any]:
    """Return a member as ``GroupMemberInfo``; fields that were not asked for are absent."""
    shown: dict[str, Any] = {
        "identifier": item["Member_Account"], "group_id": group, "nick_name": profile.get("Nick", ""),
        "face_url": profile.get("FaceUrl", ""),
    }  # fmt: skip
    for field, key, value in (
        ("JoinTime", "join_time", lambda v: v),
        ("MsgFlag", "msg_flag", MSG_FLAGS.index),
        ("MsgSeq", "msg_seq", lambda v: v),
        ("Role", "member_role", _ROLE_NUMBER.__getitem__),
        ("MuteUntil", "shutup_time", lambda v: v),
        ("NameCard", "name_card", lambda v: v),
        ("AppMemberDefinedData", "custom_info", _member_fields),
    ):
        if field in item:
            shown[key] = value(item[field])
    return {f"{MEMBER}{key}": value for key, value in shown.items()}


def _member_fields(fields: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    prefix = "group_member_info_custom_string_info_"
    return [{f"{prefix}key": field["Key"], f"{prefix}value": field["Value"]} for field in fields]
