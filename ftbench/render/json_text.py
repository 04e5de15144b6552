"""Reports as JSON, schema ``ftbench.report/1``: fields may be added, none is renamed or removed.

The document::

    {"schema": "ftbench.report/1", "table": "main" | "robustness" | "curves", "baseline": name,
     "sections": [section], "notes": [text]}

A section is one model, one size of the training set and one recipe::

    {"part": "main" | perturbation | perturbation + "_curve", "title": text,
     "caption": [text],
     "model": id, "train_size": rows | null (all), "changed": {setting: value} (changed by hand),
     "recipe": {setting: value} (what all its jobs share),
     "columns": [{"key", "kind": "score" | "average" | "difference" | "estimate" | "group" | "failed" |
                  "runs", "title", "task", "evaluation", "metric"}],
     "perturbation": text (``noise``, ``noise[kind=pairflip]``, …) | null,
     "groups": [{"ratio": fraction | null, "rows": [row]}], "notes": [text]}

Column keys: the task; ``average`` (over all tasks, null unless every seed queued is there);
``average_shared`` (over the tasks and seeds that every method with a score has); ``average_not_failed``
(of runs that neither diverged nor collapsed); ``difference`` (P(A > B) with ``--estimand probability``); of
curves ``slope`` (for 0.1 of the ratio), ``area``, ``below`` (a ratio) and ``slope_difference``; each with
``:own`` where it is of the tasks' own metrics beside another one.

A row is a method::

    {"label": text, "title": text, "method": name, "hparams": {name: value}, "cells": {column key: cell}}

A cell, all scores as fractions, null where there is none::

    {"mean", "max", "median", "iqm", "std" (ddof 1), "n" (scores there), "planned" (queued), "complete": bool,
     "missing": {reason: number}, "best": [statistic] (the best of its column by, or not told from it),
     "seeds": [seed], "values": [score], "jobs": [digest],          (a score: in the same order)
     "remark": text | null,                                       (what the method says of it)
     "collapsed": number,                                         (scores of runs that collapsed)
     "diverged": number,                           (scores that stand for diverged runs: chance)
     "tested": null | {"difference", "low", "high", "n", "p" (alone), "p_corrected" (of all that is asked),
                       "mark": "▲" | "▼" | "", "test": "max-T" | "t" | "signs", "p_holm" (of averages),
                       "undone_by" (a share of failures)},
                                                    (to the baseline: paired by seed, 95 % interval)
     "untested": text | null}                       (why it cannot be compared)
    {…, "tasks": [name], "reduced": bool, "low", "high", "tested", "untested"}
                                                    (an average or difference: what it is over)
    {…, "low", "high" (95 % interval), "seeds", "values" (a seed's own), "tested" (a difference),
     "text": text | null (where words stand for a number)}                                     (an estimate)
    {"text": text, "untested": text | null}                        (group)
    {"text": text, "failed", "runs", "low", "high", "test", "p", "p_corrected", "mark"}   (failed: a share)
    {"text": text}                                                 (runs)

A statistic that is not named here has its own name, where a cell has it.

Reasons: queued, running, failed, diverged, cancelled, not queued, no score. A cell without meaning is null.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ftbench.render.table import TEXTS, Cell, Column, Group, Report, Row, Section

SCHEMA = "ftbench.report/1"
#: Null where a cell has none; others are there where a cell has them.
STATISTICS = ("mean", "max", "median", "iqm", "std")


def render(report: Report) -> str:
    """The report as text; a NaN in it would be a bug and is refused."""
    return json.dumps(document(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "schema": SCHEMA,
        "table": report.table,
        "baseline": report.baseline,
        "sections": [_section(section) for section in report.sections],
        "notes": list(report.notes),
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "part": section.part,
        "title": section.title,
        "caption": list(section.caption),
        "model": section.model,
        "train_size": section.train_size,
        "changed": dict(section.changed),
        "recipe": dict(section.recipe),
        "perturbation": section.scores.axis,
        "columns": [_column(column) for column in section.columns],
        "groups": [_group(group, section.columns) for group in section.groups],
        "notes": list(section.notes),
    }


def _column(column: Column) -> dict[str, Any]:
    names = ("kind", "title", "task", "evaluation", "metric")
    return {"key": column.name, **{name: getattr(column, name) for name in names}}


def _group(group: Group, columns: tuple[Column, ...]) -> dict[str, Any]:
    return {"ratio": group.ratio, "rows": [_row(row, columns) for row in group.rows]}


def _row(row: Row, columns: tuple[Column, ...]) -> dict[str, Any]:
    cells = {column.name: _cell(cell, column) for column, cell in zip(columns, row.cells, strict=True)}
    called = {"label": row.label, "title": row.shown, "method": row.method}
    return {**called, "hparams": dict(row.hparams), "cells": cells}


def _cell(cell: Cell, column: Column) -> dict[str, Any] | None:
    if not cell.applies:
        return None
    if column.kind == "group":
        return {"text": cell.text, "untested": cell.untested or None}
    if column.kind == "failed":
        return {"text": cell.text, **(asdict(cell.failed) if cell.failed else {})}
    if column.kind in TEXTS:
        return {"text": cell.text}
    values: dict[str, Any] = {**dict.fromkeys(STATISTICS), **cell.statistics}
    values |= {"n": cell.n, "planned": cell.planned}
    values |= {"complete": cell.complete, "missing": dict(cell.missing), "best": list(cell.best)}
    if column.kind == "score":
        values |= {"seeds": list(cell.seeds), "values": list(cell.values), "jobs": list(cell.jobs)}
        values |= _compared(cell) | {"collapsed": cell.collapsed, "diverged": cell.diverged}
        return values | {"remark": cell.remark or None}
    if column.kind == "estimate":
        values |= {"low": cell.low, "high": cell.high, "seeds": list(cell.seeds), "values": list(cell.values)}
        return values | _compared(cell) | {"text": cell.text or None}
    values |= {"tasks": list(cell.tasks), "reduced": cell.reduced, "low": cell.low, "high": cell.high}
    return values | _compared(cell)


def _compared(cell: Cell) -> dict[str, Any]:
    """The test against the baseline, or why there is none."""
    told = asdict(cell.tested) if cell.tested else None
    if told is not None and told["unit"] == "seeds":
        del told["unit"]  # what is told of is unusual
    return {"tested": told, "untested": cell.untested or None}
