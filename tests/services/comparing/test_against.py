"""Every method against the baseline."""

from __future__ import annotations

from ftbench.db import Database
from ftbench.services.comparing.against import against_baseline
from ftbench.services.comparing.request import CompareRequest
from ftbench.services.scores.selection import Selection
from tests.services.stored import store

SHIFTS = {
    "vanilla": (0.0, 0.0, 0.0, 0.0),
    "bidrop": (0.02, 0.021, 0.019, 0.02),
    "rdrop": (-0.01, -0.012, -0.008, -0.01),
}
SCORES = {
    (method, task): [base + shift + seed / 1000 for seed, shift in enumerate(shifts)]
    for method, shifts in SHIFTS.items()
    for task, base in (("rte", 0.7), ("mrpc", 0.8))
}
ALL = CompareRequest(Selection(baseline=None))


def test_the_baseline_stands_on_the_right_of_every_pair(database: Database) -> None:
    store(database, SCORES)
    by_task, methods, pairs = against_baseline(database, ALL, "vanilla")
    assert {row["comparison"] for row in by_task.rows} == {"bidrop − vanilla", "rdrop − vanilla"}
    assert [row["comparison"] for row in pairs.rows] == ["bidrop − vanilla", "rdrop − vanilla"]
    assert "over the 6 comparisons of this table" in by_task.notes[0], "corrected over these alone"
    assert len(methods.rows) == 3 and "Holm over the 3 pairs" in methods.notes[0]


def test_there_is_a_verdict_for_each_method(database: Database) -> None:
    store(database, SCORES)
    said = against_baseline(database, ALL, "vanilla")[0].verdicts
    assert len(said) == 2
    assert (
        said[0].startswith("Bi-Drop is 2.00 points better than") and "R-Drop is 1.00 points worse" in said[1]
    )


def test_without_the_baseline_there_is_nothing(database: Database) -> None:
    store(database, {key: values for key, values in SCORES.items() if key[0] != "vanilla"})
    assert against_baseline(database, ALL, "vanilla") == []
