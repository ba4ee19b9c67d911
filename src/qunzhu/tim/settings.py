"""``TIMSetConfig`` and ``TIMSetLogCallback``: settings of the SDK, and its log."""

from collections.abc import Mapping
from typing import Any

from qunzhu.tim.calls import Calls, data_of
from qunzhu.tim.convert import Json, WrongParameter, mapping, take
from qunzhu.tim.enums import TIMErrCode, TIMLogLevel, TIMResult
from qunzhu.tim.message_params import object_given
from qunzhu.tim.params import CallbackParams, CommonResult
from qunzhu.tim.sdk_log import SdkLog

SET = "set_config_"
LEVELS = (f"{SET}log_level", f"{SET}callback_log_level")
CONSOLE, USER_CONFIG, USER_DATA = f"{SET}is_log_output_console", f"{SET}user_config", f"{SET}user_define_data"
PROXIES = (f"{SET}http_proxy_info", f"{SET}socks5_proxy_info", f"{SET}pac_proxy_info")
USER_DATA_BYTES = 64
DEFAULTS: Json = {
    LEVELS[0]: int(TIMLogLevel.kTIMLog_Info), LEVELS[1]: int(TIMLogLevel.kTIMLog_Info), CONSOLE: False,
    USER_CONFIG: {}, USER_DATA: "", f"{SET}is_only_local_dns_source": False,
}  # fmt: skip
"""Settings as they are before the first ``TIMSetConfig``."""


class SettingCalls(Calls):
    """Settings of the SDK, and its log; neither needs ``TIMInit``."""

    _log: SdkLog
    _settings: dict[str, Any]

    async def TIMSetConfig(self, param: Mapping[str, Any]) -> CommonResult:
        """Change settings, all that are named or none; ``json_param`` is the whole ``SetConfig`` after it.

        Log levels and the output to standard error count from now on. User settings, the caller's text and the source
        of names are kept and told, and make no difference: nothing is on disk, names are found by the system. -4 for a
        wrong value or more than 64 bytes of text, 7013 for a proxy.
        """

        def work() -> dict[str, Any]:
            given = object_given(mapping(param), "json_config")
            _refuse_proxies(given)
            changed = {**_levels(given), **_flags(given), **_user(given, self._settings[USER_CONFIG])}
            self._settings |= changed
            self._log.file_level, self._log.callback_level = (TIMLogLevel(self._settings[key]) for key in LEVELS)
            self._log.console = self._settings[CONSOLE]
            self._log.settle()
            return dict(self._settings)

        return self._at_once(param, work)

    async def TIMSetLogCallback(self, param: CallbackParams) -> None:
        """Listen for lines of the log: ``[TIMLogLevel, line, user data]``."""
        self._log.listen(param.get("callback"), data_of(param))


def _refuse_proxies(given: Json) -> None:
    for key in PROXIES:
        if take(given, key, Mapping):
            text = f"{key}: not served; a connection to another machine goes by https_proxy or http_proxy"
            raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, text)


def _levels(given: Json) -> dict[str, int]:
    found = {key: level for key in LEVELS if (level := take(given, key, int)) is not None}
    for key, level in found.items():
        if level not in set(TIMLogLevel):
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {level} is no TIMLogLevel: 0 to 7")
    return found


def _flags(given: Json) -> dict[str, bool]:
    keys = (CONSOLE, f"{SET}is_only_local_dns_source")
    return {key: flag for key in keys if (flag := take(given, key, bool)) is not None}


def _user(given: Json, before: Json) -> dict[str, Any]:
    """Return user settings, changed key by key, and the caller's text."""
    found: dict[str, Any] = {}
    if (config := take(given, USER_CONFIG, Mapping)) is not None:
        found[USER_CONFIG] = {**before, **config}
    if (text := take(given, USER_DATA, str)) is not None:
        if (size := len(text.encode(errors="surrogatepass"))) > USER_DATA_BYTES:
            detail = f"{USER_DATA}: {size} bytes, at most {USER_DATA_BYTES} bytes of UTF-8 are allowed"
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, detail)
        found[USER_DATA] = text
    return found
