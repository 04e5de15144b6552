"""A method's random draws: what they depend on, and that they can be replayed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ftbench.run.noise import Noise
from ftbench.run.seeding import stream_seed

LIKE = torch.zeros((), dtype=torch.float64)


def noise(seed: int = 0, run: str = "main", **more: object) -> Noise:
    return Noise(lambda *parts: stream_seed("method", "toy", seed, "mine", run, *parts), **more)  # type: ignore[arg-type]


def drawn(n: Noise, name: str = "w", shape: tuple[int, ...] = (3, 4)) -> Tensor:
    return n.normal(name, shape, like=LIKE)


def at(step: int, pass_: int = 0, micro: int = 0, **more: object) -> Noise:
    n = noise(**more)
    n.at(step, pass_, micro)
    return n


def test_a_draw_is_a_function_of_name_step_and_pass() -> None:
    assert torch.equal(drawn(at(5, 1)), drawn(at(5, 1)))
    others = [drawn(at(5, 0)), drawn(at(4, 1)), drawn(at(5, 1), "v"), drawn(at(5, 1, seed=1))]
    others.append(drawn(at(5, 1, run="second")))
    assert all(not torch.equal(drawn(at(5, 1)), other) for other in others)


def test_the_order_of_the_calls_does_not_matter() -> None:
    one, two = at(3), at(3)
    a, b = drawn(one, "a"), drawn(one, "b")
    b2, a2 = drawn(two, "b"), drawn(two, "a")
    assert torch.equal(a, a2) and torch.equal(b, b2) and not torch.equal(a, b)


def test_earlier_steps_need_not_have_been_drawn() -> None:
    n = noise()
    for step in range(4):
        n.at(step, 0, 0)
        last = drawn(n)
    assert torch.equal(last, drawn(at(3)))


def test_draws_of_one_name_in_one_pass_differ_and_begin_again_at_the_next() -> None:
    n = at(2)
    first, second = drawn(n), drawn(n)
    assert not torch.equal(first, second)
    n.at(3, 0, 0)
    drawn(n)
    n.at(2, 0, 0)
    assert torch.equal(drawn(n), first) and torch.equal(drawn(n), second)


def test_micro_batches_of_a_pass_share_the_noise_of_a_weight() -> None:
    n = noise()
    values = []
    for micro in range(3):
        n.at(1, 0, micro)
        values.append((drawn(n), drawn(n)))
    assert all(torch.equal(values[0][i], later[i]) for later in values for i in (0, 1))


def test_neither_the_global_generator_is_read_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = drawn(at(0))
    torch.manual_seed(2)
    after = torch.get_rng_state()
    assert torch.equal(first, drawn(at(0)))
    assert torch.equal(after, torch.get_rng_state()) and not torch.equal(before, after)


# -- activations: a draw a row and real token -------------------------------------------------------------


def test_splitting_a_batch_leaves_each_rows_noise_alone() -> None:
    rows, lengths = (7, 3, 11), (2, 4, 3)
    whole = at(1).normal("embeddings", (3, 4, 5), like=LIKE, rows=rows, lengths=lengths)
    n = at(1)
    part = n.normal("embeddings", (1, 2, 5), like=LIKE, rows=rows[:1], lengths=lengths[:1])
    n.at(1, 0, 1)
    rest = n.normal("embeddings", (2, 4, 5), like=LIKE, rows=rows[1:], lengths=lengths[1:])
    assert torch.equal(whole[0, :2], part[0]) and torch.equal(whole[1:], rest)


def test_noise_of_a_row_follows_its_number_not_its_place() -> None:
    one = at(1).uniform("embeddings", (2, 3, 2), like=LIKE, rows=(7, 3), lengths=(3, 3))
    two = at(1).uniform("embeddings", (2, 3, 2), like=LIKE, rows=(3, 7), lengths=(3, 3))
    assert torch.equal(one[0], two[1]) and torch.equal(one[1], two[0])
    assert not torch.equal(one[0], one[1])


@pytest.mark.parametrize("kind", ["normal", "uniform", "bernoulli"])
def test_pads_get_0(kind: str) -> None:
    more = {"p": 1.0} if kind == "bernoulli" else {}
    found = getattr(at(0), kind)("embeddings", (2, 4, 3), like=LIKE, rows=(0, 1), lengths=(4, 1), **more)
    assert (found[1, 1:] == 0).all() and (found[0] != 0).all() and (found[1, :1] != 0).all()


def test_pads_on_the_left_get_0_and_each_token_keeps_its_noise() -> None:
    right = at(0).normal("embeddings", (2, 4, 3), like=LIKE, rows=(0, 1), lengths=(4, 2))
    left = at(0).normal("embeddings", (2, 4, 3), like=LIKE, rows=(0, 1), lengths=(4, 2), left=True)
    assert torch.equal(left[0], right[0]) and torch.equal(left[1, 2:], right[1, :2])
    assert (left[1, :2] == 0).all()


def test_rows_without_lengths_have_noise_at_every_token() -> None:
    found = at(0).normal("pooled", (2, 6), like=LIKE, rows=(4, 9))
    assert (found != 0).all()
    assert torch.equal(found[1], at(0).normal("pooled", (1, 6), like=LIKE, rows=(9,))[0])


# -- distributions ----------------------------------------------------------------------------------------


def test_distributions_are_what_they_say() -> None:
    n = at(0)
    coins = n.bernoulli("a", (20000,), 0.3, like=LIKE)
    assert set(coins.tolist()) == {0.0, 1.0} and abs(coins.mean().item() - 0.3) < 0.015
    flat = n.uniform("b", (20000,), -2.0, 4.0, like=LIKE)
    assert -2.0 <= flat.min() < -1.9 and 3.9 < flat.max() < 4.0 and abs(flat.mean().item() - 1.0) < 0.06
    bell = n.normal("c", (20000,), 3.0, like=LIKE)
    assert abs(bell.std().item() - 3.0) < 0.07 and abs(bell.mean().item()) < 0.1


def test_result_has_the_dtype_of_what_it_is_for() -> None:
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        assert noise().normal("a", (2,), like=torch.zeros(1, dtype=dtype)).dtype == dtype


# -- replay -----------------------------------------------------------------------------------------------


def test_recorded_values_come_back_step_by_step_as_they_are() -> None:
    recorded = torch.arange(12.0).reshape(3, 2, 2)
    n = noise(replay={"w": recorded})
    for step in (0, 2, 1):
        n.at(step, 0, 0)
        assert torch.equal(n.bernoulli("w", (2, 2), 0.5, like=LIKE), recorded[step].double())


def test_recorded_values_come_back_draw_by_draw() -> None:
    recorded = torch.arange(8.0).reshape(2, 2, 2)  # step, draw, value
    n = noise(replay={"w": recorded})
    for step in (0, 1):
        for pass_ in (0, 1):
            n.at(step, pass_, 0)
            assert torch.equal(drawn(n, shape=(2,)), recorded[step, pass_].double())
    n = noise(replay={"w": recorded})
    n.at(1, 0, 0)
    assert [drawn(n, shape=(2,)).tolist() for _ in range(2)] == recorded[1].tolist()


def test_recorded_draws_are_counted_anew_at_every_step() -> None:
    recorded = torch.arange(8.0).reshape(2, 2, 2)
    n = noise(replay={"w": recorded})
    for step, pass_ in ((0, 0), (1, 1)):  # at the second step the first pass draws nothing
        n.at(step, pass_, 0)
        assert drawn(n, shape=(2,)).tolist() == recorded[step, 0].tolist()


def test_micro_batches_replay_the_same_draw() -> None:
    recorded = torch.arange(4.0).reshape(1, 2, 2)
    n = noise(replay={"w": recorded})
    for pass_ in (0, 1):
        for micro in (0, 1):
            n.at(0, pass_, micro)
            assert drawn(n, shape=(2,)).tolist() == recorded[0, pass_].tolist()


def test_scalars_are_replayed_into_the_shape_asked_for() -> None:
    n = noise(replay={"t": [0.25, 0.75]})
    n.at(1, 0, 0)
    assert n.uniform("t", (), like=LIKE).item() == 0.75


def test_names_that_are_not_recorded_are_drawn() -> None:
    n = noise(replay={"other": [1.0]})
    assert torch.equal(drawn(n), drawn(at(0)))


# -- initialisers of other libraries ----------------------------------------------------------------------


def test_torch_seed_gives_the_same_draws_and_leaves_the_global_generator_alone() -> None:
    def initial(seed: int, name: str = "adapter") -> Tensor:
        with noise(seed).torch_seed(name):
            return torch.nn.Linear(3, 3).weight.detach()

    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    first = initial(0)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first, initial(0))
    assert not torch.equal(first, initial(1)) and not torch.equal(first, initial(0, "other"))


def test_torch_seed_gives_the_generator_back_after_an_error() -> None:
    state = torch.get_rng_state()
    with pytest.raises(KeyError), noise().torch_seed("adapter"):
        torch.rand(1)
        raise KeyError
    assert torch.equal(state, torch.get_rng_state())
