"""Dispatchers of one or several apps on a loop of a test's own, with rows that it wrote."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from qunzhu.apps import Home, change_app
from qunzhu.commands._callbacks import put
from qunzhu.config import Config
from qunzhu.core.ports import App, CallbackSettings
from qunzhu.push.callback_client import CallbackClient
from qunzhu.push.callbacks import Dispatcher
from qunzhu.push.hub import Tally
from worlds import SDKAPPID, switched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

    from receiver import Got
    from worlds import World

COMMAND = "Group.CallbackAfterSendMsg"
WAIT = 20.0


def to(app: App, url: str, **more: Any) -> App:
    """Return an app whose callbacks go to a URL."""
    return switched(app, callbacks=CallbackSettings(**{"url": url, "commands": ("*",), "private": True, **more}))


def _many(lanes: Sequence[str], number: int, command: str) -> Callable[[Any, Any], None]:
    def many(tx: Any, who: Any) -> None:
        for n in range(number):
            lane = lanes[n % len(lanes)]
            put(tx, who, command, lane, {"Lane": lane, "Number": n // len(lanes)})

    return many


def _now(world: World) -> Any:
    return msgspec.structs.replace(world.who(), now_ms=time.time_ns() // 1_000_000)


def write(world: World, lanes: Sequence[str], number: int, command: str = COMMAND) -> None:
    """Write callbacks, one for each lane in turn; each says which of its lane it is. Not beside a loop."""
    world.store.write_now(_many(lanes, number, command), _now(world))


async def write_beside(world: World, lanes: Sequence[str], number: int, command: str = COMMAND) -> None:
    """Do the same on the loop that uses the store."""
    await world.store.write(_many(lanes, number, command), _now(world))


def waiting(world: World) -> int:
    """Return how many rows are in the table."""
    return world.rows("SELECT count(*) FROM callbacks")[0][0]


def dispatcher(world: World, app: App, tally: Tally | None = None) -> Dispatcher:
    """Return what sends a world's callbacks; ``follow`` starts it."""
    return Dispatcher(
        app, world.store, lambda: CallbackClient(app.sdkappid), lambda: time.time_ns() // 1_000_000, tally or Tally()
    )


@contextlib.asynccontextmanager
async def sending(world: World, app: App, tally: Tally | None = None) -> AsyncIterator[Dispatcher]:
    """Send a world's callbacks until the end of the block."""
    one = dispatcher(world, app, tally)
    one.follow(app)
    try:
        yield one
    finally:
        await one.stop()


async def until(condition: Callable[[], object], seconds: float = WAIT) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def idle(one: Dispatcher, seconds: float = WAIT) -> None:
    """Wait until nothing waits any more that can be sent."""
    await until(lambda: not one.busy(), seconds)


def by_lane(got: Iterable[Got]) -> dict[str, list[int]]:
    """Return by lane the numbers of what came, each once, in the order in which it came first."""
    found: defaultdict[str, dict[int, None]] = defaultdict(dict)
    for one in got:
        found[one.body["Lane"]].setdefault(one.body["Number"])
    return {lane: list(numbers) for lane, numbers in found.items()}


def changed(app: App, **settings: Any) -> App:
    """Return an app with other settings of callbacks."""
    return switched(app, callbacks=msgspec.structs.replace(app.settings.callbacks, **settings))


def switch(folder: Path, *, database: str = "", **settings: Any) -> None:
    """Set how the demo app's server is told, as the command line does: everything unless said otherwise."""
    called = {"commands": ("*",), "private": True, "tries": 12, **settings}
    with contextlib.closing(Home(Config(data=str(folder), database=database)).open_control()) as control:
        assert control.write_now(change_app, SDKAPPID, {}, {}, called) is not None


def wait(condition: Callable[[], object], seconds: float = WAIT) -> None:
    """Wait, without a loop, until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
