"""Nicknames and avatars of users."""

import logging
import time
from collections.abc import Iterable

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.sessions import GetUserProfiles
from qunzhu.tim.convert import Json

log = logging.getLogger("qunzhu.tim")
PROFILES_KEPT = 10000
PROFILE_SECONDS = 600.0
"""How long a nickname or avatar may be out of date."""


class Profiles:
    """Nicknames and avatars, read where they are first needed and remembered for a while."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Json]] = {}

    async def of(self, client: Client, users: Iterable[str]) -> dict[str, Json]:
        """Return profiles by user. Without a connection, what is known: things are told all the same."""
        wanted, now = [user for user in dict.fromkeys(users) if user], time.monotonic()
        unknown = [user for user in wanted if self._known.get(user, (0.0,))[0] < now]
        if len(self._known) + len(unknown) > PROFILES_KEPT:
            self._known.clear()
            unknown = wanted
        try:
            for start in range(0, len(unknown), 100):
                reply = await client.call(GetUserProfiles(To_Account=unknown[start : start + 100]))
                self._known |= {item["UserID"]: (now + PROFILE_SECONDS, item) for item in reply.UserList}
        except CallFailed as fault:
            log.debug("profiles: %s", fault.text)
        return {user: self._known[user][1] for user in wanted if user in self._known}
