import csv
import io
import json

import pytest

from ftbench.render import render_sheets
from ftbench.render.sheet import Field, Sheet, figure

SHEET = Sheet(
    "tasks",
    "A | B",
    (
        Field("name", "Name"),
        Field("gain", "Δ", "points"),
        Field("p", "p", "p"),
        Field("g", "g", "number", shown=False),
    ),
    (
        {"name": "x|y", "gain": 0.0123, "p": 0.0004, "g": 0.5},
        {"name": "z", "gain": None, "p": 0.2, "g": None},
    ),
    ("How to read it.",),
)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (0.0123, "points", "+1.23"),
        (-0.00001, "points", "0.00"),
        (0.7, "score", "70.00"),
        (0.0004, "p", "<0.001"),
        (0.0496, "p", "0.050"),
        (0.256, "share", "0.26"),
        (3, "count", "3"),
        ("a", "text", "a"),
        (None, "points", "–"),
    ],
)
def test_figures_read_as_their_kind(value, kind, expected):
    assert figure(value, kind) == expected


def test_people_see_the_fields_meant_for_them():
    lines = render_sheets([SHEET], "rich", schema="s").splitlines()
    assert lines[0] == "A | B"
    assert lines[1].split() == ["Name", "Δ", "p"]
    assert lines[3].split() == ["x|y", "+1.23", "<0.001"]
    assert lines[4].split() == ["z", "–", "0.200"]
    assert lines[5] == "How to read it."
    assert "\x1b" not in "".join(lines) and "\x1b" in render_sheets([SHEET], "rich", schema="s", styled=True)


def test_markdown_escapes_names_and_aligns_numbers():
    text = render_sheets([SHEET], "markdown", schema="s")
    assert "### A \\| B" in text and "| x\\|y | +1.23 | \\<0.001 |" in text
    assert "| --- | ---: | ---: |" in text


def test_csv_and_json_have_every_field():
    rows = list(csv.DictReader(io.StringIO(render_sheets([SHEET, SHEET], "csv", schema="s"))))
    assert len(rows) == 4
    assert rows[0] == {
        "sheet": "tasks",
        "title": "A | B",
        "name": "x|y",
        "gain": "0.0123",
        "p": "0.0004",
        "g": "0.5",
    }
    assert rows[1]["gain"] == ""
    document = json.loads(render_sheets([SHEET], "json", schema="s"))
    assert document["schema"] == "s"
    assert document["sheets"][0]["rows"][1] == {"name": "z", "gain": None, "p": 0.2, "g": None}


@pytest.mark.parametrize("format", ["rich", "markdown", "csv", "json"])
def test_a_sheet_without_rows_has_its_notes(format):
    text = render_sheets([Sheet("tasks", "T", SHEET.fields, (), ("Nothing here.",))], format, schema="s")
    assert ("Nothing here." in text) or format == "csv"
    assert "---:" not in text and "──" not in text
