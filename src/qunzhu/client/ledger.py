"""What a client has already told, group by group, and how it finds out what it missed. No I/O of its own."""

import enum
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from qunzhu.client.errors import PASSING, CallFailed
from qunzhu.client.events import ClientEvent, MessageReceived, NoticeReceived, TipReceived
from qunzhu.commands.groups import GetGroupInfo, GroupProfile, InfoFilter
from qunzhu.commands.joining import JoinGroup
from qunzhu.commands.syncing import Missed, Sync
from qunzhu.core.command import Reply, Request
from qunzhu.core.errors import GROUP_UNKNOWN, NO_RIGHT
from qunzhu.core.ids import TOPIC_MARK, group_of_topic
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.notices import Notice
from qunzhu.core.pushes import GROUP_MESSAGE, GROUP_SEQ

log = logging.getLogger("qunzhu.client")
TIP, NOTICE, CHANGE = "group_tip", "group_notice", "group_change"
STREAMED = {TIP: "Seq", GROUP_MESSAGE: "MsgSeq", GROUP_SEQ: "Seq"}
"""Pushes that have a place in the stream of a group or topic, and the field that says which."""
Push = tuple[str, Notice]
ENTERED = frozenset({"Create", "Invite"})
LEFT = frozenset({"Delete", "BeKicked", "Quit", "BannedFromGroup"})
GONE = {GROUP_UNKNOWN.code: "Dissolved", NO_RIGHT.code: "Left"}
STREAMS_AT_ONCE = 5000
"""Groups and topics that one ``sync`` asks for."""
T = TypeVar("T", bound=Reply)


class Caller(Protocol):
    """Runs a command and returns its reply."""

    async def __call__(self, request: Request[T], /) -> T:
        """Run one command."""
        ...


def place(method: str, push: Notice) -> tuple[str, int]:
    """Return the stream of a push, and its seq there: 0 where it has none, as in live rooms."""
    stream = push.get("TopicId") or push["GroupId"]
    kind = push.get("GroupType")
    stored = kind is None or BY_NAME[kind].stores_members
    return stream, push[STREAMED[method]] if stored else 0


class Verdict(enum.Enum):
    """What a push of a stream is to the client."""

    NEW = "the next one"
    OLD = "told already"
    GAP = "earlier ones are missing"


class Ledger:
    """The newest seq told of each group the user is in, and of each topic; and the live rooms that he is in."""

    def __init__(self, known: Mapping[str, int] | None) -> None:
        self.seen = dict(known or {})
        self.live: dict[str, str] = {}
        """Live rooms that this client entered, each with its kind: they are entered again after a break."""
        self.fresh = known is None
        """True until the first comparison, which then takes the server's state as known."""
        self._derived: dict[tuple[str, bool], int] = {}

    def judge(self, method: str, push: Notice) -> Verdict:
        """Take a push of a stream into account. What is not stored (seq 0) is always new."""
        stream, seq = place(method, push)
        seen = self.seen.get(stream)
        if seq and seen is not None and seq > seen + 1:
            return Verdict.GAP
        return Verdict.NEW if not seq or self.accept(stream, seq) else Verdict.OLD

    def accept(self, stream: str, seq: int) -> bool:
        """Take something stored into account; False where it was told already."""
        if seq <= self.seen.get(stream, 0):
            return False
        self.seen[stream] = seq
        return True

    def note(self, notice: Notice) -> bool:
        """Take a pushed notice into account; False where a derived one has told the same."""
        group, report = notice["GroupId"], notice["ReportType"]
        if report not in ENTERED | LEFT:
            return True
        if self._derived.pop((group, report in ENTERED), -1) >= notice["Time"]:
            return False
        if report == "Create":
            self.enter(group, notice["GroupType"])
        elif report in LEFT:
            self.leave(group)
        return True

    def enter(self, group: str, kind: str, seq: int = 0) -> None:
        """Begin to follow a group whose newest seq the client need not be told is ``seq``."""
        if BY_NAME[kind].stores_members:
            self.seen.setdefault(group, seq)
        else:
            self.live[group] = kind

    def has(self, group: str) -> bool:
        """Say whether the client follows a group, or is in a live room."""
        return group in self.seen or group in self.live

    def leave(self, group: str) -> None:
        """Forget a group with its topics."""
        for name in [name for name in self.seen if group in {name, group_of_topic(name)}]:
            del self.seen[name]
        self.live.pop(group, None)

    def derive(self, notice: Notice) -> NoticeReceived:
        """Tell what a comparison brought out; the same by push is then dropped."""
        self._derived[notice["GroupId"], notice["ReportType"] in ENTERED] = notice["Time"]
        return NoticeReceived(notice, derived=True)


async def catch_up(call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], held: list[Push]) -> None:
    """Compare with the server and tell what was missed; ``held`` are pushes that wait until this is done.

    Each step changes the ledger as it tells, so that a break in between loses and repeats nothing.
    """
    if ledger.fresh:
        _begin(ledger, await call(Sync(Topics={})), held)
        return
    todo, first = dict(ledger.seen), True
    while todo or first:
        batch = dict(list(todo.items())[:STREAMS_AT_ONCE])
        now = await _ask(call, batch)
        for item in now.Gone:
            _tell_gone(ledger, emit, item, now.ServerTime, held)
        for group in [group for group, seen in batch.items() if now.Groups.get(group, seen) < seen]:
            ledger.leave(group)  # dissolved and made anew under the same id
        if first:
            await _tell_new(call, ledger, emit, now, held)
            todo |= {name: seq for name, seq in ledger.seen.items() if name not in todo}
        _tell_missed(ledger, emit, now)
        for name in batch:
            del todo[name]
            newest = now.Groups.get(name, (now.Topics or {}).get(name))
            if newest is None:
                ledger.seen.pop(name, None)  # a topic that is no more
            elif name in now.Upto:
                todo[name] = ledger.seen[name] = now.Upto[name]
            else:
                ledger.seen[name] = newest
        first = False


async def _ask(call: Caller, streams: Mapping[str, int]) -> Missed:
    groups, topics = ({n: s for n, s in streams.items() if (TOPIC_MARK in n) is mark} for mark in (False, True))
    return await call(Sync(Groups=groups, Topics=topics))


def _begin(ledger: Ledger, now: Missed, held: Iterable[Push]) -> None:
    """Take the server's state as known, but for what waits to be told."""
    ledger.seen |= now.Groups | (now.Topics or {})
    for method, push in held:
        if method in STREAMED:
            stream, seq = place(method, push)
            if seq and stream in ledger.seen:
                ledger.seen[stream] = min(ledger.seen[stream], seq - 1)
    ledger.fresh = False


async def enter_again(call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], now: int) -> None:
    """Enter the live rooms that a break took the client out of; tell of those that it may not be in any more."""
    for room, kind in list(ledger.live.items()):
        try:
            await call(JoinGroup(GroupId=room))
        except CallFailed as fault:
            if fault.code in {GROUP_UNKNOWN.code, NO_RIGHT.code}:
                ledger.leave(room)
                item = {"GroupId": room, "GroupType": kind, "Time": now, "Reason": GONE[fault.code]}
                emit(ledger.derive(_gone_notice(item, now)))
            elif fault.code in PASSING:
                raise
            else:
                log.warning("entering %r again: %s", room, fault.text)


def _tell_missed(ledger: Ledger, emit: Callable[[ClientEvent], None], now: Missed) -> None:
    missed: list[Push] = [(TIP, tip) for tip in now.Tips] + [(GROUP_MESSAGE, message) for message in now.Messages]
    for method, push in sorted(missed, key=lambda one: place(*one)):
        if ledger.accept(*place(method, push)):
            emit(received(method, push, missed=True))


def received(method: str, push: Notice, *, missed: bool = False) -> ClientEvent:
    """Return the event that tells a tip or a message."""
    return TipReceived(push, missed) if method == TIP else MessageReceived(push, missed)


def _tell_gone(
    ledger: Ledger, emit: Callable[[ClientEvent], None], item: Notice, now: int, held: Iterable[Push]
) -> None:
    ledger.leave(item["GroupId"])
    if not _is_told(held, item["GroupId"], LEFT):
        emit(ledger.derive(_gone_notice(item, now)))


def _gone_notice(item: Notice, now: int) -> Notice:
    notice = {
        "GroupId": item["GroupId"], "GroupType": item.get("GroupType", ""),
        "Operator_Account": item.get("Operator_Account", ""), "Time": item.get("Time", now),
    }  # fmt: skip
    if item["Reason"] == "Dissolved":
        return {**notice, "ReportType": "Delete", "GroupName": item.get("GroupName", "")}
    return {**notice, "ReportType": "Quit"}


async def _tell_new(
    call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], now: Missed, held: Iterable[Push]
) -> None:
    """Tell of groups that the client did not know, and begin to follow them, and new topics, where they are new."""
    for topic, newest in (now.Topics or {}).items():
        known = group_of_topic(topic) in ledger.seen
        ledger.seen.setdefault(topic, 0 if known else newest)
    new = [group for group in now.Groups if group not in ledger.seen]
    profiles = await _profiles(call, [group for group in new if not _is_told(held, group, ENTERED)])
    for group in new:
        ledger.seen[group] = (now.Since or {}).get(group, now.Groups[group])
        profile = profiles.get(group)
        if profile is not None and not _is_told(held, group, ENTERED):
            emit(ledger.derive({
                "GroupId": group, "GroupType": profile.Type or "", "GroupName": profile.Name or "",
                "Operator_Account": "", "Time": now.ServerTime, "ReportType": "Invite",
            }))  # fmt: skip


async def _profiles(call: Caller, groups: list[str]) -> dict[str, GroupProfile]:
    found: dict[str, GroupProfile] = {}
    for start in range(0, len(groups), 50):
        wanted = InfoFilter(GroupBaseInfoFilter=["Type", "Name"])
        reply = await call(GetGroupInfo(GroupIdList=groups[start : start + 50], ResponseFilter=wanted))
        found |= {profile.GroupId: profile for profile in reply.GroupInfo}
    return found


def _is_told(held: Iterable[Push], group: str, reports: frozenset[str]) -> bool:
    return any(method == NOTICE and push["GroupId"] == group and push["ReportType"] in reports for method, push in held)
