"""One clock looks after all connections: who does not log in in time is ended, and nobody else."""

from __future__ import annotations

import time

from qunzhu.edge import gateway
from wire.doors import Door
from wire.gate import Gate


def test_who_does_not_log_in_is_ended_and_nobody_else(door: Door, monkeypatch):
    monkeypatch.setattr(gateway, "LOGIN_SECONDS", 1)
    inside = Gate(door).login("alice")
    began = time.monotonic()
    silent, refused = Gate(door), Gate(door)
    assert refused.call("login", sdkappid=1, identifier="bob", usersig="x")["error"]["code"] == 70020
    assert refused.call("ping")["result"]
    for gate in (silent, refused):
        assert gate.next()["params"] == {"Code": 4006, "Reason": "login_timeout"}
        assert gate.next() is None
        assert gate.closed == (4006, "login_timeout")
    assert 1 <= time.monotonic() - began < 5
    late = Gate(door).login("bob")
    time.sleep(2.2)
    for gate in (inside, late):
        assert gate.call("ping")["result"]["ServerTime"] > 0
        gate.close()


def test_the_clock_stands_still_where_nobody_is(door: Door):
    clock = door.application.gateway
    gate = Gate(door).login("carol")
    assert clock._timer is not None
    gate.close()
    Gate(door).close()
    until = time.monotonic() + 40
    while clock._timer is not None and time.monotonic() < until:
        time.sleep(0.05)
    assert clock._timer is None
    again = Gate(door)
    assert clock._timer is not None
    again.close()
