"""Calls about groups: create, read, list, change, transfer, dissolve."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.groups import ChangeGroupOwner, DestroyGroup
from qunzhu.tim import convert
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, need, take, texts
from qunzhu.tim.enums import TIMGroupModifyInfoFlag, TIMResult
from qunzhu.tim.params import CommonResult, CreateGroupParams


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
            return [convert.joined(item) for item in await self._cached(client).joined()]

        return await self._do(param, work)

    async def TIMGroupGetGroupInfoList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read the groups ``groupIds``; one ``GetGroupInfoResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            ids = texts(mapping(param), "groupIds")
            if not ids:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "groupIds: required")
            return [convert.detail(item) for item in await self._cached(client).profiles(ids)]

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
