"""`python -m bench.unmetered serve ...`: the server without its meters, to be compared with the server as it is.

There is no such setting: the class that counts is replaced before anything is opened.
"""

from typing import Any

from qunzhu.cli import main
from qunzhu.store import batch


class Nothing:
    """Meters that count nothing and write nothing."""

    def __init__(self, engine: Any) -> None:
        del engine

    def see(self, *_: Any) -> None:
        """Count nothing."""

    add = rise = mark = see

    def write(self) -> None:
        """Write nothing."""

    clear = settle = write


if __name__ == "__main__":
    batch.Meters = Nothing  # type: ignore[misc,assignment]
    main()
