"""Verdicts: who is better, by how much, whether it is shown, and what it would take."""

from __future__ import annotations

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ftbench.services.comparing.by_task import by_task
from ftbench.stats import power
from tests.services.comparing.runs import compared, request
from tests.services.report_rows import Rows

CLOSE = {
    ("bidrop", "rte"): [0.71, 0.725, 0.73, 0.74],
    ("vanilla", "rte"): [0.70, 0.71, 0.72, 0.70],
    ("bidrop", "sst2"): [0.92, 0.91, 0.90, 0.93],
    ("vanilla", "sst2"): [0.90, 0.91, 0.91, 0.92],
}


def said(scores: dict[tuple[str, str], list[float]], *order: str, **more: object) -> tuple[str, ...]:
    rows = Rows()
    for (method, task), values in scores.items():
        rows.jobs(method, task, values)
    (one,) = compared(rows, *order)
    return by_task(one, request(*order, **more)).verdicts


def test_a_difference_that_is_not_shown_says_how_many_seeds_it_takes():
    (verdict,) = said(CLOSE, "bidrop", "vanilla")
    by_task = [np.subtract(CLOSE["bidrop", task], CLOSE["vanilla", task]) for task in ("rte", "sst2")]
    apart = np.mean(by_task, axis=0)
    p = multipletests([stats.ttest_1samp(one, 0).pvalue for one in (*by_task, apart)], method="holm")[1][-1]
    found = stats.ttest_1samp(apart, 0)
    low, high = found.confidence_interval()
    needed = power.seeds_needed(apart.mean(), apart.std(ddof=1), 0.05 / 3, 0.8)
    assert verdict == (
        f"bidrop is {100 * apart.mean():.2f} points better than vanilla on average over 2 tasks "
        f"(bert-base · all training rows), with 4 seeds "
        f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f}): not shown, p={p:.3f} "
        f"after Holm over 3 comparisons; if this is the difference, it takes about "
        f"{needed} seeds to show it with a power of 80 %. "
        "Task by task: better on 0, worse on 0, not told apart on 2."
    )


def test_the_other_way_round_the_first_is_worse():
    (verdict,) = said(CLOSE, "vanilla", "bidrop")
    assert verdict.startswith("vanilla is ") and " points worse than bidrop on average" in verdict


def test_what_is_shown_on_one_task_needs_no_more_seeds():
    one = {("bidrop", "rte"): [0.74, 0.76, 0.75, 0.78], ("vanilla", "rte"): [0.70, 0.71, 0.72, 0.72]}
    (verdict,) = said(one, "bidrop", "vanilla")
    p = stats.ttest_rel(*one.values()).pvalue
    assert f": shown, p={p:.3f}, unless bidrop fails in " in verdict and "Task by task" not in verdict
    assert "on RTE (bert-base" in verdict and "seeds to show" not in verdict


def test_what_failures_might_undo_is_shown_unless_there_are_more_of_them():
    """4 runs without a failure exclude a share of 1 − 0.05^(1/4) at least: 4.5 of 25.75 points take less."""
    one = {("bidrop", "rte"): [0.74, 0.76, 0.75, 0.78], ("vanilla", "rte"): [0.70, 0.71, 0.72, 0.72]}
    share = 100 * 0.045 / (0.7575 - 0.5)
    (verdict,) = said(one, "vanilla", "bidrop")
    words = f"unless bidrop fails in {share:.2f} % more of its runs than here, which these do not exclude."
    assert verdict.endswith(words)
    far = {**one, ("vanilla", "rte"): [0.56, 0.57, 0.58, 0.58]}  # 18.5 points need a share of 0.72
    (verdict,) = said(far, "bidrop", "vanilla")
    assert "unless" not in verdict and ": shown, " in verdict


def test_a_test_without_a_correction_names_none():
    (verdict,) = said(CLOSE, "bidrop", "vanilla", correction="none")
    assert "after" not in verdict


def test_the_first_method_has_a_verdict_against_each_other_one():
    more = {**CLOSE, ("rdrop", "rte"): [0.6] * 4, ("rdrop", "sst2"): [0.7] * 4}
    found = said(more, "rdrop", "bidrop", "vanilla")
    assert [one.partition(" on average")[0].partition(" points ")[2] for one in found] == [
        "worse than bidrop",
        "worse than vanilla",
    ]
    assert "Task by task: better on 0, worse on 2, not told apart on 0." in found[0]


def test_equal_runs_are_as_good_and_ask_for_no_seeds():
    same = {(m, "rte"): [0.70, 0.72] for m in ("bidrop", "vanilla")}
    (verdict,) = said(same, "bidrop", "vanilla")
    assert verdict.startswith("bidrop is as good as vanilla on RTE") and "it takes" not in verdict


def test_methods_without_a_common_seed_cannot_be_compared_and_one_seed_cannot_be_tested():
    one = {("bidrop", "rte"): [0.70, 0.72], ("vanilla", "rte"): [0.71]}
    (verdict,) = said(one, "bidrop", "vanilla")
    assert verdict == (
        "bidrop is 1.00 points worse than vanilla on RTE (bert-base · all training rows), with 1 seed; "
        "it cannot be tested: too few pairs: needs 2, has 1."
    )
    rows = Rows()
    rows.job("bidrop", "rte", 0, 0.7)
    rows.job("vanilla", "rte", 1, 0.7)
    (one_setting,) = compared(rows, "bidrop", "vanilla")
    (verdict,) = by_task(one_setting, request("bidrop", "vanilla")).verdicts
    assert verdict.startswith("bidrop and vanilla cannot be compared on RTE (bert-base · all training rows)")
