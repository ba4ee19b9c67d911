"""The file that an SDK's log is written to. Imported when there is one: it takes 3 ms."""

from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "qunzhu.log"
MAX_BYTES = 1 << 20
KEPT = 3
"""Full files that are kept beside the one that is written."""


class LogFile(RotatingFileHandler):
    """A file in a folder, which is made. What cannot be written is dropped: a full disk stops nobody."""

    def __init__(self, folder: str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        super().__init__(Path(folder, NAME), maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")

    def handleError(self, record: LogRecord) -> None:
        """Drop the line."""
        del record
