"""Why a call was refused or a message not sent: kept for administrators of the app, and of what succeeds nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import pytest

from console.conftest import Browser
from console.test_callbacks import switch
from console.test_session import changed
from console.test_users import second
from qunzhu.core.trace import MOST, MOST_APPS, MOST_TEXT, Traced, Traces, Wanted, named_in
from receiver import receiving
from served import ADMIN, SDKAPPID
from wire.doors import Door, signed
from wire.gate import Gate

GROUPS = "group_open_http_svc"
SEND, CREATE = f"{GROUPS}/send_group_msg", f"{GROUPS}/create_group"
WORDS = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "<script>alert(1)</script>"}}]


@pytest.fixture
def own(tmp_path):
    """Open a server of one's own, a signed-in administrator, and a group."""
    door = Door(tmp_path)
    door.call("im_open_login_svc/multiaccount_import", {"Accounts": ["alice", "bob"]})
    door.call(
        CREATE,
        {
            "Type": "Public",
            "Name": "t",
            "GroupId": "team",
            "Owner_Account": "alice",
            "MemberList": [{"Member_Account": "bob"}],
        },
    )
    browser = Browser(door)
    browser.sign_in()
    yield door, browser
    door.close()


def traced(browser, query=""):
    """Return what is kept, newest first, without number and time."""
    return [
        {name: one[name] for name in ("how", "door", "command", "user", "sender", "target", "code")}
        for one in browser.data("trace", query).json["trace"]
    ]


def line(how="refused", door="rest", command="send_group_msg", user=ADMIN, sender="", target="team", code=0):
    """Return one as it is expected."""
    return {
        "how": how,
        "door": door,
        "command": command,
        "user": user,
        "sender": sender,
        "target": target,
        "code": code,
    }


def say(door, random, sender="alice", **more):
    """Send a message through REST."""
    return door.call(SEND, {"GroupId": "team", "From_Account": sender, "Random": random, "MsgBody": WORDS, **more})


def test_what_succeeds_leaves_nothing(own):
    door, browser = own
    say(door, 1)
    browser.data("overview")
    assert traced(browser) == []
    assert not door.backend.traces._of


def test_refusals_of_both_doors_and_of_the_console(own):
    door, browser = own
    say(door, 1, sender="nobody")
    door.call(CREATE, {"Type": "Chess", "Name": "x", "GroupId": "<b>"})
    door.call("openim/sendmsg", {"To_Account": "alice"}, query=door.query(identifier="bob", usersig=signed("bob")))
    door.call(f"{GROUPS}/no_such_command", {"GroupId": "x"})
    browser.api(f"{GROUPS}/destroy_group", {"GroupId": "nowhere"})
    gate = Gate(door)
    gate.call("login", sdkappid=SDKAPPID, identifier="bob", usersig="rubbish", platform="Web")
    gate.call("login", sdkappid=SDKAPPID, identifier="bob", usersig=signed("bob"), platform="Web")
    gate.call("destroy_group", GroupId="team")
    gate.close()
    kept = traced(browser)
    assert kept == [
        line(door="gateway", command="destroy_group", user="bob", code=10007),
        line(door="gateway", command="login", user="bob", target="", code=70003),
        line(command="destroy_group", target="nowhere", code=10010),
        line(command="unknown", target="x", code=60009),
        line(command="sendmsg", user="bob", target="alice", code=90009),
        line(command="create_group", target="<b>", code=10004),
        line(sender="nobody", code=10004),
    ]
    [first] = [one for one in browser.data("trace").json["trace"] if one["command"] == "create_group"]
    assert "Chess" in first["text"]
    assert abs(first["at_ms"] / 1000 - time.time()) < 5


def test_the_short_way_through_the_rest_door(own):
    door, browser = own

    async def ask(body: bytes) -> bytes:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        door.application.rest.answer_directly(SEND, door.query(), body, answer.set_result)
        return await answer

    late = {"GroupId": "team", "From_Account": "nobody", "Random": 1, "MsgBody": WORDS}
    assert json.loads(door.run(ask(json.dumps(late).encode())))["ErrorCode"] == 10004
    assert json.loads(door.run(ask(b'{"GroupId":"early"}')))["ErrorCode"] == 10004
    assert traced(browser) == [line(target="early", code=10004), line(sender="nobody", code=10004)]


def test_mutes_repeats_and_rates(own):
    door, browser = own
    door.call(f"{GROUPS}/forbid_send_msg", {"GroupId": "team", "Members_Account": ["bob"], "MuteTime": 60})
    say(door, 1, sender="bob")
    say(door, 7)
    say(door, 7)
    body = {"From_Account": "alice", "To_Account": "bob", "MsgRandom": 5, "MsgSeq": 5, "MsgBody": WORDS}
    while True:  # the second call must come within the second of the first
        second_of = [door.call("openim/sendmsg", body)["MsgTime"] for _ in range(2)]
        if second_of[0] == second_of[1] and traced(browser, "how=repeated&target=bob"):
            break
    assert traced(browser, "how=repeated&target=bob")[0] == line("repeated", "", "sendmsg", "alice", target="bob")
    assert traced(browser, "how=repeated&target=team") == [line("repeated", "", user="alice")]
    assert traced(browser, "user=bob") == [line(sender="bob", code=10017)]
    changed(door, {"messages_per_second": 1})
    answers = [say(door, 100 + number).get("MsgDropReason") for number in range(6)]
    dropped = [one for one in answers if one]
    assert dropped
    assert traced(browser, "how=dropped") == [line("dropped", "", user="alice")] * len(dropped)


def test_what_the_apps_own_server_drops_or_refuses(own):
    door, browser = own
    with receiving() as receiver:
        switch(door, url=receiver.url, commands=("Group.CallbackBeforeSendMsg",), private=True)
        receiver.answer = {"ActionStatus": "OK", "ErrorCode": 2, "ErrorInfo": ""}
        assert say(door, 1)["ErrorCode"] == 0
        receiver.answer = {"ActionStatus": "OK", "ErrorCode": 10150, "ErrorInfo": "not today"}
        assert say(door, 2)["ErrorCode"] == 10150
        assert traced(browser) == [line(sender="alice", code=10150), line("vetoed", sender="alice")]
        switch(door, url="")


def test_only_what_is_looked_for_and_only_what_is_new(own):
    door, browser = own
    for number in range(3):
        door.call(f"{GROUPS}/destroy_group", {"GroupId": f"no-{number}"})
    say(door, 1, sender="nobody")
    assert [one["target"] for one in traced(browser, "code=10010")] == ["no-2", "no-1", "no-0"]
    assert [one["target"] for one in traced(browser, "code=10010&limit=1")] == ["no-2"]
    assert traced(browser, "target=no-1") == [line(command="destroy_group", target="no-1", code=10010)]
    assert traced(browser, "user=nobody") == [line(sender="nobody", code=10004)]
    assert traced(browser, "how=dropped") == []
    newest = browser.data("trace").json["trace"][0]["num"]
    assert traced(browser, f"after={newest}") == []
    door.call(f"{GROUPS}/destroy_group", {"GroupId": "later"})
    assert [one["target"] for one in traced(browser, f"after={newest}")] == ["later"]


def test_another_app_sees_nothing_of_it(own):
    door, browser = own
    other = second(door)
    door.call(f"{GROUPS}/destroy_group", {"GroupId": "ours"})
    other.api(f"{GROUPS}/destroy_group", {"GroupId": "theirs"})
    assert [one["target"] for one in traced(browser)] == ["ours"]
    assert [one["target"] for one in traced(other)] == ["theirs"]


def test_unknown_apps_take_no_memory(own):
    door, _ = own
    for number in range(1, 50):
        door.send(f"/v4/{CREATE}", b"{}", query=door.query(sdkappid=str(number)))
    assert not door.backend.traces._of


def test_so_many_are_kept():
    traces = Traces()
    for number in range(MOST + 10):
        traces.add(1, Traced(at_ms=number, how="refused", command="x", user="u", text="t" * 5000))
    kept = traces.newest(1, Wanted(), 10 * MOST)
    assert [kept[0].at_ms, kept[-1].at_ms, len(kept)] == [MOST + 9, 10, MOST]
    assert len(kept[0].text) == MOST_TEXT + 1
    for app in range(2, MOST_APPS + 2):
        traces.add(app, kept[0])
    assert traces.newest(1, Wanted(), 1) == []
    assert len(traces.newest(2, Wanted(), 9)) == 1
    traces.drop(2)
    assert traces.newest(2, Wanted(), 9) == []


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"GroupId":"g","From_Account":"a"}', ("g", "a")),
        (b'{"GroupId":"g","TopicId":"t"}', ("t", "")),
        (b'{"To_Account":["a","b"]}', ("", "")),
        (b'{"GroupId":5,"To_Account":"b"}', ("b", "")),
        (b"[1]", ("", "")),
        (b"\xff", ("", "")),
        (b"", ("", "")),
        (b"[" * 100_000, ("", "")),
        (None, ("", "")),
    ],
)
def test_what_a_request_names(body, names):
    assert named_in(body) == names
    with contextlib.suppress(TypeError):
        assert named_in(json.loads(body) if body and body[:1] == b"{" else None) == ("", "")
