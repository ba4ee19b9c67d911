"""From a call in C to one of the Python SDK, and back to a callback."""

import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from functools import partial
from typing import TYPE_CHECKING, Any

from qunzhu import __version__
from qunzhu.capi import work
from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.callees import Callee, Json, Tell
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
from qunzhu.capi.rows import Function
from qunzhu.capi.threads import NotLoaded, SdkThread, TellingThread, Work

if TYPE_CHECKING:
    from qunzhu.tim import TimRender

log = logging.getLogger("qunzhu.capi")
ANSWER_SECONDS = 2.0
"""So long a function waits that must answer by its result."""
CALLBACK_SECONDS = 1.0
"""So long clearing a listener waits for a callback that runs at that moment."""
STOP_SECONDS = 5.0
GRACE_SECONDS = 0.5
"""So long stopping waits for calls: a login to a server that does not answer may take much longer."""
NOT_READY = 6013
BROKEN = 6003
BEFORE_INIT = frozenset({"callExperimentalAPI", "TIMSetConfig"})
BEFORE_LOGIN = BEFORE_INIT | {"TIMLogin"}


class Bridge:
    """A loaded library: one SDK, its threads, and who listens. A method named as a C function is that function."""

    def __init__(self, ffi: Any, before: Callable[[], object]) -> None:
        self._pointers = Pointers(ffi)
        self._thread = SdkThread(before)
        self._telling = TellingThread()
        self._ready = False
        self._turning = threading.Lock()
        """Held by who starts or stops: one at a time."""
        self._listening = threading.Lock()
        """Held by who changes listeners: here and in the SDK they change in one order."""
        self._listeners: dict[str, Callee] = {}
        self._messages: list[tuple[Callee, Tell]] = []
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
        with self._turning:
            self._thread.submit(lambda sdk: sdk.TIMInit({"sdkappid": sdkappid, **found.given()}))
            self._ready = True
        return DONE

    def TIMUninit(self) -> int:
        """Log out and stop: when it returns, no callback runs any more, unless it was called from inside one."""
        with self._turning:
            if not self._ready:
                return NOT_INITIALIZED
            self._ready = False
            self._forget()
            try:
                self._thread.submit(self._stop).result(STOP_SECONDS)
            except Late:
                log.warning("logging out takes longer than %s s", STOP_SECONDS)
            self._telling.drain(CALLBACK_SECONDS)
        return DONE

    def _forget(self) -> None:
        """Clear all listeners."""
        with self._listening:
            gone = [*self._listeners.values(), *(callee for callee, _ in self._messages)]
            self._listeners.clear()
            self._messages.clear()
        for callee in gone:
            self._telling.clear(callee, CALLBACK_SECONDS)

    async def _stop(self, sdk: "TimRender") -> None:
        await sdk.TIMUninit()
        await self._thread.end_others(GRACE_SECONDS)

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
            with self._listening:
                self._messages.append((callee, tell))
                self._thread.submit(lambda sdk: sdk.TIMAddRecvNewMsgCallback({"callback": tell}))

    def TIMRemoveRecvNewMsgCallback(self, pointer: Any) -> None:
        """Take a listener for messages away, as often as it was added."""
        with self._listening:
            gone = [one for one in self._messages if one[0].pointer == pointer]
            self._messages = [one for one in self._messages if one not in gone]
            for _, tell in gone:
                self._thread.submit(partial(work.take_listener, tell))
        for callee, _ in gone:
            self._telling.clear(callee, CALLBACK_SECONDS)

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
            return self._send(row, param, callees, room)
        if room:
            self._require_served(row)
            self._pointers.fill(room, "")
        self._begin(row, callees, partial(work.run, row, param))
        return DONE

    def _require_served(self, row: Function) -> None:
        """Refuse a call whose caller goes by the result and the buffer: a later refusal would come too late."""
        if not hasattr(self._thread.sdk, row.name):
            raise Refused(work.NOT_SUPPORTED, work.not_served(row))

    def _begin(self, row: Function, callees: dict[str, Callee | None], begins: Work) -> None:
        """Begin a call; where it has one callback, that is told how it ends, and the last of two where it breaks."""
        self._telling.asked()
        last = next(reversed(callees.values()))
        if last is not None:
            ended = partial(self._ended, row, last, answers=len(callees) == 1)
            self._thread.submit(begins).add_done_callback(ended)
        else:
            self._thread.submit(begins)

    def _ended(self, row: Function, callee: Callee, done: "Future[Json]", *, answers: bool) -> None:
        if done.cancelled():
            result = work.failure(NOT_READY, f"{row.name}: TIMUninit came first")
        elif (fault := done.exception()) is not None:
            code = NOT_READY if isinstance(fault, NotLoaded) else BROKEN
            result = work.failure(code, f"{row.name} failed: {type(fault).__name__}: {fault}")
        elif answers:
            result = done.result()
        else:
            return
        self._telling.put(partial(callee.answer, result), callee)

    def _send(self, row: Function, param: Json, callees: dict[str, Callee | None], room: Any) -> int:
        """Begin to send a message, and wait until it has an id."""
        begun: Future[str] = Future()
        self._begin(row, callees, partial(work.send, param, begun))
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
        tell = None if callee is None else self._teller(callee)
        with self._listening:
            old = self._listeners.pop(row.name, None)
            if callee is not None:
                self._listeners[row.name] = callee
            self._thread.submit(partial(work.set_listener, row.name, tell))
        if old is not None:
            self._telling.clear(old, CALLBACK_SECONDS)

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

    def _teller(self, callee: Callee) -> Tell:
        return lambda args: self._telling.put(partial(callee.call, args[:-1]), callee)

    def _peek(self, read: Callable[["TimRender"], Coroutine[Any, Any, Any]]) -> Any:
        """Return what a call reads that never waits; None while the SDK is loading."""
        if self._thread.sdk is None:
            return None
        try:
            read(self._thread.sdk).send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("it waits")


def _put(found: Json, key: str, value: Any) -> None:
    """Put a value under a key, or into the object under the first part of ``object.key``; what is none stays wrong."""
    first, _, rest = key.partition(".")
    if not rest:
        found[first] = value
    elif isinstance(inner := found.get(first, {}), dict):
        found[first] = {**inner, rest: value}
