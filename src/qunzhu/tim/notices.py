"""Group tips and system notices as the C interface's JSON. Pure functions."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.notices import Notice
from qunzhu.tim.convert import APPLY_NUMBER, INVITE_NUMBER, Json, member
from qunzhu.tim.enums import (
    TIMConvType,
    TIMElemType,
    TIMGroupJoinType,
    TIMGroupReportType,
    TIMGroupTipGroupChangeFlag,
    TIMGroupTipType,
)
from qunzhu.tim.message import blank

SYSTEM = "@TIM#SYSTEM"
"""Sender and conversation of system notices."""


def profile(user: str, found: Json) -> dict[str, Any]:
    """Return the known part of a ``UserProfile``."""
    return {
        "user_profile_identifier": user,
        "user_profile_nick_name": found.get("Nick", ""),
        "user_profile_face_url": found.get("FaceUrl", ""),
    }


_CHANGE_FLAGS = {
    "Name": 1, "Introduction": 2, "Notification": 3, "FaceUrl": 4, "Owner_Account": 5, "MuteAllMember": 8,
    "ApplyJoinOption": 11, "InviteJoinOption": 12, "EnablePermission": 13, "DefaultPermission": 14, "TopicName": 1,
    "CustomString": 9,
}  # fmt: skip


def _group_changes(changes: Json) -> list[dict[str, Any]]:
    """Return a tip's changes as ``GroupTipGroupChangeInfo``: texts, and numbers where the C interface has them."""
    prefix, found = "group_tips_group_change_info_", []
    for name, value in changes.items():
        if name == "AppDefinedData":
            flag = int(TIMGroupTipGroupChangeFlag.kTIMGroupTipChangeFlag_Custom)
            found += [{f"{prefix}flag": flag, f"{prefix}key": k, f"{prefix}value": v} for k, v in value.items()]
            continue
        change: dict[str, Any] = {f"{prefix}flag": _CHANGE_FLAGS.get(name, 0), f"{prefix}value": str(value)}
        if name == "MuteAllMember":
            change[f"{prefix}bool_value"] = value == "On"
        elif name == "EnablePermission":
            change[f"{prefix}bool_value"] = bool(value)
        elif name == "DefaultPermission":
            change[f"{prefix}uint64_value"] = value
        elif name in {"ApplyJoinOption", "InviteJoinOption"}:
            change[f"{prefix}int_value"] = (APPLY_NUMBER | INVITE_NUMBER)[value]
        found.append(change)
    return found


def _mutes(tip: Notice) -> list[dict[str, Any]]:
    """Return a tip's mutes as ``GroupTipMemberChangeInfo``."""
    prefix = "group_tips_member_change_info_"
    if "MuteTime" not in tip:
        return []
    return [{f"{prefix}identifier": user, f"{prefix}shutupTime": tip["MuteTime"]} for user in tip["UserList"]]


def _marks(tip: Notice) -> list[dict[str, Any]]:
    """Return a tip's marks as ``GroupTipMemberMarkChangeInfo``."""
    prefix = "group_tips_member_mark_change_info_"
    return [
        {
            f"{prefix}enableMark": item["Enabled"],
            f"{prefix}markType": item["Mark"],
            f"{prefix}userIDList": item["UserList"],
        }
        for item in tip.get("MarkChanges", [])
    ]


def tips_elem(tip: Notice, profiles: Mapping[str, Json]) -> dict[str, Any]:
    """Return a group tip as ``GroupTipsElem``; a topic's names the topic as its group, as messages in it do."""
    group, users, operator = tip.get("TopicId") or tip["GroupId"], tip.get("UserList", []), tip["Operator_Account"]
    values = {
        "tip_type": int(TIMGroupTipType[f"kTIMGroupTip_{tip['TipType']}"]),
        "join_type": int(TIMGroupJoinType[f"kTIMGroupJoin_{tip.get('JoinType', 'None')}"]),
        "op_user": operator, "group_id": group, "user_array": users,
        "group_change_info_array": _group_changes(tip.get("Changes", {})), "member_change_info_array": _mutes(tip),
        "op_user_info": profile(operator, profiles.get(operator, {})),
        "op_group_memberinfo": member(group, {"Member_Account": operator}, profiles.get(operator, {})),
        "changed_user_info_array": [profile(user, profiles.get(user, {})) for user in users],
        "changed_group_memberinfo_array": [
            member(group, {"Member_Account": user}, profiles.get(user, {})) for user in users
        ],
        "member_mark_info_array": _marks(tip), "member_num": tip.get("MemberNum", 0), "time": tip["Time"],
    }  # fmt: skip
    return {f"group_tips_elem_{key}": value for key, value in values.items()}


def report_elem(notice: Notice, profiles: Mapping[str, Json]) -> dict[str, Any]:
    """Return a system notice as ``GroupReportElem``.

    What happens in a topic names the topic as its group, as messages in it do; that one came or went is the
    community's.
    """
    operator, report, topics = notice["Operator_Account"], notice["ReportType"], notice.get("TopicIdList")
    group, told = notice.get("TopicId", notice["GroupId"]), notice.get("Content", "")
    if report.startswith("Topic"):
        group, told = notice["GroupId"], msgspec.json.encode(topics).decode() if topics else notice["TopicId"]
    values = {
        "report_type": int(TIMGroupReportType[f"kTIMGroupReport_{report}"]), "group_id": group,
        "group_name": notice.get("GroupName", ""), "op_user": operator,
        "msg": notice.get("Message") or notice.get("Reason", ""), "user_data": told,
        "op_user_info": profile(operator, profiles.get(operator, {})), "platform": "",
        "shut_up_time": notice.get("MuteTime", 0),
    }  # fmt: skip
    if "MsgFlag" in notice:
        values["group_message_receive_option"] = MSG_FLAGS.index(notice["MsgFlag"])
    return {f"group_report_elem_{key}": value for key, value in values.items()}


def message(elem: dict[str, Any], notice: Notice, user: str) -> dict[str, Any]:
    """Return a tip or a system notice as a ``Message`` of one element."""
    is_tip, seq, at = "TipType" in notice, notice.get("Seq", 0), notice["Time"]
    sender = notice["Operator_Account"] if is_tip else SYSTEM
    kind = TIMElemType.kTIMElem_GroupTips if is_tip else TIMElemType.kTIMElem_GroupReport
    number = _number(notice)
    values = {
        "elem_array": [{"elem_type": int(kind), **elem}],
        "conv_id": (notice.get("TopicId") or notice["GroupId"]) if is_tip else SYSTEM,
        "conv_type": int(TIMConvType.kTIMConv_Group if is_tip else TIMConvType.kTIMConv_System),
        "sender": sender, "client_time": at, "server_time": at, "is_from_self": sender == user, "is_read": False,
        "is_online_msg": not seq, "platform": 0, "priority": 1, "status": 2, "seq": seq, "rand": number & 0xFFFFFFFF,
        "unique_id": number, "msg_id": f"{sender}-{at}-{number & 0xFFFFFFFF}",
        "sender_profile": elem.get("group_tips_elem_op_user_info", profile(sender, {})),
    }  # fmt: skip
    return {**blank(), **{f"message_{key}": value for key, value in values.items()}}


def _number(notice: Notice) -> int:
    """Return a number of 53 bits that is a message's own: the same each time the same one is told."""
    return int.from_bytes(hashlib.blake2b(msgspec.json.encode(notice, order="sorted"), digest_size=8).digest()) >> 11
