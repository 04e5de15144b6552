"""Trials: as many as a budget pays for, the same seed in each repetition, no job twice."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from ftbench.db import Database
from ftbench.domain.job import Job
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.errors import UsageError
from ftbench.services.tuning.spaces import WrittenSpace
from ftbench.services.tuning.study import tune
from tests.db.samples import execute
from tests.services.tuning.ran import declare, end_all, request

METHODS = "vanilla,rdrop,bidrop[k=3]"


def counted(database: Database, **more: object) -> Counter[str]:
    return Counter(one.method for one in declare(database, METHODS, **more).study.trials)


def test_every_method_has_the_same_number_of_trials(database: Database) -> None:
    assert counted(database, budget=5, studies=2) == {"vanilla": 10, "rdrop": 10, "bidrop[k=3]": 10}


def test_by_passes_rdrop_has_half_and_bidrop_with_three_passes_a_third(database: Database) -> None:
    assert counted(database, budget=12, unit="passes") == {"vanilla": 12, "rdrop": 6, "bidrop[k=3]": 4}


def test_by_hours_trials_take_no_longer_than_that(database: Database) -> None:
    declare(database, METHODS, budget=1, name="first")
    end_all(database, lambda job: 0.5)
    execute(database, "UPDATE attempts SET ended = started + 60")  # what such a job takes is known now
    assert counted(database, budget=5.5 / 60, unit="hours", name="second") == {
        "vanilla": 5,
        "rdrop": 5,
        "bidrop[k=3]": 5,
    }


def test_a_budget_that_pays_for_no_trial_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="budget of 1 passes: the first trial of rdrop takes 2; give more"):
        declare(database, METHODS, budget=1, unit="passes")
    assert database.jobs.list() == []


def test_trials_of_a_repetition_share_seed_and_draws_and_repetitions_do_not(database: Database) -> None:
    call = declare(database, METHODS, budget=6, studies=2)
    by_draw: dict[tuple[int, int], set[tuple[object, ...]]] = {}
    for trial, planned in zip(call.study.trials, call.jobs.jobs, strict=True):
        recipe = planned.job.recipe
        assert planned.job.seed == 1000 + trial.repeat and planned.job.evaluation == ("held_out",)
        assert (recipe.epochs is None) != (recipe.steps is None)
        shared = recipe.lr, recipe.epochs, recipe.warmup_ratio, recipe.weight_decay
        by_draw.setdefault((trial.repeat, trial.draw), set()).add(shared)
    assert all(len(found) == 1 for found in by_draw.values())
    assert not set.union(*(v for k, v in by_draw.items() if k[0] == 0 and k[1])) & set.union(
        *(v for k, v in by_draw.items() if k[0] == 1 and k[1])
    )


def test_first_draws_of_all_methods_run_before_second_ones(database: Database) -> None:
    declare(database, METHODS, budget=3)
    lrs = [job.recipe.lr for job in end_all(database, lambda job: 0.5)]
    assert [len(set(lrs[at : at + 3])) for at in (0, 3, 6)] == [1, 1, 1] and len(set(lrs)) == 3


def test_the_same_draw_is_never_made_twice(database: Database) -> None:
    default = tune(None, request(), dry_run=True).jobs.jobs[0].job.recipe.lr
    space = WrittenSpace("small.yaml", {"lr": [str(default), "1e-4", "9e-4"]})
    call = declare(database, "vanilla", budget=20, space=space)
    assert len({one.digest for one in call.study.trials}) == len(call.study.trials) == 3


def test_workers_never_make_more_trials_than_were_declared(database: Database) -> None:
    declare(database, "vanilla,rdrop", budget=4)
    outcomes = iter([Outcome.DIVERGED, Outcome.OOM, Outcome.LOST] * 100)

    def end(job: Job) -> float | Outcome:
        return next(outcomes) if job.method == "rdrop" else 0.5

    end_all(database, end)
    again = tune(database, request("vanilla,rdrop", budget=4))
    assert again.added is not None and again.added.added == 0
    assert len(database.jobs.list()) == 8


def test_two_workers_share_the_trials_and_what_a_killed_one_held_is_done_by_the_other(
    database: Database,
) -> None:
    call = declare(database, "vanilla,rdrop", budget=3)
    mine, held = database.jobs.claim("one", 60.0), database.jobs.claim("killed", 0.05)
    assert mine is not None and held is not None and mine.job.digest != held.job.digest
    database.jobs.finish(mine, JobResult((Score("held_out", "matthews", 0.5),)))
    declare(database, "vanilla,rdrop", budget=3)  # a second call in the middle
    until = time.monotonic() + 10
    while not database.jobs.reap() and time.monotonic() < until:
        time.sleep(0.05)
    rest = end_all(database, lambda job: 0.5)
    assert not database.jobs.finish(held, JobResult((Score("held_out", "matthews", 0.9),)))
    digests = [mine.job.digest, *(job.digest for job in rest)]
    assert sorted(digests) == sorted(one.digest for one in call.study.trials)
    assert held.job.digest in digests and len(database.jobs.list()) == 6
