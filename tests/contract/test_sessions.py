"""What beginning a session writes for the app's own server."""

from __future__ import annotations

import json

from qunzhu.commands.sessions import OpenSession, open_session
from qunzhu.core.ports import CallbackSettings
from worlds import switched


def test_the_app_is_told_which_sessions_a_login_ended(world):
    world.app = switched(world.app, callbacks=CallbackSettings(url="http://im.example.com/", commands=("*",)))
    for kicked in ([], ["Web"]):
        world.store.write_now(open_session, world.who("bob"), OpenSession(Kicked=kicked))
    bodies = [
        json.loads(body)
        for (body,) in world.store.read_now(lambda tx: tx.all("SELECT body FROM callbacks ORDER BY num"))
    ]
    assert [body.get("KickedDevice") for body in bodies] == [None, [{"Platform": "Web"}]]
    assert {(body["CallbackCommand"], body["Info"]["Action"]) for body in bodies} == {("State.StateChange", "Login")}
