"""How often an app calls each REST command in a second, and the refusal of what is over its limit (doc 1047/34620).

A second is one of the clock. What is refused counts as well: the app's server is told how many calls there were.
"""

from collections.abc import Callable

import msgspec

from qunzhu.core.command import Command
from qunzhu.core.errors import Refused
from qunzhu.core.ports import ALL_COMMANDS, App, Who

Over = Callable[[Who, Command, int, Callable[[], int]], None]
"""Is told once of each command that is over its limit in a second; the last argument returns the calls so far."""


def limit_of(app: App, command: Command) -> int:
    """Return how many calls of a command an app has in a second; 0: any number. The app's own setting goes first."""
    rates = {rate.command: rate.per_second for rate in app.settings.rates}
    usual = command.per_second if app.plan.limits_requests else 0
    return rates.get(command.name, rates.get(ALL_COMMANDS, usual))


class Calls(msgspec.Struct):
    """How often a command was called in a second of the app's clock."""

    second: int
    number: int = 0


class Rates:
    """Counts the calls of each app's running second."""

    def __init__(self, over: Over) -> None:
        self._over = over
        self._calls: dict[tuple[int, str], Calls] = {}
        """By SDKAppID and command."""

    def count(self, who: Who, command: Command) -> None:
        """Count a call, or refuse one over the limit (60007; get_appid_group_list 10006)."""
        limit = limit_of(who.app, command)
        if not limit:
            return
        key = (who.app.sdkappid, command.name)
        calls = self._calls.get(key)
        if calls is None or calls.second != who.now:
            calls = self._calls[key] = Calls(who.now)
        calls.number = number = calls.number + 1
        if number <= limit:
            return
        if number == limit + 1:
            self._over(who, command, limit, lambda: calls.number)
        raise Refused(
            command.too_frequent, f"{command.name}: call {number} in second {who.now}, {limit} a second are allowed"
        )
