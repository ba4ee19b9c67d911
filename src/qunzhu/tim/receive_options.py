"""Calls about how messages reach the user: those of some users, and all of them. Groups are in ``member_info.py``."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.contacts import GetC2CReceiveOption, SetC2CReceiveOption
from qunzhu.commands.receive_options import GetAllReceiveOption, SetAllReceiveOption
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.tim.calls import mapping
from qunzhu.tim.convert import Json, WrongParameter, take
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_changes import HOUR, MINUTE, all_option
from qunzhu.tim.message_params import texts_given
from qunzhu.tim.params import CommonResult

MOST_SET, MOST_READ = 30, 500
OF_USERS = MSG_FLAGS[:3]
"""Options that one-to-one messages can have: nobody is mentioned there."""


class ReceiveOptionCalls(MessageCalls):
    """Calls about how messages reach the user."""

    async def TIMMsgSetC2CReceiveMessageOpt(self, param: Mapping[str, Any]) -> CommonResult:
        """Set the receive option ``opt`` of up to 30 users."""

        async def work(client: Client) -> str:
            given = mapping(param)
            users = texts_given(given, "params", "json_identifier_array", most=MOST_SET)
            await client.call(SetC2CReceiveOption(To_Account=users, MsgFlag=_flag(given)))
            return ""

        return await self._do(param, work)

    async def TIMMsgGetC2CReceiveMessageOpt(self, param: Mapping[str, Any]) -> CommonResult:
        """Read the receive options of up to 500 users; a list of ``GetC2CRecvMsgOptResult``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            users = texts_given(mapping(param), "params", "json_identifier_array", most=MOST_READ)
            reply, prefix = await client.call(GetC2CReceiveOption(To_Account=users)), "msg_recv_msg_opt_result_"
            return [
                {f"{prefix}identifier": item.To_Account, f"{prefix}opt": MSG_FLAGS.index(item.MsgFlag)}
                for item in reply.OptionList
            ]

        return await self._do(param, work)

    async def TIMMsgSetAllReceiveMessageOpt(self, param: Mapping[str, Any]) -> CommonResult:
        """Set ``opt`` for all messages, every day from ``start_hour``, ``start_minute``, ``start_second`` on.

        It holds for ``duration`` seconds, at most a day.
        """

        async def work(client: Client) -> str:
            given = mapping(param)
            start = _part(given, "start_hour", 24) * HOUR + _part(given, "start_minute", 60) * MINUTE
            second = start + _part(given, "start_second", 60)
            duration = take(given, "duration", int, 0)
            await client.call(SetAllReceiveOption(MsgFlag=_flag(given), StartOfDay=second, Duration=duration))
            return ""

        return await self._do(param, work)

    async def TIMMsgSetAllReceiveMessageOpt2(self, param: Mapping[str, Any]) -> CommonResult:
        """Set ``opt`` for all messages once, from ``start_time_stamp`` (unix seconds) on for ``duration`` seconds."""

        async def work(client: Client) -> str:
            given = mapping(param)
            start, duration = take(given, "start_time_stamp", int, 0), take(given, "duration", int, 0)
            await client.call(SetAllReceiveOption(MsgFlag=_flag(given), StartTime=start, Duration=duration))
            return ""

        return await self._do(param, work)

    async def TIMMsgGetAllReceiveMessageOpt(self, param: Any = "") -> CommonResult:
        """Read what is set for all messages; ``json_param`` is a ``TIMReceiveMessageOptInfo``."""

        async def work(client: Client) -> dict[str, int]:
            found = await client.call(GetAllReceiveOption())
            return all_option({
                "MsgFlag": found.MsgFlag, "StartOfDay": found.StartOfDay, "StartTime": found.StartTime,
                "Duration": found.Duration,
            })  # fmt: skip

        return await self._do(param, work)


def _flag(given: Json) -> str:
    number = take(given, "opt", int, -1)
    if not 0 <= number < len(OF_USERS):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"opt: {number} is no receive option")
    return OF_USERS[number]


def _part(given: Json, key: str, most: int) -> int:
    """Return a part of a time of day."""
    value: int = take(given, key, int, 0)
    if not 0 <= value < most:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {value}, 0 to {most - 1} are allowed")
    return value
