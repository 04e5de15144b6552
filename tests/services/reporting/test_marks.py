"""What a table marks: differences to the baseline, groups, collapsed runs, other statistics."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from ftbench.errors import UnknownName
from ftbench.render import render
from ftbench.stats import steady
from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report

VANILLA = {"rte": [0.60, 0.62, 0.61, 0.63], "sst2": [0.90, 0.91, 0.92, 0.93]}
BIDROP = {"rte": [0.70, 0.725, 0.71, 0.735], "sst2": [0.91, 0.90, 0.93, 0.92]}


@pytest.fixture
def rows() -> Rows:
    rows = Rows()
    for method, scores in (("vanilla", VANILLA), ("bidrop", BIDROP)):
        for task, values in scores.items():
            rows.jobs(method, task, values)
    return rows


def apart(tasks=("rte", "sst2")) -> np.ndarray:
    return np.array([BIDROP[task] for task in tasks]).T - np.array([VANILLA[task] for task in tasks]).T


def test_the_average_is_asked_first_and_opens_the_way_to_its_cells(rows):
    (section,) = report(rows).sections
    p = [stats.ttest_rel(BIDROP[task], VANILLA[task]).pvalue for task in ("rte", "sst2")]
    found = steady.means(apart()[None], np.ones((1, 2), dtype=bool), np.zeros(1, dtype=int))
    average = cell(section, "bidrop", "difference")
    assert average.tested.p == average.tested.p_corrected == pytest.approx(found.p[0])
    assert average.mean == average.tested.difference == pytest.approx(apart().mean())
    assert (average.low, average.high) == pytest.approx([end[0] for end in found.interval()])
    assert (average.tested.mark, average.tested.n, average.tested.test) == ("▲", 4, "t")
    rte, sst2 = (cell(section, "bidrop", task).tested for task in ("rte", "sst2"))
    assert (rte.p, rte.p_corrected) == (pytest.approx(p[0]), pytest.approx(max(found.p[0], 2 * p[0])))
    assert (rte.mark, rte.n, rte.difference) == ("▲", 4, pytest.approx(np.mean(BIDROP["rte"]) - 0.615))
    assert (sst2.mark, sst2.p_corrected) == ("", pytest.approx(min(1, 2 * p[1])))
    assert rte.low < rte.difference < rte.high
    assert cell(section, "vanilla", "rte").tested is None
    assert "1 average against Vanilla; where one is told apart, its share" in section.caption[-1]


def test_a_difference_that_only_its_own_p_bears_out_has_no_mark(rows):
    for method, last in (("rdrop", 0.735), ("mixout", 0.71)):
        rows.jobs(method, "rte", [0.62, 0.63, 0.62, 0.66])
        rows.jobs(method, "sst2", [0.90, 0.91, 0.92, last])
    (section,) = report(rows).sections
    found = cell(section, "mixout", "rte").tested
    assert found.p < 0.05 < found.p_corrected and found.mark == ""


def test_a_method_that_lacks_a_task_has_no_letter_and_says_so(rows):
    rows.jobs("rdrop", "rte", [0.70, 0.72, 0.715, 0.733])
    rows.jobs("rdrop", "sst2", [0.905, 0.91, 0.92, 0.93])
    rows.jobs("mixout", "rte", [0.70, 0.725, 0.71, 0.735])
    (section,) = report(rows).sections
    assert cell(section, "mixout", "rte").tested.mark == "▲"
    group, average = cell(section, "mixout", "group"), cell(section, "mixout", "difference")
    assert (group.text, bool(group.untested)) == ("", True)
    assert average.tested is None and average.untested == "not every task can be compared with the baseline"
    assert {row.label for row in section.groups[0].rows} == {"vanilla", "bidrop", "rdrop", "mixout"}
    assert "n/c" in render(report(rows), "rich") and "1 other pair." in section.caption[-1]
    document = json.loads(render(report(rows), "json"))
    cells = {row["label"]: row["cells"] for row in document["sections"][0]["groups"][0]["rows"]}
    assert cells["mixout"]["group"] == {"text": "", "untested": group.untested}
    assert cells["mixout"]["difference"]["untested"] and not cells["bidrop"]["difference"]["untested"]


def test_differences_that_are_equal_and_seeds_that_are_not_shared_cannot_be_compared():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.60, 0.61, 0.62])
    rows.jobs("bidrop", "rte", [0.70, 0.71, 0.72])
    for seed in (7, 8, 9):
        rows.job("rdrop", "rte", seed, 0.7 + seed / 1000)
    rows.jobs("mixout", "rte", [0.60, 0.63, 0.64])
    (section,) = report(rows).sections
    found = {label: cell(section, label, "rte") for label in ("bidrop", "rdrop", "mixout")}
    assert found["bidrop"].untested == "all differences are equal"
    assert found["rdrop"].untested == "fewer than two seeds in common with the baseline"
    assert found["mixout"].tested and not found["mixout"].untested


def test_imbalance_says_which_columns_are_not_tested():
    rows = Rows()
    for ratio in (0.0, 0.5):
        for method, scores in (("vanilla", VANILLA), ("bidrop", BIDROP)):
            for seed, value in enumerate(scores["rte"]):
                rows.job(method, "rte", seed, value, reduction=ratio, also={"accuracy_label1": value + 0.1})
    section = next(s for s in report(rows, "robustness").sections if s.part == "reduction")
    assert section.caption[-1].endswith("Not tested: each task's own metric (RTE).")
    assert cell(section, "bidrop", "difference", 1).tested.mark == "▲"


def test_a_task_on_which_some_method_lacks_runs_is_tested_on_those_that_are_there(rows):
    rows.jobs("rdrop", "rte", [0.70, 0.725, 0.71])
    (section,) = report(rows).sections
    assert cell(section, "rdrop", "rte").tested.n == 3
    assert cell(section, "rdrop", "sst2").tested is None
    assert cell(section, "bidrop", "sst2").tested.n == 4


def test_a_worse_method_is_marked_so_and_the_mark_is_shown(rows):
    (section,) = report(rows, baseline="bidrop").sections
    assert cell(section, "vanilla", "rte").tested.mark == "▼"
    text = render(report(rows, baseline="bidrop"), "rich")
    assert "n=4 in every cell." in text and "▼" in text.split("Clean training data")[0]


def test_methods_that_cannot_be_told_apart_share_a_letter(rows):
    rows.jobs("rdrop", "rte", [0.70, 0.72, 0.715, 0.733])
    rows.jobs("rdrop", "sst2", [0.905, 0.91, 0.92, 0.93])
    (section,) = report(rows).sections
    found = {row.label: row.cells[-2].text for row in section.groups[0].rows}
    assert found["bidrop"] == found["rdrop"] != found["vanilla"]


def test_one_seed_marks_nothing_and_says_so():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6])
    rows.jobs("bidrop", "rte", [0.9])
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "rte").tested is None and not cell(section, "bidrop", "rte").untested
    assert not cell(section, "bidrop", "group").applies
    assert section.caption[-1].startswith("Nothing is tested: a test needs two methods with two seeds")


def test_coverage_counts_the_scores_there_of_those_queued(rows):
    rows.job("bidrop", "rte", 4, state="failed")
    rows.job("vanilla", "rte", 4, 0.6)
    (section,) = report(rows).sections
    assert [row.cells[-1].text for row in section.groups[0].rows] == ["9/9", "8/9"]


def test_all_ratios_are_one_family(rows):
    for method, scores in (("vanilla", VANILLA), ("bidrop", BIDROP)):
        for task, values in scores.items():
            rows.jobs(method, task, [value - 0.1 for value in values], noise=0.1)
    section = report(rows, "robustness").sections[0]
    assert "2 averages against Vanilla" in section.caption[-1] and "Not tested: drop." in section.caption[-1]
    alone = cell(report(rows).sections[0], "bidrop", "difference").tested
    both = cell(section, "bidrop", "average", 1).tested
    assert both.p_corrected == pytest.approx(2 * alone.p_corrected) and both.mark == "▲"


def test_a_sweep_of_many_rows_has_no_groups():
    rows = Rows()
    for k in range(51):
        rows.jobs("bidrop", "rte", [0.6, 0.61, 0.65], hparams_={"k": k}, label=f"bidrop[k={k}]")
    rows.jobs("vanilla", "rte", [0.5, 0.52, 0.51])
    (section,) = report(rows).sections
    assert not any(row.cells[-2].applies for row in section.groups[0].rows)
    assert "No groups: more than 50 rows." in section.caption[-1]
    assert "51 averages against Vanilla." in section.caption[-1]


COLLAPSED = {"matthews": 0.0, "accuracy_label1": 1.0}


def test_collapsed_runs_are_counted_kept_and_left_out_on_request(rows):
    rows.job("bidrop", "rte", 4, 0.53, also=COLLAPSED)
    rows.job("vanilla", "rte", 4, 0.62, also={"matthews": 0.3, "accuracy_label1": 0.9})
    (section,) = report(rows).sections
    rte = cell(section, "bidrop", "rte")
    assert (rte.collapsed, rte.n) == (1, 5) and rte.mean == pytest.approx(np.mean([*BIDROP["rte"], 0.53]))
    assert cell(section, "vanilla", "rte").collapsed == 0
    assert any("Bi-Drop on RTE: 1. Without them: --without-collapsed." in note for note in section.notes)
    assert "n=5 c=1" in render(report(rows), "rich")
    (section,) = report(rows, collapsed=False).sections
    rte = cell(section, "bidrop", "rte")
    assert (rte.n, rte.planned, dict(rte.missing)) == (4, 5, {"collapsed": 1})
    assert rte.tested is None and rte.untested and not cell(section, "bidrop", "group").text


def test_other_statistics_on_request(rows):
    (section,) = report(rows, show="median,iqm,std").sections
    rte = cell(section, "bidrop", "rte")
    assert (rte.statistics["median"], rte.statistics["iqm"]) == (
        pytest.approx(0.7175),
        pytest.approx(np.mean([0.71, 0.725])),
    )
    assert section.columns[0].show == ("median", "iqm", "std")
    assert section.caption[0].startswith(
        "Clean training data. Median (interquartile mean) ± standard deviation (ddof 1) over"
    )
    assert rte.best == ("median", "iqm")
    average = cell(section, "bidrop", "average")
    assert average.statistics["median"] == pytest.approx((0.7175 + 0.915) / 2)
    with pytest.raises(UnknownName, match="unknown statistic 'medain'; did you mean 'median'"):
        report(rows, show="medain")
