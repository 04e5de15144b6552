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
        "Method        RTE   A|B",
        "         accuracy",
        "───────  ────────  ────",
        "noise 0 %",
        "vanilla     70.12  9.00",
        "                    n=3",
        "noise 5 %",
        "r_drop*    (1.00)",
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
        "vanilla     70.12",
        "vanilla  9.00",
    ]
    assert printed.fits(GRID, 23, 28) and not printed.fits(GRID, 22, 28)
    assert "" not in printed.terminal(GRID, width=23) and "" in printed.terminal(GRID, width=22)


def test_names_give_way_to_numbers_and_are_folded() -> None:
    long = TextGrid(
        GRID.heads, (("", ((plain("a_method_of_a_very_long_name"), *GRID.groups[0][1][0][1:]),)),)
    )
    assert list(printed.terminal(long, width=34))[3:5] == [
        "a_method_of_a_         70.12  9.00",
        "very_long_name                 n=3",
    ]
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
        text = "".join(draw.choice("abc  …é漢[.:") for _ in range(draw.randint(1, 60)))
        width = draw.randint(4, 30)
        file = io.StringIO()
        Console(file=file, width=width, color_system=None, highlight=False, emoji=False, markup=False).print(
            text
        )
        assert printed.folded(text, width) == [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_long_name_is_broken_where_its_parts_end() -> None:
    name = "nreimers/MiniLM-L6-H384-uncased"
    assert printed.folded(name, 20) == ["nreimers/MiniLM-L6-", "H384-uncased"]
    assert printed.folded("bidrop[k=3,keep_ratio=0.5]", 16) == ["bidrop[k=3,keep_", "ratio=0.5]"]


WORDY = TextGrid(
    (Head("Task", right=False), Head("Comparison", right=False), Head("Within a point"), Head("n")),
    (
        (
            "",
            (
                (plain("RTE"), plain("Child-Tuning_D − Vanilla"), plain("+1.20"), plain("10")),
                (plain("CoLA"), plain("Bi-Drop − Vanilla"), plain("-0.30"), plain("10")),
            ),
        ),
    ),
)


def test_texts_and_headings_are_folded_before_columns_are_moved_apart() -> None:
    lines = list(printed.terminal(WORDY, width=34))
    assert lines == [
        "Task  Comparison      Within a   n",
        "                         point",
        "────  ──────────────  ────────  ──",
        "RTE   Child-Tuning_D     +1.20  10",
        "      − Vanilla",
        "CoLA  Bi-Drop −          -0.30  10",
        "      Vanilla",
    ]
    assert printed.fits(WORDY, 34) and not printed.fits(WORDY, 20)
    assert max(map(len, printed.terminal(WORDY))) == 50  # as wide as it wants to be


def test_every_block_of_columns_says_what_its_rows_are_about() -> None:
    heads = (*WORDY.heads[:2], *(Head(f"number {n}") for n in range(9)))
    rows = tuple((*row[:2], *(plain("0.123") for _ in range(9))) for row in WORDY.groups[0][1])
    lines = list(printed.terminal(TextGrid(heads, (("", rows),)), width=80))
    assert max(map(len, lines)) <= 80
    assert (
        sum(line.startswith("RTE   Child-Tuning_D − Vanilla") for line in lines) == lines.count("") + 1 == 2
    )
