"""The command that queues a job again."""

from __future__ import annotations

import pytest

from ftbench import models
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.errors import ModelError
from ftbench.services.planning.commands import for_job


def job(**settings: float) -> Job:
    recipe = layered(models.recipe(models.find("minilm"), "rte"), {}, settings)
    change = Perturbation.of({"train_size": 64, "noise": 0.1})
    return Job("minilm", "sha256:0", "rte", "sha256:1", ("dev",), "vanilla", {}, 3, change, recipe)


def test_only_what_was_chosen_is_named() -> None:
    assert for_job(job().canonical(), {}) == (
        "ftbench queue --methods vanilla --tasks rte --models minilm --seeds 3, --noise 0.1 --train-size 64 "
        "--no-baseline"
    )
    told = for_job(job(lr=1e-5).canonical(), {"data": "/data"}, [0, 1])
    assert "--seeds 0,1 " in told and " --set lr=1e-05 --data-dir /data " in told and told.count("--set") == 1


def test_a_model_that_is_known_need_not_be_here(monkeypatch: pytest.MonkeyPatch) -> None:
    here = for_job(job().canonical(), {})

    def gone(name: str) -> None:
        raise ModelError(f"model {name} needs a package")

    monkeypatch.setattr(models, "resolve", gone)
    assert for_job(job().canonical(), {}) == here
    assert "--set epochs=5" in for_job(
        {**job().canonical(), "model": {"id": "me/own", "revision": "main"}}, {}
    )
