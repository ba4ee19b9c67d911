"""How a message is pushed to those who are offline, between the wire's form and that of the C interface. No I/O."""

from typing import Any

from qunzhu.tim.convert import Json, WrongParameter, take
from qunzhu.tim.enums import TIMResult

PREFIX, IOS, ANDROID = "offline_push_config_", "ios_offline_push_config_", "android_offline_push_config_"
_ROWS: tuple[tuple[str, str, type], ...] = (("Desc", "desc", str), ("Ext", "ext", str))
_IOS_ROWS: tuple[tuple[str, str, type], ...] = (
    ("Title", "title", str), ("Sound", "sound", str), ("Image", "image", str), ("PushType", "push_type", int),
)  # fmt: skip
_ANDROID_ROWS: tuple[tuple[str, str, type], ...] = (
    ("Title", "title", str), ("Sound", "sound", str), ("NotifyMode", "notify_mode", int),
    ("VIVOClassification", "vivo_classification", int), ("VIVOCategory", "vivo_category", str),
    ("OPPOChannelID", "oppo_channel_id", str), ("XiaoMiChannelID", "xiaomi_channel_id", str),
    ("GoogleChannelID", "fcm_channel_id", str), ("HuaWeiCategory", "huawei_category", str),
    ("HuaWeiImage", "huawei_image", str), ("HonorImage", "honor_image", str), ("GoogleImage", "fcm_image", str),
)  # fmt: skip
"""Fields of the wire, keys, and types (doc 1047/33527, OfflinePushInfo)."""
_BADGE, _BADGE_KEY = "BadgeMode", f"{IOS}ignore_badge"


def from_wire(info: Json) -> dict[str, Any]:
    """Return ``OfflinePushInfo`` as ``OfflinePushConfig``."""
    ios, android = info.get("ApnsInfo") or {}, info.get("AndroidInfo") or {}
    return {
        **_shown(info, _ROWS, PREFIX), f"{PREFIX}flag": info.get("PushFlag", 0),
        f"{PREFIX}ios_config": {
            **_shown({"Title": info.get("Title", ""), **ios}, _IOS_ROWS, IOS), _BADGE_KEY: bool(ios.get(_BADGE))
        },
        f"{PREFIX}android_config": _shown({"Title": info.get("Title", ""), **android}, _ANDROID_ROWS, ANDROID),
    }  # fmt: skip


def to_wire(given: Json) -> dict[str, Any]:
    """Return ``OfflinePushConfig`` as ``OfflinePushInfo``; refuses (-4) what has another type, and an unknown flag."""
    flag = take(given, f"{PREFIX}flag", int, 0)
    if flag not in {0, 1}:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PREFIX}flag: {flag} is not one of 0, 1")
    ios, android = take(given, f"{PREFIX}ios_config", dict, {}), take(given, f"{PREFIX}android_config", dict, {})
    info: dict[str, Any] = {"PushFlag": flag, **_given(given, _ROWS, PREFIX)}
    apns = _given(ios, _IOS_ROWS, IOS)
    if take(ios, _BADGE_KEY, bool):
        apns[_BADGE] = 1
    parts = {"ApnsInfo": apns, "AndroidInfo": _given(android, _ANDROID_ROWS, ANDROID)}
    return info | {name: part for name, part in parts.items() if part}


def _shown(found: Json, rows: tuple[tuple[str, str, type], ...], prefix: str) -> dict[str, Any]:
    return {prefix + key: found.get(name, kind()) for name, key, kind in rows}


def _given(given: Json, rows: tuple[tuple[str, str, type], ...], prefix: str) -> dict[str, Any]:
    values = {name: take(given, prefix + key, kind) for name, key, kind in rows}
    return {name: value for name, value in values.items() if value}
