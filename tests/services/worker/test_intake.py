"""What a worker takes next, and when it waits."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ftbench import trust
from ftbench.db import Database, Entry, JobFilter
from ftbench.domain.job import Job
from ftbench.domain.result import Outcome, State
from ftbench.services.worker import aside, intake
from tests.services.worker.helpers import MODEL, SCORE, Watch, add, state, work


class StopAfter(Watch):
    """Ends the worker once a job has been tried so often."""

    def __init__(self, tries: int) -> None:
        super().__init__()
        self._tries = tries

    def ended(self, digest: str, how: str, seconds: float, detail: str = "") -> None:
        super().ended(digest, how, seconds, detail)
        if len(self.how) == self._tries:
            signal.raise_signal(signal.SIGTERM)


def test_a_worker_that_waits_tries_again_after_a_pause_and_says_so_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "PAUSE", 0.05)
    add(database, ("a", "t", MODEL))
    watch = StopAfter(tries=3)
    tally = work(database, watch, drain=False)
    assert watch.how == ["again"] * 3
    assert [text for text in watch.said if "trying again from time to time" in text] == watch.said[:1]
    assert tally.exit_code == 128 + signal.SIGTERM


def test_the_same_error_thrice_makes_the_rest_of_its_kind_wait(database: Database) -> None:
    digests = add(database, *[("a", "t", ["fail", "user"])] * 6, ("b", "u", SCORE))
    watch = Watch()
    assert work(database, watch).exit_code == 1
    states = [state(database, d) for d in digests]
    assert states == [State.FAILED] * 3 + [State.QUEUED] * 3 + [State.DONE]
    assert "3 jobs failed alike (no good); the rest wait until `ftbench retry" in watch.said[-1]
    database.jobs.retry(JobFilter(states=(State.FAILED,)))
    work(database)
    assert database.jobs.counts()[State.FAILED] == 3, "a retry closes it, and it opens again"


def test_a_worker_that_leaves_jobs_whose_files_nobody_named_says_so_and_ends_with_1(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1")
    own = Job("a", "sha256:m", "t", "sha256:d", ("dev",), "mine", {}, 0)
    database.jobs.add([Entry(own, "mine", places={"plugins": [str(file)], "script": [SCORE]})])
    (other,) = add(database, ("a", "t", SCORE))
    watch = Watch()
    assert work(database, watch).exit_code == 1
    assert state(database, other) is State.DONE and state(database, own.digest) is State.QUEUED
    left = "nothing is left that can be done here, 1 job stays queued: "
    assert watch.said[-1] == f"{left}{file}: it was not named on this machine as it is now; {trust.HOW}"

    watch = Watch()
    assert work(database, watch, methods=(str(file),)).exit_code == 0
    assert state(database, own.digest) is State.DONE and watch.said[-1] == "the queue is empty"


def test_what_waits_is_no_hot_loop(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert intake._HELD >= 1 and aside.LONGEST >= 60
    (digest,) = add(database, ("a", "t", MODEL))
    claims = []
    claim = database.jobs.claim
    monkeypatch.setattr(database.jobs, "claim", lambda *a: claims.append(a) or claim(*a))
    work(database)
    assert len(claims) == 2
    assert [a.outcome for a in database.results.attempts(digest)] == [Outcome.ENVIRONMENT]
