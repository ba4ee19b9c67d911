"""Messages between the wire's form and ``Message`` of the C interface: those told, and those to be sent. No I/O."""

import hashlib
from typing import Any

import msgspec

from qunzhu.core.ids import TOPIC_MARK, group_of_topic
from qunzhu.core.messages import PRIORITIES
from qunzhu.tim import offline_push
from qunzhu.tim.convert import Json, WrongParameter, take, texts
from qunzhu.tim.elements import from_wire
from qunzhu.tim.enums import TIMConvType, TIMMsgStatus, TIMResult

Message = dict[str, Any]
C2C, GROUP = int(TIMConvType.kTIMConv_C2C), int(TIMConvType.kTIMConv_Group)
EVERYBODY = "__kImSDK_MessageAtALL__"
"""Who is mentioned where all are."""
NO_UNREAD, NO_LAST = "NoUnread", "NoLastMsg"


def message_id(sender: str, at: int, random: int) -> str:
    """Return the id of a message, as the headers have it: sender, time and random number."""
    return f"{sender}-{at}-{random}"


def conversation_of(told: Json, user: str) -> tuple[int, str]:
    """Return in which conversation a user sees a message: its type and its id, a topic's for one of a topic."""
    if "GroupId" in told:
        return GROUP, told.get("TopicId") or told["GroupId"]
    return C2C, told["To_Account"] if told["From_Account"] == user else told["From_Account"]


def from_told(told: Json, user: str) -> Message:
    """Return a message of the wire as ``Message`` that ``user`` reads. What only the SDK knows has its usual value."""
    conv_type, conv_id = conversation_of(told, user)
    of_kind = _of_group(told) if conv_type == GROUP else _of_c2c(told)
    values = {"conv_type": conv_type, "conv_id": conv_id, **_common(told, user), **of_kind, **_recall(told)}
    if push := told.get("OfflinePushInfo"):
        values["offline_push_config"] = offline_push.from_wire(push)
    return {f"message_{key}": value for key, value in values.items()}


def blank() -> Message:
    """Return a ``Message`` of a group in which every key has its usual value."""
    nothing = {"GroupId": "", "GroupType": "", "From_Account": "", "MsgTime": 0, "MsgRandom": 0, "MsgSeq": 0}
    return {**from_told(nothing, ""), "message_is_broadcast_message": False}


def _common(told: Json, user: str) -> dict[str, Any]:
    sender, at, random = told["From_Account"], told["MsgTime"], told["MsgRandom"]
    control = told.get("SendMsgControl", ())
    return {
        "elem_array": [from_wire(element, user) for element in told.get("MsgBody", [])], "sender": sender,
        "client_time": at, "server_time": at, "is_from_self": sender == user, "platform": 0, "is_read": sender == user,
        "is_online_msg": bool(told.get("OnlineOnlyFlag")), "status": int(TIMMsgStatus.kTIMMsg_SendSucc),
        "msg_id": message_id(sender, at, random), "unique_id": _number(told), "seq": told["MsgSeq"], "rand": random,
        "version": told.get("Version", 0), "custom_int": 0, "custom_str": "",
        "cloud_custom_str": told.get("CloudCustomData", ""),
        "support_message_extension": bool(told.get("SupportMessageExtension")),
        "is_excluded_from_unread_count": NO_UNREAD in control, "excluded_from_last_message": NO_LAST in control,
        "excluded_from_content_moderation": False, "custom_moderation_configuration_id": "", "has_risk_content": False,
        "sender_profile": {
            "user_profile_identifier": sender, "user_profile_nick_name": told.get("Nick", ""),
            "user_profile_face_url": told.get("FaceUrl", ""),
        },
    }  # fmt: skip


def _of_group(told: Json) -> dict[str, Any]:
    mentions = told.get("GroupAtInfo", [])
    return {
        "priority": PRIORITIES.index(told.get("MsgPriority", "Normal")), "is_peer_read": False,
        "receipt_peer_read": False, "need_read_receipt": bool(told.get("NeedReadReceipt")), "has_sent_receipt": False,
        "group_receipt_read_count": 0, "group_receipt_unread_count": 0, "is_broadcast_message": not told["GroupId"],
        "group_at_user_array": [EVERYBODY if m["GroupAtAllFlag"] else m.get("GroupAt_Account", "") for m in mentions],
        "target_group_member_array": list(told.get("To_Account", [])),
        "sender_group_member_info": {
            "group_member_info_identifier": told["From_Account"], "group_member_info_group_id": told["GroupId"],
            "group_member_info_name_card": told.get("NameCard", ""),
            "group_member_info_nick_name": told.get("Nick", ""), "group_member_info_face_url": told.get("FaceUrl", ""),
        },
    }  # fmt: skip


def _of_c2c(told: Json) -> dict[str, Any]:
    return {
        "priority": PRIORITIES.index("Normal"), "is_peer_read": bool(told.get("IsPeerRead")),
        "receipt_peer_read": bool(told.get("IsPeerRead")), "need_read_receipt": bool(told.get("IsNeedReadReceipt")),
        "has_sent_receipt": False, "is_broadcast_message": False, "group_at_user_array": [],
    }  # fmt: skip


def _recall(told: Json) -> dict[str, Any]:
    recalled = told.get("Recalled")
    if not recalled:
        return {}
    return {
        "status": int(TIMMsgStatus.kTIMMsg_Revoked), "revoker_user_id": recalled["Operator_Account"],
        "revoker_nick_name": "", "revoker_face_url": "", "revoke_reason": recalled.get("Reason", ""),
    }  # fmt: skip


def _number(told: Json) -> int:
    """Return a number of 53 bits that is a message's own, whoever reads it and whenever."""
    place = (
        f"{told['GroupId']}\n{told.get('TopicId', '')}" if "GroupId" in told
        else "\n".join(sorted((told["From_Account"], told["To_Account"])))
    )  # fmt: skip
    own = f"{place}\n{told['From_Account']}\n{told['MsgSeq']}\n{told['MsgTime']}\n{told['MsgRandom']}"
    return int.from_bytes(hashlib.blake2b(own.encode(), digest_size=8).digest()) >> 11


def locator(message: Json) -> dict[str, Any]:
    """Return where a message stands as ``MsgLocator``."""
    values = {
        "conv_id": message["message_conv_id"], "conv_type": message["message_conv_type"],
        "is_revoked": message["message_status"] == TIMMsgStatus.kTIMMsg_Revoked, "time": message["message_server_time"],
        "seq": message["message_seq"], "is_self": message["message_is_from_self"], "rand": message["message_rand"],
        "unique_id": message["message_unique_id"],
    }  # fmt: skip
    return {f"message_locator_{key}": value for key, value in values.items()}


class Place(msgspec.Struct, frozen=True):
    """A conversation with a group, a topic or a user."""

    type: int
    id: str

    @property
    def group(self) -> dict[str, Any]:
        """Return the fields that name a group or topic on the wire."""
        if TOPIC_MARK not in self.id:
            return {"GroupId": self.id}
        return {"GroupId": group_of_topic(self.id), "TopicId": self.id}


def sent_fields(given: Json, place: Place) -> dict[str, Any]:
    """Return what the commands that send take from a ``Message``, except its elements and its random number.

    Refuses (-4) what has another type or is no such value.
    """
    push = take(given, "message_offline_push_config", dict)
    fields: dict[str, Any] = {
        "CloudCustomData": take(given, "message_cloud_custom_str", str) or None,
        "SendMsgControl": [name for key, name in _CONTROLS.items() if take(given, key, bool)] or None,
        "OnlineOnlyFlag": _flag(given, "message_is_online_msg"),
        "SupportMessageExtension": _flag(given, "message_support_message_extension"),
        "OfflinePushInfo": offline_push.to_wire(push) if push else None,
    }
    receipt = _flag(given, "message_need_read_receipt")
    if place.type == C2C:
        return {**fields, "IsNeedReadReceipt": receipt}
    return {
        **fields, "NeedReadReceipt": receipt, "MsgPriority": _priority(given), "GroupAtInfo": _mentions(given),
        "To_Account": texts(given, "message_target_group_member_array") or None,
    }  # fmt: skip


_CONTROLS = {"message_is_excluded_from_unread_count": NO_UNREAD, "message_excluded_from_last_message": NO_LAST}


def _flag(given: Json, key: str) -> int | None:
    return 1 if take(given, key, bool) else None


def _priority(given: Json) -> str | None:
    number = take(given, "message_priority", int)
    if number is not None and not 0 <= number <= len(PRIORITIES):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"message_priority: {number} is no priority")
    return None if number is None else PRIORITIES[min(number, len(PRIORITIES) - 1)]


def _mentions(given: Json) -> list[dict[str, Any]] | None:
    users = texts(given, "message_group_at_user_array")
    everybody: dict[str, Any] = {"GroupAtAllFlag": 1}
    return [everybody if u == EVERYBODY else {"GroupAtAllFlag": 0, "GroupAt_Account": u} for u in users] or None
