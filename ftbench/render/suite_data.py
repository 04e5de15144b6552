"""A paper's table for machines: tidy CSV, and JSON of schema ``ftbench.suite/1``.

CSV has a row for each cell: ``suite``, ``model``, ``setting`` (as the printed numbers name it), ``group``
(the condition in words), ``row`` and ``column`` (headings), ``n``, ``planned``, ``mean``, ``max``, ``std``
(ours: fractions; times in the unit of their column), ``printed_mean``, ``printed_max``, ``printed_std``,
``printed_ratio``, ``printed_n`` (as printed, scores × 100), ``verdict``, ``reason``, ``p_equal``,
``p_apart``, ``needs`` (seeds), ``note``, ``margin`` (points), ``diverged`` (of ``n``: runs that
diverged and score chance).

JSON has the same::

    {"schema": "ftbench.suite/1", "suite", "title", "margins": {metric: points}, "caption": [text],
     "notes": [text],
     "claims": [{"text", "verdict", "detail"}],
     "cells": [{"model", "setting", "group", "row", "column",
                "measured": {"mean", "max", "std", "n", "planned", "missing": {reason: number}, "seeds",
                             "values", "jobs", "diverged"},
                "printed": {statistic: number}, "printed_n", "verdict", "reason", "p_equal", "p_apart",
                "margin", "needs", "note"}]}
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ftbench.printable import csv_cell
from ftbench.render.suite_table import SuiteCell, SuiteReport

SCHEMA = "ftbench.suite/1"
#: The statistics that papers print, and those beside them that we measure.
MEASURED = ("mean", "max", "std")
PRINTED = (*MEASURED, "ratio")
COLUMNS = (
    *"suite model setting group row column n planned".split(),
    *MEASURED,
    *(f"printed_{statistic}" for statistic in PRINTED),
    *"printed_n verdict reason p_equal p_apart needs note margin diverged".split(),
)


def to_csv(reports: Sequence[SuiteReport]) -> str:
    """Reports as CSV, with a line of headings."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for report in reports:
        for at, cell in _cells(report):
            ours = cell.measured
            printed = [cell.printed.get(statistic) for statistic in PRINTED]
            tests = [cell.p_equal, cell.p_apart, cell.needs]
            rest = [cell.n_printed, cell.verdict, cell.reason, *tests, cell.note, cell.margin, ours.diverged]
            writer.writerow(
                csv_cell(value)
                for value in [
                    report.name,
                    *at.values(),
                    ours.n,
                    ours.planned,
                    *(ours.statistics.get(name) for name in MEASURED),
                    *printed,
                    *rest,
                ]
            )
    return file.getvalue()


def to_json(reports: Sequence[SuiteReport]) -> str:
    """Reports as JSON: a document, or a list of them where there are several."""
    documents = [_document(report) for report in reports]
    whole = documents[0] if len(documents) == 1 else documents
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _document(report: SuiteReport) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "suite": report.name,
        "title": report.title,
        "margins": dict(report.margins),
        "caption": list(report.caption),
        "notes": list(report.notes),
        "claims": [asdict(claim) for claim in report.claims],
        "cells": [{**at, **_cell(cell)} for at, cell in _cells(report)],
    }


def _cells(report: SuiteReport) -> Iterator[tuple[dict[str, str], SuiteCell]]:
    for section in report.sections:
        for group in section.groups:
            for row in group.rows:
                for column, cell in zip(section.columns, row.cells, strict=True):
                    if cell.applies:
                        names = {"row": row.head.title, "column": column.title}
                        yield (
                            {"model": group.model, "setting": group.setting, "group": group.title, **names},
                            cell,
                        )


def _cell(cell: SuiteCell) -> dict[str, Any]:
    ours, names = cell.measured, ("n", "planned", "missing", "seeds", "values", "jobs", "diverged")
    return {
        "measured": {
            **{name: ours.statistics.get(name) for name in MEASURED},
            **{name: getattr(ours, name) for name in names},
        },
        "printed": dict(cell.printed),
        "printed_n": cell.n_printed,
        "verdict": cell.verdict or None,
        "reason": cell.reason or None,
        "p_equal": cell.p_equal,
        "p_apart": cell.p_apart,
        "margin": cell.margin,
        "needs": cell.needs,
        "note": cell.note or None,
    }
