"""Studies: declared once; called again, nothing changes and nothing is added."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench import perturbations
from ftbench.db import Database, JobFilter
from ftbench.domain.result import State
from ftbench.errors import UsageError
from ftbench.services.tuning.study import tune
from tests.services.tuning.ran import declare, end_all, request


def test_a_second_call_adds_nothing(database: Database) -> None:
    first = declare(database, "vanilla,rdrop", studies=2)
    assert first.new and first.added is not None and first.added.added == 16
    end_all(database, lambda job: 0.5)
    again = declare(database, "vanilla,rdrop", studies=2)
    assert not again.new and again.added is not None and again.added.added == 0
    assert again.study == first.study and database.studies.list() == [first.study]


def test_a_second_call_queues_what_was_cancelled_again(database: Database) -> None:
    declare(database)
    database.jobs.cancel(JobFilter())
    again = declare(database)
    assert again.added is not None and again.added.revived == 4
    assert {row.state for row in database.jobs.list()} == {State.QUEUED}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": 5}, "was declared with budget 4, not 5"),
        ({"studies": 2}, "was declared with studies 1, not 2"),
        ({"space": "paper"}, "was declared with space"),
        ({"settings": ("epochs=3",)}, "was declared with settings"),
        ({"methods": "rdrop"}, "was declared with methods vanilla, not rdrop"),
    ],
)
def test_a_changed_study_is_refused_with_what_differs(
    database: Database, change: dict[str, Any], said: str
) -> None:
    declare(database)
    with pytest.raises(UsageError) as error:
        tune(database, request(**change))
    assert said in str(error.value) and "--name" in str(error.value)
    assert len(database.jobs.list()) == 4


def test_studies_of_two_names_share_the_trials_that_are_the_same(database: Database) -> None:
    declare(database, "vanilla")
    call = declare(database, "vanilla,rdrop", name="other")
    assert call.added is not None and (call.added.added, call.added.known) == (4, 4)


def test_a_dry_run_writes_nothing(database: Database) -> None:
    call = tune(database, request(), dry_run=True)
    assert len(call.jobs.jobs) == 4 and database.jobs.list() == [] and database.studies.list() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": 0}, "trials 0: give a whole number"),
        ({"budget": 1.5}, "trials 1.5: give a whole number"),
        ({"budget": 0, "unit": "hours"}, "give more than 0"),
        ({"unit": "hour"}, "did you mean 'hours'"),
        ({"studies": 0}, "studies 0: give 1 to 100"),
        ({"settings": ("lr=1e-5|2e-5",)}, "--set lr has several values"),
        ({"perturb": ("noise=0.1",)}, "take the choice made on clean data"),
        ({"name": " "}, "give a word"),
    ],
)
def test_what_no_study_can_be_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        request(**change)
    assert said in str(error.value)


def test_a_task_with_too_few_rows_is_refused_when_queueing(database: Database) -> None:
    with pytest.raises(UsageError, match="150 training rows are too few to hold 100 of them out"):
        declare(database, perturb=("train_size=150",))


def test_conditions_are_tuned_by_themselves_where_that_was_asked(database: Database) -> None:
    call = declare(database, perturb=("noise=0,0.1",), each_condition=True, budget=2)
    assert {planned.job.perturbation.value("noise") for planned in call.jobs.jobs} == {0.0, 0.1}
    assert len(call.study.trials) == 4 and perturbations.available()
