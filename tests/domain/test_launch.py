"""When a launch asks for more workers, is paused, and leaves a node alone."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.domain.launch import (
    Allocation,
    Launch,
    Standing,
    bad_nodes,
    early_deaths,
    is_broken,
    worth,
)


def allocation(number: int, **options: Any) -> Allocation:
    return Allocation("a", number, **options)


def died(number: int, ended: float, early: int = 1) -> Allocation:
    return allocation(number, state=Standing.FAILED, started=ended - 1, ended=ended, early=early)


@pytest.mark.parametrize(
    ("workers", "backlog", "states", "queued", "more"),
    [
        (4, 1, "", 10, 4),
        (4, 1, "", 3, 3),
        (4, 1, "", 0, 0),
        (4, 1, "prr", 10, 1),
        (4, 1, "prrr", 10, 0),
        (4, 1, "p", 2, 1),  # the one that waits will take the other
        (4, 1, "r", 2, 2),  # the one that runs has its own
        (4, 1, "efs", 10, 4),
        (8, 5, "", 11, 3),
        (8, 5, "pr", 11, 2),
        (2, 1, "rrr", 10, 0),
    ],
)
def test_as_many_workers_as_are_lacking_and_have_jobs(
    workers: int, backlog: int, states: str, queued: int, more: int
) -> None:
    known = {word[0]: word for word in Standing}
    there = [allocation(at, state=known[letter]) for at, letter in enumerate(states)]
    assert worth(Launch("a", "slurm", workers, backlog), there, queued) == more


def test_three_starts_that_die_within_a_minute_are_enough() -> None:
    rows = [died(0, 100), died(1, 101), died(2, 102)]
    assert not is_broken(rows[:2], 110)
    assert is_broken(rows, 110)
    assert [one.number for one in early_deaths(rows, 110)] == [0, 1, 2]
    assert is_broken([died(0, 100, early=3)], 110)  # one place, started anew each time


def test_a_worker_that_lives_for_a_minute_shows_that_starts_do_not_all_die() -> None:
    rows = [died(0, 100), died(1, 101), died(2, 102)]
    alive = allocation(3, state=Standing.RUNNING, started=50.0)
    assert is_broken([*rows, alive], 109)  # for how long it will live nobody knows
    assert not is_broken([*rows, alive], 115)
    ended = allocation(3, state=Standing.ENDED, started=50.0, ended=109.0)
    assert is_broken([*rows, ended], 500)
    assert is_broken([*rows, allocation(3, state=Standing.RUNNING, started=10.0)], 115)  # before they died


def test_three_errors_of_a_node_bar_it() -> None:
    rows = [
        allocation(0, node="one", failures=2),
        allocation(1, node="two", failures=2),
        allocation(2, node="one", failures=1),
        allocation(3, failures=5),
    ]
    assert bad_nodes(rows) == ["one"]
