"""Claims as a file for others."""

from __future__ import annotations

import json

import pytest

from ftbench.cli import _requests
from ftbench.errors import FtbenchError, UsageError
from ftbench.services.claims.declared import declare
from ftbench.services.claims.exported import export, seal, troubles
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


def test_a_file_tells_a_chain_that_was_made_anew_and_a_claim_that_is_another(database, tmp_path):
    path = tmp_path / "claims.json"
    declare(database.address, _requests.claimed("bidrop > vanilla"))
    store(database, {("vanilla", "rte"): [0.6, 0.7]})
    export(database, path)
    store(database, {("bidrop", "rte"): [0.7, 0.8]})
    assert troubles(database, path) == []
    whole = json.loads(path.read_text())
    for change, told in (
        ({"versions": {}}, "the file was changed"),
        ({"chain": {**whole["chain"], "claims": [1, "f" * 64]}}, "strand claims of the chain does not lead"),
        ({"chain": {}}, "strand 0 of the chain"),
        ({"claims": [{"claim": "a > b", "declared": "x"}]}, "the claim 'a > b' is not here"),
        ({"claims": [{**whole["claims"][0], "declared": "x"}]}, "was declared x there and"),
    ):
        other = {**whole, **change}
        sealed = other if "versions" in change else {**other, "digest": seal(other)}
        path.write_text(json.dumps(sealed))
        (found,) = troubles(database, path)
        assert told in found.first
