"""The printed numbers in a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.cli._requests import printed
from ftbench.db import open_database
from ftbench.errors import UnknownName
from ftbench.services import database as filling
from ftbench.services.papers import published as service
from ftbench.suites import published


def test_a_new_database_has_them_all(tmp_path: Path) -> None:
    address = str(tmp_path / "new.db")
    filling.init(address)
    with open_database(address, write=False) as database:
        rows = database.published.list("bidrop")
        assert database.published.count() == len(published.cells())
    assert len(rows) == len(published.cells("bidrop"))
    row = next(r for r in rows if (r["exhibit"], r["method"], r["task"]) == ("table10", "bidrop", "cola"))
    assert (row["model"], row["metric"], row["n_seeds"]) == ("bert-base", "matthews", 10)


def test_those_of_another_version_are_replaced_and_others_are_left(tmp_path: Path) -> None:
    address = str(tmp_path / "old.db")
    filling.init(address)
    with open_database(address) as database:
        changed = {**database.published.list("dps")[0], "value": -1.0}
        own = {**changed, "source": "own"}
        database.published.put([changed])  # all of a source is replaced: dps has one number now
        database.published.put([own])
        filling.fill_published(database)
        assert len(database.published.list("dps")) == len(published.cells("dps"))
        assert len(database.published.list("own")) == 1


def test_a_table_is_listed_with_what_is_wrong_in_it() -> None:
    rows = service.listed(printed("blo/table10"))
    assert len(rows) == 48 and sum(bool(row["fault"]) for row in rows) == 4
    assert len(service.listed(printed("all"))) == 1557
    with pytest.raises(UnknownName, match="did you mean 'blo/table10'"):
        service.listed(printed("BLO/table10x"))
