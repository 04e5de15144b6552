"""Published against measured scores, for a plot: from a file, or from a paper's table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ftbench.db import Database
from ftbench.errors import DataError, NothingToReport, UsageError
from ftbench.render.suite_table import SuiteReport
from ftbench.services.papers import report
from ftbench.services.papers.report import AVG, DELTA
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning import commands
from ftbench.stats import paired
from ftbench.stats.findings import Interval
from ftbench.suites import TIME, chosen

if TYPE_CHECKING:
    from ftbench.render.plots.theme import Plot


def draw_pairs(path: Path) -> Plot:
    """Published against measured scores from a CSV file: ``name``, ``published``, ``measured``, × 100.

    Columns ``low`` and ``high`` give an interval of the measured score, ``label`` groups.

    Raises:
        DataError: the file cannot be read, or lacks a column or a number.
        FtbenchError: the plotting packages are missing.
    """
    from ftbench.render.plots import reproduction, theme

    theme.load_plotting()
    import pandas as pd

    try:
        frame = pd.read_csv(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path} is not CSV: {error}") from error
    lacking = [name for name in reproduction.COLUMNS if name not in frame.columns]
    if lacking:
        raise DataError(f"{path} has no column '{lacking[0]}': it needs {', '.join(reproduction.COLUMNS)}")
    if frame.empty:
        raise DataError(f"{path} has no rows")
    numbers = frame[[name for name in ("published", "measured", "low", "high") if name in frame.columns]]
    if any(kind.kind not in "if" for kind in numbers.dtypes) or numbers.isna().to_numpy().any():
        raise DataError(f"{path}: every row needs numbers in {', '.join(numbers.columns)}")
    return reproduction.reproduction(frame, "Published and measured")


def draw_suite(address: str, database: Database | None, request: SuiteRequest) -> Plot:
    """The cells of a suite, or of the suites of a short name, that have a printed and a measured mean.

    Args:
        address: of the database.
        database: whose jobs; None where there is none.
        request: which tables.

    Raises:
        UsageError: an unknown name, or a suite about time.
        NothingToReport: no cell has both.
        FtbenchError: the plotting packages are missing.
    """
    from ftbench.render.plots import theme

    theme.load_plotting()
    name = request.name
    if all(suite.kind == TIME for suite in chosen(name)):
        raise UsageError(f"--suite {name} is about time: it has no scores to draw")
    tables = [table for table in report.suite_reports(address, database, request) if not table.timed]
    rows = [pair for table in tables for pair in pairs(table, named=len(tables) > 1)]
    if not rows:
        table = commands.example("report", "--suite", name, address=address)
        raise NothingToReport(
            f"{name}: no cell has both a printed and a measured mean; `{table}` says what is missing"
        )
    return _drawn(rows, tables[0].title if len(tables) == 1 else name)


def of_table(table: SuiteReport) -> Plot | None:
    """The cells of one table that have a printed and a measured mean; None where there are none.

    Args:
        table: of a paper; one about time has no scores to draw.
    """
    rows = [] if table.timed else list(pairs(table, named=False))
    return _drawn(rows, table.title) if rows else None


def named_points(table: SuiteReport) -> list[list[str]]:
    """The points of a table's plot in words: the headings, then the point that is farthest off first."""
    rows = sorted(pairs(table, named=False), key=lambda row: -abs(row["measured"] - row["published"]))
    heads = ["point", "published", "measured", "difference", "verdict"]
    return [
        heads,
        *(
            [
                row["name"],
                f"{row['published']:.2f}",
                f"{row['measured']:.2f}",
                f"{row['measured'] - row['published']:+.2f}",
                row["label"],
            ]
            for row in rows
        ),
    ]


def _drawn(rows: list[dict[str, Any]], title: str) -> Plot:
    import pandas as pd

    from ftbench.render.plots import reproduction

    return reproduction.reproduction(
        pd.DataFrame(rows), f"Published and measured: {title}", "95 % t intervals"
    )


def pairs(table: SuiteReport, *, named: bool) -> Iterator[dict[str, Any]]:
    """A row for each cell with both means, × 100, as ``reports.plots.reproduction`` takes it.

    Differences are left out, and averages where their cells stand beside them: they follow from the cells.

    Args:
        table: of a paper.
        named: whether the rows name it.
    """
    for section in table.sections:
        derived = (
            {DELTA.key} if {c.key for c in section.columns} <= {AVG.key, DELTA.key} else {AVG.key, DELTA.key}
        )
        for group in section.groups:
            for row in group.rows:
                for head, cell in zip(section.columns, row.cells, strict=True):
                    ours, printed = cell.measured.mean, cell.printed.get("mean")
                    if ours is None or printed is None or derived & {head.key, row.head.key}:
                        continue
                    where = [table.name if named else "", group.title, row.head.title, head.title]
                    interval = paired.t_interval(np.array(cell.measured.values))
                    ends = (interval.low, interval.high) if isinstance(interval, Interval) else (None, None)
                    yield {
                        "name": " · ".join(part for part in where if part),
                        "published": printed,
                        "measured": 100 * ours,
                        "low": None if ends[0] is None else 100 * ends[0],
                        "high": None if ends[1] is None else 100 * ends[1],
                        "label": cell.verdict or "no verdict",
                        "margin": cell.margin,
                    }
