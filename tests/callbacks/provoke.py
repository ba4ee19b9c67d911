"""The vectors of callbacks that come after: what is done in a world, and what the app's server is told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qunzhu.commands._callbacks import (
    REFUSED,
    StateChanged,
    report_all,
    report_over_limit,
    report_quota,
    report_refusal,
)
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import Refused
from qunzhu.core.ports import CallbackSettings
from worlds import switched

if TYPE_CHECKING:
    from worlds import World

FOLDER = Path(__file__).parents[1] / "wire/vectors/callbacks"
FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [(name, case) for name, file in FILES.items() for case in file["cases"]]
PEOPLE = ("leckie", "jared", "bob", "peter")
ALL = CallbackSettings(url="http://127.0.0.1:1/", commands=("*",), private=True)


def peopled(world: World, settings: CallbackSettings = ALL) -> World:
    """Return a world with some accounts and, if so set, callbacks switched on."""
    world.people(*PEOPLE)
    world.app = switched(world.app, callbacks=settings)
    return world


def do(world: World, step: dict[str, Any]) -> None:
    """Do one step of a vector."""
    match step:
        case {"call": name}:
            _call(world, name, step.get("by"), step["with"], step.get("refused", 0))
        case {"online": user, "platform": platform}:
            world.online(user, platform)
        case {"lost": user}:
            world.lose(user)
        case {"later": seconds}:
            world.now += seconds
            world.hub.sweep()
        case {"ended": [user, action, reason]}:
            told = [(world.who(user), StateChanged(user, action, reason))]
            world.store.write_now(report_all, told)
        case {"quota": [used, quota]}:
            world.store.write_now(lambda tx, who: report_quota(tx, who, used, quota), world.who())
        case {"over_limit": what}:
            world.store.write_now(lambda tx, who: report_over_limit(tx, who, *what), world.who())
        case {"app": settings}:
            world.app = switched(world.app, **settings)
        case _:
            raise AssertionError(step)


def _call(world: World, name: str, by: str | None, fields: dict[str, Any], code: int) -> None:
    """Call a command; of a refusal tell what the server would."""
    try:
        world.call(name, by, **fields)
    except Refused as refused:
        assert refused.row.code == code, refused.text  # noqa: PT017 - it goes on
        request = BY_NAME[name].decode(msgspec.json.encode(fields))
        if name in REFUSED:
            world.store.write_now(report_refusal, world.who(by), name, request, refused.row.code, refused.text)
        return
    assert code == 0, f"{name} must be refused with {code}"


def told(world: World, command: str | None = None) -> list[dict[str, Any]]:
    """Return the bodies that wait, in their order: all, or those of one command."""
    rows = world.rows("SELECT body FROM callbacks ORDER BY num")
    bodies = [json.loads(body) for (body,) in rows]
    return [body for body in bodies if command in {None, body["CallbackCommand"]}]


def queries(world: World, command: str) -> list[dict[str, str]]:
    """Return what the URLs of a command's callbacks say of who caused them."""
    rows = world.rows("SELECT query FROM callbacks WHERE command = :command ORDER BY num", command=command)
    return [json.loads(query) for (query,) in rows]
