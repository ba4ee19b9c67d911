"""Searching in the groups that the user is in, and among their members."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.groups import GroupProfile
from qunzhu.commands.members import GetGroupMemberInfo
from qunzhu.core.errors import GROUP_UNKNOWN, NO_RIGHT
from qunzhu.core.kinds import BY_NAME, COMMUNITY
from qunzhu.tim import convert
from qunzhu.tim.cache import PROFILES_AT_ONCE
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, take, texts
from qunzhu.tim.enums import TIMGroupMemberSearchFieldKey as MemberField
from qunzhu.tim.enums import TIMGroupSearchFieldKey as GroupField
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.params import CommonResult

KEYWORDS = 5
MEMBERS_A_PAGE = 1000
COMMUNITY_PAGE = 100


class SearchCalls(Calls):
    """Calls that search."""

    async def TIMGroupSearchGroups(self, param: Mapping[str, Any]) -> CommonResult:
        """Return those of the user's groups whose id or name has one of the keywords, as ``GroupDetailInfo``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = mapping(mapping(param).get("searchParams"), "searchParams"), "group_search_params_"
            keywords = _keywords(given, f"{prefix}keyword_list")
            fields = _fields(given, f"{prefix}field_list", GroupField)
            found = []
            for item in await self._groups(client):
                values = {
                    int(GroupField.kTIMGroupSearchFieldKey_GroupId): item.GroupId,
                    int(GroupField.kTIMGroupSearchFieldKey_GroupName): item.Name or "",
                }
                if _matches(keywords, [values[field] for field in fields]):
                    found.append(convert.detail(item)["get_groups_info_result_info"])
            return found

        return await self._do(param, work)

    async def TIMGroupSearchGroupMembers(self, param: Mapping[str, Any]) -> CommonResult:
        """Return members that have one of the keywords, group by group, as ``GroupSearchGroupMembersResult``.

        Without a list of groups all of the user's are searched. Members are read from the server, page by page.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = mapping(mapping(param).get("searchParams"), "searchParams"), "group_search_member_params_"
            keywords = _keywords(given, f"{prefix}keyword_list")
            fields = _fields(given, f"{prefix}field_list", MemberField)
            wanted = texts(given, f"{prefix}groupid_list")
            groups = [item for item in await self._joined(client) if not wanted or item["GroupId"] in wanted]
            found = []
            for item in groups:
                members = await self._matching(client, item["GroupId"], item["Type"], keywords, fields)
                if members:
                    found.append({
                        "group_search_member_result_groupid": item["GroupId"],
                        "group_search_member_result_member_info_list": members,
                    })  # fmt: skip
            return found

        return await self._do(param, work)

    async def _joined(self, client: Client) -> list[dict[str, Any]]:
        return await self._cached(client).joined()

    async def _groups(self, client: Client) -> list[GroupProfile]:
        ids = [item["GroupId"] for item in await self._joined(client)]
        found: list[GroupProfile] = []
        for start in range(0, len(ids), PROFILES_AT_ONCE):
            found += await self._cached(client).profiles(ids[start : start + PROFILES_AT_ONCE])
        return [item for item in found if not item.ErrorCode]

    async def _matching(
        self, client: Client, group: str, kind: str, keywords: list[str], fields: list[int]
    ) -> list[dict[str, Any]]:
        """Return the members of one group that match; none where the user may not read them."""
        limit = COMMUNITY_PAGE if BY_NAME[kind] is COMMUNITY else MEMBERS_A_PAGE
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            try:
                page = await client.call(GetGroupMemberInfo(GroupId=group, Next=cursor, Limit=limit))
            except CallFailed as fault:
                if fault.code in {NO_RIGHT.code, GROUP_UNKNOWN.code}:
                    return []
                raise
            known = await self._profiles.of(client, [row["Member_Account"] for row in page.MemberList])
            for row in page.MemberList:
                nick = known.get(row["Member_Account"], {})
                values = {
                    int(MemberField.kTIMGroupMemberSearchFieldKey_Identifier): row["Member_Account"],
                    int(MemberField.kTIMGroupMemberSearchFieldKey_NickName): nick.get("Nick", ""),
                    int(MemberField.kTIMGroupMemberSearchFieldKey_Remark): "",
                    int(MemberField.kTIMGroupMemberSearchFieldKey_NameCard): row["NameCard"],
                }
                if _matches(keywords, [values[field] for field in fields]):
                    found.append(convert.member(group, row, nick))
            cursor = page.Next or ""
            if not cursor:
                return found


def _keywords(given: Json, key: str) -> list[str]:
    """Return one to five keywords, or refuse (-4)."""
    found = [word.casefold() for word in texts(given, key) if word]
    if not 0 < len(found) <= KEYWORDS:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {len(found)} keywords, 1 to {KEYWORDS} are allowed")
    return found


def _fields(given: Json, key: str, known: type[GroupField | MemberField]) -> list[int]:
    """Return the fields to look at; without a list all."""
    numbers = take(given, key, list, [])
    allowed = [int(field) for field in known]
    for number in numbers:
        if isinstance(number, bool) or number not in allowed:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {number!r} is not one of {allowed}")
    return list(numbers) or allowed


def _matches(keywords: list[str], values: list[str]) -> bool:
    """Say whether one of the values has one of the keywords in it, whatever their case."""
    return any(word in value.casefold() for word in keywords for value in values)
