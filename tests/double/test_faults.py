"""Faults of commands and pushes at both doors, and cut sessions."""

from __future__ import annotations

import asyncio
import http.client
import time
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

from double.conftest import Session
from served import signed_in, until

if TYPE_CHECKING:
    from double.conftest import Double

GROUPS = "group_open_http_svc"
CONNECTED = 0
GONE = (http.client.RemoteDisconnected, ConnectionResetError)


@pytest.fixture
def team(double: Double) -> Double:
    """Give a group of two."""
    double.make("alice", "bob")
    double.group("team", "alice", "bob")
    return double


def test_a_code_comes_so_often(team: Double):
    team.set("faults", add=[{"command": "send_group_msg", "code": 80001, "text": "no such words", "times": 2}])
    answers = [team.say("team", "x", "alice", n) for n in range(3)]
    assert [one["ErrorCode"] for one in answers] == [80001, 80001, 0]
    assert answers[0]["ErrorInfo"] == "no such words"
    assert answers[2]["MsgSeq"] == 2
    assert team.look()["faults"][0]["hits"] == 2


def test_only_who_is_meant_meets_it(team: Double):
    team.set("faults", add=[
        {"command": "get_group_info", "code": 10002, "door": "gateway", "user": "alice"},
        {"command": "login", "code": 70169, "user": "bob", "times": 1},
    ])  # fmt: skip
    alice = Session(team, "alice")
    assert alice.call("get_group_info", GroupIdList=["team"])["error"]["code"] == 10002
    assert "result" in alice.call("get_joined_group_list", Member_Account="alice")
    assert team.call(f"{GROUPS}/get_group_info", GroupIdList=["team"])["ErrorCode"] == 0
    assert Session(team, "bob").login["error"]["code"] == 70169
    bob = Session(team, "bob")
    assert "result" in bob.call("get_group_info", GroupIdList=["team"])


def test_chance_is_the_same_with_the_same_seed(team: Double):
    def drawn(seed: int) -> list[int]:
        team.set("faults", clear=True, add=[{"command": "*", "code": 60018, "probability": 0.5}], seed=seed)
        return [team.call(f"{GROUPS}/get_group_info", GroupIdList=["team"])["ErrorCode"] for _ in range(30)]

    first = drawn(1)
    assert 5 < first.count(60018) < 25
    assert drawn(1) == first
    assert drawn(2) != first


def test_a_delay_holds_up_the_call_and_nobody_else(team: Double):
    team.set("faults", add=[{"command": "get_group_info", "delay_ms": 400, "door": "rest"}])
    start = time.monotonic()
    assert team.call(f"{GROUPS}/get_group_info", GroupIdList=["team"])["ErrorCode"] == 0
    assert 0.4 <= time.monotonic() - start < 5
    start = time.monotonic()
    team.call(f"{GROUPS}/get_appid_group_list")
    assert time.monotonic() - start < 0.4


def test_a_dropped_request_has_no_answer_and_no_effect(team: Double):
    team.set("faults", add=[{"command": "create_group", "drop": True, "times": 2}])
    for headers in ({}, {"Connection": "close"}):  # the short way, and the ordinary one
        connection = http.client.HTTPConnection("127.0.0.1", team.port, timeout=10)
        connection.request(
            "POST", f"/v4/{GROUPS}/create_group?{team.query()}", b'{"Type":"Public","Name":"n"}', headers
        )
        with pytest.raises(GONE):
            connection.getresponse()
        connection.close()
    assert team.groups() == ["team"]
    alice = Session(team, "alice")
    team.set("faults", add=[{"command": "create_group", "drop": True}])
    with pytest.raises(ConnectionClosed):
        alice.call("create_group", Type="Public", Name="n")
    assert team.groups() == ["team"]


def test_a_lost_reply_is_of_a_command_that_ran(team: Double):
    team.set("faults", add=[
        {"command": "send_group_msg", "drop": True, "after": True, "times": 1},
        {"command": "send_group_msg", "code": 60018, "after": True, "times": 1},
    ])  # fmt: skip
    with pytest.raises(GONE):
        team.say("team", "once", "alice", 5)
    assert team.say("team", "once", "alice", 5)["ErrorCode"] == 60018
    assert team.say("team", "once", "alice", 5)["MsgSeq"] == 2  # said once, whatever was heard of it
    assert team.say("team", "twice", "alice", 6)["MsgSeq"] == 3


def test_rules_go_in_order_and_can_be_cleared(team: Double):
    team.set("faults", add=[{"command": "*", "code": 60017, "times": 1}, {"command": "*", "code": 60018}])
    codes = [team.call(f"{GROUPS}/get_appid_group_list")["ErrorCode"] for _ in range(3)]
    assert codes == [60017, 60018, 60018]
    assert [rule["number"] for rule in team.set("faults")["faults"]] == [1, 2]
    assert team.set("faults", clear=True)["faults"] == []
    assert team.call(f"{GROUPS}/get_appid_group_list")["ErrorCode"] == 0


def test_old_names_and_paths_name_a_command(team: Double):
    team.set("faults", add=[{"command": f"{GROUPS}/create_group", "code": 1}, {"command": "querystate", "code": 2}])
    assert [rule["command"] for rule in team.set("faults")["faults"]] == ["create_group", "query_online_status"]
    assert team.call("openim/query_online_status", To_Account=["alice"])["ErrorCode"] == 2


def test_pushes_are_lost_and_repeated(team: Double):
    alice, bob = Session(team, "alice"), Session(team, "bob")
    team.set("faults", pushes=[
        {"push": "group_message", "user": "bob", "lose": True, "times": 1},
        {"push": "group_message", "user": "alice", "repeat": 2, "times": 1},
    ])  # fmt: skip
    for number in (1, 2):
        team.say("team", "x", "alice", number)
    assert alice.told() == ["group_message"] * 4
    assert bob.told() == ["group_message"]
    missed = bob.call("sync", Groups={"team": 0}, Topics={})["result"]["Messages"]
    assert [one["MsgSeq"] for one in missed] == [2, 3]  # what is lost is found by its seq


def test_a_push_of_another_sort_is_not_lost(team: Double):
    alice = Session(team, "alice")
    team.set("faults", pushes=[{"push": "group_tip", "lose": True}])
    team.say("team", "x", "bob", 1)
    team.call(f"{GROUPS}/modify_group_base_info", GroupId="team", Name="renamed")
    assert alice.told() == ["group_message"]


def test_sessions_are_cut(double: Double):
    double.make("alice", "bob")
    alice, bob = Session(double, "alice"), Session(double, "bob")
    assert double.set("cut", user="nobody")["ended"] == 0
    assert double.set("cut", user="alice")["ended"] == 1
    assert alice.end() == 4009
    assert "result" in bob.call("ping")
    assert double.set("cut", platform="Linux", code=4005)["ended"] == 1
    assert bob.end() == 4005
    assert double.call("openim/query_online_status", To_Account=["alice"])["QueryResult"][0]["Status"] == "Offline"


def test_the_sdk_comes_again_after_a_cut_and_a_reset(double: Double):
    async def journey() -> None:
        async with signed_in(double, "alice") as (_, ears):
            for control in ("cut", "reset"):
                before = len(ears.networks())
                await asyncio.to_thread(double.set, control)
                await until(lambda before=before: len(ears.networks()) > before and ears.networks()[-1] == CONNECTED)

    asyncio.run(journey())
    assert double.call("openim/query_online_status", To_Account=["alice"])["QueryResult"]  # who comes is registered
