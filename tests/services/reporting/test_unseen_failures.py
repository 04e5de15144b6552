"""Marks that failures might undo which the runs do not exclude."""

from __future__ import annotations

import numpy as np
import pytest

from ftbench.render import render
from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report


def table(gain: float, seeds: int = 5, task: str = "rte", **flags):
    rng, rows = np.random.default_rng(0), Rows()
    for method, by in (("vanilla", 0.0), ("bidrop", gain)):
        for name in (task, "sst2"):
            rows.jobs(method, name, [float(v) for v in rng.normal(0.8 + by, 0.002, seeds)])
    return report(rows, **flags)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_small_difference_of_few_runs_is_marked_with_what_failures_would_undo_it(sign):
    found = table(sign * 0.02)
    (section,) = found.sections
    tested = cell(section, "bidrop", "difference").tested
    better = "bidrop" if sign > 0 else "vanilla"
    height = cell(section, better, "average").mean - 0.5
    assert tested.undone_by == pytest.approx(abs(tested.difference) / height)
    assert tested.undone_by < 1 - 0.05 ** (1 / 10)  # none of its ten runs failed
    mark = "▲" if sign > 0 else "▼"
    assert (tested.mark, tested.shown) == (mark, f"{mark}°")
    text = " ".join(render(found, "rich").split())
    assert f"{mark}°" in text and "°: unless the better one fails more often than it did here" in text


def test_a_large_one_of_more_runs_has_none():
    (section,) = table(0.1, seeds=10).sections
    tested = cell(section, "bidrop", "difference").tested
    assert tested.mark == "▲" and tested.undone_by is None
    assert not any("°" in line for line in section.caption)


def test_runs_that_failed_may_do_so_again_and_what_they_cost_is_in_the_mean():
    rows, rng = Rows(), np.random.default_rng(0)
    for seed in range(8):
        rows.job("vanilla", "rte", seed, 0.6 + float(rng.normal(0, 0.002)))
        lost = {"state": "failed", "outcome": "diverged"} if seed == 0 else {}
        rows.job("bidrop", "rte", seed, None if lost else 0.9 + float(rng.normal(0, 0.002)), **lost)
    (section,) = report(rows).sections
    tested = cell(section, "bidrop", "difference").tested
    assert tested.mark == "▲" and tested.undone_by is None  # 0.25 / 0.4 is more than 0.471 - 1/8


def test_means_of_runs_that_did_not_fail_need_no_degree_sign():
    (section,) = table(0.02, estimand="two-part").sections
    tested = cell(section, "bidrop", "difference").tested
    assert tested.mark == "▲" and tested.undone_by is None
