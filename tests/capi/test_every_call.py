"""Every C function that the npm package calls, called through it with plausible arguments."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from capi.calls import BASE_LISTENERS, CALLS, COMMUNITY, SAVED, Call, group_params
from npm_package import Page, opened
from qunzhu.capi.functions import BY_NAME
from qunzhu.tim import TimRender
from served import usersig

NUMBER = 188
NOT_SUPPORTED = 7013
SPEC = Path(__file__).parents[3] / "shared/spec/capi_functions.yaml"
NOT_IN_A_PAGE = {"TIMSubscribeUserInfo", "TIMRemoveRecvNewMsgCallback"}
"""The page asks a part of the package for the first that has no such method, and adds once more for the second."""
EARLY = {"callExperimentalAPI", "TIMSetConfig", "TIMLogin", "TIMGetLoginUserID"}
"""What answers at any time."""
UNSERVED = {call.c for call in CALLS if not hasattr(TimRender, call.c)} - {call.c for call in BASE_LISTENERS}


def world(server, home: Path) -> dict[str, Any]:
    """Make over REST what the calls need; return what names stand for."""
    for user in ("alice", "bob", "carol"):
        server.rest("im_open_login_svc/account_import", UserID=user)
    server.rest("group_open_http_svc/create_group", Type="Public", GroupId="open", Name="Open",
                Owner_Account="carol", ApplyJoinOption="FreeAccess")  # fmt: skip
    return {"home": str(home), "usersig": usersig("alice")}


def filled(value: Any, names: dict[str, Any]) -> Any:
    """Return arguments with what the names in them stand for."""
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if value == "$message":
        return json.loads(names["message"])
    if isinstance(value, str):
        return re.sub(r"\$(\w+)", lambda match: names["message" if match[1] == "text" else match[1]], value)
    return value


def saved(call: Call, answer: Any) -> dict[str, str]:
    """Return what names stand for after a call."""
    for name, (method, key) in SAVED.items():
        if method == call.name and answer["code"] == 0:
            found = answer["json_param"]
            return {name: found[key] if key else found}
    return {}


def all_calls(page: Page, names: dict[str, Any], calls: tuple[Call, ...]) -> list[tuple[str, Any, Any]]:
    """Make all calls; return those that answered something else than their row says."""
    wrong = []
    for call in calls:
        if call.c == "TIMGroupGetJoinedCommunityList":
            made = page.call(
                "TIMGroupCreate",
                group_params(
                    "Club", COMMUNITY, "bob", is_support_topic=True, enable_permission_group=True, default_permissions=0
                ),
            )
            names["community"] = made["json_param"]["create_group_result_groupid"]
        answer = page.call(call.name, *([] if call.param is None else [filled(call.param, names)]))
        code = NOT_SUPPORTED if call.c in UNSERVED and call.code is not None else call.code
        if code is not None and (not isinstance(answer, dict) or answer.get("code") != code):
            wrong.append((call.name, code, answer))
        names |= saved(call, answer) if call.name in {method for method, _ in SAVED.values()} else {}
    return wrong


def test_there_is_a_call_of_every_function():
    assert len({call.c for call in CALLS}) == NUMBER
    assert {call.c for call in CALLS} <= set(BY_NAME)


def test_the_functions_are_those_that_the_package_calls():
    """The list stands beside the project where it is developed; elsewhere there is nothing to compare."""
    if SPEC.exists():
        import yaml

        rows = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["functions"]
        assert {row["name"] for row in rows if row["electron"]} == {call.c for call in CALLS}


def called_by(page: Page) -> set[str]:
    """Return the C functions that a page has called."""
    return set(page.end(page.begin(called=True))["result"])


def test_every_function_is_reached_without_electron_and_answers(package, tmp_path, server):
    with opened(package, tmp_path, server, "plain") as page:
        assert all_calls(page, world(server, tmp_path), CALLS) == []
        assert called_by(page) == {call.c for call in CALLS}


def test_a_page_reaches_every_function_that_it_can(package, tmp_path, server):
    calls = tuple(call for call in CALLS if call.c not in NOT_IN_A_PAGE)
    with opened(package, tmp_path, server) as page:
        assert all_calls(page, world(server, tmp_path), calls) == []
        assert called_by(page) == {call.c for call in calls}


@pytest.mark.parametrize("kind", ["plain", "page"])
def test_what_comes_too_early_is_refused_at_once(package, tmp_path, server, kind):
    names = {"group": "1", "community": "1", "topic": "1", "role": "1", "home": "1", "message": "{}"}
    out = EARLY | (NOT_IN_A_PAGE if kind == "page" else set())
    calls = {call.name: filled(call.param, names) for call in CALLS if call.code is not None and call.c not in out}
    assert len(calls) > 100
    with opened(package, tmp_path, server, kind) as page:
        assert {name for name, param in calls.items() if page.call(name, param) != {"code": -1}} == set()
        assert page.call("TIMInit") == 0
        assert {name for name, param in calls.items() if page.call(name, param) != {"code": -2}} == set()
