"""Runs that failed: what they count as, how often they do, and what is left of marks without them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ftbench.errors import UnknownName
from ftbench.render import render
from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report

LOST = {"state": "failed", "outcome": "diverged"}
TASKS = ("rte", "sst2")


def fill(rows: Rows, method: str, gain: float = 0.0, seeds: int = 10, lost: tuple[int, ...] = ()) -> None:
    rng = np.random.default_rng(len(rows.cells))
    for task in TASKS:
        for seed in range(seeds):
            gone = task == "rte" and seed in lost
            rows.job(
                method,
                task,
                seed,
                None if gone else float(rng.normal(0.8 + gain, 0.01)),
                **(LOST if gone else {}),
            )


@pytest.fixture
def rows() -> Rows:
    rows = Rows()
    fill(rows, "vanilla")
    fill(rows, "bidrop", 0.03)
    fill(rows, "rdrop", 0.03, lost=(1, 4))
    return rows


def test_a_diverged_run_scores_chance_is_counted_and_said_in_the_caption(rows):
    (section,) = report(rows).sections
    found = cell(section, "rdrop", "rte")
    assert (found.n, found.planned, found.diverged, dict(found.missing)) == (10, 10, 2, {})
    assert [found.values[at] for at in (1, 4)] == [0.5, 0.5]
    assert found.mean == pytest.approx(np.mean(found.values))
    assert any("score the chance level of their metric" in line for line in section.caption)
    assert "n=10 d=2" in render(report(rows), "rich") and not section.notes
    assert not found.tested.mark


def test_how_often_runs_fail_stands_beside_the_mean_of_those_that_did_not(rows):
    (section,) = report(rows).sections
    failed = cell(section, "rdrop", "failed").failed
    assert (failed.failed, failed.runs) == (2, 20) and cell(section, "vanilla", "failed").failed.p is None
    known = stats.binomtest(2, 20).proportion_ci()
    assert (failed.low, failed.high) == pytest.approx((known.low, known.high))
    assert (failed.test, failed.p) == ("McNemar", pytest.approx(0.5))
    assert failed.p_corrected == pytest.approx(1.0) and not failed.mark
    values = [v for task in TASKS for v in cell(section, "rdrop", task).values if v != 0.5]
    average = cell(section, "rdrop", "average_not_failed")
    assert average.mean == pytest.approx((np.mean(values[:8]) + np.mean(values[8:])) / 2)
    assert (average.n, average.planned, average.best) == (18, 20, ())


def test_a_method_that_fails_more_often_is_marked_so():
    rows = Rows()
    fill(rows, "vanilla")
    fill(rows, "bidrop", lost=tuple(range(8)))
    failed = cell(report(rows).sections[0], "bidrop", "failed")
    assert failed.failed.mark == "▼" and failed.failed.p == pytest.approx(2 / 2**8)
    assert failed.text == "8/20 (19–64 %) ▼"


def test_without_failed_runs_nothing_is_said_of_them():
    rows = Rows()
    fill(rows, "vanilla")
    fill(rows, "bidrop")
    (section,) = report(rows).sections
    assert not {"failed", "average_not_failed"} & {column.key for column in section.columns}
    assert "failed" in {column.key for column in report(rows, estimand="two-part").sections[0].columns}


@pytest.mark.parametrize("flags", [{"diverged": "missing"}, {"estimand": "two-part"}])
def test_a_method_seen_by_its_survivors_has_no_place_mark_or_letter(rows, flags):
    (section,) = report(rows, **flags).sections
    cells = section.groups[0].named("rdrop").cells
    mine = {column.name: found for column, found in zip(section.columns, cells, strict=True)}
    assert dict(mine["rte"].missing) == {"diverged": 2}
    assert not any(found.best for name, found in mine.items() if name != "sst2")
    assert mine["rte"].tested is None and mine["difference"].tested is None
    assert mine["group"].text == "" and mine["group"].untested and mine["rte"].untested
    assert any("a method is not ranked" in line for line in section.caption)
    assert cell(section, "bidrop", "difference").tested.mark == "▲"


def test_all_diverged_is_chance_and_no_number_without_failed_runs():
    rows = Rows()
    fill(rows, "vanilla", seeds=5)
    for task in TASKS:
        for seed in range(5):
            rows.job("bidrop", task, seed, **LOST)
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "average").mean == 0.5
    assert cell(section, "bidrop", "failed").failed.failed == 10
    assert cell(section, "bidrop", "average_not_failed").mean is None
    (section,) = report(rows, diverged="missing").sections
    assert cell(section, "bidrop", "rte").mean is None and cell(section, "bidrop", "group").text == ""
    render(report(rows), "rich")


def test_probability_stands_in_the_place_of_the_difference(rows):
    (section,) = report(rows, estimand="probability").sections
    column = next(column for column in section.columns if column.key == "difference")
    assert column.title == "P(> Vanilla)" and "minus that of" not in section.caption[0]
    found = cell(section, "bidrop", "difference")
    mine, theirs = (np.array([cell(section, m, t).values for t in TASKS]) for m in ("bidrop", "vanilla"))
    assert found.mean == pytest.approx((mine > theirs).mean())
    assert found.tested.test == "signs" and found.low < found.mean <= found.high <= 1
    assert not cell(section, "vanilla", "difference").applies
    assert math.isfinite(found.tested.p_holm)


def test_few_seeds_say_that_signs_reach_no_mark():
    rows = Rows()
    fill(rows, "vanilla", seeds=5)
    fill(rows, "bidrop", 0.2, seeds=5)
    (section,) = report(rows, estimand="probability").sections
    assert cell(section, "bidrop", "difference").tested.mark == ""
    assert any("With 5 seeds no mark can be reached; 6 are needed." in line for line in section.caption)


@pytest.mark.parametrize("flags", [{"diverged": "chanse"}, {"estimand": "means"}])
def test_other_words_are_refused_with_the_nearest(rows, flags):
    with pytest.raises(UnknownName, match="did you mean '(chance|mean)'"):
        report(rows, **flags)
