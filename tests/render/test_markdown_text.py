from __future__ import annotations

import pytest

from ftbench.render import printed, render
from tests.render.samples import GROUPED, REPORT


def test_table_has_numbers_counts_and_marks():
    lines = render(REPORT, "markdown").splitlines()
    assert lines[0] == "### Main results: bert-large · all training rows"
    caption, *lines = lines[2], *lines[2:]
    assert caption == "How to read it."  # above the table; the recipe stands in the note below it
    assert lines.index("Recipe: batch_size=16.") > lines.index("- Incomplete cells: 2 of 6.")
    assert lines[2] == "| Method | CoLA (Matthews) | RTE (accuracy) | Avg | Δ vanilla |"
    assert lines[3] == "| --- | ---: | ---: | ---: | ---: |"
    assert lines[4] == "| vanilla | 63.76 (65.55) n=3 | 70.97 (74.01) n=3 | 67.36 (69.78) | 0.00 (0.00) |"
    assert lines[5] == (
        r"| bidrop[k=3] | **64.94** (**66.69**) n=3 | 73.79 (77.61) n=2/3 ! | – ! | +1.55\* (-1.50\*) n=5/6 |"
    )
    assert "(66.01)" in lines[6] and lines[6].endswith("| – n=0/3 …! | – …! |  |")
    assert "- Incomplete cells: 2 of 6." in lines
    assert "- A note on all." in lines


def test_every_row_of_a_table_has_as_many_cells_as_its_head():
    for report in (REPORT, GROUPED):
        table = [line for line in render(report, "markdown").splitlines() if line.startswith("|")]
        assert len({line.replace(r"\|", "").count("|") for line in table}) == 1


def test_ratios_are_a_column():
    lines = render(GROUPED, "markdown").splitlines()[2:]
    assert lines[2].startswith("| noise | Method |")
    assert lines[4].startswith("| 0 % | vanilla |") and lines[7].startswith("| 5 % | vanilla |")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("r|drop *new*", r"r\|drop \*new\*"),
        ("<script>", r"\<script\>"),
        ("a\nb", "a b"),
        ("batch_size", "batch_size"),
        ("_bold_", r"\_bold\_"),
        ("bidrop[k=3]", "bidrop[k=3]"),
        ("[x](y)", r"[x\](y)"),
        ("`x` &lt; \\", r"\`x\` \&lt; \\"),
    ],
)
def test_what_users_named_is_shown_as_it_is(text, escaped):
    assert printed.escape_markdown(text) == escaped
