"""Scores that a method has something to say of: starred, with the reason below the table."""

from __future__ import annotations

import pytest

from ftbench import methods
from ftbench.errors import UnknownName
from ftbench.methods import Method
from ftbench.render import render, rich_text
from ftbench.render.table import Report
from ftbench.services.reporting.remarks import remarks
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.jobs import MethodKey
from ftbench.services.scores.own import NO_METHODS
from tests.services.report_rows import Rows
from tests.services.requests import table_of


class Quiet(Method):
    """Says nothing."""


class Noted(Method):
    """Has no noise term in regression."""

    def note_for(self, task):
        return "no noise term,\n equal to vanilla" if task.regression else None


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three methods: one that says something, and two settings of one that does not."""

    def of_row(name: str) -> type[Method]:
        if name not in ("noted", "vanilla"):
            raise UnknownName("method", name, ["noted", "vanilla"])
        return Noted if name == "noted" else Quiet

    monkeypatch.setattr(methods, "of_row", of_row)


def report(table: str = "main", **noise: float) -> Report:
    rows = Rows()
    for method in ("noted", "vanilla", "elsewhere"):
        for task in ("rte", "stsb", "unheard-of"):
            rows.jobs(method, task, [0.6, 0.7])
            for ratio in noise.values():
                rows.jobs(method, task, [0.5, 0.6], noise=ratio)
    return table_of(rows, ReportRequest(table=table))


def test_scores_on_the_task_are_starred_with_the_reason_below() -> None:
    (section,) = report().sections
    found = {
        (row.label, column.name): cell.remark
        for row in section.groups[0].rows
        for column, cell in zip(section.columns, row.cells, strict=True)
        if cell.remark
    }
    assert found == {("noted", "stsb"): "no noise term, equal to vanilla"}
    assert "* noted on STS-B: no noise term, equal to vanilla." in section.notes


def test_every_format_for_people_shows_the_star() -> None:
    text = render(report(), "markdown")
    (row,) = [line for line in text.splitlines() if line.startswith("| noted")]
    assert row.count(r"\*") == 2  # mean and best on STS-B, and nothing else
    assert r"- \* noted on STS-B: no noise term, equal to vanilla." in text
    shown = rich_text.render(report(), width=200, styled=False)
    assert shown.count("65.00*") == 1 and "* noted on STS-B: no noise term" in shown


def test_a_cell_without_a_score_has_no_star() -> None:
    rows = Rows()
    rows.jobs("vanilla", "stsb", [0.6])
    rows.job("noted", "stsb", 0, None, state="queued")
    made = table_of(rows, ReportRequest())
    assert not any(note.startswith("*") for note in made.sections[0].notes)


def test_what_is_not_installed_or_not_taken_any_more_says_nothing() -> None:
    gone = MethodKey("elsewhere", "{}")
    old = MethodKey("noted", '{"removed": 1}')
    new = MethodKey("noted", "{}")
    assert remarks([gone, old, new], ["stsb", "unheard-of", "rte"], NO_METHODS) == {
        (new, "stsb"): "no noise term, equal to vanilla"
    }
