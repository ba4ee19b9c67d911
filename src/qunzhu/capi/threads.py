"""The two threads of a loaded library: one runs the SDK, one calls the caller back.

They are two because a callback may take its time, or wait for another call, while the connection must go on.
"""

import contextlib
import gc
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from qunzhu.tim import TimRender

log = logging.getLogger("qunzhu.capi")
Work = Callable[["TimRender"], Coroutine[Any, Any, Any]]


class SdkThread:
    """The thread that loads the SDK and runs it; what is given meanwhile waits, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._early: deque[Callable[[], object]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.sdk: TimRender | None = None
        threading.Thread(target=self._run, name="qunzhu-sdk", daemon=True).start()

    def submit(self, work: Work) -> "Future[Any]":
        """Run ``work(sdk)`` on the thread; calls begin in the order in which they were given."""
        done: Future[Any] = Future()

        def begin() -> None:
            assert self._loop is not None and self.sdk is not None  # noqa: PT018, S101 - both are set before this runs
            task = self._loop.create_task(work(self.sdk))
            self._running.add(task)
            task.add_done_callback(lambda ended: self._ended(ended, done))

        with self._lock:
            if self._loop is None:
                self._early.append(begin)
                return done
        self._loop.call_soon_threadsafe(begin)
        return done

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
        with _nothing_collected():
            import asyncio

            from qunzhu.tim import TimRender

        self._running: set[asyncio.Task[Any]] = set()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.sdk = TimRender()
        with self._lock:
            self._loop = loop
            for begin in self._early:
                loop.call_soon(begin)
            self._early.clear()
        loop.run_forever()


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Look for no garbage meanwhile: what modules make when they are loaded stays, and looking takes a tenth of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class TellingThread:
    """The thread on which callers are called back, one callback after the other."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._busy = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="qunzhu-callbacks", daemon=True)
        self._thread.start()

    def put(self, tell: Callable[[], object]) -> None:
        """Run ``tell`` after what was put before it."""
        self._waiting.put(tell)

    def wait_for_callback(self, seconds: float) -> None:
        """Wait until a callback that is running now has returned, at most so long; not from inside a callback."""
        if threading.current_thread() is not self._thread and self._busy.acquire(timeout=seconds):
            self._busy.release()

    def drain(self, seconds: float) -> None:
        """Wait until all that was put so far has been told, at most so long; not from inside a callback."""
        if threading.current_thread() is not self._thread:
            told = threading.Event()
            self.put(told.set)
            told.wait(seconds)

    def _run(self) -> None:
        while True:
            tell = self._waiting.get()
            with self._busy:
                try:
                    tell()
                except Exception:
                    log.exception("a callback could not be called")
