"""The best of each column, and what cannot be told from it."""

from __future__ import annotations

from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report


def test_the_best_is_marked_with_all_that_cannot_be_told_from_it_and_of_the_max_alone(rows):
    rows.jobs("rdrop", "rte", [0.65, 0.67, 0.68])
    rows.jobs("rdrop", "sst2", [0.88, 0.88, 0.88])
    (section,) = report(rows, show="mean,max").sections
    assert {m: cell(section, m, "rte").best for m in ("bidrop", "vanilla", "rdrop")} == {
        "bidrop": ("mean", "max"),
        "vanilla": (),
        "rdrop": ("mean",),
    }
    assert cell(section, "rdrop", "sst2").best == ("mean",)
    assert cell(section, "vanilla", "sst2").best == ("mean", "max")


def test_a_single_seed_has_no_best(rows):
    for method in ("vanilla", "bidrop", "rdrop"):
        rows.jobs(method, "cola", [0.6])
    (section,) = report(rows, tasks="cola").sections
    assert not any(found.best for row in section.groups[0].rows for found in row.cells)


def test_scores_that_print_alike_share_the_mark(rows):
    rows.jobs("rdrop", "rte", [0.67001, 0.67001, 0.67001])
    (section,) = report(rows, show="max").sections
    rows.jobs("mixout", "rte", [0.69001, 0.6, 0.6])
    (section,) = report(rows, show="max").sections
    assert cell(section, "bidrop", "rte").best == cell(section, "mixout", "rte").best == ("max",)
    assert cell(section, "rdrop", "rte").best == ()


def test_the_best_average_is_that_of_its_group():
    rows = Rows()
    for method, by in (("vanilla", 0.0), ("bidrop", 0.03), ("rdrop", 0.031)):
        for at, task in enumerate(("rte", "sst2")):
            rows.jobs(
                method,
                task,
                [0.7 + by + 0.002 * ((seed * (3 + at)) % (5 + int(1000 * by) % 7)) for seed in range(8)],
            )
    (section,) = report(rows).sections
    told = {
        row.label: (cell(section, row.label, "group").text, cell(section, row.label, "average").best)
        for row in section.groups[0].rows
    }
    assert told == {"vanilla": ("a", ()), "rdrop": ("b", ("mean",)), "bidrop": ("b", ("mean",))}
