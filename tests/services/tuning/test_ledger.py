"""The ledger: what was spent, what was chosen, and what that was worth on the reported split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ftbench.cli._requests import selection
from ftbench.db import Database, Entry
from ftbench.domain.job import Job
from ftbench.domain.result import Outcome
from ftbench.errors import NothingToReport
from ftbench.services.tuning.ledger import ledger, listed
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.tuning.ran import asked_of, declare, end_all, put


def rows_of(database: Database, **flags: Any) -> list[dict[str, Any]]:
    sheet = ledger(database, selection(None, flags.get("tasks"), flags.get("methods")))
    return [dict(row) for row in sheet.rows]


def test_a_line_says_what_was_spent_and_chosen(database: Database) -> None:
    declare(database, "vanilla,rdrop", budget=3, settings=("epochs=3",))
    came = iter([0.1, 0.1, 0.6, Outcome.DIVERGED, 0.3, 0.2])
    end_all(database, lambda job: next(came))
    vanilla, rdrop = rows_of(database)
    assert (vanilla["trials"], vanilla["ended"], vanilla["failed"]) == (3, 3, 0)
    assert (rdrop["failed"], rdrop["draw"], rdrop["held_out"]) == (1, 2, 0.2)
    assert vanilla["draw"] == 1 and "lr=" in vanilla["values"] and "epochs" not in vanilla["values"]
    updates = 3 * 3 * 44  # three trials of three epochs over 700 rows
    assert vanilla["passes"] == updates and rdrop["passes"] == 2 * updates
    assert "reported" not in vanilla


def test_the_choice_is_set_beside_the_default_on_the_reported_split(database: Database) -> None:
    call = declare(database, "vanilla", budget=4, studies=2)
    best = {0: 2, 1: 3}
    wanted = {
        planned.digest
        for trial, planned in zip(call.study.trials, call.jobs.jobs, strict=True)
        if trial.draw == best[trial.repeat]
    }
    end_all(database, lambda job: 0.9 if job.digest in wanted else 0.1)
    put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1, 2, 3))))
    start = call.jobs.jobs[0]
    database.jobs.add(
        [Entry(replace(start.job, seed=seed, evaluation=("dev",)), "vanilla") for seed in range(4)]
    )
    rates = {repeat: _rate(call, repeat, best[repeat]) for repeat in best}

    def reported(job: Job) -> float:
        return {rates[0]: 0.7, rates[1]: 0.5}.get(job.recipe.lr, 0.4)

    end_all(database, reported)
    first, second = rows_of(database)
    assert (first["reported"], first["n"], first["default"]) == (pytest.approx(0.7), 2, pytest.approx(0.4))
    assert first["gain"] == pytest.approx(0.3) and first["behind"] == pytest.approx(0.0)
    assert second["gain"] == pytest.approx(0.1) and second["behind"] == pytest.approx(0.2)


def _rate(call: Any, repeat: int, draw: int) -> float:
    pairs = zip(call.study.trials, call.jobs.jobs, strict=True)
    return next(p.job.recipe.lr for t, p in pairs if (t.repeat, t.draw) == (repeat, draw))


def test_nothing_is_chosen_while_trials_run(database: Database) -> None:
    declare(database, "vanilla", budget=2)
    (row,) = rows_of(database)
    assert row["ended"] == 0 and "draw" not in row


def test_flags_choose_lines(database: Database) -> None:
    declare(database, "vanilla,rdrop,bidrop", "toy-accept,toy-sim", budget=1)
    assert {row["method"] for row in rows_of(database, methods="rdrop")} == {"vanilla", "rdrop"}
    assert {row["task"] for row in rows_of(database, tasks="toy-sim")} == {"toy-sim"}


def test_without_a_study_it_says_how_to_declare_one(database: Database) -> None:
    with pytest.raises(NothingToReport, match="declare a study with: ftbench tune"):
        rows_of(database)


def test_studies_are_listed_with_how_far_they_are(database: Database) -> None:
    assert "declare one with: ftbench tune" in listed(database).notes[0]
    declare(database, "vanilla,rdrop", budget=2)
    for _ in range(2):
        lease = database.jobs.claim("worker", 60.0)
        assert lease is not None
        database.jobs.fail(lease, Outcome.DIVERGED, "", "")
    (row,) = listed(database).rows
    assert (row["study"], row["trials"], row["ended"], row["failed"]) == ("tuning", 4, 2, 2)
    assert row["budget"] == "2 trials" and row["methods"] == "rdrop, vanilla"
