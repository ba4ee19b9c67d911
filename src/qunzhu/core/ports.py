"""What commands need of the world, as protocols: the transaction, the caller, the app's settings, who is online."""

import datetime
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, LiteralString, Protocol

import msgspec

from qunzhu.core.errors import NOT_APP_ADMIN, ErrorRow, Refused
from qunzhu.core.events import Event
from qunzhu.core.live import Present
from qunzhu.core.media import MediaRules
from qunzhu.core.meter import Did
from qunzhu.core.plans import PLANS, Extension, Plan, extended

_EPOCH = datetime.date(1970, 1, 1).toordinal()
REST = "rest"
GATEWAY = "gateway"
HUB = "hub"
"""No door: the server itself, where somebody leaves a live room without a command."""
LEVELS = ("AppAdmin", "Owner", "Admin", "Member", "Anyone")
"""Who may write a custom field, narrowest first."""


@functools.lru_cache(maxsize=16)
def _day(number: int) -> str:
    return datetime.date.fromordinal(_EPOCH + number).isoformat()


class CustomField(msgspec.Struct, frozen=True):
    """One configured custom field: for which kinds (REST names; none: all), and who may write it."""

    key: str
    kinds: tuple[str, ...] = ()
    write: str = "Member"


ALL_COMMANDS = "*"


class Rate(msgspec.Struct, frozen=True):
    """How often a REST command may be called in a second (0: any number); ``*`` stands for all that have no rate."""

    command: str
    per_second: int


class CallbackSettings(msgspec.Struct, frozen=True):
    """What of an app's own server is told, and how (doc 1047/34354)."""

    url: str = ""
    """``http://`` or ``https://``; empty: nothing is told."""
    token: str = ""
    """Secret of the signature in the URL; empty: none is made."""
    commands: tuple[str, ...] = ()
    """Callback commands that are switched on; ``*`` stands for all."""
    block: bool = False
    """Messages are refused (80003) where the server does not answer in time, instead of being let pass."""
    private: bool = False
    """Private, loopback and link-local addresses are allowed."""
    tries: int = 12
    """So often what has happened is told until it is given up."""

    def on(self, command: str) -> bool:
        """Say whether a callback is switched on."""
        return bool(self.url) and (command in self.commands or "*" in self.commands)


class AppSettings(msgspec.Struct, frozen=True):
    """Settings of one app. Field defaults are the documented ones."""

    group_fields: tuple[CustomField, ...] = ()
    member_fields: tuple[CustomField, ...] = ()
    community: bool | None = None
    """Communities switched on; unset: on in plan ``open``, off elsewhere."""
    utc_offset_minutes: int = 480
    """The app's time zone, which its calendar days follow; UTC+8 unless set."""
    delete_accounts: bool | None = None
    """account_delete allowed; unset: as the plan says (71000)."""
    disabled_commands: tuple[str, ...] = ()
    invite_consent: tuple[str, ...] = ()
    """Kinds (REST names) in which an invited user must agree before he becomes a member."""
    message_bytes: int = 12288
    """Size of a message: its elements' contents as JSON in UTF-8, with CloudCustomData."""
    messages_per_second: int = 40
    """Messages of one group or topic in a second; 0: any number."""
    duplicate_seconds: int = 300
    """For so long a message of the same sender and Random is the same message."""
    recall_seconds: int = 120
    """For so long a user may take back a message of his own; app administrators always may."""
    callbacks: CallbackSettings = CallbackSettings()
    extensions: tuple[Extension, ...] = ()
    """Caps of the plan that were raised for a price of its own."""
    rates: tuple[Rate, ...] = ()
    """Limits that stand in place of the documented ones, or of none."""


class App(msgspec.Struct, frozen=True):
    """One SDKAppID."""

    sdkappid: int
    name: str
    key: str
    admins: tuple[str, ...]
    plan_name: str = "open"
    settings: AppSettings = AppSettings()
    enabled: bool = True
    created_at: int = 0

    @property
    def plan(self) -> Plan:
        """Return the caps that bind this app."""
        plan = PLANS[self.plan_name]
        return extended(plan, self.settings.extensions) if self.settings.extensions else plan

    @property
    def limits_requests(self) -> bool:
        """Say whether any REST command has a limit a second."""
        return bool(self.settings.rates) or PLANS[self.plan_name].limits_requests

    @property
    def communities_on(self) -> bool:
        """Say whether communities are switched on."""
        switch = self.settings.community
        return self.plan_name == "open" if switch is None else switch

    def day(self, now: int) -> str:
        """Return the calendar day (YYYY-MM-DD) of a unix time in the app's time zone."""
        return _day((now + 60 * self.settings.utc_offset_minutes) // 86400)

    def kept_since(self, now: int) -> int:
        """Return the time before which messages are past what the plan keeps; 0: it keeps them for good."""
        days = self.plan.history_days
        return 0 if days is None else now - days * 86400


class Who(msgspec.Struct, frozen=True):
    """The caller of a command, with the time and the randomness it runs on."""

    app: App
    user: str
    admin: bool
    door: str
    now_ms: int
    random: Callable[[int], bytes]
    platform: str = "RESTAPI"
    session: int = 0
    """Number of the gateway session, 0 at the REST door."""
    address: str = ""
    """Scheme, host and port under which the caller reaches the server; at the REST door, under which it listens."""
    media: MediaRules = MediaRules()
    client: str = ""
    """The caller's own address, empty where it is not known. What a proxy says of it is not believed."""

    @property
    def now(self) -> int:
        """Return the time of the call in unix seconds."""
        return self.now_ms // 1000

    @property
    def base(self) -> str:
        """Return what links for this caller begin with."""
        return self.media.public_url or self.address

    def require_admin(self, error: ErrorRow = NOT_APP_ADMIN) -> None:
        """Refuse (60010 unless said otherwise) everybody but an app administrator."""
        if not self.admin:
            raise Refused(error, f"{self.user!r} is not")


class Live(Protocol):
    """Who is in which live room. Safe to call from any thread."""

    def online(self, room: str) -> int:
        """Return how many are in a room."""
        ...

    def present(self, room: str, user: str) -> Present | None:
        """Return a member of a room, or None."""
        ...

    def lost(self, room: str, user: str) -> bool:
        """Say whether a user was in a room a short while ago and lost the connection."""
        ...

    def newest(self, room: str, most: int, mark: int | None = None) -> list[Present]:
        """Return those who came last, newest first: all who are not hidden, or all who have a mark."""
        ...

    def marks(self, room: str) -> Mapping[int, int]:
        """Return the marks that members of a room have, each with their number."""
        ...


class Presence(Protocol):
    """Who is connected. Safe to call from any thread."""

    @property
    def live(self) -> Live:
        """Return the live rooms."""
        ...

    def platforms(self, user: str) -> Collection[str]:
        """Return the platforms on which a user has a session now."""
        ...

    def users(self) -> int:
        """Return how many users have a session now."""
        ...


Row = tuple[Any, ...]


class Tx(Protocol):
    """One transaction of one app's store. Parameters are named ``:name`` in the SQL."""

    presence: Presence
    accounts: set[str]
    """Some accounts that exist. Who finds others adds them, who deletes one takes it out; reading ones begin empty."""

    def one(self, sql: LiteralString, /, **params: Any) -> Row | None:
        """Return the first row, or None."""
        ...

    def all(self, sql: LiteralString, /, **params: Any) -> list[Row]:
        """Return all rows."""
        ...

    def run(self, sql: LiteralString, /, **params: Any) -> None:
        """Execute a statement that returns nothing."""
        ...

    def many(self, sql: LiteralString, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a statement once for each set of parameters."""
        ...

    def count(self, name: str, step: int) -> int:
        """Add to a counter of the app (0 reads it) and return its new value."""
        ...

    def recall(self, key: str) -> Any:
        """Return what an earlier transaction told this store's writer to remember, or None. Lost at a restart."""
        ...

    def remember(self, key: str, value: Any) -> None:
        """Have the writer remember an immutable value; forgotten where this transaction is undone."""
        ...

    def emit(self, event: Event, *, keep: bool = True) -> None:
        """Publish an event with this transaction; ``keep=False`` for what may be lost (never stored).

        What it adds to the meters is added with it.
        """
        ...

    def meter(self, day: str, name: str, step: int) -> None:
        """Add to a meter (``core.meter``) of a day, which is ``app.day(now)``, what no event does."""
        ...

    def peak(self, day: str, level: str, value: int) -> None:
        """Raise a level's peak of a day to what was seen of it."""
        ...

    def mark(self, day: str, user: str, marks: Did) -> None:
        """Count a user in the meters of what he did, each once a day."""
        ...
