"""A statistic and a renderer are one new file each: put into their folder, the commands have them."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ftbench.cli import app
from ftbench.render import formats
from ftbench.stats import statistics
from tests.cli.conftest import Ftbench

RANGE = '''
"""From the worst run to the best."""

from ftbench.stats.statistics import Statistic

STATISTIC = Statistic("range", lambda scores: scores.max(axis=0) - scores.min(axis=0), level={level})
'''
SHOUT = '''
"""Names in capitals."""

from ftbench.render.formats import Format


def _report(report, screen):
    rows = [row for section in report.sections for group in section.groups for row in group.rows]
    return "".join(f"{row.label.upper()}\\n" for row in rows)


FORMAT = Format(".shout", _report, None, SHEETS)
'''
Put = Callable[[ModuleType, str, str], None]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    """Put a file beside those of a package; it is gone after the test."""
    there: list[tuple[ModuleType, str]] = []

    def add(package: ModuleType, name: str, text: str) -> None:
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        there.append((package, name))
        app._tree.cache_clear()  # what commands say of themselves names what there is

    yield add
    for package, name in there:
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)
        package.find.cache_clear()
    app._tree.cache_clear()


def test_a_new_statistic_is_shown_in_every_format(filled: Ftbench, put: Put) -> None:
    put(statistics, "range", RANGE.format(level=False))
    asked = ("report", "--tasks", "rte", "--show", "mean,range", "--format")
    assert "**73.50** (4.50)" in filled(*asked, "markdown").out
    assert r"\textbf{73.50} (4.50)" in filled(*asked, "latex").out
    assert "Mean (range) over seeds" in filled(*asked, "rich").out
    assert '["range","3.00"]' in filled(*asked, "html").out
    rows = list(csv.DictReader(io.StringIO(filled(*asked, "csv").out)))
    assert {row["range"][:6] for row in rows if row["column"] == "rte"} == {"0.0300", "0.0450"}
    first = filled(*asked, "json").json["sections"][0]["groups"][0]["rows"][0]["cells"]
    assert first["rte"]["range"] == pytest.approx(0.03)
    filled(*asked, "csv", "--macros", "numbers.tex")
    assert r"\ftMainBertBaseVanillaRteRange}{3.00}" in Path("numbers.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize("level", [True, False])
def test_a_level_competes_and_is_averaged_and_a_spread_is_not(filled: Ftbench, put: Put, level: bool) -> None:
    put(statistics, "range", RANGE.format(level=level))
    (section,) = filled("report", "--tasks", "rte", "--show", "range", "--json").json["sections"]
    cells = [row["cells"] for row in section["groups"][0]["rows"]]
    assert [cell["rte"]["best"] for cell in cells] == [[], ["range"] if level else []]
    assert all(("range" in cell["average"]) == level for cell in cells)


def test_statistics_are_named_in_errors(filled: Ftbench, put: Put) -> None:
    put(statistics, "range", RANGE.format(level=False))
    ended = filled("report", "--show", "rang")
    assert ended.code == 2 and "unknown statistic 'rang'; did you mean 'range'?" in ended.err
    assert "Statistics in a cell: mean, median, iqm, max, std, range." in " ".join(ended_help(filled).split())


def ended_help(command: Ftbench, name: str = "report") -> str:
    """What a command says of itself."""
    return command(name, "--help").out


def test_a_new_format_writes_reports_and_papers_tables(filled: Ftbench, put: Put) -> None:
    put(formats, "shout", SHOUT.replace("SHEETS", "None"))
    assert filled("report", "--format", "shout").out == "VANILLA\nBIDROP\n"
    assert filled("report", "-o", "table.shout").code == 0
    assert Path("table.shout").read_text(encoding="utf-8") == "VANILLA\nBIDROP\n"
    assert "R-DROP" in filled("report", "--suite", "bidrop/table5", "--format", "shout").out.upper()
    assert "latex, csv, json, html or shout." in " ".join(ended_help(filled).split())
    assert "did you mean 'shout'?" in filled("report", "--format", "shot").err
    assert ".md, .shout, .tex" in filled("report", "-o", "table.xyz").err


def test_lists_are_written_in_the_formats_that_write_them(filled: Ftbench, put: Put) -> None:
    asked = ("compare", "bidrop", "vanilla", "--format", "shout")
    put(formats, "shout", SHOUT.replace("SHEETS", "None"))
    assert filled(*asked).code == 2
    assert "markdown, csv or json." in " ".join(ended_help(filled, "compare").split())


def test_a_new_format_writes_lists_where_it_says_so(filled: Ftbench, put: Put) -> None:
    put(formats, "shout", SHOUT.replace("SHEETS", "lambda sheets, schema, screen: schema.upper()"))
    assert filled("compare", "bidrop", "vanilla", "--format", "shout").out == "FTBENCH.COMPARE/1"
    assert "markdown, csv, json or shout." in " ".join(ended_help(filled, "compare").split())


def test_a_format_that_is_not_asked_for_is_not_loaded(filled: Ftbench, put: Put) -> None:
    put(formats, "shout", "raise SystemError")
    assert filled("report").code == 0
    assert filled("report", "--format", "csv").code == 0
    assert filled("report", "--help").code == 0
    assert filled("compare", "bidrop", "vanilla").code == 0
