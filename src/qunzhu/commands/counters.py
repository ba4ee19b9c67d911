"""Counters of a group: whole numbers by key, such as the likes in a live room (docs 1047/53427, 53428, 53429)."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from qunzhu.commands._shared import GroupRow, allowed, find_group
from qunzhu.commands.groups import GroupIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import CountersChanged
from qunzhu.core.limits import items, number, one_of, text
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action

SERVICE = "group_open_http_svc"
MOST = 20
LOW, HIGH = -(2**63), 2**63 - 1
CounterKey = Annotated[str, text(128, min_bytes=1)]
STEPS = {"Increase": 1, "Decrease": -1}


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """One counter."""

    Key: CounterKey
    Value: Annotated[int, number(LOW, HIGH)]


class Counters(Reply, frozen=True, kw_only=True):
    """Counters with their values, in the order of their keys."""

    GroupCounter: list[Counter]


class GetGroupCounter(Request[Counters], frozen=True, kw_only=True):
    """Which counters to read; those that are not there are left out of the answer."""

    GroupId: GroupIdText
    GroupCounterKeys: Annotated[list[CounterKey], items(MOST, error=err.BAD_PARAMETER)] | None = None


@command(SERVICE, writes=False, doc="1047/53427",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                 err.HIGHER_PLAN))  # fmt: skip
def get_group_counter(tx: Tx, who: Who, req: GetGroupCounter) -> Counters:
    """Read a group's counters."""
    group = _group_with_counters(tx, who, req.GroupId, Action.READ_COUNTERS)
    wanted = frozenset(req.GroupCounterKeys or ())
    present = _present(tx, group)
    return _shown({key: value for key, value in present.items() if not wanted or key in wanted})


class UpdateGroupCounter(Request[Counters], frozen=True, kw_only=True):
    """Counters with values to set, or with how much to add or take away."""

    GroupId: GroupIdText
    GroupCounter: Annotated[list[Counter], items(MOST, least=1, error=err.TOO_MANY_COUNTERS)]
    Mode: Annotated[str, one_of("Set", *STEPS)] | None = None


@command(SERVICE, writes=True, doc="1047/53428",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.HIGHER_PLAN,
                 err.TOO_MANY_COUNTERS))  # fmt: skip
def update_group_counter(tx: Tx, who: Who, req: UpdateGroupCounter) -> Counters:
    """Set a group's counters, add to them or take from them.

    A counter that is not there begins at 0. All counters of a request are written, or none.
    """
    group = _group_with_counters(tx, who, req.GroupId, Action.EDIT_COUNTERS)
    present = _present(tx, group)
    step = STEPS.get(req.Mode or "Set")
    changed: dict[str, int] = {}
    for item in req.GroupCounter:
        now = changed.get(item.Key, present.get(item.Key, 0))
        value = item.Value if step is None else now + step * item.Value
        if not LOW <= value <= HIGH:
            raise Refused(err.BAD_PARAMETER, f"GroupCounter: {item.Key!r} would be {value}, not within {LOW} to {HIGH}")
        changed[item.Key] = value
    number_then = len(present.keys() | changed.keys())
    if number_then > MOST:
        raise Refused(err.TOO_MANY_COUNTERS, f"GroupCounter: {number_then} keys with those there, at most {MOST}")
    tx.many(
        "INSERT INTO group_counters (group_num, name, value) VALUES (:num, :name, :value)"
        " ON CONFLICT (group_num, name) DO UPDATE SET value = :value",
        [{"num": group.num, "name": key, "value": value} for key, value in changed.items()],
    )
    tx.emit(CountersChanged(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, changed=changed,
    ))  # fmt: skip
    return _shown(changed)


class DeleteGroupCounter(Request[Done], frozen=True, kw_only=True):
    """Which counters to delete; absent: all. A key that is not there is passed over."""

    GroupId: GroupIdText
    GroupCounterKeys: Annotated[list[CounterKey], items(MOST, least=1, error=err.BAD_PARAMETER)] | None = None


@command(SERVICE, writes=True, doc="1047/53429",
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID,
                 err.HIGHER_PLAN))  # fmt: skip
def delete_group_counter(tx: Tx, who: Who, req: DeleteGroupCounter) -> Done:
    """Delete a group's counters."""
    group = _group_with_counters(tx, who, req.GroupId, Action.EDIT_COUNTERS)
    removed = [
        key for key in _present(tx, group) if req.GroupCounterKeys is None or key in req.GroupCounterKeys
    ]  # fmt: skip
    if removed:
        tx.many(
            "DELETE FROM group_counters WHERE group_num = :num AND name = :name",
            [{"num": group.num, "name": key} for key in removed],
        )
        tx.emit(CountersChanged(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, removed=removed,
        ))  # fmt: skip
    return Done()


def _group_with_counters(tx: Tx, who: Who, group_id: str, action: Action) -> GroupRow:
    """Return a group whose counters the caller may use, or refuse (10059) where the plan has none."""
    group = find_group(tx, group_id)
    allowed(tx, who, group, action)
    if not who.app.plan.counters:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no group counters")
    return group


def _present(tx: Tx, group: GroupRow) -> dict[str, int]:
    rows = tx.all("SELECT name, value FROM group_counters WHERE group_num = :num ORDER BY name", num=group.num)
    return dict(rows)


def _shown(counters: Mapping[str, int]) -> Counters:
    return Counters(GroupCounter=[Counter(Key=key, Value=value) for key, value in counters.items()])
