"""Calls about group counters."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.counters import Counter, Counters, GetGroupCounter, UpdateGroupCounter
from qunzhu.tim.calls import Calls, data_of, mapping
from qunzhu.tim.convert import WrongParameter, items, need, take, texts
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.params import CallbackParams, CommonResult

_KEY, _VALUE = "group_counter_key", "group_counter_value"


class CounterCalls(Calls):
    """Calls about group counters."""

    async def TIMGroupSetGroupCounters(self, param: Mapping[str, Any]) -> CommonResult:
        """Set counters of a group: ``params`` has ``group_id`` and ``json_group_counter_array`` of ``GroupCounter``.

        ``json_param`` is an array of those set.
        """

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(mapping(param).get("params"), "params")
            group = need(given, "group_id", str)
            found = items(given, "json_group_counter_array")
            wanted = [Counter(Key=need(item, _KEY, str), Value=_value(item)) for item in found]
            if not wanted:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "json_group_counter_array: required")
            return _shown(await client.call(UpdateGroupCounter(GroupId=group, GroupCounter=wanted, Mode="Set")))

        return await self._do(param, work)

    async def TIMGroupGetGroupCounters(self, param: Mapping[str, Any]) -> CommonResult:
        """Read counters of the group ``group_id``: those of ``json_group_counter_key_array`` that are there, or all."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            keys = texts(given, "json_group_counter_key_array")
            return _shown(
                await client.call(GetGroupCounter(GroupId=need(given, "group_id", str), GroupCounterKeys=keys or None))
            )

        return await self._do(param, work)

    async def TIMGroupIncreaseGroupCounter(self, param: Mapping[str, Any]) -> CommonResult:
        """Add ``group_counter_value`` to the counter ``group_counter_key`` of the group ``group_id``."""
        return await self._step(param, "Increase")

    async def TIMGroupDecreaseGroupCounter(self, param: Mapping[str, Any]) -> CommonResult:
        """Take ``group_counter_value`` from the counter ``group_counter_key`` of the group ``group_id``."""
        return await self._step(param, "Decrease")

    async def TIMSetGroupCounterChangedCallback(self, param: CallbackParams) -> None:
        """Listen for changed counters, one by one: ``[group id, key, new value, user data]``; deleted: 0."""
        self._listeners.set("counter", param.get("callback"), data_of(param))

    async def _step(self, param: Mapping[str, Any], mode: str) -> CommonResult:
        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            counter = Counter(Key=need(given, _KEY, str), Value=_value(given))
            group = need(given, "group_id", str)
            return _shown(await client.call(UpdateGroupCounter(GroupId=group, GroupCounter=[counter], Mode=mode)))

        return await self._do(param, work)


def _value(given: Mapping[str, Any]) -> int:
    """Return a counter's value, which may be 0 but not absent."""
    value = take(given, _VALUE, int)
    if value is None:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{_VALUE}: required")
    return int(value)


def _shown(reply: Counters) -> list[dict[str, Any]]:
    return [{_KEY: item.Key, _VALUE: item.Value} for item in reply.GroupCounter]
