"""Conversations between the SDK's records and the C interface's JSON. Pure functions."""

from collections.abc import Iterable
from typing import Any

import msgspec

from qunzhu.core.kinds import BY_NAME
from qunzhu.tim import message, notices
from qunzhu.tim.conversations import C2C, GROUP, Conversation, Draft, Filter, Key
from qunzhu.tim.convert import Json, WrongParameter, take
from qunzhu.tim.enums import TIMErrCode, TIMResult

CONV = "conv_"
FILTER = "conversation_list_filter_"
BITS = 64
PLACE = {C2C: "Num", GROUP: "MsgSeq"}
"""By which field something has its place in a conversation."""
_PREFIX = {C2C: "c2c_", GROUP: "group_"}
_FIELDS: dict[str, tuple[str, type]] = {
    "conv_type": ("sort", int), "conversation_group": ("folder", str), "mark_type": ("mark", int),
    "has_unread_count": ("unread", bool), "has_group_at_info": ("mentioned", bool),
}  # fmt: skip
"""Keys of ``TIMConversationListFilter``: the field of ``Filter`` and the type."""


def conversation_id(key: Key) -> str:
    """Return a conversation's id, such as ``c2c_alice`` or ``group_team``."""
    return _PREFIX[key.sort] + key.peer


def key_of(text: str) -> Key:
    """Return which conversation an id names, or refuse (6004) what is no such id."""
    for sort, prefix in _PREFIX.items():
        if text.startswith(prefix) and len(text) > len(prefix):
            return Key(sort, text[len(prefix) :])
    told = f"{text[:100]!r} is not c2c_ and a user, or group_ and a group"
    raise WrongParameter(TIMErrCode.ERR_INVALID_CONVERSATION, told)


def given_key(given: Json, id_key: str, type_key: str) -> Key:
    """Return which conversation two values of a parameter name, or refuse it (-5)."""
    peer, sort = take(given, id_key, str, ""), take(given, type_key, int, 0)
    if not peer or sort not in _PREFIX:
        raise WrongParameter(TIMResult.TIM_ERR_CONV, f"{id_key}, {type_key}: a user or group, and 1 or 2 are needed")
    return Key(sort, peer)


def item(key: Key) -> dict[str, Any]:
    """Return the fields by which the gateway names a conversation."""
    return {"Type": key.sort, "To_Account" if key.sort == C2C else "GroupId": key.peer}


def cursor(one: Conversation) -> str:
    """Return where a page ends."""
    return msgspec.json.encode(one.order).decode()


def place_of(text: str) -> tuple[bool, int, str, int] | None:
    """Return the place in the order that a cursor stands for, None for the start."""
    return msgspec.json.decode(text, type=tuple[bool, int, str, int]) if text else None


def wanted(given: Json) -> Filter:
    """Return a ``TIMConversationListFilter``. A key that is not there lets all through, as does type 0."""
    fields = {name: take(given, FILTER + key, kind) for key, (name, kind) in _FIELDS.items()}
    if fields["sort"] not in {None, 0, C2C, GROUP}:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{FILTER}conv_type: {fields['sort']} is no type of conversation")
    if fields["mark"] is not None:
        fields["mark"] &= (1 << BITS) - 1
    return Filter(**{**fields, "sort": fields["sort"] or None})


def shown_filter(one: Filter) -> dict[str, Any]:
    """Return a filter as ``TIMConversationListFilter``."""
    values = {FILTER + key: getattr(one, name) for key, (name, _) in _FIELDS.items()}
    return {key: value for key, value in values.items() if value is not None}


def draft(given: Json, now: int) -> Draft:
    """Return a ``Draft`` as given; its time is that of the edit unless it says another."""
    return Draft(
        message=dict(take(given, "draft_msg", dict, {})), user_define=take(given, "draft_user_define", str, ""),
        at=take(given, "draft_edit_time", int, 0) or now,
    )  # fmt: skip


def mark_bits(marks: int) -> list[int]:
    """Return the single marks of a mask."""
    return [1 << bit for bit in range(BITS) if marks >> bit & 1]


def shown(one: Conversation, user: str) -> dict[str, Any]:
    """Return a conversation as ``ConvInfo``."""
    is_group = one.key.sort == GROUP
    values: dict[str, Any] = {
        "id": one.key.peer, "type": one.key.sort, "owner": "", "show_name": one.name or one.key.peer,
        "face_url": one.face_url, "unread_num": one.unread, "active_time": one.active,
        "is_has_lastmsg": one.last is not None, "is_has_draft": one.draft is not None, "recv_opt": one.flag,
        "is_pinned": one.pinned, "mark_array": mark_bits(one.marks), "custom_data": one.custom,
        "conversation_group_array": list(one.folders), "c2c_read_timestamp": 0 if is_group else one.read_at,
        "group_read_sequence": one.read if is_group else 0,
        "group_at_info_array": [
            {"conv_group_at_info_seq": mention.seq, "conv_group_at_info_at_type": mention.whom}
            for mention in one.mentions
        ],
    }  # fmt: skip
    if is_group and one.kind:
        values["group_type"] = BY_NAME[one.kind].sdk_number
    if one.last is not None:
        values["last_msg"] = _last(one, one.last, user)
    if one.draft is not None:
        values["draft"] = {
            "draft_msg": one.draft.message, "draft_user_define": one.draft.user_define, "draft_edit_time": one.draft.at
        }  # fmt: skip
    return {CONV + key: value for key, value in values.items()}


def _last(one: Conversation, told: Json, user: str) -> dict[str, Any]:
    """Return the last message as ``Message``; a tip of the group is one, too."""
    if "TipType" in told:
        shown = notices.message(notices.tips_elem(dict(told), {}), dict(told), user)
    else:
        shown = message.from_told(told, user)
    read = one.unread == 0 or (one.key.sort == GROUP and shown["message_seq"] <= one.read)
    return {**shown, "message_is_read": shown["message_is_read"] or read}


def listed(some: Iterable[Conversation], user: str) -> list[dict[str, Any]]:
    """Return conversations as an array of ``ConvInfo``."""
    return [shown(one, user) for one in some]


def outcome(name: str, code: int = 0, text: str = "") -> dict[str, Any]:
    """Return what became of one conversation as ``TIMConversationOperationResult``."""
    prefix = "conversation_operation_result_"
    return {f"{prefix}conversation_id": name, f"{prefix}result_code": code, f"{prefix}result_info": text}
