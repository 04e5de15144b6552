"""Suggestions of the estimator: learnt from trials, the same again, inside the space."""

from __future__ import annotations

from ftbench.domain.space import Dimension
from ftbench.services.tuning.tpe import suggestions

LR = Dimension("lr", low=1e-5, high=1e-2, log=True)


def test_suggestions_learn_from_the_trials_and_are_the_same_again() -> None:
    told = [({"lr": 10.0 ** (-5 + 3 * i / 15)}, -abs(i - 5) / 15) for i in range(16)]
    mine, again, other = (suggestions([LR], told, seed) for seed in ((1,), (1,), (2,)))
    first = [next(mine)["lr"] for _ in range(8)]
    assert first == [next(again)["lr"] for _ in range(8)] != [next(other)["lr"] for _ in range(8)]
    close = sum(10**-4.6 < float(str(rate)) < 10**-3.4 for rate in first)
    assert close >= 5, first  # 40 % of the range


def test_values_stay_inside_lists_and_ranges_and_what_lies_outside_is_passed_over() -> None:
    several = [LR, Dimension("k", (2, 3, None, "x")), Dimension("n", low=1, high=5, whole=True)]
    told = [({"lr": 1.0, "k": 7, "n": 2}, 0.5), ({"lr": 1e-3, "k": None, "n": 9}, None)]
    asked = suggestions(several, told, (0,))
    for values in (next(asked) for _ in range(20)):
        assert 1e-5 <= float(str(values["lr"])) <= 1e-2 and values["k"] in (2, 3, None, "x")
        assert values["n"] in (1, 2, 3, 4, 5) and isinstance(values["n"], int)
