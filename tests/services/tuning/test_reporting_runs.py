"""Reporting runs: each method's own chosen values, all rows, the reported split, once a study has ended."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.db import Database
from ftbench.domain.job import Job
from ftbench.domain.result import Outcome
from ftbench.errors import FtbenchError, UnknownName, UsageError
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.tuning.ran import asked_of, declare, end_all


def by_rate(job: Job) -> float:
    return -abs(job.recipe.lr - 1e-3) if job.method == "vanilla" else job.recipe.lr


def plan_of(database: Database, **more: Any) -> list[Job]:
    seeds = more.pop("seeds", (0, 1))
    study = more.pop("study", "")
    return [p.job for p in tuned_plan(database, TunedRequest(asked_of(**more), study, seeds)).jobs]


def test_each_method_has_its_own_values_on_each_task(database: Database) -> None:
    call = declare(database, "vanilla,rdrop", "toy-accept,toy-sim", budget=6)
    end_all(database, by_rate)
    jobs = plan_of(database)
    assert [job.seed for job in jobs] == [0] * 4 + [1] * 4
    tried = {planned.job.recipe.lr for planned in call.jobs.jobs}
    assert {job.recipe.lr for job in jobs if job.method == "rdrop"} == {max(tried)}
    assert {job.evaluation for job in jobs} == {("dev",)} and len(jobs) == 8


def test_an_unfinished_study_says_which_trials_are_missing_and_the_command(database: Database) -> None:
    declare(database, budget=3)
    with pytest.raises(FtbenchError) as error:
        plan_of(database)
    assert "3 of its trials have not ended (vanilla on tiny, toy-accept: draw 0, 1, 2)" in str(error.value)
    assert "ftbench worker" in str(error.value) and "retry" not in str(error.value)


def test_lost_trials_are_to_be_retried(database: Database) -> None:
    declare(database, budget=1)
    end_all(database, lambda job: Outcome.LOST)
    with pytest.raises(FtbenchError, match=r"ftbench retry --state failed,cancelled.*then ftbench worker"):
        plan_of(database)


def test_where_every_trial_failed_there_is_nothing_to_choose(database: Database) -> None:
    declare(database, budget=2)
    end_all(database, lambda job: Outcome.DIVERGED)
    with pytest.raises(FtbenchError, match="every trial of vanilla on tiny, toy-accept failed"):
        plan_of(database)


def test_the_study_is_named_where_there_are_several(database: Database) -> None:
    for name in ("one", "two"):
        declare(database, name=name, budget=1)
    end_all(database, lambda job: 0.5)
    with pytest.raises(UsageError, match="name one by --study: one, two"):
        plan_of(database)
    assert plan_of(database, study="one")
    with pytest.raises(UnknownName, match="unknown study 'onee'; did you mean 'one'"):
        plan_of(database, study="onee")


def test_no_study_says_how_to_declare_one(database: Database) -> None:
    with pytest.raises(UsageError, match="no study is declared; declare one with: ftbench tune"):
        plan_of(database)


def test_flags_choose_among_the_studys_searches(database: Database) -> None:
    declare(database, "vanilla,rdrop", "toy-accept,toy-sim", budget=1)
    end_all(database, lambda job: 0.5)
    assert {job.method for job in plan_of(database, methods="rdrop")} == {"rdrop"}
    assert {job.task for job in plan_of(database, tasks_named="toy-sim")} == {"toy-sim"}
    with pytest.raises(UnknownName, match="unknown method of the study 'bidrop'"):
        plan_of(database, methods="bidrop")


@pytest.mark.parametrize("more", [{"settings": ("lr=1e-5",)}, {"variant": "published"}, {"seeds": (1000,)}])
def test_what_the_choice_settles_is_refused(database: Database, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan_of(database, **more)


def test_a_change_that_a_task_does_not_take_is_left_out_and_named(database: Database) -> None:
    declare(database, "vanilla", "toy-accept,toy-sim", budget=1)
    end_all(database, lambda job: 0.5)
    whole = tuned_plan(database, TunedRequest(asked_of(perturb=("noise=0.1",)), seeds=(0, 1)))
    assert {planned.job.task for planned in whole.jobs} == {"toy-accept"}
    (left,) = whole.left_out
    assert left.cell == "toy-sim with noise 0.1" and left.jobs == 2


def test_each_condition_has_its_own_choice_where_it_was_tuned(database: Database) -> None:
    declare(database, perturb=("noise=0,0.1",), each_condition=True, budget=6)
    end_all(database, lambda job: job.recipe.lr * (1 if job.perturbation.value("noise") else -1))
    jobs = plan_of(database, seeds=(0,))
    rates = {job.perturbation.value("noise"): job.recipe.lr for job in jobs}
    assert len(jobs) == 2 and rates[0.1] > rates[0.0]
