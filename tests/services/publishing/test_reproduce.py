"""The page for those who run it again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.services.publishing.conftest import text_of


def test_it_has_the_digest_of_the_database(site: Path) -> None:
    digest = hashlib.sha256((site / "ftbench.db").read_bytes()).hexdigest()
    assert digest in text_of(site, "reproduce.html")


def test_commands_queue_all_jobs_again(site: Path) -> None:
    commands = text_of(site, "commands.sh").splitlines()
    assert commands[-1] == "ftbench worker" and all(one.startswith("ftbench ") for one in commands)
    assert any("--methods vanilla,bidrop" in one and "--tasks rte" in one for one in commands)
    assert not re.search(r"(?<![\w.])/", text_of(site, "commands.sh")), "no folder of this machine"


def test_versions_and_digests_are_listed(site: Path) -> None:
    text = text_of(site, "reproduce.html")
    assert "torch 2.13" in text and "c0ffee" in text


def test_claims_have_their_dates_and_the_chain_is_checked(site: Path) -> None:
    text = text_of(site, "reproduce.html")
    assert "The chain is whole" in text and "before its scores" in text and 'href="claims.json"' in text
    assert (site / "claims.json").is_file()
