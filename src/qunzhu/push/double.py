"""What a test has set for one app: its clock, faults of commands and pushes, the record. Runs on the event loop."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from qunzhu.core.command import Reply
from qunzhu.core.double import LOGIN, LOGIN_COMMAND, Clock, FaultRule, PushRule, Rules, copies, fault_of
from qunzhu.core.errors import Refused
from qunzhu.core.ports import CallbackSettings, Who
from qunzhu.push.callbacks import Client
from qunzhu.push.hub import Member
from qunzhu.push.recorder import Recorder, as_json

Begin = Callable[[Any], None]
"""Runs a command and gives reply or fault to the waiter that it is given."""
PUSH, CALLBACK = "push", "callback"
RECORD = "record.jsonl"


class Double:
    """One app's. ``folder`` is its own."""

    def __init__(self, folder: Path, real_ms: Callable[[], int]) -> None:
        self.folder = folder
        self.clock = Clock(real_ms)
        self.faults: Rules[FaultRule] = Rules()
        self.pushes: Rules[PushRule] = Rules()
        self.record = Recorder(folder / RECORD)

    def reset(self) -> None:
        """Take clock and faults back; the record goes on."""
        self.clock.reset()
        self.faults.clear()
        self.pushes.clear()

    def fault(self, who: Who, command: str) -> FaultRule | None:
        """Return the fault that meets a call, or None."""
        return fault_of(self.faults, who.door, command, who.user) if self.faults else None

    def outgoing(self, method: str, params: Any, sessions: Collection[Member]) -> Collection[Member]:
        """Return to whom a push goes, each as often as he gets it; the record has it with them."""
        told: Collection[Member] = sessions
        if self.pushes:
            told = [one for one in sessions for _ in range(copies(self.pushes, method, one.user))]
        if self.record.on:
            self._note_push(method, params, sessions, told)
        return told

    def _note_push(self, method: str, params: Any, meant: Collection[Member], told: Collection[Member]) -> None:
        copies_of = Counter(one.number for one in told)
        for one in meant:
            times = copies_of[one.number]
            note = {0: "lost", 1: ""}.get(times, f"{times} times")
            self.note(PUSH, method, user=one.user, platform=one.platform, request=params, note=note)

    def note(self, door: str, command: str, **fields: Any) -> None:
        """Write a line of the record."""
        shown = LOGIN if command == LOGIN_COMMAND else command
        self.record.write(self.clock.now_ms(), door, shown, **fields)

    def shown(self) -> dict[str, Any]:
        """Return what is set."""
        return {
            "clock": shown_clock(self.clock), "faults": self.faults.shown(), "pushes": self.pushes.shown(),
            "record": self.record.shown(),
        }  # fmt: skip


def shown_clock(clock: Clock) -> dict[str, Any]:
    """Return how a clock stands: the app's time and by how much it is ahead, in seconds."""
    return {
        "now": clock.now_ms() / 1000, "frozen": clock.frozen, "real": clock.real,
        "ahead": 0.0 if clock.real else clock.ahead_ms / 1000,
    }  # fmt: skip


def meet(rule: FaultRule, waiter: Any, begin: Begin) -> None:
    """Let a call meet a fault: in the command's place, or after it ran."""
    if rule.after:
        begin(_After(rule, waiter))
    else:
        _later(rule, lambda: _answer(rule, waiter, begin))


def _later(rule: FaultRule, act: Callable[[], None]) -> None:
    if rule.delay_ms:
        asyncio.get_running_loop().call_later(rule.delay_ms / 1000, act)
    else:
        act()


def _answer(rule: FaultRule, waiter: Any, begin: Begin) -> None:
    if waiter.done():
        return
    fault: Exception | None = rule.fault()
    if fault is None:
        try:
            begin(waiter)
            return
        except Refused as refused:
            fault = refused
    waiter.set_exception(fault)


class _After:
    """Waits for a command in the place of whoever does, who gets the fault instead of what came of it."""

    __slots__ = ("_rule", "_waiter")

    def __init__(self, rule: FaultRule, waiter: Any) -> None:
        self._rule = rule
        self._waiter = waiter

    def done(self) -> bool:
        """Say whether the outcome is not wanted any more."""
        return bool(self._waiter.done())

    def set_result(self, reply: Reply) -> None:
        """Answer the fault for a reply, or the reply late."""
        _later(self._rule, lambda: self._hand_on(reply, None))

    def set_exception(self, fault: Exception) -> None:
        """Answer the fault for a refusal, or the refusal late."""
        _later(self._rule, lambda: self._hand_on(None, fault))

    def _hand_on(self, reply: Reply | None, fault: Exception | None) -> None:
        if self._waiter.done():
            return
        fault = self._rule.fault() or fault
        if fault is not None:
            self._waiter.set_exception(fault)
        else:
            self._waiter.set_result(reply)


class RecordedClient:
    """Posts callbacks through another client, and writes them into the record."""

    def __init__(self, client: Client, double: Double) -> None:
        self._client = client
        self._double = double

    async def post(
        self, settings: CallbackSettings, command: str, body: bytes, cause: Mapping[str, str], *, now: int
    ) -> dict[str, Any]:
        """Post one callback and return the answer."""
        try:
            answer = await self._client.post(settings, command, body, cause, now=now)
        except Exception as fault:
            self._double.note(CALLBACK, command, request=as_json(body), note=str(fault)[:500])
            raise
        self._double.note(CALLBACK, command, request=as_json(body), code=answer.get("ErrorCode"), reply=answer)
        return answer

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()
