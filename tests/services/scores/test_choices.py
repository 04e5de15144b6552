"""Choices: runs with chosen values stand apart, and in the place of their method's default."""

from __future__ import annotations

from dataclasses import replace

from ftbench.db import Database, Entry
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.services.scores.choices import Choices
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.tuning.ran import asked_of, declare, end_all, put


def by_rate(job: Job) -> float:
    """The best rate is one that no default has, another one in each repetition."""
    return -abs(job.recipe.lr - (2e-4 if job.seed % 2 else 3e-3))


def finished(database: Database) -> None:
    declare(database, "vanilla,bidrop", studies=2, budget=8)
    end_all(database, by_rate)
    put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1, 2, 3))))


def test_runs_with_chosen_values_are_no_untuned_ones(database: Database) -> None:
    finished(database)
    cells = database.results.cells()
    untuned, aside = Choices.of(database).untuned(cells)
    assert (len(cells), untuned, aside) == (8, [], 8)


def test_they_carry_the_label_and_the_recipe_of_the_default(database: Database) -> None:
    finished(database)
    cells = database.results.cells()
    assert any("[" in cell.label for cell in cells)
    found = Choices.of(database).tuned(cells)
    assert set(found) == {"tuning"} and len(found["tuning"]) == 8
    assert {cell.label for cell in found["tuning"]} == {"vanilla", "bidrop"}
    assert len({(cell.method, cell.hparams.text, cell.recipe.text) for cell in found["tuning"]}) == 2


def test_seeds_take_turns_in_the_repetitions(database: Database) -> None:
    finished(database)
    rates: dict[int, set[float]] = {0: set(), 1: set()}
    for cell in database.results.cells():
        rates[cell.seed % 2].add(cell.recipe["lr"])
    assert all(len(found) == 1 for found in rates.values()) and rates[0] != rates[1]


def test_a_run_with_the_other_repetitions_choice_is_neither(database: Database) -> None:
    finished(database)
    row = database.jobs.list()[-1]
    job = Job.from_canonical(row.spec)
    database.jobs.add([Entry(replace(job, seed=job.seed + 1), row.label)])
    cells = [
        cell for cell in database.results.cells() if cell.seed == job.seed + 1 and cell.method == job.method
    ]
    choices = Choices.of(database)
    assert len(cells) == 1 + (job.seed + 1 < 4)
    wrong = [cell for cell in cells if cell.recipe["lr"] == job.recipe.lr]
    assert choices.untuned(wrong) == ([], 1) and choices.tuned(wrong) == {}


def test_where_the_default_was_chosen_its_runs_stand_in_both(database: Database) -> None:
    declare(database, "vanilla", budget=3)
    end_all(database, lambda job: 0.5)  # ties: draw 0
    put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0,))))
    choices, cells = Choices.of(database), database.results.cells()
    assert choices.untuned(cells) == (cells, 0) and len(choices.tuned(cells)["tuning"]) == 1


def test_a_noisy_run_has_the_choice_made_on_clean_data(database: Database) -> None:
    declare(database, "vanilla", budget=8)
    end_all(database, by_rate)
    put(database, tuned_plan(database, TunedRequest(asked_of(perturb=("noise=0,0.1",)), seeds=(0,))))
    cells = database.results.cells()
    assert {cell.perturbation for cell in cells} == {Perturbation(), Perturbation.of({"noise": 0.1})}
    assert len(Choices.of(database).tuned(cells)["tuning"]) == 2


def test_without_a_study_everything_is_untuned(database: Database) -> None:
    choices = Choices.of(database)
    assert choices.untuned([]) == ([], 0) and choices.tuned([]) == {}
