"""What the server counts by itself: deliveries every second, and at midnight who is still online."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.commands._recount import recount
from qunzhu.commands._usage import day_usage
from served import SDKAPPID
from wire.doors import Door
from wire.gate import Gate

if TYPE_CHECKING:
    from qunzhu.commands._usage import Usage

DAY = 86400
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


class Clocked(Door):
    """A server in this process whose clock is moved by hand."""

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.ahead = 0
        self._real = self.backend.now_ms
        self.backend.now_ms = lambda _sdkappid=0: self._real() + 1000 * self.ahead

    @property
    def opened(self) -> Any:
        """Return the demo app as the server has it open."""
        return self.backend._open[SDKAPPID]

    @property
    def today(self) -> str:
        """Return the app's day."""
        return self.opened.app.day(self.backend.now_ms() // 1000)

    def tend(self) -> None:
        """Let a second pass for what the server does every second."""
        self.run(self.backend._tend_once())

    def used(self) -> Usage:
        """Return what was used today, after a recount."""
        now = self.backend.now_ms() // 1000
        assert self.run(self.opened.store.read(recount, self.opened.app, now)) == []
        return self.run(self.opened.store.read(day_usage, self.today, self.today))


@pytest.fixture
def door(tmp_path):
    """Serve in this process."""
    opened = Clocked(tmp_path)
    yield opened
    opened.close()


def room_of(door: Door, *users: str) -> str:
    """Return a group of users."""
    members = [{"Member_Account": user} for user in users[1:]]
    made = door.call("group_open_http_svc/create_group", {
        "Type": "Public", "Name": "n", "Owner_Account": users[0], "MemberList": members,
    })  # fmt: skip
    return made["GroupId"]


def test_deliveries_are_counted_every_second_and_at_the_end(tmp_path):
    door = Clocked(tmp_path)
    gates = [Gate(door).login(user) for user in ("ann", "ben")]
    room = room_of(door, "ann", "ben")
    gates[0].call("send_group_msg", GroupId=room, Random=1, MsgBody=HELLO)
    assert door.used().delivered["group"] == 0
    door.tend()
    assert door.used().delivered["group"] == 2
    door.tend()
    gates[0].call("send_group_msg", GroupId=room, Random=2, MsgBody=HELLO)
    door.close()
    again = Clocked(tmp_path)
    assert again.used().delivered["group"] == 4
    again.close()


def test_deliveries_that_cannot_be_written_are_counted_later(door):
    gate = Gate(door).login("ann")
    room = room_of(door, "ann")
    door.tend()
    before = door.used().delivered["group"]
    gate.call("send_group_msg", GroupId=room, Random=1, MsgBody=HELLO)
    store = door.opened.store
    door.run(store.write(lambda tx: tx.run("ALTER TABLE meters RENAME TO away")))
    door.tend()
    door.run(store.write(lambda tx: tx.run("ALTER TABLE away RENAME TO meters")))
    door.tend()
    assert door.used().delivered["group"] == before + 1


def test_who_is_online_at_midnight_is_active_in_both_days(door):
    gates = [Gate(door).login(user) for user in ("ann", "ben")]
    door.tend()
    assert (door.used().active, door.used().logins, door.used().online_peak) == (2, 2, 2)
    gates[1].call("logout")
    now = door.backend.now_ms() // 1000 + 60 * door.opened.app.settings.utc_offset_minutes
    door.ahead = DAY - now % DAY
    assert door.used().active == 0
    door.tend()
    door.tend()
    assert (door.used().active, door.used().logins, door.used().online_peak) == (1, 0, 1)
