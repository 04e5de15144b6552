"""The looks of a plan: what they take, when they are taken, and what settles a comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ftbench.domain.topup import TopupPlan
from ftbench.errors import FtbenchError
from ftbench.services.comparing.topup_looks import (
    Pair,
    decisions,
    looked,
    of_plan,
    pairs_of,
    states_of,
)
from tests.services.comparing.runs import compared
from tests.services.comparing.shared_spread import by_hand
from tests.services.report_rows import Rows

VANILLA = [0.70, 0.71, 0.69, 0.72, 0.70, 0.71]
CLEAR = [0.80, 0.815, 0.79, 0.82, 0.81, 0.80]
CLOSE = [0.73, 0.71, 0.70, 0.735, 0.71, 0.70]


def rows_of(**scores: list[float]) -> Rows:
    """Method -> scores on rte by seed."""
    rows = Rows()
    for method, values in scores.items():
        rows.jobs(method, "rte", values)
    return rows


def pairs(rows: Rows, *order: str) -> list[Pair]:
    return list(pairs_of(compared(rows, *order), "vanilla"))


def plan_of(found: list[Pair], sizes: tuple[int, ...] = (4, 6), outcomes=()) -> TopupPlan:
    """A plan of the pairs over seeds 0, 1, …; each stands by the job of its first seed."""
    stand = tuple(
        (pair.jobs(pair.method)[0].cell.digest, pair.jobs(pair.baseline)[0].cell.digest) for pair in found
    )
    return TopupPlan("p", stand, 0.05, 0.0, tuple(range(sizes[-1])), sizes, outcomes)


def test_each_method_is_compared_with_the_baseline_where_both_have_jobs():
    rows = rows_of(vanilla=VANILLA, bidrop=CLEAR, rdrop=CLOSE)
    rows.jobs("bidrop", "sst2", [0.9])
    rows.jobs("vanilla", "cola", [0.5])
    found = pairs(rows, "bidrop", "vanilla", "rdrop")
    names = [
        (pair.compared.labels[pair.method], pair.compared.block.tasks[pair.column].name) for pair in found
    ]
    assert names == [("bidrop", "rte"), ("rdrop", "rte")]
    assert {pair.compared.labels[pair.baseline] for pair in found} == {"vanilla"}
    assert list(pairs_of(compared(rows, "bidrop", "vanilla", "rdrop"), "mixout")) == []


def test_a_pair_takes_the_differences_of_the_seeds_of_a_look_alone():
    (pair,) = pairs(rows_of(vanilla=VANILLA, bidrop=CLEAR), "bidrop", "vanilla")
    assert pair.differences((1, 3, 9)) == pytest.approx([CLEAR[1] - VANILLA[1], CLEAR[3] - VANILLA[3]])


def test_jobs_that_are_not_there_have_no_status():
    rows = rows_of(vanilla=[0.7], bidrop=[0.8])
    rows.job("bidrop", "rte", 1, state="failed", outcome="diverged")
    rows.job("vanilla", "rte", 1, state="running")
    (pair,) = pairs(rows, "bidrop", "vanilla")
    found = {(pair.compared.labels[key], seed): how for (key, seed), how in pair.statuses((0, 1, 2)).items()}
    assert found == {
        ("bidrop", 0): "done",
        ("bidrop", 1): "diverged",
        ("bidrop", 2): "",
        ("vanilla", 0): "done",
        ("vanilla", 1): "running",
        ("vanilla", 2): "",
    }


def test_a_plan_keeps_its_comparisons_in_its_order_and_ignores_later_ones():
    found = pairs(rows_of(vanilla=VANILLA, bidrop=CLEAR, rdrop=CLOSE), "bidrop", "rdrop", "vanilla")
    plan = plan_of(found[::-1])
    assert of_plan(plan, found) == found[::-1]
    assert of_plan(replace(plan, pairs=plan.pairs[:1]), found) == found[1:]
    with pytest.raises(FtbenchError, match="p: 1 comparisons of the plan are not in the database"):
        of_plan(plan, found[:1])


def test_a_comparison_keeps_what_first_settled_it():
    plan = TopupPlan("p", (("a", "b"),) * 3, 0.05, 0.0, (0, 1, 2), (2, 3, 4))
    assert states_of(plan) == [("open", 0)] * 3
    outcomes = (("open", "better", "open"), ("worse", "open", "open"), ("better", "worse", "equivalent"))
    found = states_of(replace(plan, outcomes=outcomes))
    assert found == [("worse", 2), ("better", 1), ("equivalent", 3)]


def test_a_look_is_holm_over_its_comparisons_with_the_seeds_that_settled_ones_had():
    found = pairs(rows_of(vanilla=VANILLA, bidrop=CLEAR, rdrop=CLOSE), "bidrop", "rdrop", "vanilla")
    plan = plan_of(found, outcomes=(("better", "open"),))
    first, second = decisions(plan, found, 2)
    settled = np.subtract(CLEAR[:4], VANILLA[:4])  # as at the first look
    (one, _, _), (other, low, high) = by_hand([settled, np.subtract(CLOSE, VANILLA)], 0.975)
    p = [one, other]
    assert [first.p, second.p] == pytest.approx(p)
    assert [first.p_corrected, second.p_corrected] == pytest.approx(multipletests(p, method="holm")[1])
    assert (second.interval.low, second.interval.high) == (pytest.approx(low), pytest.approx(high))


def test_looks_are_taken_as_long_as_their_jobs_have_ended():
    found = pairs(rows_of(vanilla=VANILLA, rdrop=CLOSE), "rdrop", "vanilla")
    assert stats.ttest_rel(CLOSE, VANILLA).pvalue > 0.025
    assert looked(plan_of(found), found).outcomes == (("open",), ("open",))


@pytest.mark.parametrize(
    ("last", "taken"),
    [
        ({"score": 0.7}, 2),
        ({"state": "failed", "outcome": "diverged"}, 2),
        ({"state": "failed"}, 2),
        ({"state": "running"}, 1),
        ({"state": "queued"}, 1),
        ({"state": "cancelled"}, 1),
        (None, 1),
    ],
)
def test_a_later_look_waits_for_every_job_and_for_those_not_there(last, taken):
    rows = rows_of(vanilla=VANILLA, rdrop=CLOSE[:5])
    if last:
        rows.job("rdrop", "rte", 5, **last)
    found = pairs(rows, "rdrop", "vanilla")
    assert looked(plan_of(found), found).taken == taken


def test_the_first_look_takes_the_seeds_that_are_there_and_waits_for_those_that_run():
    rows = rows_of(vanilla=VANILLA[:4], rdrop=CLOSE[:3])
    found = pairs(rows, "rdrop", "vanilla")
    assert looked(plan_of(found), found).taken == 1
    rows.job("rdrop", "rte", 3, state="running")
    found = pairs(rows, "rdrop", "vanilla")
    assert looked(plan_of(found), found).taken == 0


def test_a_settled_comparison_neither_waits_nor_is_looked_at_again():
    found = pairs(rows_of(vanilla=VANILLA[:4], bidrop=CLEAR[:4]), "bidrop", "vanilla")
    assert looked(plan_of(found), found).outcomes == (("better",),)  # nothing is open for the second look
    rows = rows_of(vanilla=VANILLA, bidrop=CLEAR[:4], rdrop=CLOSE)
    both = pairs(rows, "bidrop", "rdrop", "vanilla")
    plan = looked(plan_of(both), both)
    assert plan.taken == 2 and states_of(plan)[0] == ("better", 1)
