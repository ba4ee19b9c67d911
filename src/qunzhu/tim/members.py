"""Calls about members: join, leave, add, remove, list."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.joining import JoinGroup, QuitGroup
from qunzhu.commands.members import (
    AddGroupMember,
    DeleteGroupMember,
    GetGroupMemberInfo,
    GetRoleInGroup,
    GetSpecifiedGroupMemberInfo,
    NewMember,
)
from qunzhu.core.kinds import WORK
from qunzhu.tim import convert
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, need, take, texts
from qunzhu.tim.enums import TIMErrCode, TIMResult
from qunzhu.tim.live import is_live, online_members, put_out, those_there
from qunzhu.tim.params import CommonResult

MEMBERS_A_PAGE = 100


class MemberCalls(Calls):
    """Calls about members."""

    async def TIMGroupJoin(self, param: Mapping[str, Any]) -> CommonResult:
        """Join the group ``groupId`` with the greeting ``helloMsg``; 8508 for a Work group with a generated id."""

        async def work(client: Client) -> str:
            given = mapping(param)
            group = need(given, "groupId", str)
            if group.startswith(WORK.id_prefix) and group not in client.known:
                raise WrongParameter(TIMErrCode.ERR_SDK_GROUP_JOIN_PRIVATE_GROUP_DENY, f"groupId: {group!r}")
            await client.call(JoinGroup(GroupId=group, Message=take(given, "helloMsg", str) or None))
            return ""

        return await self._do(param, work)

    async def TIMGroupQuit(self, param: Mapping[str, Any]) -> CommonResult:
        """Leave the group ``groupId``; the owner may leave a Work group only."""

        async def work(client: Client) -> str:
            await client.call(QuitGroup(GroupId=need(mapping(param), "groupId", str)))
            return ""

        return await self._do(param, work)

    async def TIMGroupInviteMember(self, param: Mapping[str, Any]) -> CommonResult:
        """Add users to a group; ``json_param`` is a list of ``GroupInviteMemberResult``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(mapping(param).get("params"), "params")
            users = texts(given, "group_invite_member_param_identifier_array")
            if not users:
                raise WrongParameter(TIMErrCode.ERR_SDK_GROUP_INVITE_NO_MEMBER, "nobody is given")
            convert.require_few(len(users), "group_invite_member_param_identifier_array")
            reply = await client.call(
                AddGroupMember(
                    GroupId=need(given, "group_invite_member_param_group_id", str),
                    MemberList=[NewMember(Member_Account=user) for user in users],
                    Message=take(given, "group_invite_member_param_user_data", str) or None,
                )
            )
            prefix = "group_invite_member_result_"
            return [{f"{prefix}identifier": m.Member_Account, f"{prefix}result": m.Result} for m in reply.MemberList]

        return await self._do(param, work)

    async def TIMGroupDeleteMember(self, param: Mapping[str, Any]) -> CommonResult:
        """Remove members; ``json_param`` is a list of ``GroupDeleteMemberResult``, 0 for who was no member.

        With a duration those of a live room may not enter again for so many seconds.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = mapping(mapping(param).get("params"), "params"), "group_delete_member_"
            group = need(given, f"{prefix}param_group_id", str)
            users = texts(given, f"{prefix}param_identifier_array")
            if not users:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{prefix}param_identifier_array: required")
            seconds = take(given, f"{prefix}param_duration", int, 0)
            reason = take(given, f"{prefix}param_user_data", str) or None
            if await is_live(client, group):
                return await put_out(client, group, users, seconds, reason)
            if seconds:
                raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"{prefix}param_duration")
            roles = await client.call(GetRoleInGroup(GroupId=group, User_Account=users))
            await client.call(DeleteGroupMember(GroupId=group, MemberToDel_Account=users, Reason=reason))
            return [
                {
                    f"{prefix}result_identifier": item["Member_Account"],
                    f"{prefix}result_result": int(item["Role"] != "NotMember"),
                }
                for item in roles.UserIdList
            ]

        return await self._do(param, work)

    async def TIMGroupGetMemberInfoList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read named members, or page through all with ``next_seq`` (0 first; 0 comes back at the end).

        Of a live room these are the ones who are there, newest first; a role flag of 1000 or more is a mark.
        """

        async def work(client: Client) -> dict[str, Any]:
            given, prefix = mapping(mapping(param).get("params"), "params"), "group_get_members_info_list_param_"
            group = need(given, f"{prefix}group_id", str)
            option = take(given, f"{prefix}option", dict, {})
            if await is_live(client, group):
                mark = take(option, "group_member_get_info_option_role_flag", int, 0)
                if users := texts(given, f"{prefix}identifier_array"):
                    return await those_there(client, group, users, self._profiles)
                return await online_members(client, group, take(given, f"{prefix}next_seq", int, 0), mark)
            filters: dict[str, Any] = {
                "MemberInfoFilter": _chosen(option, "info_flag", convert.MEMBER_FIELDS),
                "MemberRoleFilter": _chosen(option, "role_flag", convert.ROLE_FLAGS),
                "AppDefinedDataFilter_GroupMember": texts(option, "group_member_get_info_option_custom_array") or None,
            }
            users = texts(given, f"{prefix}identifier_array")
            following = 0
            if users:
                named = await client.call(
                    GetSpecifiedGroupMemberInfo(GroupId=group, Member_List_Account=users, **filters)
                )
                rows = named.MemberList
            else:
                cursor = self._cursor(take(given, f"{prefix}next_seq", int, 0))
                page = await client.call(
                    GetGroupMemberInfo(GroupId=group, Next=cursor, Limit=MEMBERS_A_PAGE, **filters)
                )
                rows, following = page.MemberList, self._number(page.Next or "")
            known = await self._profiles.of(client, [row["Member_Account"] for row in rows])
            return {
                "group_get_member_info_list_result_next_seq": following,
                "group_get_member_info_list_result_info_array": [
                    convert.member(group, row, known.get(row["Member_Account"], {})) for row in rows
                ],
            }

        return await self._do(param, work)


def _chosen(option: Json, name: str, names: Mapping[int, str]) -> list[str] | None:
    flags = take(option, f"group_member_get_info_option_{name}", int, 0)
    return [field for bit, field in names.items() if flags & bit] or None
