"""Rows as the database gives them, made by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from ftbench import models
from ftbench.db import Document, JobSummary, ScoreRow
from ftbench.domain import hparams
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.domain.result import Outcome, State
from ftbench.errors import UnknownName

METRICS = {"cola": "matthews", "mrpc": "f1", "stsb": "spearman"}
_numbers = itertools.count(1)  # 000… is no job


class Rows:
    """Cells and scores; every cell is a job of its own."""

    def __init__(self) -> None:
        self.cells: list[JobSummary] = []
        self.scores: list[ScoreRow] = []

    def job(
        self,
        method: str,
        task: str,
        seed: int,
        score: float | None = None,
        *,
        state: str = "done",
        outcome: str | None = None,
        hparams_: Mapping[str, Any] | None = None,
        label: str | None = None,
        model: str = "bert-base",
        train_size: int | None = None,
        noise: float = 0.0,
        reduction: float = 0.0,
        perturbation: Mapping[str, Any] | None = None,
        revision: str = "main",
        data: str = "sha256:0",
        recipe: Mapping[str, Any] | None = None,
        brings: Mapping[str, Any] | None = None,
        also: Mapping[str, float] | None = None,
        evaluation: str = "dev",
        explained: float | None = None,
    ) -> str:
        """Add a job; ``recipe`` is what was set by hand, ``brings`` what the method brings."""
        try:
            own = models.recipe(models.find(model), task)
        except UnknownName:
            own = {}
        axes: dict[str, Any] = {
            "digest": f"{next(_numbers):064x}",
            "label": label or method,
            "model": model,
            "task": task,
            "method": method.partition("[")[0],
            "hparams": Document(hparams_ or {}),
            "recipe": Document(hparams.normalise(hparams.as_dict(layered(own, brings or {}, recipe or {})))),
            "seed": seed,
            "perturbation": Perturbation.of(
                {"train_size": train_size, "reduction": reduction, "noise": noise, **(perturbation or {})}
            ),
            "state": State(state),
            "model_revision": revision,
            "data_revision": data,
        }
        self.cells.append(JobSummary(last_outcome=Outcome(outcome) if outcome else None, **axes))
        values = dict(also or {}) if score is None else {METRICS.get(task, "accuracy"): score, **(also or {})}
        for metric, value in values.items():
            row = ScoreRow(evaluation=evaluation, metric=metric, value=value, n_attempts=1, **axes)
            self.scores.append(row)
        if explained is not None:
            trained = ScoreRow(evaluation="train", metric="explained", value=explained, n_attempts=1, **axes)
            self.scores.append(trained)
        return str(axes["digest"])

    def jobs(self, method: str, task: str, scores: Iterable[float], **more: Any) -> list[str]:
        """Add done jobs with seeds 0, 1, …"""
        return [self.job(method, task, seed, score, **more) for seed, score in enumerate(scores)]
