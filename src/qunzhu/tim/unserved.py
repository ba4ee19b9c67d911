"""Functions of the headers that this server has no service for: they answer 7013, and do not count as served."""

from typing import Any, ClassVar

from qunzhu.client import Client
from qunzhu.tim.calls import Calls
from qunzhu.tim.convert import WrongParameter
from qunzhu.tim.enums import TIMErrCode
from qunzhu.tim.params import CommonResult


class UnservedCalls(Calls):
    """Calls that nobody serves."""

    UNSERVED: ClassVar[frozenset[str]] = frozenset({"TIMMsgTranslateText", "TIMMsgConvertVoiceToText"})
    """Their names: the page of coverage counts them as missing."""

    async def TIMMsgTranslateText(self, param: Any) -> CommonResult:
        """Translate texts: this server cannot (7013)."""
        return await self._do(param, _refuse("translating"))

    async def TIMMsgConvertVoiceToText(self, param: Any) -> CommonResult:
        """Turn a voice message into text: this server cannot (7013)."""
        return await self._do(param, _refuse("speech recognition"))


def _refuse(what: str) -> Any:
    async def work(client: Client) -> str:
        del client
        raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"{what}: this server has no such service")

    return work
