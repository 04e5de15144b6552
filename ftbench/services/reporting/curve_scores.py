"""Scores along a perturbation's ratio, taken from a table by ratio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ftbench.domain.study import Study
from ftbench.render.layouts import Part
from ftbench.render.table import OWN, Section
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.by_study import study_means


@dataclass(frozen=True)
class Curves:
    """One metric of a table: each seed's average over the tasks, at every ratio.

    Attributes:
        metric: in words, where the table has several; else "".
        measure: that of its columns.
        ratios: (ratios,), ascending.
        seeds: of the table; where seeds share the choices of several studies, the studies.
        methods: the rows as tables print them.
        scores: (methods, seeds, ratios); NaN where a task lacks its score.
        baseline: its place among the methods; None where it has no row.
    """

    metric: str
    measure: str
    ratios: FloatArray
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    scores: FloatArray
    baseline: int | None

    def named(self, which: BoolArray) -> tuple[int, ...]:
        """Some of the seeds.

        Args:
            which: (seeds,).
        """
        return tuple(seed for seed, there in zip(self.seeds, which, strict=True) if there)


def scores_along(part: Part, basis: Section, baseline: str, study: Study | None = None) -> list[Curves]:
    """The curves of a table, one for each measure of the part that it fills.

    Args:
        part: what the table fills.
        basis: the table, its rows by ratio.
        baseline: as the user named it.
        study: whose choices the runs were trained with; its repetitions, if several, take the seeds' place.
    """
    rows = basis.groups[0].rows
    other = basis.groups[0].named(baseline)
    seeds = sorted(
        {s for group in basis.groups for row in group.rows for cell in row.cells for s in cell.seeds}
    )
    turns = [study.repeat_of(seed) for seed in seeds] if study is not None and study.repeats > 1 else []
    found = []
    for at in range(len(part.measures)):
        measure = OWN if at else ""
        scores = np.stack(list(_averages(basis, measure, seeds)), axis=-1)
        found.append(
            Curves(
                metric=next(c.subtitle for c in basis.columns if c.key == "average" and c.measure == measure),
                measure=measure,
                ratios=np.array([group.ratio for group in basis.groups], dtype=np.float64),
                seeds=tuple(sorted(set(turns)) or seeds),
                methods=tuple(row.shown for row in rows),
                scores=study_means(scores, np.array(turns)) if turns else scores,
                baseline=next((place for place, row in enumerate(rows) if row is other), None),
            )
        )
    return found


def _averages(basis: Section, measure: str, seeds: list[int]) -> Iterator[FloatArray]:
    """For each ratio the methods' averages over the tasks: (methods, seeds)."""
    columns = [
        at for at, column in enumerate(basis.columns) if column.kind == "score" and column.measure == measure
    ]
    places = {seed: at for at, seed in enumerate(seeds)}
    for group in basis.groups:
        scores = np.full((len(group.rows), len(seeds), len(columns)), np.nan)
        for row, method in enumerate(group.rows):
            for task, at in enumerate(columns):
                for seed, value in zip(method.cells[at].seeds, method.cells[at].values, strict=True):
                    scores[row, places[seed], task] = value
        yield scores.mean(axis=-1)
