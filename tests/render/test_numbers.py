"""How cells read: digits, intervals, counts and marks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench.render.numbers import everywhere, interval, legend, percent, probability, same_count, shown
from ftbench.render.table import BETTER, Cell, Column, Group, Row, Section
from ftbench.render.tested import Tested as Difference

SCORE = Column("rte", "score", "RTE", show=("mean", "max"))
GAIN = Column("difference", "difference", "Δ", show=("mean",), signed=True)
SLOPE = Column("slope", "estimate", "Slope", show=("mean", "interval"), signed=True)
BOTH = {"mean": 0.6, "max": 0.7}


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.6494, False, "64.94"),
        (0.0155, True, "+1.55"),
        (-0.015, True, "-1.50"),
        (-0.00001, False, "0.00"),
        (-0.00001, True, "0.00"),
        (0.0, True, "0.00"),
        (1.0, False, "100.00"),
    ],
)
def test_fractions_are_shown_times_100_and_zero_has_no_sign(value, signed, text):
    assert percent(value, signed=signed) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.5, "0.500"), (0.001, "0.001"), (0.00099, "<0.001"), (0.0, "<0.001"), (1.0, "1.000")]
)
def test_p_has_three_decimals_and_none_below_a_thousandth(p, text):
    assert probability(p) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell(), ""),
        (Cell(low=-0.01, high=0.02), "-1.00 to +2.00"),
        (Cell(low=-0.01, high=0.02, tested=Difference(0, 0, 0, 3, 0.01, 0.03)), "-1.00 to +2.00, p=0.030"),
        (Cell(tested=Difference(0, 0, 0, 3, 0.01, 0.0003)), "p<0.001"),
    ],
)
def test_an_interval_has_its_ends_and_the_corrected_p(cell, text):
    assert interval(cell, SLOPE) == text


@pytest.mark.parametrize(
    ("cell", "column", "figures", "note"),
    [
        (Cell(BOTH, n=3, planned=3, best=("max",)), SCORE, (("60.00", 0), ("70.00", 1)), "n=3"),
        (Cell(BOTH, n=2, planned=3, missing={"queued": 1}), SCORE, (("60.00", 0), ("70.00", 0)), "n=2/3 …"),
        (Cell({"mean": 0.6}, n=3, planned=3, remark="odd"), SCORE, (("60.00*", 0), ("–", 0)), "n=3"),
        (Cell(n=0, planned=3, missing={"failed": 3}), SCORE, (("–", 0),), "n=0/3 !"),
        (Cell(BOTH, n=3, planned=3, collapsed=2), SCORE, (("60.00", 0), ("70.00", 0)), "n=3 c=2"),
        (
            Cell(BOTH, n=3, planned=3, tested=Difference(0.1, 0, 0.2, 3, 0, 0, BETTER)),
            SCORE,
            (("60.00", 0), ("70.00", 0)),
            "n=3 ▲",
        ),
        (Cell({"mean": 0.02}, n=6, planned=6), GAIN, (("+2.00", 0),), ""),
        (Cell({"mean": 0.02}, n=5, planned=6, reduced=True), GAIN, (("+2.00*", 0),), "n=5/6"),
        (Cell(BOTH, n=5, planned=6, reduced=True), Column("a", "average", "Avg*"), (("60.00", 0),), "n=5/6"),
        (
            Cell({"mean": 0.1}, n=3, planned=3, low=0, high=0.2),
            SLOPE,
            (("+10.00", 0), ("0.00 to +20.00", 0)),
            "n=3",
        ),
        (Cell(text="not by 10 %", n=3, planned=3), SLOPE, (("not by 10 %", 0),), "n=3"),
        (Cell(text="ab"), Column("group", "group", "Group"), (("ab", 0),), ""),
        (Cell(BOTH, applies=False), GAIN, (), ""),
    ],
)
def test_a_cell_reads_by_its_kind(cell, column, figures, note):
    found = shown(cell, column)
    assert (tuple((one.text, int(one.best)) for one in found.figures), found.note()) == (figures, note)


SPREAD = Column("rte", "score", "RTE", show=("mean", "std"))


@pytest.mark.parametrize(
    ("cell", "column", "words"),
    [
        (Cell({"mean": 0.6, "std": 0.0123}, n=3, planned=3), SPREAD, ["60.00", "± 1.23"]),
        (Cell({"mean": 0.6}, n=1, planned=1), SPREAD, ["60.00"]),  # one run has no spread
        (Cell({"std": 0.0123, "mean": 0.6}, n=3, planned=3), replace(SPREAD, show=("std",)), ["1.23"]),
        (Cell(BOTH, n=3, planned=3), SCORE, ["60.00", "(70.00)"]),
        (Cell({"mean": 0.6}, n=3, planned=3), SCORE, ["60.00", "(–)"]),
        (Cell({"mean": 0.1}, n=3, planned=3, low=0, high=0.2), SLOPE, ["+10.00", "(0.00 to +20.00)"]),
    ],
)
def test_what_stands_behind_the_first_number_is_a_spread_or_in_brackets(cell, column, words):
    assert [one.words for one in shown(cell, column).figures] == words


def test_a_count_that_all_cells_share_is_said_once():
    cells = Cell(BOTH, n=3, planned=3), Cell(BOTH, n=3, planned=3, collapsed=1)
    difference = Cell({"mean": 0.02}, n=6, planned=6)

    def count_of(*found: Cell) -> str:
        rows = tuple(Row(f"m{at}", "m", {}, (cell, difference)) for at, cell in enumerate(found))
        group = (Group("", None, rows),)
        return same_count(Section("main", None, "", (), "bert-base", None, {}, {}, (SCORE, GAIN), group))

    assert count_of(*cells) == "n=3" and everywhere("n=3") == "n=3 in every cell." and everywhere("") == ""
    assert count_of(*cells, Cell(BOTH, n=2, planned=2)) == ""
    assert count_of(Cell(BOTH, n=2, planned=3, missing={"queued": 1})) == ""  # what is missing is told there
    assert [shown(cell, SCORE).note("n=3") for cell in cells] == ["", "c=1"]
    assert shown(cells[0], SCORE).note("n=4") == "n=3"


@pytest.mark.parametrize(
    ("axis", "best", "where"),
    [
        (None, ("mean",), "In each column, the best and all that cannot be told from it are bold"),
        ("noise", ("mean",), "In each column at each noise ratio, the best and all"),
        (None, (), ""),
    ],
)
def test_marks_are_explained_where_there_are_any(axis, best, where):
    rows = (Row("m", "m", {}, (Cell(BOTH, best=best),)),)
    section = Section("main", axis, "", (), "bert-base", None, {}, {}, (SCORE,), (Group("", None, rows),))
    said = legend(section, "bold")
    assert said.startswith(where) and bool(said) == bool(best)
