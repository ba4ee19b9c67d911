"""A real server tells an app's own server: sessions, live rooms, refusals, addresses; settings while it runs."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import socket
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from websockets.sync.client import connect

from callbacks.sending import switch, wait
from qunzhu.apps import Home, change_app
from qunzhu.config import Config
from receiver import ALLOW, receiving
from receiver import http as raw
from served import SDKAPPID, Server, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

    from receiver import Receiver

STATE, ONLINE = "State.StateChange", "Group.CallbackOnMemberStateChange"
MADE = "Group.CallbackAfterCreateGroup"
ROOM = "room"
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[Server, Receiver]]:
    """Run a server whose demo app has a server of its own."""
    server = Server(tmp_path_factory.mktemp("callbacks"))
    with receiving() as receiver:
        server.rest("im_open_login_svc/multiaccount_import", Accounts=["bob", "carl", "dora"])
        switch(server.folder / "data", url=receiver.url)
        wait(lambda: server.rest("group_open_http_svc/create_group", Type="Public", Name="x") and receiver.got)
        yield server, receiver
        server.stop()


@pytest.fixture
def told(served) -> Receiver:
    """Return the receiver, which has been told nothing yet."""
    _, receiver = served
    quiet(receiver)
    receiver.got.clear()
    return receiver


def quiet(receiver: Receiver) -> None:
    """Wait until nothing comes any more."""
    number = -1
    while number != len(receiver.got):
        number = len(receiver.got)
        time.sleep(0.15)


def states(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return users, actions and reasons in the order in which they came."""
    infos = [got.body["Info"] for got in receiver.of("State.StateChange")]
    return [(info["To_Account"], info["Action"], info["Reason"]) for info in infos]


@contextlib.contextmanager
def session(server: Server, user: str, platform: str = "iOS") -> Iterator[Session]:
    """Log a user in on a platform; at the end the connection breaks."""
    with connect(f"{server.url}/gateway") as peer:
        one = Session(peer)
        login = {"sdkappid": SDKAPPID, "identifier": user, "usersig": usersig(user), "platform": platform}
        assert "result" in one.call("login", **login)
        yield one
        with contextlib.suppress(OSError):
            peer.socket.shutdown(socket.SHUT_RDWR)


class Session:
    """A session of a user."""

    def __init__(self, peer: ClientConnection) -> None:
        self._peer = peer
        self._ids = itertools.count(1)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method and return the frame that answers."""
        number = next(self._ids)
        self._peer.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        while (frame := json.loads(self._peer.recv(timeout=10))).get("id") != number:
            pass
        return frame


def test_a_login_and_a_logout(served, told):
    server, _ = served
    with session(server, "bob") as bob:
        bob.call("logout")
        wait(lambda: len(told.of(STATE)) == 2)
    quiet(told)
    assert states(told) == [("bob", "Login", "Register"), ("bob", "Logout", "Unregister")]
    login = told.of(STATE)[0]
    assert (login.query["ClientIP"], login.query["OptPlatform"]) == ("127.0.0.1", "IOS")
    assert set(login.body) == {"CallbackCommand", "EventTime", "Info"}
    assert abs(login.body["EventTime"] / 1000 - time.time()) < 60


def test_a_connection_that_breaks(served, told):
    server, _ = served
    with session(server, "bob", "Android"):
        pass
    wait(lambda: len(told.of(STATE)) == 2)
    assert states(told) == [("bob", "Login", "Register"), ("bob", "Disconnect", "LinkClose")]
    assert told.of(STATE)[1].query["OptPlatform"] == "Android"


def test_a_second_login_on_the_platform_and_a_kick(served, told):
    server, _ = served
    with session(server, "bob"), session(server, "bob", "Web"), session(server, "bob"):
        time.sleep(1.1)  # a kick revokes what was signed before its second
        assert server.rest("im_open_login_svc/kick", UserID="bob")["ErrorCode"] == 0
        wait(lambda: len(told.of(STATE)) == 5)
    quiet(told)
    assert states(told) == [("bob", "Login", "Register")] * 3 + [("bob", "Logout", "Unregister")] * 2
    kicked = [got.body.get("KickedDevice") for got in told.of(STATE)]
    assert kicked == [None, None, [{"Platform": "iOS"}], None, None]


def test_who_is_silent_for_too_long(served, told):
    """The heartbeat of the server is 5 seconds, and after two and a half of them it ends the session."""
    server, _ = served
    with session(server, "dora"):
        wait(lambda: len(told.of(STATE)) == 2, 20)
    assert states(told) == [("dora", "Login", "Register"), ("dora", "Disconnect", "TimeOut")]


def test_a_live_room_in_which_connections_break(served, told):
    server, _ = served
    server.rest("group_open_http_svc/create_group", Type="AVChatRoom", Name="live", GroupId=ROOM)
    with session(server, "bob") as bob:
        bob.call("join_group", GroupId=ROOM)
    wait(lambda: told.of(ONLINE))
    with session(server, "bob") as bob, session(server, "carl") as carl:
        bob.call("join_group", GroupId=ROOM)
        carl.call("join_group", GroupId=ROOM)
        carl.call("quit_group", GroupId=ROOM)
        wait(lambda: len(told.of("Group.CallbackAfterMemberExit")) == 1)
    wait(lambda: len(told.of(ONLINE)) == 3)
    seen = [(got.body["EventType"], got.body["MemberList"], got.query["OptPlatform"]) for got in told.of(ONLINE)]
    who = [{"Member_Account": "bob"}]
    assert seen == [("Offline", who, "iOS"), ("Online", who, "iOS"), ("Offline", who, "iOS")]
    joins = [got.body["NewMemberList"] for got in told.of("Group.CallbackAfterNewMemberJoin")]
    assert joins == [who, [{"Member_Account": "carl"}]]


def test_who_enters_another_room_leaves_the_first_one(served, told):
    """In plan ``open`` a user is in any number of rooms; in the plan of here in one."""
    server, _ = served
    for room in ("first", "second"):
        server.rest("group_open_http_svc/create_group", Type="AVChatRoom", Name="live", GroupId=room)
    with on_plan(server, "legacy-pro"), session(server, "bob") as bob:
        for room in ("first", "second"):
            assert "result" in bob.call("join_group", GroupId=room)
        wait(lambda: told.of("Group.CallbackAfterMemberExit"))
        [left] = told.of("Group.CallbackAfterMemberExit")
        assert (left.body["GroupId"], left.body["ExitType"], left.body["Operator_Account"]) == ("first", "Quit", "bob")


def test_refusals_are_told_through_both_doors(served, told):
    server, _ = served
    group = server.rest("group_open_http_svc/create_group", Type="Public", Name="x", Owner_Account="bob")["GroupId"]
    server.rest("openconfigsvr/setnospeaking", Set_Account="carl", C2CmsgNospeakingTime=60)
    with session(server, "carl") as carl:
        message = {"GroupId": group, "Random": 1, "MsgBody": HELLO}
        assert carl.call("send_group_msg", **message)["error"]["code"] == 10007
        assert server.rest("group_open_http_svc/send_group_msg", **message, From_Account="nobody")["ErrorCode"] == 10004
        answer = carl.call("sendmsg", To_Account="bob", MsgRandom=1, MsgSeq=2, MsgBody=HELLO)
        assert answer["error"]["code"] == 20012
    wait(lambda: len(told.of("Group.CallbackSendMsgException")) == 2 and told.of("C2C.CallbackAfterSendMsg"))
    refused = told.of("Group.CallbackSendMsgException")
    seen = [(got.body["ErrorCode"], got.body["From_Account"], got.query["OptPlatform"]) for got in refused]
    assert seen == [(10007, "carl", "iOS"), (10004, "nobody", "RESTAPI")]
    [sent] = told.of("C2C.CallbackAfterSendMsg")
    assert (sent.body["SendMsgResult"], sent.body["UnreadMsgNum"]) == (20012, -1)
    server.rest("openconfigsvr/setnospeaking", Set_Account="carl", C2CmsgNospeakingTime=0)


def test_where_a_caller_comes_from_is_not_what_a_proxy_says(served, told):
    server, _ = served
    server.rest("group_open_http_svc/create_group", Type="Public", Name="direct")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    query = f"sdkappid={SDKAPPID}&identifier=administrator&usersig={usersig('administrator')}&random=1"
    body = json.dumps({"Type": "Public", "Name": "forwarded"})
    headers = {"X-Forwarded-For": "203.0.113.9", "Connection": "close"}
    connection.request("POST", f"/v4/group_open_http_svc/create_group?{query}", body, headers)
    assert json.loads(connection.getresponse().read())["ErrorCode"] == 0
    connection.close()
    wait(lambda: len(told.of("Group.CallbackAfterCreateGroup")) == 2)
    seen = {got.body["Name"]: got.query["ClientIP"] for got in told.of("Group.CallbackAfterCreateGroup")}
    assert seen == {"direct": "127.0.0.1", "forwarded": "127.0.0.1"}


def test_settings_take_effect_within_a_second_or_so(served, told):
    server, receiver = served
    folder = server.folder / "data"
    switch(folder, url=receiver.url, commands=("State.StateChange",))
    time.sleep(1.5)
    server.rest("group_open_http_svc/create_group", Type="Public", Name="unheard")
    switch(folder, url=receiver.url)
    time.sleep(1.5)
    server.rest("group_open_http_svc/create_group", Type="Public", Name="heard")
    wait(lambda: told.got)
    quiet(told)
    assert [got.body["Name"] for got in told.of("Group.CallbackAfterCreateGroup")] == ["heard"]


def test_metrics_count_tries(served, told):
    server, receiver = served
    receiver.answer = lambda got: raw("500 No", b"") if got.query["CallbackCommand"] == MADE else ALLOW
    server.rest("group_open_http_svc/create_group", Type="Public", Name="x")
    wait(lambda: told.of(MADE))
    receiver.answer = ALLOW
    wait(lambda: len(told.of(MADE)) == 2)
    time.sleep(0.1)
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    assert f'qunzhu_callbacks_total{{command="{MADE}",outcome="status"}} 1.0' in lines
    assert any(line.startswith(f'qunzhu_callbacks_total{{command="{MADE}",outcome="sent"}}') for line in lines)
    assert "qunzhu_callbacks_waiting 0.0" in lines


def test_what_was_left_goes_out_after_a_restart_before_anybody_calls(tmp_path):
    server = Server(tmp_path)
    with receiving() as down:
        down.answer = raw("500 No", b"")
        switch(tmp_path / "data", url=down.url, tries=99, commands=(MADE,))
        wait(lambda: server.rest("group_open_http_svc/create_group", Type="Public", Name="x") and down.got)
    server.stop()
    with receiving(port=down.port) as up:
        server.start()
        wait(lambda: up.got)
        assert up.got[0].body["CallbackCommand"] == MADE
    assert server.stop() == 0


def test_who_is_there_when_the_server_stops_lost_the_connection(tmp_path):
    """It is told before the server is gone, or after the next start."""
    server = Server(tmp_path)
    with receiving() as receiver:
        switch(tmp_path / "data", url=receiver.url, commands=(STATE, MADE))
        wait(lambda: server.rest("group_open_http_svc/create_group", Type="Public", Name="x") and receiver.got)
        with session(server, "bob"), session(server, "carl"):
            assert server.stop() == 0
        server.start()
        wait(lambda: len(receiver.of(STATE)) == 4)
        assert server.stop() == 0
    assert sorted(states(receiver)) == sorted(
        (user, *what) for user in ("bob", "carl") for what in (("Login", "Register"), ("Disconnect", "LinkClose"))
    )


def test_what_the_app_s_own_server_refuses_is_no_exception(served, told):
    server, receiver = served
    group = server.rest("group_open_http_svc/create_group", Type="Public", Name="x")["GroupId"]
    refusing = {"ActionStatus": "OK", "ErrorCode": 1, "ErrorInfo": "no"}
    receiver.answer = lambda got: refusing if "BeforeSendMsg" in got.query["CallbackCommand"] else ALLOW
    try:
        message = {"GroupId": group, "Random": 1, "MsgBody": HELLO}
        assert server.rest("group_open_http_svc/send_group_msg", **message)["ErrorCode"] == 10016
        write = {"To_Account": "bob", "MsgRandom": 1, "MsgBody": HELLO}
        assert server.rest("openim/sendmsg", **write)["ErrorCode"] == 20006
    finally:
        receiver.answer = ALLOW
    quiet(told)
    assert told.of("Group.CallbackSendMsgException") == told.of("C2C.CallbackAfterSendMsg") == []
    assert len(told.of("Group.CallbackBeforeSendMsg")) == len(told.of("C2C.CallbackBeforeSendMsg")) == 1


def test_what_the_app_s_own_server_rewrote_is_what_is_told(served, told):
    server, receiver = served
    group = server.rest("group_open_http_svc/create_group", Type="Public", Name="x")["GroupId"]
    other = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "rewritten"}}]
    answer = {**ALLOW, "MsgBody": other, "CloudCustomData": "new"}
    receiver.answer = lambda got: answer if "BeforeSendMsg" in got.query["CallbackCommand"] else ALLOW
    try:
        server.rest("group_open_http_svc/send_group_msg", GroupId=group, Random=1, MsgBody=HELLO)
        server.rest("openim/sendmsg", To_Account="bob", MsgRandom=1, MsgBody=HELLO)
    finally:
        receiver.answer = ALLOW
    wait(lambda: told.of("Group.CallbackAfterSendMsg") and told.of("C2C.CallbackAfterSendMsg"))
    for command in ("Group.CallbackAfterSendMsg", "C2C.CallbackAfterSendMsg"):
        [got] = told.of(command)
        assert (got.body["MsgBody"], got.body["CloudCustomData"]) == (other, "new")


@contextlib.contextmanager
def on_plan(server: Server, plan: str) -> Iterator[None]:
    """Put the demo app on a plan for a while."""
    with contextlib.closing(Home(Config(data=str(server.folder / "data"))).open_control()) as control:
        control.write_now(change_app, SDKAPPID, {"plan_name": plan}, {})
        time.sleep(1.3)
        yield
        control.write_now(change_app, SDKAPPID, {"plan_name": "open"}, {})
        time.sleep(1.3)
