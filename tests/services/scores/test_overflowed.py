"""Updates that were left out in fp16: what is told of them, whatever the provenance holds."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.services.scores.overflowed import SkippedUpdates, overflow_lines
from tests.services.report_rows import Rows


def ran(*skipped: int) -> dict[str, Any]:
    return {"runs": {f"run {n}": {"skipped": one, "total_steps": 100} for n, one in enumerate(skipped)}}


def test_the_runs_of_a_job_add_up() -> None:
    assert SkippedUpdates.of(ran(2, 0, 1)) == (3, 300)
    assert SkippedUpdates.of(ran(2, 0, 1)).words() == (
        "3 updates were left out in 300 steps, because a gradient overflowed"
    )
    assert SkippedUpdates.of(ran(0)).words() == ""


@pytest.mark.parametrize(
    "facts", [{}, {"runs": 3}, {"runs": {"main": None}}, {"runs": {"main": {"skipped": "9"}}}, ran(-5)]
)
def test_what_cannot_be_is_nothing(facts: dict[str, Any]) -> None:
    assert SkippedUpdates.of(facts).words() == ""


def test_a_table_says_of_which_methods_they_were() -> None:
    rows = Rows()
    first, second = rows.jobs("vanilla", "rte", [0.6, 0.7])
    third, fourth = rows.jobs("bidrop", "rte", [0.6, 0.7])
    found = {first: SkippedUpdates(3, 1000), second: SkippedUpdates(0, 1000), third: SkippedUpdates(2, 1000)}
    (line,) = overflow_lines(found, rows.cells)
    assert line == (
        "fp16: 5 updates were left out in 3,000 steps, because a gradient overflowed, in 2 of 3 jobs: "
        "vanilla 3, bidrop 2."
    )
    assert not list(overflow_lines({second: SkippedUpdates(0, 1000)}, rows.cells))
    assert not list(overflow_lines(found, []))
