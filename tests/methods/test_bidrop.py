"""Bi-Drop: the folded moments, what is selected, and what is never masked."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ftbench.errors import BadValue, UnknownName
from ftbench.methods.bidrop import BiDrop, fold, perturbation_factor, scaling_factor, selection_score
from ftbench.testing import trajectory
from ftbench.training import trainer
from tests.methods.memory import LargeTensors
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded, whole

MASKED = sorted(
    f"bert.encoder.layer.{i}.{part}.{kind}"
    for i in (0, 1)
    for part in ("dense", "LayerNorm")
    for kind in ("weight", "bias")
)


def method(**given_: Any) -> BiDrop:
    return BiDrop(BiDrop.resolve(given_))


def passes(model: nn.Module, x: Tensor, number: int) -> Tensor:
    """Passes that differ as dropout masks do, and would be told apart by their number."""
    mask = torch.ones(6, dtype=torch.float64)
    mask[number % 5] = 0.0
    mask[(2 * number + 1) % 6] = 1.5
    return model.classifier(model.pooled(x) * mask)


def gradients(
    model: nn.Module, batches: list[Any], k: int, call: Callable[..., Tensor] = passes
) -> dict[str, Tensor]:
    """The gradients of ``k`` passes at the model as it is, stacked: shape (k, …) by name."""
    batch = whole(batches)
    found: list[list[Tensor]] = []
    for number in range(k):
        loss = nn.functional.cross_entropy(call(model, batch.inputs, number), batch.labels)
        found.append(list(torch.autograd.grad(loss, list(model.parameters()))))
    names = [n for n, _ in model.named_parameters()]
    return {n: torch.stack(gs) for n, *gs in zip(names, *found, strict=True)}


def update(method_: BiDrop, *, clip: float = 0.0, seed: int = 0) -> dict[str, Tensor]:
    """What one step of SGD at rate 1 takes off the parameters: the gradient that reached the optimiser."""
    model = seeded(MiniNet)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    (after,) = trajectory(
        method_, model, examples(1), 1.0, clip=clip, optimizer="sgd", forward=passes, seed=seed
    )
    return {n: before[n] - after[n] for n in before}


def expected_mask(score: np.ndarray, ratio: float) -> np.ndarray:
    k = math.ceil(ratio * score.size - 1e-9)
    return score >= np.sort(score, axis=None)[-k]


# -- the pure functions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_folding_gives_the_mean_and_the_squared_deviations(k: int) -> None:
    g = np.random.default_rng(k).normal(loc=100.0, size=(k, 4, 3))
    mean, squares = torch.as_tensor(g[0].copy()), None
    for count in range(2, k + 1):
        squares = fold(mean, squares, torch.as_tensor(g[count - 1].copy()), count)
    assert squares is not None
    np.testing.assert_allclose(mean, g.mean(0), rtol=1e-14)
    np.testing.assert_allclose(squares, ((g - g.mean(0)) ** 2).sum(0), atol=1e-11)


def test_folding_needs_no_memory_beside_the_new_gradient() -> None:
    mean, gradient = torch.tensor([1.0, 3.0]), torch.tensor([3.0, -1.0])
    squares = fold(mean, None, gradient, 2)
    assert squares is gradient and squares.tolist() == [2.0, 8.0] and mean.tolist() == [2.0, 1.0]
    assert fold(mean, squares, torch.tensor([2.0, 4.0]), 3) is squares


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=8))
def test_with_two_passes_the_perturbation_factor_is_that_of_the_identity(
    pairs: list[tuple[float, float]],
) -> None:
    g1, g2 = torch.tensor(pairs, dtype=torch.float64).T
    mean = g1.clone()
    squares = fold(mean, None, g2.clone(), 2)
    found = perturbation_factor(mean, squares)
    apart = (g1 - g2).abs() > 1e-3
    identity = (g1 + g2).abs() / (math.sqrt(2) * (g1 - g2).abs())
    torch.testing.assert_close(found[apart], identity[apart], rtol=1e-7, atol=1e-12)
    agree = (g1 * g2 > 1e-6) & apart
    assert (found[agree] > 1 / math.sqrt(2)).all()
    assert (found[(g1 * g2 < -1e-6) & apart] < 1 / math.sqrt(2)).all()


def test_factors_by_hand() -> None:
    mean, squares = torch.tensor([-3.0, 0.5]).double(), torch.tensor([4.0, 0.25]).double()
    weight = torch.tensor([0.5, -2.0]).double()
    assert perturbation_factor(mean, squares).tolist() == pytest.approx([1.5, 1.0])
    assert scaling_factor(mean, weight).tolist() == pytest.approx([6.0, 0.25])
    by = {s: selection_score(mean, squares, weight, s).tolist() for s in ("ess", "perturbation", "scaling")}
    assert by["ess"] == pytest.approx([9.0, 0.25])
    assert by["perturbation"] == pytest.approx([1.5, 1.0]) and by["scaling"] == pytest.approx([6.0, 0.25])


@pytest.mark.parametrize("selection", ["ess", "perturbation", "scaling"])
def test_no_gradient_scores_0_and_no_spread_scores_high_without_nan(selection: str) -> None:
    mean, zero = torch.tensor([0.0, 1e-3]), torch.zeros(2)
    score = selection_score(mean, zero, zero, selection)
    assert score[0] == 0 and torch.isfinite(score).all() and score[1] > 1e6


def test_selection_does_not_depend_on_the_scale_of_the_gradient() -> None:
    g = torch.randn(3, 40, generator=torch.Generator().manual_seed(0)).double()
    weight = torch.randn(40, generator=torch.Generator().manual_seed(1)).double()

    def ranking(scale: float) -> list[int]:
        mean = (scale * g).mean(0)
        squares = ((scale * g - mean) ** 2).sum(0)
        return selection_score(mean, squares, weight).argsort().tolist()

    assert ranking(1.0) == ranking(1e-3) == ranking(64.0)


# -- the step ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_without_selection_the_mean_gradient_of_the_passes_is_applied(k: int) -> None:
    wanted = gradients(seeded(MiniNet), examples(1), k)
    for name, taken in update(method(k=k, selection="none")).items():
        torch.testing.assert_close(taken, wanted[name].mean(0), rtol=0, atol=1e-14)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("selection", ["ess", "perturbation", "scaling"])
def test_each_tensor_keeps_its_entries_of_the_largest_score(selection: str, k: int, ratio: float) -> None:
    model = seeded(MiniNet)
    found = update(method(k=k, selection=selection, keep_ratio=ratio))
    for name, g in gradients(model, examples(1), k).items():
        mean = g.mean(0)
        mask: Any = 1.0
        if name in MASKED:
            score = selection_score(
                mean, ((g - mean) ** 2).sum(0), dict(model.named_parameters())[name].detach(), selection
            )
            mask = torch.as_tensor(expected_mask(score.numpy(), ratio)).double()
            assert mask.mean() < 1
        torch.testing.assert_close(found[name], mean * mask, rtol=0, atol=1e-14)


def kept_counts(found: dict[str, Tensor]) -> dict[str, int]:
    return {name: int((taken != 0).sum()) for name, taken in found.items()}


def test_random_selection_keeps_as_many_and_changes_from_step_to_step() -> None:
    model = seeded(MiniNet)
    shapes = {n: p.numel() for n, p in model.named_parameters()}
    masks = []
    steps = trajectory(
        method(selection="random", keep_ratio=0.3),
        model,
        examples(2),
        1.0,
        clip=0.0,
        optimizer="sgd",
        forward=passes,
    )
    start = {n: p.detach() for n, p in seeded(MiniNet).named_parameters()}
    for before, after in ((start, steps[0]), (steps[0], steps[1])):
        moved = {n: after[n] != before[n] for n in MASKED}
        assert all(int(moved[n].sum()) == math.ceil(0.3 * shapes[n] - 1e-9) for n in MASKED)
        masks.append(torch.cat([moved[n].reshape(-1) for n in MASKED]))
    assert not torch.equal(*masks)


def test_random_selection_rescales_nothing_and_follows_the_seed() -> None:
    wanted = gradients(seeded(MiniNet), examples(1), 2)
    found = [update(method(selection="random", keep_ratio=0.5), seed=s) for s in (0, 0, 1)]
    for name in MASKED:
        kept_ = found[0][name] != 0
        torch.testing.assert_close(found[0][name][kept_], wanted[name].mean(0)[kept_], rtol=0, atol=1e-14)
        assert torch.equal(found[0][name], found[1][name])
    assert any(not torch.equal(found[0][n] != 0, found[2][n] != 0) for n in MASKED)


def test_global_scope_has_one_threshold_over_the_masked_tensors() -> None:
    model = seeded(MiniNet)
    by_name = gradients(model, examples(1), 2)
    params = dict(model.named_parameters())
    scores = {
        n: selection_score(
            by_name[n].mean(0), ((by_name[n] - by_name[n].mean(0)) ** 2).sum(0), params[n].detach()
        )
        for n in MASKED
    }
    flat = np.concatenate([scores[n].numpy().reshape(-1) for n in MASKED])
    threshold = np.sort(flat)[-math.ceil(0.25 * flat.size)]
    found = update(method(scope="global", keep_ratio=0.25))
    counts = set()
    for name in MASKED:
        mask = scores[name] >= threshold
        counts.add(round(mask.double().mean().item(), 6))
        torch.testing.assert_close(found[name], by_name[name].mean(0) * mask, rtol=0, atol=1e-14)
    assert len(counts) > 1  # some tensors keep more than others
    outside = [n for n in found if n not in MASKED]
    for name in outside:
        torch.testing.assert_close(found[name], by_name[name].mean(0), rtol=0, atol=1e-14)


@pytest.mark.parametrize("selection", ["ess", "perturbation", "scaling", "random"])
@pytest.mark.parametrize("scope", ["tensor", "global"])
def test_embeddings_pooler_and_head_are_never_masked(selection: str, scope: str) -> None:
    found = kept_counts(update(method(keep_ratio=0.01, selection=selection, scope=scope)))
    dense = {n: p.numel() for n, p in seeded(MiniNet).named_parameters() if n not in MASKED}
    assert any(n.startswith("bert.embeddings") for n in dense) and "classifier.bias" in dense
    assert {n: found[n] for n in dense} == dense
    assert sum(found[n] for n in MASKED) < 0.2 * sum(dense.values())


def test_linear_weights_are_masked_instead_of_layers_on_demand() -> None:
    found = kept_counts(update(method(keep_ratio=0.5, parameters="linear_weights")))
    for name, p in seeded(MiniNet).named_parameters():
        matrix = name.endswith("weight") and "LayerNorm" not in name
        assert found[name] == (math.ceil(p.numel() / 2) if matrix else p.numel()), name


def norm(found: dict[str, Tensor]) -> float:
    return math.sqrt(sum(float((t**2).sum()) for t in found.values()))


def test_the_whole_mean_gradient_is_clipped_and_then_masked() -> None:
    limit = 0.01
    wanted = {n: g.mean(0) for n, g in gradients(seeded(MiniNet), examples(1), 2).items()}
    coefficient = limit / (norm(wanted) + 1e-6)
    free, found = update(method(keep_ratio=0.3)), update(method(keep_ratio=0.3), clip=limit)
    for name in found:
        torch.testing.assert_close(found[name], free[name] * coefficient, rtol=1e-9, atol=1e-16)
    assert norm(found) < 0.99 * limit


def test_the_masked_gradient_is_clipped_on_demand() -> None:
    limit = 0.01
    free = update(method(keep_ratio=0.3))
    found = update(method(keep_ratio=0.3, clip_after_mask=True), clip=limit)
    coefficient = limit / (norm(free) + 1e-6)
    for name in found:
        torch.testing.assert_close(found[name], free[name] * coefficient, rtol=1e-9, atol=1e-16)
    assert norm(found) == pytest.approx(limit, rel=1e-3)


def test_masked_entries_drift_with_the_momentum_of_earlier_steps() -> None:
    steps = trajectory(
        method(keep_ratio=0.5), seeded(MiniNet), examples(3), 1e-2, optimizer="adamw_torch", forward=passes
    )
    name = "bert.encoder.layer.0.dense.weight"
    first = seeded(MiniNet).get_parameter(name).detach() != steps[0][name]
    second = steps[0][name] != steps[1][name]
    assert not first.all() and bool((second >= first).all()) and second.sum() > first.sum()


# -- dropout ----------------------------------------------------------------------------------------------


def rates(method_: BiDrop, rate: float) -> tuple[list[float], float]:
    seen: list[float] = []
    model = seeded(lambda: DropNet(rate))

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        seen.append(m.dropout.p)
        return m(x)

    trajectory(method_, model, examples(1), 0.1, forward=call)
    return seen, model.dropout.p


def test_the_first_pass_has_the_recipes_dropout_and_the_others_their_own() -> None:
    assert rates(method(k=3, other_dropout=0.4), 0.1) == ([0.1, 0.4, 0.4], 0.1)
    assert rates(method(k=3), 0.1) == ([0.1, 0.1, 0.1], 0.1)
    assert rates(method(k=2, other_dropout=0.0), 0.1) == ([0.1, 0.0], 0.1)


def test_every_pass_has_a_mask_of_its_own() -> None:
    masks = []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        masks.append(m.dropout(torch.ones(60)))
        return m(x)

    trajectory(method(k=3), seeded(lambda: DropNet(0.5)), examples(2), 0.1, forward=call)
    assert len(masks) == 6 and len({tuple(m.tolist()) for m in masks}) == 6


def test_dropout_outside_a_batch_is_that_of_vanilla_in_the_first_pass() -> None:
    seen: dict[str, list[Tensor]] = {"vanilla": [], "bidrop[k=3]": []}
    for name, masks in seen.items():

        def call(m: nn.Module, x: Tensor, number: int, masks: list[Tensor] = masks) -> Tensor:
            if number == 0:
                masks.append(m.dropout(torch.ones(60)))
            return m(x)

        trajectory(name, seeded(lambda: DropNet(0.5)), examples(3), 0.1, forward=call)
    for a, b in zip(*seen.values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("k", "rate"), [(1, 0.5), (3, 0.0)])
def test_where_nothing_perturbs_the_scaling_factor_selects_with_a_warning(k: int, rate: float) -> None:
    found = []
    for selection in ("ess", "scaling"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = seeded(lambda: DropNet(rate))
            steps = trajectory(method(k=k, selection=selection), model, examples(1), 0.1, optimizer="sgd")
        assert [str(w.message) for w in caught] == (
            ["bidrop: without dropout, or with k=1, nothing perturbs: the scaling factor alone selects"]
            if selection == "ess"
            else []
        )
        found.append(steps[0])
    assert all(torch.equal(found[0][n], found[1][n]) for n in found[0])
    start = seeded(DropNet).get_parameter(MASKED[1]).detach()
    assert (found[0][MASKED[1]] == start).any()  # something was masked


def test_dropout_of_the_other_passes_alone_perturbs_too() -> None:
    found = {}
    for selection in ("ess", "scaling"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            m = method(selection=selection, keep_ratio=0.3, other_dropout=0.5)
            steps = trajectory(m, seeded(lambda: DropNet(0.0)), examples(1), 0.1, optimizer="sgd")
        found[selection] = steps[0]
    assert any(not torch.equal(found["ess"][n], found["scaling"][n]) for n in MASKED)


@pytest.mark.parametrize("given_", [{"keep_ratio": 1}, {"selection": "none"}])
@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_hf"])
@pytest.mark.filterwarnings("ignore:bidrop")
def test_one_pass_that_keeps_everything_is_vanilla_bit_for_bit(
    given_: dict[str, Any], optimizer: str
) -> None:
    found = [
        trajectory(
            m,
            seeded(lambda: DropNet(0.3)).float(),
            [(x.astype(np.float32), y) for x, y in examples(5)],
            1e-2,
            clip=0.1,
            optimizer=optimizer,
            weight_decay=0.1,
        )
        for m in ("vanilla", method(k=1, **given_))
    ]
    for vanilla, bidrop in zip(*found, strict=True):
        assert all(torch.equal(vanilla[n], bidrop[n]) for n in vanilla)


# -- memory and hyper-parameters --------------------------------------------------------------------------


def buffers(k: int) -> tuple[list[int], int, int]:
    """Tensors of a weight's size at the beginning of every pass of a step, at most, and after it."""
    counts: list[int] = []
    model = seeded(lambda: MiniNet(width=41))
    with LargeTensors(41 * 41) as large:
        for p in model.parameters():
            if p.numel() == large.size:
                large.watch(p)

        def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
            counts.append(large.alive())
            return m(x)

        m = method(k=k)
        run = run_of(m, model, examples(1), call=call)
        trainer.train_step(run, m, 0)
        return counts, large.peak, large.alive()


def test_memory_does_not_grow_with_the_passes() -> None:
    counts, peak, after = buffers(6)
    layers, square = 2, 3  # the pooler is not masked
    mean, squared = 2 * square, 2 * square + layers
    assert counts == [square, mean, squared, squared, squared, squared]
    assert after == square
    assert buffers(3)[1] == peak
    first, least, _ = buffers(2)
    assert first == counts[:2] and least <= peak


def test_loss_of_a_step_is_the_mean_over_the_passes() -> None:
    batches = examples(1)
    m = method(k=3)
    run = run_of(m, seeded(MiniNet), batches, call=passes)
    loss = trainer.train_step(run, m, 0)
    twin = seeded(MiniNet)
    batch = whole(batches)
    losses = [
        nn.functional.cross_entropy(passes(twin, batch.inputs, i), batch.labels).item() for i in range(3)
    ]
    assert loss.item() == pytest.approx(sum(losses) / 3, abs=1e-14) and not loss.requires_grad


@pytest.mark.parametrize("parts", [2, 4])
def test_accumulation_changes_the_step_to_rounding_only(parts: int) -> None:
    batches = examples(1, rows=7)
    found = []
    for accumulation in (1, parts):
        model = seeded(MiniNet)
        m = method(k=3, keep_ratio=0.5)
        run = run_of(m, model, batches, call=passes, batch_size=7, accumulation=accumulation)
        trainer.train_step(run, m, 0)
        found.append({n: p.detach() for n, p in model.named_parameters()})
    for name in found[0]:
        torch.testing.assert_close(found[0][name], found[1][name], rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "given_",
    [
        {"k": 0},
        {"k": 2.5},
        {"keep_ratio": 0},
        {"keep_ratio": 1.1},
        {"selection": "all"},
        {"other_dropout": 1},
    ],
)
def test_what_is_out_of_range_is_refused(given_: dict[str, Any]) -> None:
    with pytest.raises((BadValue, UnknownName)):
        BiDrop.resolve(given_)
