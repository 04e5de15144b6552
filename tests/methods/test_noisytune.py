"""NoisyTune: how far the weights are moved before training, and which."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue
from ftbench.methods.noisytune import NoisyTune, perturbation
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded
from tests.nn.transformers_small import CONFIGS, inputs, small


def method(**given: Any) -> NoisyTune:
    return NoisyTune(NoisyTune.resolve(given))


def test_the_perturbation_by_hand() -> None:
    weight = torch.tensor([1.0, 2.0, 3.0])  # deviation 1, as torch has it: over n−1
    assert perturbation(weight, torch.tensor([0.5, 0.0, -0.5]), 0.2).tolist() == pytest.approx(
        [0.1, 0.0, -0.1]
    )


def noised(m: NoisyTune, model: nn.Module, **more: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    return start, trajectory(m, model, examples(1), 0.0, **more)[-1]


def test_every_tensor_moves_by_less_than_half_of_lambda_deviations() -> None:
    start, end = noised(method(intensity=0.4), seeded(MiniNet))
    for name, before in start.items():
        size = (end[name] - before).abs().max()
        spread = before.std()
        assert size <= 0.2 * spread + 1e-12
        assert (size > 0.05 * spread) if spread > 0 else (size == 0), name


def test_recorded_noise_is_replayed() -> None:
    name = "bert.pooler.dense.bias"
    start, end = noised(method(), seeded(MiniNet), noise={name: [[0.5, -0.5, 0.0, 0.25, 0.1, 0.2]]})
    wanted = 0.15 * start[name].std() * torch.tensor([0.5, -0.5, 0.0, 0.25, 0.1, 0.2])
    torch.testing.assert_close(end[name] - start[name], wanted.double(), rtol=1e-7, atol=1e-12)


def test_a_tensor_of_one_entry_stays_and_gives_no_nan() -> None:
    start, end = noised(method(), nn.Sequential(nn.Linear(5, 1), nn.Linear(1, 3)).double())
    assert torch.equal(start["0.bias"], end["0.bias"])
    assert all(bool(torch.isfinite(p).all()) for p in end.values())


def test_the_head_is_left_on_demand() -> None:
    for include in (True, False):
        start, end = noised(method(include_head=include), seeded(MiniNet), head=["classifier"])
        assert torch.equal(start["classifier.weight"], end["classifier.weight"]) is not include
        assert not torch.equal(start["bert.pooler.dense.weight"], end["bert.pooler.dense.weight"])


def test_without_intensity_it_is_vanilla_bit_for_bit() -> None:
    ends = [
        trajectory(m, seeded(DropNet), examples(4), 1e-2, weight_decay=0.1)[-1]
        for m in ("vanilla", method(intensity=0))
    ]
    assert all(torch.equal(ends[0][n], ends[1][n]) for n in ends[0])


def test_a_resumed_run_is_noised_once(tmp_path: Any) -> None:
    def begin() -> tuple[Any, Any]:
        m = method()
        return m, run_of(m, seeded(DropNet), examples(4), optimizer="adamw_torch", lr=1e-2)

    m, run = begin()
    for step in range(2):
        trainer.train_step(run, m, step)
    torch.save(checkpoint.snapshot(run, m), tmp_path / "state.pt")
    again, second = begin()
    checkpoint.restore(second, again, torch.load(tmp_path / "state.pt", weights_only=True))
    for step in range(2, 4):
        trainer.train_step(run, m, step)
        trainer.train_step(second, again, step)
    ends = [dict(r.model.named_parameters()) for r in (run, second)]
    assert all(torch.equal(ends[0][n], ends[1][n]) for n in ends[0])


@pytest.mark.parametrize("kind", CONFIGS)
def test_trains_every_architecture(kind: str) -> None:
    steps = trajectory(method(), small(kind), [(inputs(), [0, 1, 0])] * 2, 1e-3)
    assert all(bool(torch.isfinite(p).all()) for p in steps[-1].values())
    assert any(not torch.equal(steps[0][n], steps[1][n]) for n in steps[0])


def test_what_is_out_of_range_is_refused() -> None:
    with pytest.raises(BadValue):
        method(intensity=-0.1)
