"""Calls about group attributes. What is read is kept, with its versions: a write of what somebody else changed fails.

After 10056 read the attributes again, then write.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.attributes import (
    AttributeKey,
    ClearGroupAttr,
    DeleteGroupAttr,
    ModifyGroupAttr,
    NewAttribute,
    SetGroupAttr,
)
from qunzhu.core.errors import ATTRIBUTE_CONFLICT, ATTRIBUTE_UNKNOWN
from qunzhu.tim.attribute_cache import shown
from qunzhu.tim.calls import Calls, data_of, mapping
from qunzhu.tim.convert import Json, WrongParameter, items, need, take, texts
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.params import CallbackParams, CommonResult

Writing = SetGroupAttr | ModifyGroupAttr | ClearGroupAttr | DeleteGroupAttr
OUTDATED = frozenset({ATTRIBUTE_CONFLICT.code, ATTRIBUTE_UNKNOWN.code})
"""Codes that say that what was read is not true any longer."""


class AttributeCalls(Calls):
    """Calls about group attributes."""

    async def TIMGroupInitGroupAttributes(self, param: Mapping[str, Any]) -> CommonResult:
        """Give the group ``groupId`` the ``attributes`` (array of ``GroupAttributes``) and no others."""

        async def work(client: Client) -> str:
            group, values = _given(mapping(param))
            request = SetGroupAttr(GroupId=group, GroupAttr=[NewAttribute(key=k, value=v) for k, v in values.items()])
            async with self._listeners.attributes.writing(group):
                await self._write(client, request, values, None)
            return ""

        return await self._do(param, work)

    async def TIMGroupSetGroupAttributes(self, param: Mapping[str, Any]) -> CommonResult:
        """Add or change the ``attributes`` of the group ``groupId``; 10056 where somebody else just changed one."""

        async def work(client: Client) -> str:
            group, values = _given(mapping(param))
            async with self._listeners.attributes.writing(group):
                known = (await self._listeners.attributes.of(client, group)).values
                wanted = [NewAttribute(key=k, value=v, seq=known.get(k, ("", 0))[1]) for k, v in values.items()]
                await self._write(client, ModifyGroupAttr(GroupId=group, GroupAttr=wanted), values, ())
            return ""

        return await self._do(param, work)

    async def TIMGroupDeleteGroupAttributes(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete attributes of the group ``groupId`` by ``attributesKey``; without it, all of them.

        10050 where one is not there, 10056 where somebody else just changed one.
        """

        async def work(client: Client) -> str:
            given = mapping(param)
            group, keys = need(given, "groupId", str), texts(given, "attributesKey")
            everything = given.get("attributesKey") is None
            if not keys and not everything:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "attributesKey: at least one, or absent for all")
            async with self._listeners.attributes.writing(group):
                known = await self._listeners.attributes.of(client, group)
                if everything:
                    await self._write(client, ClearGroupAttr(GroupId=group, MainSeq=known.version), {}, None)
                else:
                    wanted = [AttributeKey(key=key, seq=known.values.get(key, ("", 0))[1]) for key in keys]
                    await self._write(client, DeleteGroupAttr(GroupId=group, GroupAttr=wanted), {}, keys)
            return ""

        return await self._do(param, work)

    async def TIMGroupGetGroupAttributes(self, param: Mapping[str, Any]) -> CommonResult:
        """Read attributes of the group ``groupId``: those of ``attributesKey`` that are there, without it all.

        ``json_param`` is an array of ``GroupAttributes`` in the order of the keys.
        """

        async def work(client: Client) -> list[dict[str, str]]:
            given = mapping(param)
            known = await self._listeners.attributes.of(client, need(given, "groupId", str))
            return shown(known.values, texts(given, "attributesKey"))

        return await self._do(param, work)

    async def TIMSetGroupAttributeChangedCallback(self, param: CallbackParams) -> None:
        """Listen for changed attributes: ``[group id, array of all its GroupAttributes as text, user data]``."""
        self._listeners.set("attributes", param.get("callback"), data_of(param))

    async def _write(
        self, client: Client, request: Writing, written: dict[str, str], removed: Iterable[str] | None
    ) -> None:
        """Write, and know what comes of it: the new versions, or that what was read is not true any longer."""
        try:
            answer = await client.call(request)
        except CallFailed as fault:
            if fault.code in OUTDATED:
                self._listeners.attributes.forget(request.GroupId)
            raise
        self._listeners.attributes.wrote(request.GroupId, answer, written, removed)


def _given(param: Json) -> tuple[str, dict[str, str]]:
    """Return the group and the attributes of a parameter, by key."""
    group = need(param, "groupId", str)
    values: dict[str, str] = {}
    for item in items(param, "attributes"):
        values[need(item, "group_attribute_key", str)] = take(item, "group_attribute_value", str, "")
    if not values:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, "attributes: required")
    return group, values
