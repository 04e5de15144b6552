"""A worker whose database's server is restarted, or cuts its connections, under its hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftbench.db import Database, create_database
from ftbench.domain.result import State
from tests.server import Server
from tests.services.worker.helpers import PROGRESS, SCORE, Watch, queue, scores, work

JOBS = 6


@pytest.fixture
def database(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.chdir(tmp_path)
    with server.database() as address, create_database(address) as opened:
        yield opened


def crash(server: Server) -> None:
    """Let it end at once, and start again after a while."""
    server.stop("immediate")
    threading.Timer(0.2, server.start).start()


def cut(server: Server) -> None:
    """End the processes that serve workers."""
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ftbench'")


@pytest.mark.parametrize("disturb", [crash, cut])
def test_a_worker_loses_nothing_and_does_nothing_twice(
    server: Server, database: Database, disturb: Callable[[Server], None]
) -> None:
    digests = queue(database, *([[PROGRESS, SCORE]] * JOBS))
    times: list[str] = []

    def at(digest: str, step: int = 0) -> None:
        times.append(digest)
        if len(times) % 3 == 1:  # now before a job is handed over, now before its result is stored
            disturb(server)

    watch = Watch(on_start=at, on_step=at)
    tally = work(database, watch)
    assert (tally.done, tally.failed) == (JOBS, 0)
    # A claim does not wait for the disk: a crash may undo the latest, and the job is claimed anew.
    assert [how for how in watch.how if how != "dropped" or disturb is cut] == ["done"] * JOBS
    assert database.jobs.counts()[State.DONE] == JOBS
    assert sorted(scores(database)) == sorted((digest, 0.5) for digest in digests)
    assert [len(database.results.attempts(digest)) for digest in digests] == [1] * JOBS
    assert disturb is cut or any("trying again until it can be used" in line for line in watch.said)
