from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import DataError
from ftbench.tasks import sources
from tests.tasks import layouts

HEAD = "first\tsecond\tlabel"


def read(folder: Path, *lines: str, end: str = "\n", regression: bool = False) -> sources.Rows:
    layouts.write(folder / "train.tsv", *lines, end=end)
    task = layouts.pairs(regression=regression)
    return sources.read(task, "train", sources.locate(task, folder))


def test_columns_are_found_by_their_name_in_any_order(tmp_path: Path) -> None:
    rows = read(tmp_path, "label\textra\tsecond\tfirst", "yes\tx\tB\tA")
    assert rows == sources.Rows((["A"], ["B"]), [1])


def test_quotes_and_other_line_separators_are_text(tmp_path: Path) -> None:
    rows = read(tmp_path, HEAD, 'a "b\t"\u2028c\x0bd\re"\tno', '"\t""\tyes')
    assert rows.texts == (['a "b', '"'], ['"\u2028c\x0bd\re"', '""'])


def test_byte_order_mark_and_crlf_are_dropped(tmp_path: Path) -> None:
    rows = read(tmp_path, "\ufeff" + HEAD + "\r", "A\tB\tyes\r")
    assert rows == sources.Rows((["A"], ["B"]), [1])


def test_blank_lines_at_the_end_are_ignored(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEAD, "A\tB\tyes", "", "")) == 1


def test_last_line_needs_no_newline(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEAD, "A\tB\tyes", end="")) == 1


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        ([HEAD, "A\tB\tyes", "A\tB"], 3, "2 columns where there should be 3; the file ends inside this line"),
        ([HEAD, "A", "A\tB\tyes"], 2, "1 column where there should be 3"),
        ([HEAD, "A\tB\tC\tyes"], 2, "4 columns where there should be 3"),
        ([HEAD, "A\tB\tmaybe"], 2, "label 'maybe' is not one of no, yes"),
        ([HEAD, "A\tB\tye"], 2, "label 'ye' is not one of no, yes"),
        ([HEAD, "A\tB\tyes", "", "A\tB\tno"], 3, "a blank line"),
        ([HEAD, "A\tB\tyes", "", "", "A\tB\tno"], 3, "a blank line"),
        (["first\tother\tlabel", "A\tB\tyes"], 1, "no column 'second' in the header (first, other, label)"),
        (["A sentence", "A\tB\tyes"], 1, "no column 'first' in the header (no tab-separated names)"),
        ([HEAD], 1, "no rows"),
        ([], 1, "no column 'first' in the header (no tab-separated names)"),
    ],
)
def test_malformed_file_is_named_with_its_line(
    tmp_path: Path, lines: list[str], line: int, what: str
) -> None:
    text = f"{tmp_path / 'train.tsv'}, line {line}: {what}"
    with pytest.raises(DataError, match=f"^{re.escape(text)}$"):
        read(tmp_path, *lines, end="")


@pytest.mark.parametrize(
    ("score", "what"),
    [
        ("high", "'high' is not a number"),
        ("", "'' is not a number"),
        ("5.1", "5.1 is outside 0 to 5"),
        ("nan", "nan"),
    ],
)
def test_score_that_is_no_score_is_named_with_its_line(tmp_path: Path, score: str, what: str) -> None:
    with pytest.raises(DataError, match=rf"train\.tsv, line 3: label .*{re.escape(what)}"):
        read(tmp_path, HEAD, "A\tB\t2.5", f"A\tB\t{score}", regression=True)


def test_scores_are_read_as_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD, "A\tB\t5.000", "A\tB\t3", regression=True).labels == [5.0, 3.0]


def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    layouts.write(tmp_path / "train.tsv", HEAD)
    task = layouts.pairs()
    with open(tmp_path / "train.tsv", "ab") as file:
        file.write(b"caf\xe9\tB\tyes\n")
    with pytest.raises(DataError, match=r"train\.tsv, line 2: not UTF-8 text"):
        sources.read(task, "train", sources.locate(task, tmp_path))


def test_no_more_broken_lines_than_are_known_are_left_out(tmp_path: Path) -> None:
    from dataclasses import replace

    task = layouts.pairs()
    assert task.train.tsv is not None
    tolerant = replace(task, train=replace(task.train, tsv=replace(task.train.tsv, broken=1)))
    layouts.write(tmp_path / "train.tsv", HEAD, "A", "A\tB\tyes")
    ref = sources.locate(tolerant, tmp_path)
    assert len(sources.read(tolerant, "train", ref)) == 1
    layouts.write(tmp_path / "train.tsv", HEAD, "A", "B", "A\tB\tyes")
    with pytest.raises(DataError, match="line 3: 1 column"):
        sources.read(tolerant, "train", ref)
    layouts.write(tmp_path / "train.tsv", HEAD, "A\tB\tyes", "A\tB", end="")
    with pytest.raises(DataError, match="line 3: 2 columns .* ends inside"):
        sources.read(tolerant, "train", ref)


cell = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), max_size=20)


@given(st.lists(st.tuples(cell, cell, st.sampled_from(["no", "yes"])), min_size=1, max_size=8))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    found = read(tmp_path_factory.mktemp("data"), HEAD, *("\t".join(row) for row in rows))
    assert list(zip(*found.texts, found.labels, strict=True)) == [(a, b, int(c == "yes")) for a, b, c in rows]
