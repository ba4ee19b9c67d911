"""Every refusal of the commands about one-to-one messages has its documented code, and says which rule refused."""

from __future__ import annotations

import msgspec
import pytest

from conftest import ENGINES, opened_world
from contract.refusals import Case
from contract.refusals_c2c import FIELD_CODES, OTHERS, PASSES, SERVICES, USUAL, built, cases, furnish
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import ERRORS, Refused
from wire.doors import Door, signed
from worlds import World

CASES = cases()
#: Documented codes of these commands that no call can provoke, and why.
NEVER = {
    20001: "a request that cannot be read is 90001, and 60003 where it is no JSON",
    20002: "an expired UserSig is 70001 at both doors",
    20004: "no network lies between the server and its store",
    20005: "what fails inside is 91000",
    20006: "the app's own server refuses before the command runs: `tests/callbacks`",
    70169: "a service behind the server that does not answer in time: there is none",
    90992: "an app's own server that does not answer lets pass, or messages are 80003: `tests/callbacks`",
}


@pytest.fixture(scope="module", params=ENGINES)
def furnished(request, tmp_path_factory) -> World:
    """Open an app with all that the calls are about; refusals leave no trace, so that all calls can share it."""
    with opened_world(request.param, request, tmp_path_factory.mktemp("world")) as world:
        furnish(world)
        yield world


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.name}")
def test_refused_with_its_code_and_the_rule(furnished: World, case: Case):
    if case.item:
        [item] = furnished.call(case.name, case.by, **case.fields)["ErrorList"]
        assert item["ErrorCode"] == case.code
        return
    text = furnished.refused(case.code, case.name, case.by, **case.fields)
    assert text.startswith(ERRORS[case.code].text)
    assert [word for word in case.words if word not in text] == [], text


@pytest.mark.parametrize("name", built())
def test_a_request_that_cannot_be_read_says_which_field(name: str):
    command, passing = BY_NAME[name], PASSES[name][1]
    codes = FIELD_CODES[name]
    usual = USUAL[command.service]
    for field in msgspec.structs.fields(command.request):
        tries = [(True, codes.get(f"{field.name}!", codes.get(field.name, usual)), "Expected ")]
        tries += [(None, codes.get(field.name, usual), "required, but absent")] if field.required else []
        for value, code, words in tries:
            changed = {key: given for key, given in passing.items() if key != field.name}
            changed |= {field.name: value} if value else {}
            with pytest.raises(Refused) as refused:
                command.decode(msgspec.json.encode(changed))
            assert refused.value.row.code == code, field.name
            assert refused.value.detail.startswith(f"{field.name}: {words}")


@pytest.mark.parametrize("name", built())
def test_the_call_without_its_fault_passes(sqlite_world: World, name: str):
    furnish(sqlite_world)
    by, fields = PASSES[name]
    sqlite_world.call(name, by, **fields)


INTERNAL = {"openim": 91000, "openconfigsvr": 130014, "getappinfo": 130011}


@pytest.mark.parametrize("name", built())
def test_a_command_lists_what_it_answers_and_nothing_else(name: str):
    command = BY_NAME[name]
    listed = {row.code for row in command.errors}
    provoked = {case.code for case in CASES if case.name == name} | set(FIELD_CODES[name].values())
    assert listed - provoked == {command.bad_input.code} - provoked & listed, "listed, but no call provokes it"
    assert provoked - listed == set(), "answered, but not listed"
    assert command.internal.code == INTERNAL.get(name, INTERNAL[command.service])
    assert not listed & set(NEVER)


def test_the_table_has_every_command_of_its_services():
    assert set(PASSES) == set(FIELD_CODES) == set(built())
    assert {row.name for row in BY_NAME.values() if row.service in SERVICES} == {*built(), *OTHERS}


@pytest.mark.parametrize(("path", "code"), [("openim/sendmsg", 90009), ("openconfigsvr/getnospeaking", 60010)])
def test_the_server_api_is_for_administrators(tmp_path, path: str, code: int):
    door = Door(tmp_path)
    assert door.code("im_open_login_svc/account_import", {"UserID": "alice"}) == 0
    query = door.query(identifier="alice", usersig=signed("alice"))
    assert door.code(path, {}, query=query) == code
    door.close()
