"""Pairs on each task over seeds, against scipy and statsmodels called by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from ftbench.domain.topup import TopupPlan
from ftbench.services.comparing.by_task import by_task, compare
from ftbench.services.scores.levels import Topped
from tests.services.comparing.runs import by, compared, request
from tests.services.report_rows import Rows
from tests.services.stored import store

SCORES = {
    ("vanilla", "rte"): [0.70, 0.71, 0.69, 0.72, 0.70, 0.73],
    ("bidrop", "rte"): [0.73, 0.735, 0.715, 0.76, 0.725, 0.74],
    ("rdrop", "rte"): [0.69, 0.72, 0.69, 0.715, 0.71, 0.72],
    ("vanilla", "sst2"): [0.90, 0.91, 0.92, 0.93, 0.92, 0.90],
    ("bidrop", "sst2"): [0.895, 0.90, 0.905, 0.92, 0.90, 0.895],
    ("rdrop", "sst2"): [0.90, 0.92, 0.93, 0.925, 0.915, 0.91],
}
ORDER = ("bidrop", "rdrop", "vanilla")


def rows_of(scores=SCORES) -> Rows:
    rows = Rows()
    for (method, task), values in scores.items():
        rows.jobs(method, task, values)
    return rows


def sheet(rows: Rows, **more):
    (one,) = compared(rows, *ORDER, topped=more.pop("topped", ()))
    return by_task(one, request(*ORDER, **more))


def sides(left: str, right: str, task: str) -> tuple[np.ndarray, np.ndarray]:
    if task == "Avg":
        return tuple(np.mean([SCORES[m, "rte"], SCORES[m, "sst2"]], axis=0) for m in (left, right))
    name = {"RTE": "rte", "SST-2": "sst2"}[task]
    return np.array(SCORES[left, name]), np.array(SCORES[right, name])


def test_every_pair_has_a_row_on_each_task_and_on_their_average():
    rows = sheet(rows_of()).rows
    assert [(row["comparison"], row["task"]) for row in rows] == [
        (f"{left} − {right}", task)
        for left, right in (("bidrop", "rdrop"), ("bidrop", "vanilla"), ("rdrop", "vanilla"))
        for task in ("RTE", "SST-2", "Avg")
    ]


def test_differences_intervals_and_tests_are_those_of_scipy():
    for row in sheet(rows_of()).rows:
        mine, theirs = sides(row["left"], row["right"], row["task"])
        pairs = mine - theirs
        assert (row["n"], row["difference"]) == (6, pytest.approx(pairs.mean()))
        low, high = stats.t.interval(0.95, 5, pairs.mean(), stats.sem(pairs))
        assert (row["low"], row["high"], row["interval"]) == (
            pytest.approx(low),
            pytest.approx(high),
            "t",
        )
        assert row["p_t"] == pytest.approx(stats.ttest_rel(mine, theirs).pvalue)
        signs = np.array(np.meshgrid(*[[1, -1]] * 6)).reshape(6, -1).T
        flipped = np.abs((signs * np.round(pairs, 12)).mean(axis=1))
        assert row["p_sign_flip"] == pytest.approx((flipped >= abs(pairs.mean()) - 1e-12).mean())
        assert row["superiority"] == pytest.approx(((pairs > 1e-12) + 0.5 * (abs(pairs) < 1e-12)).mean())
        # A zero has no sign to flip: of the others, all of one sign is the least likely.
        assert row["smallest_p"] == 2 / 2 ** np.count_nonzero(np.round(pairs, 12))


def test_the_effect_is_hedges_g_with_the_interval_of_the_noncentral_t():
    for row in sheet(rows_of()).rows:
        mine, theirs = sides(row["left"], row["right"], row["task"])
        pairs = np.round(mine - theirs, 12)
        unbiased = special.gamma(5 / 2) / (np.sqrt(5 / 2) * special.gamma(2))
        t = pairs.mean() / stats.sem(pairs)
        assert row["g"] == pytest.approx(unbiased * pairs.mean() / pairs.std(ddof=1))
        for end, share in ((row["g_low"], 0.975), (row["g_high"], 0.025)):
            assert stats.nct.cdf(t, 5, end / unbiased * np.sqrt(6)) == pytest.approx(share, abs=1e-6)


def test_ranks_of_distinct_differences_are_those_of_the_exact_wilcoxon():
    found = by(sheet(rows_of()), "comparison", "task")["bidrop − vanilla", "RTE"]
    mine, theirs = sides("bidrop", "vanilla", "RTE")
    exact = stats.wilcoxon(np.round(mine - theirs, 12), method="exact").pvalue
    assert found["p_wilcoxon"] == pytest.approx(exact) == 2 / 2**6


@pytest.mark.parametrize(("correction", "name"), [("holm", "holm"), ("bh", "fdr_bh"), ("none", None)])
@pytest.mark.parametrize(("test", "field"), [("t", "p_t"), ("sign-flip", "p_sign_flip")])
def test_the_chosen_test_is_corrected_over_the_sheet_and_decides_the_marks(correction, name, test, field):
    found = sheet(rows_of(), correction=correction, test=test)
    plain = [row[field] for row in found.rows]
    wanted = multipletests(plain, method=name)[1] if name else plain
    assert [row["p_corrected"] for row in found.rows] == pytest.approx(list(wanted))
    for row in found.rows:
        mark = "" if row["p_corrected"] >= 0.05 else "better" if row["difference"] > 0 else "worse"
        assert row["mark"] == mark
    if test == "t" and correction == "none":
        assert {row["mark"] for row in found.rows} == {"better", "worse", ""}
    titles = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": ""}
    assert titles[correction] in found.notes[0] and "the 9 comparisons of this table" in found.notes[0]


def test_a_seed_that_one_side_lacks_is_dropped_and_named_with_that_side():
    scores = dict(SCORES)
    scores["bidrop", "rte"] = SCORES["bidrop", "rte"][:4]
    scores["vanilla", "rte"] = [*SCORES["vanilla", "rte"], 0.7]
    found = sheet(rows_of(scores), untested=True)
    row = by(found, "comparison", "task")["bidrop − vanilla", "RTE"]
    assert (row["n"], row["dropped"]) == (4, "vanilla alone has 4–6")
    assert row["p_t"] == pytest.approx(
        stats.ttest_rel(scores["bidrop", "rte"], scores["vanilla", "rte"][:4]).pvalue
    )
    told = "Dropped from bidrop − vanilla on RTE: seeds that one method lacks (vanilla alone has 4–6)."
    assert told in found.notes
    assert by(found, "comparison", "task")["bidrop − vanilla", "SST-2"]["dropped"] is None


def test_what_cannot_be_tested_is_said_and_is_in_no_family():
    scores = {("vanilla", "rte"): [0.7, 0.71], ("bidrop", "rte"): [0.8], ("rdrop", "rte"): [0.72, 0.74]}
    assert "No test for 2 of the 3 comparisons; --untested says why." in sheet(rows_of(scores)).notes
    found = sheet(rows_of(scores), untested=True)
    rows = by(found, "comparison")
    assert rows["bidrop − vanilla"]["p_t"] is None and "p_corrected" not in rows["bidrop − vanilla"]
    assert "low" not in rows["bidrop − vanilla"] and rows["bidrop − vanilla"]["smallest_p"] is None
    assert "No test for bidrop − vanilla on RTE: too few pairs: needs 2, has 1." in found.notes
    assert "the 1 comparisons of this table" in found.notes[0]
    assert rows["rdrop − vanilla"]["p_corrected"] == rows["rdrop − vanilla"]["p_t"]


def test_topped_up_runs_are_marked_at_the_level_of_their_plan():
    rows = rows_of({key: SCORES[key] for key in SCORES if key[0] != "rdrop" and key[1] == "rte"})
    p = stats.ttest_rel(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"]).pvalue
    looks = int(0.05 / p) + 2  # each look's level is just below p
    plan = TopupPlan("p", (), 0.05, 0.0, tuple(range(99)), tuple(range(6, 6 + looks)))
    (digest, *_) = [cell.digest for cell in rows.cells]
    for topped, mark in (((), "better"), ((Topped(plan, frozenset({digest})),), "")):
        (one,) = compared(rows, "bidrop", "vanilla", topped=topped)
        found = by_task(one, request("bidrop", "vanilla"))
        assert found.rows[0]["mark"] == mark
        assert (plan.said() in found.notes) == bool(topped)


def test_a_database_gives_a_sheet_by_task_and_two_across_tasks_for_each_setting(database):
    store(database, SCORES)
    found = compare(database, request("bidrop", "vanilla"))
    assert [one.name for one in found] == ["tasks", "methods", "pairs"]
    assert [one.name for one in compare(database, request("bidrop", "vanilla", tasks="rte"))] == ["tasks"]
    assert by(found[0], "task")["RTE"]["difference"] == pytest.approx(
        np.mean(SCORES["bidrop", "rte"]) - np.mean(SCORES["vanilla", "rte"])
    )
