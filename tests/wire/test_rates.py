"""Limits a second at the REST door: by plan, by setting, refused before the store, told once a second."""

from __future__ import annotations

import itertools
import time

import msgspec
import pytest

from qunzhu import commands
from qunzhu.apps import find_app, save_app
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import Refused
from qunzhu.core.plans import PLANS, Plan
from qunzhu.core.ports import REST, CallbackSettings, Rate, Who
from qunzhu.edge.rates import Rates, limit_of
from served import SDKAPPID
from wire.doors import CREATE, Door, signed
from wire.gate import Gate
from worlds import ADMIN, NOW, app_of, on_plan, switched

assert commands  # importing it fills the command table

LIST = "group_open_http_svc/get_appid_group_list"
INFO = "group_open_http_svc/get_group_info"
ALERT = "Alert.RequestOverLimit"


def who(app, now_ms=NOW * 1000):
    return Who(app=app, user=ADMIN, admin=True, door=REST, now_ms=now_ms, random=bytes)


class Told:
    """Keeps what is told of limits."""

    def __init__(self):
        self.heard = []

    def __call__(self, caller, command, limit, calls):
        self.heard.append((caller.now, command.name, limit, calls))


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [
        ("create_group", 200, 60007), ("account_import", 200, 60007), ("sendmsg", 200, 60007),
        ("multiaccount_import", 100, 60007), ("account_delete", 100, 60007), ("account_check", 100, 60007),
        ("get_appid_group_list", 1, 10006), ("send_broadcast_msg", 1, 60007), ("get_history", 10, 60007),
    ],
)  # fmt: skip
def test_documented_limits(name, limit, code):
    app, told = on_plan(app_of(), "legacy-pro"), Told()
    rates, command = Rates(told), BY_NAME[name]
    for _ in range(limit):
        rates.count(who(app), command)
    with pytest.raises(Refused) as refused:
        rates.count(who(app), command)
    assert refused.value.row.code == code
    assert all(word in refused.value.text for word in (name, str(limit + 1), str(limit), str(NOW)))
    rates.count(who(app, NOW * 1000 + 1000), command)


def test_plan_open_has_none_and_all_others_have_them():
    command = BY_NAME["create_group"]
    for plan in PLANS:
        assert limit_of(on_plan(app_of(), plan), command) == (0 if plan == "open" else 200)
    assert not app_of().limits_requests


def test_an_apps_own_rates_go_first():
    create, listing = BY_NAME["create_group"], BY_NAME["get_appid_group_list"]
    app = switched(app_of(), rates=(Rate("create_group", 7),))
    assert (limit_of(app, create), limit_of(app, listing), app.limits_requests) == (7, 0, True)
    app = switched(app_of("2025-pro"), rates=(Rate("*", 0), Rate("create_group", 7)))
    assert (limit_of(app, create), limit_of(app, listing)) == (7, 0)
    app = switched(app_of("2025-pro"), rates=(Rate("*", 50), Rate("get_appid_group_list", 0)))
    assert (limit_of(app, create), limit_of(app, listing)) == (50, 0)


def test_an_older_name_of_a_command_is_the_same_command():
    """The two paths have one count between them."""
    rates, app = Rates(Told()), app_of("2025-pro", settings=app_of().settings)
    app = switched(app, rates=(Rate("query_online_status", 1),))
    rates.count(who(app), BY_NAME["query_online_status"])
    with pytest.raises(Refused):
        rates.count(who(app), BY_NAME["querystate"])


def test_apps_and_commands_are_counted_apart():
    rates = Rates(Told())
    one = on_plan(app_of(), "legacy-pro")
    other = msgspec.structs.replace(one, sdkappid=one.sdkappid + 1)
    for app, name in itertools.product((one, other), ("get_appid_group_list", "send_broadcast_msg")):
        rates.count(who(app), BY_NAME[name])


def test_told_once_a_second_with_all_that_was_asked():
    told, app = Told(), on_plan(app_of(), "legacy-pro")
    rates, command, refusals = Rates(told), BY_NAME["get_appid_group_list"], 0
    for at in [0, 10, 20, 30, 1000, 1001]:
        try:
            rates.count(who(app, NOW * 1000 + at), command)
        except Refused:
            refusals += 1
    assert refusals == 4
    assert [(second, limit, calls()) for second, _, limit, calls in told.heard] == [(NOW, 1, 4), (NOW + 1, 1, 2)]


def change(door, plan, **settings):
    """Give the doors' app another plan and settings, and let them take effect."""

    def changed(tx):
        app = find_app(tx, SDKAPPID)
        given = msgspec.structs.replace(app.settings, **settings)
        save_app(tx, msgspec.structs.replace(app, plan_name=plan, settings=given))

    door.run(door.backend._control.write(changed))
    door.run(door.backend._tend_once())


@pytest.fixture
def limited(tmp_path):
    """Open the doors of an app that may read a group three times a second."""
    door = Door(tmp_path)
    settings = {
        "rates": (Rate("get_group_info", 3),),
        "callbacks": CallbackSettings(url="http://127.0.0.1:1/hook", commands=(ALERT,)),
    }
    change(door, "2025-pro", **settings)
    yield door
    door.close()


def within_a_second(act):
    """Do something that must begin and end in one second of the clock; return the last answer."""
    for _ in range(20):
        while time.time() % 1 > 0.3:
            time.sleep(0.02)
        began = int(time.time())
        done = act()
        if int(time.time()) == began:
            return done
    raise AssertionError("no second was long enough")


def test_at_the_door(limited):
    began = int(time.time())
    answers = [limited.call(INFO, {"GroupIdList": ["a"]}) for _ in range(40)]
    seconds = int(time.time()) - began + 1
    refused = [one for one in answers if one["ErrorCode"] == 60007]
    assert 40 - 3 * seconds <= len(refused) < 40
    assert "get_group_info: call 4 in second " in refused[0]["ErrorInfo"]
    assert refused[0]["ErrorInfo"].endswith("3 a second are allowed")
    assert all(limited.code(LIST) in {0, 10006} for _ in range(3))
    assert limited.code(CREATE, {"Type": "Public", "Name": "n"}) == 0
    assert limited.backend.answers["rest", "get_group_info", 60007] == len(refused)


def test_the_apps_server_is_told_when_the_second_is_over(limited):
    within_a_second(lambda: [limited.call(INFO, {"GroupIdList": ["a"]}) for _ in range(6)])
    store = limited.backend._open[SDKAPPID].store
    rows, until = [], time.monotonic() + 10
    while not (rows and limited.backend.tally.alerts) and time.monotonic() < until:
        rows = limited.run(store.read(lambda tx: tx.all("SELECT lane, command, body FROM callbacks ORDER BY num")))
        time.sleep(0.05)
    _, command, body = rows[-1]
    assert command == ALERT
    assert msgspec.json.decode(body) == {
        "CallbackCommand": ALERT, "ServiceName": "group_open_http_svc", "Command": "get_group_info", "Request": 6,
        "Limit": 3,
    }  # fmt: skip
    assert limited.backend.tally.alerts.keys() == {"RequestsOverLimit"}


def test_a_wrong_request_counts_and_a_stranger_does_not(limited):
    """A UserSig that does not hold is refused before anything is counted."""

    def five_by_a_stranger_then_four():
        strange = [limited.code(INFO, {}, query=limited.query(usersig="x")) for _ in range(5)]
        return strange, [limited.code(INFO, {}) for _ in range(4)]

    strange, codes = within_a_second(five_by_a_stranger_then_four)
    assert strange == [70003] * 5
    assert codes == [10004, 10004, 10004, 60007]


def test_a_trials_active_users_at_the_gateway(tmp_path, monkeypatch):
    """Who is one too many is refused his login, and nothing of him is left; who was there comes in again."""
    monkeypatch.setitem(PLANS, "tests", Plan(name="tests", accounts=100, free_daily_users=1))
    door = Door(tmp_path)
    try:
        change(door, "tests")
        first, second = Gate(door), Gate(door)
        first.login("alice")
        late = {"sdkappid": SDKAPPID, "identifier": "bob", "usersig": signed("bob")}
        assert second.call("login", **late)["error"]["code"] == 72000
        for gate in (first, second):
            gate.close()
        again = Gate(door)
        again.login("alice")
        again.close()
        assert door.code("openim/query_online_status", {"To_Account": ["bob"]}) == 0
        assert door.call("im_open_login_svc/account_check", {"CheckItem": [{"UserID": "bob"}]})["ResultItem"][0][
            "AccountStatus"
        ] == "NotImported"  # fmt: skip
    finally:
        door.close()
