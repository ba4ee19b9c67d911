"""The figures of the last thirty days."""

from __future__ import annotations

import msgspec

from qunzhu.commands._metering import count_deliveries
from qunzhu.core.reference import REFERENCE
from worlds import DAY, World

FIELDS = [
    "AppName", "AppId", "Company", "ActiveUserNum", "RegistUserNumOneDay", "RegistUserNumTotal", "LoginTimes",
    "LoginUserNum", "UpMsgNum", "SendMsgUserNum", "APNSMsgNum", "C2CUpMsgNum", "C2CDownMsgNum",
    "C2CSendMsgUserNum", "C2CAPNSMsgNum", "MaxOnlineNum", "DownMsgNum", "ChainIncrease", "ChainDecrease",
    "GroupUpMsgNum", "GroupDownMsgNum", "GroupSendMsgUserNum", "GroupAPNSMsgNum", "GroupSendMsgGroupNum",
    "GroupJoinGroupTimes", "GroupQuitGroupTimes", "GroupNewGroupNum", "GroupAllGroupNum",
    "GroupDestroyGroupNum", "CallBackReq", "CallBackRsp", "Date",
]  # fmt: skip


def figures(world: World, *names: str) -> list[dict[str, str]]:
    """Return the figures of all days, some or all of them."""
    fields = {"RequestField": list(names)} if names else {}
    return list(world.call("getappinfo", **fields)["Result"])


def busy_day(world: World) -> None:
    """Let something happen of everything."""
    world.people("ann", "ben", "cid")
    for name in ("ann", "ben", "ann"):
        world.online(name)
    group, room = world.group("Public", owner="ann", members=["ben"]), world.group("AVChatRoom", owner="ann")
    world.call("destroy_group", GroupId=world.group("ChatRoom", owner="ann"))
    world.call("quit_group", "ben", GroupId=group)
    world.call("join_group", "ben", GroupId=room)
    world.say(group, "x", "ann")
    world.say(room, "x", "ben")
    world.write("ben", "x", "ann")
    world.write("ann", "x", From_Account="cid")
    world.touched = True
    world.store.write_now(count_deliveries, world.app, world.now, world.hub.take_deliveries())
    world.store.write_now(lambda tx: tx.meter(world.app.day(world.now), "callbacks.sent", 5))
    world.store.write_now(lambda tx: tx.meter(world.app.day(world.now), "callbacks.failed", 2))


def test_every_documented_figure_of_a_day(world):
    busy_day(world)
    today = figures(world)[-1]
    assert list(today) == FIELDS
    assert today == {
        "AppName": "tests", "AppId": "1400000000", "Company": "", "ActiveUserNum": "2", "RegistUserNumOneDay": "4",
        "RegistUserNumTotal": "4", "LoginTimes": "3", "LoginUserNum": "2", "UpMsgNum": "4", "SendMsgUserNum": "3",
        "APNSMsgNum": "0", "C2CUpMsgNum": "2", "C2CDownMsgNum": "3", "C2CSendMsgUserNum": "2", "C2CAPNSMsgNum": "0",
        "MaxOnlineNum": "2", "DownMsgNum": "5", "ChainIncrease": "0", "ChainDecrease": "0", "GroupUpMsgNum": "2",
        "GroupDownMsgNum": "2", "GroupSendMsgUserNum": "2", "GroupAPNSMsgNum": "0", "GroupSendMsgGroupNum": "2",
        "GroupJoinGroupTimes": "4", "GroupQuitGroupTimes": "2", "GroupNewGroupNum": "3", "GroupAllGroupNum": "2",
        "GroupDestroyGroupNum": "1", "CallBackReq": "5", "CallBackRsp": "3", "Date": "20231115",
    }  # fmt: skip


def test_thirty_days_the_oldest_first(world):
    world.group(owner=None)
    world.now += 29 * DAY
    world.group(owner=None)
    days = figures(world, "GroupAllGroupNum", "GroupNewGroupNum")
    assert len(days) == 30
    assert days[0] == {"GroupNewGroupNum": "1", "GroupAllGroupNum": "1", "Date": "20231115"}
    assert {(one["GroupNewGroupNum"], one["GroupAllGroupNum"]) for one in days[1:-1]} == {("0", "1")}
    assert days[-1] == {"GroupNewGroupNum": "1", "GroupAllGroupNum": "2", "Date": "20231214"}
    world.now += DAY
    assert [figures(world, "Date")[place]["Date"] for place in (0, -1)] == ["20231116", "20231215"]


def test_days_before_the_app_are_left_out(world):
    world.app = msgspec.structs.replace(world.app, created_at=world.now - 2 * DAY)
    assert [one["Date"] for one in figures(world, "Date")] == ["20231113", "20231114", "20231115"]
    world.app = msgspec.structs.replace(world.app, created_at=world.now + 5 * DAY)
    assert [one["Date"] for one in figures(world, "Date")] == ["20231115"]


def test_an_empty_list_names_all_and_old_figures_are_left_out(world):
    assert list(world.call("getappinfo", RequestField=[])["Result"][-1]) == FIELDS
    assert list(figures(world, "QQ", "ChainIncrease", "VoiceMsgInNum", "ChainDecrease")[-1]) == [
        "ChainIncrease", "ChainDecrease", "Date",
    ]  # fmt: skip
    assert set(figures(world, "QQ")[-1]) == {"Date"}


def test_refusals(world):
    assert "'UserNum' is not one of AppName" in world.refused(130001, "getappinfo", RequestField=["UserNum"])
    world.refused(130001, "getappinfo", RequestField="Date")
    world.refused(130001, "getappinfo", RequestField=["Date"] * 40)
    world.people("ann")
    world.refused(60010, "getappinfo", "ann")
    assert "getappinfo" in REFERENCE["openconfigsvr"]
