"""Claims as a file for others."""

from __future__ import annotations

import json

import pytest

from ftbench.cli import _requests
from ftbench.errors import FtbenchError, UsageError
from ftbench.services.claims.declared import declare
from ftbench.services.claims.exported import export, seal
from tests.services.stored import store


def test_a_file_of_claims_has_their_jobs_and_a_seal_all_of_it(database, tmp_path):
    with pytest.raises(UsageError, match="nothing is declared"):
        export(database, tmp_path / "claims.json")
    store(database, {("vanilla", "rte"): [0.6, 0.7], ("bidrop", "rte"): [0.7, 0.8], ("rdrop", "rte"): [0.5]})
    declare(database.address, _requests.claimed("bidrop > vanilla @ tasks=rte"))
    count, digest = export(database, tmp_path / "claims.json")
    whole = json.loads((tmp_path / "claims.json").read_text())
    (claim,) = whole["claims"]
    mine = {cell.digest for cell in database.results.cells() if cell.method != "rdrop"}
    assert (count, claim["claim"], claim["scored"]) == (1, "bidrop > vanilla @ tasks=rte", 4)
    assert set(claim["jobs"]) == mine and whole["digest"] == digest == seal(whole)
    claim["jobs"] = claim["jobs"][1:]
    assert seal(whole) != digest
    with pytest.raises(FtbenchError, match="cannot be written"):
        export(database, tmp_path)
