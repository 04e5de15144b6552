"""EMA: the average by hand, and that it is what is scored, saved and loaded."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ftbench.errors import BadValue
from ftbench.methods import Method
from ftbench.methods.ema import EMA, decay_at
from ftbench.testing import trajectory
from ftbench.testing.bench import Bench, Watcher
from ftbench.training import trainer
from ftbench.training.trainer import Stopped
from tests.methods.mininet import MiniNet, examples, run_of, seeded
from tests.nn.transformers_small import small


def ema(**given: Any) -> EMA:
    return EMA(EMA.resolve(given))


def test_the_decay_warms_up() -> None:
    assert decay_at(1, 0.999, True) == pytest.approx(2 / 11) and decay_at(80, 0.999, True) == 0.9
    assert decay_at(80, 0.5, True) == 0.5 and decay_at(1, 0.999, False) == 0.999
    assert EMA.defaults() == {"decay": 0.999, "warmup": True}
    for bad in (1.0, -0.1):
        with pytest.raises(BadValue):
            EMA.resolve({"decay": bad})


@pytest.mark.parametrize(
    ("warmup", "decays"), [(False, (0.75, 0.75, 0.75)), (True, (2 / 11, 3 / 12, 4 / 13))]
)
def test_the_average_by_hand(warmup: bool, decays: tuple[float, ...]) -> None:
    model, m = seeded(MiniNet), ema(decay=0.75, warmup=warmup)
    mean = {n: p.detach().clone() for n, p in model.named_parameters()}
    run = run_of(m, model, examples(3))
    for step, decay in enumerate(decays):
        trainer.train_step(run, m, step)
        mean = {n: decay * mean[n] + (1 - decay) * p.detach() for n, p in model.named_parameters()}
    average = m.model_for_evaluation(run)
    assert average is not model
    for name, p in average.named_parameters():
        torch.testing.assert_close(p.detach(), mean[name], rtol=0, atol=1e-14)
        assert not torch.equal(p, model.get_parameter(name)) and not p.requires_grad


def test_training_is_vanillas() -> None:
    found = [trajectory(m, seeded(MiniNet), examples(4), 1e-2) for m in ("vanilla", ema())]
    for a, b in zip(*found, strict=True):
        assert all(torch.equal(a[n], b[n]) for n in a)


class Counter(MiniNet):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)

    def forward(self, x):
        self.calls += 1
        self.scratch += 0.5
        return super().forward(x)


def test_buffers_are_taken_over() -> None:
    model, m = seeded(Counter), ema()
    run = run_of(m, model, examples(3))
    for step in range(3):
        trainer.train_step(run, m, step)
    average: Any = m.model_for_evaluation(run)
    assert average.calls.item() == 3 and torch.equal(average.scratch, model.scratch)


def test_shared_weights_stay_shared_in_the_average() -> None:
    m = ema()
    run = run_of(m, small("bart"), [], steps=1)
    average: Any = m.model_for_evaluation(run)
    assert average.model.shared.weight is average.model.encoder.embed_tokens.weight
    assert average.model.shared.weight is not run.model.model.shared.weight
    assert {n for n, _ in average.named_parameters()} == run.parameters.keys()


class Twice(EMA):
    """Two runs: a job that is resumed in the second must load the first one's average."""

    def fit(self, trainer_: Any) -> nn.Module:
        self.first = trainer_.run(self, name="first").model
        kept = {n: v.clone() for n, v in self.first.state_dict().items()}
        second = trainer_.run(self, name="second", seed=7).model
        self.first_weights = kept
        return second


def test_the_average_of_a_finished_run_is_loaded_again(tmp_path) -> None:
    bench = Bench()

    def job() -> tuple[Any, Method]:
        m = Twice(EMA.resolve({"decay": 0.9}))
        return bench.job("ema", {"decay": 0.9}), m

    job_, m = job()
    undisturbed = m.fit(bench.trainer(job_, m, tmp_path / "a"))
    job_, again = job()
    with pytest.raises(Stopped):
        again.fit(bench.trainer(job_, again, tmp_path / "b", listener=Watcher(stop=("second", 4))))
    job_, resumed = job()
    found = resumed.fit(bench.trainer(job_, resumed, tmp_path / "b"))
    for name, value in undisturbed.state_dict().items():
        assert torch.equal(value, found.state_dict()[name])
    for name, value in m.first_weights.items():
        assert torch.equal(value, resumed.first_weights[name])
