"""Titles in everything that people read, names in what machines read; and what a co-author wants to read."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Ftbench

FORMATS = ("rich", "markdown", "latex", "html")


@pytest.mark.parametrize("form", FORMATS)
def test_tables_print_titles(filled: Ftbench, form: str) -> None:
    text = filled("report", "--format", form).out
    assert ("Bi-{}Drop" if form == "latex" else "Bi-Drop") in text and "Vanilla" in text
    if form != "html":  # whose commands name methods as they are typed
        assert "bidrop" not in text.replace("queue", "") or form == "latex"


@pytest.mark.parametrize("form", FORMATS)
def test_a_method_is_called_as_a_co_author_wants(filled: Ftbench, form: str) -> None:
    text = filled("report", "--format", form, "--rename", "bidrop=Ours & theirs").out
    assert "Ours" in text and "Bi-Drop" not in text
    assert (r"Ours \& theirs" in text) if form == "latex" else ("Ours" in text)


def test_comparisons_print_titles_and_new_names(filled: Ftbench) -> None:
    assert "Bi-Drop − Vanilla" in filled("compare", "bidrop", "vanilla").out
    renamed = filled("compare", "bidrop", "vanilla", "--rename", "bidrop=Ours", "--rename", "vanilla=FT")
    assert "Ours − FT" in renamed.out and "Bi-Drop" not in renamed.out
    needed = filled("power", "bidrop", "vanilla", "--rename", "bidrop=Ours").out.split()
    assert "Ours" in needed and "Vanilla" in needed and "Bi-Drop" not in needed


def test_names_are_printed_as_they_are_typed_where_that_is_asked_for(filled: Ftbench) -> None:
    text = filled("report", "--names", "id").out
    assert "bidrop" in text and "Bi-Drop" not in text and "Vanilla" not in text
    mine = filled("report", "--names", "id", "--rename", "bidrop=My-Method (ours)").out
    assert "My-Method (ours)" in " ".join(mine.split()) and "vanilla" in mine
    assert "bidrop − vanilla" in filled("compare", "bidrop", "vanilla", "--names", "id").out
    rows = filled("report", "--json", "--names", "id").json["sections"][0]["groups"][0]["rows"]
    assert {(row["label"], row["title"]) for row in rows} == {("vanilla", "vanilla"), ("bidrop", "bidrop")}


def test_data_keep_names_and_have_titles_beside_them(filled: Ftbench) -> None:
    found = filled("report", "--json", "--rename", "bidrop=Ours").json
    rows = found["sections"][0]["groups"][0]["rows"]
    assert {(row["label"], row["title"]) for row in rows} == {("vanilla", "Vanilla"), ("bidrop", "Ours")}
    sheets = filled("compare", "bidrop", "vanilla", "--json", "--rename", "bidrop=Ours").json["sheets"]
    first = sheets[0]["rows"][0]
    assert (first["left"], first["comparison"]) == ("bidrop", "bidrop − vanilla")
    assert first["comparison_title"] == "Ours − Vanilla"
    lines = list(csv.DictReader(filled("report", "--format", "csv").out.splitlines()))
    assert {(line["label"], line["title"]) for line in lines} == {
        ("vanilla", "Vanilla"),
        ("bidrop", "Bi-Drop"),
    }


def test_exported_scores_have_titles_beside_names(filled: Ftbench) -> None:
    assert filled("export", "--scores", "s.csv", "--rename", "bidrop=Ours").code == 0
    with Path("s.csv").open(encoding="utf-8") as file:
        assert {(r["label"], r["title"]) for r in csv.DictReader(file)} == {
            ("vanilla", "Vanilla"),
            ("bidrop", "Ours"),
        }


def test_plots_show_titles(filled: Ftbench) -> None:
    pytest.importorskip("vl_convert")
    ended = filled("plot", "strip", "-o", "strip.svg", "--rename", "bidrop=Ours")
    assert ended.code == 0, ended
    text = Path("strip.svg").read_text(encoding="utf-8")
    assert "Ours" in text and "Vanilla" in text and "bidrop" not in text


def test_a_row_is_found_by_its_title_too(filled: Ftbench) -> None:
    assert filled("why", "Bi-Drop", "RTE").out == filled("why", "bidrop", "rte").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "--rename", "bidorp=Ours"), "unknown method 'bidorp'; did you mean 'bidrop'"),
        (("report", "--rename", "bidrop=X", "--rename", "vanilla=X"), "would both be called 'X'"),
        (("report", "--rename", "bidrop"), "write METHOD=TITLE"),
        (("report", "--suite", "dps/table1", "--rename", "bidrop=Ours"), "--rename does not go with --suite"),
        (("export", "--jobs", "j.jsonl", "--rename", "bidrop=Ours"), "--rename is for --scores"),
        (("power", "--spread", "1", "--seeds", "3", "--rename", "bidrop=Ours"), "go with methods"),
    ],
)
def test_a_renaming_that_means_nothing_is_refused(filled: Ftbench, words: tuple[str, ...], told: str) -> None:
    ended = filled(*words)
    assert ended.code == 2 and told in ended.err and len(ended.err.strip().splitlines()) == 1
