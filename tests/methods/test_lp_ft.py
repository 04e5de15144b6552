"""LP-FT: what the probe trains and sees, and what fine-tuning begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.methods.lp_ft import LPFT
from ftbench.testing import trajectory
from ftbench.testing.bench import Bench, Watcher
from ftbench.training.pretrained import head_digest
from ftbench.training.trainer import Stopped, Trainer
from tests.methods.jobs import Weights, do, same
from tests.methods.mininet import DropNet, MiniNet, examples, seeded
from tests.nn.transformers_small import CONFIGS, inputs, small

HEAD = {"classifier.weight", "classifier.bias"}


def probe(**given: Any) -> LPFT.Probe:
    return LPFT.Probe(LPFT.resolve(given))


def test_the_probe_moves_the_head_alone_and_gives_nothing_else_a_gradient() -> None:
    model = seeded(MiniNet)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    graphs = []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        features = m.pooled(x)
        graphs.append(features.requires_grad)
        return m.classifier(features)

    steps = trajectory(probe(), model, examples(3), 0.1, head=["classifier"], weight_decay=0.1, forward=call)
    for name in start:
        assert torch.equal(steps[-1][name], start[name]) == (name not in HEAD)
    assert graphs == [False] * 3


def test_the_probe_is_logistic_regression_on_the_features_of_evaluation() -> None:
    model = seeded(lambda: DropNet(0.5))
    (step,) = trajectory(probe(), model, examples(1), 0.1, head=["classifier"], optimizer="sgd", clip=0.0)
    twin = seeded(lambda: DropNet(0.5)).eval()
    x, y = (torch.as_tensor(v) for v in examples(1)[0])
    nn.functional.cross_entropy(twin(x), y).backward()
    for name in HEAD:
        p = twin.get_parameter(name)
        torch.testing.assert_close(step[name], p.detach() - 0.1 * p.grad)


@pytest.mark.parametrize(
    ("given", "rate"), [({}, 0.0), ({"probe_dropout": None}, 0.5), ({"probe_dropout": 0.2}, 0.2)]
)
def test_dropout_of_the_probe_is_its_own_or_the_recipes(given: dict[str, Any], rate: float) -> None:
    model = seeded(lambda: DropNet(0.5))
    trajectory(probe(**given), model, examples(1), 0.1, head=["classifier"])
    assert model.dropout.p == rate


def test_where_nothing_is_new_the_last_layer_is_the_head() -> None:
    model = seeded(MiniNet)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    steps = trajectory(probe(), model, examples(1), 0.1)
    assert {n for n in start if not torch.equal(steps[0][n], start[n])} == HEAD


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_probe_finds_the_last_layer_of_every_architecture(kind: str) -> None:
    model = small(kind)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    (step,) = trajectory(probe(), model, [(inputs(), [0, 1, 1])], 1e-2)
    moved = {n for n in start if not torch.equal(step[n], start[n])}
    assert len({n.rpartition(".")[0] for n in moved}) == 1
    assert {start[n].shape[0] for n in moved} == {2}


def test_fine_tuning_trains_everything_from_the_given_head() -> None:
    head = {"classifier.bias": torch.full((3,), 5.0).double()}
    model = seeded(MiniNet)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    (step,) = trajectory(LPFT.FineTune(None, head), model, examples(1), 1e-3, clip=0.0)
    assert all(not torch.equal(step[n], start[n]) for n in start)
    assert (step["classifier.bias"] - 5).abs().max() < 0.01


# -- the whole job ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_without_a_probe_it_is_vanilla_bit_for_bit(bench: Bench, task: str) -> None:
    assert same(do(bench, "lp_ft", {"probe_epochs": 0}, task=task)[0], do(bench, "vanilla", {}, task=task)[0])


def test_the_probe_has_a_length_and_rate_of_its_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[Weights] = []
    run = Trainer.run

    def spy(self: Any, method: Any, **how: Any) -> Any:
        if isinstance(method, LPFT.FineTune):
            heads.append(dict(method._head))
        return run(self, method, **how)

    monkeypatch.setattr(Trainer, "run", spy)
    _, trainer = do(bench, "lp_ft", {"probe_epochs": 1.5})
    runs = trainer.facts["runs"]
    assert {n: r["total_steps"] for n, r in runs.items()} == {"probe": 15, "main": 10}
    assert runs["probe"]["head"] != runs["main"]["head"] == head_digest(heads[0])
    assert set(heads[0]) == trainer._pretrained.head_names


@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_a_job_that_was_stopped_does_not_probe_again(bench: Bench, tmp_path: Path, task: str) -> None:
    given = {"probe_epochs": 1}
    undisturbed, straight = do(bench, "lp_ft", given, task=task)
    seen = []
    for stop in (("probe", 6), ("main", 3)):
        watcher = Watcher(stop=stop)
        with pytest.raises(Stopped):
            do(bench, "lp_ft", given, task=task, folder=tmp_path, listener=watcher)
        seen += watcher.steps
    last = Watcher()
    resumed, trainer = do(bench, "lp_ft", given, task=task, folder=tmp_path, listener=last)
    assert [*seen, *last.steps] == [(n, s) for n in ("probe", "main") for s in range(1, 11)]
    assert same(resumed, undisturbed) and trainer.curves == straight.curves
    assert not same(resumed, do(bench, "vanilla", {}, task=task)[0])
