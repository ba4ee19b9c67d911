"""The page of callbacks."""

from collections.abc import Iterable

from qunzhu.commands._before import BEFORE
from qunzhu.core.callbacks import AFTER, CALLBACKS, Callback
from qunzhu.core.callbacks import BEFORE as COMES_BEFORE
from qunzhu.reference.blocks import Block, Heading, Page, Table, Text

PHASES = {
    COMES_BEFORE: "The app's own server is asked, and may refuse or change what is wanted.",
    AFTER: "The app's own server is told what has happened; what it answers does not count.",
}


def callbacks_page() -> Page:
    """Return the page of callbacks."""
    blocks: list[Block] = [
        Text("What an app's own server is asked and told, once the app has a URL for it: how is in the guide,"
             " [Callbacks](../guide/callbacks.md). Each is switched on by its name, but for those that share the switch"
             " of another."),
    ]  # fmt: skip
    for phase, text in PHASES.items():
        rows = [row for row in CALLBACKS.values() if row.phase == phase and row.there]
        blocks += [Heading(phase.capitalize()), Text(text), Table(("Callback", "When", "Switch"), _rows(rows))]
        blocks += _outcomes() if phase == COMES_BEFORE else []
    missing = [row for row in CALLBACKS.values() if not row.there]
    blocks += [
        Heading("Not there"),
        Text("Callbacks of services that this server does not have. They cannot be switched on."),
        Table(("Callback", "When"), [(f"`{row.name}`", row.about) for row in missing]),
    ]
    return Page("callbacks", "Callbacks", blocks)


def _rows(rows: Iterable[Callback]) -> list[tuple[str, ...]]:
    return [(f"`{row.name}`", row.about, f"that of `{row.switch}`" if row.switch else "its own") for row in rows]


def _outcomes() -> list[Block]:
    """Return what each answer brings about."""
    rows = []
    for name, row in BEFORE.items():
        own, drops = row.codes, "dropped" if row.message else "refused"
        rows.append((
            f"`{row.command}`", f"`{name}`", f"[{row.refused.code}](errors#{row.refused.code})", drops,
            f"{own.start} to {own.stop - 1}",
        ))  # fmt: skip
    return [
        Text("An answer has an `ErrorCode`: 0 allows, 1 refuses with the code below, 2 drops a message, and a code of"
             " the app's own range refuses with that code and the answer's `ErrorInfo`. Any other refuses as 1 does."),
        Table(("Callback", "Command", "1 refuses with", "2: it is", "Own codes"), rows),
    ]  # fmt: skip
