"""Reports of sixty methods, of thirty tasks and of names as long as a line: nothing is cut in silence."""

from __future__ import annotations

import json
import re

import pytest

from ftbench.render import render, tidy
from ftbench.render.plots import spread, theme
from ftbench.render.plots.looks import of_report
from ftbench.render.table import Report
from tests.render.specs import found, values
from tests.services.reporting.crowds import crowd
from tests.services.reporting.reading import cell, report

CROWDS = {"methods": (60, 2), "tasks": (3, 30), "names": (4, 2, 3, True)}


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return {name: report(crowd(*sizes)) for name, sizes in CROWDS.items()}


def names_of(told: Report) -> list[str]:
    (section,) = told.sections
    return [row.shown for row in section.groups[0].rows] + [c.title for c in section.columns if c.task]


@pytest.mark.parametrize("crowded", CROWDS)
def test_a_terminal_of_80_columns_shows_every_name_in_full(reports, crowded):
    text = render(reports[crowded], "rich", width=80)
    assert max(map(len, text.splitlines())) <= 80
    pieces = re.sub(r"[\s¹]", "", text)
    for name in names_of(reports[crowded]):
        # folded beside other columns, a long name stands in pieces of its first letters, and so on
        assert name in pieces or all(piece in text for piece in re.findall(r".{1,8}", name)[:3]), name


@pytest.mark.parametrize("crowded", CROWDS)
@pytest.mark.parametrize("format_", ["markdown", "latex", "html", "json", "csv"])
def test_files_have_every_name_in_full(reports, crowded, format_):
    text = render(reports[crowded], format_).replace(r"\_\allowbreak{}", "_").replace(r"\_", "_")
    text = text.replace(r" \\ a_", "a_").replace(r" \\ ", "")
    assert not [name for name in names_of(reports[crowded]) if name not in text]


@pytest.mark.parametrize("crowded", CROWDS)
def test_a_strip_has_a_place_for_every_method_by_a_name_that_tells_it_apart(reports, crowded):
    (section,) = reports[crowded].sections
    frame, counts = tidy.score_frame(section), tidy.run_counts(section)
    counts[0] |= {"n": 0}  # else it is said once
    spec = spread.strip(frame, section.title, of_report(reports[crowded]), counts=counts)
    methods = len(section.groups[0].rows)
    assert len({row["at"] for row in values(spec, "runs")}) == methods
    labels = {label for label in found(spec, "labelExpr") if isinstance(label, str)}
    (shown,) = {tuple(json.loads(label.partition("]")[0] + "]")) for label in labels}
    assert len(set(shown)) == methods and max(map(len, shown)) <= 41
    for panel in spec.chart["concat"]:
        lines = panel["title"]["text"]
        width = max(map(len, lines if isinstance(lines, list) else [lines]))
        assert width <= panel["width"] / theme.LETTER


def test_among_sixty_methods_what_lies_twenty_points_lower_is_not_bold(reports):
    (section,) = reports["methods"].sections
    assert not cell(section, "vanilla", "task00").best and cell(section, "own59", "task00").best
    assert any("No groups: more than 50 rows" in line for line in section.caption)
