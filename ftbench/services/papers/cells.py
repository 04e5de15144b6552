"""The measured cells of a suite, and what came of comparing them with the printed ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ftbench.db import JobSummary, ScoreRow, ValueRow
from ftbench.domain import hparams
from ftbench.domain.recipe import Recipe
from ftbench.domain.result import State
from ftbench.metrics import Margins, of_score
from ftbench.models.resolve import covered
from ftbench.render.suite_table import NOT_COMPARABLE, SuiteCell, SuiteHead
from ftbench.render.table import NOT_QUEUED, Cell
from ftbench.services.papers.layout import Place
from ftbench.services.planning.suite_grid import Wanted
from ftbench.services.scores.jobs import CHANCE, DIVERGED, status_of
from ftbench.stats import equivalence, statistics
from ftbench.stats.equivalence import Estimate
from ftbench.suites import Panel
from ftbench.suites.published import DDOF, UNSTATED, Published, faults

Printed = Mapping[str, Published]
"""statistic -> the printed number of one cell."""


@dataclass(frozen=True)
class FoundJobs:
    """A job of a suite as the database has it.

    Attributes:
        row: its axes.
        scores: (evaluation set, metric) -> value.
    """

    row: JobSummary
    scores: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Its state; ``diverged`` where it failed for that."""
        return status_of(self.row)


class JobsByCell:
    """The jobs of a database by what they are, whatever rows and revisions they were made with."""

    def __init__(
        self, rows: Sequence[JobSummary], scores: Iterable[ScoreRow | ValueRow], diverged: str = CHANCE
    ) -> None:
        """Index them; scores count for done jobs only.

        Args:
            rows: the jobs.
            scores: theirs.
            diverged: what a diverged run counts as.
        """
        self.diverged = diverged
        done = {row.digest for row in rows if row.scored}
        known: dict[str, dict[tuple[str, str], float]] = {}
        for score in scores:
            if score.digest in done:
                known.setdefault(score.digest, {})[score.evaluation, score.metric] = score.value
        self._names: dict[str, tuple[str, ...]] = {}
        self._models = dict.fromkeys((row.model, row.model_revision) for row in rows)
        self._found: dict[tuple[Any, ...], dict[int, list[FoundJobs]]] = {}
        kept: dict[tuple[str, str], tuple[Any, Any]] = {}
        defaults = hparams.normalise(hparams.as_dict(Recipe()))
        for row in rows:
            at = row.hparams.text, row.recipe.text
            if at not in kept:
                recipe = {**defaults, **row.recipe}
                kept[at] = tuple(sorted(row.hparams.items())), tuple(sorted(recipe.items()))
            key = (row.model, row.task, row.method, *kept[at], row.perturbation)
            found = FoundJobs(row, known.get(row.digest, {}))
            self._found.setdefault(key, {}).setdefault(row.seed, []).append(found)

    def of(self, wanted: Wanted, model: str) -> Mapping[int, list[FoundJobs]]:
        """The jobs of a cell by seed; several where they differ in rows, revision or what they score.

        Args:
            wanted: the cell.
            model: its model, as it was asked for.
        """
        if model not in self._names:
            self._names[model] = covered(model, self._models.keys())
        here = [self._found.get((name, *wanted.key[1:-1]), {}) for name in self._names[model]]
        return next((jobs for jobs in here if jobs), {})


def measured_cell(
    jobs: Mapping[int, list[FoundJobs]], place: Place, seeds: Sequence[int], diverged: str = CHANCE
) -> Cell:
    """The cell of a line in a column.

    Args:
        jobs: those of the line, by seed.
        place: the column.
        seeds: the paper's.
        diverged: what a diverged run counts as: ``chance``, the chance level of the metric, or ``missing``.
    """
    at = (place.evaluation, place.metric)
    values: dict[int, tuple[float, str]] = {}
    missing: Counter[str] = Counter()
    guessed = of_score(place.metric).chance(place.classes) if diverged == CHANCE else None
    lost = 0
    for seed in seeds:
        here = jobs.get(seed, [])
        scored = [found for found in here if math.isfinite(found.scores.get(at, math.nan))]
        if scored:
            values[seed] = scored[0].scores[at], scored[0].row.digest
        elif here and here[0].status == DIVERGED and guessed is not None:
            values[seed] = guessed, here[0].row.digest
            lost += 1
        else:
            status = here[0].status if here else NOT_QUEUED
            missing["no score" if status == State.DONE else status] += 1
    found = of_values(
        {s: v for s, (v, _) in values.items()}, len(seeds), missing, [d for _, d in values.values()]
    )
    return replace(found, diverged=lost)


def of_values(
    values: Mapping[int, float], planned: int, missing: Mapping[str, int], jobs: Sequence[str] = ()
) -> Cell:
    """A cell from the values of its seeds."""
    array = np.asarray(list(values.values()), dtype=np.float64).reshape(-1, 1)  # (seeds, 1)
    found = statistics.available() if values else {}
    return Cell(
        {name: float(value) for name, one in found.items() if math.isfinite(value := one.of(array)[0])},
        n=len(values),
        planned=planned,
        missing=dict(missing),
        seeds=tuple(values),
        values=tuple(values.values()),
        jobs=tuple(jobs),
    )


def averaged_cell(cells: Sequence[Cell], names: Sequence[str]) -> Cell:
    """The mean over columns of each statistic, as the papers average; empty unless all columns have one."""
    missing = sum((Counter(cell.missing) for cell in cells), Counter[str]())
    n, planned = min(c.n for c in cells), max(c.planned for c in cells)
    if any(cell.mean is None for cell in cells):
        return Cell(n=n, planned=planned, missing=dict(missing), reduced=True)
    there = [name for name in cells[0].statistics if all(name in cell.statistics for cell in cells)]
    return Cell(
        {name: sum(cell.statistics[name] for cell in cells) / len(cells) for name in there},
        n=n,
        planned=planned,
        missing=dict(missing),
        tasks=tuple(names),
        reduced=any(not cell.complete for cell in cells),
    )


@dataclass(frozen=True)
class Rule:
    """How measured and printed numbers are compared.

    Attributes:
        margins: within which two means agree.
        level: of the tests.
        departs: why the numbers of a line are not of the printed protocol; () where they are.
    """

    margins: Margins = field(default_factory=Margins)
    level: float = equivalence.LEVEL
    departs: tuple[str, ...] = ()


def compared(cell: Cell, printed: Printed, metric: str, rule: Rule) -> SuiteCell:
    """A cell of one column beside the printed one."""
    margin = rule.margins.of(metric)
    return _beside(cell, printed, rule, margin, _ours([cell]), _theirs([printed], [cell], printed))


def compared_average(
    cell: Cell, printed: Printed, parts: Sequence[tuple[Cell, Printed, str]], rule: Rule
) -> SuiteCell:
    """An average beside the printed one: their uncertainty is that of the columns, and so is the margin.

    Args:
        cell: the average.
        printed: the paper's.
        parts: the columns: ours, the paper's, and the metric.
        rule: how they are compared.
    """
    cells = [one for one, _, _ in parts]
    theirs = _theirs([one for _, one, _ in parts], cells, printed)
    margin = rule.margins.averaged(metric for _, _, metric in parts)
    return _beside(cell, printed, rule, margin, _ours(cells) if cell.mean is not None else None, theirs)


def _beside(
    cell: Cell, printed: Printed, rule: Rule, margin: float, ours: Estimate | None, theirs: Estimate | None
) -> SuiteCell:
    any_of = next(iter(printed.values()), None)
    shown = {statistic: one.value for statistic, one in printed.items()}
    note = "; ".join(dict.fromkeys(one.note for one in printed.values() if one.note))
    common: dict[str, Any] = {
        "measured": cell,
        "printed": shown,
        "n_printed": any_of.n_seeds if any_of else None,
        "note": note,
        "recomputed": any(one.recomputed for one in printed.values()),
    }
    if any_of is None or cell.mean is None or "mean" not in printed:
        return SuiteCell(**common)
    reason = _reason(printed["mean"], rule)
    if reason:
        return SuiteCell(**common, verdict=NOT_COMPARABLE, reason=reason)
    if ours is None or theirs is None:
        return SuiteCell(**common, verdict=equivalence.UNDERPOWERED, reason="fewer than two seeds")
    test = equivalence.tost(ours, theirs, margin, rule.level)
    common |= {"p_equal": test.p_equal, "p_apart": test.p_apart, "margin": margin}
    if test.verdict != equivalence.UNDERPOWERED:
        return SuiteCell(**common, verdict=test.verdict)
    needs = equivalence.seeds_for(ours, cell.n, theirs, margin, rule.level)
    return SuiteCell(**common, verdict=test.verdict if needs else equivalence.UNDECIDABLE, needs=needs)


def _reason(printed: Published, rule: Rule) -> str:
    """Why two numbers are not of one thing."""
    if rule.departs:
        return ", ".join(rule.departs)
    if printed.key in faults():
        return faults()[printed.key]
    if printed.metric == UNSTATED:
        return "the paper does not state the metric"
    return ""


def _ours(cells: Sequence[Cell]) -> Estimate | None:
    """The mean of cells, × 100, with its uncertainty; None where a cell has fewer than two seeds."""
    there = [cell for cell in cells if "std" in cell.statistics]
    found = [Estimate.of(100 * c.statistics["mean"], 100 * c.statistics["std"], c.n) for c in there]
    return equivalence.averaged_estimate(found) if found and len(found) == len(cells) else None


def _theirs(columns: Sequence[Printed], cells: Sequence[Cell], whole: Printed) -> Estimate | None:
    """A printed mean with its uncertainty; where no deviation is printed, ours stands for it."""
    if "mean" not in whole:
        return None
    found = []
    for printed, cell in zip(columns, cells, strict=True):
        n = next((one.n_seeds for one in printed.values() if one.n_seeds), None) or whole["mean"].n_seeds
        ours = cell.statistics.get("std")
        std = _std(printed) if "std" in printed else None if ours is None else 100 * ours
        if std is None or n is None:
            return None
        found.append(Estimate.of(0.0, std, n))
    spread = equivalence.averaged_estimate(found)
    return Estimate(whole["mean"].value, spread.variance, spread.df)


def _std(printed: Printed) -> float:
    """A printed deviation as a sample deviation (ddof 1)."""
    one = printed["std"]
    n = one.n_seeds or 2
    return one.value if DDOF[one.source] else one.value * math.sqrt(n / (n - 1))


@dataclass(frozen=True)
class PanelGrid:
    """The cells of one block: a row for each line, a cell for each column."""

    block: Panel
    columns: tuple[SuiteHead, ...]
    rows: tuple[tuple[SuiteHead, tuple[SuiteCell, ...]], ...]
