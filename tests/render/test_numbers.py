"""How cells read: digits, intervals, counts and marks."""

from __future__ import annotations

import pytest

from ftbench.render.numbers import interval, legend, percent, probability, shown
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
        (Cell(BOTH, n=3, planned=3, places={"max": 1}), SCORE, (("60.00", 0), ("70.00", 1)), "n=3"),
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
    assert (found.figures, found.note) == (figures, note)


@pytest.mark.parametrize(
    ("axis", "places", "where"),
    [
        (None, {"mean": 1}, "In each column, the best is bold"),
        ("noise", {"mean": 2}, "In each column at each noise ratio, the best is bold"),
        (None, {}, ""),
    ],
)
def test_marks_are_explained_where_there_are_any(axis, places, where):
    rows = (Row("m", "m", {}, (Cell(BOTH, places=places),)),)
    section = Section("main", axis, "", (), "bert-base", None, {}, {}, (SCORE,), (Group("", None, rows),))
    said = legend(section, "bold", "underlined")
    assert said.startswith(where) and bool(said) == bool(places)
