"""What a report can be asked for."""

from __future__ import annotations

import pytest

from ftbench.errors import UnknownName, UsageError
from ftbench.services.reporting.request import ReportRequest
from tests.services.report_rows import Rows
from tests.services.reporting.reading import report


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"table": "mian"}, UnknownName, "unknown table 'mian'; did you mean 'main'?"),
        ({"show": ("mean", "medain")}, UnknownName, "unknown statistic 'medain'; did you mean 'median'?"),
        (
            {"table": "curves", "show": ("mean",)},
            UsageError,
            "--show does not go with the table 'curves'; leave one of the two out",
        ),
    ],
)
def test_what_no_report_can_be_is_refused_at_once(fields, error, message):
    with pytest.raises(error) as caught:
        ReportRequest(**fields)
    assert str(caught.value) == message


def test_without_more_it_is_the_main_table_against_vanilla_with_collapsed_runs():
    request = ReportRequest()
    assert (request.table, request.selection.baseline_label, request.show) == ("main", "vanilla", ())
    assert request.collapsed


@pytest.mark.parametrize("table", ["main", "robustness"])
def test_statistics_that_are_asked_for_replace_those_of_every_block(table):
    rows = Rows()
    for ratio in (0.0, 0.5):
        rows.jobs("vanilla", "rte", [0.6, 0.8], reduction=ratio, also={"accuracy_label1": 0.3})
    section = report(rows, table, show="max,median").sections[0]
    shown = {c.show for c in section.columns if c.kind in ("score", "average", "difference")}
    assert shown == {("max", "median")}
    assert ReportRequest(table=table).show == ()
    usual = report(rows, table).sections[0].columns[0].show
    assert usual[0] == "mean" and usual != ("max", "median")
