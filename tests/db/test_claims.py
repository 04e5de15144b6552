"""Declared claims: which scores they are about, whatever was done to the data."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.db import Database
from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.topup import TopupPlan
from tests.db.samples import RESULT, claim, entry, let_in

PAIRFLIP = {"noise": {"value": 0.1, "kind": "pairflip"}}


@pytest.mark.parametrize(
    ("spec", "sizes", "scored"),
    [
        ({}, (), 2),
        ({}, (None,), 1),
        ({}, (300,), 1),
        ({"noise": 0.1}, (), 1),
        (PAIRFLIP, (), 1),
        ({**PAIRFLIP, "typos": 0.2}, (), 1),
        ({**PAIRFLIP, "typos": 0.2}, (None,), 0),
        ({"typos": 0.2}, (), 0),
        ({"mine": 3}, (), 1),
    ],
)
def test_a_claim_is_about_one_condition(
    database: Database, spec: dict[str, Any], sizes: tuple[int | None, ...], scored: int
) -> None:
    done: tuple[dict[str, Any], ...] = (
        {},
        {"train_size": 300},
        {"noise": 0.1},
        PAIRFLIP,
        {**PAIRFLIP, "typos": 0.2, "train_size": 300},
        {"mine": 3},
    )
    database.jobs.add([entry(seed, **one) for seed, one in enumerate(done)])
    for _ in done:
        database.jobs.finish(claim(database), RESULT)
    said = DeclaredClaim("bidrop", "vanilla", condition=Perturbation.of(spec), train_sizes=sizes)
    assert database.claims.add(said)
    (row,) = database.claims.list()
    assert (row.claim, row.scored) == (said, scored)


@pytest.mark.parametrize(
    "change", ["tasks = 'x'", "train_sizes = '5'", "better = x'00'", "places = '[]'", "scored = 'x'"]
)
def test_a_claim_that_cannot_be_read_is_left_out_with_its_reason(database: Database, change: str) -> None:
    for other in ("vanilla", "rdrop"):
        database.claims.add(DeclaredClaim("bidrop", other))
    if not let_in(database, f"UPDATE claims SET {change} WHERE worse = 'vanilla'"):
        return
    assert [row.claim.worse for row in database.claims.list()] == ["rdrop"]
    (left,) = database.aside
    assert left.startswith("the claim")


@pytest.mark.parametrize(
    "change", ["pairs = 'x'", "pairs = '[1]'", "seeds = '[\"a\"]'", "alpha = 'x'", "sizes = '5'"]
)
def test_a_topup_that_cannot_be_read_is_left_out_with_its_reason(database: Database, change: str) -> None:
    for name in ("one", "two"):
        database.topups.record(TopupPlan(name, (("a", "b"),), 0.05, 0.0, (0, 1), (1, 2), (("open",),)))
    if not let_in(database, f"UPDATE topups SET {change} WHERE name = 'one'"):
        return
    assert [plan.name for plan in database.topups.list()] == ["two"]
    (left,) = database.aside
    assert left.startswith("the top-up")
