"""What comparisons can show, against statsmodels' power of the t-test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from ftbench.errors import BadValue, UsageError
from ftbench.services.comparing.power import PowerRequest, measured_power, stated
from ftbench.stats import power
from tests.services.comparing.runs import by, request
from tests.services.stored import store

SCORES = {
    ("vanilla", "rte"): [0.70, 0.71, 0.69, 0.72, 0.70],
    ("bidrop", "rte"): [0.73, 0.735, 0.715, 0.76, 0.72],
    ("vanilla", "sst2"): [0.90, 0.91],
    ("bidrop", "sst2"): [0.93],
}


def smallest(spread: float, n: int, alpha: float = 0.05, wanted: float = 0.8) -> float:
    return spread * TTestPower().solve_power(nobs=n, alpha=alpha, power=wanted)


def reached(difference: float, spread: float, n: int, alpha: float = 0.05) -> float:
    return TTestPower().power(difference / spread, n, alpha)


def test_the_measured_spread_is_that_of_the_paired_differences_and_gives_both_answers(database):
    store(database, SCORES)
    (sheet,) = measured_power(
        database, request("bidrop", "vanilla"), PowerRequest(difference=0.02, alpha=0.05)
    )
    rte = by(sheet, "task")["RTE"]
    spread = np.std(np.subtract(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"]), ddof=1)
    assert (rte["comparison"], rte["measured"], rte["seeds"]) == ("bidrop − vanilla", 5, 5)
    assert rte["spread"] == pytest.approx(spread)
    assert rte["smallest"] == pytest.approx(smallest(spread, 5), rel=1e-5)
    assert reached(0.02, spread, rte["needed"] - 1) < 0.8 <= reached(0.02, spread, rte["needed"])


def test_the_level_is_that_of_the_table_and_the_seeds_have_the_interval_of_their_spread(database):
    store(database, SCORES)
    (sheet,) = measured_power(database, request("bidrop", "vanilla"), PowerRequest(difference=0.02))
    level, rte = 0.05 / 3, by(sheet, "task")["RTE"]  # two tasks and their average
    assert (
        rte["alpha"] == level and "level 0.0167 (0.05 over the 3 comparisons of this table)" in sheet.notes[0]
    )
    ends = rte["spread"] * np.sqrt(4 / stats.chi2.ppf([0.975, 0.025], 4))
    for name, spread in zip(("needed_low", "needed_high"), ends, strict=True):
        assert rte[name] == power.seeds_needed(0.02, spread, level)
    assert rte["needed_low"] <= rte["needed"] <= rte["needed_high"]


def test_a_spread_of_zero_says_nothing(database):
    same = {("vanilla", "rte"): [0.5, 0.6, 0.7], ("bidrop", "rte"): [0.6, 0.7, 0.8]}
    store(database, same)
    (sheet,) = measured_power(database, request("bidrop", "vanilla"), PowerRequest())
    (rte,) = sheet.rows
    assert (rte["smallest"], rte["needed"], rte["needed_low"]) == (None, None, None)
    assert rte["why"] == "a spread of zero says nothing of other seeds"


def test_seeds_that_will_come_take_the_place_of_those_measured(database):
    store(database, SCORES)
    (sheet,) = measured_power(database, request("bidrop", "vanilla", tasks="rte"), PowerRequest(seeds=12))
    (rte,) = sheet.rows
    assert (rte["measured"], rte["seeds"]) == (5, 12)
    assert rte["smallest"] == pytest.approx(smallest(rte["spread"], 12), rel=1e-5)


def test_one_pair_has_no_spread_and_says_so(database):
    store(database, SCORES)
    (sheet,) = measured_power(database, request("bidrop", "vanilla"), PowerRequest())
    sst2 = by(sheet, "task")["SST-2"]
    assert (sst2["measured"], sst2["why"]) == (1, "a spread needs 2 pairs") and "spread" not in sst2


@pytest.mark.parametrize(("alpha", "wanted"), [(0.05, 0.8), (0.01, 0.9), (0.05 / 21, 0.8)])
def test_a_stated_spread_is_taken_at_its_level_and_power(alpha, wanted):
    asked = PowerRequest(difference=0.015, seeds=8, alpha=alpha, wanted=wanted)
    (row,) = stated(0.02, asked)[0].rows
    assert (row["spread"], row["seeds"], row["difference"]) == (0.02, 8, 0.015)
    assert row["smallest"] == pytest.approx(smallest(0.02, 8, alpha, wanted), rel=1e-5)
    assert (
        reached(0.015, 0.02, row["needed"] - 1, alpha) < wanted <= reached(0.015, 0.02, row["needed"], alpha)
    )


def test_a_difference_that_no_number_of_seeds_shows_says_so():
    (row,) = stated(0.5, PowerRequest(difference=1e-6, seeds=5))[0].rows
    assert (row["needed"], row["why"]) == (None, "more than 100,000 seeds")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"difference": 0.0}, "difference 0: give points above 0 and below 100"),
        ({"difference": 1.0}, "difference 100: give points above 0 and below 100"),
        ({"seeds": 1}, "seeds 1: a paired test needs 2 or more"),
        ({"alpha": 1.0}, "alpha 1: give a level from 1e-12 to below 1"),
        ({"alpha": 1e-13}, "alpha 1e-13: give a level from 1e-12 to below 1"),
        ({"wanted": 0.05}, "power 0.05: give a probability above alpha and up to 0.9999"),
        ({"wanted": 0.99995}, "power 0.99995: give a probability above alpha and up to 0.9999"),
    ],
)
def test_what_has_no_answer_is_refused_at_once(fields, message):
    with pytest.raises(BadValue) as caught:
        PowerRequest(**fields)
    assert str(caught.value) == message


def test_the_ends_of_the_ranges_are_taken():
    PowerRequest(seeds=2, alpha=1e-12, wanted=0.9999)


@pytest.mark.parametrize("spread", [0.0, 1.0, -0.1])
def test_a_stated_spread_is_above_0_and_below_100_points(spread):
    with pytest.raises(BadValue, match=r"give points above 0 and below 100"):
        stated(spread, PowerRequest(seeds=3))


def test_a_stated_spread_needs_its_seeds():
    with pytest.raises(UsageError, match="a stated spread has no seeds: give --seeds, such as --seeds 10"):
        stated(0.02, PowerRequest())
