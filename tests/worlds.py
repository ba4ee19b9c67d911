"""One open app store and a way to call any command in it as anybody, with a fixed clock and seeded randomness."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import msgspec

from ledger import Ledger
from qunzhu import commands
from qunzhu.commands._callbacks import report, report_all
from qunzhu.commands.sessions import OpenSession, open_session
from qunzhu.core.command import BY_NAME, Command
from qunzhu.core.errors import (
    ACCOUNT_NOT_TEXT,
    BODY_NOT_JSON,
    NOT_APP_ADMIN,
    Refused,
)
from qunzhu.core.ports import GATEWAY, HUB, REST, App, AppSettings, CustomField, Who
from qunzhu.push.hub import Hub
from qunzhu.store.batch import Around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qunzhu.core.events import Event, MembersLeft
    from qunzhu.core.wire import End
    from qunzhu.store.batch import BatchStore

assert commands  # importing it fills the command table

SDKAPPID = 1400000000
ADMIN = "administrator"
KEY = "a key of the tests only"
#: 2023-11-14 22:13:20 UTC, which is the morning of the 15th in the app's time zone (UTC+8).
NOW = 1_700_000_000
DAY = 86400
KINDS = ("Private", "Public", "ChatRoom", "AVChatRoom", "Community")
WITH_MEMBERS = ("Private", "Public", "ChatRoom", "Community")
WITH_ADMINS = ("Public", "ChatRoom", "Community")
SETTINGS = AppSettings(
    group_fields=(
        CustomField("open_g"), CustomField("admin_g", write="AppAdmin"), CustomField("owner_g", write="Owner"),
        CustomField("work_g", kinds=("Private",)), CustomField("any_g", write="Anyone"),
    ),
    member_fields=(
        CustomField("open_m"), CustomField("admin_m", write="AppAdmin"), CustomField("pub_m", kinds=("Public",)),
    ),
)  # fmt: skip
TABLES = (
    "accounts", "deleted_accounts", "groups", "members", "messages", "dissolved", "counters", "outbox", "mutes",
    "applications", "applications_seen", "bans", "live_admins", "attributes", "attribute_versions", "group_counters",
    "topics", "topic_members", "permission_groups", "permission_group_members", "topic_permissions", "doomed",
    "hidden_messages", "receipts", "extensions", "extension_versions", "reactions", "pinned_messages", "c2c_messages",
    "contacts", "contact_groups", "contact_group_items", "silenced", "receive_options", "archives", "meters",
    "active_users", "active_groups", "uploads", "callbacks",
)  # fmt: skip
#: Codes that any command may answer, whatever its own page lists.
COMMON = frozenset({BODY_NOT_JSON.code, ACCOUNT_NOT_TEXT.code, NOT_APP_ADMIN.code})


def app_of(plan: str = "open", settings: AppSettings = SETTINGS, admins: tuple[str, ...] = (ADMIN,)) -> App:
    """Return an app record."""
    return App(sdkappid=SDKAPPID, name="tests", key=KEY, admins=admins, plan_name=plan, settings=settings)


class Listener:
    """A session of a user that keeps what it is given."""

    _numbers = itertools.count(1)

    def __init__(self, user: str, platform: str = "Web", made_at: int = NOW) -> None:
        self.user, self.platform, self.made_at = user, platform, made_at
        self.client = "203.0.113.7"
        self.number = next(self._numbers)
        self.frames: list[dict[str, Any]] = []
        self.ended: End | None = None

    def offer(self, frame: bytes) -> None:
        """Keep a frame."""
        self.frames.append(msgspec.json.decode(frame))

    def end(self, reason: End) -> None:
        """Keep the reason."""
        self.ended = reason

    def told(self) -> list[str]:
        """Return the types of the tips and notices since the last call."""
        frames, self.frames = self.frames, []
        params = [frame["params"] for frame in frames]
        return [one.get("TipType") or one.get("ReportType") or one["ChangeType"] for one in params]


class World:
    """An app's store with everything a command needs, and what it published."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.app = app_of()
        self.now = NOW
        self.events: list[Event] = []
        self.aside: list[tuple[Who, Event]] = []
        """What is to be told to the app's server outside commands."""
        self.ledger = Ledger()
        self.touched = False
        """True where something was written past the commands."""
        self.hub = Hub(lambda: self.now, moved=self._moved)
        self._sessions: dict[str, Listener] = {}
        self.store: BatchStore
        self._bytes = random.Random(engine).randbytes
        self._names = itertools.count(1)

    def publish(self, events: Sequence[tuple[int, Event]]) -> None:
        """Collect committed events, and let them take effect on those who are online."""
        for _, event in events:
            self.events.append(event)
            self.hub.tell(event)

    def _moved(self, gone: MembersLeft, session: Listener | None) -> None:
        """Note who left a live room without a command, and with which session."""
        platform = "" if session is None else session.platform
        who = msgspec.structs.replace(self.who(gone.operator), door=HUB, platform=platform)
        self.aside.append((who, gone))

    def lose(self, user: str) -> None:
        """Let a user's connection break, and have that told to the app's server."""
        self.hub.detach(self._sessions.pop(user))
        told, self.aside = self.aside, []
        self.store.write_now(report_all, told)

    def _committed(self, events: Sequence[tuple[int, Event]]) -> None:
        self.ledger.see(self.app.day(self.now), [event for _, event in events])
        self.publish(events)

    @property
    def around(self) -> Around:
        """Return what its store knows of what is around it."""
        return Around(self.hub, self._committed, report)

    def online(self, user: str, platform: str = "Web") -> Listener:
        """Begin a session of a user, who from now on calls through it."""
        session = self._sessions[user] = Listener(user, platform, self.now)
        opening = OpenSession(Kicked=self.hub.attach(session))
        opened = self.store.write_now(open_session, self.who(user), opening)
        self.hub.enter(session, opened.Rooms, opened.Deaf)
        return session

    def there(self, group_id: str, *users: str) -> list[Listener]:
        """Let users come online and enter a live room; return their sessions, which have been told nothing yet."""
        sessions = []
        for user in users:
            sessions.append(self.online(user))
            self.call("join_group", user, GroupId=group_id)
        for session in sessions:
            session.frames.clear()
        return sessions

    def who(self, by: str | None = None, door: str | None = None) -> Who:
        """Return a caller: the app administrator at the REST door, or a user at the gateway."""
        user = ADMIN if by is None else by
        session = None if door == REST else self._sessions.get(user)
        return Who(
            app=self.app, user=user, admin=user in self.app.admins, door=door or (REST if by is None else GATEWAY),
            now_ms=self.now * 1000 + 123, random=self._bytes,
            session=session.number if session else 0, client="203.0.113.7",
            platform=session.platform if session else "RESTAPI" if (door or by) in {None, REST} else "Web",
        )  # fmt: skip

    def call(self, name: str, by: str | None = None, *, door: str | None = None, **fields: Any) -> dict[str, Any]:
        """Call a command through its decoder and the store; return the reply as the wire has it."""
        return self.raw(name, msgspec.json.encode(fields), by, door=door)

    def say(self, group_id: str, words: str, by: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a text to a group, each time with another Random."""
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]
        fields = {"GroupId": group_id, "Random": next(self._names), "MsgBody": body, **more}
        return self.call("send_group_msg", by, **fields)

    def write(self, to: str, words: str, by: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a text to a user, each time with another MsgRandom and a MsgSeq that grows."""
        number = next(self._names)
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]
        fields = {"To_Account": to, "MsgRandom": number, "MsgSeq": number, "MsgBody": body, **more}
        return self.call("sendmsg", by, **fields)

    def raw(self, name: str, body: bytes, by: str | None = None, *, door: str | None = None) -> dict[str, Any]:
        """Call a command with a body as it came."""
        command = BY_NAME[name]
        request = command.decode(body)
        run = self.store.write_now if command.writes else self.store.read_now
        reply = run(command.run, self.who(by, door), request)
        return msgspec.json.decode(msgspec.json.encode(reply))

    def refused(self, code: int, name: str, by: str | None = None, *, door: str | None = None, **fields: Any) -> str:
        """Call a command that must be refused with this code and leave no trace; return the text."""
        before, told = self.dump(), len(self.events)
        try:
            reply = self.call(name, by, door=door, **fields)
        except Refused as refused:
            assert refused.row.code == code, refused.text  # noqa: PT017 - what it left behind is asked as well
            assert code in documented(BY_NAME[name]), f"{name} answers {code}, which its table row does not list"
            assert self.dump() == before
            assert len(self.events) == told
            return refused.text
        raise AssertionError(f"{name} by {by or ADMIN} must be refused with {code}, but answered {reply}")

    def code(self, name: str, by: str | None = None, **fields: Any) -> int:
        """Call a command and return 0 or the code of its refusal."""
        try:
            self.call(name, by, **fields)
        except Refused as refused:
            return refused.row.code
        return 0

    def people(self, *users: str) -> None:
        """Register accounts."""
        for start in range(0, len(users), 100):
            answer = self.call("multiaccount_import", Accounts=list(users[start : start + 100]))
            assert answer["FailAccounts"] == []

    def group(
        self, kind: str = "Public", *, owner: str | None = "owner", members: Sequence[str] = (), **more: Any
    ) -> str:
        """Create a group as the app administrator and return its id."""
        fields: dict[str, Any] = {"Type": kind, "Name": f"group {next(self._names)}", **more}
        if owner is not None:
            fields["Owner_Account"] = owner
        if members:
            fields["MemberList"] = [{"Member_Account": user} for user in members]
        return str(self.call("create_group", **fields)["GroupId"])

    def info(self, group_id: str, by: str | None = None, **filters: Any) -> dict[str, Any]:
        """Read one group's profile."""
        more = {"ResponseFilter": filters} if filters else {}
        [item] = self.call("get_group_info", by, GroupIdList=[group_id], **more)["GroupInfo"]
        return item

    def roles(self, group_id: str) -> dict[str, str]:
        """Return all members of a group with their roles."""
        rows = self.rows(
            "SELECT m.user_id, m.role FROM members m JOIN groups g ON g.num = m.group_num WHERE g.group_id = :id"
            " ORDER BY m.user_id", id=group_id,
        )  # fmt: skip
        return {user: {200: "Member", 300: "Admin", 400: "Owner"}[role] for user, role in rows}

    def member(self, group_id: str, user: str) -> dict[str, Any]:
        """Read one member."""
        return next(m for m in self.members(group_id) if m["Member_Account"] == user)

    def members(self, group_id: str, **more: Any) -> list[dict[str, Any]]:
        """Read the member list."""
        return list(self.call("get_group_member_info", GroupId=group_id, **more)["MemberList"])

    def rows(self, sql: Any, **params: Any) -> list[tuple[Any, ...]]:
        """Run a reading statement."""
        return [tuple(row) for row in self.store.read_now(lambda tx: tx.all(sql, **params))]

    def execute(self, sql: Any, **params: Any) -> None:
        """Run a writing statement, to set up what no command of today can."""
        self.touched = True
        self.store.write_now(lambda tx: tx.run(sql, **params))

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return the content of every table, in a fixed order."""
        return {table: sorted(self.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}

    def stored(self, group_id: str) -> list[dict[str, Any]]:
        """Return the stored notices of a group with their seq."""
        rows = self.rows(
            "SELECT s.seq, s.body FROM messages s JOIN groups g ON g.num = s.group_num WHERE g.group_id = :id"
            " ORDER BY s.seq", id=group_id,
        )  # fmt: skip
        return [{"at_seq": seq, **msgspec.json.decode(body)} for seq, body in rows]


def documented(command: Command) -> set[int]:
    """Return the codes that a command's row of the table allows it to answer."""
    return {row.code for row in command.errors} | {command.bad_input.code} | COMMON


def switched(app: App, **settings: Any) -> App:
    """Return an app with other settings."""
    return msgspec.structs.replace(app, settings=msgspec.structs.replace(app.settings, **settings))


def on_plan(app: App, plan: str, **settings: Any) -> App:
    """Return an app on another plan, communities switched on unless said otherwise."""
    return switched(msgspec.structs.replace(app, plan_name=plan), **{"community": True, **settings})


def paged(world: World, name: str, key: str, **fields: Any) -> Iterator[list[Any]]:
    """Follow ``Next`` of a command to its end."""
    cursor = fields.pop("Next")
    first = True
    while first or cursor:
        first = False
        answer = world.call(name, Next=cursor, **fields)
        cursor = answer["Next"]
        yield answer[key]
