"""An app's server that does not answer as it has to: what is asked passes, or messages are refused; others go on."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from callbacks.conftest import HELLO, Asking
from qunzhu.apps import change_app, create_app
from qunzhu.core.token import make_usersig
from qunzhu.push import before, callback_client
from receiver import ALLOW, Hang, Raw, http

SEND, WRITE, CREATE = "group_open_http_svc/send_group_msg", "openim/sendmsg", "group_open_http_svc/create_group"
GROUP_SEND, C2C_SEND = "Group.CallbackBeforeSendMsg", "C2C.CallbackBeforeSendMsg"
OK = json.dumps(ALLOW).encode()
FAILURES: dict[str, tuple[Any, str]] = {
    "hang": (Hang(), "timeout"), "500": (http("500 Internal Server Error", OK), "status"),
    "404": (http("404 Not Found", b""), "status"), "garbage": (http("200 OK", b"<html>"), "garbage"),
    "close": (Raw(b""), "closed"), "cut": (Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n" + OK), "closed"),
    "redirect": (http("302 Found", b"", "location: http://127.0.0.1/"), "status"),
    "huge": (http("200 OK", b'"' + b"x" * callback_client.MAX_ANSWER + b'"'), "too large"),
    "trickle": (Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n" + OK, pause=0.05), "timeout"),
    "array": (http("200 OK", b"[0]"), "garbage"), "no code": ({"ActionStatus": "OK"}, "garbage"),
    "code as text": ({"ActionStatus": "OK", "ErrorCode": "0"}, "garbage"),
    "code as fraction": ({"ActionStatus": "OK", "ErrorCode": 0.5}, "garbage"),
    "code is null": ({"ActionStatus": "OK", "ErrorCode": None}, "garbage"),
    "code is true": ({"ActionStatus": "OK", "ErrorCode": True}, "garbage"),
    "text is a number": ({"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": 1}, "garbage"),
}  # fmt: skip


@pytest.fixture
def club(asking: Asking) -> Asking:
    """Open the app with a group of ann and ben."""
    asking.group(GroupId="club", MemberList=[{"Member_Account": "ben"}])
    return asking


def answer(app: Asking, path: str, **fields: Any) -> tuple[int, str]:
    found = app.door.call(path, fields)
    return found["ErrorCode"], found["ErrorInfo"]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("name", FAILURES)
class TestEachFailure:
    """The documented outcome of each, for a message and for what is none."""

    def test_lets_pass(self, club, name):
        club.receiver.answer, fault = FAILURES[name]
        club.set(GROUP_SEND, C2C_SEND, "Group.CallbackBeforeCreateGroup")
        start = time.monotonic()
        assert answer(club, SEND, **club.message("club")) == (0, "")
        assert time.monotonic() - start < 1.5
        assert answer(club, WRITE, To_Account="ben", MsgRandom=1, MsgBody=HELLO) == (0, "")
        assert answer(club, CREATE, Type="Public", Name="n") == (0, "")
        assert club.counted(GROUP_SEND) == club.counted(C2C_SEND) == {fault: 1}
        assert club.counted("Group.CallbackBeforeCreateGroup") == {fault: 1}
        assert club.history("club")[0]["MsgBody"] == HELLO
        assert len(club.receiver.got) == 3  # none was sent again

    def test_holds_messages_back_where_the_app_says_so(self, club, name):
        club.receiver.answer, fault = FAILURES[name]
        club.set(GROUP_SEND, C2C_SEND, "Group.CallbackBeforeCreateGroup", block=True)
        code, text = answer(club, SEND, **club.message("club"))
        assert (code, fault in text) == (80003, True)
        error = club.gate("ben").call("sendmsg", To_Account="ann", MsgRandom=1, MsgBody=HELLO)["error"]
        assert (error["code"], fault in error["message"]) == (80003, True)
        assert answer(club, CREATE, Type="Public", Name="n") == (0, "")
        club.receiver.answer = ALLOW
        club.rest("openim/sendmsg", To_Account="ann", MsgRandom=1, MsgBody=HELLO)
        assert [one["From_Account"] for one in club.history("club") if one["From_Account"] != "@TIM#SYSTEM"] == []


def test_it_takes_two_seconds_and_is_not_tried_again(club):
    club.receiver.answer = Hang()
    club.set(GROUP_SEND)
    start = time.monotonic()
    assert answer(club, SEND, **club.message("club")) == (0, "")
    assert 1.9 < time.monotonic() - start < 3.0
    assert len(club.receiver.got) == 1


def test_nobody_listens(club):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        club.setting(callbacks={"url": f"http://127.0.0.1:{taken.getsockname()[1]}/", "commands": ("*",)})
        assert answer(club, SEND, **club.message("club")) == (0, "")
        assert club.counted(GROUP_SEND) == {"connect": 1}


def test_a_name_that_means_an_address_inside(club, monkeypatch):
    """The demo app may call this machine, and no other that lies inside."""
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 80))]
    monkeypatch.setattr(callback_client.socket, "getaddrinfo", lambda *_: inside)
    club.setting(callbacks={"url": "http://intranet.example.com/", "commands": ("*",), "block": True})
    code, text = answer(club, SEND, **club.message("club"))
    assert code == 80003
    assert "forbidden address" in text
    assert club.receiver.connections == 0


def test_calls_that_do_not_ask_do_not_wait(club):
    club.receiver.answer = Hang(1.5)
    club.set(GROUP_SEND)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(answer, club, SEND, **club.message("club")) for _ in range(3)]
        time.sleep(0.2)
        start = time.monotonic()
        assert answer(club, "group_open_http_svc/get_group_info", GroupIdList=["club"]) == (0, "")
        assert answer(club, CREATE, Type="Public", Name="n") == (0, "")
        unasked = club.message("club", ForbidCallbackControl=["ForbidBeforeSendMsgCallback"])
        assert answer(club, SEND, **unasked) == (0, "")
        assert time.monotonic() - start < 1.0
        assert [one.result() for one in waiting] == [(0, "")] * 3


class TestCrowd:
    """No more than so many calls of an app wait for its server."""

    def send(self, app: Asking, number: int) -> list[tuple[int, str]]:
        """Send so many messages at once."""

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*(self._one(app) for _ in range(number)))

        return app.door.run(all_of_them())

    async def _one(self, app: Asking) -> tuple[int, str]:
        door, sent = app.door, []
        body = json.dumps(app.message("club")).encode()
        door.application.rest.answer_directly(SEND, door.query(), body, sent.append)
        while not sent:
            await asyncio.sleep(0.01)
        found = json.loads(sent[0])
        return found["ErrorCode"], found["ErrorInfo"]

    @pytest.mark.parametrize("block", [False, True])
    def test_more_are_not_answered(self, club, monkeypatch, block):
        monkeypatch.setattr(before, "MAX_ASKED", 10)
        club.setting(messages_per_second=0)
        club.receiver.answer = Hang(0.5)
        club.set(GROUP_SEND, block=block)
        codes = [code for code, _ in self.send(club, 30)]
        assert sorted(codes) == [0] * 30 if not block else [0] * 10 + [80003] * 20
        assert club.counted(GROUP_SEND) == {"allowed": 10, "crowded": 20}
        assert len(club.receiver.got) == 10
        club.receiver.answer = ALLOW
        assert self.send(club, 1) == [(0, "")]
        assert club.counted(GROUP_SEND)["allowed"] == 11

    def test_who_hears_nothing_for_long_asks_less(self, club, monkeypatch):
        monkeypatch.setattr(before, "MAX_UNHEARD", 5)
        monkeypatch.setattr(before, "MAX_TRYING", 2)
        monkeypatch.setattr(callback_client, "SECONDS", 0.3)
        club.setting(messages_per_second=0)
        club.receiver.answer = Hang(0.6)
        club.set(GROUP_SEND)
        self.send(club, 5)
        self.send(club, 10)
        assert club.counted(GROUP_SEND) == {"timeout": 7, "crowded": 8}
        club.receiver.answer = ALLOW
        self.send(club, 1)
        self.send(club, 10)
        assert club.counted(GROUP_SEND) == {"timeout": 7, "crowded": 8, "allowed": 11}

    def test_another_app_does_not_notice(self, club, monkeypatch):
        monkeypatch.setattr(before, "MAX_ASKED", 10)
        control, door = club.door.backend._control, club.door
        other = door.run(control.write(lambda tx: create_app(
            tx, name="other", plan="open", admins=("root",), key=None, sdkappid=None, now=1
        )))  # fmt: skip
        settings = {"url": club.receiver.url, "private": True, "commands": ("*",)}
        door.run(control.write(change_app, other.sdkappid, {}, {}, settings))
        query = door.query(
            sdkappid=str(other.sdkappid), identifier="root",
            usersig=make_usersig(other.key, other.sdkappid, "root", now=int(time.time()), expire=999),
        )  # fmt: skip
        club.receiver.answer = lambda got: Hang(1.0) if got.query["SdkAppid"] == "1400000000" else ALLOW
        club.set(GROUP_SEND)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(self.send, club, 10)
            time.sleep(0.3)
            start = time.monotonic()
            assert door.code(CREATE, {"Type": "Public", "Name": "n"}, query=query) == 0
            assert time.monotonic() - start < 0.5
            waiting.result()


def test_an_app_that_is_closed_meanwhile_answers(club):
    club.receiver.answer = Hang(1.0)
    club.set(GROUP_SEND)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(answer, club, SEND, **club.message("club"))
        club.receiver.wait(1)
        opened = club.door.backend._open[1400000000]
        club.door.run(club.door.backend._close_app(opened))
        assert waiting.result()[0] in {0, 60018}


def test_a_server_that_the_app_forgets_is_asked_no_more(club):
    club.set(GROUP_SEND)
    assert answer(club, SEND, **club.message("club")) == (0, "")
    assert len(club.receiver.got) == 1
    club.setting(callbacks={"url": ""})
    assert answer(club, SEND, **club.message("club")) == (0, "")
    assert len(club.receiver.got) == 1


def test_metrics_show_what_became_of_callbacks(club):
    club.set(GROUP_SEND)
    answer(club, SEND, **club.message("club"))
    _, page = club.door.send("/metrics", b"", method="GET")
    assert b'qunzhu_callbacks_total{command="Group.CallbackBeforeSendMsg",outcome="allowed"} 1.0' in page
