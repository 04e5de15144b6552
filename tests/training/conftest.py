"""Small jobs on the embedded model and the toy tasks, trained in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from ftbench import methods, models, tasks
from ftbench.domain import hparams
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.errors import UnknownName
from ftbench.methods import Method
from ftbench.tasks import toy
from ftbench.training.corpus import Corpus, Library
from ftbench.training.pretrained import Shelf
from ftbench.training.trainer import Trainer

CPU = torch.device("cpu")
#: 40 rows in batches of 4, 10 steps.
SHORT = {"steps": 10, "batch_size": 4, "lr": 1e-3, "dropout": 0.1, "warmup_steps": 2}


class Watcher:
    """Follows the steps of a trainer; asks it to stop, or breaks it off, after a step of a run."""

    def __init__(self, stop: tuple[str, int] | None = None, crash: tuple[str, int] | None = None) -> None:
        self.stop, self.crash, self.steps = stop, crash, list[tuple[str, int]]()

    def progress(self, run: str, step: int, total: int) -> None:
        self.steps.append((run, step))
        if (run, step) == self.crash:
            raise ConnectionAbortedError

    def stopping(self) -> bool:
        return self.steps[-1] == self.stop


class Bench:
    """Makes jobs and their trainers; the model and the rows are read once."""

    def __init__(self) -> None:
        self.spec, self.ref = models.resolve("tiny")
        self.shelf, self.library = Shelf(CPU), Library(CPU)

    def job(
        self,
        method: str = "vanilla",
        given: Mapping[str, Any] | None = None,
        *,
        task: str = "toy-accept",
        seed: int = 0,
        train_size: int = 40,
        noise: float = 0.0,
        reduction: float = 0.0,
        streams: Mapping[str, int] | None = None,
        **recipe: Any,
    ) -> Job:
        try:
            cls = methods.find(method)
            values = hparams.as_dict(cls.resolve(given))
        except UnknownName:
            values = {}  # a method of a test
        return Job(
            model=self.ref.id,
            model_revision=self.ref.revision,
            task=task,
            data_revision=toy.REVISION,
            evaluation=("dev",),
            method=method,
            hparams=values,
            seed=seed,
            perturbation=Perturbation(train_size=train_size, noise=noise, reduction=reduction),
            recipe=layered({**SHORT}, recipe),
            streams=streams or {},
        )

    def trainer(
        self, job: Job, method: Method | None = None, folder: Path | None = None, **more: Any
    ) -> Trainer:
        task = tasks.find(job.task)
        if method is None:
            cls = methods.find(job.method)
            method = cls(hparams.parse(cls.HParams, job.hparams))
        pretrained = self.shelf.get(self.ref, task.outputs)
        key = (self.ref.id, self.ref.revision)
        corpus = Corpus(self.library, task, job, pretrained.tokenizer, key, None)
        return Trainer(job, task, method, pretrained, corpus, folder=folder, **more)


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()


@pytest.fixture
def fit(bench: Bench) -> Callable[..., tuple[dict[str, torch.Tensor], Trainer]]:
    """Do a job; gives the weights of the model to evaluate, and the trainer."""

    def do(
        job: Job, method: Method | None = None, folder: Path | None = None, **more: Any
    ) -> tuple[dict[str, torch.Tensor], Trainer]:
        trainer = bench.trainer(job, method, folder, **more)
        model = trainer.method.fit(trainer)
        return {n: p.detach().clone() for n, p in model.named_parameters()}, trainer

    return do
