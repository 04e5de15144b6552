"""What the provenance of jobs holds is what its type says."""

from __future__ import annotations

from ftbench.db import open_database
from ftbench.domain.provenance import RAN, Provenance, RunFacts
from tests.example import EXAMPLE


def test_every_key_of_recorded_jobs_is_known() -> None:
    with open_database(str(EXAMPLE), write=False) as database:
        digests = {cell.digest for cell in database.results.cells()}
        facts = database.results.provenances(digests)
    assert len(facts) > 100
    assert {key for one in facts.values() for key in one} <= Provenance.__annotations__.keys()
    runs = [run for one in facts.values() for run in one["runs"].values()]
    assert {key for run in runs for key in run} <= RunFacts.__annotations__.keys()


def test_columns_of_exports_are_keys_of_it() -> None:
    assert {place[0] for place in RAN.values()} <= Provenance.__annotations__.keys()
