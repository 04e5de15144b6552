"""How often methods fail: shares with exact intervals, and tests between two methods."""

from __future__ import annotations

import numpy as np
from scipy import special

from ftbench.stats.aggregate import BoolArray
from ftbench.stats.examples import mcnemar
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few

FISHER = "Fisher"


def share(failed: int, runs: int, level: float = 0.95) -> Interval | NoAnswer:
    """The share of runs that failed with its exact interval (Clopper & Pearson 1934, Biometrika 26).

    Args:
        failed: how many did.
        runs: of how many.
        level: in (0, 1).
    """
    if not runs:
        return too_few(0, 1, "runs")
    tail = (1 - level) / 2
    low = special.betaincinv(failed, runs - failed + 1, tail) if failed else 0.0
    high = special.betaincinv(failed + 1, runs - failed, 1 - tail) if failed < runs else 1.0
    return Interval(failed / runs, float(low), float(high), runs, level, "Clopper-Pearson")


def undone_by(difference: float, height: float, failed: int, runs: int, level: float = 0.95) -> float | None:
    """The share of failures beyond those seen that would take a difference away, where the runs allow for it.

    A method that fails now and then looks better while none of its few runs does, and nothing in them tells.
    What they do tell is how often it can fail at most (Clopper & Pearson, one-sided).

    Args:
        difference: of two means, of either sign.
        height: of the better one's runs that did not fail, above what failing scores; above 0.
        failed: how many of its runs did.
        runs: of how many.
        level: in (0, 1).

    Returns:
        None where the runs exclude it, and where nothing is known.
    """
    if not runs or not height > 0:
        return None
    needed = abs(difference) / height
    most = float(special.betaincinv(failed + 1, runs - failed, level)) if failed < runs else 1.0
    return needed if needed <= most - failed / runs else None


def fails_more(
    left: BoolArray, right: BoolArray, left_there: BoolArray, right_there: BoolArray
) -> Significance | NoAnswer:
    """Whether one of two methods fails more often: runs paired by task and seed, else as two groups.

    McNemar's exact test (1947, Psychometrika 12) where there are pairs, else Fisher's (1935).

    Args:
        left: which runs failed, of any shape.
        right: likewise.
        left_there: which runs there are.
        right_there: likewise.
    """
    both = left_there & right_there
    if both.any():
        return mcnemar(left[both], right[both])
    counts = [
        (int((f & there).sum()), int(there.sum())) for f, there in ((left, left_there), (right, right_there))
    ]
    return fisher(*counts[0], *counts[1])


def fisher(left: int, left_runs: int, right: int, right_runs: int) -> Significance | NoAnswer:
    """All tables with these margins that are no likelier than the one that is there.

    Args:
        left: how many of the left failed.
        left_runs: of how many.
        right: likewise.
        right_runs: likewise.
    """
    if not left_runs or not right_runs:
        return too_few(0, 1, "runs of each")
    failed, runs = left + right, left_runs + right_runs
    possible = np.arange(max(0, failed - right_runs), min(failed, left_runs) + 1)

    def logs(n: int, k: np.ndarray) -> np.ndarray:
        return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)

    weight = logs(left_runs, possible) + logs(right_runs, failed - possible)
    chances = np.exp(weight - logs(runs, np.asarray(failed)))
    seen = chances[possible == left][0]
    p = float(chances[chances <= seen * (1 + 1e-7)].sum())
    return Significance(FISHER, min(1.0, p), left / left_runs - right / right_runs, runs)
