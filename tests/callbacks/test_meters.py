"""Callbacks before something happens are metered: every one that was posted, and those without a valid answer."""

from __future__ import annotations

from receiver import ALLOW, http

CREATE = "Group.CallbackBeforeCreateGroup"


def test_asked_and_not_answered(either):
    either.set(CREATE, private=True)
    either.group()
    either.receiver.answer = http("500 No", b"")
    either.group()
    either.group()
    either.receiver.answer = ALLOW
    opened = either.door.backend._open[1400000000]
    either.door.run(either.door.backend._meter(opened))
    rows = opened.store.read_now(
        lambda tx: tx.all("SELECT name, value FROM meters WHERE name LIKE 'callbacks.%' AND length(day) = 10")
    )
    assert dict(rows) == {"callbacks.sent": 3, "callbacks.failed": 2}
