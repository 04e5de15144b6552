"""The cells of one metric at one ratio: small arrays whose means can be worked out by hand."""

from __future__ import annotations

import pytest

from ftbench.render.table import Cell
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey, index_of, reported
from tests.services.report_rows import Rows


def block(
    rows: Rows, tasks: tuple[str, ...] = ("rte", "sst2"), seeds: tuple[int, ...] | None = None
) -> Block:
    """The jobs as arrays, the methods in the order in which they were added."""
    jobs = rows.joined()
    shown = list(reported(tasks, rows.cells, rows.scores).values())
    own = tuple(sorted({job.cell.seed for job in jobs}))
    index, _ = index_of(jobs)
    methods = list(dict.fromkeys(job.key for job in jobs))
    return Block.of(shown, [task.metric for task in shown], seeds or own, methods, index)


def key(found: Block, method: str) -> MethodKey:
    (one,) = (key for key in found.methods if key.method == method)
    return one


def without(rows: Rows, method: str, task: str, seed: int) -> Rows:
    """The rows without one job."""
    at = method, task, seed
    rows.cells = [row for row in rows.cells if (row.method, row.task, row.seed) != at]
    rows.scores = [row for row in rows.scores if (row.method, row.task, row.seed) != at]
    return rows


def means(*cells: Cell) -> list[float | None]:
    return [None if cell.mean is None else round(cell.mean, 6) for cell in cells]


@pytest.fixture
def rows() -> Rows:
    """Vanilla and bidrop on rte and sst2, three seeds each, all there."""
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.60, 0.62, 0.64])  # mean 62, best 64
    rows.jobs("vanilla", "sst2", [0.80, 0.82, 0.90])  # mean 84, best 90
    rows.jobs("bidrop", "rte", [0.66, 0.66, 0.69])  # mean 67, best 69
    rows.jobs("bidrop", "sst2", [0.85, 0.86, 0.87])  # mean 86, best 87
    return rows


# One task


def test_a_cell_has_its_statistics_seeds_scores_and_jobs() -> None:
    rows = Rows()
    last = rows.job("vanilla", "rte", 7, 0.6)
    first = rows.job("vanilla", "rte", 3, 0.5)
    found = block(rows, ("rte",))
    cell = found.cell(key(found, "vanilla"), 0)
    assert (cell.seeds, cell.values, cell.jobs) == ((3, 7), (0.5, 0.6), (first, last))
    wanted = {"mean": 0.55, "median": 0.55, "iqm": 0.55, "max": 0.6, "std": 0.1 / 2**0.5}
    assert dict(cell.statistics) == pytest.approx(wanted)
    assert (cell.n, cell.planned, dict(cell.missing), cell.complete) == (2, 2, {}, True)


def test_what_there_is_no_number_of_is_left_out_of_a_cell() -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.5)
    rows.job("bidrop", "rte", 0, state="queued")
    found = block(rows, ("rte",))
    assert "std" not in found.cell(key(found, "vanilla"), 0).statistics
    assert found.cell(key(found, "bidrop"), 0).statistics == {}


def test_collapsed_runs_are_counted_and_stay_in_the_mean() -> None:
    rows = Rows()
    rows.jobs("rdrop", "cola", [0.6, 0.6])
    rows.job("rdrop", "cola", 2, 0.0, also={"accuracy_label1": 1.0})
    found = block(rows, ("cola",))
    cell = found.cell(key(found, "rdrop"), 0)
    assert (cell.mean, cell.collapsed) == (pytest.approx(0.4), 1)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"state": "queued"}, "queued"),
        ({"state": "failed", "outcome": "oom"}, "failed"),
        ({"state": "done"}, "no score"),
        ({"state": "done", "score": float("inf")}, "no score"),
        ({}, "not queued"),
    ],
)
def test_a_missing_seed_has_its_reason(rows: Rows, last: dict[str, str], reason: str) -> None:
    without(rows, "bidrop", "sst2", 2)
    if last:
        rows.job("bidrop", "sst2", 2, **last)
    found = block(rows)
    cell = found.cell(key(found, "bidrop"), 1)
    assert (cell.n, cell.planned, dict(cell.missing)) == (2, 3, {reason: 1})
    assert cell.mean == pytest.approx(0.855)


def test_a_seed_of_one_method_is_planned_for_all(rows: Rows) -> None:
    rows.job("vanilla", "rte", 3, 1.0)
    found = block(rows)
    assert found.planned.tolist() == [[True, True]] * 3 + [[True, False]]
    assert dict(found.cell(key(found, "bidrop"), 0).missing) == {"not queued": 1}
    assert dict(found.cell(key(found, "bidrop"), 1).missing) == {}
    # The fourth seed counts for nobody: bidrop's 76.5 - vanilla's 73.
    gain = found.against(key(found, "bidrop"), key(found, "vanilla"))
    assert (gain.mean, gain.reduced) == (pytest.approx(0.035), True)


def test_a_task_that_nobody_has_lacks_the_seeds_of_the_others(rows: Rows) -> None:
    found = block(rows, ("rte", "mrpc"))
    assert found.planned.all()
    cell = found.cell(key(found, "vanilla"), 1)
    assert (cell.n, cell.planned, dict(cell.missing)) == (0, 3, {"not queued": 3})


# Averages and differences


def test_averages_are_over_tasks_of_each_tasks_statistic(rows: Rows) -> None:
    found = block(rows)
    cell = found.average(key(found, "bidrop"))
    assert (cell.mean, cell.statistics["max"]) == (pytest.approx(0.765), pytest.approx(0.78))
    assert (cell.n, cell.planned, cell.reduced, cell.tasks) == (6, 6, False, ("rte", "sst2"))
    assert "std" not in cell.statistics  # of two tasks: a mean of spreads is no spread
    gain = found.against(key(found, "bidrop"), key(found, "vanilla"))
    assert (gain.mean, gain.statistics["max"]) == (pytest.approx(0.035), pytest.approx(0.01))
    assert not found.needs_shared


def test_the_average_of_a_method_that_lacks_a_seed_is_withheld(rows: Rows) -> None:
    without(rows, "bidrop", "sst2", 2).job("bidrop", "sst2", 2, state="queued")
    found = block(rows)
    cell = found.average(key(found, "bidrop"))
    assert (cell.mean, cell.n, cell.planned, dict(cell.missing)) == (None, 5, 6, {"queued": 1})
    assert cell.reduced and found.needs_shared
    assert found.average(key(found, "vanilla")).mean == pytest.approx(0.73)


def test_shared_averages_and_differences_are_over_what_all_methods_have(rows: Rows) -> None:
    found = block(without(rows, "bidrop", "sst2", 2))
    mine, theirs = key(found, "bidrop"), key(found, "vanilla")
    # rte over three seeds, sst2 over the first two: bidrop 67 and 85.5, vanilla 62 and 81.
    assert means(found.shared_average(mine), found.shared_average(theirs)) == [0.7625, 0.715]
    assert found.shared_average(mine).statistics["max"] == pytest.approx((0.69 + 0.86) / 2)
    gain = found.against(mine, theirs)
    assert (gain.mean, gain.n, gain.planned, gain.reduced) == (pytest.approx(0.0475), 5, 6, True)


def test_two_whole_methods_keep_the_difference_of_their_full_averages(rows: Rows) -> None:
    rows.jobs("rdrop", "rte", [0.63] * 3)
    rows.jobs("rdrop", "sst2", [0.85] * 3)
    found = block(without(rows, "bidrop", "sst2", 2))
    gain = found.against(key(found, "rdrop"), key(found, "vanilla"))
    assert (gain.mean, gain.reduced) == (pytest.approx(0.01), False)  # 74 - 73


def test_a_whole_method_is_compared_with_a_baseline_that_lacks_a_seed_on_what_both_have(rows: Rows) -> None:
    found = block(without(rows, "vanilla", "rte", 1))
    gain = found.against(key(found, "bidrop"), key(found, "vanilla"))
    # rte over the first and the last seed: bidrop 67.5 and 86, vanilla 62 and 84.
    assert (gain.mean, gain.n, gain.reduced) == (pytest.approx(0.0375), 5, True)


def test_a_method_without_any_score_does_not_empty_the_shared_average(rows: Rows) -> None:
    rows.job("rdrop", "rte", 0, state="queued")
    found = block(without(rows, "bidrop", "sst2", 2))
    late = key(found, "rdrop")
    assert found.shared_average(key(found, "bidrop")).n == 5
    assert late not in found.compared
    assert means(found.shared_average(late), found.against(late, key(found, "vanilla"))) == [None, None]
    assert dict(found.average(late).missing) == {"queued": 1, "not queued": 5}


def test_a_task_that_a_method_cannot_do_leaves_the_shared_average(rows: Rows) -> None:
    rows.jobs("r3f", "rte", [0.63] * 3)
    found = block(rows)
    shared = found.shared_average(key(found, "r3f"))
    assert (shared.mean, shared.tasks, shared.reduced) == (pytest.approx(0.63), ("rte",), True)
    assert found.average(key(found, "bidrop")).mean == pytest.approx(0.765)


def test_nothing_in_common_gives_no_number() -> None:
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    rows.job("bidrop", "rte", 1, 0.7)
    found = block(rows, ("rte",))
    mine, theirs = key(found, "bidrop"), key(found, "vanilla")
    assert means(found.shared_average(mine), found.against(mine, theirs)) == [None, None]
    assert found.against(mine, theirs).applies


def test_without_a_baseline_there_is_no_difference(rows: Rows) -> None:
    found = block(rows)
    assert not found.against(key(found, "bidrop"), None).applies


# The drop


def test_a_drop_is_the_mean_of_differences_of_the_seeds_that_both_have() -> None:
    clean, noisy = Rows(), Rows()
    clean.jobs("vanilla", "rte", [0.70, 0.72])
    clean.job("vanilla", "rte", 5, 0.10)
    noisy.jobs("vanilla", "rte", [0.60, 0.66], noise=0.1)
    noisy.job("vanilla", "rte", 6, 0.99, noise=0.1)
    before, after = (block(rows, ("rte",), (0, 1, 5, 6)) for rows in (clean, noisy))
    drop = after.drop(key(after, "vanilla"), before)
    assert dict(drop.statistics) == {"mean": pytest.approx(0.08)}  # of 10 and 6
    assert (drop.n, drop.planned, drop.reduced) == (2, 3, True)
    assert not before.drop(key(before, "vanilla"), before).applies
