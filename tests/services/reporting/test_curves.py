"""The table of curves, from rows made by hand."""

from __future__ import annotations

import json
import re

import pytest
from scipy import stats

from ftbench.domain.topup import TopupPlan
from ftbench.render import behind, latex_macros, render
from ftbench.render.table import WORSE, Cell, Report, Section
from ftbench.services.reporting.build import tabulate
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.levels import Topped
from tests.services.report_rows import Rows
from tests.services.requests import report_request, table_of

#: ratio -> three seeds' averages; bidrop begins 2 points above vanilla and loses a point more per 5 %.
VANILLA = {0.0: [0.70, 0.71, 0.72], 0.05: [0.69, 0.70, 0.71], 0.1: [0.68, 0.69, 0.70]}
BIDROP = {0.0: [0.73, 0.73, 0.73], 0.05: [0.711, 0.71, 0.709], 0.1: [0.67, 0.67, 0.67]}
AT = ("slope", "area", "below", "slope_difference")


def noisy() -> Rows:
    """Two tasks, a point above and below the average."""
    rows = Rows()
    for method, curve in (("vanilla", VANILLA), ("bidrop", BIDROP)):
        for ratio, scores in curve.items():
            for task, more in (("rte", 0.01), ("mrpc", -0.01)):
                rows.jobs(method, task, [score + more for score in scores], noise=ratio)
    return rows


def report(rows: Rows, **flags: str) -> Report:
    return table_of(rows, report_request("curves", **flags))


def cells(section: Section, label: str) -> dict[str, Cell]:
    row = next(row for row in section.groups[0].rows if row.label == label)
    return dict(zip([column.name for column in section.columns], row.cells, strict=True))


def test_a_row_is_a_methods_slope_area_and_crossing_with_intervals():
    (section,) = report(noisy()).sections
    vanilla, bidrop = cells(section, "vanilla"), cells(section, "bidrop")
    assert tuple(vanilla) == AT and section.part == "noise_curve"
    assert (vanilla["slope"].mean, vanilla["slope"].n) == (pytest.approx(-0.02), 3)  # for 10 % of the ratio
    assert bidrop["slope"].mean == pytest.approx(-0.06)
    assert vanilla["area"].mean == pytest.approx(0.70)
    assert bidrop["area"].mean == pytest.approx((0.73 / 2 + 0.71 + 0.67 / 2) / 2)
    assert vanilla["area"].values == pytest.approx((0.69, 0.70, 0.71))
    low, high = stats.ttest_1samp([0.69, 0.70, 0.71], 0.0).confidence_interval(0.95)
    assert (vanilla["area"].low, vanilla["area"].high) == (pytest.approx(low), pytest.approx(high))
    assert bidrop["below"].mean == pytest.approx(0.05 + 0.05 * 0.01 / 0.03)  # 1 point above, then 2 below
    assert (bidrop["below"].low, bidrop["below"].high) == (pytest.approx(0.0, abs=0.05), 0.1)
    assert not vanilla["below"].applies and not vanilla["slope_difference"].applies


def test_slopes_are_tested_against_the_baseline_as_one_family():
    rows = noisy()
    for ratio, scores in VANILLA.items():
        for task in ("rte", "mrpc"):
            drawn = [score + 0.001 * seed * (1 + 10 * ratio) for seed, score in enumerate(scores)]
            rows.jobs("rdrop", task, drawn, noise=ratio)
    (section,) = report(rows).sections
    each = [(-0.06) - s for s in (-0.02, -0.02, -0.02)]
    bidrop, rdrop = (cells(section, name)["slope_difference"] for name in ("bidrop", "rdrop"))
    assert bidrop.mean == pytest.approx(sum(each) / 3) and bidrop.tested is None  # all differences are equal
    slopes = [0.1 * 0.01 * seed for seed in range(3)]
    assert rdrop.values == pytest.approx(slopes)
    assert rdrop.tested.p == rdrop.tested.p_corrected == pytest.approx(stats.ttest_1samp(slopes, 0).pvalue)
    assert "Holm over the 1 comparisons of this table" in section.caption[-1]
    assert "method × noise interaction" in section.caption[-1]


def test_a_steeper_slope_is_marked_and_holm_counts_every_row():
    rows = noisy()
    for ratio in VANILLA:
        for name, loss in (("mixout", (0.9, 1.0, 1.1)), ("rdrop", (0.1, 0.2, 0.31))):
            for task in ("rte", "mrpc"):
                rows.jobs(name, task, [0.7 - ratio * one for one in loss], noise=ratio)
    (section,) = report(rows).sections
    mixout = cells(section, "mixout")["slope_difference"]
    plain = stats.ttest_1samp([-0.07, -0.08, -0.09], 0.0).pvalue
    assert (mixout.tested.p, mixout.tested.p_corrected) == (pytest.approx(plain), pytest.approx(2 * plain))
    assert mixout.tested.mark == WORSE
    assert cells(section, "rdrop")["slope_difference"].tested.mark == ""


def test_topped_up_runs_are_marked_at_the_level_of_their_plan():
    rows = noisy()
    for ratio in VANILLA:
        for task in ("rte", "mrpc"):
            rows.jobs("mixout", task, [0.7 - ratio * one for one in (0.9, 1.0, 1.1)], noise=ratio)
    plan = TopupPlan("p", (), 0.05, 0.0, tuple(range(30)), tuple(range(3, 23)))  # 20 looks: 0.0025 each
    for digests, mark, level in (({"0" * 64}, WORSE, "0.05."), ({rows.cells[0].digest}, "", "0.0025.")):
        topped = [Topped(plan, frozenset(digests))]
        found = tabulate(rows.cells, rows.scores, ReportRequest(table="curves"), topped=topped)
        tested = cells(found.sections[0], "mixout")["slope_difference"].tested
        assert tested.p_corrected == pytest.approx(0.00517, abs=1e-5) and tested.mark == mark
        assert any(line.endswith(f"of this table, {level}") for line in found.sections[0].caption)


def test_a_method_that_stays_above_says_so():
    rows = noisy()
    for ratio, scores in VANILLA.items():
        for task in ("rte", "mrpc"):
            rows.jobs("rdrop", task, [score + 0.05 for score in scores], noise=ratio)
    (section,) = report(rows).sections
    below = cells(section, "rdrop")["below"]
    assert (below.mean, below.low, below.text, below.n) == (None, None, "not by 10 %", 3)
    told = render(report(rows), "markdown")
    assert "| not by 10 % |" in told and "n=3 in every cell." in told


def test_one_ratio_has_no_estimates():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6, 0.7], noise=0.1)
    (section,) = report(rows).sections
    assert [cell.mean for cell in cells(section, "vanilla").values()] == [None] * 4


def test_one_seed_has_a_mean_and_no_interval_and_the_line_says_what_is_needed():
    rows = Rows()
    for method, curve in (("vanilla", VANILLA), ("bidrop", BIDROP)):
        for ratio, scores in curve.items():
            rows.job(method, "rte", 0, scores[0], noise=ratio)
    (section,) = report(rows).sections
    slope = cells(section, "bidrop")["slope"]
    assert (slope.mean, slope.low, slope.n) == (pytest.approx(-0.06), None, 1)
    assert cells(section, "bidrop")["below"].mean == pytest.approx(0.05 + 0.05 * 0.021 / 0.031)
    assert "Changes of order from 0 % to 10 %: these need 2 seeds that all methods have; there are 1." in (
        section.notes
    )
    assert "No interval and no test with fewer than 2 whole seeds: Vanilla; Bi-Drop." in section.notes
    assert section.caption[-1].startswith("No slope is tested: a test needs a method beside Vanilla")


def test_seeds_that_lack_a_score_are_left_out_and_counted():
    rows = noisy()
    there = [c for c in rows.cells if (c.method, c.task, c.seed) == ("bidrop", "rte", 2)]
    lost = next(c for c in there if c.perturbation.value("noise") == 0.05)
    rows.scores = [score for score in rows.scores if score.digest != lost.digest]
    (section,) = report(rows).sections
    slope = cells(section, "bidrop")["slope"]
    assert (slope.n, slope.planned, slope.seeds) == (2, 3, (0, 1))
    assert cells(section, "vanilla")["slope"].n == 3
    assert (
        "Left out: seeds that lack a score for a task at one of 0 %, 5 %, 10 %; whole are: Bi-Drop (2 of 3)."
        in section.notes
    )


def test_reduction_has_curves_of_label_1_and_of_the_tasks_own_metric():
    rows = Rows()
    for ratio, recall, own in ((0.0, 0.8, 0.7), (0.5, 0.3, 0.6)):
        for seed in range(2):
            rows.job("vanilla", "rte", seed, own, reduction=ratio, also={"accuracy_label1": recall})
    (section,) = report(rows).sections
    found = cells(section, "vanilla")
    assert tuple(found) == (*AT, *(f"{key}:own" for key in AT))
    assert (found["slope"].mean, found["slope:own"].mean) == (pytest.approx(-0.1), pytest.approx(-0.02))
    assert [column.subtitle for column in section.columns[:2]] == ["label 1, per 10 %", "label 1"]


def test_behind_an_estimate_are_the_scores_of_every_ratio():
    found = report(noisy())
    (section,) = found.sections
    row = next(row for row in section.groups[0].rows if row.label == "bidrop")
    alone, both = (
        behind.sources(found, section, section.groups[0], row, section.columns[at]) for at in (0, 3)
    )
    assert [source.title for source in alone[:2]] == [
        "Bi-Drop · MRPC · noise 0 %",
        "Bi-Drop · RTE · noise 0 %",
    ]
    assert len(alone) == 6 and len(both) == 12 and all(len(source.cell.jobs) == 3 for source in both)


def test_every_format_has_the_interval(tmp_path):
    found = report(noisy())
    area = cells(found.sections[0], "vanilla")["area"]
    told = f"70.00 ({100 * area.low:.2f} to {100 * area.high:.2f})"
    for name in ("rich", "markdown", "latex"):
        assert told in render(found, name)
    assert "$-$2.00 ($-$2.00 to $-$2.00)" in render(found, "latex")
    page = render(found, "html")
    assert f"({100 * area.low:.2f} to {100 * area.high:.2f})" in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    sources = [data["cells"][key] for key, _ in data["cells"]["0.0.0.1"]["from"]]
    assert [len(source["jobs"]) for source in sources] == [3] * 6
    macros = latex_macros.render(found)
    assert r"\newcommand{\ftNoiseCurveBertBaseVanillaArea}{70.00}" in macros
    assert rf"\newcommand{{\ftNoiseCurveBertBaseVanillaAreaLow}}{{{100 * area.low:.2f}}}" in macros
