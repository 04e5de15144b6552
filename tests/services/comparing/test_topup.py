"""A top-up's plan, and the jobs that each call queues."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from ftbench.cli import _requests
from ftbench.db import Database, JobFilter
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.errors import BadValue, FtbenchError, UsageError
from ftbench.services.comparing.topup import TopupCall, TopupRequest, topup
from tests.services.comparing.runs import by
from tests.services.comparing.shared_spread import by_hand
from tests.services.stored import finish, job_of, store

SCORES = {
    ("vanilla", "rte"): [0.70, 0.71, 0.69, 0.72],
    ("bidrop", "rte"): [0.80, 0.815, 0.79, 0.82],
    ("rdrop", "rte"): [0.73, 0.71, 0.715, 0.735],
}


def call(database: Database, *methods: str, name: str = "p", dry_run: bool = False, **more: Any) -> TopupCall:
    selection = _requests.against(None, None, methods, "vanilla")
    return topup(database, TopupRequest(name, selection, **more), dry_run=dry_run)


def queued(database: Database) -> list[tuple[str, int]]:
    return sorted((row.label, row.seed) for row in database.jobs.list() if row.state == "queued")


@pytest.fixture
def three(database: Database) -> Database:
    store(database, SCORES)
    return database


def test_the_first_call_declares_looks_of_equal_shares_from_the_seeds_that_are_there(three):
    plan = call(three, "bidrop", "rdrop", most=8).plan
    assert (plan.sizes, plan.seeds, plan.level) == ((4, 6, 8), tuple(range(8)), pytest.approx(0.05 / 3))
    assert three.topups.list() == [plan] and plan.taken == 1


def test_seeds_that_are_free_are_taken_in_their_order_after_those_there(database):
    store(database, {key: values[:2] for key, values in SCORES.items()}, first=5)
    assert call(database, "rdrop", looks=2, most=6).plan.seeds == (5, 6, 0, 1, 2, 3)


@pytest.mark.parametrize(("number", "most"), [(4, 20), (12, 24)])
def test_the_last_look_has_twenty_seeds_or_twice_those_there(database, number, most):
    values = [0.7 + 0.01 * (seed % 3) for seed in range(number)]
    store(database, {("vanilla", "rte"): values, ("rdrop", "rte"): values})
    plan = call(database, "rdrop", dry_run=True).plan
    assert (plan.sizes[0], plan.sizes[-1], plan.looks) == (number, most, 3)


def test_only_open_comparisons_get_the_seeds_of_the_next_look_on_both_sides(three):
    found = call(three, "bidrop", "rdrop", most=8)
    assert queued(three) == [("rdrop", 4), ("rdrop", 5), ("vanilla", 4), ("vanilla", 5)]
    assert [planned.job.seed for planned in found.jobs.jobs] == [4, 4, 5, 5]
    rows = by(found.sheet, "comparison")
    assert (rows["rdrop − vanilla"]["seeds"], rows["bidrop − vanilla"]["seeds"]) == (2, None)
    again = call(three, "bidrop", "rdrop")
    assert (len(again.jobs.jobs), again.waiting) == (0, 4)


def test_the_sheet_is_of_t_with_a_shared_spread_with_holm_and_intervals_at_the_looks_level(three):
    rows = by(call(three, "bidrop", "rdrop", most=8).sheet, "comparison")
    sides = {f"{name} − vanilla": SCORES[name, "rte"] for name in ("bidrop", "rdrop")}
    differences = [np.subtract(mine, SCORES["vanilla", "rte"]) for mine in sides.values()]
    tested = by_hand(differences, 1 - 0.05 / 3)
    adjusted = multipletests([p for p, _, _ in tested], method="holm")[1]
    for name, apart, (plain, low, high), corrected in zip(sides, differences, tested, adjusted, strict=True):
        row = rows[name]
        assert (row["n"], row["difference"]) == (4, pytest.approx(apart.mean()))
        assert (row["p"], row["p_corrected"]) == (pytest.approx(plain), pytest.approx(corrected))
        assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
        state = ("better", 1) if corrected < 0.05 / 3 else ("open", None)
        assert (row["state"], row["look"]) == state
    assert {row["state"] for row in rows.values()} == {"better", "open"}


def test_failed_jobs_are_not_queued_again_and_cancelled_ones_are(three):
    call(three, "rdrop", looks=2, most=6)
    claim = three.jobs.claim("worker", 60.0)
    three.jobs.fail(claim, Outcome.DIVERGED, "diverged", "")
    left = queued(three)
    assert len(left) == 3
    rows = [row for row in three.jobs.list() if row.state == "queued"]
    three.jobs.cancel(JobFilter(digests=(rows[0].digest,)))
    found = call(three, "rdrop")
    assert (len(found.jobs.jobs), found.waiting) == (1, 2) and queued(three) == left


def test_a_dry_run_writes_nothing_and_finds_the_same(three):
    dry = call(three, "rdrop", dry_run=True)
    assert three.topups.list() == [] and queued(three) == []
    assert call(three, "rdrop").plan == dry.plan


def test_the_last_look_ends_the_plan(three):
    call(three, "rdrop", looks=2, most=5)
    for _ in ("rdrop", "vanilla"):
        finish_next(three, 0.71)
    found = call(three, "rdrop")
    assert (found.plan.taken, len(found.jobs.jobs), found.waiting) == (2, 0, 0)
    assert found.sheet.notes[-1] == "The last look is taken: what is open stays open."


def finish_next(database: Database, score: float) -> None:
    claim = database.jobs.claim("worker", 60.0)
    assert claim is not None
    database.jobs.finish(claim, JobResult(scores=(Score("dev", "accuracy", score),)))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"looks": 4}, "--looks: p was declared with 3; a plan cannot change"),
        ({"most": 30}, "--max-seeds: p was declared with 20; a plan cannot change"),
        ({"margin": 0.02}, "--margin: p was declared with 1; a plan cannot change"),
    ],
)
def test_a_declared_plan_does_not_change(three, asked, message):
    declared = {"looks": 3, "most": 20, "margin": 0.01}
    call(three, "rdrop", **declared)
    call(three, "rdrop", **declared)  # the same is no change
    with pytest.raises(UsageError) as caught:
        call(three, "rdrop", **asked)
    assert str(caught.value) == message


def test_runs_are_in_one_plan_alone(three):
    call(three, "bidrop", "rdrop", name="both")
    with pytest.raises(UsageError) as caught:
        call(three, "rdrop", name="one")
    assert str(caught.value) == "one: such runs are in another plan, which goes on: both"


def test_too_few_further_seeds_for_the_looks_are_refused(three):
    with pytest.raises(BadValue) as caught:
        call(three, "rdrop", looks=4, most=6)
    assert str(caught.value) == "max-seeds 6: 4 seeds are there; 4 looks need 3 more at least"
    assert call(three, "rdrop", looks=4, most=7).plan.sizes == (4, 5, 6, 7)


def test_a_task_of_one_side_alone_is_nothing_to_top_up(database):
    finish(database, job_of("vanilla", "rte", 0), 0.7)
    finish(database, job_of("rdrop", "sst2", 0), 0.7)
    with pytest.raises(FtbenchError):
        call(database, "rdrop")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"looks": 1}, "looks 1: give 2 to 20; one look needs no plan"),
        ({"looks": 21}, "looks 21: give 2 to 20; one look needs no plan"),
        ({"margin": -0.01}, "margin -1: give points from 0 to below 100"),
        ({"margin": 1.0}, "margin 100: give points from 0 to below 100"),
        ({"budget": 0.0}, "budget 0: give hours above 0"),
    ],
)
def test_what_no_plan_can_be_is_refused_at_once(fields, message):
    with pytest.raises(BadValue) as caught:
        TopupRequest("p", _requests.against(None, None, ["rdrop"], "vanilla"), **fields)
    assert str(caught.value) == message
