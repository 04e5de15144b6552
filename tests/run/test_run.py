"""A run as a method sees it: passes, gradients, optimisers, batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftbench.methods import Method
from ftbench.nn.optimizers import Optimizer
from ftbench.run.data import Batch
from ftbench.run.run import Run
from ftbench.run.splitting import Splitting
from ftbench.training import trainer
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded, whole
from tests.nn.transformers_small import small


def mask_of(run: Run) -> Tensor:
    """What a forward pass lets through: the output of a dropout of a hundred ones."""
    (seen,) = masks_of(run, 1)
    return seen


def masks_of(run: Run, count: int) -> list[Tensor]:
    return [run.forward(whole([(np.ones((1, 100)), np.zeros(1, dtype=int))])) for _ in range(count)]


class Untrained(Method):
    """Has nothing to train."""

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        return {}


def dropping(seed: int = 0, name: str = "main") -> Run:
    return run_of(Untrained(), nn.Dropout(0.5), [], seed=seed, name=name)


class OneWeight(nn.Module):
    """The loss of regression to 0 is w²; at w = 1 its gradient is 2."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x


NOTHING = [(np.ones((1, 1)), np.zeros(1))]


# -- dropout ----------------------------------------------------------------------------------------------


def test_dropout_is_a_function_of_run_step_and_pass() -> None:
    run = dropping()
    first, second = masks_of(run, 2)
    run.begin(1)
    next_step = mask_of(run)
    assert len({tuple(m.reshape(-1).tolist()) for m in (first, second, next_step)}) == 3
    run.begin(0)
    assert torch.equal(mask_of(run), first)
    assert torch.equal(mask_of(dropping()), first)
    assert not torch.equal(mask_of(dropping(name="second")), first)
    assert not torch.equal(mask_of(dropping(seed=1)), first)


def test_extra_passes_and_draws_do_not_shift_the_next_step() -> None:
    few, many = dropping(), dropping()
    masks_of(few, 1)
    masks_of(many, 3)
    torch.rand(17)
    for run in (few, many):
        run.begin(1)
    assert torch.equal(mask_of(few), mask_of(many))


def test_same_dropout_gives_several_passes_one_mask_and_the_next_pass_another() -> None:
    run = dropping()
    before = mask_of(run)
    with run.same_dropout():
        inside = masks_of(run, 3)
    after = mask_of(run)
    assert torch.equal(inside[0], inside[1]) and torch.equal(inside[0], inside[2])
    assert not torch.equal(before, inside[0]) and not torch.equal(inside[0], after)
    plain = dropping()
    first, second, third = masks_of(plain, 3)
    assert torch.equal(first, before) and torch.equal(second, inside[0]) and torch.equal(third, after)


def test_an_error_inside_same_dropout_ends_it() -> None:
    run = dropping()
    with pytest.raises(KeyError), run.same_dropout():
        raise KeyError
    first, second = masks_of(run, 2)
    assert not torch.equal(first, second)


def test_evaluation_inside_a_step_draws_nothing() -> None:
    run = dropping()
    run.model.eval()
    state = torch.get_rng_state()
    assert (mask_of(run) == 1).all() and torch.equal(torch.get_rng_state(), state)


def test_micro_batches_have_masks_of_their_own_and_count_as_one_pass() -> None:
    batches = [(np.ones((4, 100)), np.zeros((4, 100)))]

    def masks(accumulation: int) -> list[list[Tensor]]:
        seen: list[list[Tensor]] = []

        def loss(run: Run, batch: Batch) -> Tensor:
            seen[-1].append(run.forward(batch))
            return seen[-1][-1].mean().requires_grad_()

        run = run_of(Untrained(), nn.Dropout(0.5), batches, batch_size=4, accumulation=accumulation)
        for _ in range(2):
            seen.append([])
            run.backward(loss, run.next_batch())
        return [*seen, [run.forward(run.next_batch())]]

    whole_, split = masks(1), masks(2)
    assert [len(pass_) for pass_ in split] == [2, 2, 1]
    parts = [m for pass_ in split[:2] for m in pass_]
    assert len({tuple(m.reshape(-1).tolist()) for m in parts}) == 4
    assert torch.equal(split[2][0], whole_[2][0])


def test_another_rate_holds_inside_its_block() -> None:
    run = dropping()
    with run.dropout(0.0):
        assert (mask_of(run) == 1).all() and not run.drops
    with run.dropout(None):
        assert run.drops and not (mask_of(run) == 1).all()


# -- learning rate, clipping, editing ---------------------------------------------------------------------


class Often(Method):
    """Steps its optimiser as often as it is told."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.rates = times, list[float]()

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        loss = torch.zeros(())
        for _ in range(self.times):
            loss = run.backward(self.compute_loss, batch)
            run.step_optimizer("main")
            self.rates.append(run.optimizers["main"].inner.param_groups[0]["lr"])
        return loss


@pytest.mark.parametrize("times", [1, 3])
def test_learning_rate_follows_the_step_however_often_an_optimizer_steps(times: int) -> None:
    method = Often(times)
    run = run_of(
        method, OneWeight(), NOTHING, steps=4, regression=True, lr=0.1, schedule="linear", warmup_steps=2
    )
    for step in range(4):
        trainer.train_step(run, method, step)
    wanted = [rate for rate in (0.0, 0.05, 0.1, 0.05) for _ in range(times)]
    assert method.rates == pytest.approx(wanted)


class Sees(Method):
    """Keeps what ``edit_gradients`` was given, and changes it."""

    seen: dict[str, list[float]]

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        self.seen = {n: p.grad.tolist() for n, p in run.parameters.items() if p.grad is not None}
        for p in optimizer.params:
            assert p.grad is not None
            p.grad.mul_(10)


def test_gradients_are_edited_after_clipping_and_before_the_update() -> None:
    method = Sees()
    run = run_of(method, OneWeight(), NOTHING, regression=True, clip=0.5, lr=0.1)
    loss = trainer.train_step(run, method, 0)
    assert loss.item() == 1.0 and not loss.requires_grad
    assert method.seen["weight"] == pytest.approx([2 * 0.5 / (2 + 1e-6)])
    assert run.grad_norm is not None and run.grad_norm.item() == 2.0  # as it was before clipping
    assert run.parameters["weight"].item() == pytest.approx(1 - 0.1 * 10 * 0.5, abs=1e-6)


def test_norm_of_a_step_is_the_largest_of_its_optimizers() -> None:
    model = seeded(MiniNet)
    run = run_of(Method(), model, examples(1))
    run.optimizers = {
        part: run.optimizer({n: p for n, p in run.parameters.items() if n.startswith(part)})
        for part in ("bert", "classifier")
    }
    run.backward(Method().compute_loss, run.next_batch())
    norms = [
        torch.nn.utils.get_total_norm([p.grad for p in o.params if p.grad is not None])
        for o in run.optimizers.values()
    ]
    for name in run.optimizers:
        run.step_optimizer(name)
    assert run.grad_norm is not None and run.grad_norm.item() == max(norms).item() > min(norms).item()


# -- optimisers -------------------------------------------------------------------------------------------


def groups(optimizer: Optimizer, run: Run) -> dict[float, set[str]]:
    names = {id(p): n for n, p in run.parameters.items()}
    return {g["weight_decay"]: {names[id(p)] for p in g["params"]} for g in optimizer.inner.param_groups}


def test_an_optimizer_is_as_the_recipe_says() -> None:
    run = run_of(
        Method(),
        seeded(MiniNet),
        [],
        steps=20,
        optimizer="adamw_torch",
        lr=0.3,
        weight_decay=0.02,
        clip=2.0,
        beta1=0.8,
        beta2=0.9,
        eps=1e-3,
        schedule="linear",
        warmup_ratio=0.24,
    )
    optimizer = run.optimizer()
    bare = {n for n in run.parameters if n.endswith("bias") or "LayerNorm" in n}
    assert groups(optimizer, run) == {0.02: run.parameters.keys() - bare, 0.0: bare}
    inner = optimizer.inner.param_groups[0]
    assert (inner["betas"], inner["eps"], optimizer.clip) == ((0.8, 0.9), 1e-3, 2.0)
    assert isinstance(optimizer.inner, torch.optim.AdamW)
    # warm-up of ceil(0.24 · 20) = 5 steps
    assert [optimizer.schedule(t) for t in (0, 1, 5, 20)] == pytest.approx([0, 0.06, 0.3, 0])


def test_an_optimizer_may_differ_from_the_recipe() -> None:
    run = run_of(Method(), seeded(MiniNet), [], steps=8)
    chosen = {n: p for n, p in run.parameters.items() if "classifier" in n}
    optimizer = run.optimizer(
        chosen, lr=2.0, decay=0.5, flavour="adamw_hf", schedule=lambda t: t + 7.0, clip=0.25
    )
    assert groups(optimizer, run) == {0.5: {"classifier.weight"}, 0.0: {"classifier.bias"}}
    assert optimizer.clip == 0.25 and optimizer.schedule(1) == 8.0
    assert type(optimizer.inner).__name__ == "AdamWHF"
    assert run.optimizer(chosen, lr=2.0, schedule="cosine").schedule(4) == pytest.approx(1.0)


def test_what_is_frozen_is_left_to_no_optimizer() -> None:
    model = seeded(MiniNet)
    model.bert.requires_grad_(False)
    run = run_of(Method(), model, examples(1))
    assert {id(p) for p in run.optimizers["main"].params} == {id(p) for p in model.classifier.parameters()}


# -- gradients --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("parts", [2, 3, 7])
def test_accumulation_gives_the_gradient_and_the_loss_of_the_whole_batch(
    parts: int, regression: bool
) -> None:
    classes = 1 if regression else 3
    batches = examples(1, rows=7, classes=classes)
    found = []
    for accumulation in (1, parts):
        model = seeded(lambda: MiniNet(classes=classes))
        run = run_of(Method(), model, batches, regression=regression, batch_size=7, accumulation=accumulation)
        loss = run.backward(Method().compute_loss, run.next_batch())
        found.append((loss, run.take_gradients()))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=0, atol=1e-14)
    for name, gradient in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], gradient, rtol=0, atol=1e-14)


def tokens(lengths: tuple[int, ...], left: bool = False) -> Batch:
    width, rng = max(lengths), np.random.default_rng(0)
    ids = torch.as_tensor(rng.integers(3, 30, size=(len(lengths), width)))
    place = torch.arange(width)[None]
    real = place < torch.tensor(lengths)[:, None]
    if left:
        real = real.flip(1)
    inputs = {"input_ids": torch.where(real, ids, 0), "attention_mask": real.long()}
    rows = tuple(range(len(lengths)))
    return Batch(inputs, torch.tensor([i % 2 for i in rows]), rows, len(rows), lengths, left)


@pytest.mark.parametrize("kind", ["bert", "xlnet"])
def test_splitting_by_length_gives_the_gradient_of_the_whole_batch(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = tokens((3, 20, 4, 19, 3, 5), left=kind == "xlnet")
    found, widths = [], []

    def loss_of(run: Run, part: Batch) -> Tensor:
        widths.append(part.inputs["input_ids"].shape[1])
        return Method().compute_loss(run, part)

    for overhead in (5, None):
        monkeypatch.setattr(Splitting, "overhead", lambda *_, overhead=overhead: overhead)
        model = small(kind).double()
        run = run_of(Method(), model, [])
        with run.dropout(0.0):
            found.append((run.backward(loss_of, batch), run.take_gradients()))
    assert widths == [5, 20, 20]
    torch.testing.assert_close(found[0][0], found[1][0], rtol=0, atol=1e-13)
    assert found[0][1].keys() == found[1][1].keys()
    for name, gradient in found[1][1].items():
        torch.testing.assert_close(found[0][1][name], gradient, rtol=0, atol=1e-13)


def test_gradients_are_taken_and_given_back_by_name() -> None:
    run = run_of(Method(), seeded(MiniNet), examples(1))
    run.backward(Method().compute_loss, run.next_batch())
    taken = run.take_gradients()
    assert taken.keys() == run.parameters.keys()
    assert all(p.grad is None for p in run.parameters.values())
    run.set_gradients(taken)
    run.set_gradients({"classifier.bias": taken["classifier.bias"]})
    left = {n for n, p in run.parameters.items() if p.grad is not None}
    assert left == {"classifier.bias"}
    assert run.parameters["classifier.bias"].grad is taken["classifier.bias"]


def test_gradients_that_no_optimizer_used_do_not_reach_the_next_step() -> None:
    run = run_of(Method(), seeded(MiniNet), examples(1))
    run.backward(Method().compute_loss, run.next_batch())
    run.begin(1)
    assert not run.take_gradients()


class Freezes(Method):
    """Trains the second layer and what is above it."""

    def configure_model(self, model: nn.Module, run: Run) -> None:
        for name, p in model.named_parameters():
            p.requires_grad_(not ("embeddings" in name or "layer.0." in name))


def test_no_gradient_flows_into_what_is_frozen_and_no_time_goes_there() -> None:
    model = small("bert")
    method = Freezes()
    run = run_of(method, model, [], optimizer="adamw_torch", weight_decay=0.1, lr=0.1)
    graph: dict[str, bool] = {}
    for name in ("embeddings", "encoder.layer.0", "encoder.layer.1"):
        model.bert.get_submodule(name).register_forward_hook(
            lambda _m, _i, out, name=name: graph.update({name: out.requires_grad})
        )
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    run.backward(method.compute_loss, tokens((4, 4)))
    frozen = {n for n, p in model.named_parameters() if not p.requires_grad}
    assert {n for n, p in model.named_parameters() if p.grad is None} == frozen and len(frozen) > 10
    assert graph == {"embeddings": False, "encoder.layer.0": False, "encoder.layer.1": True}
    run.step_optimizer()
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name]) is (name in frozen), name


# -- two passes in one ------------------------------------------------------------------------------------


def test_two_passes_in_one_have_a_mask_each_for_every_row() -> None:
    run, batch = dropping(), whole([(np.ones((3, 100)), np.zeros(3, dtype=int))])
    masks = [*(row for half in run.forward_twice(batch) for row in half), *run.forward(batch)]
    assert len({tuple(m.tolist()) for m in masks}) == 9 and all(m.shape == (100,) for m in masks)


@pytest.mark.parametrize("kind", ["bert", "deberta", "xlnet"])
def test_two_passes_in_one_give_the_gradients_of_two(kind: str) -> None:
    model = small(kind).double()
    batch = tokens((4, 3))
    shift = torch.randn(2, 4, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = []
    for together in (False, True):
        run = run_of(Untrained(), model, [])
        with run.dropout(0.0):
            if together:
                first, second = run.forward_twice(batch, second=lambda e: e.detach() + shift)
            else:
                first = run.forward(batch)
                second = run.forward(batch, embeddings=lambda e: e.detach() + shift)
            (first.square().sum() + (first * second).sum()).backward()
        found.append({"first": first.detach(), "second": second.detach(), **run.take_gradients()})
    assert found[0].keys() == found[1].keys() and not torch.allclose(found[0]["first"], found[0]["second"])
    for name, expected in found[0].items():
        torch.testing.assert_close(found[1][name], expected, rtol=1e-10, atol=1e-13)


# -- the model --------------------------------------------------------------------------------------------


def test_word_embeddings_can_be_changed_in_a_pass_and_are_as_before_afterwards() -> None:
    model = small("bert").double()
    run = run_of(Method(), model, [])
    batch = tokens((4, 3))
    seen: list[tuple[int, ...]] = []
    shift = torch.randn(2, 4, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def embeddings(words: Tensor) -> Tensor:
        seen.append(tuple(words.shape))
        return words + shift

    with run.dropout(0.0):
        plain = run.forward(batch)
        moved = run.forward(batch, embeddings=embeddings)
        again = run.forward(batch)
        words = model.get_input_embeddings()(batch.inputs["input_ids"]) + shift
        wanted = model(inputs_embeds=words, attention_mask=batch.inputs["attention_mask"]).logits
    assert seen == [(2, 4, 16)]
    assert torch.equal(plain, again) and not torch.allclose(plain, moved)
    torch.testing.assert_close(moved, wanted)


def test_an_error_in_a_pass_leaves_no_hook() -> None:
    model = small("bert")
    run = run_of(Method(), model, [])

    def embeddings(words: Tensor) -> Tensor:
        raise KeyError

    with pytest.raises(KeyError):
        run.forward(tokens((3,)), embeddings=embeddings)
    assert not model.get_input_embeddings()._forward_hooks


def test_bf16_computes_in_bf16_and_gives_float32_logits_and_gradients() -> None:
    model = small("bert")
    seen: set[torch.dtype] = set()
    model.bert.pooler.dense.register_forward_hook(lambda _m, _i, out: seen.add(out.dtype))
    batch = tokens((4, 3))
    runs = [run_of(Method(), model, [], precision=precision) for precision in ("fp32", "bf16")]
    full, half = (run.forward(batch) for run in runs)
    assert seen == {torch.float32, torch.bfloat16}
    assert half.dtype == full.dtype == torch.float32
    assert not torch.equal(full, half) and torch.allclose(full, half, atol=0.05)
    runs[1].backward(Method().compute_loss, batch)
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}


def test_wider_logits_stay_as_wide() -> None:
    run = run_of(Method(), seeded(MiniNet), examples(1))
    assert run.forward(run.next_batch()).dtype == torch.float64


class Wrapper(nn.Module):
    """A model around a model."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.inner(x)


class Wraps(Method):
    """Returns a wrapper, which some models need."""

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module:
        assert run.model is model
        return Wrapper(model)


def test_a_wrapper_takes_the_models_place() -> None:
    run = run_of(Wraps(), seeded(MiniNet), examples(1))
    assert isinstance(run.model, Wrapper)
    assert all(name.startswith("inner.") for name in run.parameters)
    assert {id(p) for p in run.optimizers["main"].params} == {id(p) for p in run.model.parameters()}


# -- the data ---------------------------------------------------------------------------------------------


def test_batches_of_each_split_are_counted_for_themselves() -> None:
    train, held = examples(3), examples(2, seed=1)
    run = run_of(Method(), seeded(MiniNet), train, held_out=held)
    drawn = [run.next_batch(), run.next_batch("held_out"), run.next_batch(), run.next_batch("held_out")]
    for batch, (x, _) in zip(drawn, [train[0], held[0], train[1], held[1]], strict=True):
        assert np.array_equal(batch.inputs, x)
    assert run.feed.drawn == {"train": 2, "held_out": 2}


def test_a_pass_over_a_split_does_not_move_the_training_order() -> None:
    train = examples(3)
    run = run_of(Method(), seeded(MiniNet), train)
    first, second = ([b.inputs[0, 0].item() for b in run.epoch()] for _ in range(2))
    assert first == second[::-1] == [x[0, 0] for x, _ in train]  # the source saw passes 0 and 1
    assert np.array_equal(run.next_batch().inputs, train[0][0])


@pytest.mark.parametrize("take", [Run.next_batch, Run.epoch])
def test_rows_that_were_not_held_out_cannot_be_drawn(take: Any) -> None:
    with pytest.raises(ValueError, match="no 'held_out' rows: set held_out_fraction"):
        take(run_of(Method(), seeded(MiniNet), examples(1)), "held_out")


def test_noise_moves_with_step_and_pass() -> None:
    run = run_of(Method(), seeded(DropNet), examples(1))
    like = torch.zeros(1)

    def draw() -> list[float]:
        values: list[float] = run.noise.normal("w", (3,), like=like).tolist()
        return values

    first = draw()
    run.forward(run.next_batch())
    second = draw()
    run.begin(1)
    third = draw()
    run.begin(0)
    assert draw() == first and len({tuple(x) for x in (first, second, third)}) == 3


def test_in_full_precision_nothing_is_rounded_to_bf16() -> None:
    batches = examples(1)
    exact, rounded = (
        run_of(Method(), seeded(MiniNet).float(), batches, precision=precision)
        for precision in ("fp32", "bf16")
    )
    batch = whole(batches)
    batch = replace(batch, inputs=batch.inputs.float())
    wanted = exact.forward(batch)
    assert not torch.equal(rounded.forward(batch), wanted)
    with rounded.full_precision():
        assert torch.equal(rounded.forward(batch), wanted)
    assert not torch.equal(rounded.forward(batch), wanted)
