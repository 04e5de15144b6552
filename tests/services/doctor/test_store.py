"""The database, as a doctor sees it."""

from __future__ import annotations

from pathlib import Path

from ftbench.db import create_database
from ftbench.services.doctor.findings import NOTE, OK, WRONG
from ftbench.services.doctor.store import of_database
from tests.services.stored import store


def test_none_is_worth_a_note(tmp_path: Path):
    (found,) = of_database(str(tmp_path / "no.db"))
    assert found.state == NOTE and "queue" in found.advice + found.found


def test_what_is_no_database_of_ours_is_wrong_and_stays_as_it_is(tmp_path: Path):
    (tmp_path / "x.db").write_text("SELECT 1")
    (found,) = of_database(str(tmp_path / "x.db"))
    assert found.state == WRONG and (tmp_path / "x.db").read_text() == "SELECT 1"


def test_jobs_are_counted_and_what_waits_has_its_command(tmp_path: Path):
    address = str(tmp_path / "x.db")
    with create_database(address) as database:
        store(database, {("vanilla", "rte"): [0.7, 0.8]})
    told = {one.what: one for one in of_database(address)}
    assert told[address].state == OK and "2 done" in told[address].found
    assert told["file"].found.endswith(" MiB") and "waiting jobs" not in told
