"""What a budget buys: expected best scores by number of trials, over studies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ftbench.cli._requests import selection
from ftbench.db import Database
from ftbench.domain.result import Outcome
from ftbench.errors import NothingToReport
from ftbench.services.tuning.budgets import bought, budgets
from tests.services.tuning.ran import declare, end_all

ALL = selection(None, None)


def test_lines_rise_from_the_mean_to_the_best_with_the_band_of_the_studies(database: Database) -> None:
    declare(database, "vanilla", budget=4, studies=2)
    came = itertools.chain([0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.5, 0.8])
    end_all(database, lambda job: next(came))
    rows = budgets(database, ALL).rows
    assert [row["trials"] for row in rows] == [1, 2, 4]
    assert rows[0]["expected"] == pytest.approx((0.25 + 0.575) / 2)
    assert (rows[2]["low"], rows[2]["high"]) == (pytest.approx(0.4), pytest.approx(0.8))
    assert rows[0]["near"] == pytest.approx(0.25)


def test_a_failed_trial_counts_as_the_worst(database: Database) -> None:
    declare(database, "vanilla", budget=2)
    came = iter([0.6, Outcome.DIVERGED])
    end_all(database, lambda job: next(came))
    (one,) = bought(database, ALL)
    assert np.allclose(one.best, [[0.3, 0.6]])  # chance is 0 in Matthews' correlation
    assert one.near == 0.5


def test_a_study_that_runs_says_how_to_end_it(database: Database) -> None:
    with pytest.raises(NothingToReport, match="declare one with: ftbench tune"):
        budgets(database, ALL)
    declare(database, "vanilla", budget=2)
    with pytest.raises(NothingToReport, match="run its trials with: ftbench worker"):
        budgets(database, ALL)
