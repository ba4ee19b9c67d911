"""Which listener hears of a ``group_change`` push, and with which arguments: one row per ``ChangeType``. No I/O."""

from collections.abc import Callable, Sequence
from typing import Any

from qunzhu.core.notices import REFRESH, Notice

Call = tuple[str, list[Any]]
"""A sort of listener, and the arguments before its user data; JSON in them is text."""
CHANGES: dict[str, Callable[[Notice], Sequence[Call]]] = {
    REFRESH: lambda change: (),
}
