"""The log of an SDK: to a file, to standard error, to a callback."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from typing import Any

from qunzhu.tim.enums import TIMLogLevel
from qunzhu.tim.params import Callback

log = logging.getLogger("qunzhu.tim")
FORMAT = logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(name)s %(message)s", "%Y-%m-%d %H:%M:%S")
LOGGERS = tuple(logging.getLogger(name) for name in ("qunzhu.tim", "qunzhu.client", "qunzhu.capi"))
PYTHON = {
    TIMLogLevel.kTIMLog_Off: logging.CRITICAL + 1, TIMLogLevel.kTIMLog_Test: 3, TIMLogLevel.kTIMLog_Verbose: 5,
    TIMLogLevel.kTIMLog_Debug: logging.DEBUG, TIMLogLevel.kTIMLog_Info: logging.INFO,
    TIMLogLevel.kTIMLog_Warn: logging.WARNING, TIMLogLevel.kTIMLog_Error: logging.ERROR,
    TIMLogLevel.kTIMLog_Assert: logging.CRITICAL,
}  # fmt: skip
"""Levels as Python counts them."""
_open: set["SdkLog"] = set()
_before: dict[logging.Logger, int] = {}


class SdkLog(logging.Handler):
    """What goes to the log of an SDK. The lines are those of all SDKs of the process."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(FORMAT)
        self.file_level = self.callback_level = TIMLogLevel.kTIMLog_Info
        self.console = False
        self._file: logging.Handler | None = None
        self._listener: Callable[[int, str], None] | None = None
        self._telling = False

    def write_to(self, folder: str) -> None:
        """Write to a file in a folder from now on; one that cannot be written is a warning."""
        from qunzhu.tim.log_file import LogFile

        try:
            file = LogFile(folder)
        except (OSError, ValueError) as fault:
            file = None
            log.warning("no log file in %r: %s", folder, fault)
        self._change_file(file)
        self.settle()

    def listen(self, callback: Callback | None, data: Any) -> None:
        """Tell a callback each line: ``[level, line, data]``, on the event loop that runs now. None ends it."""
        loop = asyncio.get_running_loop()

        def tell(level: int, line: str) -> None:
            if self._listener is not listener or callback is None:
                return
            self._telling = True
            try:
                callback([level, line, data])
            except Exception:
                log.exception("a listener failed")
            finally:
                self._telling = False

        def listener(level: int, line: str) -> None:
            # The loop may be over when a thread of a transfer has something to say.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, level, line)

        self._listener = None if callback is None else listener
        self.settle()

    def settle(self) -> None:
        """Let the lines come that the levels ask for, and no others."""
        (_open.add if self._wanted() is not None else _open.discard)(self)
        for logger in LOGGERS:
            logger.removeHandler(self)
            if self in _open:
                logger.addHandler(self)
        _settle_levels()

    def close(self) -> None:
        """Close the file and forget the callback."""
        self._change_file(None)
        self._listener = None
        self.settle()
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line to those whose level it has."""
        if record.levelno >= PYTHON[self.file_level]:
            if self._file is not None:
                self._file.emit(record)
            if self.console and sys.stderr is not None:
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.write(f"{self.format(record)}\n")
        if self._listener is not None and not self._telling and record.levelno >= PYTHON[self.callback_level]:
            self._listener(_level(record.levelno), self.format(record))

    def _wanted(self) -> int | None:
        """Return the least level that goes anywhere."""
        levels = [self.file_level] if self._file is not None or self.console else []
        levels += [self.callback_level] if self._listener is not None else []
        return min((PYTHON[level] for level in levels), default=None)

    def _change_file(self, file: logging.Handler | None) -> None:
        """Write to another file, or to none; under the lock, for a file that is closed opens again for a line."""
        if file is not None:
            file.setFormatter(FORMAT)
        self.acquire()
        try:
            old, self._file = self._file, file
            if old is not None:
                old.close()
        finally:
            self.release()


def _level(number: int) -> int:
    """Return a level as the C headers count them."""
    return max(int(level) for level, least in PYTHON.items() if least <= max(number, 3) and level)


def _settle_levels() -> None:
    """Lower the loggers to the least level that somebody wants, or leave them as they were found."""
    wanted = [level for one in _open if (level := one._wanted()) is not None]
    for logger in LOGGERS:
        if not wanted:
            if logger in _before:
                logger.setLevel(_before.pop(logger))
            continue
        before = _before.setdefault(logger, logger.level)
        logger.setLevel(before)
        logger.setLevel(min(*wanted, logger.getEffectiveLevel()))
