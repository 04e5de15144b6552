"""Updates, schedules and clipping against numbers worked out by hand."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from ftbench.nn.optimizers import (
    SCHEDULES,
    AdamWHF,
    Optimizer,
    build,
    constant_schedule,
    cosine_schedule,
    linear_schedule,
)

LR, DECAY, EPS, BETA1, BETA2 = 0.1, 0.5, 0.01, 0.9, 0.999


def parameter(*values: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(values, dtype=torch.float64))


def updated(flavour: str, start: float, *gradients: float, decay: float = DECAY) -> float:
    theta = parameter(start)
    groups = [{"params": [theta], "weight_decay": decay}]
    optimizer = build(flavour, groups, lr=LR, betas=(BETA1, BETA2), eps=EPS)
    for gradient in gradients:
        theta.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    return theta.item()


def moments(*gradients: float) -> tuple[float, float, int]:
    m = v = 0.0
    for g in gradients:
        m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g * g
    return m, v, len(gradients)


def test_hf_adds_eps_to_the_uncorrected_root_and_decays_last() -> None:
    # m = 0.2, v = 0.004: the step is 0.1·√0.001/0.1·0.2/(√0.004+0.01)
    step = 0.1 * math.sqrt(0.001) / 0.1 * 0.2 / (math.sqrt(0.004) + 0.01)
    assert updated("adamw_hf", 3.0, 2.0) == pytest.approx((3.0 - step) * (1 - 0.1 * 0.5), abs=1e-14)


def test_torch_decays_first_and_adds_eps_after_the_correction() -> None:
    # m and v corrected are 2 and 4
    expected = 3.0 * (1 - 0.1 * 0.5) - 0.1 * 2 / (2 + 0.01)
    assert updated("adamw_torch", 3.0, 2.0) == pytest.approx(expected, abs=1e-14)


def test_second_hf_step_is_corrected_for_two_steps() -> None:
    first = updated("adamw_hf", 3.0, 2.0)
    m, v, t = moments(2.0, -1.0)
    size = LR * math.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    expected = (first - size * m / (math.sqrt(v) + EPS)) * (1 - LR * DECAY)
    assert updated("adamw_hf", 3.0, 2.0, -1.0) == pytest.approx(expected, abs=1e-14)


def test_hf_counts_the_steps_of_each_parameter() -> None:
    early, late = parameter(3.0), parameter(3.0)
    optimizer = AdamWHF([early, late], lr=LR, eps=EPS, weight_decay=DECAY)
    early.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    assert late.item() == 3.0  # no gradient, no step, no decay
    early.grad = torch.tensor([-1.0], dtype=torch.float64)
    late.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    assert late.item() == pytest.approx(updated("adamw_hf", 3.0, 2.0), abs=1e-15)
    assert early.item() == pytest.approx(updated("adamw_hf", 3.0, 2.0, -1.0), abs=1e-15)


def test_sgd_decays_through_the_gradient() -> None:
    assert updated("sgd", 3.0, 2.0) == pytest.approx(3.0 - 0.1 * (2 + 0.5 * 3), abs=1e-15)


def test_an_unknown_flavour_is_named() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'adam'"):
        build("adam", [{"params": [parameter(1.0)]}], lr=0.1)


@pytest.mark.parametrize("flavour", ["adamw_hf", "adamw_torch"])
def test_a_group_without_decay_is_not_pulled_to_zero(flavour: str) -> None:
    weight, bias = parameter(4.0), parameter(4.0)
    groups = [{"params": [weight], "weight_decay": DECAY}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = build(flavour, groups, lr=LR)
    for p in (weight, bias):
        p.grad = torch.zeros(1, dtype=torch.float64)
    optimizer.step()
    assert bias.item() == 4.0 and weight.item() == pytest.approx(4.0 * 0.95)


@pytest.mark.parametrize("flavour", ["adamw_hf", "adamw_torch", "sgd"])
def test_a_restored_optimizer_goes_on_bit_for_bit(flavour: str) -> None:
    def make(theta: nn.Parameter) -> torch.optim.Optimizer:
        return build(flavour, [{"params": [theta], "weight_decay": DECAY}], lr=LR)

    gradients = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    one = nn.Parameter(torch.ones(3))
    whole = make(one)
    for g in gradients[:2]:
        one.grad = g.clone()
        whole.step()
    two = nn.Parameter(one.detach().clone())
    again = make(two)
    again.load_state_dict(copy.deepcopy(whole.state_dict()))
    for theta, optimizer in ((one, whole), (two, again)):
        for g in gradients[2:]:
            theta.grad = g.clone()
            optimizer.step()
    assert torch.equal(one, two)


# -- schedules --------------------------------------------------------------------------------------------


def test_linear_schedule_by_hand() -> None:
    rates = [linear_schedule(1.0, 4, 10)(t) for t in (0, 1, 3, 4, 7, 9, 10, 12)]
    assert rates == pytest.approx([0, 0.25, 0.75, 1, 0.5, 1 / 6, 0, 0])


def test_cosine_schedule_by_hand() -> None:
    rates = [cosine_schedule(2.0, 2, 6)(t) for t in (0, 1, 2, 3, 4, 6)]
    assert rates == pytest.approx([0, 1, 2, 1 + math.sqrt(0.5), 1, 0])


def test_constant_schedule_by_hand() -> None:
    assert [constant_schedule(3.0, 3, 5)(t) for t in (0, 1, 2, 3, 99)] == pytest.approx([0, 1, 2, 3, 3])


@pytest.mark.parametrize("name", SCHEDULES)
def test_without_warm_up_the_first_step_has_the_peak_rate(name: str) -> None:
    assert SCHEDULES[name](0.7, 0, 5)(0) == pytest.approx(0.7)


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_of_the_whole_run_divides_nothing_by_zero(name: str) -> None:
    assert SCHEDULES[name](1.0, 5, 5)(4) == pytest.approx(0.8)


# -- rate and clipping of every step ----------------------------------------------------------------------


def plain(params: list[nn.Parameter], clip: float, **group: float) -> Optimizer:
    return Optimizer(torch.optim.SGD([{"params": params, **group}], lr=9.0), lambda t: 0.1 * t, clip)


def test_each_step_takes_the_rate_of_its_number_and_drops_the_gradients() -> None:
    theta = parameter(1.0)
    optimizer = plain([theta], 0.0)
    for step, expected in ((3, 0.7), (3, 0.4), (1, 0.3)):
        theta.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step(step)
        assert theta.item() == pytest.approx(expected) and theta.grad is None


def test_a_group_scales_the_rate() -> None:
    theta = parameter(1.0)
    optimizer = plain([theta], 0.0, lr_scale=0.5)
    theta.grad = torch.ones(1, dtype=torch.float64)
    optimizer.step(2)
    assert theta.item() == pytest.approx(0.9)


def clipped(limit: float, *gradients: Tensor) -> tuple[float, list[Tensor]]:
    params = [nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = g.clone()
    without = nn.Parameter(torch.zeros(2))
    norm = plain([*params, without], limit).clip_gradients()
    assert without.grad is None
    return norm.item(), [p.grad for p in params if p.grad is not None]


A, B = torch.tensor([3.0], dtype=torch.float64), torch.tensor([[0.0, 4.0]], dtype=torch.float64)


def test_clipping_scales_all_gradients_by_one_coefficient() -> None:
    norm, (a, b) = clipped(2.0, A, B)
    coefficient = 2.0 / (5.0 + 1e-6)
    assert norm == 5.0
    torch.testing.assert_close(a, A * coefficient, rtol=0, atol=1e-15)
    torch.testing.assert_close(b, B * coefficient, rtol=0, atol=1e-15)
    assert coefficient != pytest.approx(2.0 / 5.0, rel=1e-9)  # the 1e-6 is seen


@pytest.mark.parametrize("limit", [0.0, 5.1])
def test_no_limit_and_smaller_gradients_leave_them_alone(limit: float) -> None:
    norm, (a, b) = clipped(limit, A, B)
    assert norm == 5.0 and torch.equal(a, A) and torch.equal(b, B)


def test_a_gradient_at_the_limit_loses_the_millionth() -> None:
    _, (a, _) = clipped(5.0, A, B)
    assert a.item() == pytest.approx(3 * 5 / (5 + 1e-6), abs=1e-15) and a.item() < 3


def test_nothing_to_clip_has_no_norm() -> None:
    assert plain([parameter(1.0)], 1.0).clip_gradients().item() == 0.0


def test_params_are_those_of_all_groups() -> None:
    a, b = parameter(1.0), parameter(2.0)
    inner = torch.optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1)
    assert [id(p) for p in Optimizer(inner, lambda t: 0.1, 0.0).params] == [id(a), id(b)]
