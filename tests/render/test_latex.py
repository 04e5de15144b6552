from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from ftbench.errors import FtbenchError
from ftbench.render import latex_macros, latex_text, render
from ftbench.render.table import Group, Report, Row
from tests.render.samples import COLUMNS, GROUPED, MARKED, REPORT, ROWS, SECTION
from tests.render.typesetting import compiled

ODD = "a_b & 50 % #1 $x$ {y} ~ ^ \\ <c> | \"d\" 'e' `f` --g [h] *i* é ł 漢 \U0001f600 Δ–…\n"
NAMED = replace(ROWS[0], label=ODD)
NASTY = replace(
    REPORT, sections=(replace(SECTION, title=ODD, notes=(ODD,), groups=(Group(ODD, 0.1, (NAMED,)),)),)
)


@pytest.mark.parametrize("report", [REPORT, GROUPED, NASTY])
def test_the_document_compiles_as_it_is(report, tmp_path):
    said = compiled(render(report, "latex"), tmp_path)
    assert "1 page" in said and "Missing character" not in said


def test_every_letter_kept_as_it_is_has_a_glyph(tmp_path):
    words = "".join(sorted(latex_text._LETTERS) + sorted(latex_text._SPECIAL))
    source = latex_text.HEAD + latex_text.escape_latex(words) + "\\ftbenchend"
    assert "Missing character" not in compiled(source, tmp_path)


def test_text_of_several_lines_becomes_one():
    assert latex_text.escape_latex("two\n\n lines\t_") == r"two lines \_"


def test_a_paper_can_input_the_tables_and_the_numbers(tmp_path):
    (tmp_path / "tables.tex").write_text(render(GROUPED, "latex"), encoding="utf-8")
    (tmp_path / "numbers.tex").write_text(latex_macros.render(REPORT), encoding="utf-8")
    paper = r"""\documentclass{article}\usepackage{booktabs,graphicx}\input{numbers}
    \begin{document}\input{tables}
    \ftMainBertLargeVanillaCola{} \ftMainBertLargeRDropNewRte{} end of paper\end{document}"""
    compiled(paper, tmp_path)
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "t.pdf", "-"], cwd=tmp_path, capture_output=True, text=True
        ).stdout
        assert re.search(r"63\.76 \?\? end of paper", text)


def test_the_best_is_bold_and_what_is_missing_is_said():
    lines = render(REPORT, "latex").splitlines()
    bidrop = next(line for line in lines if line.startswith("bidrop"))
    assert bidrop.startswith(r"bidrop{[}k=3{]} & \textbf{64.94} (\textbf{66.69})")
    assert r"n=2/3 !" in bidrop and r"$+$1.55{*} ($-$1.50{*})" in bidrop
    rdrop = next(line for line in lines if line.startswith("r"))
    assert "(66.01)" in rdrop and rdrop.startswith(r"r\textbar{}drop {*}new{*} &")
    assert "the best and all that cannot be told from it are bold" in render(REPORT, "latex")


def test_a_count_that_all_cells_share_stands_in_the_caption_once():
    section = replace(SECTION, groups=(Group("", None, (ROWS[0],)),))
    text = render(Report("main", "vanilla", (section,)), "latex")
    assert text.count("n=3") == 1 and "n=3 in every cell." in text
    assert "in every cell" not in render(REPORT, "latex")


def test_marks_stand_alone_where_all_cells_share_their_count(tmp_path):
    text = render(MARKED, "latex")
    assert r"70.00 (80.00) {\scriptsize c=1 $\bigtriangleup$} & ab \\" in text  # all runs are there
    assert r"\begin{tabular}{lrrl}" in text
    compiled(text, tmp_path)


def test_words_are_no_numbers_to_name():
    text = latex_macros.render(MARKED)
    assert "BidropRteMax}{80.00}" in text and "Group" not in text and "Runs" not in text


def test_every_row_has_as_many_cells_as_its_head():
    for report in (REPORT, NASTY):
        rows = [line for line in render(report, "latex").splitlines() if re.search(r"[^\\]& .*\\\\$", line)]
        assert len(rows) >= 3
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(COLUMNS)}


def test_numbers_are_commands_named_after_their_places():
    lines = latex_macros.render(REPORT).splitlines()
    assert any(line.startswith(r"\newcommand{\ftMainBertLargeBidropKThreeCola}{64.94} %") for line in lines)
    assert any(line.startswith(r"\newcommand{\ftMainBertLargeBidropKThreeRteN}{2} %") for line in lines)
    assert any(r"BidropKThreeAverage}{\textbf{??}}" in line for line in lines)
    assert any(r"BidropKThreeDifferenceMax}{\ensuremath{-}1.50}" in line for line in lines)
    names = [re.match(r"\\newcommand\{\\([A-Za-z]+)\}", line) for line in lines[1:]]
    assert all(names) and len(names) == len({found[1] for found in names if found})


def test_numbers_of_two_ratios_and_sizes_have_their_own_names():
    text = latex_macros.render(GROUPED)
    assert r"\ftNoiseBertLargeAtZeroVanillaCola}" in text and r"\ftNoiseBertLargeAtFiveVanillaCola}" in text
    few = Report("main", "vanilla", (replace(SECTION, train_size=500, changed={"lr": 1e-5}),))
    assert r"\ftMainBertLargeFiveZeroZeroRowsLrOneEZeroFiveVanillaCola}" in latex_macros.render(few)


def test_two_numbers_never_share_a_name():
    twins = (ROWS[0], Row("van-illa", "vanilla", {}, ROWS[0].cells), Row("van_illa", "v", {}, ROWS[0].cells))
    section = replace(SECTION, groups=(Group("", None, twins),))
    with pytest.raises(FtbenchError, match="VanIllaCola"):
        latex_macros.render(Report("main", "vanilla", (section,)))


def test_the_caption_says_what_cells_are_and_the_note_below_the_rest():
    section = replace(SECTION, caption=("What cells are.", "How averages are made", "Recipe: lr=1"))
    lines = render(replace(REPORT, sections=(section,)), "latex").splitlines()
    (caption,) = [line for line in lines if line.startswith(r"\caption")]
    assert "What cells are." in caption and "Recipe" not in caption and "bold" not in caption
    (note,) = [line for line in lines if "Recipe: lr=1." in line]
    assert lines.index(note) > lines.index(r"\bottomrule") and "How averages are made. In each column" in note
