"""Which scores come from other code, and that no table holds two states of a method's code."""

from __future__ import annotations

from pathlib import Path

from ftbench.db import JobSummary
from ftbench.domain.result import State
from ftbench.methods import find, source_digest
from ftbench.services.scores.own import OwnMethods
from ftbench.services.scores.stale import Codes, one_code, stale
from tests.services.report_rows import Rows

OLD, OLDER = "2:" + "0" * 16, "2:" + "1" * 16


def rows() -> Rows:
    rows = Rows()
    for method in ("vanilla", "bidrop", "gone"):
        rows.jobs(method, "rte", [0.6, 0.7])
    rows.job("vanilla", "rte", 2, state=State.FAILED)
    return rows


def now(cells: list[JobSummary]) -> dict[str, str]:
    """Every job trained with the code that stands now, but of the method that is gone."""
    return {cell.digest: source_digest(find(cell.method)) for cell in cells if cell.method != "gone"}


def aside(cells: list[JobSummary], codes: dict[str, str]) -> list[str]:
    return [cell.digest for cell in one_code(cells, Codes(codes)) if cell.aside]


def test_scores_of_other_code_are_counted_by_method() -> None:
    cells = rows().cells
    codes = now(cells)
    assert not stale(cells, Codes(codes)).older
    first = next(cell for cell in cells if cell.method == "bidrop")
    found = stale(cells, Codes({**codes, first.digest: OLD}))
    assert (found.older, found.of["bidrop"]) == ({"bidrop": 1}, 2)


def test_digests_of_an_earlier_form_are_neither_hidden_nor_called_older() -> None:
    cells = rows().cells
    codes = now(cells)
    first, second = (cell.digest for cell in cells if cell.method == "bidrop")
    early = codes[first].partition(":")[2]
    for changed in ({first: early}, {first: early, second: early}):
        found = stale(cells, Codes({**codes, **changed}))
        assert (found.unlike, found.older) == ({"bidrop": len(changed)}, {})
        assert aside(cells, {**codes, **changed}) == []
    found = stale(cells, Codes({**codes, first: early, second: OLD}))
    assert (found.unlike, found.older) == ({"bidrop": 1}, {"bidrop": 1})


def test_jobs_without_scores_or_digest_and_methods_not_installed_are_not_judged() -> None:
    cells = rows().cells
    failed = next(cell.digest for cell in cells if cell.state == State.FAILED)
    gone = next(cell.digest for cell in cells if cell.method == "gone")
    found = stale(cells, Codes({failed: OLD, gone: OLD}))
    assert not (found.older or found.unlike or found.aside)


def test_jobs_of_older_code_are_set_aside_where_the_method_has_newer_ones() -> None:
    cells = rows().cells
    codes = now(cells)
    first, second = (cell.digest for cell in cells if cell.method == "bidrop")
    assert aside(cells, {**codes, first: OLD}) == [first]
    assert aside(cells, {**codes, first: OLD, second: OLD}) == [], "one code alone is shown, with its mark"
    found = stale(one_code(cells, Codes({**codes, first: OLD})), Codes({**codes, first: OLD}))
    assert (found.aside, found.older) == ({"bidrop": 1}, {})


def test_what_most_jobs_were_trained_with_stands_where_none_has_the_code_of_today() -> None:
    cells = rows().cells
    third = cells[4]._replace(digest="f" * 64, seed=2)
    codes = {cell.digest: OLD for cell in cells if cell.method == "gone"}
    assert aside([*cells, third], {**codes, third.digest: OLDER}) == [third.digest]
    one, other = codes
    assert aside(cells, {one: OLD, other: OLDER}) == [one], "of equally many, the last stands"


def test_a_moved_file_is_known_by_its_code(tmp_path: Path) -> None:
    file = tmp_path / "gone.py"
    file.write_text("import ftbench\n\n\nclass Mine(ftbench.Method):\n    title = 'Mine'\n")
    code = source_digest(find(str(file)))
    cells = rows().cells
    first, second = (cell.digest for cell in cells if cell.method == "gone")
    (tmp_path / "else").mkdir()
    moved = file.rename(tmp_path / "else" / "gone.py")
    codes = Codes({first: OLD, second: code}, OwnMethods({"gone": (str(moved),)}))
    assert codes.now("gone") == code
    assert [cell.digest for cell in one_code(cells, codes) if cell.aside] == [first]


def test_code_that_is_known_to_be_the_same_method_stands_in_the_same_cell() -> None:
    cells = rows().cells
    first, second = (cell.digest for cell in cells if cell.method == "bidrop")
    codes = Codes({first: "2:8214e6d1e4e4661c", second: source_digest(find("bidrop"))})
    assert not [cell for cell in one_code(cells, codes) if cell.aside]
    assert not stale(cells, codes).older
