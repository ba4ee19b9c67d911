"""What an open app does about its callbacks: it meters them, and stays open while some wait."""

from __future__ import annotations

from callbacks.sending import wait
from qunzhu import backend as apps
from qunzhu.push import reach
from receiver import ALLOW, http
from served import SDKAPPID

CREATE = "Group.CallbackBeforeCreateGroup"


def test_asked_and_not_answered(either):
    either.set(CREATE, private=True)
    either.group()
    either.receiver.answer = http("500 No", b"")
    either.group()
    either.group()
    either.receiver.answer = ALLOW
    opened = either.door.backend._open[SDKAPPID]
    either.door.run(opened.meter())
    rows = opened.store.read_now(
        lambda tx: tx.all("SELECT name, value FROM meters WHERE name LIKE 'callbacks.%' AND length(day) = 10")
    )
    assert dict(rows) == {"callbacks.sent": 3, "callbacks.failed": 2}


def test_an_app_with_callbacks_that_wait_stays_open(asking, monkeypatch):
    """Nobody uses it, but its server does not answer yet; once it has, the app is closed."""
    monkeypatch.setattr(apps, "IDLE_SECONDS", -1.0)
    monkeypatch.setattr(reach, "FIRST_SECONDS", 0.05)
    backend = asking.door.backend
    asking.set("Group.CallbackAfterCreateGroup", private=True, tries=99)
    asking.receiver.answer = http("500 No", b"")
    asking.group()
    asking.receiver.wait(2)
    asking.door.run(backend._tend_once())
    assert backend.census()[0] == 1
    asking.receiver.answer = ALLOW
    asking.receiver.wait(len(asking.receiver.got) + 1)
    wait(lambda: not backend._open[SDKAPPID].callbacks.busy())
    asking.door.run(backend._tend_once())
    assert backend.census()[0] == 0
