"""A fresh database equals a migrated one, and both engines have the same tables, columns and indexes."""

from __future__ import annotations

import re

import psycopg
import pytest

from qunzhu.commands._recount import recount
from qunzhu.commands._usage import day_usage
from qunzhu.store import migrate as migrations
from qunzhu.store.batch import Around
from qunzhu.store.migrate import scripts
from qunzhu.store.postgres import drop_schema, open_postgres
from qunzhu.store.sqlite import open_sqlite
from worlds import NOW, TABLES, World

FAMILIES = ("app", "control")


def columns(store, engine: str, schema: str = "") -> dict[str, list[str]]:
    """Return each table's columns in order, without the tables that engines keep for themselves."""
    if engine == "sqlite":
        names = store.read_now(lambda tx: tx.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"))
        found = {
            name: [
                row[1] for row in store.read_now(lambda tx, n=name: tx.all(f"SELECT * FROM pragma_table_info('{n}')"))
            ]
            for (name,) in names
        }
    else:
        found = {}
        for table, column in store.read_now(lambda tx: tx.all(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :schema"
            " ORDER BY table_name, ordinal_position", schema=schema,
        )):  # fmt: skip
            found.setdefault(table, []).append(column)
    return {name: cols for name, cols in found.items() if not name.startswith("sqlite_") and name != "schema_version"}


def indexes(store, engine: str, schema: str = "") -> set[str]:
    """Return the names of the indexes that migrations make."""
    if engine == "sqlite":
        rows = store.read_now(
            lambda tx: tx.all("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        )
    else:
        rows = store.read_now(
            lambda tx: tx.all("SELECT indexname FROM pg_indexes WHERE schemaname = :schema", schema=schema)
        )
    made = {name for family in FAMILIES for script in scripts(family) for name in re.findall(r"INDEX (\w+)", script)}
    return {name for (name,) in rows} & made


@pytest.fixture
def opening(request, tmp_path):
    """Return a function that opens a family's store in a place of an engine; the same place gives the same data."""
    opened, schemas = [], []

    def run(engine: str, place: str, family: str, around: Around | None = None):
        if engine == "sqlite":
            store = open_sqlite(tmp_path / f"{place}.db", family, around)
        else:
            url = request.getfixturevalue("postgres_url")
            store = open_postgres(url, f"migration_{place}", family, around)
            schemas.append((url, f"migration_{place}"))
        opened.append(store)
        return store

    yield run
    for store in opened:
        store.close()
    for url, schema in schemas:
        drop_schema(url, schema)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_fresh_database_equals_a_migrated_one(opening, monkeypatch, engine, family):
    """One database takes all scripts at once, another one at a time, opened anew for each."""
    fresh = opening(engine, f"fresh_{family}", family)
    every = scripts(family)
    for number in range(1, len(every) + 1):
        monkeypatch.setattr(migrations, "scripts", lambda _, upto=number: every[:upto])
        migrated = opening(engine, f"steps_{family}", family)
        if number < len(every):
            migrated.close()
    schemas = (f"migration_fresh_{family}", f"migration_steps_{family}")
    assert columns(fresh, engine, schemas[0]) == columns(migrated, engine, schemas[1]) != {}
    assert indexes(fresh, engine, schemas[0]) == indexes(migrated, engine, schemas[1])


@pytest.mark.parametrize("family", FAMILIES)
def test_both_engines_have_the_same_tables(opening, family):
    sqlite, postgres = (opening(engine, f"same_{family}", family) for engine in ("sqlite", "postgres"))
    schema = f"migration_same_{family}"
    assert columns(sqlite, "sqlite") == columns(postgres, "postgres", schema)
    assert indexes(sqlite, "sqlite") == indexes(postgres, "postgres", schema)


def test_opening_again_changes_nothing(world: World, opening):
    """Opening what is up to date runs no script: the tables are there already, and a second CREATE would fail."""
    assert set(columns_of(world)) == set(TABLES)
    for engine in ("sqlite", "postgres"):
        for _ in range(3):
            opening(engine, "again", "app").close()


def columns_of(world: World) -> dict[str, list[str]]:
    """Return the tables of a world."""
    if world.engine == "sqlite":
        return columns(world.store, "sqlite")
    [(schema,)] = world.rows("SELECT current_schema()")
    return columns(world.store, "postgres", schema)


def test_a_script_that_fails_leaves_the_database_as_it_was(opening, monkeypatch, postgres_url):
    """Migrations run in one transaction, so that a second try starts where the first one did."""
    every = scripts("app")
    broken = [*every, "CREATE TABLE half (a INTEGER); CREATE TABLE half (a INTEGER)"]
    for engine in ("sqlite", "postgres"):
        opening(engine, "half", "app").close()
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "scripts", lambda _: broken)
            with pytest.raises(Exception, match="half"):
                opening(engine, "half", "app")
        assert "half" not in columns(opening(engine, "half", "app"), engine, "migration_half")
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT version FROM migration_half.schema_version").fetchall() == [(len(every),)]


GROUP = (
    "INSERT INTO groups (num, group_id, kind_name, name, introduction, notification, face_url, owner, created_at,"
    " info_seq, info_at, last_msg_at, next_seq, member_num, max_member_num, apply_join, invite_join, mute_all, custom,"
    " support_topic, enable_permission, default_permission, history_before_join, active)"
    " VALUES (:num, :group_id, :kind, 'n', '', '', '', 'ann', 0, 0, 0, 0, 1, 1, 200, '', '', 0, '{}', 0, 0, 0, 0, 1)"
)
MEMBER = (
    "INSERT INTO members (group_num, user_id, role, joined_at, read_seq, msg_flag, name_card, last_msg_at, custom)"
    " VALUES (:num, 'ann', 400, 0, 0, 0, '', 0, '{}')"
)
ACCOUNT = "INSERT INTO accounts (user_id, nick, face_url, created_at, revoked_before) VALUES (:user, '', '', 0, 0)"
ARCHIVE = (
    "INSERT INTO archives (sort, hour, uuid, size, md5, gzip_size, gzip_md5) VALUES (1, :hour, :uuid, 9, '', :size, '')"
)


def fill(tx) -> None:
    """Write what a server of before meters could have left."""
    for num, (group_id, kind) in enumerate([("a", "Public"), ("b", "Public"), ("c", "AVChatRoom")], 1):
        tx.run(GROUP, num=num, group_id=group_id, kind=kind)
    for num in (1, 2):
        tx.run(MEMBER, num=num)
    for user in ("administrator", "ann", "ben"):
        tx.run(ACCOUNT, user=user)
    for hour, uuid, size in ((0, "x", 40), (3600, "", 0)):
        tx.run(ARCHIVE, hour=hour, uuid=uuid, size=size)
    tx.run("INSERT INTO counters (name, value) VALUES ('accounts', 3), ('last-group', 3)")
    tx.run("INSERT INTO counters (name, value) VALUES ('groups:Public', 2), ('groups:AVChatRoom', 1)")


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_levels_begin_with_what_an_older_server_left(opening, monkeypatch, engine):
    """What was there has no day; what follows is counted from it."""
    every = scripts("app")
    monkeypatch.setattr(migrations, "scripts", lambda _: every[:3])
    old = opening(engine, "metered", "app")
    old.write_now(fill)
    old.close()
    monkeypatch.setattr(migrations, "scripts", lambda _: every)
    world = World(engine)
    world.store = opening(engine, "metered", "app", around=world.around)
    now = world.app.day(NOW)
    assert world.store.read_now(recount, world.app, NOW) == []
    before = world.store.read_now(day_usage, now, now)
    assert (before.groups.existing, before.groups.peak, before.groups.created) == (3, 3, 0)
    assert (before.kinds["Public"].existing, before.kinds["AVChatRoom"].existing) == (2, 1)
    assert (before.members, before.accounts, before.bytes) == (2, 3, 40)
    world.call("destroy_group", GroupId="a")
    world.call("create_group", Type="ChatRoom", Name="n", Owner_Account="ann")
    after = world.store.read_now(day_usage, now, now)
    assert (after.groups.existing, after.groups.peak, after.groups.net, after.members) == (3, 3, 0, 2)
    assert after.kinds["Public"].peak == 2
    assert world.store.read_now(recount, world.app, NOW) == []
