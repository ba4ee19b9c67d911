"""Typed records of parameters and results, with exactly the keys of the C interface's JSON."""

from collections.abc import Callable
from typing import Any, NotRequired, TypedDict


class GroupInfoCustemString(TypedDict):
    """A custom field of a group."""

    group_info_custom_string_info_key: str
    group_info_custom_string_info_value: str


class GroupMemberInfoCustemString(TypedDict):
    """A custom field of a member."""

    group_member_info_custom_string_info_key: str
    group_member_info_custom_string_info_value: str


GroupInfoCustomString = GroupInfoCustemString
GroupMemberInfoCustomString = GroupMemberInfoCustemString
"""Newer texts spell it so."""


class GroupMemberInfo(TypedDict):
    """A member, given or read."""

    group_member_info_identifier: str
    group_member_info_group_id: NotRequired[str]
    group_member_info_join_time: NotRequired[int]
    group_member_info_member_role: NotRequired[int]
    group_member_info_msg_flag: NotRequired[int]
    group_member_info_msg_seq: NotRequired[int]
    group_member_info_shutup_time: NotRequired[int]
    group_member_info_name_card: NotRequired[str]
    group_member_info_nick_name: NotRequired[str]
    group_member_info_face_url: NotRequired[str]
    group_member_info_custom_info: NotRequired[list[GroupMemberInfoCustemString]]


class GroupParams(TypedDict):
    """A group to create; in a result also its id, and the fields as created."""

    create_group_param_group_name: str
    create_group_param_group_id: NotRequired[str]
    create_group_param_group_type: NotRequired[int]
    create_group_param_is_support_topic: NotRequired[bool]
    create_group_param_group_member_array: NotRequired[list[GroupMemberInfo] | None]
    create_group_param_notification: NotRequired[str]
    create_group_param_introduction: NotRequired[str]
    create_group_param_face_url: NotRequired[str]
    create_group_param_add_option: NotRequired[int]
    create_group_param_approve_option: NotRequired[int]
    create_group_param_max_member_num: NotRequired[int]
    create_group_param_custom_info: NotRequired[list[GroupInfoCustemString]]
    create_group_param_enable_permission_group: NotRequired[bool]
    create_group_param_default_permissions: NotRequired[int]
    create_group_result_groupid: NotRequired[str]


class CreateGroupParams(TypedDict):
    """Parameter of ``TIMGroupCreate``; ``data`` comes back untouched as ``user_data``."""

    params: GroupParams
    data: NotRequired[str]


class CommonResult(TypedDict):
    """Result of a call. ``json_param`` and ``json_params`` are the same; a text where the call has nothing to tell."""

    code: int
    desc: str
    json_param: Any
    json_params: Any
    user_data: str


Callback = Callable[[list[Any]], object]
"""Takes one argument: the list of the C callback's arguments, user data last. JSON in it is text."""


class CallbackParams(TypedDict, total=False):
    """Parameter of the listener calls; a missing callback clears the listener."""

    callback: Callback | None
    data: str
    user_data: str
    userData: str
