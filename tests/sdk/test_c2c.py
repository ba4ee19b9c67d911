"""One-to-one messages of the client: each stored one is told once and in order, whatever breaks."""

from __future__ import annotations

import asyncio
import itertools
import signal
from typing import Any

import pytest

from qunzhu.client import C2CReceived, CallFailed, Client, ConversationChanged, MessageChanged, Options, State
from qunzhu.client.c2c import C2CLedger
from qunzhu.client.ledger import Verdict
from qunzhu.commands.c2c import SendMsg
from qunzhu.commands.c2c_changes import AdminMsgWithdraw, ModifyC2CMsg
from qunzhu.commands.c2c_history import PullC2CMessages
from qunzhu.commands.c2c_reading import AdminSetMsgRead
from qunzhu.core.elements import Element
from sdk.test_client import QUICK, FakeGateway, names, on_fake
from served import SDKAPPID, Server, until, usersig

_randoms = itertools.count(1)


def message(to: str, words: str, **more: Any) -> SendMsg:
    """Return the call that sends a text."""
    number = next(_randoms)
    body = [Element("TIMTextElem", {"Text": words})]
    return SendMsg(To_Account=to, MsgRandom=number, MsgSeq=number, MsgBody=body, **more)


class Diary:
    """Collects what a client tells of one-to-one messages."""

    def __init__(self, client: Client) -> None:
        self.got: list[C2CReceived] = []
        self.changes: list[dict[str, Any]] = []
        self.breaks = 0
        client.listen(self._take)

    def _take(self, event: Any) -> None:
        if isinstance(event, C2CReceived):
            self.got.append(event)
        elif isinstance(event, MessageChanged | ConversationChanged):
            self.changes.append(event.change)
        elif getattr(event, "state", None) is State.DISCONNECTED:
            self.breaks += 1

    def words(self) -> list[str]:
        """Return the texts in the order in which they came."""
        return [event.message["MsgBody"][0]["MsgContent"]["Text"] for event in self.got]

    def nums(self) -> list[int]:
        """Return the numbers in the order in which they came."""
        return [event.message["Num"] for event in self.got]


async def logged_in(server: Server, user: str, options: Options = QUICK, platform: str = "Linux"):
    """Return a client on a real server, and what it tells."""
    client = Client(server.url, SDKAPPID, user, usersig(user), platform, options)
    diary = Diary(client)
    await client.open()
    return client, diary


def test_two_users_talk(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        a, hers = await logged_in(server, alice)
        phone, too = await logged_in(server, alice, platform="Android")
        b, his = await logged_in(server, bob)
        sent = await a.call(message(bob, "hello"))
        await b.call(message(alice, "hi"))
        await b.call(message(alice, "typing", OnlineOnlyFlag=1))
        await until(lambda: len(hers.got) == len(too.got) == 3 and len(his.got) == 3)
        assert hers.words() == too.words() == his.words() == ["hello", "hi", "typing"]
        assert [event.message.get("Num", 0) > 0 for event in his.got] == [True, True, False]
        assert a.known_c2c == b.known_c2c == his.got[1].message["Num"]
        await b.call(ModifyC2CMsg(From_Account=alice, To_Account=bob, MsgKey=sent.MsgKey, CloudCustomData="seen"))
        await b.call(AdminSetMsgRead(Report_Account=bob, Peer_Account=alice))
        await a.call(AdminMsgWithdraw(From_Account=alice, To_Account=bob, MsgKey=sent.MsgKey))
        await until(lambda: len(hers.changes) == len(his.changes) == 3)
        assert [change["ChangeType"] for change in hers.changes] == ["Modified", "Read", "Recalled"]
        assert hers.changes[1]["Reader_Account"] == bob
        page = await b.call(PullC2CMessages(Peer_Account=alice))
        assert [one["MsgBody"] for one in page.Items][1] == []
        with pytest.raises(CallFailed) as refused:
            await a.call(message("nobody", "x"))
        assert refused.value.code == 20003
        for client in (a, b, phone):
            await client.close()

    asyncio.run(scenario())


def test_messages_under_load_over_breaks_come_once_and_in_order(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        a, _ = await logged_in(server, alice)
        b, his = await logged_in(server, bob)
        c, _ = await logged_in(server, carol)
        count = 150

        async def talk(client: Client, others: list[str]) -> None:
            for number in range(count):
                await client.call(message(others[number % len(others)], f"{client.user} {number}"))
                await asyncio.sleep(0.002)

        talks = asyncio.gather(talk(a, [bob]), talk(c, [alice, bob]))
        while not talks.done():
            await asyncio.sleep(0.05)
            if b._link is not None:
                await b._link.close()
        await until(lambda: b.state is State.CONNECTED and len(his.got) >= count + count // 2)
        await asyncio.sleep(0.2)
        wanted = [f"{alice} {n}" for n in range(count)], [f"{carol} {n}" for n in range(1, count, 2)]
        for sender, words in zip((alice, carol), wanted, strict=True):
            assert [one for one in his.words() if one.startswith(f"{sender} ")] == words
        assert his.nums() == sorted(set(his.nums()))
        assert his.breaks > 1
        for client in (a, b, c):
            await client.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_lost_or_repeated_over_a_restart(tmp_path, how: signal.Signals):
    server = Server(tmp_path)

    async def scenario():
        alice, bob = names("alice", "bob")
        b, his = await logged_in(server, bob)
        a, _ = await logged_in(server, alice)
        await a.call(message(bob, "0"))
        await until(lambda: his.words() == ["0"])
        known = b.known_c2c
        await b.close()
        for number in range(1, 260):  # more than one page
            await a.call(message(bob, str(number)))
        b, his = await logged_in(server, bob, Options(known={}, known_c2c=known, delay=QUICK.delay))
        assert his.words() == [str(number) for number in range(1, 260)]
        assert all(event.missed for event in his.got)
        server.stop(how)
        await until(lambda: b.state is not State.CONNECTED)
        server.start()
        await until(lambda: a.state is b.state is State.CONNECTED)
        await a.call(message(bob, "260"))
        await until(lambda: his.words()[-1] == "260")
        assert his.words() == [str(number) for number in range(1, 261)]
        await a.close()
        await b.close()

    try:
        asyncio.run(scenario())
    finally:
        assert server.stop() == 0


def test_a_first_login_begins_with_what_comes_then(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        b, _ = await logged_in(server, bob)
        await b.close()
        a, _ = await logged_in(server, alice)
        await a.call(message(bob, "old"))
        b, his = await logged_in(server, bob)
        await a.call(message(bob, "new"))
        await until(lambda: his.words() == ["new"])
        assert not his.got[0].missed
        await a.close()
        await b.close()

    asyncio.run(scenario())


class Mailbox(FakeGateway):
    """A fake gateway that keeps one-to-one messages."""

    def __init__(self) -> None:
        super().__init__()
        self.mail: list[dict[str, Any]] = []
        self.page = 100

    def _result(self, method: str, params: Any) -> dict[str, Any]:
        result = super()._result(method, params)
        if method == "sync":
            missed = [one for one in self.mail if params["C2C"] is not None and one["Num"] > params["C2C"]]
            result |= {"C2C": self.mail[-1]["Num"] if self.mail else 0, "C2CMessages": missed[: self.page],
                       "MoreC2C": int(len(missed) > self.page)}  # fmt: skip
        return result

    def post(self, num: int) -> dict[str, Any]:
        """Keep a message; return its push."""
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": str(num)}}]
        before = self.mail[-1]["Num"] if self.mail else 0
        self.mail.append({"From_Account": "bob", "To_Account": "alice", "Num": num, "MsgBody": body})
        return {**self.mail[-1], "Prev": before}


def test_gaps_are_pulled_and_repetitions_dropped():
    async def scenario():
        fake = Mailbox()
        fake.post(3)
        client, _ = await on_fake(fake)
        diary = Diary(client)
        assert client.known_c2c == 3
        five, nine, twelve = fake.post(5), fake.post(9), fake.post(12)
        fake.push("c2c_message", five)
        await until(lambda: diary.nums() == [5])
        asked = len(fake.asked)
        fake.push("c2c_message", five)
        fake.push("c2c_message", twelve)  # 9 got lost
        fake.push("c2c_message", nine)
        await until(lambda: diary.nums() == [5, 9, 12])
        assert [event.missed for event in diary.got] == [False, True, True]
        assert [params["C2C"] for method, params in fake.asked[asked:] if method == "sync" and params["C2C"]] == [5]
        fake.page = 2
        for num in (20, 21, 22, 23, 30):
            fake.post(num)
        fake.end()
        await until(lambda: diary.nums()[-1] == 30)
        assert diary.nums() == [5, 9, 12, 20, 21, 22, 23, 30]
        await client.close()

    asyncio.run(scenario())


def test_an_account_made_anew_begins_anew():
    async def scenario():
        fake = Mailbox()
        fake.post(90)
        client, _ = await on_fake(fake)
        diary = Diary(client)
        fake.mail.clear()
        fake.post(3)
        fake.end()
        await until(lambda: client.known_c2c == 3 and client.state is State.CONNECTED)
        fake.push("c2c_message", fake.post(4))
        await until(lambda: diary.nums() == [4])
        await client.close()

    asyncio.run(scenario())


def test_what_waits_at_the_first_login_is_told():
    ledger = C2CLedger(None)
    push = {"Num": 7, "Prev": 4}
    ledger.begin(7, [("c2c_message", push), ("c2c_message", {"MsgKey": "k"})])
    assert ledger.judge(push) is Verdict.NEW
    assert ledger.judge(push) is Verdict.OLD
    assert ledger.judge({"Num": 9, "Prev": 8}) is Verdict.GAP
    assert ledger.judge({"MsgKey": "k"}) is Verdict.NEW


def test_what_is_sent_again_over_a_killed_server_arrives_once(tmp_path):
    server = Server(tmp_path)
    count = 200

    async def scenario():
        alice, bob = names("alice", "bob")
        a, hers = await logged_in(server, alice)
        b, his = await logged_in(server, bob)
        tries = 0

        async def arrived(request: SendMsg) -> bool:
            nonlocal tries
            tries += 1
            try:
                await a.call(request)
            except CallFailed as fault:
                if fault.code not in {6012, 9508}:
                    raise
                return False
            else:
                return True

        async def talk() -> None:
            for number in range(count):
                request = message(bob, str(number))
                while not await arrived(request):
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.003)

        talking = asyncio.create_task(talk())
        for _ in range(3):
            await until(lambda: a.state is b.state is State.CONNECTED)
            await asyncio.sleep(0.15)
            server.stop(signal.SIGKILL)
            server.start()
        await asyncio.wait_for(talking, 60)
        wanted = [str(number) for number in range(count)]
        await until(lambda: his.words() == wanted and hers.words() == wanted)
        assert tries > count
        await a.close()
        await b.close()

    try:
        asyncio.run(scenario())
    finally:
        assert server.stop() == 0
