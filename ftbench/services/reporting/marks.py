"""What a table can tell apart: each cell against the baseline, and the groups of methods, as one family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ftbench.render.table import BETTER, WORSE, Cell, Group, Row, Tested
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey
from ftbench.stats import correction, paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval
from ftbench.stats.leaderboard import ALPHA, Leaderboard, judge

GROUPED_UP_TO = 50
"""Rows up to which all pairs are tested; a longer table is a sweep, not a leaderboard."""


@dataclass(frozen=True)
class _Judged:
    """One ratio: its scores, the columns of the tasks that somebody has, p as they are and corrected."""

    scores: FloatArray  # (methods, seeds, tasks)
    tasks: tuple[int, ...]
    plain: Leaderboard
    found: Leaderboard


def marked_groups(
    groups: Sequence[Group],
    blocks: Sequence[Block],
    methods: Sequence[MethodKey],
    baseline: MethodKey | None,
    name: str,
    level: float = ALPHA,
) -> tuple[tuple[Group, ...], str]:
    """The rows with what differs from the baseline and with the methods' groups, and how to read it.

    Args:
        groups: the rows, by ratio.
        blocks: the first measure, by ratio.
        methods: the rows' methods, in their order.
        baseline: what cells are compared with; None: with nothing.
        name: the baseline's.
        level: below which corrected p are marked; smaller where seeds were topped up.
    """
    at = methods.index(baseline) if baseline is not None else None
    grouped = 1 < len(methods) <= GROUPED_UP_TO
    judged, family = _corrected([_judge(block, methods, at, grouped) for block in blocks])
    result = []
    for group, one in zip(groups, judged, strict=True):
        told = grouped and bool(np.isfinite(_upper(one.found.pairs)).any())
        shared = one.found.letters(level) if told else ("",) * len(methods)
        rows = [
            _row(row, one, place, at, text, level)
            for place, (row, text) in enumerate(zip(group.rows, shared, strict=True))
        ]
        result.append(replace(group, rows=tuple(rows)))
    said = _caption(family, name if at is not None else "", grouped, len(methods), level)
    return tuple(result), " ".join(said)


def _judge(block: Block, methods: Sequence[MethodKey], baseline: int | None, grouped: bool) -> _Judged:
    scores = np.stack([block.scores[method] for method in methods])
    tasks = tuple(int(task) for task in np.flatnonzero(np.isfinite(scores).any(axis=(0, 1))))
    there = scores[:, :, list(tasks)]
    plain = judge(there, baseline, correction.none, grouped=grouped)
    return _Judged(there, tasks, plain, plain)


def _corrected(judged: Sequence[_Judged]) -> tuple[list[_Judged], int]:
    """Holm's p over all ratios together, and their number."""
    raw = [np.concatenate([one.plain.against.ravel(), _upper(one.plain.pairs)]) for one in judged]
    flat = np.concatenate(raw)
    there = np.isfinite(flat)
    flat[there] = correction.holm(flat[there])
    result, start = [], 0
    for one, values in zip(judged, raw, strict=True):
        mine = flat[start : start + len(values)]
        start += len(values)
        against, pairs = one.plain.against, one.plain.pairs.copy()
        upper = np.triu_indices(len(pairs), 1)
        pairs[upper] = pairs.T[upper] = mine[against.size :]
        found = Leaderboard(mine[: against.size].reshape(against.shape), pairs, one.plain.family)
        result.append(replace(one, found=found))
    return result, int(there.sum())


def _upper(pairs: FloatArray) -> FloatArray:
    return pairs[np.triu_indices(len(pairs), 1)]


def _row(row: Row, one: _Judged, place: int, baseline: int | None, text: str, level: float) -> Row:
    cells = list(row.cells)
    if baseline is not None:  # whose own p are NaN
        for at, column in enumerate(one.tasks):  # the first measure's tasks are the first columns
            cells[column] = _tested(cells[column], one, place, at, baseline, level)
    cells[-2] = Cell(text=text, applies=bool(text))
    return replace(row, cells=tuple(cells))


def _tested(cell: Cell, one: _Judged, place: int, at: int, baseline: int, level: float) -> Cell:
    p, plain = float(one.found.against[place, at]), float(one.plain.against[place, at])
    pairs = paired.differences(one.scores[place, :, at], one.scores[baseline, :, at])
    interval = paired.t_interval(pairs)
    if not np.isfinite(p) or not isinstance(interval, Interval):
        return cell
    mark = "" if p >= level else BETTER if interval.value > 0 else WORSE
    tested = Tested(interval.value, interval.low, interval.high, len(pairs), plain, p, mark)
    return replace(cell, tested=tested)


def _caption(family: int, baseline: str, grouped: bool, methods: int, level: float) -> Iterator[str]:
    if not family:
        yield "Nothing is tested: a test needs two methods with two seeds in common."
        return
    if baseline:
        yield f"{BETTER} {WORSE}: better or worse than {baseline}."
    if grouped:
        yield "Group: methods whose averages cannot be told apart share a letter; these tasks are fixed."
    elif methods > GROUPED_UP_TO:
        yield f"No groups: more than {GROUPED_UP_TO} rows."
    yield f"Paired t-tests over seeds, Holm over the {family} comparisons of this table, {level:.3g}."
