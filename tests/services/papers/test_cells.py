"""Cells of a suite beside the printed ones: whose uncertainty, and which jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench import suites
from ftbench.db import Document
from ftbench.domain.result import Outcome, State
from ftbench.render.table import Cell
from ftbench.services.papers import cells as suite_cells
from ftbench.services.papers import layout
from ftbench.services.papers.cells import FoundJobs, JobsByCell, Rule
from ftbench.services.planning import suite_grid
from ftbench.services.planning.suite_grid import Wanted
from ftbench.suites.published import Published
from tests.asked import asked
from tests.services.papers.suited import Suited, around

WHOLE = Published(
    "dps", "table1", "bert-large", "vanilla", "avg", "made up", "mean_of_tasks", "mean", 70.0, 10, ""
)


def measured(n: int) -> Cell:
    return suite_cells.of_values({seed: 0.7 + 0.001 * (-1) ** seed for seed in range(n)}, 10, {})


def vanilla_on_cola() -> Wanted:
    given = asked(methods="vanilla", tasks="cola")
    (wanted,) = suite_grid.wanted_cells(suite_grid.adapted(suites.find("dps/table1"), given), given)
    return wanted


def test_where_only_an_average_is_printed_its_number_of_seeds_is_that_of_its_tasks() -> None:
    parts = [(measured(10), {}, "matthews"), (measured(10), {}, "accuracy")]
    cell = suite_cells.averaged_cell([one for one, _, _ in parts], ["cola", "rte"])
    found = suite_cells.compared_average(cell, {"mean": WHOLE}, parts, Rule())
    assert found.verdict == "reproduced"
    unknown = replace(WHOLE, n_seeds=None)
    found = suite_cells.compared_average(cell, {"mean": unknown}, parts, Rule())
    assert (found.verdict, found.reason) == ("underpowered", "fewer than two seeds")


def test_an_average_says_that_a_task_lacks_seeds() -> None:
    names = ["cola", "rte"]
    assert suite_cells.averaged_cell([measured(10), measured(9)], names).reduced
    assert not suite_cells.averaged_cell([measured(10), measured(10)], names).reduced


def test_a_deviation_that_was_divided_by_n_is_turned_into_a_sample_deviation() -> None:
    printed = replace(WHOLE, statistic="std", value=3.0, n_seeds=5)
    assert suite_cells._std({"std": replace(printed, source="blo")}) == pytest.approx(3.0 * (5 / 4) ** 0.5)
    assert suite_cells._std({"std": printed}) == 3.0


def test_an_average_with_a_task_of_one_seed_is_not_tested() -> None:
    told = {"mean": WHOLE, "std": replace(WHOLE, statistic="std", value=1.0)}
    parts = [(measured(10), told, "matthews"), (measured(1), told, "accuracy")]
    cell = suite_cells.averaged_cell([one for one, _, _ in parts], ["cola", "rte"])
    found = suite_cells.compared_average(cell, told, parts, Rule())
    assert found.measured.mean == pytest.approx(0.7005)
    assert (found.verdict, found.reason) == ("underpowered", "fewer than two seeds")


def test_a_mean_is_held_to_the_margin_of_its_metric() -> None:
    told = {"mean": replace(WHOLE, value=71.5), "std": replace(WHOLE, statistic="std", value=0.1)}
    ours = suite_cells.of_values({seed: 0.70 + 0.001 * (-1) ** seed for seed in range(10)}, 10, {})
    found = {metric: suite_cells.compared(ours, told, metric, Rule()) for metric in ("matthews", "accuracy")}
    assert {metric: (one.verdict, one.margin) for metric, one in found.items()} == {
        "matthews": ("reproduced", 2.0),
        "accuracy": ("not reproduced", 1.0),
    }
    parts = [(ours, told, "matthews"), (ours, told, "accuracy")]
    average = suite_cells.averaged_cell([ours, ours], ["cola", "rte"])
    assert suite_cells.compared_average(average, told, parts, Rule()).margin == 1.5


@pytest.mark.parametrize(("task", "guessed"), [("cola", 0.0), ("rte", 0.5), ("mrpc", 0.5)])
def test_a_diverged_run_scores_chance_unless_it_is_asked_to_be_missing(task: str, guessed: float) -> None:
    rows = Suited()
    rows.add("vanilla", task, around(70.0, 0.2, 4))
    lost = [row._replace(seed=4, state=State.FAILED, last_outcome=Outcome.DIVERGED) for row in rows.cells[:1]]
    jobs = {row.seed: [FoundJobs(row, {})] for row in lost}
    given = asked(methods="vanilla", tasks=task)
    (wanted,) = suite_grid.wanted_cells(suite_grid.adapted(suites.find("dps/table1"), given), given)
    (place,) = layout.printed_places(wanted.block)
    counted = suite_cells.measured_cell(jobs, place, [4])
    assert (counted.values, counted.diverged, counted.complete) == ((guessed,), 1, True)
    missing = suite_cells.measured_cell(jobs, place, [4], "missing")
    assert (missing.values, missing.diverged, dict(missing.missing)) == ((), 0, {"diverged": 1})


def test_a_job_from_before_a_setting_was_added_has_its_default() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", around(64.0, 0.2))
    wanted = vanilla_on_cola()
    older = [
        row._replace(recipe=Document({k: v for k, v in row.recipe.items() if k != "subset"}))
        for row in rows.cells
    ]
    assert older[0].recipe != rows.cells[0].recipe
    for cells in (rows.cells, older):
        assert len(JobsByCell(cells, rows.scores).of(wanted, "bert-large")) == 10


def test_scores_of_a_job_that_is_not_done_any_more_do_not_count() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", [64.0, 65.0], state="queued")
    found = JobsByCell(rows.cells, rows.scores).of(vanilla_on_cola(), "bert-large")
    assert [job.scores for jobs in found.values() for job in jobs] == [{}, {}]


def test_a_done_job_without_the_score_of_a_column_says_so() -> None:
    rows = Suited()
    for seed, state in enumerate(("done", "queued")):
        rows.job("vanilla", "cola", seed, state=state)
    (place,) = layout.printed_places(vanilla_on_cola().block)
    jobs = {row.seed: [FoundJobs(row)] for row in rows.cells}
    cell = suite_cells.measured_cell(jobs, place, [0, 1, 2])
    assert dict(cell.missing) == {"no score": 1, "queued": 1, "not queued": 1}
    other = {0: [FoundJobs(rows.cells[0], {("dev", "accuracy"): 0.5})]}
    assert dict(suite_cells.measured_cell(other, place, [0]).missing) == {"no score": 1}
