"""A report's scores as a data frame, one row a score; plots are drawn from it, and so show the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ftbench.render.table import NOT_QUEUED, OWN, PENDING, Column, Report, Section

if TYPE_CHECKING:
    import pandas as pd

UNIT, LOWER = "× 100", ", lower is better"
"""What a caption says of scores that are fractions, and of a metric of which lower is better."""
#: section: the table's title. ratio: of the perturbation, 0 without. label: the method as tables print it.
#: task: its title. value: a fraction.
COLUMNS = "section ratio label method hparams task metric seed value job".split()


def score_frame(*sections: Section, first: bool = False) -> pd.DataFrame:
    """The scores of some tables.

    Args:
        sections: the tables.
        first: the metric that a table has first, as that of label 1 where rows of it are missing, instead of
            each task's own.

    Returns:
        ``COLUMNS``; methods, tasks and seeds in the order of the tables. Where a table has two metrics, the
        scores of one alone; ``hparams`` is JSON with sorted keys.
    """
    import pandas as pd

    columns = zip(*(row for section in sections for row in _rows(section, first)), strict=True)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=False)), columns=COLUMNS)


def drawn_frame(section: Section, first: bool = False) -> pd.DataFrame:
    """The scores of a table as plots take them: what they show is 100 times ``value``, whatever the unit."""
    frame, column = score_frame(section, first=first), _shown_first(section, first)
    return frame if column is None or column.fraction else frame.assign(value=frame["value"] / 100)


def turned_frame(section: Section, frame: pd.DataFrame) -> pd.DataFrame:
    """The same scores, turned so that higher is better."""
    column = _shown_first(section, first=False)
    return frame if column is None or column.higher else frame.assign(value=-frame["value"])


def unit_of(section: Section, first: bool = False) -> str:
    """What a caption says of the numbers: ``× 100``, and where lower ones are better."""
    column = _shown_first(section, first)
    if column is None or (column.fraction and column.higher):
        return UNIT
    unit = UNIT if column.fraction else "in the unit of the metric"
    return unit if column.higher else f"{unit}{LOWER}"


def _shown_first(section: Section, first: bool) -> Column | None:
    return next((column for _, column in _own(section, first)), None)


def frame_of(report: Report) -> pd.DataFrame:
    """The scores of all tables of a report."""
    return score_frame(*report.sections)


def run_counts(section: Section) -> list[dict[str, object]]:
    """How many runs each method has on each task of a table without ratios, those without any among them.

    Returns:
        ``label`` and ``task`` as in a frame, ``n`` (runs with a score), ``lost`` (those that ended without
        one), ``waiting`` (those that will come), ``lacking`` (those that others have and
        nobody queued here), ``collapsed`` and ``diverged`` (of ``n``).
    """
    found = []
    for row in section.groups[0].rows:
        for at, column in _own(section, first=False):
            cell = row.cells[at]
            waiting = sum(cell.missing.get(reason, 0) for reason in PENDING)
            lacking = cell.missing.get(NOT_QUEUED, 0)
            lost = cell.planned - cell.n - waiting - lacking
            counts = {"n": cell.n, "lost": lost, "waiting": waiting, "lacking": lacking}
            failed = {"collapsed": cell.collapsed, "diverged": cell.diverged}
            found.append({"label": row.shown, "task": column.title, **counts, **failed})
    return found


def _own(section: Section, first: bool) -> list[tuple[int, Column]]:
    """The columns of the one metric that frames have."""
    columns = [(at, c) for at, c in enumerate(section.columns) if c.kind == "score"]
    wanted = columns[0][1].measure if first and columns else OWN
    return [(at, c) for at, c in columns if c.measure == wanted] or columns


def _rows(section: Section, first: bool) -> Iterator[tuple[object, ...]]:
    own = _own(section, first)
    for group in section.groups:
        for row in group.rows:
            hparams = json.dumps(dict(row.hparams), sort_keys=True)
            mine = (section.title, group.ratio or 0.0, row.shown, row.method, hparams)
            for at, column in own:
                cell, same = row.cells[at], (*mine, column.title, column.subtitle)
                for found in zip(cell.seeds, cell.values, cell.jobs, strict=True):
                    yield same + found
