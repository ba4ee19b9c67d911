"""What the console shows that no command tells: the overview's numbers, the form of a new group, queries."""

from __future__ import annotations

import msgspec
import pytest

from console.conftest import Browser
from console.test_session import changed
from qunzhu.commands.groups import CreateGroup
from qunzhu.core.command import COMMANDS
from qunzhu.core.kinds import KINDS
from qunzhu.edge.console_form import SDK_OPTIONS, SEED_NAMES
from qunzhu.tim import TIMGroupAddOption, TIMGroupType
from qunzhu.tim.convert import create_request
from qunzhu.tim.params import GroupParams
from wire.doors import Door

CREATE = "group_open_http_svc/create_group"
SEND = "group_open_http_svc/send_group_msg"


@pytest.fixture
def own(tmp_path):
    """Open a server of one's own with a signed-in administrator."""
    door = Door(tmp_path)
    door.call("im_open_login_svc/multiaccount_import", {"Accounts": ["alice", "bob"]})
    browser = Browser(door)
    browser.sign_in()
    yield door, browser
    door.close()


def test_the_overview_counts_what_happens(own):
    door, browser = own
    for number in range(3):
        door.call(CREATE, {"Type": "Public", "Name": "a", "GroupId": f"a{number}", "Owner_Account": "alice"})
    door.call(CREATE, {"Type": "AVChatRoom", "Name": "room", "GroupId": "room"})
    door.call("group_open_http_svc/destroy_group", {"GroupId": "a2"})
    text = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
    for number in range(4):
        door.call(SEND, {"GroupId": "a0", "Random": number, "MsgBody": text, "From_Account": "alice"})
    now = browser.data("overview").json
    assert now["today"] == {"created": 4, "dissolved": 1, "existing": 3, "peak": 4, "net": 3}
    assert now["kinds"]["Public"] == {"created": 3, "dissolved": 1, "existing": 2, "peak": 3, "net": 2}
    assert set(now["kinds"]) == {kind.name for kind in KINDS}
    assert now["messages"]["Public"] == 4
    assert (now["month_peak"], now["accounts"], now["online_users"], now["sessions"]) == (4, 3, 0, 0)
    assert [one["created"] for one in now["days"]][-1] == 4
    bars = {bar["name"]: (bar["used"], bar["cap"]) for bar in now["bars"]}
    assert bars["net_groups_a_day"] == (3, None)
    assert (bars["groups"], bars["live_rooms"], bars["accounts"]) == ((2, None), (1, None), (3, None))


def test_the_bars_are_those_of_the_plan(own):
    door, browser = own
    changed(door, plan_name="overseas-developer")
    bars = {bar["name"]: bar["cap"] for bar in browser.data("overview").json["bars"]}
    assert bars == {"net_groups_a_day": 100, "groups": 100, "live_rooms": 10, "communities": 100_000, "accounts": 100}


def test_numbers_of_the_whole_server_are_for_this_machine(own):
    door, browser = own
    door.call("group_open_http_svc/destroy_group", {"GroupId": "nowhere"})
    door.call("group_open_http_svc/destroy_group", {"GroupId": "nowhere"})
    server = browser.data("overview").json["server"]
    worst = next(one for one in server["refusals"] if one["command"] == "destroy_group")
    assert (worst["door"], worst["code"], worst["times"]) == ("rest", 10010, 2)
    assert server["refused"] == sum(times for (_, _, code), times in door.backend.answers.items() if code)
    elsewhere = Browser(door, client=("192.0.2.7", 1))
    elsewhere.sign_in()
    assert elsewhere.data("overview").json["server"] is None
    assert browser.data("overview", x_forwarded_for=b"192.0.2.7").json["server"] is None


def test_the_form_knows_every_field_of_the_command(admin):
    form = admin.data("create-form").json
    assert [one["name"] for one in form["fields"]] == list(CreateGroup.__struct_fields__)
    assert form["required"] == ["Type", "Name"]
    assert [kind["name"] for kind in form["kinds"]] == [kind.name for kind in KINDS]
    assert [one["key"] for one in form["group_fields"]] == ["GroupTestData1", "GroupTestData2"]


@pytest.mark.parametrize("over", [0, 1])
def test_the_forms_limits_are_the_commands(admin, over):
    """At each limit that the form shows the command takes the value, and one beyond it does not."""
    form = admin.data("create-form").json
    asked = {"Type": "Public", "Name": "x"}
    checked = 0
    for field in form["fields"]:
        name = field["name"]
        if "x-max-bytes" in field and name not in {"Owner_Account", "GroupId"}:
            value = "x" * (field["x-max-bytes"] + over)
        elif name == "MaxMemberCount" or name in {"SupportTopic", "EnablePermission"}:
            value = field["minimum"] - over
        elif name in {"ApplyJoinOption", "InviteJoinOption"}:
            value = field["enum"][0] + "x" * over
        else:
            continue
        checked += 1
        code = admin.ask(f"/console/check/{CREATE}", {**asked, name: value}).code
        assert (code != 0) is bool(over), (name, value, code)
    assert checked == 9


def test_limits_of_any_command(admin):
    found = admin.data("limits", "command=group_open_http_svc/modify_group_base_info").json
    assert found["Name"] == {"type": "string", "x-max-bytes": 30, "minLength": 1}
    assert found["MuteAllMember"]["enum"] == ["On", "Off"]
    for command in COMMANDS:
        assert isinstance(admin.data("limits", f"command={command}").json, dict)
    answer = admin.data("limits", "command=nowhere")
    assert (answer.status, answer.code) == (200, 60009)


def test_a_limit_counts_bytes(admin):
    assert admin.ask(f"/console/check/{CREATE}", {"Type": "Public", "Name": "群" * 10}).code == 0
    assert admin.ask(f"/console/check/{CREATE}", {"Type": "Public", "Name": "群" * 11}).code == 10004


def test_what_a_plan_closes_is_closed(own):
    door, browser = own
    changed(door, plan_name="2025-standard")
    kinds = {kind["name"]: kind for kind in browser.data("create-form").json["kinds"]}
    assert (kinds["Community"]["closed"], kinds["Public"]["closed"]) == ("plan", "")
    assert browser.api(CREATE, {"Type": "Community", "Name": "x"}).code == 10059
    assert kinds["Public"]["max_members"] == 500
    assert browser.api(CREATE, {"Type": "Public", "Name": "x", "MaxMemberCount": 501}).code == 10038
    changed(door, {"community": False}, plan_name="2025-pro")
    kinds = {kind["name"]: kind for kind in browser.data("create-form").json["kinds"]}
    assert kinds["Community"]["closed"] == "off"
    assert browser.api(CREATE, {"Type": "Community", "Name": "x"}).code == 11000


def test_the_sdks_names_are_the_sdks(admin):
    """A call written from the form's names stands for the same command."""
    known = set(GroupParams.__annotations__)
    assert {name for name in SEED_NAMES.values() if name} <= known
    numbers = {rest: TIMGroupType[name] for rest, name in SDK_OPTIONS["Type"].items()}
    options = {rest: TIMGroupAddOption[name] for rest, name in SDK_OPTIONS["Option"].items()}
    for kind in KINDS:
        request = create_request({
            SEED_NAMES["Type"]: int(numbers[kind.name]), SEED_NAMES["Name"]: "x",
            SEED_NAMES["ApplyJoinOption"]: int(options["NeedPermission"]),
            SEED_NAMES["InviteJoinOption"]: int(options["DisableInvite"]),
        })  # fmt: skip
        expected = CreateGroup(
            Type=kind.name, Name="x", ApplyJoinOption="NeedPermission", InviteJoinOption="DisableInvite"
        )
        assert msgspec.structs.asdict(request) == msgspec.structs.asdict(expected)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("groups", "limit=x"),
        ("groups", "limit=201"),
        ("groups", "limit=-1"),
        ("groups", "kind=Chess"),
        ("groups", f"q={'x' * 97}"),
        ("groups", f"owner={'x' * 97}"),
        ("groups", f"next={'x' * 201}"),
        ("groups", "q=%ff"),
        ("applications", "group=x&next=99999"),
        ("applications", "group=x&limit=999"),
    ],
)
def test_a_strange_query_is_refused(admin, name, query):
    answer = admin.data(name, query)
    assert (answer.status, answer.code in {60025, 60002}) == (400, True)


@pytest.mark.parametrize(
    ("name", "code"), [("rights", 10015), ("rights?group=nowhere", 10010), ("applications?group=nowhere", 10010)]
)
def test_a_group_that_is_not_there(admin, name, code):
    path, _, query = name.partition("?")
    answer = admin.data(path, query)
    assert (answer.status, answer.code) == (200, code)


@pytest.mark.parametrize("name", ["nowhere", "", "../session", "overview/x"])
def test_what_cannot_be_read(admin, name):
    assert admin.data(name).status == 404


def test_answers_are_counted_under_few_names(door, admin):
    for number in range(5):
        admin.data(f"made-up-{number}")
        admin.ask(f"/console/check/made/up{number}", {})
    names = {command for kind, command, _ in door.backend.answers if kind == "console"}
    assert names <= {
        "session",
        "check",
        "data",
        "data/overview",
        "data/groups",
        "data/rights",
        "data/create-form",
        "data/limits",
        "data/applications",
        "api",
    }
