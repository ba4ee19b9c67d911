"""query_online_status of users who are there (doc 1047/35477), and replies that would be too large (10018)."""

from __future__ import annotations

import pytest

from qunzhu.core.wire import PLATFORMS
from served import SDKAPPID
from wire.doors import CREATE, Door, signed
from wire.gate import Gate

STATUS = "openim/query_online_status"
#: What the documentation has for ``Detail[].Platform``; one sample writes IPhone.
DOCUMENTED = {"iPhone", "Android", "Web", "PC", "iPad", "Mac"}


def status(door: Door, user: str) -> dict:
    """Return a user's state with detail."""
    [item] = door.call(STATUS, {"To_Account": [user], "IsNeedDetail": 1})["QueryResult"]
    return item


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_is_one_of_the_documented(door: Door, platform: str):
    gate = Gate(door)
    gate.call("login", sdkappid=SDKAPPID, identifier="carol", usersig=signed("carol"), platform=platform)
    item = status(door, "carol")
    gate.call("ping")
    gate.close()
    assert item["Status"] == item["State"] == "Online"
    assert [detail["Status"] for detail in item["Detail"]] == ["Online"]
    assert item["Detail"][0]["Platform"] in DOCUMENTED


def test_gone_with_the_last_session(door: Door):
    first, second = Gate(door), Gate(door)
    for gate, platform in ((first, "Web"), (second, "Android")):
        gate.call("login", sdkappid=SDKAPPID, identifier="alice", usersig=signed("alice"), platform=platform)
    assert {detail["Platform"] for detail in status(door, "alice")["Detail"]} == {"Web", "Android"}
    first.close()
    assert status(door, "alice")["Status"] == "Online"
    second.close()
    item = status(door, "alice")
    assert item["Status"] == "Offline"
    assert "Detail" not in item
    assert "Detail" not in door.call(STATUS, {"To_Account": ["alice"]})["QueryResult"][0]


def test_a_reply_over_a_megabyte_is_refused(door: Door):
    users = [f"crowd-{number}" for number in range(300)]
    for start in range(0, 300, 100):
        door.call("im_open_login_svc/multiaccount_import", {"Accounts": users[start : start + 100]})
    group = door.call(CREATE, {"Type": "Public", "Name": "n"})["GroupId"]
    door.call(
        "group_open_http_svc/add_group_member",
        {"GroupId": group, "MemberList": [{"Member_Account": user} for user in users]},
    )
    answer = door.call("group_open_http_svc/get_group_info", {"GroupIdList": [group] * 50})
    assert answer["ErrorCode"] == 10018
    assert "GroupInfo" not in answer
    few = {"GroupIdList": [group] * 50, "ResponseFilter": {"GroupBaseInfoFilter": ["Name"]}}
    assert door.code("group_open_http_svc/get_group_info", few) == 0
