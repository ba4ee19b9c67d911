"""``TimRender``: the SDK interface, call by call, over ``qunzhu.client``.

A call resolves to a ``CommonResult`` even when it failed: look at ``code``. Negative codes (``TIMResult``) say that it
did not begin, codes of ``TIMErrCode`` come from the SDK, all others from the server.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from qunzhu import __version__
from qunzhu.client import Client
from qunzhu.client.errors import NOT_INITIALIZED, NOT_LOGGED_IN, CallFailed
from qunzhu.client.events import ClientEvent
from qunzhu.core.errors import ErrorRow
from qunzhu.tim.attached import AttachedCalls
from qunzhu.tim.attributes import AttributeCalls
from qunzhu.tim.calls import data_of, mapping, result_of
from qunzhu.tim.conversation_calls import ConversationCalls
from qunzhu.tim.conversation_groups import ConversationGroupCalls
from qunzhu.tim.conversation_listeners import CONVERSATION_LISTENERS, ConversationListenerCalls
from qunzhu.tim.conversation_reading import ConversationReadingCalls
from qunzhu.tim.convert import WrongParameter, need, path_given, take
from qunzhu.tim.counters import CounterCalls
from qunzhu.tim.downloads import DownloadCalls
from qunzhu.tim.enums import TIMErrCode, TIMLoginStatus, TIMResult
from qunzhu.tim.experimental import ExperimentalCalls
from qunzhu.tim.groups import GroupCalls
from qunzhu.tim.listeners import Listeners
from qunzhu.tim.live import LiveCalls
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.member_info import MemberInfoCalls
from qunzhu.tim.members import MemberCalls
from qunzhu.tim.message_edits import EditCalls
from qunzhu.tim.message_history import HistoryCalls
from qunzhu.tim.message_listeners import MessageListeners
from qunzhu.tim.message_search import SearchMessageCalls
from qunzhu.tim.params import CallbackParams, CommonResult
from qunzhu.tim.pendency import PendencyCalls
from qunzhu.tim.permission_groups import PermissionGroupCalls
from qunzhu.tim.place import Place
from qunzhu.tim.profiles import Profiles
from qunzhu.tim.receipts import ReceiptCalls
from qunzhu.tim.receive_options import ReceiveOptionCalls
from qunzhu.tim.sdk_log import SdkLog
from qunzhu.tim.search import SearchCalls
from qunzhu.tim.sending import SendCalls
from qunzhu.tim.settings import DEFAULTS, SettingCalls
from qunzhu.tim.topics import TopicCalls
from qunzhu.tim.unserved import UnservedCalls

log = logging.getLogger("qunzhu.tim")
DEFAULT_PLATFORM = "Linux"
DEMO_SDKAPPID = 1400000000
_UNDER_WAY = {
    TIMLoginStatus.kTIMLoginStatus_Logining: (TIMErrCode.ERR_SDK_ACCOUNT_LOGIN_IN_PROCESS, "a login is under way"),
    TIMLoginStatus.kTIMLoginStatus_Logouting: (TIMErrCode.ERR_SDK_ACCOUNT_LOGOUT_IN_PROCESS, "a logout is under way"),
}
"""What refuses a login meanwhile."""


class TimRender(
    AttachedCalls,
    AttributeCalls,
    ConversationCalls,
    ConversationGroupCalls,
    ConversationListenerCalls,
    ConversationReadingCalls,
    CounterCalls,
    DownloadCalls,
    EditCalls,
    ExperimentalCalls,
    GroupCalls,
    HistoryCalls,
    LiveCalls,
    MemberCalls,
    MemberInfoCalls,
    MessageListeners,
    PendencyCalls,
    PermissionGroupCalls,
    ReceiptCalls,
    ReceiveOptionCalls,
    SearchCalls,
    SearchMessageCalls,
    SendCalls,
    SettingCalls,
    TopicCalls,
    UnservedCalls,
):
    """One SDK: one app, one user at a time. All calls belong to one event loop.

    ``server`` is the address of a qunzhu server; without it ``QUNZHU_SERVER`` counts, else this machine. ``ca`` is the
    path of a PEM file with the authority to trust for ``wss`` and ``https``; without it ``QUNZHU_CA`` counts, else the
    system's roots. A login ends an earlier one of the same user on the same ``platform`` only.
    """

    def __init__(
        self, sdkappid: int = DEMO_SDKAPPID, server: str | None = None, platform: str = DEFAULT_PLATFORM,
        ca: str | None = None,
    ) -> None:  # fmt: skip
        self._sdkappid = sdkappid
        self._platform = platform
        self._place = Place(server, ca)
        self._log = SdkLog()
        self._settings = dict(DEFAULTS)
        self._ready = False
        self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined
        self._client: Client | None = None
        self._teller: asyncio.Task[None] | None = None
        self._profiles = Profiles()
        self._messages: dict[str, LocalMessages] = {}
        self._uploads = {}
        self._in_the_background: set[asyncio.Task[Any]] = set()
        self._listeners = Listeners(self._profiles, self._ended, self._messages)
        self._cursors: dict[int, str] = {}
        self._last_cursor = 0
        self._cache = None
        self._keeper = None

    async def TIMInit(self, param: Mapping[str, Any] | None = None) -> int:
        """Start the SDK; ``sdkappid``, ``server``, ``ca``, ``platform`` replace those of the constructor.

        ``config`` is an ``SdKConfig``: in the folder ``sdk_config_log_file_path`` the log is written.
        """
        try:
            given = mapping({} if param is None else param)
            self._sdkappid = take(given, "sdkappid", int, self._sdkappid)
            self._platform = take(given, "platform", str, self._platform)
            self._place.change(given)
            folder = path_given(take(given, "config", Mapping, {}), "sdk_config_log_file_path")
        except WrongParameter as fault:
            return int(fault.code)
        if folder:
            self._log.write_to(folder)
        self._ready = True
        log.info("qunzhu %s for app %s", __version__, self._sdkappid)
        return int(TIMResult.TIM_SUCC)

    async def TIMUninit(self) -> int:
        """Log out, forget all listeners and stop."""
        if not self._ready:
            return int(TIMResult.TIM_ERR_SDKUNINIT)
        await self._leave(NOT_INITIALIZED)
        self._listeners.clear()
        self._messages.clear()
        self._ready = False
        log.info("stopped")
        self._log.close()
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
            return result_of(int(TIMResult.TIM_ERR_SDKUNINIT), "TIMInit comes first", "", "")
        logged_in = self._client is not None and self._status is TIMLoginStatus.kTIMLoginStatus_Logined
        return result_of(0, "", self._client.user if logged_in and self._client else "", "")

    async def TIMLogin(self, param: Mapping[str, Any]) -> CommonResult:
        """Log a user in: ``userID``, ``userSig``, ``userData``. Another user who is logged in is logged out first."""
        data = data_of(param)
        if not self._ready:
            return result_of(int(TIMResult.TIM_ERR_SDKUNINIT), "TIMInit comes first", "", data)
        if self._status in _UNDER_WAY:
            code, text = _UNDER_WAY[self._status]
            return result_of(int(code), text, "", data)
        try:
            given = mapping(param)
            await self._enter(need(given, "userID", str), need(given, "userSig", str))
        except (WrongParameter, CallFailed) as fault:
            log.info("login failed: %s %s", int(fault.code), fault.text)
            return result_of(int(fault.code), fault.text, "", data_of(param))
        log.info("logged in as %s", given["userID"])
        return result_of(0, "", "", data_of(param))

    async def TIMLogout(self, param: Mapping[str, Any] | None = None) -> CommonResult:
        """Log out."""
        if not self._ready or self._client is None:
            code = TIMResult.TIM_ERR_NOTLOGIN if self._ready else TIMResult.TIM_ERR_SDKUNINIT
            return result_of(int(code), "nobody is logged in", "", data_of(param))
        await self._leave()
        log.info("logged out")
        return result_of(0, "", "", data_of(param))

    async def TIMSetGroupTipsEventCallback(self, param: CallbackParams) -> None:
        """Listen for group tips: ``[GroupTipsElem as text, user data]``."""
        self._listeners.set("tips", param.get("callback"), data_of(param))

    async def TIMSetKickedOfflineCallback(self, param: CallbackParams) -> None:
        """Listen for the end of the login by another one or by an administrator: ``[user data]``."""
        self._listeners.set("kicked", param.get("callback"), data_of(param))

    async def TIMSetUserSigExpiredCallback(self, param: CallbackParams) -> None:
        """Listen for the end of the UserSig: ``[user data]``."""
        self._listeners.set("expired", param.get("callback"), data_of(param))

    async def TIMSetNetworkStatusListenerCallback(self, param: CallbackParams) -> None:
        """Listen for the connection's state: ``[TIMNetworkStatus, code, text, user data]``."""
        self._listeners.set("network", param.get("callback"), data_of(param))

    async def _enter(self, user: str, sig: str) -> None:
        logged_in = self._client is not None and self._status is TIMLoginStatus.kTIMLoginStatus_Logined
        if logged_in and self._client and self._client.user == user:
            return
        client = Client(self._place.urls()[0], self._sdkappid, user, sig, self._platform, self._place.options())
        if self._client is not None:
            await self._leave()
        elif self._teller is not None:  # that of a login which others ended
            self._teller.cancel()
        self._status = TIMLoginStatus.kTIMLoginStatus_Logining
        events: asyncio.Queue[ClientEvent] = asyncio.Queue()
        client.listen(events.put_nowait)
        teller = self._teller = asyncio.create_task(self._listeners.tell_all(client, events))
        try:
            await client.open()
        except BaseException as fault:
            if self._teller is teller:
                self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined
            await asyncio.sleep(0)
            teller.cancel()
            if isinstance(fault, ValueError | UnicodeEncodeError):
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, str(fault)) from None
            raise
        if self._teller is not teller:  # the SDK was stopped meanwhile
            await client.close(NOT_INITIALIZED)
            raise CallFailed(NOT_INITIALIZED.code, NOT_INITIALIZED.text)
        self._client = client
        self._status = TIMLoginStatus.kTIMLoginStatus_Logined
        if self._listeners.hears(*CONVERSATION_LISTENERS):
            self._keeping(client)

    async def _leave(self, reason: ErrorRow = NOT_LOGGED_IN) -> None:
        client, self._client, self._cache = self._client, None, None
        self._stop_keeping(reason)
        if client is not None:
            self._status = TIMLoginStatus.kTIMLoginStatus_Logouting
            await client.close(reason)
        teller, self._teller = self._teller, None
        if teller is not None and teller is not asyncio.current_task():
            teller.cancel()
        self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined

    def _ended(self, client: Client) -> None:
        if self._client is client:
            self._client = None
            self._stop_keeping()
            self._status = TIMLoginStatus.kTIMLoginStatus_UnLogined
