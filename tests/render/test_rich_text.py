from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ftbench.render import render
from ftbench.render.table import Group, Report, Row
from tests.render.samples import GROUPED, REPORT, SECTION

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def test_plain_text_has_every_number_count_and_mark():
    text = render(REPORT, "rich", width=120)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0] == "Main results: bert-large · all training rows"
    assert lines[1].split() == ["Method", "CoLA", "RTE", "Avg", "Δ", "vanilla"]
    assert lines[2].split() == ["Matthews", "accuracy"]
    assert lines[4].split() == "vanilla 63.76 (65.55) 70.97 (74.01) 67.36 (69.78) 0.00 (0.00)".split()
    assert lines[6].split() == "bidrop[k=3] 64.94¹ (66.69)¹ 73.79 (77.61) – +1.55* (-1.50*)".split()
    assert lines[7].split() == "n=3 n=2/3 ! ! n=5/6".split()
    assert lines[9].split() == "n=3 n=0/3 …! …!".split()
    assert "In each column, the best and all that cannot be told from it are marked ¹" in " ".join(
        text.split()
    )
    assert "\nA note on all.\n" in text


def test_styles_stand_for_the_marks_on_a_terminal():
    text = render(REPORT, "rich", width=120, styled=True)
    assert "\x1b[1m64.94\x1b[0m" in text
    assert "¹" not in text and "cannot be told from it are bold" in " ".join(text.split())


@pytest.mark.parametrize("styled", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("report", [REPORT, GROUPED])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(report, width, styled):
    text = ESCAPE.sub("", render(report, "rich", width=width, styled=styled))
    assert max(map(len, text.splitlines())) <= width
    for number in ("63.76", "(65.55)", "73.79", "(77.61)", "+1.55*", "(-1.50*)", "n=2/3 !", "n=0/3 …!"):
        assert text.count(number) >= len(report.sections[0].groups), number


def test_numbers_stand_one_above_the_other_where_a_line_does_not_fit():
    lines = render(REPORT, "rich", width=60).splitlines()
    assert lines[4].split()[:3] == ["vanilla", "63.76", "70.97"]
    assert lines[5].split()[:2] == ["(65.55)", "(74.01)"]
    assert lines[6].split() == ["n=3", "n=3"]


def test_columns_that_do_not_fit_come_in_a_second_block_with_the_methods():
    text = render(REPORT, "rich", width=40)
    heads = [line for line in text.splitlines() if line.startswith("Method")]
    assert len(heads) == 2 and "CoLA" in heads[0] and "Δ vanilla" in heads[1]
    assert text.count("bidrop[k=3]") == 2


def test_decimals_are_aligned_with_and_without_marks():
    lines = render(REPORT, "rich", width=120).splitlines()
    ends = {line.index("63.76") for line in lines if "63.76" in line} | {lines[6].index("64.94")}
    assert len(ends) == 1
    assert lines[4].index("(65.55)") + len("(65.55)") == lines[5].index("n=3") + len("n=3")


def test_ratios_head_their_rows():
    lines = render(GROUPED, "rich", width=120).splitlines()
    assert [line for line in lines if line.startswith("noise")] == ["noise 0 %", "noise 5 %"]


def test_a_long_label_is_folded_and_not_cut():
    label = "bidrop[" + ",".join(f"setting_{n}=0.{n}" for n in range(9)) + "]"
    row = Row(label, "bidrop", {}, SECTION.groups[0].rows[0].cells)
    report = Report("main", "vanilla", (replace(SECTION, groups=(Group("", None, (row,)),)),))
    text = render(report, "rich", width=80)
    lines = text.splitlines()
    first = lines[3].index(" ")  # behind the rule over the first column
    folded = "".join(line[:first].strip() for line in lines[4:])
    assert label in folded
    assert max(map(len, text.splitlines())) <= 80


def test_markup_in_names_is_shown_as_it_is():
    row = Row("[bold]x[/bold]:smile:", "x", {}, SECTION.groups[0].rows[0].cells)
    report = Report("main", "vanilla", (replace(SECTION, groups=(Group("", None, (row,)),)),))
    assert "[bold]x[/bold]:smile:" in render(report, "rich", width=120)
