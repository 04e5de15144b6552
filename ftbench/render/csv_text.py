"""Reports as tidy CSV: one row a cell, numbers as fractions.

Columns: ``table``, ``part`` (main, or a perturbation, ``_curve`` behind it in a table of curves), ``model``,
``train_size`` (empty: all rows), ``changed`` (recipe settings changed by hand, as JSON), ``perturbation``
and ``ratio`` (empty in a table of clean runs), ``label``, ``method``, ``hparams`` (JSON), ``column`` (as in
JSON), ``kind`` (score, average, difference, estimate), ``task``, ``evaluation``, ``metric``, ``n`` and
``planned`` (scores there, and queued), ``missing`` (JSON: reason -> number), ``reduced`` (1: an average or
difference over fewer scores than queued), ``mean``, ``max``, ``std`` (ddof 1), ``tasks`` (of an average or
difference), ``seeds``, ``values``, ``jobs`` (digests), separated by spaces and in the same order;
``remark`` (what the method says of its scores on the task); ``median``, ``iqm``; ``collapsed`` (scores of
runs that collapsed) and ``diverged`` (that stand for diverged runs: chance); ``difference``,
``difference_low``, ``difference_high``, ``pairs`` (to the baseline, paired by seed, with its 95 % interval
and the seeds behind it); ``p``, ``p_corrected`` (of the test alone, and of all that is asked); ``test``
(``max-T``, ``t``, ``signs``; of failures McNemar's or Fisher's); ``p_holm`` (of an average: t-tests with
Holm's correction); ``undone_by`` (the share of failures that would take a marked difference away, where the
runs do not exclude it); ``untested`` (why there is no test); ``text`` (of the kinds ``group``, ``failed`` and
``runs``, and where words stand for an estimate); ``low``, ``high`` (of an estimate's or a share's 95 %
interval); then a column for each statistic that is not named here. Cells without meaning have no row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

from ftbench.printable import csv_cell
from ftbench.render.table import Cell, Column, Group, Report, Row, Section
from ftbench.stats import statistics

COLUMNS = (
    "table part model train_size changed perturbation ratio label title method hparams column kind "
    "task evaluation metric n planned missing reduced mean max std tasks seeds values jobs remark "
    "median iqm collapsed diverged difference difference_low difference_high pairs p p_corrected "
    "test p_holm undone_by untested text low high"
).split()


def render(report: Report) -> str:
    """The report as text, with a line of headings."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    further = [name for name in statistics.names() if name not in COLUMNS]
    writer.writerow([*COLUMNS, *further])
    for section in report.sections:
        for group in section.groups:
            for row in group.rows:
                for column, cell in zip(section.columns, row.cells, strict=True):
                    if cell.applies:
                        found = _values(report.table, section, group, row, column, cell, further)
                        writer.writerow(map(csv_cell, found))
    return file.getvalue()


def _values(
    table: str,
    section: Section,
    group: Group,
    row: Row,
    column: Column,
    cell: Cell,
    further: Sequence[str],
) -> Iterator[object]:
    yield from (table, section.part, section.model, _text(section.train_size), _json(section.changed))
    yield from (_text(section.scores.axis), _text(group.ratio))
    yield from (row.label, row.shown, row.method, _json(row.hparams))
    yield from (column.name, column.kind, _text(column.task), _text(column.evaluation), _text(column.metric))
    yield from (cell.n, cell.planned, _json(cell.missing), int(cell.reduced))
    yield from (_text(cell.statistics.get(name)) for name in ("mean", "max", "std"))
    yield " ".join(cell.tasks)
    yield " ".join(str(seed) for seed in cell.seeds)
    yield " ".join(repr(value) for value in cell.values)
    yield " ".join(cell.jobs)
    yield cell.remark
    yield from (_text(cell.statistics.get(name)) for name in ("median", "iqm"))
    yield from (cell.collapsed, cell.diverged)
    tested, failed = cell.tested, cell.failed
    names = ("difference", "low", "high", "n")
    yield from (_text(getattr(tested, name)) if tested else "" for name in names)
    about = tested or failed
    yield from (_text(about.p), _text(about.p_corrected), about.test) if about else ("", "", "")
    yield from (_text(tested.p_holm), _text(tested.undone_by)) if tested else ("", "")
    yield cell.untested
    yield from (cell.text, _text(cell.low), _text(cell.high))
    yield from (_text(cell.statistics.get(name)) for name in further)


def _text(value: float | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else ""
