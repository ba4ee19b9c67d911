"""What a client has already told, group by group, and how it finds out what it missed. No I/O of its own."""

import enum
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from qunzhu.client.errors import PASSING, CallFailed
from qunzhu.client.events import ClientEvent, NoticeReceived, TipReceived
from qunzhu.commands.groups import GetGroupInfo, GroupProfile, InfoFilter
from qunzhu.commands.joining import JoinGroup
from qunzhu.commands.syncing import PAGE, Missed, Sync
from qunzhu.core.command import Reply, Request
from qunzhu.core.errors import GROUP_UNKNOWN, NO_RIGHT, REPLY_TOO_LARGE
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.notices import Notice

log = logging.getLogger("qunzhu.client")
TIP, NOTICE, CHANGE = "group_tip", "group_notice", "group_change"
Push = tuple[str, Notice]
ENTERED = frozenset({"Create", "Invite"})
LEFT = frozenset({"Delete", "BeKicked", "Quit", "BannedFromGroup"})
GONE = {GROUP_UNKNOWN.code: "Dissolved", NO_RIGHT.code: "Left"}
TIPS_AT_ONCE = 300
"""Missed tips that one ``sync`` asks for, so that its answer stays small."""
GROUPS_AT_ONCE = 50
T = TypeVar("T", bound=Reply)


class Caller(Protocol):
    """Runs a command and returns its reply."""

    async def __call__(self, request: Request[T], /) -> T:
        """Run one command."""
        ...


class Verdict(enum.Enum):
    """What a pushed tip is to the client."""

    NEW = "the next one"
    OLD = "told already"
    GAP = "earlier ones are missing"


class Ledger:
    """The newest seq told of each group the user is in; and the live rooms, which store nothing, that he is in."""

    def __init__(self, known: Mapping[str, int] | None) -> None:
        self.seen = dict(known or {})
        self.live: dict[str, str] = {}
        """Live rooms that this client entered, each with its kind: they are entered again after a break."""
        self.fresh = known is None
        """True until the first comparison, which then takes the server's state as known."""
        self._derived: dict[tuple[str, bool], int] = {}

    def judge(self, tip: Notice) -> Verdict:
        """Take a pushed tip into account. Tips that are not stored (seq 0) are always new."""
        group, seq = tip["GroupId"], tip["Seq"]
        seen = self.seen.get(group)
        if seq and seen is not None and seq > seen + 1:
            return Verdict.GAP
        return Verdict.NEW if not seq or self.accept(tip) else Verdict.OLD

    def accept(self, tip: Notice) -> bool:
        """Take a stored tip into account; False where it was told already."""
        group, seq = tip["GroupId"], tip["Seq"]
        if seq <= self.seen.get(group, 0):
            return False
        self.seen[group] = seq
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
        """Forget a group."""
        self.seen.pop(group, None)
        self.live.pop(group, None)

    def reach(self, group: str, seq: int) -> None:
        """Know everything of a group up to ``seq``."""
        self.seen[group] = max(seq, self.seen.get(group, 0))

    def derive(self, notice: Notice) -> NoticeReceived:
        """Tell what a comparison brought out; the same by push is then dropped."""
        self._derived[notice["GroupId"], notice["ReportType"] in ENTERED] = notice["Time"]
        return NoticeReceived(notice, derived=True)


async def catch_up(call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], held: list[Push]) -> None:
    """Compare with the server and tell what was missed; ``held`` are pushes that wait until this is done.

    Each step changes the ledger as it tells, so that a break in between loses and repeats nothing.
    """
    now = await call(Sync())
    if ledger.fresh:
        ledger.seen |= now.Groups
        ledger.fresh = False
        for method, push in held:
            if method == TIP and push["Seq"] and push["GroupId"] in ledger.seen:
                ledger.seen[push["GroupId"]] = min(ledger.seen[push["GroupId"]], push["Seq"] - 1)
        return
    for group in [group for group, seen in ledger.seen.items() if now.Groups.get(group, seen) < seen]:
        ledger.leave(group)  # dissolved and made anew under the same id
    await _pull_tips(call, ledger, emit, now.Groups)
    await _tell_gone(call, ledger, emit, [group for group in ledger.seen if group not in now.Groups], held)
    await _tell_new(call, ledger, emit, now, held)


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


async def _pull_tips(
    call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], newest: Mapping[str, int]
) -> None:
    behind = {group: seen for group, seen in ledger.seen.items() if newest.get(group, 0) > seen}
    most = GROUPS_AT_ONCE
    while behind:
        batch = dict(_some(behind, newest, most))
        try:
            page = await call(Sync(Groups=batch))
        except CallFailed as fault:
            if fault.code != REPLY_TOO_LARGE.code:
                raise
            if len(batch) == 1:
                _skip(ledger, behind, newest)
            most = 1
            continue
        for tip in page.Tips:
            if ledger.accept(tip):
                emit(TipReceived(tip, missed=True))
        for group, asked in batch.items():
            if group in page.More:
                ledger.reach(group, asked + PAGE)  # a page holds at least all up to there
                behind[group] = ledger.seen[group]
            else:
                ledger.reach(group, page.Groups.get(group, 0))
                del behind[group]


def _skip(ledger: Ledger, behind: dict[str, int], newest: Mapping[str, int]) -> None:
    """Give up the missed tips of the first group: not even one page of them fits into an answer."""
    group = next(iter(behind))
    log.warning("missed tips of %r are too large to read, seqs %d to %d", group, behind.pop(group) + 1, newest[group])
    ledger.reach(group, newest[group])


def _some(behind: Mapping[str, int], newest: Mapping[str, int], most: int) -> Iterator[tuple[str, int]]:
    """Return as many groups as one answer can carry, at least one."""
    tips = 0
    for number, (group, seen) in enumerate(behind.items()):
        tips += min(newest.get(group, 0) - seen, PAGE)
        if number and (tips > TIPS_AT_ONCE or number >= most):
            return
        yield group, seen


async def _tell_gone(
    call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], gone: list[str], held: list[Push]
) -> None:
    for start in range(0, len(gone), 1000):
        page = await call(Sync(Groups={group: ledger.seen[group] for group in gone[start : start + 1000]}))
        for item in page.Gone:
            group = item["GroupId"]
            ledger.leave(group)
            if not _is_told(held, group, LEFT):
                emit(ledger.derive(_gone_notice(item, page.ServerTime)))


def _gone_notice(item: Notice, now: int) -> Notice:
    notice = {
        "GroupId": item["GroupId"], "GroupType": item.get("GroupType", ""),
        "Operator_Account": item.get("Operator_Account", ""), "Time": item.get("Time", now),
    }  # fmt: skip
    if item["Reason"] == "Dissolved":
        return {**notice, "ReportType": "Delete", "GroupName": item.get("GroupName", "")}
    return {**notice, "ReportType": "Quit"}


async def _tell_new(
    call: Caller, ledger: Ledger, emit: Callable[[ClientEvent], None], now: Missed, held: list[Push]
) -> None:
    new = [group for group in now.Groups if group not in ledger.seen]
    profiles = await _profiles(call, [group for group in new if not _is_told(held, group, ENTERED)])
    for group in new:
        waiting = [
            push["Seq"] - 1 for method, push in held if method == TIP and push["GroupId"] == group and push["Seq"]
        ]
        ledger.reach(group, min([now.Groups[group], *waiting]))
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
