"""What runs took, for the plot of costs: of runs that had the machine to themselves, where there are such."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ftbench.domain.provenance import RAN

if TYPE_CHECKING:
    import pandas as pd

COSTS: Mapping[str, tuple[str, ...]] = {name: RAN[name] for name in ("training_seconds", "peak_memory_mb")}
ALONE = ("exclusive",)


def with_costs(took: Mapping[str, Sequence[Any]], frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The scores, with what each job took: its values of ``COSTS``; and which runs these are of.

    A run beside others on one machine is slower for that. Of a method that has others on a task, these alone
    count; one that has none is marked, in the column ``beside``.

    Args:
        took: job -> its values of ``COSTS``, then whether it had the machine to itself.
        frame: the scores.
    """
    nothing = [None] * (len(COSTS) + 1)
    columns = {name: [took.get(job, nothing)[at] for job in frame["job"]] for at, name in enumerate(COSTS)}
    costs = frame.assign(**columns).astype(dict.fromkeys(COSTS, float))
    alone = frame["job"].map(lambda job: bool(took.get(job, nothing)[-1]))
    measured = costs[list(COSTS)].notna().any(axis=1)
    some = (alone & measured).groupby([frame["label"], frame["task"]]).transform("any")
    costs.loc[some & ~alone, list(COSTS)] = float("nan")
    beside = ~some & measured
    if beside[measured].all():
        told = "All of these runs had others beside them on their machine, and took longer for that."
        return costs.assign(beside=False), told if measured.any() else ""
    counted = int(alone.sum())
    told = (
        f"Of the {counted} of {len(alone)} runs that had their machine to themselves."
        if counted < len(alone)
        else ""
    )
    if beside.any():
        told += " †: no such run on some task; of runs beside others, which take longer for that."
    return costs.assign(beside=beside), told.strip()


def better_ones(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """The pairs of methods, by label, of which the first is better on average over the tasks.

    It is where the 95 % t interval of their differences, paired by seed, lies above 0.
    """
    import numpy as np

    from ftbench.stats import paired
    from ftbench.stats.findings import Interval

    seeds = frame.pivot_table(index=["label", "seed"], columns="task", values="value", aggfunc="mean")
    averages = seeds.dropna().mean(axis=1).unstack("label")  # a row for each seed
    found = set()
    for one, other in itertools.permutations(averages.columns, 2):
        apart = np.asarray((averages[one] - averages[other]).dropna(), dtype=float)
        interval = paired.t_interval(apart)
        if isinstance(interval, Interval) and interval.low > 0:
            found.add((str(one), str(other)))
    return found
