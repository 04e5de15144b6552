"""A report's scores as a data frame."""

from __future__ import annotations

import pytest

from ftbench.render import tidy
from tests.services.report_rows import Rows
from tests.services.requests import report_request, table_of

FIELDS = ["ratio", "label", "method", "task", "metric", "seed", "value"]


def test_every_score_is_a_row_in_the_order_of_the_table():
    rows = Rows()
    jobs = rows.jobs("bidrop[k=3]", "rte", [0.7, 0.8], hparams_={"p": 0.5, "k": 3})
    vanilla = rows.job("vanilla", "rte", 1, 0.6)
    rows.job("vanilla", "rte", 0, state="queued")
    frame = tidy.frame_of(table_of(rows, report_request()))
    assert frame[FIELDS].values.tolist() == [
        [0.0, "Vanilla", "vanilla", "RTE", "accuracy", 1, 0.6],
        [0.0, "Bi-Drop (k=3)", "bidrop", "RTE", "accuracy", 0, 0.7],
        [0.0, "Bi-Drop (k=3)", "bidrop", "RTE", "accuracy", 1, 0.8],
    ]
    assert frame["job"].tolist() == [vanilla, *jobs]
    assert frame["hparams"].tolist() == ["{}", *['{"k": 3, "p": 0.5}'] * 2]
    assert frame["section"].nunique() == 1 and frame["section"][0].startswith("Main results")


def test_of_two_metrics_the_tasks_own_is_given_or_the_first_of_the_table():
    rows = Rows()
    for ratio in (0.0, 0.5):
        rows.job("vanilla", "rte", 0, 0.7 - ratio / 10, reduction=ratio, also={"accuracy_label1": 0.2})
    table = table_of(rows, report_request("robustness"))
    frame = tidy.frame_of(table)
    assert frame["metric"].tolist() == ["accuracy", "accuracy"]
    assert frame[["ratio", "value"]].values.tolist() == [[0.0, 0.7], [0.5, pytest.approx(0.65)]]
    first = tidy.score_frame(*table.sections, first=True)
    assert (set(first["metric"]), set(first["value"])) == ({"label 1"}, {0.2})


def test_a_table_without_scores_is_an_empty_frame_with_its_columns():
    rows = Rows()
    rows.job("vanilla", "rte", 0, state="queued")
    frame = tidy.frame_of(table_of(rows, report_request()))
    assert frame.empty and list(frame.columns) == tidy.COLUMNS
