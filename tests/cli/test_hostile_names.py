"""Names that are markup somewhere are shown as they are in every format."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Ftbench
from tests.render.typesetting import compiled

LABEL = "<script>x</script>|_a_b_&50%#$1{2}~^[bold]*c*`d`\\"


@pytest.fixture
def hostile(filled: Ftbench) -> Ftbench:
    """Run a command beside a database with such a method."""
    with sqlite3.connect("ftbench.db") as connection:
        connection.execute("UPDATE jobs SET label = ? WHERE method = 'bidrop'", (LABEL,))
    connection.close()

    def renamed(*words: str) -> Ended:
        return filled(*words, "--rename", f"bidrop={LABEL}")

    return renamed


@pytest.mark.parametrize("command", ["report", "report --table robustness", "compare bidrop vanilla"])
def test_a_terminal_csv_and_json_have_the_name_itself(hostile: Ftbench, command: str) -> None:
    shown = hostile(*command.split()).out
    assert LABEL in shown or LABEL in "".join(shown.split())
    rows = list(csv.DictReader(io.StringIO(hostile(*command.split(), "--format", "csv").out)))
    titles = [row.get("comparison_title") or row["title"] for row in rows]
    assert any(LABEL in title for title in titles) and None not in rows[0]
    assert LABEL in {row.get("label", row.get("left")) for row in rows}
    assert f'"{LABEL}"' in hostile(*command.split(), "--json").out.replace("\\\\", "\\")


@pytest.mark.parametrize("command", ["report", "report --table robustness", "compare bidrop vanilla"])
def test_in_markdown_every_row_keeps_its_cells_and_nothing_is_markup(hostile: Ftbench, command: str) -> None:
    text = hostile(*command.split(), "--format", "markdown").out
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.M)
    cells = [{len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()} for table in tables]
    assert cells and all(len(counts) == 1 for counts in cells)
    named = [line for line in text.splitlines() if "script" in line]
    assert named and not any(re.search(r"(?<!\\)[<>]", re.sub(r"</?u>", "", line)) for line in named)


def test_in_latex_the_document_and_its_numbers_compile(hostile: Ftbench, tmp_path: Path) -> None:
    text = hostile("report", "--format", "latex", "--macros", "numbers.tex").out
    assert "script" in text
    numbers = Path("numbers.tex").read_text(encoding="utf-8")
    compiled(text.replace("\\begin{document}", numbers + "\\begin{document}", 1), tmp_path)
