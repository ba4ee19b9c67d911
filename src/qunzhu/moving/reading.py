"""Reading one group of the reference service: its profile, and what hangs on it as far as the API gives it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

from qunzhu.core.kinds import BY_NAME, COMMUNITY, LIVE, Kind
from qunzhu.moving import CannotMove
from qunzhu.moving.calls import Reference, Unreadable
from qunzhu.moving.found import (
    Admin,
    Attribute,
    Banned,
    Checked,
    Counter,
    Group,
    Info,
    Listed,
    Member,
    Muted,
    Permission,
    PermissionGroup,
    Read,
    Said,
    Topic,
    TopicBits,
    TopicItem,
    page,
    records,
)

T = TypeVar("T")
Missing = Callable[[str, str, str], None]
"""Takes note of what cannot be read: where, what, and why."""
GROUPS, ROOMS, TOPICS = "group_open_http_svc", "group_open_avchatroom_http_svc", "million_group_open_http_svc"
INFO = f"{GROUPS}/get_group_info"
INFOS, MEMBERS, BANS, SIMPLE = 50, 100, 100, 20
NICK, IMAGE = "Tag_Profile_IM_Nick", "Tag_Profile_IM_Image"
TOO_LARGE = 10018
GONE = 1
"""``IsPlaceMsg`` of what was deleted or has expired."""
SWITCHED_OFF = frozenset({10059, 11000, 60009, 60017})
"""Refusals that hold for the whole app: what one group's answer was, all others' would be."""
EXPIRED_PLACES = 1000
"""After so many places in a row with nothing left, what is older is taken for expired."""
BASE = [name for name in Info.__struct_fields__ if name not in {"GroupId", "ErrorCode", "ErrorInfo", "AppDefinedData"}]


class Reader:
    """Reads groups, and takes note of what is not to be had."""

    def __init__(self, reference: Reference, missing: Missing, keys: Callable[[], Sequence[str]]) -> None:
        self._reference = reference
        self._missing = missing
        self._keys = keys
        """The custom fields of groups that are known so far."""
        self._off: set[str] = set()

    async def ids(self) -> list[str]:
        """Return the ids of all groups."""
        found: dict[str, None] = {}
        cursor = 0
        while True:
            listed, cursor = await self._must(
                f"{GROUPS}/get_appid_group_list", page(Listed, "GroupIdList"), Limit=10000, Next=cursor
            )
            found |= dict.fromkeys(one.GroupId for one in listed)
            if not cursor:
                return list(found)

    async def infos(self, ids: Sequence[str]) -> list[Info]:
        """Return the profiles of groups; where they are too much for one answer, half of them at a time.

        They are asked for without a filter, for one would have to name the custom fields, which nobody lists. One group
        that is too much is asked for without its members, and with the custom fields known so far.
        """
        try:
            found: list[Info] = await self._reference.call(INFO, records(Info, "GroupInfo"), GroupIdList=list(ids))
        except Unreadable as fault:
            if fault.code != TOO_LARGE:
                raise CannotMove(f"get_group_info: {fault}") from None
            if len(ids) > 1:
                half = len(ids) // 2
                return [*await self.infos(ids[:half]), *await self.infos(ids[half:])]
            self._missing(ids[0], "custom fields that are not known yet", str(fault))
            only = {"GroupBaseInfoFilter": BASE, "AppDefinedDataFilter_Group": list(self._keys())}
            found = await self._ask(ids[0], "group", INFO, records(Info, "GroupInfo"), [], GroupIdList=list(ids),
                                    ResponseFilter=only)  # fmt: skip
        for info in found:
            if info.ErrorCode:
                self._missing(info.GroupId, "group", f"{info.ErrorCode} {info.ErrorInfo}")
        return [info for info in found if not info.ErrorCode]

    async def group(self, info: Info) -> Group | None:
        """Return a group with everything but its messages, or None where it is of a kind that is unknown here."""
        kind = BY_NAME.get(info.Type)
        if kind is None:
            self._missing(info.GroupId, "group", f"its kind is {info.Type!r}")
            return None
        where = info.GroupId
        topics = await self._topics(info) if info.SupportTopic else []
        members, muted, banned, admins, attributes, counters, permissions = await asyncio.gather(
            self._members(where, kind) if kind.stores_members else _nothing(),
            self._muted(where) if kind.mutes_members else _nothing(),
            self._banned(where) if kind is LIVE else _nothing(),
            self._admins(where) if kind is LIVE else _nothing(),
            self._list(where, "attributes", "group_open_attr_http_svc/get_group_attr", Attribute, "GroupAttrAry"),
            self._list(where, "counters", f"{GROUPS}/get_group_counter", Counter, "GroupCounter")
            if kind is not COMMUNITY else _nothing(),
            self._permissions(where) if info.EnablePermission else _nothing(),
        )  # fmt: skip
        mutes = {topic.TopicId: await self._muted(where, TopicId=topic.TopicId) for topic in topics}
        return Group(
            info=info, members=members, muted=muted, banned=banned, admins=admins, topics=topics, topic_mutes=mutes,
            attributes=attributes, counters=counters, permissions=permissions,
        )  # fmt: skip

    async def messages(self, group_id: str, topic_id: str, seq: int) -> AsyncIterator[list[Said]]:
        """Give the places of a stream from a seq down, page by page."""
        where = topic_id or group_id
        more = {"TopicId": topic_id} if topic_id else {}
        gone = 0
        while seq > 0 and gone < EXPIRED_PLACES:
            page: list[Said] = await self._ask(
                where, "messages", f"{GROUPS}/group_msg_get_simple", records(Said, "RspMsgList"), [], GroupId=group_id,
                ReqMsgNumber=SIMPLE, ReqMsgSeq=seq, WithRecalledMsg=1, **more,
            )  # fmt: skip
            if not page:
                return
            gone = gone + len(page) if all(one.IsPlaceMsg == GONE for one in page) else 0
            yield page
            seq = min(seq, *(one.MsgSeq for one in page)) - 1
        if seq > 0:
            self._missing(where, "messages", f"nothing is left of seqs {seq + 1} to {seq + gone}, so what is older was"
                          " not asked for")  # fmt: skip

    async def imported(self, users: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return those of up to 100 users who have an account, each with nickname and avatar."""
        items = await self._must("im_open_login_svc/account_check", records(Checked, "ResultItem"),
                                 CheckItem=[{"UserID": user} for user in users])  # fmt: skip
        found = [one.UserID for one in items if one.AccountStatus == "Imported"]
        profiles = await self._ask("", "nicknames and avatars", "profile/portrait_get", _profiles, {},
                                   To_Account=found, TagList=[NICK, IMAGE]) if found else {}  # fmt: skip
        return {user: profiles.get(user, ("", "")) for user in found}

    async def _members(self, group_id: str, kind: Kind) -> list[Member]:
        found: dict[str, Member] = {}
        place: dict[str, Any] = {"Next": ""} if kind is COMMUNITY else {"Offset": 0}
        while True:
            listed, cursor = await self._ask(
                group_id, "members", f"{GROUPS}/get_group_member_info", page(Member, "MemberList"), ([], ""),
                GroupId=group_id, Limit=MEMBERS, **place,
            )  # fmt: skip
            found |= {one.Member_Account: one for one in listed}
            if kind is COMMUNITY:
                place, more = {"Next": cursor}, bool(cursor)
            else:
                place, more = {"Offset": place["Offset"] + len(listed)}, len(listed) >= MEMBERS
            if not more:
                return list(found.values())

    async def _muted(self, group_id: str, **topic: str) -> list[Muted]:
        return await self._list(group_id, "mutes", f"{GROUPS}/get_group_muted_account", Muted, "MutedAccountList",
                                **topic)  # fmt: skip

    async def _banned(self, group_id: str) -> list[Banned]:
        found: list[Banned] = []
        offset = 0
        while True:
            listed, offset = await self._ask(
                group_id, "bans", f"{GROUPS}/get_group_ban_member", page(Banned, "BannedAccountList", "NextOffset"),
                ([], 0), GroupId=group_id, Offset=offset, Limit=BANS,
            )  # fmt: skip
            found += listed
            if not offset:
                return found

    async def _admins(self, group_id: str) -> list[str]:
        found = await self._list(group_id, "administrators of live rooms", f"{ROOMS}/get_admin_list", Admin,
                                 "Admin_List")  # fmt: skip
        return [one.Admin_Account for one in found]

    async def _topics(self, info: Info) -> list[Topic]:
        found = await self._list(info.GroupId, "topics", f"{TOPICS}/get_topic", TopicItem, "TopicAndSelfInfo",
                                 From_Account=info.Owner_Account or self._reference.admin)  # fmt: skip
        return [one.TopicInfo for one in found if not one.ErrorCode]

    async def _permissions(self, group_id: str) -> list[PermissionGroup]:
        listed = [one async for one in self._pages(
            group_id, "permission groups", "get_permission_group", Permission, "PermissionGroupInfoList", Limit=20
        )]  # fmt: skip
        found = []
        for one in listed:
            where = {"PermissionGroupId": one.PermissionGroupId}
            inside = [member.Member_Account async for member in self._pages(
                group_id, "members of permission groups", "get_permission_group_member_list", Member, "MemberList",
                Limit=50, **where,
            )]  # fmt: skip
            bits = await self._list(group_id, "topic permissions", f"{GROUPS}/get_topic_permission_group", TopicBits,
                                    "TopicPermissionResultList", **where)  # fmt: skip
            found.append(PermissionGroup(
                base=one, members=inside, topics={bit.TopicId: bit.Permission for bit in bits if not bit.ErrorCode}
            ))  # fmt: skip
        return found

    async def _pages(
        self, group_id: str, what: str, command: str, kind: type[T], field: str, **more: Any
    ) -> AsyncIterator[T]:
        """Give records of pages that name the next one."""
        cursor = ""
        while True:
            listed, cursor = await self._ask(
                group_id,
                what,
                f"{GROUPS}/{command}",
                page(kind, field),
                ([], ""),
                GroupId=group_id,
                Next=cursor,
                **more,
            )
            for one in listed:
                yield one
            if not cursor:
                return

    async def _list(self, group_id: str, what: str, path: str, kind: type[T], field: str, **more: str) -> list[T]:
        found: list[T] = await self._ask(group_id, what, path, records(kind, field), [], GroupId=group_id, **more)
        return found

    async def _ask(self, where: str, what: str, path: str, read: Read, otherwise: Any, **fields: Any) -> Any:
        """Return what is asked for; where it is refused take note of it, once where the whole app has none of it."""
        if what in self._off:
            return otherwise
        try:
            return await self._reference.call(path, read, **fields)
        except Unreadable as fault:
            everywhere = fault.code in SWITCHED_OFF
            if not (everywhere and what in self._off):
                self._missing("" if everywhere else where, what, str(fault))
            if everywhere:
                self._off.add(what)
            return otherwise

    async def _must(self, path: str, read: Read, **fields: Any) -> Any:
        """Return what nothing goes on without."""
        try:
            return await self._reference.call(path, read, **fields)
        except Unreadable as fault:
            raise CannotMove(f"{path}: {fault}") from None


async def _nothing() -> list[Any]:
    return []


def _profiles(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return nickname and avatar by user."""
    found = {}
    for one in answer.get("UserProfileItem") or ():
        values = {tag["Tag"]: str(tag.get("Value") or "") for tag in one.get("ProfileItem") or ()}
        found[str(one["To_Account"])] = values.get(NICK, ""), values.get(IMAGE, "")
    return found
