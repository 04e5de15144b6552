"""How often methods fail, beside the average of the runs that did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ftbench.render.table import BETTER, SURVIVORS, WORSE, Cell, Column
from ftbench.render.tested import FailureRate
from ftbench.services.reporting.marks import Marking
from ftbench.services.scores.block import Block
from ftbench.services.scores.jobs import MethodKey
from ftbench.stats import aggregate, correction, failures
from ftbench.stats.family import TWO_PART
from ftbench.stats.findings import Interval, Significance


def failure_columns(blocks: Sequence[Block], always: bool) -> tuple[Column, ...]:
    """The two columns, where any run failed or they are asked for."""
    if not always and not any(block.failed(method)[0].any() for block in blocks for method in block.methods):
        return ()
    return (
        Column("failed", "failed", "Failed", "runs, 95 %"),
        Column(SURVIVORS, "estimate", "Avg", "not failed", show=("mean",)),
    )


def failure_cells(blocks: Sequence[Block], about: Marking) -> list[dict[MethodKey, tuple[Cell, Cell]]]:
    """What stands in the two columns, for each block and method; tests of all blocks are one family."""
    # Runs that share a choice fail together: no test of single runs is about the method.
    against = about.baseline if about.unit == "seeds" else None
    found = [{method: _failed(block, method, against) for method in about.methods} for block in blocks]
    p = [one.p for table in found for one in table.values() if one is not None and one.p is not None]
    left = iter(correction.holm(np.array(p)).tolist())

    def corrected(one: FailureRate, other: FailureRate | None) -> FailureRate:
        if one.p is None or other is None:
            return one
        p = float(next(left))
        more = one.failed / one.runs > other.failed / other.runs
        return replace(one, p_corrected=p, mark="" if p >= about.level else WORSE if more else BETTER)

    result = []
    for block, table in zip(blocks, found, strict=True):
        other = table.get(about.baseline) if about.baseline is not None else None
        shown = {method: corrected(one, other) if one else None for method, one in table.items()}
        result.append({m: (_told(one), _survivors(block, m)) for m, one in shown.items()})
    return result


def _failed(block: Block, method: MethodKey, baseline: MethodKey | None) -> FailureRate | None:
    failed, ended = block.failed(method)
    share = failures.share(int(failed.sum()), int(ended.sum()))
    if not isinstance(share, Interval):
        return None
    mine = FailureRate(int(failed.sum()), share.n, share.low, share.high)
    if baseline is None or method == baseline:
        return mine
    other, there = block.failed(baseline)
    test = failures.fails_more(failed, other, ended, there)
    return replace(mine, test=test.test, p=test.p) if isinstance(test, Significance) else mine


def _told(one: FailureRate | None) -> Cell:
    if one is None:
        return Cell(applies=False)
    low, high = round(100 * one.low), round(100 * one.high)
    text = f"{one.failed}/{one.runs} ({low}–{high} %){' ' if one.mark else ''}{one.mark}"
    return Cell(n=one.failed, planned=one.runs, text=text, failed=one, low=one.low, high=one.high)


def _survivors(block: Block, method: MethodKey) -> Cell:
    """The mean over tasks of the runs that did not fail; it has no mark, for it is no ranking."""
    failed, ended = block.failed(method)
    kept = np.where(failed, np.nan, block.scores[method])
    n = int(np.isfinite(kept).sum())
    means = np.array([column[np.isfinite(column)].mean() for column in _there(kept)])
    planned = int(ended.sum())
    complete = len(means) == int(block.planned.any(axis=0).sum())
    value = aggregate.average(means) if complete else float("nan")
    statistics = {"mean": value} if np.isfinite(value) else {}
    return Cell(statistics, n=n, planned=planned)


def _there(scores: np.ndarray) -> Iterator[np.ndarray]:
    yield from (column for column in scores.T if np.isfinite(column).any())


def told_of_failures(blocks: Sequence[Block], estimand: str) -> Iterator[str]:
    """What a caption says of runs that failed, where there are any."""
    jobs = [job for block in blocks for mine in block.jobs.values() for job in mine.values()]
    if any(job.diverged for job in jobs):
        yield "d: runs that diverged; they score the chance level of their metric (--diverged missing: none)."
    if estimand == TWO_PART:
        yield "In two parts: how often runs fail, and the mean of those that did not."
    if any(job.dropped for job in jobs):
        yield "Where runs that failed are left out, a method is not ranked: its survivors alone are seen."
