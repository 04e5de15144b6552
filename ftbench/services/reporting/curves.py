"""Robustness as curves: from the scores at every ratio to slopes, areas and crossings, a row a method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ftbench.render.layouts import Part
from ftbench.render.table import BETTER, WORSE, Cell, Column, Group, Row, Section
from ftbench.render.tested import Tested
from ftbench.services.reporting.curve_notes import notes
from ftbench.services.reporting.curve_scores import Curves, scores_along
from ftbench.services.reporting.tables import TableSubject, fill_table
from ftbench.services.scores.levels import strictest
from ftbench.services.scores.settings import Setting
from ftbench.stats import correction, curves, paired
from ftbench.stats.aggregate import BoolArray, FloatArray
from ftbench.stats.findings import Interval, Significance

STEP = 0.1
"""Of the ratio: what slopes are given for."""
SHOW = ("mean", "interval")


def fill_curves(part: Part, setting: Setting, subject: TableSubject) -> Section | None:
    """The table that a setting's jobs make of a part about curves; None where they have nothing for it."""
    basis = fill_table(part, setting, subject)
    if basis is None:
        return None
    found = scores_along(part, basis, subject.baseline, setting.study)
    rows = [
        replace(row, cells=tuple(cell for one in found for cell in _cells(one, at)))
        for at, row in enumerate(basis.groups[0].rows)
    ]
    behind = {d for group in basis.groups for row in group.rows for cell in row.cells for d in cell.jobs}
    jobs = [job for job in setting.jobs if job.cell.digest in behind]
    level, why = strictest(subject.topped, (job.cell.digest for job in jobs))
    rows, family = _corrected(rows, level, found[0].sign)
    called = subject.called(subject.baseline_of(job.key for job in setting.jobs))
    told = _told(family, level, part, called)
    return replace(
        basis,
        axis=None,
        caption=(*basis.caption[:2], *setting.recipe_lines(), told, *why),
        columns=tuple(column for one in found for column in _columns(one, called)),
        groups=(Group("", None, tuple(rows)),),
        notes=tuple(notes(found, basis, called)),
        basis=basis,
    )


def _columns(one: Curves, baseline: str) -> Iterator[Column]:
    for key, title, unit, signed, compared in (
        ("slope", "Slope", "per 10 %", True, False),
        ("area", "Area", "", False, False),
        ("below", f"{'Below' if one.sign > 0 else 'Above'} {baseline}", "ratio, %", False, True),
        ("slope_difference", "Δ slope", "per 10 %", True, True),
    ):
        subtitle = ", ".join(part for part in (one.metric, unit) if part)
        fraction = one.fraction or key == "below"
        yield replace(
            Column(key, "estimate", title, subtitle, SHOW, signed, measure=one.measure, compared=compared),
            fraction=fraction,
        )


def _cells(one: Curves, at: int) -> Iterator[Cell]:
    """The cells of a method, in the order of the columns."""
    curve = one.scores[at]
    there = curves.whole(curve)
    yield _estimate(STEP * curves.slopes(one.ratios, curve), one, there)
    yield _estimate(curves.areas(one.ratios, curve), one, there)
    if one.baseline is None or at == one.baseline:
        yield from (Cell(applies=False), Cell(applies=False))
        return
    other = one.scores[one.baseline]
    yield _below(one, curve, other)
    yield _interaction(one, curve, other)


def _interaction(one: Curves, curve: FloatArray, other: FloatArray) -> Cell:
    """The difference of two methods' slopes, tested; p is corrected later."""
    apart = STEP * curves.slopes(one.ratios, curve - other)
    cell = _estimate(apart, one, curves.whole(curve - other))
    test, interval = curves.interaction(one.ratios, curve, other), paired.t_interval(apart)
    if not isinstance(test, Significance) or not isinstance(interval, Interval):
        return cell
    low, high = interval.low, interval.high  # those of the test, however many seeds there are
    tested = Tested(interval.value, low, high, interval.n, test.p, test.p)
    return replace(cell, tested=tested, low=low, high=high)


def _estimate(values: FloatArray, one: Curves, seeds: BoolArray) -> Cell:
    """The mean of what each seed comes to, with its interval.

    Args:
        values: (whole seeds,); empty where there is none.
        one: the curves.
        seeds: which of its seeds these are: (seeds,).
    """
    planned = len(one.seeds)
    if not len(values):
        return Cell(planned=planned)
    interval = paired.t_interval(values)
    ends = (interval.low, interval.high) if isinstance(interval, Interval) else (None, None)
    return Cell(
        {"mean": float(values.mean()), **({"std": float(values.std(ddof=1))} if len(values) > 1 else {})},
        n=len(values),
        planned=planned,
        seeds=one.named(seeds),
        values=tuple(float(value) for value in values),
        low=ends[0],
        high=ends[1],
    )


def _below(one: Curves, curve: FloatArray, other: FloatArray) -> Cell:
    """The ratio from which a method is below the baseline."""
    found = curves.crossing(one.ratios, one.sign * curve, one.sign * other)
    if not isinstance(found, curves.Crossing):
        return Cell(planned=len(one.seeds))
    return Cell(
        {} if found.ratio is None else {"mean": found.ratio},
        n=found.n,
        planned=len(one.seeds),
        seeds=one.named(curves.whole(curve - other)),
        text="" if found.ratio is not None else f"not by {100 * one.ratios[-1]:g} %",
        low=found.low,
        high=found.high,
    )


def _corrected(rows: Sequence[Row], level: float, sign: int) -> tuple[list[Row], int]:
    """The rows with Holm's p over all tests of the table, and their number."""
    p = [cell.tested.p for row in rows for cell in row.cells if cell.tested]
    left = iter(correction.holm(np.array(p)).tolist())

    def marked(cell: Cell) -> Cell:
        if cell.tested is None:
            return cell
        found: float = next(left)
        mark = "" if found >= level else BETTER if sign * cell.tested.difference > 0 else WORSE
        return replace(cell, tested=replace(cell.tested, p_corrected=found, mark=mark))

    return [replace(row, cells=tuple(map(marked, row.cells))) for row in rows], len(p)


def _told(family: int, level: float, part: Part, baseline: str) -> str:
    if not family:
        return f"No slope is tested: a test needs a method beside {baseline}, and two seeds in common."
    return (
        f"{BETTER} {WORSE}: loses less or more than {baseline}; p: paired t-tests of the slopes over seeds "
        f"(method × {part.axis} interaction), Holm over the {family} comparisons of this table, {level:.3g}."
    )
