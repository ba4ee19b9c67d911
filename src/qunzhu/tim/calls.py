"""What all calls of the SDK share: results, parameters, and running something that needs a login."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.tim.cache import Cache
from qunzhu.tim.convert import WrongParameter, mapping
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.listeners import Listeners
from qunzhu.tim.params import CommonResult
from qunzhu.tim.profiles import Profiles

__all__ = ["CURSORS_KEPT", "Calls", "Work", "data_of", "mapping", "result_of"]
CURSORS_KEPT = 1000
Work = Callable[[Client], Awaitable[Any]]


def result_of(code: int, desc: str, json: Any, data: Any) -> CommonResult:
    """Return a call's result; ``json_param`` and ``json_params`` are the same."""
    return {"code": code, "desc": desc, "json_param": json, "json_params": json, "user_data": data}


def data_of(param: Any) -> Any:
    """Return a call's user data as it was given."""
    if not isinstance(param, Mapping):
        return param if isinstance(param, str) else ""
    return next((param[key] for key in ("data", "userData", "user_data") if param.get(key) is not None), "")


class Calls:
    """The part of ``TimRender`` that its groups of calls build on."""

    _ready: bool
    _client: Client | None
    _profiles: Profiles
    _listeners: Listeners
    _cursors: dict[int, str]
    _last_cursor: int
    _cache: Cache | None

    def _cached(self, client: Client) -> Cache:
        """Return what was read of a client's groups; nothing of another client."""
        if self._cache is None or self._cache.client is not client:
            self._cache = Cache(client)
        return self._cache

    async def _do(self, param: Any, work: Work) -> CommonResult:
        """Run a call that needs a login, and turn what comes of it into a result."""
        data = data_of(param)
        if not self._ready:
            return result_of(int(TIMResult.TIM_ERR_SDKUNINIT), "TIMInit comes first", "", data)
        if self._client is None:
            return result_of(int(TIMResult.TIM_ERR_NOTLOGIN), "TIMLogin comes first", "", data)
        try:
            return result_of(0, "", await work(self._client), data)
        except WrongParameter as fault:
            return result_of(int(fault.code), fault.text, fault.json, data)
        except CallFailed as fault:
            return result_of(int(fault.code), fault.text, "", data)
        except UnicodeEncodeError as fault:
            return result_of(int(TIMResult.TIM_ERR_JSON), f"not UTF-8 text: {fault.reason}", "", data)

    def _at_once(self, param: Any, work: Callable[[], Any]) -> CommonResult:
        """Run a call that needs no login and waits for nothing."""
        data = data_of(param)
        try:
            return result_of(0, "", work(), data)
        except WrongParameter as fault:
            return result_of(int(fault.code), fault.text, fault.json, data)

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
