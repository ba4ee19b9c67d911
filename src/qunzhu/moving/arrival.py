"""Importing an app of the reference service: the local app out of service meanwhile, the notes beside it."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from qunzhu.apps import Home, change_incoming, checked, find_app, incoming_app, mark_coming, save_app
from qunzhu.core.events import Event
from qunzhu.core.ports import App
from qunzhu.moving import CannotMove
from qunzhu.moving.calls import Reference
from qunzhu.moving.files import alone, take_out_of_service, value_faults
from qunzhu.moving.notes import Notes, Served, Task
from qunzhu.moving.reference import Importer, Seen
from qunzhu.store.batch import Around, BatchStore


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is imported: the service, its app, and whose calls read it; the local app's number; the notes' file."""

    url: str
    sdkappid: int
    key: str
    admin: str
    target: int
    rate: float | None
    ca: str | None
    state: Path

    @property
    def app(self) -> App:
        """Return the record of a local app that is not there yet: key and administrator are those of its original."""
        return checked(App(
            sdkappid=self.target, name=f"from {self.url.partition('//')[2]}"[:100], key=self.key, admins=(self.admin,)
        ))  # fmt: skip


def import_reference(home: Home, control: BatchStore, plan: Plan, seen: Seen) -> dict[str, object]:
    """Import an app, or go on with it, and return the report. One that is finished is only reported again."""
    reference = Reference(plan.url, plan.sdkappid, plan.admin, plan.key, plan.rate, plan.ca)
    notes = Notes(plan.state)
    _require_same(plan, notes)
    with alone(home), contextlib.ExitStack() as held:
        held.callback(notes.close)
        if not notes.served:
            notes.open()
            if notes.finished is None:
                app = _claim(home, control, plan, notes, held)
                asyncio.run(_run(home, control, reference, notes, app, seen))
            _return_to_service(control, plan.target)
            notes.note(Served(), safe=True)
        elif control.read_now(find_app, plan.target) is None:
            raise CannotMove(
                f"{plan.state} says that all is there, but there is no app {plan.target} any more",
                "remove that file to import it anew",
            )
    accounts = notes.finished.accounts if notes.finished else 0
    return {
        "sdkappid": plan.target, "accounts": accounts, **notes.report(),
        "calls": reference.calls, "repeated_calls": reference.repeats, "state": str(plan.state),
    }  # fmt: skip


def _claim(home: Home, control: BatchStore, plan: Plan, notes: Notes, held: contextlib.ExitStack) -> App:
    """Take the local app out of service, or take up what is left of an earlier try, and return its record."""
    present, coming = control.read_now(find_app, plan.target), control.read_now(incoming_app, plan.target)
    if coming is not None and notes.task is None:
        raise CannotMove(
            f"app {plan.target} is half imported already, and {plan.state} does not say from where",
            f"name the file with --state, or erase what there is: `qunzhu app erase {plan.target}`",
        )
    if notes.task is None:
        notes.note(Task(url=plan.url, source=plan.sdkappid, target=plan.target, existed=present is not None), safe=True)
    app = coming or present or plan.app
    if coming is not None and not (notes.task and notes.task.existed):
        # the first try may have had wrong ones
        app = msgspec.structs.replace(coming, key=plan.key, admins=(plan.admin,))
    if notes.task is not None and notes.task.existed:
        take_out_of_service(home, control, app, held)
        held.callback(_return_to_service, control, app.sdkappid)
    else:
        control.write_now(mark_coming, app)
        control.write_now(change_incoming, app)
    return app


def _require_same(plan: Plan, notes: Notes) -> None:
    task = notes.task
    if task is not None and (task.url, task.source, task.target) != (plan.url, plan.sdkappid, plan.target):
        raise CannotMove(
            f"{plan.state} is of the import of app {task.source} of {task.url} into app {task.target}",
            "name another file with --state",
        )


def _return_to_service(control: BatchStore, sdkappid: int) -> None:
    """Let an app that was there before be served again, whatever became of the import."""
    if (app := control.read_now(incoming_app, sdkappid)) is not None:
        control.write_now(save_app, app)


async def _run(home: Home, control: BatchStore, reference: Reference, notes: Notes, app: App, seen: Seen) -> None:
    opened: list[BatchStore] = []

    def publish(events: Sequence[tuple[int, Event]]) -> None:
        for number, _ in events:  # nobody is there to be told
            if number:
                opened[0].delivered(number)

    store = await asyncio.to_thread(home.open_app, app.sdkappid, Around(publish=publish))
    opened.append(store)
    try:
        async with reference:
            importer = Importer(
                reference, store, notes, app, lambda changed: control.write_now(change_incoming, changed), seen,
                value_faults(home),
            )  # fmt: skip
            await importer.run()
    finally:
        await asyncio.to_thread(store.close)
