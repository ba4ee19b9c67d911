"""Every refusal of the group range has its documented code, and says which rule refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conftest import ENGINES, opened_world
from contract.refusals import ANYWHERE, PASSES, Case, built, furnish, malformed, provocations
from qunzhu.core.command import BY_NAME, COMMANDS
from qunzhu.core.errors import ERRORS, Refused
from qunzhu.core.plans import PLANS, Plan
from qunzhu.core.ports import GATEWAY
from wire.doors import Door
from wire.gate import Gate
from worlds import World, on_plan, switched

CASES = provocations()
#: Every code of the group range in the documentation (doc 1047/34348, the editions of 2023 and 2025 together); of the
#: range for the codes of an app's own webhooks there are no rows.
DOCUMENTED = {
    *range(10001, 10022), *range(10023, 10027), *range(10030, 10039), 10041, *range(10044, 10055), 10056,
    *range(10058, 10064), 10070, 11000, 110002, 110003, 110006, 110007, 110008, *range(110010, 110015),
}  # fmt: skip

#: Documented codes that no call can provoke now, and why.
LATER = {
    10003: "an unknown command is 60009 here, as in the newer table",
    10008: "requests are signed by the UserSig alone (70003, 70009); what a plan does not allow is 10059",
    10011: "a body that is no JSON object is 60003 here, as in the newer table",
    10012: "an operator whose id cannot be is 60025 at the door, one who has no account 10019",
    10020: "import_group_msg answers 80002 in the item, as its page says",
    10023: "a message over the frequency limit is dropped: OK with `MsgDropReason`",
    10026: "every documented option is built; a command that is not, or is switched off, is 60017",
    10034: "stored notices can be deleted as messages can",
    10041: "recalling is never off",
    10044: "a live room's history is 10007, as the command's page lists",
    10054: "an answer that would be too large is 10018",
    110002: "topics are deleted in one transaction: what can fail in it is 10002",
    110007: "permission groups are deleted in one transaction: what can fail in it is 10002",
    110008: "says the same as 110006, which is answered",
    110012: "no limit of members is documented: a permission group takes every member of its community",
}


INTERNAL = {"recentcontact": 50004}
"""Codes of internal faults in services that have one of their own."""


@pytest.fixture(scope="module", params=ENGINES)
def furnished(request, tmp_path_factory) -> World:
    """Open an app with all that the calls are about; refusals leave no trace, so that all calls can share it."""
    with opened_world(request.param, request, tmp_path_factory.mktemp("world")) as world:
        furnish(world)
        yield world


def named(case: Case) -> str:
    """Return a test's name."""
    return f"{case.code}-{case.name}"


def codes_in(answer: Any) -> list[tuple[int, str]]:
    """Return codes and texts of the items of an answer, however deep."""
    if isinstance(answer, list):
        return [found for item in answer for found in codes_in(item)]
    if not isinstance(answer, dict):
        return []
    code = answer.get("ErrorCode", answer.get("Result", answer.get("ResultCode", answer.get("RetCode", 0))))
    own = [(code, answer.get("ErrorInfo", answer.get("ResultInfo", "")))] if code else []
    return own + [found for value in answer.values() for found in codes_in(value)]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_refused_with_its_code_and_the_rule(furnished: World, case: Case, monkeypatch):
    world, app = furnished, furnished.app
    if case.caps is not None:
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", **case.caps))
        world.app = on_plan(app, "tests")
    if case.settings is not None:
        world.app = switched(app, **case.settings)
    try:
        if case.item:
            [(code, text)] = codes_in(world.call(case.name, case.by, **case.fields))
            assert code == case.code
        else:
            text = world.refused(case.code, case.name, case.by, **case.fields)
    finally:
        world.app = app
    if not case.item or case.words:
        assert text.startswith(ERRORS[case.code].text)
    assert [word for word in case.words if word not in text] == [], text


@pytest.mark.parametrize("name", built())
def test_a_request_that_cannot_be_read_says_which_field(name: str):
    command = BY_NAME[name]
    for fields, words in malformed(name):
        with pytest.raises(Refused) as refused:
            command.decode(msgspec.json.encode(fields))
        assert refused.value.row is command.bad_input
        assert refused.value.text.startswith(f"{command.bad_input.text}: {words}")


@pytest.mark.parametrize("name", built())
def test_the_call_without_its_fault_passes(sqlite_world: World, name: str):
    """Else a case above could be refused for another reason than its own."""
    furnish(sqlite_world)
    by, fields = PASSES[name]
    sqlite_world.call(name, by, **fields)


@pytest.mark.parametrize("name", built())
def test_a_command_lists_what_it_answers_and_nothing_else(name: str):
    listed = {row.code for row in BY_NAME[name].errors}
    provoked = {case.code for case in CASES if case.name == name} | {BY_NAME[name].bad_input.code}
    assert listed - provoked - ANYWHERE == set(), "listed, but no call provokes it"
    assert provoked - listed - {BY_NAME[name].bad_input.code} == set(), "answered, but not listed"


def test_every_row_of_the_group_range_is_provoked():
    rows = {row.code for row in ERRORS.values() if row.area == "group"}
    assert rows - {case.code for case in CASES} - ANYWHERE == set()
    assert rows & set(LATER) == set(), "built meanwhile: it needs a call above"


def test_every_documented_code_is_provoked_or_has_its_reason():
    assert {row.code for row in ERRORS.values() if row.area == "group"} | set(LATER) == DOCUMENTED


def test_the_documented_codes_are_those_of_the_table():
    """The rows (code, area) stand beside the project where it is developed; elsewhere there is nothing to compare."""
    path = Path(__file__).parents[3] / "shared/spec/errors.yaml"
    if path.exists():
        rows = re.findall(r"- code: (\d+)\n  area: group$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert {int(code) for code in rows} == DOCUMENTED


class TestAnywhere:
    """Codes that a door answers for every command."""

    @pytest.fixture
    def door(self, tmp_path):
        opened = Door(tmp_path)
        yield opened
        opened.close()

    @pytest.mark.parametrize("name", [name for name in built() if GATEWAY in BY_NAME[name].doors])
    def test_nobody_is_logged_in(self, door: Door, name: str):
        gate = Gate(door)
        error = gate.call(name, **PASSES[name][1])["error"]
        assert error["code"] == 10001
        assert f"{name}: login comes first" in error["message"]
        gate.close()

    @pytest.mark.parametrize("name", built())
    def test_an_internal_fault_has_its_code(self, name: str):
        assert BY_NAME[name].internal.code == INTERNAL.get(BY_NAME[name].service, 10002)

    def test_an_internal_fault_names_the_command_and_nothing_else(self, door: Door, monkeypatch):
        def fault(*_):
            raise RuntimeError("a secret")

        command = msgspec.structs.replace(BY_NAME["get_group_info"], run=fault)
        monkeypatch.setitem(COMMANDS, command.path, command)
        monkeypatch.setitem(BY_NAME, command.name, command)
        answer = door.call(command.path, {"GroupIdList": ["x"]})
        assert (answer["ErrorCode"], answer["ErrorInfo"]) == (10002, f"{ERRORS[10002].text}: {command.path}")
        gate = Gate(door).login("alice")
        error = gate.call(command.name, GroupIdList=["x"])["error"]
        assert (error["code"], error["message"]) == (10002, answer["ErrorInfo"])
        gate.close()

    def test_an_answer_over_a_megabyte_names_both_sizes(self, door: Door):
        users = [f"user-{number}" for number in range(100)]
        door.call("im_open_login_svc/multiaccount_import", {"Accounts": users})
        group = door.call("group_open_http_svc/create_group", {
            "Type": "Public", "Name": "n", "Owner_Account": users[0],
            "MemberList": [{"Member_Account": user, "NameCard": "n" * 50} for user in users],
        })["GroupId"]  # fmt: skip
        asked = {"GroupIdList": [group] * 50}
        answer = door.call("group_open_http_svc/get_group_info", asked)
        gate = Gate(door).login(users[0])
        error = gate.call("get_group_info", **asked)["error"]
        gate.close()
        for code, text in ((answer["ErrorCode"], answer["ErrorInfo"]), (error["code"], error["message"])):
            assert code == 10018
            size, most = re.findall(r"\d{6,}", text)
            assert int(size) > int(most) == 1 << 20
