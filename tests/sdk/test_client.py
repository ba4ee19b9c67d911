"""The client: typed calls, what breaks do to it, and that each stored tip is told once and in order."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from typing import Any

import pytest

from qunzhu.client import (
    CallFailed,
    Client,
    Closed,
    Expired,
    Kicked,
    NoticeReceived,
    Options,
    State,
    StateChanged,
    TipReceived,
    backoff,
    connect,
)
from qunzhu.client.transport import gateway_url
from qunzhu.commands.groups import CreateGroup, DestroyGroup, FirstMember, GetGroupInfo, ModifyGroupBaseInfo
from qunzhu.commands.joining import JoinGroup, QuitGroup
from qunzhu.commands.members import AddGroupMember, DeleteGroupMember, NewMember
from qunzhu.commands.sessions import OpenSession
from qunzhu.core.wire import ENDS
from served import SDKAPPID, Server, until, usersig

_numbers = itertools.count(1)
QUICK = Options(delay=lambda _: 0.05)


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"c{user}{number}" for user in users]


class Diary:
    """Collects what a client tells."""

    def __init__(self, client: Client) -> None:
        self.events: list[Any] = []
        client.listen(self.events.append)

    def tips(self, group: str) -> list[int]:
        """Return the seqs of a group's tips as they came."""
        return [e.tip["Seq"] for e in self.events if isinstance(e, TipReceived) and e.tip["GroupId"] == group]

    def notices(self, group: str) -> list[tuple[str, bool]]:
        """Return a group's notices as they came, and whether they were derived."""
        found = [e for e in self.events if isinstance(e, NoticeReceived) and e.notice["GroupId"] == group]
        return [(e.notice["ReportType"], e.derived) for e in found]

    def states(self) -> list[State]:
        """Return the states as they came."""
        return [e.state for e in self.events if isinstance(e, StateChanged)]


async def logged_in(server: Server, user: str, options: Options = QUICK, **more: Any) -> tuple[Client, Diary]:
    """Return a client on a real server, and what it tells."""
    client = Client(server.url, SDKAPPID, user, usersig(user), options=options, **more)
    diary = Diary(client)
    await client.open()
    return client, diary


class FakeGateway:
    """The far side of the seam: answers by method, and breaks when told to."""

    def __init__(self) -> None:
        self.groups: dict[str, int] = {}
        self.tips: dict[str, list[dict[str, Any]]] = {}
        self.refuse_login: list[int] = []
        self.mute: set[str] = set()
        self.tips_in_an_answer = 100
        self.asked: list[tuple[str, Any]] = []
        self.dialled = 0
        self._to_client: asyncio.Queue[bytes | Closed] = asyncio.Queue()

    async def dial(self, url: str) -> FakeGateway:
        """Begin a new connection."""
        self.dialled += 1
        self._to_client = asyncio.Queue()
        return self

    async def send(self, frame: bytes) -> None:
        """Take a call and answer it."""
        call = json.loads(frame)
        method, params = call["method"], call["params"]
        self.asked.append((method, params))
        if method in self.mute:
            return
        answer = {"jsonrpc": "2.0", "id": call["id"]}
        if method == "login" and self.refuse_login:
            answer["error"] = {"code": self.refuse_login.pop(0), "message": "refused"}
        else:
            answer["result"] = self._result(method, params)
        self._put(answer)

    def _result(self, method: str, params: Any) -> dict[str, Any]:
        if method == "login":
            return {"ServerTime": 1_800_000_000, "Heartbeat": 0.2, "Protocol": 1}
        if method == "sync":
            known = params["Groups"] or {}
            missed = [tip for g, seen in known.items() for tip in self.tips.get(g, []) if tip["Seq"] > seen]
            missed, rest = missed[: self.tips_in_an_answer], missed[self.tips_in_an_answer :]
            upto = {t["GroupId"]: known[t["GroupId"]] for t in rest}
            upto |= {t["GroupId"]: t["Seq"] for t in missed if t["GroupId"] in upto}
            return {
                "ServerTime": 1_800_000_000, "Groups": self.groups, "Tips": missed, "Messages": [], "More": list(upto),
                "Upto": upto, "Topics": {}, "Since": {g: seq for g, seq in self.groups.items() if g not in known},
                "Gone": [{"GroupId": g, "Reason": "Left"} for g in known if g not in self.groups],
            }  # fmt: skip
        if method == "get_group_info":
            return {"GroupInfo": [{"GroupId": g, "Type": "Public", "Name": g} for g in params["GroupIdList"]]}
        return {"ServerTime": 1_800_000_000} if method == "ping" else {}

    def tip(self, group: str, seq: int) -> dict[str, Any]:
        """Make a stored tip."""
        made = {"GroupId": group, "GroupType": "Public", "Operator_Account": "bob", "Time": 1, "TipType": "Quit",
                "UserList": ["bob"], "MemberNum": 1, "Seq": seq}  # fmt: skip
        self.tips.setdefault(group, []).append(made)
        self.groups[group] = max(seq, self.groups.get(group, 0))
        return made

    def push(self, method: str, params: dict[str, Any]) -> None:
        """Push to the client."""
        self._put({"jsonrpc": "2.0", "method": method, "params": params})

    def _put(self, frame: dict[str, Any]) -> None:
        self._to_client.put_nowait(json.dumps(frame).encode())

    def say(self, frame: bytes) -> None:
        """Send raw bytes."""
        self._to_client.put_nowait(frame)

    def end(self, code: int = 1006) -> None:
        """End the connection."""
        self._to_client.put_nowait(Closed(code))

    async def receive(self) -> bytes:
        """Give the client what waits for it."""
        frame = await self._to_client.get()
        if isinstance(frame, Closed):
            raise frame
        return frame

    async def close(self) -> None:
        """Hear that the client goes."""
        self.end(1000)


async def on_fake(fake: FakeGateway, **options: Any) -> tuple[Client, Diary]:
    """Return a client on a fake gateway."""
    wanted = Options(dial=fake.dial, delay=lambda _: 0.01, **{"timeout": 1.0, **options})
    client = Client("ws://fake", 1, "alice", "sig", options=wanted)
    diary = Diary(client)
    await client.open()
    return client, diary


def test_a_call_is_typed_by_its_request(server: Server):
    async def scenario():
        [alice] = names("alice")
        async with await connect(server.url, SDKAPPID, alice, usersig(alice)) as client:
            made = await client.call(CreateGroup(Type="Public", Name="typed"))
            assert made.GroupId.startswith("@TGS#2")
            [info] = (await client.call(GetGroupInfo(GroupIdList=[made.GroupId]))).GroupInfo
            assert info.Owner_Account == alice
            assert client.known == {made.GroupId: 0}
            assert client.server_time() > 1_700_000_000
            with pytest.raises(CallFailed) as refused:
                await client.call(DestroyGroup(GroupId="nowhere"))
            assert refused.value.code == 10010
            with pytest.raises(TypeError):
                await client.call(OpenSession())
        assert client.state is State.CLOSED
        with pytest.raises(CallFailed) as over:
            await client.call(DestroyGroup(GroupId="nowhere"))
        assert over.value.code == 6014

    asyncio.run(scenario())


def test_events_can_be_iterated_to_the_end(server: Server):
    async def scenario():
        [alice] = names("alice")
        client = await connect(server.url, SDKAPPID, alice, usersig(alice))
        events = client.events()
        made = await client.call(CreateGroup(Type="Public", Name="told"))
        await client.close()
        told = [event async for event in events]
        assert told[0] == NoticeReceived({**told[0].notice, "ReportType": "Create", "GroupId": made.GroupId})
        assert told[-1].state is State.CLOSED

    asyncio.run(scenario())


def test_groups_are_followed_through_all_ways_in_and_out(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        b, diary = await logged_in(server, bob)
        public = (await a.call(CreateGroup(Type="Public", Name="p", ApplyJoinOption="FreeAccess"))).GroupId
        meeting = (await a.call(CreateGroup(Type="ChatRoom", Name="m"))).GroupId
        live = (await a.call(CreateGroup(Type="AVChatRoom", Name="l"))).GroupId
        await a.call(ModifyGroupBaseInfo(GroupId=meeting, Name="m2"))
        assert live not in a.known
        await b.call(JoinGroup(GroupId=public))
        await b.call(JoinGroup(GroupId=meeting))
        assert b.known == {public: 1, meeting: 1}
        await b.call(QuitGroup(GroupId=meeting))
        await a.call(DeleteGroupMember(GroupId=public, MemberToDel_Account=[bob]))
        await until(lambda: not b.known)
        assert diary.notices(meeting) == [("Quit", False)]
        assert diary.notices(public) == [("BeKicked", False)]
        await a.close()
        await b.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_lost_or_repeated_over_a_restart(tmp_path, how: signal.Signals):
    server = Server(tmp_path)

    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        b, diary = await logged_in(server, bob)
        first = [FirstMember(Member_Account=bob)]
        kept = (await a.call(CreateGroup(Type="Public", Name="kept", MemberList=first))).GroupId
        left = (await a.call(CreateGroup(Type="Public", Name="left", MemberList=first))).GroupId
        gone = (await a.call(CreateGroup(Type="Public", Name="gone", MemberList=first))).GroupId
        await until(lambda: diary.tips(gone))
        known = b.known
        await b.close()
        for number in range(130):  # more than one page
            await a.call(ModifyGroupBaseInfo(GroupId=kept, Name=f"kept {number}"))
        await a.call(DeleteGroupMember(GroupId=left, MemberToDel_Account=[bob]))
        await a.call(DestroyGroup(GroupId=gone))
        new = (await a.call(CreateGroup(Type="Public", Name="new", MemberList=first))).GroupId
        b, diary = await logged_in(server, bob, Options(known=known, delay=QUICK.delay))
        assert diary.tips(kept) == list(range(2, 132))
        assert diary.notices(left) == [("Quit", True)]
        assert diary.notices(gone) == [("Delete", True)]
        assert diary.notices(new) == [("Invite", True)]
        assert next(e for e in diary.events if isinstance(e, NoticeReceived) and e.derived).notice["GroupId"] == left
        for _ in range(2):
            server.stop(how)
            await until(lambda: b.state in {State.DISCONNECTED, State.FAILED, State.CONNECTING})
            with pytest.raises(CallFailed) as broken:
                await b.call(DestroyGroup(GroupId=kept))
            assert broken.value.code in {9508, 6014}
            server.start()
            await until(lambda: a.state is b.state is State.CONNECTED)
            await a.call(ModifyGroupBaseInfo(GroupId=kept, Name="again"))
        await until(lambda: b.known[kept] == 133)
        assert diary.tips(kept) == list(range(2, 134))
        assert diary.notices(new) == [("Invite", True)]
        await a.close()
        await b.close()

    try:
        asyncio.run(scenario())
    finally:
        assert server.stop() == 0


def test_tips_under_load_over_breaks_come_once_and_in_order(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        b, diary = await logged_in(server, bob)
        group = (
            await a.call(CreateGroup(Type="Public", Name="busy", MemberList=[FirstMember(Member_Account=bob)]))
        ).GroupId

        async def change() -> None:
            for number in range(200):
                await a.call(ModifyGroupBaseInfo(GroupId=group, Name=f"busy {number}"))
                await asyncio.sleep(0.005)

        changes = asyncio.create_task(change())
        while not changes.done():
            await asyncio.sleep(0.05)
            if b._link is not None:
                await b._link.close()
        await until(lambda: b.state is State.CONNECTED and b.known.get(group) == 201)
        assert diary.tips(group) == list(range(1, 202))
        assert diary.states().count(State.DISCONNECTED) > 1
        await a.close()
        await b.close()

    asyncio.run(scenario())


def test_a_group_known_by_push_is_no_news_after_a_break(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        a, _ = await logged_in(server, alice)
        b, diary = await logged_in(server, bob)
        group = (await a.call(CreateGroup(Type="Community", Name="open"))).GroupId
        await a.call(AddGroupMember(GroupId=group, MemberList=[NewMember(Member_Account=bob)]))
        await until(lambda: diary.notices(group))
        for client in (a, b):
            await client._link.close()
        await until(lambda: diary.states()[-2:] == [State.CONNECTING, State.CONNECTED])
        await until(lambda: a.state is State.CONNECTED)
        await a.call(ModifyGroupBaseInfo(GroupId=group, Name="renamed"))
        await until(lambda: diary.tips(group) == [1, 2])
        assert diary.notices(group) == [("Invite", False)]
        await a.close()
        await b.close()

    asyncio.run(scenario())


def test_a_second_login_ends_the_first_for_good(server: Server):
    async def scenario():
        [alice] = names("alice")
        first, diary = await logged_in(server, alice)
        second, _ = await logged_in(server, alice)
        web, _ = await logged_in(server, alice, platform="Web")
        await until(lambda: first.state is State.CLOSED)
        assert Kicked("kicked") in diary.events
        assert second.state is web.state is State.CONNECTED
        await second.close()
        await web.close()

    asyncio.run(scenario())


def test_an_expired_sig_ends_the_session(server: Server):
    async def scenario():
        [alice] = names("alice")
        client = Client(server.url, SDKAPPID, alice, usersig(alice, expire=1), options=QUICK)
        diary = Diary(client)
        await client.open()
        await until(lambda: client.state is State.CLOSED)
        assert Expired() in diary.events
        assert diary.events[-1].code == 6206
        await client.close()

    asyncio.run(scenario())


def test_a_refused_login_raises_the_servers_code(server: Server):
    async def scenario():
        [alice] = names("alice")
        for sdkappid, user, sig, code in (
            (SDKAPPID, alice, "", 70002),
            (SDKAPPID, alice, usersig("other"), 70013),
            (1, alice, usersig(alice), 70020),
            (SDKAPPID, "x" * 33, usersig(alice), 60025),
        ):
            client = Client(server.url, sdkappid, user, sig)
            diary = Diary(client)
            with pytest.raises(CallFailed) as refused:
                await client.open()
            assert refused.value.code == code
            assert diary.states() == [State.CONNECTING, State.FAILED]
        with pytest.raises(CallFailed) as nobody:
            await connect("ws://127.0.0.1:9", SDKAPPID, alice, usersig(alice))
        assert nobody.value.code == 9511
        with pytest.raises(CallFailed) as unknown:
            await connect("ws://nowhere.invalid", SDKAPPID, alice, usersig(alice))
        assert unknown.value.code == 9516

    asyncio.run(scenario())


def test_tips_are_told_once_and_gaps_are_pulled():
    async def scenario():
        fake = FakeGateway()
        fake.groups = {"g": 4}
        client, diary = await on_fake(fake)
        for seq in (5, 6, 7, 8, 9):
            fake.tip("g", seq)
        five, six, _, _, nine = fake.tips["g"]
        fake.push("group_tip", five)
        fake.push("group_tip", five)
        fake.push("group_tip", nine)
        fake.push("group_tip", six)
        fake.push("group_tip", {**five, "Seq": 0})
        await until(lambda: len(diary.tips("g")) == 6)
        assert diary.tips("g") == [5, 6, 7, 8, 9, 0]
        assert [e.missed for e in diary.events if isinstance(e, TipReceived)] == [False, True, True, True, True, False]
        await client.close()

    asyncio.run(scenario())


def test_pushes_that_tell_the_same_as_a_comparison_come_once():
    async def scenario():
        fake = FakeGateway()
        fake.groups = {"old": 1}
        client, diary = await on_fake(fake)
        fake.groups = {"new": 3}
        fake.end()
        await until(lambda: diary.notices("new") and diary.notices("old"))
        invited = {"GroupId": "new", "GroupType": "Public", "Operator_Account": "bob", "Time": 1_799_999_999,
                   "ReportType": "Invite"}  # fmt: skip
        fake.push("group_notice", invited)
        fake.push("group_notice", {**invited, "GroupId": "old", "ReportType": "BeKicked"})
        fake.push("group_tip", fake.tip("new", 4))
        await until(lambda: diary.tips("new") == [4])
        assert diary.notices("new") == [("Invite", True)]
        assert diary.notices("old") == [("Quit", True)]
        fake.push("group_notice", {**invited, "ReportType": "BeKicked", "Time": 1_800_000_009})
        fake.push("group_notice", {**invited, "Time": 1_800_000_010})
        await until(lambda: len(diary.notices("new")) == 3)
        await client.close()

    asyncio.run(scenario())


def test_what_one_answer_cannot_hold_is_asked_for_again():
    async def scenario():
        fake = FakeGateway()
        fake.groups = dict.fromkeys("abc", 0)
        client, diary = await on_fake(fake)
        fake.tips_in_an_answer = 2
        for group in "abc":
            for seq in (1, 2, 3):
                fake.tip(group, seq)
        fake.end()
        await until(lambda: fake.dialled == 2 and client.known == dict.fromkeys("abc", 3))
        assert [diary.tips(group) for group in "abc"] == [[1, 2, 3]] * 3
        assert sum(method == "sync" and params["C2C"] is None for method, params in fake.asked) == 1 + 5
        await client.close()

    asyncio.run(scenario())


def test_a_call_fails_in_time_and_in_a_break_and_is_sent_once():
    async def scenario():
        fake = FakeGateway()
        client, _ = await on_fake(fake)
        fake.mute = {"destroy_group"}
        with pytest.raises(CallFailed) as late:
            await client.call(DestroyGroup(GroupId="g"), timeout=0.05)
        assert late.value.code == 6012
        pending = asyncio.create_task(client.call(DestroyGroup(GroupId="g")))
        await asyncio.sleep(0.02)
        fake.end()
        with pytest.raises(CallFailed) as broken:
            await pending
        assert broken.value.code == 9508
        await until(lambda: fake.dialled == 2 and client.state is State.CONNECTED)
        assert [method for method, _ in fake.asked].count("destroy_group") == 2
        with pytest.raises(CallFailed) as large:
            await client.call(ModifyGroupBaseInfo(GroupId="g", Name="x" * 2**20))
        assert large.value.code == 9522
        await client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("end", ENDS.values(), ids=lambda end: end.name)
def test_close_codes_say_whether_to_come_back(end):
    async def scenario():
        fake = FakeGateway()
        client, diary = await on_fake(fake)
        fake.push("session_end", {"Code": end.code, "Reason": end.name})
        fake.end()  # the close frame itself got lost
        if end.again:
            await until(lambda: fake.dialled == 2 and client.state is State.CONNECTED)
        else:
            await until(lambda: client.state is State.CLOSED)
            assert fake.dialled == 1
        assert any(isinstance(e, Kicked) for e in diary.events) == (end.code in {4001, 4002})
        assert any(isinstance(e, Expired) for e in diary.events) == (end.code == 4003)
        await client.close()

    asyncio.run(scenario())


def test_a_passing_refusal_is_tried_again_and_a_final_one_is_not():
    async def scenario():
        fake = FakeGateway()
        client, diary = await on_fake(fake)
        fake.refuse_login = [60018, 70050, 10002]
        fake.end()
        await until(lambda: fake.dialled == 5 and client.state is State.CONNECTED)
        assert diary.states().count(State.FAILED) == 3
        fake.refuse_login = [70001]
        fake.end()
        await until(lambda: client.state is State.CLOSED)
        assert Expired() in diary.events
        assert diary.events[-1].code == 70001
        await client.close()

    asyncio.run(scenario())


def test_a_silent_server_and_unreadable_frames_are_given_up():
    async def scenario():
        fake = FakeGateway()
        client, diary = await on_fake(fake, timeout=0.1)
        fake.mute = {"ping"}
        await until(lambda: fake.dialled == 2)
        fake.mute = set()
        for number, frame in enumerate((b"nonsense", b'{"method":"group_tip","params":{}}'), 3):
            await until(lambda: client.state is State.CONNECTED)
            fake.say(frame)
            await until(lambda number=number: fake.dialled >= number)
        await until(lambda: client.state is State.CONNECTED)
        assert State.CLOSED not in diary.states()
        await client.close()

    asyncio.run(scenario())


def test_a_failing_listener_harms_nobody(caplog):
    async def scenario():
        fake = FakeGateway()
        client = Client("ws://fake", 1, "alice", "sig", options=Options(dial=fake.dial))
        client.listen(lambda event: 1 / 0)
        diary = Diary(client)
        await client.open()
        assert State.CONNECTED in diary.states()
        await client.close()

    asyncio.run(scenario())
    assert "a listener failed" in caplog.text


def test_waits_double_up_to_half_a_minute():
    for attempt in range(40):
        longest = min(30.0, 0.5 * 2**attempt)
        assert longest / 2 <= backoff(attempt) <= longest
    assert len({backoff(3) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("ws://h:1", "ws://h:1/gateway"),
        ("http://h:1/", "ws://h:1/gateway"),
        ("https://h", "wss://h/gateway"),
        ("127.0.0.1:8140", "ws://127.0.0.1:8140/gateway"),
        ("wss://h/im/gateway", "wss://h/im/gateway"),
    ],
)
def test_a_server_is_named_in_several_ways(given: str, url: str):
    assert gateway_url(given) == url


@pytest.mark.parametrize("given", ["", "ftp://h", "ws://"])
def test_what_is_no_server_is_refused(given: str):
    with pytest.raises(ValueError, match="is not a URL"):
        gateway_url(given)
