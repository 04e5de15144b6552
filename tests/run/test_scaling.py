"""Scaled losses in fp16: by the rule of torch's GradScaler, all but its kernels on a CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.methods.base import Method
from ftbench.run.data import Batch
from ftbench.run.run import Run
from ftbench.run.scaling import GROWTH_INTERVAL, START, LossScale
from ftbench.training import checkpoint
from ftbench.training.trainer import train_step
from ftbench.training.watch import Diverged, Watch
from tests.methods.mininet import run_of

STEPS = 6
OVERFLOWS = (0, 3)  # the steps whose gradient is infinite


def batches() -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(1)
    return [(torch.randn(4, 5, generator=draw), torch.tensor([0, 1, 1, 0])) for _ in range(STEPS)]


def linear() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(5, 2)


def call(model: nn.Module, inputs: Any, number: int) -> Tensor:
    with torch.autocast("cpu", enabled=False):  # the rule alone, without rounding
        logits: Tensor = model(inputs)
    return logits


class Overflowing(Method):
    """Plain fine-tuning whose gradient is infinite in some steps."""

    edited = 0

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        loss = super().compute_loss(run, batch)
        if run.step in OVERFLOWS:
            loss.register_hook(lambda gradient: gradient * float("inf"))
        return loss

    def edit_gradients(self, run: Run, optimizer: Any) -> None:
        self.edited += 1
        assert all(torch.isfinite(p.grad).all() for p in optimizer.params)


def half(method: Method, steps: int = STEPS, **recipe: Any) -> Run:
    return run_of(method, linear(), batches(), steps=steps, call=call, precision="fp16", **recipe)


def test_updates_and_scales_are_those_of_torchs_grad_scaler() -> None:
    method = Overflowing()
    run = half(method, optimizer="adamw_torch", lr=0.1, clip=1.0)
    twin = linear()
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.1, eps=1e-8, weight_decay=0.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=START, growth_interval=GROWTH_INTERVAL)
    assert run.scale is not None
    for step, (inputs, labels) in enumerate(batches()):
        train_step(run, method, step)
        loss = nn.functional.cross_entropy(twin(inputs), labels)
        if step in OVERFLOWS:
            loss.register_hook(lambda gradient: gradient * float("inf"))
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        assert run.scale.value == scaler.get_scale(), step
        for name, value in twin.named_parameters():
            torch.testing.assert_close(run.parameters[name], value, rtol=1e-6, atol=1e-7)
    assert run.scale.skipped == len(OVERFLOWS) and method.edited == STEPS - len(OVERFLOWS)


def test_a_step_that_was_left_out_is_no_divergence_and_has_no_loss() -> None:
    method = Overflowing()
    run = half(method)
    watch = Watch(run)
    for step in range(STEPS):
        train_step(run, method, step, watch)
        watch.read()
    losses = [point.step - 1 for point in watch.points if point.name == "loss"]
    assert losses == [step for step in range(STEPS) if step not in OVERFLOWS]


class Endless(Method):
    """Its gradient is infinite whatever the scale."""

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        loss = super().compute_loss(run, batch)
        loss.register_hook(lambda gradient: gradient * float("inf"))
        return loss


def test_what_overflows_unscaled_too_has_diverged() -> None:
    method, run = Endless(), half(Endless(), steps=30)
    watch = Watch(run)
    for step in range(17):  # 2^16 … 2^0
        run.feed.drawn.clear()
        train_step(run, method, step, watch)
        watch.check()
    run.feed.drawn.clear()
    train_step(run, method, 17, watch)
    with pytest.raises(Diverged, match="from step 18"):
        watch.check()


def test_gradients_of_several_passes_add_up_unscaled() -> None:
    plain, scaled = (
        run_of(Method(), linear(), batches(), call=call, precision=precision)
        for precision in ("fp32", "fp16")
    )
    for run in (plain, scaled):
        for _ in range(2):
            batch = run.next_batch()
            run.backward(Method().compute_loss, batch)
    for name, value in plain.take_gradients().items():
        assert torch.equal(scaled.parameters[name].grad, value), name  # a power of 2 changes no bit


def test_one_pass_that_overflows_leaves_out_the_update_of_all() -> None:
    run, start = half(Method()), linear()

    def infinite(run: Run, batch: Batch) -> Tensor:
        return Endless().compute_loss(run, batch)

    run.begin(0)
    run.backward(infinite, run.next_batch())
    assert all(not gradient.any() for gradient in run.take_gradients().values())  # zeros, not NaN
    run.backward(Method().compute_loss, run.next_batch())
    run.step_optimizer()
    assert all(torch.equal(run.parameters[n], p) for n, p in start.named_parameters())
    run.begin(1)
    run.backward(Method().compute_loss, run.next_batch())
    run.step_optimizer()
    assert not all(torch.equal(run.parameters[n], p) for n, p in start.named_parameters())


def test_an_update_of_several_passes_that_overflow_halves_the_scale_once_as_torch_does() -> None:
    run, twin = half(Method()), linear()
    optimizer = torch.optim.SGD(twin.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=START, growth_interval=GROWTH_INTERVAL)
    assert run.scale is not None
    for step, (inputs, labels) in enumerate(batches()):
        run.begin(step)
        batch = run.next_batch()
        for _ in range(2):
            overflows = step in OVERFLOWS
            run.backward((Endless() if overflows else Method()).compute_loss, batch)
            loss = nn.functional.cross_entropy(twin(inputs), labels)
            if overflows:
                loss.register_hook(lambda gradient: gradient * float("inf"))
            scaler.scale(loss).backward()
        run.step_optimizer()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        assert run.scale.value == scaler.get_scale(), step
        for name, value in twin.named_parameters():
            torch.testing.assert_close(run.parameters[name], value, rtol=1e-6, atol=1e-7)
    assert run.scale.skipped == len(OVERFLOWS)


def test_the_scale_grows_after_so_many_updates_and_an_overflow_begins_the_count_anew() -> None:
    scale, weight = LossScale(), nn.Parameter(torch.ones(2))
    for step in range(GROWTH_INTERVAL + 5):
        with scale.scaled([weight]) as factor:
            weight.grad = torch.full((2,), float("inf") if step == 4 else 1.0) * factor
        assert scale.update() is (step != 4)
        assert scale.update() is (step != 4)  # a second optimiser of the same step
        weight.grad = None
        assert scale.value == (START if step < 4 or step == GROWTH_INTERVAL + 4 else START / 2)


def test_a_resumed_run_goes_on_with_its_scale() -> None:
    straight, method = half(Overflowing()), Overflowing()
    for step in range(STEPS):
        train_step(straight, method, step)
    stopped = half(Overflowing())
    for step in range(4):
        train_step(stopped, method, step)
    state = checkpoint.snapshot(stopped, method)
    again = half(Overflowing())
    checkpoint.restore(again, method, state)
    for step in range(4, STEPS):
        train_step(again, method, step)
    assert again.scale is not None and straight.scale is not None
    assert again.scale.state() == straight.scale.state() and again.scale.value == START / 4
    assert all(torch.equal(again.parameters[n], p) for n, p in straight.parameters.items())


def test_small_gradients_that_fp16_would_lose_are_kept() -> None:
    """2^-26 is below the smallest number of fp16, 2^-24; times 65,536 it is not."""

    def tiny(model: nn.Module, inputs: Any, number: int) -> Tensor:
        return model(inputs).half().float()

    found = []
    for precision in ("fp16", "fp32"):
        run = run_of(Method(), linear(), batches(), call=tiny, precision=precision)
        run.backward(lambda run, batch: 2.0**-26 * run.forward(batch).sum(), run.next_batch())
        found.append(run.parameters["bias"].grad)
    torch.testing.assert_close(found[0], torch.full((2,), 4 * 2.0**-26))
    assert not found[1].any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_fp16_is_near_fp32() -> None:
    ends = []
    for precision in ("fp32", "fp16"):
        model = linear().cuda()
        method = Method()
        moved = [(inputs.cuda(), labels.cuda()) for inputs, labels in batches()]
        run = run_of(method, model, moved, precision=precision, lr=0.1)
        for step in range(STEPS):
            train_step(run, method, step)
        ends.append(run.parameters["weight"].detach().cpu())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-2, atol=1e-3)
    assert not torch.equal(ends[0], ends[1])
