"""Calls by which a user sorts his conversations: marks, custom data, and conversation groups."""

from collections.abc import Iterable, Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands import contact_groups as server
from qunzhu.commands import contact_marks
from qunzhu.commands._contact_items import ContactItem, ContactResult
from qunzhu.tim import conversation_info as info
from qunzhu.tim.calls import mapping
from qunzhu.tim.conversation_keeping import KeepingCalls, keys_given, outcomes, right
from qunzhu.tim.conversation_reads import named
from qunzhu.tim.conversations import C2C, GROUP, Key
from qunzhu.tim.convert import WrongParameter, need, take
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.params import CommonResult

Results = Iterable[ContactResult | contact_marks.MarkResult]


class ConversationGroupCalls(KeepingCalls):
    """Calls by which a user sorts his conversations."""

    async def TIMConvMarkConversation(self, param: Mapping[str, Any]) -> CommonResult:
        """Give conversations ``conversation_id_array`` the marks ``mark_type``, or take them, as ``enable_mark`` says.

        Marks are bits of 64: ``TIMConversationMarkType``, and from bit 32 on the app's own.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            marks, on = _marks(need(given, "mark_type", int)), take(given, "enable_mark", bool, default=False)
            asked = keys_given(given)
            keys, results = right(asked), list[contact_marks.MarkResult]()
            if keys:
                listed = [_marking(key, info.mark_bits(marks), on=on) for key in keys]
                results = (
                    await client.call(contact_marks.MarkContact(From_Account=client.user, MarkItem=listed))
                ).ResultItem
            faults = _faults(results)
            kept = await self._conversations(client)
            now = [
                {**info.item(key), "Marks": one.marks | marks if on else one.marks & ~marks}
                for key in keys
                if key not in faults and (one := kept.get(key)) is not None
            ]
            await self._keeping(client).did({"ChangeType": "Marked", "ConvList": now})
            return outcomes(asked, faults)

        return await self._do(param, work)

    async def TIMConvSetConversationCustomData(self, param: Mapping[str, Any]) -> CommonResult:
        """Keep the text ``custom_data`` with conversations ``conversation_id_array``: 256 bytes, empty for none."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            asked, text = keys_given(given), take(given, "custom_data", str, "")
            keys, faults = right(asked), dict[Key, tuple[int, str]]()
            if keys:
                request = contact_marks.SetConversationData(ConvList=[named(key) for key in keys], CustomData=text)
                faults = _faults((await client.call(request)).ResultItem)
            now = [{**info.item(key), "CustomData": text} for key in keys if key not in faults]
            await self._keeping(client).did({"ChangeType": "Custom", "ConvList": now})
            return outcomes(asked, faults)

        return await self._do(param, work)

    async def TIMConvCreateConversationGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Make the conversation group ``group_name`` of conversations ``conversation_id_array``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            name, asked = need(given, "group_name", str), keys_given(given)
            folder = server.NewFolder(GroupName=name, ContactItem=[_contact(key) for key in right(asked)])
            reply = await client.call(server.CreateContactGroup(From_Account=client.user, GroupContactItem=[folder]))
            faults = _faults(reply.GroupResultItem[0].ResultItem)
            await self._sorted(client, "GroupCreated", name, asked, faults)
            return outcomes(asked, faults)

        return await self._do(param, work)

    async def TIMConvGetConversationGroupList(self, param: Any = "") -> CommonResult:
        """List the names of the conversation groups; the parameter is user data."""

        async def work(client: Client) -> list[str]:
            reply = await client.call(contact_marks.GetContactGroup(From_Account=client.user, StartIndex=0))
            return [item.GroupName for item in reply.GroupItem]

        return await self._do(param, work)

    async def TIMConvDeleteConversationGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete the conversation group ``group_name``; its conversations stay."""

        async def work(client: Client) -> str:
            name = need(mapping(param), "group_name", str)
            await client.call(server.DelContactGroup(From_Account=client.user, GroupName=[name]))
            await self._keeping(client).did({"ChangeType": "GroupDeleted", "GroupName": name})
            return ""

        return await self._do(param, work)

    async def TIMConvRenameConversationGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Give the conversation group ``old_name`` the name ``new_name``."""

        async def work(client: Client) -> str:
            given = mapping(param)
            old, new = need(given, "old_name", str), need(given, "new_name", str)
            update = server.FolderUpdate(UpdateGroupType=server.RENAME, OldGroupName=old, NewGroupName=new)
            await client.call(_update(client, update))
            await self._keeping(client).did({"ChangeType": "GroupRenamed", "OldGroupName": old, "GroupName": new})
            return ""

        return await self._do(param, work)

    async def TIMConvAddConversationsToGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Put conversations ``conversation_id_array`` into the conversation group ``group_name``."""
        return await self._do(param, lambda client: self._refill(client, param, server.ADD, "GroupAdded"))

    async def TIMConvDeleteConversationsFromGroup(self, param: Mapping[str, Any]) -> CommonResult:
        """Take conversations ``conversation_id_array`` out of the conversation group ``group_name``."""
        return await self._do(param, lambda client: self._refill(client, param, server.REMOVE, "GroupRemoved"))

    async def _refill(self, client: Client, param: Any, how: int, change: str) -> list[dict[str, Any]]:
        given = mapping(param)
        name, asked = need(given, "group_name", str), keys_given(given)
        items = [server.UpdatedContact(ContactOptType=how, ContactItem=_contact(key)) for key in right(asked)]
        update = server.FolderUpdate(UpdateGroupType=server.CONTENTS, OldGroupName=name, ContactUpdateItem=items)
        faults = _faults((await client.call(_update(client, update))).UpdateGroupResult.ContactResultItem)
        await self._sorted(client, change, name, asked, faults)
        return outcomes(asked, faults)

    async def _sorted(self, client: Client, change: str, name: str, asked: Any, faults: Mapping[Key, Any]) -> None:
        """Take in that conversations came into a conversation group, or left it."""
        moved = [info.item(key) for key in right(asked) if key not in faults]
        if moved or change == "GroupCreated":
            await self._keeping(client).did({"ChangeType": change, "GroupName": name, "ConvList": moved})


def _update(client: Client, update: server.FolderUpdate) -> server.UpdateContactGroup:
    return server.UpdateContactGroup(From_Account=client.user, UpdateType=1, UpdateGroup=update)


def _contact(key: Key) -> ContactItem:
    if key.sort == C2C:
        return ContactItem(Type=C2C, To_Account=key.peer)
    return ContactItem(Type=GROUP, ToGroupId=key.peer)


def _marking(key: Key, bits: Iterable[int], *, on: bool) -> contact_marks.MarkItem:
    """Return what to mark: the server counts marks from 1."""
    numbers = [bit.bit_length() for bit in bits]
    if on:
        return contact_marks.MarkItem(OptType=contact_marks.STANDARD, ContactItem=_contact(key), SetMark=numbers)
    return contact_marks.MarkItem(OptType=contact_marks.STANDARD, ContactItem=_contact(key), ClearMark=numbers)


def _faults(results: Results) -> dict[Key, tuple[int, str]]:
    """Return what went wrong, by conversation."""
    found = {}
    for result in results:
        named = result.ContactItem
        peer = named.To_Account if named.Type == C2C else named.ToGroupId
        if result.ResultCode and isinstance(peer, str):
            found[Key(named.Type, peer)] = result.ResultCode, result.ResultInfo
    return found


def _marks(given: int) -> int:
    """Return a mask of marks; what has a sign is the same 64 bits."""
    marks = given & (1 << info.BITS) - 1
    if given not in {marks, marks - (1 << info.BITS)}:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, "mark_type: more than 64 bits")
    return marks
