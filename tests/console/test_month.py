"""A month at the console: what ``qunzhu bill`` says, and what else can be chosen."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from console.conftest import Browser
from console.test_users import second
from qunzhu import prices
from qunzhu.cli.bill import bill
from served import SDKAPPID
from wire.doors import Door

CREATE = "group_open_http_svc/create_group"


@pytest.fixture
def own(tmp_path):
    """Open a server of one's own with a signed-in administrator, and some groups."""
    door = Door(tmp_path)
    for number in range(5):
        door.call(CREATE, {"Type": "Public", "Name": "a", "GroupId": f"a{number}"})
    door.call("group_open_http_svc/destroy_group", {"GroupId": "a0"})
    browser = Browser(door)
    browser.sign_in()
    yield door, browser, tmp_path
    door.close()


@pytest.mark.parametrize("listed", ["", *prices.names()])
def test_it_is_what_the_command_line_says(own, listed):
    _, browser, folder = own
    found = browser.data("month", f"prices={listed}").json
    given = ["--prices", listed] if listed else []
    printed = CliRunner().invoke(bill, ["--data", str(folder), "--app", str(SDKAPPID), "--json", *given])
    assert printed.exit_code == 0, printed.output
    assert found["statement"] == json.loads(printed.output)
    assert found["statement"]["usage"]["groups"] == {"created": 5, "dissolved": 1, "existing": 4, "peak": 5, "net": 4}
    assert set(found["lists"]) == set(prices.names())
    assert found["statement"]["plan"] in found["plans"]
    assert (found["app_plan"], found["months"][0]) == ("open", found["statement"]["month"])


def test_a_plan_and_a_month_can_be_chosen(own):
    _, browser, _ = own
    plans = browser.data("month").json["plans"]
    for plan in plans:
        assert browser.data("month", f"plan={plan}").json["statement"]["plan"] == plan
    before = browser.data("month", "month=2024-02").json["statement"]
    assert (before["month"], before["finished"], before["usage"]["groups"]["created"]) == ("2024-02", True, 0)
    assert browser.data("month").json["caps"]["net_groups_a_day"] is None


def test_another_apps_month_is_its_own(own):
    door, _, _ = own
    assert second(door).data("month").json["statement"]["usage"]["groups"]["created"] == 0
