"""The lines under a table of curves."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from ftbench.render.table import Cell, Column, Group, Row, Section
from ftbench.services.reporting.curve_notes import notes
from ftbench.services.reporting.curve_scores import Curves

RATIOS = (0.0, 0.05, 0.1)


def curves(
    scores: dict[str, list[list[float]]], ratios: tuple[float, ...] = RATIOS, metric: str = ""
) -> Curves:
    """Curves of methods: (seeds, ratios) each."""
    values = np.array(list(scores.values()), dtype=float)
    seeds = tuple(range(values.shape[1]))
    return Curves(metric, "", np.array(ratios), seeds, tuple(scores), values, 0)


def basis(*collapsed: tuple[int, int]) -> Section:
    """A table by ratio of one task, by two metrics: how many runs collapsed, a row for each pair."""
    columns = (
        Column("rte", "score", "RTE"),
        Column("rte", "score", "RTE", measure="own"),
        Column("average", "average", "Avg"),
    )
    rows = [
        Row("m", "m", {}, (Cell(collapsed=a), Cell(collapsed=b), Cell(collapsed=9))) for a, b in collapsed
    ]
    groups = (Group("", 0.0, tuple(rows)),)
    return Section("noise_curve", "noise", "", (), "bert-base", None, {}, {}, columns, groups)


def said(*found: Curves, table: Section | None = None) -> list[str]:
    return list(notes(found, table or basis(), "vanilla"))


FLAT = [[0.70, 0.70, 0.70]] * 3


def test_a_pair_that_changes_places_is_named_with_the_winner_first():
    steep = [[0.8, 0.7, 0.6], [0.81, 0.7, 0.61], [0.79, 0.7, 0.59]]
    assert said(curves({"vanilla": FLAT, "bidrop": steep})) == [
        "Changes of order from 0 % to 10 %: vanilla passes bidrop (in over 99 % of the draws). "
        "Draws: of the means, from the t distribution that the 3 seeds of all methods leave."
    ]


def test_the_share_of_the_draws_is_that_of_the_t_distribution():
    """Above at first and below at last: a change is one side of the first test, and the other of the last."""
    before, after = np.array([0.05, 0.05, 0.05]), np.array([-0.06, -0.03, 0.05])
    other = [[0.7 + a, 0.7, 0.7 + b] for a, b in zip(before, after, strict=True)]
    (line,) = said(curves({"vanilla": FLAT, "bidrop": other}))
    assert "vanilla passes bidrop" in line
    share = float(re.search(r"in (\d+) % of the draws", line)[1])
    p = stats.ttest_1samp(after, 0.0, alternative="less").pvalue
    assert share == pytest.approx(100 * (1 - p), abs=2)


def test_pairs_that_keep_their_order_are_told_by_the_least_sure_of_them():
    unsure = [[0.9, 0.9, 0.8], [0.9, 0.9, 0.9], [0.9, 0.9, 0.5]]
    (line,) = said(curves({"vanilla": FLAT, "rdrop": unsure, "bidrop": [[0.1, 0.1, 0.1]] * 3}))
    found = re.fullmatch(r"Changes of order from 0 % to 10 %: none; any pair in at most (\d+) %\. .*", line)
    p = stats.ttest_1samp([0.1, 0.2, -0.2], 0.0, alternative="greater").pvalue
    assert found and float(found[1]) == pytest.approx(100 * p, abs=2)


def test_what_seeds_cannot_make_certain_is_not_called_so():
    sure = [[0.9, 0.9, 0.9001], [0.9, 0.9, 0.9], [0.9, 0.9, 0.8999]]
    (line,) = said(curves({"vanilla": FLAT, "rdrop": sure}))
    assert "any pair in at most under 1 %" not in line and "any pair in under 1 %" in line


def test_one_method_alone_has_no_order():
    assert said(curves({"vanilla": FLAT})) == []


def test_two_seeds_that_all_have_are_needed_for_the_order():
    nan = float("nan")
    other = [[0.8, 0.8, 0.8], [0.8, nan, 0.8], [nan, 0.8, 0.8]]
    lines = said(curves({"vanilla": FLAT, "bidrop": [other[0], [nan] * 3, other[2]]}))
    assert lines[0] == (
        "Changes of order from 0 % to 10 %: these need 2 seeds that all methods have; there are 1."
    )
    assert lines[1] == (
        "Left out: seeds that lack a score for a task at one of 0 %, 5 %, 10 %; whole are: bidrop (1 of 3)."
    )
    assert lines[2] == "No interval and no test with fewer than 2 whole seeds: bidrop."


def test_a_seed_that_lacks_a_middle_ratio_is_left_out_of_the_curve_and_not_of_the_order():
    nan = float("nan")
    lines = said(curves({"vanilla": FLAT, "bidrop": [[0.8, nan, 0.8], [0.8, 0.8, 0.8], [0.8, 0.8, 0.8]]}))
    assert lines[0].endswith("from the t distribution that the 3 seeds of all methods leave.")
    assert lines[1].endswith("whole are: bidrop (2 of 3).") and len(lines) == 2


def test_several_metrics_are_told_apart():
    nan = float("nan")
    broken = {"vanilla": FLAT, "bidrop": [[0.8, 0.8, nan], *FLAT[1:]]}
    lines = said(curves({"vanilla": FLAT, "bidrop": FLAT}, metric="F1"), curves(broken, metric="label 1"))
    assert lines[0].startswith("Changes of order from 0 % to 10 %, F1: none")
    assert lines[1].startswith("Changes of order from 0 % to 10 %, label 1: none")
    assert lines[2].startswith("Left out, label 1: ") and len(lines) == 3


def test_long_lists_are_cut_after_six():
    nan = float("nan")
    scores = {"vanilla": FLAT} | {f"m{n}": [[nan] * 3, *FLAT[1:]] for n in range(8)}
    left = next(line for line in said(curves(scores)) if line.startswith("Left out"))
    assert left.endswith("; ".join(f"m{n} (2 of 3)" for n in range(6)) + "; and 2 more.")


def test_one_ratio_is_no_curve_and_nothing_else_is_said():
    lines = said(curves({"vanilla": [[0.6]], "bidrop": [[0.7]]}, (0.1,)), table=basis((1, 0)))
    assert lines == [
        "A curve needs two ratios, and there is 10 % alone: queue others, the clean run among them, such as "
        "--noise 0,0.1."
    ]


def test_collapsed_runs_are_counted_once_whatever_the_metrics():
    lines = said(curves({"vanilla": FLAT}), table=basis((1, 1), (2, 2)))
    assert lines == ["Runs that collapsed, and count: 3. Without them: --without-collapsed."]


def test_a_missing_baseline_is_named():
    one = curves({"bidrop": FLAT})
    lines = list(notes([Curves(**{**vars(one), "baseline": None})], basis(), "rdrop"))
    assert lines == ["rdrop has no jobs here, so there is no difference to it."]
