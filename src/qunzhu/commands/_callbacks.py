"""What the app's own server is told of events: one row of a table for each callback that comes after (doc 1047/34354).

The row is written in the event's own transaction, so nothing that happened goes untold, and nothing is told that did
not happen. ``push.callbacks`` sends it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from qunzhu.core.events import Event
from qunzhu.core.ports import Tx, Who

LAST = "last-callback"
QUOTA = "Group.CallbackOnDailyGroupQuotaAlarm"
OVER_LIMIT = "Alert.RequestOverLimit"


class After(msgspec.Struct, frozen=True):
    """One callback: its command, the switch that it shares (its own unless said), and what its body is made by.

    ``body`` returns None where the event is none that the callback tells. ``lane`` is what keeps its order: a group's
    id, or a user's.
    """

    command: str
    lane: Callable[[Any], str]
    body: Callable[[Tx, Who, Any], Mapping[str, Any] | None]
    switch: str = ""


AFTER: dict[type[Event], tuple[After, ...]] = {}


def report(tx: Tx, who: Who, event: Event) -> None:
    """Write what the app's server is to be told of an event."""
    for row in AFTER.get(type(event), ()):
        if who.app.settings.callbacks.on(row.switch or row.command):
            body = row.body(tx, who, event)
            if body is not None:
                put(tx, who, row.command, row.lane(event), body)


def report_quota(tx: Tx, who: Who, used: int, quota: int) -> None:
    """Tell that today's net increase of groups is over the part of the quota that alarms (doc 1047/57455)."""
    if who.app.settings.callbacks.on(QUOTA):
        put(tx, who, QUOTA, "quota", {"QuotaUsed": used, "Quota": quota, "EventTime": str(who.now_ms)})


def report_over_limit(tx: Tx, who: Who, service: str, name: str, seen: int, limit: int) -> None:
    """Tell that a REST command was called more often in a second than is allowed."""
    if who.app.settings.callbacks.on(OVER_LIMIT):
        fields = {"ServiceName": service, "Command": name, "Request": seen, "Limit": limit}
        put(tx, who, OVER_LIMIT, "limits", fields)


def put(tx: Tx, who: Who, command: str, lane: str, body: Mapping[str, Any]) -> None:
    """Write one callback; it goes out after the commit."""
    tx.run(
        "INSERT INTO callbacks (num, lane, command, query, body, at_ms, tries, next_ms, dead, fault)"
        " VALUES (:num, :lane, :command, :query, :body, :at_ms, 0, 0, 0, '')",
        num=tx.count(LAST, 1), lane=lane, command=command, query=query(who), at_ms=who.now_ms,
        body=msgspec.json.encode({"CallbackCommand": command, **body}).decode(),
    )  # fmt: skip


def query(who: Who) -> str:
    """Return what a callback's URL says of who caused it, as JSON."""
    return msgspec.json.encode({"ClientIP": "", "OptPlatform": who.platform}).decode()
