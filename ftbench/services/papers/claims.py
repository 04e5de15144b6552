"""Claims checked: paired runs, one-sided tests, the hardest rival decides.

A score or a drop: the paired t test over seeds, of differences averaged over columns and blocks: blocks of
one seed share rows and are no repetitions. A spread: a permutation that swaps the two methods' runs seed by
seed, on scores less their column's median. The p of a claim is the largest over its rivals (an intersection
of alternatives needs no correction: Berger 1982).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ftbench.render.numbers import p_equals
from ftbench.render.suite_table import ClaimLine
from ftbench.render.table import Cell
from ftbench.stats import paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import NoAnswer, Significance
from ftbench.stats.leaderboard import ALPHA
from ftbench.stats.spread import swaps
from ftbench.suites import Line, Panel
from ftbench.suites.claims import DROP, SPREAD, PrintedClaim

SUPPORTED, CONTRADICTED, OPEN, NOT_MEASURED = "supported", "contradicted", "open", "not measured"
Runs = Mapping[tuple[int, int], float]
"""(column, seed) -> score."""


@dataclass(frozen=True)
class Measured:
    """The cells of a block: line -> one for each column, and which columns are averaged."""

    block: Panel
    rows: Mapping[Line, Sequence[Cell]]
    averaged: tuple[bool, ...]


def check_claim(claim: PrintedClaim, blocks: Sequence[Measured], level: float = ALPHA) -> ClaimLine:
    """Check a claim against what was measured.

    Args:
        claim: of the suite.
        blocks: all its blocks; the clean one first where there is one.
        level: of the tests.
    """
    chosen = [b for b in blocks if not claim.settings or b.block.setting in claim.settings]
    results = []
    missing = []
    for rival in _rivals(claim, chosen):
        here = [(b, _line(b, claim.method, ""), _line(b, "", rival)) for b in chosen]
        runs = [tuple(_runs(claim, b, blocks[0], line) for line in lines) for b, *lines in here]
        if claim.measure == SPREAD:
            found = _sided(swaps(*_arrays(runs)))
        else:
            differences = [_differences(b, *pair) for b, pair in zip(chosen, runs, strict=True)]
            found = _sided(_score(differences))
        if found is None:
            missing.append(rival)
        else:
            results.append((*found, rival))
    if missing or not results:
        named = ", ".join(missing) or "the others"
        return ClaimLine(claim.text, NOT_MEASURED, f"needs two seeds of {claim.method} and {named}")
    p, against, n, rival = max(results)
    worst = min(results, key=lambda one: one[1])
    verdict = SUPPORTED if p < level else CONTRADICTED if worst[1] * len(results) < level else OPEN
    if verdict == CONTRADICTED:
        p, n, rival = worst[1], worst[2], worst[3]
    test = "swap permutation of the spreads" if claim.measure == SPREAD else "paired t test"
    return ClaimLine(claim.text, verdict, f"{test} against {rival}, one-sided {p_equals(p)}, n={n}")


def _rivals(claim: PrintedClaim, blocks: Sequence[Measured]) -> list[str]:
    """The lines compared with, by their titles."""
    lines = [line for b in blocks for line in b.rows if line.name != claim.method and not line.ours]
    return list(dict.fromkeys(x.title for x in lines if not claim.rivals or x.name in claim.rivals))


def claimed_differences(one: Measured, left: Line, right: Line) -> dict[int, float]:
    """Seed -> the mean difference of two lines over the averaged columns, of the seeds that have them all."""
    return _differences(one, _values(one, left), _values(one, right))


def _arrays(blocks: Sequence[tuple[Runs, ...]]) -> tuple[FloatArray, FloatArray]:
    """The scores of two lines, (seeds, columns of all blocks): a seed is one row in all its blocks."""
    places = [(at, column) for at, (mine, _) in enumerate(blocks) for column in sorted({c for c, _ in mine})]
    seeds = sorted({seed for sides in blocks for runs in sides for _, seed in runs})
    left, right = (
        np.array([[blocks[at][side].get((column, seed), np.nan) for at, column in places] for seed in seeds])
        for side in (0, 1)
    )
    shape = len(seeds), len(places)
    return left.reshape(shape), right.reshape(shape)


def _differences(one: Measured, mine: Runs, theirs: Runs) -> dict[int, float]:
    """Seed -> the mean difference over the averaged columns, of the seeds that have them all."""
    found: dict[int, list[float]] = {}
    for (_, seed), value in ((key, mine[key] - theirs[key]) for key in mine if key in theirs):
        found.setdefault(seed, []).append(value)
    return {seed: sum(v) / len(v) for seed, v in found.items() if len(v) == sum(one.averaged)}


def _runs(claim: PrintedClaim, one: Measured, clean: Measured, line: Line | None) -> Runs:
    if line is None:
        return {}
    found = _values(one, line)
    if claim.measure != DROP:
        return found
    before = _values(clean, line)
    return {key: value - before[key] for key, value in found.items() if key in before}  # a drop, negative


def _values(one: Measured, line: Line) -> dict[tuple[int, int], float]:
    cells = [(at, cell) for at, cell in enumerate(one.rows.get(line, ())) if one.averaged[at]]
    return {(at, seed): v for at, cell in cells for seed, v in zip(cell.seeds, cell.values, strict=True)}


def _line(one: Measured, name: str, title: str) -> Line | None:
    return next((x for x in one.rows if (x.name == name if name else x.title == title)), None)


def _score(blocks: Sequence[Mapping[int, float]]) -> Significance | NoAnswer:
    """The paired t test of the differences' means over blocks."""
    seeds = sorted(set.intersection(*(set(block) for block in blocks))) if blocks else []
    pairs = np.asarray([np.mean([block[seed] for block in blocks]) for seed in seeds], dtype=np.float64)
    return paired.t_test(pairs)


def _sided(found: Significance | NoAnswer) -> tuple[float, float, int] | None:
    """One-sided p of the claim, p of its opposite, and the number of pairs; None with fewer than two.

    Runs that all differ by the same prove neither.
    """
    if isinstance(found, NoAnswer):
        return None if found.needs else (1.0, 1.0, found.n)
    return (*paired.one_sided(found), found.n)
