"""What the console shows of an app's callbacks: how they are set, what waits and what was given up."""

from typing import Any

import msgspec

from qunzhu.commands import _callback_letters as letters
from qunzhu.commands._callback_letters import DEAD, WAITING, Letter
from qunzhu.commands._usage import day_usage
from qunzhu.core.callbacks import CALLBACKS
from qunzhu.core.ports import CallbackSettings, Tx, Who

STATES = {WAITING: "waiting", DEAD: "dead"}
WANTED = "wanted"
"""Given up, and wanted again: a server takes it in soon."""
MOST_BODY = 64 << 10
"""Characters of a body that are shown."""


class Switch(msgspec.Struct, frozen=True):
    """A callback of the documented ones; ``there`` is false where this server never sends it."""

    name: str
    phase: str
    about: str
    on: bool
    there: bool


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """How callbacks are set. The secret of the signature is not told, only that there is one."""

    url: str
    signed: bool
    block: bool
    private: bool
    tries: int
    switches: list[Switch]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that waits or was given up. ``body`` and ``query`` are text: nothing reads them but people."""

    num: int
    state: str
    command: str
    lane: str
    at_ms: int
    tries: int
    next_ms: int
    fault: str
    query: str
    body: str
    cut: bool


class Callbacks(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; ``next`` is the number behind which the following page begins, 0 at the end."""

    settings: Given
    day: str
    sent: int
    failed: int
    waiting: int
    dead: int
    callbacks: list[Shown]
    next: int


def callbacks_in(tx: Tx, who: Who, *, dead: bool, after: int, limit: int) -> Callbacks:
    """Return an app's callbacks: settings, the numbers of today, and a page of what waits or was given up."""
    who.require_admin()
    day = who.app.day(who.now)
    usage = day_usage(tx, day, day)
    waiting, given_up = letters.counts(tx)
    found = letters.letters(tx, limit, dead=dead, after=after)
    return Callbacks(
        settings=_given(who.app.settings.callbacks), day=day, sent=usage.callbacks_sent, failed=usage.callbacks_failed,
        waiting=waiting, dead=given_up, callbacks=[_shown(one) for one in found],
        next=found[-1].num if len(found) == limit else 0,
    )  # fmt: skip


def _given(settings: CallbackSettings) -> Given:
    return Given(
        url=settings.url, signed=bool(settings.token), block=settings.block, private=settings.private,
        tries=settings.tries,
        switches=[
            Switch(one.name, one.phase, one.about, settings.on(one.switch or one.name), one.there)
            for one in CALLBACKS.values()
        ],
    )  # fmt: skip


def _shown(one: Letter) -> Shown:
    return Shown(
        num=one.num, state=STATES.get(one.dead, WANTED), command=one.command, lane=one.lane, at_ms=one.at_ms,
        tries=one.tries, next_ms=one.next_ms, fault=one.fault, query=one.query, body=one.body[:MOST_BODY],
        cut=len(one.body) > MOST_BODY,
    )  # fmt: skip


def retry(tx: Tx, nums: list[int] | None) -> dict[str, Any]:
    """Have some that were given up tried again, or all of them."""
    return {"number": letters.want(tx, nums)}


def drop(tx: Tx, nums: list[int] | None) -> dict[str, Any]:
    """Remove some for good, or all that were given up."""
    if nums is None:
        return {"number": letters.remove_dead(tx)}
    return {"number": sum(letters.remove(tx, num) for num in nums)}
