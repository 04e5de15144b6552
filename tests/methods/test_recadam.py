"""RecAdam: annealing, the pull and its strength, the three forms, and the recording."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

from ftbench.errors import FtbenchError
from ftbench.methods.recadam import RecAdam, objective_gradient
from ftbench.nn.recadam import RecAdamOptimizer, annealing
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.golden import assert_replays
from tests.methods.mininet import DropNet, MiniNet, examples, load, run_of, seeded
from tests.nn.transformers_small import CONFIGS, inputs, small

HEAD = ("classifier",)


def method(**given: Any) -> RecAdam:
    return RecAdam(RecAdam.resolve(given))


@pytest.mark.parametrize("as_dict", [False, True])
def test_follows_the_released_code(golden: Any, as_dict: bool) -> None:
    recording = load(golden / "recadam.npz")
    meta, arrays = recording.meta, recording.arrays
    decay = meta["weight_decay"]
    steps = trajectory(
        method(
            variant="published",
            **{k: meta[k] for k in ("anneal_fun", "anneal_k", "anneal_t0", "anneal_w", "pretrain_cof")},
        ),
        recording.model,
        list(zip(arrays["X"], arrays["Y"], strict=True)),
        list(arrays["lr"]),
        clip=meta["clip_max_norm"],
        optimizer="adamw_hf",
        weight_decay={"main": decay} if as_dict else decay,
        head=HEAD,
    )
    assert_replays(steps, recording)


def test_starts_that_are_given_after_the_model_is_set_up_count(golden: Any) -> None:
    recording = load(golden / "recadam.npz")
    meta, arrays = recording.meta, recording.arrays
    init = {n: p.detach().clone() for n, p in recording.model.named_parameters()}
    steps = trajectory(
        method(variant="published", anneal_t0=8, pretrain_cof=40.0),
        seeded(MiniNet),
        list(zip(arrays["X"], arrays["Y"], strict=True)),
        list(arrays["lr"]),
        clip=meta["clip_max_norm"],
        weight_decay=meta["weight_decay"],
        head=HEAD,
        init=init,
    )
    assert_replays(steps, recording)


# -- the formulas ---------------------------------------------------------------------------------------


def test_annealing_by_hand() -> None:
    sigmoid = annealing("sigmoid", 0.5, 4, 2.0)
    assert sigmoid(4) == 1.0 and sigmoid(6) == pytest.approx(2 / (1 + math.exp(-1)))
    assert sigmoid(2) == pytest.approx(2 / (1 + math.e))
    assert annealing("sigmoid", 1.0, 5000)(1) == 0.0  # without overflow
    linear = annealing("linear", 0.5, 4, 2.0)
    assert [linear(t) for t in (1, 2, 4, 9)] == [0.5, 1.0, 2.0, 2.0]
    assert annealing("linear", 0.5, 0)(1) == 1.0
    assert annealing("constant", 0.5, 4, 0.7)(1) == 0.7
    with pytest.raises(ValueError, match="unknown annealing"):
        annealing("cosine", 1, 1)


def test_the_gradient_of_the_objective_by_hand() -> None:
    g, theta, start = torch.tensor([2.0]), torch.tensor([1.5]), torch.tensor([1.0])
    assert objective_gradient(g, theta, start, task=0.25, recall=3.0).tolist() == [0.25 * 2 + 3 * 0.5]


def one_step(after: bool, decay: float = 0.0, weight: float = 1.0) -> float:
    """θ0 = 1, θ = 3, lr 0.1, λ = ¼·w, γ = 2; Adam's first direction is the gradient's sign."""
    p = torch.nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = RecAdamOptimizer(
        [p],
        {p: torch.tensor([1.0], dtype=torch.float64)},
        annealing("linear", 0, 4, weight),
        weight=weight,
        strength=2.0,
        after=after,
        lr=0.1,
        eps=0.0,
        weight_decay=decay,
    )
    p.grad = torch.tensor([5.0], dtype=torch.float64)
    optimizer.step()
    return p.item()


def test_one_update_by_hand() -> None:
    # step: 0.1·¼ = 0.025; pull: 0.1·¾·2 = 0.15 of the way back
    assert one_step(after=False) == pytest.approx(3 - 0.025 - 0.15 * 2.0, abs=1e-15)
    assert one_step(after=True) == pytest.approx(2.975 - 0.15 * 1.975, abs=1e-15)
    assert one_step(after=True, decay=0.5) == pytest.approx((2.975 - 0.15 * 1.975) * 0.95, abs=1e-15)
    # λ = ½, w − λ = 3/2
    assert one_step(after=False, weight=2.0) == pytest.approx(3 - 0.05 - 0.3 * 2.0, abs=1e-15)


# -- the method -----------------------------------------------------------------------------------------


def final(m: Any, **more: Any) -> dict[str, Tensor]:
    settings: dict[str, Any] = {"optimizer": "adamw_hf", "weight_decay": 0.1, "head": HEAD, **more}
    return trajectory(m, seeded(MiniNet), examples(6), 1e-2, **settings)[-1]


@pytest.mark.parametrize("penalty", ["decoupled", "decoupled_after", "loss"])
def test_without_annealing_it_is_transformers_adam_bit_for_bit(penalty: str) -> None:
    vanilla, mine = final("vanilla"), final(method(anneal_fun="constant", penalty=penalty))
    assert all(torch.equal(vanilla[n], mine[n]) for n in vanilla)


@pytest.mark.parametrize("penalty", ["decoupled", "decoupled_after"])
def test_long_before_t0_the_body_stays_and_the_head_learns(penalty: str) -> None:
    with pytest.warns(UserWarning, match="the body hardly leaves the pretrained weights"):
        end = final(method(penalty=penalty, pretrain_cof=40.0, anneal_t0=250), weight_decay=0.0)
    start = dict(seeded(MiniNet).named_parameters())
    for name in end:
        distance = (end[name] - start[name]).abs().max()
        assert (distance > 1e-3) if name.startswith("classifier") else (distance < 1e-12), name


def test_the_forms_part() -> None:
    ends = [final(method(anneal_t0=3, pretrain_cof=10.0, penalty=p)) for p in RECADAM_FORMS]
    name = "bert.pooler.dense.weight"
    assert len({tuple(e[name].reshape(-1).tolist()) for e in ends}) == 3
    torch.testing.assert_close(ends[0][name], ends[1][name], rtol=0, atol=1e-2)


RECADAM_FORMS = ("decoupled", "decoupled_after", "loss")


def test_the_loss_form_is_the_gradient_of_the_whole_objective() -> None:
    batches = examples(3)
    model, twin = seeded(MiniNet), seeded(MiniNet)
    found = trajectory(
        method(penalty="loss", anneal_t0=2, anneal_k=1.0, pretrain_cof=3.0),
        model,
        batches,
        0.1,
        clip=0.5,
        optimizer="sgd",
        head=HEAD,
    )
    start = {n: p.detach().clone() for n, p in twin.named_parameters()}
    params = dict(twin.named_parameters())
    for t, (x, y) in enumerate(batches, start=1):
        lam = 1 / (1 + math.exp(-(t - 2)))
        loss = torch.nn.functional.cross_entropy(twin(torch.as_tensor(x)), torch.as_tensor(y))
        body = [n for n in params if not n.startswith("classifier")]
        penalty = sum(((params[n] - start[n]) ** 2).sum() for n in body)
        whole = dict(zip(params, torch.autograd.grad(loss, list(params.values())), strict=True))
        pulls = dict(zip(body, torch.autograd.grad(1.5 * penalty, [params[n] for n in body]), strict=True))
        for n in body:
            whole[n] = lam * whole[n] + (1 - lam) * pulls[n]
        norm = torch.stack([g.norm() for g in whole.values()]).norm()
        for n, p in params.items():
            p.data.sub_(0.1 * whole[n] * min(1.0, 0.5 / (float(norm) + 1e-6)))
            torch.testing.assert_close(found[t - 1][n], p.detach(), rtol=0, atol=1e-12)


def test_a_pull_that_cannot_contract_is_warned_of() -> None:
    def begin(m: RecAdam, lr: float) -> list[str]:
        run = run_of(m, seeded(MiniNet), examples(1), lr=lr)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            m.on_train_start(run)
        return [str(w.message) for w in caught]

    assert begin(method(), 2e-5) == [] and begin(method(anneal_fun="constant"), 1.0) == []
    (said,) = begin(method(), 1e-3)
    assert "lr·γ = 5 is 2 or more" in said


@pytest.mark.parametrize("penalty", RECADAM_FORMS)
@pytest.mark.parametrize("regression", [False, True])
def test_resumed_equals_undisturbed(penalty: str, regression: bool, tmp_path: Any) -> None:
    classes = 1 if regression else 3
    batches = examples(6, classes=classes)

    def begin() -> tuple[Any, Any]:
        m = method(penalty=penalty, anneal_t0=3, pretrain_cof=5.0)
        settings = {"optimizer": "adamw_torch", "lr": 1e-2, "weight_decay": 0.1, "clip": 1.0}
        net = seeded(lambda: DropNet(0.2, classes=classes))
        return m, run_of(m, net, batches, regression=regression, **settings)

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
    ends = [dict(r.model.named_parameters()) for r in (run, second)]
    assert all(torch.equal(ends[0][n], ends[1][n]) for n in ends[0])


def test_the_start_is_not_part_of_a_checkpoint() -> None:
    m = method()
    run = run_of(m, seeded(MiniNet), examples(1), lr=1e-5)
    m.on_train_start(run)
    trainer.train_step(run, m, 0)
    state = checkpoint.snapshot(run, m)
    tensors = [v for s in state["optimizers"]["main"]["state"].values() for v in s.values()]
    assert sum(isinstance(v, Tensor) for v in tensors) == 2 * len(run.parameters) and state["method"] == {}


@pytest.mark.parametrize("kind", CONFIGS)
def test_trains_every_architecture(kind: str) -> None:
    model = small(kind)
    steps = trajectory(
        method(anneal_t0=1, pretrain_cof=50.0), model, [(inputs(), [0, 1, 0])] * 2, 1e-3, head=HEAD
    )
    assert all(bool(torch.isfinite(p).all()) for p in steps[-1].values())
    assert any(not torch.equal(steps[0][n], steps[1][n]) for n in steps[0])


@pytest.mark.parametrize("given", [{"anneal_fun": "step"}, {"anneal_t0": -1}, {"pretrain_cof": -1}])
def test_what_is_out_of_range_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(FtbenchError):
        method(**given)


def test_by_default_the_middle_of_the_annealing_follows_the_length_of_the_run() -> None:
    ends = [
        final(method(anneal_k=1.0, pretrain_cof=10.0, **given), total_steps=10)
        for given in ({}, {"anneal_t0": 3}, {"anneal_t0": 8})
    ]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert any(not torch.equal(ends[0][name], ends[2][name]) for name in ends[0])
