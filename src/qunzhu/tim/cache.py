"""What a client has read of its user's groups, kept as long as it is known to be true.

Whatever is told of a group drops what was read of it, as do the client's own writes; a break drops everything. So an
answer from here is what the server would answer, as far as the user has been told.
"""

from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.events import ChangeReceived, ClientEvent, NoticeReceived, StateChanged, TipReceived
from qunzhu.commands.groups import BASE_FIELDS, GetGroupInfo, GetJoinedGroupList, GroupProfile, InfoFilter
from qunzhu.core.command import Request
from qunzhu.core.kinds import BY_NAME, COMMUNITY, Notice
from qunzhu.tim.convert import JOINED_FIELDS, SELF_FIELDS

GROUPS_A_PAGE = 500
PROFILES_AT_ONCE = 50
MEMBERS_BESIDE = 2000
"""Members that an answer may carry which are not asked for: all of a call's together stay well under 1 MB."""

APART = frozenset({"AttributesChanged", "CountersChanged"})
"""Changes of what a profile does not show."""


class Cache:
    """Profiles of the groups a user is in, and the list of them with his own membership."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._profiles: dict[str, GroupProfile] = {}
        self._joined: list[dict[str, Any]] | None = None
        self._turn = 0
        """Grows whenever something is dropped: what was asked for before may be older than that."""
        client.listen(self._heard)
        client.after_write = self._wrote

    def _heard(self, event: ClientEvent) -> None:
        match event:
            case ChangeReceived(change=told) if told["ChangeType"] in APART:
                pass
            case TipReceived(tip=told) | NoticeReceived(notice=told) | ChangeReceived(change=told):
                self._drop(told["GroupId"])
            case StateChanged():
                self._drop(None)

    def _wrote(self, request: Request[Any]) -> None:
        self._drop(getattr(request, "GroupId", None))

    def _drop(self, group: str | None) -> None:
        self._turn += 1
        self._joined = None
        if group is None:
            self._profiles.clear()
        else:
            self._profiles.pop(group, None)

    async def joined(self) -> list[dict[str, Any]]:
        """Return the user's groups as ``get_joined_group_list`` has them."""
        if self._joined is not None:
            return self._joined
        turn, found = self._turn, await _read_joined(self.client)
        if turn == self._turn:
            self._joined = found
        return found

    async def profiles(self, ids: list[str]) -> list[GroupProfile]:
        """Return the profiles of up to 50 groups; each has an ``ErrorCode`` of its own."""
        read: dict[str, GroupProfile] = {}
        while missing := [group for group in dict.fromkeys(ids) if group not in read and group not in self._profiles]:
            turn = self._turn
            for item, whole in await _read_profiles(self.client, missing):
                read[item.GroupId] = item
                if whole and turn == self._turn and item.GroupId in self.client.known and _tells(item):
                    self._profiles[item.GroupId] = item
        return [read.get(group) or self._profiles[group] for group in ids]


def _tells(item: GroupProfile) -> bool:
    """Say whether members hear of all that a profile shows: some kinds do not tell who comes and goes."""
    return BY_NAME[item.Type or ""].member_notice is Notice.STORED


async def _read_joined(client: Client) -> list[dict[str, Any]]:
    wanted = InfoFilter(GroupBaseInfoFilter=JOINED_FIELDS, SelfInfoFilter=SELF_FIELDS)
    found: list[dict[str, Any]] = []
    while True:
        reply = await client.call(
            GetJoinedGroupList(
                Member_Account=client.user, ResponseFilter=wanted, Limit=GROUPS_A_PAGE, Offset=len(found)
            )
        )
        found += reply.GroupIdList
        if len(reply.GroupIdList) < GROUPS_A_PAGE:
            return found


async def _read_profiles(client: Client, ids: list[str]) -> list[tuple[GroupProfile, bool]]:
    """Read groups without their members, and say of each whether it is whole.

    Custom fields come only with the members, so a second call asks for those of groups whose members are few.
    """
    base = InfoFilter(GroupBaseInfoFilter=list(BASE_FIELDS))
    lean = (await client.call(GetGroupInfo(GroupIdList=ids, ResponseFilter=base))).GroupInfo
    small, members = [], 0
    for item in lean:
        members += 0 if item.Type == COMMUNITY.name else item.MemberNum or 0
        if not item.ErrorCode and members <= MEMBERS_BESIDE:
            small.append(item.GroupId)
    full = (await client.call(GetGroupInfo(GroupIdList=small))).GroupInfo if small else []
    fields = {item.GroupId: item.AppDefinedData for item in full if not item.ErrorCode}
    return [
        (msgspec.structs.replace(item, AppDefinedData=fields.get(item.GroupId, [])), item.GroupId in fields)
        for item in lean
    ]
