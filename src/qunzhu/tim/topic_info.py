"""A topic between the C interface's JSON and the server's records. Pure functions."""

from collections.abc import Mapping
from typing import Any

import msgspec

from qunzhu.commands.topics import ModifyTopic, TopicAndSelf
from qunzhu.core.ids import group_of_topic
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.notices import Notice
from qunzhu.tim.convert import Json, WrongParameter, need, take
from qunzhu.tim.enums import TIMCommunityTopicModifyInfoFlag, TIMErrCode, TIMResult

TOPIC = "group_topic_info_"
_FLAG = TIMCommunityTopicModifyInfoFlag
FIELDS: dict[str, tuple[str, int]] = {
    "TopicName": ("topic_name", _FLAG.kTIMCommunityTopicModifyInfoFlag_Name),
    "Notification": ("notification", _FLAG.kTIMCommunityTopicModifyInfoFlag_Notification),
    "Introduction": ("introduction", _FLAG.kTIMCommunityTopicModifyInfoFlag_Introduction),
    "FaceUrl": ("topic_face_url", _FLAG.kTIMCommunityTopicModifyInfoFlag_FaceUrl),
    "CustomString": ("custom_string", _FLAG.kTIMCommunityTopicModifyInfoFlag_CustomString),
}
"""Text fields of a topic by wire name: the C key without its prefix, and the flag that changes it."""


def modify_request(given: Json) -> ModifyTopic:
    """Return the command of a change: the fields whose flags are set. A flag that is not served is 7013."""
    flags_key = "group_modify_info_param_modify_flag"
    left = take(given, flags_key, int, 0)
    fields: dict[str, Any] = {}
    for name, (key, flag) in FIELDS.items():
        if left & flag:
            fields[name] = take(given, TOPIC + key, str, "")
            left &= ~flag
    if left & _FLAG.kTIMCommunityTopicModifyInfoFlag_MuteALl:
        fields["MuteAllMember"] = "On" if take(given, f"{TOPIC}is_all_muted", bool) else "Off"
        left &= ~_FLAG.kTIMCommunityTopicModifyInfoFlag_MuteALl
    if left:
        raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"{flags_key}: bits {left:#x}")
    if not fields:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{flags_key}: no flag is set")
    topic_id = need(given, f"{TOPIC}topic_id", str)
    return ModifyTopic(GroupId=group_of_topic(topic_id), TopicId=topic_id, **fields)


def result(item: TopicAndSelf) -> dict[str, Any]:
    """Return a topic as ``TopicInfoResult``; one that does not exist with its id only."""
    prefix = "group_topic_info_result_"
    return {
        f"{prefix}error_code": item.ErrorCode,
        f"{prefix}error_message": item.ErrorInfo,
        f"{prefix}topic_info": {f"{TOPIC}topic_id": item.TopicInfo.TopicId} if item.ErrorCode else _info(item),
    }


def _info(item: TopicAndSelf) -> dict[str, Any]:
    """Return a topic as ``TopicInfo`` with the user's own state; an app administrator outside has none."""
    topic, own = item.TopicInfo, item.SelfInfo or None
    newest, read = (topic.NextMsgSeq or 1) - 1, own.MsgSeq if own else 0
    values = _texts(msgspec.structs.asdict(topic)) | {
        f"{TOPIC}topic_id": topic.TopicId, f"{TOPIC}is_all_muted": topic.MuteAllMember == "On",
        f"{TOPIC}draft_text": "", f"{TOPIC}group_at_info_array": [], "topic_create_time": topic.CreateTime,
    }  # fmt: skip
    if own is not None:
        values |= {
            f"{TOPIC}self_mute_time": own.ShutUpTime, f"{TOPIC}recv_opt": MSG_FLAGS.index(own.MsgFlag),
            f"{TOPIC}unread_count": max(0, newest - read), "topic_info_read_sequence": read,
        }  # fmt: skip
    return values


def _texts(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {TOPIC + key: fields[name] for name, (key, _) in FIELDS.items() if name in fields}


def changed(change: Notice) -> str:
    """Return a topic's change as the text of a ``TopicInfo``: its id and the fields that changed."""
    info = {f"{TOPIC}topic_id": change["TopicId"], **_texts(change["Changes"])}
    if "MuteAllMember" in change["Changes"]:
        info[f"{TOPIC}is_all_muted"] = change["Changes"]["MuteAllMember"] == "On"
    return msgspec.json.encode(info).decode()
