"""Launches and allocations: who writes what, and which word counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench.db import Database
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing
from ftbench.errors import UnknownName
from tests.db.samples import execute, let_in


def launched(database: Database, count: int = 2) -> list[Allocation]:
    database.launches.add(Launch("abcd0001", "slurm", count))
    new = database.launches.reserve("abcd0001", lambda found: count)
    database.launches.name("abcd0001", {one.number: f"7_{one.number}" for one in new})
    return rows(database)


def rows(database: Database) -> list[Allocation]:
    return list(database.launches.find("abcd0001").allocations)


def moved(database: Database, seconds: float, number: int = 0) -> None:
    """Let a start have been so much earlier."""
    execute(database, f"UPDATE allocations SET started = started - {seconds} WHERE number = {number}")


def test_what_is_reserved_has_numbers_in_a_row_and_sees_what_is_there(database: Database) -> None:
    first = launched(database)
    assert [(one.number, one.engine_id, one.state) for one in first] == [
        (0, "7_0", Standing.PENDING),
        (1, "7_1", Standing.PENDING),
    ]
    seen: list[int] = []
    new = database.launches.reserve("abcd0001", lambda found: seen.append(len(found.allocations)) or 1)
    assert seen == [2] and [one.number for one in new] == [2]
    database.launches.give_up("abcd0001", [0, 2])
    assert [one.number for one in rows(database)] == [0, 1]  # 0 has a name: it was asked for


def test_a_worker_says_when_it_begins_and_how_it_ends(database: Database) -> None:
    launched(database)
    launch = database.launches.begin("abcd0001", 0, "w", "node1", None)
    assert launch is not None and launch.state is LaunchState.OPEN
    row = rows(database)[0]
    assert (row.state, row.node, row.worker, row.restarts) == (Standing.RUNNING, "node1", "w", 0)
    assert row.engine_id == "7_0" and row.started and row.ended is None
    assert database.launches.end("abcd0001", 0, "w", Standing.ENDED, "nothing to do", 2)
    row = rows(database)[0]
    assert (row.state, row.reason, row.early, row.failures) == (Standing.ENDED, "nothing to do", 0, 2)
    assert row.ended is not None
    database.launches.begin("abcd0001", 0, "w", "node2", "7_0")
    row = rows(database)[0]
    assert (row.restarts, row.node, row.failures, row.ended) == (1, "node2", 0, None)


def test_an_allocation_that_nobody_knows_has_no_worker(database: Database) -> None:
    launched(database)
    assert database.launches.begin("abcd0001", 9, "w", "node", None) is None
    assert database.launches.end("abcd0001", 9, "w", Standing.ENDED, "") is None
    with pytest.raises(UnknownName, match="unknown launch 'ffff'; known: abcd0001"):
        database.launches.find("ffff")


def test_a_worker_whose_allocation_is_anothers_by_now_says_nothing_of_it(database: Database) -> None:
    launched(database)
    database.launches.begin("abcd0001", 0, "first", "node", None)
    database.launches.begin("abcd0001", 0, "second", "node", None)
    assert database.launches.end("abcd0001", 0, "first", Standing.FAILED, "no") is None
    assert rows(database)[0].state is Standing.RUNNING


def test_deaths_within_a_minute_add_up_until_a_start_lasts(database: Database) -> None:
    launched(database)
    for count in (1, 2):
        database.launches.begin("abcd0001", 0, "w", "node", None)
        database.launches.end("abcd0001", 0, "w", Standing.FAILED, "no")
        assert rows(database)[0].early == count
    database.launches.begin("abcd0001", 0, "w", "node", None)
    moved(database, 61)
    database.launches.end("abcd0001", 0, "w", Standing.FAILED, "no")
    assert rows(database)[0].early == 0


def test_what_an_engine_says_does_not_overwrite_what_a_worker_has_said_since(database: Database) -> None:
    before = launched(database)
    database.launches.begin("abcd0001", 0, "w", "node", None)
    assert not database.launches.observe(before[0], Standing.FAILED, "gone")
    running = rows(database)[0]
    database.launches.end("abcd0001", 0, "w", Standing.ENDED, "nothing to do")
    assert not database.launches.observe(running, Standing.FAILED, "gone")
    database.launches.begin("abcd0001", 0, "w", "node", None)  # started again in the meantime
    assert not database.launches.observe(replace(running, started=1.0), Standing.FAILED, "gone")
    assert rows(database)[0].state is Standing.RUNNING


@pytest.mark.parametrize(
    ("lived", "seconds", "early"), [(0, None, 1), (90, None, 0), (90, 3.0, 1), (0, 90.0, 0)]
)
def test_a_start_that_is_gone_without_a_word_is_an_early_death_or_not(
    database: Database, lived: float, seconds: float | None, early: int
) -> None:
    launched(database)
    database.launches.begin("abcd0001", 0, "w", "node", None)
    moved(database, lived)
    assert database.launches.observe(rows(database)[0], Standing.FAILED, "gone", seconds=seconds)
    row = rows(database)[0]
    assert (row.state, row.reason, row.early, row.node) == (Standing.FAILED, "gone", early, "node")


def test_one_that_never_began_died_early(database: Database) -> None:
    (first, _) = launched(database)
    database.launches.observe(first, Standing.FAILED, "gone", "node3")
    assert (rows(database)[0].early, rows(database)[0].node) == (1, "node3")


def test_opening_a_launch_again_forgets_deaths_and_barred_nodes(database: Database) -> None:
    (first, _) = launched(database)
    database.launches.observe(first, Standing.FAILED, "gone")
    database.launches.bar("abcd0001", ["b", "a"])
    database.launches.set_state("abcd0001", LaunchState.PAUSED, "no use")
    launch = database.launches.find("abcd").launch
    assert (launch.state, launch.reason, launch.barred) == (LaunchState.PAUSED, "no use", ("a", "b"))
    database.launches.set_state("abcd0001", LaunchState.OPEN)
    launch = database.launches.find("abcd").launch
    assert (launch.state, launch.reason, launch.barred) == (LaunchState.OPEN, "", ())
    assert rows(database)[0].early == 0


@pytest.mark.parametrize(
    "change",
    ["barred = '{}'", "barred = '['", "state = 'x'", "workers = 'x'", "asked = 'x'", "engine = '\x1b'"],
)
def test_a_launch_that_cannot_be_believed_is_set_aside(database: Database, change: str) -> None:
    launched(database)
    database.launches.add(Launch("abcd0002", "local", 1))
    if let_in(database, f"UPDATE launches SET {change} WHERE id = 'abcd0001'"):
        assert [one.launch.id for one in database.launches.list()] == ["abcd0002"]
        assert list(database.aside) == ["the launch 'abcd0001'"]


def test_an_id_that_is_a_path_names_no_folder(database: Database) -> None:
    database.launches.add(Launch("../../ab", "slurm", 1))
    assert database.launches.list() == [] and list(database.aside) == ["the launch '../../ab'"]


@pytest.mark.parametrize("change", ["state = 'x'", "engine_id = 'a\nb'", "early = 'x'", "started = -1"])
def test_an_allocation_that_cannot_be_believed_is_set_aside(database: Database, change: str) -> None:
    launched(database)
    if let_in(database, f"UPDATE allocations SET {change} WHERE number = 0"):
        assert [one.number for one in rows(database)] == [1]


def test_a_launch_is_forgotten_whole(database: Database) -> None:
    launched(database)
    database.launches.remove("abcd0001")
    assert database.launches.list() == []
