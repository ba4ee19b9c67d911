"""The SQLite engine's log: copied beside running transactions, and started anew."""

from __future__ import annotations

import apsw
import pytest

from qunzhu.store import sqlite
from qunzhu.store.sqlite import LogCopier, open_sqlite

PAGES = 40
PAGE = 4096 + 24


def fill(store, number: int, size: int = 3000) -> None:
    """Write rows that take about a page each, one to a commit."""
    for step in range(number):
        store.write_now(lambda tx, n=step: tx.run(
            "INSERT INTO counters (name, value) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            name=f"{n}-{'x' * size}",
        ))  # fmt: skip


@pytest.fixture
def small_log(monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", PAGES)


@pytest.mark.usefixtures("small_log")
def test_the_log_starts_anew_while_transactions_go_on(tmp_path):
    """Without copying, 600 commits of three pages and more would leave a log of 1,800 pages at least."""
    file = tmp_path / "app.db"
    store = open_sqlite(file)
    fill(store, 600)
    size = (tmp_path / "app.db-wal").stat().st_size
    assert size < 1200 * PAGE
    assert store.read_now(lambda tx: tx.one("SELECT count(*) FROM counters")) == (600,)
    store.close()
    connection = apsw.Connection(str(file))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM counters").fetchall() == [(600,)]


@pytest.mark.usefixtures("small_log")
def test_a_copy_that_fails_is_tried_again(tmp_path, monkeypatch):
    """Nothing is lost: what is not copied stays in the log."""
    real, failing = apsw.Connection, [True] * 3

    class Brittle(real):
        def wal_checkpoint(self, *args, **kwargs):
            if failing and failing.pop():
                raise apsw.BusyError
            return super().wal_checkpoint(*args, **kwargs)

    store = open_sqlite(tmp_path / "app.db")
    monkeypatch.setattr(apsw, "Connection", Brittle)
    fill(store, 600)
    assert not failing
    assert store.read_now(lambda tx: tx.one("SELECT count(*) FROM counters")) == (600,)
    store.close()
    assert real(str(tmp_path / "app.db")).execute("SELECT count(*) FROM counters").fetchall() == [(600,)]


def test_the_copier_copies(tmp_path):
    """What it leaves to the end holds everybody up, so it must not be all."""
    file = tmp_path / "app.db"
    store = open_sqlite(file)
    fill(store, 60)
    before = file.stat().st_size
    copier = LogCopier(file)
    copier.begin()
    copier.finish()
    assert file.stat().st_size > before + 60 * 2048
    store.close()
