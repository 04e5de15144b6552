"""Bench: small jobs trained in this process, by default on the embedded model and the toy tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ftbench import methods, models, tasks
from ftbench.domain import hparams
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.domain.result import CurvePoint
from ftbench.domain.suited import KEPT
from ftbench.methods.base import Method
from ftbench.tasks import sources
from ftbench.training.checkpoint import RunFiles
from ftbench.training.corpus import Corpus, Library
from ftbench.training.pretrained import Pretrained, Shelf
from ftbench.training.trainer import Trainer

#: Batches of 4, 10 steps.
SHORT_RECIPE = {"steps": 10, "batch_size": 4, "lr": 1e-3, "dropout": 0.1, "warmup_steps": 2}
CLASSIFICATION, REGRESSION = "toy-accept", "toy-sim"
SEVERAL, WORDS = "toy-topics", "toy-tags"


class Watcher:
    """Follows the steps of a trainer; asks it to stop, or breaks it off, after a step of a run.

    Attributes:
        steps: (run, step) of every step so far, from 1.
    """

    def __init__(self, stop: tuple[str, int] | None = None, crash: tuple[str, int] | None = None) -> None:
        """Say after which (run, step) to stop or to crash."""
        self.stop, self.crash = stop, crash
        self.steps: list[tuple[str, int]] = []

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        """A step is done."""
        self.steps.append((run, step))
        if (run, step) == self.crash:
            raise ConnectionAbortedError

    def stopping(self) -> bool:
        """Whether to stop here."""
        return self.steps[-1:] == [self.stop]


class Bench:
    """Makes jobs and their trainers on one model; the model and the rows are read once.

    Attributes:
        spec: what the model is.
    """

    def __init__(
        self,
        model: str = "tiny",
        dtype: torch.dtype = torch.float32,
        *,
        data: Path | None = None,
        device: str = "cpu",
    ) -> None:
        """Take a model as ``--models`` does, the dtype it is trained in, and where other tasks' rows are."""
        self.spec, self.ref = models.resolve(model)
        place = torch.device(device)
        self.shelf, self.library, self._dtype, self._data = Shelf(place), Library(place), dtype, data

    def job(
        self,
        method: str | type[Method] = "vanilla",
        given: Mapping[str, Any] | None = None,
        *,
        task: str = CLASSIFICATION,
        seed: int = 0,
        train_size: int = 40,
        noise: float = 0.0,
        reduction: float = 0.0,
        streams: Mapping[str, int] | None = None,
        **recipe: Any,
    ) -> Job:
        """A short job; ``given`` are hyper-parameters, further arguments recipe settings."""
        cls = methods.find(method) if isinstance(method, str) else method
        revision = sources.locate(tasks.find(task), self._data).revision
        return Job(
            model=self.ref.id,
            model_revision=self.ref.revision,
            task=task,
            data_revision=revision,
            evaluation=("dev",),
            method=cls.name(),
            hparams=hparams.as_dict(cls.resolve(given)),
            seed=seed,
            perturbation=Perturbation.of({"train_size": train_size, "noise": noise, "reduction": reduction}),
            recipe=layered(SHORT_RECIPE, recipe),
            streams=streams or {},
        )

    def trainer(
        self, job: Job, method: Method | None = None, folder: Path | None = None, **more: Any
    ) -> Trainer:
        """The trainer of a job; ``more`` are its further arguments."""
        task = tasks.find(job.task)
        if method is None:
            cls = methods.find(job.method)
            method = cls(hparams.parse(cls.HParams, job.hparams))
        pretrained = self._pretrained(job)
        pretrained.cast(self._dtype)
        corpus = self.corpus(job)
        files = RunFiles(folder, corpus.labels.device, digest=job.digest)
        return Trainer(job, task, method, pretrained, corpus, files=files, **more)

    def corpus(self, job: Job) -> Corpus:
        """The rows of a job."""
        pretrained, key = self._pretrained(job), (self.ref.id, self.ref.revision)
        data = str(self._data) if self._data else None
        task = tasks.find(job.task)
        return Corpus(self.library, task, job, pretrained.tokenizer, key, data, limits=pretrained.limits)

    def _pretrained(self, job: Job) -> Pretrained:
        task = tasks.find(job.task)
        kept = job.recipe.head == KEPT
        return self.shelf.get(self.ref, task.outputs, keep_head=kept, tokens=task.by_word)


def weights(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers of a model by name, detached copies."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
