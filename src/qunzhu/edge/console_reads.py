"""What the console reads under ``/console/data/<name>``: a table of what asks a store, one of what asks the server.

A new screen that needs something no command tells adds a row here.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from qunzhu.commands._browse import applications_in, rights_in, search_groups
from qunzhu.commands._browse_users import accounts_in, person_in
from qunzhu.core import errors as err
from qunzhu.core.command import COMMANDS
from qunzhu.core.errors import Refused
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.ports import App, Tx, Who
from qunzhu.core.trace import HOW, Traces, Wanted
from qunzhu.edge.console_callbacks import callbacks_in
from qunzhu.edge.console_overview import Numbers, app_numbers, server_numbers
from qunzhu.edge.pages import is_local
from qunzhu.edge.rest import Scope
from qunzhu.push.hub import Hub, Tally

Query = Mapping[str, str]
Read = Callable[[Tx, Who, Query], Any]
MAX_PAGE = 200
MAX_TEXT = 96
MAX_USER, MAX_TRACE = 32, 1000
CHECKED = frozenset({"group_open_http_svc/create_group"})
"""Commands that can be tried out: what each would be answered is found by doing it and undoing it."""


class Sight(Protocol):
    """What is read of the server itself."""

    answers: "Counter[tuple[str, str, int]]"
    ends: "Counter[str]"
    tally: Tally
    traces: Traces

    async def read(self, app: App, run: Callable[..., Any], *args: Any) -> Any:
        """Read in an app's store."""
        ...

    async def hub(self, app: App) -> Hub:
        """Return the hub of an app."""
        ...


ServerRead = Callable[[Sight, Scope, Who, Query], Awaitable[Any]]


def text(query: Query, name: str, most: int = MAX_TEXT) -> str:
    """Return a text of a query, empty where it is absent, or refuse a longer one."""
    value = query.get(name, "")
    if len(value) > most:
        raise Refused(err.URL_PARAMETER, f"{name}: {len(value)} characters, at most {most} are allowed")
    return value


def number(query: Query, name: str, usual: int, most: int) -> int:
    """Return a number of a query, or refuse what is none or larger than ``most``."""
    value = query.get(name, str(usual))
    if not (value.isascii() and value.isdigit() and len(value) <= 18) or int(value) > most:
        raise Refused(err.URL_PARAMETER, f"{name}: {value[:40]!r} is not within 0 to {most}")
    return int(value)


def _groups(tx: Tx, who: Who, query: Query) -> Any:
    kind, limit = text(query, "kind"), max(1, number(query, "limit", 50, MAX_PAGE))
    if kind and kind not in BY_NAME:
        raise Refused(err.URL_PARAMETER, f"kind: {kind!r} is not one of {', '.join(BY_NAME)}")
    name = BY_NAME[kind].name if kind else ""
    return search_groups(tx, who, text(query, "q"), name, text(query, "owner"), text(query, "next", 200), limit)


def _rights(tx: Tx, who: Who, query: Query) -> Any:
    return rights_in(tx, who, text(query, "group"), text(query, "user") or who.user)


def _applications(tx: Tx, who: Who, query: Query) -> Any:
    limit = max(1, number(query, "limit", 50, MAX_PAGE))
    return applications_in(tx, who, text(query, "group"), number(query, "next", 0, 10_000), limit)


def _form(tx: Tx, who: Who, query: Query) -> Any:
    from qunzhu.edge.console_form import create_form  # with the texts of all fields, which nobody else needs

    del tx, query
    return create_form(who.app)


def _limits(tx: Tx, who: Who, query: Query) -> Any:
    from qunzhu.edge.console_form import limits_of

    del tx, who
    command = COMMANDS.get(text(query, "command"))
    if command is None:
        raise Refused(err.COMMAND_UNKNOWN, text(query, "command"))
    return limits_of(command.request)


def _accounts(tx: Tx, who: Who, query: Query) -> Any:
    limit = max(1, number(query, "limit", 50, MAX_PAGE))
    return accounts_in(tx, who, text(query, "q", MAX_USER), text(query, "next", MAX_USER), limit)


def _person(tx: Tx, who: Who, query: Query) -> Any:
    return person_in(tx, who, text(query, "user", MAX_USER))


def _callbacks(tx: Tx, who: Who, query: Query) -> Any:
    limit = max(1, number(query, "limit", 50, MAX_PAGE))
    return callbacks_in(
        tx, who, dead=text(query, "state") == "dead", after=number(query, "next", 0, 10**17), limit=limit
    )  # fmt: skip


def _month(tx: Tx, who: Who, query: Query) -> Any:
    from qunzhu.edge.console_bill import month_in  # with the price lists, which nobody else needs

    return month_in(tx, who, text(query, "month", 7), text(query, "prices"), text(query, "plan"))


async def _trace(sight: Sight, scope: Scope, who: Who, query: Query) -> Any:
    """Return why calls were refused and messages not sent, newest first."""
    del scope
    who.require_admin()
    how = text(query, "how")
    if how and how not in HOW:
        raise Refused(err.URL_PARAMETER, f"how: {how!r} is not one of {', '.join(HOW)}")
    wanted = Wanted(
        how=how, user=text(query, "user"), target=text(query, "target"), code=number(query, "code", 0, 10**9),
        after=number(query, "after", 0, 10**17),
    )  # fmt: skip
    limit = max(1, number(query, "limit", 100, MAX_TRACE))
    return {"trace": sight.traces.newest(who.app.sdkappid, wanted, limit)}


async def _overview(sight: Sight, scope: Scope, who: Who, query: Query) -> Any:
    """Return the app's numbers; those of the whole server only to this machine, as /metrics does."""
    del query
    hub = await sight.hub(who.app)
    numbers: Numbers = await sight.read(who.app, app_numbers, who)
    numbers = msgspec.structs.replace(numbers, online_users=hub.users(), sessions=hub.sessions())
    if is_local(scope):
        found = server_numbers(sight.answers, sight.ends, sight.tally)
        numbers = msgspec.structs.replace(numbers, server=found)
    return numbers


READS: dict[str, Read] = {
    "groups": _groups, "rights": _rights, "applications": _applications, "create-form": _form, "users": _accounts,
    "user": _person, "callbacks": _callbacks, "month": _month, "limits": _limits,
}  # fmt: skip
SERVER_READS: dict[str, ServerRead] = {"overview": _overview, "trace": _trace}
