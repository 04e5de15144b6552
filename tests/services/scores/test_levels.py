"""The level at which a table marks where seeds were topped up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench.db import Database
from ftbench.domain.topup import TopupPlan
from ftbench.services.scores.levels import Topped, strictest, topped
from tests.db.samples import entry


def plan(name: str, *, looks: int, alpha: float = 0.05, outcomes: int = 0) -> TopupPlan:
    sizes = tuple(range(3, 3 + looks))
    return TopupPlan(name, (), alpha, 0.0, tuple(range(20)), sizes, (("open",),) * outcomes)


def test_without_topped_up_jobs_marks_are_at_five_percent() -> None:
    assert strictest([], ["a"]) == (0.05, ())
    assert strictest([Topped(plan("p", looks=4), frozenset("b"))], ["a"]) == (0.05, ())


def test_of_several_plans_that_are_shown_the_strictest_counts() -> None:
    found = [
        Topped(plan("p", looks=2), frozenset("ab")),
        Topped(plan("q", looks=5, outcomes=3), frozenset("bc")),
        Topped(plan("r", looks=50), frozenset("d")),
    ]
    assert strictest(found, ["a"]) == (0.025, ("Seeds were topped up: look 1 of 2, marks at 2.5 %.",))
    level, said = strictest(found, iter("ab"))
    assert level == pytest.approx(0.01)
    assert said == ("Seeds were topped up: look 3 of 5, marks at 1 %.",)


def test_no_plan_lets_marks_be_looser_than_five_percent() -> None:
    level, said = strictest([Topped(plan("p", looks=1, alpha=0.2), frozenset("a"))], ["a"])
    assert level == 0.05 and said == ("Seeds were topped up: look 1 of 1, marks at 20 %.",)


def test_a_plan_is_about_all_its_seeds_whether_they_were_run_or_not(database: Database) -> None:
    mine, theirs, other = (entry(0, name) for name in ("bidrop", "vanilla", "rdrop"))
    database.jobs.add([mine, theirs, other])
    pair = mine.job.digest, theirs.job.digest
    declared = TopupPlan("bidrop against vanilla", (pair,), 0.05, 0.0, (0, 1, 2), (2, 3))
    assert topped(database) == []
    database.topups.record(declared)
    (found,) = topped(database)
    assert found.plan == declared
    jobs = [replace(one.job, seed=seed) for one in (mine, theirs) for seed in (0, 1, 2)]
    assert found.digests == {job.digest for job in jobs}
