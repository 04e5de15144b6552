"""Sources: how much of the variation over seeds comes from the head, the order of rows, the subset, ….

Runs in which one random stream alone has other seeds are queued by ``ftbench queue --vary``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftbench.db import Database, JobFilter, JobRow, ValueRow
from ftbench.domain.cards import change_cards
from ftbench.domain.job import STREAMS
from ftbench.domain.plan import GridMethod
from ftbench.errors import FtbenchError
from ftbench.methods.base import PAPER
from ftbench.perturbations import heading, of_card
from ftbench.render.sheet import Field, Sheet
from ftbench.services.planning import lookup, rerun
from ftbench.services.planning.commands import queue_command
from ftbench.services.planning.own_files import OwnFiles
from ftbench.services.scores.jobs import Reported, reported
from ftbench.services.scores.own import own_methods
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.titles import titles_of
from ftbench.settings import DEFAULT_DATABASE
from ftbench.stats.findings import Interval
from ftbench.stats.spread import deviation

ALL = "all"
FIELDS = (
    Field("model", "Model"),
    Field("task", "Task"),
    Field("method", "Name", shown=False),
    Field("method_title", "Method"),
    Field("train_size", "Training rows", "count"),
    Field("condition", "Condition"),
    Field("source", "Source"),
    Field("n", "n", "count"),
    Field("std", "Std", "score"),
    Field("low", "from", "score"),
    Field("high", "to", "score"),
    Field("share", "Share of variance", "share"),
)
NOTES = (
    "Std: standard deviation of the scores (ddof 1), in points, with the 95 % interval of normal scores. "
    "all: every stream has another seed in each run. Else one stream alone has; the others keep one seed.",
    "Share: that variance over that of all. What streams do together is in no share, and each share is at "
    "one seed of the other streams, so they need not add up to 1.",
)


@dataclass(frozen=True)
class SourcesRequest:
    """Whose variation is to be taken apart.

    Attributes:
        selection: the methods, and on which models and tasks.
        methods: the methods, found.
    """

    selection: Selection
    methods: tuple[GridMethod, ...]

    @classmethod
    def of(cls, selection: Selection) -> SourcesRequest:
        """Find the methods.

        Raises:
            UsageError: one is unknown, or a hyper-parameter of it is.
        """
        return cls(selection, tuple(lookup.grid_method(choice, PAPER) for choice in selection.methods))


def measured_sources(database: Database, request: SourcesRequest) -> list[Sheet]:
    """The variation of methods' scores by source, a line for each cell and stream.

    Raises:
        UnknownName: a model or task that nothing carries.
        FtbenchError: no runs vary a single stream.
    """
    asked, chosen = request.selection, request.methods
    cells = database.results.cells()
    asked.check(cells)
    where = JobFilter(
        models=tuple(asked.models_of(cells)) or tuple(asked.model_ids()),
        tasks=tuple(asked.task_names()),
        methods=tuple(dict.fromkeys(method.name for method in chosen)),
    )
    rows, scores = database.jobs.list(where), database.results.values(where)
    labels = {method.label for method in chosen}
    kept, aside = rerun.separated(database, [cell for cell in cells if cell.label in labels])
    scored = {cell.digest for cell in kept if cell.scored}
    done = [row for row in rows if row.digest in scored]
    mine = own_methods(database, kept)
    shown = reported(dict.fromkeys(row.task for row in done), cells, scores, mine.tasks)
    named = titles_of(kept, mine, asked.naming)
    lines = [{**line, "method_title": named[line["method"]]} for line in _lines(done, scores, shown)]
    if not lines:
        own = OwnFiles(own_methods(database, cells).files)
        flags = [
            ("--methods", ",".join(own.method(choice.queued) for choice in asked.methods)),
            ("--tasks", ",".join(asked.tasks) or "rte"),
            ("--models", ",".join(asked.models)),
            ("--seeds", "10"),
            ("--vary", "head,order,dropout"),
            ("--db", database.address if database.address != DEFAULT_DATABASE else ""),
        ]
        raise FtbenchError(
            f"no runs vary one source alone; queue them with: {queue_command(flags)}, and those of all "
            "sources with the same but --vary"
        )
    return [Sheet("sources", "Variation of scores by its sources", FIELDS, tuple(lines), (*NOTES, *aside))]


def _lines(
    rows: Sequence[JobRow], scores: Sequence[ValueRow], shown: Mapping[str, Reported]
) -> Iterator[dict[str, Any]]:
    found = {(s.digest, s.evaluation, s.metric): s.value for s in scores}
    cells: dict[str, list[tuple[JobRow, float]]] = {}
    for row in rows:
        task = shown[row.task]
        value = found.get((row.digest, task.evaluation, task.metric))
        if value is not None:
            rest = {name: part for name, part in row.spec.items() if name not in ("seed", "streams")}
            cells.setdefault(json.dumps(rest, sort_keys=True), []).append((row, value))
    for runs in cells.values():
        together = {row.seed: value for row, value in runs if not _streams(row)}
        total = np.var(list(together.values()), ddof=1) if len(together) > 1 else 0.0
        for source, values in _sources(runs, together):
            yield _line(runs[0][0], shown[runs[0][0].task].title, source, values, float(total))


def _sources(
    runs: Sequence[tuple[JobRow, float]], together: Mapping[int, float]
) -> Iterator[tuple[str, list[float]]]:
    """The scores of all seeds, then those of each stream that varies alone; nothing where none does."""
    alone: dict[tuple[int, str], list[float]] = {}
    for row, value in runs:
        if len(_streams(row)) == 1:
            alone.setdefault((row.seed, next(iter(_streams(row)))), []).append(value)
    if not alone:
        return
    yield ALL, list(together.values())
    for (seed, stream), values in sorted(alone.items(), key=lambda one: STREAMS.index(one[0][1])):
        yield stream, [*values, *([together[seed]] if seed in together else [])]


def _line(row: JobRow, title: str, source: str, values: Sequence[float], total: float) -> dict[str, Any]:
    spread = deviation(np.asarray(values, dtype=np.float64))
    line: dict[str, Any] = {
        "model": row.model,
        "task": title,
        "method": row.label,
        "train_size": row.train_size,
        "condition": _condition(row),
        "source": source,
        "n": len(values),
    }
    if isinstance(spread, Interval):
        line |= {"std": spread.value, "low": spread.low, "high": spread.high}
        if source != ALL and total > 0:
            line["share"] = spread.value**2 / total
    return line


def _condition(row: JobRow) -> str | None:
    told = {name: of_card(name, card) for name, card in change_cards(row.places).items()}
    return heading(row.perturbation.condition, told).strip(" ·") or None


def _streams(row: JobRow) -> Mapping[str, int]:
    streams: Mapping[str, int] = row.spec.get("streams") or {}
    return streams
