"""Random sequences of everything that happens to a group's messages, against the rules in plain Python.

After each step every member sees what the rules say and nothing else, has as many unread messages as a recount finds,
and the stream has no gap. ``QUNZHU_SEQUENCES`` says how many sequences to run.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ledger import agree
from qunzhu.commands._sweep import sweep
from qunzhu.core.events import MessageSent
from worlds import World, switched

SEQUENCES = int(os.environ.get("QUNZHU_SEQUENCES", "12"))
STEPS = 25
USERS = ("owner", "ann", "ben", "cid", "dan")
RECALL_SECONDS = 5
users, others = st.sampled_from(USERS), st.sampled_from(USERS[1:])
#: A place counted from the newest one down: most is done to what was said last.
backs = st.integers(0, 6)


class Entry:
    """What stands at one seq of the stream: a message, or (no sender) a tip."""

    def __init__(self, sender: str, at: int, targets: tuple[str, ...] = (), *, quiet: bool = False) -> None:
        self.sender, self.at, self.targets, self.quiet = sender, at, targets, quiet
        self.words = ""
        self.version = 0
        self.deleted = self.recalled = False


class Member:
    """What the group has of a member: from which seq on he sees it, up to where he has read and cleared it."""

    def __init__(self, first: int, read: int) -> None:
        self.first, self.read, self.cleared = first, read, 0
        self.hidden: set[int] = set()


class Messages(RuleBasedStateMachine):
    """One group or topic, its messages, and who may see them."""

    world: World
    kind = "Public"
    in_topic = False

    @initialize()
    def begin(self) -> None:
        """Make a group of three, with a topic where the messages go there, and say something."""
        world = self.world
        world.now += 10
        self.group = world.group(self.kind, owner="owner", members=USERS[1:3], SupportTopic=int(self.in_topic))
        self.more: dict[str, Any] = {}
        if self.in_topic:
            self.more = {"TopicId": world.call("create_topic", GroupId=self.group, TopicName="t")["TopicId"]}
        self.stream: list[Entry] = []
        self.members = {user: Member(1, 0) for user in USERS[:3]}
        self.kept_hidden: dict[str, set[int]] = {}
        self.muted: set[str] = set()
        self.cleared = self.imported = 0
        self._from = len(world.events)
        self._tips(self._from - 1)
        self.random = 0
        for by in USERS[:2]:
            self.send(by, set(), quiet=False)

    # -- what the rules say

    def _tips(self, since: int) -> None:
        """Put the tips of what was published into the model's stream; a topic has none."""
        for event in self.world.events[since:]:
            if not self.in_topic and not isinstance(event, MessageSent) and getattr(event, "seq", 0):
                assert event.seq == len(self.stream) + 1
                self.stream.append(Entry("", event.at))

    def _sees(self, user: str, seq: int) -> bool:
        """Say whether a member sees a place."""
        member, entry = self.members[user], self.stream[seq - 1]
        before = seq < member.first and self.kind != "ChatRoom"
        gone = seq <= self.cleared or seq <= member.cleared or entry.deleted or seq in member.hidden
        return not before and not gone and (not entry.targets or user in (*entry.targets, entry.sender))

    def _seen(self, user: str) -> list[int]:
        return [seq for seq in range(1, len(self.stream) + 1) if self._sees(user, seq)]

    def _read(self, user: str) -> int:
        return max(self.members[user].read, self.imported)

    def _unread(self, user: str) -> int:
        if self.kind == "ChatRoom":
            return 0
        after = max(self._read(user), self.cleared)
        return sum(not entry.quiet for entry in self.stream[after:])

    def _place(self, back: int) -> int:
        return max(1, len(self.stream) - back)

    def _call(self, name: str, by: str | None, **fields: Any) -> int:
        since = len(self.world.events)
        code = self.world.code(name, by, GroupId=self.group, **fields)
        self._tips(since)
        return code

    # -- what happens

    @rule(by=users, to=st.sets(others, max_size=2), quiet=st.booleans())
    def send(self, by: str, to: set[str], quiet: bool) -> None:
        """Somebody says something, to all or to some."""
        named = sorted(to & set(self.members) - {by}) if self.kind != "Community" else []
        self.random += 1
        fields: dict[str, Any] = {"Random": self.random, "MsgBody": _text(str(self.random)), **self.more}
        fields |= {"To_Account": named} if named else {}
        fields |= {"SendMsgControl": ["NoUnread"]} if quiet and self.kind != "ChatRoom" else {}
        code = self._call("send_group_msg", by, **fields)
        if by not in self.members:
            assert code == 10007
        elif by in self.muted:
            assert code == 10017
        else:
            assert code == 0
            entry = Entry(by, self.world.now, tuple(named), quiet=bool(named) or "SendMsgControl" in fields)
            entry.words = str(self.random)
            self.stream.append(entry)
            self.members[by].read = len(self.stream)

    @rule(by=users, back=backs)
    def recall(self, by: str, back: int) -> None:
        """Somebody takes something back: his own for a while, the owner what others said."""
        seq = self._place(back)
        if not self.stream:
            return
        entry = self.stream[seq - 1]
        if by not in self.members:
            assert self._call("group_msg_recall", by, MsgSeqList=[{"MsgSeq": seq}], **self.more) == 10007
            return
        answer = self.world.call("group_msg_recall", by, GroupId=self.group, MsgSeqList=[{"MsgSeq": seq}], **self.more)[
            "RecallRetList"
        ]
        late = self.world.now - entry.at > RECALL_SECONDS
        if not self._sees(by, seq):
            code = 10030
        elif not entry.sender:
            code = 10032
        elif entry.sender != by:
            code = 0 if by == "owner" else 10007
        else:
            code = 10031 if late and by != "owner" else 0
        assert answer == [{"MsgSeq": seq, "RetCode": code}]
        if code == 0:
            entry.recalled, entry.words = True, ""

    @rule(by=users, back=backs)
    def modify(self, by: str, back: int) -> None:
        """Somebody changes what was said."""
        seq = self._place(back)
        code = self._call("modify_group_msg", by, MsgSeq=seq, MsgBody=_text("changed"), **self.more)
        if by not in self.members:
            assert code == 10007
        elif by in self.muted:
            assert code == 10017
        elif not self.stream or not self._sees(by, seq) or not self.stream[seq - 1].sender:
            assert code == 20022
        elif self.stream[seq - 1].recalled:
            assert code == 20023
        else:
            assert code == 0
            self.stream[seq - 1].words = "changed"
            self.stream[seq - 1].version += 1

    @rule(sender=users)
    def delete(self, sender: str) -> None:
        """What somebody said is deleted for all."""
        assert self._call("delete_group_msg_by_sender", None, Sender_Account=sender, **self.more) == 0
        for seq, entry in enumerate(self.stream, 1):
            if entry.sender == sender and not entry.recalled and not entry.deleted and seq > self.swept:
                entry.deleted = entry.quiet = True

    swept = 0

    @rule(back=backs)
    def clear(self, back: int) -> None:
        """The history is cleared up to some place."""
        seq = self._place(back)
        assert self._call("clear_group_msg", None, MsgSeq=seq, **self.more) == 0
        self.cleared = max(self.cleared, min(seq, len(self.stream)))

    @rule()
    def sweep(self) -> None:
        """The server removes what nobody sees."""
        while self.world.store.write_now(sweep, self.world.app, self.world.now):
            pass
        self.swept = self.cleared

    @rule(user=others)
    def join(self, user: str) -> None:
        """Somebody is let in."""
        self.world.now += 1
        code = self._call("add_group_member", None, MemberList=[{"Member_Account": user}])
        assert code == 0
        if user not in self.members:
            own = len(self.stream) if not self.in_topic and self.kind != "ChatRoom" else len(self.stream) + 1
            self.members[user] = Member(own, own if not self.in_topic and self.kind != "ChatRoom" else own - 1)
            self.members[user].hidden = self.kept_hidden.pop(user, set())

    @rule(user=others)
    def leave(self, user: str) -> None:
        """Somebody goes."""
        assert self._call("quit_group", user) == (0 if user in self.members else 10007)
        self._forget(user)

    @rule(user=others)
    def kick(self, user: str) -> None:
        """Somebody is put out."""
        assert self._call("delete_group_member", None, MemberToDel_Account=[user]) == 0
        self._forget(user)

    def _forget(self, user: str) -> None:
        if user in self.members:
            self.kept_hidden[user] = self.members.pop(user).hidden
        self.world.now += 1

    @rule(user=others, seconds=st.sampled_from([0, 10**6]))
    def mute(self, user: str, seconds: int) -> None:
        """Somebody may not talk, or may again."""
        assert self._call("forbid_send_msg", None, Members_Account=[user], MuteTime=seconds) == 0
        (self.muted.add if seconds else self.muted.discard)(user)

    @rule(user=users, back=backs)
    def read(self, user: str, back: int) -> None:
        """Somebody has read up to some place."""
        seq = self._place(back)
        code = self._call("read_group_messages", user, MsgSeq=seq, **self.more)
        assert code == (0 if user in self.members else 10007)
        if not code and min(seq, len(self.stream)) > self._read(user):
            self.members[user].read = min(seq, len(self.stream))

    @rule(user=users, back=backs, upto=st.booleans())
    def hide(self, user: str, back: int, upto: bool) -> None:
        """Somebody deletes for himself: one message, or all up to it."""
        seq = self._place(back)
        code = self._call(
            "hide_group_messages", user, **({"Upto": seq} if upto else {"MsgSeqList": [seq]}), **self.more
        )
        if user not in self.members:
            assert code == 10007
        elif not upto:
            there = bool(self.stream) and self._sees(user, seq)
            assert code == (0 if there else 10052)
            self.members[user].hidden |= {seq} if there else set()
        else:
            assert code == 0
            member, seq = self.members[user], min(seq, len(self.stream))
            if seq > member.cleared:
                member.cleared = seq
                member.hidden = {one for one in member.hidden if one > seq}
                member.read = max(self._read(user), seq)

    @rule(sender=users)
    def bring(self, sender: str) -> None:
        """A message comes from elsewhere."""
        self.random += 1
        one = {"From_Account": sender, "SendTime": self.world.now, "Random": self.random, "MsgBody": _text("old")}
        assert self._call("import_group_msg", None, MsgList=[one], **self.more) == 0
        self.stream.append(Entry(sender, self.world.now))
        self.stream[-1].words = "old"
        self.imported = len(self.stream)

    @rule(seconds=st.sampled_from([1, RECALL_SECONDS + 1]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.world.now += seconds

    # -- what holds

    def teardown(self) -> None:
        """What was counted is what the events come to, and what a recount finds."""
        agree(self.world)

    @invariant()
    def everybody_sees_what_is_his(self) -> None:
        """Each member reads what the rules say, whichever way he walks, and nobody else reads anything."""
        for user in USERS:
            if user not in self.members:
                assert self._call("pull_group_messages", user, **self.more) == 10007
                continue
            older, newer = (self._walk(user, Newer=way) for way in (0, 1))
            assert [item["seq"] for item in newer] == self._seen(user), user
            assert older == newer[::-1]
            for item in newer:
                entry = self.stream[item["seq"] - 1]
                assert (item["words"], item["version"], item["recalled"]) == (
                    entry.words, entry.version, entry.recalled,
                )  # fmt: skip

    def _walk(self, user: str, **more: Any) -> list[dict[str, Any]]:
        found, more = [], {**more, **self.more, "GroupId": self.group, "Limit": 4}
        while True:
            answer = self.world.call("pull_group_messages", user, **more)
            found += [_item(item) for item in answer["Items"]]
            if answer["IsFinished"]:
                return found
            more["Seq"] = answer["NextSeq"]

    @invariant()
    def unread_is_a_recount(self) -> None:
        """The number of unread messages is that of those after the read position which count."""
        for user in self.members:
            fields = {"GroupId": self.group, "MsgSeq": 0, **self.more}
            answer = self.world.call("read_group_messages", user, **fields)
            assert (answer["MsgSeq"], answer["UnreadMsgNum"]) == (self._read(user), self._unread(user)), user
            assert answer["UnreadMsgNum"] >= 0

    @invariant()
    def the_stream_has_no_gap(self) -> None:
        """Every seq after what was cleared is stored, and the next one follows."""
        rows = self.world.rows(
            "SELECT s.seq FROM messages s JOIN groups g ON g.num = s.group_num WHERE g.group_id = :id AND"
            " s.topic_num = (SELECT coalesce(max(t.num), 0) FROM topics t WHERE t.group_num = g.num AND :topic = 1)"
            " ORDER BY s.seq", id=self.group, topic=int(self.in_topic),
        )  # fmt: skip
        assert [seq for (seq,) in rows if seq > self.cleared] == list(range(self.cleared + 1, len(self.stream) + 1))


def _text(words: str) -> list[dict[str, Any]]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """Return what the rules know of an item: tips have no words."""
    if "TipType" in item:
        return {"seq": item["Seq"], "words": "", "version": 0, "recalled": False}
    words = item["MsgBody"][0]["MsgContent"]["Text"] if item["MsgBody"] else ""
    version = item.get("Version", 0)
    return {"seq": item["MsgSeq"], "words": words, "version": version, "recalled": "Recalled" in item}


@pytest.mark.parametrize(("kind", "topic"), [("Public", 0), ("ChatRoom", 0), ("Community", 0), ("Community", 1)])
def test_messages(world, kind, topic):
    world.people(*USERS)
    world.app = switched(world.app, messages_per_second=0, recall_seconds=RECALL_SECONDS)

    class OfKind(Messages):
        pass

    OfKind.world, OfKind.kind, OfKind.in_topic = world, kind, bool(topic)
    run_state_machine_as_test(OfKind, settings=settings(
        max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=True,
        report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
