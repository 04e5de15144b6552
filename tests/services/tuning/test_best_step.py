"""``--select best-step``: the best epoch of a trial counts, and runs are as long as that."""

from __future__ import annotations

import pytest

from ftbench.cli._requests import selection
from ftbench.db import Database
from ftbench.domain.job import Job
from ftbench.errors import UnknownName, UsageError
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.tuning.ledger import ledger
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.tuning.ran import asked_of, declare, end_all, put, request

WARM = ("lr=1e-3", "weight_decay=0", "warmup_ratio=0")


def test_the_best_epoch_is_chosen_and_runs_are_that_long(database: Database) -> None:
    call = declare(database, budget=4, select="best-step", settings=WARM)
    assert {p.job.evaluation for p in call.jobs.jobs} == {("held_out", "held_out@best")}

    def came(job: Job) -> tuple[float, float, float]:
        epochs = job.recipe.epochs or 0.0
        return (0.1, 0.8, 2.0) if epochs == 20 else (epochs / 30, epochs / 30, epochs)

    end_all(database, came)
    runs = tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1)))
    assert [planned.job.recipe.epochs for planned in runs.jobs] == [2.0, 2.0]
    (row,) = ledger(database, selection(None, None)).rows
    assert (row["values"], row["held_out"]) == ("epochs=2", 0.8)
    put(database, runs)
    end_all(database, lambda job: 0.6)
    report = build_report(database, ReportRequest(selection(None, None), tuned="only"))
    said = " ".join(report.sections[0].caption)
    assert "score of the best epoch's end" in said and "runs are as long as that" in said
    assert report.sections[0].groups[0].rows[0].cells[0].n == 2


def test_warm_up_in_steps_keeps_its_share(database: Database) -> None:
    declare(database, budget=1, select="best-step", settings=("lr=1e-3", "epochs=4", "warmup_steps=40"))
    end_all(database, lambda job: (0.1, 0.8, 1.0))
    (planned,) = tuned_plan(database, TunedRequest(asked_of(), seeds=(0,))).jobs
    assert (planned.job.recipe.epochs, planned.job.recipe.warmup_steps) == (1.0, 10)


def test_it_is_part_of_what_was_declared_and_the_usual_choice_leaves_no_trace(database: Database) -> None:
    call = declare(database, budget=1)
    assert "select" not in call.study.declared
    with pytest.raises(UsageError, match="was declared with select final, not best-step"):
        declare(database, budget=1, select="best-step")
    declare(database, budget=1, select="best-step", name="other")
    with pytest.raises(UsageError, match="was declared with select best-step, not final"):
        declare(database, budget=1, name="other")
    with pytest.raises(UnknownName, match="did you mean 'best-step'"):
        request(select="best-steps")
