"""The document that fills an app: accounts, groups with all that is in them, messages; and the commands it comes to.

Only its form is checked here: what a name or a text may be say the commands themselves.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from qunzhu.core.errors import ACCOUNT_UNKNOWN, BAD_PARAMETER, BODY_NOT_JSON, Refused

FIRST_MEMBERS = 100
"""Members that come with their group; others are added after it."""
ADDED_AT_ONCE = 300
RANDOMS = 2**32
_FAILED = 0


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of the document."""


class SeedAccount(_Entry, frozen=True, kw_only=True):
    """An account; one without a profile may be its id alone."""

    id: str
    nick: str | None = None
    face: str | None = None


class SeedMessage(_Entry, frozen=True, kw_only=True):
    """A message: a text, or a whole ``body`` (MsgBody). ``at``: unix time; ``more``: other fields of the command."""

    sender: str = msgspec.field(name="from")
    text: str | None = None
    body: list[dict[str, Any]] | None = None
    at: int | None = None
    more: dict[str, Any] = {}


class SeedPrivateMessage(SeedMessage, frozen=True, kw_only=True):
    """A one-to-one message."""

    to: str


class SeedMember(_Entry, frozen=True, kw_only=True):
    """A member; one without anything of his own may be his id alone. ``mute`` is in seconds."""

    user: str
    role: str | None = None
    card: str | None = None
    fields: dict[str, str] = {}
    mute: int | None = None


class SeedTopic(_Entry, frozen=True, kw_only=True):
    """A topic of a Community that has them."""

    name: str
    id: str | None = None
    more: dict[str, Any] = {}
    messages: list[SeedMessage] = []


class SeedGroup(_Entry, frozen=True, kw_only=True):
    """A group of any kind. ``more``: other fields of create_group; ``at``: when it was created, unix time."""

    kind: str
    name: str
    id: str | None = None
    owner: str | None = None
    at: int | None = None
    fields: dict[str, str] = {}
    more: dict[str, Any] = {}
    members: list[str | SeedMember] = []
    attributes: dict[str, str] = {}
    counters: dict[str, int] = {}
    topics: list[SeedTopic] = []
    messages: list[SeedMessage] = []


class Seed(_Entry, frozen=True, kw_only=True):
    """The whole document. ``messages`` are one-to-one."""

    accounts: list[str | SeedAccount] = []
    groups: list[SeedGroup] = []
    messages: list[SeedPrivateMessage] = []


def seed_of(found: Any) -> Seed:
    """Return a decoded document as records, or refuse it (60003, 10004), naming the entry."""
    try:
        return msgspec.convert(found, Seed)
    except msgspec.ValidationError as fault:
        message, _, path = str(fault).partition(" - at `$")
        entry = path.rstrip("`").lstrip(".")
        row = BAD_PARAMETER if entry or not message.startswith("Expected `object`") else BODY_NOT_JSON
        raise Refused(row, f"{entry}: {message}" if entry else message) from None
    except RecursionError:
        raise Refused(BODY_NOT_JSON, "nested too deeply") from None


class Step(msgspec.Struct, kw_only=True):
    """One command to run. ``reply`` is set by who runs it."""

    entry: str
    """Where the document says so."""
    command: str
    fields: dict[str, Any]
    at: int | None = None
    """When it happens, unix time; None: now."""
    reply: dict[str, Any] = {}

    def check(self, reply: dict[str, Any]) -> None:
        """Refuse (70107) an answer that says of single accounts that they were not taken."""
        failed = [one["Member_Account"] for one in reply.get("MemberList", ()) if one.get("Result") == _FAILED]
        if failed:
            raise Refused(ACCOUNT_UNKNOWN, ", ".join(failed))


class Plan:
    """The commands of a document, in its order; ``made`` counts what was made so far.

    Messages have Randoms that follow ``first``: with another one they are no duplicates of those of another document.
    """

    def __init__(self, seed: Seed, first: int = 0) -> None:
        self._seed = seed
        self._random = first
        self.made = {"accounts": 0, "groups": 0, "members": 0, "topics": 0, "messages": 0}

    def steps(self) -> Iterator[Step]:
        """Give one step after the other; each must have been run before the next is asked for."""
        for place, account in enumerate(self._seed.accounts):
            one = SeedAccount(id=account) if isinstance(account, str) else account
            fields = _given(UserID=one.id, Nick=one.nick, FaceUrl=one.face)
            yield Step(entry=f"accounts[{place}] ({one.id})", command="account_import", fields=fields)
            self.made["accounts"] += 1
        for place, group in enumerate(self._seed.groups):
            yield from self._group(f"groups[{place}] ({group.id or group.name})", group)
        for place, message in enumerate(self._seed.messages):
            fields = {**self._message(message), "To_Account": message.to}
            fields["MsgRandom"] = fields["MsgSeq"] = fields.pop("Random")
            yield Step(entry=f"messages[{place}]", command="sendmsg", fields={**fields, **message.more}, at=message.at)
            self.made["messages"] += 1

    def _group(self, entry: str, group: SeedGroup) -> Iterator[Step]:
        members = [SeedMember(user=one) if isinstance(one, str) else one for one in group.members]
        first = [_member(one) for one in members[:FIRST_MEMBERS]]
        create = Step(entry=entry, command="create_group", at=group.at, fields={
            **_given(Type=group.kind, Name=group.name, GroupId=group.id, Owner_Account=group.owner,
                     AppDefinedData=_pairs(group.fields), MemberList=first or None),
            **group.more,
        })  # fmt: skip
        yield create
        self.made["groups"] += 1
        self.made["members"] += len(first)
        group_id = create.reply["GroupId"]
        yield from self._members(entry, group_id, members, group.at)
        for place, topic in enumerate(group.topics):
            yield from self._topic(f"{entry}.topics[{place}] ({topic.name})", group_id, topic)
        yield from self._messages(entry, group.messages, {"GroupId": group_id})
        yield from _settings(entry, group_id, group, members)

    def _members(self, entry: str, group_id: str, members: Sequence[SeedMember], at: int | None) -> Iterator[Step]:
        """Add those who did not come with the group, then give them what is theirs."""
        for start in range(FIRST_MEMBERS, len(members), ADDED_AT_ONCE):
            some = members[start : start + ADDED_AT_ONCE]
            listed = [{"Member_Account": one.user} for one in some]
            yield Step(entry=f"{entry}.members[{start}..{start + len(some) - 1}]", command="add_group_member",
                       fields={"GroupId": group_id, "Silence": 1, "MemberList": listed}, at=at)  # fmt: skip
            self.made["members"] += len(some)
        for place, one in enumerate(members[FIRST_MEMBERS:], FIRST_MEMBERS):
            fields = {name: value for name, value in _member(one).items() if name != "Member_Account"}
            if fields:
                yield _change(entry, group_id, place, one, fields, at)

    def _topic(self, entry: str, group_id: str, topic: SeedTopic) -> Iterator[Step]:
        create = Step(entry=entry, command="create_topic", fields={
            **_given(GroupId=group_id, TopicName=topic.name, TopicId=topic.id), **topic.more,
        })  # fmt: skip
        yield create
        self.made["topics"] += 1
        place = {"GroupId": group_id, "TopicId": create.reply["TopicId"]}
        yield from self._messages(entry, topic.messages, place)

    def _messages(self, entry: str, messages: Sequence[SeedMessage], place: dict[str, Any]) -> Iterator[Step]:
        for number, message in enumerate(messages):
            fields = {**place, **self._message(message), **message.more}
            yield Step(entry=f"{entry}.messages[{number}]", command="send_group_msg", fields=fields, at=message.at)
            self.made["messages"] += 1

    def _message(self, message: SeedMessage) -> dict[str, Any]:
        """Return the fields that messages to groups and to users share; no two have the same Random."""
        self._random = (self._random + 1) % RANDOMS
        text = {"MsgType": "TIMTextElem", "MsgContent": {"Text": message.text or ""}}
        body = [text] if message.body is None else message.body
        return {"From_Account": message.sender, "Random": self._random, "MsgBody": body}


def _settings(entry: str, group_id: str, group: SeedGroup, members: Sequence[SeedMember]) -> Iterator[Step]:
    """Set what would be in the way of the messages, or later than them: mutes, attributes, counters."""
    for place, one in enumerate(members):
        if one.mute is not None:
            yield _change(entry, group_id, place, one, {"MuteTime": one.mute}, None)
    if group.attributes:
        pairs = [{"key": key, "value": value} for key, value in group.attributes.items()]
        yield Step(entry=f"{entry}.attributes", command="set_group_attr",
                   fields={"GroupId": group_id, "GroupAttr": pairs})  # fmt: skip
    if group.counters:
        yield Step(entry=f"{entry}.counters", command="update_group_counter",
                   fields={"GroupId": group_id, "GroupCounter": _pairs(group.counters), "Mode": "Set"})  # fmt: skip


def _change(entry: str, group_id: str, place: int, one: SeedMember, fields: dict[str, Any], at: int | None) -> Step:
    return Step(
        entry=f"{entry}.members[{place}] ({one.user})", command="modify_group_member_info", at=at,
        fields={"GroupId": group_id, "Member_Account": one.user, **fields},
    )  # fmt: skip


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _pairs(values: dict[str, Any]) -> list[dict[str, Any]] | None:
    return [{"Key": key, "Value": value} for key, value in values.items()] or None


def _member(one: SeedMember) -> dict[str, Any]:
    return _given(
        Member_Account=one.user, Role=one.role, NameCard=one.card, AppMemberDefinedData=_pairs(one.fields)
    )  # fmt: skip
