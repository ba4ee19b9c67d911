"""Transactions that share a commit: a refused one leaves no trace and the others do not notice; events are kept."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from conftest import ENGINES
from contract.stores import Brittle, Fault, open_store
from qunzhu.apps import ensure_admins
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import MEMBER_UNKNOWN, Refused
from qunzhu.core.events import AccountsChanged, GroupCreated
from qunzhu.core.plans import PLANS, Plan
from qunzhu.store import batch
from worlds import NOW, World, on_plan, switched


class Shared:
    """A world whose calls are made at the same instant, and whose store can be opened again."""

    def __init__(self, engine: str, request, folder) -> None:
        self.engine, self._request, self._folder = engine, request, folder
        self._place = f"batch_{abs(hash(request.node.name)):x}"
        self.brittle: Brittle
        self.ids: list[int] = []
        self.world = World(engine)
        self.world.store = self.open(self.keep)

    def open(self, publish) -> Any:
        """Open the store."""

        def wrap(engine) -> Brittle:
            self.brittle = Brittle(engine)
            return self.brittle

        return open_store(
            self.engine, self._place, folder=self._folder, request=self._request, publish=publish, wrap=wrap
        )

    def keep(self, events) -> None:
        """Keep outbox ids and events."""
        self.ids += [number for number, _ in events]
        self.world.publish(events)

    def again(self) -> Any:
        """Close the store and open it anew."""
        self.world.store.close()
        self.world.store = self.open(self.keep)
        return self.world.store

    def together(self, *calls: tuple[str, str | None, dict[str, Any]]) -> list[Any]:
        """Make calls at one instant; return for each its reply or its exception."""

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(
                *(
                    self.world.store.write(
                        BY_NAME[name].run, self.world.who(by), BY_NAME[name].decode(msgspec.json.encode(fields))
                    )
                    for name, by, fields in calls
                ),
                return_exceptions=True,
            )

        return asyncio.run(all_of_them())


@pytest.fixture(params=ENGINES)
def shared(request, tmp_path):
    """Open such a world with a few accounts."""
    found = Shared(request.param, request, tmp_path)
    found.world.store.write_now(ensure_admins, found.world.app, NOW)
    found.world.people("ann", "bob")
    yield found
    found.world.store.close()


def create(group_id: str, owner: str | None = "ann", **more: Any) -> tuple[str, None, dict[str, Any]]:
    return "create_group", None, {"Type": "Public", "Name": "n", "GroupId": group_id, "Owner_Account": owner, **more}


def codes(answers: list[Any]) -> list[int]:
    """Return the code of each answer; a fault that is no refusal is raised."""
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Refused):
            raise answer
    return [answer.row.code if isinstance(answer, Refused) else 0 for answer in answers]


def counters(world: World) -> dict[str, int]:
    return dict(world.rows("SELECT name, value FROM counters"))


def test_one_id_asked_for_many_times_at_once(shared):
    world = shared.world
    answers = shared.together(*(create("team", "ann" if n % 2 else "bob") for n in range(100)))
    found = codes(answers)
    assert found.count(0) == 1
    owner = world.info("team")["Owner_Account"]
    assert set(found) == {0, 10021, 10025}
    for n, code in enumerate(found):
        assert code in {0, 10025} if ("ann" if n % 2 else "bob") == owner else code == 10021
    assert counters(world).items() >= {"groups:Public": 1, "net:2023-11-15": 1, "accounts": 3}.items()
    assert [event.group_id for event in world.events if isinstance(event, GroupCreated)] == ["team"]
    assert world.roles("team") == {owner: "Owner"}


@pytest.mark.parametrize("place", [0, 1, 15, 30, 31])
def test_a_refused_one_leaves_no_trace_and_harms_no_other(shared, place):
    """It is refused after it wrote: its id is taken by one before it, or its counter is over the cap."""
    world = shared.world
    world.group(owner="bob", GroupId="taken")
    calls = [create(f"g{n}", MemberList=[{"Member_Account": "bob"}]) for n in range(32)]
    calls[place] = create("taken", MemberList=[{"Member_Account": "bob"}])
    told = len(world.events)
    found = codes(shared.together(*calls))
    assert [n for n, code in enumerate(found) if code] == [place]
    assert found[place] == 10021
    assert counters(world).items() >= {"groups:Public": 32, "net:2023-11-15": 32}.items()
    made = [event.group_id for event in world.events[told:]]
    assert made == [f"g{n}" for n in range(32) if n != place]
    for n in range(32):
        if n != place:
            assert world.roles(f"g{n}") == {"ann": "Owner", "bob": "Member"}
            assert len(world.stored(f"g{n}")) == 1


def test_a_cap_is_exact_in_one_batch(shared, monkeypatch):
    world = shared.world
    monkeypatch.setitem(PLANS, "tests", Plan(name="tests", groups=10))
    world.app = on_plan(world.app, "tests")
    found = codes(shared.together(*(create(f"g{n}") for n in range(32))))
    assert found == [0] * 10 + [10058] * 22
    assert counters(world).items() >= {"groups:Public": 10, "net:2023-11-15": 10}.items()
    calls = [("destroy_group", None, {"GroupId": "g3"}), *(create(f"h{n}") for n in range(3)),
             ("destroy_group", None, {"GroupId": "g4"}), create("last")]  # fmt: skip
    assert codes(shared.together(*calls)) == [0, 0, 10058, 10058, 0, 0]
    assert counters(world)["groups:Public"] == 10 == world.rows("SELECT count(*) FROM groups")[0][0]


def test_a_batch_of_refusals_only(shared):
    world = shared.world
    world.group(owner="bob", GroupId="taken")
    before, told = world.dump(), len(world.events)
    assert set(codes(shared.together(*(create("taken") for _ in range(64))))) == {10021}
    assert world.dump() == before
    assert len(world.events) == told


def test_many_batches_of_all_sorts(shared):
    world = shared.world
    calls = []
    for n in range(300):
        calls.append(create(f"g{n % 120}", "ann" if n % 3 else None))
        if n % 7 == 0:
            calls.append(("destroy_group", None, {"GroupId": f"g{n % 60}"}))
        if n % 5 == 0:
            calls.append(("account_import", None, {"UserID": f"u{n % 50}"}))
    codes(shared.together(*calls))
    [(groups,)] = world.rows("SELECT count(*) FROM groups")
    [(accounts,)] = world.rows("SELECT count(*) FROM accounts")
    assert counters(world).items() >= {"groups:Public": groups, "net:2023-11-15": groups, "accounts": accounts}.items()
    assert shared.ids == list(range(shared.ids[0], shared.ids[0] + len(shared.ids)))


class TestOutbox:
    def test_ids_are_consecutive_and_what_was_not_delivered_comes_again(self, shared):
        world = shared.world
        codes(shared.together(*(create(f"g{n}") for n in range(40))))
        assert shared.ids == list(range(1, len(shared.ids) + 1))
        told = list(zip(shared.ids, world.events, strict=True))
        assert world.store.undelivered() == told
        again = shared.again()
        assert again.undelivered() == told
        world.group(owner=None)
        assert shared.ids[-1] == len(told) + 1

    def test_what_was_delivered_is_forgotten(self, shared):
        world = shared.world
        codes(shared.together(*(create(f"g{n}") for n in range(10))))
        world.store.delivered(shared.ids[-1])
        again = shared.again()
        assert again.undelivered() == []
        world.group(owner=None)
        assert len(again.undelivered()) == 1

    def test_ids_go_on_after_a_half_delivered_batch(self, shared):
        world = shared.world
        codes(shared.together(*(create(f"g{n}") for n in range(5))))
        last = shared.ids[-1]
        world.group(owner=None, GroupId="later")
        world.store.delivered(last)
        [(number, event)] = shared.again().undelivered()
        assert (number, event.group_id) == (last + 1, "later")
        world.call("account_import", UserID="new")
        assert shared.ids[-1] == last + 2
        assert world.events[-1] == AccountsChanged(registered=["new"])

    def test_what_was_delivered_is_forgotten_also_after_a_commit_that_failed(self, shared):
        """The commit that failed was to remove the delivered ones."""
        world = shared.world
        codes(shared.together(*(("account_import", None, {"UserID": f"u{n}"}) for n in range(600))))
        world.store.delivered(shared.ids[-1])
        with pytest.raises(Fault):
            world.store.write_now(lambda tx: shared.brittle.arm(2))
        assert shared.again().undelivered() == []


def test_a_fault_of_one_is_his_alone(shared):
    """A fault that is no refusal is treated as one: the others of its batch succeed."""
    world = shared.world

    def failing(tx) -> None:
        tx.count("groups:Public", 5)
        tx.run("INSERT INTO deleted_accounts (user_id, at) VALUES ('x', 1)")
        tx.emit(AccountsChanged(deleted=["x"]))
        raise Fault

    async def at_once() -> list[Any]:
        who, command = world.who(), BY_NAME["create_group"]
        jobs = []
        for n in range(32):
            request = command.decode(msgspec.json.encode(create(f"g{n}")[2]))
            jobs.append(world.store.write(failing) if n == 9 else world.store.write(command.run, who, request))
        return await asyncio.gather(*jobs, return_exceptions=True)

    answers = asyncio.run(at_once())
    assert isinstance(answers.pop(9), Fault)
    assert set(codes(answers)) == {0}
    assert counters(world)["groups:Public"] == 31
    assert world.rows("SELECT count(*) FROM deleted_accounts") == [(0,)]
    assert AccountsChanged(deleted=["x"]) not in world.events


@pytest.mark.parametrize("others", [0, 5])
def test_an_account_of_a_transaction_that_is_undone_is_unknown(shared, others):
    """Which accounts exist is remembered from transaction to transaction; what was seen in an undone one is not."""
    world = shared.world

    def undone(tx) -> None:
        for name, _, fields in (("account_import", None, {"UserID": "cid"}), create("g", "cid")):
            command = BY_NAME[name]
            command.run(tx, world.who(), command.decode(msgspec.json.encode(fields)))
        raise Fault

    async def at_once() -> list[Any]:
        jobs = [world.store.write(lambda tx: tx.count("groups:Public", 0)) for _ in range(others)]
        return await asyncio.gather(*jobs, world.store.write(undone), return_exceptions=True)

    assert isinstance(asyncio.run(at_once())[-1], Fault)
    assert codes(shared.together(create("later", "cid"))) == [MEMBER_UNKNOWN.code]
    assert codes(shared.together(create("later", "ann"))) == [0]


def test_who_is_deleted_is_known_no_more(shared):
    """Within one batch as between two."""
    world = shared.world
    world.app = switched(world.app, delete_accounts=True)
    gone = ("account_delete", None, {"DeleteItem": [{"UserID": "bob"}]})
    assert codes(shared.together(create("g1", "bob"), gone, create("g2", "bob"))) == [0, 0, MEMBER_UNKNOWN.code]
    world.people("bob")
    assert codes(shared.together(create("g2", "bob"))) == [0]
    assert codes(shared.together(gone)) == [0]
    assert codes(shared.together(create("g3", "bob"))) == [MEMBER_UNKNOWN.code]


@pytest.mark.parametrize("step", ["counters", "events", "commit"])
def test_a_commit_that_fails_is_everybodys(shared, step):
    """Nobody is told that he succeeded, nothing is stored, nothing is told, and the next batch is right."""
    world = shared.world
    before, told = world.dump(), len(world.events)

    async def at_once() -> list[Any]:
        jobs = [world.store.write(lambda tx: tx.count("groups:Public", 1)) for _ in range(31)]
        last = asyncio.gather(*jobs, world.store.write(arming), return_exceptions=True)
        return await last

    def arming(tx) -> None:
        tx.count("groups:Public", 1)
        tx.emit(AccountsChanged(registered=["nobody"]))
        shared.brittle.arm({"counters": 1, "events": 2, "commit": 3}[step])

    answers = asyncio.run(at_once())
    assert not shared.brittle.armed
    failed = [isinstance(answer, Exception) for answer in answers]
    # A thread may take the first ones alone; those that share the armed one's commit fail with it.
    assert failed[-1]
    assert failed == sorted(failed)
    if all(failed):
        assert world.dump() == before
    assert len(world.events) == told
    assert codes(shared.together(create("next"))) == [0]
    assert counters(world)["groups:Public"] == failed.count(False) + 1
    assert [event.group_id for event in world.events[told:]] == ["next"]


def test_what_is_remembered_is_undone_with_its_transaction(shared):
    """The frequency of a group is counted in the writer's memory: a batch that runs again counts each message once."""
    world = shared.world
    world.people("owner")
    world.group("Public", GroupId="talk")
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]
    calls = [("send_group_msg", None, {"GroupId": "talk", "Random": n, "MsgBody": body}) for n in range(30)]
    refused = ("send_group_msg", None, {"GroupId": "talk", "Random": 99, "MsgBody": body, "From_Account": "nobody"})
    for start in (0, 10, 20):
        *answers, last = shared.together(*calls[start : start + 10], refused)
        assert isinstance(last, Refused)
        assert [answer.MsgDropReason for answer in answers] == [""] * 10
    more = [("send_group_msg", None, {"GroupId": "talk", "Random": n, "MsgBody": body}) for n in range(100, 120)]
    dropped = [answer.MsgDropReason for answer in shared.together(*more)]
    assert dropped == [""] * 10 + ["MsgFreqCtrl"] * 10


def test_a_writer_forgets_what_is_oldest(monkeypatch):
    monkeypatch.setattr(batch, "MAX_REMEMBERED", 10)
    memory = batch.Memory()
    for number in range(11):
        memory.put(str(number), number)
    assert [memory.get(str(number)) for number in (0, 4, 5, 10)] == [None, None, 5, 10]
    memory.settle()
    mark = memory.mark()
    memory.put("5", 50)
    memory.put("new", 1)
    memory.back(mark)
    assert (memory.get("5"), memory.get("new")) == (5, None)
