"""What a report says of scores that other code gave."""

from __future__ import annotations

from ftbench.domain.result import State
from ftbench.methods import find, source_digest
from ftbench.services.scores.stale import note
from tests.services.report_rows import Rows


def rows() -> Rows:
    rows = Rows()
    for method in ("vanilla", "bidrop", "gone"):
        rows.jobs(method, "rte", [0.6, 0.7])
    rows.job("vanilla", "rte", 2, state=State.FAILED)
    return rows


def test_scores_of_other_code_are_counted_by_method() -> None:
    cells = rows().cells
    now = {cell.digest: source_digest(find(cell.method)) for cell in cells if cell.method != "gone"}
    assert note(cells, now, {}) == ()
    first = next(cell for cell in cells if cell.method == "bidrop")
    assert note(cells, {**now, first.digest: "2:" + "0" * 16}, {}) == (
        "Trained with another state of the method's code than the one installed: bidrop 1 of 2 jobs.",
    )


def test_digests_of_an_earlier_form_are_neither_hidden_nor_called_older() -> None:
    cells = rows().cells
    now = {cell.digest: source_digest(find(cell.method)) for cell in cells if cell.method != "gone"}
    first, second = (cell.digest for cell in cells if cell.method == "bidrop")
    unlike = (
        "Trained with a state of the method's code that an earlier version recorded, not comparable: "
        "bidrop {} of 2 jobs."
    )
    early = now[first].partition(":")[2]
    assert note(cells, {**now, first: early}, {}) == (unlike.format(1),)
    assert note(cells, {**now, first: early, second: early}, {}) == (unlike.format(2),)
    assert note(cells, {**now, first: early, second: "2:" + "0" * 16}, {}) == (
        "Trained with another state of the method's code than the one installed: bidrop 1 of 2 jobs.",
        unlike.format(1),
    )


def test_jobs_without_scores_or_digest_and_methods_not_installed_are_not_judged() -> None:
    cells = rows().cells
    failed = next(cell.digest for cell in cells if cell.state == State.FAILED)
    gone = next(cell.digest for cell in cells if cell.method == "gone")
    assert note(cells, {failed: "0" * 16, gone: "0" * 16}, {}) == ()
