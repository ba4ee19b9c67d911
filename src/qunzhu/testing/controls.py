"""The double's controls as a client has them: an app's clock, its faults, its record; seeds. Times are in seconds."""

import datetime
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

Seed = Mapping[str, Any] | str | Path
Moment = float | datetime.datetime
Span = float | datetime.timedelta


class Control(Protocol):
    """Calls a control of one app."""

    def __call__(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """Return its reply, or raise ``CallRefused``."""
        ...


class Clock:
    """An app's clock: mutes, the duplicate window, quotas by day and month, UserSigs and retention follow it."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._ahead = 0.0
        self._stands_at: float | None = None

    def now(self) -> float:
        """Return the app's time in unix seconds, as this object last set it."""
        return time.time() + self._ahead if self._stands_at is None else self._stands_at

    def freeze(self, at: Moment | None = None) -> float:
        """Let it stand still, now or at a time."""
        return self._change(freeze=True if at is None else _seconds(at))

    def set(self, at: Moment) -> float:
        """Let it show a time."""
        return self._change(set=_seconds(at))

    def advance(self, by: Span) -> float:
        """Let it show a time so much later."""
        return self._change(advance=by.total_seconds() if isinstance(by, datetime.timedelta) else by)

    def run(self) -> float:
        """Let a frozen one go on from the time that it shows."""
        return self._change(freeze=False)

    def real(self) -> float:
        """Let it show the real time again."""
        return self._change(real=True)

    def forget(self) -> None:
        """Take it for the real time again, as a reset made it."""
        self._ahead, self._stands_at = 0.0, None

    def _change(self, **fields: Any) -> float:
        reply = self._control("clock", **fields)
        shown = reply.get("clock", reply)
        now = float(shown["now"])
        self._stands_at = now if shown["frozen"] else None
        self._ahead = 0.0 if shown["real"] else now - time.time()
        return now


class Faults:
    """Faults of an app's commands and pushes. The first rule that matches and takes effect counts."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def add(self, command: str = "*", *, seed: int = 0, **rule: Any) -> None:
        """Let calls of a command fail (``*``: of all, ``login``: users' logins).

        One of ``code`` (with ``text``), ``delay_ms`` and ``drop=True`` is needed. ``times`` and ``probability`` say how
        often, ``user`` and ``door`` (rest, gateway) whose calls; with ``after=True`` the command runs first.
        """
        self._control("faults", add=[{"command": command, **rule}], seed=seed)

    def push(self, push: str = "*", *, seed: int = 0, **rule: Any) -> None:
        """Let pushes go wrong: ``lose=True``, or ``repeat=1`` for one more; ``user``, ``times`` and ``probability``."""
        self._control("faults", pushes=[{"push": push, **rule}], seed=seed)

    def clear(self) -> None:
        """Drop all rules."""
        self._control("faults", clear=True)


class Record:
    """What an app was asked and answered, what it pushed and called back."""

    def __init__(self, control: Control, read: Callable[..., bytes]) -> None:
        self._control = control
        self._read = read

    def start(self) -> None:
        """Write from now on."""
        self._control("record", start=True)

    def stop(self) -> None:
        """Write no more; what is written stays."""
        self._control("record", stop=True)

    def clear(self) -> None:
        """Begin anew."""
        self._control("record", clear=True)

    def text(self) -> str:
        """Return it as it is kept: a JSON object a line."""
        return self._read("record", get=True).decode()

    def lines(self, *doors: str) -> list[dict[str, Any]]:
        """Return its lines, or those of some doors: rest, gateway, push, callback, double."""
        found: Iterable[dict[str, Any]] = map(json.loads, self.text().splitlines())
        return [line for line in found if not doors or line["door"] in doors]


def seed_body(data: Seed) -> bytes:
    """Return a seed as it is sent: a mapping as JSON, a file as it is."""
    return json.dumps(data).encode() if isinstance(data, Mapping) else Path(data).read_bytes()


def _seconds(at: Moment) -> float:
    """Return a moment in unix seconds; a date without a zone is local time."""
    return at.timestamp() if isinstance(at, datetime.datetime) else at
