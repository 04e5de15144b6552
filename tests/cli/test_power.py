"""``ftbench power``, in process."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from tests.cli.filled import SCORES


def test_measured_spread_gives_what_the_seeds_show_and_a_difference_needs(filled):
    ended = filled("power", "bidrop", "vanilla", "--difference", "2", "--json")
    assert ended.code == 0 and ended.json["schema"] == "ftbench.power/1"
    rte, sst2, average = ended.json["sheets"][0]["rows"]
    spread = np.std(np.subtract(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"]), ddof=1)
    assert (rte["task"], rte["measured"], rte["seeds"]) == ("RTE", 4, 4)
    assert rte["spread"] == pytest.approx(spread)
    level = 0.05 / 3  # two tasks and their average
    effect = TTestPower().solve_power(nobs=4, alpha=level, power=0.8)
    assert rte["smallest"] == pytest.approx(effect * spread, rel=1e-5)
    reached = [TTestPower().power(0.02 / spread, n, level) for n in (rte["needed"] - 1, rte["needed"])]
    assert reached[0] < 0.8 <= reached[1]
    assert (sst2["measured"], average["task"]) == (3, "Avg")


def test_stated_spread_needs_no_database(ftbench):
    ended = ftbench("power", "--spread", "2", "--seeds", "10", "--json")
    (row,) = ended.json["sheets"][0]["rows"]
    assert row["needed"] == 34  # half a standard deviation, as in Cohen's tables
    effect = TTestPower().solve_power(nobs=10, alpha=0.05, power=0.8)
    assert row["smallest"] == pytest.approx(effect * 0.02, rel=1e-5)
    assert "34" in ftbench("power", "--spread", "2", "--seeds", "10").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "power needs either methods"),
        (("vanilla",), "power needs two methods or more, such as: ftbench power bidrop vanilla"),
        (("bidrop", "vanilla", "--spread", "2"), "power needs either methods"),
        (("--spread", "2"), "give --seeds"),
        (("--spread", "-2", "--seeds", "3"), "spread -2: give points above 0"),
        (("--spread", "2", "--seeds", "1"), "seeds 1: a paired test needs 2 or more"),
        (("--spread", "2", "--seeds", "3", "--difference", "0"), "difference 0: give points above 0"),
        (("--spread", "2", "--seeds", "3", "--alpha", "1"), "alpha 1: give a level"),
        (("--spread", "2", "--seeds", "3", "--alpha", "1e-300"), "alpha 1e-300: give a level from 1e-12"),
        (("--spread", "2", "--seeds", "3", "--power", "0.99999"), "power 0.99999: give a probability"),
        (
            ("--spread", "2", "--seeds", "3", "--tasks", "rte"),
            "--models, --tasks, --rename and --names go with methods",
        ),
        (("--spread", "2", "--seeds", "3", "--power", "0.01"), "power 0.01: give a probability"),
        (("bidrop", "vanlla"), "unknown method 'vanlla'; did you mean 'vanilla'?"),
    ],
)
def test_wrong_words_exit_with_2_and_one_line(filled, words, message):
    ended = filled("power", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err and ended.err.count("\n") == 1
