"""Searches: a choice when all trials have ended, of equal ones the lowest draw, by held-out rows alone."""

from __future__ import annotations

from dataclasses import replace

from ftbench.db import Database, Entry
from ftbench.domain.job import Job
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.services.scores.searches import Searched, searches
from tests.services.tuning.ran import declare, end_all


def ended(database: Database, *scores: float | Outcome) -> Searched:
    declare(database, budget=len(scores))
    came = iter(scores)
    end_all(database, lambda job: next(came))
    (search,) = searches(database)
    return search


def test_the_best_draw_is_chosen(database: Database) -> None:
    search = ended(database, 0.1, 0.4, 0.3)
    assert search.chosen is not None and search.chosen.draw == 1 and not search.missing


def test_of_equal_ones_the_lowest_draw_is(database: Database) -> None:
    search = ended(database, 0.1, 0.4, 0.4)
    assert search.chosen is not None and search.chosen.draw == 1


def test_a_trial_that_diverged_or_ran_out_of_memory_is_used_up(database: Database) -> None:
    search = ended(database, 0.1, Outcome.DIVERGED, -0.3)
    assert search.tried[1].failed and search.chosen is not None and search.chosen.draw == 0


def test_a_lost_trial_is_not_and_nothing_is_chosen_without_it(database: Database) -> None:
    lost = [Outcome.LOST] * 3  # tried three times
    declare(database, budget=2)
    came = iter([0.1, *lost])
    end_all(database, lambda job: next(came))
    (search,) = searches(database)
    assert [one.draw for one in search.missing] == [1] and search.chosen is None
    database.jobs.retry()
    end_all(database, lambda job: 0.5)
    (search,) = searches(database)
    assert search.chosen is not None and search.chosen.draw == 1


def test_nothing_is_chosen_before_all_have_ended(database: Database) -> None:
    declare(database, budget=3)
    lease = database.jobs.claim("worker", 60.0)
    assert lease is not None
    database.jobs.finish(lease, JobResult((Score("held_out", "matthews", 0.9),)))
    (search,) = searches(database)
    assert search.chosen is None and [one.draw for one in search.missing] == [1, 2]


def test_nothing_is_chosen_where_every_trial_failed(database: Database) -> None:
    search = ended(database, Outcome.DIVERGED, Outcome.DIVERGED)
    assert search.chosen is None and not search.missing


def test_selection_never_sees_the_reported_split(database: Database) -> None:
    """The same values, run as ordinary jobs, are best there and worst on the held-out rows."""

    def planted(job: Job) -> float:
        high = job.recipe.lr > 1e-4
        return float(high) if job.evaluation[0] == "dev" else 1.0 - float(high)

    call = declare(database, budget=6)
    twins = [replace(planned.job, evaluation=("dev",)) for planned in call.jobs.jobs]
    database.jobs.add([Entry(job, "vanilla") for job in twins])
    assert len(end_all(database, planted)) == 12
    (search,) = searches(database)
    assert search.chosen is not None and search.chosen.cell is not None and search.chosen.score == 1.0
    assert search.chosen.cell.recipe["lr"] <= 1e-4


def test_each_task_model_and_repetition_is_a_search_of_its_own(database: Database) -> None:
    declare(database, "vanilla,rdrop", "toy-accept,toy-sim", studies=3, budget=2)
    end_all(database, lambda job: 0.5)
    found = searches(database)
    assert len(found) == 12 and {len(one.tried) for one in found} == {2}
    assert {one.metric for one in found if one.start.task == "toy-sim"} == {"spearman"}
