"""Small jobs on the embedded model and the toy tasks, trained in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ftbench.domain.job import Job
from ftbench.errors import UnknownName
from ftbench.methods import Method
from ftbench.testing import bench as public
from ftbench.testing.bench import Watcher as Watcher
from ftbench.training.trainer import Trainer


class Bench(public.Bench):
    """The public one, which makes jobs for methods of a test, too."""

    def job(self, method: str = "vanilla", given: Any = None, **more: Any) -> Job:
        try:
            return super().job(method, given, **more)
        except UnknownName:
            return dataclasses.replace(super().job("vanilla", **more), method=method)


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
