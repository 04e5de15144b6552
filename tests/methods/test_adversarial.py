"""SMART and FreeLB: each step of the attack by hand, and a whole update written out once more."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue
from ftbench.methods import freelb, smart
from ftbench.methods.freelb import FreeLB
from ftbench.methods.smart import SMART, half_detached, stable_kl
from ftbench.run.data import Batch
from ftbench.run.objectives import Objective
from ftbench.testing import trajectory
from ftbench.training import trainer
from tests.methods.mininet import run_of, seeded, whole
from tests.methods.wordnet import WordNet, sentences
from tests.nn.transformers_small import inputs, small


def tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def free_lb(**given: Any) -> FreeLB:
    return FreeLB(FreeLB.resolve(given))


def smart_of(variant: str = "paper", **given: Any) -> SMART:
    return SMART(SMART.resolve(given, variant))


# -- FreeLB -----------------------------------------------------------------------------------------------


def test_a_step_of_freelb_by_hand() -> None:
    delta = tensor([[0.3, 0.0], [0.0, 0.4]], [[0.0, 0.0], [0.0, 0.1]])
    gradient = tensor([[0.0, 3e-9], [4e-9, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    # The first example goes 0.5 along (0, 0.6, 0.8, 0); the second has no direction to go.
    free = tensor([[0.3, 0.3], [0.4, 0.4]], [[0.0, 0.0], [0.0, 0.1]])
    torch.testing.assert_close(freelb.climbed(delta, gradient, 0.5, 0.0), free)
    length = math.sqrt(0.3**2 + 0.3**2 + 0.4**2 + 0.4**2)
    bounded = freelb.climbed(delta, gradient, 0.5, 0.2)
    torch.testing.assert_close(bounded[0], free[0] * 0.2 / length)
    torch.testing.assert_close(bounded[1], free[1])  # inside the ball already
    torch.testing.assert_close(freelb.norms(bounded).flatten(), tensor(0.2, 0.1))


def test_freelbs_defaults_are_those_for_cola() -> None:
    assert FreeLB.defaults() == {
        "steps": 3,
        "adv_lr": 0.025,
        "init_mag": 0.4,
        "max_norm": 0.3,
        "same_masks": True,
    }
    for bad in ({"steps": 0}, {"adv_lr": -1}, {"max_norm": -0.1}):
        with pytest.raises(BadValue):
            FreeLB.resolve(bad)


@pytest.mark.parametrize("max_norm", [0.0, 0.5])
def test_an_update_of_freelb_written_out_once_more(max_norm: float) -> None:
    batches = sentences(1)
    model, m = seeded(WordNet), free_lb(steps=3, adv_lr=0.4, init_mag=0.9, max_norm=max_norm)
    run = run_of(m, model, batches)
    batch = whole(batches)
    delta = m._first(run_of(m, model, batches), batch, model.emb(batch.inputs))
    assert (delta.flatten(1).norm(dim=1) <= 0.9).all() and delta.abs().max() <= 0.9 / math.sqrt(5 * 6)
    twin, sums, losses = seeded(WordNet), {}, []
    for _ in range(3):
        delta = delta.detach().requires_grad_()
        loss = nn.functional.cross_entropy(twin.above(twin.emb(batch.inputs) + delta), batch.labels)
        found = torch.autograd.grad(loss, [delta, *twin.parameters()])
        losses.append(loss.item())
        for (name, _), g in zip(twin.named_parameters(), found[1:], strict=True):
            sums[name] = sums.get(name, 0) + g / 3
        rows = [d + 0.4 * g / g.norm() for d, g in zip(delta.detach(), found[0], strict=True)]
        delta = torch.stack([r * min(1.0, max_norm / r.norm().item()) if max_norm else r for r in rows])
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    loss = trainer.train_step(run, m, 0)
    assert loss.item() == pytest.approx(sum(losses) / 3, abs=1e-14) and losses[0] < losses[1] < losses[2]
    for name, p in model.named_parameters():
        torch.testing.assert_close(before[name] - p.detach(), sums[name], rtol=0, atol=1e-13)


@pytest.mark.parametrize("shared", [True, False])
def test_the_passes_of_freelb_share_their_dropout(shared: bool) -> None:
    masks: list[Tensor] = []

    def call(model: nn.Module, x: Tensor, number: int) -> Tensor:
        masks.append(model.dropout(torch.ones(60)))
        return model(x)

    m = free_lb(same_masks=shared)
    trajectory(m, seeded(lambda: WordNet(rate=0.5)), sentences(2), 0.1, forward=call)
    kinds = [len({tuple(x.tolist()) for x in masks[i : i + 3]}) for i in (0, 3)]
    assert kinds == ([1, 1] if shared else [3, 3]) and not torch.equal(masks[0], masks[3])


def test_freelb_keeps_no_perturbation_between_steps() -> None:
    m = free_lb()
    run = run_of(m, seeded(WordNet), sentences(1))
    trainer.train_step(run, m, 0)
    assert m._deltas == {} and m.state_dict() == {}


# -- SMART ------------------------------------------------------------------------------------------------


def test_a_step_of_smart_by_hand() -> None:
    delta = tensor([[0.1, -0.2], [0.0, 0.0]])
    gradient = tensor([[1.0, -1.0], [0.0, 0.0]])
    expected = tensor([[0.3 / (0.4 + 1e-6), -0.4 / (0.4 + 1e-6)], [0.0, 0.0]])
    torch.testing.assert_close(smart.climbed(delta, gradient, 0.2), expected, rtol=0, atol=1e-15)
    # In the ball: 0.2 of the normalised gradient, and no entry above 0.25.
    gradient = tensor([[2.0, -4.0], [0.0, 0.0]])
    bounded = smart.climbed(delta, gradient, 0.2, radius=0.25)
    torch.testing.assert_close(bounded, tensor([[0.2, -0.25], [0.0, 0.0]]), rtol=0, atol=1e-15)


def test_the_released_divergence_by_hand() -> None:
    # p = (1/4, 3/4), q = (1/2, 1/2): log-odds −ln 3, ln 3 against 0.
    z = tensor([0.0, math.log(3)]).requires_grad_()
    value = stable_kl(z, tensor([0.0, 0.0]))
    assert value.item() == pytest.approx(2 * (-0.25 + 0.75) * math.log(3), abs=1e-5)
    (gradient,) = torch.autograd.grad(value.sum(), z)
    # dp2/dz2 = 3/16, and p1 moves the other way: 2·(3/16)·(ln 3 + ln 3).
    side = 2 * (3 / 16) * 2 * math.log(3)
    torch.testing.assert_close(gradient, tensor([-side, side]), rtol=0, atol=1e-5)


def test_half_of_the_gradient_is_gone_where_targets_are_detached() -> None:
    z, y = tensor([0.0, math.log(3)]).requires_grad_(), tensor([0.0, 0.0])
    value, both = half_detached(z, y), Objective("toy", False).divergence(z, y)
    # KL(p‖q) + KL(q‖p) = Σ(p−q)(ln p − ln q) = ¼·(ln 3/4·2 − ln 1/4·2) = ½·½·ln 3
    assert value.item() == pytest.approx(0.25 * math.log(3)) == both.item()
    (gradient,) = torch.autograd.grad(value.sum(), z)
    # Only −Σ q·ln p has a gradient: p − q.
    torch.testing.assert_close(gradient, tensor([-0.25, 0.25]))
    (full,) = torch.autograd.grad(both.sum(), z)
    extra = (3 / 16) * 2 * 0.5 * math.log(3)
    torch.testing.assert_close(full, tensor([-0.25 - extra, 0.25 + extra]))


def test_smarts_defaults_and_the_published_switches() -> None:
    assert SMART.defaults() == {
        "alpha": 1.0,
        "steps": 1,
        "step_size": 1e-3,
        "radius": 1e-5,
        "noise_std": 1e-5,
        "where": "output",
        "ascent_loss": "symmetric",
        "detach_targets": False,
    }


def divergence(first: Tensor, second: Tensor) -> Tensor:
    p, q = first.softmax(-1), second.softmax(-1)
    return ((p - q) * (p.log() - q.log())).sum(-1)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("variant", ["paper", "published"])
def test_an_update_of_smart_written_out_once_more(variant: str, steps: int) -> None:
    batches = sentences(1)
    given = dict(alpha=2.0, steps=steps, step_size=0.5, noise_std=0.1, where="words")
    given |= {} if variant == "published" else {"radius": 0.4}
    model, m = seeded(WordNet), smart_of(variant, **given)
    run = run_of(m, model, batches)
    batch = whole(batches)
    twin = seeded(WordNet)
    run._move(1, 0)
    delta = m._noise(run, batch, twin.emb(batch.inputs))
    words, clean = twin.emb(batch.inputs), None
    clean = twin.above(words)
    for _ in range(steps):
        delta = delta.detach().requires_grad_()
        attacked = twin.above(words.detach() + delta)
        climb = stable_kl if variant == "published" else divergence
        (g,) = torch.autograd.grad(climb(attacked, clean.detach()).sum(), delta)
        if variant == "published":
            moved = delta.detach() + 0.5 * g
            delta = moved / (moved.abs().amax(-1, keepdim=True) + 1e-6)
        else:
            delta = (delta.detach() + 0.5 * g / g.abs().amax(-1, keepdim=True)).clamp(-0.4, 0.4)
    assert delta.abs().amax(-1).min() > (0.999 if variant == "published" else 0.399)
    last = twin.above(words + delta)
    apart = (half_detached if variant == "published" else divergence)(clean, last)
    (nn.functional.cross_entropy(clean, batch.labels) + 2.0 * apart.mean()).backward()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    trainer.train_step(run, m, 0)
    for name, p in model.named_parameters():
        wanted = dict(twin.named_parameters())[name].grad
        torch.testing.assert_close(before[name] - p.detach(), wanted, rtol=0, atol=1e-13)


def test_released_smart_perturbs_the_embeddings_output_with_unit_size() -> None:
    model, seen = small("bert").double().eval(), []
    m = smart_of("published")
    run = run_of(m, model, [], steps=1)
    model.eval()
    batch = Batch(inputs(), torch.tensor([0, 1, 0]), (0, 1, 2), 3)
    model.bert.encoder.layer[0].register_forward_hook(lambda _m, args, _: seen.append(args[0].detach()))
    m.compute_loss(run, batch)
    clean, noised, attacked = seen
    assert (noised - clean).abs().max() < 1e-4
    size = (attacked - clean).abs().amax(-1)
    torch.testing.assert_close(size, torch.ones_like(size), rtol=0, atol=0.2)


def test_smart_without_weight_makes_one_pass() -> None:
    passes: list[int] = []

    def call(model: nn.Module, x: Tensor, number: int) -> Tensor:
        passes.append(number)
        return model(x)

    trajectory(smart_of(alpha=0.0), seeded(WordNet), sentences(2), 0.1, forward=call)
    assert passes == [0, 0]
    trajectory(smart_of(steps=2, where="words"), seeded(WordNet), sentences(1), 0.1, forward=call)
    assert passes == [0, 0, 0, 1, 2, 3]
