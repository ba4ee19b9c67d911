"""The two threads of a loaded library: one runs the SDK, one calls the caller back.

They are two because a callback may take its time, or wait for another call, while the connection must go on.
"""

import contextlib
import gc
import logging
import queue
import signal
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
Job = tuple[object, Callable[[], object]]
PATIENCE_SECONDS = 0.2
"""So long a callback may take after it has begun a call before another thread calls callbacks too."""
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

    async def end_others(self, seconds: float) -> None:
        """See, in the thread, all that began before the present call end; what takes longer is cancelled."""
        import asyncio

        late = self._running - {asyncio.current_task()}
        if late:
            _, late = await asyncio.wait(late, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=seconds)

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
        with _nothing_collected():
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
    """The thread on which callers are called back, one callback after the other.

    A callback that has begun a call and does not return may be waiting for its answer. Then another thread takes over:
    only then can two callbacks run at once.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._changed = threading.Condition(threading.Lock())
        self._running: dict[int, Job] = {}
        """What runs now, by the thread in which it runs."""
        self._watched: Job | None = None
        self._number = 0
        """How often a thread took over: the latest is the one that goes on."""
        self._start(self._run, 0)

    def put(self, tell: Callable[[], object], owner: object = None) -> None:
        """Run ``tell`` after what was put before it, unless its owner is ``cleared`` by then."""
        self._waiting.put((owner, tell))

    def asked(self) -> None:
        """Say that a call begins: from inside a callback, that may now wait for the answer."""
        with self._changed:
            job = self._running.get(threading.get_ident())
            if job is None or job is self._watched:
                return
            self._watched = job
        self._start(self._stand_by, threading.get_ident(), job)

    def clear(self, owner: Any, seconds: float) -> None:
        """See to it that nothing of an owner's begins from now on; wait for what runs, but not from inside it."""
        here = threading.get_ident()
        with self._changed:
            owner.cleared = True
            self._changed.wait_for(
                lambda: all(job[0] is not owner or thread == here for thread, job in self._running.items()), seconds
            )

    def drain(self, seconds: float) -> None:
        """Wait until all that was put so far has been told, at most so long; not from inside a callback."""
        if threading.get_ident() not in self._running:
            told = threading.Event()
            self.put(told.set)
            told.wait(seconds)

    def _start(self, run: Callable[..., None], *args: object) -> None:
        threading.Thread(target=run, args=args, name="qunzhu-callbacks", daemon=True).start()

    def _stand_by(self, thread: int, job: Job) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._running.get(thread) is not job, PATIENCE_SECONDS):
                return
            self._number += 1
            number = self._number
        self._run(number)

    def _run(self, number: int) -> None:
        while self._number == number:
            self._tell(self._waiting.get())

    def _tell(self, job: Job) -> None:
        owner, tell = job
        with self._changed:
            if getattr(owner, "cleared", False):
                return
            self._running[threading.get_ident()] = job
        try:
            tell()
        except Exception:
            log.exception("a callback could not be called")
        finally:
            with self._changed:
                del self._running[threading.get_ident()]
                self._changed.notify_all()
