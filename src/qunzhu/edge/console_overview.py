"""The numbers of the console's first screen: what there is now, today and this month, beside what the plan allows."""

from collections import Counter
from typing import Any

import msgspec

from qunzhu.commands._shared import count_of_kind
from qunzhu.commands._usage import Groups, day_usage, month_of, month_usage
from qunzhu.core.errors import ERRORS
from qunzhu.core.kinds import KINDS
from qunzhu.core.ports import App, Tx, Who
from qunzhu.push.hub import Tally

MOST_ERRORS = 10


class Bar(msgspec.Struct, frozen=True):
    """Something that is used beside its cap; None: there is none."""

    name: str
    used: int
    cap: int | None


class Day(msgspec.Struct, frozen=True):
    """One day of the running month, for the small charts."""

    day: str
    messages: int
    created: int
    active: int


class Refusals(msgspec.Struct, frozen=True):
    """How often a command was refused with a code, since the server's start."""

    door: str
    command: str
    code: int
    text: str
    times: int


class ServerNumbers(msgspec.Struct, frozen=True):
    """What the whole server did since its start."""

    answers: int
    refused: int
    refusals: list[Refusals]
    deliveries: int
    dropped: int
    ends: dict[str, int]


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What the overview shows of an app."""

    at_ms: int
    day: str
    month: str
    kinds: dict[str, Groups]
    """Today, by REST name of the kind."""
    today: Groups
    month_peak: int
    free_groups: int | None
    """Groups at the month's peak that cost nothing beside the plan; None: they are not billed."""
    bars: list[Bar]
    messages: dict[str, int]
    """Sent today, by kind of group, and C2C."""
    deliveries: int
    active: int
    online_peak: int
    accounts: int
    days: list[Day]
    online_users: int = 0
    sessions: int = 0
    server: ServerNumbers | None = None


def app_numbers(tx: Tx, who: Who) -> Numbers:
    """Read an app's numbers from its meters."""
    who.require_admin()
    app, day = who.app, who.app.day(who.now)
    today, month = day_usage(tx, day, day), month_usage(tx, month_of(day), day)
    return Numbers(
        at_ms=who.now_ms, day=day, month=month.period, kinds=today.kinds, today=today.groups,
        month_peak=month.groups.peak, free_groups=app.plan.free_groups, bars=_bars(tx, app, day),
        messages=today.messages, deliveries=today.deliveries, active=today.active, online_peak=today.online_peak,
        accounts=today.accounts,
        days=[Day(one.period, sum(one.messages.values()), one.groups.created, one.active) for one in month.days],
    )  # fmt: skip


def _bars(tx: Tx, app: App, day: str) -> list[Bar]:
    """Return what is used of the caps that creations are refused by."""
    plan = app.plan
    net = tx.count(f"net:{day}", 0)
    if not plan.daily_excludes_communities:
        net += tx.count(f"net-communities:{day}", 0)
    caps = dict.fromkeys(kind.group_cap for kind in KINDS)
    existing = {cap: sum(tx.count(count_of_kind(kind), 0) for kind in KINDS if kind.group_cap == cap) for cap in caps}
    return [
        Bar("net_groups_a_day", net, plan.net_groups_a_day),
        *(Bar(cap, used, getattr(plan, cap)) for cap, used in existing.items()),
        Bar("accounts", tx.count("accounts", 0), plan.accounts),
    ]


def server_numbers(answers: "Counter[tuple[str, str, int]]", ends: "Counter[str]", tally: Tally) -> ServerNumbers:
    """Return the server's own counts, the most frequent refusals first."""
    refused: list[tuple[tuple[str, str, int], int]] = [(key, times) for key, times in answers.items() if key[2]]
    refused.sort(key=_times, reverse=True)
    return ServerNumbers(
        answers=sum(answers.values()), refused=sum(map(_times, refused)),
        refusals=[_refusal(*key, times) for key, times in refused[:MOST_ERRORS]],
        deliveries=tally.deliveries, dropped=sum(tally.dropped.values()), ends=dict(ends),
    )  # fmt: skip


def _times(counted: tuple[Any, int]) -> int:
    return counted[1]


def _refusal(door: str, command: str, code: int, times: int) -> Refusals:
    row = ERRORS.get(code)
    return Refusals(door, command, code, row.text if row else "", times)
