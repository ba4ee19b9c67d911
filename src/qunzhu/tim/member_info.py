"""Calls about one member's fields: role, receive option, card, custom fields, mute."""

from collections.abc import Callable, Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands._shared import MemberField
from qunzhu.commands.member_info import ModifyGroupMemberInfo
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.rights import ROLE_NAMES, Role
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, limited, need, pairs, take
from qunzhu.tim.enums import TIMErrCode, TIMGroupMemberModifyInfoFlag, TIMResult
from qunzhu.tim.params import CommonResult

PARAM = "group_modify_member_info_"
ROLES = {int(role): ROLE_NAMES[role] for role in (Role.MEMBER, Role.ADMIN)}
_F = TIMGroupMemberModifyInfoFlag


class MemberInfoCalls(Calls):
    """Calls about one member's fields."""

    async def TIMGroupModifyMemberInfo(self, param: Mapping[str, Any]) -> CommonResult:
        """Change the fields of a member whose flags are set; a mute has seconds, 0 lifts it."""

        async def work(client: Client) -> str:
            await client.call(_request(mapping(mapping(param).get("params"), "params")))
            return ""

        return await self._do(param, work)

    async def TIMMsgSetGroupReceiveMessageOpt(self, param: Mapping[str, Any]) -> CommonResult:
        """Set one's own receive option ``opt`` in the group ``group_id``."""

        async def work(client: Client) -> str:
            given = mapping(param)
            group, flag = need(given, "group_id", str), _flag(given, "opt")
            await client.call(ModifyGroupMemberInfo(GroupId=group, Member_Account=client.user, MsgFlag=flag))
            return ""

        return await self._do(param, work)


def _flag(given: Json, key: str) -> str:
    number = take(given, key, int, -1)
    if not 0 <= number < len(MSG_FLAGS):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {number} is no receive option")
    return MSG_FLAGS[number]


def _role(given: Json) -> str:
    number = take(given, f"{PARAM}member_role", int, 0)
    if number not in ROLES:
        raise WrongParameter(
            TIMResult.TIM_ERR_PARAM, f"{PARAM}member_role: {number} is not {' or '.join(map(str, ROLES))}"
        )
    return ROLES[number]


def _fields(given: Json) -> list[MemberField]:
    found = pairs(given, f"{PARAM}custom_info", "group_member_info_custom_string_info_") or ()
    return [MemberField(Key=key, Value=value) for key, value in found]


_CHANGES: dict[TIMGroupMemberModifyInfoFlag, tuple[str, Callable[[Json], Any]]] = {
    _F.kTIMGroupMemberModifyFlag_MsgFlag: ("MsgFlag", lambda p: _flag(p, f"{PARAM}msg_flag")),
    _F.kTIMGroupMemberModifyFlag_MemberRole: ("Role", _role),
    _F.kTIMGroupMemberModifyFlag_ShutupTime: ("MuteTime", lambda p: take(p, f"{PARAM}shutup_time", int, 0)),
    _F.kTIMGroupMemberModifyFlag_NameCard: (
        "NameCard", lambda p: limited(p, f"{PARAM}name_card", 50, TIMErrCode.ERR_SDK_GROUP_INVALID_NAME_CARD) or "",
    ),
    _F.kTIMGroupMemberModifyFlag_Custom: ("AppMemberDefinedData", _fields),
}  # fmt: skip


def _request(given: Json) -> ModifyGroupMemberInfo:
    """Return the command of a change: the fields whose flags are set."""
    flags = take(given, f"{PARAM}modify_flag", int, 0)
    fields = {name: value(given) for flag, (name, value) in _CHANGES.items() if flags & flag}
    if not fields or flags & ~int(sum(_CHANGES)):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}modify_flag: {flags:#x}")
    return ModifyGroupMemberInfo(
        GroupId=need(given, f"{PARAM}group_id", str), Member_Account=need(given, f"{PARAM}identifier", str), **fields
    )
