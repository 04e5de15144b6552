"""The one table printer: alignment, emphasis, folding, blocks, Markdown."""

from __future__ import annotations

import io
import random

import pytest
from rich.console import Console

from ftbench.render import printed
from ftbench.render.printed import Head, TextGrid, plain
from ftbench.render.table import Cell, Column

GRID = TextGrid(
    (Head("Method", right=False), Head("RTE", "accuracy"), Head("A|B")),
    (
        ("noise 0 %", ((plain("vanilla"), plain("70.12"), [[("9.00", "bold")], [("n=3", "dim")]]),)),
        ("noise 5 %", ((plain("r_drop*"), [[("(", ""), ("1.00", "bold"), (")", "")]], plain("")),)),
    ),
)


def test_cells_stand_under_their_headings_line_by_line() -> None:
    assert list(printed.terminal(GRID)) == [
        "Method          RTE   A|B",
        "           accuracy",
        "─────────  ────────  ────",
        "noise 0 %",
        "vanilla       70.12  9.00",
        "                      n=3",
        "noise 5 %",
        "r_drop*      (1.00)",
    ]


def test_emphasis_reaches_terminals_that_take_it() -> None:
    text = "\n".join(printed.terminal(GRID, styled=True))
    for found in ("\x1b[1m9.00\x1b[0m", "(\x1b[1m1.00\x1b[0m)", "\x1b[2mn=3\x1b[0m", "\x1b[1mRTE\x1b[0m"):
        assert found in text
    assert "\x1b" not in "".join(printed.terminal(GRID))


def test_a_narrow_terminal_gets_the_columns_in_blocks() -> None:
    lines = list(printed.terminal(GRID, width=20))
    assert lines.count("") == 1 and max(map(len, lines)) <= 20
    assert [line for line in lines if line.startswith("vanilla")] == [
        "vanilla       70.12",
        "vanilla    9.00",
    ]
    assert printed.columns_needed(GRID, 28) == 25
    assert "" not in printed.terminal(GRID, width=25) and "" in printed.terminal(GRID, width=24)


def test_names_give_way_to_numbers_and_are_folded() -> None:
    assert list(printed.terminal(GRID, width=18))[3:6] == ["noise 0", "%", "vanilla      70.12"]
    assert list(printed.terminal(GRID, first=4))[-2:] == ["r_dr    (1.00)", "op*"]


def test_letters_that_take_two_columns_are_aligned() -> None:
    rows = ((plain("感情"), plain("1")), (plain("rté"), plain("2")))
    assert list(printed.terminal(TextGrid((Head("", right=False), Head("x")), (("", rows),))))[-2:] == [
        "感情  1",
        "rté   2",
    ]


def test_markdown_marks_up_emphasis_and_escapes_the_rest() -> None:
    assert list(printed.markdown(GRID)) == [
        "| Method | RTE (accuracy) | A\\|B |",
        "| --- | ---: | ---: |",
        "| vanilla | 70.12 | **9.00** n=3 |",
        "| r_drop\\* | (**1.00**) |  |",
    ]


@pytest.mark.parametrize(
    ("how", "lines"),
    [
        ({}, ["70.12 (71.00)", "n=3"]),
        ({"stacked": True}, ["70.12", "(71.00)", "n=3"]),
        ({"signs": True}, ["70.12¹ (71.00) ", "n=3 "]),
    ],
)
def test_a_cell_is_its_numbers_over_its_count(how: dict[str, bool], lines: list[str]) -> None:
    cell = Cell({"mean": 0.7012, "max": 0.71}, 3, 3, best=("mean",))
    words = printed.in_words(cell, Column("rte", "score", "RTE", show=("mean", "max")), **how)
    assert ["".join(text for text, _ in line) for line in words] == lines
    assert words[0][0] == ("70.12", "bold")


def test_text_is_folded_as_terminals_fold_it() -> None:
    """Checked against another program's folding."""
    draw = random.Random(0)
    for _ in range(300):
        text = "".join(draw.choice("abc  …é漢-[=.,") for _ in range(draw.randint(1, 60)))
        width = draw.randint(4, 30)
        file = io.StringIO()
        Console(file=file, width=width, color_system=None, highlight=False, emoji=False, markup=False).print(
            text
        )
        assert printed.folded(text, width) == [line.rstrip() for line in file.getvalue().splitlines()]
