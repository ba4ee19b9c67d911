"""Calls about live rooms: who is there, and marks; removing somebody is keeping him out."""

from collections.abc import Mapping, Sequence
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.bans import BanGroupMember
from qunzhu.commands.groups import GetGroupInfo, InfoFilter
from qunzhu.commands.live import CLEAR, SET, CheckMembers, GetMembers, GetOnlineMemberNum, MarkedMember, ModifyUserInfo
from qunzhu.core.kinds import BY_NAME, LIVE
from qunzhu.core.live import ALWAYS_THERE
from qunzhu.tim import convert
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, need, take, texts
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.params import CommonResult
from qunzhu.tim.profiles import Profiles


class LiveCalls(Calls):
    """Calls about live rooms."""

    async def TIMGroupGetOnlineMemberCount(self, param: Mapping[str, Any]) -> CommonResult:
        """Count who is in the live room ``groupId``."""

        async def work(client: Client) -> dict[str, int]:
            reply = await client.call(GetOnlineMemberNum(GroupId=need(mapping(param), "groupId", str)))
            return {"group_get_online_member_count_result": reply.OnlineMemberNum}

        return await self._do(param, work)

    async def TIMGroupMarkGroupMemberList(self, param: Mapping[str, Any]) -> CommonResult:
        """Give the mark ``mark_type`` to the users ``member_array`` of the live room ``group_id``, or take it.

        ``enable_mark`` says which; who is not there is passed over.
        """

        async def work(client: Client) -> str:
            given = mapping(param)
            users = texts(given, "member_array")
            if not users:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "member_array: required")
            marks = [need(given, "mark_type", int)]
            await client.call(
                ModifyUserInfo(
                    GroupId=need(given, "group_id", str),
                    CommandType=SET if take(given, "enable_mark", bool, default=False) else CLEAR,
                    MemberList=[MarkedMember(Member_Account=user, Marks=marks) for user in users],
                )
            )
            return ""

        return await self._do(param, work)


async def is_live(client: Client, group: str) -> bool:
    """Say whether a group is a live room; the server is asked about one that the client does not know."""
    if group in client.known or group in client.live or group.startswith(LIVE.id_prefix):
        return group not in client.known
    wanted = InfoFilter(GroupBaseInfoFilter=["Type"])
    [info] = (await client.call(GetGroupInfo(GroupIdList=[group], ResponseFilter=wanted))).GroupInfo
    return bool(info.Type) and not BY_NAME[info.Type or ""].stores_members


async def put_out(
    client: Client, room: str, users: list[str], seconds: int, reason: str | None
) -> list[dict[str, Any]]:
    """Put users out of a live room and keep them out for some seconds; return ``GroupDeleteMemberResult``."""
    there = (await client.call(CheckMembers(GroupId=room, Member_Account=users))).Member_Account
    await client.call(BanGroupMember(GroupId=room, Members_Account=users, Duration=seconds, Description=reason))
    prefix = "group_delete_member_result_"
    return [{f"{prefix}identifier": user, f"{prefix}result": int(user in there)} for user in users]


async def online_members(client: Client, room: str, following: int, mark: int) -> dict[str, Any]:
    """Return a page of those who are in a live room, newest first; only those with a mark where one is given."""
    page = await client.call(
        GetMembers(GroupId=room, Timestamp=following, Mark=mark if mark >= ALWAYS_THERE else None)
    )  # fmt: skip
    known = {row["Member_Account"]: {"Nick": row["NickName"], "FaceUrl": row["Avatar"]} for row in page.MemberList}
    return _listed(room, page.MemberList, known, page.NextTimestamp)


async def those_there(client: Client, room: str, users: list[str], profiles: Profiles) -> dict[str, Any]:
    """Return those of the given users who are in a live room."""
    there = (await client.call(CheckMembers(GroupId=room, Member_Account=users))).Member_Account
    return _listed(room, [{"Member_Account": user} for user in there], await profiles.of(client, there), 0)


def _listed(room: str, rows: Sequence[Json], known: Mapping[str, Json], following: int) -> dict[str, Any]:
    prefix = "group_get_member_info_list_result_"
    members = [convert.member(room, row, known.get(row["Member_Account"], {})) for row in rows]
    return {f"{prefix}next_seq": following, f"{prefix}info_array": members}
