"""Kill -9 under load: nothing acknowledged is lost, nothing is half done, and the meters are exact after each kill.

`python -m bench kills` is the long run.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time

from bench import kills

from qunzhu.apps import Home
from qunzhu.cli.home import app_store, chosen_app
from qunzhu.client import connect
from qunzhu.commands._recount import recount
from qunzhu.commands._usage import month_usage
from qunzhu.config import Config
from served import SDKAPPID, Server, usersig


def test_killed_under_load(tmp_path):
    outcome = kills.run(tmp_path, times=8, seed=20_261)
    assert outcome.faults == []
    assert min(outcome.acknowledged, outcome.messages, outcome.dissolved) > 0
    assert outcome.stored >= outcome.acknowledged


async def log_in_and_die(server: Server, users: list[str]) -> None:
    """Let users log in, one after the other, and kill the server once the last one is answered."""
    async with contextlib.AsyncExitStack() as sessions:
        for user in users:
            await sessions.enter_async_context(await connect(server.url, SDKAPPID, user, usersig(user)))
        server.stop(signal.SIGKILL)


def test_logins_that_were_answered_are_counted(tmp_path):
    """Each is in the commit of its answer: users once, sessions each, and how many were online at once."""
    server = Server(tmp_path)
    users = [f"user{number}" for number in range(5)]
    for number in range(3):
        if number:
            server.start()
        asyncio.run(log_in_and_die(server, users))
    home, now = Home(Config(data=str(tmp_path / "data"))), int(time.time())
    app = chosen_app(home, SDKAPPID)
    with app_store(home, app) as store:
        used = store.read_now(month_usage, app.day(now)[:7], app.day(now))
        assert store.read_now(recount, app, now) == []
    assert (used.active, used.logins, used.online_peak, used.registered) == (5, 15, 5, 6)
