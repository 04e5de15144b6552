"""What a terminal and a spreadsheet are given."""

from __future__ import annotations

import pytest

from ftbench.printable import csv_cell, printable, printable_lines


def test_hidden_characters_are_spelled_out() -> None:
    assert printable("\x1b]0;x\x07\x9b\u202e\ud800") == r"\x1b]0;x\x07\x9b\u202e\ud800"
    assert printable("a\nb\tc") == r"a\nb\tc" and printable_lines("a\nb\tc\r") == "a\nb\tc\\r"
    assert printable(b"\xff") == r"b'\xff'" and printable("Größe × 2") == "Größe × 2"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x", "@SUM(1)", "\t=1", "\r=1", "-1+1|cmd"])
def test_a_formula_is_text(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-0.5", "+1e-3", "-0.5 0.25", "", "rdrop", -0.5, None, "a=b"])
def test_numbers_and_names_stay(value: object) -> None:
    assert csv_cell(value) == value
