"""A job goes on from what fits, and with smaller micro-batches where memory runs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ftbench.methods.base import Method
from ftbench.training import checkpoint, resuming
from ftbench.training.trainer import Stopped
from tests.training.conftest import Bench, Watcher


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one: nn.Module, other: nn.Module) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("harm", ["shape", "missing", "optimizer", "points"])
def test_a_checkpoint_that_does_not_fit_starts_the_run_afresh(
    bench: Bench, tmp_path: Path, harm: str
) -> None:
    job = bench.job(steps=6)
    trainer = bench.trainer(job)
    undisturbed = trainer.method.fit(trainer)
    watcher = Watcher(stop=("main", 3))
    trainer = bench.trainer(job, folder=tmp_path, listener=watcher)
    with pytest.raises(Stopped):
        trainer.method.fit(trainer)
    files = checkpoint.RunFiles(tmp_path, torch.device("cpu"), digest=job.digest)
    state = files.load("main")
    assert state is not None and state["step"] == 3
    if harm == "shape":
        state["model"][next(iter(state["model"]))] = torch.zeros(3)
    elif harm == "missing":
        del state["optimizers"]
    elif harm == "optimizer":
        state["optimizers"] = {"other": {}}
    else:
        del state["points"]
    files.save("main", state)  # sound, and yet not of this run
    trainer = bench.trainer(job, folder=tmp_path)
    assert same(trainer.method.fit(trainer), undisturbed)
    assert trainer.facts["runs"]["main"]["resumed_at"] == 0


def test_parts_keep_the_update(bench: Bench) -> None:
    # Plain SGD: Adam would make much of the last bits of gradients that are almost 0.
    job = bench.job(steps=4, dropout=0.0, optimizer="sgd", clip=0.0, lr=1e-2)
    ends = []
    for parts in (1, 2, 4, 64):
        trainer = bench.trainer(job, parts=parts)
        ends.append(weights(trainer.method.fit(trainer)))
    for end in ends[1:]:
        assert all(torch.allclose(end[k], ends[0][k], atol=2e-5) for k in end if end[k].is_floating_point())


def test_a_rehearsal_changes_no_bit_of_a_run(bench: Bench) -> None:
    job = bench.job(steps=4)
    ends = []
    for rehearses in (False, True):
        trainer = bench.trainer(job, rehearses=rehearses)
        ends.append(trainer.method.fit(trainer))
    assert same(*ends)


def test_a_rehearsal_feeds_the_longest_batch_before_the_first_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    step = Method.training_step

    def noted(self: Method, run: Any, batch: Any) -> Any:
        sizes.append(int(batch.labels.shape[0]) * max(batch.lengths))
        return step(self, run, batch)

    monkeypatch.setattr(Method, "training_step", noted)
    trainer = bench.trainer(bench.job(epochs=1), rehearses=True)
    trainer.method.fit(trainer)
    assert sizes[0] == max(sizes[1:]) and len(sizes) > 2


def test_memory_that_runs_out_in_a_rehearsal_is_told_and_nothing_else_is(bench: Bench) -> None:
    class Falls(Method):
        error: Exception = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

        def training_step(self, run: Any, batch: Any) -> Any:
            raise self.error

    def begin(method: Method) -> Any:
        return type("Nothing", (), {"begin": lambda self, step: None})()

    with pytest.raises(RuntimeError, match="out of memory"):
        resuming.rehearse(Falls(), begin, lambda: None)  # type: ignore[arg-type, return-value]
    Falls.error = AttributeError("what is done before the first step was not done")
    resuming.rehearse(Falls(), begin, lambda: None)  # type: ignore[arg-type, return-value]
