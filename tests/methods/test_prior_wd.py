"""Decay toward the pretrained weights: the pull, what is pulled, both forms, and the recording."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ftbench.errors import FtbenchError
from ftbench.methods.prior_wd import PriorWD, pull
from ftbench.nn import structure
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.golden import assert_replays
from tests.methods.mininet import DropNet, MiniNet, examples, load, run_of, seeded
from tests.nn.transformers_small import CONFIGS, inputs, small

HEAD = ("classifier",)


def method(**given: Any) -> PriorWD:
    return PriorWD(PriorWD.resolve(given))


@pytest.mark.parametrize("head", [(), HEAD])
def test_follows_the_released_code(golden: Any, head: tuple[str, ...]) -> None:
    recording = load(golden / "prior_wd.npz")
    meta, arrays = recording.meta, recording.arrays
    steps = trajectory(
        method(variant="published", decay=meta["weight_decay"]),
        recording.model,
        list(zip(arrays["X"], arrays["Y"], strict=True)),
        list(arrays["lr"]),
        clip=meta["clip_max_norm"],
        optimizer="adamw_torch",
        weight_decay=meta["weight_decay"],  # of the recipe: replaced
        head=head,
    )
    assert_replays(steps, recording)


def test_the_pull_by_hand() -> None:
    weight = torch.tensor([3.0, -1.0])
    pull(weight, torch.tensor([1.0, -1.0]), 0.25)
    assert weight.tolist() == [2.5, -1.0]


def ends(m: Any, flavour: str, **more: Any) -> dict[str, Tensor]:
    return trajectory(m, seeded(MiniNet), examples(4), 1e-2, optimizer=flavour, head=HEAD, **more)[-1]


@pytest.mark.parametrize("form", ["decoupled", "loss"])
@pytest.mark.parametrize("flavour", ["adamw_torch", "adamw_hf", "sgd"])
def test_without_strength_the_body_does_not_decay_and_the_head_does(flavour: str, form: str) -> None:
    start = dict(seeded(MiniNet).named_parameters())
    still = {"weight_decay": 0.1, "clip": 1e-30}  # next to no gradient: what moves is the decay
    mine, plain = ends(method(decay=0, form=form), "sgd", **still), ends("vanilla", "sgd", **still)
    for name, before in start.items():
        wanted = plain[name] if name in HEAD or name.startswith("classifier") else before
        torch.testing.assert_close(mine[name], wanted, rtol=0, atol=1e-12)
    assert not torch.allclose(mine["classifier.weight"], start["classifier.weight"], atol=1e-4)
    vanilla, mine = (ends(m, flavour, weight_decay=0.0) for m in ("vanilla", method(decay=0, form=form)))
    assert all(torch.equal(vanilla[n], mine[n]) for n in vanilla)


def pulled(m: PriorWD) -> set[str]:
    """The parameters that a pull of the whole way holds where they began, up to one step."""
    model = seeded(MiniNet)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    steps = trajectory(m, model, examples(2), 1.0, optimizer="sgd", head=HEAD)
    x, y = examples(2)[1]
    twin = seeded(MiniNet)
    twin.load_state_dict(steps[0])
    loss = torch.nn.functional.cross_entropy(twin(torch.as_tensor(x)), torch.as_tensor(y))
    gradients = dict(
        zip(start, torch.autograd.grad(loss, [twin.get_parameter(n) for n in start]), strict=True)
    )
    norm = float(torch.stack([g.norm() for g in gradients.values()]).norm())
    scale = min(1.0, 1.0 / (norm + 1e-6))
    return {n for n in start if torch.allclose(steps[1][n], start[n] - scale * gradients[n], atol=1e-9)}


def test_matrices_of_the_body_are_pulled_and_by_the_code_the_head_too() -> None:
    model = seeded(MiniNet)
    matrices = {n for n, _ in model.named_parameters()} - structure.undecayed_names(model)
    assert pulled(method(decay=1.0)) == matrices - {"classifier.weight"}
    assert pulled(method(decay=1.0, include_head=True)) == matrices


def test_the_loss_form_is_the_gradient_of_the_squared_distance() -> None:
    model, twin = seeded(MiniNet), seeded(MiniNet)
    found = trajectory(
        method(decay=0.3, form="loss"), model, examples(2), 0.1, clip=0.0, optimizer="sgd", head=HEAD
    )
    params = dict(twin.named_parameters())
    start = {n: p.detach().clone() for n, p in params.items()}
    body = set(params) - structure.undecayed_names(twin) - {"classifier.weight"}
    for t, (x, y) in enumerate(examples(2)):
        loss = torch.nn.functional.cross_entropy(twin(torch.as_tensor(x)), torch.as_tensor(y))
        loss = loss + 0.3 * sum(((params[n] - start[n]) ** 2).sum() for n in body)
        for p, g in zip(params.values(), torch.autograd.grad(loss, list(params.values())), strict=True):
            p.data.sub_(0.1 * g)
        for n, p in params.items():
            torch.testing.assert_close(found[t][n], p.detach(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("form", ["decoupled", "loss"])
@pytest.mark.parametrize("regression", [False, True])
def test_resumed_equals_undisturbed(form: str, regression: bool, tmp_path: Any) -> None:
    classes = 1 if regression else 3

    def begin() -> tuple[Any, Any]:
        m = method(form=form, decay=0.5)
        net = seeded(lambda: DropNet(0.2, classes=classes))
        settings = {"optimizer": "adamw_torch", "lr": 1e-2, "clip": 1.0, "schedule": "linear"}
        return m, run_of(m, net, examples(6, classes=classes), regression=regression, **settings)

    m, run = begin()
    m.on_train_start(run)
    for step in range(3):
        trainer.train_step(run, m, step)
    torch.save(checkpoint.snapshot(run, m), tmp_path / "state.pt")
    again, second = begin()
    checkpoint.restore(second, again, torch.load(tmp_path / "state.pt", weights_only=True))
    for step in range(3, 6):
        trainer.train_step(run, m, step)
        trainer.train_step(second, again, step)
    found = [dict(r.model.named_parameters()) for r in (run, second)]
    assert all(torch.equal(found[0][n], found[1][n]) for n in found[0])


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("form", ["decoupled", "loss"])
def test_trains_every_architecture(kind: str, form: str) -> None:
    steps = trajectory(method(form=form), small(kind), [(inputs(), [0, 1, 0])] * 2, 1e-3)
    assert all(bool(torch.isfinite(p).all()) for p in steps[-1].values())
    assert any(not torch.equal(steps[0][n], steps[1][n]) for n in steps[0])


@pytest.mark.parametrize("given", [{"decay": -0.1}, {"form": "both"}])
def test_what_is_out_of_range_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(FtbenchError):
        method(**given)
