"""Commands through the console: as at the REST door, to the last byte; and what is tried out leaves no trace."""

from __future__ import annotations

import json
import os

import pytest

from console.conftest import Browser
from qunzhu.core.command import COMMANDS
from qunzhu.core.ports import GATEWAY, REST, Who
from qunzhu.edge.console import GATEWAY_TOO
from served import ADMIN, SDKAPPID
from wire.doors import Door, signed

CREATE = "group_open_http_svc/create_group"
INFO = "group_open_http_svc/get_group_info"
CALLS = [
    (INFO, {"GroupIdList": ["same"]}),
    (INFO, {"GroupIdList": []}),
    (INFO, {}),
    ("group_open_http_svc/get_appid_group_list", {"Limit": 0}),
    ("group_open_http_svc/get_appid_group_list", b"[1]"),
    ("group_open_http_svc/get_appid_group_list", b"not json"),
    ("group_open_http_svc/get_group_member_info", {"GroupId": "nowhere"}),
    ("openim/querystate", {"To_Account": ["alice"]}),
    ("recentcontact/get_list", {"From_Account": "nobody", "AssistFlags": 0}),
    ("group_open_http_svc/no_such_command", {}),
    ("gateway/join_group", {"GroupId": "same"}),
    ("gateway/open_session", {}),
    ("", {}),
    ("x/y/z", {}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "body"), CALLS, ids=str)
def test_a_command_is_answered_as_at_the_rest_door(door, admin, command, body):
    door.call(CREATE, {"Type": "Public", "Name": "same", "GroupId": "same"})
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    before = door.backend.answers.copy()
    _, rest = door.send(f"/v4/{command}", raw)
    by_rest = door.backend.answers - before
    before = door.backend.answers.copy()
    answer = admin.api(command, raw)
    assert (answer.status, answer.body) == (200, rest)
    assert door.backend.answers - before == by_rest


def test_the_caller_is_the_administrator_who_signed_in(door, admin):
    group = admin.api(
        CREATE, {"Type": "Public", "Name": "told", "Owner_Account": "alice", "MemberList": [{"Member_Account": "bob"}]}
    ).json["GroupId"]
    [message] = admin.api("group_open_http_svc/group_msg_get_simple", {"GroupId": group, "ReqMsgNumber": 1}).json[
        "RspMsgList"
    ]
    assert message["MsgBody"][0]["MsgContent"]["Operator_Account"] == ADMIN


def test_an_application_is_decided_by_the_administrator(door, admin):
    group = admin.api(CREATE, {"Type": "Public", "Name": "asks", "Owner_Account": "alice"}).json["GroupId"]
    join = COMMANDS["gateway/join_group"]
    app = door.run(door.backend.app(SDKAPPID))
    bob = Who(app=app, user="bob", admin=False, door=GATEWAY, now_ms=door.backend.now_ms(), random=os.urandom)
    door.run(door.backend.run(join, bob, join.decode(json.dumps({"GroupId": group}).encode())))
    query = f"group={group.replace('#', '%23')}"
    [waiting] = admin.data("applications", query).json["applications"]
    assert (waiting["user"], waiting["handled_by"]) == ("bob", "")
    given = {"GroupId": group, "ApplicationId": waiting["id"], "Accept": 1}
    assert [admin.api("gateway/handle_group_application", given).code for _ in range(2)] == [0, 10024]
    [decided] = admin.data("applications", query).json["applications"]
    assert (decided["handled_by"], decided["accepted"]) == (ADMIN, True)


def test_only_listed_commands_come_without_a_rest_path():
    assert (
        frozenset(path for path, row in COMMANDS.items() if path in GATEWAY_TOO and REST not in row.doors)
        == GATEWAY_TOO
    )


def test_a_disabled_command_is_disabled_here_too(tmp_path):
    from console.test_session import changed

    own = Door(tmp_path)
    try:
        browser = Browser(own)
        browser.sign_in()
        changed(own, {"disabled_commands": ("create_group",)})
        assert (
            browser.api(CREATE, {"Type": "Public", "Name": "x"}).code
            == own.code(CREATE, {"Type": "Public", "Name": "x"})
            != 0
        )
    finally:
        own.close()


@pytest.mark.parametrize(
    "body",
    [
        {"Type": "Public", "Name": "fine"},
        {"Type": "Public", "Name": "fine", "MemberList": [{"Member_Account": "alice"}]},
        {"Type": "Public", "Name": "x" * 31},
        {"Type": "Public", "Name": ""},
        {"Type": "Public"},
        {"Type": "Chess", "Name": "x"},
        {"Type": "Public", "Name": "x", "Owner_Account": "nobody"},
        {"Type": "Public", "Name": "x", "GroupId": "@TGS#x"},
        {"Type": "Public", "Name": "x", "GroupId": "taken"},
        {"Type": "AVChatRoom", "Name": "x", "MemberList": [{"Member_Account": "alice"}]},
        {"Type": "Public", "Name": "x", "SupportTopic": 1},
        {"Type": "Public", "Name": "x", "AppDefinedData": [{"Key": "unknown", "Value": "1"}]},
        b"nonsense",
    ],
    ids=str,
)
def test_trying_out_says_what_doing_would_and_does_nothing(door, admin, body):
    door.call(CREATE, {"Type": "Public", "Name": "taken", "GroupId": "taken", "Owner_Account": "bob"})
    total, numbers = admin.data("groups").json["total"], admin.data("overview").json
    tried = admin.ask(f"/console/check/{CREATE}", body)
    after = admin.data("overview").json
    assert admin.data("groups").json["total"] == total
    assert (after["today"], after["bars"], after["kinds"]) == (numbers["today"], numbers["bars"], numbers["kinds"])
    done = admin.api(CREATE, body)
    assert tried.status == 200
    assert (tried.json["ErrorCode"], tried.json["ErrorInfo"]) == (done.json["ErrorCode"], done.json["ErrorInfo"])


def test_an_id_that_was_tried_out_is_free(admin):
    body = {"Type": "Public", "Name": "twice", "GroupId": "tried-twice"}
    assert [admin.ask(f"/console/check/{CREATE}", body).code for _ in range(2)] == [0, 0]
    assert admin.api(CREATE, body).code == 0
    assert admin.ask(f"/console/check/{CREATE}", body).code == 10021


@pytest.mark.parametrize("path", ["group_open_http_svc/destroy_group", "nowhere", ""])
def test_other_commands_cannot_be_tried_out(admin, path):
    assert admin.ask(f"/console/check/{path}", {"GroupId": "same"}).status == 404


def test_a_call_that_needs_the_apps_store_opens_it(tmp_path):
    own = Door(tmp_path)
    try:
        browser = Browser(own)
        browser.sign_in()
        own.run(own.backend._close_app(own.backend._open[SDKAPPID]))
        assert browser.data("groups").status == 200
    finally:
        own.close()


def test_the_session_is_bound_to_its_app(tmp_path):
    """A second app's administrator of the same name sees the second app."""
    from qunzhu.apps import create_app

    own = Door(tmp_path)
    try:
        own.run(own.backend._control.write(_make_second(create_app)))
        first, second = Browser(own), Browser(own)
        first.sign_in()
        answer = second.ask(
            "/console/session",
            {"sdkappid": 1400000009, "identifier": ADMIN, "usersig": signed(key="second-app-key", sdkappid=1400000009)},
        )
        assert answer.json["sdkappid"] == 1400000009
        first.api(CREATE, {"Type": "Public", "Name": "first", "GroupId": "of-the-first"})
        assert [one["group_id"] for one in first.data("groups").json["groups"]] == ["of-the-first"]
        assert second.data("groups").json["groups"] == []
    finally:
        own.close()


def _make_second(create_app):
    def run(tx):
        return create_app(
            tx, name="second", plan="open", admins=(ADMIN,), key="second-app-key", sdkappid=1400000009, now=1
        )

    return run
