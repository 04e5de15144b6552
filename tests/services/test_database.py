"""A database is made, filled with the printed numbers, and brought to this version."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.db import Database, create_database, open_database
from ftbench.services import database as service
from ftbench.suites import published
from tests.db.samples import entry, execute


def test_a_new_database_has_them_all(tmp_path: Path) -> None:
    address = str(tmp_path / "new.db")
    service.init(address)
    with open_database(address, write=False) as database:
        rows = database.published.list("bidrop")
        assert database.published.count() == len(published.cells())
    assert len(rows) == len(published.cells("bidrop"))
    row = next(r for r in rows if (r["exhibit"], r["method"], r["task"]) == ("table10", "bidrop", "cola"))
    assert (row["model"], row["metric"], row["n_seeds"]) == ("bert-base", "matthews", 10)


def test_those_of_another_version_are_replaced_and_others_are_left(tmp_path: Path) -> None:
    address = str(tmp_path / "old.db")
    service.init(address)
    with open_database(address) as database:
        changed = {**database.published.list("dps")[0], "value": -1.0}
        own = {**changed, "source": "own"}
        database.published.put([changed])  # all of a source is replaced: dps has one number now
        database.published.put([own])
        service.fill_published(database)
        assert len(database.published.list("dps")) == len(published.cells("dps"))
        assert len(database.published.list("own")) == 1


def test_what_has_as_many_is_left_as_it_is(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    service.fill_published(database)
    monkeypatch.setattr(database.published, "put", lambda rows: pytest.fail("written again"))
    service.fill_published(database)
    assert database.published.count() == 1560


def test_making_a_database_again_keeps_its_jobs(tmp_path: Path) -> None:
    address = str(tmp_path / "ftbench.db")
    with create_database(address) as database:
        database.jobs.add([entry()])
        assert database.published.count() == 0
    service.init(address)
    with open_database(address, write=False) as database:
        assert (len(database.jobs.list()), database.published.count()) == (1, 1560)


def test_an_upgrade_keeps_a_copy_and_brings_the_numbers(tmp_path: Path) -> None:
    address = str(tmp_path / "ftbench.db")
    service.init(address)
    with open_database(address) as database:
        database.published.put([database.published.list("dps")[0]])  # dps has one number now
    assert service.upgrade(address) is None
    with open_database(address) as database:
        assert database.published.count() == 1560
        for table in ("allocations", "launches", "topup_looks", "topups", "past_scores"):
            execute(database, f"DROP TABLE {table}")
        for table, column in (("jobs", "perturbation"), ("claims", "perturbation"), ("claims", "places")):
            execute(database, f"ALTER TABLE {table} DROP COLUMN {column}")
        execute(database, "UPDATE alembic_version SET version_num = '0002'")
    assert service.upgrade(address) == tmp_path / "ftbench.db.0002.backup"
    with open_database(address, write=False) as database:
        assert database.topups.list() == []
