"""Requests and replies as the public documentation has them, from the files in ``vectors``.

In a file, ``$name`` is what an earlier call of the case's ``setup`` returned, and ``<number>``, ``<time>``, ``<text>``,
``<id>`` and ``<list>`` stand for any value of that sort. A reply may hold more fields than the vector: each edition of
the documentation names some that another leaves out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qunzhu.core.command import BY_NAME, COMMANDS
from wire.doors import Door
from wire.gate import Gate

FOLDER = Path(__file__).with_name("vectors")
FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [(name, case) for name, file in FILES.items() for case in file["cases"]]
SORTS = {
    "<number>": lambda value: type(value) is int,
    "<time>": lambda value: type(value) is int and value > 1_600_000_000,
    "<text>": lambda value: isinstance(value, str) and bool(value),
    "<id>": lambda value: isinstance(value, str) and value.startswith("@TGS#"),
    "<list>": lambda value: isinstance(value, list),
}


def at(answer: Any, place: str) -> Any:
    """Return the value at a place such as ``Applications.0.ApplicationId``."""
    for name in place.split("."):
        answer = answer[int(name) if name.isdigit() else name]
    return answer


def filled(value: Any, known: dict[str, Any]) -> Any:
    """Put what earlier calls returned into a request or a reply."""
    if isinstance(value, str):
        return known[value[1:]] if value.startswith("$") else value
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if isinstance(value, dict):
        return {filled(key, known): filled(item, known) for key, item in value.items()}
    return value


def differences(wanted: Any, found: Any, where: str = "reply") -> list[str]:
    """Say where a reply is not what the vector has."""
    if isinstance(wanted, str) and wanted in SORTS:
        return [] if SORTS[wanted](found) else [f"{where}: {found!r} is no {wanted}"]
    if isinstance(wanted, dict) and isinstance(found, dict):
        missing = [f"{where}.{key}: missing" for key in wanted if key not in found]
        return missing + [
            text for key in wanted if key in found for text in differences(wanted[key], found[key], f"{where}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [
            text
            for number, pair in enumerate(zip(wanted, found, strict=True))
            for text in differences(*pair, f"{where}[{number}]")
        ]
    same = type(wanted) is type(found) and wanted == found
    return [] if same else [f"{where}: {found!r}, wanted {wanted!r}"]


def ask(door: Door, path: str, request: dict[str, Any], by: str | None) -> dict[str, Any]:
    """Call as the app administrator, or as a user through the gateway."""
    if by is None:
        return door.call(path, request)
    gate = Gate(door).login(by)
    answer = gate.call(path.rpartition("/")[2], **request)
    gate.close()
    return answer.get("error") or answer["result"]


@pytest.fixture(scope="module")
def peopled(door: Door) -> Door:
    """Register the people of the vectors."""
    assert door.code("im_open_login_svc/multiaccount_import", {"Accounts": ["leckie", "bob", "peter"]}) == 0
    return door


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}: {case['case']}" for name, case in CASES])
def test_vector(peopled: Door, name: str, case: dict[str, Any]):
    known: dict[str, Any] = {}
    for step in case["setup"]:
        answer = ask(peopled, step["command"], filled(step["request"], known), step.get("by"))
        assert answer.get("ErrorCode", answer.get("code", 0)) == 0, answer
        known |= {key: at(answer, place) for key, place in step.get("save", {}).items()}
    answer = ask(peopled, FILES[name]["command"], filled(case["request"], known), case.get("by"))
    assert not differences(filled(case["reply"], known), answer)


def test_every_command_has_a_vector():
    named = {file["command"].rpartition("/")[2] for file in FILES.values()}
    assert set(FILES) == named
    assert {command.name for command in BY_NAME.values() if command.doors} <= named


#: Commands that succeed only hours after something else: their success is tested elsewhere.
HOURS_LATER = {"get_history"}


@pytest.mark.parametrize("name", FILES)
def test_a_vector_has_a_success_and_names_its_page(name: str):
    command, file = BY_NAME[name], FILES[name]
    assert file["doc"] == command.doc
    assert file["command"] in COMMANDS or file["command"] == command.path
    succeeds = any(case["reply"].get("ErrorCode", case["reply"].get("code", 0)) == 0 for case in file["cases"])
    assert succeeds is (name not in HOURS_LATER)
