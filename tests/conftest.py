"""Fixtures that many tests share: both engines, and a world on each."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from ledger import agree
from postgres_server import private_postgres
from qunzhu.apps import ensure_admins
from qunzhu.store.sqlite import open_sqlite
from worlds import NOW, TABLES, World

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINES = ("sqlite", "postgres")
_numbers = itertools.count(1)
_free: list[str] = []
"""Schemas of this process's PostgreSQL that no test uses now; all are empty."""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start one private PostgreSQL for all tests of this process."""
    with private_postgres() as url:
        yield url


@pytest.fixture
def make_world(request, tmp_path):
    """Return a function that opens a fresh world on an engine; all are closed after the test."""
    opened = []

    def make(engine: str = "sqlite") -> World:
        manager = opened_world(engine, request, tmp_path)
        opened.append(manager)
        return manager.__enter__()

    yield make
    for manager in opened:
        manager.__exit__(None, None, None)


@pytest.fixture(params=ENGINES)
def world(request, make_world) -> World:
    """Open an empty app on each engine."""
    return make_world(request.param)


@pytest.fixture
def sqlite_world(make_world) -> World:
    """Open an empty app on SQLite, where the engine cannot matter."""
    return make_world("sqlite")


@contextmanager
def opened_world(engine: str, request, tmp_path) -> Iterator[World]:
    """Open an empty app on an engine, and close it in the end."""
    world = World(engine)
    if engine == "postgres":
        from qunzhu.store.postgres import open_postgres

        url, schema = request.getfixturevalue("postgres_url"), _free.pop() if _free else f"world_{next(_numbers)}"
        world.store = open_postgres(url, schema, around=world.around)
    else:
        world.store = open_sqlite(tmp_path / f"world_{next(_numbers)}.db", around=world.around)
    world.store.write_now(ensure_admins, world.app, NOW)
    world.ledger.register(world.app.day(NOW), len(world.app.admins))
    try:
        yield world
        if not world.touched:
            agree(world)
    finally:
        world.store.close()
        if engine == "postgres":
            empty(url, schema)
            _free.append(schema)


def empty(url: str, schema: str) -> None:
    """Empty a schema's tables for the next test: making them anew takes ten times as long."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = ", ".join(f"{schema}.{table}" for table in TABLES)
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
