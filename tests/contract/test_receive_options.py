"""How all messages reach a user: set_all_receive_option, get_all_receive_option."""

from __future__ import annotations

import pytest

from worlds import World, switched

NOTHING = {"MsgFlag": "AcceptAndNotify", "StartOfDay": 0, "StartTime": 0, "Duration": 0}


@pytest.fixture
def peopled(world: World) -> World:
    world.people("alice", "bob")
    return world


def test_every_day_or_once_and_the_last_one_holds(peopled: World):
    assert peopled.call("get_all_receive_option", "alice") == NOTHING
    peopled.call("set_all_receive_option", "alice", MsgFlag="AcceptNotNotify", Duration=86400, StartOfDay=86399)
    daily = {"MsgFlag": "AcceptNotNotify", "StartOfDay": 86399, "StartTime": 0, "Duration": 86400}
    assert peopled.call("get_all_receive_option", "alice") == daily
    peopled.call("set_all_receive_option", "alice", MsgFlag="Discard", Duration=4294967295, StartTime=1)
    once = {"MsgFlag": "Discard", "StartOfDay": 0, "StartTime": 1, "Duration": 4294967295}
    assert peopled.call("get_all_receive_option", "alice") == once
    peopled.call("set_all_receive_option", "alice", MsgFlag="AcceptAndNotify", Duration=0, StartOfDay=0)
    assert peopled.call("get_all_receive_option", "alice") == NOTHING
    assert peopled.call("get_all_receive_option", "bob") == NOTHING


def test_ones_own_sessions_hear_of_it_and_nobody_else(peopled: World):
    sessions = {user: peopled.online(user) for user in ("alice", "bob")}
    peopled.call("set_all_receive_option", "alice", MsgFlag="Discard", Duration=60, StartOfDay=3600)
    told = {"ChangeType": "AllReceiveOption", "MsgFlag": "Discard", "StartOfDay": 3600, "StartTime": 0, "Duration": 60}
    assert [(f["method"], f["params"]) for f in sessions["alice"].frames] == [("conversation_change", told)]
    assert sessions["bob"].frames == []


def test_one_start_and_a_day_at_most(peopled: World):
    command, fields = "set_all_receive_option", {"MsgFlag": "Discard", "Duration": 60}
    assert "StartOfDay" in peopled.refused(10004, command, "alice", **fields)
    assert "StartTime" in peopled.refused(10004, command, "alice", **fields, StartOfDay=0, StartTime=1)
    long = {**fields, "Duration": 86401, "StartOfDay": 0}
    assert "86400" in peopled.refused(10004, command, "alice", **long)
    for field, value in (
        ("MsgFlag", "AcceptNotNotifyExceptAt"), ("MsgFlag", ""), ("Duration", -1), ("Duration", 2**32),
        ("StartOfDay", 86400), ("StartTime", 0), ("StartTime", 2**32),
    ):  # fmt: skip
        text = peopled.refused(10004, command, "alice", **{**fields, "StartOfDay": 0, field: value})
        assert field in text


def test_it_goes_with_the_account(peopled: World):
    peopled.call("set_all_receive_option", "alice", MsgFlag="Discard", Duration=60, StartOfDay=3600)
    peopled.app = switched(peopled.app, delete_accounts=True)
    peopled.call("account_delete", DeleteItem=[{"UserID": "alice"}])
    assert peopled.rows("SELECT user_id FROM receive_options") == []
