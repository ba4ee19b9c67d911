"""Every callback that comes after tells what its page says, field by field, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from callbacks.provoke import ALL, CASES, FILES, PEOPLE, do, peopled, queries, told
from qunzhu.commands._callbacks import AFTER, REFUSED
from qunzhu.core.callbacks import AFTER as COMES_AFTER
from qunzhu.core.callbacks import CALLBACKS
from qunzhu.core.ports import CallbackSettings
from worlds import World

ANY_TEXT = "<text>"
SWITCHES = {name: CALLBACKS[name].switch or name for name in FILES}


def same(wanted: Any, found: Any, where: str = "body") -> list[str]:
    """Say where a body differs from a vector, which has all of its fields."""
    if wanted == ANY_TEXT:
        return [] if isinstance(found, str) and found else [f"{where}: {found!r} is no text"]
    if isinstance(wanted, dict) and isinstance(found, dict):
        names = [f"{where}: {sorted(wanted)}, found {sorted(found)}"] if set(wanted) != set(found) else []
        both = wanted.keys() & found
        return names + [text for key in both for text in same(wanted[key], found[key], f"{where}.{key}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [
            text
            for number, pair in enumerate(zip(wanted, found, strict=True))
            for text in same(*pair, f"{where}[{number}]")
        ]
    return [] if type(wanted) is type(found) and wanted == found else [f"{where}: {found!r}, wanted {wanted!r}"]


@pytest.mark.parametrize(("command", "case"), CASES, ids=[f"{name}: {case['case']}" for name, case in CASES])
def test_it_tells_what_its_page_says(world, command, case):
    peopled(world)
    for step in case["setup"]:
        do(world, step)
    world.execute("DELETE FROM callbacks")
    for step in case["do"]:
        do(world, step)
    assert same(case["bodies"], told(world, command)) == []
    if "query" in case:
        assert queries(world, command) == [case["query"]] * len(case["bodies"])


def test_every_callback_has_a_vector_that_provokes_it():
    wanted = {row.name for row in CALLBACKS.values() if row.there and row.phase == COMES_AFTER}
    assert wanted == set(FILES)
    rows = [*(row for rows in AFTER.values() for row in rows), *REFUSED.values()]
    assert {row.command for row in rows} <= wanted
    assert [name for name, file in FILES.items() if not any(case["bodies"] for case in file["cases"])] == []
    assert all(file["command"] == name for name, file in FILES.items())


@pytest.mark.parametrize("command", sorted(FILES))
def test_what_is_switched_off_is_not_told(sqlite_world, command):
    others = tuple(name for name in SWITCHES if SWITCHES[name] != SWITCHES[command])
    case = next(case for case in FILES[command]["cases"] if case["bodies"])
    assert provoked(sqlite_world, case, CallbackSettings(url=ALL.url, commands=others), command) == []


@pytest.mark.parametrize("command", sorted(FILES))
def test_its_own_switch_or_the_one_it_shares_switches_it_on(sqlite_world, command):
    case = next(case for case in FILES[command]["cases"] if case["bodies"])
    settings = CallbackSettings(url=ALL.url, commands=(SWITCHES[command],))
    assert len(provoked(sqlite_world, case, settings, command)) == len(case["bodies"])


def provoked(world: World, case: dict[str, Any], settings: CallbackSettings, command: str) -> list[dict[str, Any]]:
    """Return what one case tells under some settings, its setup included where it is part of what is told."""
    peopled(world, settings)
    for step in case["setup"]:
        do(world, step)
    world.execute("DELETE FROM callbacks")
    for step in case["do"]:
        do(world, step)
    return told(world, command)


def test_without_a_url_nothing_is_told(world):
    peopled(world, CallbackSettings(commands=("*",)))
    group = world.group("Public", owner="bob")
    world.say(group, "hello", "bob")
    assert told(world) == []


def test_a_refused_command_leaves_nothing_but_what_tells_the_refusal(world):
    peopled(world)
    group = world.group("Public", owner="leckie")
    world.execute("DELETE FROM callbacks")
    world.refused(10007, "modify_group_base_info", "bob", GroupId=group, Name="mine")
    world.refused(10007, "destroy_group", "bob", GroupId=group)
    world.refused(10019, "add_group_member", GroupId=group, MemberList=[{"Member_Account": "nobody"}])
    assert told(world) == []


def test_a_command_that_fails_half_way_leaves_nothing(world):
    """The second member of a list is over the group's limit: the event of the first is undone with its callback."""
    peopled(world)
    group = world.group("Public", owner="leckie", MaxMemberCount=2)
    world.execute("DELETE FROM callbacks")
    people = [{"Member_Account": user} for user in PEOPLE[1:]]
    world.refused(10014, "add_group_member", GroupId=group, MemberList=people)
    assert told(world) == []


def test_rows_are_numbered_in_the_order_of_what_happened(world):
    peopled(world)
    group = world.group("Public", owner="bob")
    sent = [world.say(group, f"message {number}", "bob")["MsgSeq"] for number in range(20)]
    rows = world.rows("SELECT num, lane, body FROM callbacks ORDER BY num")
    assert [num for num, *_ in rows] == sorted({num for num, *_ in rows})
    assert {lane for _, lane, _ in rows} == {f"group {group}"}
    assert [body["MsgSeq"] for body in told(world, "Group.CallbackAfterSendMsg")] == sent


def test_names_that_need_escaping_come_as_they_are(world):
    peopled(world)
    name = '好 "quoted" \\ back \u2028'
    world.group("Public", owner="bob", Name=name)
    [body] = told(world, "Group.CallbackAfterCreateGroup")
    assert body["Name"] == name
