"""From a call in C to one of the Python SDK, and back to a callback."""

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as Late
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from qunzhu import __version__
from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.config import Config
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.pointers import Pointers
from qunzhu.capi.results import (
    BAD_PARAMETER,
    DONE,
    LOGGED_IN,
    LOGGED_OUT,
    NO_ANSWER,
    NOT_INITIALIZED,
    NOT_LOGGED_IN,
    Refused,
)
from qunzhu.capi.rows import Function, Param
from qunzhu.capi.threads import SdkThread, TellingThread

if TYPE_CHECKING:
    from qunzhu.tim import TimRender

log = logging.getLogger("qunzhu.capi")
ANSWER_SECONDS = 2.0
"""So long a function waits that must answer by its result."""
CALLBACK_SECONDS = 1.0
"""So long clearing a listener waits for a callback that runs at that moment."""
STOP_SECONDS = 5.0
NOT_SUPPORTED = 7013
BEFORE_INIT = frozenset({"callExperimentalAPI", "TIMSetConfig"})
BEFORE_LOGIN = BEFORE_INIT | {"TIMLogin"}
_RANGES = {"uint32_t": (0, 32), "uint64_t": (0, 64), "int64_t": (1, 64)}
Json = dict[str, Any]


class Callee:
    """A function of the caller's with its user data."""

    def __init__(self, pointer: Any, params: tuple[Param, ...], user_data: Any) -> None:
        self.pointer = pointer
        self.params = params
        self.user_data = user_data
        self.cleared = False

    def call(self, args: list[Any]) -> None:
        """Call it with the values that its type has before the user data, unless it was cleared meanwhile."""
        if not self.cleared:
            self.pointer(*map(_to_c, self.params, args), self.user_data)


class Bridge:
    """A loaded library: one SDK, its threads, and who listens. A method named as a C function is that function."""

    def __init__(self, ffi: Any) -> None:
        self._pointers = Pointers(ffi)
        self._thread = SdkThread()
        self._telling = TellingThread()
        self._ready = False
        self._listeners: dict[str, Callee] = {}
        self._messages: list[tuple[Callee, Callable[[list[Any]], None]]] = []
        self._version = ffi.new("char[]", __version__.encode())

    def entry(self, row: Function) -> Callable[..., Any]:
        """Return what runs when a C function is called; it never raises."""
        own = getattr(self, row.name, None)
        run = own or {"call": self._call, "sync": self._answer, "listens": self._listen}[row.sort]

        def entry(*args: Any) -> Any:
            try:
                return run(*args) if own else run(row, args)
            except Refused as fault:
                log.info("%s: %s", row.name, fault.text)
                return None if row.returns == "void" else fault.code
            except Exception:
                log.exception("%s failed", row.name)
                return None if row.returns == "void" else BAD_PARAMETER

        return entry

    def TIMInit(self, sdkappid: int, config: Any) -> int:
        """Start; the SDK itself goes on loading in its thread."""
        found = Config.read(self._pointers.json("json_sdk_config", config))
        self._thread.submit(lambda sdk: sdk.TIMInit({"sdkappid": sdkappid, **found.given()}))
        self._ready = True
        return DONE

    def TIMUninit(self) -> int:
        """Log out and stop: when it returns, no callback runs any more, unless it was called from inside one."""
        if not self._ready:
            return NOT_INITIALIZED
        self._ready = False
        for callee in (*self._listeners.values(), *(callee for callee, _ in self._messages)):
            callee.cleared = True
        self._listeners.clear()
        self._messages.clear()
        stopped = self._thread.submit(lambda sdk: sdk.TIMUninit())
        try:
            stopped.result(STOP_SECONDS)
        except Late:
            log.warning("logging out takes longer than %s s", STOP_SECONDS)
        self._telling.drain(CALLBACK_SECONDS)
        return DONE

    def TIMGetSDKVersion(self) -> Any:
        """Return a text that stays where it is."""
        return self._version

    def TIMGetServerTime(self) -> int:
        """Return unix seconds, 0 before the first login."""
        return int(self._peek(lambda sdk: sdk.TIMGetServerTime()) or 0)

    def TIMGetLoginStatus(self) -> int:
        """Return a ``TIMLoginStatus``."""
        return int(self._peek(lambda sdk: sdk.TIMGetLoginStatus()) or LOGGED_OUT)

    def TIMGetLoginUserID(self, room: Any) -> int:
        """Write the user's id into a buffer, nothing where nobody is logged in."""
        if not self._ready:
            return NOT_INITIALIZED
        found = self._peek(lambda sdk: sdk.TIMGetLoginUserID())
        self._pointers.fill(room, found["json_param"] if found else "")
        return DONE

    def TIMAddRecvNewMsgCallback(self, pointer: Any, user_data: Any) -> None:
        """Add a listener for messages."""
        callee = self._callee(pointer, "TIMRecvNewMsgCallback", user_data)
        if callee is not None:
            tell = self._teller(callee)
            self._messages.append((callee, tell))
            self._thread.submit(lambda sdk: sdk.TIMAddRecvNewMsgCallback({"callback": tell}))

    def TIMRemoveRecvNewMsgCallback(self, pointer: Any) -> None:
        """Take a listener for messages away, as often as it was added."""
        gone = [one for one in self._messages if one[0].pointer == pointer]
        self._messages = [one for one in self._messages if one not in gone]
        for callee, tell in gone:
            self._clear(callee)
            self._thread.submit(partial(_remove, tell))

    def TIMGroupSetGroupCounters(self, *args: Any) -> int:
        """Set counters; with an array of names, read them: the npm package asks so."""
        given = self._pointers.json("json_group_counter_array", args[1])
        reads = isinstance(given, list) and bool(given) and all(isinstance(key, str) for key in given)
        return self._call(BY_NAME["TIMGroupGetGroupCounters" if reads else "TIMGroupSetGroupCounters"], args)

    def _call(self, row: Function, args: tuple[Any, ...]) -> int:
        """Begin a call; its callback is called once, later."""
        self._check(row)
        callees: dict[str, Callee | None] = {}
        param = self._param(row, args, callees)
        room = next((arg for one, arg in zip(row.params, args, strict=False) if one.kind == "room"), None)
        if room and row.name == "TIMMsgSendMessage":
            return self._send(param, callees["cb"], room)
        if room:
            self._pointers.fill(room, "")
        answer = next(iter(callees.values())) if len(callees) == 1 else None
        self._thread.submit(lambda sdk: self._run(sdk, row, param, answer))
        return DONE

    async def _run(self, sdk: "TimRender", row: Function, param: Json, answer: Callee | None) -> None:
        method = getattr(sdk, row.name, None)
        if method is None:
            text = f"{row.name} is not supported: this server has no such service yet"
            result = {"code": NOT_SUPPORTED, "desc": text, "json_param": ""}
        else:
            result = await method(param)
        if answer is not None:
            args = _ANSWERS.get(answer.params[0].name, _common)(result)
            self._telling.put(lambda: answer.call(args))

    def _send(self, param: Json, answer: Callee | None, room: Any) -> int:
        """Begin to send a message, and wait until it has an id."""
        param["callback"] = None if answer is None else self._teller(answer)
        begun = self._thread.submit(lambda sdk: sdk.TIMMsgSendMessageV2(param))
        try:
            self._pointers.fill(room, begun.result(ANSWER_SECONDS))
        except Late:
            log.warning("a message had no id after %s s", ANSWER_SECONDS)
            self._pointers.fill(room, "")
        return DONE

    def _answer(self, row: Function, args: tuple[Any, ...]) -> int:
        """Run a call that answers by its result."""
        self._check(row)
        param = self._param(row, args, {})
        try:
            return int(self._thread.submit(lambda sdk: getattr(sdk, row.name)(param)).result(ANSWER_SECONDS))
        except Late:
            raise Refused(NO_ANSWER, f"no answer in {ANSWER_SECONDS} s") from None

    def _listen(self, row: Function, args: tuple[Any, ...]) -> None:
        """Set or clear a listener."""
        callee = self._callee(args[0], row.params[0].type, args[1])
        old = self._listeners.pop(row.name, None)
        if callee is not None:
            self._listeners[row.name] = callee
        if old is not None:
            self._clear(old)
        tell = None if callee is None else self._teller(callee)

        async def set_it(sdk: "TimRender") -> None:
            if (method := getattr(sdk, row.name, None)) is not None:
                await method({"callback": tell})

        self._thread.submit(set_it)

    def _clear(self, callee: Callee) -> None:
        """See to it that a function is not called from now on."""
        callee.cleared = True
        self._telling.wait_for_callback(CALLBACK_SECONDS)

    def _check(self, row: Function) -> None:
        if not self._ready and row.name not in BEFORE_INIT:
            raise Refused(NOT_INITIALIZED, "TIMInit comes first")
        if row.name not in BEFORE_LOGIN and self.TIMGetLoginStatus() != LOGGED_IN:
            raise Refused(NOT_LOGGED_IN, "TIMLogin comes first")

    def _param(self, row: Function, args: tuple[Any, ...], callees: dict[str, Callee | None]) -> Json:
        """Return a call's arguments as the Python SDK takes them; NULL is left out. Functions go to ``callees`` too."""
        found: Json = {}
        for one, arg in zip(row.params, args, strict=False):
            value: Any = arg
            if one.kind in {"text", "json"}:
                value = getattr(self._pointers, one.kind)(one.name, arg)
            elif one.kind == "callback":
                callee = callees[one.name] = self._callee(arg, one.type, args[-1])
                value = None if callee is None or one.key == "cb" else self._teller(callee)
            if value is not None and one.kind != "room":
                _put(found, one.key, value)
        return found

    def _callee(self, pointer: Any, c_type: str, user_data: Any) -> Callee | None:
        return Callee(pointer, CALLBACKS[c_type], user_data) if self._pointers.runnable(pointer) else None

    def _teller(self, callee: Callee) -> Callable[[list[Any]], None]:
        """Return a callback for the Python SDK: its list has the user data last, which is the SDK's own."""
        return lambda args: self._telling.put(lambda: callee.call(args[:-1]))

    def _peek(self, read: Callable[["TimRender"], Coroutine[Any, Any, Any]]) -> Any:
        """Return what a call reads that never waits; None while the SDK is loading."""
        if self._thread.sdk is None:
            return None
        try:
            read(self._thread.sdk).send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("it waits")


async def _remove(tell: Callable[[list[Any]], None], sdk: "TimRender") -> None:
    await sdk.TIMRemoveRecvNewMsgCallback({"callback": tell})


def _put(found: Json, key: str, value: Any) -> None:
    """Put a value under a key, or into the object under the first part of ``object.key``."""
    first, _, rest = key.partition(".")
    if rest:
        found[first] = {**found.get(first, {}), rest: value}
    else:
        found[first] = value


def _to_c(param: Param, value: Any) -> Any:
    """Return a value as C takes it: texts end at a zero, numbers keep the bits they have room for."""
    if param.kind in {"text", "json"}:
        return value.encode(errors="replace")
    if param.kind == "flag":
        return bool(value)
    signed, bits = _RANGES.get(param.type, (1, 32))
    low = int(value) & (1 << bits) - 1
    return low - (1 << bits) if signed and low >> bits - 1 else low


def _common(result: Json) -> list[Any]:
    return [result["code"], result["desc"], as_text(result["json_param"])]


def _readers(result: Json) -> list[Any]:
    """Return a page of readers. Its callback has no room for a code: a failure is an empty last page."""
    if result["code"]:
        log.warning("TIMMsgGetGroupMessageReadMemberList: %s %s", result["code"], result["desc"])
        return ["[]", 0, True]
    page = result["json_param"]
    return [as_text(page["json_param"]), page["next_seq"], page["is_finished"]]


_ANSWERS = {"json_group_member_array": _readers}


def as_text(value: Any) -> str:
    """Return a result as the text it crosses as: a text is itself, all else its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
