"""The mean difference over seeds with an interval that carries the test examples, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.render.sheet import Field, Sheet
from ftbench.services.scores.compared import Compared
from ftbench.services.scores.predicted import Predicted
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.two_way import TwoWay, two_way
from ftbench.tasks.rows import logits_by_row

FIELDS = (
    Field("task", "Task"),
    Field("comparison", "Names", shown=False),
    Field("comparison_title", "Comparison"),
    Field("n", "n", "count"),
    Field("examples", "Examples", "count"),
    Field("metric", "Metric"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("floor", "± with any number of seeds", "score"),
    Field("no_interval", "", shown=False),
)
GROUPS = 200
"""Groups of examples that are left out, of a metric whose samples take long."""
NOTE = (
    "Δ: the mean difference over the seeds of which predictions are stored, with a 95 % interval that takes "
    "both seeds and test examples for samples: what another test set of this size would change is in it. "
    "± with any number of seeds: the part that no further seed removes. Intervals over seeds alone are of "
    "this test set."
)


def sheet(runs: Predicted, compared: Compared) -> Sheet:
    """A row for each pair on each task of which two seeds or more have predictions."""
    rows, notes = list[dict[str, Any]](), [NOTE]
    for at in range(len(compared.block.tasks)):
        try:
            rows += _rows(runs, compared, at)
        except FtbenchError as error:
            notes.append(f"{compared.block.tasks[at].title} is left out: {error}")
    notes += [
        f"{r['comparison_title']} on {r['task']}: {r['no_interval']}." for r in rows if r["no_interval"]
    ]
    title = f"Seeds and test examples together: {compared.title}"
    return Sheet("seeds_and_examples", title, FIELDS, tuple(rows), tuple(notes), (), compared.fraction)


def _rows(runs: Predicted, compared: Compared, at: int) -> Iterator[dict[str, Any]]:
    task = compared.block.tasks[at]
    spec = runs.task(task.name)
    if task.measured.unfit(spec):
        return
    metric = task.measured.for_task(spec)
    for left, right in compared.pairs:
        jobs = [compared.block.jobs.get((key, task.name), {}) for key in (left, right)]
        both, revision = list[tuple[FloatArray, FloatArray]](), ""
        for seed in sorted(set(jobs[0]) & set(jobs[1])):
            mine, theirs = (runs.logits(by_seed[seed].cell.digest, task.evaluation) for by_seed in jobs)
            if mine is not None and theirs is not None:
                both.append((mine, theirs))
                revision = jobs[0][seed].cell.data_revision
        if not both:
            continue
        labels = runs.labels(spec, task.evaluation, revision)
        left_seen, right_seen = (
            [metric.seen(logits_by_row(spec, one[side], labels)) for one in both] for side in (0, 1)
        )
        found = two_way(
            left_seen, right_seen, labels, metric.resampled, groups=None if metric.stored else GROUPS
        )
        row: dict[str, Any] = {"task": task.title, **compared.names(left, right), "n": len(both)}
        row |= {"examples": len(labels), "metric": task.metric, "no_interval": None}
        if isinstance(found, TwoWay):
            interval = found.interval
            row |= {"difference": interval.value, "low": interval.low, "high": interval.high}
            yield row | {"floor": found.floor}
        else:
            yield row | {"no_interval": str(found)}
