"""Draws: shared places for every method, inside every range, never moved by what else is in a study."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ftbench.domain.space import Dimension, Space
from ftbench.errors import BadValue
from ftbench.services.tuning.draws import OWN_MOST, Draw, draws
from ftbench.services.tuning.spaces import space_of
from tests.services.tuning.drawn import first, tuned

LR = Dimension("lr", low=1e-5, high=1e-2, log=True)


def test_the_shared_part_of_each_draw_is_the_same_for_every_method() -> None:
    space = space_of("default", tuned("vanilla", "bidrop", "mixout"))
    mine = {label: first(space, label, 6) for label in space.own}
    for label, found in mine.items():
        print(label, *found, sep="\n  ")
    assert len({str([one.shared for one in found]) for found in mine.values()}) == 1
    assert mine["vanilla"][0] == Draw(0) and not mine["vanilla"][1].hparams
    assert set(mine["bidrop"][1].hparams) == {"k", "keep_ratio"}


def test_other_methods_and_their_order_move_no_draw() -> None:
    alone, among = (space_of("default", tuned(*names)) for names in (["bidrop"], ["rdrop", "lora", "bidrop"]))
    assert first(alone, "bidrop", 200) == first(among, "bidrop", 200)


def test_what_is_shared_moves_nothing_of_a_methods_own() -> None:
    own = {"m": (Dimension("y", low=0, high=1, hparam=True),)}
    mine = [[draw.hparams for draw in first(Space("s", shared, own), "m", 20)] for shared in ((LR,), ())]
    assert mine[0] == mine[1]


def test_each_study_has_draws_of_its_own_and_the_same_again() -> None:
    space = Space("s", (LR,))
    assert first(space, "x", 9) == first(space, "x", 9)
    assert first(space, "x", 9)[1:] != first(space, "x", 9, seed=1001)[1:]


@pytest.mark.parametrize(
    "dimension",
    [
        LR,
        Dimension("a", low=-1.0, high=3.0),
        Dimension("b", low=1, high=4, whole=True),
        Dimension("c", low=1, high=1000, whole=True, log=True),
        Dimension("d", (None, "x", 0.5)),
    ],
)
def test_draws_lie_inside_every_range_and_reach_all_of_it(dimension: Dimension) -> None:
    found = [draw.shared[dimension.name] for draw in first(Space("s", (dimension,)), "x", 513)[1:]]
    if dimension.values:
        assert set(found) == set(dimension.values)
        return
    values = np.array(found, dtype=np.float64)
    assert values.min() >= dimension.low and values.max() <= dimension.high
    places = np.log(values / dimension.low) if dimension.log else values - dimension.low
    assert places.mean() == pytest.approx(places.max() / 2, rel=0.05)
    if dimension.whole:
        assert all(isinstance(value, int) for value in found)
        assert dimension.log or set(found) == {1, 2, 3, 4}


def test_dimensions_are_even_together_and_not_only_apart() -> None:
    space = Space(
        "s", (LR, Dimension("x", low=0, high=1)), {"m": (Dimension("y", low=0, high=1, hparam=True),)}
    )
    found = first(space, "m", 257)[1:]
    places = np.array([[np.log10(d.shared["lr"]) / 3 + 5 / 3, d.shared["x"], d.hparams["y"]] for d in found])
    for one, other in itertools.combinations(range(3), 2):
        cells = np.histogram2d(places[:, one], places[:, other], bins=4, range=[[0, 1], [0, 1]])[0]
        assert cells.min() >= 12 and cells.max() <= 20


def test_a_method_may_give_a_shared_setting_values_of_its_own_at_the_shared_place() -> None:
    space = Space("s", (LR,), {"prompt": (Dimension("lr", low=1e-3, high=1.0, log=True),)})
    for mine, theirs in zip(first(space, "prompt", 20)[1:], first(space, "vanilla", 20)[1:], strict=True):
        assert mine.shared["lr"] == pytest.approx(100 * theirs.shared["lr"], rel=1e-3) and not mine.further


def test_too_many_dimensions_are_refused() -> None:
    own = tuple(Dimension(f"x{i}", (1, 2)) for i in range(OWN_MOST + 1))
    with pytest.raises(BadValue, match="25 further dimensions of m"):
        next(draws(Space("s", (LR,), {"m": own}), "m", 1000))
