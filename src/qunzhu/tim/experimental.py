"""``callExperimentalAPI``: operations of the SDK that have no function of their own."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from qunzhu.tim.calls import Calls
from qunzhu.tim.convert import Json, WrongParameter, mapping, need, take
from qunzhu.tim.enums import TIMErrCode, TIMLogLevel, TIMResult
from qunzhu.tim.message_params import object_given
from qunzhu.tim.params import CommonResult
from qunzhu.tim.place import Place
from qunzhu.tim.sdk_log import PYTHON

log = logging.getLogger("qunzhu.tim")
PREFIX = "internal_operation_"
_NAMES = """
sso_data userid_tinyid tinyid_userid set_env set_ipv6_prior set_max_retry_count set_packet_request_timeout
set_custom_server_info enable_quic_channel set_sm4_gcm_callback init_local_storage
set_cos_save_region_for_conversation set_ui_platform set_database_encrypt_info is_commercial_ability_enabled
set_offline_push_state get_offline_push_state get_message_revoker write_log clear_local_history_message
update_proxy_info report_tuicomponent_usage send_trtc_custom_data send_room_custom_data set_application_id
get_server_config set_ignore_repeat_login start_message_long_polling stop_message_long_polling
find_merger_messages get_brief_group_member_list
"""
OPERATIONS = frozenset(PREFIX + name for name in _NAMES.split())
"""All that the C headers name."""
WRITE_LOG = "request_write_log_"
_LINE_BYTES = 16384
"""Longer lines of an app's own are cut."""


class ExperimentalCalls(Calls):
    """Operations of the SDK that have no function of their own; they need no ``TIMInit``."""

    _place: Place

    async def callExperimentalAPI(self, param: Mapping[str, Any]) -> CommonResult:
        """Run the operation that ``json_param`` (a ``RequestParam``) names; the result is a ``ResponseInfo``.

        Where the server is (for the next login), which user interface this is, and lines for the log. 7013 for all
        other operations of the headers, 6017 for one that they do not name, -4 for a wrong value.
        """

        def work() -> dict[str, str]:
            given = object_given(mapping(param), "json_param")
            operation: str = need(given, "request_internal_operation", str)
            if operation not in OPERATIONS:
                text = f"request_internal_operation: {operation[:200]!r} is no operation"
                raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, text)
            if (run := self._operations().get(operation)) is None:
                raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"{operation}: not served")
            run(given)
            return {"response_internal_operation": operation}

        return self._at_once(param, work)

    def _operations(self) -> dict[str, Callable[[Json], None]]:
        return {
            f"{PREFIX}set_custom_server_info": self._set_server,
            f"{PREFIX}set_ui_platform": _set_ui_platform,
            f"{PREFIX}write_log": _write_log,
        }

    def _set_server(self, given: Json) -> None:
        key = "request_set_custom_server_info_param"
        info = take(given, key, Mapping)
        if info is None:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: required")
        self._place.set_custom(info)
        log.info("the next login goes to %s", ", ".join(self._place.urls()))


def _set_ui_platform(given: Json) -> None:
    """Note in the log which user interface runs on the SDK: nothing else depends on it."""
    key = "request_set_ui_platform_param"
    number = take(given, key, int)
    if number is None or not 0 <= number < 1 << 32:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: a number of 32 bits is required")
    log.info("user interface %d", number)


def _write_log(given: Json) -> None:
    """Write a line of the app's; its level is Info unless given."""
    level = take(given, f"{WRITE_LOG}log_level_param", int, int(TIMLogLevel.kTIMLog_Info))
    if level not in set(TIMLogLevel) or not level:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{WRITE_LOG}log_level_param: {level}, 1 to 7 are levels")
    content = take(given, f"{WRITE_LOG}log_content_param", str, "")
    file, name = (take(given, f"{WRITE_LOG}{key}_name_param", str, "") for key in ("file", "func"))
    line = take(given, f"{WRITE_LOG}line_number_param", int, 0)
    where = ":".join(part for part in (file, name, str(line or "")) if part)
    text = f"{where} {content}" if where else content
    log.log(PYTHON[TIMLogLevel(level)], "%s", text[:_LINE_BYTES])
