"""Methods across tasks, against scipy called by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ftbench.render.numbers import p_equals
from ftbench.services.comparing.across import sheets
from tests.services.comparing.runs import by, compared, request
from tests.services.report_rows import Rows

TASKS = ("cola", "mrpc", "rte", "stsb", "sst2", "qnli", "qqp", "wnli")
ORDER = ("vanilla", "bidrop", "rdrop")


def scores_of(seed: int = 3) -> dict[str, np.ndarray]:
    """Method -> (seeds, tasks): bidrop ahead on every task, rdrop about as good as vanilla."""
    rng = np.random.default_rng(seed)
    base = np.linspace(0.5, 0.9, len(TASKS)) + rng.normal(0, 0.005, (3, len(TASKS)))
    near = base + rng.normal(0, 0.01, base.shape)
    return {"vanilla": base, "bidrop": base + 0.03 + rng.normal(0, 0.004, base.shape), "rdrop": near}


def rows_of(scores: dict[str, np.ndarray]) -> Rows:
    rows = Rows()
    for method, values in scores.items():
        for at, task in enumerate(TASKS[: values.shape[1]]):
            rows.jobs(method, task, [v for v in values[:, at] if np.isfinite(v)])
    return rows


def both(scores: dict[str, np.ndarray], *order: str, **more):
    (one,) = compared(rows_of(scores), *(order or ORDER))
    return list(sheets(one, request(*(order or ORDER), **more)))


def test_methods_stand_by_average_rank_with_the_mean_of_their_task_means():
    scores = scores_of()
    methods, _ = both(scores)
    means = np.array([scores[name].mean(axis=0) for name in ORDER])
    ranks = dict(zip(ORDER, stats.rankdata(-means, axis=0).mean(axis=1), strict=True))
    assert [row["method"] for row in methods.rows] == sorted(ORDER, key=ranks.get)
    for row in methods.rows:
        assert row["rank"] == pytest.approx(ranks[row["method"]])
        assert row["mean"] == pytest.approx(scores[row["method"]].mean(axis=0).mean())
        middle = np.sort(scores[row["method"]].ravel())[6:18]  # of 24 runs the middle half
        assert row["iqm"] == pytest.approx(middle.mean())
        assert row["iqm_low"] < row["iqm"] < row["iqm_high"]


def test_groups_and_the_friedman_line_are_those_of_scipy():
    scores = scores_of()
    methods, _ = both(scores)
    means = {name: scores[name].mean(axis=0) for name in ORDER}
    pairs = list(itertools.combinations(ORDER, 2))
    plain = [stats.wilcoxon(means[a] - means[b], method="exact").pvalue for a, b in pairs]
    holm = dict(zip(pairs, multipletests(plain, method="holm")[1], strict=True))
    groups = {row["method"]: row["wilcoxon_group"] for row in methods.rows}
    nemenyi = {row["method"]: row["nemenyi_group"] for row in methods.rows}
    rank = {row["method"]: row["rank"] for row in methods.rows}
    critical = stats.studentized_range.ppf(0.95, 3, np.inf) / math.sqrt(2) * math.sqrt(3 * 4 / (6 * 8))
    for (a, b), p in holm.items():
        assert (not set(groups[a]) & set(groups[b])) == (p < 0.05)
        assert (not set(nemenyi[a]) & set(nemenyi[b])) == (abs(rank[a] - rank[b]) > critical)
    assert groups["bidrop"] == "a" and groups["vanilla"] == groups["rdrop"] == "b"
    friedman = stats.friedmanchisquare(*means.values()).pvalue
    told = f"Friedman: {p_equals(friedman)}; critical difference of the average rank (Nemenyi, 0.05): "
    assert f"{told}{critical:.2f}." in methods.notes


def test_a_run_improves_as_often_as_it_beats_the_others_runs():
    scores = scores_of()
    _, pairs = both(scores)
    for row in pairs.rows:
        mine, theirs = scores[row["left"]], scores[row["right"]]
        wins = [np.mean([[a > b for a in mine[:, t]] for b in theirs[:, t]]) for t in range(len(TASKS))]
        assert row["improvement"] == pytest.approx(np.mean(wins)) and row["tasks"] == len(TASKS)
        assert row["improvement_low"] <= row["improvement"] <= row["improvement_high"]


def test_the_posterior_follows_direction_and_region():
    scores = scores_of()
    _, pairs = both(scores, region=0.01)
    found = by(pairs, "comparison")
    ahead, behind = found["vanilla − bidrop"], found["bidrop − rdrop"]
    assert ahead["worse"] > 0.99 and behind["better"] > 0.99  # 3 points on each of 8 tasks
    assert found["vanilla − rdrop"]["same"] > 0.9
    _, wide = both(scores, region=0.05)
    assert all(row["same"] > 0.99 for row in wide.rows)
    for row in pairs.rows:
        assert row["better"] + row["same"] + row["worse"] == pytest.approx(1)


def test_only_tasks_and_seeds_that_every_method_has_count():
    scores = scores_of()
    scores["rdrop"] = scores["rdrop"][:, :6].copy()  # lacks two tasks
    scores["bidrop"] = scores["bidrop"].copy()
    scores["bidrop"][2, 0] = np.nan  # and a seed of the first
    methods, pairs = both(scores)
    found = by(methods, "method")
    first = scores["vanilla"][:, :6].copy()
    first[2, 0] = np.nan
    assert found["vanilla"]["mean"] == pytest.approx(np.nanmean(first, axis=0).mean())
    assert methods.notes[0].startswith("Over the 6 of 8 tasks, and the seeds, that all methods have;")
    assert {row["tasks"] for row in pairs.rows} == {6}


def test_too_few_tasks_say_which_p_they_cannot_reach():
    few = {name: values[:, :4] for name, values in scores_of().items()}
    methods, _ = both(few)
    assert methods.notes[-1] == "With 4 tasks a signed-rank test of one pair cannot reach a p below 0.125."
    six = {name: values[:, :6] for name, values in scores_of().items()}
    assert both(six)[0].notes[-1].endswith("a p below 0.0312.")  # which three pairs bring above 0.05
    two = {name: six[name] for name in ("vanilla", "bidrop")}
    assert not any("cannot reach" in note for note in both(two, "vanilla", "bidrop")[0].notes)
    many, _ = both(scores_of())  # 2 / 2^8 three times is below 0.05
    assert not any("cannot reach" in note for note in many.notes)


def test_two_methods_have_no_friedman_test_and_one_task_has_nothing_across():
    scores = scores_of()
    two = {name: scores[name] for name in ("vanilla", "bidrop")}
    methods, _ = both(two, "vanilla", "bidrop")
    assert "No Friedman test: too few methods: needs 3, has 2." in methods.notes
    assert both({name: values[:, :1] for name, values in scores.items()}) == []
