"""An app's store as a file: all tables, exact, from any engine into any, and the writer goes on from what was read."""

from __future__ import annotations

import asyncio
import io
import json
import random

import apsw
import pytest

from conftest import ENGINES
from contract.refusals import furnish
from moved import older_dump
from qunzhu.apps import ensure_admins
from qunzhu.commands._recount import recount
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import Refused
from qunzhu.core.plans import PLANS, Plan
from qunzhu.store import dump, tables
from qunzhu.store.dump import DumpFault, dump_file, empty, kept_tables, read_dump, write_dump
from qunzhu.store.migrate import migrate
from qunzhu.store.older import renewed
from qunzhu.store.sql import SQLITE_WORDS
from qunzhu.store.tables import PAGE_ROWS, Table
from worlds import NOW, SDKAPPID, TABLES, World, on_plan

TEXTS = ("", "a'b\"c", "{}", "[1,2]", "群主 👩‍👩‍👧", "line\nline\\n\t\u2028", "\x7f%(name)s :name %", "x" * 3000)
UNIQUE = {"group_id", "topic_id"}
NUMBERS = (0, 1, -1, 2**31, 2**63 - 1, -(2**63))


def dumped(world: World) -> bytes:
    file = io.BytesIO()
    world.store.read_now(lambda tx: write_dump(tx, file, sdkappid=SDKAPPID, at=NOW))
    return file.getvalue()


def restore(world: World, content: bytes) -> int:
    world.touched = True  # what it published is not what is there now
    return world.store.replace_now(read_dump, io.BytesIO(content))


def differences(world: World) -> list:
    return world.store.read_now(recount, world.app, world.now)


def lines(content: bytes) -> list:
    return [json.loads(line) for line in content.splitlines()]


def row(table: Table, number: int, draw: random.Random) -> dict:
    """Make a row; texts of its key tell it from others, and numbers of its key grow."""
    large = {column for column in table.columns if column in LARGE[table.name]}
    found = {}
    for column, kind in KINDS[table.name].items():
        if kind == "TEXT":
            found[column] = draw.choice(TEXTS)
        else:
            found[column] = draw.choice(NUMBERS if column in large else NUMBERS[:3])
        if column in table.key or column in UNIQUE:
            found[column] = f"{draw.choice(TEXTS[:-1])}{number}" if kind == "TEXT" else number
    if table.name == "messages" and number % 3 == 0:
        found["random"] = None
    return found


def kinds() -> dict[str, dict[str, str]]:
    """Return each table's columns with their types, from a database in memory."""
    connection = apsw.Connection(":memory:")
    migrate("app", 0, SQLITE_WORDS, lambda statement: connection.execute(statement).fetchall())
    return {
        name: dict(connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,)).fetchall())
        for name in TABLES
    }


KINDS = kinds()
LARGE = {name: {column for column, kind in found.items() if kind == "BIGINT"} for name, found in KINDS.items()}


def fill(world: World, seed: int = 1) -> None:
    """Put rows into every table, in no order; into some of them several pages."""
    draw = random.Random(seed)

    def run(tx) -> None:
        empty(tx)
        for table in tables.tables():
            number = 2 * PAGE_ROWS + 3 if table.name in {"messages", "members"} else 7
            numbers = draw.sample(range(1, 10 * number), number)
            tx.many(table.insert, [row(table, n, draw) for n in numbers])
            if table.serial:
                tx.number_after(table.name, 10 * number + 5)

    world.touched = True
    world.store.replace_now(run)


def test_the_tables_are_those_of_the_migrations():
    found = {table.name for table in tables.tables()}
    assert found == set(TABLES)
    assert found - {table.name for table in kept_tables()} == {"outbox"}
    assert all(table.key for table in tables.tables())
    assert {table.name for table in tables.tables() if table.serial} == {"groups", "applications", "topics"}
    assert {kind.split()[0] for columns in KINDS.values() for kind in columns.values()} <= {"TEXT", "BIGINT", "INTEGER"}


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ENGINES)
def test_everything_comes_back_on_any_engine(make_world, source, target):
    first, second = make_world(source), make_world(target)
    fill(first)
    fill(second, seed=2)
    content = dumped(first)
    before = first.dump()
    assert restore(second, content) == lines(content)[-1]["rows"] > 2000
    assert dumped(second) == content
    after = second.dump()
    assert after.pop("outbox") == []
    assert {**after, "outbox": before["outbox"]} == before


def test_what_a_line_is(world):
    fill(world)
    head, *rest, end = lines(dumped(world))
    assert head == {"qunzhu": 1, "migration": tables.version(), "sdkappid": SDKAPPID, "at": NOW}
    heads = [one for one in rest if isinstance(one, dict)]
    assert [one["table"] for one in heads] == sorted(set(TABLES) - {"outbox"})
    assert end == {"rows": len(rest) - len(heads)}


def test_columns_come_in_by_name(make_world):
    """A file may have them in another order than the schema."""
    world = make_world()
    world.people("ann")
    content = dumped(world)
    found = lines(content)
    place = next(n for n, one in enumerate(found) if isinstance(one, dict) and one.get("table") == "accounts")
    found[place]["columns"].reverse()
    for number in range(place + 1, place + 3):
        found[number].reverse()
    restore(world, b"".join(json.dumps(one).encode() + b"\n" for one in found))
    assert dumped(world) == content


class TestGoingOn:
    """What the writer remembered before is gone, and numbers go on where the file was written."""

    @pytest.fixture
    def furnished(self, world) -> World:
        furnish(world)
        return world

    def numbers(self, world: World) -> list:
        """Write something of every sort that is numbered; return the numbers and counters."""
        group = world.group(owner="ann", GroupId="after", ApplyJoinOption="NeedPermission")
        world.group("Community", owner="ann", GroupId="@TGS#_after", SupportTopic=1)
        topic = world.call("create_topic", GroupId="@TGS#_after", TopicName="t")["TopicId"]
        world.people("wants")
        world.call("join_group", "wants", GroupId=group)
        world.write("ann", "hello", "bob")
        return [
            world.rows("SELECT num FROM groups WHERE group_id IN ('after', '@TGS#_after') ORDER BY num"),
            world.rows("SELECT num FROM topics WHERE topic_id = :id", id=topic),
            world.rows("SELECT num FROM applications WHERE user_id = 'wants'"),
            world.rows("SELECT max(num) FROM c2c_messages"),
            world.rows("SELECT name, value FROM counters ORDER BY name"),
            world.rows("SELECT day, name, value FROM meters ORDER BY day, name"),
        ]

    def test_the_same_calls_give_the_same_numbers(self, furnished):
        world = furnished
        content = dumped(world)
        once = self.numbers(world)
        assert all(once)
        for n in range(3):
            world.group(owner="ann", GroupId=f"more{n}")
        restore(world, content)
        assert dumped(world) == content
        assert self.numbers(world) == once

    def test_numbers_are_not_used_again_that_rows_left(self, furnished):
        """A topic's number belongs to its messages, which go later than it."""
        world = furnished
        world.group("Community", owner="ann", GroupId="@TGS#_gone", SupportTopic=1)
        topic = world.call("create_topic", GroupId="@TGS#_gone", TopicName="t")["TopicId"]
        [(num,)] = world.rows("SELECT num FROM topics WHERE topic_id = :id", id=topic)
        world.call("destroy_topic", GroupId="@TGS#_gone", TopicIdList=[topic])
        restore(world, dumped(world))
        later = world.call("create_topic", GroupId="@TGS#_gone", TopicName="t")["TopicId"]
        assert world.rows("SELECT num FROM topics WHERE topic_id = :id", id=later) == [(num + 1,)]

    def test_counters_and_accounts_are_read_again(self, world, monkeypatch):
        monkeypatch.setitem(PLANS, "tests", Plan(name="tests", groups=3))
        world.app = on_plan(world.app, "tests")
        world.people("ann")
        content = dumped(world)
        for n in range(3):
            world.group(owner="ann", GroupId=f"g{n}")
        with pytest.raises(Refused, match="10058"):
            world.group(owner="ann")
        restore(world, content)
        for n in range(3):
            world.group(owner="ann", GroupId=f"g{n}")
        assert differences(world) == []
        world.store.replace_now(lambda tx: (empty(tx), ensure_admins(tx, world.app, NOW)))
        assert world.code("create_group", Type="Public", Name="n", Owner_Account="ann") == 10019
        assert world.rows("SELECT name, value FROM counters") == [("accounts", 1)]

    def test_a_message_is_no_duplicate_of_one_that_is_gone(self, world):
        world.people("ann")
        group = world.group(owner="ann")
        content = dumped(world)
        fields = {"GroupId": group, "Random": 7, "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "a"}}]}
        first = world.call("send_group_msg", **fields)
        restore(world, content)
        assert world.call("send_group_msg", **fields) == first
        assert world.rows("SELECT count(*) FROM messages WHERE random = 7") == [(1,)]

    def test_meters_go_on(self, world):
        """Levels, peaks and who was active are those of the data that is there now."""
        world.people("ann")
        content = dumped(world)
        groups = [world.group(owner="ann") for _ in range(3)]
        for group in groups:
            world.call("destroy_group", GroupId=group)
        restore(world, content)
        group = world.group(owner="ann")
        world.say(group, "hello", "ann")
        assert world.rows("SELECT DISTINCT value FROM meters WHERE name = 'peak.groups'") == [(1,)]
        assert differences(world) == []

    def test_among_others_at_the_same_instant(self, world):
        """Those before it are gone with the rest, those after it are there and counted; outbox ids go on growing."""
        world.people("ann")
        content = dumped(world)

        async def all_of_them() -> None:
            await asyncio.gather(
                *(world.store.write(_create, world, f"before{n}") for n in range(40)),
                world.store.replace(read_dump, io.BytesIO(content)),
                *(world.store.write(_create, world, f"after{n}") for n in range(40)),
            )

        world.touched = True
        asyncio.run(all_of_them())
        assert {name for (name,) in world.rows("SELECT group_id FROM groups")} == {f"after{n}" for n in range(40)}
        assert dict(world.rows("SELECT name, value FROM counters"))["groups:Public"] == 40
        assert differences(world) == []


def _create(tx, world: World, group_id: str) -> None:
    command = BY_NAME["create_group"]
    body = json.dumps({"Type": "Public", "Name": "n", "GroupId": group_id, "Owner_Account": "ann"}).encode()
    tx.who = world.who()
    command.run(tx, tx.who, command.decode(body))


class TestFaults:
    """A file that is not whole, or of something else, changes nothing and is told apart."""

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda found: [], "first line is no header"),
            (lambda found: [b"PNG\xff", *found], "first line is no header"),
            (lambda found: [json.dumps(json.loads(found[0]) | {"qunzhu": 2}).encode(), *found[1:]], "format 2"),
            (lambda found: [json.dumps(json.loads(found[0]) | {"migration": 99}).encode(), *found[1:]], "migration 99"),
            (lambda found: found[:-1], "not whole"),
            (lambda found: found[:1] + found[2:3] + found[1:], "before the first table"),
            (lambda found: [*found[:-2], found[-1]], "promises"),
            (lambda found: [*found, b"more"], "promises"),
            (lambda found: [one for one in found if b'"topics"' not in one], "lacks topics"),
            (lambda found: [*found[:-1], found[1], found[-1]], "stands twice"),
            (lambda found: [one.replace(b'"nick"', b'"nickname"') for one in found], "table accounts"),
            (lambda found: [one.replace(b'["ann",', b'["ann",1,') for one in found], "is no row"),
            (lambda found: [one.replace(b'["ann",', b'[["ann"],') for one in found], "is no row"),
            (lambda found: [*found[:-1], b"nonsense", found[-1]], "is no table"),
        ],
    )
    def test_a_wrong_file(self, world, change, told):
        world.people("ann", "bob")
        world.group(owner="ann")
        before = world.dump()
        content = b"".join(line + b"\n" for line in change(dumped(world).splitlines()))
        with pytest.raises(DumpFault, match=told):
            restore(world, content)
        assert world.dump() == before
        world.people("cid")
        assert dict(world.rows("SELECT name, value FROM counters"))["accounts"] == 4

    def test_numbers_are_as_before_a_fault(self, world):
        world.people("ann")
        group = world.group("Community", owner="ann", SupportTopic=1)
        content = dumped(world)
        for _ in range(3):
            world.call("create_topic", GroupId=group, TopicName="t")
        with pytest.raises(DumpFault):
            restore(world, content[:-20])
        world.call("create_topic", GroupId=group, TopicName="t")
        assert world.rows("SELECT max(num) FROM topics") == [(4,)]


def test_an_older_version(world, tmp_path, monkeypatch):
    """Its tables become those of now as an opened database's do: here its groups are counted."""
    old = older_dump(tmp_path, monkeypatch)
    assert lines(old)[0]["migration"] == 3
    with pytest.raises(DumpFault, match="tables of migration 3"):
        restore(world, old)
    (tmp_path / "new").mkdir()
    world.touched = True
    with renewed(io.BytesIO(old), tmp_path / "new") as file:
        assert world.store.replace_now(read_dump, file) > lines(old)[-1]["rows"] == 2 + 3
    assert world.rows("SELECT count(*) FROM meters")[0][0] > 0
    assert world.rows("SELECT user_id FROM members ORDER BY group_num") == [(f"user_id{n}",) for n in range(3)]


def test_packed_files(world, tmp_path):
    fill(world)
    content = dumped(world)
    for name in ("a.jsonl", "a.jsonl.gz"):
        for again in range(2):
            with dump_file(tmp_path / f"{again}{name}", write=True) as file:
                world.store.read_now(lambda tx, f=file: write_dump(tx, f, sdkappid=SDKAPPID, at=NOW))
        assert (tmp_path / f"0{name}").read_bytes() == (tmp_path / f"1{name}").read_bytes()
        fill(world, seed=2)
        with dump_file(tmp_path / f"0{name}") as file:
            world.store.replace_now(read_dump, file)
        assert dumped(world) == content
    packed = (tmp_path / "0a.jsonl.gz").read_bytes()
    assert len(packed) < len(content) // 5
    (tmp_path / "short.gz").write_bytes(packed[: len(packed) // 2])
    with dump_file(tmp_path / "short.gz") as file, pytest.raises(DumpFault, match="cannot be read on"):
        world.store.replace_now(read_dump, file)
    assert dumped(world) == content


def test_a_page_at_a_time(sqlite_world, monkeypatch):
    """However many rows there are, no more than a page of them is asked for or written at once."""
    fill(sqlite_world)
    content = dumped(sqlite_world)
    sizes = []
    many = dump.EngineTx.many
    monkeypatch.setattr(dump.EngineTx, "many", lambda tx, sql, rows: (sizes.append(len(rows)), many(tx, sql, rows)))
    restore(sqlite_world, content)
    assert max(sizes) == PAGE_ROWS
    assert sum(sizes) == lines(content)[-1]["rows"]
