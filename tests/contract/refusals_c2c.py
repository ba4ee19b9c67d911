"""Calls about one-to-one messages and mutes of the app that must be refused, as in ``refusals.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract.refusals import Case, many
from qunzhu.core.command import BY_NAME
from worlds import NOW

if TYPE_CHECKING:
    from worlds import World

SERVICES = {"openim", "openconfigsvr"}
OTHERS = {"query_online_status", "modify_group_msg"}
"""Commands of these services that have their tests elsewhere."""
KEY, OLD, GONE = f"1_1_{NOW}", f"1_2_{NOW - 500}", f"1_3_{NOW}"
"""Messages of ann to ben: one of now, one that is too old to be recalled by her, and one that was recalled."""
NONE = f"9_9_{NOW}"
WORDS = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
LONG = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * 12300}}]
BOTH = {"From_Account": "ann", "To_Account": "ben"}
AS_BEN = {"Operator_Account": "ben", "Peer_Account": "ann"}
SEND = {"To_Account": "ben", "MsgRandom": 7, "MsgBody": WORDS}
IMPORT = {**BOTH, "SyncFromOldSystem": 2, "MsgRandom": 7, "MsgTimeStamp": NOW, "MsgBody": WORDS}
SPAN = {"MaxCnt": 1, "MinTime": 0, "MaxTime": NOW}


def furnish(world: World) -> None:
    """Send messages that the calls below are about."""
    world.people("ann", "ben", "eve", "mute")
    world.write("ben", "hello", "ann", MsgSeq=1, MsgRandom=1, IsNeedReadReceipt=1)
    world.write("ben", "gone", "ann", MsgSeq=1, MsgRandom=3)
    world.call("admin_msgwithdraw", **BOTH, MsgKey=GONE)
    world.call("importmsg", **{**IMPORT, "MsgSeq": 1, "MsgRandom": 2, "MsgTimeStamp": NOW - 500})
    world.call("setnospeaking", Set_Account="mute", C2CmsgNospeakingTime=60)


#: A call of each command that passes.
PASSES: dict[str, tuple[str | None, dict[str, Any]]] = {
    "sendmsg": (None, SEND),
    "batchsendmsg": (None, {**SEND, "To_Account": ["ben"]}),
    "importmsg": (None, IMPORT),
    "admin_getroammsg": (None, {**AS_BEN, **SPAN}),
    "admin_msgwithdraw": (None, {**BOTH, "MsgKey": KEY}),
    "admin_set_msg_read": (None, {"Report_Account": "ben", "Peer_Account": "ann"}),
    "get_c2c_unread_msg_num": (None, {"To_Account": "ben"}),
    "modify_c2c_msg": (None, {**BOTH, "MsgKey": KEY, "CloudCustomData": "c"}),
    "delete_c2c_msg_ramble": (None, {**AS_BEN, "MsgKeyList": [KEY]}),
    "c2c_msg_read_receipt": (None, {**AS_BEN, "C2CMsgInfo": [{"MsgKey": KEY}]}),
    "setnospeaking": (None, {"Set_Account": "ben", "C2CmsgNospeakingTime": 1}),
    "getnospeaking": (None, {"Get_Account": "ben"}),
    "getappinfo": (None, {"RequestField": ["ActiveUserNum"]}),
}

#: What is answered where a field is absent (or ``Name!``: of a wrong type), other than the command's usual code.
FIELD_CODES: dict[str, dict[str, int]] = {
    "sendmsg": {
        "To_Account": 90003, "From_Account": 90008, "MsgRandom": 90005, "MsgBody": 90007, "MsgLifeTime": 90044,
        "SyncOtherMachine": 90031,
    },
    "batchsendmsg": {
        "To_Account": 90028, "From_Account": 90008, "MsgRandom": 90005, "MsgBody": 90007, "MsgLifeTime": 90044,
        "SyncOtherMachine": 90031, "MsgSeq": 90004,
    },
    "importmsg": {
        "SyncFromOldSystem": 90030, "From_Account": 90008, "To_Account": 90003, "MsgRandom": 90005,
        "MsgTimeStamp": 90006, "MsgBody": 90007,
    },
    "admin_getroammsg": {"Operator_Account": 90008, "Peer_Account": 90003},
    "admin_msgwithdraw": {"From_Account": 90008, "To_Account": 90003, "MsgKey": 90054},
    "admin_set_msg_read": {"Report_Account": 90008, "Peer_Account": 90003},
    "get_c2c_unread_msg_num": {"To_Account": 90003},
    "modify_c2c_msg": {"From_Account": 90008, "To_Account": 90003, "MsgKey": 90054, "MsgBody": 90007},
    "delete_c2c_msg_ramble": {"Operator_Account": 90008, "Peer_Account": 90003},
    "c2c_msg_read_receipt": {"Operator_Account": 90008, "Peer_Account": 90003},
    "setnospeaking": {"Set_Account": 130004, "Set_Account!": 130005},
    "getnospeaking": {"Get_Account": 130002, "Get_Account!": 130003},
    "getappinfo": {},
}  # fmt: skip
USUAL = {"openim": 90001, "openconfigsvr": 130001}

#: Who may not name another as the one who acts: by whom, and what is changed in the passing call.
STRANGERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sendmsg": ("eve", {"From_Account": "ann"}),
    "batchsendmsg": ("eve", {}),
    "importmsg": ("eve", {}),
    "admin_getroammsg": ("ann", {}),
    "admin_msgwithdraw": ("ben", {}),
    "admin_set_msg_read": ("ann", {}),
    "get_c2c_unread_msg_num": ("ann", {}),
    "modify_c2c_msg": ("eve", {}),
    "delete_c2c_msg_ramble": ("ann", {}),
    "c2c_msg_read_receipt": ("ann", {}),
}


def built() -> list[str]:
    """Return the commands that this table is about."""
    return sorted({row.name for row in BY_NAME.values() if row.service in SERVICES} - OTHERS)


def _case(code: int, name: str, changed: dict[str, Any], *words: str, by: str | None = None, **more: Any) -> Case:
    return Case(code, name, {**PASSES[name][1], **changed}, words, by, **more)


def _bodies(name: str, too_long: int) -> list[Case]:
    element = {"MsgType": "TIMNoElem", "MsgContent": {}}
    return [
        _case(90002, name, {"MsgBody": [{"MsgType": "TIMTextElem"}]}, "MsgBody[0].MsgContent", "required"),
        _case(90002, name, {"MsgBody": ["x"]}, "MsgBody[0]"),
        _case(90010, name, {"MsgBody": [element]}, "MsgBody[0].MsgType", "'TIMNoElem'"),
        _case(90010, name, {"MsgBody": []}, "MsgBody: no element"),
        _case(90010, name, {"MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {}}]}, "MsgBody[0].MsgContent"),
        _case(too_long, name, {"MsgBody": LONG}, "at most 12288"),
    ]


def _of_users() -> list[Case]:
    cases = []
    for name, codes in FIELD_CODES.items():
        for field, code in codes.items():
            if field.removesuffix("!").endswith("Account") and PASSES[name][1].get(field) != ["ben"]:
                invalid = codes.get(f"{field}!", code)
                cases.append(_case(invalid, name, {field.removesuffix("!"): "x" * 33}, "33 bytes", "1 to 32 bytes"))
    return cases


def cases() -> list[Case]:
    """Return every case of every command."""
    strangers = [_case(90009, name, changed, f"'{by}'", by=by) for name, (by, changed) in STRANGERS.items()]
    return [*strangers, *_of_users(), *_bodies("sendmsg", 93000), *_bodies("batchsendmsg", 90055),
            *_bodies("importmsg", 93000), *_bodies("modify_c2c_msg", 93000), *OWN_CASES]  # fmt: skip


OWN_CASES = [
    _case(90012, "sendmsg", {"To_Account": "nobody"}, "To_Account: 'nobody'"),
    _case(20003, "sendmsg", {"To_Account": "nobody"}, "To_Account: 'nobody'", by="ann"),
    _case(20012, "sendmsg", {}, "'mute' until", by="mute"),
    _case(90008, "sendmsg", {"From_Account": "nobody"}, "From_Account: 'nobody'"),
    _case(90001, "sendmsg", {"MsgSeq": -1}, "MsgSeq: -1"),
    _case(90001, "sendmsg", {"SendMsgControl": ["Loud"]}, "SendMsgControl[0]: 'Loud'", "WithMuteNotifications"),
    _case(90001, "sendmsg", {"ForbidCallbackControl": ["x"]}, "ForbidCallbackControl[0]: 'x'"),
    _case(90001, "sendmsg", {"OnlineOnlyFlag": 2}, "OnlineOnlyFlag: 2"),
    _case(90005, "sendmsg", {"MsgRandom": 2**32}, "MsgRandom: 4294967296"),
    _case(90026, "sendmsg", {"MsgLifeTime": 604801}, "MsgLifeTime: 604801", "0 to 604800"),
    _case(90031, "sendmsg", {"SyncOtherMachine": 3}, "SyncOtherMachine: 3", "1 to 2"),
    _case(93000, "sendmsg", {"CloudCustomData": "x" * 12289}, "CloudCustomData: 12289 bytes"),
    _case(90004, "batchsendmsg", {"MsgSeq": 2**32}, "MsgSeq: 4294967296"),
    _case(90003, "batchsendmsg", {"To_Account": ["ben", {}]}, "To_Account[1]"),
    _case(90008, "batchsendmsg", {"From_Account": "nobody"}, "From_Account: 'nobody'"),
    _case(90011, "batchsendmsg", {"To_Account": many(501)}, "To_Account: 501 items", "at most 500"),
    _case(90026, "batchsendmsg", {"MsgLifeTime": 604801}, "MsgLifeTime: 604801"),
    _case(90029, "batchsendmsg", {"To_Account": []}, "To_Account: 0 items"),
    _case(90048, "batchsendmsg", {"To_Account": ["nobody", "none"]}, "none of 2 users"),
    _case(93000, "batchsendmsg", {"CloudCustomData": "x" * 12289}, "CloudCustomData: 12289 bytes"),
    _case(70107, "batchsendmsg", {"To_Account": ["ben", "nobody"]}, item=True),
    _case(90006, "importmsg", {"MsgTimeStamp": -1}, "MsgTimeStamp: -1"),
    _case(90008, "importmsg", {"From_Account": "nobody"}, "From_Account: 'nobody'"),
    _case(90012, "importmsg", {"To_Account": "nobody"}, "To_Account: 'nobody'"),
    _case(90030, "importmsg", {"SyncFromOldSystem": 3}, "SyncFromOldSystem: 3", "1, 2, 5"),
    _case(90008, "admin_getroammsg", {"Operator_Account": "nobody"}, "Operator_Account: 'nobody'"),
    _case(90001, "admin_getroammsg", {"MaxCnt": 0}, "MaxCnt: 0"),
    _case(90001, "admin_getroammsg", {"LastMsgKey": "x"}, "LastMsgKey: 'x'"),
    _case(20016, "admin_msgwithdraw", {"MsgKey": OLD}, "500 seconds ago", "at most 120", by="ann"),
    _case(20022, "admin_msgwithdraw", {"MsgKey": NONE}, f"MsgKey: '{NONE}'"),
    _case(20022, "admin_msgwithdraw", {"From_Account": "ben", "To_Account": "ann"}, "from 'ben'"),
    _case(20023, "admin_msgwithdraw", {"MsgKey": GONE}, f"MsgKey: '{GONE}'"),
    _case(90054, "admin_msgwithdraw", {"MsgKey": "1-1-1"}, "MsgKey: '1-1-1'", "<MsgSeq>_<MsgRandom>_<MsgTime>"),
    _case(90001, "admin_msgwithdraw", {"Reason": "x" * 101}, "Reason: 101 bytes", "at most 100"),
    _case(90008, "admin_set_msg_read", {"Report_Account": "nobody"}, "Report_Account: 'nobody'"),
    _case(90003, "admin_set_msg_read", {"Peer_Account": "nobody"}, "Peer_Account: 'nobody'"),
    _case(90001, "admin_set_msg_read", {"MsgReadTime": "soon"}, "MsgReadTime: 'soon'"),
    _case(90003, "get_c2c_unread_msg_num", {"To_Account": "nobody"}, "To_Account: 'nobody'"),
    _case(90001, "get_c2c_unread_msg_num", {"Peer_Account": many(11)}, "Peer_Account: 11 items", "at most 10"),
    _case(70107, "get_c2c_unread_msg_num", {"Peer_Account": ["nobody"]}, item=True),
    _case(20022, "modify_c2c_msg", {"MsgKey": NONE}, f"MsgKey: '{NONE}'"),
    _case(20023, "modify_c2c_msg", {"MsgKey": GONE}, f"MsgKey: '{GONE}'"),
    _case(20027, "modify_c2c_msg", {"Version": 1}, "Version: 1", "has 0"),
    _case(90001, "modify_c2c_msg", {"CloudCustomData": None}, "MsgBody: required"),
    _case(90054, "modify_c2c_msg", {"MsgKey": "x"}, "MsgKey: 'x'"),
    _case(90008, "delete_c2c_msg_ramble", {"Operator_Account": "nobody"}, "Operator_Account: 'nobody'"),
    _case(90001, "delete_c2c_msg_ramble", {"MsgKeyList": [KEY] * 31}, "MsgKeyList: 31 items", "at most 30"),
    _case(90001, "delete_c2c_msg_ramble", {"MsgKeyList": []}, "MsgKeyList: 0 items"),
    _case(20022, "c2c_msg_read_receipt", {"C2CMsgInfo": [{"MsgKey": NONE}]}, f"C2CMsgInfo[0].MsgKey: '{NONE}'"),
    _case(90054, "c2c_msg_read_receipt", {"C2CMsgInfo": [{"MsgKey": "x"}]}, "C2CMsgInfo[0].MsgKey: 'x'"),
    _case(90001, "c2c_msg_read_receipt", {"C2CMsgInfo": []}, "C2CMsgInfo: 0 items"),
    _case(90001, "c2c_msg_read_receipt", {"C2CMsgInfo": [{"MsgKey": KEY, "To_Account": "eve"}]}, "'eve', not 'ben'"),
    _case(90008, "c2c_msg_read_receipt", {"Operator_Account": "nobody"}, "Operator_Account: 'nobody'"),
    _case(130005, "setnospeaking", {"Set_Account": "nobody"}, "Set_Account: 'nobody'"),
    _case(130008, "setnospeaking", {"C2CmsgNospeakingTime": None}),
    _case(130001, "setnospeaking", {"C2CmsgNospeakingTime": -1}, "C2CmsgNospeakingTime: -1"),
    _case(130003, "getnospeaking", {"Get_Account": "nobody"}, "Get_Account: 'nobody'"),
    _case(130001, "getappinfo", {"RequestField": ["UserNum"]}, "RequestField[0]: 'UserNum'", "ActiveUserNum"),
]
