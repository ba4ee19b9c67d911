"""The two threads of a loaded library: one runs the SDK, one calls the caller back.

They are two because a callback may take its time, or wait for another call, while the connection must go on.
"""

import logging
import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from qunzhu.tim import TimRender

log = logging.getLogger("qunzhu.capi")
Work = Callable[["TimRender"], Coroutine[Any, Any, Any]]
OWN_SIGNALS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP}
"""What a thread does to itself. All other signals are the host's: SIGPIPE of a broken connection would end it."""


class NotLoaded(Exception):
    """The SDK could not be loaded: no call can begin."""


class SdkThread:
    """The thread that loads the SDK and runs it; what is given meanwhile waits, in order."""

    def __init__(self, before: Callable[[], object]) -> None:
        self._before = before
        self._lock = threading.Lock()
        self._early: deque[tuple[Work, Future[Any]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fault: NotLoaded | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self.sdk: TimRender | None = None
        threading.Thread(target=self._run, name="qunzhu-sdk", daemon=True).start()

    def submit(self, work: Work) -> "Future[Any]":
        """Run ``work(sdk)`` on the thread; calls begin in the order in which they were given."""
        done: Future[Any] = Future()
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._begin, work, done)
            elif self._fault is None:
                self._early.append((work, done))
        if self._fault is not None:
            done.set_exception(self._fault)
        return done

    async def others_ended(self) -> None:
        """Wait, in the thread, until all that began before the present call has ended."""
        import asyncio

        others = self._running - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)

    def _begin(self, work: Work, done: "Future[Any]") -> None:
        assert self._loop is not None and self.sdk is not None  # noqa: PT018, S101 - both are set before this runs
        task = self._loop.create_task(work(self.sdk))
        self._running.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, done))

    def _ended(self, task: "asyncio.Task[Any]", done: "Future[Any]") -> None:
        self._running.discard(task)
        if task.cancelled():
            done.cancel()
        elif (fault := task.exception()) is not None:
            log.error("a call failed", exc_info=fault)
            done.set_exception(fault)
        else:
            done.set_result(task.result())

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - OWN_SIGNALS)
        try:
            loop = self._load()
        except Exception as fault:
            log.exception("the SDK could not be loaded")
            self._give_up(fault)
        else:
            loop.run_forever()

    def _load(self) -> "asyncio.AbstractEventLoop":
        self._before()
        import asyncio

        from qunzhu.tim import TimRender

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.sdk = TimRender()
        with self._lock:
            self._loop = loop
            for work, done in self._early:
                loop.call_soon(self._begin, work, done)
            self._early.clear()
        return loop

    def _give_up(self, fault: Exception) -> None:
        with self._lock:
            self._fault = NotLoaded(f"the SDK could not be loaded: {type(fault).__name__}: {fault}")
        for _, done in self._early:
            done.set_exception(self._fault)
        self._early.clear()


class TellingThread:
    """The thread on which callers are called back, one callback after the other."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[object, Callable[[], object]]] = queue.SimpleQueue()
        self._turn = threading.Condition(threading.Lock())
        self._owner: object = None
        self._thread = threading.Thread(target=self._run, name="qunzhu-callbacks", daemon=True)
        self._thread.start()

    def put(self, tell: Callable[[], object], owner: object = None) -> None:
        """Run ``tell`` after what was put before it, unless its owner is ``cleared`` by then."""
        self._waiting.put((owner, tell))

    def clear(self, owner: Any, seconds: float) -> None:
        """See to it that nothing of an owner's begins from now on; wait for what runs, but not from inside it."""
        with self._turn:
            owner.cleared = True
            if not self._here():
                self._turn.wait_for(lambda: self._owner is not owner, seconds)

    def drain(self, seconds: float) -> None:
        """Wait until all that was put so far has been told, at most so long; not from inside a callback."""
        if not self._here():
            told = threading.Event()
            self.put(told.set)
            told.wait(seconds)

    def _here(self) -> bool:
        return threading.get_ident() == self._thread.ident

    def _run(self) -> None:
        while True:
            owner, tell = self._waiting.get()
            if self._begins(owner):
                try:
                    tell()
                except Exception:
                    log.exception("a callback could not be called")
            self._ends()
            del owner, tell

    def _begins(self, owner: object) -> bool:
        with self._turn:
            self._owner = owner
            return not getattr(owner, "cleared", False)

    def _ends(self) -> None:
        with self._turn:
            self._owner = None
            self._turn.notify_all()
