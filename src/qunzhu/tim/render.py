"""``TimRender``: the SDK interface, call by call, over ``qunzhu.client``.

A call resolves to a ``CommonResult`` even when it failed: look at ``code``. Negative codes (``TIMResult``) say that it
did not begin, codes of ``TIMErrCode`` come from the SDK, all others from the server.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from qunzhu import __version__
from qunzhu.client import Client
from qunzhu.client.errors import NOT_INITIALIZED, NOT_LOGGED_IN, CallFailed
from qunzhu.client.events import ClientEvent
from qunzhu.commands.groups import (
    BASE_FIELDS,
    ChangeGroupOwner,
    DestroyGroup,
    GetGroupInfo,
    GetJoinedGroupList,
    GroupProfile,
    InfoFilter,
)
from qunzhu.commands.members import (
    AddGroupMember,
    DeleteGroupMember,
    GetGroupMemberInfo,
    GetRoleInGroup,
    GetSpecifiedGroupMemberInfo,
    JoinGroup,
    NewMember,
    QuitGroup,
)
from qunzhu.core.errors import ErrorRow
from qunzhu.core.kinds import COMMUNITY, WORK
from qunzhu.tim import convert
from qunzhu.tim.convert import Json, WrongParameter, need, take, texts
from qunzhu.tim.enums import TIMErrCode, TIMGroupModifyInfoFlag, TIMLoginStatus, TIMResult
from qunzhu.tim.listeners import Listeners, Profiles
from qunzhu.tim.params import CallbackParams, CommonResult, CreateGroupParams

DEFAULT_SERVER = "ws://127.0.0.1:8140"
DEMO_SDKAPPID = 1400000000
MEMBERS_A_PAGE = 100
GROUPS_A_PAGE = 500
MEMBERS_BESIDE = 2000
"""Members that an answer may carry which are not asked for: all of a call's together stay well under 1 MB."""
BASE = list(BASE_FIELDS)
CURSORS_KEPT = 1000
_Work = Callable[[Client], Awaitable[Any]]


def _result(code: int, desc: str, json: Any, data: Any) -> CommonResult:
    return {"code": code, "desc": desc, "json_param": json, "json_params": json, "user_data": data}


def _data(param: Any) -> Any:
    """Return a call's user data as it was given."""
    if not isinstance(param, Mapping):
        return param if isinstance(param, str) else ""
    return next((param[key] for key in ("data", "userData", "user_data") if param.get(key) is not None), "")


def _mapping(param: Any, name: str = "param") -> Json:
    if not isinstance(param, Mapping):
        raise WrongParameter(TIMResult.TIM_ERR_JSON, f"{name}: must be an object, is {type(param).__name__}")
    return param


class TimRender:
    """One SDK: one app, one user at a time. All calls belong to one event loop.

    ``server`` is the address of a qunzhu server; without it ``QUNZHU_SERVER`` counts, else this machine.
    """

    def __init__(self, sdkappid: int = DEMO_SDKAPPID, server: str | None = None) -> None:
        self._sdkappid = sdkappid
        self._server = server or os.environ.get("QUNZHU_SERVER") or DEFAULT_SERVER
        self._ready = False
        self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined
        self._client: Client | None = None
        self._teller: asyncio.Task[None] | None = None
        self._profiles = Profiles()
        self._listeners = Listeners(self._profiles, self._ended)
        self._cursors: dict[int, str] = {}
        self._last_cursor = 0

    async def TIMInit(self, param: Mapping[str, Any] | None = None) -> int:
        """Start the SDK; ``sdkappid`` and ``server`` in the parameter replace those of the constructor."""
        try:
            given = _mapping({} if param is None else param)
            self._sdkappid = take(given, "sdkappid", int, self._sdkappid)
            self._server = take(given, "server", str, self._server)
        except WrongParameter as fault:
            return int(fault.code)
        self._ready = True
        return int(TIMResult.TIM_SUCC)

    async def TIMUninit(self) -> int:
        """Log out, forget all listeners and stop."""
        if not self._ready:
            return int(TIMResult.TIM_ERR_SDKUNINIT)
        await self._leave(NOT_INITIALIZED)
        self._listeners.clear()
        self._ready = False
        return int(TIMResult.TIM_SUCC)

    async def TIMGetSDKVersion(self) -> str:
        """Return the version."""
        return __version__

    async def TIMGetServerTime(self) -> int:
        """Return the server's clock in unix seconds; 0 before the first login."""
        return self._client.server_time() if self._client else 0

    async def TIMGetLoginStatus(self) -> int:
        """Return a ``TIMLoginStatus``."""
        return int(self._status)

    async def TIMGetLoginUserID(self) -> CommonResult:
        """Return the logged-in user's id as ``json_param``; empty where nobody is."""
        if not self._ready:
            return _result(int(TIMResult.TIM_ERR_SDKUNINIT), "TIMInit comes first", "", "")
        logged_in = self._client is not None and self._status is TIMLoginStatus.kTIMLoginStatus_Logined
        return _result(0, "", self._client.user if logged_in and self._client else "", "")

    async def TIMLogin(self, param: Mapping[str, Any]) -> CommonResult:
        """Log a user in: ``userID``, ``userSig``, ``userData``. Another user who is logged in is logged out first."""
        data = _data(param)
        if not self._ready:
            return _result(int(TIMResult.TIM_ERR_SDKUNINIT), "TIMInit comes first", "", data)
        if self._status is TIMLoginStatus.kTIMLoginStatus_Logining:
            return _result(int(TIMErrCode.ERR_SDK_ACCOUNT_LOGIN_IN_PROCESS), "a login is under way", "", data)
        try:
            given = _mapping(param)
            await self._enter(need(given, "userID", str), need(given, "userSig", str))
        except (WrongParameter, CallFailed) as fault:
            return _result(int(fault.code), fault.text, "", _data(param))
        return _result(0, "", "", _data(param))

    async def TIMLogout(self, param: Mapping[str, Any] | None = None) -> CommonResult:
        """Log out."""
        if not self._ready or self._client is None:
            code = TIMResult.TIM_ERR_NOTLOGIN if self._ready else TIMResult.TIM_ERR_SDKUNINIT
            return _result(int(code), "nobody is logged in", "", _data(param))
        await self._leave()
        return _result(0, "", "", _data(param))

    async def TIMGroupCreate(self, param: CreateGroupParams) -> CommonResult:
        """Create a group; ``json_param`` has ``create_group_result_groupid`` and the fields as created.

        10025 says that the user has a group of that id already, 10021 that somebody else has.
        """

        async def work(client: Client) -> dict[str, Any]:
            given = _mapping(_mapping(param).get("params"), "params")
            reply = await client.call(convert.create_request(given))
            return convert.created(given, reply.GroupInfo) if reply.GroupInfo else {
                "create_group_result_groupid": reply.GroupId
            }  # fmt: skip

        return await self._do(param, work)

    async def TIMGroupDelete(self, param: Mapping[str, Any]) -> CommonResult:
        """Dissolve the group ``groupId``; its owner may, but nobody a Work group."""

        async def work(client: Client) -> str:
            await client.call(DestroyGroup(GroupId=need(_mapping(param), "groupId", str)))
            return ""

        return await self._do(param, work)

    async def TIMGroupJoin(self, param: Mapping[str, Any]) -> CommonResult:
        """Join the group ``groupId`` with the greeting ``helloMsg``; 8508 for a Work group with a generated id."""

        async def work(client: Client) -> str:
            given = _mapping(param)
            group = need(given, "groupId", str)
            if group.startswith(WORK.id_prefix) and group not in client.known:
                raise WrongParameter(TIMErrCode.ERR_SDK_GROUP_JOIN_PRIVATE_GROUP_DENY, f"groupId: {group!r}")
            await client.call(JoinGroup(GroupId=group, Message=take(given, "helloMsg", str) or None))
            return ""

        return await self._do(param, work)

    async def TIMGroupQuit(self, param: Mapping[str, Any]) -> CommonResult:
        """Leave the group ``groupId``; the owner may leave a Work group only."""

        async def work(client: Client) -> str:
            await client.call(QuitGroup(GroupId=need(_mapping(param), "groupId", str)))
            return ""

        return await self._do(param, work)

    async def TIMGroupInviteMember(self, param: Mapping[str, Any]) -> CommonResult:
        """Add users to a group; ``json_param`` is a list of ``GroupInviteMemberResult``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = _mapping(_mapping(param).get("params"), "params")
            users = texts(given, "group_invite_member_param_identifier_array")
            if not users:
                raise WrongParameter(TIMErrCode.ERR_SDK_GROUP_INVITE_NO_MEMBER, "nobody is given")
            convert.require_few(len(users), "group_invite_member_param_identifier_array")
            reply = await client.call(
                AddGroupMember(
                    GroupId=need(given, "group_invite_member_param_group_id", str),
                    MemberList=[NewMember(Member_Account=user) for user in users],
                )
            )
            prefix = "group_invite_member_result_"
            return [{f"{prefix}identifier": m.Member_Account, f"{prefix}result": m.Result} for m in reply.MemberList]

        return await self._do(param, work)

    async def TIMGroupDeleteMember(self, param: Mapping[str, Any]) -> CommonResult:
        """Remove members; ``json_param`` is a list of ``GroupDeleteMemberResult``, 0 for who was no member."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = _mapping(_mapping(param).get("params"), "params"), "group_delete_member_"
            group = need(given, f"{prefix}param_group_id", str)
            users = texts(given, f"{prefix}param_identifier_array")
            if not users:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{prefix}param_identifier_array: required")
            if take(given, f"{prefix}param_duration", int):
                raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"{prefix}param_duration")
            roles = await client.call(GetRoleInGroup(GroupId=group, User_Account=users))
            reason = take(given, f"{prefix}param_user_data", str) or None
            await client.call(DeleteGroupMember(GroupId=group, MemberToDel_Account=users, Reason=reason))
            return [
                {
                    f"{prefix}result_identifier": item["Member_Account"],
                    f"{prefix}result_result": int(item["Role"] != "NotMember"),
                }
                for item in roles.UserIdList
            ]

        return await self._do(param, work)

    async def TIMGroupGetJoinedGroupList(self, param: Any = "") -> CommonResult:
        """List the user's groups as ``GroupBaseInfo``; the parameter is user data."""

        async def work(client: Client) -> list[dict[str, Any]]:
            wanted = InfoFilter(GroupBaseInfoFilter=convert.JOINED_FIELDS, SelfInfoFilter=convert.SELF_FIELDS)
            found: list[dict[str, Any]] = []
            while True:
                reply = await client.call(
                    GetJoinedGroupList(
                        Member_Account=client.user, ResponseFilter=wanted, Limit=GROUPS_A_PAGE, Offset=len(found)
                    )
                )
                found += [convert.joined(item) for item in reply.GroupIdList]
                if len(reply.GroupIdList) < GROUPS_A_PAGE:
                    return found

        return await self._do(param, work)

    async def TIMGroupGetGroupInfoList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read the groups ``groupIds``; one ``GetGroupInfoResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            ids = texts(_mapping(param), "groupIds")
            if not ids:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "groupIds: required")
            return [convert.detail(item) for item in await _profiles(client, ids)]

        return await self._do(param, work)

    async def TIMGroupModifyGroupInfo(self, param: Mapping[str, Any]) -> CommonResult:
        """Change the fields whose flags are set; the owner's flag stands alone and transfers the group."""

        async def work(client: Client) -> str:
            given, prefix = _mapping(_mapping(param).get("params"), "params"), "group_modify_info_param_"
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

    async def TIMGroupGetMemberInfoList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read named members, or page through all with ``next_seq`` (0 first; 0 comes back at the end)."""

        async def work(client: Client) -> dict[str, Any]:
            given, prefix = _mapping(_mapping(param).get("params"), "params"), "group_get_members_info_list_param_"
            group = need(given, f"{prefix}group_id", str)
            option = take(given, f"{prefix}option", dict, {})
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

    async def TIMSetGroupTipsEventCallback(self, param: CallbackParams) -> None:
        """Listen for group tips: ``[GroupTipsElem as text, user data]``."""
        self._listeners.set("tips", param.get("callback"), _data(param))

    async def TIMAddRecvNewMsgCallback(self, param: CallbackParams) -> None:
        """Add a listener for new messages: ``[array of Message as text, user data]``."""
        self._listeners.add(param.get("callback"), _data(param))

    async def TIMSetKickedOfflineCallback(self, param: CallbackParams) -> None:
        """Listen for the end of the login by another one or by an administrator: ``[user data]``."""
        self._listeners.set("kicked", param.get("callback"), _data(param))

    async def TIMSetUserSigExpiredCallback(self, param: CallbackParams) -> None:
        """Listen for the end of the UserSig: ``[user data]``."""
        self._listeners.set("expired", param.get("callback"), _data(param))

    async def TIMSetNetworkStatusListenerCallback(self, param: CallbackParams) -> None:
        """Listen for the connection's state: ``[TIMNetworkStatus, code, text, user data]``."""
        self._listeners.set("network", param.get("callback"), _data(param))

    async def _do(self, param: Any, work: _Work) -> CommonResult:
        """Run a call that needs a login, and turn what comes of it into a result."""
        data = _data(param)
        if not self._ready:
            return _result(int(TIMResult.TIM_ERR_SDKUNINIT), "TIMInit comes first", "", data)
        if self._client is None:
            return _result(int(TIMResult.TIM_ERR_NOTLOGIN), "TIMLogin comes first", "", data)
        try:
            return _result(0, "", await work(self._client), data)
        except (WrongParameter, CallFailed) as fault:
            return _result(int(fault.code), fault.text, "", data)
        except UnicodeEncodeError as fault:
            return _result(int(TIMResult.TIM_ERR_JSON), f"not UTF-8 text: {fault.reason}", "", data)

    async def _enter(self, user: str, sig: str) -> None:
        if self._client is not None:
            if self._client.user == user and self._status is TIMLoginStatus.kTIMLoginStatus_Logined:
                return
            await self._leave()
        self._status = TIMLoginStatus.kTIMLoginStatus_Logining
        client = Client(self._server, self._sdkappid, user, sig)
        events: asyncio.Queue[ClientEvent] = asyncio.Queue()
        client.listen(events.put_nowait)
        self._teller = asyncio.create_task(self._listeners.tell_all(client, events))
        try:
            await client.open()
        except BaseException as fault:
            self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined
            await asyncio.sleep(0)
            self._teller.cancel()
            if isinstance(fault, ValueError | UnicodeEncodeError):
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, str(fault)) from None
            raise
        self._client = client
        self._status = TIMLoginStatus.kTIMLoginStatus_Logined

    async def _leave(self, reason: ErrorRow = NOT_LOGGED_IN) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._status = TIMLoginStatus.kTIMLoginStatus_Logouting
            await client.close(reason)
        if self._teller is not None and self._teller is not asyncio.current_task():
            self._teller.cancel()
        self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined

    def _ended(self, client: Client) -> None:
        if self._client is client:
            self._client = None
            self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined

    def _cursor(self, number: int) -> str:
        if number and number not in self._cursors:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"next_seq: {number} was not given out")
        return self._cursors.get(number, "")

    def _number(self, cursor: str) -> int:
        """Return a number for a page's cursor: the interface has only room for one."""
        if not cursor:
            return 0
        number = self._last_cursor = self._last_cursor + 1
        self._cursors[number] = cursor
        self._cursors.pop(number - CURSORS_KEPT, None)
        return number


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


def _chosen(option: Json, name: str, names: Mapping[int, str]) -> list[str] | None:
    flags = take(option, f"group_member_get_info_option_{name}", int, 0)
    return [field for bit, field in names.items() if flags & bit] or None
