"""From what users say to the claims of a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.cli import _requests
from ftbench.db import Entry, open_database
from ftbench.domain.job import Job
from ftbench.errors import UnknownName, UsageError
from ftbench.services.claims.declared import declare, withdraw
from tests.services.stored import finish, job_of


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "claims.db")


def say(address: str, text: str) -> tuple[str, bool, int]:
    return declare(address, _requests.claimed(text))


def texts(address: str) -> list[str]:
    with open_database(address, write=False) as database:
        return [row.claim.text for row in database.claims.list()]


def test_a_claim_makes_its_database_and_is_new_once(address):
    assert say(address, "bidrop > vanilla") == ("bidrop > vanilla", True, 0)
    assert say(address, "bidrop > vanilla") == ("bidrop > vanilla", False, 0)
    assert texts(address) == ["bidrop > vanilla"]


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("bi-drop > vanilla", "bidrop > vanilla"),
        ("vanilla < R-Drop", "rdrop > vanilla"),
        ("bidrop > vanilla @ tasks=sst2,cola", "bidrop > vanilla @ tasks=cola,sst2"),
        ("bidrop > vanilla @ tasks=SST-2", "bidrop > vanilla @ tasks=sst2"),
        ("bidrop > vanilla @ models=bert-base-uncased", "bidrop > vanilla @ models=bert-base"),
        ("bidrop > vanilla @ train_size=500,full,300", "bidrop > vanilla @ train_size=full,300,500"),
        ("bidrop[k=3] > vanilla @ noise=0.10", "bidrop[k=3] > vanilla @ noise=0.1"),
    ],
)
def test_a_claim_is_kept_in_the_terms_in_which_jobs_are(address, typed, canonical):
    assert say(address, typed)[0] == canonical and texts(address) == [canonical]


def test_the_scores_that_a_claim_is_about_are_counted_as_it_is_declared(address):
    say(address, "rdrop > vanilla")
    with open_database(address) as database:
        for seed in (0, 1):
            finish(database, job_of("vanilla", "rte", seed), 0.6)
        finish(database, job_of("vanilla", "sst2", 0), 0.9)
        finish(database, job_of("mixout", "rte", 0), 0.9)
    assert say(address, "bidrop > vanilla @ tasks=rte") == ("bidrop > vanilla @ tasks=rte", True, 2)
    assert say(address, "bidrop > vanilla")[2] == 3
    assert say(address, "rdrop > vanilla") == ("rdrop > vanilla", False, 0)  # as it was then


def test_a_claim_is_withdrawn_until_its_first_score(address):
    say(address, "bi-drop > vanilla")
    say(address, "bidrop > vanilla @ tasks=sst2")
    with open_database(address) as database:
        finish(database, job_of("bidrop", "rte", 0), 0.6)
        with pytest.raises(UsageError) as caught:
            withdraw(database, _requests.claimed("bidrop > vanilla"))
        assert str(caught.value) == (
            "claim 'bidrop > vanilla': it stays, for 1 of its runs have scores already"
        )
        assert withdraw(database, _requests.claimed("Bi-Drop > vanilla @ task=SST-2")) == (
            "bidrop > vanilla @ tasks=sst2"
        )
        with pytest.raises(UnknownName, match="unknown claim 'rdrop > vanilla'"):
            withdraw(database, _requests.claimed("rdrop > vanilla"))
    assert texts(address) == ["bidrop > vanilla"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bidrp > vanilla", "unknown method 'bidrp'; did you mean 'bidrop'?"),
        ("bidrop > bi-drop", "claim 'bidrop > bi-drop': bidrop stands on both sides"),
        ("bidrop > vanilla @ tasks=ret", "unknown task 'ret'; did you mean 'rte'?"),
        ("bidrop > vanilla @ models=bert-bse", "unknown model 'bert-bse'; did you mean 'bert-base'?"),
    ],
)
def test_a_mistake_leaves_no_database_behind(address, text, message):
    with pytest.raises(UsageError) as caught:
        say(address, text)
    assert str(caught.value) == message and not Path(address).exists()


def test_a_task_that_only_the_databases_jobs_have_can_be_claimed(address):
    say(address, "bidrop > rdrop")
    with open_database(address) as database:
        job = Job("bert-base", "main", "their-task", "d", ("dev",), "vanilla", {}, 0)
        database.jobs.add([Entry(job, "vanilla")])
    assert say(address, "bidrop > vanilla @ tasks=their-task")[1]
