"""Scoring: what a trained model predicts on each of a job's targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ftbench.domain.job import Job
from ftbench.domain.target import HELD_OUT, Target
from ftbench.domain.task import TaskSpec
from ftbench.errors import DataError
from ftbench.methods.base import Method
from ftbench.tasks.nli import label_map
from ftbench.training import evaluation, probe
from ftbench.training.corpus import Corpus, EvaluationSet
from ftbench.training.points import Points
from ftbench.training.watch import Diverged


@dataclass(frozen=True)
class Scored:
    """What came of one target.

    Attributes:
        logits: as the model or the probe gave them, shape (rows, its outputs).
        metrics: of the target's own task.
    """

    logits: NDArray[np.float32]
    metrics: dict[str, float]


class Scorer:
    """Scores one trained model; features that two probes of a task need are computed once."""

    def __init__(self, model: nn.Module, corpus: Corpus, job: Job, task: TaskSpec) -> None:
        """Take a trained model."""
        self._model, self._corpus, self._job, self._task = model, corpus, job, task
        self._features: dict[tuple[str, str], probe.Features] = {}

    def score(self, name: str) -> Scored:
        """Score one of the job's targets.

        Raises:
            Diverged: a prediction is not finite: the last update may break the weights, and no loss comes
                after it.
        """
        target, chosen = Target.of(name), self._corpus.evaluation(name)
        logits = self._probed(target, chosen) if target.probe else self._predicted(chosen)
        if not np.isfinite(logits).all():
            raise Diverged(f"predictions on {name} are not finite")
        shown = logits if target.probe else counted(logits, self._task, chosen.task)
        return Scored(logits, evaluation.metrics(chosen.task, shown, chosen.labels))

    def _predicted(self, chosen: EvaluationSet) -> NDArray[np.float32]:
        rows = range(len(chosen.labels))
        return evaluation.predict(
            self._model, chosen.data, rows, self._task.outputs, self._job.recipe.precision
        )

    def _probed(self, target: Target, chosen: EvaluationSet) -> NDArray[np.float32]:
        train = self._corpus.probe_rows(target.name)
        found = [self._features_of(target, one) for one in (train, chosen)]
        return probe.probe_predictions(
            target.probe, found[0], train.labels, found[1], chosen.task, self._job.seed_of
        )

    def _features_of(self, target: Target, rows: EvaluationSet) -> probe.Features:
        key = (target.task, rows.rows)
        if key not in self._features:
            wanted = range(len(rows.labels))
            self._features[key] = probe.features(
                self._model, rows.data, wanted, self._task.outputs, self._job.recipe.precision
            )
        return self._features[key]


def points_of(method: Method, corpus: Corpus, job: Job, task: TaskSpec) -> Points:
    """What scores a run on the job's held-out rows as it goes, by the metric of its task."""

    def score(model: nn.Module) -> float | None:
        try:
            return Scorer(model, corpus, job, task).score(HELD_OUT).metrics[task.metric]
        except Diverged:
            return None

    return Points(method, score)


def counted(logits: NDArray[np.float32], model: TaskSpec, target: TaskSpec) -> NDArray[np.float32]:
    """Logits for the classes of another task: the largest of the model's decides what it counts as.

    Args:
        logits: shape (rows, outputs of ``model``).
        model: the task that the model was trained on.
        target: the task that is scored.

    Returns:
        The logits themselves on the model's own task, else 1 for the class that is counted and 0 for the
        others, shape (rows, outputs of ``target``).

    Raises:
        DataError: the labels do not fit.
    """
    if target.name == model.name:
        return logits
    mapping = label_map(model, target)
    if mapping is None:
        raise DataError(f"a model of {model.name} does not predict the labels of {target.name}")
    classes = np.asarray(mapping, dtype=np.int64)[logits.argmax(-1)]
    return np.asarray(np.eye(target.outputs)[classes], dtype=np.float32)
