"""The lines under a table of curves: what is missing, and which methods change places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ftbench.perturbations import flag
from ftbench.render.table import Section
from ftbench.services.reporting.curve_scores import Curves
from ftbench.services.reporting.notes import LISTED
from ftbench.stats import curves
from ftbench.stats.findings import NoAnswer


def notes(found: Sequence[Curves], basis: Section, baseline: str) -> Iterator[str]:
    """The notes of a table.

    Args:
        found: its curves.
        basis: its scores, by ratio.
        baseline: as the user named it.
    """
    first = found[0]
    if len(first.ratios) < 2:
        yield (
            f"A curve needs two ratios, and there is {_ratios(first)} alone: queue others, the clean run "
            f"among them, such as {' '.join(flag(f'{basis.axis}=0,{first.ratios[0]:g}'))}."
        )
        return
    for one in found:
        yield from _flips(one)
    yield from _missing(found)
    collapsed = sum(
        cell.collapsed for group in basis.groups for row in group.rows for cell in row.cells[: _tasks(basis)]
    )
    if collapsed:
        yield f"Runs that collapsed, and count: {collapsed}. Without them: --without-collapsed."
    if first.baseline is None:
        yield f"{baseline} has no jobs here, so there is no difference to it."


def _tasks(basis: Section) -> int:
    """The columns of the first measure's scores."""
    return sum(column.kind == "score" and not column.measure for column in basis.columns)


def _missing(found: Sequence[Curves]) -> Iterator[str]:
    """Which seeds are left out, and whose are too few for an interval."""
    for one in found:
        said = f", {one.metric}" if one.metric else ""
        there = {m: int(curves.whole(s).sum()) for m, s in zip(one.methods, one.scores, strict=True)}
        short = [f"{name} ({n} of {len(one.seeds)})" for name, n in there.items() if n < len(one.seeds)]
        if short:
            yield (
                f"Left out{said}: seeds that lack a score for a task at one of {_ratios(one)}; "
                f"whole are: {_listed(short)}."
            )
        few = [name for name, n in there.items() if n < 2]
        if few:
            yield f"No interval and no test{said} with fewer than 2 whole seeds: {_listed(few)}."


def _flips(one: Curves) -> Iterator[str]:
    """Which pairs the draws order otherwise under the strongest perturbation than under the weakest."""
    ends = one.scores[:, :, [0, -1]]  # (methods, seeds, 2)
    there = [at for at, curve in enumerate(ends) if curves.whole(curve).any()]
    if len(there) < 2:
        return
    before, after = ends[there, :, 0].T, ends[there, :, 1].T  # (seeds, methods)
    shares = curves.rank_flips(before, after)
    low, high = (f"{100 * ratio:g} %" for ratio in (one.ratios[0], one.ratios[-1]))
    where = f"from {low} to {high}" + (f", {one.metric}" if one.metric else "")
    if isinstance(shares, NoAnswer):
        yield f"Changes of order {where}: these need 2 seeds that all methods have; there are {shares.n}."
        return
    both = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
    first, second = before[both].mean(axis=0), after[both].mean(axis=0)
    places = range(len(there))
    passes = [(a, b) for a in places for b in places if first[a] < first[b] and second[a] > second[b]]
    passes.sort(key=lambda pair: -float(shares[pair]))
    told = [
        f"{one.methods[there[a]]} passes {one.methods[there[b]]} (in {_percent(shares[a, b])} of the draws)"
        for a, b in passes
    ]
    changed = {frozenset(pair) for pair in passes}
    rest = [shares[a, b] for a in places for b in range(a) if frozenset((a, b)) not in changed]
    text = f"Changes of order {where}: {_listed(told) if told else 'none'}"
    other = "any other pair" if told else "any pair"
    if rest:
        most = _percent(max(rest))
        text += f"; {other} in {most if most.startswith('under') else f'at most {most}'}"
    n = int(both.sum())
    yield f"{text}. Draws: of the means, from the t distribution that the {n} seeds of all methods leave."


def _percent(share: float) -> str:
    """Whole percents, of which 10,000 draws are sure; never none or all."""
    found = 100 * float(share)
    return "under 1 %" if found < 1 else "over 99 %" if found > 99 else f"{found:.0f} %"


def _ratios(one: Curves) -> str:
    return ", ".join(f"{100 * ratio:g} %" for ratio in one.ratios)


def _listed(names: Sequence[str]) -> str:
    more = f"; and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "; ".join(names[:LISTED]) + more
