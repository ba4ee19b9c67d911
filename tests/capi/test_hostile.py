"""What no caller should give: nothing of it may end the process, stop an answer, or harm the calls after it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from capi.calls import CALLS, LAST, Call, group_params
from capi.test_every_call import NOT_IN_A_PAGE, all_calls, filled, world
from npm_package import Page, heard_as, opened
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.rows import Function, Param

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = {"$": "long", "value": 20_000}
HOSTILE: tuple[Any, ...] = (
    None, True, {"$": "deep", "value": 300}, {"$": "undefined"}, -1, "{", 2**53 + 2, 1e308, "a\0b", {"$": "nan"}, "",
    [], {"$": "infinity"}, {"$": "bigint", "value": str(2**63)}, {}, "\ud800", "𠮷🀄é\u202e", [None],
    LONG, "[]", [[[]]], {"a": None}, heard_as("hostile"),
)  # fmt: skip
HOSTILE_JSON = (None, True, -1, 2**53 + 2, "a\0b", "\ud800", "𠮷🀄é\u202e", LONG, [None], {"a": None}, "{")
"""A page's arguments are JSON on their way."""
NO_CALLBACK: tuple[Any, ...] = (None, {"$": "undefined"})
"""The package itself calls whatever else it is given."""
ARGUMENTS: tuple[tuple[Any, ...], ...] = ((), (None,), (5,), ("text",), ([],), ({},), ({"$": "deep", "value": 300},))
BROKEN = (
    "", "{", "[1,", "nul", '"', '{"a":}', "[1e999]", "[9007199254740993]", "a\0b", "\ud800", "[" * 100_000, "{}", "[]",
    "[null]", "5", '"\\ud800"', LONG,
)  # fmt: skip
"""Texts where JSON is asked for, and texts that are none."""
ANSWERS_ONCE = "TIMCommCallback"
ANSWERED = {"cb", "res_cb"}


def objects(given: dict[str, Any], wrong: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Give an object with each key left out, and with each wrong value under each key; the same for objects in it."""
    for key, value in given.items():
        yield {name: inner for name, inner in given.items() if name != key}
        yield from ({**given, key: one} for one in (NO_CALLBACK if key == "callback" else wrong))
        if isinstance(value, dict) and "$" not in value:
            yield from ({**given, key: inner} for inner in objects(value, wrong[::4]))


def arguments(param: Any, wrong: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Give a method's arguments with hostile ones in every place."""
    yield from ARGUMENTS
    if isinstance(param, dict):
        yield from ((one,) for one in objects(param, wrong))


def storm(page: Page, call: Call, names: dict[str, Any], wrong: tuple[Any, ...]) -> int:
    """Make all hostile calls of a function at once and wait for all answers; return their number."""
    numbers = [page.begin(method=call.name, args=args) for args in arguments(filled(call.param, names), wrong)]
    answers = [page.end(number) for number in numbers]
    results = [answer["result"] for answer in answers if answer.get("result") not in (None, {})]
    assert all(isinstance(one["code"], int) for one in results if isinstance(one, dict)), call
    return len(numbers)


@pytest.mark.parametrize(("kind", "wrong"), [("plain", HOSTILE), ("page", HOSTILE_JSON)], ids=["plain", "page"])
def test_hostile_arguments_end_nothing(package, tmp_path, server, kind, wrong):
    names = world(server, tmp_path)
    calls = [call for call in CALLS if not (kind == "page" and call.c in NOT_IN_A_PAGE)]
    stays = tuple(call for call in calls if call not in LAST)
    with opened(package, tmp_path, server, kind) as page:
        all_calls(page, names, stays)
        for call in stays:
            assert storm(page, call, names, wrong) >= len(ARGUMENTS)
            if call.c == "TIMLogin":  # one of another user ends the one before
                page.enter("alice")
        assert page.call("TIMGetLoginStatus") == 1
        assert page.call("TIMGroupCreate", group_params("After the storm", 0))["code"] == 0
        for call in calls[len(stays) :]:
            storm(page, call, names, wrong)
        page.enter("alice")


def plausible(row: Function, param: Param) -> list[Any]:
    """Return the C type and a value for a parameter."""
    if param.kind == "callback":
        return ["callback", row.name] if param.type == ANSWERS_ONCE and param.key in ANSWERED else ["null", None]
    values = {"text": "alice", "json": "{}", "flag": True, "room": None}
    return [{"json": "text", "number": "long"}.get(param.kind, param.kind), values.get(param.kind, 1)]


def raw_calls(row: Function) -> Iterator[list[list[Any]]]:
    """Give a C function's arguments: each text broken in every way or missing, each number too large."""
    end = [["text", "own"]] if row.user_data else []
    good = [plausible(row, param) for param in row.params]
    for at, param in enumerate(row.params):
        wrong = [["text", text] for text in BROKEN] if param.kind in {"text", "json"} else []
        wrong += [["long", 2**53 + 2], ["long", -1]] if param.kind == "number" else []
        for one in (*wrong, ["null", None]):
            yield [*good[:at], one, *good[at + 1 :], *end]
    if row.sort == "listens":  # what stands in the register of a callback that is not given
        yield [["text", "no function"], *end]


def raw_storm(page: Page, row: Function) -> int:
    """Make all raw calls of a function; return how many of them are to be answered."""
    returns = "void" if row.returns == "void" else "int"
    asked = [(args, page.begin(ffi=row.name, args=args, returns=returns)) for args in raw_calls(row)]
    results = [(args, page.end(number)["result"]) for args, number in asked]
    return sum(result == 0 and ["callback", row.name] in args for args, result in results)


def test_a_function_answers_once_where_it_returned_0_and_else_never(package, tmp_path, server):
    rows = [row for row in BY_NAME.values() if row.params and row.name not in {"TIMInit", "TIMLogin", "TIMLogout"}]
    with opened(package, tmp_path, server, "plain") as page:
        page.enter("alice")
        begun = Counter({row.name: raw_storm(page, row) for row in rows})
        page.until(lambda: len(page.events) >= begun.total())
        assert page.call("TIMGroupCreate", group_params("After the storm", 0))["code"] == 0
    assert begun.total() > 1000
    assert Counter(name for name, _ in page.events) == +begun
