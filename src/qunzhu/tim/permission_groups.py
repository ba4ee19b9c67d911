"""Calls about permission groups of a community: groups, their members and topic permissions."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.permission_members import (
    AddPermissionGroupMember,
    DeletePermissionGroupMember,
    GetPermissionGroupMemberList,
    PermissionMember,
    PermissionMemberResults,
)
from qunzhu.commands.permissions import (
    GROUPS_A_PAGE,
    CreatePermissionGroup,
    DestroyPermissionGroup,
    GetJoinedPermissionGroups,
    GetPermissionGroup,
    ModifyPermissionGroup,
    PermissionGroupInfo,
)
from qunzhu.commands.topic_permissions import (
    AddTopicPermissionGroup,
    DeleteTopicPermissionGroup,
    GetTopicPermissionGroup,
    SetTopicPermissionGroup,
    TopicPermission,
    TopicPermissionResults,
)
from qunzhu.tim import convert
from qunzhu.tim.calls import mapping
from qunzhu.tim.changes import permission_group
from qunzhu.tim.convert import Json, WrongParameter, items, need, take, texts
from qunzhu.tim.enums import TIMPermissionGroupModifyInfoFlag, TIMResult
from qunzhu.tim.params import CommonResult
from qunzhu.tim.permission_listeners import PermissionGroupListeners

_F = TIMPermissionGroupModifyInfoFlag
_CHANGES: dict[TIMPermissionGroupModifyInfoFlag, tuple[str, str, type]] = {
    _F.kTIMPermissionGroupModifyInfoFlag_Name: ("PermissionGroupName", "permission_group_name", str),
    _F.kTIMPermissionGroupModifyInfoFlag_GroupPermission: ("Permission", "group_permission", int),
    _F.kTIMPermissionGroupModifyInfoFlag_CustomData: ("CustomString", "permission_custom_data", str),
}
_INFO = "json_permission_group_info"


class PermissionGroupCalls(PermissionGroupListeners):
    """Calls about permission groups."""

    async def TIMCommunityCreatePermissionGroupInCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """Create the permission group ``json_permission_group_info``; ``json_param`` is its id."""

        async def work(client: Client) -> str:
            given = mapping(mapping(param).get(_INFO), _INFO)
            reply = await client.call(
                CreatePermissionGroup(
                    GroupId=need(given, "community_group_id", str),
                    PermissionGroupId=take(given, "permission_group_id", str) or None,
                    **{name: take(given, key, kind) for name, key, kind in _CHANGES.values()},
                )
            )
            return reply.PermissionGroupId

        return await self._do(param, work)

    async def TIMCommunityDeletePermissionGroupFromCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """Destroy permission groups; one ``PermissionGroupOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = mapping(param), "permission_group_operation_result_"
            ids = _some(given, "json_permission_group_id_array")
            reply = await client.call(
                DestroyPermissionGroup(GroupId=need(given, "group_id", str), PermissionGroupIdList=ids)
            )
            return [
                {
                    f"{prefix}error_code": item.ErrorCode,
                    f"{prefix}error_message": item.ErrorInfo,
                    f"{prefix}id": item.PermissionGroupId,
                }
                for item in reply.PermissionGroupResultList
            ]

        return await self._do(param, work)

    async def TIMCommunityModifyPermissionGroupInfoInCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """Change the fields of ``json_permission_group_info`` whose flags are set."""

        async def work(client: Client) -> str:
            given = mapping(mapping(param).get(_INFO), _INFO)
            flags = need(given, "permission_group_modify_info_flag", int)
            if left := flags & ~sum(_CHANGES):
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"permission_group_modify_info_flag: bits {left:#x}")
            fields = {
                name: take(given, key, kind, kind()) for flag, (name, key, kind) in _CHANGES.items() if flags & flag
            }
            await client.call(
                ModifyPermissionGroup(
                    GroupId=need(given, "community_group_id", str),
                    PermissionGroupId=need(given, "permission_group_id", str),
                    **fields,
                )
            )
            return ""

        return await self._do(param, work)

    async def TIMCommunityGetJoinedPermissionGroupListInCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """List the permission groups of ``group_id`` that the user is in, as ``PermissionGroupInfoResult``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            group = need(mapping(param), "group_id", str)
            reply = await client.call(GetJoinedPermissionGroups(GroupId=group))
            return [_info_result(group, item) for item in reply.PermissionGroupInfoList]

        return await self._do(param, work)

    async def TIMCommunityGetPermissionGroupListInCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """Read permission groups as ``PermissionGroupInfoResult``; without ids all of them."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            group, ids = need(given, "group_id", str), texts(given, "json_permission_group_id_array")
            found: list[PermissionGroupInfo] = []
            for start in range(0, len(ids), GROUPS_A_PAGE):
                some = ids[start : start + GROUPS_A_PAGE]
                reply = await client.call(GetPermissionGroup(GroupId=group, PermissionGroupIdList=some))
                found += reply.PermissionGroupInfoList
            cursor: str | None = None if ids else ""
            while cursor is not None:
                reply = await client.call(GetPermissionGroup(GroupId=group, Next=cursor))
                found += reply.PermissionGroupInfoList
                cursor = reply.Next or None
            return [_info_result(group, item) for item in found]

        return await self._do(param, work)

    async def TIMCommunityAddCommunityMembersToPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Put members into a permission group; one ``PermissionGroupMemberOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return _member_results(await client.call(AddPermissionGroupMember(**_members(param))))

        return await self._do(param, work)

    async def TIMCommunityRemoveCommunityMembersFromPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Take members out of a permission group; one ``PermissionGroupMemberOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return _member_results(await client.call(DeletePermissionGroupMember(**_members(param))))

        return await self._do(param, work)

    async def TIMCommunityGetCommunityMemberListInPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """List members of a permission group from ``next_cursor`` on (empty first; empty comes back at the end)."""

        async def work(client: Client) -> dict[str, Any]:
            where = _where(param)
            page = await client.call(
                GetPermissionGroupMemberList(**where, Next=take(mapping(param), "next_cursor", str, ""))
            )
            known = await self._profiles.of(client, [row["Member_Account"] for row in page.MemberList])
            return {
                "permission_group_member_info_result_next_cursor": page.Next,
                "permission_group_member_info_result_array": [
                    convert.member(where["GroupId"], row, known.get(row["Member_Account"], {}))
                    for row in page.MemberList
                ],
            }

        return await self._do(param, work)

    async def TIMCommunityAddTopicPermissionToPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Give a permission group bits for topics; one ``TopicOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return _topic_results(await client.call(AddTopicPermissionGroup(**_topic_permissions(param))))

        return await self._do(param, work)

    async def TIMCommunityDeleteTopicPermissionFromPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Take topics out of a permission group; one ``TopicOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            topics = _some(mapping(param), "json_topic_id_array")
            return _topic_results(await client.call(DeleteTopicPermissionGroup(**_where(param), TopicIdList=topics)))

        return await self._do(param, work)

    async def TIMCommunityModifyTopicPermissionInPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Change a permission group's bits for topics; one ``TopicOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return _topic_results(await client.call(SetTopicPermissionGroup(**_topic_permissions(param))))

        return await self._do(param, work)

    async def TIMCommunityGetTopicPermissionInPermissionGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Read a permission group's bits for topics as ``TopicPermissionResult``; without ids for all it has."""

        async def work(client: Client) -> list[dict[str, Any]]:
            where, prefix = _where(param), "topic_permission_result_"
            topics = texts(mapping(param), "json_topic_id_array")
            reply = await client.call(GetTopicPermissionGroup(**where, TopicIdList=topics or None))
            return [
                {
                    f"{prefix}error_code": item.ErrorCode,
                    f"{prefix}error_message": item.ErrorInfo,
                    f"{prefix}topic_id": item.TopicId,
                    f"{prefix}topic_permission": item.Permission or 0,
                    f"{prefix}group_id": where["GroupId"],
                    f"{prefix}permission_group_id": where["PermissionGroupId"],
                }
                for item in reply.TopicPermissionResultList
            ]

        return await self._do(param, work)


def _some(given: Json, key: str) -> list[str]:
    """Return an array of texts that must not be empty."""
    found = texts(given, key)
    if not found:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: required")
    return found


def _where(param: Any) -> dict[str, Any]:
    given = mapping(param)
    return {
        "GroupId": need(given, "group_id", str),
        "PermissionGroupId": need(given, "permission_group_id", str),
    }


def _members(param: Any) -> dict[str, Any]:
    users = _some(mapping(param), "json_member_id_array")
    return {**_where(param), "MemberList": [PermissionMember(Member_Account=user) for user in users]}


def _topic_permissions(param: Any) -> dict[str, Any]:
    given = items(mapping(param), "json_topic_permission_map")
    if not given:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, "json_topic_permission_map: required")
    return {
        **_where(param),
        "TopicPermissionList": [
            TopicPermission(
                TopicId=need(item, "topic_permission_key", str), Permission=take(item, "topic_permission_value", int, 0)
            )
            for item in given
        ],
    }


def _info_result(group: str, item: PermissionGroupInfo) -> dict[str, Any]:
    info = (
        {"community_group_id": group, "permission_group_id": item.PermissionGroupId}
        if item.ErrorCode
        else permission_group(
            group,
            item.PermissionGroupId,
            item.PermissionGroupName,
            item.CustomString,
            item.Permission,
            item.MemberCount,
        )
    )
    return {
        "permission_group_info_result_error_code": item.ErrorCode,
        "permission_group_info_result_error_message": item.ErrorInfo,
        "permission_group_info_result": info,
    }


def _member_results(reply: PermissionMemberResults) -> list[dict[str, Any]]:
    prefix = "permission_group_member_operation_result_"
    return [{f"{prefix}identifier": m.Member_Account, f"{prefix}error_code": m.Result} for m in reply.MemberList]


def _topic_results(reply: TopicPermissionResults) -> list[dict[str, Any]]:
    prefix = "group_topic_operation_result_"
    return [
        {
            f"{prefix}error_code": item.ErrorCode,
            f"{prefix}error_message": item.ErrorInfo,
            f"{prefix}topic_id": item.TopicId,
        }
        for item in reply.TopicPermissionResultList
    ]
