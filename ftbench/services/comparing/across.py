"""Comparisons across tasks: tasks are a sample here, as seeds are within them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ftbench.render.numbers import p_equals
from ftbench.render.sheet import Field, Sheet
from ftbench.services.comparing.request import CompareRequest
from ftbench.services.scores.compared import Compared
from ftbench.stats import aggregate, bayes, pooled, ranks
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance
from ftbench.stats.groups import letters
from ftbench.stats.statistics.mean import mean

METHOD_FIELDS = (
    Field("method", "Name", shown=False),
    Field("method_title", "Method"),
    Field("mean", "Avg", "score"),
    Field("rank", "Average rank", "number"),
    Field("wilcoxon_group", "Wilcoxon-Holm"),
    Field("nemenyi_group", "Nemenyi"),
    Field("iqm", "IQM", "score"),
    Field("iqm_low", "from", "score"),
    Field("iqm_high", "to", "score"),
)
PAIR_FIELDS = (
    Field("comparison", "Names", shown=False),
    Field("comparison_title", "Comparison"),
    Field("left", "Left", shown=False),
    Field("right", "Right", shown=False),
    Field("tasks", "Tasks", "count"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("better", "P(better)", "share"),
    Field("same", "P(same)", "share"),
    Field("worse", "P(worse)", "share"),
    Field("improvement", "P(a run improves)", "share"),
    Field("improvement_low", "from", "share"),
    Field("improvement_high", "to", "share"),
)


def sheets(compared: Compared, request: CompareRequest) -> Iterator[Sheet]:
    """Ranks and groups of the methods, and what each pair comes to; nothing for a single task."""
    block = compared.block
    if len(block.tasks) < 2:
        return
    # The tasks and seeds that every method has: means over other seeds would differ for that alone.
    scores = [aggregate.only(block.merits(key), block.shared) for key in block.compared]
    tasks = np.isfinite(scores[0]).any(axis=0)
    runs = block.sampled(np.stack(scores))[:, :, tasks]  # (methods, seeds or studies, tasks)
    means = np.array([mean(one) for one in runs]).T  # (tasks, methods)
    yield _methods(compared, runs, means)
    yield _pairs(compared, runs, request)


def _methods(compared: Compared, runs: FloatArray, means: FloatArray) -> Sheet:
    block, tasks = compared.block, len(means)
    average = ranks.average_ranks(means) if tasks else None
    pairs = math.comb(len(block.compared), 2)
    tested = {"wilcoxon_group": ranks.wilcoxon_holm(means), "nemenyi_group": ranks.nemenyi(means)}
    order = np.argsort(average) if average is not None else np.arange(means.shape[1])
    rows: list[dict[str, Any]] = []
    for at in order:
        key = block.compared[at]
        iqm = pooled.iqm_interval(runs[at])
        row: dict[str, Any] = {"method": compared.labels[key], "method_title": compared.shown(key)}
        if average is not None:
            row |= {"mean": block.sign * float(means[:, at].mean()), "rank": float(average[at])}
        if isinstance(iqm, Interval):
            row |= {"iqm": iqm.value, "iqm_low": iqm.low, "iqm_high": iqm.high}
            row = compared.turned(row, ("iqm", "iqm_low", "iqm_high"))
        rows.append(row)
    for name, p in tested.items():
        if not isinstance(p, NoAnswer):
            found = letters(p[np.ix_(order, order)] < compared.level)
            rows = [{**row, name: text} for row, text in zip(rows, found, strict=True)]
    notes = [
        f"Over the {tasks} of {len(block.tasks)} tasks, and the seeds, that all methods have; methods that "
        f"share a letter cannot be told apart at {compared.level:.3g}, tasks being the sample. Wilcoxon-"
        f"Holm: signed ranks of the task means, Holm over the {pairs} pairs. IQM: inter"
        "quartile mean of all runs, with the 95 % t interval of a jackknife over seeds."
    ]
    notes += compared.said
    friedman = ranks.friedman(means)
    if isinstance(friedman, Significance):
        cut = ranks.critical_difference(tasks, means.shape[1], compared.level)
        notes.append(
            f"Friedman: {p_equals(friedman.p)}; critical difference of the average rank (Nemenyi, "
            f"{compared.level:.3g}): {cut:.2f}."
        )
    else:
        notes.append(f"No Friedman test: {friedman}.")
    smallest = 2.0 ** (1 - tasks) if tasks else 1.0
    if smallest * pairs >= compared.level:
        notes.append(
            f"With {tasks} tasks a signed-rank test of one pair cannot reach a p below {smallest:.3g}."
        )
    return Sheet(
        "methods",
        f"Across tasks: {compared.title}",
        METHOD_FIELDS,
        tuple(rows),
        tuple(notes),
        (),
        compared.fraction,
    )


def _pairs(compared: Compared, runs: FloatArray, request: CompareRequest) -> Sheet:
    block = compared.block
    at = {key: place for place, key in enumerate(block.compared)}
    rows: list[dict[str, Any]] = []
    unanswered: list[str] = []
    region = request.region_of(compared.block.measured)
    for left, right in compared.pairs:
        apart = runs[at[left]] - runs[at[right]]  # (seeds, tasks)
        posterior = bayes.hierarchical(apart, region)
        improves = pooled.improvement(runs[at[left]], runs[at[right]])
        names = {"left": compared.labels[left], "right": compared.labels[right]}
        row: dict[str, Any] = {**compared.names(left, right), **names, "tasks": apart.shape[1]}
        if isinstance(posterior, bayes.Posterior):
            row |= {name: getattr(posterior, name) for name in ("better", "same", "worse", "low", "high")}
            row["difference"] = posterior.mean
        else:
            unanswered.append(f"No answer for {row['comparison_title']}: {posterior}.")
        if isinstance(improves, Interval):
            row |= {"improvement": improves.value, "improvement_low": improves.low}
            row |= {"improvement_high": improves.high}
        rows.append(compared.turned(row, ("difference", "low", "high")))
    above = "above" if compared.block.sign > 0 else "below"
    below = "below" if compared.block.sign > 0 else "above"
    told = f"{100 * region:g} points" if compared.fraction else f"{region:g}"
    notes = (
        "Δ: the mean difference over tasks like these, of which the ones here are a sample, with its 95 % "
        f"interval; P(better), P(same), P(worse): that it is {above}, within or {below} {told}. A mixed "
        "model with seeds within tasks (hierarchical t-test; few tasks know little). "
        "P(a run improves): a run of the left method beats one of the right, over these tasks, 95 % interval "
        "by Newcombe's method 5.",
        *unanswered,
    )
    return Sheet(
        "pairs",
        f"Pairs across tasks: {compared.title}",
        PAIR_FIELDS,
        tuple(rows),
        notes,
        (),
        compared.fraction,
    )
