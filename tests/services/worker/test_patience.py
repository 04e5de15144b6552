"""What a worker does where nothing is queued."""

from __future__ import annotations

import pytest

from ftbench.db import Database
from ftbench.services.worker.patience import Patience
from tests.services.worker.helpers import Watch, queue


def test_looks_at_an_empty_queue_become_rarer_until_there_was_work(database: Database) -> None:
    watch = Watch()
    patience = Patience(database, watch, drain=False)
    seconds = [patience.next(busy=False) for _ in range(8)]
    assert seconds == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert watch.said == ["the queue is empty: waiting for jobs (Ctrl-C ends)"], "once"
    patience.refresh()
    assert patience.next(busy=False) == 0.2
    assert len(watch.said) == 2


def test_a_worker_that_is_busy_always_looks_again_and_says_nothing(database: Database) -> None:
    watch = Watch()
    patience = Patience(database, watch, drain=True)
    assert [patience.next(busy=True) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert watch.said == []


@pytest.mark.parametrize("left", ["", "nothing is left that can be done here"])
def test_a_worker_ends_after_so_long_without_a_job(database: Database, left: str) -> None:
    watch, now = Watch(), [0.0]
    patience = Patience(database, watch, drain=False, idle=600, clock=lambda: now[0])
    assert patience.next(busy=False, left=left, pause=1.0) is not None
    now[0] = 599.0
    assert patience.next(busy=False, left=left, pause=1.0) is not None
    patience.next(busy=True)  # other jobs at hand
    now[0] = 1000.0
    assert patience.next(busy=False, left=left, pause=1.0) is not None
    patience.refresh()  # a job came
    now[0] = 1599.0
    assert patience.next(busy=False, left=left, pause=1.0) is not None
    now[0] = 2199.0
    assert patience.next(busy=False, left=left, pause=1.0) is None
    assert watch.said[-1] == f"{left or 'the queue is empty'} for 10 min: ending"


def test_draining_ends_at_once_where_nothing_runs(database: Database) -> None:
    watch = Watch()
    assert Patience(database, watch, drain=True).next(busy=False) is None
    assert watch.said == ["the queue is empty"]


def test_draining_waits_as_long_as_a_job_elsewhere_has_no_heartbeat(database: Database) -> None:
    queue(database, [], [])
    claims = [database.jobs.claim("other", 60) for _ in range(2)]
    watch = Watch()
    patience = Patience(database, watch, drain=True)
    assert [patience.next(busy=False) for _ in range(3)] == [0.5] * 3
    assert watch.said == ["the queue is empty; waiting to see whether other workers still run 2 jobs"]
    for claim, expected in zip(claims, [0.5, None], strict=True):
        assert claim is not None and database.jobs.heartbeat(claim, 90)
        assert patience.next(busy=False) == expected
    assert watch.said[-1] == "the queue is empty; other workers still run 2 jobs"
