"""The pages of kinds, rights and plans."""

import enum
from collections.abc import Mapping
from typing import Any

from qunzhu.core.fields import about
from qunzhu.core.kinds import KINDS, Kind
from qunzhu.core.plans import EXTENSIONS, PLANS, Plan
from qunzhu.core.ports import REST
from qunzhu.core.rights import GROUP_BITS, MESSAGE_BITS, ROLE_NAMES, TOPIC_BITS, TOPIC_MESSAGE_BITS, Action, Role, may
from qunzhu.reference.blocks import Block, Heading, Page, Table, Text, yes
from qunzhu.reference.commands import commands

KIND_HEAD = tuple(kind.new_name for kind in KINDS)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return yes(value)
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, int):
        return f"{value:,}"
    return "no cap" if value is None else f"`{value}`" if value else "–"


def kinds_page() -> Page:
    """Return the page of the kinds of group."""
    rows = [
        (about("Kind", column), *(_cap(column, getattr(kind, column)) for kind in KINDS))
        for column in Kind.__struct_fields__
        if column not in {"name", "new_name"}
    ]
    return Page("kinds", "Kinds of group", [
        Text("Five kinds. `Type` takes the REST name and the newer name; replies carry the REST name."),
        Table(("", *KIND_HEAD), [("REST name", *(f"`{kind.name}`" for kind in KINDS)), *rows]),
    ])  # fmt: skip


def _cap(column: str, value: Any) -> str:
    """Name a plan's cap by what it counts."""
    if column.endswith("_cap"):
        return f"[{value}](plans)" if value else "–"
    return _cell(value)


COLUMNS: tuple[tuple[str, Role, bool], ...] = (
    ("App administrator", Role.OUTSIDER, True),
    ("Owner", Role.OWNER, False),
    ("Administrator", Role.ADMIN, False),
    ("Member", Role.MEMBER, False),
    ("Other user", Role.OUTSIDER, False),
)


def rights_page() -> Page:
    """Return the page of who may do what."""
    blocks: list[Block] = [
        Text("What the tables do not allow is refused with [10007](errors#10007), where no other code is documented. An"
             " app administrator has these rights in every group without being in it, and besides them the rights of"
             " the role that the account has there."),
    ]  # fmt: skip
    for kind in KINDS:
        blocks.append(Heading(kind.new_name))
        blocks.append(
            Table(("", *(name for name, _, _ in COLUMNS)), [
                (action.value, *(_right(action, kind, role, app_admin=admin) for _, role, admin in COLUMNS))
                for action in Action
            ])
        )  # fmt: skip
    blocks += [
        Heading("Roles"),
        Text("Removing and muting work upon members of a lower role only. An app administrator counts as owner."),
        Table(("Role", "Number in the SDK"), [(name, str(int(role))) for role, name in ROLE_NAMES.items()]),
        *_permission_groups(),
    ]
    return Page("rights", "Rights", blocks)


def _permission_groups() -> list[Block]:
    return [
        Heading("Permission groups"),
        Text("Where a Community has `EnablePermission` 1, its administrators count as members, and a member has the"
             " bits of `DefaultPermission` and of all permission groups that he is in together. A bit makes him act as"
             " an administrator for what it names: upon ordinary members only. The owner has all rights whatever the"
             " masks. With `EnablePermission` 0 permission groups can be made and filled, and give nothing."),
        Text("Owner and app administrators give any bit; so does an administrator while `EnablePermission` is 0."
             " Everybody else gives only bits that he has himself, be it in a permission group's mask, in"
             " `DefaultPermission` or by putting somebody into a permission group (10007)."),
        Table(("Bit", "In the mask of a permission group or of everybody"), _bits(GROUP_BITS, MESSAGE_BITS)),
        Table(("Bit", "In the mask for one topic"), _bits(TOPIC_BITS, TOPIC_MESSAGE_BITS)),
    ]  # fmt: skip


def _bits(actions: Mapping[Action, int], messages: Mapping[int, str]) -> list[tuple[str, ...]]:
    named: dict[int, list[str]] = {bit: [text] for bit, text in messages.items()}
    for action, bit in actions.items():
        named.setdefault(bit, []).append(action.value)
    return [(str(bit), "; ".join(texts)) for bit, texts in sorted(named.items())]


def _right(action: Action, kind: Kind, role: Role, *, app_admin: bool) -> str:
    if role is Role.ADMIN and not kind.has_admins:
        return "–"
    if may(action, kind, role, app_admin=app_admin, invites_open=False):
        return "yes"
    return "unless InviteJoinOption is DisableInvite" if may(action, kind, role, app_admin=app_admin) else "no"


def plans_page() -> Page:
    """Return the page of plans, one table for each generation."""
    generations: dict[str, list[Plan]] = {}
    for plan in PLANS.values():
        generations.setdefault(plan.name.partition("-")[0], []).append(plan)
    blocks: list[Block] = [
        Text("What an app may hold. `open` is the default. The others are those of the reference service's three"
             " generations: until December 2022, the overseas one from 26 December 2022, and the one of 2025. A cap"
             " that no page states for a generation is that of the generation before it."),
    ]  # fmt: skip
    for name, plans in generations.items():
        columns = [column for column in Plan.__struct_fields__ if column != "name"]
        blocks += [
            Heading(name),
            Table(
                ("", *(plan.name for plan in plans)),
                [(about("Plan", column), *(_cell(getattr(plan, column)) for plan in plans)) for column in columns],
            ),
        ]
    return Page("plans", "Plans", [*blocks, *_extensions()])


def _extensions() -> list[Block]:
    return [
        Heading("Extensions"),
        Text("What a plan sells beside itself: `qunzhu app set SDKAPPID --extend CAP=NUMBER` raises a cap to one of"
             " these steps. No page says what the plans of other generations sell."),
        Table(("Plan", "CAP", "What it caps", "Steps"), [
            (plan, f"`{cap}`", about("Plan", cap), ", ".join("`unlimited`" if s is None else f"`{s}`" for s in steps))
            for plan, sold in EXTENSIONS.items() for cap, steps in sold.items()
        ]),
    ]  # fmt: skip


def limits_page() -> Page:
    """Return the page of how often commands may be called."""
    unlimited = ", ".join(f"`{plan.name}`" for plan in PLANS.values() if not plan.limits_requests)
    return Page("limits", "Limits a second", [
        Text("How often an app may call each command of the REST API in a second of the clock, in every plan but"
             f" {unlimited}. `qunzhu app set SDKAPPID --rate COMMAND=NUMBER` sets another number for an app, 0 for"
             " none; `*` stands for all commands without a number of their own. What is over is refused before it"
             " reaches the store, and the app's server is told once a second (`Alert.RequestOverLimit`). The gateway"
             " has no such limits. Where the documentation of a command has no number, it is that of most."),
        Table(("Command", "Calls a second", "What is over"), [
            (f"[{row.name}](commands#{row.name})", str(row.per_second),
             f"[{row.too_frequent.code}](errors#{row.too_frequent.code})")
            for row in commands() if REST in row.doors
        ]),
    ])  # fmt: skip
