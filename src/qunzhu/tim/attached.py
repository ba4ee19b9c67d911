"""Calls about what hangs on a message: extensions, reactions, pins."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.commands.extensions import (
    CLEAR,
    DELETE,
    SET,
    ExtensionResult,
    GetKeyValues,
    GivenExtension,
    GroupGetKeyValues,
    GroupSetKeyValues,
    SetKeyValues,
    WrittenExtensions,
)
from qunzhu.commands.pins import GetPinnedGroupMessages, PinGroupMessage
from qunzhu.commands.reactions import (
    AddMessageReaction,
    GetMessageReactions,
    GetReactionUsers,
    RemoveMessageReaction,
)
from qunzhu.tim.calls import mapping
from qunzhu.tim.convert import Json, WrongParameter, need, take
from qunzhu.tim.enums import TIMErrCode, TIMResult
from qunzhu.tim.message import C2C, GROUP, Message, Place, from_told
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_changes import extension, reaction
from qunzhu.tim.message_params import Ref, decoded, object_given, objects_given, texts_given
from qunzhu.tim.notices import profile
from qunzhu.tim.params import CommonResult
from qunzhu.tim.pulled import reactions_of

MOST_EXTENSIONS = 20
MOST_MESSAGES = 20
MOST_USERS = 10
USERS_A_PAGE = 100
Versions = dict[str, tuple[str, int]]


class AttachedCalls(MessageCalls):
    """Calls about extensions, reactions and pins."""

    async def TIMMsgSetMessageExtensions(self, param: Mapping[str, Any]) -> CommonResult:
        """Set up to 20 ``MessageExtension`` of ``json_msg``; a list of ``MessageExtensionResult``, each with its code.

        23001 says that somebody else was faster: the item has what is there now.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given, prefix = mapping(param), "message_extension_"
            ref = self._ref(client, object_given(given, "json_msg"))
            pairs = {
                need(item, f"{prefix}key", str): take(item, f"{prefix}value", str, "")
                for item in objects_given(given, "json_extension_array", most=MOST_EXTENSIONS)
            }
            known = await _read(client, ref)
            changes = [
                GivenExtension(Key=key, Value=value, Seq=known.get(key, ("", 0))[1]) for key, value in pairs.items()
            ]
            return _results(await _write(client, ref, SET, changes))

        return await self._do(param, work)

    async def TIMMsgGetMessageExtensions(self, param: Mapping[str, Any]) -> CommonResult:
        """Read all extensions of ``json_msg``; a list of ``MessageExtension``."""

        async def work(client: Client) -> list[dict[str, str]]:
            known = await _read(client, self._ref(client, object_given(mapping(param), "json_msg")))
            return [extension(key, value) for key, (value, _) in known.items()]

        return await self._do(param, work)

    async def TIMMsgDeleteMessageExtensions(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete the extensions ``json_extension_key_array`` of ``json_msg``, or all; ``MessageExtensionResult``s."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            ref, known = self._ref(client, object_given(given, "json_msg")), Versions()
            if not decoded(given, "json_extension_key_array"):
                return _results(await _write(client, ref, CLEAR, []))
            keys = texts_given(given, "json_extension_key_array", most=MOST_EXTENSIONS)
            known = await _read(client, ref)
            changes = [GivenExtension(Key=key, Seq=known.get(key, ("", 0))[1]) for key in dict.fromkeys(keys)]
            return _results(await _write(client, ref, DELETE, changes))

        return await self._do(param, work)

    async def TIMMsgAddMessageReaction(self, param: Mapping[str, Any]) -> CommonResult:
        """Give ``json_msg`` the reaction ``reaction_id``."""

        async def work(client: Client) -> str:
            ref, given = self._ref(client, object_given(mapping(param), "json_msg")), mapping(param)
            await client.call(AddMessageReaction(**_named(ref), ReactionId=need(given, "reaction_id", str)))
            return ""

        return await self._do(param, work)

    async def TIMMsgRemoveMessageReaction(self, param: Mapping[str, Any]) -> CommonResult:
        """Take the reaction ``reaction_id`` back from ``json_msg``."""

        async def work(client: Client) -> str:
            ref, given = self._ref(client, object_given(mapping(param), "json_msg")), mapping(param)
            await client.call(RemoveMessageReaction(**_named(ref), ReactionId=need(given, "reaction_id", str)))
            return ""

        return await self._do(param, work)

    async def TIMMsgGetMessageReactions(self, param: Mapping[str, Any]) -> CommonResult:
        """Read the reactions to up to 20 messages of one conversation; a list of ``MessageReactionResult``.

        Each reaction comes with its first users, ``max_user_count_per_reaction`` of them, at most 10.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            messages = objects_given(given, "json_msg_array", most=MOST_MESSAGES)
            refs = await self._with_ids(client, [self._ref(client, message) for message in messages])
            most = take(given, "max_user_count_per_reaction", int, 0)
            if not 0 <= most <= MOST_USERS:
                text = f"max_user_count_per_reaction: {most}, 0 to {MOST_USERS} are allowed"
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, text)
            return await _reactions(client, refs, most)

        return await self._do(param, work)

    async def TIMMsgGetAllUserListOfMessageReaction(self, param: Mapping[str, Any]) -> CommonResult:
        """List who gave ``json_msg`` the reaction ``reaction_id``: ``count`` (at most 100) from ``next_seq`` on."""

        async def work(client: Client) -> dict[str, Any]:
            given, prefix = mapping(param), "message_reaction_user_result_"
            ref, count = self._ref(client, object_given(given, "json_msg")), take(given, "count", int, USERS_A_PAGE)
            if not 1 <= count <= USERS_A_PAGE:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"count: {count}, 1 to {USERS_A_PAGE} are allowed")
            page = await client.call(
                GetReactionUsers(
                    **_named(ref), ReactionId=need(given, "reaction_id", str), Limit=count,
                    Next=take(given, "next_seq", int, 0),
                )
            )  # fmt: skip
            users = [profile(one.UserID, {"Nick": one.Nick, "FaceUrl": one.FaceUrl}) for one in page.UserList]
            return {
                f"{prefix}user_info_array": users, f"{prefix}next_seq": page.Next,
                f"{prefix}is_finished": bool(page.IsFinished),
            }  # fmt: skip

        return await self._do(param, work)

    async def TIMPinGroupMessage(self, param: Mapping[str, Any]) -> CommonResult:
        """Pin ``json_msg`` in the group or topic ``group_id``, or (``is_pinned`` false) take the pin off."""

        async def work(client: Client) -> str:
            given = mapping(param)
            place = Place(GROUP, need(given, "group_id", str))
            ref = self._ref(client, object_given(given, "json_msg"), place)
            pinned = take(given, "is_pinned", bool, default=False)
            await client.call(PinGroupMessage(**place.group, MsgSeq=ref.seq, Pinned=pinned))
            return ""

        return await self._do(param, work)

    async def TIMGetPinnedGroupMessageList(self, param: Mapping[str, Any]) -> CommonResult:
        """List the pinned messages of the group or topic ``group_id``, the one pinned last first."""

        async def work(client: Client) -> list[Message]:
            place = Place(GROUP, need(mapping(param), "group_id", str))
            found = (await client.call(GetPinnedGroupMessages(**place.group))).Items
            known = await self._profiles.of(client, [item.Pinner_Account for item in found])
            return [
                self._kept(client).see(from_told(msgspec.json.decode(item.Message), client.user))
                | _pinner(item.Pinner_Account, known)
                for item in found
            ]

        return await self._do(param, work)

    async def _with_ids(self, client: Client, refs: Sequence[Ref]) -> list[Ref]:
        """Return refs that are complete, so that they tell their ids."""
        whole: list[Ref] = []
        for ref in refs:
            message = None if ref.at else await self._reading(client).one(ref.place, ref)
            whole.append(ref if message is None else self._ref(client, message))
        return whole


def _pinner(user: str, known: Mapping[str, Json]) -> dict[str, str]:
    found = known.get(user, {})
    return {
        "message_pinner_user_id": user, "message_pinner_nick_name": found.get("Nick", ""),
        "message_pinner_face_url": found.get("FaceUrl", ""), "message_pinner_name_card": "",
        "message_pinner_friend_remark": "",
    }  # fmt: skip


def _named(ref: Ref) -> dict[str, Any]:
    """Return the fields by which commands about reactions name a message."""
    if ref.place.type == C2C:
        return {"Peer_Account": ref.place.id, "MsgKey": ref.key}
    return {**ref.place.group, "MsgSeq": ref.seq}


async def _read(client: Client, ref: Ref) -> Versions:
    """Return all extensions of a message, with their versions, page by page."""
    found: Versions = {}
    start = 0
    while True:
        if ref.place.type == C2C:
            page = await client.call(GetKeyValues(**ref.parties(client.user), MsgKey=ref.key, StartSeq=start))
        else:
            page = await client.call(GroupGetKeyValues(**ref.place.group, MsgSeq=ref.seq, StartSeq=start))
        before = len(found)
        found |= {item.Key: (item.Value, item.Seq) for item in page.ExtensionList}
        if page.CompleteFlag or len(found) == before:
            return found
        start = page.ExtensionList[-1].Seq


async def _write(client: Client, ref: Ref, operation: int, changes: list[GivenExtension]) -> WrittenExtensions:
    if ref.place.type == C2C:
        return await client.call(
            SetKeyValues(**ref.parties(client.user), MsgKey=ref.key, OperateType=operation, ExtensionList=changes)
        )
    return await client.call(
        GroupSetKeyValues(**ref.place.group, MsgSeq=ref.seq, OperateType=operation, ExtensionList=changes)
    )


def _results(reply: WrittenExtensions) -> list[dict[str, Any]]:
    return [_result(item) for item in reply.ExtensionList]


def _result(item: ExtensionResult) -> dict[str, Any]:
    return {
        "message_extension_result_code": item.ErrorCode, "message_extension_result_info": item.ErrorInfo,
        "message_extension_item": extension(item.Extension.Key, item.Extension.Value),
    }  # fmt: skip


async def _reactions(client: Client, refs: Sequence[Ref], most: int) -> list[dict[str, Any]]:
    prefix = "message_reaction_result_"
    if len({ref.place for ref in refs}) > 1:
        raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, "json_msg_array: of several conversations")
    wanted = GetMessageReactions(**reactions_of(refs), MaxUserCountPerReaction=most)
    reply = await client.call(wanted)
    return [
        {
            f"{prefix}code": item.ErrorCode, f"{prefix}info": item.ErrorInfo, f"{prefix}msg_id": ref.id,
            f"{prefix}reaction_list": [
                reaction(
                    {"ReactionId": one.ReactionId, "TotalUserCount": one.TotalUserCount,
                     "UserList": [{"UserID": u.UserID, "Nick": u.Nick, "FaceUrl": u.FaceUrl} for u in one.UserList]},
                    mine=bool(one.ReactedByMyself),
                )
                for one in item.ReactionList
            ],
        }
        for ref, item in zip(refs, reply.MessageList, strict=True)
    ]  # fmt: skip
