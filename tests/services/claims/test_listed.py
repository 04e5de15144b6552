"""The list of declared claims."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from ftbench.services.claims.listed import listed
from tests.services.claims.said import SCORES, say
from tests.services.stored import store


def test_the_list_has_every_claim_and_how_large_the_family_is(database):
    (sheet,) = listed(database)
    assert sheet.rows == () and "ftbench claim 'bidrop > vanilla'" in sheet.notes[0]
    say(database, "bidrop > vanilla @ tasks=rte", "sam > vanilla")
    store(database, SCORES)
    say(database, "rdrop > vanilla")
    (sheet,) = listed(database)
    assert "Holm over the 2 declared claims, 0.05" in sheet.notes[0]
    assert any(note.startswith("Declared late: ") for note in sheet.notes)
    row = next(row for row in sheet.rows if row["claim"].startswith("bidrop"))
    apart = np.subtract(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"])
    low, high = stats.t.interval(0.95, 3, apart.mean(), stats.sem(apart))
    assert (row["n"], row["difference"], row["tasks"]) == (4, pytest.approx(apart.mean()), "rte")
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["undone_by"] == pytest.approx(apart.mean() / (np.mean(SCORES["bidrop", "rte"]) - 0.5))
    assert sum(note.startswith("unless: ") for note in sheet.notes) == 1
    assert row["verdict"] == "holds" and datetime.fromisoformat(row["declared"]).utcoffset() == timedelta()
