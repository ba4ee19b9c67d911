"""Stores that a test opens itself: on engines of its own, and again on what an earlier one left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qunzhu.store.batch import Around, BatchStore, LoopLane, ThreadLane
from qunzhu.store.postgres import PostgresEngine
from qunzhu.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qunzhu.store.batch import Engine, Publish


class Fault(Exception):
    """The fault that a test puts into an engine."""


class Brittle:
    """An engine whose n-th step fails once: a statement, several at once, or a commit.

    ``late``: a statement fails after it was executed, as where the answer is lost.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._left: int | None = None
        self._late = False

    def arm(self, number: int, *, late: bool = False) -> None:
        """Let the step of this number from now fail."""
        self._left, self._late = number, late

    @property
    def armed(self) -> bool:
        """Say that no step has failed yet."""
        return self._left is not None

    def disarm(self) -> None:
        """Let nothing fail."""
        self._left = None

    def _step(self, run: Callable[..., Any], *args: Any, late: bool) -> Any:
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self._left = None
                if late:
                    run(*args)
                raise Fault
        return run(*args)

    def query(self, sql: Any, params: Any) -> Any:
        """Run a statement, or fail."""
        return self._step(self._engine.query, sql, params, late=self._late)

    def many(self, sql: Any, rows: Any) -> None:
        """Run a statement for each row, or fail."""
        self._step(self._engine.many, sql, rows, late=self._late)

    def commit(self) -> None:
        """Commit, or fail with nothing committed."""
        self._step(self._engine.commit, late=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def open_store(
    engine: str,
    place: str,
    *,
    folder: Path,
    request: Any,
    publish: Publish | None,
    wrap: Callable[[Engine], Engine] = lambda engine: engine,
) -> BatchStore:
    """Open a store whose writing engine is wrapped; the same place opens the same data."""

    def opening(*, writes: bool) -> Engine:
        if engine == "postgres":
            return PostgresEngine(request.getfixturevalue("postgres_url"), place, "app", writes=writes)
        return SqliteEngine(folder / f"{place}.db", "app", writes=writes)

    around = Around(publish=publish)
    if engine == "postgres":
        request.getfixturevalue("postgres_url")
        writer: Any = ThreadLane("write", lambda: wrap(opening(writes=True)), around, writes=True)
    else:
        writer = LoopLane("write", lambda: wrap(opening(writes=True)), around)
    return BatchStore(writer, ThreadLane("read", lambda: opening(writes=False), around))
