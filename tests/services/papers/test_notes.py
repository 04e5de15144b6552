"""The words under a paper's table."""

from __future__ import annotations

from ftbench import suites
from ftbench.methods import find, source_digest
from ftbench.metrics import Margins, margins
from ftbench.render.suite_table import SuiteCell
from ftbench.render.table import Cell
from ftbench.services.papers import notes
from ftbench.services.papers.cells import Rule
from ftbench.services.planning.asked import Asked
from ftbench.services.scores.stale import Codes, one_code
from tests.asked import asked
from tests.services.papers.suited import Suited

TABLE1 = suites.find("dps/table1")


def caption(name: str, given: Asked, rule: Rule) -> list[str]:
    return list(notes.caption(suites.find(name), given, rule))


def test_a_caption_names_paper_and_protocol_and_how_the_signs_came_about() -> None:
    first, last = caption("dps/table1", Asked(), Rule(Margins({}, 1.0)))
    assert first == f"DPS (Zhang et al. 2022). {TABLE1.protocol}"
    assert "two one-sided t tests at 0.05: = reproduced, within 1 point; ≠" in last
    _, half = caption("dps/table1", Asked(), Rule(margins("0.5"), 0.0125))
    assert "at 0.0125: = reproduced, within 0.5 points;" in half


def test_a_caption_says_which_metric_has_which_margin_and_what_diverged_runs_score() -> None:
    _, tested, diverged = notes.caption(TABLE1, Asked(), Rule(), True)
    assert "within 2 points (Matthews) or 1 point (F1, accuracy, Spearman); an average: the mean" in tested
    assert diverged.startswith("d: runs of ours that diverged; they score the chance level of their metric")


def test_a_caption_says_what_differs_from_the_papers_protocol() -> None:
    _, differs, _ = caption("dps/table1", asked(seeds="3", settings=("lr=1e-4",)), Rule(Margins({}, 1.0)))
    assert differs == "Differs from the paper's protocol: 3 seeds instead of 10; lr=1e-4."


def test_times_are_not_tested() -> None:
    _, last = caption("dps/table6", Asked(), Rule(Margins({}, 1.0)))
    assert last == "Measured on runs that had the machine to themselves; evaluation is not in the times."


def test_notes_count_what_is_missing_and_what_was_not_compared() -> None:
    whole, part = Cell({"mean": 0.7}, n=2, planned=2), Cell({"mean": 0.7}, n=1, planned=2)
    cells = [
        SuiteCell(whole, {"mean": 70.0}, verdict="reproduced"),
        SuiteCell(whole, {"mean": 70.0}, reason="model minilm, not bert-large"),
        SuiteCell(part, reason="model minilm, not bert-large"),
        SuiteCell(reason="the paper does not state the metric"),
    ]
    found = list(notes.notes(TABLE1, asked(tasks="cola"), cells, "my own.db"))
    assert found == [
        "2 of 4 cells lack seeds; queue them with: ftbench queue --suite dps/table1 --tasks cola "
        "--db 'my own.db', and run them with: ftbench worker --db 'my own.db'",
        "2 cells not compared: model minilm, not bert-large.",
        "1 cell not compared: the paper does not state the metric.",
    ]
    assert list(notes.notes(TABLE1, Asked(), cells[:1], "my.db")) == []


def test_a_table_without_printed_numbers_says_so() -> None:
    whole = SuiteCell(Cell({"mean": 0.7}, n=2, planned=2))
    assert list(notes.notes(TABLE1, Asked(), [whole], "")) == ["The paper prints no numbers for these cells."]
    assert list(notes.notes(TABLE1, Asked(), [], "")) == []


def test_scores_of_other_code_are_counted_among_those_that_are_shown() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", [60, 61, 62])
    now = source_digest(find("vanilla"))
    old = now[:-4] + "0000"
    codes = {row.digest: code for row, code in zip(rows.cells, (now, old, old), strict=True)}
    shown = [SuiteCell(Cell(jobs=(rows.cells[0].digest,))), SuiteCell(Cell(jobs=(rows.cells[1].digest,)))]
    (note,) = notes.older_code(shown, rows.cells, Codes(codes), "my.db")
    again = "ftbench retry --stale --methods vanilla --db my.db"
    assert note.endswith(f": vanilla 1 of 2 jobs; run them again with: {again}")
    assert notes.older_code(shown[:1], rows.cells, Codes(codes), "my.db") == ()


def test_scores_that_are_left_out_for_their_code_are_counted_where_a_cell_lacks_them() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", [60, 61, 62])
    now = source_digest(find("vanilla"))
    codes = Codes({row.digest: code for row, code in zip(rows.cells, (now, "2:0", "2:0"), strict=True)})
    kept = one_code(rows.cells, codes)
    cell = SuiteCell(Cell(missing={"other code": 2}, jobs=(rows.cells[0].digest,)))
    (note,) = notes.older_code([cell], kept, codes, "my.db")
    assert note.startswith("Left out: ") and ": vanilla 2 of 3 jobs" in note
    whole = SuiteCell(Cell(jobs=(rows.cells[0].digest,)))
    assert notes.older_code([whole], kept, codes, "my.db") == ()
