"""Calls about groups: create, read, list, change, transfer, dissolve."""

from collections.abc import Mapping
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.commands.groups import (
    BASE_FIELDS,
    ChangeGroupOwner,
    DestroyGroup,
    GetGroupInfo,
    GetJoinedGroupList,
    GroupProfile,
    InfoFilter,
)
from qunzhu.core.kinds import COMMUNITY
from qunzhu.tim import convert
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, need, take, texts
from qunzhu.tim.enums import TIMGroupModifyInfoFlag, TIMResult
from qunzhu.tim.params import CommonResult, CreateGroupParams

GROUPS_A_PAGE = 500
MEMBERS_BESIDE = 2000
"""Members that an answer may carry which are not asked for: all of a call's together stay well under 1 MB."""
BASE = list(BASE_FIELDS)


class GroupCalls(Calls):
    """Calls about groups."""

    async def TIMGroupCreate(self, param: CreateGroupParams) -> CommonResult:
        """Create a group; ``json_param`` has ``create_group_result_groupid`` and the fields as created.

        10025 says that the user has a group of that id already, 10021 that somebody else has.
        """

        async def work(client: Client) -> dict[str, Any]:
            return await create_group(client, mapping(mapping(param).get("params"), "params"))

        return await self._do(param, work)

    async def TIMGroupDelete(self, param: Mapping[str, Any]) -> CommonResult:
        """Dissolve the group ``groupId``; its owner may, but nobody a Work group."""

        async def work(client: Client) -> str:
            await client.call(DestroyGroup(GroupId=need(mapping(param), "groupId", str)))
            return ""

        return await self._do(param, work)

    async def TIMGroupGetJoinedGroupList(self, param: Any = "") -> CommonResult:
        """List the user's groups as ``GroupBaseInfo``; the parameter is user data."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return await joined_groups(client)

        return await self._do(param, work)

    async def TIMGroupGetGroupInfoList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read the groups ``groupIds``; one ``GetGroupInfoResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            ids = texts(mapping(param), "groupIds")
            if not ids:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "groupIds: required")
            return [convert.detail(item) for item in await _profiles(client, ids)]

        return await self._do(param, work)

    async def TIMGroupModifyGroupInfo(self, param: Mapping[str, Any]) -> CommonResult:
        """Change the fields whose flags are set; the owner's flag stands alone and transfers the group."""

        async def work(client: Client) -> str:
            given, prefix = mapping(mapping(param).get("params"), "params"), "group_modify_info_param_"
            flags = take(given, f"{prefix}modify_flag", int, 0)
            flags = flags + 2**32 if flags < 0 else flags
            owner = TIMGroupModifyInfoFlag.kTIMGroupModifyInfoFlag_Owner
            if flags == owner:
                await client.call(
                    ChangeGroupOwner(
                        GroupId=need(given, f"{prefix}group_id", str),
                        NewOwner_Account=need(given, f"{prefix}owner", str),
                    )
                )
            elif flags & owner:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{prefix}modify_flag: the owner changes alone")
            else:
                await client.call(convert.modify_request({**given, f"{prefix}modify_flag": flags}))
            return ""

        return await self._do(param, work)


async def create_group(client: Client, given: Json) -> dict[str, Any]:
    """Create a group and return it as ``CreateGroupResult``."""
    reply = await client.call(convert.create_request(given))
    return convert.created(given, reply.GroupInfo) if reply.GroupInfo else {
        "create_group_result_groupid": reply.GroupId
    }  # fmt: skip


async def joined_groups(client: Client, **only: Any) -> list[dict[str, Any]]:
    """Return the user's groups as ``GroupBaseInfo``; ``only`` are further fields of get_joined_group_list."""
    wanted = InfoFilter(GroupBaseInfoFilter=convert.JOINED_FIELDS, SelfInfoFilter=convert.SELF_FIELDS)
    found: list[dict[str, Any]] = []
    while True:
        reply = await client.call(
            GetJoinedGroupList(
                Member_Account=client.user, ResponseFilter=wanted, Limit=GROUPS_A_PAGE, Offset=len(found), **only
            )
        )
        found += [convert.joined(item) for item in reply.GroupIdList]
        if len(reply.GroupIdList) < GROUPS_A_PAGE:
            return found


async def _profiles(client: Client, ids: list[str]) -> list[GroupProfile]:
    """Read groups without their members.

    Custom fields come only with the members, so a second call asks for those of groups whose members are few.
    """
    lean = (
        await client.call(GetGroupInfo(GroupIdList=ids, ResponseFilter=InfoFilter(GroupBaseInfoFilter=BASE)))
    ).GroupInfo
    small, members = [], 0
    for item in lean:
        members += 0 if item.Type == COMMUNITY.name else item.MemberNum or 0
        if not item.ErrorCode and members <= MEMBERS_BESIDE:
            small.append(item.GroupId)
    full = (await client.call(GetGroupInfo(GroupIdList=small))).GroupInfo if small else []
    fields = {item.GroupId: item.AppDefinedData for item in full}
    return [msgspec.structs.replace(item, AppDefinedData=fields.get(item.GroupId, [])) for item in lean]
